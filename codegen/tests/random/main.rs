//! Random documents: a broken document causes no panic, documents with the same meaning become the same Rust, and
//! documents with different meanings are never reported as equal.

mod chance;
mod dense;
mod documents;
mod items;
mod leaves;
mod metamorphic;
mod mutations;
mod parts;
mod schemas;
mod whole;
mod wild;
