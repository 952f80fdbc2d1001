//! The registry: the connector types, and their configuration schemas.

use serde_json::{Value, json};

use super::call::{Answered, Call, check_scope, ok, page, search};
use super::problem::Problem;
use super::state::World;

/// A type as the registry lists it. Its schema needs another call.
fn shown(kind: &Value, scope: &str) -> Value {
    let mut shown = kind.clone();
    shown["scope"] = json!(scope);
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("config");
        // Fields of the fake itself.
        fields.remove("options");
    }
    shown
}

/// The schema of a type, with the registry's further fields.
pub(super) fn whole_schema(kind: &Value) -> Value {
    let mut schema = kind["config"].clone();
    for field in ["iconPath", "supportsRealtime", "supportsSync", "supportsAgent"] {
        schema[field] = kind[field].clone();
    }
    schema
}

pub(super) fn list(world: &World, call: &Call<'_>) -> Answered {
    let scope = call.scope()?;
    let types = world.types.iter().filter(|kind| supports(&kind["scope"], scope));
    let items = search(call, types.map(|kind| shown(kind, scope)).collect());
    let (connectors, pagination) = page(call, items, false)?;
    let count = |scope: &str| world.types.iter().filter(|kind| supports(&kind["scope"], scope)).count();
    let counts = json!({"team": count("team"), "personal": count("personal")});
    ok(&json!({
        "success": true,
        "connectors": connectors,
        "pagination": pagination,
        "registryCountsByScope": counts,
    }))
}

/// The raw schema: `auth`, `sync`, `filters`, and further fields of the registry.
pub(super) fn schema(world: &World, call: &Call<'_>) -> Answered {
    let kind = world.kind(call.id())?;
    ok(&json!({"success": true, "schema": whole_schema(kind)}))
}

fn supports(list: &Value, wanted: &str) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|known| known == wanted))
}

/// Whether connectors of a type can have a scope.
pub(super) fn check_scope_of(kind: &Value, scope: &str) -> Result<(), Problem> {
    check_scope(scope)?;
    if !supports(&kind["scope"], scope) {
        return Err(Problem::new(400, format!("{} connectors cannot be in scope {scope}", kind["type"])));
    }
    Ok(())
}

/// The requested authentication method if the type supports it, else the type's first.
pub(super) fn auth_type(kind: &Value, asked: Option<&str>) -> Result<String, Problem> {
    let first = kind["supportedAuthTypes"][0].as_str().unwrap_or("NONE");
    let auth_type = asked.unwrap_or(first);
    if !supports(&kind["supportedAuthTypes"], auth_type) && asked.is_some() {
        return Err(Problem::new(400, format!("{} connectors do not support {auth_type}", kind["type"])));
    }
    Ok(auth_type.to_owned())
}
