//! Certificate revocation lists as they were fetched: once a URL and signer, for however many certificates.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Bytes;
use super::http::{HttpExchange, HttpOutcome};

/// The CRLs of a run.
pub type Crls = Vec<Arc<CrlObservation>>;

/// Where CRLs may be asked for: the URLs in a certificate are written by whoever made it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// At public addresses only.
    #[default]
    Public,
    /// At those of private networks too, but not at this machine's own nor at those of a link.
    Private,
    /// At any address.
    Anywhere,
}

impl Reach {
    /// Whether it is the usual one.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// The lists as a certificate might ask for them: what another had that might ask further is not its own. Lists that were
/// saved without saying for whom are everyone's.
pub fn within(crls: &Crls, reach: Reach) -> Crls {
    let own = |crl: &&Arc<CrlObservation>| {
        crl.reach == reach || !crls.iter().any(|other| other.url == crl.url && other.reach == reach)
    };
    crls.iter().filter(own).cloned().collect()
}

/// Adds lists that were had for one target to those of a run, and gives their places there: what two targets had alike is
/// held once.
pub fn add_for_target(all: &mut Crls, own: Crls) -> Vec<usize> {
    own.into_iter()
        .map(|crl| {
            let is_same = |known: &Arc<CrlObservation>| Arc::ptr_eq(known, &crl) || *known == crl;
            all.iter().position(is_same).unwrap_or_else(|| {
                all.push(crl);
                all.len().saturating_sub(1)
            })
        })
        .collect()
}

/// The lists at these places; all, where none are named.
pub fn of_target(all: &Crls, places: Option<&[usize]>) -> Crls {
    match places {
        Some(places) => places.iter().filter_map(|&place| all.get(place).cloned()).collect(),
        None => all.clone(),
    }
}

/// Adds lists to others, each once for each reach: one that was had stands before one that was not, and one that was asked
/// for before one that was not.
pub fn add_each_once(all: &mut Crls, further: Crls) {
    for crl in further {
        let others = || all.iter().filter(|known| known.url == crl.url && known.reach == crl.reach);
        if others().any(|known| known.tells_all_of(&crl)) {
            continue;
        }
        let place = all
            .iter()
            .position(|known| known.url == crl.url && known.reach == crl.reach && crl.tells_all_of(known));
        match place.and_then(|place| all.get_mut(place)) {
            Some(known) => *known = crl,
            None => all.push(crl),
        }
    }
}

/// One CRL, by the URL that a certificate names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrlObservation {
    /// The URL, as it stands in the certificate.
    pub url: String,
    /// Where it might be asked for: of the same URL another target may have had what this one may not ask for.
    #[serde(default, skip_serializing_if = "Reach::is_usual")]
    pub reach: Reach,
    /// When it was asked for, or not.
    pub asked_at: Timestamp,
    /// Why nothing was asked in this run, if nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_asked: Option<String>,
    /// What an earlier run kept; beside an answer, where that is older or of no use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptCrl>,
    /// The request of this run, and what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<HttpExchange>,
}

/// A CRL that an earlier run fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptCrl {
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// When the server last said that it is the current one.
    pub seen_at: Timestamp,
    /// The list as it came.
    pub octets: Bytes,
}

/// A list that is there to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchedCrl<'a> {
    /// Its octets.
    pub octets: &'a [u8],
    /// When they were fetched.
    pub fetched_at: Timestamp,
    /// Whether an earlier run did.
    pub from_cache: bool,
}

impl CrlObservation {
    /// One for which nothing was asked, and why.
    pub fn not_asked(url: impl Into<String>, asked_at: Timestamp, why: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            reach: Reach::default(),
            asked_at,
            not_asked: Some(why.into()),
            kept: None,
            exchange: None,
        }
    }

    /// Whether it has everything that another of the same URL has.
    fn tells_all_of(&self, other: &Self) -> bool {
        fn octets(list: Option<FetchedCrl<'_>>) -> Option<&[u8]> {
            list.map(|list| list.octets)
        }
        let (own, own_kept) = (octets(self.fetched()), octets(self.kept()));
        match (octets(other.fetched()), octets(other.kept())) {
            (None, None) if own.is_none() && own_kept.is_none() => {
                self.not_asked.is_none() || other.not_asked.is_some()
            }
            (None, None) => true,
            (fetched, kept) => fetched == own && (kept.is_none() || kept == own_kept),
        }
    }

    /// A list: what was fetched now, else what was kept.
    pub fn list(&self) -> Option<FetchedCrl<'_>> {
        self.fetched().or_else(|| self.kept())
    }

    /// What was fetched in this run.
    pub fn fetched(&self) -> Option<FetchedCrl<'_>> {
        match self.outcome()? {
            HttpOutcome::Response(response) if response.status == 200 => {
                Some(FetchedCrl { octets: &response.body, fetched_at: self.asked_at, from_cache: false })
            }
            _ => None,
        }
    }

    /// What an earlier run kept, and what still counts beside what was fetched.
    pub fn kept(&self) -> Option<FetchedCrl<'_>> {
        let kept = self.kept.as_ref()?;
        Some(FetchedCrl { octets: &kept.octets, fetched_at: kept.fetched_at, from_cache: true })
    }

    /// Why there is none, or none of this run, in words.
    pub fn failure(&self) -> Option<String> {
        if let Some(why) = &self.not_asked {
            return Some(format!("it was not asked for: {why}"));
        }
        match self.outcome()? {
            HttpOutcome::Response(response) if matches!(response.status, 200 | 304) => None,
            HttpOutcome::Response(response) => {
                Some(format!("the server answered with HTTP status {}", response.status))
            }
            HttpOutcome::Failed(failure) => Some(failure.to_string()),
        }
    }

    fn outcome(&self) -> Option<&HttpOutcome> {
        self.exchange.as_ref().and_then(HttpExchange::outcome)
    }
}
