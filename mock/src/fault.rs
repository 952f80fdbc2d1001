//! Faults: scripted failures of a fake.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::lock;
use crate::message::{Answer, Request};
use crate::service::Service;

/// A failure of a fake: it happens once, at the next request that it matches.
///
/// Start with a kind of failure ([`Fault::status`], [`Fault::reset_after_request`], ...), then restrict the requests
/// ([`on`](Fault::on), [`token_endpoint`](Fault::token_endpoint)) and set the number of times
/// ([`times`](Fault::times)). Without a filter it matches every request, also token requests. If several faults match,
/// the one that was added first happens.
///
/// ```
/// use connectors_mock::Fault;
///
/// let busy = Fault::status(429).header("retry-after", "2").on("ConnectorService.Get").times(3);
/// let lost = Fault::close_after_request().applied().on("c1.api.app.v1.ConnectorService.Create");
/// let denied = Fault::token_error("invalid_client");
/// # let _ = (busy, lost, denied);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is passed to a fake"]
pub struct Fault {
    effect: Effect,
    /// Whether the request is processed despite the fault.
    applied: bool,
    operation: Option<String>,
    reused_only: bool,
    skip: usize,
    times: usize,
    happened: bool,
    delay: Duration,
    gate: Option<Gate>,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The correct response, changed: later, or with other headers or another body.
    Answer,
    Status(u16),
    TruncatedJson,
    Oversized(usize),
    RepeatedPageToken,
    ResetOnAccept,
    ResetAfterRequest,
    CloseAfterRequest,
    ResetMidBody,
    CloseAfterAnswer,
}

impl Fault {
    fn new(effect: Effect, applied: bool) -> Fault {
        Fault {
            effect,
            applied,
            operation: None,
            reused_only: false,
            skip: 0,
            times: 1,
            happened: false,
            delay: Duration::ZERO,
            gate: None,
            headers: Vec::new(),
            body: None,
        }
    }

    /// Responds with this status and an error body in the service's own format. The request is not processed.
    pub fn status(status: u16) -> Fault {
        Fault::new(Effect::Status(status), false)
    }

    /// The token endpoint responds with this OAuth error code: 401 for `invalid_client`, else 400.
    pub fn token_error(error: &str) -> Fault {
        let status = if error == "invalid_client" { 401 } else { 400 };
        let body = json!({"error": error, "error_description": "scripted"});
        Fault::status(status).json(&body).token_endpoint()
    }

    /// Responds with 200 and an HTML page, like a wrong host. The request is not processed.
    pub fn html() -> Fault {
        let page = Answer::html(200);
        Fault { headers: page.headers, body: Some(page.body), ..Fault::status(200) }
    }

    /// Responds with 204 without a body. The request is processed.
    pub fn no_content() -> Fault {
        Fault::status(204).applied()
    }

    /// Delays the correct response. The request is processed at once.
    pub fn delay(delay: Duration) -> Fault {
        Fault { delay, ..Fault::new(Effect::Answer, true) }
    }

    /// Delays the correct response until the gate is open. The request is processed at once.
    pub fn hold(gate: &Gate) -> Fault {
        Fault { gate: Some(gate.clone()), ..Fault::new(Effect::Answer, true) }
    }

    /// Sends the correct response with another content type.
    pub fn content_type(value: &str) -> Fault {
        Fault::new(Effect::Answer, true).header("content-type", value)
    }

    /// Resets the next *new* connection as soon as it is accepted. There is no operation yet, so [`Fault::on`] is
    /// ignored.
    pub fn reset_on_accept() -> Fault {
        Fault::new(Effect::ResetOnAccept, false)
    }

    /// Reads the request, then resets the connection. The request is not processed, unless [`Fault::applied`].
    pub fn reset_after_request() -> Fault {
        Fault::new(Effect::ResetAfterRequest, false)
    }

    /// Reads the request, then closes the connection cleanly without a response. The request is not processed, unless
    /// [`Fault::applied`].
    pub fn close_after_request() -> Fault {
        Fault::new(Effect::CloseAfterRequest, false)
    }

    /// Announces the whole response, sends half of it, and resets the connection.
    pub fn reset_mid_body() -> Fault {
        Fault::new(Effect::ResetMidBody, true)
    }

    /// Sends the first half of the response's JSON as a complete body.
    pub fn truncated_json() -> Fault {
        Fault::new(Effect::TruncatedJson, true)
    }

    /// Sends the correct response with this many spaces after it: still JSON, but large.
    pub fn oversized(bytes: usize) -> Fault {
        Fault::new(Effect::Oversized(bytes), true)
    }

    /// Responds with the request's own page token as the next one, in services with page tokens, such as C1. Does not
    /// match requests for a first page.
    pub fn repeated_page_token() -> Fault {
        Fault::new(Effect::RepeatedPageToken, true)
    }

    /// Responds as if the connection were kept alive, and closes it: the client's pool then holds a stale connection.
    /// Whether the client notices that before its next request is a race. To script the lost race, use
    /// [`Fault::on_reused_connection`].
    pub fn stale_keep_alive() -> Fault {
        Fault::new(Effect::CloseAfterAnswer, true)
    }

    /// Adds a header to the response, or replaces it.
    pub fn header(mut self, name: &str, value: &str) -> Fault {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces the response's body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Fault {
        self.body = Some(body.into());
        self
    }

    /// Replaces the response's body by this JSON.
    pub fn json(self, body: &Value) -> Fault {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// Matches only requests for this operation: the operationId (`getConnectorInstance`), or its part after a dot
    /// (`ConnectorService.Get`).
    pub fn on(mut self, operation: &str) -> Fault {
        self.operation = Some(operation.to_owned());
        self
    }

    /// Matches only token requests.
    pub fn token_endpoint(self) -> Fault {
        self.on("token")
    }

    /// Matches only requests on a reused connection. With [`Fault::reset_after_request`] or
    /// [`Fault::close_after_request`], that is a stale connection of the client's pool.
    pub fn on_reused_connection(mut self) -> Fault {
        self.reused_only = true;
        self
    }

    /// Skips the first `n` matching requests.
    pub fn after(mut self, n: usize) -> Fault {
        self.skip = n;
        self
    }

    /// Happens `n` times.
    pub fn times(mut self, n: usize) -> Fault {
        self.times = n;
        self
    }

    /// Happens at every matching request. Once it has happened, `pending_faults` no longer counts it.
    pub fn always(self) -> Fault {
        self.times(usize::MAX)
    }

    /// The request is processed, whatever the client receives.
    pub fn applied(mut self) -> Fault {
        self.applied = true;
        self
    }

    /// The same fault with an additional delay.
    pub(crate) fn later(mut self, delay: Duration) -> Fault {
        self.delay = delay;
        self
    }

    pub(crate) fn effect(&self) -> Effect {
        self.effect
    }

    fn matches(&self, request: &Request, reused: bool) -> bool {
        let operation = request.operation.as_deref().unwrap_or_default();
        let here = self.operation.as_deref().is_none_or(|wanted| {
            let rest = operation.strip_suffix(wanted);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        let effective = match self.effect {
            Effect::ResetOnAccept => false,
            Effect::RepeatedPageToken => !page_token(request).is_empty(),
            _ => true,
        };
        here && effective && (reused || !self.reused_only)
    }

    /// Whether to skip this matching request.
    fn skips(&mut self) -> bool {
        let skips = self.skip > 0;
        self.skip = self.skip.saturating_sub(1);
        skips
    }

    /// Processes the request or not, and builds the response, which may never be sent.
    pub(crate) fn answer(&self, request: &Request, service: &dyn Service) -> Answer {
        let mut answer = if self.applied { service.answer(request) } else { Answer::html(200) };
        match self.effect {
            Effect::Status(status) => answer = service.scripted(request, status, &self.headers),
            Effect::TruncatedJson => answer.body.truncate(answer.body.len() / 2),
            Effect::Oversized(bytes) => {
                answer.body.resize(answer.body.len().saturating_add(bytes), b' ');
            }
            Effect::RepeatedPageToken => {
                if let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body)
                    && body.is_object()
                {
                    body["nextPageToken"] = page_token(request).into();
                    answer.body = body.to_string().into_bytes();
                }
            }
            _ => {}
        }
        for (name, value) in &self.headers {
            answer.set_header(name, value);
        }
        if let Some(body) = &self.body {
            answer.body.clone_from(body);
        }
        answer
    }

    /// Waits for the delay.
    pub(crate) async fn wait(&self) {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        if let Some(gate) = &self.gate {
            gate.pass().await;
        }
    }
}

fn page_token(request: &Request) -> &str {
    let token = request.query.iter().find(|(name, _)| name == "page_token");
    token.map_or("", |(_, value)| value)
}

/// The pending faults, in the order in which they were added.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// Adds a fault after the others.
    pub fn push(&self, fault: Fault) {
        if fault.times > 0 {
            lock(&self.0).push(fault);
        }
    }

    /// Drops all pending faults.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }

    /// How many faults are pending. One that happens several times counts until the last, an endless one until the
    /// first.
    pub fn pending(&self) -> usize {
        lock(&self.0).iter().filter(|fault| fault.times != usize::MAX || !fault.happened).count()
    }

    /// The fault for this request, on a new or a reused connection.
    pub(crate) fn for_request(&self, request: &Request, reused: bool) -> Option<Fault> {
        self.take(|fault| fault.matches(request, reused))
    }

    /// The fault for a new connection.
    pub(crate) fn for_connection(&self) -> Option<Fault> {
        self.take(|fault| fault.effect == Effect::ResetOnAccept)
    }

    fn take(&self, matches: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut faults = lock(&self.0);
        let index = faults.iter_mut().position(|fault| matches(fault) && !fault.skips())?;
        faults[index].happened = true;
        match faults[index].times {
            1 => return Some(faults.remove(index)),
            usize::MAX => {}
            times => faults[index].times = times - 1,
        }
        Some(faults[index].clone())
    }
}

/// Delays responses until it is opened, so that a test decides the order of events without sleeping.
///
/// ```
/// # use connectors_mock::{Fault, Gate, document::Server};
/// # async fn example(server: &Server) {
/// let gate = Gate::default();
/// server.fault(Fault::hold(&gate).on("getPet"));
/// // ... start the call, and whatever must happen while its response is delayed ...
/// gate.arrived(1).await;
/// gate.open();
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<watch::Sender<Passage>>);

#[derive(Debug, Default)]
struct Passage {
    arrived: usize,
    open: bool,
}

impl Gate {
    /// Opens the gate permanently, for all requests.
    pub fn open(&self) {
        self.0.send_modify(|passage| passage.open = true);
    }

    /// Waits until `n` requests have reached the gate, also those that it let through.
    pub async fn arrived(&self, n: usize) {
        // An error would mean that the sender was dropped, and `self` owns it.
        let _ = self.0.subscribe().wait_for(|passage| passage.arrived >= n).await;
    }

    async fn pass(&self) {
        let mut passage = self.0.subscribe();
        self.0.send_modify(|passage| passage.arrived += 1);
        // As above.
        let _ = passage.wait_for(|passage| passage.open).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_pending_until_its_last_time_and_an_endless_one_until_its_first() {
        let faults = Faults::default();
        faults.push(Fault::reset_on_accept().times(2));
        faults.push(Fault::reset_on_accept().always());
        let pending = [1, 2, 3, 4].map(|_| {
            let pending = faults.pending();
            assert!(faults.for_connection().is_some());
            pending
        });
        assert_eq!((pending, faults.pending()), ([2, 2, 1, 0], 0));
    }
}
