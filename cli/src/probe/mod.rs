//! `connectors probe`: reads from a live service, and reports where its document and its fake are wrong.

mod plan;

use std::collections::BTreeMap;
use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use connectors::reqwest::{self, redirect};
use connectors::{Connection, Error, SendError, Sender, UntypedCall, c1, pipeshub};
use connectors_fake::c1::Tenant;
use connectors_fake::pipeshub::Instance;
use connectors_fake::probe::{Probe, Report};
use connectors_fake::recording::Recorder;
use serde_json::{Value, json};

use self::plan::Step;
use crate::ctx::{Ctx, host, planned};
use crate::fail::{Failure, Kind, Result};
use crate::out::say;
use crate::profile::{self, Service};

#[derive(clap::Args)]
pub struct Args {
    /// The service
    #[arg(value_enum)]
    service: Service,
    /// Read without a question
    #[arg(long)]
    yes: bool,
    /// The number of items of each list that are read one by one
    #[arg(long, default_value_t = 5, value_name = "NUMBER")]
    items: usize,
    /// Compare with this document (JSON, with its overlays applied) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    /// Record requests and responses to this new file. It replaces texts and large numbers, except texts that are in
    /// the document, and times if the document or the name of the property declares one
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// The sender to the network.
fn network(url: &str) -> Result<impl Sender + use<>> {
    connectors::provide_tls();
    let mut http = reqwest::Client::builder().redirect(redirect::Policy::none());
    if url.starts_with("http:") {
        // Plain http is for this machine only.
        http = http.no_proxy();
    }
    let failed = |error: reqwest::Error| Failure::usage(format!("the HTTP client cannot be set up: {error}"));
    let http = http.build().map_err(failed)?;
    Ok(move |request: reqwest::Request| {
        let http = http.clone();
        async move { http.execute(request).await.map_err(SendError::from) }
    })
}

/// The service to probe, and the options.
struct Subject<'a> {
    probe: &'a Arc<Probe>,
    steps: &'static [Step],
    url: &'a str,
    /// The file of the recording, and the document whose texts it keeps.
    record: Option<(&'a Path, &'static str)>,
}

impl Subject<'_> {
    /// A connection through which the probe sees each response.
    fn connection(&self) -> Result<Connection> {
        let operations: Vec<&str> = self.steps.iter().map(|step| step.operation).collect();
        let network = network(self.url)?;
        Ok(match self.record {
            None => Connection::new().sender(self.probe.watch(&operations, network)),
            Some((file, document)) => {
                let recorder = Recorder::create(file, document, network).map_err(Failure::of_file(file))?;
                Connection::new().sender(self.probe.watch(&operations, recorder))
            }
        })
    }
}

pub async fn run(ctx: &Ctx, args: Args) -> Result {
    let (steps, built_in, server) = match args.service {
        Service::C1 => (plan::C1, c1::DOCUMENT, ctx.c1().await?.server().to_owned()),
        Service::Pipeshub => (plan::PIPESHUB, pipeshub::DOCUMENT, ctx.pipeshub().await?.server().to_owned()),
    };
    let host = host(&server);
    if ctx.globals.dry_run {
        let what = |step: &Step| format!("read {}", step.operation);
        let rows: Vec<Value> = steps.iter().map(|step| planned(Some(host), &what(step), Value::Null)).collect();
        return ctx.out.would(&rows);
    }
    let text = match &args.document {
        Some(file) => Some(std::fs::read_to_string(file).map_err(Failure::of_file(file))?),
        None => None,
    };
    let document = text.as_deref().unwrap_or(built_in);
    let parsed = || Probe::new(document).map_err(|_| Failure::usage("the document is not JSON"));
    let (live, fake) = (Arc::new(parsed()?), Arc::new(parsed()?));
    agreed(ctx, &args, host, steps)?;
    let named = ctx.globals.profile.as_deref();
    let record = args.record.as_deref().map(|file| (file, built_in));
    let subject = Subject { probe: &live, steps, url: &server, record };
    let unread = match args.service {
        Service::C1 => {
            let read = async |credentials, subject: Subject<'_>| {
                let client = c1::Client::builder(credentials).connection(subject.connection()?).build()?;
                read(steps, args.items, |name| client.operation(name)).await
            };
            let unread = read(profile::c1(named).await?, subject).await?;
            let tenant = Tenant::start().await?;
            let credentials = c1::Credentials::client(tenant.client_id(), tenant.client_secret());
            read(credentials, Subject { probe: &fake, steps, url: tenant.url(), record: None }).await?;
            unread
        }
        Service::Pipeshub => {
            let read = async |credentials, subject: Subject<'_>| {
                let client = pipeshub::Client::builder(credentials).connection(subject.connection()?).build()?;
                read(steps, args.items, |name| client.operation(name)).await
            };
            let unread = read(profile::pipeshub(named).await?, subject).await?;
            let instance = Instance::start().await?;
            let credentials = pipeshub::Credentials::client(instance.client_id(), instance.client_secret());
            let credentials = credentials.instance(instance.url());
            read(credentials, Subject { probe: &fake, steps, url: instance.url(), record: None }).await?;
            unread
        }
    };
    unread.lines.iter().for_each(|line| ctx.out.note(line));
    print(ctx, args.service, &live.report(&fake), unread.failure)
}

/// Prints what will be sent, and asks for confirmation.
fn agreed(ctx: &Ctx, args: &Args, host: &str, steps: &[Step]) -> Result {
    let searches: Vec<&str> = steps.iter().filter(|step| !step.body.is_empty()).map(|step| step.operation).collect();
    let gets = steps.len() - searches.len();
    let searches = if searches.is_empty() { String::new() } else { format!(" and the search {}", searches.join(", ")) };
    ctx.out.note(&format!(
        "{host}: a probe only reads: GET of {gets} operations{searches}, for up to {} items of each list. It prints types, \
         lengths and counts, never a value. Of the names that the document does not have, it prints those that look like \
         names in a program; the keys of a map may be among them.",
        args.items,
    ));
    if args.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage("use --yes to probe it, or --dry-run to see what would be read"));
    }
    say(&format!("Probe {host}? [y/N]"));
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    match line.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::usage("nothing was read")),
    }
}

/// The values from responses so far, by name.
type Taken = BTreeMap<&'static str, String>;

/// The operations that could not be read, a line each, and the kind of the first failure.
struct Unread {
    lines: Vec<String>,
    failure: Option<Kind>,
}

/// Calls each operation for the items that earlier operations have listed.
async fn read(
    steps: &[Step],
    items: usize,
    begin: impl Fn(&str) -> std::result::Result<UntypedCall, Error>,
) -> Result<Unread> {
    let mut responses: BTreeMap<&str, Vec<(Taken, Value)>> = BTreeMap::new();
    let mut skipped = Vec::new();
    let mut failure = None;
    for step in steps {
        let contexts = contexts(step, items, &responses);
        if contexts.is_empty() {
            skipped.push(format!("not read: {}: no item to read", step.operation));
        }
        let mut received = Vec::new();
        for taken in contexts {
            let mut call = begin(step.operation)?;
            for (name, value) in step.fixed {
                call = call.parameter(name, value);
            }
            for (name, from) in step.parameters {
                call = call.parameter(name, taken.get(from).map_or("", String::as_str));
            }
            if !step.body.is_empty() {
                let members = step.body.iter().map(|(name, from)| ((*name).to_owned(), json!(taken.get(from))));
                call = call.body(&Value::Object(members.collect()));
            }
            match call.send().await {
                Ok(response) => received.push((taken, response.into_value())),
                Err(error) if error.is_auth() || error.is_connect() => return Err(error.into()),
                // The response itself was compared. The texts of the service are left out of the error.
                Err(error) => {
                    let why = error.status().map_or_else(|| "no response".to_owned(), |status| status.to_string());
                    skipped.push(format!("not read: {}: {why}", step.operation));
                    failure = failure.or(Some(Failure::from(error).kind));
                }
            }
        }
        responses.insert(step.operation, received);
    }
    skipped.dedup();
    Ok(Unread { lines: skipped, failure })
}

/// The calls of a step: one, or one for each item.
fn contexts(step: &Step, items: usize, responses: &BTreeMap<&str, Vec<(Taken, Value)>>) -> Vec<Taken> {
    let Some((from, list, take)) = step.each else { return vec![Taken::new()] };
    let mut contexts = Vec::new();
    for (known, response) in responses.get(from).into_iter().flatten() {
        for item in response.pointer(list).and_then(Value::as_array).into_iter().flatten().take(items) {
            let mut taken = known.clone();
            for (name, pointer) in take {
                taken.extend(item.pointer(pointer).and_then(Value::as_str).map(|text| (*name, text.to_owned())));
            }
            let has_all = take.iter().all(|(name, _)| taken.get(name).is_some_and(|text| !text.is_empty()));
            contexts.extend(has_all.then_some(taken));
        }
    }
    contexts
}

fn print(ctx: &Ctx, service: Service, report: &Report, failure: Option<Kind>) -> Result {
    if ctx.globals.json || !ctx.globals.fields.is_empty() {
        let of_document = report.differences().iter().map(|difference| difference.to_json());
        let of_fake = report.corrections().iter().map(|line| json!({"difference": Value::Null, "fake": line}));
        ctx.out.rows(&["difference", "evidence", "fake"], &of_document.chain(of_fake).collect::<Vec<_>>())?;
    } else {
        ctx.out.text(&report.overlay(service.name()))?;
    }
    if report.responses() == 0 {
        return Err(Failure::new(failure.unwrap_or(Kind::Findings), "no response was compared"));
    }
    let found = report.differences().len() + report.corrections().len();
    if found == 0 { Ok(()) } else { Err(Failure::new(Kind::Findings, format!("{found} differences"))) }
}
