//! What is read from source code, and what is not taken for pins.

use proptest::prelude::*;

use crate::pins::formats::read;
use crate::pins::{Confidence, PinSource, PinValue, ProblemKind, Reading};
use crate::x509::SpkiSha256;

/// The pin of a word, without prefix.
pub(super) fn key(word: &str) -> String {
    SpkiSha256::of(word.as_bytes()).to_string()
}

/// What this format makes of a file.
pub(super) fn source(path: &str, text: &str, format: &str) -> PinSource {
    let files = read(path, text.as_bytes());
    let found = files.iter().find_map(|file| match &file.reading {
        Reading::Read(source) if source.format == format => Some(source.clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{path} is not read as {format}: {files:?}\n{text}"))
}

/// Each entry as “hosts rule: pins”.
pub(super) fn said(source: &PinSource) -> Vec<String> {
    let entries = source.entries.iter();
    entries
        .map(|entry| {
            let pins: Vec<String> = entry.pins.iter().map(ToString::to_string).collect();
            format!("{} {}: {}", entry.scope, entry.scope.rule(), pins.join(" "))
        })
        .collect()
}

pub(super) fn kinds(source: &PinSource) -> Vec<(ProblemKind, Option<usize>)> {
    source.problems.iter().map(|problem| (problem.kind, problem.line)).collect()
}

#[test]
fn okhttp_in_kotlin_is_read_with_its_constants() {
    let (a, b, c) = (key("a"), key("b"), key("c"));
    let text = format!(
        r#"package example
import okhttp3.CertificatePinner
private const val HOST = "api.shop.example"
object Pins {{
    const val PREFIX = "sha256/"
    const val LEAF = PREFIX + "{a}" // the leaf
    val BACKUPS = listOf("sha256/{b}", "${{PREFIX}}{c}")
}}
fun client() = OkHttpClient.Builder()
    .certificatePinner(
        CertificatePinner.Builder()
            .add(HOST, Pins.LEAF)
            .add("**.shop.example", *Pins.BACKUPS.toTypedArray())
            .add("*.cdn.example", "sha1/2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "sha256/AAAA")
            .build()
    ).build()
"#
    );
    let source = source("Client.kt", &text, "okhttp");
    assert_eq!(
        said(&source),
        [
            format!("api.shop.example exact: sha256/{a}"),
            format!("*.shop.example with_subdomains: sha256/{b} sha256/{c}"),
            "*.cdn.example one_label_below: sha1/2jmj7l5rSw0yVb/vlWAYkK/YBwk= sha256/AAAA".to_owned(),
        ]
    );
    assert!(source.problems.is_empty(), "{source:?}");
    assert!(source.entries.iter().all(|entry| entry.confidence == Confidence::Read));
    // The host is a constant of line 3; what adds it is the call.
    let lines: Vec<_> = source.entries.iter().map(|entry| entry.line).collect();
    assert_eq!(lines, [Some(12), Some(13), Some(14)]);
    assert_eq!(source.entries[0].pins[0].line, Some(6));
    assert_eq!(source.entries[1].pins[0].line, Some(7));
    assert_eq!(source.entries[2].pins[0].line, Some(14));
    assert!(matches!(source.entries[2].pins[0].value, Ok(PinValue::SpkiSha1(_))));
    assert!(source.entries[2].pins[1].value.is_err());
}

#[test]
fn okhttp_in_java_is_read_with_loops_and_arrays() {
    let (a, b) = (key("a"), key("b"));
    let text = format!(
        r#"class Api {{
  private static final String HOST = "shop" + ".example";
  private static final String[] PINS = new String[] {{
      "{a}",
      "{b}" }};
  OkHttpClient make() {{
    CertificatePinner.Builder builder = new CertificatePinner.Builder();
    for (String pin : PINS) {{
      builder.add(HOST, "sha256/" + pin);
      builder.add("api." + HOST, String.format("sha256/%s", pin));
    }}
    names.add("x");
    return new OkHttpClient.Builder().certificatePinner(builder.build()).build();
  }}
}}"#
    );
    let source = source("src/Api.java", &text, "okhttp");
    let pins = format!("sha256/{a} sha256/{b}");
    assert_eq!(
        said(&source),
        [format!("shop.example exact: {pins}"), format!("api.shop.example exact: {pins}")]
    );
    assert!(source.problems.is_empty(), "{source:?}");
    assert_eq!(source.entries[0].pins.iter().map(|pin| pin.line).collect::<Vec<_>>(), [Some(4), Some(5)]);
}

#[test]
fn what_the_file_does_not_define_is_told_with_its_line() {
    let a = key("a");
    let text = format!(
        r#"val pinner = CertificatePinner.Builder()
    .add(BuildConfig.HOST, "sha256/{a}")
    .add("shop.example", BuildConfig.PIN, context.getString(R.string.pin), injected)
    .build()
"#
    );
    let source = source("Pins.kt", &text, "okhttp");
    assert_eq!(said(&source), [format!("* unstated: sha256/{a}"), "shop.example exact: ".to_owned()]);
    // Three of its own, and the one for a host that may be this one.
    assert_eq!(source.entries[1].unread, 4);
    let not_read = |line| (ProblemKind::NotRead, Some(line));
    assert_eq!(kinds(&source), [not_read(2), not_read(3), not_read(3), not_read(3)]);
    assert!(source.problems[1].what.contains("BuildConfig.PIN"), "{source:?}");
    assert!(matches!(source.entries[0].confidence, Confidence::Guessed(_)));
}

#[test]
fn maps_of_hosts_and_pins_are_read_as_a_guess() {
    let (a, b) = (key("a"), key("b"));
    let kotlin = format!(
        r#"val PINS: Map<String, List<String>> = mapOf(
    "shop.example" to listOf("sha256/{a}"),
    "*.shop.example" to listOf("{b}"))
fun pinner() = CertificatePinner.Builder().apply {{
    PINS.filterKeys {{ it != other }}.forEach {{ (host, pins) -> add(host, *pins.toTypedArray()) }}
}}.build()"#
    );
    let java = format!(
        r#"class P {{ static final Map<String, List<String>> M = new HashMap<String, List<String>>() {{{{
      put("shop.example", Arrays.asList("{a}"));
      put("*.shop.example", Arrays.asList("{b}"));
   }}}};
   void f(CertificatePinner.Builder builder) {{ for (Map.Entry<String, List<String>> e : M.entrySet())
       for (String p : e.getValue()) builder.add(e.getKey(), String.format("sha256/%s", p)); }} }}"#
    );
    for (path, text) in [("P.kt", kotlin), ("P.java", java)] {
        let source = source(path, &text, "okhttp");
        assert_eq!(
            said(&source),
            [
                format!("shop.example exact: sha256/{a}"),
                format!("*.shop.example one_label_below: sha256/{b}")
            ],
            "{path}: {source:?}"
        );
        assert!(source.entries.iter().all(|entry| matches!(entry.confidence, Confidence::Guessed(_))));
        assert!(source.problems.iter().any(|problem| problem.kind == ProblemKind::NotRead), "{path}");
    }
}

#[test]
fn loops_over_maps_of_the_same_file_are_worked_out() {
    let (a, b, c) = (key("a"), key("b"), key("c"));
    let client = "OkHttpClient.Builder().certificatePinner";
    let lists = format!(
        "const val HOST = \"shop.example\"\nval PINS: Map<String, List<String>> = mapOf(\n  HOST to listOf(\"{a}\", \
         \"{b}\"),\n  \"*.cdn.example\" to listOf(\"{c}\"),\n)\n"
    );
    let kotlin = |inside: &str| {
        let built = format!("CertificatePinner.Builder().apply {{ {inside} }}.build()");
        ("P.kt", format!("{lists}val client = {client}({built}).build()"))
    };
    let java = |inside: &str| {
        let text = format!(
            "class P {{ static final Map<String, List<String>> M = Map.of(\"shop.example\", List.of(\"{a}\", \"{b}\"),\n\
             \"*.cdn.example\", List.of(\"{c}\"));\n OkHttpClient f() {{ CertificatePinner.Builder b = new \
             CertificatePinner.Builder();\n{inside}\nreturn new {client}(b.build()).build(); }} }}"
        );
        ("P.java", text)
    };
    let cases = [
        kotlin("PINS.forEach { (host, keys) -> keys.forEach { add(host, \"sha256/$it\") } }"),
        kotlin("for ((host, keys) in PINS) { for (k in keys) { add(host, \"sha256/$k\") } }"),
        kotlin("for ((host, keys) in PINS) for (k in keys) add(host, \"sha256/$k\")"),
        kotlin("for (e in PINS.entries) e.value.forEach { add(e.key, \"sha256/$it\") }"),
        kotlin("PINS.forEach { host, keys -> keys.forEach { k -> add(host, \"sha256/\" + k) } }"),
        java(
            "for (Map.Entry<String, List<String>> e : M.entrySet())\n for (String p : e.getValue()) b.add(e.getKey(), \"sha256/\" + p);",
        ),
        java("M.forEach((host, keys) -> { for (String p : keys) { b.add(host, \"sha256/\" + p); } });"),
    ];
    for (path, text) in cases {
        let source = source(path, &text, "okhttp");
        let expected = [
            format!("shop.example exact: sha256/{a} sha256/{b}"),
            format!("*.cdn.example one_label_below: sha256/{c}"),
        ];
        assert_eq!(said(&source), expected, "{text}\n{source:?}");
        assert!(source.problems.is_empty(), "{text}\n{source:?}");
        assert!(source.entries.iter().all(|entry| entry.confidence == Confidence::Read), "{source:?}");
    }
    // A map that the file does not define is still told, and each host has its own pins alone.
    let (path, text) = kotlin("extra.forEach { (host, keys) -> add(host, keys) }");
    let open = source(path, &text, "okhttp");
    assert!(open.problems.iter().any(|problem| problem.kind == ProblemKind::NotRead), "{open:?}");
}

#[test]
fn what_crashes_okhttp_is_refused() {
    let a = key("a");
    for (pattern, pin) in [
        ("api.*.example", format!("sha256/{a}")),
        ("https://shop.example", format!("sha256/{a}")),
        ("*", format!("sha256/{a}")),
        ("shop.example", a.clone()),
        ("shop.example", "sha256/not base64!".to_owned()),
    ] {
        let text = format!(
            "client.certificatePinner(CertificatePinner.Builder().add(\"{pattern}\", \"{pin}\").build())"
        );
        let source = source("A.kt", &text, "okhttp");
        assert_eq!(kinds(&source), [(ProblemKind::Refused, Some(1))], "{pattern} {pin}");
    }
    // Okio reads either alphabet, with and without padding.
    let text = format!(
        "x.certificatePinner(CertificatePinner.Builder().add(\"shop.example\", \"sha256/{}\").build())",
        a.trim_end_matches('=').replace('+', "-").replace('/', "_")
    );
    assert_eq!(said(&source("A.kt", &text, "okhttp")), [format!("shop.example exact: sha256/{a}")]);
}

#[test]
fn the_text_of_a_failure_is_read() {
    let (a, b) = (key("a"), key("b"));
    let text = format!(
        "javax.net.ssl.SSLPeerUnverifiedException: Certificate pinning failure!\n  Peer certificate chain:\n    \
         sha256/{b}: CN=shop.example\n  Pinned certificates for shop.example:\n    sha256/{a}\n  at okhttp3\n    sha256/{b}\n"
    );
    let source = source("crash.txt", &text, "okhttp-failure");
    assert_eq!(said(&source), [format!("shop.example exact: sha256/{a}")]);
    assert_eq!(source.entries[0].pins[0].line, Some(5));
}

#[test]
fn what_is_no_pin_is_not_taken_for_one() {
    let hash = key("x");
    for (path, text) in [
        ("A.kt", format!("val sri = \"sha256-{hash}\"")),
        ("A.java", format!("String wireGuardPublicKey = \"{hash}\";")),
        ("A.kt", "fun testInvalidCertificatePinningSecurityPolicy() { hmac(\"abc\") }".to_owned()),
        ("index.js", format!("const integrity = 'sha256-{hash}'; // pinning of a web page")),
        ("a.ts", format!("<script src=\"x\" integrity=\"sha384-{hash}\">")),
        ("flake.py", format!("hash = \"sha256-{hash}\"")),
        ("main.go", format!("var wgKey = \"{hash}\"")),
        ("lib.rs", format!("const HMAC: &str = \"{hash}\";")),
        ("a.swift", format!("let publicKey = \"{hash}\" // WireGuard")),
        ("App.cs", "var spinner = new Spinner();".to_owned()),
        ("Nsc.kt", "val a = \"<network-security-config></network-security-config>\"".to_owned()),
        ("plist.swift", "let a = \"<plist><dict/></plist>\"".to_owned()),
        ("net.rs", format!("struct Pins; const WIREGUARD_PEER: &str = \"{hash}\";")),
        ("net.py", format!("pins = []\n\ndef f():\n    return hmac_of(\"{hash}\")")),
        ("main.dart", format!("const signature = '{hash}'; final pinned = true;")),
    ] {
        let files = read(path, text.as_bytes());
        assert!(matches!(files[0].reading, Reading::NotRecognised), "{path} {text}: {files:?}");
    }
}

#[test]
fn the_lambda_of_a_loop_ends_at_its_own_brace() {
    let (a, b, c) = (key("a"), key("b"), key("c"));
    for separator in ["\n", "; "] {
        {
            let text = format!(
                "private const val P = \"sha256/\"{separator}private const val H = \"shop.example\"{separator}\
                 private val BACK = listOf(\"{a}\", \"{b}\"){separator}\
                 fun pinner() = CertificatePinner.Builder().apply {{{separator}add(H, \"${{P}}{c}\"){separator}\
                 BACK.forEach {{ add(H, \"$P$it\") }}{separator}add(\"api.shop.example\", \"sha256/{c}\"){separator}\
                 }}.build(){separator}val client = OkHttpClient.Builder().certificatePinner(pinner()).build()"
            );
            let source = source("A.kt", &text, "okhttp");
            assert_eq!(
                said(&source),
                [
                    format!("shop.example exact: sha256/{c} sha256/{a} sha256/{b}"),
                    format!("api.shop.example exact: sha256/{c}"),
                ],
                "{text}: {source:?}"
            );
            assert!(source.problems.is_empty(), "{source:?}");
        }
    }
    // What has the same name behind it is something else.
    let text = format!(
        "val p = CertificatePinner.Builder().apply {{ listOf(\"{a}\").forEach {{ add(\"shop.example\", \"sha256/$it\") }}\n\
         other.let {{ add(\"api.shop.example\", it) }} }}.build(); x.certificatePinner(p)"
    );
    let source = source("A.kt", &text, "okhttp");
    assert_eq!(
        said(&source),
        [format!("shop.example exact: sha256/{a}"), "api.shop.example exact: ".to_owned()]
    );
}

#[test]
fn a_pinner_that_no_client_is_given_is_a_guess() {
    let built = format!("CertificatePinner.Builder().add(\"shop.example\", \"sha256/{}\").build()", key("a"));
    let confidence = |text: &str| {
        let source = source("A.kt", text, "okhttp");
        source.entries.iter().map(|entry| entry.confidence.name()).collect::<Vec<_>>()
    };
    for given in [
        "CertificatePinner.DEFAULT",
        "okhttp3.CertificatePinner.DEFAULT",
        "none",
        "CertificatePinner.Builder().build()",
    ] {
        let text = format!(
            "val none = CertificatePinner.DEFAULT\nval a = {built}\nval c = x.certificatePinner({given}).build()"
        );
        assert_eq!(confidence(&text), ["guessed"], "{given}");
    }
    for given in
        ["a", "this.a", "pinner()", "injected", "if (debug) CertificatePinner.DEFAULT else a", &built]
    {
        let text = format!(
            "fun pinner() = a\nval a = {built}\nval d = y.certificatePinner(CertificatePinner.DEFAULT)\n\
             val c = x.certificatePinner({given}).build()"
        );
        assert!(confidence(&text).contains(&"read"), "{given}");
    }
    // A name may be given a value in several places.
    let text = format!(
        "var a = CertificatePinner.DEFAULT\nfun f() {{ x.certificatePinner(a) }}\nfun g() {{ a = {built} }}"
    );
    assert_eq!(confidence(&text), ["read"]);
}

proptest! {
    #[test]
    fn no_source_text_makes_it_panic(
        text in "(checkServerTrusted\\(|HostnameVerifier|fun |verify\\(|SSLSession|-> |true|allowedSHAFingerprints:|CertificatePinner.Builder\\(\\)|\\.add\\(|\\.build\\(\\)|\"|'|`|\\$\\{|sha256/|for \\(x in |\\{|\\}|\\(|\\)|\\[|\\]|=|,|:|\\+|\n|#|@|/\\*|[a-z]{1,3}|\\PC){0,60}",
        extension in "(kt|java|swift|m|cs|dart|ts|go|rs|py)",
    ) {
        let _ = read(&format!("x.{extension}"), format!("CertificatePinner.Builder {text}").as_bytes());
    }
}
