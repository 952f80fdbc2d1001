//! The resources that were written to a fake of a document, by path.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The limit on the number of stored resources.
const MOST: usize = 10_000;

#[derive(Default)]
pub(crate) struct Resources {
    /// By path and in order; `None` for deleted ones.
    held: BTreeMap<String, (u64, Option<Value>)>,
    count: u64,
}

impl Resources {
    pub(crate) fn get(&self, path: &str) -> Option<&Value> {
        self.held.get(path)?.1.as_ref()
    }

    pub(crate) fn is_gone(&self, path: &str) -> bool {
        self.held.get(path).is_some_and(|(_, value)| value.is_none())
    }

    pub(crate) fn insert(&mut self, path: &str, value: Value) {
        self.set(path, Some(value));
    }

    pub(crate) fn remove(&mut self, path: &str) {
        self.set(path, None);
    }

    fn set(&mut self, path: &str, value: Option<Value>) {
        if self.held.len() < MOST || self.held.contains_key(path) {
            self.count += 1;
            let number = self.held.get(path).map_or(self.count, |(number, _)| *number);
            self.held.insert(path.to_owned(), (number, value));
        }
    }

    /// The resources directly below a path, oldest first.
    fn below(&self, path: &str) -> Vec<&(u64, Option<Value>)> {
        let start = format!("{path}/");
        let own = self.held.range(start.clone()..).take_while(|(known, _)| known.starts_with(&start));
        let mut own: Vec<_> =
            own.filter(|(known, _)| !known[start.len()..].contains('/')).map(|(_, entry)| entry).collect();
        own.sort_by_key(|(number, _)| *number);
        own
    }

    /// The newest resource below a path.
    pub(crate) fn newest(&self, path: &str) -> Option<&Value> {
        self.below(path).last().and_then(|(_, value)| value.as_ref())
    }

    /// A list of the resources below a path, in the format of an instance; `None` if none was ever written there.
    pub(crate) fn listed(&self, path: &str, instance: &Value) -> Option<Value> {
        let below = self.below(path);
        if below.is_empty() {
            return None;
        }
        let items: Vec<Value> = below.into_iter().filter_map(|(_, value)| value.clone()).collect();
        if instance.is_array() {
            return Some(items.into());
        }
        let mut listing = instance.clone();
        let list = listing.as_object_mut()?.values_mut().find(|value| value.is_array())?;
        *list = items.into();
        Some(listing)
    }

    /// A new resource below a path, with each id that the document may allow, and the path of each: the id in the request,
    /// or unused ones of several forms, the last of which is generated from a number.
    pub(crate) fn identified(
        &self,
        path: &str,
        made: &Value,
        parameter: &str,
        sent: &Value,
        generate: impl FnOnce(u64) -> Option<Value>,
    ) -> Vec<(String, Value)> {
        let Some(name) = id_of(made, parameter) else { return Vec::new() };
        let at = |id: &Value| {
            let id = id.as_str().map(str::to_owned).or_else(|| id.as_u64().map(|id| id.to_string()));
            id.map(|id| format!("{path}/{id}"))
        };
        if let Some(at) = sent.get(&name).and_then(at) {
            return vec![(at, made.clone())];
        }
        let number = self.count + 1;
        let ids = if made[&name].is_string() {
            // A name, a UUID, 24 hexadecimal digits, and a number.
            let uuid = format!("{number:08x}-0000-4000-8000-000000000000");
            vec![json!(format!("x-{number}")), json!(uuid), json!(format!("{number:024x}")), json!(number.to_string())]
        } else {
            vec![json!(number)]
        };
        let with = |id: Value| {
            let at = at(&id).filter(|at| !self.held.contains_key(at))?;
            let mut made = made.clone();
            made[&name] = id;
            Some((at, made))
        };
        ids.into_iter().chain(generate(number)).filter_map(with).collect()
    }

    /// The paths of the stored resources.
    pub(crate) fn paths(&self) -> Vec<&str> {
        self.held.iter().filter(|(_, (_, value))| value.is_some()).map(|(path, _)| path.as_str()).collect()
    }
}

/// The property that is the id: one with the parameter's name, or `id`.
fn id_of(value: &Value, parameter: &str) -> Option<String> {
    let names = || value.as_object().into_iter().flatten().map(|(name, _)| name);
    let same = names().find(|name| fold(name) == fold(parameter));
    same.or_else(|| names().find(|name| fold(name) == "id")).cloned()
}

/// An instance with this id, if it has a property for it.
pub(crate) fn named(instance: &Value, parameter: &str, id: &str) -> Option<Value> {
    let name = id_of(instance, parameter)?;
    let mut instance = instance.clone();
    instance[&name] = match &instance[&name] {
        Value::Number(_) => json!(id.parse::<i64>().ok()?),
        _ => json!(id),
    };
    Some(instance)
}

/// A value with the properties of another one, for the properties that it already has.
pub(crate) fn overlay(mut value: Value, with: &Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        for (name, member) in members.iter_mut() {
            if let Some(other) = with.get(name) {
                member.clone_from(other);
            }
        }
    }
    value
}

/// A name without case and separators.
pub(crate) fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
