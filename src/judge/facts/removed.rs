//! Whether anything of pins is left in what was given.

use crate::judge::inputs::Inputs;
use crate::judge::pin_facts::own;
use crate::pins::{PinsVerdict, SourceState, SourceVerdict};

/// How many files were read, where all that was given was and none has pins or code that compares them.
///
/// This is another question than whether the host is pinned, which a folder without pins leaves open: its files may be others
/// than those of the app. Who removed the pins of an app asks about the files that had them.
pub(super) fn files_without_pins(verdict: &PinsVerdict, inputs: &Inputs) -> Option<usize> {
    let sources: Vec<&SourceVerdict> = own(verdict).collect();
    if sources.is_empty() {
        return Some(inputs.opened_without_pins).filter(|opened| *opened > 0);
    }
    let is_without = |source: &&SourceVerdict| match source.state {
        SourceState::Read => {
            !source.problems.iter().any(|problem| problem.leaves_open(verdict.host.as_deref()))
                && !source.entries.iter().any(|entry| {
                    entry.applies && (entry.has_pins() || entry.is_open() || entry.bootstrap.is_some())
                })
        }
        SourceState::NotRecognised => inputs.code_without_pins.contains(&source.file),
        SourceState::NotWellFormed(_) | SourceState::Unreadable(_) => false,
    };
    sources.iter().all(is_without).then_some(sources.len())
}
