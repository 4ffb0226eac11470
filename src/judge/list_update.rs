//! Whether a fetched list becomes the one that is kept.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::ct::log_list::{
    Edition, ListKey, ListReading, LogList, LogListError, Place, Program, Refusal, may_take_its_place,
};
use crate::ct::log_table::LogTable;
use crate::evidence::Bytes;
use crate::evidence::http::{HttpExchange, HttpOutcome, HttpResponse};
use crate::evidence::log_list::{KEPT_VERSION, KeptLogList, ListFetch};

/// What the verdict on a fetched list depends on besides the fetch.
#[derive(Clone, Copy, Debug)]
pub struct UpdateQuestion<'a> {
    /// Whose list is wanted.
    pub program: Program,
    /// What is kept now, if that can be used.
    pub kept: Option<&'a (KeptLogList, LogList)>,
    /// The key that signs; `None`: Google's.
    pub key: Option<&'a ListKey>,
    /// The user has said that a list without signature will do.
    pub allow_unsigned: bool,
    /// The time now.
    pub now: Timestamp,
}

/// What becomes of a fetched list.
#[derive(Debug)]
pub enum UpdateVerdict {
    /// It is to be kept from now on.
    Updated(Box<(KeptLogList, LogList)>),
    /// What is kept is the current one; it is to be kept with the time at which that was said.
    Current(Box<(KeptLogList, LogList)>),
    /// It is refused, and what is kept stays.
    Refused(UpdateRefusal),
    /// There is none, and why.
    NotFetched(String),
}

/// Why a fetched list is refused.
#[derive(Debug, thiserror::Error)]
pub enum UpdateRefusal {
    /// By itself.
    #[error(transparent)]
    List(#[from] LogListError),
    /// By what is kept, wanted or known.
    #[error(transparent)]
    Place(#[from] Refusal),
}

impl UpdateVerdict {
    /// Whether list and signature do not belong together, as happens where one was fetched before an edition came
    /// out and the other after it.
    pub fn is_mismatched(&self) -> bool {
        matches!(self, Self::Refused(UpdateRefusal::List(LogListError::InvalidSignature)))
    }
}

/// Judges what fetching gave.
pub fn judge_update(fetch: &ListFetch, question: &UpdateQuestion<'_>) -> UpdateVerdict {
    let response = match answer(&fetch.list) {
        Ok(response) => response,
        Err(why) => return UpdateVerdict::NotFetched(why),
    };
    match (response.status, question.kept) {
        (200, _) => {}
        (304, Some((kept, list))) => {
            let mut current = (kept.clone(), list.clone());
            current.0.seen_at = question.now;
            current.1.seen = Some(question.now);
            return UpdateVerdict::Current(Box::new(current));
        }
        (304, None) => {
            let why = "the server says that nothing has changed (HTTP 304), but no list is kept here";
            return UpdateVerdict::NotFetched(why.to_owned());
        }
        (status, _) => return UpdateVerdict::NotFetched(format!("the server answers with HTTP {status}")),
    }
    let signature = match fetch.signature.as_ref().map(signature).transpose() {
        Ok(signature) => signature.flatten(),
        Err(why) => return UpdateVerdict::NotFetched(format!("its signature: {why}")),
    };
    match accepted(fetch, response, signature, question) {
        Ok(list) => {
            let kept = keep(fetch, response, signature, question);
            let same = question.kept.is_some_and(|(before, _)| {
                before.list == kept.list && before.signature.is_some() == kept.signature.is_some()
            });
            if same {
                UpdateVerdict::Current(Box::new((kept, list)))
            } else {
                UpdateVerdict::Updated(Box::new((kept, list)))
            }
        }
        Err(refusal) => UpdateVerdict::Refused(refusal),
    }
}

/// The signature; `None` where the server has none.
fn signature(exchange: &HttpExchange) -> Result<Option<&[u8]>, String> {
    let response = answer(exchange)?;
    match response.status {
        200 => Ok(Some(&*response.body)),
        404 | 410 => Ok(None),
        status => Err(format!("the server answers with HTTP {status}")),
    }
}

fn answer(exchange: &HttpExchange) -> Result<&HttpResponse, String> {
    match exchange.outcome() {
        Some(HttpOutcome::Response(response)) => Ok(response),
        Some(HttpOutcome::Failed(failure)) => Err(failure.to_string()),
        None => Err("nothing was asked".to_owned()),
    }
}

/// Reads the list and weighs it against what is there.
fn accepted(
    fetch: &ListFetch,
    response: &HttpResponse,
    signature: Option<&[u8]>,
    question: &UpdateQuestion<'_>,
) -> Result<LogList, UpdateRefusal> {
    let program = Some(question.program);
    let how = ListReading { signature, key: question.key, program, also_v2: false };
    let mut list = LogList::read(&response.body, &how)?;
    list.seen = Some(question.now);
    let built_in = LogTable::embedded();
    let built_in: Option<Edition> = built_in.snapshot(question.program).map(|snapshot| snapshot.edition());
    may_take_its_place(
        &list,
        &Place {
            program: question.program,
            kept: question.kept.map(|(_, list)| list),
            built_in: built_in.as_ref(),
            now: question.now,
            allow_unsigned: question.allow_unsigned,
            is_authentic_way: fetch
                .list
                .url
                .get(..8)
                .is_some_and(|start| start.eq_ignore_ascii_case("https://")),
        },
    )?;
    Ok(list)
}

fn keep(
    fetch: &ListFetch,
    response: &HttpResponse,
    signature: Option<&[u8]>,
    question: &UpdateQuestion<'_>,
) -> KeptLogList {
    KeptLogList {
        pinstead_log_list: KEPT_VERSION,
        program: question.program.name().to_owned(),
        url: fetch.list.url.clone(),
        signature_url: fetch.signature.as_ref().map(|exchange| exchange.url.clone()),
        etag: response.etag.clone(),
        last_modified: response.last_modified.clone(),
        fetched_at: question.now,
        seen_at: question.now,
        sha256: Bytes(Sha256::digest(&*response.body).to_vec()),
        list: response.body.clone(),
        signature: signature.map(|signature| Bytes(signature.to_vec())),
    }
}
