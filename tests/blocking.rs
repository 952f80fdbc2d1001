//! Programs without async.

#![cfg(feature = "blocking")]

mod support;

use std::sync::mpsc;
use std::thread;

use connectors::Builder as ClientBuilder;
use connectors::Error;
use connectors::blocking::{BlockingFuture, BlockingStream};
use connectors::c1::{Client, Credentials};
use connectors_fake::c1::Tenant;
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A client of a tenant that runs in its own thread until the tests end.
fn client() -> Client {
    support::print_everything();
    let (give, take) = mpsc::channel::<ClientBuilder<Client>>();
    thread::spawn(move || {
        runtime().block_on(async {
            let tenant = Tenant::start().await.unwrap();
            give.send(Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret()))).unwrap();
            tenant.serve_forever().await;
        });
    });
    take.recv().unwrap().build().unwrap()
}

#[test]
fn calls_and_streams_are_waited_for() {
    let c1 = client();
    let app = c1.app("app-github");
    let connector = app.connectors().blocking().next().unwrap().unwrap();
    let read = connector.handle().get().blocking().unwrap();
    assert_eq!(read.id, connector.id);
    let all: Result<Vec<_>, Error> = app.connectors().blocking().collect();
    assert_eq!(all.unwrap().len(), 13);
    let first = c1.app("app-github").connector("github-01");
    first.pause().blocking().unwrap();
    let reason = first.get().blocking().unwrap().sync_disabled_reason;
    assert!(reason.is_some(), "it is paused");
    assert!(c1.app("app-github").connector("nobody").get().blocking().unwrap_err().is_not_found());

    // Values with `.await` also have it: a request of the document, and an update.
    let page = c1.api().apps().list_apps().page_size(10).blocking().unwrap();
    assert_eq!(page.list.unwrap().len(), 2);
    assert!(first.update().blocking().unwrap_err().is_invalid_argument());

    // From several threads at the same time.
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let c1 = c1.clone();
            thread::spawn(move || c1.apps().blocking().filter(Result::is_ok).count())
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 2));
}

#[test]
fn on_a_thread_of_a_runtime_it_is_an_error_and_not_a_panic() {
    let c1 = client();
    let mut begun = c1.app("app-github").connectors().read_ahead(1).blocking();
    begun.next().unwrap().unwrap();
    runtime().block_on(async {
        // It can be dropped on any thread.
        drop(begun);
        assert!(c1.app("app-github").get().blocking().unwrap_err().is_config());
        let mut apps = c1.apps().blocking();
        assert!(apps.next().unwrap().unwrap_err().is_config());
        assert!(apps.next().is_none());
    });
}
