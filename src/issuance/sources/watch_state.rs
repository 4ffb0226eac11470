//! What WatchState told.

use crate::evidence::issuance::{IssuanceSource, WatchStateReading};
use crate::issuance::reported::{Coverage, SourceKind, SourceReading};

pub(super) fn read(source: &IssuanceSource, _state: &WatchStateReading) -> SourceReading {
    SourceReading {
        source: SourceKind::WatchState,
        place: source.place.clone(),
        asked_at: source.asked_at,
        coverage: Coverage::NoData("this source is not read yet".to_owned()),
        current_to: None,
        scope: String::new(),
        certificates: Vec::new(),
        problems: Vec::new(),
    }
}
