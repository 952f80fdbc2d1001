//! What tests over sockets share: a fake tenant, a client for it, and a clock that nobody waits for.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use connectors::Error;
use connectors::c1::{Client, ClientBuilder, EnvConfig};
use connectors::transport::Clock;
use connectors_fake::c1::Tenant;

pub const APP: &str = "app-github";
pub const CONNECTOR: &str = "github-01";

/// Waits are noted and skipped; timeouts never strike, unless told to.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<Times>);

#[derive(Debug)]
struct Times {
    start: Instant,
    passed: Mutex<Duration>,
    waits: Mutex<Vec<Duration>>,
    skew: Mutex<(Duration, Duration)>,
    strike: tokio::sync::Notify,
}

impl TestClock {
    pub fn new() -> Self {
        Self(Arc::new(Times {
            start: Instant::now(),
            passed: Mutex::default(),
            waits: Mutex::default(),
            skew: Mutex::default(),
            strike: tokio::sync::Notify::new(),
        }))
    }

    pub fn advance(&self, by: Duration) {
        *self.0.passed.lock().unwrap() += by;
    }

    /// Sets the time of day this much ahead.
    pub fn skew(&self, by: Duration) {
        *self.0.skew.lock().unwrap() = (by, Duration::ZERO);
    }

    /// Sets the time of day this much back.
    pub fn skew_back(&self, by: Duration) {
        *self.0.skew.lock().unwrap() = (Duration::ZERO, by);
    }

    /// All timeouts that run now strike.
    pub fn strike(&self) {
        self.0.strike.notify_waiters();
    }

    /// Seconds waited, in order.
    pub fn waits(&self) -> Vec<f64> {
        self.0.waits.lock().unwrap().iter().map(Duration::as_secs_f64).collect()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.0.start + *self.0.passed.lock().unwrap()
    }

    fn time_of_day(&self) -> SystemTime {
        let (ahead, back) = *self.0.skew.lock().unwrap();
        SystemTime::now() + ahead - back
    }

    fn sleep(&self, duration: Duration) -> connectors::transport::Sleep {
        self.0.waits.lock().unwrap().push(duration);
        self.advance(duration);
        Box::pin(std::future::ready(()))
    }

    fn timeout(&self, _: Duration) -> connectors::transport::Sleep {
        let times = Arc::clone(&self.0);
        Box::pin(async move { times.strike.notified().await })
    }

    fn random(&self) -> f64 {
        1.0
    }
}

pub struct Setup {
    pub tenant: Tenant,
    pub clock: TestClock,
    pub c1: Client,
}

pub async fn setup() -> Setup {
    setup_with(|builder| builder).await
}

pub async fn setup_with(change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Setup {
    // All that the crate traces is part of what a suite prints, where `.ci/run` looks for secrets.
    let printed = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_test_writer().try_init();
    drop(printed);
    let tenant = Tenant::start().await.unwrap();
    let clock = TestClock::new();
    let builder = Client::builder().client_credentials(tenant.client_id(), tenant.client_secret()).clock(clock.clone());
    let c1 = change(builder).build().unwrap();
    Setup { tenant, clock, c1 }
}

impl Setup {
    /// How many requests reached an operation, by the end of its id, or `token`.
    pub fn reached(&self, operation: &str) -> usize {
        let requests = self.tenant.requests();
        let token = |path: &str| path == "/auth/v1/token";
        match operation {
            "token" => requests.iter().filter(|it| token(&it.path)).count(),
            _ => requests.iter().filter(|it| it.operation.as_deref().is_some_and(|id| id.ends_with(operation))).count(),
        }
    }

    pub async fn get(&self) -> Result<connectors::c1::types::Connector, Error> {
        self.c1.connector(APP, CONNECTOR).get().await
    }

    pub async fn create(&self) -> Result<connectors::c1::types::Connector, Error> {
        self.c1
            .app(APP)
            .create_connector("catalog-github")
            .config(EnvConfig::new().text("GITHUB_ORGANIZATION", "x"))
            .send()
            .await
    }
}
