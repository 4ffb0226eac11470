//! Who follows which log, for which names.

use std::time::Duration;

use pinstead::dns_name::DnsName;
use pinstead::watch::state::{Following, LogNumber, Place, Services, State, StateOptions};

use super::names::{names, searching};
use super::played::{LONG, NO_TIME, alert, count, new_log, open};

async fn following(state: &State, name: &str, log: LogNumber) -> Following {
    let name: DnsName = name.parse().unwrap();
    let search = state.searched_for(&name).await.unwrap();
    search.following.get(&log).copied().unwrap_or_default()
}

pub(crate) async fn each_log_is_followed_for_itself(place: Place) {
    let ours = State::open(&place, &StateOptions::default()).await.unwrap();
    ours.search_for(&names(&[".one.example"])).await.unwrap();
    assert!(!ours.follow(&[1; 32], LONG).await.unwrap(), "it is not known yet");
    let (first, second) =
        (ours.register(&new_log(1, 0)).await.unwrap(), ours.register(&new_log(2, 0)).await.unwrap());
    assert_eq!(ours.services().await.unwrap(), Services::default());
    assert!(ours.follow(&first.log_id, LONG).await.unwrap());
    let asked = open(&place).await;
    let is_followed = async |name, log| following(&asked, name, log).await.by_service;
    assert!(is_followed("one.example", first.number).await);
    assert!(is_followed("www.one.example", first.number).await);
    assert!(!is_followed("example", first.number).await, "it is searched for names below alone");
    assert!(!is_followed("one.example", second.number).await, "that is another log");
    let mute = Services { is_any: true, has_channel: false };
    assert_eq!(asked.services().await.unwrap(), mute);

    // Another process, with other names and a channel; what one of two gives up the other holds.
    let options = StateOptions { channels: vec!["pager".to_owned()], ..StateOptions::default() };
    let theirs = State::open(&place, &options).await.unwrap();
    theirs.search_for(&names(&[".two.example", ".one.example"])).await.unwrap();
    assert!(theirs.follow(&first.log_id, LONG).await.unwrap());
    assert!(is_followed("two.example", first.number).await);
    assert_eq!(asked.services().await.unwrap(), Services { is_any: true, has_channel: true });
    ours.follow_no_more(&first.log_id).await.unwrap();
    assert!(is_followed("one.example", first.number).await);
    theirs.follow_no_more(&first.log_id).await.unwrap();
    assert!(!is_followed("one.example", first.number).await);
    assert_eq!(asked.services().await.unwrap(), Services::default());

    // One that is killed follows no more when its time is over; a clock that was set back makes that no later.
    assert!(ours.follow(&second.log_id, NO_TIME).await.unwrap());
    assert!(!is_followed("one.example", second.number).await);
    assert!(ours.follow(&second.log_id, Duration::MAX).await.unwrap());
    assert!(is_followed("one.example", second.number).await);
    count(&place, "UPDATE followers SET lease_until = lease_until + 3600000 RETURNING log").await;
    assert!(!is_followed("one.example", second.number).await);
}

pub(crate) async fn looks_are_counted_that_come_again(place: Place) {
    let ours = searching(&place, &[".one.example"]).await;
    let (log, other) =
        (ours.register(&new_log(1, 0)).await.unwrap(), ours.register(&new_log(2, 0)).await.unwrap());
    let asked = open(&place).await;
    let looks = async || following(&asked, "one.example", log.number).await.looks;
    assert_eq!(looks().await, None);
    ours.looked(&log.log_id).await.unwrap();
    let once = looks().await.unwrap();
    assert_eq!((once.first, once.apart.as_secs()), (once.last, 0));
    assert_eq!(following(&asked, "one.example", other.number).await, Following::default());

    let hour = 3_600_000;
    count(&place, "UPDATE looks SET began = began - 3600000, looked = looked - 3600000 RETURNING log").await;
    ours.looked(&log.log_id).await.unwrap();
    let twice = looks().await.unwrap();
    assert!(twice.last.as_millisecond() - twice.first.as_millisecond() >= hour);
    assert!(twice.apart.as_secs() >= 3600);
    count(&place, "UPDATE looks SET began = began - 60000, looked = looked - 60000 RETURNING log").await;
    ours.looked(&log.log_id).await.unwrap();
    let thrice = looks().await.unwrap();
    assert!(thrice.apart.as_secs() >= 3600, "the longest of them stays");
    // After three days, that is the first of others.
    count(&place, "UPDATE looks SET began = began - 259200000, looked = looked - 259200000 RETURNING log")
        .await;
    ours.looked(&log.log_id).await.unwrap();
    let anew = looks().await.unwrap();
    assert_eq!((anew.first, anew.apart.as_secs()), (anew.last, 0));
    // Of a clock that was set back since, nothing counts.
    count(&place, "UPDATE looks SET looked = looked + 7200000 RETURNING log").await;
    assert_eq!(looks().await, None);
    ours.looked(&log.log_id).await.unwrap();
    let again = looks().await.unwrap();
    assert_eq!(again.first, again.last);
}

pub(crate) async fn what_nobody_was_told_of_is_counted(place: Place) {
    let mute = State::open(&place, &StateOptions::default()).await.unwrap();
    mute.add_alert(&alert("to nobody")).await.unwrap();
    let (untold, since) = mute.untold_alerts().await.unwrap();
    assert_eq!((untold, since.is_some()), (1, true));
    mute.take_up_unreported().await.unwrap();
    let listed = mute.unreported(LONG).await.unwrap();
    assert_eq!(mute.untold_alerts().await.unwrap().0, 1, "it is only about to be listed");
    mute.reported(&[listed[0].alert.id.clone()], &[]).await.unwrap();
    assert_eq!(mute.untold_alerts().await.unwrap(), (0, None));

    let ours = open(&place).await;
    ours.add_alert(&alert("to both")).await.unwrap();
    let failed = ours.due("mail", 1, LONG).await.unwrap().remove(0);
    ours.failed(&failed, "nobody is there", None).await.unwrap();
    assert_eq!(ours.untold_alerts().await.unwrap().0, 1);
    let waiting = ours.waiting().await.unwrap();
    let [hook, mail] = waiting.as_slice() else { panic!("{waiting:?}") };
    assert_eq!((hook.failed, hook.oldest_failed, hook.named.is_some()), (0, None, true));
    assert_eq!((mail.failed, mail.oldest_failed, mail.named.is_some()), (1, Some(mail.oldest), true));
    let due = ours.due("hook", 1, LONG).await.unwrap().remove(0);
    ours.delivered(&due).await.unwrap();
    assert_eq!(ours.untold_alerts().await.unwrap().0, 0, "one of two channels has it");
}
