use proptest::prelude::*;

use super::reading::read;
use super::*;
use crate::caa::record::PropertyKind;
use crate::caa::suggest::tests::{same_verdicts, set_of};

const KINDS: [PropertyKind; 7] = [
    PropertyKind::Issue,
    PropertyKind::IssueWild,
    PropertyKind::IssueMail,
    PropertyKind::IssueVmc,
    PropertyKind::Iodef,
    PropertyKind::ContactEmail,
    PropertyKind::ContactPhone,
];

fn record(critical: bool, kind: PropertyKind, value: &str) -> SuggestedRecord {
    SuggestedRecord::new(critical, kind, value.as_bytes(), "test").unwrap()
}

fn set(records: Vec<SuggestedRecord>) -> RecordSet {
    let name: DnsName = "www.example.com".parse().unwrap();
    RecordSet { zone: "example.com".parse().unwrap(), name, ttl: 300, records }
}

/// Values by the grammar, and everything else that can be printed, what is special to some form among it.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(";".to_owned()),
        "(ca[12]\\.example)?( ?; ?(accounturi|validationmethods|x-y) ?= ?[!-:<-~]{0,12}){0,2}",
        "[ -~]{0,40}",
        "([\"'\\\\;:#$%{}@,]|\\$\\{|%\\{|\\$\\$\\{|''|\\\\\"|\\\\0|\\\\059| ){0,12}",
        "[ -~]{250,600}",
        "mailto:[a-z@.]{1,20}",
    ]
}

fn records() -> impl Strategy<Value = Vec<SuggestedRecord>> {
    let one = (any::<bool>(), 0..KINDS.len(), value())
        .prop_map(|(critical, kind, value)| record(critical, KINDS[kind], &value));
    proptest::collection::vec(one, 1..8)
}

fn names() -> impl Strategy<Value = (DnsName, DnsName)> {
    let labels = proptest::collection::vec("[a-z0-9_]([a-z0-9-]{0,8}[a-z0-9])?|no|null|on|1e3|_", 1..5);
    (labels, any::<prop::sample::Index>()).prop_map(|(labels, at)| {
        let name = labels.join(".");
        let zone = labels[at.index(labels.len())..].join(".");
        (name.parse().unwrap(), zone.parse().unwrap())
    })
}

proptest! {
    /// What is written is read back by a reader of its own, octet for octet, and judged as it was.
    #[test]
    fn every_form_is_read_back(records in records(), (name, zone) in names(), ttl in 0..=0x7fff_ffff_u32, note in "\\PC*|.*") {
        let set = RecordSet { name: name.clone(), zone: zone.clone(), ttl, records };
        let rdata: Vec<Vec<u8>> = set.records.iter().map(SuggestedRecord::rdata).collect();
        for form in Form::ALL {
            let text = form.render(&set, std::slice::from_ref(&note));
            let back = read(form, &text);
            let expected_name = match form {
                Form::OctoDns if name == zone => String::new(),
                Form::OctoDns => name.as_str().strip_suffix(&format!(".{zone}")).unwrap().to_owned(),
                _ => name.to_string(),
            };
            prop_assert_eq!(&back.name, &expected_name, "{}", form.name());
            prop_assert_eq!(back.ttl, ttl, "{}", form.name());
            prop_assert_eq!(&back.rdata, &rdata, "{}: {}", form.name(), text);
            prop_assert!(same_verdicts(&set_of(&name, &rdata), &set_of(&name, &back.rdata)));
        }
    }

    /// A note never ends its comment, whatever stands in it.
    #[test]
    fn notes_stay_in_their_comments(note in "\\PC*|[\\x00-\\x9f\\u{2028}\\u{2029}\\u{202e}\"'*/;#]*") {
        let set = set(vec![record(false, PropertyKind::Issue, "ca1.example")]);
        for form in Form::ALL {
            let plain = form.render(&set, &[]);
            let noted = form.render(&set, std::slice::from_ref(&note));
            let comments = noted.strip_suffix(&plain).unwrap();
            let Some(prefix) = form.comment() else {
                prop_assert!(comments.is_empty());
                continue;
            };
            prop_assert!(comments.lines().all(|line| line.starts_with(prefix.trim_end())), "{comments:?}");
            let ends = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{2028}'..='\u{202e}'));
            prop_assert!(!comments.chars().any(ends), "{:?}", comments);
        }
    }
}

/// Written out by hand from each form's documentation.
#[test]
fn each_form_is_as_its_documentation_has_it() {
    let set = set(vec![
        record(false, PropertyKind::Issue, "ca1.example;accounturi=https://a.example/1"),
        record(true, PropertyKind::IssueWild, ";"),
    ]);
    let rendered = |form: Form| form.render(&set, &["a note".to_owned()]);
    assert_eq!(
        rendered(Form::Zone),
        "; a note\n\
         www.example.com. 300 IN CAA 0 issue \"ca1.example;accounturi=https://a.example/1\"\n\
         www.example.com. 300 IN CAA 128 issuewild \";\"\n"
    );
    assert_eq!(
        rendered(Form::Rfc3597),
        "; a note\n\
         www.example.com. 300 IN TYPE257 \\# 49 000569737375656361312e6578616d706c653b6163636f756e747572693d68747470733a2f2f612e6578616d706c652f31\n\
         www.example.com. 300 IN TYPE257 \\# 12 8009697373756577696c643b\n"
    );
    assert_eq!(
        rendered(Form::Tinydns),
        "# a note\n\
         :www.example.com:257:\\000\\005issueca1.example\\073accounturi\\075https\\072\\057\\057a.example\\0571:300\n\
         :www.example.com:257:\\200\\011issuewild\\073:300\n"
    );
    assert_eq!(
        rendered(Form::Terraform),
        "# a note\n\
         data \"aws_route53_zone\" \"caa_www_example_com\" {\n  name = \"example.com.\"\n}\n\n\
         resource \"aws_route53_record\" \"caa_www_example_com\" {\n  \
         zone_id = data.aws_route53_zone.caa_www_example_com.zone_id\n  \
         name    = \"www.example.com\"\n  type    = \"CAA\"\n  ttl     = 300\n  records = [\n    \
         \"0 issue \\\"ca1.example;accounturi=https://a.example/1\\\"\",\n    \
         \"128 issuewild \\\";\\\"\",\n  ]\n}\n"
    );
    assert_eq!(
        rendered(Form::GoogleCloud),
        "# a note\n---\nkind: dns#resourceRecordSet\nname: 'www.example.com.'\nrrdatas:\n\
         - '0 issue \"ca1.example;accounturi=https://a.example/1\"'\n- '128 issuewild \";\"'\nttl: 300\ntype: CAA\n"
    );
    assert_eq!(
        rendered(Form::DnsControl),
        "// a note\nD_EXTEND(\"www.example.com\",\n  \
         CAA(\"@\", \"issue\", \"ca1.example;accounturi=https://a.example/1\", TTL(300)),\n  \
         CAA(\"@\", \"issuewild\", \";\", CAA_CRITICAL, TTL(300))\n);\n"
    );
    assert_eq!(
        rendered(Form::OctoDns),
        "# a note\n# Add to the list under the key 'www' of the zone example.com:\n  - ttl: 300\n    type: CAA\n    \
         values:\n      - flags: 0\n        tag: issue\n        \
         value: 'ca1.example;accounturi=https://a.example/1'\n      - flags: 128\n        tag: issuewild\n        \
         value: ';'\n"
    );
    let json: serde_json::Value = serde_json::from_str(&rendered(Form::Route53)).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "Comment": "CAA records suggested by pinstead",
            "Changes": [{"Action": "UPSERT", "ResourceRecordSet": {
                "Name": "www.example.com.", "Type": "CAA", "TTL": 300,
                "ResourceRecords": [
                    {"Value": "0 issue \"ca1.example;accounturi=https://a.example/1\""},
                    {"Value": "128 issuewild \";\""},
                ],
            }}],
        })
    );
}

/// `--delete-all-existing` deletes every other record of the zone.
#[test]
fn no_instruction_deletes_what_is_not_caa() {
    assert!(Form::GoogleCloud.instruction().contains("gcloud dns record-sets update"));
    assert!(Form::ALL.iter().all(|form| !form.instruction().contains("delete")));
}

/// Quotes, backslashes and what begins a template, by hand.
#[test]
fn what_is_special_is_quoted() {
    let set = set(vec![record(false, PropertyKind::Iodef, r#"mailto:"it's"\x${y}%{z}"#)]);
    let has = |form: Form, expected: &str| {
        let text = form.render(&set, &[]);
        assert!(text.contains(expected), "{}: {text}", form.name());
    };
    has(Form::Zone, r#"iodef "mailto:\"it's\"\\x${y}%{z}""#);
    has(Form::Tinydns, r"mailto\072\042it\047s\042\134x\044\173y\175\045\173z\175:300");
    has(Form::Route53, r#""0 iodef \"mailto:\\\"it's\\\"\\134x${y}%{z}\"""#);
    has(Form::Terraform, r#""0 iodef \"mailto:\\\"it's\\\"\\134x$${y}%%{z}\"""#);
    has(Form::GoogleCloud, r#"'0 iodef "mailto:\"it''s\"\\x${y}%{z}"'"#);
    has(Form::DnsControl, r#""iodef", "mailto:\"it's\"\\x${y}%{z}", "#);
    has(Form::OctoDns, r#"value: 'mailto:"it''s"\x${y}%{z}'"#);
}
