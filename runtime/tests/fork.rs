//! A program that forks. It is alone in this file, so that no other thread runs meanwhile.

#![cfg(all(unix, feature = "blocking"))]

use std::panic::catch_unwind;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use connectors_runtime::blocking::{BlockingFuture, BlockingStream};
use connectors_runtime::{Cursor, Error, Page, Pages};
use fork::{Fork, fork, waitpid};
use tokio::time::timeout;

/// A call to a server that never responds. Its timeout is in real time, because the child's timers are tested.
async fn call() -> Result<(), Error> {
    let limit = timeout(Duration::from_millis(10), std::future::pending::<()>());
    limit.await.map_err(|_| Error::unavailable("the time limit has passed"))
}

fn list() -> Pages<u64> {
    Pages::new(None, |cursor: Option<Cursor>| async move {
        let page = cursor.map_or(Ok(0), |cursor| cursor.as_page())?;
        Ok(Page::by_number(vec![page], page, Some(page < 2)))
    })
}

fn works() -> bool {
    let limits = (0..3).all(|_| call().blocking().is_err_and(|error| error.is_connect()));
    limits && list().read_ahead(1).blocking().filter(Result::is_ok).count() == 3
}

/// Whether a child of this process exits with success.
fn in_a_child(works: impl Fn() -> bool + std::panic::UnwindSafe) -> bool {
    let child = match fork().unwrap() {
        Fork::Child => std::process::exit(i32::from(!catch_unwind(works).unwrap_or(false))),
        Fork::Parent(child) => child,
    };
    let (tell, told) = mpsc::channel();
    let waiter = thread::spawn(move || tell.send(waitpid(child)));
    // Only a child that hangs needs this long.
    let ended = told.recv_timeout(Duration::from_secs(20));
    if ended.is_err() {
        Command::new("kill").args(["-9", &child.to_string()]).status().unwrap();
    }
    waiter.join().unwrap().ok();
    matches!(ended, Ok(Ok(0)))
}

#[test]
fn in_a_forked_child_calls_end_within_their_limits() {
    assert!(works());
    assert!(in_a_child(works), "a child");
    assert!(in_a_child(|| works() && in_a_child(works) && works()), "a child's child");
    // The parent's runtime still works.
    assert!(works());
}
