//! Types that lead to each other through many steps.

use std::collections::BTreeSet;

use super::listed;

type Parts = BTreeSet<String>;

/// The members of a listing that are, or hold, pointers of a kind. Each begins with its type and its name.
fn pointers(schemas: &str, kind: &str) -> Parts {
    let (listing, _) = listed("", schemas);
    let mut head = String::new();
    let mut found = Parts::new();
    for line in listing.lines() {
        if !line.starts_with(' ') {
            head = line.to_owned();
        } else if line.contains(kind) && !line.contains("fn ") {
            found.insert(format!("{head}: {}", line.trim()));
        }
    }
    found
}

fn reference(name: &str, at: usize) -> String {
    format!("{{$ref: '#/components/schemas/{name}{at}'}}")
}

/// A circle of schemas, with a property that leads to the next.
fn circle(many: usize, property: &dyn Fn(String) -> String) -> String {
    let schema = |at: usize| {
        let property = property(reference("C", (at + 1) % many));
        format!("C{at}: {{type: object, properties: {{next: {property}}}}}\n")
    };
    (0..many).map(schema).collect()
}

/// A chain of schemas. Its end is the one with the number 0.
fn chain(many: usize, property: &dyn Fn(String) -> String) -> String {
    let schema = |at: usize| {
        let property = property(reference("D", at - 1));
        format!("D{at}: {{type: object, properties: {{next: {property}}}}}\n")
    };
    "D0: {type: object, properties: {a: {type: string}}}\n".to_owned() + &(1..many).map(schema).collect::<String>()
}

const WAYS: [fn(String) -> String; 6] = [
    |to| to,
    |to| format!("{{type: array, items: {to}}}"),
    |to| format!("{{type: object, additionalProperties: {to}}}"),
    |to| format!("{{anyOf: [{{type: string}}, {to}]}}"),
    |to| format!("{{type: array, prefixItems: [{{type: string}}, {to}], minItems: 2, maxItems: 2}}"),
    |to| format!("{{type: array, items: {{anyOf: [{{type: string}}, {to}, {{type: 'null'}}]}}}}"),
];

#[test]
fn a_short_circle_has_boxes_and_a_long_one_links() {
    let (short, long) = (circle(10, &WAYS[0]), circle(40, &WAYS[0]));
    assert_eq!((pointers(&short, "Box<").len(), pointers(&short, "Link<").len()), (10, 0));
    assert_eq!((pointers(&long, "Box<").len(), pointers(&long, "Link<").len()), (0, 40));
    for way in WAYS {
        assert!(!pointers(&circle(40, &way), "Link<").is_empty());
    }
}

#[test]
fn a_short_chain_has_no_links_and_a_long_one_has_them_at_its_beginning() {
    assert_eq!(pointers(&chain(30, &WAYS[0]), "Link<"), Parts::new());
    for way in WAYS {
        let links = pointers(&chain(90, &way), "Link<");
        assert!(links.iter().any(|link| link.starts_with("struct D89")), "{links:?}");
        assert!(!links.iter().any(|link| link.starts_with("struct D5 ")), "{links:?}");
    }
}

#[test]
fn a_link_stays_one_when_a_circle_or_a_chain_grows() {
    for way in WAYS {
        let (mut circles, mut chains) = (0, Parts::new());
        for many in (1..60).step_by(3) {
            let links = pointers(&circle(many, &way), "Link<").len();
            assert!(circles == 0 || links > circles, "{many}: {links} after {circles}");
            circles = links;
            let links = pointers(&chain(many, &way), "Link<");
            assert!(chains.is_subset(&links), "{many}: {chains:?} became {links:?}");
            chains = links;
        }
    }
}

#[test]
fn other_types_keep_their_fields_beside_a_long_circle() {
    let others = "Short: {type: object, properties: {next: {$ref: '#/components/schemas/Short'}}}\n\
        User: {type: object, properties: {one: {$ref: '#/components/schemas/C0'}}}\n";
    let schemas = circle(40, &WAYS[0]) + others;
    let short = "struct Short (Default): next: Option<Box<Short>>".to_owned();
    assert_eq!(pointers(&schemas, "Box<"), Parts::from([short]));
    assert!(pointers(&schemas, "Link<").iter().all(|link| link.starts_with("struct C")));
}
