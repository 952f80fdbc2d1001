//! Properties beside a union, and unions beside each other.

use std::time::{Duration, Instant};

use connectors_codegen::Listing;

use super::{block, code, document, listed};

#[test]
fn what_the_schema_itself_says_applies_to_each_branch() {
    // Each line: what the schema itself says of a property, what the branches say, and the type.
    let second = "required: [z], properties: {z: {type: string}}";
    for (own, branches, expected) in [
        ("{type: integer, format: int64}", ["{minimum: 1}", "{maximum: 9}"], "Option<i64>"),
        ("{type: integer, format: int64}", ["{const: 1}", "{const: 2}"], "Option<i64>"),
        ("{type: boolean}", ["{const: true}", "{const: false}"], "Option<bool>"),
        ("{type: string, maxLength: 3}", ["{pattern: a}", "{type: string, minLength: 1}"], "Option<String>"),
        ("{type: string}", ["{const: a}", "{const: b}"], "Option<Sp>"),
        ("{type: string}", ["{const: a}", "{pattern: b}"], "Option<String>"),
        ("{type: string}", ["{const: a}", ""], "Option<String>"),
        ("{type: string, enum: [a, b]}", ["{const: a}", "{const: b}"], "Option<Sp>"),
        ("{type: number}", ["{type: integer}", "{type: integer}"], "Option<i128>"),
        ("{type: number}", ["{type: integer}", ""], "Option<Number>"),
        ("{type: array}", ["{items: {type: string}}", "{items: {type: string}}"], "Option<Vec<String>>"),
        ("{type: array}", ["{items: {type: string}}", ""], "Option<Vec<serde_json::Value>>"),
        ("{type: string}", ["{format: password}", "{const: a}"], "Option<String>"),
        ("{}", ["{type: string}", ""], "Option<serde_json::Value>"),
        ("{}", ["{type: string}", "{type: string}"], "Option<String>"),
        ("{type: [string, 'null']}", ["{type: string}", "{type: string}"], "Option<String>"),
        // Types that exclude each other are a mistake in the document. Nothing is refused.
        ("{type: string}", ["{type: integer}", "{type: string}"], "Option<Sp>"),
    ] {
        let branch = |said: &str| match said {
            "" => format!("{{{second}}}"),
            said => format!("{{properties: {{p: {said}}}}}"),
        };
        let [one, other] = branches.map(branch);
        let schemas = format!("S: {{type: object, properties: {{p: {own}}}, oneOf: [{one}, {other}]}}");
        let (listing, notes) = listed("", &schemas);
        assert!(block(&listing, "S").contains(&format!("\np: {expected}\n")), "{schemas}\n{listing}");
        assert!(notes.iter().all(|note| note.contains("is not checked")), "{schemas}\n{notes:?}");
        // What one branch keeps secret is secret.
        let secret = document("", &schemas).generate().unwrap().code.contains("#p ");
        assert_eq!(secret, schemas.contains("password"), "{listing}");
    }
}

#[test]
fn a_property_that_several_branches_declare_is_one_union_of_all() {
    let schemas = "S: {type: object, properties: {i: {type: string}, o: {type: object}}, oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}, {$ref: '#/components/schemas/C'}, {$ref: '#/components/schemas/D'}]}\n\
        A: {type: object, properties: {d: {type: string}, o: {type: object, properties: {a: {type: string}}}, n: {type: string}}}\n\
        B: {type: object, properties: {d: {type: integer}, o: {type: object, properties: {b: {type: string}}}, n: {type: [string, 'null']}}}\n\
        C: {type: object, properties: {d: {anyOf: [{type: string}, {type: boolean}]}, n: {type: string}}}\n\
        D: {type: object, properties: {d: {type: string, description: other}, n: {type: string}}}";
    let (listing, notes) = listed("", schemas);
    let expected =
        "struct S (Default)\ni: Option<String>\no: Option<So>\nd: Option<Sd>\nn: Option<String>\nextra: Extra";
    assert_eq!(block(&listing, "S"), expected);
    assert_eq!(block(&listing, "Sd"), "union Sd (open)\nString(String)\nInteger(i128)\nBoolean(bool)\nUnknown(..)");
    let o = block(&listing, "So");
    assert!(
        ["Ao(Ao)", "Bo(Bo)", "Object(serde_json::Map<String, serde_json::Value>)"].iter().all(|it| o.contains(it)),
        "{o}"
    );
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn two_unions_at_once_are_an_object_or_any_value() {
    let objects = |a: &str, b: &str| {
        format!(
            "[{{type: object, required: [{a}], properties: {{{a}: {{type: string}}}}}}, {{type: object, required: [{b}], properties: {{{b}: {{type: integer}}}}}}]"
        )
    };
    let (one, other) = (objects("a", "b"), objects("c", "d"));
    let properties = "properties: {a: {type: string}, b: {type: integer}, c: {type: string}, d: {type: integer}}";
    let requires = |a: &str, b: &str| format!("[{{required: [{a}]}}, {{required: [{b}]}}]");
    let (ab, cd) = (requires("a", "b"), requires("c", "d"));
    for (schema, noted) in [
        (format!("{{oneOf: {one}, anyOf: {other}}}"), true),
        (format!("{{allOf: [{{oneOf: {one}}}, {{oneOf: {other}}}]}}"), true),
        (format!("{{type: object, {properties}, oneOf: {ab}, anyOf: {cd}}}"), false),
        (format!("{{type: object, {properties}, oneOf: {ab}, anyOf: {other}}}"), false),
        (
            format!(
                "{{type: object, {properties}, allOf: [{{oneOf: {ab}}}, {{oneOf: {cd}}}, {{oneOf: {other}}}, {{anyOf: {ab}}}]}}"
            ),
            false,
        ),
    ] {
        let (listing, notes) = listed("", &format!("S: {schema}"));
        let s = block(&listing, "S");
        let expected = ["a: Option<String>", "b: Option<i128>", "c: Option<String>", "d: Option<i128>"];
        assert!(s.starts_with("struct S") && expected.iter().all(|field| s.contains(field)), "{schema}\n{s}");
        assert_eq!(notes.iter().any(|note| note.contains("two unions")), noted, "{schema}\n{notes:?}");
    }
    // Values that are no objects.
    let (listing, notes) =
        listed("", "S: {oneOf: [{type: string}, {type: integer}], anyOf: [{type: string}, {type: boolean}]}");
    assert_eq!(block(&listing, "S"), "type S = serde_json::Value");
    assert!(matches!(&notes[..], [one] if one.contains("read as any value")), "{notes:?}");
}

#[test]
fn many_branches_with_many_properties_take_linear_time() {
    let time = |branches: usize| {
        let listed_branches: Vec<String> =
            (0..branches).map(|branch| format!("{{$ref: '#/components/schemas/B{branch}'}}")).collect();
        let mut schemas = format!(
            "S: {{type: object, properties: {{k: {{type: string}}}}, oneOf: [{}]}}",
            listed_branches.join(", ")
        );
        for branch in 0..branches {
            let properties: Vec<String> = (0..40)
                .map(|key| format!("p{key}: {{type: object, required: [r{branch}], properties: {{r{branch}: {{type: string, maxLength: {key}}}}}}}"))
                .collect();
            schemas.push_str(&format!(
                "\nB{branch}: {{type: object, properties: {{k: {{const: k{branch}}}, {}}}}}",
                properties.join(", ")
            ));
        }
        let start = Instant::now();
        let (listing, _) = listed("", &schemas);
        assert_eq!(block(&listing, "Sp0").matches("p0(B").count(), branches);
        start.elapsed()
    };
    let (few, many) = (time(25), time(100));
    assert!(many < few * 12 + Duration::from_secs(2), "{few:?}, {many:?}");
}

#[test]
fn objects_that_lead_back_to_themselves_are_merged_once() {
    let properties = |to: &str| {
        (0..12).map(|key| format!("p{key}: {{$ref: '#/components/schemas/{to}'}}")).collect::<Vec<_>>().join(", ")
    };
    let branch = |to: &str, key: &str| {
        format!(
            "{{required: [{key}], properties: {{o: {{$ref: '#/components/schemas/{to}'}}, {key}: {{type: string}}}}}}"
        )
    };
    let schemas = format!(
        "S: {{type: object, properties: {{o: {{$ref: '#/components/schemas/R'}}}}, oneOf: [{}, {}, {}]}}\n\
         R: {{type: object, properties: {{r: {{type: string}}, {}}}}}\n\
         D: {{type: object, properties: {{d: {{type: string}}, {}}}}}\n\
         E: {{allOf: [{{$ref: '#/components/schemas/R'}}], properties: {{e: {{type: string}}}}}}",
        branch("D", "x"),
        branch("D", "y"),
        branch("E", "z"),
        properties("R"),
        properties("D"),
    );
    let (listing, notes) = listed("", &schemas);
    let o = block(&listing, "So");
    assert!(
        ["r: Option<String>", "d: Option<String>", "e: Option<String>", "p11: Option<"].iter().all(|it| o.contains(it)),
        "{o}"
    );
    assert!(listing.lines().filter(|line| line.starts_with("struct So")).count() < 4, "{listing}");
    assert!(notes.is_empty(), "{notes:?}");
    // A branch that extends what the schema itself says keeps the name of its type.
    let extended = schemas.replace("schemas/D'}, ", "schemas/E'}, ");
    assert!(block(&listed("", &extended).0, "S").contains("\no: Option<E>\n"), "{extended}");
}

#[test]
fn three_unions_at_once_accept_any_value_in_any_order() {
    let unions = [
        "oneOf: [{type: string}, {type: integer}]",
        "anyOf: [{type: string}, {type: boolean}]",
        "anyOf: [{type: string}, {type: number}]",
        "oneOf: [{type: object, properties: {a: {type: string}}}, {type: object, properties: {b: {type: string}}}]",
    ];
    let order = |parts: &[usize]| {
        let parts: Vec<String> = parts.iter().map(|index| format!("{{{}}}", unions[*index])).collect();
        format!("S: {{allOf: [{}]}}", parts.join(", "))
    };
    let three = |a: usize, b: usize, c: usize| [[a, b, c], [a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]];
    for parts in [three(0, 1, 2), three(0, 2, 3), three(1, 2, 3)].into_iter().flatten() {
        let schema = order(&parts);
        let (listing, notes) = listed("", &schema);
        assert_eq!(block(&listing, "S"), "type S = serde_json::Value", "{schema}");
        assert!(matches!(&notes[..], [one] if one.contains("read as any value")), "{schema}\n{notes:?}");
    }
}

#[test]
fn a_branch_that_is_also_in_a_branch_has_to_declare_a_property_itself() {
    let p = "properties: {p: {type: integer}}";
    let (to_p, to_x, to_y) =
        ("{$ref: '#/components/schemas/P'}", "{$ref: '#/components/schemas/X'}", "{$ref: '#/components/schemas/Y'}");
    let (any, integer) = ("Option<serde_json::Value>", "Option<i128>");
    for (branches, within, expected) in [
        ([to_p, to_x], format!("{p}, anyOf: [{to_x}, {to_y}]"), any),
        ([to_x, to_p], format!("{p}, anyOf: [{to_x}, {to_y}]"), any),
        ([to_p, to_y], format!("{p}, anyOf: [{{anyOf: [{to_x}, {to_y}]}}]"), any),
        ([to_p, "{anyOf: [{$ref: '#/components/schemas/X'}]}"], format!("{p}, anyOf: [{to_x}, {to_y}]"), any),
        ([to_p, to_p], format!("anyOf: [{{{p}}}, {to_x}]"), any),
        ([to_p, to_p], format!("{p}, anyOf: [{to_x}, {to_y}]"), integer),
        ([to_p, "{properties: {p: {type: integer}}}"], format!("{p}, anyOf: [{to_x}, {to_p}]"), integer),
        ([to_p, to_p], format!("anyOf: [{{{p}, anyOf: [{to_x}]}}, {{{p}, anyOf: [{to_x}]}}, {to_p}]"), integer),
    ] {
        let schemas = format!(
            "T: {{type: object, properties: {{p: {{description: any}}}}, anyOf: [{}]}}\nP: {{type: object, {within}}}\n\
             X: {{type: object, properties: {{x: {{type: string}}}}}}\nY: {{type: object, properties: {{y: {{type: string}}}}}}",
            branches.join(", ")
        );
        let (listing, _) = listed("", &schemas);
        assert!(block(&listing, "T").contains(&format!("\np: {expected}\n")), "{schemas}\n{listing}");
    }
}

#[test]
fn unions_with_properties_that_lead_to_each_other_end() {
    const MANY: usize = 40;
    for secret in ["", ", s: {type: string, format: password}"] {
        let to = |at: usize| format!("{{$ref: '#/components/schemas/T{}'}}", at % MANY);
        let schema = |at: usize| {
            let own = format!("p: {}, q: {}{}", to(at + 1), to(at * at + 3), if at == 0 { secret } else { "" });
            let (p, q) = (to(at * 3 + 1), to(at * 5 + 2));
            let branches: Vec<String> =
                (0..20).map(|key| format!("{{properties: {{p: {p}, q: {q}, k: {{const: k{key}}}}}}}")).collect();
            format!("T{at}: {{type: object, properties: {{{own}}}, oneOf: [{}]}}\n", branches.join(", "))
        };
        let client = document("", &(0..MANY).map(schema).collect::<String>()).generate().unwrap();
        assert_eq!(client.code.contains("#s "), !secret.is_empty());
        let listing = Listing::of(&client).to_string();
        assert!(block(&listing, "T0").starts_with("struct T0"), "{listing}");
    }
}

#[test]
fn unions_that_all_contain_each_other_end() {
    const MANY: usize = 40;
    for mapping in ["", ", mapping: {m: '#/components/schemas/U0', n: '#/components/schemas/U1'}"] {
        let union = |at: usize| {
            let others = (0..MANY)
                .filter(|other| *other != at)
                .map(|other| format!("{{$ref: '#/components/schemas/U{other}'}}"));
            let own = format!("{{type: object, required: [k], properties: {{k: {{const: v{at}}}}}}}");
            let branches: Vec<String> = others.chain([own]).collect();
            format!("U{at}: {{oneOf: [{}], discriminator: {{propertyName: k{mapping}}}}}\n", branches.join(", "))
        };
        let (listing, _) = listed("", &(0..MANY).map(union).collect::<String>());
        assert!(block(&listing, "U0").starts_with("union U0"), "{listing}");
    }
}

#[test]
fn the_mapping_of_an_inner_union_takes_no_value_of_an_outer_branch() {
    let to = |name: &str| format!("{{$ref: '#/components/schemas/{name}'}}");
    let object =
        |name: &str| format!("{name}: {{type: object, required: [kind], properties: {{kind: {{type: string}}}}}}\n");
    let inner = format!(
        "Inner: {{oneOf: [{}, {}], discriminator: {{propertyName: kind, mapping: {{Cat: '#/components/schemas/Dog', c: '#/components/schemas/Dog', fox: '#/components/schemas/Fox'}}}}}}\n",
        to("Dog"),
        to("Fox"),
    );
    let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    let objects: String = ["Cat", "Dog", "Fox"].map(object).concat();
    for branches in [["Inner", "Cat"], ["Cat", "Inner"]] {
        for (mapping, cats, inners) in [
            ("", vec!["Cat"], vec!["c", "fox"]),
            (", mapping: {c: '#/components/schemas/Cat'}", vec!["c", "Cat"], vec!["fox"]),
            (", mapping: {Cat: Inner, c: Cat}", vec!["c"], vec!["Cat", "fox"]),
        ] {
            let schemas = format!(
                "Shape: {{oneOf: [{}, {}], discriminator: {{propertyName: kind{mapping}}}}}\n{inner}{objects}",
                to(branches[0]),
                to(branches[1]),
            );
            let code = code(&document("", &schemas).generate().unwrap());
            let (_, arms) = code.split_once("ShapeUnknown::std::option::Option::Some(\"kind\");").unwrap();
            let tags = |branch: &str| {
                let arm = arms
                    .split(';')
                    .find(|arm| arm.contains(&format!("{branch}{branch},")))
                    .and_then(|arm| arm.split('&').next())
                    .unwrap();
                let tags = arm.split("text(\"").skip(1).filter_map(|tag| tag.split('"').next());
                tags.map(str::to_owned).collect::<Vec<_>>()
            };
            let inners: Vec<&str> = inners.into_iter().chain(["Inner", "Dog", "Fox"]).collect();
            assert_eq!((tags("Cat"), tags("Inner")), (texts(&cats), texts(&inners)), "{schemas}");
        }
    }
}

#[test]
fn two_types_of_one_schema_keep_their_names() {
    let schemas = "Cat: {properties: {createdAt: {properties: {}, anyOf: [{oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Error'}]}]}}}\n\
        Error: {properties: {createdAt: {type: string}}}\n\
        Order: {allOf: [{properties: {kind: {$ref: '#/components/schemas/Error'}}}]}\n\
        Page: {properties: {kind: {anyOf: [{oneOf: [{allOf: [{properties: {createdAt: {type: boolean}}}, {$ref: '#/components/schemas/Page'}, {$ref: '#/components/schemas/Order'}]}, {anyOf: [{$ref: '#/components/schemas/Cat'}]}]}]}}}";
    let client = document("", schemas).generate().unwrap();
    let names = client.names.to_string();
    let places = names.lines().filter(|line| line.starts_with("type ")).count();
    assert_eq!(places, client.types.len(), "{names}");
    assert!(names.contains(" (2)\" = "), "{names}");
    let again = document("", schemas).names(client.names.clone()).generate().unwrap();
    assert_eq!(again.code, client.code);
    assert_eq!(again.names, client.names);
}
