//! Whether pins count as wide.

use super::*;

#[test]
fn pins_are_wide_only_where_every_root_is_pinned_and_nothing_is_missed() {
    let wide = MeasuredFacts { root_pins: roots(&[]), ..facts(sound()) };
    let of = |facts: &MeasuredFacts, sets| {
        let required = advice(facts, &favourable(), Some(replay(sets))).required;
        let step = required.into_iter().find(|step| step.id == StepId::Widened).unwrap();
        (step.done, step.evidence)
    };
    let all = given(0, Some((5, 5)));
    assert_eq!(of(&wide, vec![all.clone()]).0, Done::Yes);
    for (set, expected, told) in [
        (given(0, Some((3, 5))), Done::No, "3 of 5 recent certificates match"),
        (given(0, Some((4, 4))), Done::Unknown, "only 4 recent renewals are known"),
        (given(0, None), Done::Unknown, "is not known"),
        (
            ReplayedPinSet { standing: vec![0], ..all.clone() },
            Done::Unknown,
            "in a line beside the one in service",
        ),
        (ReplayedPinSet { undetermined: 1, ..all.clone() }, Done::Unknown, "is not known whether they match"),
        (
            ReplayedPinSet { locks_out_now: LocksOutNow::Surely, ..all.clone() },
            Done::No,
            "users are locked out now",
        ),
        (
            ReplayedPinSet { locks_out_now: LocksOutNow::Perhaps, ..all.clone() },
            Done::No,
            "does not match on every path",
        ),
        (
            ReplayedPinSet { refuses_all_from: Some("2026-11-25T00:00:00Z".parse().unwrap()), ..all.clone() },
            Done::No,
            "from 2026-11-25 on, clients that have these pins refuse every connection",
        ),
        (
            ReplayedPinSet { locks_out_now: LocksOutNow::Unknown, ..all.clone() },
            Done::Unknown,
            "whether they lock users out now is not known",
        ),
        (
            ReplayedPinSet { refuses: false, ..all.clone() },
            Done::Unknown,
            "not all of the pins were replayed",
        ),
    ] {
        let (is_done, evidence) = of(&wide, vec![set]);
        assert!(is_done == expected && evidence.contains(told), "{is_done:?}: {evidence}");
    }
    let narrow = MeasuredFacts { root_pins: roots(&["Root B", "Root C"]), ..wide.clone() };
    let (is_done, evidence) = of(&narrow, vec![all.clone()]);
    assert_eq!(is_done, Done::No);
    assert!(evidence.contains("2 of 3 roots of the CAs in use are not pinned: Root B, Root C"), "{evidence}");
    let leaf = RootPins { client: "app.xml".to_owned(), are_enough: false, missing: Vec::new(), of: 1 };
    let leaf = MeasuredFacts { root_pins: Fact::Measured(vec![leaf]), ..wide.clone() };
    assert_eq!(of(&leaf, vec![all.clone()]).0, Done::No);
    for unknown in [Fact::NotGiven, Fact::Undetermined] {
        let unknown = MeasuredFacts { root_pins: unknown, ..wide.clone() };
        assert_eq!(of(&unknown, vec![all.clone()]).0, Done::Unknown);
    }
    // Pins that come at run time are in no file.
    let fetched = DynamicPins {
        client: "app.kt".to_owned(),
        class: None,
        is_enforced: Some(true),
        first_contact: FirstContact::Unknown,
    };
    let fetched = MeasuredFacts { dynamic_pins: Fact::Measured(vec![fetched]), ..facts(Pins::NotPinned) };
    let advice = advice(&fetched, &favourable(), None);
    assert_eq!((done(&advice, StepId::Widened), done(&advice, StepId::Removed)), (Done::Unknown, Done::No));
}
