//! Compares the files with the existing connectors: finds the connector of each entry, and its changes.

use std::collections::BTreeSet;

use connectors::{c1 as c1_client, pipeshub as pipeshub_client};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::ctx::Ctx;
use crate::fail::{Failure, Kind, Result};
use crate::profile::Service;

use super::diff::{Action, Diff, Step, diff};
use super::model::{Entry, Fields};
use super::{c1, pipeshub};

/// The number of calls in flight while owners are read.
const READERS: usize = 8;

/// The existing object of an entry.
#[derive(Clone, Debug)]
pub enum Found {
    C1(c1::Found),
    Pipeshub(pipeshub::Found),
}

/// A step, and its existing object.
pub struct Planned {
    pub step: Step,
    pub found: Option<Found>,
}

/// The clients that a plan needs.
pub struct Clients {
    pub c1: Option<c1_client::Client>,
    pub pipeshub: Option<pipeshub_client::Client>,
}

impl Clients {
    pub async fn of(ctx: &Ctx, entries: &[Entry]) -> Result<Self> {
        let has = |service| entries.iter().any(|entry| entry.service == service);
        Ok(Self {
            c1: if has(Service::C1) { Some(ctx.c1().await?) } else { None },
            pipeshub: if has(Service::Pipeshub) { Some(ctx.pipeshub().await?) } else { None },
        })
    }

    /// The servers, for messages.
    pub fn servers(&self) -> String {
        let servers = [self.c1.as_ref().map(|it| it.server()), self.pipeshub.as_ref().map(|it| it.server())];
        let host = |url: &str| url.split_once("://").map_or(url, |(_, host)| host).to_owned();
        servers.into_iter().flatten().map(host).collect::<Vec<_>>().join(", ")
    }
}

/// The options of a plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scope {
    /// Whether connectors without an entry are deleted.
    pub prune: bool,
    /// Whether secrets are sent without a visible change.
    pub secrets: bool,
}

/// The facts by which an entry is matched with a connector.
struct Candidate {
    place: String,
    id: String,
    name: String,
    /// The entry that is creating it.
    creating: Option<String>,
}

/// The candidate of each entry: by id, by the marker of an incomplete creation, and by name.
fn matched(entries: &[&Entry], place: fn(&Fields) -> String, candidates: &[Candidate]) -> Result<Vec<Option<usize>>> {
    let mut matched: Vec<Option<usize>> = vec![None; entries.len()];
    let mut taken = BTreeSet::new();
    type Test = fn(&Entry, &str, &Candidate) -> bool;
    // Within PipesHub an id is unique. Within C1 it belongs to an app.
    let by_id: Test = |entry, place, it| {
        entry.id.as_ref() == Some(&it.id) && (entry.service == Service::Pipeshub || it.place == place)
    };
    let by_creation: Test = |entry, place, it| it.creating.as_ref() == Some(&entry.key) && it.place == place;
    let by_name: Test = |entry, place, it| {
        it.place == place && entry.fields.text("name").is_some_and(|name| name == it.name) && it.creating.is_none()
    };
    let mut named = BTreeSet::new();
    for entry in entries {
        let Some(id) = &entry.id else { continue };
        let place = place(&entry.fields);
        match candidates.iter().position(|it| by_id(entry, &place, it)) {
            Some(index) if named.insert(index) => {}
            Some(_) => return Err(Failure::usage(format!("{}: another entry has the same `id`", entry.label()))),
            None => {
                let at = if entry.service == Service::C1 { format!(" in the app `{place}`") } else { String::new() };
                let message = format!("{}: there is no connector with the id `{id}`{at}", entry.label());
                return Err(Failure::new(Kind::NotFound, message));
            }
        }
    }
    for test in [by_id, by_creation, by_name] {
        for (entry, slot) in entries.iter().zip(&mut matched).filter(|(_, slot)| slot.is_none()) {
            let place = place(&entry.fields);
            let hits: Vec<usize> = candidates
                .iter()
                .enumerate()
                .filter(|(index, it)| !taken.contains(index) && test(entry, &place, it))
                .map(|(index, _)| index)
                .collect();
            match hits.as_slice() {
                [] => {}
                [one] => {
                    taken.insert(*one);
                    *slot = Some(*one);
                }
                several => {
                    let ids: Vec<&str> =
                        several.iter().filter_map(|it| Some(candidates.get(*it)?.id.as_str())).collect();
                    let message = format!(
                        "{} can mean several connectors: set its `id` to one of {}",
                        entry.label(),
                        ids.join(", ")
                    );
                    return Err(Failure::new(Kind::Conflict, message));
                }
            }
        }
    }
    Ok(matched)
}

/// Two entries with the same identity would become one connector.
fn check_names(entries: &[&Entry], matched: &[Option<usize>], place: fn(&Fields) -> String) -> Result {
    let mut names = BTreeSet::new();
    for (entry, _) in entries.iter().zip(matched).filter(|(_, found)| found.is_none()) {
        let Some(name) = entry.fields.text("name") else {
            return Err(Failure::usage(format!(
                "{} does not exist, and has no name for a new connector",
                entry.label()
            )));
        };
        if !names.insert((place(&entry.fields), name)) {
            return Err(Failure::usage(format!("{}: another entry has the same place and name", entry.label())));
        }
    }
    Ok(())
}

/// The whole plan, in the order of the files: first C1, then PipesHub. Deletions come last.
pub async fn build(clients: &Clients, entries: &[Entry], only: &[String], scope: Scope) -> Result<Vec<Planned>> {
    if let Some(unknown) =
        only.iter().find(|it| !entries.iter().any(|entry| entry.key == **it || entry.label() == **it))
    {
        return Err(Failure::usage(format!("--only {unknown}: the files have no such connector")));
    }
    if scope.prune && !only.is_empty() {
        return Err(Failure::usage("--prune and --only exclude each other"));
    }
    let wanted = |service| -> Vec<&Entry> { entries.iter().filter(|entry| entry.service == service).collect() };
    let mut planned = Vec::new();
    if let Some(client) = &clients.c1 {
        planned.extend(of_c1(client, &wanted(Service::C1), scope).await?);
    }
    if let Some(client) = &clients.pipeshub {
        planned.extend(of_pipeshub(client, &wanted(Service::Pipeshub), scope).await?);
    }
    let chosen = |entry: &Entry| only.is_empty() || only.iter().any(|it| *it == entry.key || *it == entry.label());
    planned.retain(|it| chosen(&it.step.entry));
    planned.sort_by_key(|it| it.step.action == Action::Delete);
    Ok(planned)
}

async fn of_c1(client: &c1_client::Client, entries: &[&Entry], scope: Scope) -> Result<Vec<Planned>> {
    let place: fn(&Fields) -> String = |fields| fields.text("app").unwrap_or_default().to_owned();
    if let Some(entry) = entries.iter().find(|entry| place(&entry.fields).is_empty()) {
        return Err(Failure::usage(format!("{} needs `app`", entry.label())));
    }
    let apps: BTreeSet<String> = entries.iter().map(|entry| place(&entry.fields)).collect();
    let found = c1::list(client, Some(&apps)).await?;
    let creating = |data: &c1_client::types::Connector| {
        let text = data.description.as_deref()?;
        Some(text.strip_prefix(c1::marker("").as_str())?.to_owned())
    };
    let candidates: Vec<Candidate> = found
        .iter()
        .map(|it| Candidate {
            place: it.app().to_owned(),
            id: it.id().to_owned(),
            name: it.data.display_name.clone().unwrap_or_default(),
            creating: creating(&it.data),
        })
        .collect();
    let matches = matched(entries, place, &candidates)?;
    check_names(entries, &matches, place)?;
    let catalogs = entries.iter().zip(&matches).filter_map(|(entry, hit)| {
        let there = hit.and_then(|index| found.get(index)?.data.catalog_id.clone());
        Some((place(&entry.fields), entry.fields.text("catalog").map(str::to_owned).or(there)?))
    });
    let schemas = c1::schemas(client, catalogs.collect()).await?;
    let compared = stream::iter(entries.iter().zip(&matches).map(|(entry, hit)| {
        let (there, schemas) = (hit.and_then(|index| found.get(index)), &schemas);
        async move {
            let wanted = c1::normal(&entry.fields);
            let mut now = there.map(c1::fields).unwrap_or_default();
            if let Some(there) = there.filter(|_| wanted.section("owners").next().is_some()) {
                c1::owners(&there.handle, &mut now).await?;
            }
            let planned = step(entry, wanted, &now, Some("config"), scope, there.map(|it| it.id().to_owned()));
            if planned.action == Action::Create && entry.fields.text("catalog").is_none() {
                return Err(Failure::usage(format!("{} does not exist, and needs `catalog`", entry.label())));
            }
            c1::check_owners(&entry.fields).map_err(|it| it.at(&entry.label()))?;
            let catalog = entry.fields.text("catalog").or(there.and_then(|it| it.data.catalog_id.as_deref()));
            let is_new = planned.action == Action::Create;
            if is_new || planned.diff.touches("config") {
                let schema = catalog.and_then(|catalog| schemas.get(catalog));
                let missing = || Failure::usage(format!("{}: the catalog has no entry {catalog:?}", entry.label()));
                let hosted = is_new
                    && (entry.fields.get("", "config").is_some() || entry.fields.section("config").next().is_some());
                if hosted || !is_new {
                    c1::check(&planned.entry.fields, schema.ok_or_else(missing)?)
                        .map_err(|it| it.at(&entry.label()))?;
                }
            }
            Ok::<_, Failure>(Planned { step: planned, found: there.cloned().map(Found::C1) })
        }
    }));
    let mut planned: Vec<Planned> = compared.buffered(READERS).try_collect().await?;
    if scope.prune {
        let kept: BTreeSet<usize> = matches.iter().flatten().copied().collect();
        let gone = found.iter().enumerate().filter(|(index, _)| !kept.contains(index));
        planned.extend(gone.map(|(_, it)| deletion(Service::C1, it.id(), c1::fields(it), Found::C1(it.clone()))));
    }
    Ok(planned)
}

async fn of_pipeshub(client: &pipeshub_client::Client, entries: &[&Entry], scope: Scope) -> Result<Vec<Planned>> {
    let place: fn(&Fields) -> String =
        |fields| format!("{} {}", fields.text("type").unwrap_or_default(), pipeshub::scope(fields));
    let found = pipeshub::list(client).await?;
    let candidates: Vec<Candidate> = found
        .iter()
        .map(|it| Candidate {
            place: place(&pipeshub::fields(it)),
            id: it.id().to_owned(),
            name: it.data.instance_name.clone().unwrap_or_default(),
            creating: None,
        })
        .collect();
    let matches = matched(entries, place, &candidates)?;
    check_names(entries, &matches, place)?;
    let pairs = entries.iter().zip(&matches).map(|(entry, hit)| {
        let there = hit.and_then(|index| found.get(index));
        let now = there.map(pipeshub::fields).unwrap_or_default();
        (*entry, there, pipeshub::completed(&entry.fields, &now), now)
    });
    let pairs: Vec<_> = pairs.collect();
    let types = pairs.iter().filter_map(|(_, _, wanted, _)| wanted.text("type").map(str::to_owned)).collect();
    let schemas = pipeshub::schemas(client, types).await?;
    let mut planned = Vec::new();
    for (entry, there, wanted, now) in pairs {
        let step = step(entry, wanted, &now, None, scope, there.map(|it| it.id().to_owned()));
        let is_new = step.action == Action::Create;
        if is_new || step.diff.touches("auth") {
            let fields = &step.entry.fields;
            let untyped = || Failure::usage(format!("{} does not exist, and needs `type`", entry.label()));
            let kind = fields.text("type").ok_or_else(untyped)?;
            let missing = || Failure::usage(format!("{}: there is no type `{kind}`", entry.label()));
            let schema = schemas.get(kind).ok_or_else(missing)?;
            pipeshub::check(fields, schema, is_new).map_err(|it| it.at(&entry.label()))?;
        }
        planned.push(Planned { step, found: there.cloned().map(Found::Pipeshub) });
    }
    if scope.prune {
        let kept: BTreeSet<usize> = matches.iter().flatten().copied().collect();
        let gone = found.iter().enumerate().filter(|(index, _)| !kept.contains(index));
        let gone =
            gone.map(|(_, it)| deletion(Service::Pipeshub, it.id(), pipeshub::fields(it), Found::Pipeshub(it.clone())));
        planned.extend(gone);
    }
    Ok(planned)
}

fn step(entry: &Entry, wanted: Fields, now: &Fields, whole: Option<&str>, scope: Scope, id: Option<String>) -> Step {
    let is_new = id.is_none();
    let diff = diff(&wanted, now, whole, scope.secrets || is_new);
    let action = match (is_new, diff.changes.is_empty()) {
        (true, _) => Action::Create,
        (false, true) => Action::Nothing,
        (false, false) => Action::Change,
    };
    Step { entry: Entry { fields: wanted, ..entry.clone() }, id, action, diff }
}

fn deletion(service: Service, id: &str, fields: Fields, found: Found) -> Planned {
    let entry = Entry { service, key: id.to_owned(), id: Some(id.to_owned()), fields };
    let step = Step { entry, id: Some(id.to_owned()), action: Action::Delete, diff: Diff::default() };
    Planned { step, found: Some(found) }
}
