//! Constructs that are common in real documents: their types, methods and notes.

use std::collections::BTreeMap;
use std::path::Path;

use connectors_codegen::{Client, Generator, Kind, Listing, Names, Node};

#[path = "shapes/beside.rs"]
mod beside;
#[path = "shapes/calls.rs"]
mod calls;
#[path = "shapes/far.rs"]
mod far;
#[path = "shapes/links.rs"]
mod links;
#[path = "shapes/parents.rs"]
mod parents;
#[path = "shapes/parts.rs"]
mod parts;
#[path = "shapes/secrets.rs"]
mod secrets;

/// A document with paths and component schemas, each a line of YAML.
fn document(paths: &str, schemas: &str) -> Generator {
    let indented = |text: &str| text.lines().map(|line| format!("    {}\n", line.trim())).collect::<String>();
    let text = format!(
        "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n{}components:\n  schemas:\n    Filler: {{type: string}}\n{}",
        if paths.is_empty() { "    {}\n".to_owned() } else { indented(paths) },
        indented(schemas),
    );
    Generator::new(Node::parse("t.yaml", &text).unwrap())
}

/// The code without the spaces that the printer chooses.
fn code(client: &Client) -> String {
    client.code.split_whitespace().collect()
}

/// The listing of the generated API, and the notes.
fn listed(paths: &str, schemas: &str) -> (String, Vec<String>) {
    let client = document(paths, schemas).generate().unwrap();
    let notes = client.notes.iter().map(ToString::to_string).collect();
    (Listing::of(&client).to_string(), notes)
}

/// One type of a listing: its first line and its members.
fn block(listing: &str, name: &str) -> String {
    let is_head = |line: &&str| !line.starts_with(' ') && line.split(' ').nth(1) == Some(name);
    let mut lines = listing.lines().skip_while(|line| !is_head(line));
    let head = lines.next().unwrap_or_else(|| panic!("no {name} in:\n{listing}"));
    lines
        .take_while(|line| line.starts_with(' '))
        .fold(head.to_owned(), |text, line| format!("{text}\n{}", line.trim()))
}

#[test]
fn a_list_of_all_types_allows_all_types_beside_keywords_of_one() {
    let every = "type: [array, boolean, integer, number, object, string, 'null']";
    let schemas = format!(
        "A: {{{every}, items: {{}}, additionalProperties: true}}\n\
         B: {{{every}, items: {{type: string}}}}\n\
         C: {{{every}, properties: {{a: {{type: string}}}}}}"
    );
    let (listing, _) = listed("", &schemas);
    assert_eq!(block(&listing, "A"), "type A = serde_json::Value");
    let kinds = ["Array(Vec<String>)", "Boolean(bool)", "Number(", "Object(", "String(String)"];
    let b = block(&listing, "B");
    assert!(b.starts_with("union B") && kinds.iter().all(|kind| b.contains(kind)), "{b}");
    let c = block(&listing, "C");
    assert!(c.starts_with("union C") && c.contains("Object(CObject)") && c.contains("Boolean(bool)"), "{c}");
}

#[test]
fn children_that_their_parent_lists_keep_their_own_and_the_parents_properties() {
    let reference = |name: &str| format!("{{$ref: '#/components/schemas/{name}'}}");
    let (pet, cat, dog, mammal) = (reference("Pet"), reference("Cat"), reference("Dog"), reference("Mammal"));
    let schemas = format!(
        "Pet: {{type: object, discriminator: {{propertyName: kind}}, oneOf: [{mammal}, {dog}], \
           required: [kind], properties: {{kind: {{type: string}}}}}}\n\
         Mammal: {{oneOf: [{cat}, {{type: object, properties: {{flies: {{type: boolean}}}}}}]}}\n\
         Cat: {{allOf: [{pet}, {{type: object, properties: {{meows: {{type: boolean}}}}}}]}}\n\
         Dog: {{allOf: [{pet}, {{type: object, required: [barks], properties: {{barks: {{type: boolean}}}}}}]}}\n\
         Puppy: {{allOf: [{dog}, {{type: object, properties: {{age: {{type: integer}}}}}}]}}"
    );
    let (listing, _) = listed("", &schemas);
    assert_eq!(
        block(&listing, "Cat"),
        "struct Cat\nkind: String\nmeows: Option<bool>\nextra: Extra\nfn new(kind: String) -> Self"
    );
    let puppy = block(&listing, "Puppy");
    assert!(["kind: String", "barks: bool", "age: Option<i128>"].iter().all(|it| puppy.contains(it)), "{puppy}");
    assert!(!puppy.contains("meows"), "{puppy}");
}

#[test]
fn a_union_is_no_branch_of_itself() {
    let reference = |name: &str| format!("{{$ref: '#/components/schemas/{name}'}}");
    let (a, b, own, pet, cat) = (reference("A"), reference("B"), reference("Own"), reference("Pet"), reference("Cat"));
    let schemas = format!(
        "A: {{oneOf: [{b}, {{type: integer}}]}}\n\
         B: {{anyOf: [{a}, {{type: boolean}}]}}\n\
         Own: {{oneOf: [{own}, {{type: string}}]}}\n\
         Pet: {{discriminator: {{propertyName: t}}, oneOf: [{cat}, {{type: object, title: Dog, properties: {{barks: {{type: boolean}}}}}}]}}\n\
         Cat: {{allOf: [{pet}, {{description: a cat}}]}}\n\
         Held: {{oneOf: [{{type: string}}, {{type: array, items: {held}}}]}}",
        held = reference("Held")
    );
    let (listing, notes) = listed("", &schemas);
    assert_eq!(block(&listing, "A"), "union A (open)\nInteger(i128)\nUnknown(..)");
    assert_eq!(block(&listing, "B"), "union B (open)\nA(A)\nBoolean(bool)\nUnknown(..)");
    assert_eq!(block(&listing, "Own"), "union Own (open)\nString(String)\nUnknown(..)");
    assert_eq!(block(&listing, "Pet"), "union Pet (open)\nDog(PetDog)\nUnknown(..)");
    assert_eq!(block(&listing, "Cat"), "type Cat = Pet");
    assert!(block(&listing, "Held").contains("Array(Vec<Held>)"), "what a list holds has been read by then");
    let told = |place: &str| notes.iter().any(|note| note.contains("leads back") && note.contains(place));
    assert!(["/A)", "/Own)", "/Pet)"].iter().all(|place| told(place)) && !told("/Held)"), "{notes:?}");
}

#[test]
fn a_union_of_enums_is_one_enum() {
    let schemas = "Kind: {type: integer, format: int32, oneOf: [{title: FIRST, const: 0}, {title: SECOND_ONE, const: 1}]}\n\
         Sort: {anyOf: [{const: asc, title: Ascending}, {const: desc}, {type: 'null'}]}\n\
         T1: {type: string, enum: [x, y]}\n\
         T2: {type: string, enum: [y, z]}\n\
         Both: {oneOf: [{$ref: '#/components/schemas/T1'}, {$ref: '#/components/schemas/T2'}, {type: string}]}\n\
         OneAndText: {anyOf: [{$ref: '#/components/schemas/T1'}, {type: string}]}\n\
         Mixed: {oneOf: [{$ref: '#/components/schemas/T1'}, {$ref: '#/components/schemas/Kind'}]}\n\
         Holder: {type: object, required: [sort, either], properties: {sort: {$ref: '#/components/schemas/Sort'}, \
           either: {anyOf: [{enum: [a, null]}, {enum: [b]}]}}}";
    let (listing, _) = listed("", schemas);
    assert_eq!(block(&listing, "Kind"), "enum Kind (open)\nFirst = 0\nSecondOne = 1\nUnknown(..)");
    assert!(block(&listing, "Sort").contains("Ascending = \"asc\"\nDesc = \"desc\"\n"));
    assert!(block(&listing, "Both").contains("X = \"x\"\nY = \"y\"\nZ = \"z\"\n"));
    assert_eq!(block(&listing, "OneAndText"), "type OneAndText = T1");
    assert!(block(&listing, "Mixed").starts_with("union Mixed"), "texts and integers stay apart");
    let holder = block(&listing, "Holder");
    assert!(holder.contains("sort: Option<Sort>") && holder.contains("either: Option<HolderEither>"), "{holder}");
}

#[test]
fn each_value_of_an_enum_keeps_its_name_and_description() {
    let schemas = "Listed: {type: [string, 'null'], enum: [null, a, a, b], x-enum-varnames: [None, First, Again, Second], \
           x-enum-descriptions: [Nothing., The first., Once more., null]}\n\
         Constants: {oneOf: [{const: 1, title: One, description: \"The *first*.\\n\\n```\\nlet x = 1;\"}, {const: 2}]}\n\
         Few: {type: string, enum: [a, b], x-enum-varnames: [First], x-enum-descriptions: [Text.]}\n\
         Within: {allOf: [{enum: [c, b, a], x-enumDescriptions: {a: A., c: C.}}, {type: string, enum: [a, b], x-enum-varnames: [Z, Y]}]}\n\
         Union: {oneOf: [{type: [string, 'null'], enum: [null, a], x-enum-varnames: [N, X]}, {enum: [b], description: B.}]}\n\
         Pet: {type: object, properties: {kind: {type: string}}, oneOf: [{properties: {kind: {const: cat, description: Its kind.}}}, \
           {properties: {kind: {const: dog, description: Its kind.}}}]}";
    let code = code(&document("", schemas).generate().unwrap());
    for part in [
        "Listed{#[doc=\"Thefirst.\"]#[doc=\"\"]#[doc=\"`a`\"]First=\"a\",#[doc=\"`b`\"]Second=\"b\",}",
        "Constants{#[doc=\"The*first*.\"]#[doc=\"\"]#[doc=\"```text\"]#[doc=\"letx=1;\"]#[doc=\"```\"]#[doc=\"\"]#[doc=\"`1`\"]One=1,",
        "Few{#[doc=\"`a`\"]A=\"a\",#[doc=\"`b`\"]B=\"b\",}",
        "Within{#[doc=\"`b`\"]Y=\"b\",#[doc=\"A.\"]#[doc=\"\"]#[doc=\"`a`\"]Z=\"a\",}",
        "Union{#[doc=\"`a`\"]X=\"a\",#[doc=\"B.\"]#[doc=\"\"]#[doc=\"`b`\"]B=\"b\",}",
        "PetKind{#[doc=\"`cat`\"]Cat=\"cat\",#[doc=\"`dog`\"]Dog=\"dog\",}",
    ] {
        assert!(code.contains(part), "{part}");
    }
}

#[test]
fn properties_outside_of_a_view_are_kept_like_unknown_keys() {
    let body = "{required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Sent'}}}}";
    let answer = "{content: {application/json: {schema: {$ref: '#/components/schemas/Got'}}}, description: ok}";
    let paths = format!("/a: {{post: {{operationId: a, requestBody: {body}, responses: {{'200': {answer}}}}}}}");
    let schemas = "Sent: {type: object, additionalProperties: false, properties: {id: {type: integer, readOnly: true}, n: {type: string}}}\n\
         Got: {type: object, additionalProperties: {type: integer}, properties: {key: {type: string, writeOnly: true}, n: {type: string}}}\n\
         Sums: {type: object, additionalProperties: {type: integer}, properties: {n: {type: string}}}";
    let (listing, _) = listed(&paths, schemas);
    assert_eq!(block(&listing, "Sent"), "struct Sent (Default)\nn: Option<String>\nextra: Extra");
    assert_eq!(block(&listing, "Got"), "struct Got (Default)\nn: Option<String>\nextra: Extra");
    assert!(block(&listing, "Sums").contains("extra: BTreeMap<String, i128>"));
}

#[test]
fn null_in_a_branch_is_null_wherever_the_union_is_used() {
    let reference = |name: &str| format!("{{$ref: '#/components/schemas/{name}'}}");
    let (a, b, c, d) = (reference("A"), reference("B"), reference("C"), reference("D"));
    let schemas = format!(
        "A: {{anyOf: [{{enum: [a]}}, {{type: [string, 'null']}}]}}\n\
         B: {{anyOf: [{{type: [string, 'null'], format: uri}}, {{type: [string, 'null'], maxLength: 0}}]}}\n\
         C: {{oneOf: [{a}, {{type: integer}}]}}\n\
         D: {{oneOf: [{{type: string}}, {{type: array, items: {d}}}, {d}]}}\n\
         Holder: {{type: object, required: [a, b, c, d], properties: {{a: {a}, b: {b}, c: {c}, d: {d}}}}}"
    );
    let (listing, _) = listed("", &schemas);
    let holder = block(&listing, "Holder");
    assert!(["a: Option<A>", "b: Option<B>", "c: Option<C>", "d: D"].iter().all(|it| holder.contains(it)), "{holder}");
}

#[test]
fn no_schema_can_have_the_name_of_a_generic_parameter() {
    let schemas = "D: {type: string, enum: [a]}\n\
         E: {type: integer, enum: [1]}\n\
         S: {oneOf: [{$ref: '#/components/schemas/D'}, {$ref: '#/components/schemas/B'}]}\n\
         B: {type: object, properties: {a: {type: string, x-aliases: [b]}}}";
    let code = code(&document("", schemas).generate().unwrap());
    for parameter in ["B", "D", "E", "S", "T"] {
        let named = code.split("modunion_support").next().unwrap().contains(&format!("<{parameter}:"));
        assert!(!named && !code.contains(&format!("<'de,{parameter}:")), "{parameter} is a parameter: {code}");
    }
}

#[test]
fn constraints_of_branches_on_one_property_are_merged() {
    let schemas = "A: {type: object, required: [kind], properties: {q: {type: string}}, oneOf: [ \
           {type: object, properties: {kind: {type: string, enum: [a]}}}, \
           {type: object, properties: {kind: {type: [string, 'null'], enum: [b, null]}}}, {type: string}]}";
    let (listing, notes) = listed("", schemas);
    assert!(block(&listing, "A").contains("kind: Option<AKind>"), "{listing}");
    // The last branch never matches: an object is not a string.
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn constraints_of_all_of_parts_on_one_property_are_merged() {
    let schemas = "Base: {type: object, properties: {pw: {type: string, x-sensitive: true}, key: {type: string}, \
pin: {type: string, format: password}, id: {type: string}, tags: {type: array, items: {type: string}}, \
sizes: {type: object, additionalProperties: {type: integer}}, owner: {$ref: '#/components/schemas/Filler'}}}
Login: {allOf: [{$ref: '#/components/schemas/Base'}, {type: object, properties: {pw: {type: string, maxLength: 9}, \
key: {x-sensitive: true, minLength: 1}, pin: {type: string, maxLength: 4}, id: {readOnly: true, minLength: 1}, \
tags: {items: {minLength: 1}}, sizes: {additionalProperties: {minimum: 1}}, owner: {x-sensitive: true}}}]}";
    let paths = "/a: {post: {operationId: enter, requestBody: {content: {application/json: {schema: \
{$ref: '#/components/schemas/Login'}}}}, responses: {'200': {description: ok, content: {application/json: {schema: \
{$ref: '#/components/schemas/Login'}}}}}}}";
    let (listing, _) = listed(paths, schemas);
    let login = block(&listing, "Login");
    for field in ["tags: Option<Vec<String>>", "sizes: Option<BTreeMap<String, i128>>", "id: Option<String>"] {
        assert!(login.contains(field), "{field} in {login}");
    }
    assert!(!block(&listing, "LoginInput").contains("id:"), "{listing}");
    let code = code(&document(paths, schemas).generate().unwrap());
    for name in ["Base", "Login", "LoginInput"] {
        // The runtime's description of the fields: `#` marks each secret one.
        let fields = code.split(&format!("object!{{{name}\"")).nth(1).and_then(|code| code.split('"').next());
        let fields = fields.unwrap_or_else(|| panic!("{name} has no fields: {code}"));
        assert!(!fields.contains("#tags") && fields.contains("..#extra"), "{fields}");
        for field in ["pw", "pin"].iter().chain(["key", "owner"].iter().filter(|_| name != "Base")) {
            assert!(fields.contains(&format!("#{field}")), "{field} of {name} is shown: {fields}");
        }
    }
}

#[test]
fn inline_types_of_a_shared_component_are_named_after_the_component() {
    let text = |first: &str, second: &str| {
        let operation = |path: &str| {
            format!(
                "  /{path}:\n    post:\n      operationId: {path}\n      parameters: [{{$ref: '#/components/parameters/Order'}}]\n      \
                 requestBody: {{$ref: '#/components/requestBodies/Draft'}}\n      responses:\n        '200': {{$ref: \
                 '#/components/responses/Receipt'}}\n        '404': {{$ref: '#/components/responses/Missing'}}\n"
            )
        };
        let holds = |name: &str| {
            format!(
                "content: {{application/json: {{schema: {{type: object, properties: {{{name}: {{type: string}}}}}}}}}}"
            )
        };
        format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n{}{}components:\n  parameters:\n    Order: {{name: by, \
             in: query, schema: {{type: string, enum: [up, down]}}}}\n  requestBodies:\n    Draft: {{required: true, {}}}\n  \
             responses:\n    Receipt: {{description: r, {}}}\n    Missing: {{description: m, {}}}\n",
            operation(first),
            operation(second),
            holds("a"),
            holds("b"),
            holds("c"),
        )
    };
    // The names do not depend on the operation that uses it first.
    for (first, second) in [("alpha", "beta"), ("beta", "alpha")] {
        let client = Generator::new(Node::parse("t.yaml", &text(first, second)).unwrap()).generate().unwrap();
        let mut made: Vec<&str> = client.types.iter().map(|it| it.name.as_str()).collect();
        made.sort_unstable();
        assert_eq!(made, ["DraftBody", "MissingResponse", "Order", "ReceiptResponse"]);
    }
}

#[test]
fn a_description_beside_a_reference_renames_no_variant() {
    let reference = |name: &str, words: &str| format!("{{$ref: '#/components/schemas/{name}'{words}}}");
    let union = |words: &str| {
        let schemas = format!(
            "U: {{oneOf: [{}, {}]}}\nCat: {{type: object, required: [purrs], properties: {{purrs: {{type: boolean}}}}}}\n\
             Dog: {{type: object, required: [barks], properties: {{barks: {{type: boolean}}}}}}",
            reference("Cat", words),
            reference("Dog", words)
        );
        block(&listed("", &schemas).0, "U")
    };
    let plain = union("");
    assert!(plain.contains("Cat(Cat)") && plain.contains("Dog(Dog)"), "{plain}");
    assert_eq!(union(", description: Some words."), plain);
    assert_eq!(union(", x-internal: true"), plain);
}

/// The client of a document that grew, with the earlier client's names.
fn grown(old: (&str, &str), new: (&str, &str)) -> (Client, Client) {
    let old = document(old.0, old.1).generate().unwrap();
    // The names as text, like in their file.
    let kept = Names::parse("names.lock", &format!("# kept\n{}", old.names)).unwrap();
    assert_eq!(kept, old.names);
    let new = document(new.0, new.1).names(kept).generate().unwrap();
    (old, new)
}

#[test]
fn names_stay_when_a_document_grows() {
    let post = |path: &str, id: &str, parameters: &str, body: &str| {
        format!(
            "{path}: {{post: {{operationId: {id}, parameters: [{parameters}], requestBody: {{content: {{application/json: {{schema: {body}}}}}}}, responses: {{'204': {{description: done}}}}}}}}\n"
        )
    };
    let (query, header) =
        ("{name: x-a, in: query, schema: {type: string}}", "{name: X-A, in: header, schema: {type: string}}");
    let inline = "{type: object, properties: {a-b: {type: string}}}";
    let pet = "shop.v1.Pet: {type: object, properties: {kind: {type: string, enum: [KIND_CAT, KIND_DOG]}, a-b: {type: string}, is: {oneOf: [{type: array, items: {type: string}}, {type: string}]}}}\n";
    let old_paths = post("/a", "shop.create", query, inline);
    let grown_inline = "{type: object, properties: {a-b: {type: string}, a_b: {type: string}}}";
    let new_paths = post("/b", "zoo.create", header, "{type: object, properties: {z: {type: string}}}")
        + &post("/a", "shop.create", &format!("{header}, {query}"), grown_inline);
    let grown_pet = "shop.v1.Pet: {type: object, properties: {kind: {type: string, enum: [UNKNOWN, KIND_CAT, KIND_DOG, OTHER]}, a_b: {type: string}, a-b: {type: string}, is: {oneOf: [{type: array, items: {type: integer}}, {type: array, items: {type: string}}, {type: string}]}}}\n";
    let others = "zoo.v1.Pet: {type: object, properties: {age: {type: integer}}}\n\
        PetKind: {type: string, enum: [a]}\nCreateBody: {type: object, properties: {b: {type: integer}}}\n";
    let (old, new) = grown((&old_paths, pet), (&new_paths, &format!("{others}{grown_pet}")));
    let (before, after) = (Listing::of(&old), Listing::of(&new));
    let breaks: Vec<String> =
        before.compare(&after).iter().filter(|it| it.breaking).map(|it| it.what.clone()).collect();
    assert!(breaks.is_empty(), "{breaks:#?}\n{before}\n----\n{after}");
    assert_eq!(after.counts().0, 2);
    // Without the lock, the same document has other names. The lock prevents this.
    let alone = Listing::of(&document(&new_paths, &format!("{others}{grown_pet}")).generate().unwrap());
    assert!(before.compare(&alone).iter().any(|it| it.breaking), "{alone}");
    // Without additions, the names and the code are the same.
    let (again, same) = grown((&old_paths, pet), (&old_paths, pet));
    assert_eq!((again.code, again.names), (same.code, same.names));
}

#[test]
fn a_name_in_the_overlay_takes_precedence_over_the_lock() {
    let schema = "Pet: {type: object, properties: {a: {type: string}}}\n";
    let named = "Pet: {x-rust-name: Animal, type: object, properties: {a: {type: string}}}\n";
    let (old, new) = grown(("", schema), ("", named));
    assert!(old.names.to_string().contains("type \"/components/schemas/Pet\" = Pet\n"), "{}", old.names);
    assert!(new.names.to_string().contains("type \"/components/schemas/Pet\" = Animal\n"), "{}", new.names);
}

#[test]
fn a_line_that_does_not_belong_in_a_lock_is_an_error() {
    for line in
        ["type Pet = Pet", "kind \"a\" = B", "type \"a\" = not a name", "type \"a\"", "type \"a = B", "type = B"]
    {
        let error = Names::parse("names.lock", &format!("# c\n\n{line}\n")).unwrap_err().to_string();
        assert!(error.contains("names.lock:3: ") && error.contains("lock of names"), "{line}: {error}");
    }
}

#[test]
fn schemes_of_one_requirement_that_set_the_same_header_are_alternatives() {
    let text = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\nsecurity: [{bearer: [], key: [], oauth: [read]}]\n\
                paths: {/a: {get: {operationId: a, responses: {'204': {description: ok}}}}}\n\
                components: {securitySchemes: {bearer: {type: http, scheme: bearer}, key: {type: apiKey, in: query, name: k}, \
                oauth: {type: oauth2, flows: {}}}}\n";
    let client = Generator::new(Node::parse("t.yaml", text).unwrap()).generate().unwrap();
    let notes: Vec<String> = client.notes.iter().map(ToString::to_string).collect();
    assert!(notes.iter().any(|note| note.contains("read as 2 alternatives")), "{notes:#?}");
    let code = code(&client);
    let (_, security) = code.split_once("constSECURITY_0").unwrap();
    let (security, _) = security.split_once(';').unwrap();
    assert_eq!(security.matches("&[::connectors_runtime::Requirement{").count(), 2, "{security}");
    let schemes: Vec<&str> = security.split("scheme:\"").skip(1).filter_map(|it| it.split('"').next()).collect();
    assert_eq!(schemes, ["bearer", "key", "oauth", "key"]);
    // 30 pairs of such schemes have 2^30 alternatives: 16 are written, and a loss.
    let names: Vec<String> = (0..30).map(|it| format!("a{it}: [], b{it}: []")).collect();
    let scheme =
        |it: usize| ["a", "b"].map(|name| format!("{name}{it}: {{type: apiKey, in: query, name: k{it}}}")).join(", ");
    let schemes: Vec<String> = (0..30).map(scheme).collect();
    let text = format!(
        "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\nsecurity: [{{{}}}]\n\
         paths: {{/a: {{get: {{operationId: a, responses: {{'204': {{description: ok}}}}}}}}}}\n\
         components: {{securitySchemes: {{{}}}}}\n",
        names.join(", "),
        schemes.join(", ")
    );
    let client = Generator::new(Node::parse("t.yaml", &text).unwrap()).generate().unwrap();
    assert_eq!(self::code(&client).matches("scheme:\"").count(), 16 * 30);
    let losses = client.notes.losses();
    assert!(losses.contains("1073741824 alternatives, of which there are 16 here"), "{losses}");
}

#[test]
fn an_unchecked_constraint_is_not_a_loss_and_is_reported_once() {
    let schemas = "A: {type: array, items: {}, contains: {type: string}}\nB: {type: array, items: {}, contains: {type: integer}}\n\
        C: {type: array, prefixItems: [{type: string}]}\n";
    let client = document("", schemas).generate().unwrap();
    let kinds: Vec<(Kind, usize)> = client.notes.grouped().iter().map(|group| (group.note.kind, group.count)).collect();
    assert_eq!(kinds, [(Kind::Unchecked, 2)], "{:?}", client.notes);
    let shown = client.notes.grouped()[0].to_string();
    assert!(shown.starts_with("unchecked: t.yaml:") && shown.ends_with("[1 more]"), "{shown}");
    assert_eq!(client.notes.losses(), "");
    // `not` is one constraint, and what was left out is none.
    let schemas = "A: {not: {maxLength: 2, not: {pattern: a}}}\nB: {type: string, maxLength: -1, minLength: 2}\n";
    let notes = document("", schemas).generate().unwrap().notes;
    let unchecked: Vec<&str> =
        notes.iter().filter(|note| note.kind == Kind::Unchecked).map(|note| note.reason.as_str()).collect();
    assert_eq!(unchecked, ["`not` is not checked", "`minLength` is not checked"]);
}

#[test]
fn an_accepted_loss_is_not_reported_again_after_it_moves() {
    let path = |status: &str| {
        format!(
            "/a: {{get: {{operationId: a, responses: {{'{status}': {{description: d}}, '200': {{description: d}}}}}}}}"
        )
    };
    let client = document(&path("9999"), "").generate().unwrap();
    let accepted = client.notes.losses();
    assert_eq!(accepted, "loss: `9999` is not a status code (/paths/~1a/get/responses/9999)\n");
    let moved = document(&format!("/b: {{}}\n{}", path("9999")), "").generate().unwrap();
    assert_eq!(moved.notes.not_accepted(&format!("# ours\n{accepted}")).iter().count(), 0);
    let other = document(&path("8888"), "").generate().unwrap();
    assert_eq!(other.notes.not_accepted(&accepted).iter().count(), 1);
}

#[test]
fn properties_beside_a_union_do_not_affect_values_that_are_not_objects() {
    let schemas = "A: {properties: {a: {type: string}}, oneOf: [{type: string}, {type: object, required: [b], properties: {b: {type: integer}}}]}\n\
        B: {type: object, properties: {a: {type: string}}, anyOf: [{required: [a]}, {type: string}]}\n";
    let (listing, notes) = listed("", schemas);
    let a = block(&listing, "A");
    assert!(a.starts_with("union A") && a.contains("Object(AObject)") && a.contains("String(String)"), "{a}");
    let object = block(&listing, "AObject");
    assert!(object.contains("a: Option<String>") && object.contains("b: "), "{object}");
    assert!(block(&listing, "B").starts_with("struct B"), "{listing}");
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn strings_have_the_type_of_what_is_in_them() {
    let schemas = "A: {type: object, properties: {a: {type: string, contentEncoding: BASE64}, b: {type: string, format: byte}, \
         c: {type: string, contentEncoding: base64url}, d: {type: string, contentMediaType: 'application/json; charset=utf-8'}, \
         e: {type: string, contentMediaType: application/vnd.a+json, contentSchema: {type: object, properties: {f: {type: string}}}}, \
         g: {type: [string, 'null'], contentEncoding: base64}, h: {type: string, contentMediaType: image/png}, \
         i: {type: string, contentMediaType: text/html}, j: {type: string, enum: [QQ==], contentEncoding: base64}}}";
    let (listing, notes) = listed("", schemas);
    let expected = "struct A (Default)\na: Option<Base64>\nb: Option<Base64>\nc: Option<Base64Url>\nd: Option<JsonText<serde_json::Value>>\n\
                    e: Option<JsonText<Ae>>\ng: Option<Base64>\nh: Option<String>\ni: Option<String>\nj: Option<Aj>\nextra: Extra";
    assert_eq!(block(&listing, "A"), expected);
    assert_eq!(block(&listing, "Ae"), "struct Ae (Default)\nf: Option<String>\nextra: Extra");
    assert!(matches!(&notes[..], [one] if one.contains("not decoded") && one.contains("/A/properties/i")), "{notes:?}");
}

#[test]
fn parts_without_names_have_their_place_in_a_struct() {
    let post = |content: &str| {
        let paths = format!(
            "/a:\n  post: {{operationId: send, requestBody: {{required: true, content: {{{content}}}}}, responses: {{'204': {{description: ok}}}}}}"
        )
        .replace("\n  ", "\n      ");
        let text = format!("openapi: 3.2.0\ninfo: {{title: t, version: '1'}}\npaths:\n  {paths}\n");
        let client = Generator::new(Node::parse("t.yaml", &text).unwrap()).generate().unwrap();
        block(&Listing::of(&client).to_string(), "forms::Send")
    };
    for (content, expected) in [
        (
            "multipart/mixed: {itemSchema: {type: object, properties: {a: {type: string}}}}",
            "items: Vec<types::SendItem>",
        ),
        ("multipart/mixed: {itemSchema: {}, itemEncoding: {contentType: image/png}}", "items: Vec<File>"),
        (
            "multipart/mixed: {schema: {prefixItems: [{type: string}, {type: integer}], minItems: 1}}",
            "first: String\nsecond: Option<i64>",
        ),
        (
            "multipart/related: {schema: {type: array, items: {type: string, format: binary}}, prefixEncoding: [{contentType: a/b}]}",
            "first: Option<File>\nitems: Option<Vec<File>>",
        ),
        (
            "multipart/mixed: {schema: {type: array, minItems: 2, maxItems: 2, prefixItems: [{}, {type: array}], items: {type: string}}}",
            "first: File\nsecond: Vec<serde_json::Value>",
        ),
        (
            "multipart/form-data: {schema: {type: object, properties: {a: {type: object}}}, encoding: {a: {contentType: multipart/mixed}}}",
            "a: Option<File>",
        ),
        // Parts within a part are written by the caller.
        (
            "multipart/mixed: {itemSchema: {type: array}, itemEncoding: {contentType: multipart/mixed, prefixEncoding: [{}]}}",
            "items: Vec<File>",
        ),
    ] {
        assert_eq!(post(content), format!("struct forms::Send\n{expected}"), "{content}");
    }
}

#[test]
fn a_list_goes_on_by_what_its_response_says_or_the_hint_is_noted() {
    let operation = |id: &str, hint: &str| {
        let page = "type: object, properties: {rows: {type: array, items: {type: string}}, more: {type: boolean}, \
            next: {type: string}, count: {type: integer}, at: {type: object, properties: {more: {type: boolean}}}}";
        format!(
            "/{id}: {{get: {{operationId: {id}, x-paging: {hint}, parameters: [{{name: page, in: query, schema: {{type: integer}}}}, \
               {{name: token, in: query, schema: {{type: string}}}}], responses: {{'200': {{description: ok, \
               content: {{application/json: {{schema: {{{page}}}}}}}}}}}}}}}\n"
        )
    };
    let fitting = [
        "{items: rows, page: page, more: more}",
        "{items: rows, offset: page, more: at.more}",
        "{items: rows, page: page}",
        "{items: rows, token: page, next: count}",
        "{items: rows, token: token, next: count}",
    ];
    let wrong = [
        "{items: rows, page: page, more: next}",
        "{items: rows, offset: page, more: absent}",
        "{items: rows, token: page, next: more}",
        "{items: rows, token: token, next: at}",
    ];
    let of = |hints: &[&str]| {
        let paths: String =
            hints.iter().enumerate().map(|(index, hint)| operation(&format!("op{index}"), hint)).collect();
        let client = document(&paths, "").generate().unwrap();
        let notes = client.notes.iter().filter(|note| note.to_string().contains("`x-paging` does not fit")).count();
        (client.code.matches("pub fn items(self)").count(), notes)
    };
    assert_eq!(of(&fitting), (fitting.len(), 0));
    assert_eq!(of(&wrong), (0, wrong.len()));
}

/// What the arguments of one method accept, for each method of the client with several.
fn accepted(code: &str) -> Vec<(String, Vec<Vec<String>>)> {
    let file = syn::parse_file(code).unwrap();
    let aliases: BTreeMap<String, String> = modules(&file.items)
        .into_iter()
        .filter_map(|item| match item {
            syn::Item::Type(it) => Some((it.ident.to_string(), spaceless(&it.ty))),
            _ => None,
        })
        .collect();
    let functions = modules(&file.items).into_iter().filter_map(|item| match item {
        syn::Item::Impl(it)
            if it.trait_.is_none() && ["Api<'a>", "Client"].contains(&spaceless(&it.self_ty).as_str()) =>
        {
            Some(it.items.iter())
        }
        _ => None,
    });
    let methods = functions.flatten().filter_map(|item| match item {
        syn::ImplItem::Fn(it) if matches!(it.sig.inputs.first(), Some(syn::FnArg::Receiver(_))) => Some(&it.sig),
        _ => None,
    });
    let of = |argument: &syn::FnArg| match argument {
        syn::FnArg::Receiver(_) => None,
        syn::FnArg::Typed(it) => Some(expressions(&spaceless(&it.ty), &aliases)),
    };
    let methods = methods.map(|it| (it.ident.to_string(), it.inputs.iter().filter_map(of).collect::<Vec<_>>()));
    methods.filter(|(_, arguments)| arguments.len() > 1).collect()
}

/// All items, also those in modules, without progenitor's part.
fn modules(items: &[syn::Item]) -> Vec<&syn::Item> {
    let mut all = Vec::new();
    for item in items {
        match item {
            syn::Item::Mod(it) if it.ident == "raw" => {}
            syn::Item::Mod(it) => all.extend(it.content.iter().flat_map(|(_, items)| modules(items))),
            item => all.push(item),
        }
    }
    all
}

fn spaceless(ty: &syn::Type) -> String {
    quote::quote!(#ty).to_string().split_whitespace().collect()
}

/// The types of the expressions that an argument of a type accepts.
fn expressions(ty: &str, aliases: &BTreeMap<String, String>) -> Vec<String> {
    let texts = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect();
    if ty.starts_with("impl") && ty.contains("::IntoId<") {
        return if ty.contains(',') { texts(&["number"]) } else { texts(&["&str", "String", "&String", "number"]) };
    }
    if ty.starts_with("implInto<") && ty.contains("::reqwest::Body>") {
        return texts(&["&str", "String", "Vec<u8>"]);
    }
    let Some(borrowed) = ty.strip_prefix('&') else { return vec![ty.to_owned()] };
    let mut target = borrowed.to_owned();
    while let Some(other) = target.rsplit("::").next().and_then(|name| aliases.get(name)).filter(|it| **it != target) {
        target.clone_from(other);
    }
    let item = target.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    vec![format!("&{}", item.map_or(target.clone(), |item| format!("Vec<{item}>")))]
}

#[test]
fn the_default_of_a_servers_variable_is_not_read_as_a_template() {
    let paths = "/a: {get: {operationId: getA, responses: {'204': {description: done}}, \
        servers: [{url: 'https://{a}.example/{b}', variables: {a: {default: '{b}'}, b: {default: x}}}]}}";
    let code = document(paths, "").generate().unwrap().code;
    assert!(code.contains(r#""https://{b}.example/x""#), "{code}");
}

#[test]
fn a_list_of_itself_is_an_argument_too() {
    let paths = "/lists/{id}: {put: {operationId: putList, parameters: [{name: id, in: path, required: true, schema: {type: string}}], \
        requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/L'}}}}, \
        responses: {'204': {description: done}}}}";
    let (listing, _) = listed(paths, "L: {type: array, items: {$ref: '#/components/schemas/L'}}");
    assert!(listing.contains("body: &types::L)") || listing.contains("body: &L)"), "{listing}");
}

#[test]
fn no_two_arguments_of_a_method_accept_the_same_expression() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = ["wire.yaml", "operations.yaml"].map(|file| folder.join("tests/documents").join(file));
    let vendored = std::fs::read_dir(folder.join("../spec")).unwrap();
    let vendored = vendored.map(|service| service.unwrap().path().join("openapi.yaml"));
    let mut several = 0;
    for file in own.into_iter().chain(vendored) {
        let client = Generator::new(Node::read(&file).unwrap()).generate().unwrap();
        for (method, arguments) in accepted(&client.code) {
            several += 1;
            for (index, one) in arguments.iter().enumerate() {
                let same = arguments[index + 1..].iter().flatten().find(|expression| one.contains(expression));
                assert_eq!(same, None, "{}: {method}: {arguments:?}", file.display());
            }
        }
    }
    assert!(several > 20, "{several}");
}

#[test]
fn a_new_media_type_changes_no_method_that_there_is() {
    let put = |media: &str| {
        format!(
            "/files/{{name}}: {{put: {{operationId: put, parameters: [{{name: name, in: path, required: true, schema: \
             {{type: string}}}}], requestBody: {{required: true, content: {{application/json: {{schema: {{type: object}}}}{media}}}}}, \
             responses: {{'204': {{description: ok}}}}}}}}"
        )
    };
    let methods = |media: &str| accepted(&document(&put(media), "").generate().unwrap().code);
    let (before, after) = (methods(""), methods(", text/plain: {}"));
    assert_eq!(before[0].1[0], ["&str", "String", "&String", "number"]);
    assert_eq!((after[0].clone(), after.len()), (before[0].clone(), 2));
    assert!(after[1].1[0][0].ends_with("params::FileName"), "{after:?}");
}

#[test]
fn a_scheme_that_no_method_sends_is_noted_and_stays_in_its_alternative() {
    let text = "openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /a: {get: {operationId: a, security: [{seal: [], pass: []}, {absent: []}], responses: {'204': {description: ok}}}}
  /b: {get: {operationId: b, security: [{certificate: [], pass: []}], responses: {'204': {description: ok}}}}
components:
  securitySchemes:
    seal: {type: http, scheme: Digest}
    pass: {type: http, scheme: Bearer}
    certificate: {type: mutualTLS}
    odd: {type: apiKey, in: header, name: a b}
";
    let client = Generator::new(Node::parse("t.yaml", text).unwrap()).generate().unwrap();
    let code = code(&client);
    let scheme = |name: &str| format!("scheme:\"{name}\"");
    assert!(
        code.contains(&scheme("seal")) && code.contains(&scheme("absent")) && !code.contains(&scheme("certificate"))
    );
    assert!(code.contains("pubfnpass(") && !code.contains("pubfnseal(") && !code.contains("pubfnodd("));
    let notes: Vec<String> = client.notes.iter().map(ToString::to_string).collect();
    for (reason, scheme) in [
        ("no method for the HTTP authentication scheme `digest`", "seal"),
        ("`absent`, which is not declared", "absent"),
        ("mutual TLS", "certificate"),
        ("no method for a key in `header` by the name `a b`", "odd"),
    ] {
        let place = format!("(/components/securitySchemes/{scheme})");
        assert_eq!(notes.iter().filter(|it| it.contains(reason) && it.contains(&place)).count(), 1, "{notes:#?}");
    }
}

#[test]
fn a_union_that_contains_itself_many_times_takes_linear_time() {
    // Followed by every path, 12 references and 8 levels are 430 million branches.
    let itself = "{$ref: '#/components/schemas/C'}, ".repeat(12);
    let others = "{type: array, items: {type: string}}, {type: object, properties: {a: {type: string}}}";
    let unions = [
        format!("C: {{anyOf: [{itself}{{type: string}}]}}"),
        format!("C: {{anyOf: [{itself}{others}], properties: {{id: {{type: string}}}}}}"),
        format!("C: {{oneOf: [{itself}{others}], discriminator: {{propertyName: a}}}}"),
        format!("C: {{allOf: [{{oneOf: [{itself}{others}]}}, {{anyOf: [{itself}{others}]}}]}}"),
    ];
    for union in unions {
        let (listing, _) = listed("", &union);
        assert!(!block(&listing, "C").is_empty(), "{listing}");
    }
}
