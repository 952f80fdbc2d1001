//! What is known of the decoding that runs on this thread: how much it may still take, and what has gone wrong.

use std::cell::{Cell, RefCell};
use std::fmt;

/// How much of a key is shown, in characters.
const KEY_LIMIT: usize = 64;

thread_local! {
    /// How many bytes the value that is being decoded on this thread may still take.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
    /// What has gone wrong with it.
    static FAULT: RefCell<Fault> = const { RefCell::new(Fault { steps: Vec::new(), place: None, too_large: false }) };
}

/// Why decoding fails, noted on the way out.
struct Fault {
    /// The way to it, from the inside out.
    steps: Vec<Step>,
    /// Path and message of what was read by other means than serde's.
    place: Option<(String, String)>,
    too_large: bool,
}

pub(super) enum Step {
    Key(Option<String>),
    Index(usize),
}

/// Counts memory that the value being decoded takes. Reading that does not go through serde's traits counts what it
/// allocates by this.
///
/// # Errors
/// The value would take more than the limit of the `from_slice` that runs on this thread. Without one there is no limit.
#[inline]
pub(crate) fn charge(bytes: usize) -> Result<(), TooMuch> {
    LEFT.with(|left| match left.get().checked_sub(bytes) {
        Some(rest) => {
            left.set(rest);
            Ok(())
        }
        None => Err(too_much()),
    })
}

#[cold]
fn too_much() -> TooMuch {
    FAULT.with_borrow_mut(|fault| fault.too_large = true);
    TooMuch
}

/// A value takes more memory than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMuch;

impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("decoding it would take too much memory")
    }
}

/// Notes where and why reading by other means failed: what serde's error says of it later is not shown, since it may hold
/// a value.
#[cfg_attr(not(test), allow(dead_code, reason = "for what reads generated types"))]
#[cold]
pub(crate) fn note(path: impl Into<String>, message: impl Into<String>) {
    FAULT.with_borrow_mut(|fault| fault.place = Some((path.into(), message.into())));
}

/// Tries to read a value: what failed is forgotten, its steps and what it took.
///
/// # Errors
/// As what it tries.
#[cfg_attr(not(test), allow(dead_code, reason = "for what reads generated types"))]
pub(crate) fn attempt<T, E>(read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let left = LEFT.get();
    let steps = FAULT.with_borrow(|fault| fault.steps.len());
    let result = read();
    // Past the limit nothing else is tried.
    if result.is_err() && !FAULT.with_borrow(|fault| fault.too_large) {
        LEFT.set(left);
        FAULT.with_borrow_mut(|fault| {
            fault.steps.truncate(steps);
            fault.place = None;
        });
    }
    result
}

#[cold]
pub(super) fn step(step: Step) {
    FAULT.with_borrow_mut(|fault| fault.steps.push(step));
}

/// One decoding. While it is there, its limit is the one that counts.
pub(super) struct Scope {
    outer_left: usize,
}

impl Scope {
    pub(super) fn enter(limit: usize) -> Self {
        FAULT.with_borrow_mut(Fault::clear);
        Self { outer_left: LEFT.replace(limit) }
    }

    /// What was noted of the fault that ends this decoding: its path, what is wrong if that is known, and whether it is the
    /// limit.
    #[cold]
    pub(super) fn found(&self) -> (String, Option<String>, bool) {
        FAULT.with_borrow_mut(|fault| {
            let mut path = String::new();
            fault.steps.iter().rev().for_each(|step| step.write(&mut path));
            let message = fault.place.take().map(|(inner, message)| {
                if !path.is_empty() && !inner.is_empty() && !inner.starts_with('[') {
                    path.push('.');
                }
                path.push_str(&inner);
                message
            });
            let too_large = fault.too_large;
            fault.clear();
            (path, message, too_large)
        })
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        LEFT.set(self.outer_left);
    }
}

impl Fault {
    fn clear(&mut self) {
        self.steps.clear();
        self.place = None;
        self.too_large = false;
    }
}

impl Step {
    fn write(&self, path: &mut String) {
        match self {
            Self::Index(index) => path.push_str(&format!("[{index}]")),
            Self::Key(None) => path.push_str("[?]"),
            Self::Key(Some(key)) => {
                let simple = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '@');
                let short: String = key.chars().take(KEY_LIMIT).collect();
                if key.is_empty() || short.len() < key.len() || !key.chars().all(simple) {
                    path.push_str(&format!("[{short:?}]"));
                } else {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(key);
                }
            }
        }
    }
}
