//! The failures of commands, and their exit codes.

use std::fmt;
use std::path::Path;

/// The reason why a command did not exit with 0. The number is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It succeeded, and reports findings.
    Findings = 1,
    /// The command, its input or its settings are wrong.
    Usage = 2,
    /// No credentials, wrong ones, or not enough rights.
    Auth = 3,
    /// The object does not exist.
    NotFound = 4,
    /// The object's state does not allow it.
    Conflict = 5,
    /// Too many calls.
    Rate = 6,
    /// A timeout, no connection, or a failure of the service.
    Timeout = 7,
    /// The request was sent, and it is unknown whether the service processed it.
    Unknown = 8,
}

/// The exit codes, with their names and meanings.
pub const CODES: [(u8, &str, &str); 10] = [
    (0, "done", "done, and there is nothing to report"),
    (
        1,
        "findings",
        "done, and there is something to report: a plan with changes, a failed sync, a connector that needs care, a result that cannot be printed after a change",
    ),
    (2, "usage", "the command, its input, a file or a setting is wrong; nothing was changed"),
    (3, "auth", "no credentials, wrong ones, or not enough rights"),
    (4, "not-found", "there is no such app, connector, credential or operation"),
    (5, "conflict", "the state of the object does not allow it, or the service refused"),
    (6, "rate", "too many calls; retry later"),
    (7, "timeout", "no response in time, not reachable, or the service failed; retry later"),
    (8, "unknown", "a write was sent, and it is unknown whether the service processed it; check before you retry"),
    (130, "interrupted", "Ctrl-C or SIGTERM, and no write was in flight"),
];

/// What has failed, where that makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The keyring that has the credentials cannot be used.
    Keyring,
    /// The result cannot be printed.
    Output,
    Other,
}

/// A failed command.
#[derive(Debug)]
pub struct Failure {
    pub kind: Kind,
    pub message: String,
    pub cause: Cause,
}

/// The result of a command.
pub type Result<T = ()> = std::result::Result<T, Failure>;

impl Failure {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), cause: Cause::Other }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// The keyring that has the credentials cannot be used.
    pub fn of_keyring(message: String) -> Self {
        Self { cause: Cause::Keyring, ..Self::new(Kind::Auth, message) }
    }

    /// The result cannot be printed.
    pub fn of_output(error: &std::io::Error) -> Self {
        Self { cause: Cause::Output, ..Self::usage(format!("the result cannot be printed: {error}")) }
    }

    pub fn at(self, what: &str) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }

    /// Converts an error about a file to a failure that names the file.
    pub fn of_file(path: &Path) -> impl Fn(std::io::Error) -> Self + Copy {
        move |error| Self::from(error).at(&path.display().to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<connectors::Error> for Failure {
    fn from(error: connectors::Error) -> Self {
        let mut message = error.to_string();
        if error.is_partial() {
            message.push_str("; a part of the change was applied");
        }
        if let Some(id) = error.created() {
            message.push_str(&format!("; {id} was created"));
        }
        if let Some(wait) = error.retry_after() {
            message.push_str(&format!("; retry after {} s", wait.as_secs() + u64::from(wait.subsec_nanos() > 0)));
        }
        Self::new(kind(&error), message)
    }
}

fn kind(error: &connectors::Error) -> Kind {
    if error.may_have_happened() {
        Kind::Unknown
    } else if error.is_rate_limited() {
        Kind::Rate
    } else if error.is_auth() || error.is_permission_denied() {
        Kind::Auth
    } else if error.is_not_found() {
        Kind::NotFound
    } else if error.is_conflict() || error.is_refused() {
        Kind::Conflict
    } else if error.is_config() || error.is_invalid_argument() || error.is_bad_request() {
        // Of a change in several calls, a part may be done.
        if error.is_partial() || error.created().is_some() { Kind::Conflict } else { Kind::Usage }
    } else {
        Kind::Timeout
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::usage(error.to_string())
    }
}
