//! The layout of a type's values, as data.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The layout of a type, as a function, so that types can contain themselves.
pub type Of = fn() -> &'static Layout;

/// The layout of a type's values.
#[derive(Debug)]
pub enum Layout {
    /// Any value.
    Any,
    /// `true` or `false`.
    Bool,
    /// A string.
    Text,
    /// A whole number in this range, with both bounds.
    Whole(i128, i128),
    /// A number that a double represents.
    Double,
    /// Any number.
    Number,
    /// An array of one type.
    List(Of),
    /// An object with any keys, and values of one type.
    Map(Of),
    /// `null`, or the other type.
    Nullable(Of),
    /// The layout of another type.
    Same(Of),
    /// An array with a type for each position.
    Positions {
        /// The types by position.
        items: &'static [Of],
        /// The number of required items, which come first.
        required: usize,
        /// The type of further items; `None` if there may be none.
        rest: Option<Of>,
    },
    /// An object with a type for each member.
    Members(Members),
    /// Strings, with the known values.
    Texts(&'static [&'static str]),
    /// Whole numbers, with the known values.
    Integers(&'static [i64]),
    /// One of several types.
    Union(Union),
}

/// A value that selects an alternative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constant {
    /// A string.
    Text(Cow<'static, str>),
    /// A whole number.
    Integer(i64),
    /// A boolean.
    Bool(bool),
    /// Any other value of a tag.
    Other,
}

impl Constant {
    /// A string.
    #[must_use]
    pub const fn text(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

/// A union, and how its alternatives are distinguished.
#[derive(Debug)]
pub struct Union {
    /// The property that selects the alternative.
    pub tag: Option<&'static str>,
    /// The alternatives, in the order of the document.
    pub branches: &'static [Branch],
}

/// An alternative of a union.
#[derive(Debug)]
pub struct Branch {
    /// The values of the tag that select this one.
    pub tags: &'static [Constant],
    /// The keys that its values always have and that its layout does not name.
    pub keys: &'static [&'static str],
    /// The layout of its values.
    pub of: Of,
}

/// The layout of an object: a text in the generated code, which is parsed at the first use.
///
/// The text has a part for each field, separated by spaces. A part begins with flags: `*` if the key is always present,
/// `+` if it is always written but may be absent when it is read, `~` if null and absent differ, `^` if a new value has
/// the field set, `#` if it is secret. Then follow the name of the field; `=` and the key, unless both are equal; `|`
/// and a key, for each alias; `!` and the only value, which begins with `"` if it is a text. A last part with `..` and
/// a name is the field for all other keys. A last part `.` means that there are none. In keys and values `%` and two
/// hexadecimal digits represent a byte.
#[derive(Debug)]
pub struct Members {
    text: &'static str,
    read: OnceLock<Read>,
}

/// The parsed text of [`Members`].
#[derive(Debug)]
pub(super) struct Read {
    pub(super) members: Vec<Member>,
    /// The name of the field for other keys.
    pub(super) extra: Option<&'static str>,
    /// Whether only the names of other keys may be printed.
    pub(super) is_extra_secret: bool,
    /// The schema for other keys.
    pub(super) rest: Rest,
    pub(super) has_aliases: bool,
    /// The indexes of the members that must be present.
    pub(super) musts: Vec<usize>,
    /// The indexes of the members that a new value has set.
    pub(super) presets: Vec<usize>,
    /// A hash table by key of the members' indexes plus one. A member is in its own slot or the next free one. At least
    /// half of the slots are zero, which means free.
    by_key: Vec<usize>,
    /// One for the beginning of an object, and one for each member.
    keys: Vec<Key>,
    /// The names of all members as JSON, each with a colon.
    texts: Vec<u8>,
}

/// What is needed of a member for each object that is read or written. It is small, and apart from the rest, because
/// all of it is read again and again.
#[derive(Debug)]
pub(super) struct Key {
    /// The place in [`Read::texts`].
    start: u32,
    end: u32,
    /// The index of the member that came after this one in the objects that were read before. A service writes all
    /// objects of a type in one order, so most keys are compared with one text, and are not looked up. At first it is
    /// the order of the fields.
    next: AtomicU32,
    /// Whether it is always written.
    pub(super) required: bool,
    three_states: bool,
}

/// A member of an object.
#[derive(Debug)]
pub(super) struct Member {
    /// The field's name in Rust.
    pub(super) field: &'static str,
    /// The key, and its aliases.
    pub(super) names: Vec<Cow<'static, str>>,
    /// Whether it is always present, and always written.
    pub(super) required: bool,
    /// Whether an object without it is an error.
    pub(super) must: bool,
    /// Whether null and absent differ.
    three_states: bool,
    /// Whether a new value has it set.
    preset: bool,
    /// Whether its value is never printed.
    pub(super) secret: bool,
    /// The layout of its values.
    pub(super) of: Of,
    /// Its only allowed value, if there is one. Enums with several values are not listed, because they may grow.
    pub(super) only: Option<Constant>,
}

/// The keys that an object may have besides its members.
#[derive(Debug)]
pub(super) enum Rest {
    /// Any keys, with any values.
    Open,
    /// None, according to the document.
    Closed,
    /// Any keys, with values of this type.
    Of(Of),
}

impl Members {
    /// Members with this text, which is parsed at the first use.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self { text, read: OnceLock::new() }
    }

    /// Parses the text, with the types of the fields in order. Only the first call has an effect.
    pub(super) fn read(&self, types: fn() -> Vec<Of>) -> &Read {
        self.read.get_or_init(|| Read::of(self.text, &types()))
    }

    /// The parsed text, if it was parsed.
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
            presets: Vec::new(),
            by_key: Vec::new(),
            keys: Vec::new(),
            texts: Vec::new(),
        };
        for (part, of) in
            text.split(' ').filter(|part| !part.is_empty()).zip(types.iter().map(Some).chain(std::iter::repeat(None)))
        {
            match (part.strip_prefix(".."), of) {
                (Some(name), of) => {
                    read.is_extra_secret = name.starts_with('#');
                    read.extra = Some(name.trim_start_matches('#'));
                    // The layout of the values is not read here, because they may contain this type.
                    if let Some(Layout::Map(of)) = of.map(|of| of()) {
                        read.rest = Rest::Of(*of);
                    }
                }
                (None, Some(of)) if part != "." => read.members.push(Member::of(part, *of)),
                _ => read.rest = Rest::Closed,
            }
        }
        read.has_aliases = read.members.iter().any(|member| member.names.len() > 1);
        let places = |is: fn(&Member) -> bool| {
            let found = read.members.iter().enumerate().filter(|(_, member)| is(member));
            found.map(|(place, _)| place).collect()
        };
        // The names of a type have far less than 4 GB.
        let short = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        read.keys.push(Key { start: 0, end: 0, next: AtomicU32::new(0), required: false, three_states: false });
        for (place, member) in read.members.iter().enumerate() {
            let start = read.texts.len();
            // A text can always be serialized as JSON.
            read.texts.extend(serde_json::to_vec(&member.names[0]).unwrap_or_default());
            read.texts.push(b':');
            read.keys.push(Key {
                start: short(start),
                end: short(read.texts.len()),
                next: AtomicU32::new(short(place + 1)),
                required: member.required,
                three_states: member.three_states,
            });
        }
        (read.musts, read.presets) = (places(|member| member.must), places(|member| member.preset));
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

    /// The member that probably comes next, and its name as JSON with a colon. `after` is 0 for the first one, else the
    /// index of the last one plus one.
    #[inline]
    pub(super) fn expected(&self, after: usize) -> Option<(usize, &[u8])> {
        let place = self.keys.get(after)?.next.load(Ordering::Relaxed) as usize;
        Some((place, self.text(self.keys.get(place + 1)?)))
    }

    /// Records the member that came there instead.
    pub(super) fn expect(&self, after: usize, place: usize) {
        let Ok(place) = u32::try_from(place) else { return };
        // All threads share the order, so it is written only if it changes.
        if let Some(known) = self.keys.get(after)
            && known.next.load(Ordering::Relaxed) != place
        {
            known.next.store(place, Ordering::Relaxed);
        }
    }

    /// The keys of the members, in their order.
    pub(super) fn keys(&self) -> &[Key] {
        self.keys.get(1..).unwrap_or_default()
    }

    /// Whether null and absent differ for a member.
    #[inline]
    pub(super) fn has_three_states(&self, place: usize) -> bool {
        self.keys.get(place + 1).is_some_and(|key| key.three_states)
    }

    /// The name of a member as JSON, with a colon.
    #[inline]
    pub(super) fn text(&self, key: &Key) -> &[u8] {
        self.texts.get(key.start as usize..key.end as usize).unwrap_or_default()
    }

    /// The index of the member with a key.
    pub(super) fn find(&self, key: &str) -> Option<usize> {
        let mask = self.by_key.len().wrapping_sub(1);
        let mut at = hash(key) & mask;
        // The loop ends, because at least half of the slots are free.
        while let Some(place) = self.by_key.get(at).and_then(|place| place.checked_sub(1)) {
            if self.members.get(place).is_some_and(|member| member.names[0] == key) {
                return Some(place);
            }
            at = (at + 1) & mask;
        }
        None
    }
}

/// The hash of a key. It does not have to resist chosen keys: the keys of a layout do not come from a server, and an
/// unknown key is compared with at most one run of them.
fn hash(key: &str) -> usize {
    const ODD: u64 = 0x517c_c1b7_2722_0a95;
    let mut words = key.as_bytes().chunks_exact(8);
    let mut hash = key.len() as u64;
    for word in &mut words {
        let word = word.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        hash = (hash.rotate_left(5) ^ word).wrapping_mul(ODD);
    }
    let rest = words.remainder().iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    // The upper half is mixed best.
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
        let only = only.map(|only| match (only.strip_prefix('"'), only.parse()) {
            (Some(text), _) => Constant::Text(decoded(text)),
            (None, Ok(number)) => Constant::Integer(number),
            (None, Err(_)) => Constant::Bool(only == "true"),
        });
        let has = |flag| flags.contains::<char>(flag);
        Self {
            field,
            names,
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

/// A text in which `%` and two hexadecimal digits represent a byte.
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
