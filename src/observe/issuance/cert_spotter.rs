//! Asking Cert Spotter, page by page.

use std::collections::HashSet;

use reqwest::Url;
use tokio::time::Instant;

use super::super::clock;
use super::super::http::{HttpClient, HttpRequest};
use super::{CertSpotter, endpoint, get_until};
use crate::dns_name::DnsName;
use crate::evidence::http::{HttpExchange, HttpOutcome};
use crate::evidence::issuance::{IssuanceSource, Told};
use crate::issuance::sources::cert_spotter::{PageEnd, page_end};

/// The most octets of a page.
const MOST_OCTETS: usize = 32 << 20;

/// The most octets of all pages.
const MOST_IN_ALL: usize = 256 << 20;

/// What is wanted of each issuance.
const FIELDS: [&str; 8] = [
    "dns_names",
    "issuer",
    "issuer.operator",
    "issuer.caa_domains",
    "pubkey",
    "cert_der",
    "problem_reporting",
    "revocation",
];

pub(super) async fn ask(name: &DnsName, http: &HttpClient, how: &CertSpotter) -> IssuanceSource {
    let asked_at = clock::now();
    let url = match endpoint(&how.url) {
        Ok(url) => with_path(url),
        Err(why) => return super::not_asked(Told::CertSpotter(Vec::new()), "Cert Spotter", why, asked_at),
    };
    let mut pages = Vec::new();
    let broken_off = ask_pages(name, http, how, &url, &mut pages).await.err();
    IssuanceSource { asked_at, place: url.to_string(), broken_off, told: Told::CertSpotter(pages) }
}

/// Asks for one page after the other, until one is empty; says why not until then.
async fn ask_pages(
    name: &DnsName,
    http: &HttpClient,
    how: &CertSpotter,
    url: &Url,
    pages: &mut Vec<HttpExchange>,
) -> Result<(), String> {
    let ends = Instant::now() + how.patience;
    let mut seen = HashSet::new();
    let mut after = None;
    let mut octets = 0_usize;
    while pages.len() < how.most_pages {
        let asked = page_url(url, name, after.as_deref());
        let request = HttpRequest::new(asked.as_str(), MOST_OCTETS).bearer(how.token.clone()).keeping_part();
        let (page, is_in_time) = get_until(http, request, &asked, ends).await;
        if !is_in_time {
            pages.push(page);
            return Err(format!("it had not given all of its pages after {} s", how.patience.as_secs()));
        }
        let end = page_end(&page);
        octets = octets.saturating_add(octets_of(&page));
        pages.push(page);
        let last = match end {
            PageEnd::Empty => return Ok(()),
            // What is wrong with the page is told where it is read.
            PageEnd::Unknown => return Err("no further page was asked for".to_owned()),
            PageEnd::After(id) => id,
        };
        if !seen.insert(last.clone()) {
            return Err("it leads in a circle: two pages end with the same issuance".to_owned());
        }
        if octets >= MOST_IN_ALL {
            return Err(format!("it has more than {} MiB of pages", MOST_IN_ALL >> 20));
        }
        after = Some(last);
    }
    Err(format!("it has more than the {} pages that are read", how.most_pages))
}

/// The address of the API; where only a host is named, its path is the one of SSLMate.
fn with_path(mut url: Url) -> Url {
    if url.path() == "/" {
        url.set_path("/v1/issuances");
    }
    url
}

fn page_url(url: &Url, name: &DnsName, after: Option<&str>) -> Url {
    let mut url = url.clone();
    {
        let mut query = url.query_pairs_mut();
        query.append_pair("domain", name.as_str());
        query.append_pair("include_subdomains", "true").append_pair("match_wildcards", "true");
        query.extend_pairs(FIELDS.map(|field| ("expand", field)));
        query.extend_pairs(after.map(|id| ("after", id)));
    }
    url
}

fn octets_of(page: &HttpExchange) -> usize {
    match page.outcome() {
        Some(HttpOutcome::Response(response)) => response.body.len(),
        _ => 0,
    }
}
