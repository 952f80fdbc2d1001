//! One call: its parameters, body and options, and how its response is read.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use progenitor_client::{ByteStream, encode_path};
use serde::Serialize;
use url::Url;

use crate::encode::{Multipart, Parameter, form};
use crate::error::{Error, Kind};
use crate::http::{CallOptions, Idempotency, Operation, Success};
use crate::object::{Json, to_vec};

use super::body::Payload;
use super::core::Core;
use super::outgoing::{Build, Outgoing};
use super::pages::{Cursor, Page};
use super::response::{ByStatus, Response};
use super::sending::{Done, Exchanging, Sending};

/// One call that is not sent yet: the core of a generated request.
#[derive(Clone, Debug)]
pub struct Call(Outgoing);

impl Core {
    /// Begins a call of an operation. Sends nothing.
    #[must_use]
    pub fn call(&self, operation: &'static Operation, build: Build) -> Call {
        Call(Outgoing::new(self.clone(), operation, build))
    }
}

impl Call {
    /// The operation.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.0.operation
    }

    /// The options of this call.
    pub fn options_mut(&mut self) -> &mut CallOptions {
        &mut self.0.extras_mut().options
    }

    /// Sets a parameter.
    pub fn set(&mut self, parameter: &Parameter, value: &(impl Serialize + ?Sized)) {
        let set = self.0.parameters.push(parameter, value);
        self.note(set);
    }

    /// Adds a parameter to the query, even if the document does not have it.
    pub(super) fn append_query(&mut self, name: &str, value: &str) {
        self.0.parameters.append_query(name, value);
    }

    /// The number that a parameter such as `query.page` is set to; `None` if it is not set, or is no such number.
    #[must_use]
    pub fn sent_number(&self, name: &str) -> Option<u64> {
        self.0.parameters.sent(name)?.parse().ok()
    }

    /// Sends it to the page that a link leads to.
    pub fn follow(&mut self, cursor: &Cursor) {
        match self.0.core.url_of(self.0.operation).and_then(|url| cursor.to_url(&url)) {
            Ok(url) => self.0.extras_mut().link = Some(url),
            Err(error) => self.note(Err(error)),
        }
    }

    /// The page of a list whose `Link` header names the next one (RFC 8288). Credentials that the client adds to the
    /// query are removed from the cursor.
    ///
    /// # Errors
    /// [`Error::is_decode`] if the link leads to another host, or is not a URL.
    pub fn linked_page<T>(&self, items: Vec<T>, headers: &HeaderMap) -> Result<Page<T>, Error> {
        let mut page = Page::by_link(items, headers, &self.url()?)?;
        for name in self.0.core.authenticator().query_names() {
            page.next = page.next.map(|cursor| cursor.without_query(name));
        }
        Ok(page)
    }

    /// The base URL of relative links in its response.
    fn url(&self) -> Result<Url, Error> {
        if let Some(link) = self.0.link() {
            return Ok(link.clone());
        }
        let mut path = self.0.operation.path().to_owned();
        for (name, value) in self.0.parameters.path_values() {
            path = path.replace(&format!("{{{name}}}"), &encode_path(value));
        }
        let path = self.0.parameters.with_backslashes(&path).unwrap_or(path);
        Url::parse(&format!("{}{path}", self.0.core.base_url_of(self.0.operation)?))
            .map_err(|error| Error::new(Kind::Config, "the server's URL cannot be used").caused_by(error))
    }

    /// Sets a JSON body.
    pub fn body_json(&mut self, media_type: &str, body: &impl Json) {
        let body = to_vec(body).and_then(|bytes| Payload::bytes(media_type, bytes));
        self.put(body);
    }

    /// Sets a JSON body by its text.
    pub(super) fn body_text(&mut self, media_type: &str, json: String) {
        self.put(Payload::bytes(media_type, json.into()));
    }

    /// Keeps the first reason why it cannot be sent.
    pub(super) fn refuse(&mut self, error: Error) {
        self.note(Err(error));
    }

    /// Sets a form as the body (`application/x-www-form-urlencoded`).
    pub fn body_form(&mut self, body: &impl Serialize, encoding: &'static [Parameter]) {
        let bytes = form(body, encoding);
        self.put(bytes.and_then(|bytes| Payload::bytes("application/x-www-form-urlencoded", bytes)));
    }

    /// Sets the bytes of the body. A stream can be sent once: after it may have been sent, the call is not retried, and
    /// sending a clone of the call fails.
    pub fn body_bytes(&mut self, media_type: &str, body: impl Into<reqwest::Body>) {
        self.put(Payload::any(media_type, body.into()));
    }

    /// Sets a body of parts, of a media type such as `multipart/form-data`. It can be retried unless a part is a
    /// stream.
    pub fn body_parts(&mut self, media_type: &str, body: impl Into<Multipart>) {
        self.put(body.into().finish_as(media_type).map(Payload::parts));
    }

    fn put(&mut self, body: Result<Payload, Error>) {
        match body {
            Ok(body) => self.0.extras_mut().body = Some(body),
            Err(error) => self.note(Err(error)),
        }
    }

    /// Sets the requested media types, instead of those of the operation.
    pub(super) fn ask_for(&mut self, media_type: &str) {
        match HeaderValue::try_from(media_type) {
            Ok(accept) => self.0.extras_mut().accept = Some(accept),
            Err(_) => self.note(Err(Error::new(Kind::Argument, "the requested media type is not a header value"))),
        }
    }

    /// Creates the idempotency key now, so that every clone of the call sends the same one.
    pub(super) fn fix_key(&mut self) -> Result<(), Error> {
        match self.0.operation.idempotency() {
            Idempotency::ByKey(header) => set_key(header, &mut self.0),
            Idempotency::Idempotent | Idempotency::NotIdempotent => Ok(()),
        }
    }

    fn note(&mut self, set: Result<(), Error>) {
        if let Err(error) = set {
            self.0.extras_mut().wrong.get_or_insert(error);
        }
    }

    fn prepare(&mut self) -> Result<(), Error> {
        self.fix_key()?;
        self.0.prepare()
    }

    pub(super) fn prepared(mut self) -> Result<Outgoing, Error> {
        self.prepare()?;
        Ok(self.0)
    }

    /// Requests a single value, if a property of the body selects a value or a stream.
    fn single(&mut self) {
        if let Some(property) = self.0.operation.streaming().and_then(|streaming| streaming.property) {
            self.set_flag(property, false);
        }
    }

    pub(super) fn set_flag(&mut self, property: &str, value: bool) {
        if let Some(body) = self.0.payload_mut() {
            body.set_flag(property, value);
        }
    }

    fn whole(mut self) -> Exchanging {
        Box::pin(async move {
            self.single();
            self.prepare()?;
            // Not in a variable of its own: the future would have room for both.
            let whole = self.0.whole().await?;
            Ok((self.0, whole))
        })
    }

    /// Sends it, and reads JSON.
    ///
    /// # Errors
    /// The future has every error of a call. The futures of the other methods have the same errors.
    pub fn json<T: Json>(self) -> Sending<Response<T>> {
        fn read<T: Json>((outgoing, whole): Done) -> Result<Response<T>, Error> {
            outgoing.json(whole)
        }
        Sending::response(self.whole(), read)
    }

    /// Sends it, and reads a response whose type depends on its status.
    pub fn by_status<T: 'static>(self, read: ByStatus<T>) -> Sending<Response<T>> {
        let call = self.whole();
        Sending::new(async move {
            let (outgoing, whole) = call.await?;
            outgoing.by_status(whole, read)
        })
    }

    /// Sends it, and reads a response without content.
    pub fn empty(self) -> Sending<Response<()>> {
        Sending::response(self.whole(), |(_, whole)| Ok(whole.response(())))
    }

    /// Sends it, and returns the body of a success as a stream.
    pub fn bytes(mut self) -> Sending<Response<ByteStream>> {
        Sending::new(async move {
            // The overlay may declare a stream where the document has bytes.
            if self.0.operation.success() != Success::Stream {
                self.single();
            }
            self.open().await
        })
    }

    /// Sends it, and leaves the body of a success to the caller.
    pub(super) async fn open(self) -> Result<Response<ByteStream>, Error> {
        self.prepared()?.open().await
    }

    /// Whether it can be sent a second time.
    pub(super) fn is_repeatable(&self) -> bool {
        self.0.is_repeatable()
    }

    pub(super) fn is_idempotent(&self) -> bool {
        self.0.is_idempotent()
    }

    pub(super) fn path_value(&self, name: &str) -> &str {
        self.0.parameters.path_value(name).unwrap_or_default()
    }

    pub(super) fn options(&self) -> Option<&CallOptions> {
        self.0.extras().map(|extras| &extras.options)
    }

    pub(super) fn core(&self) -> &Core {
        &self.0.core
    }
}

/// Creates the key by which the service recognizes the attempts of one call, unless the caller has set one.
fn set_key(header: &'static str, call: &mut Outgoing) -> Result<(), Error> {
    let name = HeaderName::from_bytes(header.as_bytes())
        .map_err(|_| Error::new(Kind::Config, "the idempotency key's header is not a header name"))?;
    let in_parameters = call.parameters.has_header(&name);
    let options = &mut call.extras_mut().options;
    if in_parameters || options.headers.contains_key(&name) {
        return Ok(());
    }
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Without a key a second attempt would not be safe.
        options.idempotent = Some(false);
        return Ok(());
    }
    let key = format!("{:032x}", u128::from_be_bytes(bytes));
    if let Ok(value) = HeaderValue::try_from(key) {
        options.headers.insert(name, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use http::header::LINK;

    use super::*;
    use crate::auth::{Credential, Credentials};
    use crate::call::Server;
    use crate::encode::{File, Style};
    use crate::http::Connection;

    #[test]
    fn the_next_page_of_an_operation_with_its_own_server_is_on_that_server() {
        static OPERATIONS: [Operation; 2] = [
            Operation::new("List", "", "list", "GET", "/covers").with_server("https://covers.example.com/v2"),
            Operation::new("Other", "", "other", "GET", "/covers").with_server("https://moved.example.com"),
        ];
        let server = Server::from("https://api.example.com/v1");
        let server = server.instead_of("https://moved.example.com", "http://127.0.0.1:8080/moved");
        let core = Core::connect(server, Credentials::new(), Connection::new(), &OPERATIONS).unwrap();
        for (operation, host) in OPERATIONS.iter().zip(["https://covers.example.com", "http://127.0.0.1:8080"]) {
            let mut headers = HeaderMap::new();
            headers.insert(LINK, format!("<{host}/v2/covers?page=2>; rel=next").parse().unwrap());
            let mut call = core.call(operation, |_| Err(Error::new(Kind::Argument, "not sent")));
            let page = call.linked_page(vec![1], &headers).unwrap();
            call.follow(&page.next.unwrap());
            assert_eq!(call.url().unwrap().as_str(), format!("{host}/v2/covers?page=2"));
        }
    }

    #[test]
    fn credentials_go_to_another_server_only_if_the_program_chose_it() {
        static OPERATIONS: [Operation; 3] = [
            Operation::new("Add", "", "add", "POST", "/covers").with_server("https://covers.example.com/v2"),
            Operation::new("Change", "", "change", "POST", "/covers").with_server("/v2"),
            Operation::new("List", "", "list", "GET", "/books"),
        ];
        let custom = || Server::from("https://127.0.0.1:8080/v1");
        let documented = Server::documented("https://{host}.example.com", &[("host", "api", "eu")]);
        let named = |url| custom().instead_of("https://covers.example.com/v2", url);
        for (server, allowed) in [
            (custom(), [false, true, true]),
            // As long as it is on the same server.
            (Server::from("https://covers.example.com"), [true; 3]),
            (Server::from("https://covers.example.com:8443"), [false, true, true]),
            (named("https://other.example.com"), [true; 3]),
            (documented, [true; 3]),
        ] {
            let of = |credentials| Core::connect(server.clone(), credentials, Connection::new(), &OPERATIONS).unwrap();
            let (with, without) = (of(Credentials::for_all(Credential::token("PLANTED"))), of(Credentials::new()));
            for (operation, allowed) in OPERATIONS.iter().zip(allowed) {
                let build: Build = |_| Err(Error::new(Kind::Argument, "not sent"));
                let prepared = with.call(operation, build).prepared();
                assert_eq!(prepared.is_ok(), allowed, "{server:?} {}", operation.name());
                if let Err(error) = prepared {
                    assert!(error.is_config() && error.to_string().contains("instead_of"), "{error}");
                }
                assert!(
                    without.call(operation, build).prepared().is_ok(),
                    "a call without credentials reveals nothing"
                );
            }
        }
    }

    #[test]
    fn a_relative_link_leads_to_a_page_of_the_same_list_whatever_its_id_holds() {
        static PARTS: [Operation; 1] = [Operation::new("Parts", "", "parts", "GET", "/things/{id}/parts")];
        let server = Server::from("https://api.example.com/v1");
        let core = Core::connect(server, Credentials::new(), Connection::new(), &PARTS).unwrap();
        for (id, sent) in [("a#b", "a%23b"), ("a?b", "a%3Fb"), ("50% {id}", "50%25%20%7Bid%7D"), ("ä", "%C3%A4")] {
            let mut call = core.call(&PARTS[0], |_| Err(Error::new(Kind::Argument, "not sent")));
            call.set(&Parameter::path("id"), id);
            for (link, rest) in [("?page=2", "parts?page=2"), ("more", "more")] {
                let mut headers = HeaderMap::new();
                headers.insert(LINK, format!("<{link}>; rel=next").parse().unwrap());
                let mut next = call.clone();
                next.follow(&call.linked_page(vec![1], &headers).unwrap().next.unwrap());
                let url = next.url().unwrap();
                assert_eq!(url.as_str(), format!("https://api.example.com/v1/things/{sent}/{rest}"), "{id}");
            }
        }
    }

    #[test]
    fn a_server_whose_url_would_be_read_as_another_is_refused() {
        static NONE: [Operation; 0] = [];
        let connect = |server| Core::connect(server, Credentials::new(), Connection::new(), &NONE).map(drop);
        for url in [
            "https://ten\u{200b}ant.example.com",
            "https://exa\tmple.com",
            "https:\\\\example.com",
            "http://0x7f.1",
            "https://ｅxample.com",
            "https://example.com/a/../b",
            "example.com",
        ] {
            assert!(connect(Server::from(url)).unwrap_err().is_config(), "{url}");
            let moved = Server::from("https://example.com").instead_of("https://other.example.com", url);
            assert!(connect(moved).unwrap_err().is_config(), "{url}");
        }
        assert!(connect(Server::from(" https://Example.com:443/v1/ ")).is_ok());
    }

    #[test]
    fn a_request_prints_nothing_that_it_sends() {
        static ACT: [Operation; 1] = [Operation::new("Act", "", "act", "POST", "/act/{id}")];
        static FORM: Parameter = Parameter::query_string("whole", &[]);
        const PLANTED: &str = "PLANTED";
        let connect = || {
            let server = Server::from("https://api.example.com/v1");
            let credentials = Credentials::for_all(Credential::query("key", PLANTED));
            Core::connect(server, credentials, Connection::new(), &ACT).unwrap()
        };
        let call = || connect().call(&ACT[0], |_| Err(Error::new(Kind::Argument, "not sent")));
        let chunks = || futures_util::stream::iter([Ok::<_, std::io::Error>(PLANTED)]);
        let object = || BTreeMap::from([(PLANTED, PLANTED)]);
        let parameter = |parameter: Parameter| move |call: &mut Call| call.set(&parameter, PLANTED);
        let of_object = |parameter: Parameter| move |call: &mut Call| call.set(&parameter, &object());
        type Change = Box<dyn Fn(&mut Call)>;
        let changes: Vec<Change> = vec![
            Box::new(|call| call.body_json("application/json", &PLANTED.to_owned())),
            Box::new(|call| call.body_text("application/json", format!("{{\"a\":\"{PLANTED}\"}}"))),
            Box::new(move |call| call.body_form(&object(), &[])),
            Box::new(|call| call.body_bytes("text/plain", PLANTED)),
            Box::new(move |call| call.body_bytes("text/plain", reqwest::Body::wrap_stream(chunks()))),
            Box::new(|call| call.body_parts("multipart/form-data", Multipart::new().text("a", PLANTED))),
            Box::new(|call| call.body_parts("multipart/form-data", Multipart::new().add("a", &[PLANTED]))),
            Box::new(|call| call.body_parts("multipart/mixed", Multipart::new().bytes("a", "text/plain", PLANTED))),
            Box::new(|call| {
                let file = File::bytes(PLANTED).name("n").header("x-key", PLANTED);
                call.body_parts("multipart/form-data", Multipart::new().file("a", file));
            }),
            Box::new(move |call| {
                let file = File::stream(chunks(), None);
                call.body_parts("multipart/form-data", Multipart::new().file("a", file));
            }),
            Box::new(parameter(Parameter::path("id"))),
            Box::new(parameter(Parameter::query("q"))),
            Box::new(parameter(Parameter::query("q").json())),
            Box::new(parameter(FORM)),
            Box::new(parameter(FORM.json())),
            Box::new(parameter(Parameter::header("x-key"))),
            Box::new(parameter(Parameter::header("x-key").sensitive())),
            Box::new(parameter(Parameter::cookie("c"))),
            Box::new(parameter(Parameter::cookie("c").style(Style::Cookie))),
            Box::new(of_object(Parameter::query("q"))),
            Box::new(of_object(Parameter::query("q").style(Style::DeepObject))),
            Box::new(of_object(FORM)),
            Box::new(of_object(Parameter::header("x-key").explode(true))),
            Box::new(of_object(Parameter::header("x-key").form(&[]))),
            Box::new(of_object(Parameter::cookie("c"))),
            Box::new(|call| call.append_query("q", PLANTED)),
            Box::new(|call| call.append_query(PLANTED, "x")),
            Box::new(|call| *call.options_mut() = CallOptions::new().header("x-key", PLANTED)),
            Box::new(|call| {
                let headers = HeaderMap::from_iter([(HeaderName::from_static("x-key"), PLANTED.parse().unwrap())]);
                call.options_mut().headers = headers;
            }),
            Box::new(|call| {
                call.follow(&Cursor::link(&format!("https://api.example.com/v1/act/{PLANTED}?page=2").parse().unwrap()))
            }),
            Box::new(|call| {
                call.follow(&Cursor::link(&format!("https://api.example.com/v1/act/1?key={PLANTED}").parse().unwrap()))
            }),
        ];
        for (index, change) in changes.iter().enumerate() {
            let mut call = call();
            call.set(&Parameter::path("id"), "1");
            change(&mut call);
            assert!(call.0.extras().is_none_or(|extras| extras.wrong.is_none()), "{index}: {call:?}");
            let read = call.clone().json_as::<serde_json::Value>("application/json");
            let mut shown = format!("{call:?} {call:#?} {read:?}");
            let outgoing = call.prepared().unwrap();
            shown.push_str(&format!("{outgoing:?} {outgoing:#?}"));
            // The bytes of the text, too.
            assert!(!shown.contains(PLANTED) && !shown.contains("80, 76, 65"), "{index}: {shown}");
            assert!(shown.contains("act") && shown.contains("api.example.com"), "{index}: {shown}");
        }
    }

    #[test]
    fn a_request_prints_the_names_and_sizes_of_what_it_sends() {
        static ACT: [Operation; 1] = [Operation::new("Act", "", "act", "POST", "/act/{id}")];
        let server = Server::from("https://api.example.com/v1");
        let core = Core::connect(server, Credentials::new(), Connection::new(), &ACT).unwrap();
        let mut call = core.call(&ACT[0], |_| Err(Error::new(Kind::Argument, "not sent")));
        for parameter in
            [Parameter::path("id"), Parameter::query("q"), Parameter::header("x-h"), Parameter::cookie("c")]
        {
            call.set(&parameter, "1");
        }
        call.body_bytes("text/plain", "four");
        *call.options_mut() = CallOptions::new().header("x-more", "1");
        let shown = format!("{call:?}");
        for expected in [r#"["id"]"#, r#"["q"]"#, r#"["x-h"]"#, r#"["c"]"#, r#"["x-more"]"#, "text/plain", "Some(4)"] {
            assert!(shown.contains(expected), "{expected}: {shown}");
        }
    }
}
