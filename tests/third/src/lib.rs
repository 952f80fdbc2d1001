//! The generated client of a library of books.

include!(concat!(env!("OUT_DIR"), "/library.rs"));
