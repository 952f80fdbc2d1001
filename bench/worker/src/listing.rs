//! A list as a stream.

use std::hint::black_box;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::runtime;

use crate::calls::ours;
use crate::result::Result;
use crate::sample::PAGE;
use crate::usage::{Measured, Meter};

/// Reads all connectors of an app. The server takes `latency` milliseconds for a page, and so does the reader.
pub(crate) fn list(connectors: usize, latency: u64, ahead: usize, server: &str) -> Result<Measured> {
    let client = ours(server)?;
    let app = format!("list-{connectors}-{latency}");
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let meter = Meter::start();
        let mut stream = client.app(app).connectors().read_ahead(ahead);
        let mut count = 0;
        while let Some(connector) = stream.try_next().await? {
            black_box(connector);
            count += 1;
            if count % PAGE == 0 && latency > 0 {
                tokio::time::sleep(Duration::from_millis(latency)).await;
            }
        }
        if count != connectors {
            return Err(format!("the list has {connectors} connectors, but {count} were read").into());
        }
        Ok(meter.stop())
    })
}
