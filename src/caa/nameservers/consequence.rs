//! What a CA would conclude that asks one server rather than another: the climb again, with that server's word.

use super::said::Said;
use super::{Endpoint, ZoneReading, places};
use crate::caa::answer::{Answer, Content};
use crate::caa::climb::Climb;
use crate::caa::dnssec::Dnssec;
use crate::caa::judge::{CaaReading, Relevant, RelevantSet, is_missing_tld, verdict};
use crate::caa::record::CaaRecord;
use crate::caa::verdict::{CaIdentity, CaVerdict, CaaQuestion, Policy, Who};
use crate::dns_name::DnsName;
use crate::evidence::dns::CaaLookup;

/// The longest alias chain that is followed from server to server.
const MOST_ALIASES: usize = 16;

/// What a CA would conclude that asks these servers, where it is something else than the resolver's answers lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// The servers, each with its address and transport.
    pub at: Vec<String>,
    /// Who may issue then.
    pub policy: Policy,
    /// The CAs that may issue by these servers, and not by the resolver's answers.
    pub gain: Vec<String>,
    /// The CAs that may issue by the resolver's answers, and not by these servers.
    pub lose: Vec<String>,
    /// The verdicts that are another one then.
    pub verdicts: Vec<CaVerdict>,
}

/// Climbs again for each endpoint that differs, and keeps what comes out otherwise.
pub(super) fn consequences(
    base: &DnsName,
    lookup: &CaaLookup,
    zones: &[ZoneReading],
    question: &CaaQuestion,
    reading: &CaaReading,
) -> Vec<Consequence> {
    let mut found: Vec<(Vec<&Endpoint>, Consequence)> = Vec::new();
    let answers: Vec<(&DnsName, Answer)> = lookup
        .steps
        .iter()
        .chain(&lookup.above)
        .map(|exchange| (&exchange.name, Answer::read(exchange)))
        .collect();
    for endpoint in zones.iter().flat_map(ZoneReading::asked) {
        let perspective = Perspective { endpoint, zones, answers: &answers };
        if !perspective.tells_otherwise() {
            continue;
        }
        let relevant = perspective.climb(base);
        let verdicts = other_verdicts(&relevant, question, reading);
        let policy = CaaReading { relevant, ..reading.clone() }.policy();
        if policy == reading.policy() && verdicts.is_empty() {
            continue;
        }
        let same = found.iter_mut().find(|(_, known)| known.policy == policy && known.verdicts == verdicts);
        if let Some((at, _)) = same {
            at.push(endpoint);
        } else {
            let (gain, lose) = changed(&reading.policy(), &policy);
            found.push((vec![endpoint], Consequence { at: Vec::new(), policy, gain, lose, verdicts }));
        }
    }
    found.into_iter().map(|(at, consequence)| Consequence { at: places(at), ..consequence }).collect()
}

/// A CA's view that rests on one endpoint for its zone, and on the resolver's answers for all else.
struct Perspective<'a> {
    endpoint: &'a Endpoint,
    zones: &'a [ZoneReading],
    answers: &'a [(&'a DnsName, Answer)],
}

impl Perspective<'_> {
    /// Whether the endpoint answers anything in another way than the resolver did.
    fn tells_otherwise(&self) -> bool {
        self.endpoint.answers.iter().filter(|answer| answer.said.is_answer()).any(|answer| {
            let resolver =
                self.zones.iter().flat_map(|zone| &zone.names).find(|name| name.name == answer.name);
            resolver.and_then(|name| name.resolver.as_ref()) != Some(&answer.said)
        })
    }

    fn climb(&self, base: &DnsName) -> Relevant {
        let mut climb = Climb::from(base);
        while let Some(name) = climb.next_name().cloned() {
            let answer = self.answer(&name);
            climb.answered(&answer);
            match answer.content {
                Content::Empty if !is_missing_tld(&name, &answer.detail, &answer.aliases) => {}
                // What a single server says is not validated.
                Content::Empty | Content::Failure => {
                    let dnssec = Dnssec::Unchecked;
                    return Relevant::Undetermined { at: name, detail: answer.detail, dnssec };
                }
                Content::Records { records, ttl } => {
                    return Relevant::Set(RelevantSet { name, records, ttl, aliases: answer.aliases });
                }
            }
        }
        Relevant::NoneAnywhere
    }

    /// The answer for a step: the endpoint's word where it has one, else the resolver's.
    fn answer(&self, step: &DnsName) -> Answer {
        let unknown = Answer::of(Content::Failure, "not asked");
        let resolved =
            self.answers.iter().find(|(name, _)| *name == step).map_or(&unknown, |(_, answer)| answer);
        let mut aliases: Vec<String> = Vec::new();
        let mut at = step.to_string();
        while aliases.len() <= MOST_ALIASES {
            let content = match self.said(&at) {
                Some(Said::Records(records)) => Content::Records {
                    records: records.iter().map(|rdata| CaaRecord::read(rdata)).collect(),
                    ttl: 0,
                },
                Some(Said::Nothing) => Content::Empty,
                Some(Said::Alias(target)) => {
                    aliases.push(target.clone());
                    at.clone_from(target);
                    continue;
                }
                // The resolver's way on from here, if it passed here.
                _ => match resolver_at(step, resolved, &at) {
                    ResolverAt::Alias(target) => {
                        aliases.push(target.to_owned());
                        target.clone_into(&mut at);
                        continue;
                    }
                    ResolverAt::End => resolved.content.clone(),
                    ResolverAt::Elsewhere => {
                        let detail = format!("an alias to {at}, which was not followed");
                        return Answer { aliases, ..Answer::of(Content::Failure, detail) };
                    }
                },
            };
            return Answer { content, aliases, ..resolved.clone() };
        }
        Answer { aliases, ..Answer::of(Content::Failure, "alias loop") }
    }

    /// What the endpoint says of a name, if it is one of its zone.
    fn said(&self, name: &str) -> Option<&Said> {
        let answer = self.endpoint.answers.iter().find(|answer| answer.name.as_str() == name)?;
        answer.said.is_answer().then_some(&answer.said)
    }
}

/// Where the resolver went on from a name.
enum ResolverAt<'a> {
    /// To this alias.
    Alias(&'a str),
    /// Nowhere: its answer is about this name.
    End,
    /// It was never there.
    Elsewhere,
}

/// Where the resolver went on from `at`, when it was asked for `step`.
fn resolver_at<'a>(step: &DnsName, resolved: &'a Answer, at: &str) -> ResolverAt<'a> {
    let next = if at == step.as_str() {
        resolved.aliases.first()
    } else {
        let Some(place) = resolved.aliases.iter().position(|alias| alias == at) else {
            return ResolverAt::Elsewhere;
        };
        resolved.aliases.get(place.saturating_add(1))
    };
    next.map_or(ResolverAt::End, |target| ResolverAt::Alias(target))
}

/// The verdicts on the CAs asked about that come out otherwise.
fn other_verdicts(relevant: &Relevant, question: &CaaQuestion, reading: &CaaReading) -> Vec<CaVerdict> {
    let identity = |ca: &str| match &question.who {
        Who::Named(cas) => cas.iter().find(|known| known.label == ca).cloned(),
        Who::EveryCaInTheSet => Some(CaIdentity::from_identifier(ca)),
    };
    let again = |known: &CaVerdict| {
        let other = verdict(relevant, &identity(&known.ca)?, reading.wildcard, question);
        (other.verdict != known.verdict).then_some(other)
    };
    reading.verdicts.iter().filter_map(again).collect()
}

/// Who may issue by the second policy and not by the first, and the other way round.
fn changed(from: &Policy, to: &Policy) -> (Vec<String>, Vec<String>) {
    let without = |these: &[String], others: &[String]| -> Vec<String> {
        these.iter().filter(|ca| !others.contains(ca)).cloned().collect()
    };
    let every_other = || vec!["every other CA".to_owned()];
    match (from, to) {
        (Policy::Only(before), Policy::Only(after)) => (without(after, before), without(before, after)),
        (Policy::Only(_), Policy::Anyone) => (every_other(), Vec::new()),
        (Policy::Anyone, Policy::Only(_)) => (Vec::new(), every_other()),
        (Policy::Only(before), Policy::Nobody) => (Vec::new(), before.clone()),
        (Policy::Nobody, Policy::Only(after)) => (after.clone(), Vec::new()),
        (Policy::Anyone, Policy::Nobody) => (Vec::new(), vec!["every CA".to_owned()]),
        (Policy::Nobody, Policy::Anyone) => (vec!["every CA".to_owned()], Vec::new()),
        _ => (Vec::new(), Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_is_gained_or_lost() {
        let only = |ca: &str| Policy::Only(vec![ca.to_owned()]);
        let ca = |ca: &str| vec![ca.to_owned()];
        assert_eq!(changed(&only("a.test"), &Policy::Nobody), (Vec::new(), ca("a.test")));
        assert_eq!(changed(&only("a.test"), &only("b.test")), (ca("b.test"), ca("a.test")));
        let open = Policy::Undetermined("SERVFAIL".to_owned());
        assert_eq!(changed(&only("a.test"), &open), (Vec::new(), Vec::new()));
        assert_eq!(changed(&open, &only("a.test")), (Vec::new(), Vec::new()));
    }
}
