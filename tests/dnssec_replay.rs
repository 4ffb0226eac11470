//! The evidence of DNSSEC suffices: a validator that is given nothing but the recorded messages comes to the state that
//! was recorded.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

mod world;

use std::collections::HashMap;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use domain::base::name::ToName as _;
use domain::base::{Message, Name};
use domain::dnssec::validator::anchor::TrustAnchors;
use domain::dnssec::validator::context::{ValidationContext, ValidationState};
use domain::net::client::request::{ComposeRequest, Error, GetResponse, RequestMessage, SendRequest};
use pinstead::evidence::dns::{CaaLookup, DnsAttempt, DnsOutcome, DnssecState, Validator};
use pinstead::observe::dns::dnssec::{Anchors, DnssecMode};
use pinstead::observe::dns::{DnsClient, Extent};
use world::signed_world::SignedWorld;
use world::signed_zones::{Denial, Ds, Valid, Zone};

/// The recorded exchanges of one look-up, by name and type, and nothing else.
#[derive(Clone, Debug)]
struct Recorded(Arc<HashMap<(String, String), Vec<u8>>>);

#[derive(Debug)]
struct Answer(Option<Vec<u8>>);

impl SendRequest<RequestMessage<Vec<u8>>> for Recorded {
    fn send_request(&self, request: RequestMessage<Vec<u8>>) -> Box<dyn GetResponse + Send + Sync> {
        let message = request.to_message().unwrap();
        let question = message.sole_question().unwrap();
        let name: Name<Vec<u8>> = question.qname().to_vec();
        let key = (name.to_string().to_ascii_lowercase(), question.qtype().to_string());
        Box::new(Answer(self.0.get(&key).cloned()))
    }
}

impl GetResponse for Answer {
    fn get_response(
        &mut self,
    ) -> Pin<Box<dyn Future<Output = Result<Message<Bytes>, Error>> + Send + Sync + '_>> {
        let message = self.0.clone().map(|octets| Message::from_octets(octets.into()).unwrap());
        Box::pin(ready(message.ok_or(Error::ConnectionClosed)))
    }
}

fn last_message(attempts: &[DnsAttempt]) -> Vec<u8> {
    match &attempts.last().unwrap().outcome {
        DnsOutcome::Message(octets) => octets.to_vec(),
        DnsOutcome::Failed(failure) => panic!("{failure}"),
    }
}

fn zones() -> Vec<Zone> {
    let plain = "caa IN CAA 0 issue \"ca1.example\"\nnodata IN A 192.0.2.1\nalias IN CNAME nodata\n\
                 out IN CNAME caa.unsigned.tld.\nacross IN CNAME nowhere.nsec3.tld.\n\
                 *.wild IN CAA 0 issue \"ca1.example\"\nto-expired IN CNAME caa.expired.tld.\n";
    let nsec3 = |opt_out| Some(Denial::Nsec3 { iterations: 1, opt_out });
    let of = Zone::signed;
    vec![
        of("", ""),
        of("tld", ""),
        of("nsec.tld", plain),
        Zone { denial: nsec3(false), ..of("nsec3.tld", plain) },
        Zone { denial: nsec3(true), ..of("optout", "") },
        Zone::unsigned("unsigned.tld", plain),
        Zone::unsigned("unsigned.optout", plain),
        Zone { valid: Valid::Past, ..of("expired.tld", plain) },
        Zone { ds: Ds::Wrong, ..of("wrongds.tld", plain) },
    ]
}

const ZONES: [&str; 7] =
    ["nsec.tld", "nsec3.tld", "optout", "unsigned.tld", "unsigned.optout", "expired.tld", "wrongds.tld"];

const NAMES: [&str; 8] = ["caa", "nodata", "nowhere", "alias", "out", "across", "any.wild", "to-expired"];

#[test]
fn recorded_messages_lead_to_the_recorded_state() {
    let world = SignedWorld::start(zones());
    let runtime = world::runtime();
    let anchors = Anchors::parse(&world.anchor).unwrap();
    let client = DnsClient::from_address(&world.unbound.address.to_string()).unwrap();
    let client = client.with_dnssec(DnssecMode::Validate(anchors));
    let mut seen: HashMap<DnssecStateWord, usize> = HashMap::new();
    for zone in ZONES {
        for name in NAMES {
            let name = format!("{name}.{zone}").parse().unwrap();
            let looked_up =
                runtime.block_on(client.look_up_caa(&name, Extent { above: true, ..Extent::default() }));
            // As it is saved, and read again.
            let saved = serde_json::to_string(&looked_up).unwrap();
            let lookup: CaaLookup = serde_json::from_str(&saved).unwrap();
            assert_eq!(lookup, looked_up);
            assert!(!lookup.dnssec.is_empty(), "{name}");
            for (asked, state, replayed) in runtime.block_on(replay(&lookup, &world.anchor)) {
                assert_eq!(replayed, state, "{asked} of {name}");
                *seen.entry(state).or_default() += 1;
            }
        }
    }
    assert!(["secure", "insecure", "bogus"].iter().all(|state| seen[state] >= 10), "{seen:?}");
}

type DnssecStateWord = &'static str;

/// Each step's name, its recorded state, and the state that its recorded messages lead to.
async fn replay(lookup: &CaaLookup, anchor: &str) -> Vec<(String, DnssecStateWord, DnssecStateWord)> {
    let recorded = lookup
        .dnssec
        .iter()
        .map(|exchange| ((exchange.name.clone(), exchange.rtype.clone()), last_message(&exchange.attempts)));
    let upstream = Recorded(Arc::new(recorded.collect()));
    let anchors = TrustAnchors::from_u8(anchor.as_bytes()).unwrap();
    let context = ValidationContext::new(anchors, upstream);
    let mut states = Vec::new();
    for exchange in lookup.steps.iter().chain(&lookup.above) {
        let reading = exchange.dnssec.as_ref().unwrap();
        assert_eq!(reading.validator, Validator::Own);
        let mut message = Message::from_octets(last_message(&exchange.attempts)).unwrap();
        let (state, _) = context.validate_msg::<_, Vec<u8>>(&mut message).await.unwrap();
        let replayed = match state {
            ValidationState::Secure => "secure",
            ValidationState::Insecure => "insecure",
            ValidationState::Bogus => "bogus",
            ValidationState::Indeterminate => "indeterminate",
        };
        let recorded = match reading.state {
            DnssecState::Secure => "secure",
            DnssecState::Insecure => "insecure",
            DnssecState::Bogus => "bogus",
            DnssecState::Indeterminate => "indeterminate",
        };
        states.push((exchange.name.to_string(), recorded, replayed));
    }
    states
}
