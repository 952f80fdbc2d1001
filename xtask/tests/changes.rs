//! The tasks that maintain a document: vendoring within limits and as a whole or not at all, versions, staleness with
//! its remedy, a new service. All tests work on a copy of the workspace's files.

#[path = "../start/src/features.rs"]
mod features;
mod tree;

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use tree::{Tree, workspace};

/// A copy of the workspace's files with a fixed version and fixed features.
fn tree(name: &str) -> Tree {
    let copy = Tree::new(&format!("changes-{name}"));
    copy.edit("Cargo.toml", |text| {
        let feature = text.lines().find(|line| line.starts_with("c1 = [")).unwrap();
        text.replace(feature, "c1 = []")
    });
    copy.edit("Cargo.toml", |text| {
        let start = text.find("[workspace.package]\nversion = ").unwrap();
        let end = start + 20 + text[start + 20..].find('\n').unwrap();
        format!("{}[workspace.package]\nversion = \"0.1.0\"{}", &text[..start], &text[end..])
    });
    copy
}

/// A server that sends each connection the next of these responses, and then waits for the client to close. The
/// requests are sent through the channel.
fn server(answers: Vec<Vec<u8>>) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/openapi.yaml", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for answer in answers {
            let Ok((stream, _)) = listener.accept() else { return };
            drop(sender.send(serve(stream, &answer)));
        }
    });
    (url, receiver)
}

fn serve(mut stream: TcpStream, answer: &[u8]) -> String {
    let mut head = String::new();
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    while lines.read_line(&mut head).is_ok_and(|length| length > 2) {}
    // A client that has read enough closes the connection, which is not an error here.
    drop(stream.write_all(answer));
    drop(stream.flush());
    head
}

fn answer(headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}").into_bytes()
}

#[test]
fn vendored_documents_are_current_and_their_api_is_committed() {
    let copy = tree("current");
    copy.xtask(&["check"])
        .says(&["c1: selection, overlay, public API and descriptions are current", "everything is current"]);
    copy.xtask(&["api", "c1"]).says(&["nothing changed"]);
    let quiet = copy.xtask(&["check", "--quiet"]);
    quiet.says(&["everything is current"]);
    assert!(!quiet.error.contains("checking"), "{}", quiet.error);
}

#[test]
fn each_kind_of_staleness_is_reported_with_its_remedy() {
    let stale = |name: &str, spoil: &dyn Fn(&Tree), expected: &[&str]| {
        let copy = tree(&format!("stale-{name}"));
        spoil(&copy);
        copy.xtask(&["check"]).fails_with(expected);
    };
    stale(
        "document",
        &|copy| {
            copy.replace(
                "spec/c1/openapi.yaml",
                "      operationId: c1.api.app.v1.Apps.List\n",
                "      description: theirs\n      operationId: c1.api.app.v1.Apps.List\n",
            )
        },
        &[
            "spec/c1/openapi.yaml is not the result of [select]",
            "-       description: theirs",
            "run `cargo xtask vendor c1`",
        ],
    );
    stale(
        "selection",
        &|copy| copy.replace("spec/c1/service.toml", "\"Connector Catalog\", ", ""),
        &["spec/c1/openapi.yaml is not the result of [select]", "run `cargo xtask vendor c1`"],
    );
    stale(
        "tag",
        &|copy| copy.replace("spec/c1/service.toml", "\"Connector Catalog\"", "\"Conector Catalog\""),
        &["no operation of the document has the tag `Conector Catalog`"],
    );
    stale(
        "sha",
        &|copy| copy.edit("spec/c1/service.toml", |text| text.replace("sha256 = \"", "sha256 = \"zz")),
        &["the sha256 in spec/c1/service.toml is not a hash", "cargo xtask vendor c1"],
    );
    stale(
        "overlay",
        &|copy| copy.replace("spec/c1/overlay.yaml", "$.paths['/api/v1/apps'].get", "$.paths['/api/v0/apps'].get"),
        &[
            "the overlay of c1 does not fit its document",
            "`$.paths['/api/v0/apps'].get` matches nothing",
            "overlay.yaml:",
        ],
    );
    stale(
        "api",
        &|copy| copy.replace("spec/c1/api.txt", "get_app(", "fetch_app("),
        &["spec/c1/api.txt is not the public API", "fetch_app(", "get_app(", "run `cargo xtask api c1`"],
    );
    stale(
        "names",
        &|copy| copy.replace("spec/c1/names.lock", "operation \"c1.api.app.v1.Apps.Get\" = get", "# "),
        &["spec/c1/names.lock is not", "run `cargo xtask api c1`"],
    );
    stale(
        "losses",
        &|copy| copy.edit("spec/c1/losses.lock", |text| format!("{text}loss: an old one (/paths)\n")),
        &["spec/c1/losses.lock is not", "- loss: an old one (/paths)", "run `cargo xtask api c1`"],
    );
    stale(
        "words",
        &|copy| copy.replace("spec/c1/overlay.yaml", "      summary: Fetch one app\n", ""),
        &["c1 lacks descriptions: 1 in all", "the operation `c1.api.app.v1.Apps.Get` has no summary"],
    );
    stale(
        "plain",
        &|copy| copy.edit("README.md", |text| format!("{text}\nA call is sent\nagain.\n")),
        &["the prose uses words", "README.md:", ": `sent again`: retried", "ALLOWED in xtask/src/plain.rs"],
    );
    stale(
        "leftover",
        &|copy| drop(copy.write("spec/c1/openapi.yaml.new", "half")),
        &["spec/c1/openapi.yaml.new is left over", "rm spec/c1/openapi.yaml.new"],
    );
    stale(
        "feature",
        &|copy| copy.replace("Cargo.toml", "\nc1 = []\n", "\n"),
        &["Cargo.toml has no feature `c1`", "add `c1 = []`"],
    );
    stale(
        "folder",
        &|copy| {
            for file in ["openapi.yaml", "overlay.yaml", "service.toml", "api.txt", "names.lock", "losses.lock"] {
                copy.write(&format!("spec/other/{file}"), &copy.read(&format!("spec/c1/{file}")));
            }
        },
        &[
            "build.rs does not list exactly the services in spec/",
            "spec/:    c1, other",
            "src/lib.rs has no module `other`",
        ],
    );
    stale(
        "rules",
        &|copy| {
            copy.replace("docs/diff-rules.md", "| `operation-moved` | behaviour |", "| `operation-moved` | breaking |")
        },
        &["the table in docs/diff-rules.md", "- operation-moved: breaking", "+ operation-moved: behaviour"],
    );
    stale(
        "readme",
        &|copy| copy.replace("src/lib.rs", "include_str!(\"../README.md\")", "\"\""),
        &["the snippets of README.md are not compiled"],
    );
}

/// The document of September 2025 is vendored first, with an overlay of its time; then that of August 2026.
#[test]
fn vendoring_a_real_change_reports_all_of_it() {
    let copy = tree("story");
    let data = workspace().join("codegen/tests/data");
    let (old, new) = (data.join("c1-2025-09.selection.yaml"), data.join("c1-2026-08.selection.yaml"));
    let overlay = copy.read("spec/c1/overlay.yaml");
    copy.write("spec/c1/overlay.yaml", "overlay: 1.1.0\nactions: [{target: $.info, update: {x-day: 2025-09}}]\n");
    copy.replace("spec/c1/service.toml", "\"Connector Catalog\", \"Connector Owner V2\"", "\"Connector\"");
    let first = copy.xtask(&["vendor", "c1", "--from", old.to_str().unwrap(), "--date", "2025-09-15"]);
    first.says(&[
        "c1: 14 operations",
        "places have no description yet",
        "; --all lists them",
        "wrote spec/c1/openapi.yaml",
        "wrote spec/c1/api.txt",
    ]);
    first.warns(&["this may be an older document: it is of 2025-09-15, and the vendored document is of 2026-08-20"]);
    assert!(copy.read("spec/c1/service.toml").contains("date = \"2025-09-15\""));

    // Then the current overlay and the current document.
    copy.write("spec/c1/overlay.yaml", &overlay);
    let service = fs::read_to_string(workspace().join("spec/c1/service.toml")).unwrap();
    copy.write("spec/c1/service.toml", &service);
    let dry = copy.xtask(&["vendor", "c1", "--dry-run", "--from", new.to_str().unwrap()]);
    let told = [
        "3 breaking, 1 of behaviour,",
        "RotateCredential: the path parameter `app_id` moved into the body, as `appId` [parameter-moved]",
        "RotateCredential: `clientSecret` of `ConnectorServiceRotateCredentialResponse` moved into its `credential`",
        "it moved from POST /api/v1/apps/{app_id}/connectors/{connector_id}/credentials to POST /api/v1/apps/connectors/credentials",
        "a new operation: POST /api/v1/apps/{app_id}/connectors/{connector_id}/pause",
        "a new operation: POST /api/v1/apps/{app_id}/connectors/{connector_id}/resume",
        "a new operation: POST /api/v1/apps/{app_id}/connectors/{connector_id}/schedule",
        "c1: 29 operations, 164 schemas",
        "changes to the public API are breaking",
    ];
    dry.says(&told);
    dry.says(&["would write spec/c1/openapi.yaml"]);
    let done = copy.xtask(&["vendor", "c1", "--from", new.to_str().unwrap(), "--date", "2026-08-20"]);
    done.says(&told);
    done.says(&["wrote spec/c1/openapi.yaml"]);
    let committed = fs::read_to_string(workspace().join("spec/c1/openapi.yaml")).unwrap();
    assert_eq!(copy.read("spec/c1/openapi.yaml"), committed);
    copy.xtask(&["vendor", "c1", "--from", new.to_str().unwrap()]).says(&["nothing changed"]);

    // The version that the same change requires.
    let semver = copy.xtask(&["semver", "c1", "--from", old.to_str().unwrap()]);
    semver.says(&["### Added", "pause_sync(", "### Changed", "rotate_credential`: ", "### Removed"]);
    // `semver` reports no break that `diff` does not: three breaks of the document are two of the Rust API.
    let breaks: Vec<&str> = semver.out.lines().filter(|line| line.contains("**breaking:**")).collect();
    assert_eq!(breaks.len(), 2, "{breaks:#?}");
    assert!(breaks[0].contains("rotate_credential`: "), "{breaks:#?}");
    assert!(breaks[1].ends_with("`types::ConnectorServiceRotateCredentialResponse`: `client_secret`"), "{breaks:#?}");
    assert!(
        semver.error.contains("2 of ") && semver.error.contains("are breaking: 0.1.0 -> 0.2.0"),
        "{}",
        semver.error
    );
}

#[test]
fn an_action_that_upstream_made_needless_is_named_and_one_that_matches_nothing_is_an_error() {
    let copy = tree("overlay");
    let vendored = copy.0.join("again.yaml");
    fs::copy(copy.0.join("spec/c1/openapi.yaml"), &vendored).unwrap();
    let vendor = |copy: &Tree| copy.xtask(&["vendor", "c1", "--from", vendored.to_str().unwrap()]);
    copy.edit("spec/c1/overlay.yaml", |text| {
        format!("{text}  - target: $.components.schemas['c1.api.app.v1.App'].properties.appAccountId\n    update: {{readOnly: true}}\n")
    });
    vendor(&copy).says(&[
        "the document already has what this adds to `$.components.schemas['c1.api.app.v1.App']",
        "delete the action",
    ]);
    copy.edit("spec/c1/overlay.yaml", |text| format!("{text}  - {{target: $.gone, remove: true}}\n"));
    let before = copy.snapshot();
    vendor(&copy).fails_with(&["`$.gone` matches nothing"]);
    assert_eq!(copy.snapshot(), before);
}

#[test]
fn an_unusable_response_of_a_url_is_refused_and_nothing_changes() {
    let copy = tree("url");
    let before = copy.snapshot();
    let document = copy.read("spec/c1/openapi.yaml");
    let half = document.len() / 2;
    let cut = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{}",
        document.len(),
        &document[..half]
    );
    let huge = "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";
    for (answer, expected) in [
        (answer("content-type: text/html\r\n", "<html>Log in</html>"), "is a web page, not an OpenAPI document"),
        (answer("", "<!DOCTYPE html><html></html>"), "is a web page, not an OpenAPI document"),
        (cut.into_bytes(), "broke off"),
        (huge.as_bytes().to_vec(), "larger than 64 MB"),
        (b"HTTP/1.1 503 Unavailable\r\ncontent-length: 0\r\n\r\n".to_vec(), "returns 503"),
        (
            b"HTTP/1.1 302 Found\r\nlocation: http://example.com/\r\ncontent-length: 0\r\n\r\n".to_vec(),
            "redirects to plain http",
        ),
        (
            answer("", "openapi: 3.1.0\ninfo: {title: Pets, version: '1'}\npaths: {}\n"),
            "no operation of the document has the tag",
        ),
    ] {
        let (url, _) = server(vec![answer]);
        copy.xtask(&["vendor", "c1", "--from", &url]).fails_with(&[expected]);
        assert_eq!(copy.snapshot(), before, "{expected}");
    }
    copy.xtask(&["vendor", "c1", "--from", "http://example.com/openapi.yaml"]).fails_with(&["plain http"]);
    copy.xtask(&["vendor", "c1", "--from", "ftp://example.com/openapi.yaml"])
        .fails_with(&["documents are not fetched over `ftp://`"]);
    assert_eq!(copy.snapshot(), before);
}

#[test]
fn a_document_that_did_not_change_is_not_fetched_again() {
    let copy = tree("etag");
    let document = copy.read("spec/c1/openapi.yaml");
    let not_modified = b"HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n".to_vec();
    let (url, requests) = server(vec![answer("etag: \"one\"\r\n", &document), not_modified]);
    copy.edit("spec/c1/service.toml", |text| {
        let start = text.find("source = ").unwrap();
        let end = start + text[start..].find('\n').unwrap();
        format!("{}source = {url:?}{}", &text[..start], &text[end..])
    });
    copy.xtask(&["vendor", "c1"]).says(&["wrote spec/c1/service.toml"]);
    let service: toml::Table = toml::from_str(&copy.read("spec/c1/service.toml")).unwrap();
    assert_eq!(service["etag"].as_str(), Some("\"one\""));
    assert!(!requests.recv().unwrap().to_lowercase().contains("if-none-match"));
    copy.xtask(&["vendor", "c1"]).says(&["nothing changed", "still has the document that was fetched on"]);
    assert!(requests.recv().unwrap().to_lowercase().contains("if-none-match: \"one\""));
}

#[test]
fn uncommitted_files_are_not_overwritten() {
    let copy = tree("dirty");
    let git = |arguments: &[&str]| {
        let who = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").current_dir(&copy.0).args(who).args(arguments).output();
        let output = output.expect("these tests need git");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "all"]);
    let bare = copy.xtask(&["semver", "c1"]);
    bare.says(&["`connectors::c1::api` did not change since HEAD.\n"]);
    bare.warns(&["compared with HEAD\n"]);

    copy.replace("spec/c1/api.txt", "get_app(", "fetch_app(");
    let vendored = copy.0.join("again.yaml");
    fs::copy(copy.0.join("spec/c1/openapi.yaml"), &vendored).unwrap();
    let arguments = ["vendor", "c1", "--from", vendored.to_str().unwrap()];
    let before = copy.snapshot();
    copy.xtask(&arguments).fails_with(&["spec/c1 has uncommitted changes", "api.txt", "--force"]);
    assert_eq!(copy.snapshot(), before);
    copy.xtask(&[&arguments[..], &["--force"]].concat()).says(&["wrote spec/c1/api.txt"]);
}

#[test]
fn the_version_follows_the_difference_of_two_public_apis() {
    let copy = tree("semver");
    let (old, new) = (copy.0.join("old.txt"), copy.0.join("new.txt"));
    let api = copy.read("spec/c1/api.txt");
    fs::write(&old, &api).unwrap();
    let call = api.lines().find(|line| line.contains("get_app(")).unwrap();
    let name = call.strip_prefix("fn ").unwrap().split('(').next().unwrap();
    // With its setters and failures, which are listed below it.
    let after = api.split_once(&format!("{call}\n")).unwrap().1;
    let members: String =
        after.lines().take_while(|line| line.starts_with(' ')).map(|line| format!("{line}\n")).collect();
    let without = api.replace(&format!("{call}\n{members}"), "");
    fs::write(&new, without).unwrap();
    let arguments =
        |a: &Path, b: &Path| copy.xtask(&["semver", "--old", a.to_str().unwrap(), "--new", b.to_str().unwrap()]);
    let removed = arguments(&old, &new);
    removed.says(&["## 0.2.0", "### Removed", format!("- **breaking:** `{name}`").as_str()]);
    let added = arguments(&new, &old);
    added.says(&["## 0.1.1", "### Added", format!("- `{name}(id: AppId)").as_str()]);
    arguments(&old, &old).says(&[format!("did not change since {}.", old.display()).as_str()]);
    let renamed = api.replace("get_app(id: AppId)", "get_app(app_id: AppId)");
    assert_ne!(renamed, api);
    fs::write(&new, renamed).unwrap();
    // Arguments are positional, so their names do not matter.
    let changed = format!("### Changed\n\n- `{name}`: `{name}(id: AppId)");
    arguments(&old, &new).says(&["## 0.1.1", changed.as_str()]);
    // Growth is a minor version: an optional setter, a field, a value.
    let setter = api.replacen("    page_size: i32\n", "    page_size: i32\n    page_order: String\n", 1);
    let value = "enum AppAccessModel (open)\n";
    let grown = setter.replacen(value, &format!("{value}    Fresh = \"APP_ACCESS_MODEL_FRESH\"\n"), 1);
    let grown = grown.replacen("struct App (Default)\n", "struct App (Default)\n    colour: Option<String>\n", 1);
    fs::write(&new, grown).unwrap();
    let grown = arguments(&old, &new);
    grown.says(&["## 0.1.1", "`: `page_order: String`", "`types::App`: `colour: Option<String>`", "Fresh"]);
    assert!(grown.error.contains("3 compatible changes"), "{}", grown.error);
    arguments(&new, &old).says(&["## 0.2.0", "**breaking:** `types::App`: `colour`"]);
    let none = copy.xtask(&["semver", "c1"]);
    none.fails_with(&["git has no HEAD:spec/c1/api.txt", "--from OLD_DOCUMENT"]);
}

const PETS: &str = "
openapi: 3.0.3
info: {title: Pets, version: '1'}
servers: [{url: https://pets.example.com}]
paths:
  /pets:
    get:
      operationId: listPets
      tags: [pets]
      parameters: [{name: page_token, in: query, schema: {type: string}}, {name: kind, in: query, required: true, schema: {$ref: '#/components/schemas/Kind'}}]
      responses: {'200': {description: ok, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Pet'}}}}}}
    post:
      operationId: addPet
      tags: [pets]
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
      responses: {'201': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}}
  /pets/{id}:
    delete: {operationId: type, tags: [pets], parameters: [{name: id, in: path, required: true, schema: {type: integer}}], responses: {'204': {description: ok}}}
    put: {operationId: closePet, tags: [admin], responses: {'204': {description: ok}}}
components:
  schemas:
    Kind: {type: string, enum: [cat, dog]}
    Pet: {type: object, required: [name], properties: {name: {type: string}, kind: {$ref: '#/components/schemas/Kind'}, parent: {$ref: '#/components/schemas/Pet'}}}
";

#[test]
fn a_new_service_is_scaffolded_as_a_whole_or_not_at_all() {
    let copy = tree("new");
    let document = copy.write("pets.yaml", PETS);
    let new = |name: &str, tag: &str| copy.xtask(&["new", name, "--from", document.to_str().unwrap(), "--tag", tag]);
    new("pets", "pets").says(&[
        "wrote spec/pets/overlay.yaml",
        "pets: 3 operations",
        "cargo test --features pets --test pets_operations",
    ]);
    assert!(copy.read("build.rs").contains("const SERVICES: [&str; 2] = [\"c1\", \"pets\"];"));
    assert!(copy.read("Cargo.toml").contains("## The client of Pets, `connectors::pets`.\npets = []\n"));
    assert!(copy.read("src/lib.rs").contains("#[cfg(feature = \"pets\")]\npub mod pets;\n"));
    let module = copy.read("src/pets/mod.rs");
    assert!(
        module.contains("//! Pets: the client")
            && module.contains("https://pets.example.com")
            && !module.contains("__")
    );
    let test = copy.read("tests/pets_operations.rs");
    for call in [
        "add_pet(&given(&document, \"pets.add_pet\", \"body\")).await);\n",
        "list_pets(&given(&document, \"pets.list_pets\", \"kind\")).await);\n",
        "(1_i64).await);\n",
    ] {
        assert!(test.contains(call), "{call}: {test}");
    }
    assert!(!test.contains("close_pet") && !test.contains("__"), "{test}");
    let overlay = copy.read("spec/pets/overlay.yaml");
    for expected in [
        "TODO is it safe to retry",
        "TODO how is the list paged?",
        "TODO the document declares no failure",
        "# ---- Pet",
    ] {
        assert!(overlay.contains(expected), "{expected}: {overlay}");
    }
    // The only problem is that descriptions are missing.
    let checked = copy.xtask(&["check"]);
    checked.fails_with(&["pets lacks descriptions:", "the operation `addPet` has no summary", "1 problem"]);
    copy.xtask(&["vendor", "pets", "--from", document.to_str().unwrap()]).says(&["nothing changed"]);

    // Descriptions of your own document are kept, also when it is vendored again.
    let own = ["new", "own", "--from", document.to_str().unwrap(), "--tag", "pets", "--keep-descriptions"];
    copy.replace("pets.yaml", "    Kind: {type: string,", "    Kind: {description: What it is., type: string,");
    copy.xtask(&own).says(&["own: 3 operations"]);
    assert!(copy.read("spec/own/openapi.yaml").contains("description: What it is."));
    assert!(copy.read("spec/own/service.toml").contains("keep_descriptions = true"));
    copy.xtask(&["vendor", "own", "--from", document.to_str().unwrap()]).says(&["nothing changed"]);
    assert!(!copy.read("spec/pets/openapi.yaml").contains("What it is."));

    let before = copy.snapshot();
    new("pets", "pets").fails_with(&["`pets` cannot be the name of a service: spec/pets already exists"]);
    new("c1", "pets").fails_with(&["spec/c1 already exists"]);
    new("type", "pets").fails_with(&["a keyword of Rust"]);
    new("rustls", "pets").fails_with(&["Cargo.toml has a feature or a dependency of that name"]);
    new("zoo", "nothing").fails_with(&["no operation of the document has the tag `nothing`"]);
    assert_eq!(copy.snapshot(), before);
    assert!(!copy.read("build.rs").contains("zoo"));
}

#[test]
fn diff_prints_text_json_and_markdown() {
    let copy = tree("diff");
    let old = copy.write("old.yaml", PETS);
    let new = copy.write(
        "new.yaml",
        &PETS.replace("required: [name]", "required: [name, kind]").replace("Kind: {", "Kind: {description: new, "),
    );
    let diff = |more: &[&str]| {
        let arguments = ["diff", old.to_str().unwrap(), new.to_str().unwrap()];
        copy.xtask(&[&arguments[..], more].concat())
    };
    let text = diff(&[]);
    assert_eq!(
        text.out,
        "2 breaking, 0 of behaviour, 0 additive, 1 of documentation\n\
         pets:\n  \
         breaking: addPet: `Pet`: `kind` must be sent now [request-property-required]\n  \
         breaking: listPets and 1 more: `Pet`: `kind` is always there now [response-property-required]\n"
    );
    diff(&["--documentation"]).says(&["  documentation: "]);
    diff(&["--all"]).says(&["  documentation: "]);
    let words = copy.write("words.yaml", &PETS.replace("Kind: {", "Kind: {description: new, "));
    let markdown = ["diff", old.to_str().unwrap(), words.to_str().unwrap(), "--format", "markdown"];
    copy.xtask(&markdown).says(&["No change for a caller; 1 of documentation.\n"]);
    let nothing = ["diff", old.to_str().unwrap(), old.to_str().unwrap(), "--format", "markdown"];
    copy.xtask(&nothing).says(&["No change.\n"]);
    diff(&["--format", "markdown"])
        .says(&["### Breaking\n\n- `Pet`: `kind` must be sent now (request-property-required): `addPet`\n"]);
    let json: serde_json::Value = serde_json::from_str(&diff(&["--format", "json"]).out).unwrap();
    assert_eq!(json["counts"]["breaking"], 2);
    assert_eq!(json["changes"][0]["operations"][0], "addPet");
    assert_eq!(diff(&["--fail-on", "breaking"]).code, Some(3));
    let same = copy.xtask(&["diff", old.to_str().unwrap(), old.to_str().unwrap(), "--fail-on", "any", "--quiet"]);
    assert_eq!((same.code, same.out.as_str(), same.error.as_str()), (Some(0), "no change\n", ""));

    // Additive changes are counted by tag, and listed on demand.
    let more =
        PETS.replace("{name: page_token,", "{name: page_size, in: query, schema: {type: integer}}, {name: page_token,");
    let more = more.replace(
        "Pet: {type: object, required: [name], properties: {",
        "Pet: {type: object, required: [name], properties: {age: {type: integer}, size: {type: integer}, ",
    );
    let more = more.replace(
        "  /pets/{id}:\n",
        "  /pets/{id}:\n    get: {operationId: countPets, tags: [count], responses: {'204': {description: ok}}}\n",
    );
    let more = copy.write("more.yaml", &more);
    let grown = |arguments: &[&str]| {
        copy.xtask(&[&["diff", old.to_str().unwrap(), more.to_str().unwrap()], arguments].concat())
    };
    assert_eq!(
        grown(&[]).out,
        "0 breaking, 0 of behaviour, 6 additive, 0 of documentation\n\
         pets: additive: parameter-added 1, request-property-added 2, response-property-added 2\n\
         only new operations: count 1\n\
         (--all lists each additive change)\n"
    );
    grown(&["--all"]).says(&["pets:\n  additive: addPet: `Pet` has a new `age` [request-property-added]\n"]);
    grown(&["--format", "markdown"]).says(&["6 additive", "### Additive\n\n- count: operation-added 1\n- pets: "]);

    // A team may assign other impacts.
    let impacts = copy.write("impacts.toml", "parameter-added = \"breaking\"\nrequest-property-added = \"none\"\n");
    let weighed = grown(&["--impacts", impacts.to_str().unwrap(), "--fail-on", "breaking"]);
    assert_eq!(weighed.code, Some(3));
    assert_eq!(
        weighed.out,
        "1 breaking, 0 of behaviour, 3 additive, 0 of documentation\n\
         pets:\n  \
         breaking: listPets: a new query parameter `page_size` [parameter-added]\n  \
         additive: response-property-added 2\n\
         only new operations: count 1\n\
         (--all lists each additive change)\n"
    );
    for (text, expected) in [
        ("no-such-rule = \"breaking\"\n", "there is no rule `no-such-rule`"),
        ("parameter-added = \"bad\"\n", "is not an impact for `parameter-added`"),
        ("parameter-added\n", "impacts.toml"),
    ] {
        copy.write("impacts.toml", text);
        grown(&["--impacts", impacts.to_str().unwrap()]).fails_with(&[expected]);
    }
    let other = copy.xtask(&["diff", old.to_str().unwrap(), new.to_str().unwrap(), "--service", "c1"]);
    other.fails_with(&["has nothing that `c1` selects"]);
    let folder = copy.xtask(&["diff", copy.0.to_str().unwrap(), new.to_str().unwrap()]);
    folder.fails_with(&["is a folder, not a document"]);
    let swagger = copy.write("swagger.yaml", "swagger: '2.0'\n");
    copy.xtask(&["diff", old.to_str().unwrap(), swagger.to_str().unwrap()]).fails_with(&["Swagger 2.0"]);
}

#[test]
fn diff_compares_the_clients_too_and_reports_if_it_cannot() {
    let copy = tree("clients");
    let pets = PETS.replace("operationId: listPets", "operationId: v1.listPets");
    let old = copy.write("old.yaml", &pets);
    // Two operations of a group whose methods would have the same name: the older one keeps it.
    let other = pets.replace(
        "    post:\n",
        "    head: {operationId: v2.listPets, tags: [pets], responses: {'204': {description: ok}}}\n    post:\n",
    );
    let new = copy.write("new.yaml", &other);
    let told = copy.xtask(&["diff", old.to_str().unwrap(), new.to_str().unwrap()]);
    told.says(&["0 breaking, 0 of behaviour, 1 additive"]);
    assert!(!told.error.contains("warning"), "{}", told.error);
    // Only the clients show that several responses have one type.
    let empty = pets.replacen("responses: {'200'", "responses: {'204': {description: none}, '200'", 1);
    let new = copy.write("new.yaml", &empty);
    let told = copy.xtask(&["diff", old.to_str().unwrap(), new.to_str().unwrap()]);
    told.says(&["-> Option<Vec<types::Pet>>` in Rust [client-changed]\n", "1 breaking"]);

    let vendored = copy.0.join("spec/c1/openapi.yaml");
    let text = copy.read("spec/c1/openapi.yaml");
    let later = copy.write("later.yaml", &text.replacen("/api/v1/apps/{id}", "/api/v2/apps/{id}", 1));
    let diff = |format: &str| {
        let arguments = ["diff", vendored.to_str().unwrap(), later.to_str().unwrap(), "--service", "c1", "--format"];
        copy.xtask(&[&arguments[..], &[format]].concat())
    };
    // The overlay's action does not fit the operation that moved, but its name for the operation stays.
    let moved = diff("text");
    moved.says(&["behaviour: c1.api.app.v1.Apps.Get: it moved from"]);
    assert!(!moved.out.contains("client-changed") && !moved.error.contains("warning"), "{}{}", moved.out, moved.error);

    // With an unreadable overlay there is no client of the service.
    copy.write("spec/c1/overlay.yaml", "overlay: [\n");
    let doubt = "nly the documents were compared: no client can be generated from the old document: ";
    diff("text").says(&["behaviour: c1.api.app.v1.Apps.Get: it moved from"]);
    diff("text").warns(&[format!("warning: o{doubt}").as_str()]);
    diff("markdown").says(&["### Behaviour", format!("O{doubt}").as_str()]);
    let json: serde_json::Value = serde_json::from_str(&diff("json").out).unwrap();
    assert!(json["documents_only"].as_str().unwrap().starts_with("no client can be generated"), "{json}");
}

#[test]
fn the_guide_lists_the_tasks_and_every_task_has_help() {
    let copy = tree("guide");
    copy.xtask(&[]).says(&["cargo xtask check", "Exit codes:", "  3  diff --fail-on found such a change"]);
    let tasks = [
        "demo",
        "serve",
        "vendor",
        "diff",
        "semver",
        "api",
        "check",
        "new",
        "bench",
        "duel",
        "lower",
        "expand",
        "completions",
    ];
    for task in tasks {
        let help = copy.xtask(&[task, "--help"]);
        help.says(&["Usage: cargo xtask"]);
        assert!(
            help.out.lines().next().is_some_and(|line| line.ends_with('.') || line.len() > 40),
            "{task}: {}",
            help.out
        );
        assert!(!help.out.contains('\u{1b}'), "the help of {task} has no colours outside of a terminal");
        let arguments = ["--quiet", task, "--help"].map(OsString::from);
        assert_eq!(
            features::of(&arguments).is_none(),
            task == "completions",
            "{task}: only this one needs all features"
        );
    }
    for shell in ["bash", "zsh", "fish"] {
        copy.xtask(&["completions", shell]).says(&["vendor", "semver"]);
    }
    assert_eq!(copy.xtask(&["vendor"]).code, Some(2));
    let of = |arguments: &[&str]| features::of(&arguments.iter().map(OsString::from).collect::<Vec<_>>());
    assert_eq!([of(&["demo"]), of(&["demo", "--service", "pipeshub"])], [Some("c1"), Some("pipeshub")]);
    assert_eq!(of(&["demo", "--live", "--service=pipeshub"]), Some("pipeshub,live"), "it is called over https");
    assert_eq!(of(&["--root", "demo", "check"]), Some("documents"));
    assert_eq!([of(&[]), of(&["--help"]), of(&["chekc"])], [None; 3], "the help of all tasks");
}
