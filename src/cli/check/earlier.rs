//! An interrupted check, gone on with: what its lines say counts, and their targets are not looked at again.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;

use anyhow::{Context as _, bail};

use super::CheckOptions;
use super::listing::{Listing, label};
use crate::baseline::Baseline;
use crate::cli::baseline_options::InUse;
use crate::cli::options::GateOptions;
use crate::cli::progress::{counted, note};
use crate::cli::resume::{self, Found, Line, take_up, uncounted};
use crate::evidence::{Inputs, Request};
use crate::report::fleet::EarlierLine;

/// How every line begins.
const LINE: &[u8] = br#"{"target":""#;

/// Which targets have a line.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    /// By number in the listing.
    done: Vec<bool>,
    /// How many have one.
    targets: usize,
    /// How many of those stayed undetermined.
    undetermined: usize,
    /// How many lines are of targets that are not on the list, or of one that has another line.
    others: usize,
    found: Found,
}

/// What is asked, hashed: whatever bears on what a line says, and not how it is got.
pub(super) fn digest(
    options: &CheckOptions,
    (request, inputs): (&Request, &Inputs),
    (gate, baseline): (&GateOptions, &InUse),
) -> anyhow::Result<String> {
    let network = &options.network;
    let words = format!(
        "{} {:?} {:?} {:?} {:?} {:?} {:?} ",
        env!("CARGO_PKG_VERSION"),
        gate.fail_on(),
        network.dns.asked(&options.nameservers),
        network.connect,
        network.starttls,
        options.issued,
        options.revocation.private_crls,
    );
    // Written out, and not as debugged: what is in no order would be in another one in the next run.
    resume::digest(&words, (request, inputs), baseline.known().map(Baseline::source).as_ref())
}

impl Earlier {
    /// Reads the lines of a file back, gives those of the listing to `count`, and the file to write on.
    pub(super) fn take_up(
        path: &Path,
        run: &str,
        listing: &Listing,
        mut count: impl FnMut(EarlierLine),
    ) -> anyhow::Result<(Self, File)> {
        let hasher = RandomState::new();
        // Were two names of one hash, the second would be looked at again, and no more.
        let numbers: HashMap<u64, usize> = listing
            .targets()
            .enumerate()
            .map(|(number, target)| (hasher.hash_one(label(&target)), number))
            .collect();
        let mut earlier = Self { done: vec![false; listing.len()], ..Self::default() };
        let (found, file) = take_up(path, LINE, |number, text| {
            let line: EarlierLine = text
                .json()
                .with_context(|| format!("{}: line {number} is no line of this command", path.display()))?;
            if line.run != run {
                bail!(
                    "{}: line {number} was written by a run with another policy, other pins, baseline, options or version; repeat \
                     its options, or choose another file",
                    path.display()
                );
            }
            let known = numbers.get(&hasher.hash_one(&line.entry.target)).copied();
            let is_it = |number: &usize| {
                listing.target(*number).is_some_and(|target| label(&target) == line.entry.target)
            };
            match known.filter(is_it).and_then(|number| earlier.done.get_mut(number)) {
                Some(done) if !*done => {
                    *done = true;
                    earlier.targets = earlier.targets.saturating_add(1);
                    let is_open = line.entry.outcome == crate::report::Outcome::Undetermined;
                    earlier.undetermined = earlier.undetermined.saturating_add(usize::from(is_open));
                    count(line);
                }
                _ => earlier.others = earlier.others.saturating_add(1),
            }
            Ok(Line::Stays)
        })?;
        earlier.found = found;
        Ok((earlier, file))
    }

    /// Whether a target has a line.
    pub(super) fn has(&self, number: usize) -> bool {
        self.done.get(number).copied().unwrap_or(false)
    }

    /// How many targets have one.
    pub(super) fn targets(&self) -> usize {
        self.targets
    }

    /// Tells what was found.
    pub(super) fn tell(&self) {
        if self.found.was_torn {
            note("the last line was not whole: it was cut off, and its target is looked at again");
        }
        if self.targets > 0 {
            note(&format!(
                "going on after {}",
                counted(self.targets, "target that has its line", "targets that have their line")
            ));
        }
        if self.undetermined > 0 {
            note(&format!(
                "{} of them stayed undetermined: take out {} again",
                self.undetermined,
                if self.undetermined == 1 {
                    "its line to have it looked at"
                } else {
                    "their lines to have them looked at"
                }
            ));
        }
        if self.others > 0 {
            note(&uncounted(
                self.others,
                "a target that is not on the list, or that has a line before",
                "targets that are not on the list, or that have a line before",
            ));
        }
    }
}
