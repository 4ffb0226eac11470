//! The report of many names as it grows, and how it ends.

use std::fmt::Write as _;

use super::super::earlier::{Ended, State};
use super::super::{CaaOptions, NONE_ISSUED, note};
use crate::caa::{CaaReading, Relevant};
use crate::cli::Exit;
use crate::cli::options::{Form, Format, Plain};
use crate::cli::sink::Sink;
use crate::report::Summary;
use crate::report::document::{DocumentForm, Head, Piece, Tail};
use crate::report::human::safe;
use crate::report::json::v1::caa::CaaName;

/// The report as it grows.
pub(super) struct Report {
    pub(super) sink: Sink,
    pub(super) separator: &'static str,
    /// The names, for a form that is written at the end.
    pub(super) pieces: Vec<Piece>,
    /// What such a form says of the lines that name nothing.
    pub(super) invalid: Vec<String>,
    pub(super) written: u64,
    pub(super) tally: Vec<Ended>,
    /// The first line that names nothing that can be looked up.
    pub(super) first_invalid: Option<String>,
    pub(super) failure: Option<anyhow::Error>,
}

/// A name, rendered.
pub(super) enum Rendered {
    /// It is written as it comes.
    Text(Vec<u8>),
    /// It is kept until the end.
    Piece(Box<Piece>),
}

/// A line of the list that is no name.
pub(super) struct Invalid {
    pub(super) text: String,
    pub(super) why: String,
    pub(super) line: u64,
}

impl State {
    pub(super) fn of(reading: &CaaReading) -> Self {
        match reading.relevant {
            Relevant::Set(_) => Self::Found,
            Relevant::NoneAnywhere => Self::None,
            Relevant::Undetermined { .. } => Self::Undetermined,
            Relevant::NotApplicable(_) => Self::NotApplicable,
        }
    }
}

impl Report {
    pub(super) fn add(&mut self, rendered: anyhow::Result<Rendered>, ended: Ended) {
        if self.written > 0 && !self.separator.is_empty() {
            self.write(self.separator);
        }
        let written = rendered.and_then(|rendered| match rendered {
            Rendered::Text(text) => self.sink.write(&text),
            Rendered::Piece(piece) => {
                self.pieces.push(*piece);
                Ok(())
            }
        });
        self.settle(written);
        self.written += 1;
        ended.count_into(&mut self.tally);
    }

    pub(super) fn invalid(&mut self, form: Form, run: &str, invalid: &Invalid) {
        let why = format!("line {}: {}", invalid.line, invalid.why);
        self.first_invalid.get_or_insert_with(|| why.clone());
        let text = match form {
            Form::Plain(Plain::Human) => {
                Ok(format!("{}: not looked up, {}\n", safe(&invalid.text), safe(&why)).into_bytes())
            }
            Form::Plain(Plain::Json) => CaaName::invalid(&invalid.text, &why, false).to_json(),
            Form::Plain(Plain::Jsonl) => {
                CaaName::invalid(&invalid.text, &why, true).of_run(run).to_json_line()
            }
            Form::Document(_) => {
                self.invalid.push(format!("{}: not looked up, {why}", invalid.text));
                Ok(Vec::new())
            }
        };
        self.add(
            text.map(Rendered::Text).map_err(Into::into),
            Ended { lines: 1, state: State::Invalid, ..Ended::default() },
        );
    }

    /// Writes a form that is written at the end. The names come in any order, and are put in one.
    pub(super) fn document(&mut self, form: DocumentForm, head: &Head, exit: Exit) -> anyhow::Result<()> {
        self.pieces.sort_by(|one, other| one.name().cmp(other.name()));
        self.invalid.sort();
        let mut summary = Summary::default();
        self.pieces.iter().for_each(|piece| piece.count_into(&mut summary));
        let tail = Tail { summary: &summary, exit_code: exit.code(), notes: &self.invalid };
        self.sink.write(form.document(head, &self.pieces, &tail)?.as_bytes())?;
        self.sink.flush()
    }

    pub(super) fn write(&mut self, text: &str) {
        let written = self.sink.write(text.as_bytes());
        self.settle(written);
    }

    pub(super) fn settle(&mut self, written: anyhow::Result<()>) {
        if let Err(error) = written {
            self.failure.get_or_insert(error);
        }
    }

    /// Whether nothing more can or need be written.
    pub(super) fn is_over(&self) -> bool {
        self.failure.is_some() || self.sink.is_gone()
    }

    pub(super) fn count(&self, state: State) -> u64 {
        self.tally.iter().filter(|ended| ended.state == state).map(|ended| ended.lines).sum()
    }

    pub(super) fn summary(&self, asked: u64, milliseconds: u64) -> String {
        let all: u64 = self.tally.iter().map(|ended| ended.lines).sum();
        let rate = asked.saturating_mul(1000) / milliseconds.max(1);
        let mut text = format!(
            "{all} names: {} with CAA, {} without, {} undetermined",
            self.count(State::Found),
            self.count(State::None),
            self.count(State::Undetermined),
        );
        let other = self.count(State::NotApplicable);
        if other > 0 {
            let _ = write!(text, ", {other} to which CAA does not apply");
        }
        let invalid = self.count(State::Invalid);
        if invalid > 0 {
            let _ = write!(text, ", {invalid} that are no names");
        }
        if let Some(first) = &self.first_invalid {
            let _ = write!(text, " ({first})");
        }
        text + &format!("; {asked} asked about at {rate} a second")
    }

    /// What another run could still do, and what this one passed over.
    pub(super) fn tell_what_is_left(&self, options: &CaaOptions, not_listed: u64) {
        let undetermined = self.count(State::Undetermined);
        if undetermined > 0 && options.output.output.is_some() && options.output.format == Format::Jsonl {
            note(&format!("--resume asks again about the {undetermined} names that stayed undetermined"));
        }
        if not_listed > 0 {
            note(&format!(
                "{not_listed} lines that were there before are of names that are not on the list: they stay, and count \
                 neither here nor for the exit code"
            ));
        }
    }

    pub(super) fn exit(&self, options: &CaaOptions, with_issued: bool) -> Exit {
        let fail_on = options.gate.fail_on();
        let mut gravest = self.tally.iter().filter_map(|ended| ended.gravest);
        let fails = gravest.any(|severity| fail_on.is_reached_by(severity));
        if !fails && self.count(State::Invalid) > 0 {
            return Exit::Usage;
        }
        // Nothing that was asked for by name is passed over, and what nobody read is not known to be clean.
        let unused = with_issued && !self.tally.iter().any(|ended| ended.has_issued);
        if unused {
            note(NONE_ISSUED);
        }
        let open = unused || self.sink.is_gone() || self.tally.iter().any(|ended| ended.open);
        options.gate.exit(fails, open, open)
    }
}
