//! What findings advise by the format of the file they are about.

use crate::rules::{Raised, RuleInfo};

/// What a rule advises about files of some formats, where that is not what it advises about others.
struct Advice {
    rule: &'static str,
    formats: &'static [&'static str],
    text: &'static str,
}

/// The formats that are source code.
const CODE: &[&str] =
    &["okhttp", "urlsession", "alamofire", "dotnet", "dart", "react-native", "go", "source-constants"];

static ADVICE: &[Advice] = &[
    Advice {
        rule: "PIN050",
        formats: CODE,
        text: "Look up what stands there in the place that defines it, and write the hosts and their pins down in a \
            `pins.toml` beside this file.",
    },
    Advice {
        rule: "PIN050",
        formats: &["certificate-files", "apk", "ipa"],
        text: "Look in the app's source code for what it compares with servers, and give that code, or write the pins \
            down in a `pins.toml`.",
    },
    Advice {
        rule: "PIN050",
        formats: &["tlsa"],
        text: "Look the records up with `--tlsa HOST:PORT`, by a resolver that answers and whose DNSSEC validation can \
            be followed.",
    },
    Advice {
        rule: "PIN050",
        formats: &["pinstead"],
        text: "Correct the line: docs/pins-toml.md names every key and what it takes.",
    },
];

/// A finding with the advice for the format of its file.
pub(super) fn worded(rule: &RuleInfo, raised: Raised) -> Raised {
    let Some(format) = raised.format.filter(|_| raised.advice.is_none()) else { return raised };
    let own = ADVICE.iter().find(|own| own.rule == rule.id && own.formats.contains(&format));
    match own {
        Some(own) => raised.advising(own.text),
        None => raised,
    }
}
