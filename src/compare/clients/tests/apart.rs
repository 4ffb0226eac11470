//! What some clients of a kind have apart from others: devices, anchors and roots of their own.

use super::*;
use crate::compare::Threat;

#[test]
fn who_is_turned_away_now_is_told_first() {
    let android = ClientClass::Android { target_level: Some(37) };
    let circumstances = stated(&[ClientClass::Browser, ClientClass::Ios, android, ClientClass::Server]);
    let told = |facts: &MeasuredFacts| compare(facts, &circumstances).headlines.locks_out;
    assert!(told(&https()).now.is_empty());
    let mut missed = https();
    (missed.ct_policy, missed.ct_programmes.chrome) =
        (Fact::Measured(CtPolicy::NotMet), Fact::Measured(false));
    missed.ct_programmes.apple = Fact::Measured(false);
    let sentence = "The host's certificate is refused now by Chrome, Safari and iOS apps: its SCTs do not meet the CT policy.";
    assert_eq!(told(&missed).now, [sentence]);
    assert!(told(&missed).sentence.starts_with(sentence));
    // What is not known of the chain, or is of a private root, is not said.
    missed.public_trust = Fact::Undetermined;
    assert!(told(&missed).now.is_empty());
    let untrusted = MeasuredFacts { public_trust: Fact::Measured(PublicTrust::NotTrusted), ..https() };
    let [sentence] = &told(&untrusted).now[..] else { panic!() };
    assert!(
        sentence.contains("refused now by browsers, Android apps that target API 37 and iOS apps, unless"),
        "{sentence}"
    );
}

#[test]
fn an_android_app_is_protected_on_some_devices_alone() {
    let android = ClientClass::Android { target_level: Some(37) };
    let only = |lowest: Option<u32>, level: u32| {
        let own = AppFacts {
            lowest_device: lowest,
            ..app(Some(level), Fact::Measured(true), Fact::Measured(false))
        };
        let facts = MeasuredFacts { apps: vec![own], ..https() };
        let class = ClientClass::Android { target_level: Some(level) };
        let all = compare(&facts, &stated(&[class]));
        let items = all.headlines.prevents.items.into_iter();
        let told =
            items.filter(|item| item.threat == Threat::OtherCaUnlogged.id()).find_map(|item| item.only);
        (told, all.headlines.prevents.sentence)
    };
    let (told, sentence) = only(Some(24), 37);
    assert_eq!(told.as_deref(), Some("on Android 17 and later alone"));
    assert!(sentence.contains("by CT (on Android 17 and later alone)"), "{sentence}");
    assert_eq!(only(None, 36).0.as_deref(), Some("on Android 16 and later alone"));
    assert_eq!(only(Some(37), 37).0, None);
    // Where the level is the app's, the root of a user is refused from Android 7 on.
    let old =
        AppFacts { lowest_device: Some(21), ..app(Some(37), Fact::Measured(true), Fact::Measured(false)) };
    let client = of(&MeasuredFacts { apps: vec![old], ..https() }, &stated(&[android]), android);
    let user = client.threats.iter().find(|threat| threat.id == Threat::UserRoot.id()).unwrap();
    assert_eq!(user.only.as_deref(), Some("on Android 7 and later alone"));
}

#[test]
fn an_app_that_trusts_its_own_cas_alone_takes_no_others() {
    let android = ClientClass::Android { target_level: Some(36) };
    let own =
        AppFacts { own_anchors_alone: true, ..app(Some(36), Fact::Measured(false), Fact::Measured(false)) };
    let none = ClientPins { client: String::new(), class: None, pins: Pins::NotPinned };
    let unpinned = MeasuredFacts {
        pins: Fact::Measured(vec![none]),
        dynamic_pins: Fact::Measured(Vec::new()),
        ..https()
    };
    let facts = MeasuredFacts { apps: vec![own.clone()], ..unpinned.clone() };
    let all = compare(&facts, &stated(&[android]));
    assert!(
        all.unlisted_ca.contains("whether Android apps that target API 36 would refuse it is not known"),
        "{}",
        all.unlisted_ca
    );
    let effect =
        |threat: Threat| all.clients[0].threats.iter().find(|one| one.id == threat.id()).unwrap().effect;
    assert_eq!(effect(Threat::OtherCaLogged), Effect::Unknown);
    assert_eq!((effect(Threat::SystemRoot), effect(Threat::NewCa)), (Effect::Prevents, Effect::MakesWorse));
    // The worst of several apps counts.
    let beside = MeasuredFacts {
        apps: vec![own, app(Some(36), Fact::Measured(false), Fact::Measured(false))],
        ..unpinned
    };
    let told = compare(&beside, &stated(&[android])).unlisted_ca;
    assert!(told.contains("accepted by Android apps"), "{told}");
}

#[test]
fn under_a_root_that_was_given_nobody_asks_for_scts() {
    let facts = MeasuredFacts {
        ct_policy: Fact::Measured(CtPolicy::NotAsked),
        ct_programmes: CtProgrammes {
            chrome: Fact::Undetermined,
            apple: Fact::Undetermined,
            ..CtProgrammes::default()
        },
        ..https()
    };
    for class in [ClientClass::Browser, ClientClass::Ios] {
        let client = of(&facts, &stated(&[class]), class);
        let row = |threat: Threat| client.threats.iter().find(|one| one.id == threat.id()).unwrap();
        let log = row(Threat::LogDistrusted);
        assert!(!log.by.contains(&Control::Ct) && !log.unknown.contains(&Control::Ct), "{class}: {log:?}");
        assert_eq!(row(Threat::OtherCaUnlogged).effect, Effect::Prevents, "{class}");
    }
}
