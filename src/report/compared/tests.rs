//! Headlines as lists, and the plan in order.

use super::{headlines, plan, plan_title, telling, threats};
use crate::compare::advice::Verdict;
use crate::compare::{Comparison, Control};
use crate::report::document::{DocumentForm, Section, sample};

#[test]
fn what_is_so_of_every_client_is_told_once() {
    let comparison = sample::comparison();
    let [prevents, detects, locks_out] = headlines(&comparison);
    assert_eq!(
        prevents.told(),
        [
            "For every kind of client, by CAA: another CA is deceived (T1b).",
            "For browsers, by CT: another CA issues unlogged (T2).",
            "Not known for every kind of client: T1; it depends on pins.",
        ]
    );
    assert_eq!(detects.lines[0].within.as_deref(), Some("within 1 d 1 h"));
    assert_eq!(locks_out.told(), ["Nothing is known to lock users out."]);
}

#[test]
fn without_clients_nothing_is_said_of_them() {
    let comparison = crate::compare::Comparison { clients: Vec::new(), ..sample::comparison() };
    let [prevents, ..] = headlines(&comparison);
    assert!(prevents.told()[0].starts_with("Which clients the host serves is not known"), "{prevents:?}");
}

#[test]
fn a_control_that_nobody_has_needs_no_column() {
    let comparison = sample::comparison();
    assert_eq!(
        telling(&comparison),
        [Control::Ct, Control::Caa, Control::IssuerExpectation, Control::Pins],
        "pins are not known, which is told"
    );
    let rows = threats(&comparison);
    assert_eq!(rows[1].prevents, ["CAA"]);
    assert_eq!(rows[1].detects, ["expected issuer (within 1 d 1 h)"]);
    assert_eq!(
        (&rows[0].unknown[..], &rows[2].makes_worse[..]),
        (&["pins".to_owned()][..], &["pins".to_owned()][..])
    );
}

#[test]
fn every_step_stands_once_in_the_order_of_the_plan() {
    let comparison = sample::comparison();
    let steps: Vec<(String, Option<usize>, bool)> = plan(comparison.advice.as_ref().unwrap())
        .iter()
        .map(|step| (step.step.id.to_string(), step.order, step.is_required))
        .collect();
    let step = |id: &str, order, is_required| (id.to_owned(), Some(order), is_required);
    assert_eq!(
        steps,
        [
            step("monitoring", 1, false),
            step("caa", 2, false),
            step("widened", 3, true),
            step("removed", 4, true)
        ]
    );
}

#[test]
fn how_often_is_the_same_range_in_every_form() {
    let mut replayed = sample::replay();
    let [leaf, root] = replayed.pin_sets.as_mut_slice() else { panic!("two pin sets") };
    (leaf.sure, leaf.at_most) = (2, Some(95));
    (root.sure, root.at_most, root.undetermined) = (3, None, 0);
    leaf.half_life.as_mut().unwrap().median_days = Some(61);
    let human = crate::report::human::replay(&replayed, false);
    let comparison = Comparison { replay: Some(replayed), ..sample::comparison() };
    let section = || Section {
        data: serde_json::json!({"comparison": serde_json::to_value(&comparison).unwrap()}),
        ..sample::compared(&comparison, &[])
    };
    let document = |form| sample::document(form, &[section()], 0);
    for (form, text) in [
        ("human", human),
        ("HTML", document(DocumentForm::Html)),
        ("Markdown", document(DocumentForm::Markdown)),
        ("JUnit", document(DocumentForm::Junit)),
    ] {
        for told in ["2 to 95", "at least 3"] {
            assert!(text.contains(told), "{form} lacks {told}: {text}");
        }
        assert!(
            form == "JUnit" || text.contains(" or less"),
            "{form} has a median without its bound: {text}"
        );
    }
}

#[test]
fn without_an_upper_bound_none_is_shown() {
    let of = |sure, at_most| {
        let mut set = sample::replay().pin_sets.swap_remove(0);
        (set.sure, set.at_most) = (sure, at_most);
        (set.how_often(), set.times())
    };
    for (sure, most, often, times) in [
        (2, Some(2), "2", "2 times"),
        (0, Some(2), "0 to 2", "0 to 2 times"),
        (1, Some(1), "1", "once"),
        (0, None, "0 or more", "0 or more times"),
        (1, None, "at least 1", "at least once"),
        (4, None, "at least 4", "at least 4 times"),
    ] {
        assert_eq!(of(sure, most), (often.to_owned(), times.to_owned()));
    }
}

#[test]
fn the_way_off_is_for_those_who_take_it_and_what_is_beside_it_comes_last() {
    let comparison = sample::comparison();
    let mut advice = comparison.advice.clone().unwrap();
    assert_eq!(plan_title(&advice), "The way off pinning, in this order");
    advice.verdict = Verdict::Change;
    assert!(plan_title(&advice).ends_with("for whoever decides to take it"));
    let beside = advice.migration.remove(1).step;
    advice.first = vec![beside];
    let orders: Vec<Option<usize>> = plan(&advice).iter().map(|step| step.order).collect();
    assert_eq!(orders, [Some(1), Some(3), Some(4), None]);
    advice.migration.clear();
    assert!(plan_title(&advice).starts_with("To have in place"));
}
