//! What of source code counts as certain, and what only as possible.

use super::tests::{key, kinds, source};
use crate::pins::formats::applicable;
use crate::pins::model::PinEntry;
use crate::pins::{PinSource, ProblemKind};

/// Each pin with how it counts: `sure`, `maybe` where its own call is on a condition, `guess` where its pinner or file is.
fn counts(source: &PinSource) -> Vec<String> {
    let how = |entry: &PinEntry| match (entry.is_possible, entry.confidence.name()) {
        (true, "guessed") => "maybe",
        (false, "read") => "sure",
        (false, "guessed") => "guess",
        _ => "wrong",
    };
    let entries = source.entries.iter();
    entries
        .flat_map(|entry| entry.pins.iter().map(move |_| format!("{} {}", entry.scope, how(entry))))
        .collect()
}

/// A file with `H` for a host and `A`, `B` for pins, as OkHttp has them.
fn okhttp(path: &str, text: &str) -> PinSource {
    let text = text
        .replace("NEW", "CertificatePinner.Builder()")
        .replace("\"A\"", &format!("\"sha256/{}\"", key("a")))
        .replace("\"B\"", &format!("\"sha256/{}\"", key("b")))
        .replace("\"H\"", "\"a.example\"");
    source(path, &text, "okhttp")
}

/// What is told as depending on a condition.
fn told(source: &PinSource) -> usize {
    kinds(source).iter().filter(|(kind, _)| *kind == ProblemKind::NotRead).count()
}

#[test]
fn pins_that_are_added_on_a_condition_are_possible() {
    for (text, expected) in [
        (
            "val p = NEW.add(\"H\", \"A\").apply { if (BuildConfig.DEBUG) add(\"H\", \"B\") }.build()\n\
             val c = OkHttpClient.Builder().certificatePinner(p).build()",
            ["sure", "maybe"],
        ),
        (
            "fun c(): OkHttpClient {\n val b = NEW\n if (x) {\n b.add(\"H\", \"A\")\n } else {\n b.add(\"H\", \"B\")\n }\n\
             return OkHttpClient.Builder().certificatePinner(b.build()).build() }",
            ["maybe", "maybe"],
        ),
        (
            "fun c(): OkHttpClient {\n val b = NEW\n when (x) {\n 1 -> b.add(\"H\", \"A\")\n }\n b.add(\"H\", \"B\")\n\
             return OkHttpClient.Builder().certificatePinner(b.build()).build() }",
            ["maybe", "sure"],
        ),
        (
            "fun c(): OkHttpClient {\n val b = NEW\n b.add(\"H\", \"A\")\n if (x) return other()\n b.add(\"H\", \"B\")\n\
             return OkHttpClient.Builder().certificatePinner(b.build()).build() }",
            ["guess", "maybe"],
        ),
        (
            "fun c(): OkHttpClient {\n val b = NEW\n try { b.add(\"H\", \"A\")\n load()\n b.add(\"H\", \"B\") } catch (e: E) { log(e) }\n\
             return OkHttpClient.Builder().certificatePinner(b.build()).build() }",
            ["sure", "maybe"],
        ),
        (
            "fun c(x: X?): OkHttpClient {\n val b = NEW\n b.add(\"H\", \"A\")\n x?.let { b.add(\"H\", \"B\") }\n\
             return OkHttpClient.Builder().certificatePinner(b.build()).build() }",
            ["sure", "maybe"],
        ),
        // What is known of a release.
        (
            "fun c(): OkHttpClient {\n val b = NEW\n if (BuildConfig.DEBUG) {\n b.add(\"H\", \"A\")\n } else {\n b.add(\"H\", \"B\")\n }\n\
             return OkHttpClient.Builder().certificatePinner(b.build()).build() }",
            ["maybe", "sure"],
        ),
        (
            "fun c(): OkHttpClient {\n val b = NEW\n if (!BuildConfig.DEBUG) b.add(\"H\", \"A\")\n if (y) b.add(\"H\", \"B\")\n\
             return OkHttpClient.Builder().certificatePinner(b.build()).build() }",
            ["sure", "maybe"],
        ),
    ] {
        let source = okhttp("C.kt", text);
        let expected: Vec<String> = expected.iter().map(|how| format!("a.example {how}")).collect();
        let mut found = counts(&source);
        found.sort_by_key(|one| expected.first().is_none_or(|first| first != one));
        assert_eq!(found, expected, "{text}\n{source:?}");
        assert_eq!(told(&source), expected.iter().filter(|one| !one.ends_with("sure")).count(), "{text}");
    }
}

#[test]
fn a_pinner_that_is_made_or_given_on_a_condition_is_a_guess() {
    let add = "NEW.add(\"H\", \"A\").add(\"H\", \"B\").build()";
    let client = "OkHttpClient.Builder b = new OkHttpClient.Builder();";
    for (path, text) in [
        (
            "C.java",
            format!(
                "class C {{ C c() {{ CertificatePinner p = new {add}; {client} if (BuildConfig.DEBUG) {{ b.certificatePinner(p); }} return b.build(); }} }}"
            ),
        ),
        (
            "C.java",
            format!(
                "class C {{ C c(boolean x) {{ CertificatePinner p = new {add}; {client} if (!x) return b.build(); b.certificatePinner(p); return b.build(); }} }}"
            ),
        ),
        (
            "C.java",
            format!(
                "class C {{ C c(boolean x) {{ {client} if (x) b.certificatePinner(new {add}); return b.build(); }} }}"
            ),
        ),
        (
            "C.java",
            format!(
                "class C {{ C c(boolean x) {{ {client} try {{ load(); b.certificatePinner(new {add}); }} catch (E e) {{ }} return b.build(); }} }}"
            ),
        ),
        (
            "C.kt",
            format!(
                "val b = OkHttpClient.Builder()\nfun a() {{ if (BuildConfig.DEBUG) {{ b.certificatePinner({add}) }} }}"
            ),
        ),
        (
            "C.kt",
            format!(
                "val p = if (X) {add} else CertificatePinner.DEFAULT\nval c = OkHttpClient.Builder().certificatePinner(p).build()"
            ),
        ),
        (
            "C.kt",
            format!(
                "val p = if (X) {add} else if (Y) {add} else null\nval c = OkHttpClient.Builder().certificatePinner(p).build()"
            ),
        ),
        (
            "C.kt",
            format!(
                "val p = when (x) {{ 1 -> none()\n 2 -> {add}\n else -> {add} }}\nval c = OkHttpClient.Builder().certificatePinner(p).build()"
            ),
        ),
        (
            "C.kt",
            format!(
                "val p = if (X) none() else if (Y) {add} else {add}\nval c = OkHttpClient.Builder().certificatePinner(p).build()"
            ),
        ),
        (
            "C.kt",
            format!(
                "fun a() {{ val x = y ?: return b()\n OkHttpClient.Builder().certificatePinner({add}).build() }}"
            ),
        ),
        (
            "C.kt",
            format!(
                "fun a() {{ if (X) {{ val p = if (Y) {add} else {add}\n OkHttpClient.Builder().certificatePinner(p).build() }} }}"
            ),
        ),
    ] {
        let source = okhttp(path, &text);
        assert!(counts(&source).iter().all(|one| one == "a.example guess"), "{text}\n{source:?}");
        assert!(told(&source) > 0, "{text}\n{source:?}");
    }
}

#[test]
fn a_pinner_that_a_release_has_is_sure() {
    let add = "NEW.add(\"H\", \"A\").add(\"H\", \"B\").build()";
    let client = "OkHttpClient.Builder b = new OkHttpClient.Builder();";
    for (path, text) in [
        (
            "C.java",
            format!(
                "class C {{ C c() {{ CertificatePinner p = new {add}; {client} if (!BuildConfig.DEBUG) {{ b.certificatePinner(p); }} return b.build(); }} }}"
            ),
        ),
        (
            "C.java",
            format!(
                "class C {{ static C c; static C get() {{ if (c == null) {{ c = new OkHttpClient.Builder().certificatePinner(new {add}).build(); }} return c; }} }}"
            ),
        ),
        (
            "C.java",
            format!(
                "class C {{ static C c; C get() {{ if (c != null) {{ return c; }} c = new OkHttpClient.Builder().certificatePinner(new {add}).build(); return c; }} }}"
            ),
        ),
        (
            "C.java",
            format!(
                "class C {{ C c() {{ {client} try {{ load(); b.certificatePinner(new {add}); }} catch (E e) {{ throw new F(e); }} return b.build(); }} }}"
            ),
        ),
        (
            "C.kt",
            format!(
                "val p = if (X) {add} else {add}\nval c = OkHttpClient.Builder().certificatePinner(p).build()"
            ),
        ),
        (
            "C.kt",
            format!(
                "val p = when (x) {{ 1 -> {add}\n else -> {add} }}\nval c = OkHttpClient.Builder().certificatePinner(p).build()"
            ),
        ),
        (
            "C.kt",
            format!(
                "val c = one ?: OkHttpClient.Builder().certificatePinner({add}).build().also {{ one = it }}"
            ),
        ),
        (
            "C.kt",
            format!(
                "fun a() {{ if (BuildConfig.DEBUG) return b()\n OkHttpClient.Builder().certificatePinner({add}).build() }}"
            ),
        ),
    ] {
        let source = okhttp(path, &text);
        assert!(counts(&source).iter().all(|one| one == "a.example sure"), "{text}\n{source:?}");
        assert_eq!(told(&source), 0, "{text}\n{source:?}");
    }
}

/// A file with `A`, `B` for hashes without a prefix.
fn plain(path: &str, text: &str, format: &str) -> PinSource {
    let text = text
        .replace("\"A\"", &format!("\"{}\"", key("a")))
        .replace("\"B\"", &format!("\"{}\"", key("b")))
        .replace("\"P\"", &format!("\"sha256/{}\"", key("a")))
        .replace("\"Q\"", &format!("\"sha256/{}\"", key("b")));
    source(path, &text, format)
}

/// How each entry for the host counts.
fn entries(source: &PinSource) -> Vec<&'static str> {
    applicable(source, "a.example").iter().map(|entry| entry.confidence.name()).collect()
}

#[test]
fn a_configuration_of_trustkit_between_directives_is_an_alternative() {
    let policy = "let c = [kTSKPinnedDomains: [\"a.example\": [kTSKPublicKeyHashes: [\"A\", \"B\"]]]]";
    let report = policy.replace("kTSKPublicKeyHashes", "kTSKEnforcePinning: false, kTSKPublicKeyHashes");
    let start = "TrustKit.initSharedInstance(withConfiguration: c)";
    for (text, expected) in [
        (format!("{policy}\n{start}"), vec!["read"]),
        (format!("#if DEBUG\n{policy}\n#else\n{report}\n#endif\n{start}"), vec!["guessed", "read"]),
        (format!("#if !DEBUG\n{policy}\n#endif\n{start}"), vec!["read"]),
        (
            format!("#if STAGING\n{policy}\n#elseif DEBUG\n{policy}\n#else\n{policy}\n#endif\n{start}"),
            vec!["guessed"; 3],
        ),
        (format!("{policy}\n#if DEBUG\n{start}\n#endif"), vec!["guessed"]),
        (format!("{policy}\nfunc a() {{ guard x else {{ return }}\n {start} }}"), vec!["guessed"]),
        (format!("{policy}\nif pins {{ {start} }}"), vec!["guessed"]),
        // Nobody gives it to TrustKit, or not as it is written.
        (policy.to_owned(), vec!["guessed"]),
        (format!("{policy}\npolicy[kTSKEnforcePinning] = false\n{start}"), vec!["guessed"]),
        (format!("{policy}\nc[kTSKSwizzleNetworkDelegates] = false\n{start}"), vec!["read"]),
    ] {
        let source = plain("A.swift", &text, "trustkit");
        assert_eq!(entries(&source), expected, "{text}\n{source:?}");
        let is_told = !source.problems.is_empty();
        assert_eq!(is_told, expected.contains(&"guessed") && text != policy, "{text}\n{source:?}");
    }
    let text = "#ifndef A_H\n#define A_H\nNSDictionary *c = @{kTSKPinnedDomains : @{@\"a.example\" : @{kTSKPublicKeyHashes : \
                @[@\"A\", @\"B\"]}}};\n[TrustKit initSharedInstanceWithConfiguration:c];\n#endif";
    assert_eq!(entries(&plain("A.m", text, "trustkit")), ["read"]);
}

#[test]
fn what_react_native_is_given_on_a_condition_is_a_guess() {
    let call = "initializeSslPinning({ 'a.example': { publicKeyHashes: [\"A\", \"B\"] } })";
    for (text, expected) in [
        (format!("{call};"), "read"),
        (format!("if (!__DEV__) {{ {call}; }}"), "read"),
        (format!("!__DEV__ && {call};"), "read"),
        (format!("try {{ await {call}; }} catch (e) {{ log(e); }}"), "read"),
        (format!("if (__DEV__) {{ {call}; }}"), "guessed"),
        (format!("isProd\n  ? {call}\n  : null;"), "guessed"),
        (format!("isProd && {call};"), "guessed"),
        (format!("function a() {{ if (off) return; {call}; }}"), "guessed"),
        (format!("switch (x) {{ case 1: {call}; }}"), "guessed"),
    ] {
        let source = plain("a.ts", &text, "react-native");
        assert_eq!(entries(&source), [expected], "{text}\n{source:?}");
        assert_eq!(told(&source), usize::from(expected == "guessed"), "{text}\n{source:?}");
    }
}

#[test]
fn calls_of_react_native_do_not_share_their_pins() {
    let fetch = |pin: &str| {
        format!(
            "fetch('https://a.example/v1', {{ pkPinning: true, sslPinning: {{ certs: [\"{pin}\"] }} }});\n"
        )
    };
    let pins = |source: &PinSource| {
        let all = applicable(source, "a.example").into_iter();
        all.map(|entry| entry.pins.len()).collect::<Vec<_>>()
    };
    let found = plain("a.ts", &format!("{}{}{}", fetch("P"), fetch("Q"), fetch("P")), "react-native");
    assert_eq!(pins(&found), [1, 1], "{found:?}");
    assert_eq!(told(&found), 0);
    // The second call replaces the first.
    let call =
        |pins: &str| format!("initializeSslPinning({{ 'a.example': {{ publicKeyHashes: [{pins}] }} }});\n");
    let found = plain("a.ts", &format!("{}{}", call("\"A\""), call("\"A\", \"B\"")), "react-native");
    assert_eq!(pins(&found), [1, 2], "{found:?}");
    assert_eq!(told(&found), 1, "{found:?}");
}
