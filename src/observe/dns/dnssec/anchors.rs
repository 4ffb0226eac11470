//! Trust anchors: the root's, or those of a file.

use bytes::Bytes;
use domain::base::iana::{Class, Rtype};
use domain::base::name::{Name, ToName as _};
use domain::dnssec::validator::anchor::TrustAnchors;
use domain::zonefile::inplace::{Entry, Zonefile};

/// IANA's anchors of the root.
const ROOT: &str = include_str!("../../../../data/dnssec-root-anchors.zone");

/// The most octets of a file of anchors.
pub const MAX_ANCHOR_FILE: u64 = 1 << 20;

/// Where validation begins: DS or DNSKEY records in zone-file form, of one owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchors {
    text: String,
    owner: Name<Bytes>,
}

/// Why a text is no set of trust anchors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// It is not in zone-file form.
    #[error("it is not in zone-file form: {0}")]
    NotAZoneFile(String),
    /// A record is of another type or class, or the file includes another.
    #[error("it holds something else than DS and DNSKEY records of class IN")]
    OtherContent,
    /// The records have several owners.
    #[error("its records are of several zones; one zone's keys are where validation begins")]
    SeveralOwners,
    /// There is no record.
    #[error("it holds no DS or DNSKEY record")]
    Empty,
}

impl Anchors {
    /// The anchors of the DNS root.
    pub fn root() -> Self {
        Self { text: ROOT.to_owned(), owner: Name::root() }
    }

    /// Reads anchors in zone-file form, such as Unbound's `root.key` or the output of `dig . DNSKEY`.
    pub fn parse(text: &str) -> Result<Self, AnchorError> {
        let mut file = Zonefile::new();
        file.set_default_class(Class::IN);
        file.extend_from_slice(text.as_bytes());
        file.extend_from_slice(b"\n");
        let mut owner: Option<Name<Bytes>> = None;
        for entry in file {
            let entry = entry.map_err(|error| AnchorError::NotAZoneFile(error.to_string()))?;
            let Entry::Record(record) = entry else { return Err(AnchorError::OtherContent) };
            if !matches!(record.rtype(), Rtype::DS | Rtype::DNSKEY) || record.class() != Class::IN {
                return Err(AnchorError::OtherContent);
            }
            let this = record.owner().to_name::<Bytes>();
            if owner.as_ref().is_some_and(|owner| *owner != this) {
                return Err(AnchorError::SeveralOwners);
            }
            owner = Some(this);
        }
        Ok(Self { text: text.to_owned(), owner: owner.ok_or(AnchorError::Empty)? })
    }

    /// The zone that the keys are of.
    pub(super) fn owner(&self) -> &Name<Bytes> {
        &self.owner
    }

    /// The anchors as the validator takes them.
    pub(super) fn for_validator(&self) -> TrustAnchors {
        // The text was read when it was taken in; an empty set makes every answer indeterminate.
        TrustAnchors::from_u8(self.text.as_bytes()).unwrap_or_else(|_| TrustAnchors::empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roots_anchors_are_embedded() {
        let anchors = Anchors::root();
        assert_eq!(Anchors::parse(ROOT).unwrap(), anchors);
        let tags: Vec<&str> = ROOT.lines().filter_map(|line| line.strip_prefix(". 172800 IN DS ")).collect();
        assert!(tags[0].starts_with("20326 8 2 ") && tags[1].starts_with("38696 8 2 "), "{tags:?}");
    }

    #[test]
    fn anchors_are_read_in_zone_file_form() {
        let digest = "00".repeat(32);
        let ds = Anchors::parse(&format!("; a note\ntest. 60 IN DS 1 13 2 {digest}")).unwrap();
        assert_eq!(ds.owner().to_string(), "test");
        let key = ". 172800 IN DNSKEY 257 3 13 AAAA ;{id = 1 (ksk), size = 256b} ;;state=2";
        assert!(Anchors::parse(key).unwrap().owner().is_root());
        for (text, error) in [
            ("", AnchorError::Empty),
            ("; nothing\n", AnchorError::Empty),
            ("test. IN A 192.0.2.1\n", AnchorError::OtherContent),
            ("$INCLUDE other.zone\n", AnchorError::OtherContent),
        ] {
            assert_eq!(Anchors::parse(text), Err(error), "{text}");
        }
        let two = format!("a. IN DS 1 13 2 {digest}\nb. IN DS 1 13 2 {digest}\n");
        assert_eq!(Anchors::parse(&two), Err(AnchorError::SeveralOwners));
        assert!(matches!(Anchors::parse("no zone file"), Err(AnchorError::NotAZoneFile(_))));
    }
}
