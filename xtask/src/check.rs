//! `cargo xtask check`: whether everything that is committed is current and agrees with the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use connectors_codegen::{Effect, Generator, Node, RULES, Selection};

use crate::files::{self, Mode};
use crate::service::{self, Name, Service};
use crate::{Result, progress};

/// Something that is not as it should be.
struct Problem {
    /// What is wrong, in one sentence.
    what: String,
    /// The difference, or the places, a line each.
    detail: String,
    /// What mends it.
    remedy: String,
}

fn problem(what: impl Into<String>, detail: impl Into<String>, remedy: impl Into<String>) -> Problem {
    Problem { what: what.into(), detail: detail.into(), remedy: remedy.into() }
}

pub(crate) fn run() -> Result<()> {
    let mut problems = Vec::new();
    let services = Name::all()?;
    for name in &services {
        progress(&format!("checking {name}"));
        let found = service(name);
        if found.is_empty() {
            println!("{name}: selection, overlay, public API and words are current");
        }
        problems.extend(found);
    }
    problems.extend(wiring(&services)?);
    problems.extend(docs()?);
    if problems.is_empty() {
        println!("everything is current");
        return Ok(());
    }
    let mut text = String::new();
    for Problem { what, detail, remedy } in &problems {
        text.push_str(&format!("error: {what}\n"));
        detail.lines().for_each(|line| text.push_str(&format!("  {line}\n")));
        text.push_str(&format!("  help: {remedy}\n\n"));
    }
    let count = problems.len();
    Err(format!("{text}{count} {} not as it should be", if count == 1 { "thing is" } else { "things are" }).into())
}

/// What is wrong with one service. A problem that keeps later questions from being asked ends the list.
fn service(name: &Name) -> Vec<Problem> {
    let mut problems = leftovers(name);
    let vendor = format!("cargo xtask vendor {name}");
    let service = match Service::read(name) {
        Ok(service) => service,
        Err(error) => {
            problems.push(problem(
                format!("spec/{name}/service.toml cannot be used"),
                error.to_string(),
                format!("write it as the other services' are, then `{vendor}`"),
            ));
            return problems;
        }
    };
    if service.sha256.len() != 64 || !service.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        let detail = format!("sha256 = {:?}", service.sha256);
        let what = format!("the sha256 in spec/{name}/service.toml is not one");
        problems.push(problem(what, detail, format!("run `{vendor}`")));
    }
    let document = match Node::read(&name.document()) {
        Ok(document) => document,
        Err(error) => {
            let what = format!("spec/{name}/openapi.yaml cannot be read");
            problems.push(problem(what, error.to_string(), format!("run `{vendor}`")));
            return problems;
        }
    };
    problems.extend(selection(name, &service, &document, &vendor));
    if !name.overlay().exists() {
        let what = format!("spec/{name} has no overlay.yaml, so no client is made of it");
        problems.push(problem(
            what,
            "",
            format!("write spec/{name}/overlay.yaml: `cargo xtask new` writes such a skeleton"),
        ));
        return problems;
    }
    match overlaid(name, &document) {
        Ok(document) => {
            let missing = connectors_codegen::undocumented(&document);
            if !missing.is_empty() {
                let what = format!("some of {name} has no words yet: {} in all", missing.len());
                problems.push(problem(what, missing.join("\n"), format!("describe them in spec/{name}/overlay.yaml")));
            }
            problems.extend(api(name));
        }
        Err(error) => {
            let what = format!("the overlay of {name} does not fit its document");
            problems.push(problem(
                what,
                error.to_string(),
                format!("mend or delete these actions of spec/{name}/overlay.yaml"),
            ));
        }
    }
    problems
}

/// Files of a run that was interrupted.
fn leftovers(name: &Name) -> Vec<Problem> {
    let entries = fs::read_dir(name.folder()).into_iter().flatten().flatten();
    let unfinished =
        entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with(files::UNFINISHED));
    unfinished
        .map(|path| {
            let path = files::shown(&path);
            problem(format!("{path} is left over from a run that was interrupted"), "", format!("rm {path}"))
        })
        .collect()
}

fn selection(name: &Name, service: &Service, document: &Node, vendor: &str) -> Option<Problem> {
    // What was left out is no longer there to be named.
    let selection = Selection { except: Vec::new(), ..service.selection() };
    let again = connectors_codegen::vendor(document, &selection);
    let text = match again {
        Ok(again) => service::document_text(&again),
        Err(error) => Err(error.into()),
    };
    let detail = match text {
        Ok(text) => files::bring(&name.document(), &text, Mode::Compare).ok().flatten()?,
        Err(error) => error.to_string(),
    };
    let what = format!("spec/{name}/openapi.yaml is not what [select] in service.toml makes");
    Some(problem(what, detail, format!("run `{vendor}`")))
}

/// The document with our overlay, every action of which has to match.
fn overlaid(name: &Name, document: &Node) -> Result<Node> {
    let overlay = Node::read(&name.overlay())?;
    for action in connectors_codegen::inspect_overlay(document, &overlay)?.1 {
        // Needless, not wrong.
        if action.effect == Effect::AlreadySo {
            eprintln!("warning: {action}");
        }
    }
    Ok(Generator::new(document.clone()).overlay(overlay).overlaid()?)
}

fn api(name: &Name) -> Option<Problem> {
    let detail = match crate::semver::current(name) {
        Ok(listing) => files::bring(&name.api(), &service::api_text(name, &listing), Mode::Compare).ok().flatten()?,
        Err(error) => error.to_string(),
    };
    let what = format!("spec/{name}/api.txt is not the public API of the generated client");
    Some(problem(what, detail, format!("run `cargo xtask api {name}`, and look at what changed")))
}

/// Whether build.rs, Cargo.toml and src/lib.rs know the services that spec/ has.
fn wiring(services: &[Name]) -> Result<Vec<Problem>> {
    let root = files::root();
    let mut problems = Vec::new();
    let folders: BTreeSet<&str> = services.iter().map(Name::as_str).collect();
    let build = files::read(&root.join("build.rs"))?;
    let listed = crate::new::services_of(&build).unwrap_or_default();
    let built: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    if built != folders {
        let told = |names: &BTreeSet<&str>| names.iter().copied().collect::<Vec<_>>().join(", ");
        let detail = format!("build.rs: {}\nspec/:    {}", told(&built), told(&folders));
        let remedy = "make SERVICES in build.rs name each folder of spec/, and no other";
        problems.push(problem("build.rs does not build the services that spec/ has", detail, remedy));
    }
    let manifest: toml::Table = toml::from_str(&files::read(&root.join("Cargo.toml"))?)?;
    let features = manifest.get("features").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    let library = files::read(&root.join("src").join("lib.rs"))?;
    for name in services {
        if !features.contains_key(name.as_str()) {
            let remedy = format!("add `{name} = []` to [features] in Cargo.toml");
            problems.push(problem(format!("Cargo.toml has no feature `{name}`"), "", remedy));
        }
        let module = format!("#[cfg(feature = \"{name}\")]\npub mod {name};");
        if !library.contains(&module) {
            problems.push(problem(
                format!("src/lib.rs has no module `{name}`"),
                "",
                format!("add `{}`", module.replace('\n', " ")),
            ));
        }
    }
    Ok(problems)
}

/// Whether the words in docs/ and the READMEs are held to the code.
fn docs() -> Result<Vec<Problem>> {
    let root = files::root();
    let mut problems = Vec::new();
    // Each README's snippets are compiled as doctests, by this line of the crate beside it.
    for (readme, library) in [
        ("README.md", "src/lib.rs"),
        ("codegen/README.md", "codegen/src/lib.rs"),
        ("fake/README.md", "fake/src/lib.rs"),
    ] {
        let hooked = files::read(&root.join(library))?.contains("doc = include_str!(\"../README.md\")");
        if !hooked {
            let what = format!("the snippets of {readme} are not compiled");
            let remedy = format!(
                "let {library} include it: `#[cfg(doctest)] #[doc = include_str!(\"../README.md\")] struct Readme;`"
            );
            problems.push(problem(what, "", remedy));
        }
    }
    let page = files::read(&root.join("docs").join("diff-rules.md"))?;
    let mut told = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let (rule, impact) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        told.insert(rule.trim_matches('`').to_owned(), impact.to_owned());
    }
    let rules: BTreeMap<String, String> =
        RULES.iter().map(|rule| (rule.id.to_owned(), rule.impact.to_string())).collect();
    if told != rules {
        let lines = |table: &BTreeMap<String, String>| -> String {
            table.iter().map(|(rule, impact)| format!("{rule}: {impact}\n")).collect()
        };
        let what = "the table in docs/diff-rules.md is not the one in codegen/src/diff/rules.rs";
        problems.push(problem(
            what,
            files::difference(&lines(&told), &lines(&rules)),
            "mend the table in docs/diff-rules.md",
        ));
    }
    Ok(problems)
}
