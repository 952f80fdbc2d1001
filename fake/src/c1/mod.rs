//! ConductorOne: a tenant in process.
//!
//! It behaves like the real service, as far as that is known. If the behaviour is not known, it does the simplest
//! thing. It is for tests, and is not a reference.

mod auth;
mod call;
mod control;
mod owners;
mod problem;
mod routes;
mod schema;
mod seed;
mod state;
mod sync;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use self::auth::Auth;
use self::call::Call;
use self::control::Controls;
use self::problem::Problem;
use self::schema::Document;
pub use self::seed::Seed;
use self::state::World;
pub use self::sync::{SyncOutcome, SyncScript};
use crate::TestClock;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::{lock, oauth, set_field};
use connectors_mock::Fault;
use connectors_mock::Running;
use connectors_mock::Serving;
use connectors_mock::contract::Contract;
use connectors_mock::service::{Ask, Service};
use connectors_mock::{Answer, Request};
use serde_json::Value;

/// A C1 tenant on loopback. Dropping it stops it.
///
/// Dropping it panics if it has sent a response that its document does not allow: such a fake must fail the test.
pub struct Tenant {
    server: Running,
    api: Arc<Api>,
    host: String,
    client_id: String,
    client_secret: String,
}

/// The settings of a tenant; see [`Tenant::builder`].
#[derive(Clone)]
#[must_use]
pub struct TenantBuilder {
    serving: Serving,
    seed: Seed,
    script: SyncScript,
    client_id: Option<String>,
    client_secret: Option<String>,
    entropy: Entropy,
    audience: Option<String>,
    lenient: bool,
    clock: TestClock,
}

impl TenantBuilder {
    /// Sets the port; by default a free one.
    pub fn port(mut self, port: u16) -> TenantBuilder {
        self.serving = self.serving.port(port);
        self
    }

    /// Sets where and how it is served.
    pub fn serving(mut self, serving: Serving) -> TenantBuilder {
        self.serving = serving;
        self
    }

    /// Sets the initial data of the tenant; [`Seed::demo`] by default.
    pub fn seed(mut self, seed: Seed) -> TenantBuilder {
        self.seed = seed;
        self
    }

    /// Sets the script of every sync for which [`Tenant::next_sync`] was not called.
    pub fn sync_script(mut self, script: SyncScript) -> TenantBuilder {
        self.script = script;
        self
    }

    /// Sets the id of its one client; `fake-robot@127.0.0.1:PORT/spc` by default.
    pub fn client_id(mut self, client_id: impl Into<String>) -> TenantBuilder {
        self.client_id = Some(client_id.into());
        self
    }

    /// Sets the secret of its one client, in C1's format; by default a new one.
    pub fn client_secret(mut self, client_secret: impl Into<String>) -> TenantBuilder {
        self.client_secret = Some(client_secret.into());
        self
    }

    /// Derives every key and token from this text, so that they are the same after a restart. By default they are
    /// random.
    pub fn credentials_from(mut self, text: impl Into<String>) -> TenantBuilder {
        self.entropy = Entropy::seeded(text);
        self
    }

    /// Accepts catalog entries that do not exist, and configuration keys that their schema does not have.
    pub fn lenient_config(mut self) -> TenantBuilder {
        self.lenient = true;
        self
    }

    /// Sets the required `aud` of assertions; `127.0.0.1` by default.
    pub fn audience(mut self, audience: impl Into<String>) -> TenantBuilder {
        self.audience = Some(audience.into());
        self
    }

    /// Sets the clock; by default one of its own. Real time passes as well.
    pub fn clock(mut self, clock: TestClock) -> TenantBuilder {
        self.clock = clock;
        self
    }

    /// Starts the tenant on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// If the port is in use, the operating system has no randomness, the document is unreadable, or the chosen client
    /// secret is not in C1's format.
    pub async fn start(self) -> io::Result<Tenant> {
        let document = Document::vendored()?;
        let bound = self.serving.bind().await?;
        let host = bound.address.to_string();
        let url = bound.url.clone();
        let clock = Arc::new(Clock::new(self.clock));
        let audience = self.audience.unwrap_or_else(|| bound.address.ip().to_string());
        let auth = Arc::new(Auth::new(Arc::clone(&clock), url.clone(), audience, self.entropy)?);
        let client_id = self.client_id.unwrap_or_else(|| format!("fake-robot@{host}/spc"));
        let client_secret = match self.client_secret {
            Some(secret) => auth.register_with(&client_id, &secret).map(|()| secret)?,
            None => auth.register(&client_id)?,
        };
        let (seed, script, lenient) = (self.seed, self.script, self.lenient);
        let controls = Controls { clock: Arc::clone(&clock), auth: Arc::clone(&auth), seed, script, lenient };
        let world = Mutex::new(controls.world());
        let api = Arc::new(Api { document, url, clock, auth, world, controls });
        let server = Running::start(bound, self.serving, Arc::clone(&api) as Arc<dyn Service>);
        Ok(Tenant { server, api, host, client_id, client_secret })
    }
}

impl Tenant {
    /// Starts a tenant with the demo seed on a free port.
    ///
    /// # Errors
    ///
    /// The errors of [`TenantBuilder::start`].
    pub async fn start() -> io::Result<Tenant> {
        Tenant::builder().start().await
    }

    /// A builder for a tenant with other settings.
    pub fn builder() -> TenantBuilder {
        TenantBuilder {
            serving: Serving::default(),
            seed: Seed::demo(),
            script: SyncScript::default(),
            client_id: None,
            client_secret: None,
            entropy: Entropy::default(),
            audience: None,
            lenient: false,
            clock: TestClock::new(),
        }
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.api.url
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The id of the tenant's client.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The secret of the tenant's client, in C1's format: it contains a private key that is generated at the start.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// Issues a token that is valid now.
    #[must_use]
    pub fn issue_token(&self) -> String {
        self.api.auth.issue()
    }

    /// Revokes all tokens: requests with them get 401.
    pub fn revoke_tokens(&self) {
        self.api.auth.revoke_all();
    }

    /// Sets the lifetime of tokens that are issued from now on; one hour at first.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.api.auth.set_lifetime(lifetime);
    }

    /// Sets the only subject tokens that are exchanged; until then, every text in the form of a JWT is exchanged.
    pub fn accept_subject_token(&self, token: impl Into<String>) {
        self.api.auth.accept_subject(token.into());
    }

    /// Sets the responses to polls of a device login before the token, such as `authorization_pending`, `slow_down` or
    /// `access_denied`; one `authorization_pending` at first.
    pub fn set_device_answers<T: Into<String>>(&self, answers: impl IntoIterator<Item = T>) {
        self.api.auth.set_device_answers(answers.into_iter().map(Into::into).collect());
    }

    /// The tenant's clock. With it a client's waits take no real time, and they advance the tenant's time, too.
    ///
    /// ```
    /// use connectors::c1::{Client, Credentials};
    /// use connectors_fake::c1::Tenant;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let tenant = Tenant::start().await?;
    /// let credentials = Credentials::client(tenant.client_id(), tenant.client_secret());
    /// let c1 = Client::builder(credentials).clock(tenant.clock()).build()?;
    /// // Minutes for the client and the tenant, but no real time.
    /// let sync = c1.app("app-github").connector("github-01").force_sync().await?;
    /// println!("{} after {:?}", sync.wait().await?, tenant.clock().waits());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn clock(&self) -> TestClock {
        self.api.clock.shared()
    }

    /// Advances the tenant's clock. Assertions are checked against it, so the client needs the same
    /// [clock](Tenant::clock), or its next assertion has expired.
    pub fn advance(&self, by: Duration) {
        self.api.clock.advance(by);
    }

    /// All requests that reached the tenant, in order, also token requests.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    /// Clears the recorded requests.
    pub fn clear_requests(&self) {
        self.server.clear_requests();
    }

    /// Adds a fault to the script.
    pub fn fault(&self, fault: Fault) {
        self.server.faults().push(fault);
    }

    /// Removes the pending faults.
    pub fn clear_faults(&self) {
        self.server.faults().clear();
    }

    /// The number of pending faults; one that happens several times counts once.
    #[must_use]
    pub fn pending_faults(&self) -> usize {
        self.server.faults().pending()
    }

    /// Sets the script of the next sync. A further call sets that of the sync after it.
    pub fn next_sync(&self, script: SyncScript) {
        lock(&self.api.world).scripts.push_back(script);
    }

    /// Adds an app, in the service's JSON; returns its id.
    pub fn seed_app(&self, app: Value) -> String {
        lock(&self.api.world).add_app(app)
    }

    /// Adds a connector, in the service's JSON; returns its id. It has synced once, unless it has a `status`.
    pub fn seed_connector(&self, app_id: &str, connector: Value) -> String {
        lock(&self.api.world).seed_connector(app_id, connector)
    }

    /// A connector as it is stored: with secrets, without unset fields. This is not a poll.
    #[must_use]
    pub fn connector(&self, app_id: &str, id: &str) -> Option<Value> {
        let world = lock(&self.api.world);
        Some(world.connector(app_id, id)?.value.clone())
    }

    /// Sets a field of a connector by JSON pointer (`/status/status`), even one that no request can set. Returns
    /// whether its parent is an object.
    pub fn set_connector_field(&self, app_id: &str, id: &str, pointer: &str, value: Value) -> bool {
        let mut world = lock(&self.api.world);
        let connector = world.connector_mut(app_id, id);
        connector.is_some_and(|connector| set_field(&mut connector.value, pointer, value))
    }

    /// The ids of the connector's syncs that have ended, oldest first. `ConfirmSyncValid` takes the last one.
    #[must_use]
    pub fn sync_ids(&self, app_id: &str, id: &str) -> Vec<String> {
        let world = lock(&self.api.world);
        let ended = world.connector(app_id, id).map(|one| one.syncs.ended.clone());
        ended.unwrap_or_default()
    }

    /// Serves until the task or the process ends.
    pub async fn serve_forever(self) {
        std::future::pending::<()>().await;
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tenant({})", self.url())
    }
}

impl fmt::Debug for TenantBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantBuilder").field("serving", &self.serving).finish_non_exhaustive()
    }
}

/// The tenant behind the sockets.
struct Api {
    document: &'static Document,
    url: String,
    clock: Arc<Clock>,
    auth: Arc<Auth>,
    world: Mutex<World>,
    controls: Controls,
}

const TOKEN: &str = "/auth/v1/token";
const DEVICE_AUTHORIZATION: &str = "/auth/v1/device_authorization";

impl Service for Api {
    fn operation(&self, method: &str, target: &str) -> Option<String> {
        let path = target.split('?').next().unwrap_or_default();
        match path {
            TOKEN => Some("token".to_owned()),
            DEVICE_AUTHORIZATION => Some("device_authorization".to_owned()),
            _ => {
                let (operation, _) = self.document.find(method, path).ok()?;
                Some(operation.id.clone())
            }
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        match request.path.as_str() {
            TOKEN => {
                let (answer, client_id) = self.auth.token(request);
                if let Some(client_id) = client_id {
                    lock(&self.world).credential_used(&client_id);
                }
                answer
            }
            DEVICE_AUTHORIZATION => self.auth.device_authorization(request),
            path if path.starts_with("/api/") => match collection(path) {
                Some(collection) => {
                    let mut answer = Answer::html(301);
                    answer.set_header("location", &collection);
                    answer
                }
                None => self.call(request).unwrap_or_else(Answer::from),
            },
            // Like a web server that is not the API.
            _ => Answer::html(200),
        }
    }

    fn scripted(&self, request: &Request, status: u16, _headers: &[(String, String)]) -> Answer {
        if request.path.starts_with("/auth/") {
            return oauth::scripted(status);
        }
        Problem::new(status, "scripted").into()
    }

    fn contract(&self) -> Option<&Contract> {
        Some(self.document.contract())
    }

    fn control(&self, ask: &Ask<'_>) -> Option<Result<Value, String>> {
        self.controls.answer(&self.world, ask)
    }
}

impl Api {
    fn call(&self, request: &Request) -> Result<Answer, Problem> {
        let authorised = self.auth.check_bearer(request);
        authorised.map_err(|why| Problem::new(401, why))?;
        let found = self.document.find(&request.method, &request.path);
        let (operation, path) = found.map_err(|status| Problem::new(status, "no such operation"))?;
        let call = Call {
            document: self.document,
            url: &self.url,
            operation: &operation.id,
            path,
            query: self.document.query(operation, &request.query)?,
            body: self.document.body(operation, request)?,
        };
        let mut answer = routes::handle(&mut lock(&self.world), &call)?;
        self.document.fill_answer(operation, &mut answer);
        Ok(Answer::json(200, &answer))
    }
}

/// The collection to which a path with an empty id, or with dots as an id, is redirected.
fn collection(path: &str) -> Option<String> {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let bad = segments.iter().position(|segment| matches!(*segment, "" | "." | ".."))?;
    Some(format!("/{}", segments[..bad].join("/")))
}
