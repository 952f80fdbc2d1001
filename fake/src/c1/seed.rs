//! The initial data of a tenant.

use std::io;

use serde_json::{Value, json};

use crate::seeds;

/// The initial data of a tenant. Every object is JSON in the service's own format; missing fields are filled in.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Seed {
    pub(super) apps: Vec<Value>,
    pub(super) connectors: Vec<(String, Value)>,
    pub(super) catalog: Vec<(String, Value)>,
    pub(super) users: Vec<Value>,
}

impl Seed {
    /// No data.
    pub fn empty() -> Seed {
        Seed::default()
    }

    /// Adds an app. Without an `id` it gets one.
    pub fn app(mut self, app: Value) -> Seed {
        self.apps.push(app);
        self
    }

    /// Adds a connector of an app. Without a `status` it has synced once.
    pub fn connector(mut self, app_id: impl Into<String>, connector: Value) -> Seed {
        self.connectors.push((app_id.into(), connector));
        self
    }

    /// Adds a catalog entry: `{"schema": ConfigSchema, "formSchema": Form}`.
    pub fn catalog_entry(mut self, id: impl Into<String>, entry: Value) -> Seed {
        self.catalog.push((id.into(), entry));
        self
    }

    /// Adds a user. Other users exist, too, with only an id.
    pub fn user(mut self, user: Value) -> Seed {
        self.users.push(user);
        self
    }

    /// Two apps, `app-github` with 13 connectors (`github-01` to `github-13`) and `app-okta` with one (`okta-01`); the
    /// catalog entries `catalog-github` and `catalog-okta`; the users `user-ada` and `user-grace`.
    pub fn demo() -> Seed {
        // The file is part of the program, and the tests read it: it is valid JSON.
        let demo: Value = serde_json::from_str(include_str!("demo.json")).unwrap_or_default();
        let mut seed = Seed::read(&demo);
        for number in 2..=13 {
            let mut connector = demo["connectors"][0].clone();
            connector["id"] = json!(format!("github-{number:02}"));
            connector["displayName"] = json!(format!("GitHub {number}"));
            seed = seed.connector("app-github", connector);
        }
        seed
    }

    /// A seed of a JSON object with the lists `apps`, `users`, `catalog` (each entry with an `id`) and `connectors`
    /// (each with an `appId`); missing lists are empty.
    ///
    /// ```
    /// let seed = r#"{"apps": [{"id": "app-1", "displayName": "One"}], "connectors": [{"appId": "app-1", "id": "c-1"}]}"#;
    /// assert!(connectors_fake::c1::Seed::from_json(seed).is_ok());
    /// assert!(connectors_fake::c1::Seed::from_json(r#"{"app": []}"#).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// If the text is not JSON, or has another member, an entry that is not an object, or an entry without its required
    /// id.
    pub fn from_json(text: &str) -> io::Result<Seed> {
        let value = seeds::read(text, &[("apps", ""), ("users", ""), ("catalog", "id"), ("connectors", "appId")])?;
        Ok(Seed::read(&value))
    }

    fn read(value: &Value) -> Seed {
        let list = |name: &str| value[name].as_array().into_iter().flatten().cloned();
        let named = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Seed {
            apps: list("apps").collect(),
            users: list("users").collect(),
            catalog: list("catalog").map(|entry| (named(&entry, "id"), entry)).collect(),
            connectors: list("connectors").map(|one| (named(&one, "appId"), one)).collect(),
        }
    }
}
