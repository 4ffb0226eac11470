//! What a suggestion changes in what is published.

use super::record::SuggestedRecord;
use super::records::is_among;
use crate::caa::judge::{CaaReading, Relevant};
use crate::dns_name::DnsName;

/// A suggestion against what is published now. Records are written as DNS shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where the set comes from that applies now.
    pub state: PublishedState,
    /// What is published at the name and stays.
    pub keep: Vec<String>,
    /// What is new.
    pub add: Vec<String>,
    /// What is published at the name and goes.
    pub remove: Vec<String>,
    /// What applies to the name now because a parent publishes it, and would no longer.
    pub inherited: Vec<String>,
}

/// Where the set comes from that applies to a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishedState {
    /// It was not looked up.
    NotAsked,
    /// The name has it.
    AtName,
    /// A name above has it.
    Above(DnsName),
    /// There is none anywhere.
    None,
    /// It could not be had.
    Undetermined(String),
    /// CAA does not apply.
    NotApplicable(String),
}

impl PublishedState {
    /// The name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotAsked => "not_checked",
            Self::AtName => "at_name",
            Self::Above(_) => "inherited",
            Self::None => "none",
            Self::Undetermined(_) => "undetermined",
            Self::NotApplicable(_) => "not_applicable",
        }
    }
}

impl Difference {
    pub(super) fn of(name: &DnsName, records: &[SuggestedRecord], published: Option<&CaaReading>) -> Self {
        let all = || records.iter().map(ToString::to_string).collect::<Vec<_>>();
        let nothing =
            |state| Self { state, keep: Vec::new(), add: all(), remove: Vec::new(), inherited: Vec::new() };
        let Some(reading) = published else { return nothing(PublishedState::NotAsked) };
        match &reading.relevant {
            Relevant::Undetermined { at, detail, .. } => {
                nothing(PublishedState::Undetermined(format!("{at} gave {detail}")))
            }
            Relevant::NotApplicable(why) => nothing(PublishedState::NotApplicable(why.to_string())),
            Relevant::NoneAnywhere => nothing(PublishedState::None),
            Relevant::Set(set) if set.name == *name => {
                let (keep, add): (Vec<_>, Vec<_>) =
                    records.iter().partition(|record| set.properties().any(|property| record.is(property)));
                let remove = set
                    .records
                    .iter()
                    .filter(|record| record.property().is_none_or(|property| !is_among(property, records)));
                Self {
                    state: PublishedState::AtName,
                    keep: keep.into_iter().map(ToString::to_string).collect(),
                    add: add.into_iter().map(ToString::to_string).collect(),
                    remove: remove.map(ToString::to_string).collect(),
                    inherited: Vec::new(),
                }
            }
            Relevant::Set(set) => Self {
                inherited: set.records.iter().map(ToString::to_string).collect(),
                ..nothing(PublishedState::Above(set.name.clone()))
            },
        }
    }

    /// The difference in sentences.
    pub(super) fn notes(&self, name: &DnsName) -> Vec<String> {
        let list =
            |records: &[String]| if records.is_empty() { "none".to_owned() } else { records.join(", ") };
        let unseen = "What it may have for other CAs, bindings, e-mail, marks, iodef and contacts could not be carried over";
        vec![match &self.state {
            PublishedState::NotAsked => {
                format!("What {name} publishes now was not looked up. {unseen}.")
            }
            PublishedState::Undetermined(why) => {
                format!(
                    "What {name} publishes now could not be had ({why}). {unseen}: look before you publish."
                )
            }
            PublishedState::NotApplicable(why) => why.clone(),
            PublishedState::None => format!("No CAA record applies to {name} now: today any CA may issue."),
            PublishedState::AtName if self.add.is_empty() && self.remove.is_empty() => {
                format!("{name} publishes exactly this set already.")
            }
            PublishedState::AtName => format!(
                "Against what {name} publishes now: keep {}; add {}; remove {}.",
                list(&self.keep),
                list(&self.add),
                list(&self.remove)
            ),
            PublishedState::Above(parent) => format!(
                "{name} has no set of its own: the one of {parent} applies now ({}). With this one it no longer does, \
                 for {name} and the names below.",
                list(&self.inherited)
            ),
        }]
    }
}
