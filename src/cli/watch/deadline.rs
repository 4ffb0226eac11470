//! For how long a run reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch::{self, Receiver, Sender};

/// When reading ends: once it is told to stop, or the time is over, or nothing can come of it.
pub(super) struct Deadline {
    /// Becomes true then.
    pub(super) stop: Receiver<bool>,
    tell: Sender<bool>,
    is_over: Arc<AtomicBool>,
}

impl Deadline {
    /// Begins the time, where there is a bound.
    pub(super) fn begin(seconds: Option<u32>, stopped: &Receiver<bool>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (tell, stop) = watch::channel(false);
        let (mut stopped, passed, teller) = (stopped.clone(), Arc::clone(&is_over), tell.clone());
        tokio::spawn(async move {
            let time = async {
                match seconds {
                    Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds.into())).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = time => passed.store(true, Ordering::Relaxed),
                // Where the sender is gone, all ends.
                _ = stopped.wait_for(|stop| *stop) => {}
            }
            let _ = teller.send(true);
        });
        Self { stop, tell, is_over }
    }

    /// Ends it now.
    pub(super) fn end(&self) {
        let _ = self.tell.send(true);
    }

    /// Whether the time was over.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}
