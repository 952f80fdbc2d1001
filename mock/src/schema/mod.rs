//! Generates instances of a document's schemas, and checks values with an independent validator.
//!
//! The schemas are the authors' own, in any dialect of OpenAPI 3.0 and 3.1, never lowered by the generator.

mod check;
mod compare;
mod document;
mod instance;
mod kinds;
mod random;
mod text;

pub use check::{Breach, Rule};
pub use check::{Check, Checker, Mistake, UNHEARD_OF};
pub use compare::difference;
pub use document::{Document, View, component};
pub use document::{escape, local_pointer, unescape};
pub use instance::Instances;
pub(crate) use kinds::{is_list, is_scalar, is_word};
pub use random::Random;
