//! The owners of a connector.

use connectors::c1::{AppId, Client, EntitlementRef};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::fail::Result;

use super::arg::Ref;

#[derive(clap::Args)]
pub struct Args {
    /// The connector, as `connectors c1 list` prints it
    #[arg(value_name = "APP/CONNECTOR")]
    connector: Ref,
    /// The role to change, or to list
    #[arg(long, default_value = "owner")]
    role: String,
    /// Add a user, or the holders of an entitlement as APP/ENTITLEMENT
    #[arg(long, value_name = "OWNER")]
    add: Vec<String>,
    /// Remove an owner
    #[arg(long, value_name = "OWNER")]
    remove: Vec<String>,
    /// Replace all owners in the role by these
    #[arg(long, value_name = "OWNER", value_delimiter = ',', conflicts_with_all = ["add", "remove"])]
    set: Option<Vec<String>>,
}

/// An owner in its text form: a user's id, or APP/ENTITLEMENT.
pub fn entitlement(owner: &str) -> Option<EntitlementRef> {
    let (app, id) = owner.split_once('/')?;
    Some(EntitlementRef::new(AppId::new(app), id))
}

pub async fn run(ctx: &Ctx, c1: &Client, args: Args) -> Result {
    let connector = args.connector.handle(c1);
    let role = connector.owners().role(args.role.as_str());
    let mut changes: Vec<String> = args.add.iter().map(|owner| format!("add {owner}")).collect();
    changes.extend(args.remove.iter().map(|owner| format!("remove {owner}")));
    changes.extend(args.set.iter().map(|owners| format!("set {}", owners.join(", "))));
    if changes.is_empty() {
        return list(ctx, &connector).await;
    }
    let what = format!("owners of {} in the role {}: {}", args.connector, args.role, changes.join("; "));
    let Some(_under) = ctx.write(c1.server(), what)? else { return Ok(()) };
    for owner in &args.add {
        match entitlement(owner) {
            Some(of) => drop(role.add_entitlement(&of).await?),
            None => drop(role.add_user(owner.as_str()).await?),
        }
        ctx.changed();
    }
    for owner in &args.remove {
        match entitlement(owner) {
            Some(of) => role.remove_entitlement(&of).await?,
            None => role.remove_user(owner.as_str()).await?,
        }
        ctx.changed();
    }
    if let Some(owners) = &args.set {
        let owners: Vec<&String> = owners.iter().filter(|owner| !owner.is_empty()).collect();
        let entitlements: Vec<EntitlementRef> = owners.iter().filter_map(|owner| entitlement(owner)).collect();
        let users = owners.iter().filter(|owner| !owner.contains('/')).map(|owner| owner.as_str());
        role.set(users, &entitlements).await?;
    }
    ctx.changed();
    list(ctx, &connector).await
}

async fn list(ctx: &Ctx, connector: &connectors::c1::Connector) -> Result {
    let user = |it: &connectors::c1::types::ConnectorOwnerUser| {
        let user = it.user.as_ref();
        json!({"owner": user.and_then(|it| it.id.as_deref()), "kind": "user", "role": it.role_slug,
            "name": user.and_then(|it| it.display_name.as_deref()), "since": it.created_at})
    };
    let of = |it: &connectors::c1::types::ConnectorOwnerEntitlement| {
        let of = it.app_entitlement.as_ref();
        let ids = of.map(|it| (it.app_id.as_deref().unwrap_or_default(), it.id.as_deref().unwrap_or_default()));
        json!({"owner": ids.map(|(app, id)| format!("{app}/{id}")), "kind": "entitlement", "role": it.role_slug,
            "name": of.and_then(|it| it.display_name.as_deref()), "since": it.created_at})
    };
    let mut rows: Vec<Value> = connector.owners().users().map_ok(|it| user(&it)).try_collect().await?;
    rows.extend(connector.owners().entitlements().map_ok(|it| of(&it)).try_collect::<Vec<_>>().await?);
    ctx.out.rows(&["owner", "kind", "role", "name"], &rows)
}
