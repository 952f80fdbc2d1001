//! Routing: the operation of a request, and the scopes that it needs.

use percent_encoding::percent_decode_str;

use super::call::{Answered, Call};
use super::problem::Problem;
use super::state::World;
use super::upload::UPLOAD;
use super::{config, connectors, files, login, records, registry};

/// One operation.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) operation: &'static str,
    pub(super) method: &'static str,
    /// Below `/api/v1`.
    pub(super) path: &'static str,
    /// The scopes of which a token needs one. They are the server's scopes; the document sometimes names others.
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

/// In the server's order of matching.
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
    route(UPLOAD, "POST", "/connectors/{connectorId}/file-events/upload", SYNC),
    route("submitConnectorFileEvents", "POST", "/connectors/{connectorId}/file-events", SYNC),
];

/// Finds the operation for a raw path, and its decoded path parameters in order. As in Express, a trailing slash makes
/// no difference.
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

/// Processes a call.
pub(super) fn handle(world: &mut World, call: &Call<'_>) -> Answered {
    if matches!(call.operation, "getConnectorInstance" | "getConnectorConfig" | "toggleConnector") {
        // The other operations do not hide connectors from a member.
        world.check_visible(call)?;
    }
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
        UPLOAD => files::upload(world, call),
        "getRecordContent" => records::content(world, call),
        "navigateKnowledgeGraph" => records::navigate(world, call),
        "lookupRecordByIdentifier" => records::lookup(world, call),
        _ => Err(Problem::new(501, format!("this fake does not support {}", call.operation))),
    }
}
