//! What was measured about a host, as far as the table needs it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::covering::CoveringName;
use super::{ClientClass, Within};
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

impl<T> Fact<T> {
    /// What was measured, if anything was.
    pub fn measured(&self) -> Option<&T> {
        match self {
            Self::Measured(value) => Some(value),
            Self::NotGiven | Self::Undetermined => None,
        }
    }
}

/// The files that were given as sources of pins, as the question has it whether any pins are left in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinFilesRead {
    /// How many of them there are, or were opened where none of them has to do with pins; 0 where none was given.
    pub files: usize,
    /// What was not read as pins and may be some, a clause each.
    pub unseen: Vec<String>,
    /// What of that leaves open what the clients of the pins that were found do: what pins of the same app do not answer.
    pub beside: Vec<String>,
    /// What else leaves it open, a clause each.
    pub open: Vec<String>,
    /// What was passed over all the same, and why, a clause each.
    pub passed_over: Vec<String>,
    /// The packages in which no pins are in force that were found, and of which nobody states that they have none.
    pub packages: Vec<UnreadPackage>,
}

/// A package of an app whose compiled code, which is not read, may have pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadPackage {
    /// The file.
    pub file: String,
    /// The kind of client, where it tells.
    pub class: Option<ClientClass>,
}

/// Everything the table is made from. The default knows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeasuredFacts {
    /// The service that was asked.
    pub service: Service,
    /// Whether clients accept the host's certificate without any further arrangement.
    pub public_trust: Fact<PublicTrust>,
    /// Whether the host's certificate meets the CT policies.
    pub ct_policy: Fact<CtPolicy>,
    /// The same, programme by programme.
    pub ct_programmes: CtProgrammes,
    /// What the CAA records of the certificate's names say, of the host, and of the wildcards that cover them; the weakest
    /// where they differ.
    pub caa: Fact<CaaPolicy>,
    /// Whether they bind more than the CA, and whether DNSSEC secures them; the weakest where names differ.
    pub caa_binding: Fact<CaaBinding>,
    /// The CAs that CAA permits beside those that the owner expects, by their identifiers; not given where nothing is
    /// expected, or CAA restricts nobody.
    pub caa_beside: Fact<Vec<String>>,
    /// The names that serve for the host, or for another of the certificate's names, as well as those do, and for which CAA
    /// permits more, or it is not known what.
    pub caa_covering: Vec<CoveringName>,
    /// Whether the issuer is one the owner expects.
    pub expectation: Fact<Expectation>,
    /// Whether anyone compares the CT logs with that expectation.
    pub log_watch: Fact<LogWatch>,
    /// The pins that apply to this host, client by client, TLSA records apart, and beside them the apps without any. Where
    /// there are none, [`Pins::NotPinned`] stands alone; an empty list says nothing and counts as undetermined.
    pub pins: Fact<Vec<ClientPins>>,
    /// What of the files that were given leaves open whether any pins are left.
    pub pin_files: PinFilesRead,
    /// The pins that clients fetch or learn at run time; an empty list: none of the files given has any for this host.
    pub dynamic_pins: Fact<Vec<DynamicPins>>,
    /// The clients beside those that have none of these pins ([`Pins::NotPinned`]), or of which it is not known whether they have.
    pub beside_dynamic: Vec<ClientPins>,
    /// The header `Public-Key-Pins`, where headers were given.
    pub hpkp: Fact<Hpkp>,
    /// The TLSA records of the service.
    pub dane: Fact<Dane>,
    /// How clients can learn that the certificate is revoked.
    pub revocation: Fact<RevocationPaths>,
    /// What pin files and packages say of apps beside their pins.
    pub apps: Vec<AppFacts>,
    /// What is wrong with the pins by their files, whatever they were compared with.
    pub pin_faults: Vec<PinFault>,
    /// Which roots of the CAs in use the pins in force name, client by client; not given where no history was replayed.
    pub root_pins: Fact<Vec<RootPins>>,
}

/// Something grave that a rule finds in pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinFault {
    /// The rule's id.
    pub rule: &'static str,
    /// What is wrong, in a line.
    pub title: String,
    /// What was found, and where.
    pub found: String,
    /// What to do.
    pub advice: String,
    /// What the rule rests on.
    pub source: &'static str,
}

/// How far a client's pins name the roots of the CAs that issue for the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootPins {
    /// The file they were read from.
    pub client: String,
    /// Whether a root's key alone satisfies them; else a key of the server or of an intermediate has to match as well.
    pub are_enough: bool,
    /// The roots of the CAs in use that they do not name, for people.
    pub missing: Vec<String>,
    /// How many roots those CAs have.
    pub of: usize,
}

/// The service that was asked: it says which clients there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Service {
    /// None, or a file: which clients there are is not known.
    #[default]
    Unknown,
    /// HTTP over TLS, as far as the port and the lack of STARTTLS tell.
    Https {
        /// The port.
        port: u16,
    },
    /// Mail transfer: STARTTLS by SMTP on port 25, to which other mail servers deliver.
    MailTransfer {
        /// The port.
        port: u16,
    },
    /// Another service with STARTTLS, or another port by which mail programs and the like come.
    Other {
        /// The port.
        port: u16,
    },
}

/// Whether the certificate meets each programme's CT policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CtProgrammes {
    /// Chrome's.
    pub chrome: Fact<bool>,
    /// Apple's.
    pub apple: Fact<bool>,
    /// Mozilla's.
    pub mozilla: Fact<bool>,
    /// Android's, for the apps that ask for it.
    pub android: Fact<bool>,
}

/// What CAA binds beside the CA (RFC 8657), and what secures it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaaBinding {
    /// How many of the properties that permit a CA bind its account (`accounturi`).
    pub accounts: Share,
    /// How many bind the validation method (`validationmethods`).
    pub methods: Share,
    /// What DNSSEC says of the look-ups.
    pub dnssec: Dnssec,
    /// Whether every CA that is permitted must process RFC 8657 at the time of judging; before, and of private CAs, nothing
    /// here tells whether one does.
    pub must_process: bool,
}

/// How many of some things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Share {
    /// None of them, or there are none.
    None,
    /// Some, and not all.
    Some,
    /// All of them.
    All,
}

/// What DNSSEC says of several answers: the worst of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dnssec {
    /// Each is validated up to a trust anchor.
    Secure,
    /// One was not validated, or validation could not be finished.
    Unknown,
    /// One is proven to be unsigned.
    Insecure,
    /// One should validate, and does not.
    Bogus,
}

/// The pins of a client that come at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamicPins {
    /// The file that says so.
    pub client: String,
    /// The kind of client, where the file tells.
    pub class: Option<ClientClass>,
    /// Whether a mismatch refuses the connection; `None` where it is not known.
    pub is_enforced: Option<bool>,
    /// How the first contact is authenticated.
    pub first_contact: FirstContact,
}

/// How pins that come at run time are authenticated at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FirstContact {
    /// By a signature whose key the client ships, or by a connection that is itself pinned.
    Authenticated,
    /// By nothing but an ordinary certificate, or by nothing: whoever is met first is believed.
    NotAuthenticated,
    /// The file does not say.
    Unknown,
}

/// The header `Public-Key-Pins`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hpkp {
    /// Headers were given, and it is not among them.
    NotSent,
    /// It is sent.
    Sent,
}

/// The TLSA records of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dane {
    /// There are none.
    NoRecords,
    /// There are some that clients must not use, and why (RFC 6698 section 4.1).
    NotUsable(String),
    /// There are some that clients use.
    Usable {
        /// The usages of all of them: any of them may let a chain in.
        usages: BTreeSet<u8>,
        /// The usages of those that the chain satisfies, none where it satisfies none; `None` where that is not known.
        satisfied: Option<BTreeSet<u8>>,
        /// The usages of those of them that name a key (selector 1), and not a whole certificate, which every renewal ends.
        by_key: BTreeSet<u8>,
    },
}

/// How clients can learn that the host's certificate is revoked.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that the certificate states")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevocationPaths {
    /// Whether the certificate names CRLs.
    pub names_crl: bool,
    /// Whether it names an OCSP responder.
    pub names_ocsp: bool,
    /// Whether a response that counts was stapled; `None` where no handshake was seen.
    pub is_stapled: Option<bool>,
    /// Whether the certificate demands a stapled response (`must-staple`, RFC 7633).
    pub must_staple: bool,
    /// Whether it is a Short-lived Subscriber Certificate, which nobody needs to revoke.
    pub short_lived: bool,
    /// When its life begins.
    pub not_before: Option<Timestamp>,
    /// When it expires.
    pub not_after: Option<Timestamp>,
    /// What its revocation status is, where it was looked at.
    pub status: Fact<RevocationStatus>,
}

/// Whether a certificate is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationStatus {
    /// It is not.
    Good,
    /// It is.
    Revoked,
}

/// What a pin file or a package says of an app, whether it pins or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppFacts {
    /// The file.
    pub file: String,
    /// The kind of client.
    pub class: ClientClass,
    /// Whether the app asks for Certificate Transparency for this host, by its configuration or its level; not given where
    /// the configuration leaves that to the level, and nothing tells it.
    pub certificate_transparency: Fact<bool>,
    /// Whether the app trusts CAs that a user added to the device, by its configuration or its level; not given likewise.
    pub trusts_user_cas: Fact<bool>,
    /// Whether it trusts for this host none but the CAs that its configuration names.
    pub own_anchors_alone: bool,
    /// The lowest API level of a device that it runs on (`minSdkVersion`), where that is known.
    pub lowest_device: Option<u32>,
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
    /// The chain ends at a root that was given, and clients ask for SCTs under public roots alone.
    NotAsked,
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

/// Whether the logs are watched for certificates that the owner does not expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogWatch {
    /// Somebody follows the logs and compares what they hold with the expectation.
    Watched(Watch),
    /// A service was asked what is in the logs, once, by this check.
    LookedUp(Watch),
    /// Nobody does.
    NotWatched,
}

/// Who looks into the logs, and what that is worth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// The source, as reports call it.
    pub by: String,
    /// Why it is not known that it watches the logs now, and all that count; `None` where it is known.
    pub lacks: Option<String>,
    /// From when on it watches, where it has not searched what is older.
    pub older: Option<String>,
    /// Whether the keys of certificates are compared with a list of the owner's too, and not only who issued them.
    pub compares_keys: bool,
    /// How long it takes until a logged certificate is found.
    pub within: Option<Within>,
}

/// The pins of one client: an app, or a tool with a list of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientPins {
    /// The file they were read from, as the user named it, or that has none; empty where no client has pins.
    pub client: String,
    /// The kind of client, where the file tells.
    pub class: Option<ClientClass>,
    /// What it has.
    pub pins: Pins,
}

impl ClientPins {
    /// Whether it has pins for the host, in force or not.
    pub fn has_pins(&self) -> bool {
        matches!(self.pins, Pins::Pinned { .. })
    }

    /// Whether it may have any, and nothing is known of them.
    pub fn is_undetermined(&self) -> bool {
        self.pins == Pins::Undetermined
    }
}

/// The pins that a client has for the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pins {
    /// Pin files were read, and none of them pins this host; or the configuration of this client does not.
    NotPinned,
    /// The configuration of this client has no pins for the host, and those of other files may be its own or another's.
    Unknown,
    /// The configuration of this client has no pins for the host, and builds of the same app that may be released or not take
    /// it in the place of one that has.
    OtherBuild,
    /// What this client's file pins could not be determined: it could not be read, or not that part of it.
    Undetermined,
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

/// What the pins of one list match in the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinMatches {
    /// The places at which the chain satisfies the pins; any one of them is enough for a client.
    pub positions: BTreeSet<ChainPosition>,
    /// Those of them at which whole certificates alone are named, and no key: every new certificate ends such a match.
    pub whole: BTreeSet<ChainPosition>,
    /// How many pins match no certificate of the chain: backup keys, other CAs or mistakes.
    pub unmatched: usize,
    /// The CAs whose keys some of those are, as far as they are known: what these issue is accepted as well.
    pub cas: Vec<PinnedCa>,
    /// Further lists that the format demands: a pin of each of them has to match as well.
    pub also: Vec<Self>,
}

/// A CA whose key is pinned and is not in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedCa {
    /// Its owner, else its name.
    pub name: String,
    /// Whether the owner of the host uses it, by what is expected or in service; `None` where that is not known.
    pub is_used: Option<bool>,
    /// How many of the pins are its keys'.
    pub pins: usize,
}

impl PinMatches {
    /// Whether there are no pins that could match anything: keys are forbidden alone, and any other is accepted.
    pub fn forbid_alone(&self) -> bool {
        self.positions.is_empty() && self.unmatched == 0 && self.also.is_empty()
    }

    /// Each list that has to match.
    pub fn lists(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.also)
    }

    /// Whether the pins of this list still match after a new certificate for the same key.
    pub fn names_own_key(&self) -> bool {
        self.positions.contains(&ChainPosition::Leaf) && !self.whole.contains(&ChainPosition::Leaf)
    }
}
