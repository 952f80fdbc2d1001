//! Switching a connector on and off, over an operation that only flips.

use crate::Error;
use crate::error::Kind;

use super::connector::{Connector, accepted};
use super::types::{self, ConnectorInstance, ToggleKind};

impl Connector {
    /// Switches its sync on or off.
    ///
    /// The service has no such call, only one that flips. So this reads first, flips only what is not as wanted, never
    /// sends the flip a second time, and reads again afterwards to say what is true.
    ///
    /// ```no_run
    /// use connectors::pipeshub::{Client, Switched};
    ///
    /// # async fn example(ph: Client) -> Result<(), connectors::Error> {
    /// match ph.connector("c1").set_sync(true).send().await? {
    ///     Switched::Flipped(_) => println!("on now"),
    ///     Switched::Already(_) => println!("it was on"),
    ///     _ => {}
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_sync(&self, on: bool) -> Switch {
        Switch { connector: self.clone(), kind: ToggleKind::Sync, on, full_sync: None }
    }

    /// Makes it usable by agents, or stops that; in the way of [`Connector::set_sync`].
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// let switched = connector.set_agent(true).send().await?;
    /// println!("flipped: {}", switched.is_flipped());
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_agent(&self, on: bool) -> Switch {
        Switch { connector: self.clone(), kind: ToggleKind::Agent, on, full_sync: None }
    }
}

/// A switch about to be set; see [`Connector::set_sync`].
#[must_use = "nothing is switched until it is sent"]
#[derive(Clone, Debug)]
pub struct Switch {
    connector: Connector,
    kind: ToggleKind,
    on: bool,
    full_sync: Option<bool>,
}

/// What became of a switch, with the connector as it was read last.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Switched {
    /// It was as wanted, and nothing was sent.
    Already(ConnectorInstance),
    /// It was flipped, and has been read as wanted since.
    Flipped(ConnectorInstance),
}

impl Switched {
    /// The connector as it was read last.
    #[must_use]
    pub fn instance(&self) -> &ConnectorInstance {
        match self {
            Self::Already(instance) | Self::Flipped(instance) => instance,
        }
    }

    /// Whether it was flipped now.
    #[must_use]
    pub fn is_flipped(&self) -> bool {
        matches!(self, Self::Flipped(_))
    }
}

impl Switch {
    /// Whether the sync that begins is to read everything anew, rather than what has changed.
    pub fn full_sync(mut self, full: bool) -> Self {
        self.full_sync = Some(full);
        self
    }

    /// Sets the switch.
    ///
    /// # Errors
    /// [`Error::is_conflict`] if it cannot be told what is true: before anything was sent, or, with
    /// [`Error::may_have_happened`], afterwards. [`Error::may_have_happened`] without it if the answer was lost: the flip
    /// may still be on its way. Then wait until what is read no longer changes, and call this again, which reads first.
    pub async fn send(self) -> Result<Switched, Error> {
        let Connector { client, id } = &self.connector;
        let before = self.connector.get().await?;
        match self.state(&before) {
            Some(now) if now == self.on => return Ok(Switched::Already(before)),
            Some(_) => {}
            None => {
                let message = format!("the connector does not say whether {} is on; nothing was sent", self.what());
                return Err(Error::new(Kind::Conflict, message).operation_named("toggle"));
            }
        }
        let request = types::ConnectorToggleRequest {
            full_sync: self.full_sync,
            ..types::ConnectorToggleRequest::new(self.kind.clone())
        };
        let answer = match client.api.toggle(id.as_str(), &request).await {
            Ok(answer) => answer,
            Err(error) if error.may_have_happened() => return Err(self.doubt(error).await),
            Err(error) => return Err(error),
        };
        accepted(answer.success, answer.message.as_deref(), "toggle")?;
        let after = self.connector.get().await.map_err(|error| {
            error.in_context(&format!("{} was flipped, and could not be read afterwards", self.what())).perhaps_done()
        })?;
        if self.state(&after) == Some(self.on) {
            return Ok(Switched::Flipped(after));
        }
        let message = format!(
            "{} was flipped, and is {} all the same: somebody else flipped it too, or a gateway that repeats calls did; \
             wait until that no longer changes, and try again",
            self.what(),
            word(self.state(&after)),
        );
        Err(Error::new(Kind::Conflict, message).operation_named("toggle").perhaps_done())
    }

    /// What an instance says of the switch.
    fn state(&self, instance: &ConnectorInstance) -> Option<bool> {
        match self.kind {
            ToggleKind::Sync => instance.is_active,
            _ => instance.agent_enabled,
        }
    }

    fn what(&self) -> &'static str {
        match self.kind {
            ToggleKind::Sync => "its sync",
            _ => "its use by agents",
        }
    }

    /// The answer was lost: says what can be known, and what to do. Even if it reads as wanted now, a gateway that repeats
    /// calls may yet flip it back.
    async fn doubt(&self, error: Error) -> Error {
        let now = match self.connector.get().await {
            Ok(instance) => format!("{} is {} now", self.what(), word(self.state(&instance))),
            Err(_) => format!("{} cannot be read now", self.what()),
        };
        error.in_context(&format!(
            "the answer to a flip was lost, and {now}; wait until that no longer changes, and try again"
        ))
    }
}

fn word(state: Option<bool>) -> &'static str {
    match state {
        Some(true) => "on",
        Some(false) => "off",
        None => "in no state that it tells",
    }
}
