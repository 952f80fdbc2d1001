//! The body of a call: bytes, parts, or a stream that can be sent once.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::HeaderValue;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::encode::MultipartBody;
use crate::error::{Error, Kind};

#[derive(Clone)]
pub(super) struct Payload {
    pub(super) content_type: HeaderValue,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Bytes(Bytes),
    /// Parts. Each attempt gets a body that is built from them.
    Parts(Arc<MultipartBody>),
    /// A stream, which can be sent once.
    Once(Arc<Mutex<Option<reqwest::Body>>>),
}

/// Only the media type and the length: the contents may be a secret.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, length) = match &self.content {
            Content::Bytes(bytes) => ("Bytes", u64::try_from(bytes.len()).ok()),
            Content::Parts(parts) => ("Parts", parts.length()),
            Content::Once(_) => ("Stream", None),
        };
        f.debug_struct(kind).field("media_type", &self.content_type).field("length", &length).finish_non_exhaustive()
    }
}

impl Payload {
    fn new(media_type: &str, content: Content) -> Result<Self, Error> {
        let content_type = HeaderValue::try_from(media_type)
            .map_err(|_| Error::new(Kind::Argument, "the media type of the body is not a header value"))?;
        Ok(Self { content_type, content })
    }

    pub(super) fn bytes(media_type: &str, bytes: Bytes) -> Result<Self, Error> {
        Self::new(media_type, Content::Bytes(bytes))
    }

    pub(super) fn any(media_type: &str, body: reqwest::Body) -> Result<Self, Error> {
        let content = match body.as_bytes() {
            Some(bytes) => Content::Bytes(Bytes::copy_from_slice(bytes)),
            None => Content::Once(Arc::new(Mutex::new(Some(body)))),
        };
        Self::new(media_type, content)
    }

    pub(super) fn parts(body: MultipartBody) -> Self {
        Self { content_type: body.content_type().clone(), content: Content::Parts(Arc::new(body)) }
    }

    /// The body for one send. A stream belongs to the first send; a send of a clone of the call fails.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if the stream was sent before.
    pub(super) fn claim(mut self) -> Result<Self, Error> {
        if let Content::Once(shared) = &self.content {
            let body = shared.lock().unwrap_or_else(PoisonError::into_inner).take();
            let sent = || Error::new(Kind::Argument, "the body is a stream, which can be sent once");
            self.content = Content::Once(Arc::new(Mutex::new(Some(body.ok_or_else(sent)?))));
        }
        Ok(self)
    }

    /// The body of a request that is being built. Parts are added to each attempt instead.
    pub(super) fn take(&self) -> reqwest::Body {
        match &self.content {
            Content::Bytes(bytes) => bytes.clone().into(),
            Content::Parts(_) => Bytes::new().into(),
            Content::Once(body) => body.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default(),
        }
    }

    /// The parts. Each attempt gets its own body.
    pub(super) fn as_parts(&self) -> Option<&MultipartBody> {
        match &self.content {
            Content::Parts(parts) => Some(parts),
            _ => None,
        }
    }

    /// Whether a second attempt can have the same body.
    pub(super) fn is_repeatable(&self) -> bool {
        match &self.content {
            Content::Bytes(_) => true,
            Content::Parts(parts) => parts.is_repeatable(),
            Content::Once(_) => false,
        }
    }

    /// Sets a property of a JSON object to a boolean. `false` is not added if the object does not have the property.
    pub(super) fn set_flag(&mut self, property: &str, value: bool) {
        if let Content::Bytes(bytes) = &mut self.content
            && let Some(changed) = with_flag(bytes, property, value)
        {
            *bytes = changed;
        }
    }
}

/// The members of an object, as JSON text.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Read)
    }
}

/// The object with the property, and everything else unchanged; `None` if nothing changes.
fn with_flag(json: &[u8], property: &str, value: bool) -> Option<Bytes> {
    let Members(members) = serde_json::from_slice(json).ok()?;
    let present = members.iter().any(|(name, _)| name == property);
    if !present && !value {
        return None;
    }
    let mut out = b"{".to_vec();
    let mut write = |name: &str, value: &str| {
        if out.len() > 1 {
            out.push(b',');
        }
        // Writing to memory cannot fail.
        let _ = serde_json::to_writer(&mut out, name);
        out.push(b':');
        out.extend_from_slice(value.as_bytes());
    };
    let flag = if value { "true" } else { "false" };
    for (name, old) in &members {
        write(name, if name == property { flag } else { old.get() });
    }
    if !present {
        write(property, flag);
    }
    out.push(b'}');
    Some(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_sent_once_and_never_as_an_empty_body() {
        let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("abc")]);
        let stream = Payload::any("text/plain", reqwest::Body::wrap_stream(chunks)).unwrap();
        let copy = stream.clone();
        assert!(stream.claim().unwrap().take().as_bytes().is_none());
        assert!(copy.claim().unwrap_err().is_invalid_argument());
        let bytes = Payload::any("text/plain", "abc".into()).unwrap();
        assert!(bytes.clone().claim().is_ok() && bytes.claim().is_ok());
    }

    #[test]
    fn a_flag_is_set_and_the_rest_is_unchanged() {
        let set = |json: &str, value| with_flag(json.as_bytes(), "stream", value);
        assert_eq!(set("{}", true).unwrap(), r#"{"stream":true}"#);
        assert_eq!(set(r#"{"n":1.50,"a":"\u00e9"}"#, true).unwrap(), r#"{"n":1.50,"a":"\u00e9","stream":true}"#);
        assert_eq!(set(r#"{"stream":false,"b":[1,{}]}"#, true).unwrap(), r#"{"stream":true,"b":[1,{}]}"#);
        assert_eq!(set(r#"{"stream":true}"#, false).unwrap(), r#"{"stream":false}"#);
        assert_eq!(set(r#"{"stream":null,"x":1e999}"#, false).unwrap(), r#"{"stream":false,"x":1e999}"#);
        for json in ["{}", "[1]", "7", ""] {
            assert_eq!(set(json, false), None, "{json}");
        }
        assert_eq!(set("[1]", true), None);
    }
}
