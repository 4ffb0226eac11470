//! Strings in double quotes as JSON has them, which JavaScript and YAML read too.

/// Printable ASCII in double quotes (RFC 8259 section 7; ECMAScript string literals; YAML 1.2 section 7.3.1).
pub(super) fn string(text: &str) -> String {
    // Only what ends the string or begins an escape: the rest of printable ASCII stands for itself in all three.
    super::quoted(text)
}
