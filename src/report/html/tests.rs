//! HTML in fixed words, and with names that mean harm.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{MOST_PAGE, NUMBER, timeline};
use crate::compare::Comparison;
use crate::compare::replay::{FlagRule, Flagged, Gap, PinSetKind, Replay};
use crate::report::document::{DocumentForm, Section, sample};

fn with_replay<'a>(sections: Vec<Section<'a>>, comparison: &'a Comparison) -> Vec<Section<'a>> {
    sections
        .into_iter()
        .map(|section| Section {
            comparison: Some(comparison),
            data: json!({
                "comparison": serde_json::to_value(comparison).unwrap(),
                "certificate": {"subject": sample::HOSTILE, "issuer": "CN=CA", "dns_names": [sample::HOSTILE],
                    "not_before": "2026-01-01T00:00:00Z", "not_after": "2026-12-31T00:00:00Z", "serial": "01"},
                "chain": [{"subject": sample::HOSTILE, "sha256": "00", "spki_sha256": "AA="}],
                "ct": {"status": "checked", "scts": [{"log": sample::HOSTILE, "delivery": "embedded",
                    "timestamp": "2026-01-01T00:00:00Z", "verdict": "valid", "inclusion": "not_checked", "reason": "It stands."}],
                    "policies": {"chrome": {"verdict": "compliant", "reasons": [sample::HOSTILE]}}},
            }),
            ..section
        })
        .collect()
}

fn page() -> String {
    let (findings, hostile, comparison) =
        (sample::findings(), sample::hostile_findings(), sample::comparison());
    let sections = with_replay(sample::sections(&findings, &hostile), &comparison);
    sample::document(DocumentForm::Html, &sections, 1)
}

#[test]
fn nothing_from_outside_is_markup() {
    let page = page();
    for markup in ["<script", "<img", "javascript:x\"", "\u{1b}", "\u{202e}", "\u{0}", "{{ 7*7 }}49", ">49<"]
    {
        assert!(!page.contains(markup), "{markup:?}");
    }
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;")
            || page.contains("&lt;script&gt;alert(1)&lt;/script&gt;")
    );
    assert!(!page.contains(NUMBER), "every target has its number");
}

#[test]
fn the_page_is_whole_in_itself() {
    let page = page();
    for outside in ["<link", "<iframe", "src=", "@import", "url(http", "xlink:href", " style=\"", " onload"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let style = page.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).unwrap().0;
    let hash = STANDARD.encode(Sha256::digest(style.as_bytes()));
    // Signs that stand for characters count as these, in an attribute.
    let policy = page.replace("&#x2f;", "/").replace("&#x27;", "'");
    assert!(
        policy.contains(&format!("style-src 'sha256-{hash}'")),
        "the policy allows this style and no other"
    );
}

#[test]
fn what_failed_comes_first_and_ids_are_unique() {
    let page = page();
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}"));
    assert!(place("shop.example:443</a>") < place("open.example:443</a>"));
    assert!(place("open.example:443</a>") < place("good.example:443</a>"));
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn the_timeline_is_drawn_like_this() {
    let picture = timeline::picture(&sample::replay()).unwrap();
    assert_eq!(picture.notes, Vec::<String>::new());
    insta::assert_snapshot!(picture.svg.replace('>', ">\n"));
}

/// How often a class is drawn.
fn drawn(picture: &timeline::Picture, class: &str) -> usize {
    picture.svg.matches(&format!("class=\"{class}\"")).count()
}

#[test]
fn a_time_without_certificates_is_drawn_as_not_known() {
    let gap = |from: &str, until: &str| Gap { from: from.parse().unwrap(), until: until.parse().unwrap() };
    let gaps = vec![gap("2024-06-01T00:00:00Z", "2024-07-01T00:00:00Z")];
    let picture = timeline::picture(&Replay { gaps, ..sample::replay() }).unwrap();
    assert_eq!(drawn(&picture, "gap"), 1);
    assert!(picture.svg.contains("No certificate is known, 2024-06-01 to 2024-07-01"), "{}", picture.svg);
    assert_eq!(drawn(&timeline::picture(&sample::replay()).unwrap(), "gap"), 0);
}

#[test]
fn a_lock_out_that_is_sure_is_drawn_however_short_it_was() {
    let mut replay = sample::replay();
    for set in &mut replay.pin_sets {
        for lockout in &mut set.lockouts {
            // As without a release lead: how long each lasted is not known.
            (lockout.ends_at_best, lockout.ends_at_worst, lockout.is_open) = (None, None, false);
        }
    }
    let picture = timeline::picture(&replay).unwrap();
    assert_eq!(drawn(&picture, "sure"), 2, "each of the two that are sure: {}", picture.svg);
    assert!(picture.notes[0].starts_with("How long a lock-out lasted is not known"), "{:?}", picture.notes);
    // It began between these days, and nothing says that it lasts until today.
    assert!(picture.svg.contains("at worst, 2024-12-01 to 2024-12-31<"), "{}", picture.svg);
    // Pins as given stay as they are until somebody changes them.
    for set in &mut replay.pin_sets {
        set.kind = PinSetKind::Given { client: "app.xml".to_owned() };
    }
    let picture = timeline::picture(&replay).unwrap();
    assert!(picture.svg.contains("at worst, 2024-12-01 to 2026-11-22, 2 lock-outs<"), "{}", picture.svg);
}

#[test]
fn a_pin_set_without_a_window_says_whether_all_is_known() {
    let with = |undetermined, at_most| {
        let mut replay = sample::replay();
        let set = &mut replay.pin_sets[0];
        (set.lockouts, set.undetermined, set.at_most) = (Vec::new(), undetermined, at_most);
        timeline::picture(&replay).unwrap().svg
    };
    assert!(with(0, Some(0)).contains(">none</text>"));
    assert!(with(0, None).contains(">none in what is known</text>"));
    assert!(with(3, Some(0)).contains(">none known; of 3 certificates it is not known"));
}

#[test]
fn what_is_not_drawn_by_itself_is_told() {
    let one = sample::replay().certificates[0].clone();
    let flag = sample::replay().flagged.unwrap().swap_remove(0);
    let flagged = (0..200).map(|certificate| Flagged { certificate, ..flag.clone() }).collect();
    let crowd = Replay { certificates: vec![one; 200], flagged: Some(flagged), ..sample::replay() };
    let picture = timeline::picture(&crowd).unwrap();
    assert_eq!(drawn(&picture, "flag"), 150, "those that are drawn together are flagged each");
    assert!(
        picture.notes[0].starts_with("The earliest 50 of 200 certificates are not drawn"),
        "{:?}",
        picture.notes
    );
    assert!(picture.notes[1].starts_with("138 certificates"), "{:?}", picture.notes);
    assert!(picture.svg.contains(">+138</text>") && picture.svg.contains("138 certificates that were there"));
}

#[test]
fn what_was_asked_for_comes_first() {
    let (comparison, findings) = (sample::comparison(), sample::compared_findings());
    let section = Section {
        data: json!({"comparison": serde_json::to_value(&comparison).unwrap()}),
        ..sample::compared(&comparison, &findings)
    };
    let page = sample::document(DocumentForm::Html, &[section], 1);
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
    let order = [
        "Advice: drop the pins.",
        "Over 35 months",
        "<h4>Prevents now</h4>",
        "What to do</h4>",
        "class=\"matrix\"",
        "-findings\">",
    ];
    assert!(order.map(place).is_sorted());
    assert!(
        page.contains("<li>another CA is deceived <span class=\"soft\">T1b</span></li>"),
        "headlines are lists"
    );
    assert_eq!(
        page.matches("Over 35 months, a leaf pin").count(),
        2,
        "the sentence, and the words of the picture"
    );
    assert!(page.contains("<span class=\"badge is-bad\">required</span>"));
    // What comes from outside stands as it is, also where a sentence would begin with it.
    assert!(page.contains("<span class=\"soft\">Seen:</span> &lt;script&gt;"), "{page}");
}

#[test]
fn what_stands_in_tables_is_words_and_no_codes() {
    let replay = Replay {
        pin_sets: sample::replay().pin_sets,
        flagged: Some(
            [FlagRule::Caa, FlagRule::Issuewild, FlagRule::ExpectedCa, FlagRule::KnownKey]
                .map(|rule| Flagged { rule, ..sample::replay().flagged.unwrap().swap_remove(0) })
                .to_vec(),
        ),
        ..sample::replay()
    };
    let comparison = Comparison { replay: Some(replay), ..sample::comparison() };
    let section = Section {
        data: json!({"comparison": serde_json::to_value(&comparison).unwrap()}),
        ..sample::compared(&comparison, &[])
    };
    let page = sample::document(DocumentForm::Html, &[section], 1);
    for words in [
        "<td>CAA of today</td>",
        "<td>issuewild</td>",
        "<td>expected CAs</td>",
        "<td>known keys</td>",
        "<td>new CA</td>",
        "<th scope=\"row\">Android apps that target API 36</th>",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[test]
fn a_page_of_many_targets_can_be_narrowed_and_ends() {
    let findings = sample::findings();
    // Some 200 kB of names each.
    let names = vec!["x".repeat(1999); 100];
    let of = |_| Section {
        data: json!({"certificate": {"subject": "CN=x", "issuer": "CN=CA", "dns_names": names}}),
        ..sample::sections(&findings, &[]).swap_remove(1)
    };
    let sections: Vec<_> = (0..100).map(of).collect();
    let page = sample::document(DocumentForm::Html, &sections, 1);
    assert!(page.len() < MOST_PAGE + (1 << 20), "{}", page.len());
    let left_out = page.matches("is left out here, as the page is long already").count();
    assert!((10..40).contains(&left_out), "{left_out}");
    for outcome in ["all", "fail", "undetermined", "pass"] {
        assert!(page.contains(&format!("type=\"radio\" name=\"show\" id=\"show-{outcome}\"")), "{outcome}");
    }
    assert_eq!(
        page.matches("<article class=\"target of-fail\"").count(),
        100,
        "each has its row and its place"
    );
}

#[test]
fn of_those_that_failed_the_gravest_come_first() {
    let findings = sample::findings();
    let of = |name, findings| Section { name, ..sample::sections(findings, &[]).swap_remove(1) };
    let sections = [of("mild.example", &findings[1..]), of("worst.example", &findings[..])];
    let page = sample::document(DocumentForm::Html, &sections, 1);
    assert!(page.find(">worst.example</a>") < page.find(">mild.example</a>"));
}

#[test]
fn a_replay_without_certificates_has_no_picture() {
    let empty = crate::compare::replay::Replay { certificates: Vec::new(), ..sample::replay() };
    assert!(timeline::picture(&empty).is_none());
}
