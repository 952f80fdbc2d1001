//! `cargo xtask new`: adds a service, from its document to a client that compiles and a test that calls all its
//! operations.

use std::path::{Path, PathBuf};

use connectors_codegen::cli::documents::{self, Document};
use connectors_codegen::cli::files::write_all;
use connectors_codegen::cli::report::{self, Listed};
use connectors_codegen::{Generator, Listing, Node};

use crate::service::{self, Name, SERVICE_HEADER, Select, Service};
use crate::{Result, files, progress};

const MODULE: &str = include_str!("../templates/service.rs");
const TEST: &str = include_str!("../templates/operations.rs");

pub(crate) fn run(name: &Name, from: &Path, select: Select, source: Option<String>) -> Result<()> {
    let root = files::root();
    free(name, root)?;
    progress(&format!("reading {}", from.display()));
    let Document { node: document, sha256, .. } = documents::file(from)?;
    let vendored = service::vendored(&document, &select)?;
    let yaml = service::document_text(&vendored)?;
    let vendored = Node::parse("openapi.yaml", &yaml)?;
    let overlay = overlay(name, &vendored);
    progress("generating the client");
    let generator = Generator::new(vendored.clone()).overlay(Node::parse("overlay.yaml", &overlay)?);
    let (client, listing) = service::generate(generator)?;
    if client.operations == 0 {
        return Err(
            "error: none of the selected operations can be generated; `cargo xtask lower` reports the reasons".into()
        );
    }
    let text = |key: &str| {
        document.get("info").and_then(|info| info.get(key)).and_then(Node::as_str).unwrap_or_default().to_owned()
    };
    let service = Service {
        // A path on this machine is not a source for other people.
        source: source.unwrap_or_default(),
        sha256,
        date: jiff::Zoned::now().date().to_string(),
        version: text("version"),
        etag: None,
        etag_for: None,
        select,
    };
    let title = text("title").replace('\n', " ");
    let title = if title.trim().is_empty() { name.to_string() } else { title.trim().to_owned() };
    let url = vendored.pointer("/servers/0/url").and_then(Node::as_str);
    let url = url.filter(|url| url.starts_with("https://") && !url.contains('{')).unwrap_or("https://example.com");
    let filled = |template: &str| {
        template
            .replace("__SERVICE__", name.as_str())
            .replace("__TITLE__", &title)
            .replace("__SERVER__", url)
            .replace("__CREDENTIALS__", &credentials(&vendored))
            .replace("__CALLS__\n", &calls(&listing))
    };
    let mut wanted: Vec<(PathBuf, String)> = vec![
        (name.document(), yaml),
        (name.overlay(), overlay),
        (name.settings(), format!("{SERVICE_HEADER}{}", toml::to_string(&service)?)),
        (root.join("src").join(name.as_str()).join("mod.rs"), filled(MODULE)),
        (root.join("tests").join(format!("{name}_operations.rs")), filled(TEST)),
        (root.join("build.rs"), with_service(&files::read(&root.join("build.rs"))?, name)?),
        (root.join("Cargo.toml"), with_feature(&files::read(&root.join("Cargo.toml"))?, name, &title)?),
        (root.join("src").join("lib.rs"), with_module(&files::read(&root.join("src").join("lib.rs"))?, name)?),
    ];
    wanted.extend(service::records(name, &client, &listing));
    write_all(&wanted)?;
    wanted.iter().for_each(|(path, _)| println!("wrote {}", files::shown(path)));
    report::notes(&client.notes, Listed::default()).iter().for_each(|line| println!("  {line}"));
    println!(
        "\n{name}: {} operations. It compiles as it is:\n\n  cargo fmt && cargo test --features {name} --test {name}_operations\n\n\
         Decisions for a person are marked TODO:\n\n  grep -rn TODO spec/{name} src/{name}\n\n\
         `cargo xtask check` lists all items without a description.",
        client.operations
    );
    Ok(())
}

/// Refuses a name that is already in use.
fn free(name: &Name, root: &Path) -> Result<()> {
    let taken = |what: String| -> Result<()> {
        Err(format!("error: `{name}` cannot be the name of a service: {what}\n  help: choose another").into())
    };
    if syn::parse_str::<syn::Ident>(name.as_str()).is_err() {
        return taken("it is a keyword of Rust".to_owned());
    }
    let source = root.join("src");
    let test = root.join("tests").join(format!("{name}_operations.rs"));
    let places = [name.folder(), source.join(name.as_str()), source.join(format!("{name}.rs")), test];
    if let Some(place) = places.iter().find(|place| place.exists()) {
        return taken(format!("{} already exists", files::shown(place)));
    }
    let manifest: toml::Table = toml::from_str(&files::read(&root.join("Cargo.toml"))?)?;
    let table = |key: &str| manifest.get(key).and_then(toml::Value::as_table).cloned().unwrap_or_default();
    if table("features").contains_key(name.as_str()) || table("dependencies").contains_key(name.as_str()) {
        return taken("Cargo.toml has a feature or a dependency of that name".to_owned());
    }
    Ok(())
}

/// The initial overlay: one action with the title and the description, and a TODO for each thing that needs a person.
fn overlay(name: &Name, document: &Node) -> String {
    let mut text = format!(
        "\
overlay: 1.1.0
info:
  title: \"{name}: corrections, hints and prose for the vendored document\"
  version: 1.0.0
extends: openapi.yaml
# Decisions for a person are marked TODO. Docs: docs/architecture.md, \"Where to change what\"; an example: spec/c1/overlay.yaml.
# An action that matches nothing fails the build, so each is a comment until somebody has written it.
actions:
  - target: $.info
    update:
      description: What `{name}` publishes, as far as `cargo xtask vendor {name}` selects it.
"
    );
    let mut line = |line: String| text.push_str(&format!("{line}\n"));
    let mut failures = false;
    for (path, item) in document.get("paths").and_then(Node::as_object).into_iter().flatten() {
        let target = format!("$.paths[{}]", quoted(path));
        let shared = parameters(item);
        if !shared.is_empty() {
            line(format!("  # ---- {path}: the parameters of all its operations"));
        }
        for parameter in &shared {
            line(format!("  # - target: {target}.parameters[?@.name == {}]", quoted(parameter)));
            line("  #   update: {description: ...}".to_owned());
        }
        for method in service::METHODS {
            let Some(operation) = item.get(method) else { continue };
            let id = service::id(operation).unwrap_or("without an operationId");
            let statuses = operation.get("responses").and_then(Node::as_object);
            failures |= statuses.into_iter().flatten().any(|(status, _)| !status.starts_with('2'));
            let own = parameters(operation);
            line(format!("  # ---- {} {path} ({id})", method.to_uppercase()));
            line("  # TODO describe what it does, in our own words; then each parameter, and the response.".to_owned());
            line(format!("  # - target: {target}.{method}"));
            line("  #   update:".to_owned());
            line("  #     summary: ...".to_owned());
            line("  #     description: ...".to_owned());
            for parameter in &own {
                line(format!("  # - target: {target}.{method}.parameters[?@.name == {}]", quoted(parameter)));
                line("  #   update: {description: ...}".to_owned());
            }
            if matches!(method, "post" | "patch") {
                line("  # TODO is it safe to retry after its response was lost? Then add `x-idempotent: true` to the update.".to_owned());
            }
            let pages = ["page", "cursor", "offset", "token", "after", "starting"];
            let mut taken = [item, operation].into_iter().flat_map(|node| taken(document, node));
            if method == "get" && taken.any(|parameter| pages.iter().any(|word| parameter.contains(word))) {
                line(
                    "  # TODO how is the list paged? `x-paging: {items: PROPERTY, token: PARAMETER, next: PROPERTY}`."
                        .to_owned(),
                );
            }
        }
    }
    for (component, _) in document.pointer("/components/parameters").and_then(Node::as_object).into_iter().flatten() {
        line(format!("  # ---- the parameter {component}, in all operations"));
        line(format!("  # - target: $.components.parameters[{}]", quoted(component)));
        line("  #   update: {description: ...}".to_owned());
    }
    if !failures {
        line("  # ---- failures".to_owned());
        line("  # TODO the document declares no failure: what is the format of its errors? See the `default` response of spec/c1.".to_owned());
    }
    for (component, schema) in document.pointer("/components/schemas").and_then(Node::as_object).into_iter().flatten() {
        let properties = schema.get("properties").and_then(Node::as_object);
        let names: Vec<&str> = properties.into_iter().flatten().map(|(property, _)| property.as_str()).collect();
        line(format!("  # ---- {component}"));
        line("  # TODO describe it and its properties; mark secrets with `x-sensitive: true`.".to_owned());
        line(format!("  # - target: $.components.schemas[{}]", quoted(component)));
        line("  #   update:".to_owned());
        line("  #     description: ...".to_owned());
        if !names.is_empty() {
            line("  #     properties:".to_owned());
            names.iter().for_each(|property| line(format!("  #       {property:?}: {{description: ...}}")));
        }
    }
    text
}

/// The names of the parameters that a path item or operation defines itself. A parameter behind a `$ref` is described
/// at its definition.
fn parameters(node: &Node) -> Vec<&str> {
    let all = node.get("parameters").and_then(Node::as_array).unwrap_or_default();
    all.iter().filter_map(|parameter| parameter.get("name").and_then(Node::as_str)).collect()
}

/// The names of all parameters of a path item or operation.
fn taken<'a>(document: &'a Node, node: &'a Node) -> Vec<&'a str> {
    let all = node.get("parameters").and_then(Node::as_array).unwrap_or_default();
    let found = all.iter().filter_map(|parameter| {
        let target = parameter.get("$ref").and_then(Node::as_str).and_then(|target| target.strip_prefix('#'));
        target.map_or(Some(parameter), |target| document.pointer(target))
    });
    found.filter_map(|parameter| parameter.get("name").and_then(Node::as_str)).collect()
}

/// A name in the syntax of RFC 9535.
fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\\', r"\\").replace('\'', r"\'"))
}

/// A credential for each security scheme of a document, as calls of the credentials' builder.
fn credentials(document: &Node) -> String {
    let mut text = String::new();
    for (name, node) in document.pointer("/components/securitySchemes").and_then(Node::as_object).into_iter().flatten()
    {
        let word = |key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default();
        let credential = match (word("type"), word("in")) {
            ("apiKey", place @ ("query" | "cookie")) => format!("{place}({:?}, \"a-key\")", word("name")),
            ("apiKey", _) => format!("header({:?}, \"a-key\")", word("name").to_ascii_lowercase()),
            ("http", _) if word("scheme").eq_ignore_ascii_case("basic") => {
                "basic(\"a-user\", \"a-password\")".to_owned()
            }
            ("http" | "oauth2" | "openIdConnect", _) => "token(\"a-token\")".to_owned(),
            _ => continue,
        };
        text.push_str(&format!(".with({name:?}, connectors::auth::Credential::{credential})"));
    }
    text
}

/// A call of each operation, with its required arguments.
fn calls(listing: &Listing) -> String {
    let raw = |name: &str| match syn::parse_str::<syn::Ident>(name) {
        Ok(_) => name.to_owned(),
        Err(_) => format!("r#{name}"),
    };
    let mut text = String::new();
    for method in listing.methods() {
        let (name, rest) = method.split_once('(').unwrap_or((method, ""));
        let inside = rest.rsplit_once(") -> ").map_or("", |(inside, _)| inside);
        let call = match name.split_once('.') {
            Some((group, own)) => format!("{}().{}", raw(group), raw(own)),
            None => raw(name),
        };
        let arguments = arguments(inside);
        // A single argument is passed as it is. Beside others it may have to be of its own type.
        let several = arguments.len() > 1;
        let values: Vec<String> =
            arguments.into_iter().map(|(argument, ty)| value(name, argument, ty, several)).collect();
        text.push_str(&format!("    read({name:?}, api.{call}({}).await);\n", values.join(", ")));
    }
    text
}

/// Whether the type of an argument is an id, which is a primitive with its own type.
fn is_id(ty: &str) -> bool {
    !ty.starts_with('&') && ty != "bytes"
}

/// Names and types of the arguments between the parentheses of a signature.
fn arguments(inside: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in inside.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&inside[start..]);
    found.iter().filter_map(|argument| argument.trim().split_once(": ")).collect()
}

/// An expression for an argument of a type.
fn value(method: &str, argument: &str, ty: &str, several: bool) -> String {
    match ty {
        "MediaType" => return "connectors_runtime::MediaType::new(\"application/octet-stream\")".to_owned(),
        _ if ty == "Multipart" || ty.starts_with("forms::") => {
            return "connectors_runtime::Multipart::new().text(\"x\", \"x\")".to_owned();
        }
        // A list is passed as a slice.
        _ if ty.starts_with("&Vec<") => return format!("&given::<Vec<_>>(&document, {method:?}, {argument:?})"),
        _ if ty.starts_with('&') => return format!("&given(&document, {method:?}, {argument:?})"),
        _ => {}
    }
    let primitive = ty.split_once('<').map_or("String", |(_, rest)| rest.trim_end_matches('>'));
    let value = match primitive {
        "bool" => "true".to_owned(),
        "i32" | "i64" | "u32" | "u64" | "i128" => format!("1_{primitive}"),
        "f64" => "1.5".to_owned(),
        // A string, or a body in bytes.
        "String" => "\"x\"".to_owned(),
        _ => return format!("given(&document, {method:?}, {argument:?})"),
    };
    if several && is_id(ty) { format!("connectors::Id::new({value})") } else { value }
}

/// The services in the list of build.rs, if there is such a list.
pub(crate) fn services_of(build: &str) -> Option<Vec<String>> {
    let (_, list) = declaration(build)?;
    Some(list.split('"').skip(1).step_by(2).map(str::to_owned).collect())
}

/// The declaration of SERVICES: the whole text, and the value.
fn declaration(build: &str) -> Option<(&str, &str)> {
    let start = build.find("const SERVICES")?;
    let rest = &build[start..];
    let equals = rest.find('=')?;
    let end = equals + rest[equals..].find(';')?;
    Some((&rest[..=end], &rest[equals + 1..end]))
}

fn with_service(build: &str, name: &Name) -> Result<String> {
    let cannot = "error: build.rs has no `const SERVICES` with the names of the services";
    let (old, _) = declaration(build).ok_or(cannot)?;
    let mut services = services_of(build).ok_or(cannot)?;
    services.push(name.to_string());
    let list: Vec<String> = services.iter().map(|service| format!("{service:?}")).collect();
    let new = format!("const SERVICES: [&str; {}] = [{}];", list.len(), list.join(", "));
    Ok(build.replacen(old, &new, 1))
}

/// Adds a feature after those of the services, which are the features that turn on nothing.
fn with_feature(manifest: &str, name: &Name, title: &str) -> Result<String> {
    let lines: Vec<&str> = manifest.lines().collect();
    let section =
        lines.iter().position(|line| line.trim() == "[features]").ok_or("error: Cargo.toml has no [features]")?;
    let end = lines
        .iter()
        .skip(section + 1)
        .position(|line| line.starts_with('['))
        .map_or(lines.len(), |at| section + 1 + at);
    let service = |line: &&str| line.ends_with(" = []");
    let last = lines[section..end].iter().rposition(service).map(|at| section + at);
    let after =
        last.or_else(|| lines[section..end].iter().position(|line| line.starts_with("default")).map(|at| section + at));
    let after = after.unwrap_or(section);
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        text.push_str(line);
        text.push('\n');
        if index == after {
            text.push_str(&format!("## The client of {title}, `connectors::{name}`.\n{name} = []\n"));
        }
    }
    Ok(text)
}

/// Adds a module after those of the other services.
fn with_module(library: &str, name: &Name) -> Result<String> {
    let lines: Vec<&str> = library.lines().collect();
    let module = |index: &usize| {
        lines[*index].starts_with("pub mod ") && *index > 0 && lines[index - 1].starts_with("#[cfg(feature = ")
    };
    let last = (0..lines.len())
        .rev()
        .find(module)
        .ok_or("error: src/lib.rs has no module of a service after which to add one")?;
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        text.push_str(line);
        text.push('\n');
        if index == last {
            text.push_str(&format!("#[cfg(feature = \"{name}\")]\npub mod {name};\n"));
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_added_to_the_list_of_services() {
        let build = "/// By name.\nconst SERVICES: [&str; 1] = [\"c1\"];\n\nfn main() {}\n";
        assert_eq!(services_of(build).unwrap(), ["c1"]);
        let longer = with_service(build, &"pets".parse().unwrap()).unwrap();
        assert_eq!(longer, "/// By name.\nconst SERVICES: [&str; 2] = [\"c1\", \"pets\"];\n\nfn main() {}\n");
        assert!(with_service("fn main() {}", &"pets".parse().unwrap()).is_err());
    }

    #[test]
    fn a_feature_and_a_module_are_added_after_the_others() {
        let name: Name = "pets".parse().unwrap();
        let manifest = "[features]\ndefault = [\"c1\"]\n## C1.\nc1 = []\n## TLS.\nrustls = [\"reqwest/rustls\"]\n\n[dependencies]\n";
        let longer = with_feature(manifest, &name, "Pets").unwrap();
        assert!(
            longer.contains("c1 = []\n## The client of Pets, `connectors::pets`.\npets = []\n## TLS.\n"),
            "{longer}"
        );
        let library = "//! Docs.\n\n#[cfg(feature = \"c1\")]\npub mod c1;\n\npub mod auth;\n";
        let longer = with_module(library, &name).unwrap();
        assert!(
            longer.contains("pub mod c1;\n#[cfg(feature = \"pets\")]\npub mod pets;\n\npub mod auth;\n"),
            "{longer}"
        );
    }

    #[test]
    fn arguments_are_split_and_have_values() {
        let inside = "id: ShipId, n: Count<i64>, map: &BTreeMap<String, i32>, tags: &Vec<String>, from: From<Vec<String>>, media_type: MediaType, body: bytes";
        let found = arguments(inside);
        let types: Vec<&str> = found.iter().map(|(_, ty)| *ty).collect();
        assert_eq!(
            types,
            [
                "ShipId",
                "Count<i64>",
                "&BTreeMap<String, i32>",
                "&Vec<String>",
                "From<Vec<String>>",
                "MediaType",
                "bytes"
            ]
        );
        let values: Vec<String> = found.iter().map(|(argument, ty)| value("a.get", argument, ty, true)).collect();
        let (id, count) = ("connectors::Id::new(\"x\")", "connectors::Id::new(1_i64)");
        let map = "&given(&document, \"a.get\", \"map\")";
        let tags = "&given::<Vec<_>>(&document, \"a.get\", \"tags\")";
        let media = "connectors_runtime::MediaType::new(\"application/octet-stream\")";
        assert_eq!(values, [id, count, map, tags, "given(&document, \"a.get\", \"from\")", media, "\"x\""]);
        assert!(value("put", "body", "forms::Upload", false).starts_with("connectors_runtime::Multipart"));
        assert_eq!(value("get", "id", "ShipId", false), "\"x\"");
        assert!(arguments("").is_empty());
    }

    #[test]
    fn each_scheme_has_a_credential() {
        let document = "
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
    session: {type: apiKey, in: cookie, name: session}
    login: {type: http, scheme: Basic}
    certificate: {type: mutualTLS}
";
        let credentials = credentials(&Node::parse("openapi.yaml", document).unwrap());
        let expected = [
            ".with(\"key\", connectors::auth::Credential::header(\"x-key\", \"a-key\"))",
            ".with(\"session\", connectors::auth::Credential::cookie(\"session\", \"a-key\"))",
            ".with(\"login\", connectors::auth::Credential::basic(\"a-user\", \"a-password\"))",
        ];
        assert_eq!(credentials, expected.concat());
    }
}
