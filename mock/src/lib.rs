#![doc = include_str!("../README.md")]

mod checked;
pub mod contract;
mod control;
pub mod document;
mod fault;
pub mod forms;
pub mod media;
mod message;
mod operation;
pub mod redact;
mod resources;
pub mod schema;
mod server;
pub mod service;
mod serving;
#[cfg(feature = "tls")]
mod tls;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use fault::{Fault, Faults, Gate};
pub use message::{Answer, Request};
pub use server::Running;
pub use serving::{Bound, Exchange, Serving};
#[cfg(feature = "tls")]
pub use tls::Identity;

/// Locks, even if poisoned: a fake whose handler panicked in one test must still report its requests.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
