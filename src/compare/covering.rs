//! Names that a certificate can have instead of the one that it is used for: what CAA lets in by them.

/// A name that covers another, and for which CAA permits what it does not permit for that one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoveringName {
    /// The name, with its `*.` if it is a wildcard.
    pub name: String,
    /// The name whose CAA is relevant to it first: without `*.`.
    pub base: String,
    /// The name that it covers.
    pub covers: String,
    /// What CAA permits by it.
    pub lets_in: LetsIn,
}

/// What CAA permits for a covering name and not for the name that it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LetsIn {
    /// It could not be determined, or is not in the evidence.
    Unknown,
    /// Every CA: no record restricts who may issue.
    Anyone,
    /// These CAs, by their identifiers.
    Cas(Vec<String>),
    /// Any account at these CAs, where the records of the covered name bind the account.
    AnyAccount(Vec<String>),
}

/// How many names are told; the others are counted.
const TOLD: usize = 2;

impl CoveringName {
    /// What it lets in and what to do about it, for people, without a full stop.
    pub fn told(&self) -> String {
        let Self { name, base, covers, lets_in } = self;
        let is_wildcard = name != base;
        let what = if is_wildcard {
            format!("{name} covers {covers} as well")
        } else {
            format!("{name} can be issued by itself, without the wildcard that the certificate has")
        };
        let lets_in = match lets_in {
            LetsIn::Unknown => {
                return format!(
                    "{what}, and what CAA permits for that could not be determined: look it up again"
                );
            }
            LetsIn::Anyone => "CAA lets any CA issue that".to_owned(),
            LetsIn::Cas(cas) => format!("for that CAA permits {}", cas.join(", ")),
            LetsIn::AnyAccount(cas) => format!("for that CAA permits any account at {}", cas.join(", ")),
        };
        let mend = if is_wildcard {
            format!(
                "at {base}, name the same CA and account in issue, and in issuewild that or \";\" (RFC 8659 section 4.3)"
            )
        } else {
            format!(
                "name the same CA and account in issue of the records that hold for {base} (RFC 8659 section 4.2)"
            )
        };
        format!("{what}, and {lets_in}: {mend}")
    }
}

/// All of them, for people; `None` where there are none.
pub(super) fn told(names: &[CoveringName]) -> Option<String> {
    let mut told: Vec<String> = names.iter().take(TOLD).map(CoveringName::told).collect();
    let more = names.len().saturating_sub(TOLD);
    if more > 0 {
        told.push(format!("{more} more names let in more than the names that they cover"));
    }
    (!told.is_empty()).then(|| told.join("; "))
}

/// Those of them that let in what the CA alone is not bound to: all but any account.
pub(super) fn of_other_cas(names: &[CoveringName]) -> Vec<CoveringName> {
    let lets_in = |name: &&CoveringName| !matches!(name.lets_in, LetsIn::AnyAccount(_));
    names.iter().filter(lets_in).cloned().collect()
}
