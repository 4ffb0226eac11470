//! How many CAA look-ups a second the engine does: `dns_rate RESOLVER COUNT CONCURRENCY SUFFIX [climb]` asks for
//! `host0.SUFFIX`, `host1.SUFFIX` and so on; with `climb` as `pinstead caa` does, else each name alone.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measuring tool stops at the first surprise"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use pinstead::caa::answer::{Answer, Content};
use pinstead::dns_name::DnsName;
use pinstead::evidence::dns::DnsExchange;
use pinstead::observe::dns::{DnsClient, Extent, Manner, Question};

/// What was found.
#[derive(Debug, Default)]
struct Found {
    next: AtomicUsize,
    records: AtomicUsize,
    failures: AtomicUsize,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [resolver, count, concurrency, suffix, rest @ ..] = words.as_slice() else {
        panic!("dns_rate RESOLVER COUNT CONCURRENCY SUFFIX [climb]");
    };
    let (count, concurrency): (usize, usize) = (count.parse().unwrap(), concurrency.parse().unwrap());
    let climbs = rest.contains(&"climb");
    let names: Arc<Vec<DnsName>> =
        Arc::new((0..count).map(|number| format!("host{number}.{suffix}").parse().unwrap()).collect());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let client = DnsClient::from_address(resolver).unwrap();
    let found = Arc::new(Found::default());
    let begun = Instant::now();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..concurrency {
            let (client, names, found) = (client.clone(), Arc::clone(&names), Arc::clone(&found));
            tasks.spawn(async move {
                while let Some(name) = names.get(found.next.fetch_add(1, Ordering::Relaxed)) {
                    found.add(&ask(&client, name, climbs).await);
                }
            });
        }
        tasks.join_all().await;
    });
    let seconds = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate is no exact number")]
    let rate = count as f64 / seconds;
    println!(
        "{rate:.0} names/s: {count} names in {seconds:.3} s, {} with records, {} failed",
        found.records.load(Ordering::Relaxed),
        found.failures.load(Ordering::Relaxed)
    );
}

async fn ask(client: &DnsClient, name: &DnsName, climbs: bool) -> Answer {
    if climbs {
        let lookup = client.look_up_caa(name, Extent::default()).await;
        return Answer::read(lookup.steps.last().unwrap());
    }
    let attempts = client.ask(&Question::caa(name, Manner::Resolve)).await;
    Answer::read(&DnsExchange::of(name.clone(), attempts))
}

impl Found {
    fn add(&self, answer: &Answer) {
        match &answer.content {
            Content::Records { .. } => self.records.fetch_add(1, Ordering::Relaxed),
            Content::Failure => self.failures.fetch_add(1, Ordering::Relaxed),
            Content::Empty => 0,
        };
    }
}
