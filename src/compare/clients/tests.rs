//! Each kind of client by what it enforces.

mod apart;

use std::collections::BTreeSet;

use super::*;
use crate::compare::{
    AppFacts, CaaPolicy, ClientPins, CtPolicy, CtProgrammes, CurrentIssuer, Dane, Expectation, Fact,
    LogWatch, PinEnforcement, PinMatches, Pins, PublicTrust, RevocationPaths, Service, Watch, compare,
};
use crate::x509::ChainPosition;

/// A host with a trusted chain, SCTs that all programmes take, CAA for its CA, and a CRL.
fn host(service: Service) -> MeasuredFacts {
    MeasuredFacts {
        service,
        public_trust: Fact::Measured(PublicTrust::Trusted),
        ct_policy: Fact::Measured(CtPolicy::Met),
        ct_programmes: CtProgrammes {
            chrome: Fact::Measured(true),
            apple: Fact::Measured(true),
            mozilla: Fact::Measured(true),
            android: Fact::Measured(true),
        },
        caa: Fact::Measured(CaaPolicy::Restrictive {
            permitted: vec!["ca1.example".to_owned()],
            current_issuer: CurrentIssuer::Permitted,
        }),
        revocation: Fact::Measured(RevocationPaths { names_crl: true, ..RevocationPaths::default() }),
        ..MeasuredFacts::default()
    }
}

fn https() -> MeasuredFacts {
    host(Service::Https { port: 443 })
}

fn app(level: Option<u32>, transparency: Fact<bool>, user_cas: Fact<bool>) -> AppFacts {
    AppFacts {
        file: "app.apk".to_owned(),
        class: ClientClass::Android { target_level: level },
        certificate_transparency: transparency,
        trusts_user_cas: user_cas,
        own_anchors_alone: false,
        lowest_device: None,
    }
}

fn pins(class: Option<ClientClass>, position: ChainPosition) -> ClientPins {
    ClientPins {
        client: "nsc.xml".to_owned(),
        class,
        pins: Pins::Pinned {
            enforcement: PinEnforcement::Enforced,
            matches: Fact::Measured(PinMatches {
                positions: [position].into(),
                unmatched: 1,
                ..PinMatches::default()
            }),
            locked_out: false,
            overridden_for_user_anchors: false,
        },
    }
}

fn of(facts: &MeasuredFacts, circumstances: &Circumstances, class: ClientClass) -> ClientProtection {
    let all = compare(facts, circumstances).clients;
    let Some(one) = all.iter().find(|one| one.client == class) else { panic!("{class}: {all:?}") };
    one.clone()
}

fn stated(classes: &[ClientClass]) -> Circumstances {
    Circumstances { clients: classes.to_vec(), ..Circumstances::default() }
}

/// As code that uses OkHttp: it may be an app's or a server's.
#[test]
fn the_lock_outs_of_clients_of_no_known_kind_are_told() {
    let facts = MeasuredFacts { pins: Fact::Measured(vec![pins(None, ChainPosition::Leaf)]), ..https() };
    let told = compare(&facts, &Circumstances::default()).headlines.locks_out.sentence;
    let whose = "For clients with the pins of nsc.xml, whose kind is not known: A1, A3 and A4 by pins.";
    assert!(told.ends_with(whose), "{told}");
    assert!(!told.contains("Nothing is known to lock users out."), "{told}");
    let android = ClientClass::Android { target_level: None };
    let known =
        MeasuredFacts { pins: Fact::Measured(vec![pins(Some(android), ChainPosition::Leaf)]), ..https() };
    let told = compare(&known, &Circumstances::default()).headlines.locks_out.sentence;
    assert!(!told.contains("whose kind is not known"), "{told}");
}

#[test]
fn files_of_other_clients_tell_nothing_of_a_clients_pins() {
    let android = |level| ClientClass::Android { target_level: Some(level) };
    let facts = |apps| MeasuredFacts {
        pins: Fact::Measured(vec![pins(Some(android(34)), ChainPosition::Leaf)]),
        apps,
        ..https()
    };
    let told = |apps, class| enforced(&of(&facts(apps), &stated(&[class]), class), Control::Pins);
    for class in [ClientClass::Ios, ClientClass::Server, android(36)] {
        assert_eq!(told(Vec::new(), class), Enforced::Unknown, "{class}");
    }
    for class in [ClientClass::Browser, ClientClass::Mail] {
        assert_eq!(told(Vec::new(), class), Enforced::No, "{class}");
    }
    let own = AppFacts { class: ClientClass::Ios, ..app(None, Fact::NotGiven, Fact::NotGiven) };
    assert_eq!(told(vec![own], ClientClass::Ios), Enforced::No, "its own file has none");
}

#[test]
fn one_configuration_speaks_for_no_other() {
    let android = ClientClass::Android { target_level: Some(36) };
    let asks = |says: &[Fact<bool>]| {
        let apps = says.iter().map(|says| app(Some(36), says.clone(), Fact::Measured(false))).collect();
        let client = of(&MeasuredFacts { apps, ..https() }, &stated(&[android]), android);
        enforced(&client, Control::Ct)
    };
    assert_eq!(asks(&[Fact::Measured(true)]), Enforced::Yes);
    assert_eq!(asks(&[Fact::Measured(true), Fact::Measured(false)]), Enforced::Unknown);
    assert_eq!(asks(&[Fact::Measured(true), Fact::NotGiven]), Enforced::Unknown);
    assert_eq!(asks(&[Fact::Undetermined, Fact::Measured(true)]), Enforced::Unknown);
}

/// The threats with an effect, each with what does it.
fn with(client: &ClientProtection, effect: Effect) -> Vec<(&'static str, Vec<Control>)> {
    let threats = client.threats.iter().filter(|threat| threat.effect == effect);
    threats.map(|threat| (threat.id, threat.by.clone())).collect()
}

fn ids(client: &ClientProtection, effect: Effect) -> String {
    with(client, effect).into_iter().map(|(id, _)| id).collect::<Vec<_>>().join(" ")
}

fn enforced(client: &ClientProtection, control: Control) -> Enforced {
    client.controls.iter().find(|one| one.control == control).unwrap().enforced
}

#[test]
fn the_text_of_a_class_reads_back() {
    for text in ["browser", "android", "android:36", "ios", "server", "mail"] {
        assert_eq!(text.parse::<ClientClass>().unwrap().to_string(), text);
    }
    for text in ["", "Browser", "android:", "android:+36", "android:x", "android:-1", "phone"] {
        assert_eq!(text.parse::<ClientClass>(), Err(NoClientClass(text.to_owned())));
    }
}

#[test]
fn browsers_are_assumed_for_https_unless_others_are_stated() {
    let classes = |facts: &MeasuredFacts, circumstances: &Circumstances| {
        let all = compare(facts, circumstances).clients;
        all.iter().map(|one| (one.client.to_string(), one.served)).collect::<Vec<_>>()
    };
    let is = |all: &[(&str, Served)]| -> Vec<(String, Served)> {
        all.iter().map(|(class, served)| ((*class).to_owned(), *served)).collect()
    };
    let nothing = Circumstances::default();
    assert_eq!(classes(&https(), &nothing), is(&[("browser", Served::Assumed)]));
    assert_eq!(classes(&https(), &stated(&[ClientClass::Server])), is(&[("server", Served::Stated)]));
    assert_eq!(classes(&host(Service::MailTransfer { port: 25 }), &nothing), is(&[("mail", Served::Found)]));
    assert_eq!(classes(&host(Service::Unknown), &nothing), is(&[]));
    assert_eq!(classes(&host(Service::Other { port: 993 }), &nothing), is(&[]));
    let found =
        MeasuredFacts { apps: vec![app(Some(36), Fact::Undetermined, Fact::Undetermined)], ..https() };
    assert_eq!(classes(&found, &nothing), is(&[("browser", Served::Assumed), ("android:36", Served::Found)]));
    let android = ClientClass::Android { target_level: None };
    assert_eq!(classes(&found, &stated(&[android])), is(&[("android:36", Served::Found)]));
}

#[test]
fn ct_protects_only_clients_that_enforce_it() {
    let all = [
        ClientClass::Browser,
        ClientClass::Ios,
        ClientClass::Server,
        ClientClass::Android { target_level: Some(37) },
        ClientClass::Android { target_level: Some(36) },
        ClientClass::Android { target_level: None },
        ClientClass::Mail,
    ];
    let circumstances = stated(&all);
    let facts = https();
    for (class, expected, unlogged) in [
        (ClientClass::Browser, Enforced::Yes, Effect::Prevents),
        (ClientClass::Ios, Enforced::Yes, Effect::Prevents),
        (ClientClass::Server, Enforced::No, Effect::NoEffect),
        (ClientClass::Mail, Enforced::No, Effect::Unknown),
        // Its configuration was not given, and may switch it off.
        (ClientClass::Android { target_level: Some(37) }, Enforced::Unknown, Effect::Unknown),
        (ClientClass::Android { target_level: Some(36) }, Enforced::Unknown, Effect::Unknown),
    ] {
        // Pins and TLSA records are known not to be there, apart from mail, whose records were not looked up.
        let facts = MeasuredFacts {
            pins: Fact::Measured(vec![ClientPins {
                client: String::new(),
                class: None,
                pins: Pins::NotPinned,
            }]),
            dynamic_pins: Fact::Measured(Vec::new()),
            ..facts.clone()
        };
        let client = of(&facts, &circumstances, class);
        assert_eq!(enforced(&client, Control::Ct), expected, "{class}");
        let threat = client.threats.iter().find(|threat| threat.id == "T2").unwrap();
        assert_eq!(threat.effect, unlogged, "{class}: {threat:?}");
    }
    // The programme's own policy counts: Apple's clients refuse what Apple's policy does not take.
    let apple = CtProgrammes { apple: Fact::Measured(false), ..facts.ct_programmes.clone() };
    let missed =
        MeasuredFacts { ct_programmes: apple, ct_policy: Fact::Measured(CtPolicy::MetInPart), ..facts };
    let ios = of(&missed, &circumstances, ClientClass::Ios);
    assert!(with(&ios, Effect::MakesWorse).contains(&("A1", vec![Control::Ct])), "{ios:?}");
    let unlogged = ios.threats.iter().find(|threat| threat.id == "T2").unwrap();
    // What the host serves is no matter: they refuse what an attacker did not log.
    assert_eq!(unlogged.effect, Effect::Prevents, "{unlogged:?}");
    let renewal = ios.threats.iter().find(|threat| threat.id == "A1").unwrap();
    assert!(renewal.why.contains("does not meet Apple's policy"), "{}", renewal.why);
    let browser = of(&missed, &circumstances, ClientClass::Browser);
    assert_eq!(with(&browser, Effect::Prevents)[0], ("T2", vec![Control::Ct]));
}

#[test]
fn an_android_app_goes_by_its_configuration_and_its_level() {
    let of_app = |level, transparency, user_cas| {
        let facts = MeasuredFacts { apps: vec![app(level, transparency, user_cas)], ..https() };
        // Whether it has pins is not known.
        of(&facts, &Circumstances::default(), ClientClass::Android { target_level: level })
    };
    let yes = || Fact::Measured(true);
    let no = || Fact::Measured(false);
    let open = || Fact::Undetermined;
    for (level, transparency, expected) in [
        (Some(37), yes(), Enforced::Yes),
        (Some(36), yes(), Enforced::Yes),
        (Some(37), no(), Enforced::No),
        (Some(34), no(), Enforced::No),
        (Some(37), open(), Enforced::Unknown),
        (None, open(), Enforced::Unknown),
        (None, yes(), Enforced::Yes),
    ] {
        let client = of_app(level, transparency.clone(), open());
        assert_eq!(enforced(&client, Control::Ct), expected, "{level:?} {transparency:?}");
    }
    let user_root = |client: &ClientProtection| {
        let threat = client.threats.iter().find(|threat| threat.id == "T5").unwrap();
        (threat.effect, threat.by.clone())
    };
    assert_eq!(user_root(&of_app(Some(34), no(), no())), (Effect::Prevents, vec![Control::CaTrust]));
    let unknown = vec![Control::Pins, Control::DynamicPins];
    assert_eq!(user_root(&of_app(Some(23), no(), yes())), (Effect::Unknown, unknown));
    // Android 17 asks for SCTs under every root of the system's store.
    assert!(ids(&of_app(Some(37), yes(), no()), Effect::Prevents).contains("T6"));
    assert!(!ids(&of_app(Some(36), yes(), no()), Effect::Prevents).contains("T6"));
}

/// A file that does not tell its level is of the apps whose level is stated: what it says and pins counts for them.
#[test]
fn a_file_without_a_level_is_of_the_level_that_is_stated() {
    let unlevelled = ClientClass::Android { target_level: None };
    let level = |level| ClientClass::Android { target_level: Some(level) };
    let with = |app: AppFacts, pins: Vec<ClientPins>| MeasuredFacts {
        pins: Fact::Measured(pins),
        dynamic_pins: Fact::Measured(Vec::new()),
        apps: vec![app],
        ..https()
    };
    // It trusts what users add, and switches Certificate Transparency off.
    let open = with(app(None, Fact::Measured(false), Fact::Measured(true)), Vec::new());
    let all = compare(&open, &stated(&[level(37)])).clients;
    assert_eq!(all.iter().map(|one| one.client).collect::<Vec<_>>(), [level(37)]);
    assert_eq!(
        (ids(&all[0], Effect::Prevents), enforced(&all[0], Control::Ct)),
        ("T8".to_owned(), Enforced::No)
    );
    assert!(all[0].evidence.ends_with("app.apk is an app's."), "{}", all[0].evidence);
    // It leaves both to the level, and has pins.
    let pinned =
        with(app(None, Fact::NotGiven, Fact::NotGiven), vec![pins(Some(unlevelled), ChainPosition::Root)]);
    let several = stated(&[level(23), level(37)]);
    for (client, transparency, user_cas) in
        [(level(23), Enforced::No, false), (level(37), Enforced::Yes, true)]
    {
        let one = of(&pinned, &several, client);
        assert_eq!(
            (enforced(&one, Control::Ct), enforced(&one, Control::Pins)),
            (transparency, Enforced::Yes)
        );
        let added = one.threats.iter().find(|threat| threat.id == "T5").unwrap();
        assert_eq!(added.by.contains(&Control::CaTrust), user_cas, "{added:?}");
        assert_eq!(ids(&one, Effect::MakesWorse).split(' ').next(), Some("A3"));
        assert!(
            one.evidence.ends_with("It does not tell its level, and is taken to be of each that is stated.")
        );
    }
    // Where no level is stated, it is a client of its own.
    let alone = compare(&pinned, &Circumstances::default()).clients;
    assert!(alone.iter().any(|one| one.client == unlevelled));
}

#[test]
fn the_pins_of_one_kind_of_client_are_no_others() {
    let android = ClientClass::Android { target_level: Some(35) };
    let facts = MeasuredFacts {
        pins: Fact::Measured(vec![pins(Some(android), ChainPosition::Intermediate)]),
        dynamic_pins: Fact::Measured(Vec::new()),
        apps: vec![app(Some(35), Fact::Measured(false), Fact::Measured(false))],
        ..https()
    };
    let circumstances = stated(&[ClientClass::Browser, ClientClass::Ios]);
    let app = of(&facts, &circumstances, android);
    assert_eq!(ids(&app, Effect::Prevents), "T1 T1b T2 T3 T5 T6 T8");
    assert_eq!(ids(&app, Effect::MakesWorse), "A2 A3 A4");
    let browser = of(&facts, &circumstances, ClientClass::Browser);
    assert_eq!(ids(&browser, Effect::Prevents), "T2 T8");
    assert_eq!(enforced(&browser, Control::Pins), Enforced::No);
    // No file of iOS was given.
    assert_eq!(enforced(&of(&facts, &circumstances, ClientClass::Ios), Control::Pins), Enforced::Unknown);
    // Pins of whom it is not known may be any app's, and no browser's.
    let nobodys =
        MeasuredFacts { pins: Fact::Measured(vec![pins(None, ChainPosition::Intermediate)]), ..facts };
    assert_eq!(enforced(&of(&nobodys, &circumstances, ClientClass::Ios), Control::Pins), Enforced::Unknown);
    assert_eq!(enforced(&of(&nobodys, &circumstances, ClientClass::Browser), Control::Pins), Enforced::No);
}

/// A configuration does not tell the level that its app targets: the owner does.
#[test]
fn a_file_without_a_level_is_of_the_apps_whose_level_is_stated() {
    let android = |level| ClientClass::Android { target_level: level };
    let pins = |class| pins(Some(class), ChainPosition::Leaf);
    let facts = |all: Vec<ClientPins>| MeasuredFacts { pins: Fact::Measured(all), ..https() };
    let t1 = |facts: &MeasuredFacts, clients: &[ClientClass]| {
        let client = of(facts, &stated(clients), android(Some(36)));
        client.threats.iter().find(|threat| threat.id == "T1").unwrap().effect
    };
    let one = facts(vec![pins(android(None))]);
    assert_eq!(t1(&one, &[android(Some(36))]), Effect::Prevents);
    assert_eq!(t1(&one, &[android(Some(36)), ClientClass::Browser]), Effect::Prevents);
    // Of two levels that are stated, it is taken to be of each.
    assert_eq!(t1(&one, &[android(Some(36)), android(Some(37))]), Effect::Prevents);
    // Where another file tells of a level that is not stated, it may be of that one's app.
    let two = facts(vec![pins(android(None)), pins(android(Some(30)))]);
    assert_eq!(t1(&two, &[android(Some(36))]), Effect::Unknown);
}

#[test]
fn mail_servers_go_by_dane_and_by_no_ca() {
    let dane = Dane::Usable {
        usages: BTreeSet::from([3]),
        satisfied: Some(BTreeSet::from([3])),
        by_key: BTreeSet::from([3]),
    };
    let facts = MeasuredFacts { dane: Fact::Measured(dane), ..host(Service::MailTransfer { port: 25 }) };
    let mail = of(&facts, &Circumstances::default(), ClientClass::Mail);
    assert_eq!(ids(&mail, Effect::Prevents), "T1 T1b T2 T3 T4 T5 T6 T8 T11");
    let without = MeasuredFacts { dane: Fact::Measured(Dane::NoRecords), ..facts };
    let mail = of(&without, &Circumstances::default(), ClientClass::Mail);
    assert_eq!(ids(&mail, Effect::Prevents), "", "CAA alone, in a zone that is not known to be signed");
    let network = mail.threats.iter().find(|threat| threat.id == "T8").unwrap();
    assert_eq!((network.effect, network.by.as_slice()), (Effect::Unknown, [Control::CaTrust].as_slice()));
}

#[test]
fn three_headlines_name_threats_clients_controls_and_durations() {
    let within = Within {
        at_best: jiff::SignedDuration::from_mins(90),
        at_worst: Some(jiff::SignedDuration::from_hours(30)),
        measured_by: "Measured on 4 certificates.".to_owned(),
    };
    let android = ClientClass::Android { target_level: Some(36) };
    let watch = Watch { by: "the state".to_owned(), within: Some(within), ..Watch::default() };
    let facts = MeasuredFacts {
        expectation: Fact::Measured(Expectation::Expected),
        log_watch: Fact::Measured(LogWatch::Watched(watch)),
        pins: Fact::Measured(vec![pins(Some(android), ChainPosition::Root)]),
        dynamic_pins: Fact::Measured(Vec::new()),
        apps: vec![app(Some(36), Fact::Undetermined, Fact::Measured(false))],
        ..https()
    };
    let headlines = compare(&facts, &Circumstances::default()).headlines;
    insta::assert_snapshot!(format!(
        "{}\n\n{}\n\n{}",
        headlines.prevents.sentence, headlines.detects.sentence, headlines.locks_out.sentence
    ));
    let nobody = compare(&MeasuredFacts::default(), &Circumstances::default()).headlines;
    assert!(nobody.prevents.sentence.starts_with("Which clients the host serves is not known"), "{nobody:?}");
    assert!(nobody.prevents.items.is_empty() && nobody.detects.items.is_empty());
}

/// “CT protects you” is said only of clients that enforce it, whatever the facts are.
#[test]
fn what_a_client_does_not_enforce_never_protects_it() {
    let classes = [
        ClientClass::Browser,
        ClientClass::Ios,
        ClientClass::Server,
        ClientClass::Android { target_level: Some(37) },
        ClientClass::Android { target_level: None },
        ClientClass::Mail,
    ];
    for facts in [https(), MeasuredFacts::default(), host(Service::MailTransfer { port: 25 })] {
        for client in compare(&facts, &stated(&classes)).clients {
            for threat in &client.threats {
                for control in threat.by.iter().chain(&threat.unknown) {
                    assert_ne!(enforced(&client, *control), Enforced::No, "{} {threat:?}", client.client);
                }
                for control in threat.by.iter().filter(|_| threat.effect == Effect::Prevents) {
                    assert_eq!(enforced(&client, *control), Enforced::Yes, "{} {threat:?}", client.client);
                }
                assert!(threat.why.ends_with('.') && !threat.why.contains(". "), "{}", threat.why);
            }
        }
    }
}

/// What one browser pins is no word about browsers; after which changes it locks out is told of that one.
#[test]
fn the_pins_of_chrome_are_not_those_of_browsers() {
    let facts = MeasuredFacts {
        pins: Fact::Measured(vec![pins(Some(ClientClass::Browser), ChainPosition::Intermediate)]),
        dynamic_pins: Fact::Measured(Vec::new()),
        ..https()
    };
    let circumstances = Circumstances::default();
    let browser = of(&facts, &circumstances, ClientClass::Browser);
    assert_eq!(ids(&browser, Effect::Prevents), "T2 T8");
    assert_eq!(enforced(&browser, Control::Pins), Enforced::No);
    let comparison = crate::compare::compare(&facts, &circumstances);
    let told = &comparison.headlines.locks_out.sentence;
    assert!(told.contains("For Chrome, with the pins of nsc.xml: A2, A3 and A4 by pins."), "{told}");
    let effect = |id: &str| {
        let row = comparison.threats.iter().find(|row| row.id == id).unwrap();
        row.cells.iter().find(|cell| cell.control == Control::Pins).unwrap().effect
    };
    let of_pins = ["T1", "T5", "T6"].map(effect);
    assert_eq!(of_pins, [Effect::Prevents, Effect::NoEffect, Effect::NoEffect]);
}

#[test]
fn an_unread_file_of_other_clients_tells_nothing_of_a_clients_pins() {
    let unread = ClientPins {
        client: "cut.xml".to_owned(),
        class: Some(ClientClass::Android { target_level: None }),
        pins: Pins::Undetermined,
    };
    let facts = MeasuredFacts { pins: Fact::Measured(vec![unread]), ..https() };
    let circumstances = stated(&[ClientClass::Ios, ClientClass::Server]);
    for class in [ClientClass::Ios, ClientClass::Server] {
        assert_eq!(enforced(&of(&facts, &circumstances, class), Control::Pins), Enforced::Unknown, "{class}");
    }
}
