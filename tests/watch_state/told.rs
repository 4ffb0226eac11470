//! What is told of logs and certificates: by whom, to whom, and until when.

use std::time::Duration;

use pinstead::ct::merkle::TreeHash;
use pinstead::evidence::Bytes;
use pinstead::watch::state::{NewFault, Place, State, StateOptions};

use super::played::{LONG, alert, count, followed, head, new_log, open, read_to};

fn fault(log: pinstead::watch::state::LogNumber, text: &str) -> NewFault {
    NewFault {
        log,
        kind: "split".to_owned(),
        text: text.to_owned(),
        evidence: Bytes(text.as_bytes().to_vec()),
    }
}

pub(crate) async fn who_holds_no_head_knows_how_all_stand(place: Place) {
    let (ours, theirs): (State, State) = (open(&place).await, open(&place).await);
    assert!(theirs.survey().await.unwrap().is_empty());
    let (log, lease) = followed(&ours, 1, 10).await;
    ours.take_head(&lease, &head(12)).await.unwrap();
    let mut range = ours.lease_range(log.number, LONG).await.unwrap().unwrap();
    let read = read_to(&range, 4);
    ours.commit(&mut range, &read, &[], &[]).await.unwrap();
    theirs.register(&new_log(2, 7)).await.unwrap();
    ours.report_fault(&fault(log.number, "two trees"), &[]).await.unwrap();
    let survey = theirs.survey().await.unwrap();
    let [first, second] = survey.as_slice() else { panic!("{survey:?}") };
    assert_eq!((first.log_id, first.proven, first.read), ([1; 32], 0, 4));
    let shown = first.head.as_ref().unwrap();
    assert_eq!((shown.size, shown.timestamp), (12, head(12).timestamp));
    assert!(shown.age.as_secs() < 60, "{shown:?}");
    assert_eq!((first.faults.len(), first.faults[0].text.as_str()), (1, "two trees"));
    assert_eq!((second.proven, second.read, &second.head, second.faults.len()), (7, 7, &None, 0));
}

pub(crate) async fn each_pair_of_heads_is_told_and_kept(place: Place) {
    let state = open(&place).await;
    let (log, _) = followed(&state, 1, 10).await;
    let log = log.number;
    let root = |octet: u8| TreeHash([octet; 32]);
    let tell = async |known: u8, shown: u8| {
        let text = format!("{known} and {shown}");
        state.report_pair(&fault(log, &text), (&root(known), &root(shown)), &alert(&text)).await.unwrap()
    };
    assert!(tell(1, 2).await);
    assert!(!tell(1, 2).await, "the same pair is told once");
    assert!(tell(1, 3).await, "another split");
    let pairs = async || {
        let pairs = state.fault_pairs(log).await.unwrap();
        pairs
            .into_iter()
            .map(|(text, evidence)| (text.clone(), evidence.0 == text.as_bytes()))
            .collect::<Vec<_>>()
    };
    assert_eq!(pairs().await, [("1 and 2".to_owned(), true), ("1 and 3".to_owned(), true)]);
    assert_eq!(state.due("hook", 100, LONG).await.unwrap().len(), 2);

    let acknowledged = async || state.survey().await.unwrap()[0].faults[0].acknowledged.is_some();
    assert!(!acknowledged().await);
    assert_eq!(state.acknowledge_faults(log).await.unwrap(), 1);
    assert_eq!(state.acknowledge_faults(log).await.unwrap(), 0, "it is known");
    assert!(acknowledged().await);
    // The fork grows.
    tell(1, 4).await;
    assert!(acknowledged().await);
    // What was known is another tree.
    tell(5, 6).await;
    assert!(!acknowledged().await);
    for shown in 10..30 {
        tell(1, shown).await;
    }
    assert_eq!(pairs().await.len(), 8, "a fork that grows fills nothing");
    assert_eq!(count(&place, "SELECT COUNT(*) FROM faults").await, 1);
}

pub(crate) async fn alerts_go_to_the_channels_of_others_too(place: Place) {
    let named = async |names: &[&str]| {
        let channels = names.iter().map(|name| (*name).to_owned()).collect();
        State::open(&place, &StateOptions { channels, most_octets: None }).await.unwrap()
    };
    let by_hand = named(&[]).await;
    by_hand.add_alert(&alert("nobody")).await.unwrap();
    assert_eq!(by_hand.alerts_without_channel().await.unwrap(), 1);
    let service = named(&["pager"]).await;
    named(&["gone"]).await;
    count(&place, "UPDATE channels SET named = 0 WHERE name = 'gone' RETURNING named").await;
    by_hand.add_alert(&alert("found")).await.unwrap();
    let due = service.due("pager", 100, LONG).await.unwrap();
    assert_eq!(due.iter().map(|due| due.alert.subject.as_str()).collect::<Vec<_>>(), ["found"]);
    assert!(service.due("gone", 100, LONG).await.unwrap().is_empty(), "nobody serves it any more");
    assert_eq!(by_hand.alerts_without_channel().await.unwrap(), 1);
    named(&["gone"]).await.name_channels().await.unwrap();
    by_hand.add_alert(&alert("again")).await.unwrap();
    assert_eq!(service.due("gone", 100, LONG).await.unwrap().len(), 1);
}

pub(crate) async fn a_report_lists_what_none_listed_before(place: Place) {
    let once = async || {
        let channels = vec!["mail".to_owned()];
        State::open(&place, &StateOptions { channels, most_octets: None }).await.unwrap()
    };
    // Killed before it came to its report.
    let killed = once().await;
    killed.add_alert(&alert("a")).await.unwrap();
    killed.close().await;
    let next = once().await;
    next.add_alert(&alert("b")).await.unwrap();
    assert!(next.unreported(LONG).await.unwrap().is_empty(), "nobody wants a report yet");
    next.take_up_unreported().await.unwrap();
    let listed = next.unreported(LONG).await.unwrap();
    assert_eq!(listed.len(), 2);
    let other = once().await;
    assert!(other.unreported(LONG).await.unwrap().is_empty(), "no two list the same");
    assert_eq!(other.count_unreported().await.unwrap(), 2, "and whoever waits knows for what");
    let waiting = next.waiting().await.unwrap();
    assert_eq!(waiting.iter().map(|waiting| waiting.channel.as_str()).collect::<Vec<_>>(), ["mail"]);

    let ids: Vec<String> = listed.iter().map(|due| due.alert.id.clone()).collect();
    next.hold_unreported(&ids, LONG).await.unwrap();
    assert!(other.unreported(LONG).await.unwrap().is_empty(), "they are held on");
    next.reported(&ids, &ids[..1]).await.unwrap();
    assert_eq!(other.count_unreported().await.unwrap(), 0);
    let open = other.undetermined().await.unwrap();
    assert_eq!(open.iter().map(|alert| alert.id.clone()).collect::<Vec<_>>(), ids[..1]);
    other.determined(&ids[0]).await.unwrap();
    assert!(next.undetermined().await.unwrap().is_empty());
    // Whoever finds something, the next report has it, and no other.
    let service = State::open(&place, &super::played::options()).await.unwrap();
    service.add_alert(&alert("c")).await.unwrap();
    assert_eq!(next.count_without_report().await.unwrap(), 1);
    next.take_up_unreported().await.unwrap();
    let listed = next.unreported(LONG).await.unwrap();
    assert_eq!(listed.iter().map(|due| due.alert.subject.as_str()).collect::<Vec<_>>(), ["c"]);
    next.reported(&[listed[0].alert.id.clone()], &[]).await.unwrap();
    next.take_up_unreported().await.unwrap();
    assert!(next.unreported(Duration::ZERO).await.unwrap().is_empty());
    assert_eq!(next.count_without_report().await.unwrap(), 0);

    // What is undetermined by some wishes is so until it is not by these.
    let (ours, theirs) = (once().await, once().await);
    ours.wish([1; 32]);
    theirs.wish([2; 32]);
    ours.reported(&[], &ids[..1]).await.unwrap();
    theirs.reported(&[], &ids[..1]).await.unwrap();
    assert_eq!(ours.undetermined().await.unwrap().len(), 1);
    theirs.determined_for_us(&ids[0]).await.unwrap();
    assert_eq!(theirs.undetermined().await.unwrap().len(), 1, "by ours it is still");
    ours.determined_for_us(&ids[0]).await.unwrap();
    assert!(theirs.undetermined().await.unwrap().is_empty());
}

pub(crate) async fn what_keeps_a_log_from_being_followed_is_known(place: Place) {
    let state = open(&place).await;
    let told = ("a log", "https://log.example/");
    state.keep_trouble(&[7; 32], told, Some("nobody answers \0")).await.unwrap();
    state.keep_trouble(&[7; 32], told, Some("it says 500")).await.unwrap();
    let troubles = state.troubles().await.unwrap();
    assert_eq!(
        (troubles.len(), troubles[0].text.as_str(), troubles[0].name.as_str()),
        (1, "it says 500", "a log")
    );
    assert!(troubles[0].since <= troubles[0].seen);
    state.keep_trouble(&[7; 32], told, None).await.unwrap();
    assert!(state.troubles().await.unwrap().is_empty());
}
