//! How values are written into a request and read from the stream of a response: parameters, forms, event streams and JSON
//! lines. Nothing here sends.

mod form;
mod pairs;
mod parameter;
mod parameters;
mod percent;
#[cfg(test)]
mod tests;
mod value;

pub use form::form;
pub use parameter::{Parameter, Style};
pub use parameters::{Parameters, check_segment};
