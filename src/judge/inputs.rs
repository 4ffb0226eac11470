//! The files given beside the targets, read into what the judges need.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jiff::SignedDuration;

use super::issuance;
use super::lists::{ListUse, Lists};
use super::stated_pins::StatedWithoutPins;
use crate::ca::{CaTable, issuer, same_owner};
use crate::compare::Circumstances;
use crate::compare::advice::{StepId, UnknownStep};
use crate::ct::log_list::{ListKeyError, LogListError, Program};
use crate::ct::log_table::LogTable;
use crate::evidence::file::InputFile;
use crate::evidence::pin_folders::PinFolder;
use crate::evidence::{Bytes, Inputs as InputFiles, Request};
use crate::issuance::issuers::Issuers;
use crate::issuance::reported::SourceReading;
use crate::pins::formats::candidates;
use crate::pins::unseen::unseen;
use crate::pins::{KnownCa, OpenPart, PinFile};
use crate::policy::{Policy, PolicyError, StatedClient};
use crate::scope::{Scope, UnknownPart};
use crate::x509::path::Anchors;
use crate::x509::{Certificate, CertificateFileError, SpkiSha256, read_certificates};

/// Everything that is the same for every target.
#[derive(Debug)]
pub struct Inputs {
    /// What the owner expects.
    pub policy: Policy,
    /// The parts that were asked for.
    pub scope: Scope,
    /// The trust anchors.
    pub anchors: Anchors,
    /// Further issuer certificates.
    pub issuers: Vec<Certificate>,
    /// Those and the trust anchors, to find who may have issued: put together once, when it is needed.
    pool: OnceLock<Arc<Issuers>>,
    /// The CT logs.
    pub logs: LogTable,
    /// The public CAs.
    pub cas: CaTable,
    /// The pin files, read.
    pub pins: Vec<PinFile>,
    /// The folder, of those that were given, of each pin file that was found in one.
    folders: BTreeMap<String, String>,
    /// What was named as sources of pins, where nothing in it has to do with pins.
    pub without_pins: Vec<String>,
    /// How many files of that were opened; 0 where it is not known.
    pub opened_without_pins: usize,
    /// The files that were given as sources of pins, and are text that has none.
    pub text_without_pins: Vec<String>,
    /// The folders that were named as sources of pins.
    pub pin_folders: Vec<PinFolder>,
    /// Whether folders were named of which nothing more was noted, as earlier versions did not.
    pub has_unnoted_folders: bool,
    /// What was given, may pin, and was not read as pins; not what is stated to have none.
    pub unseen: Vec<OpenPart>,
    /// What else the owner states to have no pins.
    pub stated: StatedWithoutPins,
    /// Whether the anchors were given by the user.
    pub has_own_anchors: bool,
    /// Whether the log list was given by the user.
    pub has_own_logs: bool,
    /// What the files of certificates tell, that say what was issued.
    pub certificates: Option<SourceReading>,
    /// What the owner states of the clients: on the command line, else in the policy.
    pub circumstances: Circumstances,
    /// The steps of the plan that have to be done.
    pub required: Vec<StepId>,
    /// What became of each log list that was given or kept.
    pub log_lists: Arc<[ListUse]>,
}

/// Why an input file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// It could not be read.
    #[error("{path}: {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// It holds no certificates.
    #[error("{path}: {error}")]
    Certificates {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: CertificateFileError,
    },
    /// It is no log list.
    #[error("{path}: {error}")]
    LogList {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: LogListError,
    },
    /// It is a log list without a single log that can be used.
    #[error("{path}: the log list has no log that can be used; {unreadable} of its entries cannot be read")]
    NoLogs {
        /// The file.
        path: String,
        /// How many entries cannot be read.
        unreadable: usize,
    },
    /// It is no key that signs log lists.
    #[error("{path}: {error}")]
    ListKey {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: ListKeyError,
    },
    /// A programme that there is not.
    #[error("{path}: “{name}” is no programme; use chrome, apple, mozilla or android")]
    Program {
        /// The file of the list.
        path: String,
        /// What was named.
        name: String,
    },
    /// A list that was named another programme's than its form says.
    #[error("{path}: it has the form of the list of {}, not of {}", .form.title(), .named.title())]
    OtherForm {
        /// The file.
        path: String,
        /// Whose form it has.
        form: Program,
        /// Whose list it was said to be.
        named: Program,
    },
    /// A second list of the same programme.
    #[error("{path}: a log list of {} was given already", .program.title())]
    TwoLists {
        /// The file.
        path: String,
        /// Whose list it is.
        program: Program,
    },
    /// The evidence asks for a part that there is not.
    #[error(transparent)]
    Scope(#[from] UnknownPart),
    /// The evidence names a kind of client that there is not.
    #[error("the evidence was saved for {0}")]
    Client(String),
    /// The evidence names a step that there is not.
    #[error("the evidence was saved for a step: {0}")]
    Step(#[from] UnknownStep),
    /// It is no policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Inputs {
    /// Reads the input files. A pin file that cannot be read is a finding, not an error.
    pub fn read(request: &Request, files: &InputFiles) -> Result<Self, InputError> {
        let policy = match &files.policy {
            Some(file) => Policy::parse(&file.path, octets(file)?)?,
            None => Policy::default(),
        };
        let anchors = match &files.roots {
            Some(file) => Anchors::given(certificates(file)?, &file.path),
            None => Anchors::embedded(),
        };
        let mut issuers = Vec::new();
        for file in &files.issuers {
            issuers.extend(certificates(file)?);
        }
        let lists = Lists::read(files)?;
        let circumstances = policy.compare.beside(&stated(request)?);
        let stated = StatedWithoutPins::of(&policy, files);
        let unseen = unseen(&files.pins, &files.pin_folders);
        Ok(Self {
            pin_folders: files.pin_folders.clone(),
            has_unnoted_folders: files.pin_folders.is_empty()
                && (files.opened_without_pins > 0 || files.pins.iter().any(|file| file.folder.is_some())),
            unseen: stated.leaves(unseen),
            stated,
            circumstances,
            required: required(request)?,
            policy,
            scope: Scope::from_names(&request.only)?,
            anchors,
            issuers,
            pool: OnceLock::new(),
            logs: lists.table,
            cas: CaTable,
            pins: PinFile::of_all(&files.pins),
            folders: files
                .pins
                .iter()
                .filter_map(|file| Some((file.path.clone(), file.folder.clone()?)))
                .collect(),
            without_pins: files.without_pins.clone(),
            opened_without_pins: files.opened_without_pins,
            text_without_pins: files
                .pins
                .iter()
                .filter(|file| candidates::is_text_without_pins(file))
                .map(|file| file.path.clone())
                .collect(),
            has_own_anchors: files.roots.is_some(),
            has_own_logs: files.log_list.is_some(),
            certificates: files.certificates.as_ref().map(issuance::read),
            log_lists: lists.uses.into(),
        })
    }

    /// The further issuer certificates and the trust anchors, by name.
    pub(super) fn pool(&self) -> Arc<Issuers> {
        Arc::clone(self.pool.get_or_init(|| {
            let mut pool = Issuers::default();
            let given = self.issuers.iter().chain(self.anchors.certificates());
            given.cloned().for_each(|issuer| pool.add(issuer));
            Arc::new(pool)
        }))
    }

    /// Those and further ones, DER; what of them cannot be read is left out.
    pub fn pool_with<'d>(&self, further: impl IntoIterator<Item = &'d Bytes>) -> Arc<Issuers> {
        let mut pool = Issuers::over(self.pool());
        further.into_iter().for_each(|der| pool.add_der(der));
        Arc::new(pool)
    }

    /// Who a CA key belongs to: a private CA of the policy first, then the public table.
    pub fn owner_of(&self, key: &SpkiSha256) -> Option<issuer::KeyOwner> {
        let private = self.policy.private_ca.iter().find(|ca| ca.spki_sha256.0 == *key);
        match private {
            Some(ca) => Some(issuer::KeyOwner {
                owner: Some(ca.owner.clone()),
                caa_identifiers: ca.caa_identifiers.clone(),
            }),
            None => self.cas.key(key).map(issuer::KeyOwner::from),
        }
    }

    /// Whether any CA is known by this CAA identifier or this owner's name.
    pub fn is_known_ca(&self, name: &str) -> bool {
        let private = self.policy.private_ca.iter().any(|ca| {
            same_owner(&ca.owner, name) || ca.caa_identifiers.iter().any(|id| id.eq_ignore_ascii_case(name))
        });
        private || self.cas.is_known_identifier(name) || self.cas.is_known_owner(name)
    }

    /// The folder, of those that were given, in which a pin file was found; of what lies in a package, that of the package.
    pub(super) fn folder_of(&self, file: &str) -> Option<String> {
        let file = file.split_once("!/").map_or(file, |(package, _)| package);
        self.folders.get(file).cloned()
    }

    /// The CA of a key, if it is known.
    pub fn known_ca(&self, key: &SpkiSha256) -> Option<KnownCa> {
        self.cas.key(key).map(KnownCa::from)
    }

    /// The CAs expected for a target: those of the command line, else those of the policy. `None`: nobody said any; an
    /// empty list says that none may issue.
    pub fn expected<'a>(
        &'a self,
        request: &'a Request,
        host: Option<&crate::dns_name::DnsName>,
    ) -> Option<&'a [String]> {
        if request.expect_ca.is_empty() { self.policy.expected_for(host) } else { Some(&request.expect_ca) }
    }
}

/// What the command line stated.
fn stated(request: &Request) -> Result<Circumstances, InputError> {
    let Some(given) = &request.compare else { return Ok(Circumstances::default()) };
    let clients = given.clients.iter().map(|client| client.parse().map(|StatedClient(class)| class));
    Ok(Circumstances {
        clients_without_pins: Vec::new(),
        clients: clients.collect::<Result<_, _>>().map_err(InputError::Client)?,
        release_lead: given.release_lead.map(SignedDuration::from_secs),
        controls_both_ends: given.controls_both_ends,
        pins_updatable: given.pins_updatable,
        update_disruptive: given.update_disruptive,
        key_predictable: given.key_predictable,
        native_app: given.native_app,
    })
}

/// The steps that were required.
fn required(request: &Request) -> Result<Vec<StepId>, InputError> {
    let named = request.compare.iter().flat_map(|given| &given.require);
    named.map(|step| step.parse().map_err(InputError::Step)).collect()
}

pub(super) fn octets(file: &InputFile) -> Result<&[u8], InputError> {
    file.octets().map_err(|why| InputError::Unreadable { path: file.path.clone(), why: why.to_owned() })
}

fn certificates(file: &InputFile) -> Result<Vec<Certificate>, InputError> {
    read_certificates(octets(file)?)
        .map_err(|error| InputError::Certificates { path: file.path.clone(), error })
}
