//! Where a log is begun.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use super::age::{can_be_taken, time};
use super::trouble::Trouble;
use super::{Event, Follower};
use crate::ct::merkle::TreeBuilder;
use crate::watch::reader::{Breach, LogReader, ReadError};
use crate::watch::state::{Head, NewLog};

/// The longest age that can be asked for, in days: logs are younger.
const MOST_DAYS: i64 = 36_500;
/// How much later than its timestamp an entry may come into a log: the maximum merge delay of the logs' policies. Behind the
/// first entry of a time there may be older ones for so long.
const LATEST_ENTRY: SignedDuration = SignedDuration::from_hours(24);

/// Among how many entries before the first one that is read one is looked at, and how many times as many for each
/// further one.
const NEAREST: u64 = 16;
const FURTHER: u64 = 16;

/// Where a log is begun that the state does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the end of the tree that it has: what comes from now on.
    End,
    /// At its first entry.
    Begin,
    /// At the first entry that is no older than this, and a day more.
    Age(SignedDuration),
}

/// Where a log was begun by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// The first entry that is read.
    pub first: u64,
    /// When the entry before it was logged, as its leaf says, which lies in the log's tree.
    pub before: Option<Timestamp>,
    /// The time that was looked for.
    pub since: Timestamp,
    /// Whether it is the end of the tree: of the entries that were looked at, none is of that time or later.
    pub is_end: bool,
}

impl fmt::Display for Beginning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "begun at entry {}", self.first)?;
        if self.is_end {
            write!(
                f,
                ", the end of its tree: none of the entries that were looked at is of {} or later",
                self.since
            )?;
        }
        match self.before {
            Some(before) => write!(f, "; the entry before it was logged at {before}"),
            None => write!(f, ", its first"),
        }
    }
}

/// What stands before the first entry that is to be read.
#[derive(Default)]
struct Before {
    tree: TreeBuilder,
    head: Option<Head>,
    beginning: Option<Beginning>,
    /// Why it is begun behind that, for people.
    why: Option<String>,
}

impl FromStr for Start {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "end" => return Ok(Self::End),
            "begin" => return Ok(Self::Begin),
            _ => {}
        }
        let refused = || format!("“{text}” is neither end, begin nor an age such as 12h, 7d or 4w");
        let unit = text.chars().next_back().ok_or_else(refused)?;
        let hours = match unit {
            'h' => 1,
            'd' => 24,
            'w' => 7 * 24,
            _ => return Err(refused()),
        };
        let number: u32 = text.trim_end_matches(unit).parse().map_err(|_| refused())?;
        let hours = i64::from(number).saturating_mul(hours);
        // A second sign or unit would be taken off as well.
        if text.len() != number.to_string().len() + 1 || hours > MOST_DAYS * 24 {
            return Err(refused());
        }
        Ok(Self::Age(SignedDuration::from_hours(hours)))
    }
}

impl<R: LogReader> Follower<'_, R> {
    /// Registers the log in the state, where it is not known from where it is to be begun.
    pub(super) async fn begin(&mut self) -> Result<(), Trouble> {
        self.state().search_for(&self.following.watched).await?;
        self.following.judging.wishes().into_iter().for_each(|wishes| self.state().wish(wishes));
        let known = self.state().find_log(&self.log.log_id).await?;
        let before = match &known {
            // It goes on from where it stands.
            Some(_) => Before::default(),
            None => self.tree_before().await?,
        };
        let log = self
            .state()
            .register(&NewLog {
                log_id: self.log.log_id,
                description: self.log.name.clone(),
                url: self.log.url.clone(),
                kind: self.log.kind,
                key: self.log.key.clone(),
                before: before.tree,
                head: before.head,
                begun: before.why,
            })
            .await?;
        if known.is_some() {
            self.search_again(&log).await?;
        }
        self.number = Some(log.number);
        let log = self.state().log(log.number).await?;
        let beginning = before.beginning.filter(|beginning| beginning.first == log.start);
        self.tell(&Event::Began { number: log.number, proven: log.proven.size(), beginning });
        Ok(())
    }

    async fn tree_before(&self) -> Result<Before, Trouble> {
        let start = self.settings().start;
        if start == Start::Begin {
            let why = Some("begun at its first entry (from begin)".to_owned());
            return Ok(Before { why, ..Before::default() });
        }
        let head = self.reader.head().await?;
        if let Err((kind, what)) = can_be_taken(None, &head, self.now()) {
            return Err(Trouble::heads(kind, what, [&head]));
        }
        let (tree, beginning) = match start {
            Start::Age(age) => {
                let (tree, beginning) = self.tree_before_age(&head, age).await?;
                (tree, Some(beginning))
            }
            Start::Begin | Start::End => (self.tree_of_first(&head, head.size).await?, None),
        };
        let why = beginning.map_or_else(
            || "begun at the end of the tree that it had then (from end)".to_owned(),
            |beginning| beginning.to_string(),
        );
        Ok(Before { tree, head: Some(head), beginning, why: Some(why) })
    }

    async fn tree_of_first(&self, head: &Head, size: u64) -> Result<TreeBuilder, Trouble> {
        Ok(match size {
            0 => TreeBuilder::default(),
            size => self.reader.tree_before(head, size).await?,
        })
    }

    /// The tree before the first entry that is no older than an age and a day more, and where that is.
    pub(super) async fn tree_before_age(
        &self,
        head: &Head,
        age: SignedDuration,
    ) -> Result<(TreeBuilder, Beginning), Trouble> {
        let back = age.saturating_add(LATEST_ENTRY);
        let since = self.now().checked_sub(back).unwrap_or(Timestamp::MIN);
        let first = self.reader.first_at(head, since).await?.min(head.size);
        let tree = self.tree_of_first(head, first).await?;
        let before = self.time_before(head, &tree, since).await?;
        let asked = self.now().checked_sub(age).unwrap_or(Timestamp::MIN);
        self.look_before(head, first, asked).await?;
        Ok((tree, Beginning { first, before, since, is_end: first == head.size }))
    }

    /// When the last entry of `tree` was logged, which must be before `since`.
    async fn time_before(
        &self,
        head: &Head,
        tree: &TreeBuilder,
        since: Timestamp,
    ) -> Result<Option<Timestamp>, Trouble> {
        let Some(last) = tree.size().checked_sub(1) else { return Ok(None) };
        let timestamp = self.proven_time(head, tree).await?;
        let logged = i64::try_from(timestamp).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        if logged.is_none_or(|logged| logged >= since) {
            let logged = time(timestamp);
            let what = format!(
                "entry {last} was logged at {logged}, and it gave one of before {since} in its place"
            );
            return Err(self.misplaced(head, what));
        }
        Ok(logged)
    }

    /// Looks at entries here and there before the first one that is read: one of the time that was asked for shows that
    /// the place was found by entries with a false time. An entry comes into its log within a day, so that behind it none
    /// is more than a day older. Nobody can know in advance which are looked at.
    async fn look_before(&self, head: &Head, first: u64, asked: Timestamp) -> Result<(), Trouble> {
        let (mut width, mut done) = (NEAREST, first == 0);
        while !done {
            let index = first.saturating_sub(1).saturating_sub(chance(width.min(first)));
            let tree = self.reader.tree_before(head, index.saturating_add(1)).await?;
            let timestamp = self.proven_time(head, &tree).await?;
            let logged = i64::try_from(timestamp).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
            if logged.is_none_or(|logged| logged >= asked) {
                let what = format!(
                    "entry {index} was logged at {}, and entries behind it say that they are of more than a day before",
                    time(timestamp)
                );
                return Err(self.misplaced(head, what));
            }
            done = width >= first;
            width = width.saturating_mul(FURTHER);
        }
        Ok(())
    }

    /// When the last entry of `tree` was logged, in milliseconds. What a log says where nothing proves it may be false:
    /// its leaf has to be the one in the tree.
    async fn proven_time(&self, head: &Head, tree: &TreeBuilder) -> Result<u64, Trouble> {
        let last = tree.size().saturating_sub(1);
        let mut with_leaf = self.reader.tree_before(head, last).await?;
        let (timestamp, leaf) = self.reader.leaf_at(last, head.size).await?;
        with_leaf.push(leaf);
        if with_leaf.root() != tree.root() {
            let what = format!("what it gave for entry {last} is not the entry in its tree");
            return Err(self.misplaced(head, what));
        }
        Ok(timestamp)
    }

    fn misplaced(&self, head: &Head, what: String) -> Trouble {
        let url = self.log.url.clone();
        ReadError::Breach { breach: Breach::Proof, what, url, octets: head.octets.clone() }.into()
    }
}

/// Less than `below`, by chance; the middle of it without.
fn chance(below: u64) -> u64 {
    let mut octets = [0; 8];
    match getrandom::fill(&mut octets) {
        Ok(()) => u64::from_be_bytes(octets).checked_rem(below).unwrap_or_default(),
        Err(_) => below / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_a_word_or_an_age() {
        assert_eq!("end".parse(), Ok(Start::End));
        assert_eq!("begin".parse(), Ok(Start::Begin));
        for (text, hours) in [("7d", 168), ("12h", 12), ("2w", 336), ("0d", 0)] {
            assert_eq!(text.parse(), Ok(Start::Age(SignedDuration::from_hours(hours))), "{text}");
        }
        for text in ["", "7", "d", "-7d", "+7d", "7dd", "7y", "07d", "4000000000w", "99999w", "7 d", "７d"] {
            assert!(text.parse::<Start>().is_err(), "{text}");
        }
    }
}
