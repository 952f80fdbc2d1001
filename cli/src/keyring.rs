//! The platform's keyring: Keychain on macOS, the Credential Manager on Windows, the Secret Service elsewhere.
//!
//! Each access has a thread of its own and a time limit: a locked keyring waits for a person, and one that hangs waits
//! for nothing.

use std::fmt;

/// Why the keyring cannot be used.
#[derive(Debug)]
pub struct Unusable(String);

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "keyring")]
mod platform {
    use std::io::{self, IsTerminal};
    use std::thread;
    use std::time::Duration;

    use keyring::{Entry, Error, Result};
    use tokio::sync::oneshot;

    use super::Unusable;

    /// The name of all entries in the keyring.
    const SERVICE: &str = "connectors";
    /// The time that a person at a terminal has to unlock the keyring.
    const WITH_A_PERSON: Duration = Duration::from_secs(60);
    /// The time limit without a terminal.
    const ALONE: Duration = Duration::from_secs(5);

    fn limit() -> Duration {
        if io::stdin().is_terminal() && io::stderr().is_terminal() { WITH_A_PERSON } else { ALONE }
    }

    /// Opens an entry and runs this with it, within the limit.
    async fn with<T: Send + 'static>(
        account: &str,
        limit: Duration,
        run: impl FnOnce(&Entry) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Unusable> {
        let account = account.to_owned();
        let (sender, receiver) = oneshot::channel();
        let work = move || {
            let done = match Entry::store_status() {
                Ok(()) => Entry::new(SERVICE, &account).and_then(|entry| run(&entry)).map_err(|it| it.to_string()),
                Err(error) => Err(error.to_string()),
            };
            // After the limit, the receiver is gone.
            drop(sender.send(done));
        };
        let spawned = thread::Builder::new().name("keyring".to_owned()).spawn(work);
        spawned.map_err(|error| Unusable(error.to_string()))?;
        match tokio::time::timeout(limit, receiver).await {
            Ok(Ok(done)) => done.map_err(Unusable),
            Ok(Err(_)) => Err(Unusable("the access to the keyring failed".to_owned())),
            Err(_) => Err(Unusable(format!("no response within {} s; it may be locked", limit.as_secs()))),
        }
    }

    /// Reads a secret; `None` if there is none.
    pub async fn get(account: &str) -> std::result::Result<Option<String>, Unusable> {
        with(account, limit(), |entry| found(entry.get_password())).await
    }

    /// Stores a secret in place of the one before.
    pub async fn set(account: &str, secret: &str) -> std::result::Result<(), Unusable> {
        let secret = secret.to_owned();
        with(account, limit(), move |entry| entry.set_password(&secret)).await
    }

    /// Removes a secret. Returns whether there was one.
    pub async fn remove(account: &str) -> std::result::Result<bool, Unusable> {
        removed(account, limit()).await
    }

    /// Removes a secret that is probably not there. Does not wait for a person.
    pub async fn remove_soon(account: &str) -> std::result::Result<bool, Unusable> {
        removed(account, ALONE).await
    }

    async fn removed(account: &str, limit: Duration) -> std::result::Result<bool, Unusable> {
        with(account, limit, |entry| Ok(found(entry.delete_credential())?.is_some())).await
    }

    fn found<T>(result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(not(feature = "keyring"))]
mod platform {
    use super::Unusable;

    fn none() -> Unusable {
        Unusable("this command was built without the feature `keyring`".to_owned())
    }

    pub async fn get(_: &str) -> Result<Option<String>, Unusable> {
        Err(none())
    }

    pub async fn set(_: &str, _: &str) -> Result<(), Unusable> {
        Err(none())
    }

    pub async fn remove(_: &str) -> Result<bool, Unusable> {
        Err(none())
    }

    pub async fn remove_soon(_: &str) -> Result<bool, Unusable> {
        Err(none())
    }
}

pub use platform::{get, remove, remove_soon, set};
