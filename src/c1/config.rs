//! What a hosted connector is configured with.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::types::AnyMessage;

/// The type of configuration that most connectors of the catalog take.
const ENV_CONFIG: &str = "type.googleapis.com/c1.api.app.v1.EnvConfig";

/// A connector's configuration: values by the keys of its catalog entry's schema.
///
/// ```
/// use connectors::c1::EnvConfig;
///
/// let config = EnvConfig::new()
///     .text("domain", "example.okta.com")
///     .secret("api_token", "s3cret")
///     .boolean("sync_inactive", false)
///     .list("groups", ["eng", "ops"])
///     .map("labels", [("team", "identity")]);
/// assert!(!format!("{config:?}").contains("s3cret"));
/// ```
///
/// Booleans and lists travel as text, which is what the service takes. Secrets do not come back on reads.
#[derive(Clone, Default)]
pub struct EnvConfig {
    values: Vec<(String, Entry)>,
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
        Self::default()
    }

    /// A text value.
    #[must_use]
    pub fn text(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.plain(key, json!({"stringValue": value.into()}))
    }

    /// A text value that nothing prints.
    #[must_use]
    pub fn secret(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.push((key.into(), Entry::Secret(SecretString::from(value.into()))));
        self
    }

    /// A truth value, sent as the text `true` or `false`.
    #[must_use]
    pub fn boolean(self, key: impl Into<String>, value: bool) -> Self {
        self.text(key, value.to_string())
    }

    /// Several texts, sent as one, joined by commas.
    #[must_use]
    pub fn list<S: AsRef<str>>(self, key: impl Into<String>, values: impl IntoIterator<Item = S>) -> Self {
        let values: Vec<String> = values.into_iter().map(|value| value.as_ref().to_owned()).collect();
        self.text(key, values.join(","))
    }

    /// Texts by key.
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

    fn plain(mut self, key: impl Into<String>, value: Value) -> Self {
        self.values.push((key.into(), Entry::Plain(value)));
        self
    }
}

impl fmt::Debug for EnvConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values are not printed at all: what is secret is for the catalog to say, not for us to guess.
        f.debug_list().entries(self.values.iter().map(|(key, _)| key)).finish()
    }
}

impl From<EnvConfig> for AnyMessage {
    fn from(config: EnvConfig) -> Self {
        let mut values = Map::new();
        for (key, entry) in config.values {
            let value = match entry {
                Entry::Plain(value) => value,
                Entry::Secret(secret) => json!({"stringValue": secret.expose_secret()}),
            };
            values.insert(key, value);
        }
        let mut extra = Map::new();
        extra.insert("configuration".to_owned(), Value::Object(values));
        Self { at_type: Some(ENV_CONFIG.to_owned()), extra }
    }
}
