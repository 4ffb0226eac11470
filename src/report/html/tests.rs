//! HTML in fixed words, and with names that mean harm.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{NUMBER, timeline};
use crate::compare::Comparison;
use crate::report::document::{DocumentForm, Section, sample};

fn with_replay<'a>(sections: Vec<Section<'a>>, comparison: &'a Comparison) -> Vec<Section<'a>> {
    let replay = comparison.replay.as_ref();
    sections
        .into_iter()
        .map(|section| Section {
            comparison: Some(comparison),
            data: json!({
                "comparison": {
                    "threats": [{"id": "T1", "threat": "another CA is broken into", "cells": [
                        {"control": "ca_trust", "effect": "no_effect", "reason": sample::HOSTILE, "source": "RFC 5280"},
                        {"control": "caa", "effect": "prevents", "reason": "CAA permits one CA.", "source": "RFC 8659"},
                    ]}],
                    "replay": serde_json::to_value(replay).unwrap(),
                },
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
    assert!(
        page.contains(&format!("style-src &#x27;sha256-{hash}&#x27;"))
            || page.contains(&format!("style-src 'sha256-{hash}'")),
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
    insta::assert_snapshot!(timeline::svg(&sample::replay()).to_string().replace('>', ">\n"));
}

#[test]
fn a_replay_without_certificates_has_no_picture() {
    let empty = crate::compare::replay::Replay { certificates: Vec::new(), ..sample::replay() };
    assert_eq!(timeline::svg(&empty).to_string(), "");
}
