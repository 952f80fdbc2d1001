//! A parameter as an OpenAPI document describes it.

/// One parameter as the document describes it: its name, its place and its serialization.
///
/// Generated code has one `static` for each parameter of an operation:
///
/// ```
/// use connectors_runtime::encode::{Parameter, Parameters, Style};
///
/// static FILTER: Parameter = Parameter::query("filter").style(Style::DeepObject);
///
/// # fn main() -> Result<(), connectors_runtime::Error> {
/// let mut parameters = Parameters::default();
/// parameters.push(&FILTER, &std::collections::BTreeMap::from([("status", "on")]))?;
/// assert_eq!(parameters.query(), "filter%5Bstatus%5D=on");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    name: &'static str,
    pub(super) place: Place,
    pub(super) style: Style,
    explode: Option<bool>,
    pub(super) reserved: bool,
    pub(super) json: bool,
    /// For a value that is sent as the text of a form: the properties with their own serialization.
    pub(super) form: Option<&'static [Parameter]>,
    pub(super) sensitive: bool,
    /// For the whole query string: the properties with their own serialization.
    pub(super) whole: Option<&'static [Parameter]>,
}

/// The place of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Header,
    Cookie,
}

/// How a list or an object is serialized: the `style` of a parameter in OpenAPI.
///
/// The examples are a list of 1 and 2, and an object with `a: 1` and `b: 2`, in a parameter `p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Style {
    /// In a path: `;p=1,2` and `;p=a,1,b,2`; exploded `;p=1;p=2` and `;a=1;b=2`.
    Matrix,
    /// In a path: `.1,2` and `.a,1,b,2`; exploded `.1.2` and `.a=1.b=2`.
    Label,
    /// In a path or a header: `1,2` and `a,1,b,2`; exploded `1,2` and `a=1,b=2`.
    Simple,
    /// In a query or a cookie: `p=1,2` and `p=a,1,b,2`; exploded, which is the default, `p=1&p=2` and `a=1&b=2`.
    Form,
    /// In a query: `p=1%202` and `p=a%201%20b%202`; exploded, as [`Style::Form`].
    SpaceDelimited,
    /// In a query: `p=1%7C2` and `p=a%7C1%7Cb%7C2`; exploded, as [`Style::Form`].
    PipeDelimited,
    /// In a query: `p[a]=1&p[b]=2`, with the brackets percent-encoded. OpenAPI defines only this. Nested objects are
    /// sent as `p[a][b]=1`, a list as `p[]=1&p[]=2`, and a list of lists or objects as `p[0][a]=1&p[1][a]=2`.
    DeepObject,
    /// In a cookie: like [`Style::Form`], without percent-encoding. A value with characters that a cookie cannot have
    /// is an error.
    Cookie,
}

impl Parameter {
    const fn new(name: &'static str, place: Place, style: Style) -> Self {
        Self {
            name,
            place,
            style,
            explode: None,
            reserved: false,
            json: false,
            form: None,
            sensitive: false,
            whole: None,
        }
    }

    /// A parameter in the path, by [`Style::Simple`].
    #[must_use]
    pub const fn path(name: &'static str) -> Self {
        Self::new(name, Place::Path, Style::Simple)
    }

    /// A parameter in the query, by [`Style::Form`] and exploded. Also a property of a form.
    #[must_use]
    pub const fn query(name: &'static str) -> Self {
        Self::new(name, Place::Query, Style::Form)
    }

    /// The whole query string (`in: querystring` of OpenAPI 3.2). The properties of an object are sent as in a
    /// [`form`](super::form), each by the parameter in `encoding` with its name. With [`Parameter::json`] the value is
    /// sent as percent-encoded JSON. A value that is not an object is sent as percent-encoded text.
    ///
    /// ```
    /// use connectors_runtime::encode::{Parameter, Parameters};
    ///
    /// static SEARCH: Parameter = Parameter::query_string("search", &[]).json();
    ///
    /// # fn main() -> Result<(), connectors_runtime::Error> {
    /// let mut parameters = Parameters::default();
    /// parameters.push(&SEARCH, &[1, 2])?;
    /// assert_eq!(parameters.query(), "%5B1%2C2%5D");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn query_string(name: &'static str, encoding: &'static [Parameter]) -> Self {
        let mut parameter = Self::query(name);
        parameter.whole = Some(encoding);
        parameter
    }

    /// A header, by [`Style::Simple`].
    #[must_use]
    pub const fn header(name: &'static str) -> Self {
        Self::new(name, Place::Header, Style::Simple)
    }

    /// A cookie, by [`Style::Form`] and exploded.
    #[must_use]
    pub const fn cookie(name: &'static str) -> Self {
        Self::new(name, Place::Cookie, Style::Form)
    }

    /// Sets how lists and objects are serialized.
    #[must_use]
    pub const fn style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// Sets whether each item and each member is sent separately. The default depends on the style: [`Style::Form`] and
    /// [`Style::Cookie`] explode, the others do not.
    #[must_use]
    pub const fn explode(mut self, explode: bool) -> Self {
        self.explode = Some(explode);
        self
    }

    /// Keeps reserved characters, for `allowReserved`: `a/b:c@d` instead of `a%2Fb%3Ac%40d`. Percent-encoded parts stay
    /// unchanged too. In a query, `#`, `&` and `+` are still percent-encoded, because they would end the value or mean
    /// a space. In a path, it allows `/`, which is sent as `%2F`.
    #[must_use]
    pub const fn allow_reserved(mut self) -> Self {
        self.reserved = true;
        self
    }

    /// Sends the value as JSON, for `content: application/json`.
    #[must_use]
    pub const fn json(mut self) -> Self {
        self.json = true;
        self
    }

    /// Sends an object as the text of a [`form`](super::form), for `content: application/x-www-form-urlencoded`: each
    /// property by the parameter in `encoding` with its name.
    ///
    /// ```
    /// use connectors_runtime::encode::{Parameter, Parameters};
    ///
    /// static FILTER: Parameter = Parameter::header("x-filter").form(&[]);
    ///
    /// # fn main() -> Result<(), connectors_runtime::Error> {
    /// let mut parameters = Parameters::default();
    /// parameters.push(&FILTER, &std::collections::BTreeMap::from([("a", "x y"), ("b", "2")]))?;
    /// assert!(parameters.headers().any(|(name, value)| name == "x-filter" && value == "a=x%20y&b=2"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn form(mut self, encoding: &'static [Parameter]) -> Self {
        self.form = Some(encoding);
        self
    }

    /// Marks a header's value as sensitive, so that it is not printed.
    #[must_use]
    pub const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// The name in the document and in the request.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether a media type decides the text of the value, and not the style.
    pub(super) const fn has_media_type(&self) -> bool {
        self.json || self.form.is_some()
    }

    pub(super) const fn explodes(&self) -> bool {
        match self.explode {
            Some(explode) => explode,
            None => matches!(self.style, Style::Form | Style::Cookie),
        }
    }
}
