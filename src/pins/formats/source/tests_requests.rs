//! What single requests of React Native and of dio are pinned to, and values that a condition chooses.

use super::tests::{kinds, source};
use crate::pins::model::{EnforcementMode, ProblemKind};
use crate::x509::SpkiSha256;

fn request(address: &str, options: &str) -> (EnforcementMode, Vec<ProblemKind>) {
    let (a, b) = (SpkiSha256::of(b"a"), SpkiSha256::of(b"b"));
    let text = format!(
        "import {{ fetch }} from 'react-native-ssl-pinning';\n\
         const f = () => fetch('https://{address}/v1', {{ method: 'GET', {options} sslPinning: {{ certs: ['sha256/{a}', 'sha256/{b}'] }} }});"
    );
    let found = source("a.ts", &text, "react-native");
    assert_eq!(found.entries.len(), 1, "{found:?}");
    let told = kinds(&found).into_iter().map(|(kind, _)| kind).collect();
    (found.entries[0].enforcement.mode, told)
}

#[test]
fn the_options_beside_hashes_decide_whether_they_are_compared() {
    use EnforcementMode::{No, Unknown, Yes};
    use ProblemKind::{NoValidation, NotRead};
    for (address, options, mode, told) in [
        ("api.shop.example", "pkPinning: true,", Yes, vec![]),
        ("api.shop.example", "pkPinning: true, disableAllSecurity: false,", Yes, vec![]),
        ("api.shop.example", "", Unknown, vec![NotRead]),
        ("api.shop.example", "pkPinning: false,", Unknown, vec![NotRead]),
        ("api.shop.example", "pkPinning: Platform.OS === 'ios',", Unknown, vec![NotRead]),
        ("api.shop.example", "pkPinning: true, disableAllSecurity: true,", No, vec![NoValidation]),
        (
            "api.shop.example",
            "pkPinning: true, disableAllSecurity: Config.ENV !== 'prod',",
            Unknown,
            vec![NotRead],
        ),
        ("www.shop.example", "pkPinning: true,", Unknown, vec![NotRead]),
    ] {
        assert_eq!(request(address, options), (mode, told), "{address} {options}");
    }
}

#[test]
fn the_way_of_dio_to_pin_is_told_from_accepting_everything() {
    let client = |validate: &str| {
        format!(
            "const fingerprint = '{}';\nfinal a = IOHttpClientAdapter(createHttpClient: () {{\n\
             final client = HttpClient(context: SecurityContext(withTrustedRoots: false));\n\
             client.badCertificateCallback = (cert, host, port) => true;\nreturn client;\n}},{validate});",
            "0f".repeat(32)
        )
    };
    let compares = "\nvalidateCertificate: (cert, host, port) {\nif (cert == null) { return false; }\n\
                    return fingerprint == sha256.convert(cert.der).toString();\n}";
    let found = |validate: &str| {
        let found = source("a.dart", &client(validate), "dart");
        kinds(&found).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>()
    };
    assert_eq!(found(compares), [ProblemKind::InsteadOfValidation]);
    for validate in ["", "\nvalidateCertificate: (cert, host, port) => true", "\nvalidateCertificate: null"] {
        assert_eq!(found(validate), [ProblemKind::NotRead, ProblemKind::NoValidation], "{validate}");
    }
}

#[test]
fn values_that_a_condition_chooses_are_not_read() {
    let (a, b) = (SpkiSha256::of(b"a"), SpkiSha256::of(b"b"));
    let (one, two) = (format!("\"sha256/{a}\""), format!("\"sha256/{b}\""));
    let client = "val p = CertificatePinner.Builder().apply { pins.forEach { add(\"shop.example\", it) } }.build()\n\
                  val c = OkHttpClient.Builder().certificatePinner(p).build()";
    for chosen in [
        format!("if (FLAVOR == \"prod\") listOf({one}) else listOf({one}, {two})"),
        format!("when (FLAVOR) {{ \"prod\" -> listOf({one}) else -> listOf({two}) }}"),
        format!("given ?: listOf({one}, {two})"),
    ] {
        let found = source("A.kt", &format!("val pins = {chosen}\n{client}"), "okhttp");
        let told = kinds(&found);
        assert!(told.iter().any(|(kind, _)| *kind == ProblemKind::NotRead), "{chosen}: {found:?}");
        assert!(
            found.entries.iter().all(|entry| entry.unread > 0 || entry.pins.is_empty()),
            "{chosen}: {found:?}"
        );
    }
    let plain = source("A.kt", &format!("val pins = listOf({one}, {two})\n{client}"), "okhttp");
    assert_eq!((plain.entries[0].pins.len(), plain.entries[0].unread, kinds(&plain)), (2, 0, vec![]));
    let hosts = "{ 'shop.example': { publicKeyHashes: ['x'] } }";
    let text = format!("const cfg = isProd ? {hosts} : {hosts};\ninitializeSslPinning(cfg);");
    let found = source("a.ts", &text, "react-native");
    assert_eq!((found.entries.len(), kinds(&found).len()), (0, 1), "{found:?}");
}

#[test]
fn pinning_that_is_switched_off_again_is_a_guess() {
    let of = |then: &str| {
        let text = format!(
            "initializeSslPinning({{ 'shop.example': {{ publicKeyHashes: ['{}', '{}'] }} }});\n{then}",
            SpkiSha256::of(b"a"),
            SpkiSha256::of(b"b")
        );
        source("a.ts", &text, "react-native")
    };
    assert_eq!(kinds(&of("")), []);
    let found = of("await disableSslPinning();");
    assert_eq!(kinds(&found), [(ProblemKind::NotRead, Some(2))]);
    assert_eq!(found.entries[0].confidence.name(), "guessed");
}

#[test]
fn a_verifier_of_debug_builds_is_no_finding_of_a_release() {
    let found = source(
        "V.kt",
        "if (BuildConfig.DEBUG) {\n b.hostnameVerifier { _, _ -> true }\n}\nb.build()",
        "java-validation",
    );
    assert_eq!(kinds(&found), [(ProblemKind::NotRead, Some(2))]);
}
