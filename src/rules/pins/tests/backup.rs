//! Whether there is a backup, over chains of real CAs' keys.

use super::checks::{X1, X2, YR1, entry, source, spki};
use super::*;
use crate::pins::PinValue;

/// That there is no backup, and that the backup is of the same CA, are not said of the same pins.
#[test]
fn whether_there_is_a_backup_is_said_in_one_voice() {
    let mut served = crate::pins::testing::path();
    let SpkiOf(x1, x2) = SpkiOf::of(X1, X2);
    served[1].spki_sha256 = x2;
    served[2].spki_sha256 = x1;
    let of = |keys: &[&str], path| {
        let files = [PinFile {
            file: "file".to_owned(),
            reading: Reading::Read(source("android-nsc", vec![entry(keys)])),
        }];
        let question = crate::pins::testing::question(Some("example.com"), path);
        let mut found = findings(&judge(&files, &question));
        found.retain(|finding| ["PIN004", "PIN018"].contains(&finding.rule));
        found.into_iter().map(|finding| (finding.rule, finding.message)).collect::<Vec<_>>()
    };
    let none = of(&[X1, X2], Some(served.as_slice()));
    assert_eq!(none.len(), 1, "{none:?}");
    let (rule, message) = &none[0];
    assert_eq!(*rule, "PIN004");
    assert!(message.contains("in the chain now. All 2 pinned keys belong to "), "{message}");
    // With a key to fall back on that is the same CA's, there is one, and it is of that CA.
    let one = of(&[X1, YR1], Some(served.as_slice()));
    assert!(one.len() == 1 && one[0].0 == "PIN018", "{one:?}");
    let own = of(&[X1, "own"], Some(served.as_slice()));
    assert_eq!(own, []);
}

/// Two keys by their pins.
struct SpkiOf(SpkiSha256, SpkiSha256);

impl SpkiOf {
    fn of(one: &str, other: &str) -> Self {
        match (spki(one), spki(other)) {
            (PinValue::Spki(one), PinValue::Spki(other)) => Self(one, other),
            other => panic!("{other:?}"),
        }
    }
}
