//! Android packages as the platform's own tools build them: `aapt` and `aapt2`, from configurations written here. The
//! same configuration, read as source and out of each package, has to say the same.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pinstead::pins::formats;
use pinstead::pins::{EnforcementMode, PinFile, PinSource, ProblemKind, Reading};
use pinstead::x509::SpkiSha256;

/// What packages are built against.
const FRAMEWORK: &str = "/usr/share/android-framework-res/framework-res.apk";

/// A folder with the sources of an app.
struct App {
    folder: tempfile::TempDir,
    source: String,
}

fn configuration(word: &str) -> String {
    let key = |word: &str| SpkiSha256::of(word.as_bytes());
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<!-- of our own -->
<network-security-config>
    <domain-config cleartextTrafficPermitted="false">
        <domain includeSubdomains="true">Shop.example</domain>
        <domain>
            müller.example
        </domain>
        <pin-set expiration="2031-02-03">
            <pin digest="SHA-256">{}</pin>
            <pin digest="sha-256">
                {}
            </pin>
        </pin-set>
        <domain-config>
            <domain>open.shop.example</domain>
            <pin-set/>
            <trust-anchors><certificates src="@raw/anchor" overridePins="true"/></trust-anchors>
        </domain-config>
    </domain-config>
    <debug-overrides>
        <trust-anchors><certificates src="user"/></trust-anchors>
    </debug-overrides>
</network-security-config>
"#,
        key(word),
        key("backup")
    )
}

impl App {
    fn new(debuggable: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let source = configuration("first");
        write("res/xml/pins.xml", &source);
        write("res/xml-v26/pins.xml", &configuration("later"));
        write("res/xml/other.xml", "<other/>");
        write("res/raw/anchor.txt", "an anchor");
        write("res/values/values.xml", "<resources><bool name='debug'>true</bool></resources>");
        write(
            "AndroidManifest.xml",
            &format!(
                r#"<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="app.example">
    <uses-sdk android:minSdkVersion="21" android:targetSdkVersion="26"/>
    <application android:networkSecurityConfig="@xml/pins"{}/>
</manifest>"#,
                if debuggable { " android:debuggable=\"@bool/debug\"" } else { "" }
            ),
        );
        Self { folder, source }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn output(&self, tool: &str, arguments: &[&str]) -> Output {
        Command::new(tool)
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap_or_else(|error| panic!("{tool} (package aapt) is needed: {error}"))
    }

    fn run(&self, tool: &str, arguments: &[&str]) {
        let output = self.output(tool, arguments);
        assert!(
            output.status.success(),
            "{tool} {arguments:?}: {}\n(android-framework-res is needed)",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn aapt(&self) -> Vec<PinFile> {
        self.run(
            "aapt",
            &["package", "-f", "-M", "AndroidManifest.xml", "-S", "res", "-I", FRAMEWORK, "-F", "app.apk"],
        );
        read(&self.path("app.apk"))
    }

    fn link(&self, options: &[&str]) {
        self.run("aapt2", &["compile", "--dir", "res", "-o", "compiled.zip"]);
        let arguments =
            ["link", "-I", FRAMEWORK, "--manifest", "AndroidManifest.xml", "-o", "app.apk", "compiled.zip"];
        self.run("aapt2", &[&arguments[..], options].concat());
    }

    fn aapt2(&self, options: &[&str]) -> Vec<PinFile> {
        self.link(options);
        read(&self.path("app.apk"))
    }
}

fn read(path: &Path) -> Vec<PinFile> {
    formats::read("app", &std::fs::read(path).unwrap())
}

fn source(file: &PinFile) -> &PinSource {
    match &file.reading {
        Reading::Read(source) => source,
        other => panic!("{}: {other:?}", file.file),
    }
}

/// Checks that a package has both variants, and that the first says what its source does.
fn check(files: &[PinFile], app: &App, with_lines: bool) {
    let levels: Vec<Option<u32>> =
        files.iter().map(|file| source(file).app.as_ref().unwrap().from_sdk).collect();
    assert_eq!(levels, [None, Some(26)], "{files:?}");
    let written = formats::read("pins.xml", app.source.as_bytes());
    let written = source(&written[0]);
    let mut packed = source(&files[0]).clone();
    let context = packed.app.take().unwrap();
    assert_eq!(context.identifier.as_deref(), Some("app.example"));
    assert_eq!((context.min_sdk, context.target_sdk), (Some(21), Some(26)));
    assert_eq!(context.debuggable, Some(false));
    let mut expected = written.clone();
    for source in [&mut expected, &mut packed] {
        for problem in &mut source.problems {
            // A reference may have a number where the source has a name.
            problem.what = problem.what.split('@').next().unwrap().to_owned();
            problem.line = problem.line.filter(|_| with_lines);
        }
        for entry in &mut source.entries {
            entry.line = entry.line.filter(|_| with_lines);
            for pin in &mut entry.pins {
                pin.line = pin.line.filter(|_| with_lines);
            }
        }
    }
    assert_eq!(packed, expected);
    assert_eq!(packed.entries.len(), 3);
    let later = source(&files[1]);
    assert_eq!(later.entries[0].pins[0].spki(), Some(&SpkiSha256::of(b"later")));
}

#[test]
fn what_aapt_builds_says_what_its_source_says() {
    let app = App::new(false);
    check(&app.aapt(), &app, true);
}

#[test]
fn what_aapt2_builds_says_what_its_source_says() {
    let app = App::new(false);
    for options in [&[][..], &["--enable-sparse-encoding"], &["--no-auto-version"]] {
        check(&app.aapt2(options), &app, true);
    }
    // Versions of the tool differ in what they call it.
    let shortened = ["--shorten-resource-paths", "--enable-resource-path-shortening"].iter().any(|option| {
        app.output("aapt2", &["optimize", option, "-o", "short.apk", "app.apk"]).status.success()
    });
    assert!(shortened, "aapt2 does not shorten the paths of resources");
    let files = read(&app.path("short.apk"));
    assert!(!files[0].file.contains("pins.xml"), "{}", files[0].file);
    check(&files, &app, true);
}

/// A bundle whose modules are packages in protocol buffers.
fn bundle(modules: &[(&str, &Path)]) -> Vec<u8> {
    let mut bundle = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (module, package) in modules {
        let octets = std::fs::read(package).unwrap();
        let mut built = zip::ZipArchive::new(Cursor::new(octets)).unwrap();
        for index in 0..built.len() {
            let mut file = built.by_index(index).unwrap();
            let name = file.name().unwrap().into_owned();
            let name = if name == "AndroidManifest.xml" { format!("manifest/{name}") } else { name };
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            bundle.start_file(format!("{module}/{name}"), zip::write::SimpleFileOptions::default()).unwrap();
            bundle.write_all(&content).unwrap();
        }
    }
    bundle.finish().unwrap().into_inner()
}

#[test]
fn a_bundle_says_what_its_source_says() {
    let app = App::new(false);
    app.link(&["--proto-format"]);
    let octets = bundle(&[("base", &app.path("app.apk"))]);
    check(&formats::read("app.aab", &octets), &app, true);
}

/// The names of files need not tell which resource they are: the table does.
#[test]
fn a_bundle_of_files_with_other_names_says_what_its_source_says() {
    let app = App::new(false);
    app.link(&[]);
    let shortened = ["--shorten-resource-paths", "--enable-resource-path-shortening"].iter().any(|option| {
        app.output("aapt2", &["optimize", option, "-o", "short.apk", "app.apk"]).status.success()
    });
    assert!(shortened, "aapt2 does not shorten the paths of resources");
    app.run("aapt2", &["convert", "--output-format", "proto", "-o", "proto.apk", "short.apk"]);
    let files = formats::read("app.aab", &bundle(&[("base", &app.path("proto.apk"))]));
    assert!(!files[0].file.contains("pins.xml"), "{}", files[0].file);
    check(&files, &app, false);
}

#[test]
fn values_in_the_table_of_a_bundle_count() {
    let app = App::new(true);
    app.link(&["--proto-format"]);
    let files = formats::read("app.aab", &bundle(&[("base", &app.path("app.apk"))]));
    let source = source(&files[0]);
    assert_eq!(source.app.as_ref().unwrap().debuggable, Some(true));
    assert!(source.problems.iter().any(|problem| problem.kind == ProblemKind::DebugInRelease));
}

#[test]
fn the_configuration_of_a_feature_is_read_and_has_no_effect() {
    let app = App::new(false);
    app.link(&["--proto-format"]);
    let package = app.path("app.apk");
    let files = formats::read("app.aab", &bundle(&[("feature", &package), ("base", &package)]));
    let (base, feature): (Vec<PinFile>, Vec<PinFile>) =
        files.into_iter().partition(|file| file.file.contains("!/base/"));
    check(&base, &app, true);
    assert_eq!(feature.len(), 2);
    for file in &feature {
        assert!(file.file.contains("!/feature/res/xml"), "{}", file.file);
        let source = source(file);
        assert!(source.entries.iter().all(|entry| entry.enforcement.mode == EnforcementMode::No));
        assert!(source.problems.iter().any(|problem| problem.kind == ProblemKind::NoEffect));
    }
}

#[test]
fn a_debuggable_app_has_its_overrides() {
    for files in [App::new(true).aapt(), App::new(true).aapt2(&[])] {
        let source = source(&files[0]);
        assert_eq!(source.app.as_ref().unwrap().debuggable, Some(true));
        assert!(source.problems.iter().any(|problem| problem.kind == ProblemKind::DebugInRelease));
        assert!(source.entries[0].overridden_for_user_anchors);
    }
}
