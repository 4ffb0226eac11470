//! Rules about `iodef` and the contact properties.

use serde_json::json;

use crate::caa::CaaReading;
use crate::caa::record::{Property, PropertyKind};
use crate::rules::caa::BR_CAA;
use crate::rules::{Raised, Rule, RuleInfo, Severity};

pub(super) static RULES: &[Rule<CaaReading>] = &[
    Rule {
        info: RuleInfo {
            id: "CAA011",
            title: "No iodef property: nobody is told of refused requests",
            severity: Severity::Info,
            needs: "a relevant CAA set",
            explanation: "CAs may report requests that CAA made them refuse to the address in `iodef`. Not many \
                do, and no more than that is lost.",
            advice: "Add `0 iodef \"mailto:…\"` with an address that is read.",
            references: &["RFC 8659 section 4.4", BR_CAA],
        },
        raise: |reading| match reading.set() {
            Some(set) if !set.has(PropertyKind::Iodef) => vec![Raised::new(
                set.name.as_str(),
                format!("The CAA set at {} has no iodef property.", set.name),
                json!({}),
            )],
            _ => Vec::new(),
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA012",
            title: "An iodef value is no address to which CAs report",
            severity: Severity::Low,
            needs: "a relevant CAA set",
            explanation: "`iodef` takes a URL with the scheme mailto, http or https; a bare e-mail address is the \
                usual mistake. CAs cannot report to anything else.",
            advice: "Write `mailto:address` or an `https://` URL.",
            references: &["RFC 8659 section 4.4", BR_CAA],
        },
        raise: |reading| raise(reading, PropertyKind::Iodef, is_report_url),
    },
    Rule {
        info: RuleInfo {
            id: "CAA013",
            title: "A contact property holds no contact",
            severity: Severity::Low,
            needs: "a relevant CAA set",
            explanation: "`contactemail` takes one e-mail address and `contactphone` one international telephone \
                number with its `+`. CAs use them to validate control of the domain, and cannot use others.",
            advice: "Correct the value, or remove the record if you do not validate this way.",
            references: &["TLS BR appendix A.1"],
        },
        raise: |reading| {
            let mut raised = raise(reading, PropertyKind::ContactEmail, is_mailbox);
            raised.extend(raise(reading, PropertyKind::ContactPhone, is_phone));
            raised
        },
    },
];

fn raise(reading: &CaaReading, kind: PropertyKind, is_valid: fn(&str) -> bool) -> Vec<Raised> {
    let Some(set) = reading.set() else { return Vec::new() };
    let is_wrong = |property: &&Property| !str::from_utf8(&property.value).is_ok_and(is_valid);
    set.of_kind(kind)
        .filter(is_wrong)
        .map(|property| {
            let message = format!("{property} at {} cannot be used.", set.name);
            Raised::new(set.name.as_str(), message, json!({ "record": property.to_string() }))
        })
        .collect()
}

fn is_report_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once(':') else { return false };
    match scheme.to_ascii_lowercase().as_str() {
        "mailto" => rest.split('?').next().is_some_and(|to| to.split(',').all(is_mailbox)),
        "http" | "https" => rest.strip_prefix("//").is_some_and(|rest| {
            !rest.starts_with(['/', '?', '#']) && !rest.is_empty() && !rest.contains(char::is_whitespace)
        }),
        _ => false,
    }
}

/// Only the shape: something on both sides of the last `@`, no blanks or control characters.
fn is_mailbox(value: &str) -> bool {
    value.rsplit_once('@').is_some_and(|(local, domain)| {
        let is_plain =
            |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
        is_plain(local) && is_plain(domain)
    })
}

/// A global number (RFC 3966 section 5.1.4); blanks are let pass beside the standard's separators.
fn is_phone(value: &str) -> bool {
    value.strip_prefix('+').is_some_and(|rest| {
        rest.contains(|c: char| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '.' | '(' | ')' | ' '))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_rule, none, set};
    use super::*;

    #[test]
    fn each_rule() {
        let good = set(&[
            (0, "iodef", "mailto:security@t.example"),
            (0, "iodef", "https://t.example/caa"),
            (0, "contactemail", "a@t.example"),
            (0, "contactphone", "+1 555 123 4567"),
        ]);
        assert_rule(RULES, "CAA011", &set(&[(0, "issue", "ca1.example")]), &good);
        assert_rule(RULES, "CAA011", &set(&[(0, "issue", "ca1.example")]), &none("NOERROR"));
        for value in ["ftp://x.example/", "a@t.example", "mailto:", "https://", "mailto:a b@t.example", ""] {
            assert_rule(RULES, "CAA012", &set(&[(0, "iodef", value)]), &good);
        }
        assert_rule(RULES, "CAA013", &set(&[(0, "contactemail", "not an address")]), &good);
        assert_rule(RULES, "CAA013", &set(&[(0, "contactphone", "555 123")]), &good);
    }
}
