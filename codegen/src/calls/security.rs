//! Servers, security schemes, and the requirements that name them.

use indexmap::IndexMap;

use super::place::Place;
use crate::document::Node;
use crate::grammar::scheme_name;
use crate::span::Span;

/// The servers of a document, a path or an operation.
#[derive(Debug)]
pub(crate) struct Servers {
    pub(crate) span: Span,
    pub(crate) list: Vec<Server>,
}

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) span: Span,
    /// The URL, with variables in braces.
    pub(crate) url: String,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) variables: IndexMap<String, Variable>,
}

/// A variable of a server's URL.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) default: String,
    /// The values that the document lists.
    pub(crate) values: Option<Vec<String>>,
    pub(crate) description: String,
}

/// The alternative security requirements of a document or an operation.
#[derive(Debug)]
pub(crate) struct Security {
    pub(crate) span: Span,
    /// The scopes for each scheme of an alternative, by the name of the scheme. A document may also refer to a scheme by a
    /// URI.
    pub(crate) alternatives: Vec<IndexMap<String, Vec<String>>>,
}

/// A security scheme.
#[derive(Debug)]
pub(crate) struct Scheme {
    pub(crate) span: Span,
    pub(crate) description: String,
    pub(crate) deprecated: Option<bool>,
    pub(crate) kind: SchemeKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SchemeKind {
    ApiKey {
        place: Place,
        name: String,
    },
    /// The name of the scheme in the `Authorization` header.
    Http(String),
    OAuth2 {
        /// In the order of the document.
        flows: IndexMap<FlowKind, Flow>,
        /// `oauth2MetadataUrl`
        metadata: Option<String>,
    },
    /// `openIdConnectUrl`
    OpenId(String),
    MutualTls,
    /// A type that OpenAPI does not know.
    Unknown(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FlowKind {
    Implicit,
    Password,
    ClientCredentials,
    AuthorizationCode,
    DeviceAuthorization,
}

/// A flow of OAuth 2.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    /// `authorizationUrl`
    pub(crate) authorization: Option<String>,
    /// `deviceAuthorizationUrl`
    pub(crate) device: Option<String>,
    /// `tokenUrl`
    pub(crate) tokens: Option<String>,
    /// `refreshUrl`
    pub(crate) refresh: Option<String>,
    /// The description of each scope.
    pub(crate) scopes: IndexMap<String, String>,
}

/// The scopes do not matter. An operation lists those that it needs.
impl PartialEq for Flow {
    fn eq(&self, other: &Self) -> bool {
        let Self { authorization, device, tokens, refresh, scopes: _ } = self;
        *authorization == other.authorization
            && *device == other.device
            && *tokens == other.tokens
            && *refresh == other.refresh
    }
}

impl Eq for Flow {}

fn text(node: &Node, key: &str) -> Option<String> {
    node.str(key).map(str::to_owned)
}

fn trimmed(node: &Node, key: &str) -> String {
    node.str(key).unwrap_or_default().trim().to_owned()
}

fn texts(node: &Node) -> Option<Vec<String>> {
    Some(node.as_array()?.iter().filter_map(Node::as_str).map(str::to_owned).collect())
}

impl Servers {
    /// `None` if the object has no servers of its own.
    pub(super) fn of(owner: &Node) -> Option<Self> {
        let node = owner.get("servers")?;
        let list = node.as_array()?.iter().map(Server::of).collect();
        Some(Self { span: node.span.clone(), list })
    }
}

impl Server {
    fn of(node: &Node) -> Self {
        let variables = node.get("variables").and_then(Node::as_object).into_iter().flatten();
        let variable = |(name, node): (&String, &Node)| {
            let values = node.get("enum").and_then(texts);
            let default = text(node, "default").unwrap_or_default();
            (name.clone(), Variable { default, values, description: trimmed(node, "description") })
        };
        Self {
            span: node.span.clone(),
            url: text(node, "url").unwrap_or_default(),
            name: text(node, "name"),
            description: text(node, "description"),
            variables: variables.map(variable).collect(),
        }
    }
}

impl Security {
    /// `None` if the object has no requirements of its own.
    pub(super) fn of(owner: &Node) -> Option<Self> {
        let node = owner.get("security")?;
        let alternatives = node.as_array().into_iter().flatten().filter_map(Node::as_object).map(|requirement| {
            let mut schemes: IndexMap<String, Vec<String>> = IndexMap::new();
            for (name, scopes) in requirement {
                let needed = schemes.entry(scheme_name(name)).or_default();
                // A scheme that is named in both ways is one scheme.
                for scope in texts(scopes).unwrap_or_default() {
                    if !needed.contains(&scope) {
                        needed.push(scope);
                    }
                }
            }
            schemes
        });
        Some(Self { span: node.span.clone(), alternatives: alternatives.collect() })
    }
}

impl Scheme {
    pub(super) fn of(node: &Node) -> Self {
        Self {
            span: node.span.clone(),
            description: trimmed(node, "description"),
            deprecated: node.get("deprecated").and_then(Node::as_bool),
            kind: SchemeKind::of(node),
        }
    }
}

impl SchemeKind {
    fn of(node: &Node) -> Self {
        let required = |key: &str| text(node, key).unwrap_or_default();
        match node.str("type").unwrap_or_default() {
            // `lower` removes a scheme without its required members.
            "apiKey" => Self::ApiKey {
                place: node.str("in").and_then(Place::parse).unwrap_or(Place::Header),
                name: required("name"),
            },
            "http" => Self::Http(required("scheme")),
            "oauth2" => {
                let flows = node.get("flows").and_then(Node::as_object).into_iter().flatten();
                let flow = |(name, flow): (&String, &Node)| Some((FlowKind::parse(name)?, Flow::of(flow)));
                Self::OAuth2 { flows: flows.filter_map(flow).collect(), metadata: text(node, "oauth2MetadataUrl") }
            }
            "openIdConnect" => Self::OpenId(required("openIdConnectUrl")),
            "mutualTLS" => Self::MutualTls,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

impl FlowKind {
    /// Its name in a document.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::Password => "password",
            Self::ClientCredentials => "clientCredentials",
            Self::AuthorizationCode => "authorizationCode",
            Self::DeviceAuthorization => "deviceAuthorization",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let all = [
            Self::Implicit,
            Self::Password,
            Self::ClientCredentials,
            Self::AuthorizationCode,
            Self::DeviceAuthorization,
        ];
        all.into_iter().find(|known| known.name() == name)
    }
}

impl Flow {
    fn of(node: &Node) -> Self {
        let scopes = node.get("scopes").and_then(Node::as_object).into_iter().flatten();
        let scope =
            |(name, what): (&String, &Node)| (name.clone(), what.as_str().unwrap_or_default().trim().to_owned());
        Self {
            authorization: text(node, "authorizationUrl"),
            device: text(node, "deviceAuthorizationUrl"),
            tokens: text(node, "tokenUrl"),
            refresh: text(node, "refreshUrl"),
            scopes: scopes.map(scope).collect(),
        }
    }
}
