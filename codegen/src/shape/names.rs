//! Names in the style of Rust. They do not change when something unrelated is added, and are never numbered.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use heck::{ToPascalCase, ToSnakeCase};
use unicode_normalization::UnicodeNormalization;

use crate::schema::{Model, Schema, SchemaId};

/// The words that are not identifiers in Rust 2024.
const KEYWORDS: [&str; 52] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "Self", "static", "struct", "super", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Names of types that generated code uses for the standard library's types, variants and traits or for its own.
pub(crate) const RESERVED: [&str; 9] = ["Box", "Extra", "None", "Option", "Self", "Some", "String", "ToOwned", "Vec"];

/// The word for a character that is not allowed in an identifier, or its code point if it has none.
fn word(c: char) -> String {
    let word = match c {
        '@' => "at",
        '$' => "dollar",
        '#' => "hash",
        '+' => "plus",
        '-' => "minus",
        '*' => "star",
        '/' => "slash",
        '<' => "less",
        '>' => "greater",
        '=' => "equal",
        '!' => "not",
        '&' => "and",
        '|' => "or",
        '%' => "percent",
        '.' => "dot",
        ',' => "comma",
        '~' => "tilde",
        '^' => "caret",
        ':' => "colon",
        ';' => "semicolon",
        '?' => "question",
        '\'' => "apostrophe",
        '"' => "quote",
        '(' => "open",
        ')' => "close",
        '[' => "bracket",
        ']' => "unbracket",
        '{' => "brace",
        '}' => "unbrace",
        '\\' => "backslash",
        ' ' => "space",
        _ => return format!("u{:x}", u32::from(c)),
    };
    word.to_owned()
}

/// Whether a character is allowed in an identifier, and is not a word separator.
fn stays(c: char) -> bool {
    unicode_ident::is_xid_continue(c) && (c.is_alphanumeric() || c == '_')
}

/// The text with a word for each character that is not allowed in an identifier.
fn spelt(text: &str) -> String {
    text.nfc().map(|c| if stays(c) { c.to_string() } else { format!(" {} ", word(c)) }).collect()
}

/// A text in NFC. Nearly all names are ASCII, which is always in NFC.
fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// The text with a word for a leading symbol, and spaces for other characters that are not allowed in an identifier.
fn gaps(text: &str) -> String {
    let text = composed(text);
    let mut chars = text.chars().filter(|c| !matches!(c, '\'' | '\u{2019}'));
    let mut named = String::with_capacity(text.len() + 8);
    let lead = chars.next();
    let mut tail = chars.map(|c| if stays(c) { c } else { ' ' }).peekable();
    match lead {
        Some(c) if !unicode_ident::is_xid_continue(c) && tail.peek().is_some() && "@$#+-<>=!*".contains(c) => {
            named.push_str(&word(c));
            named.push(' ');
        }
        Some(c) if stays(c) => named.push(c),
        _ => {}
    }
    named.extend(tail);
    named
}

/// Normalizes a name to NFC, the form in which the compiler compares names. Removes characters that a case conversion
/// added but that an identifier does not allow.
fn identifier(name: &str) -> String {
    composed(name).chars().filter(|c| unicode_ident::is_xid_continue(*c)).collect()
}

/// The text in snake case. Some capital letters have no small letter of their own, such as those of mathematics; they
/// become what they are compatible with.
fn lower(text: &str) -> String {
    let snake = text.to_snake_case();
    if !snake.contains(char::is_uppercase) {
        return snake;
    }
    let chars = snake.chars().map(|c| if c.is_uppercase() { c.nfkc().collect() } else { c.to_string() });
    chars.collect::<String>().to_lowercase()
}

/// The bytes of a text in hexadecimal. No other text has the same result.
fn digits(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// A type or variant name.
pub(crate) fn pascal(text: &str) -> String {
    let mut name = identifier(&gaps(text).to_pascal_case());
    if name.is_empty() {
        name = identifier(&spelt(text).to_pascal_case());
    }
    if name.is_empty() {
        name = "Empty".to_owned();
    }
    if !name.starts_with(unicode_ident::is_xid_start) {
        name.insert(0, 'V');
    }
    if name == "Self" { "SelfType".to_owned() } else { name }
}

/// The type of a method's request. The names of two methods may differ and these not: `get_a1` and `get_a_1`.
pub(crate) fn request(method: &str) -> String {
    let name = pascal(method);
    // The group's `Api` and the prelude have these names.
    if ["Api", "Box", "Iterator", "Option", "String", "Vec"].contains(&name.as_str()) {
        format!("{name}Request")
    } else {
        name
    }
}

/// The method for another media type of the body of `method`.
pub(crate) fn for_media(method: &str, suffix: &str) -> String {
    format!("{}_{suffix}", method.trim_end_matches('_'))
}

/// A field, argument or method name.
pub(crate) fn snake(text: &str) -> String {
    let mut name = identifier(&lower(&gaps(text)));
    if name.is_empty() {
        name = identifier(&lower(&spelt(text)));
    }
    if name.is_empty() {
        name = "empty".to_owned();
    }
    if !name.starts_with(unicode_ident::is_xid_start) {
        name.insert(0, '_');
    }
    if KEYWORDS.contains(&name.as_str()) {
        name.push('_');
    }
    name
}

/// Field names for wire names, one for each. If two would be equal, the one that equals its wire name is kept. If none
/// does, the first in alphabetical order is kept.
pub(crate) fn fields<'a>(wires: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut named: Vec<(usize, &str, String)> =
        wires.enumerate().map(|(position, wire)| (position, wire, snake(wire))).collect();
    let equal = named.iter().filter(|(_, wire, name)| name == wire);
    let mut taken: HashSet<String> = equal.map(|(.., name)| name.clone()).collect();
    named.sort_by_key(|(_, wire, _)| *wire);
    let mut names = vec![String::new(); named.len()];
    for (position, wire, mut name) in named {
        if name != wire {
            if taken.contains(&name) {
                name = snake(&spelt(wire));
            }
            if taken.contains(&name) {
                name.push('_');
            }
            if taken.contains(&name) {
                name = format!("{}_x{}", name.trim_end_matches('_'), digits(wire));
            }
            while taken.contains(&name) {
                name.push('_');
            }
            taken.insert(name.clone());
        }
        names[position] = name;
    }
    names
}

/// Variant names for the values of an enum, without the prefix that all values share, and the name for all other
/// values.
pub(crate) fn variants(values: &[String], given: &[String]) -> (Vec<String>, String) {
    let cut = shared_prefix(values);
    let mut taken = BTreeSet::new();
    let mut names = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let rest = value.get(cut..).unwrap_or(value);
        let mut name = pascal(given.get(index).filter(|name| !name.is_empty()).map_or(rest, String::as_str));
        if taken.contains(&name) {
            name = pascal(&spelt(rest));
        }
        if taken.contains(&name) {
            let upper = rest.chars().all(|c| !c.is_lowercase());
            let lower = rest.chars().all(|c| !c.is_uppercase());
            name.push_str(if upper {
                "Upper"
            } else if lower {
                "Lower"
            } else {
                "Mixed"
            });
        }
        if taken.contains(&name) {
            name.push_str("Value");
        }
        if taken.contains(&name) {
            name = format!("{name}X{}", digits(value));
        }
        while !taken.insert(name.clone()) {
            name.push_str("Value");
        }
        names.push(name);
    }
    let unknown = catch_all(|name| taken.contains(name));
    (names, unknown)
}

/// The name of the variant for unknown values. No known variant has this name.
pub(crate) fn catch_all(taken: impl Fn(&str) -> bool) -> String {
    let known = ["Unknown", "Other", "Unrecognized", "AnyOther"].into_iter().find(|name| !taken(name));
    let mut name = known.unwrap_or("UnknownToThisVersion").to_owned();
    while taken(&name) {
        name.push_str("Value");
    }
    name
}

/// Length of the prefix that all values share, in whole words of `UPPER_SNAKE`. No value is the prefix alone.
fn shared_prefix(values: &[String]) -> usize {
    let [first, rest @ ..] = values else { return 0 };
    if rest.is_empty() {
        return 0;
    }
    let ends = first.char_indices().filter(|(_, c)| *c == '_').map(|(at, _)| at + 1);
    let fits = |cut: &usize| {
        values.iter().all(|value| {
            value.get(..*cut) == first.get(..*cut)
                && value.get(*cut..).and_then(|rest| rest.chars().next()).is_some_and(|c| c.is_alphabetic())
        })
    };
    ends.filter(fits).max().unwrap_or(0)
}

/// The maximum number of segments before the last that can qualify a name.
const MOST_SEGMENTS: usize = 16;

/// A component schema that needs a name.
struct Unnamed<'a> {
    key: &'a str,
    id: SchemaId,
    /// The shortest name in the document's words, and the words that qualify it, the nearest first.
    base: Cow<'a, str>,
    qualifiers: Vec<&'a str>,
    /// The texts for the last candidates: the title, and the whole key.
    whole: Vec<Cow<'a, str>>,
    /// The place of the current name among the candidates.
    level: usize,
}

impl Unnamed<'_> {
    /// The current name. Few components need more than the first candidate, so no other is made before it is needed.
    fn name(&self) -> String {
        match self.level.checked_sub(self.qualifiers.len() + 1) {
            Some(place) => self.whole.get(place).map(|text| pascal(text)).unwrap_or_default(),
            None => {
                let words = self.qualifiers.iter().take(self.level).rev().map(|word| pascal(word));
                words.chain([pascal(&self.base)]).collect()
            }
        }
    }

    /// Continues with the next candidate, if there is one.
    fn advance(&mut self) -> bool {
        let is_last = self.level >= self.qualifiers.len() + self.whole.len();
        self.level += usize::from(!is_last);
        !is_last
    }
}

/// Rust names for the component schemas: `x-rust-name`, `x-speakeasy-name-override`, or the last dotted segment. If two
/// are equal, the preceding segments qualify each of them.
pub(crate) fn components(model: &Model) -> BTreeMap<SchemaId, String> {
    let unnamed = |key, id| {
        let mut segments: Vec<&str> = str::split(key, ['.', '/']).filter(|segment| !segment.is_empty()).collect();
        let last = segments.pop().unwrap_or(key);
        let version = |segment: &str| {
            segment.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let annotations = &model.get(id).annotations;
        let base = annotations.given_name().map_or(Cow::Borrowed(last), |name| Cow::Owned(name.to_owned()));
        let words = segments.into_iter().rev().filter(|segment| !version(segment)).take(MOST_SEGMENTS);
        let title = annotations.title.clone().map(Cow::Owned);
        let whole = title.into_iter().chain([Cow::Borrowed(key)]).collect();
        Unnamed { key, id, base, qualifiers: words.collect(), whole, level: 0 }
    };
    let named = model.components().filter_map(|id| Some((model.name(id)?, id)));
    let mut all: Vec<Unnamed<'_>> = named.map(|(key, id)| unnamed(key, id)).collect();
    all.sort_by_key(|it| it.key);
    let mut names_of: Vec<String> = all.iter().map(Unnamed::name).collect();
    loop {
        let mut by_name: HashMap<&str, usize> = HashMap::new();
        for name in &names_of {
            *by_name.entry(name).or_default() += 1;
        }
        let shared: Vec<bool> = names_of.iter().map(|name| by_name.get(name.as_str()) > Some(&1)).collect();
        let mut moved = false;
        for ((it, name), is_shared) in all.iter_mut().zip(&mut names_of).zip(shared) {
            if is_shared && it.advance() {
                *name = it.name();
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    let mut taken: BTreeSet<String> = RESERVED.iter().map(|name| (*name).to_owned()).collect();
    let mut names = BTreeMap::new();
    // The remaining names that are equal differ only in characters that are not allowed in identifiers. These
    // characters are replaced by words. If the result is in use, it gets a suffix.
    for (Unnamed { key, id, .. }, name) in all.iter().zip(names_of) {
        let mut name = name;
        // Only a type that is a tuple hides a variant of the prelude.
        if matches!(name.as_str(), "Some" | "None") && !may_be_tuple(&model.read_resolved(*id)) {
            taken.remove(&name);
        }
        if taken.contains(&name) {
            name = pascal(&spelt(key));
        }
        if taken.contains(&name) {
            name.push_str("Type");
        }
        if taken.contains(&name) {
            name = format!("{name}X{}", digits(key));
        }
        while !taken.insert(name.clone()) {
            name.push_str("Type");
        }
        names.insert(*id, name);
    }
    names
}

/// Whether the type of a schema may be a tuple: of an array, or of a list or map that contains itself.
fn may_be_tuple(schema: &Schema) -> bool {
    schema.properties.as_ref().is_none_or(|all| all.is_empty()) && schema.values.is_none() && schema.union().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Map, Node};

    /// The names of the components in a map of schemas.
    fn of(schemas: Node) -> BTreeMap<String, String> {
        let all = Node::made(Map::from([("schemas".to_owned(), schemas)]));
        let version = ("openapi".to_owned(), Node::made("3.1.0"));
        let document = Node::made(Map::from([version, ("components".to_owned(), all)]));
        let (_, model) = crate::lower::lower(document, &mut crate::note::Notes::default()).unwrap();
        components(&model).into_iter().map(|(id, name)| (model.name(id).unwrap().to_owned(), name)).collect()
    }

    fn named(text: &str) -> BTreeMap<String, String> {
        of(Node::parse("t.yaml", text).unwrap())
    }

    #[test]
    fn components_take_the_last_segment_and_are_qualified_only_where_they_collide() {
        let names = named(
            "a.form.v1.Field: {}\na.integration.v1.Field: {}\na.v1.Other: {}\nx: {x-speakeasy-name-override: Given}",
        );
        assert_eq!(names["a.form.v1.Field"], "FormField");
        assert_eq!(names["a.integration.v1.Field"], "IntegrationField");
        assert_eq!(names["a.v1.Other"], "Other");
        assert_eq!(names["x"], "Given");
    }

    #[test]
    fn names_equal_in_pascal_case_differ() {
        let names = named("foo-bar: {}\nfoo_bar: {}\nFooBar: {}\nSelf: {}\nDefault: {}\n'1': {}");
        let distinct: BTreeSet<&String> = names.values().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
    }

    #[test]
    fn fields_never_collide_and_keywords_are_escaped() {
        let wires = ["type", "@type", "a-b", "a.b", "a_b", "self", "_id", "id", "1st", ""];
        let names = fields(wires.iter().copied());
        assert_eq!(names[0], "type_");
        assert_eq!(names[1], "at_type");
        assert_eq!(names[4], "a_b");
        assert_eq!(names[7], "id");
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), wires.len(), "{names:?}");
    }

    #[test]
    fn any_text_gives_an_identifier_and_names_are_compared_as_the_compiler_compares_them() {
        let texts = [
            "½",
            "V½",
            "²",
            "①",
            "\u{d55c}",
            "\u{1112}\u{1161}\u{11ab}",
            "\u{2126}",
            "\u{3a9}",
            "K",
            "\u{212a}",
            "e'\u{301}",
            "é",
            "\u{301}",
            "‿",
            "_",
            "·",
            "😀",
            "😁",
            "ŉ",
            "ß",
            "SS",
            "x\u{301}",
            "\u{0}",
            "\u{200d}",
            "٣",
            "ﬁ",
            "ǆ",
            "\u{feff}",
            " ",
            "",
        ];
        let fits = |name: &str| {
            syn::parse_str::<syn::Ident>(name).is_ok() && name.nfc().eq(name.chars()) && !name.contains('\u{feff}')
        };
        let wires = fields(texts.iter().copied());
        let values: Vec<String> = texts.iter().map(|it| (*it).to_owned()).collect();
        let (variants, _) = variants(&values, &[]);
        let keys: Map = texts.iter().map(|text| ((*text).to_owned(), Node::made(Map::new()))).collect();
        let types: Vec<String> = of(Node::made(keys)).into_values().collect();
        for names in [wires, variants, types] {
            assert!(names.iter().all(|name| fits(name)), "{names:?}");
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), texts.len(), "{names:?}");
        }
        assert_eq!((pascal("\u{212a}"), snake("½")), ("K".to_owned(), "ubd".to_owned()));
        // Many names that differ only in case: no name is longer than necessary.
        let cased = |n: u32| (0..12).map(|bit| if n >> bit & 1 == 1 { "A" } else { "a" }).collect::<String>();
        let many: Vec<String> = (0..4096).map(cased).collect();
        let (names, _) = super::variants(&many, &[]);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 4096);
        assert!(names.iter().all(|name| name.len() < 64), "{:?}", names.iter().max_by_key(|name| name.len()));
    }

    #[test]
    fn variants_lose_the_shared_prefix_and_stay_apart() {
        let values = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let (names, unknown) = variants(&values(&["SYNC_STATUS_RUNNING", "SYNC_STATUS_DONE"]), &[]);
        assert_eq!((names, unknown.as_str()), (values(&["Running", "Done"]), "Unknown"));
        let (names, unknown) = variants(&values(&["UNKNOWN", "foo", "FOO", "<", "<=", "", "self", "1.5"]), &[]);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 8, "{names:?}");
        assert_eq!(unknown, "Other");
    }
}
