//! OAuth scopes.

use std::borrow::Cow;
use std::fmt;

/// An OAuth scope, that is, a permission of a token (RFC 6749, section 3.3).
///
/// ```
/// use connectors::pipeshub::{Client, Credentials, Scope};
///
/// let reading = [Scope::CONNECTOR_READ, Scope::KB_READ, "org:read".into()];
/// let ph = Client::builder(Credentials::client("app", "s3cret").scopes(reading)).build();
/// assert!(ph.is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope(Cow<'static, str>);

impl Scope {
    /// Read connectors, their configuration and the registry.
    pub const CONNECTOR_READ: Self = Self(Cow::Borrowed("connector:read"));
    /// Create and configure connectors.
    pub const CONNECTOR_WRITE: Self = Self(Cow::Borrowed("connector:write"));
    /// Switch syncs on and off, and send file events.
    pub const CONNECTOR_SYNC: Self = Self(Cow::Borrowed("connector:sync"));
    /// Delete connectors.
    pub const CONNECTOR_DELETE: Self = Self(Cow::Borrowed("connector:delete"));
    /// Read the statistics of synced records.
    pub const KB_READ: Self = Self(Cow::Borrowed("kb:read"));
    /// Resync and reindex.
    pub const KB_WRITE: Self = Self(Cow::Borrowed("kb:write"));
    /// Include the role of the caller: without it, the service treats an admin as a member.
    pub const USER_READ: Self = Self(Cow::Borrowed("user:read"));
    /// Issue a refresh token, so that a login outlives its first access token.
    pub const OFFLINE_ACCESS: Self = Self(Cow::Borrowed("offline_access"));

    /// The scopes that all methods of this module need, and no more.
    pub const ALL: [Self; 7] = [
        Self::CONNECTOR_READ,
        Self::CONNECTOR_WRITE,
        Self::CONNECTOR_SYNC,
        Self::CONNECTOR_DELETE,
        Self::KB_READ,
        Self::KB_WRITE,
        Self::USER_READ,
    ];

    /// The scope as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Scope {
    fn from(scope: &str) -> Self {
        Self(Cow::Owned(scope.to_owned()))
    }
}

impl From<String> for Scope {
    fn from(scope: String) -> Self {
        Self(Cow::Owned(scope))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
