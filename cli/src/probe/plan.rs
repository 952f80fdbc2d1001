//! The operations that a probe calls for each service: only those that change nothing.

/// Names, each with its value.
type Pairs = &'static [(&'static str, &'static str)];

/// One operation, once for each item that an earlier one listed.
pub struct Step {
    pub operation: &'static str,
    /// The earlier operation, the list in its response, and the values to take from each item: a name, and the place.
    pub each: Option<(&'static str, &'static str, Pairs)>,
    /// Parameters, with the names of the values.
    pub parameters: Pairs,
    pub fixed: Pairs,
    /// The members of the body, with the names of the values. Only a documented search has a body.
    pub body: Pairs,
}

const fn read(operation: &'static str) -> Step {
    Step { operation, each: None, parameters: &[], fixed: &[], body: &[] }
}

/// The operations for C1.
pub const C1: &[Step] = &[
    Step { fixed: &[("page_size", "10")], ..read("c1.api.app.v1.Apps.List") },
    Step {
        each: Some(("c1.api.app.v1.Apps.List", "/list", &[("app", "/id")])),
        parameters: &[("id", "app")],
        ..read("c1.api.app.v1.Apps.Get")
    },
    Step {
        each: Some(("c1.api.app.v1.Apps.List", "/list", &[("app", "/id")])),
        parameters: &[("app_id", "app")],
        fixed: &[("page_size", "10")],
        ..read("c1.api.app.v1.ConnectorService.List")
    },
    Step {
        each: Some(("c1.api.app.v1.ConnectorService.List", "/list", &[("connector", "/connector/id")])),
        parameters: &[("app_id", "app"), ("id", "connector")],
        ..read("c1.api.app.v1.ConnectorService.Get")
    },
    Step {
        each: Some(("c1.api.app.v1.ConnectorService.List", "/list", &[("catalog", "/connector/catalogId")])),
        body: &[("appId", "app"), ("catalogId", "catalog")],
        ..read("c1.api.integration.connector.v1.ConnectorCatalogService.ConfigurationSchema")
    },
    Step {
        each: Some(("c1.api.app.v1.ConnectorService.List", "/list", &[("connector", "/connector/id")])),
        parameters: &[("app_id", "app"), ("connector_id", "connector")],
        ..read("c1.api.app.v2.ConnectorOwners.SearchUserOwners")
    },
    Step {
        each: Some((
            "c1.api.app.v2.ConnectorOwners.SearchUserOwners",
            "/list",
            &[("role", "/roleSlug"), ("user", "/user/id")],
        )),
        parameters: &[("app_id", "app"), ("connector_id", "connector"), ("role_slug", "role"), ("user_ref_id", "user")],
        ..read("c1.api.app.v2.ConnectorOwners.GetUserOwner")
    },
    Step {
        each: Some(("c1.api.app.v1.ConnectorService.List", "/list", &[("connector", "/connector/id")])),
        parameters: &[("app_id", "app"), ("connector_id", "connector")],
        ..read("c1.api.app.v2.ConnectorOwners.SearchEntitlementOwners")
    },
    Step {
        each: Some((
            "c1.api.app.v2.ConnectorOwners.SearchEntitlementOwners",
            "/list",
            &[("role", "/roleSlug"), ("owner_app", "/appEntitlement/appId"), ("owner", "/appEntitlement/id")],
        )),
        parameters: &[
            ("app_id", "app"),
            ("connector_id", "connector"),
            ("role_slug", "role"),
            ("app_entitlement_ref_app_id", "owner_app"),
            ("app_entitlement_ref_id", "owner"),
        ],
        ..read("c1.api.app.v2.ConnectorOwners.GetEntitlementOwner")
    },
];

/// The instances of a PipesHub, by either name of their id.
const INSTANCES: (&str, &str, Pairs) =
    ("listConnectorInstances", "/connectors", &[("connector", "/connectorId"), ("connector", "/_key")]);

/// The operations for PipesHub. A GET that begins or ends a login is not a read, and a probe does not read the content
/// of records.
pub const PIPESHUB: &[Step] = &[
    Step { fixed: &[("page", "1"), ("limit", "20")], ..read("getConnectorRegistry") },
    Step {
        each: Some(("getConnectorRegistry", "/connectors", &[("type", "/connectorType"), ("type", "/type")])),
        parameters: &[("connectorType", "type")],
        ..read("getConnectorSchema")
    },
    Step { fixed: &[("scope", "team"), ("page", "1"), ("limit", "20")], ..read("listConnectorInstances") },
    read("listActiveConnectors"),
    read("listInactiveConnectors"),
    Step { fixed: &[("scope", "team"), ("page", "1"), ("limit", "20")], ..read("listConfiguredConnectors") },
    Step { fixed: &[("scope", "team"), ("page", "1"), ("limit", "20")], ..read("listActiveAgentConnectors") },
    Step { each: Some(INSTANCES), parameters: &[("connectorId", "connector")], ..read("getConnectorInstance") },
    Step { each: Some(INSTANCES), parameters: &[("connectorId", "connector")], ..read("getConnectorStats") },
    Step { each: Some(INSTANCES), parameters: &[("connectorId", "connector")], ..read("getConnectorConfig") },
    Step { each: Some(INSTANCES), parameters: &[("connectorId", "connector")], ..read("getConnectorFilters") },
    read("navigateKnowledgeGraph"),
];
