//! Documents in several files are one document before anything else happens to them.

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
fn a_reference_to_nothing_is_told_with_its_place() {
    let folder = folder(
        "missing",
        &[
            (
                "openapi.yaml",
                "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  /a: {$ref: gone.yaml}\n  /b: {$ref: 'here.yaml#/nope'}\n",
            ),
            ("here.yaml", "a: 1\n"),
        ],
    );
    let error = Node::bundle(&folder.join("openapi.yaml")).unwrap_err().to_string();
    assert!(
        error.contains("openapi.yaml:4:") && error.contains("openapi.yaml:5:") && error.contains("`/nope`"),
        "{error}"
    );
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
    assert!(client.code.contains("pub async fn a<"), "{}", client.code);
    assert_eq!(client.notes.iter().count(), 0, "{:?}", client.notes);
}
