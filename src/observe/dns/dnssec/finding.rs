//! What validation comes to.

use crate::evidence::dns::{DnssecState, Unfinished};

/// A state, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) state: DnssecState,
    pub(super) detail: Option<String>,
    /// What was lacking, where the state is indeterminate.
    pub(super) unfinished: Option<Unfinished>,
}

impl Finding {
    /// A state that validation came to.
    pub(super) fn of(state: DnssecState, detail: Option<String>) -> Self {
        let unfinished = (state == DnssecState::Indeterminate).then_some(Unfinished::Other);
        Self { state, detail, unfinished }
    }

    /// Validation that came to no end.
    pub(super) fn unfinished(what: Unfinished, why: impl Into<String>) -> Self {
        Self { state: DnssecState::Indeterminate, detail: Some(why.into()), unfinished: Some(what) }
    }
}
