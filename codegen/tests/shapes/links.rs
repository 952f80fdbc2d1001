//! Links between operations.

use connectors_codegen::{Generator, Kind, Listing, Node};

#[test]
fn each_link_that_can_be_followed_is_a_method_and_each_other_one_a_loss_with_its_reason() {
    let links = "\
        by_id: {operationId: getPet, parameters: {path.id: '$response.body#/id', X-Trace: $request.header.x-trace}}
        by_ref: {operationRef: '#/paths/~1pets~1%7Bid%7D/get', parameters: {id: 7}}
        as_printed: {operationRef: '#/paths/~1pets~1{id}/get', parameters: {id: 7}}
        change: {operationId: changePet, parameters: {id: $response.header.Location}, requestBody: {name: Rex}}
        open: {operationId: changePet}
        elsewhere: {operationRef: 'https://other.example/pets#/paths/~1pets/get'}
        nowhere: {operationId: getDog}
        nothing: {description: none}
        other: {operationId: getPet, parameters: {colour: red}}
        server: {operationId: getPet, server: {url: 'https://other.example'}}
        sent: {operationId: getPet, parameters: {id: '$request.body#/id'}}
        url: {operationId: getPet, parameters: {id: $url}}
        inside: {operationId: changePet, requestBody: {id: $request.path.id}}
        within: {operationId: getPet, parameters: {id: 'pet-{$response.body#/id}'}}
        wrong: {operationId: getPet, parameters: {id: $response.bodies}}
        several: {operationId: getPet, parameters: {id: $request.query.tags}}
        no_body: {operationId: listPets, requestBody: $response.body}";
    let links: String = links.lines().map(|line| format!("            {}\n", line.trim())).collect();
    let text = format!(
        "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n  \
        /pets:\n    \
          get: {{operationId: listPets, responses: {{'204': {{description: ok}}}}}}\n    \
          post:\n      operationId: addPet\n      parameters:\n        \
            - {{name: X-Trace, in: header, schema: {{type: string}}}}\n        \
            - {{name: tags, in: query, schema: {{type: array, items: {{type: string}}}}}}\n      responses:\n        \
            '201':\n          description: ok\n          content: {{application/json: {{schema: {{type: object}}}}}}\n          links:\n{links}        \
            '409': {{description: bad, links: {{by_id: {{operationId: getPet, parameters: {{id: '$response.body'}}}}}}}}\n        \
            '202': {{description: ok, content: {{application/json: {{schema: {{type: object}}}}}}, links: {{open: {{operationId: changePet}}}}}}\n  \
        /pets/{{id}}:\n    parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}, {{name: X-Trace, in: header, schema: {{type: string}}}}]\n    \
          get: {{operationId: getPet, responses: {{'204': {{description: ok, links: {{it: {{operationId: getPet, parameters: {{id: $response.body}}}}}}}}}}}}\n    \
          put: {{operationId: changePet, requestBody: {{required: true, content: {{application/json: {{schema: {{type: object}}}}}}}}, responses: {{'204': {{description: ok}}}}}}\n"
    );
    let generator = Generator::new(Node::parse("t.yaml", &text).unwrap());
    let client = generator.generate().unwrap();
    let listing = Listing::of(&client).to_string();
    for method in [
        "fn add_pet_then_by_id(response) -> get_pet",
        "fn add_pet_then_by_id_link(error) -> get_pet",
        "fn add_pet_then_by_ref(response) -> get_pet",
        "fn add_pet_then_as_printed(response) -> get_pet",
        "fn add_pet_then_change(response) -> change_pet",
        "fn add_pet_then_open(response, id: PetId, body: &serde_json::Map<String, serde_json::Value>) -> change_pet",
    ] {
        assert!(listing.lines().any(|line| line.trim() == method), "{method}: {listing}");
    }
    assert_eq!(listing.matches("_then_").count(), 6, "{listing}");
    let losses: Vec<String> = client.notes.iter().filter(|it| it.kind == Kind::Loss).map(ToString::to_string).collect();
    for (link, reason) in [
        ("elsewhere", "is not in this document"),
        ("nowhere", "there is no operation `getDog`"),
        ("nothing", "names no operation"),
        ("other", "no parameter `colour`"),
        ("server", "a server of its own"),
        ("sent", "the body of a request is not kept"),
        ("url", "the URL of a request is not kept"),
        ("within", "an expression within a text"),
        ("inside", "an expression within it"),
        ("wrong", "is not a runtime expression"),
        ("several", "is not a parameter with a single value"),
        ("no_body", "`listPets` has no body of JSON"),
        ("it", "no body of JSON for `$response.body`"),
    ] {
        let said = |loss: &&String| loss.contains(&format!("/links/{link})")) && loss.contains(reason);
        assert_eq!(losses.iter().filter(said).count(), 1, "{link}: {losses:#?}");
    }
    assert_eq!(losses.len(), 13, "{losses:#?}");
    let table = connectors_codegen::reach(&generator.overlaid().unwrap(), &client);
    let links = &table[&connectors_codegen::Declared::Link];
    assert_eq!((links.declared, links.reached, links.noted, links.silent.len()), (20, 7, 13, 0));
}

#[test]
fn a_link_whose_name_begins_with_a_digit_has_a_method_in_snake_case() {
    let text = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  \
        /a: {get: {operationId: first, responses: {'200': {description: x, links: {1alloc: {operationId: second}}}}}}\n  \
        /b: {get: {operationId: second, responses: {'204': {description: x}}}}\n";
    let client = Generator::new(Node::parse("t.yaml", text).unwrap()).generate().unwrap();
    assert!(client.code.contains("fn first_then_1alloc("), "{}", Listing::of(&client));
}
