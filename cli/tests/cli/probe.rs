//! `probe` against fakes with differences, and recordings that become tests.

use connectors_codegen::{Generator, Node};
use connectors_fake::Fault;
use serde_json::{Value, json};

use crate::support::World;

/// The response of an operation.
async fn response(world: &World, call: &str) -> Value {
    let ran = world.run(call).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    serde_json::from_str(&ran.out).unwrap()
}

/// Probes without and with the overlay that the probe has written: with it, nothing differs from the document.
async fn corrected(world: &World, service: &str, document: &str, expected: &[&str]) {
    let rows = world.run(&format!("probe {service} --yes")).await;
    let overlay = rows.out;
    assert_eq!(rows.code, 1, "{overlay}\n{}", rows.err);
    let found = world.run(&format!("probe {service} --yes --json")).await;
    let found: Value = serde_json::from_str(&found.out).unwrap();
    let rows = found["items"].as_array().unwrap();
    let of_document: Vec<&str> = rows.iter().filter_map(|row| row["difference"].as_str()).collect();
    for expected in expected {
        assert!(of_document.iter().any(|line| line.contains(expected)), "{expected}\n{of_document:#?}");
    }
    assert_eq!(of_document.len(), expected.len(), "{of_document:#?}");
    assert_eq!(rows.len(), expected.len(), "there are no other differences: {rows:#?}");
    for row in rows {
        assert!(!row["evidence"].as_array().unwrap().is_empty() && !row["fake"].as_str().unwrap().is_empty(), "{row}");
    }
    world.check(&overlay, "probe");
    let generator = Generator::new(Node::parse("document.json", document).unwrap());
    let overlaid = generator.overlay(Node::parse("overlay.yaml", &overlay).unwrap()).overlaid();
    let overlaid = overlaid.unwrap_or_else(|error| panic!("{error}\n{overlay}"));
    world.write("overlaid.json", &overlaid.to_json().to_string());
    let again = world.run(&format!("probe {service} --yes --document overlaid.json")).await;
    assert!(again.out.contains("From the document: 0 differences."), "{overlay}\n{}", again.out);
    // The document allows it now, but the fake still does not do it.
    assert_eq!(again.code, 1, "{}", again.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_differs_in_five_places_is_reported_in_five_and_in_none_once_its_overlay_is_applied() {
    let world = World::start().await;
    let get = "c1 api connectors.get -p app_id=app-github -p id=github-01";
    let mut view = response(&world, get).await;
    let connector = &mut view["connectorView"]["connector"];
    connector["canResumeSync"] = Value::Null;
    connector["description"] = json!(7);
    connector["createdAt"] = json!("PLANTED is no time");
    connector["newField"] = json!({"secret": "PLANTED"});
    world.tenant.fault(Fault::status(200).json(&view).on("ConnectorService.Get").always());
    let media = Fault::content_type("application/x-planted+json").on("ConnectorCatalogService.ConfigurationSchema");
    world.tenant.fault(media.always());
    let expected = [
        "null is not allowed",
        "integer is not an allowed type",
        "the rule `format` is broken",
        "`newField` is not documented",
        "the media type application/x-planted+json is not documented",
    ];
    corrected(&world, "c1", connectors::c1::DOCUMENT, &expected).await;
    // Only reads were sent.
    let is_read = |it: &connectors_fake::Request| {
        it.method == "GET" || it.path.ends_with("/token") || it.path.ends_with("/connectorcatalog")
    };
    assert!(world.tenant.requests().iter().all(is_read));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_differs_in_seven_places_is_reported_in_seven_and_in_none_once_its_overlay_is_applied() {
    let world = World::start().await;
    let mut shown = response(&world, "pipeshub api connectors.get -p connectorId=s3-01").await;
    let connector = &mut shown["connector"];
    connector["scope"] = json!("PLANTED-scope");
    connector["isActive"] = Value::Null;
    connector["iconPath"] = json!(7);
    world.instance.fault(Fault::status(200).json(&shown).on("getConnectorInstance").always());
    let mut stats = response(&world, "pipeshub api connectors.stats -p connectorId=s3-01").await;
    stats["data"]["newField"] = json!("PLANTED");
    world.instance.fault(Fault::status(200).json(&stats).on("getConnectorStats").always());
    let mut graph = response(&world, "pipeshub api records.navigate").await;
    assert!(graph.as_object_mut().unwrap().remove("breadcrumbs").is_some());
    world.instance.fault(Fault::status(200).json(&graph).on("navigateKnowledgeGraph").always());
    let active = response(&world, "pipeshub api connectors.list_active").await;
    world.instance.fault(Fault::status(206).json(&active).on("listActiveConnectors").always());
    world.instance.fault(Fault::content_type("text/x-planted").on("listInactiveConnectors").always());
    let expected = [
        "x string of length 13",
        "null is not allowed",
        "integer is not an allowed type",
        "`newField` is not documented",
        "the required `breadcrumbs` is missing",
        "the status 206 is not documented",
        "the media type text/x-planted is not documented",
    ];
    corrected(&world, "pipeshub", connectors::pipeshub::DOCUMENT, &expected).await;
    assert!(world.instance.requests().iter().all(|it| it.method == "GET" || it.path.ends_with("/token")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_probed_only_after_confirmation() {
    let world = World::start().await;
    let ran = world.run("probe pipeshub").await;
    assert!(ran.code == 2 && ran.err.contains("--yes") && ran.err.contains("only reads"), "{ran:?}");
    let ran = world.run("probe pipeshub --dry-run").await;
    assert!(ran.code == 0 && ran.column("would").contains(&"read getConnectorStats".to_owned()), "{ran:?}");
    assert!(world.instance.requests().is_empty());
    // A service does not differ from itself.
    let ran = world.run("probe pipeshub --yes").await;
    assert!(ran.code == 0 && ran.out.contains("From the document: 0 differences."), "{ran:?}");
    // Missing permissions and rate limits are not differences.
    world.tenant.fault(Fault::status(403).on("Apps.Get").always());
    let ran = world.run("probe c1 --yes").await;
    assert!(ran.code == 0 && ran.out.contains("Not compared: 2 x 403: c1.api.app.v1.Apps.Get"), "{ran:?}");
    assert!(ran.err.contains("GET of 8 operations and the search c1.api.integration"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_has_compared_nothing_fails() {
    let world = World::start().await;
    for step in world.run("probe pipeshub --dry-run").await.column("would") {
        let operation = step.strip_prefix("read ").unwrap();
        world.instance.fault(Fault::status(403).on(operation).always());
    }
    let ran = world.run("probe pipeshub --yes").await;
    assert!(ran.code == 3 && ran.err.contains("no response was compared"), "{ran:?}");
    // No server listens there.
    let nowhere = [("PIPESHUB_INSTANCE_URL", "http://127.0.0.1:9")];
    let ran = world.run_with("probe pipeshub --yes --record nowhere.json", &nowhere).await;
    assert!(ran.code == 7 && ran.out.is_empty() && !world.path("nowhere.json").exists(), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_becomes_the_test_in_recorded() {
    let world = World::start().await;
    // The requests for a token, and with a parameter that only an untyped call can repeat, are left out.
    let golden = [
        ("recorded", include_str!("recorded.json"), include_str!("recorded.rs"), [4, 2]),
        ("recorded_pipeshub", include_str!("recorded_pipeshub.json"), include_str!("recorded_pipeshub.rs"), [5, 0]),
    ];
    for (name, recording, test, counts) in golden {
        let file = format!("tests/cli/{name}.json");
        world.write(&file, recording);
        let ran = world.run(&format!("cassette test {file} --to {name}.rs --json")).await;
        assert_eq!(ran.code, 0, "{ran:?}");
        let done: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!([&done["items"][0]["calls"], &done["items"][0]["leftOut"]], counts);
        let written = world.read(&format!("{name}.rs"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(format!("{}/tests/cli/{name}.rs", env!("CARGO_MANIFEST_DIR")), &written).unwrap();
        }
        assert_eq!(written, test, "run this test with UPDATE=1");
    }
    // Existing files are not overwritten, and a file that is not a recording is an error.
    assert_eq!(world.run("cassette test tests/cli/recorded.json --to recorded.rs").await.code, 2);
    world.write("other.json", "{\"request\": {}}");
    assert_eq!(world.run("cassette test other.json --to other.rs").await.code, 2);
    // A recording without a typed call is an error, too: its test could not fail.
    let request =
        json!({"method": "GET", "path": "/api/v1/connectors/record/lookup", "query": [["identifiers", "text-1"]]});
    world.write("untyped.json", &json!({"request": request, "response": {"status": 200}}).to_string());
    let ran = world.run("cassette test untyped.json --to untyped.rs").await;
    assert!(ran.code == 2 && !world.path("untyped.rs").exists(), "{ran:?}");
    // A whole probe of either service can be replayed.
    for (service, least) in [("c1", 20), ("pipeshub", 20)] {
        assert_eq!(world.run(&format!("probe {service} --yes --record {service}.json")).await.code, 0);
        let ran = world.run(&format!("cassette test {service}.json --to {service}.rs --json")).await;
        let done: Value = serde_json::from_str(&ran.out).unwrap();
        assert!(done["items"][0]["calls"].as_u64().unwrap() >= least, "{done}");
        let tokens = world.read(&format!("{service}.json")).matches("\"grant_type\"").count();
        assert_eq!(done["items"][0]["leftOut"], tokens, "all other calls are typed");
    }
    world.check_files();
}
