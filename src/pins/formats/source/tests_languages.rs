//! What is read from source code other than OkHttp's.

use super::tests::{key, kinds, said, source};
use crate::pins::formats::applicable;
use crate::pins::{AfterExpiry, Confidence, EnforcementMode, PinValue, PositionRule, ProblemKind};
use crate::x509::SpkiSha256;

/// The hash of a word in hexadecimal with colons.
fn fingerprint(word: &str) -> String {
    SpkiSha256::of(word.as_bytes()).0.map(|octet| format!("{octet:02X}")).join(":")
}

#[test]
fn trustkit_in_code() {
    let (a, b) = (key("a"), key("b"));
    let swift = format!(
        r#"let hashes = ["{a}",
    "{b}"]
let config = [
  kTSKSwizzleNetworkDelegates: false,
  kTSKPinnedDomains: [
    "shop.example": [
      kTSKIncludeSubdomains: true,
      kTSKExpirationDate: "2030-01-02",
      kTSKPublicKeyHashes: hashes],
    "test.shop.example": [kTSKEnforcePinning: false, kTSKPublicKeyHashes: ["{a}"]],
    "free.shop.example": [kTSKExcludeSubdomainFromParentPolicy: true],
    Host.api: [kTSKPublicKeyHashes: ["{a}", "{b}"]],
  ]] as [String : Any]
TrustKit.initSharedInstance(withConfiguration: config)
"#
    );
    let objective_c = format!(
        r#"NSDictionary *config = @{{ kTSKPinnedDomains : @{{
  @"shop.example" : @{{ kTSKIncludeSubdomains : @YES, kTSKExpirationDate : @"2030-01-02",
    kTSKPublicKeyHashes : @[ @"{a}", @"{b}" ] }},
  @"test.shop.example" : @{{ kTSKEnforcePinning : @NO, kTSKPublicKeyHashes : @[ @"{a}" ] }},
  @"free.shop.example" : @{{ kTSKExcludeSubdomainFromParentPolicy : @YES }},
  apiHost : @{{ kTSKPublicKeyHashes : @[ @"{a}", @"{b}" ] }} }} }};
[TrustKit initSharedInstanceWithConfiguration:config];"#
    );
    for (path, text) in [("A.swift", swift), ("A.m", objective_c)] {
        let source = source(path, &text, "trustkit");
        assert_eq!(
            said(&source),
            [
                format!("*.shop.example with_subdomains: sha256/{a} sha256/{b}"),
                format!("test.shop.example exact: sha256/{a}"),
                "free.shop.example exact: ".to_owned(),
            ],
            "{path}"
        );
        let modes: Vec<_> = source.entries.iter().map(|entry| entry.enforcement.mode).collect();
        assert_eq!(modes, [EnforcementMode::Yes, EnforcementMode::Report, EnforcementMode::No], "{path}");
        let expiry = source.entries[0].expiry.as_ref().unwrap();
        assert_eq!(expiry.at.to_string(), "2030-01-02T00:00:00Z");
        assert_eq!(
            kinds(&source).iter().map(|kind| kind.0).collect::<Vec<_>>(),
            [ProblemKind::NotRead],
            "{path}"
        );
        assert!(source.entries.iter().all(|entry| entry.confidence == Confidence::Read), "{path}");
    }
    let text = format!("[kTSKPinnedDomains: [\"shop.example\": [kTSKPublicKeyHashes: [\"{a}\"]]]]");
    assert_eq!(kinds(&source("A.swift", &text, "trustkit")), [(ProblemKind::Refused, Some(1))]);
}

#[test]
fn a_delegate_of_urlsession() {
    let (a, b) = (key("a"), key("b"));
    let text = |body: &str| {
        format!(
            r#"class Delegate: NSObject, URLSessionDelegate {{
  let pinnedKeys = ["shop.example": ["{a}", "{b}"]]
  func urlSession(_ session: URLSession, didReceive challenge: URLAuthenticationChallenge) {{
    guard let trust = challenge.protectionSpace.serverTrust,
      let certificate = SecTrustGetCertificateAtIndex(trust, 0) else {{ return }}
    {body}
    completionHandler(.useCredential, URLCredential(trust: trust))
  }} }}"#
        )
    };
    let raw = source(
        "D.swift",
        &text("let d = SHA256.hash(data: SecKeyCopyExternalRepresentation(key, nil)! as Data)"),
        "urlsession",
    );
    assert_eq!(said(&raw), [format!("shop.example exact: raw-key-sha256/{a} raw-key-sha256/{b}")]);
    assert_eq!(kinds(&raw), [(ProblemKind::InsteadOfValidation, Some(7))]);
    assert_eq!(raw.entries[0].pins[0].position, PositionRule::Leaf);
    let body = "var header: [UInt8] = [0x30, 0x82, 0x01, 0x22]; SecTrustEvaluateWithError(trust, nil)\n\
                let d = SHA256.hash(data: header + SecKeyCopyExternalRepresentation(key, nil)! as Data)";
    let spki = source("D.swift", &text(body), "urlsession");
    assert_eq!(said(&spki), [format!("shop.example exact: sha256/{a} sha256/{b}")]);
    assert!(spki.problems.is_empty(), "{spki:?}");
    let all = "func x(challenge: C) { done(.useCredential, URLCredential(trust: challenge.protectionSpace.serverTrust!)) }";
    assert_eq!(kinds(&source("T.swift", all, "urlsession")), [(ProblemKind::NoValidation, Some(1))]);
}

#[test]
fn alamofire_and_afnetworking() {
    let swift = r#"let manager = ServerTrustManager(evaluators: [
  "shop.example": PinnedCertificatesTrustEvaluator(),
  "api.shop.example": PublicKeysTrustEvaluator(performDefaultValidation: false, validateHost: true),
  "dev.shop.example": DisabledTrustEvaluator(),
])"#;
    let found = source("A.swift", swift, "alamofire");
    assert_eq!(
        kinds(&found),
        [
            (ProblemKind::NotRead, Some(2)),
            (ProblemKind::NotRead, Some(3)),
            (ProblemKind::InsteadOfValidation, Some(3)),
            (ProblemKind::NoValidation, Some(4)),
        ]
    );
    assert!(found.problems[0].what.starts_with("shop.example is pinned"), "{found:?}");
    let text = "AFSecurityPolicy *p = [AFSecurityPolicy policyWithPinningMode:AFSSLPinningModePublicKey];\n\
                p.allowInvalidCertificates = YES;\np.validatesDomainName = NO;";
    let expected = [
        (ProblemKind::NotRead, Some(1)),
        (ProblemKind::InsteadOfValidation, Some(2)),
        (ProblemKind::InsteadOfValidation, Some(3)),
    ];
    assert_eq!(kinds(&source("A.m", text, "alamofire")), expected);
    let text = "AFSecurityPolicy *p = [AFSecurityPolicy defaultPolicy];\np.allowInvalidCertificates = YES;";
    assert_eq!(kinds(&source("A.m", text, "alamofire")), [(ProblemKind::NoValidation, Some(2))]);
}

#[test]
fn callbacks_of_dotnet() {
    let key = "3082010A0282010100".to_owned() + &"AB".repeat(256) + "0203010001";
    let text = format!(
        "const string PublicKey = \"{key}\";\n\
         handler.ServerCertificateCustomValidationCallback = (m, cert, chain, errors) =>\n\
           cert.GetPublicKeyString() == PublicKey;"
    );
    let found = source("A.cs", &text, "dotnet");
    assert_eq!(kinds(&found), [(ProblemKind::InsteadOfValidation, Some(2))]);
    assert!(matches!(found.entries[0].pins[0].value, Ok(PinValue::RawKey(_))), "{found:?}");
    let text = "const string Thumb = \"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709\";\n\
        ServicePointManager.ServerCertificateValidationCallback = (s, c, chain, errors) =>\n\
        errors == SslPolicyErrors.None && c.GetCertHashString() == Thumb;";
    let found = source("A.cs", text, "dotnet");
    assert_eq!(kinds(&found), [(ProblemKind::Obsolete, Some(2))]);
    assert!(matches!(found.entries[0].pins[0].value, Ok(PinValue::CertificateSha1(_))), "{found:?}");
    let text = "handler.ServerCertificateCustomValidationCallback = (m, c, ch, e) => true;";
    assert_eq!(kinds(&source("A.cs", text, "dotnet")), [(ProblemKind::NoValidation, Some(1))]);
}

#[test]
fn dart_and_flutter() {
    let a = fingerprint("a");
    let text = format!(
        "client.badCertificateCallback = (cert, host, port) {{\n  final hash = sha256.convert(cert.der);\n  \
         return hash.toString() == '{a}';\n}};"
    );
    let found = source("a.dart", &text, "dart");
    assert_eq!(kinds(&found), [(ProblemKind::NeverCalled, Some(1))]);
    assert_eq!(found.entries[0].enforcement.mode, EnforcementMode::No);
    let text = "client.badCertificateCallback = (cert, host, port) => true;";
    assert_eq!(kinds(&source("a.dart", text, "dart")), [(ProblemKind::NoValidation, Some(1))]);
    let text = "final c = SecurityContext(withTrustedRoots: false);\nc.setTrustedCertificatesBytes(pem);";
    assert_eq!(kinds(&source("a.dart", text, "dart")), [(ProblemKind::NotRead, Some(1))]);
    let text = format!(
        "await HttpCertificatePinning.check(serverURL: 'https://shop.example/a', sha: SHA.SHA256,\n  \
         allowedSHAFingerprints: ['{a}'], timeout: 50);"
    );
    let found = source("a.dart", &text, "dart");
    assert!(found.problems.is_empty(), "{found:?}");
    assert_eq!(found.entries[0].scope.to_string(), "shop.example");
    assert!(matches!(found.entries[0].pins[0].value, Ok(PinValue::Certificate(_))));
}

#[test]
fn code_of_java_and_kotlin_that_validates_nothing() {
    let (nothing, instead) = (ProblemKind::NoValidation, ProblemKind::InsteadOfValidation);
    for (path, text, expected) in [
        (
            "T.java",
            "class T implements X509TrustManager {\n public void checkServerTrusted(X509Certificate[] c, String a) throws CertificateException { /* none */ } }",
            (nothing, 2),
        ),
        (
            "T.java",
            "X() { public void checkServerTrusted(X509Certificate[] c, String a) { return; } }",
            (nothing, 1),
        ),
        (
            "T.kt",
            "object : X509TrustManager {\n override fun checkServerTrusted(a: Array<X509Certificate>?, b: String) {} }",
            (nothing, 2),
        ),
        (
            "T.kt",
            "override fun checkServerTrusted(a: Array<out X509Certificate>, b: String) = Unit\nval x = 1",
            (nothing, 1),
        ),
        ("V.java", "b.sslSocketFactory(f, t)\n .hostnameVerifier((h, s) -> true).build();", (instead, 2)),
        (
            "V.java",
            "HttpsURLConnection.setDefaultHostnameVerifier((h, s) -> { return true; });",
            (instead, 1),
        ),
        ("V.java", "HostnameVerifier all = (h, s) -> true;", (instead, 1)),
        (
            "V.java",
            "new HostnameVerifier() {\n public boolean verify(String h, SSLSession s) { return true; } };",
            (instead, 2),
        ),
        ("V.kt", "b.hostnameVerifier { _, _ -> true }.build()", (instead, 1)),
        ("V.kt", "c.hostnameVerifier = HostnameVerifier { _, _ -> true }", (instead, 1)),
        (
            "V.kt",
            "class V : HostnameVerifier {\n override fun verify(h: String?, s: SSLSession?): Boolean = true\n}",
            (instead, 2),
        ),
    ] {
        let (kind, line) = expected;
        let found = source(path, text, "java-validation");
        assert!(kinds(&found).contains(&(kind, Some(line))), "{text}: {found:?}");
    }
    for (path, text) in [
        (
            "T.java",
            "public void checkServerTrusted(X509Certificate[] c, String a) { tm.checkServerTrusted(c, a); }",
        ),
        (
            "T.java",
            "public void checkServerTrusted(X509Certificate[] c, String a) throws CertificateException;",
        ),
        ("T.java", "void go() { tm.checkServerTrusted(c, a); }\nvoid other() {}"),
        (
            "T.java",
            "public void checkClientTrusted(X509Certificate[] c, String a) {}\n// checkServerTrusted() {}",
        ),
        ("T.kt", "interface T { fun checkServerTrusted(c: Array<X509Certificate>)\n fun other() {} }"),
        ("V.java", "b.hostnameVerifier((h, s) -> h.equals(\"a.example\"));"),
        ("V.java", "b.hostnameVerifier((h, s) -> { if (h.isEmpty()) return false; return true; });"),
        ("V.kt", "b.hostnameVerifier { h, _ -> when (h) { \"a\" -> false\n else -> true } }"),
        ("V.kt", "b.hostnameVerifier(OkHostnameVerifier)\nval f = { x -> true }"),
        ("V.kt", "fun verify(a: String, b: Signature) = true // HostnameVerifier"),
    ] {
        let is_told = crate::pins::formats::read(path, text.as_bytes())
            .iter()
            .any(|file| matches!(&file.reading, crate::pins::Reading::Read(one) if one.format == "java-validation"));
        assert!(!is_told, "{text}");
    }
    // Beside pins it is told as well.
    let client = format!(
        "val p = CertificatePinner.Builder().add(\"a.example\", \"sha256/{}\").build()\n\
         val c = OkHttpClient.Builder().certificatePinner(p).hostnameVerifier {{ _, _ -> true }}.build()",
        super::tests::key("a")
    );
    assert_eq!(source("A.kt", &client, "okhttp").entries.len(), 1);
    assert_eq!(kinds(&source("A.kt", &client, "java-validation")), [(instead, Some(2))]);
}

#[test]
fn a_plugin_of_dart_has_what_it_is_given() {
    let (a, b, c) = (fingerprint("a"), fingerprint("b"), fingerprint("c"));
    let entries = |text: &str| -> Vec<String> {
        let found = source("a.dart", text, "dart");
        let of = |entry: &crate::pins::PinEntry| {
            let (mode, confidence) = (entry.enforcement.mode.name(), entry.confidence.name());
            format!("{} {} {} {mode} {confidence}", entry.scope, entry.pins.len(), entry.unread)
        };
        found.entries.iter().map(of).collect()
    };
    let check = |address: &str, list: &str| {
        format!(
            "HttpCertificatePinning.check(serverURL: {address}, allowedSHAFingerprints: {list}, timeout: 5);\n"
        )
    };
    // An address elsewhere is not the one that the plugin is given.
    let text = format!(
        "const help = 'https://help.shop.org/pinning';\nclass Api {{ final String base; Api(this.base);\n{} }}",
        check("base", &format!("['{a}']"))
    );
    assert_eq!(entries(&text), ["* 1 0 yes guessed"]);
    assert_eq!(kinds(&source("a.dart", &text, "dart")), [(ProblemKind::NotRead, Some(3))]);
    // A fingerprint that is not known may be any.
    let text = check("'https://api.shop.example/x'", &format!("['{a}', BuildConfig.next]"));
    assert_eq!(entries(&text), ["api.shop.example 1 1 yes read"]);
    let text = check("'https://api.shop.example/x'", "prints");
    assert_eq!(entries(&text), ["api.shop.example 0 1 yes read"]);
    // Two calls are about two hosts.
    let two = [("'https://a.example/'", &a), ("'https://b.example/'", &b)]
        .map(|(address, print)| check(address, &format!("['{print}']")));
    assert_eq!(entries(&two.concat()), ["a.example 1 0 yes read", "b.example 1 0 yes read"]);
    // What the plugin is not given is no pin of it.
    let text = format!(
        "const build = '{b}';\nconst prints = ['{a}'];\nfinal base = 'https://api.shop.example';\n\
         final i = CertificatePinningInterceptor(allowedSHAFingerprints: prints);\nconst old = '{c}';"
    );
    assert_eq!(entries(&text), ["* 1 0 yes guessed", "* 2 0 unknown guessed"]);
    let text = format!("final c = SecureHttpClient.build(['{a}', next()]);");
    assert_eq!(entries(&text), ["* 1 1 yes guessed"]);
    // Nor is the one address of a file the host of what a callback compares.
    let text = format!(
        "const help = 'https://help.shop.org/';\nfinal c = SecurityContext(withTrustedRoots: false);\n\
         client.badCertificateCallback = (cert, host, port) => hash(cert) == '{a}';"
    );
    assert_eq!(entries(&text), ["* 1 0 yes guessed"]);
}

#[test]
fn react_native() {
    let (a, b) = (key("a"), key("b"));
    let text = format!(
        "const BACKUP = '{b}';\nawait initializeSslPinning({{\n  'shop.example': {{ includeSubdomains: true,\n    \
         publicKeyHashes: ['{a}', BACKUP] }},\n  [HOST]: {{ publicKeyHashes: [] }} }});\n\
         fetch('https://api.shop.example/v1', {{ pkPinning: true, sslPinning: {{ certs: ['sha256/{a}'] }} }});\n\
         fetch(url, {{ sslPinning: {{ certs: ['mycert'] }} }});"
    );
    let found = source("a.ts", &text, "react-native");
    assert_eq!(
        said(&found),
        [
            format!("*.shop.example with_subdomains: sha256/{a} sha256/{b}"),
            format!("api.shop.example exact: sha256/{a}")
        ]
    );
    assert_eq!(kinds(&found), [(ProblemKind::NotRead, Some(5)), (ProblemKind::NotRead, Some(7))]);
    assert_eq!(found.entries[0].pins[1].line, Some(1));
}

#[test]
fn pins_of_react_native_end_on_their_date() {
    let read = |date: &str| {
        let text = format!(
            "const END = '2030-01-02';\ninitializeSslPinning({{ 'shop.example': {{ publicKeyHashes: ['{}'],\n  \
             expirationDate: {date} }} }});",
            key("a")
        );
        source("a.ts", &text, "react-native")
    };
    for date in ["'2030-01-02'", "END"] {
        let found = read(date);
        assert!(found.problems.is_empty(), "{found:?}");
        let expiry = found.entries[0].expiry.as_ref().unwrap();
        assert_eq!(expiry.at.to_string(), "2030-01-02T00:00:00Z");
        assert_eq!(expiry.afterwards, AfterExpiry::FailOpen);
    }
    for date in ["'02.01.2030'", "soon()", "'2030-13-01'"] {
        let found = read(date);
        assert_eq!(kinds(&found), [(ProblemKind::NotRead, Some(2))], "{date}");
        assert_eq!(found.entries[0].expiry, None);
    }
}

#[test]
fn go_rust_and_python() {
    let (a, b) = (key("a"), key("b"));
    let go = format!(
        "var pins = []string{{\"{a}\",\n\"{b}\"}}\nvar host = \"shop.example\"\nc := &tls.Config{{InsecureSkipVerify: true,\n\
         VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {{\n\
         h := sha256.Sum256(cert.RawSubjectPublicKeyInfo)\nreturn check(h, pins) }}}}"
    );
    let found = source("a.go", &go, "go");
    assert_eq!(said(&found), [format!("shop.example exact: sha256/{a} sha256/{b}")]);
    assert_eq!(kinds(&found), [(ProblemKind::InsteadOfValidation, Some(4))]);
    let text = "c := &tls.Config{InsecureSkipVerify: true}";
    assert_eq!(kinds(&source("a.go", text, "go")), [(ProblemKind::NoValidation, Some(1))]);
    for (path, text) in [
        ("a.rs", format!("/// SPKI pins.\nconst PINNED_KEYS: &[&str] = &[\"{a}\", \"{b}\"];")),
        ("a.py", format!("# SPKI\nPINNED_KEYS = [\"{a}\", '{b}']")),
    ] {
        let found = source(path, &text, "source-constants");
        assert_eq!(said(&found), [format!("* unstated: sha256/{a} sha256/{b}")], "{path}");
        assert_eq!(kinds(&found), [(ProblemKind::NotRead, Some(2))], "{path}");
    }
}

#[test]
fn one_label_below_a_host_is_not_the_host() {
    let text = format!("export default {{ sslPinning: {{ \"*.a.example\": [\"{}\"] }} }};", key("a"));
    let found = source("app.config.ts", &text, "react-native");
    assert_eq!(applicable(&found, "a.example").len(), 0, "{found:?}");
    assert_eq!(applicable(&found, "x.a.example").len(), 1, "{found:?}");
}

#[test]
fn a_second_policy_for_a_host_is_told() {
    let (a, b) = (key("a"), key("b"));
    let policy = format!("\"shop.example\": [kTSKPublicKeyHashes: [\"{a}\", \"{b}\"]]");
    let text = format!("let c = [kTSKPinnedDomains: [\n{policy},\n{policy}]]");
    let found = source("A.swift", &text, "trustkit");
    assert_eq!(kinds(&found), [(ProblemKind::NotRead, Some(3))]);
    assert!(found.problems[0].what.contains("after one in line 2: which of them holds"), "{found:?}");
    assert_eq!(applicable(&found, "shop.example").len(), 2);
}

#[test]
fn the_server_name_of_the_same_configuration_is_the_host() {
    let a = key("a");
    let config = |before: &str, inside: &str, set: &str| {
        format!(
            "{before}\nconst pin = \"{a}\"\nvar other = &tls.Config{{ServerName: \"other.example\"}}\n\
             func f() {{ c := &tls.Config{{{inside}}}\n{set}\n_ = sha256.Sum256(cert.RawSubjectPublicKeyInfo) }}"
        )
    };
    let callback = "VerifyConnection: func(cs tls.ConnectionState) error { return nil }";
    let inside = format!("ServerName: \"api.shop.example\", InsecureSkipVerify: true, {callback}");
    let named = format!("{callback}, ServerName: apiHost");
    let set = "c.VerifyConnection = func(cs tls.ConnectionState) error { return nil }\nc.ServerName = \"api.shop.example\"";
    for text in [
        config("", &inside, ""),
        config("const apiHost = \"api.shop.example\"", &named, ""),
        config("", "InsecureSkipVerify: true", set),
    ] {
        assert_eq!(
            said(&source("a.go", &text, "go")),
            [format!("api.shop.example exact: sha256/{a}")],
            "{text}"
        );
    }
    let open = config("", &format!("{callback}, ServerName: name()"), "");
    assert_eq!(said(&source("a.go", &open, "go")), [format!("* unstated: sha256/{a}")]);
}

#[test]
fn validation_in_another_file_is_left_open() {
    let go = "c := &tls.Config{InsecureSkipVerify: true, VerifyConnection: pinning.Check}";
    assert_eq!(kinds(&source("a.go", go, "go")), [(ProblemKind::NotRead, Some(1))]);
    let here = format!("{go}\nfunc (p pinning) Check(cs tls.ConnectionState) error {{ return nil }}");
    let both = [(ProblemKind::InsteadOfValidation, Some(1)), (ProblemKind::NotRead, Some(1))];
    assert_eq!(kinds(&source("a.go", &here, "go")), both);
    let itself = format!("{here}\nfunc g() {{ cert.Verify(options()) }}");
    assert!(source("a.go", &itself, "go").problems.is_empty());
    let swift = "func x(challenge: C) {\nguard isTrustValid(challenge) && validateChain(trust) else { return }\n\
        done(.useCredential, URLCredential(trust: challenge.protectionSpace.serverTrust!)) }";
    assert_eq!(kinds(&source("T.swift", swift, "urlsession")), [(ProblemKind::NotRead, Some(3))]);
    let own = format!("{swift}\nfunc validateChain(_ trust: SecTrust) -> Bool {{ true }}");
    assert_eq!(kinds(&source("T.swift", &own, "urlsession")), [(ProblemKind::NoValidation, Some(3))]);
}

/// Pins that a callback has from elsewhere are open, and not “no pins”.
#[test]
fn a_callback_whose_pins_stand_elsewhere_is_left_open() {
    let check = "func check(raw [][]byte, _ [][]*x509.Certificate) error {\nif !matches(raw[0], pins.Current()) { return errors.New(\"x\") }\n\
                 return nil }";
    let set = |value: &str| {
        format!("var c = &tls.Config{{ServerName: \"a.example\", VerifyPeerCertificate: {value}}}")
    };
    let here = format!("{check}\n{}", set("check"));
    assert_eq!(kinds(&source("a.go", &here, "go")), [(ProblemKind::NotRead, Some(4))]);
    assert_eq!(kinds(&source("a.go", &set("check"), "go")), [(ProblemKind::NotRead, Some(1))]);
    assert!(source("a.go", &set("nil"), "go").problems.is_empty());
    // One that validates by itself and hashes nothing has no pins.
    let validates =
        format!("{}\nfunc check(a, b) error {{ return cert.Verify(x509.VerifyOptions{{}}) }}", set("check"));
    assert!(source("a.go", &validates, "go").problems.is_empty());
}
