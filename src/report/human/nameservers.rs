//! What every authoritative server says of CAA, for people.

use std::fmt::Write as _;

use super::style::{BAD, DOUBTFUL, FAINT, GOOD};
use super::{safe, wrap};
use crate::caa::nameservers::{Agreement, NameserverReading, ZoneReading, places};

/// The most differences of one zone that are shown.
const MOST_DIFFERENCES: usize = 12;

/// The block about the nameservers; empty where they were not asked.
pub(super) fn block(reading: &NameserverReading) -> String {
    if reading.state == Agreement::NotAsked {
        return String::new();
    }
    let mut out = String::from("\n  The nameservers, any of which a CA may ask\n");
    for zone in &reading.zones {
        out.push_str(&of_zone(zone));
    }
    for name in &reading.not_asked {
        let line = format!("{}: not asked, {}", name.name, name.why);
        out.push_str(&wrap::wrap(&format!("{FAINT}{}{FAINT:#}", safe(&line)), "    ", "      "));
    }
    out
}

fn of_zone(zone: &ZoneReading) -> String {
    let servers = zone.servers();
    let (style, words) = if !zone.is_consistent() {
        (BAD, format!("not all of {servers} servers agree"))
    } else if zone.names.iter().any(|name| name.usual.is_none()) {
        (DOUBTFUL, "no server could be asked, or none says anything of use".to_owned())
    } else {
        let words = match servers {
            1 => "its only server says the same everywhere".to_owned(),
            2 => "both servers agree".to_owned(),
            _ => format!("all {servers} servers agree"),
        };
        (GOOD, words)
    };
    let line = format!("{}: {style}{words}{style:#} ({})", zone.zone, ways(zone));
    let mut out = wrap::wrap(&line, "    ", "      ");
    let differences = differences(zone);
    for difference in differences.iter().take(MOST_DIFFERENCES) {
        out.push_str(&wrap::wrap(&safe(difference), "      ", "        "));
    }
    if let Some(more) = differences.len().checked_sub(MOST_DIFFERENCES).filter(|more| *more > 0) {
        let _ = writeln!(out, "      … and {more} more");
    }
    out
}

/// Over what the servers were asked, and how much was left out.
fn ways(zone: &ZoneReading) -> String {
    let has = |is_ipv4: bool| zone.asked().any(|endpoint| endpoint.address.is_ipv4() == is_ipv4);
    let mut ways = match (has(true), has(false)) {
        (true, true) => "IPv4 and IPv6, UDP and TCP".to_owned(),
        (true, false) => "IPv4 only, UDP and TCP".to_owned(),
        (false, true) => "IPv6 only, UDP and TCP".to_owned(),
        (false, false) => "no address".to_owned(),
    };
    let unasked = zone.endpoints.iter().filter(|endpoint| !endpoint.was_asked());
    let (blocked, unreached): (Vec<_>, Vec<_>) = unasked.partition(|endpoint| endpoint.is_behind_block());
    let unreached = places(unreached).len();
    if unreached > 0 {
        let _ = write!(ways, "; {unreached} addresses cannot be reached from here");
    }
    if !blocked.is_empty() {
        ways.push_str("; TCP is left out, as no server at all is heard over it");
    }
    if zone.left_out > 0 {
        let _ = write!(ways, "; {} more left out", zone.left_out);
    }
    ways
}

/// Who says something else than most: one line for each name and answer, after what most say.
fn differences(zone: &ZoneReading) -> Vec<String> {
    let mut lines = Vec::new();
    for name in &zone.names {
        let said = |endpoint: &crate::caa::nameservers::Endpoint| {
            let answer = endpoint.answers.iter().find(|answer| answer.name == name.name)?;
            answer.differs.then(|| answer.said.clone())
        };
        let mut others: Vec<_> = zone.endpoints.iter().filter_map(said).collect();
        others.sort();
        others.dedup();
        if let (Some(usual), false) = (&name.usual, others.is_empty()) {
            lines.push(format!("{}: most say {usual}", name.name));
        }
        for other in others {
            let at = zone.endpoints.iter().filter(|endpoint| said(endpoint).as_ref() == Some(&other));
            lines.push(format!("  {}: {other}", places(at).join(", ")));
        }
    }
    lines
}
