//! What tests over sockets share: a fake tenant, a client for it, and a clock that nobody waits for.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use connectors::Error;
use connectors::c1::{Client, ClientBuilder, EnvConfig};
use connectors::transport::{Clock, Sleep};
use connectors_fake::c1::Tenant;
use tokio::sync::watch;

pub const APP: &str = "app-github";
pub const CONNECTOR: &str = "github-01";

/// Time that passes when a test says so.
///
/// Waits are noted and skipped: the time they take passes, and cuts nothing off. Timeouts are noted as well, and strike when
/// [`TestClock::advance`] brings the time to their end, or when they are told to.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<Times>);

#[derive(Debug)]
struct Times {
    start: Instant,
    passed: Mutex<Duration>,
    waits: Mutex<Vec<Duration>>,
    timeouts: Mutex<Vec<Duration>>,
    skew: Mutex<(Duration, Duration)>,
    struck: watch::Sender<Struck>,
}

/// Which timeouts are over.
#[derive(Clone, Copy, Debug, Default)]
struct Struck {
    /// Those that end by this time.
    until: Duration,
    /// Those that began before the last of so many strikes.
    strikes: usize,
}

impl TestClock {
    pub fn new() -> Self {
        Self(Arc::new(Times {
            start: Instant::now(),
            passed: Mutex::default(),
            waits: Mutex::default(),
            timeouts: Mutex::default(),
            skew: Mutex::default(),
            struck: watch::Sender::default(),
        }))
    }

    /// Time passes, and the timeouts that are due by then strike.
    pub fn advance(&self, by: Duration) {
        let until = self.pass(by);
        self.0.struck.send_modify(|struck| struck.until = until);
    }

    fn pass(&self, by: Duration) -> Duration {
        let mut passed = self.0.passed.lock().unwrap();
        *passed += by;
        *passed
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
        self.0.struck.send_modify(|struck| struck.strikes += 1);
    }

    /// Seconds waited, in order.
    pub fn waits(&self) -> Vec<f64> {
        seconds(&self.0.waits)
    }

    /// Seconds after which something was to be cut off, in the order in which it began.
    pub fn timeouts(&self) -> Vec<f64> {
        seconds(&self.0.timeouts)
    }
}

fn seconds(durations: &Mutex<Vec<Duration>>) -> Vec<f64> {
    durations.lock().unwrap().iter().map(Duration::as_secs_f64).collect()
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.0.start + *self.0.passed.lock().unwrap()
    }

    fn time_of_day(&self) -> SystemTime {
        let (ahead, back) = *self.0.skew.lock().unwrap();
        SystemTime::now() + ahead - back
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.0.waits.lock().unwrap().push(duration);
        self.pass(duration);
        Box::pin(std::future::ready(()))
    }

    fn timeout(&self, duration: Duration) -> Sleep {
        self.0.timeouts.lock().unwrap().push(duration);
        // An end beyond all time is none.
        let end = self.0.passed.lock().unwrap().checked_add(duration);
        let times = Arc::clone(&self.0);
        let mut struck = times.struck.subscribe();
        let begun = struck.borrow().strikes;
        Box::pin(async move {
            let over = |it: &Struck| it.strikes > begun || end.is_some_and(|end| end <= it.until);
            drop(struck.wait_for(over).await);
            // Not before: without its clock a timeout would end at once.
            drop(times);
        })
    }

    fn random(&self) -> f64 {
        1.0
    }
}

/// Lets whatever can go on without time and without the network go on.
pub async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// What should come without any time passing: a test that waits for it in vain fails, rather than hang.
pub async fn soon<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), work).await.expect("nothing came of it, and nothing will")
}

/// Prints all that the crate and those below it trace and log: part of what a suite prints, where `.ci/run` looks for secrets.
pub fn print_everything() {
    drop(tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_test_writer().try_init());
    hear_log(|line| print!("{line}"));
}

/// Hears what is written to the `log` crate, which not all write to `tracing` instead. The first who asks hears it, for the
/// whole process.
pub fn hear_log(told: impl Fn(String) + Send + Sync + 'static) {
    if log::set_logger(Box::leak(Box::new(Heard(told)))).is_ok() {
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

pub async fn setup_with(change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Setup {
    print_everything();
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

impl Drop for Setup {
    /// A fault that did not happen has tested nothing.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.tenant.pending_faults(), 0, "a fault that was scripted did not happen");
        }
    }
}
