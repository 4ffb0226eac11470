//! For how long a run reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch::{self, Receiver};

/// When reading ends: once it is told to stop, or the time is over.
pub(super) struct Deadline {
    /// Becomes true then.
    pub(super) stop: Receiver<bool>,
    is_over: Arc<AtomicBool>,
}

impl Deadline {
    /// Begins the time, where there is a bound.
    pub(super) fn begin(seconds: Option<u32>, stopped: &Receiver<bool>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let Some(seconds) = seconds else { return Self { stop: stopped.clone(), is_over } };
        let (tell, stop) = watch::channel(false);
        let (mut stopped, passed) = (stopped.clone(), Arc::clone(&is_over));
        tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(seconds.into())) => passed.store(true, Ordering::Relaxed),
                // Where the sender is gone, all ends.
                _ = stopped.wait_for(|stop| *stop) => {}
            }
            let _ = tell.send(true);
        });
        Self { stop, is_over }
    }

    /// Whether the time was over.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}
