//! Verdicts where one file builds several pinners.

use crate::pins::testing::{path, question};
use crate::pins::*;
use crate::rules::pins::findings;
use crate::x509::SpkiSha256;

fn key(word: &str) -> String {
    format!("\"sha256/{}\"", SpkiSha256::of(word.as_bytes()))
}

fn judged(file: &str, text: &str) -> PinsVerdict {
    judge(&formats::read(file, text.as_bytes()), &question(Some("api.example.com"), Some(&path())))
}

/// What each pinner's pins do, the worst first: outcome, backup, how many pins.
fn said(file: &str, text: &str) -> Vec<(Outcome, Backup, usize)> {
    let verdict = judged(file, text);
    let united = verdict.sources.iter().flat_map(|source| &source.united);
    united.map(|one| (one.outcome, one.backup, one.pins.len())).collect()
}

const HOST: &str = "\"api.example.com\"";

#[test]
fn each_pinner_of_a_file_has_pins_of_its_own() {
    let (offline, intermediate) = (key("offline"), key("intermediate"));
    let apart = [(Outcome::LockedOut, Backup::Absent, 1), (Outcome::Connects, Backup::Absent, 1)];
    let clients = "val c = x.certificatePinner(a).build(); val d = x.certificatePinner(b).build()";
    let built = format!(
        "val b = CertificatePinner.Builder().add({HOST}, {intermediate}).build()\n\
         val a = CertificatePinner.Builder().add({HOST}, {offline}).build()\n{clients}"
    );
    assert_eq!(said("A.kt", &built), apart);
    // By the name that the builder has, whichever was begun last.
    let named = format!(
        "CertificatePinner.Builder a = new CertificatePinner.Builder(); CertificatePinner.Builder b = new \
         CertificatePinner.Builder();\n\
         a.add({HOST}, {offline}); b = b.add(\"*.example.com\", {intermediate});\n\
         c.certificatePinner(a.build()); b.add(\"**.example.com\", {intermediate});\n\
         d.certificatePinner(b.build());"
    );
    assert_eq!(said("A.java", &named), apart);
    let verdict = judged("A.kt", &built);
    let outcomes: Vec<Outcome> = verdict.sources[0].entries.iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [Outcome::Connects, Outcome::LockedOut]);
    let raised: Vec<&str> = findings(&verdict).iter().map(|finding| finding.rule).collect();
    assert!(raised.contains(&"PIN001"), "{raised:?}");
}

#[test]
fn the_patterns_of_one_pinner_are_still_one_set() {
    let (offline, intermediate) = (key("offline"), key("intermediate"));
    let one = [(Outcome::Connects, Backup::Present, 2)];
    let chained = format!(
        "x.certificatePinner(CertificatePinner.Builder().add({HOST}, {offline})\n.add(\"**.example.com\", \
         {intermediate}).build())"
    );
    assert_eq!(said("A.kt", &chained), one);
    let in_parts = format!(
        "CertificatePinner.Builder builder = new CertificatePinner.Builder();\nbuilder.add({HOST}, {offline});\n\
         if (x) {{ builder.add(\"*.example.com\", {intermediate}); }}\nc.certificatePinner(builder.build());"
    );
    assert_eq!(said("A.java", &in_parts), one);
}

#[test]
fn what_a_function_adds_belongs_to_each_pinner() {
    let (offline, intermediate) = (key("offline"), key("intermediate"));
    let both = |head: &str, add: &str, call: &str| {
        format!(
            "{head} {{ {add}(\"**.example.com\", {offline}) }}\n\
             val a = CertificatePinner.Builder().{call}.add({HOST}, {intermediate}).build()\n\
             val b = CertificatePinner.Builder().{call}.add(\"other.example\", {intermediate}).build()\n\
             x.certificatePinner(a); x.certificatePinner(b)"
        )
    };
    for text in [
        both("fun CertificatePinner.Builder.common()", "add", "common()"),
        both("fun common(builder: CertificatePinner.Builder)", "builder.add", "let { common(it); it }"),
    ] {
        // The second pinner has nothing of its own for the host; what it has in common is judged with the first.
        assert_eq!(said("A.kt", &text), [(Outcome::Connects, Backup::Present, 2)], "{text}");
    }
    let java = format!(
        "void common(CertificatePinner.Builder builder) {{ builder.add(\"**.example.com\", {offline}); }}\n\
         void a() {{ CertificatePinner.Builder builder = new CertificatePinner.Builder(); common(builder); \
         builder.add({HOST}, {intermediate}); x.certificatePinner(builder.build()); }}\n\
         void b() {{ CertificatePinner.Builder builder = new CertificatePinner.Builder(); common(builder); \
         builder.add(\"*.example.com\", {offline}); x.certificatePinner(builder.build()); }}"
    );
    assert_eq!(
        said("A.java", &java),
        [(Outcome::LockedOut, Backup::Absent, 1), (Outcome::Connects, Backup::Present, 2)]
    );
}

#[test]
fn what_may_belong_to_a_pinner_does_not_count_as_its_own() {
    let (a, b, intermediate) = (key("offline"), key("offline-too"), key("intermediate"));
    let unknown = (Outcome::Unknown, Backup::Unknown);
    let of = |text: &str| {
        let verdict = judged("A.kt", text);
        let raised: Vec<&str> = findings(&verdict).iter().map(|finding| finding.rule).collect();
        let found = verdict.sources.iter().flat_map(|source| &source.entries).filter(|entry| entry.applies);
        let said: Vec<_> = found.map(|entry| (entry.outcome, entry.backup)).collect();
        (said, raised.contains(&"PIN001"))
    };
    let with = |pins: &str, rest: &str, call: &str| {
        format!(
            "val pinner = CertificatePinner.Builder().add({HOST}, {pins}){call}.build()\n{rest}\n\
             val client = OkHttpClient.Builder().certificatePinner(pinner).build()"
        )
    };
    let two = format!("{a}, {b}");
    let never_called = format!("fun CertificatePinner.Builder.legacy() = add({HOST}, {intermediate})");
    assert_eq!(of(&with(&two, &never_called, "")), (vec![unknown, unknown], false));
    // The chain of the builder calls it.
    let connects = (Outcome::Connects, Backup::Present);
    assert_eq!(of(&with(&two, &never_called, ".legacy()")), (vec![connects, connects], false));
    let parameter = format!(
        "fun more(hosts: List<String>, to: CertificatePinner.Builder) {{ to.add({HOST}, {intermediate}) }}"
    );
    assert_eq!(of(&with(&two, &parameter, "")), (vec![unknown, unknown], false));
    assert_eq!(of(&with(&two, &parameter, ".also { more(hosts, it) }")), (vec![connects, connects], false));
    // A map that is guessed to be of pins, looked for since a pin of another host is not known.
    let map = format!("val old = mapOf({HOST} to {intermediate})");
    let open = ".add(\"cdn.example.com\", BuildConfig.CDN_PIN)";
    assert_eq!(of(&with(&two, &map, open)), (vec![unknown, unknown], false));
    let connects = (Outcome::Connects, Backup::Unknown);
    let map = format!("val old = mapOf({HOST} to {a})");
    assert_eq!(of(&with(&intermediate, &map, open)), (vec![connects, connects], false));
    assert_eq!(of(&with(&a, &map, open)).0[0].0, Outcome::LockedOut);
}
