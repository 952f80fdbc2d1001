//! Mistakes of an operator: what is refused, what needs `--yes`, and what a failure leaves.

use connectors_fake::pipeshub::SyncScript;
use serde_json::Value;

use crate::support::World;

/// The requests that change something.
fn writes(world: &World) -> Vec<String> {
    let sent = world.tenant.requests().into_iter().chain(world.instance.requests());
    let is_read =
        |method: &str, path: &str| method == "GET" || path.ends_with("/token") || path.ends_with("/connectorcatalog");
    sent.filter(|it| !is_read(&it.method, &it.path)).map(|it| format!("{} {}", it.method, it.path)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_needs_a_confirmation() {
    let world = World::start().await;
    world.write("one.txt", "one");
    let delete = "c1 api connectors.delete -p app_id=app-github -p id=github-01";
    let revoke = "c1 api c1.api.app.v1.ConnectorService.RevokeCredential";
    let upload = "pipeshub upload local-01 --delete one.txt";
    for line in ["pipeshub upload local-01 one.txt --reset", upload, delete, revoke] {
        let ran = world.run(line).await;
        assert!(ran.code == 2 && ran.err.contains("--yes"), "{ran:?}");
    }
    assert_eq!(writes(&world), Vec::<String>::new());
    let shown = world.run("pipeshub upload local-01 one.txt --reset --dry-run").await;
    assert_eq!(shown.column("would"), ["delete ALL records of local-01, then send 1 file to local-01, and delete 0"]);
    assert_eq!(world.run("pipeshub upload local-01 one.txt --reset --yes").await.code, 0);
    assert_eq!(world.run(&format!("{upload} --yes")).await.code, 0);
    let ran = world.run(&format!("{delete} --yes -b '{{}}'")).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(world.run("c1 show app-github/github-01").await.code, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_as_a_plain_value_is_refused_and_not_printed() {
    let world = World::start().await;
    for (line, key) in [
        ("c1 create app-github catalog-github --set GITHUB_ORGANIZATION=o --set GITHUB_TOKEN=PLANTED", "GITHUB_TOKEN"),
        ("c1 set app-github/github-01 --set GITHUB_TOKEN=PLANTED", "GITHUB_TOKEN"),
        ("pipeshub create S3 New --set accessKey=A --set secretKey=PLANTED", "secretKey"),
        ("pipeshub set s3-02 --set secretKey=PLANTED", "secretKey"),
    ] {
        let ran = world.run(line).await;
        assert!(ran.code == 2, "{ran:?}");
        assert!(ran.err.contains(&format!("{key} is a secret: pass it with --secret")), "{}", ran.err);
    }
    let create = "pipeshub create S3 New --set accessKey=A";
    for (line, why) in [
        (format!(r#"{create} --sync '{{"secretKey": "PLANTED"}}'"#), "--sync contains a secret"),
        (format!(r#"{create} --filters '{{"a": [{{"token": "PLANTED"}}]}}'"#), "--filters contains a secret"),
        (r#"pipeshub set s3-02 --sync '{"password": "PLANTED"}'"#.to_owned(), "--sync contains a secret"),
        (r#"pipeshub filters s3-02 --set '{"apiKey": "PLANTED"}'"#.to_owned(), "--set contains a secret"),
        (
            r#"pipeshub api connectors.create -b '{"auth": {"secretKey": "PLANTED"}}'"#.to_owned(),
            "--body contains a secret",
        ),
        (r#"pipeshub set s3-02 --sync '{"token": "PLANTED"'"#.to_owned(), "it is not a JSON object"),
    ] {
        let ran = world.run(&line).await;
        assert!(ran.code == 2 && ran.err.contains(why) && !ran.err.contains("PLANTED"), "{line}: {ran:?}");
    }
    assert_eq!(writes(&world), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_word_is_an_error_before_anything_is_sent() {
    let world = World::start().await;
    for (line, expected) in [
        ("pipeshub reindex s3-01 --status FALED", "did you mean `FAILED`?"),
        ("c1 list --fields id,nme", "did you mean `name`?"),
        ("c1 pause app-github/github-01 --fields id,stat", "did you mean `state`?"),
        ("completions bash --fields id", "without fields"),
        ("c1 set app-github/github-01 --unset LABEL --secret GITHUB_TOKEN=env:GITHUB_TOKEN", "did you mean `LABELS`?"),
        ("c1 api connectors.list -p app_id=app-github -p pagesize=1", "did you mean `page_size`?"),
        ("c1 api --fields opration", "did you mean `operation`?"),
        ("c1 rename app-github/github-01 ''", "NAME"),
        ("pipeshub create S3 Reports --set bucket=b", "missing key `accessKey`; missing key `secretKey`"),
        ("pipeshub create S33 X --dry-run", "there is no type `S33` (did you mean `S3`?)"),
        ("pipeshub create S3 X --auth-type NOPE --dry-run", "no authentication method `NOPE`: the type has ACCESS_KEY"),
        ("pipeshub create S3 X --auth-type ACCES_KEY", "did you mean `ACCESS_KEY`?"),
        ("export --json", "TOML"),
        ("completions bash --json", "a script"),
        ("login pipeshub", "no token: pass --token env:NAME"),
    ] {
        let ran = world.run(line).await;
        assert!(ran.code == 2 && ran.out.is_empty(), "{line}: {ran:?}");
        assert!(ran.err.contains(expected), "{line}: {}", ran.err);
    }
    assert_eq!(writes(&world), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_that_fails_does_not_stop_the_others() {
    let world = World::start().await;
    let ran = world.run("c1 delete app-github/github-01 app-github/none app-github/github-03 --yes --json").await;
    assert_eq!(ran.code, 4, "{ran:?}");
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    let states: Vec<&str> =
        document["items"].as_array().unwrap().iter().filter_map(|it| it["state"].as_str()).collect();
    assert_eq!(states, ["deleted", "failed", "deleted"]);
    assert!(ran.err.contains("1 of 3 failed: app-github/none"), "{}", ran.err);
    assert_eq!(world.run("c1 show app-github/github-03").await.code, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_connector_of_pipeshub_is_reported_as_not_created() {
    let world = World::start().await;
    let create = "pipeshub create S3 Reports --set accessKey=A --set bucket=reports --secret secretKey=env:S3_SECRET";
    let first = world.run(create).await;
    assert_eq!((first.code, first.column("created")), (0, vec!["true".to_owned()]), "{first:?}");
    let again = world.run(&create.replace("bucket=reports", "bucket=other")).await;
    assert_eq!((again.code, again.column("created")), (0, vec!["false".to_owned()]), "{again:?}");
    assert!(again.err.contains("nothing was changed") && again.column("id") == first.column("id"), "{}", again.err);
    let shown = world.run(&format!("{create} --dry-run")).await;
    assert_eq!((shown.code, shown.column("dryRun")), (0, vec!["true".to_owned()]), "{shown:?}");
    assert!(shown.column("would")[0].starts_with("change nothing: "), "{}", shown.out);
    let on = world.run("pipeshub filters s3-01 --set '{\"sync\": {}}'").await;
    assert!(on.code != 0 && on.err.contains("or use --switch"), "{on:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_cannot_be_printed_is_no_usage_error_after_a_change() {
    use std::process::Stdio;

    let world = World::start().await;
    let full = async |line: &str| {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let child = world.command(line, &[]).stdout(Stdio::from(full)).spawn().unwrap();
        world.end(child, line).await
    };
    let pause = full("c1 pause app-github/github-01").await;
    assert!(pause.code == 1 && pause.err.contains("the change was made, but"), "{pause:?}");
    let list = full("c1 list").await;
    assert!(list.code == 2 && list.err.contains("cannot be printed"), "{list:?}");
    // A reader that has closed the pipe has read enough.
    for (line, code) in [("c1 list", 0), ("c1 pause app-github/github-02 app-github/none app-github/github-03", 4)] {
        let mut child = world.command(line, &[]).spawn().unwrap();
        drop(child.stdout.take());
        let ran = world.end(child, line).await;
        assert_eq!(ran.code, code, "{ran:?}");
    }
    assert_eq!(world.run("c1 show app-github/github-03").await.column("state"), ["paused"]);
    // Nor does a full stderr stop a command.
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let quiet = world.command("c1 resume app-github/github-03", &[]).stderr(Stdio::from(full)).spawn().unwrap();
    assert_eq!(world.end(quiet, "c1 resume").await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_prints_one_line_in_a_pipe() {
    let world = World::start().await;
    let ran = world.run("c1 api connectors.get -p app_id=app-github -p id=github-01").await;
    assert_eq!((ran.code, ran.rows().len()), (0, 1), "{ran:?}");
    assert_eq!(world.run("c1 apps").await.rows()[0]["users"], 420);
    // A response may lack an optional field. A similar name is suggested.
    let fields = "c1 api connectors.get -p app_id=app-github -p id=github-01 --fields conectorView,nextPageToken";
    let absent = world.run(fields).await;
    assert_eq!(
        (absent.code, absent.out.as_str()),
        (0, "{\"conectorView\":null,\"nextPageToken\":null}\n"),
        "{absent:?}"
    );
    assert!(absent.err.contains("did you mean") && !absent.err.contains("nextPageToken"), "{}", absent.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_after_a_part_of_a_change_says_so() {
    let world = World::start().await;
    let ran = world.run("c1 owners app-github/github-01 --add user-grace --remove user-zzz").await;
    assert!(ran.code == 4 && ran.err.contains("after a part of the change was made: "), "{ran:?}");
    assert!(world.run("c1 owners app-github/github-01").await.column("owner").contains(&"user-grace".to_owned()));
    let whole = world.run("c1 owners app-github/github-01 --remove user-zzz").await;
    assert!(whole.code == 4 && !whole.err.contains("a part of the change"), "{whole:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_replaces_a_running_one_is_seen_and_waits_say_what_they_wait_for() {
    let world = World::start().await;
    world.instance.next_sync(SyncScript::default().polls(0, 50));
    assert_eq!(world.run("pipeshub sync on s3-02").await.code, 0);
    // It cancels the sync that runs, and the status does not show the new one.
    let ran = world.run("pipeshub sync run s3-02 --poll 100ms --settle 300ms").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("was cancelled"), "{}", ran.err);
    assert_ne!(ran.column("outcome"), ["no sync was seen to run"]);
    let indexed = world.run("pipeshub index wait s3-02 --poll 100ms").await;
    assert_eq!(indexed.code, 0, "{indexed:?}");
    // A sync that no one saw is a finding of `run`.
    world.instance.next_sync(SyncScript::failing().polls(0, 0));
    let unseen = world.run("pipeshub sync run s3-02 --poll 100ms --begin 300ms").await;
    assert!(unseen.code == 1 && unseen.err.contains("no sync of s3-02 was seen to run"), "{unseen:?}");
}
