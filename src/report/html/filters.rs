//! What the templates do to a value before it is shown.

use minijinja::{Environment, Error, Output, State, Value, escape_formatter};

use crate::report::human::safe;

/// Adds the filters, and has every text from outside made fit before it is escaped.
pub(super) fn add(environment: &mut Environment<'static>) {
    environment.set_formatter(shown);
    environment.add_filter("day", day);
    environment.add_filter("minute", minute);
    environment.add_filter("words", words);
    environment.add_filter("sentence", sentence);
    environment.add_filter("control", control);
    environment.add_filter("sign", sign);
    environment.add_filter("effect_sign", effect_sign);
    environment.add_filter("effect_word", effect_word);
}

/// Shows a value: text without control characters and marks that turn its direction, then escaped.
fn shown(output: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if !value.is_safe() => escape_formatter(output, state, &Value::from(safe(text).as_ref())),
        _ => escape_formatter(output, state, value),
    }
}

/// `text` with what HTML would read as markup escaped.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#x27;"),
            character => escaped.push(character),
        }
    }
    escaped
}

/// The day of a time (RFC 3339).
fn day(time: &str) -> String {
    time.chars().take(10).collect()
}

/// The day and the minute.
fn minute(time: &str) -> String {
    let minute: String = time.chars().skip(11).take(5).collect();
    if minute.is_empty() { day(time) } else { format!("{} {minute} UTC", day(time)) }
}

/// A name of the JSON in words.
fn words(name: &str) -> String {
    match name {
        "no_effect" => "no effect".to_owned(),
        "makes_worse" => "makes it worse".to_owned(),
        "unknown" => "not known".to_owned(),
        "caa" => "CAA of today".to_owned(),
        "expected_ca" => "expected CAs".to_owned(),
        "known_key" => "known keys".to_owned(),
        "new_ca" => "new CA".to_owned(),
        "never_matched" => "did not match from the beginning".to_owned(),
        "crt_sh" => "crt.sh".to_owned(),
        "cert_spotter" => "Cert Spotter".to_owned(),
        name => name.replace('_', " "),
    }
}

/// What a control is called over its column.
fn control(name: &str) -> String {
    match name {
        "ca_trust" => "CA trust".to_owned(),
        "ct" => "CT".to_owned(),
        "caa" => "CAA".to_owned(),
        "caa_bound" => "Bound CAA".to_owned(),
        "leaf_pin" => "Own-key pin".to_owned(),
        "hpkp" => "HPKP".to_owned(),
        "dane" => "DANE".to_owned(),
        "issuer_expectation" => "Expected issuer".to_owned(),
        name => sentence(&name.replace('_', " ")),
    }
}

/// The words as a sentence begins.
fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + characters.as_str())
}

/// A sign beside an outcome or a mark, which words stand next to.
fn sign(of: &str) -> &'static str {
    match of {
        "pass" | "good" => "✓",
        "fail" | "bad" => "✕",
        "undetermined" | "open" => "?",
        _ => "–",
    }
}

/// The same for what a control does.
fn effect_sign(of: &str) -> &'static str {
    match of {
        "prevents" => "✓",
        "detects" => "◉",
        "makes_worse" => "✕",
        "unknown" => "?",
        _ => "–",
    }
}

/// One word for what a control does, as the table of `pinstead check` has it.
fn effect_word(of: &str) -> &'static str {
    match of {
        "prevents" => "stops",
        "detects" => "shows",
        "makes_worse" => "worse",
        _ => "",
    }
}
