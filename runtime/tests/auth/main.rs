//! Credentials from a user's side: no socket, no server, no waiting.

mod schemes;
mod support;
