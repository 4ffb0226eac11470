//! Text literals: their openings, escapes, and what is put into them at run time.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::Language;
use super::lexer::Cursor;

/// The longest expression inside a text that is read, in octets.
const LONGEST_INSERTION: usize = 200;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// As it stands.
    Literal(String),
    /// The value of this expression.
    Name(&'a str),
}

/// How a text begins and ends, and what has a meaning inside.
struct Opening {
    /// The octets of the opening.
    length: usize,
    close: String,
    /// Whether a backslash escapes.
    escapes: bool,
    /// Whether a doubled quote stands for one.
    doubles: bool,
    insertion: Insertion,
}

/// How expressions are put into a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Insertion {
    None,
    /// `$name` and `${expression}`.
    Dollar,
    /// `${expression}`.
    DollarBrace,
    /// `{expression}`.
    Brace,
    /// `\(expression)`.
    Backslash,
}

/// Reads a text literal, if one comes next.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>, language: Language) -> Option<Vec<Part<'a>>> {
    let opening = opening(cursor.rest, language)?;
    cursor.take(opening.length);
    Some(body(cursor, &opening))
}

fn opening(rest: &str, language: Language) -> Option<Opening> {
    let is_prefix = |symbol: char| match language {
        Language::Python => "rRbBuUfF".contains(symbol),
        Language::CSharp => "$@".contains(symbol),
        Language::Rust => "brc".contains(symbol),
        Language::Dart => symbol == 'r',
        Language::ObjectiveC => symbol == '@',
        _ => false,
    };
    let letters = rest.find(|symbol: char| !is_prefix(symbol)).unwrap_or(rest.len());
    let (prefix, after) = rest.split_at_checked(letters).filter(|(prefix, _)| prefix.len() <= 2)?;
    let fences =
        if matches!(language, Language::Swift) || (language == Language::Rust && prefix.contains('r')) {
            after.len().saturating_sub(after.trim_start_matches('#').len())
        } else {
            0
        };
    let (fence, after) = after.split_at_checked(fences).filter(|(fence, _)| fence.len() <= 8)?;
    let quote = quote(after, language)?;
    let is_raw = match language {
        Language::Python => prefix.contains(['r', 'R']),
        Language::Rust | Language::Dart => prefix.contains('r'),
        Language::Swift => !fence.is_empty(),
        Language::Kotlin => quote == "\"\"\"",
        Language::Go => quote == "`",
        Language::CSharp => quote == "\"\"\"" || prefix.contains('@'),
        _ => false,
    };
    if quote == "'" && language == Language::Rust && !is_character(after) {
        return None;
    }
    let insertion = match language {
        Language::Kotlin if quote != "'" => Insertion::Dollar,
        Language::Dart if !is_raw => Insertion::Dollar,
        Language::JavaScript if quote == "`" => Insertion::DollarBrace,
        Language::CSharp if prefix.contains('$') => Insertion::Brace,
        Language::Python if prefix.contains(['f', 'F']) => Insertion::Brace,
        Language::Swift if !is_raw => Insertion::Backslash,
        _ => Insertion::None,
    };
    Some(Opening {
        length: prefix.len().saturating_add(fence.len()).saturating_add(quote.len()),
        close: format!("{quote}{fence}"),
        escapes: !is_raw,
        doubles: language == Language::CSharp && prefix.contains('@') && quote == "\"",
        insertion,
    })
}

fn quote(after: &str, language: Language) -> Option<&'static str> {
    let triple =
        !matches!(language, Language::JavaScript | Language::Go | Language::Rust | Language::ObjectiveC);
    let single = !matches!(language, Language::Swift);
    let tick = matches!(language, Language::JavaScript | Language::Go);
    let triple_single = matches!(language, Language::Python | Language::Dart);
    [("\"\"\"", triple), ("'''", triple_single), ("\"", true), ("'", single), ("`", tick)]
        .into_iter()
        .find_map(|(quote, known)| (known && after.starts_with(quote)).then_some(quote))
}

/// Whether a single quote of Rust begins a character and no lifetime.
fn is_character(after: &str) -> bool {
    let mut inside = after.chars().skip(1);
    match inside.next() {
        Some('\\') => true,
        Some(_) => inside.next() == Some('\''),
        None => false,
    }
}

fn body<'a>(cursor: &mut Cursor<'a>, opening: &Opening) -> Vec<Part<'a>> {
    let spans_lines = opening.close.starts_with("\"\"\"")
        || opening.close.starts_with("'''")
        || opening.close.starts_with('`')
        || !opening.escapes;
    let mut parts = Vec::new();
    let mut text = String::new();
    while let Some(next) = cursor.rest.chars().next() {
        if cursor.rest.starts_with(&opening.close) {
            if opening.doubles && cursor.eat("\"\"") {
                text.push('"');
                continue;
            }
            cursor.take(opening.close.len());
            break;
        }
        if next == '\n' && !spans_lines {
            break;
        }
        if let Some(expression) = insertion(cursor, opening.insertion) {
            if !text.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut text)));
            }
            parts.push(Part::Name(expression));
            continue;
        }
        if opening.insertion == Insertion::Brace && (cursor.eat("{{") || cursor.eat("}}")) {
            text.push(next);
        } else if opening.escapes && next == '\\' {
            cursor.bump();
            text.extend(escape(cursor));
        } else {
            cursor.bump();
            text.push(next);
        }
    }
    if !text.is_empty() {
        parts.push(Part::Literal(text));
    }
    parts
}

/// The expression that is put in here, if one is.
fn insertion<'a>(cursor: &mut Cursor<'a>, insertion: Insertion) -> Option<&'a str> {
    let (open, close) = match insertion {
        Insertion::None => return None,
        Insertion::Dollar | Insertion::DollarBrace => ("${", '}'),
        Insertion::Brace if cursor.rest.starts_with("{{") => return None,
        Insertion::Brace => ("{", '}'),
        Insertion::Backslash => ("\\(", ')'),
    };
    if let Some(after) = cursor.rest.strip_prefix(open) {
        let length = after.find([close, '\n']).filter(|length| *length <= LONGEST_INSERTION)?;
        cursor.take(open.len());
        let expression = cursor.take(length);
        if cursor.rest.starts_with(close) {
            cursor.bump();
        }
        return Some(expression.trim());
    }
    let name = cursor.rest.strip_prefix('$').filter(|_| insertion == Insertion::Dollar)?;
    if !name.starts_with(|symbol: char| symbol.is_alphabetic() || symbol == '_') {
        return None;
    }
    cursor.bump();
    Some(cursor.take_while(|symbol| symbol.is_alphanumeric() || symbol == '_'))
}

/// The character that an escape stands for, its backslash taken; none for the end of a line.
fn escape(cursor: &mut Cursor<'_>) -> Option<char> {
    let digits = |cursor: &mut Cursor<'_>, most: usize| {
        let count = cursor.rest.chars().take(most).take_while(char::is_ascii_hexdigit).count();
        u32::from_str_radix(cursor.take(count), 16).ok().and_then(char::from_u32)
    };
    match cursor.bump()? {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        '0' => Some('\0'),
        '\n' => None,
        'x' => digits(cursor, 2),
        'u' if cursor.eat("{") => {
            let character = digits(cursor, 6);
            cursor.eat("}");
            character
        }
        'u' => digits(cursor, 4),
        other => Some(other),
    }
}
