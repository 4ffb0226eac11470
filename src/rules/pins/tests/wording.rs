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
    // Records and configurations have advice of their own.
    let zone = [(
        "a.zone",
        "_25._tcp.mx.example. IN TLSA 3 1 1 \
        aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
    )];
    assert!(of(&zone, "PIN050")[0].advice.contains("--tlsa"), "{:#?}", of(&zone, "PIN050"));
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
