//! Common code of tests over sockets: a fake tenant, a client for it, and a virtual clock.

#![allow(dead_code, reason = "no test file uses all of it")]

pub mod pipeshub;

use std::time::Duration;

pub use connectors::TestClock;
use connectors::c1::{self, Client, Credentials, EnvConfig, types};
use connectors::{Builder, Entry, Error};
use connectors_fake::c1::{Tenant, TenantBuilder};

pub const APP: &str = "app-github";
pub const CONNECTOR: &str = "github-01";

/// Durations as numbers that a test can contain.
pub trait Seconds {
    fn seconds(&self) -> Vec<f64>;
}

impl Seconds for Vec<Duration> {
    fn seconds(&self) -> Vec<f64> {
        self.iter().map(Duration::as_secs_f64).collect()
    }
}

/// Runs all tasks that need neither time nor the network.
pub async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Waits for a result that needs no time to pass. If it never arrives, the test fails instead of hanging.
pub async fn soon<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), work).await.expect("there is no result")
}

/// Prints everything that this crate and those below it trace and log: `.ci/run` searches it for secrets.
pub fn print_everything() {
    drop(tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_test_writer().try_init());
    hear_log(|line| print!("{line}"));
}

/// Records what is written to the `log` crate, because not all crates write to `tracing`. The first caller starts the
/// recording for the whole process.
pub fn hear_log(report: impl Fn(String) + Send + Sync + 'static) {
    if log::set_logger(Box::leak(Box::new(Heard(report)))).is_ok() {
        log::set_max_level(log::LevelFilter::Trace);
    }
}

struct Heard<F>(F);

impl<F: Fn(String) + Send + Sync> log::Log for Heard<F> {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        (self.0)(format!("{} {}: {}\n", record.level(), record.target(), record.args()));
    }

    fn flush(&self) {}
}

pub struct Setup {
    pub tenant: Tenant,
    pub clock: TestClock,
    pub c1: Client,
}

pub async fn setup() -> Setup {
    setup_with(|builder| builder).await
}

pub async fn setup_with(change: impl FnOnce(Builder<Client>) -> Builder<Client>) -> Setup {
    start(Tenant::builder(), change).await
}

/// With a tenant that accepts configuration keys that their schema does not have.
pub async fn lenient_setup() -> Setup {
    start(Tenant::builder().lenient_config(), |builder| builder).await
}

async fn start(tenant: TenantBuilder, change: impl FnOnce(Builder<Client>) -> Builder<Client>) -> Setup {
    print_everything();
    // One clock for both: the client's waits advance the tenant's time, too.
    let clock = TestClock::new();
    let tenant = tenant.clock(clock.clone()).start().await.unwrap();
    let builder = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).clock(clock.clone());
    let c1 = change(builder).build().unwrap();
    Setup { tenant, clock, c1 }
}

impl Setup {
    /// The number of requests that reached an operation, by the end of its id, or `token`.
    pub fn reached(&self, operation: &str) -> usize {
        let requests = self.tenant.requests();
        let token = |path: &str| path == "/auth/v1/token";
        match operation {
            "token" => requests.iter().filter(|it| token(&it.path)).count(),
            _ => requests.iter().filter(|it| it.operation.as_deref().is_some_and(|id| id.ends_with(operation))).count(),
        }
    }

    pub async fn get(&self) -> Result<types::Connector, Error> {
        self.c1.app(APP).connector(CONNECTOR).get().await
    }

    pub async fn create(&self) -> Result<Entry<c1::Connector, types::Connector>, Error> {
        self.c1
            .app(APP)
            .create_connector("catalog-github")
            .config(EnvConfig::new().text("GITHUB_ORGANIZATION", "x"))
            .await
    }
}

impl Drop for Setup {
    /// A fault that did not happen has tested nothing.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.tenant.pending_faults(), 0, "a fault that was scripted did not happen");
        }
    }
}
