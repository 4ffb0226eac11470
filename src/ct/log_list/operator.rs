//! One name an operator: policies count operators by it.

/// Other names under which lists other than Chrome's know an operator; Chrome's name is the second.
const ALIASES: [(&str, &str); 4] = [
    ("IPng GmbH", "IPng Networks"),
    ("PuChuangSiDa", "Beijing PuChuangSiDa Technology Ltd."),
    ("Up in the Air", "Up In The Air Consulting"),
    ("WoTrus", "WoSign"),
];

/// The name Chrome uses for an operator, where Chrome knows it.
pub fn operator_name(listed: &str) -> &str {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == listed);
    alias.map_or(listed, |(_, operator)| operator)
}
