//! The built command `connectors`, against a tenant and an instance over sockets.

mod commands;
mod docs;
mod files;
#[cfg(target_os = "linux")]
mod keyring;
mod kills;
mod manners;
mod mistakes;
mod probe;
// The file stays as the command wrote it, without formatting.
#[rustfmt::skip]
mod recorded;
#[rustfmt::skip]
mod recorded_pipeshub;
mod support;
