//! Every log followed at the same time, and in a service, those that become usable later as well.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::{Id, JoinSet};

use super::logs::{FollowedLog, Selection};
use super::observer::{Printer, say};
use crate::watch::follow::Outcome;

/// How often a service chooses its logs anew.
pub(super) const CHOSEN_ANEW: Duration = Duration::from_secs(3600);

/// Follows the logs of a selection, and gives how each ended, by its id. `begin` follows one. After each `every`, `choose`
/// says which logs are to be followed now: those that are not are begun, also those that a fault of ours had ended; one
/// that is chosen no more is followed on.
pub(super) async fn follow_all<F: Future<Output = Outcome> + Send + 'static>(
    selection: &mut Selection,
    printer: &Printer,
    begin: impl Fn(&FollowedLog) -> F,
    every: Option<Duration>,
    choose: impl Fn() -> Option<Selection>,
) -> HashMap<[u8; 32], Outcome> {
    let mut running = JoinSet::new();
    let mut logs: HashMap<Id, [u8; 32]> = HashMap::new();
    for log in &selection.followed {
        logs.insert(running.spawn(begin(log)).id(), log.log.log_id);
    }
    let mut outcomes = HashMap::new();
    loop {
        let again = async {
            match every {
                Some(every) => tokio::time::sleep(every).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = running.join_next_with_id() => match ended {
                None => return outcomes,
                Some(Ok((id, outcome))) => {
                    if let Some(log) = logs.remove(&id) {
                        outcomes.insert(log, outcome);
                    }
                }
                Some(Err(error)) => {
                    let lost = logs.remove(&error.id());
                    if let Some(log) = selection.followed.iter().find(|log| Some(log.log.log_id) == lost) {
                        let what = "following it ended by a fault of pinstead";
                        printer.failed(&log.label(), "panic", what);
                        say(&format!("{}: {what}{}", log.log.name, if every.is_some() {
                            "; it is begun again within the hour"
                        } else {
                            ""
                        }));
                    }
                }
            },
            () = again => {
                let chosen = choose().map(|chosen| chosen.followed).unwrap_or_default();
                for log in chosen {
                    if logs.values().any(|id| *id == log.log.log_id) {
                        continue;
                    }
                    say(&format!("{}: followed from now on ({})", log.log.name, log.state.name()));
                    printer.shown(&log);
                    outcomes.remove(&log.log.log_id);
                    logs.insert(running.spawn(begin(&log)).id(), log.log.log_id);
                    selection.followed.retain(|known| known.log.log_id != log.log.log_id);
                    selection.left_out.retain(|known| known.id.0 != log.log.log_id);
                    selection.followed.push(log);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
