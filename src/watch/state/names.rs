//! Which names were searched for, in which entries of which log.
//!
//! A set of names is kept once, by its hash. Each range is read for one set, and what was read counts for the names of
//! that set alone: whoever watches more names later, or other ones, is told which entries were never searched for them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::State;
use super::dark::dark_before;
use super::database::Durability::{Durable, Progress};
use super::database::{Transaction, Value, number};
use super::error::StateError;
use super::followers::{Following, drop_names};
use super::lease::is_free;
use super::logs::{Log, LogNumber};
use crate::dns_name::DnsName;
use crate::issuance::names::{WatchedName, WatchedNames};

/// How many sets of others are compared with ours, the newest first.
const MOST_SETS: usize = 15;
/// How long a set is kept that nobody searches for and nothing needs, in milliseconds: thirty days.
const KEPT: i64 = 30 * 86_400_000;
/// How often it is said that a set is searched for, in milliseconds.
const NAMED_EVERY: i64 = 3_600_000;
/// How many names are listed that entries were not searched for.
const MOST_LISTED: usize = 20;

/// Whether no entry of a log was searched, or is, for the names of the set $1.
macro_rules! is_unused {
    () => {
        "NOT EXISTS (SELECT 1 FROM searched WHERE names = $1) \
         AND NOT EXISTS (SELECT 1 FROM ranges WHERE names = $1)"
    };
}

/// Names that entries of a log were not searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsearched {
    /// The first of them.
    pub names: Vec<WatchedName>,
    /// How many there are.
    pub count: usize,
    /// The entries: each stretch with its first, and the one behind its last.
    pub entries: Vec<(u64, u64)>,
}

impl fmt::Display for Unsearched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = |texts: Vec<String>, all: usize| {
            let shown = texts.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            match all.saturating_sub(3) {
                0 => shown,
                more => format!("{shown} and {more} more"),
            }
        };
        let names = self.names.iter().take(3).map(|watched| watched.name.to_string()).collect();
        let stretch = |(first, end): &(u64, u64)| format!("{first} to {}", end.saturating_sub(1));
        let entries: Vec<String> = self.entries.iter().take(3).map(stretch).collect();
        let (names, entries) = (some(names, self.count), some(entries, self.entries.len()));
        write!(f, "entries {entries} were not searched for {names}")
    }
}

/// Which proven entries were searched for a name and all below it.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that the state tells")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameSearch {
    /// Whether it is known which names were ever watched: an older program did not keep that.
    pub is_known: bool,
    /// Whether any process ever watched it so.
    pub is_watched: bool,
    /// By log: each stretch with its first entry, and the one behind its last.
    pub entries: HashMap<LogNumber, Vec<(u64, u64)>>,
    /// When a process said last that it searches for it.
    pub named: Option<Timestamp>,
    /// Whether no process has said since that it searches for other names alone.
    pub is_latest: bool,
    /// Whether a process follows a log now, for whichever names.
    pub is_running: bool,
    /// By log: who follows it for the name.
    pub following: HashMap<LogNumber, Following>,
}

/// The names that this process searches for, or asks about.
pub(super) struct OwnNames {
    /// The number of their set; 0 where there is none. One that went while nobody looked gets another.
    id: AtomicI64,
    names: Vec<WatchedName>,
}

impl State {
    /// From now on, entries are read for these names. Only the first call counts: a process has one set of names.
    pub async fn search_for(&self, watched: &WatchedNames) -> Result<(), StateError> {
        self.names.get_or_try_init(|| self.keep_names(watched)).await.map(drop)
    }

    /// Asks about these names alone, and changes nothing; like [`State::search_for`], the first call counts.
    pub async fn look_for(&self, watched: &WatchedNames) -> Result<(), StateError> {
        let look = async || {
            let sha256 = Sha256::digest(octets_of(watched.names()));
            let sql = "SELECT id FROM name_sets WHERE sha256 = $1";
            let rows = self.database.rows(Progress, sql, &[Value::Octets(&sha256)]).await?;
            let id = rows.first().map_or(Ok(0), |row| row.signed(0))?;
            Ok(OwnNames { id: AtomicI64::new(id), names: watched.names().to_vec() })
        };
        self.names.get_or_try_init(look).await.map(drop)
    }

    /// The set that is searched for, if there is one.
    pub(super) fn names(&self) -> Option<i64> {
        self.names.get().map(|own| own.id.load(Ordering::Relaxed)).filter(|id| *id > 0)
    }

    /// Says that our names are searched for still, so that their set stays.
    pub(super) async fn still_search(&self) -> Result<(), StateError> {
        let (Some(own), Some(id)) = (self.names.get(), self.names()) else { return Ok(()) };
        let sql = "SELECT (SELECT now FROM clock) - named FROM name_sets WHERE id = $1";
        let rows = self.database.rows(Progress, sql, &[Value::Number(id)]).await?;
        // Where it is gone, we slept for so long that others took it for nobody's.
        let is_due = rows.first().map_or(Ok(true), |row| row.signed(0).map(|age| age > NAMED_EVERY))?;
        if is_due {
            let id = self.keep_set(&own.names).await?;
            own.id.store(id, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn keep_names(&self, watched: &WatchedNames) -> Result<OwnNames, StateError> {
        let id = self.keep_set(watched.names()).await?;
        self.drop_stale(id, watched.names()).await?;
        self.drop_dead_followers().await?;
        Ok(OwnNames { id: AtomicI64::new(id), names: watched.names().to_vec() })
    }

    async fn keep_set(&self, names: &[WatchedName]) -> Result<i64, StateError> {
        let octets = octets_of(names);
        let sha256 = Sha256::digest(&octets);
        let mut transaction = self.database.begin(Durable).await?;
        let done = async {
            let values = [Value::Octets(&sha256), Value::Octets(&octets)];
            let sql = "INSERT INTO name_sets (sha256, names, named) VALUES ($1, $2, (SELECT now FROM clock)) \
                       ON CONFLICT (sha256) DO UPDATE SET named = excluded.named";
            transaction.execute(sql, &values).await?;
            let rows = transaction.rows("SELECT id FROM name_sets WHERE sha256 = $1", &values[..1]).await?;
            let missing = || StateError::Damaged("a set of names is missing".to_owned());
            rows.first().ok_or_else(missing)?.signed(0)
        };
        let done = done.await;
        transaction.end(done).await
    }

    /// Drops sets that nobody has searched for in thirty days and of which nothing is left: no entries, or only such as
    /// were searched for our names as well, which have all of theirs.
    async fn drop_stale(&self, own: i64, names: &[WatchedName]) -> Result<(), StateError> {
        let octets = octets_of(names);
        let ours = Lookup::read(&octets);
        let sql =
            "SELECT id FROM name_sets WHERE id <> $1 AND (SELECT now FROM clock) - named > $2 ORDER BY id";
        for row in self.database.rows(Progress, sql, &[Value::Number(own), Value::Number(KEPT)]).await? {
            let stale = [Value::Number(row.signed(0)?), Value::Number(own)];
            let sql = "SELECT names FROM name_sets WHERE id = $1";
            let rows = self.database.rows(Progress, sql, &stale[..1]).await?;
            let theirs = rows.first().map_or(Ok(Vec::new()), |row| row.octets(0))?;
            let mut transaction = self.database.begin(Durable).await?;
            let done = async {
                if covers_all(&ours, &theirs) {
                    let sql = "DELETE FROM searched WHERE names = $1 AND EXISTS (SELECT 1 FROM searched AS own \
                               WHERE own.names = $2 AND own.log = searched.log \
                               AND own.start <= searched.start AND own.stop >= searched.stop)";
                    transaction.execute(sql, &stale).await?;
                }
                // Whoever comes back with these names says anew from where they are wanted.
                let sql = concat!("DELETE FROM wanted WHERE names = $1 AND ", is_unused!());
                transaction.execute(sql, &stale[..1]).await?;
                drop_names(&mut transaction, row.signed(0)?).await?;
                let sql = concat!("DELETE FROM name_sets WHERE id = $1 AND ", is_unused!());
                transaction.execute(sql, &stale[..1]).await.map(drop)
            };
            let done = done.await;
            transaction.end(done).await?;
        }
        Ok(())
    }

    /// From which entry on the log is to be searched for our names, where that was said.
    pub async fn wanted_from(&self, log: LogNumber) -> Result<Option<u64>, StateError> {
        let Some(own) = self.names() else { return Ok(None) };
        let sql = "SELECT start FROM wanted WHERE log = $1 AND names = $2";
        let values = [Value::Number(log.0), Value::Number(own)];
        self.database.rows(Progress, sql, &values).await?.first().map(|row| row.number(0)).transpose()
    }

    /// Says from which entry on the log is to be searched for our names.
    pub async fn want_from(&self, log: LogNumber, start: u64) -> Result<(), StateError> {
        let Some(own) = self.names() else { return Ok(()) };
        let sql = "INSERT INTO wanted (log, names, start) VALUES ($1, $2, $3) \
                   ON CONFLICT (log, names) DO UPDATE SET start = excluded.start";
        let values = [Value::Number(log.0), Value::Number(own), number(start)?];
        self.database.rows(Durable, sql, &values).await.map(drop)
    }

    /// Which proven entries of the log, from this one on, were not searched for which of our names, beside those that
    /// nobody could read: those are in [`State::dark`].
    pub async fn unsearched(&self, log: &Log, from: u64) -> Result<Vec<Unsearched>, StateError> {
        let Some(own) = self.names.get() else { return Ok(Vec::new()) };
        let wanted = (from, log.proven.size());
        let sets = self.searched(log.number).await?;
        let id = self.names();
        let mut ours = id.and_then(|id| sets.get(&id)).cloned().unwrap_or_default();
        ours.extend(self.dark(log.number).await?.iter().map(|dark| (dark.start, dark.stop)));
        if gaps(&ours, wanted).is_empty() {
            return Ok(Vec::new());
        }
        let mut others = Vec::new();
        for (id, stretches) in sets.iter().rev().filter(|(other, _)| Some(**other) != id).take(MOST_SETS) {
            let sql = "SELECT names FROM name_sets WHERE id = $1";
            let rows = self.database.rows(Progress, sql, &[Value::Number(*id)]).await?;
            others.push((rows.first().map_or(Ok(Vec::new()), |row| row.octets(0))?, stretches));
        }
        let sets: Vec<Lookup<'_>> = others.iter().map(|(octets, _)| Lookup::read(octets)).collect();
        // Names that the same sets have were searched for in the same entries.
        let mut alike: BTreeMap<u64, Vec<&WatchedName>> = BTreeMap::new();
        for name in &own.names {
            let mask = sets.iter().enumerate().filter(|(_, set)| set.covers(name));
            alike.entry(mask.fold(0, |mask, (place, _)| mask | 1 << place)).or_default().push(name);
        }
        let of_mask = |(mask, names): (u64, Vec<&WatchedName>)| {
            let theirs = others.iter().enumerate().filter(|(place, _)| mask & 1 << place != 0);
            let all = theirs.flat_map(|(_, (_, stretches))| stretches.iter());
            let stretches: Vec<(u64, u64)> = ours.iter().chain(all).copied().collect();
            let entries = gaps(&stretches, wanted);
            let listed = names.iter().take(MOST_LISTED).map(|name| (*name).clone()).collect();
            (!entries.is_empty()).then_some(Unsearched { names: listed, count: names.len(), entries })
        };
        Ok(alike.into_iter().filter_map(of_mask).collect())
    }

    /// Which proven entries of all logs were searched for a name and all below it.
    pub async fn searched_for(&self, name: &DnsName) -> Result<NameSearch, StateError> {
        let wanted = WatchedName { name: name.clone(), with_subdomains: true };
        let mut search = NameSearch::default();
        let mut sets = Vec::new();
        let sql = "SELECT id, named FROM name_sets ORDER BY id";
        let ids = self.database.rows(Progress, sql, &[]).await?;
        search.is_known = !ids.is_empty();
        let mut latest = None;
        for row in &ids {
            let id = row.signed(0)?;
            let sql = "SELECT names FROM name_sets WHERE id = $1";
            let rows = self.database.rows(Progress, sql, &[Value::Number(id)]).await?;
            let octets = rows.first().map_or(Ok(Vec::new()), |row| row.octets(0))?;
            let named = row.time(1)?;
            latest = latest.max(Some(named));
            if Lookup::read(&octets).covers(&wanted) {
                search.named = search.named.max(Some(named));
                sets.push(id);
            }
        }
        search.is_latest = search.named.is_some() && search.named == latest;
        let sql = concat!("SELECT COUNT(*) FROM logs WHERE NOT ", is_free!());
        let rows = self.database.rows(Progress, sql, &[]).await?;
        search.is_running = rows.first().map_or(Ok(0), |row| row.signed(0))? > 0;
        search.is_watched = !sets.is_empty();
        search.following = self.following(&sets).await?;
        let sql = "SELECT log, start, stop FROM searched WHERE names = $1 ORDER BY log, start";
        for id in sets {
            for row in self.database.rows(Progress, sql, &[Value::Number(id)]).await? {
                let stretches = search.entries.entry(LogNumber(row.signed(0)?)).or_default();
                stretches.push((row.number(1)?, row.number(2)?));
            }
        }
        for stretches in search.entries.values_mut() {
            *stretches = united(stretches);
        }
        Ok(search)
    }

    /// By set of names: which proven entries of the log were searched for it.
    async fn searched(&self, log: LogNumber) -> Result<BTreeMap<i64, Vec<(u64, u64)>>, StateError> {
        let sql = "SELECT names, start, stop FROM searched WHERE log = $1 ORDER BY names, start";
        let mut sets: BTreeMap<i64, Vec<(u64, u64)>> = BTreeMap::new();
        for row in self.database.rows(Progress, sql, &[Value::Number(log.0)]).await? {
            sets.entry(row.signed(0)?).or_default().push((row.number(1)?, row.number(2)?));
        }
        Ok(sets)
    }
}

/// Keeps for which names the ranges before `end` were read, which are proven with that. What nobody could read in them was
/// not searched.
pub(super) async fn keep_searched(
    transaction: &mut Transaction,
    log: LogNumber,
    end: u64,
) -> Result<(), StateError> {
    let dark = dark_before(transaction, log, end).await?;
    // Neighbours of one set are one stretch.
    let sql = "SELECT names, MIN(start), MAX(stop) FROM \
               (SELECT names, start, stop, ROW_NUMBER() OVER (ORDER BY start) \
                  - ROW_NUMBER() OVER (PARTITION BY names ORDER BY start) AS island \
                FROM ranges WHERE log = $1 AND stop <= $2) AS read_ranges \
               WHERE names IS NOT NULL GROUP BY names, island ORDER BY MIN(start)";
    for row in transaction.rows(sql, &[Value::Number(log.0), number(end)?]).await? {
        for stretch in gaps(&dark, (row.number(1)?, row.number(2)?)) {
            add_searched(transaction, log, row.signed(0)?, stretch).await?;
        }
    }
    Ok(())
}

/// A set as it is kept: by its hash it is known again.
fn octets_of(names: &[WatchedName]) -> Vec<u8> {
    let mut lines: Vec<String> = names.iter().map(line).collect();
    lines.sort_unstable();
    lines.dedup();
    lines.join("\n").into_bytes()
}

/// Keeps that proven entries were searched for these names.
pub(super) async fn add_searched(
    transaction: &mut Transaction,
    log: LogNumber,
    names: i64,
    (mut start, mut stop): (u64, u64),
) -> Result<(), StateError> {
    let (log, names) = (Value::Number(log.0), Value::Number(names));
    let sql = "DELETE FROM searched WHERE log = $1 AND names = $2 AND start <= $4 AND stop >= $3 \
               RETURNING start, stop";
    for known in transaction.rows(sql, &[log, names, number(start)?, number(stop)?]).await? {
        start = start.min(known.number(0)?);
        stop = stop.max(known.number(1)?);
    }
    let sql = "INSERT INTO searched (log, names, start, stop) VALUES ($1, $2, $3, $4)";
    transaction.execute(sql, &[log, names, number(start)?, number(stop)?]).await.map(drop)
}

/// A name as a set has it.
fn line(watched: &WatchedName) -> String {
    let dot = if watched.with_subdomains { "." } else { "" };
    format!("{dot}{}", watched.name)
}

/// Whether everything that concerns a name of `theirs` concerns ours.
fn covers_all(ours: &Lookup<'_>, theirs: &[u8]) -> bool {
    let is_ours = |line: &str| {
        let name = line.strip_prefix('.').unwrap_or(line).parse();
        name.is_ok_and(|name| ours.covers(&WatchedName { name, with_subdomains: line.starts_with('.') }))
    };
    std::str::from_utf8(theirs).is_ok_and(|theirs| theirs.lines().all(is_ours))
}

/// A set of names, to look names up in.
struct Lookup<'a> {
    lines: HashSet<&'a str>,
}

impl<'a> Lookup<'a> {
    fn read(octets: &'a [u8]) -> Self {
        Self { lines: std::str::from_utf8(octets).unwrap_or_default().lines().collect() }
    }

    /// Whether everything that concerns this name concerns the set.
    fn covers(&self, wanted: &WatchedName) -> bool {
        if !wanted.with_subdomains && self.lines.contains(wanted.name.as_str()) {
            return true;
        }
        // With the dot in front, what is left behind each further dot is a name above.
        let text = format!(".{}", wanted.name);
        text.match_indices('.')
            .any(|(dot, _)| text.get(dot..).is_some_and(|above| self.lines.contains(above)))
    }
}

/// Stretches in their order, those that meet made one.
fn united(stretches: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut sorted = stretches.to_vec();
    sorted.sort_unstable();
    let mut united: Vec<(u64, u64)> = Vec::new();
    for (start, stop) in sorted {
        match united.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(stop),
            _ => united.push((start, stop)),
        }
    }
    united
}

/// What of `wanted` the stretches leave out.
fn gaps(stretches: &[(u64, u64)], wanted: (u64, u64)) -> Vec<(u64, u64)> {
    let (mut from, end) = wanted;
    let mut gaps = Vec::new();
    for (start, stop) in united(stretches) {
        let start = start.min(end);
        if from < start {
            gaps.push((from, start));
        }
        from = from.max(stop);
    }
    if from < end {
        gaps.push((from, end));
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> WatchedName {
        let name = text.trim_start_matches('.').parse().unwrap();
        WatchedName { name, with_subdomains: text.starts_with('.') }
    }

    #[test]
    fn a_set_covers_what_lies_below_its_names() {
        let set = Lookup::read(b".example.com\nonly.example.net");
        for (name, is_covered) in [
            (".example.com", true),
            ("example.com", true),
            (".a.b.example.com", true),
            (".anexample.com", false),
            (".com", false),
            ("only.example.net", true),
            (".only.example.net", false),
            ("www.only.example.net", false),
            (".example.net", false),
        ] {
            assert_eq!(set.covers(&named(name)), is_covered, "{name}");
        }
        assert!(!Lookup::read(b"").covers(&named(".com")));
    }

    #[test]
    fn gaps_are_what_no_stretch_has() {
        assert_eq!(gaps(&[], (3, 9)), [(3, 9)]);
        assert_eq!(gaps(&[(5, 7), (0, 4), (4, 5)], (0, 9)), [(7, 9)]);
        assert_eq!(gaps(&[(2, 4), (6, 20)], (0, 9)), [(0, 2), (4, 6)]);
        assert_eq!(gaps(&[(12, 20)], (0, 9)), [(0, 9)]);
        assert_eq!(gaps(&[(0, 9)], (0, 9)), []);
        assert_eq!(gaps(&[], (9, 9)), []);
        assert_eq!(united(&[(6, 8), (0, 4), (3, 6)]), [(0, 8)]);
    }
}
