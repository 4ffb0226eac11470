//! Why a policy was not judged.

use jiff::Timestamp;

use super::Exemption;

/// Why a policy was not judged: what is the same for several programmes is one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unjudged {
    /// No policy is for the certificate.
    Exempt(Exemption),
    /// Under a root that was given no programme asks for SCTs.
    PrivateRoot,
    /// No list of the programme is at hand at all: the user gave another's, and asked by that for its programme alone.
    NoList,
    /// No list of the programme is known from this time or before.
    BeforeAnyList(Timestamp),
    /// The certificate expired at this time, and no list was timely within its life.
    ExpiredBeforeAnyList(Timestamp),
    /// The newest list of then is too old.
    OldList,
    /// SCTs that stay open decide.
    OpenScts,
    /// The rules of then decide, and are not known or were not enforced.
    Rules,
}

impl Unjudged {
    /// The reason in words, where it does not depend on the certificate's SCTs or on one list: of `programme`, or of
    /// those that stand before the sentence.
    pub fn told(self, programme: Option<&str>) -> Option<String> {
        let of = programme.map(|programme| format!(" of {programme}")).unwrap_or_default();
        match self {
            Self::Exempt(exempt) => Some(exempt.reason().to_owned()),
            Self::PrivateRoot => {
                let whose = programme.unwrap_or("each of them");
                Some(format!(
                    "The chain ends at a root that was given: {whose} asks for SCTs only under publicly trusted roots."
                ))
            }
            Self::NoList => {
                let whose = programme.unwrap_or("them");
                Some(format!("The log list that was given does not speak for {whose}."))
            }
            Self::BeforeAnyList(at) => Some(format!(
                "No log list{of} is known from {at} or before: what it said is not known at that date."
            )),
            Self::ExpiredBeforeAnyList(end) => Some(format!(
                "The certificate expired on {end}, and no log list{of} that was timely within its life is known: what it said is \
                 not known at that date."
            )),
            Self::OldList | Self::OpenScts | Self::Rules => None,
        }
    }
}
