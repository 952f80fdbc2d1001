//! The cost of `cargo check` for a generated client, compared with the client that progenitor and typify generate from
//! the same document.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::SystemTime;

use connectors_codegen::{Generator, Node};
use progenitor_impl::GenerationSettings;
use serde_json::Value;

use crate::figure::{Figure, Table};
use crate::generation::{name, plain, with_one_answer};
use crate::machine::{self, Measured, cargo_in, cost, finished};
use crate::plan::{Plan, Result, progress, root};

/// The number of checks of each client.
const ROUNDS: usize = 2;
/// The limit on the memory of the largest process, in MB.
const MOST_MEMORY: f64 = 1200.0;

/// A crate of generated code.
struct Checked(PathBuf);

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> Result<()> {
    if plan.quick {
        table.left_out("checking", "it takes minutes, so `--quick` skips it");
        return Ok(());
    }
    let path = plan.document();
    let text = fs::read_to_string(&path).map_err(|error| format!("error: cannot read {}: {error}", path.display()))?;
    let generator = Generator::new(Node::parse(&path.display().to_string(), &text)?);
    let client = generator.generate()?;
    let what = format!("checking: {}, {} operations", name(&path), client.operations);
    let runtime = toml::Value::from(root().join("runtime").display().to_string());
    let ours = Checked::new("ours", &client.code, &format!("connectors-runtime = {{ path = {runtime} }}\n"))?;
    progress("checking a generated client, and progenitor's client of the same document, alternately");
    let (lowered, _) = generator.lowered()?;
    let mut lowered = with_one_answer(lowered.to_json());
    // Types of other crates would add their own compile time.
    remove_formats(&mut lowered);
    let reference = plain(&lowered, &GenerationSettings::new())
        .and_then(|code| Checked::new("reference", &code, "progenitor-client = \"=0.15.1\"\nregress = \"0.12\"\n"));
    match reference {
        Ok(reference) => {
            let (ours, reference) = machine::in_turn(ROUNDS, || ours.check(), || reference.check())?;
            let time = Figure::new(format!("{what}, CPU time, against progenitor and typify"), ours.cpu()?, "s");
            table.add(time.against(reference.cpu()?).ratio_at_most(0.4));
            let memory = Figure::new(format!("{what}, peak memory of the same, largest process"), ours.peak()?, "MB");
            table.add(memory.against(reference.peak()?).at_most(MOST_MEMORY));
        }
        // progenitor alone cannot generate a client from some documents.
        Err(reason) => {
            table.left_out(&format!("{what}, against progenitor and typify"), &reason.to_string());
            let ours = ours.check()?;
            table.add(Figure::new(format!("{what}, CPU time"), ours.cpu()?, "s"));
            table.add(
                Figure::new(format!("{what}, peak memory, largest process"), ours.peak()?, "MB").at_most(MOST_MEMORY),
            );
        }
    }
    Ok(())
}

impl Checked {
    /// Writes the crate, and checks it once, with all its dependencies.
    fn new(name: &str, code: &str, dependencies: &str) -> Result<Self> {
        let folder = machine::folder()?.join("checking").join(name);
        fs::create_dir_all(folder.join("src"))?;
        fs::write(folder.join("src").join("lib.rs"), format!("#![allow(warnings)]\n{code}"))?;
        fs::write(folder.join("Cargo.toml"), format!("{MANIFEST}{dependencies}\n[workspace]\n"))?;
        // The same versions as here.
        fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
        let checked = Self(folder);
        finished(&mut cargo_in(&checked.0, &CHECK))?;
        Ok(checked)
    }

    /// Checks the crate alone, from scratch: its dependencies are checked already.
    fn check(&self) -> Result<Measured> {
        let source = self.0.join("src").join("lib.rs");
        File::options().append(true).open(&source)?.set_modified(SystemTime::now())?;
        cost(machine::cargo().as_os_str(), |command| {
            command.args(CHECK).arg("--quiet").current_dir(&self.0).env("CARGO_INCREMENTAL", "0");
            machine::plainly(command);
        })
    }
}

const CHECK: [&str; 4] = ["check", "--offline", "--target-dir", "../target"];

const MANIFEST: &str = r#"[package]
name = "checked"
version = "0.1.0"
edition = "2024"
publish = false

[dependencies]
bytes = "1"
futures-core = "0.3"
reqwest = { version = "0.13", default-features = false, features = ["json", "stream"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
"#;

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
