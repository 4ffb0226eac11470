//! The values that authorise one CA, with the accounts and methods that it is bound to (RFC 8657).

use super::{Bound, CaInUse, SuggestError, Wish};
use crate::caa::judge::RelevantSet;
use crate::caa::record::PropertyKind;
use crate::caa::value::IssueValue;

/// The values that authorise one CA: one for each of its accounts, or one.
///
/// Without blanks: some providers cannot store a value that has any.
pub(super) fn values(wish: &Wish, ca: &CaInUse) -> Result<Vec<String>, SuggestError> {
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
fn methods_for(wish: &Wish, ca: &CaInUse) -> Result<Vec<String>, SuggestError> {
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
fn values_for<'a>(bounds: &'a [Bound], ca: &CaInUse) -> Vec<&'a str> {
    let meant = |bound: &&Bound| bound.ca.as_ref().is_none_or(|name| is_named(ca, name));
    bounds.iter().filter(meant).map(|bound| bound.value.as_str()).collect()
}

pub(super) fn is_named(ca: &CaInUse, name: &str) -> bool {
    ca.identity.label.eq_ignore_ascii_case(name) || is_identifier_of(ca, name)
}

/// An account and a method that a set allows one CA: those of the first record that names it.
pub(super) fn allowed(set: &RelevantSet, ca: &CaInUse, wildcard: bool) -> (Option<String>, Option<String>) {
    let has_wild = set.of_kind(PropertyKind::IssueWild).next().is_some();
    let kind = if wildcard && has_wild { PropertyKind::IssueWild } else { PropertyKind::Issue };
    let names = |value: &IssueValue| value.issuer.as_ref().is_some_and(|issuer| is_identifier_of(ca, issuer));
    let values = set.of_kind(kind).filter_map(|property| property.issue_value().ok());
    let Some(value) = values.into_iter().find(names) else { return (None, None) };
    let method = value.values_of("validationmethods").next().and_then(|list| list.split(',').next());
    let account = value.values_of("accounturi").next();
    (account.map(str::to_owned), method.map(str::to_owned))
}

fn is_identifier_of(ca: &CaInUse, issuer: &str) -> bool {
    ca.identifier.eq_ignore_ascii_case(issuer)
        || ca.identity.identifiers.iter().any(|identifier| identifier.eq_ignore_ascii_case(issuer))
}
