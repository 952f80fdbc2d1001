//! A call of an operation, with its arguments.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::problem::Problem;
use connectors_mock::{Answer, Request};

pub(super) type Answered = Result<Answer, Problem>;

/// 200 with JSON.
pub(super) fn ok(body: &Value) -> Answered {
    Ok(Answer::json(200, body))
}

/// An authorized call.
pub(super) struct Call<'c> {
    pub(super) request: &'c Request,
    pub(super) url: &'c str,
    pub(super) operation: &'static str,
    pub(super) path: Vec<String>,
    pub(super) body: Value,
    /// The scopes of its token.
    pub(super) scopes: Vec<String>,
}

impl Call<'_> {
    /// Whether its token has a scope.
    pub(super) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|known| known == scope)
    }

    /// Whether the server treats the caller as a member: without `user:read` it does not know the role.
    pub(super) fn is_member(&self) -> bool {
        !self.has_scope("user:read")
    }

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

    /// All values of a repeated parameter.
    pub(super) fn queries(&self, name: &str) -> Vec<&str> {
        let found = self.request.query.iter().filter(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    /// An integer of the query.
    pub(super) fn number(&self, name: &str, default: usize, range: RangeInclusive<usize>) -> Result<usize, Problem> {
        let Some(text) = self.query(name).filter(|text| !text.is_empty()) else {
            return Ok(default);
        };
        match text.parse::<usize>() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => {
                let message = format!("{name} must be a whole number from {} to {}", range.start(), range.end());
                Err(Problem::validation(message))
            }
        }
    }

    /// `true` or `false` in the query.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.query(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Problem::validation(format!("{name} must be true or false"))),
        }
    }

    /// The query's scope; the team's by default.
    pub(super) fn scope(&self) -> Result<&str, Problem> {
        let scope = self.query("scope").unwrap_or("team");
        check_scope(scope)?;
        Ok(scope)
    }

    /// A required string of the body.
    pub(super) fn text(&self, name: &str) -> Result<&str, Problem> {
        let text = self.body[name].as_str().filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| Problem::validation("Required"))
    }
}

pub(super) fn check_scope(scope: &str) -> Result<(), Problem> {
    match scope {
        "team" | "personal" => Ok(()),
        _ => Err(Problem::validation("scope must be team or personal")),
    }
}

/// The items whose name, type or group contains the search text.
pub(super) fn search(call: &Call<'_>, items: Vec<Value>) -> Vec<Value> {
    let term = call.query("search").unwrap_or_default().to_lowercase();
    let found = |item: &Value| {
        let mut texts = ["name", "type", "appGroup"].into_iter().filter_map(|field| item[field].as_str());
        texts.any(|text| text.to_lowercase().contains(&term))
    };
    items.into_iter().filter(|item| term.is_empty() || found(item)).collect()
}

/// One page of a list, and its `pagination`. With `skips`, as in two of the server's lists, the items before the page
/// are removed twice before the page is counted and cut.
pub(super) fn page(call: &Call<'_>, items: Vec<Value>, skips: bool) -> Result<(Vec<Value>, Value), Problem> {
    let page = call.number("page", 1, 1..=usize::MAX)?;
    let limit = call.number("limit", 20, 1..=200)?;
    let before = (page - 1).saturating_mul(limit);
    let gone = if skips { before.saturating_mul(2) } else { 0 };
    let items: Vec<Value> = items.into_iter().skip(gone).collect();
    let total = items.len();
    let pages = total.div_ceil(limit);
    let shown = items.into_iter().skip(before).take(limit).collect();
    let (has_prev, has_next) = (page > 1, page < pages);
    let mut pagination = json!({
        "page": page,
        "limit": limit,
        "totalCount": total,
        "totalPages": pages,
        "hasPrev": has_prev,
        "hasNext": has_next,
    });
    if has_prev {
        pagination["prevPage"] = json!(page - 1);
    }
    if has_next {
        pagination["nextPage"] = json!(page + 1);
    }
    Ok((shown, pagination))
}
