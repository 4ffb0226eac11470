//! Looking up TLSA records, with their state under DNSSEC.

use domain::base::iana::Rtype;

use super::{DnsClient, Question};
use crate::dns_name::{DnsName, DnsNameError};
use crate::evidence::dns::{DnsExchange, SupportingExchange, TlsaLookup};
use crate::pins::formats::tlsa::unanswered;

impl DnsClient {
    /// Asks for the TLSA records of a service, and where the answer leaves the end of an alias open, for those there.
    /// The error says that the service's name is none.
    pub async fn look_up_tlsa(
        &self,
        host: &DnsName,
        port: u16,
        transport: &str,
    ) -> Result<TlsaLookup, DnsNameError> {
        let name: DnsName = format!("_{port}._{transport}.{host}").parse()?;
        let question = Question { name: name.to_wire(), rtype: Rtype::TLSA, manner: self.dnssec.manner() };
        let (attempts, ()) = tokio::join!(self.ask(&question), self.dnssec.prepare());
        let mut exchange = DnsExchange::of(name, attempts);
        if let Some(end) = unanswered(&exchange) {
            let question = Question { name: end.clone(), ..question };
            let attempts = self.ask(&question).await;
            let (name, rtype) = (end.to_string(), Rtype::TLSA.to_string());
            exchange.beyond = Some(SupportingExchange { name, rtype, attempts });
        }
        exchange.dnssec = self.dnssec.read_other(&exchange).await;
        let dnssec = self.dnssec.supporting(std::iter::once(&exchange)).await;
        Ok(TlsaLookup { host: host.clone(), port, transport: transport.to_owned(), exchange, dnssec })
    }
}
