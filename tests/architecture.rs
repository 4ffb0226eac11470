//! The architecture, enforced: who may use what, and that rules, pages and folders are as promised.
//!
//! What stands in `docs/ARCHITECTURE.md` is checked here on the source itself. Code under `#[cfg(test)]` is left
//! out: tests may read fixtures.

#![allow(clippy::unwrap_used, reason = "a tree that cannot be read is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pinstead::rules;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The modules that judge and render: plain functions of evidence, without network, files or clock.
const PURE: [&str; 9] = ["x509", "ct", "caa", "ca", "issuance", "pins", "compare", "rules", "report"];

/// What a pure module must not use: I/O, and the parts of the crate that do it.
const IMPURE: [&str; 14] = [
    "tokio",
    "tokio_openssl",
    "reqwest",
    "hickory_resolver",
    "hickory_proto",
    "openssl",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::io::stdin",
    "std::io::stdout",
    "crate::observe",
    "crate::cli",
];

/// Which module must not use which: data flows one way, and judges do not know one another.
const ONE_WAY: [(&str, &[&str]); 8] = [
    ("evidence", &["observe", "cli", "x509", "ct", "caa", "issuance", "pins", "compare", "rules", "report"]),
    ("observe", &["cli", "compare", "rules", "report"]),
    ("x509", &["ct", "caa", "ca", "issuance", "pins", "compare", "rules", "report"]),
    ("ct", &["caa", "issuance", "pins", "compare", "rules", "report"]),
    ("caa", &["ct", "issuance", "pins", "compare", "rules", "report"]),
    // What logs hold is a form of octets; what is judged of it is not for `issuance`.
    (
        "issuance",
        &[
            "ct::inclusion",
            "ct::judge",
            "ct::policy",
            "ct::verdict",
            "ct::verify",
            "caa",
            "pins",
            "compare",
            "rules",
            "report",
        ],
    ),
    ("pins", &["ct", "caa", "issuance", "compare", "rules", "report"]),
    ("rules", &["report"]),
];

/// The longest a source file may be, in lines.
const LONGEST: usize = 500;

#[test]
fn judging_modules_do_no_io() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| PURE.contains(&source.top())) {
        for path in source.paths() {
            if path == "crate::*" || IMPURE.iter().any(|banned| is_under(&path, banned)) {
                broken.push(format!("{} uses {path}", source.file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "judging is plain functions of evidence:\n{}", broken.join("\n"));
}

#[test]
fn data_flows_one_way() {
    let mut broken = Vec::new();
    for source in sources() {
        let Some((_, banned)) = ONE_WAY.iter().find(|(module, _)| *module == source.top()) else { continue };
        for path in source.paths() {
            if banned.iter().any(|module| is_under(&path, &format!("crate::{module}"))) {
                broken.push(format!("{} uses {path}", source.file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "see docs/ARCHITECTURE.md for who may use whom:\n{}", broken.join("\n"));
}

#[test]
fn the_reader_of_paths_sees_what_it_should() {
    let source = Source {
        file: "src/caa/climb.rs".into(),
        text: "use std::{fmt, fs::{self, File}};
               use super::super::observe::dns as d;
               /// std::net in prose, and \"std::env\" in text
               fn f() { let _ = \"std::process\"; g!(::tokio::spawn(x)); crate::cli::main(); }
               #[cfg(test)] mod tests { use std::process; }
               #[cfg(test)] use std::env;"
            .into(),
    };
    let paths = source.paths();
    for expected in
        ["std::fs", "std::fs::File", "crate::observe::dns", "tokio::spawn", "crate::cli::main", "std::fmt"]
    {
        assert!(paths.iter().any(|path| path == expected), "{expected} in {paths:?}");
    }
    for absent in ["std::net", "std::env", "std::process"] {
        assert!(!paths.iter().any(|path| path == absent), "{absent} in {paths:?}");
    }
}

#[test]
fn files_are_short_and_folders_are_named_for_what_they_hold() {
    let mut broken: Vec<String> = sources()
        .iter()
        .filter(|source| source.text.lines().count() > LONGEST)
        .map(|source| format!("{} is longer than {LONGEST} lines", source.file.display()))
        .collect();
    for top in ["src", "tests", "benches", "fuzz/fuzz_targets"] {
        for file in files_below(&root().join(top)) {
            let inside = file.strip_prefix(root()).unwrap().with_extension("");
            let vague = ["utils", "util", "common", "helpers", "misc"];
            if inside.iter().any(|part| vague.iter().any(|name| part == *name)) {
                broken.push(format!("{} says nothing of what it holds", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_rule_is_complete() {
    let mut ids = BTreeSet::new();
    for rule in rules::all() {
        let digits = rule.id.trim_start_matches(|c: char| c.is_ascii_uppercase());
        let family = rule.id.len() - digits.len();
        assert!(
            (2..=6).contains(&family) && digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()),
            "{} is not a family in capitals and three digits",
            rule.id
        );
        assert!(ids.insert(rule.id), "{} is there twice", rule.id);
        for (what, text) in [
            ("title", rule.title),
            ("needs", rule.needs),
            ("explanation", rule.explanation),
            ("advice", rule.advice),
        ] {
            assert!(!text.trim().is_empty(), "{} has no {what}", rule.id);
            assert_eq!(text, text.trim(), "{}: blanks around its {what}", rule.id);
        }
        assert!(!rule.references.is_empty(), "{} names no source", rule.id);
        assert!(!rule.title.ends_with('.') && !rule.title.contains('\n'), "{}: a title is one line", rule.id);
        assert!(!rule.needs.ends_with('.'), "{}: “needs” is no sentence", rule.id);
    }
}

/// The pages are made from the rules: `PINSTEAD_BLESS=1 cargo test --test architecture` writes them.
#[test]
fn every_rule_has_its_page() {
    let folder = root().join("docs/rules");
    if is_blessing() {
        fs::create_dir_all(&folder).unwrap();
        for stale in files_below(&folder) {
            fs::remove_file(stale).unwrap();
        }
        for rule in rules::all() {
            fs::write(folder.join(format!("{}.md", rule.id)), rules::markdown(rule)).unwrap();
        }
    }
    let mut broken = Vec::new();
    for rule in rules::all() {
        match fs::read_to_string(folder.join(format!("{}.md", rule.id))) {
            Ok(page) if page == rules::markdown(rule) => {}
            Ok(_) => broken.push(format!("{}.md is not what the rule says", rule.id)),
            Err(error) => broken.push(format!("{}.md: {error}", rule.id)),
        }
    }
    let ids: BTreeSet<_> = rules::all().map(|rule| PathBuf::from(format!("{}.md", rule.id))).collect();
    for page in files_below(&folder) {
        if !ids.contains(page.strip_prefix(&folder).unwrap()) {
            broken.push(format!("{} belongs to no rule", page.display()));
        }
    }
    assert!(
        broken.is_empty(),
        "write the pages anew with PINSTEAD_BLESS=1 cargo test --test architecture:\n{}",
        broken.join("\n")
    );
}

/// A rule that no test names has no fixture that raises it.
#[test]
fn every_rule_is_named_in_a_test() {
    let mut tests: Vec<String> =
        files_below(&root().join("tests")).iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
    tests.extend(sources().into_iter().filter(Source::is_test).map(|source| source.text));
    tests.extend(
        sources()
            .iter()
            .filter_map(|source| source.text.split_once("#[cfg(test)]").map(|(_, tests)| tests.to_owned())),
    );
    let unnamed: Vec<&str> =
        rules::all().map(|rule| rule.id).filter(|id| !tests.iter().any(|test| test.contains(*id))).collect();
    assert!(unnamed.is_empty(), "no test names {}", unnamed.join(", "));
}

/// One source file of the crate.
struct Source {
    /// Its path, from the root of the repository.
    file: PathBuf,
    /// All of it.
    text: String,
}

impl Source {
    /// The top-level module it belongs to: `caa` for `src/caa/climb.rs` and `src/caa.rs`.
    fn top(&self) -> &str {
        let part = self.file.iter().nth(1).unwrap().to_str().unwrap();
        part.strip_suffix(".rs").unwrap_or(part)
    }

    /// Whether all of it is compiled for tests only.
    fn is_test(&self) -> bool {
        self.file.iter().any(|part| part == "tests.rs" || part == "tests")
    }

    /// The module it is, from the crate's root.
    fn module(&self) -> Vec<String> {
        let inside = self.file.strip_prefix("src").unwrap().with_extension("");
        let mut parts: Vec<String> = inside.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        if parts.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
            parts.pop();
        }
        parts
    }

    /// Every path in its code, `use` trees spelled out and `self` and `super` resolved.
    fn paths(&self) -> Vec<String> {
        if self.is_test() {
            return Vec::new();
        }
        let tokens: TokenStream = self.text.parse().unwrap();
        let mut paths = Vec::new();
        walk(tokens, &mut paths);
        paths.into_iter().map(|path| resolve(&self.module(), path).join("::")).collect()
    }
}

/// Collects the paths of a stream of tokens, those in its groups included.
fn walk(tokens: TokenStream, paths: &mut Vec<Vec<String>>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' && is_test_attribute(tokens.get(at + 1)) => {
                at = end_of_item(&tokens, at + 2);
                continue;
            }
            TokenTree::Ident(_) => {
                at = path_from(&tokens, at, &[], paths);
                continue;
            }
            TokenTree::Group(group) => walk(group.stream(), paths),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        at += 1;
    }
}

fn is_test_attribute(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.stream().to_string().replace(' ', "") == "cfg(test)")
}

/// The index after the item that begins at `at`: past its braces or its semicolon.
fn end_of_item(tokens: &[TokenTree], at: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    tokens.iter().skip(at).position(ends).map_or(tokens.len(), |offset| at + offset + 1)
}

/// Reads the path that begins at `at`, after `prefix`, with every branch of a `use` tree; gives where it ends.
fn path_from(tokens: &[TokenTree], mut at: usize, prefix: &[String], paths: &mut Vec<Vec<String>>) -> usize {
    let mut path = prefix.to_vec();
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => path.push(ident.to_string()),
            Some(TokenTree::Punct(punct)) if punct.as_char() == '*' => path.push("*".into()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let branches: Vec<TokenTree> = group.stream().into_iter().collect();
                let is_comma =
                    |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
                for branch in branches.split(is_comma).filter(|branch| !branch.is_empty()) {
                    path_from(branch, 0, &path, paths);
                }
                return at + 1;
            }
            _ => break,
        }
        at += 1;
        let is_colon = |index: usize| matches!(tokens.get(index), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        if !(is_colon(at) && is_colon(at + 1)) {
            break;
        }
        at += 2;
    }
    if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
        path.pop();
    }
    paths.push(path);
    at
}

/// A path from the crate's root where it begins with `self` or `super`.
fn resolve(module: &[String], path: Vec<String>) -> Vec<String> {
    let mut base: Vec<String> = std::iter::once("crate".to_owned()).chain(module.iter().cloned()).collect();
    let mut rest = path.as_slice();
    match rest {
        [first, after @ ..] if first == "self" => rest = after,
        [first, ..] if first == "super" => {
            while let [first, after @ ..] = rest {
                if first != "super" {
                    break;
                }
                base.pop();
                rest = after;
            }
        }
        _ => return path,
    }
    base.extend_from_slice(rest);
    base
}

/// Whether `path` is `above` or below it.
fn is_under(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    files_below(&root().join("src"))
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|file| Source {
            text: fs::read_to_string(&file).unwrap(),
            file: file.strip_prefix(root()).unwrap().to_owned(),
        })
        .collect()
}

/// Every file below a folder, sorted; none where there is no such folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[expect(clippy::disallowed_methods, reason = "how a developer asks for the pages to be written")]
fn is_blessing() -> bool {
    std::env::var("PINSTEAD_BLESS").is_ok_and(|value| value == "1")
}
