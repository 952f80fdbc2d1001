//! The cost of a release build: of a generated client, and of a program that uses ten of its operations, compared with
//! progenitor's client of the same document.

use std::collections::BTreeMap;
use std::fs;

use connectors_codegen::{Generator, Node};
use syn::{FnArg, ImplItem, Item, Pat, Type, Visibility};

use crate::checking::progenitor;
use crate::client::{Crate, PROGENITOR, runtime};
use crate::figure::{Figure, Table};
use crate::generation::name;
use crate::machine::Measured;
use crate::plan::{Plan, Result, progress};

/// The number of operations that the program uses, if both clients have as many without a body.
const OPERATIONS: usize = 10;
const GROUP: &str = "releasing";
const BUILD: [&str; 2] = ["build", "--release"];

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> Result<()> {
    if plan.quick {
        table.left_out("releasing", "it takes minutes, so `--quick` skips it");
        return Ok(());
    }
    let path = plan.document();
    let text = fs::read_to_string(&path).map_err(|error| format!("error: cannot read {}: {error}", path.display()))?;
    let generator = Generator::new(Node::parse(&path.display().to_string(), &text)?);
    let client = generator.generate()?;
    let what = format!("releasing: {}, {} operations", name(&path), client.operations);
    let reference = match progenitor(&generator) {
        Ok(reference) => reference,
        Err(reason) => {
            table.left_out(&what, &reason.to_string());
            return Ok(());
        }
    };
    let (ours, theirs) = (our_calls(&client.code)?, progenitors_calls(&reference)?);
    // The same operations in both programs.
    let both = ours.keys().filter(|operation| theirs.contains_key(*operation)).take(OPERATIONS);
    let (ours, theirs): (Vec<&str>, Vec<&str>) =
        both.map(|operation| (ours[operation].as_str(), theirs[operation].as_str())).unzip();
    let used = ours.len();
    progress("building a generated client for release, and progenitor's client of the same document");
    let program = "Client::builder(\"http://127.0.0.1:1\", checked::Credentials::new()).build().unwrap()";
    let ours = Built::new("ours", &client.code, &runtime(), program, &ours)?;
    let theirs = Built::new("reference", &reference, PROGENITOR, "Client::new(\"http://127.0.0.1:1\")", &theirs)?;
    let row = format!("{what}, CPU time of the client, against progenitor and typify");
    table.add(Figure::new(row, ours.client.cpu()?, "s").against(theirs.client.cpu()?).ratio_at_most(0.6));
    let row = format!("releasing: a program that uses {used} of them, CPU time, the client excluded");
    table.add(Figure::new(row, ours.program.cpu()?, "s").against(theirs.program.cpu()?).ratio_at_most(0.6));
    let row = "releasing: size of that program, without symbols";
    table.add(Figure::new(row, ours.megabytes, "MB").against(theirs.megabytes).ratio_at_most(0.6));
    Ok(())
}

/// A client and a program, built for release.
struct Built {
    client: Measured,
    program: Measured,
    megabytes: f64,
}

impl Built {
    /// Builds all dependencies first, with an empty client and an empty program.
    fn new(name: &str, code: &str, dependencies: &str, client: &str, calls: &[&str]) -> Result<Self> {
        let written = Crate::new(GROUP, name, code, dependencies)?;
        let (library, program) = (written.folder().join("src/lib.rs"), written.folder().join("src/main.rs"));
        let code = fs::read_to_string(&library)?;
        fs::write(&library, "")?;
        fs::write(&program, "fn main() {}\n")?;
        written.prepare(&BUILD)?;
        fs::write(&library, code)?;
        let built = written.again("src/lib.rs", &["build", "--release", "--lib"])?;
        let calls: String =
            calls.iter().map(|call| format!("        failed += u32::from(client.{call}.await.is_err());\n")).collect();
        let main = format!(
            "{PROGRAM}        let client = {client};\n{calls}        println!(\"{{failed}}\");\n    }});\n}}\n"
        );
        fs::write(&program, main)?;
        let linked = written.again("src/main.rs", &BUILD)?;
        let file = written.folder().join("../target/release").join(format!("checked{}", std::env::consts::EXE_SUFFIX));
        Ok(Self { client: built, program: linked, megabytes: fs::metadata(file)?.len() as f64 / 1e6 })
    }
}

const PROGRAM: &str = "use checked::Client;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut failed = 0;
";

/// Calls of our client that need no more than ids, by the line of the documentation with method and path.
fn our_calls(code: &str) -> Result<BTreeMap<String, String>> {
    let mut calls = BTreeMap::new();
    let file = syn::parse_file(code)?;
    for group in modules(&file.items).filter(|module| module.0 == "requests").flat_map(|module| modules(module.1)) {
        for (method, arguments, doc) in methods(group.1, "Api") {
            let ids = arguments.iter().all(|ty| quote::quote!(#ty).to_string().contains("Id <"));
            let operation = doc.iter().find_map(|line| line.trim().strip_prefix("`GET ")?.strip_suffix('`'));
            if let (true, Some(operation)) = (ids, operation) {
                // A single id is passed as it is. Beside others it is of its own type.
                let value = if arguments.len() > 1 { "connectors_runtime::Id::new(\"x\")" } else { "\"x\"" };
                let values = vec![value; arguments.len()].join(", ");
                calls.insert(operation.to_owned(), format!("{}().{method}({values})", group.0));
            }
        }
    }
    Ok(calls)
}

/// The same of progenitor's client.
fn progenitors_calls(code: &str) -> Result<BTreeMap<String, String>> {
    let mut calls = BTreeMap::new();
    let file = syn::parse_file(code)?;
    for (method, arguments, doc) in methods(&file.items, "Client") {
        let operation =
            doc.iter().find_map(|line| line.trim().strip_prefix("Sends a `GET` request to `")?.strip_suffix('`'));
        let values: Option<Vec<&str>> = arguments
            .iter()
            .map(|ty| match quote::quote!(#ty).to_string() {
                text if text.contains("Option <") => Some("None"),
                text if text.starts_with('&') && text.ends_with(" str") => Some("\"x\""),
                _ => None,
            })
            .collect();
        if let (Some(values), Some(operation)) = (values, operation) {
            calls.insert(operation.to_owned(), format!("{method}({})", values.join(", ")));
        }
    }
    Ok(calls)
}

fn modules(items: &[Item]) -> impl Iterator<Item = (String, &[Item])> {
    items.iter().filter_map(|item| match item {
        Item::Mod(module) => Some((module.ident.to_string(), module.content.as_ref()?.1.as_slice())),
        _ => None,
    })
}

/// The public methods of a type: their names, the types of their arguments, and their documentation.
fn methods<'a>(items: &'a [Item], of: &'static str) -> impl Iterator<Item = (String, Vec<&'a Type>, Vec<String>)> {
    let inherent = items.iter().filter_map(move |item| match item {
        Item::Impl(item) if item.trait_.is_none() => match &*item.self_ty {
            Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == of) => Some(&item.items),
            _ => None,
        },
        _ => None,
    });
    inherent.flatten().filter_map(|item| {
        let ImplItem::Fn(method) = item else { return None };
        let is_public = matches!(method.vis, Visibility::Public(_));
        let takes_self = method.sig.receiver().is_some();
        let arguments = method.sig.inputs.iter().filter_map(|argument| match argument {
            FnArg::Typed(argument) if matches!(*argument.pat, Pat::Ident(_)) => Some(&*argument.ty),
            _ => None,
        });
        let name = method.sig.ident.to_string();
        (is_public && takes_self).then(|| (name, arguments.collect(), documentation(&method.attrs)))
    })
}

fn documentation(attributes: &[syn::Attribute]) -> Vec<String> {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(it) if it.path.is_ident("doc") => match &it.value {
            syn::Expr::Lit(literal) => match &literal.lit {
                syn::Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    lines.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use crate::generation::of_service;

    use super::*;

    #[test]
    fn both_programs_call_the_same_operations() {
        let (document, client) = of_service("c1").unwrap();
        let ours = our_calls(&client.code).unwrap();
        let generator = Generator::new(Node::parse("c1.json", &document).unwrap());
        let theirs = progenitors_calls(&progenitor(&generator).unwrap()).unwrap();
        let get_app = "/api/v1/apps/{id}";
        assert_eq!(ours[get_app], "apps().get_app(\"x\")");
        assert!(theirs[get_app].ends_with("(\"x\")"), "{}", theirs[get_app]);
        let both = ours.keys().filter(|operation| theirs.contains_key(*operation)).count();
        assert!(both >= 3, "{ours:?} {theirs:?}");
    }
}
