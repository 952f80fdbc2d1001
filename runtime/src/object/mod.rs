//! Reading and writing the types of generated clients: all of it that can be compiled once.

mod decode;

pub use decode::{DecodeError, from_slice, to_vec};
