//! Exports the existing connectors to files, with references instead of secrets.

use std::collections::{BTreeMap, BTreeSet};

use connectors::{c1 as c1_client, pipeshub as pipeshub_client};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::fail::{Failure, Result};
use crate::profile::Service;
use crate::redact::{holds_secret, is_secret};
use crate::reference::Reference;

use super::model::{Entry, Fields, Item};
use super::{c1, pipeshub};

/// The number of calls in flight.
const READERS: usize = 8;

/// The connectors of C1, and the parts of them that a file cannot express.
pub async fn of_c1(client: &c1_client::Client, apps: &[String]) -> Result<(Vec<Entry>, Vec<String>)> {
    let apps: BTreeSet<String> = apps.iter().cloned().collect();
    let found = c1::list(client, Some(&apps).filter(|apps| !apps.is_empty())).await?;
    let catalogs = found
        .iter()
        .filter_map(|it| Some((it.app().to_owned(), it.data.catalog_id.clone().filter(|id| !id.is_empty())?)));
    let schemas = c1::schemas(client, catalogs.collect()).await?;
    let read = stream::iter(found.iter().map(|it| async move {
        let mut fields = c1::fields(it);
        c1::owners(&it.handle, &mut fields).await?;
        Ok::<_, Failure>((it.id().to_owned(), fields))
    }));
    let read: Vec<(String, Fields)> = read.buffered(READERS).try_collect().await?;
    let mut entries = Vec::new();
    let mut notes = Vec::new();
    let mut keys = Keys::default();
    for ((id, fields), it) in read.into_iter().zip(&found) {
        for key in c1::unsayable(&it.data) {
            notes.push(format!("{}/{id}: config.{key} cannot be expressed in a file, and is not changed", it.app()));
        }
        let schema = fields.text("catalog").and_then(|it| schemas.get(it));
        let secrets = c1::secret_keys(schema, &fields);
        entries.push(entry(Service::C1, &mut keys, id, fields, "config", &secrets, &mut notes));
    }
    Ok((entries, notes))
}

/// The connectors of PipesHub, and the parts of them that a file cannot express.
pub async fn of_pipeshub(client: &pipeshub_client::Client) -> Result<(Vec<Entry>, Vec<String>)> {
    let found = pipeshub::list(client).await?;
    let types = found.iter().filter_map(|it| it.data.connector_type.clone()).collect();
    let schemas = pipeshub::schemas(client, types).await?;
    let mut entries = Vec::new();
    let mut notes = Vec::new();
    let mut keys = Keys::default();
    for it in &found {
        let fields = pipeshub::fields(it);
        let secrets = pipeshub::secret_keys(fields.text("type").and_then(|it| schemas.get(it)), &fields);
        entries.push(entry(Service::Pipeshub, &mut keys, it.id().to_owned(), fields, "auth", &secrets, &mut notes));
    }
    Ok((entries, notes))
}

/// Unique names for entries.
#[derive(Default)]
struct Keys(BTreeMap<String, usize>, BTreeSet<String>);

impl Keys {
    /// An unused variable name: the value of one secret must not be used for another.
    fn variable(&mut self, name: String) -> String {
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        // There are more numbers than names.
        let free = std::iter::once(name.clone()).chain(numbered).find(|it| !self.1.contains(it)).unwrap_or_default();
        self.1.insert(free.clone());
        free
    }

    fn of(&mut self, name: &str) -> String {
        let words =
            name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect::<String>();
        let slug = words.split_whitespace().collect::<Vec<_>>().join("-");
        let slug = if slug.is_empty() { "connector".to_owned() } else { slug };
        let count = self.0.entry(slug.clone()).or_default();
        *count += 1;
        // Another name may be equal to this one with a number. Then the next number is used.
        if *count == 1 {
            slug
        } else {
            let numbered = format!("{slug}-{count}");
            self.of_free(numbered)
        }
    }

    fn of_free(&mut self, numbered: String) -> String {
        if self.0.contains_key(&numbered) {
            self.of(&numbered)
        } else {
            self.0.insert(numbered.clone(), 1);
            numbered
        }
    }
}

fn entry(
    service: Service,
    keys: &mut Keys,
    id: String,
    mut fields: Fields,
    section: &str,
    secrets: &BTreeSet<String>,
    notes: &mut Vec<String>,
) -> Entry {
    let key = keys.of(fields.text("name").unwrap_or(&id));
    let has_section = fields.get("", section).is_some() || fields.section(section).next().is_some();
    for secret in secrets.iter().filter(|_| has_section) {
        let variable = format!("{}_{key}_{secret}", service.name()).to_uppercase();
        let variable: String = variable.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let variable = keys.variable(variable);
        fields.set(section, secret, Item::Secret(Reference::Env(variable)));
    }
    fields.0.retain(|name, item| {
        let is_other = !name.section.is_empty() && name.section != section && name.section != "owners";
        let hides = match item {
            Item::Value(value) => holds_secret(value) || (is_other && is_secret(&name.key)),
            Item::Secret(_) => false,
        };
        if hides {
            notes.push(format!("{}.{key}: {name} may contain a secret, and is left out of the file", service.name()));
        }
        !hides
    });
    Entry { service, key, id: Some(id), fields }
}
