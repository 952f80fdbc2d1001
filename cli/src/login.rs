//! Profiles: store credentials, remove them, list them.

use std::io::{self, BufRead, IsTerminal};

use connectors::auth::{DeviceLogin, TokenProvider};
use connectors::{Connection, c1};
use futures_util::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::ctx::Ctx;
use crate::fail::{Failure, Result};
use crate::keyring;
use crate::out::{clean, say};
use crate::profile::{self, DEFAULT, Profiles, Service, Store};
use crate::reference::Reference;

#[derive(clap::Args)]
pub struct LoginArgs {
    /// The service
    #[arg(value_enum)]
    service: Service,
    /// C1's tenant: its name, host or URL. By default, the client id names it
    #[arg(long)]
    tenant: Option<String>,
    /// The URL of the PipesHub instance
    #[arg(long)]
    instance: Option<String>,
    /// A client id. For C1 without a secret, a person logs in with a browser on any device
    #[arg(long)]
    client_id: Option<String>,
    /// The client's secret: env:NAME, file:PATH or cmd:COMMAND
    #[arg(long, value_name = "WHERE", requires = "client_id")]
    client_secret: Option<Reference>,
    /// A token: env:NAME, file:PATH or cmd:COMMAND
    #[arg(long, value_name = "WHERE", conflicts_with = "client_secret")]
    token: Option<Reference>,
    /// Where to store the secret. Otherwise where the profile says, or in the keyring if there is one
    #[arg(long, value_enum, env = "CONNECTORS_STORE")]
    store: Option<Store>,
    /// Call the service once to check the credentials
    #[arg(long)]
    check: bool,
}

#[derive(clap::Args)]
pub struct LogoutArgs {
    /// The service
    #[arg(value_enum)]
    service: Service,
}

fn name(ctx: &Ctx) -> &str {
    ctx.globals.profile.as_deref().unwrap_or(DEFAULT)
}

pub async fn login(ctx: &Ctx, args: LoginArgs) -> Result {
    let has_secret = args.token.is_some() || args.client_secret.is_some();
    if args.service == Service::Pipeshub && !has_secret && !io::stdin().is_terminal() {
        return Err(Failure::usage("no token: pass --token env:NAME, file:PATH or cmd:COMMAND"));
    }
    if ctx.globals.dry_run {
        let instead =
            if Profiles::read()?.has(name(ctx), args.service) { ", instead of those that it has" } else { "" };
        let after = if has_secret { "" } else { ", after a person has logged in" };
        let what = format!("store credentials for {} in the profile {}", args.service.name(), name(ctx));
        return ctx.local(&format!("{what}{instead}{after}")).map(drop);
    }
    let mut token = args.token.as_ref().map(Reference::resolve).transpose()?;
    let secret = args.client_secret.as_ref().map(Reference::resolve).transpose()?;
    let mut expires_at = None;
    match (args.service, &secret, &token, &args.client_id) {
        (_, Some(_), ..) | (_, _, Some(_), _) => {}
        (Service::C1, None, None, client_id) => {
            let id = client_id.as_deref().unwrap_or("connectors-cli");
            let (granted, lifetime) = device(ctx, args.tenant.as_deref(), id).await?;
            token = Some(granted);
            expires_at = lifetime.map(|it| Timestamp::now().checked_add(it).unwrap_or(Timestamp::MAX).to_string());
        }
        (Service::Pipeshub, None, None, _) => token = Some(asked("the token, such as a personal access token")?),
    }
    let location = if args.service == Service::C1 { ("tenant", args.tenant) } else { ("instance", args.instance) };
    // The id belongs to its secret. A token from a device login needs no id.
    let client_id = args.client_id.filter(|_| secret.is_some());
    let fields = [
        (location.0, location.1.as_deref()),
        ("client_id", client_id.as_deref()),
        ("client_secret", secret.as_deref()),
        ("token", token.as_deref()),
        ("expires_at", expires_at.as_deref()),
    ];
    let profile = name(ctx);
    let mut profiles = Profiles::read()?;
    let before = profiles.store(profile, args.service)?;
    profiles.set(profile, args.service, &fields)?;
    // A wrong credential is an error now, not at the first command, and the stored one stays.
    match args.service {
        Service::C1 => {
            let c1 = c1::Client::builder(profiles.c1(profile).await?).build()?;
            if args.check {
                c1.apps().try_next().await?;
            }
        }
        Service::Pipeshub => {
            let ph = connectors::pipeshub::Client::builder(profiles.pipeshub(profile).await?).build()?;
            if args.check {
                ph.registry().try_next().await?;
            }
        }
    }
    let (store, why) = profiles.keep(profile, args.service, args.store.or(before)).await?;
    profiles.save()?;
    let file = profile::path()?.display().to_string();
    if let Some(why) = why {
        ctx.out.note(&format!("the keyring cannot be used ({why}): the secret is in {file}, which only you can read"));
    }
    let account = profiles.account(profile, args.service);
    if (before, store) == (Some(Store::Keyring), Store::File)
        && let Err(why) = keyring::remove(&account).await
    {
        ctx.out.note(&format!("the secret before is still in the keyring, as `{account}`: {why}"));
    }
    ctx.done(&json!({
        "profile": profile, "service": args.service.name(), "file": file, "store": store.name(),
        "expiresAt": expires_at,
    }))
}

/// Lets a person log in with a browser on any device (RFC 8628).
async fn device(ctx: &Ctx, tenant: Option<&str>, id: &str) -> Result<(String, Option<SignedDuration>)> {
    let tenant = tenant.ok_or_else(|| Failure::usage("name the tenant: --tenant NAME"))?;
    // The client is only used to find the tenant's server.
    let server = c1::Client::builder(c1::Credentials::token("none").tenant(tenant)).build()?.server().to_owned();
    let at = |path: &str| format!("{server}/auth/v1/{path}");
    let grant = DeviceLogin::new(at("device_authorization"), at("token"), id).begin(Connection::new()).await?;
    let page = grant.verification_uri_complete().unwrap_or_else(|| grant.verification_uri());
    say(&format!("open {} and confirm the code {}", clean(page), clean(grant.user_code())));
    let _under = ctx.wait("the login");
    let login = grant.wait().await?;
    let token = login.token().await?;
    let lifetime = token.lifetime().and_then(|it| SignedDuration::try_from(it).ok());
    Ok((token.expose().to_owned(), lifetime))
}

/// Asks a person for a line.
fn asked(what: &str) -> Result<String> {
    say(&format!("paste {what}, and press Enter:"));
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let line = line.trim();
    if line.is_empty() { Err(Failure::usage(format!("{what} is missing"))) } else { Ok(line.to_owned()) }
}

pub async fn logout(ctx: &Ctx, args: &LogoutArgs) -> Result {
    if !ctx.local(&format!("remove the credentials for {} from the profile {}", args.service.name(), name(ctx)))? {
        return Ok(());
    }
    let mut profiles = Profiles::read()?;
    let (removed, why) = profiles.remove(name(ctx), args.service).await?;
    if let Some(why) = why {
        let account = profiles.account(name(ctx), args.service);
        ctx.out.note(&format!("the keyring cannot be used ({why}): if it has an entry `{account}`, that stays"));
    }
    ctx.done(&json!({"profile": name(ctx), "service": args.service.name(), "removed": removed}))
}

pub fn profiles(ctx: &Ctx) -> Result {
    let profiles = Profiles::read()?;
    let mut rows = Vec::new();
    for (profile, services) in profiles.list() {
        for service in services {
            let of = if service == "c1" { Service::C1 } else { Service::Pipeshub };
            let get = |field| profiles.get(&profile, of, field);
            rows.push(json!({
                "profile": profile,
                "service": service,
                "server": get("tenant").or_else(|| get("instance")),
                "clientId": get("client_id"),
                "store": get("store").unwrap_or(Store::File.name()),
                "expiresAt": get("expires_at"),
            }));
        }
    }
    ctx.out.rows(&["profile", "service", "server", "clientId", "store", "expiresAt"], &rows)
}
