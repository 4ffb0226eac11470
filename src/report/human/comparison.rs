//! What protects a host, for people: three headlines, the table of threats and controls, and each kind of client.

use std::fmt::Write as _;

use anstyle::Style;

use super::safe;
use super::style::{BAD, DOUBTFUL, FAINT, GOOD, STRONG, paint};
use super::wrap::{WIDTH, labelled, pad, width, wrap};
use crate::compare::{
    Cell, ClientProtection, Comparison, Control, Effect, Enforced, InPlace, Served, ThreatRow, in_words,
};

/// Columns of the id and of the threat.
const ID: usize = 5;
const THREAT: usize = 31;
/// Columns of the label of a headline.
pub(super) const HEADLINE: usize = 20;

/// The headlines, the table, its legend, the reason of every cell that says more than “nothing changes”, and what each
/// kind of client has of it.
pub fn comparison(comparison: &Comparison) -> String {
    let shown: Vec<Control> =
        Control::ALL.into_iter().filter(|control| is_shown(comparison, *control)).collect();
    let mut text = headlines(comparison);
    for (place, controls) in in_width(&shown).into_iter().enumerate() {
        let _ = write!(text, "\n{}", table(comparison, &controls, place > 0));
    }
    let _ = write!(text, "\n{}{}", legend(), left_out(comparison, &shown));
    let _ = write!(text, "\n{}", reasons(comparison, &shown));
    for client in &comparison.clients {
        let _ = write!(text, "\n{}", client_block(client));
    }
    text
}

fn headlines(comparison: &Comparison) -> String {
    let headlines = &comparison.headlines;
    let labelled =
        |label: &str, sentence: &str| labelled(&pad(&paint(STRONG, label), HEADLINE), &safe(sentence));
    [
        labelled("Prevents now", &headlines.prevents.sentence),
        labelled("Detects within", &headlines.detects.sentence),
        labelled("Can lock users out", &headlines.locks_out.sentence),
    ]
    .concat()
}

/// Whether a control has a column: it is in place, or it was asked about and does something or is not known. The levels of
/// pins have one only where clients differ in theirs; else the column of the pins says the same.
fn is_shown(comparison: &Comparison, control: Control) -> bool {
    let Some(column) = comparison.column(control) else { return false };
    let says_something = cells(comparison, control).any(|(_, cell)| cell.effect != Effect::NoEffect);
    let is_level = matches!(control, Control::LeafPin | Control::IntermediatePin | Control::RootPin);
    match column.in_place {
        InPlace::Yes | InPlace::Partly if is_level => column.in_place == InPlace::Partly,
        InPlace::Yes | InPlace::Partly => true,
        InPlace::No | InPlace::Unknown => Control::ASKED.contains(&control) && says_something,
    }
}

/// The controls in groups that fit beside the threats, the first as they come.
fn in_width(controls: &[Control]) -> Vec<Vec<Control>> {
    let mut groups: Vec<Vec<Control>> = Vec::new();
    let mut room = 0;
    for &control in controls {
        let needed = column_width(control);
        if let Some(last) = groups.last_mut().filter(|_| room >= needed) {
            last.push(control);
        } else {
            groups.push(vec![control]);
            room = WIDTH.saturating_sub(ID + THREAT);
        }
        room = room.saturating_sub(needed);
    }
    groups
}

/// The heading of a column: the control's title, or a shorter one.
fn heading(control: Control) -> &'static str {
    match control {
        Control::LeafPin => "own key",
        Control::IntermediatePin => "interm.",
        Control::RootPin => "root",
        Control::DynamicPins => "dynamic",
        Control::CaaBound => "bound",
        Control::Revocation => "revoc.",
        other => other.title(),
    }
}

fn column_width(control: Control) -> usize {
    width(heading(control)).max(5).saturating_add(2)
}

/// The cells of some controls; `only_telling` leaves out the threats for which nothing changes.
fn table(comparison: &Comparison, controls: &[Control], only_telling: bool) -> String {
    let mut text = pad("", ID + THREAT);
    for control in controls {
        text.push_str(&pad(&paint(STRONG, heading(*control)), column_width(*control)));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    for row in &comparison.threats {
        let cells: Vec<&Cell> = controls
            .iter()
            .filter_map(|control| row.cells.iter().find(|cell| cell.control == *control))
            .collect();
        if only_telling && cells.iter().all(|cell| cell.effect == Effect::NoEffect) {
            continue;
        }
        let mut line = format!("{}{}", pad(row.id, ID), pad(row.threat, THREAT));
        for cell in cells {
            line.push_str(&pad(&paint(style(cell.effect), cell.effect.word()), column_width(cell.control)));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn legend() -> String {
    let meanings = [
        (Effect::Prevents, "the attack fails"),
        (Effect::Detects, "it works, and is seen"),
        (Effect::NoEffect, "nothing changes"),
        (Effect::MakesWorse, "harm is added"),
        (Effect::Unknown, "not known"),
    ];
    let words: Vec<String> = meanings
        .into_iter()
        .map(|(effect, meaning)| format!("{} = {meaning}", paint(style(effect), effect.word())))
        .collect();
    wrap(&words.join("; "), "", "")
}

/// The controls without a column, by why they have none.
fn left_out(comparison: &Comparison, shown: &[Control]) -> String {
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    for column in comparison.columns.iter().filter(|column| !shown.contains(&column.control)) {
        let why = if column.in_place == InPlace::Yes {
            "as the column of the pins".to_owned()
        } else {
            column.evidence.first().map(|first| clause(first)).unwrap_or_default()
        };
        match told.iter_mut().find(|(known, _)| *known == why) {
            Some((_, titles)) => titles.push(column.title),
            None => told.push((why, vec![column.title])),
        }
    }
    if told.is_empty() {
        return String::new();
    }
    let told: Vec<String> =
        told.into_iter().map(|(why, titles)| format!("{} ({why})", titles.join(", "))).collect();
    wrap(&format!("Not in the table: {}", safe(&told.join("; "))), "", "")
}

/// A sentence as it stands inside another.
fn clause(sentence: &str) -> String {
    let mut symbols = sentence.strip_suffix('.').unwrap_or(sentence).chars();
    let first: String = symbols.next().map(|first| first.to_lowercase().collect()).unwrap_or_default();
    let is_name =
        |text: &str| ["TLSA", "CAA", "CT ", "SCT", "Public-Key"].iter().any(|name| text.starts_with(name));
    if is_name(sentence) {
        sentence.trim_end_matches('.').to_owned()
    } else {
        format!("{first}{}", symbols.as_str())
    }
}

fn cells(comparison: &Comparison, control: Control) -> impl Iterator<Item = (&ThreatRow, &Cell)> {
    comparison.threats.iter().flat_map(move |row| {
        row.cells.iter().filter(move |cell| cell.control == control).map(move |cell| (row, cell))
    })
}

/// The reasons by control; one that several threats share is given once, after their ids.
fn reasons(comparison: &Comparison, shown: &[Control]) -> String {
    let mut text = String::new();
    for &control in shown {
        let mut told: Vec<(&Cell, Vec<&str>)> = Vec::new();
        for (row, cell) in cells(comparison, control) {
            match told.iter_mut().find(|(first, _)| first.reason == cell.reason) {
                Some((_, ids)) => ids.push(row.id),
                None => told.push((cell, vec![row.id])),
            }
        }
        let everywhere = told.len() == 1;
        told.retain(|(cell, _)| everywhere || cell.effect != Effect::NoEffect);
        if told.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{}", paint(STRONG, control.title()));
        for (cell, ids) in told {
            let ids = if everywhere { "all".to_owned() } else { ids.join(" ") };
            let label = format!("  {} {ids}: ", paint(style(cell.effect), cell.effect.word()));
            let source = paint(FAINT, format_args!("({})", cell.source));
            let within = cell
                .within
                .as_ref()
                .map(|within| format!(" Seen {}. {}", in_words(within), within.measured_by));
            let reason = format!("{}{}", cell.reason, within.unwrap_or_default());
            text.push_str(&wrap(&format!("{} {source}", safe(&reason)), &label, "    "));
        }
    }
    text
}

/// What one kind of client has: the threats by what becomes of them, and what it does not go by.
fn client_block(client: &ClientProtection) -> String {
    let served = match client.served {
        Served::Stated => "stated",
        Served::Found => "found",
        Served::Assumed => "assumed",
    };
    let title = format!("For {}", client.client.title());
    let evidence = paint(FAINT, format_args!("({served}: {})", safe(client.evidence.trim_end_matches('.'))));
    let mut text = wrap(&format!("{} {evidence}", paint(STRONG, title)), "", "  ");
    for effect in [Effect::Prevents, Effect::Detects, Effect::MakesWorse, Effect::Unknown, Effect::NoEffect] {
        let mut groups: Vec<(&[Control], Vec<&str>)> = Vec::new();
        for threat in client.threats.iter().filter(|threat| threat.effect == effect) {
            match groups.iter_mut().find(|(by, _)| *by == threat.by) {
                Some((_, ids)) => ids.push(threat.id),
                None => groups.push((&threat.by, vec![threat.id])),
            }
        }
        if groups.is_empty() {
            continue;
        }
        let told: Vec<String> =
            groups
                .into_iter()
                .map(|(by, ids)| {
                    if by.is_empty() { ids.join(" ") } else { format!("{} ({})", ids.join(" "), titles(by)) }
                })
                .collect();
        let label = format!("  {} ", pad(&paint(style(effect), effect.word()), 5));
        text.push_str(&labelled(&label, &told.join("; ")));
    }
    for (enforced, words) in
        [(Enforced::No, "  It does not go by"), (Enforced::Unknown, "  It is not known whether it goes by")]
    {
        let controls: Vec<Control> =
            client.controls.iter().filter(|one| one.enforced == enforced).map(|one| one.control).collect();
        if !controls.is_empty() {
            text.push_str(&wrap(&format!("{words} {}.", titles(&controls)), "", "    "));
        }
    }
    text
}

fn titles(controls: &[Control]) -> String {
    controls.iter().map(|control| control.noun()).collect::<Vec<_>>().join(", ")
}

fn style(effect: Effect) -> Style {
    match effect {
        Effect::Prevents | Effect::Detects => GOOD,
        Effect::NoEffect => FAINT,
        Effect::MakesWorse => BAD,
        Effect::Unknown => DOUBTFUL,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::compare::{
        AppFacts, CaaBinding, CaaPolicy, Circumstances, ClientClass, ClientPins, CtPolicy, CurrentIssuer,
        Dnssec, Expectation, Fact, LogWatch, MeasuredFacts, PinEnforcement, PinMatches, Pins, PublicTrust,
        RevocationPaths, Service, Share, Watch, Within, compare,
    };
    use crate::x509::ChainPosition;

    fn bare(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    fn pinned(position: ChainPosition) -> Pins {
        Pins::Pinned {
            enforcement: PinEnforcement::Enforced,
            matches: Fact::Measured(PinMatches {
                positions: BTreeSet::from([position]),
                unmatched: 1,
                ..PinMatches::default()
            }),
            locked_out: false,
            overridden_for_user_anchors: false,
        }
    }

    /// A shop whose app has pins, and for which nobody looked beyond the server.
    fn shop() -> MeasuredFacts {
        MeasuredFacts {
            service: Service::Https { port: 443 },
            public_trust: Fact::Measured(PublicTrust::Trusted),
            ct_policy: Fact::Measured(CtPolicy::Met),
            caa: Fact::Measured(CaaPolicy::Restrictive {
                permitted: vec!["ca1.example".into()],
                current_issuer: CurrentIssuer::Permitted,
            }),
            caa_binding: Fact::Measured(CaaBinding {
                accounts: Share::None,
                methods: Share::None,
                dnssec: Dnssec::Insecure,
                must_process: false,
            }),
            expectation: Fact::Measured(Expectation::Expected),
            pins: Fact::Measured(vec![ClientPins {
                client: "pins.txt".to_owned(),
                class: None,
                pins: pinned(ChainPosition::Intermediate),
            }]),
            dynamic_pins: Fact::Measured(Vec::new()),
            revocation: Fact::Measured(RevocationPaths { names_crl: true, ..RevocationPaths::default() }),
            ..MeasuredFacts::default()
        }
    }

    #[test]
    fn a_measured_host_fits_in_80_columns() {
        let text = comparison(&compare(&shop(), &Circumstances::default()));
        assert!(text.lines().all(|line| width(line) <= WIDTH), "{}", bare(&text));
        insta::assert_snapshot!(bare(&text));
    }

    #[test]
    fn each_kind_of_client_has_a_block() {
        let android = ClientClass::Android { target_level: Some(36) };
        let at_worst = Some(jiff::SignedDuration::from_hours(25));
        let measured_by = "Measured on 4 certificates.".to_owned();
        let facts = MeasuredFacts {
            pins: Fact::Measured(vec![
                ClientPins {
                    client: "nsc.xml".to_owned(),
                    class: Some(android),
                    pins: pinned(ChainPosition::Leaf),
                },
                ClientPins {
                    client: "Info.plist".to_owned(),
                    class: Some(ClientClass::Ios),
                    pins: pinned(ChainPosition::Root),
                },
            ]),
            log_watch: Fact::Measured(LogWatch::Watched(Watch {
                by: "the state of pinstead watch (state.db)".to_owned(),
                within: Some(Within { at_best: jiff::SignedDuration::from_mins(5), at_worst, measured_by }),
                ..Watch::default()
            })),
            apps: vec![AppFacts {
                file: "nsc.xml".to_owned(),
                class: android,
                certificate_transparency: Fact::Measured(false),
                trusts_user_cas: Fact::Measured(false),
                own_anchors_alone: false,
                lowest_device: None,
            }],
            ..shop()
        };
        let text = comparison(&compare(&facts, &Circumstances::default()));
        assert!(text.lines().all(|line| width(line) <= WIDTH), "{}", bare(&text));
        insta::assert_snapshot!(bare(&text));
    }

    #[test]
    fn what_is_not_known_is_told_once_a_control() {
        insta::assert_snapshot!(bare(&comparison(&compare(
            &MeasuredFacts::default(),
            &Circumstances::default()
        ))));
    }
}
