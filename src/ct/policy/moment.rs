//! As of when a policy is judged, and by which list.

use jiff::{SignedDuration, Timestamp};

use super::{PolicyQuestion, Unjudged, newer_list, title};
use crate::ct::issuance;
use crate::ct::log_list::Program;
use crate::ct::log_table::{DatedList, Dating, Signed, SnapshotSource};

/// A list of this age judges nothing.
///
/// Chrome (`IsLogDataTimely`, chrome_ct_policy_enforcer.cc), Firefox (`kCTExpirationTime`) and Conscrypt
/// (`isLogStoreCompliantAt`, PolicyImpl.java) stop enforcing after ten weeks. Apple states no limit: there it is
/// our own caution.
pub const MAX_LIST_AGE_DAYS: i64 = 70;

/// The last moment at which a list is young enough.
const TIMELY: SignedDuration = SignedDuration::from_secs(MAX_LIST_AGE_DAYS * 86_400 - 1);

/// The list that a policy was judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedList {
    /// The version it states.
    pub version: Option<String>,
    /// Its date.
    pub timestamp: Timestamp,
    /// What that date is.
    pub dating: Dating,
    /// The last time at which it is known to have been the current one.
    pub current_at: Timestamp,
    /// Whole days from then to the judgement.
    pub age_days: i64,
    /// Embedded, or given.
    pub source: SnapshotSource,
    /// What vouches for it.
    pub signed: Signed,
    /// Whether a later one is known, which was not out at the time of the judgement.
    pub superseded: bool,
}

/// A time with a list that judges it.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    pub(super) list: JudgedList,
    /// Why it is another time than the one asked for.
    pub(super) note: Option<String>,
}

/// Why there is no such time.
#[derive(Clone, Debug)]
pub(super) struct NoMoment {
    pub(super) at: Timestamp,
    pub(super) list: Option<Box<JudgedList>>,
    pub(super) kind: Unjudged,
    pub(super) reason: String,
}

impl NoMoment {
    /// For a reason that needs no list to be told.
    fn without_list(program: Program, at: Timestamp, kind: Unjudged) -> Self {
        let reason = kind.told(Some(title(program))).unwrap_or_default();
        Self { at, list: None, kind, reason }
    }
}

/// The moment at which `program` judges a certificate.
///
/// A certificate that is expired is judged as of the last moment of its life for which a timely list is known; one
/// that is not valid yet, as of the first moment of its life at which its SCTs were made: no client accepts it at
/// any other time.
pub(super) fn find(question: &PolicyQuestion<'_>, program: Program) -> Result<Moment, NoMoment> {
    let PolicyQuestion { certificate, table, at, .. } = *question;
    let Some(newest) = table.snapshot(program) else {
        return Err(NoMoment::without_list(program, at, Unjudged::NoList));
    };
    if at > certificate.not_after {
        return within_life(question, program);
    }
    let (moment, note) = if at < certificate.not_before {
        let (start, first) = (certificate.not_before, issuance::first_moment(certificate, question.scts));
        let note = if first == start {
            format!("The certificate is not valid before {start}: judged as of then.")
        } else {
            format!(
                "The certificate is not valid before {start}, and its SCTs were made until {first}: judged as of then."
            )
        };
        (first, Some(note))
    } else {
        (at, None)
    };
    let Some(list) = table.list_at(program, moment) else {
        return Err(NoMoment::without_list(program, moment, Unjudged::BeforeAnyList(moment)));
    };
    let list = JudgedList::of(&list, moment, newest.timestamp);
    if list.is_stale() {
        let reason = stale(program, &list);
        return Err(NoMoment { at: moment, list: Some(Box::new(list)), kind: Unjudged::OldList, reason });
    }
    Ok(Moment { at: moment, list, note })
}

fn within_life(question: &PolicyQuestion<'_>, program: Program) -> Result<Moment, NoMoment> {
    let PolicyQuestion { certificate, table, .. } = *question;
    let (programme, end) = (title(program), certificate.not_after);
    // Before its SCTs were made, there was no such certificate to judge.
    let first = issuance::first_moment(certificate, question.scts);
    let found = table.list_at(program, end).and_then(|list| {
        let latest = list.current_at.checked_add(TIMELY).unwrap_or(end).min(end);
        (latest >= first).then_some((list, latest))
    });
    let Some((list, latest)) = found else {
        return Err(NoMoment::without_list(program, end, Unjudged::ExpiredBeforeAnyList(end)));
    };
    let note = if latest == end {
        format!("The certificate has expired: judged as of {end}, the end of its life.")
    } else {
        format!(
            "The certificate expired on {end}: judged as of {latest}, the last moment of its life for which a timely list of \
             {programme} is known."
        )
    };
    let newest = table.snapshot(program).and_then(|newest| newest.timestamp);
    Ok(Moment { at: latest, list: JudgedList::of(&list, latest, newest), note: Some(note) })
}

fn stale(program: Program, list: &JudgedList) -> String {
    let whose = match program {
        Program::Chrome => "Chrome itself enforces nothing by a list of 70 days or more.",
        Program::Apple => {
            "Apple states no limit of its own; that a list of 70 days or more judges nothing is our caution."
        }
        Program::Mozilla => "Firefox itself stops enforcing ten weeks after its list was made.",
        Program::Android => "Android itself enforces nothing by a list of more than 70 days.",
    };
    let (programme, date) = (title(program), list.current_at.strftime("%Y-%m-%d"));
    let age = match list.dating {
        Dating::NewestChange => format!(
            "The log list of {programme} states no date; its newest change is of {date}, {} days before. When it was current is \
             not known.",
            list.age_days
        ),
        Dating::Known => {
            let seen = if list.current_at > list.timestamp { "was last seen current on" } else { "is of" };
            format!(
                "The newest log list of {programme} known by then {seen} {date} and is {} days old.",
                list.age_days
            )
        }
    };
    let told = [Some(age.as_str()), Some(whose), newer_list(program, list)];
    told.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

impl JudgedList {
    fn of(list: &DatedList<'_>, at: Timestamp, newest: Option<Timestamp>) -> Self {
        Self {
            version: list.snapshot.version.map(str::to_owned),
            timestamp: list.timestamp,
            dating: list.snapshot.dating,
            current_at: list.current_at,
            age_days: at.duration_since(list.current_at).as_hours().max(0) / 24,
            source: list.snapshot.source,
            signed: list.snapshot.signed,
            superseded: newest.is_some_and(|newest| newest > list.current_at),
        }
    }

    /// Whether it is too old to judge by.
    pub fn is_stale(&self) -> bool {
        self.age_days >= MAX_LIST_AGE_DAYS
    }
}
