//! The names in the certificates: from a pool, with a few of watched domains put among them.

use crate::dice::{Dice, Purpose};

/// How many domains are watched, in the smallest set, the middle one and the largest; each begins with the one before.
pub const WATCHED: [u64; 3] = [1, 1_000, 100_000];

/// In how many certificates there is one with a watched name.
const RARITY: u64 = 482;
/// The fewest certificates with a watched name, where there are enough certificates.
const FEWEST: u64 = 40;

const WORDS: [&str; 64] = [
    "acorn", "amber", "anchor", "apple", "arbor", "atlas", "aurora", "badger", "basalt", "beacon", "birch",
    "bluebell", "bright", "canyon", "cedar", "cobalt", "comet", "copper", "coral", "crystal", "delta",
    "dolphin", "ember", "falcon", "fern", "flint", "forest", "garnet", "glacier", "granite", "harbor",
    "hazel", "heron", "indigo", "iris", "ivory", "jasper", "juniper", "lagoon", "lantern", "laurel",
    "linden", "lotus", "maple", "marble", "meadow", "nebula", "nova", "ocean", "olive", "orchid", "osprey",
    "pebble", "pine", "prairie", "quartz", "raven", "river", "saffron", "silver", "summit", "timber",
    "velvet", "willow",
];
const ENDS: [&str; 16] = [
    "com", "com", "com", "com", "com", "net", "org", "de", "io", "co.uk", "nl", "com.br", "app", "dev", "fr",
    "com.au",
];
const HOSTS: [&str; 16] = [
    "www",
    "mail",
    "api",
    "cdn",
    "shop",
    "blog",
    "webmail",
    "cpanel",
    "autodiscover",
    "dev",
    "staging",
    "app",
    "admin",
    "vpn",
    "static",
    "login",
];

/// The watched domain of this number.
pub fn watched(seed: u64, number: u64) -> String {
    let mut dice = Dice::new(seed, Purpose::Watched, number);
    let (first, second, end) = (dice.of(&WORDS), dice.of(&WORDS), dice.of(&ENDS));
    format!("{first}{second}-{number}.{end}")
}

/// A domain of the pool. It has no hyphen and so is none of the watched.
fn pooled(dice: &mut Dice) -> String {
    let (first, second, end) = (dice.of(&WORDS), dice.of(&WORDS), dice.of(&ENDS));
    match dice.below(4) {
        0 => format!("{first}{second}.{end}"),
        _ => format!("{first}{second}{}.{end}", dice.below(10_000)),
    }
}

/// Which watched domain the certificate of this number has, if it has one, out of `certificates`.
pub fn placed(seed: u64, certificate: u64, certificates: u64) -> Option<u64> {
    let spacing = (certificates / (certificates / RARITY).max(FEWEST)).max(1);
    let place = certificate / spacing;
    let mut dice = Dice::new(seed, Purpose::Watched, u64::MAX - place);
    if certificate % spacing != dice.below(spacing) {
        return None;
    }
    let [one, some, all] = WATCHED;
    Some(match place {
        place if place % 280 == 1 => 0,
        place if place % 14 == 0 => one + dice.below(some - one),
        _ => some + dice.below(all - some),
    })
}

/// The names of a certificate: 1 to 10, most often a domain and its www.
pub fn names(dice: &mut Dice, seed: u64, placed: Option<u64>) -> Vec<String> {
    let domain = pooled(dice);
    let count = match dice.below(20) {
        0..5 => 1,
        5..14 => 2,
        14..17 => 3,
        _ => 4 + dice.below(7),
    };
    let mut names = vec![domain.clone()];
    while (names.len() as u64) < count {
        let name = match (names.len(), dice.below(4)) {
            (1, _) => format!("www.{domain}"),
            (_, 0) => pooled(dice),
            // The end of a watched domain's name, but no label of it.
            (_, 1) => format!("my{}", watched(seed, dice.below(100_000))),
            _ => format!("{}{}.{domain}", dice.of(&HOSTS), names.len()),
        };
        names.push(name);
    }
    if let Some(number) = placed {
        let domain = watched(seed, number);
        let name = match dice.below(6) {
            0 => format!("*.{domain}"),
            1 => domain.to_ascii_uppercase(),
            2 | 3 => domain,
            _ => format!("{}.{domain}", dice.of(&HOSTS)),
        };
        let place = dice.below(names.len() as u64) as usize;
        names[place] = name;
    }
    names
}
