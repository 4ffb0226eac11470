//! What single requests of React Native and of dio are pinned to.

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
