//! Parses the lines of a listing: names, types, signatures.

use std::collections::BTreeMap;

/// The line of an operation, parsed.
pub(crate) struct Signature<'a> {
    /// The name and the type of each required argument.
    pub(super) arguments: Vec<(&'a str, &'a str)>,
    /// The type of the response.
    pub(crate) response: &'a str,
}

impl<'a> Signature<'a> {
    /// Parses a line that [`super::Listing::method`] returns.
    pub(crate) fn of(shown: &'a str) -> Self {
        let (_, rest) = shown.split_once('(').unwrap_or((shown, ")"));
        let mut depth = 1_usize;
        let end = rest.find(|c: char| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        });
        let (arguments, response) = rest.split_at(end.unwrap_or(rest.len()));
        let response = response.strip_prefix(") -> ").unwrap_or_default();
        let mut depth = 0_usize;
        let apart = |c: char| {
            match c {
                '<' | '(' | '[' => depth += 1,
                '>' | ')' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        };
        let arguments = arguments.split(apart).map(str::trim).filter(|argument| !argument.is_empty());
        let arguments = arguments.map(|argument| argument.split_once(": ").unwrap_or(("", argument))).collect();
        Self { arguments, response }
    }

    /// Whether the arguments of a call mean the same for another operation.
    ///
    /// Arguments are positional, so a caller does not depend on their names. But a name at another position means that
    /// the order changed, which the compiler does not notice if the types are equal.
    pub(crate) fn takes_the_same(&self, new: &Self) -> bool {
        let position = |list: &[(&str, &str)], name: &str| list.iter().position(|(other, _)| *other == name);
        self.arguments.len() == new.arguments.len()
            && self.arguments.iter().zip(&new.arguments).enumerate().all(|(index, ((was, was_type), (is, is_type)))| {
                let elsewhere = |list, name| position(list, name).is_some_and(|other| other != index);
                was_type == is_type && !elsewhere(&new.arguments, was) && !elsewhere(&self.arguments, is)
            })
    }

    pub(super) fn is_called_as(&self, new: &Self) -> bool {
        self.response == new.response && self.takes_the_same(new)
    }
}

pub(super) fn word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The name at the start of a line.
pub(super) fn first_name(line: &str) -> &str {
    line.split(|c: char| !word(c)).next().unwrap_or(line)
}

/// A text with some of its identifiers replaced.
pub(super) fn replaced(text: &str, with: impl Fn(&str) -> Option<String>) -> String {
    let (mut told, mut rest) = (String::new(), text);
    while let Some(start) = rest.find(word) {
        let (before, tail) = rest.split_at(start);
        let (name, after) = tail.split_at(tail.find(|c: char| !word(c)).unwrap_or(tail.len()));
        told.push_str(before);
        told.push_str(&with(name).unwrap_or_else(|| name.to_owned()));
        rest = after;
    }
    told.push_str(rest);
    told
}

/// A member of a type, or a setter, with aliases resolved. Its name stays.
pub(super) fn resolved(member: &str, aliases: &BTreeMap<String, String>) -> String {
    let (shown, wire) = cut(member, " = ");
    let (name, ty) = cut(
        shown,
        match shown.find(['(', ':']) {
            Some(at) => &shown[at..=at],
            None => return member.to_owned(),
        },
    );
    format!("{name}{}{wire}", replaced(ty, |word| aliases.get(word).cloned()))
}

/// The first line of a type, with the target of an alias resolved.
pub(super) fn resolved_alias(head: &str, aliases: &BTreeMap<String, String>) -> String {
    match head.strip_prefix("type ").and_then(|rest| rest.split_once(" = ")) {
        Some((name, target)) => format!("type {name} = {}", replaced(target, |word| aliases.get(word).cloned())),
        None => head.to_owned(),
    }
}

/// The line of an operation with aliases resolved, and types without their module.
pub(crate) fn resolved_head(head: &str, aliases: &BTreeMap<String, String>) -> String {
    let mut parts = head.split("types::");
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_at(part.find(|c: char| !word(c)).unwrap_or(part.len()));
        told.push_str(aliases.get(name).map_or(name, String::as_str));
        told.push_str(rest);
    }
    told
}

/// The text up to a mark, and the rest with the mark.
fn cut<'a>(text: &'a str, mark: &str) -> (&'a str, &'a str) {
    text.split_at(text.find(mark).unwrap_or(text.len()))
}

/// A line of a listing with types renamed.
pub(crate) fn renamed(line: &str, names: &BTreeMap<String, String>) -> String {
    let (shown, wire) = cut(line, " = \"");
    format!("{}{wire}", replaced(shown, |name| names.get(name).cloned()))
}

/// The name of a member, which differs for a method and a field. Methods that choose a value have one for each.
pub(super) fn name_of(member: &str) -> String {
    match member.strip_prefix("fn ") {
        Some(rest) if rest.contains("(\"") => cut(member, " -> ").0.to_owned(),
        Some(rest) => format!("fn {}", first_name(rest)),
        None => first_name(member).to_owned(),
    }
}

/// A member, and its name on the wire: the quoted name after it, or its own.
pub(super) fn split_wire(member: &str) -> (&str, String) {
    match member.split_once(" = ") {
        Some((shown, wire)) => (shown, format!("`{}`", wire.trim_matches('"'))),
        None => (member, format!("`{}`", first_name(member))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_may_be_renamed_at_its_position_and_nowhere_else() {
        let old = Signature::of("put_it(a: AppId, m: &BTreeMap<String, i64>, n: N<i64>) -> types::A");
        for (new, same) in [
            ("put_it(b: AppId, m: &BTreeMap<String, i64>, n: N<i64>) -> types::A", true),
            ("put_it(a: AppId, m: &BTreeMap<String, i32>, n: N<i64>) -> types::A", false),
            ("put_it(a: AppId, m: &BTreeMap<String, i64>, n: O<i64>) -> types::A", false),
            ("put_it(a: AppId, m: &BTreeMap<String, i64>) -> types::A", false),
            ("put_it(a: AppId, m: &BTreeMap<String, i64>, n: N<i64>) -> ()", false),
        ] {
            assert_eq!(old.is_called_as(&Signature::of(new)), same, "{new}");
        }
        let swapped = (
            Signature::of("get_it(x: &types::K, y: &types::K) -> ()"),
            Signature::of("get_it(y: &types::K, x: &types::K) -> ()"),
        );
        assert!(!swapped.0.is_called_as(&swapped.1));
        assert_eq!(Signature::of("ping() -> ()").arguments, []);
        assert_eq!(Signature::of("ping(f: (A, B)) -> (C, D)").response, "(C, D)");
    }

    #[test]
    fn aliases_are_replaced_by_their_targets_and_names_are_kept() {
        let aliases = BTreeMap::from([("Pet".to_owned(), "Vec<Animal>".to_owned())]);
        assert_eq!(resolved("Pet(Box<Pet>)", &aliases), "Pet(Box<Vec<Animal>>)");
        assert_eq!(resolved("pet: Option<Pet> = \"Pet\"", &aliases), "pet: Option<Vec<Animal>> = \"Pet\"");
        assert_eq!(resolved("Pet = \"Pet: Pet\"", &aliases), "Pet = \"Pet: Pet\"");
        assert_eq!(resolved_head("fn a(pet: Pet) -> types::Pet", &aliases), "fn a(pet: Pet) -> Vec<Animal>");
        let names = BTreeMap::from([("Pet".to_owned(), "Cat".to_owned())]);
        assert_eq!(renamed("pet: Pet = \"Pet\"", &names), "pet: Cat = \"Pet\"");
    }
}
