//! Whether each step is done, by the evidence; what the evidence does not tell is unknown.

use jiff::{SignedDuration, Timestamp};

use super::criteria;
use super::kinds::{self, Kinds};
use super::known::{Known, Pinned, named};
use super::questions;
use super::steps::{Done, StepId};
use super::waiting;
use crate::compare::replay::{LocksOutNow, Replay, ReplayedPinSet};
use crate::compare::{
    CaaPolicy, CoveringName, CurrentIssuer, Dnssec, Expectation, Fact, LogWatch, PinFilesRead, RootPins,
    Share, Watch, covering,
};

/// The longest life of a certificate that counts as short: the maximum from 2029-03-15 on.
const SHORT_DAYS: i64 = 47;

/// Whether the logs are watched.
pub(super) fn monitoring(known: &Known<'_>) -> (Done, String) {
    match &known.facts.log_watch {
        Fact::Measured(LogWatch::Watched(Watch { by, lacks: Some(lacks), .. })) => {
            (Done::Unknown, format!("watched by {by} in part: {lacks}"))
        }
        Fact::Measured(LogWatch::Watched(Watch { by, older, .. })) => {
            let older = older.as_ref().map(|older| format!("; {older}")).unwrap_or_default();
            (Done::Yes, format!("watched: {by}{older}"))
        }
        Fact::Measured(LogWatch::LookedUp(watch)) => {
            (Done::No, format!("looked up once, which is no watch: {}", watch.by))
        }
        Fact::Measured(LogWatch::NotWatched) => (Done::No, "the name is not among those watched".to_owned()),
        Fact::NotGiven => (Done::Unknown, "no state of `pinstead watch` was given (--state)".to_owned()),
        Fact::Undetermined => (Done::Unknown, "whether the logs are watched could not be told".to_owned()),
    }
}

/// Nothing tells.
pub(super) fn untold(step: StepId) -> (Done, String) {
    (Done::Unknown, step.untold().unwrap_or_default().to_owned())
}

/// Whether nothing that was measured is wrong with the pins.
pub(super) fn sound(known: &Known<'_>) -> (Done, String) {
    let wrong = criteria::wrong(known);
    if !wrong.is_empty() {
        return (Done::No, format!("this is wrong with the pins: {}", wrong.join("; ")));
    }
    let unknown = questions::of_pins(known).or_else(|| kinds::open(known));
    match (unknown, known.pinned()) {
        (Some(unknown), _) => (Done::Unknown, unknown.trim_end_matches('.').to_owned()),
        (None, Pinned::No) => removed(known),
        (None, _) => {
            let (left_out, others) = (left_out(known), Kinds::of(known).others());
            let passed = passed_over(&known.facts.pin_files);
            (Done::Yes, format!("nothing that was measured is wrong with the pins{left_out}{others}{passed}"))
        }
    }
}

/// Whether CAs are stated as expected.
pub(super) fn expected_ca(known: &Known<'_>) -> (Done, String) {
    match &known.facts.expectation {
        Fact::Measured(Expectation::Expected) => (Done::Yes, "the issuer is one that is expected".to_owned()),
        Fact::Measured(Expectation::Unexpected) => {
            (Done::No, "the issuer of the certificate in use is not expected".to_owned())
        }
        Fact::NotGiven => (Done::No, "no CA is named as expected".to_owned()),
        Fact::Undetermined => {
            (Done::Unknown, "whether the issuer is expected could not be determined".to_owned())
        }
    }
}

/// Whether CAA permits the CAs in use, and no other.
pub(super) fn caa(known: &Known<'_>) -> (Done, String) {
    let (done, evidence) = caa_of_names(known);
    (done, and_covering(evidence, &covering::of_other_cas(&known.facts.caa_covering)))
}

/// The same with what names let in that cover the host as well.
fn and_covering(evidence: String, names: &[CoveringName]) -> String {
    match covering::told(names) {
        Some(told) => format!("{evidence}; {told}"),
        None => evidence,
    }
}

fn caa_of_names(known: &Known<'_>) -> (Done, String) {
    match &known.facts.caa {
        Fact::NotGiven => (Done::Unknown, "CAA was not looked up".to_owned()),
        Fact::Undetermined => (Done::Unknown, "what CAA says could not be determined".to_owned()),
        Fact::Measured(CaaPolicy::NoRecords) => (Done::No, "there is no CAA record".to_owned()),
        Fact::Measured(CaaPolicy::Unrestricted) => (Done::No, "the CAA records restrict nobody".to_owned()),
        Fact::Measured(CaaPolicy::Restrictive { permitted, current_issuer }) => match current_issuer {
            CurrentIssuer::Permitted => permitted_alone(known, permitted),
            CurrentIssuer::Denied => {
                (Done::No, "CAA does not permit the CA in use: the next renewal will fail".to_owned())
            }
            CurrentIssuer::Undetermined => {
                (Done::Unknown, "whether CAA permits the CA in use is not known".to_owned())
            }
        },
    }
}

/// The CA in use is permitted: who else is.
fn permitted_alone(known: &Known<'_>, permitted: &[String]) -> (Done, String) {
    let all = named(permitted.iter().map(String::as_str));
    let others = permitted.len().saturating_sub(1);
    match &known.facts.caa_beside {
        Fact::Measured(beside) if !beside.is_empty() => {
            let beside = named(beside.iter().map(String::as_str));
            (Done::No, format!("CAA permits {all}; of these, you do not expect {beside}"))
        }
        Fact::Measured(_) => (Done::Yes, format!("CAA permits {all}, which you expect, and no other")),
        Fact::NotGiven | Fact::Undetermined if others == 0 => (Done::Yes, format!("CAA permits {all} alone")),
        Fact::NotGiven | Fact::Undetermined => (
            Done::Yes,
            format!(
                "CAA permits the CA in use and {others} more: {all}; whether you use these is not stated (expect_ca)"
            ),
        ),
    }
}

/// Whether CAA binds the account too, secured by DNSSEC.
pub(super) fn caa_bound(known: &Known<'_>) -> (Done, String) {
    let (done, evidence) = caa(known);
    if done != Done::Yes {
        return (done, evidence);
    }
    let Some(binding) = known.facts.caa_binding.measured() else {
        return (Done::Unknown, "what CAA binds beside the CA is not known".to_owned());
    };
    // A method alone binds nobody: whoever can pass that method's check gets a certificate.
    if binding.accounts != Share::All {
        let why = "not every record binds the account (accounturi)".to_owned();
        return (Done::No, and_covering(why, &known.facts.caa_covering));
    }
    match binding.dnssec {
        Dnssec::Secure if binding.must_process => {
            (Done::Yes, "every record binds the account, secured by DNSSEC".to_owned())
        }
        Dnssec::Secure => {
            let told = "published and signed: every record binds the account, secured by DNSSEC; whether your CA obeys it is \
                        not proven before 2027-03-15, when all public CAs must, and nothing binds a private one";
            (Done::Yes, told.to_owned())
        }
        Dnssec::Insecure => (Done::No, "the zone is not signed".to_owned()),
        Dnssec::Bogus => (Done::No, "DNSSEC fails".to_owned()),
        Dnssec::Unknown => (Done::Unknown, "DNSSEC was not validated (--dnssec validate)".to_owned()),
    }
}

/// Whether certificates are short-lived.
pub(super) fn short_lives(known: &Known<'_>) -> (Done, String) {
    let life = |begins: Timestamp, ends: Timestamp, which: &str| {
        let days = days(ends.duration_since(begins));
        let done = if days <= SHORT_DAYS { Done::Yes } else { Done::No };
        (done, format!("{which} lives {days} days"))
    };
    // What was seen counts before what was issued.
    if let Some((begins, ends)) = known.seen_life() {
        return life(begins, ends, "the certificate that was seen");
    }
    // Any of those in their life may be in service.
    let longest = known.replay().and_then(|replay| {
        let current = replay.certificates.iter().filter(|certificate| certificate.not_after > replay.until);
        current.max_by_key(|certificate| certificate.not_after.duration_since(certificate.not_before))
    });
    longest.map_or_else(
        || {
            (
                Done::Unknown,
                "no certificate was seen, and none of a history is in its life (--history)".to_owned(),
            )
        },
        |it| {
            life(
                it.not_before,
                it.not_after,
                "the longest-lived certificate of the history that has not ended",
            )
        },
    )
}

/// Whole days, the last second of a life counted in.
fn days(life: SignedDuration) -> i64 {
    life.as_hours().saturating_add(1).div_euclid(24)
}

/// How many recent certificates have to match before pins count as wide: fewer show nothing of a CA that changes.
const ENOUGH: usize = 5;

/// Whether the pins name every root of every CA in use, and nothing of the history speaks against that.
pub(super) fn widened(known: &Known<'_>) -> (Done, String) {
    match known.pinned() {
        Pinned::Unknown => {
            let unread = known.facts.pins.measured().and_then(|_| unread(known));
            return (Done::Unknown, unread.unwrap_or_else(|| unknown_pins(known)));
        }
        _ if known.has_dynamic_pins() => {
            return (Done::Unknown, "which pins clients fetch at run time is not known".to_owned());
        }
        // Code that was not followed may have narrow ones, and anchors of an app's own are as narrow.
        Pinned::No => return removed(known),
        Pinned::Yes => {}
    }
    if let Some(app) = known.facts.apps.iter().find(|app| app.own_anchors_alone) {
        return (
            Done::Unknown,
            format!(
                "{} trusts CAs of its own alone for this host, which locks users out as pins do when the CA changes: which of its \
                 roots these are is not compared (trust those of the system beside them)",
                app.file
            ),
        );
    }
    if known.enforced().next().is_none() {
        if let Some(unread) = unread(known).or_else(|| beside(known)) {
            return (Done::Unknown, unread);
        }
        let passed_over = passed_over(&known.facts.pin_files);
        return (Done::Yes, format!("no pins are in force any more{passed_over}"));
    }
    let sets: Vec<&ReplayedPinSet> = known.given().filter(|set| set.refuses).collect();
    if let Some(why) = sets.iter().find_map(|set| narrow(set)) {
        return (Done::No, why);
    }
    let roots = known.facts.root_pins.measured().map(Vec::as_slice).unwrap_or_default();
    if let Some(why) = roots.iter().find_map(without_roots) {
        return (Done::No, why);
    }
    if sets.len() < known.enforced().count() {
        return (Done::Unknown, "not all of the pins were replayed (--history)".to_owned());
    }
    if roots.is_empty() {
        return (Done::Unknown, without_known_roots(known).to_owned());
    }
    let why = sets.iter().find_map(|set| doubtful(known, set).or_else(|| waiting::standing(known, set)));
    if let Some(why) = why {
        return (Done::Unknown, why);
    }
    if let Some(unread) = unread(known).or_else(|| beside(known)) {
        return (Done::Unknown, unread);
    }
    let titles = named(sets.iter().map(|set| set.title.as_str()));
    let left_out = left_out(known);
    let is_unknown = |set: &&ReplayedPinSet| set.next_match.as_ref().is_some_and(|chance| chance.unknown > 0);
    let which = if sets.iter().any(is_unknown) {
        "no recent certificate is known to miss"
    } else {
        "all recent certificates match"
    };
    (
        Done::Yes,
        format!(
            "every root of the CAs in use is pinned, and {which} {titles}{left_out}{}",
            passed_over(&known.facts.pin_files)
        ),
    )
}

/// What code leaves open that was not read as pins, and that the pins that were read do not answer: it may be of another app,
/// or have further ones.
pub(super) fn beside(known: &Known<'_>) -> Option<String> {
    let read = &known.facts.pin_files;
    (!read.beside.is_empty()).then(|| format!("{}{READ_IT}", first(read.beside.iter())))
}

/// What files leave open that could not be read, or not wholly, and packages whose compiled code may have pins.
fn unread(known: &Known<'_>) -> Option<String> {
    let files = known.undetermined();
    if !files.is_empty() {
        return Some(format!(
            "not all is known of what {} pins (`pinstead pins` with it tells why)",
            named(files.into_iter())
        ));
    }
    let packages = &known.facts.pin_files.packages;
    (!packages.is_empty()).then(|| kinds::unread(packages.iter()))
}

/// Why it is not known which roots there are to be pinned.
fn without_known_roots(known: &Known<'_>) -> &'static str {
    let is_unexpected = known.facts.expectation == Fact::Measured(Expectation::Unexpected)
        || known.replay().is_some_and(Replay::is_all_unexpected_now);
    if is_unexpected {
        "what can be served now is of a CA that you do not expect: whether its roots are to be pinned is not known (add the \
         CA to expect_ca, or replace the certificate)"
    } else {
        "which roots the CAs in use have is not known: no certificate in its life has a proven issuer with known paths"
    }
}

/// What was not taken for a certificate that can be served.
pub(super) fn left_out(known: &Known<'_>) -> String {
    let replay = known.replay().filter(|replay| !replay.is_all_unexpected_now());
    let unexpected: Vec<&str> =
        replay.into_iter().flat_map(Replay::unexpected_now).map(|it| it.issuer.as_str()).collect();
    let issuers = named(unexpected.iter().copied());
    let ended = known.given().filter(|set| set.refuses).map(|set| set.left_out).max().unwrap_or_default();
    let ended = match ended {
        0 => String::new(),
        1 => "; 1 certificate, which ended, of a CA that you do not expect is not known to match them: if it was in service, they \
              locked users out then"
            .to_owned(),
        count => format!(
            "; {count} certificates, which ended, of CAs that you do not expect are not known to match them: if one was in service, \
             they locked users out then"
        ),
    };
    let now = match unexpected.len() {
        0 => String::new(),
        1 => format!(
            "; left out is 1 certificate of a CA that you do not expect ({issuers}): not so if it is yours"
        ),
        count => format!(
            "; left out are {count} certificates of CAs that you do not expect ({issuers}): not so if one of them is yours"
        ),
    };
    let past: String = known
        .given()
        .filter(|set| set.refuses)
        .filter_map(|set| Some(format!("; of {}: {}", set.title, set.past.as_ref()?)))
        .collect();
    format!("{now}{ended}{past}")
}

/// Why pins are known not to be wide: by what was issued.
fn narrow(set: &ReplayedPinSet) -> Option<String> {
    match set.locks_out_now {
        LocksOutNow::Surely => return Some(format!("{}: users are locked out now", set.title)),
        LocksOutNow::Perhaps => {
            return Some(format!(
                "{}: a certificate that may be served now does not match on every path",
                set.title
            ));
        }
        LocksOutNow::No | LocksOutNow::Unknown => {}
    }
    if let Some(from) = set.refuses_all_from {
        return Some(format!(
            "{}: from {} on, clients that have these pins refuse every connection, whatever is renewed: a version that is \
             not replaced by then is locked out (leave out the end, or let them end open)",
            set.title,
            from.strftime("%Y-%m-%d")
        ));
    }
    let chance = set.next_match.as_ref()?;
    (chance.share.count < chance.share.of).then(|| format!("{}: {}", set.title, chance.told()))
}

/// Why pins are known not to be wide: by what they name.
fn without_roots(roots: &RootPins) -> Option<String> {
    if !roots.are_enough {
        return Some(format!("{}: a root's key alone does not satisfy them", roots.client));
    }
    let missing = roots.missing.len();
    let names = named(roots.missing.iter().map(String::as_str));
    (missing > 0).then(|| {
        format!("{}: {missing} of {} roots of the CAs in use are not pinned: {names}", roots.client, roots.of)
    })
}

/// Why it is not known of pins whether they are wide.
fn doubtful(known: &Known<'_>, set: &ReplayedPinSet) -> Option<String> {
    if let Some(question) = waiting::asked(known, set) {
        return Some(question);
    }
    if set.locks_out_now == LocksOutNow::Unknown {
        return Some(format!("{}: whether they lock users out now is not known", set.title));
    }
    if set.undetermined > 0 {
        return Some(format!(
            "{}: of {} certificates it is not known whether they match",
            set.title, set.undetermined
        ));
    }
    let Some(chance) = &set.next_match else {
        return Some(format!("{}: whether the next certificate matches is not known", set.title));
    };
    (chance.share.of < ENOUGH).then(|| {
        format!(
            "{}: only {} recent renewals are known, and {ENOUGH} are needed to tell which CAs are used",
            set.title, chance.share.of
        )
    })
}

/// What is said where files were given, and none has pins for the host.
const NONE_PINS: &str = "none of the pin files given pins the host";

/// Why it is not known whether anything is pinned.
fn unknown_pins(known: &Known<'_>) -> String {
    match known.facts.pins {
        Fact::NotGiven => "no file with pins was given (--pins)".to_owned(),
        Fact::Undetermined | Fact::Measured(_) => {
            "not all is known of what the pin files given do (`pinstead pins` with them tells why; where builds \
             differ, name the file or the package of each alone)".to_owned()
        }
    }
}

/// Whether no client has pins.
pub(super) fn removed(known: &Known<'_>) -> (Done, String) {
    let read = &known.facts.pin_files;
    match known.pinned() {
        Pinned::Yes => {
            let files = named(known.clients().map(|client| client.client.as_str()));
            (Done::No, format!("pinned by {files}"))
        }
        _ if known.has_dynamic_pins() => {
            let clients = known.facts.dynamic_pins.measured().map(Vec::as_slice).unwrap_or_default();
            let files = named(clients.iter().map(|client| client.client.as_str()));
            (Done::No, format!("pins come at run time, by {files}"))
        }
        _ if !read.unseen.is_empty() || !read.open.is_empty() => (Done::Unknown, left_open(read)),
        Pinned::No => (Done::Yes, format!("{NONE_PINS}{}", passed_over(read))),
        Pinned::Unknown => match read.files {
            0 => (Done::Unknown, unknown_pins(known)),
            1 => {
                (Done::Yes, format!("the file that was given was read, and has {LEFT}{}", passed_over(read)))
            }
            files => (
                Done::Yes,
                format!("{files} files of what was given were read, and have {LEFT}{}", passed_over(read)),
            ),
        },
    }
}

/// What leaves it open whether pins are left, and what to do about it.
fn left_open(read: &PinFilesRead) -> String {
    let told = first(read.unseen.iter().chain(&read.open));
    let advice = match (read.unseen.is_empty(), read.packages.is_empty()) {
        (false, _) => READ_IT,
        (true, false) => READ_ITS_SOURCE,
        (true, true) => "",
    };
    format!("{told}{advice}")
}

/// The first of these clauses, and how many more there are.
fn first<'c>(all: impl Iterator<Item = &'c String> + Clone) -> String {
    let told: Vec<&str> = all.clone().take(MOST_TOLD).map(String::as_str).collect();
    let more = all.count().saturating_sub(MOST_TOLD);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{}{more}", told.join("; "))
}

/// What was passed over, behind what is said of the rest.
fn passed_over(read: &PinFilesRead) -> String {
    read.passed_over.iter().flat_map(|what| ["; ", what.as_str()]).collect()
}

/// How many things are told that were not read.
const MOST_TOLD: usize = 3;

/// What to do about code that is not followed, and about what was left out.
const READ_IT: &str = " (read it; name what was left out by itself; what has no pins is stated in the policy, as without_pins of \
                       [compare])";

/// What to do about a package without pins that were found.
const READ_ITS_SOURCE: &str = " (ask about the source that it was built from; what has no pins is stated in the policy, as \
                               without_pins of [compare])";

/// What is not in files from which pins were removed.
const LEFT: &str = "no pins, nor code that compares them, in any form that is read here";
