//! `Expect-CT`: a header that no browser reads any more.
//!
//! Source: RFC 9163 section 2.1 (grammar). Chrome, the only browser that obeyed it, dropped it with version 107, since
//! it asks for Certificate Transparency of every certificate. It pins nothing, and protects nobody today.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::headers;
use super::problems::{Problems, shortened};
use super::{PinFormat, PinInput};
use crate::pins::model::{PinEntry, PinSource, ProblemKind};

/// The format's id.
const ID: &str = "expect-ct";
/// The header's name.
const NAME: &str = "expect-ct";

/// The header `Expect-CT`.
pub(super) struct ExpectCt;

impl PinFormat for ExpectCt {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        input.text.as_deref().is_some_and(|text| headers::has(text, NAME))
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let mut problems = Problems::default();
        for header in headers::all(input.text.as_deref().unwrap_or_default(), NAME) {
            let line = Some(header.line);
            let what = "Expect-CT is read by no browser any more; remove it".to_owned();
            problems.add(ProblemKind::Obsolete, line, what);
            if header.value.contains(';') {
                let what =
                    "the directives of Expect-CT stand behind commas, not semicolons: it was never valid";
                problems.add(ProblemKind::NoEffect, line, what.to_owned());
                continue;
            }
            let mut has_age = false;
            for directive in header.value.split(',').map(str::trim).filter(|text| !text.is_empty()) {
                let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
                match name.trim().to_ascii_lowercase().as_str() {
                    "max-age" => {
                        has_age =
                            !value.is_empty() && value.trim().bytes().all(|digit| digit.is_ascii_digit());
                    }
                    "enforce" | "report-uri" => {}
                    other => {
                        let what = format!("“{}” in Expect-CT is unknown and ignored", shortened(other));
                        problems.add(ProblemKind::NoEffect, line, what);
                    }
                }
            }
            if !has_age {
                let what = "Expect-CT has no max-age in seconds: it was never valid".to_owned();
                problems.add(ProblemKind::NoEffect, line, what);
            }
        }
        Ok(PinSource { problems: problems.into_list(), ..PinSource::of(ID) })
    }

    /// It pins nothing.
    fn applicable<'a>(&self, _source: &'a PinSource, _host: &str) -> Vec<&'a PinEntry> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::{Reading, formats};

    fn kinds(text: &str) -> Vec<ProblemKind> {
        match formats::tests::only("headers.txt", text.as_bytes()) {
            Reading::Read(source) => {
                assert!(source.format == ID && source.entries.is_empty());
                source.problems.iter().map(|problem| problem.kind).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_is_obsolete_always_and_told_where_it_was_never_valid() {
        let obsolete = ProblemKind::Obsolete;
        assert_eq!(kinds("Expect-CT: max-age=86400, enforce, report-uri=\"https://a.example/\""), [obsolete]);
        for text in [
            "Expect-CT: enforce",
            "expect-ct: max-age=1; enforce",
            "add_header Expect-CT \"max-age=1, force\";",
        ] {
            assert_eq!(kinds(text), [obsolete, ProblemKind::NoEffect], "{text}");
        }
        assert_eq!(formats::tests::only("x", b"# Expect-CT: max-age=1"), Reading::NotRecognised);
    }
}
