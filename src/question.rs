//! What was looked at and stayed open: questions, each of a kind.
//!
//! Whatever goes by what a question is about goes by its kind. Its words are for people, and for the entries of a baseline,
//! which name a question by them: they are read back here alone.

/// Something that was looked at and stayed open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenQuestion {
    /// What it is about.
    pub kind: OpenKind,
    /// What could not be determined, in words.
    pub what: String,
    /// Whether the user asked for it by name: then it is never passed over.
    pub demanded: bool,
}

/// By what a question is known again in another run: its kind, and the names in its words. Counts are no part of it, for they
/// change with every certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The kind.
    pub kind: OpenKind,
    /// The names, in their order.
    pub names: Vec<String>,
}

/// Makes the kinds, each with the forms that its questions take: `#` stands for a number, `*` for a name.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident: [$($form:literal),*];)*) => {
        /// What a question is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum OpenKind { $($(#[$doc])* $kind,)* }

        impl OpenKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The forms of its questions.
            fn forms(self) -> &'static [&'static str] {
                match self { $(Self::$kind => &[$($form),*],)* }
            }
        }
    };
}

kinds! {
    /// Which certificate the target shows.
    Certificate: ["the certificate"];
    /// The certificate of another address of the target, which was not judged.
    OtherCertificate: ["the other certificate, at * (SHA-256 *)", "the other certificate, at *"];
    /// The certificates of a file behind the first, which were not judged.
    FurtherCertificates: ["the further certificates of the file"];
    /// Whether the server holds the key.
    HeldKey: ["whether the server holds the certificate's key"];
    /// CAA of names beyond those that are looked up.
    FurtherCaa: ["CAA of # further names"];
    /// The CT policies of browsers.
    CtPolicies: ["whether *'s CT policy is met*", "whether the CT policies of * are met*"];
    /// The proof of a Merkle Tree Certificate.
    CtProof: ["whether the certificate's proof of logging stands"];
    /// Whether the logs hold what their SCTs promise.
    Inclusion: ["whether one SCT's log holds the certificate", "whether the logs of # SCTs hold the certificate"];
    /// What CAA says.
    Caa: ["what CAA says"];
    /// Whether the nameservers of a zone give the same CAA.
    Nameservers: ["whether the nameservers agree about CAA"];
    /// CAA, which was asked for and not looked at.
    CaaUnseen: ["CAA, which was asked for and not looked at"];
    /// Whether the issuer is one that is expected.
    Issuer: ["whether the issuer is expected"];
    /// Which CAs are expected.
    Expectation: ["whether the issuer is expected: no CA is named as expected"];
    /// Whether the certificates of the chain are revoked.
    Revocation: ["whether the certificates are revoked"];
    /// What was issued for the host.
    Issued: ["what was issued for *: *"];
    /// What was issued, which was asked for and not looked at.
    IssuedUnseen: ["what was issued, which was asked for and not looked at"];
    /// Whether the issuers of issued certificates are expected.
    IssuedIssuers: [
        "whether the issuer of one certificate is expected", "whether the issuers of # certificates are expected"
    ];
    /// Whether the keys of issued certificates are the owner's.
    IssuedKeys: [
        "whether the key of one certificate is among known_keys", "whether the keys of # certificates are among known_keys"
    ];
    /// Whether issued certificates that nobody expected are revoked.
    UnexpectedRevoked: ["whether the unexpected certificates are revoked"];
    /// Whether issued certificates are revoked.
    IssuedRevoked: ["whether one certificate is revoked", "whether # certificates are revoked"];
    /// Whether issued certificates of a short life are revoked.
    ShortLivedRevoked: ["whether some short-lived certificate is revoked"];
    /// What a source did not tell.
    Source: ["what else * knows"];
    /// Who issued certificates of which nothing is expected.
    IssuedBy: ["who issued one certificate", "who issued # certificates"];
    /// What CAA says of the CAs of issued certificates.
    IssuedCaa: ["what CAA says of some certificate's CA"];
    /// Pins, which were asked for without a file.
    NoPinFile: ["whether the host is pinned: no pin file was given"];
    /// Whether the host is pinned.
    Pinned: ["whether the host is pinned"];
    /// Whether the pins match what is served.
    PinMatch: ["whether the pins match"];
    /// A pin file that was not read.
    PinFile: ["the pins of *"];
    /// A pin file that was not read wholly.
    PinFilePart: ["the whole of the pins of *"];
    /// TLSA records that could not be had.
    Tlsa: ["the TLSA of *"];
    /// Whether anything could be replayed.
    Replay: ["what pins would have done: nothing could be replayed"];
    /// Whether certificates of the history match pins.
    ReplayedMatch: ["whether # of # certificates match *"];
    /// Whether a step that a gate asks for is done.
    Step: ["whether the step “*” is done*"];
    /// What a control does.
    Control: ["what * does"];
    /// A question of another command than `check` and `compare`: no baseline knows it.
    Elsewhere: [];
}

impl OpenKind {
    /// Whether a baseline may accept that a question of this kind is open: not of what a gate was asked for.
    pub fn can_be_accepted(self) -> bool {
        self != Self::Step
    }

    /// Whether it is about what was issued in the past, and not about who issued what was found.
    pub fn is_of_what_was_issued(self) -> bool {
        matches!(self, Self::Issued | Self::Source | Self::Replay)
    }

    /// Whether it is about pins of apps and other clients.
    pub fn is_of_pins(self) -> bool {
        matches!(
            self,
            Self::Pinned | Self::PinMatch | Self::PinFile | Self::PinFilePart | Self::ReplayedMatch
        )
    }

    /// Whether it is about certificates that were found, and of which more is asked than a step of `compare` goes by.
    pub fn is_of_issued_certificates(self) -> bool {
        matches!(
            self,
            Self::IssuedIssuers
                | Self::IssuedKeys
                | Self::UnexpectedRevoked
                | Self::IssuedRevoked
                | Self::IssuedCaa
        )
    }

    /// A question of this kind.
    pub fn asks(self, what: impl Into<String>, demanded: bool) -> OpenQuestion {
        let question = OpenQuestion { kind: self, what: what.into(), demanded };
        debug_assert!(
            self == Self::Elsewhere || question.about().is_some(),
            "no form of {self:?}: {}",
            question.what
        );
        question
    }

    /// The names in words of this kind.
    fn names_in(self, words: &str) -> Option<Vec<String>> {
        let names = self.forms().iter().find_map(|form| names_in(form, words))?;
        Some(names.into_iter().map(str::to_owned).collect())
    }
}

impl OpenQuestion {
    /// By what it is known again.
    pub fn about(&self) -> Option<About> {
        Some(About { kind: self.kind, names: self.kind.names_in(&self.what)? })
    }
}

impl About {
    /// What the words of a report ask, as this version and the earlier ones have them; `None` where no question is asked so.
    pub fn read(words: &str) -> Option<Self> {
        OpenKind::ALL.iter().find_map(|kind| Some(Self { kind: *kind, names: kind.names_in(words)? }))
    }
}

/// The names in words of this form. A name ends where the first text follows that the form has behind it, and the last one
/// with the words: the time is linear.
fn names_in<'w>(form: &str, words: &'w str) -> Option<Vec<&'w str>> {
    let begins = |form: &'_ str| form.find(['#', '*']).unwrap_or(form.len());
    let (mut form, mut rest, mut names) = (form, words, Vec::new());
    loop {
        let (literal, wild) = form.split_at_checked(begins(form))?;
        rest = rest.strip_prefix(literal)?;
        let mut after = wild.chars();
        let Some(wild) = after.next() else { return rest.is_empty().then_some(names) };
        form = after.as_str();
        if wild == '#' {
            let behind = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
            rest = (behind.len() < rest.len()).then_some(behind)?;
        } else {
            let end = form.get(..begins(form))?;
            let length =
                if end.len() == form.len() { rest.strip_suffix(end)?.len() } else { rest.find(end)? };
            let (name, behind) = rest.split_at_checked(length)?;
            names.push(name);
            rest = behind;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(form: &str, words: &str) -> Option<Vec<String>> {
        names_in(form, words).map(|names| names.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn names_are_read_and_numbers_passed_over() {
        assert_eq!(names("a", "a"), Some(vec![]));
        assert_eq!(names("a", "ab"), None);
        assert_eq!(names("# of #", "3 of 41"), Some(vec![]));
        assert_eq!(names("# of #", " of 41"), None);
        assert_eq!(names("# of #", "3 of 41 x"), None);
        assert_eq!(
            names("at * (*)", "at [::1]:443 (aa) (b)"),
            Some(vec!["[::1]:443".into(), "aa) (b".into()])
        );
        assert_eq!(names("the *", "the “é”"), Some(vec!["“é”".into()]));
        assert_eq!(names("the * end", "the end"), None);
        assert_eq!(names("*", ""), Some(vec![String::new()]));
    }

    /// An entry's words lead to the kind whose form they have, and to no other.
    #[test]
    fn the_words_of_each_kind_are_read_as_that_kind() {
        for kind in OpenKind::ALL {
            for form in kind.forms() {
                let words = form.replace('#', "12").replace('*', "a name of 3");
                let about = About::read(&words).unwrap();
                assert_eq!(about.kind, *kind, "{words}");
                assert_eq!(about.names.len(), form.matches('*').count(), "{words}");
                assert_eq!(kind.asks(words, true).about(), Some(about));
            }
        }
        assert_eq!(About::read("whether the sun shines"), None);
    }

    /// Files, CAs and pin sets may be called anything.
    #[test]
    fn no_name_leads_to_another_kind() {
        let read = |words: &str| About::read(words).map(|about| about.kind);
        assert_eq!(read("the pins of CT policies.xml"), Some(OpenKind::PinFile));
        assert_eq!(read("the pins of a file that does"), Some(OpenKind::PinFile));
        assert_eq!(read("the whole of the pins of x known_keys"), Some(OpenKind::PinFilePart));
        assert_eq!(
            read("whether 3 of 41 certificates match your pins of CT policies.xml"),
            Some(OpenKind::ReplayedMatch)
        );
        assert_eq!(read("what was issued for a.example: what crt.sh does"), Some(OpenKind::Issued));
    }

    #[test]
    fn a_count_changes_nothing_and_a_name_does() {
        let about = |words: &str| About::read(words).unwrap();
        assert_eq!(about("CAA of 2 further names"), about("CAA of 30 further names"));
        assert_eq!(about("who issued one certificate"), about("who issued 7 certificates"));
        assert_ne!(about("what else crt.sh (a) knows"), about("what else crt.sh (b) knows"));
        let of = |sha256: &str| about(&format!("the other certificate, at 192.0.2.1:443 (SHA-256 {sha256})"));
        assert_ne!(of("01"), of("02"));
    }
}
