//! The records themselves: one for each CA in use and account, and what is kept of the published set.

use super::record::SuggestedRecord;
use super::{Bound, CaInUse, SuggestError, Wildcards, Wish};
use crate::caa::judge::{CaaReading, RelevantSet};
use crate::caa::record::{CaaRecord, Property, PropertyKind};
use crate::caa::value::IssueValue;

/// From this length on, a value is worth a word: some providers split or refuse it.
const LONG_VALUE: usize = 255;

/// Builds the set, in the order issue, issuewild, issuemail, issuevmc, iodef, contacts.
pub(super) fn build(
    wish: &Wish,
    cas: &[CaInUse],
    wildcards: Wildcards,
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
    for ca in cas {
        for value in values(wish, ca)? {
            set.add(PropertyKind::Issue, &value, format!("{} is in use", ca.identity.label))?;
        }
    }
    let published = published.and_then(CaaReading::set);
    issuewild(&mut set, wish, cas, wildcards, published, notes)?;
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
    wildcards: Wildcards,
    published: Option<&RelevantSet>,
    notes: &mut Vec<String>,
) -> Result<(), SuggestError> {
    match wildcards {
        Wildcards::Seen => {
            for ca in cas.iter().filter(|ca| ca.issues_wildcards()) {
                for value in values(wish, ca)? {
                    let why = format!("a certificate of {} with a wildcard name was seen", ca.identity.label);
                    set.add(PropertyKind::IssueWild, &value, why)?;
                }
            }
            Ok(())
        }
        Wildcards::NoneAmong(count) => {
            let of = if count == 1 {
                "the one certificate".to_owned()
            } else {
                format!("the {count} certificates")
            };
            let why = format!("no wildcard name is among {of} given as evidence");
            set.add(PropertyKind::IssueWild, ";", why)
        }
        Wildcards::Unknown if wish.strict => {
            notes.push(
                "No wildcard name was seen, and --strict forbids them; one server's certificate does not show \
                 whether others use them: give --issued."
                    .to_owned(),
            );
            set.add(PropertyKind::IssueWild, ";", "no wildcard name was seen (--strict)".to_owned())
        }
        Wildcards::Unknown => {
            let kept = keep(set, published, PropertyKind::IssueWild, notes);
            notes.push(if kept {
                "issuewild is kept as it is published: whether wildcard certificates are in use is not known. Give \
                 --issued to settle it."
                    .to_owned()
            } else {
                "issuewild is left out, so that issue decides for wildcard names too: whether wildcard certificates \
                 are in use is not known. Give --issued to settle it, or --strict to forbid them."
                    .to_owned()
            });
            Ok(())
        }
    }
}

/// The values that authorise one CA: one for each of its accounts, or one.
///
/// Without blanks: some providers cannot store a value that has any.
fn values(wish: &Wish, ca: &CaInUse) -> Result<Vec<String>, SuggestError> {
    let methods = methods_for(wish, ca)?;
    let methods =
        if methods.is_empty() { String::new() } else { format!(";validationmethods={}", methods.join(",")) };
    let accounts = values_for(&wish.accounts, ca);
    if accounts.is_empty() {
        return Ok(vec![format!("{}{methods}", ca.identifier)]);
    }
    accounts
        .into_iter()
        .map(|account| {
            let value = format!("{};accounturi={account}{methods}", ca.identifier);
            let is_uri = account.split_once(':').is_some_and(|(scheme, rest)| {
                !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric()) && !rest.is_empty()
            });
            // The grammar decides: what it does not read back was no parameter.
            let reads_back = IssueValue::parse(value.as_bytes())
                .is_ok_and(|read| read.values_of("accounturi").eq(std::iter::once(account)));
            if is_uri && reads_back { Ok(value) } else { Err(SuggestError::BadAccount(account.to_owned())) }
        })
        .collect()
}

/// The methods that one CA is bound to, each once.
pub(super) fn methods_for(wish: &Wish, ca: &CaInUse) -> Result<Vec<String>, SuggestError> {
    let mut methods: Vec<String> = Vec::new();
    for method in values_for(&wish.methods, ca).into_iter().flat_map(|list| list.split(',')) {
        let is_label =
            !method.is_empty() && method.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
        if !is_label {
            return Err(SuggestError::BadMethod(method.to_owned()));
        }
        if !methods.iter().any(|each| each == method) {
            methods.push(method.to_owned());
        }
    }
    Ok(methods)
}

/// The values of a parameter for one of the CAs in use.
pub(super) fn values_for<'a>(bounds: &'a [Bound], ca: &CaInUse) -> Vec<&'a str> {
    let meant = |bound: &&Bound| bound.ca.as_ref().is_none_or(|name| is_named(ca, name));
    bounds.iter().filter(meant).map(|bound| bound.value.as_str()).collect()
}

fn is_named(ca: &CaInUse, name: &str) -> bool {
    ca.identifier.eq_ignore_ascii_case(name)
        || ca.identity.label.eq_ignore_ascii_case(name)
        || ca.identity.identifiers.iter().any(|identifier| identifier.eq_ignore_ascii_case(name))
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
    fn add(&mut self, kind: PropertyKind, value: &str, why: String) -> Result<(), SuggestError> {
        let critical = self.critical && matches!(kind, PropertyKind::Issue | PropertyKind::IssueWild);
        let record = SuggestedRecord::new(critical, kind, value.as_bytes(), why)
            .map_err(|unfit| SuggestError::Unfit(value.to_owned(), unfit))?;
        self.push(record);
        Ok(())
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
