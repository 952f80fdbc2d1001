//! The probe: one program for each tool, run case by case against the scripted server, and compiled again after the
//! document has grown.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cases::{self, CASES, Grade, Verdict};
use crate::documents::Place;
use crate::results::Probed;
use crate::run::{Result, cargo, run};
use crate::server::Server;
use crate::tools::{self, Job, Purpose, Tool};

/// The document of the probe.
const DOCUMENT: &str = include_str!("../probe/openapi.yaml");
/// The common start of every probe program.
const MAIN: &str = include_str!("../probes/main.rs");
/// The time limit of one case.
const PATIENCE: Duration = Duration::from_secs(30);

/// Growth of the document: name, row, and the text that is replaced.
pub(crate) const GROWTH: [(&str, &str, &str, &str); 2] = [
    (
        "new-parameter",
        "a new optional parameter: the caller's program",
        "        - {name: name, in: query, schema: {type: array",
        "        - {name: age, in: query, schema: {type: integer}}\n        - {name: name, in: query, schema: {type: array",
    ),
    (
        "new-property",
        "a new optional property of a request: the caller's program",
        "        owner: {type: [string, 'null']}",
        "        age: {type: integer}\n        owner: {type: [string, 'null']}",
    ),
];

/// Runs the probe of a tool.
pub(crate) fn probe(tool: &Tool, version: &str, place: &Place<'_>) -> Result<Probed> {
    let mut probed = Probed { version: version.to_owned(), ..Probed::default() };
    let mut keep = |name: &str, (grade, text): Verdict| {
        probed.verdicts.insert(name.to_owned(), (grade as u8, text));
    };
    write_program(tool, tool.program, place)?;
    let failure = match generate(tool, Purpose::Probe, DOCUMENT, place)? {
        Err(reason) => Some(reason),
        Ok(()) => build(place, "build")?.err(),
    };
    if let Some(reason) = failure {
        eprintln!("{}: {reason}", tool.name);
        for case in &CASES {
            keep(case.name, (Grade::No, "no client".to_owned()));
        }
        return Ok(probed);
    }
    let program = place.work.join("program");
    fs::copy(place.target.join("debug/probe"), &program)?;
    for case in &CASES {
        let server = Server::start(case.name, cases::script)?;
        let mut command = Command::new(&program);
        command.current_dir(place.work).arg(case.name).env("PROBE_PORT", server.port().to_string());
        let ran = run(&mut command, &place.work.join("logs"), PATIENCE)?;
        let printed = ran.stdout.lines().next_back().and_then(|line| serde_json::from_str(line).ok());
        let printed = printed.unwrap_or_else(|| json!({"error": tools::reason(&ran.stderr)}));
        let verdict = case.judge(&printed, &server.requests());
        eprintln!("{}: {}: {}{}", tool.name, case.name, verdict.1, detail(&printed));
        keep(case.name, verdict);
    }
    for (name, _, from, to) in GROWTH {
        let purpose = if tool.growth.is_some() { Purpose::Growth } else { Purpose::Probe };
        if let Some(program) = tool.growth {
            write_program(tool, program, place)?;
        }
        let compiles = |document: &str| -> Result<std::result::Result<(), String>> {
            match generate(tool, purpose, document, place)? {
                Ok(()) => build(place, "check"),
                failed => Ok(failed),
            }
        };
        // The program has to compile before the growth: otherwise its failure after it proves nothing.
        compiles(DOCUMENT)?.map_err(|reason| format!("{}: the program for growth: {reason}", tool.name))?;
        let verdict = match compiles(&grown(from, to)?)? {
            Ok(()) => (Grade::Yes, "compiles".to_owned()),
            Err(reason) => {
                eprintln!("{}: {name}: {reason}", tool.name);
                (Grade::No, "breaks".to_owned())
            }
        };
        keep(name, verdict);
    }
    Ok(probed)
}

/// The failure, for the person who runs a duel.
fn detail(printed: &Value) -> String {
    printed["error"].as_str().map(|error| format!(" ({error})")).unwrap_or_default()
}

fn grown(from: &str, to: &str) -> Result<String> {
    let grown = DOCUMENT.replacen(from, to, 1);
    if grown == DOCUMENT { Err(format!("the probe's document has no `{from}`").into()) } else { Ok(grown) }
}

fn write_program(tool: &Tool, program: &str, place: &Place<'_>) -> Result<()> {
    let source = place.work.join("src");
    fs::create_dir_all(&source)?;
    fs::write(source.join("main.rs"), MAIN)?;
    fs::write(source.join("case.rs"), program)?;
    let dependencies = tool.dependencies.replace("{root}", &place.root.to_string_lossy());
    let manifest = format!(
        "[package]\nname = \"probe\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\nmembers = [\"subject\"]\n\
         resolver = \"3\"\n\n[dependencies]\nsubject = {{ path = \"subject\" }}\nfutures-util = \"0.3\"\n\
         serde_json = \"1\"\ntokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\n{dependencies}"
    );
    Ok(fs::write(place.work.join("Cargo.toml"), manifest)?)
}

/// Generates the client of the probe's document, with the changes that this tool needs.
fn generate(
    tool: &Tool,
    purpose: Purpose,
    document: &str,
    place: &Place<'_>,
) -> Result<std::result::Result<(), String>> {
    let mut text = document.to_owned();
    for (from, to) in tool.changes {
        if !text.contains(from) {
            return Err(format!("the probe's document has no `{from}`").into());
        }
        text = text.replace(from, to);
    }
    let mut path: PathBuf = place.work.join("openapi.yaml");
    fs::write(&path, text)?;
    if !tool.without.is_empty() {
        let smaller = place.work.join("openapi.json");
        tools::derived(&path, tool.without, false, &smaller)?;
        path = smaller;
    }
    let subject = place.work.join("subject");
    tool.generate(&Job { document: &path, subject: &subject, purpose, limit: place.limit, root: place.root })
}

/// Builds or checks the program, and returns the first errors if it does not compile.
fn build(place: &Place<'_>, command: &str) -> Result<std::result::Result<(), String>> {
    let mut cargo = cargo(place.work, place.target);
    cargo.args([command, "--package", "probe"]);
    let ran = run(&mut cargo, &place.work.join("logs"), place.limit)?;
    if ran.succeeded() {
        return Ok(Ok(()));
    }
    let errors: Vec<&str> = ran.stderr.lines().skip_while(|line| !line.starts_with("error")).take(60).collect();
    Ok(Err(if ran.timed_out() { "stopped at the time limit".to_owned() } else { errors.join("\n") }))
}
