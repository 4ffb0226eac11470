//! Pins as JSON: the `sources` of `pinstead pins` and of a target of `pinstead check`.

use serde::Serialize;

use super::SCHEMA_VERSION;
use super::check::Tool;
use crate::evidence::dns::DnssecState;
use crate::pins::{
    AnchorMatch, AppContext, Confidence, Diagnosis, EntryVerdict, OpenPart, OtherChain, PinMatch, PinVerdict,
    PinsVerdict, SourceState, SourceVerdict, UNKNOWN_STORES,
};
use crate::rules::Finding;
use crate::x509::ChainPosition;

/// The report of `pinstead pins`.
#[derive(Debug, Serialize)]
pub struct PinsReport<'a> {
    schema_version: u32,
    tool: Tool,
    judged_at: String,
    #[serde(flatten)]
    verdict: Option<HostStatus<'a>>,
    sources: Vec<Source<'a>>,
    /// What stayed open, and where.
    open: Vec<Open<'a>>,
    /// What was given, may pin, and was not read as pins; nothing goes by it but the gate `removed` of `compare`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unseen: Vec<Open<'a>>,
    /// What the same pins are with the other chains that the server shows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_chains: Vec<Other<'a>>,
    findings: &'a [Finding],
}

/// Something that stayed open; the file and the line are null where it is about none.
#[derive(Debug, Serialize)]
struct Open<'a> {
    file: Option<&'a str>,
    line: Option<usize>,
    why: &'a str,
}

/// Another chain of the same server.
#[derive(Debug, Serialize)]
struct Other<'a> {
    shown_by: &'a str,
    reason: &'a str,
    sources: Vec<Source<'a>>,
}

/// What is said of the host, where one was named.
#[derive(Debug, Serialize)]
struct HostStatus<'a> {
    host: &'a str,
    status: &'static str,
    reason: &'a str,
}

/// The `pins` of a target of `pinstead check`.
#[derive(Debug, Serialize)]
pub struct TargetPins<'a> {
    status: &'static str,
    reason: &'a str,
    sources: Vec<Source<'a>>,
    /// What was given, may pin, and was not read as pins; nothing goes by it but the gate `removed` of `compare`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unseen: Vec<Open<'a>>,
}

impl<'a> Open<'a> {
    fn of(part: &'a OpenPart) -> Self {
        Self { file: part.file.as_deref(), line: part.line, why: &part.why }
    }
}

/// One file.
#[derive(Debug, Serialize)]
pub struct Source<'a> {
    file: &'a str,
    format: Option<&'static str>,
    state: &'static str,
    error: Option<&'a str>,
    app: Option<App<'a>>,
    /// What it says as a whole: that an app has no configuration, for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<&'a str>,
    /// Whether DNSSEC secures the answer that it is, where it is one of the DNS; absent for files, and where it was not
    /// validated.
    #[serde(skip_serializing_if = "Option::is_none")]
    dnssec: Option<DnssecState>,
    /// The files that say what could not be read in this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_by: Option<&'a str>,
    entries: Vec<Entry<'a>>,
    /// How many more are about other hosts.
    other_entries: usize,
    /// How many more name no host.
    entries_without_host: usize,
}

/// The app that a source was found in; what its package does not say is null.
#[derive(Debug, Serialize)]
struct App<'a> {
    identifier: Option<&'a str>,
    target_sdk: Option<u32>,
    min_sdk: Option<u32>,
    debuggable: Option<bool>,
    from_sdk: Option<u32>,
}

/// One entry that applies.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    scope: String,
    /// Which hosts those are: the text of a pattern does not tell in every format.
    scope_rule: &'static str,
    /// The same for people.
    scope_in_words: String,
    line: Option<usize>,
    pin_set: Option<usize>,
    enforced: &'static str,
    why: &'a str,
    expires: Option<String>,
    expired: bool,
    /// `ahead`, `depends_on_device` around midnight, or `ended`.
    expiry_state: Option<&'static str>,
    backup: &'static str,
    paths: Paths<'a>,
    outcome: &'static str,
    certificate_transparency: Option<bool>,
    confidence: &'static str,
    confidence_why: Option<&'a str>,
    bootstrap: Option<&'static str>,
    /// The platform it is for, and when the release with these pins came out, where the file says so.
    platform: Option<&'a str>,
    released: Option<String>,
    pins: Vec<Pin<'a>>,
    /// How many more pins it has that could not be read.
    unread_pins: u32,
    forbidden: Vec<Pin<'a>>,
}

/// On which of the paths that clients could build the pins match, each path by the names of its CAs.
#[derive(Debug, Serialize)]
struct Paths<'a> {
    verdict: &'static str,
    matching: Vec<&'a str>,
    not_matching: Vec<&'a str>,
    /// The roots that the paths end at.
    ends: Vec<End<'a>>,
}

/// A root that paths end at, and the stores of clients that have it as far as that is known.
#[derive(Debug, Serialize)]
struct End<'a> {
    root: &'a str,
    /// On all paths that end there, on some, on none, or not known.
    matches: &'static str,
    in_stores: &'static [&'static str],
    not_in_stores: &'static [&'static str],
    stores_not_known: [&'static str; 4],
}

/// One pin.
#[derive(Debug, Serialize)]
struct Pin<'a> {
    value: String,
    line: Option<usize>,
    position: &'static str,
    /// What a name or a comment beside it calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    /// The numbers of a TLSA record, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    tlsa: Option<Tlsa>,
    matches: Option<&'static str>,
    /// On all paths that clients could build, on some, on none, or not known.
    paths: &'static str,
    diagnosis: Option<String>,
    diagnosis_code: Option<&'static str>,
    /// Whose key the value is, or was made from.
    diagnosis_of: Option<DiagnosedCa<'a>>,
    /// The pin that was meant, where the wrong value shows which key it was made from.
    expected: Option<String>,
}

/// How a TLSA record is compared.
#[derive(Debug, Serialize)]
struct Tlsa {
    usage: u8,
    selector: u8,
    matching: u8,
}

/// A CA that a diagnosis names.
#[derive(Debug, Serialize)]
struct DiagnosedCa<'a> {
    name: &'a str,
    owner: Option<&'a str>,
    not_after: Option<&'a str>,
}

impl<'a> PinsReport<'a> {
    /// The report over a verdict and its findings.
    pub fn new(
        verdict: &'a PinsVerdict,
        others: &'a [OtherChain],
        open: &'a [OpenPart],
        findings: &'a [Finding],
    ) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool::THIS,
            judged_at: verdict.at.to_string(),
            verdict: verdict.host.as_deref().map(|host| HostStatus {
                host,
                status: verdict.status.name(),
                reason: &verdict.reason,
            }),
            sources: sources(verdict),
            open: open.iter().map(Open::of).collect(),
            unseen: verdict.unseen.iter().map(Open::of).collect(),
            other_chains: others
                .iter()
                .map(|other| Other {
                    shown_by: &other.shown_by,
                    reason: &other.verdict.reason,
                    sources: sources(&other.verdict),
                })
                .collect(),
            findings,
        }
    }
}

impl<'a> TargetPins<'a> {
    /// The part over a verdict about the target's host.
    pub fn new(verdict: &'a PinsVerdict) -> Self {
        Self {
            status: verdict.status.name(),
            reason: &verdict.reason,
            sources: sources(verdict),
            unseen: verdict.unseen.iter().map(Open::of).collect(),
        }
    }
}

/// Each source, with the entries that apply to the host asked about.
pub fn sources(verdict: &PinsVerdict) -> Vec<Source<'_>> {
    verdict.sources.iter().map(source).collect()
}

fn source(source: &SourceVerdict) -> Source<'_> {
    let (other_entries, entries_without_host) = source.unused();
    let entries: Vec<Entry<'_>> = source.entries.iter().filter(|entry| entry.applies).map(entry).collect();
    Source {
        file: &source.file,
        format: source.format,
        state: source.state.name(),
        statement: source.statement.as_deref(),
        dnssec: source.dnssec,
        completed_by: source.completed_by.as_deref(),
        error: match &source.state {
            SourceState::NotWellFormed(why) | SourceState::Unreadable(why) => Some(why),
            SourceState::Read | SourceState::NotRecognised => None,
        },
        app: source.app.as_ref().map(app),
        other_entries,
        entries_without_host,
        entries,
    }
}

fn app(app: &AppContext) -> App<'_> {
    App {
        identifier: app.identifier.as_deref(),
        target_sdk: app.target_sdk,
        min_sdk: app.min_sdk,
        debuggable: app.debuggable,
        from_sdk: app.from_sdk,
    }
}

fn entry(entry: &EntryVerdict) -> Entry<'_> {
    Entry {
        scope: entry.scope.to_string(),
        scope_rule: entry.scope.rule(),
        scope_in_words: entry.scope.in_words(),
        line: entry.line,
        pin_set: entry.pin_set,
        enforced: entry.enforced.name(),
        why: &entry.why,
        expires: entry.expires.map(|expires| expires.to_string()),
        expired: entry.expired,
        expiry_state: entry.expiry_state.map(crate::pins::ExpiryState::name),
        backup: entry.backup.name(),
        paths: Paths {
            verdict: entry.paths.verdict().name(),
            matching: entry.paths.matching(),
            not_matching: entry.paths.not_matching(),
            ends: entry.paths.anchors().iter().map(end).collect(),
        },
        outcome: entry.outcome.name(),
        certificate_transparency: entry.certificate_transparency,
        confidence: entry.confidence.name(),
        confidence_why: match &entry.confidence {
            Confidence::Guessed(why) => Some(why),
            Confidence::Stated | Confidence::Read => None,
        },
        bootstrap: entry.bootstrap.map(crate::pins::Bootstrap::name),
        platform: entry.platform.as_deref(),
        released: entry.released.map(|released| released.to_string()),
        unread_pins: entry.unread,
        pins: entry.pins.iter().map(pin).collect(),
        forbidden: entry.forbidden.iter().map(pin).collect(),
    }
}

fn end<'a>(end: &AnchorMatch<'a>) -> End<'a> {
    End {
        root: end.name,
        matches: end.matches.name(),
        in_stores: end.stores(),
        not_in_stores: end.not_in(),
        stores_not_known: UNKNOWN_STORES,
    }
}

fn pin(pin: &PinVerdict) -> Pin<'_> {
    let misplaced = match pin.matches {
        PinMatch::None if pin.off_path => Some(OFF_PATH.to_owned()),
        _ => None,
    };
    let unmatched = Some(&pin.diagnosis).filter(|_| !pin.matches.matches());
    Pin {
        value: pin.pin.to_string(),
        line: pin.pin.line,
        position: pin.pin.position.name(),
        label: pin.pin.label.as_deref(),
        tlsa: pin.pin.tlsa.map(|numbers| Tlsa {
            usage: numbers.usage,
            selector: numbers.selector,
            matching: numbers.matching,
        }),
        matches: match pin.matches {
            PinMatch::NotChecked => None,
            PinMatch::At(position) => Some(place(position)),
            PinMatch::None | PinMatch::WrongPlace(_) => Some("none"),
        },
        paths: pin.paths.verdict().name(),
        diagnosis: misplaced.or_else(|| unmatched.map(ToString::to_string)),
        diagnosis_code: unmatched.map(Diagnosis::code),
        diagnosis_of: unmatched.and_then(Diagnosis::of).map(|ca| DiagnosedCa {
            name: &ca.name,
            owner: ca.owner.as_deref(),
            not_after: ca.not_after.as_deref(),
        }),
        expected: unmatched.and_then(Diagnosis::expected).map(|key| format!("sha256/{key}")),
    }
}

/// Why a pin that matches nothing on the path may match all the same.
const OFF_PATH: &str = "the key of a served certificate that is not on the path built here; another client may \
    build its path over it";

fn place(position: ChainPosition) -> &'static str {
    match position {
        ChainPosition::Leaf => "leaf",
        ChainPosition::Intermediate => "intermediate",
        ChainPosition::Root => "root",
    }
}
