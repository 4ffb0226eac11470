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
         builder.add(\"*.example.com\", {intermediate});\nc.certificatePinner(builder.build());"
    );
    assert_eq!(said("A.java", &in_parts), one);
}

#[test]
fn what_is_added_on_a_condition_may_be_among_the_pins() {
    let (offline, intermediate, other) = (key("offline"), key("intermediate"), key("other"));
    let said = |adds: &str| {
        said(
            "A.java",
            &format!(
                "CertificatePinner.Builder b = new CertificatePinner.Builder();\n{adds}\nc.certificatePinner(b.build());"
            ),
        )
    };
    let sure = format!("b.add({HOST}, {offline});\n");
    let open = (Outcome::Unknown, Backup::Unknown, 1);
    for condition in ["if (BuildConfig.DEBUG)", "if (x)", "if (x) { } else"] {
        let added = format!("{condition} {{ b.add(\"*.example.com\", {intermediate}); }}");
        assert_eq!(said(&format!("{sure}{added}")), [open, open], "{condition}");
        assert_eq!(said(&added), [open], "{condition}");
    }
    // Known where both readings agree.
    let added = format!("if (x) {{ b.add({HOST}, {other}); }}");
    assert_eq!(said(&format!("{sure}{added}"))[0].0, Outcome::LockedOut);
    let release =
        format!("if (BuildConfig.DEBUG) b.add({HOST}, {offline}); else b.add({HOST}, {intermediate});");
    assert_eq!(said(&release), [(Outcome::Connects, Backup::Unknown, 1); 2]);
    let each = format!("if (x) b.add({HOST}, {offline}); else b.add({HOST}, {intermediate});");
    assert_eq!(said(&each), [(Outcome::Unknown, Backup::Unknown, 2)]);
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

/// Of each entry that applies, what its pins do; and the rules that find something, with their subjects.
type Found = (Vec<(Outcome, Backup)>, Vec<(&'static str, String)>);

fn found(text: &str) -> Found {
    let verdict = judged("A.kt", text);
    let found = verdict.sources.iter().flat_map(|source| &source.entries).filter(|entry| entry.applies);
    let said = found.map(|entry| (entry.outcome, entry.backup)).collect();
    (said, findings(&verdict).into_iter().map(|finding| (finding.rule, finding.subject)).collect())
}

fn has(found: &[(&'static str, String)], rule: &str) -> bool {
    found.iter().any(|(own, _)| *own == rule)
}

#[test]
fn pins_for_a_host_that_is_not_known_may_be_of_each_host_of_their_pinner() {
    let (offline, intermediate) = (key("offline"), key("intermediate"));
    let of = |one: &str, two: &str| {
        found(&format!(
            "class A(h: String, p: String) {{ val p = CertificatePinner.Builder().add({HOST}, {one}).add({two})\
             .build(); val c = OkHttpClient.Builder().certificatePinner(p).build() }}"
        ))
    };
    for two in [format!("h, {intermediate}"), "h, BuildConfig.PIN".to_owned()] {
        let (said, raised) = of(&offline, &two);
        assert_eq!(said, [(Outcome::Unknown, Backup::Unknown)], "{two}");
        assert!(!has(&raised, "PIN001") && !has(&raised, "PIN004") && has(&raised, "PIN050"), "{raised:?}");
    }
    assert_eq!(of(&intermediate, &format!("h, {offline}")).0, [(Outcome::Connects, Backup::Unknown)]);
    let known = of(&offline, &format!("\"other.example\", {intermediate}"));
    assert_eq!(known.0, [(Outcome::LockedOut, Backup::Absent)]);
    // Those of another pinner are not.
    let text = format!(
        "val a = CertificatePinner.Builder().add({HOST}, {offline}).build()\n\
         val b = CertificatePinner.Builder().add(Config.HOST, {intermediate}).build()\n\
         x.certificatePinner(a); x.certificatePinner(b)"
    );
    assert_eq!(found(&text).0, [(Outcome::LockedOut, Backup::Absent)]);
}

#[test]
fn of_pinners_that_a_condition_chooses_it_is_not_known_which() {
    let (offline, intermediate) = (key("offline"), key("intermediate"));
    let built = |pin: &str| format!("CertificatePinner.Builder().add({HOST}, {pin}).build()");
    let (bad, good) = (built(&offline), built(&intermediate));
    let both = built(&format!("{intermediate}, {offline}"));
    for (value, backup) in [
        (format!("if (BuildConfig.FLAVOR == \"prod\")\n {both}\n else {bad}"), Backup::Unknown),
        (format!("if (prod) {{ {good} }} else if (x) {{ {bad} }} else {{ {bad} }}"), Backup::Absent),
        (format!("when (flavour) {{ \"prod\" -> {good}\n else -> {bad} }}"), Backup::Absent),
    ] {
        let text = format!("val p = {value}\nval c = OkHttpClient.Builder().certificatePinner(p).build()");
        let (said, raised) = found(&text);
        assert!(said.iter().all(|said| *said == (Outcome::Unknown, backup)), "{text}: {said:?}");
        assert!(said.len() > 1 && !has(&raised, "PIN001"), "{text}");
    }
    // Where all of them lock out, it does not matter which; and two conditions are not one.
    for text in [
        format!("val p = if (x) {bad} else {bad}\ny.certificatePinner(p)"),
        format!(
            "val p = if (x) {bad} else null; val q = if (x) null else {good}\ny.certificatePinner(p); \
             y.certificatePinner(q)"
        ),
    ] {
        assert!(has(&found(&text).1, "PIN001"), "{text}");
    }
    let java = format!(
        "CertificatePinner p = prod ? new CertificatePinner.Builder().add({HOST}, {intermediate}).build() : new \
         okhttp3.CertificatePinner.Builder().add({HOST}, {offline}).build(); x.certificatePinner(p);"
    );
    assert!(said("A.java", &java).iter().all(|(outcome, ..)| *outcome == Outcome::Unknown), "{java}");
}

#[test]
fn a_builder_that_is_dropped_is_a_guess() {
    let (offline, intermediate) = (key("offline"), key("intermediate"));
    let of = |between: &str| {
        let text = format!(
            "fun a(): OkHttpClient {{ var b = CertificatePinner.Builder()\n b = b.add({HOST}, {offline})\n{between}\n\
             b = CertificatePinner.Builder()\n b = b.add({HOST}, {intermediate})\n\
             return OkHttpClient.Builder().certificatePinner(b.build()).build() }}"
        );
        let verdict = judged("A.kt", &text);
        verdict.sources[0].entries.iter().map(|entry| entry.confidence.name()).collect::<Vec<_>>()
    };
    assert_eq!(of(""), ["guessed", "read"]);
    for used in ["val first = b.build()", "keep(b)", "other = b"] {
        assert_eq!(of(used), ["read", "read"], "{used}");
    }
}

#[test]
fn a_client_without_the_pins_of_others_is_told() {
    let pinner = format!(
        "val pinner = CertificatePinner.Builder().add({HOST}, {}, {}).build()",
        key("intermediate"),
        key("offline")
    );
    let at = |clients: &str| {
        let (_, raised) = found(&format!("{pinner}\n{clients}"));
        raised
            .into_iter()
            .filter(|(rule, _)| *rule == "PIN051")
            .map(|(_, subject)| subject)
            .collect::<Vec<_>>()
    };
    let given = "val c = x.certificatePinner(pinner).build()";
    assert_eq!(at(&format!("{given}\nval d = x.certificatePinner(CertificatePinner.DEFAULT)")), ["A.kt:3"]);
    let on_condition =
        "fun c(o: Boolean) =\n x.certificatePinner(if (o) CertificatePinner.DEFAULT else pinner)";
    assert_eq!(at(on_condition), ["A.kt:3"]);
    assert_eq!(
        at(&format!("val none = CertificatePinner.DEFAULT\n{given}\nx.certificatePinner(none)")),
        ["A.kt:4"]
    );
    assert!(at(given).is_empty());
}
