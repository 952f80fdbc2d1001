//! Documents in several files are combined into one before any other stage.

use std::fs;
use std::path::PathBuf;

use connectors_codegen::{Generator, Node};

fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(fs::remove_dir_all(&folder));
    for (file, text) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn references_to_files_become_references_within() {
    let folder = folder("several", &[
        ("openapi.yaml", "
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /pets/{id}: {$ref: paths/pets.yaml}
  /more:
    get:
      operationId: more
      responses: {'200': {$ref: 'common.yaml#/responses/Ok'}}
components:
  schemas:
    Pet: {type: object, properties: {own: {type: string}}}
    Any: {oneOf: [{$ref: schemas/Cat.yaml}, {$ref: '#/components/schemas/Pet'}], discriminator: {propertyName: kind, mapping: {cat: ./schemas/Cat.yaml}}}
"),
        ("paths/pets.yaml", "
get:
  operationId: getPet
  parameters: [{$ref: '../common.yaml#/parameters/Id'}]
  responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '../common.yaml#/schemas/Pet'}}}}}
"),
        ("common.yaml", "
parameters: {Id: {name: id, in: path, required: true, schema: {$ref: '#/schemas/Id'}}}
responses: {Ok: {description: ok, content: {application/json: {schema: {$ref: 'openapi.yaml#/components/schemas/Pet'}}}}}
schemas:
  Id: {type: string}
  Pet: {type: object, properties: {parent: {$ref: '#/schemas/Pet'}, cat: {$ref: schemas/Cat.yaml}}}
"),
        ("schemas/Cat.yaml", "{type: object, required: [kind], properties: {kind: {const: cat}, friend: {$ref: ../common.yaml#/schemas/Pet}}}"),
    ]);
    let bundle = Node::bundle(&folder.join("openapi.yaml")).unwrap();
    assert_eq!(bundle.files.len(), 4);
    let json = bundle.document.to_json();
    assert_eq!(
        json["components"]["schemas"]["common.Pet"]["properties"]["parent"]["$ref"],
        "#/components/schemas/common.Pet"
    );
    assert_eq!(json["components"]["schemas"]["Any"]["discriminator"]["mapping"]["cat"], "#/components/schemas/Cat");
    assert!(!json.to_string().contains(".yaml"), "{json}");
    let client = Generator::new(bundle.document).generate().unwrap();
    assert_eq!(
        (client.operations, client.notes.iter().filter(|note| note.kind == connectors_codegen::Kind::Loss).count()),
        (2, 0)
    );
}

#[test]
fn a_reference_to_nothing_is_noted_with_its_place_and_affects_nothing_else() {
    let folder = folder(
        "missing",
        &[
            (
                "openapi.yaml",
                "
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /a: {$ref: gone.yaml}
  /b: {$ref: 'here.yaml#/nope'}
  /c:
    get:
      operationId: c
      parameters: [{$ref: ./params/limit.yaml}]
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema: {$ref: here.yaml#/Kept}
              examples: {e: {$ref: ./examples/e.json}}
    put: {$ref: ./operations/put.yaml}
components:
  schemas:
    Named: {$id: Other, type: string}
    ByName: {type: object, properties: {a: {$ref: Other}}}
",
            ),
            ("here.yaml", "a: 1\nKept: {type: object, properties: {x: {$ref: lost.yaml}}}\n"),
        ],
    );
    let bundle = Node::bundle(&folder.join("openapi.yaml")).unwrap();
    let client = Generator::new(bundle.document).generate().unwrap();
    assert_eq!(client.operations, 1);
    assert!(client.code.contains("pub struct Kept"));
    let notes: Vec<String> = client.notes.iter().map(ToString::to_string).collect();
    let told = |place: &str, file: &str| {
        let tried = folder.join(file).display().to_string();
        assert!(notes.iter().any(|note| note.contains(place) && note.contains(&tried)), "{place}: {notes:#?}");
    };
    told("openapi.yaml:5:", "gone.yaml");
    told("`/nope`", "here.yaml");
    told("openapi.yaml:10:", "params/limit.yaml");
    told("openapi.yaml:17:", "examples/e.json");
    told("omission: ", "operations/put.yaml");
    told("here.yaml:2:", "lost.yaml");
    assert!(!notes.iter().any(|note| note.contains("ByName")), "a name by `$id` is no file: {notes:#?}");
}

#[test]
fn a_file_that_is_there_but_cannot_be_read_is_refused_with_the_place_that_refers_to_it() {
    let folder = folder(
        "malformed",
        &[
            ("openapi.yaml", "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  /a: {$ref: broken.yaml}\n"),
            ("broken.yaml", "get: [\n"),
        ],
    );
    let error = Node::bundle(&folder.join("openapi.yaml")).unwrap_err().to_string();
    assert!(error.contains("openapi.yaml:4:") && error.contains("not YAML"), "{error}");
}

#[test]
fn operations_prose_and_whole_maps_may_be_files_of_their_own() {
    let folder = folder(
        "operations",
        &[
            (
                "openapi.yaml",
                "
openapi: 3.0.0
info: {title: t, version: '1', description: {$ref: 'texts.yml#/introduction'}}
tags: [{name: a, description: {$ref: ./intro.md}}]
paths:
  /one:
    get: {$ref: 'res/list.yml'}
    post: {$ref: 'res/post.yml', x-rust-name: create_one}
  /inline:
    get: {$ref: '#/x-ops/inline'}
  /item: {$ref: 'res/item.yml'}
x-ops:
  inline: {operationId: inlined, responses: {'200': {description: x}}}
",
            ),
            ("texts.yml", "introduction: |\n  hello\n"),
            ("intro.md", "# Title: [not: {yaml\n"),
            (
                "res/list.yml",
                "
operationId: list
parameters: [{$ref: ../shared/_index.yml#/per_page}]
responses:
  '200': {$ref: responses/list.yml}
  default: {$ref: ../shared/responses.yml#/unexpected}
",
            ),
            (
                "res/post.yml",
                "
operationId: post
requestBody: {content: {application/json: {schema: {$ref: models/one.yml}}}}
responses: {$ref: ../shared/responses.yml}
",
            ),
            (
                "res/item.yml",
                "put: {$ref: post_again.yml}\ndelete: {operationId: remove, responses: {'204': {description: x}}}\n",
            ),
            (
                "res/post_again.yml",
                "{operationId: again, requestBody: {content: {application/json: {$ref: 'media.yml#/one'}}}, responses: {'204': {description: x}}}\n",
            ),
            ("res/media.yml", "one: {schema: {$ref: models/one.yml}}\n"),
            (
                "res/responses/list.yml",
                "{description: x, content: {application/json: {schema: {type: array, items: {$ref: ../models/one.yml}}}}}\n",
            ),
            (
                "res/models/one.yml",
                "{type: object, required: [slug], properties: {slug: {type: string}, inner: {type: object, properties: {$ref: 'props.yml#/map'}}}}\n",
            ),
            ("res/models/props.yml", "map: {x: {type: string}, y: {$ref: '#/here'}}\nhere: {type: integer}\n"),
            ("shared/_index.yml", "per_page: {$ref: ./per_page.yml}\n"),
            ("shared/per_page.yml", "{name: per_page, in: query, schema: {type: integer}}\n"),
            (
                "shared/responses.yml",
                "unexpected: {description: x, content: {application/json: {schema: {$ref: ../res/models/one.yml}}}}\ndefault: {description: d}\n",
            ),
        ],
    );
    let bundle = Node::bundle(&folder.join("openapi.yaml")).unwrap();
    let json = bundle.document.to_json();
    assert_eq!(json["info"]["description"], "hello\n");
    assert_eq!(json["tags"][0]["description"], "# Title: [not: {yaml\n");
    let generator = Generator::new(bundle.document);
    let (lowered, _) = generator.lowered().unwrap();
    let lowered = lowered.to_json();
    let list = &lowered["paths"]["/one"]["get"];
    assert_eq!(list["operationId"], "list");
    assert_eq!(list["parameters"][0]["$ref"], "#/components/parameters/per_page");
    assert_eq!(lowered["paths"]["/one"]["post"]["responses"]["default"]["description"], "d");
    assert_eq!(lowered["paths"]["/inline"]["get"]["operationId"], "inlined");
    assert_eq!(
        lowered["paths"]["/item"]["put"]["requestBody"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/one"
    );
    let inner = &lowered["components"]["schemas"]["one"]["properties"]["inner"]["properties"];
    assert_eq!(inner["x"]["type"], "string");
    assert_eq!(inner["y"]["$ref"], "#/components/schemas/here");
    assert!(!lowered.to_string().contains(".yml"), "{lowered:#}");
    let client = generator.generate().unwrap();
    assert_eq!(client.operations, 5);
    assert!(client.code.contains("pub fn create_one("));
}

#[test]
fn a_component_that_is_a_file_has_one_name_for_all_references() {
    let folder = folder("components", &[
        ("openapi.yaml", "
openapi: 3.0.0
info: {title: t, version: '1'}
paths: {/a: {get: {operationId: a, responses: {'200': {description: x, content: {application/json: {schema: {$ref: schemas/_index.yaml#/Pet}}}}}}}}
components:
  parameters: {$ref: parameters/_index.yaml}
  schemas:
    Pet: {$ref: schemas/Pet.yaml}
    Alias: {$ref: schemas/Pet.yaml}
"),
        ("parameters/_index.yaml", "limit: {$ref: limit.yaml}\n"),
        ("parameters/limit.yaml", "{name: limit, in: query, schema: {type: integer}}\n"),
        ("schemas/_index.yaml", "Pet: {$ref: ./Pet.yaml}\n"),
        ("schemas/Pet.yaml", "{type: object, properties: {mother: {$ref: ./Pet.yaml}, size: {$ref: '_index.yaml#/Pet/properties/width'}, width: {type: integer}, friend: {$ref: '#/properties/mother'}}}\n"),
    ]);
    let bundle = Node::bundle(&folder.join("openapi.yaml")).unwrap();
    let json = bundle.document.to_json();
    let schemas = json["components"]["schemas"].as_object().unwrap();
    assert_eq!(schemas["Pet"]["properties"]["mother"]["$ref"], "#/components/schemas/Pet");
    assert_eq!(schemas["Alias"]["$ref"], "#/components/schemas/Pet");
    assert_eq!(schemas["width"]["type"], "integer");
    assert_eq!(
        json["paths"]["/a"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/Pet"
    );
    assert_eq!(json["components"]["parameters"]["limit"]["name"], "limit");
    assert_eq!(bundle.files.len(), 5);
}

#[test]
fn circular_references_end() {
    let folder = folder(
        "circles",
        &[
            (
                "openapi.yaml",
                "
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /a: {post: {$ref: a.yaml}}
  /b: {get: {$ref: b.yaml}}
  /c: {get: {operationId: c, responses: {'200': {description: {$ref: 'c.yaml#/x'}}}}}
",
            ),
            (
                "a.yaml",
                "{operationId: a, responses: {'200': {description: x}}, callbacks: {again: {'{$url}': {post: {$ref: a.yaml}}}}}\n",
            ),
            ("b.yaml", "$ref: b.yaml\n"),
            ("c.yaml", "x: {$ref: '#/y'}\ny: {$ref: '#/x'}\n"),
        ],
    );
    let bundle = Node::bundle(&folder.join("openapi.yaml")).unwrap();
    let client = Generator::new(bundle.document).generate().unwrap();
    assert_eq!(client.operations, 2);
    let skipped: Vec<String> =
        client.notes.iter().map(ToString::to_string).filter(|it| it.starts_with("omission")).collect();
    assert!(skipped.iter().any(|note| note.contains("/paths/~1b/get")), "{skipped:?}");
}

#[test]
fn sections_may_be_files_of_their_own() {
    let folder = folder(
        "sections",
        &[
            (
                "openapi.yaml",
                "openapi: 3.0.0\ninfo: {title: t, version: '1'}\npaths: {$ref: ./paths.yaml}\ncomponents: {schemas: {$ref: schemas.yaml}}\n",
            ),
            (
                "paths.yaml",
                "/a: {get: {operationId: a, responses: {'200': {description: ok, content: {application/json: {schema: {$ref: 'openapi.yaml#/components/schemas/A'}}}}}}}\n",
            ),
            ("schemas.yaml", "A: {type: object, properties: {b: {$ref: '#/B'}}}\nB: {type: string}\n"),
        ],
    );
    let client = Generator::new(Node::bundle(&folder.join("openapi.yaml")).unwrap().document).generate().unwrap();
    assert!(client.code.contains("pub fn a(&self)"), "{}", client.code);
    assert_eq!(client.notes.iter().count(), 0, "{:?}", client.notes);
}

#[test]
#[cfg(unix)]
fn a_document_chooses_no_file_outside_of_its_folder() {
    use std::os::unix::fs::symlink;

    let folder = folder(
        "outside",
        &[
            ("secret.yaml", "hunter2: [\n"),
            ("api-secrets/pet.yaml", "{type: object, description: hunter2}\n"),
            ("api/inside/pet.yaml", "{type: object, properties: {x: {type: string}}}\n"),
        ],
    );
    symlink("../secret.yaml", folder.join("api/link.yaml")).unwrap();
    symlink("../api-secrets", folder.join("api/linked")).unwrap();
    symlink("inside/pet.yaml", folder.join("api/fine.yaml")).unwrap();
    symlink("/dev/zero", folder.join("api/zero.yaml")).unwrap();
    let document = folder.join("api/openapi.yaml");
    let refer = |target: &str| {
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths: {{}}\ncomponents: {{schemas: {{A: {{type: object, properties: {{a: {{$ref: '{target}'}}}}}}}}}}\n"
        );
        fs::write(&document, text).unwrap();
    };
    let absolute = folder.join("secret.yaml").display().to_string();
    for target in [
        "../secret.yaml",
        "..%2Fsecret.yaml#/hunter2",
        &absolute,
        "link.yaml",
        "linked/pet.yaml",
        "../api-secrets/pet.yaml",
    ] {
        refer(target);
        let error = Node::bundle(&document).unwrap_err().to_string();
        assert!(error.contains("leads out of the document's folder") && error.contains("openapi.yaml:4:"), "{error}");
        assert!(error.contains("--allow-outside") && !error.contains("hunter2:"), "{error}");
    }
    // For a missing file, only that is reported.
    refer("../nothing.yaml");
    assert_eq!(Node::bundle(&document).unwrap().files.len(), 1);
    refer("fine.yaml");
    assert_eq!(Node::bundle(&document).unwrap().files.len(), 2);

    refer("../api-secrets/pet.yaml");
    assert_eq!(Node::bundle_allowing_outside(&document).unwrap().files.len(), 2);
    // Only regular files are read, not a device that never ends.
    refer("zero.yaml");
    let error = Node::bundle_allowing_outside(&document).unwrap_err().to_string();
    assert!(error.contains("is not a text file"), "{error}");
    if cfg!(target_os = "linux") {
        refer("/proc/version");
        let error = Node::bundle_allowing_outside(&document).unwrap_err().to_string();
        assert!(error.contains("empty") && !error.contains("Linux"), "{error}");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_reported_once() {
    let folder = folder(
        "told-once",
        &[
            (
                "openapi.yaml",
                "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  /a: {$ref: broken.yaml}\n  /b: {$ref: broken.yaml}\n",
            ),
            ("broken.yaml", "get: [\n"),
        ],
    );
    let error = Node::bundle(&folder.join("openapi.yaml")).unwrap_err();
    assert_eq!(error.diagnostics().len(), 1, "{error}");
}

#[test]
fn the_same_name_in_several_files_is_several_schemas_and_each_file_is_read_once() {
    let folder = folder(
        "one-name",
        &[
            (
                "openapi.yaml",
                "
openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  /one: {get: {operationId: one, responses: {'200': {description: x, content: {application/json: {schema: {$ref: 'land.yaml#/components/schemas/Ticket'}}}}}}}
  /two: {get: {operationId: two, responses: {'200': {description: x, content: {application/json: {schema: {$ref: 'sea.yaml#/components/schemas/Ticket'}}}}}}}
  /three: {get: {operationId: three, responses: {'200': {description: x, content: {application/json: {schema: {$ref: './parts/owner.yaml#'}}}}}}}
  /four: {get: {operationId: four, responses: {'200': {description: x, content: {application/json: {schema: {$ref: 'parts/../parts/owner.yaml'}}}}}}}
  /five: {get: {operationId: five, responses: {'200': {description: x, content: {application/json: {schema: {$ref: '#/components/schemas/Owner'}}}}}}}
components: {schemas: {Owner: {$ref: parts/owner.yaml}, Ticket: {type: boolean}}}
",
            ),
            (
                "land.yaml",
                "components: {schemas: {Ticket: {type: object, properties: {seat: {type: string}, id: {$ref: '#/components/schemas/Id'}}}, Id: {type: string}}}\n",
            ),
            (
                "sea.yaml",
                "components: {schemas: {Ticket: {type: object, properties: {cabin: {type: string}, id: {$ref: '#/components/schemas/Id'}}}, Id: {type: integer}}}\n",
            ),
            (
                "parts/owner.yaml",
                "{type: object, properties: {parent: {$ref: owner.yaml}, ticket: {$ref: '../land.yaml#/components/schemas/Ticket'}}}\n",
            ),
        ],
    );
    let document = Node::bundle(&folder.join("openapi.yaml")).unwrap().document;
    let json = document.to_json();
    let schemas = &json["components"]["schemas"];
    let target = |place: &str| {
        let reference = json.pointer(place).unwrap_or_else(|| panic!("no {place} in {json:#}")).as_str().unwrap();
        json.pointer(&reference[1..]).unwrap_or_else(|| panic!("no {reference}"))
    };
    let answer =
        |path: &str| target(&format!("/paths/~1{path}/get/responses/200/content/application~1json/schema/$ref"));
    assert_eq!(schemas["Ticket"]["type"], "boolean");
    let (land, sea) = (answer("one"), answer("two"));
    assert!(land["properties"]["seat"].is_object() && sea["properties"]["cabin"].is_object());
    let id = |ticket: &serde_json::Value| {
        let reference = ticket["properties"]["id"]["$ref"].as_str().unwrap().to_owned();
        json.pointer(&reference[1..]).unwrap()["type"].clone()
    };
    assert_eq!((id(land), id(sea)), ("string".into(), "integer".into()));
    assert_eq!(answer("three"), answer("four"));
    assert_eq!(answer("five"), answer("three"));
    assert_eq!(target("/components/schemas/Owner/properties/parent/$ref"), answer("three"));
    assert_eq!(schemas.as_object().unwrap().len(), 6, "{schemas:#}");
    let types = Generator::new(document).generate().unwrap().types;
    assert_eq!(types.iter().filter(|it| it.name.contains("Owner")).count(), 1, "{types:?}");
}

#[test]
fn a_document_that_names_itself_is_the_base_of_its_references() {
    let folder = folder("self", &[
        ("openapi.yaml", "
openapi: 3.2.0
$self: https://pets.example/api/openapi
info: {title: t, version: '1'}
paths:
  /pets:
    get:
      operationId: listPets
      responses: {'200': {description: ok, content: {application/json: {$ref: 'shared/media#/mediaTypes/Pets'}}}}
    post:
      operationId: addPet
      requestBody: {content: {application/json: {schema: {$ref: 'https://pets.example/api/openapi#/components/schemas/Pet'}}}}
      responses: {'200': {description: ok, content: {application/json: {schema: {$ref: 'openapi#/components/schemas/Pet'}}}}}
components: {schemas: {Pet: {type: object, properties: {kind: {$ref: 'https://pets.example/api/shared/kinds.yaml#/Kind'}, other: {$ref: 'https://elsewhere.example/x.yaml'}}}}}
"),
        ("shared/media.yaml", "mediaTypes: {Pets: {schema: {type: array, items: {$ref: '../openapi.yaml#/components/schemas/Pet'}}}}"),
        ("shared/kinds.yaml", "Kind: {type: string, enum: [cat]}"),
    ]);
    let bundle = Node::bundle(&folder.join("openapi.yaml")).unwrap();
    assert_eq!(bundle.files.len(), 3, "{:?}", bundle.files);
    let client = Generator::new(bundle.document).generate().unwrap();
    let listing = connectors_codegen::Listing::of(&client).to_string();
    assert!(
        listing.contains("fn list_pets() -> Vec<types::Pet>") || listing.contains("list_pets() -> Vec<types::Pet>"),
        "{listing}"
    );
    assert!(listing.contains("kind: Option<Kind>") && listing.contains("body: types::Pet"), "{listing}");
    let notes: Vec<String> = client.notes.iter().map(ToString::to_string).collect();
    assert!(notes.len() == 1 && notes[0].contains("elsewhere.example"), "{notes:?}");
}
