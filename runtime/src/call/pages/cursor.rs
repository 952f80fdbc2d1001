//! Positions in a list, as values that a program can store.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::{Error, Kind};

/// The position of a list's next page: a token of the server, an offset, the number of a page, or a link.
///
/// It is opaque, and implements serde, so a program can store it and resume after a restart. It contains what the
/// server put into it, which can be a secret, so `Debug` shows neither tokens nor links. Store it as safely as the list
/// itself.
///
/// ```
/// use connectors_runtime::Cursor;
///
/// let cursor = Cursor::token("c2VjcmV0");
/// assert_eq!(format!("{cursor:?}"), "Token(..)");
/// assert_eq!(serde_json::to_string(&cursor).unwrap(), r#"{"token":"c2VjcmV0"}"#);
/// assert_eq!(format!("{:?}", Cursor::offset(200)), "Offset(200)");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(Place);

#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    Token(String),
    Offset(u64),
    Page(u64),
    /// The path and query of a URL on the list's server.
    Link(String),
}

impl Cursor {
    /// A token from the server. An empty one means the end of the list.
    #[must_use]
    pub fn token(token: impl Into<String>) -> Self {
        Self(Place::Token(token.into()))
    }

    /// The number of items before the page.
    #[must_use]
    pub const fn offset(items: u64) -> Self {
        Self(Place::Offset(items))
    }

    /// The number of a page, as the service counts them.
    #[must_use]
    pub const fn page(number: u64) -> Self {
        Self(Place::Page(number))
    }

    /// The path and the query of a URL. The host is left out: the list continues on its own host.
    #[must_use]
    pub fn link(url: &Url) -> Self {
        let path = url.path();
        Self(Place::Link(url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))))
    }

    /// The token.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if this is not a token. Then it comes from another list.
    pub fn as_token(&self) -> Result<&str, Error> {
        if let Place::Token(token) = &self.0 { Ok(token) } else { Err(self.is_no("token")) }
    }

    /// The offset.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if this is not an offset. Then it comes from another list.
    pub fn as_offset(&self) -> Result<u64, Error> {
        if let Place::Offset(items) = self.0 { Ok(items) } else { Err(self.is_no("offset")) }
    }

    /// The number of the page.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if this is not the number of a page. Then it comes from another list.
    pub fn as_page(&self) -> Result<u64, Error> {
        if let Place::Page(number) = self.0 { Ok(number) } else { Err(self.is_no("page number")) }
    }

    /// The token, offset or page number as a number, for a parameter that is one.
    ///
    /// ```
    /// use connectors_runtime::Cursor;
    ///
    /// assert_eq!(Cursor::token("3").number::<i64>().unwrap(), 3);
    /// assert_eq!(Cursor::page(3).number::<i64>().unwrap(), 3);
    /// assert!(Cursor::token("true").number::<i64>().is_err());
    /// assert!(Cursor::offset(1 << 40).number::<i32>().is_err());
    /// ```
    ///
    /// # Errors
    /// [`Error::is_decode`] if the server's token is not such a number, or if the number is too large for its
    /// parameter. [`Error::is_invalid_argument`] if this is a link. Then it comes from another list.
    pub fn number<N: FromStr>(&self) -> Result<N, Error> {
        let number = match &self.0 {
            Place::Token(token) => token.parse().ok(),
            Place::Offset(number) | Place::Page(number) => number.to_string().parse().ok(),
            Place::Link(_) => return Err(self.is_no("number")),
        };
        number.ok_or_else(|| {
            let message = format!("the cursor {self:?} of the next page is not a number that its parameter can be");
            Error::new(Kind::Decode, message)
        })
    }

    /// The URL of the link: its path and query, on the scheme, host and port of `base`, whatever the link contains.
    ///
    /// ```
    /// use connectors_runtime::Cursor;
    /// use connectors_runtime::reqwest::Url;
    ///
    /// let base = Url::parse("https://api.example.com/v1/").unwrap();
    /// let cursor = Cursor::link(&Url::parse("https://api.example.com/v1/pets?page=2").unwrap());
    /// assert_eq!(cursor.to_url(&base).unwrap().as_str(), "https://api.example.com/v1/pets?page=2");
    /// ```
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if this is not a link. Then it comes from another list.
    pub fn to_url(&self, base: &Url) -> Result<Url, Error> {
        let Place::Link(link) = &self.0 else { return Err(self.is_no("link")) };
        let (path, query) = link.split_once('?').map_or((link.as_str(), None), |(path, query)| (path, Some(query)));
        // Neither changes the host, even if the stored text was modified.
        let mut url = base.clone();
        url.set_path(path);
        url.set_query(query);
        url.set_fragment(None);
        Ok(url)
    }

    /// The link without the query parameters of this name, for a key that the server repeats in its links. Other
    /// cursors stay unchanged.
    ///
    /// ```
    /// use connectors_runtime::Cursor;
    /// use connectors_runtime::reqwest::Url;
    ///
    /// let link = Url::parse("https://api.example.com/pets?key=secret&page=2&tag=a%20b").unwrap();
    /// let cursor = Cursor::link(&link).without_query("key");
    /// assert_eq!(cursor.to_url(&link).unwrap().query(), Some("page=2&tag=a%20b"));
    /// ```
    #[must_use]
    pub fn without_query(self, name: &str) -> Self {
        let Place::Link(link) = &self.0 else { return self };
        let Some((path, query)) = link.split_once('?') else { return self };
        // Pairs keep their spelling, because the server may not accept another one.
        let is_other = |pair: &&str| url::form_urlencoded::parse(pair.as_bytes()).all(|(found, _)| found != name);
        let rest: Vec<&str> = query.split('&').filter(is_other).collect();
        Self(Place::Link(if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) }))
    }

    /// Whether it means the end of the list.
    pub(super) fn is_end(&self) -> bool {
        matches!(&self.0, Place::Token(token) if token.is_empty())
    }

    fn is_no(&self, wanted: &str) -> Error {
        Error::new(Kind::Argument, format!("the cursor {self:?} comes from another list: this one needs a {wanted}"))
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Place::Token(_) => f.write_str("Token(..)"),
            Place::Offset(items) => write!(f, "Offset({items})"),
            Place::Page(number) => write!(f, "Page({number})"),
            Place::Link(_) => f.write_str("Link(..)"),
        }
    }
}

/// The position of the next unread item in a list: its page, and the number of read items on that page.
///
/// The default is the beginning of the list. It implements serde. It contains the text of tokens and links (see
/// [`Cursor`]).
///
/// ```
/// use connectors_runtime::Position;
///
/// let stored = r#"{"cursor":{"token":"next"},"read":3}"#;
/// let position: Position = serde_json::from_str(stored).unwrap();
/// assert_eq!(serde_json::to_string(&position).unwrap(), stored);
/// assert_eq!(serde_json::from_str::<Position>("{}").unwrap(), Position::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Position {
    /// The cursor of the page; `None` for the first one.
    pub cursor: Option<Cursor>,
    /// The number of read items on this page.
    pub read: u64,
}

impl Position {
    /// The beginning of a page.
    #[must_use]
    pub fn at(cursor: Option<Cursor>) -> Self {
        Self { cursor, read: 0 }
    }
}
