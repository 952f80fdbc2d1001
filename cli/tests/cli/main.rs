//! The built command `connectors`, against a tenant and an instance over sockets.

mod commands;
mod docs;
mod files;
mod kills;
mod manners;
mod probe;
// As it was written, not as it would be formatted.
#[rustfmt::skip]
mod recorded;
mod support;
