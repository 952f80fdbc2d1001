//! `apply`, killed at any point and run again.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::files::{empty, file};
use crate::support::{Numbers, World, setting};

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_point_and_run_again_it_creates_each_connector_once() {
    let world = World::with(empty()).await;
    let (connectors, kills) = (setting("CONNECTORS", 40), setting("KILLS", 10));
    let of_pipeshub = connectors / 4;
    let of_c1 = connectors - of_pipeshub;
    world.write("all.toml", &file(of_c1, of_pipeshub));
    let line = "apply all.toml --in-flight 200ms";
    let mut numbers = Numbers::new();
    let mut killed = 0;
    for _ in 0..kills {
        world.tenant.clear_requests();
        world.instance.clear_requests();
        // Killed when a write has arrived, some of them after the first.
        let point = 1 + numbers.below(8);
        let mut child = world.command(line, &[]).spawn().unwrap();
        loop {
            tokio::select! {
                done = child.wait() => {
                    assert!(done.unwrap().success());
                    break;
                }
                () = tokio::time::sleep(Duration::from_millis(2)) => {
                    if writes(&world) >= point {
                        child.kill().await.unwrap();
                        killed += 1;
                        break;
                    }
                }
            }
        }
    }
    let last = world.run(line).await;
    assert_eq!(last.code, 0, "{} {}", last.out, last.err);
    let plan = world.run("plan all.toml").await;
    assert_eq!((plan.code, plan.out.as_str()), (0, ""), "{}", plan.err);
    let names = world.run("c1 list app-github").await.column("name");
    let distinct: BTreeSet<&String> = names.iter().collect();
    assert_eq!((names.len(), distinct.len()), (of_c1, of_c1), "{names:?}");
    let buckets = world.run("pipeshub list --type S3").await.column("name");
    assert_eq!(buckets.iter().filter(|name| name.starts_with("Bucket")).count(), of_pipeshub, "{buckets:?}");
    println!("{killed} of {kills} runs were killed");
    assert_eq!(killed, kills);
    world.check_files();
}

/// How many requests have arrived that change something.
fn writes(world: &World) -> usize {
    let sent = world.tenant.requests().into_iter().chain(world.instance.requests());
    let reads = ["/token", "/connectorcatalog"];
    sent.filter(|it| it.method != "GET" && !reads.iter().any(|end| it.path.ends_with(end))).count()
}
