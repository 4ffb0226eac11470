//! The report of a check in each form: begun, given one target after another, and ended.

use crate::cli::options::{Form, Plain};
use crate::judge::Basis;
use crate::report::document::{Head, Piece, Section, Tail};
use crate::report::{Summary, TargetReport, human, json};

/// What a check is reported as. The plain forms are written as they come; the others at the end, out of the pieces.
#[derive(Clone, Debug)]
pub(super) struct CheckForm {
    form: Form,
    head: Head,
    compared: Option<Detail>,
}

/// How much of a comparison people are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Detail {
    /// The gravest of it.
    Gravest,
    /// All of it.
    Full,
}

/// One target, rendered.
#[derive(Debug)]
pub(super) enum Rendered {
    /// It is written as soon as its turn comes.
    Text(String),
    /// It is kept until the end.
    Piece(Box<Piece>),
}

impl CheckForm {
    /// The form, with what is known before the first target.
    pub(super) fn new(form: Form, head: Head) -> Self {
        Self { form, head, compared: None }
    }

    /// The same for `pinstead compare`, where it is that.
    pub(super) fn comparing(self, compared: Option<Detail>) -> Self {
        Self { compared, ..self }
    }

    /// What stands before the first target.
    pub(super) fn begin(&self, basis: &Basis) -> anyhow::Result<String> {
        Ok(match self.form {
            Form::Plain(Plain::Json) => json::v1::check::begin(basis)?,
            Form::Plain(Plain::Human | Plain::Jsonl) | Form::Document(_) => String::new(),
        })
    }

    /// One target; called from any thread, in any order.
    pub(super) fn target(&self, report: &TargetReport<'_>) -> anyhow::Result<Rendered> {
        Ok(match self.form {
            Form::Plain(Plain::Human) => Rendered::Text(match self.compared {
                Some(detail) => human::compare::target(report, detail == Detail::Full),
                None => human::check::target(report),
            }),
            Form::Plain(Plain::Json) => Rendered::Text(json::v1::check::target(report)?),
            Form::Plain(Plain::Jsonl) => Rendered::Text(json::v1::check::line(report)?),
            Form::Document(form) => {
                let section = Section::of_target(report, &self.head, form)?;
                Rendered::Piece(Box::new(form.piece(&self.head, &section)?))
            }
        })
    }

    /// What stands between two targets.
    pub(super) fn between(&self) -> &'static str {
        match self.form {
            Form::Plain(Plain::Human) => "\n",
            Form::Plain(Plain::Json) => ",",
            Form::Plain(Plain::Jsonl) | Form::Document(_) => "",
        }
    }

    /// What stands after the last target.
    pub(super) fn end(
        &self,
        basis: &Basis,
        summary: &Summary,
        pieces: &[Piece],
        exit_code: u8,
    ) -> anyhow::Result<String> {
        Ok(match self.form {
            Form::Plain(Plain::Human) => format!("\n{}", human::check::footer(basis, summary)),
            Form::Plain(Plain::Json) => json::v1::check::end(summary)?,
            Form::Plain(Plain::Jsonl) => String::new(),
            Form::Document(form) => {
                let notes: Vec<String> = summary.interrupted().into_iter().collect();
                form.document(&self.head, pieces, &Tail { summary, exit_code, notes: &notes })?
            }
        })
    }
}
