//! PipesHub: an instance in process.
//!
//! It behaves like the real server, also where the document differs: `_key` for an id, a 200 for a create, lists that
//! skip items. If the behaviour is not known, it does the simplest thing. It is for tests, and is not a reference.

mod auth;
mod call;
mod config;
mod connectors;
mod control;
mod files;
mod login;
mod problem;
mod records;
mod registry;
mod routes;
mod seed;
mod state;
mod sync;
#[cfg(test)]
mod tests;
mod text;
mod upload;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use self::auth::Auth;
use self::call::Call;
use self::control::Controls;
use self::login::PROVIDER;
use self::problem::Problem;
pub use self::seed::Seed;
use self::state::World;
pub use self::sync::{SyncOutcome, SyncScript};
use self::text::looks_like_markup;
use self::upload::UPLOAD;
pub use self::upload::{Upload, UploadedFile};
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
use serde_json::{Value, json};

/// A PipesHub instance on loopback. Dropping it stops it.
///
/// Dropping it panics if it has sent a response that its document does not allow: such a fake must fail the test.
pub struct Instance {
    server: Running,
    api: Arc<Api>,
    host: String,
}

/// The settings of an instance; see [`Instance::builder`].
#[derive(Clone)]
#[must_use]
pub struct InstanceBuilder {
    serving: Serving,
    seed: Seed,
    script: SyncScript,
    client_id: Option<String>,
    client_secret: Option<String>,
    entropy: Entropy,
    deletion_polls: u32,
    clock: TestClock,
}

impl InstanceBuilder {
    /// Sets the port; by default a free one.
    pub fn port(mut self, port: u16) -> InstanceBuilder {
        self.serving = self.serving.port(port);
        self
    }

    /// Sets where and how it is served.
    pub fn serving(mut self, serving: Serving) -> InstanceBuilder {
        self.serving = serving;
        self
    }

    /// Sets the id of its one OAuth client; by default a new one.
    pub fn client_id(mut self, client_id: impl Into<String>) -> InstanceBuilder {
        self.client_id = Some(client_id.into());
        self
    }

    /// Sets the secret of its one OAuth client; by default a new one.
    pub fn client_secret(mut self, client_secret: impl Into<String>) -> InstanceBuilder {
        self.client_secret = Some(client_secret.into());
        self
    }

    /// Derives the client and every token from this text, so that they are the same after a restart. By default they
    /// are random.
    pub fn credentials_from(mut self, text: impl Into<String>) -> InstanceBuilder {
        self.entropy = Entropy::seeded(text);
        self
    }

    /// Sets the initial data of the instance; [`Seed::demo`] by default.
    pub fn seed(mut self, seed: Seed) -> InstanceBuilder {
        self.seed = seed;
        self
    }

    /// Sets the script of every sync for which [`Instance::next_sync`] was not called.
    pub fn sync_script(mut self, script: SyncScript) -> InstanceBuilder {
        self.script = script;
        self
    }

    /// Sets how many polls return a deleted connector as `DELETING` before it is deleted; two by default.
    pub fn deletion_polls(mut self, polls: u32) -> InstanceBuilder {
        self.deletion_polls = polls;
        self
    }

    /// Sets the clock; by default one of its own. Real time passes as well.
    pub fn clock(mut self, clock: TestClock) -> InstanceBuilder {
        self.clock = clock;
        self
    }

    /// Starts the instance on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// If the port is in use, the operating system has no randomness, or the document is unreadable.
    pub async fn start(self) -> io::Result<Instance> {
        let contract = contract()?;
        let bound = self.serving.bind().await?;
        let (host, url) = (bound.address.to_string(), bound.url.clone());
        let clock = Arc::new(Clock::new(self.clock));
        let chosen = (self.client_id, self.client_secret);
        let auth = Arc::new(Auth::new(Arc::clone(&clock), &self.entropy, chosen)?);
        let (seed, script, deletion_polls) = (self.seed, self.script, self.deletion_polls);
        let controls = Controls { clock: Arc::clone(&clock), auth: Arc::clone(&auth), seed, script, deletion_polls };
        let world = Mutex::new(controls.world());
        let api = Arc::new(Api { url, clock, auth, world, controls, contract });
        let server = Running::start(bound, self.serving, Arc::clone(&api) as Arc<dyn Service>);
        Ok(Instance { server, api, host })
    }
}

impl Instance {
    /// Starts an instance with the demo seed on a free port.
    ///
    /// # Errors
    ///
    /// The errors of [`InstanceBuilder::start`].
    pub async fn start() -> io::Result<Instance> {
        Instance::builder().start().await
    }

    /// A builder for an instance with other settings.
    pub fn builder() -> InstanceBuilder {
        InstanceBuilder {
            serving: Serving::default(),
            seed: Seed::demo(),
            script: SyncScript::default(),
            client_id: None,
            client_secret: None,
            entropy: Entropy::default(),
            deletion_polls: 2,
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

    /// The id of the instance's OAuth client.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.api.auth.client_id
    }

    /// The secret of the instance's OAuth client.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.api.auth.client_secret
    }

    /// Issues a token that is valid now and has every scope.
    #[must_use]
    pub fn issue_token(&self) -> String {
        self.api.auth.issue(&auth::SCOPES.join(" "))
    }

    /// Issues a token that is valid now, with these scopes, separated by spaces.
    #[must_use]
    pub fn issue_token_with(&self, scopes: &str) -> String {
        self.api.auth.issue(scopes)
    }

    /// Issues a personal access token (`phpat_...`), which has every scope and does not expire.
    #[must_use]
    pub fn personal_access_token(&self) -> String {
        self.api.auth.issue_personal()
    }

    /// Revokes all access tokens, also personal ones: requests with them get 401. Refresh tokens stay valid.
    pub fn revoke_tokens(&self) {
        self.api.auth.revoke_all();
    }

    /// Revokes all refresh tokens: requests with them get `invalid_grant`.
    pub fn revoke_refresh_tokens(&self) {
        self.api.auth.revoke_refresh_tokens();
    }

    /// Sets the lifetime of tokens that are issued from now on; one hour at first.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.api.auth.set_lifetime(lifetime);
    }

    /// The instance's clock. With it a client's waits take no real time, and they advance the instance's time, too.
    #[must_use]
    pub fn clock(&self) -> TestClock {
        self.api.clock.shared()
    }

    /// Advances the instance's clock, so that tokens and codes expire. Syncs and deletions proceed only when they are
    /// polled.
    pub fn advance(&self, by: Duration) {
        self.api.clock.advance(by);
    }

    /// Sets the scopes that the OAuth client may request from now on, and gets by default; separated by spaces.
    pub fn set_app_scopes(&self, scopes: &str) {
        self.api.auth.set_app_scopes(scopes);
    }

    /// An OAuth app for connectors, by its id: `clientId`, `clientSecret`, `name`.
    #[must_use]
    pub fn oauth_app(&self, id: &str) -> Option<Value> {
        lock(&self.api.world).oauth_apps.get(id).cloned()
    }

    /// Adds an OAuth app for connectors.
    pub fn seed_oauth_app(&self, id: &str, app: Value) {
        lock(&self.api.world).oauth_apps.insert(id.to_owned(), app);
    }

    /// Acts as the browser and its user: opens an authorization URL of this instance, consents, and returns the URL of
    /// the redirect, with `code` and `state` or with `error`.
    ///
    /// It knows the instance's page (`/api/v1/oauth2/authorize`) and the page of the provider for connectors. If a page
    /// does not redirect, the URL itself is returned.
    #[must_use]
    pub fn authorize(&self, url: &str) -> String {
        let address = url.strip_prefix(self.url()).unwrap_or(url);
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        self.api.visit(path, &query).unwrap_or_else(|_| url.to_owned())
    }

    /// All requests that reached the instance, in order, also token requests.
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

    /// Makes the next deletion fail: after its polls the connector exists again, without a status, and as active as
    /// before.
    pub fn fail_next_deletion(&self) {
        lock(&self.api.world).failing_deletions += 1;
    }

    /// Sets how many polls return a connector as `DELETING`, if it is deleted from now on.
    pub fn set_deletion_polls(&self, polls: u32) {
        lock(&self.api.world).deletion_polls = polls;
    }

    /// Adds a connector, in the service's JSON (`type`, `name`, ...); returns its id. Missing fields are filled in, so
    /// that its sync can be switched on.
    pub fn seed_connector(&self, connector: Value) -> String {
        lock(&self.api.world).seed_connector(connector)
    }

    /// Adds a record, such as `{"id": "r1", "name": "Plan", "externalId": "PA-1", "content": "..."}`; returns its id.
    pub fn seed_record(&self, record: Value) -> String {
        lock(&self.api.world).seed_record(record)
    }

    /// Sets a record's content to these bytes with this content type, instead of JSON.
    pub fn set_record_content(&self, id: &str, content_type: &str, bytes: impl Into<Vec<u8>>) {
        let content = (content_type.to_owned(), bytes.into());
        let mut world = lock(&self.api.world);
        // The document describes only JSON.
        world.open = true;
        world.contents.insert(id.to_owned(), content);
    }

    /// A connector as it is stored, with its configuration. This is not a poll.
    #[must_use]
    pub fn connector(&self, id: &str) -> Option<Value> {
        let world = lock(&self.api.world);
        Some(world.connector(id).ok()?.value.clone())
    }

    /// Sets a field of a connector by JSON pointer (`/isLocked`, `/status`), even one that no request can set. Returns
    /// whether its parent is an object.
    pub fn set(&self, id: &str, pointer: &str, value: Value) -> bool {
        let mut world = lock(&self.api.world);
        // The test may set values that the document does not list.
        world.open = true;
        world.connector_mut(id).is_ok_and(|connector| set_field(&mut connector.value, pointer, value))
    }

    /// The batches of file events that a connector has accepted, oldest first, with their files.
    #[must_use]
    pub fn uploads(&self, id: &str) -> Vec<Upload> {
        let world = lock(&self.api.world);
        world.connector(id).map(|connector| connector.uploads.clone()).unwrap_or_default()
    }

    /// Serves until the task or the process ends.
    pub async fn serve_forever(self) {
        std::future::pending::<()>().await;
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instance({})", self.url())
    }
}

impl fmt::Debug for InstanceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstanceBuilder").field("serving", &self.serving).finish_non_exhaustive()
    }
}

/// The vendored document, corrected, read once for all instances of a process.
fn contract() -> io::Result<&'static Contract> {
    static CONTRACT: OnceLock<Result<Contract, String>> = OnceLock::new();
    let contract = CONTRACT.get_or_init(|| {
        let root = serde_json::from_str(::connectors::pipeshub::DOCUMENT);
        root.map(|root| Contract::new(root, vec!["/api/v1".to_owned()])).map_err(|error| error.to_string())
    });
    contract.as_ref().map_err(|error| io::Error::other(format!("PipesHub's document: {error}")))
}

/// The instance behind the sockets.
struct Api {
    url: String,
    clock: Arc<Clock>,
    auth: Arc<Auth>,
    world: Mutex<World>,
    controls: Controls,
    contract: &'static Contract,
}

const TOKEN: &str = "/api/v1/oauth2/token";
const AUTHORIZE: &str = "/api/v1/oauth2/authorize";

/// The largest JSON body, in bytes.
const LARGEST_JSON: usize = 10 * 1024 * 1024;

impl Service for Api {
    fn operation(&self, method: &str, target: &str) -> Option<String> {
        let path = target.split('?').next().unwrap_or_default();
        match path {
            TOKEN => Some("token".to_owned()),
            AUTHORIZE => Some("authorize".to_owned()),
            PROVIDER => Some("provider".to_owned()),
            _ => {
                let (route, _) = routes::find(method, path)?;
                Some(route.operation.to_owned())
            }
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        match request.path.as_str() {
            TOKEN => self.auth.token(request),
            path @ (AUTHORIZE | PROVIDER) => match self.visit(path, &request.query) {
                Ok(location) => Answer::redirect(&location),
                Err(problem) => problem.into(),
            },
            path if path.starts_with("/api/") => self.call(request).unwrap_or_else(Answer::from),
            // Like a web server that is not the API.
            _ => Answer::html(200),
        }
    }

    fn scripted(&self, request: &Request, status: u16, headers: &[(String, String)]) -> Answer {
        if request.path == TOKEN {
            return oauth::scripted(status);
        }
        let mut problem = Problem::new(status, "scripted");
        if status == 429 {
            // The server copies the header, or writes null without it.
            let header = headers.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
            let seconds: Option<u64> = header.and_then(|(_, value)| value.parse().ok());
            problem = problem.with("retryAfter", json!(seconds));
        } else if request.operation.as_deref() == Some(UPLOAD) {
            problem = problem.into_detail();
        }
        problem.into()
    }

    fn contract(&self) -> Option<&Contract> {
        Some(self.contract)
    }

    fn is_open(&self) -> bool {
        lock(&self.world).open
    }

    fn control(&self, ask: &Ask<'_>) -> Option<Result<Value, String>> {
        self.controls.answer(&self.world, ask)
    }
}

impl Api {
    fn call(&self, request: &Request) -> Result<Answer, Problem> {
        // The gateway reads bodies before anything else.
        let content_type = request.header("content-type").unwrap_or_default();
        let is_json = content_type.starts_with("application/json") && !request.body.is_empty();
        if is_json && request.body.len() > LARGEST_JSON {
            return Err(Problem::new(500, "request entity too large"));
        }
        let body = if is_json { request.json() } else { Some(json!({})) };
        let body = body.ok_or_else(|| Problem::new(500, "the body is not JSON"))?;
        let found = routes::find(&request.method, &request.path);
        let Some((route, path)) = found else {
            // The gateway serves its web application there: a GET finds a page.
            return Ok(Answer::html(if request.method == "GET" { 200 } else { 404 }));
        };
        if request.query.iter().any(|(_, value)| looks_like_markup(value)) {
            return Err(Problem::validation("Invalid input"));
        }
        let scopes = self.auth.check(request, route.scopes)?;
        let call = Call { request, url: &self.url, operation: route.operation, path, body, scopes };
        if route.path.contains("{connectorId}") && !is_connector_id(call.id()) {
            let message = "connectorId must be 1 to 64 letters, digits, underscores or hyphens";
            return Err(Problem::validation(message));
        }
        routes::handle(&mut lock(&self.world), &call)
    }

    /// The redirect of a page.
    fn visit(&self, path: &str, query: &[(String, String)]) -> Result<String, Problem> {
        match path {
            AUTHORIZE => self.auth.authorize(query),
            PROVIDER => login::provider(&mut lock(&self.world), query),
            _ => Err(Problem::new(404, "no such page")),
        }
    }
}

fn is_connector_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=64).contains(&id.len()) && id.bytes().all(allowed)
}
