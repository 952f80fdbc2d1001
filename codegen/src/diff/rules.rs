//! The table of rules: what each kind of change means for a caller of the generated client. `docs/diff-rules.md` argues
//! each, and a test holds the two tables together.

use super::Impact::{self, Additive, Behaviour, Breaking, Documentation};

/// One kind of change, and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// Its name, such as `operation-moved`.
    pub id: &'static str,
    /// What it means for a caller.
    pub impact: Impact,
    /// What happened, in a few words.
    pub title: &'static str,
}

const fn rule(id: &'static str, impact: Impact, title: &'static str) -> Rule {
    Rule { id, impact, title }
}

/// Every rule, in the order of `docs/diff-rules.md`.
pub const RULES: &[Rule] = &[
    // Operations.
    rule("operation-removed", Breaking, "an operation is gone"),
    rule("operation-renamed", Breaking, "the method of an operation has another name"),
    rule("operation-moved", Behaviour, "an operation is at another path or method"),
    rule("operation-id-changed", Behaviour, "the operationId changed, the method's name did not"),
    rule("operation-added", Additive, "a new operation"),
    rule("operation-deprecated", Documentation, "an operation is deprecated"),
    rule("operation-reactivated", Documentation, "an operation is no longer deprecated"),
    rule("security-removed", Breaking, "a way to authenticate is gone"),
    rule("security-scope-added", Breaking, "a further scope is asked for"),
    rule("security-demanded", Behaviour, "an open operation asks for credentials"),
    rule("security-added", Additive, "a further way to authenticate"),
    rule("security-scope-removed", Additive, "a scope is no longer asked for"),
    rule("security-dropped", Additive, "credentials are no longer asked for"),
    rule("server-changed", Behaviour, "the document names other servers"),
    // Parameters.
    rule("parameter-removed", Breaking, "a parameter is gone"),
    rule("parameter-moved", Breaking, "a parameter is sent in another place"),
    rule("parameter-added-required", Breaking, "a new parameter that must be given"),
    rule("parameter-added", Breaking, "a new parameter that may be given"),
    rule("parameter-required", Breaking, "a parameter must be given now"),
    rule("parameter-optional", Breaking, "a parameter may be left out now"),
    rule("parameter-reordered", Breaking, "the parameters of a path change places"),
    rule("parameter-renamed", Documentation, "a path parameter has another name"),
    // Bodies and answers.
    rule("body-removed", Breaking, "an operation takes no body any more"),
    rule("body-added-required", Breaking, "an operation takes a body, which must be given"),
    rule("body-added", Breaking, "an operation takes a body, which may be given"),
    rule("body-required", Breaking, "a body must be given now"),
    rule("body-optional", Breaking, "a body may be left out now"),
    rule("request-media-type-removed", Breaking, "a body is no longer taken in a media type"),
    rule("request-media-type-added", Additive, "a body is taken in a further media type"),
    rule("response-media-type-removed", Breaking, "an answer no longer comes in a media type"),
    rule("response-media-type-added", Additive, "an answer comes in a further media type"),
    rule("status-removed", Breaking, "a success status is gone"),
    rule("status-added", Behaviour, "a further success status"),
    rule("error-status-removed", Behaviour, "a documented failure is gone"),
    rule("error-status-added", Behaviour, "a further documented failure"),
    // Schemas: types.
    rule("request-type-changed", Breaking, "what is sent has another type"),
    rule("response-type-changed", Breaking, "what is answered has another type"),
    rule("request-format-changed", Behaviour, "what is sent has another format in the same Rust type"),
    rule("response-format-changed", Behaviour, "what is answered has another format in the same Rust type"),
    rule("type-renamed", Breaking, "a type has another name in Rust"),
    rule("request-became-nullable", Breaking, "what is sent may be null now"),
    rule("request-became-not-null", Breaking, "what is sent may not be null any more"),
    rule("response-became-nullable", Breaking, "what is answered may be null now"),
    rule("response-became-not-null", Breaking, "what is answered is never null now"),
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
    rule("response-property-removed", Breaking, "a property is no longer answered"),
    rule("response-property-moved", Breaking, "a property is answered inside an object now"),
    rule("response-property-added", Additive, "a new property is answered"),
    rule("response-property-optional", Breaking, "a property may be absent now"),
    rule("response-property-required", Breaking, "a property is always there now"),
    rule("property-renamed", Breaking, "a property is spelled otherwise"),
    rule("became-read-only", Breaking, "a property can no longer be sent, only read"),
    rule("became-not-read-only", Additive, "a property that could only be read can be sent"),
    rule("became-write-only", Breaking, "a property is no longer answered, only sent"),
    rule("became-not-write-only", Additive, "a property that could only be sent is answered"),
    rule("request-extra-closed", Breaking, "keys that are not named may no longer be sent"),
    rule("request-extra-opened", Additive, "keys that are not named may be sent"),
    rule(
        "response-extra-changed",
        Documentation,
        "the document speaks otherwise of keys that are not named in answers",
    ),
    rule("property-deprecated", Documentation, "a property or parameter is deprecated, or no longer"),
    // Schemas: values.
    rule("request-enum-value-removed", Breaking, "a value can no longer be sent"),
    rule("request-enum-value-added", Additive, "a further value can be sent"),
    rule("response-enum-value-removed", Breaking, "a value is no longer answered"),
    rule("response-enum-value-added", Additive, "a further value may be answered"),
    rule("became-enum", Breaking, "any value became one of a list"),
    rule("became-not-enum", Breaking, "one of a list became any value"),
    rule("request-alternative-removed", Breaking, "an alternative can no longer be sent"),
    rule("request-alternative-added", Additive, "a further alternative can be sent"),
    rule("response-alternative-removed", Breaking, "an alternative is no longer answered"),
    rule("response-alternative-added", Additive, "a further alternative may be answered"),
    rule("request-limit-tightened", Behaviour, "less can be sent than before"),
    rule("request-limit-loosened", Additive, "more can be sent than before"),
    rule("response-limit-loosened", Behaviour, "an answer may hold more than before"),
    rule("response-limit-tightened", Documentation, "an answer holds less than before"),
    rule("pattern-changed", Behaviour, "a text has to match another pattern"),
    rule("request-default-changed", Behaviour, "what is left out means something else"),
    rule("response-default-changed", Documentation, "what an absent answer stands for is told otherwise"),
    // The Rust API as a whole.
    rule("client-changed", Breaking, "the Rust API breaks, and nothing above says so"),
    // Words.
    rule("documentation-changed", Documentation, "a description or summary changed"),
];

/// The impact of a rule. Every rule that is said is in the table: a test says each of them.
pub(super) fn impact(id: &str) -> Impact {
    RULES.iter().find(|rule| rule.id == id).map_or(Breaking, |rule| rule.impact)
}
