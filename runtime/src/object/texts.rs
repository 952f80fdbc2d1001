//! Strings whose content is something else: bytes in base64, or JSON. The text is kept as it came.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::input::Input;
use super::json::{Json, View, from_text};
use super::layout::Layout;
use super::mismatch::Mismatch;
use super::room::room;
use super::write::{self, to_json};
use crate::error::{Error, Kind};

/// With padding or without, and whatever the bits after the last byte are.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The trait of a type that is a string in JSON.
macro_rules! text {
    ([$($of:tt)*] $name:ty) => {
        impl<$($of)*> Json for $name {
            fn blank() -> Self {
                Self::from_text("")
            }

            fn layout() -> &'static Layout {
                &Layout::Text
            }

            fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
                self.text = input.string()?.into_owned();
                Ok(())
            }

            fn view(&self) -> View<'_> {
                View::Text(&self.text)
            }
        }

        impl<$($of)*> Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                write::serialize(self, serializer)
            }
        }

        impl<'de, $($of)*> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                super::formats::deserialize(deserializer)
            }
        }
    };
}

macro_rules! base64_text {
    ($name:ident $engine:ident $($doc:literal)*) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name {
            text: String,
        }

        impl $name {
            /// Encodes bytes.
            #[must_use]
            pub fn new(bytes: impl AsRef<[u8]>) -> Self {
                Self { text: $engine.encode(bytes) }
            }

            /// Keeps a text as it is, whether it can be decoded or not.
            #[must_use]
            pub fn from_text(text: impl Into<String>) -> Self {
                Self { text: text.into() }
            }

            /// The decoded bytes; `None` if the text cannot be decoded. Spaces and line breaks in it are skipped, and
            /// padding at its end may be absent.
            #[must_use]
            pub fn bytes(&self) -> Option<Vec<u8>> {
                match $engine.decode(&self.text) {
                    Ok(bytes) => Some(bytes),
                    Err(_) => {
                        let dense: String = self.text.split_ascii_whitespace().collect();
                        $engine.decode(dense).ok()
                    }
                }
            }

            /// The text as it came, or as it is sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.text
            }
        }

        text! { [] $name }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text)
            }
        }

        impl From<Vec<u8>> for $name {
            fn from(bytes: Vec<u8>) -> Self {
                Self::new(bytes)
            }
        }

        impl From<&[u8]> for $name {
            fn from(bytes: &[u8]) -> Self {
                Self::new(bytes)
            }
        }

        impl<const LENGTH: usize> From<&[u8; LENGTH]> for $name {
            fn from(bytes: &[u8; LENGTH]) -> Self {
                Self::new(bytes)
            }
        }
    };
}

base64_text! { Base64 STANDARD
    " Bytes in a JSON string: `contentEncoding: base64`, in OpenAPI 3.0 `format: byte` (RFC 4648, section 4)."
    ""
    " The text is kept, so a value that is read and sent back is the same text, also where it is not base64."
    ""
    " ```"
    " use connectors_runtime::object::Base64;"
    ""
    " let file = Base64::new(b\"PNG\");"
    " assert_eq!(file.as_str(), \"UE5H\");"
    " assert_eq!(file.bytes().as_deref(), Some(&b\"PNG\"[..]));"
    " assert_eq!(Base64::from_text(\"not base64!\").bytes(), None);"
    " ```"
}

base64_text! { Base64Url URL_SAFE
    " Bytes in a JSON string: `contentEncoding: base64url` (RFC 4648, section 5), which has `-` and `_` where"
    " [`Base64`] has `+` and `/`."
    ""
    " ```"
    " use connectors_runtime::object::Base64Url;"
    ""
    " assert_eq!(Base64Url::new([0xfb, 0xff]).as_str(), \"-_8=\");"
    " assert_eq!(Base64Url::from_text(\"-_8\").bytes(), Some(vec![0xfb, 0xff]));"
    " ```"
}

/// A JSON string that contains JSON: `contentMediaType: application/json`, with the type of its `contentSchema`.
///
/// The text is kept, so a value that is read and sent back is the same text, also where it is not JSON. `Debug` prints
/// only its length, because the text can contain a secret.
///
/// ```
/// use connectors_runtime::object::JsonText;
///
/// let arguments: JsonText<Vec<i64>> = JsonText::from_text(" [1, 2]");
/// assert_eq!(arguments.value().unwrap(), [1, 2]);
/// assert_eq!(arguments.as_str(), " [1, 2]");
/// assert_eq!(JsonText::new(&vec![3]).unwrap().as_str(), "[3]");
/// assert!(JsonText::<Vec<i64>>::from_text("[1").value().is_err());
/// ```
pub struct JsonText<T> {
    text: String,
    ty: PhantomData<fn() -> T>,
}

impl<T: Json> JsonText<T> {
    /// Writes a value as text.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if it cannot be written as JSON.
    pub fn new(value: &T) -> Result<Self, Error> {
        let written = to_json(value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        written.map(Self::from_text).ok_or_else(|| Error::new(Kind::Argument, "the value cannot be written as JSON"))
    }

    /// Keeps a text as it is, whether it is JSON or not.
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ty: PhantomData }
    }

    /// Reads the value. Each call reads the text again.
    ///
    /// # Errors
    /// The text is not JSON, or a value of another type, or needs more memory than the default of
    /// [`Limits::decoded`](crate::Limits).
    pub fn value(&self) -> Result<T, Mismatch> {
        from_text(&self.text, room(self.text.as_bytes()))
    }

    /// The text as it came, or as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

text! { [T: Json] JsonText<T> }

impl<T> Clone for JsonText<T> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), ty: PhantomData }
    }
}

impl<T> PartialEq for JsonText<T> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<T> Eq for JsonText<T> {}

impl<T> fmt::Debug for JsonText<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonText({} bytes)", self.text.len())
    }
}
