//! In which row each certificate of a CA is drawn, so that none hides another.

use super::{Bars, MOST_ROWS, Scale};
use crate::compare::replay::ReplayedCertificate;

/// The room between two bars of a row.
const GAP: f64 = 2.0;

/// A bar, with its place.
#[derive(Debug)]
pub(super) struct PlacedBar<'a> {
    pub(super) index: usize,
    pub(super) certificate: &'a ReplayedCertificate,
    pub(super) row: usize,
    pub(super) from: f64,
    pub(super) until: f64,
}

/// Certificates without a row, where they overlap one another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Crowd {
    pub(super) from: f64,
    pub(super) until: f64,
    pub(super) count: usize,
}

/// The bars of one CA.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub(super) bars: Vec<PlacedBar<'a>>,
    /// How many rows they take.
    pub(super) rows: usize,
    /// Those that no row had room for, together.
    pub(super) crowded: Vec<Crowd>,
    /// The same, each.
    pub(super) without_row: Bars<'a>,
}

/// Gives each bar the first row that has room for it, those first that the service is taken to have been with.
pub(super) fn placed<'a>(bars: &Bars<'a>, scale: &Scale) -> Placed<'a> {
    let mut rows: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut placed = Vec::new();
    let (mut crowded, mut without_row): (Vec<(f64, f64)>, Bars<'a>) = (Vec::new(), Vec::new());
    let (followed, others): (Vec<_>, Vec<_>) = bars.iter().partition(|(_, one)| one.is_followed);
    for &(index, certificate) in followed.into_iter().chain(others) {
        let (from, until) = (scale.x(certificate.not_before), scale.x(certificate.not_after));
        let is_free = |row: &Vec<(f64, f64)>| {
            row.iter().all(|(begin, end)| *end + GAP <= from || until + GAP <= *begin)
        };
        let row = match rows.iter().position(is_free) {
            Some(row) => row,
            None if rows.len() < MOST_ROWS => {
                rows.push(Vec::new());
                rows.len().saturating_sub(1)
            }
            None => {
                crowded.push((from, until));
                without_row.push((index, certificate));
                continue;
            }
        };
        if let Some(taken) = rows.get_mut(row) {
            taken.push((from, until));
        }
        placed.push(PlacedBar { index, certificate, row, from, until });
    }
    Placed { bars: placed, rows: rows.len(), crowded: joined(crowded), without_row }
}

/// What overlaps, as one.
fn joined(mut all: Vec<(f64, f64)>) -> Vec<Crowd> {
    all.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let mut blocks: Vec<Crowd> = Vec::new();
    for (from, until) in all {
        match blocks.last_mut().filter(|block| from <= block.until + GAP) {
            Some(block) => {
                block.until = block.until.max(until);
                block.count = block.count.saturating_add(1);
            }
            None => blocks.push(Crowd { from, until, count: 1 }),
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::sample;

    #[test]
    fn no_bar_hides_another_and_what_has_no_row_is_counted() {
        let replay = sample::replay();
        let one = ReplayedCertificate { is_followed: false, ..replay.certificates[0].clone() };
        // Forty at the same time, then one after them all.
        let mut certificates = vec![one; 40];
        certificates[39].is_followed = true;
        certificates.push(replay.certificates[3].clone());
        let shown: Vec<(usize, &ReplayedCertificate)> = certificates.iter().enumerate().collect();
        let scale = Scale::of(&shown, replay.until).unwrap();
        let placed = placed(&shown, &scale);
        assert_eq!((placed.rows, placed.bars.len()), (MOST_ROWS, MOST_ROWS + 1));
        assert_eq!(placed.crowded.iter().map(|block| block.count).collect::<Vec<_>>(), [40 - MOST_ROWS]);
        assert!(placed.bars.iter().any(|bar| bar.index == 39), "the one that is followed has a row");
        for (place, bar) in placed.bars.iter().enumerate() {
            for other in &placed.bars[place + 1..] {
                let is_apart = bar.until <= other.from || other.until <= bar.from;
                assert!(bar.row != other.row || is_apart, "{bar:?} {other:?}");
            }
        }
    }
}
