//! The cost of `cargo check` for a generated client, compared with the clients of other generators for the same document, and
//! of its types alone, compared with the same types with serde's derives.

use std::fs;
use std::path::Path;

use connectors_codegen::{Client, Generator, Node};
use progenitor_impl::GenerationSettings;
use serde_json::Value;

use crate::client::{Crate, PROGENITOR, runtime};
use crate::derived;
use crate::figure::{Figure, Table};
use crate::generation::{name, plain, with_one_answer};
use crate::machine::{self, Measured};
use crate::peers;
use crate::plan::{Plan, Result, progress};

/// The number of checks of each client.
const ROUNDS: usize = 2;
/// The limit on the memory of the largest process, in MB.
const MOST_MEMORY: f64 = 1200.0;
/// The folder of the crates.
const GROUP: &str = "checking";

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> Result<()> {
    if plan.quick {
        table.left_out("checking", "it takes minutes, so `--quick` skips it");
        return Ok(());
    }
    for path in plan.documents() {
        clients(&path, table)?;
    }
    types(&plan.document(), table)
}

/// Adds the rows about the client of one document.
fn clients(path: &Path, table: &mut Table) -> Result<()> {
    let (generator, client) = generated(path)?;
    let what = format!("checking: {}, {} operations", name(path), client.operations);
    let ours = Crate::new(GROUP, "ours", &client.code, &runtime())?.checked()?;
    progress(&format!("checking the client of {}, and progenitor's client, alternately", name(path)));
    let reference =
        progenitor(&generator).and_then(|code| Crate::new(GROUP, "reference", &code, PROGENITOR)?.checked());
    let alone = match reference {
        Ok(reference) => {
            let (ours, reference) = machine::in_turn(ROUNDS, || ours.check(), || reference.check())?;
            let time = Figure::new(format!("{what}, CPU time, against progenitor and typify"), ours.cpu()?, "s");
            table.add(time.against(reference.cpu()?).ratio_at_most(0.4));
            let memory = Figure::new(format!("{what}, peak memory of the same, largest process"), ours.peak()?, "MB");
            table.add(memory.against(reference.peak()?).at_most(MOST_MEMORY));
            ours
        }
        // progenitor alone cannot generate a client from some documents.
        Err(reason) => {
            table.left_out(&format!("{what}, against progenitor and typify"), &reason.to_string());
            let ours = ours.check()?;
            table.add(Figure::new(format!("{what}, CPU time"), ours.cpu()?, "s"));
            let memory = Figure::new(format!("{what}, peak memory, largest process"), ours.peak()?, "MB");
            table.add(memory.at_most(MOST_MEMORY));
            ours
        }
    };
    for peer in &peers::PEERS {
        beside(peer, path, &what, &ours, &alone, table)?;
    }
    Ok(())
}

/// The client of a document, and what generated it.
fn generated(path: &Path) -> Result<(Generator, Client)> {
    let text = fs::read_to_string(path).map_err(|error| format!("error: cannot read {}: {error}", path.display()))?;
    let generator = Generator::new(Node::parse(&path.display().to_string(), &text)?);
    let client = generator.generate()?;
    Ok((generator, client))
}

/// Adds the rows about the types of one document.
fn types(path: &Path, table: &mut Table) -> Result<()> {
    let (_, client) = generated(path)?;
    let what =
        format!("checking: {}, {} types alone, CPU time, against serde's derives", name(path), client.types.len());
    progress("checking its types, and the same types with serde's derives, alternately");
    let types = derived::types(&client.code)?;
    let ours = Crate::new(GROUP, "types", &types.ours, &runtime())?.checked()?;
    match Crate::new(GROUP, "derived", &types.derived, &runtime())?.checked() {
        Ok(reference) => {
            let (ours, reference) = machine::in_turn(ROUNDS, || ours.check(), || reference.check())?;
            table.add(Figure::new(what, ours.cpu()?, "s").against(reference.cpu()?).ratio_at_most(0.35));
            let what = "checking: peak memory of the same, largest process";
            table.add(Figure::new(what, ours.peak()?, "MB").against(reference.peak()?));
        }
        Err(reason) => table.failed(&what, &reason.to_string()),
    }
    Ok(())
}

/// Adds the row that compares our client with that of another generator.
fn beside(
    peer: &peers::Peer,
    document: &Path,
    what: &str,
    ours: &Crate,
    alone: &Measured,
    table: &mut Table,
) -> Result<()> {
    let what = format!("{what}, CPU time, against {}", peer.name);
    if !peer.is_installed() {
        table.left_out(&what, &format!("{} is not installed", peer.name));
        return Ok(());
    }
    progress(&format!("checking the client of {}", peer.name));
    match peer.generate(document, GROUP).and_then(Crate::checked) {
        Ok(theirs) => {
            // One more round of ours, beside theirs.
            let (theirs, again) = (theirs.check()?, ours.check()?);
            let ours = alone.cpu()?.min(again.cpu()?);
            table.add(Figure::new(what, ours, "s").against(theirs.cpu()?).ratio_at_most(0.4));
        }
        // It generates no client, or one that does not compile.
        Err(reason) => table.left_out(&what, &reason.to_string()),
    }
    Ok(())
}

/// The client that progenitor and typify generate from the lowered document.
pub(crate) fn progenitor(generator: &Generator) -> Result<String> {
    let (lowered, _) = generator.lowered()?;
    let mut lowered = with_one_answer(lowered.to_json());
    // Types of other crates would add their own compile time.
    remove_formats(&mut lowered);
    plain(&lowered, &GenerationSettings::new())
}

/// Removes the formats that map a string to a type of another crate.
fn remove_formats(node: &mut Value) {
    match node {
        Value::Object(members) => {
            if members.get("type").is_some_and(|it| it == "string")
                && members.get("format").and_then(Value::as_str).is_some_and(|format| format != "binary")
            {
                members.remove("format");
            }
            members.values_mut().for_each(remove_formats);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_formats),
        _ => {}
    }
}
