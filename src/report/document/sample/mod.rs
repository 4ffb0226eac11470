//! A report as it could be, for the tests of every form: what passed, what failed, what stayed open, and names that mean
//! harm.

mod comparison;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(in crate::report) use self::comparison::comparison;
use super::{DocumentForm, Head, Mark, PartLine, Section, Tail};
use crate::compare::Comparison;
use crate::compare::replay::{
    Bounds, Cause, FlagRule, Flagged, HalfLife, Level, Lockout, LocksOutNow, PinSetKind, Replay,
    ReplayedCertificate, ReplayedPinSet, Share, Survival,
};
use crate::question::OpenKind;
use crate::report::{Outcome, Summary};
use crate::rules::{Finding, Location, Raised, Severity};
use crate::x509::SpkiSha256;

/// A name that would be markup, a mention, a cell's end, a control sequence, or turn the text around, wherever one of
/// these is not taken care of.
pub(in crate::report) const HOSTILE: &str = "<script>alert(1)</script>]]>|`@octocat` \u{1b}[2J\u{202e}\u{0}\u{ffff} [x](javascript:x) <N> ${{ x }} {{ 7*7 }} &lt; \"' https://evil.example";

pub(in crate::report) fn head(command: &'static str) -> Head {
    Head {
        command,
        judged_at: at("2026-11-22T20:00:00Z"),
        basis: vec!["Chrome's log list of 2026-11-20 (2 days old)".to_owned()],
        home: Some("pinstead.toml".to_owned()),
        folder: None,
        fail_on: Some(Severity::High),
        strict: false,
    }
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// Findings of several severities and families, the gravest first.
pub(in crate::report) fn findings() -> Vec<Finding> {
    let finding = |rule, severity, raised| Finding::again(rule, severity, raised).unwrap();
    let location = Some(Location { file: "app/src/main/res/xml/pins.xml".to_owned(), line: Some(11) });
    let expired = Raised::new(
        "app/src/main/res/xml/pins.xml:11 (shop.example)",
        "1 pin ended on 2026-05-06; clients connect to shop.example without them.",
        json!({"expires": "2026-05-06T00:00:00Z"}),
    );
    vec![
        finding(
            "ISS001",
            Severity::Critical,
            Raised::new("Careless CA", "Issued by Careless CA, which is none of the expected.", Value::Null),
        ),
        finding("PIN002", Severity::High, expired.standing_at(location)),
        finding(
            "CT015",
            Severity::Medium,
            Raised::new("certificate", "Every SCT is of one operator.", json!({"operator": "Grove Logs"})),
        ),
    ]
}

/// One finding all of whose texts come from somebody who means harm.
pub(in crate::report) fn hostile_findings() -> Vec<Finding> {
    let location = Some(Location { file: format!("../{HOSTILE}"), line: Some(0) });
    let raised = Raised::new(HOSTILE, format!("It says {HOSTILE}."), json!({HOSTILE: [HOSTILE]}))
        .advising(format!("Look at {HOSTILE}."))
        .standing_at(location);
    vec![Finding::again("CAA001", Severity::High, raised).unwrap()]
}

fn part(label: &'static str, family: &'static str, mark: Mark, words: &str) -> PartLine {
    PartLine { label, family: Some(family), mark, words: words.to_owned() }
}

fn section<'a>(name: &'a str, outcome: Outcome, findings: &'a [Finding]) -> Section<'a> {
    Section {
        name,
        outcome,
        parts: vec![
            part("CT", "CT", Mark::Good, "2 of 2 SCTs verify."),
            part("CAA", "CAA", Mark::None, "No record anywhere."),
            part("Issuer", "ISS", Mark::Bad, "Issued by Careless CA."),
        ],
        open: Vec::new(),
        findings: findings.iter().collect(),
        home: Some("pinstead.toml"),
        data: Value::Null,
        comparison: None,
    }
}

/// A target that failed, one that passed, one that stayed open, and one that means harm.
pub(in crate::report) fn sections<'a>(findings: &'a [Finding], hostile: &'a [Finding]) -> Vec<Section<'a>> {
    let open = OpenKind::Caa.asks("what CAA says", false);
    let demanded = OpenKind::Elsewhere.asks(format!("the certificate of {HOSTILE}"), true);
    let mut of_caa = section("open.example:443", Outcome::Undetermined, &[]);
    of_caa.parts = vec![part("CAA", "CAA", Mark::Open, "The look-up failed: SERVFAIL.")];
    of_caa.open = vec![open];
    let mut hostile = section(HOSTILE, Outcome::Fail, hostile);
    hostile.open = vec![demanded];
    hostile.home = None;
    vec![
        section("good.example:443", Outcome::Pass, &[]),
        section("shop.example:443", Outcome::Fail, findings),
        of_caa,
        hostile,
    ]
}

/// A target that was compared, with a required step that is not done.
pub(in crate::report) fn compared<'a>(comparison: &'a Comparison, findings: &'a [Finding]) -> Section<'a> {
    let demanded = OpenKind::Step.asks("whether the step “widened” is done", true);
    Section {
        open: vec![demanded],
        comparison: Some(comparison),
        ..section("shop.example:443", Outcome::Fail, findings)
    }
}

/// What the rules find of [`comparison`]: the required step, and a renewal that fails nothing at high.
pub(in crate::report) fn compared_findings() -> Vec<Finding> {
    let raised = |subject: &str, message: &str| Raised::new(subject, message, Value::Null);
    let finding = |rule, severity, raised| Finding::again(rule, severity, raised).unwrap();
    vec![
        finding("CMP003", Severity::High, raised("removed", "The step “removed” is not done.")),
        finding(
            "CMP001",
            Severity::Medium,
            raised("nsc.xml", "3 of 14 recent certificates match these pins."),
        ),
    ]
}

/// A whole report of these targets.
pub(in crate::report) fn document(form: DocumentForm, sections: &[Section<'_>], exit_code: u8) -> String {
    let head = head("check");
    let pieces: Vec<_> = sections.iter().map(|section| form.piece(&head, section).unwrap()).collect();
    let mut summary = Summary::default();
    for piece in &pieces {
        piece.count_into(&mut summary);
    }
    let notes = [format!("A note about {HOSTILE}.")];
    form.document(&head, &pieces, &Tail { summary: &summary, exit_code, notes: &notes }).unwrap()
}

/// A replay over three years, with two CAs.
pub(in crate::report) fn replay() -> Replay {
    let lockout = |worst: &str, best: Option<&str>, ends: Option<&str>| Lockout {
        cause: Cause::NewCa,
        certificate: Some(2),
        begins_at_worst: at(worst),
        begins_at_best: best.map(at),
        ends_at_best: ends.map(at),
        ends_at_worst: ends.map(at),
        is_open: ends.is_none(),
    };
    let set = |title: &str, kind, lockouts: Vec<Lockout>| ReplayedPinSet {
        kind,
        title: title.to_owned(),
        refuses: true,
        sure: lockouts.iter().filter(|one| one.begins_at_best.is_some()).count(),
        at_most: Some(lockouts.len()),
        locks_out_now: LocksOutNow::Unknown,
        refuses_all_from: None,
        left_out: 0,
        unsettled: 0,
        past: None,
        waiting: None,
        standing: Vec::new(),
        lockouts,
        lockout_days_per_year: Some(Bounds { at_best: 0.0, at_worst: 41.25 }),
        half_life: Some(HalfLife {
            starts: 900,
            events: 300,
            censored: 600,
            median_days: None,
            p10_days: Some(60),
            survives: vec![Survival { days: 30, share: Some(0.9) }],
            distinct_renewals: 3,
        }),
        next_match: None,
        undetermined: 1,
        notes: Vec::new(),
    };
    let hypothetical = |level| PinSetKind::Hypothetical { level, backup: false };
    Replay {
        host: "shop.example".to_owned(),
        from: Some(at("2024-01-01T00:00:00Z")),
        until: at("2026-11-22T20:00:00Z"),
        certificates: certificates(),
        renewals: Vec::new(),
        lines: 1,
        key_reuse: Share { of: 2, count: 0 },
        pin_sets: vec![
            set(
                "The certificate's own key",
                hypothetical(Level::Leaf),
                vec![
                    lockout(
                        "2024-12-01T00:00:00Z",
                        Some("2024-12-31T00:00:00Z"),
                        Some("2025-02-01T00:00:00Z"),
                    ),
                    lockout("2025-11-01T00:00:00Z", Some("2025-11-30T00:00:00Z"), None),
                ],
            ),
            set(
                "The CA's root",
                hypothetical(Level::Root),
                vec![lockout("2025-11-01T00:00:00Z", None, Some("2026-03-01T00:00:00Z"))],
            ),
        ],
        flagged: Some(vec![Flagged {
            certificate: 2,
            rule: FlagRule::ExpectedCa,
            why: format!("{HOSTILE} is none of the expected CAs."),
            visible_from: Some(at("2025-03-01T00:00:00Z")),
            visible_by: None,
        }]),
        next_renewal: None,
        gaps: Vec::new(),
        held_against: Vec::new(),
        left_out: vec!["1 certificate was left out: its dates are not known.".to_owned()],
        assumptions: vec!["A renewal is put in service within its life.".to_owned()],
        unknown: Vec::new(),
        sentence: "Over 35 months, a leaf pin would have locked clients out twice.".to_owned(),
    }
}

/// The certificates of that history.
fn certificates() -> Vec<ReplayedCertificate> {
    let certificate = |number: usize, issuer: &str, from: &str, until: &str| ReplayedCertificate {
        label: format!("certificate {number}"),
        sha256: None,
        serial: Some(format!("0{number}")),
        spki_sha256: SpkiSha256::of(&[u8::try_from(number).unwrap()]),
        issuer: issuer.to_owned(),
        issuer_spki_sha256: None,
        not_before: at(from),
        not_after: at(until),
        first_logged: Some(at(from)),
        first_logged_by: None,
        served_now: Some(number == 4),
        line: 0,
        is_followed: number != 3,
    };
    vec![
        certificate(1, "Let's Encrypt", "2024-01-01T00:00:00Z", "2024-12-31T00:00:00Z"),
        certificate(2, "Let's Encrypt", "2024-12-01T00:00:00Z", "2025-11-30T00:00:00Z"),
        certificate(3, HOSTILE, "2025-03-01T00:00:00Z", "2025-06-01T00:00:00Z"),
        certificate(
            4,
            "A CA with a name that is longer than the picture has room for",
            "2025-11-01T00:00:00Z",
            "2026-12-31T00:00:00Z",
        ),
    ]
}
