//! Secrets that are declared in ways for which there is no type.

use connectors_codegen::{Generator, Node};

use super::code;

/// The runtime's description of the fields of each type, for a document of a version with these component schemas:
/// `#` marks each secret one.
fn fields(version: &str, schemas: &str) -> impl Fn(&str) -> String {
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
