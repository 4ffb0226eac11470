//! The form of the tables: comment lines, then a line of column names, then tab-separated rows.

use std::fmt::Write as _;

use jiff::Timestamp;

/// A line of a table that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct TableError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub fault: TableFault,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum TableFault {
    /// More or fewer fields than columns.
    #[error("{found} fields instead of {expected}")]
    Fields {
        /// In the line.
        found: usize,
        /// By the columns.
        expected: usize,
    },
    /// The first line after the comments does not name the columns.
    #[error("the columns are not {0}")]
    Columns(String),
    /// A field that cannot be read.
    #[error("“{value}” is not a valid {column}")]
    Value {
        /// The column's name.
        column: &'static str,
        /// What stands there.
        value: String,
    },
}

/// One row, with its place for errors.
pub(super) struct Row<'t> {
    line: usize,
    columns: &'static [&'static str],
    fields: Vec<&'t str>,
}

impl<'t> Row<'t> {
    /// A field as it stands; `-` for an absent one.
    pub(super) fn text(&self, column: &'static str) -> &'t str {
        let position = self.columns.iter().position(|candidate| *candidate == column);
        position.and_then(|position| self.fields.get(position).copied()).unwrap_or("-")
    }

    /// A field, unless it is absent.
    pub(super) fn present(&self, column: &'static str) -> Option<&'t str> {
        Some(self.text(column)).filter(|text| *text != "-")
    }

    /// A field read by `read`.
    pub(super) fn read<T>(
        &self,
        column: &'static str,
        read: impl FnOnce(&'t str) -> Option<T>,
    ) -> Result<T, TableError> {
        let text = self.text(column);
        read(text).ok_or_else(|| TableError {
            line: self.line,
            fault: TableFault::Value { column, value: text.to_owned() },
        })
    }

    /// A field read by `read`, unless it is absent.
    pub(super) fn read_present<T>(
        &self,
        column: &'static str,
        read: impl FnOnce(&'t str) -> Option<T>,
    ) -> Result<Option<T>, TableError> {
        self.present(column).map(|_| self.read(column, read)).transpose()
    }

    /// A time, unless it is absent.
    pub(super) fn time(&self, column: &'static str) -> Result<Option<Timestamp>, TableError> {
        self.read_present(column, |text| text.parse().ok())
    }
}

/// Reads a table.
pub(super) fn parse<'t>(text: &'t str, columns: &'static [&'static str]) -> Result<Vec<Row<'t>>, TableError> {
    let mut rows = Vec::new();
    let mut named = false;
    for (line, content) in (1..).zip(text.lines()).filter(|(_, content)| !content.starts_with('#')) {
        let fields: Vec<&str> = content.split('\t').collect();
        if !named {
            if fields != columns {
                return Err(TableError { line, fault: TableFault::Columns(columns.join(", ")) });
            }
            named = true;
            continue;
        }
        if fields.len() != columns.len() {
            let fault = TableFault::Fields { found: fields.len(), expected: columns.len() };
            return Err(TableError { line, fault });
        }
        rows.push(Row { line, columns, fields });
    }
    Ok(rows)
}

/// Writes a table: `notes` as comments, the columns, then the rows in the order given.
pub(super) fn render(
    notes: &[String],
    columns: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let mut text = String::new();
    for note in notes {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# {}", field(note));
    }
    let _ = writeln!(text, "{}", columns.join("\t"));
    for row in rows {
        let fields: Vec<String> = row.iter().map(|value| field(value)).collect();
        let _ = writeln!(text, "{}", fields.join("\t"));
    }
    text
}

/// A value fit for a field: no control characters, never empty.
fn field(value: &str) -> String {
    let visible: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let trimmed = visible.trim();
    if trimmed.is_empty() { "-".to_owned() } else { trimmed.to_owned() }
}

/// A time for a field.
pub(super) fn time(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| time.to_string())
}
