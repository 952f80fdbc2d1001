//! Uses of Rust types.

/// A use of a Rust type.
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
    /// An integer without a declared width.
    I128,
    F64,
    /// A number of any width, stored as text.
    Number,
    /// Bytes as a base64 string.
    Base64,
    /// Bytes as a base64url string.
    Base64Url,
    /// JSON text in a string.
    JsonText(Box<Type>),
    Array(Box<Type>),
    Map(Box<Type>),
    /// Any JSON value.
    Any,
    /// `null` or the other type.
    Nullable(Box<Type>),
    /// A type of the generated module behind a `Link` of the runtime.
    Link(Box<Type>),
}

impl Type {
    pub(crate) fn nullable(self) -> Self {
        match self {
            Self::Nullable(_) | Self::Any => self,
            other => Self::Nullable(Box::new(other)),
        }
    }

    /// The type for the text of such a value, without decoding: for base64 and JSON text, a string.
    pub(crate) fn text(self) -> Self {
        match self {
            Self::Base64 | Self::Base64Url | Self::JsonText(_) => Self::String,
            other => other,
        }
    }

    /// Whether it is a string, a boolean or a number of a primitive Rust type.
    pub(crate) fn is_primitive(&self) -> bool {
        matches!(
            self,
            Self::String | Self::Bool | Self::I32 | Self::I64 | Self::U32 | Self::U64 | Self::I128 | Self::F64
        )
    }

    /// The type inside `Nullable`.
    pub(crate) fn inner(&self) -> &Type {
        match self {
            Self::Nullable(inner) => inner,
            other => other,
        }
    }

    /// Whether there is a link in it.
    pub(crate) fn has_link(&self) -> bool {
        match self {
            Self::Link(_) => true,
            Self::Array(inner) | Self::Map(inner) | Self::Nullable(inner) | Self::JsonText(inner) => inner.has_link(),
            _ => false,
        }
    }

    /// The type inside `Link`.
    pub(crate) fn unlinked(&self) -> &Type {
        match self {
            Self::Link(inner) => inner,
            other => other,
        }
    }

    /// The named type inside lists, maps, `Nullable`, `Link` and JSON text.
    pub(crate) fn innermost(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Array(inner) | Self::Map(inner) | Self::Nullable(inner) => inner.innermost(),
            Self::Link(inner) | Self::JsonText(inner) => inner.innermost(),
            _ => None,
        }
    }

    /// The named type that a value of this type contains directly, not behind a pointer.
    pub(crate) fn by_value(&self) -> Option<&str> {
        if let Self::Named(name) = self.inner() { Some(name) } else { None }
    }
}
