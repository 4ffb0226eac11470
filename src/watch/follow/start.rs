//! Where a log is begun.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use super::trouble::Trouble;
use super::{Event, Follower};
use crate::ct::merkle::TreeBuilder;
use crate::observe::clock;
use crate::watch::reader::LogReader;
use crate::watch::state::NewLog;

/// The longest age that can be asked for, in days: logs are younger.
const MOST_DAYS: i64 = 36_500;

/// Where a log is begun that the state does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the end of the tree that it has: what comes from now on.
    End,
    /// At its first entry.
    Begin,
    /// At the first entry that is no older than this.
    Age(SignedDuration),
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
        let before = match self.state().find_log(&self.log.log_id).await? {
            // It goes on from where it stands.
            Some(_) => TreeBuilder::default(),
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
                before,
            })
            .await?;
        self.number = Some(log.number);
        self.tell(&Event::Began { number: log.number, proven: log.proven.size() });
        Ok(())
    }

    async fn tree_before(&self) -> Result<TreeBuilder, Trouble> {
        let start = self.settings().start;
        if start == Start::Begin {
            return Ok(TreeBuilder::default());
        }
        let head = self.reader.head().await?;
        let size = match start {
            Start::Begin | Start::End => head.size,
            Start::Age(age) => {
                let since = clock::now().checked_sub(age).unwrap_or(Timestamp::MIN);
                self.reader.first_at(&head, since).await?.min(head.size)
            }
        };
        if size == 0 {
            return Ok(TreeBuilder::default());
        }
        Ok(self.reader.tree_before(&head, size).await?)
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
