//! What is proposed, and that what is written is what our own readers read.

use proptest::prelude::*;

use super::*;
use crate::pins::formats::tests::only;
use crate::pins::matching::match_pin;
use crate::pins::{HostPattern, PositionRule, Reading};
use crate::x509::{CertificateSha256, Fingerprints};

fn key(name: &str) -> SpkiSha256 {
    SpkiSha256::of(name.as_bytes())
}

fn path() -> Vec<PathCertificate> {
    [(ChainPosition::Leaf, "leaf"), (ChainPosition::Intermediate, "inner"), (ChainPosition::Root, "root")]
        .map(|(position, name)| PathCertificate {
            position,
            spki_sha256: key(name),
            sha256: CertificateSha256::of(name.as_bytes()),
            subject: format!("CN={name}"),
            fingerprints: Fingerprints::default(),
        })
        .into()
}

fn root(name: &str, owner: &str) -> KnownRoot {
    KnownRoot { key: key(name), name: format!("CN={name}"), owner: Some(owner.to_owned()) }
}

fn own(name: &str) -> OwnKey {
    OwnKey { key: key(name), file: format!("{name}.pub") }
}

/// A proposal for `api.example.com`, whose server sends its leaf and the intermediate.
fn proposed_over(
    path: &[PathCertificate],
    level: Option<Level>,
    own_keys: &[OwnKey],
    backup_keys: &[OwnKey],
) -> Result<Proposal, NoProposal> {
    propose(&Material {
        host: "api.example.com",
        include_subdomains: false,
        path,
        served: &[key("leaf"), key("inner")],
        own_keys,
        backup_keys,
        level,
        roots: &[root("root", "Ours"), root("root 2", "Ours"), root("other", "Theirs")],
        further_roots: &[],
        backup_roots: &[],
        expires: None,
    })
}

fn proposed(level: Option<Level>, backup_keys: &[OwnKey]) -> Proposal {
    proposed_over(&path(), level, &[], backup_keys).unwrap()
}

fn keys(proposal: &Proposal) -> Vec<SpkiSha256> {
    proposal.pins.iter().map(|pin| pin.key).collect()
}

#[test]
fn a_public_ca_is_pinned_by_all_its_roots() {
    let proposal = proposed(None, &[]);
    assert_eq!(proposal.level, Level::Root);
    assert_eq!(keys(&proposal), [key("root"), key("root 2")]);
    assert!(proposal.matches_now() && !proposal.has_backup());
    assert!(proposal.warnings.iter().any(|warning| warning.contains("no backup")));
}

/// Those that the anchors do not have are pinned, too, and each once.
#[test]
fn further_roots_of_the_ca_are_pinned_as_well() {
    let path = path();
    let made = |level| {
        propose(&Material {
            host: "api.example.com",
            include_subdomains: false,
            path: &path,
            served: &[],
            own_keys: &[],
            backup_keys: &[],
            level,
            roots: &[root("root", "Ours")],
            further_roots: &[root("root", "Ours"), root("new root", "Ours"), root("cross", "Theirs")],
            backup_roots: &[],
            expires: None,
        })
        .unwrap()
    };
    let roots = made(None);
    assert_eq!(keys(&roots), [key("root"), key("new root"), key("cross")]);
    assert!(roots.pins[1].reason.contains("not all clients have yet"), "{:?}", roots.pins);
    assert!(roots.pins[2].reason.contains("other paths"), "{:?}", roots.pins);
    assert_eq!(keys(&made(Some(Level::Intermediate))), [key("inner")]);
}

#[test]
fn own_keys_come_first_and_a_backup_is_another_key() {
    let (used, spare) = ([own("leaf")], [own("spare")]);
    let proposal = proposed_over(&path(), None, &used, &spare).unwrap();
    assert_eq!((proposal.level, keys(&proposal)), (Level::OwnKey, vec![key("leaf"), key("spare")]));
    assert!(proposal.matches_now() && proposal.has_backup());
    let same = proposed_over(&path(), None, &used, &used);
    assert_eq!(same, Err(NoProposal::SameKey("leaf.pub".into())));
    let of_chain = proposed_over(&path(), None, &used, &[own("inner")]);
    assert_eq!(of_chain, Err(NoProposal::InUse("inner.pub".into())));
    let unused = proposed_over(&path(), None, &spare, &[]).unwrap();
    assert!(!unused.matches_now() && unused.warnings[0].contains("locked out"));
}

#[test]
fn each_level_says_what_speaks_against_it() {
    for (level, expected, word) in [
        (Level::Leaf, vec![key("leaf")], "Renewals"),
        (Level::Intermediate, vec![key("inner")], "at random"),
        (Level::Root, vec![key("root"), key("root 2")], "whatever that CA issues"),
    ] {
        let proposal = proposed(Some(level), &[]);
        assert_eq!(keys(&proposal), expected);
        assert!(proposal.warnings.iter().any(|warning| warning.contains(word)), "{level:?}");
    }
    let short = [path()[0].clone(), path()[2].clone()];
    let none = proposed_over(&short, Some(Level::Intermediate), &[], &[]);
    assert_eq!(none, Err(NoProposal::NoIntermediate));
    assert_eq!(proposed_over(&[], None, &[], &[]), Err(NoProposal::NoChain));
}

#[test]
fn what_a_form_cannot_say_is_refused() {
    let roots = proposed(None, &[]);
    assert!(write(&roots, Form::Curl, 443).unwrap_err().contains("no CA's"));
    assert!(write(&roots, Form::Tlsa, 443).unwrap_err().contains("sends"));
    let spare = [own("spare")];
    let mixed = proposed(None, &spare);
    assert!(write(&mixed, Form::NsPinnedDomains, 443).unwrap_err().contains("in the list of CA keys"));
    let lonely = proposed(Some(Level::Leaf), &[]);
    assert!(write(&lonely, Form::TrustKit, 443).unwrap_err().contains("fewer than two"));
}

#[test]
fn a_form_in_which_only_backups_are_left_is_refused() {
    let spare = [own("spare")];
    let mixed = proposed(None, &spare);
    for form in [Form::Curl, Form::Tlsa] {
        let why = write(&mixed, form, 443).unwrap_err();
        assert!(why.contains("fall back") && why.contains("--level leaf"), "{form:?}: {why}");
    }
    // A key that is not served yet is what the set is for, and the user is told that it does not match now.
    let coming = proposed_over(&path(), None, &[own("next")], &spare).unwrap();
    assert!(!coming.matches_now());
    assert_eq!(write(&coming, Form::Curl, 443).unwrap().matches("sha256//").count(), 2);
}

#[test]
fn a_form_that_leaves_the_backup_out_is_refused() {
    let proposal = propose(&Material {
        host: "api.example.com",
        include_subdomains: false,
        path: &path(),
        served: &[key("leaf"), key("inner")],
        own_keys: &[own("leaf")],
        backup_keys: &[],
        level: None,
        roots: &[root("root", "Ours"), root("other", "Theirs")],
        further_roots: &[],
        backup_roots: &[root("other", "Theirs")],
        expires: None,
    })
    .unwrap();
    assert!(proposal.has_backup());
    for form in [Form::Curl, Form::Tlsa] {
        let why = write(&proposal, form, 443).unwrap_err();
        assert!(why.contains("--backup-key"), "{form:?}: {why}");
    }
    assert!(write(&proposal, Form::AndroidNsc, 443).is_ok());
}

#[test]
fn what_stops_an_app_is_not_written() {
    let spare = [own("spare")];
    let mut proposal = proposed(Some(Level::Leaf), &spare);
    assert!(write(&proposal, Form::TrustKit, 443).is_ok());
    // TrustKit throws for a name below no registry, and for the subdomains of a registry.
    proposal.host = "api.shop.example".to_owned();
    assert!(write(&proposal, Form::TrustKit, 443).unwrap_err().contains("registry suffix"));
    (proposal.host, proposal.include_subdomains) = ("co.uk".to_owned(), true);
    assert!(write(&proposal, Form::TrustKit, 443).unwrap_err().contains("public suffix"));
    assert!(write(&proposal, Form::AndroidNsc, 443).is_ok());
}

#[test]
fn names_stay_as_they_are_where_the_form_lets_them() {
    let spare = [OwnKey { key: key("spare"), file: "certs/backup--1.pub".to_owned() }];
    let proposal = proposed(Some(Level::Leaf), &spare);
    for form in [Form::OkHttp, Form::Tlsa, Form::ReactNative, Form::PinsToml] {
        let text = write(&proposal, form, 443).unwrap();
        assert!(text.contains("backup: certs/backup--1.pub"), "{form:?}: {text}");
    }
    // No two hyphens in an XML comment.
    for form in [Form::AndroidNsc, Form::NsPinnedDomains, Form::TrustKit] {
        let text = write(&proposal, form, 443).unwrap();
        assert!(text.contains("<!-- backup: certs/backup- 1.pub -->"), "{form:?}: {text}");
    }
}

#[test]
fn tlsa_names_what_is_served() {
    let spare = [own("spare")];
    let text = |level| write(&proposed(Some(level), &spare), Form::Tlsa, 25).unwrap();
    let hex = |name: &str| crate::x509::hexadecimal(&key(name).0);
    let line =
        |usage: u8, name: &str| format!("_25._tcp.api.example.com. 3600 IN TLSA {usage} 1 1 {}", hex(name));
    let leaf = text(Level::Leaf);
    assert!(leaf.contains(&line(3, "leaf")) && leaf.contains(&line(3, "spare")), "{leaf}");
    let inner = text(Level::Intermediate);
    assert!(inner.contains(&line(2, "inner")) && inner.contains(&line(3, "spare")), "{inner}");
}

/// The one source that our readers find in a written form.
fn read_back(form: Form, text: &str) -> crate::pins::PinSource {
    match only(form.file(), text.as_bytes()) {
        Reading::Read(source) => source,
        other => panic!("{other:?}\n{text}"),
    }
}

/// The certificates of a path that the server sends: what DANE usages 2 and 3 are compared with.
fn served_path(path: &[PathCertificate], served: &[SpkiSha256]) -> Vec<PathCertificate> {
    path.iter().filter(|certificate| served.contains(&certificate.spki_sha256)).cloned().collect()
}

/// What the name of a certificate may hold, to end comments and lines with.
fn nasty() -> impl Strategy<Value = String> {
    "(--|---|-->|\\*/|/\\*|//|sha256/|\"|'|\n|\r|<!\\[CDATA\\[|\\]\\]>|&|;|#|\u{202e}|\u{2028}|[A-Za-z =,.]|\\PC){0,30}"
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        names in proptest::collection::btree_set("[a-z]{1,8}", 2..6),
        subject in nasty(),
        include_subdomains: bool,
        is_ca: bool,
        expires in proptest::option::of(0_i8..28),
    ) {
        let place = if is_ca { Place::Ca } else { Place::Leaf };
        let pins: Vec<ProposedPin> = names
            .iter()
            .map(|name| ProposedPin {
                key: key(name),
                name: subject.clone(),
                role: Role::Current,
                place,
                in_chain: true,
                is_served: true,
                reason: String::new(),
            })
            .collect();
        let expected: Vec<SpkiSha256> = pins.iter().map(|pin| pin.key).collect();
        let proposal = Proposal {
            host: "api.example.com".to_owned(),
            include_subdomains,
            level: Level::OwnKey,
            level_why: String::new(),
            pins,
            expires: expires.map(|day| jiff::civil::date(2027, 5, day + 1)),
            warnings: Vec::new(),
        };
        let host = "api.example.com".to_owned();
        let scope =
            if include_subdomains { HostPattern::WithSubdomains(host) } else { HostPattern::Exactly(host) };
        for form in Form::ALL.into_iter().filter(|form| *form != Form::Tlsa) {
            if form == Form::Curl && is_ca {
                continue;
            }
            let text = write(&proposal, form, 443).unwrap();
            let source = read_back(form, &text);
            // The reserved name of this test is below no suffix that TrustKit knows.
            let known = |what: &str| match form {
                Form::TrustKit => what.contains("registry suffix"),
                _ => false,
            };
            let problems: Vec<_> = source.problems.iter().filter(|problem| !known(&problem.what)).collect();
            prop_assert!(problems.is_empty(), "{problems:?}\n{text}");
            prop_assert_eq!(source.entries.len(), 1);
            let entry = &source.entries[0];
            let found: Vec<SpkiSha256> = entry.pins.iter().filter_map(|pin| pin.spki().copied()).collect();
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(entry.pins.len(), expected.len());
            prop_assert_eq!(&entry.scope, if form == Form::Curl { &HostPattern::Unstated } else { &scope });
            let position = match (form, is_ca) {
                (Form::NsPinnedDomains | Form::Curl, false) => PositionRule::Leaf,
                (Form::NsPinnedDomains | Form::Curl, true) => PositionRule::Ca,
                _ => PositionRule::Any,
            };
            prop_assert!(entry.pins.iter().all(|pin| pin.position == position));
            let end = entry.expiry.as_ref().map(|expiry| expiry.at.strftime("%Y-%m-%d").to_string());
            let wanted = proposal.expires.filter(|_| form.has_expiry()).map(|date| date.to_string());
            prop_assert_eq!(end, wanted);
        }
        // Nothing of a name may reach a line of its own.
        for form in Form::ALL {
            let text = write(&proposal, form, 443).unwrap_or_default();
            let turned = text.contains(['\u{202e}', '\u{2028}', '\r']);
            prop_assert!(!turned);
            prop_assert!(text.lines().count() < 60);
        }
    }

    #[test]
    fn tlsa_records_are_read_back(
        names in proptest::collection::btree_set("[a-z]{1,8}", 2..6),
        subject in nasty(),
        is_ca: bool,
        port in 1_u16..,
    ) {
        let pins: Vec<ProposedPin> = names
            .iter()
            .map(|name| ProposedPin {
                key: key(name),
                name: subject.clone(),
                role: Role::Current,
                place: if is_ca { Place::Ca } else { Place::Leaf },
                in_chain: true,
                is_served: true,
                reason: String::new(),
            })
            .collect();
        let expected: Vec<SpkiSha256> = pins.iter().map(|pin| pin.key).collect();
        let mut proposal = proposed(None, &[]);
        proposal.pins = pins;
        let text = write(&proposal, Form::Tlsa, port).unwrap();
        let source = read_back(Form::Tlsa, &text);
        prop_assert_eq!(source.entries.len(), 1);
        let entry = &source.entries[0];
        let found: Vec<SpkiSha256> = entry.pins.iter().filter_map(|pin| pin.spki().copied()).collect();
        prop_assert_eq!(found, expected);
        let host = "api.example.com".to_owned();
        prop_assert_eq!(&entry.scope, &HostPattern::Service { host, port, transport: "tcp".to_owned() });
        let position = if is_ca { PositionRule::Ca } else { PositionRule::Leaf };
        prop_assert!(entry.pins.iter().all(|pin| pin.position == position));
    }

    #[test]
    fn every_form_matches_where_the_set_does(
        level in proptest::option::of(prop_oneof![Just(Level::Leaf), Just(Level::Intermediate), Just(Level::Root)]),
        own_keys in proptest::sample::subsequence(vec!["leaf", "inner", "next"], 0..=3),
        has_spare: bool,
        served in proptest::sample::subsequence(vec!["leaf", "inner", "root", "root 2", "other"], 1..=5),
        has_other: bool,
    ) {
        let (path, own_keys) = (path(), own_keys.into_iter().map(own).collect::<Vec<_>>());
        let served: Vec<_> = served.into_iter().map(key).chain([key("leaf")]).collect();
        let (ours, other) = ([root("root", "Ours"), root("root 2", "Ours")], [root("other", "Theirs")]);
        let spare = [own("spare")];
        let proposal = propose(&Material {
            host: "api.example.com",
            include_subdomains: false,
            path: &path,
            served: &served,
            own_keys: &own_keys,
            backup_keys: if has_spare { &spare } else { &[] },
            level,
            roots: &ours,
            further_roots: &[],
            backup_roots: if has_other { &other } else { &[] },
            expires: None,
        }).unwrap();
        let written: Vec<SpkiSha256> = proposal.pins.iter().map(|pin| pin.key).collect();
        for form in Form::ALL {
            let Ok(text) = write(&proposal, form, 443) else { continue };
            let source = read_back(form, &text);
            let pins: Vec<_> = source.entries.iter().flat_map(|entry| &entry.pins).collect();
            // Nothing that was not proposed; and all of it, but where the form cannot.
            prop_assert!(pins.iter().all(|pin| written.contains(pin.spki().unwrap())), "{form:?}");
            if !matches!(form, Form::Curl | Form::Tlsa) {
                prop_assert_eq!(pins.len(), written.len());
            }
            let path = if form == Form::Tlsa { served_path(&path, &served) } else { path.clone() };
            let matches = pins.iter().any(|pin| match_pin(pin, Some(&path)).matches());
            prop_assert_eq!(matches, proposal.matches_now(), "{:?}\n{}", form, text);
            let is_backup = |key: &SpkiSha256| proposal.pins.iter().any(|pin| pin.key == *key && pin.role == Role::Backup);
            prop_assert!(!pins.iter().all(|pin| is_backup(pin.spki().unwrap())), "{form:?}");
        }
    }

    #[test]
    fn no_file_makes_the_key_reader_panic(octets: Vec<u8>, text in "(-----BEGIN |-----END |PUBLIC KEY-----|\n|[A-Za-z0-9+/=]){0,40}") {
        let _ = read_key(&octets);
        let _ = read_key(text.as_bytes());
    }
}

#[test]
fn a_private_key_is_refused_before_it_is_decoded() {
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        let text = format!("-----BEGIN {label}-----\nsecret\n-----END {label}-----\n");
        assert_eq!(read_key(text.as_bytes()), Err(KeyFileError::Private));
    }
    assert_eq!(read_key(b"nothing"), Err(KeyFileError::NoKey));
    let broken = b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    assert_eq!(read_key(broken), Err(KeyFileError::BadBlock("PUBLIC KEY")));
}

#[test]
fn the_roots_of_the_ca_in_use_are_no_backup() {
    let path = path();
    for (backup, owner) in [("root 2", "Ours"), ("root", "Nobody that is known")] {
        let refused = propose(&Material {
            host: "api.example.com",
            include_subdomains: false,
            path: &path,
            served: &[key("leaf")],
            own_keys: &[],
            backup_keys: &[],
            level: Some(Level::Leaf),
            roots: &[root("root", "Ours"), root("root 2", "Ours")],
            further_roots: &[],
            backup_roots: &[root(backup, owner)],
            expires: None,
        });
        assert_eq!(refused.unwrap_err(), NoProposal::CaInUse(owner.to_owned()));
    }
}

#[test]
fn what_a_form_leaves_unsaid_is_told() {
    let mut proposal = proposed_over(&path(), None, &[own("leaf")], &[own("spare")]).unwrap();
    assert!(Form::ALL.iter().all(|form| form.unsaid(&proposal).is_empty()));
    proposal.include_subdomains = true;
    let told: Vec<Form> = Form::ALL.into_iter().filter(|form| !form.unsaid(&proposal).is_empty()).collect();
    assert_eq!(told, [Form::Curl, Form::Tlsa]);
    proposal.expires = Some("2099-01-01".parse().unwrap());
    assert_eq!(Form::Curl.unsaid(&proposal).len(), 2);
    assert_eq!(Form::OkHttp.unsaid(&proposal).len(), 1);
}
