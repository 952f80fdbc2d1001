//! The model that `shape` returns and `emit` writes: the types and operations of the Rust module.

mod bodies;
mod used;
mod wire;

use std::collections::BTreeMap;

use crate::document::Pointer;
use crate::span::Span;

pub(crate) use crate::calls::{Next, Paging, Place, Status, Style};
pub(crate) use bodies::{Body, BodyContent, Form, Part, PartHolds};
pub(crate) use used::Type;
pub(crate) use wire::{Expression, Writing};

/// Everything the emitter writes.
#[derive(Debug, Default)]
pub(crate) struct Api {
    pub(crate) title: String,
    pub(crate) version: String,
    /// Sorted by name.
    pub(crate) types: Vec<TypeDef>,
    /// In document order.
    pub(crate) operations: Vec<Operation>,
    /// The headers of responses, and of the requests that the service sends, by name.
    pub(crate) headers: Vec<ResponseHeader>,
    pub(crate) schemes: Vec<Scheme>,
    pub(crate) servers: Vec<Server>,
    pub(crate) webhooks: Option<Incoming>,
    /// The descriptions of the document's tags, by group.
    pub(crate) groups: BTreeMap<String, String>,
}

impl Api {
    /// The multipart forms of all operations.
    pub(crate) fn forms(&self) -> impl Iterator<Item = &Form> {
        self.operations.iter().flat_map(Operation::forms)
    }
}

/// A type of the generated module.
#[derive(Debug)]
pub(crate) struct TypeDef {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// The schema that it comes from.
    pub(crate) pointer: Pointer,
    /// Whether it is the view for requests.
    pub(crate) written: bool,
    /// Whether the document sets its name (`x-rust-name`).
    pub(crate) given: bool,
    pub(crate) kind: TypeKind,
}

impl TypeDef {
    /// The types that it uses directly.
    pub(crate) fn parts(&self) -> Vec<&Type> {
        match &self.kind {
            TypeKind::Struct(it) => {
                it.fields.iter().map(|it| &it.ty).chain(it.extra.iter().map(|(_, ty)| ty)).collect()
            }
            TypeKind::Union(it) => it.variants.iter().map(|it| &it.ty).collect(),
            TypeKind::Tuple(it) => it.items.iter().map(|it| &it.ty).chain(&it.rest).collect(),
            TypeKind::Alias(ty) | TypeKind::Wrapper(ty) => vec![ty],
            TypeKind::Enum(_) => Vec::new(),
        }
    }
}

#[derive(Debug)]
pub(crate) enum TypeKind {
    Struct(Struct),
    Enum(Enum),
    Union(Union),
    Tuple(Tuple),
    /// A list or a map that contains itself, as a type of its own.
    Wrapper(Type),
    Alias(Type),
}

/// An array with a type for each position.
#[derive(Debug)]
pub(crate) struct Tuple {
    pub(crate) items: Vec<Item>,
    /// The number of leading items that are always present.
    pub(crate) required: usize,
    /// The type of further items.
    pub(crate) rest: Option<Type>,
    /// Whether `Debug` hides the further items.
    pub(crate) sensitive: bool,
}

#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) ty: Type,
    pub(crate) boxed: bool,
    /// Whether `Debug` hides the value.
    pub(crate) sensitive: bool,
}

#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) fields: Vec<Field>,
    /// Name and type of the field for keys that the document does not declare.
    pub(crate) extra: Option<(String, Type)>,
    /// Whether `Debug` shows only the keys of `extra`, not the values.
    pub(crate) sensitive: bool,
    /// Whether the document allows no other keys.
    pub(crate) closed: bool,
}

impl Struct {
    /// The arguments of `new`, sorted by name, so that the order of properties in the document does not matter.
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
    /// Other keys that the field is read from.
    pub(crate) aliases: Vec<String>,
    pub(crate) ty: Type,
    pub(crate) required: bool,
    pub(crate) boxed: bool,
    /// Whether `Debug` hides the value.
    pub(crate) sensitive: bool,
    pub(crate) deprecated: bool,
    pub(crate) doc: String,
    /// The only value that the document allows, apart from null.
    pub(crate) only: Option<Constant>,
    /// The value of the field in a new struct. `None` if a new struct does not set the field.
    pub(crate) preset: Option<Constant>,
    /// Whether absent and null mean different things. The field is then an `Option` of an `Option`.
    pub(crate) three_states: bool,
}

impl Field {
    /// Whether the field is an `Option`.
    pub(crate) fn is_option(&self) -> bool {
        !self.required || matches!(self.ty, Type::Nullable(_))
    }

    /// Whether it is an argument of `new`.
    pub(crate) fn is_argument(&self) -> bool {
        !self.is_option() && self.preset.is_none()
    }
}

/// A fixed value, or one that selects a branch of a union.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Constant {
    Text(String),
    Integer(i64),
    Bool(bool),
}

impl Constant {
    /// The value as text, for places where values are text.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
        }
    }
}

/// An open enum of strings or integers.
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) values: Vec<EnumValue>,
    /// Name of the variant for all other values.
    pub(crate) unknown: String,
    pub(crate) integer: bool,
}

#[derive(Debug)]
pub(crate) struct EnumValue {
    pub(crate) name: String,
    pub(crate) wire: String,
    pub(crate) doc: String,
}

/// One of several types. A tag selects the type. Without a tag, the type that can read the value is selected.
#[derive(Debug)]
pub(crate) struct Union {
    pub(crate) variants: Vec<Variant>,
    pub(crate) unknown: String,
    /// The property that selects the variant: the document's discriminator, or a property whose values no two variants
    /// share.
    pub(crate) tag: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) boxed: bool,
    /// The values of the tag that select this variant.
    pub(crate) tags: Vec<Constant>,
    /// Whether this variant is read when the tag is absent or its value is unknown (`defaultMapping`).
    pub(crate) default: bool,
    /// The keys that the branch requires without declaring them. They tell it apart where nothing else does.
    pub(crate) keys: Vec<String>,
    /// The discriminator value to write when the value itself has no discriminator.
    pub(crate) writes: Option<String>,
    /// Whether `Debug` hides the value.
    pub(crate) sensitive: bool,
}

/// An operation. `for_each_used` in `lock.rs` visits every type in it, so that types can be renamed.
#[derive(Debug)]
pub(crate) struct Operation {
    /// The document's `operationId`, or the name of the method.
    pub(crate) id: String,
    /// The document's `operationId`.
    pub(crate) own_id: Option<String>,
    /// Whether a hint sets the group (`x-rust-group`).
    pub(crate) group_given: bool,
    /// Whether a hint sets the name (`x-rust-name`).
    pub(crate) name_given: bool,
    /// The group of the method; `None` for a method of the client itself.
    pub(crate) group: Option<String>,
    /// The method's name, unique in its group.
    pub(crate) name: String,
    /// The HTTP method in the form in which it is sent.
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) summary: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) deprecated: bool,
    pub(crate) params: Vec<Param>,
    pub(crate) body: Option<Body>,
    pub(crate) success: Payload,
    /// The value of the `Accept` header.
    pub(crate) accept: String,
    /// Other JSON media types of a successful response, which have types of their own.
    pub(crate) readings: Vec<Reading>,
    /// Other media types of a successful response, which are returned as bytes.
    pub(crate) media: Vec<String>,
    /// The streams of items that it returns, one for each format.
    pub(crate) streams: Vec<Streamed>,
    /// The constants for the headers of its responses.
    pub(crate) headers: Vec<String>,
    /// The documented bodies of failures, by status. A case without a type only prevents a broader status from matching
    /// its status.
    pub(crate) errors: Vec<Case>,
    pub(crate) idempotency: Idempotency,
    pub(crate) paging: Option<Paging>,
    /// The place of the hint `x-paging`.
    pub(crate) paging_span: Option<Span>,
    pub(crate) callbacks: Option<Incoming>,
    /// The follow-up requests that its responses describe.
    pub(crate) links: Vec<Link>,
    /// The statuses of all responses, the most specific first.
    pub(crate) statuses: Vec<Status>,
    /// The alternative sets of security schemes, with their scopes.
    pub(crate) security: Vec<Vec<(String, Vec<String>)>>,
    /// The URL of the operation's own server, with the defaults of its variables.
    pub(crate) server: Option<String>,
    pub(crate) pointer: Pointer,
    pub(crate) span: Span,
}

impl Operation {
    /// Splits the path template into the path and the query, and removes the fragment. The query is `None` if the
    /// template is only a path. It is empty if the template has a fragment and no query. A `#` before a parameter does
    /// not start a fragment: a fragment is not sent, but the parameter must be sent.
    pub(crate) fn parted(&self) -> (&str, Option<&str>) {
        let ends = |text: &str, marks: &[char]| {
            let mut inside = false;
            text.char_indices().find_map(|(at, c)| {
                inside = (inside || c == '{') && c != '}';
                let is_end = marks.contains(&c) && !(c == '#' && text.get(at..)?.contains('{'));
                (!inside && is_end).then_some(at)
            })
        };
        let Some((path, rest)) = ends(&self.path, &['?', '#']).and_then(|at| self.path.split_at_checked(at)) else {
            return (&self.path, None);
        };
        let query = rest.strip_prefix('?').unwrap_or_default();
        (path, Some(ends(query, &['#']).and_then(|at| query.get(..at)).unwrap_or(query)))
    }

    /// The multipart forms of its body, each with its media type.
    fn typed_forms(&self) -> impl Iterator<Item = (&str, &Form)> {
        let contents = self
            .body
            .iter()
            .flat_map(|body| std::iter::once(&body.content).chain(body.others.iter().map(|(_, it)| it)));
        contents.filter_map(|content| match content {
            BodyContent::Multipart(media, form) => Some((media.as_str(), form.as_ref()?)),
            _ => None,
        })
    }

    /// The multipart forms of its body.
    pub(crate) fn forms(&self) -> impl Iterator<Item = &Form> {
        self.typed_forms().map(|(_, form)| form)
    }

    /// The multipart forms of its body for a media type.
    #[cfg(feature = "diff")]
    pub(crate) fn forms_of(&self, media: &str) -> impl Iterator<Item = &Form> {
        let essence = |media: &str| media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let wanted = essence(media);
        self.typed_forms().filter(move |(of, _)| essence(of) == wanted).map(|(_, form)| form)
    }

    /// The name of the setter that sends a parameter without a value. `None` if the document does not allow that, or if
    /// the parameter is a string, because a string can be empty.
    pub(crate) fn empty_setter(&self, param: &Param) -> Option<String> {
        if !param.may_be_empty || param.ty == Type::String {
            return None;
        }
        let mut name = format!("{}_empty", param.name.trim_end_matches('_'));
        let taken = |name: &String| {
            self.params.iter().any(|it| it.name == *name)
                || self.readings.iter().any(|it| it.name == *name)
                || self.streams.iter().any(|it| it.name == *name)
        };
        while taken(&name) {
            name.push_str("_value");
        }
        Some(name)
    }
}

#[cfg(feature = "diff")]
impl Operation {
    /// Whether the operation can send a body of a media type.
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
            // The caller sets the media type.
            BodyContent::Raw(None) => true,
            BodyContent::Raw(Some(known)) => essence(known) == media,
        })
    }

    /// Whether the caller can read a response of a status and a media type, as its type or as bytes. A method reads a
    /// successful response. The body of a failure is kept as it was received.
    pub(crate) fn reads(&self, status: Status, media: &str) -> bool {
        let essence = |media: &str| media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_failure = match status {
            Status::Code(code) => code >= 300,
            Status::Range(hundreds) => hundreds >= 3,
            Status::Default => true,
        };
        let media = essence(media);
        let streamed = self.streams.iter().map(|stream| stream.accept.as_str());
        let others = self.readings.iter().map(|reading| reading.media.as_str()).chain(streamed);
        let others = others.chain(self.media.iter().map(String::as_str));
        is_failure
            || self
                .accept
                .split(',')
                .chain(others.flat_map(|media| media.split(',')))
                .map(essence)
                .any(|known| known == media || known == "*/*" || (known == "application/json" && media.contains('*')))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Idempotency {
    Idempotent,
    NotIdempotent,
    /// Idempotent by this header, which has the same key in all attempts of a call.
    ByKey(String),
}

impl Param {
    /// The name of the parameter's own type and the type in it. `None` if the method with this index also accepts other
    /// types.
    pub(crate) fn own_type(&self, method: usize) -> Option<&(String, Type)> {
        self.kind.as_ref().filter(|_| self.own.get(method) == Some(&true))
    }
}

#[derive(Debug)]
pub(crate) struct Param {
    /// Name of the argument or setter.
    pub(crate) name: String,
    pub(crate) wire: String,
    pub(crate) place: Place,
    pub(crate) required: bool,
    pub(crate) ty: Type,
    /// The parameter's own type, if it is required and has one: the name of that type, and the type in it.
    pub(crate) kind: Option<(String, Type)>,
    /// Whether a caller must use that type, because another argument accepts the same expressions. The first entry is
    /// for the operation's method. The others are for the methods of other media types of the body.
    pub(crate) own: Vec<bool>,
    pub(crate) writing: Writing,
    /// Whether the value is sent as a URL-encoded form.
    pub(crate) form: bool,
    /// The properties of a form or of the query string with a serialization other than the default.
    pub(crate) encoding: Vec<(String, Writing)>,
    /// Whether the document allows it without a value (`allowEmptyValue`).
    pub(crate) may_be_empty: bool,
    /// Whether its value is a secret.
    pub(crate) sensitive: bool,
    pub(crate) doc: String,
}

/// Another media type of a successful response, with a method of its own.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) name: String,
    pub(crate) media: String,
    pub(crate) ty: Type,
}

/// A stream of items that an operation returns.
#[derive(Debug)]
pub(crate) struct Streamed {
    /// The name of its method.
    pub(crate) name: String,
    pub(crate) accept: String,
    pub(crate) format: StreamFormat,
    /// The type of an item; `None` for an event without a documented type.
    pub(crate) item: Option<Type>,
    /// The property of the request body that requests the stream.
    pub(crate) property: Option<String>,
    /// The data that ends the stream.
    pub(crate) end: Option<String>,
}

/// The format of the items in a stream. The runtime has the same formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamFormat {
    EventData,
    Events,
    TextEvents,
    Lines,
    Sequence,
}

impl StreamFormat {
    /// Whether these are server-sent events.
    pub(crate) fn is_events(self) -> bool {
        matches!(self, Self::EventData | Self::Events | Self::TextEvents)
    }
}

/// A header of responses, or of the requests that the service sends.
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

/// How a header's value is serialized. The runtime has the same forms.
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

/// The content of a successful response.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Payload {
    #[default]
    Empty,
    Json(Type),
    /// One of several contents, by status.
    ByStatus(Vec<Case>),
    /// Bytes, as they arrive.
    Stream,
}

impl Payload {
    /// Whether the document allows a successful response without a body. It is read as `None`.
    pub(crate) fn may_be_absent(&self) -> bool {
        matches!(self, Self::Json(Type::Nullable(_)))
    }
}

/// The content of a response with a certain status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) status: Status,
    pub(crate) content: Content,
    /// Whether `Debug` hides the value.
    pub(crate) sensitive: bool,
}

impl Case {
    /// The type of the JSON body.
    pub(crate) fn ty(&self) -> Option<&Type> {
        match &self.content {
            Content::Json(ty) => Some(ty),
            Content::Nothing | Content::Bytes => None,
        }
    }
}

/// The body of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Nothing,
    Json(Type),
    /// Bytes, for any other media type.
    Bytes,
}

/// A follow-up request that a response describes (`links`).
#[derive(Debug)]
pub(crate) struct Link {
    /// The name of its method.
    pub(crate) name: String,
    /// Its places in the document, one for each status.
    pub(crate) pointers: Vec<Pointer>,
    /// The operation that it calls.
    pub(crate) target: Pointer,
    /// The statuses of the responses that have the link.
    pub(crate) statuses: Vec<Status>,
    /// Whether these statuses are failures.
    pub(crate) failure: bool,
    pub(crate) doc: String,
    /// The linked parameters of the target: place, name and value.
    pub(crate) arguments: Vec<(Place, String, Expression)>,
    /// The linked JSON body.
    pub(crate) body: Option<Expression>,
}

impl Link {
    /// The arguments of its method: the required parameters and the required body of the target, except those that the
    /// link sets. The number is the method index for [`Param::own_type`]. It is `None` for a single argument, because a
    /// single argument cannot be swapped.
    pub(crate) fn open<'a>(&self, target: &'a Operation) -> (Vec<&'a Param>, Option<&'a BodyContent>, Option<usize>) {
        let sets =
            |param: &Param| self.arguments.iter().any(|(place, wire, _)| (*place, wire) == (param.place, &param.wire));
        let params: Vec<&Param> = target.params.iter().filter(|param| param.required && !sets(param)).collect();
        let body = target.body.as_ref().filter(|body| body.required && self.body.is_none()).map(|body| &body.content);
        let is_one = params.len() + usize::from(body.is_some()) == 1;
        (params, body, (!is_one).then_some(0))
    }
}

/// Requests that the service sends to the program.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// The enum's name.
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) messages: Vec<Message>,
    /// The name of the variant for all other requests.
    pub(crate) unknown: String,
}

/// One of the requests in [`Incoming`].
#[derive(Debug)]
pub(crate) struct Message {
    /// The variant's name.
    pub(crate) name: String,
    pub(crate) wire: String,
    pub(crate) doc: String,
    pub(crate) body: Received,
    /// Whether the body is always present.
    pub(crate) required: bool,
    /// Whether `Debug` hides the body.
    pub(crate) sensitive: bool,
}

/// The body of a request from the service.
#[derive(Debug)]
pub(crate) enum Received {
    Nothing,
    Json(Type),
    /// Bytes, as they arrive.
    Bytes,
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
        client_credentials: Option<Flow>,
        /// Its `start` is the device authorization endpoint.
        device: Option<Flow>,
        /// Its `start` is the authorization endpoint.
        authorization_code: Option<Flow>,
    },
}

/// An OAuth 2.0 flow.
#[derive(Debug)]
pub(crate) struct Flow {
    /// The endpoint that starts the flow. `None` if the flow starts at the token endpoint.
    pub(crate) start: Option<String>,
    pub(crate) tokens: String,
    /// The scopes that the document declares, with their descriptions.
    pub(crate) scopes: Vec<(String, String)>,
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
    /// The values that the document lists.
    pub(crate) values: Option<Enum>,
    pub(crate) doc: String,
}
