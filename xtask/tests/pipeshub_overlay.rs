//! Each correction of PipesHub's document has an effect, and `tests/pipeshub_truth.rs` depends on it.
//!
//! Corrections and hints are the overlay's first part. After the comment `# ---- operations` there are only
//! descriptions.

use std::path::Path;
use std::{fs, thread};

use connectors_codegen::{Generator, Node, Value};

const JSON: &str = ".responses['200'].content['application/json'].schema";

struct Spec {
    document: Node,
    overlay: Node,
}

impl Spec {
    fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/pipeshub");
        let overlay = fs::read_to_string(folder.join("overlay.yaml")).unwrap();
        let (structure, prose) = overlay.split_once("\n  # ---- operations\n").unwrap();
        assert!(prose.contains("summary:") && !structure.contains("summary:"));
        Self {
            document: Node::read(&folder.join("openapi.yaml")).unwrap(),
            overlay: Node::parse("overlay.yaml", structure).unwrap(),
        }
    }

    fn actions(&self) -> &[Node] {
        self.overlay.get("actions").and_then(Node::as_array).unwrap()
    }

    /// The pipeline without one of the actions.
    fn without(&self, index: Option<usize>) -> Generator {
        let others = self.actions().iter().enumerate().filter(|(at, _)| Some(*at) != index);
        let actions: Vec<String> = others.map(|(_, action)| action.to_string()).collect();
        let head = ["overlay", "info"].map(|key| format!("{key:?}: {}", self.overlay.get(key).unwrap()));
        let text = format!("{{{}, \"actions\": [{}]}}", head.join(", "), actions.join(","));
        let overlay = Node::parse("overlay.json", &text).unwrap();
        Generator::new(self.document.clone()).overlay(overlay)
    }

    /// The generated code without its documentation and its white space; `None` if it cannot be generated.
    fn code(&self, index: Option<usize>) -> Option<String> {
        let code = self.without(index).generate().ok()?.code;
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code: String = lines.flat_map(|line| line.chars().filter(|c| !c.is_whitespace())).collect();
        // Whether there is a comma after the last argument depends on the line's length.
        Some(code.replace(",)", ")").replace(",>", ">").replace(",]", "]"))
    }

    /// The index of an action, by its target and the first word of its effect.
    fn find(&self, target: &str, what: &str) -> usize {
        let is_it = |action: &Node| {
            let word = match action.get("update").map(|update| &update.value) {
                Some(Value::Object(update)) => update.keys().next().map_or("", String::as_str),
                Some(Value::Array(_)) => "list",
                _ => "remove",
            };
            action.get("target").and_then(Node::as_str) == Some(target) && word == what
        };
        let found: Vec<usize> =
            self.actions().iter().enumerate().filter(|(_, action)| is_it(action)).map(|(index, _)| index).collect();
        assert_eq!(found.len(), 1, "{target}: {what}");
        found[0]
    }
}

/// Effects that only the document shows (`pipeshub::DOCUMENT`): scopes, defaults, and names and descriptions that would
/// be equal without the action.
const ONLY_TOLD: [&str; 9] = [
    "$.paths['/connectors'].get.parameters[?@.name == 'scope'].default",
    "$.paths['/connectors','/connectors/registry','/connectors/configured','/connectors/agents/active'].get.parameters[?@.name == 'scope'].schema",
    "$.paths['/connectors/getTokenFromCode'].post",
    "$.paths['/connectors/{connectorId}/reindex'].post.responses['200'].content['application/json'].schema",
    "$.paths['/connectors/{connectorId}/resync'].post.responses['200'].content['application/json'].schema",
    "$.paths['/connectors/{connectorId}/toggle'].post",
    "$.paths['/connectors'].post",
    "$.paths['/connectors/{connectorId}/reindex'].post",
    "$.paths['/connectors/{connectorId}/resync'].post",
];

#[test]
fn no_action_is_without_effect() {
    let spec = Spec::read();
    let (code, document) = (spec.code(None).unwrap(), spec.without(None).overlaid().unwrap());
    let count = spec.actions().len();
    let mut same: Vec<usize> = thread::scope(|scope| {
        let half = |half: usize| {
            let (spec, code) = (&spec, &code);
            scope.spawn(move || {
                (0..count)
                    .filter(|it| it % 2 == half && spec.code(Some(*it)).as_ref() == Some(code))
                    .collect::<Vec<_>>()
            })
        };
        let halves = [half(0), half(1)];
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    same.sort_unstable();
    for index in &same {
        let told = spec.without(Some(*index)).overlaid().unwrap();
        assert_ne!(told.to_json(), document.to_json(), "this action has no effect: {}", spec.actions()[*index]);
    }
    let same: Vec<&str> =
        same.iter().map(|index| spec.actions()[*index].get("target").and_then(Node::as_str).unwrap()).collect();
    assert_eq!(same, ONLY_TOLD);
    assert_eq!(count, 138, "an action was added or removed: is there a test of what it fixes?");
}

/// An action, a text on which the truth tests depend, and whether the action adds that text or removes it.
type Row = (String, &'static str, &'static str, bool);

fn rows() -> Vec<Row> {
    let at = |path: &str, rest: &str| format!("$.paths['/connectors{path}']{rest}");
    let schema = |rest: &str| format!("$.components.schemas{rest}");
    let with = |target: String, what: &'static str, needle: &'static str| (target, what, needle, true);
    let gone = |target: String, what: &'static str, needle: &'static str| (target, what, needle, false);
    vec![
        // The instance, on every read.
        with(schema(".ConnectorInstance"), "additionalProperties", "connector_id=connectorId|_keyconnector_type"),
        with(schema(".ConnectorInstance"), "additionalProperties", "agent_enabled=agentEnabled|isAgentActive"),
        with(schema(".ConnectorInstance"), "additionalProperties", "pubcreated_at_timestamp:Option<i64>"),
        // Its status, and its authentication methods.
        with(schema(""), "ConnectorInstanceStatus", "pubstatus:Option<ConnectorInstanceStatus>"),
        with(schema(".ConnectorAuthType.enum"), "list", r#"BearerToken="BEARER_TOKEN""#),
        with(
            schema(".CreateConnectorRequest.properties"),
            "authType",
            "pubauth_type:Option<ConnectorAuthType>,pubextra:Extra,}implCreateConnectorRequest",
        ),
        // The responses to a create and a delete.
        with(at("", ".post.responses['201']"), "remove", "->types::CreateConnectorResponse,json()"),
        with(at("", ".post.responses"), "200", "->types::CreateConnectorResponse,json()"),
        with(schema(""), "CreatedConnector", "pubcreated:Option<bool>"),
        with(at("/{connectorId}", ".delete.responses['200']"), "remove", "->types::DeletedConnector,json()"),
        with(at("/{connectorId}", ".delete.responses"), "202", "->types::DeletedConnector,json()"),
        with(schema(""), "DeletedConnector", "pubstructDeletedConnector"),
        // The list within a list, and paging.
        with(
            at("/configured", &format!(".get{JSON}.properties")),
            "remove",
            "pubconnectors:Option<ConfiguredConnectorPage>,pubextra",
        ),
        with(
            at("/configured", &format!(".get{JSON}")),
            "x-rust-name",
            "pubconnectors:Option<ConfiguredConnectorPage>,pubextra",
        ),
        with(schema(".ConnectorPagination.properties"), "totalCount", "pubnext_page:Option<i128>"),
        // A toggle and a resync. The response to a toggle contains a connector, and has its own type.
        gone(
            at("/{connectorId}/toggle", &format!(".post{JSON}.properties.connector")),
            "remove",
            "AcknowledgementType",
        ),
        with(
            schema(".ConnectorToggleRequest.properties"),
            "fullSync",
            "pubfnnew(type_:ToggleKind)->Self{Self{type_,full_sync:None",
        ),
        with(
            at("/{connectorId}/resync", &format!(".post{JSON}.properties.resyncConnectorResponse")),
            "x-rust-name",
            "pubstructResyncOutcome",
        ),
        // A new name.
        with(at("/{connectorId}/name", &format!(".put{JSON}")), "x-rust-name", "pubconnector:Option<RenamedConnector>"),
        with(schema(""), "RenamedConnector", "pubstructRenamedConnector"),
        // A configuration, without redaction, and the settings alone.
        with(schema(".ConnectorConfig"), "additionalProperties", "connector_id=connectorId|connector_id"),
        with(schema(""), "ConnectorSettings", "pubstructConnectorSettings"),
        // The registry and its schemas.
        with(schema(".ConnectorType"), "additionalProperties", "auth_types=authTypes|supportedAuthTypes"),
        gone(schema(".ConnectorSchema.properties"), "remove", "pubauth_schema:"),
        with(schema(".ConnectorSchema"), "additionalProperties", "pubstructConnectorSchema{pubauth:"),
        // Filters are a map. Their options have the paging fields beside them.
        with(
            schema(".FilterOptions.properties"),
            "remove",
            "pubtypeFilterOptions=::connectors_runtime::crates::serde_json::Map<String,::connectors_runtime::crates::serde_json::Value>;",
        ),
        with(
            schema(".FilterOptions"),
            "additionalProperties",
            "pubtypeFilterOptions=::connectors_runtime::crates::serde_json::Map<String,::connectors_runtime::crates::serde_json::Value>;",
        ),
        with(
            at("/{connectorId}/filters/{filterKey}/options", &format!(".get{JSON}.properties")),
            "page",
            "pubpagination:Option<FilterOptionsPagination>,pubpage:",
        ),
        // The end of an authorization.
        with(at("/oauth/callback", ".get.responses"), "200", "->types::OAuthCallbackResult,json()"),
        with(schema(""), "OAuthCallbackResult", "pubstructOAuthCallbackResult"),
        // `auth` is flat.
        with(
            schema(".ConnectorAuthConfig.properties"),
            "remove",
            "pubtypeConnectorAuthConfig=::connectors_runtime::crates::serde_json::Map<String,::connectors_runtime::crates::serde_json::Value>;",
        ),
        with(
            schema(".ConnectorAuthConfig"),
            "additionalProperties",
            "pubtypeConnectorAuthConfig=::connectors_runtime::crates::serde_json::Map<String,::connectors_runtime::crates::serde_json::Value>;",
        ),
        // Errors.
        with(schema(""), "ErrorEnvelope", "pubstructErrorEnvelope"),
        gone(schema(".ErrorResponse"), "remove", "pubstructErrorResponse"),
        with("$.paths[*][*].responses".to_owned(), "default", "Default(types::ErrorEnvelope)"),
        // Statistics.
        with(
            schema(".ConnectorStats.properties.data.properties.byRecordType.items"),
            "x-rust-name",
            "pubstructRecordTypeCounts",
        ),
        // Calls that are not retried.
        with(
            at("/oauth/callback", ".get"),
            "x-idempotent",
            r#""GET","/connectors/oauth/callback").with_idempotency(::connectors_runtime::Idempotency::NotIdempotent)"#,
        ),
        with(
            at("/{connectorId}/filters", ".post"),
            "x-idempotent",
            r#""POST","/connectors/{connectorId}/filters").with_idempotency(::connectors_runtime::Idempotency::Idempotent)"#,
        ),
    ]
}

#[test]
fn each_text_of_the_truth_tests_depends_on_its_action() {
    let spec = Spec::read();
    let code = spec.code(None).unwrap();
    let mut wrong = Vec::new();
    for (target, what, needle, present) in rows() {
        if code.contains(needle) != present {
            wrong.push(format!("with all actions: {target} ({what}): {needle}"));
        }
        // Without some of them nothing can be generated.
        if let Some(without) = spec.code(Some(spec.find(&target, what)))
            && without.contains(needle) == present
        {
            wrong.push(format!("without it: {target} ({what}): {needle}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
