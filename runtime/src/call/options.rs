//! Options of one call, and other media types of its response.

use std::fmt;
use std::time::Duration;

use progenitor_client::ByteStream;

use crate::error::Error;
use crate::http::CallOptions;
use crate::object::Json;

use super::request::Call;
use super::response::Response;
use super::sending::{Sending, value};

/// Options of one call, apart from its parameters. Every generated request has them.
///
/// ```
/// use std::time::Duration;
/// use connectors_runtime::RequestOptions;
///
/// fn impatient<R: RequestOptions>(request: R) -> R {
///     request.deadline(Duration::from_secs(2)).attempts(1)
/// }
/// ```
pub trait RequestOptions: Sized {
    /// The options to change.
    fn options_mut(&mut self) -> &mut CallOptions;

    /// The call, which is not sent yet.
    fn into_call(self) -> Call;

    /// Requests this media type, and returns the body as bytes. Use it for the media types of an operation that have no
    /// Rust type, such as `text/csv`, `application/xml`, or one of `image/*`. The header `Content-Type` of the
    /// [`Response`] has the media type of the body.
    ///
    /// ```
    /// use connectors_runtime::{Error, RequestOptions};
    ///
    /// async fn as_csv<R: RequestOptions>(list: R) -> Result<Vec<u8>, Error> {
    ///     let response = list.accept("text/csv").send().await?;
    ///     println!("{:?}", response.content_type());
    ///     Ok(response.collect(1024 * 1024).await?.to_vec())
    /// }
    /// ```
    fn accept(self, media_type: &str) -> As<ByteStream> {
        let mut call = self.into_call();
        call.ask_for(media_type);
        As { call, read: Call::bytes }
    }

    /// Replaces all options at once.
    #[must_use]
    fn options(mut self, options: CallOptions) -> Self {
        *self.options_mut() = options;
        self
    }

    /// See [`CallOptions::deadline`].
    #[must_use]
    fn deadline(self, deadline: Duration) -> Self {
        change(self, |options| options.deadline(deadline))
    }

    /// See [`CallOptions::attempt_timeout`].
    #[must_use]
    fn attempt_timeout(self, timeout: Duration) -> Self {
        change(self, |options| options.attempt_timeout(timeout))
    }

    /// See [`CallOptions::attempts`].
    #[must_use]
    fn attempts(self, attempts: u32) -> Self {
        change(self, |options| options.attempts(attempts))
    }

    /// See [`CallOptions::idempotent`].
    #[must_use]
    fn idempotent(self, idempotent: bool) -> Self {
        change(self, |options| options.idempotent(idempotent))
    }

    /// See [`CallOptions::header`].
    #[must_use]
    fn header(self, name: &str, value: &str) -> Self {
        change(self, |options| options.header(name, value))
    }

    /// See [`CallOptions::request_id`].
    #[must_use]
    fn request_id(self, id: &str) -> Self {
        change(self, |options| options.request_id(id))
    }
}

fn change<R: RequestOptions>(mut request: R, change: impl FnOnce(CallOptions) -> CallOptions) -> R {
    let options = request.options_mut();
    *options = change(std::mem::take(options));
    request
}

/// A request for another of the operation's media types. `.await` sends it and returns the value; see
/// [`RequestOptions::accept`].
#[must_use = "nothing is sent until it is awaited"]
pub struct As<T> {
    call: Call,
    read: fn(Call) -> Sending<Response<T>>,
}

impl<T> Clone for As<T> {
    fn clone(&self) -> Self {
        Self { call: self.call.clone(), read: self.read }
    }
}

impl<T> fmt::Debug for As<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call.fmt(f)
    }
}

impl<T> As<T> {
    /// Sends it, and returns the whole response.
    ///
    /// # Errors
    /// Every error of a call.
    pub fn send(self) -> Sending<Response<T>> {
        (self.read)(self.call)
    }
}

impl<T: 'static> IntoFuture for As<T> {
    type Output = Result<T, Error>;
    type IntoFuture = Sending<T>;

    fn into_future(self) -> Self::IntoFuture {
        value(self.send())
    }
}

impl<T> RequestOptions for As<T> {
    fn options_mut(&mut self) -> &mut CallOptions {
        self.call.options_mut()
    }

    fn into_call(self) -> Call {
        self.call
    }
}

/// For generated code.
impl Call {
    /// The same call for another JSON media type with another type.
    pub fn json_as<T: Json + Send + 'static>(mut self, media_type: &str) -> As<T> {
        self.ask_for(media_type);
        As { call: self, read: Call::json }
    }
}
