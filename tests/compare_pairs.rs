//! Two pin files beside each other: what is said of clients speaks of the one that is worst off, whatever else was given.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::collections::{BTreeMap, BTreeSet};

use pinstead::compare::{Comparison, Effect, Served};
use pinstead::demo::world::SHOP;
use pinstead::evidence::file::{FileContent, InputFile};
use pinstead::evidence::{Bytes, Evidence};
use pinstead::judge::{Inputs, Judge};
use world::{Running, pinstead};

/// Of no certificate.
const STRANGE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// What was seen of the shop, and the keys that its chain has.
fn evidence() -> (Evidence, [String; 3]) {
    let running = Running::start();
    let world = &running.world;
    let keys = [
        world.shop.leaf.key.spki_sha256(),
        world.cas.expected.key.spki_sha256(),
        world.cas.root.key.spki_sha256(),
    ]
    .map(|key| key.to_string());
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("evidence.json");
    let mut arguments = world.whole_check_arguments(&[SHOP]);
    arguments.extend(["--save-evidence".to_owned(), saved.display().to_string()]);
    arguments.extend(["--fail-on".to_owned(), "none".to_owned()]);
    pinstead().arg("compare").args(&arguments).arg("--fail-on-undetermined=false").assert().code(0);
    let evidence: Evidence = serde_json::from_slice(&std::fs::read(saved).unwrap()).unwrap();
    (evidence, keys)
}

/// Pin files of apps, each with the kind of client that it is of, where it tells.
fn files([leaf, intermediate, root]: &[String; 3]) -> Vec<(&'static str, &'static str, String)> {
    let pins = |keys: &[&str]| -> String {
        keys.iter().map(|key| ["<pin digest=\"SHA-256\">", key, "</pin>"].concat()).collect()
    };
    let nsc = |inner: &str| format!("<network-security-config>{inner}</network-security-config>");
    let domain = |inner: &str| nsc(&format!("<domain-config><domain>{SHOP}</domain>{inner}</domain-config>"));
    let set = |attributes: &str, keys: &[&str]| format!("<pin-set{attributes}>{}</pin-set>", pins(keys));
    let plist = |inner: &str| {
        format!(
            "<plist version=\"1.0\"><dict><key>NSAppTransportSecurity</key><dict>{inner}</dict></dict></plist>"
        )
    };
    let identities = |kind: &str, keys: &[&str]| {
        let keys: String = keys
            .iter()
            .map(|key| ["<dict><key>SPKI-SHA256-BASE64</key><string>", key, "</string></dict>"].concat())
            .collect();
        plist(&format!(
            "<key>NSPinnedDomains</key><dict><key>{SHOP}</key><dict><key>{kind}</key><array>{keys}</array></dict></dict>"
        ))
    };
    let list = |platform: &str, enforce: &str, key: &str| {
        format!(
            "version = 1\n[[pin]]\nhosts = [\"{SHOP}\"]\npins = [\"{key}\", \"{STRANGE}\"]\nplatform = \"{platform}\"\n\
             enforce = \"{enforce}\"\n"
        )
    };
    let user = "<trust-anchors><certificates src=\"system\"/><certificates src=\"user\"/></trust-anchors>";
    vec![
        ("own.xml", "android", domain(&set("", &[leaf.as_str(), STRANGE]))),
        ("alone.xml", "android", domain(&set("", &[leaf.as_str()]))),
        ("root.xml", "android", domain(&set("", &[root.as_str()]))),
        ("middle.xml", "android", domain(&set("", &[intermediate.as_str()]))),
        ("wrong.xml", "android", domain(&set("", &[STRANGE]))),
        ("ended.xml", "android", domain(&set(" expiration=\"2020-01-01\"", &[leaf.as_str(), STRANGE]))),
        ("user.xml", "android", nsc(&format!("<base-config>{user}</base-config>"))),
        ("overridden.xml", "android", domain(&format!("{}{user}", set("", &[leaf.as_str(), STRANGE])))),
        ("empty.xml", "android", nsc("")),
        (
            "other-host.xml",
            "android",
            nsc(&format!(
                "<domain-config><domain>other.example</domain>{}</domain-config>",
                set("", &[leaf.as_str(), STRANGE])
            )),
        ),
        (
            "transparent.xml",
            "android",
            nsc(
                "<domain-config><domain>shop.demo.example</domain><certificateTransparency enabled=\"true\"/></domain-config>",
            ),
        ),
        ("leaf.plist", "ios", identities("NSPinnedLeafIdentities", &[leaf.as_str()])),
        ("backup.plist", "ios", identities("NSPinnedLeafIdentities", &[leaf.as_str(), STRANGE])),
        ("ca.plist", "ios", identities("NSPinnedCAIdentities", &[root.as_str()])),
        ("loose.plist", "ios", plist("<key>NSAllowsArbitraryLoads</key><true/>")),
        ("report.toml", "ios", list("ios", "report", leaf)),
        ("off.toml", "android", list("android", "no", leaf)),
        ("android.toml", "android", list("android", "yes", leaf)),
        ("cut.xml", "android", "<network-security-config><domain-config>".to_owned()),
        ("cut.plist", "ios", "<plist version=\"1.0\"><dict><key>NSAppTransportSecurity</key>".to_owned()),
        ("cut.toml", "", "version = 1\n[[pin]]\nhosts = ".to_owned()),
        (
            "pinner.kt",
            "",
            format!(
                "val p = CertificatePinner.Builder().add(\"{SHOP}\", \"sha256/{leaf}\", \"sha256/{STRANGE}\").build()"
            ),
        ),
    ]
}

/// What is said of one kind of client that a file shows.
#[derive(Debug, Default, PartialEq)]
struct Said {
    prevented: BTreeSet<&'static str>,
    locked_out: BTreeSet<&'static str>,
}

fn said(comparison: &Comparison) -> BTreeMap<String, Said> {
    let of = |client: &pinstead::compare::ClientProtection| {
        let with = |effect: Effect, changes: bool| {
            let threats = client
                .threats
                .iter()
                .filter(move |threat| threat.effect == effect && threat.id.starts_with('A') == changes);
            threats.map(|threat| threat.id).collect::<BTreeSet<_>>()
        };
        Said { prevented: with(Effect::Prevents, false), locked_out: with(Effect::MakesWorse, true) }
    };
    let found = comparison.clients.iter().filter(|client| client.served == Served::Found);
    found.map(|client| (client.client.to_string(), of(client))).collect()
}

#[test]
fn what_is_said_holds_for_whoever_is_worst_off() {
    let (evidence, keys) = evidence();
    let files = files(&keys);
    let judged = |given: &[&(&str, &str, String)]| {
        let mut inputs = evidence.inputs.clone();
        inputs.pins = given
            .iter()
            .map(|(path, _, text)| InputFile {
                path: (*path).to_owned(),
                content: FileContent::Read(Bytes(text.clone().into_bytes())),
                folder: None,
            })
            .collect();
        let inputs = Inputs::read(&evidence.request, &inputs).unwrap();
        let mut judge = Judge::new(&evidence.request, &inputs, evidence.observed_at);
        let verdicts = judge.judge(&evidence.targets[0], &evidence.crls);
        said(verdicts.comparison.verdict().unwrap())
    };
    let alone: Vec<_> = files.iter().map(|file| judged(&[file])).collect();
    let mut wrong = Vec::new();
    for (first, one) in files.iter().zip(&alone) {
        for (second, other) in files.iter().zip(&alone).filter(|(second, _)| second.0 != first.0) {
            let both = judged(&[first, second]);
            for (client, together) in &both {
                for (file, own) in [(first, one.get(client)), (second, other.get(client))] {
                    let Some(own) = own else { continue };
                    // Whether an app asks for SCTs its configuration tells, wherever its pins are written down.
                    let is_told = |threat: &&&str| **threat == "T2" && file.0.contains(".toml");
                    let more = together.prevented.difference(&own.prevented);
                    let more: Vec<_> = more.filter(|threat| !is_told(threat)).collect();
                    if !more.is_empty() {
                        wrong.push(format!(
                            "{} + {}: {client}: {} prevents no {more:?}",
                            first.0, second.0, file.0
                        ));
                    }
                    let lost: Vec<_> = own.locked_out.difference(&together.locked_out).collect();
                    if !lost.is_empty() {
                        wrong.push(format!(
                            "{} + {}: {client}: {} locks out by {lost:?}",
                            first.0, second.0, file.0
                        ));
                    }
                }
            }
            let lost = one.keys().chain(other.keys()).filter(|client| !both.contains_key(*client));
            wrong.extend(lost.map(|client| format!("{} + {}: no word of {client}", first.0, second.0)));
            // What is of other clients changes nothing.
            if !first.1.is_empty() && !second.1.is_empty() && first.1 != second.1 {
                for (client, own) in one.iter().filter(|(client, _)| client.starts_with(first.1)) {
                    if both.get(client) != Some(own) {
                        wrong.push(format!(
                            "{} + {}: {client}: {own:?} is not {:?}",
                            first.0,
                            second.0,
                            both.get(client)
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong\n{}", wrong.len(), wrong.join("\n"));
}
