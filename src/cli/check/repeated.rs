//! The options that change what a run finds, as words, for the commands that its report prints.

use std::net::SocketAddr;

use super::CheckOptions;
use crate::cli::saved::is_evidence_file;

impl CheckOptions {
    /// The options that say where and by what to look, for commands that ask the same again: each with its value behind it.
    pub(in crate::cli) fn repeated(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        let mut add = |option: &str, value: &str| words.extend([option.to_owned(), value.to_owned()]);
        if let Some(starttls) = self.network.starttls {
            add("--starttls", starttls.name());
        }
        match self.network.connect {
            Some((address, Some(port))) => add("--connect", &SocketAddr::new(address, port).to_string()),
            Some((address, None)) => add("--connect", &address.to_string()),
            None => {}
        }
        // A password in a URL is for nobody's report.
        for resolver in self.network.dns.resolvers.iter().filter(|resolver| !resolver.contains('@')) {
            add("--resolver", resolver);
        }
        if let Some(policy) = &self.expectations.policy {
            add("--policy", policy);
        }
        for ca in &self.expectations.expect_ca {
            add("--expect-ca", ca);
        }
        if let Some(roots) = &self.judging.roots {
            add("--roots", roots);
        }
        for issuer in &self.judging.issuer {
            add("--issuer", issuer);
        }
        // Of saved evidence the time is its own, and these commands ask the host.
        if let Some(at) = self.judging.at
            && !self.target.iter().any(|target| is_evidence_file(target))
        {
            add("--at", &at.to_string());
        }
        for pins in &self.expectations.pins {
            add("--pins", pins);
        }
        words.extend(self.network.dns.repeated());
        words.extend(self.judging.lists.repeated());
        words.extend(self.issued.repeated());
        if self.network.offline {
            words.push("--offline".to_owned());
        }
        words
    }
}

#[cfg(test)]
impl CheckOptions {
    /// The targets that are named.
    pub(in crate::cli) fn targets(&self) -> &[String] {
        &self.target
    }
}
