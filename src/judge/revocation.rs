//! The revocation of a target's certificates: which of them are judged, and by what.

use jiff::Timestamp;

use super::inputs::Inputs;
use super::observed::Seen;
use super::target::{NOT_ASKED, Part};
use crate::evidence::Request;
use crate::evidence::revocation::{Crls, Reach, within};
use crate::revocation::{self, CrlQuestion, Question, RevocationVerdict, Status};
use crate::scope;
use crate::x509::path::{self, ChainPosition, ChainVerdict};
use crate::x509::{Certificate, CertificateSha256};

/// The most CA certificates of a chain whose status is judged.
const MOST_CAS: usize = 8;

/// What is known of the revocation of a chain.
#[derive(Clone, Debug)]
pub struct ChainRevocation {
    /// Whether it was asked for, CRLs included; otherwise only the stapled OCSP response was judged.
    pub asked: bool,
    /// Whether the chain leads to an anchor of a public programme, whose rules then hold.
    pub public: bool,
    /// Whether a path to an anchor was built. Without one any CA certificate that is there may stand between.
    pub path_built: bool,
    /// The certificates, the leaf first.
    pub members: Vec<MemberRevocation>,
    /// The subjects of CA certificates that count and were not looked at: there are more than are judged.
    pub left_out: Vec<String>,
}

/// One certificate of a chain.
#[derive(Clone, Debug)]
pub struct MemberRevocation {
    /// Its status.
    pub verdict: RevocationVerdict,
    /// Whether the path that was built goes through it.
    pub on_path: bool,
}

impl ChainRevocation {
    /// The leaf's status.
    pub fn leaf(&self) -> Option<&RevocationVerdict> {
        self.members.first().map(|member| &member.verdict)
    }

    /// The CA certificates.
    pub fn cas(&self) -> impl Iterator<Item = &MemberRevocation> {
        self.members.iter().skip(1)
    }

    /// The status of the chain: one revoked certificate is enough, and one that is open, or was not looked at, leaves it
    /// open. A CA certificate that is served beside the path has no part in it; without a path every one counts.
    pub fn status(&self) -> &'static str {
        let counted = || {
            let members = self.members.iter().enumerate();
            members.filter(|(place, member)| *place == 0 || member.on_path || !self.path_built)
        };
        let any = |is: fn(&Status) -> bool| counted().any(|(_, member)| is(&member.verdict.status));
        if any(|status| matches!(status, Status::Revoked(_))) {
            "revoked"
        } else if any(|status| matches!(status, Status::Undetermined)) || !self.left_out.is_empty() {
            "undetermined"
        } else {
            "good"
        }
    }
}

/// The CRLs that the certificates of a target name: those of certificates on a path to the user's own anchor at any
/// address, the others as far as the target itself leads.
pub(super) fn questions(
    seen: &Seen,
    inputs: &Inputs,
    trust: Option<&ChainVerdict>,
    reach: Reach,
) -> Vec<(CrlQuestion, Reach)> {
    let members = Members::of(seen, inputs, trust);
    let issuers = issuers(seen, inputs);
    let all = members.questions(seen, &issuers, false);
    let of = |own: bool, reach: Reach| {
        let asked: Vec<Question<'_>> =
            all.iter().filter(|asked| is_own(asked.certificate, inputs, trust) == own).copied().collect();
        revocation::crl_questions(&asked).into_iter().map(move |question| (question, reach))
    };
    // The strangers' come last: they must not use up what the path needs.
    of(true, Reach::Anywhere).chain(of(false, reach)).collect()
}

/// Whether a certificate stands on a path to an anchor that the user gave: then the user trusts who wrote its URLs.
/// What is served beside the path is anyone's.
fn is_own(certificate: &Certificate, inputs: &Inputs, trust: Option<&ChainVerdict>) -> bool {
    let path = trust.filter(|trust| trust.is_built() && inputs.has_own_anchors);
    path.is_some_and(|trust| trust.path.iter().any(|member| member.sha256 == certificate.sha256))
}

/// Judges what was asked for, and a stapled response in any case.
pub(super) fn judge(
    seen: &Seen,
    (request, inputs): (&Request, &Inputs),
    (crls, reach): (&Crls, Reach),
    trust: Option<&ChainVerdict>,
    at: Timestamp,
) -> Part<ChainRevocation> {
    let asked = request.revocation;
    if !inputs.scope.includes(scope::Part::Issuer) || (!asked && seen.ocsp_response.is_none()) {
        return Part::NotChecked(NOT_ASKED);
    }
    if seen.chain.is_empty() {
        let why = "no certificate was obtained".to_owned();
        return if asked { Part::Undetermined(why) } else { Part::NotChecked(NOT_ASKED) };
    }
    let mut members = Members::of(seen, inputs, trust);
    if !asked {
        // Without being asked, only what came with the leaf is judged, and nothing is said of the rest.
        members.certificates.truncate(1);
        members.left_out.clear();
    }
    let path_built = trust.is_some_and(ChainVerdict::is_built);
    let public = path_built && !inputs.has_own_anchors;
    let issuers = issuers(seen, inputs);
    let questions = members.questions(seen, &issuers, public);
    let of = |own: bool| {
        let reach = if own { Reach::Anywhere } else { reach };
        let crls = if asked { within(crls, reach) } else { Crls::new() };
        let is_of = |question: &&Question<'_>| is_own(question.certificate, inputs, trust) == own;
        let asked: Vec<Question<'_>> = questions.iter().filter(is_of).copied().collect();
        revocation::judge(&asked, &crls, at)
    };
    let mut verdicts = [of(false), of(true)].concat();
    let place = |verdict: &RevocationVerdict| {
        questions.iter().position(|question| question.certificate.sha256 == verdict.sha256)
    };
    verdicts.sort_by_key(place);
    let on_path = |verdict: &RevocationVerdict| {
        path_built
            && trust.is_some_and(|trust| trust.path.iter().any(|member| member.sha256 == verdict.sha256))
    };
    Part::Checked(ChainRevocation {
        asked,
        public,
        path_built,
        left_out: members.left_out,
        members: verdicts
            .into_iter()
            .map(|verdict| MemberRevocation { on_path: on_path(&verdict), verdict })
            .collect(),
    })
}

/// The certificates whose status is judged, the leaf first.
struct Members<'a> {
    certificates: Vec<&'a Certificate>,
    /// The subjects of those that count and are more than are judged.
    left_out: Vec<String>,
}

impl<'a> Members<'a> {
    /// The leaf; every CA certificate on its path but the anchor, whether it was served or given; and those that were
    /// served besides and that another CA issued.
    fn of(seen: &'a Seen, inputs: &'a Inputs, trust: Option<&ChainVerdict>) -> Self {
        let is_built = trust.is_some_and(ChainVerdict::is_built);
        let at_hand = || seen.chain.iter().chain(&inputs.issuers);
        let between: Vec<CertificateSha256> = match trust {
            Some(trust) if is_built => {
                let cas = trust.path.iter().filter(|member| member.position == ChainPosition::Intermediate);
                cas.map(|member| member.sha256).collect()
            }
            // Without a path, what issued the leaf, and what issued that.
            _ => {
                let at_hand: Vec<Certificate> = at_hand().cloned().collect();
                let linked = path::linked(&at_hand).into_iter();
                let cas = linked.filter(|member| member.position == ChainPosition::Intermediate);
                cas.map(|member| member.sha256).collect()
            }
        };
        let on_path =
            between.iter().filter_map(|hash| at_hand().find(|certificate| certificate.sha256 == *hash));
        let served = seen.chain.iter().skip(1).filter(|other| other.is_ca && !other.is_self_issued());
        let mut members = Self { certificates: seen.chain.iter().take(1).collect(), left_out: Vec::new() };
        for (counts, certificate) in on_path.map(|it| (true, it)).chain(served.map(|it| (!is_built, it))) {
            if members.certificates.iter().any(|known| known.sha256 == certificate.sha256) {
                continue;
            }
            if members.certificates.len() <= MOST_CAS {
                members.certificates.push(certificate);
            } else if counts {
                members.left_out.push(certificate.subject.clone());
            }
        }
        members
    }

    /// What is asked about them; the stapled response is about the leaf.
    fn questions(&self, seen: &'a Seen, issuers: &'a [&'a Certificate], public: bool) -> Vec<Question<'a>> {
        let all = self.certificates.iter().enumerate();
        all.map(|(place, certificate)| Question {
            staple: seen.ocsp_response.as_deref().filter(|_| place == 0),
            public,
            ..Question::about(certificate, issuers)
        })
        .collect()
    }
}

/// Everything that may be an issuer's certificate: what came, what was given, and the anchors that are named.
fn issuers<'a>(seen: &'a Seen, inputs: &'a Inputs) -> Vec<&'a Certificate> {
    let own: Vec<&Certificate> = seen.chain.iter().chain(&inputs.issuers).collect();
    let is_named = |anchor: &&Certificate| own.iter().any(|member| member.issuer == anchor.subject);
    let anchors: Vec<&Certificate> = inputs.anchors.certificates().iter().filter(is_named).collect();
    own.into_iter().chain(anchors).collect()
}
