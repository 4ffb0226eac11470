//! The climb: what to ask next, given the answers so far.
//!
//! Source: RFC 8659 section 3. The set at the name itself, else at its parent, and so on up to the top-level
//! domain, never the root. The first name that has any CAA record ends the climb, and so does a failure:
//! what could not be asked is not “none”. An alias without records at its target does not change the path:
//! the climb goes on at the parent of the name that was asked for, not of the alias's target.

use super::answer::{Answer, Content};
use crate::dns_name::DnsName;

/// A climb under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Climb {
    next: Option<DnsName>,
}

impl Climb {
    /// A climb that begins at `name` (for a wildcard name, the name without its `*.`).
    pub fn from(name: &DnsName) -> Self {
        Self { next: Some(name.clone()) }
    }

    /// The name to ask for now; `None` when the climb has ended.
    pub fn next_name(&self) -> Option<&DnsName> {
        self.next.as_ref()
    }

    /// Goes on with the answer for [`Climb::next_name`].
    pub fn answered(&mut self, answer: &Answer) {
        self.next = match (&answer.content, &self.next) {
            (Content::Empty, Some(name)) => name.parent(),
            _ => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(name: &str, answers: &[Content]) -> Vec<String> {
        let mut climb = Climb::from(&name.parse().unwrap());
        let mut asked = Vec::new();
        for content in answers {
            let Some(name) = climb.next_name() else { break };
            asked.push(name.to_string());
            climb.answered(&Answer::of(content.clone(), "NOERROR"));
        }
        asked.extend(climb.next_name().map(|name| format!("{name}?")));
        asked
    }

    #[test]
    fn it_ends_above_the_top_level_domain() {
        let empty = [Content::Empty, Content::Empty, Content::Empty, Content::Empty];
        assert_eq!(walk("a.b.example", &empty), ["a.b.example", "b.example", "example"]);
        assert_eq!(walk("intranet", &empty), ["intranet"]);
    }

    #[test]
    fn records_and_failures_end_it() {
        let found = Content::Records { records: Vec::new(), ttl: 0 };
        assert_eq!(walk("a.b.example", &[Content::Empty, found]), ["a.b.example", "b.example"]);
        assert_eq!(walk("a.b.example", &[Content::Failure]), ["a.b.example"]);
        assert_eq!(walk("a.b.example", &[Content::Empty]), ["a.b.example", "b.example?"]);
    }
}
