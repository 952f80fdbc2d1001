//! The promise of `connectors-codegen` as a property: any JSON that a document allows is the same after it was read and
//! written with the generated type, except that a null may become absent.
//!
//! Instances are generated from the original document with its overlay, never from its lowered form, so that losses in
//! lowering are found. An independent JSON Schema validator checks them. An instance that fails is shrunk to the
//! smallest one that fails.

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

/// Arguments of generated methods cannot be swapped. Each of these compiles in the right order:
///
/// ```
/// use connectors_runtime::MediaType;
/// use roundtrip::document_wire::{Client, params::{From, PairName, To}};
///
/// fn calls(client: &Client) {
///     drop(client.put_pair(PairName::new("n"), "b"));
///     drop(client.post_pair(PairName::new("n"), &String::new()));
///     drop(client.patch_pair(PairName::new("n"), MediaType::new("image/png"), "b"));
///     drop(client.move_all(From::new(Vec::new()), To::new(Vec::new())));
/// }
/// ```
///
/// ```compile_fail,E0308
/// fn put(client: &roundtrip::document_wire::Client) {
///     drop(client.put_pair("n", "b"));
/// }
/// ```
///
/// ```compile_fail,E0308
/// fn post(client: &roundtrip::document_wire::Client) {
///     drop(client.post_pair(&String::new(), &String::new()));
/// }
/// ```
///
/// ```compile_fail,E0308
/// fn patch(client: &roundtrip::document_wire::Client) {
///     drop(client.patch_pair(connectors_runtime::Id::new("n"), "image/png", "b"));
/// }
/// ```
///
/// ```compile_fail,E0308
/// fn move_all(client: &roundtrip::document_wire::Client) {
///     drop(client.move_all(&[], &[]));
/// }
/// ```
#[cfg(doctest)]
mod swapped {}

/// The variant that a union selected, if any, and the number of its variants.
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
    /// All types, including those of inline schemas.
    pub all: &'static [(&'static str, &'static str)],
    /// Reads a value as the type with a name, and writes it again.
    pub round_trip: fn(&str, Value) -> Result<Value, String>,
    /// The variant of a union for a value, `None` for `Unknown`, and the number of the union's variants.
    pub chosen: fn(&str, &Value) -> Option<Chosen>,
}

/// The variant of a union for a value; `None` for a type that is not a union.
pub(crate) fn chosen<T: Json>(value: &Value) -> Option<(Option<usize>, usize)> {
    let Layout::Union(union) = T::layout() else { return None };
    Some((choice::<T>(&value.to_string()).ok()?, union.branches.len()))
}

/// Through text in both directions, as between a client and its service.
pub(crate) fn reread<T: DeserializeOwned + Serialize>(value: &Value) -> Result<Value, String> {
    let read: T = serde_json::from_str(&value.to_string()).map_err(|error| error.to_string())?;
    let written = serde_json::to_string(&read).map_err(|error| format!("written: {error}"))?;
    serde_json::from_str(&written).map_err(|error| format!("written: {error}"))
}

/// A registered document, prepared for generating and checking instances.
#[derive(Debug)]
pub struct Prepared {
    registered: Registered,
    document: Document,
    checker: Checker,
}

/// The result for one type.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Instances that were read and written.
    pub valid: usize,
    /// Attempts without a valid instance.
    pub discarded: usize,
    /// The first instance that changed, minimised, as a message.
    pub failure: Option<String>,
    /// A remark if the result has limited value.
    pub remark: Option<String>,
}

impl Prepared {
    /// Reads a registered document.
    ///
    /// # Errors
    /// If it is not JSON.
    pub fn new(registered: &Registered) -> Result<Self, String> {
        let root = serde_json::from_str(registered.json).map_err(|error| format!("{}: {error}", registered.name))?;
        let document = Document::new(root);
        let checker = Checker::new(&document);
        Ok(Self { registered: *registered, document, checker })
    }

    /// The types that can be tested: those whose schemas are in the original document. Lowering adds components for the
    /// targets of references elsewhere. These are tested where they are used.
    pub fn types(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.registered.types.iter().copied().filter(|(_, pointer)| self.document.root().pointer(pointer).is_some())
    }

    /// The view of a type. If a schema has two types, the longer name is the write view. A single type is for both
    /// directions.
    #[must_use]
    pub fn view(&self, ty: &str, pointer: &str) -> View {
        let mut twins = self.registered.all.iter().filter(|(name, at)| *at == pointer && *name != ty);
        match twins.next() {
            Some((twin, _)) if twin.len() < ty.len() => View::Write,
            Some(_) => View::Read,
            None => component(pointer).map_or(View::Read, |name| self.document.view(&name, View::Read)),
        }
    }

    /// Generates instances of a type's schema until this many were valid or one changed.
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
            // If a component may be null, its uses have an `Option`, and are tested there.
            let fits = |value: &Value| !value.is_null() && check.as_ref().is_none_or(|check| check.is_valid(value));
            let Some(value) = made.filter(fits) else {
                outcome.discarded += 1;
                continue;
            };
            outcome.valid += 1;
            if let Some(unlike) = self.unlike(ty, &value) {
                // A changed value and an unreadable one are different failures, which minimising must not confuse.
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

    /// The unions of the document, at any place: types and pointers.
    pub fn unions(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let is_union = |ty: &str| (self.registered.chosen)(ty, &Value::Null).is_some();
        self.registered.all.iter().copied().filter(move |(ty, pointer)| {
            is_union(ty) && self.document.root().pointer(pointer).is_some_and(|it| alternatives(it).is_some())
        })
    }

    /// Generates instances of a union, and checks for each that it is valid for the selected variant, and that this is
    /// the variant that its discriminator names.
    #[must_use]
    pub fn examine_variants(&self, ty: &str, pointer: &str, seed: u64, instances: usize) -> Outcome {
        let mut outcome = Outcome::default();
        let view = self.view(ty, pointer);
        let schema = self.document.root().pointer(pointer).unwrap_or(&Value::Null);
        let Some((key, branches)) = alternatives(schema) else { return outcome };
        let check = |pointer: &str| self.checker.check(pointer, view).ok();
        // Like the checker: branches may overlap if there is a discriminator.
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
            // A future value of an enum may fit no present variant.
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

    /// The written value and its difference, or the reason why it is not read; `None` if it did not change.
    fn unlike(&self, ty: &str, value: &Value) -> Option<Result<(Value, String), String>> {
        match (self.registered.round_trip)(ty, value.clone()) {
            Ok(written) => difference(value, &written).map(|difference| Ok((written, difference))),
            Err(error) => Some(Err(error)),
        }
    }

    /// The report of a failure: the smallest instance that fails in the same way, and its result.
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
            None => "the result is the same in a second attempt: the generated code is not deterministic".to_owned(),
        };
        format!("{}: {ty} of {pointer}\n  in:  {input}\n  {result}", self.registered.name)
    }
}

/// The keyword of a schema that is only a union, and the places of its branches other than null.
fn alternatives(schema: &Value) -> Option<(&'static str, Vec<usize>)> {
    let (key, other) = if schema.get("oneOf").is_some() { ("oneOf", "anyOf") } else { ("anyOf", "oneOf") };
    let branches = schema.get(key)?.as_array()?;
    if ["properties", "allOf", "type", "enum", other].iter().any(|key| schema.get(key).is_some()) {
        return None;
    }
    let is_null = |branch: &Value| branch.get("type").is_some_and(|it| *it == "null" || it.is_null());
    Some((key, (0..branches.len()).filter(|index| !is_null(&branches[*index])).collect()))
}
