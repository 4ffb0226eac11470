use std::time::Duration;

use super::*;
use crate::ct::merkle::{TreeBuilder, TreeHash, leaf_hash};
use crate::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest};
use crate::demo::ct::{SctPlan, issue};
use crate::evidence::Inputs as InputFiles;
use crate::evidence::file::{FileContent, InputFile};
use crate::issuance::names::WatchedName;
use crate::observe::clock;
use crate::observe::crl::CrlCache;
use crate::observe::dns::DnsClient;
use crate::watch::batch::ChainBeside;
use crate::watch::state::{EntryKind, Found, Head, LogKind, NewLog, Place, STATEMENTS, StateOptions};

/// Longer than any test.
const LONG: Duration = Duration::from_mins(10);

/// More than two pages.
const CERTIFICATES: usize = 450;

/// A certificate of this CA in a log, with its chain.
fn found(ca: &CaCertificate, number: usize, now: Timestamp) -> Found {
    let request = LeafRequest::new(&[&format!("host{number}.example")], now).unwrap();
    let der = issue(ca, &request, &SctPlan::default()).unwrap().der;
    Found {
        tbs_sha256: Sha256::digest(&der).into(),
        kind: EntryKind::X509,
        index: u64::try_from(number).unwrap(),
        timestamp: 1_700_000_000_000,
        leaf: Bytes(format!("leaf {number}").into_bytes()),
        certificate: Some(Bytes(der)),
        precertificate: None,
        chain: ChainBeside::Certificates(vec![Bytes(ca.der.clone())]),
        claims: vec!["example".parse().unwrap()],
        judged: None,
    }
}

/// A state that found these.
async fn state_with(place: &Place, found: &[Found]) -> State {
    let state = State::open(place, &StateOptions::default()).await.unwrap();
    let log = NewLog {
        log_id: [1; 32],
        description: "a log".to_owned(),
        url: "https://log.example/".to_owned(),
        kind: LogKind::Rfc6962,
        key: Bytes(vec![1; 91]),
        before: TreeBuilder::default(),
        head: None,
        begun: None,
    };
    let log = state.register(&log).await.unwrap();
    let head = state.lease_head(log.number, LONG).await.unwrap().unwrap();
    let size = u64::try_from(found.len()).unwrap();
    let taken =
        Head { size, timestamp: 1_700_000_000_000, root: TreeHash([0; 32]), octets: Bytes(b"head".to_vec()) };
    state.take_head(&head, &taken).await.unwrap();
    let mut lease = state.lease_range(log.number, LONG).await.unwrap().unwrap();
    let mut range = lease.builder().unwrap();
    (0..size).for_each(|index| range.push(leaf_hash(&index.to_be_bytes())));
    state.commit(&mut lease, &range, found, &[]).await.unwrap();
    state
}

/// Whoever watches these names, expects another CA, and knows this one.
fn revocations(ca: &CaCertificate, names: Vec<WatchedName>) -> Revocations {
    let key = ca.key.spki_sha256();
    let policy = format!(
        "expect_ca = [\"letsencrypt.org\"]\n[[private_ca]]\nowner = \"Lab\"\nspki_sha256 = \"{key}\"\n"
    );
    let policy = InputFile {
        path: "pinstead.toml".to_owned(),
        content: FileContent::Read(Bytes(policy.into_bytes())),
        folder: None,
    };
    let files = InputFiles { policy: Some(policy), ..InputFiles::default() };
    let request = Request { revocation: true, offline: true, ..Request::default() };
    Revocations {
        inputs: Inputs::read(&request, &files).unwrap(),
        request,
        watched: Arc::new(WatchedNames::new(names)),
        place: "a test".to_owned(),
        client: CrlClient::new(&DnsClient::system(), CrlCache::none(), false).unwrap(),
    }
}

/// A look at everything, page by page, costs the state the same for one name as for thousands.
#[tokio::test]
async fn what_is_asked_of_the_state_does_not_grow_with_the_names() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let ca = CaCertificate::root("Lab", KeyAlgorithm::P256, now).unwrap();
    let all: Vec<Found> = (0..CERTIFICATES).map(|number| found(&ca, number, now)).collect();
    let state = state_with(&Place::File(folder.path().join("state.db")), &all).await;
    let look = async |names: Vec<WatchedName>| {
        let before = STATEMENTS.get();
        let looked = revocations(&ca, names).look(&state, now).await.unwrap();
        (looked, STATEMENTS.get() - before)
    };
    let name = |text: String, with_subdomains| WatchedName { name: text.parse().unwrap(), with_subdomains };
    let (one, asked_for_one) = look(vec![name("example".to_owned(), true)]).await;
    assert_eq!((one.count(), one.open), (450, 450), "none names a list, which is not good");
    assert_eq!(one.certificates.len(), CERTIFICATES);
    let (many, asked_for_many) =
        look((0..3000).map(|number| name(format!("host{number}.example"), false)).collect()).await;
    assert_eq!(many.numbers(), one.numbers());
    assert_eq!(asked_for_many, asked_for_one);
    // Each certificate that is kept is a statement; what is read is a few for each page.
    let read = asked_for_one - u64::try_from(CERTIFICATES).unwrap();
    assert!(read < 20, "{read} statements");
    let (none, _) = look(vec![name("other.example".to_owned(), true)]).await;
    assert_eq!(none.count(), 0);
    state.close().await;
}

/// What a look showed is there for whoever asks the state; a failed one takes nothing of it away.
#[tokio::test]
async fn the_state_keeps_what_the_last_look_showed() {
    let folder = tempfile::tempdir().unwrap();
    let now = clock::now();
    let ca = CaCertificate::root("Lab", KeyAlgorithm::P256, now).unwrap();
    let state =
        state_with(&Place::File(folder.path().join("state.db")), &[found(&ca, 1, now), found(&ca, 2, now)])
            .await;
    assert_eq!(state.revocation_look().await.unwrap(), None);
    state.revocations_failed(now, "away").await.unwrap();
    let failed = state.revocation_look().await.unwrap().unwrap();
    assert_eq!((failed.looked_at, failed.failed.map(|(_, why)| why)), (None, Some("away".to_owned())));
    let names = vec![WatchedName { name: "example".parse().unwrap(), with_subdomains: true }];
    let revocations = revocations(&ca, names);
    // A day later, by whatever clock: both are overdue, and both are told.
    let later = now + jiff::SignedDuration::from_hours(25);
    let looked = revocations.look(&state, later).await.unwrap();
    assert_eq!((looked.open, looked.unknown, looked.told.len()), (2, 2, 2));
    assert!(looked.certificates.iter().all(|one| one.overdue && one.status() == "undetermined"));
    let kept = state.revocation_look().await.unwrap().unwrap();
    assert_eq!((kept.open, kept.overdue, kept.failed.clone()), (2, 2, None));
    let read: Vec<RevocationOfFound> = state
        .kept_revocations()
        .await
        .unwrap()
        .iter()
        .map(|facts| serde_json::from_str(facts).unwrap())
        .collect();
    assert_eq!(read, looked.certificates);
    state.revocations_failed(later, "away again").await.unwrap();
    let failed = state.revocation_look().await.unwrap().unwrap();
    assert_eq!((failed.looked_at, failed.open), (kept.looked_at, 2));
    assert!(failed.failed.is_some());
    state.close().await;
}
