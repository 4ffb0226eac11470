//! Whether any log can be reached from here: where none is, that is one trouble, and told early.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use super::logs::FollowedLog;
use crate::ct::log_fault::RunFault;
use crate::observe::clock::Stopwatch;
use crate::observe::http::{Contact, HttpClient, host_and_port};

/// How often it is looked at.
const LOOKED: Duration = Duration::from_millis(100);
/// How often each host is asked in vain before it counts as not reached.
const TRIES: u32 = 2;
/// For how long nothing is reached before it is told, in milliseconds since the first failure: a network that comes up late,
/// and a proxy that is started anew, are there by then. Each log by itself is tried for longer.
const LEAST: u64 = 10_000;

/// Waits until none of the hosts of these logs was reached, each in several tries, for so long, and says so. Of logs at one
/// host, or of one operator at hosts of one domain, it never does: that is a trouble of theirs.
pub(super) fn cut_off(http: HttpClient, followed: &[FollowedLog]) -> impl Future<Output = RunFault> + use<> {
    let hosts: BTreeSet<String> = followed.iter().filter_map(|log| host_and_port(&log.log.url)).collect();
    let operators: BTreeSet<&str> = followed.iter().map(|log| log.operator.as_str()).collect();
    let are_apart = are_apart(&hosts, &operators);
    let logs = followed.len();
    async move {
        if !are_apart {
            return std::future::pending().await;
        }
        let mut since = None;
        loop {
            tokio::time::sleep(LOOKED).await;
            let contact = http.contact();
            if contact.is_any_reached {
                return std::future::pending().await;
            }
            if since.is_none() && hosts.iter().any(|host| tries(&contact, host) > 0) {
                since = Some(Stopwatch::start());
            }
            let lasted = since.map_or(0, Stopwatch::milliseconds);
            if let Some(fault) = judged(&contact, &hosts, logs, lasted) {
                return fault;
            }
        }
    }
}

/// Whether these hosts do not fail together for a reason of their own: they are of two operators, or of two registrable
/// domains.
fn are_apart(hosts: &BTreeSet<String>, operators: &BTreeSet<&str>) -> bool {
    let domains: BTreeSet<&str> = hosts.iter().filter_map(|host| registrable_domain(host)).collect();
    hosts.len() >= 2 && (operators.len() >= 2 || domains.len() >= 2)
}

/// The registrable domain of a host with its port; an address has none.
fn registrable_domain(host_and_port: &str) -> Option<&str> {
    let (host, _) = host_and_port.rsplit_once(':')?;
    let is_address = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
    if is_address { None } else { psl::domain_str(host.trim_end_matches('.')) }
}

/// How often a host was asked in vain.
fn tries(contact: &Contact, host: &str) -> u32 {
    contact.unreached.get(host).map_or(0, |(tries, _)| *tries)
}

/// What follows from hosts that are apart, the first of which could not be reached so many milliseconds ago.
fn judged(contact: &Contact, hosts: &BTreeSet<String>, logs: usize, lasted: u64) -> Option<RunFault> {
    if contact.is_any_reached || lasted < LEAST {
        return None;
    }
    let mut causes: BTreeMap<&str, usize> = BTreeMap::new();
    for host in hosts {
        let (_, why) = contact.unreached.get(host).filter(|(tries, _)| *tries >= TRIES)?;
        let count = causes.entry(why).or_default();
        *count = count.saturating_add(1);
    }
    let mut causes: Vec<(String, usize)> =
        causes.into_iter().map(|(why, count)| (why.to_owned(), count)).collect();
    causes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Some(RunFault::CutOff { logs, hosts: hosts.len(), causes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_no_host_is_reached_it_is_the_network() {
        let hosts: BTreeSet<String> = ["a:443".to_owned(), "b:443".to_owned()].into();
        let refused = || (TRIES, "no connection: refused".to_owned());
        let unreached: BTreeMap<_, _> = hosts.iter().cloned().map(|host| (host, refused())).collect();
        let all = Contact { is_any_reached: false, unreached: unreached.clone() };
        let causes = vec![("no connection: refused".to_owned(), 2)];
        assert_eq!(judged(&all, &hosts, 9, LEAST), Some(RunFault::CutOff { logs: 9, hosts: 2, causes }));
        assert_eq!(judged(&all, &hosts, 9, LEAST - 1), None, "it may come up yet");
        let answered = Contact { is_any_reached: true, ..all };
        assert_eq!(judged(&answered, &hosts, 9, LEAST), None, "one that answers is enough");
        let contact = |unreached| Contact { is_any_reached: false, unreached };
        let mut early = unreached.clone();
        early.insert("b:443".to_owned(), (TRIES - 1, "no connection: refused".to_owned()));
        assert_eq!(judged(&contact(early), &hosts, 9, LEAST), None, "it is tried again first");
        let mut unasked = unreached;
        unasked.remove("b:443");
        assert_eq!(judged(&contact(unasked), &hosts, 9, LEAST), None, "nobody asked it yet");
    }

    #[test]
    fn hosts_that_fail_together_for_a_reason_of_their_own_are_no_network() {
        let are_apart = |hosts: &[&str], operators: &[&str]| {
            let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
            are_apart(&hosts, &operators.iter().copied().collect())
        };
        let of_one = ["a.ct.one.example:443", "b.ct.one.example:443"];
        assert!(!are_apart(&of_one, &["One"]), "one operator's");
        assert!(are_apart(&of_one, &["One", "Two"]));
        assert!(are_apart(&["ct.one.example:443", "ct.two.example:443"], &["One"]));
        assert!(!are_apart(&["a.one.co.uk:443", "b.one.co.uk:443"], &["One"]));
        assert!(!are_apart(&of_one[..1], &["One", "Two"]), "one host is its own trouble");
        let addresses = ["127.0.0.1:1", "127.0.0.1:2", "192.0.2.9:1", "[2001:db8::1]:1"];
        assert!(!are_apart(&addresses, &["One"]), "nobody knows whose they are");
        assert!(are_apart(&addresses, &["One", "Two"]));
    }
}
