//! The records themselves: one for each CA in use and account, and what is kept of the published set.

use super::bindings::{authorisations, is_named, kept_notes};
use super::record::SuggestedRecord;
use super::{CaInUse, Coverage, SuggestError, Wildcards, Wish};
use crate::caa::judge::{CaaReading, RelevantSet};
use crate::caa::record::{CaaRecord, Property, PropertyKind};
use crate::caa::verdict::Usage;

/// From this length on, a value is worth a word: some providers split or refuse it.
const LONG_VALUE: usize = 255;

/// Builds the set, in the order issue, issuewild, issuemail, issuevmc, iodef, contacts.
pub(super) fn build(
    wish: &Wish,
    cas: &[CaInUse],
    coverage: Coverage,
    published: Option<&CaaReading>,
    notes: &mut Vec<String>,
) -> Result<Vec<SuggestedRecord>, SuggestError> {
    if cas.is_empty() {
        return Err(SuggestError::NoCa);
    }
    // A CA that nobody uses would be named in vain.
    for bound in wish.accounts.iter().chain(&wish.methods) {
        if let Some(ca) = &bound.ca
            && !cas.iter().any(|each| is_named(each, ca))
        {
            let in_use: Vec<&str> = cas.iter().map(|ca| ca.identifier.as_str()).collect();
            return Err(SuggestError::NotInUse(ca.clone(), in_use.join(", ")));
        }
    }
    if let Some(account) = wish.accounts.iter().find(|bound| bound.ca.is_none())
        && cas.len() > 1
    {
        return Err(SuggestError::WhoseAccount(account.value.clone(), cas.len()));
    }
    let mut set = SetBuilder { records: Vec::new(), critical: wish.critical };
    let published = published.and_then(CaaReading::set);
    for ca in cas {
        set.add_ca(PropertyKind::Issue, wish, ca, published, &format!("{} is in use", ca.identity.label))?;
        notes.extend(kept_notes(wish, ca, published));
    }
    if !wish.strict && !coverage.issued {
        keep_unseen(&mut set, published, PropertyKind::Issue, coverage, notes);
    }
    issuewild(&mut set, wish, cas, coverage, published, notes)?;
    for (kind, usage) in [(PropertyKind::IssueMail, "e-mail"), (PropertyKind::IssueVmc, "mark certificates")]
    {
        let keeps = keep(&mut set, published, kind, notes);
        if wish.strict && !keeps {
            set.add(kind, ";", format!("no CA is known to be in use for {usage}"))?;
        }
    }
    for url in &wish.iodef {
        let is_url = ["mailto:", "https:", "http:"].iter().any(|scheme| {
            url.split_at_checked(scheme.len())
                .is_some_and(|(begin, rest)| begin.eq_ignore_ascii_case(scheme) && !rest.is_empty())
        });
        if !is_url || url.contains(char::is_whitespace) {
            return Err(SuggestError::BadIodef(url.clone()));
        }
        set.add(PropertyKind::Iodef, url, "--iodef names it".to_owned())?;
    }
    if wish.iodef.is_empty() {
        keep(&mut set, published, PropertyKind::Iodef, notes);
    }
    keep(&mut set, published, PropertyKind::ContactEmail, notes);
    keep(&mut set, published, PropertyKind::ContactPhone, notes);
    notes.extend(published.into_iter().flat_map(|published| published.records.iter()).filter_map(left_out));
    for record in set.records.iter().filter(|record| record.value().len() > LONG_VALUE) {
        notes.push(format!(
            "The value of {} has {} octets: DNS allows it, some providers split or refuse more than {LONG_VALUE}.",
            record.tag(),
            record.value().len()
        ));
    }
    Ok(set.records)
}

fn issuewild(
    set: &mut SetBuilder,
    wish: &Wish,
    cas: &[CaInUse],
    coverage: Coverage,
    published: Option<&RelevantSet>,
    notes: &mut Vec<String>,
) -> Result<(), SuggestError> {
    match coverage.wildcards {
        Wildcards::Seen => {
            wildcard_cas(set, wish, cas, published)?;
            if !wish.strict && !coverage.issued {
                keep_unseen(set, published, PropertyKind::IssueWild, coverage, notes);
            }
            Ok(())
        }
        // What is open may have wildcard certificates elsewhere.
        Wildcards::NoneAmong(count) if wish.strict || !coverage.open => {
            notes
                .push(format!("Wildcard names are forbidden: none is among the {count} certificates given."));
            let of = if count == 1 {
                "the one certificate".to_owned()
            } else {
                format!("the {count} certificates")
            };
            let why = format!("no wildcard name is among {of} given as evidence");
            set.add(PropertyKind::IssueWild, ";", why)
        }
        Wildcards::Unknown if wish.strict && coverage.wildcard_unresolved => {
            notes.push(
                "A wildcard certificate is in use whose issuer is not known: issuewild forbids nothing in its place, \
                 and has to be settled by hand."
                    .to_owned(),
            );
            wildcard_cas(set, wish, cas, published)
        }
        Wildcards::Unknown if wish.strict => {
            notes.push(
                "No wildcard name was seen, and --strict forbids them; one server's certificate does not show \
                 whether others use them: give --issued."
                    .to_owned(),
            );
            set.add(PropertyKind::IssueWild, ";", "no wildcard name was seen (--strict)".to_owned())
        }
        Wildcards::NoneAmong(_) | Wildcards::Unknown => {
            let kept = keep(set, published, PropertyKind::IssueWild, notes);
            if kept && cas.iter().any(CaInUse::issues_wildcards) {
                wildcard_cas(set, wish, cas, published)?;
            }
            let settle = settle(coverage);
            notes.push(if kept {
                format!(
                    "issuewild is kept as it is published: whether wildcard certificates are in use is not known. \
                     {settle}."
                )
            } else {
                format!(
                    "issuewild is left out, so that issue decides for wildcard names too: whether wildcard \
                     certificates are in use is not known. {settle}, or --strict to forbid them."
                )
            });
            Ok(())
        }
    }
}

/// `issuewild` for the CAs that were seen to issue wildcard certificates, and for those that were only named: nothing
/// speaks against their wildcards, which issue alone permitted so far.
fn wildcard_cas(
    set: &mut SetBuilder,
    wish: &Wish,
    cas: &[CaInUse],
    published: Option<&RelevantSet>,
) -> Result<(), SuggestError> {
    for ca in cas {
        let label = &ca.identity.label;
        let why = if ca.issues_wildcards() {
            format!("a certificate of {label} with a wildcard name was seen")
        } else if !wish.strict && ca.is_only_named() {
            format!("{label} is named, and whether it issues wildcard certificates is not known")
        } else {
            continue;
        };
        set.add_ca(PropertyKind::IssueWild, wish, ca, published, &why)?;
    }
    Ok(())
}

/// Takes over what is published of one kind; says whether there was any.
fn keep(
    set: &mut SetBuilder,
    published: Option<&RelevantSet>,
    kind: PropertyKind,
    notes: &mut Vec<String>,
) -> bool {
    let mut kept = false;
    for property in published.into_iter().flat_map(|published| published.of_kind(kind)) {
        match SuggestedRecord::like(property, "it is published now, and nothing speaks against it") {
            Ok(record) => {
                set.push(record);
                kept = true;
            }
            Err(why) => notes.push(format!("{property} is published and left out: {why}.")),
        }
    }
    kept
}

/// Takes over what is published of CAs that were not seen: one server's certificate does not show that nobody else uses
/// them.
fn keep_unseen(
    set: &mut SetBuilder,
    published: Option<&RelevantSet>,
    kind: PropertyKind,
    coverage: Coverage,
    notes: &mut Vec<String>,
) {
    // Where issue decides about wildcard names too, a new issuewild has to name whom issue names.
    let governing = |published: &RelevantSet| match kind {
        PropertyKind::IssueWild => Usage::Tls.governing(published, true),
        other => other,
    };
    // What names no CA forbids nothing beside records that name one. A CA may have several records.
    let unseen: Vec<(&Property, String)> = published
        .into_iter()
        .flat_map(|published| published.of_kind(governing(published)))
        .filter_map(|property| Some((property, property.issue_value().ok()?.issuer.clone()?)))
        .filter(|(_, issuer)| !set.names(kind, issuer))
        .collect();
    for (property, issuer) in unseen {
        let is_copied = property.kind() != kind;
        let wildcard = if kind == PropertyKind::IssueWild { " with a wildcard name" } else { "" };
        let why = if is_copied {
            format!("issue permits {issuer} for wildcard names now, and whether it is in use is not known")
        } else {
            format!("it is published now, and whether {issuer} is in use is not known")
        };
        let critical = CaaRecord::Property(property.clone()).is_critical();
        match SuggestedRecord::new(critical, kind, &property.value, why) {
            Ok(record) => {
                let how = if is_copied {
                    "is added, as issue permits it for wildcard names now"
                } else {
                    "is published and kept"
                };
                let unseen = if coverage.open {
                    "what is OPEN may be of it"
                } else {
                    "one server's certificate does not show whether others use it"
                };
                notes.push(format!(
                    "{record} {how}, though no certificate of {issuer}{wildcard} was seen: {unseen}. {}, or --strict to remove it.",
                    settle(coverage)
                ));
                set.push(record);
            }
            Err(why) => notes.push(format!("{property} is published and left out: {why}.")),
        }
    }
}

/// What is to be done about what is not known.
fn settle(coverage: Coverage) -> &'static str {
    if coverage.open { "Settle first what is OPEN" } else { "Give --issued to settle it" }
}

/// What is said of a published record that no suggestion has.
fn left_out(record: &CaaRecord) -> Option<String> {
    match record.property() {
        Some(property) if property.kind() != PropertyKind::Unknown => None,
        _ if record.is_critical() => Some(format!(
            "{record} is published and left out: it is critical and of no known property, so that no CA may issue \
             (RFC 8659 section 4.1)."
        )),
        Some(property) => {
            Some(format!("{property} is published and left out: {} is no known property.", property.tag))
        }
        None => Some(format!("{record} is published and left out: it is malformed.")),
    }
}

/// A set that grows.
struct SetBuilder {
    records: Vec<SuggestedRecord>,
    critical: bool,
}

impl SetBuilder {
    /// Adds the records that authorise one CA.
    fn add_ca(
        &mut self,
        kind: PropertyKind,
        wish: &Wish,
        ca: &CaInUse,
        published: Option<&RelevantSet>,
        why: &str,
    ) -> Result<(), SuggestError> {
        for each in authorisations(wish, ca, kind, published)? {
            let critical = self.critical || each.critical;
            self.push(
                SuggestedRecord::new(critical, kind, each.value.as_bytes(), why)
                    .map_err(|unfit| SuggestError::Unfit(each.value, unfit))?,
            );
        }
        Ok(())
    }

    fn add(&mut self, kind: PropertyKind, value: &str, why: String) -> Result<(), SuggestError> {
        let critical = self.critical && matches!(kind, PropertyKind::Issue | PropertyKind::IssueWild);
        let record = SuggestedRecord::new(critical, kind, value.as_bytes(), why)
            .map_err(|unfit| SuggestError::Unfit(value.to_owned(), unfit))?;
        self.push(record);
        Ok(())
    }

    /// Whether a record of this kind names a CA.
    fn names(&self, kind: PropertyKind, issuer: &str) -> bool {
        self.records.iter().any(|record| {
            record.published().property().is_some_and(|property| {
                property.kind() == kind && property.issue_value().is_ok_and(|value| value.names(issuer))
            })
        })
    }

    /// Adds a record once: a set has no duplicates (RFC 2181 section 5).
    fn push(&mut self, record: SuggestedRecord) {
        let same = |each: &SuggestedRecord| each.rdata() == record.rdata();
        if !self.records.iter().any(same) {
            self.records.push(record);
        }
    }
}

/// Whether a published property is one of these records.
pub(super) fn is_among(property: &Property, records: &[SuggestedRecord]) -> bool {
    records.iter().any(|record| record.is(property))
}
