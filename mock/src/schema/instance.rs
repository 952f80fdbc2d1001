//! Generates instances of a document's schemas: any value that the service may send, with a preference for unusual
//! values.
//!
//! A schema is combined with everything that it includes (`$ref`, `allOf`, one branch of each union) into a
//! [`Conjunction`]. A value has to satisfy all its parts. Other keywords (`not`, `if`, `contains`) are ignored here. The
//! check of the finished instance covers them.

use serde_json::{Map, Number, Value};

use super::check::UNHEARD_OF;
use super::compare::difference;
use super::document::{Document, View, array, component, object};
use super::kinds::{
    ANY, ARRAY, BOOLEAN, FRACTION, INTEGER, NULL, OBJECT, STRING, bounds, ceiling, fits, floor, integer_range, is_true,
    types_of,
};
use super::random::Random;
use super::text::{Limits, is_known, of_pattern, plain_text, text};

/// The largest depth of a schema's instance. serde_json does not read deeper than 128 either.
const DEEPEST: usize = 40;
/// The depth from which on an instance prefers short ends.
const DEEP: usize = 10;

/// The largest integer that a double and its neighbours represent exactly.
const EXACT: i128 = 9_007_199_254_740_991;

/// Keys that are unlikely in a schema.
const STRANGE_KEYS: [&str; 8] = ["", "extra", "ключ 漢字 🦀", "a.b/c~d", "x-unheard-of", "self", "r#type", "\"\\\n"];

type Schema<'a> = (&'a Value, View);

/// The remaining size of an instance.
#[derive(Clone, Copy)]
struct Room {
    depth: usize,
    nodes: usize,
}

impl Room {
    /// The share of one of this many children. With equal shares, the last child gets as much as the first.
    fn share(self, among: usize) -> Self {
        Self { depth: self.depth + 1, nodes: self.nodes.saturating_sub(1) / among.max(1) }
    }

    /// Whether the instance should end soon.
    fn tight(self) -> bool {
        self.nodes == 0 || self.depth > DEEP
    }
}

/// All schemas that a value has to satisfy.
#[derive(Default, Clone)]
struct Conjunction<'a> {
    parts: Vec<Schema<'a>>,
    /// The references that were followed. One that occurs again adds nothing.
    followed: Vec<&'a str>,
    /// The components among them.
    components: Vec<String>,
    /// The properties of discriminators, and their values.
    tags: Vec<(&'a str, String)>,
}

impl<'a> Conjunction<'a> {
    fn keyword<'s>(&'s self, key: &'s str) -> impl Iterator<Item = &'a Value> + 's {
        self.parts.iter().filter_map(move |(part, _)| part.get(key))
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.keyword(key).find_map(Value::as_str)
    }

    fn has(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.keyword(key).next().is_some())
    }

    /// The highest lower limit and the lowest upper limit of a size.
    fn sizes(&self, least: &str, most: &str) -> (usize, Option<usize>) {
        let size = |value: &Value| value.as_u64().and_then(|it| usize::try_from(it).ok());
        (self.keyword(least).filter_map(size).max().unwrap_or(0), self.keyword(most).filter_map(size).min())
    }

    /// The values of `const` and `enum` that all parts allow, if there are any.
    fn values(&self) -> Option<Vec<&'a Value>> {
        let lists = self.parts.iter().filter_map(|(part, _)| -> Option<Vec<&'a Value>> {
            match part.get("const") {
                Some(value) => Some(vec![value]),
                None => part.get("enum").and_then(Value::as_array).map(|values| values.iter().collect()),
            }
        });
        lists.reduce(|mut common, list| {
            common.retain(|value| list.contains(value));
            common
        })
    }

    fn patterns(&self) -> Vec<(&'a str, Schema<'a>)> {
        let mut found = Vec::new();
        for (part, view) in &self.parts {
            let patterns = object(part, "patternProperties").into_iter().flatten();
            found.extend(patterns.map(|(pattern, schema)| (pattern.as_str(), (schema, *view))));
        }
        found
    }

    fn types(&self) -> u8 {
        let listed = self.parts.iter().fold(ANY, |types, (part, _)| types & types_of(part));
        if listed != ANY {
            // A number with an integer format has no fraction.
            let whole = self.text("format").is_some_and(|format| integer_range(format).is_some());
            return if whole { listed & !FRACTION } else { listed };
        }
        let object = ["properties", "required", "additionalProperties", "patternProperties", "discriminator"];
        if self.has(&object) || self.has(&["minProperties", "propertyNames"]) {
            OBJECT
        } else if self.has(&["items", "prefixItems", "minItems", "uniqueItems"]) {
            ARRAY
        } else if self.has(&["pattern", "minLength", "maxLength", "contentEncoding"]) {
            STRING
        } else if self.has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) {
            INTEGER | FRACTION
        } else {
            ANY
        }
    }
}

/// Generates instances of the schemas of a document.
#[derive(Debug)]
pub struct Instances<'a> {
    document: &'a Document,
    random: Random,
    /// Whether the instances are plain: every documented property once, with readable values.
    plain: bool,
    /// For plain instances, the references that are being followed, so that an instance does not contain itself.
    open: Vec<&'a str>,
}

impl<'a> Instances<'a> {
    /// The instances for a seed.
    #[must_use]
    pub fn new(document: &'a Document, random: Random) -> Self {
        Self { document, random, plain: false, open: Vec::new() }
    }

    /// Readable instances, which are always the same: every documented property, and one item in each list.
    #[must_use]
    pub fn plain(document: &'a Document) -> Self {
        Self { document, random: Random::new(0), plain: true, open: Vec::new() }
    }

    /// An instance of the schema at a pointer; `None` if this attempt failed.
    pub fn make(&mut self, pointer: &str, view: View) -> Option<Value> {
        let schema = self.document.root().pointer(pointer)?;
        let nodes = if self.plain { 5000 } else { [0, 8, 40, 200].get(self.random.below(4)).copied()? };
        let mut all = Conjunction::default();
        all.components.extend(component(pointer));
        self.instance(&[(schema, view)], Room { depth: 0, nodes }, all)
    }

    fn value(&mut self, schemas: &[Schema<'a>], room: Room) -> Option<Value> {
        self.instance(schemas, room, Conjunction::default())
    }

    fn instance(&mut self, schemas: &[Schema<'a>], room: Room, mut all: Conjunction<'a>) -> Option<Value> {
        if room.depth > DEEPEST {
            return None;
        }
        // Beside `$ref` or `allOf`, `nullable` applies to the whole.
        if schemas.iter().all(|(schema, _)| is_true(schema, "nullable")) && (room.tight() || self.now_and_then()) {
            return Some(Value::Null);
        }
        for schema in schemas {
            self.join(*schema, room, &mut all)?;
        }
        let outside = self.open.len();
        if self.plain {
            self.open.extend(&all.followed);
        }
        let made = self.joined(&all, room);
        self.open.truncate(outside);
        made
    }

    /// True once in a few calls, and never for plain instances.
    fn now_and_then(&mut self) -> bool {
        !self.plain && self.random.once_in(6)
    }

    fn joined(&mut self, all: &Conjunction<'a>, room: Room) -> Option<Value> {
        let types = all.types();
        if let Some(values) = all.values() {
            let values: Vec<&Value> = values.into_iter().filter(|value| fits(value, types)).collect();
            if self.plain {
                let something = values.iter().find(|value| !value.is_null()).or_else(|| values.first());
                return something.map(|value| (*value).clone());
            }
            let picked = self.random.pick(&values).copied()?;
            return Some(match picked {
                Value::String(text) if !all.has(&["const"]) && self.random.once_in(16) => {
                    format!("{UNHEARD_OF}{text}").into()
                }
                other => other.clone(),
            });
        }
        if types == ANY {
            if self.plain {
                return Some("x".into());
            }
            return Some(self.anything(if room.tight() { 0 } else { 2 }));
        }
        let mut possible: Vec<u8> = (0..7).map(|bit| 1_u8 << bit).filter(|bit| types & bit != 0).collect();
        if self.plain {
            possible.retain(|kind| *kind != NULL || types == NULL);
            // An integer is often confused with a number, so a number is made if it is possible.
            possible.retain(|kind| *kind != INTEGER || types & FRACTION == 0);
            possible.truncate(1);
        } else if room.tight() {
            possible.truncate(1);
        } else if possible.len() > 1 && possible[0] == NULL && !self.random.once_in(6) {
            possible.remove(0);
        }
        match self.random.pick(&possible).copied()? {
            NULL => Some(Value::Null),
            BOOLEAN => Some(self.random.once_in(2).into()),
            STRING => self.text(all).map(Value::String),
            INTEGER => self.integer(all, types & FRACTION != 0),
            FRACTION => self.fraction(all),
            ARRAY => self.array(all, room),
            _ => self.object(all, room),
        }
    }

    /// Adds a schema to a conjunction, with everything that it refers to and one branch of each union.
    fn join(&mut self, (schema, view): Schema<'a>, room: Room, all: &mut Conjunction<'a>) -> Option<()> {
        match schema {
            Value::Bool(allowed) => return allowed.then_some(()),
            Value::Object(_) => all.parts.push((schema, view)),
            _ => return None,
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
            && !all.followed.contains(&reference)
        {
            if self.open.contains(&reference) {
                return None;
            }
            all.followed.push(reference);
            let (target, component) = self.document.target(reference)?;
            let view = component.as_deref().map_or(view, |component| self.document.view(component, view));
            all.components.extend(component);
            self.join((target, view), room, all)?;
        }
        let before = all.components.clone();
        for part in array(schema, "allOf") {
            self.join((part, view), room, all)?;
        }
        let mut chosen = None;
        for branches in [array(schema, "oneOf"), array(schema, "anyOf")] {
            if self.plain {
                chosen = self.first(branches, view, room, all)?.or(chosen);
                continue;
            }
            let branch = if room.tight() {
                branches.iter().min_by_key(|branch| self.cost(branch, 6))
            } else {
                self.random.pick(branches)
            };
            if let Some(branch) = branch {
                chosen = branch.get("$ref").and_then(Value::as_str).and_then(|it| self.document.target(it)?.1);
                self.join((branch, view), room, all)?;
            }
        }
        self.tag(schema, chosen, &before, all);
        Some(())
    }

    /// Adds the first branch that is possible and finite. Returns its component.
    fn first(
        &mut self,
        branches: &'a [Value],
        view: View,
        room: Room,
        all: &mut Conjunction<'a>,
    ) -> Option<Option<String>> {
        let something = |branch: &&Value| branch.get("type").is_none_or(|kind| *kind != "null" && !kind.is_null());
        for branch in branches.iter().filter(something).chain(branches.iter().filter(|it| !something(it))) {
            let mut attempt = all.clone();
            if self.join((branch, view), room, &mut attempt).is_some() {
                *all = attempt;
                let target = branch.get("$ref").and_then(Value::as_str).and_then(|it| self.document.target(it));
                return Some(target.and_then(|(_, component)| component));
            }
        }
        branches.is_empty().then_some(None)
    }

    /// Adds the discriminator's value for the selected branch, or for the component whose parent this one is.
    fn tag(&mut self, schema: &'a Value, chosen: Option<String>, outer: &[String], all: &mut Conjunction<'a>) {
        let Some(discriminator) = schema.get("discriminator") else { return };
        let Some(property) = discriminator.get("propertyName").and_then(Value::as_str) else { return };
        let mapping = object(discriminator, "mapping");
        let names = |target: &Value, name: &str| {
            let target = target.as_str().unwrap_or_default();
            target == name || target.strip_prefix("#/components/schemas/") == Some(name)
        };
        let mapped = |name: &String| {
            let values = mapping.into_iter().flatten().filter(|(_, target)| names(target, name));
            values.map(|(value, _)| value.clone()).collect::<Vec<_>>()
        };
        let is_union = schema.get("oneOf").is_some() || schema.get("anyOf").is_some();
        let values = match chosen {
            Some(name) => Some(mapped(&name)).filter(|values| !values.is_empty()).unwrap_or_else(|| vec![name]),
            None if is_union => Vec::new(),
            None => outer.iter().map(mapped).find(|values| !values.is_empty()).unwrap_or_default(),
        };
        let value = self.random.pick(&values).cloned();
        all.tags.extend(value.map(|value| (property, value)));
    }

    /// The depth of a schema's smallest instance.
    fn cost(&self, schema: &Value, fuel: usize) -> usize {
        let Some(fuel) = fuel.checked_sub(1) else { return 1000 };
        let reference = schema.get("$ref").and_then(Value::as_str).and_then(|it| self.document.target(it));
        let parts = reference.map(|(target, _)| target).into_iter().chain(array(schema, "allOf"));
        let mut cost = parts.map(|part| 1 + self.cost(part, fuel)).max().unwrap_or(0);
        for branches in [array(schema, "oneOf"), array(schema, "anyOf")] {
            cost = cost.max(branches.iter().map(|branch| self.cost(branch, fuel)).min().unwrap_or(0));
        }
        let required = array(schema, "required").iter().filter_map(Value::as_str);
        let properties = required.filter_map(|name| schema.get("properties")?.get(name));
        let items = schema.get("items").filter(|_| schema.get("minItems").is_some_and(|it| *it != 0));
        let inner = properties.chain(items).map(|inner| 1 + self.cost(inner, fuel)).max().unwrap_or(0);
        cost.max(inner)
    }

    fn object(&mut self, all: &Conjunction<'a>, room: Room) -> Option<Value> {
        let mut properties: Vec<(&'a String, Vec<Schema<'a>>)> = Vec::new();
        for (part, view) in &all.parts {
            for (name, schema) in object(part, "properties").into_iter().flatten() {
                match properties.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, schemas)) => schemas.push((schema, *view)),
                    None => properties.push((name, vec![(schema, *view)])),
                }
            }
        }
        let required: Vec<&str> =
            all.keyword("required").filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect();
        let (least, most) = all.sizes("minProperties", "maxProperties");
        let mut made = Map::new();

        let closed: Vec<&Value> = all
            .parts
            .iter()
            .map(|(part, _)| *part)
            .filter(|part| part.get("additionalProperties") == Some(&Value::Bool(false)))
            .collect();
        let allowed = |name: &str| {
            closed.iter().all(|part| {
                part.get("patternProperties").is_some()
                    || part.get("properties").is_some_and(|it| it.get(name).is_some())
            })
        };
        let wanted: Vec<&(&String, Vec<Schema<'a>>)> = properties
            .iter()
            .filter(|(_, schemas)| !schemas.iter().any(|(schema, view)| is_true(schema, view.hidden())))
            .filter(|(name, _)| {
                let mut some = || self.plain || self.random.once_in(2);
                required.contains(&name.as_str()) || (!room.tight() && allowed(name) && some())
            })
            .collect();
        let share = room.share(wanted.len() + 2);
        for (name, schemas) in wanted {
            let needed = required.contains(&name.as_str());
            if !needed && most.is_some_and(|most| made.len() >= most) {
                continue;
            }
            match self.value(schemas, share) {
                Some(value) => drop(made.insert((*name).clone(), value)),
                None if needed => return None,
                None => {}
            }
        }
        for (property, value) in &all.tags {
            let Some((_, schemas)) = properties.iter().find(|(name, _)| name == property) else {
                // A discriminator is a property of the value, even if its schema does not name it.
                if allowed(property) {
                    made.insert((*property).to_owned(), Value::from(value.as_str()));
                }
                continue;
            };
            // If the schema declares values for the property, one of those is used.
            let mut own = Conjunction::default();
            let joined = schemas.iter().try_for_each(|schema| self.join(*schema, share, &mut own));
            let text = Value::from(value.as_str());
            // A mapping contains its values as strings, whatever their types are.
            let other = serde_json::from_str(value).unwrap_or_else(|_| text.clone());
            let tag = if own.types() & STRING == 0 { other } else { text };
            let equal = |value: &&Value| **value == tag || (value.is_f64() && value.as_f64() == tag.as_f64());
            if joined.is_some() && own.values().is_none_or(|values| values.iter().any(equal)) {
                made.insert((*property).to_owned(), tag);
            }
        }

        for (pattern, schema) in all.patterns() {
            let key = of_pattern(&mut self.random, pattern, |_| true).filter(|key| !named(&properties, key));
            if !room.tight()
                && !self.plain
                && self.random.once_in(2)
                && let (Some(key), Some(value)) = (key, self.value(&[schema], share))
            {
                made.insert(key, value);
            }
        }
        let unnamed = required.iter().filter(|name| !named(&properties, name)).map(|name| (*name).to_owned());
        let unnamed: Vec<String> = unnamed.collect();
        let is_closed = !closed.is_empty() || all.keyword("unevaluatedProperties").any(|it| *it == Value::Bool(false));
        let more = match (room.tight() || is_closed, properties.is_empty()) {
            (true, _) => 0,
            (false, _) if self.plain => usize::from(properties.is_empty() && all.has(&["additionalProperties"])),
            (false, true) => self.random.below(4),
            (false, false) => self.random.below(3).saturating_sub(self.random.below(3)),
        };
        let rest: Vec<Schema<'a>> = all
            .parts
            .iter()
            .filter_map(|(part, view)| {
                let rest = part.get("additionalProperties").or_else(|| part.get("unevaluatedProperties"));
                rest.filter(|it| it.is_object()).map(|it| (it, *view))
            })
            .collect();
        let names: Vec<Schema<'a>> =
            all.parts.iter().filter_map(|(part, view)| part.get("propertyNames").map(|it| (it, *view))).collect();
        let target = (made.len() + more).min(most.unwrap_or(usize::MAX)).max(least);
        // A key may repeat, or have its own schema.
        for attempt in 0..unnamed.len() + 2 * target {
            let needed = unnamed.get(attempt);
            if needed.is_none() && made.len() >= target {
                break;
            }
            let key = match needed {
                Some(name) => name.clone(),
                None if names.is_empty() => self.strange_key(),
                None => self.value(&names, share)?.as_str()?.to_owned(),
            };
            if named(&properties, &key) || made.contains_key(&key) {
                continue;
            }
            let value = if rest.is_empty() { Some(self.anything(1)) } else { self.value(&rest, share) };
            made.extend(value.map(|value| (key, value)));
        }
        Some(Value::Object(made))
    }

    fn strange_key(&mut self) -> String {
        if self.plain {
            return format!("key{}", self.random.below(1000));
        }
        match self.random.pick(&STRANGE_KEYS) {
            Some(key) if self.random.once_in(2) => (*key).to_owned(),
            _ => format!("unnamed{}", self.random.below(1000)),
        }
    }

    fn array(&mut self, all: &Conjunction<'a>, room: Room) -> Option<Value> {
        let (least, most) = all.sizes("minItems", "maxItems");
        let prefix = |part: &'a Value| part.get("prefixItems").or_else(|| part.get("items")).and_then(Value::as_array);
        let prefixed = all.parts.iter().filter_map(|(part, _)| prefix(part)).map(Vec::len).max().unwrap_or(0);
        let more = match (room.tight(), self.plain) {
            (true, _) => 0,
            (false, true) => prefixed.max(1),
            (false, false) => self.random.below(prefixed + 4),
        };
        let length = more.max(least).min(most.unwrap_or(usize::MAX));
        // A failure with thousands of items would not be readable.
        if length > 1000 {
            return None;
        }
        let unique = all.keyword("uniqueItems").any(|it| *it == Value::Bool(true));
        let share = room.share(length);
        let mut made: Vec<Value> = Vec::new();
        for _ in 0..4 * length {
            if made.len() == length {
                break;
            }
            let here = |(part, view): &Schema<'a>| {
                let own = prefix(part).and_then(|items| items.get(made.len()));
                let rest = match part.get("items") {
                    Some(Value::Array(_)) => part.get("additionalItems"),
                    items => items,
                };
                own.or(rest).map(|schema| (schema, *view))
            };
            let schemas: Vec<Schema<'a>> = all.parts.iter().filter_map(here).collect();
            let item = if schemas.is_empty() { Some(self.anything(1)) } else { self.value(&schemas, share) };
            match item {
                Some(item) if unique && made.iter().any(|other| difference(other, &item).is_none()) => {}
                Some(item) => made.push(item),
                None => break,
            }
        }
        (made.len() >= least).then_some(Value::Array(made))
    }

    fn text(&mut self, all: &Conjunction<'a>) -> Option<String> {
        let (shortest, longest) = all.sizes("minLength", "maxLength");
        let examples = all.keyword("examples").filter_map(Value::as_array).flatten();
        let given = all.keyword("example").chain(all.keyword("default")).chain(examples).filter_map(Value::as_str);
        let (format, pattern) = (all.text("format"), all.text("pattern"));
        let format = format.or(all.text("contentEncoding"));
        if self.plain && pattern.is_none_or(|pattern| !is_known(pattern)) {
            return Some(plain_text(format, shortest, longest));
        }
        text(&mut self.random, &Limits { format, pattern, shortest, longest, given: given.collect() })
    }

    /// `any_number` means that the schema is for numbers, so a double has to represent the integer.
    fn integer(&mut self, all: &Conjunction<'a>, any_number: bool) -> Option<Value> {
        let given = all.text("format").and_then(integer_range);
        let beyond = |key: &str| all.keyword(key).any(|it| it.as_f64().is_some_and(|it| it > i64::MAX as f64));
        let (mut low, mut high) = match given {
            Some(range) => range,
            None if any_number => (-EXACT, EXACT),
            None if beyond("maximum") || beyond("exclusiveMaximum") => (i64::MIN.into(), u64::MAX.into()),
            None => (i64::MIN.into(), i64::MAX.into()),
        };
        for (part, _) in &all.parts {
            let (least, strictly_above, most, strictly_below) = bounds(part);
            low = least.and_then(ceiling).map_or(low, |it| it.max(low));
            low = strictly_above.and_then(floor).map_or(low, |it| low.max(it + 1));
            high = most.and_then(floor).map_or(high, |it| it.min(high));
            high = strictly_below.and_then(ceiling).map_or(high, |it| high.min(it - 1));
        }
        let steps = all.keyword("multipleOf").filter_map(Value::as_number).filter_map(floor).filter(|it| *it > 0);
        let step = steps.max().unwrap_or(1);
        if low > high {
            return None;
        }
        if self.plain {
            let least = low.max(1).min(high);
            let up = least + (step - least.rem_euclid(step)).rem_euclid(step);
            let value = if up <= high { up } else { least - least.rem_euclid(step) };
            return i64::try_from(value).ok().filter(|it| i128::from(*it) >= low).map(Value::from);
        }
        let near = (low.max(-1000), high.min(1000));
        let picked = match self.random.below(8) {
            0 => low,
            1 => high,
            2 => 0,
            3 => -1,
            4 if near.0 <= near.1 => self.random.between(near.0, near.1),
            _ => self.random.between(low, high),
        };
        let mut value = picked.clamp(low, high);
        value -= value.rem_euclid(step);
        if value < low {
            value += step;
        }
        let number = i64::try_from(value).map(Number::from).or_else(|_| u64::try_from(value).map(Number::from));
        number.ok().filter(|_| value <= high).map(Value::Number)
    }

    fn fraction(&mut self, all: &Conjunction<'a>) -> Option<Value> {
        let limits = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
        if self.plain && !all.has(&limits) {
            return Some(1.5.into());
        }
        let widest = if all.text("format") == Some("float") { f64::from(f32::MAX) } else { f64::MAX };
        let (mut low, mut high) = (-widest, widest);
        let mut strict: Vec<f64> = Vec::new();
        for (part, _) in &all.parts {
            let (least, strictly_above, most, strictly_below) = bounds(part);
            let double = |number: Option<&Number>| number.and_then(Number::as_f64);
            low = [double(least), double(strictly_above)].into_iter().flatten().fold(low, f64::max);
            high = [double(most), double(strictly_below)].into_iter().flatten().fold(high, f64::min);
            strict.extend([double(strictly_above), double(strictly_below)].into_iter().flatten());
        }
        let step = all.keyword("multipleOf").find_map(Value::as_f64).filter(|it| *it > 0.0);
        if let Some(step) = step {
            let first = if low.abs() < 1e15 { (low / step).ceil() } else { -10.0 };
            let value = (first + self.random.below(20) as f64) * step;
            return (value <= high).then_some(value).and_then(Number::from_f64).map(Value::Number);
        }
        let pool =
            [0.5, -0.1, 0.0, -0.0, 1.0, 1e-7, 123_456.789, -1.5e10, 1e300, f64::MAX, f64::MIN, 5e-324, low, high];
        let within = |value: &f64| low <= *value && *value <= high && !strict.contains(value);
        let fitting: Vec<f64> = pool.into_iter().filter(within).collect();
        let between = low + (high - low) * self.random.fraction();
        let value = match self.random.pick(&fitting) {
            Some(value) if !between.is_finite() || self.random.once_in(2) => *value,
            _ => between,
        };
        Number::from_f64(value).map(Value::Number)
    }

    /// Any JSON value up to this depth.
    fn anything(&mut self, depth: usize) -> Value {
        let kinds = if depth == 0 { 6 } else { 8 };
        match self.random.below(kinds) {
            0 => Value::Null,
            1 => self.random.once_in(2).into(),
            2 => self.random.pick(&[0, -1, i64::MAX, i64::MIN, 9_007_199_254_740_993]).copied().into(),
            3 => self.random.pick(&[0.1, -1e-9, 1e300, 2.0_f64]).copied().into(),
            4 => u64::MAX.into(),
            5 => text(&mut self.random, &Limits::default()).into(),
            6 => (0..self.random.below(4)).map(|_| self.anything(depth - 1)).collect(),
            _ => (0..self.random.below(4)).map(|_| (self.strange_key(), self.anything(depth - 1))).collect(),
        }
    }
}

fn named(properties: &[(&String, Vec<Schema<'_>>)], key: &str) -> bool {
    properties.iter().any(|(name, _)| *name == key)
}
