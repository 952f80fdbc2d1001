#![doc = include_str!("../README.md")]

pub mod c1;
mod clock;
pub mod document;
mod fault;
mod server;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use fault::{Fault, Gate};
pub use server::Request;

/// Locks, poisoned or not: a fake whose handler panicked in one test still has to say what it was sent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
