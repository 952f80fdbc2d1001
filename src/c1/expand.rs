//! What an answer about a connector brings along with it.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_json_path::{JsonPath, PathElement};

use crate::Error;

use super::connector::connector;
use super::types;

const APP: &str = "c1.api.app.v1.App";
const USER: &str = "c1.api.user.v1.User";

/// Something to bring along with a connector, to spare a call; see [`Update::expand`](super::Update::expand).
///
/// Only calls that change a connector can bring things along: reads have no place to ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Expand {
    /// The app above it.
    App,
    /// The users among its owners (the legacy ones of `userIds`).
    Users,
    /// What it is able to do.
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

/// The mask that asks for these; none asks for nothing.
pub(super) fn mask(expand: &[Expand]) -> Option<types::ConnectorExpandMask> {
    let mut paths: Vec<String> = Vec::new();
    for path in expand.iter().map(|it| it.path().to_owned()) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    (!paths.is_empty()).then(|| types::ConnectorExpandMask { paths: Some(paths), ..Default::default() })
}

/// A connector and what was brought along with it; see
/// [`CreateConnector::send_expanded`](super::CreateConnector::send_expanded) and
/// [`Update::send_expanded`](super::Update::send_expanded).
///
/// ```no_run
/// # async fn example(connector: connectors::c1::Connector) -> Result<(), connectors::Error> {
/// use connectors::c1::Expand;
///
/// let changed = connector.update().display_name("Okta").expand([Expand::App, Expand::Users]).send_expanded().await?;
/// let app = changed.app().and_then(|app| app.display_name.as_deref()).unwrap_or_default();
/// println!("{app}: looked after by {} users", changed.users().len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Expanded {
    connector: types::Connector,
    app: Option<types::App>,
    users: Vec<types::User>,
    capabilities: Option<types::AnyMessage>,
    others: Vec<types::AnyMessage>,
}

impl Expanded {
    /// The connector.
    #[must_use]
    pub fn connector(&self) -> &types::Connector {
        &self.connector
    }

    /// The connector alone.
    #[must_use]
    pub fn into_connector(self) -> types::Connector {
        self.connector
    }

    /// The app above it, if it was asked for and came.
    #[must_use]
    pub fn app(&self) -> Option<&types::App> {
        self.app.as_ref()
    }

    /// The users among its owners, if they were asked for and came.
    #[must_use]
    pub fn users(&self) -> &[types::User] {
        &self.users
    }

    /// What it is able to do, if that was asked for and came. The document does not say of which type this is.
    #[must_use]
    pub fn capabilities(&self) -> Option<&types::AnyMessage> {
        self.capabilities.as_ref()
    }

    /// Whatever else came: of a type that this version does not know, pointed to by nothing, or not as its type says.
    #[must_use]
    pub fn others(&self) -> &[types::AnyMessage] {
        &self.others
    }

    /// Follows a view's paths (RFC 9535) into what came beside it.
    pub(super) fn read(
        view: Option<types::ConnectorView>,
        expanded: Option<Vec<types::AnyMessage>>,
    ) -> Result<Self, Error> {
        let items = expanded.unwrap_or_default();
        let [app, users, capabilities] = match &view {
            Some(view) if !items.is_empty() => {
                let document = json!({"expanded": &items});
                [&view.app_path, &view.users_path, &view.capabilities_path]
                    .map(|path| places(&document, path.as_deref()))
            }
            _ => [const { Vec::new() }; 3],
        };
        let mut left: Vec<Option<types::AnyMessage>> = items.into_iter().map(Some).collect();
        let app = app.into_iter().find_map(|place| take(&mut left, place, APP));
        // How a path names several is not documented. There is one connector, so whatever users came are its own.
        let rest = if users.is_empty() { 0 } else { left.len() };
        let users = users.into_iter().chain(0..rest).filter_map(|place| take(&mut left, place, USER)).collect();
        let capabilities = capabilities
            .into_iter()
            .find_map(|place| left.get_mut(place)?.take_if(|it| !matches!(type_name(it), Some(APP | USER))));
        let others = left.into_iter().flatten().collect();
        Ok(Self { connector: connector(view)?, app, users, capabilities, others })
    }
}

/// The places in `expanded` that a path selects; none if it is empty, or no path.
fn places(document: &Value, path: Option<&str>) -> Vec<usize> {
    let Some(Ok(path)) = path.filter(|path| !path.is_empty()).map(JsonPath::parse) else { return Vec::new() };
    let found = path.query_located(document);
    let place = |path: &serde_json_path::NormalizedPath<'_>| {
        let mut elements = path.iter();
        match (elements.next(), elements.next(), elements.next()) {
            (Some(PathElement::Name("expanded")), Some(PathElement::Index(place)), None) => Some(*place),
            _ => None,
        }
    };
    found.locations().filter_map(place).collect()
}

/// Takes an item that is what its type says.
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
    use super::*;

    fn read(view: Value, expanded: Value) -> Expanded {
        let view: types::ConnectorView = serde_json::from_value(view).unwrap();
        Expanded::read(Some(view), serde_json::from_value(expanded).unwrap()).unwrap()
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
    fn paths_are_followed_whatever_way_they_name_a_place() {
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
    fn what_nothing_points_to_or_is_not_what_it_says_is_kept() {
        let read_all = read(json!({"connector": {}, "appPath": "", "usersPath": null}), items());
        assert!(read_all.app().is_none() && read_all.users().is_empty() && read_all.capabilities().is_none());
        assert_eq!(serde_json::to_value(read_all.others()).unwrap(), items());

        let odd = json!([{"@type": "x/c1.api.app.v1.App", "id": 7}, {"@type": "x/y.Other"}, {"id": "no type"}]);
        let view = json!({"connector": {}, "appPath": "$.expanded[0]", "usersPath": "$.expanded[9]", "capabilitiesPath": "$$"});
        let read = read(view, odd.clone());
        assert_eq!(serde_json::to_value(read.others()).unwrap(), odd);
    }

    #[test]
    fn an_answer_without_a_connector_is_none() {
        assert!(Expanded::read(None, None).unwrap_err().is_decode());
    }

    #[test]
    fn a_mask_names_each_path_once() {
        assert_eq!(mask(&[]), None);
        let paths = mask(&[Expand::Users, Expand::App, Expand::Users, Expand::Capabilities]).unwrap().paths;
        assert_eq!(paths.unwrap(), ["user_ids", "app_id", "capabilities"]);
    }
}
