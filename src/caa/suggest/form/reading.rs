//! Readers of the forms, for tests: each strict, of exactly the form as its own documentation has it, and sharing
//! nothing with the writers.

use serde_json::Value;

use super::Form;

/// What a form says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Read {
    /// The name as the form has it, without a dot at the end.
    pub(in super::super) name: String,
    /// The time to live.
    pub(in super::super) ttl: u32,
    /// The RDATA of each record.
    pub(in super::super) rdata: Vec<Vec<u8>>,
}

/// Reads a form; what does not have its shape panics.
pub(in super::super) fn read(form: Form, text: &str) -> Read {
    match form {
        Form::Zone => lines(text, ';', zone_line),
        Form::Rfc3597 => lines(text, ';', rfc3597_line),
        Form::Tinydns => lines(text, '#', tinydns_line),
        Form::Route53 => route53(text),
        Form::Terraform => terraform(text),
        Form::GoogleCloud => google_cloud(text),
        Form::DnsControl => dnscontrol(text),
        Form::OctoDns => octodns(text),
    }
}

fn rdata(flags: u8, tag: &str, value: &[u8]) -> Vec<u8> {
    assert!(tag.bytes().all(|octet| octet.is_ascii_lowercase()), "{tag}");
    [&[flags, u8::try_from(tag.len()).unwrap()], tag.as_bytes(), value].concat()
}

/// A form of one record a line, all of one name and time to live.
fn lines(text: &str, comment: char, line: fn(&str) -> (String, u32, Vec<u8>)) -> Read {
    let records: Vec<_> = text.lines().filter(|each| !each.starts_with(comment)).map(line).collect();
    let (name, ttl, _) = records.first().unwrap().clone();
    assert!(records.iter().all(|(other, also, _)| *other == name && *also == ttl));
    Read { name, ttl, rdata: records.into_iter().map(|(_, _, rdata)| rdata).collect() }
}

/// RFC 1035 section 5.1: `\` before a digit begins three decimal digits, before anything else it stands for that.
fn decimal_unescaped(text: &str) -> Vec<u8> {
    unescaped(text, 10)
}

/// `text`, which stood between two quotes, without its escapes; numeric ones are of this base.
fn unescaped(text: &str, base: u32) -> Vec<u8> {
    let mut octets = text.bytes();
    let mut read = Vec::new();
    while let Some(octet) = octets.next() {
        assert_ne!(octet, b'"', "the quotes end before the text does: {text}");
        if octet != b'\\' {
            read.push(octet);
            continue;
        }
        let first = octets.next().unwrap();
        if first.is_ascii_digit() {
            let digits = [first, octets.next().unwrap(), octets.next().unwrap()];
            let digits = std::str::from_utf8(&digits).unwrap();
            read.push(u8::try_from(u32::from_str_radix(digits, base).unwrap()).unwrap());
        } else {
            read.push(first);
        }
    }
    read
}

/// `flags tag "value"`.
fn presentation(text: &str, base: u32) -> Vec<u8> {
    let (flags, rest) = text.split_once(' ').unwrap();
    let (tag, value) = rest.split_once(' ').unwrap();
    let value = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
    rdata(flags.parse().unwrap(), tag, &unescaped(value, base))
}

fn zone_line(line: &str) -> (String, u32, Vec<u8>) {
    let (head, record) = line.split_once(" IN CAA ").unwrap();
    let (name, ttl) = head.split_once(' ').unwrap();
    (name.strip_suffix('.').unwrap().to_owned(), ttl.parse().unwrap(), presentation(record, 10))
}

fn rfc3597_line(line: &str) -> (String, u32, Vec<u8>) {
    let fields: Vec<&str> = line.split(' ').collect();
    let [name, ttl, "IN", "TYPE257", "\\#", length, hexadecimal] = fields[..] else { panic!("{line}") };
    let octet = |at: usize| u8::from_str_radix(&hexadecimal[at..at + 2], 16).unwrap();
    let rdata: Vec<u8> = (0..hexadecimal.len()).step_by(2).map(octet).collect();
    assert_eq!(rdata.len(), length.parse::<usize>().unwrap());
    (name.strip_suffix('.').unwrap().to_owned(), ttl.parse().unwrap(), rdata)
}

fn tinydns_line(line: &str) -> (String, u32, Vec<u8>) {
    let fields: Vec<&str> = line.split(':').collect();
    let ["", name, "257", rdata, ttl] = fields[..] else { panic!("{line}") };
    assert_eq!(line, line.trim_end());
    (name.to_owned(), ttl.parse().unwrap(), unescaped(rdata, 8))
}

fn route53(text: &str) -> Read {
    let batch: Value = serde_json::from_str(text).unwrap();
    let [change] = batch["Changes"].as_array().unwrap().as_slice() else { panic!("{batch}") };
    let set = &change["ResourceRecordSet"];
    assert_eq!((&change["Action"], &set["Type"]), (&"UPSERT".into(), &"CAA".into()));
    let records = set["ResourceRecords"].as_array().unwrap();
    Read {
        name: set["Name"].as_str().unwrap().strip_suffix('.').unwrap().to_owned(),
        ttl: set["TTL"].as_u64().unwrap().try_into().unwrap(),
        rdata: records.iter().map(|record| presentation(record["Value"].as_str().unwrap(), 8)).collect(),
    }
}

/// A string of HCL: `\` escapes as in C, and a template only where `$` or `%` is not doubled before the brace.
fn hcl_string(text: &str) -> String {
    let inside = text.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
    let mut read = String::new();
    let mut rest = inside;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("$${").or_else(|| rest.strip_prefix("%%{")) {
            read.push(c);
            read.push('{');
            rest = after;
            continue;
        }
        assert!(!rest.starts_with("${") && !rest.starts_with("%{"), "a template begins: {text}");
        assert_ne!(c, '"', "the string ends early: {text}");
        rest = &rest[c.len_utf8()..];
        if c == '\\' {
            let escaped = rest.chars().next().unwrap();
            assert!(matches!(escaped, '"' | '\\'), "no escape of ours: {text}");
            read.push(escaped);
            rest = &rest[1..];
        } else {
            read.push(c);
        }
    }
    read
}

fn terraform(text: &str) -> Read {
    let resource = text.split_once("resource \"aws_route53_record\"").unwrap().1;
    let attribute = |key: &str| {
        let is_key = |line: &&str| line.trim_start().starts_with(key);
        resource.lines().find(is_key).unwrap().split_once(" = ").unwrap().1
    };
    assert_eq!(attribute("type"), "\"CAA\"");
    let inside = resource.split_once("records = [\n").unwrap().1;
    let records = inside.lines().take_while(|line| *line != "  ]");
    let value = |line: &str| hcl_string(line.strip_prefix("    ").unwrap().strip_suffix(',').unwrap());
    Read {
        name: hcl_string(attribute("name")),
        ttl: attribute("ttl").parse().unwrap(),
        rdata: records.map(|line| presentation(&value(line), 8)).collect(),
    }
}

/// A string of YAML in single quotes.
fn yaml_string(text: &str) -> String {
    let inside = text.strip_prefix('\'').unwrap().strip_suffix('\'').unwrap();
    assert!(inside.replace("''", "").chars().all(|c| c != '\''), "a quote stands alone: {text}");
    inside.replace("''", "'")
}

fn google_cloud(text: &str) -> Read {
    let text = &text[text.find("---\n").unwrap()..];
    let of = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    assert_eq!((of("kind: "), of("type: ")), ("dns#resourceRecordSet", "CAA"));
    let rrdatas = text.lines().filter_map(|line| line.strip_prefix("- "));
    Read {
        name: yaml_string(of("name: ")).strip_suffix('.').unwrap().to_owned(),
        ttl: of("ttl: ").parse().unwrap(),
        rdata: rrdatas.map(|each| presentation(&yaml_string(each), 10)).collect(),
    }
}

/// The arguments of a call of JavaScript that are strings, and what follows the last of them.
fn js_strings(text: &str) -> (Vec<String>, &str) {
    let mut rest = text;
    let mut strings = Vec::new();
    while let Some(inside) = rest.strip_prefix('"') {
        let mut read = String::new();
        let mut chars = inside.char_indices();
        let end = loop {
            match chars.next().unwrap() {
                (at, '"') => break at,
                (_, '\\') => {
                    let escaped = chars.next().unwrap().1;
                    assert!(matches!(escaped, '"' | '\\'), "no escape of ours: {text}");
                    read.push(escaped);
                }
                (_, c) => read.push(c),
            }
        };
        strings.push(read);
        rest = inside[end + 1..].strip_prefix(", ").unwrap_or(&inside[end + 1..]);
    }
    (strings, rest)
}

fn dnscontrol(text: &str) -> Read {
    let mut statement = text.lines().skip_while(|line| line.starts_with("//"));
    let head = statement.next().unwrap().strip_prefix("D_EXTEND(").unwrap();
    let name = js_strings(head.strip_suffix(',').unwrap()).0.remove(0);
    let mut ttl = None;
    let mut records = Vec::new();
    for line in statement.take_while(|line| *line != ");") {
        let call = line.strip_prefix("  CAA(").unwrap().trim_end_matches(',').strip_suffix(')').unwrap();
        let (strings, rest) = js_strings(call);
        let [label, tag, value] = strings.as_slice() else { panic!("{line}") };
        assert_eq!(label, "@");
        let (flags, rest) = match rest.strip_prefix("CAA_CRITICAL, ") {
            Some(rest) => (128, rest),
            None => (0, rest),
        };
        let own = rest.strip_prefix("TTL(").unwrap().strip_suffix(')').unwrap().parse().unwrap();
        assert_eq!(*ttl.get_or_insert(own), own);
        records.push(rdata(flags, tag, value.as_bytes()));
    }
    Read { name, ttl: ttl.unwrap(), rdata: records }
}

/// List items, which stand two blanks below the key that the comment names.
fn octodns(text: &str) -> Read {
    let comment = "# Add to the list under the key ";
    let mut lines = text.lines().skip_while(|line| !line.starts_with(comment));
    let key = lines.next().unwrap().strip_prefix(comment).unwrap();
    let name = yaml_string(key.rsplit_once(" of the zone ").unwrap().0);
    let ttl = lines.next().unwrap().strip_prefix("  - ttl: ").unwrap().parse().unwrap();
    assert_eq!((lines.next(), lines.next()), (Some("    type: CAA"), Some("    values:")));
    let mut records = Vec::new();
    while let Some(flags) = lines.next() {
        let flags = flags.strip_prefix("      - flags: ").unwrap().parse().unwrap();
        let tag = lines.next().unwrap().strip_prefix("        tag: ").unwrap();
        let value = yaml_string(lines.next().unwrap().strip_prefix("        value: ").unwrap());
        records.push(rdata(flags, tag, value.as_bytes()));
    }
    Read { name, ttl, rdata: records }
}

#[test]
fn the_readers_know_what_is_written_elsewhere() {
    assert_eq!(decimal_unescaped(r#"a\"b\\c\059"#), b"a\"b\\c;");
    assert_eq!(presentation(r#"0 iodef "a\134b""#, 8), b"\x00\x05iodefa\\b");
    assert_eq!(hcl_string(r#""$$${y} %%{z} 100% $5 \" \\""#), r#"$${y} %{z} 100% $5 " \"#);
    assert_eq!(yaml_string("'it''s \"x\"'"), "it's \"x\"");
}
