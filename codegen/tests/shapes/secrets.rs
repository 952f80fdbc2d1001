//! Secrets that are declared in ways for which there is no type.

use connectors_codegen::{Generator, Node};

use super::{block, code, document, listed};

/// The runtime's description of the fields of each type, for a document of a version with these component schemas:
/// `#` marks each secret one.
fn fields(version: &str, schemas: &str) -> impl Fn(&str) -> String + use<> {
    let schemas: String = schemas.lines().map(|line| format!("    {}\n", line.trim())).collect();
    let text = format!(
        "openapi: {version}\ninfo: {{title: t, version: '1'}}\npaths: {{}}\ncomponents:\n  schemas:\n{schemas}"
    );
    let client = Generator::new(Node::parse("t.yaml", &text).unwrap()).generate().unwrap();
    let code = code(&client);
    move |name| {
        let fields = code.split(&format!("object!{{{name}\"")).nth(1).and_then(|code| code.split('"').next());
        fields.unwrap_or_else(|| panic!("{name} has no fields: {code}")).to_owned()
    }
}

#[test]
fn what_3_0_ignores_beside_a_reference_can_still_say_that_the_value_is_secret() {
    for beside in [
        "format: password",
        "type: string, format: password",
        "additionalProperties: {type: string, format: password}",
        "additionalProperties: {$ref: '#/components/schemas/Password'}",
        "properties: {x: {format: password}}",
        "items: {format: password}",
        "patternProperties: {'^x': {x-sensitive: true}}",
        "allOf: [{format: password}]",
        "oneOf: [{$ref: '#/components/schemas/Password'}, {type: integer}]",
        "if: {required: [x]}, then: {properties: {x: {format: password}}}",
        "type: object, x-sensitive: true",
    ] {
        let schemas = format!(
            "Password: {{type: string, format: password}}\nBase: {{type: object, properties: {{x: {{type: string}}}}}}\n\
             T: {{type: object, properties: {{a: {{$ref: '#/components/schemas/Base', {beside}}}, \
             b: {{$ref: '#/components/schemas/Base', type: object, maxProperties: 2}}}}}}"
        );
        let fields = fields("3.0.3", &schemas);
        let found = fields("T");
        assert!(found.contains("#a") && !found.contains("#b"), "{beside}: {found}");
        assert!(!fields("Base").contains("#x"), "{beside}");
    }
}

const SCHEMAS: &str = "Password: {type: string, format: password}
Base: {type: object, properties: {a: {type: string}, b: {type: string}}}
Deep: {allOf: [{$ref: '#/components/schemas/Base'}, {type: object, properties: {c: {type: string}}}]}
Matched: {patternProperties: {'^a': {$ref: '#/components/schemas/Password'}}}
Hidden: {properties: {a: {type: string, format: password}}}";

#[test]
fn a_declared_property_is_secret_by_every_keyword_that_applies_to_the_same_value() {
    let base = "{$ref: '#/components/schemas/Base'}";
    let deep = "{$ref: '#/components/schemas/Deep'}";
    let own = "properties: {a: {type: string}, b: {type: string}}";
    let secret = "{type: string, format: password}";
    for schema in [
        // In another part of an `allOf`.
        format!("{{allOf: [{base}, {{type: object, patternProperties: {{'^a': {secret}}}}}]}}"),
        format!("{{allOf: [{base}], patternProperties: {{'^a': {secret}}}}}"),
        format!("{{allOf: [{deep}, {{$ref: '#/components/schemas/Matched'}}]}}"),
        format!("{{allOf: [{{{own}}}, {{allOf: [{{$ref: '#/components/schemas/Matched'}}]}}]}}"),
        format!("{{$ref: '#/components/schemas/Base', patternProperties: {{'^a': {secret}}}}}"),
        format!("{{{own}, patternProperties: {{'^a': {secret}}}, additionalProperties: false}}"),
        // Under a condition.
        format!("{{type: object, {own}, dependentSchemas: {{b: {{$ref: '#/components/schemas/Hidden'}}}}}}"),
        format!("{{type: object, {own}, dependencies: {{b: {{allOf: [{{$ref: '#/components/schemas/Hidden'}}]}}}}}}"),
        format!("{{type: object, {own}, if: {{required: [b]}}, then: {{properties: {{a: {secret}}}}}}}"),
        format!("{{type: object, {own}, if: {{}}, else: {{patternProperties: {{'^a': {secret}}}}}}}"),
        format!("{{type: object, {own}, if: {{}}, then: {{$ref: '#/components/schemas/Matched'}}}}"),
        format!("{{type: object, {own}, if: {{}}, then: {{if: {{}}, then: {{properties: {{a: {secret}}}}}}}}}"),
        format!("{{allOf: [{base}], if: {{required: [b]}}, then: {{properties: {{a: {secret}}}}}}}"),
        format!("{{allOf: [{base}, {{if: {{}}, then: {{anyOf: [{{properties: {{a: {secret}}}}}]}}}}]}}"),
        format!("{{allOf: [{deep}], dependentSchemas: {{b: {{$ref: '#/components/schemas/Hidden'}}}}}}"),
        // As one of the other properties of a part.
        format!("{{allOf: [{base}, {{properties: {{b: {{}}}}, additionalProperties: {secret}}}]}}"),
        format!("{{allOf: [{base}, {{properties: {{b: {{}}}}, unevaluatedProperties: {secret}}}]}}"),
        format!("{{type: object, {own}, if: {{}}, then: {{properties: {{b: {{}}}}, additionalProperties: {secret}}}}}"),
    ] {
        let fields = fields(
            "3.1.0",
            &format!("{SCHEMAS}\nX: {schema}\nUser: {{properties: {{x: {{$ref: '#/components/schemas/X'}}}}}}"),
        );
        let found = fields("X");
        assert!(found.contains("#a") && !found.contains("#b"), "{schema}: {found}");
        assert!(!fields("Base").contains("#a"), "{schema}");
    }
    for schema in [
        format!("{{type: object, {own}, not: {{properties: {{a: {secret}}}}}}}"),
        format!("{{type: object, {own}, patternProperties: {{'^x': {secret}}}}}"),
        format!("{{type: object, {own}, additionalProperties: {secret}}}"),
        format!("{{allOf: [{base}, {{properties: {{c: {{}}}}}}], unevaluatedProperties: {secret}}}"),
        format!("{{type: object, {own}, if: {{}}, then: {{properties: {{x: {secret}}}}}}}"),
    ] {
        let found = fields("3.1.0", &format!("{SCHEMAS}\nX: {schema}"))("X");
        assert!(!found.contains("#a") && !found.contains("#b"), "{schema}: {found}");
    }
}

#[test]
fn a_secret_of_a_component_is_hidden_wherever_it_is_used_without_another_type() {
    let schemas = format!(
        "{SCHEMAS}\nX: {{allOf: [{{$ref: '#/components/schemas/Base'}}, {{$ref: '#/components/schemas/Matched'}}]}}\n\
         More: {{allOf: [{{$ref: '#/components/schemas/X'}}, {{properties: {{d: {{type: string}}}}}}]}}\n\
         Either: {{oneOf: [{{$ref: '#/components/schemas/X'}}, {{type: 'null'}}]}}\n\
         User: {{type: object, properties: {{one: {{$ref: '#/components/schemas/X'}}, \
         many: {{type: array, items: {{$ref: '#/components/schemas/X'}}}}}}}}"
    );
    let (listing, _) = listed("", &schemas);
    assert!(
        block(&listing, "User").contains("one: Option<X>") && listing.contains("many: Option<Vec<X>>"),
        "{listing}"
    );
    let fields = fields("3.1.0", &schemas);
    for name in ["X", "More"] {
        assert!(fields(name).contains("#a") && !fields(name).contains("#b"), "{name}: {}", fields(name));
    }
}

#[test]
fn every_item_of_a_tuple_with_a_secret_without_a_type_is_hidden() {
    for more in ["unevaluatedItems: {type: string, format: password}", "contains: {type: string, format: password}"] {
        let schemas = format!("X: {{type: array, prefixItems: [{{type: string}}, {{type: integer}}], {more}}}");
        let code = code(&document("", &schemas).generate().unwrap());
        let tuple = code.split("pubstructX(").next().and_then(|before| before.rsplit("#[derive(").next());
        assert!(tuple.is_some_and(|derives| !derives.contains("Debug")), "{more}: {code}");
        let shown = code.split("f.debug_tuple(\"X\")").nth(1).and_then(|it| it.split(".finish()").next());
        assert_eq!(shown.map(|it| it.matches("[redacted]").count()), Some(2), "{more}: {code}");
    }
}
