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
    /// What was issued.
    Issuance,
    /// Pins.
    Pins,
    /// Everything side by side.
    Compare,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 6] = [Self::Ct, Self::Caa, Self::Issuer, Self::Issuance, Self::Pins, Self::Compare];

    /// The name used in `--only`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ct => "ct",
            Self::Caa => "caa",
            Self::Issuer => "issuer",
            Self::Issuance => "issuance",
            Self::Pins => "pins",
            Self::Compare => "compare",
        }
    }
}

/// The parts that were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    parts: Vec<Part>,
    named: Vec<Part>,
}

/// A name that is no part's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no part of a check; the parts are ct, caa, issuer, issuance, pins and compare")]
pub struct UnknownPart(pub String);

impl Scope {
    /// The parts of these names; all of them where none is named. The comparison rests on all the others.
    pub fn from_names(names: &[String]) -> Result<Self, UnknownPart> {
        let part = |name: &String| Part::ALL.into_iter().find(|part| part.name() == name);
        let asked: Vec<Part> = names
            .iter()
            .map(|name| part(name).ok_or_else(|| UnknownPart(name.clone())))
            .collect::<Result<_, _>>()?;
        let all = asked.is_empty() || asked.contains(&Part::Compare);
        Ok(Self { parts: if all { Part::ALL.to_vec() } else { asked.clone() }, named: asked })
    }

    /// The parts that were named, which are not to be passed over.
    pub fn named(&self) -> &[Part] {
        &self.named
    }

    /// Whether this part was asked for.
    pub fn includes(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }
}
