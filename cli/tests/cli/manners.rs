//! Exit codes, profiles, secrets, terminals, Ctrl-C.

use std::time::Duration;

use connectors_fake::Fault;
use connectors_fake::c1::SyncScript;
use serde_json::{Value, json};

use crate::support::{PLANTED, World};

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_depends_on_the_kind_of_failure() {
    let world = World::start().await;
    let fault = |status, operation: &str| world.tenant.fault(Fault::status(status).on(operation).always());
    assert_eq!(world.run("c1 nonsense").await.code, 2);
    assert_eq!(world.run("c1 show app-github/none").await.code, 4);
    assert_eq!(world.run("c1 api no.such").await.code, 2);
    assert_eq!(world.run("c1 delete app-github/github-01").await.code, 2);
    assert_eq!(world.run("pipeshub resync drive-01").await.code, 5);
    for (status, code) in [(401, 3), (403, 3), (404, 4), (409, 5), (400, 2)] {
        world.tenant.clear_faults();
        fault(status, "ConnectorService.Get");
        assert_eq!(world.run("c1 show app-github/github-01").await.code, code, "{status}");
    }
    world.tenant.clear_faults();
    world.tenant.fault(Fault::status(429).header("retry-after", "120").on("ConnectorService.Get").always());
    let limited = world.run("c1 show app-github/github-01").await;
    assert!(limited.code == 6 && limited.err.contains("retry after 120 s"), "{limited:?}");
    world.tenant.clear_faults();
    world.tenant.fault(Fault::truncated_json().on("ConnectorService.Get").always());
    assert_eq!(world.run("c1 show app-github/github-01").await.code, 7);
    world.tenant.clear_faults();
    world.tenant.fault(Fault::close_after_request().applied().on("ForceSync"));
    let lost = world.run("c1 sync app-github/github-01").await;
    assert!(lost.code == 8 && lost.err.contains("error (unknown)"), "{lost:?}");
    let anonymous = world.run_with("c1 apps", &[("CONDUCTORONE_CLIENT_ID", "")]).await;
    assert!(anonymous.code == 3 && anonymous.err.contains("connectors login c1"), "{anonymous:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_sync_reports_its_outcome_and_confirms_nothing_by_itself() {
    let world = World::start().await;
    world.tenant.next_sync(SyncScript::error("the source is down"));
    let failed = world.run("c1 sync app-github/github-01 --watch --poll 100ms").await;
    assert_eq!(failed.code, 1, "{failed:?}");
    assert_eq!(failed.rows()[0]["outcome"], "failed: the source is down");
    assert!(failed.err.contains("running since"), "{}", failed.err);
    let held = json!("SYNC_STATUS_ERRORED_NO_DATA");
    assert!(world.tenant.set_connector_field("app-github", "github-02", "/status/status", held));
    world.tenant.clear_requests();
    let held = world.run("c1 sync app-github/github-02 --watch").await;
    assert_eq!((held.code, &held.rows()[0]["state"]), (1, &json!("held-back")));
    let todo = held.rows()[0]["todo"].as_str().unwrap().to_owned();
    assert!(todo.contains("connectors c1 confirm app-github/github-02 LIFECYCLE --yes"), "{todo}");
    assert!(world.tenant.requests().iter().all(|it| it.method == "GET" || it.path.ends_with("/token")));
    world.run("c1 pause app-github/github-03").await;
    let paused = world.run("c1 sync app-github/github-03").await;
    assert!(paused.code == 1 && paused.rows()[0]["because"] == "paused by a user", "{paused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_are_stored_in_a_file_that_only_the_owner_can_read() {
    let world = World::start().await;
    let none = [("CONDUCTORONE_CLIENT_ID", ""), ("PIPESHUB_CLIENT_ID", "")];
    let login = world.run_with(&format!("login c1 --tenant {}", world.tenant.url()), &none).await;
    assert_eq!(login.code, 0, "{login:?}");
    assert!(login.err.contains("and confirm the code"), "{}", login.err);
    assert_eq!(world.run_with("c1 list app-okta", &none).await.code, 0);
    let token = world.instance.personal_access_token();
    let line = format!("login pipeshub --instance {} --token env:TOKEN --check", world.instance.url());
    assert_eq!(world.run_with(&line, &[("TOKEN", token.as_str()), none[0], none[1]]).await.code, 0);
    assert_eq!(world.run_with("pipeshub list", &none).await.code, 0);
    let profiles = world.run("profiles").await;
    assert_eq!(profiles.column("service"), ["c1", "pipeshub"]);
    assert!(!profiles.out.contains(&token));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for file in ["profiles.toml", "a.secret"] {
            world.run("c1 rotate app-github/github-01 --secret-file a.secret").await;
            let mode = std::fs::metadata(world.path(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
    assert!(world.read("a.secret").starts_with("secret-token:"));
    assert_eq!(world.run_with("logout c1", &none).await.code, 0);
    assert_eq!(world.run_with("c1 apps", &none).await.code, 3);
    // A wrong secret is rejected when it is stored, and is not printed.
    let wrong = world.run_with("login c1 --client-id a@b/spc --client-secret env:TOKEN", &[("TOKEN", PLANTED)]).await;
    assert_eq!(wrong.code, 2, "{wrong:?}");
    // A failed login does not change the working profile.
    let before = world.read("profiles.toml");
    let line = format!("login pipeshub --instance {} --token env:TOKEN --check", world.instance.url());
    assert_eq!(world.run_with(&line, &[("TOKEN", PLANTED), none[0], none[1]]).await.code, 3);
    assert_eq!(world.read("profiles.toml"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_read_from_references_and_never_printed() {
    let world = World::start().await;
    world.write("token.secret", "PLANTED-of-a-file\n");
    for (number, place) in
        ["env:GITHUB_TOKEN", "file:token.secret", "'cmd:printf PLANTED-of-a-command'"].iter().enumerate()
    {
        let place = place.trim_matches('\'');
        let line = format!(
            "c1 create app-github catalog-github --name N{number} --set GITHUB_ORGANIZATION=o --secret 'GITHUB_TOKEN={place}' -vv"
        );
        let ran = world.run(&line).await;
        assert_eq!(ran.code, 0, "{ran:?}");
        let id = ran.rows()[0]["id"].as_str().unwrap().split_once('/').unwrap().1.to_owned();
        let stored = world.tenant.connector("app-github", &id).unwrap();
        let secret = stored["config"]["configuration"]["GITHUB_TOKEN"]["stringValue"].as_str().unwrap().to_owned();
        assert!(secret.starts_with(PLANTED) && !secret.ends_with('\n'), "{secret}");
    }
    for line in [
        "pipeshub show s3-01",
        "pipeshub show drive-01",
        "pipeshub api config.get_config -p connectorId=s3-01",
        "c1 show app-github/github-01",
    ] {
        let ran = world.run(line).await;
        assert_eq!(ran.code, 0, "{line}: {ran:?}");
    }
    assert!(
        world.run("pipeshub api config.get_config -p connectorId=s3-01 --reveal").await.out.contains("fake-secret-key")
    );
    // A secret itself on the command line is rejected, and not printed.
    let wrong = world.run("c1 create app-github catalog-github --secret GITHUB_TOKEN=PLANTED").await;
    assert_eq!(wrong.code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_objects_in_a_pipe_one_document_with_json_and_a_table_on_a_terminal() {
    let world = World::start().await;
    let lines = world.run("c1 apps").await;
    assert_eq!(lines.rows().len(), 2);
    let picked = world.run("c1 apps --fields id,name").await;
    assert_eq!(picked.out, "{\"id\":\"app-github\",\"name\":\"GitHub\"}\n{\"id\":\"app-okta\",\"name\":\"Okta\"}\n");
    let schema: Value = serde_json::from_str(include_str!("../../cli.schema.json")).unwrap();
    for line in ["c1 apps", "c1 list", "c1 show app-github/github-01", "pipeshub list", "status", "pipeshub doctor"] {
        let document: Value = serde_json::from_str(&world.run(&format!("{line} --json")).await.out).unwrap();
        let expected = line.split(' ').take(if line == "status" { 1 } else { 2 }).collect::<Vec<_>>().join(" ");
        assert_eq!(
            (&document["version"], &document["command"]),
            (&schema["properties"]["version"]["const"], &json!(expected))
        );
        assert!(document["items"].is_array());
    }
    let (code, plain) = world.on_terminal("connectors c1 apps", false).await;
    let table = "ID          NAME    USERS  DESCRIPTION\napp-github  GitHub  420    Where the code is\napp-okta    Okta    0      \n";
    assert_eq!((code, plain.as_str()), (0, table));
    let (_, coloured) = world.on_terminal("connectors c1 list app-okta --fields name,state", true).await;
    assert_eq!(coloured, "\u{1b}[1mNAME\u{1b}[0m  \u{1b}[1mSTATE\u{1b}[0m\nOkta  \u{1b}[32mdone\u{1b}[0m\n");
    let (_, one) = world.on_terminal("connectors c1 pause app-okta/okta-01 --fields id,state", false).await;
    assert_eq!(one, "127.0.0.1:8765: pause app-okta/okta-01\nFIELD  VALUE\nid     app-okta/okta-01\nstate  paused\n");
    // The text of a service cannot control the terminal.
    world.tenant.set_connector_field("app-okta", "okta-01", "/displayName", json!("a\u{1b}[2Jb\nc"));
    let (_, steered) = world.on_terminal("connectors c1 list app-okta --fields name", false).await;
    assert_eq!(steered, "NAME\na [2Jb c\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_prints_only_results_and_verbose_traces_calls() {
    let world = World::start().await;
    let quiet = world.run("c1 pause app-github/github-01 --quiet").await;
    assert!(quiet.err.is_empty() && quiet.rows().len() == 1, "{quiet:?}");
    let verbose = world.run("c1 apps --verbose").await;
    assert!(verbose.err.contains("list_apps") || verbose.err.contains("/api/v1/apps"), "{}", verbose.err);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_and_a_supervisor_s_signal_report_what_may_have_happened() {
    let world = World::start().await;
    let interrupt = async |signal: &str, line: &str, is_under_way: fn(&[String]) -> bool| {
        world.tenant.clear_requests();
        let child = world.command(line, &[]).spawn().unwrap();
        let id = child.id().unwrap().to_string();
        let paths = || world.tenant.requests().into_iter().map(|it| it.path).collect::<Vec<_>>();
        while !is_under_way(&paths()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let killed = tokio::process::Command::new("kill").args([signal, &id]).status().await.unwrap();
        assert!(killed.success());
        world.end(child, line).await
    };
    world.tenant.fault(Fault::delay(Duration::from_secs(20)).on("PauseSync"));
    let write =
        interrupt("-TERM", "c1 pause app-github/github-01", |sent| sent.iter().any(|it| it.ends_with("/pause"))).await;
    assert_eq!(write.code, 8, "{write:?}");
    assert!(
        write.err.contains("interrupted: pause app-github/github-01; the service may have processed it"),
        "{}",
        write.err
    );
    // A poll after the sync was forced shows that the command waits.
    let polled = |sent: &[String]| {
        sent.iter().position(|it| it.ends_with("/force_sync")).is_some_and(|forced| forced + 1 < sent.len())
    };
    let wait = interrupt("-INT", "c1 sync app-github/github-02 --watch --poll 60s", polled).await;
    assert_eq!(wait.code, 130, "{wait:?}");
    assert!(wait.err.contains("interrupted: the sync of app-github/github-02; it continues by itself"), "{}", wait.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_doctor_report_problems_and_fix_named_connectors() {
    let world = World::start().await;
    let set = |id: &str, pointer: &str, value: Value| {
        assert!(world.tenant.set_connector_field("app-github", id, pointer, value))
    };
    set("github-02", "/status/status", json!("SYNC_STATUS_ERROR"));
    set("github-02", "/status/lastError", json!("bad credentials"));
    set("github-03", "/status/completedAt", json!("2020-01-01T00:00:00Z"));
    set("github-04", "/userIds", json!([]));
    set("github-05", "/status", json!({"status": "SYNC_STATUS_UNSPECIFIED"}));
    world.run("c1 pause app-github/github-06").await;
    world.run("c1 rotate app-github/github-01 --secret-file a.secret").await;
    let status = world.run("status c1 --credential app-github/github-01/credential-0001").await;
    assert_eq!(status.code, 1, "{status:?}");
    let found: Vec<String> = status
        .rows()
        .iter()
        .map(|row| format!("{} {}", row["id"].as_str().unwrap(), row["finding"].as_str().unwrap()))
        .collect();
    let expected = [
        "app-github/github-01/credential-0001 credential-unused",
        "app-github/github-02 failing",
        "app-github/github-03 stale",
        "app-github/github-04 ownerless",
        "app-github/github-05 never-synced",
        "app-github/github-06 paused",
    ];
    assert_eq!(found, expected);
    let fresh = world.run("status c1 --max-age 20000d").await;
    assert!(!fresh.column("finding").contains(&"stale".to_owned()), "{fresh:?}");

    let records = json!({"success": true, "data": {"stats": {"total": 20, "indexingStatus":
        {"COMPLETED": 9, "FAILED": 4, "NOT_STARTED": 3, "AUTO_INDEX_OFF": 2}}}});
    world.instance.fault(Fault::status(200).json(&records).on("getConnectorStats").times(2));
    let doctor = world.run("pipeshub doctor s3-01").await;
    let rows: Vec<String> =
        doctor.rows().iter().map(|row| format!("{} {}", row["finding"].as_str().unwrap(), row["records"])).collect();
    assert_eq!(
        (doctor.code, rows),
        (1, ["stranded 2", "failed 4", "never-indexed 3", "stranded 2"].map(str::to_owned).to_vec())
    );
    let fixed = world.run("pipeshub doctor s3-01 --fix").await;
    assert_eq!(fixed.column("fixed"), ["true", "true", "true", "false"]);
    // A sync that was switched off is switched on only if it is named.
    world.run("pipeshub sync off s3-01").await;
    let unnamed = world.run("pipeshub doctor --fix").await;
    assert_eq!(world.instance.connector("s3-01").unwrap()["isActive"], false, "{unnamed:?}");
    world.run("pipeshub doctor s3-01 --fix").await;
    assert_eq!(world.instance.connector("s3-01").unwrap()["isActive"], true);
}
