//! Rules about when pins end.

use jiff::Timestamp;
use serde_json::json;

use super::subjects::{called, each, each_refusing, pins, public_ca};
use crate::pins::{EnforcementMode, ExpiryState, PinVerdict, PinsVerdict, ProblemKind};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

const ANDROID: &str = "Android developer guide, “Network security configuration”";
const TRUSTKIT: &str = "TrustKit, TSKPinnedDomains (TSKExpirationDate)";

/// Pins past their end.
pub(super) static EXPIRED: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN002",
        title: "The pins have expired",
        severity: Severity::High,
        needs: "a pin file whose format has an expiry date",
        explanation: "After the date in the file, Android accepts any chain that its trust store accepts, without a \
            word in the log: the app looks pinned and is not. The pins end at the start of that day in the \
            device's own time zone: from 14 hours before that day begins in UTC until 12 hours after, it depends on \
            the device, and the finding arises once they have ended on all. Where \
            the file says that nothing passes after the date, clients are locked out, and the finding is critical.",
        advice: "Remove the pins if they are not needed, or ship new ones with a later date.",
        references: &[
            ANDROID,
            "frameworks/base: android.security.net.config.NetworkSecurityTrustManager.checkPins",
        ],
    },
    raise: |verdict| {
        each_refusing(verdict, |group| {
            let expires = group.first.expires.filter(|_| group.first.expired)?;
            let (ended, day) = (pins(group.compared().len()), expires.strftime("%Y-%m-%d"));
            let is_shut = group.first.enforced == EnforcementMode::Yes;
            let is_refused = group.source.problems.iter().any(|problem| problem.kind == ProblemKind::Refused);
            let message = if is_shut {
                format!("{ended} ended on {day}; clients refuse every connection to {} since.", group.hosts())
            } else if is_refused {
                format!("{ended} ended on {day}, and do nothing either once the file is accepted.")
            } else {
                format!("{ended} ended on {day}; clients connect to {} without them.", group.hosts())
            };
            let evidence = json!({"expires": expires.to_string(), "judged_at": verdict.at.to_string()});
            let raised = group.of_pins(Raised::new(group.subject(), message, evidence));
            Some(group.soften(if is_shut { raised.at(Severity::Critical) } else { raised }))
        })
    },
};

/// Pins near their end.
pub(super) static EXPIRES_SOON: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN003",
        title: "The pins expire soon",
        severity: Severity::Medium,
        needs: "a pin file whose format has an expiry date",
        explanation: "When the date passes, pinning ends silently for every installed version that has this file. \
            Versions that users do not update stay without pins. Soon is within 60 days; within the time that \
            `--expires-within` names, the finding is high, so that a build fails in time. Where the file says that \
            nothing passes after the date, it is clients that end with it, and the finding is high.",
        advice: "Release a version with a later date, early enough for users to have it before this one ends.",
        references: &[ANDROID],
    },
    raise: |verdict| {
        each_refusing(verdict, |group| {
            let last = group.first.expires.filter(|_| !group.first.expired)?;
            let matching = end_of_those_that_match(&group.first.pins).filter(|end| *end < last);
            let expires = matching.unwrap_or(last);
            let left = expires.duration_since(verdict.at);
            let by_device = group.first.expiry_state == Some(ExpiryState::DependsOnDevice);
            if !verdict.soon.is_soon(left) || !(by_device || group.first.enforced.is_known_to_act()) {
                return None;
            }
            let days = left.as_hours() / 24;
            let when = match days {
                0 if by_device => "at midnight in the time zone of each device: on some they have".to_owned(),
                0 => "in less than a day".to_owned(),
                1 => "in 1 day".to_owned(),
                days => format!("in {days} days"),
            };
            let day = expires.strftime("%Y-%m-%d");
            let shuts = group.first.fails_closed && group.first.enforced == EnforcementMode::Yes;
            let message = if by_device {
                format!("The pins end on {day} {when}, on others they have not.")
            } else if shuts && matching.is_some() {
                format!(
                    "Those of the pins that match end on {day}, {when}; from then on clients refuse this chain."
                )
            } else if shuts {
                format!("The pins end on {day}, {when}; from then on clients refuse every connection.")
            } else {
                format!("The pins end on {day}, {when}.")
            };
            let evidence = json!({"expires": expires.to_string(), "days_left": days});
            let raised = group.of_pins(Raised::new(group.subject(), message, evidence));
            let is_grave = shuts || verdict.soon.fails(left);
            Some(group.soften(if is_grave { raised.at(Severity::High) } else { raised }))
        })
    },
};

/// When the last of the pins that match ends, where each of them ends by itself.
fn end_of_those_that_match(pins: &[PinVerdict]) -> Option<Timestamp> {
    let matching = pins.iter().filter(|pin| pin.matches.matches());
    matching.map(|pin| pin.pin.ends).collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// Pins without an end.
pub(super) static NO_END: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN025",
        title: "The pins never end",
        severity: Severity::Info,
        needs: "a pin file whose pins are enforced",
        explanation: "Installed versions that are never updated keep these pins for ever, and are locked out for good \
            when no pinned key is served any more. Android and TrustKit can let pins end on a date: that avoids the \
            lock-out, and leaves old versions without pins from then on. NSPinnedDomains and OkHttp know no end. \
            Neither choice is wrong; it should be one.",
        advice: "Decide which is worse for old versions: no connection, or a connection without pins. Where it is no \
            connection, and the format has a date, set one.",
        references: &[ANDROID, TRUSTKIT, "Apple developer documentation, “NSPinnedDomains”"],
    },
    raise: |verdict| {
        each(verdict, |group| {
            if group.first.enforced != EnforcementMode::Yes || group.first.expires.is_some() {
                return None;
            }
            let format = group.source.format?;
            let message = if format.starts_with("android") || format.starts_with("trustkit") {
                "No expiration is set."
            } else if matches!(format, "ios-nspinneddomains" | "okhttp") {
                "This format has no expiration."
            } else {
                return None;
            };
            Some(group.raise(message, []))
        })
    },
};

/// Pins that are to outlive the CA they name.
pub(super) static BEYOND_THE_CA: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN026",
        title: "The pins are to hold longer than a pinned CA",
        severity: Severity::Low,
        needs: "a pin file with an expiry date, and pins of CAs that the tables know",
        explanation: "The last certificate of a pinned CA key that is known here ends before the pins do. From then on \
            this pin matches nothing that a client accepts, unless the CA gets a new certificate for the same key. \
            Where that holds of every usable pin, clients are locked out from that day until the pins end, and the \
            finding is high.",
        advice: "Let the pins end before the CA does, or pin a key that lives longer.",
        references: &["CCADB, certificates of the CAs in the root programmes", ANDROID],
    },
    raise: |verdict| {
        let today = verdict.at.strftime("%Y-%m-%d").to_string();
        each(verdict, |group| {
            let expires = group.first.expires.filter(|_| group.first.enforced == EnforcementMode::Yes)?;
            let expires = expires.strftime("%Y-%m-%d").to_string();
            let usable = group.usable();
            let shorter: Vec<_> = usable
                .iter()
                .filter_map(|pin| Some((*pin, public_ca(pin)?)))
                .filter(|(_, ca)| ca.not_after != "-" && *ca.not_after < *expires && *ca.not_after >= *today)
                .collect();
            let (_, last) = shorter.iter().max_by_key(|(_, ca)| ca.not_after)?;
            let message = format!(
                "The pins hold until {expires}; the last known certificate of {} ends on {}.",
                called(last),
                last.not_after
            );
            let raised = group.raise(message, shorter.iter().map(|(pin, _)| *pin));
            Some(if shorter.len() == usable.len() && group.first.unread == 0 {
                raised.at(Severity::High)
            } else {
                raised
            })
        })
    },
};
