//! How long something lasts, where some are still lasting when the time is up: the estimator of Kaplan and Meier.
//!
//! E. L. Kaplan, P. Meier: “Nonparametric Estimation from Incomplete Observations”, Journal of the American Statistical
//! Association 53 (1958), pages 457 to 481. At each time with an event the share that lasts is multiplied by
//! 1 − d/n: d is the number of events at that time, n the number of those that lasted up to it. Who is censored at a
//! time is among those who lasted up to it.

use std::collections::BTreeMap;

use super::seconds::number;

/// What was observed, by how long it lasted.
#[derive(Clone, Debug, Default)]
pub(super) struct Observations {
    at: BTreeMap<u32, (usize, usize)>,
}

/// A point of the curve: from this time on the share is this.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) time: u32,
    pub(super) share: f64,
}

/// The curve.
#[derive(Clone, Debug, Default)]
pub(super) struct Curve {
    steps: Vec<Step>,
    /// The longest time for which anything was observed.
    longest: u32,
}

impl Observations {
    /// Notes that something lasted so long, and whether it ended then.
    pub(super) fn note(&mut self, time: u32, has_ended: bool) {
        let (events, censored) = self.at.entry(time).or_default();
        let count = if has_ended { events } else { censored };
        *count = count.saturating_add(1);
    }

    /// How many ended.
    pub(super) fn events(&self) -> usize {
        self.at.values().map(|(events, _)| *events).sum()
    }

    /// How many were censored.
    pub(super) fn censored(&self) -> usize {
        self.at.values().map(|(_, censored)| *censored).sum()
    }

    /// The share that lasts, over time.
    pub(super) fn curve(&self) -> Curve {
        let mut at_risk = self.events().saturating_add(self.censored());
        let mut share = 1.0;
        let mut steps = Vec::new();
        for (time, (events, censored)) in &self.at {
            if *events > 0 {
                share *= 1.0 - number(*events) / number(at_risk);
                steps.push(Step { time: *time, share });
            }
            at_risk = at_risk.saturating_sub(*events).saturating_sub(*censored);
        }
        Curve { steps, longest: self.at.keys().next_back().copied().unwrap_or_default() }
    }
}

impl Curve {
    /// After how long no more than this share lasts; `None` where the curve does not come down to it.
    pub(super) fn time_at(&self, share: f64) -> Option<u32> {
        // Shares are products of fractions: what is equal on paper may differ by a rounding.
        self.steps.iter().find(|step| step.share <= share + 1e-9).map(|step| step.time)
    }

    /// The share that lasts so long; `None` beyond what was observed, unless none was left.
    pub(super) fn share_at(&self, time: u32) -> Option<f64> {
        let last = self.steps.iter().rev().find(|step| step.time <= time).map_or(1.0, |step| step.share);
        (time <= self.longest || last <= 1e-9).then_some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(events: &[u32], censored: &[u32]) -> Curve {
        let mut observations = Observations::default();
        for time in events {
            observations.note(*time, true);
        }
        for time in censored {
            observations.note(*time, false);
        }
        assert_eq!((observations.events(), observations.censored()), (events.len(), censored.len()));
        observations.curve()
    }

    /// The remissions under 6-MP in weeks of Freireich et al. (Blood 21, 1963, pages 699 to 716), as in D. R. Cox,
    /// D. Oakes, “Analysis of Survival Data” (1984), table 1.1: 9 relapses, 12 censored. The known curve is
    /// 0.857 at 6, 0.807 at 7, 0.753 at 10, 0.690 at 13, 0.627 at 16, 0.538 at 22, 0.448 at 23; the median is 23.
    #[test]
    fn the_remissions_of_1963() {
        let curve = curve(&[6, 6, 6, 7, 10, 13, 16, 22, 23], &[6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]);
        let known = [(6, 0.857), (7, 0.807), (10, 0.753), (13, 0.690), (16, 0.627), (22, 0.538), (23, 0.448)];
        let steps: Vec<(u32, f64)> = curve.steps.iter().map(|step| (step.time, step.share)).collect();
        assert_eq!(steps.len(), known.len());
        for ((time, share), (wanted_time, wanted)) in steps.into_iter().zip(known) {
            assert_eq!(time, wanted_time);
            assert!((share - wanted).abs() < 0.000_5, "{time}: {share} instead of {wanted}");
        }
        assert_eq!(curve.time_at(0.5), Some(23));
        assert_eq!(curve.time_at(0.9), Some(6));
        assert_eq!(curve.time_at(0.25), None, "the curve ends at 0.448");
        assert_eq!(curve.share_at(5), Some(1.0));
        assert!((curve.share_at(30).unwrap() - 0.448).abs() < 0.000_5);
        assert_eq!(curve.share_at(36), None, "nobody was followed for so long");
    }

    /// Those under placebo, of the same trial: all 21 relapsed, so that the curve is the plain share of those who last.
    /// The median is 8 weeks.
    #[test]
    fn without_censoring_the_curve_is_the_share_that_lasts() {
        let all = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23];
        let curve = curve(&all, &[]);
        for time in 0..=23_u32 {
            let lasting = all.iter().filter(|own| **own > time).count();
            let share = curve.share_at(time).unwrap();
            assert!((share - number(lasting) / 21.0).abs() < 1e-9, "{time}: {share}");
        }
        assert_eq!(curve.time_at(0.5), Some(8));
        assert_eq!(curve.share_at(1_000), Some(0.0), "none is left");
    }

    #[test]
    fn nothing_that_ended_leaves_the_curve_at_one() {
        let curve = curve(&[], &[10, 20]);
        assert_eq!(curve.time_at(0.5), None);
        assert_eq!(curve.share_at(20), Some(1.0));
        assert_eq!(curve.share_at(21), None);
        assert_eq!(Observations::default().curve().share_at(30), None);
    }
}
