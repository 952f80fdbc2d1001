//! Arguments of several commands.

use std::str::FromStr;

use connectors::c1::{Client, Connector};

use crate::reference::{Reference, pair, secret_pair};

/// A connector, written APP/CONNECTOR.
#[derive(Clone, Debug)]
pub struct Ref {
    pub app: String,
    pub id: String,
}

impl FromStr for Ref {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.split_once('/') {
            Some((app, id)) if !app.is_empty() && !id.is_empty() => Ok(Self { app: app.to_owned(), id: id.to_owned() }),
            _ => Err("write it as APP/CONNECTOR, like `connectors c1 list`".to_owned()),
        }
    }
}

impl std::fmt::Display for Ref {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.app, self.id)
    }
}

impl Ref {
    pub fn handle(&self, c1: &Client) -> Connector {
        c1.app(self.app.as_str()).connector(self.id.as_str())
    }
}

/// The configuration on a command line.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// A value of the configuration
    #[arg(long = "set", value_parser = pair, value_name = "KEY=VALUE")]
    pub values: Vec<(String, String)>,
    /// A secret of the configuration: KEY=env:NAME, KEY=file:PATH or KEY=cmd:COMMAND
    #[arg(long = "secret", value_parser = secret_pair, value_name = "KEY=WHERE")]
    pub secrets: Vec<(String, Reference)>,
}
