//! Typed clients for **ConductorOne (C1)** and **PipesHub** connectors, generated at compile time from the services'
//! own OpenAPI documents, under a thin hand-written layer: authentication, retries, typed errors, paging and waiting.
//!
//! Each service is a feature and a module: `c1`, which is on by default, and `pipeshub`. Below is a first call of each,
//! and a table of the usual jobs: the methods for it, and a complete program. The module's page lists every operation
//! of the service.
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

| to | use | complete program |
|---|---|---|
| log in with a secret, as a workload, or with a token of your own | [`c1::Credentials`], [`auth::TokenProvider`] | |
| log in a person | [`c1::DeviceLogin`] | [c1_login] |
| list the connectors of all apps, or of one | [`c1::Client::inventory`], [`c1::App::connectors`] | [c1_inventory] |
| create a connector that C1 runs, and wait for its first sync | [`c1::App::configuration_schema`], [`c1::EnvConfig::validate`], [`c1::App::create_connector`], [`c1::Connector::first_sync`] | [c1_hosted] |
| create it only once, even if a response is lost or the program runs again | [`c1::App::snapshot`], [`c1::CreateConnector::find_or_create`] | [c1_once] |
| create a connector that you run yourself, and rotate its credential | [`c1::App::create_connector`], [`c1::Connector::rotate_credential`], [`c1::Connector::credential`], [`c1::Connector::revoke_credential`] | [c1_self_hosted] |
| update a configuration, a name or a description | [`c1::Connector::update`], [`c1::EnvConfig`] | [c1_change] |
| get a connector's app, users or capabilities in the same call | [`c1::Expand`], [`c1::Update::send_expanded`] | |
| force a sync, watch it, wait for it, resume the wait after a restart | [`c1::Connector::force_sync`], [`c1::SyncWait`], [`c1::Client::resume_wait`] | [c1_sync] |
| pause or schedule syncs, confirm one that is held back, download its data | [`c1::Connector::pause`], [`c1::Connector::schedule`], [`c1::Connector::confirm_sync`], [`c1::Connector::sync_download_url`] | [c1_schedule] |
| list, add and remove owners of a connector | [`c1::Connector::owners`] | [c1_owners] |
| delete a connector | [`c1::Connector::delete`] | |
| validate the configuration of an HTTP connector | [`c1::api::requests::connectors::Api::validate_http_config`] | |
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
// PIPESHUB_BEARER_AUTH, or PIPESHUB_CLIENT_ID and PIPESHUB_CLIENT_SECRET; PIPESHUB_INSTANCE_URL for your own instance.
let ph = Client::from_env()?;
let mut connectors = ph.all_connectors().list();
while let Some(connector) = connectors.try_next().await? {
    println!("{}: {:?}", connector.handle().id(), connector.instance_name);
}
# Ok(())
# }
```

| to | use | complete program |
|---|---|---|
| log in with a secret, a token, or a refresh token | [`pipeshub::Credentials`], [`auth::TokenProvider`] | |
| log in a person, and authorize a connector at its source | [`pipeshub::BrowserLogin`], [`pipeshub::Connector::authorize`] | [pipeshub_oauth] |
| list the types of connectors | [`pipeshub::Client::registry`], [`pipeshub::Client::connector_schema`] | [pipeshub_registry] |
| list the existing connectors | [`pipeshub::Client::connectors`], [`pipeshub::Client::all_connectors`] | [pipeshub_list] |
| create a connector only once, even if a response is lost; configure it, rename it | [`pipeshub::Client::create`], [`pipeshub::CreateConnector::find_or_create`], [`pipeshub::Connector::set_config`], [`pipeshub::Connector::set_auth`], [`pipeshub::Connector::rename`] | [pipeshub_create] |
| set its sync filters, also while its sync is on | [`pipeshub::Connector::filter_options`], [`pipeshub::Connector::set_sync_filters`] | [pipeshub_filters] |
| switch its sync, or its use by agents, on or off | [`pipeshub::Connector::set_sync`], [`pipeshub::Connector::set_agent`] | [pipeshub_sync_switch] |
| wait for a sync, and for the indexing after it; resume the wait after a restart | [`pipeshub::Connector::wait_for_sync`], [`pipeshub::Connector::wait_for_indexing`], [`pipeshub::Client::resume_wait`] | [pipeshub_wait] |
| fetch its records again, or index them again | [`pipeshub::Connector::resync`], [`pipeshub::Connector::reindex`] | [pipeshub_resync] |
| upload files from this machine | [`pipeshub::Connector::upload`] | [pipeshub_upload] |
| search, read and browse its records | [`pipeshub::api::Client::records`] | |
| delete a connector, and wait until it is deleted | [`pipeshub::Connector::delete`] | [pipeshub_delete] |
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
//! Calls, streams and waits need a tokio runtime with timers and IO, as `#[tokio::main]` and
//! `Builder::enable_all` build it. On another executor, or without one, they panic when they are first polled. Building
//! a client needs no runtime.
//!
//! A program without async turns on the feature `blocking`. Every future and every stream of this crate then has a
//! method `.blocking()`, which runs it on a background runtime of the crate and returns its result.
#![cfg_attr(feature = "blocking", doc = "See [`blocking`].")]
//!
//! # Errors
//! There is one type, [`Error`]. Its predicates help you decide what to do:
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
//! An error prints as one line. [`Error::request_id`] is for the service's support, and [`Error::code`] and
//! [`Error::details`] are for programs. If a method needs several calls and a later one fails, [`Error::is_partial`] is
//! true, and [`Error::created`] is the id of the object that an earlier call created.
//!
//! # Retries
//! A failed call is retried only if the server cannot process it twice: [`RetryPolicy`] has the settings. [`Limits`]
//! has the timeouts and size limits of all calls, and [`RequestOptions`] has the options of one call. A create is not
//! retried once the server may have processed it: if its response is lost, [`Error::may_have_happened`] is true.
//!
//! The builder's `on_attempt` reports each attempt, for metrics and logs, and its `headers_with` adds headers to each.
//! Each call is also a span of `tracing`: see the example [`tracing.rs`].
//!
//! # New fields and values
//! Fields and values that this version does not know are not lost: an unknown field is kept in the struct's
//! `extra` and sent back with it, and an unknown value of an enum keeps its text. Structs get new fields: build
//! them with `default()`, or with `new(...)` if some fields are required, and assign the others. A new field then does not
//! break your program.
//!
//! # Secrets
//! Tokens, client secrets and configuration that is marked secret are never printed: not by `Debug`, not in an error
//! message, not in a span. Client secrets and keys are wiped from memory when their last owner is dropped. A token is sent only to the
//! server that it was issued for: redirects are not followed, and plain http is allowed only on this machine.
//! [`Error::body`] and [`Error::details`] contain text of the server: do not log them without a check.
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

With a [`TestClock`] (the builder's `clock`), waits and timeouts take no time; the tenant has one to share. A unit test
needs no server either: your own [`Sender`] (the builder's `sender`) returns the responses that the test needs.
"#
)]
//!
//! # Features
//! | feature | |
//! |---|---|
//! | `c1` (default) | the C1 client; without it, none of it is compiled |
//! | `pipeshub` | the PipesHub client |
//! | `blocking` | the module `blocking`: calls and streams for programs without async |
//! | `rustls` (default) | TLS by rustls, with the cryptography of `ring` and the certificates that the platform trusts; see [`provide_tls`] for another, and for [`reqwest`] clients of your own |
//! | `native-tls` | TLS by the platform's library, unless `rustls` is on |
//!
//! Features only add. For the platform's TLS alone, turn the default features off:
//!
//! ```toml
//! connectors = { version = "0.1", default-features = false, features = ["c1", "native-tls"] }
//! ```
//!
//! With neither TLS feature a client can still be built for a server on this machine, or with your own HTTP client (the
//! builder's `http`).
//!
//! # Further reading
//! - [The book]: quick starts, recipes, retries, credentials, paging, settings; [the glossary] explains the words.
//! - [The README], with ten common questions, and what this crate does not do.
//! - [How it works]: the pipeline from document to client, and where each promise is tested.
//! - [What counts as breaking], and [one real change] from end to end.
//! - [Each dependency] and its purpose, and [what it costs] to build and to call.
//!
//! [`tracing.rs`]: https://github.com/connectors-rs/connectors/blob/main/examples/tracing.rs
//! [The book]: https://github.com/connectors-rs/connectors/blob/main/docs/book/src/SUMMARY.md
//! [the glossary]: https://github.com/connectors-rs/connectors/blob/main/docs/book/src/glossary.md
//! [The README]: https://github.com/connectors-rs/connectors#readme
//! [How it works]: https://github.com/connectors-rs/connectors/blob/main/docs/architecture.md
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
/// The HTTP client: the builders' `http` takes its `ClientBuilder`, and a [`Sender`] its requests and responses.
#[doc(no_inline)]
pub use connectors_runtime::reqwest;
#[doc(inline)]
pub use connectors_runtime::{
    Attempted, Builder, CallOptions, Clock, Connect, Connection, Detail, Error, FieldViolation, Id, IntoId, Limits,
    Operation, Pace, Paced, Page, Pages, Position, RequestOptions, Response, RetryPolicy, SendError, Sender, Sending,
    Sleep, SystemClock, TestClock, UntypedCall, WaitState, Watch, auth, provide_tls,
};
#[cfg(feature = "pipeshub")]
#[doc(inline)]
pub use connectors_runtime::{File, Multipart};
/// The headers and status codes in this crate's interface.
#[doc(no_inline)]
pub use http;

#[cfg(all(doctest, feature = "c1", feature = "pipeshub"))]
#[doc = include_str!("../README.md")]
struct Readme;
