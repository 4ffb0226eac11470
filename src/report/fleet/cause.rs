//! Why something stayed open, without what differs from target to target.

use crate::question::OpenKind;

/// The steps at which an attempt at a server can fail, as [`crate::judge`] words them.
const STEPS: [&str; 3] =
    ["connecting failed: ", "the dialogue before TLS failed: ", "the TLS handshake failed: "];

/// The most characters of a cause.
const MOST: usize = 120;

/// What an open question of this kind and these words is about, whichever target it is of; `failures` are what failed on the
/// way to the target.
pub(super) fn of(kind: Option<OpenKind>, what: &str, failures: &[String]) -> String {
    match (kind, failures.first()) {
        (Some(OpenKind::Certificate), Some(failure)) => of_failure(failure),
        (Some(OpenKind::OtherCertificate), _) => "the other certificate of another address".to_owned(),
        // The names have the target's own, and the reason of a step its evidence.
        (Some(OpenKind::Tlsa), _) => "the TLSA records".to_owned(),
        (Some(OpenKind::Step), _) => without_numbers(what.split_once(": ").map_or(what, |(step, _)| step)),
        _ => without_numbers(what),
    }
}

fn of_failure(failure: &str) -> String {
    let step = STEPS.iter().find_map(|step| failure.find(step).and_then(|at| failure.get(at..)));
    if let Some(step) = step {
        return without_numbers(step.trim_end_matches('.'));
    }
    // What follows has the name in it.
    if failure.starts_with("The addresses of ") {
        return "the addresses could not be had".to_owned();
    }
    without_numbers(failure.trim_end_matches('.'))
}

/// The text with each number of a count or a size as N, cut where it is long.
fn without_numbers(text: &str) -> String {
    let mut words = Vec::new();
    for word in text.split(' ') {
        let is_number = !word.is_empty() && word.chars().all(|character| character.is_ascii_digit());
        words.push(if is_number { "N" } else { word });
    }
    words.join(" ").chars().take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::question::About;

    #[test]
    fn a_cause_is_the_same_whichever_target_it_is_of() {
        for (question, failure, expected) in [
            (
                "the certificate",
                "192.0.2.7:443: connecting failed: Connection refused (os error 111).",
                "connecting failed: Connection refused (os error 111)",
            ),
            (
                "the certificate",
                "[2001:db8::1]:443: the TLS handshake failed: no end of the handshake within 10 s.",
                "the TLS handshake failed: no end of the handshake within N s",
            ),
            (
                "the certificate",
                "The addresses of a.example could not be had: NXDOMAIN.",
                "the addresses could not be had",
            ),
            ("CAA of 12 further names", "", "CAA of N further names"),
            (
                "the other certificate, at 192.0.2.1:443 (SHA-256 00)",
                "",
                "the other certificate of another address",
            ),
            ("what CAA says", "", "what CAA says"),
            ("the TLSA of _443._tcp.a.example", "", "the TLSA records"),
            (
                "whether the step “widened” is done: a.xml: 2 of 4 roots are not pinned",
                "",
                "whether the step “widened” is done",
            ),
        ] {
            let kind = About::read(question).map(|about| about.kind);
            assert_eq!(of(kind, question, &[failure.to_owned()]), expected);
        }
        assert_eq!(of(Some(OpenKind::Certificate), "the certificate", &[]), "the certificate");
        assert_eq!(of(None, &"x".repeat(1000), &[]).len(), MOST);
    }
}
