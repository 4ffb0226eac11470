//! What CertSpotter told.

use crate::evidence::http::HttpExchange;
use crate::evidence::issuance::IssuanceSource;
use crate::issuance::reported::{Coverage, SourceKind, SourceReading};

pub(super) fn read(source: &IssuanceSource, _exchanges: &[HttpExchange]) -> SourceReading {
    SourceReading {
        source: SourceKind::CertSpotter,
        place: source.place.clone(),
        asked_at: source.asked_at,
        coverage: Coverage::NoData("this source is not read yet".to_owned()),
        current_to: None,
        scope: String::new(),
        certificates: Vec::new(),
        problems: Vec::new(),
    }
}
