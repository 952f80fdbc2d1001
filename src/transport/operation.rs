//! What the generated table says of each operation.

use std::borrow::Cow;
use std::fmt;

use crate::Error;
use crate::error::Kind;

/// One operation of a service, as its document and our overlay describe it.
///
/// ```
/// let create = connectors::c1::api::OPERATIONS.iter().find(|it| it.name() == "create").unwrap();
/// assert_eq!(create.method(), "POST");
/// assert!(!create.is_idempotent());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    id: &'static str,
    name: &'static str,
    method: &'static str,
    path: &'static str,
    idempotent: bool,
    paged: bool,
    streamed: bool,
    nullable: bool,
    /// How many slashes the path has: two calls whose numbers differ are never taken for each other.
    slashes: usize,
}

impl Operation {
    pub(crate) const fn new(id: &'static str, name: &'static str, method: &'static str, path: &'static str) -> Self {
        let slashes = slashes(path);
        Self { id, name, method, path, idempotent: false, paged: false, streamed: false, nullable: false, slashes }
    }

    pub(crate) const fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    pub(crate) const fn paged(mut self, paged: bool) -> Self {
        self.paged = paged;
        self
    }

    pub(crate) const fn streamed(mut self, streamed: bool) -> Self {
        self.streamed = streamed;
        self
    }

    pub(crate) const fn nullable(mut self, nullable: bool) -> Self {
        self.nullable = nullable;
        self
    }

    /// What an answer without a body is read as.
    pub(crate) const fn absent(&self) -> &'static [u8] {
        // Nothing said is nothing set: an object without members, unless the document has a word for nothing.
        if self.nullable { b"null" } else { b"{}" }
    }

    /// `operationId` of the document.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// Name of the method of the generated client.
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

    /// Whether sending it twice does no more than sending it once (RFC 9110, section 9.2.2, or our overlay's word for
    /// it), so that it may be sent again when an answer is lost.
    #[must_use]
    pub const fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    /// Whether it answers one page of a list.
    #[must_use]
    pub const fn is_paged(&self) -> bool {
        self.paged
    }

    pub(crate) const fn is_streamed(&self) -> bool {
        self.streamed
    }

    /// The segments of the path template.
    fn segments(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/')
    }

    /// Whether a server could take a call of `called` for one of this operation: it has the same method and as many
    /// segments, and a word where the other has an id.
    fn takes(&self, called: &Self, ids: &[(&str, String)]) -> bool {
        if self.slashes != called.slashes || self.method != called.method || self.path == called.path {
            return false;
        }
        let (mut variables, mut their_variables) = (0, 0);
        for (own, theirs) in self.segments().zip(called.segments()) {
            if own.contains('{') {
                variables += 1;
            // Some servers do not mind the case of a word.
            } else if !sent(theirs, ids).eq_ignore_ascii_case(own) {
                return false;
            }
            their_variables += usize::from(theirs.contains('{'));
        }
        variables < their_variables
    }
}

/// A segment of a path as it is sent.
fn sent<'a>(segment: &'a str, ids: &'a [(&str, String)]) -> Cow<'a, str> {
    let Some(start) = segment.find('{') else { return Cow::Borrowed(segment) };
    let whole = segment[start..].strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).filter(|_| start == 0);
    match ids.iter().find(|(name, _)| whole == Some(*name)) {
        Some((_, id)) => Cow::Borrowed(id),
        // Something stands beside the id.
        None => Cow::Owned(
            ids.iter().fold(segment.to_owned(), |filled, (name, id)| filled.replace(&format!("{{{name}}}"), id)),
        ),
    }
}

const fn slashes(path: &str) -> usize {
    let (bytes, mut at, mut count) = (path.as_bytes(), 0, 0);
    while at < bytes.len() {
        if bytes[at] == b'/' {
            count += 1;
        }
        at += 1;
    }
    count
}

/// Refuses ids that would make a call another one: empty, a dot segment, with a slash of either kind or a control
/// character, or a word that stands in another operation's path at that place, in whatever case: some servers take no
/// notice of it. What is written with `%` is harmless, since the `%` is encoded itself.
pub(crate) fn check(
    operations: &[Operation],
    operation: &'static Operation,
    ids: &[(&str, &dyn fmt::Display)],
) -> Result<(), Error> {
    let ids: Vec<(&str, String)> = ids.iter().map(|(name, id)| (*name, id.to_string())).collect();
    for (name, id) in &ids {
        let wrong = if id.is_empty() {
            "is empty"
        } else if id == "." || id == ".." {
            "is a dot segment"
        } else if id.bytes().any(|byte| matches!(byte, b'/' | b'\\')) {
            "holds a slash"
        } else if id.chars().any(char::is_control) {
            "holds a control character"
        } else {
            continue;
        };
        return Err(refuse(operation, &format!("`{name}` {wrong}")));
    }
    match operations.iter().find(|other| other.takes(operation, &ids)) {
        Some(other) => {
            Err(refuse(operation, &format!("with such an id the server would take it for `{}`", other.name)))
        }
        None => Ok(()),
    }
}

fn refuse(operation: &'static Operation, what: &str) -> Error {
    Error::new(Kind::Argument, format!("{what}; nothing was sent")).operation_named(operation.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATIONS: &[Operation] = &[
        Operation::new("Update", "update", "POST", "/apps/{app_id}/connectors/{id}"),
        Operation::new("Create", "create", "POST", "/apps/{app_id}/connectors/create"),
        Operation::new("Cancel", "cancel", "POST", "/apps/{app_id}:cancel"),
    ];

    #[test]
    fn ids_that_would_make_it_another_call_are_refused() {
        let ids =
            |app: &'static str, id: &'static str| check(OPERATIONS, &OPERATIONS[0], &[("app_id", &app), ("id", &id)]);
        for id in ["ü%2F#?", "%2E%2e", "...", "creates"] {
            assert!(ids("my app", id).is_ok(), "{id:?}");
        }
        for id in ["", ".", "..", "a/b", "a\\b", "..\\..", "a\nb", "create", "Create", "CREATE"] {
            assert!(ids("a", id).unwrap_err().is_invalid_argument(), "{id:?}");
        }
        assert!(check(OPERATIONS, &OPERATIONS[2], &[("app_id", &"create")]).is_ok());
    }
}
