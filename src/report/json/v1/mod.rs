//! Version 1 of the JSON reports. Fields may be added; none changes its meaning or goes away.

pub mod caa;
