//! Validation by a resolver that the user trusts to validate: its AD bit and its extended errors.

use std::sync::Arc;

use domain::base::iana::{OptRcode, Rtype};

use super::message;
use super::own::Finding;
use super::supporting::Supporting;
use crate::caa::answer::{Answer, Content, response_code};
use crate::evidence::dns::{DnsExchange, DnssecState};
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

    /// The state of the answer; of its zone, where there is no answer.
    pub(super) async fn state(&self, exchange: &DnsExchange) -> Finding {
        let said = said_of(exchange);
        if said.0 != DnssecState::Indeterminate || Answer::read(exchange).content != Content::Failure {
            return said;
        }
        // The question failed for another reason: what it says of the zone, an ordinary question brings out.
        let attempts = self.0.ask(&exchange.name.to_wire(), Rtype::SOA).await;
        match of_answer(&attempts) {
            (DnssecState::Indeterminate, _) => said,
            of_zone => of_zone,
        }
    }
}

fn said_of(exchange: &DnsExchange) -> Finding {
    of_answer(&exchange.attempts)
}

/// What the last message says.
fn of_answer(attempts: &[crate::evidence::dns::DnsAttempt]) -> Finding {
    let message = match message::last(attempts) {
        Ok(message) => message,
        Err(why) => return (DnssecState::Indeterminate, Some(why)),
    };
    let errors = message::extended_errors(message);
    let detail = message::in_words(&errors);
    let has = |wanted: std::ops::RangeInclusive<u16>| {
        errors.iter().any(|(code, _)| wanted.contains(&code.to_int()))
    };
    match response_code(message) {
        Ok(OptRcode::NOERROR | OptRcode::NXDOMAIN) if message.header().ad() => (DnssecState::Secure, detail),
        // RFC 8914 section 4.6: “DNSSEC Indeterminate”.
        Ok(OptRcode::NOERROR | OptRcode::NXDOMAIN) if has(5..=5) => (DnssecState::Indeterminate, detail),
        Ok(OptRcode::NOERROR | OptRcode::NXDOMAIN) => (DnssecState::Insecure, detail),
        // RFC 8914 sections 4.7 to 4.13: from “DNSSEC Bogus” to “NSEC Missing”.
        Ok(OptRcode::SERVFAIL) if has(6..=12) => (DnssecState::Bogus, detail),
        Ok(code) => (DnssecState::Indeterminate, detail.or_else(|| Some(code.to_string()))),
        Err(error) => (DnssecState::Indeterminate, Some(error.to_string())),
    }
}
