//! Services that obtain certificates for the domains they serve from further CAs, in advance and without a word.
//!
//! Whoever expects the CA of the certificate that is served sees a certificate of another one in the logs. A row says
//! what the service itself documents; it is a hint to look there first, and never makes a certificate expected.

/// A service that keeps backup certificates of other CAs.
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    /// How the policy names it.
    pub id: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// The CAA identifiers of the CAs that its backup certificates come from.
    pub cas: &'static [&'static str],
    /// Where it says so.
    pub source: &'static str,
}

/// Every service of which this is documented.
pub static PROVIDERS: &[Provider] = &[Provider {
    id: "cloudflare",
    name: "Cloudflare",
    cas: &["pki.goog", "letsencrypt.org", "sectigo.com", "ssl.com"],
    source: "https://developers.cloudflare.com/ssl/edge-certificates/backup-certificates/",
}];

/// The service of this id.
pub fn provider(id: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.id.eq_ignore_ascii_case(id))
}

/// The service whose backup certificate one with these names may be, and for which domain: Cloudflare's are for a domain
/// and its wildcard.
pub(super) fn of_backup<'n>(
    names: &'n [String],
    identifiers: &[String],
) -> Option<(&'static Provider, &'n str)> {
    let domain = match names {
        [one, other] if one.strip_prefix("*.") == Some(other.as_str()) => other,
        [one, other] if other.strip_prefix("*.") == Some(one.as_str()) => one,
        _ => return None,
    };
    let is_by = |provider: &&Provider| {
        identifiers.iter().any(|own| provider.cas.iter().any(|ca| ca.eq_ignore_ascii_case(own)))
    };
    PROVIDERS.iter().find(is_by).map(|provider| (provider, domain.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_for_a_domain_and_its_wildcard() {
        let of = |names: &[&str], ca: &str| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            of_backup(&names, &[ca.to_owned()]).map(|(provider, domain)| (provider.id, domain.to_owned()))
        };
        let cloudflare = Some(("cloudflare", "t.example".to_owned()));
        assert_eq!(of(&["t.example", "*.t.example"], "sectigo.com"), cloudflare);
        assert_eq!(of(&["*.t.example", "t.example"], "pki.goog"), cloudflare);
        assert_eq!(of(&["t.example", "*.t.example"], "digicert.com"), None);
        assert_eq!(of(&["t.example", "www.t.example"], "sectigo.com"), None);
        assert_eq!(of(&["t.example", "*.t.example", "u.example"], "sectigo.com"), None);
    }

    #[test]
    fn every_ca_of_the_table_is_known() {
        for provider in PROVIDERS {
            assert_eq!(super::provider(provider.id), Some(provider));
            for ca in provider.cas {
                assert!(crate::ca::CaTable.is_known_identifier(ca), "{ca}");
            }
        }
    }
}
