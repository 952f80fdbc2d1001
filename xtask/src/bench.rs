//! `cargo xtask bench`: what generation costs, as ratios measured in one run.

use std::path::Path;
use std::time::{Duration, Instant};

use connectors_codegen::{Generator, Node};
use serde_json::{Map, Value, json};

use crate::{Result, files};

/// Runs of which the fastest counts: what is slower was disturbed.
const RUNS: usize = 5;

pub(crate) fn run(document: Option<&Path>) -> Result<()> {
    if cfg!(debug_assertions) {
        println!("(a debug build: run `cargo run --release --package xtask -- bench` for figures to keep)\n");
    }
    let vendored = files::root().join("spec").join("c1").join("openapi.yaml");
    let path = document.unwrap_or(&vendored);
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("error: cannot read {}: {error}", path.display()))?;
    let name = path.display().to_string();

    let whole = fastest(|| generate(&name, &text))?;
    row("document to Rust", whole, None);
    let (lowered, _) = Generator::new(Node::parse(&name, &text)?).lowered()?;
    let lowered = lowered.to_json();
    match fastest(|| plain(&lowered)) {
        Ok(alone) => row("progenitor, syn and prettyplease alone, lowered", alone, Some((whole, alone, 1.5))),
        Err(reason) => println!("{:<62} it does not take the lowered document: {reason}", "progenitor alone"),
    }

    let slice: Value = Node::read(&vendored)?.to_json();
    // A larger document misses the processor's caches more often, whoever works on it: growth is judged beside that of the
    // reference, on the same documents in the same run.
    let mut first = None;
    for copies in [1, 4, 16] {
        let text = copied(&slice, copies)?.to_string();
        let time = fastest(|| generate("copies.json", &text))?;
        let (lowered, _) = Generator::new(Node::parse("copies.json", &text)?).lowered()?;
        let lowered = lowered.to_json();
        let alone = fastest(|| plain(&lowered))?;
        let (base, base_alone) = *first.get_or_insert((time, alone));
        let times = u32::try_from(copies)?;
        let growth = alone.as_secs_f64() / (base_alone * times).as_secs_f64();
        row(
            &format!("{copies} x C1's slice, against {copies} x one"),
            time,
            Some((time, base * times, growth.max(1.0) * 1.1)),
        );
        row(&format!("  the same by progenitor, syn and prettyplease ({growth:.2})"), alone, None);
    }
    if let Some(peak) = peak_memory() {
        println!("{:<62} {peak:>8} MB (target: below 600)", "peak memory of this run");
    }
    Ok(())
}

fn generate(name: &str, text: &str) -> Result<()> {
    let client = Generator::new(Node::parse(name, text)?).generate()?;
    std::hint::black_box(client);
    Ok(())
}

/// What a build does that uses progenitor as it is.
fn plain(document: &Value) -> Result<()> {
    let document: openapiv3::OpenAPI = serde_json::from_value(document.clone())?;
    // It panics on much of what it does not take; that is an answer here, not an accident.
    let attempt = std::panic::catch_unwind(|| progenitor_impl::Generator::default().generate_tokens(&document));
    let tokens =
        attempt.map_err(|_| "it panics")?.map_err(|error| error.to_string().chars().take(100).collect::<String>())?;
    let file: syn::File = syn::parse2(tokens)?;
    std::hint::black_box(prettyplease::unparse(&file));
    Ok(())
}

fn fastest(mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        work()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

/// A line: what was measured, how long it took, and how that compares with what it should.
fn row(what: &str, time: Duration, ratio: Option<(Duration, Duration, f64)>) {
    let milliseconds = time.as_secs_f64() * 1000.0;
    match ratio {
        None => println!("{what:<62} {milliseconds:>8.1} ms"),
        Some((ours, reference, target)) => {
            let ratio = ours.as_secs_f64() / reference.as_secs_f64();
            let holds = if ratio <= target { "holds" } else { "DOES NOT HOLD" };
            println!("{what:<62} {milliseconds:>8.1} ms   ratio {ratio:.2} (target: at most {target:.2}, {holds})");
        }
    }
}

/// A document of several copies of another, each with names of its own.
fn copied(slice: &Value, copies: usize) -> Result<Value> {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for copy in 0..copies {
        let text = slice.to_string().replace("#/components/schemas/", &format!("#/components/schemas/Copy{copy}"));
        let text = text.replace("\"operationId\":\"", &format!("\"operationId\":\"copy{copy}."));
        let document: Value = serde_json::from_str(&text.replace("\"x-speakeasy-name-override\"", "\"x-once\""))?;
        let members = |pointer: &str| document.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
        paths.extend(members("/paths").map(|(path, item)| (format!("/copy{copy}{path}"), item.clone())));
        schemas
            .extend(members("/components/schemas").map(|(name, schema)| (format!("Copy{copy}{name}"), schema.clone())));
    }
    Ok(json!({
        "openapi": "3.1.0",
        "info": {"title": "copies", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }))
}

/// The most memory this process has held, in MB, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes / 1024)
}
