//! Options of one call.

use std::fmt;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, Kind};

use super::hooks::is_ours;

/// Options of one call. They take precedence over the client's settings.
///
/// ```
/// use std::time::Duration;
/// use connectors_runtime::CallOptions;
///
/// let options = CallOptions::new().deadline(Duration::from_secs(5)).attempts(1).header("x-reason", "nightly job");
/// # drop(options);
/// ```
///
/// An option that cannot be sent, such as a header with a line break, fails the call with
/// [`Error::is_invalid_argument`](crate::Error::is_invalid_argument) before anything is sent.
#[derive(Clone, Default)]
#[must_use]
pub struct CallOptions {
    pub(crate) deadline: Option<Duration>,
    pub(super) attempt_timeout: Option<Duration>,
    pub(crate) attempts: Option<u32>,
    pub(crate) idempotent: Option<bool>,
    pub(crate) headers: HeaderMap,
    pub(crate) request_id: Option<HeaderValue>,
    /// The first invalid option.
    pub(super) wrong: Option<Error>,
}

/// Only the names of the headers: a value may be a secret.
impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("deadline", &self.deadline)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("attempts", &self.attempts)
            .field("idempotent", &self.idempotent)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("has_request_id", &self.request_id.is_some())
            .field("wrong", &self.wrong)
            .finish()
    }
}

impl CallOptions {
    /// No options: the call uses the client's settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the deadline of the call, with all its attempts and delays; instead of
    /// [`Limits::call`](crate::Limits::call). At the deadline the call fails with
    /// [`Error::is_timeout`](crate::Error::is_timeout). Nothing is sent when no time is left.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets the timeout of each attempt; instead of [`Limits::attempt`](crate::Limits::attempt). It is never longer than the
    /// time that is left until the deadline, so a long one needs a long [`CallOptions::deadline`], too. For a response that is
    /// read as a stream it is the longest time between two parts of the body.
    ///
    /// ```
    /// use std::time::Duration;
    /// use connectors_runtime::CallOptions;
    ///
    /// // One large upload may take ten minutes.
    /// let slow = Duration::from_secs(600);
    /// let options = CallOptions::new().deadline(slow).attempt_timeout(slow);
    /// # drop(options);
    /// ```
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Sets how many attempts the call has at most; instead of [`RetryPolicy::attempts`](crate::RetryPolicy::attempts).
    /// With 1 it is never retried; 0 counts as 1.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// Sets whether the call is idempotent, so that it may be retried after a lost response. This overrides the
    /// document.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// Sets a header of each attempt; it replaces others of the same name. Its value is never printed. `Authorization`,
    /// `Host`, `Content-Length` and `Transfer-Encoding` belong to the client: setting one fails the call.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
            return self.refused("a header's name or value has characters that HTTP does not allow".to_owned());
        };
        if is_ours(name.as_str()) {
            return self.refused(format!("`header` cannot set `{name}`: the client sets it itself"));
        }
        value.set_sensitive(true);
        self.headers.insert(name, value);
        self
    }

    /// Sets several headers, some of which may have the same name; see [`CallOptions::header`].
    pub fn headers(mut self, mut headers: HeaderMap) -> Self {
        headers.values_mut().for_each(|value| value.set_sensitive(true));
        if let Some(name) = headers.keys().find(|name| is_ours(name.as_str())) {
            let message = format!("`headers` cannot set `{name}`: the client sets it itself");
            return self.refused(message);
        }
        self.headers.extend(headers);
        self
    }

    /// Sets your own id of the call, the same for all its attempts. It is sent in the client's header for it
    /// ([`Connection::request_id_header`](crate::Connection::request_id_header)), or else as `x-request-id`.
    pub fn request_id(mut self, id: &str) -> Self {
        match HeaderValue::try_from(id) {
            Ok(id) if !id.is_empty() => {
                self.request_id = Some(id);
                self
            }
            _ => self.refused("a request id is empty or has characters that HTTP does not allow".to_owned()),
        }
    }

    fn refused(mut self, message: String) -> Self {
        self.wrong.get_or_insert_with(|| Error::new(Kind::Argument, message));
        self
    }
}
