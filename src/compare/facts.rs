//! What was measured about a host, as far as the table needs it.

use std::collections::BTreeSet;

use crate::x509::ChainPosition;

/// Something that is known, or not, and then why not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fact<T> {
    /// Nobody asked for it, or nothing was given to judge it by.
    #[default]
    NotGiven,
    /// It was asked for and could not be determined.
    Undetermined,
    /// It was measured.
    Measured(T),
}

/// Everything the table is made from. The default knows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeasuredFacts {
    /// Whether clients accept the host's certificate without any further arrangement.
    pub public_trust: Fact<PublicTrust>,
    /// Whether the host's certificate meets the CT policies.
    pub ct_policy: Fact<CtPolicy>,
    /// What the CAA records of the certificate's names say; the weakest where names differ.
    pub caa: Fact<CaaPolicy>,
    /// Whether the issuer is one the owner expects.
    pub expectation: Fact<Expectation>,
    /// Whether anyone compares the CT logs with that expectation.
    pub log_watch: Fact<LogWatch>,
    /// The pins that apply to this host, client by client. Where there are none, [`Pins::NotPinned`] stands alone;
    /// an empty list says nothing and counts as undetermined.
    pub pins: Fact<Vec<ClientPins>>,
}

/// The standard verdict on the chain: anchor, name and dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicTrust {
    /// The chain leads to a trusted root, and name and dates are right.
    Trusted,
    /// It does not, or they are not.
    NotTrusted,
}

/// The CT policies for the host's certificate. Chrome's decides: it has the most users, and its list is the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CtPolicy {
    /// Its SCTs satisfy Chrome's policy, and no other one is known to be missed.
    Met,
    /// They satisfy Chrome's, and miss another programme's.
    MetInPart,
    /// They miss Chrome's.
    NotMet,
}

/// What CAA says about issuing for the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaaPolicy {
    /// There is no record anywhere up the tree.
    NoRecords,
    /// There are records, and none of them restricts who may issue.
    Unrestricted,
    /// Only some CAs may issue, or none.
    Restrictive {
        /// The CAA identifiers of the CAs that may; empty where none may.
        permitted: Vec<String>,
        /// Whether the CA that issued the certificate in use is among them.
        current_issuer: CurrentIssuer,
    },
}

/// Whether CAA lets the present CA issue again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CurrentIssuer {
    /// It does.
    Permitted,
    /// It does not.
    Denied,
    /// The CA's identifiers are not known.
    Undetermined,
}

/// The issuer of the certificate in use against the owner's expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// The issuer is expected.
    Expected,
    /// It is not.
    Unexpected,
}

/// Whether the logs are watched for certificates of other issuers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogWatch {
    /// Certificates found in the logs are compared with the expectation.
    Watched,
    /// They are not.
    NotWatched,
}

/// The pins of one client: an app, or a tool with a list of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientPins {
    /// The file they were read from, as the user named it; empty where no client has pins.
    pub client: String,
    /// What it has.
    pub pins: Pins,
}

/// The pins that a client has for the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pins {
    /// Pin files were read, and none of them pins this host.
    NotPinned,
    /// The host is pinned.
    Pinned {
        /// What clients do when no pin matches.
        enforcement: PinEnforcement,
        /// What the pins match; [`Fact::NotGiven`] where there was no chain to match.
        matches: Fact<PinMatches>,
        /// Whether clients with these pins are locked out now; `matches` then has no position.
        locked_out: bool,
        /// Whether the clients leave the pins aside for CAs that a user or an employer added.
        overridden_for_user_anchors: bool,
    },
}

/// What a client does when no pin matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinEnforcement {
    /// It refuses the connection.
    Enforced,
    /// It reports and goes on.
    ReportOnly,
    /// It takes no notice: the pins have expired, are empty or are switched off.
    Off,
}

/// What the pins match in the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinMatches {
    /// The places at which the chain satisfies the pins; any one of them is enough for a client. Where a format
    /// demands several at once, the strictest alone.
    pub positions: BTreeSet<ChainPosition>,
    /// How many pins match no certificate of the chain: backup keys, other CAs or mistakes.
    pub unmatched: usize,
}
