//! The commands from a user's view: their output, their errors, and that an error changes nothing.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

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
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn spec() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/c1");
    ["openapi.yaml", "overlay.yaml", "service.toml"]
        .iter()
        .map(|file| fs::read_to_string(folder.join(file)).unwrap())
        .collect()
}

const PETS: &str = "
openapi: 3.1.0
info: {title: Pets, version: '1'}
paths:
  /pets:
    get: {operationId: listPets, tags: [pets], responses: {'200': {description: ok, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Pet'}}}}}}}
    post: {operationId: addPet, tags: [admin], responses: {'204': {description: ok}}}
components:
  schemas:
    Pet: {type: object, properties: {name: {type: [string, 'null'], contentMediaType: text/css}}}
";

#[test]
fn vendor_rejects_unusable_documents_and_changes_nothing() {
    let folder = folder("vendor");
    let before = spec();
    for (name, text, expected) in [
        ("broken.yaml", "openapi: 3.1.0\npaths: [\n", "broken.yaml:"),
        ("page.yaml", "<!doctype html><html><body>Log in</body></html>", "not an OpenAPI document"),
        ("old.yaml", "swagger: '2.0'\n", "Swagger 2.0"),
        ("pets.yaml", PETS, "no operation of the document has the tag `Connector`"),
        ("empty.yaml", "", "empty"),
        ("twice.yaml", "openapi: 3.1.0\nopenapi: 3.1.0\n", "twice.yaml:2:1"),
    ] {
        let file = folder.join(name);
        fs::write(&file, text).unwrap();
        let output = xtask(&["vendor", "c1", "--from", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(stderr(&output).contains(expected), "{name}: {}", stderr(&output));
    }
    let missing = xtask(&["vendor", "c1", "--from", "no/such/file.yaml"]);
    assert!(stderr(&missing).contains("no/such/file.yaml"));
    let nobody = xtask(&["vendor", "nobody", "--from", "x.yaml"]);
    let told = stderr(&nobody);
    assert!(told.contains("there is no service `nobody`") && told.contains("services are `c1`, `pipeshub`"), "{told}");
    assert!(stderr(&xtask(&["expand", "pipehub", "--out", "x"])).contains("did you mean `pipeshub`?"));
    assert_eq!(spec(), before);
}

#[test]
fn vendoring_the_vendored_document_changes_nothing() {
    // The vendored document is itself a document with the selection.
    let vendored = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/c1/openapi.yaml");
    let output = xtask(&["vendor", "c1", "--dry-run", "--from", vendored.to_str().unwrap()]);
    let told = String::from_utf8(output.stdout).unwrap();
    // The note is about two schemes that set the same header.
    assert!(told.contains("29 operations, 164 schemas, 1 notes"), "{told}");
    assert!(!told.contains("would write spec/c1/openapi.yaml"), "{told}");
}

#[test]
fn lower_writes_3_0_3_and_reports_each_loss() {
    let folder = folder("lower");
    let (file, out) = (folder.join("pets.yaml"), folder.join("out.json"));
    fs::write(&file, PETS).unwrap();
    let output = xtask(&["lower", file.to_str().unwrap(), "-o", out.to_str().unwrap(), "--notes", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let lowered: serde_json::Value = serde_json::from_str(&fs::read_to_string(out).unwrap()).unwrap();
    assert_eq!(lowered["openapi"], "3.0.3");
    assert_eq!(lowered["components"]["schemas"]["Pet"]["properties"]["name"]["nullable"], true);
    let notes: serde_json::Value = serde_json::from_str(&stderr(&output)).unwrap();
    assert_eq!((notes[0]["kind"].as_str(), notes[0]["line"].as_u64()), (Some("unchecked"), Some(10)));
    let printed = xtask(&["lower", file.to_str().unwrap()]);
    assert!(String::from_utf8(printed.stdout).unwrap().contains("openapi: 3.0.3"));
}

#[test]
fn diff_reports_breaking_changes() {
    let folder = folder("diff");
    let (old, new) = (folder.join("old.yaml"), folder.join("new.yaml"));
    fs::write(&old, PETS).unwrap();
    fs::write(
        &new,
        PETS.replace("/pets:", "/animals:").replace("name:", "title:").replace("[string, 'null']", "string"),
    )
    .unwrap();
    let output = xtask(&["diff", old.to_str().unwrap(), new.to_str().unwrap()]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("breaking: listPets: `Pet` has no `name` any more"), "{told}");
    assert!(told.contains("behaviour: listPets: it moved from GET /pets to GET /animals"), "{told}");
}

#[test]
fn wrong_arguments_and_help_have_different_exit_codes() {
    assert_eq!(xtask(&["no-such-command"]).status.code(), Some(2));
    assert_eq!(xtask(&["serve", "../c1"]).status.code(), Some(2));
    let help = xtask(&["--help"]);
    assert!(help.status.success() && String::from_utf8(help.stdout).unwrap().contains("cargo xtask demo"));
}

#[test]
fn the_demo_runs_from_end_to_end() {
    let output = xtask(&["demo"]);
    let told = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    for step in ["Authenticate", "Inventory", "Create", "Configure", "Sync", "Rename", "Rotate", "Delete"] {
        assert!(told.contains(step), "{step}: {told}");
    }
}

#[test]
fn the_workspace_of_the_current_folder_is_used() {
    let elsewhere = folder("elsewhere");
    let run = |place: &Path, arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_xtask")).current_dir(place).args(arguments).output().unwrap()
    };
    let deep = elsewhere.join("spec/tides");
    fs::create_dir_all(&deep).unwrap();
    fs::create_dir_all(elsewhere.join("codegen")).unwrap();
    fs::write(elsewhere.join("Cargo.toml"), "[workspace]\n").unwrap();
    let told = stderr(&run(&deep, &["api", "c1"]));
    assert!(told.contains(&format!("working on {}", elsewhere.display())), "{told}");
    assert!(told.contains("services are `tides`"), "{told}");

    let nowhere = std::env::temp_dir();
    let refused = run(&nowhere, &["check"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("there is no workspace of `connectors` here"), "{}", stderr(&refused));
    // Tasks that need no workspace work without one.
    let file = elsewhere.join("pets.yaml");
    fs::write(&file, PETS).unwrap();
    assert!(run(&nowhere, &["lower", file.to_str().unwrap()]).status.success());
}

#[test]
fn references_out_of_the_documents_folder_are_followed_only_if_allowed() {
    let folder = folder("outside");
    fs::create_dir_all(folder.join("api")).unwrap();
    let document = folder.join("api/pets.yaml");
    fs::write(
        &document,
        PETS.replace("{type: [string, 'null'], contentMediaType: text/css}", "{$ref: '../secret.yaml'}"),
    )
    .unwrap();
    fs::write(folder.join("secret.yaml"), "{type: string, maxLength: 77}\n").unwrap();
    let lower = |more: &[&str]| xtask(&[&["lower", document.to_str().unwrap()], more].concat());
    let refused = stderr(&lower(&[]));
    assert!(refused.contains("leads out of the document's folder") && !refused.contains("77"), "{refused}");
    assert!(String::from_utf8(lower(&["--allow-outside"]).stdout).unwrap().contains("maxLength: 77"));
}

/// A fake that is being served.
struct Served {
    process: Child,
    printed: String,
}

impl Served {
    fn start(arguments: &[&str]) -> Served {
        let arguments = [&["serve", "--port", "0"], arguments].concat();
        let mut serve = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let mut process = serve.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut printed = String::new();
        while !printed.contains("Ctrl-C") {
            let line = lines.next().unwrap_or_else(|| panic!("it ended: {printed}")).unwrap();
            printed = printed + &line + "\n";
        }
        Served { process, printed }
    }

    /// The value that the output assigns to a variable.
    fn variable(&self, name: &str) -> &str {
        let lines = self.printed.lines().filter_map(|line| line.strip_prefix(&format!("export {name}='")));
        lines.filter_map(|line| line.strip_suffix('\'')).next().unwrap_or_else(|| panic!("{}", self.printed))
    }

    /// The status and the body of a response.
    fn send(&self, method: &str, path: &str, body: &str) -> (u16, serde_json::Value) {
        let url = self.printed.split("listens on ").nth(1).and_then(|rest| rest.split(". ").next()).unwrap();
        let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: fake\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (answer[9..12].parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn served_fakes_keep_their_credentials_and_are_scripted_over_the_wire() {
    let unknown = xtask(&["serve", "github"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("possible values: c1, pipeshub"), "{}", stderr(&unknown));
    let secret = xtask(&["serve", "c1", "--port", "0", "--client-secret", "planted"]);
    assert!(secret.status.code() == Some(1) && !stderr(&secret).contains("planted"), "{}", stderr(&secret));

    let secret = {
        let first = Served::start(&["pipeshub", "--seed", "here"]);
        first.variable("PIPESHUB_CLIENT_SECRET").to_owned()
    };
    let second = Served::start(&["pipeshub", "--seed", "here", "--client-id", "mine"]);
    assert_eq!(
        (second.variable("PIPESHUB_CLIENT_ID"), second.variable("PIPESHUB_CLIENT_SECRET")),
        ("mine", secret.as_str())
    );
    assert_eq!(second.send("POST", "/_control/faults", r#"{"status": 503}"#).0, 200);
    assert_eq!(second.send("GET", "/api/v1/connectors", "").0, 503);

    let folder = folder("serve");
    let seed = folder.join("seed.json");
    fs::write(&seed, r#"{"apps": [{"id": "app-1"}], "connectors": [{"appId": "app-1", "id": "c-1"}]}"#).unwrap();
    let authority = folder.join("ca.pem");
    let paths = [seed.to_str().unwrap(), authority.to_str().unwrap()];
    let seeded = Served::start(&["c1", "--seed-file", paths[0]]);
    assert_eq!(seeded.send("GET", "/_control/state", "").1["connectors"][0]["id"], "c-1");
    let secure = Served::start(&["c1", "--tls", paths[1]]);
    assert!(secure.variable("SSL_CERT_FILE") == paths[1] && secure.printed.contains("https://127.0.0.1:"));
    assert!(fs::read_to_string(&authority).unwrap().contains("BEGIN CERTIFICATE"));
    fs::write(&seed, r#"{"connectors": [{"id": "c-1"}]}"#).unwrap();
    let unusable = xtask(&["serve", "c1", "--seed-file", paths[0]]);
    assert!(stderr(&unusable).contains("connectors[0] has no appId"), "{}", stderr(&unusable));
}

#[test]
fn any_document_is_served() {
    let folder = folder("serve-from");
    let file = folder.join("pets.yaml");
    fs::write(&file, PETS).unwrap();
    let pets = Served::start(&["--from", file.to_str().unwrap()]);
    let (status, list) = pets.send("GET", "/pets", "");
    assert!(status == 200 && list[0]["name"].is_string(), "{list}");
    assert_eq!(pets.send("POST", "/pets", "").0, 204);
    assert_eq!(pets.send("GET", "/cats", "").0, 404);
    pets.send("POST", "/_control/faults", r#"{"status": 500, "on": "listPets"}"#);
    assert_eq!(pets.send("GET", "/pets", "").0, 500);
    assert_eq!(pets.send("GET", "/_control/requests", "").1.as_array().map(Vec::len), Some(4));
}
