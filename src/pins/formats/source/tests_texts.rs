//! Texts that calls make of others.

use super::tests::{key, said, source};
use crate::pins::formats::read;

#[test]
fn the_pattern_before_the_dot_of_format_is_the_pattern() {
    let (a, b) = (key("a"), key("b"));
    let add = |host: &str, pin: &str| {
        format!("x.certificatePinner(CertificatePinner.Builder().add({host}, {pin}, \"sha256/{b}\").build())")
    };
    for (path, before, host, pin) in [
        ("A.kt", "const val D = \"shop.example\"\n", "\"api.%s\".format(D)", format!("\"sha256/{a}\"")),
        ("A.kt", "", "\"api.shop.example\"", format!("\"sha256/%s\".format(\"{a}\")")),
        ("A.kt", "", "\"api.shop.example\"", format!("String.format(\"sha256/%s\", \"{a}\")")),
        ("A.java", "", "\"api.shop.example\"", format!("String.format(\"sha256/%s\", \"{a}\")")),
        ("A.java", "", "\"%s.shop.example\".formatted(\"api\")", format!("\"sha256/{a}\"")),
    ] {
        let text = format!("{before}{}", add(host, &pin));
        let found = source(path, &text, "okhttp");
        assert_eq!(said(&found), [format!("api.shop.example exact: sha256/{a} sha256/{b}")], "{text}");
    }
    // What the file does not tell is nothing of the kind.
    for (path, host) in [
        ("A.kt", "pattern.format(\"shop.example\")"),
        ("A.kt", "\"%1$s.shop.example\".format(\"shop.example\")"),
        ("A.kt", "\"%s.%d\".format(\"shop.example\")"),
        ("A.java", "formatter.format(\"shop.example\")"),
    ] {
        let found = source(path, &add(host, &format!("\"sha256/{a}\"")), "okhttp");
        assert!(found.entries.iter().all(|entry| entry.scope.host().is_none()), "{path} {host}: {found:?}");
        assert!(!found.problems.is_empty(), "{path} {host}");
    }
}

#[test]
fn patterns_that_lead_to_each_other_end() {
    let text =
        "val a = b.format(\"x\")\nval b = a.format(\"x\")\nCertificatePinner.Builder().add(a, b).build()";
    let _ = read("A.kt", text.as_bytes());
}

#[test]
fn blanks_that_trim_takes_off_are_in_no_host() {
    let (a, b) = (key("a"), key("b"));
    for (path, host) in [
        ("A.kt", "\"\"\"\n  api.shop.example\n\"\"\".trim()"),
        ("A.kt", "\"\"\"\n  api.shop.example\n  \"\"\".trimIndent()"),
        ("A.java", "\"API.shop.example \".trim().toLowerCase(Locale.ROOT)"),
        ("A.java", "(\"api\" + \".shop.example \".trim())"),
    ] {
        let text = format!(
            "x.certificatePinner(CertificatePinner.Builder().add({host}, \"sha256/{a}\", \"sha256/{b}\").build())"
        );
        let found = source(path, &text, "okhttp");
        assert_eq!(said(&found), [format!("api.shop.example exact: sha256/{a} sha256/{b}")], "{text}");
        assert!(found.problems.is_empty(), "{found:?}");
    }
}
