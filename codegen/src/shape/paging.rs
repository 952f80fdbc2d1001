//! How a list is paged: the hint `x-paging` of an operation.

use crate::document::{Node, Value};

/// How to request the next page of a list: the hint `x-paging`. A path names properties of the response, separated by
/// dots.
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

impl Paging {
    /// The hint of an operation. `None` if there is none, or if it does not describe how to request the next page.
    pub(crate) fn of(operation: &Node) -> Option<Self> {
        let hint = operation.get("x-paging")?;
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
