use proptest::prelude::*;

use super::testing::{answer, reading};
use crate::evidence::issuance::Told;
use crate::issuance::reported::{Coverage, SourceReading};

const ROWS: &[u8] = include_bytes!("../../../fuzz/seeds/crt_sh/two_answers");
const PAGES: &[u8] = include_bytes!("../../../fuzz/seeds/cert_spotter/issuance");

/// What comes in parts with # between them, as answers of both sources.
fn read_both(octets: &[u8]) -> [SourceReading; 2] {
    let parts = || octets.split(|octet| *octet == b'#').take(3);
    let urls =
        ["https://s.example/?q=a.example", "https://s.example/?q=%25.a.example", "https://s.example/?d=1"];
    let rows = parts().zip(urls).map(|(part, url)| answer(url, 200, part)).collect();
    let pages = parts().map(|part| answer("https://s.example/", 200, part)).collect();
    [reading(Told::CrtSh(rows)), reading(Told::CertSpotter(pages))]
}

proptest! {
    #[test]
    fn any_octets_are_read_without_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        read_both(&octets);
    }

    #[test]
    fn any_change_of_an_answer_is_read_without_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        end in any::<prop::sample::Index>(),
    ) {
        for seed in [ROWS, PAGES] {
            let mut octets = seed.to_vec();
            for (place, octet) in &changes {
                let place = place.index(octets.len());
                octets[place] = *octet;
            }
            octets.truncate(octets.len() - end.index(octets.len()) / 4);
            for read in read_both(&octets) {
                let is_none = matches!(read.coverage, Coverage::NoData(_) | Coverage::NotAsked(_));
                prop_assert!(!is_none || read.certificates.is_empty());
                let mut names = read.certificates.iter().flat_map(|one| &one.claimed.dns_names);
                prop_assert!(!names.any(|name| name.contains(char::is_control)));
            }
        }
    }
}
