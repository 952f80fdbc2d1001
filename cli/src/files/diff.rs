//! The changes between wanted and existing fields, field by field.

use serde_json::{Value, json};

use crate::redact::{is_secret, redact};

use super::model::{Entry, Fields, Item, Name};

/// The action for one connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Create,
    Change,
    Delete,
    Nothing,
}

impl Action {
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Delete => "delete",
            Self::Nothing => "nothing",
        }
    }
}

/// The change of one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub name: Name,
    pub from: Option<Item>,
    pub to: Option<Item>,
}

/// The result of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    pub changes: Vec<Change>,
    /// Fields that cannot be compared, or are not changed.
    pub notes: Vec<String>,
}

impl Diff {
    pub fn touches(&self, section: &str) -> bool {
        self.changes.iter().any(|change| change.name.section == section)
    }

    pub fn has(&self, key: &str) -> bool {
        self.changes.iter().any(|change| change.name == Name::new("", key))
    }
}

/// Whether a field has the wanted value. An empty text, an empty list and an absent field are equal.
fn same(wanted: &Item, found: Option<&Item>) -> bool {
    match (wanted, found) {
        (Item::Value(Value::String(text)), None) => text.is_empty(),
        (Item::Value(Value::Array(items)), None) => items.is_empty(),
        (Item::Value(Value::Object(members)), None) => members.is_empty(),
        (wanted, found) => Some(wanted) == found,
    }
}

/// Whether a field has the value of a new connector.
fn is_unset(item: &Item) -> bool {
    matches!(item, Item::Value(Value::Bool(false)))
        || matches!(item, Item::Value(Value::Object(members)) if members.is_empty())
}

/// Compares wanted fields with the existing ones. Fields that are not wanted stay, except in the section `whole`, if
/// there is one, which is replaced as a whole. With `secrets`, all secrets count as changed.
pub fn diff(wanted: &Fields, found: &Fields, whole: Option<&str>, secrets: bool) -> Diff {
    let mut diff = Diff::default();
    for (name, item) in &wanted.0 {
        let there = found.0.get(name);
        match item {
            Item::Secret(reference) if !secrets => {
                diff.notes.push(format!(
                    "{name} is a secret ({reference}): the service does not show it, so it is not compared"
                ));
            }
            item if same(item, there) => {}
            item => diff.changes.push(Change { name: name.clone(), from: there.cloned(), to: Some(item.clone()) }),
        }
    }
    let whole = whole.filter(|it| wanted.section(it).next().is_some() || wanted.get("", it).is_some());
    for (name, item) in found.0.iter().filter(|(name, _)| !wanted.0.contains_key(name)) {
        if whole.is_some_and(|whole| name.section == whole) {
            diff.changes.push(Change { name: name.clone(), from: Some(item.clone()), to: None });
        } else if !is_unset(item) {
            diff.notes.push(format!("{name} is set and not in the file: it is not changed"));
        }
    }
    diff
}

/// The action for a connector, with its name in the service.
#[derive(Clone, Debug)]
pub struct Step {
    /// The entry of the file; for a deletion, the existing connector.
    pub entry: Entry,
    pub id: Option<String>,
    pub action: Action,
    pub diff: Diff,
}

impl Step {
    /// The lines of a plan.
    pub fn rows(&self) -> Vec<Value> {
        let row = |field: String, from: Value, to: Value| {
            json!({"connector": self.entry.label(), "id": self.id, "action": self.action.name(), "field": field,
                "from": from, "to": to})
        };
        if self.action == Action::Delete {
            return vec![row(String::new(), json!(self.entry.fields.text("name")), Value::Null)];
        }
        let shown = |item: &Option<Item>| match item {
            None => Value::Null,
            Some(Item::Value(value)) => value.clone(),
            Some(Item::Secret(reference)) => json!(format!("secret {reference}")),
        };
        let rows = self.diff.changes.iter().map(|it| {
            // The existing value may be the secret itself, in a service that returns secrets.
            let hides = matches!(it.to, Some(Item::Secret(_))) || is_secret(&it.name.key);
            let shown = |item: &Option<Item>| match item {
                Some(Item::Value(_)) if hides => json!("[redacted]"),
                item => {
                    let mut value = shown(item);
                    redact(&mut value);
                    value
                }
            };
            row(it.name.to_string(), shown(&it.from), shown(&it.to))
        });
        rows.collect()
    }
}
