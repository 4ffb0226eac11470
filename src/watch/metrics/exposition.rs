//! What was counted, as OpenMetrics text.

use std::fmt;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::counts::{LogReading, PolicyReads};
use crate::watch::state::{RevocationLook, Waiting};

/// The metrics of a process that started then, and read its policy again so often. `attempts` is, for each channel, how
/// often it took an alert and how often not; `waiting` is what the outbox says, where it says something; `revocations`
/// what the last look at them showed, where there was one; `list` is when the list of logs was the current one.
pub fn exposition(
    (started, policy): (Timestamp, PolicyReads),
    logs: &[LogReading],
    attempts: &[(String, u64, u64)],
    (waiting, revocations): (Option<&[Waiting]>, Option<&RevocationLook>),
    list: Option<Timestamp>,
) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Counted {
        started,
        policy,
        logs: logs.to_vec(),
        attempts: attempts.to_vec(),
        waiting: waiting.map(<[Waiting]>::to_vec),
        revocations: revocations.cloned(),
        list,
    }));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Counted {
    started: Timestamp,
    policy: PolicyReads,
    logs: Vec<LogReading>,
    attempts: Vec<(String, u64, u64)>,
    waiting: Option<Vec<Waiting>>,
    revocations: Option<RevocationLook>,
    list: Option<Timestamp>,
}

/// One sample of a family: its labels and its value.
type Sample<V> = (Vec<(&'static str, String)>, V);

/// What is told of a log, where it was seen.
type Read<V> = fn(&LogReading) -> Option<V>;

/// A family's name without its unit, what it means, and its unit.
type Meaning = (&'static str, &'static str, Option<&'static str>);

impl Collector for Counted {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        let help = "This program";
        encoder.encode_descriptor("pinstead_build", help, None, MetricType::Info)?.encode_info(&version)?;
        let start = vec![(Vec::new(), seconds(self.started))];
        gauges(encoder, ("process_start_time", "When the process started", Some("seconds")), start)?;
        let reads = [("taken", self.policy.taken), ("refused", self.policy.refused)];
        let reads = reads.map(|(outcome, count)| (vec![("outcome", outcome.to_owned())], count));
        let meaning = ("pinstead_policy_reads", "How often the policy was read again, by outcome", None);
        counters(encoder, meaning, reads.to_vec())?;
        let current = vec![(Vec::new(), u64::from(!self.policy.is_refused))];
        let meaning = ("pinstead_policy_current", "Whether the policy that was read last is in use", None);
        gauges(encoder, meaning, current)?;
        let list = self.list.map(|list| (Vec::new(), seconds(list)));
        let meaning = "When the list that the logs are chosen by was the current one last";
        gauges(
            encoder,
            ("pinstead_log_list_timestamp", meaning, Some("seconds")),
            list.into_iter().collect(),
        )?;
        self.positions(encoder)?;
        self.counters(encoder)?;
        self.alerts(encoder)?;
        self.revocations(encoder)
    }
}

impl Counted {
    fn positions(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let families: [(&str, &str, Read<u64>); 5] = [
            ("pinstead_log_proven", "Entries proven to be those that the log signed", |log| log.proven),
            ("pinstead_log_read", "Entries read by all processes", |log| log.read),
            ("pinstead_log_tree_size", "Entries of the newest tree head", |log| log.tree_size),
            ("pinstead_log_lag", "Entries of the newest tree head that are not read yet", LogReading::lag),
            ("pinstead_log_unsearched", "Proven entries not searched for all names watched here", |log| {
                log.unsearched
            }),
        ];
        for (name, help, read) in families {
            gauges(encoder, (name, help, Some("entries")), self.each(read))?;
        }
        let families: [(&str, &str, Read<f64>); 2] = [
            ("pinstead_log_tree_head_timestamp", "The newest tree head's time, as the log says", |log| {
                log.tree_timestamp.map(seconds)
            }),
            ("pinstead_log_tree_head_seen_timestamp", "When the newest tree head was seen", |log| {
                log.seen.map(seconds)
            }),
        ];
        for (name, help, read) in families {
            gauges(encoder, (name, help, Some("seconds")), self.each(read))?;
        }
        let faults = self.each(|log| log.proven.map(|_| u64::try_from(log.faults.len()).unwrap_or(u64::MAX)));
        gauges(
            encoder,
            ("pinstead_log_faults", "Ways in which the log breaks its promises now", None),
            faults,
        )
    }

    fn counters(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let entries = self.each(|log| Some(log.entries));
        counters(encoder, ("pinstead_log_entries_read", "Entries that this process read", None), entries)?;
        let certificates = self.each(|log| Some(log.certificates));
        let meaning = ("pinstead_log_certificates_found", "Certificates that this process found", None);
        counters(encoder, meaning, certificates)?;
        let errors = self.logs.iter().flat_map(|log| {
            log.errors
                .iter()
                .map(|(kind, count)| (vec![("log", log.name.clone()), ("kind", kind.clone())], *count))
        });
        counters(encoder, ("pinstead_log_errors", "What failed, by kind", None), errors.collect())
    }

    fn alerts(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let attempts = self.attempts.iter().flat_map(|(name, delivered, failed)| {
            [("delivered", *delivered), ("failed", *failed)].map(|(outcome, count)| {
                (vec![("channel", name.clone()), ("outcome", outcome.to_owned())], count)
            })
        });
        let meaning = ("pinstead_alert_attempts", "Deliveries that this process tried, by outcome", None);
        counters(encoder, meaning, attempts.collect())?;
        let usable = vec![(Vec::new(), u64::from(self.waiting.is_some()))];
        gauges(encoder, ("pinstead_state_usable", "Whether the state answered just now", None), usable)?;
        // What is not known is left out: it is not 0.
        let Some(waiting) = &self.waiting else { return Ok(()) };
        let of = |name: &str| waiting.iter().find(|waiting| waiting.channel == name);
        let mut names: Vec<String> = self.attempts.iter().map(|(name, ..)| name.clone()).collect();
        names.extend(waiting.iter().map(|waiting| waiting.channel.clone()));
        names.sort();
        names.dedup();
        let each = |read: fn(&Waiting) -> u64| -> Vec<Sample<u64>> {
            let sample = |name: &String| (vec![("channel", name.clone())], of(name).map_or(0, read));
            names.iter().map(sample).collect()
        };
        let meaning = ("pinstead_alerts_waiting", "Alerts that wait for the channel", None);
        gauges(encoder, meaning, each(|waiting| waiting.alerts))?;
        let meaning = ("pinstead_alerts_failing", "Alerts that wait and failed before", None);
        gauges(encoder, meaning, each(|waiting| waiting.failed))?;
        let oldest = waiting
            .iter()
            .map(|waiting| (vec![("channel", waiting.channel.clone())], seconds(waiting.oldest)))
            .collect();
        let meaning =
            ("pinstead_alerts_oldest_timestamp", "When the oldest that waits was made", Some("seconds"));
        gauges(encoder, meaning, oldest)
    }

    /// What the last look showed; nothing before the first whole one, because nobody counted.
    fn revocations(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let Some(look) = &self.revocations else { return Ok(()) };
        let failed = vec![(Vec::new(), u64::from(look.failed.is_some()))];
        let meaning =
            ("pinstead_revocation_look_failed", "Whether the last look at revocations failed", None);
        gauges(encoder, meaning, failed)?;
        let Some(at) = look.looked_at else { return Ok(()) };
        let meaning = (
            "pinstead_revocation_look_timestamp",
            "When the last whole look at revocations was made",
            Some("seconds"),
        );
        gauges(encoder, meaning, vec![(Vec::new(), seconds(at))])?;
        let by_status = [("revoked", look.revoked), ("good", look.good), ("undetermined", look.open)]
            .map(|(status, count)| (vec![("status", status.to_owned())], count));
        let meaning = (
            "pinstead_unexpected_certificates",
            "Unexpected certificates that can be used, by the status of their revocation",
            None,
        );
        gauges(encoder, meaning, by_status.to_vec())?;
        let meaning = (
            "pinstead_unexpected_certificates_overdue",
            "Those known for a day or longer and not known to be revoked",
            None,
        );
        gauges(encoder, meaning, vec![(Vec::new(), look.overdue)])
    }

    fn each<V>(&self, read: impl Fn(&LogReading) -> Option<V>) -> Vec<Sample<V>> {
        let sample = |log: &LogReading| Some((vec![("log", log.name.clone())], read(log)?));
        self.logs.iter().filter_map(sample).collect()
    }
}

fn gauges<V: EncodeGaugeValue>(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help, unit): Meaning,
    samples: Vec<Sample<V>>,
) -> fmt::Result {
    if samples.is_empty() {
        return Ok(());
    }
    let unit = unit.map(|unit| Unit::Other(unit.to_owned()));
    let mut family = encoder.encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?;
    for (labels, value) in samples {
        if labels.is_empty() {
            family.encode_gauge(&value)?;
        } else {
            family.encode_family(&labels)?.encode_gauge(&value)?;
        }
    }
    Ok(())
}

fn counters(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help, unit): Meaning,
    samples: Vec<Sample<u64>>,
) -> fmt::Result {
    if samples.is_empty() {
        return Ok(());
    }
    let unit = unit.map(|unit| Unit::Other(unit.to_owned()));
    let mut family = encoder.encode_descriptor(name, help, unit.as_ref(), MetricType::Counter)?;
    for (labels, value) in samples {
        family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
    }
    Ok(())
}

/// Seconds since the Unix epoch.
fn seconds(time: Timestamp) -> f64 {
    time.as_duration().as_secs_f64()
}
