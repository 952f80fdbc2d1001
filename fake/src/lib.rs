#![doc = include_str!("../README.md")]

#[cfg(feature = "c1")]
pub mod c1;
mod clock;
mod entropy;
mod oauth;
#[cfg(feature = "pipeshub")]
pub mod pipeshub;
pub mod probe;
mod received;
pub mod recording;
mod seeds;
#[cfg(all(test, feature = "c1", feature = "pipeshub"))]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// The virtual clock of the fakes. Pass it to the builder of the client under test, too.
pub use connectors::TestClock;
#[cfg(feature = "tls")]
pub use connectors_mock::Identity;
pub use connectors_mock::{Exchange, Fault, Gate, Request, Serving};

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
