//! What values of a type look like, as data.

use std::borrow::Cow;
use std::sync::OnceLock;

/// The layout of a type, by its function, so that types can hold themselves.
pub type Of = fn() -> &'static Layout;

/// What values of a type look like.
#[derive(Debug)]
pub enum Layout {
    /// Any value.
    Any,
    /// `true` or `false`.
    Bool,
    /// A string.
    Text,
    /// A whole number from the first to the second.
    Whole(i128, i128),
    /// A number that a double holds.
    Double,
    /// Any number.
    Number,
    /// An array of one type.
    List(Of),
    /// An object of any keys, with values of one type.
    Map(Of),
    /// `null`, or the other.
    Nullable(Of),
    /// What another type looks like.
    Same(Of),
    /// An array whose items are of a type each.
    Positions {
        /// The types by position.
        items: &'static [Of],
        /// How many of them are always there.
        required: usize,
        /// The type of what follows; nothing follows without it.
        rest: Option<Of>,
    },
    /// An object with members of a type each.
    Members(Members),
    /// Strings, of which these are known.
    Texts(&'static [&'static str]),
    /// Whole numbers, of which these are known.
    Integers(&'static [i64]),
    /// One of several.
    Union(Union),
}

/// A value that tells alternatives apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constant {
    /// A string.
    Text(Cow<'static, str>),
    /// A whole number.
    Integer(i64),
    /// A boolean.
    Bool(bool),
    /// Any other value of a tag, or none.
    Other,
}

impl Constant {
    /// A string.
    #[must_use]
    pub const fn text(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

/// A union: what tells its alternatives apart.
#[derive(Debug)]
pub struct Union {
    /// The property that names the alternative.
    pub tag: Option<&'static str>,
    /// The alternatives, in the order of the document.
    pub branches: &'static [Branch],
}

/// An alternative of a union.
#[derive(Debug)]
pub struct Branch {
    /// Values of the tag that mean this one.
    pub tags: &'static [Constant],
    /// What its values look like.
    pub of: Of,
}

/// The layout of an object: a line of text that generated code has, and what that says, read at the first use.
///
/// The text has a part for each field, with a space between two: `*` if the key is always there, `+` if it is always
/// written and may be absent from what is read, `~` if null is another thing than absent, `^` if a new value has the field set, `#` if it is secret; the name of the field; `=` and the key,
/// unless both are the same; `|` and a further key, for each; `!` and the only value, which begins with `"` if it is text.
/// A last part of `..` and a name is the field that keeps all other keys; `.` alone says that there are none. In keys and
/// values `%` and two hexadecimal digits stand for a byte.
#[derive(Debug)]
pub struct Members {
    text: &'static str,
    read: OnceLock<Read>,
}

/// What the text of [`Members`] says.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) members: Vec<Member>,
    /// The name of the field that keeps other keys.
    pub(super) extra: Option<&'static str>,
    /// Whether only the names of other keys may be shown.
    pub(super) is_extra_secret: bool,
    /// What the document says of all other keys.
    pub(super) rest: Rest,
    pub(super) has_aliases: bool,
    /// The places of the members that must be there.
    pub(super) musts: Vec<usize>,
    /// The places of the members and one more, by the hash of their keys: each stands at its own or the next free place, and
    /// half of the table is zero, which is no member.
    by_key: Vec<usize>,
}

/// A member of an object.
#[derive(Debug)]
pub(super) struct Member {
    /// What Rust calls it.
    pub(super) field: &'static str,
    /// Its name, and further names it is read from.
    pub(super) names: Vec<Cow<'static, str>>,
    /// The name as JSON, with a colon.
    pub(super) json: Box<str>,
    /// Whether it is always there, and always written.
    pub(super) required: bool,
    /// Whether an object without it is another type's.
    pub(super) must: bool,
    /// Whether null is another thing than absent.
    pub(super) three_states: bool,
    /// Whether a new value has it.
    pub(super) preset: bool,
    /// Whether its value is never shown.
    pub(super) secret: bool,
    /// What it looks like.
    pub(super) of: Of,
    /// The only value it may have, where there is one. Several may become more, and are not here.
    pub(super) only: Option<Constant>,
}

/// What an object may have beside its members.
#[derive(Debug)]
pub(super) enum Rest {
    /// Anything.
    Open,
    /// Nothing, says the document.
    Closed,
    /// Values of a type.
    Of(Of),
}

impl Members {
    /// The members that a text names.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self { text, read: OnceLock::new() }
    }

    /// Reads the text, with the types of the fields in their order. Only the first time counts.
    pub(super) fn read(&self, types: impl FnOnce() -> Vec<Of>) -> &Read {
        self.read.get_or_init(|| Read::of(self.text, &types()))
    }

    /// What the text says, if it was read.
    pub(super) fn get(&self) -> Option<&Read> {
        self.read.get()
    }
}

impl Read {
    fn of(text: &'static str, types: &[Of]) -> Self {
        let mut read = Self {
            members: Vec::with_capacity(types.len()),
            extra: None,
            is_extra_secret: false,
            rest: Rest::Open,
            has_aliases: false,
            musts: Vec::new(),
            by_key: Vec::new(),
        };
        for (part, of) in
            text.split(' ').filter(|part| !part.is_empty()).zip(types.iter().map(Some).chain(std::iter::repeat(None)))
        {
            match (part.strip_prefix(".."), of) {
                (Some(name), of) => {
                    read.is_extra_secret = name.starts_with('#');
                    read.extra = Some(name.trim_start_matches('#'));
                    if let Some(Layout::Map(of)) = of.map(|of| of())
                        && !matches!(of(), Layout::Any)
                    {
                        read.rest = Rest::Of(*of);
                    }
                }
                (None, Some(of)) if part != "." => read.members.push(Member::of(part, *of)),
                _ => read.rest = Rest::Closed,
            }
        }
        read.has_aliases = read.members.iter().any(|member| member.names.len() > 1);
        read.musts = read.members.iter().enumerate().filter(|(_, it)| it.must).map(|(place, _)| place).collect();
        read.by_key = vec![0; (read.members.len() * 2).next_power_of_two()];
        let mask = read.by_key.len() - 1;
        for (place, member) in read.members.iter().enumerate() {
            let mut at = hash(&member.names[0]) & mask;
            while read.by_key[at] != 0 {
                at = (at + 1) & mask;
            }
            read.by_key[at] = place + 1;
        }
        read
    }

    /// The place of a member by its key, which is probably that of the member at `next`.
    #[inline]
    pub(super) fn find(&self, key: &str, next: usize) -> Option<usize> {
        if self.members.get(next).is_some_and(|member| member.names[0] == key) {
            return Some(next);
        }
        let mask = self.by_key.len().wrapping_sub(1);
        let mut at = hash(key) & mask;
        // It ends: more places than members are zero.
        while let Some(place) = self.by_key.get(at).and_then(|place| place.checked_sub(1)) {
            if self.members.get(place).is_some_and(|member| member.names[0] == key) {
                return Some(place);
            }
            at = (at + 1) & mask;
        }
        None
    }
}

/// A number by which keys are told apart. It need not withstand keys that were made to collide: those of a layout do not
/// come from a server, and one that is not found is compared with a run of them at most.
fn hash(key: &str) -> usize {
    const ODD: u64 = 0x517c_c1b7_2722_0a95;
    let mut words = key.as_bytes().chunks_exact(8);
    let mut hash = key.len() as u64;
    for word in &mut words {
        let word = word.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        hash = (hash.rotate_left(5) ^ word).wrapping_mul(ODD);
    }
    let rest = words.remainder().iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    // The upper half is the mixed one.
    ((hash.rotate_left(5) ^ rest).wrapping_mul(ODD) >> 32) as usize
}

impl Member {
    fn of(part: &'static str, of: Of) -> Self {
        let name = part.trim_start_matches(['*', '+', '~', '^', '#']);
        let flags = &part[..part.len() - name.len()];
        let (name, only) = name.split_once('!').map_or((name, None), |(name, only)| (name, Some(only)));
        let mut names = name.split('|');
        let own = names.next().unwrap_or_default();
        let (field, own) = own.split_once('=').unwrap_or((own, own));
        let names: Vec<_> = std::iter::once(own).chain(names).map(decoded).collect();
        // A text can always be written as JSON.
        let json = format!("{}:", serde_json::to_string(&names[0]).unwrap_or_default()).into();
        let only = only.map(|only| match (only.strip_prefix('"'), only.parse()) {
            (Some(text), _) => Constant::Text(decoded(text)),
            (None, Ok(number)) => Constant::Integer(number),
            (None, Err(_)) => Constant::Bool(only == "true"),
        });
        let has = |flag| flags.contains::<char>(flag);
        Self {
            field,
            names,
            json,
            required: has('*') || has('+'),
            must: has('*'),
            three_states: has('~'),
            preset: has('^'),
            secret: has('#'),
            of,
            only,
        }
    }
}

/// Text in which `%` and two hexadecimal digits stand for a byte.
fn decoded(text: &'static str) -> Cow<'static, str> {
    if !text.contains('%') {
        return text.into();
    }
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        bytes.extend(u8::from_str_radix(digits, 16));
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}
