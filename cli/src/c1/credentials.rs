//! Credentials of self-hosted connectors, and the data of syncs.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use connectors::c1::Client;
use connectors::reqwest;
use serde_json::json;

use crate::ctx::{Ctx, confirmed};
use crate::fail::{Failure, Kind, Result};
use crate::private;

use super::arg::Ref;

pub async fn rotate(ctx: &Ctx, c1: &Client, connector: &Ref, secret_file: &Path) -> Result {
    let what = format!("issue a credential for {connector}, its secret to {}", secret_file.display());
    let Some(_under) = ctx.write(c1.server(), what)? else { return Ok(()) };
    let at = Failure::of_file(secret_file);
    // The file is created before the call, because the secret is returned only once.
    let mut file = private::create_new(secret_file).map_err(at)?;
    let issued = match connector.handle(c1).rotate_credential().await {
        Ok(issued) => issued,
        Err(error) => {
            let _ = std::fs::remove_file(secret_file);
            return Err(error.into());
        }
    };
    ctx.changed();
    let secret = issued.client_secret.as_deref().unwrap_or_default();
    file.write_all(secret.as_bytes()).and_then(|()| file.sync_all()).map_err(at)?;
    ctx.done(&json!({
        "id": connector.to_string(),
        "credential": issued.id,
        "clientId": issued.client_id,
        "secretFile": secret_file.display().to_string(),
        "todo": "when the connector uses it, revoke the previous credential: `connectors c1 revoke`",
    }))
}

pub async fn revoke(ctx: &Ctx, c1: &Client, connector: &Ref, credential: &str, yes: bool) -> Result {
    confirmed(yes, ctx.globals.dry_run, "revoking a credential")?;
    let Some(_under) = ctx.write(c1.server(), format!("revoke {credential} of {connector}"))? else { return Ok(()) };
    connector.handle(c1).revoke_credential(credential).await?;
    ctx.done(&json!({"id": connector.to_string(), "credential": credential, "state": "revoked"}))
}

pub async fn download(ctx: &Ctx, c1: &Client, connector: &Ref, sync: &str, to: &Path) -> Result {
    if !ctx.local(&format!("write the data of the sync {sync} of {connector} to {}", to.display()))? {
        return Ok(());
    }
    let link = connector.handle(c1).sync_download_url(sync).await?;
    // The error omits reqwest's message, which contains the link to the data.
    let failed = |_: reqwest::Error| Failure::new(Kind::Timeout, "the data could not be fetched from its link");
    connectors::provide_tls();
    let http =
        reqwest::Client::builder().connect_timeout(Duration::from_secs(10)).read_timeout(Duration::from_secs(30));
    let request = http.build().map_err(failed)?.get(link.as_str());
    let mut fetched = request.send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
    let mut file = private::create_new(to).map_err(Failure::of_file(to))?;
    let bar = ctx.out.progress("fetching", fetched.content_length());
    let mut bytes = 0;
    let mut copied = async || -> Result {
        while let Some(chunk) = fetched.chunk().await.map_err(failed)? {
            file.write_all(&chunk).map_err(Failure::of_file(to))?;
            bytes += chunk.len();
            bar.inc(chunk.len() as u64);
        }
        Ok(())
    };
    if let Err(failure) = copied().await {
        // An incomplete file is useless, and would prevent the next attempt.
        drop(std::fs::remove_file(to));
        return Err(failure);
    }
    bar.finish_and_clear();
    ctx.done(&json!({"id": connector.to_string(), "sync": sync, "file": to.display().to_string(), "bytes": bytes}))
}
