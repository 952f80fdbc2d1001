//! The cost of a build from scratch: a program that uses `connectors`, compared with the same program and committed
//! generated code.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;
use toml::Table as Toml;

use crate::figure::{Figure, Table};
use crate::generation;
use crate::machine::{self, Measured, Revision, cargo_in, cost, finished, messages};
use crate::plan::{Plan, Result, progress, root};

/// The number of builds from scratch: each takes minutes, and a machine is rarely idle for all of them.
const COLD_BUILDS: usize = 2;
/// The most that a build from scratch may cost, against that of the revision before this work.
const MOST_BUILD: f64 = 0.65;
/// The same for the demo.
const MOST_DEMO: f64 = 0.6;
/// The time that build.rs itself may take, in seconds.
const GENERATION: f64 = 1.0;

/// A program, and the copy of `connectors` that it uses.
struct Consumer {
    /// The folder with all files of the benchmark.
    folder: PathBuf,
}

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> Result<()> {
    if plan.quick {
        table.left_out("building", "it takes minutes, so `--quick` skips it");
        return Ok(());
    }
    let ours = Consumer::new(root(), "generated", |_, _| Ok(()))?;
    let checked_in = Consumer::new(root(), "checked-in", check_in)?;
    let then = plan.against.as_deref().map(machine::revision).transpose()?;
    let before = then.as_ref().map(|then| Consumer::new(then.folder(), "then", |_, _| Ok(()))).transpose()?;
    progress("building a program that uses `connectors`, and the same with committed generated code, alternately");
    let builds: Vec<&Consumer> = [&ours, &checked_in].into_iter().chain(&before).collect();
    let builds: Vec<_> = builds.into_iter().map(|consumer| || consumer.build_from_cold()).collect();
    let builds: Vec<&dyn Fn() -> Result<Measured>> = builds.iter().map(|build| build as _).collect();
    let measured = machine::all_in_turn(COLD_BUILDS, &builds)?;
    let [generated, reference, before @ ..] = measured.as_slice() else {
        return Err("error: a build was not measured".into());
    };
    let what = "building: a program that uses C1, from scratch, CPU time, against committed generated code";
    table.add(Figure::new(what, generated.cpu()?, "s").against(reference.cpu()?).ratio_at_most(1.25));
    let what = "building: peak memory of the same, largest process";
    table.add(Figure::new(what, generated.peak()?, "MB").against(reference.peak()?));
    if let Err(error) = against(then.as_ref().zip(before.first()), generated, table) {
        table.failed("building: against another revision", &error.to_string());
    }
    progress("running build.rs");
    let again = ours.build()?;
    let (program, out) =
        build_script(&again).ok_or("error: cargo does not report the path of the compiled build.rs")?;
    let run = || generate_by(&program, &ours);
    let (script, _) = machine::in_turn(plan.rounds(), run, run)?;
    let what = "building: build.rs itself, debug build, all of C1";
    table.add(Figure::new(what, script.seconds, "s").at_most(GENERATION));

    let generated = out.join("c1.rs");
    let before = fs::metadata(&generated)?.modified()?;
    let source = ours.connectors().join("src").join("lib.rs");
    File::options().append(true).open(&source)?.set_modified(SystemTime::now())?;
    let again = ours.build()?;
    let compiled = again.iter().any(|message| is_library(message) && message["fresh"] == false);
    if !compiled {
        return Err("error: cargo did not see that src/ changed".into());
    }
    let times = if fs::metadata(&generated)?.modified()? == before { 0.0 } else { 1.0 };
    table.add(Figure::new("building: runs of build.rs after a change of src/ alone", times, "runs").at_most(0.0));
    Ok(())
}

/// Adds the rows that compare builds from scratch with those of another revision.
fn against(then: Option<(&Revision, &Measured)>, now: &Measured, table: &mut Table) -> Result<()> {
    let what = "building: a program that uses C1, from scratch, CPU time, against another revision";
    let demo = "building: `cargo xtask demo` from an empty target folder, CPU time, against another revision";
    let Some((revision, then)) = then else {
        for row in [what, demo] {
            table.left_out(row, "it needs `--against REV`");
        }
        return Ok(());
    };
    table.add(Figure::new(what, now.cpu()?, "s").against(then.cpu()?).ratio_at_most(MOST_BUILD));
    progress("running `cargo xtask demo` from an empty target folder, and that of the other revision");
    let (now, then) = (show(root())?, show(revision.folder())?);
    table.add(Figure::new(demo, now.cpu()?, "s").against(then.cpu()?).ratio_at_most(MOST_DEMO));
    Ok(())
}

/// Runs `cargo xtask demo` in a checkout, with an empty target folder.
fn show(checkout: &Path) -> Result<Measured> {
    let target = machine::folder()?.join("demo");
    remove(&target)?;
    let measured = cost(machine::cargo().as_os_str(), |command| {
        command.args(["xtask", "demo"]).current_dir(checkout);
        machine::plainly(command);
        command.env("CARGO_TARGET_DIR", &target).env("CARGO_NET_OFFLINE", "true");
    });
    remove(&target)?;
    measured
}

impl Consumer {
    /// Writes the program and its copy of `connectors` from a checkout, which `change` may edit, with its manifest.
    fn new(checkout: &Path, name: &str, change: impl FnOnce(&Path, &mut Toml) -> Result<()>) -> Result<Self> {
        let consumer = Self { folder: machine::folder()?.join(name) };
        consumer.clear()?;
        let connectors = consumer.connectors();
        for part in ["src", "spec", "codegen/src", "runtime/src"] {
            copy(&checkout.join(part), &connectors.join(part))?;
        }
        for part in ["build.rs", "codegen/Cargo.toml", "runtime/Cargo.toml"] {
            fs::copy(checkout.join(part), connectors.join(part))?;
        }
        let mut manifest: Toml = toml::from_str(&fs::read_to_string(checkout.join("Cargo.toml"))?)?;
        // Sections for other members, and for files that are not copied.
        for key in ["dev-dependencies", "test", "example", "bench", "profile"] {
            manifest.remove(key);
        }
        let workspace = manifest.get_mut("workspace").and_then(toml::Value::as_table_mut);
        let workspace = workspace.ok_or("error: Cargo.toml has no workspace")?;
        workspace.insert("members".to_owned(), toml::Value::Array(vec!["codegen".into(), "runtime".into()]));
        change(&connectors, &mut manifest)?;
        fs::write(connectors.join("Cargo.toml"), toml::to_string(&manifest)?)?;

        let program = consumer.program();
        fs::create_dir_all(program.join("src"))?;
        fs::write(program.join("src").join("main.rs"), MAIN)?;
        fs::write(program.join("Cargo.toml"), MANIFEST)?;
        // The same versions as in its workspace.
        fs::copy(checkout.join("Cargo.lock"), program.join("Cargo.lock"))?;
        // Missing crates are fetched now, not while the build is measured.
        let listed = finished(&mut cargo_in(&program, &["tree", "--offline"]));
        if listed.is_err() {
            finished(&mut cargo_in(&program, &["tree"]))?;
        }
        Ok(consumer)
    }

    fn connectors(&self) -> PathBuf {
        self.folder.join("connectors")
    }

    fn program(&self) -> PathBuf {
        self.folder.join("program")
    }

    fn build_from_cold(&self) -> Result<Measured> {
        remove(&self.folder.join("target"))?;
        let program = self.program();
        cost(machine::cargo().as_os_str(), |command| {
            command.args(BUILD).arg("--quiet").current_dir(&program);
            machine::plainly(command);
        })
    }

    /// Builds the crates that are not built yet, and returns cargo's messages.
    fn build(&self) -> Result<Vec<Value>> {
        let mut command = cargo_in(&self.program(), &BUILD);
        Ok(messages(&finished(command.arg("--message-format=json"))?))
    }

    fn clear(&self) -> Result<()> {
        remove(&self.folder)
    }
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("error: cannot remove {}: {error}", folder.display()).into())
        }
        _ => Ok(()),
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        // Hundreds of megabytes. If they cannot be removed now, the next run removes them.
        drop(self.clear());
    }
}

const BUILD: [&str; 4] = ["build", "--offline", "--target-dir", "../target"];

const MAIN: &str = r#"fn main() {
    println!("{}", connectors::c1::Client::from_env().is_ok());
}
"#;

const MANIFEST: &str = r#"[package]
name = "program"
version = "0.1.0"
edition = "2024"
publish = false

[dependencies]
connectors = { path = "../connectors" }

[workspace]
"#;

/// Changes a copy so that it has committed generated code: no build.rs, no generator, the code as files.
fn check_in(connectors: &Path, manifest: &mut Toml) -> Result<()> {
    for unused in ["spec", "codegen"] {
        fs::remove_dir_all(connectors.join(unused))?;
    }
    fs::remove_file(connectors.join("build.rs"))?;
    manifest.remove("build-dependencies");
    if let Some(workspace) = manifest.get_mut("workspace").and_then(toml::Value::as_table_mut) {
        workspace.insert("members".to_owned(), toml::Value::Array(vec!["runtime".into()]));
    }
    let generated = connectors.join("generated");
    fs::create_dir_all(&generated)?;
    let (document, client) = generation::of_service("c1")?;
    fs::write(generated.join("c1.rs"), client.code)?;
    fs::write(generated.join("c1.json"), document)?;
    let service = connectors.join("src").join("c1").join("mod.rs");
    let text = fs::read_to_string(&service)?;
    let place = r#"concat!(env!("CARGO_MANIFEST_DIR"), "/generated")"#;
    let changed = text.replace(r#"env!("OUT_DIR")"#, place);
    if changed == text {
        return Err("error: src/c1/mod.rs no longer includes the generated code".into());
    }
    fs::write(&service, changed)?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &place)?;
        } else {
            fs::copy(entry.path(), &place)?;
        }
    }
    Ok(())
}

/// Whether a message of cargo is about the copy of `connectors`.
fn is_of_connectors(message: &Value) -> bool {
    message["package_id"].as_str().is_some_and(|id| id.contains("/connectors#"))
}

fn is_library(message: &Value) -> bool {
    is_of_connectors(message) && message["reason"] == "compiler-artifact" && message["target"]["name"] == "connectors"
}

/// The paths of the built build.rs and of its output.
fn build_script(messages: &[Value]) -> Option<(PathBuf, PathBuf)> {
    let said = |reason: &str, kind: Option<&str>| {
        messages.iter().find(|message| {
            let kind = kind.is_none_or(|kind| message["target"]["kind"][0] == kind);
            is_of_connectors(message) && message["reason"] == reason && kind
        })
    };
    let program = said("compiler-artifact", Some("custom-build"))?["filenames"][0].as_str()?;
    let out = said("build-script-executed", None)?["out_dir"].as_str()?;
    Some((PathBuf::from(program), PathBuf::from(out)))
}

/// Runs build.rs like cargo, with its own output folder.
fn generate_by(program: &Path, consumer: &Consumer) -> Result<Measured> {
    let out = consumer.folder.join("out");
    fs::create_dir_all(&out)?;
    let connectors = consumer.connectors();
    let measured = cost(OsStr::new(program), |command| {
        command.current_dir(&connectors).env("CARGO_MANIFEST_DIR", &connectors).env("OUT_DIR", &out);
        command.env("CARGO_FEATURE_C1", "1");
    })?;
    if !out.join("c1.rs").exists() {
        return Err("error: build.rs wrote nothing".into());
    }
    Ok(measured)
}
