//! The parts of a check, and which of them were asked for.

/// One part of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Certificate Transparency.
    Ct,
    /// CAA records.
    Caa,
    /// Who issued.
    Issuer,
    /// Pins.
    Pins,
    /// Everything side by side.
    Compare,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 5] = [Self::Ct, Self::Caa, Self::Issuer, Self::Pins, Self::Compare];

    /// The name used in `--only`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ct => "ct",
            Self::Caa => "caa",
            Self::Issuer => "issuer",
            Self::Pins => "pins",
            Self::Compare => "compare",
        }
    }
}

/// The parts that were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope(Vec<Part>);

impl Scope {
    /// The parts of these names; all of them where none is named. Unknown names are left out: the command line
    /// refuses them, and evidence of a later version may have them.
    pub fn from_names(names: &[String]) -> Self {
        if names.is_empty() {
            return Self(Part::ALL.to_vec());
        }
        Self(Part::ALL.into_iter().filter(|part| names.iter().any(|name| name == part.name())).collect())
    }

    /// Whether this part was asked for.
    pub fn includes(&self, part: Part) -> bool {
        self.0.contains(&part)
    }
}
