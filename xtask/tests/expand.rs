//! `cargo xtask expand`: the new crate has the selected operations, and it compiles without a warning, as does its
//! documentation.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn xtask(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments).output().unwrap()
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Operations with and without a group, names that are keywords, a union, an enum, failures, credentials, two servers,
/// no descriptions.
const PETS: &str = "
openapi: 3.1.0
info: {title: Pets, version: '1'}
servers: [{url: 'https://{region}.pets.example', variables: {region: {default: eu}}}, {url: 'https://test.pets.example'}]
security: [{token: []}]
paths:
  /pets:
    get:
      operationId: listPets
      tags: [pets]
      parameters: [{name: type, in: query, schema: {type: array, items: {$ref: '#/components/schemas/kind'}}}]
      responses:
        '200': {description: ok, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Pet'}}}}}
        '404': {description: none, content: {application/json: {schema: {type: object, properties: {message: {type: string}}}}}}
    post:
      operationId: addPet
      tags: [admin]
      responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}}
  /pets/{id}/photo:
    put:
      operationId: move
      tags: [pets]
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      requestBody: {required: true, content: {image/png: {}}}
      responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}, '204': {description: ok}}
webhooks:
  petLeft: {post: {requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}, responses: {'204': {description: ok}}}}
components:
  securitySchemes: {token: {type: http, scheme: bearer}}
  schemas:
    kind: {type: string, enum: [cat, größer, 'self']}
    Order: {type: object, properties: {number: {type: integer}}}
    # No operation uses it, and it contains a type of one group.
    Archive: {type: object, properties: {orders: {type: array, items: {$ref: '#/components/schemas/Order'}}}}
    Pet:
      type: object
      required: [name]
      properties:
        name: {type: [string, 'null']}
        größe: {oneOf: [{type: string}, {type: number}, {type: array, items: {type: string}}]}
        parent: {$ref: '#/components/schemas/Pet'}
";

#[test]
fn it_writes_a_crate_with_the_selected_operations() {
    let folder = folder("expand");
    let (file, out) = (folder.join("pets.yaml"), folder.join("pets"));
    fs::write(&file, PETS).unwrap();
    let output = xtask(&["expand", "--from", file.to_str().unwrap(), "--out", out.to_str().unwrap(), "--tag", "pets"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let code = fs::read_to_string(out.join("src/lib.rs")).unwrap();
    assert!(code.contains("pub fn list_pets(") && !code.contains("add_pet"));
    let manifest = fs::read_to_string(out.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("name = \"pets-client\""));
    let (_, dependencies) = manifest.split_once("[dependencies]\n").unwrap();
    let expected =
        "connectors-runtime = \"0.1\"\nserde = { version = \"1\", features = [\"derive\"] }\n\n[workspace]\n";
    assert_eq!(dependencies, expected);

    let service = xtask(&["expand", "c1", "--out", folder.join("c1").to_str().unwrap()]);
    assert!(stderr(&service).contains("29 operations"), "{}", stderr(&service));
    let wrong =
        xtask(&["expand", "--from", file.to_str().unwrap(), "--out", out.to_str().unwrap(), "--operation", "listpets"]);
    assert!(stderr(&wrong).contains("did you mean `listPets`?"), "{}", stderr(&wrong));
    let nowhere = xtask(&[
        "expand",
        "--from",
        file.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
        "--runtime",
        folder.to_str().unwrap(),
    ]);
    assert!(stderr(&nowhere).contains("is not the manifest of connectors-runtime"), "{}", stderr(&nowhere));
}

/// What a build script generates is in the tests of that package.
#[test]
fn it_writes_the_client_that_a_build_script_generates() {
    let third = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/third");
    let [document, overlay] = ["openapi.yaml", "overlay.yaml"].map(|file| third.join(file));
    let out = folder("expand_third");
    let files = [&document, &overlay, &out].map(|path| path.to_str().unwrap());
    let output = xtask(&["expand", "--from", files[0], "--overlay", files[1], "--out", files[2]]);
    assert!(output.status.success(), "{}", stderr(&output));
    let read = |file: &Path| connectors_codegen::Node::read(file).unwrap();
    let client = connectors_codegen::Generator::new(read(&document)).overlay(read(&overlay)).generate().unwrap();
    let code = fs::read_to_string(out.join("src/lib.rs")).unwrap();
    let (header, body) = code.split_at(code.len() - client.code.len());
    assert!(
        header.lines().all(|line| line.is_empty() || line.starts_with("//!") || line.starts_with("#![")),
        "{header}"
    );
    assert!(body == client.code, "`expand` writes another client");
}

#[test]
fn the_crate_and_its_documentation_compile_without_a_warning() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = folder("expand_compiles");
    let (file, out) = (folder.join("pets.yaml"), folder.join("pets"));
    fs::write(&file, PETS).unwrap();
    let runtime = root.join("runtime");
    let arguments = ["expand", "--from", file.to_str().unwrap(), "--out", out.to_str().unwrap(), "--runtime"];
    let output = xtask(&[&arguments[..], &[runtime.to_str().unwrap()]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    // The versions of Cargo.lock, and their build output.
    fs::copy(root.join("Cargo.lock"), out.join("Cargo.lock")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        // With the variables of this package, build scripts that read them would run again.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
                command.env_remove(name);
            }
        }
        command.args(arguments).arg("--offline").current_dir(&out).env("CARGO_TARGET_DIR", target);
        let output = command.env("RUSTDOCFLAGS", "-D warnings").output().unwrap();
        assert!(output.status.success() && !stderr(&output).contains("warning"), "{arguments:?}: {}", stderr(&output));
    };
    cargo(&["check"]);
    cargo(&["doc", "--no-deps"]);
    // With features, operations that are not enabled are not compiled.
    let output = xtask(&[&arguments[..], &[runtime.to_str().unwrap(), "--features-by-tag"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    cargo(&["check"]);
    for features in ["", "admin", "pets"] {
        cargo(&["check", "--no-default-features", "--features", features]);
    }
    let one = "pub fn photo(client: &Client) -> requests::pets::Move { client.pets().move_(7, Vec::new()) }\n";
    let other = "pub fn add(client: &Client) -> requests::admin::AddPet { client.admin().add_pet() }\n";
    let code = fs::read_to_string(out.join("src/lib.rs")).unwrap();
    fs::write(out.join("src/lib.rs"), format!("{code}{one}#[cfg(feature = \"admin\")]\n{other}")).unwrap();
    cargo(&["check", "--no-default-features", "--features", "pets"]);
    cargo(&["check", "--no-default-features", "--features", "admin,pets"]);
}

#[test]
fn expanding_again_from_a_larger_document_renames_nothing() {
    let folder = folder("expand_again");
    let (file, out, overlay) = (folder.join("pets.yaml"), folder.join("pets"), folder.join("overlay.yaml"));
    let arguments = ["expand", "--from", file.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let code = || fs::read_to_string(out.join("src/lib.rs")).unwrap();
    fs::write(&file, PETS).unwrap();
    let output = xtask(&arguments);
    assert!(output.status.success() && code().contains("Unknown("), "{}", stderr(&output));
    // A new value with the name of the variant for unknown values, and a new operation with an existing name.
    let more = PETS.replace("enum: [cat, ", "enum: [unknown, cat, ");
    let more = more.replace(
        "paths:\n",
        "paths:\n  /zoo: {get: {operationId: zoo.listPets, tags: [pets], responses: {'204': {description: ok}}}}\n",
    );
    fs::write(&file, more).unwrap();
    let output = xtask(&arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let code = code();
    assert!(code.contains("UnknownValue") && code.contains("Unknown(") && code.contains("pub fn list_pets("), "{code}");
    // An overlay of another author, for several documents.
    fs::write(&overlay, "overlay: 1.2.0\nactions: [{target: $.paths.gone, remove: true}]").unwrap();
    let with_overlay = [&arguments[..], &["--overlay", overlay.to_str().unwrap()]].concat();
    let refused = xtask(&with_overlay);
    assert!(!refused.status.success() && stderr(&refused).contains("matches nothing"), "{}", stderr(&refused));
    let allowed = xtask(&[&with_overlay[..], &["--lenient"]].concat());
    assert!(allowed.status.success() && stderr(&allowed).contains("omission: "), "{}", stderr(&allowed));
}
