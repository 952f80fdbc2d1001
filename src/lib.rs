//! Typed clients for **ConductorOne (C1)** and **PipesHub** connectors, generated at compile time from the services'
//! own OpenAPI documents, under a thin hand-written layer: authentication, retries, typed errors, streams and waiters.
//!
//! Each service is a feature and a module: `c1`, which is on by default, and `pipeshub`. Here is a first call of each,
//! and a table that leads to every usual job: the methods that do it, and a whole program that shows them. The module
//! lists the service's operations one by one.
#![cfg_attr(
    feature = "c1",
    doc = r#"
# ConductorOne

```no_run
use connectors::c1::Client;
use futures::TryStreamExt;

# async fn example() -> Result<(), connectors::Error> {
// CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET, or a token. The id names the tenant.
let c1 = Client::from_env()?;
let mut apps = c1.apps();
while let Some(app) = apps.try_next().await? {
    println!("{}: {:?}", app.handle().id(), app.display_name);
}
# Ok(())
# }
```

| to | look at | whole program |
|---|---|---|
| log in with a secret, as a workload, or with a token of your own | [`c1::Credentials`], [`auth::TokenProvider`] | |
| let a person log in | [`c1::DeviceLogin`] | [c1_login] |
| see the connectors of all apps, or of one | [`c1::Client::inventory`], [`c1::App::connectors`] | [c1_inventory] |
| create a connector that C1 runs, and wait for its first sync | [`c1::App::configuration_schema`], [`c1::EnvConfig::validate`], [`c1::App::create_connector`], [`c1::Connector::first_sync`] | [c1_hosted] |
| create it once, even if a response is lost or the program is run again | [`c1::App::snapshot`], [`c1::CreateConnector::find_or_create`] | [c1_once] |
| create a connector that you run yourself, and rotate its credential | [`c1::App::create_connector`], [`c1::Connector::rotate_credential`], [`c1::Connector::credential`], [`c1::Connector::revoke_credential`] | [c1_self_hosted] |
| change a configuration, a name or a description | [`c1::Connector::update`], [`c1::EnvConfig`] | [c1_change] |
| get its app, its users or its capabilities along with a connector | [`c1::Expand`], [`c1::Update::send_expanded`] | |
| force a sync, watch it, wait for it, go on waiting after a restart | [`c1::Connector::force_sync`], [`c1::SyncWait`], [`c1::Client::resume_wait`] | [c1_sync] |
| pause or schedule syncs, confirm one that is held back, fetch what one found | [`c1::Connector::pause`], [`c1::Connector::schedule`], [`c1::Connector::confirm_sync`], [`c1::Connector::sync_download_url`] | [c1_schedule] |
| say who looks after a connector | [`c1::Connector::owners`] | [c1_owners] |
| delete one | [`c1::Connector::delete`] | |
| check the configuration of an HTTP connector before it is used | [`c1::api::requests::connectors::Api::validate_http_config`] | |
| call any operation of the document, with the same retries and errors | [`c1::Client::api`], [`c1::api::Client`] | |

[c1_login]: https://github.com/connectors-rs/connectors/blob/main/examples/c1_login.rs
[c1_inventory]: https://github.com/connectors-rs/connectors/blob/main/examples/c1_inventory.rs
[c1_hosted]: https://github.com/connectors-rs/connectors/blob/main/examples/c1_hosted.rs
[c1_once]: https://github.com/connectors-rs/connectors/blob/main/examples/c1_once.rs
[c1_self_hosted]: https://github.com/connectors-rs/connectors/blob/main/examples/c1_self_hosted.rs
[c1_change]: https://github.com/connectors-rs/connectors/blob/main/examples/c1_change.rs
[c1_sync]: https://github.com/connectors-rs/connectors/blob/main/examples/c1_sync.rs
[c1_schedule]: https://github.com/connectors-rs/connectors/blob/main/examples/c1_schedule.rs
[c1_owners]: https://github.com/connectors-rs/connectors/blob/main/examples/c1_owners.rs
"#
)]
#![cfg_attr(
    feature = "pipeshub",
    doc = r#"
# PipesHub

```no_run
use connectors::pipeshub::Client;
use futures::TryStreamExt;

# async fn example() -> Result<(), connectors::Error> {
// PIPESHUB_BEARER_AUTH, or PIPESHUB_CLIENT_ID and PIPESHUB_CLIENT_SECRET; PIPESHUB_INSTANCE_URL for an instance of
// your own.
let ph = Client::from_env()?;
let mut connectors = ph.all_connectors().list();
while let Some(connector) = connectors.try_next().await? {
    println!("{}: {:?}", connector.handle().id(), connector.instance_name);
}
# Ok(())
# }
```

| to | look at | whole program |
|---|---|---|
| log in with a secret, a token, or a refresh token | [`pipeshub::Credentials`], [`auth::TokenProvider`] | |
| let a person log in, and authorize a connector at its source | [`pipeshub::BrowserLogin`], [`pipeshub::Connector::authorize`] | [pipeshub_oauth] |
| see the types of connectors there can be | [`pipeshub::Client::registry`], [`pipeshub::Client::connector_schema`] | [pipeshub_registry] |
| see the connectors there are | [`pipeshub::Client::connectors`], [`pipeshub::Client::all_connectors`] | [pipeshub_list] |
| create one, once even if a response is lost; configure it, rename it | [`pipeshub::Client::create`], [`pipeshub::CreateConnector::find_or_create`], [`pipeshub::Connector::set_config`], [`pipeshub::Connector::set_auth`], [`pipeshub::Connector::rename`] | [pipeshub_create] |
| choose what it syncs, also while its sync is on | [`pipeshub::Connector::filter_options`], [`pipeshub::Connector::set_sync_filters`] | [pipeshub_filters] |
| switch its sync, or its use by agents, on or off | [`pipeshub::Connector::set_sync`], [`pipeshub::Connector::set_agent`] | [pipeshub_sync_switch] |
| wait for a sync, and for the indexing after it; go on waiting after a restart | [`pipeshub::Connector::wait_for_sync`], [`pipeshub::Connector::wait_for_indexing`], [`pipeshub::Client::resume_wait`] | [pipeshub_wait] |
| fetch its records again, or index them again | [`pipeshub::Connector::resync`], [`pipeshub::Connector::reindex`] | [pipeshub_resync] |
| send it files from this machine | [`pipeshub::Connector::upload`] | [pipeshub_upload] |
| find, read and browse what it has brought | [`pipeshub::api::Client::records`] | |
| delete one, and wait until it is gone | [`pipeshub::Connector::delete`] | [pipeshub_delete] |
| call any operation of the document, with the same retries and errors | [`pipeshub::Client::api`], [`pipeshub::api::Client`] | |

[pipeshub_oauth]: https://github.com/connectors-rs/connectors/blob/main/examples/pipeshub_oauth.rs
[pipeshub_registry]: https://github.com/connectors-rs/connectors/blob/main/examples/pipeshub_registry.rs
[pipeshub_list]: https://github.com/connectors-rs/connectors/blob/main/examples/pipeshub_list.rs
[pipeshub_create]: https://github.com/connectors-rs/connectors/blob/main/examples/pipeshub_create.rs
[pipeshub_filters]: https://github.com/connectors-rs/connectors/blob/main/examples/pipeshub_filters.rs
[pipeshub_sync_switch]: https://github.com/connectors-rs/connectors/blob/main/examples/pipeshub_sync_switch.rs
[pipeshub_wait]: https://github.com/connectors-rs/connectors/blob/main/examples/pipeshub_wait.rs
[pipeshub_resync]: https://github.com/connectors-rs/connectors/blob/main/examples/pipeshub_resync.rs
[pipeshub_upload]: https://github.com/connectors-rs/connectors/blob/main/examples/pipeshub_upload.rs
[pipeshub_delete]: https://github.com/connectors-rs/connectors/blob/main/examples/pipeshub_delete.rs
"#
)]
//!
//! # The runtime
//! Calls, streams and waiters run on tokio, on a runtime with timers and IO, as `#[tokio::main]` and
//! `Builder::enable_all` make it. On another executor, or without one, they panic when they are first polled. Building
//! a client needs no runtime.
//!
//! A program without async turns on the feature `blocking`. Every future and every stream of this crate then has a
//! method `.blocking()`, which waits for it on a runtime that the crate starts by itself.
#![cfg_attr(feature = "blocking", doc = "See [`blocking`].")]
//!
//! # Errors
//! There is one type, [`Error`]. Ask it what to do, rather than what it is:
//!
//! ```
//! use connectors::Error;
//!
//! fn advice(error: &Error) -> &'static str {
//!     if error.may_have_happened() {
//!         "check before you retry"
//!     } else if error.is_auth() || error.is_permission_denied() {
//!         "use other credentials"
//!     } else if error.is_not_found() {
//!         "it does not exist"
//!     } else if error.is_rate_limited() || error.is_server() || error.is_timeout() || error.is_connect() {
//!         "retry later"
//!     } else {
//!         "fix the program"
//!     }
//! }
//!
//! assert_eq!(advice(&Error::auth("the vault is sealed")), "use other credentials");
//! ```
//!
//! Printed, an error is one line. [`Error::request_id`] is for the service's support, and [`Error::code`] and
//! [`Error::details`] are for programs. Where a method takes several calls and a later one fails, [`Error::is_partial`] says so, and
//! [`Error::created`] is the id of what an earlier one made.
//!
//! # Retries
//! A failed call is retried only where that cannot do a thing twice: [`RetryPolicy`] says when, [`Limits`] has the limits of
//! time and size, and [`RequestOptions`] those of one call. A call that makes something new is not retried once it may have
//! been carried out: if its response is lost, the error says [`may_have_happened`](Error::may_have_happened).
//!
//! The builder's `on_attempt` watches each attempt, for metrics and logs, and its `headers_with` adds headers to each.
//! Each call is also a span of `tracing`: see the example [`tracing.rs`].
//!
//! # New fields and values
//! What the service adds before this crate knows it is not lost: a field without a name here is kept in the struct's
//! `extra` and sent back with it, and an unknown value of an enum keeps its text. Structs grow with the service: make
//! them by `default()`, or by `new(...)` where some fields are required, and assign the others. A new field then does not
//! break your program.
//!
//! # Secrets
//! Tokens, client secrets and configuration that is marked secret are not printed: not by `Debug`, not in an error's
//! line, not in a span. Client secrets and keys are wiped from memory when their last owner is dropped. A token is sent to the
//! server it was made for and to no other: redirects are not followed, and plain http is for this machine only.
//! [`Error::body`] and [`Error::details`] hold what a server put into a failed response: do not log them blindly.
#![cfg_attr(
    feature = "c1",
    doc = r#"
# Testing
The crate `connectors-fake` has a C1 tenant and a PipesHub instance that run in the test's own process. They keep state,
authenticate the client, and fail as scripted:

```
use connectors::c1::{Client, Credentials};
use connectors_fake::{Fault, c1::Tenant};

# #[tokio::main(flavor = "current_thread")]
# async fn main() -> Result<(), Box<dyn std::error::Error>> {
let tenant = Tenant::start().await?;
let c1 = Client::builder(Credentials::client(tenant.client_id(), tenant.client_secret())).build()?;
tenant.fault(Fault::status(404).on("ConnectorService.Get"));
let error = c1.app("app-github").connector("github-01").get().await.unwrap_err();
assert!(error.is_not_found());
// The token, and the call.
assert_eq!(tenant.requests().len(), 2);
# Ok(())
# }
```

With a [`TestClock`], given to the builder's `clock`, waits and timeouts take no time; the tenant has one to share. A unit test
needs no server either: a [`Sender`] of your own, given to the builder's `sender`, returns what the test says.
"#
)]
//!
//! # Features
//! | feature | |
//! |---|---|
//! | `c1` (default) | the C1 client; without it, none of it is compiled |
//! | `pipeshub` | the PipesHub client |
//! | `blocking` | the module `blocking`: calls and streams for programs without async |
//! | `rustls` (default) | TLS by rustls, with the certificates that the platform trusts |
//! | `native-tls` | TLS by the platform's library, unless `rustls` is on |
//!
//! Features only add. For the platform's TLS alone, turn the default features off:
//!
//! ```toml
//! connectors = { version = "0.1", default-features = false, features = ["c1", "native-tls"] }
//! ```
//!
//! With neither kind of TLS a client can still be built for a server on this machine, or over an HTTP client of your
//! own (the builder's `http`).
//!
//! # Further
//! - [The README], with what to do when a service changes, and what this crate does not do.
//! - [How it is made]: the pipeline from document to client, and where each promise is tested.
//! - [What counts as breaking], and [one real change] told from end to end.
//! - [Each dependency] and why it is there, and [what it costs] to build and to call.
//!
//! [`tracing.rs`]: https://github.com/connectors-rs/connectors/blob/main/examples/tracing.rs
//! [The README]: https://github.com/connectors-rs/connectors#readme
//! [How it is made]: https://github.com/connectors-rs/connectors/blob/main/docs/architecture.md
//! [What counts as breaking]: https://github.com/connectors-rs/connectors/blob/main/docs/diff-rules.md
//! [one real change]: https://github.com/connectors-rs/connectors/blob/main/docs/spec-changes.md
//! [Each dependency]: https://github.com/connectors-rs/connectors/blob/main/docs/dependencies.md
//! [what it costs]: https://github.com/connectors-rs/connectors/blob/main/docs/benchmarks.md

#[cfg(feature = "c1")]
pub mod c1;
#[cfg(feature = "pipeshub")]
pub mod pipeshub;

mod entry;

pub use entry::Entry;

#[cfg(feature = "blocking")]
#[doc(inline)]
pub use connectors_runtime::blocking;
/// Whose `ClientBuilder` the builders' `http` takes, and whose requests and responses a [`Sender`] does.
#[doc(no_inline)]
pub use connectors_runtime::reqwest;
#[doc(inline)]
pub use connectors_runtime::{
    Attempted, Builder, CallOptions, Clock, Connect, Connection, Detail, Error, FieldViolation, Id, IntoId, Limits,
    Operation, Pace, Paced, Page, Pages, Position, RequestOptions, Response, RetryPolicy, SendError, Sender, Sending,
    Sleep, SystemClock, TestClock, UntypedCall, WaitState, Watch, auth,
};
#[cfg(feature = "pipeshub")]
#[doc(inline)]
pub use connectors_runtime::{File, Multipart};
/// Whose headers and statuses stand in this crate's own interface.
#[doc(no_inline)]
pub use http;

#[cfg(all(doctest, feature = "c1", feature = "pipeshub"))]
#[doc = include_str!("../README.md")]
struct Readme;
