#![doc = include_str!("../README.md")]

pub mod c1;
mod checked;
mod clock;
mod contract;
mod control;
pub mod document;
mod entropy;
mod fault;
mod forms;
mod media;
mod message;
mod oauth;
pub mod pipeshub;
pub mod probe;
mod received;
pub mod recording;
mod redact;
mod resources;
pub mod schema;
mod seeds;
mod server;
mod service;
mod serving;
#[cfg(feature = "tls")]
mod tls;
#[cfg(test)]
mod wire;

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// The virtual clock of the fakes. Pass it to the builder of the client under test, too.
pub use connectors::TestClock;
pub use fault::{Fault, Gate};
pub use message::Request;
pub use serving::{Exchange, Serving};
#[cfg(feature = "tls")]
pub use tls::Identity;

/// Locks, even if poisoned: a fake whose handler panicked in one test must still report its requests.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets a field by JSON pointer. Returns whether its parent is an object.
fn set_field(value: &mut Value, pointer: &str, to: Value) -> bool {
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        return false;
    };
    let name = name.replace("~1", "/").replace("~0", "~");
    let fields = value.pointer_mut(parent).and_then(Value::as_object_mut);
    fields.map(|fields| fields.insert(name, to)).is_some()
}
