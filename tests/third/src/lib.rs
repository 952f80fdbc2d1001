//! The generated client of a library of books.

include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// The code of connectors-codegen's README is compiled against this client.
#[cfg(doctest)]
#[doc = include_str!("../../../codegen/README.md")]
mod readme {}
