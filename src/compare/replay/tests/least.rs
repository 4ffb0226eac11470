//! What is said to be sure, held against owners of whom everything is known.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::bounds::Dice;
use super::*;

fn hours(hours: i64) -> Timestamp {
    at("2024-01-01") + SignedDuration::from_hours(hours)
}

fn letters() -> Ca {
    ca("Letters", "int", vec![lasting(&["int", "root"])])
}

fn lived(leaf: &str, issuer: &Ca, from: i64, until: i64) -> HistoricCertificate {
    let (from, until) = (hours(from).to_string(), hours(until).to_string());
    certificate(leaf, issuer, &from, &until)
}

/// How owners go about it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Plain,
    /// Renewed long before the end.
    Early,
    /// Swapped late.
    Late,
    /// Deployments fail now and then, and another certificate is issued.
    Failing,
    /// Certificates of six days and 16 hours that are never deployed.
    Trials,
    /// Lives that become shorter.
    Shrinking,
}

const WAYS: [Way; 6] = [Way::Plain, Way::Early, Way::Late, Way::Failing, Way::Trials, Way::Shrinking];

/// A history, and the certificates that were in service, by their places in it, with the hours of their swaps.
fn owner(way: Way, dice: &mut Dice) -> (History, Vec<(i64, usize)>) {
    let issuers = [
        ca("Letters", "a", vec![lasting(&["a", "root"])]),
        ca("Letters", "b", vec![lasting(&["b", "root"]), lasting(&["b", "other root"])]),
        ca("Letters", "c", vec![lasting(&["c", "other root"])]),
    ];
    let mut random = |sides: i64| i64::try_from(dice.roll(u64::try_from(sides).unwrap())).unwrap();
    let (mut now, mut keys) = (0, 0);
    let (mut certificates, mut served) = (Vec::new(), Vec::new());
    while now < 600 * 24 {
        let life = match way {
            Way::Shrinking if now > 400 * 24 => 7 * 24,
            Way::Shrinking if now > 200 * 24 => 47 * 24,
            _ => 90 * 24,
        };
        let is_first = certificates.is_empty();
        if way == Way::Trials && !is_first && random(3) == 0 {
            let from = now - 24 * (1 + random(8));
            let leaf = format!("trial {now}");
            certificates.push(lived(&leaf, &issuers[usize::try_from(random(3)).unwrap()], from, from + 160));
        }
        keys += i64::from(is_first || random(2) == 0);
        let issuer = &issuers[usize::try_from(random(3)).unwrap()];
        let is_deployed = is_first || way != Way::Failing || random(4) > 0;
        if is_deployed {
            let delay = if is_first { 0 } else { random(life / 30 + 1) };
            served.push((now + delay, certificates.len()));
        }
        certificates.push(lived(&format!("leaf{keys}"), issuer, now, now + life));
        let hundredths = match way {
            Way::Early => 30 + random(16),
            Way::Late => 60 + random(35),
            _ => 60 + random(11),
        };
        now += if is_deployed { life * hundredths / 100 } else { 24 * (1 + random(5)) };
    }
    let last = served.last().unwrap().0 + 24;
    let mut all = history(certificates, &hours(last).to_string());
    if random(2) == 0 {
        all.served_now = all.certificates[served.last().unwrap().1].sha256;
    }
    (all, served)
}

/// How often the pins of an owner broke who makes them anew whenever they do not match on all paths: on no path, and at all.
fn truth(all: &History, served: &[(i64, usize)], of: Level) -> (usize, usize) {
    let named = |place: usize| -> BTreeSet<SpkiSha256> {
        let it = &all.certificates[place];
        match of {
            Level::Leaf => [it.key].into(),
            Level::Intermediate => it.issuer_key.into_iter().collect(),
            _ => it.paths.iter().map(|path| path.certificates[1].spki_sha256).collect(),
        }
    };
    let mut pinned = named(served[0].1);
    let mut count = (0, 0);
    for (_, place) in served {
        let now = named(*place);
        if !now.is_subset(&pinned) {
            count = (count.0 + usize::from(now.is_disjoint(&pinned)), count.1 + 1);
            pinned = now;
        }
    }
    count
}

#[test]
fn the_true_number_of_lock_outs_lies_in_the_bounds() {
    let mut dice = Dice(41);
    let mut sure = 0;
    for round in 0..240 {
        let way = WAYS[round % WAYS.len()];
        let (all, served) = owner(way, &mut dice);
        let replayed = replay(&all, None);
        for of in [Level::Leaf, Level::Intermediate, Level::Root] {
            let (least, most) = truth(&all, &served, of);
            let set = level(&replayed, of, false);
            assert!(set.sure <= least, "{way:?} {of:?}: {least} {set:?}");
            assert!(set.at_most.is_some_and(|told| most <= told), "{way:?} {of:?}: {most} {set:?}");
            sure += set.sure;
        }
        for set in &replayed.pin_sets {
            for lockout in &set.lockouts {
                let certificate = &replayed.certificates[lockout.certificate.unwrap()];
                assert!(lockout.begins_at_best.is_none_or(|begins| begins <= certificate.not_after));
            }
        }
    }
    assert!(sure > 240, "what is sure is told to be: {sure}");
}

#[test]
fn certificates_that_were_never_deployed_break_nothing_for_sure() {
    // One key all the time, and two of six days beside it.
    let mut certificates: Vec<HistoricCertificate> =
        (0..7).map(|n| lived("kept", &letters(), n * 60 * 24, (n * 60 + 90) * 24)).collect();
    for n in [1, 3] {
        let from = (n * 60 - 3) * 24;
        certificates.push(lived(&format!("trial{n}"), &letters(), from, from + 160));
    }
    let replayed = replay(&history(certificates, &hours(400 * 24).to_string()), None);
    let set = level(&replayed, Level::Leaf, false);
    assert_eq!((set.sure, set.lockouts.is_empty()), (0, false), "{set:?}");
    // A new key each time, and one of six days before each: the six renewals are sure, and no more.
    let mut certificates = Vec::new();
    for n in 0..7 {
        let from = n * 60 * 24;
        certificates.push(lived(&format!("leaf{n}"), &letters(), from, from + 90 * 24));
        if n > 0 {
            certificates.push(lived(&format!("trial{n}"), &letters(), from - 96, from - 96 + 160));
        }
    }
    let replayed = replay(&history(certificates, &hours(460 * 24).to_string()), None);
    let set = level(&replayed, Level::Leaf, false);
    // The last but one lives until hour 390 × 24.
    assert_eq!(set.sure, 6, "{set:?}");
    let kept = level(&replayed, Level::Leaf, true);
    assert_eq!(kept.sure, 6, "{kept:?}");
}

#[test]
fn what_is_served_now_has_come_for_sure() {
    let certificates =
        vec![lived("one", &letters(), 0, 90 * 24), lived("two", &letters(), 60 * 24, 150 * 24)];
    let mut all = history(certificates, &hours(70 * 24).to_string());
    let sure = |all: &History| {
        let set = level(&replay(all, None), Level::Leaf, false).clone();
        (set.sure, set.lockouts.first().and_then(|lockout| lockout.begins_at_best))
    };
    assert_eq!(sure(&all), (0, None));
    all.served_now = all.certificates[1].sha256;
    assert_eq!(sure(&all), (1, Some(all.at)));
    all.served_now = all.certificates[0].sha256;
    assert_eq!(sure(&all), (0, None));
}

/// As with pins as given: a path that ended leaves none that matches, whatever is in service.
#[test]
fn a_path_that_ended_is_sure() {
    let moved = ca(
        "Letters",
        "int",
        vec![
            path(&["int", "old root"], true, "2020-01-01", "2024-03-01"),
            path(&["int", "new root"], true, "2024-02-01", "2040-01-01"),
        ],
    );
    let apart = ca(
        "Letters",
        "int",
        vec![
            path(&["int", "old root"], true, "2020-01-01", "2024-02-29T23:59:59Z"),
            path(&["int", "new root"], true, "2024-03-01", "2040-01-01"),
        ],
    );
    // One second is of both.
    let at_once = ca(
        "Letters",
        "int",
        vec![
            path(&["int", "old root"], true, "2020-01-01", "2024-03-01"),
            path(&["int", "new root"], true, "2024-03-01", "2040-01-01"),
        ],
    );
    let ended = ca("Letters", "int", vec![moved.paths[0].clone()]);
    let pins_of = |issuer: &Ca| {
        let replayed =
            replay(&history(vec![lived("one", issuer, 0, 90 * 24)], &hours(80 * 24).to_string()), None);
        let set = level(&replayed, Level::Root, false);
        assert!(set.at_most == Some(1) || issuer.paths.len() == 1, "{set:?}");
        (set.sure, set.lockouts.len(), set.undetermined)
    };
    // Pins made after the new one came name both.
    assert_eq!(pins_of(&moved), (0, 1, 0));
    assert_eq!(pins_of(&apart), (1, 1, 0));
    assert_eq!(pins_of(&at_once), (1, 1, 0));
    // Nothing is left to validate it by.
    assert_eq!(pins_of(&ended).0, 0);
}

/// Every choice of certificates that can have been deployed, in the order of their issue, each at its beginning.
fn most_by_trial(all: &History, of: Level) -> usize {
    let named = |it: &HistoricCertificate| -> BTreeSet<SpkiSha256> {
        match of {
            Level::Intermediate => it.issuer_key.into_iter().collect(),
            _ => it.paths.iter().map(|path| path.certificates[1].spki_sha256).collect(),
        }
    };
    let matches = |pins: &BTreeSet<SpkiSha256>, it: &HistoricCertificate| {
        it.paths.iter().all(|path| path.certificates.iter().any(|ca| pins.contains(&ca.spki_sha256)))
    };
    let count = |chosen: u32| {
        let mut pins: Option<BTreeSet<SpkiSha256>> = None;
        let mut breaks = 0;
        for (place, it) in all.certificates.iter().enumerate() {
            if chosen >> place & 1 == 0 {
                continue;
            }
            if pins.as_ref().is_some_and(|pins| matches(pins, it)) {
                continue;
            }
            breaks += usize::from(pins.is_some());
            pins = Some(named(it));
        }
        breaks
    };
    (1..1_u32 << all.certificates.len()).map(count).max().unwrap()
}

/// Without changes of paths, the bound is what some owner came to.
#[test]
fn at_most_is_the_worst_choice_of_certificates() {
    let mut dice = Dice(5);
    let mut more = 0;
    for _ in 0..200 {
        let names = ["a", "b", "c", "d"];
        let issuers = names.map(|name| {
            let roots = ["root", "other root", "third root"].map(|root| (root, dice.roll(2) == 0));
            let chosen = roots.iter().filter(|(_, is_its)| *is_its).map(|(root, _)| lasting(&[name, root]));
            let mut paths: Vec<CaPath> = chosen.collect();
            if paths.is_empty() {
                paths.push(lasting(&[name, "root"]));
            }
            ca("Letters", name, paths)
        });
        let certificate = |n: i64| {
            let issuer = &issuers[usize::try_from(dice.roll(4)).unwrap()];
            lived(&format!("leaf{n}"), issuer, n * 24 * 30, n * 24 * 30 + 24 * 60)
        };
        let all = history((0..8).map(certificate).collect(), &hours(24 * 260).to_string());
        let replayed = replay(&all, None);
        for of in [Level::Intermediate, Level::Root] {
            let set = level(&replayed, of, false);
            let worst = most_by_trial(&all, of);
            assert_eq!(set.at_most, Some(worst), "{of:?} {all:?}");
            more += usize::from(set.lockouts.len() < worst);
        }
    }
    assert!(more > 20, "skipping certificates makes it worse: {more}");
}

/// A CA whose paths to three roots come and go, with always one that lasts.
fn moving(name: &str, dice: &mut Dice) -> Ca {
    let mut random = |sides: u64| i64::try_from(dice.roll(sides)).unwrap();
    let (moves, overlap) = (24 * (60 + random(300)), 24 * random(30));
    let end = |hour: i64| (hours(hour) - SignedDuration::from_secs(1)).to_string();
    let always = ("2020-01-01".to_owned(), "2040-01-01".to_owned());
    let mut lives = vec![
        ("root", (always.0.clone(), end(moves + overlap))),
        ("other root", (hours(moves).to_string(), always.1.clone())),
    ];
    if random(2) == 0 {
        let from = 24 * random(300);
        lives.push(("third root", (hours(from).to_string(), end(from + 24 * (1 + random(200))))));
    }
    let name: &'static str = if name == "a" { "a" } else { "b" };
    let paths = lives.iter().map(|(root, (from, until))| path(&[name, root], true, from, until));
    ca("Letters", name, paths.collect())
}

/// The roots of the paths that hold at a time.
fn roots_then(it: &HistoricCertificate, when: Timestamp) -> BTreeSet<SpkiSha256> {
    let holds = it.paths.iter().filter(|path| path.from <= when && when <= path.until);
    holds.map(|path| path.certificates[1].spki_sha256).collect()
}

/// How often root pins of an owner broke on no path, and at all, who makes them anew whenever they do not match on all.
fn truth_of_roots(all: &History, served: &[(i64, usize)]) -> (usize, usize) {
    let turns = all.certificates.iter().flat_map(|it| it.paths.iter());
    let turns = turns.flat_map(|path| [path.from, path.until + SignedDuration::from_secs(1)]);
    let mut moments: BTreeSet<Timestamp> = turns.chain(served.iter().map(|(hour, _)| hours(*hour))).collect();
    moments.retain(|moment| hours(served[0].0) <= *moment && *moment < all.at);
    let mut pins: Option<BTreeSet<SpkiSha256>> = None;
    let mut count = (0, 0);
    for moment in moments {
        let (_, place) = served.iter().rfind(|(hour, _)| hours(*hour) <= moment).unwrap();
        let now = roots_then(&all.certificates[*place], moment);
        let Some(pinned) = &pins else {
            pins = Some(now);
            continue;
        };
        if !now.is_subset(pinned) {
            count = (count.0 + usize::from(now.is_disjoint(pinned)), count.1 + 1);
            pins = Some(now);
        }
    }
    count
}

#[test]
fn paths_that_come_and_go_stay_in_the_bounds() {
    let mut dice = Dice(23);
    let mut broke = 0;
    for _ in 0..150 {
        let issuers = [moving("a", &mut dice), moving("b", &mut dice)];
        let mut random = |sides: u64| i64::try_from(dice.roll(sides)).unwrap();
        let (mut now, mut certificates, mut served) = (0, Vec::new(), Vec::new());
        while now < 400 * 24 {
            let issuer = &issuers[usize::try_from(random(2)).unwrap()];
            // Some are never deployed, and those that are go into service up to ten days later.
            let is_deployed = served.is_empty() || random(3) > 0;
            if is_deployed {
                let delay = if served.is_empty() { 0 } else { random(240) };
                served.push((now + delay, certificates.len()));
            }
            certificates.push(lived(&format!("leaf{now}"), issuer, now, now + 90 * 24));
            now += if is_deployed { 24 * (50 + random(25)) } else { 24 * (1 + random(5)) };
        }
        let all = history(certificates, &hours(served.last().unwrap().0 + 24).to_string());
        let (least, most) = truth_of_roots(&all, &served);
        let replayed = replay(&all, None);
        let set = level(&replayed, Level::Root, false);
        assert!(set.sure <= least, "{least} {set:?}");
        assert!(set.at_most.is_some_and(|told| most <= told), "{most} {set:?}");
        broke += most;
    }
    assert!(broke > 100, "{broke}");
}
