//! Calls, one after the other and many at once.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use connectors::auth::{Token, TokenProvider};
use tokio::runtime;
use tokio::task::JoinSet;

use crate::plain;
use crate::result::Result;
use crate::usage::{Measured, Meter, allow_many_sockets};

const APP: &str = "2aXpApplication00000000001";
const CONNECTOR: &str = "2aXpConnector00000000000001";
/// A token with the length of a signed one.
const TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJiZW5jaG1hcmsiLCJleHAiOjE4OTM0NTYwMDAsImF1ZCI6ImV4YW1wbGUifQ.\
                     c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUtc2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU";

/// A token that expires, so that each call has to check it.
#[derive(Debug)]
struct Issued;

impl TokenProvider for Issued {
    async fn token(&self) -> std::result::Result<Token, connectors::Error> {
        Ok(Token::new(TOKEN).expires_in(Duration::from_secs(3600)))
    }
}

/// Our client, set up like in a program.
pub(crate) fn ours(server: &str) -> Result<connectors::c1::Client> {
    Ok(connectors::c1::Client::builder(connectors::c1::Credentials::provider(Issued).tenant(server)).build()?)
}

enum Client {
    Ours(connectors::c1::Client),
    Plain(plain::Client),
}

impl Client {
    fn new(who: &str, server: &str) -> Result<Self> {
        match who {
            "ours" => Ok(Self::Ours(ours(server)?)),
            "plain" => Ok(Self::Plain(plain::Client::new(server, TOKEN)?)),
            other => Err(format!("there is no client `{other}`").into()),
        }
    }

    /// Reads one connector: the call that is measured.
    async fn call(&self) -> Result<()> {
        match self {
            Self::Ours(client) => {
                black_box(client.app(APP).connector(CONNECTOR).get().await?);
            }
            Self::Plain(client) => {
                black_box(client.connector(APP, CONNECTOR).await?);
            }
        }
        Ok(())
    }
}

/// Calls on one thread, one after the other, over one connection.
pub(crate) fn one_by_one(who: &str, calls: usize, server: &str) -> Result<Measured> {
    let client = Client::new(who, server)?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // This call opens the connection and fetches the token.
        client.call().await?;
        let meter = Meter::start();
        for _ in 0..calls {
            client.call().await?;
        }
        Ok(meter.stop())
    })
}

/// Tasks on all threads, each with calls one after the other, with one client for all.
pub(crate) fn at_once(who: &str, tasks: usize, calls: usize, server: &str) -> Result<Measured> {
    allow_many_sockets()?;
    let client = Arc::new(Client::new(who, server)?);
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        client.call().await?;
        let meter = Meter::start();
        let mut running = JoinSet::new();
        for _ in 0..tasks {
            let client = Arc::clone(&client);
            running.spawn(async move {
                for _ in 0..calls {
                    client.call().await?;
                }
                Result::Ok(())
            });
        }
        while let Some(done) = running.join_next().await {
            done??;
        }
        Ok(meter.stop())
    })
}
