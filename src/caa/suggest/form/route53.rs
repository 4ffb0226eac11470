//! A ChangeBatch of Amazon Route 53, as `aws route53 change-resource-record-sets --change-batch` reads it.
//!
//! Source: Route 53 API reference, ChangeResourceRecordSets, and developer guide, “Supported DNS record types”: the
//! value of a CAA record is `flags tag "value"`, always in quotes; `\` and three octal digits stand for an octet, so
//! that a `\` itself is written `\134`, and a quote `\"`.

use serde_json::json;

use super::RecordSet;
use crate::caa::suggest::record::SuggestedRecord;

pub(super) fn render(set: &RecordSet) -> String {
    let records: Vec<_> = set.records.iter().map(|record| json!({"Value": value(record)})).collect();
    let batch = json!({
        "Comment": "CAA records suggested by pinstead",
        "Changes": [{
            "Action": "UPSERT",
            "ResourceRecordSet": {
                "Name": format!("{}.", set.name),
                "Type": "CAA",
                "TTL": set.ttl,
                "ResourceRecords": records,
            },
        }],
    });
    format!("{batch:#}\n")
}

/// One record as Route 53 writes it.
pub(super) fn value(record: &SuggestedRecord) -> String {
    let value = record.value().replace('\\', "\\134").replace('"', "\\\"");
    format!("{} {} \"{value}\"", record.flags(), record.tag())
}
