//! PipesHub's error format: `{"error": {"code", "message"}}`, and the `{"detail"}` of its upload route.

use serde_json::{Value, json};

use connectors_mock::Answer;

/// A rejected request.
#[derive(Debug)]
pub(super) struct Problem {
    status: u16,
    code: &'static str,
    message: String,
    /// Further members of `error`.
    more: Vec<(&'static str, Value)>,
    as_detail: bool,
}

impl Problem {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Problem {
        Problem::coded(status, code(status), message)
    }

    pub(super) fn coded(status: u16, code: &'static str, message: impl Into<String>) -> Problem {
        Problem { status, code, message: message.into(), more: Vec::new(), as_detail: false }
    }

    /// A failed check of the gateway: 400 and VALIDATION_ERROR. In production the response does not name the field.
    pub(super) fn validation(message: impl Into<String>) -> Problem {
        Problem::coded(400, "VALIDATION_ERROR", message)
    }

    pub(super) fn not_found(what: &str, id: &str) -> Problem {
        Problem::new(404, format!("{what} {id:?} not found"))
    }

    pub(super) fn with(mut self, name: &'static str, value: Value) -> Problem {
        self.more.push((name, value));
        self
    }

    /// The problem in the format of the service behind the gateway.
    pub(super) fn into_detail(self) -> Problem {
        Problem { as_detail: true, ..self }
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Answer {
        if problem.as_detail {
            return Answer::json(problem.status, &json!({"detail": problem.message}));
        }
        let mut error = json!({"code": problem.code, "message": problem.message});
        for (name, value) in problem.more {
            error[name] = value;
        }
        Answer::json(problem.status, &json!({"error": error}))
    }
}

fn code(status: u16) -> &'static str {
    match status {
        400 => "HTTP_BAD_REQUEST",
        401 => "HTTP_UNAUTHORIZED",
        403 => "HTTP_FORBIDDEN",
        404 => "HTTP_NOT_FOUND",
        409 => "HTTP_CONFLICT",
        413 => "HTTP_PAYLOAD_TOO_LARGE",
        422 => "HTTP_UNPROCESSABLE_ENTITY",
        429 => "HTTP_TOO_MANY_REQUESTS",
        502 => "HTTP_BAD_GATEWAY",
        503 => "HTTP_SERVICE_UNAVAILABLE",
        504 => "HTTP_GATEWAY_TIMEOUT",
        _ => "INTERNAL_ERROR",
    }
}
