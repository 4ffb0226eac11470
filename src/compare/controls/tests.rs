//! The columns one by one: what each would do, as the whole table, and what it does by its facts.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::*;
use crate::compare::{
    CaaBinding, CaaPolicy, ClientPins, CoveringName, CurrentIssuer, Dane, Dnssec, DynamicPins, Expectation,
    Fact, FirstContact, Hpkp, LetsIn, LogWatch, PinEnforcement, PinMatches, PinnedCa, Pins, RevocationPaths,
    Share, Watch,
};
use crate::x509::ChainPosition::{self, Intermediate, Leaf, Root};

mod idle;

/// The columns in the order of the literature: trust, pins, headers, DNS, logs, CAA, revocation.
const COLUMNS: [(Control, &str); 12] = [
    (Control::CaTrust, "trust"),
    (Control::LeafPin, "leaf"),
    (Control::IntermediatePin, "interm"),
    (Control::RootPin, "root"),
    (Control::DynamicPins, "dyn"),
    (Control::Hpkp, "HPKP"),
    (Control::Dane, "DANE"),
    (Control::Ct, "CT"),
    (Control::IssuerExpectation, "watch"),
    (Control::Caa, "CAA"),
    (Control::CaaBound, "CAA+"),
    (Control::Revocation, "revoc"),
];

fn letter(effect: Effect) -> &'static str {
    match effect {
        Effect::Prevents => "P",
        Effect::Detects => "D",
        Effect::NoEffect => ".",
        Effect::MakesWorse => "W",
        Effect::Unknown => "?",
    }
}

/// The whole table of what controls do where they are in place, and below it the condition of each cell that has one.
#[test]
fn what_each_control_would_do() {
    let mut text = format!("{:<5}", "");
    for (_, title) in COLUMNS {
        let _ = write!(text, "{title:<7}");
    }
    text.push('\n');
    for threat in Threat::ALL {
        let _ = write!(text, "{:<5}", threat.id());
        for (control, _) in COLUMNS {
            let would = would(control, threat);
            let mark = if would.condition.is_some() { "*" } else { "" };
            let _ = write!(text, "{:<7}", format!("{}{mark}", letter(would.effect)));
        }
        text.push('\n');
    }
    for (control, title) in COLUMNS {
        let _ = write!(text, "\n{title}\n");
        let mut told: Vec<(Would, Vec<&str>)> = Vec::new();
        for threat in Threat::ALL {
            let would = would(control, threat);
            match told.iter_mut().find(|(known, _)| *known == would) {
                Some((_, ids)) => ids.push(threat.id()),
                None => told.push((would, vec![threat.id()])),
            }
        }
        for (would, ids) in told {
            let condition = would.condition.map(|condition| format!("{condition} ")).unwrap_or_default();
            let _ =
                writeln!(text, "  {} {}: {condition}[{}]", letter(would.effect), ids.join(" "), would.source);
        }
    }
    insta::assert_snapshot!(text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n"));
}

#[test]
fn conditions_stand_inside_a_sentence() {
    for control in Control::ALL {
        for threat in Threat::ALL {
            let would = would(control, threat);
            assert!(!would.source.is_empty());
            let Some(condition) = would.condition else { continue };
            assert!(!condition.ends_with('.') && !condition.contains(". "), "{condition}");
        }
    }
}

/// The effects of one control on every threat, those apart that nothing changes.
fn effects(facts: &MeasuredFacts, control: Control) -> String {
    let words: Vec<String> = Threat::ALL
        .into_iter()
        .map(|threat| (threat.id(), judge(control, threat, facts)))
        .filter(|(_, judged)| judged.effect != Effect::NoEffect)
        .map(|(id, judged)| format!("{id} {}", judged.effect.word()))
        .collect();
    words.join(", ")
}

fn in_place(facts: &MeasuredFacts, control: Control) -> InPlace {
    column(control, facts).in_place
}

#[test]
fn nothing_known_is_unknown_in_every_column() {
    let facts = MeasuredFacts::default();
    // A header that nobody obeys does nothing, sent or not.
    for control in Control::ALL.into_iter().filter(|control| *control != Control::Hpkp) {
        assert_eq!(in_place(&facts, control), InPlace::Unknown, "{control:?}");
        for threat in Threat::ALL {
            let judged = judge(control, threat, &facts);
            let is_idle = never_matters(control, threat);
            let expected = if is_idle { Effect::NoEffect } else { Effect::Unknown };
            assert_eq!(judged.effect, expected, "{control:?} {threat:?}");
            assert!(judged.reason.ends_with('.') && !judged.reason.contains(". "), "{}", judged.reason);
        }
    }
}

fn pinned(positions: &[ChainPosition], unmatched: usize) -> Pins {
    Pins::Pinned {
        enforcement: PinEnforcement::Enforced,
        matches: Fact::Measured(PinMatches {
            positions: positions.iter().copied().collect(),
            unmatched,
            ..PinMatches::default()
        }),
        locked_out: positions.is_empty(),
        overridden_for_user_anchors: false,
    }
}

fn with_pins(pins: Vec<Pins>) -> MeasuredFacts {
    let client = |(name, pins): (char, Pins)| ClientPins { client: name.to_string(), class: None, pins };
    MeasuredFacts {
        pins: Fact::Measured(('a'..='z').zip(pins).map(client).collect()),
        ..MeasuredFacts::default()
    }
}

/// Keys that are forbidden, with none that has to match: nobody is kept out by what is not on the list.
#[test]
fn forbidden_keys_alone_keep_no_other_ca_out() {
    let of = |locked_out| {
        let Pins::Pinned { enforcement, matches, overridden_for_user_anchors, .. } = pinned(&[], 0) else {
            panic!("not pinned")
        };
        with_pins(vec![Pins::Pinned { enforcement, matches, locked_out, overridden_for_user_anchors }])
    };
    assert_eq!(in_place(&of(false), Control::Pins), InPlace::Yes);
    for level in [Control::LeafPin, Control::IntermediatePin, Control::RootPin] {
        assert_eq!(in_place(&of(false), level), InPlace::No);
    }
    for threat in Threat::ALL {
        let depends = matches!(threat, Threat::NewIntermediate | Threat::NewCa | Threat::CaDistrusted);
        let expected = if depends { Effect::Unknown } else { Effect::NoEffect };
        assert_eq!(judge(Control::Pins, threat, &of(false)).effect, expected, "{threat:?}");
        let now = judge(Control::Pins, threat, &of(true)).effect;
        assert_eq!(now == Effect::MakesWorse, threat.is_change(), "{threat:?}");
    }
}

#[test]
fn the_widest_key_that_a_client_accepts_is_its_level() {
    use InPlace::{No, Partly, Unknown, Yes};
    let levels = |pins: Vec<Pins>| {
        let facts = with_pins(pins);
        [Control::LeafPin, Control::IntermediatePin, Control::RootPin]
            .map(|control| in_place(&facts, control))
    };
    assert_eq!(levels(vec![pinned(&[Leaf], 1)]), [Yes, No, No]);
    assert_eq!(levels(vec![pinned(&[Leaf, Root], 0)]), [No, No, Yes]);
    assert_eq!(levels(vec![pinned(&[Leaf], 1), pinned(&[Intermediate], 0)]), [Partly, Partly, No]);
    assert_eq!(levels(vec![pinned(&[], 1)]), [Unknown, Unknown, Unknown]);
    assert_eq!(levels(vec![pinned(&[Root], 0), pinned(&[], 1)]), [Unknown, Unknown, Partly]);
    assert_eq!(levels(vec![Pins::NotPinned]), [No, No, No]);
    let facts = with_pins(vec![pinned(&[Leaf], 0), pinned(&[Root], 0)]);
    let own = effects(&facts, Control::LeafPin);
    assert!(own.contains("T4 stops") && own.contains("T10 worse") && own.contains("A1 worse"), "{own}");
    assert!(!effects(&facts, Control::RootPin).contains("T4"), "the other client's pins are no matter");
    assert_eq!(effects(&facts, Control::IntermediatePin), "");
}

fn bound(accounts: Share, methods: Share, dnssec: Dnssec) -> MeasuredFacts {
    MeasuredFacts {
        caa: Fact::Measured(CaaPolicy::Restrictive {
            permitted: vec!["ca1.example".to_owned()],
            current_issuer: CurrentIssuer::Permitted,
        }),
        caa_binding: Fact::Measured(CaaBinding { accounts, methods, dnssec, must_process: true }),
        ..MeasuredFacts::default()
    }
}

#[test]
fn a_bound_account_stops_the_own_ca_and_with_dnssec_who_takes_over_the_dns() {
    let of = |facts: &MeasuredFacts| (effects(facts, Control::CaaBound), in_place(facts, Control::CaaBound));
    let is = |effects: &str, state: InPlace| (effects.to_owned(), state);
    let always = "A3 worse, A4 worse";
    assert_eq!(
        of(&bound(Share::All, Share::None, Dnssec::Secure)),
        is(&format!("T1b stops, T4 stops, T11 stops, {always}"), InPlace::Yes)
    );
    // Who hijacks the route to the name servers forges the records of a zone that is not signed.
    for (dnssec, forged, hijack) in
        [(Dnssec::Insecure, "?", ""), (Dnssec::Bogus, "stops", ""), (Dnssec::Unknown, "?", "T11 ?, ")]
    {
        assert_eq!(
            of(&bound(Share::All, Share::All, dnssec)),
            is(&format!("T1b {forged}, T4 {forged}, {hijack}{always}"), InPlace::Partly)
        );
    }
    // Before all CAs must, nothing tells that one goes by the records.
    let early = bound(Share::All, Share::None, Dnssec::Secure);
    let binding = early.caa_binding.measured().map(|binding| CaaBinding { must_process: false, ..*binding });
    let early = MeasuredFacts { caa_binding: Fact::Measured(binding.unwrap()), ..early };
    assert_eq!(of(&early), is(&format!("T1b stops, T4 ?, T11 ?, {always}"), InPlace::Yes));
    // One record without an account lets any account in.
    assert_eq!(
        of(&bound(Share::Some, Share::None, Dnssec::Secure)),
        is(&format!("T1b stops, {always}"), InPlace::Partly)
    );
    assert_eq!(
        of(&bound(Share::None, Share::All, Dnssec::Secure)),
        is(&format!("T1b stops, T4 ?, {always}"), InPlace::Partly),
        "a method alone binds nobody who can pass it"
    );
    assert_eq!(of(&bound(Share::None, Share::None, Dnssec::Secure)), is("", InPlace::No));
    let open =
        MeasuredFacts { caa_binding: Fact::Undetermined, ..bound(Share::All, Share::All, Dnssec::Secure) };
    assert_eq!(in_place(&open, Control::CaaBound), InPlace::Unknown);
    let none = MeasuredFacts { caa: Fact::Measured(CaaPolicy::NoRecords), ..MeasuredFacts::default() };
    assert_eq!(of(&none), is("", InPlace::No));
}

#[test]
fn a_ca_that_caa_lets_in_is_not_stopped() {
    let sure = bound(Share::All, Share::None, Dnssec::Secure);
    let wildcard = CoveringName {
        name: "*.demo.example".to_owned(),
        base: "demo.example".to_owned(),
        covers: "shop.demo.example".to_owned(),
        lets_in: LetsIn::Cas(vec!["ca2.example".to_owned()]),
    };
    let covered = MeasuredFacts { caa_covering: vec![wildcard], ..sure.clone() };
    let of = |facts: &MeasuredFacts, control| {
        let judged = judge(control, Threat::OtherCaDeceived, facts);
        (judged.effect, judged.reason)
    };
    for control in [Control::Caa, Control::CaaBound] {
        assert_eq!(of(&sure, control).0, Effect::Prevents);
        let (effect, reason) = of(&covered, control);
        assert_eq!(effect, Effect::Unknown, "which CAs are used is not stated");
        assert!(reason.contains("*.demo.example covers shop.demo.example") && reason.contains("ca2.example"));
        for (beside, expected) in
            [(Vec::new(), Effect::Prevents), (vec!["ca2.example".to_owned()], Effect::NoEffect)]
        {
            let facts = MeasuredFacts { caa_beside: Fact::Measured(beside), ..covered.clone() };
            assert_eq!(of(&facts, control).0, expected);
        }
    }
}

/// What an attacker has to pass, and what a change must not end, is every list that has to match.
#[test]
fn of_several_lists_the_strictest_decides() {
    let list = |position| PinMatches { positions: [position].into(), ..PinMatches::default() };
    let both = PinMatches { also: vec![list(Intermediate)], ..list(Leaf) };
    for matches in [both, PinMatches { also: vec![list(Leaf)], ..list(Intermediate) }] {
        let facts = with_pins(vec![of_matches(matches)]);
        assert_eq!(
            effects(&facts, Control::Pins),
            "T1 stops, T1b stops, T2 stops, T3 stops, T4 stops, T5 stops, T6 stops, T8 stops, T10 worse, T11 stops, \
             A1 worse, A2 worse, A3 worse, A4 worse"
        );
        assert_eq!(in_place(&facts, Control::LeafPin), InPlace::Yes);
        let reason = judge(Control::Pins, Threat::NewIntermediate, &facts).reason;
        assert!(
            reason.starts_with("Several lists must each match, and by one the pins match an intermediate;"),
            "{reason}"
        );
    }
}

fn of_matches(matches: PinMatches) -> Pins {
    Pins::Pinned {
        enforcement: PinEnforcement::Enforced,
        matches: Fact::Measured(matches),
        locked_out: false,
        overridden_for_user_anchors: false,
    }
}

/// Every new certificate ends the match of one that is pinned as a whole, the key kept or not.
#[test]
fn a_pin_of_the_whole_certificate_ends_with_it() {
    let of = |position, whole: bool| {
        let matches = PinMatches {
            positions: [position].into(),
            whole: whole.then_some(position).into_iter().collect(),
            ..PinMatches::default()
        };
        let facts = with_pins(vec![of_matches(matches)]);
        Threat::ALL
            .into_iter()
            .filter(|&threat| {
                threat.is_change() && judge(Control::Pins, threat, &facts).effect == Effect::MakesWorse
            })
            .map(Threat::id)
            .collect::<Vec<_>>()
    };
    assert_eq!(of(Leaf, true), ["A1", "A2", "A3", "A4", "A5"]);
    assert_eq!(of(Leaf, false), ["A1", "A3", "A4"]);
    assert_eq!(of(Intermediate, true), ["A2", "A3", "A4"]);
    let mut whole = tlsa(&[3], Some(&[3]));
    if let Fact::Measured(Dane::Usable { by_key, .. }) = &mut whole.dane {
        by_key.clear();
    }
    assert!(
        effects(&whole, Control::Dane).ends_with("A1 worse, A2 worse, A3 worse, A4 worse, A5 worse"),
        "{}",
        effects(&whole, Control::Dane)
    );
}

/// A pin that matches nothing here and is of a CA lets its certificates in, whoever uses that CA.
#[test]
fn a_pinned_ca_that_is_not_expected_is_not_refused() {
    let of = |position, is_used, threat| {
        let cas = vec![PinnedCa { name: "Other CA".to_owned(), is_used, pins: 2 }];
        let matches = PinMatches { positions: [position].into(), unmatched: 2, cas, ..PinMatches::default() };
        let judged = judge(Control::Pins, threat, &with_pins(vec![of_matches(matches)]));
        (judged.effect, judged.reason)
    };
    for threat in
        [Threat::OtherCaLogged, Threat::OtherCaDeceived, Threat::OtherCaUnlogged, Threat::ColludingLogs]
    {
        for (is_used, effect) in
            [(Some(false), Effect::NoEffect), (None, Effect::Unknown), (Some(true), Effect::Prevents)]
        {
            let (judged, reason) = of(Root, is_used, threat);
            assert_eq!(judged, effect, "{threat:?} {is_used:?}");
            assert_eq!(reason.contains("Other CA"), is_used != Some(true), "{reason}");
        }
    }
    for (is_used, own_ca) in
        [(Some(false), Effect::Prevents), (None, Effect::Unknown), (Some(true), Effect::NoEffect)]
    {
        assert_eq!(of(Leaf, is_used, Threat::AuthorisedCa).0, own_ca, "{is_used:?}");
        assert_eq!(of(Leaf, is_used, Threat::DnsHijack).0, Effect::NoEffect, "any CA can be asked");
    }
    let nobodys = judge(Control::Pins, Threat::OtherCaLogged, &with_pins(vec![pinned(&[Root], 1)]));
    assert_eq!(nobodys.effect, Effect::Prevents);
    assert!(nobodys.reason.ends_with("as long as the pin that matches nothing here is of no such CA."));
}

fn tlsa(usages: &[u8], satisfied: Option<&[u8]>) -> MeasuredFacts {
    let set = |usages: &[u8]| usages.iter().copied().collect::<BTreeSet<u8>>();
    MeasuredFacts {
        dane: Fact::Measured(Dane::Usable {
            usages: set(usages),
            satisfied: satisfied.map(set),
            by_key: satisfied.map(set).unwrap_or_default(),
        }),
        ..MeasuredFacts::default()
    }
}

#[test]
fn the_usage_of_a_tlsa_record_decides() {
    let of = |usages: &[u8], satisfied| effects(&tlsa(usages, satisfied), Control::Dane);
    let strangers = "T1 stops, T1b stops, T2 stops, T3 stops";
    let network = "T5 stops, T6 stops, T8 stops";
    assert_eq!(
        of(&[3], Some(&[3])),
        format!("{strangers}, T4 stops, {network}, T11 stops, A1 worse"),
        "the own key, whoever certifies it"
    );
    assert_eq!(
        of(&[2], Some(&[2])),
        format!("{strangers}, {network}, A2 worse, A3 worse, A4 worse"),
        "a CA's key"
    );
    // A record of a CA that is not in use lets its certificates in all the same.
    assert_eq!(of(&[2, 3], Some(&[3])), format!("{strangers}, {network}, A1 worse"));
    assert_eq!(
        of(&[3], Some(&[])),
        "T1 ?, T1b ?, T2 ?, T3 ?, T4 ?, T5 ?, T6 ?, T8 stops, T11 ?, \
        A1 worse, A2 worse, A3 worse, A4 worse, A5 worse"
    );
    assert_eq!(
        of(&[3], None),
        "T1 ?, T1b ?, T2 ?, T3 ?, T4 ?, T5 ?, T6 ?, T8 stops, T11 ?, A1 ?, A2 ?, A3 ?, A4 ?, A5 ?"
    );
    for none in [Dane::NoRecords, Dane::NotUsable("the zone is not signed with DNSSEC".to_owned())] {
        let facts = MeasuredFacts { dane: Fact::Measured(none), ..MeasuredFacts::default() };
        assert_eq!(
            (effects(&facts, Control::Dane), in_place(&facts, Control::Dane)),
            (String::new(), InPlace::No)
        );
    }
}

#[test]
fn a_header_that_nobody_obeys_does_nothing() {
    let sent = [Hpkp::Sent, Hpkp::NotSent].map(Fact::Measured);
    for hpkp in sent.into_iter().chain([Fact::NotGiven, Fact::Undetermined]) {
        let facts = MeasuredFacts { hpkp, ..MeasuredFacts::default() };
        assert_eq!(
            (effects(&facts, Control::Hpkp), in_place(&facts, Control::Hpkp)),
            (String::new(), InPlace::No)
        );
    }
}

fn dynamic(clients: &[(Option<bool>, FirstContact)]) -> MeasuredFacts {
    let client = |&(is_enforced, first_contact)| DynamicPins {
        client: "pins.json".to_owned(),
        class: None,
        is_enforced,
        first_contact,
    };
    MeasuredFacts {
        dynamic_pins: Fact::Measured(clients.iter().map(client).collect()),
        ..MeasuredFacts::default()
    }
}

#[test]
fn pins_that_come_at_run_time_are_worth_their_first_contact() {
    let of = |clients: &[(Option<bool>, FirstContact)]| effects(&dynamic(clients), Control::DynamicPins);
    let signed = of(&[(Some(true), FirstContact::Authenticated)]);
    assert_eq!(
        signed,
        "T1 stops, T1b stops, T2 stops, T3 stops, T4 stops, T5 stops, T6 stops, T8 stops, T11 stops, \
         A1 ?, A2 ?, A3 ?, A4 ?, A6 stops"
    );
    let met_first =
        of(&[(Some(true), FirstContact::Authenticated), (Some(true), FirstContact::NotAuthenticated)]);
    assert!(met_first.contains("T1 ?") && met_first.contains("T8 stops"), "{met_first}");
    assert!(met_first.ends_with("A6 worse"), "{met_first}");
    assert_eq!(of(&[(Some(false), FirstContact::Authenticated)]), "");
    assert!(of(&[(None, FirstContact::Authenticated)]).starts_with("T1 ?, T1b ?, T2 ?"));
    assert_eq!(of(&[]), "");
    assert_eq!(in_place(&dynamic(&[]), Control::DynamicPins), InPlace::No);
}

#[test]
fn revocation_never_prevents_by_itself() {
    let with = |paths: RevocationPaths| MeasuredFacts {
        revocation: Fact::Measured(paths),
        ..MeasuredFacts::default()
    };
    let others = "T1 ?, T1b ?, T4 ?, T11 ?";
    let named = with(RevocationPaths { names_crl: true, ..RevocationPaths::default() });
    assert_eq!(effects(&named, Control::Revocation), "T1 ?, T1b ?, T4 ?, T10 ?, T11 ?");
    assert_eq!(in_place(&named, Control::Revocation), InPlace::Partly);
    let nowhere = with(RevocationPaths::default());
    assert_eq!(effects(&nowhere, Control::Revocation), others);
    assert_eq!(in_place(&nowhere, Control::Revocation), InPlace::No);
    let short = with(RevocationPaths {
        short_lived: true,
        not_after: Some("2026-11-25T00:00:00Z".parse().unwrap()),
        ..RevocationPaths::default()
    });
    let judged = judge(Control::Revocation, Threat::StolenKey, &short);
    assert_eq!(judged.effect, Effect::NoEffect);
    assert!(judged.reason.contains("until it expires, on 2026-11-25"), "{}", judged.reason);
}

#[test]
fn who_compares_keys_sees_what_the_own_ca_issues() {
    let with = |watch: LogWatch| MeasuredFacts {
        expectation: Fact::Measured(Expectation::Expected),
        log_watch: Fact::Measured(watch),
        ..MeasuredFacts::default()
    };
    let of = |watch| effects(&with(watch), Control::IssuerExpectation);
    let state = |watch| in_place(&with(watch), Control::IssuerExpectation);
    let watch = Watch { by: "the state".to_owned(), ..Watch::default() };
    let keys = Watch { compares_keys: true, ..watch.clone() };
    let lacking = Watch { lacks: Some("a log was not read".to_owned()), ..keys.clone() };
    assert_eq!(of(LogWatch::Watched(watch.clone())), "T1 shows, T1b shows");
    assert_eq!(of(LogWatch::Watched(keys.clone())), "T1 shows, T1b shows, T4 shows, T11 shows");
    // One look at a search service, which may lack even what is served, is no watch.
    assert_eq!(of(LogWatch::LookedUp(keys.clone())), "T1 ?, T1b ?, T4 ?, T11 ?");
    assert_eq!(of(LogWatch::Watched(lacking.clone())), "T1 ?, T1b ?, T4 ?, T11 ?");
    assert_eq!(
        [state(LogWatch::Watched(keys)), state(LogWatch::LookedUp(watch)), state(LogWatch::Watched(lacking))],
        [InPlace::Yes, InPlace::Partly, InPlace::Partly]
    );
}
