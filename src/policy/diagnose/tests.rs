use crate::policy::{Policy, PolicyError};

/// The problems of a policy, as they are told.
fn told(text: &str) -> Vec<String> {
    match Policy::parse("pinstead.toml", text.as_bytes()) {
        Err(PolicyError::Toml { problems, .. }) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_error_is_told_at_once_with_its_place_and_what_was_meant() {
    let text = "expected_ca = [\"pki.goog\"]\nfail_on = \"hihg\"\npins = \"app.xml\"\n\n[[domain]]\nnmae = \"a.example\"\n\
                served_by = [\"cloudflair\"]\n\n[watch]\ninterval_seconds = -1\n  domain = []\n";
    assert_eq!(
        told(text),
        [
            "line 1, column 1: unknown field `expected_ca`; did you mean `expect_ca`?",
            "line 2, column 11: “hihg” is no severity; use none, info, low, medium, high or critical; did you mean “high”?",
            "line 3, column 8: invalid type: `pins` is a text, and a list of texts ([\"…\"]) belongs there",
            "line 5, column 1: missing field `name` of `domain`",
            "line 6, column 1: unknown field `nmae` in `domain`; did you mean `name`?",
            "line 7, column 14: “cloudflair” is no service that is known; use cloudflare; did you mean “cloudflare”?",
            "line 10, column 20: `interval_seconds` is out of range: a whole number from 0 belongs there",
            "line 11, column 3: unknown field `domain` in `watch`; did you mean `domains`?",
        ]
    );
    let error = Policy::parse("pinstead.toml", text.as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("pinstead.toml: 8 errors:\n  line 1, column 1: "), "{error}");
}

#[test]
fn what_is_no_toml_is_told_where_it_stops_being_one() {
    let told = told("expect_ca = [\"a\"\nfail_on = \"high\"\n");
    assert!(told[0].starts_with("line "), "{told:?}");
    assert_eq!(super::meant("x", ["y"]), None, "one letter is like every other");
    assert_eq!(super::meant("expectCA", ["expect_ca", "pins"]), Some("expect_ca"));
}

#[test]
fn columns_count_characters_and_what_may_be_a_secret_is_not_repeated() {
    assert!(
        told("fail_on = \"hoch\" # ü\n\"ü\" = 1\n")[1].starts_with("line 2, column 1: unknown field `ü`")
    );
    for text in [
        "[[alerts.webhook]]\nname = \"a\"\nurl = \"x\"\nsecret_env = [\"s3cret\"]\n",
        "[[alerts.mail]]\nname = \"a\"\npassword_file = 3\npassword = \"s3cret\"\n",
        "[alerts]\nsecret = \"s3cret\"\nx = s3cret\n",
    ] {
        let told = told(text).concat();
        assert!(!told.contains("s3cret") && told.contains("line "), "{told}");
    }
}

#[test]
fn what_a_schema_cannot_say_is_left_to_the_reader() {
    let told = told("[[accepted_certificate]]\nreason = \"x\"\nuntil = 2027-03-01\n");
    assert!(told[0].contains("line 1") && told[0].contains("say which certificate"), "{told:?}");
}
