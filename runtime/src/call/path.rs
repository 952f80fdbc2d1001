//! Refuses path values with which a path would be that of another operation.

use std::borrow::Cow;
use std::ptr;
use std::sync::OnceLock;

use crate::error::{Error, Kind};
use crate::http::Operation;

type Rivals = Vec<&'static Operation>;

/// For each operation of a client, the other operations that a path value could lead to. They are found at the first
/// call.
pub(super) struct Paths {
    operations: &'static [Operation],
    rivals: Box<[OnceLock<Rivals>]>,
}

impl Paths {
    pub(super) fn of(operations: &'static [Operation]) -> Self {
        Self { operations, rivals: operations.iter().map(|_| OnceLock::new()).collect() }
    }

    pub(super) fn operations(&self) -> &'static [Operation] {
        self.operations
    }

    /// Refuses path values with which the server would process the call as another operation. Such a value is a word
    /// that the other operation's path has at the same place. Case is ignored, because some servers ignore it.
    pub(super) fn check<'a>(
        &self,
        operation: &'static Operation,
        values: impl Iterator<Item = (&'static str, &'a str)> + Clone,
    ) -> Result<(), Error> {
        if values.clone().next().is_none() {
            return Ok(());
        }
        let find = || self.operations.iter().filter(|other| is_rival(other, operation)).collect();
        // The table has a row for each operation.
        let row =
            ptr::from_ref(operation).addr().wrapping_sub(self.operations.as_ptr().addr()) / size_of::<Operation>();
        let is_row = self.operations.get(row).is_some_and(|it| ptr::eq(it, operation));
        let rivals: Cow<'_, Rivals> = match self.rivals.get(row).filter(|_| is_row) {
            Some(rivals) => Cow::Borrowed(rivals.get_or_init(find)),
            None => Cow::Owned(find()),
        };
        match rivals.iter().find(|other| takes(other, operation, &values)) {
            Some(other) => {
                let name = other.name();
                let message = format!("with this id the server would process the call as `{name}`; nothing was sent");
                Err(Error::new(Kind::Argument, message).operation_named(operation.name()))
            }
            None => Ok(()),
        }
    }
}

/// Whether a call of `called` with some path values would be a call of `other`. Then `other` has the same method and
/// number of segments, a word where `called` has a value, and the same words elsewhere.
fn is_rival(other: &Operation, called: &Operation) -> bool {
    let slashes = |it: &Operation| it.path().bytes().filter(|byte| *byte == b'/').count();
    if other.method() != called.method() || other.path() == called.path() || slashes(other) != slashes(called) {
        return false;
    }
    let is_value = |segment: &str| segment.contains('{');
    let mut pairs = other.path().split('/').zip(called.path().split('/'));
    let variables = |it: &Operation| it.path().split('/').filter(|segment| is_value(segment)).count();
    pairs.all(|(own, theirs)| is_value(own) || is_value(theirs) || own.eq_ignore_ascii_case(theirs))
        && variables(other) < variables(called)
}

/// Whether a call of `called` with these values would be a call of its rival `other`.
fn takes<'a>(
    other: &Operation,
    called: &Operation,
    values: &(impl Iterator<Item = (&'static str, &'a str)> + Clone),
) -> bool {
    other
        .path()
        .split('/')
        .zip(called.path().split('/'))
        .all(|(own, theirs)| own.contains('{') || sent(theirs, values).eq_ignore_ascii_case(own))
}

/// A segment of a path as it is sent.
fn sent<'a>(segment: &'a str, values: &(impl Iterator<Item = (&'static str, &'a str)> + Clone)) -> Cow<'a, str> {
    let Some(start) = segment.find('{') else { return Cow::Borrowed(segment) };
    let whole = segment[start..].strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).filter(|_| start == 0);
    match values.clone().find(|(name, _)| whole == Some(*name)) {
        Some((_, value)) => Cow::Borrowed(value),
        // The segment has text beside the value.
        None => Cow::Owned(
            values
                .clone()
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
        let paths = Paths::of(&OPERATIONS);
        let ids = |id: &str| paths.check(&OPERATIONS[0], [("app_id", "a"), ("id", id)].into_iter());
        assert!(ids("creates").is_ok());
        for id in ["create", "Create", "CREATE"] {
            assert!(ids(id).unwrap_err().is_invalid_argument(), "{id:?}");
        }
        // An operation that is not in the table is checked too.
        static ALONE: Operation = Operation::new("Alone", "", "alone", "POST", "/apps/{a}/{b}/create");
        let alone = |b: &str| paths.check(&ALONE, [("a", "a"), ("b", b)].into_iter());
        assert!(alone("Connectors").unwrap_err().is_invalid_argument() && alone("connector").is_ok());
        assert!(paths.check(&OPERATIONS[2], [("app_id", "create")].into_iter()).is_ok());
    }
}
