//! Converts TOML to entries, and entries to TOML.

use std::path::{Path, PathBuf};

use serde_json::{Map, Number, Value};
use toml_edit::{Array, DocumentMut, InlineTable, Item as Toml, Table, Value as TomlValue, value};

use crate::fail::{Failure, Result};
use crate::near::nearest;
use crate::profile::Service;

use super::model::{Entry, Fields, Item, Name, keys};

/// The version of the files' format.
const VERSION: i64 = 1;

/// The entries of files. A folder stands for its `.toml` files, sorted by name.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Entry>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut inside = Vec::new();
            for entry in std::fs::read_dir(path)? {
                inside.push(entry?.path());
            }
            inside.retain(|it| it.extension().is_some_and(|it| it == "toml"));
            inside.sort();
            files.extend(inside);
        } else {
            files.push(path.clone());
        }
    }
    let mut entries: Vec<Entry> = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).map_err(Failure::of_file(file))?;
        for entry in parse(&text).map_err(|failure| failure.at(&file.display().to_string()))? {
            if entries.iter().any(|known| known.service == entry.service && known.key == entry.key) {
                return Err(Failure::usage(format!("{}: {} is in the file twice", file.display(), entry.label())));
            }
            entries.push(entry);
        }
    }
    if entries.is_empty() {
        return Err(Failure::usage("the files have no connectors"));
    }
    Ok(entries)
}

fn parse(text: &str) -> Result<Vec<Entry>> {
    // Without the parser's message: it quotes the line, which may contain a secret instead of a reference.
    let wrong = |error: toml_edit::TomlError| {
        let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        Failure::usage(format!("line {line}: it is not TOML"))
    };
    let document: DocumentMut = text.parse().map_err(wrong)?;
    let mut entries = Vec::new();
    for (name, item) in document.iter() {
        let service = match name {
            "version" if item.as_integer() == Some(VERSION) => continue,
            "version" => return Err(Failure::usage(format!("this version reads version {VERSION} of files"))),
            "c1" => Service::C1,
            "pipeshub" => Service::Pipeshub,
            other => {
                return Err(Failure::usage(format!(
                    "unknown key `{other}`{}",
                    nearest(other, ["version", "c1", "pipeshub"])
                )));
            }
        };
        let connectors = item.as_table_like().ok_or_else(|| Failure::usage(format!("`{name}` is not a table")))?;
        for (key, connector) in connectors.iter() {
            entries.push(entry(service, key, connector).map_err(|failure| failure.at(&format!("{name}.{key}")))?);
        }
    }
    Ok(entries)
}

fn entry(service: Service, key: &str, item: &Toml) -> Result<Entry> {
    let table = item.as_table_like().ok_or_else(|| Failure::usage("it is not a table"))?;
    let (known, sections) = keys(service);
    let mut entry = Entry { service, key: key.to_owned(), id: None, fields: Fields::default() };
    for (name, item) in table.iter() {
        if sections.contains(&name) {
            let section = item.as_table_like().ok_or_else(|| Failure::usage(format!("`{name}` is not a table")))?;
            for (key, item) in section.iter() {
                entry.fields.set(name, key, of_toml(item).map_err(|failure| failure.at(&format!("{name}.{key}")))?);
            }
            // An empty section has a meaning too.
            if section.is_empty() {
                entry.fields.set("", name, Value::Object(Map::new()));
            }
        } else if known.contains(&name) {
            match of_toml(item)? {
                Item::Value(Value::String(id)) if name == "id" => entry.id = Some(id),
                item => entry.fields.set("", name, item),
            }
        } else {
            let all = known.iter().chain(sections).copied();
            return Err(Failure::usage(format!("unknown key `{name}`{}", nearest(name, all))));
        }
    }
    Ok(entry)
}

fn of_toml(item: &Toml) -> Result<Item> {
    if let Some(table) = item.as_table_like()
        && table.len() == 1
        && let Some(reference) = table.get("secret")
    {
        let reference = reference.as_str().unwrap_or_default().parse();
        return reference.map(Item::Secret).map_err(Failure::usage);
    }
    json(item).map(Item::Value)
}

fn json(item: &Toml) -> Result<Value> {
    let object = |table: &dyn toml_edit::TableLike| -> Result<Value> {
        let members = table.iter().map(|(name, item)| Ok((name.to_owned(), json(item)?)));
        members.collect::<Result<Map<String, Value>>>().map(Value::Object)
    };
    match item {
        Toml::Value(TomlValue::String(it)) => Ok(it.value().as_str().into()),
        Toml::Value(TomlValue::Integer(it)) => Ok((*it.value()).into()),
        Toml::Value(TomlValue::Boolean(it)) => Ok((*it.value()).into()),
        Toml::Value(TomlValue::Datetime(it)) => Ok(it.value().to_string().into()),
        Toml::Value(TomlValue::Float(it)) => {
            let number = Number::from_f64(*it.value()).ok_or_else(|| Failure::usage("a number is not finite"))?;
            Ok(Value::Number(number))
        }
        Toml::Value(TomlValue::Array(items)) => {
            items.iter().map(|it| json(&Toml::Value(it.clone()))).collect::<Result<Vec<_>>>().map(Value::Array)
        }
        Toml::Value(TomlValue::InlineTable(table)) => object(table),
        Toml::Table(table) => object(table),
        Toml::ArrayOfTables(tables) => tables.iter().map(|it| object(it)).collect::<Result<Vec<_>>>().map(Value::Array),
        Toml::None => Ok(Value::Null),
    }
}

/// JSON as a TOML value. TOML has no null, so null members are left out.
fn toml(json: &Value) -> Option<TomlValue> {
    Some(match json {
        Value::Null => return None,
        Value::Bool(it) => (*it).into(),
        Value::Number(it) => match it.as_i64() {
            Some(it) => it.into(),
            None => it.as_f64()?.into(),
        },
        Value::String(it) => it.as_str().into(),
        Value::Array(items) => items.iter().filter_map(toml).collect::<Array>().into(),
        Value::Object(members) => {
            let members = members.iter().filter_map(|(name, value)| Some((name.as_str(), toml(value)?)));
            members.collect::<InlineTable>().into()
        }
    })
}

/// Entries as a file.
pub fn write(entries: &[Entry]) -> String {
    let mut document = DocumentMut::new();
    document.insert("version", value(VERSION));
    for entry in entries {
        let service = document.entry(entry.service.name()).or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Toml::Table(table)
        });
        if let Some(service) = service.as_table_mut() {
            service.insert(&entry.key, Toml::Table(table(entry)));
        }
    }
    document.to_string()
}

fn table(entry: &Entry) -> Table {
    let (known, sections) = keys(entry.service);
    let mut table = Table::new();
    let written = |item: &Item| match item {
        Item::Value(value) => toml(value),
        Item::Secret(reference) => {
            Some(InlineTable::from_iter([("secret", TomlValue::from(reference.to_string()))]).into())
        }
    };
    for key in known {
        let id = entry.id.as_deref().filter(|_| *key == "id").map(TomlValue::from);
        let own = entry.fields.0.get(&Name::new("", key)).and_then(written);
        if let Some(it) = id.or(own) {
            table.insert(key, value(it));
        }
    }
    for section in sections {
        let mut below = Table::new();
        for (key, item) in entry.fields.section(section) {
            if let Some(it) = written(item) {
                below.insert(key, value(it));
            }
        }
        if !below.is_empty() || entry.fields.get("", section).is_some() {
            table.insert(section, Toml::Table(below));
        }
    }
    table
}

/// Whether a path may be written: it does not exist, or this command wrote it.
pub fn may_write(path: &Path, force: bool) -> Result {
    if force || !path.exists() {
        return Ok(());
    }
    Err(Failure::usage(format!("{} already exists; use --force to replace it", path.display())))
}
