//! The next renewal: when, and how likely it matches.

use jiff::{SignedDuration, Timestamp};

use super::hypothetical::Tenure;
use super::lines::{Laid, Placed};
use super::outcome::{Bounds, Chance, ChanceBasis, NextRenewal, RenewalBasis, Share};
use super::seconds::{DAY, days, moment, number};

/// How many renewals make a habit.
const A_HABIT: usize = 3;

/// How many renewals of a line are looked at for it.
const MOST_RECENT: usize = 12;

/// The next renewal of what is in service.
pub(super) fn next_renewal(
    laid: &Laid<'_>,
    tenures: &[Tenure<'_, '_>],
    (at, lead): (Timestamp, Option<SignedDuration>),
) -> Option<NextRenewal> {
    let last = tenures.last().filter(|last| last.placed.it.not_after >= at)?;
    let placed = last.placed;
    let life = placed.ends().saturating_sub(placed.begins());
    // Its successor is there already and not in service.
    let issued = laid.issued_next(at).into_iter().filter_map(|next| laid.get(next)).map(Placed::begins).min();
    let (expected, basis) = match issued {
        Some(begins) => (begins, RenewalBasis::AlreadyIssued),
        None => habit(laid, placed).map_or_else(
            || {
                let third = life.checked_div(3).unwrap_or_default();
                (placed.begins().saturating_add(third.saturating_mul(2)), RenewalBasis::TwoThirds)
            },
            |thousandths| (after_share(placed.begins(), life, thousandths), RenewalBasis::OwnHabit),
        ),
    };
    let expected = expected.min(placed.ends().saturating_sub(1));
    let lead_days = lead.map(|lead| days(lead.as_secs()));
    let left = days(expected.saturating_sub(at.as_second()));
    Some(NextRenewal {
        certificate: last.place,
        expected_at: moment(expected),
        basis,
        latest_at: placed.it.not_after,
        runway_days: left - lead_days.unwrap_or_default(),
        release_lead_days: lead_days,
    })
}

/// After which share of their lives, in thousandths, the certificates before this one in its line were renewed: the
/// median, where there are enough of about the same length of life.
fn habit(laid: &Laid<'_>, placed: &Placed<'_>) -> Option<i64> {
    let life = |placed: &Placed<'_>| placed.ends().saturating_sub(placed.begins()).max(1);
    let own = life(placed);
    let mut shares = Vec::new();
    let mut later = *placed;
    for _ in 0..MOST_RECENT {
        let Some(before) = later.before.and_then(|before| laid.get(before)) else { break };
        let length = life(before);
        if length.abs_diff(own) <= own.unsigned_abs() / 5 {
            let after = later.begins().saturating_sub(before.begins());
            shares.push(after.saturating_mul(1000).checked_div(length).unwrap_or_default());
        }
        later = *before;
    }
    shares.sort_unstable();
    let middle = shares.len() / 2;
    (shares.len() >= A_HABIT).then(|| shares.get(middle).copied())?.filter(|share| *share <= 1000)
}

fn after_share(begins: i64, life: i64, thousandths: i64) -> i64 {
    let passed = life.checked_div(1000).unwrap_or_default().saturating_mul(thousandths);
    begins.saturating_add(passed)
}

/// The days from one moment to a later one, whole.
pub(super) fn whole_days(seconds: i64) -> i64 {
    seconds.checked_div(DAY).unwrap_or_default()
}

/// A chance by the share of renewals that matched, and by how many more there are of which that is not known; `None` where
/// it is known of none.
pub(super) fn chance((share, unknown): (Share, usize), basis: ChanceBasis) -> Option<Chance> {
    let of = share.of.saturating_add(unknown);
    let interval = || Bounds {
        at_worst: wilson(Share { of, count: share.count }).at_worst,
        at_best: wilson(Share { of, count: share.count.saturating_add(unknown) }).at_best,
    };
    (share.of > 0).then(|| Chance { share, unknown, basis, interval: interval() })
}

/// Intervals are told to four digits.
const DIGITS: f64 = 10_000.0;

/// The 95 % interval of a share.
///
/// E. B. Wilson: “Probable Inference, the Law of Succession, and Statistical Inference”, Journal of the American
/// Statistical Association 22 (1927), pages 209 to 212.
fn wilson(share: Share) -> Bounds {
    const Z: f64 = 1.959_964;
    let of = number(share.of);
    let part = number(share.count) / of;
    let square = Z * Z;
    let middle = part + square / (2.0 * of);
    let reach = Z * (part * (1.0 - part) / of + square / (4.0 * of * of)).sqrt();
    let whole = 1.0 + square / of;
    let (low, high) = ((middle - reach) / whole, (middle + reach) / whole);
    // Outwards, so that it stays an interval of at least 95 %; and never out of the shares that are possible.
    let (low, high) = ((low * DIGITS).floor() / DIGITS, (high * DIGITS).ceil() / DIGITS);
    Bounds { at_worst: low.clamp(0.0, 1.0), at_best: high.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known: 0 of 10 gives 0 to 0.278, 5 of 10 gives 0.237 to 0.763, 10 of 10 gives 0.722 to 1 (R's
    /// `prop.test(…, correct = FALSE)`).
    #[test]
    fn the_interval_is_wilsons() {
        for (count, low, high) in [(0, 0.0, 0.278), (5, 0.237, 0.763), (10, 0.722, 1.0)] {
            let bounds = wilson(Share { of: 10, count });
            assert!((bounds.at_worst - low).abs() < 0.000_6, "{count}: {bounds:?}");
            assert!((bounds.at_best - high).abs() < 0.000_6, "{count}: {bounds:?}");
        }
        assert!(chance((Share::default(), 3), ChanceBasis::RecentChanges).is_none());
    }

    #[test]
    fn what_is_not_known_widens_the_interval() {
        let told = chance((Share { of: 1, count: 1 }, 7), ChanceBasis::RecentRenewals).unwrap();
        let (worst, best) = (wilson(Share { of: 8, count: 1 }), wilson(Share { of: 8, count: 8 }));
        assert_eq!((told.interval.at_worst, told.interval.at_best), (worst.at_worst, best.at_best));
        assert_eq!(told.counted(), "1 of 8 (of 7 it is not known)");
        // Known to have been 0.9999999999999999.
        for of in 1..200 {
            assert_eq!(wilson(Share { of, count: of }).at_best.to_string(), "1", "{of}");
            assert!(wilson(Share { of, count: of }).at_worst.to_string().len() <= 6, "{of}");
        }
    }
}
