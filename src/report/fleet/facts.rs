//! What there is to say of many targets, fact by fact, for every report that people read.

use super::{CaaStanding, Expiry, Fleet, Group, Issuing, PinKind, Refusal};
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
                0 if *proven => (Mark::Good, String::new()),
                0 => (Mark::Open, String::new()),
                unexpected => (Mark::Bad, format!("; not expected of {unexpected}")),
            };
            facts.push(FleetFact::new("Issued by", mark, &count.targets, name + &unexpected));
        }
        let more = cas.iter().skip(MOST_TOLD).map(|(_, count)| count.targets.targets);
        add_more(facts, "Issued by", more, "other CAs");
    }

    fn add_ct(&self, facts: &mut Vec<FleetFact>) {
        for program in Program::ALL {
            for (refusal, mark, words) in [
                (Refusal::NotCompliant, Mark::Bad, "refuses the certificate for want of SCTs"),
                (Refusal::NotJudged, Mark::Open, "its CT policy could not be judged"),
                (Refusal::Compliant, Mark::Good, "its CT policy is met"),
            ] {
                if let Some(group) = self.ct(program, refusal) {
                    let words = format!("{}: {words}", title(program));
                    facts.push(FleetFact::new("CT", mark, group, words));
                }
            }
        }
    }

    fn add_pins(&self, facts: &mut Vec<FleetFact>) {
        for (status, group) in self.pins() {
            let (mark, words) = match status.as_str() {
                "pinned" => (Mark::Good, "pinned"),
                "not_pinned" => (Mark::None, "not pinned by what was given"),
                "undetermined" => (Mark::Open, "whether they are pinned is not known"),
                // Without a pin file there is nothing to say.
                _ => continue,
            };
            facts.push(FleetFact::new("Pins", mark, group, words));
        }
        for kind in PinKind::ALL {
            let Some(group) = self.pin_kind(kind) else { continue };
            let (mark, words) = match kind {
                PinKind::LockedOut => (Mark::Bad, "pins that match nothing: clients are locked out"),
                PinKind::Expired => (Mark::Bad, "pins that have ended"),
                PinKind::Leaf => (Mark::Good, "a pin of the server's own key is enforced"),
                PinKind::Intermediate => (Mark::Good, "a pin of an intermediate is enforced"),
                PinKind::Root => (Mark::Good, "a pin of a root is enforced"),
                PinKind::ReportOnly => (Mark::None, "pins that only report"),
            };
            facts.push(FleetFact::new("Pins", mark, group, words));
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
            let mark = if count.severity >= Severity::High { Mark::Bad } else { Mark::None };
            let words = format!("{} {rule}: {}", count.severity, count.title);
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
