//! For programs without async: every future and every stream of this crate, waited for.
//!
//! ```no_run
//! use connectors::blocking::{BlockingFuture, BlockingStream};
//! use connectors::c1::Client;
//!
//! # fn main() -> Result<(), connectors::Error> {
//! let c1 = Client::from_env()?;
//! let connector = c1.connector("my-app", "my-connector");
//! println!("{:?}", connector.get().blocking()?.display_name);
//! for app in c1.apps().blocking() {
//!     println!("{}", app?.display_name.unwrap_or_default());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! There is nothing else to it: no method exists twice. One runtime with one thread serves the whole program; it is made when
//! it is first needed, and connections live on in it from call to call.

use std::fmt;
use std::pin::Pin;
use std::sync::OnceLock;

use futures_core::Stream;
use futures_util::StreamExt;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::Error;
use crate::error::Kind;

/// A call that can be waited for; see the [module](self).
pub trait BlockingFuture: Future {
    /// What a success gives.
    type Success;

    /// Waits until the call is over.
    ///
    /// # Errors
    /// What the call fails with. [`Error::is_config`] where this must not be used: on a thread of an async runtime (which
    /// could do nothing else meanwhile), those of tokio's `spawn_blocking` among them; await the call there.
    fn blocking(self) -> Result<Self::Success, Error>;
}

impl<T, F: Future<Output = Result<T, Error>>> BlockingFuture for F {
    type Success = T;

    fn blocking(self) -> Result<T, Error> {
        runtime()?.block_on(self)
    }
}

/// A list that can be waited for; see the [module](self).
pub trait BlockingStream: Stream {
    /// What each item gives.
    type Success;

    /// The items, each waited for when it is asked for. Where [`BlockingFuture::blocking`] must not be used, the one item is
    /// that error.
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

/// The items of a stream, waited for; see [`BlockingStream::blocking`].
pub struct Blocking<S> {
    /// None after the end.
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

/// The runtime, where it can be waited on.
fn runtime() -> Result<&'static Runtime, Error> {
    static RUNTIME: OnceLock<Result<Runtime, Error>> = OnceLock::new();
    if Handle::try_current().is_ok() {
        let message = "a blocking call on a thread of an async runtime; await the call instead";
        return Err(Error::new(Kind::Config, message));
    }
    let made = RUNTIME.get_or_init(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("connectors").enable_all().build();
        runtime.map_err(|error| {
            Error::new(Kind::Config, "the runtime for blocking calls cannot be started").caused_by(error)
        })
    });
    made.as_ref().map_err(Error::clone)
}
