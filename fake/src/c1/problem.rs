//! C1's error format, `google.rpc.Status`.

use serde_json::{Value, json};

use connectors_mock::Answer;

/// A rejected request: the HTTP status and the body.
#[derive(Debug)]
pub(super) struct Problem(u16, Value);

impl Problem {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Problem {
        let message: String = message.into();
        let body = json!({"code": code(status), "message": message, "details": []});
        Problem(status, body)
    }

    /// An invalid field: 400, with machine-readable details.
    pub(super) fn field(field: &str, message: impl Into<String>) -> Problem {
        let mut problem = Problem::new(400, message);
        let violation = json!({"field": field, "description": problem.1["message"]});
        problem.1["details"] = json!([{
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [violation],
        }]);
        problem
    }

    pub(super) fn required(field: &str) -> Problem {
        Problem::field(field, format!("{field} is required"))
    }

    pub(super) fn not_found(what: &str, id: &str) -> Problem {
        Problem::new(404, format!("{what} {id:?} not found"))
    }

    /// The request is valid, but not in the current state: FAILED_PRECONDITION, which is HTTP 400, too.
    pub(super) fn precondition(message: &str) -> Problem {
        let mut problem = Problem::new(400, message);
        problem.1["code"] = json!(9);
        problem
    }
}

impl From<Problem> for Answer {
    fn from(Problem(status, body): Problem) -> Answer {
        Answer::json(status, &body)
    }
}

/// The gRPC code of an HTTP status.
fn code(status: u16) -> u32 {
    match status {
        200..=299 => 0,
        400 => 3,
        401 => 16,
        403 => 7,
        404 => 5,
        405 | 501 => 12,
        408 | 504 => 4,
        409 => 6,
        429 => 8,
        499 => 1,
        500 => 13,
        503 => 14,
        _ => 2,
    }
}
