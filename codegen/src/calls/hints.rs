//! The hints of an operation for the generator.

use crate::document::{Node, Value};
use crate::span::Span;

/// The hints of an operation.
#[derive(Debug)]
pub(crate) struct Hints {
    /// `x-rust-group`
    pub(crate) group: Option<String>,
    /// `x-speakeasy-group`
    pub(crate) other_group: Option<String>,
    /// `x-rust-name`
    pub(crate) name: Option<String>,
    /// `x-speakeasy-name-override`
    pub(crate) other_name: Option<String>,
    /// `x-idempotent`
    pub(crate) idempotent: Option<Hint<bool>>,
    /// `x-idempotency-key`: the header for the key.
    pub(crate) key: Option<Hint<String>>,
    /// `x-paging`
    pub(crate) paging: Option<Hint<Paging>>,
    /// `x-stream`
    pub(crate) stream: Option<Hint<StreamHint>>,
    /// `x-sunset` as JSON.
    #[cfg(feature = "diff")]
    pub(crate) sunset: Option<String>,
}

/// A hint, and its value if the document has one of the right kind.
#[derive(Debug)]
pub(crate) struct Hint<T> {
    pub(crate) span: Span,
    pub(crate) value: Option<T>,
}

/// What distinguishes the streams of an operation.
#[derive(Debug, Default)]
pub(crate) struct StreamHint {
    /// The data that ends the stream.
    pub(crate) end: Option<String>,
    /// The property of the request body that requests the stream.
    pub(crate) property: Option<String>,
    /// The members that have no effect: unknown ones, and those that are not texts.
    pub(crate) others: Vec<(String, Span)>,
}

/// How to request the next page of a list. A path names properties of the response, separated by dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paging {
    /// The path of the items; empty if the response itself is the list.
    pub(crate) items: String,
    pub(crate) next: Next,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// A token from the response, sent in this parameter.
    Token { parameter: String, next: String },
    /// The number of items before the page, sent in this parameter. `more` is the path of a boolean: whether more items
    /// follow.
    Offset { parameter: String, more: Option<String> },
    /// The number of the page, sent in this parameter. The first page has the number `first`. `more` is the path of a
    /// boolean: whether more pages follow.
    Page { parameter: String, first: u64, more: Option<String> },
    /// The `Link` header with `rel=next` (RFC 8288).
    Link,
}

impl Hints {
    pub(super) fn of(operation: &Node) -> Self {
        let text = |key: &str| operation.str(key).map(str::to_owned);
        Self {
            group: text("x-rust-group"),
            other_group: text("x-speakeasy-group"),
            name: text("x-rust-name"),
            other_name: text("x-speakeasy-name-override"),
            idempotent: Hint::of(operation, "x-idempotent", Node::as_bool),
            key: Hint::of(operation, "x-idempotency-key", |hint| hint.as_str().map(str::to_owned)),
            paging: Hint::of(operation, "x-paging", Paging::of),
            stream: Hint::of(operation, "x-stream", StreamHint::of),
            #[cfg(feature = "diff")]
            sunset: operation.get("x-sunset").map(ToString::to_string),
        }
    }
}

impl<T> Hint<T> {
    fn of(operation: &Node, key: &str, read: impl Fn(&Node) -> Option<T>) -> Option<Self> {
        operation.get(key).map(|hint| Self { span: hint.span.clone(), value: read(hint) })
    }
}

impl StreamHint {
    fn of(hint: &Node) -> Option<Self> {
        let mut read = Self::default();
        for (key, member) in hint.as_object()? {
            match (key.as_str(), member.as_str()) {
                ("end", Some(text)) => read.end = Some(text.to_owned()),
                ("property", Some(text)) => read.property = Some(text.to_owned()),
                _ => read.others.push((key.clone(), member.span.clone())),
            }
        }
        Some(read)
    }
}

impl Paging {
    /// `None` if the hint does not describe how to request the next page.
    fn of(hint: &Node) -> Option<Self> {
        let text = |key: &str| hint.str(key).map(str::to_owned);
        let (items, more) = (text("items").unwrap_or_default(), text("more"));
        let next = if let (Some(parameter), Some(next)) = (text("token"), text("next")) {
            Next::Token { parameter, next }
        } else if let Some(parameter) = text("offset") {
            Next::Offset { parameter, more }
        } else if let Some(parameter) = text("page") {
            let first = match hint.get("first").map(|node| &node.value) {
                Some(Value::Number(number)) => number.as_i64(),
                _ => None,
            };
            Next::Page { parameter, first: first.map_or(1, |first| u64::try_from(first).unwrap_or_default()), more }
        } else if hint.is_true("link") {
            Next::Link
        } else {
            return None;
        };
        Some(Self { items, next })
    }
}
