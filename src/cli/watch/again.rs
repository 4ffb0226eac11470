//! What was found judged again by our wishes before it is reported: whoever found it may have wished something else, and
//! more is proven by now than when it was found.

use std::collections::HashMap;
use std::sync::Arc;

use super::listed::Listed;
use crate::observe::clock;
use crate::rules::Severity;
use crate::watch::follow::{Anew, Judging, Rejudging};
use crate::watch::state::{State, StateError};

/// How this run judged a certificate that it found: how grave it is, and whether its issuer is expected.
pub(super) type OwnVerdict = (Severity, &'static str);

/// Judges it.
#[derive(Debug, Default)]
pub(super) struct Judge {
    judging: Option<Rejudging>,
    /// What this run judged itself, by what makes precertificate and certificate one.
    own: HashMap<String, OwnVerdict>,
}

impl Judge {
    /// By these wishes. What this run judged itself by proven keys is not judged once more.
    pub(super) async fn new(
        state: &State,
        judging: &Arc<Judging>,
        own: HashMap<String, OwnVerdict>,
    ) -> Result<Self, StateError> {
        Ok(Self { judging: Some(Rejudging::new(state, Arc::clone(judging)).await?), own })
    }

    /// A certificate by our wishes, and by what is known now; none where it is for names that are not ours. What the state
    /// does not have stays as whoever found it judged it. Of several of one content each keeps the key that issued it.
    pub(super) async fn again(
        &mut self,
        state: &State,
        listed: Listed,
        is_alone: bool,
    ) -> Result<Option<Listed>, StateError> {
        let is_own = self.own.get(&listed.tbs_sha256).is_some_and(|(severity, expectation)| {
            *severity == listed.severity && *expectation == listed.expectation
        });
        if is_own && listed.is_signature_proven() {
            return Ok(Some(listed));
        }
        let again = match self.judged(state, &listed).await? {
            Anew::Judged(places) => chosen(&listed, places.into_iter().map(Listed::anew), is_alone),
            Anew::NotKept => None,
            Anew::OfOthers => return Ok(None),
        };
        // Who wishes nothing takes no verdict back that rests on wishes.
        let has_wishes = self.judging.as_ref().is_some_and(Rejudging::has_wishes);
        Ok(Some(again.filter(|again| has_wishes || again.severity >= listed.severity).unwrap_or(listed)))
    }

    /// One that was undetermined, where it is so still.
    pub(super) async fn still_open(
        &mut self,
        state: &State,
        listed: Listed,
    ) -> Result<Option<Listed>, StateError> {
        let open = match self.judged(state, &listed).await? {
            Anew::NotKept => Some(listed),
            // It concerns nobody of ours.
            Anew::OfOthers => None,
            Anew::Judged(places) => {
                let again = chosen(&listed, places.into_iter().map(Listed::anew), true);
                Some(again.unwrap_or(listed))
            }
        };
        Ok(open.filter(Listed::is_open))
    }

    async fn judged(&mut self, state: &State, listed: &Listed) -> Result<Anew, StateError> {
        let Some(judging) = &mut self.judging else { return Ok(Anew::NotKept) };
        let Some(hash) = octets(&listed.tbs_sha256) else { return Ok(Anew::NotKept) };
        judging.judge(state, &hash, clock::now()).await
    }
}

/// What a hash in hexadecimal digits says.
fn octets(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        text.chars().map(|digit| digit.to_digit(16)?.try_into().ok()).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let octets: Vec<u8> = pairs.iter().map(|[high, low]| (high << 4) | low).collect();
    if !rest.is_empty() {
        return None;
    }
    octets.try_into().ok()
}

/// Of what is judged in several places, what is to be said of the one that was listed: by the key that issued it; where that
/// was not known, by the one that is by now, unless something grave speaks against that. Where that key is proven no more,
/// what others wished excuses nothing: the gravest stands, if it is no milder.
fn chosen(listed: &Listed, places: impl Iterator<Item = Listed>, is_alone: bool) -> Option<Listed> {
    let place = |one: &Listed| (one.details["log"]["id"].clone(), one.details["entry"]["index"].clone());
    let key = listed.issuer_key();
    let (mut places, others): (Vec<Listed>, Vec<Listed>) =
        places.partition(|one| one.issuer_key() == key || is_alone && key.is_none());
    if places.is_empty() {
        let gravest = others.into_iter().max_by_key(|one| (one.severity, one.is_open()));
        return gravest.filter(|one| one.severity >= listed.severity);
    }
    places.sort_by_key(|one| {
        let is_first = one.issuer_key().is_some() || one.severity >= Severity::High;
        std::cmp::Reverse((is_first, one.severity, place(one) == place(listed)))
    });
    places.into_iter().next()
}
