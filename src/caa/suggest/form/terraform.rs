//! A resource of Terraform's AWS provider, with the zone it is in.
//!
//! Source: registry.terraform.io, hashicorp/aws, `aws_route53_record` and data source `aws_route53_zone`; the
//! language's “Strings and templates”: `\` begins an escape, `${` and `%{` begin a template and are written `$${` and
//! `%%{`. The records themselves are passed on as Route 53 takes them.

use super::{RecordSet, route53};
use crate::caa::suggest::record::SuggestedRecord;

pub(super) fn render(set: &RecordSet) -> String {
    let label = label(set.name.as_str());
    let zone = string(&format!("{}.", set.zone));
    let name = string(set.name.as_str());
    let line = |record: &SuggestedRecord| format!("    {},\n", string(&route53::value(record)));
    let records = set.records.iter().map(line).collect::<Vec<_>>().concat();
    format!(
        "data \"aws_route53_zone\" \"{label}\" {{\n  name = {zone}\n}}\n\n\
         resource \"aws_route53_record\" \"{label}\" {{\n  \
         zone_id = data.aws_route53_zone.{label}.zone_id\n  \
         name    = {name}\n  type    = \"CAA\"\n  ttl     = {}\n  records = [\n{records}  ]\n}}\n",
        set.ttl
    )
}

/// A name for the resource: letters, digits and underscores, beginning with a letter.
fn label(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    format!("caa_{}", name.chars().map(plain).collect::<String>())
}

/// A quoted string of the language.
fn string(text: &str) -> String {
    // Every “$” or “%” before a brace is doubled; none is left that begins a template.
    super::quoted(text).replace("${", "$${").replace("%{", "%%{")
}
