//! Response headers in what people have of them: the header itself, the output of `curl -I` or `-v`, nginx's
//! `add_header`, Apache's `Header set`.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

/// The most headers of one name that are read from a file.
const MOST: usize = 200;
/// The longest value that is read, in octets: servers refuse longer ones.
const LONGEST: usize = 16 << 10;

/// A header, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Its value, without the quotes of a configuration.
    pub(super) value: String,
    /// The line it begins on, from 1.
    pub(super) line: usize,
    /// The hosts that the file says it is for.
    pub(super) hosts: Vec<String>,
}

/// Whether a text has a header of this name (lower case), in whatever way.
pub(super) fn has(text: &str, name: &str) -> bool {
    text.lines().any(|line| find(line, name).is_some())
}

/// Every header of this name (lower case), in order.
pub(super) fn all(text: &str, name: &str) -> Vec<Header> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(rest) = find(line, name) else { continue };
        if found.len() >= MOST {
            break;
        }
        let further = lines.get(index.saturating_add(1)..).unwrap_or_default();
        let hosts = hosts(&lines, index);
        found.push(Header { value: value(rest, further), line: index.saturating_add(1), hosts });
    }
    found
}

/// What follows the header's name on a line that sets it; `None` on others and in comments.
fn find<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let begins = line.trim_start();
    if begins.starts_with('#') || begins.starts_with("//") || line.len() > LONGEST {
        return None;
    }
    let lower = line.to_ascii_lowercase();
    let at = lower.find(name)?;
    let (before, rest) = line.split_at_checked(at)?;
    let rest = rest.get(name.len()..)?;
    // The name of another header may begin with this one.
    if rest.starts_with(|symbol: char| symbol.is_alphanumeric() || symbol == '-' || symbol == '_') {
        return None;
    }
    let before = before.trim_start_matches(['<', '>', ' ', '\t']).trim_end_matches(['"', '\'']);
    let words: Vec<String> = before.split_whitespace().map(str::to_ascii_lowercase).collect();
    let sets = match words.as_slice() {
        [] => rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'),
        [first, ..] => {
            matches!(
                first.as_str(),
                "add_header" | "more_set_headers" | "http-response" | "setenv.add-response-header"
            ) || (first == "header"
                && words.iter().any(|word| matches!(word.as_str(), "set" | "append" | "add" | "merge")))
                || first.starts_with("header(")
        }
    };
    sets.then_some(rest)
}

/// The value that follows a header's name, on its line and, in quotes or folded, on those below.
fn value(rest: &str, further: &[&str]) -> String {
    let rest = rest.trim_start_matches(['"', '\'']).trim_start_matches([':', ' ', '\t', '=', ',', '>']);
    let mut symbols = rest.chars();
    if let Some(quote @ ('"' | '\'')) = symbols.next() {
        return quoted(quote, symbols.as_str(), further);
    }
    let mut text = rest.trim_end().to_owned();
    // RFC 7230 section 3.2.4: a line that begins with white space goes on with the one above.
    for line in further.iter().take_while(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty()) {
        if text.len() > LONGEST || line.contains(['{', '}']) {
            break;
        }
        text.push(' ');
        text.push_str(line.trim());
    }
    text
}

fn quoted(quote: char, first: &str, further: &[&str]) -> String {
    let mut text = String::new();
    let mut escaped = false;
    for line in std::iter::once(&first).chain(further) {
        for symbol in line.chars() {
            if escaped {
                text.push(symbol);
                escaped = false;
            } else if symbol == '\\' {
                escaped = true;
            } else if symbol == quote {
                return text;
            } else {
                text.push(symbol);
            }
        }
        if text.len() > LONGEST {
            break;
        }
        text.push(' ');
    }
    text
}

/// The hosts of the block that a line stands in (`server_name`, `ServerName`), or of the request above it (`> Host:`).
fn hosts(lines: &[&str], index: usize) -> Vec<String> {
    const FARTHEST: usize = 300;
    let begins = |line: &str, words: &[&str]| {
        let lower = line.trim_start().to_ascii_lowercase();
        words.iter().any(|word| lower.starts_with(word))
    };
    let is_start = |line: &&&str| {
        let line = line.trim_start();
        line.starts_with("server ") || line.starts_with("server{") || begins(line, &["<virtualhost"])
    };
    let above = lines.get(..index).unwrap_or_default();
    let mut found = Vec::new();
    if let Some(request) = above.iter().rev().take(FARTHEST).find(|line| begins(line, &["> host:"])) {
        found.extend(request.split_once(':').map(|(_, host)| host));
    } else if let Some(back) = above.iter().rev().take(FARTHEST).position(|line| is_start(&line)) {
        let start = index.saturating_sub(back).saturating_sub(1);
        let block = lines.get(start..).unwrap_or_default();
        let end = block
            .iter()
            .skip(1)
            .take(FARTHEST)
            .position(|line| is_start(&line) || begins(line, &["</virtualhost"]));
        let block = block
            .get(..end.map_or(block.len().min(FARTHEST), |end| end.saturating_add(1)))
            .unwrap_or_default();
        for line in block.iter().filter(|line| begins(line, &["server_name ", "servername ", "serveralias "]))
        {
            found.extend(line.trim().trim_end_matches(';').split_whitespace().skip(1));
        }
    }
    let mut hosts: Vec<String> = found
        .into_iter()
        .map(|host| host.trim().trim_end_matches('.').to_lowercase())
        .filter(|host| host.contains('.') && !host.contains(['~', '$', '*', '/']))
        .take(50)
        .collect();
    hosts.dedup();
    hosts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAME: &str = "public-key-pins";

    fn values(text: &str) -> Vec<String> {
        all(text, NAME).into_iter().map(|header| header.value).collect()
    }

    #[test]
    fn headers_are_found_where_people_have_them() {
        for text in [
            "Public-Key-Pins: a=\"b\"; c",
            "HTTP/1.1 200 OK\r\npublic-key-pins: a=\"b\"; c\r\n\r\n",
            "< Public-Key-Pins: a=\"b\"; c",
            "  add_header Public-Key-Pins 'a=\"b\"; c' always;",
            "add_header \"Public-Key-Pins\" \"a=\\\"b\\\"; c\";",
            "Header always set Public-Key-Pins \"a=\\\"b\\\"; c\"",
            "Public-Key-Pins: a=\"b\";\n c",
        ] {
            assert_eq!(values(text), ["a=\"b\"; c"], "{text}");
        }
    }

    #[test]
    fn other_lines_are_none() {
        for text in [
            "# Public-Key-Pins: a",
            "Public-Key-Pins-Report-Only: a",
            "HPKP (Public-Key-Pins) is dead",
            "proxy_hide_header Public-Key-Pins;",
            "Header unset Public-Key-Pins",
        ] {
            assert!(values(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_hosts_of_a_block_are_those_of_its_header() {
        let nginx = "server {\n server_name a.example;\n}\nserver {\n add_header Public-Key-Pins 'x';\n server_name b.example www.b.example;\n}\n";
        assert_eq!(all(nginx, NAME)[0].hosts, ["b.example", "www.b.example"]);
        assert_eq!(all(nginx, NAME)[0].line, 5);
        let apache =
            "<VirtualHost *:443>\nServerName c.example\nHeader set Public-Key-Pins \"x\"\n</VirtualHost>";
        assert_eq!(all(apache, NAME)[0].hosts, ["c.example"]);
        assert_eq!(all("> Host: d.example\n>\n< Public-Key-Pins: x", NAME)[0].hosts, ["d.example"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(Public-Key-Pins|:|\"|'|\\\\|server|server_name|\\{|;|#|\n| |\\PC){0,60}") {
            let _ = all(&text, NAME);
        }
    }
}
