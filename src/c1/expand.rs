//! The related objects in a response about a connector.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Entry;

use super::connector::Connector;
use super::types;

const APP: &str = "c1.api.app.v1.App";
const USER: &str = "c1.api.user.v1.User";

/// A related object that a response includes, which saves a call; see [`Update::expand`](super::Update::expand).
///
/// Only calls that change a connector can request it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Expand {
    /// The connector's app.
    App,
    /// The users among its owners (the legacy ones of `userIds`).
    Users,
    /// The connector's capabilities.
    Capabilities,
}

impl Expand {
    fn path(self) -> &'static str {
        match self {
            Self::App => "app_id",
            Self::Users => "user_ids",
            Self::Capabilities => "capabilities",
        }
    }
}

/// The mask that requests these; `None` without any.
pub(super) fn mask(expand: &[Expand]) -> Option<types::ConnectorExpandMask> {
    let mut paths: Vec<String> = Vec::new();
    for path in expand.iter().map(|it| it.path().to_owned()) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    (!paths.is_empty()).then(|| types::ConnectorExpandMask { paths: Some(paths), ..Default::default() })
}

/// A connector and the related objects of the response; see
/// [`CreateConnector::send_expanded`](super::CreateConnector::send_expanded) and
/// [`Update::send_expanded`](super::Update::send_expanded).
///
/// ```no_run
/// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
/// use connectors::c1::Expand;
///
/// let changed = connector.update().display_name("Okta").expand([Expand::App, Expand::Users]).send_expanded().await?;
/// let app = changed.app().and_then(|app| app.display_name.as_deref());
/// println!("{app:?}: {} users own it", changed.users().len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Expanded {
    connector: Entry<Connector, types::Connector>,
    app: Option<types::App>,
    users: Vec<types::User>,
    capabilities: Option<types::AnyMessage>,
    others: Vec<types::AnyMessage>,
}

impl Expanded {
    /// The connector with its handle.
    #[must_use]
    pub fn connector(&self) -> &Entry<Connector, types::Connector> {
        &self.connector
    }

    /// The connector alone.
    #[must_use]
    pub fn into_connector(self) -> Entry<Connector, types::Connector> {
        self.connector
    }

    /// The connector's app, if it was requested and returned.
    #[must_use]
    pub fn app(&self) -> Option<&types::App> {
        self.app.as_ref()
    }

    /// The users among its owners, if they were requested and returned.
    #[must_use]
    pub fn users(&self) -> &[types::User] {
        &self.users
    }

    /// Its capabilities, if they were requested and returned. The document does not declare their type.
    #[must_use]
    pub fn capabilities(&self) -> Option<&types::AnyMessage> {
        self.capabilities.as_ref()
    }

    /// All other returned objects: of a type that this version does not know, without a path, or unlike their type.
    #[must_use]
    pub fn others(&self) -> &[types::AnyMessage] {
        &self.others
    }

    /// Follows a view's paths to the related objects. The error names what is missing.
    pub(super) fn read(
        view: Option<types::ConnectorView>,
        expanded: Option<Vec<types::AnyMessage>>,
        entry: impl FnOnce(types::Connector) -> Option<Entry<Connector, types::Connector>>,
    ) -> Result<Self, &'static str> {
        let items = expanded.unwrap_or_default();
        let places = |path: Option<&String>| Places::read(path.map_or("", String::as_str));
        let view = view.unwrap_or_default();
        let [app, users, capabilities] =
            [&view.app_path, &view.users_path, &view.capabilities_path].map(|path| places(path.as_ref()));
        let mut left: Vec<Option<types::AnyMessage>> = items.into_iter().map(Some).collect();
        let app = app.of(left.len()).into_iter().find_map(|place| take(&mut left, place, APP));
        // How a path names several objects is not documented. There is one connector, so all returned users are its own.
        let users = users.of(left.len());
        let rest = if users.is_empty() { 0 } else { left.len() };
        let users = users.into_iter().chain(0..rest).filter_map(|place| take(&mut left, place, USER)).collect();
        let capabilities = capabilities
            .of(left.len())
            .into_iter()
            .find_map(|place| left.get_mut(place)?.take_if(|it| !matches!(type_name(it), Some(APP | USER))));
        let others = left.into_iter().flatten().collect();
        let connector = view.connector.ok_or("the response has no connector")?;
        let connector = entry(connector).ok_or("the response has no id of the connector")?;
        Ok(Self { connector, app, users, capabilities, others })
    }
}

/// The items of `expanded` that a path names.
#[derive(Debug, PartialEq)]
enum Places {
    Slice(Option<i64>, Option<i64>),
    Some(Vec<i64>),
}

impl Places {
    /// Reads `$.expanded[N]`, `$.expanded[N,M]`, `$.expanded[N:M]` and `$.expanded[*]`. Any other path names nothing:
    /// the server writes the path, and a full parser of RFC 9535 could recurse as deep as the server's path requires.
    fn read(path: &str) -> Self {
        let inner = path.strip_prefix("$.expanded[").or_else(|| path.strip_prefix("$['expanded']["));
        let inner = inner.and_then(|inner| inner.strip_suffix(']')).unwrap_or_default().trim();
        let number = |text: &str| text.trim().parse::<i64>();
        let end = |text: &str| if text.trim().is_empty() { Ok(None) } else { number(text).map(Some) };
        match inner.split_once(':') {
            _ if inner == "*" => Self::Slice(None, None),
            Some((from, to)) => match (end(from), end(to)) {
                (Ok(from), Ok(to)) => Self::Slice(from, to),
                _ => Self::Some(Vec::new()),
            },
            None => Self::Some(inner.split(',').map(number).collect::<Result<_, _>>().unwrap_or_default()),
        }
    }

    /// The places within `length` items. A negative place counts from the end.
    fn of(self, length: usize) -> Vec<usize> {
        let place = |place: i64| match usize::try_from(place) {
            Ok(place) => Some(place),
            Err(_) => length.checked_sub(usize::try_from(place.unsigned_abs()).ok()?),
        };
        match self {
            Self::Slice(from, to) => {
                let from = from.map_or(0, |from| place(from).unwrap_or(0));
                let to = to.map_or(length, |to| place(to).unwrap_or(0)).min(length);
                (from..to).collect()
            }
            Self::Some(places) => places.into_iter().filter_map(place).filter(|place| *place < length).collect(),
        }
    }
}

/// Takes an item of this type out of the list.
fn take<T: DeserializeOwned>(left: &mut [Option<types::AnyMessage>], place: usize, name: &str) -> Option<T> {
    let slot = left.get_mut(place)?;
    let message = slot.as_ref().filter(|message| type_name(message) == Some(name))?;
    let read = serde_json::from_value(Value::Object(message.extra.clone())).ok()?;
    *slot = None;
    Some(read)
}

/// The type without the prefix of its URL.
fn type_name(message: &types::AnyMessage) -> Option<&str> {
    message.at_type.as_deref()?.rsplit('/').next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::c1::{Client, Credentials};

    fn read(view: Value, expanded: Value) -> Expanded {
        let c1 = Client::builder(Credentials::token("t").tenant("example")).build().unwrap();
        let view: types::ConnectorView = serde_json::from_value(view).unwrap();
        let entry = |data| Some(Entry::new(c1.app("app").connector("c"), data));
        Expanded::read(Some(view), serde_json::from_value(expanded).unwrap(), entry).unwrap()
    }

    fn items() -> Value {
        json!([
            {"@type": "type.googleapis.com/c1.api.user.v1.User", "id": "ada"},
            {"@type": "type.googleapis.com/c1.api.app.v1.App", "id": "app", "new": [1]},
            {"@type": "type.googleapis.com/c1.api.user.v1.User", "id": "grace"},
            {"@type": "type.googleapis.com/c1.connector.v2.ConnectorCapabilities", "all": true},
        ])
    }

    fn ids(users: &[types::User]) -> Vec<&str> {
        users.iter().filter_map(|user| user.id.as_deref()).collect()
    }

    #[test]
    fn paths_are_followed_in_every_notation() {
        for users in ["$.expanded[0]", "$.expanded[0,2]", "$.expanded[*]", "$.expanded[0:3]", "$['expanded'][0]"] {
            let view = json!({
                "connector": {"id": "c"},
                "appPath": "$.expanded[1]", "usersPath": users, "capabilitiesPath": "$.expanded[-1]",
            });
            let read = read(view, items());
            assert_eq!(read.connector().id.as_deref(), Some("c"));
            let app = read.app().unwrap();
            assert_eq!((app.id.as_deref(), &app.extra["new"], app.extra.len()), (Some("app"), &json!([1]), 1));
            assert_eq!(ids(read.users()), ["ada", "grace"], "{users}");
            assert_eq!(read.capabilities().unwrap().extra["all"], true);
            assert!(read.others().is_empty(), "{users}");
        }
    }

    #[test]
    fn objects_without_a_path_or_unlike_their_type_are_kept() {
        let read_all = read(json!({"connector": {}, "appPath": "", "usersPath": null}), items());
        assert!(read_all.app().is_none() && read_all.users().is_empty() && read_all.capabilities().is_none());
        assert_eq!(serde_json::to_value(read_all.others()).unwrap(), items());

        let odd = json!([{"@type": "x/c1.api.app.v1.App", "id": 7}, {"@type": "x/y.Other"}, {"id": "no type"}]);
        let view = json!({"connector": {}, "appPath": "$.expanded[0]", "usersPath": "$.expanded[9]", "capabilitiesPath": "$$"});
        let read = read(view, odd.clone());
        assert_eq!(serde_json::to_value(read.others()).unwrap(), odd);
    }

    /// A parser of paths could recurse as deep as the server's path requires, until the stack overflows.
    #[test]
    fn a_path_of_the_server_is_not_parsed() {
        let deep = format!("$[?{}1==1{}]", "(".repeat(30_000), ")".repeat(30_000));
        for path in
            [deep.as_str(), "$", "$.expanded[", "$.expanded[0", "$.expanded[x]", "$.other[0]", "$.expanded[0][0]"]
        {
            let read = read(json!({"connector": {}, "usersPath": path}), items());
            assert_eq!((read.users().len(), read.others().len()), (0, 4), "{path:.20}");
        }
        for (path, places) in [
            ("$.expanded[1:]", vec![1, 2, 3]),
            ("$.expanded[-2:]", vec![2, 3]),
            ("$.expanded[:9]", vec![0, 1, 2, 3]),
            ("$.expanded[3:1]", vec![]),
            ("$.expanded[-9]", vec![]),
            ("$.expanded[9223372036854775807]", vec![]),
            ("$.expanded[-9223372036854775808]", vec![]),
            ("$.expanded[0 , 2]", vec![0, 2]),
        ] {
            assert_eq!(Places::read(path).of(4), places, "{path}");
        }
    }

    #[test]
    fn a_response_without_a_connector_is_an_error() {
        let none = Expanded::read(None, None, |_| None);
        assert_eq!(none.unwrap_err(), "the response has no connector");
        let view = types::ConnectorView { connector: Some(types::Connector::default()), ..Default::default() };
        assert_eq!(Expanded::read(Some(view), None, |_| None).unwrap_err(), "the response has no id of the connector");
    }

    #[test]
    fn a_mask_names_each_path_once() {
        assert_eq!(mask(&[]), None);
        let paths = mask(&[Expand::Users, Expand::App, Expand::Users, Expand::Capabilities]).unwrap().paths;
        assert_eq!(paths.unwrap(), ["user_ids", "app_id", "capabilities"]);
    }
}
