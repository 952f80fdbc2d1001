//! The command `connectors-codegen` from a user's view: each subcommand in an empty folder, on a small document of our
//! own.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[path = "command/used.rs"]
mod used;

/// An empty folder, with methods to run the command in it.
struct Desk(PathBuf);

/// The output of a run.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Desk {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command").join(name);
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, file: &str, text: &str) {
        let place = self.0.join(file);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    fn run(&self, arguments: &str) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_connectors-codegen"));
        // Like on a terminal with colours.
        let output =
            command.current_dir(&self.0).args(arguments.split(' ')).env("CLICOLOR_FORCE", "1").output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let run = Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
        assert!(!run.out.contains('\u{1b}') && !run.err.contains('\u{1b}'), "{arguments} has colours");
        run
    }
}

impl Run {
    #[track_caller]
    fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.out.contains(text), "{text:?} is not in:\n{}\n{}", self.out, self.err);
        }
        self
    }

    #[track_caller]
    fn warns(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.err.contains(text), "{text:?} is not in:\n{}", self.err);
        }
        self
    }

    #[track_caller]
    fn leaves_out(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(!self.out.contains(text), "{text:?} is in:\n{}", self.out);
        }
        self
    }
}

const PETS: &str = "\
openapi: 3.1.0
info: {title: Pets, version: '1'}
paths:
  /pets:
    get:
      operationId: listPets
      tags: [pets]
      parameters:
        - {name: limit, in: query, schema: {type: integer}}
        - {name: colour, in: query, schema: {type: string}}
      responses: {'200': {description: ok, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Pet'}}}}}}
    post: {operationId: addPet, tags: [admin], requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}, responses: {'204': {description: ok}}}
  /shops:
    get: {operationId: listShops, tags: [shops], responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Shop'}}}}}}
  /shops/count:
    get: {operationId: countShops, tags: [shops], responses: {'200': {description: ok, content: {application/json: {schema: {type: integer}}}}}}
components:
  schemas:
    Kind: {type: string, enum: [cat, dog, fish]}
    Pet: {type: object, required: [name], properties: {name: {type: string}, nick: {type: string}, age: {type: integer}, mood: {type: string, enum: [calm, wild]}, kind: {$ref: '#/components/schemas/Kind'}}}
    Shop: {type: object, properties: {street: {type: string}, town: {type: string}}}
";

/// The document after a year of changes.
fn later() -> String {
    let edits = [
        ("        - {name: colour, in: query, schema: {type: string}}\n", ""),
        ("nick: {type: string}, ", ""),
        ("age: {type: integer}", "age: {type: string}"),
        ("mood: {type: string, enum: [calm, wild]}", "mood: {type: integer}"),
        ("[cat, dog, fish]", "[cat, dog]"),
        ("street: {type: string}", "road: {type: string}"),
        ("countShops", "countAllShops"),
    ];
    edits.iter().fold(PETS.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

#[test]
fn generate_writes_a_crate_and_replaces_no_files_of_others() {
    let desk = Desk::new("generate");
    desk.write("pets.yaml", PETS);
    desk.run("generate pets.yaml --out client").exits(0).warns(&["client: 4 operations"]);
    let manifest = desk.read("client/Cargo.toml");
    assert!(manifest.contains("name = \"pets-client\"") && manifest.contains("connectors-runtime = \"0.1\""));
    assert!(desk.read("client/names.lock").contains("list_pets"));

    // It replaces its own files, also if there are other files by now.
    desk.write("client/notes.txt", "mine");
    desk.run("generate pets.yaml --out client --tag pets --quiet").exits(0);
    assert!(!desk.read("client/src/lib.rs").contains("add_pet"));
    desk.write("client/Cargo.toml", &(manifest.clone() + "rand = \"0.9\"\n"));
    desk.run("generate pets.yaml --out client")
        .exits(1)
        .warns(&["Cargo.toml was changed after this command wrote it", "--force"]);
    assert!(desk.read("client/Cargo.toml").ends_with("rand = \"0.9\"\n"));
    desk.run("generate pets.yaml --out client --force").exits(0);
    assert_eq!((desk.read("client/Cargo.toml"), desk.read("client/notes.txt")), (manifest, "mine".to_owned()));

    // Names that a person has set stay, also through a run that leaves their operations and types out.
    let lock = desk.read("client/names.lock");
    assert!(lock.contains("operation \"addPet\" = add_pet\n"), "{lock}");
    let lock = lock.replace("\"addPet\" = add_pet", "\"addPet\" = welcome").replace("Shop\" = Shop", "Shop\" = Store");
    desk.write("client/names.lock", &lock);
    desk.run("generate pets.yaml --out client --tag pets").exits(0);
    assert!(!desk.read("client/src/lib.rs").contains("welcome"));
    desk.run("generate pets.yaml --out client").exits(0);
    assert_eq!(desk.read("client/names.lock"), lock);
    let code = desk.read("client/src/lib.rs");
    assert!(code.contains("pub fn welcome(") && code.contains("pub struct Store "));
    // Names of removed items are removed from the lock, if the whole document is generated.
    desk.write("pets.yaml", &PETS.replace("addPet", "addAnimal"));
    desk.run("generate pets.yaml --out client").exits(0);
    assert!(!desk.read("client/names.lock").contains("addPet"));

    // A crate that the command did not write.
    desk.write("mine/src/lib.rs", "mine");
    desk.run("generate pets.yaml --out mine").exits(1).warns(&["mine is not empty", "nothing was changed"]);
    assert_eq!(desk.read("mine/src/lib.rs"), "mine");
    assert!(!desk.0.join("mine/Cargo.toml").exists());
    desk.run("generate nowhere.yaml --out other").exits(1).warns(&["nowhere.yaml"]);
    assert!(!desk.0.join("other").exists());
}

#[test]
fn the_crate_of_any_file_has_a_name_that_cargo_accepts() {
    let desk = Desk::new("names");
    for (file, name) in [
        ("2024-pets.yaml", "api-2024-pets-client"),
        ("宠物.yaml", "api-client"),
        ("Our  Pets!.yaml", "our-pets-client"),
    ] {
        desk.write(file, PETS);
        let folder = desk.0.join(name);
        let mut generate = Command::new(env!("CARGO_BIN_EXE_connectors-codegen"));
        generate.current_dir(&desk.0).args(["generate", file, "--out"]).arg(&folder);
        assert!(generate.output().unwrap().status.success());
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["metadata", "--no-deps", "--offline", "--format-version=1"]).current_dir(&folder);
        let output = cargo.output().unwrap();
        assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(metadata["packages"][0]["name"], name);
    }
}

#[cfg(unix)]
#[test]
fn a_file_is_written_where_its_links_lead_and_a_device_is_not_replaced() {
    use std::os::unix::fs::symlink;

    let desk = Desk::new("links");
    desk.write("pets.yaml", PETS);
    fs::create_dir(desk.0.join("sub")).unwrap();
    // One link leads to another, whose target does not exist yet.
    symlink("next.yaml", desk.0.join("sub/link.yaml")).unwrap();
    symlink("gone.yaml", desk.0.join("sub/next.yaml")).unwrap();
    desk.run("lower pets.yaml -o sub/link.yaml").exits(0);
    assert!(desk.read("sub/gone.yaml").contains("openapi: 3.0.3"));
    assert!(!desk.0.join("gone.yaml").exists() && !desk.0.join("next.yaml").exists());
    assert!(desk.0.join("sub/link.yaml").is_symlink() && desk.0.join("sub/next.yaml").is_symlink());
    symlink("circle.yaml", desk.0.join("circle.yaml")).unwrap();
    desk.run("lower pets.yaml -o circle.yaml").exits(1).warns(&["cannot write circle.yaml"]);

    desk.run("lower pets.yaml -o /dev/stdout").exits(0).says(&["openapi: 3.0.3"]);
    desk.run("lower pets.yaml -o /dev/null").exits(0);
    assert!(!Path::new("/dev/null").is_file());
    // If memory is a folder below /dev, it contains files.
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        let file = memory.join(format!("connectors-codegen-{}.yaml", std::process::id()));
        let lower = format!("lower pets.yaml --force -o {}", file.display());
        let runs = [desk.run(&lower), desk.run(&lower)];
        let text = fs::read_to_string(&file);
        drop(fs::remove_file(&file));
        runs.into_iter().for_each(|run| drop(run.exits(0)));
        assert_eq!(text.unwrap().matches("openapi: 3.0.3").count(), 1);
    }
}

#[test]
fn files_beyond_the_limit_for_documents_are_not_read() {
    let desk = Desk::new("large");
    desk.write("pets.yaml", PETS);
    for file in ["large.yaml", "large.txt", "large.toml", "client/names.lock"] {
        desk.write(file, "");
        fs::File::options().write(true).open(desk.0.join(file)).unwrap().set_len((64 << 20) + 1).unwrap();
    }
    for arguments in [
        "overlay lint large.yaml",
        "semver large.txt large.txt",
        "diff pets.yaml pets.yaml --impacts large.toml",
        "check pets.yaml --accept large.txt",
        "generate pets.yaml --out client",
    ] {
        desk.run(arguments).exits(1).warns(&["too large"]);
    }
    desk.write("wrong.txt", "fn");
    desk.run("semver wrong.txt wrong.txt").exits(1).warns(&["wrong.txt:1: `fn` is not a line of an API listing"]);
}

#[test]
fn lower_writes_3_0_3_and_replaces_a_file_only_with_force() {
    let desk = Desk::new("lower");
    desk.write("pets.yaml", &PETS.replace("age: {type: integer}", "age: {type: [integer, 'null'], contains: {}}"));
    desk.run("lower pets.yaml")
        .exits(0)
        .says(&["openapi: 3.0.3", "nullable: true"])
        .warns(&["unchecked: 1 constraint"]);
    desk.write("mine.json", "mine");
    desk.run("lower pets.yaml -o mine.json")
        .exits(1)
        .warns(&["mine.json already exists; nothing was changed", "--force"]);
    assert_eq!(desk.read("mine.json"), "mine");
    desk.run("lower pets.yaml -o mine.json --force --notes json").exits(0).warns(&["\"line\": 20"]);
    assert!(desk.read("mine.json").contains("\"openapi\": \"3.0.3\""));
    // Writing the same text again is allowed.
    desk.run("lower pets.yaml -o mine.json").exits(0);
}

#[test]
fn diff_and_semver_report_the_impact_of_a_change() {
    let desk = Desk::new("diff");
    desk.write("old.yaml", PETS);
    desk.write("new.yaml", &later());
    desk.run("diff old.yaml new.yaml --fail-on breaking").exits(3).says(&[
        "`Pet` has no `nick` any more [response-property-removed]",
        "the query parameter `colour` was removed",
    ]);
    desk.run("diff old.yaml new.yaml --tag shops").exits(0).says(&["`street`"]).leaves_out(&["nick"]);
    desk.run("diff old.yaml old.yaml --fail-on any").exits(0).says(&["no change"]);
    desk.run("diff old.yaml new.yaml --tag none").exits(1).warns(&["has nothing that"]);
    desk.run("semver old.yaml new.yaml --current 0.3.1")
        .exits(0)
        .says(&["## 0.4.0", "**breaking:** `types::Pet`: `nick`"]);
    desk.run("semver old.yaml new.yaml").exits(0).says(&["## Unreleased"]).warns(&["are breaking\n"]);
    desk.run("semver old.yaml old.yaml").exits(0).says(&["did not change"]);
    // Each media type of a response is a separate choice.
    let forms = PETS.replace(
        "application/json: {schema: {type: integer}}",
        "text/csv: {}, image/png: {}, application/json: {schema: {type: integer}}",
    );
    desk.write("forms.yaml", &forms);
    desk.run("semver forms.yaml forms.yaml").exits(0).says(&["did not change"]);
    desk.write("fewer.yaml", &forms.replace("text/csv: {}, ", ""));
    let run = desk.run("semver forms.yaml fewer.yaml").exits(0);
    run.says(&["text/csv"]).leaves_out(&["image/png"]);
}

/// A crate that calls a part of the old client.
const CALLS: &str = "
use pets_client::types::{Kind, Pet};

pub async fn names(client: &pets_client::Client) -> Vec<String> {
    let pets = client.pets();
    let found = pets.list_pets().limit(5).await.unwrap();
    found.iter().filter(|pet| pet.kind == Some(Kind::Fish)).map(|pet| pet.name.clone()).collect()
}

pub fn shown(pet: &Pet) -> String {
    format!(\"{:?}\", pet.nick)
}
";

#[test]
fn used_by_reports_the_changes_that_touch_or_may_touch_a_crate() {
    let desk = Desk::new("used");
    desk.write("old.yaml", PETS);
    desk.write("new.yaml", &later());
    desk.write("shop/src/lib.rs", CALLS);
    let run = desk.run("diff old.yaml new.yaml --used-by shop").exits(0);
    let (sure, maybe) = run.out.split_once("may be touched:").unwrap();
    for (text, why) in [
        ("`Pet` has no `nick` any more", "`.nick` in src/lib.rs"),
        ("`Kind` has no value \"fish\" any more", "`Fish` of `Kind` is named in src/lib.rs"),
    ] {
        assert!(sure.contains(text) && sure.contains(why), "{text}: {}", run.out);
    }
    // The type of a field that the crate does not read, in a response that it does.
    assert!(maybe.contains("`age`") && maybe.contains("`pets().list_pets()` is called"), "{}", run.out);
    assert!(!sure.contains("mood") && maybe.contains("`mood` is not named"), "{}", run.out);
    // An optional parameter that it does not set, an operation that it does not call, a field of another type.
    run.leaves_out(&["colour", "count_all", "street"]).says(&["not touched"]);

    // A call inside a macro, and a name that could belong to something else: may be touched.
    desk.write("shop/src/lib.rs", "fn f(x: X) { select! { n = x.count_shops() => n } }\nstruct Mine { street: u8 }\nfn g(m: Mine, c: C) -> u8 { c.shops().list_shops(); m.street }");
    let run = desk.run("diff old.yaml new.yaml --used-by shop --fail-on breaking").exits(3);
    let (_, maybe) = run.out.split_once("may be touched:").unwrap();
    assert!(
        maybe.contains("count_shops") && maybe.contains("`.street` in src/lib.rs may be that of `Shop`"),
        "{}",
        run.out
    );

    // A crate without any of the names.
    desk.write("shop/src/lib.rs", "fn main() {}");
    let run = desk.run("diff old.yaml new.yaml --used-by shop --fail-on breaking").exits(0);
    run.says(&["0 touched (0 breaking), 0 may be touched (0 breaking)"]).leaves_out(&["may be touched:"]);

    // In a file that cannot be parsed, every name may be touched; the JSON has all changes.
    desk.write("shop/src/lib.rs", "fn broken( { listPets nick");
    let run = desk.run("diff old.yaml new.yaml --used-by shop --format json").exits(0);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(json["unread"][0], "src/lib.rs");
    let nick = json["changes"].as_array().unwrap().iter().find(|it| it["what"].as_str().unwrap().contains("`nick`"));
    assert_eq!(nick.unwrap()["touch"], "may be touched");
    desk.run("diff old.yaml new.yaml --used-by empty").exits(1).warns(&["cannot read empty"]);
}

#[test]
fn used_by_leaves_out_the_client_that_generate_wrote_beside_the_crate() {
    let desk = Desk::new("beside");
    desk.write("old.yaml", PETS);
    desk.write("new.yaml", &later());
    desk.write("src/main.rs", "fn main() {}");
    desk.run("generate old.yaml --out pets").exits(0);
    let run = desk.run("diff old.yaml new.yaml --used-by . --fail-on any").exits(0);
    run.says(&["0 touched (0 breaking), 0 may be touched (0 breaking)", "by the syntax of 1 file"]);
    // A file that a person adds to that crate is not generated.
    desk.write("pets/src/bin/main.rs", "fn main() { client.shops().count_shops(); }");
    desk.run("diff old.yaml new.yaml --used-by pets")
        .exits(0)
        .says(&["by the syntax of 1 file", "shops().count_shops()"]);
    desk.write("none/notes.txt", "");
    desk.run("diff old.yaml new.yaml --used-by none").exits(1).warns(&["none has no Rust sources"]);
}

#[test]
fn overlays_are_applied_written_and_checked() {
    let desk = Desk::new("overlay");
    desk.write("old.yaml", PETS);
    desk.write(
        "new.yaml",
        &later().replace("town: {type: string}", "town: {type: string}, region: {description: Which.}"),
    );
    desk.run("overlay compare old.yaml new.yaml -o overlay.yaml").exits(0);
    let overlay = desk.read("overlay.yaml");
    assert!(overlay.contains("overlay: 1.2.0") && overlay.contains("target: $.components.schemas.Shop.properties"));
    desk.run("overlay apply old.yaml overlay.yaml -o reached.yaml").exits(0);
    desk.run("overlay compare reached.yaml new.yaml").exits(0).warns(&["the documents are equal"]);
    // Without a difference, nothing is written.
    desk.run("overlay compare old.yaml old.yaml -o none.yaml").exits(0);
    assert!(!desk.0.join("none.yaml").exists());
    desk.run("overlay compare old.yaml new.yaml -o old.yaml").exits(1).warns(&["old.yaml already exists"]);
    desk.run("overlay lint overlay.yaml --document old.yaml").exits(0).says(&["overlay.yaml: no mistakes"]);
    // Actions that the document already contains are needless.
    desk.run("overlay lint overlay.yaml --document new.yaml").exits(3).says(&["matches nothing", "needless"]);
    desk.write(
        "wrong.yaml",
        "overlay: 1.2.0\nactions:\n  - {target: '$.paths[', remove: true}\n  - {target: $.info, updates: {}}\n",
    );
    desk.run("overlay lint wrong.yaml").exits(3).says(&[
        "the overlay has no `info.title`",
        "overlay action 1: `$.paths[` is not a JSONPath",
        "wrong.yaml:3:",
        "overlay action 2: it has neither `update`, `copy` nor `remove: true`",
        "overlay action 2 has no `updates`",
    ]);
    // Everything else that the specification does not have, each with its place.
    desk.write(
        "odd.yaml",
        "overlay: 1.2.0\ninfo: {title: t, version: 1.0.0, descriptoin: d}\nextend: x.yaml\ncomponents:\n  action: {}\n  actions:\n    a:\n      \
         field: {}\n      fields: {remove: maybe, updates: 1}\n    b: none\nactions:\n  - {target: $.info, update: {}, description: 10}\n  \
         - {target: $.info, copy: 5}\n  - {target: $.info, copy: 5}\n",
    );
    desk.run("overlay lint odd.yaml").exits(3).says(&[
        "odd.yaml:2:47\n",
        "`info` has no `descriptoin`",
        "the overlay has no `extend`",
        "`components` has no `action`",
        "the reusable action `a` has no `field`",
        "`remove` is not `true` or `false`",
        "`fields` of the reusable action `a` has no `updates`",
        "the reusable action `b` is not an object",
        "overlay action 1: `description` is not a text",
        "overlay action 2: `copy` is not a text",
        "overlay action 3: it is the same as action 2",
        "odd.yaml:14:",
    ]);
    // What does nothing is valid.
    let rest = "info: {title: t, version: '1'}\nactions:\n  - {target: $.info}\n  - {target: $.info, update: {x-a: 1}, remove: true}\n";
    desk.write("idle.yaml", &format!("overlay: 1.2.0\n{rest}"));
    let hints =
        ["hint: overlay action 1: it has neither", "hint: overlay action 2: it has `remove: true`", "no mistakes"];
    desk.run("overlay lint idle.yaml").exits(0).says(&hints);
    desk.run("overlay lint idle.yaml --document old.yaml").exits(0).says(&hints);
    desk.write("idle.yaml", &format!("overlay: 1.1.0\n{rest}"));
    desk.run("overlay lint idle.yaml").exits(3).says(&["hint: overlay action 1", "error: overlay action 2"]);
    desk.write(
        "gone.yaml",
        "overlay: 1.2.0\ninfo: {title: t, version: '1'}\nactions: [{target: $.gone, remove: true}]\n",
    );
    desk.run("overlay apply old.yaml gone.yaml").exits(1).warns(&["`$.gone` matches nothing"]);
    desk.run("overlay apply old.yaml gone.yaml --lenient").exits(0).says(&["listPets"]).warns(&["omission: "]);
}

#[test]
fn the_overlay_between_two_real_documents_leads_from_one_to_the_other() {
    let desk = Desk::new("real");
    for file in ["c1-2025-09.selection.yaml", "c1-2026-08.selection.yaml"] {
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file), desk.0.join(file)).unwrap();
    }
    let (old, new) = ("c1-2025-09.selection.yaml", "c1-2026-08.selection.yaml");
    desk.run(&format!("overlay compare {old} {new} -o overlay.yaml")).exits(0);
    desk.run(&format!("overlay apply {old} overlay.yaml -o reached.json")).exits(0);
    desk.run(&format!("overlay compare reached.json {new}")).exits(0).warns(&["the documents are equal"]);
}

#[test]
fn check_reports_losses_with_places_and_writes_the_overlay_that_fixes_them() {
    let desk = Desk::new("check");
    let wrong = PETS
        .replace("  /shops:\n", "  /shops/{shop}:\n")
        .replace(
            "limit, in: query, schema: {type: integer}",
            "limit, in: query, schema: {type: integer, max_length: 3}",
        )
        .replace("colour, in: query", "'not a header', in: header")
        .replace("    Shop:", "    shop: {type: object, properties: {a: {type: string}}}\n    Shop:");
    desk.write("pets.yaml", &wrong);
    let run = desk.run("check pets.yaml --fix fixes.yaml").exits(3);
    let run = run.says(&[
        "pets.yaml: 4 operations",
        "loss: 1 lost to a caller\n  loss: pets.yaml:10:11: `not a header` is not a header name",
        "pets.yaml:9:",
        "OpenAPI has no `max_length` here",
        "the path names `{shop}`, which no parameter declares; it is a string",
        "it is in fixes.yaml",
    ]);
    assert!(run.out.contains("an overlay fixes 3 of 4"), "{}", run.out);
    let fixes = desk.read("fixes.yaml");
    assert!(fixes.contains("maxLength: 3") && fixes.contains("name: shop"), "{fixes}");
    desk.run("overlay lint fixes.yaml --document pets.yaml").exits(0);
    // With it, only the loss is left, which has no certain fix.
    let run = desk.run("check pets.yaml --overlay fixes.yaml").exits(3);
    run.says(&["loss: 1", "no overlay action is certain"]).leaves_out(&["correction", "rename"]);
    desk.write("losses.lock", "loss: `not a header` is not a header name (/paths/~1pets/get/parameters/1)\n");
    desk.run("check pets.yaml --accept losses.lock").exits(0);
    desk.run("check pets.yaml --fix fixes.yaml").exits(3);
    desk.write("fixes.yaml", "mine");
    desk.run("check pets.yaml --fix fixes.yaml").exits(1).warns(&["fixes.yaml already exists"]);
    let json: serde_json::Value = serde_json::from_str(&desk.run("check pets.yaml --notes json").exits(3).out).unwrap();
    assert_eq!(json["counts"]["loss"], 1);
    assert_eq!(json["overlay"]["overlay"], "1.2.0");

    desk.write("good.yaml", PETS);
    desk.run("check good.yaml --fix none.yaml")
        .exits(0)
        .says(&["nothing is lost"])
        .warns(&["no fix: none.yaml not written"]);
    assert!(!desk.0.join("none.yaml").exists());
    desk.write("bound.yaml", &PETS.replace("age: {type: integer}", "age: {type: integer, minimum: 0, maximum: 99}"));
    desk.run("check bound.yaml").exits(0).says(&["unchecked: 2 not checked by the client\n  (--unchecked lists them)"]);
    desk.run("check bound.yaml --unchecked").exits(0).says(&["bound.yaml:20:", "`minimum` is not checked"]);
    desk.write("old.yaml", "swagger: '2.0'\n");
    desk.run("check old.yaml").exits(1).warns(&["Swagger 2.0"]);
}

#[test]
fn more_than_ten_problems_of_a_kind_are_a_count_and_five_samples() {
    let desk = Desk::new("many");
    let headers: String = (0..12)
        .map(|number| format!("        - {{name: 'no {number}', in: header, schema: {{type: string}}}}\n"))
        .collect();
    desk.write("pets.yaml", &PETS.replace("        - {name: colour, in: query, schema: {type: string}}\n", &headers));
    let run = desk.run("check pets.yaml").exits(3);
    run.says(&["loss: 12 lost", "`no 4`", "... and 7 more of 12; --all lists them"]).leaves_out(&["`no 5`"]);
    desk.run("check pets.yaml --all").exits(3).says(&["`no 11`"]).leaves_out(&["--all lists them"]);
    desk.run("generate pets.yaml --out client").exits(0).warns(&["... and 7 more of 12; --all lists them"]);
}

#[test]
fn each_subcommand_has_help_and_wrong_arguments_exit_with_2() {
    let desk = Desk::new("help");
    for verb in [
        "generate",
        "lower",
        "diff",
        "semver",
        "overlay",
        "overlay apply",
        "overlay compare",
        "overlay lint",
        "check",
        "serve",
    ] {
        desk.run(&format!("{verb} --help")).exits(0).says(&[&format!("Usage: connectors-codegen {verb}")]);
    }
    desk.run("--help").exits(0).says(&["Exit codes:", "connectors-codegen check pets.yaml"]);
    let help = desk.run("generate --help").exits(0).says(&["Notes are printed on standard error."]);
    help.says(&["\n  connectors-codegen generate pets.yaml --tag pets --out pets\n"]);
    desk.write("pets.yaml", PETS);
    desk.run("semver pets.yaml pets.yaml --current abc").exits(2).warns(&["three numbers, such as 0.3.1"]);
    desk.run("generate pets.yaml --out client").exits(0).warns(&["not released yet: --runtime DIR"]);
    desk.run("expand").exits(2);
    desk.run("generate pets.yaml").exits(2).warns(&["--out"]);
}

#[test]
fn a_document_is_served_with_its_overlay() {
    let desk = Desk::new("serve");
    desk.write("pets.yaml", PETS);
    desk.write(
        "overlay.yaml",
        "overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions:\n\
         - target: $.paths['/pets'].get\n  update: {operationId: allPets}\n",
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_connectors-codegen"));
    let command = command.current_dir(&desk.0).args("serve pets.yaml --overlay overlay.yaml --port 0".split(' '));
    let mut served = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(served.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.find_map(|line| Some(line.split_once(" listens on http://")?.1.split(". ").next()?.to_owned()));
    let url = url.unwrap_or_default();
    let send = |method: &str, path: &str, body: &str| {
        let mut stream = TcpStream::connect(&url).unwrap_or_else(|error| panic!("{url}: {error}"));
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response[9..12].to_owned()
    };
    let first = send("GET", "/pets", "");
    let fault = send("POST", "/_control/faults", r#"{"status": 503, "on": "allPets"}"#);
    let statuses = [first, fault, send("GET", "/pets", ""), send("GET", "/nothing", "")];
    served.kill().unwrap();
    served.wait().unwrap();
    assert_eq!(statuses, ["200", "200", "503", "404"]);
    desk.run("serve nothing.yaml --port 0").exits(1).warns(&["nothing.yaml"]);
}

#[test]
fn a_long_list_of_changes_fits_on_two_screens() {
    let desk = Desk::new("two-screens");
    let document = |ty: &str| {
        let paths: String = (0..40)
            .map(|tag| {
                let properties: Vec<String> = (0..20).map(|field| format!("t{tag}f{field}: {{type: {ty}}}")).collect();
                format!(
                    "  /t{tag}: {{get: {{operationId: t{tag}, tags: [T{tag}], responses: {{'200': {{description: ok, content: \
                     {{application/json: {{schema: {{type: object, properties: {{{}}}}}}}}}}}}}}}}}\n",
                    properties.join(", ")
                )
            })
            .collect();
        format!("openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n{paths}")
    };
    desk.write("old.yaml", &document("string"));
    desk.write("new.yaml", &document("integer"));
    let short =
        desk.run("diff old.yaml new.yaml").exits(0).says(&["800 breaking", "response-type-changed 20", "--all"]);
    let rows: usize = short.out.lines().map(|line| line.len().div_ceil(120).max(1)).sum();
    assert!(rows <= 102, "{rows} rows:\n{}", short.out);
    let all = desk.run("diff old.yaml new.yaml --all").exits(0);
    assert_eq!(all.out.matches("[response-type-changed]").count(), 800, "{}", all.out);
}
