//! Which operation a request is for, what token it needs, and who does it.

use std::ops::RangeInclusive;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::problem::Problem;
use super::state::World;
use super::{config, connectors, files, login, records, registry};
use crate::service::{Answer, Request};

pub(super) type Answered = Result<Answer, Problem>;

/// 200 with JSON.
pub(super) fn ok(body: &Value) -> Answered {
    Ok(Answer::json(200, body))
}

/// One operation.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) operation: &'static str,
    pub(super) method: &'static str,
    /// Below `/api/v1`.
    pub(super) path: &'static str,
    /// The scopes of which a token needs one. They are the server's; the document names others here and there.
    pub(super) scopes: &'static [&'static str],
}

const fn route(
    operation: &'static str,
    method: &'static str,
    path: &'static str,
    scopes: &'static [&'static str],
) -> Route {
    Route { operation, method, path, scopes }
}

const READ: &[&str] = &["connector:read"];
const READ_RECORDS: &[&str] = &["kb:read", "connector:read"];
const WRITE: &[&str] = &["connector:write"];
const SYNC: &[&str] = &["connector:sync"];
const DELETE: &[&str] = &["connector:delete"];

/// In the order in which the server tries them.
pub(super) static ROUTES: &[Route] = &[
    route("getConnectorRegistry", "GET", "/connectors/registry", READ),
    route("getConnectorSchema", "GET", "/connectors/registry/{connectorType}/schema", READ),
    route("listConnectorInstances", "GET", "/connectors", READ),
    route("createConnectorInstance", "POST", "/connectors", WRITE),
    route("listActiveConnectors", "GET", "/connectors/active", READ),
    route("listInactiveConnectors", "GET", "/connectors/inactive", READ),
    route("listActiveAgentConnectors", "GET", "/connectors/agents/active", READ),
    route("listConfiguredConnectors", "GET", "/connectors/configured", READ),
    route("navigateKnowledgeGraph", "GET", "/connectors/navigate", READ_RECORDS),
    route("lookupRecordByIdentifier", "GET", "/connectors/record/lookup", READ_RECORDS),
    route("getRecordContent", "GET", "/connectors/record/{recordId}/content", READ),
    route("handleOAuthCallback", "GET", "/connectors/oauth/callback", WRITE),
    route("getTokenFromCode", "POST", "/connectors/getTokenFromCode", WRITE),
    route("getConnectorInstance", "GET", "/connectors/{connectorId}", READ),
    route("deleteConnectorInstance", "DELETE", "/connectors/{connectorId}", DELETE),
    route("getConnectorStats", "GET", "/connectors/{connectorId}/stats", READ_RECORDS),
    route("reindexConnector", "POST", "/connectors/{connectorId}/reindex", &["connector:sync", "kb:write"]),
    route("resyncConnector", "POST", "/connectors/{connectorId}/resync", &["connector:write", "kb:write"]),
    route("getConnectorConfig", "GET", "/connectors/{connectorId}/config", READ),
    route("updateConnectorConfig", "PUT", "/connectors/{connectorId}/config", WRITE),
    route("updateConnectorAuthConfig", "PUT", "/connectors/{connectorId}/config/auth", WRITE),
    route("updateConnectorFiltersSyncConfig", "PUT", "/connectors/{connectorId}/config/filters-sync", WRITE),
    route("updateConnectorName", "PUT", "/connectors/{connectorId}/name", WRITE),
    route("getOAuthAuthorizationUrl", "GET", "/connectors/{connectorId}/oauth/authorize", WRITE),
    route("getConnectorFilters", "GET", "/connectors/{connectorId}/filters", READ),
    route("saveConnectorFilters", "POST", "/connectors/{connectorId}/filters", WRITE),
    route("getFilterFieldOptions", "GET", "/connectors/{connectorId}/filters/{filterKey}/options", READ),
    route("toggleConnector", "POST", "/connectors/{connectorId}/toggle", SYNC),
    route(files::UPLOAD, "POST", "/connectors/{connectorId}/file-events/upload", SYNC),
    route("submitConnectorFileEvents", "POST", "/connectors/{connectorId}/file-events", SYNC),
];

/// Finds the operation for a raw path, and its path's parameters in order, decoded. As in Express, a slash at the end
/// makes no difference.
pub(super) fn find(method: &str, path: &str) -> Option<(&'static Route, Vec<String>)> {
    let path = path.strip_prefix("/api/v1")?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments: Vec<&str> = path.split('/').collect();
    let mut candidates = ROUTES.iter().filter(|route| route.method == method);
    candidates.find_map(|route| Some((route, route.parameters(&segments)?)))
}

impl Route {
    fn parameters(&self, segments: &[&str]) -> Option<Vec<String>> {
        let template: Vec<&str> = self.path.split('/').collect();
        if template.len() != segments.len() {
            return None;
        }
        let mut parameters = Vec::new();
        for (part, segment) in template.iter().zip(segments) {
            if part.starts_with('{') {
                if segment.is_empty() {
                    return None;
                }
                parameters.push(percent_decode_str(segment).decode_utf8_lossy().into_owned());
            } else if part != segment {
                return None;
            }
        }
        Some(parameters)
    }
}

/// A call that is authorised.
pub(super) struct Call<'c> {
    pub(super) request: &'c Request,
    pub(super) url: &'c str,
    pub(super) operation: &'static str,
    pub(super) path: Vec<String>,
    pub(super) body: Value,
}

impl Call<'_> {
    /// The first parameter of the path.
    pub(super) fn id(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }

    /// The last parameter of the path.
    pub(super) fn key(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// A parameter of the query.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let found = self.request.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All values of a parameter that is repeated.
    pub(super) fn queries(&self, name: &str) -> Vec<&str> {
        let found = self.request.query.iter().filter(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    /// A whole number of the query.
    pub(super) fn number(&self, name: &str, default: usize, range: RangeInclusive<usize>) -> Result<usize, Problem> {
        let Some(text) = self.query(name).filter(|text| !text.is_empty()) else {
            return Ok(default);
        };
        match text.parse::<usize>() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => {
                let message = format!("{name} must be a whole number from {} to {}", range.start(), range.end());
                Err(Problem::validation(name, message))
            }
        }
    }

    /// `true` or `false` in the query.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.query(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Problem::validation(name, format!("{name} must be true or false"))),
        }
    }

    /// The query's scope; those who do not say mean the team's.
    pub(super) fn scope(&self) -> Result<&str, Problem> {
        let scope = self.query("scope").unwrap_or("team");
        check_scope(scope)?;
        Ok(scope)
    }

    /// A string of the body that has to be there.
    pub(super) fn text(&self, name: &str) -> Result<&str, Problem> {
        match self.body[name].as_str().unwrap_or_default() {
            "" => Err(Problem::validation(name, format!("{name} is required"))),
            text => Ok(text),
        }
    }
}

pub(super) fn check_scope(scope: &str) -> Result<(), Problem> {
    match scope {
        "team" | "personal" => Ok(()),
        _ => Err(Problem::validation("scope", "scope must be team or personal")),
    }
}

/// Those items whose name, type or group contains the search term.
pub(super) fn search(call: &Call<'_>, items: Vec<Value>) -> Vec<Value> {
    let term = call.query("search").unwrap_or_default().to_lowercase();
    let found = |item: &Value| {
        let mut texts = ["name", "type", "appGroup"].into_iter().filter_map(|field| item[field].as_str());
        texts.any(|text| text.to_lowercase().contains(&term))
    };
    items.into_iter().filter(|item| term.is_empty() || found(item)).collect()
}

/// One page of a listing, and its `pagination`. With `skips`, as two of the server's listings do it: what comes before
/// the page is skipped twice.
pub(super) fn page(call: &Call<'_>, items: Vec<Value>, skips: bool) -> Result<(Vec<Value>, Value), Problem> {
    let page = call.number("page", 1, 1..=usize::MAX)?;
    let limit = call.number("limit", 20, 1..=200)?;
    let total = items.len();
    let pages = total.div_ceil(limit);
    let before = (page - 1).saturating_mul(limit);
    let skipped = if skips { before.saturating_mul(2) } else { before };
    let shown = items.into_iter().skip(skipped).take(limit).collect();
    let (has_prev, has_next) = (page > 1, page < pages);
    let pagination = json!({
        "page": page,
        "limit": limit,
        "search": call.query("search"),
        "totalCount": total,
        "totalPages": pages,
        "hasPrev": has_prev,
        "hasNext": has_next,
        "prevPage": has_prev.then(|| page - 1),
        "nextPage": has_next.then(|| page + 1),
    });
    Ok((shown, pagination))
}

/// Does what the call asks for.
pub(super) fn handle(world: &mut World, call: &Call<'_>) -> Answered {
    match call.operation {
        "getConnectorRegistry" => registry::list(world, call),
        "getConnectorSchema" => registry::schema(world, call),
        "listConnectorInstances" => connectors::list(world, call),
        "createConnectorInstance" => connectors::create(world, call),
        "listActiveConnectors" => connectors::by_activity(world, true),
        "listInactiveConnectors" => connectors::by_activity(world, false),
        "listActiveAgentConnectors" => connectors::agents(world, call),
        "listConfiguredConnectors" => connectors::configured(world, call),
        "getConnectorInstance" => connectors::get(world, call),
        "deleteConnectorInstance" => connectors::delete(world, call),
        "getConnectorStats" => connectors::stats(world, call),
        "reindexConnector" => connectors::reindex(world, call),
        "resyncConnector" => connectors::resync(world, call),
        "updateConnectorName" => connectors::rename(world, call),
        "toggleConnector" => connectors::toggle(world, call),
        "getConnectorConfig" => config::get(world, call),
        "updateConnectorConfig" => config::put(world, call),
        "updateConnectorAuthConfig" => config::put_auth(world, call),
        "updateConnectorFiltersSyncConfig" => config::put_filters_sync(world, call),
        "getConnectorFilters" => config::filters(world, call),
        "saveConnectorFilters" => config::save_filters(world, call),
        "getFilterFieldOptions" => config::options(world, call),
        "getOAuthAuthorizationUrl" => login::authorization_url(world, call),
        "handleOAuthCallback" => login::callback(world, call),
        "getTokenFromCode" => login::token_from_code(world, call),
        "submitConnectorFileEvents" => files::events(world, call),
        files::UPLOAD => files::upload(world, call),
        "getRecordContent" => records::content(world, call),
        "navigateKnowledgeGraph" => records::navigate(world, call),
        "lookupRecordByIdentifier" => records::lookup(world, call),
        _ => Err(Problem::new(501, format!("this fake does not do {}", call.operation))),
    }
}
