//! Serializes the values of a request, and decodes the stream of a response: parameters, forms, multipart bodies, event
//! streams and JSON lines. This module sends nothing.

mod events;
mod form;
mod lines;
mod multipart;
mod pairs;
mod parameter;
mod parameters;
mod percent;
mod received;
#[cfg(test)]
mod tests;
mod value;

pub use events::{Event, EventDecoder};
pub use form::form;
pub use lines::RecordDecoder;
pub use multipart::{File, Multipart, MultipartBody};
pub use parameter::{Parameter, Style};
pub use parameters::{Parameters, check_segment};
pub use received::{ReceivedPart, split_parts};
