//! The owners of connectors: users and entitlements, each in a role.

use serde_json::{Value, json};

use super::call::Call;
use super::problem::Problem;
use super::state::{Owner, Subject, World};

/// Replaces all owners in one role.
pub(super) fn set(world: &mut World, call: &Call<'_>) -> Result<Value, Problem> {
    let (app_id, connector_id) = call.ids();
    world.live(call.ids())?;
    let role = call.required("roleSlug", "role_slug")?;
    let list = |name: &str| call.body[name].as_array().into_iter().flatten();
    let users = list("userRefs").map(|user| Subject::User(text(&user["id"])));
    let entitlements = list("appEntitlementRefs").map(entitlement);
    let mut subjects: Vec<Subject> = Vec::new();
    for subject in users.chain(entitlements) {
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    for owner in &mut world.owners {
        if owner.app_id == app_id && owner.connector_id == connector_id && owner.role == role {
            owner.removed = true;
        }
    }
    for subject in subjects {
        add(world, app_id, connector_id, role, subject);
    }
    Ok(json!({}))
}

/// Lists users or entitlements, in one role or in all.
pub(super) fn search(world: &mut World, call: &Call<'_>) -> Result<Value, Problem> {
    let (app_id, connector_id) = call.ids();
    world.live(call.ids())?;
    let role = call.query.get("role_slug").map_or("", String::as_str);
    let of_users = call.operation.ends_with("UserOwners");
    let owners = world.owners.iter().enumerate().filter(|(_, owner)| {
        !owner.removed
            && owner.app_id == app_id
            && owner.connector_id == connector_id
            && (role.is_empty() || owner.role == role)
            && matches!(owner.subject, Subject::User(_)) == of_users
    });
    let shown = owners.map(|(place, owner)| (place, show(world, owner))).collect();
    let scope = format!("{} of {app_id} {connector_id} as {role:?}", call.operation);
    world.page(&scope, &call.query, shown)
}

pub(super) fn get(world: &mut World, call: &Call<'_>) -> Result<Value, Problem> {
    let place = find(world, call)?;
    Ok(answer(world, &world.owners[place]))
}

pub(super) fn create(world: &mut World, call: &Call<'_>) -> Result<Value, Problem> {
    let (app_id, connector_id) = call.ids();
    world.live(call.ids())?;
    let subject = subject(call);
    let named = match &subject {
        Subject::User(_) => &call.body["userRef"],
        Subject::Entitlement { .. } => &call.body["appEntitlementRef"],
    };
    let agrees = named.is_null()
        || match &subject {
            Subject::User(id) => named["id"] == *id,
            Subject::Entitlement { .. } => entitlement(named) == subject,
        };
    if !agrees {
        return Err(Problem::new(400, "the body names another owner than the path"));
    }
    if find(world, call).is_ok() {
        return Err(Problem::new(409, "this owner exists"));
    }
    let role = call.path("role_slug");
    let place = add(world, app_id, connector_id, role, subject);
    Ok(answer(world, &world.owners[place]))
}

pub(super) fn delete(world: &mut World, call: &Call<'_>) -> Result<Value, Problem> {
    let place = find(world, call)?;
    world.owners[place].removed = true;
    Ok(json!({}))
}

/// The owner in a call's path.
fn subject(call: &Call<'_>) -> Subject {
    match call.path("user_ref_id") {
        "" => Subject::Entitlement {
            app_id: call.path("app_entitlement_ref_app_id").to_owned(),
            id: call.path("app_entitlement_ref_id").to_owned(),
        },
        id => Subject::User(id.to_owned()),
    }
}

fn find(world: &mut World, call: &Call<'_>) -> Result<usize, Problem> {
    let (app_id, connector_id) = call.ids();
    world.live(call.ids())?;
    let (role, subject) = (call.path("role_slug"), subject(call));
    let place = world.owners.iter().position(|owner| {
        !owner.removed
            && owner.app_id == app_id
            && owner.connector_id == connector_id
            && owner.role == role
            && owner.subject == subject
    });
    place.ok_or_else(|| Problem::not_found("owner in the role", role))
}

fn add(world: &mut World, app_id: &str, connector_id: &str, role: &str, subject: Subject) -> usize {
    world.owners.push(Owner {
        app_id: app_id.to_owned(),
        connector_id: connector_id.to_owned(),
        role: role.to_owned(),
        subject,
        created_at: world.clock.stamp(),
        removed: false,
    });
    world.owners.len() - 1
}

fn entitlement(reference: &Value) -> Subject {
    Subject::Entitlement { app_id: text(&reference["appId"]), id: text(&reference["id"]) }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn show(world: &World, owner: &Owner) -> Value {
    let mut shown = json!({
        "appId": owner.app_id,
        "connectorId": owner.connector_id,
        "roleSlug": owner.role,
        "createdAt": owner.created_at,
    });
    match &owner.subject {
        Subject::User(id) => shown["user"] = world.user(id),
        Subject::Entitlement { app_id, id } => {
            shown["appEntitlement"] = json!({"appId": app_id, "id": id, "displayName": id});
        }
    }
    shown
}

fn answer(world: &World, owner: &Owner) -> Value {
    let field = match owner.subject {
        Subject::User(_) => "connectorOwnerUser",
        Subject::Entitlement { .. } => "connectorOwnerEntitlement",
    };
    json!({field: show(world, owner)})
}
