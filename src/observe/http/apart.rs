//! A thread that does nothing but HTTP.
//!
//! Between several threads, every piece of an answer wakes one and puts another to sleep, which costs more than to read
//! it. On a thread of its own all pieces are read one after the other, and whoever asked is woken once.

use std::io;
use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The thread. It ends with the last clone of this.
#[derive(Clone, Debug)]
pub(super) struct Apart {
    handle: Handle,
    /// Dropped, it tells the thread to end.
    _ends: Arc<oneshot::Sender<()>>,
}

impl Apart {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (ends, ended) = oneshot::channel::<()>();
        thread::Builder::new().name("http".to_owned()).spawn(move || {
            // Nothing is ever sent: it is over when nobody could.
            let _ = runtime.block_on(ended);
        })?;
        Ok(Self { handle, _ends: Arc::new(ends) })
    }

    /// Does this on the thread, as long as somebody waits for it; `None` where it broke down.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let mut task = Task(self.handle.spawn(work));
        (&mut task.0).await.ok()
    }
}

/// A task that ends when nobody waits for it.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn work_is_done_apart_and_ends_with_who_waits() {
        let apart = Apart::start().unwrap();
        let here = thread::current().id();
        let there = apart.run(async { thread::current().id() }).await;
        assert!(there.is_some_and(|there| there != here));
        let held = Arc::new(());
        let weak: Weak<()> = Arc::downgrade(&held);
        let endless = apart.run(async move {
            tokio::time::sleep(Duration::from_hours(1)).await;
            drop(held);
        });
        assert!(tokio::time::timeout(Duration::from_millis(20), endless).await.is_err());
        // Another piece of work comes after what was given up.
        while weak.upgrade().is_some() {
            apart.run(async {}).await;
        }
    }
}
