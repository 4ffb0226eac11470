//! Zones signed by ldns, from a root of their own downwards, with everything that goes wrong in real ones.

use std::fmt::Write as _;
use std::path::Path;

use tempfile::TempDir;

use super::run;

/// How a zone says that something does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    Nsec,
    Nsec3 { iterations: u16, opt_out: bool },
}

/// What its parent says of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ds {
    /// The digest of its key.
    Right,
    /// A digest of no key of its.
    Wrong,
    /// A digest in an algorithm, or of a type, that nobody knows.
    UnknownAlgorithm,
    UnknownDigest,
    /// That it is not signed.
    None,
}

/// When its signatures hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Valid {
    Now,
    Past,
    Future,
}

/// A zone to be made.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub(crate) name: &'static str,
    /// Its records besides SOA, NS and the delegations, with names relative to it.
    pub(crate) records: String,
    /// `None`: it is not signed.
    pub(crate) denial: Option<Denial>,
    pub(crate) ds: Ds,
    pub(crate) valid: Valid,
    /// What happens to the signed zone file before it is served.
    pub(crate) tamper: fn(&str) -> String,
    /// The algorithm of its key.
    pub(crate) algorithm: &'static str,
}

impl Zone {
    /// A zone signed as it should be, with NSEC.
    pub(crate) fn signed(name: &'static str, records: &str) -> Self {
        Self {
            name,
            records: records.to_owned(),
            denial: Some(Denial::Nsec),
            ds: Ds::Right,
            valid: Valid::Now,
            tamper: str::to_owned,
            algorithm: "ECDSAP256SHA256",
        }
    }

    /// A zone that is not signed, and whose parent says so.
    pub(crate) fn unsigned(name: &'static str, records: &str) -> Self {
        Self { denial: None, ds: Ds::None, ..Self::signed(name, records) }
    }

    fn depth(&self) -> usize {
        self.name.split('.').filter(|label| !label.is_empty()).count()
    }

    fn is_parent_of(&self, child: &Self) -> bool {
        let parent = child.name.split_once('.').map_or("", |(_, parent)| parent);
        !child.name.is_empty() && parent == self.name
    }

    fn origin(&self) -> String {
        format!("{}.", self.name)
    }
}

/// Zones ready to be served, and the anchor that validation of them begins at.
pub(crate) struct SignedZones {
    /// Name and zone file of each.
    pub(crate) zones: Vec<(String, String)>,
    /// The root's key, in zone-file form.
    pub(crate) anchor: String,
}

impl SignedZones {
    /// Signs the zones, the deepest first. The root's name is empty.
    pub(crate) fn make(mut zones: Vec<Zone>) -> Self {
        let folder = TempDir::new().unwrap();
        zones.sort_by_key(|zone| std::cmp::Reverse(zone.depth()));
        let mut made: Vec<(Zone, String)> = Vec::new();
        let mut files = Vec::new();
        let mut anchor = String::new();
        for zone in zones {
            let children = made.iter().filter(|(child, _)| zone.is_parent_of(child));
            let delegations: Vec<String> = children
                .map(|(child, ds)| {
                    format!("{0} 300 IN NS ns.{0}\nns.{0} 300 IN A 127.0.0.1\n{ds}", child.origin())
                })
                .collect();
            let delegations = delegations.concat();
            let origin = zone.origin();
            let text = format!(
                "$ORIGIN {origin}\n$TTL 300\n@ IN SOA ns hostmaster 1 3600 600 86400 300\n@ IN NS ns\n\
                 ns IN A 127.0.0.1\n{}\n{delegations}",
                zone.records
            );
            let (served, ds) = match zone.denial {
                None => (text, unknown_key(&zone)),
                Some(denial) => {
                    let key = make_key(folder.path(), &zone);
                    let ds = ds_of(folder.path(), &zone, &key);
                    if zone.name.is_empty() {
                        anchor.clone_from(&ds);
                    }
                    (sign(folder.path(), &zone, denial, &key, &text), ds)
                }
            };
            files.push((origin, (zone.tamper)(&served)));
            made.push((zone, ds));
        }
        Self { zones: files, anchor }
    }
}

fn make_key(folder: &Path, zone: &Zone) -> String {
    let origin = zone.origin();
    let at = folder.to_str().unwrap();
    let script = format!("cd '{at}' && ldns-keygen -a {} -k -r /dev/urandom '{origin}'", zone.algorithm);
    let output = run("sh", &["-c", &script]);
    assert!(output.status.success(), "ldns-keygen (package ldnsutils): {}", super::text(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn ds_of(folder: &Path, zone: &Zone, key: &str) -> String {
    let file = folder.join(format!("{key}.key"));
    let output = run("ldns-key2ds", &["-n", "-2", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", super::text(&output));
    let right = String::from_utf8(output.stdout).unwrap();
    // OWNER TTL IN DS TAG ALGORITHM TYPE DIGEST
    let fields: Vec<&str> = right.split_whitespace().collect();
    let [owner, .., tag, algorithm, digest_type, digest] = fields.as_slice() else { panic!("{right}") };
    let algorithm = if zone.ds == Ds::UnknownAlgorithm { "200" } else { algorithm };
    let digest_type = if zone.ds == Ds::UnknownDigest { "200" } else { digest_type };
    let digest = match zone.ds {
        Ds::None => return String::new(),
        Ds::Wrong => "00".repeat(32),
        _ => (*digest).to_owned(),
    };
    format!("{owner} 300 IN DS {tag} {algorithm} {digest_type} {digest}\n")
}

/// The DS record of a zone without keys.
fn unknown_key(zone: &Zone) -> String {
    if zone.ds == Ds::None {
        return String::new();
    }
    format!("{} 300 IN DS 4711 13 2 {}\n", zone.origin(), "5a".repeat(32))
}

fn sign(folder: &Path, zone: &Zone, denial: Denial, key: &str, text: &str) -> String {
    let file = folder.join("zone");
    let signed = folder.join("zone.signed");
    std::fs::write(&file, text).unwrap();
    let mut script =
        format!("cd '{}' && ldns-signzone -f zone.signed -o '{}'", folder.display(), zone.origin());
    match zone.valid {
        Valid::Now => {}
        Valid::Past => script += " -i 20200101000000 -e 20200201000000",
        Valid::Future => script += " -i 20400101000000 -e 20400201000000",
    }
    if let Denial::Nsec3 { iterations, opt_out } = denial {
        let _ = write!(script, " -n -s ab -t {iterations}{}", if opt_out { " -p" } else { "" });
    }
    let output = run("sh", &["-c", &format!("{script} zone '{key}'")]);
    assert!(output.status.success(), "ldns-signzone (package ldnsutils): {}", super::text(&output));
    std::fs::read_to_string(signed).unwrap()
}
