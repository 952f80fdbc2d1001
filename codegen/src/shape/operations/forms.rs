//! Multipart bodies: a struct for the parts that the document describes.

use crate::calls::{Encoding, Media};
use crate::document::Pointer;
use crate::note::Kind;
use crate::schema::{JsonType, Mark, Schema, SchemaId};

use super::bodies::writing;
use super::media::{essence, http_token, is_json};
use super::names;
use super::shaping::Shaping;
use crate::shape::context::View;
use crate::shape::facts::doc;
use crate::shape::model::{Form, Part, PartHolds, Type};

impl Shaping<'_, '_> {
    /// The struct of a multipart body; `None` if the document does not name its parts.
    pub(super) fn form(&mut self, content: &Media, name: &str) -> Option<Form> {
        let at = content.at.join("schema");
        let schema = self.types.resolved(content.schema?);
        let properties = schema.properties.as_ref().filter(|all| !all.is_empty())?;
        let visible: Vec<(&String, SchemaId)> = properties
            .iter()
            .map(|(wire, property)| (wire, *property))
            .filter(|(_, property)| !self.types.marked(*property, Mark::ReadOnly))
            .collect();
        let parts = visible.iter().zip(names::fields(visible.iter().map(|(wire, _)| wire.as_str())));
        let parts = parts.map(|((wire, property), name)| {
            let encoding = content.encoding.get(*wire);
            let holds = self.part(*property, encoding, &at.join("properties").join(wire), wire);
            let doc = doc(&self.types.model.get(*property));
            let headers = self.part_headers(encoding, wire);
            Part { name, wire: (*wire).clone(), required: schema.required.contains(wire), holds, headers, doc }
        });
        let parts = parts.collect();
        Some(Form { name: name.to_owned(), parts, doc: doc(&schema) })
    }

    /// The struct of a multipart body whose parts have no names: first the parts of `prefixItems`, then a list of
    /// items. `None` if the document does not describe a list.
    pub(super) fn sequence(&mut self, content: &Media, name: &str) -> Option<Form> {
        const ORDINALS: [&str; 8] = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"];
        let (at_schema, at_item) = (content.at.join("schema"), content.at.join("itemSchema"));
        let model = self.types.model;
        let schema = content.schema.map(|id| self.types.resolved(id));
        let list = schema.filter(|it| it.ty == Some(JsonType::Array) || it.prefix.is_some());
        let prefix = list.as_ref().and_then(|list| list.prefix.clone()).unwrap_or_default();
        let (each, each_at) = match content.items {
            Some(item) => (Some(item), at_item),
            None if prefix.is_empty() => (list.as_ref().and_then(|list| list.items), at_schema.join("items")),
            None => {
                let rest = list.as_ref().and_then(|list| list.rest).filter(|rest| !model.get(*rest).is_empty());
                (rest, at_schema.join("items"))
            }
        };
        let (encodings, each_encoding) = (&content.first, content.each.as_ref());
        if list.is_none() && each.is_none() && encodings.is_empty() && each_encoding.is_none() {
            return None;
        }
        let size = |count: Option<u64>| count.and_then(|count| usize::try_from(count).ok());
        let least = list.as_ref().and_then(|list| size(list.limits.min_items)).unwrap_or(0);
        let most = list.as_ref().and_then(|list| size(list.limits.max_items)).unwrap_or(usize::MAX);
        let described = |item: Option<SchemaId>| item.map(|item| doc(&model.get(item))).unwrap_or_default();
        let mut parts = Vec::new();
        for index in 0..prefix.len().max(encodings.len()).min(most) {
            let (item, item_at) = match prefix.get(index) {
                Some(item) => (Some(*item), at_schema.join("prefixItems").join(index)),
                None => (each, each_at.clone()),
            };
            let name = ORDINALS.get(index).map_or_else(|| format!("part{}", index + 1), |it| (*it).to_owned());
            let encoding = encodings.get(index).or(each_encoding);
            let holds = self.in_order(item, encoding, &item_at, &name);
            let headers = self.part_headers(encoding, &name);
            let (wire, doc) = (String::new(), described(item));
            parts.push(Part { name, wire, required: index < least, holds, headers, doc });
        }
        if parts.len() < most && (each.is_some() || each_encoding.is_some()) {
            let holds = match self.in_order(each, each_encoding, &each_at, "item") {
                PartHolds::File { media, .. } => PartHolds::File { media, several: true },
                PartHolds::Typed(ty, media) => PartHolds::Each(ty, media),
                other => other,
            };
            let required = parts.is_empty() || least > parts.len();
            let headers = self.part_headers(each_encoding, "items");
            let (name, wire, doc) = ("items".to_owned(), String::new(), described(each));
            parts.push(Part { name, wire, required, holds, headers, doc });
        }
        let doc = list.as_deref().map(doc).unwrap_or_default();
        Some(Form { name: name.to_owned(), parts, doc })
    }

    /// The content of a part without a name: a file, or a value with its media type.
    fn in_order(&mut self, item: Option<SchemaId>, encoding: Option<&Encoding>, at: &Pointer, name: &str) -> PartHolds {
        let media = encoding.and_then(|it| it.media.as_deref()).filter(|it| !it.contains([',', '*']));
        let Some(item) = item.filter(|item| !is_open(&self.types.resolved(*item))) else {
            let media = media.unwrap_or("application/octet-stream").to_owned();
            return PartHolds::File { media, several: false };
        };
        // Without a name, a list is one part, so a list of any values is JSON.
        let items = self.types.resolved(item).items.filter(|_| media.is_none());
        if items.is_some_and(|items| self.types.resolved(items).only_describes()) && !self.types.is_3_0 {
            return PartHolds::Typed(Type::Array(Box::new(Type::Any)), "application/json".to_owned());
        }
        match self.part(item, encoding, at, name) {
            PartHolds::File { media, .. } => PartHolds::File { media, several: false },
            // Without a name, a list is one part.
            PartHolds::Typed(Type::Array(_), media) if !is_written(&media) => PartHolds::Typed(Type::String, media),
            PartHolds::Typed(ty, media) => PartHolds::Typed(ty, media),
            PartHolds::Value(ty) | PartHolds::Styled(ty, _) | PartHolds::Each(ty, _) => {
                let is_json = is_compound(&ty) || matches!(ty, Type::Array(_));
                let default = if is_json { "application/json" } else { "text/plain" };
                let media = media.unwrap_or(default).to_owned();
                PartHolds::Typed(ty, media)
            }
        }
    }

    /// The names of the headers that an encoding describes, except `Content-Type`, which a file sets itself. A required
    /// header gets a note, because the struct has no field for it.
    fn part_headers(&mut self, encoding: Option<&Encoding>, part: &str) -> Vec<String> {
        let mut names = Vec::new();
        for (name, header) in encoding.into_iter().flat_map(|encoding| &encoding.headers) {
            let at = &header.here;
            if name.eq_ignore_ascii_case("content-type") {
                continue;
            }
            if !http_token(name) {
                self.types.note(Kind::Loss, at, &header.written, format!("`{name}` is not a header name"));
                continue;
            }
            if header.required {
                let by = if at.as_str().contains("/encoding/") { "header" } else { "header_at" };
                let reason = format!("the header `{name}` of the part `{part}` is added by `Multipart::{by}`");
                self.types.note(Kind::Rename, at, &header.written, reason);
            }
            names.push(name.clone());
        }
        names
    }

    /// Whether the values of a part are files.
    fn files(&self, part: SchemaId, has_media: bool, fuel: usize) -> Files {
        let Some(fuel) = fuel.checked_sub(1) else { return Files::No };
        let resolved = self.types.resolved(part);
        // OpenAPI 3.1 and later: without a type, a part is `application/octet-stream`. In 3.0 it is any JSON.
        let is_any = resolved.only_describes() && !self.types.is_3_0;
        if resolved.format.as_deref() == Some("binary") || (is_open(&resolved) && has_media) || is_any {
            return Files::One;
        }
        if let Some(items) = resolved.items {
            // Items of any type are files only if the document has them: not without `items`, and not in a tuple, whose
            // `items` are built from the schemas of its positions.
            let written = self.types.model.get(items).span.identity();
            let is_made = resolved.prefix.is_some() || written.is_none() || written == resolved.span.identity();
            if is_made && !has_media && self.types.resolved(items).only_describes() {
                return Files::No;
            }
            return match self.files(items, has_media, fuel) {
                Files::One => Files::Several,
                Files::OrValue => Files::OrValue,
                // The items are lists, which are JSON.
                Files::Several | Files::No => Files::No,
            };
        }
        let mut branches = resolved.branches().map(|branch| {
            let is_any = self.types.resolved(branch).only_describes();
            if is_any { Files::No } else { self.files(branch, false, fuel) }
        });
        let Some(first) = branches.next() else { return Files::No };
        branches.fold(first, |one, other| match (one, other) {
            (Files::No, Files::No) => Files::No,
            (Files::No | Files::OrValue, _) | (_, Files::No | Files::OrValue) => Files::OrValue,
            (Files::One, Files::One) => Files::One,
            (Files::One | Files::Several, Files::One | Files::Several) => Files::Several,
        })
    }

    fn part(&mut self, property: SchemaId, encoding: Option<&Encoding>, at: &Pointer, wire: &str) -> PartHolds {
        let resolved = self.types.resolved(property);
        let media = encoding.and_then(|encoding| encoding.media.as_ref()).map(|media| {
            // If there are several media types, the value sets its own.
            let one = !media.contains([',', '*']);
            if one { media.trim().to_owned() } else { String::new() }
        });
        // The caller writes the parts of a nested multipart body.
        if let Some(media) = media.clone().filter(|media| media.starts_with("multipart/")) {
            return PartHolds::File { media, several: false };
        }
        let files = self.files(property, media.is_some(), DEEPEST);
        if let Files::One | Files::Several = files {
            let media =
                media.filter(|media| !media.is_empty()).unwrap_or_else(|| "application/octet-stream".to_owned());
            return PartHolds::File { media, several: files == Files::Several };
        }
        if files == Files::OrValue {
            let reason =
                format!("the part `{wire}` can be a file too: the form has the value, `Multipart::file` adds a file");
            self.types.note(Kind::Rename, at, &*resolved, reason);
        }
        let styled = encoding.filter(|it| it.is_styled());
        let item = resolved.items.filter(|_| resolved.ty == Some(JsonType::Array));
        if let Some(media) = media.as_ref().filter(|media| styled.is_none() && !is_written(media))
            && !self.types.is_scalar(item.unwrap_or(property))
        {
            // The generated code cannot serialize an object in this media type, so the caller serializes it.
            let several = item.is_some();
            let kind = essence(media);
            let is_text = kind.starts_with("text/") || kind.ends_with("xml") || kind.ends_with("yaml");
            if let Some(encoding) = encoding {
                let form = if is_text { "text" } else { "bytes" };
                let reason = format!("the part `{wire}` is passed as the {form} of `{media}`");
                self.types.note(Kind::Rename, at, &encoding.span, reason);
            }
            return match (is_text, several) {
                (false, several) => PartHolds::File { media: media.clone(), several },
                (true, false) => PartHolds::Typed(Type::String, media.clone()),
                (true, true) => PartHolds::Typed(Type::Array(Box::new(Type::String)), media.clone()),
            };
        }
        let hint = format!("{}{}", self.hint, names::pascal(wire));
        let ty = self.types.type_of(property, at, &hint, View::Write).inner().clone();
        let ty = self.types.or_text(ty, property, at, &hint);
        if let Some(encoding) = styled {
            return PartHolds::Styled(ty, writing(encoding));
        }
        match media.filter(|media| !media.is_empty()) {
            // For an object, this media type is the default.
            Some(media) if is_json(&essence(&media)) && is_compound(&ty) && media == "application/json" => {
                PartHolds::Value(ty)
            }
            Some(media) if media != "text/plain" || is_compound(&ty) => PartHolds::Typed(ty, media),
            _ => PartHolds::Value(ty),
        }
    }
}

/// The maximum number of lists and unions in each other around a file.
const DEEPEST: usize = 4;

/// Whether the values of a part are files.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Files {
    No,
    One,
    /// A list, or one file or a list of them.
    Several,
    /// A file or a value of another kind.
    OrValue,
}

/// Whether values of any type can be written in a media type: as JSON, or as plain text that contains JSON. If the
/// media type is empty, the value sets its own.
fn is_written(media: &str) -> bool {
    let kind = essence(media);
    media.is_empty() || is_json(&kind) || kind == "text/plain"
}

/// Whether a schema does not constrain its values.
fn is_open(schema: &Schema) -> bool {
    let Schema { ty, properties, items, values, .. } = schema;
    ty.is_none() && properties.is_none() && items.is_none() && values.is_none() && schema.union().is_none()
}

/// Whether values can be objects.
fn is_compound(ty: &Type) -> bool {
    matches!(ty, Type::Named(_) | Type::Map(_) | Type::Any)
}
