//! Credentials by security scheme, and how they are added to requests (OpenAPI 3.1, "Security Scheme Object").

use std::fmt;
use std::sync::Arc;

use http::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use zeroize::Zeroizing;

use crate::error::{Error, Kind};
use crate::http::{Exchange, Requirement};

use super::cache::Cache;
use super::flow::OAuth2;
use super::secret::{basic, header_value};
use super::token::{Provider, TokenProvider};

/// The source of one security scheme's credential, and its place in a request.
///
/// Nothing is checked or sent before the client is built. Clones of a credential share one token: use the same
/// credential for two schemes if they accept the same tokens.
///
/// ```
/// use connectors_runtime::auth::{Credential, Credentials};
///
/// let credentials = Credentials::new()
///     .with("apiKey", Credential::header("X-API-Key", "s3cret"))
///     .with("login", Credential::basic("me", "s3cret"));
/// assert!(!format!("{credentials:?}").contains("s3cret"));
/// ```
#[derive(Clone)]
pub struct Credential(Arc<Form>);

enum Form {
    Provider(Provider),
    OAuth2(OAuth2),
    Token(SecretString),
    Basic { user: String, password: SecretString },
    Header { name: &'static str, secret: SecretString },
    Query { name: &'static str, secret: SecretString },
    Cookie { name: &'static str, secret: SecretString },
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Form::Provider(provider) => f.debug_tuple("Bearer").field(provider).finish(),
            Form::OAuth2(flow) => flow.fmt(f),
            Form::Token(_) => f.write_str("Bearer([redacted])"),
            Form::Basic { .. } => f.write_str("Basic([redacted])"),
            Form::Header { name, .. } => write!(f, "Header({name}: [redacted])"),
            Form::Query { name, .. } => write!(f, "Query({name}=[redacted])"),
            Form::Cookie { name, .. } => write!(f, "Cookie({name}=[redacted])"),
        }
    }
}

impl Credential {
    fn new(form: Form) -> Self {
        Self(Arc::new(form))
    }

    /// Bearer tokens of a provider, sent as `Authorization: Bearer` (RFC 6750, section 2.1). The client caches each
    /// token until shortly before its expiry or until the server rejects it.
    pub fn bearer(provider: impl TokenProvider) -> Self {
        Self::new(Form::Provider(Provider::new(provider)))
    }

    /// One bearer token that is never refreshed.
    pub fn token(token: impl Into<String>) -> Self {
        Self::new(Form::Token(SecretString::from(token.into())))
    }

    /// A user name and password, sent as `Authorization: Basic` in UTF-8 (RFC 7617). The user name cannot have a colon.
    pub fn basic(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self::new(Form::Basic { user: user.into(), password: SecretString::from(password.into()) })
    }

    /// A key in a header: `apiKey` with `in: header`.
    pub fn header(name: &'static str, secret: impl Into<String>) -> Self {
        Self::new(Form::Header { name, secret: SecretString::from(secret.into()) })
    }

    /// A key in the query: `apiKey` with `in: query`. It replaces a parameter of the same name. This crate never prints
    /// a query, but servers and proxies often do. Choose another scheme if the service has one.
    pub fn query(name: &'static str, secret: impl Into<String>) -> Self {
        Self::new(Form::Query { name, secret: SecretString::from(secret.into()) })
    }

    /// A key in a cookie: `apiKey` with `in: cookie`. It is added to the request's other cookies. The value is sent
    /// unchanged, so it can have only the characters of RFC 6265, section 4.1.1: no space, `"`, `,`, `;` or `\`.
    pub fn cookie(name: &'static str, secret: impl Into<String>) -> Self {
        Self::new(Form::Cookie { name, secret: SecretString::from(secret.into()) })
    }

    /// Bearer tokens from an OAuth 2.0 flow.
    pub fn oauth2(flow: OAuth2) -> Self {
        Self::new(Form::OAuth2(flow))
    }

    /// Checks the credential and creates its cache.
    fn connect(&self, exchange: &Arc<Exchange>, base_url: &Url) -> Result<Slot, Error> {
        let cached = |provider| Slot::Bearer(Cache::of_client(provider, exchange));
        Ok(match &*self.0 {
            Form::Provider(provider) => cached(provider.clone()),
            Form::OAuth2(flow) => cached(flow.clone().connect(exchange, base_url)?),
            Form::Token(token) => {
                let text = filled(token)?;
                let mut line = Zeroizing::new(String::with_capacity("Bearer ".len() + text.len()));
                line.push_str("Bearer ");
                line.push_str(text);
                Slot::Header(AUTHORIZATION, header_value(line)?)
            }
            Form::Basic { user, password } => {
                let password = password.expose_secret();
                if user.contains(':') || user.chars().chain(password.chars()).any(char::is_control) {
                    let message = "a user name cannot have a colon, and neither it nor a password control characters";
                    return Err(Error::new(Kind::Config, message));
                }
                Slot::Header(AUTHORIZATION, basic(user, password)?)
            }
            Form::Header { name, secret } => {
                let name = HeaderName::try_from(*name)
                    .map_err(|_| Error::new(Kind::Config, "the name is not a valid header name"))?;
                if matches!(name.as_str(), "host" | "content-length" | "transfer-encoding" | "connection" | "cookie") {
                    let message = format!("a key cannot be sent as `{name}`: the client sets that header itself");
                    return Err(Error::new(Kind::Config, message));
                }
                Slot::Header(name, header_value(Zeroizing::new(filled(secret)?.to_owned()))?)
            }
            Form::Query { name, secret } => {
                filled(secret)?;
                Slot::Query(name, secret.clone())
            }
            Form::Cookie { name, secret } => {
                let value = filled(secret)?;
                if HeaderName::try_from(*name).is_err() || !value.bytes().all(is_cookie_octet) {
                    let message = "the cookie's name or value has characters that a cookie cannot have";
                    return Err(Error::new(Kind::Config, message));
                }
                Slot::Cookie(name, secret.clone())
            }
        })
    }
}

/// A secret that is not empty.
fn filled(secret: &SecretString) -> Result<&str, Error> {
    let text = secret.expose_secret();
    if text.trim().is_empty() { Err(Error::new(Kind::Config, "the secret is empty")) } else { Ok(text) }
}

/// `cookie-octet` of RFC 6265, section 4.1.1.
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

/// The credentials of a client, by the name of the scheme in the document's `components.securitySchemes`.
///
/// ```
/// use connectors_runtime::auth::{Credential, Credentials, OAuth2};
///
/// let flow = OAuth2::client_credentials("https://id.example.com/token", "app", "s3cret").scopes(["read"]);
/// let credentials = Credentials::new().with("oauth", Credential::oauth2(flow));
/// # drop(credentials);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    schemes: Vec<(&'static str, Credential)>,
    all: Option<Credential>,
}

impl Credentials {
    /// No credentials: for services without security.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the credential for a scheme. It replaces an earlier one for the same scheme.
    #[must_use]
    pub fn with(mut self, scheme: &'static str, credential: Credential) -> Self {
        self.schemes.retain(|(known, _)| *known != scheme);
        self.schemes.push((scheme, credential));
        self
    }

    /// One credential for every operation, for services whose document declares no security or a wrong one. A
    /// credential that is added [for a scheme](Credentials::with) takes precedence if an operation requires that
    /// scheme.
    #[must_use]
    pub fn for_all(credential: Credential) -> Self {
        Self { schemes: Vec::new(), all: Some(credential) }
    }

    /// Checks the credentials and creates their caches. Sends nothing. Relative URLs of token endpoints are resolved
    /// against `base_url`, the client's server.
    ///
    /// # Errors
    /// [`Error::is_config`] if a credential cannot be sent, or if a token endpoint's URL is not safe. The message names
    /// the scheme and never the secret.
    pub fn connect(self, exchange: &Arc<Exchange>, base_url: &Url) -> Result<Authenticator, Error> {
        let mut made: Vec<(Credential, Arc<Slot>)> = Vec::new();
        let mut slot = |credential: Credential| -> Result<Arc<Slot>, Error> {
            if let Some((_, slot)) = made.iter().find(|(known, _)| Arc::ptr_eq(&known.0, &credential.0)) {
                return Ok(Arc::clone(slot));
            }
            let slot = Arc::new(credential.connect(exchange, base_url)?);
            made.push((credential, Arc::clone(&slot)));
            Ok(slot)
        };
        let mut schemes = Vec::with_capacity(self.schemes.len());
        for (scheme, credential) in self.schemes {
            let slot = slot(credential)
                .map_err(|error| error.in_context(&format!("the credential for the scheme `{scheme}`")))?;
            schemes.push((scheme, slot));
        }
        let all = self.all.map(slot).transpose().map_err(|error| error.in_context("the client's credential"))?;
        Ok(Authenticator(Arc::new(Connected { schemes, all })))
    }
}

/// A credential that can be added to requests.
enum Slot {
    Bearer(Cache),
    Header(HeaderName, HeaderValue),
    Query(&'static str, SecretString),
    Cookie(&'static str, SecretString),
}

impl Slot {
    /// Adds it to a request, and returns the generation of the token; `None` if the token has to be fetched first.
    fn apply_at_once(&self, request: &mut reqwest::Request) -> Option<Result<u64, Error>> {
        match self {
            Self::Bearer(cache) => {
                let (header, generation) = cache.at_hand()?;
                request.headers_mut().insert(AUTHORIZATION, header);
                Some(Ok(generation))
            }
            Self::Header(name, value) => {
                request.headers_mut().insert(name, value.clone());
                Some(Ok(0))
            }
            Self::Query(name, secret) => {
                put_query(request.url_mut(), name, secret.expose_secret());
                Some(Ok(0))
            }
            Self::Cookie(name, secret) => Some(put_cookie(request, name, secret.expose_secret()).map(|()| 0)),
        }
    }

    async fn apply(&self, request: &mut reqwest::Request) -> Result<u64, Error> {
        if let Some(applied) = self.apply_at_once(request) {
            return applied;
        }
        let Self::Bearer(cache) = self else { return Ok(0) };
        let (header, generation) = cache.get().await.map_err(Error::before_sending)?;
        request.headers_mut().insert(AUTHORIZATION, header);
        Ok(generation)
    }

    /// The part of a request that it sets. Two credentials cannot set the same part.
    fn place(&self) -> (u8, &str) {
        match self {
            Self::Bearer(_) => (0, AUTHORIZATION.as_str()),
            Self::Header(name, _) => (0, name.as_str()),
            Self::Query(name, _) => (1, name),
            Self::Cookie(name, _) => (2, name),
        }
    }
}

/// Sets a query parameter, and replaces others with its name.
fn put_query(url: &mut Url, name: &str, value: &str) {
    if url.query_pairs().any(|(known, _)| known == name) {
        // The other parameters keep their spelling.
        let is_other = |pair: &&str| !url::form_urlencoded::parse(pair.as_bytes()).any(|(known, _)| known == name);
        let others: Vec<&str> = url.query().unwrap_or_default().split('&').filter(is_other).collect();
        let others = (!others.is_empty()).then(|| others.join("&"));
        url.set_query(others.as_deref());
    }
    url.query_pairs_mut().append_pair(name, value);
}

/// Adds a cookie to those of the request, and replaces others with its name.
fn put_cookie(request: &mut reqwest::Request, name: &str, value: &str) -> Result<(), Error> {
    let mut line = Zeroizing::new(String::new());
    for header in request.headers().get_all(COOKIE) {
        let Ok(header) = header.to_str() else {
            return Err(Error::new(Kind::Argument, "the request's cookies are not ASCII"));
        };
        for cookie in header.split(';').map(str::trim).filter(|cookie| !cookie.is_empty()) {
            if cookie.split('=').next() != Some(name) {
                line.push_str(cookie);
                line.push_str("; ");
            }
        }
    }
    line.push_str(name);
    line.push('=');
    line.push_str(value);
    request.headers_mut().insert(COOKIE, header_value(line)?);
    Ok(())
}

/// Adds the credentials that an operation requires to its requests. Cheap to clone.
#[derive(Clone)]
pub struct Authenticator(Arc<Connected>);

struct Connected {
    schemes: Vec<(&'static str, Arc<Slot>)>,
    all: Option<Arc<Slot>>,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schemes: Vec<&str> = self.0.schemes.iter().map(|(scheme, _)| *scheme).collect();
        f.debug_struct("Authenticator").field("schemes", &schemes).field("for_all", &self.0.all.is_some()).finish()
    }
}

impl Authenticator {
    /// Chooses the credentials for the requests of an operation: the first alternative with schemes for all of which
    /// there are credentials.
    ///
    /// Otherwise it chooses the credential [for all](Credentials::for_all) operations. Without that, the requests are
    /// anonymous if the operation allows it, by an empty alternative or by no requirements at all.
    ///
    /// # Errors
    /// [`Error::is_config`] if the operation requires credentials that the client does not have, or if two schemes of
    /// one alternative set the same header. The message names the schemes that are missing.
    pub fn select(&self, security: &'static [&'static [Requirement]]) -> Result<Chosen, Error> {
        for alternative in security.iter().filter(|alternative| !alternative.is_empty()) {
            if let [requirement] = alternative {
                if let Some(slot) = self.slot(requirement.scheme) {
                    return Ok(Chosen(Slots::One(Arc::clone(slot))));
                }
            } else if let Some(slots) = alternative.iter().map(|it| self.slot(it.scheme)).collect::<Option<Vec<_>>>() {
                return several(slots);
            }
        }
        if let Some(slot) = &self.0.all {
            return Ok(Chosen(Slots::One(Arc::clone(slot))));
        }
        if security.iter().all(|alternative| !alternative.is_empty()) && !security.is_empty() {
            return Err(missing(security));
        }
        Ok(Chosen(Slots::None))
    }

    /// The query parameters that credentials set.
    pub(crate) fn query_names(&self) -> impl Iterator<Item = &'static str> + '_ {
        let slots = self.0.schemes.iter().map(|(_, slot)| slot).chain(&self.0.all);
        slots.filter_map(|slot| match &**slot {
            Slot::Query(name, _) => Some(*name),
            Slot::Bearer(_) | Slot::Header(..) | Slot::Cookie(..) => None,
        })
    }

    fn slot(&self, scheme: &str) -> Option<&Arc<Slot>> {
        self.0.schemes.iter().find(|(known, _)| *known == scheme).map(|(_, slot)| slot)
    }
}

/// All of these credentials.
fn several(slots: Vec<&Arc<Slot>>) -> Result<Chosen, Error> {
    let mut distinct: Vec<Arc<Slot>> = Vec::with_capacity(slots.len());
    for slot in slots {
        if distinct.iter().any(|known| Arc::ptr_eq(known, slot)) {
            continue;
        }
        if let Some(known) = distinct.iter().find(|known| known.place() == slot.place()) {
            let message = format!("two credentials of one operation both set `{}`", known.place().1);
            return Err(Error::new(Kind::Config, message));
        }
        distinct.push(Arc::clone(slot));
    }
    Ok(Chosen(Slots::All(distinct.into())))
}

/// The error that names the missing schemes.
fn missing(security: &[&[Requirement]]) -> Error {
    let names = |alternative: &&[Requirement]| {
        alternative.iter().map(|it| format!("`{}`", it.scheme)).collect::<Vec<_>>().join(" and ")
    };
    let alternatives = security.iter().map(names).collect::<Vec<_>>().join(", or ");
    Error::new(Kind::Config, format!("the operation needs credentials that the client does not have: {alternatives}"))
}

/// The credentials for one call. Cheap to clone.
#[derive(Clone, Default)]
pub struct Chosen(Slots);

#[derive(Clone, Default)]
enum Slots {
    #[default]
    None,
    One(Arc<Slot>),
    All(Arc<[Arc<Slot>]>),
}

impl fmt::Debug for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chosen({} credentials)", self.slots().len())
    }
}

/// The tokens of a request, for [`Chosen::invalidate`] after a 401.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    first: u64,
    more: Vec<u64>,
}

impl Applied {
    fn generations(&self) -> impl Iterator<Item = u64> {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }
}

impl From<u64> for Applied {
    fn from(first: u64) -> Self {
        Self { first, more: Vec::new() }
    }
}

impl Chosen {
    fn slots(&self) -> &[Arc<Slot>] {
        match &self.0 {
            Slots::None => &[],
            Slots::One(slot) => std::slice::from_ref(slot),
            Slots::All(slots) => slots,
        }
    }

    /// Whether the requests have no credential.
    pub(crate) fn is_anonymous(&self) -> bool {
        matches!(self.0, Slots::None)
    }

    /// Adds the credentials to a request, if no token has to be fetched. Otherwise it returns `None`, and the request
    /// may have a part of them: call [`Chosen::apply`] next.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if a cookie cannot be added to the request's cookies.
    pub fn apply_at_once(&self, request: &mut reqwest::Request) -> Option<Result<Applied, Error>> {
        match &self.0 {
            Slots::None => Some(Ok(Applied::default())),
            Slots::One(slot) => Some(slot.apply_at_once(request)?.map(Applied::from)),
            Slots::All(slots) => {
                let mut applied = Applied::default();
                for (index, slot) in slots.iter().enumerate() {
                    match slot.apply_at_once(request)? {
                        Ok(generation) if index == 0 => applied.first = generation,
                        Ok(generation) => applied.more.push(generation),
                        Err(error) => return Some(Err(error)),
                    }
                }
                Some(Ok(applied))
            }
        }
    }

    /// Adds the credentials to a request, and fetches tokens for it if necessary. Each replaces the previous one in its
    /// place, so calling it twice is safe.
    ///
    /// # Errors
    /// The error of the token's provider, as the error of a call that was not sent; and those of
    /// [`Chosen::apply_at_once`].
    pub async fn apply(&self, request: &mut reqwest::Request) -> Result<Applied, Error> {
        let mut applied = Applied::default();
        for (index, slot) in self.slots().iter().enumerate() {
            let generation = slot.apply(request).await?;
            if index == 0 {
                applied.first = generation;
            } else {
                applied.more.push(generation);
            }
        }
        Ok(applied)
    }

    /// The keys in the query. They are removed from errors.
    pub(crate) fn query_keys(&self) -> Vec<Zeroizing<String>> {
        let keys = self.slots().iter().filter_map(|slot| match &**slot {
            Slot::Query(_, secret) => Some(Zeroizing::new(secret.expose_secret().to_owned())),
            _ => None,
        });
        keys.collect()
    }

    /// Removes the tokens of a request from their caches, after the server returned 401. A token that was replaced
    /// meanwhile is kept. Returns true if the next request will have another token.
    pub fn invalidate(&self, applied: &Applied) -> bool {
        self.slots().iter().zip(applied.generations()).fold(false, |renewed, (slot, generation)| match &**slot {
            Slot::Bearer(cache) => cache.invalidate(generation) || renewed,
            _ => renewed,
        })
    }
}
