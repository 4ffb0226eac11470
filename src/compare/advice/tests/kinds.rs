//! For whom the advice speaks: each kind of client that is stated or found and can have pins.

use super::*;
use crate::compare::{AppFacts, PinFilesRead, UnreadPackage};

const ANDROID: ClientClass = ClientClass::Android { target_level: Some(36) };
const UNLEVELLED: ClientClass = ClientClass::Android { target_level: None };

fn stated(clients: &[ClientClass]) -> Circumstances {
    Circumstances { clients: clients.to_vec(), ..favourable() }
}

/// A file of this kind of client, with these pins.
fn file(client: &str, class: Option<ClientClass>, pins: Pins) -> ClientPins {
    ClientPins { client: client.to_owned(), class, pins }
}

fn app(file: &str, class: ClientClass) -> AppFacts {
    AppFacts {
        file: file.to_owned(),
        class,
        certificate_transparency: Fact::NotGiven,
        trusts_user_cas: Fact::NotGiven,
        own_anchors_alone: false,
        lowest_device: None,
    }
}

fn of(pins: Vec<ClientPins>, apps: Vec<AppFacts>) -> MeasuredFacts {
    MeasuredFacts {
        pins: Fact::Measured(pins),
        dynamic_pins: Fact::Measured(Vec::new()),
        apps,
        ..MeasuredFacts::default()
    }
}

fn android() -> MeasuredFacts {
    of(vec![file("nsc.xml", Some(UNLEVELLED), sound())], vec![app("nsc.xml", UNLEVELLED)])
}

/// No file pins the host; these are of apps.
fn none(apps: Vec<AppFacts>) -> MeasuredFacts {
    of(vec![file("", None, Pins::NotPinned)], apps)
}

fn told(advice: &Advice, id: StepId) -> (Done, String) {
    let step = advice.required.iter().find(|step| step.id == id).unwrap();
    (step.done, step.evidence.clone())
}

#[test]
fn nothing_is_kept_while_a_stated_client_is_not_known() {
    for (clients, facts, whose) in [
        (&[ANDROID, ClientClass::Ios][..], android(), "Do iOS apps have"),
        (&[ClientClass::Ios], android(), "Do iOS apps have"),
        (&[ANDROID, ClientClass::Server], android(), "Do other servers have"),
        (&[ANDROID, ClientClass::Ios, ClientClass::Server], android(), "Do iOS apps and other servers have"),
        (&[ANDROID, ClientClass::Ios], none(vec![app("nsc.xml", UNLEVELLED)]), "Do iOS apps have"),
    ] {
        let shown = advice(&facts, &stated(clients), None);
        assert_eq!((shown.verdict, done(&shown, StepId::Sound)), (Verdict::Undetermined, Done::Unknown));
        let [question] = &shown.open_questions[..] else { panic!("{:?}", shown.open_questions) };
        assert!(question.starts_with(whose) && question.contains("give those apps' folders"), "{question}");
    }
    // What no file can tell, an owner states.
    for (clients, without) in [
        (&[ANDROID, ClientClass::Server][..], &[ClientClass::Server][..]),
        (&[ClientClass::Ios, ClientClass::Server], &[ClientClass::Server, ClientClass::Ios]),
    ] {
        let stated = Circumstances { clients_without_pins: without.to_vec(), ..stated(clients) };
        let shown = advice(&android(), &stated, None);
        assert_eq!((shown.verdict, done(&shown, StepId::Sound)), (Verdict::Keep, Done::Yes), "{clients:?}");
    }
    // One kind, or kinds that cannot pin, and whoever states nothing: nothing is asked.
    for clients in [&[][..], &[ANDROID], &[ANDROID, ClientClass::Browser, ClientClass::Mail]] {
        for facts in [android(), none(vec![app("nsc.xml", UNLEVELLED)]), none(Vec::new())] {
            let shown = advice(&facts, &stated(clients), None);
            assert_eq!(
                (shown.verdict, done(&shown, StepId::Sound)),
                (Verdict::Keep, Done::Yes),
                "{clients:?}"
            );
            assert!(!shown.sentence.contains("apps"), "{}", shown.sentence);
        }
    }
}

/// Wide or sound pins of one file answer nothing for code that was not followed.
#[test]
fn code_beside_pins_that_is_not_followed_is_asked_about() {
    let beside = vec!["Net.swift:4: it looks at certificates itself".to_owned()];
    let read = PinFilesRead { files: 1, unseen: beside.clone(), beside, ..PinFilesRead::default() };
    for (facts, question) in [
        (android(), "Do clients have further pins, and which?"),
        (none(vec![app("nsc.xml", UNLEVELLED)]), "Do clients have pins, and which?"),
    ] {
        let shown = advice(&MeasuredFacts { pin_files: read.clone(), ..facts }, &favourable(), None);
        let (done, evidence) = told(&shown, StepId::Sound);
        assert_eq!((shown.verdict, done), (Verdict::Undetermined, Done::Unknown));
        assert!(evidence.starts_with(question) && evidence.contains("Net.swift:4: it"), "{evidence}");
        assert_eq!(told(&shown, StepId::Widened).0, Done::Unknown);
    }
}

#[test]
fn where_one_kind_pins_and_another_does_not_the_advice_says_for_whom_it_speaks() {
    let with = |plist: AppFacts| MeasuredFacts { apps: vec![app("nsc.xml", UNLEVELLED), plist], ..android() };
    let facts = with(app("Info.plist", ClientClass::Ios));
    for clients in [&[][..], &[ANDROID, ClientClass::Ios]] {
        let shown = advice(&facts, &stated(clients), None);
        assert_eq!((shown.verdict, done(&shown, StepId::Sound)), (Verdict::Keep, Done::Yes));
        assert!(shown.sentence.starts_with("Keep the pins of Android apps"), "{}", shown.sentence);
        let others = "; iOS apps have none, by what was given";
        assert!(shown.sentence.contains(others) && told(&shown, StepId::Sound).1.ends_with(others));
    }
    let both = MeasuredFacts {
        pins: Fact::Measured(vec![
            file("nsc.xml", Some(UNLEVELLED), sound()),
            file("Info.plist", Some(ClientClass::Ios), sound()),
        ]),
        ..facts
    };
    let shown = advice(&both, &stated(&[ANDROID, ClientClass::Ios]), None);
    assert!(shown.sentence.starts_with("Keep the pins: none"), "{}", shown.sentence);
}

#[test]
fn pins_of_no_told_kind_count_for_those_that_can_have_them() {
    let ask = |name: &str, clients: &[ClientClass]| {
        let shown = advice(&of(vec![file(name, None, sound())], Vec::new()), &stated(clients), None);
        (shown.verdict, shown.sentence, shown.open_questions.concat())
    };
    let (verdict, sentence, _) = ask("lib/net.dart", &[ANDROID, ClientClass::Ios]);
    assert_eq!(verdict, Verdict::Keep);
    let counts = "lib/net.dart does not tell whose its pins are, and counts for Android apps that target API 36 and iOS apps";
    assert!(sentence.contains(counts), "{sentence}");
    for clients in [&[ANDROID][..], &[ClientClass::Ios], &[ClientClass::Server], &[]] {
        let (verdict, sentence, _) = ask("lib/net.dart", clients);
        assert!(verdict == Verdict::Keep && !sentence.contains("counts"), "{clients:?}: {sentence}");
    }
    let every = [ANDROID, ClientClass::Ios, ClientClass::Server];
    assert_eq!(ask("pins.toml", &every).0, Verdict::Keep, "a list without a platform is of every app");
    // No iOS app runs Kotlin, and the code of an app is no server's.
    let (verdict, _, open) = ask("Net.kt", &every);
    assert!(
        verdict == Verdict::Undetermined && open.contains("Do iOS apps and other servers have"),
        "{open}"
    );
}

#[test]
fn a_package_without_pins_in_it_may_have_some_in_its_code() {
    let read = |class: ClientClass| {
        let package = UnreadPackage { file: "app.ipa".to_owned(), class: Some(class) };
        PinFilesRead {
            files: 1,
            open: vec!["app.ipa: its code is not read".to_owned()],
            packages: vec![package],
            ..PinFilesRead::default()
        }
    };
    let alone = none(vec![app("app.ipa!/Info.plist", ClientClass::Ios)]);
    let of_package = MeasuredFacts { pin_files: read(ClientClass::Ios), ..alone.clone() };
    let shown = advice(&of_package, &favourable(), None);
    assert_eq!(shown.verdict, Verdict::Undetermined);
    for step in [StepId::Widened, StepId::Removed, StepId::Sound] {
        let (done, evidence) = told(&shown, step);
        assert_eq!(done, Done::Unknown, "{step}");
        assert!(evidence.contains("the source that it was built from"), "{step}: {evidence}");
    }
    let against = Circumstances { native_app: Some(false), ..favourable() };
    let shown = advice(&of_package, &against, None);
    assert!(shown.sentence.contains("if your clients have pins"), "{}", shown.sentence);
    let block = |facts: &MeasuredFacts| {
        let clients = compare(facts, &favourable()).clients;
        let ios = clients.into_iter().find(|client| client.client == ClientClass::Ios).unwrap();
        ios.controls.iter().find(|one| one.control == crate::compare::Control::Pins).unwrap().enforced
    };
    assert_eq!(
        (block(&of_package), block(&alone)),
        (crate::compare::Enforced::Unknown, crate::compare::Enforced::No)
    );
    // Where the owner states that it has none, it is no such package.
    let shown = advice(&alone, &favourable(), None);
    assert_eq!((done(&shown, StepId::Widened), done(&shown, StepId::Sound)), (Done::Yes, Done::Yes));

    // Beside others' wide pins, it leaves open what it does itself; so do pins in it that are off.
    let beside = |pins: Pins| MeasuredFacts {
        pins: Fact::Measured(vec![file("app.xml", Some(UNLEVELLED), pins)]),
        apps: vec![app("app.xml", UNLEVELLED), app("app.ipa!/Info.plist", ClientClass::Ios)],
        root_pins: roots(&[]),
        ..of_package.clone()
    };
    for pins in [sound(), pinned(&[ChainPosition::Leaf], 1, PinEnforcement::Off)] {
        let shown = advice(&beside(pins), &favourable(), Some(replay(vec![given(0, Some((5, 5)))])));
        assert_eq!(done(&shown, StepId::Widened), Done::Unknown);
        assert!(
            shown
                .open_questions
                .iter()
                .any(|open| open.contains("Do iOS apps have") && open.contains("app.ipa"))
        );
    }
}

#[test]
fn code_of_java_is_no_ios_app() {
    let stated = stated(&[ANDROID, ClientClass::Ios]);
    for (path, has_none) in [("Net.kt", true), ("Net.ts", false)] {
        let facts = of(vec![file(path, None, sound())], vec![app("Info.plist", ClientClass::Ios)]);
        let shown = advice(&facts, &stated, None);
        assert_eq!(shown.verdict, Verdict::Keep);
        assert_eq!(shown.sentence.contains("iOS apps have none"), has_none, "{path}: {}", shown.sentence);
    }
}

#[test]
fn what_is_known_of_pins_stays_so_beside_a_file_that_was_not_read() {
    let pins =
        |own: Pins| vec![file("nsc.xml", Some(UNLEVELLED), own), file("Net.kt", None, Pins::Undetermined)];
    let facts = of(pins(sound()), Vec::new());
    let shown = advice(&facts, &favourable(), None);
    assert_eq!((shown.verdict, done(&shown, StepId::Sound)), (Verdict::Undetermined, Done::Unknown));
    assert!(shown.open_questions.iter().any(|one| one.contains("Net.kt")), "{:?}", shown.open_questions);
    assert!(!shown.migration.is_empty());
    let shown = advice(&facts, &Circumstances { native_app: Some(false), ..favourable() }, None);
    assert_eq!(shown.verdict, Verdict::Drop, "{}", shown.sentence);
    // Nothing of it is in force, and of the other it is not known.
    let ended = pinned(&[ChainPosition::Leaf], 1, PinEnforcement::Off);
    let shown = advice(&of(pins(ended), Vec::new()), &favourable(), None);
    assert_eq!(done(&shown, StepId::Widened), Done::Unknown);
}
