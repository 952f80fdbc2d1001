//! Writes the page. Rows in which others are better come first, then the documents, the probe, and how each tool was
//! run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::cases::CASES;
use crate::probe::GROWTH;
use crate::results::{Attempt, Probed, Stage};
use crate::run::Result;
use crate::tools::TOOLS;

/// The data of a page.
pub(crate) struct Findings {
    /// By tool, then by document.
    pub(crate) attempts: BTreeMap<String, BTreeMap<String, Attempt>>,
    pub(crate) probes: BTreeMap<String, Probed>,
    pub(crate) date: String,
    /// Tools without results.
    pub(crate) missing: Vec<&'static str>,
}

const OURS: &str = "connectors";

/// The open end of each row in which another tool is better, by the name of the case or the cost.
const OPEN_ENDS: [(&str, &str); 3] = [
    ("date-type", "an option for a date type of a library, which keeps the text beside the value"),
    ("seconds", "less code for each operation"),
    ("lines", "less code for each operation"),
];

/// Features that others document, and that this project does not have.
const ELSEWHERE: &str = "\
- **openapi-to-rust** generates Axum servers, a registry of operations and clients for wasm32, and has a playground in the \
browser. Open end: servers are out of scope; wasm32 is open.
- **oas3-gen** generates Axum servers, and checks constraints such as lengths and patterns before it sends. Open end: checks \
of constraints in requests.
- **openapi-generator** generates clients for dozens of languages, reads Swagger 2.0, and has middleware and mocks (`mockall`). \
Open end: none is planned for other languages; `npx swagger2openapi` converts Swagger 2.0.
- **progenitor** generates command lines and mocks (`httpmock`), and has a macro. Open end: mocks of a generated client are \
written by hand, with a sender.
";

/// Notes below the tables.
const NOTES: &str = "\
- Doubles: `serde_json` reads them exactly with its feature `float_roundtrip`, which a program can turn on for each of these \
clients. None of the generated manifests does.
- Dates: openapi-to-rust keeps the text with `date_time = \"string\"`, and has no date type then. oas3-gen (`--customize`) and \
progenitor (`with_conversion`) can put a type of the caller in its place.
- openapi-to-rust opens the enums that its settings name, one by one. Without them, an unknown value is an error.
- New parameters: by the default options of openapi-to-rust, openapi-generator and progenitor, parameters are arguments of a \
function, and a new one breaks the caller. The probe uses their builders.
- openapi-generator writes one file for each tag. Where operations and webhooks have a tag in common, functions are missing.
- Lines and CPU seconds are those of the generated code alone. The code of this generator calls macros of its runtime, which \
are counted before they are expanded; `connectors-runtime` itself is a dependency, and is not counted.
- The machine did other work at the same time: CPU seconds vary by about a tenth.
";

/// Writes the page.
pub(crate) fn page(findings: &Findings) -> Result<String> {
    if !findings.probes.contains_key(OURS) {
        return Err(format!("there is no result of {OURS} to write a page from: run the probe first").into());
    }
    let mut page = String::new();
    let tools: Vec<&str> =
        TOOLS.iter().map(|tool| tool.name).filter(|name| findings.probes.contains_key(*name)).collect();
    writeln!(page, "# Compared with other generators\n")?;
    writeln!(
        page,
        "`cargo xtask duel --write` wrote this page on {}. It runs the same documents and the same probe through this generator \
         and {} other Rust generators. For each row in which another one does better, the page names what is missing here: an *open end*.\n\n\
         ```sh\ncargo xtask duel --documents DIR --write\n```\n\n\
         `DIR` is a folder with one OpenAPI file for each document, downloaded from its publisher. The names below \
         are those of documents of Bump.sh (train), Redocly (museum), Figma, Deepgram, Adyen, Lago, Svix, ConductorOne (c1) and \
         PipesHub. Without `--documents` the vendored documents of `spec/` and the probe's own document are used. \
         [How each tool was run](#how-each-tool-was-run) has the versions and options.\n",
        findings.date,
        match tools.iter().filter(|tool| **tool != OURS).count() {
            4 => "four".to_owned(),
            count => count.to_string(),
        }
    )?;
    writeln!(page, "## What others do better\n\nMeasured:\n")?;
    page.push_str(&better(findings, &tools)?);
    writeln!(page, "\nBy their own documentation, not measured:\n\n{ELSEWHERE}")?;
    writeln!(page, "## Real documents\n")?;
    page.push_str(&documents(findings, &tools)?);
    writeln!(page, "## The probe\n")?;
    page.push_str(&probe(findings, &tools)?);
    writeln!(page, "## How each tool was run\n")?;
    page.push_str(&runs(findings)?);
    Ok(page)
}

fn open_end(name: &str) -> Result<&'static str> {
    let found = OPEN_ENDS.iter().find(|(of, _)| *of == name);
    let missing =
        || format!("another tool is better at `{name}`: name the open end in OPEN_ENDS of duel/src/report.rs");
    Ok(found.ok_or_else(missing)?.1)
}

/// The rows of the probe: names and questions.
pub(crate) fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    CASES.iter().map(|case| (case.name, case.row)).chain(GROWTH.iter().map(|(name, row, ..)| (*name, *row)))
}

fn better(findings: &Findings, tools: &[&str]) -> Result<String> {
    let mut text = String::new();
    let verdict = |tool: &str, name: &str| findings.probes.get(tool).and_then(|probed| probed.verdicts.get(name));
    for (name, row) in rows() {
        let Some((ours, observed)) = verdict(OURS, name) else { continue };
        let is_better = |tool: &&&str| verdict(tool, name).is_some_and(|(grade, _)| grade > ours);
        let others: Vec<String> = tools
            .iter()
            .filter(is_better)
            .filter_map(|tool| Some(format!("{tool} ({})", verdict(tool, name)?.1)))
            .collect();
        if !others.is_empty() {
            writeln!(text, "- {row}: {}; here: {observed}. Open end: {}.", others.join(", "), open_end(name)?)?;
        }
    }
    for (name, what, figure) in costs() {
        let less: Vec<String> = tools
            .iter()
            .filter(|tool| **tool != OURS)
            .filter_map(|tool| {
                let (theirs, ours, count) = shared(findings, tool, figure)?;
                (theirs < ours).then(|| {
                    format!(
                        "{tool} {} (here {}, over {} that both compile)",
                        number(theirs),
                        number(ours),
                        shared_by(count)
                    )
                })
            })
            .collect();
        if !less.is_empty() {
            writeln!(text, "- {what}: {}. Open end: {}.", less.join("; "), open_end(name)?)?;
        }
    }
    let compiled = |tool: &str| -> BTreeSet<&String> {
        let attempts = findings.attempts.get(tool).into_iter().flatten();
        attempts.filter(|(_, attempt)| attempt.reached == Stage::Compiled).map(|(name, _)| name).collect()
    };
    let ours = compiled(OURS);
    for tool in tools {
        let only: Vec<&str> = compiled(tool).difference(&ours).map(|name| name.as_str()).collect();
        if !only.is_empty() {
            writeln!(
                text,
                "- {tool} compiles {}, and this generator does not. Open end: {}.",
                only.join(", "),
                open_end("compiled")?
            )?;
        }
    }
    if text.is_empty() {
        text.push_str("- nothing in the probe and the documents.\n");
    }
    Ok(text)
}

type Figure = fn(&Attempt) -> f64;

/// The costs of a client: the name of the open end, the description, and the figure.
fn costs() -> [(&'static str, &'static str, Figure); 2] {
    [
        ("seconds", "CPU seconds to check", |attempt| attempt.seconds),
        ("lines", "lines of generated code", |attempt| attempt.lines as f64),
    ]
}

/// The sum of a figure over the documents that another tool and this one compile: theirs, ours, and how many.
fn shared(findings: &Findings, tool: &str, figure: Figure) -> Option<(f64, f64, usize)> {
    let (theirs, ours) = (findings.attempts.get(tool)?, findings.attempts.get(OURS)?);
    let mut sums = (0.0, 0.0, 0);
    for (name, attempt) in theirs.iter().filter(|(_, attempt)| attempt.reached == Stage::Compiled) {
        if let Some(other) = ours.get(name).filter(|other| other.reached == Stage::Compiled) {
            sums = (sums.0 + figure(attempt), sums.1 + figure(other), sums.2 + 1);
        }
    }
    (sums.2 > 0).then_some(sums)
}

/// A number for people: groups of three digits, or one digit after the point.
fn number(value: f64) -> String {
    if value < 1000.0 && value.fract() != 0.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many documents two tools compile.
fn shared_by(count: usize) -> String {
    if count == 1 { "the one document".to_owned() } else { format!("the {count} documents") }
}

fn documents(findings: &Findings, tools: &[&str]) -> Result<String> {
    let mut text = String::from(
        "A client of the whole document, with each tool's default options. A cell has four figures: the functions that call an \
         operation (an operation may have several), the lines of Rust that are not empty, the CPU seconds of `cargo check`, and \
         the compiler's warnings. The seconds are those of user mode, without dependencies and without incremental compilation. \
         ◐: it compiles, and operations are missing.\n\n",
    );
    writeln!(text, "| document (operations) | {} |", tools.join(" | "))?;
    writeln!(text, "|---|{}", "---|".repeat(tools.len()))?;
    let mut names: BTreeMap<&String, usize> = BTreeMap::new();
    for (name, attempt) in findings.attempts.values().flatten() {
        names.insert(name, attempt.of);
    }
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_by_key(|(name, of)| (*of, *name));
    for (name, of) in names {
        let cells: Vec<String> =
            tools.iter().map(|tool| cell(findings.attempts.get(*tool).and_then(|all| all.get(name)))).collect();
        writeln!(text, "| {name} ({of}) | {} |", cells.join(" | "))?;
    }
    let sums: Vec<String> = tools
        .iter()
        .map(|tool| {
            let attempts = findings.attempts.get(*tool).into_iter().flatten().map(|(_, attempt)| attempt);
            let (mut all, mut compiled) = (0, 0);
            for attempt in attempts {
                all += 1;
                compiled += usize::from(attempt.reached == Stage::Compiled);
            }
            format!("**{compiled} of {all}**")
        })
        .collect();
    writeln!(text, "| **compile** | {} |\n", sums.join(" | "))?;
    for tool in tools.iter().filter(|tool| **tool != OURS) {
        let [seconds, lines] = costs().map(|(_, _, figure)| shared(findings, tool, figure));
        if let (Some((theirs, ours, count)), Some((their_lines, our_lines, _))) = (seconds, lines) {
            writeln!(
                text,
                "- {tool}, over {} that both compile: {} s and {} lines; here {} s and {} lines.",
                shared_by(count),
                number(theirs),
                number(their_lines),
                number(ours),
                number(our_lines)
            )?;
        }
    }
    text.push('\n');
    Ok(text)
}

fn cell(attempt: Option<&Attempt>) -> String {
    let Some(attempt) = attempt else { return "not run".to_owned() };
    let failure = attempt.failure.as_deref().map(shortened).unwrap_or_default();
    match attempt.reached {
        Stage::NotGenerated => format!("✗ not generated: {failure}"),
        Stage::NotCompiled if attempt.errors > 0 => {
            format!("✗ {} {}: {failure}", attempt.errors, if attempt.errors == 1 { "error" } else { "errors" })
        }
        Stage::NotCompiled => format!("✗ not compiled: {failure}"),
        Stage::Compiled => format!(
            "{} functions, {} lines, {:.1} s{}",
            // Fewer functions than operations: some are missing.
            if attempt.operations < attempt.of {
                format!("◐ {}", attempt.operations)
            } else {
                format!("✓ {}", attempt.operations)
            },
            number(attempt.lines as f64),
            attempt.seconds,
            match attempt.warnings {
                0 => String::new(),
                1 => ", 1 warning".to_owned(),
                count => format!(", {count} warnings"),
            }
        ),
    }
}

/// A failure as the text of a table cell, without paths and without `|`.
fn shortened(failure: &str) -> String {
    let words = failure.split_whitespace().filter(|word| word.matches('/').count() < 3);
    let text = words.collect::<Vec<_>>().join(" ");
    let mut short: String = text.chars().take(90).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    // Between backticks, Markdown escapes nothing.
    let parts = short.split('`').enumerate();
    let parts = parts.map(|(index, part)| if index % 2 == 0 { part.replace('<', "&lt;") } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("`").replace('|', "\\|")
}

fn probe(findings: &Findings, tools: &[&str]) -> Result<String> {
    let mut text = String::from(
        "Each tool's client of [one small document](../duel/probe/openapi.yaml), with the tool's best options, called over a socket by \
         a [program of its own](../duel/probes). The server is scripted. It checks the requests that it receives, if that is possible. ✓ yes, ◐ in part, ✗ no.\n\n",
    );
    writeln!(text, "| | {} |", tools.join(" | "))?;
    writeln!(text, "|---|{}", "---|".repeat(tools.len()))?;
    for (name, row) in rows() {
        let cells: Vec<String> = tools
            .iter()
            .map(|tool| {
                let verdict = findings.probes.get(*tool).and_then(|probed| probed.verdicts.get(name));
                verdict.map_or("not run".to_owned(), |(grade, observed)| {
                    let mark = match grade {
                        2 => "✓",
                        1 => "◐",
                        _ => "✗",
                    };
                    format!("{mark} {observed}")
                })
            })
            .collect();
        writeln!(text, "| {row} | {} |", cells.join(" | "))?;
    }
    text.push('\n');
    Ok(text)
}

fn runs(findings: &Findings) -> Result<String> {
    let mut text = String::from("| tool | version | documents | probe |\n|---|---|---|---|\n");
    for tool in &TOOLS {
        let Some(probed) = findings.probes.get(tool.name) else { continue };
        let [documents, probe] = tool.options;
        writeln!(text, "| {} | {} | {documents} | {probe} |", tool.name, probed.version)?;
    }
    text.push('\n');
    for tool in &TOOLS {
        if findings.missing.contains(&tool.name) {
            writeln!(text, "{} was not installed, and was skipped: `{}`.\n", tool.name, tool.install)?;
        }
        for (from, to) in tool.changes {
            writeln!(
                text,
                "- {}: the probe's document has `{to}` where it had `{from}`, without which the client does not compile.",
                tool.name
            )?;
        }
        if !tool.without.is_empty() {
            writeln!(
                text,
                "- {}: the probe's document is without {}, on which it fails.",
                tool.name,
                tool.without.join(", ")
            )?;
        }
    }
    text.push_str(NOTES);
    Ok(text)
}
