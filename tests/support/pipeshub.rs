//! An instance of PipesHub in process, a client for it, and the clock of the client.

use connectors::pipeshub::{Client, Credentials};
use connectors::{Builder, TestClock};
use connectors_fake::pipeshub::Instance;
use serde_json::{Map, Value};

use super::{Seconds, print_everything};

pub struct Setup {
    pub instance: Instance,
    pub clock: TestClock,
    pub ph: Client,
}

pub async fn setup() -> Setup {
    print_everything();
    let instance = Instance::start().await.unwrap();
    let clock = TestClock::new();
    let ph = builder(&instance).clock(clock.clone()).build().unwrap();
    Setup { instance, clock, ph }
}

pub fn credentials(instance: &Instance) -> Credentials {
    Credentials::client(instance.client_id(), instance.client_secret()).instance(instance.url())
}

pub fn builder(instance: &Instance) -> Builder<Client> {
    Client::builder(credentials(instance))
}

pub fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

impl Setup {
    /// The number of requests that reached an operation, or `token`.
    pub fn reached(&self, operation: &str) -> usize {
        self.instance.requests().iter().filter(|it| it.operation.as_deref() == Some(operation)).count()
    }

    /// The number of poll intervals of a wait.
    pub fn pauses(&self) -> usize {
        self.clock.waits().seconds().into_iter().filter(|wait| *wait == 5.0).count()
    }
}

impl Drop for Setup {
    /// A fault that did not happen has tested nothing.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.instance.pending_faults(), 0, "a fault that was scripted did not happen");
        }
    }
}
