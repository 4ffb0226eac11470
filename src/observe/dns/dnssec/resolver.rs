//! Validation by a resolver that the user trusts to validate: its AD bit and its extended errors.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::base::iana::{OptRcode, Rtype};
use domain::base::name::Name;
use domain::rdata::{Cname, Dname};

use super::finding::Finding;
use super::message;
use super::supporting::Supporting;
use crate::caa::answer::{Answer, Content, response_code};
use crate::evidence::dns::{DnsAttempt, DnsExchange, DnssecState, SupportingExchange, Unfinished};
use crate::observe::dns::{DnsClient, Manner};

/// What a resolver says of its own validation.
#[derive(Clone)]
pub(in crate::observe::dns) struct Trusted(Arc<Supporting>);

impl Trusted {
    /// Trusts the servers of `client`.
    pub(super) fn new(client: DnsClient) -> Self {
        Self(Arc::new(Supporting::new(client, Manner::ResolveAndValidate)))
    }

    /// The supporting exchanges.
    pub(super) fn supporting(&self) -> &Supporting {
        &self.0
    }

    /// The questions that showed whether the resolvers validate which these exchanges ended with.
    pub(super) async fn proofs(
        &self,
        exchanges: impl IntoIterator<Item = &DnsExchange>,
    ) -> Vec<SupportingExchange> {
        let attempts = exchanges.into_iter().filter_map(|exchange| exchange.attempts.last());
        let servers: BTreeSet<&str> = attempts.map(|attempt| attempt.server.as_str()).collect();
        let mut proofs = Vec::new();
        for server in servers {
            proofs.extend(self.0.kept_of(server, &Name::root_vec(), Rtype::DNSKEY).await);
        }
        proofs
    }

    /// The state of the answer; of its zone, where there is no answer.
    pub(super) async fn state(&self, exchange: &DnsExchange) -> Finding {
        let mut said = self.of_answer(&exchange.attempts).await;
        if let Some(beyond) = &exchange.beyond {
            said = said.worse(self.of_answer(&beyond.attempts).await);
        }
        if said.state == DnssecState::Insecure && has_alias(&exchange.attempts) {
            let alias = self.0.ask(&exchange.name.to_wire(), Rtype::CNAME).await;
            said.own_zone = Some(self.of_answer(&alias).await.state);
        }
        if said.state != DnssecState::Indeterminate || Answer::read(exchange).content != Content::Failure {
            return said;
        }
        // The question failed for another reason: what it says of the zone, an ordinary question brings out.
        let name = exchange.name.to_wire();
        let attempts = self.0.ask(&name, Rtype::SOA).await;
        let of_zone = self.of_answer(&attempts).await;
        match of_zone.state {
            DnssecState::Indeterminate => said,
            // That may be the zone of an alias's target; the alias itself is in the zone asked about.
            DnssecState::Insecure if has_alias(&attempts) => {
                let alias = self.of_answer(&self.0.ask(&name, Rtype::CNAME).await).await;
                if alias.state == DnssecState::Insecure {
                    return of_zone;
                }
                let why = format!(
                    "the zone of {name} is not proven to be unsigned, though an alias leads from it to one that is"
                );
                Finding::unfinished(Unfinished::NoAnswer, why)
            }
            _ => of_zone,
        }
    }

    /// What the attempts say. Whatever another server answers later, one that validates and says “bogus” stands.
    pub(super) async fn of_answer(&self, attempts: &[DnsAttempt]) -> Finding {
        if let Some(bogus) = attempts.iter().find_map(bogus) {
            return bogus;
        }
        let finding = of_last(attempts);
        let Some(last) = attempts.last().filter(|_| finding.state == DnssecState::Insecure) else {
            return finding;
        };
        // Without AD, it is the same answer as of a resolver that does not validate.
        match self.validates(&last.server).await {
            Ok(()) => finding,
            Err((what, why)) => Finding::unfinished(
                what,
                format!("the resolver {} does not show that it validates: {why}", last.server),
            ),
        }
    }

    /// Whether this resolver validates, and its AD bit gets here: the root is signed.
    async fn validates(&self, server: &str) -> Result<(), (Unfinished, String)> {
        let attempts = self.0.ask_one(server, &Name::root_vec(), Rtype::DNSKEY).await;
        let finding = of_last(&attempts);
        let why = match finding.state {
            DnssecState::Secure => return Ok(()),
            DnssecState::Insecure => "it does not say so of the root's keys".to_owned(),
            _ => finding.detail.unwrap_or_default(),
        };
        // Where it only failed to, somebody may have seen to that.
        let shows = message::has_no_dnssec(&attempts);
        Err((if shows { Unfinished::ResolverWithoutDnssec } else { Unfinished::NoAnswer }, why))
    }
}

/// What an attempt says, if it is “bogus”: the extended errors of RFC 8914 sections 4.7 to 4.13, from “DNSSEC Bogus” to
/// “NSEC Missing”.
fn bogus(attempt: &DnsAttempt) -> Option<Finding> {
    let message = message::last(std::slice::from_ref(attempt)).ok()?;
    let errors = message::extended_errors(message);
    let said = errors.iter().any(|(code, _)| (6..=12).contains(&code.to_int()));
    (said && response_code(message) == Ok(OptRcode::SERVFAIL))
        .then(|| Finding::of(DnssecState::Bogus, message::in_words(&errors)))
}

/// What the last message says, where it is from a resolver that validates.
fn of_last(attempts: &[DnsAttempt]) -> Finding {
    let message = match message::last(attempts) {
        Ok(message) => message,
        Err(why) => return Finding::unfinished(Unfinished::NoAnswer, why),
    };
    let errors = message::extended_errors(message);
    let detail = message::in_words(&errors);
    match response_code(message) {
        Ok(OptRcode::NOERROR | OptRcode::NXDOMAIN) if message.header().ad() => {
            Finding::of(DnssecState::Secure, detail)
        }
        // RFC 8914 section 4.6: “DNSSEC Indeterminate”.
        Ok(OptRcode::NOERROR | OptRcode::NXDOMAIN) if errors.iter().any(|(code, _)| code.to_int() == 5) => {
            Finding::of(DnssecState::Indeterminate, detail)
        }
        Ok(OptRcode::NOERROR | OptRcode::NXDOMAIN) => Finding::of(DnssecState::Insecure, detail),
        Ok(code) => Finding::unfinished(Unfinished::NoAnswer, detail.unwrap_or_else(|| code.to_string())),
        Err(error) => Finding::unfinished(Unfinished::UnreadableAnswer, error.to_string()),
    }
}

/// Whether the answer goes over an alias.
fn has_alias(attempts: &[DnsAttempt]) -> bool {
    let Ok(Ok(section)) = message::last(attempts).map(domain::base::Message::answer) else { return false };
    section.limit_to::<Cname<_>>().flatten().next().is_some()
        || section.limit_to::<Dname<_>>().flatten().next().is_some()
}
