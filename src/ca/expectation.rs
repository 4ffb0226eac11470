//! Whether the CA that issued is one that the owner expects.

use super::issuer::{Issuer, Proof};
use super::same_owner;

/// Whether the issuer is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// It is one of the expected CAs, and that is proven.
    Expected,
    /// It is known, and none of them.
    Unexpected,
    /// Who issued is not known, or only claimed.
    Undetermined,
    /// The owner said nothing.
    NoExpectation,
}

impl Expectation {
    /// The name in the contract's JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Unexpected => "unexpected",
            Self::Undetermined => "undetermined",
            Self::NoExpectation => "no_expectation",
        }
    }
}

/// What is said of the issuer against what the owner expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerVerdict {
    /// The verdict.
    pub expectation: Expectation,
    /// Who issued.
    pub issuer: Issuer,
    /// The CAs that were expected, as the owner wrote them.
    pub expected: Vec<String>,
    /// Those of them that name neither a known CAA identifier nor a known owner.
    pub unknown_expectations: Vec<String>,
    /// Why, sentence by sentence.
    pub reasons: Vec<String>,
}

/// Judges an issuer against the owner's list of CAA identifiers and owner names. An empty list says that none may issue;
/// no list says nothing.
///
/// `is_known` tells whether a name is the identifier or the owner of any CA that is known.
pub fn judge(issuer: Issuer, expected: Option<&[String]>, is_known: &dyn Fn(&str) -> bool) -> IssuerVerdict {
    let (expectation, reason) = decide(&issuer, expected, is_known);
    let expected = expected.unwrap_or_default();
    let names_this = |wanted: &str| {
        issuer.owner.as_deref().is_some_and(|owner| same_owner(owner, wanted))
            || issuer.caa_identifiers.iter().any(|id| id.eq_ignore_ascii_case(wanted))
    };
    let unknown_expectations = expected
        .iter()
        .filter(|wanted| !names_this(wanted))
        .filter(|wanted| !is_known(wanted))
        .cloned()
        .collect();
    IssuerVerdict {
        expectation,
        unknown_expectations,
        expected: expected.to_vec(),
        reasons: vec![reason],
        issuer,
    }
}

fn decide(
    issuer: &Issuer,
    expected: Option<&[String]>,
    is_known: &dyn Fn(&str) -> bool,
) -> (Expectation, String) {
    let Some(expected) = expected else {
        return (
            Expectation::NoExpectation,
            "No CA is named as expected; give --expect-ca or a policy.".to_owned(),
        );
    };
    if expected.is_empty() {
        // Whoever issued it, none may: that needs no proof of who it was.
        let by = match (&issuer.owner, issuer.key) {
            (Some(owner), _) => format!("issued by {owner}"),
            (None, Some(key)) if key.proof != Proof::Claim => format!("issued by the key {}", key.key),
            (None, _) => "who issued it is not known".to_owned(),
        };
        return (
            Expectation::Unexpected,
            format!("No CA may issue for it, because expect_ca of the policy is an empty list; {by}."),
        );
    }
    let Some(key) = issuer.key.filter(|key| key.proof != Proof::Claim) else {
        return (Expectation::Undetermined, unproven(issuer));
    };
    if issuer.owner.is_none() && issuer.caa_identifiers.is_empty() {
        return (
            Expectation::Undetermined,
            format!("The issuing key {} is in no table, so who runs it is not known.", key.key),
        );
    }
    let owner = issuer.owner.as_deref().unwrap_or("an owner without a name");
    let matched = expected.iter().find(|wanted| {
        issuer.owner.as_deref().is_some_and(|owner| same_owner(owner, wanted))
            || issuer.caa_identifiers.iter().any(|id| id.eq_ignore_ascii_case(wanted))
    });
    // Without the owner's identifiers, an identifier that no table knows may or may not be one of them.
    let open = issuer.caa_identifiers.is_empty() && expected.iter().any(|wanted| !is_known(wanted));
    if matched.is_none() && open {
        return (
            Expectation::Undetermined,
            format!(
                "Issued by {owner}, of whom no CAA identifiers are known, so the expectation cannot be compared."
            ),
        );
    }
    match (matched, key.proof) {
        (Some(wanted), Proof::Signature) => (
            Expectation::Expected,
            format!("Issued by {owner}, expected as {wanted}; the issuer's certificate made the signature."),
        ),
        (Some(wanted), Proof::Sct | Proof::Claim) => (
            Expectation::Expected,
            format!(
                "Issued by {owner}, expected as {wanted}; a CT log signed for this issuer key (RFC 6962 section 3.2)."
            ),
        ),
        (None, _) => {
            let mistyped = if expected.iter().any(|wanted| is_known(wanted)) {
                ""
            } else {
                " No CA is known by any of these names: perhaps they are mistyped."
            };
            let expected = expected.join(", ");
            (
                Expectation::Unexpected,
                format!("Issued by {owner}, which is none of the expected: {expected}.{mistyped}"),
            )
        }
    }
}

/// Why it is not known which key issued.
fn unproven(issuer: &Issuer) -> String {
    let whom = issuer.claimed_owner.as_deref().unwrap_or("a CA that no table knows");
    let claims = issuer.key.is_some().then(|| format!("The certificate claims to be issued by {whom}"));
    match (issuer.not_made_by.as_slice(), claims) {
        ([], Some(claims)) => {
            format!("{claims}, and nothing proves it: the issuer's certificate would.")
        }
        ([], None) => "Which key issued the certificate is not known: no issuer certificate is there, and the table has \
                       none for it."
            .to_owned(),
        ([first, more @ ..], claims) => {
            let claims = claims.map(|claims| format!("{claims}, and nothing proves it. ")).unwrap_or_default();
            let keys = match more.len() {
                0 => format!("the key {first} did not make the signature"),
                more => format!("the key {first} did not make the signature, and {more} other keys of that name did not either"),
            };
            format!(
                "{claims}A certificate of a CA with the issuer's name is there, and {keys}: the name is forged, or the CA has \
                 another key of this name. The certificate of that key would tell, if there is one."
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::issuer::IssuingKey;
    use super::*;
    use crate::x509::SpkiSha256;

    fn issuer(proof: Option<Proof>, owner: Option<&str>, identifiers: &[&str]) -> Issuer {
        Issuer {
            key: proof.map(|proof| IssuingKey { key: SpkiSha256([1; 32]), proof }),
            owner: owner.map(str::to_owned),
            caa_identifiers: identifiers.iter().map(|&id| id.to_owned()).collect(),
            ..Issuer::default()
        }
    }

    fn verdict(issuer: Issuer, expected: &[&str]) -> Expectation {
        let expected: Vec<String> = expected.iter().map(|&name| name.to_owned()).collect();
        let known = |name: &str| ["ca.example", "other.example", "Example CA"].contains(&name);
        judge(issuer, Some(&expected), &known).expectation
    }

    #[test]
    fn an_owner_is_expected_by_name_or_by_any_identifier() {
        let ours = || issuer(Some(Proof::Signature), Some("Example CA"), &["ca.example", "old.example"]);
        for expected in ["CA.example", "old.example", "example ca"] {
            assert_eq!(verdict(ours(), &[expected]), Expectation::Expected, "{expected}");
        }
        assert_eq!(verdict(ours(), &["other.example"]), Expectation::Unexpected);
        assert_eq!(verdict(ours(), &["other.example", "ca.example"]), Expectation::Expected);
        assert_eq!(judge(ours(), None, &|_| true).expectation, Expectation::NoExpectation);
    }

    #[test]
    fn an_empty_list_says_that_none_may() {
        let nobody = issuer(None, None, &[]);
        let claimed = issuer(Some(Proof::Claim), None, &[]);
        for issuer in [issuer(Some(Proof::Signature), Some("Example CA"), &["ca.example"]), claimed, nobody] {
            assert_eq!(verdict(issuer.clone(), &[]), Expectation::Unexpected);
            assert!(judge(issuer, Some(&[]), &|_| true).reasons[0].contains("empty list"));
        }
    }

    #[test]
    fn what_is_not_known_is_never_unexpected() {
        assert_eq!(verdict(issuer(None, None, &[]), &["ca.example"]), Expectation::Undetermined);
        let unknown_key = issuer(Some(Proof::Signature), None, &[]);
        assert_eq!(verdict(unknown_key, &["ca.example"]), Expectation::Undetermined);
        // The owner's identifiers are not known, and the expected one may be among them.
        let no_identifiers = || issuer(Some(Proof::Signature), Some("Example CA"), &[]);
        assert_eq!(verdict(no_identifiers(), &["new.example"]), Expectation::Undetermined);
        assert_eq!(verdict(no_identifiers(), &["other.example"]), Expectation::Unexpected);
    }

    #[test]
    fn a_claim_alone_proves_neither_way() {
        let claimed = || Issuer {
            claimed_owner: Some("Example CA".to_owned()),
            ..issuer(Some(Proof::Claim), None, &[])
        };
        for expected in ["ca.example", "other.example", "Example CA"] {
            assert_eq!(verdict(claimed(), &[expected]), Expectation::Undetermined, "{expected}");
        }
        let logged = issuer(Some(Proof::Sct), Some("Example CA"), &["ca.example"]);
        assert_eq!(verdict(logged, &["ca.example"]), Expectation::Expected);
    }

    #[test]
    fn an_issuer_certificate_that_is_there_and_did_not_sign_is_told() {
        let because =
            |issuer: Issuer| judge(issuer, Some(&["ca.example".to_owned()]), &|_| true).reasons.concat();
        let none = because(issuer(None, None, &[]));
        assert!(none.contains("no issuer certificate is there"), "{none}");
        let other = SpkiSha256([2; 32]);
        for proof in [None, Some(Proof::Claim)] {
            let beside = Issuer { not_made_by: vec![other, other], ..issuer(proof, None, &[]) };
            let said = because(beside);
            assert!(
                said.contains(&format!("the key {other} did not make the signature, and 1 other")),
                "{said}"
            );
            assert!(!said.contains("no issuer certificate"), "{said}");
        }
    }

    #[test]
    fn a_mistyped_expectation_is_told() {
        let expected = ["ca.exampel".to_owned(), "ca.example".to_owned()];
        let ours = issuer(Some(Proof::Signature), Some("Example CA"), &["ca.example"]);
        let verdict = judge(ours, Some(&expected), &|name| name == "ca.example");
        assert_eq!(verdict.unknown_expectations, ["ca.exampel"]);
        let reason = |expected: &str| {
            let ours = issuer(Some(Proof::Signature), Some("Example CA"), &["ca.example"]);
            judge(ours, Some(&[expected.to_owned()]), &|name| name == "other.example").reasons.concat()
        };
        assert!(reason("ca.exampel").contains("mistyped"));
        assert!(!reason("other.example").contains("mistyped"));
    }
}
