//! The table under every state of every fact.

use std::collections::BTreeSet;

use super::*;
use crate::x509::ChainPosition::{self, Intermediate, Leaf, Root};

/// One state of a fact, and whether it is known.
type State<T> = (Fact<T>, bool);

fn states<T>(measured: impl IntoIterator<Item = T>) -> Vec<State<T>> {
    let unknown = [(Fact::NotGiven, false), (Fact::Undetermined, false)];
    unknown.into_iter().chain(measured.into_iter().map(|value| (Fact::Measured(value), true))).collect()
}

fn caa_states() -> Vec<State<CaaPolicy>> {
    let restrictive = |permitted: &[&str], current_issuer| CaaPolicy::Restrictive {
        permitted: permitted.iter().map(|&id| id.to_owned()).collect(),
        current_issuer,
    };
    states([
        CaaPolicy::NoRecords,
        CaaPolicy::Unrestricted,
        restrictive(&["ca1.example"], CurrentIssuer::Permitted),
        restrictive(&[], CurrentIssuer::Denied),
        restrictive(&["ca1.example", "ca2.example"], CurrentIssuer::Undetermined),
    ])
}

fn pinned_at(positions: &[ChainPosition], unmatched: usize) -> Pins {
    pinned(
        PinEnforcement::Enforced,
        Fact::Measured(PinMatches {
            positions: positions.iter().copied().collect(),
            unmatched,
            ..PinMatches::default()
        }),
    )
}

fn pinned(enforcement: PinEnforcement, matches: Fact<PinMatches>) -> Pins {
    Pins::Pinned { enforcement, matches, locked_out: false, overridden_for_user_anchors: false }
}

fn watched() -> LogWatch {
    LogWatch::Watched(Watch { by: "the state of pinstead watch".to_owned(), ..Watch::default() })
}

/// The pins of a client that match nothing here.
fn locked_out() -> Pins {
    Pins::Pinned {
        enforcement: PinEnforcement::Enforced,
        matches: Fact::Measured(PinMatches {
            positions: BTreeSet::new(),
            unmatched: 1,
            ..PinMatches::default()
        }),
        locked_out: true,
        overridden_for_user_anchors: false,
    }
}

/// The pins of `a.txt`, `b.txt` and so on.
fn clients(pins: impl IntoIterator<Item = Pins>) -> Vec<ClientPins> {
    ('a'..='z')
        .zip(pins)
        .map(|(name, pins)| ClientPins { client: format!("{name}.txt"), class: None, pins })
        .collect()
}

fn pin_states() -> Vec<State<Vec<ClientPins>>> {
    let leaf = || {
        Fact::Measured(PinMatches {
            positions: BTreeSet::from([Leaf]),
            unmatched: 0,
            ..PinMatches::default()
        })
    };
    let unknown = |matches| pinned(PinEnforcement::Enforced, matches);
    let alone = [
        Pins::NotPinned,
        pinned(PinEnforcement::ReportOnly, leaf()),
        pinned(PinEnforcement::Off, leaf()),
        pinned_at(&[], 2),
        pinned_at(&[Leaf], 0),
        pinned_at(&[Leaf], 1),
        pinned_at(&[Leaf], 2),
        pinned_at(&[Intermediate], 1),
        pinned_at(&[Root], 0),
        pinned_at(&[Leaf, Root], 0),
        locked_out(),
    ];
    let several = [
        clients([pinned_at(&[Leaf], 0), pinned_at(&[Root], 1)]),
        clients([locked_out(), pinned_at(&[Leaf, Root], 0)]),
        clients([unknown(Fact::Undetermined), pinned_at(&[Leaf], 0)]),
    ];
    let mut all = states(alone.into_iter().map(|pins| clients([pins])).chain(several));
    for not_known in [
        Vec::new(),
        clients([unknown(Fact::NotGiven)]),
        clients([unknown(Fact::Undetermined)]),
        clients([unknown(Fact::Undetermined), unknown(Fact::NotGiven)]),
    ] {
        all.push((Fact::Measured(not_known), false));
    }
    all
}

/// Every combination of states, with the controls whose own fact is unknown in it.
fn every_input() -> impl Iterator<Item = (MeasuredFacts, Vec<Control>)> {
    let trust = states([PublicTrust::Trusted, PublicTrust::NotTrusted]);
    let ct = states([CtPolicy::Met, CtPolicy::MetInPart, CtPolicy::NotMet]);
    let expectation = states([Expectation::Expected, Expectation::Unexpected]);
    let watch = states([watched(), LogWatch::NotWatched]);
    let (caa, pins) = (caa_states(), pin_states());
    // The columns do not look at one another, so each control's states are run through beside the others'.
    let most = pins.len() * expectation.len() * watch.len();
    (0..most).map(move |round| {
        let (trust, ct, caa) = (&trust[round % trust.len()], &ct[round % ct.len()], &caa[round % caa.len()]);
        let expectation = &expectation[round % expectation.len()];
        let watch = &watch[round / 4 % watch.len()];
        let pins = &pins[round / 16 % pins.len()];
        let facts = MeasuredFacts {
            public_trust: trust.0.clone(),
            ct_policy: ct.0.clone(),
            caa: caa.0.clone(),
            expectation: expectation.0.clone(),
            log_watch: watch.0.clone(),
            pins: pins.0.clone(),
            ..MeasuredFacts::default()
        };
        let known = [trust.1, ct.1, caa.1, expectation.1, pins.1];
        let unknown = Control::ALL.into_iter().zip(known).filter(|(_, known)| !known);
        (facts, unknown.map(|(control, _)| control).collect())
    })
}

fn effect(facts: &MeasuredFacts, threat: Threat, control: Control) -> Effect {
    let comparison = compare(facts, &Circumstances::default());
    let row = comparison.threats.iter().find(|row| row.id == threat.id()).unwrap();
    row.cells.iter().find(|cell| cell.control == control).unwrap().effect
}

/// The effects of one control on every threat, as the words of the table.
fn column(facts: &MeasuredFacts, control: Control) -> String {
    let words: Vec<String> = Threat::ALL
        .into_iter()
        .map(|threat| (threat.id(), effect(facts, threat, control)))
        .filter(|(_, effect)| *effect != Effect::NoEffect)
        .map(|(id, effect)| format!("{id} {}", effect.word()))
        .collect();
    words.join(", ")
}

fn with_pins(pins: Pins) -> MeasuredFacts {
    with_clients([pins])
}

fn with_clients(pins: impl IntoIterator<Item = Pins>) -> MeasuredFacts {
    MeasuredFacts { pins: Fact::Measured(clients(pins)), ..MeasuredFacts::default() }
}

fn with_caa(permitted: &[&str], current_issuer: CurrentIssuer) -> MeasuredFacts {
    let permitted = permitted.iter().map(|&id| id.to_owned()).collect();
    MeasuredFacts {
        caa: Fact::Measured(CaaPolicy::Restrictive { permitted, current_issuer }),
        ..MeasuredFacts::default()
    }
}

#[test]
fn what_is_not_known_is_unknown_wherever_its_state_matters() {
    let mut seen = 0;
    for (facts, unknown) in every_input() {
        for (threat, row) in Threat::ALL.into_iter().zip(compare(&facts, &Circumstances::default()).threats) {
            for cell in row.cells.iter().filter(|cell| unknown.contains(&cell.control)) {
                let is_idle = controls::never_matters(cell.control, threat);
                let expected = if is_idle { Effect::NoEffect } else { Effect::Unknown };
                assert_eq!(cell.effect, expected, "{} {:?} of {facts:?}", row.id, cell.control);
                seen += usize::from(!is_idle);
            }
        }
    }
    assert!(seen > 500, "{seen}");
}

#[test]
fn every_cell_gives_one_sentence_and_a_source() {
    for (facts, _) in every_input() {
        let comparison = compare(&facts, &Circumstances::default());
        assert_eq!(comparison.threats.len(), Threat::ALL.len());
        for cell in comparison.threats.iter().flat_map(|row| &row.cells) {
            assert!(cell.reason.ends_with('.') && !cell.reason.contains(". "), "{}", cell.reason);
            assert!(!cell.source.is_empty());
        }
    }
}

#[test]
fn ids_and_titles_are_unique() {
    let ids: BTreeSet<_> = Threat::ALL.iter().map(|threat| threat.id()).collect();
    let titles: BTreeSet<_> = Threat::ALL.iter().map(|threat| threat.title()).collect();
    assert_eq!((ids.len(), titles.len()), (Threat::ALL.len(), Threat::ALL.len()));
}

#[test]
fn ca_trust_stops_only_who_has_no_certificate() {
    let facts = |trust| MeasuredFacts { public_trust: Fact::Measured(trust), ..MeasuredFacts::default() };
    assert_eq!(column(&facts(PublicTrust::Trusted), Control::CaTrust), "T8 stops, A4 worse");
    let private = facts(PublicTrust::NotTrusted);
    assert_eq!(effect(&private, Threat::NetworkAttacker, Control::CaTrust), Effect::Unknown);
}

#[test]
fn ct_stops_what_is_not_logged() {
    let facts = |policy| MeasuredFacts { ct_policy: Fact::Measured(policy), ..MeasuredFacts::default() };
    assert_eq!(column(&facts(CtPolicy::Met), Control::Ct), "T2 stops, A5 worse");
    assert_eq!(
        column(&facts(CtPolicy::MetInPart), Control::Ct),
        "T2 stops, A1 worse, A2 worse, A3 worse, A4 worse, A5 worse"
    );
    assert_eq!(
        column(&facts(CtPolicy::NotMet), Control::Ct),
        "T2 stops, A1 worse, A2 worse, A3 worse, A4 worse, A5 worse"
    );
}

#[test]
fn caa_stops_only_honest_cas() {
    let facts = with_caa(&["ca1.example"], CurrentIssuer::Permitted);
    // Who forges the DNS to a CA forges CAA, too, unless the zone is signed.
    assert_eq!(column(&facts, Control::Caa), "T1b ?, A3 worse, A4 worse");
    for (dnssec, deceived) in [(Dnssec::Secure, "stops"), (Dnssec::Insecure, "?")] {
        let binding = CaaBinding { accounts: Share::None, methods: Share::None, dnssec, must_process: true };
        let facts = MeasuredFacts { caa_binding: Fact::Measured(binding), ..facts.clone() };
        assert_eq!(column(&facts, Control::Caa), format!("T1b {deceived}, A3 worse, A4 worse"));
    }
    let denied = with_caa(&["ca2.example"], CurrentIssuer::Denied);
    assert_eq!(column(&denied, Control::Caa), "T1b ?, A1 worse, A2 worse, A3 worse, A4 worse, A5 worse");
    for policy in [CaaPolicy::NoRecords, CaaPolicy::Unrestricted] {
        let facts = MeasuredFacts { caa: Fact::Measured(policy), ..MeasuredFacts::default() };
        assert_eq!(column(&facts, Control::Caa), "");
    }
}

#[test]
fn an_expectation_shows_nothing_until_someone_looks() {
    let facts = |expectation, log_watch| MeasuredFacts {
        expectation: Fact::Measured(expectation),
        log_watch,
        ..MeasuredFacts::default()
    };
    let column = |expectation, watch| column(&facts(expectation, watch), Control::IssuerExpectation);
    assert_eq!(column(Expectation::Expected, Fact::NotGiven), "T1 ?, T1b ?");
    assert_eq!(column(Expectation::Expected, Fact::Undetermined), "T1 ?, T1b ?");
    assert_eq!(column(Expectation::Expected, Fact::Measured(LogWatch::NotWatched)), "");
    assert_eq!(column(Expectation::Expected, Fact::Measured(watched())), "T1 shows, T1b shows");
    // The one that is served is reported; of others that tells nothing.
    assert_eq!(column(Expectation::Unexpected, Fact::NotGiven), "T1 ?, T1b ?");
    assert_eq!(column(Expectation::Unexpected, Fact::Measured(LogWatch::NotWatched)), "");
    assert_eq!(column(Expectation::Unexpected, Fact::Measured(watched())), "T1 shows, T1b shows");
}

#[test]
fn the_level_of_a_pin_decides() {
    let column = |pins| column(&with_pins(pins), Control::Pins);
    let strangers = "T1 stops, T1b stops, T2 stops, T3 stops";
    let network = "T5 stops, T6 stops, T8 stops";
    assert_eq!(
        column(pinned_at(&[Leaf], 0)),
        format!("{strangers}, T4 stops, {network}, T10 worse, T11 stops, A1 worse, A3 worse, A4 worse")
    );
    assert_eq!(
        column(pinned_at(&[Intermediate], 1)),
        format!("{strangers}, {network}, A2 worse, A3 worse, A4 worse")
    );
    assert_eq!(column(pinned_at(&[Root], 0)), format!("{strangers}, {network}, A3 worse, A4 worse"));
    assert_eq!(column(pinned_at(&[Leaf, Root], 0)), format!("{strangers}, {network}, A3 worse, A4 worse"));
}

#[test]
fn a_pin_that_matches_nothing_may_be_a_ca_key() {
    let facts = with_pins(pinned_at(&[Leaf], 1));
    assert_eq!(effect(&facts, Threat::AuthorisedCa, Control::Pins), Effect::Unknown);
    assert_eq!(effect(&facts, Threat::OtherCaLogged, Control::Pins), Effect::Prevents);
}

#[test]
fn pins_that_match_nothing_or_do_not_bite_protect_nobody() {
    let broken = with_pins(pinned_at(&[], 2));
    assert_eq!(effect(&broken, Threat::OtherCaLogged, Control::Pins), Effect::Unknown);
    assert_eq!(effect(&broken, Threat::NewKey, Control::Pins), Effect::MakesWorse);
    for enforcement in [PinEnforcement::ReportOnly, PinEnforcement::Off] {
        let facts = with_pins(pinned(enforcement, Fact::NotGiven));
        assert_eq!(column(&facts, Control::Pins), "");
    }
    assert_eq!(column(&with_pins(Pins::NotPinned), Control::Pins), "");
}

#[test]
fn clients_that_are_locked_out_stay_so_though_others_connect() {
    let facts = with_clients([pinned_at(&[Leaf, Root], 0), locked_out()]);
    assert_eq!(
        column(&facts, Control::Pins),
        "T1 ?, T1b ?, T2 ?, T3 ?, T5 ?, T6 ?, T8 ?, T10 ?, \
         A1 worse, A2 worse, A3 worse, A4 worse, A5 worse"
    );
    let comparison = compare(&facts, &Circumstances::default());
    let renewal = comparison.threats.iter().find(|row| row.id == "A1").unwrap();
    let cell = renewal.cells.iter().find(|cell| cell.control == Control::Pins).unwrap();
    assert!(cell.reason.starts_with("For b.txt: "), "{}", cell.reason);
    assert!(cell.reason.contains("clients with these pins are locked out now"), "{}", cell.reason);
}

#[test]
fn pins_that_are_overridden_for_added_roots_do_not_stop_them() {
    let overridden = |enforcement| {
        with_pins(Pins::Pinned {
            enforcement,
            matches: Fact::Measured(PinMatches {
                positions: BTreeSet::from([Root]),
                unmatched: 1,
                ..PinMatches::default()
            }),
            locked_out: false,
            overridden_for_user_anchors: true,
        })
    };
    let facts = overridden(PinEnforcement::Enforced);
    assert_eq!(
        column(&facts, Control::Pins),
        "T1 stops, T1b stops, T2 stops, T3 stops, T6 stops, T8 stops, A3 worse, A4 worse"
    );
    let comparison = compare(&facts, &Circumstances::default());
    let row = comparison.threats.iter().find(|row| row.id == "T5").unwrap();
    let cell = row.cells.iter().find(|cell| cell.control == Control::Pins).unwrap();
    assert!(cell.reason.contains("overridePins"), "{}", cell.reason);
    assert_eq!(column(&overridden(PinEnforcement::Off), Control::Pins), "");
}

#[test]
fn the_json_is_the_contract() {
    let json = serde_json::to_value(compare(&MeasuredFacts::default(), &Circumstances::default())).unwrap();
    assert_eq!(json["replay"], serde_json::Value::Null);
    let row = &json["threats"][0];
    assert_eq!((row["id"].as_str(), row["cells"].as_array().map(Vec::len)), (Some("T1"), Some(13)));
    assert_eq!(row["cells"][3]["control"], "issuer_expectation");
    assert_eq!(row["cells"][3]["effect"], "unknown");
    assert_eq!(row["cells"][3]["would"], "detects");
    assert!(row["cells"][3]["condition"].as_str().unwrap().contains("merge delay"));
    assert!(row["cells"][3].get("within").is_none() && json.get("advice").is_none());
    let within = Within {
        at_best: jiff::SignedDuration::from_mins(90),
        at_worst: None,
        measured_by: "Measured.".to_owned(),
    };
    assert_eq!(
        serde_json::to_value(within).unwrap(),
        serde_json::json!({"at_best": "PT1H30M", "measured_by": "Measured."})
    );
}
