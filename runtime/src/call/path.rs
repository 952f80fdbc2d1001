//! Path values that would make a call another one.

use std::borrow::Cow;

use crate::error::{Error, Kind};
use crate::http::Operation;

/// Refuses path values with which the server would take the call for one of another operation: a word that stands in that
/// operation's path at the same place, in whatever case, because some servers ignore it.
pub(super) fn check(
    operations: &[Operation],
    operation: &'static Operation,
    values: &[(&'static str, String)],
) -> Result<(), Error> {
    if values.is_empty() {
        return Ok(());
    }
    let count = slashes(operation.path());
    match operations.iter().find(|other| takes(other, operation, count, values)) {
        Some(other) => {
            let message = format!("with such an id the server would take it for `{}`; nothing was sent", other.name());
            Err(Error::new(Kind::Argument, message).operation_named(operation.name()))
        }
        None => Ok(()),
    }
}

fn slashes(path: &str) -> usize {
    path.bytes().filter(|byte| *byte == b'/').count()
}

/// Whether a server could take a call of `called` for one of `other`: it has the same method and as many segments, and a
/// word where `called` has a value.
fn takes(other: &Operation, called: &Operation, count: usize, values: &[(&'static str, String)]) -> bool {
    if other.method() != called.method() || other.path() == called.path() || slashes(other.path()) != count {
        return false;
    }
    let (mut variables, mut their_variables) = (0, 0);
    for (own, theirs) in other.path().split('/').zip(called.path().split('/')) {
        if own.contains('{') {
            variables += 1;
        } else if !sent(theirs, values).eq_ignore_ascii_case(own) {
            return false;
        }
        their_variables += usize::from(theirs.contains('{'));
    }
    variables < their_variables
}

/// A segment of a path as it is sent.
fn sent<'a>(segment: &'a str, values: &'a [(&'static str, String)]) -> Cow<'a, str> {
    let Some(start) = segment.find('{') else { return Cow::Borrowed(segment) };
    let whole = segment[start..].strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).filter(|_| start == 0);
    match values.iter().find(|(name, _)| whole == Some(*name)) {
        Some((_, value)) => Cow::Borrowed(value),
        // Something stands beside the value.
        None => Cow::Owned(
            values
                .iter()
                .fold(segment.to_owned(), |filled, (name, value)| filled.replace(&format!("{{{name}}}"), value)),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static OPERATIONS: [Operation; 3] = [
        Operation::new("Update", "", "update", "POST", "/apps/{app_id}/connectors/{id}"),
        Operation::new("Create", "", "create", "POST", "/apps/{app_id}/connectors/create"),
        Operation::new("Cancel", "", "cancel", "POST", "/apps/{app_id}:cancel"),
    ];

    #[test]
    fn ids_that_would_make_it_another_call_are_refused() {
        let ids = |id: &str| check(&OPERATIONS, &OPERATIONS[0], &[("app_id", "a".to_owned()), ("id", id.to_owned())]);
        assert!(ids("creates").is_ok());
        for id in ["create", "Create", "CREATE"] {
            assert!(ids(id).unwrap_err().is_invalid_argument(), "{id:?}");
        }
        assert!(check(&OPERATIONS, &OPERATIONS[2], &[("app_id", "create".to_owned())]).is_ok());
    }
}
