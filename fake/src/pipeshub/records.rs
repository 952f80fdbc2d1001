//! Records: reading, browsing and searching them.

use serde_json::{Value, json};

use super::call::{Answered, Call, ok};
use super::problem::Problem;
use super::state::World;
use connectors_mock::Answer;

/// A record's text, or the content that the test has set.
pub(super) fn content(world: &World, call: &Call<'_>) -> Answered {
    if let Some((content_type, bytes)) = world.contents.get(call.id()) {
        return Ok(Answer::new(200, content_type, bytes.clone()));
    }
    let record = world.records.iter().find(|record| record["id"] == call.id());
    // A missing record is not an error.
    let content = record.and_then(|record| record["content"].as_str()).unwrap_or("No record found");
    ok(&json!({"content": content}))
}

/// The children of a node, or all records.
pub(super) fn navigate(world: &World, call: &Call<'_>) -> Answered {
    let node = call.query("nodeId");
    if node == Some("") {
        return Err(Problem::validation("nodeId must not be empty"));
    }
    let page = call.number("page", 1, 1..=usize::MAX)?;
    let limit = call.number("limit", 50, 50..=200)?;
    call.number("depth", 1, 1..=3)?;
    let current = node.and_then(|node| world.records.iter().find(|record| answers_to(record, node)));
    if node.is_some() && current.is_none() {
        return ok(&view(&Value::Null, Vec::new(), Value::Null));
    }
    let is_below = |record: &&Value| current.is_none_or(|current| record["parentId"] == current["id"]);
    let rows: Vec<Value> = world.records.iter().filter(is_below).map(|record| row(world, record)).collect();
    let total = rows.len();
    let start = (page - 1).saturating_mul(limit);
    let shown: Vec<Value> = rows.into_iter().skip(start).take(limit).collect();
    let has_next = start.saturating_add(shown.len()) < total && !shown.is_empty();
    let pagination = json!({"page": page, "limit": limit, "total": total, "has_next": has_next, "has_prev": page > 1});
    ok(&view(current.unwrap_or(&Value::Null), shown, pagination))
}

fn view(current: &Value, rows: Vec<Value>, pagination: Value) -> Value {
    let (node, text) = match current["name"].as_str() {
        Some(name) => (reference(current), format!("{name}: {} below", rows.len())),
        None => (Value::Null, format!("{} records", rows.len())),
    };
    let indexed = if current.is_null() { Value::Null } else { json!("COMPLETED") };
    json!({
        "current": node,
        "breadcrumbs": [],
        "rows": rows,
        "related": [],
        "pagination": pagination,
        "web_url": current["webUrl"],
        "indexing_status": indexed,
        "connector": current["connectorName"],
        "text": text,
    })
}

fn reference(record: &Value) -> Value {
    json!({
        "id": record["id"],
        "name": record["name"],
        "node_type": "record",
        "sub_type": record["recordType"],
        "is_record": true,
    })
}

fn row(world: &World, record: &Value) -> Value {
    let mut row = reference(record);
    let has_children = world.records.iter().any(|other| other["parentId"] == record["id"]);
    row["has_children"] = json!(has_children);
    row["detail"] = Value::Null;
    row["web_url"] = record["webUrl"].clone();
    row["indexing_status"] = json!("COMPLETED");
    row
}

/// Whether an identifier belongs to a record: its own, or one of its source.
fn answers_to(record: &Value, name: &str) -> bool {
    ["id", "externalId", "webUrl"].into_iter().any(|field| record[field] == name)
}

/// Searches records by identifiers of their source. A missing one is not an error.
pub(super) fn lookup(world: &World, call: &Call<'_>) -> Answered {
    let mut identifiers = call.queries("identifiers");
    identifiers.retain(|identifier| !identifier.trim().is_empty());
    if !(1..=10).contains(&identifiers.len()) {
        return Err(Problem::validation("1 to 10 identifiers are required"));
    }
    let (mut matches, mut missing) = (Vec::new(), Vec::new());
    let mut ambiguous = false;
    for identifier in identifiers {
        let before = matches.len();
        let found = world.records.iter().filter(|record| answers_to(record, identifier));
        matches.extend(found.map(|record| {
            json!({
                "id": record["id"],
                "name": record["name"],
                "record_type": record["recordType"],
                "connector_name": record["connectorName"],
                "web_url": record["webUrl"],
                "indexing_status": "COMPLETED",
                "identifier_used": identifier,
                "external_id": record["externalId"],
            })
        }));
        match matches.len() - before {
            0 => missing.push(identifier),
            1 => {}
            _ => ambiguous = true,
        }
    }
    let text = format!("{} found, {} not", matches.len(), missing.len());
    ok(&json!({
        "matches": matches,
        "ambiguous": ambiguous,
        "not_found_identifiers": missing,
        "text": text,
    }))
}
