//! The value of `issue` and its relatives, by the grammar and nothing more lenient.
//!
//! Source: RFC 8659 section 4.2. What does not match the grammar names no CA, as an empty issuer does.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

/// A value that matches the grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueValue {
    /// The issuer domain name as written; `None` names no CA.
    pub issuer: Option<String>,
    /// The parameters in order, repetitions kept.
    pub parameters: Vec<Parameter>,
}

/// One `tag=value` parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The tag as written.
    pub tag: String,
    /// The value; may be empty.
    pub value: String,
}

/// Where and why a value does not match the grammar. Positions count octets from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The issuer is no sequence of labels joined by dots.
    #[error("“{0}” is no issuer domain name")]
    Issuer(String),
    /// A parameter's tag is empty, or begins or ends with a hyphen.
    #[error("“{0}” is no parameter name")]
    ParameterTag(String),
    /// A parameter has no `=`.
    #[error("the parameter “{0}” has no “=”")]
    NoEquals(String),
    /// A `;` after the last parameter.
    #[error("nothing follows the last “;”")]
    TrailingSemicolon,
    /// Something else than a blank or `;` follows the issuer or a parameter.
    #[error("the octet {octet:#04x} stands at position {position}, where only “;” or the end may follow")]
    Unexpected {
        /// The octet.
        octet: u8,
        /// Where it stands.
        position: usize,
    },
}

impl IssueValue {
    /// Reads a value: `*WSP [issuer *WSP] [";" *WSP [parameters *WSP]]`.
    pub fn parse(value: &[u8]) -> Result<Self, ValueError> {
        let mut input = Input { rest: value, total: value.len() };
        input.skip_blanks();
        let issuer = match input.take_while(|octet| is_label_octet(octet) || octet == b'.') {
            "" => None,
            issuer if issuer.split('.').all(is_label) => Some(issuer.to_owned()),
            issuer => return Err(ValueError::Issuer(issuer.to_owned())),
        };
        input.skip_blanks();
        let mut parameters = Vec::new();
        if !input.semicolon_or_end()? {
            return Ok(Self { issuer, parameters });
        }
        input.skip_blanks();
        if input.is_at_end() {
            return Ok(Self { issuer, parameters });
        }
        loop {
            parameters.push(input.parameter()?);
            input.skip_blanks();
            if !input.semicolon_or_end()? {
                return Ok(Self { issuer, parameters });
            }
            input.skip_blanks();
            if input.is_at_end() {
                return Err(ValueError::TrailingSemicolon);
            }
        }
    }

    /// Whether the value names the CA known by `identifier`; domain names are compared without case.
    pub fn names(&self, identifier: &str) -> bool {
        self.issuer.as_ref().is_some_and(|issuer| issuer.eq_ignore_ascii_case(identifier))
    }

    /// The values of every parameter with this tag, which is matched as written.
    pub fn values_of<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a str> {
        self.parameters
            .iter()
            .filter(move |parameter| parameter.tag == tag)
            .map(|parameter| parameter.value.as_str())
    }
}

/// `(ALPHA / DIGIT) *( *("-") (ALPHA / DIGIT))`: the shape of labels and of parameter tags.
fn is_label(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('-') && !text.ends_with('-') && text.bytes().all(is_label_octet)
}

fn is_label_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet == b'-'
}

/// `%x21-3A / %x3C-7E`: everything visible except `;`.
fn is_value_octet(octet: u8) -> bool {
    octet.is_ascii_graphic() && octet != b';'
}

/// What is left of a value.
struct Input<'a> {
    rest: &'a [u8],
    total: usize,
}

impl<'a> Input<'a> {
    fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn skip_blanks(&mut self) {
        self.take_while(|octet| octet == b' ' || octet == b'\t');
    }

    /// Takes the longest run of octets that `wanted` accepts; it must accept ASCII only.
    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a str {
        let length = self.rest.iter().take_while(|octet| wanted(**octet)).count();
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.rest = rest;
        str::from_utf8(taken).unwrap_or_default()
    }

    /// Takes a `;` and gives true, or gives false at the end.
    fn semicolon_or_end(&mut self) -> Result<bool, ValueError> {
        match self.rest.split_first() {
            None => Ok(false),
            Some((b';', rest)) => {
                self.rest = rest;
                Ok(true)
            }
            Some((&octet, rest)) => Err(ValueError::Unexpected {
                octet,
                position: self.total.saturating_sub(rest.len()).saturating_sub(1),
            }),
        }
    }

    /// `tag *WSP "=" *WSP value`
    fn parameter(&mut self) -> Result<Parameter, ValueError> {
        let tag = self.take_while(is_label_octet);
        if !is_label(tag) {
            return Err(ValueError::ParameterTag(tag.to_owned()));
        }
        self.skip_blanks();
        let Some((b'=', rest)) = self.rest.split_first() else {
            return Err(ValueError::NoEquals(tag.to_owned()));
        };
        self.rest = rest;
        self.skip_blanks();
        Ok(Parameter { tag: tag.to_owned(), value: self.take_while(is_value_octet).to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn issuer(value: &str) -> Option<String> {
        IssueValue::parse(value.as_bytes()).unwrap().issuer
    }

    fn parameters(value: &str) -> Vec<(String, String)> {
        let value = IssueValue::parse(value.as_bytes()).unwrap();
        value.parameters.into_iter().map(|parameter| (parameter.tag, parameter.value)).collect()
    }

    #[test]
    fn the_grammar_accepts() {
        for value in ["", ";", " ;\t", "   ", "; a=b"] {
            assert_eq!(issuer(value), None, "{value:?}");
        }
        for value in ["ca1.example", "\tca1.example ", "ca1.example;", " ca1.example ; ", "ca1.example ;a=b"]
        {
            assert_eq!(issuer(value).as_deref(), Some("ca1.example"), "{value:?}");
        }
        for value in ["localhost", "c--a1.example", "1.2.3", "xn--bcher-kva.example"] {
            assert_eq!(issuer(value).as_deref(), Some(value));
        }
        // RFC 8659 section 4.2's own example, and the edges of the value's octets.
        assert_eq!(parameters("ca1.example.net; account=230123"), [("account".into(), "230123".into())]);
        assert_eq!(
            parameters("ca1.example; foo = bar ;a-b=!:<~ ; empty=\t; x==y"),
            [("foo", "bar"), ("a-b", "!:<~"), ("empty", ""), ("x", "=y")].map(|(t, v)| (t.into(), v.into()))
        );
    }

    #[test]
    fn the_grammar_refuses() {
        for value in [
            "%%%%%",
            "ca1.example.",
            ".ca1.example",
            "ca1..example",
            "-ca1.example",
            "ca1-.example",
            "ca_1.example",
            "*.ca1.example",
            "ca1.example,ca2.example",
            "\"ca1.example\"",
            "ca1.example foo",
            "ca1.example\n",
            "ca1.example; policy",
            "ca1.example; =x",
            "ca1.example; -a=x",
            "ca1.example; a-=x",
            "ca1.example; a_b=x",
            "ca1.example; a=b;",
            "ca1.example;; a=b",
            "ca1.example; foo=b1,b2 baz=a",
            "ca1.example; a=\x7f",
            "ca1.example a=b",
        ] {
            assert!(IssueValue::parse(value.as_bytes()).is_err(), "{value:?}");
        }
        assert!(IssueValue::parse("bücher.example".as_bytes()).is_err());
        assert!(IssueValue::parse(b"ca1.example\0").is_err());
        assert_eq!(
            IssueValue::parse(b"ca1.example foo"),
            Err(ValueError::Unexpected { octet: b'f', position: 12 })
        );
        assert_eq!(IssueValue::parse(b"a; b=c; "), Err(ValueError::TrailingSemicolon));
    }

    #[test]
    fn issuers_are_compared_whole_and_without_case() {
        let value = IssueValue::parse(b"CA1.Example").unwrap();
        assert!(value.names("ca1.example"));
        assert!(!value.names("www.ca1.example"));
        assert!(!IssueValue::parse(b";").unwrap().names(""));
    }

    proptest! {
        #[test]
        fn any_octets_are_judged(value in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = IssueValue::parse(&value);
        }

        /// Values made by walking the grammar are accepted, and give back what they were made of.
        #[test]
        fn what_the_grammar_makes_is_read(
            issuer in "[a-zA-Z0-9](-{0,2}[a-z0-9]){0,3}(\\.[a-z0-9](-{0,2}[a-z0-9]){0,3}){0,3}",
            made in proptest::collection::vec(("[a-z0-9](-{0,2}[a-z0-9]){0,3}", "[!-:<-~]{0,8}"), 0..4),
            blank in "[ \t]{0,2}",
        ) {
            let tail: Vec<String> =
                made.iter().map(|(tag, value)| format!("{blank}{tag}{blank}={blank}{value}{blank}")).collect();
            let text = format!("{blank}{issuer}{blank};{}", tail.join(";"));
            let value = IssueValue::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(value.issuer, Some(issuer));
            let read: Vec<_> = value.parameters.into_iter().map(|p| (p.tag, p.value)).collect();
            prop_assert_eq!(read, made);
        }
    }
}
