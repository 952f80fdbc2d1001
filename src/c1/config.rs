//! The configuration of a hosted connector.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use crate::Error;
use connectors_runtime::Kind;

use super::schema;
use super::types::{AnyMessage, ConfigSchema};

/// The message type of the configuration of most catalog entries.
const ENV_CONFIG: &str = "type.googleapis.com/c1.api.app.v1.EnvConfig";
/// The key that holds its values.
const CONFIGURATION: &str = "configuration";

/// A connector's configuration: values by the keys of the catalog entry's schema.
///
/// ```
/// use connectors::c1::EnvConfig;
///
/// # fn main() -> Result<(), connectors::Error> {
/// let config = EnvConfig::new()
///     .text("domain", "example.okta.com")
///     .secret("api_token", "s3cret")
///     .boolean("sync_inactive", false)
///     .list("groups", ["eng", "ops"])?
///     .map("labels", [("team", "identity")]);
/// assert!(!format!("{config:?}").contains("s3cret"));
/// # Ok(())
/// # }
/// ```
///
/// Booleans and lists are sent as text, as the service expects. [`EnvConfig::validate`] checks the keys.
///
/// `EnvConfig::from(&message)` reads a connector's configuration. Values of another kind, other keys and another type
/// are kept and sent back unchanged. The service does not return secrets, so set them again before you send such a
/// configuration:
///
/// ```
/// use connectors::c1::{ConfigValue, EnvConfig, types};
///
/// let stored: types::AnyMessage = EnvConfig::new().text("domain", "example.okta.com").into();
/// let config = EnvConfig::from(&stored);
/// assert_eq!(config.get("domain"), Some(ConfigValue::Text("example.okta.com".to_owned())));
/// let changed = config.text("domain", "example.com").secret("api_token", "s3cret");
/// assert_eq!(changed.keys().collect::<Vec<_>>(), ["domain", "api_token"]);
/// ```
#[derive(Clone)]
pub struct EnvConfig {
    at_type: Option<String>,
    /// `None` if the message has no configuration of this kind.
    values: Option<Vec<(String, Entry)>>,
    /// The members beside the type and the values.
    rest: Map<String, Value>,
}

/// A value of a configuration; see [`EnvConfig::get`]. `Debug` does not print it: it may be a secret.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum ConfigValue {
    /// A text. Booleans (`true`, `false`) and lists (joined by commas) are sent as text, too.
    Text(String),
    /// Texts by key, in their order.
    Map(Vec<(String, String)>),
    /// A value of another kind, unchanged.
    Unknown(Value),
}

impl ConfigValue {
    /// Returns the text, or `None` if it is not one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn read(value: &Value) -> Self {
        let pair =
            |item: &Value| Some((item.get("key")?.as_str()?.to_owned(), item.get("value")?.as_str()?.to_owned()));
        // Protobuf writes an unset field as null, or omits it.
        let map = value.get("keyValues").filter(|it| !it.is_null());
        let known = match (map, value.get("stringValue")) {
            (Some(map), _) => {
                let items = map.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                items.iter().map(pair).collect::<Option<Vec<_>>>().map(Self::Map)
            }
            (None, Some(text)) => text.as_str().map(|text| Self::Text(text.to_owned())),
            (None, None) => None,
        };
        known.unwrap_or_else(|| Self::Unknown(value.clone()))
    }
}

impl fmt::Debug for ConfigValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text([redacted])",
            Self::Map(_) => "Map([redacted])",
            Self::Unknown(_) => "Unknown([redacted])",
        })
    }
}

#[derive(Clone)]
enum Entry {
    Plain(Value),
    Secret(SecretString),
}

impl EnvConfig {
    /// An empty configuration.
    #[must_use]
    pub fn new() -> Self {
        Self { at_type: Some(ENV_CONFIG.to_owned()), values: Some(Vec::new()), rest: Map::new() }
    }

    /// Returns the value of a key; also a secret, if it was set here.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<ConfigValue> {
        let (_, entry) = self.values.iter().flatten().find(|(known, _)| known == key)?;
        Some(match entry {
            Entry::Plain(value) => ConfigValue::read(value),
            Entry::Secret(secret) => ConfigValue::Text(secret.expose_secret().to_owned()),
        })
    }

    /// Lists the keys that have a value.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.iter().flatten().map(|(key, _)| key.as_str())
    }

    /// Sets a text.
    #[must_use]
    pub fn text(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.plain(key, json!({"stringValue": value.into()}))
    }

    /// Sets a text that is never printed.
    #[must_use]
    pub fn secret(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(key, Entry::Secret(SecretString::from(value.into())))
    }

    /// Sets a boolean, sent as the text `true` or `false`.
    #[must_use]
    pub fn boolean(self, key: impl Into<String>, value: bool) -> Self {
        self.text(key, value.to_string())
    }

    /// Sets a list of texts, sent as one text and joined by commas.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`] if one of them contains a comma: the service would read it as two.
    pub fn list<S: AsRef<str>>(
        self,
        key: impl Into<String>,
        values: impl IntoIterator<Item = S>,
    ) -> Result<Self, Error> {
        let key = key.into();
        let values: Vec<String> = values.into_iter().map(|value| value.as_ref().to_owned()).collect();
        if values.iter().any(|value| value.contains(',')) {
            let message = format!("a value of the list `{key}` has a comma, at which the service would split it");
            return Err(Error::new(Kind::Argument, message));
        }
        Ok(self.text(key, values.join(",")))
    }

    /// Sets a map of texts.
    #[must_use]
    pub fn map<K: Into<String>, V: Into<String>>(
        self,
        key: impl Into<String>,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let items: Vec<Value> =
            pairs.into_iter().map(|(key, value)| json!({"key": key.into(), "value": value.into()})).collect();
        self.plain(key, json!({"keyValues": {"items": items}}))
    }

    /// Removes a key and its value.
    #[must_use]
    pub fn unset(mut self, key: &str) -> Self {
        self.values.iter_mut().for_each(|values| values.retain(|(known, _)| known != key));
        self
    }

    /// Checks the keys against the schema of the catalog entry
    /// ([`App::configuration_schema`](super::App::configuration_schema)): every key must be known, and every required
    /// key must be set. The service checks the values.
    ///
    /// ```no_run
    /// # async fn example(app: connectors::c1::App) -> Result<(), connectors::Error> {
    /// use connectors::c1::EnvConfig;
    ///
    /// let config = EnvConfig::new().text("domian", "example.okta.com");
    /// let schema = app.configuration_schema("okta-catalog-id").await?;
    /// // unknown key `domian` (did you mean `domain`?); missing key `api_token`
    /// println!("{}", config.validate(&schema).unwrap_err().message());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A key is required if the schema's rules reject an empty value for it. The keys of a group are required only if
    /// that group is used. A key that another key depends on is required only together with it.
    ///
    /// # Errors
    /// [`Error::is_invalid_argument`]: its message names every unknown key, with the nearest known one, and every missing key.
    pub fn validate(&self, schema: &ConfigSchema) -> Result<(), Error> {
        let is_set = |key: &str| match self.get(key) {
            Some(ConfigValue::Text(text)) => !text.is_empty(),
            Some(ConfigValue::Map(pairs)) => !pairs.is_empty(),
            Some(ConfigValue::Unknown(value)) => !value.is_null(),
            None => false,
        };
        let problems = schema::problems(schema, &self.keys().collect::<Vec<_>>(), is_set);
        if problems.is_empty() { Ok(()) } else { Err(Error::new(Kind::Argument, problems.join("; "))) }
    }

    fn plain(self, key: impl Into<String>, value: Value) -> Self {
        self.set(key, Entry::Plain(value))
    }

    /// Sets a value, and replaces the one that the key had.
    fn set(mut self, key: impl Into<String>, entry: Entry) -> Self {
        let key = key.into();
        let values = self.values.get_or_insert_default();
        match values.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = entry,
            None => values.push((key, entry)),
        }
        self
    }
}

impl Default for EnvConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for EnvConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No value is printed: which values are secret is known only to the catalog.
        f.debug_list().entries(self.keys()).finish()
    }
}

impl From<EnvConfig> for AnyMessage {
    fn from(config: EnvConfig) -> Self {
        let mut extra = config.rest;
        if let Some(entries) = config.values {
            let mut values = Map::new();
            for (key, entry) in entries {
                let value = match entry {
                    Entry::Plain(value) => value,
                    Entry::Secret(secret) => json!({"stringValue": secret.expose_secret()}),
                };
                values.insert(key, value);
            }
            extra.insert(CONFIGURATION.to_owned(), Value::Object(values));
        }
        Self { at_type: config.at_type, extra }
    }
}

impl From<&AnyMessage> for EnvConfig {
    fn from(message: &AnyMessage) -> Self {
        let AnyMessage { at_type, extra } = message;
        let mut rest = extra.clone();
        let values = match extra.get(CONFIGURATION) {
            Some(Value::Object(values)) => {
                rest.remove(CONFIGURATION);
                Some(values.iter().map(|(key, value)| (key.clone(), Entry::Plain(value.clone()))).collect())
            }
            _ => None,
        };
        Self { at_type: at_type.clone(), values, rest }
    }
}

/// Any message of the API, such as a configuration that was read.
impl From<AnyMessage> for Option<EnvConfig> {
    fn from(message: AnyMessage) -> Self {
        Some(EnvConfig::from(&message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_with_types_and_written_back_unchanged() {
        for sent in [
            json!({"@type": ENV_CONFIG, "configuration": {
                "text": {"stringValue": "x"},
                "map": {"keyValues": {"items": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}, "stringValue": null},
                "odd": {"numberValue": 7},
                "items": {"keyValues": {"items": [7]}},
            }, "new": [1]}),
            json!({"@type": "type.googleapis.com/c1.api.app.v9.Unheard", "configuration": "none", "a": null}),
            json!({"b": {}}),
        ] {
            let message: AnyMessage = serde_json::from_value(sent.clone()).unwrap();
            let config = EnvConfig::from(&message);
            assert_eq!(serde_json::to_value(AnyMessage::from(config.clone())).unwrap(), sent);
            if sent["@type"] == ENV_CONFIG {
                let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
                assert_eq!(config.get("text").as_ref().and_then(ConfigValue::as_text), Some("x"));
                assert_eq!(config.get("map"), Some(ConfigValue::Map(vec![pair("a", "1"), pair("a", "2")])));
                assert_eq!(config.get("odd"), Some(ConfigValue::Unknown(json!({"numberValue": 7}))));
                assert!(matches!(config.get("items"), Some(ConfigValue::Unknown(_))));
            }
            assert_eq!(config.get("nothing"), None);
        }
    }

    #[test]
    fn a_key_has_one_value_and_none_is_printed() {
        let config = EnvConfig::new().text("a", "1").secret("b", "PLANTED").secret("a", "PLANTED");
        assert_eq!(config.keys().collect::<Vec<_>>(), ["a", "b"]);
        let value = config.get("a").unwrap();
        assert_eq!(value.as_text(), Some("PLANTED"));
        assert!(!format!("{config:?} {value:?}").contains("PLANTED"));
        let empty = serde_json::to_value(AnyMessage::from(EnvConfig::default())).unwrap();
        assert_eq!(empty, json!({"@type": ENV_CONFIG, "configuration": {}}));
    }
}
