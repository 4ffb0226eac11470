//! Names of certificates, found without parsing: whatever a parser sees of a watched name is found, or said to be unclear.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::issuance::names::{Form, Found, WatchedName, WatchedNames, find};
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};

fuzz_target!(|octets: &[u8]| {
    let Ok(name) = "a.example".parse() else { return };
    let watched = WatchedNames::new([WatchedName { name, with_subdomains: true }]);
    let range = octets.as_ptr_range();
    for form in [Form::Certificate, Form::TbsCertificate] {
        if let Found::Claims(claim) = find(octets, form, &watched) {
            assert!(
                claim.claimed.octets.is_empty() || range.contains(&claim.claimed.octets.as_ptr()),
                "what is claimed stands in the certificate"
            );
        }
    }
    let Ok((rest, certificate)) = X509Certificate::from_der(octets) else { return };
    let is_watched = |name: &str| {
        let name = name.to_ascii_lowercase();
        name == "a.example" || name.ends_with(".a.example")
    };
    let in_alternatives =
        certificate.extensions().iter().any(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => names
                .general_names
                .iter()
                .any(|name| matches!(name, GeneralName::DNSName(name) if is_watched(name))),
            _ => false,
        });
    // A person's address in a common name is no host's name, whatever it ends in.
    let in_subject = certificate
        .subject()
        .iter_common_name()
        .any(|attribute| attribute.as_str().is_ok_and(|name| is_watched(name) && !name.contains('@')));
    if rest.is_empty() && (in_alternatives || in_subject) {
        assert_ne!(find(octets, Form::Certificate, &watched), Found::Nothing);
    }
});
