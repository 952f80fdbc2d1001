//! Connectors as files: export, plan, apply.

use std::collections::BTreeSet;

use connectors_fake::Fault;
use connectors_fake::c1::Seed;
use serde_json::{Value, json};

use crate::support::{Numbers, World, setting};

/// A seed without connectors, and with the demo's apps and catalog.
pub fn empty() -> Seed {
    let text = json!({"displayName": "GitHub", "fields": [
        {"name": "GITHUB_ORGANIZATION", "str": {"valueValidator": {"minLen": "1"}}},
        {"name": "GITHUB_TOKEN", "str": {"secret": true}},
        {"name": "SYNC_ARCHIVED", "checkbox": {}},
        {"name": "REPOSITORIES", "strList": {}},
        {"name": "LABELS", "keyValue": {}},
    ]});
    Seed::empty()
        .app(json!({"id": "app-github", "displayName": "GitHub"}))
        .app(json!({"id": "app-okta", "displayName": "Okta"}))
        .catalog_entry("catalog-github", json!({"schema": text}))
        .catalog_entry(
            "catalog-okta",
            json!({"schema": {"displayName": "Okta", "fields": [{"name": "OKTA_DOMAIN", "str": {}}]}}),
        )
}

/// A file with this many connectors of one catalog entry, and this many of PipesHub.
pub fn file(c1: usize, pipeshub: usize) -> String {
    let mut text = "version = 1\n".to_owned();
    for number in 0..c1 {
        text.push_str(&format!(
            "[c1.github-{number}]\napp = \"app-github\"\ncatalog = \"catalog-github\"\nname = \"GitHub {number}\"\n\
             description = \"number {number}\"\nusers = [\"user-ada\"]\npaused = {paused}\n\
             [c1.github-{number}.config]\nGITHUB_ORGANIZATION = \"org-{number}\"\nSYNC_ARCHIVED = true\n\
             REPOSITORIES = [\"a\", \"b\"]\nLABELS = {{ team = \"t{number}\" }}\n\
             GITHUB_TOKEN = {{ secret = \"env:GITHUB_TOKEN\" }}\n\
             [c1.github-{number}.schedule]\ncron = \"0 {hour} * * *\"\ntimezone = \"UTC\"\n\
             [c1.github-{number}.owners]\nowner = [\"user-grace\", \"app-okta/admins\"]\n",
            hour = number % 24,
            paused = number % 7 == 3,
        ));
    }
    for number in 0..pipeshub {
        text.push_str(&format!(
            "[pipeshub.s3-{number}]\ntype = \"S3\"\nname = \"Bucket {number}\"\nscope = \"team\"\nauth_type = \"ACCESS_KEY\"\n\
             sync = {on}\nagent = false\n[pipeshub.s3-{number}.auth]\naccessKey = \"AKIA{number}\"\nbucket = \"b{number}\"\n\
             secretKey = {{ secret = \"env:S3_SECRET\" }}\n[pipeshub.s3-{number}.sync_config]\nselectedStrategy = \"MANUAL\"\n",
            on = number % 2 == 0,
        ));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_export_the_plan_is_empty_and_no_secret_is_in_a_file() {
    let world = World::start().await;
    let owners = world.run("c1 owners app-github/github-01 --add user-grace --add app-okta/admins").await;
    assert_eq!(owners.code, 0, "{}", owners.err);
    assert_eq!(world.run("export --to all.toml").await.code, 0);
    let shown = world.run("export --folder each --dry-run").await;
    assert!(shown.column("would").iter().all(|it| it.starts_with("write 1 connector to ")), "{}", shown.out);
    assert_eq!(world.run("export --folder each").await.code, 0);
    world.check_files();
    let text = world.read("all.toml");
    assert!(text.contains("GITHUB_TOKEN = { secret = \"env:C1_GITHUB_1_GITHUB_TOKEN\" }"), "{text}");
    assert!(text.contains("secretKey = { secret = \"env:PIPESHUB_ARCHIVE_1_SECRETKEY\" }"), "{text}");
    assert!(text.contains("owner = [\"app-okta/admins\", \"user-grace\"]"), "{text}");
    for files in ["all.toml", "each"] {
        let plan = world.run(&format!("plan {files}")).await;
        assert_eq!((plan.code, plan.out.as_str()), (0, ""), "{files}: {}", plan.err);
        assert!(plan.err.contains("the service does not show it"), "{}", plan.err);
    }
    // A service may return its secrets. No plan prints them.
    let secrets = world.run("plan all.toml --secrets").await;
    assert_eq!(secrets.code, 1, "{}", secrets.err);
    let from = secrets.column("from");
    assert!(from.iter().any(|from| from == "[redacted]"), "{from:?}");
    // Secrets are not needed for a plan, nor for changes without secrets.
    let paused = text.replacen("paused = false", "paused = true", 1);
    world.write("all.toml", &paused);
    assert_eq!(world.run("apply all.toml").await.code, 0);
    assert_eq!(world.run("plan all.toml").await.out, "");
    // An existing file is not replaced by default.
    assert_eq!(world.run("export --to all.toml").await.code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_readme_is_applied_and_changes_no_field_that_it_does_not_have() {
    let readme = include_str!("../../README.md");
    let example = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let example = example.replace("cmd:vault read -field=key secret/s3", "env:S3_SECRET");
    let world = World::with(empty()).await;
    world.write("example.toml", &example);
    let applied = world.run("apply example.toml").await;
    assert_eq!(applied.code, 0, "{applied:?}");
    let plan = world.run("plan example.toml").await;
    assert_eq!((plan.code, plan.out.as_str()), (0, ""), "{}", plan.err);
    // Without `sync` and `scope` in the file, both stay as they are.
    let id = applied.rows().iter().find(|row| row["connector"] == "pipeshub.reports").unwrap()["id"].clone();
    world.write("example.toml", &example.replace("scope = \"team\"\n", "").replace("sync = true\n", ""));
    for _ in 0..2 {
        let again = world.run("apply example.toml").await;
        assert_eq!((again.code, again.out.as_str()), (0, ""), "{}", again.err);
    }
    assert_eq!(world.instance.connector(id.as_str().unwrap()).unwrap()["isActive"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_without_credentials_writes_nothing() {
    let world = World::start().await;
    world.write("backup.toml", "version = 1\n# everything\n");
    let none = [("CONDUCTORONE_CLIENT_ID", ""), ("PIPESHUB_CLIENT_ID", "")];
    let ran = world.run_with("export --to backup.toml --force", &none).await;
    assert!(ran.code == 3 && ran.err.contains("connectors login"), "{ran:?}");
    assert_eq!(world.read("backup.toml"), "version = 1\n# everything\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_shows_each_changed_field_and_drift_and_nothing_else() {
    let world = World::start().await;
    assert_eq!(world.run("export c1 --to c1.toml").await.code, 0);
    let text = world.read("c1.toml").replacen("name = \"GitHub 7\"", "name = \"Seven\"", 1);
    world.write("c1.toml", &text.replacen("GITHUB_ORGANIZATION = \"example\"", "GITHUB_ORGANIZATION = \"other\"", 1));
    // Someone changes connectors outside the files.
    world.run("c1 schedule app-github/github-02 '0 3 * * *'").await;
    world.run("c1 pause app-github/github-03").await;
    world.run("c1 rename app-okta/okta-01 Renamed").await;
    let plan = world.run("plan c1.toml").await;
    assert_eq!(plan.code, 1, "{}", plan.err);
    let mut found: Vec<(String, Value, Value)> = plan
        .rows()
        .iter()
        .map(|row| {
            (
                format!("{} {}", row["connector"].as_str().unwrap(), row["field"].as_str().unwrap()),
                row["from"].clone(),
                row["to"].clone(),
            )
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [
        ("c1.github-1 config.GITHUB_ORGANIZATION", json!("example"), json!("other")),
        ("c1.github-3 paused", json!(true), json!(false)),
        ("c1.github-7 name", json!("GitHub 7"), json!("Seven")),
        ("c1.okta name", json!("Renamed"), json!("Okta")),
    ];
    assert_eq!(found, expected.map(|(field, from, to)| (field.to_owned(), from, to)));
    let only = world.run("plan c1.toml --only github-7").await;
    assert_eq!(only.column("connector"), ["c1.github-7"]);
    // A changed configuration is sent as a whole, so its secret is needed.
    let missing = world.run("apply c1.toml --only github-1").await;
    assert_eq!(missing.code, 2, "{}", missing.out);
    assert!(missing.err.contains("env:C1_GITHUB_1_GITHUB_TOKEN"), "{}", missing.err);
    // Neither are the connectors changed that need none.
    assert_eq!(world.run("apply c1.toml").await.code, 2);
    assert_eq!(world.tenant.connector("app-github", "github-07").unwrap()["displayName"], "GitHub 7");
    let done = world.run_with("apply c1.toml", &[("C1_GITHUB_1_GITHUB_TOKEN", "PLANTED")]).await;
    assert_eq!(done.code, 0, "{} {}", done.out, done.err);
    assert_eq!(world.run("plan c1.toml").await.out, "");
    let stored = world.tenant.connector("app-github", "github-01").unwrap();
    assert_eq!(stored["config"]["configuration"]["GITHUB_TOKEN"]["stringValue"], "PLANTED");
    assert_eq!(stored["config"]["configuration"]["REPOSITORIES"]["stringValue"], "alpha,beta");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_applied_to_an_empty_tenant() {
    let world = World::with(empty()).await;
    world.write("all.toml", &file(12, 4));
    let applied = world.run("apply all.toml").await;
    assert_eq!(applied.code, 0, "{} {}", applied.out, applied.err);
    assert_eq!(applied.column("result"), vec!["done"; 16]);
    assert!(!world.path("all.toml.journal").exists());
    let plan = world.run("plan all.toml").await;
    assert_eq!((plan.code, plan.out.as_str()), (0, ""), "{}", plan.err);
    // Applied again, it sends no change.
    world.tenant.clear_requests();
    assert_eq!(world.run("apply all.toml").await.code, 0);
    let posts: Vec<String> =
        world.tenant.requests().into_iter().filter(|it| it.method == "POST").map(|it| it.path).collect();
    assert!(posts.iter().all(|path| path.ends_with("/token") || path.ends_with("/connectorcatalog")), "{posts:?}");
    // Exported and applied to another tenant, it has the same result.
    assert_eq!(world.run("export --to exported.toml").await.code, 0);
    let other = World::with(empty()).await;
    let secrets: Vec<(String, &str)> = (0..12)
        .map(|number| (format!("C1_GITHUB_{number}_GITHUB_TOKEN"), "PLANTED"))
        .chain((0..4).map(|number| (format!("PIPESHUB_BUCKET_{number}_SECRETKEY"), "PLANTED")))
        .collect();
    let secrets: Vec<(&str, &str)> = secrets.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    // The connectors of another tenant have other ids.
    let exported = world.read("exported.toml");
    let lines = exported.lines().filter(|line| !line.starts_with("id = "));
    let mut text: String = lines.map(|line| format!("{line}\n")).collect();
    // Connectors that the other instance has already are not created again. Its OAuth connector has no secret here.
    text.truncate(text.find("[pipeshub.archive-1").unwrap_or(text.len()));
    other.write("exported.toml", &text);
    let made = other.run_with("apply exported.toml", &secrets).await;
    assert_eq!(made.code, 0, "{} {}", made.out, made.err);
    let plan = other.run("plan exported.toml").await;
    assert_eq!((plan.code, plan.out.as_str()), (0, ""), "{}", plan.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_checked_before_anything_is_sent() {
    let world = World::start().await;
    let good = "[c1.new]\napp = \"app-github\"\ncatalog = \"catalog-github\"\nname = \"New\"\n[c1.new.config]\n";
    let cases = [
        ("[c1.new]\nap = \"app-github\"\n".to_owned(), "unknown key `ap` (did you mean `app`?)"),
        (format!("{good}GITHUB_ORGANISATION = \"x\"\n"), "did you mean `GITHUB_ORGANIZATION`?"),
        (format!("{good}GITHUB_ORGANIZATION = \"x\"\nGITHUB_TOKEN = \"in the clear\"\n"), "config.GITHUB_TOKEN is a secret"),
        (format!("{good}GITHUB_ORGANIZATION = {{ secret = \"PLANTED\" }}\n"), "env:NAME, file:PATH or cmd:COMMAND"),
        (format!("{good}= PLANTED\n"), "line 6: it is not TOML"),
        ("[c1.new]\napp = \"app-github\"\n".to_owned(), "has no name"),
        ("[pipeshub.new]\ntype = \"S3\"\nname = \"New\"\nauth_type = \"ACCESS_KEY\"\n[pipeshub.new.auth]\nacessKey = \"x\"\n".to_owned(),
         "unknown key `auth.acessKey` (did you mean `accessKey`?)"),
        ("[pipeshub.new]\ntype = \"S3\"\nname = \"New\"\nauth_type = \"ACCES_KEY\"\n".to_owned(), "did you mean `ACCESS_KEY`?"),
        ("[pipeshub.new]\nname = \"New\"\n".to_owned(), "needs `type`"),
        // Without `auth_type`, the keys are checked too.
        ("[pipeshub.new]\ntype = \"S3\"\nname = \"New\"\n[pipeshub.new.auth]\naccessKey = \"x\"\nsecretKey = \"plain\"\n".to_owned(),
         "auth.secretKey is a secret"),
        ("[pipeshub.new]\ntype = \"S3\"\nname = \"New\"\n[pipeshub.new.auth]\naccessKey = \"x\"\n".to_owned(),
         "missing key `auth.secretKey`"),
        ("[pipeshub.old]\nid = \"s3-02\"\n[pipeshub.old.auth]\nbuckett = \"x\"\n".to_owned(),
         "unknown key `auth.buckett` (did you mean `bucket`?)"),
        ("[pipeshub.old]\nid = \"s3-02\"\n[pipeshub.old.auth]\nsecretKey = \"plain\"\n".to_owned(),
         "auth.secretKey is a secret"),
    ];
    for (text, expected) in cases {
        world.write("new.toml", &text);
        world.tenant.clear_requests();
        for command in ["plan", "apply"] {
            let ran = world.run(&format!("{command} new.toml")).await;
            assert_eq!(ran.code, 2, "{text}: {ran:?}");
            assert!(ran.err.contains(expected), "{text}: {}", ran.err);
        }
        assert!(!world.path("new.toml.journal").exists());
        let writes = world.tenant.requests().into_iter().filter(|it| it.path.ends_with("/create")).count();
        assert_eq!(writes, 0, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_alone_finds_a_connector_of_pipeshub_and_an_unknown_id_is_an_error() {
    let world = World::start().await;
    let laptop = "[pipeshub.laptop]\nid = \"local-01\"\ntype = \"Local FS\"\nname = \"Laptop\"\n";
    world.write("ph.toml", &format!("{laptop}[pipeshub.bucket]\nid = \"s3-02\"\nname = \"Renamed\"\n"));
    let plan = world.run("plan ph.toml").await;
    assert_eq!(
        (plan.code, plan.column("action"), plan.column("id")),
        (1, vec!["change".to_owned()], vec!["s3-02".to_owned()])
    );
    let pruned = world.run("plan ph.toml --prune").await.rows();
    let deleted: Vec<&Value> = pruned.iter().filter(|row| row["action"] == "delete").map(|row| &row["id"]).collect();
    assert!(!deleted.is_empty() && deleted.iter().all(|id| *id != "local-01" && *id != "s3-02"), "{deleted:?}");
    let applied = world.run("apply ph.toml").await;
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(world.run("plan ph.toml").await.out, "");
    // One changed key needs no other key of its connector.
    for way in ["", "auth_type = \"ACCESS_KEY\"\n"] {
        let text = format!("[pipeshub.bucket]\nid = \"s3-02\"\n{way}[pipeshub.bucket.auth]\nbucket = \"attic\"\n");
        world.write("ph.toml", &text);
        let plan = world.run("plan ph.toml").await;
        assert_eq!((plan.code, plan.column("field")), (1, vec!["auth.bucket".to_owned()]), "{plan:?}");
    }
    let unknown = [
        "[pipeshub.x]\nid = \"none-01\"\ntype = \"S3\"\nname = \"X\"\n",
        "[c1.x]\nid = \"none-01\"\napp = \"app-github\"\ncatalog = \"catalog-github\"\nname = \"X\"\n",
    ];
    for text in unknown {
        world.write("none.toml", text);
        for command in ["plan", "apply"] {
            let ran = world.run(&format!("{command} none.toml")).await;
            assert!(ran.code == 4 && ran.err.contains("no connector with the id `none-01`"), "{ran:?}");
        }
    }
    world.write("twice.toml", &format!("{laptop}{}", laptop.replace("laptop", "other")));
    let twice = world.run("plan twice.toml").await;
    assert!(twice.code == 2 && twice.err.contains("another entry has the same `id`"), "{twice:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_responses_create_no_second_connector() {
    let world = World::with(empty()).await;
    world.write("all.toml", &file(4, 2));
    // The first creation is processed, but its response is lost. The second request does not arrive.
    world.tenant.fault(Fault::close_after_request().applied().on("ConnectorService.Create"));
    world.tenant.fault(Fault::reset_after_request().on("ConnectorService.Create").after(1));
    world.instance.fault(Fault::close_after_request().applied().on("createConnectorInstance"));
    let applied = world.run("apply all.toml --in-flight 300ms").await;
    assert_eq!(applied.code, 0, "{} {}", applied.out, applied.err);
    let names = world.run("c1 list app-github").await.column("name");
    assert_eq!(names.len(), 4, "{names:?}");
    let buckets: Vec<String> = world.run("pipeshub list --type S3").await.column("name");
    assert_eq!(buckets.iter().filter(|name| name.starts_with("Bucket")).count(), 2, "{buckets:?}");
    assert_eq!(world.run("plan all.toml").await.out, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_and_sending_secrets_again_need_an_option() {
    let world = World::start().await;
    let okta = "[c1.okta]\nid = \"okta-01\"\napp = \"app-okta\"\nname = \"Okta\"\n[c1.okta.config]\nOKTA_DOMAIN = \"example.okta.com\"\n\
                OKTA_REGION = \"eu\"\nOKTA_API_TOKEN = { secret = \"env:OKTA\" }\n";
    world.write("okta.toml", okta);
    world
        .tenant
        .seed_connector("app-okta", json!({"id": "okta-02", "displayName": "Old", "catalogId": "catalog-okta"}));
    assert_eq!(world.run("plan okta.toml").await.out, "");
    let pruned = world.run("plan okta.toml --prune").await;
    // Connectors of other apps are not in the scope of the file.
    assert_eq!(pruned.column("action"), ["delete"]);
    let unconfirmed = world.run("apply okta.toml --prune").await;
    assert!(unconfirmed.code == 2 && unconfirmed.err.contains("--yes"), "{unconfirmed:?}");
    assert_eq!(world.run("c1 list app-okta").await.rows().len(), 2);
    assert_eq!(world.run("apply okta.toml --prune --yes").await.code, 0);
    assert_eq!(world.run("c1 list app-okta").await.column("name"), ["Okta"]);
    assert_eq!(world.run("c1 list app-github").await.rows().len(), 13);
    let secrets = world.run("plan okta.toml --secrets").await;
    assert_eq!(
        (secrets.column("field"), secrets.column("to")),
        (vec!["config.OKTA_API_TOKEN".to_owned()], vec!["secret env:OKTA".to_owned()])
    );
    let sent = world.run_with("apply okta.toml --secrets", &[("OKTA", "PLANTED-2")]).await;
    assert_eq!(sent.code, 0, "{}", sent.out);
    let stored = world.tenant.connector("app-okta", "okta-01").unwrap();
    assert_eq!(stored["config"]["configuration"]["OKTA_API_TOKEN"]["stringValue"], "PLANTED-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_by_c1_is_not_ended_and_a_failed_step_does_not_stop_the_others() {
    let world = World::start().await;
    world.run("export c1 --app app-github --to c1.toml").await;
    world.run("c1 pause app-github/github-04").await;
    world.run("c1 pause app-github/github-05").await;
    assert!(world.tenant.set_connector_field("app-github", "github-04", "/syncDisabledCategory", json!("bad_sync")));
    let ran = world.run("apply c1.toml").await;
    assert_eq!(ran.code, 1, "{}", ran.err);
    let results = ran.column("result");
    assert!(results[0].contains("only a person may resume it") && results[1] == "done", "{results:?}");
    assert_eq!(world.run("plan c1.toml").await.column("id"), ["github-04"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sync_of_pipeshub_is_off_only_while_its_configuration_changes() {
    let world = World::start().await;
    world.run("export pipeshub --to ph.toml").await;
    world.write("ph.toml", &world.read("ph.toml").replacen("bucket = \"archive\"", "bucket = \"attic\"", 1));
    let plan = world.run("plan ph.toml").await;
    assert_eq!(plan.column("field"), ["auth.bucket"]);
    let applied = world.run_with("apply ph.toml", &[("PIPESHUB_ARCHIVE_1_SECRETKEY", "PLANTED")]).await;
    assert_eq!(applied.code, 0, "{} {}", applied.out, applied.err);
    let stored = world.instance.connector("s3-01").unwrap();
    assert_eq!((&stored["isActive"], &stored["config"]["auth"]["bucket"]), (&json!(true), &json!("attic")));
    assert_eq!(stored["config"]["auth"]["secretKey"], "PLANTED");
    assert_eq!(world.run("plan ph.toml").await.out, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_edits_are_found_exactly() {
    let world = World::with(empty()).await;
    let connectors = setting("CONNECTORS", 60);
    let before = file(connectors - 10, 10);
    world.write("all.toml", &before);
    assert_eq!(world.run("apply all.toml --concurrency 8").await.code, 0);
    // Each edit changes one field of one connector, at regular distances in the file.
    let mut numbers = Numbers::new();
    let mut lines: Vec<String> = before.lines().map(str::to_owned).collect();
    let mut expected = BTreeSet::new();
    while expected.len() < 40 {
        let at = numbers.below(lines.len());
        let edited = [
            ("description = \"", "description", "description = \"edited\""),
            ("GITHUB_ORGANIZATION", "config.GITHUB_ORGANIZATION", "GITHUB_ORGANIZATION = \"edited\""),
            ("REPOSITORIES", "config.REPOSITORIES", "REPOSITORIES = [\"edited\"]"),
            ("LABELS", "config.LABELS", "LABELS = { edited = \"1\" }"),
            ("cron", "schedule.cron", "cron = \"59 23 * * *\""),
            ("owner = ", "owners.owner", "owner = [\"user-edited\"]"),
            ("users", "users", "users = [\"user-edited\"]"),
            ("bucket", "auth.bucket", "bucket = \"edited\""),
            ("agent", "agent", "agent = true"),
        ];
        let Some((_, field, line)) = edited.into_iter().find(|(begin, ..)| lines[at].starts_with(begin)) else {
            continue;
        };
        let heads = lines[..at].iter().rev().filter(|it| it.starts_with('['));
        let head =
            heads.map(|it| it.trim_matches(['[', ']'])).find(|it| it.matches('.').count() == 1).unwrap().to_owned();
        lines[at] = line.to_owned();
        expected.insert(format!("{head} {field}"));
    }
    world.write("all.toml", &lines.join("\n"));
    let plan = world.run("plan all.toml").await;
    let row = |row: &Value| format!("{} {}", row["connector"].as_str().unwrap(), row["field"].as_str().unwrap());
    assert_eq!(plan.rows().iter().map(row).collect::<BTreeSet<_>>(), expected);
    assert_eq!(plan.rows().len(), 40);
}
