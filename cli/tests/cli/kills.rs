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
        let mut child = world.command(line, &[]).spawn().unwrap();
        tokio::select! {
            done = child.wait() => assert!(done.unwrap().success()),
            () = tokio::time::sleep(Duration::from_millis(40 + numbers.below(400 + connectors * 2) as u64)) => {
                child.kill().await.unwrap();
                killed += 1;
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
    assert!(killed > 0);
    world.check_files();
}
