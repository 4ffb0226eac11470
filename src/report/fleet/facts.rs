//! What there is to say of many targets, fact by fact, for every report that people read.

use super::{CaaStanding, Expiry, Fleet, Group, Issuing, PinKind, Refusal};
use crate::compare::advice::Verdict;
use crate::ct::log_list::Program;
use crate::ct::policy::title;
use crate::report::document::Mark;
use crate::rules::Severity;

/// How many CAs, causes and rules are told each.
const MOST_TOLD: usize = 10;

/// One thing that is so of some of the targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetFact {
    /// What it is about, such as `CAA`; several facts in a row may be about the same.
    pub about: &'static str,
    /// How it looks at a glance.
    pub mark: Mark,
    /// Of how many targets it is so.
    pub targets: usize,
    /// What is so of them, in words that follow their number.
    pub words: String,
    /// The first of them, where it matters which they are.
    pub examples: Vec<String>,
}

impl FleetFact {
    fn new(about: &'static str, mark: Mark, group: &Group, words: impl Into<String>) -> Self {
        // Which ones are in order, nobody has to know.
        let examples = if mark == Mark::Good { Vec::new() } else { group.examples.clone() };
        Self { about, mark, targets: group.targets, words: words.into(), examples }
    }

    /// What is so of them, with the first of them behind it, as many as are wanted.
    pub fn told(&self, most: usize) -> String {
        let named: Vec<&str> = self.examples.iter().take(most).map(String::as_str).collect();
        match self.targets.saturating_sub(named.len()) {
            _ if named.is_empty() => self.words.clone(),
            0 => format!("{} ({})", self.words, named.join(", ")),
            more => format!("{} ({} and {more} more)", self.words, named.join(", ")),
        }
    }
}

impl Fleet {
    /// What there is to say, in the order in which it is told.
    pub fn facts(&self) -> Vec<FleetFact> {
        let mut facts = Vec::new();
        self.add_caa(&mut facts);
        self.add_cas(&mut facts);
        self.add_ct(&mut facts);
        self.add_pins(&mut facts);
        self.add_advice(&mut facts);
        self.add_ends(&mut facts);
        self.add_open(&mut facts);
        self.add_rules(&mut facts);
        facts
    }

    fn add_caa(&self, facts: &mut Vec<FleetFact>) {
        for standing in CaaStanding::ALL {
            let Some(group) = self.caa(standing) else { continue };
            let (mark, words) = match standing {
                CaaStanding::None => (Mark::Bad, "no CAA record for a name: every CA may issue"),
                CaaStanding::Anyone => (Mark::Bad, "CAA records that leave every CA free"),
                CaaStanding::Undetermined => (Mark::Open, "what CAA says is not known"),
                CaaStanding::Restricted => (Mark::Good, "CAA restricts who may issue"),
                CaaStanding::NotApplicable => (Mark::None, "CAA applies to no name"),
                CaaStanding::NotChecked => (Mark::None, "CAA was not looked at"),
            };
            facts.push(FleetFact::new("CAA", mark, group, words));
        }
        let denies = self.caa_denies();
        if denies.targets > 0 {
            let words = "CAA does not permit the CA in use: the next renewal fails";
            facts.push(FleetFact::new("CAA", Mark::Bad, denies, words));
        }
    }

    fn add_cas(&self, facts: &mut Vec<FleetFact>) {
        let cas = self.cas();
        for (Issuing { owner, proven }, count) in cas.iter().take(MOST_TOLD) {
            let name = match (owner, proven) {
                (Some(owner), true) => owner.clone(),
                (Some(owner), false) => format!("{owner}, as the certificate claims without proof"),
                (None, _) => "a CA that no table knows".to_owned(),
            };
            let (mark, unexpected) = match count.unexpected {
                0 if !*proven => (Mark::Open, String::new()),
                0 if count.expected == count.targets.targets => (Mark::Good, "; expected".to_owned()),
                // Where nobody said what to expect, it is neither good nor bad.
                0 => (Mark::None, String::new()),
                unexpected => (Mark::Bad, format!("; not expected of {unexpected}")),
            };
            facts.push(FleetFact::new("Issued by", mark, &count.targets, name + &unexpected));
        }
        let more = cas.iter().skip(MOST_TOLD).map(|(_, count)| count.targets.targets);
        add_more(facts, "Issued by", more, "other CAs");
        let without = self.no_certificate();
        if without.targets > 0 {
            let words = "not known: no certificate was obtained";
            facts.push(FleetFact::new("Issued by", Mark::Open, without, words));
        }
    }

    fn add_ct(&self, facts: &mut Vec<FleetFact>) {
        for (refusal, mark, words) in [
            (Refusal::NotCompliant, Mark::Bad, "the certificate is refused for want of SCTs"),
            (Refusal::NotJudged, Mark::Open, "the CT policy could not be judged"),
            (Refusal::Compliant, Mark::Good, "the CT policy is met"),
        ] {
            let mut told: Vec<(Vec<&str>, &Group)> = Vec::new();
            for program in Program::ALL {
                let Some(group) = self.ct(program, refusal) else { continue };
                match told.iter_mut().find(|(_, known)| self.are_the_same(known, group)) {
                    Some((programs, _)) => programs.push(title(program)),
                    None => told.push((vec![title(program)], group)),
                }
            }
            for (programs, group) in told {
                let words = format!("{}: {words}", programs.join(", "));
                facts.push(FleetFact::new("CT", mark, group, words));
            }
        }
    }

    /// Whether two groups surely have the same targets: all that there are, or few enough that each is named.
    fn are_the_same(&self, one: &Group, other: &Group) -> bool {
        let is_all = |group: &Group| group.targets == self.targets();
        (is_all(one) && is_all(other)) || (one == other && one.targets == one.examples.len())
    }

    fn add_pins(&self, facts: &mut Vec<FleetFact>) {
        for (status, group) in self.pins() {
            // Whether it is good to pin is another question, which `compare` answers.
            let (mark, words) = match status.as_str() {
                "pinned" => (Mark::None, "pinned"),
                "not_pinned" => (Mark::None, "not pinned by what was given"),
                "undetermined" => (Mark::Open, "whether they are pinned is not known"),
                "no_pin_sources" => (Mark::None, "whether they are pinned is not known: no pins were given"),
                _ => continue,
            };
            let mut fact = FleetFact::new("Pins", mark, group, words);
            if status == "no_pin_sources" {
                fact.examples.clear();
            }
            facts.push(fact);
        }
        for kind in PinKind::ALL {
            let Some(group) = self.pin_kind(kind) else { continue };
            let (mark, words) = match kind {
                PinKind::LockedOut => (Mark::Bad, "pins that match nothing: clients are locked out"),
                PinKind::Expired => (Mark::Bad, "pins that have ended"),
                PinKind::Leaf => (Mark::None, "a pin of the server's own key is enforced"),
                PinKind::Intermediate => (Mark::None, "a pin of an intermediate is enforced"),
                PinKind::Root => (Mark::None, "a pin of a root is enforced"),
                PinKind::ReportOnly => (Mark::None, "pins that only report"),
            };
            facts.push(FleetFact::new("Pins", mark, group, words));
        }
    }

    fn add_advice(&self, facts: &mut Vec<FleetFact>) {
        for verdict in Verdict::ALL {
            let Some(group) = self.advice().get(verdict.name()) else { continue };
            let mark = match verdict {
                Verdict::Drop | Verdict::Change => Mark::Bad,
                Verdict::Undetermined => Mark::Open,
                Verdict::DoNotPin => Mark::None,
                Verdict::Keep => Mark::Good,
            };
            facts.push(FleetFact::new("Advice", mark, group, verdict.word()));
        }
    }

    fn add_ends(&self, facts: &mut Vec<FleetFact>) {
        for expiry in Expiry::ALL {
            let Some(group) = self.expiry(expiry) else { continue };
            let (mark, words) = match expiry {
                Expiry::Expired => (Mark::Bad, "the certificate has ended"),
                Expiry::VerySoon => (Mark::Bad, "the certificate ends within 7 days"),
                Expiry::Soon => (Mark::None, "the certificate ends within 30 days"),
            };
            facts.push(FleetFact::new("Ends", mark, group, words));
        }
    }

    fn add_open(&self, facts: &mut Vec<FleetFact>) {
        let open = self.open();
        for (cause, group) in open.iter().take(MOST_TOLD) {
            facts.push(FleetFact::new("Not known", Mark::Open, group, *cause));
        }
        let more = open.iter().skip(MOST_TOLD).map(|(_, group)| group.targets);
        add_more(facts, "Not known", more, "other causes");
    }

    fn add_rules(&self, facts: &mut Vec<FleetFact>) {
        let rules = self.rules();
        for (rule, count) in rules.iter().take(MOST_TOLD) {
            let fails = count.severity >= Severity::High && count.accepted < count.findings;
            let mark = if fails { Mark::Bad } else { Mark::None };
            let accepted = match count.accepted {
                0 => String::new(),
                all if all == count.findings => "; accepted".to_owned(),
                some => format!("; {some} of {} accepted", count.findings),
            };
            let words = format!("{} {rule}: {}{accepted}", count.severity, count.title);
            facts.push(FleetFact::new("Findings", mark, &count.targets, words));
        }
        let more = rules.iter().skip(MOST_TOLD).map(|(_, count)| count.targets.targets);
        add_more(facts, "Findings", more, "other rules");
    }
}

/// Tells that there is more than was told.
fn add_more(
    facts: &mut Vec<FleetFact>,
    about: &'static str,
    more: impl ExactSizeIterator<Item = usize>,
    what: &str,
) {
    let kinds = more.len();
    if kinds > 0 {
        let targets = more.sum();
        let words = format!("{kinds} {what}; `--summary FILE` has them");
        facts.push(FleetFact { about, mark: Mark::None, targets, words, examples: Vec::new() });
    }
}
