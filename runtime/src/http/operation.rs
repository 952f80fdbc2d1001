//! The generated table of operations.

/// One operation of a service, as its document and the overlay describe it: a row of the generated table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    id: &'static str,
    group: &'static str,
    name: &'static str,
    method: &'static str,
    path: &'static str,
    query: Option<&'static str>,
    idempotency: Idempotency,
    accept: &'static str,
    success: Success,
    streaming: Option<&'static Streaming>,
    security: &'static [&'static [Requirement]],
    server: Option<&'static str>,
    kept: &'static [&'static str],
}

/// How an operation streams items: the media type, and the format of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streaming {
    pub(crate) accept: &'static str,
    pub(crate) format: StreamFormat,
    /// The property of a JSON body that requests the stream.
    pub(crate) property: Option<&'static str>,
    /// The data of the event, or the record, that ends the stream and is not an item.
    pub(crate) end: Option<&'static str>,
}

/// The format of a stream's items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamFormat {
    /// Server-sent events. An item is the JSON in an event's data.
    EventData,
    /// Server-sent events. An item is an object with `event`, `data` and `id`. Data that is JSON is read as JSON.
    Events,
    /// The same as [`StreamFormat::Events`], with the data as text.
    TextEvents,
    /// JSON lines.
    Lines,
    /// A JSON text sequence (RFC 7464).
    Sequence,
}

impl StreamFormat {
    /// Whether these are server-sent events.
    pub(crate) const fn is_events(self) -> bool {
        matches!(self, Self::EventData | Self::Events | Self::TextEvents)
    }
}

impl Streaming {
    /// A stream with these media types for the `Accept` header.
    #[must_use]
    pub const fn new(format: StreamFormat, accept: &'static str) -> Self {
        Self { accept, format, property: None, end: None }
    }

    /// Sets the property of the JSON body that is true in a request for a stream, and false in a request for a single
    /// value.
    #[must_use]
    pub const fn with_property(mut self, property: &'static str) -> Self {
        self.property = Some(property);
        self
    }

    /// Sets the data of the event, or the record, that ends the stream.
    #[must_use]
    pub const fn with_end(mut self, end: &'static str) -> Self {
        self.end = Some(end);
        self
    }
}

/// Whether a second attempt can have a further effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Idempotency {
    /// Two attempts have the effect of one (RFC 9110, section 9.2.2, or the overlay's `x-idempotent`).
    Idempotent,
    /// A second attempt could repeat the effect.
    NotIdempotent,
    /// The service processes one request for each value of this header. A call has one value for all its attempts.
    ByKey(&'static str),
}

/// The content of a successful response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Success {
    /// Nothing, or nothing that the document describes.
    Empty,
    /// JSON.
    Json,
    /// JSON, or nothing, which is read as null.
    JsonOrNothing,
    /// One page of a list, as JSON. A response without a body is an error.
    Page,
    /// Bytes, unread.
    Stream,
}

/// A security scheme that an operation requires, and the scopes that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The scheme's name in `components.securitySchemes`.
    pub scheme: &'static str,
    /// The scopes, for OAuth 2.0 and OpenID Connect.
    pub scopes: &'static [&'static str],
}

impl Operation {
    /// A row of the table. `id` is the operationId, `group` and `name` are those of the generated method.
    #[must_use]
    pub const fn new(
        id: &'static str,
        group: &'static str,
        name: &'static str,
        method: &'static str,
        path: &'static str,
    ) -> Self {
        Self {
            id,
            group,
            name,
            method,
            path,
            query: None,
            idempotency: Idempotency::NotIdempotent,
            accept: "application/json",
            success: Success::Json,
            streaming: None,
            security: &[],
            server: None,
            kept: &[],
        }
    }

    /// Sets the query that stands in the path template, after a `?`; empty for a path with a fragment only, which is not
    /// sent. It may have parameters of the path.
    #[must_use]
    pub const fn with_query(mut self, query: &'static str) -> Self {
        self.query = Some(query);
        self
    }

    /// Sets whether a second attempt is safe.
    #[must_use]
    pub const fn with_idempotency(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = idempotency;
        self
    }

    /// Sets the content of a success, and the media types for the `Accept` header.
    #[must_use]
    pub const fn with_success(mut self, success: Success, accept: &'static str) -> Self {
        self.success = success;
        self.accept = accept;
        self
    }

    /// Sets how it streams items.
    #[must_use]
    pub const fn with_streaming(mut self, streaming: &'static Streaming) -> Self {
        self.streaming = Some(streaming);
        self
    }

    /// Sets the security requirements: alternatives, each with all its schemes.
    #[must_use]
    pub const fn with_security(mut self, security: &'static [&'static [Requirement]]) -> Self {
        self.security = security;
        self
    }

    /// Sets the operation's own server in the document.
    #[must_use]
    pub const fn with_server(mut self, server: &'static str) -> Self {
        self.server = Some(server);
        self
    }

    /// Sets the parameters that a response keeps for its links: `path.id`, `query.page`, `header.x-tenant`.
    #[must_use]
    pub const fn with_kept(mut self, kept: &'static [&'static str]) -> Self {
        self.kept = kept;
        self
    }

    /// `operationId` of the document.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// The group of the method; empty for a method of the client itself.
    #[must_use]
    pub const fn group(&self) -> &'static str {
        self.group
    }

    /// Name of the generated method.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The HTTP method, in capitals.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        self.method
    }

    /// The path template, such as `/api/v1/apps/{id}`.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// The query that stands in the path template.
    pub(crate) const fn query(&self) -> Option<&'static str> {
        self.query
    }

    /// Whether and how a second attempt is safe.
    #[must_use]
    pub const fn idempotency(&self) -> Idempotency {
        self.idempotency
    }

    /// Whether it may be retried after a lost response.
    #[must_use]
    pub const fn is_idempotent(&self) -> bool {
        !matches!(self.idempotency, Idempotency::NotIdempotent)
    }

    /// The media types for the `Accept` header.
    #[must_use]
    pub const fn accept(&self) -> &'static str {
        self.accept
    }

    /// The content of a successful response.
    #[must_use]
    pub const fn success(&self) -> Success {
        self.success
    }

    /// How it streams items, if it does.
    #[must_use]
    pub const fn streaming(&self) -> Option<&'static Streaming> {
        self.streaming
    }

    /// Whether it returns one page of a list.
    #[must_use]
    pub const fn is_paged(&self) -> bool {
        matches!(self.success, Success::Page)
    }

    /// The security requirements: alternatives, each with all its schemes. Without alternatives, no credentials are
    /// needed.
    #[must_use]
    pub const fn security(&self) -> &'static [&'static [Requirement]] {
        self.security
    }

    /// The parameters that a response keeps for its links.
    pub(crate) const fn kept(&self) -> &'static [&'static str] {
        self.kept
    }

    /// The operation's own server in the document, with the defaults of its variables.
    #[must_use]
    pub const fn server(&self) -> Option<&'static str> {
        self.server
    }
}
