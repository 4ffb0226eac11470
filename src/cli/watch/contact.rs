//! Whether any log can be reached from here: where none is, that is one trouble, and told early.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::logs::FollowedLog;
use crate::ct::log_fault::RunFault;
use crate::observe::http::{Contact, HttpClient, host_and_port};

/// How often it is looked at.
const LOOKED: Duration = Duration::from_millis(100);
/// How often each host is asked in vain before it counts as not reached.
const TRIES: u32 = 2;

/// Waits until none of the hosts of these logs was reached, each in several tries, and says so. Of logs at one host alone
/// it never does: that is a trouble of theirs.
pub(super) fn cut_off(http: HttpClient, followed: &[FollowedLog]) -> impl Future<Output = RunFault> + use<> {
    let hosts: BTreeSet<String> = followed.iter().filter_map(|log| host_and_port(&log.log.url)).collect();
    let logs = followed.len();
    async move {
        loop {
            tokio::time::sleep(LOOKED).await;
            if let Some(fault) = judged(&http.contact(), &hosts, logs) {
                return fault;
            }
        }
    }
}

fn judged(contact: &Contact, hosts: &BTreeSet<String>, logs: usize) -> Option<RunFault> {
    if hosts.len() < 2 || contact.is_any_reached {
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
        assert_eq!(judged(&all, &hosts, 9), Some(RunFault::CutOff { logs: 9, hosts: 2, causes }));
        let answered = Contact { is_any_reached: true, ..all };
        assert_eq!(judged(&answered, &hosts, 9), None, "one that answers is enough");
        let one: BTreeSet<String> = ["a:443".to_owned()].into();
        let contact = |unreached| Contact { is_any_reached: false, unreached };
        assert_eq!(judged(&contact(unreached.clone()), &one, 9), None, "one host is its own trouble");
        let mut early = unreached.clone();
        early.insert("b:443".to_owned(), (TRIES - 1, "no connection: refused".to_owned()));
        assert_eq!(judged(&contact(early), &hosts, 9), None, "it is tried again first");
        let mut unasked = unreached;
        unasked.remove("b:443");
        assert_eq!(judged(&contact(unasked), &hosts, 9), None, "nobody asked it yet");
    }
}
