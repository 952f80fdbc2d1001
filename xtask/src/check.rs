//! `cargo xtask check`: whether everything that is committed is current and consistent.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use connectors_codegen::cli::files::{UNFINISHED, difference};
use connectors_codegen::cli::report::sampled;
use connectors_codegen::{Effect, Generator, Node, RULES};

use crate::files::{self, Mode};
use crate::service::{self, Name, Select, Service};
use crate::{Result, progress};

/// A problem, and how to fix it.
struct Problem {
    /// The problem, in one sentence.
    what: String,
    /// The difference, or the places, a line each.
    detail: String,
    /// The command or edit that fixes it.
    remedy: String,
}

fn problem(what: impl Into<String>, detail: impl Into<String>, remedy: impl Into<String>) -> Problem {
    Problem { what: what.into(), detail: detail.into(), remedy: remedy.into() }
}

pub(crate) fn run(all: bool) -> Result<()> {
    let mut problems = Vec::new();
    let (services, strangers) = Name::all()?;
    problems.extend(strangers.iter().map(|folder| misnamed(folder)));
    for name in &services {
        progress(&format!("checking {name}"));
        let found = service(name);
        if found.is_empty() {
            println!("{name}: selection, overlay, public API and descriptions are current");
        }
        problems.extend(found);
    }
    problems.extend(wiring(&services)?);
    problems.extend(docs()?);
    problems.extend(words()?);
    if problems.is_empty() {
        println!("everything is current");
        return Ok(());
    }
    let mut text = String::new();
    for Problem { what, detail, remedy } in &problems {
        text.push_str(&format!("error: {what}\n"));
        let lines = detail.lines().map(str::to_owned).collect();
        sampled(lines, all).iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        text.push_str(&format!("  help: {remedy}\n\n"));
    }
    let count = problems.len();
    Err(format!("{text}{count} {}", if count == 1 { "problem" } else { "problems" }).into())
}

/// A folder whose name is not allowed for a service.
fn misnamed(folder: &str) -> Problem {
    let better: String =
        folder.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let remedy = match better.parse::<Name>() {
        Ok(better) => format!("run `git mv spec/{folder} spec/{better}`, or move it out of spec/ if it is no service"),
        Err(_) => format!("move spec/{folder} out of spec/, or rename it"),
    };
    let detail = "the name of a service has lower-case letters, digits and `_`, and begins with a letter";
    problem(format!("the folder spec/{folder} has a name that is not allowed for a service"), detail, remedy)
}

/// The problems of one service. A problem that makes later checks impossible ends the list.
fn service(name: &Name) -> Vec<Problem> {
    let mut problems = leftovers(name);
    if fs::read_dir(name.folder()).is_ok_and(|mut entries| entries.next().is_none()) {
        let remedy = format!("run `rmdir spec/{name}`, or `git checkout HEAD -- spec/{name}` if it should be there");
        problems.push(problem(format!("the folder spec/{name} is empty"), "", remedy));
        return problems;
    }
    let conflicts = conflicts(name);
    if !conflicts.is_empty() {
        problems.extend(conflicts);
        return problems;
    }
    let vendor = format!("cargo xtask vendor {name}");
    let service = match Service::read(name) {
        Ok(service) => service,
        Err(error) => {
            problems.push(problem(
                format!("spec/{name}/service.toml cannot be used"),
                error.to_string(),
                format!("write it like those of the other services, then run `{vendor}`"),
            ));
            return problems;
        }
    };
    if service.sha256.len() != 64 || !service.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        let detail = format!("sha256 = {:?}", service.sha256);
        let what = format!("the sha256 in spec/{name}/service.toml is not a hash");
        problems.push(problem(what, detail, format!("run `{vendor}`")));
    }
    let document = match Node::read(&name.document()) {
        Ok(document) => document,
        Err(error) => {
            let what = format!("spec/{name}/openapi.yaml cannot be read");
            problems.push(problem(what, error.to_string(), format!("run `{vendor} --force` to write it again")));
            return problems;
        }
    };
    problems.extend(selection(name, &service, &document, &vendor));
    if !name.overlay().exists() {
        let what = format!("spec/{name} has no overlay.yaml, so no client is generated from it");
        problems.push(problem(
            what,
            "",
            format!("write spec/{name}/overlay.yaml: `cargo xtask new` writes a skeleton for a new service"),
        ));
        return problems;
    }
    match overlaid(name, &document) {
        Ok(document) => {
            let missing = connectors_codegen::undocumented(&document);
            if !missing.is_empty() {
                let what = format!("{name} lacks descriptions: {} in all", missing.len());
                problems.push(problem(what, missing.join("\n"), format!("describe them in spec/{name}/overlay.yaml")));
            }
            problems.extend(api(name));
        }
        Err(error) => {
            let what = format!("the overlay of {name} does not fit its document");
            problems.push(problem(
                what,
                error.to_string(),
                format!("fix or delete these actions of spec/{name}/overlay.yaml"),
            ));
        }
    }
    problems
}

/// The files of an interrupted run.
fn leftovers(name: &Name) -> Vec<Problem> {
    let entries = fs::read_dir(name.folder()).into_iter().flatten().flatten();
    let unfinished = entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with(UNFINISHED));
    unfinished
        .map(|path| {
            let path = files::shown(&path);
            problem(format!("{path} is left over from a run that was interrupted"), "", format!("rm {path}"))
        })
        .collect()
}

/// The conflicts of an unfinished merge. Such files are not checked further.
fn conflicts(name: &Name) -> Vec<Problem> {
    let again = |command: &str| format!("run `cargo xtask {command} {name}` to write it again");
    let by_hand = "keep the right lines of both sides, and delete the lines with the markers".to_owned();
    let places = [
        (name.settings(), by_hand.clone()),
        (name.overlay(), by_hand),
        (name.document(), format!("{}, after service.toml", again("vendor --force"))),
        (name.api(), format!("{}, after all the others", again("api"))),
        (name.losses(), format!("{}, after all the others", again("api"))),
        (name.names(), "keep the lines of both sides, one for each place".to_owned()),
    ];
    let mut problems = Vec::new();
    for (path, remedy) in places {
        let Ok(bytes) = fs::read(&path) else { continue };
        let (text, path) = (String::from_utf8_lossy(&bytes), files::shown(&path));
        let marked = |line: &str| {
            ["<<<<<<<", "|||||||", ">>>>>>>"].iter().any(|marker| line.starts_with(marker)) || line == "======="
        };
        let lines = text.lines().enumerate().filter(|(_, line)| marked(line));
        let detail: Vec<String> = lines.map(|(index, line)| format!("{path}:{}: {line}", index + 1)).collect();
        if !detail.is_empty() {
            problems.push(problem(format!("{path} has a merge conflict"), detail.join("\n"), remedy));
        }
    }
    problems
}

fn selection(name: &Name, service: &Service, document: &Node, vendor: &str) -> Option<Problem> {
    // Operations that the selection excludes are not in the vendored document.
    let select = Select { except: Vec::new(), ..service.select.clone() };
    let strangers = select.strangers(document);
    if !strangers.is_empty() {
        let what = format!("[select] in spec/{name}/service.toml has names that are not in spec/{name}/openapi.yaml");
        let remedy = format!("fix the name in spec/{name}/service.toml; if it is right and new, run `{vendor}`");
        return Some(problem(what, strangers.join("\n"), remedy));
    }
    let text = service::vendored(document, &select).and_then(|again| service::document_text(&again));
    let detail = match text {
        Ok(text) => files::bring(&name.document(), &text, Mode::Compare).ok().flatten()?,
        Err(error) => error.to_string(),
    };
    let what = format!("spec/{name}/openapi.yaml is not the result of [select] in service.toml");
    Some(problem(what, detail, format!("run `{vendor}`")))
}

/// The document with our overlay. Every action has to match.
fn overlaid(name: &Name, document: &Node) -> Result<Node> {
    let overlay = Node::read(&name.overlay())?;
    for action in connectors_codegen::inspect_overlay(document, &overlay)?.1 {
        // This action is not needed, but it is not an error.
        if action.effect == Effect::AlreadySo {
            eprintln!("warning: {action}");
        }
    }
    Ok(Generator::new(document.clone()).overlay(overlay).overlaid()?)
}

/// The files about the generated client: its public API, its names, and its losses.
fn api(name: &Name) -> Vec<Problem> {
    let remedy = format!("run `cargo xtask api {name}`, and review the difference");
    let (client, listing) = match crate::semver::current(name) {
        Ok(current) => current,
        Err(error) => return vec![problem(format!("no client of {name} can be generated"), error.to_string(), remedy)],
    };
    let stale = |(path, text): (std::path::PathBuf, String)| {
        let detail = files::bring(&path, &text, Mode::Compare).ok().flatten()?;
        let holds = match path.extension().and_then(std::ffi::OsStr::to_str) {
            Some("txt") => "the public API",
            _ if path == name.names() => "the list of names",
            _ => "the list of losses",
        };
        let what = format!("{} is not {holds} of the generated client", files::shown(&path));
        Some(problem(what, detail, remedy.clone()))
    };
    service::records(name, &client, &listing).into_iter().filter_map(stale).collect()
}

/// Whether build.rs, Cargo.toml and src/lib.rs list the services in spec/, and no others.
fn wiring(services: &[Name]) -> Result<Vec<Problem>> {
    let root = files::root();
    let mut problems = Vec::new();
    let folders: BTreeSet<&str> = services.iter().map(Name::as_str).collect();
    let build = files::read(&root.join("build.rs"))?;
    let listed = crate::new::services_of(&build).unwrap_or_default();
    let built: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    if !built.is_superset(&folders) {
        let told = |names: &BTreeSet<&str>| names.iter().copied().collect::<Vec<_>>().join(", ");
        let detail = format!("build.rs: {}\nspec/:    {}", told(&built), told(&folders));
        let remedy = "list each folder of spec/ in SERVICES in build.rs";
        problems.push(problem("build.rs does not list exactly the services in spec/", detail, remedy));
    }
    let manifest = files::read(&root.join("Cargo.toml"))?;
    let table: toml::Table =
        toml::from_str(&manifest).map_err(|error| format!("error: Cargo.toml cannot be read: {error}"))?;
    let features = table.get("features").and_then(toml::Value::as_table).cloned().unwrap_or_default();
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
    let mut others: BTreeSet<String> = built.difference(&folders).map(|name| (*name).to_owned()).collect();
    others.extend(features.keys().filter(|name| !folders.contains(name.as_str())).cloned());
    problems.extend(others.iter().filter_map(|name| removed(name, &built, &manifest, &library)));
    Ok(problems)
}

/// The remains of a service that spec/ no longer has, if `name` is one: build.rs lists it, its module includes what
/// build.rs would generate, or its feature is documented as that of a removed module.
fn removed(name: &str, built: &BTreeSet<&str>, manifest: &str, library: &str) -> Option<Problem> {
    let root = files::root();
    let modules = [format!("src/{name}/mod.rs"), format!("src/{name}.rs")];
    let module = modules.iter().find_map(|file| Some((file, fs::read_to_string(root.join(file)).ok()?)));
    let generated = format!("\"/{name}.rs\"");
    let includes = module.as_ref().is_some_and(|(_, text)| text.contains("OUT_DIR") && text.contains(&generated));
    let declarations = [format!("pub mod {name};"), format!("pub use connectors_runtime::{name};")];
    let declared = library.lines().position(|line| declarations.iter().any(|it| line == it));
    let documented = format!("`connectors::{name}`");
    let lines: Vec<&str> = manifest.lines().collect();
    let feature = lines.iter().position(|line| line.starts_with(&format!("{name} = [")));
    let orphan = declared.is_none()
        && feature.is_some_and(|at| {
            let mut above = lines[..at].iter().rev().take_while(|line| line.starts_with('#'));
            above.any(|line| line.contains(&documented))
        });
    if !(built.contains(name) || includes || orphan) {
        return None;
    }
    let mut places = Vec::new();
    if built.contains(name) {
        places.push(format!("build.rs: {name:?} in SERVICES"));
    }
    places.extend(feature.map(|at| format!("Cargo.toml:{}: the feature", at + 1)));
    places.extend(declared.map(|at| format!("src/lib.rs:{}: the module", at + 1)));
    places.extend(module.map(|(file, _)| format!("{file}: its code")));
    let test = format!("tests/{name}_operations.rs");
    if root.join(&test).exists() {
        places.push(format!("{test}: its test"));
    }
    let remedy = format!("delete these, or restore the service: `git checkout HEAD -- spec/{name}`");
    Some(problem(
        format!("spec/ has no `{name}`, but other files still refer to this service"),
        places.join("\n"),
        remedy,
    ))
}

/// Whether the prose avoids the words that the project has given up.
fn words() -> Result<Option<Problem>> {
    let found = crate::plain::findings()?;
    if found.is_empty() {
        return Ok(None);
    }
    let remedy = "use the term after the colon; add an exception to ALLOWED in xtask/src/plain.rs, with its reason";
    Ok(Some(problem("the prose uses words that the project has given up", found.join("\n"), remedy)))
}

/// Whether docs/ and the READMEs agree with the code.
fn docs() -> Result<Vec<Problem>> {
    let root = files::root();
    let mut problems = Vec::new();
    // The snippets of each README are compiled as doctests by this line of a crate: the crate beside the README, or one
    // with the dependencies that they need.
    for (readme, library, path) in [
        ("README.md", "src/lib.rs", "../README.md"),
        ("codegen/README.md", "tests/third/src/lib.rs", "../../../codegen/README.md"),
        ("fake/README.md", "fake/src/lib.rs", "../README.md"),
        ("mock/README.md", "mock/src/lib.rs", "../README.md"),
        ("runtime/README.md", "runtime/src/lib.rs", "../README.md"),
    ] {
        let line = format!("doc = include_str!(\"{path}\")");
        if !files::read(&root.join(library))?.contains(&line) {
            let what = format!("the snippets of {readme} are not compiled");
            let remedy = format!("include it in {library}: `#[cfg(doctest)] #[{line}] struct Readme;`");
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
        problems.push(problem(what, difference(&lines(&told), &lines(&rules)), "fix the table in docs/diff-rules.md"));
    }
    Ok(problems)
}
