//! What the generated table says of each operation.

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

    /// Refuses a path in which an id is empty, a dot segment, or more than one segment: the server would take such a
    /// call for another one.
    pub(crate) fn check_path(&self, base: &str, path: &str) -> Result<(), Error> {
        let base = base.trim_end_matches('/');
        let sent = path.strip_prefix(base).unwrap_or(path).split('/');
        let mut sent = sent.collect::<Vec<_>>().into_iter();
        for expected in self.path.split('/') {
            let given = sent.next();
            let Some(name) = expected.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
                if given != Some(expected) && !expected.contains('{') {
                    return Err(bad_id("an id is empty or a dot segment"));
                }
                continue;
            };
            match given {
                None | Some("" | "." | "..") => return Err(bad_id(&format!("`{name}` is empty or a dot segment"))),
                Some(id) if id.to_ascii_lowercase().contains("%2f") => {
                    return Err(bad_id(&format!("`{name}` holds a `/`")));
                }
                Some(_) => {}
            }
        }
        if sent.next().is_some() { Err(bad_id("an id holds a `/`")) } else { Ok(()) }
    }
}

fn bad_id(what: &str) -> Error {
    Error::new(Kind::Argument, format!("{what}; nothing was sent"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_would_change_the_path_are_refused() {
        let get = Operation::new("Get", "get", "GET", "/api/v1/apps/{app_id}/connectors/{id}");
        assert!(get.check_path("/", "/api/v1/apps/a/connectors/b%20c").is_ok());
        assert!(get.check_path("/base/", "/base/api/v1/apps/a/connectors/b").is_ok());
        for path in [
            "/api/v1/apps//connectors/b",
            "/api/v1/apps/a/connectors/",
            "/api/v1/apps/a%2Fb/connectors/c",
            "/api/v1/connectors/c",
            "/api/v1/apps/a/connectors",
        ] {
            assert!(get.check_path("/", path).unwrap_err().is_invalid_argument(), "{path}");
        }
    }
}
