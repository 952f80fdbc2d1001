//! What becomes of constructs that real documents are full of: the types and methods they make, and the notes they leave.

use connectors_codegen::{Client, Facade, Generator, Listing, Node};

/// A document of paths and component schemas, each a line of YAML.
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

/// The generated API as its listing shows it, and the notes.
fn listed(paths: &str, schemas: &str) -> (String, Vec<String>) {
    let client = document(paths, schemas).facade(Facade::new("crate::transport")).generate().unwrap();
    let notes = client.notes.iter().map(ToString::to_string).collect();
    (Listing::of(&client).unwrap().to_string(), notes)
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
fn methods_that_reqwest_has_no_shorthand_for_are_sent_as_requests() {
    let paths = "/a: {options: {operationId: allowed, responses: {'200': {description: ok}}}, \
         trace: {operationId: echoed, responses: {'200': {description: ok}}}, \
         head: {operationId: there, responses: {'200': {description: ok}}}}";
    let code = code(&document(paths, "").generate().unwrap());
    assert!(code.contains("client.request(::reqwest::Method::OPTIONS,url)"), "{code}");
    assert!(code.contains("client.request(::reqwest::Method::TRACE,url)"), "{code}");
    assert!(code.contains("client.head(url)"), "{code}");
}

#[test]
fn every_type_there_is_stays_every_type_beside_keywords_of_one() {
    let every = "type: [array, boolean, integer, number, object, string, 'null']";
    let schemas = format!(
        "A: {{{every}, items: {{}}, additionalProperties: true}}\n\
         B: {{{every}, items: {{type: string}}}}\n\
         C: {{{every}, properties: {{a: {{type: string}}}}}}"
    );
    let (listing, _) = listed("", &schemas);
    assert_eq!(block(&listing, "A"), "type A = serde_json::Value");
    let kinds = ["Array(Vec<String>)", "Boolean(bool)", "Number(f64)", "Object(", "String(String)"];
    let b = block(&listing, "B");
    assert!(b.starts_with("union B") && kinds.iter().all(|kind| b.contains(kind)), "{b}");
    let c = block(&listing, "C");
    assert!(c.starts_with("union C") && c.contains("Object(CObject)") && c.contains("Boolean(bool)"), "{c}");
}
