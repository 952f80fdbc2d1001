//! docs/cli.md: runs its commands, and compares their output with the page. `UPDATE=1` writes the page.

use std::path::Path;

use connectors_fake::pipeshub::SyncScript;
use serde_json::json;

use crate::support::World;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md");

/// The tenant of the page: some connectors need care.
async fn world() -> World {
    let world = World::start().await;
    let set =
        |id: &str, pointer: &str, value| assert!(world.tenant.set_connector_field("app-github", id, pointer, value));
    set("github-02", "/status/status", json!("SYNC_STATUS_ERROR"));
    set("github-02", "/status/lastError", json!("401: the token has expired"));
    set("github-03", "/status/completedAt", json!("2026-01-01T00:00:00.000000Z"));
    set("github-04", "/userIds", json!([]));
    set("github-05", "/status/status", json!("SYNC_STATUS_ERRORED_NO_DATA"));
    world.instance.next_sync(SyncScript::default().records(1200, 37).indexing(0));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_page_print_the_output_on_the_page() {
    let page = std::fs::read_to_string(Path::new(PAGE)).unwrap();
    let world = world().await;
    let mut written = String::new();
    let mut calls: Vec<usize> = Vec::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        written.push_str(line);
        written.push('\n');
        if let Some(hidden) = line.strip_prefix("<!-- meanwhile: ").and_then(|it| it.strip_suffix(" -->")) {
            assert_eq!(world.run(hidden).await.code, 0, "{hidden}");
        }
        if line != "```console" {
            continue;
        }
        let mut count = 0;
        while let Some(command) = lines.next_if(|it| *it != "```") {
            let Some(command) = command.strip_prefix("$ ") else { continue };
            let before = requests(&world);
            let (code, out) = world.on_terminal(command, false).await;
            count += requests(&world) - before;
            written.push_str(&format!("$ {command}\n{}", trimmed(&out)));
            if code != 0 {
                written.push_str(&format!("(exit code {code})\n"));
            }
        }
        calls.push(count);
    }
    // The table has the number of calls of each command.
    let mut numbers = calls.iter();
    let written: Vec<String> = written.lines().map(|line| counted(line, &mut numbers)).collect();
    let written = written.join("\n") + "\n";
    world.check_files();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PAGE, &written).unwrap();
    }
    assert!(calls.len() >= 12, "{}", calls.len());
    for (now, then) in written.lines().zip(page.lines()) {
        assert_eq!(now, then, "docs/cli.md differs from the commands' output: run this test with UPDATE=1");
    }
    assert_eq!(written.lines().count(), page.lines().count());
}

/// The calls so far, without those for tokens.
fn requests(world: &World) -> usize {
    let sent = world.tenant.requests().into_iter().chain(world.instance.requests());
    sent.filter(|it| !it.path.ends_with("/token")).count()
}

/// Without spaces at the ends of lines.
fn trimmed(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A row of the table, `| 1 | ... | 43 | ... |`, with its number of calls.
fn counted(line: &str, numbers: &mut std::slice::Iter<'_, usize>) -> String {
    let mut cells: Vec<&str> = line.split('|').collect();
    let is_number = |index: usize| cells.get(index).is_some_and(|it| it.trim().parse::<u32>().is_ok());
    match numbers.as_slice().first().filter(|_| is_number(1) && is_number(3)) {
        Some(number) => {
            numbers.next();
            let number = format!(" {number} ");
            cells[3] = &number;
            cells.join("|")
        }
        None => line.to_owned(),
    }
}
