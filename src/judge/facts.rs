//! The measured facts that the comparison is made from.

mod apps;
mod caa;
mod caa_covering;
mod dane;
mod removed;
mod revocation;
mod roots;
mod used;
mod watch;

use jiff::Timestamp;

pub(super) use self::apps::class_of;
pub(super) use self::roots::root_pins;
pub(crate) use self::watch::untold;
use super::inputs::Inputs;
use super::target::{Part, TargetVerdicts};
use crate::ca::expectation;
use crate::compare::{
    CtPolicy, CtProgrammes, Expectation, Fact, MeasuredFacts, PinFault, Pins, PublicTrust, Service,
};
use crate::ct::policy::{Policies, PolicyOutcome, PolicyVerdict};
use crate::ct::verdict::Audience;
use crate::evidence::{CertificateSource, TargetEvidence};
use crate::pins::PinsVerdict;
use crate::rules::{self, Finding, Severity};
use crate::x509::path::{Life, NameMatch, Trust};

/// What was measured of a target.
pub(super) fn measured(
    verdicts: &TargetVerdicts,
    target: &TargetEvidence,
    inputs: &Inputs,
    at: Timestamp,
) -> MeasuredFacts {
    let own_caa = verdicts.caa.verdict().map(Vec::as_slice).unwrap_or_default();
    let covering = caa_covering::covering(own_caa, verdicts.host.as_ref(), &target.caa);
    let caa = caa::policy(&verdicts.caa, &covering);
    let mut facts = MeasuredFacts {
        service: service(target),
        public_trust: public_trust(verdicts),
        ct_policy: match &verdicts.ct {
            Part::NotChecked(_) => Fact::NotGiven,
            Part::Undetermined(_) => Fact::Undetermined,
            Part::Checked(ct) if ct.audience == Audience::Private => Fact::Measured(CtPolicy::NotAsked),
            Part::Checked(ct) => match ct.policies.chrome.outcome {
                // Android's policy is its apps' own to ask for.
                PolicyOutcome::Compliant if others_refuse(&ct.policies) => {
                    Fact::Measured(CtPolicy::MetInPart)
                }
                PolicyOutcome::Compliant => Fact::Measured(CtPolicy::Met),
                PolicyOutcome::NotCompliant => Fact::Measured(CtPolicy::NotMet),
                PolicyOutcome::NotJudged => Fact::Undetermined,
            },
        },
        ct_programmes: programmes(verdicts),
        caa_binding: caa::by_rules(caa::binding(&verdicts.caa, &covering, at), &caa, inputs),
        caa_beside: verdicts
            .issuer
            .verdict()
            .map_or(Fact::NotGiven, |issuer| caa::beside(&caa, &issuer.expected, inputs)),
        caa,
        caa_covering: caa_covering::that_let_in_more(&covering),
        expectation: match &verdicts.issuer {
            Part::NotChecked(_) => Fact::NotGiven,
            Part::Undetermined(_) => Fact::Undetermined,
            Part::Checked(issuer) => match issuer.expectation {
                expectation::Expectation::Expected => Fact::Measured(Expectation::Expected),
                expectation::Expectation::Unexpected => Fact::Measured(Expectation::Unexpected),
                expectation::Expectation::Undetermined => Fact::Undetermined,
                expectation::Expectation::NoExpectation => Fact::NotGiven,
            },
        },
        log_watch: watch::log_watch(&verdicts.issuance, target.issuance.as_ref(), inputs),
        pins: match &verdicts.pins {
            Part::NotChecked(_) => Fact::NotGiven,
            Part::Undetermined(_) => Fact::Undetermined,
            Part::Checked(pins) => {
                let issuer = verdicts.issuer.verdict();
                let let_in = |pin: &_| used::let_in(pin, issuer, inputs);
                super::pin_facts::measured(pins, &let_in, &|file| inputs.folder_of(file))
            }
        },
        pin_files: verdicts.pins.verdict().map(|pins| removed::pin_files(pins, inputs)).unwrap_or_default(),
        dynamic_pins: verdicts.pins.verdict().map_or(Fact::NotGiven, super::pin_facts::dynamic),
        beside_dynamic: verdicts
            .pins
            .verdict()
            .map(|pins| super::pin_facts::beside_dynamic(pins, &|file| inputs.folder_of(file)))
            .unwrap_or_default(),
        hpkp: verdicts.pins.verdict().map_or(Fact::NotGiven, super::pin_facts::hpkp),
        dane: verdicts.pins.verdict().map_or(Fact::NotGiven, dane::records),
        revocation: revocation::paths(verdicts),
        apps: verdicts.pins.verdict().map(apps::apps).unwrap_or_default(),
        pin_faults: verdicts.pins.verdict().map(pin_faults).unwrap_or_default(),
        // By what was replayed, which comes later.
        root_pins: Fact::NotGiven,
    };
    doubt_packages(&mut facts);
    facts
}

/// What a package without pins in its configuration pins is not known where its compiled code is not read.
fn doubt_packages(facts: &mut MeasuredFacts) {
    let packages = &facts.pin_files.packages;
    let Fact::Measured(clients) = &mut facts.pins else { return };
    for client in clients.iter_mut().filter(|client| client.pins == Pins::NotPinned) {
        let package = client.client.split_once("!/").map_or(client.client.as_str(), |(package, _)| package);
        if packages.iter().any(|unread| unread.file == package) {
            client.pins = Pins::Undetermined;
        }
    }
}

/// Pins of a CA that has ended, and pins of public CAs alone: reasons against pins as they are, however grave a finding is.
const REASONS: [&str; 2] = ["PIN019", "PIN021"];

/// What the rules about files of pins find that is grave, or is a reason of its own whatever its severity. Records in the
/// DNS are no client's pins.
fn pin_faults(pins: &PinsVerdict) -> Vec<PinFault> {
    let is_grave = |finding: &Finding| finding.severity >= Severity::High || REASONS.contains(&finding.rule);
    let found = rules::pins::findings(pins);
    let grave =
        found.into_iter().filter(|finding| is_grave(finding) && !rules::pins::is_about_records(finding.rule));
    grave
        .map(|finding| PinFault {
            rule: finding.rule,
            title: finding.title.to_string(),
            found: format!("{}: {}", finding.subject, finding.message),
            advice: finding.advice.to_string(),
            source: finding.references.first().copied().unwrap_or_default(),
        })
        .collect()
}

/// Ports on which other protocols than HTTP begin with TLS (IANA's registry of service names): LDAP, DNS, FTP, Telnet,
/// IMAP and POP3 over TLS, submission of mail, SIP, XMPP, MQTT, PostgreSQL, RDP, MySQL.
const OTHERS: [u16; 18] =
    [465, 587, 636, 853, 989, 990, 992, 993, 994, 995, 3269, 3306, 3389, 5061, 5223, 5269, 5432, 8883];

/// The port for mail between servers (RFC 5321 section 4.5.4.2), and the one where mail programs submit (RFC 6409).
const SMTP: u16 = 25;
const SUBMISSION: u16 = 587;

fn service(target: &TargetEvidence) -> Service {
    let CertificateSource::Tls(observation) = &target.source else { return Service::Unknown };
    let port = observation.port;
    match observation.starttls.as_deref() {
        Some("smtp") if port != SUBMISSION => Service::MailTransfer { port },
        Some(_) => Service::Other { port },
        None if port == SMTP => Service::MailTransfer { port },
        None if OTHERS.contains(&port) => Service::Other { port },
        None => Service::Https { port },
    }
}

fn programmes(verdicts: &TargetVerdicts) -> CtProgrammes {
    let policies = match &verdicts.ct {
        Part::NotChecked(_) => return CtProgrammes::default(),
        Part::Undetermined(_) => {
            return CtProgrammes {
                chrome: Fact::Undetermined,
                apple: Fact::Undetermined,
                mozilla: Fact::Undetermined,
                android: Fact::Undetermined,
            };
        }
        Part::Checked(ct) => &ct.policies,
    };
    let of = |verdict: &PolicyVerdict| match verdict.outcome {
        PolicyOutcome::Compliant => Fact::Measured(true),
        PolicyOutcome::NotCompliant => Fact::Measured(false),
        PolicyOutcome::NotJudged => Fact::Undetermined,
    };
    CtProgrammes {
        chrome: of(&policies.chrome),
        apple: of(&policies.apple),
        mozilla: of(&policies.mozilla),
        android: of(&policies.android),
    }
}

/// Whether another browser's policy is missed.
fn others_refuse(policies: &Policies) -> bool {
    [&policies.apple, &policies.mozilla]
        .into_iter()
        .any(|verdict| verdict.outcome == PolicyOutcome::NotCompliant)
}

fn public_trust(verdicts: &TargetVerdicts) -> Fact<PublicTrust> {
    let Some(chain) = &verdicts.trust else { return Fact::Undetermined };
    if matches!(chain.trust, Trust::Unknown { .. }) {
        return Fact::Undetermined;
    }
    let trusted =
        chain.trust == Trust::Trusted && chain.life == Life::Current && chain.name != NameMatch::Differs;
    Fact::Measured(if trusted { PublicTrust::Trusted } else { PublicTrust::NotTrusted })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::Question;

    /// Pins of public CAs alone are a finding of low severity, and a reason against the pins all the same.
    #[test]
    fn what_is_a_reason_by_itself_is_one_whatever_its_severity() {
        let pins = |keys: [&str; 2]| {
            let text = format!(
                "<network-security-config><domain-config><domain>shop.example</domain><pin-set><pin digest='SHA-256'>{}</pin>\
                 <pin digest='SHA-256'>{}</pin></pin-set></domain-config></network-security-config>",
                keys[0], keys[1]
            );
            let question = Question {
                host: Some("shop.example"),
                path: None,
                off_path: &[],
                paths: &[],
                certificates: &[],
                service: None,
                at: "2026-11-21T00:00:00Z".parse().unwrap(),
                known_ca: &|_| None,
            };
            let verdict =
                crate::pins::judge(&crate::pins::formats::read("nsc.xml", text.as_bytes()), &question);
            pin_faults(&verdict).into_iter().map(|fault| fault.rule).collect::<Vec<_>>()
        };
        // ISRG Root X1 and Amazon Root CA 1; then with a key of nobody's.
        let (x1, amazon) =
            ("C5+lpZ7tcVwmwQIMcRtPbsQtWLABXhQzejna0wHFr8M=", "++MBgDH5WGvL9Bcn5Be30cRcL0f5O+NyoXuWtQdX1aI=");
        assert_eq!(pins([x1, amazon]), ["PIN021"]);
        assert_eq!(pins([x1, "n5EWH0NDPkmm3m22gNefYBWfLkrJFyYhoShGQoFYRAs="]), [""; 0]);
    }
}
