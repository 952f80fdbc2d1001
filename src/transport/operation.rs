//! What the generated table says of each operation.

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
}

impl Operation {
    pub(crate) const fn new(id: &'static str, name: &'static str, method: &'static str, path: &'static str) -> Self {
        Self { id, name, method, path, idempotent: false, paged: false, streamed: false, nullable: false }
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
}

/// Refuses ids that would make a call another one: empty, a dot segment, with a slash of either kind or a control
/// character, or a word that stands in another operation's path at that place, in whatever case: some servers take no
/// notice of it. What is written with `%` is harmless, since the `%` is encoded itself.
pub(crate) fn check(
    operations: &[Operation],
    operation: &'static Operation,
    ids: &[(&str, &dyn fmt::Display)],
) -> Result<(), Error> {
    let mut sent: Vec<String> = operation.segments().map(str::to_owned).collect();
    for (name, id) in ids {
        let id = id.to_string();
        let wrong = if id.is_empty() {
            "is empty"
        } else if id == "." || id == ".." {
            "is a dot segment"
        } else if id.contains(['/', '\\']) {
            "holds a slash"
        } else if id.contains(char::is_control) {
            "holds a control character"
        } else {
            let placeholder = format!("{{{name}}}");
            sent.iter_mut().for_each(|segment| *segment = segment.replace(&placeholder, &id));
            continue;
        };
        return Err(refuse(operation, &format!("`{name}` {wrong}")));
    }
    let variable = |segment: &str| segment.contains('{');
    let taken_for = |other: &Operation| {
        other.method == operation.method
            && other.path != operation.path
            && other.segments().count() == sent.len()
            && other.segments().zip(&sent).all(|(theirs, ours)| variable(theirs) || theirs.eq_ignore_ascii_case(ours))
            && other.segments().filter(|it| variable(it)).count()
                < operation.segments().filter(|it| variable(it)).count()
    };
    match operations.iter().find(|other| taken_for(other)) {
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
