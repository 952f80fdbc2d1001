//! `diff --used-by` on small crates that use a client in ways that are hard to see: nothing that a change touches is "not
//! touched".

use super::Desk;

/// The document before.
const OLD: &str = r#"openapi: 3.1.0
info: {title: Pets, version: '1'}
tags: [{name: pets}, {name: shops}]
paths:
  /pets:
    get:
      operationId: listPets
      tags: [pets]
      x-paging: {items: pets, token: page, next: next}
      parameters:
        - {name: limit, in: query, schema: {type: integer}}
        - {name: colour, in: query, schema: {type: string}}
        - {name: page, in: query, schema: {type: string}}
      responses: {'200': {description: ok, content: {application/json: {schema: {type: object, properties: {pets: {type: array, items: {$ref: '#/components/schemas/Pet'}}, next: {type: string}}}}}}}
    post:
      operationId: createPet
      tags: [pets]
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/NewPet'}}}}
      responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}, links: {pet: {operationId: getPet, parameters: {id: $response.body#/name}}}}}
  /pets/{id}:
    get:
      operationId: getPet
      tags: [pets]
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        '200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
        '404': {description: gone, content: {application/json: {schema: {$ref: '#/components/schemas/Problem'}}}}
  /pets/watch:
    get:
      operationId: watchPets
      tags: [pets]
      responses: {'200': {description: ok, content: {text/event-stream: {itemSchema: {$ref: '#/components/schemas/Event'}}}}}
  /shops:
    get:
      operationId: listShops
      tags: [shops]
      responses: {'200': {description: ok, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Shop'}}}}}}
  /upload:
    post:
      operationId: putPhoto
      tags: [pets]
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/NewPet'}}, application/xml: {schema: {type: string}}}}
      responses: {'204': {description: ok, headers: {X-Left: {schema: {type: integer}}}}}
webhooks:
  petBorn: {post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}, responses: {'200': {description: ok}}}}
security: [{key: []}]
components:
  securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}
  schemas:
    Pet:
      type: object
      required: [id]
      properties:
        id: {type: string}
        nick: {type: string}
        kind: {$ref: '#/components/schemas/Kind'}
        age: {type: integer}
        home: {$ref: '#/components/schemas/Address'}
        owner: {oneOf: [{$ref: '#/components/schemas/Person'}, {$ref: '#/components/schemas/Company'}]}
    NewPet:
      type: object
      required: [name]
      properties: {name: {type: string}, nick: {type: string}, tagline: {type: string}}
    Address: {type: object, properties: {street: {type: string}, town: {type: string}}}
    Person: {type: object, required: [first], properties: {first: {type: string}}}
    Company: {type: object, required: [vat], properties: {vat: {type: string}}}
    Kind: {type: string, enum: [cat, dog, fish]}
    Event: {type: object, properties: {sort: {type: string}, note: {type: string}}}
    Problem: {type: object, properties: {reason: {type: string}}}
    Shop: {type: object, properties: {title: {type: string}, address: {$ref: '#/components/schemas/Address'}}}
"#;

type Pairs = &'static [(&'static str, &'static str)];

/// What the crate does, how the document changes, the crate's files, a part of the change, and what may be said of it.
#[rustfmt::skip]
const CASES: &[(&str, Pairs, Pairs, &str, &[&str])] = &[
    ("required-new", &[(r#"NewPet:
      type: object
      required: [name]
      properties: {name: {type: string}, nick"#, r#"NewPet:
      type: object
      properties: {nick"#)], &[("src/lib.rs", r#"fn f(p: &mut pets_client::types::NewPet) { *p = pets_client::types::NewPet::new("Rex"); }"#)], "NewPet", &["touched", "may be touched"]),
    ("required-optional", &[("required: [name]", "required: []")], &[("src/lib.rs", r#"use pets_client::types::NewPet;
fn f() -> NewPet { NewPet::new("Rex") }"#)], "name", &["touched", "may be touched"]),
    ("type-alias", &[(r#"nick: {type: string}
        kind"#, "kind")], &[("src/lib.rs", r#"type Animal = pets_client::types::Pet;
fn f(a: Animal) { let Animal { nick, .. } = a; }"#)], "nick", &["touched", "may be touched"]),
    ("cross-file alias", &[(r#"nick: {type: string}
        kind"#, "kind")], &[("src/lib.rs", "pub use pets_client::types::Pet as Animal; mod x;"), ("src/x.rs", r#"use crate::Animal;
fn f(a: Animal) { let Animal { nick, .. } = a; }"#)], "nick", &["touched", "may be touched"]),
    ("self-pattern", &[(r#"nick: {type: string}
        kind"#, "kind")], &[("src/lib.rs", "use pets_client::types::Pet; trait T { fn f(&self); } impl T for Pet { fn f(&self) { let Self { nick, .. } = self; } }")], "nick", &["touched", "may be touched"]),
    ("cross-file variant alias", &[("[cat, dog, fish]", "[cat, dog]")], &[("src/lib.rs", "pub use pets_client::types::Kind as Sort; mod x;"), ("src/x.rs", r#"use crate::Sort;
fn f(a: Sort) -> bool { a == Sort::Fish }"#)], "fish", &["touched", "may be touched"]),
    ("glob variant pattern", &[("[cat, dog, fish]", "[cat, dog]")], &[("src/lib.rs", "use pets_client::types::Kind::*; fn f(k: pets_client::types::Kind) -> u8 { match k { Fish => 1, _ => 2 } }")], "fish", &["touched", "may be touched"]),
    ("json macro word", &[("[cat, dog, fish]", "[cat, dog, fish-like]")], &[("src/lib.rs", r#"fn f() { x(json!({"kind": "fish"})); }"#)], "fish", &["touched", "may be touched"]),
    ("json text", &[(r#"NewPet:
      type: object
      required: [name]
      properties: {name: {type: string}, nick: {type: string}, "#, r#"NewPet:
      type: object
      required: [name]
      properties: {name: {type: string}, "#)], &[("src/lib.rs", r#"fn f(c: C) { c.operation("createPet").json("{\"name\": \"x\", \"nick\": \"y\"}"); }"#)], "nick", &["touched", "may be touched"]),
    ("ufcs", &[("operationId: listShops", "operationId: listAllShops")], &[("src/lib.rs", r#"use pets_client::requests::shops::Api;
fn f(a: Api) { Api::list_shops(&a); }"#)], "list", &["touched", "may be touched"]),
    ("request type", &[("operationId: listPets", "operationId: listAllPets")], &[("src/lib.rs", r#"use pets_client::requests::pets::ListPets;
fn f(a: ListPets) -> ListPets { a }"#)], "list", &["touched", "may be touched"]),
    ("setter on argument", &[(r#"        - {name: colour, in: query, schema: {type: string}}
"#, "")], &[("src/lib.rs", r#"use pets_client::requests::pets::ListPets;
fn f(a: ListPets) -> ListPets { a.colour("red") }"#)], "colour", &["touched", "may be touched"]),
    ("setter ufcs", &[(r#"        - {name: colour, in: query, schema: {type: string}}
"#, "")], &[("src/lib.rs", r#"fn f(c: C) { let r = c.pets().list_pets(); let r = pets_client::requests::pets::ListPets::colour(r, "red"); }"#)], "colour", &["touched", "may be touched"]),
    ("error type", &[("properties: {reason: {type: string}}", "properties: {reason: {type: integer}}")], &[("src/lib.rs", "fn f(e: &E) { if let Some(pets_client::errors::pets::GetPet::Status404(p)) = pets_client::errors::pets::GetPet::of(e) { p.reason; } }")], "reason", &["touched", "may be touched"]),
    ("error status", &[(r#"        '404': {description: gone, content: {application/json: {schema: {$ref: '#/components/schemas/Problem'}}}}
"#, "")], &[("src/lib.rs", "use pets_client::errors::pets::GetPet; fn f(e: &E) { GetPet::of(e); }")], "404", &["touched", "may be touched"]),
    ("id kind", &[("{name: id, in: path", "{name: pet, in: path"), ("/pets/{id}", "/pets/{pet}")], &[("src/lib.rs", "use pets_client::params::kinds::PetId; struct S { id: Id<PetId> }")], "type", &["touched", "may be touched"]),
    ("kind by field", &[("    Kind: {type: string, enum: [cat, dog, fish]}", "    Kind: {type: integer}")], &[("src/lib.rs", "use pets_client::types::Pet; fn f(p: &Pet) -> bool { p.kind.is_some() }")], "", &["touched", "may be touched"]),
    ("union by field", &[("owner: {oneOf: [{$ref: '#/components/schemas/Person'}, {$ref: '#/components/schemas/Company'}]}", "owner: {oneOf: [{$ref: '#/components/schemas/Person'}, {$ref: '#/components/schemas/Shop'}]}")], &[("src/lib.rs", r#"use pets_client::types::Pet; fn f(p: &Pet) -> String { format!("{:?}", p.owner) }"#)], "", &["touched", "may be touched"]),
    ("attribute", &[("[cat, dog, fish]", "[cat, dog]")], &[("src/lib.rs", "#[rstest] #[case(Kind::Fish, 1)] fn f(k: u8) { }")], "fish", &["touched", "may be touched"]),
    ("doc test", &[("operationId: listShops", "operationId: listAllShops")], &[("src/lib.rs", r#"/// ```
/// client.shops().list_shops();
/// ```
fn f() {}"#)], "list", &["touched", "may be touched"]),
    ("doc prose", &[("operationId: listShops", "operationId: listAllShops")], &[("src/lib.rs", r#"/// See list_shops.
fn f() {}"#)], "list", &["not touched"]),
    ("path mod", &[("operationId: listShops", "operationId: listAllShops")], &[("src/lib.rs", r#"#[path = "../../outside.rs"] mod outside;"#), ("../outside.rs", "fn f(c: C) { c.shops().list_shops(); }")], "list", &["touched", "may be touched"]),
    ("include", &[("operationId: listShops", "operationId: listAllShops")], &[("src/lib.rs", r#"include!("calls.in");"#), ("src/calls.in", "fn f(c: C) { c.shops().list_shops(); }")], "list", &["touched", "may be touched"]),
    ("link to it", &[("operationId: getPet", "operationId: readPet")], &[("src/lib.rs", "async fn f(c: &C, r: &R) { c.pets().create_pet_then_pet(r).await; }")], "it is called `readPet`", &["touched"]),
    ("link to it in a macro", &[("operationId: getPet", "operationId: readPet")], &[("src/lib.rs", "fn f(c: &C, r: &R) { select! { pet = c.pets().create_pet_then_pet(r) => pet } }")], "it is called `readPet`", &["may be touched"]),
    ("link of it", &[("operationId: createPet", "operationId: addPet")], &[("src/lib.rs", "async fn f(c: &C, r: &R) { c.pets().create_pet_then_pet(r).await; }")], "it is called `addPet`", &["touched"]),
    ("xml method", &[("operationId: putPhoto", "operationId: putPicture")], &[("src/lib.rs", "fn f(c: C) { c.pets().put_photo_xml(b); }")], "put", &["touched", "may be touched"]),
    ("webhook", &[("petBorn:", "petBirth:")], &[("src/lib.rs", "use pets_client::webhooks::Webhook; fn f(w: Webhook) { match w { Webhook::PetBorn(p) => {}, _ => {} } }")], "PetBorn", &["touched", "may be touched"]),
    ("header constant", &[(", headers: {X-Left: {schema: {type: integer}}}", "")], &[("src/lib.rs", "fn f(r: &R) { r.header_as(pets_client::headers::X_LEFT); }")], "", &["touched", "may be touched"]),
    ("items only", &[(r#"nick: {type: string}
        kind"#, "kind")], &[("src/lib.rs", "fn f(c: C) { c.pets().list_pets().items(); }")], "nick", &["touched", "may be touched"]),
    ("paging", &[(r#"      x-paging: {items: pets, token: page, next: next}
"#, "")], &[("src/lib.rs", "fn f(r: pets_client::requests::pets::ListPets) { r.items(); }")], "", &["touched", "may be touched"]),
    ("stream", &[("Event: {type: object, properties: {sort: {type: string}, note: {type: string}}}", "Event: {type: object, properties: {sort: {type: integer}, note: {type: string}}}")], &[("src/lib.rs", "fn f(c: C) { let mut s = c.pets().watch_pets().stream(); while let Some(e) = s.next() { if e.sort == x {} } }")], "sort", &["touched", "may be touched"]),
    ("default", &[("properties: {name: {type: string}, nick: {type: string}, tagline: {type: string}}", "properties: {name: {type: string}, nick: {type: string}}")], &[("src/lib.rs", "fn f() { let p = NewPet { name: x, ..Default::default() }; }")], "tagline", &["not touched"]),
    ("struct literal", &[("properties: {name: {type: string}, nick: {type: string}, tagline: {type: string}}", "properties: {name: {type: string}, nick: {type: string}}")], &[("src/lib.rs", "fn f() { let p = NewPet { tagline, ..Default::default() }; }")], "tagline", &["touched"]),
    ("inferred", &[("Address: {type: object, properties: {street: {type: string}, town", "Address: {type: object, properties: {town")], &[("src/lib.rs", "fn f(p: &pets_client::types::Pet) { p.home.as_ref().map(|h| h.street.clone()); }")], "street", &["touched", "may be touched"]),
    ("crate rename", &[("[cat, dog, fish]", "[cat, dog]")], &[("src/lib.rs", "use pets_client as pc; fn f() -> pc::types::Kind { pc::types::Kind::Fish }")], "fish", &["touched"]),
    ("glob re-export", &[("[cat, dog, fish]", "[cat, dog]")], &[("src/lib.rs", "pub use pets_client::types::*; mod x;"), ("src/x.rs", "use super::*; fn f() -> Kind { Kind::Fish }")], "fish", &["touched"]),
    ("or pattern", &[("[cat, dog, fish]", "[cat, dog]")], &[("src/lib.rs", "use pets_client::types::Kind; fn f(k: Kind) { match k { Kind::Dog | Kind::Fish if true => {}, _ => {} } }")], "fish", &["touched"]),
    ("nothing", &[("[cat, dog, fish]", "[cat, dog]")], &[("src/lib.rs", "use pets_client::types::Kind; fn f(k: Kind) -> bool { k == Kind::Cat }")], "fish", &["not touched"]),
    ("unrelated field", &[(r#"nick: {type: string}
        kind"#, "kind")], &[("src/lib.rs", "use pets_client::types::NewPet; fn f(n: &mut NewPet) { let NewPet { nick, .. } = n; }")], "`Pet` has no `nick`", &["not touched"]),
    ("block macro", &[("operationId: listShops", "operationId: listAllShops")], &[("src/lib.rs", "fn f(c: C) { try_stream! { let x = c.shops().list_shops().await?; yield x; } }")], "list", &["touched", "may be touched"]),
    ("macro rules", &[("operationId: listShops", "operationId: listAllShops")], &[("src/lib.rs", "macro_rules! g { ($c:expr) => { $c.shops().list_shops() } }")], "list", &["touched", "may be touched"]),
    ("generic assoc", &[(r#"nick: {type: string}
        kind"#, "kind")], &[("src/lib.rs", "trait T { type A; } struct S; impl T for S { type A = pets_client::types::Pet; } fn f(p: <S as T>::A) { let <S as T>::A { nick, .. } = p; }")], "nick", &["touched", "may be touched"]),
    ("operation suffix", &[("operationId: listShops", "operationId: listAllShops")], &[("src/lib.rs", r#"fn f(t: T) { t.fault(Fault::status(500).on("listShops")); }"#)], "list", &["touched", "may be touched"]),
    ("required by default()", &[("Company: {type: object, required: [vat], properties: {vat: {type: string}}}", "Company: {type: object, required: [vat, seat], properties: {vat: {type: string}, seat: {type: string}}}")], &[("src/lib.rs", r#"use pets_client::types::Company; fn f() { Company::new("1"); }"#)], "seat", &["touched", "may be touched"]),
    ("extra of inferred", &[("Address: {type: object, properties", "Address: {type: object, additionalProperties: {type: string}, properties")], &[("src/lib.rs", r#"fn f(p: &pets_client::types::Pet) { p.home.as_ref().map(|h| h.extra.get("x")); }"#)], "", &["touched", "may be touched"]),
    ("index", &[(r#"nick: {type: string}
        kind"#, "kind")], &[("src/lib.rs", r#"fn f(p: V) { p["nick"]; }"#)], "nick", &["touched", "may be touched"]),
    ("wire rename index", &[("tagline: {type: string}", "tag-line: {type: string}")], &[("src/lib.rs", "fn f(p: &N) { p.tagline; }")], "tagline", &["touched", "may be touched"]),
    ("constructor by alias", &[("required: [name]", "required: []")], &[("src/lib.rs", r#"type N = pets_client::types::NewPet;
fn f() -> N { N::new("Rex") }"#)], "may be left out", &["touched"]),
    ("constructor by qself", &[("required: [name]", "required: []")], &[("src/lib.rs", r#"fn f() { <pets_client::types::NewPet>::new("Rex"); }"#)], "may be left out", &["touched"]),
    ("security of a client that only builds", &[("name: X-Key", "name: X-Token")], &[("src/lib.rs", "fn f() { let c = pets_client::Client::builder(url, pets_client::Credentials::new()); }")], "header", &["touched", "may be touched"]),
    ("files without an end, and itself", &[("operationId: listShops", "operationId: listAllShops")], &[("src/lib.rs", r##"#[path = "/proc/kmsg"] mod a; #[path = "lib.rs"] mod b; include!("/dev/zero"); fn f(c: C) { c.shops().list_shops(); }"##)], "list", &["touched"]),
    ("webhook of another", &[("petBorn:", "petBirth:")], &[("src/lib.rs", "fn f(c: C) { c.pets().list_pets(); }")], "PetBorn", &["not touched"]),
];

#[test]
fn nothing_that_a_change_touches_is_not_touched() {
    let mut wrong = Vec::new();
    for (number, (name, edits, files, part, allowed)) in CASES.iter().enumerate() {
        let desk = Desk::new(&format!("used-by-{number}"));
        let new = edits.iter().fold(OLD.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{name}: {from}");
            text.replace(from, to)
        });
        desk.write("old.yaml", OLD);
        desk.write("new.yaml", &new);
        files.iter().for_each(|(file, text)| desk.write(&format!("crate/{file}"), text));
        let run = desk.run("diff old.yaml new.yaml --used-by crate --format json").exits(0);
        let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        let changes = json["changes"].as_array().unwrap().iter();
        let heavy = changes.filter(|it| it["impact"] == "breaking" || it["impact"] == "behaviour");
        let of = heavy.filter(|it| it["what"].as_str().unwrap().to_lowercase().contains(&part.to_lowercase()));
        // Of several changes, the one that is touched most.
        let found: Vec<&str> = of.map(|it| it["touch"].as_str().unwrap()).collect();
        let most = ["touched", "may be touched", "not touched"].into_iter().find(|touch| found.contains(touch));
        if most.is_none_or(|most| !allowed.contains(&most)) {
            wrong.push(format!("{name}: {most:?} and not {allowed:?}: {json:#}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
