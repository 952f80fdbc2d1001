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
    rule("operation-removed", Breaking, "an operation was removed"),
    rule("operation-renamed", Breaking, "the method of an operation has another name or group"),
    rule("operation-moved", Behaviour, "an operation has another path or method"),
    rule("operation-id-changed", Behaviour, "the operationId changed, but the method's name did not"),
    rule("operation-added", Additive, "a new operation"),
    rule("operation-deprecated", Documentation, "an operation is deprecated"),
    rule("operation-reactivated", Documentation, "an operation is no longer deprecated"),
    rule("sunset-changed", Documentation, "an operation has another sunset date"),
    rule("retry-changed", Behaviour, "an operation is retried now, or no longer"),
    rule("paging-changed", Behaviour, "a list is paged in another way"),
    rule("security-removed", Breaking, "a security requirement no longer authenticates"),
    rule("security-scope-added", Breaking, "a further scope is required"),
    rule("security-demanded", Breaking, "an operation without credentials requires them now"),
    rule("security-scheme-changed", Breaking, "credentials are sent in another way"),
    rule("security-added", Additive, "a further security requirement authenticates"),
    rule("security-scope-removed", Additive, "a scope is no longer required"),
    rule("security-dropped", Additive, "credentials are no longer required"),
    rule("server-changed", Behaviour, "the document or an operation has other servers"),
    // Parameters.
    rule("parameter-removed", Breaking, "a parameter was removed"),
    rule("parameter-moved", Breaking, "a parameter is sent in another place"),
    rule("parameter-added-required", Breaking, "a new required parameter"),
    rule("parameter-added", Additive, "a new optional parameter"),
    rule("parameter-required", Breaking, "a parameter is required now"),
    rule("parameter-optional", Breaking, "a parameter is optional now"),
    rule("parameter-reordered", Breaking, "the parameters of a path are in another order"),
    rule("parameter-regrouped", Breaking, "query parameters became the properties of one object, or the reverse"),
    rule("parameter-type-renamed", Breaking, "the type of an argument has another name in Rust"),
    rule("parameter-renamed", Documentation, "a path parameter has another name"),
    rule("parameter-style-changed", Behaviour, "a parameter is serialized in another way"),
    // Bodies and responses.
    rule("body-removed", Breaking, "an operation no longer has a body"),
    rule("body-added-required", Breaking, "an operation has a new required body"),
    rule("body-added", Additive, "an operation has a new optional body"),
    rule("body-required", Breaking, "a body is required now"),
    rule("body-optional", Breaking, "a body is optional now"),
    rule("request-media-type-removed", Breaking, "a body no longer has a media type"),
    rule("request-media-type-added", Additive, "a body has a further media type"),
    rule("response-media-type-removed", Breaking, "a response no longer has a media type"),
    rule("response-media-type-added", Additive, "a response has a further media type"),
    rule("media-type-changed", Behaviour, "the client uses another of several media types"),
    rule(
        "unused-media-type-changed",
        Documentation,
        "the content of a media type that the client does not use changed",
    ),
    rule("request-encoding-changed", Behaviour, "a property of a form is serialized in another way"),
    rule("response-encoding-changed", Behaviour, "a part of a response is serialized in another way"),
    rule("status-removed", Breaking, "a success status was removed"),
    rule("status-added", Behaviour, "a further success status"),
    rule("status-changed", Behaviour, "a status replaced another one with the same content"),
    rule("error-status-removed", Behaviour, "a documented failure was removed"),
    rule("error-status-added", Behaviour, "a further documented failure"),
    rule("unread-body-changed", Behaviour, "the body of a failure that the client does not read changed"),
    rule("response-header-removed", Breaking, "a response no longer has a header"),
    rule("response-header-changed", Breaking, "a header of a response has other content"),
    rule(
        "response-header-limits-changed",
        Behaviour,
        "a header of a response has other values of the same type, or is serialized in another way",
    ),
    rule("response-header-added", Additive, "a response has a further header"),
    // Schemas: types.
    rule("request-type-changed", Breaking, "a sent value has another type"),
    rule("response-type-changed", Breaking, "a received value has another type"),
    rule("request-format-changed", Behaviour, "a sent value has another format in the same Rust type"),
    rule("response-format-changed", Behaviour, "a received value has another format in the same Rust type"),
    rule("type-renamed", Breaking, "a type has another name in Rust"),
    rule("request-became-nullable", Breaking, "a sent value may be null now"),
    rule("request-became-not-null", Breaking, "a sent value may no longer be null"),
    rule("response-became-nullable", Breaking, "a received value may be null now"),
    rule("response-became-not-null", Breaking, "a received value is never null now"),
    // Schemas: properties.
    rule("request-property-removed", Breaking, "a property can no longer be sent"),
    rule("request-property-moved", Breaking, "a property is sent inside an object now"),
    rule("request-property-added-required", Breaking, "a new required property to send"),
    rule("request-property-added", Additive, "a new optional property to send"),
    rule("request-property-required", Breaking, "a sent property is required now"),
    rule("request-property-optional", Breaking, "a sent property is optional now"),
    rule(
        "request-presence-changed",
        Behaviour,
        "an absent value of a nullable property is sent as null now, or no longer",
    ),
    rule("response-property-removed", Breaking, "a property is no longer received"),
    rule("response-property-moved", Breaking, "a property is received inside an object now"),
    rule("response-property-added", Additive, "a new property is received"),
    rule("response-property-optional", Breaking, "a property may be absent now"),
    rule("response-property-required", Breaking, "a property is never absent now"),
    rule("response-presence-changed", Behaviour, "a received nullable property is never absent now, or may be"),
    rule("property-renamed", Breaking, "a property has another name on the wire"),
    rule("became-read-only", Breaking, "a property can no longer be sent, only read"),
    rule("became-not-read-only", Additive, "a property that could only be read can be sent"),
    rule("became-write-only", Breaking, "a property is no longer received, only sent"),
    rule("became-not-write-only", Additive, "a property that could only be sent is received"),
    rule("request-extra-closed", Breaking, "undeclared keys may no longer be sent"),
    rule("request-extra-opened", Additive, "undeclared keys may be sent now"),
    rule("response-extra-changed", Documentation, "the document describes undeclared keys of responses differently"),
    rule("property-deprecated", Documentation, "a property or parameter is deprecated now, or no longer"),
    // Schemas: values.
    rule("request-enum-value-removed", Breaking, "a value can no longer be sent"),
    rule("request-enum-value-added", Additive, "a further value can be sent"),
    rule("response-enum-value-removed", Breaking, "a value is no longer received"),
    rule("response-enum-value-added", Additive, "a further value may be received"),
    rule("became-enum", Breaking, "any value became one of several values"),
    rule("became-not-enum", Breaking, "one of several values became any value"),
    rule("request-alternative-removed", Breaking, "an alternative can no longer be sent"),
    rule("request-alternative-added", Additive, "a further alternative can be sent"),
    rule("response-alternative-removed", Breaking, "an alternative is no longer received"),
    rule("response-alternative-added", Additive, "a further alternative may be received"),
    rule("discriminator-changed", Breaking, "alternatives are distinguished by another property"),
    rule("discriminator-mapping-changed", Breaking, "a value selects another alternative"),
    rule("discriminator-added", Behaviour, "alternatives are distinguished by a property"),
    rule("discriminator-removed", Behaviour, "alternatives are no longer distinguished by a property"),
    rule("discriminator-value-removed", Behaviour, "a value no longer selects an alternative"),
    rule("discriminator-value-added", Additive, "a further value selects an alternative"),
    rule("request-limit-tightened", Behaviour, "fewer values may be sent than before"),
    rule("request-limit-loosened", Additive, "more values may be sent than before"),
    rule("response-limit-loosened", Behaviour, "more values may be received than before"),
    rule("response-limit-tightened", Documentation, "fewer values may be received than before"),
    rule("limit-changed", Behaviour, "other values are allowed than before"),
    rule("pattern-changed", Behaviour, "a string has to match another pattern"),
    rule("request-default-changed", Behaviour, "an absent value has another meaning"),
    rule(
        "response-default-changed",
        Documentation,
        "the meaning of an absent property of a response is described differently",
    ),
    // The Rust API as a whole.
    rule("client-changed", Breaking, "the Rust API breaks, and no other rule reports it"),
    rule("client-grown", Additive, "a Rust type that no operation uses is new or has further members"),
    // Descriptions.
    rule("documentation-changed", Documentation, "a description or summary changed"),
];

/// The impact of a rule. A test reports each rule, so every reported rule is in the table.
pub(super) fn impact(id: &str) -> Impact {
    RULES.iter().find(|rule| rule.id == id).map_or(Breaking, |rule| rule.impact)
}
