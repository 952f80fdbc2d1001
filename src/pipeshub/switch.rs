//! Switching a connector on or off, with an operation that only toggles.

use connectors_runtime::{Error, Kind, Sending};

use super::connector::Connector;
use super::said::accepted;
use super::types::{self, ConnectorInstance, ToggleKind};

impl Connector {
    /// Switches its sync on or off.
    ///
    /// The service has no such operation, only one that toggles. This method reads the connector, toggles only if
    /// needed, never retries the toggle, and reads the connector again to confirm the result.
    ///
    /// ```no_run
    /// use connectors::pipeshub::{Client, Switched};
    ///
    /// # async fn example(ph: Client) -> Result<(), connectors::Error> {
    /// match ph.connector("c1").set_sync(true).await? {
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

    /// Switches its use by agents on or off, like [`Connector::set_sync`] for its sync.
    ///
    /// ```no_run
    /// # async fn example(connector: connectors::pipeshub::Connector) -> Result<(), connectors::Error> {
    /// let switched = connector.set_agent(true).await?;
    /// println!("toggled: {}", switched.is_flipped());
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_agent(&self, on: bool) -> Switch {
        Switch { connector: self.clone(), kind: ToggleKind::Agent, on, full_sync: None }
    }
}

/// A switch request; see [`Connector::set_sync`]. `.await` sends it.
///
/// # Errors
/// [`Error::is_conflict`] if the state is not known: before anything was sent, or, with [`Error::may_have_happened`],
/// after the toggle. [`Error::may_have_happened`] alone if the response was lost: the toggle may still be in flight.
/// Then poll until the state no longer changes, and set the switch again, which reads first. [`Error::is_bad_request`]
/// if the connector is not configured or not authorized. [`Error::is_conflict`] if it is locked.
#[must_use = "nothing is sent until it is awaited"]
#[derive(Clone, Debug)]
pub struct Switch {
    connector: Connector,
    kind: ToggleKind,
    on: bool,
    full_sync: Option<bool>,
}

/// The result of setting a switch, with the connector as it was last read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Switched {
    /// The switch already had this state, and nothing was sent.
    Already(ConnectorInstance),
    /// It was toggled, and a read has confirmed it.
    Flipped(ConnectorInstance),
}

impl Switched {
    /// The connector as it was last read.
    #[must_use]
    pub fn instance(&self) -> &ConnectorInstance {
        match self {
            Self::Already(instance) | Self::Flipped(instance) => instance,
        }
    }

    /// Whether it was toggled.
    #[must_use]
    pub fn is_flipped(&self) -> bool {
        matches!(self, Self::Flipped(_))
    }
}

impl Switch {
    /// Sets whether the next sync reads everything, instead of only the changes.
    pub fn full_sync(mut self, full: impl Into<Option<bool>>) -> Self {
        self.full_sync = full.into();
        self
    }

    async fn send(self) -> Result<Switched, Error> {
        let before = self.connector.get().await?;
        match self.state(&before) {
            Some(now) if now == self.on => return Ok(Switched::Already(before)),
            Some(_) => {}
            None => {
                let message = format!("the response does not report whether {} is on; nothing was sent", self.what());
                return Err(Error::new(Kind::Conflict, message).operation_named("toggle"));
            }
        }
        let request = types::ConnectorToggleRequest {
            full_sync: self.full_sync,
            ..types::ConnectorToggleRequest::new(self.kind.clone())
        };
        let Connector { client, id } = &self.connector;
        match client.api.control().toggle(id, &request).send().await {
            Ok(response) => drop(accepted(response)?),
            Err(error) if error.may_have_happened() => return Err(self.doubt(error).await),
            Err(error) => return Err(error),
        }
        let after = self.connector.get().await.map_err(|error| {
            error.in_context(&format!("{} was toggled, but could not be read afterwards", self.what())).perhaps_done()
        })?;
        if self.state(&after) == Some(self.on) {
            return Ok(Switched::Flipped(after));
        }
        let message = format!(
            "{} was toggled, but is still {}: another caller, or a gateway that retries calls, toggled it too; \
             wait until the state no longer changes, and try again",
            self.what(),
            word(self.state(&after)),
        );
        Err(Error::new(Kind::Conflict, message).operation_named("toggle").perhaps_done())
    }

    /// The state of the switch in a response.
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

    /// The error after a lost response: the state that was read, and what to do. Even if the state is the requested one
    /// now, a gateway that retries calls may toggle it back.
    async fn doubt(&self, error: Error) -> Error {
        let now = match self.connector.get().await {
            Ok(instance) => format!("{} is {} now", self.what(), word(self.state(&instance))),
            Err(_) => format!("{} cannot be read now", self.what()),
        };
        error.in_context(&format!(
            "the response to a toggle was lost, and {now}; wait until the state no longer changes, and try again"
        ))
    }
}

impl IntoFuture for Switch {
    type Output = Result<Switched, Error>;
    type IntoFuture = Sending<Switched>;

    fn into_future(self) -> Self::IntoFuture {
        Sending::new(self.send())
    }
}

fn word(state: Option<bool>) -> &'static str {
    match state {
        Some(true) => "on",
        Some(false) => "off",
        None => "in an unknown state",
    }
}
