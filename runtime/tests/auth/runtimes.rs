//! A fetch is independent of runtimes: a runtime that has ended, or is not driven, does not prevent callers on others
//! from getting a token.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use connectors_runtime::Error;
use connectors_runtime::auth::{Authenticator, Chosen, Credential, Credentials, OAuth2, Token, TokenProvider};
use futures::FutureExt;
use futures::future::join_all;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

use crate::support::{SECOND, Server, TestClock, base, request, token};

/// Spawns a part of its work on the runtime of its caller.
#[derive(Clone, Debug, Default)]
struct OnRuntime(Arc<AtomicUsize>);

impl OnRuntime {
    fn asked(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl TokenProvider for OnRuntime {
    async fn token(&self) -> Result<Token, Error> {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let ten_turns = async {
            for _ in 0..10 {
                yield_now().await;
            }
        };
        tokio::spawn(ten_turns).await.map_err(|_| Error::auth("broken off"))?;
        Ok(Token::new(format!("t{number}")))
    }
}

/// A runtime that runs only while it is blocked on.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn authenticator(credential: Credential, server: &Server, clock: &TestClock) -> Authenticator {
    Credentials::for_all(credential).connect(&server.exchange(clock), &base()).unwrap()
}

async fn authorization(chosen: Chosen) -> Result<String, Error> {
    let mut sent = request("https://api.example.com/");
    chosen.apply(&mut sent).await?;
    Ok(sent.headers()["authorization"].to_str().unwrap().to_owned())
}

fn one_of_its_own() -> (Chosen, OnRuntime, TestClock) {
    let (provider, clock) = (OnRuntime::default(), TestClock::new());
    let credential = Credential::bearer(provider.clone());
    let chosen = authenticator(credential, &Server::new(), &clock).select(&[]).unwrap();
    (chosen, provider, clock)
}

#[test]
fn a_fetch_whose_runtime_has_ended_is_restarted() {
    let (chosen, provider, _) = one_of_its_own();
    let first = runtime();
    // One caller is dropped, and the other one cannot continue.
    assert!(first.block_on(async { authorization(chosen.clone()).now_or_never() }).is_none());
    let mut stuck = Box::pin(authorization(chosen.clone()));
    assert!(first.block_on(async { (&mut stuck).now_or_never() }).is_none());
    assert_eq!(provider.asked(), 1);
    drop(first);
    let second = runtime();
    assert_eq!(second.block_on(authorization(chosen)).unwrap(), "Bearer t2");
    assert_eq!(second.block_on(stuck).unwrap(), "Bearer t2", "it continues with the current token");
    assert_eq!(provider.asked(), 2);
}

#[test]
fn a_fetch_on_a_runtime_that_is_not_driven_delays_other_callers_only_briefly() {
    let (chosen, provider, clock) = one_of_its_own();
    let (first, second) = (runtime(), runtime());
    let task = first.spawn(authorization(chosen.clone()));
    first.block_on(async {
        while provider.asked() == 0 {
            yield_now().await;
        }
    });
    // The first caller still waits, and does nothing from here on.
    second.block_on(async {
        let mut other = Box::pin(authorization(chosen.clone()));
        assert!((&mut other).now_or_never().is_none(), "it may be driven");
        clock.advance(SECOND);
        assert_eq!(other.await.unwrap(), "Bearer t2");
    });
    // Driven again, it completes its own fetch.
    assert_eq!(first.block_on(task).unwrap().unwrap(), "Bearer t1");
    assert_eq!(second.block_on(authorization(chosen)).unwrap(), "Bearer t2");
    assert_eq!(provider.asked(), 2);
}

#[test]
fn callers_on_several_runtimes_that_run_share_one_fetch() {
    let (server, clock) = (Server::new(), TestClock::new());
    let flow = OAuth2::client_credentials("https://id.example.com/token", "app", "s3cret");
    let chosen = authenticator(Credential::oauth2(flow), &server, &clock).select(&[]).unwrap();
    let response = server.later();
    let driven = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let task = driven.spawn(authorization(chosen.clone()));
    while server.received().is_empty() {
        std::thread::yield_now();
    }
    runtime().block_on(async {
        let mut others = Box::pin(join_all((0..50).map(|_| authorization(chosen.clone()))));
        assert!((&mut others).now_or_never().is_none());
        for _ in 0..3 {
            // The other runtime has had time to show that it runs.
            driven.spawn(async {}).await.unwrap();
            clock.advance(SECOND);
            assert!((&mut others).now_or_never().is_none());
        }
        response.send((200, token("t1", 1000))).unwrap();
        for other in others.await {
            assert_eq!(other.unwrap(), "Bearer t1");
        }
    });
    assert_eq!(driven.block_on(task).unwrap().unwrap(), "Bearer t1");
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_refresh_on_a_runtime_that_ended_is_no_failure_to_authenticate() {
    let (server, clock) = (Server::new(), TestClock::new());
    let flow = OAuth2::refresh_token("https://id.example.com/token", "app", "r1");
    let chosen = authenticator(Credential::oauth2(flow), &server, &clock).select(&[]).unwrap();
    let lost = server.later();
    let first = runtime();
    assert!(first.block_on(async { authorization(chosen.clone()).now_or_never() }).is_none());
    assert_eq!(server.received().len(), 1);
    drop(first);
    server.will(200, token("a2", 1000));
    assert_eq!(runtime().block_on(authorization(chosen)).unwrap(), "Bearer a2");
    assert_eq!(server.received()[1].get("refresh_token"), "r1");
    drop(lost);
}

#[test]
fn a_refresh_on_a_runtime_that_is_not_driven_is_taken_over() {
    let (server, clock) = (Server::new(), TestClock::new());
    let flow = OAuth2::refresh_token("https://id.example.com/token", "app", "r1");
    let chosen = authenticator(Credential::oauth2(flow), &server, &clock).select(&[]).unwrap();
    let lost = server.later();
    let first = runtime();
    assert!(first.block_on(async { authorization(chosen.clone()).now_or_never() }).is_none());
    server.will(200, token("a2", 1000));
    runtime().block_on(async {
        let mut other = Box::pin(authorization(chosen));
        assert!((&mut other).now_or_never().is_none());
        clock.advance(SECOND);
        assert_eq!(other.await.unwrap(), "Bearer a2");
    });
    drop((lost, first));
}
