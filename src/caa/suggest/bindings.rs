//! The values that authorise one CA, with the accounts and methods that it is bound to (RFC 8657).

use jiff::civil::Date;

use super::record::SuggestedRecord;
use super::{Bound, CaInUse, SuggestError, Wish};
use crate::caa::binding::check_account;
use crate::caa::judge::RelevantSet;
use crate::caa::method::{LabelFault, LabelFaultKind, check_label};
use crate::caa::record::{CaaRecord, Property, PropertyKind};
use crate::caa::value::IssueValue;
use crate::caa::verdict::{CaIdentity, CaaQuestion, Usage, Verdict, Who, of_set};

/// What authorises one CA: a value, and whether its record is critical already.
pub(super) struct Authorisation {
    /// The value.
    pub(super) value: String,
    /// Whether a published record that it continues is critical.
    pub(super) critical: bool,
}

/// The values that authorise one CA: one for each of its accounts, or one. What published records bind it to stays,
/// unless an account or a method is named for it.
pub(super) fn authorisations(
    wish: &Wish,
    ca: &CaInUse,
    kind: PropertyKind,
    published: Option<&RelevantSet>,
) -> Result<Vec<Authorisation>, SuggestError> {
    let methods = methods_for(wish, ca)?;
    let accounts = values_for(&wish.accounts, ca);
    for account in &accounts {
        check_account(account)?;
    }
    let named = |tag: &str| match tag {
        "accounturi" => !accounts.is_empty(),
        "validationmethods" => !methods.is_empty(),
        _ => false,
    };
    let mut authorisations = Vec::new();
    for (property, value) in records_of(ca, kind, published) {
        let mut value = value.clone();
        let is_ours = value.issuer.as_ref().is_some_and(|issuer| issuer.eq_ignore_ascii_case(&ca.identifier));
        let parameters = value.parameters.len();
        value.parameters.retain(|parameter| !named(&parameter.tag));
        let is_untouched = is_ours
            && accounts.is_empty()
            && methods.is_empty()
            && value.parameters.len() == parameters
            && SuggestedRecord::like(property, "").is_ok();
        let critical = CaaRecord::Property(property.clone()).is_critical();
        if is_untouched {
            let value = property.value.iter().copied().map(char::from).collect();
            authorisations.push(Authorisation { value, critical });
            continue;
        }
        let kept: Vec<(&str, &str)> = value
            .parameters
            .iter()
            .map(|parameter| (parameter.tag.as_str(), parameter.value.as_str()))
            .collect();
        let values = written(&ca.identifier, &accounts, &methods, &kept);
        authorisations.extend(values.into_iter().map(|value| Authorisation { value, critical }));
    }
    if authorisations.is_empty() {
        let values = written(&ca.identifier, &accounts, &methods, &[]);
        authorisations.extend(values.into_iter().map(|value| Authorisation { value, critical: false }));
    }
    Ok(authorisations)
}

/// What is said of the parameters and flags of published records that are kept, or replaced, for one CA.
pub(super) fn kept_notes(wish: &Wish, ca: &CaInUse, published: Option<&RelevantSet>) -> Vec<String> {
    let mut notes = Vec::new();
    for (property, value) in records_of(ca, PropertyKind::Issue, published) {
        let replaced: Vec<&str> = [("accounturi", &wish.accounts), ("validationmethods", &wish.methods)]
            .into_iter()
            .filter(|(tag, bounds)| {
                value.values_of(tag).next().is_some() && !values_for(bounds, ca).is_empty()
            })
            .map(|(tag, _)| tag)
            .collect();
        let critical = CaaRecord::Property(property.clone()).is_critical();
        if !replaced.is_empty() {
            notes.push(format!(
                "{property} is published; its {} is replaced by what was named.",
                replaced.join(", ")
            ));
        } else if critical || !value.parameters.is_empty() {
            notes.push(format!(
                "{property} is published: what it binds {} to, and its flag, are kept. --account and --method change a \
                 binding.",
                ca.identity.label
            ));
        }
    }
    notes
}

/// The published records that authorise one CA: those with the identifier to publish, else those with another one
/// that it recognises; for wildcard names those of issue where none of issuewild does.
fn records_of<'a>(
    ca: &CaInUse,
    kind: PropertyKind,
    published: Option<&'a RelevantSet>,
) -> Vec<(&'a Property, &'a IssueValue)> {
    let Some(set) = published else { return Vec::new() };
    let of = |kind, is_meant: &dyn Fn(&str) -> bool| -> Vec<(&'a Property, &'a IssueValue)> {
        set.of_kind(kind)
            .filter_map(|property| Some((property, property.issue_value().ok()?)))
            .filter(|(_, value)| value.issuer.as_deref().is_some_and(is_meant))
            .collect()
    };
    let kinds: &[PropertyKind] = match kind {
        PropertyKind::IssueWild => &[PropertyKind::IssueWild, PropertyKind::Issue],
        _ => &[PropertyKind::Issue],
    };
    for &kind in kinds {
        let own = of(kind, &|issuer| ca.identifier.eq_ignore_ascii_case(issuer));
        let found = if own.is_empty() { of(kind, &|issuer| is_identifier_of(ca, issuer)) } else { own };
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Values without blanks: some providers cannot store one that has any.
fn written(identifier: &str, accounts: &[&str], methods: &[String], kept: &[(&str, &str)]) -> Vec<String> {
    let kept = kept.iter().map(|(tag, value)| format!(";{tag}={value}")).collect::<Vec<_>>().concat();
    let methods =
        if methods.is_empty() { String::new() } else { format!(";validationmethods={}", methods.join(",")) };
    if accounts.is_empty() {
        return vec![format!("{identifier}{kept}{methods}")];
    }
    accounts.iter().map(|account| format!("{identifier};accounturi={account}{kept}{methods}")).collect()
}

/// The methods that one CA is bound to, each once.
fn methods_for(wish: &Wish, ca: &CaInUse) -> Result<Vec<String>, SuggestError> {
    let mut methods: Vec<String> = Vec::new();
    for method in values_for(&wish.methods, ca).into_iter().flat_map(|list| list.split(',')) {
        if let Err(fault) = check_label(method)
            && fault.is_certain()
        {
            return Err(SuggestError::BadMethod(fault));
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

/// What a set says of one CA, as its owner would ask: with an account and a method that are allowed. A label that
/// stands for no method in use is none to ask with.
pub(super) fn verdict(set: &RelevantSet, ca: &CaIdentity, wildcard: bool, today: Date) -> (Verdict, String) {
    let names = |value: &IssueValue| ca.identifiers.iter().any(|identifier| value.names(identifier));
    let ask = |account: Option<&str>, method: Option<&str>| {
        let (account, method) = (account.map(str::to_owned), method.map(str::to_owned));
        let question = CaaQuestion { account, method, ..CaaQuestion::tls(Who::EveryCaInTheSet) };
        of_set(set, ca, wildcard, &question)
    };
    let (mut refused, mut doubted) = (None, None);
    for property in set.of_kind(Usage::Tls.governing(set, wildcard)) {
        let Ok(value) = property.issue_value() else { continue };
        if !names(value) {
            continue;
        }
        let account = value.values_of("accounturi").next();
        let mut methods = value.values_of("validationmethods").flat_map(|list| list.split(',')).peekable();
        let is_free = methods.peek().is_none();
        let is_usable = |label: &&str| check_label(label).err().is_none_or(|fault| !is_barred(&fault, today));
        let method = methods.find(is_usable);
        if method.is_none() && !is_free {
            doubted.get_or_insert_with(|| {
                format!(
                    "{property} binds it to validation methods of which none is known to be one that CAs use"
                )
            });
            continue;
        }
        match ask(account, method) {
            permission @ (Verdict::Permit, _) => return permission,
            other => {
                refused.get_or_insert(other);
            }
        }
    }
    match doubted {
        Some(doubt) => (Verdict::Undetermined, doubt),
        None => refused.unwrap_or_else(|| ask(None, None)),
    }
}

/// What speaks against the methods that were named, as far as it does not keep a set from being suggested.
pub(super) fn doubts(wish: &Wish) -> Vec<LabelFault> {
    let labels = wish.methods.iter().flat_map(|bound| bound.value.split(','));
    labels.filter_map(|label| check_label(label).err()).collect()
}

/// Whether a CA would not take the label today.
pub(super) fn is_barred(fault: &LabelFault, today: Date) -> bool {
    match fault.kind {
        LabelFaultKind::Ended { from: Some(day), .. } => day <= today.to_string().as_str(),
        _ => true,
    }
}

pub(super) fn is_identifier_of(ca: &CaInUse, issuer: &str) -> bool {
    ca.identifier.eq_ignore_ascii_case(issuer)
        || ca.identity.identifiers.iter().any(|identifier| identifier.eq_ignore_ascii_case(issuer))
}
