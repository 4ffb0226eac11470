//! Account and validation-method binding of an authorisation.
//!
//! Source: RFC 8657 sections 3 and 4; ballot SC-098v2 adds the method labels `ca-tbr-…` and makes CAs process
//! both parameters from 2027-03-15. Parameter names are matched as written.

use super::method;
use super::value::IssueValue;

/// Whether an authorisation holds for one account and method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// It holds.
    Holds,
    /// It holds under these conditions, about which nothing was asked.
    Conditional(Vec<String>),
    /// Whether it does is left to the CA, and how.
    Open(String),
    /// It does not, and why.
    Refuses(String),
}

/// Judges the parameters of `value` for the account and the method asked about, if any.
pub(crate) fn binding(value: &IssueValue, account: Option<&str>, method: Option<&str>) -> Binding {
    let mut conditions = Vec::new();
    match Bound::read(value, "accounturi") {
        Bound::Free => {}
        Bound::Twice => {
            return Binding::Refuses("it gives accounturi twice, which no account satisfies".into());
        }
        Bound::To("") => {
            return Binding::Refuses("its accounturi is empty, which no account satisfies".into());
        }
        Bound::To(bound) => match account {
            None => conditions.push(format!("only for the account {bound}")),
            Some(account) if account == bound => {}
            Some(_) => {
                return Binding::Refuses(format!(
                    "it is bound to the account {bound} (a CA may let in an account that it keeps as one below that, \
                     the “Parent Account” of TLS BR 4.2.2.1.2)"
                ));
            }
        },
    }
    match Bound::read(value, "validationmethods") {
        Bound::Free => {}
        Bound::Twice => {
            return Binding::Refuses("it gives validationmethods twice, which no method satisfies".into());
        }
        Bound::To(list) if !list.split(',').all(is_method) => {
            return Binding::Refuses(format!("its validationmethods “{list}” is no list of methods"));
        }
        Bound::To(list) => match method {
            None => conditions.push(format!("only by the validation methods {list}")),
            Some(method) if list.split(',').any(|listed| listed == method) => {}
            Some(method) => return of_other_labels(list, method),
        },
    }
    if conditions.is_empty() { Binding::Holds } else { Binding::Conditional(conditions) }
}

/// No URI, or one with octets that a CAA parameter does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” is no account URI: it needs a scheme, and neither blanks nor “;” (RFC 8657 section 3, RFC 8659 section 4.2)"
)]
pub struct NoAccount(String);

/// Says whether this can be the account of an `accounturi`. The grammar decides: what it does not read back is no
/// parameter.
pub fn check_account(account: &str) -> Result<(), NoAccount> {
    let is_uri = account.split_once(':').is_some_and(|(scheme, rest)| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric()) && !rest.is_empty()
    });
    let value = format!("ca.example;accounturi={account}");
    let reads_back = IssueValue::parse(value.as_bytes())
        .is_ok_and(|read| read.values_of("accounturi").eq(std::iter::once(account)));
    if is_uri && reads_back { Ok(()) } else { Err(NoAccount(account.to_owned())) }
}

/// What a list says of a method that is not in it as written.
fn of_other_labels(list: &str, method: &str) -> Binding {
    let by_case = list.split(',').find(|listed| listed.eq_ignore_ascii_case(method));
    let by_mechanism = || {
        let mechanism = method::mechanism(&method.to_ascii_lowercase())?;
        let same =
            |listed: &str| method::mechanism(&listed.to_ascii_lowercase()).is_some_and(|of| of == mechanism);
        list.split(',').find(|listed| same(listed))
    };
    match (by_case, by_case.or_else(by_mechanism)) {
        (Some(listed), _) => Binding::Refuses(format!(
            "it allows “{listed}”, and labels are matched as written (a CA may match {method} without regard to case, if \
             its CPS says so: TLS BR 4.2.2.1.2)"
        )),
        (None, Some(listed)) => Binding::Open(format!(
            "it allows {listed}, another label of the mechanism of {method}: CAs should accept either label, and need \
             not (TLS BR 4.2.2.1.2)"
        )),
        (None, None) => Binding::Refuses(format!("it allows only the validation methods {list}")),
    }
}

/// One binding parameter, which may stand once.
enum Bound<'a> {
    Free,
    To(&'a str),
    Twice,
}

impl<'a> Bound<'a> {
    fn read(value: &'a IssueValue, tag: &'a str) -> Self {
        let mut values = value.values_of(tag);
        match (values.next(), values.next()) {
            (None, _) => Self::Free,
            (Some(value), None) => Self::To(value),
            (Some(_), Some(_)) => Self::Twice,
        }
    }
}

/// A method label (RFC 8657 section 4): one or more letters, digits and hyphens.
fn is_method(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parameters: &str, account: Option<&str>, method: Option<&str>) -> Binding {
        let value = IssueValue::parse(format!("ca1.example;{parameters}").as_bytes()).unwrap();
        binding(&value, account, method)
    }

    #[test]
    fn accounts() {
        let account = Some("https://acme.ca1.example/acct/1");
        assert_eq!(of("", account, None), Binding::Holds);
        assert_eq!(of("accounturi=https://acme.ca1.example/acct/1", account, None), Binding::Holds);
        for parameters in [
            "accounturi=https://acme.ca1.example/acct/2",
            "accounturi=",
            "accounturi=https://acme.ca1.example/acct/1;accounturi=https://acme.ca1.example/acct/1",
        ] {
            assert!(matches!(of(parameters, account, None), Binding::Refuses(_)), "{parameters}");
        }
        assert_eq!(of("AccountURI=x:y", account, None), Binding::Holds, "names are matched as written");
    }

    #[test]
    fn methods() {
        for (list, holds) in [
            ("http-01", true),
            ("dns-01,http-01", true),
            ("dns-01", false),
            ("", false),
            ("http-01,", false),
            ("http-01,howdy!", false),
        ] {
            let binding = of(&format!("validationmethods={list}"), None, Some("http-01"));
            assert_eq!(binding == Binding::Holds, holds, "{list}");
        }
        let twice = of("validationmethods=http-01;validationmethods=http-01", None, Some("http-01"));
        assert!(matches!(twice, Binding::Refuses(_)));
    }

    #[test]
    fn a_label_of_the_same_mechanism_is_left_to_the_ca() {
        for (list, method) in [
            ("ca-tbr-7", "dns-01"),
            ("http-01,dns-01", "ca-tbr-7"),
            ("ca-tbr-19", "http-01"),
            ("ca-tbr-20", "tls-alpn-01"),
            ("CA-TBR-21", "dns-account-01"),
            ("ca-tbr-22", "dns-persist-01"),
        ] {
            let binding = of(&format!("validationmethods={list}"), None, Some(method));
            let Binding::Open(why) = binding else { panic!("{list} {method}: {binding:?}") };
            assert!(why.contains("TLS BR 4.2.2.1.2"), "{why}");
        }
        for (list, method) in [
            ("HTTP-01", "http-01"),
            ("ca-tbr-7", "http-01"),
            ("ca-tbr-18", "http-01"),
            ("dns-account-01", "dns-01"),
        ] {
            let binding = of(&format!("validationmethods={list}"), None, Some(method));
            assert!(matches!(binding, Binding::Refuses(_)), "{list} {method}: {binding:?}");
        }
        // An account that is refused is refused by whatever method.
        let both = of("accounturi=a:b; validationmethods=ca-tbr-7", Some("a:c"), Some("dns-01"));
        assert!(matches!(&both, Binding::Refuses(why) if why.contains("Parent Account")), "{both:?}");
    }

    #[test]
    fn what_was_not_asked_is_a_condition() {
        let binding = of("accounturi=acct:me@ca1.example; validationmethods=ca-tbr-7", None, None);
        assert_eq!(
            binding,
            Binding::Conditional(vec![
                "only for the account acct:me@ca1.example".into(),
                "only by the validation methods ca-tbr-7".into()
            ])
        );
        assert!(matches!(of("accounturi=", None, None), Binding::Refuses(_)));
    }
}
