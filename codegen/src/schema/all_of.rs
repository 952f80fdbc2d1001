//! Flattens `allOf` into one schema that has the keywords of all its parts.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::branches::{Union, absorb_union, keep_union};
use super::constraints::{absorb_further, beyond, constrain, forbid, intersect, lost_additional, unmerged};
use super::equal::same;
use super::model::{Additional, Annotations, JsonType, Model, Schema, SchemaId, Torn};
use crate::document::{Node, Value};

impl Model {
    /// Follows the references of a schema, and flattens its `allOf`.
    pub(crate) fn resolved(&self, id: SchemaId) -> SchemaId {
        let id = self.target(id);
        if self.get(id).all_of.is_some() { self.flatten(id) } else { id }
    }

    /// Reads the schema that [`Model::resolved`] returns.
    pub(crate) fn read_resolved(&self, id: SchemaId) -> Rc<Schema> {
        self.get(self.resolved(id))
    }

    /// The schema that allows the values that both schemas allow.
    pub(crate) fn narrowed(&self, one: SchemaId, other: SchemaId) -> SchemaId {
        both(self, one, other)
    }

    /// The part of an `allOf` that the schema is another name for: the only part that says something, or a parent that
    /// is a union, if nothing beside it adds to it.
    pub(crate) fn only_part(&self, id: SchemaId) -> Option<SchemaId> {
        let schema = self.get(id);
        if let Some(part) = self.only_parent(id, &schema) {
            return Some(part);
        }
        let parts = schema.all_of.as_ref().filter(|_| schema.is_only_all_of())?;
        let mut telling = parts.iter().filter(|part| !self.get(**part).only_describes());
        let only = telling.next().copied().filter(|_| telling.next().is_none())?;
        (!self.is_child(id, only)).then_some(only)
    }

    /// Merges a schema and its `allOf` into one schema. A reference that closes a cycle of parents is skipped, because
    /// it adds nothing.
    pub(crate) fn flatten(&self, id: SchemaId) -> SchemaId {
        if let Some(flat) = self.flat.borrow().get(&id) {
            return *flat;
        }
        let mut merged = Schema::any(&self.get(id).span);
        // With nothing else, the only part is the schema itself under another name.
        let alone = self.only_part(id).is_some();
        let mut parents = Parents { model: self, child: id, alone, open: BTreeSet::new(), flat: HashMap::new() };
        parents.gather(&mut merged, id);
        if merged.annotations.torn == Some(Torn::Types) {
            // Nothing is merged.
            merged.also = BTreeSet::from([id]);
        }
        let flat = self.add(merged);
        self.flat.borrow_mut().insert(id, flat);
        flat
    }
}

struct Parents<'a> {
    model: &'a Model,
    /// The schema that is being flattened.
    child: SchemaId,
    /// Whether it has one part and adds nothing to it.
    alone: bool,
    /// The parents that are being flattened. A reference to one of them closes a cycle and is skipped.
    open: BTreeSet<SchemaId>,
    /// The parents that are already flattened. Each is flattened once, even if several references lead to it.
    flat: HashMap<SchemaId, Rc<Schema>>,
}

/// The maximum length of a chain of parents. The longest chain in real documents is less than a tenth of it.
const MOST_PARENTS: usize = 200;

impl Parents<'_> {
    /// Whether the branches of a union lead, through references and nested unions only, to the child or to a parent
    /// that is being flattened. Such a union is a parent's list of its children. It adds nothing to the child.
    fn is_listed(&self, union: &[SchemaId]) -> bool {
        let mut queue = union.to_vec();
        let mut seen = BTreeSet::new();
        while let Some(branch) = queue.pop() {
            let branch = self.model.get(branch);
            if let Some(target) = branch.reference {
                if self.open.contains(&target) || self.is_child(target) {
                    return true;
                }
                if seen.insert(target) {
                    queue.push(target);
                }
            }
            queue.extend(branch.branches());
        }
        false
    }

    /// Whether a component is the child, or the child is a copy of it.
    fn is_child(&self, component: SchemaId) -> bool {
        let span = |id: SchemaId| self.model.get(id).span.identity();
        span(component) == span(self.child) && same((self.model, component), (self.model, self.child))
    }

    fn gather(&mut self, merged: &mut Schema, id: SchemaId) {
        let model = self.model;
        let schema = model.get(id);
        let Some(target) = schema.reference else {
            for part in schema.all_of.iter().flatten() {
                self.gather(merged, *part);
            }
            return absorb(model, merged, &schema);
        };
        let target = if self.alone && self.open.is_empty() { target } else { model.own_of(target) };
        if let Some(flat) = self.flat.get(&target) {
            return absorb(model, merged, &Rc::clone(flat));
        }
        if self.open.len() < MOST_PARENTS && self.open.insert(target) {
            let mut parent = Schema::any(&model.get(target).span);
            self.gather(&mut parent, target);
            self.open.remove(&target);
            // The child does not inherit a parent's name, its descriptions, or its list of children.
            parent.annotations = Annotations::default();
            parent.nullable = None;
            parent.discriminator = None;
            // It applies to the properties of the parent only, which the child has more than.
            parent.further.shift_remove("unevaluatedProperties");
            parent.one_of = parent.one_of.filter(|union| !self.is_listed(union));
            parent.any_of = parent.any_of.filter(|union| !self.is_listed(union));
            absorb(model, merged, &parent);
            self.flat.insert(target, Rc::new(parent));
        }
    }
}

/// Takes the value of the later part, if it has one.
fn take<T: Clone>(merged: &mut Option<T>, part: &Option<T>) {
    if part.is_some() {
        merged.clone_from(part);
    }
}

/// Takes the other value if there is none yet.
fn fill<T: Clone>(kept: &mut Option<T>, other: &Option<T>) {
    if kept.is_none() {
        kept.clone_from(other);
    }
}

/// Adds the names of required properties.
fn require(merged: &mut Schema, required: &[String]) {
    for name in required {
        if !merged.required.contains(name) {
            merged.required.push(name.clone());
        }
    }
}

/// Merges the `additionalProperties` of two parts. `more` is from the later part.
fn open(model: &Model, have: Additional, more: Additional) -> Additional {
    match (have, more) {
        (have, Additional::Unsaid) => have,
        (Additional::Schema(mine), Additional::Schema(theirs)) => Additional::Schema(both(model, mine, theirs)),
        (Additional::Unsaid, more) | (_, more @ Additional::Schema(_)) => more,
        // Each part describes some properties of the same object, so a closed part and an open part make an open
        // object.
        (have @ Additional::Schema(_), _) => have,
        (Additional::Closed, Additional::Closed) => Additional::Closed,
        (Additional::Any | Additional::Closed, Additional::Any | Additional::Closed) => Additional::Any,
    }
}

/// Merges the `additionalProperties` of a later part.
fn add_additional(model: &Model, merged: &mut Schema, more: Additional) {
    let have = merged.additional;
    merged.additional = open(model, have, more);
    if merged.additional != Additional::Closed && [have, more].contains(&Additional::Closed) {
        merged.also.insert(model.add(Schema { additional: Additional::Closed, ..Schema::any(&merged.span) }));
    }
}

/// Takes the format of the later part, if it has one.
fn take_format(model: &Model, merged: &mut Schema, format: &Option<String>) {
    if format.is_some() && merged.format.is_some() && merged.format != *format {
        let lost = Schema { format: merged.format.clone(), ..Schema::any(&merged.span) };
        merged.also.insert(model.add(lost));
    }
    take(&mut merged.format, format);
}

/// Merges the keywords of a part, except its `allOf`.
fn absorb(model: &Model, merged: &mut Schema, part: &Schema) {
    let Schema {
        span: _,
        // The caller has followed the reference and merged the parts of `allOf`.
        reference: _,
        all_of: _,
        ty,
        format,
        values,
        properties,
        required,
        additional,
        items,
        prefix,
        rest,
        content,
        one_of,
        any_of,
        not,
        discriminator,
        nullable,
        read_only,
        write_only,
        default,
        xml,
        limits,
        further,
        also,
        annotations,
    } = part;
    if merged.annotations.torn == Some(Torn::Types) {
        return absorb_annotations(&mut merged.annotations, annotations);
    }
    match (merged.ty, *ty) {
        (Some(JsonType::Number), Some(JsonType::Integer)) | (None, Some(_)) => merged.ty = *ty,
        (Some(have), Some(more)) if have != more && (have, more) != (JsonType::Integer, JsonType::Number) => {
            // No value has both types. Any value is accepted, so that nothing is lost.
            let mut torn = Schema { nullable: merged.nullable, ..Schema::any(&merged.span) };
            std::mem::swap(&mut torn.annotations, &mut merged.annotations);
            torn.annotations.torn = Some(Torn::Types);
            *merged = torn;
            return absorb_annotations(&mut merged.annotations, annotations);
        }
        _ => {}
    }
    match (&mut merged.values, values) {
        (Some(have), Some(more)) => {
            // Of two spellings of a number, that of an integer is kept.
            let is_whole = |value: &Node| matches!(&value.value, Value::Number(number) if number.is_i64());
            let kept = have.iter().filter_map(|value| {
                let other = more.iter().find(|other| other.is_same_value(value))?;
                Some(if is_whole(other) { other } else { value }.clone())
            });
            let kept: Vec<_> = kept.collect();
            // An empty intersection is a mistake in the document. In practice, the later part is the intended one.
            *have = if kept.is_empty() {
                merged.annotations.torn = Some(Torn::Values);
                more.clone()
            } else {
                kept
            };
        }
        (have, more) => take(have, more),
    }
    match (&mut merged.properties, properties) {
        (Some(have), Some(more)) => {
            for (name, property) in more {
                match have.get_mut(name) {
                    Some(mine) => *mine = both(model, *mine, *property),
                    None => drop(have.insert(name.clone(), *property)),
                }
            }
        }
        (have, more) => take(have, more),
    }
    require(merged, required);
    add_additional(model, merged, *additional);
    // By the specifications, null is allowed only if each part with a type allows it. Real documents write `nullable` in
    // one part and mean the whole schema, so a part that does not mention null does not forbid it: a type that reads a
    // null too many costs nothing, and one that refuses a null loses a response.
    merged.nullable = match (merged.nullable, *nullable) {
        (Some(have), Some(more)) => Some(have && more),
        (have, more) => have.or(more),
    };
    take_format(model, merged, format);
    for (have, more) in [(&mut merged.items, items), (&mut merged.rest, rest), (&mut merged.content, content)] {
        *have = match (*have, *more) {
            (Some(mine), Some(theirs)) => Some(both(model, mine, theirs)),
            (mine, theirs) => mine.or(theirs),
        };
    }
    match (&mut merged.prefix, prefix) {
        (Some(have), Some(more)) => {
            for (mine, theirs) in have.iter_mut().zip(more) {
                *mine = both(model, *mine, *theirs);
            }
            have.extend(more.iter().skip(have.len()));
        }
        (have, more) => take(have, more),
    }
    merged.not = forbid(model, merged.not, *not);
    take(&mut merged.discriminator, discriminator);
    take(&mut merged.read_only, read_only);
    take(&mut merged.write_only, write_only);
    take(&mut merged.default, default);
    take(&mut merged.xml, xml);
    intersect(&mut merged.limits, limits);
    absorb_further(model, merged, further);
    merged.also.extend(also);
    absorb_annotations(&mut merged.annotations, annotations);
    let objects = merged.properties.is_some() || merged.ty == Some(JsonType::Object);
    let typed = merged.ty.is_some();
    let unions = [(one_of, Union::OneOf), (any_of, Union::AnyOf)];
    for (more, keyword) in unions.into_iter().filter_map(|(union, keyword)| Some((union.as_ref()?, keyword))) {
        if objects || !typed {
            absorb_union(model, merged, more, keyword);
        } else {
            keep_union(model, merged, more, keyword);
        }
    }
}

fn absorb_annotations(merged: &mut Annotations, part: &Annotations) {
    let Annotations {
        title,
        description,
        deprecated,
        rust_name,
        other_name,
        value_names,
        value_docs,
        sensitive,
        aliases,
        null_is_absent,
        open,
        either,
        torn,
        others,
    } = part;
    take(&mut merged.title, title);
    take(&mut merged.description, description);
    take(&mut merged.deprecated, deprecated);
    take(&mut merged.rust_name, rust_name);
    take(&mut merged.other_name, other_name);
    take(&mut merged.sensitive, sensitive);
    take(&mut merged.null_is_absent, null_is_absent);
    take(&mut merged.open, open);
    take(&mut merged.either, either);
    take(&mut merged.torn, torn);
    for (have, more) in [(&mut merged.value_names, value_names), (&mut merged.value_docs, value_docs)] {
        have.extend(more.iter().map(|(value, text)| (value.clone(), text.clone())));
    }
    if !aliases.is_empty() {
        merged.aliases.clone_from(aliases);
    }
    merged.others.extend(others.iter().map(|(key, node)| (key.clone(), node.clone())));
}

/// The maximum number of pairs of schemas that are merged when they are used. Two components of many schemas that refer
/// to each other have as many pairs as the product of their sizes.
const MOST_PAIRS: usize = 2_000;
/// The maximum number of parts and properties in all of those pairs: each pair becomes a type with all of its own.
const MOST_MEMBERS: usize = 100_000;

/// Merges the two schemas of a property that both parts describe. The result allows the values that both allow.
fn both(model: &Model, mine: SchemaId, theirs: SchemaId) -> SchemaId {
    let known = model.both.borrow().get(&(mine, theirs)).copied();
    known.unwrap_or_else(|| {
        let both = unite(model, mine, theirs);
        model.both.borrow_mut().insert((mine, theirs), both);
        both
    })
}

fn unite(model: &Model, mine: SchemaId, theirs: SchemaId) -> SchemaId {
    if same((model, mine), (model, theirs)) {
        return mine;
    }
    let (one, other) = (model.get(mine), model.get(theirs));
    let plain = |schema: &Schema| schema.ty.is_some_and(JsonType::is_scalar) && schema.branches().next().is_none();
    let inline = |schema: &Schema| schema.reference.is_none() && schema.all_of.is_none();
    // Of two schemas with one type, the one with an enum is kept, else the later one.
    let one_type = one.ty == other.ty && [&one, &other].iter().all(|it| plain(it) && inline(it));
    let mine_is_narrower = implies(model, mine, theirs, DEEPEST) && !implies(model, theirs, mine, DEEPEST);
    if is_partial(&other) || mine_is_narrower {
        with(model, (mine, &one), (theirs, &other))
    } else if is_partial(&one) || (is_object(&one) && is_object(&other)) || implies(model, theirs, mine, DEEPEST) {
        with(model, (theirs, &other), (mine, &one))
    } else if one_type && (one.values.is_none() || other.values.is_none()) {
        if one.values.is_some() {
            with(model, (mine, &one), (theirs, &other))
        } else {
            with(model, (theirs, &other), (mine, &one))
        }
    } else if model.united.get() == MOST_PAIRS || !has_room(model, &[mine, theirs]) {
        let mut any = Schema::any(&other.span);
        any.annotations.torn = Some(Torn::Types);
        any.also = BTreeSet::from([mine, theirs]);
        model.add(any)
    } else {
        // The parts are merged when the result is used, because a schema may lead back to the one that is being merged.
        model.united.set(model.united.get() + 1);
        let mut merged = Schema { all_of: Some(vec![mine, theirs]), ..Schema::any(&other.span) };
        for Schema { read_only, write_only, default, annotations, .. } in [&*other, &*one] {
            fill(&mut merged.read_only, read_only);
            fill(&mut merged.write_only, write_only);
            fill(&mut merged.default, default);
            let have = &mut merged.annotations;
            if annotations.sensitive == Some(true) {
                have.sensitive = Some(true);
            }
            fill(&mut have.description, &annotations.description);
            fill(&mut have.deprecated, &annotations.deprecated);
            fill(&mut have.null_is_absent, &annotations.null_is_absent);
            if have.aliases.is_empty() {
                have.aliases.clone_from(&annotations.aliases);
            }
        }
        model.add(merged)
    }
}

/// Counts the parts and properties of schemas that are merged. Returns whether the limit is not reached.
fn has_room(model: &Model, merged: &[SchemaId]) -> bool {
    let mut queue = merged.to_vec();
    let mut seen = BTreeSet::new();
    while let Some(id) = queue.pop() {
        if seen.insert(id) && model.members.get() < MOST_MEMBERS {
            let schema = model.get(id);
            model.members.set(model.members.get() + 1 + schema.properties.as_ref().map_or(0, |all| all.len()));
            queue.extend(schema.reference);
            queue.extend(schema.all_of.iter().flatten());
        }
    }
    model.members.get() < MOST_MEMBERS
}

/// The maximum depth of nested unions that [`implies`] follows.
const DEEPEST: usize = 4;

/// Whether each value that one schema allows is allowed by another, as far as that is visible without merging parts:
/// it refers to the other or extends it, or the other only declares a type, lists more values, or is a union of it.
fn implies(model: &Model, narrow: SchemaId, wide: SchemaId, fuel: usize) -> bool {
    let Some(fuel) = fuel.checked_sub(1) else { return false };
    let (narrow, wide) = (model.target(narrow), model.target(wide));
    if narrow == wide || extends(model, narrow, wide) {
        return true;
    }
    let (one, other) = (model.get(narrow), model.get(wide));
    let is_secret = |schema: &Schema| schema.annotations.sensitive == Some(true);
    if other.properties.is_some() || (is_secret(&other) && !is_secret(&one)) {
        return false;
    }
    let is_of = |ty: JsonType| match one.ty {
        Some(own) => own == ty || (own, ty) == (JsonType::Integer, JsonType::Number),
        None => one.is_enum_of(ty),
    };
    let typed = other.ty.is_none_or(is_of);
    if typed && other.is_only_a_type() {
        return true;
    }
    if let (Some(values), Some(more)) = (&one.values, &other.values) {
        let rest = Schema { values: None, ..(*other).clone() };
        return typed
            && rest.is_only_a_type()
            && values.iter().all(|value| more.iter().any(|other| other.is_same_value(value)));
    }
    let rest = Schema { one_of: None, any_of: None, discriminator: None, ..(*other).clone() };
    typed && rest.is_only_a_type() && other.branches().any(|branch| implies(model, narrow, branch, fuel))
}

/// The maximum number of schemas that [`extends`] follows for one document. Beyond it, no schema extends another: two parts
/// are merged keyword by keyword.
const MOST_FOLLOWED: usize = 1_000_000;

/// Whether a schema has another one among the parts of its `allOf`, or among those of a part.
fn extends(model: &Model, child: SchemaId, parent: SchemaId) -> bool {
    let mut queue = vec![child];
    let mut seen = BTreeSet::new();
    while let Some(id) = queue.pop() {
        if id == parent {
            return true;
        }
        if seen.insert(id) {
            model.followed.set(model.followed.get() + 1);
            if model.followed.get() > MOST_FOLLOWED {
                return false;
            }
            let schema = model.get(id);
            queue.extend(schema.reference);
            queue.extend(schema.all_of.iter().flatten());
        }
    }
    false
}

/// Merges the schemas that two parts have for unnamed keys.
fn both_additional(model: &Model, mine: Additional, theirs: Additional) -> Additional {
    match (mine, theirs) {
        (Additional::Schema(mine), Additional::Schema(theirs)) => Additional::Schema(both(model, mine, theirs)),
        (Additional::Unsaid, theirs) => theirs,
        (mine, Additional::Unsaid) => mine,
        (mine, Additional::Schema(theirs)) if is_partial(&model.get(theirs)) => mine,
        (_, theirs) => theirs,
    }
}

/// Adds the hints, descriptions, `readOnly` and `writeOnly` of another schema, and its constraints. If it has no type of
/// its own ([`is_partial`]), also adds its other keywords.
fn with(model: &Model, (id, kept): (SchemaId, &Schema), (other_id, other): (SchemaId, &Schema)) -> SchemaId {
    let Schema {
        span: _,
        // A schema that only constrains values has none of these.
        reference: _,
        ty: _,
        values: _,
        properties,
        all_of: _,
        one_of: _,
        any_of: _,
        // The place of use decides whether null is allowed.
        nullable: _,
        format,
        required,
        additional,
        items,
        prefix,
        rest,
        content,
        // `constrain` adds these.
        not: _,
        limits: _,
        further: _,
        also: _,
        discriminator,
        read_only,
        write_only,
        default,
        xml,
        annotations,
    } = other;
    let mut merged = match kept.reference {
        // A reference cannot have sibling keywords.
        Some(_) => Schema { all_of: Some(vec![id]), ..Schema::any(&kept.span) },
        None => kept.clone(),
    };
    fill(&mut merged.read_only, read_only);
    fill(&mut merged.write_only, write_only);
    let (have, more) = (&mut merged.annotations, annotations);
    // If either schema is sensitive, the result is sensitive.
    if more.sensitive == Some(true) {
        have.sensitive = Some(true);
    }
    fill(&mut have.sensitive, &more.sensitive);
    // The name is not copied, because each part may name its own type.
    if have.aliases.is_empty() {
        have.aliases.clone_from(&more.aliases);
    }
    if kept.reference.is_none() {
        fill(&mut have.description, &more.description);
        fill(&mut have.deprecated, &more.deprecated);
    }
    if kept.ty.is_some() && kept.ty == other.ty && kept.values.is_none() {
        fill(&mut merged.format, format);
        fill(&mut merged.content, content);
    }
    let partial = is_partial(other);
    if partial && kept.ty == Some(JsonType::Array) {
        merged.items = match (kept.items, *items) {
            (Some(mine), Some(theirs)) => Some(both(model, mine, theirs)),
            (mine, theirs) => mine.or(theirs),
        };
    }
    if partial && (kept.ty == Some(JsonType::Object) || kept.properties.is_some()) {
        merged.additional = both_additional(model, kept.additional, *additional);
        let lost = lost_additional(kept.additional, *additional, merged.additional);
        if lost != Additional::Unsaid {
            merged.also.insert(model.add(Schema { additional: lost, ..Schema::any(&kept.span) }));
        }
    }
    let composed = kept.reference.is_some() || kept.one_of.is_some() || kept.any_of.is_some() || kept.all_of.is_some();
    let objects = is_object(kept) && is_object(other);
    let other_is_plain = other.reference.is_none() && other.all_of.is_none() && other.branches().next().is_none();
    let alike = kept.ty.is_some() && kept.ty == other.ty && other_is_plain;
    if partial && !composed {
        fill(&mut merged.format, format);
        require(&mut merged, required);
        let lost = Schema {
            prefix: prefix.clone().filter(|_| merged.prefix.is_some()),
            rest: rest.filter(|_| merged.rest.is_some()),
            content: content.filter(|_| merged.content.is_some()),
            ..Schema::any(&other.span)
        };
        if !lost.only_describes() {
            merged.also.insert(model.add(lost));
        }
        fill(&mut merged.prefix, prefix);
        fill(&mut merged.rest, rest);
        fill(&mut merged.content, content);
        fill(&mut merged.discriminator, discriminator);
        fill(&mut merged.default, default);
        fill(&mut merged.xml, xml);
        fill_annotations(&mut merged.annotations, annotations);
    }
    if !composed && (partial || objects || alike) {
        constrain(model, &mut merged, other);
    } else {
        let lost = if partial { unmerged(other, &merged) } else { beyond(model, other_id) };
        // A schema that extends another one has its constraints.
        if !lost.says_nothing() && !extends(model, id, model.target(other_id)) {
            merged.also.insert(model.add(lost));
        }
    }
    if objects && let (Some(have), Some(more)) = (&mut merged.properties, properties) {
        for (name, property) in more {
            match have.get_mut(name) {
                Some(mine) => *mine = both(model, *property, *mine),
                None => drop(have.insert(name.clone(), *property)),
            }
        }
        require(&mut merged, required);
        merged.additional = *additional;
        add_additional(model, &mut merged, kept.additional);
    }
    let unchanged = match kept.reference {
        Some(_) => {
            let Schema { read_only, write_only, also, annotations, .. } = &merged;
            read_only.is_none() && write_only.is_none() && also.is_empty() && *annotations == Annotations::default()
        }
        None => said(&merged) == said(kept),
    };
    if unchanged { id } else { model.add(merged) }
}

/// The keywords that [`with`] can change.
fn said(schema: &Schema) -> impl PartialEq {
    let Schema { format, properties, required, additional, items, prefix, rest, content, not, discriminator, .. } =
        schema;
    let Schema { read_only, write_only, default, xml, limits, further, also, annotations, .. } = schema;
    let contents = (additional, items, prefix, rest, content, not, discriminator);
    let limits = (limits, further, also);
    (format, (properties, required), contents, read_only, write_only, default, xml, limits, annotations)
}

fn fill_annotations(kept: &mut Annotations, other: &Annotations) {
    let title = kept.title.clone();
    let mut filled = other.clone();
    absorb_annotations(&mut filled, kept);
    // A title names a type, so it is not copied.
    *kept = Annotations { title, ..filled };
}

/// Whether a schema is an object with properties, and nothing else.
fn is_object(schema: &Schema) -> bool {
    let Schema { ty, values, one_of, any_of, all_of, properties, .. } = schema;
    properties.is_some()
        && ty.is_none_or(|ty| ty == JsonType::Object)
        && values.is_none()
        && one_of.is_none()
        && any_of.is_none()
        && all_of.is_none()
}

/// Whether a schema constrains only the allowed values, or the contents of arrays and maps, without a type of its own.
fn is_partial(schema: &Schema) -> bool {
    let Schema { reference, ty, values, one_of, any_of, all_of, properties, .. } = schema;
    reference.is_none()
        && ty.is_none()
        && values.is_none()
        && one_of.is_none()
        && any_of.is_none()
        && all_of.is_none()
        && properties.is_none()
}
