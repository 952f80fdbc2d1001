//! Work that several callers wait for. The waiting callers drive it, and it belongs to no runtime.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Either, Shared, select};
use tokio::runtime::Handle;

use crate::error::{Error, Kind};
use crate::http::Clock;

/// How long callers on one runtime wait, at most, for another runtime that does not run its tasks.
const PATIENCE: Duration = Duration::from_secs(1);

type Fallible<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// Work in flight, which all clones share. It advances while a caller waits, and pauses otherwise.
///
/// Timers and connections belong to the runtime on which they were created: that of the first caller. If that runtime
/// has ended or does not run, the work can be lost for all other callers. [`Work::wait`] detects that, so that the work
/// can be restarted.
#[derive(Clone)]
pub(super) struct Work<T: Clone> {
    shared: Shared<Fallible<T>>,
    home: Home,
}

impl<T: Clone> fmt::Debug for Work<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}

impl<T: Clone + Send + Sync + 'static> Work<T> {
    /// Work that has not started. A panic in it is an error for all waiting callers.
    pub(super) fn new(work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Self {
        let work = AssertUnwindSafe(work).catch_unwind();
        let work = work.map(|done| done.unwrap_or_else(|_| Err(Error::new(Kind::Auth, "the token provider panicked"))));
        let work: Fallible<T> = Box::pin(work);
        Self { shared: work.shared(), home: Home(Handle::try_current().ok()) }
    }

    /// Lets the current runtime continue it even when no caller waits.
    pub(super) fn detach(&self) {
        if let Ok(handle) = Handle::try_current() {
            handle.spawn(self.shared.clone().map(drop));
        }
    }

    /// Whether it was started on this runtime.
    pub(super) fn is_here(&self) -> bool {
        self.home.is_here()
    }

    /// Whether the runtime on which it was started has ended.
    pub(super) fn is_orphaned(&self) -> bool {
        !self.is_here() && self.home.ping().is_none()
    }

    /// Drives it to its end, together with all other waiting callers. Returns `None` if it was started on another
    /// runtime that has ended or does not run its tasks: for a second, or for a quarter of `limit` if that is less.
    pub(super) async fn wait(&self, clock: &Arc<dyn Clock>, limit: Duration) -> Option<Result<T, Error>> {
        let mut shared = self.shared.clone();
        if self.is_here() {
            let done = shared.await;
            // Unless the caller itself has moved to another runtime since.
            return (done.is_ok() || !self.is_orphaned()).then_some(done);
        }
        let patience = PATIENCE.min(limit / 4);
        loop {
            let pong = self.home.ping()?;
            match select(&mut shared, clock.timeout(patience)).await {
                // A runtime that ends breaks its connections and timers.
                Either::Left((Err(_), _)) if self.is_orphaned() => return None,
                Either::Left((done, _)) => return Some(done),
                Either::Right(_) if pong.load(Ordering::Acquire) => {}
                Either::Right(_) => return None,
            }
        }
    }
}

/// The runtime on which work was started; `None` if there was none.
#[derive(Clone)]
struct Home(Option<Handle>);

impl Home {
    fn is_here(&self) -> bool {
        let Some(home) = &self.0 else { return true };
        Handle::try_current().is_ok_and(|here| here.id() == home.id())
    }

    /// Asks the runtime to set a flag; `None` if the runtime has ended.
    fn ping(&self) -> Option<Arc<AtomicBool>> {
        let pong = Arc::new(AtomicBool::new(false));
        if let Some(home) = &self.0 {
            let set = Arc::clone(&pong);
            let task = home.spawn(async move { set.store(true, Ordering::Release) });
            // A runtime that has ended drops the task at once.
            if task.is_finished() && !pong.load(Ordering::Acquire) {
                return None;
            }
        }
        Some(pong)
    }
}
