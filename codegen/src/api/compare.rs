//! Compares two public APIs: what differs, and what that means for the version by Cargo's rules.

use std::collections::BTreeMap;
use std::fmt;

use super::line::{self, Signature, name_of, renamed, split_wire};
use super::{Entry, Listing, Section};

/// What happened to a part of a public API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fate {
    /// It is new.
    Added,
    /// It changed.
    Changed,
    /// It was removed.
    Removed,
}

/// One difference between two public APIs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct ApiChange {
    /// What happened.
    pub fate: Fate,
    /// Whether a program may stop compiling, by Cargo's rules.
    pub breaking: bool,
    /// What was affected, in Markdown.
    pub what: String,
}

/// The part of a version that has to increase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Bump {
    /// None.
    None,
    /// Something was added, or has another name on the wire.
    Compatible,
    /// A program may stop compiling.
    Breaking,
}

impl Bump {
    /// The smallest correct bump for these changes.
    #[must_use]
    pub fn of(changes: &[ApiChange]) -> Self {
        let one = |change: &ApiChange| if change.breaking { Self::Breaking } else { Self::Compatible };
        changes.iter().map(one).max().unwrap_or(Self::None)
    }

    /// The next version after `version`, by Cargo's rules: before 1.0 the first number that is not zero is the major
    /// one. Returns `None` if `version` is not three numbers.
    #[must_use]
    pub fn next(self, version: &str) -> Option<String> {
        let numbers: Vec<u64> = version.split('.').map(str::parse::<u64>).collect::<Result<_, _>>().ok()?;
        let &[major, minor, patch] = numbers.as_slice() else { return None };
        let next = match (self, major, minor) {
            (Self::None, ..) => [major, minor, patch],
            (Self::Breaking, 0, 0) => [0, 0, patch.checked_add(1)?],
            (Self::Breaking, 0, _) => [0, minor.checked_add(1)?, 0],
            (Self::Breaking, ..) => [major.checked_add(1)?, 0, 0],
            (Self::Compatible, 0, _) => [0, minor, patch.checked_add(1)?],
            (Self::Compatible, ..) => [major, minor.checked_add(1)?, 0],
        };
        Some(next.map(|number| number.to_string()).join("."))
    }
}

impl fmt::Display for Bump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no change",
            Self::Compatible => "compatible",
            Self::Breaking => "breaking",
        })
    }
}

/// One change of a type, whatever the type's name.
pub(crate) struct TypeChange {
    pub(crate) fate: Fate,
    pub(crate) breaking: bool,
    /// The name on the wire of the field or variant; `None` for a change of the type itself.
    pub(crate) wire: Option<String>,
    /// What changed or was removed, in Markdown.
    pub(crate) what: String,
}

impl Listing {
    /// The differences in a later API.
    #[must_use]
    pub fn compare(&self, new: &Self) -> Vec<ApiChange> {
        let aliases = (self.aliases(), new.aliases());
        let mut changes = Vec::new();
        let mut say = |fate, breaking, what: String| changes.push(ApiChange { fate, breaking, what });
        for (key, entry) in &self.entries {
            let Some(now) = new.entries.get(key) else {
                say(Fate::Removed, true, key.told());
                continue;
            };
            if key.section == Section::Operations {
                let what = format!("{}: `{}` is `{}`", key.told(), entry.shown(), now.shown());
                match calls(entry, now, (&aliases.0, &aliases.1)) {
                    _ if entry.head == now.head => {}
                    // Only names of arguments differ, or the type has another name.
                    true => say(Fate::Changed, false, what),
                    false => say(Fate::Changed, true, what),
                }
            }
            entry.compare(now, (&aliases.0, &aliases.1), &mut |fate, breaking, _, what| {
                say(fate, breaking, format!("{}: {what}", key.told()));
            });
        }
        for (key, entry) in new.entries.iter().filter(|(key, _)| !self.entries.contains_key(*key)) {
            let what = match key.section {
                Section::Operations => format!("`{}`", entry.shown()),
                Section::Types => key.told(),
            };
            say(Fate::Added, false, what);
        }
        changes.sort();
        changes
    }

    /// The changes of a type, with types renamed by `names`. `None` if it no longer exists.
    pub(crate) fn type_changes(
        &self,
        name: &str,
        new: &Self,
        names: &BTreeMap<String, String>,
        aliases: Aliases<'_>,
    ) -> Option<Vec<TypeChange>> {
        let now = new.type_entry(names.get(name).map_or(name, String::as_str))?;
        let mut changes = Vec::new();
        if let Some(entry) = self.type_entry(name) {
            entry.renamed(names).compare(now, aliases, &mut |fate, breaking, member, what| {
                let field = member.filter(|member| !member.starts_with("fn "));
                let wire = field.map(|member| split_wire(member).1.trim_matches('`').to_owned());
                changes.push(TypeChange { fate, breaking, wire, what });
            });
        }
        Some(changes)
    }

    /// The changes below an operation's line that break its callers, in Markdown.
    pub(crate) fn setter_breaks(
        &self,
        (name, now): (&str, &str),
        new: &Self,
        names: &BTreeMap<String, String>,
        aliases: Aliases<'_>,
    ) -> Vec<String> {
        let mut breaks = Vec::new();
        if let (Some(entry), Some(now)) = (self.operation(name), new.operation(now)) {
            entry.renamed(names).compare(now, aliases, &mut |fate, breaking, _, what| {
                if breaking {
                    breaks.push(if fate == Fate::Removed { format!("{what} was removed") } else { what });
                }
            });
        }
        breaks
    }
}

/// The aliases of the old API and of the new one.
pub(crate) type Aliases<'a> = (&'a BTreeMap<String, String>, &'a BTreeMap<String, String>);

/// Whether calls of one operation compile against the other.
fn calls(old: &Entry, new: &Entry, aliases: Aliases<'_>) -> bool {
    let (was, is) = (line::resolved_head(old.shown(), aliases.0), line::resolved_head(new.shown(), aliases.1));
    Signature::of(&was).is_called_as(&Signature::of(&is))
}

impl Entry {
    /// The entry with types renamed.
    fn renamed(&self, names: &BTreeMap<String, String>) -> Self {
        // The variants of an enum do not name types.
        let own = self.head.starts_with("enum ");
        let told = |member: &String| if own { member.clone() } else { renamed(member, names) };
        let members = self.members.iter().map(told).collect();
        Self { head: renamed(&self.head, names), members }
    }

    /// Compares two entries with the same name, and reports for each difference its fate, whether it breaks, the old
    /// member, and a description in Markdown. For an operation it compares only the lines below it.
    fn compare(&self, new: &Self, aliases: Aliases<'_>, say: &mut impl FnMut(Fate, bool, Option<&str>, String)) {
        let operation = self.head.starts_with("fn ");
        // Removing `Default` from a struct breaks programs. Adding it does not.
        let gained = new.head == format!("{} (Default)", self.head);
        let (was, is) = (line::resolved_alias(&self.head, aliases.0), line::resolved_alias(&new.head, aliases.1));
        if !operation && was != is {
            say(Fate::Changed, !gained, None, format!("`{}` is `{}`", self.head, new.head));
        }
        let resolved = |member: &str, aliases| match operation {
            true => line::resolved_head(member, aliases),
            false => line::resolved(member, aliases),
        };
        let of_new: BTreeMap<String, &String> = new.members.iter().map(|member| (name_of(member), member)).collect();
        let of_old: BTreeMap<String, &String> = self.members.iter().map(|member| (name_of(member), member)).collect();
        for member in &self.members {
            let name = name_of(member);
            let Some(now) = of_new.get(&name) else {
                say(Fate::Removed, true, Some(member.as_str()), format!("`{name}`"));
                continue;
            };
            let ((was, was_wire), (is, is_wire)) = (split_wire(member), split_wire(now));
            if was != is {
                let breaking = resolved(was, aliases.0) != resolved(is, aliases.1);
                say(Fate::Changed, breaking, Some(member.as_str()), format!("`{was}` is `{is}`"));
            } else if was_wire != is_wire {
                let what = format!("`{name}` is {is_wire} on the wire, it was {was_wire}");
                say(Fate::Changed, false, Some(member.as_str()), what);
            }
        }
        // Structs, enums and unions are `#[non_exhaustive]`, and setters are optional: additions break no program.
        for member in new.members.iter().filter(|member| !of_old.contains_key(&name_of(member))) {
            let (shown, _) = split_wire(member);
            say(Fate::Added, false, Some(member.as_str()), format!("`{shown}`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Generator, Node};

    fn listing(schemas: &str, paths: &str) -> Listing {
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths: {{{paths}}}\ncomponents: {{schemas: {{{schemas}}}}}\n"
        );
        let document = Node::parse("t.yaml", &text).unwrap();
        Listing::of(&Generator::new(document).generate().unwrap())
    }

    const GET: &str = "'/a/{id}': {get: {operationId: getA, parameters: [{name: id, in: path, required: true, schema: {type: string}}, {name: q, in: query, schema: {type: integer}}], responses: {'200': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}}}}";
    const A: &str = "A: {type: object, required: [x], properties: {x: {type: string}, kind: {$ref: '#/components/schemas/Kind'}, u: {$ref: '#/components/schemas/U'}, next: {$ref: '#/components/schemas/A'}}}, Kind: {type: string, enum: [A_ONE, A_TWO]}, U: {oneOf: [{$ref: '#/components/schemas/B'}, {type: string}]}, B: {type: object, properties: {m: {type: object, additionalProperties: {type: integer, format: int32}}}}";

    #[test]
    fn the_order_of_properties_is_not_part_of_the_api() {
        let (one, other) = ("a: {type: string}, b: {type: string}", "b: {type: string}, a: {type: string}");
        let schemas = |properties| format!("A: {{type: object, required: [b, a], properties: {{{properties}}}}}");
        let (one, other) = (listing(&schemas(one), GET), listing(&schemas(other), GET));
        assert!(one.to_string().contains("fn new(a: String, b: String) -> Self"), "{one}");
        assert_eq!(one.compare(&other), []);
    }

    #[test]
    fn the_listing_is_read_back_as_it_was_written() {
        let listing = listing(A, GET);
        let text = listing.to_string();
        assert!(text.starts_with("fn get_a(id: AId) -> types::A\n    q: i64\n"), "{text}");
        for line in [
            "struct A\n    x: String\n",
            "    next: Option<Box<A>>\n",
            "    fn new(x: String) -> Self\n",
            "enum Kind (open)\n    One = \"A_ONE\"\n    Two = \"A_TWO\"\n    Unknown(..)\n",
            "union U (open)\n",
            "    m: Option<BTreeMap<String, i32>>\n",
            "type Extra = serde_json::Map<String, serde_json::Value>\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert_eq!(Listing::parse("api.txt", &text).unwrap(), listing);
        assert!(Listing::parse("api.txt", "what is this").is_err());
    }

    #[test]
    fn changes_are_judged_by_cargo_s_rules() {
        let base = listing(A, GET);
        for (schemas, paths, expected, bump) in [
            (A.to_owned(), GET.to_owned(), None, Bump::None),
            (
                A.replace("[A_ONE, A_TWO]", "[A_ONE, A_TWO, A_THREE]"),
                GET.to_owned(),
                Some("Added `types::Kind`: `Three`"),
                Bump::Compatible,
            ),
            (
                A.replace("[A_ONE, A_TWO]", "[A_ONE]"),
                GET.to_owned(),
                Some("Removed `types::Kind`: `Two`"),
                Bump::Breaking,
            ),
            (
                A.replace("{m:", "{n: {type: string}, m:"),
                GET.to_owned(),
                Some("Added `types::B`: `n: Option<String>`"),
                Bump::Compatible,
            ),
            (
                A.replace("x: {type: string}", "x: {type: boolean}"),
                GET.to_owned(),
                Some("Changed `types::A`: `x: String` is `x: bool`"),
                Bump::Breaking,
            ),
            (
                A.replace("required: [x], properties: {x", "required: [x, y], properties: {y: {type: boolean}, x"),
                GET.to_owned(),
                Some("Changed `types::A`: `fn new(x: String) -> Self` is `fn new(x: String, y: bool) -> Self`"),
                Bump::Breaking,
            ),
            (
                A.replace("next: {$ref: '#/components/schemas/A'}", "next: {$ref: '#/components/schemas/Alias'}")
                    + ", Alias: {$ref: '#/components/schemas/A'}",
                GET.to_owned(),
                Some("Changed `types::A`: `next: Option<Box<A>>` is `next: Option<Box<Alias>>`"),
                Bump::Compatible,
            ),
            (
                A.to_owned(),
                GET.replace("{id}", "{a_id}").replace("name: id,", "name: a_id,"),
                Some("Changed `get_a`: `get_a(id: AId) -> types::A` is `get_a(a_id: AId) -> types::A`"),
                Bump::Compatible,
            ),
            (
                A.to_owned(),
                GET.replace("{id}", "{b_id}").replace("name: id,", "name: b_id,"),
                Some("Changed `get_a`: `get_a(id: AId) -> types::A` is `get_a(b_id: BId) -> types::A`"),
                Bump::Breaking,
            ),
            (A.to_owned(), GET.replace("name: q,", "name: r,"), Some("Removed `get_a`: `q`"), Bump::Breaking),
            (
                A.to_owned(),
                GET.replace("{name: q,", "{name: p, in: query, schema: {type: string}}, {name: q,"),
                Some("Added `get_a`: `p: String`"),
                Bump::Compatible,
            ),
            (
                A.to_owned(),
                GET.replace("{name: q, in: query,", "{name: q, in: query, required: true,"),
                Some("Changed `get_a`: `get_a(id: AId) -> types::A` is `get_a(id: AId, q: Q<i64>) -> types::A`"),
                Bump::Breaking,
            ),
            (
                A.to_owned(),
                format!("{GET}, /b: {{post: {{operationId: postB, responses: {{'204': {{description: ''}}}}}}}}"),
                Some("Added `post_b() -> ()`"),
                Bump::Compatible,
            ),
        ] {
            let changes = base.compare(&listing(&schemas, &paths));
            let told: Vec<String> = changes.iter().map(|change| format!("{:?} {}", change.fate, change.what)).collect();
            assert!(
                expected.is_none_or(|expected| told.iter().any(|line| line == expected)),
                "{expected:?}: {told:#?}"
            );
            assert_eq!(Bump::of(&changes), bump, "{told:?}");
        }
    }

    #[test]
    fn versions_are_increased_by_cargo_s_rules() {
        for (version, compatible, breaking) in
            [("0.0.3", "0.0.4", "0.0.4"), ("0.1.4", "0.1.5", "0.2.0"), ("1.2.3", "1.3.0", "2.0.0")]
        {
            assert_eq!(Bump::Compatible.next(version).as_deref(), Some(compatible));
            assert_eq!(Bump::Breaking.next(version).as_deref(), Some(breaking));
            assert_eq!(Bump::None.next(version).as_deref(), Some(version));
        }
        assert_eq!(Bump::Breaking.next("1.0"), None);
    }
}
