//! What of a certificate's change the pins did not survive.

use super::history::HistoricCertificate;
use super::lines::roots_at;
use super::matching::{Matcher, Status};
use super::outcome::Cause;

/// What brought it that pins which match one certificate do not match the one after it.
pub(super) fn between(
    matcher: &mut Matcher<'_>,
    one: &HistoricCertificate,
    other: &HistoricCertificate,
    second: i64,
) -> Cause {
    let when = second.min(one.not_after.as_second());
    let (old, new) = (roots_at(&one.paths, when), roots_at(&other.paths, second));
    let by_key_alone = matcher.without_leaf(one, when) != Status::All;
    if by_key_alone && one.key != other.key {
        return Cause::NewKey;
    }
    if one.issuer != other.issuer {
        return Cause::NewCa;
    }
    let names_root = old.iter().any(|root| matcher.names(root));
    if one.issuer_key != other.issuer_key && (!names_root || old == new) {
        return Cause::NewIntermediate;
    }
    Cause::NewPath
}
