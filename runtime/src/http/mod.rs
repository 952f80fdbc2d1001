//! One exchange: the interface to the network, attempts, retries and their budget, limits, clock, hooks, spans.
//!
//! It does not know about credentials: an [`Attempt`] creates the request of each attempt. The crate's documentation
//! has the tables of limits and of retries.
//!
//! | module | content |
//! |---|---|
//! | `send`, `line` | the interface to the network; the point at which a request begins to be written |
//! | `exchange`, `reply` | the attempts of a call; reading a response |
//! | `retry`, `options`, `connection` | policies of a client and of a call |
//! | `tls` | TLS by the crate's features |
//! | `credentials` | the texts that an error must not contain |
//! | `clock`, `test_clock`, `hooks`, `span` | time, watchers, traces |

mod clock;
mod connection;
mod credentials;
mod exchange;
mod hooks;
mod line;
mod operation;
mod options;
mod reply;
mod retry;
mod send;
mod span;
mod test_clock;
#[cfg(test)]
mod tests;
mod tls;

use std::time::Duration;

use crate::object::DECODED;

pub use clock::{Clock, Sleep, SystemClock};
pub use connection::Connection;
pub(crate) use exchange::Attempt;
pub use exchange::{Exchange, ReadFailure};
pub use hooks::Attempted;
pub use operation::{Idempotency, Operation, Requirement, StreamFormat, Streaming, Success};
pub use options::CallOptions;
pub(crate) use reply::About;
pub use reply::Reply;
pub use retry::RetryPolicy;
pub use send::{SendError, Sender};
pub(crate) use span::CallSpan;
pub use test_clock::TestClock;
pub use tls::provide_tls;

/// The timeouts of calls and the size limits of responses.
///
/// ```
/// use std::time::Duration;
/// use connectors_runtime::Limits;
///
/// let mut limits = Limits::default();
/// limits.call = Duration::from_secs(30);
/// ```
///
/// # Memory and time
/// The memory per byte of a body depends on its type: an empty object of 2 bytes needs the memory of its struct. So
/// `decoded` limits the memory itself. With the defaults, it is 8 bytes for each byte of the largest body. While a list
/// grows, its old and its new memory exist together, so the process may need half as much again for a moment. One call
/// needs at most `response` for its body, and one and a half times `decoded` for its value.
///
/// Decoding begins when the whole body has arrived. Its time is proportional to the bytes of the body, at most those of
/// `response`. It is not interrupted, so other tasks of its thread wait for it. A deadline that passes meanwhile is not
/// an error: the call returns its value, because the response arrived in time. Lower `response` if decoding takes too
/// long.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// For opening a connection; 10 s.
    pub connect: Duration,
    /// For one attempt, from the first byte sent to the last byte read; 30 s. For a streamed response it applies to the
    /// head, and then to each chunk of the body.
    pub attempt: Duration,
    /// For a call with all its attempts and delays; 120 s.
    pub call: Duration,
    /// Bytes of a successful response's body, unless it is streamed; 16 MiB.
    pub response: usize,
    /// Bytes of a failed response's body. The rest is not read. 256 KiB.
    pub failure: usize,
    /// Bytes of a token endpoint's response; 64 KiB.
    pub token: usize,
    /// Memory in bytes for the lists, maps, objects and text of a response, for the parsed text and the values
    /// together; 128 MiB. See [memory and time](Limits#memory-and-time).
    pub decoded: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            attempt: Duration::from_secs(30),
            call: Duration::from_secs(120),
            response: 16 * 1024 * 1024,
            failure: 256 * 1024,
            token: 64 * 1024,
            decoded: DECODED,
        }
    }
}
