//! Exit codes of `pinstead pins`, and what it makes of what is left unsaid.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// SHA-256 of “leaf” and of “backup”, in base64.
const LEAF: &str = "n5EWH0NDPkmm3m22gNefYBWfLkrJFyYhoShGQoFYRAs=";
const BACKUP: &str = "VNANhndYzvgWvEaF9Y4ye5SXErB+vRfDSF8//J6fUTM=";

fn pins(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pinstead"))
        .current_dir(folder)
        .arg("pins")
        .args(arguments)
        .env_remove("CI")
        .output()
        .unwrap()
}

fn code(folder: &Path, arguments: &[&str]) -> i32 {
    pins(folder, arguments).status.code().unwrap()
}

/// All that it wrote, in one line.
fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8(text).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

#[test]
fn the_gate_sees_what_is_undetermined_whatever_is_asked() {
    // A pinner that no client is seen to use, pins that match nothing that is asked, and nothing at all.
    let pinner = format!(
        "val pinner = CertificatePinner.Builder()\n.add(\"shop.example\", \"sha256/{LEAF}\", \"sha256/{BACKUP}\").build()\n"
    );
    let config = format!(
        "<network-security-config><domain-config><domain>shop.example</domain><pin-set expiration=\"2099-01-01\">\
         <pin digest=\"SHA-256\">{LEAF}</pin><pin digest=\"SHA-256\">{BACKUP}</pin></pin-set></domain-config>\
         </network-security-config>"
    );
    let root = folder(&[
        ("Pinner.kt", &pinner),
        ("nsc.xml", &config),
        ("plain.xml", "<network-security-config/>"),
        ("docs/README.txt", "nothing of the kind"),
    ]);
    let strict = "--fail-on-undetermined=true";
    for (file, by_host, strictly, loosely) in [
        ("Pinner.kt", 3, 3, 0),
        // A folder in which nothing is found tells as little as a file that cannot be judged.
        ("docs", 3, 3, 0),
        ("nsc.xml", 0, 0, 0),
        // That nothing is pinned is an answer.
        ("plain.xml", 0, 0, 0),
    ] {
        let run = |more: &[&str]| code(root.path(), &[&[file], more].concat());
        assert_eq!(run(&[strict]), strictly, "{file}");
        assert_eq!(run(&[]), loosely, "{file}");
        assert_eq!(run(&["--host", "shop.example", strict]), by_host, "{file}");
        assert_eq!(run(&["--host", "shop.example"]), by_host, "{file}");
        let in_ci = Command::new(env!("CARGO_BIN_EXE_pinstead"))
            .current_dir(root.path())
            .args(["pins", file])
            .env("CI", "true")
            .output()
            .unwrap();
        assert_eq!(in_ci.status.code(), Some(strictly), "{file}: {}", said(&in_ci));
    }
}

#[test]
fn an_input_file_that_cannot_be_used_is_one_exit_code() {
    let table = "hosts = [\"shop.example\"]\n";
    let root = folder(&[
        ("a/pins.toml", &format!("[[pin]]\n{table}{table}")),
        ("b/pins.toml", &format!("version = 1\n[[pin]\n{table}")),
        ("c/pins.toml", "[[pin]]\nhosts = ["),
        (
            "good/pins.toml",
            &format!("version = 1\n[[pin]]\n{table}pins = [\"sha256/{LEAF}\", \"sha256/{BACKUP}\"]\n"),
        ),
    ]);
    for name in ["a/pins.toml", "b/pins.toml", "c/pins.toml", "none/pins.toml"] {
        let output = pins(root.path(), &[name]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", said(&output));
        assert!(said(&output).contains("PIN006"), "{name}: {}", said(&output));
    }
    assert_eq!(code(root.path(), &["good/pins.toml"]), 0);
    // Beside another that can be used, it is a finding.
    assert_eq!(code(root.path(), &["good/pins.toml", "b/pins.toml"]), 1);
}

#[test]
fn a_list_that_is_mistyped_is_guessed() {
    let root = folder(&[]);
    for typed in [format!("sha256/{LEAF}"), format!("pin-sha256=\"{LEAF}\"")] {
        let output = pins(root.path(), &[&typed]);
        assert_eq!(output.status.code(), Some(2));
        let wanted = format!("did you mean sha256//{LEAF}");
        assert!(said(&output).replace(' ', "").contains(&wanted.replace(' ', "")), "{}", said(&output));
    }
}

#[test]
fn a_chain_says_which_host_it_is_for() {
    let root = folder(&[
        ("list.txt", &format!("sha256//{LEAF};sha256//{BACKUP}\n")),
        (
            "two.toml",
            &format!("[[pin]]\nhosts = [\"a.example\", \"b.example\"]\npins = [\"sha256/{LEAF}\"]\n"),
        ),
        ("b.toml", &format!("[[pin]]\nhosts = [\"b.example\"]\npins = [\"sha256/{LEAF}\"]\n")),
        ("below.toml", &format!("[[pin]]\nhosts = [\"x.c.example\"]\npins = [\"sha256/{LEAF}\"]\n")),
    ]);
    let make = |name: &str, names: &str| {
        let script = format!(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out {name} -days 30 \
             -subj /CN=test -addext subjectAltName={names} 2>/dev/null"
        );
        let made = Command::new("sh").args(["-c", &script]).current_dir(root.path()).status().unwrap();
        assert!(made.success());
    };
    make("one.pem", "DNS:b.example");
    make("two.pem", "DNS:a.example,DNS:b.example");
    make("star.pem", "DNS:*.c.example");
    for (file, chain, expected) in [
        ("list.txt", "one.pem", Ok("b.example:")),
        ("two.toml", "one.pem", Ok("b.example:")),
        // Of several names, the one that is pinned; for a list without hosts, each would do.
        ("b.toml", "two.pem", Ok("b.example:")),
        ("list.txt", "two.pem", Ok("a.example:")),
        ("below.toml", "star.pem", Ok("x.c.example:")),
        ("two.toml", "two.pem", Err("for several (a.example, b.example)")),
        ("list.txt", "star.pem", Err("names no host")),
    ] {
        let output = pins(root.path(), &[file, "--chain", chain, "--roots", chain]);
        let said = said(&output);
        match expected {
            Ok(host) => assert!(said.starts_with(host), "{file} {chain}: {said}"),
            Err(why) => {
                assert_eq!(output.status.code(), Some(2), "{file} {chain}: {said}");
                assert!(said.contains("needs --host") && said.contains(why), "{file} {chain}: {said}");
            }
        }
    }
}

/// What is not known of one file stays open, whatever another one says.
#[test]
fn check_passes_over_no_file_that_was_read_in_part() {
    let part = format!(
        "val pinner = CertificatePinner.Builder().add(\"shop.example\", Config.PIN, \"sha256/{LEAF}\").build()\n\
         val client = OkHttpClient.Builder().certificatePinner(pinner).build()\n"
    );
    let whole =
        format!("[[pin]]\nhosts = [\"shop.example\"]\npins = [\"sha256/{LEAF}\", \"sha256/{BACKUP}\"]\n");
    let root = folder(&[("part.kt", &part), ("pins.toml", &whole)]);
    let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out shop.pem \
                  -days 30 -subj /CN=test -addext subjectAltName=DNS:shop.example 2>/dev/null";
    assert!(Command::new("sh").args(["-c", script]).current_dir(root.path()).status().unwrap().success());
    let check = |files: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_pinstead"))
            .current_dir(root.path())
            .args(["check", "shop.pem", "--fail-on", "none", "--offline", "--roots", "shop.pem"])
            .args(files.iter().flat_map(|file| ["--pins", file]))
            .env_remove("CI")
            .output()
            .unwrap();
        (output.status.code(), said(&output))
    };
    let (alone, both) = (check(&["pins.toml"]), check(&["pins.toml", "part.kt"]));
    assert!(!alone.1.contains("part.kt"), "{}", alone.1);
    let told = both.1.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("Not determined: the whole of the pins of part.kt"), "{told}");
    assert_eq!(both.0, Some(3));
}

#[test]
fn check_passes_over_no_folder_without_pins() {
    let root = folder(&[("docs/README.txt", "nothing of the kind")]);
    let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out shop.pem \
                  -days 30 -subj /CN=test -addext subjectAltName=DNS:shop.example 2>/dev/null";
    assert!(Command::new("sh").args(["-c", script]).current_dir(root.path()).status().unwrap().success());
    let check = |target: &str, more: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_pinstead"))
            .current_dir(root.path())
            .args(["check", target, "--fail-on", "none"])
            .args(more)
            .env_remove("CI")
            .output()
            .unwrap()
    };
    let plain = ["--offline", "--save-evidence", "plain.json"];
    let without = check("shop.pem", &plain);
    let with = check("shop.pem", &["--offline", "--pins", "docs", "--save-evidence", "seen.json"]);
    assert!(said(&with).contains("no file in docs has pins"), "{}", said(&with));
    assert_eq!((without.status.code(), with.status.code()), (Some(0), Some(3)), "{}", said(&without));
    // Judged again, it is the same; and what is named later counts.
    assert_eq!(check("seen.json", &[]).status.code(), Some(3));
    assert_eq!(check("plain.json", &["--pins", "docs"]).status.code(), Some(3));
}

/// The last step of the way off pinning can be passed by who pinned in code, or names a folder: read files that have no pins
/// any more are done; what was not read, or is not there, is not known.
#[test]
fn pins_that_were_removed_are_done_wherever_they_were() {
    const KEY: &str = "C5+lpZ7tcVwmwQIMcRtPbsQtWLABXhQzejna0wHFr8M=";
    let code = |pins: &str| format!("package x\n\nval client = OkHttpClient.Builder(){pins}.build()\n");
    let pins = format!(
        ".certificatePinner(CertificatePinner.Builder().add(\"shop.example\", \"sha256/{KEY}\").build())"
    );
    let config = |pins: &str| {
        format!(
            "<network-security-config><domain-config><domain>shop.example</domain>{pins}</domain-config>\
             </network-security-config>"
        )
    };
    let set = format!("<pin-set><pin digest=\"SHA-256\">{KEY}</pin></pin-set>");
    let (before, after) = (code(&pins), code(""));
    let (set, without) = (config(&set), config(""));
    let trusts = "package x\n\nfun checkServerTrusted(chain: Array<X509Certificate>) { compare(chain) }\n";
    let root = folder(&[
        ("code/Net.kt", before.as_str()),
        ("code/build.gradle", "plugins { id 'com.android.application' }"),
        ("done/Net.kt", after.as_str()),
        ("done/build.gradle", "plugins { id 'com.android.application' }"),
        ("set/src/main/res/xml/nsc.xml", set.as_str()),
        ("unset/src/main/res/xml/nsc.xml", without.as_str()),
        ("other/Trust.kt", trusts),
        ("docs/README.txt", "nothing of the kind"),
        ("wrong/picture.png", "nothing of the kind"),
    ]);
    let removed = |pins: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_pinstead"))
            .current_dir(root.path())
            .args(["compare", "shop.example", "--offline", "--pins"])
            .args(pins)
            .args(["--require", "removed", "--fail-on", "none", "--fail-on-undetermined=false"])
            .args(["--save-evidence", "seen.json"])
            .env("CI", "true")
            .output()
            .unwrap();
        output.status.code()
    };
    for (pins, code) in [
        (&["code"][..], Some(1)),
        (&["done"], Some(0)),
        (&["code/Net.kt"], Some(1)),
        (&["done/Net.kt"], Some(0)),
        (&["done/Net.kt", "unset"], Some(0)),
        (&["set"], Some(1)),
        (&["unset"], Some(0)),
        (&["done", "unset"], Some(0)),
        (&["done", "code"], Some(1)),
        // Not there; it compares certificates itself; nothing was opened; of no form that is read.
        (&["done/Gone.kt"], Some(3)),
        (&["done/Net.kt", "done/Gone.kt"], Some(3)),
        (&["other"], Some(3)),
        (&["other/Trust.kt"], Some(3)),
        (&["wrong"], Some(3)),
        (&["done", "wrong"], Some(3)),
        (&["docs/README.txt"], Some(3)),
    ] {
        assert_eq!(removed(pins), code, "{pins:?}");
    }
}

/// Apps without pins, of which something is not read, and ordinary ones.
fn apps_that_are_read_in_part() -> TempDir {
    const KEY: &str = "C5+lpZ7tcVwmwQIMcRtPbsQtWLABXhQzejna0wHFr8M=";
    let pinned = format!(
        "<network-security-config><domain-config><domain>shop.example</domain><pin-set><pin digest=\"SHA-256\">{KEY}</pin>\
         </pin-set></domain-config></network-security-config>"
    );
    let empty = "<network-security-config/>";
    let plain = "package x\n\nval client = OkHttpClient.Builder().build()\n";
    let compares = "package x\n\nfun f(c: Connection) {\n  val der = c.handshake()!!.peerCertificates[0].encoded\n  if (sha(der) != want) throw Bad()\n}\n";
    let node = "const id = tls.checkServerIdentity(host, cert);\n";
    let root = folder(&[
        ("code/src/Net.kt", compares),
        ("both/Net.kt", compares),
        ("both/nsc.xml", empty),
        ("native/Net.kt", plain),
        ("native/net.c", "X509 *c = SSL_get1_peer_certificate(ssl);\n"),
        ("lib/Net.kt", plain),
        ("lib/libs/pins.aar", "PK\u{3}\u{4}\0"),
        ("ios/App.swift", "let session = URLSession.shared\n"),
        ("ios/V.xcframework/ios-arm64/V.framework/V", "\u{7f}ELF\0"),
        ("injected/Net.kt", "val c = OkHttpClient.Builder().certificatePinner(pinner).build()\n"),
        ("unity/Net.cs", "class P : CertificateHandler { }\n"),
        ("ordinary/Net.kt", plain),
        ("ordinary/bin/run", "#!/bin/sh\ncurl -fsS \"$URL\"\n"),
        ("ordinary/node_modules/x/tool", "\u{7f}ELF\0"),
        ("ordinary/build/tool", "\u{7f}ELF\0"),
        ("ordinary/gradle/wrapper/gradle-wrapper.jar", "PK\u{3}\u{4}\0"),
        ("ordinary/.gitignore", "/local.json\n/build/\n/node_modules/\n"),
        ("ordinary/local.json", "{}"),
        ("ordinary/build/generated/A.kt", plain),
        ("ordinary/node_modules/x/i.js", node),
        ("ordinary/build/node_modules/x/i.js", node),
        ("ordinary/src/test/java/A.java", "session.getPeerCertificates();"),
        ("ignored/Net.kt", plain),
        ("ignored/.gitignore", "nsc.xml\n"),
        ("ignored/nsc.xml", &pinned),
        ("made/Net.kt", plain),
        ("made/src/main/java/com/example/build/Net.kt", compares),
        ("dist/Net.kt", plain),
        ("dist/.gitignore", "dist/\n"),
        ("dist/dist/nsc.xml", &pinned),
        ("linked/Net.kt", plain),
        ("within/Net.kt", plain),
        ("elsewhere/nsc.xml", &pinned),
        ("elsewhere/README.md", "nothing of the kind"),
        ("empty/README.md", "nothing of the kind"),
        (
            "stated/pinstead.toml",
            "[compare]\nwithout_pins = [\"../code/src\", \"../lib/libs\", \"../both/Net.kt\"]\n",
        ),
    ]);
    #[cfg(unix)]
    for (to, link) in [
        ("../elsewhere/nsc.xml", "linked/nsc.xml"),
        ("../elsewhere", "linked/res"),
        // Nothing is lost by these.
        ("Net.kt", "within/Again.kt"),
        (".", "within/loop"),
        ("../elsewhere/README.md", "within/README.md"),
    ] {
        std::os::unix::fs::symlink(to, root.path().join(link)).unwrap();
    }
    root
}

/// Whether pins are gone is known only where everything was read in a form that is read here, and no code looks at certificates
/// itself; whoever has read such code can say so.
#[test]
fn pins_are_not_gone_where_something_was_not_read() {
    let root = apps_that_are_read_in_part();
    let removed = |pins: &[&str], policy: bool| {
        let output = Command::new(env!("CARGO_BIN_EXE_pinstead"))
            .current_dir(root.path())
            .args(["compare", "shop.example", "--offline", "--pins"])
            .args(pins)
            .args(["--require", "removed", "--fail-on", "none", "--fail-on-undetermined=false"])
            .args(if policy { &["--policy", "stated/pinstead.toml"][..] } else { &[] })
            .args(["--save-evidence", "seen.json"])
            .env("CI", "true")
            .output()
            .unwrap();
        let again = Command::new(env!("CARGO_BIN_EXE_pinstead"))
            .current_dir(root.path())
            .args(["compare", "seen.json", "--fail-on", "none", "--fail-on-undetermined=false"])
            .output()
            .unwrap();
        assert_eq!(again.status.code(), output.status.code(), "saved, {pins:?}");
        (output.status.code().unwrap(), said(&output))
    };
    let open = "it looks at certificates itself (peerCertificates)";
    for (pins, told) in [
        (&["code"][..], "code/src/Net.kt:4: it looks"),
        (&["code", "ordinary"], open),
        (&["code/src/Net.kt"], open),
        (&["both"], "both/Net.kt:4: it looks"),
        (&["native"], "native/net.c:1: it looks at certificates itself (SSL_get1_peer_certificate)"),
        (&["lib"], "lib/libs/pins.aar: it is compiled code"),
        (&["ios"], "ios/V.xcframework/ios-arm64/V.framework/V: it is compiled code"),
        (&["injected"], "injected/Net.kt:1: it looks at certificates itself (certificatePinner)"),
        (&["unity"], "unity/Net.cs:1: it looks"),
        (&["ignored"], "ignored/nsc.xml: .gitignore leaves it out"),
        (&["made"], "made/src/main/java/com/example/build/Net.kt: it stands in a folder that tools make"),
        (&["dist"], "dist/dist/nsc.xml:"),
        #[cfg(unix)]
        (&["linked"], "linked/nsc.xml: it is a link, and was not followed; linked/res: it is a link"),
        (&["empty"], "no file of empty has a form that is read here"),
        (&["empty", "both/nsc.xml"], "no file of empty has a form that is read here"),
        (&["gone.xml"], "if you removed it, name what had it"),
    ] {
        let (code, said) = removed(pins, false);
        assert_eq!((code, said.contains(told)), (3, true), "{pins:?}: {said}");
    }
    for (pins, policy, code) in [
        (&["ordinary"][..], false, 0),
        (&["within"], false, 0),
        // What was left out is named by itself, and read then.
        (&["ignored", "ignored/nsc.xml"], false, 1),
        #[cfg(unix)]
        (&["linked", "linked/nsc.xml", "./linked/res"], false, 1),
        // The owner has read it.
        (&["code"], true, 0),
        (&["code/src/Net.kt"], true, 0),
        (&["both"], true, 0),
        (&["lib", "code"], true, 0),
        (&["native"], true, 3),
        (&["ignored", "ignored/nsc.xml"], true, 1),
    ] {
        let (is, said) = removed(pins, policy);
        assert_eq!(is, code, "{pins:?}: {said}");
    }
    let said = removed(&["ordinary"], false).1;
    assert!(said.contains("not looked into is what tools fetch (ordinary/node_modules)"), "{said}");
    let said = removed(&["code"], true).1;
    assert!(said.contains("you state that there are no pins in code/src"), "{said}");
    // It is told where nobody asks for the gate, and changes nothing there.
    let told = |files: &[&str]| pins(root.path(), &[files, &["--host", "shop.example"]].concat());
    let (with, without) = (told(&["elsewhere/nsc.xml", "code"]), told(&["elsewhere/nsc.xml"]));
    assert_eq!(with.status.code(), without.status.code(), "{}", self::said(&with));
    assert!(self::said(&with).contains("Not read as pins: code/src/Net.kt:4"), "{}", self::said(&with));
    assert!(!self::said(&without).contains("Not read as pins"), "{}", self::said(&without));
}
