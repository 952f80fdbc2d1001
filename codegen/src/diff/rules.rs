//! The table of rules: the impact of each kind of change on a caller of the generated client. `docs/diff-rules.md`
//! explains each rule. A test keeps the two tables equal.

use super::change::Impact::{self, Additive, Behaviour, Breaking, Documentation};

/// One kind of change, and its impact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// The name, such as `operation-moved`.
    pub id: &'static str,
    /// The impact on a caller.
    pub impact: Impact,
    /// The change in a few words.
    pub title: &'static str,
}

const fn rule(id: &'static str, impact: Impact, title: &'static str) -> Rule {
    Rule { id, impact, title }
}

/// Every rule, in the order of `docs/diff-rules.md`.
pub const RULES: &[Rule] = &[
    // Operations.
    rule("operation-removed", Breaking, "an operation is gone"),
    rule("operation-renamed", Breaking, "the method of an operation has another name or group"),
    rule("operation-moved", Behaviour, "an operation is at another path or method"),
    rule("operation-id-changed", Behaviour, "the operationId changed, the method's name did not"),
    rule("operation-added", Additive, "a new operation"),
    rule("operation-deprecated", Documentation, "an operation is deprecated"),
    rule("operation-reactivated", Documentation, "an operation is no longer deprecated"),
    rule("sunset-changed", Documentation, "an operation has another last day"),
    rule("retry-changed", Behaviour, "an operation is retried now, or not any more"),
    rule("paging-changed", Behaviour, "a list is paged in another way"),
    rule("security-removed", Breaking, "a way to authenticate is gone"),
    rule("security-scope-added", Breaking, "a further scope is asked for"),
    rule("security-demanded", Breaking, "an open operation asks for credentials"),
    rule("security-scheme-changed", Breaking, "credentials are sent in another way"),
    rule("security-added", Additive, "a further way to authenticate"),
    rule("security-scope-removed", Additive, "a scope is no longer asked for"),
    rule("security-dropped", Additive, "credentials are no longer asked for"),
    rule("server-changed", Behaviour, "the document or an operation names other servers"),
    // Parameters.
    rule("parameter-removed", Breaking, "a parameter is gone"),
    rule("parameter-moved", Breaking, "a parameter is sent in another place"),
    rule("parameter-added-required", Breaking, "a new parameter that must be given"),
    rule("parameter-added", Additive, "a new parameter that may be given"),
    rule("parameter-required", Breaking, "a parameter must be given now"),
    rule("parameter-optional", Breaking, "a parameter may be left out now"),
    rule("parameter-reordered", Breaking, "the parameters of a path change places"),
    rule("parameter-regrouped", Breaking, "parameters are given together, or no longer"),
    rule("parameter-type-renamed", Breaking, "the type of an argument has another name in Rust"),
    rule("parameter-renamed", Documentation, "a path parameter has another name"),
    rule("parameter-style-changed", Behaviour, "a parameter is written in another way"),
    // Bodies and responses.
    rule("body-removed", Breaking, "an operation takes no body any more"),
    rule("body-added-required", Breaking, "an operation takes a body, which must be given"),
    rule("body-added", Additive, "an operation takes a body, which may be given"),
    rule("body-required", Breaking, "a body must be given now"),
    rule("body-optional", Breaking, "a body may be left out now"),
    rule("request-media-type-removed", Breaking, "a body is no longer taken in a media type"),
    rule("request-media-type-added", Additive, "a body is taken in a further media type"),
    rule("response-media-type-removed", Breaking, "a response no longer comes in a media type"),
    rule("response-media-type-added", Additive, "a response comes in a further media type"),
    rule("media-type-changed", Behaviour, "the client uses another of several media types"),
    rule("unused-media-type-changed", Documentation, "what a media type that the client does not use holds changed"),
    rule("request-encoding-changed", Behaviour, "a property of a form is written in another way"),
    rule("status-removed", Breaking, "a success status is gone"),
    rule("status-added", Behaviour, "a further success status"),
    rule("status-changed", Behaviour, "a status took the place of another with the same content"),
    rule("error-status-removed", Behaviour, "a documented failure is gone"),
    rule("error-status-added", Behaviour, "a further documented failure"),
    rule("unread-body-changed", Behaviour, "the body of a failure changed which the client does not read"),
    rule("response-header-removed", Breaking, "a response no longer has a header"),
    rule("response-header-changed", Breaking, "a header of a response holds something else"),
    rule("response-header-added", Additive, "a response has a further header"),
    // Schemas: types.
    rule("request-type-changed", Breaking, "what is sent has another type"),
    rule("response-type-changed", Breaking, "what is received has another type"),
    rule("request-format-changed", Behaviour, "what is sent has another format in the same Rust type"),
    rule("response-format-changed", Behaviour, "what is received has another format in the same Rust type"),
    rule("type-renamed", Breaking, "a type has another name in Rust"),
    rule("request-became-nullable", Breaking, "what is sent may be null now"),
    rule("request-became-not-null", Breaking, "what is sent may not be null any more"),
    rule("response-became-nullable", Breaking, "what is received may be null now"),
    rule("response-became-not-null", Breaking, "what is received is never null now"),
    // Schemas: properties.
    rule("request-property-removed", Breaking, "a property can no longer be sent"),
    rule("request-property-moved", Breaking, "a property is sent inside an object now"),
    rule("request-property-added-required", Breaking, "a new property that must be sent"),
    rule("request-property-added", Additive, "a new property that may be sent"),
    rule("request-property-required", Breaking, "a property must be sent now"),
    rule("request-property-optional", Breaking, "a property may be left out now"),
    rule(
        "request-presence-changed",
        Behaviour,
        "a property that may be null is sent when there is none, or is not any more",
    ),
    rule("response-property-removed", Breaking, "a property is no longer received"),
    rule("response-property-moved", Breaking, "a property is received inside an object now"),
    rule("response-property-added", Additive, "a new property is received"),
    rule("response-property-optional", Breaking, "a property may be absent now"),
    rule("response-property-required", Breaking, "a property is always there now"),
    rule("property-renamed", Breaking, "a property is spelled otherwise"),
    rule("became-read-only", Breaking, "a property can no longer be sent, only read"),
    rule("became-not-read-only", Additive, "a property that could only be read can be sent"),
    rule("became-write-only", Breaking, "a property is no longer received, only sent"),
    rule("became-not-write-only", Additive, "a property that could only be sent is received"),
    rule("request-extra-closed", Breaking, "keys that are not named may no longer be sent"),
    rule("request-extra-opened", Additive, "keys that are not named may be sent"),
    rule(
        "response-extra-changed",
        Documentation,
        "the document says otherwise of keys that are not named in responses",
    ),
    rule("property-deprecated", Documentation, "a property or parameter is deprecated, or no longer"),
    // Schemas: values.
    rule("request-enum-value-removed", Breaking, "a value can no longer be sent"),
    rule("request-enum-value-added", Additive, "a further value can be sent"),
    rule("response-enum-value-removed", Breaking, "a value is no longer received"),
    rule("response-enum-value-added", Additive, "a further value may be received"),
    rule("became-enum", Breaking, "any value became one of a list"),
    rule("became-not-enum", Breaking, "one of a list became any value"),
    rule("request-alternative-removed", Breaking, "an alternative can no longer be sent"),
    rule("request-alternative-added", Additive, "a further alternative can be sent"),
    rule("response-alternative-removed", Breaking, "an alternative is no longer received"),
    rule("response-alternative-added", Additive, "a further alternative may be received"),
    rule("discriminator-changed", Breaking, "alternatives are distinguished by another property"),
    rule("discriminator-mapping-changed", Breaking, "a value means another alternative"),
    rule("discriminator-added", Behaviour, "alternatives are distinguished by a property"),
    rule("discriminator-removed", Behaviour, "alternatives are no longer distinguished by a property"),
    rule("discriminator-value-removed", Behaviour, "a value no longer means an alternative"),
    rule("discriminator-value-added", Additive, "a further value means an alternative"),
    rule("request-limit-tightened", Behaviour, "less can be sent than before"),
    rule("request-limit-loosened", Additive, "more can be sent than before"),
    rule("response-limit-loosened", Behaviour, "a response may hold more than before"),
    rule("response-limit-tightened", Documentation, "a response holds less than before"),
    rule("pattern-changed", Behaviour, "a text has to match another pattern"),
    rule("request-default-changed", Behaviour, "what is left out means something else"),
    rule(
        "response-default-changed",
        Documentation,
        "what an absent property of a response stands for is described otherwise",
    ),
    // The Rust API as a whole.
    rule("client-changed", Breaking, "the Rust API breaks, and no other rule reports it"),
    rule("client-grown", Additive, "a Rust type that no operation uses is new or has more"),
    // Descriptions.
    rule("documentation-changed", Documentation, "a description or summary changed"),
];

/// The impact of a rule. A test reports each rule, so every reported rule is in the table.
pub(super) fn impact(id: &str) -> Impact {
    RULES.iter().find(|rule| rule.id == id).map_or(Breaking, |rule| rule.impact)
}
