//! Every command, by the example in its own help.

use serde_json::{Value, json};

use crate::support::World;

/// Prepares the state that an example needs.
async fn prepare(world: &World, command: &str) {
    let run = async |line: &str| {
        let ran = world.run(line).await;
        assert_eq!(ran.code, 0, "{line}: {ran:?}");
    };
    match command {
        "c1 confirm" => {
            let failed = json!("SYNC_STATUS_ERROR");
            assert!(world.tenant.set_connector_field("app-github", "github-02", "/status/status", failed));
        }
        "c1 resume" => run("c1 pause app-github/github-03").await,
        "c1 revoke" => run("c1 rotate app-github/github-01 --secret-file old.secret").await,
        "cassette test" => run("probe c1 --yes --record probe.json").await,
        "plan" | "apply" => run("export c1 --to connectors.toml").await,
        "pipeshub upload" => world.write("reports/2026.txt", "all is well"),
        "logout" => {
            run("login c1 --client-id robot@example.conductor.one/spc --client-secret env:C1_SECRET --profile robot")
                .await
        }
        _ => {}
    }
}

/// The time that an example waits on a live service is shorter against a fake.
fn hurried(command: &str) -> &'static str {
    match command {
        "c1 sync" | "pipeshub index wait" | "pipeshub delete" => " --poll 100ms",
        "pipeshub sync run" => " --poll 100ms --settle 0s",
        "pipeshub sync wait" => " --poll 100ms --begin 0s --settle 0s",
        _ => "",
    }
}

/// Panics if a document of a command does not fit cli.schema.json, or has a field that the definition lacks.
fn fits(definition: &str, document: &Value) {
    let schema: Value = serde_json::from_str(include_str!("../../cli.schema.json")).unwrap();
    let problems: Vec<String> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(document).map(|it| it.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}\n{document:#}");
    let definition = &schema["$defs"][definition];
    assert!(definition.is_object(), "the schema lacks a definition");
    for (name, _) in document["items"].as_array().unwrap().iter().filter_map(Value::as_object).flatten() {
        let is_known = definition["properties"].get(name).is_some() || definition["additionalProperties"] == true;
        assert!(is_known, "the schema lacks {name}: {document:#}");
    }
}

async fn page() -> Vec<Value> {
    let world = World::start().await;
    let ran = world.run("agents").await;
    assert_eq!(ran.code, 0, "{}", ran.err);
    let page: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(page["version"], 1);
    assert_eq!(page["exitCodes"].as_array().unwrap().len(), 10);
    let meaning = page["exitCodes"][1]["meaning"].as_str().unwrap();
    assert!(meaning.ends_with("cannot be printed after a change"), "{meaning}");
    let rules = page["rules"].as_array().unwrap();
    assert!(
        rules.iter().any(|rule| rule.as_str().unwrap().contains("`agents` always prints this document")),
        "{rules:?}"
    );
    fits("agents", &page);
    page["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_has_an_example_in_its_help_that_works() {
    let rows = page().await;
    assert!(rows.len() > 45, "{}", rows.len());
    for row in rows {
        let command = row["command"].as_str().unwrap();
        let example = row["example"].as_str().unwrap_or_else(|| panic!("`{command}` has no example"));
        assert!(row["effect"].is_string() && row["about"].is_string(), "{row}");
        let world = World::start().await;
        let help = world.run(&format!("{command} --help")).await;
        let shown = help.out.replace(" \\\n    ", " ");
        assert!(help.code == 0 && shown.contains(example), "{command}: {}", help.out);
        prepare(&world, command).await;
        let line = example.strip_prefix("connectors ").unwrap();
        let ran = world.run(&format!("{line}{}", hurried(command))).await;
        // These two report the findings of the demo.
        let expected = i32::from(matches!(command, "status" | "pipeshub doctor"));
        assert_eq!(ran.code, expected, "{example}\n{}{}", ran.out, ran.err);
        // Programs can parse the output, unless it is a text.
        if !matches!(command, "completions" | "agents" | "probe") {
            fits(&command.replace(' ', "-"), &json!({"version": 1, "command": command, "items": ran.rows()}));
        }
        world.check_files();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_of_every_write_prints_the_change_and_sends_nothing() {
    for row in page().await {
        let (command, effect) = (row["command"].as_str().unwrap(), row["effect"].as_str().unwrap());
        let is_local = matches!(command, "c1 download" | "cassette test" | "export" | "login" | "logout" | "man");
        let is_write = matches!(effect, "sets" | "acts" | "deletes");
        if !(is_local || is_write) || matches!(command, "apply" | "pipeshub doctor") {
            continue;
        }
        let world = World::start().await;
        prepare(&world, command).await;
        // A dry run still reads.
        let line = match command {
            "c1 api" => {
                "c1 api connectors.pause_sync -p app_id=app-github -p connector_id=github-01 -b '{}'".to_owned()
            }
            "pipeshub api" => "pipeshub api control.toggle -p connectorId=s3-01 -b '{\"type\": \"sync\"}'".to_owned(),
            "pipeshub filters" => "pipeshub filters s3-01 --switch --set '{\"sync\": {}}'".to_owned(),
            _ => row["example"].as_str().unwrap().strip_prefix("connectors ").unwrap().to_owned(),
        };
        world.tenant.clear_requests();
        world.instance.clear_requests();
        let before = files(&world);
        let ran = world.run(&format!("{line} --dry-run --json")).await;
        assert_eq!(ran.code, 0, "{line}: {ran:?}");
        assert_eq!(files(&world), before, "{line} wrote a file");
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        fits("dry-run", &document);
        let rows = document["items"].as_array().unwrap();
        assert!(!rows.is_empty() && rows.iter().all(|row| row["dryRun"] == true), "{line}: {}", ran.out);
        let reads = |method: &str, path: &str| {
            method == "GET" || path.ends_with("/token") || path.ends_with("/connectorcatalog")
        };
        let sent = world.tenant.requests().into_iter().chain(world.instance.requests());
        let writes: Vec<String> = sent.filter(|it| !reads(&it.method, &it.path)).map(|it| it.path).collect();
        assert!(writes.is_empty(), "{line} sent {writes:?}");
    }
}

/// The files of a world with their content.
fn files(world: &World) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![world.folder.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push((path.clone(), std::fs::read(&path).unwrap())) }
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_values_and_the_places_of_secrets() {
    let world = World::start().await;
    let change = async |line: &str| {
        let ran = world.run(&format!("{line} --dry-run")).await;
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.rows()[0].clone()
    };
    let of_c1 = change(
        "c1 create app-github catalog-github --name New --set GITHUB_ORGANIZATION=o --secret GITHUB_TOKEN=env:UNSET",
    )
    .await;
    let config = json!({"GITHUB_ORGANIZATION": "o", "GITHUB_TOKEN": {"from": "env:UNSET"}});
    assert_eq!((&of_c1["change"]["name"], &of_c1["change"]["config"]), (&json!("New"), &config));
    let filters =
        "pipeshub filters s3-02 --set '{\"sync\": {\"buckets\": {\"operator\": \"in\", \"value\": [\"logs\"]}}}'";
    let filters = change(filters).await;
    assert_eq!(filters["change"]["filters"]["sync"]["buckets"]["value"], json!(["logs"]), "{filters}");
    std::fs::write(world.path("body.json"), r#"{"clientSecret": "PLANTED", "n": 1}"#).unwrap();
    let api = "c1 api connectors.pause_sync -p app_id=app-github -p connector_id=github-01 -b @body.json";
    let api = change(api).await;
    let would = api["would"].as_str().unwrap();
    assert!(would.starts_with("POST ") && would.contains("app-github") && would.contains("github-01"), "{would}");
    assert_eq!(api["change"]["body"], json!({"clientSecret": "[redacted]", "n": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_commands_and_the_manual_are_complete() {
    let rows = page().await;
    let world = World::start().await;
    assert_eq!(world.run("man manual").await.code, 0);
    for row in &rows {
        let name = format!("manual/connectors-{}.1", row["command"].as_str().unwrap().replace(' ', "-"));
        assert!(world.path(&name).exists(), "{name}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = world.run(&format!("completions {shell}")).await;
        assert!(ran.code == 0 && ran.out.contains("pipeshub"), "{shell}: {}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_listed_and_one_of_each_kind_is_called() {
    let world = World::start().await;
    for (service, operations) in
        [("c1", connectors::c1::api::OPERATIONS), ("pipeshub", connectors::pipeshub::api::OPERATIONS)]
    {
        let listed = world.run(&format!("{service} api")).await.column("operation");
        let mut known: Vec<&str> = operations.iter().map(|it| it.id()).collect();
        let mut listed: Vec<&str> = listed.iter().map(String::as_str).collect();
        known.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, known);
    }
    let json = |ran: crate::support::Ran| -> Value {
        assert_eq!(ran.code, 0, "{ran:?}");
        serde_json::from_str(&ran.out).unwrap()
    };
    // A list with a query, a body from a file, and multipart parts.
    let page = json(world.run("c1 api connectors.list -p app_id=app-github -p page_size=10").await);
    assert_eq!(page["list"].as_array().unwrap().len(), 10);
    world.write("body.json", "{\"updateMask\": \"displayName\", \"connector\": {\"displayName\": \"By a file\"}, \"wide\": 123456789012345678901}");
    let line = "c1 api c1.api.app.v1.ConnectorService.UpdateDelegated -p connector_app_id=app-github -p connector_id=github-01 -b @body.json";
    assert_eq!(json(world.run(line).await)["connectorView"]["connector"]["displayName"], "By a file");
    let sent = |it: &connectors_fake::Request| String::from_utf8_lossy(&it.body).contains("123456789012345678901");
    assert!(world.tenant.requests().iter().any(sent), "numbers are not rounded");
    world.write("a.txt", "all is well");
    let manifest = json!({"batchId": "b", "timestamp": 1, "events": [
        {"type": "CREATED", "path": "a.txt", "timestamp": 1, "isDirectory": false, "contentField": "file_0"}]});
    let line = format!(
        "pipeshub api control.upload_file_events -p connectorId=local-01 --part 'manifest={manifest}' --part file_0=@a.txt"
    );
    assert_eq!(json(world.run(&line).await)["success"], true);
    assert_eq!(world.instance.uploads("local-01").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_the_type_does_not_have_is_refused_with_the_nearest() {
    let world = World::start().await;
    for line in ["pipeshub create S3 Reports --set accesKey=A", "pipeshub set s3-01 --secret accesKey=env:S3_SECRET"] {
        let ran = world.run(line).await;
        assert!(ran.code == 2 && ran.err.contains("unknown key `accesKey` (did you mean `accessKey`?)"), "{ran:?}");
    }
    assert!(world.instance.requests().iter().all(|it| it.method == "GET" || it.path.ends_with("/token")));
}
