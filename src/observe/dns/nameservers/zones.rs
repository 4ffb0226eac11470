//! Finding the zone that a name is in, from the top-level domain downwards.

use std::collections::HashMap;

use domain::base::iana::Rtype;

use super::Asking;
use crate::caa::nameservers::delegation::{Delegation, Referral, ZoneCut, delegation_of, zone_cut};
use crate::dns_name::DnsName;
use crate::evidence::dns::SupportingExchange;

/// The zone cuts found in one look-up.
pub(super) struct Cuts<'a> {
    asking: &'a Asking,
    /// The zone each name is in.
    zones: HashMap<DnsName, Result<DnsName, String>>,
    /// The questions that it took.
    pub(super) asked: Vec<SupportingExchange>,
}

impl<'a> Cuts<'a> {
    pub(super) fn new(asking: &'a Asking) -> Self {
        Self { asking, zones: HashMap::new(), asked: Vec::new() }
    }

    /// The apex of the zone that `name` is in. A top-level domain is taken for a zone of its own, unasked.
    pub(super) async fn zone_of(&mut self, name: &DnsName) -> Result<DnsName, String> {
        let mut path = vec![name.clone()];
        while let Some(parent) = path.last().and_then(DnsName::parent) {
            path.push(parent);
        }
        let mut zone = path.pop().unwrap_or_else(|| name.clone());
        while let Some(name) = path.pop() {
            let found = match self.zones.get(&name) {
                Some(known) => known.clone(),
                None => self.find(&name, &zone).await,
            };
            self.zones.insert(name, found.clone());
            zone = found?;
        }
        Ok(zone)
    }

    /// The zone above a zone that was found.
    pub(super) fn parent_of(&self, zone: &DnsName) -> Option<DnsName> {
        let above = zone.parent()?;
        // A top-level domain is a zone; every other name on the way was asked for.
        if above.parent().is_none() { Some(above) } else { self.zones.get(&above)?.clone().ok() }
    }

    /// Whether `name`, whose parent is in `zone`, is an apex itself.
    async fn find(&mut self, name: &DnsName, zone: &DnsName) -> Result<DnsName, String> {
        let soa = self.asking.resolve(name, Rtype::SOA).await;
        let cut = zone_cut(name, &soa.attempts);
        self.asked.push(soa);
        match cut {
            ZoneCut::Apex => Ok(name.clone()),
            ZoneCut::Within => Ok(zone.clone()),
            // Where the resolver fails, which may be the zone's servers' fault, its parent's servers know.
            ZoneCut::Unknown(why) => {
                let delegation = self.asking.delegation(zone, name).await;
                let attempts = delegation.map(|asked| {
                    let attempts = asked.attempts.clone();
                    self.asked.push(asked);
                    attempts
                });
                match attempts.map(|attempts| delegation_of(name, &attempts)) {
                    Some(Delegation::Referral(Referral { cut, .. })) if cut == *name => Ok(cut),
                    Some(Delegation::Own) => Ok(zone.clone()),
                    _ => Err(format!("the SOA question for {name} failed: {why}")),
                }
            }
        }
    }
}
