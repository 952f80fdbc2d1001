//! Generates the client of every document for which the property is tested, and a registry of them.
//!
//! The documents are those of `../spec` with their overlays, the test documents of `codegen`, and documents of
//! `../../shared` that the environment variable `ROUNDTRIP_CORPUS` names: file stems separated by commas, `all`, or
//! nothing.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use connectors_codegen::{GeneratedType, Generator, Node};

/// The default for `ROUNDTRIP_CORPUS`: small documents, with all spellings of nullable.
const DEFAULT_CORPUS: &str = "museum,train,c1-create";
const CORPUS: [&str; 2] = ["../../shared/corpus", "../../shared/upstream"];

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Fallible<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ROUNDTRIP_CORPUS");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: run this through cargo")?);
    let mut modules = String::new();
    let mut entries = String::new();
    for (name, generator) in services()?.into_iter().chain(own()?).chain(corpus()?).chain([far()?]) {
        let client = generator.generate().map_err(|error| format!("{name}: {error}"))?;
        // Only whole components. Inner schemas are read and written as parts of the components.
        let component = |pointer: &str| {
            pointer.strip_prefix("/components/schemas/").is_some_and(|component| !component.contains('/'))
        };
        let types: Vec<_> = client.types.iter().filter(|ty| component(ty.pointer.as_str())).collect();
        let module = module_name(&name);
        let mut code = client.code;
        code.push_str("\n/// Reads a value as the type of a name, and writes it again.\n");
        code.push_str(
            "pub fn round_trip(name: &str, value: ::serde_json::Value) -> Result<::serde_json::Value, String> {\n",
        );
        code.push_str("    match name {\n");
        for ty in &types {
            writeln!(code, "        {:?} => crate::reread::<types::{}>(&value),", ty.name, ty.name)?;
        }
        code.push_str("        other => Err(format!(\"there is no type `{other}`\")),\n    }\n}\n");
        code.push_str("\n/// The variant of a union for a value, and the number of variants.\n");
        code.push_str("pub fn chosen(name: &str, value: &::serde_json::Value) -> Option<(Option<usize>, usize)> {\n");
        code.push_str("    match name {\n");
        for ty in &client.types {
            writeln!(code, "        {:?} => crate::chosen::<types::{}>(value),", ty.name, ty.name)?;
        }
        code.push_str("        _ => None,\n    }\n}\n");
        fs::write(out.join(format!("{module}.rs")), code)?;
        fs::write(out.join(format!("{module}.json")), generator.overlaid()?.to_json().to_string())?;

        let allowed = "warnings, missing_docs, clippy::all, clippy::pedantic";
        let reason = "other tests apply these lints to generated code; this one tests that it loses nothing";
        writeln!(modules, "#[allow({allowed}, reason = {reason:?})]\n/// A generated client.\npub mod {module} {{")?;
        writeln!(modules, "    include!(concat!(env!(\"OUT_DIR\"), \"/{module}.rs\"));\n}}")?;
        let named = |ty: &GeneratedType| (ty.name.clone(), ty.pointer.as_str().to_owned());
        let all: Vec<(String, String)> = client.types.iter().map(named).collect();
        let types: Vec<(String, String)> = types.into_iter().map(named).collect();
        writeln!(
            entries,
            "    Registered {{\n        name: {name:?},\n        json: include_str!(concat!(env!(\"OUT_DIR\"), \
             \"/{module}.json\")),\n        types: &{types:?},\n        all: &{all:?},\n        round_trip: {module}::round_trip,\n        chosen: {module}::chosen,\n    }},"
        )?;
    }
    let registry = format!(
        "{modules}\n/// Every document that was generated from.\npub static DOCUMENTS: &[Registered] = &[\n{entries}];\n"
    );
    fs::write(out.join("registry.rs"), registry)?;
    Ok(())
}

/// The services of this workspace, by the name of their folder.
fn services() -> Fallible<Vec<(String, Generator)>> {
    // A folder stands for all its files, so new services are included.
    println!("cargo::rerun-if-changed=../spec");
    let mut found = Vec::new();
    for folder in sorted(Path::new("../spec"))? {
        let document = folder.join("openapi.yaml");
        if !document.is_file() {
            continue;
        }
        let mut generator = Generator::new(Node::read(&document)?);
        let overlay = folder.join("overlay.yaml");
        if overlay.is_file() {
            generator = generator.overlay(Node::read(&overlay)?);
        }
        found.push((stem(&folder), generator));
    }
    Ok(found)
}

/// The test documents of `codegen`: every way in which a schema or an operation can be difficult.
fn own() -> Fallible<Vec<(String, Generator)>> {
    let folder = Path::new("../codegen/tests/documents");
    println!("cargo::rerun-if-changed={}", folder.display());
    sorted(folder)?.iter().map(|file| Ok((stem(file), Generator::new(Node::read(file)?)))).collect()
}

/// A document whose types lead to each other through more steps than the compiler follows: circles, a chain, and a group
/// in which each schema refers to each.
fn far() -> Fallible<(String, Generator)> {
    let mut text = String::from("openapi: 3.1.0\ninfo: {title: Far, version: '1'}\npaths:\n");
    for name in ["Circle0", "Chain0", "Group0", "Payment0", "Listed0"] {
        let lower = name.trim_end_matches('0').to_lowercase();
        let json = format!("{{application/json: {{schema: {{$ref: '#/components/schemas/{name}'}}}}}}");
        writeln!(text, "  /{lower}:\n    post:\n      operationId: send_{lower}")?;
        writeln!(text, "      requestBody: {{required: true, content: {json}}}")?;
        writeln!(text, "      responses: {{'200': {{description: d, content: {json}}}}}")?;
    }
    text.push_str("components:\n  schemas:\n");
    let mut schema = |name: String, properties: &[String]| {
        writeln!(text, "    {name}: {{type: object, properties: {{id: {{type: string}}, {}}}}}", properties.join(", "))
    };
    let to = |name: &str, number: usize| format!("{{$ref: '#/components/schemas/{name}{number}'}}");
    for at in 0..40 {
        let next = (at + 1) % 40;
        schema(format!("Circle{at}"), &[format!("next: {}", to("Circle", next))])?;
        let listed = format!("next: {{type: array, items: {}}}", to("Listed", next));
        schema(format!("Listed{at}"), &[listed, format!("by: {{additionalProperties: {}}}", to("Listed", next))])?;
        let expandable = |to: String| format!("{{anyOf: [{{type: string}}, {to}]}}");
        let (one, many) = (expandable(to("Payment", next)), expandable(to("Payment", (at * 7 + 3) % 40)));
        schema(format!("Payment{at}"), &[format!("next: {one}"), format!("all: {{type: array, items: {many}}}")])?;
    }
    for at in 0..120 {
        schema(format!("Chain{at}"), &[format!("next: {}", to("Chain", at + 1))])?;
    }
    schema("Chain120".to_owned(), &[])?;
    for at in 0..20 {
        let all: Vec<String> = (0..20).map(|other| format!("to{other}: {}", to("Group", other))).collect();
        schema(format!("Group{at}"), &all)?;
    }
    Ok(("far".to_owned(), Generator::new(Node::parse("far.yaml", &text)?)))
}

/// The requested documents beside the repository. They are optional by default.
fn corpus() -> Fallible<Vec<(String, Generator)>> {
    let asked = env::var("ROUNDTRIP_CORPUS").ok();
    let stems: Vec<&str> =
        asked.as_deref().unwrap_or(DEFAULT_CORPUS).split(',').map(str::trim).filter(|stem| !stem.is_empty()).collect();
    let mut files = Vec::new();
    for folder in CORPUS.map(Path::new).iter().filter(|folder| folder.is_dir()) {
        files.extend(sorted(folder)?);
    }
    let is_document = |file: &PathBuf| {
        file.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|it| extension == *it))
    };
    files.retain(is_document);
    if asked.is_some()
        && let Some(missing) =
            stems.iter().find(|name| **name != "all" && files.iter().all(|file| stem(file) != **name))
    {
        return Err(format!("ROUNDTRIP_CORPUS: `{missing}` is in neither of {}", CORPUS.join(", ")).into());
    }
    let mut found = Vec::new();
    for file in files {
        let name = stem(&file);
        if stems.contains(&name.as_str()) || stems.contains(&"all") {
            println!("cargo::rerun-if-changed={}", file.display());
            found.push((name, Generator::new(Node::read(&file)?)));
        }
    }
    Ok(found)
}

/// The files of a folder, in a fixed order.
fn sorted(folder: &Path) -> Fallible<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths = entries.map(|entry| entry.map(|it| it.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}

/// The name of a file up to its first dot: `c1-create` of `c1-create.openapi.yaml`.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

fn module_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    format!("document_{}", name.chars().map(plain).collect::<String>())
}
