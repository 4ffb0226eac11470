//! What findings say by the file that they are about: titles, words, advice and sources.

use super::*;
use crate::pins::PinsVerdict;

/// The judgement over files of these names and texts.
fn judged(files: &[(&str, &str)], host: Option<&str>) -> PinsVerdict {
    let files: Vec<PinFile> =
        files.iter().flat_map(|(path, text)| formats::read(path, text.as_bytes())).collect();
    let question = Question {
        host,
        path: None,
        off_path: &[],
        service: None,
        at: "2026-11-21T00:00:00Z".parse().unwrap(),
        paths: &[],
        certificates: &[],
        known_ca: &|_| None,
    };
    judge(&files, &question)
}

fn of(files: &[(&str, &str)], rule: &str) -> Vec<Finding> {
    findings(&judged(files, None)).into_iter().filter(|finding| finding.rule == rule).collect()
}

const OPEN: &str = "val client = OkHttpClient.Builder().certificatePinner(CertificatePinner.Builder()\n\
    .add(\"cdn.\" + BuildConfig.DOMAIN, BuildConfig.CDN_PIN)\n.build()).build()\n";

#[test]
fn what_was_read_in_part_is_told_as_that_and_as_it_is_written() {
    let files = [("Net.kt", OPEN)];
    assert!(of(&files, "PIN007").is_empty());
    let found = of(&files, "PIN050");
    let said: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
    assert!(said.iter().any(|said| said.contains("“\"cdn.\"+BuildConfig.DOMAIN”")), "{said:#?}");
    assert!(said.iter().all(|said| !said.contains("no pins is") && !said.contains("\"…\"")), "{said:#?}");
    assert!(found.iter().all(|finding| !finding.advice.contains("--help")), "{found:#?}");
    let verdict = judged(&files, None);
    assert!(verdict.reason.starts_with("Net.kt was read in part: "), "{}", verdict.reason);
    let unknown = judged(&[("a.txt", "nothing of pins")], None);
    assert!(unknown.reason.contains("no format that is read here"), "{}", unknown.reason);
}

#[test]
fn transparency_is_told_as_off_only_where_something_switches_it_off() {
    let nsc = |more: &str| nsc("", &[&key("root"), &key("other")], more);
    let anchors = "<base-config>%<trust-anchors><certificates src='system'/><certificates src='user'/>\
        </trust-anchors></base-config>";
    assert!(of(&[("nsc.xml", &nsc(&anchors.replace('%', "")))], "PIN034").is_empty());
    let off = of(
        &[("nsc.xml", &nsc("<base-config><certificateTransparency enabled='false'/></base-config>"))],
        "PIN034",
    );
    assert!(off[0].message.contains("enabled=\"false\"") && off[0].advice.contains("Remove"), "{off:#?}");
    let both = "<base-config><certificateTransparency enabled='true'/></base-config><domain-config>\
        <domain>b.example.com</domain><trust-anchors><certificates src='user'/></trust-anchors></domain-config>";
    let lost = of(&[("nsc.xml", &nsc(both))], "PIN034");
    assert!(lost[0].message.contains("the trust-anchors of domain-config"), "{lost:#?}");
    assert!(!lost[0].advice.contains("Remove"), "{lost:#?}");
}

#[test]
fn a_header_that_no_client_obeys_is_told_once() {
    let (root, other) = (key("root"), key("other"));
    let header = format!(
        "Public-Key-Pins: pin-sha256=\"{root}\"; pin-sha256=\"{other}\"; max-age=5184000\n\
         Expect-CT: max-age=86400, enforce\n"
    );
    let files = [("headers.txt", header.as_str())];
    let found = findings(&judged(&files, None));
    let rules: Vec<&str> = found.iter().map(|finding| finding.rule).collect();
    assert!(
        rules.contains(&"PIN029") && !rules.contains(&"PIN027") && !rules.contains(&"PIN017"),
        "{rules:?}"
    );
    assert!(found.iter().all(|finding| finding.severity <= Severity::Low), "{found:#?}");
    // Without pins in either, it is the file that pins nothing, once.
    assert_eq!(of(&[("a.xml", "<network-security-config/>")], "PIN017").len(), 1);
    assert_eq!(of(&[("headers.txt", "Expect-CT: max-age=86400, enforce\n")], "PIN017").len(), 1);
}

fn trustkit(more: &str) -> String {
    let (root, other) = (key("root"), key("other"));
    format!(
        "<plist><dict><key>TSKConfiguration</key><dict><key>TSKPinnedDomains</key><dict>\
         <key>shop.example.com</key><dict><key>TSKIncludeSubdomains</key><true/><key>TSKPublicKeyHashes</key><array>\
         <string>{root}</string><string>{other}</string></array></dict>{more}</dict></dict></dict></plist>"
    )
}

#[test]
fn a_host_that_is_excluded_in_so_many_words_is_no_accident() {
    let excluded = trustkit(
        "<key>open.shop.example.com</key><dict><key>TSKExcludeSubdomainFromParentPolicy</key><true/></dict>",
    );
    let found = of(&[("Info.plist", &excluded)], "PIN012");
    assert_eq!(found[0].severity, Severity::Info, "{found:#?}");
    assert!(found[0].message.contains("excludes open.shop.example.com"), "{found:#?}");
    let swift = |more: &str| {
        let (root, other) = (key("root"), key("other"));
        format!(
            "TrustKit.initSharedInstance(withConfiguration: [kTSKPinnedDomains: [\"shop.example.com\": \
             [kTSKIncludeSubdomains: true, kTSKPublicKeyHashes: [\"{root}\", \"{other}\"]], \
             \"open.shop.example.com\": [{more}]]])"
        )
    };
    let found = of(&[("a.swift", &swift("kTSKExcludeSubdomainFromParentPolicy: true"))], "PIN012");
    assert!(found.iter().all(|finding| finding.severity == Severity::Info) && found.len() == 1, "{found:#?}");
}

#[test]
fn pins_that_shut_clients_out_when_they_end_are_told_so() {
    let toml = |afterwards: &str| {
        format!(
            "version = 1\n[[pin]]\nhosts = [\"api.shop.example\"]\nexpires = 2026-12-01\nafterwards = \"{afterwards}\"\n\
             pins = [\"{}\", \"{}\"]\n",
            key("root"),
            key("other")
        )
    };
    let closed = of(&[("pins.toml", &toml("closed"))], "PIN003");
    assert_eq!(closed[0].severity, Severity::High);
    assert!(closed[0].message.contains("clients refuse every connection"), "{closed:#?}");
    let open = of(&[("pins.toml", &toml("open"))], "PIN003");
    assert_eq!(open[0].severity, Severity::Medium);
    assert!(!open[0].message.contains("refuse"), "{open:#?}");
}

#[test]
fn a_file_is_not_about_a_host_where_no_entry_is() {
    let good = nsc("", &[&key("root"), &key("other")], "");
    let about = |text: &str, host| {
        let found = findings(&judged(&[("nsc.xml", text)], Some(host)));
        found.into_iter().find(|finding| finding.rule == "PIN014").map(|finding| finding.message)
    };
    assert_eq!(
        about(&good, "shop.example").as_deref(),
        Some("No entry of the given files is about shop.example.")
    );
    // It is about the host, and un-pins it.
    let unpins = good.replace(
        "</network-security-config>",
        "<domain-config><domain>www.example.com</domain></domain-config></network-security-config>",
    );
    assert_eq!(about(&unpins, "www.example.com"), None);
    // What was read in part may be about it.
    let open = findings(&judged(&[("Net.kt", OPEN)], Some("shop.example")));
    assert!(open.iter().all(|finding| finding.rule != "PIN014"), "{open:#?}");
}
#[test]
fn findings_cite_the_platform_that_they_are_about() {
    let ended = trustkit("").replace(
        "<key>TSKIncludeSubdomains</key>",
        "<key>TSKExpirationDate</key><string>2020-01-01</string><key>TSKIncludeSubdomains</key>",
    );
    let bad = "val pinner = CertificatePinner.Builder().add(\"https://api.example\", \"SHA256/x\").build()\n\
        client.certificatePinner(pinner)\n";
    let cases: [(&str, &str, &str, &str); 4] = [
        ("Info.plist", &ended, "PIN002", "TrustKit"),
        ("Net.kt", bad, "PIN008", "OkHttp"),
        ("h.txt", "Public-Key-Pins: max-age=1; strange=\"x\"\n", "PIN009", "RFC 7469"),
        ("nsc.xml", &nsc("expiration='2020-01-01'", &[&key("root")], ""), "PIN002", "Android"),
    ];
    for (path, text, rule, source) in cases {
        let found = of(&[(path, text)], rule);
        assert!(!found.is_empty(), "{path}: {rule}");
        for finding in found {
            let cited = &finding.references;
            assert!(cited.iter().any(|one| one.starts_with(source)), "{path}: {cited:?}");
            let foreign = ["Android", "frameworks", "Apple", "TrustKit", "OkHttp", "curl"];
            let foreign = foreign.into_iter().filter(|mark| *mark != source && source != "Android");
            assert!(
                !foreign.into_iter().any(|mark| cited.iter().any(|one| one.starts_with(mark))),
                "{cited:?}"
            );
        }
    }
}

#[test]
fn patterns_of_different_meaning_are_told_apart() {
    use crate::pins::HostPattern;
    let name = || "example.com".to_owned();
    assert_eq!(HostPattern::WithSubdomains(name()).in_words(), "example.com and all below");
    assert_eq!(HostPattern::OneLabelBelow(name()).in_words(), "*.example.com (one label below example.com)");
    // A star that is no pattern there.
    assert_eq!(
        HostPattern::WithSubdomains("*.example.com".to_owned()).in_words(),
        "*.example.com and all below"
    );
    assert_eq!(HostPattern::Exactly(name()).in_words(), "example.com");
    assert_eq!(HostPattern::WithSubdomains(name()).to_string(), "*.example.com", "JSON keeps its meaning");
}

#[test]
fn messages_say_which_hosts_a_pattern_is_for() {
    let message = |files: &[(&str, &str)], host, rule: &str| {
        let found = findings(&judged(files, host)).into_iter().find(|finding| finding.rule == rule);
        found.map(|finding| finding.message).unwrap_or_default()
    };
    let (root, other) = (key("root"), key("other"));
    let shadowed = nsc("", &[&root, &other], "").replace(
        "</network-security-config>",
        "<domain-config><domain includeSubdomains=\"true\">www.example.com</domain></domain-config>\
         </network-security-config>",
    );
    let said = message(&[("a.xml", &shadowed)], None, "PIN012");
    assert_eq!(
        said,
        "The entry for www.example.com and all below has no pins, and is used for it, although example.com and all \
         below is pinned."
    );
    let okhttp = format!(
        "val c = OkHttpClient.Builder().certificatePinner(CertificatePinner.Builder()\n\
         .add(\"*.example.com\", \"sha256/{root}\", \"sha256/{other}\").build()).build()\n"
    );
    let star = "*.example.com (one label below example.com) is pinned, and";
    for (host, rest) in [
        (None, "neither example.com nor a.b.example.com is."),
        (Some("a.b.example.com"), "a.b.example.com is not."),
    ] {
        assert_eq!(message(&[("A.kt", &okhttp)], host, "PIN037"), format!("{star} {rest}"));
    }
}

#[test]
fn what_is_said_of_one_pin_and_of_lists_without_hosts_is_english_and_true() {
    let list = format!("sha256//{};sha256//{}\n", key("a"), key("b"));
    let verdict = judged(&[("pins.txt", &list)], None);
    assert!(verdict.reason.ends_with("enforced for whatever host they are used for"), "{}", verdict.reason);
    let named = nsc("", &[&key("root"), &key("other")], "");
    let verdict = judged(&[("nsc.xml", &named), ("pins.txt", &list)], None);
    assert!(verdict.reason.ends_with("enforced for the hosts that they name"), "{}", verdict.reason);
    assert!(
        judged(&[("a.xml", "<network-security-config/>")], None).reason.ends_with("the hosts that it names")
    );
    let one = nsc("", &[&key("other")], "");
    let found = raised(&one, Some("example.com"));
    let message = &found.iter().find(|finding| finding.rule == "PIN001").unwrap().message;
    assert_eq!(message, "The one pin does not match a certificate of the chain where it is compared.");
}

#[test]
fn a_pinned_leaf_with_a_backup_is_low_and_told_once() {
    let with = |pins: &[&str]| nsc("", pins, "");
    let severities = |texts: &[&str]| {
        let files: Vec<(String, &str)> =
            texts.iter().zip(0..).map(|(text, number)| (format!("{number}.xml"), *text)).collect();
        let files: Vec<PinFile> =
            files.iter().flat_map(|(path, text)| formats::read(path, text.as_bytes())).collect();
        let path = super::path();
        let question = Question {
            host: Some("example.com"),
            path: Some(&path),
            off_path: &[],
            service: None,
            at: "2026-11-21T00:00:00Z".parse().unwrap(),
            paths: &[],
            certificates: &[],
            known_ca: &|_| None,
        };
        let found =
            findings(&judge(&files, &question)).into_iter().filter(|finding| finding.rule == "PIN015");
        found.map(|finding| (finding.severity, finding.message)).collect::<Vec<_>>()
    };
    let (leaf, other) = (key("leaf"), key("other"));
    let (kept, bare) = (with(&[&leaf, &other]), with(&[&leaf]));
    let message = "The next certificate with another key ends the match.";
    assert_eq!(severities(&[&bare]), [(Severity::Medium, message.to_owned())]);
    assert_eq!(severities(&[&kept]), [(Severity::Low, message.to_owned())]);
    let told = format!("{message} The same holds for 1.xml and 2.xml.");
    assert_eq!(severities(&[&kept, &kept, &kept]), [(Severity::Low, told)]);
}
