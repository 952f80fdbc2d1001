//! Selects the alternative of a union for a value, in time that is linear in the value.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ptr::from_ref;

use super::digits::{double, whole};
use super::layout::{Branch, Constant, Layout, Member, Read, Rest, Union};
use super::tree::Tree;

fn is(constant: &Constant, tree: &Tree<'_>) -> bool {
    match (constant, tree) {
        (Constant::Text(text), Tree::Text(value)) => text == value,
        (Constant::Integer(number), Tree::Number(digits)) => whole(digits) == Some(i128::from(*number)),
        (Constant::Bool(truth), Tree::Bool(value)) => truth == value,
        _ => false,
    }
}

/// Whether a value of the tag selects an alternative. Mappings contain all values as strings.
fn means(constant: &Constant, tree: &Tree<'_>) -> bool {
    is(constant, tree)
        || match (constant, tree) {
            (Constant::Text(text), Tree::Number(digits)) => {
                text == digits || whole(text).is_some_and(|it| whole(digits) == Some(it))
            }
            (Constant::Text(text), Tree::Bool(value)) => text.parse() == Ok(*value),
            _ => false,
        }
}

/// Results for a part of a value and a layout, by their addresses.
type Memory<T> = HashMap<(usize, usize), T, BuildHasherDefault<Addresses>>;

/// Hashes addresses, which no sender of a value can choose.
#[derive(Default)]
struct Addresses(u64);

impl Hasher for Addresses {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_usize(usize::from(*byte)));
    }

    fn write_usize(&mut self, address: usize) {
        self.0 = (self.0.rotate_left(26) ^ address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        // The table uses the lowest bits and the highest.
        self.0 ^ (self.0 >> 32)
    }
}

/// A measure of how much of a value a type does not declare: 0 if it declares every part by name.
type Doubt = u32;

/// A key that the type does not declare, beside what its value adds as a map of anything. So a type that declares the key
/// as such a map has less doubt, however many entries there are.
const STRANGE_KEY: Doubt = 4;
/// A key of a map whose values have a type.
const KEY_OF_MAP: Doubt = 2;
/// A value that may be anything.
const ANYTHING: Doubt = 1;
/// A null where another value is declared.
const STRANGE_NULL: Doubt = 4;
/// A value that is none of an enum's variants.
const STRANGE_VALUE: Doubt = 8;
/// A union of which no alternative fits.
const UNKNOWN: Doubt = 64;

/// Caches the results for the parts of a value while it is read, so that nothing is computed twice.
///
/// A union with a tag is decided by the tag. Without one, the layout of each alternative decides whether the value
/// fits, and how much of it is declared by name. The result for each part of the value is cached. So the work is at
/// most the number of parts times the number of the document's layouts, however deeply unions nest.
#[derive(Debug, Default)]
pub(super) struct Reader {
    fits: Memory<Option<Doubt>>,
    choices: Memory<Option<(usize, Doubt)>>,
    sizes: HashMap<usize, Doubt, BuildHasherDefault<Addresses>>,
    steps: usize,
}

impl Reader {
    /// The number of inspected parts so far, for the property tests.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// The index of the value's alternative, in the order of the document; `None` is `Unknown`.
    pub(super) fn choose(&mut self, layout: &'static Layout, tree: &Tree<'_>) -> Option<usize> {
        match layout {
            Layout::Union(union) => self.choice(union, tree).map(|(index, _)| index),
            _ => None,
        }
    }

    fn choice(&mut self, union: &'static Union, tree: &Tree<'_>) -> Option<(usize, Doubt)> {
        let key = (from_ref(tree).addr(), from_ref(union).addr());
        if let Some(known) = self.choices.get(&key) {
            return *known;
        }
        // A null tag selects no alternative.
        let tag = union.tag.and_then(|tag| tree.get(tag)).filter(|tag| !matches!(tag, Tree::Null));
        let by_value = |branch: &Branch| tag.is_some_and(|tag| branch.tags.iter().any(|it| means(it, tag)));
        let is_known = union.branches.iter().any(by_value);
        let named = |branch: &Branch| if is_known { by_value(branch) } else { branch.tags.contains(&Constant::Other) };
        let is_named = union.branches.iter().any(named);
        let mut best: Option<(usize, (Doubt, usize))> = None;
        for (index, branch) in union.branches.iter().enumerate() {
            self.steps += 1;
            // The tag's alternative is read even if the service has added members. If no branch has the value of the
            // tag, only branches without tag values remain.
            let doubt = match tag {
                _ if is_named && !named(branch) => None,
                Some(_) if !is_named && !branch.tags.is_empty() => None,
                _ => self.fit((branch.of)(), tree, Some(Top { named: is_named })),
            };
            // Documents often require keys that do not exist, so these only decide between branches that fit equally well.
            let missing = branch.keys.iter().filter(|key| tree.get(key).is_none()).count();
            if let Some(doubt) = doubt
                && best.is_none_or(|(_, least)| (doubt, missing) < least)
            {
                best = Some((index, (doubt, missing)));
            }
        }
        let best = best.map(|(index, (doubt, _))| (index, doubt));
        self.choices.insert(key, best);
        best
    }

    /// How well a value fits a layout; `None` if it does not fit. `top` is set for the alternatives of a union that is
    /// being decided.
    fn fit(&mut self, layout: &'static Layout, tree: &Tree<'_>, top: Option<Top>) -> Option<Doubt> {
        let is_large = matches!(tree, Tree::List(_) | Tree::Object(_));
        let key = (from_ref(tree).addr(), from_ref(layout).addr());
        if is_large
            && top.is_none()
            && let Some(known) = self.fits.get(&key)
        {
            return *known;
        }
        self.steps += 1;
        let doubt = self.weigh(layout, tree, top);
        if is_large && top.is_none() {
            self.fits.insert(key, doubt);
        }
        doubt
    }

    fn weigh(&mut self, layout: &'static Layout, tree: &Tree<'_>, top: Option<Top>) -> Option<Doubt> {
        match (layout, tree) {
            (Layout::Any, _) => Some(ANYTHING),
            (Layout::Nullable(_), Tree::Null) => Some(0),
            (Layout::Nullable(of) | Layout::Same(of), _) => self.fit(of(), tree, top),
            (Layout::Bool, Tree::Bool(_)) | (Layout::Text, Tree::Text(_)) | (Layout::Number, Tree::Number(_)) => {
                Some(0)
            }
            (Layout::Whole(least, most), Tree::Number(digits)) => {
                whole(digits).filter(|value| least <= value && value <= most).map(|_| 0)
            }
            (Layout::Double, Tree::Number(digits)) => double(digits).map(|_| 0),
            (Layout::Texts(known), Tree::Text(text)) => {
                Some(if known.contains(&text.as_ref()) { 0 } else { STRANGE_VALUE })
            }
            (Layout::Integers(known), Tree::Number(digits)) => {
                let value = i64::try_from(whole(digits)?).ok()?;
                Some(if known.contains(&value) { 0 } else { STRANGE_VALUE })
            }
            (Layout::List(of), Tree::List(items)) => self.all(items.iter().map(|item| (of(), item))),
            (Layout::Map(of), Tree::Object(entries)) => {
                let values = self.all(entries.iter().map(|(_, value)| (of(), value)))?;
                Some(values.saturating_add(count(entries.len()).saturating_mul(KEY_OF_MAP)))
            }
            (Layout::Positions { items: of, required, rest }, Tree::List(items)) => {
                if items.len() < *required || (rest.is_none() && items.len() > of.len()) {
                    return None;
                }
                let layouts = of.iter().copied().map(Some).chain(std::iter::repeat(*rest)).map_while(|of| of);
                self.all(layouts.map(|of| of()).zip(items))
            }
            (Layout::Members(members), Tree::Object(entries)) => self.members(members.get()?, entries, top),
            (Layout::Union(union), _) => match self.choice(union, tree) {
                Some((_, doubt)) => Some(doubt),
                // The tag selected this union, but no alternative of it.
                None if top.is_some_and(|top| !top.named) => None,
                None => Some(UNKNOWN),
            },
            _ => None,
        }
    }

    /// The doubt about the value of a key that the type does not declare.
    fn strange(&mut self, tree: &Tree<'_>) -> Doubt {
        STRANGE_KEY.saturating_add(self.size(tree))
    }

    /// The doubt about a value as a map, or a list, of anything.
    fn size(&mut self, tree: &Tree<'_>) -> Doubt {
        let key = from_ref(tree).addr();
        if let Some(known) = self.sizes.get(&key) {
            return *known;
        }
        self.steps += 1;
        let size = match tree {
            Tree::Object(entries) => entries
                .iter()
                .fold(ANYTHING, |sum, (_, value)| sum.saturating_add(KEY_OF_MAP).saturating_add(self.size(value))),
            Tree::List(items) => items.iter().fold(ANYTHING, |sum, item| sum.saturating_add(self.size(item))),
            Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => return ANYTHING,
        };
        self.sizes.insert(key, size);
        size
    }

    fn all<'a, 't: 'a>(&mut self, parts: impl Iterator<Item = (&'static Layout, &'a Tree<'t>)>) -> Option<Doubt> {
        let mut doubt: Doubt = 0;
        for (layout, tree) in parts {
            doubt = doubt.saturating_add(self.fit(layout, tree, None)?);
        }
        Some(doubt)
    }

    fn members(
        &mut self,
        object: &'static Read,
        entries: &[(Cow<'_, str>, Tree<'_>)],
        top: Option<Top>,
    ) -> Option<Doubt> {
        let places = Places::of(&object.members, entries);
        self.steps += object.members.len();
        let mut doubt: Doubt = 0;
        // Checks that need no recursion come first.
        for (member, place) in object.members.iter().zip(&places.of_member) {
            let value = place.map(|place| &entries[place].1);
            match (value, &member.only) {
                (None, _) if member.required => return None,
                (Some(value), Some(only)) if !is(only, value) && !matches!(value, Tree::Null) => match top {
                    Some(top) if !top.named => return None,
                    _ => doubt = doubt.saturating_add(STRANGE_VALUE),
                },
                _ => {}
            }
        }
        let named = top.is_some_and(|top| top.named);
        if matches!(object.rest, Rest::Closed) && !named && places.strangers().next().is_some() {
            return None;
        }
        for (member, place) in object.members.iter().zip(&places.of_member) {
            let Some(place) = place else { continue };
            let value = &entries[*place].1;
            let fit = match (value, (member.of)()) {
                (Tree::Null, layout) if !member.required => Some(self.fit(layout, value, None).unwrap_or(STRANGE_NULL)),
                (_, layout) => self.fit(layout, value, None),
            };
            doubt = doubt.saturating_add(fit?);
        }
        for place in places.strangers() {
            let more = match &object.rest {
                Rest::Of(of) => match of() {
                    Layout::Any => self.strange(&entries[place].1),
                    of => self.fit(of, &entries[place].1, None)?.saturating_add(KEY_OF_MAP),
                },
                Rest::Open | Rest::Closed => self.strange(&entries[place].1),
            };
            doubt = doubt.saturating_add(more);
        }
        Some(doubt)
    }
}

/// Requirements on an alternative itself, not on its parts.
#[derive(Clone, Copy)]
struct Top {
    /// Whether the tag selected it.
    named: bool,
}

/// The index of each member's entry in an object.
pub(super) struct Places {
    pub(super) of_member: Vec<Option<usize>>,
    taken: Vec<bool>,
}

impl Places {
    pub(super) fn of(members: &[Member], entries: &[(Cow<'_, str>, Tree<'_>)]) -> Self {
        let mut places = Self { of_member: Vec::with_capacity(members.len()), taken: vec![false; entries.len()] };
        // Services write members in the order of their documents.
        let mut next = 0;
        for member in members {
            let place = find(entries, &member.names, &mut next, &mut places.taken);
            places.of_member.push(place);
        }
        places
    }

    pub(super) fn strangers(&self) -> impl Iterator<Item = usize> + '_ {
        self.taken.iter().enumerate().filter(|(_, taken)| !**taken).map(|(place, _)| place)
    }
}

/// The index of a member's entry. An alias is used if the member's own name is absent or null. The search starts at
/// `next`.
fn find(
    entries: &[(Cow<'_, str>, Tree<'_>)],
    names: &[Cow<'_, str>],
    next: &mut usize,
    taken: &mut [bool],
) -> Option<usize> {
    let mut look = |name: &str| {
        let found = entries.get(*next).is_some_and(|(key, _)| key == name);
        let place = if found { Some(*next) } else { entries.iter().position(|(key, _)| key == name) };
        *next = place.map_or(*next, |place| place + 1);
        place
    };
    let (name, others) = names.split_first()?;
    let own = look(name);
    let is_there = own.is_some_and(|place| !matches!(entries[place].1, Tree::Null));
    let place = if is_there { own } else { others.iter().find_map(|name| look(name)).or(own) };
    for place in own.into_iter().chain(place) {
        taken[place] = true;
    }
    place
}

fn count(length: usize) -> Doubt {
    Doubt::try_from(length).unwrap_or(Doubt::MAX)
}
