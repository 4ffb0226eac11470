//! What each protection of a host does against each threat, from what was measured and nothing else.
//!
//! A control of which nothing is known stays unknown in its whole column: “no pin file was given” is not
//! “not pinned”. A cell speaks of the clients that have the control, of the worst off where their pins differ; what
//! that comes to is said for each kind of client by itself. There is no blended number.

pub mod advice;
mod cell;
mod circumstances;
mod clients;
mod controls;
mod covering;
mod facts;
mod headlines;
mod refused;
pub mod replay;
mod threat;
mod unlisted_ca;

use serde::Serialize;

pub use self::advice::Advice;
pub use self::cell::{Cell, Column, Control, Effect, InPlace, ThreatRow, Within};
pub use self::circumstances::Circumstances;
pub use self::clients::{
    ClientClass, ClientControl, ClientProtection, ClientThreat, Enforced, NoClientClass, Served,
    asks_for_transparency, trusts_user_cas,
};
pub use self::covering::{CoveringName, LetsIn};
pub use self::facts::{
    AppFacts, CaaBinding, CaaPolicy, ClientPins, CtPolicy, CtProgrammes, CurrentIssuer, Dane, Dnssec,
    DynamicPins, Expectation, Fact, FirstContact, Hpkp, LogWatch, MeasuredFacts, PinEnforcement, PinFault,
    PinFilesRead, PinMatches, PinnedCa, Pins, PublicTrust, RevocationPaths, RevocationStatus, RootPins,
    Service, Share, UnreadPackage, Watch,
};
pub use self::headlines::{Headline, HeadlineItem, Headlines, duration, in_words};
pub use self::replay::Replay;
pub use self::threat::Threat;

/// Sets every control beside every threat, for each kind of client.
pub fn compare(facts: &MeasuredFacts, circumstances: &Circumstances) -> Comparison {
    let threats: Vec<ThreatRow> = Threat::ALL
        .into_iter()
        .map(|threat| ThreatRow {
            id: threat.id(),
            threat: threat.title(),
            cells: Control::ALL.into_iter().map(|control| controls::cell(control, threat, facts)).collect(),
        })
        .collect();
    let clients = clients::protections(facts, circumstances);
    let logged = threats.iter().find(|row| row.id == Threat::OtherCaLogged.id());
    let watch =
        logged.and_then(|row| row.cells.iter().find(|cell| cell.control == Control::IssuerExpectation));
    Comparison {
        unlisted_ca: unlisted_ca::sentence(&clients, watch),
        headlines: headlines::headlines(&clients, facts),
        clients,
        columns: Control::ALL.into_iter().map(|control| controls::column(control, facts)).collect(),
        threats,
        replay: None,
        is_next_key_known: circumstances.key_predictable == Some(true),
        advice: None,
    }
}

/// The protections of one host side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// What is prevented now, what is detected and when, and what can lock users out.
    pub headlines: Headlines,
    /// What each kind of client has that the domain serves.
    pub clients: Vec<ClientProtection>,
    /// One a control, in the order of [`Control::ALL`]: whether it is in place.
    pub columns: Vec<Column>,
    /// One row a threat, in the order of [`Threat::ALL`].
    pub threats: Vec<ThreatRow>,
    /// What an attacker's certificate of a CA that the owner does not use would meet: a sentence, which the replay's ends
    /// with.
    pub unlisted_ca: String,
    /// What pins and expectations would have done over the issuance history; `None` until it was replayed.
    pub replay: Option<Replay>,
    /// Whether the owner states that the next key is known before it goes into service.
    #[serde(skip)]
    pub is_next_key_known: bool,
    /// What to do about the pins; `None` where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<Advice>,
}

impl Comparison {
    /// The controls that a comparison is asked about, and of which nothing is known: what they do about any of the threats
    /// to which their state matters.
    pub fn unknown_controls(&self) -> Vec<Control> {
        let unknown = |control: &Control| {
            let rows = Threat::ALL.into_iter().zip(&self.threats);
            let telling = rows.filter(|(threat, _)| !controls::never_matters(*control, *threat));
            let mut cells = telling.flat_map(|(_, row)| &row.cells).filter(|cell| cell.control == *control);
            cells.all(|cell| cell.effect == Effect::Unknown)
        };
        Control::ASKED.into_iter().filter(unknown).collect()
    }

    /// A control's column.
    pub fn column(&self, control: Control) -> Option<&Column> {
        self.columns.iter().find(|column| column.control == control)
    }
}

#[cfg(test)]
mod tests;
