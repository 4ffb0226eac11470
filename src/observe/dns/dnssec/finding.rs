//! What validation comes to.

use crate::evidence::dns::{DnssecState, Unfinished};

/// A state, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) state: DnssecState,
    pub(super) detail: Option<String>,
    /// What was lacking, where the state is indeterminate.
    pub(super) unfinished: Option<Unfinished>,
    /// The state of the zone that the name asked for is in, where an alias leads from it into an unsigned one.
    pub(super) own_zone: Option<DnssecState>,
}

impl Finding {
    /// A state that validation came to.
    pub(super) fn of(state: DnssecState, detail: Option<String>) -> Self {
        let unfinished = (state == DnssecState::Indeterminate).then_some(Unfinished::Other);
        Self { state, detail, unfinished, own_zone: None }
    }

    /// The finding about answers that count only together: the worst one.
    pub(super) fn worse(self, other: Self) -> Self {
        let badness = |finding: &Self| match finding.state {
            DnssecState::Secure => 0,
            DnssecState::Insecure => 1,
            DnssecState::Indeterminate => 2,
            DnssecState::Bogus => 3,
        };
        if badness(&other) > badness(&self) { other } else { self }
    }

    /// Validation that came to no end.
    pub(super) fn unfinished(what: Unfinished, why: impl Into<String>) -> Self {
        let detail = Some(why.into());
        Self { state: DnssecState::Indeterminate, detail, unfinished: Some(what), own_zone: None }
    }
}
