//! Blocking calls and streams, for programs without async.
//!
//! ```no_run
//! use connectors_runtime::blocking::{BlockingFuture, BlockingStream};
//! use connectors_runtime::{Error, Page, Pages};
//!
//! # async fn read() -> Result<String, Error> { Err(Error::auth("example")) }
//! # fn list() -> Pages<String> { Pages::new(None, |_| async { Ok(Page::by_token(Vec::new(), None)) }) }
//! # fn main() -> Result<(), Error> {
//! println!("{}", read().blocking()?);
//! for item in list().blocking() {
//!     println!("{}", item?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! No method exists twice. One runtime with one thread serves the whole program. It is created on first use, and
//! connections stay open in it between calls.
//!
//! After a `fork`, the child gets its own runtime, so a call there ends within its limits. The parent's
//! connections stay with the parent: an attempt on one of them times out in the child. Create a new client in the
//! child.

use std::fmt;
use std::pin::Pin;
use std::sync::OnceLock;

use futures_core::Stream;
use futures_util::StreamExt;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::Error;
use crate::error::Kind;

/// A call that can block: a future, or a request that `.await` would send. See the [module](self).
pub trait BlockingFuture: IntoFuture {
    /// The value of a success.
    type Success;

    /// Blocks until the call has ended.
    ///
    /// # Errors
    /// The errors of the call. [`Error::is_config`] on a thread of an async runtime, whose other tasks would stop
    /// meanwhile. Threads of tokio's `spawn_blocking` are among these. Await the call there.
    fn blocking(self) -> Result<Self::Success, Error>;
}

impl<T, F: IntoFuture<Output = Result<T, Error>>> BlockingFuture for F {
    type Success = T;

    fn blocking(self) -> Result<T, Error> {
        runtime()?.block_on(self.into_future())
    }
}

/// A stream that can block; see the [module](self).
pub trait BlockingStream: Stream {
    /// The value of each item.
    type Success;

    /// The items. Each blocks when it is requested. On a thread where [`BlockingFuture::blocking`] fails, the only item
    /// is that error.
    fn blocking(self) -> Blocking<Self>
    where
        Self: Sized;
}

impl<T, S: Stream<Item = Result<T, Error>>> BlockingStream for S {
    type Success = T;

    fn blocking(self) -> Blocking<S> {
        Blocking { stream: Some(Box::pin(self)) }
    }
}

/// The items of a stream, as an iterator; see [`BlockingStream::blocking`].
pub struct Blocking<S> {
    /// `None` after the end.
    stream: Option<Pin<Box<S>>>,
}

impl<S> fmt::Debug for Blocking<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking").finish_non_exhaustive()
    }
}

impl<T, S: Stream<Item = Result<T, Error>>> Iterator for Blocking<S> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let stream = self.stream.as_mut()?;
        let next = match runtime() {
            Ok(runtime) => runtime.block_on(stream.next()),
            Err(error) => {
                self.stream = None;
                return Some(Err(error));
            }
        };
        if next.is_none() {
            self.stream = None;
        }
        next
    }
}

/// A runtime, and the process of its thread.
struct Made {
    process: u32,
    runtime: Runtime,
    /// The runtime of a child process, in which this one has no thread. It is never dropped, because that would wait
    /// for the thread.
    next: OnceLock<Box<Made>>,
}

static FIRST: OnceLock<Box<Made>> = OnceLock::new();

/// The runtime, if this thread may block.
fn runtime() -> Result<&'static Runtime, Error> {
    if Handle::try_current().is_ok() {
        let message = "a blocking call on a thread of an async runtime; await the call instead";
        return Err(Error::new(Kind::Config, message));
    }
    runtime_of(&FIRST, std::process::id())
}

/// The runtime of a process, the last of the list. No lock is held while it is created: a child that is forked
/// meanwhile could never acquire it.
fn runtime_of(mut slot: &'static OnceLock<Box<Made>>, process: u32) -> Result<&'static Runtime, Error> {
    loop {
        match slot.get() {
            // Only the last one can belong to this process. An older one with the same process number belongs to
            // another process.
            Some(made) if made.process == process && made.next.get().is_none() => return Ok(&made.runtime),
            Some(made) => slot = &made.next,
            None => {
                // If another thread was faster, this runtime is dropped, and the loop finds the other one.
                drop(slot.set(Box::new(Made { process, runtime: new_runtime()?, next: OnceLock::new() })));
            }
        }
    }
}

fn new_runtime() -> Result<Runtime, Error> {
    let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("connectors").enable_all().build();
    runtime
        .map_err(|error| Error::new(Kind::Config, "the runtime for blocking calls cannot be started").caused_by(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_has_one_runtime_and_its_children_have_others() {
        static LIST: OnceLock<Box<Made>> = OnceLock::new();
        let of = |process| runtime_of(&LIST, process).unwrap();
        let parent = of(1);
        assert!(std::ptr::eq(parent, of(1)));
        let child = of(2);
        assert!(!std::ptr::eq(parent, child) && std::ptr::eq(child, of(2)));
        // Much later, the child may have the number of a process that has ended.
        let grandchild = of(1);
        assert!(!std::ptr::eq(parent, grandchild) && std::ptr::eq(grandchild, of(1)));
    }
}
