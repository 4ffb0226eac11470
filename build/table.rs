//! Reading the tables: rows with their place, and the forms of fields.

use std::fmt::Write as _;
use std::fs;

/// A table's rows.
pub(crate) struct Table {
    path: String,
    columns: Vec<String>,
    rows: Vec<(usize, Vec<String>)>,
}

/// One row.
#[derive(Clone, Copy)]
pub(crate) struct Row<'t> {
    table: &'t Table,
    line: usize,
    fields: &'t [String],
}

impl Table {
    pub(crate) fn read(path: &str) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        let mut columns = Vec::new();
        let mut rows = Vec::new();
        for (index, content) in text.lines().enumerate().filter(|(_, content)| !content.starts_with('#')) {
            let fields: Vec<String> = content.split('\t').map(str::to_owned).collect();
            if columns.is_empty() {
                columns = fields;
            } else if fields.len() == columns.len() {
                rows.push((index + 1, fields));
            } else {
                return Err(format!(
                    "{path}:{}: {} fields instead of {}",
                    index + 1,
                    fields.len(),
                    columns.len()
                ));
            }
        }
        Ok(Self { path: path.to_owned(), columns, rows })
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(move |(line, fields)| Row { table: self, line: *line, fields })
    }
}

impl<'t> Row<'t> {
    /// A field; `None` for `-`.
    pub(crate) fn optional(self, column: &str) -> Result<Option<&'t str>, String> {
        let position = self.table.columns.iter().position(|candidate| candidate == column);
        let position = position.ok_or_else(|| self.error(&format!("there is no column {column}")))?;
        Ok(Some(self.fields[position].as_str()).filter(|text| *text != "-"))
    }

    /// A field that must not be absent.
    pub(crate) fn text(self, column: &str) -> Result<&'t str, String> {
        self.optional(column)?.ok_or_else(|| self.error(&format!("{column} is absent")))
    }

    /// A field read by `read`.
    pub(crate) fn read<T>(self, column: &str, read: impl FnOnce(&'t str) -> Option<T>) -> Result<T, String> {
        let text = self.text(column)?;
        read(text).ok_or_else(|| self.error(&format!("“{text}” is not a valid {column}")))
    }

    /// A field read by `read`, unless it is absent.
    pub(crate) fn read_optional<T>(
        self,
        column: &str,
        read: impl FnOnce(&'t str) -> Option<T>,
    ) -> Result<Option<T>, String> {
        self.optional(column)?.map(|_| self.read(column, read)).transpose()
    }

    /// What is wrong, and where.
    pub(crate) fn error(self, what: &str) -> String {
        format!("{}:{}: {what}", self.table.path, self.line)
    }
}

/// Begins a static item; `what` is all after the word.
pub(crate) fn declare(code: &mut String, what: &str) {
    emit(code, "#[allow(clippy::pedantic, reason = \"written by a machine\")]");
    emit(code, &format!("static {what}"));
}

/// Writes a line.
pub(crate) fn emit(code: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(code, "{line}");
}

/// Standard base64 with padding.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let mut octets = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    Some(octets)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let octet = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if rest.is_empty() { pairs.iter().map(octet).collect() } else { None }
}

/// RFC 3339 in UTC, as seconds since the Unix epoch and nanoseconds.
pub(crate) fn time(text: &str) -> Option<(i64, u32)> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(clock, ':')?;
    let nanoseconds = format!("{fraction:0<9}").parse().ok()?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some((days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second, nanoseconds))
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let numbers: Vec<i64> = text.split(separator).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// Days since 1970-01-01 in the Gregorian calendar; years begin in March, so that the leap day is last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}
