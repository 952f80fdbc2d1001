//! Vendoring a small service of our own: which documents it accepts and rejects, which files it does not change, and
//! how `check` reports problems that a person has to fix.

mod tree;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use tree::Tree;

const TAGS: [&str; 4] = ["--tag", "Berths", "--tag", "Ships"];

fn harbour() -> PathBuf {
    tree::workspace().join("xtask/tests/data/harbour")
}

/// A copy of the workspace to which the harbour was added.
fn with_harbour(name: &str, more: &[&str]) -> Tree {
    let copy = Tree::new(name);
    let document = harbour().join("openapi.yaml");
    let arguments = ["new", "harbour", "--from", document.to_str().unwrap()];
    copy.xtask(&[&arguments[..], &TAGS, more].concat()).says(&["harbour: 9 operations"]);
    copy
}

/// The document's files in the copy, to be changed there.
fn files_in(copy: &Tree) -> PathBuf {
    for file in ["openapi.yaml", "berths.yaml", "schemas.yaml"] {
        copy.write(&format!("theirs/{file}"), &fs::read_to_string(harbour().join(file)).unwrap());
    }
    copy.0.join("theirs/openapi.yaml")
}

/// A server that sends each connection the next of these responses. The requests are sent through the channel.
fn server(listener: TcpListener, answers: Vec<String>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let mut head = String::new();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            while lines.read_line(&mut head).is_ok_and(|length| length > 2) {}
            drop(stream.write_all(answer.as_bytes()));
            drop(sender.send(head.to_lowercase()));
        }
    });
    receiver
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/openapi.yaml", listener.local_addr().unwrap());
    (listener, url)
}

/// A response of a server that ends it by closing the connection.
fn unannounced(body: &str) -> String {
    format!("HTTP/1.0 200 OK\r\ncontent-type: application/yaml\r\n\r\n{body}")
}

#[test]
fn an_etag_is_sent_only_for_the_document_that_it_came_with() {
    let (listener, url) = listen();
    let copy = with_harbour("etag", &["--source", &url]);
    let document = copy.read("spec/harbour/openapi.yaml");
    let told = |etag: &str, body: &str| {
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\netag: {etag}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    let same = "HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n".to_owned();
    let full = told("\"one\"", &document);
    let answers =
        vec![full.clone(), same.clone(), full.clone(), full.clone(), full.clone(), full.clone(), same.clone(), same];
    let requests = server(listener, answers);
    let vendor = || copy.xtask(&["vendor", "harbour"]);
    let asked = || requests.recv().unwrap().contains("if-none-match: \"one\"");

    vendor().says(&["wrote spec/harbour/service.toml"]);
    assert!(!asked());
    vendor().says(&["still has the document that was fetched on"]);
    assert!(asked());

    // A part that is not selected has changed.
    copy.edit("spec/harbour/service.toml", |text| format!("{text}except = [\"removeShip\"]\n"));
    vendor().says(&["wrote spec/harbour/openapi.yaml", "harbour: 8 operations"]);
    assert!(!asked());
    assert!(!copy.read("spec/harbour/openapi.yaml").contains("removeShip"));

    // The vendored document was edited, outside of the selection.
    let held = copy.read("spec/harbour/openapi.yaml");
    copy.replace("spec/harbour/openapi.yaml", "name: pier", "name: quay");
    vendor().says(&["wrote spec/harbour/openapi.yaml"]);
    assert!(!asked());
    assert_eq!(copy.read("spec/harbour/openapi.yaml"), held);

    // The entry in service.toml was damaged.
    let settings = copy.read("spec/harbour/service.toml");
    copy.edit("spec/harbour/service.toml", |text| text.replace("sha256 = \"", "sha256 = \"00"));
    vendor().says(&["wrote spec/harbour/service.toml"]);
    assert!(!asked());
    let digest = |text: &str| text.lines().find(|line| line.starts_with("sha256")).unwrap().to_owned();
    assert_eq!(digest(&copy.read("spec/harbour/service.toml")), digest(&settings));
    copy.edit("spec/harbour/service.toml", |text| text.replace("version = \"", "version = \"9"));
    vendor().says(&["wrote spec/harbour/service.toml"]);
    assert!(!asked());

    // Nothing was changed: a 304 is enough again.
    vendor().says(&["still has the document that was fetched on"]);
    assert!(asked());

    // A file with another document has no ETag, so a `304` to an unconditional request is an error.
    let mut other = document.replace("1.4.0", "1.5.0");
    other.push_str("x-day: today\n");
    let file = copy.write("other.yaml", &other);
    copy.xtask(&["vendor", "harbour", "--from", file.to_str().unwrap()]).says(&["wrote spec/harbour/service.toml"]);
    assert!(!copy.read("spec/harbour/service.toml").contains("etag"));
    vendor().fails_with(&["returns 304"]);
    assert!(!asked());
}

#[test]
fn a_document_in_several_files_is_vendored_as_one() {
    let copy = with_harbour("several", &[]);
    let theirs = files_in(&copy);
    let vendor = || copy.xtask(&["vendor", "harbour", "--from", theirs.to_str().unwrap()]);
    vendor().says(&["nothing changed"]);
    let vendored = copy.read("spec/harbour/openapi.yaml");
    assert!(vendored.contains("operationId: changeBerth") && !vendored.contains(".yaml#"), "{vendored}");

    // Only a file beside it changes.
    copy.replace("theirs/schemas.yaml", "depth: {type: number}", "depth: {type: number}\n    lit: {type: boolean}");
    let before = copy.read("spec/harbour/service.toml");
    vendor().says(&["`Berth` has a new `lit`", "wrote spec/harbour/openapi.yaml", "wrote spec/harbour/service.toml"]);
    assert_ne!(copy.read("spec/harbour/service.toml"), before);

    // A part that is not selected changes.
    copy.replace("theirs/schemas.yaml", "height:", "level:");
    vendor().says(&["changes for a caller: none; only descriptions changed", "wrote spec/harbour/service.toml"]);

    // A missing file.
    copy.replace("theirs/openapi.yaml", "./berths.yaml#/Berths", "./piers.yaml#/Berths");
    let before = copy.snapshot();
    vendor().fails_with(&["piers.yaml", "theirs/openapi.yaml:11:"]);
    assert_eq!(copy.snapshot(), before);

    // A document from the network has no files beside it.
    let (listener, url) = listen();
    let body = fs::read_to_string(harbour().join("openapi.yaml")).unwrap();
    let _requests = server(
        listener,
        vec![format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())],
    );
    copy.xtask(&["vendor", "harbour", "--from", &url]).fails_with(&[
        "the reference `./berths.yaml#/Berths` leads to another document",
        "openapi.yaml:11:",
        "into one folder, and name the file",
    ]);
    assert_eq!(copy.snapshot(), before);
}

#[test]
fn the_document_of_another_service_is_refused_even_if_it_shares_the_tags() {
    let copy = with_harbour("other", &[]);
    let other = "
openapi: 3.1.0
info: {title: Airport, version: '1'}
paths:
  /gates: {get: {operationId: listGates, tags: [Berths], responses: {'204': {description: ok}}}}
  /planes: {get: {operationId: listPlanes, tags: [Ships], responses: {'204': {description: ok}}}}
";
    let file = copy.write("airport.yaml", other);
    let before = copy.snapshot();
    let arguments = ["vendor", "harbour", "--from", file.to_str().unwrap()];
    copy.xtask(&arguments).fails_with(&["has 0 of the 9 operations that are vendored", "--accept-other-document"]);
    copy.xtask(&[&arguments[..], &["--dry-run"]].concat()).fails_with(&["has 0 of the 9 operations"]);
    assert_eq!(copy.snapshot(), before);
    let taken = copy.xtask(&[&arguments[..], &["--accept-other-document"]].concat());
    taken.says(&["harbour: 2 operations", "wrote spec/harbour/openapi.yaml"]);
    taken.warns(&["the title of the document is `Airport`, and was `Harbour`"]);
}

#[test]
fn a_smaller_selection_of_the_same_document_is_accepted() {
    let copy = with_harbour("less", &[]);
    copy.replace("spec/harbour/service.toml", "[\"Berths\", \"Ships\"]", "[\"Ships\"]");
    copy.edit("spec/harbour/service.toml", |text| format!("{text}except = [\"getShip\", \"listShips\"]\n"));
    let theirs = files_in(&copy);
    copy.xtask(&["vendor", "harbour", "--from", theirs.to_str().unwrap()]).says(&["harbour: 3 operations"]);
}

#[test]
fn a_response_without_a_length_is_checked_for_its_end() {
    let copy = with_harbour("unannounced", &[]);
    let document = copy.read("spec/harbour/openapi.yaml");
    let before = copy.snapshot();
    let vendor = |body: &str| {
        let (listener, url) = listen();
        let _requests = server(listener, vec![unannounced(body)]);
        copy.xtask(&["vendor", "harbour", "--from", &url])
    };
    // Cut off within the last word, where it is still YAML.
    let cut = &document.trim_end()[..document.trim_end().len() - 1];
    vendor(cut).fails_with(&["does not send the length of the document", "ended in the middle of a line"]);
    assert_eq!(copy.snapshot(), before);
    vendor(&document).warns(&["does not send the length of the document"]);
}

#[test]
fn comments_in_service_toml_are_kept() {
    let copy = with_harbour("comments", &[]);
    copy.replace(
        "spec/harbour/service.toml",
        "[select]\n",
        "# Yachts are not for us.\n[select] # ours\n# The big ones.\n",
    );
    copy.replace("spec/harbour/service.toml", "version = \"1.4.0\"", "version = \"1.4.0\" # theirs");
    let theirs = files_in(&copy);
    copy.replace("theirs/openapi.yaml", "1.4.0", "1.5.0");
    copy.xtask(&["vendor", "harbour", "--from", theirs.to_str().unwrap(), "--date", "2026-01-02"])
        .says(&["wrote spec/harbour/service.toml"]);
    let text = copy.read("spec/harbour/service.toml");
    for expected in [
        "# Written by `cargo xtask vendor`, except [select], which is yours.\nsource = ",
        "date = \"2026-01-02\"\n",
        "version = \"1.5.0\" # theirs\n",
        "\n# Yachts are not for us.\n[select] # ours\n# The big ones.\ntags = [\"Berths\", \"Ships\"]\n",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn an_older_document_is_reported_as_one() {
    let copy = with_harbour("older", &[]);
    let theirs = files_in(&copy);
    let vendor = || copy.xtask(&["vendor", "harbour", "--dry-run", "--from", theirs.to_str().unwrap()]);
    copy.replace("theirs/openapi.yaml", "1.4.0", "1.3.12");
    vendor().warns(&["this may be an older document: its version is 1.3.12, and the vendored document is 1.4.0"]);
    // The same version with fewer operations.
    copy.replace("theirs/openapi.yaml", "1.3.12", "1.4.0");
    copy.replace("theirs/openapi.yaml", "operationId: removeShip\n      tags: [Ships]", "operationId: removeShip");
    vendor().warns(&["this may be an older document: it has nothing new, and lacks 1 items of the vendored document"]);
}

#[test]
fn a_dry_run_reports_why_a_real_run_would_write_nothing() {
    let copy = with_harbour("dirty", &[]);
    let git = |arguments: &[&str]| {
        let who = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").current_dir(&copy.0).args(who).args(arguments).output();
        output.is_ok_and(|output| output.status.success())
    };
    assert!(git(&["init", "-q"]) && git(&["add", "-A"]) && git(&["commit", "-q", "-m", "all"]));
    copy.replace("spec/harbour/openapi.yaml", "name: pier", "name: quay");
    let theirs = harbour().join("openapi.yaml");
    let arguments = ["vendor", "harbour", "--from", theirs.to_str().unwrap()];
    let before = copy.snapshot();
    let dry = copy.xtask(&[&arguments[..], &["--dry-run"]].concat());
    dry.says(&["would write spec/harbour/openapi.yaml"]);
    dry.warns(&["a real run would write nothing: spec/harbour has uncommitted changes", "--force"]);
    copy.xtask(&arguments).fails_with(&["spec/harbour has uncommitted changes"]);
    assert_eq!(copy.snapshot(), before);
    let forced = copy.xtask(&[&arguments[..], &["--dry-run", "--force"]].concat());
    assert!(!forced.error.contains("would refuse"), "{}", forced.error);
}

#[test]
fn an_interrupted_run_changes_nothing() {
    let copy = with_harbour("interrupted", &[]);
    let before = copy.snapshot();
    let (listener, url) = listen();
    let arguments = ["vendor", "harbour", "--from", &url];
    let mut child = copy.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // The task has sent its request, and waits for the rest of the response.
    let (mut stream, _) = listener.accept().unwrap();
    stream.read_exact(&mut [0; 1]).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\nopenapi: 3.1.0\n").unwrap();
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    assert_eq!(copy.snapshot(), before);
}

#[test]
fn files_are_written_all_or_none() {
    let copy = with_harbour("all-or-none", &[]);
    let theirs = files_in(&copy);
    copy.replace("theirs/schemas.yaml", "depth: {type: number}", "depth: {type: integer}");
    fs::remove_file(copy.0.join("spec/harbour/api.txt")).unwrap();
    copy.write("spec/harbour/api.txt/in-the-way", "");
    let before = copy.snapshot();
    let vendor = || copy.xtask(&["vendor", "harbour", "--from", theirs.to_str().unwrap()]);
    vendor().fails_with(&["api.txt is a folder; nothing was changed"]);
    assert_eq!(copy.snapshot(), before);
    fs::remove_dir_all(copy.0.join("spec/harbour/api.txt")).unwrap();
    vendor().says(&["wrote spec/harbour/openapi.yaml", "wrote spec/harbour/api.txt"]);
}

#[test]
fn vendoring_replaces_an_unreadable_vendored_document() {
    let copy = with_harbour("unreadable", &[]);
    let theirs = files_in(&copy);
    let before = copy.snapshot();
    for file in ["spec/harbour/openapi.yaml", "spec/harbour/api.txt"] {
        copy.edit(file, |text| format!("<<<<<<< HEAD\n{text}"));
    }
    let told = copy.xtask(&["vendor", "harbour", "--from", theirs.to_str().unwrap()]);
    told.says(&["wrote spec/harbour/openapi.yaml", "wrote spec/harbour/api.txt"]);
    told.warns(&["the vendored document cannot be read", "spec/harbour/openapi.yaml:"]);
    assert_eq!(copy.snapshot(), before);
}

#[test]
fn a_new_service_that_fails_late_leaves_nothing() {
    let copy = Tree::new("late");
    let document = harbour().join("openapi.yaml");
    let new = || copy.xtask(&[&["new", "harbour", "--from", document.to_str().unwrap()][..], &TAGS].concat());
    // The folder for the new test is a file. The task finds this after it has prepared half of the files.
    fs::remove_dir_all(copy.0.join("tests")).unwrap();
    copy.write("tests", "");
    let before = copy.snapshot();
    new().fails_with(&["harbour_operations.rs", "nothing was changed"]);
    assert_eq!(copy.snapshot(), before);

    fs::remove_file(copy.0.join("tests")).unwrap();
    copy.write("tests/harbour_operations.rs", "mine\n");
    let before = copy.snapshot();
    new().fails_with(&["tests/harbour_operations.rs already exists"]);
    assert_eq!(copy.snapshot(), before);
    fs::remove_dir_all(copy.0.join("tests")).unwrap();

    new().says(&["harbour: 9 operations"]);
    let overlay = copy.read("spec/harbour/overlay.yaml");
    for expected in [
        "# - target: $.paths['/berths'].parameters[?@.name == 'pier']",
        "# - target: $.paths['/ships/{ship_id}'].parameters[?@.name == 'ship_id']",
        "# ---- PATCH /berths/{berth_id} (changeBerth)",
        "# - target: $.components.parameters['Cursor']",
    ] {
        assert!(overlay.contains(expected), "{expected}: {overlay}");
    }
    assert_eq!(overlay.matches("TODO how is the list paged?").count(), 2, "{overlay}");
    // A misspelt name is reported with the right one.
    let near = copy.xtask(&["new", "port", "--from", document.to_str().unwrap(), "--tag", "Bertsh"]);
    near.fails_with(&["no operation of the document has the tag `Bertsh`: did you mean `Berths`?"]);
}

#[test]
fn check_reports_problems_that_a_person_has_to_fix() {
    let stale = |name: &str, spoil: &dyn Fn(&Tree), expected: &[&str]| {
        let copy = Tree::new(&format!("check-{name}"));
        spoil(&copy);
        copy.xtask(&["check"]).fails_with(expected);
    };
    for (file, remedy) in [
        ("openapi.yaml", "run `cargo xtask vendor --force c1`"),
        ("api.txt", "run `cargo xtask api c1`"),
        ("losses.lock", "run `cargo xtask api c1`"),
        ("names.lock", "keep the lines of both sides"),
        ("overlay.yaml", "keep the right lines of both sides"),
        ("service.toml", "keep the right lines of both sides"),
    ] {
        let path = format!("spec/c1/{file}");
        stale(
            &format!("conflict-{file}"),
            &|copy| copy.edit(&path, |text| format!("# one\n<<<<<<< HEAD\n=======\n>>>>>>> theirs\n{text}")),
            &[
                &format!("error: {path} has a merge conflict\n  {path}:2: <<<<<<< HEAD\n  {path}:3: =======\n"),
                remedy,
                "1 problem",
            ],
        );
    }
    stale(
        "tag",
        &|copy| copy.replace("spec/c1/service.toml", "\"Connector Catalog\"", "\"Conector Catalog\""),
        &[
            "no operation of the document has the tag `Conector Catalog`: did you mean `Connector Catalog`",
            "fix the name in spec/c1/service.toml",
        ],
    );
    stale(
        "operation",
        &|copy| copy.replace("spec/c1/service.toml", "c1.api.app.v1.Apps.Get", "c1.api.app.v1.App.Get"),
        &["the operationId `c1.api.app.v1.App.Get`: did you mean `c1.api.app.v1.Apps.Get`"],
    );
    stale(
        "name",
        &|copy| drop(copy.write("spec/My-Pets/openapi.yaml", "")),
        &[
            "the folder spec/My-Pets has a name that is not allowed for a service",
            "run `git mv spec/My-Pets spec/my_pets`",
        ],
    );
    stale(
        "empty",
        &|copy| fs::create_dir(copy.0.join("spec/pets")).unwrap(),
        &["the folder spec/pets is empty", "run `rmdir spec/pets`"],
    );
    stale(
        "removed",
        &|copy| {
            let document = harbour().join("openapi.yaml");
            let arguments = ["new", "harbour", "--from", document.to_str().unwrap()];
            copy.xtask(&[&arguments[..], &TAGS].concat()).says(&["harbour: 9 operations"]);
            fs::remove_dir_all(copy.0.join("spec/harbour")).unwrap();
        },
        &[
            "spec/ has no `harbour`, but other files still refer to this service",
            "build.rs: \"harbour\" in SERVICES",
            "Cargo.toml:",
            "src/lib.rs:",
            "src/harbour/mod.rs: its code",
            "tests/harbour_operations.rs: its test",
            "git checkout HEAD -- spec/harbour",
            "1 problem",
        ],
    );
    stale(
        "feature",
        &|copy| {
            copy.replace(
                "Cargo.toml",
                "[features]\n",
                "[features]\n## The client of Pets, `connectors::pets`.\npets = []\n",
            )
        },
        &["spec/ has no `pets`", "the feature", "1 problem"],
    );
}

#[test]
fn every_command_rejects_input_that_is_not_a_document() {
    let copy = Tree::new("inputs");
    let folder = copy.0.join("spec");
    let (folder, good) = (folder.to_str().unwrap(), harbour().join("openapi.yaml"));
    let out = copy.0.join("out");
    let (good, out) = (good.to_str().unwrap(), out.to_str().unwrap());
    let page = copy.write("page.yaml", "<!doctype html><html></html>");
    let mut inputs = vec![(folder, "is a folder"), (page.to_str().unwrap(), "is a web page")];
    if cfg!(unix) {
        inputs.push(("/dev/zero", "is a device"));
    }
    for (input, expected) in inputs {
        copy.xtask(&["lower", input]).fails_with(&[expected]);
        copy.xtask(&["expand", "--from", input, "--out", out]).fails_with(&[expected]);
        copy.xtask(&["vendor", "c1", "--from", input]).fails_with(&[expected]);
        copy.xtask(&["new", "port", "--from", input, "--tag", "x"]).fails_with(&[expected]);
    }
    // With --quiet nothing else is printed.
    let quiet = copy.xtask(&["expand", "--from", good, "--out", out, "--quiet", "--notes", "none"]);
    quiet.says(&[]);
    assert_eq!((quiet.out.as_str(), quiet.error.as_str()), ("", ""));
    let told = copy.xtask(&["expand", "--from", good, "--out", out, "--notes", "none"]);
    told.warns(&["10 operations"]);
}
