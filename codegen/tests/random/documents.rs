//! Whole random documents with difficult names ([`super::whole`]): each becomes a client within limits of time and
//! memory, and the clients compile without a warning.
//!
//! Another process of this test makes the clients, so that a document that takes too long or too much, or that ends the
//! process, is reported with its seed. `FUZZ_SECONDS` sets the duration, `FUZZ_SEED` the first seed, `FUZZ_COMPILE` the
//! number of clients that are compiled. `FUZZ_SEED=n FUZZ_PRINT=file` writes the document of a seed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use connectors_codegen::{Client, Generator, Node, reach};

use super::chance::setting;
use super::{items, whole};

/// The longest time for one document.
const LONGEST: Duration = Duration::from_secs(10);
/// The memory for one document, in bytes.
const MOST: u64 = 1 << 30;
/// The prefix of the lines by which the other process reports.
const REPORT: &str = "document ";

fn node(seed: u64) -> Node {
    Node::parse("whole.json", &whole::document(seed).to_string()).unwrap()
}

/// Makes the client of a document, and checks what is true for each document. Returns the size of the code.
fn attempt(seed: u64) -> Result<usize, String> {
    let document = node(seed);
    let generator = Generator::new(document.clone());
    let client = generator.generate().map_err(|error| format!("no client: {error}"))?;
    if let Some(mistake) = items::mistake(&client.code) {
        return Err(mistake);
    }
    generator.lowered().map_err(|error| format!("not lowered: {error}"))?;
    let again = Generator::new(document.clone()).names(client.names.clone()).generate();
    let again = again.map_err(|error| format!("no client with its names: {error}"))?;
    if again.code != client.code {
        return Err(format!("with its names, another client: {}", difference(&client, &again)));
    }
    let changes = connectors_codegen::diff(&document, &document).map_err(|error| format!("no diff: {error}"))?;
    if let Some(change) = changes.first() {
        return Err(format!("a change between a document and itself: {change:?}"));
    }
    let table = reach(&document, &client);
    let silent: Vec<_> = table.iter().flat_map(|(what, it)| it.silent.iter().map(move |at| (*what, at))).collect();
    if !silent.is_empty() {
        return Err(format!("not reached, and not noted: {silent:?}"));
    }
    Ok(client.code.len())
}

fn difference(one: &Client, other: &Client) -> String {
    let mut lines = one.code.lines().zip(other.code.lines());
    lines.find(|(a, b)| a != b).map(|(a, b)| format!("`{a}` and `{b}`")).unwrap_or_default()
}

/// The variable that makes the test of this module the other process.
const OTHER: &str = "FUZZ_OTHER_PROCESS";

/// The other process: makes the clients of seeds from `FUZZ_SEED`, until it is stopped or the time is over.
fn clients_of_many_seeds() {
    let first = setting("FUZZ_SEED", 1);
    let until = Instant::now() + Duration::from_secs(setting("FUZZ_SECONDS", 1));
    let mut failed = 0;
    for seed in first.. {
        if Instant::now() >= until {
            break;
        }
        println!("\n{REPORT}{seed} begins");
        let result = catch_unwind(AssertUnwindSafe(|| attempt(seed))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            Err(format!(
                "panics: {}",
                text.or(panic.downcast_ref::<&str>().map(|it| (*it).to_owned())).unwrap_or_default()
            ))
        });
        match result {
            Ok(size) => println!("\n{REPORT}{seed} ends {size}"),
            Err(reason) => {
                failed += 1;
                println!("\n{REPORT}{seed} fails {}", reason.replace('\n', " "));
            }
        }
    }
    assert_eq!(failed, 0);
}

/// The other process, and the lines that it writes.
struct Other {
    child: Child,
    lines: Receiver<String>,
}

impl Other {
    fn start(seed: u64, left: Duration) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let test = "documents::whole_documents_become_clients_that_compile";
        command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(OTHER, "1");
        command.env("FUZZ_SEED", seed.to_string()).env("FUZZ_SECONDS", left.as_secs().max(1).to_string());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// The memory that the process has now, in bytes; 0 on a system that does not report it.
    fn memory(&self) -> u64 {
        let file = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(file).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
    }

    /// The next report. `Ok(None)` at the end; `Err` with the reason if the process used too much.
    fn next(&self) -> Result<Option<String>, String> {
        let until = Instant::now() + LONGEST;
        loop {
            match self.lines.recv_timeout(Duration::from_millis(20)) {
                Ok(line) => {
                    if let Some(report) = line.strip_prefix(REPORT) {
                        return Ok(Some(report.to_owned()));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if self.memory() > MOST => {
                    return Err(format!("more than {MOST} bytes"));
                }
                Err(RecvTimeoutError::Timeout) if Instant::now() > until => {
                    return Err(format!("more than {LONGEST:?}"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn whole_documents_become_clients_that_compile() {
    if std::env::var_os(OTHER).is_some() {
        return clients_of_many_seeds();
    }
    let seed = setting("FUZZ_SEED", 1);
    if let Ok(file) = std::env::var("FUZZ_PRINT") {
        fs::write(file, serde_json::to_string_pretty(&whole::document(seed)).unwrap()).unwrap();
    }
    let seconds = Duration::from_secs(setting("FUZZ_SECONDS", 3));
    let begun = Instant::now();
    let (mut sizes, mut failures) = (BTreeMap::new(), Vec::new());
    let mut next = seed;
    let mut most = 0;
    while begun.elapsed() < seconds && failures.len() < 20 {
        let other = Other::start(next, seconds - begun.elapsed());
        let mut open = None;
        loop {
            let report = other.next();
            most = most.max(other.memory());
            let report = match report {
                Ok(Some(report)) => report,
                Ok(None) => {
                    failures.extend(open.map(|seed| format!("seed {seed}: the process ends")));
                    break;
                }
                Err(reason) => {
                    failures.push(format!("seed {}: {reason}", open.unwrap_or(next)));
                    break;
                }
            };
            let mut words = report.splitn(3, ' ');
            let Some(seed) = words.next().and_then(|it| it.parse::<u64>().ok()) else { continue };
            next = seed + 1;
            open = None;
            match (words.next(), words.next().unwrap_or_default()) {
                (Some("begins"), _) => open = Some(seed),
                (Some("ends"), size) => drop(sizes.insert(seed, size.parse::<usize>().unwrap_or(0))),
                (_, reason) => failures.push(format!("seed {seed}: {reason:.1000}")),
            }
        }
    }
    let bytes: usize = sizes.values().sum();
    println!("{} documents, {bytes} bytes of code, up to {} MB of memory", sizes.len(), most >> 20);
    let compiled = usize::try_from(setting("FUZZ_COMPILE", 0)).unwrap();
    if compiled > 0 {
        // The same number of documents from each part of the seeds.
        let step = sizes.len().div_ceil(compiled).max(1);
        let some: Vec<u64> = sizes.keys().copied().step_by(step).take(compiled).collect();
        failures.extend(compile(&some).err());
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), sizes.len() + failures.len(), failures.join("\n"));
    assert!(!sizes.is_empty());
}

/// Compiles the clients of documents as modules of one crate, with its documentation, with the dependencies of the
/// workspace.
fn compile(seeds: &[u64]) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("whole");
    let source = folder.join("src");
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&source).unwrap();
    let runtime = root.join("runtime");
    let manifest = format!(
        "[package]\nname = \"whole\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\nconnectors-runtime = {{ path = {:?} }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n\n[workspace]\n",
        runtime.to_str().unwrap()
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    // The names follow those of the document, so lints on them do not apply.
    let mut code = String::from(
        "//! Clients of random documents.\n\n#![deny(warnings, missing_docs)]\n\
         #![allow(confusable_idents, mixed_script_confusables, non_camel_case_types, uncommon_codepoints)]\n\n",
    );
    for seed in seeds {
        writeln!(code, "/// The client of a seed.\npub mod seed_{seed};").unwrap();
        let client = Generator::new(node(*seed)).generate().unwrap();
        let mut file = fs::File::create(source.join(format!("seed_{seed}.rs"))).unwrap();
        file.write_all(client.code.as_bytes()).unwrap();
    }
    fs::write(source.join("lib.rs"), code).unwrap();
    // The build output of the workspace is used again.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    for arguments in [&["check"][..], &["doc", "--no-deps"]] {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into()));
        for (name, _) in std::env::vars_os() {
            // With the variables of this package, build scripts that read them would run again.
            if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
                command.env_remove(name);
            }
        }
        command.args(arguments).arg("--offline").current_dir(&folder).env("CARGO_TARGET_DIR", target);
        let output = command.env("RUSTDOCFLAGS", "-D warnings").output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            let file = folder.join("errors.txt");
            fs::write(&file, errors.as_bytes()).unwrap();
            let places = errors.lines().filter_map(|line| line.trim_start().strip_prefix("--> src/seed_"));
            let mut of_seed: BTreeMap<&str, usize> = BTreeMap::new();
            places.filter_map(|place| place.split('.').next()).for_each(|seed| *of_seed.entry(seed).or_default() += 1);
            let first: String =
                errors.lines().skip_while(|line| !line.starts_with("error")).take(60).collect::<Vec<_>>().join("\n");
            return Err(format!("{arguments:?}: errors by seed, all in {}: {of_seed:?}\n{first}", file.display()));
        }
    }
    println!("{} clients compile", seeds.len());
    Ok(())
}
