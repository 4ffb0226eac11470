//! The log lists that were given or kept, read into the table of logs.

use crate::ct::log_list::{
    EntryProblem, ListKey, ListReading, ListSignature, LogList, LogListError, Program, read_kept,
};
use crate::ct::log_table::LogTable;
use crate::evidence::Inputs as InputFiles;
use crate::evidence::file::InputFile;

use super::inputs::{InputError, octets};

/// The table of logs, and what became of each list that was to go into it.
#[derive(Debug)]
pub struct Lists {
    /// The logs.
    pub table: LogTable,
    /// The lists that were given or kept.
    pub uses: Vec<ListUse>,
}

/// A list, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListUse {
    /// The file it stands in.
    pub file: String,
    /// Whether it was given or kept.
    pub origin: ListOrigin,
    /// What became of it.
    pub outcome: ListOutcome,
}

/// How a list came to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListOrigin {
    /// The user named it.
    Given,
    /// `pinstead logs update` kept it.
    Kept,
}

/// What became of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListOutcome {
    /// It is judged by.
    Used {
        /// Whose list it is.
        program: Program,
        /// What vouches for it.
        trust: ListTrust,
        /// Its entries that could not be read.
        problems: Vec<EntryProblem>,
    },
    /// It is not newer than the table compiled in, which is used instead.
    NotNewer,
    /// It is damaged, and the table compiled in is used instead.
    Refused(String),
}

/// What vouches for a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListTrust {
    /// Its publisher's signature.
    Signed,
    /// Nothing, though its publisher signs lists.
    Unsigned,
    /// Nothing, as its publisher signs none, or with no key that is known beforehand.
    NeverSigned,
    /// The user, who gave it together with roots of his own.
    Own,
}

impl Lists {
    /// Reads the lists among the input files. Lists that were given stand instead of all others.
    pub fn read(files: &InputFiles) -> Result<Self, InputError> {
        let key = key(files)?;
        match &files.log_list {
            Some(_) => given(files, key.as_ref()),
            None => Ok(kept(files, key.as_ref())),
        }
    }
}

fn key(files: &InputFiles) -> Result<Option<ListKey>, InputError> {
    let Some(file) = &files.log_list_key else { return Ok(None) };
    let key = ListKey::read(octets(file)?);
    key.map(Some).map_err(|error| InputError::ListKey { path: file.path.clone(), error })
}

fn given(files: &InputFiles, key: Option<&ListKey>) -> Result<Lists, InputError> {
    let first = files.log_list.iter().map(|file| (file, files.log_list_program.as_deref()));
    let further = files.further_log_lists.iter().map(|list| (&list.file, list.program.as_deref()));
    let signatures: Vec<&InputFile> =
        files.log_list_signature.iter().chain(&files.further_log_list_signatures).collect();
    let mut belongs = vec![false; signatures.len()];
    let mut lists: Vec<LogList> = Vec::new();
    let mut uses = Vec::new();
    for (file, program) in first.chain(further) {
        let program = program.map(|name| named(name, file)).transpose()?;
        let list = with_signature(file, program, &signatures, &mut belongs, key)?;
        // As `logs update` has it: judged by the list of another, a verdict would be nobody's.
        if let Some(form) = list.form.filter(|form| *form != list.program) {
            return Err(InputError::OtherForm { path: file.path.clone(), form, named: list.program });
        }
        if list.logs.is_empty() {
            return Err(InputError::NoLogs { path: file.path.clone(), unreadable: list.problems.len() });
        }
        if lists.iter().any(|other| other.program == list.program) {
            return Err(InputError::TwoLists { path: file.path.clone(), program: list.program });
        }
        uses.push(ListUse {
            file: file.path.clone(),
            origin: ListOrigin::Given,
            outcome: used_as(&list, files.roots.is_some()),
        });
        lists.push(list);
    }
    // A signature that belongs to no list is a list that was altered, or the wrong file.
    if let Some((file, _)) = signatures.iter().zip(&belongs).find(|(_, belongs)| !**belongs) {
        return Err(InputError::LogList { path: file.path.clone(), error: LogListError::InvalidSignature });
    }
    let lists: Vec<&LogList> = lists.iter().collect();
    Ok(Lists { table: LogTable::from_lists(&lists), uses })
}

/// Reads a list with the signature that belongs to it, if one of them does.
fn with_signature(
    file: &InputFile,
    program: Option<Program>,
    signatures: &[&InputFile],
    belongs: &mut [bool],
    key: Option<&ListKey>,
) -> Result<LogList, InputError> {
    let list = octets(file)?;
    let refused = |error| InputError::LogList { path: file.path.clone(), error };
    for (signature, belongs) in signatures.iter().zip(belongs) {
        let how = ListReading { signature: Some(octets(signature)?), key, program, also_v2: false };
        match LogList::read(list, &how) {
            Err(LogListError::InvalidSignature) => {}
            read => {
                *belongs = true;
                return read.map_err(refused);
            }
        }
    }
    let how = ListReading { signature: None, key, program, also_v2: false };
    LogList::read(list, &how).map_err(refused)
}

fn named(name: &str, file: &InputFile) -> Result<Program, InputError> {
    let unknown = || InputError::Program { path: file.path.clone(), name: name.to_owned() };
    Program::from_name(name).ok_or_else(unknown)
}

/// The embedded table, with the kept lists on top that are newer. A kept list that cannot be used is said to be
/// so, and changes nothing.
fn kept(files: &InputFiles, key: Option<&ListKey>) -> Lists {
    let built_in = LogTable::embedded();
    let mut lists: Vec<LogList> = Vec::new();
    let mut uses = Vec::new();
    for file in &files.log_list_caches {
        let read = octets(file)
            .map_err(|error| error.to_string())
            .and_then(|octets| read_kept(octets, key).map_err(|error| error.to_string()));
        let outcome = match read {
            Err(why) => ListOutcome::Refused(why),
            Ok((_, list)) => {
                let edition = crate::ct::log_list::Edition::of(&list);
                let is_newer = built_in
                    .snapshot(list.program)
                    .is_none_or(|snapshot| edition.is_newer_than(&snapshot.edition()));
                let is_first = lists.iter().all(|other| other.program != list.program);
                if is_newer && is_first {
                    let outcome = used_as(&list, files.roots.is_some());
                    lists.push(list);
                    outcome
                } else {
                    ListOutcome::NotNewer
                }
            }
        };
        uses.push(ListUse { file: file.path.clone(), origin: ListOrigin::Kept, outcome });
    }
    let lists: Vec<&LogList> = lists.iter().collect();
    Lists { table: LogTable::embedded_with(&lists), uses }
}

fn used_as(list: &LogList, with_own_roots: bool) -> ListOutcome {
    let trust = match list.signature {
        ListSignature::Verified => ListTrust::Signed,
        ListSignature::Unsigned if with_own_roots => ListTrust::Own,
        ListSignature::Unsigned if list.program.has_known_key() => ListTrust::Unsigned,
        ListSignature::Unsigned => ListTrust::NeverSigned,
    };
    ListOutcome::Used { program: list.program, trust, problems: list.problems.clone() }
}

#[cfg(test)]
mod tests;
