//! What `shape` hands to `emit`: types and operations as Rust will see them.

use std::collections::BTreeMap;

use crate::document::{Node, Pointer};

/// Everything the emitter writes.
#[derive(Debug, Default)]
pub(crate) struct Api {
    pub(crate) title: String,
    pub(crate) version: String,
    /// Sorted by name.
    pub(crate) types: Vec<TypeDef>,
    /// In document order.
    pub(crate) operations: Vec<Operation>,
    /// Headers of responses, by their names.
    pub(crate) headers: Vec<ResponseHeader>,
    pub(crate) schemes: Vec<Scheme>,
    pub(crate) servers: Vec<Server>,
    pub(crate) webhooks: Option<Incoming>,
    /// What the document says of its tags, by group.
    pub(crate) groups: BTreeMap<String, String>,
}

impl Api {
    /// The forms of all operations.
    pub(crate) fn forms(&self) -> impl Iterator<Item = &Form> {
        let bodies = self.operations.iter().filter_map(|operation| operation.body.as_ref());
        let contents =
            bodies.flat_map(|body| std::iter::once(&body.content).chain(body.others.iter().map(|(_, it)| it)));
        contents.filter_map(|content| match content {
            BodyContent::Multipart(_, form) => form.as_ref(),
            _ => None,
        })
    }
}

/// A Rust type as it is used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Type {
    /// A type of the generated module.
    Named(String),
    String,
    Bool,
    I32,
    I64,
    U32,
    U64,
    /// An integer of no particular width.
    I128,
    F64,
    /// A number of any width, kept as it was written.
    Number,
    Array(Box<Type>),
    Map(Box<Type>),
    /// Any JSON value.
    Any,
    /// `null` or the other type.
    Nullable(Box<Type>),
}

impl Type {
    pub(crate) fn nullable(self) -> Self {
        match self {
            Self::Nullable(_) | Self::Any => self,
            other => Self::Nullable(Box::new(other)),
        }
    }

    /// The type beneath `Nullable`.
    pub(crate) fn inner(&self) -> &Type {
        match self {
            Self::Nullable(inner) => inner,
            other => other,
        }
    }

    /// The named type within lists, maps and nulls.
    pub(crate) fn innermost(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Array(inner) | Self::Map(inner) | Self::Nullable(inner) => inner.innermost(),
            _ => None,
        }
    }

    /// The named type a value of this type holds in place, not behind a pointer.
    pub(crate) fn by_value(&self) -> Option<&str> {
        match self.inner() {
            Self::Named(name) => Some(name),
            _ => None,
        }
    }
}

/// A type of the generated module.
#[derive(Debug)]
pub(crate) struct TypeDef {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// The schema it was made of.
    pub(crate) pointer: Pointer,
    /// Whether it is what requests hold.
    pub(crate) written: bool,
    /// Whether the document gives it its name outright (`x-rust-name`).
    pub(crate) given: bool,
    pub(crate) kind: TypeKind,
}

#[derive(Debug)]
pub(crate) enum TypeKind {
    Struct(Struct),
    Enum(Enum),
    Union(Union),
    Tuple(Tuple),
    /// A list or a map that holds itself: a type of its own around it.
    Wrapper(Type),
    Alias(Type),
}

/// An array whose items are of a type each.
#[derive(Debug)]
pub(crate) struct Tuple {
    pub(crate) items: Vec<Item>,
    /// How many of the items are always there.
    pub(crate) required: usize,
    /// The type of what may follow.
    pub(crate) rest: Option<Type>,
}

#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) ty: Type,
    pub(crate) boxed: bool,
    /// Never printed by `Debug`.
    pub(crate) sensitive: bool,
}

#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) fields: Vec<Field>,
    /// Name and type of the field that keeps the keys the document does not name.
    pub(crate) extra: Option<(String, Type)>,
    /// Whether `Debug` shows the keys of `extra` only.
    pub(crate) sensitive: bool,
    /// Whether the document says that there are no other keys.
    pub(crate) closed: bool,
}

impl Struct {
    /// The arguments of `new`, by name: a document that lists its properties in another order is the same document.
    pub(crate) fn arguments(&self) -> Vec<&Field> {
        let mut arguments: Vec<&Field> = self.fields.iter().filter(|field| field.is_argument()).collect();
        arguments.sort_by(|a, b| a.name.cmp(&b.name));
        arguments
    }
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) wire: String,
    /// Further names the field is read from.
    pub(crate) aliases: Vec<String>,
    pub(crate) ty: Type,
    pub(crate) required: bool,
    pub(crate) boxed: bool,
    /// Never printed by `Debug`.
    pub(crate) sensitive: bool,
    pub(crate) deprecated: bool,
    pub(crate) doc: String,
    /// The only value that the document allows, beside null.
    pub(crate) only: Option<Constant>,
    /// Whether a new value has it from the start.
    pub(crate) preset: bool,
    /// Whether absent and null are two things: the field is then an option of an option.
    pub(crate) three_states: bool,
}

impl Field {
    /// Whether the field is an option.
    pub(crate) fn is_option(&self) -> bool {
        !self.required || matches!(self.ty, Type::Nullable(_))
    }

    /// What the field starts out with, where that is not absent.
    pub(crate) fn start(&self) -> Option<&Constant> {
        self.only.as_ref().filter(|_| self.preset)
    }

    /// Whether `new` asks for it.
    pub(crate) fn is_argument(&self) -> bool {
        !self.is_option() && !self.preset
    }
}

/// A value that a document fixes, or that tells alternatives apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Constant {
    Text(String),
    Integer(i64),
    Bool(bool),
}

impl Constant {
    /// How it is written where values are text.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
        }
    }
}

/// An open set of strings or integers.
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) values: Vec<EnumValue>,
    /// Name of the variant for every other value.
    pub(crate) unknown: String,
    pub(crate) integer: bool,
}

#[derive(Debug)]
pub(crate) struct EnumValue {
    pub(crate) name: String,
    pub(crate) wire: String,
}

/// One of several types, told apart by a tag, else by what their values look like.
#[derive(Debug)]
pub(crate) struct Union {
    pub(crate) variants: Vec<Variant>,
    pub(crate) unknown: String,
    /// The property that names the variant: the document's discriminator, or one whose values no two variants share.
    pub(crate) tag: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) boxed: bool,
    /// Values of the tag that mean this variant.
    pub(crate) tags: Vec<Constant>,
    /// Whether values of the tag that no variant has, and values without a tag, are this one (`defaultMapping`).
    pub(crate) default: bool,
    /// The value of the discriminator that is written where a value has none of its own.
    pub(crate) writes: Option<String>,
    /// Never printed by `Debug`.
    pub(crate) sensitive: bool,
}

/// Every type in it is visited by `for_each_used` of `lock.rs`, so that types can be called otherwise.
#[derive(Debug)]
pub(crate) struct Operation {
    /// `operationId` of the document.
    pub(crate) id: String,
    /// The group that the method stands in; `None` for a method of the client itself.
    pub(crate) group: Option<String>,
    /// Name of the method, unique in its group.
    pub(crate) name: String,
    /// As it is sent.
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) summary: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) deprecated: bool,
    pub(crate) params: Vec<Param>,
    pub(crate) body: Option<Body>,
    pub(crate) success: Payload,
    /// The media types to ask for.
    pub(crate) accept: String,
    /// Other JSON media types of a success, of types of their own.
    pub(crate) readings: Vec<Reading>,
    /// Other media types of a success, which are read as bytes.
    pub(crate) media: Vec<String>,
    /// How it streams items.
    pub(crate) stream: Option<Streamed>,
    /// Names of the constants for the headers of its responses.
    pub(crate) headers: Vec<String>,
    /// What the document says of failures, by status.
    pub(crate) errors: Vec<Case>,
    pub(crate) idempotency: Idempotency,
    pub(crate) paging: Option<Paging>,
    pub(crate) callbacks: Option<Incoming>,
    /// Alternatives of sets of schemes with their scopes.
    pub(crate) security: Vec<Vec<(String, Vec<String>)>>,
    /// The URL of a server of its own, with the defaults of its variables.
    pub(crate) server: Option<String>,
    pub(crate) pointer: Pointer,
    pub(crate) node: Node,
}

#[cfg(feature = "diff")]
impl Operation {
    /// Whether a body can be sent in a media type.
    pub(crate) fn sends(&self, media: &str) -> bool {
        let essence = |media: &str| media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let media = essence(media);
        let mut contents = self
            .body
            .iter()
            .flat_map(|body| std::iter::once(&body.content).chain(body.others.iter().map(|(_, it)| it)));
        contents.any(|content| match content {
            BodyContent::Json(_, known) => essence(known) == media || media.contains('*'),
            BodyContent::Form(..) => media == "application/x-www-form-urlencoded",
            BodyContent::Multipart(known, _) => essence(known) == media,
            // The caller names it.
            BodyContent::Raw(None) => true,
            BodyContent::Raw(Some(known)) => essence(known) == media,
        })
    }

    /// Whether a response of a status and a media type can be had, as its type or as bytes: one of a success is asked for,
    /// and one of a failure is kept as it comes.
    pub(crate) fn reads(&self, status: Status, media: &str) -> bool {
        let essence = |media: &str| media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_failure = match status {
            Status::Code(code) => code >= 300,
            Status::Range(hundreds) => hundreds >= 3,
            Status::Default => true,
        };
        let media = essence(media);
        let streamed = self.stream.iter().map(|stream| stream.accept.as_str());
        let others = self.readings.iter().map(|reading| reading.media.as_str()).chain(streamed);
        let others = others.chain(self.media.iter().map(String::as_str));
        is_failure
            || self
                .accept
                .split(',')
                .chain(others)
                .map(essence)
                .any(|known| known == media || known == "*/*" || (known == "application/json" && media.contains('*')))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Idempotency {
    Idempotent,
    NotIdempotent,
    /// By a header that holds the same key for all attempts of a call.
    ByKey(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Path,
    Query,
    /// The whole query string, from the `?` on.
    QueryString,
    Header,
    Cookie,
}

/// How a value is written (OpenAPI 3.2, "Style Values").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Matrix,
    Label,
    Simple,
    Form,
    SpaceDelimited,
    PipeDelimited,
    DeepObject,
    Cookie,
}

impl Style {
    /// Whether each item and each member stands for itself unless the document says otherwise.
    pub(crate) fn explodes(self) -> bool {
        matches!(self, Self::Form | Self::Cookie)
    }
}

/// How a parameter or a property of a form is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Writing {
    pub(crate) style: Style,
    pub(crate) explode: bool,
    /// Reserved characters stay as they are.
    pub(crate) reserved: bool,
    /// As JSON text.
    pub(crate) json: bool,
}

#[derive(Debug)]
pub(crate) struct Param {
    /// Name of the argument or setter.
    pub(crate) name: String,
    pub(crate) wire: String,
    pub(crate) place: Place,
    pub(crate) required: bool,
    pub(crate) ty: Type,
    /// What a required parameter of a primitive type is called as a type, and which primitive it is.
    pub(crate) kind: Option<(String, Type)>,
    pub(crate) writing: Writing,
    /// The properties of a query string that are written in another way than by default.
    pub(crate) encoding: Vec<(String, Writing)>,
    pub(crate) doc: String,
}

#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) required: bool,
    pub(crate) content: BodyContent,
    /// The same body in other media types: what is added to the name of the method, and the content.
    pub(crate) others: Vec<(String, BodyContent)>,
    pub(crate) doc: String,
}

#[derive(Debug)]
pub(crate) enum BodyContent {
    /// JSON, with the media type to say so.
    Json(Type, String),
    /// A form, with the properties that are written in another way than by default.
    Form(Type, Vec<(String, Writing)>),
    /// Parts, with the media type, and the struct of them if the document names them.
    Multipart(String, Option<Form>),
    /// The bytes as they are; the caller names the media type if the document does not.
    Raw(Option<String>),
}

/// The parts of a body, by their names.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) name: String,
    pub(crate) parts: Vec<Part>,
    pub(crate) doc: String,
}

#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) wire: String,
    pub(crate) required: bool,
    pub(crate) holds: PartHolds,
    pub(crate) doc: String,
}

#[derive(Debug)]
pub(crate) enum PartHolds {
    /// A file, or a list of them, of a media type unless it has its own.
    File { media: String, several: bool },
    /// A value, by the defaults of OpenAPI.
    Value(Type),
    /// A value of a media type.
    Typed(Type, String),
    /// A value by the style of a parameter.
    Styled(Type, Writing),
}

/// Another way to read a success: by a method of its own.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) name: String,
    pub(crate) media: String,
    pub(crate) ty: Type,
}

/// How an operation streams items.
#[derive(Debug)]
pub(crate) struct Streamed {
    pub(crate) accept: String,
    pub(crate) format: StreamFormat,
    /// The type of an item; `None` for an event as it is.
    pub(crate) item: Option<Type>,
    /// The property of the body by which the stream is asked for.
    pub(crate) property: Option<String>,
    /// What ends the stream.
    pub(crate) end: Option<String>,
}

/// What an item of a stream is made from; as in the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamFormat {
    EventData,
    Events,
    TextEvents,
    Lines,
    Sequence,
}

/// A header of responses.
#[derive(Clone, Debug)]
pub(crate) struct ResponseHeader {
    /// Name of its constant.
    pub(crate) name: String,
    /// In lower case.
    pub(crate) wire: String,
    pub(crate) ty: Type,
    pub(crate) form: HeaderForm,
    pub(crate) doc: String,
}

/// How the value of a header is written; as in the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderForm {
    Text,
    Plain,
    Any,
    Texts,
    Plains,
    Object,
    ExplodedObject,
    Json,
}

/// What a successful response holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Payload {
    #[default]
    Empty,
    Json(Type),
    /// One of several, by status.
    ByStatus(Vec<Case>),
    /// Bytes as they come.
    Stream,
}

impl Payload {
    /// Whether a response without a body is one of those the document allows, read as `None`.
    pub(crate) fn may_be_absent(&self) -> bool {
        matches!(self, Self::Json(Type::Nullable(_)))
    }
}

/// What a response with a certain status holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) status: Status,
    pub(crate) content: Content,
}

impl Case {
    /// The type of its JSON.
    pub(crate) fn ty(&self) -> Option<&Type> {
        match &self.content {
            Content::Json(ty) => Some(ty),
            Content::Nothing | Content::Bytes => None,
        }
    }
}

/// What the body of a response is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Nothing,
    Json(Type),
    /// Of any other media type.
    Bytes,
}

/// Which statuses a documented response is for, the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Status {
    Code(u16),
    /// `4XX` is 4.
    Range(u16),
    Default,
}

impl Status {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "default" => Some(Self::Default),
            range if range.len() == 3 && range[1..].eq_ignore_ascii_case("xx") => {
                range[..1].parse().ok().filter(|it| (1..=5).contains(it)).map(Self::Range)
            }
            code => code.parse().ok().filter(|it| (100..600).contains(it)).map(Self::Code),
        }
    }

    pub(crate) fn is_success(self) -> bool {
        matches!(self, Self::Code(200..=299) | Self::Range(2))
    }

    /// Name of a variant.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Code(code) => format!("Status{code}"),
            Self::Range(hundreds) => format!("Status{hundreds}xx"),
            Self::Default => "Default".to_owned(),
        }
    }
}

/// Requests that the service sends by itself.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// Name of the enum.
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) messages: Vec<Message>,
    /// Name of the variant for every other.
    pub(crate) unknown: String,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Message {
    /// Name of the variant.
    pub(crate) name: String,
    pub(crate) wire: String,
    pub(crate) doc: String,
    pub(crate) body: Received,
    /// Whether there is always a body.
    pub(crate) required: bool,
}

/// What the body of a request of the service holds.
#[derive(Debug)]
pub(crate) enum Received {
    Nothing,
    Json(Type),
    /// Bytes as they come.
    Bytes,
}

/// How a list goes on: hints of the overlay, `x-paging`. Paths lead through properties of the response, with dots between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paging {
    /// Where the items are; empty if the response is the list itself.
    pub(crate) items: String,
    pub(crate) next: Next,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// A token in the response, sent in this parameter.
    Token { parameter: String, next: String },
    /// The number of items before the page, sent in this parameter.
    Offset { parameter: String },
    /// The number of the page, sent in this parameter, from this one on.
    Page { parameter: String, first: i64 },
    /// The `Link` header with `rel=next` (RFC 8288).
    Link,
}

/// A way to authenticate (`components.securitySchemes`).
#[derive(Debug)]
pub(crate) struct Scheme {
    pub(crate) wire: String,
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) deprecated: bool,
    pub(crate) kind: SchemeKind,
}

#[derive(Debug)]
pub(crate) enum SchemeKind {
    Basic,
    Bearer,
    ApiKey {
        place: Place,
        name: String,
    },
    OAuth2 {
        /// The token endpoint of the client credentials flow.
        client_credentials: Option<String>,
        /// The endpoints of the device authorization flow: for the codes, and for tokens.
        device: Option<(String, String)>,
    },
}

/// A server of the document.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) doc: String,
    pub(crate) variables: Vec<Variable>,
}

#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) wire: String,
    pub(crate) default: String,
    pub(crate) values: Vec<String>,
    pub(crate) doc: String,
}
