//! The revocation of a target's certificates: which of them are judged, and by what.

use jiff::Timestamp;

use super::inputs::Inputs;
use super::observed::Seen;
use super::target::{NOT_ASKED, Part};
use crate::evidence::Request;
use crate::evidence::revocation::Crls;
use crate::revocation::{self, CrlQuestion, Question, RevocationVerdict, Status};
use crate::scope;
use crate::x509::Certificate;
use crate::x509::path::ChainVerdict;

/// The most CA certificates of a chain whose status is judged.
const MOST_CAS: usize = 8;

/// What is known of the revocation of a chain.
#[derive(Clone, Debug)]
pub struct ChainRevocation {
    /// Whether it was asked for, CRLs included; otherwise only the stapled OCSP response was judged.
    pub asked: bool,
    /// Whether the chain leads to an anchor of a public programme, whose rules then hold.
    pub public: bool,
    /// The certificates, the leaf first.
    pub members: Vec<MemberRevocation>,
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

    /// The status of the chain: one revoked certificate is enough, and one that is open leaves it open. A CA certificate
    /// that is served beside the path has no part in it.
    pub fn status(&self) -> &'static str {
        let counted =
            || self.members.iter().enumerate().filter(|(place, member)| *place == 0 || member.on_path);
        let any = |is: fn(&Status) -> bool| counted().any(|(_, member)| is(&member.verdict.status));
        if any(|status| matches!(status, Status::Revoked(_))) {
            "revoked"
        } else if any(|status| matches!(status, Status::Undetermined)) {
            "undetermined"
        } else {
            "good"
        }
    }
}

/// The CRLs that the certificates of a target name.
pub(super) fn questions(seen: &Seen, inputs: &Inputs) -> Vec<CrlQuestion> {
    let members = members(seen);
    let issuers = issuers(seen, inputs);
    let asked: Vec<Question<'_>> =
        members.iter().map(|certificate| Question { certificate, issuers: &issuers, staple: None }).collect();
    revocation::crl_questions(&asked)
}

/// Judges what was asked for, and a stapled response in any case.
pub(super) fn judge(
    seen: &Seen,
    (request, inputs): (&Request, &Inputs),
    crls: &Crls,
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
    let mut members = members(seen);
    if !asked {
        members.truncate(1);
    }
    let issuers = issuers(seen, inputs);
    let questions: Vec<Question<'_>> = members
        .iter()
        .enumerate()
        .map(|(place, certificate)| Question {
            certificate,
            issuers: &issuers,
            staple: seen.ocsp_response.as_deref().filter(|_| place == 0),
        })
        .collect();
    let none = Crls::new();
    let verdicts = revocation::judge(&questions, if asked { crls } else { &none }, at);
    let is_built = trust.is_some_and(ChainVerdict::is_built);
    let on_path = |verdict: &RevocationVerdict| {
        trust.is_some_and(|trust| is_built && trust.path.iter().any(|member| member.sha256 == verdict.sha256))
    };
    Part::Checked(ChainRevocation {
        asked,
        public: is_built && !inputs.has_own_anchors,
        members: verdicts
            .into_iter()
            .map(|verdict| MemberRevocation { on_path: on_path(&verdict), verdict })
            .collect(),
    })
}

/// The leaf, and the CA certificates beside it that another CA issued.
fn members(seen: &Seen) -> Vec<&Certificate> {
    let cas = seen.chain.iter().skip(1).filter(|other| other.is_ca && !other.is_self_issued());
    seen.chain.iter().take(1).chain(cas.take(MOST_CAS)).collect()
}

/// Everything that may be an issuer's certificate: what came, what was given, and the anchors that are named.
fn issuers<'a>(seen: &'a Seen, inputs: &'a Inputs) -> Vec<&'a Certificate> {
    let own: Vec<&Certificate> = seen.chain.iter().chain(&inputs.issuers).collect();
    let is_named = |anchor: &&Certificate| own.iter().any(|member| member.issuer == anchor.subject);
    let anchors: Vec<&Certificate> = inputs.anchors.certificates().iter().filter(is_named).collect();
    own.into_iter().chain(anchors).collect()
}
