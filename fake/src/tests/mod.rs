//! Tests of both fakes.

mod control;
pub(crate) mod wire;
