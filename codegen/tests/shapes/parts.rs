//! A property that two parts of an `allOf` declare in different ways.

use super::{block, code, document, listed};

/// The fields of `X`, and the notes, for an `allOf` of two objects whose property `p` has these schemas.
fn united(schemas: &str, one: &str, other: &str) -> (String, Vec<String>) {
    let part = |schema: &str| format!("{{type: object, properties: {{p: {schema}}}}}");
    listed("", &format!("{schemas}\nX: {{allOf: [{}, {}]}}", part(one), part(other)))
}

const TWO: &str = "A: {type: object, properties: {a: {type: string}, next: {$ref: '#/components/schemas/A'}}}
B: {type: object, properties: {b: {type: string}, next: {$ref: '#/components/schemas/B'}}}
Child: {allOf: [{$ref: '#/components/schemas/A'}, {type: object, properties: {c: {type: string}}}]}
Kind: {type: string, enum: [a, b]}
Key: {type: string, x-sensitive: true}
Either: {oneOf: [{$ref: '#/components/schemas/A'}, {type: string}]}";

#[test]
fn a_property_of_two_parts_has_what_both_references_have() {
    let reference = |name: &str| format!("{{$ref: '#/components/schemas/{name}'}}");
    let (a, b) = (reference("A"), reference("B"));
    let (listing, notes) = united(TWO, &a, &b);
    let both = block(&listing, "Xp");
    assert!(block(&listing, "X").contains("p: Option<Xp>"), "{listing}");
    assert!(both.contains("a: Option<String>") && both.contains("b: Option<String>"), "{listing}");
    // Both parts are recursive, and so is the result.
    let next = both.split("next: Option<Box<").nth(1).and_then(|it| it.split('>').next());
    let next = block(&listing, next.unwrap_or_else(|| panic!("{listing}"))).to_owned();
    assert!(next.contains("a: Option<String>") && next.contains("b: Option<String>"), "{listing}");
    assert!(notes.is_empty(), "{notes:?}");
    // In a list, in a map, and beside an inline object.
    for (around, field) in [
        ("{type: array, items: @}", "p: Option<Vec<XpItem>>"),
        ("{type: object, additionalProperties: @}", "p: Option<BTreeMap<String, XpValue>>"),
    ] {
        let (listing, notes) = united(TWO, &around.replace('@', &a), &around.replace('@', &b));
        assert!(block(&listing, "X").contains(field), "{listing}");
        let name = field.trim_end_matches('>').rsplit(['<', ' ']).next().unwrap();
        let members = block(&listing, name);
        assert!(members.contains("a: Option<String>") && members.contains("b: Option<String>"), "{listing}");
        assert!(notes.is_empty(), "{notes:?}");
    }
    let inline = "{type: object, properties: {i: {type: integer}}}";
    for (one, other) in [(a.as_str(), inline), (inline, a.as_str())] {
        let (listing, notes) = united(TWO, one, other);
        let members = block(&listing, "Xp");
        assert!(members.contains("a: Option<String>") && members.contains("i: Option<i128>"), "{listing}");
        assert!(notes.is_empty(), "{notes:?}");
    }
}

#[test]
fn a_property_of_two_parts_keeps_the_named_type_that_is_the_narrower_one() {
    let reference = |name: &str| format!("{{$ref: '#/components/schemas/{name}'}}");
    for (one, other, field) in [
        (reference("A"), reference("Child"), "p: Option<Child>"),
        (reference("Kind"), "{type: string}".to_owned(), "p: Option<Kind>"),
        (reference("Either"), reference("A"), "p: Option<A>"),
        ("{type: integer}".to_owned(), "{type: number}".to_owned(), "p: Option<i128>"),
        ("{type: string, format: byte}".to_owned(), "{type: string}".to_owned(), "p: Option<Base64>"),
    ] {
        for (one, other) in [(&one, &other), (&other, &one)] {
            let (listing, notes) = united(TWO, one, other);
            assert!(block(&listing, "X").contains(field), "{one}, {other}: {}", block(&listing, "X"));
            assert!(notes.is_empty(), "{notes:?}");
        }
    }
    let (listing, _) = united(TWO, "{type: string, enum: [a, b, c]}", "{type: string, enum: [b, c, d]}");
    assert!(!listing.contains("X::A") && block(&listing, "Xp").contains('B'), "{listing}");
    // A secret stays one.
    let paths = "";
    let schemas = format!(
        "{TWO}\nX: {{allOf: [{{properties: {{p: {}}}}}, {{properties: {{p: {{type: string}}}}}}]}}",
        reference("Key")
    );
    let code = code(&document(paths, &schemas).generate().unwrap());
    assert!(code.contains("#p"), "{code}");
}

#[test]
fn parts_that_contradict_each_other_are_noted_and_accept_any_value() {
    for (one, other, field) in [
        ("{type: string}", "{type: integer}", "p: Option<serde_json::Value>"),
        ("{$ref: '#/components/schemas/A'}", "{$ref: '#/components/schemas/Kind'}", "p: Option<serde_json::Value>"),
        ("{type: string, enum: [a]}", "{type: string, enum: [b]}", "p: Option<Xp>"),
    ] {
        let (listing, notes) = united(TWO, one, other);
        assert!(block(&listing, "X").contains(field), "{one}, {other}: {}", block(&listing, "X"));
        let noted = notes.iter().filter(|note| note.contains("/components/schemas/X/properties/p")).count();
        assert_eq!((notes.len(), noted), (1, 1), "{notes:?}");
    }
    let (_, notes) = listed("", "X: {allOf: [{type: string}, {type: integer}]}");
    assert_eq!(notes.len(), 1, "{notes:?}");
}
