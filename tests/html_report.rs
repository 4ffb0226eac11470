//! The HTML report in a browser: narrow and wide, light and dark, with every fold opened.
//!
//! Needs chromium, node, npm and openssl. `tests/html/look.mjs` opens the pages and says what is wrong with them.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::fs;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use pinstead::demo::authority::LeafRequest;
use pinstead::demo::ct::{SctPlan, issue};
use pinstead::demo::world::{LEGACY, SHOP};
use tempfile::TempDir;
use world::{Running, pinstead, run, text};

/// A name that is markup wherever somebody forgets to escape it.
const HOSTILE: &str = "</code><img src=x onerror=alert(1)><script>alert(1)<!--";

/// A page that wants to be looked at.
struct Pages {
    folder: TempDir,
    running: Running,
}

impl Pages {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the report of a command to a page.
    fn write(&self, name: &str, command: &str, arguments: &[String], codes: &[i32]) {
        let page = self.path(name);
        let more = ["--format", "html", "--output", page.to_str().unwrap()];
        let written = pinstead().arg(command).args(arguments).args(more).output().unwrap();
        let code = written.status.code().unwrap();
        assert!(codes.contains(&code), "{name}: {code}: {}", String::from_utf8_lossy(&written.stderr));
    }

    /// A certificate with these names, and whoever is named as its subject.
    fn certificate(&self, file: &str, common_name: &str, names: &[String]) -> String {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut request = rcgen::CertificateParams::new(names.to_vec()).unwrap();
        request.distinguished_name.push(rcgen::DnType::CommonName, common_name);
        let path = self.path(file);
        fs::write(&path, request.self_signed(&key).unwrap().pem()).unwrap();
        path.display().to_string()
    }

    /// What was issued for the shop: three certificates of a CA that nobody expects, then the one in use.
    fn history(&self) -> String {
        let (world, folder) = (&self.running.world, self.path("history"));
        fs::create_dir(&folder).unwrap();
        let cas = &world.cas;
        for (name, ca) in [("root", &cas.root), ("expected", &cas.expected), ("careless", &cas.careless)] {
            fs::write(folder.join(format!("{name}.pem")), ca.to_pem()).unwrap();
        }
        for days in [210, 150, 90] {
            let not_before = world.now - SignedDuration::from_hours(days * 24);
            let not_after = not_before + SignedDuration::from_hours(90 * 24);
            let request =
                LeafRequest { not_before, not_after, ..LeafRequest::new(&[SHOP], world.now).unwrap() };
            let leaf = issue(&cas.careless, &request, &SctPlan::default()).unwrap().to_pem();
            fs::write(folder.join(format!("{days}.pem")), leaf).unwrap();
        }
        fs::write(folder.join("now.pem"), world.shop.leaf.to_pem()).unwrap();
        folder.display().to_string()
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Writes a report of every shape, and says where they are.
fn written(pages: &Pages) -> Vec<PathBuf> {
    let world = &pages.running.world;
    pages.write("pass.html", "check", &world.whole_check_arguments(&[SHOP]), &[0]);
    pages.write("fail.html", "check", &world.whole_check_arguments(&[SHOP, LEGACY]), &[1]);
    pages.write("undetermined.html", "check", &words(&["gone.invalid", "--resolver", "127.0.0.1:9"]), &[3]);

    let chain = world.shop.chain_file.display().to_string();
    let broken = pages.path("none.pem");
    fs::write(&broken, "no certificate").unwrap();
    let list: Vec<String> = (0..200)
        .map(|number| if number % 8 == 0 { broken.display().to_string() } else { chain.clone() })
        .collect();
    let targets = pages.path("targets.txt");
    fs::write(&targets, list.join("\n")).unwrap();
    let roots = world.files.roots.display().to_string();
    let many = words(&[
        "--targets",
        targets.to_str().unwrap(),
        "--offline",
        "--only",
        "ct",
        "--roots",
        &roots,
        "--fail-on",
        "none",
    ]);
    pages.write("many.html", "check", &many, &[2]);

    let pins = pages.path(&format!("{}.xml", HOSTILE.replace('/', "∕")));
    fs::write(&pins, include_str!("../fixtures/pins/android_mistakes.xml")).unwrap();
    let hostile = pages.certificate("hostile.pem", HOSTILE, &["a.example".to_owned()]);
    let arguments = words(&[&hostile, "--offline", "--fail-on", "none", "--pins", pins.to_str().unwrap()]);
    pages.write("hostile.html", "check", &arguments, &[0, 3]);

    let label = "long-".repeat(12);
    let names: Vec<String> =
        (0..120).map(|number| format!("{label}{number}.{label}x.{label}y.example")).collect();
    let long = pages.certificate("long.pem", &"W".repeat(1500), &names);
    pages.write("long.html", "check", &words(&[&long, "--offline", "--fail-on", "none"]), &[0, 3]);

    let mut compared = world.check_arguments(&[SHOP]);
    compared.extend(words(&["--history", &pages.history(), "--fail-on", "none"]));
    pages.write("replay.html", "compare", &compared, &[0]);
    let fleet = world.check_arguments(&[SHOP, LEGACY]);
    let stated = words(&[
        "--client",
        "browser,android:36,ios,server,mail",
        "--require",
        "removed",
        "--fail-on",
        "none",
    ]);
    // Whether a step of `--require` fails a run that no finding fails is tried elsewhere.
    pages.write("compared.html", "compare", &[fleet, stated].concat(), &[0, 1, 3]);
    let alone = words(&["shop.example", "--offline", "--fail-on", "none"]);
    pages.write("unknown.html", "compare", &alone, &[0, 3]);
    pages.write("pins.html", "pins", &words(&["fixtures/pins/android_mistakes.xml"]), &[1]);

    let names =
        ["pass", "fail", "undetermined", "many", "hostile", "long", "replay", "compared", "unknown", "pins"];
    names.iter().map(|name| pages.path(&format!("{name}.html"))).collect()
}

#[test]
fn every_shape_can_be_read_by_everybody() {
    let pages = Pages { folder: tempfile::tempdir().unwrap(), running: Running::start() };
    let written = written(&pages);
    let replay = fs::read_to_string(pages.path("replay.html")).unwrap();
    assert!(replay.contains("<svg class=\"timeline\""), "the replay is drawn");
    let hostile = fs::read_to_string(pages.path("hostile.html")).unwrap();
    assert!(hostile.contains("&lt;img") && !hostile.contains("<img"), "what comes from outside is text");

    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fetched = run(root.join("tests/html/fetch").to_str().unwrap(), &[]);
    assert!(fetched.status.success(), "axe-core is fetched: {}", text(&fetched));
    let axe = root.join("target/npm/axe-4.14.1.min.js");
    let look = root.join("tests/html/look.mjs");
    let folder = pages.folder.path();
    let mut arguments =
        vec![look.to_str().unwrap(), "chromium", axe.to_str().unwrap(), folder.to_str().unwrap()];
    arguments.extend(written.iter().map(|page| page.to_str().unwrap()));
    let looked = run("node", &arguments);
    let said = String::from_utf8(looked.stdout.clone()).expect("the script writes text");
    assert!(
        looked.status.success() && said.contains("10 pages looked at, 0 problems"),
        "{said}{}",
        text(&looked)
    );
}
