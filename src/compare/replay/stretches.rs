//! Stretches of time, and the gaps between them.

use super::seconds::DAY;

/// Stretches of time in their order, apart from one another: each from a second to the second after its last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stretches(Vec<(i64, i64)>);

impl Stretches {
    /// All that lies in some of these.
    pub(super) fn of(some: impl IntoIterator<Item = (i64, i64)>) -> Self {
        Self::closer_than(0, some)
    }

    /// The same, what lies between two that are less than a day apart as well: a certificate that comes some hours after
    /// the one before has ended was late, and nothing else was in service.
    pub(super) fn bridged(some: impl IntoIterator<Item = (i64, i64)>) -> Self {
        Self::closer_than(DAY, some)
    }

    fn closer_than(apart: i64, some: impl IntoIterator<Item = (i64, i64)>) -> Self {
        let mut all: Vec<(i64, i64)> = some.into_iter().filter(|(from, until)| from < until).collect();
        all.sort_unstable();
        let mut joined: Vec<(i64, i64)> = Vec::new();
        for (from, until) in all {
            match joined.last_mut() {
                Some(last) if from <= last.1 || from.saturating_sub(last.1) < apart => {
                    last.1 = last.1.max(until);
                }
                _ => joined.push((from, until)),
            }
        }
        Self(joined)
    }

    /// These and one more.
    pub(super) fn and(self, more: Option<(i64, i64)>) -> Self {
        Self::of(self.0.into_iter().chain(more))
    }

    /// The first that ends after a second.
    pub(super) fn next(&self, second: i64) -> Option<(i64, i64)> {
        let place = self.0.partition_point(|own| own.1 <= second);
        self.0.get(place).copied()
    }

    /// Each of them.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (i64, i64)> {
        self.0.iter().copied()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many seconds they have.
    pub(super) fn seconds(&self) -> i64 {
        self.0.iter().fold(0, |sum, (from, until)| sum.saturating_add(until.saturating_sub(*from)))
    }

    /// What lies in others as well.
    pub(super) fn within(&self, others: &Self) -> Self {
        let (mut own, mut other) = (self.0.iter().peekable(), others.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some(one), Some(two)) = (own.peek(), other.peek()) {
            let (from, until) = (one.0.max(two.0), one.1.min(two.1));
            if from < until {
                both.push((from, until));
            }
            if one.1 < two.1 {
                own.next();
            } else {
                other.next();
            }
        }
        Self(both)
    }

    /// What of a stretch lies in none of them, a day or longer each.
    pub(super) fn gaps(&self, from: i64, until: i64) -> Vec<(i64, i64)> {
        let begins = self.0.iter().map(|own| own.0).chain([until]);
        let ends = [from].into_iter().chain(self.0.iter().map(|own| own.1));
        let between = ends.zip(begins).map(|(end, begin)| (end.max(from), begin.min(until)));
        between.filter(|(end, begin)| begin.saturating_sub(*end) >= DAY).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_joined_cut_and_their_gaps_found() {
        let all = Stretches::of([(50, 60), (0, 10), (5, 20), (20, 30), (7, 7)]);
        assert_eq!(all, Stretches(vec![(0, 30), (50, 60)]));
        assert_eq!(all.seconds(), 40);
        let others = Stretches::of([(-5, 3), (25, 55)]);
        assert_eq!(all.within(&others), Stretches(vec![(0, 3), (25, 30), (50, 55)]));
        assert_eq!(others.within(&all), all.within(&others));
        assert_eq!(Stretches::default().seconds(), 0);
        assert_eq!(
            [-1, 29, 30, 60].map(|second| all.next(second)),
            [Some((0, 30)), Some((0, 30)), Some((50, 60)), None]
        );
    }

    #[test]
    fn less_than_a_day_is_no_gap() {
        let lives = [(0, 10), (10 + DAY - 1, 2 * DAY), (3 * DAY, 4 * DAY)];
        let known = Stretches::bridged(lives);
        assert_eq!(known.gaps(0, 4 * DAY + 5), [(2 * DAY, 3 * DAY)]);
        assert_eq!(known.gaps(-DAY, 6 * DAY), [(-DAY, 0), (2 * DAY, 3 * DAY), (4 * DAY, 6 * DAY)]);
        assert_eq!(Stretches::default().gaps(0, DAY), [(0, DAY)]);
    }
}
