//! The forms that pins are shipped in, each as its own reader reads it.

use std::fmt::Write as _;

use super::{Place, Proposal, ProposedPin, Role};
use crate::pins::formats;
use crate::pins::model::{PinFile, PinSource, Reading};
use crate::x509::hexadecimal;

/// A form of pins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Android Network Security Config.
    AndroidNsc,
    /// OkHttp's `CertificatePinner` in Kotlin.
    OkHttp,
    /// `NSPinnedDomains` of an Info.plist.
    NsPinnedDomains,
    /// TrustKit's part of an Info.plist.
    TrustKit,
    /// curl's `--pinnedpubkey`.
    Curl,
    /// TLSA records of DANE for port 443.
    Tlsa,
    /// react-native-ssl-public-key-pinning.
    ReactNative,
    /// The neutral form of this program.
    PinsToml,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 8] = [
        Self::AndroidNsc,
        Self::OkHttp,
        Self::NsPinnedDomains,
        Self::TrustKit,
        Self::Curl,
        Self::Tlsa,
        Self::ReactNative,
        Self::PinsToml,
    ];

    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::AndroidNsc => "nsc",
            Self::OkHttp => "okhttp",
            Self::NsPinnedDomains => "nspinneddomains",
            Self::TrustKit => "trustkit",
            Self::Curl => "curl",
            Self::Tlsa => "tlsa",
            Self::ReactNative => "react-native",
            Self::PinsToml => "pins-toml",
        }
    }

    /// What a file of it may be called.
    pub fn file(self) -> &'static str {
        match self {
            Self::AndroidNsc => "network_security_config.xml",
            Self::OkHttp => "Pins.kt",
            Self::NsPinnedDomains | Self::TrustKit => "Info.plist",
            Self::Curl => "pins.txt",
            Self::Tlsa => "pins.zone",
            Self::ReactNative => "pins.ts",
            Self::PinsToml => "pins.toml",
        }
    }

    /// Whether it can say when the pins end.
    pub fn has_expiry(self) -> bool {
        matches!(self, Self::AndroidNsc | Self::TrustKit | Self::ReactNative | Self::PinsToml)
    }

    /// What of a proposal a file of it leaves unsaid.
    pub fn unsaid(self, proposal: &Proposal) -> Vec<&'static str> {
        let no_end = "This form has no end of pins: they hold until replaced.";
        let no_subdomains = match self {
            Self::Curl => Some(
                "This form names no hosts: the list is for whatever curl asks, and subdomains are where you give it.",
            ),
            Self::Tlsa => Some(
                "This form is for one name: hosts below it are not pinned without records of their own (a wildcard \
                 record, or one for each).",
            ),
            _ => None,
        };
        let expiry = (proposal.expires.is_some() && !self.has_expiry()).then_some(no_end);
        let subdomains = no_subdomains.filter(|_| proposal.include_subdomains);
        expiry.into_iter().chain(subdomains).collect()
    }

    /// Whether it can say this pin.
    pub fn says(self, pin: &ProposedPin) -> bool {
        match self {
            Self::Curl => pin.place == Place::Leaf,
            // A trust anchor that the server does not send matches nothing (RFC 7671 section 5.2.2).
            Self::Tlsa => pin.place == Place::Leaf || pin.is_served,
            _ => true,
        }
    }

    /// Which pins it can say, for a refusal.
    fn limit(self) -> &'static str {
        match self {
            Self::Curl => "curl compares the server's own key and no CA's",
            Self::Tlsa => "a TLSA record names the server's own key or a CA certificate that it sends",
            _ => "it says every pin",
        }
    }
}

/// The pins that a form says; the error, where clients that have it would be locked out.
fn said(proposal: &Proposal, form: Form) -> Result<Vec<&ProposedPin>, String> {
    let pins: Vec<&ProposedPin> = proposal.pins.iter().filter(|pin| form.says(pin)).collect();
    // A set that matches now has to match in every form; one for a key that is not in use yet has to name that key.
    let is_wanted =
        |pin: &&ProposedPin| pin.role != Role::Backup && (pin.in_chain || !proposal.matches_now());
    if pins.iter().any(is_wanted) {
        if proposal.has_backup() && pins.iter().all(|pin| pin.role != Role::Backup) {
            return Err(format!(
                "{}, and the set's key to fall back on is a CA's: without it, the loss of the present key locks \
                 clients out. Give a key of your own to fall back on (--backup-key)",
                form.limit()
            ));
        }
        return Ok(pins);
    }
    let left = if pins.is_empty() {
        "none of these pins is one"
    } else {
        "of these pins only those to fall back on are, with which clients would be locked out now"
    };
    Err(format!(
        "{}: {left}. Give keys of your own (--key), or take the present one (--level leaf)",
        form.limit()
    ))
}

/// Writes a proposal in a form; `port` is that of TLSA records. The error says why the form cannot say it.
pub fn write(proposal: &Proposal, form: Form, port: u16) -> Result<String, String> {
    let pins = said(proposal, form)?;
    let text = match form {
        Form::AndroidNsc => android_nsc(proposal),
        Form::OkHttp => okhttp(proposal),
        Form::NsPinnedDomains => ns_pinned_domains(proposal)?,
        Form::TrustKit => trustkit(proposal)?,
        Form::Curl => curl(&pins),
        Form::Tlsa => tlsa(&pins, &proposal.host, port),
        Form::ReactNative => react_native(proposal),
        Form::PinsToml => pins_toml(proposal),
    };
    // A host that is fine in one form may stop an app in another: our own reader knows.
    match formats::read(form.file(), text.as_bytes()).iter().find_map(refusal) {
        Some(why) => Err(format!("apps would crash with it: {why}")),
        None => Ok(text),
    }
}

/// Why the platform refuses a file, if it does.
fn refusal(file: &PinFile) -> Option<String> {
    match &file.reading {
        Reading::Read(source) => PinSource::refusal(source).map(|problem| problem.what.clone()),
        _ => None,
    }
}

/// What stands beside a pin. Names come from certificates and files: nothing of them may end a comment or turn round a
/// line.
fn remark(pin: &ProposedPin) -> String {
    let role = pin.role.name().replace('_', " ");
    let allowed = |symbol: char| symbol.is_alphanumeric() || " .,=()'-/_".contains(symbol);
    let name: String =
        pin.name.chars().map(|symbol| if allowed(symbol) { symbol } else { ' ' }).take(100).collect();
    format!("{role}: {}", name.trim())
}

/// The same inside an XML comment, which may hold no two hyphens in a row (XML 1.0 section 2.5).
fn xml_remark(pin: &ProposedPin) -> String {
    let mut last = ' ';
    let kept = remark(pin);
    let symbols = kept.chars().map(|symbol| {
        last = if symbol == '-' && last == '-' { ' ' } else { symbol };
        last
    });
    symbols.collect()
}

fn android_nsc(proposal: &Proposal) -> String {
    let mut out =
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<network-security-config>\n  <domain-config>\n"
            .to_owned();
    let (below, host) = (proposal.include_subdomains, &proposal.host);
    let _ = writeln!(out, "    <domain includeSubdomains=\"{below}\">{host}</domain>");
    match proposal.expires {
        Some(date) => {
            let _ = writeln!(out, "    <pin-set expiration=\"{date}\">");
        }
        None => out.push_str("    <pin-set>\n"),
    }
    for pin in &proposal.pins {
        let _ = writeln!(
            out,
            "      <!-- {} -->\n      <pin digest=\"SHA-256\">{}</pin>",
            xml_remark(pin),
            pin.key
        );
    }
    out.push_str("    </pin-set>\n  </domain-config>\n</network-security-config>\n");
    out
}

fn okhttp(proposal: &Proposal) -> String {
    // “**.” is the host itself and every depth below it.
    let pattern = if proposal.include_subdomains { "**." } else { "" };
    let mut out = "import okhttp3.CertificatePinner\n\nval certificatePinner = CertificatePinner.Builder()\n"
        .to_owned();
    for pin in &proposal.pins {
        let (host, key) = (&proposal.host, pin.key);
        let _ = writeln!(out, "    .add(\"{pattern}{host}\", \"sha256/{key}\") // {}", remark(pin));
    }
    out.push_str("    .build()\n");
    out
}

const PLIST: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
     \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n";

fn ns_pinned_domains(proposal: &Proposal) -> Result<String, String> {
    let of = |place| proposal.pins.iter().filter(move |pin| pin.place == place);
    let list = match (of(Place::Leaf).next(), of(Place::Ca).next()) {
        (Some(_), Some(_)) => {
            return Err("iOS wants a match in the list of leaf keys and one in the list of CA keys where both are \
                        there: a set that falls back from one to the other cannot be said. Take keys of one kind"
                .to_owned());
        }
        (Some(_), None) => "NSPinnedLeafIdentities",
        (None, _) => "NSPinnedCAIdentities",
    };
    let mut out = PLIST.to_owned();
    let _ = write!(
        out,
        "  <key>NSAppTransportSecurity</key>\n  <dict>\n    <key>NSPinnedDomains</key>\n    <dict>\n      \
         <key>{}</key>\n      <dict>\n        <key>NSIncludesSubdomains</key>\n        <{}/>\n        \
         <key>{list}</key>\n        <array>\n",
        proposal.host, proposal.include_subdomains
    );
    for pin in &proposal.pins {
        let _ = write!(
            out,
            "          <!-- {} -->\n          <dict>\n            <key>SPKI-SHA256-BASE64</key>\n            \
             <string>{}</string>\n          </dict>\n",
            xml_remark(pin),
            pin.key
        );
    }
    out.push_str("        </array>\n      </dict>\n    </dict>\n  </dict>\n</dict>\n</plist>\n");
    Ok(out)
}

fn trustkit(proposal: &Proposal) -> Result<String, String> {
    if proposal.pins.len() < 2 {
        return Err("TrustKit refuses to start with fewer than two pins for a host: add a backup".to_owned());
    }
    let mut out = PLIST.to_owned();
    let _ = write!(
        out,
        "  <key>TSKConfiguration</key>\n  <dict>\n    <key>TSKPinnedDomains</key>\n    <dict>\n      <key>{}</key>\n      \
         <dict>\n        <key>TSKIncludeSubdomains</key>\n        <{}/>\n        <key>TSKEnforcePinning</key>\n        \
         <true/>\n",
        proposal.host, proposal.include_subdomains
    );
    if let Some(date) = proposal.expires {
        let _ = write!(out, "        <key>TSKExpirationDate</key>\n        <string>{date}</string>\n");
    }
    out.push_str("        <key>TSKPublicKeyHashes</key>\n        <array>\n");
    for pin in &proposal.pins {
        let _ =
            write!(out, "          <!-- {} -->\n          <string>{}</string>\n", xml_remark(pin), pin.key);
    }
    out.push_str("        </array>\n      </dict>\n    </dict>\n  </dict>\n</dict>\n</plist>\n");
    Ok(out)
}

fn curl(pins: &[&ProposedPin]) -> String {
    let own: Vec<String> = pins.iter().map(|pin| format!("sha256//{}", pin.key)).collect();
    own.join(";") + "\n"
}

fn tlsa(pins: &[&ProposedPin], host: &str, port: u16) -> String {
    let mut out = "; of use only in a zone signed with DNSSEC; browsers do not look at these\n".to_owned();
    for pin in pins {
        let usage = match pin.place {
            Place::Leaf => 3,
            Place::Ca => 2,
        };
        let digest = hexadecimal(&pin.key.0);
        let _ = writeln!(out, "_{port}._tcp.{host}. 3600 IN TLSA {usage} 1 1 {digest} ; {}", remark(pin));
    }
    out
}

fn react_native(proposal: &Proposal) -> String {
    let mut out =
        "import { initializeSslPinning } from 'react-native-ssl-public-key-pinning';\n\nawait initializeSslPinning({\n"
            .to_owned();
    let _ = write!(
        out,
        "  '{}': {{\n    includeSubdomains: {},\n    publicKeyHashes: [\n",
        proposal.host, proposal.include_subdomains
    );
    for pin in &proposal.pins {
        let _ = writeln!(out, "      '{}', // {}", pin.key, remark(pin));
    }
    out.push_str("    ],\n");
    if let Some(date) = proposal.expires {
        let _ = writeln!(out, "    expirationDate: '{date}',");
    }
    out.push_str("  },\n});\n");
    out
}

fn pins_toml(proposal: &Proposal) -> String {
    let mut out = "version = 1\n\n[[pin]]\n".to_owned();
    let _ = writeln!(out, "hosts = [\"{}\"]", proposal.host);
    let subdomains = if proposal.include_subdomains { "all" } else { "none" };
    let _ = writeln!(out, "subdomains = \"{subdomains}\"");
    if let Some(date) = proposal.expires {
        // As in the other forms with a date: clients connect without pins then.
        let _ = writeln!(out, "expires = {date}\nafterwards = \"open\"");
    }
    out.push_str("pins = [\n");
    for pin in &proposal.pins {
        let _ = writeln!(out, "  \"sha256/{}\", # {}", pin.key, remark(pin));
    }
    out.push_str("]\n");
    out
}
