//! Writes a shaped API as a listing. All matches are exhaustive, so that new parts of the model have to be handled
//! here.

use crate::shape::model::{
    Api, BodyContent, Case, Content, Enum, Field, Incoming, Operation, Param, PartHolds, Payload, Place, Received,
    Struct, Tuple, Type, TypeDef, TypeKind, Union,
};

use super::{Entry, Key, Listing, Section};

impl Listing {
    /// The public API of a generated client.
    #[must_use]
    pub fn of(client: &crate::Client) -> Self {
        listing(&client.api)
    }
}

fn listing(api: &Api) -> Listing {
    let mut listing = Listing::default();
    for operation in &api.operations {
        let key = Key { section: Section::Operations, name: operation_name(operation) };
        let entry = Entry { head: head(operation), members: members(api, operation) };
        listing.entries.insert(key, entry);
    }
    for form in api.forms() {
        let members = form.parts.iter().map(|part| {
            let ty = match &part.holds {
                PartHolds::File { several: false, .. } => "File".to_owned(),
                PartHolds::File { several: true, .. } => "Vec<File>".to_owned(),
                PartHolds::Value(ty) | PartHolds::Typed(ty, _) | PartHolds::Styled(ty, _) => shown(ty, "types::"),
                PartHolds::Each(ty, _) => format!("Vec<{}>", shown(ty, "types::")),
            };
            let ty = if part.required { ty } else { format!("Option<{ty}>") };
            format!("{}: {ty}", part.name)
        });
        let entry = Entry { head: format!("struct forms::{}", form.name), members: members.collect() };
        listing.entries.insert(Key { section: Section::Types, name: format!("forms::{}", form.name) }, entry);
    }
    if !api.headers.is_empty() {
        let members = api.headers.iter().map(|header| format!("{}: {}", header.name, shown(&header.ty, "types::")));
        let entry = Entry { head: "mod headers".to_owned(), members: members.collect() };
        listing.entries.insert(Key { section: Section::Types, name: "headers".to_owned() }, entry);
    }
    let callbacks = api.operations.iter().filter_map(|operation| Some(("callbacks", operation.callbacks.as_ref()?)));
    for (module, it) in api.webhooks.iter().map(|it| ("webhooks", it)).chain(callbacks) {
        let name = format!("{module}::{}", it.name);
        let entry = Entry { head: format!("union {name} (open)"), members: messages(it) };
        listing.entries.insert(Key { section: Section::Types, name }, entry);
    }
    let mut extra = false;
    for def in &api.types {
        extra |= matches!(&def.kind, TypeKind::Struct(Struct { extra: Some((_, Type::Any)), .. }));
        listing.entries.insert(Key { section: Section::Types, name: def.name.clone() }, type_entry(def));
    }
    if extra {
        let head = "type Extra = serde_json::Map<String, serde_json::Value>".to_owned();
        let key = Key { section: Section::Types, name: "Extra".to_owned() };
        listing.entries.insert(key, Entry { head, members: Vec::new() });
    }
    listing
}

/// The name of an operation with its group.
pub(crate) fn operation_name(operation: &Operation) -> String {
    let name = operation.name.trim_start_matches("r#");
    match &operation.group {
        Some(group) => format!("{group}.{name}"),
        None => name.to_owned(),
    }
}

/// The type of a required path argument, by its name on the wire.
pub(crate) fn argument_type(operation: &Operation, wire: &str) -> Option<String> {
    let param = operation.params.iter().find(|param| param.place == Place::Path && param.wire == wire)?;
    Some(argument(param, Some(0)))
}

/// The arguments that a call must have: path, query, header, cookie, then body.
fn head(operation: &Operation) -> String {
    let required: Vec<&Param> = operation.params.iter().filter(|param| param.required).collect();
    let body = operation.body.as_ref().filter(|body| body.required).map(|body| &body.content);
    let arguments = arguments(&required, body, Some(0));
    format!("fn {}({}) -> {}", operation_name(operation), arguments.join(", "), payload(&operation.success))
}

/// The arguments of a method; `method` is the number of [`Param::own_type`].
fn arguments(required: &[&Param], body: Option<&BodyContent>, method: Option<usize>) -> Vec<String> {
    let mut arguments: Vec<String> =
        required.iter().map(|param| format!("{}: {}", param.name, argument(param, method))).collect();
    if let Some(content) = body {
        let by_value = matches!(content, BodyContent::Raw(_) | BodyContent::Multipart(..));
        let reference = if by_value { "" } else { "&" };
        if matches!(content, BodyContent::Raw(None)) {
            arguments.push("media_type: MediaType".to_owned());
        }
        arguments.push(format!("body: {reference}{}", body_type(content)));
    }
    arguments
}

/// The optional setters, the methods for all pages, and the documented failures.
fn members(api: &Api, operation: &Operation) -> Vec<String> {
    let optional = operation.params.iter().filter(|param| !param.required);
    let mut members: Vec<String> =
        optional.map(|param| format!("{}: {}", param.name, shown(&param.ty, "types::"))).collect();
    members
        .extend(operation.params.iter().filter_map(|param| Some(format!("fn {}()", operation.empty_setter(param)?))));
    if let Some(body) = operation.body.as_ref().filter(|body| !body.required) {
        members.push(format!("body: {}", body_type(&body.content)));
    }
    for (suffix, content) in operation.body.iter().flat_map(|body| &body.others) {
        members.push(format!("body_{suffix}: {}", body_type(content)));
    }
    for stream in &operation.streams {
        let item = stream.item.as_ref().map_or_else(|| "Event".to_owned(), |ty| shown(ty, "types::"));
        members.push(format!("fn {}() -> Items<{item}>", stream.name));
    }
    for reading in &operation.readings {
        members.push(format!("fn {}() -> {}", reading.name, shown(&reading.ty, "types::")));
    }
    members.extend(operation.media.iter().map(|media| format!("fn accept({media:?}) -> bytes")));
    for link in &operation.links {
        let Some(target) = api.operations.iter().find(|it| it.pointer == link.target) else { continue };
        let from = if link.failure { "error" } else { "response" };
        let (open, body, method) = link.open(target);
        let arguments: String = arguments(&open, body, method).iter().map(|it| format!(", {it}")).collect();
        members.push(format!("fn {}({from}{arguments}) -> {}", link.name, operation_name(target)));
    }
    if let Some(paging) = &operation.paging {
        let item =
            item(api, &operation.success, &paging.items).map_or_else(|| "_".to_owned(), |ty| shown(ty, "types::"));
        members.push(format!("fn items() -> Pages<{item}>"));
    }
    for case in &operation.errors {
        if let Some(ty) = case.ty() {
            members.push(format!("{}: Err({})", case.status.name(), shown(ty, "types::")));
        }
    }
    members
}

/// The type of the items of a list, by the path of properties that leads to them.
fn item<'a>(api: &'a Api, payload: &'a Payload, path: &str) -> Option<&'a Type> {
    let Payload::Json(ty) = payload else { return None };
    let found = path.split('.').try_fold(ty, |ty, property| {
        let TypeKind::Struct(it) = definition(api, ty)? else { return None };
        it.fields.iter().find(|field| field.wire == property).map(|field| &field.ty)
    })?;
    match found.inner() {
        Type::Array(item) => Some(item),
        named => match definition(api, named)? {
            TypeKind::Alias(Type::Array(item)) => Some(item),
            _ => None,
        },
    }
}

/// The definition of a named type, behind aliases.
fn definition<'a>(api: &'a Api, ty: &'a Type) -> Option<&'a TypeKind> {
    let mut ty = ty.inner();
    // A longer chain of aliases is a circle.
    for _ in 0..16 {
        let Type::Named(name) = ty else { return None };
        let def = api.types.iter().find(|def| def.name == *name)?;
        match &def.kind {
            TypeKind::Alias(target) if matches!(target.inner(), Type::Named(_)) => ty = target.inner(),
            kind => return Some(kind),
        }
    }
    None
}

fn body_type(content: &BodyContent) -> String {
    match content {
        BodyContent::Json(ty, _) | BodyContent::Form(ty, _) => shown(ty, "types::"),
        BodyContent::Multipart(_, Some(form)) => format!("forms::{}", form.name),
        BodyContent::Multipart(_, None) => "Multipart".to_owned(),
        BodyContent::Raw(_) => "bytes".to_owned(),
    }
}

fn payload(payload: &Payload) -> String {
    match payload {
        Payload::Empty => "()".to_owned(),
        Payload::Json(ty) => shown(ty, "types::"),
        Payload::Stream => "bytes".to_owned(),
        Payload::ByStatus(cases) => {
            let case = |case: &Case| match &case.content {
                Content::Json(ty) => format!("{}({})", case.status.name(), shown(ty, "types::")),
                Content::Bytes => format!("{}(bytes)", case.status.name()),
                Content::Nothing => case.status.name(),
            };
            cases.iter().map(case).collect::<Vec<_>>().join(" | ")
        }
    }
}

/// The type of a required argument. A primitive has its own type, and so has an argument that could be swapped for another.
fn argument(param: &Param, method: Option<usize>) -> String {
    match &param.kind {
        Some((name, Type::String)) if param.sensitive => format!("SecretId<{name}>"),
        Some((name, Type::String)) => name.clone(),
        Some((name, ty)) if ty.is_primitive() || method.and_then(|method| param.own_type(method)).is_some() => {
            let value = shown(ty, "types::");
            if param.sensitive { format!("SecretId<{name}, {value}>") } else { format!("{name}<{value}>") }
        }
        _ => format!("&{}", shown(&param.ty, "types::")),
    }
}

/// The text of a type, without the full paths of generated code.
fn shown(ty: &Type, types: &str) -> String {
    match ty {
        Type::Named(name) => format!("{types}{name}"),
        Type::String => "String".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::I32 => "i32".to_owned(),
        Type::I64 => "i64".to_owned(),
        Type::U32 => "u32".to_owned(),
        Type::U64 => "u64".to_owned(),
        Type::I128 => "i128".to_owned(),
        Type::F64 => "f64".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::Base64 => "Base64".to_owned(),
        Type::Base64Url => "Base64Url".to_owned(),
        Type::JsonText(content) => format!("JsonText<{}>", shown(content, types)),
        Type::Array(item) => format!("Vec<{}>", shown(item, types)),
        Type::Map(value) if **value == Type::Any => "serde_json::Map<String, serde_json::Value>".to_owned(),
        Type::Map(value) => format!("BTreeMap<String, {}>", shown(value, types)),
        Type::Any => "serde_json::Value".to_owned(),
        Type::Nullable(inner) => format!("Option<{}>", shown(inner, types)),
        Type::Link(inner) => format!("Link<{}>", shown(inner, types)),
    }
}

fn type_entry(def: &TypeDef) -> Entry {
    let name = &def.name;
    match &def.kind {
        TypeKind::Struct(it) => structure(name, it),
        TypeKind::Enum(Enum { values, unknown, integer }) => {
            let values = values.iter().map(|value| match integer {
                true => format!("{} = {}", value.name, value.wire),
                false => format!("{} = {:?}", value.name, value.wire),
            });
            let members = values.chain([format!("{unknown}(..)")]).collect();
            Entry { head: format!("enum {name} (open)"), members }
        }
        TypeKind::Union(Union { variants, unknown, tag: _ }) => {
            let variants = variants.iter().map(|variant| {
                let ty = shown(&variant.ty, "");
                if variant.boxed { format!("{}(Box<{ty}>)", variant.name) } else { format!("{}({ty})", variant.name) }
            });
            let members = variants.chain([format!("{unknown}(..)")]).collect();
            Entry { head: format!("union {name} (open)"), members }
        }
        TypeKind::Tuple(Tuple { items, required, rest, sensitive: _ }) => {
            let places = items.iter().enumerate().map(|(index, item)| {
                let ty = shown(&item.ty, "");
                let ty = if item.boxed { format!("Box<{ty}>") } else { ty };
                if index < *required { format!("{index}: {ty}") } else { format!("{index}: Option<{ty}>") }
            });
            let rest = rest.iter().map(|ty| format!("{}: Vec<{}>", items.len(), shown(ty, "")));
            Entry { head: format!("tuple {name}"), members: places.chain(rest).collect() }
        }
        TypeKind::Wrapper(ty) => {
            Entry { head: format!("tuple {name}"), members: vec![format!("0: {}", shown(ty, ""))] }
        }
        TypeKind::Alias(ty) => Entry { head: format!("type {name} = {}", shown(ty, "")), members: Vec::new() },
    }
}

fn messages(it: &Incoming) -> Vec<String> {
    let messages = it.messages.iter().map(|message| match &message.body {
        Received::Nothing => format!("{} = {:?}", message.name, message.wire),
        Received::Json(ty) => format!("{}({}) = {:?}", message.name, shown(ty, "types::"), message.wire),
        Received::Bytes => format!("{}(RawBody) = {:?}", message.name, message.wire),
    });
    messages.chain([format!("{} {{ .. }}", it.unknown)]).collect()
}

fn structure(name: &str, it: &Struct) -> Entry {
    let needed = Field::is_argument;
    let default = !it.fields.iter().any(needed);
    let mut members: Vec<String> = it
        .fields
        .iter()
        .map(|field| {
            let wire = if field.name == field.wire { String::new() } else { format!(" = {:?}", field.wire) };
            format!("{}: {}{wire}", field.name, field_type(field))
        })
        .collect();
    if let Some((name, ty)) = &it.extra {
        let ty = match ty {
            Type::Any => "Extra".to_owned(),
            other => format!("BTreeMap<String, {}>", shown(other, "")),
        };
        members.push(format!("{name}: {ty}"));
    }
    if !default {
        let arguments: Vec<String> =
            it.arguments().into_iter().map(|field| format!("{}: {}", field.name, field_type(field))).collect();
        members.push(format!("fn new({}) -> Self", arguments.join(", ")));
    }
    Entry { head: format!("struct {name}{}", if default { " (Default)" } else { "" }), members }
}

fn field_type(field: &Field) -> String {
    let inner = shown(field.ty.inner(), "");
    let inner = if field.boxed { format!("Box<{inner}>") } else { inner };
    match (field.is_option(), field.three_states && field.ty != Type::Any) {
        (false, _) => inner,
        (true, false) => format!("Option<{inner}>"),
        (true, true) => format!("Option<Option<{inner}>>"),
    }
}
