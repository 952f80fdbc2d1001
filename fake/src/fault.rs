//! Faults: what a fake does wrong, scripted ahead.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::lock;
use crate::message::{Answer, Request};
use crate::service::Service;

/// Something that goes wrong, once, at the next request that it matches.
///
/// Start from what happens ([`Fault::status`], [`Fault::reset_after_request`], ...), then say where
/// ([`on`](Fault::on), [`token_endpoint`](Fault::token_endpoint)) and how often ([`times`](Fault::times)). Without a
/// "where" it matches every request, those for tokens included. Of several that match, the one scripted first is used.
///
/// ```
/// use connectors_fake::Fault;
///
/// let busy = Fault::status(429).header("retry-after", "2").on("ConnectorService.Get").times(3);
/// let lost = Fault::close_after_request().applied().on("c1.api.app.v1.ConnectorService.Create");
/// let denied = Fault::token_error("invalid_client");
/// # let _ = (busy, lost, denied);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is given to a fake"]
pub struct Fault {
    effect: Effect,
    /// Whether the request takes effect all the same.
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
    /// The right answer: later, or with other headers or another body.
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

    /// Answers with this status and an error body of the service's own shape; the request has no effect.
    pub fn status(status: u16) -> Fault {
        Fault::new(Effect::Status(status), false)
    }

    /// The token endpoint refuses with this OAuth error code: 401 for `invalid_client`, else 400.
    pub fn token_error(error: &str) -> Fault {
        let status = if error == "invalid_client" { 401 } else { 400 };
        let body = json!({"error": error, "error_description": "scripted"});
        Fault::status(status).json(&body).token_endpoint()
    }

    /// Answers 200 with an HTML page, as a wrong host does; the request has no effect.
    pub fn html() -> Fault {
        let page = Answer::html(200);
        Fault { headers: page.headers, body: Some(page.body), ..Fault::status(200) }
    }

    /// Answers 204 without a body; the request takes effect.
    pub fn no_content() -> Fault {
        Fault::status(204).applied()
    }

    /// The right answer, this much later. The request takes effect at once.
    pub fn delay(delay: Duration) -> Fault {
        Fault { delay, ..Fault::new(Effect::Answer, true) }
    }

    /// The right answer, once the gate is open. The request takes effect at once.
    pub fn hold(gate: &Gate) -> Fault {
        Fault { gate: Some(gate.clone()), ..Fault::new(Effect::Answer, true) }
    }

    /// The right answer under another content type.
    pub fn content_type(value: &str) -> Fault {
        Fault::new(Effect::Answer, true).header("content-type", value)
    }

    /// Resets the next *new* connection as soon as it is accepted. It knows no operation, so [`Fault::on`] is ignored.
    pub fn reset_on_accept() -> Fault {
        Fault::new(Effect::ResetOnAccept, false)
    }

    /// Reads the request, then resets the connection. The request has no effect, unless [`Fault::applied`].
    pub fn reset_after_request() -> Fault {
        Fault::new(Effect::ResetAfterRequest, false)
    }

    /// Reads the request, then closes the connection in good order without a byte of an answer. The request has no
    /// effect, unless [`Fault::applied`].
    pub fn close_after_request() -> Fault {
        Fault::new(Effect::CloseAfterRequest, false)
    }

    /// Announces the whole answer, sends half of it, and resets the connection.
    pub fn reset_mid_body() -> Fault {
        Fault::new(Effect::ResetMidBody, true)
    }

    /// Sends the first half of the answer's JSON as if it were all of it.
    pub fn truncated_json() -> Fault {
        Fault::new(Effect::TruncatedJson, true)
    }

    /// The right answer and this many spaces after it: still JSON, only large.
    pub fn oversized(bytes: usize) -> Fault {
        Fault::new(Effect::Oversized(bytes), true)
    }

    /// Answers with the very page token that the request carried, where pages have tokens, as C1's do. Requests for a
    /// first page are not matched.
    pub fn repeated_page_token() -> Fault {
        Fault::new(Effect::RepeatedPageToken, true)
    }

    /// Answers as if the connection were kept alive, and closes it: the client's pool holds a stale connection. Whether
    /// the client notices before its next request is a race; to script the lost race, see
    /// [`Fault::on_reused_connection`].
    pub fn stale_keep_alive() -> Fault {
        Fault::new(Effect::CloseAfterAnswer, true)
    }

    /// Adds a header to the answer, or replaces it.
    pub fn header(mut self, name: &str, value: &str) -> Fault {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces the answer's body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Fault {
        self.body = Some(body.into());
        self
    }

    /// Replaces the answer's body by this JSON.
    pub fn json(self, body: &Value) -> Fault {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// Only requests for this operation: the whole operationId (`getConnectorInstance`), or its end after a dot
    /// (`ConnectorService.Get`).
    pub fn on(mut self, operation: &str) -> Fault {
        self.operation = Some(operation.to_owned());
        self
    }

    /// Only requests for a token.
    pub fn token_endpoint(self) -> Fault {
        self.on("token")
    }

    /// Only requests on a connection that has carried one before. With [`Fault::reset_after_request`] or
    /// [`Fault::close_after_request`], this is a pooled connection that turns out to be stale.
    pub fn on_reused_connection(mut self) -> Fault {
        self.reused_only = true;
        self
    }

    /// Lets the first `n` matching requests pass.
    pub fn after(mut self, n: usize) -> Fault {
        self.skip = n;
        self
    }

    /// Happens `n` times.
    pub fn times(mut self, n: usize) -> Fault {
        self.times = n;
        self
    }

    /// Happens every time. Once it has happened it is no longer waited for: `pending_faults` does not count it.
    pub fn always(self) -> Fault {
        self.times(usize::MAX)
    }

    /// The request takes effect, whatever the client is told.
    pub fn applied(mut self) -> Fault {
        self.applied = true;
        self
    }

    /// The same, this much later.
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

    /// Whether this is one of the matching requests to let pass.
    fn skips(&mut self) -> bool {
        let skips = self.skip > 0;
        self.skip = self.skip.saturating_sub(1);
        skips
    }

    /// Lets the request take effect or not, and makes the answer, which may never be sent.
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

    /// Waits as long as was asked.
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

/// The faults yet to happen, in the order in which they were scripted.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) fn push(&self, fault: Fault) {
        if fault.times > 0 {
            lock(&self.0).push(fault);
        }
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    /// How many have yet to happen: one that happens several times counts up to the last, one without end up to the first.
    pub(crate) fn len(&self) -> usize {
        lock(&self.0).iter().filter(|fault| fault.times != usize::MAX || !fault.happened).count()
    }

    /// The fault for this request, on a connection that has carried one before or has not.
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

/// Holds answers back until it is opened, so that a test decides what happens first without sleeping.
///
/// ```
/// # use connectors_fake::{Fault, Gate, c1::Tenant};
/// # async fn example(tenant: &Tenant) {
/// let gate = Gate::default();
/// tenant.fault(Fault::hold(&gate).token_endpoint());
/// // ... start several calls; they all need the one token that is held back ...
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
    /// Opens for everybody, for good.
    pub fn open(&self) {
        self.0.send_modify(|passage| passage.open = true);
    }

    /// Waits until `n` requests have come to the gate, those let through included.
    pub async fn arrived(&self, n: usize) {
        // An error would mean that the sender is gone, and we hold it.
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
    fn a_fault_is_pending_until_it_has_happened_as_often_as_it_should_and_one_without_end_until_it_has_once() {
        let faults = Faults::default();
        faults.push(Fault::reset_on_accept().times(2));
        faults.push(Fault::reset_on_accept().always());
        let pending = [1, 2, 3, 4].map(|_| {
            let pending = faults.len();
            assert!(faults.for_connection().is_some());
            pending
        });
        assert_eq!((pending, faults.len()), ([2, 2, 1, 0], 0));
    }
}
