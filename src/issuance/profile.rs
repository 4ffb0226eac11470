//! Certificates that are unlike the others of their CA: another key type, a much longer or shorter life, far more names.
//!
//! Nothing of this is wrong by itself. A CA's certificates for one owner mostly come from one machine that asks the same
//! each time; what that machine did not ask for stands out.

use std::collections::BTreeMap;

use super::issued::IssuedCertificate;

/// The fewest certificates of one CA that make a habit.
const FEWEST: usize = 5;

/// At most one certificate in this many is out of the habit; more of them are another habit.
const ONE_IN: usize = 10;

/// In what each certificate is unlike the others of its CA; in their order. `group` tells who issued each, if that is
/// proven.
pub(super) fn unlike(
    certificates: &[&IssuedCertificate],
    group: impl Fn(usize) -> Option<String>,
) -> Vec<Vec<String>> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for place in 0..certificates.len() {
        if let Some(issuer) = group(place) {
            groups.entry(issuer).or_default().push(place);
        }
    }
    let mut found = vec![Vec::new(); certificates.len()];
    for places in groups.into_values().filter(|places| places.len() >= FEWEST) {
        let members: Vec<(usize, &IssuedCertificate)> =
            places.iter().filter_map(|&place| Some((place, *certificates.get(place)?))).collect();
        let kinds = members.iter().filter_map(|(place, it)| Some((*place, it.key_type.clone()?))).collect();
        for (place, own, usual) in rare(kinds) {
            tell(&mut found, place, format!("its key is {own}, that of the others {usual}"));
        }
        let lives = members.iter().filter_map(|(place, it)| Some((*place, it.days()?))).collect();
        for (place, own, usual) in outliers(lives, 3) {
            let how = if own > usual { "longer" } else { "shorter" };
            tell(
                &mut found,
                place,
                format!("it is valid for {own} days, {how} than the others ({usual} days)"),
            );
        }
        let counts = members
            .iter()
            .filter(|(_, it)| it.names_are_complete)
            .filter_map(|(place, it)| Some((*place, i64::try_from(it.names.len()).ok()?)))
            .collect();
        for (place, own, usual) in outliers(counts, 8) {
            tell(&mut found, place, format!("it has {own} names, the others have about {usual}"));
        }
    }
    found
}

fn tell(found: &mut [Vec<String>], place: usize, what: String) {
    if let Some(reasons) = found.get_mut(place) {
        reasons.push(what);
    }
}

/// Whether so few of so many are out of the habit.
fn is_rare(count: usize, all: usize) -> bool {
    all >= FEWEST && count.saturating_mul(ONE_IN) <= all.max(ONE_IN)
}

/// Those of a kind that hardly any other has, with the most usual one.
fn rare(kinds: Vec<(usize, String)>) -> Vec<(usize, String, String)> {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for (_, kind) in &kinds {
        *counts.entry(kind).or_default() += 1;
    }
    let Some((usual, _)) =
        counts.iter().max_by_key(|(_, count)| **count).map(|(kind, count)| ((*kind).clone(), *count))
    else {
        return Vec::new();
    };
    let all = kinds.len();
    let rare: Vec<String> = counts
        .iter()
        .filter(|(kind, count)| ***kind != *usual && is_rare(**count, all))
        .map(|(kind, _)| (*kind).clone())
        .collect();
    kinds
        .into_iter()
        .filter(|(_, kind)| rare.contains(kind))
        .map(|(place, kind)| (place, kind, usual.clone()))
        .collect()
}

/// Those that are twice as large as the middle one or half of it, and differ from it by `least` at least, where hardly
/// any are.
fn outliers(values: Vec<(usize, i64)>, least: i64) -> Vec<(usize, i64, i64)> {
    let mut sorted: Vec<i64> = values.iter().map(|(_, value)| *value).collect();
    sorted.sort_unstable();
    let Some(&middle) = sorted.get(sorted.len() / 2) else { return Vec::new() };
    let all = values.len();
    let is_far = |value: i64| {
        value.abs_diff(middle) >= least.unsigned_abs()
            && (value.saturating_mul(2) <= middle || value >= middle.saturating_mul(2))
    };
    let far: Vec<_> = values
        .into_iter()
        .filter(|(_, value)| is_far(*value))
        .map(|(place, value)| (place, value, middle))
        .collect();
    if is_rare(far.len(), all) { far } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(days: i64, key: &str, names: usize) -> IssuedCertificate {
        let begin: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        IssuedCertificate {
            not_before: Some(begin),
            not_after: Some(begin + jiff::SignedDuration::from_secs(days * 86400 - 1)),
            key_type: Some(key.to_owned()),
            names: (0..names).map(|number| format!("{number}.example")).collect(),
            names_are_complete: true,
            ..IssuedCertificate::default()
        }
    }

    fn told(certificates: &[IssuedCertificate]) -> Vec<Vec<String>> {
        let all: Vec<&IssuedCertificate> = certificates.iter().collect();
        unlike(&all, |_| Some("Example CA".to_owned()))
    }

    #[test]
    fn one_of_many_stands_out() {
        let mut all = vec![certificate(90, "EC P-256", 2); 9];
        assert!(told(&all).iter().all(Vec::is_empty));
        all.push(certificate(365, "RSA 2048", 40));
        let told = told(&all);
        assert!(told[..9].iter().all(Vec::is_empty));
        assert_eq!(
            told[9],
            [
                "its key is RSA 2048, that of the others EC P-256",
                "it is valid for 365 days, longer than the others (90 days)",
                "it has 40 names, the others have about 2",
            ]
        );
    }

    #[test]
    fn a_second_habit_is_none_that_stands_out() {
        let mut all = vec![certificate(90, "EC P-256", 2); 8];
        all.extend(vec![certificate(365, "RSA 2048", 40); 3]);
        assert!(told(&all).iter().all(Vec::is_empty));
    }

    #[test]
    fn few_certificates_make_no_habit() {
        let all =
            [certificate(90, "EC P-256", 2), certificate(90, "EC P-256", 2), certificate(365, "RSA 2048", 9)];
        assert!(told(&all).iter().all(Vec::is_empty));
    }
}
