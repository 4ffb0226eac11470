//! Which CAA identifier was probably meant by a text that is none.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::owner_key;

/// The longest text that is looked at: a domain name has no more.
const LONGEST: usize = 253;
/// How long a name without its top-level domain is at least, for another top-level domain to be a slip: `pki.goog`
/// says nothing of `pki.example`.
const DISTINCTIVE: usize = 6;
/// From how many letters on two of them may be wrong.
const LONG: usize = 10;

/// The identifier that is nearest to `text`, where one is near: the same but for the form (a URL, a trailing dot, a
/// host below), the owner's name, another top-level domain, or a slip of the keyboard.
///
/// `is_owner` says whether the text is the name of a known owner, which is quicker told by the table.
pub(super) fn nearest(
    text: &str,
    is_owner: bool,
    identifiers: &[(&'static str, &[&str])],
) -> Option<&'static str> {
    if text.len() > LONGEST {
        return None;
    }
    let bare = bare(text);
    if bare.is_empty() {
        return None;
    }
    let known = |name: &str| identifiers.iter().map(|(id, _)| *id).find(|id| *id == name);
    let mut parents =
        std::iter::successors(Some(bare.as_str()), |name| name.split_once('.').map(|(_, rest)| rest));
    parents
        .find_map(known)
        .or_else(|| is_owner.then(|| of_owner(text, identifiers)).flatten())
        .or_else(|| elsewhere(&bare, identifiers))
        .or_else(|| mistyped(&bare, identifiers))
}

/// The text without what a domain name does not have: quotes, blanks, a scheme, a path, a port, a trailing dot.
fn bare(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let trimmed =
        lower.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '.' | '*' | '<' | '>'));
    let host = trimmed.split_once("://").map_or(trimmed, |(_, rest)| rest);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split(['/', ':', ';', ',', '?', '#', ' ', '\t']).next().unwrap_or_default();
    host.trim_matches('.').to_owned()
}

/// The identifier of the owner of this name. Of several, that which resembles the name most.
fn of_owner(text: &str, identifiers: &[(&'static str, &[&str])]) -> Option<&'static str> {
    let key = owner_key(text);
    let is_meant = |owners: &[&str]| owners.iter().any(|owner| owner_key(owner) == key);
    // Hosts come after the domain they are in: `www.digicert.com` after `digicert.com`.
    let unlikeness = |id: &str| {
        (strsim::osa_distance(&registered_label(id).replace('-', ""), &key), id.matches('.').count())
    };
    identifiers
        .iter()
        .filter(|(_, owners)| is_meant(owners))
        .map(|(id, _)| *id)
        .min_by_key(|id| unlikeness(id))
}

/// The identifier of the same name under another top-level domain, or under none.
fn elsewhere(bare: &str, identifiers: &[(&'static str, &[&str])]) -> Option<&'static str> {
    let stem = registered_label(bare);
    if stem.len() < DISTINCTIVE {
        return None;
    }
    let same = identifiers.iter().map(|(id, _)| *id).filter(|id| registered_label(id) == stem);
    same.min_by_key(|id| (id.matches('.').count(), strsim::osa_distance(id, bare)))
}

/// The identifier that is one slip away, or two where it is long.
fn mistyped(bare: &str, identifiers: &[(&'static str, &[&str])]) -> Option<&'static str> {
    let most: usize = if bare.len() >= LONG { 2 } else { 1 };
    // A slip changes at most one octet into another, which two counts show: that is told sooner than the distance.
    let counts = octet_counts(bare);
    let near = |id: &str| {
        let unlike: u64 = counts.iter().zip(octet_counts(id)).map(|(a, b)| u64::from(a.abs_diff(b))).sum();
        unlike <= if most > 1 { 4 } else { 2 }
    };
    let candidates = identifiers.iter().map(|(id, _)| *id).filter(|id| id.len().abs_diff(bare.len()) <= most);
    candidates
        .filter(|id| near(id))
        .map(|id| (strsim::osa_distance(id, bare), id))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, id)| id)
}

/// How often each octet stands in a text. Names are shorter than a count can be.
fn octet_counts(text: &str) -> [u8; 256] {
    let mut counts = [0_u8; 256];
    for octet in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(octet)) {
            *count = count.saturating_add(1);
        }
    }
    counts
}

/// The label before the top-level domain: `digicert` of `www.digicert.com`. Domains registered below a second level
/// are few among the identifiers, and their names are short.
fn registered_label(name: &str) -> &str {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.rsplit_once('.').map_or(stem, |(_, label)| label)
}

#[cfg(test)]
mod tests {
    use super::super::CaTable;

    fn nearest(text: &str) -> Option<&'static str> {
        CaTable.nearest_identifier(text)
    }

    #[test]
    fn what_was_meant_is_found() {
        for (written, meant) in [
            ("letsencrypt.com", "letsencrypt.org"),
            ("letsencrypt.or", "letsencrypt.org"),
            ("letsencrypt", "letsencrypt.org"),
            ("letencrypt.org", "letsencrypt.org"),
            ("lestencrypt.org", "letsencrypt.org"),
            ("https://letsencrypt.org", "letsencrypt.org"),
            ("https://letsencrypt.org/docs", "letsencrypt.org"),
            ("letsencrypt.org.", "letsencrypt.org"),
            ("\"letsencrypt.org\"", "letsencrypt.org"),
            ("www.letsencrypt.org", "letsencrypt.org"),
            ("Let's Encrypt", "letsencrypt.org"),
            ("DigiCert", "digicert.com"),
            ("DigiCert, Inc.", "digicert.com"),
            ("digicert.org", "digicert.com"),
            ("ca.sectigo.com", "sectigo.com"),
            ("Google Trust Services", "pki.goog"),
            ("globalsing.com", "globalsign.com"),
            ("amazon.de", "amazon.com"),
        ] {
            assert_eq!(nearest(written), Some(meant), "{written}");
        }
    }

    #[test]
    fn what_is_far_is_not_guessed() {
        for text in [
            "",
            ".",
            "ca1.example",
            "ca2.example",
            "ca.example",
            "pki.example.com",
            "example.com",
            "zerossl.com",
            "trust.test",
            "ssl.example",
            "nobody.test",
            ";",
            "a",
            "com",
            "%%%%%",
            "http://",
            "internal-ca.corp",
        ] {
            assert_eq!(nearest(text), None, "{text}");
        }
        assert_eq!(nearest(&"letsencrypt.org".repeat(40)), None);
    }

    #[test]
    fn identifiers_of_cas_that_ended_say_why() {
        for ended in ["wosign.com", "StartSSL.com", "buypass.com", "entrust.net", "trustcor.ca"] {
            let retired = CaTable.retirement(ended).unwrap();
            assert!(!retired.source.is_empty() && retired.since.starts_with("20"), "{retired:?}");
            assert!(!retired.what.is_empty() && !retired.what.ends_with('.'), "{retired:?}");
        }
        for lives in
            ["letsencrypt.org", "symantec.com", "thawte.com", "geotrust.com", "rapidssl.com", "ca1.example"]
        {
            assert_eq!(CaTable.retirement(lives), None, "{lives}");
        }
    }
}
