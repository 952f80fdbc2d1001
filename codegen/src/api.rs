//! The public Rust API of a generated client: a listing for reviews and for comparisons, and the version that a
//! difference requires.

mod compare;
mod line;
mod write;

use std::collections::BTreeMap;
use std::fmt;

use crate::diagnostic::{Diagnostic, Error};

pub use compare::{ApiChange, Bump, Fate};
pub(crate) use line::{Signature, renamed, resolved_head};
pub(crate) use write::{argument_type, operation_name};

/// The operations and types of a generated client, for readers and for comparisons.
///
/// An operation is a line with its group, its required arguments and the type of its response. Below it is a line for
/// each optional setter. Then follows a block for each type. All are sorted by name:
///
/// ```
/// use connectors_codegen::{Generator, Listing, Node};
///
/// # fn main() -> Result<(), connectors_codegen::Error> {
/// let document = Node::parse("pets.yaml", "
/// openapi: 3.1.0
/// info: {title: Pets, version: '1'}
/// paths:
///   /pets/{id}:
///     get:
///       operationId: getPet
///       parameters:
///         - {name: id, in: path, required: true, schema: {type: string}}
///         - {name: page_size, in: query, schema: {type: integer}}
///       responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}}
/// components: {schemas: {Pet: {type: object, properties: {nickName: {type: string}}}}}
/// ")?;
/// let client = Generator::new(document).generate()?;
/// let text = Listing::of(&client).to_string();
/// assert!(text.contains("get_pet(id: PetId) -> types::Pet\n    page_size: i64\n"));
/// assert!(text.contains("struct Pet (Default)\n    nick_name: Option<String> = \"nickName\"\n"));
/// assert_eq!(Listing::parse("api.txt", &text)?, Listing::of(&client));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    entries: BTreeMap<Key, Entry>,
}

/// Operations first, then types, each by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    section: Section,
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Operations,
    Types,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// The first line.
    head: String,
    /// Setters, fields or variants in order, each a line.
    members: Vec<String>,
}

impl Listing {
    /// Reads the text that `Display` writes.
    ///
    /// # Errors
    /// A line is not one that `Display` writes.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let mut listing = Self::default();
        let mut last: Option<Key> = None;
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = || {
                Diagnostic::new(format!("{name}:{}: `{line}` is not a line of an API listing", index + 1))
                    .help("it is not to be edited: the `Listing` of the client writes it again")
            };
            if let Some(member) = line.strip_prefix("    ") {
                let entry = last.as_ref().and_then(|key| listing.entries.get_mut(key)).ok_or_else(wrong)?;
                entry.members.push(member.to_owned());
                continue;
            }
            let (kind, rest) = line.split_once(' ').ok_or_else(wrong)?;
            let (section, name) = match kind {
                "fn" => (Section::Operations, rest.split('(').next().unwrap_or(rest)),
                "struct" | "enum" | "union" | "tuple" | "type" => {
                    (Section::Types, rest.split(' ').next().unwrap_or(rest))
                }
                _ => return Err(wrong().into()),
            };
            let key = Key { section, name: name.to_owned() };
            listing.entries.insert(key.clone(), Entry { head: line.to_owned(), members: Vec::new() });
            last = Some(key);
        }
        Ok(listing)
    }

    /// The operations by name: `group.name(argument: Type, ...) -> Type`.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter(|(key, _)| key.section == Section::Operations).map(|(_, entry)| entry.shown())
    }

    /// The numbers of operations and of types.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let methods = self.entries.keys().filter(|key| key.section == Section::Operations).count();
        (methods, self.entries.len() - methods)
    }

    /// An operation's line without its first word.
    pub(crate) fn method(&self, name: &str) -> Option<&str> {
        self.operation(name).map(Entry::shown)
    }

    fn operation(&self, name: &str) -> Option<&Entry> {
        self.entries.get(&Key { section: Section::Operations, name: name.to_owned() })
    }

    fn type_entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(&Key { section: Section::Types, name: name.to_owned() })
    }

    pub(crate) fn has_type(&self, name: &str) -> bool {
        self.type_entry(name).is_some()
    }

    /// The aliases of types, each with its final target.
    pub(crate) fn aliases(&self) -> BTreeMap<String, String> {
        let direct: BTreeMap<&str, &str> = self
            .entries
            .iter()
            .filter(|(key, _)| key.section == Section::Types && key.name != "Extra")
            .filter_map(|(key, entry)| {
                Some((key.name.as_str(), entry.head.strip_prefix("type ")?.split_once(" = ")?.1))
            })
            .collect();
        let follow = |target: &str| {
            let mut target = target.to_owned();
            // A longer chain is a circle.
            for _ in 0..16 {
                let next = line::replaced(&target, |word| direct.get(word).map(|it| (*it).to_owned()));
                if next == target {
                    break;
                }
                target = next;
            }
            target
        };
        direct.iter().map(|(name, target)| ((*name).to_owned(), follow(target))).collect()
    }
}

impl Key {
    fn told(&self) -> String {
        match self.section {
            Section::Operations => format!("`{}`", self.name),
            Section::Types => format!("`types::{}`", self.name),
        }
    }
}

impl Entry {
    /// The first line without its first word.
    fn shown(&self) -> &str {
        self.head.split_once(' ').map_or(self.head.as_str(), |(_, rest)| rest)
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, entry) in &self.entries {
            if key.section == Section::Types {
                writeln!(f)?;
            }
            writeln!(f, "{}", entry.head)?;
            for member in &entry.members {
                writeln!(f, "    {member}")?;
            }
        }
        Ok(())
    }
}
