//! The generated client of a library of books.

include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// What the README of connectors-codegen shows is compiled against this client.
#[cfg(doctest)]
#[doc = include_str!("../../../codegen/README.md")]
mod readme {}
