//! The command `connectors-codegen`, and the subcommands that `xtask` shares with it.

pub mod changes;
mod check;
mod command;
pub mod documents;
pub mod files;
pub mod generate;
pub mod lower;
pub mod overlays;
pub mod part;
pub mod report;
pub mod semver;
#[cfg(feature = "cli")]
pub mod serve;
mod sources;
mod usage;
mod used;

pub use command::main;
