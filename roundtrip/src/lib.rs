//! The promise of `connectors-codegen` as a property: any JSON that a document allows, read and written again through the
//! generated type, is the same JSON, but that a null may become absent.
//!
//! Instances are made from the document as its authors wrote it (an overlay applied), never from its lowered form, so
//! that what lowering loses is seen. They are checked by a JSON Schema validator of other people's making, and what fails
//! is shrunk until there is nothing left but the reason.

mod shrink;

use connectors_runtime::object::{Json, Layout, choice};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use connectors_fake::schema::{
    Check, Checker, Document, Instances, Random, UNHEARD_OF, View, component, difference,
};
pub use shrink::shrink;

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

/// The variant that a union chose, if it chose one, and how many it has.
pub type Chosen = (Option<usize>, usize);

/// A document with the code that was generated from it.
#[derive(Clone, Copy, Debug)]
pub struct Registered {
    /// The folder of the service, or the stem of the file.
    pub name: &'static str,
    /// The document, overlaid and not lowered.
    pub json: &'static str,
    /// The types of its component schemas: name and pointer. A schema with two views has two types.
    pub types: &'static [(&'static str, &'static str)],
    /// All types, those that schemas within others make included.
    pub all: &'static [(&'static str, &'static str)],
    /// Reads a value as the type of a name, and writes it again.
    pub round_trip: fn(&str, Value) -> Result<Value, String>,
    /// The variant that a value is of a union, or none for `Unknown`, and how many the union has.
    pub chosen: fn(&str, &Value) -> Option<Chosen>,
}

/// Which variant of a union a value is; nothing for a type that is no union.
pub(crate) fn chosen<T: Json>(value: &Value) -> Option<(Option<usize>, usize)> {
    let Layout::Union(union) = T::layout() else { return None };
    Some((choice::<T>(&value.to_string()).ok()?, union.branches.len()))
}

/// Through text both ways, as between a client and its service.
pub(crate) fn reread<T: DeserializeOwned + Serialize>(value: &Value) -> Result<Value, String> {
    let read: T = serde_json::from_str(&value.to_string()).map_err(|error| error.to_string())?;
    let written = serde_json::to_string(&read).map_err(|error| format!("written: {error}"))?;
    serde_json::from_str(&written).map_err(|error| format!("written: {error}"))
}

/// A registered document, ready for making and checking instances.
#[derive(Debug)]
pub struct Prepared {
    registered: Registered,
    document: Document,
    checker: Checker,
}

/// What became of one type.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Instances that were read and written.
    pub valid: usize,
    /// Attempts that led to no valid instance.
    pub discarded: usize,
    /// The first instance that was not the same afterwards, minimised, in words.
    pub failure: Option<String>,
    /// What keeps this result from saying much, if anything does.
    pub remark: Option<String>,
}

impl Prepared {
    /// Reads a registered document.
    ///
    /// # Errors
    /// JSON that is none.
    pub fn new(registered: &Registered) -> Result<Self, String> {
        let root = serde_json::from_str(registered.json).map_err(|error| format!("{}: {error}", registered.name))?;
        let document = Document::new(root);
        let checker = Checker::new(&document);
        Ok(Self { registered: *registered, document, checker })
    }

    /// The types that can be tested: those whose schema stands in the original document. Lowering adds components for
    /// what references lead to elsewhere; these are tested where they are referred to.
    pub fn types(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.registered.types.iter().copied().filter(|(_, pointer)| self.document.root().pointer(pointer).is_some())
    }

    /// The view a type is for. Of two types of one schema the longer name is the write view; a single type is for whoever
    /// reaches it.
    #[must_use]
    pub fn view(&self, ty: &str, pointer: &str) -> View {
        let mut twins = self.registered.all.iter().filter(|(name, at)| *at == pointer && *name != ty);
        match twins.next() {
            Some((twin, _)) if twin.len() < ty.len() => View::Write,
            Some(_) => View::Read,
            None => component(pointer).map_or(View::Read, |name| self.document.view(&name, View::Read)),
        }
    }

    /// Makes instances of a type's schema until so many were valid or one was not the same afterwards.
    #[must_use]
    pub fn examine(&self, ty: &str, pointer: &str, seed: u64, instances: usize) -> Outcome {
        let view = self.view(ty, pointer);
        let mut outcome = Outcome::default();
        let check = match self.checker.check(pointer, view) {
            Ok(check) => Some(check),
            Err(error) => {
                outcome.remark = Some(format!("its instances are not checked, and not minimised: {error}"));
                None
            }
        };
        let random = Random::named(seed, &format!("{}:{ty}", self.registered.name));
        let mut source = Instances::new(&self.document, random);
        while outcome.valid < instances && outcome.valid + outcome.discarded < 4 * instances {
            let made = source.make(pointer, view);
            // That a component may be null is said where it is used, by `Option`, and tested there.
            let fits = |value: &Value| !value.is_null() && check.as_ref().is_none_or(|check| check.is_valid(value));
            let Some(value) = made.filter(fits) else {
                outcome.discarded += 1;
                continue;
            };
            outcome.valid += 1;
            if let Some(unlike) = self.unlike(ty, &value) {
                // Lost and not read are different failures; one must not turn into the other when it is minimised.
                outcome.failure = Some(self.report(ty, pointer, &value, unlike.is_err(), check.as_ref()));
                return outcome;
            }
        }
        if outcome.remark.is_none() && outcome.discarded > outcome.valid {
            let (valid, attempts) = (outcome.valid, outcome.valid + outcome.discarded);
            outcome.remark = Some(format!("only {valid} of {attempts} attempts led to a valid instance"));
        }
        outcome
    }

    /// The unions of the document, wherever they stand: types and pointers.
    pub fn unions(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let is_union = |ty: &str| (self.registered.chosen)(ty, &Value::Null).is_some();
        self.registered.all.iter().copied().filter(move |(ty, pointer)| {
            is_union(ty) && self.document.root().pointer(pointer).is_some_and(|it| alternatives(it).is_some())
        })
    }

    /// Makes instances of a union, and asks of each whether the variant that is chosen is one that it is valid for, and
    /// the one that its discriminator names.
    #[must_use]
    pub fn examine_variants(&self, ty: &str, pointer: &str, seed: u64, instances: usize) -> Outcome {
        let mut outcome = Outcome::default();
        let view = self.view(ty, pointer);
        let schema = self.document.root().pointer(pointer).unwrap_or(&Value::Null);
        let Some((key, branches)) = alternatives(schema) else { return outcome };
        let check = |pointer: &str| self.checker.check(pointer, view).ok();
        // As the checker has it: branches may overlap where a discriminator tells them apart.
        let checked = if schema.get("discriminator").is_some() { "anyOf" } else { key };
        let checks: Option<Vec<Check>> =
            branches.iter().map(|index| check(&format!("{pointer}/{checked}/{index}"))).collect();
        let (Some(whole), Some(checks)) = (check(pointer), checks) else {
            outcome.remark = Some("its variants are not checked: the validator does not understand it".to_owned());
            return outcome;
        };
        let variants = (self.registered.chosen)(ty, &Value::Null).map_or(0, |(_, variants)| variants);
        if variants != branches.len() {
            outcome.remark = Some(format!("{} alternatives became {variants} variants", branches.len()));
            return outcome;
        }
        let random = Random::named(seed, &format!("{}:{ty}:variants", self.registered.name));
        let mut source = Instances::new(&self.document, random);
        while outcome.valid < instances && outcome.valid + outcome.discarded < 4 * instances {
            let made = source.make(pointer, view).filter(|value| !value.is_null() && whole.is_valid(value));
            // What an enum may hold tomorrow may be no variant that is there today.
            let Some(value) = made.filter(|value| !value.to_string().contains(UNHEARD_OF)) else {
                outcome.discarded += 1;
                continue;
            };
            outcome.valid += 1;
            let valid: Vec<usize> = (0..checks.len()).filter(|index| checks[*index].is_valid(&value)).collect();
            let named = self.named(schema, key, &branches, &value).filter(|index| valid.contains(index));
            let chosen = (self.registered.chosen)(ty, &value).and_then(|(chosen, _)| chosen);
            let right = match (chosen, named) {
                (chosen, Some(named)) => chosen == Some(named),
                (Some(chosen), None) => valid.contains(&chosen),
                (None, None) => valid.is_empty(),
            };
            if !right {
                let name = self.registered.name;
                outcome.failure = Some(format!(
                    "{name}: {ty} of {pointer}\n  in:  {value}\n  read as variant {chosen:?}, valid for {valid:?}, \
                     named by its discriminator {named:?}"
                ));
                return outcome;
            }
        }
        outcome
    }

    /// The alternative that the discriminator of a value names.
    fn named(&self, schema: &Value, key: &str, branches: &[usize], value: &Value) -> Option<usize> {
        let discriminator = schema.get("discriminator")?;
        let tag = value.get(discriminator.get("propertyName")?.as_str()?)?;
        let tag = tag.as_str().map_or_else(|| tag.to_string(), str::to_owned);
        let target = discriminator.get("mapping").and_then(|mapping| mapping.get(&tag)).and_then(Value::as_str);
        let target = target.unwrap_or(&tag);
        branches.iter().position(|index| {
            let reference = schema[key][*index].get("$ref").and_then(Value::as_str).unwrap_or_default();
            reference == target || reference.strip_prefix("#/components/schemas/") == Some(target)
        })
    }

    /// What is written of a value, and where it differs, or why it is not read; nothing if it is the same.
    fn unlike(&self, ty: &str, value: &Value) -> Option<Result<(Value, String), String>> {
        match (self.registered.round_trip)(ty, value.clone()) {
            Ok(written) => difference(value, &written).map(|difference| Ok((written, difference))),
            Err(error) => Some(Err(error)),
        }
    }

    /// A failure as its report: the smallest instance that fails in the same way, and what became of it.
    fn report(&self, ty: &str, pointer: &str, value: &Value, unread: bool, check: Option<&Check>) -> String {
        let mut holds = |value: &Value| {
            check.is_some_and(|check| check.is_valid(value))
                && !value.is_null()
                && self.unlike(ty, value).is_some_and(|unlike| unlike.is_err() == unread)
        };
        let input = shrink(value, &mut holds);
        let result = match self.unlike(ty, &input) {
            Some(Ok((output, difference))) => format!("out: {output}\n  at {difference}"),
            Some(Err(error)) => format!("not read: {error}"),
            None => "and yet the same when tried again: what generated code does is not deterministic".to_owned(),
        };
        format!("{}: {ty} of {pointer}\n  in:  {input}\n  {result}", self.registered.name)
    }
}

/// The keyword of a schema that is nothing but one of several, and the places of those that are not just null.
fn alternatives(schema: &Value) -> Option<(&'static str, Vec<usize>)> {
    let (key, other) = if schema.get("oneOf").is_some() { ("oneOf", "anyOf") } else { ("anyOf", "oneOf") };
    let branches = schema.get(key)?.as_array()?;
    if ["properties", "allOf", "type", "enum", other].iter().any(|key| schema.get(key).is_some()) {
        return None;
    }
    let is_null = |branch: &Value| branch.get("type").is_some_and(|it| *it == "null" || it.is_null());
    Some((key, (0..branches.len()).filter(|index| !is_null(&branches[*index])).collect()))
}
