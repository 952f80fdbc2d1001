//! The span of a call, by the OpenTelemetry conventions for HTTP clients.

use std::cell::LazyCell;

use tracing::field::Empty;
use tracing::instrument::Instrumented;
use tracing::span::Id;
use tracing::{Instrument, Span};
use url::Url;

use crate::error::Error;

use super::Operation;

/// The span of one call of an operation, or of one token request. It has the path template, never the path itself.
///
/// The outcome of a call is recorded here, and not on the current span, which may be the program's.
#[derive(Clone, Debug)]
pub(crate) struct CallSpan(Span);

impl CallSpan {
    /// The span of an operation's call, within the current span.
    pub(crate) fn of_operation(operation: &'static Operation, server: impl FnOnce() -> Option<Url>) -> Self {
        Self::new(|| Span::current().id(), operation.method(), operation.path(), server)
    }

    /// The span of a request to an OAuth endpoint, whose path has no variable parts.
    pub(crate) fn of_endpoint(url: &Url) -> Self {
        // Calls share a token, and may end before it arrives. Within the span of one call, it would keep that span
        // open.
        let span = Self::new(|| None, "POST", url.path(), || Some(url.clone()));
        span.0.follows_from(Span::current());
        span
    }

    /// The functions are called only if the span is enabled.
    fn new(
        parent: impl FnOnce() -> Option<Id>,
        method: &str,
        template: &str,
        server: impl FnOnce() -> Option<Url>,
    ) -> Self {
        let url = LazyCell::new(server);
        let url = || url.as_ref();
        Self(tracing::info_span!(
            parent: parent(),
            "http.client",
            otel.kind = "client",
            otel.name = format_args!("{method} {template}"),
            http.request.method = method,
            url.template = template,
            server.address = url().and_then(Url::host_str).unwrap_or_default(),
            server.port = url().and_then(Url::port_or_known_default).unwrap_or_default(),
            http.response.status_code = Empty,
            http.request.resend_count = Empty,
            error.type = Empty,
        ))
    }

    /// Whether no subscriber records it.
    pub(super) fn is_disabled(&self) -> bool {
        self.0.is_disabled()
    }

    /// Runs a future within the span.
    pub(super) fn around<F: Future>(&self, work: F) -> Instrumented<F> {
        work.instrument(self.0.clone())
    }

    /// Records a retry after this many attempts.
    pub(super) fn resent(&self, after: u32) {
        self.0.record("http.request.resend_count", after);
    }

    /// Records the status of the last response.
    pub(super) fn returned(&self, status: u16) {
        self.0.record("http.response.status_code", status);
    }

    /// Records an error. `status` is that of the response to this request, if there was one.
    pub(crate) fn failed(&self, error: &Error, status: Option<u16>) {
        if let Some(status) = status {
            self.returned(status);
        }
        match status.filter(|status| !(200..300).contains(status)) {
            Some(status) => self.0.record("error.type", status.to_string().as_str()),
            None => self.0.record("error.type", error.kind().word()),
        };
    }
}
