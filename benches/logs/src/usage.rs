//! What this process has used, as the kernel says.

use std::fs;

use anyhow::{Context as _, Result};

/// How many ticks the kernel counts in a second for programs: the same on every Linux of today.
const TICKS: f64 = 100.0;

/// CPU seconds of this process so far: its own and the kernel's for it.
pub fn cpu_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name, in brackets, may have blanks; user and system time are the 12th and 13th fields behind it.
    let (_, fields) = stat.rsplit_once(')').context("a name in brackets")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks / TICKS)
}

/// The most memory that this process has had, in MB.
pub fn peak_megabytes() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? * 1024.0 / 1e6)
}
