//! Where the state of `pinstead watch` is, for every command that reads it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::policy::Policy;
use crate::watch::state::Place;

/// The environment variable that names the state.
const STATE: &str = "PINSTEAD_STATE";
/// The file of the state where nothing else is said.
const DEFAULT_STATE: &str = "pinstead-state.db";

/// The file that was given, else what the environment, then the policy names, else the file in this folder. `folder` is the
/// policy's: its path is relative to it.
///
/// # Errors
///
/// A database is named where whoever lists processes or reads the policy would see its password, or the environment holds no
/// place.
pub(super) fn state_place(given: Option<&str>, policy: &Policy, folder: &Path) -> anyhow::Result<Place> {
    if let Some(path) = given {
        if path.contains("://") {
            // Whoever lists processes would read its password.
            bail!("--state takes a file; name a database in the environment variable {STATE}");
        }
        // What reads as no path may have a password in it, and is not shown.
        return path.parse().context("--state");
    }
    if let Some(place) = std::env::var_os(STATE) {
        let place = place.into_string().ok().with_context(|| format!("{STATE} is no UTF-8 text"))?;
        return place.parse().with_context(|| STATE);
    }
    match &policy.watch.state {
        Some(path) if path.contains("://") => {
            bail!("[watch] state takes a file; name a database in the environment variable {STATE}")
        }
        Some(path) => Ok(Place::File(folder.join(path))),
        None => Ok(Place::File(PathBuf::from(DEFAULT_STATE))),
    }
}
