//! Random documents: what is broken makes nothing panic, what means the same becomes the same Rust, and what means
//! something else is never called the same.

mod chance;
mod dense;
mod metamorphic;
mod mutations;
