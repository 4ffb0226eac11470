//! When two names mean the same owner.

/// Company forms that a name may end with or lack. “Sdn. Bhd.” is not among them: Digicert Sdn. Bhd. was never
/// DigiCert.
const FORMS: [&str; 34] = [
    "ab",
    "ag",
    "as",
    "asa",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "dd",
    "doo",
    "gmbh",
    "inc",
    "incorporated",
    "jsc",
    "kft",
    "kg",
    "lda",
    "limited",
    "llc",
    "ltd",
    "ltda",
    "nv",
    "oy",
    "oyj",
    "plc",
    "pty",
    "sa",
    "sas",
    "se",
    "sl",
    "slu",
    "spa",
    "srl",
];

/// A name reduced to what tells owners apart: no case, no punctuation, no company form at the end, nothing in
/// brackets.
///
/// “DigiCert, Inc.” and “DigiCert” are one owner; so are “GlobalSign nv-sa” and “GlobalSign”.
pub fn owner_key(name: &str) -> String {
    let mut depth = 0_u32;
    let mut plain = String::with_capacity(name.len());
    for c in name.chars().flat_map(char::to_lowercase) {
        match c {
            '(' => {
                depth = depth.saturating_add(1);
                plain.push(' ');
            }
            ')' => depth = depth.saturating_sub(1),
            // “S.A.” is one word.
            '.' | '\'' | '’' => {}
            _ if depth > 0 => {}
            c if c.is_alphanumeric() => plain.push(c),
            _ => plain.push(' '),
        }
    }
    let mut words: Vec<&str> = plain.split_whitespace().collect();
    while words.len() > 1 && words.last().is_some_and(|word| FORMS.contains(word)) {
        words.pop();
    }
    words.concat()
}

/// Whether two names mean the same owner.
pub fn same_owner(one: &str, other: &str) -> bool {
    let key = owner_key(one);
    !key.is_empty() && key == owner_key(other)
}
