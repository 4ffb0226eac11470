//! Proposing pins for a host: which keys, why each of them, what to fall back on, and every form they are shipped in.
//!
//! Source of the guidance: OWASP Cheat Sheet Series, “Pinning Cheat Sheet” (whether and what to pin); Let's Encrypt,
//! Google Trust Services and AWS on their own CAs (no intermediate, all roots of the CA or none).

mod forms;
mod key_file;
#[cfg(test)]
mod tests;

use jiff::civil::Date;

pub use self::forms::{Form, write};
pub use self::key_file::{KeyFileError, read_key};
use crate::x509::{ChainPosition, PathCertificate, SpkiSha256};

/// What to pin of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Keys of the owner's own, whichever CA certifies them.
    OwnKey,
    /// The key of the present leaf.
    Leaf,
    /// The keys of the intermediates on the path.
    Intermediate,
    /// Every root of the CA.
    Root,
}

impl Level {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::OwnKey => "own_key",
            Self::Leaf => "leaf",
            Self::Intermediate => "intermediate",
            Self::Root => "root",
        }
    }
}

/// A root that clients trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRoot {
    /// Its key.
    pub key: SpkiSha256,
    /// Its subject, for people.
    pub name: String,
    /// Who owns it, where that is known.
    pub owner: Option<String>,
}

/// A key of the owner's own, and the file it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnKey {
    /// The key.
    pub key: SpkiSha256,
    /// The file's name.
    pub file: String,
}

/// What a proposal is made from.
#[derive(Clone, Debug)]
pub struct Material<'a> {
    /// The host.
    pub host: &'a str,
    /// Whether the hosts below it are to be pinned, too.
    pub include_subdomains: bool,
    /// The path that clients build, leaf first.
    pub path: &'a [PathCertificate],
    /// The keys that the server sends certificates of.
    pub served: &'a [SpkiSha256],
    /// The owner's keys that are to be pinned.
    pub own_keys: &'a [OwnKey],
    /// The owner's keys to fall back on.
    pub backup_keys: &'a [OwnKey],
    /// What to pin, where the user says so.
    pub level: Option<Level>,
    /// The roots that clients trust.
    pub roots: &'a [KnownRoot],
    /// Every other root at which chains of the CA in use can end: those of the same owner that are not among these, and
    /// where other paths end.
    pub further_roots: &'a [KnownRoot],
    /// The roots of the CA to fall back on, where the user names one.
    pub backup_roots: &'a [KnownRoot],
    /// When the pins are to end.
    pub expires: Option<Date>,
}

/// Where a pinned key stands in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is the server's own.
    Leaf,
    /// It is a CA's.
    Ca,
}

/// What a pin is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is to match the chain in use.
    Current,
    /// It is what to fall back on.
    Backup,
    /// Another key of the CA in use: it may serve when that CA changes its root, and falls with the CA.
    SameCa,
}

impl Role {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Backup => "backup",
            Self::SameCa => "same_ca",
        }
    }
}

/// One pin of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedPin {
    /// The key.
    pub key: SpkiSha256,
    /// Whose it is, for people.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Where it stands in a chain.
    pub place: Place,
    /// Whether the chain in use has it.
    pub in_chain: bool,
    /// Whether the server sends a certificate with it.
    pub is_served: bool,
    /// Why it is in the set.
    pub reason: String,
}

/// A set of pins for a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The host.
    pub host: String,
    /// Whether the hosts below it are pinned, too.
    pub include_subdomains: bool,
    /// What is pinned.
    pub level: Level,
    /// Why that.
    pub level_why: String,
    /// The pins, those in use first.
    pub pins: Vec<ProposedPin>,
    /// When they end.
    pub expires: Option<Date>,
    /// What speaks against shipping them as they are.
    pub warnings: Vec<String>,
}

/// Why there is no proposal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoProposal {
    /// There is no chain.
    #[error("there is no chain to take keys from")]
    NoChain,
    /// There is no certificate at that level.
    #[error("the chain has no intermediate on its path")]
    NoIntermediate,
    /// A key to fall back on that is in use.
    #[error("{0} holds a key that the set has already: a backup is another key")]
    SameKey(String),
    /// A key to fall back on that is in the chain.
    #[error("{0} holds a key of the chain that is served now: a backup is a key that is not in use")]
    InUse(String),
    /// A CA to fall back on that is in use.
    #[error("{0} is the CA in use: its roots are no backup, for they fall with it")]
    CaInUse(String),
}

/// What is to be thought of before any pin is shipped (OWASP Pinning Cheat Sheet).
pub const BEFORE: [&str; 6] = [
    "OWASP on whether to pin at all: “probably never”. Since Certificate Transparency and CAA, most apps lose more by \
     pins that lock their users out than they gain.",
    "Pin only where you control both the server's keys and the app, and can update the app quickly.",
    "Have the backup key made, kept offline, and its use rehearsed before the first release with pins.",
    "Know how long an update takes to reach your users: a key must be in their pins that long before it is served.",
    "Test a renewal, and a chain of the backup, against the released app.",
    "Check these pins in every build: pinstead pins FILE --host HOST --live.",
];

impl Proposal {
    /// Whether the chain in use has a pinned key.
    pub fn matches_now(&self) -> bool {
        self.pins.iter().any(|pin| pin.in_chain)
    }

    /// Whether there is a key to fall back on that is neither in the chain nor of the same CA.
    pub fn has_backup(&self) -> bool {
        self.pins.iter().any(|pin| pin.role == Role::Backup)
    }
}

/// Proposes pins.
pub fn propose(material: &Material<'_>) -> Result<Proposal, NoProposal> {
    let leaf = material.path.first().ok_or(NoProposal::NoChain)?;
    let root = material.path.last().ok_or(NoProposal::NoChain)?;
    let known = material.roots.iter().find(|known| known.key == root.spki_sha256);
    let owner = known.and_then(|known| known.owner.as_deref());
    let (level, level_why) = level(material, owner);
    let mut set = Set { material, pins: Vec::new() };
    match level {
        Level::OwnKey => {
            for own in material.own_keys {
                let reason =
                    "a key of your own: it stays for as long as you keep it, whichever CA certifies it";
                set.add(own.key, &own.file, Role::Current, Place::Leaf, reason);
            }
        }
        Level::Leaf => {
            let reason = "the key that the server has now: the next renewal usually brings another";
            set.add(leaf.spki_sha256, &leaf.subject, Role::Current, Place::Leaf, reason);
        }
        Level::Intermediate => {
            let inner = material.path.iter().filter(|member| member.position == ChainPosition::Intermediate);
            for member in inner {
                let reason = "the CA that issued now: CAs change these without notice";
                set.add(member.spki_sha256, &member.subject, Role::Current, Place::Ca, reason);
            }
            if set.pins.is_empty() {
                return Err(NoProposal::NoIntermediate);
            }
        }
        Level::Root => {
            let reason = "the root that the chain ends at now";
            set.add(root.spki_sha256, &root.subject, Role::Current, Place::Ca, reason);
            let same =
                material.roots.iter().filter(|known| owner.is_some() && known.owner.as_deref() == owner);
            for known in same {
                let reason = "another root of the same CA: renewals and other devices may end there";
                set.add(known.key, &known.name, Role::SameCa, Place::Ca, reason);
            }
            for known in material.further_roots {
                let reason = if owner.is_some() && known.owner.as_deref() == owner {
                    "another root of the same CA, which not all clients have yet: on those that have it, chains end there"
                } else {
                    "where other paths of the chain end: on clients that lack the other roots"
                };
                set.add(known.key, &known.name, Role::SameCa, Place::Ca, reason);
            }
        }
    }
    let backup_place = if level == Level::OwnKey { "that you hold" } else { "of your own" };
    for own in material.backup_keys {
        let reason = format!("a key {backup_place}, not in use: with it, any CA can certify you anew");
        if !set.add(own.key, &own.file, Role::Backup, Place::Leaf, &reason) {
            return Err(NoProposal::SameKey(own.file.clone()));
        }
        let is_in_use = material.path.iter().any(|member| member.spki_sha256 == own.key)
            || material.served.contains(&own.key);
        if is_in_use {
            return Err(NoProposal::InUse(own.file.clone()));
        }
    }
    for known in material.backup_roots {
        let is_same_owner = owner.is_some() && known.owner.as_deref() == owner;
        if is_same_owner || material.path.iter().any(|member| member.spki_sha256 == known.key) {
            return Err(NoProposal::CaInUse(known.owner.clone().unwrap_or_else(|| known.name.clone())));
        }
        let reason = "a root of another CA, to move to when the present one fails you";
        set.add(known.key, &known.name, Role::Backup, Place::Ca, reason);
    }
    let pins = set.pins;
    let mut proposal = Proposal {
        host: material.host.to_owned(),
        include_subdomains: material.include_subdomains,
        level,
        level_why,
        pins,
        expires: material.expires,
        warnings: Vec::new(),
    };
    proposal.warnings = warnings(&proposal, known.is_some());
    Ok(proposal)
}

/// The pins so far: each key once.
struct Set<'m> {
    material: &'m Material<'m>,
    pins: Vec<ProposedPin>,
}

impl Set<'_> {
    /// Whether it was added; a key that is there already is not.
    fn add(&mut self, key: SpkiSha256, name: &str, role: Role, place: Place, reason: &str) -> bool {
        if self.pins.iter().any(|pin| pin.key == key) {
            return false;
        }
        let in_chain = self.material.path.iter().find(|member| member.spki_sha256 == key);
        self.pins.push(ProposedPin {
            key,
            name: name.to_owned(),
            role,
            // A key of the owner's own may be that of a CA of theirs.
            place: match in_chain.map(|member| member.position) {
                Some(ChainPosition::Leaf) => Place::Leaf,
                Some(ChainPosition::Intermediate | ChainPosition::Root) => Place::Ca,
                None => place,
            },
            in_chain: in_chain.is_some(),
            is_served: self.material.served.contains(&key),
            reason: reason.to_owned(),
        });
        true
    }
}

/// What to pin, and why.
fn level(material: &Material<'_>, owner: Option<&str>) -> (Level, String) {
    if !material.own_keys.is_empty() {
        let why = "you gave keys of your own: only those keep the other customers of your CA out, and renewals that \
                   keep the key keep the match";
        return (Level::OwnKey, why.to_owned());
    }
    match (material.level, owner) {
        (Some(level), _) => (level, "you asked for it".to_owned()),
        (None, Some(owner)) => {
            let why = format!(
                "you gave no key of your own, and {owner} is a public CA: such CAs change their intermediates without \
                 notice and the leaf's key changes with most renewals, so that all their roots are what lasts longest. \
                 Anybody whom {owner} certifies for your name passes"
            );
            (Level::Root, why)
        }
        (None, None) => {
            let why = "you gave no key of your own, and the chain ends at a root of no known public CA: everything \
                       below that root may be renewed without notice";
            (Level::Root, why.to_owned())
        }
    }
}

fn warnings(proposal: &Proposal, is_public: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    if !proposal.matches_now() {
        warnings.push(
            "No key of the set is in the chain that the server has now: clients with these pins are locked out until \
             it serves one of them."
                .to_owned(),
        );
    }
    match proposal.level {
        Level::Leaf => warnings.push(
            "Renewals usually change the leaf's key. Configure them to keep it, or pin keys of your own (--key)."
                .to_owned(),
        ),
        Level::Intermediate if is_public => warnings.push(
            "Public CAs pick intermediates at random and retire them without notice (Let's Encrypt and Google say so \
             of theirs): expect a lock-out. Pin all roots of the CA instead (--level root)."
                .to_owned(),
        ),
        Level::Root if is_public => warnings.push(
            "Every pin of the CA in use accepts whatever that CA issues, to whomever: these pins do nothing against a \
             mistake or a deceit of its own."
                .to_owned(),
        ),
        Level::OwnKey | Level::Intermediate | Level::Root => {}
    }
    if !proposal.has_backup() {
        warnings.push(
            "There is no backup: nothing in the set outlives the loss of the present key or CA. Make a key, keep it \
             offline and give its public half (openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out \
             backup.key; openssl pkey -in backup.key -pubout -out backup.pub; --backup-key backup.pub), or name \
             another CA (--backup-ca)."
                .to_owned(),
        );
    }
    if proposal.expires.is_none() {
        warnings.push(
            "The pins have no end: a version of the app that is never updated keeps them for ever. Name a date \
             (--expires) where the format has one."
                .to_owned(),
        );
    }
    warnings
}
