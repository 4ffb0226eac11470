//! Certification Authority Authorization: record grammar, answers, the climb, and the judgement.
//!
//! Sources: RFC 8659 (CAA), RFC 8657 (account and method binding), RFC 9495 (`issuemail`), and the TLS
//! Baseline Requirements (3.2.2.8, 4.2.2.1 since version 2.2.8). CAA binds when a certificate is issued: what is seen
//! today says what the next issuance or renewal will meet, and nothing about certificates that exist.

/// Where the Baseline Requirements say how CAs look at CAA. Version 2.2.8 (ballot SC-098v2) moved the text.
pub(crate) const BR_CAA: &str = "TLS BR 3.2.2.8, 4.2.2.1 since version 2.2.8";

/// Where they say how CAs validate DNSSEC for it.
pub(crate) const BR_DNSSEC: &str = "TLS BR 3.2.2.8.1, 4.2.2.2 since version 2.3.0";

mod alias;
pub mod answer;
mod binding;
pub mod climb;
mod dnssec;
mod issued;
mod judge;
pub mod method;
pub mod nameservers;
pub mod record;
mod software;
pub mod suggest;
#[cfg(test)]
pub(crate) mod testing;
pub mod value;
mod verdict;

pub(crate) use self::binding::{Binding, binding};
pub use self::binding::{NoAccount, check_account};
pub use self::dnssec::Dnssec;
pub(crate) use self::dnssec::{is_of_another_root, is_unfinished, not_counted};
pub use self::issued::{Issued, IssuedCertificate, IssuedName, MissingRecord, issued};
pub use self::judge::{
    CaaReading, NotApplicable, Relevant, RelevantSet, Step, StepOutcome, judge, judge_answers,
};
pub use self::software::{Software, SoftwareVerdict};
pub use self::value::IssueValue;
pub use self::verdict::{CaIdentity, CaVerdict, CaaQuestion, Policy, Usage, Verdict, Who};
