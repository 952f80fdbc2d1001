//! Validation of a configuration's keys against the schema of a catalog entry.

use super::types::{ConfigSchema, Field, StringRules};

/// The problems of a configuration's keys, in the order of the keys and then of the schema.
pub(super) fn problems(schema: &ConfigSchema, keys: &[&str], is_set: impl Fn(&str) -> bool) -> Vec<String> {
    let fields = || schema.fields.iter().flatten();
    let known: Vec<&str> = fields().filter_map(|field| field.name.as_deref()).collect();
    let unknown = keys.iter().filter(|key| !known.contains(key)).map(|key| match nearest(key, &known) {
        Some(near) => format!("unknown key `{key}` (did you mean `{near}`?)"),
        None => format!("unknown key `{key}`"),
    });
    let mut problems: Vec<String> = unknown.collect();
    let used = used_groups(schema, &is_set);
    let mut missing = |key: &str, why: String| {
        let problem = format!("missing key `{key}`{why}");
        if !is_set(key) && !problems.iter().any(|known| known.starts_with(&format!("missing key `{key}`"))) {
            problems.push(problem);
        }
    };
    for field in fields() {
        let Some(name) = field.name.as_deref() else { continue };
        if field.is_required() && used.as_ref().is_none_or(|used| used.counts(name)) {
            missing(name, String::new());
        }
        if is_set(name) {
            for needed in field.depends_on_fields.iter().flatten() {
                missing(needed, format!(", which `{name}` depends on"));
            }
        }
    }
    problems
}

/// The fields of the used groups, and the fields of the others.
struct Groups<'a> {
    used: Vec<&'a str>,
    others: Vec<&'a str>,
}

impl Groups<'_> {
    fn counts(&self, name: &str) -> bool {
        self.used.contains(&name) || !self.others.contains(&name)
    }
}

/// Groups are alternatives. The used group is the one with the most keys set; without any, the default one.
fn used_groups<'a>(schema: &'a ConfigSchema, is_set: &impl Fn(&str) -> bool) -> Option<Groups<'a>> {
    let groups: Vec<(usize, bool, Vec<&str>)> = schema
        .field_groups
        .iter()
        .flatten()
        .map(|group| {
            let names: Vec<&str> = group.field_names.iter().flatten().map(String::as_str).collect();
            let set = names.iter().filter(|name| is_set(name)).count();
            (set, group.default == Some(true), names)
        })
        .collect();
    let most = groups.iter().map(|(set, is_default, _)| (*set, *is_default)).max()?;
    let mut divided = Groups { used: Vec::new(), others: Vec::new() };
    let mut is_found = false;
    for (set, is_default, names) in groups {
        if !is_found && (set, is_default) == most {
            is_found = true;
            divided.used.extend(names);
        } else {
            divided.others.extend(names);
        }
    }
    Some(divided)
}

impl Field {
    /// Whether the schema's rules reject an empty value: [`EnvConfig::validate`](super::EnvConfig::validate) then
    /// requires the key, unless it is in a group that is not used.
    #[must_use]
    pub fn is_required(&self) -> bool {
        if self.post_create == Some(true) || self.read_only.is_some() || self.random.is_some() || self.oauth2.is_some()
        {
            return false;
        }
        let validators = [
            self.str.as_ref().and_then(|it| it.value_validator.as_ref()),
            self.text.as_ref().and_then(|it| it.value_validator.as_ref()),
            self.import.as_ref().and_then(|it| it.value_validator.as_ref()),
        ];
        validators.into_iter().flatten().any(refuses_empty)
    }

    /// Whether the schema marks its value as a secret, which no read returns.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        let marks = [
            self.str.as_ref().and_then(|it| it.secret),
            self.text.as_ref().and_then(|it| it.secret),
            self.import.as_ref().and_then(|it| it.secret),
            self.key_value.as_ref().and_then(|it| it.secret),
        ];
        self.secret.is_some() || marks.contains(&Some(true))
    }
}

/// The rules are those of protoc-gen-validate: they apply to an empty text too, unless `ignoreEmpty` is set.
fn refuses_empty(rules: &StringRules) -> bool {
    let least = [&rules.min_len, &rules.len, &rules.min_bytes, &rules.len_bytes];
    let parts = [&rules.prefix, &rules.suffix, &rules.contains, &rules.const_];
    let forms = [rules.email, rules.hostname, rules.ip, rules.ipv4, rules.ipv6, rules.uri, rules.address, rules.uuid];
    let is_some_text = |text: &&Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
    rules.ignore_empty != Some(true)
        && (least
            .into_iter()
            .any(|least| least.as_deref().and_then(|it| it.parse().ok()).is_some_and(|it: u64| it > 0))
            || parts.iter().any(is_some_text)
            || forms.contains(&Some(true))
            || rules.in_.as_ref().is_some_and(|one_of| !one_of.is_empty() && !one_of.iter().any(String::is_empty))
            || rules.not_in.as_ref().is_some_and(|none_of| none_of.iter().any(String::is_empty)))
}

/// The known key that is probably meant by an unknown one.
fn nearest<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known.iter().map(|known| (distance(key, known), *known)).min()?;
    // With more differences it is another key.
    let most = (key.chars().count().max(near.1.chars().count()) / 3).max(1);
    (near.0 <= most).then_some(near.1)
}

/// The edit distance: how many characters to add, remove, replace or swap with their neighbour. Ignores case.
fn distance(a: &str, b: &str) -> usize {
    let [a, b] = [a, b].map(|text| text.to_lowercase().chars().take(64).collect::<Vec<char>>());
    let mut rows = [vec![0; b.len() + 1], vec![0; b.len() + 1], (0..=b.len()).collect::<Vec<usize>>()];
    for (i, left) in a.iter().enumerate() {
        rows.rotate_left(1);
        let [older, old, row] = &mut rows;
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = old[j] + usize::from(left != right);
            row[j + 1] = replaced.min(old[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *left == b[j - 1] && a[i - 1] == *right {
                row[j + 1] = row[j + 1].min(older[j - 1] + 1);
            }
        }
    }
    rows[2][b.len()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::c1::{EnvConfig, types};

    fn check(schema: &serde_json::Value, config: &EnvConfig) -> Result<(), String> {
        let schema: types::ConfigSchema = serde_json::from_value(schema.clone()).unwrap();
        config.validate(&schema).map_err(|error| {
            assert!(error.is_invalid_argument());
            error.message().to_owned()
        })
    }

    #[test]
    fn unknown_keys_come_with_the_nearest_known_one_and_missing_keys_by_name() {
        let needed = json!({"valueValidator": {"minLen": "1"}});
        let schema = json!({"fields": [
            {"name": "domain", "str": needed},
            {"name": "api_token", "str": needed},
            {"name": "note", "str": {}},
            {"name": "kept", "str": {"valueValidator": {"minLen": "1", "ignoreEmpty": true}}},
            {"name": "later", "str": needed, "postCreate": true},
            {"name": "proxy", "str": {}, "dependsOnFields": ["proxy_user"]},
            {"name": "proxy_user", "str": {}},
        ]});
        let full = EnvConfig::new().text("domain", "x").secret("api_token", "PLANTED");
        assert_eq!(check(&schema, &full), Ok(()));
        let wrong = EnvConfig::new().text("domian", "x").secret("apiToken", "PLANTED").text("zzzzzzzz", "");
        let told = check(&schema, &wrong).unwrap_err();
        assert_eq!(
            told,
            "unknown key `domian` (did you mean `domain`?); unknown key `apiToken` (did you mean `api_token`?); \
             unknown key `zzzzzzzz`; missing key `domain`; missing key `api_token`"
        );
        assert_eq!(check(&schema, &full.clone().text("domain", "")).unwrap_err(), "missing key `domain`");
        let told = check(&schema, &full.text("proxy", "p")).unwrap_err();
        assert_eq!(told, "missing key `proxy_user`, which `proxy` depends on");
    }

    #[test]
    fn only_the_used_one_of_alternative_groups_counts() {
        let needed = json!({"valueValidator": {"minLen": "1"}});
        let schema = json!({
            "fields": [{"name": "url", "str": needed}, {"name": "token", "str": needed}, {"name": "user", "str": needed},
                {"name": "password", "str": needed}],
            "fieldGroups": [{"name": "a", "fieldNames": ["token"], "default": true},
                {"name": "b", "fieldNames": ["user", "password"]}],
        });
        let url = EnvConfig::new().text("url", "u");
        assert_eq!(check(&schema, &url.clone().secret("token", "t")), Ok(()));
        assert_eq!(check(&schema, &url).unwrap_err(), "missing key `token`");
        assert_eq!(check(&schema, &url.text("user", "u")).unwrap_err(), "missing key `password`");
    }
}
