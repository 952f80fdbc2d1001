//! The cost of generation: documents to Rust, against progenitor, syn and prettyplease alone.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::{Duration, Instant};

use connectors_codegen::{Client, Generator, Node};
use progenitor_impl::{GenerationSettings, InterfaceStyle};
use serde_json::{Map, Value, json};

use crate::figure::{Figure, Table};
use crate::machine;
use crate::plan::{Plan, Result, progress, root, vendored};

/// A document's overlaid form as JSON, and the client that build.rs generates from it.
pub(crate) fn of_service(service: &str) -> Result<(String, Client)> {
    let folder = root().join("spec").join(service);
    let generator = Generator::new(Node::read(&folder.join("openapi.yaml"))?);
    let generator = generator.overlay(Node::read(&folder.join("overlay.yaml"))?);
    let document = generator.overlaid()?.to_string();
    Ok((document, generator.generate()?))
}

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> Result<()> {
    progress("generating");
    for path in plan.documents() {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("error: cannot read {}: {error}", path.display()))?;
        let what = format!("generation: {}, against progenitor, syn and prettyplease alone", name(&path));
        match beside_progenitor(plan, &path.display().to_string(), &text) {
            Ok((ours, alone)) => {
                let figure = Figure::new(what, milliseconds(ours), "ms").against(milliseconds(alone));
                table.add(figure.ratio_at_most(1.5));
            }
            // progenitor alone cannot read some documents.
            Err(reason) if path != vendored() => table.left_out(&what, &reason.to_string()),
            Err(reason) => table.failed(&what, &reason.to_string()),
        }
    }
    let path = plan.document();

    let slice: Value = Node::read(&vendored())?.to_json();
    // With a larger document, every generator misses the CPU caches more often. The growth is therefore compared with
    // the growth of the reference, on the same documents in the same run.
    let (one, one_alone) = beside_progenitor(plan, "copies.json", &copied(&slice, 1)?.to_string())?;
    for copies in [4_u32, 16] {
        let text = copied(&slice, copies)?.to_string();
        let (ours, alone) = beside_progenitor(plan, "copies.json", &text)?;
        let growth = ratio(alone, one_alone * copies);
        let what = format!("generation: {copies} x C1's slice, against {copies} x one; alone it grows by {growth:.2}");
        let figure = Figure::new(what, milliseconds(ours), "ms").against(milliseconds(one * copies));
        table.add(figure.ratio_at_most(growth.max(1.0) * 1.1));
    }
    if let Some(peak) = machine::own_peak() {
        table.add(Figure::new("generation: peak memory for all of the above", peak, "MB").at_most(600.0));
    }
    progress("generating in processes of their own");
    let own = std::env::current_exe()?;
    let generated = machine::cost(own.as_os_str(), |command| {
        command.arg(ALONE).arg(&path).arg("1");
    })?;
    let what = format!("generation: peak memory for {} alone", name(&path));
    table.add(Figure::new(what, generated.peak()?, "MB").at_most(120.0));
    growth_in_instructions(plan, &slice, table)?;

    let (document, client) = of_service("c1")?;
    let operations = client.operations as f64;
    let ours = client.code.lines().count() as f64 / operations;
    let what = "generation: lines for an operation of C1, against progenitor in builder style";
    let (lowered, _) = Generator::new(Node::parse("c1.json", &document)?).lowered()?;
    let mut builder = GenerationSettings::new();
    builder.with_interface(InterfaceStyle::Builder);
    match plain(&with_one_answer(lowered.to_json()), &builder) {
        Ok(code) => {
            let reference = code.lines().count() as f64 / operations;
            table.add(Figure::new(what, ours, "lines").against(reference).ratio_at_most(1.0));
        }
        Err(reason) => table.failed(what, &reason.to_string()),
    }
    Ok(())
}

/// The first argument that makes this program only generate.
pub(crate) const ALONE: &str = "generate";

/// Generates from a file, so many times.
pub(crate) fn alone(arguments: &[String]) -> Result<()> {
    let [path, times] = arguments else { return Err("error: `generate` needs a file and a number".into()) };
    for _ in 0..times.parse()? {
        std::hint::black_box(Generator::new(Node::read(Path::new(path))?).generate()?);
    }
    Ok(())
}

/// Adds the row about 16 copies against 16 times one, in instructions: time also depends on the CPU caches.
fn growth_in_instructions(plan: &Plan, slice: &Value, table: &mut Table) -> Result<()> {
    const COPIES: u32 = 16;
    let what = format!("generation: instructions for {COPIES} x C1's slice, against {COPIES} x one");
    if plan.quick || !machine::has_valgrind() {
        let reason = if plan.quick { "it takes a minute, so `--quick` skips it" } else { machine::NO_VALGRIND };
        table.left_out(&what, reason);
        return Ok(());
    }
    let counted = |copies: u32| -> Result<f64> {
        let file = machine::folder()?.join("copies.json");
        std::fs::write(&file, copied(slice, copies)?.to_string())?;
        let file = file.display().to_string();
        let run = |times: &str| machine::instructions(&std::env::current_exe()?, &[ALONE, &file, times]);
        // Without the start of the process.
        Ok((run("1")? - run("0")?) / 1e6)
    };
    let figure = Figure::new(what, counted(COPIES)?, "million").against(counted(1)? * f64::from(COPIES));
    table.add(figure.ratio_at_most(1.05));
    Ok(())
}

/// The shortest time from the text of a document to Rust, and the shortest time of progenitor, syn and prettyplease for
/// its lowered form.
fn beside_progenitor(plan: &Plan, name: &str, text: &str) -> Result<(Duration, Duration)> {
    let (lowered, _) = Generator::new(Node::parse(name, text)?).lowered()?;
    let lowered = lowered.to_json();
    let settings = GenerationSettings::new();
    let (mut ours, mut alone) = (Duration::MAX, Duration::MAX);
    for _ in 0..plan.rounds() {
        let start = Instant::now();
        std::hint::black_box(Generator::new(Node::parse(name, text)?).generate()?);
        ours = ours.min(start.elapsed());
        let start = Instant::now();
        std::hint::black_box(plain(&lowered, &settings)?);
        alone = alone.min(start.elapsed());
    }
    Ok((ours, alone))
}

/// The work of a build that uses progenitor unchanged.
pub(crate) fn plain(document: &Value, settings: &GenerationSettings) -> Result<String> {
    let document: openapiv3::OpenAPI = serde_json::from_value(document.clone())?;
    // progenitor panics on many inputs that it does not support. Here a panic is a result, not a failure.
    let work = AssertUnwindSafe(|| progenitor_impl::Generator::new(settings).generate_tokens(&document));
    let attempt = std::panic::catch_unwind(work);
    let tokens = attempt.map_err(|_| "error: progenitor panics")?;
    let tokens = tokens.map_err(|error| error.to_string().chars().take(100).collect::<String>())?;
    let file: syn::File = syn::parse2(tokens)?;
    Ok(prettyplease::unparse(&file))
}

/// The document with one response for each operation. progenitor does not accept several.
pub(crate) fn with_one_answer(mut document: Value) -> Value {
    let items = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in items.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        let first = responses.keys().find(|status| status.starts_with('2')).cloned();
        responses.retain(|status, _| first.as_ref() == Some(status));
    }
    document
}

/// The name of a document in the table: its place in this repository, or its file name.
pub(crate) fn name(path: &Path) -> String {
    let elsewhere = || path.file_name().map(Path::new).unwrap_or(path);
    path.strip_prefix(root()).unwrap_or_else(|_| elsewhere()).display().to_string()
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

/// A document of several copies of another one, each with its own names.
pub(crate) fn copied(slice: &Value, copies: u32) -> Result<Value> {
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
