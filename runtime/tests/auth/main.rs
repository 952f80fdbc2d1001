//! Credentials from a user's point of view: no socket, no server, no waiting.

mod flows;
mod logins;
mod runtimes;
mod schemes;
mod support;
