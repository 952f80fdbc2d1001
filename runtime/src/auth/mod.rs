//! Credentials: their sources, how long they are cached, and how they are added to requests.
//!
//! A client needs [`Credentials`]: one [`Credential`] for each security scheme of its document, or one for all
//! operations. The table that is generated with the client has the schemes of each operation.
//!
//! | scheme in the document | the credential |
//! |---|---|
//! | `http`, `bearer` | [`Credential::token`], or [`Credential::bearer`] with a [`TokenProvider`] |
//! | `http`, `basic` | [`Credential::basic`] |
//! | `apiKey` | [`Credential::header`], [`Credential::query`], [`Credential::cookie`] |
//! | `oauth2`, for the program itself | [`Credential::oauth2`] with an [`OAuth2`] flow |
//! | `oauth2` or `openIdConnect`, for a person | [`Credential::bearer`] with the [`Login`] of an [`AuthorizationCode`] or a [`DeviceLogin`] |
//!
//! Tokens are fetched once for all waiting calls. They are refreshed 60 s before they expire, or after nine tenths of
//! their lifetime if that is later. If a refresh fails, the token stays in use while it is valid. After a 401 the
//! rejected token is removed from the cache, and the call is retried once with another one.

mod cache;
mod client;
mod code;
mod device;
mod flow;
mod form;
mod grant;
mod oauth;
mod refresh;
mod scheme;
mod secret;
mod server;
mod token;
#[cfg(feature = "webhooks")]
mod webhook;
mod work;

pub use client::{Assertion, OAuthClient};
pub use code::{AuthorizationCode, CodeLogin, code_in_redirect, is_redirect_response};
pub use device::{DeviceGrant, DeviceLogin};
pub use flow::{OAuth2, TokenExchange};
pub use refresh::Login;
pub use scheme::{Applied, Authenticator, Chosen, Credential, Credentials};
/// The type of refresh tokens, and the trait for reading one.
#[doc(no_inline)]
pub use secrecy::{ExposeSecret, SecretString};
pub use server::{check_endpoint, check_server, parse_host, parse_server};
pub use token::{Provider, Token, TokenProvider};
#[cfg(feature = "webhooks")]
pub use webhook::{WebhookSecret, WebhookVerifier};
