//! Required arguments: no two arguments of a method accept the same expression, so that swapped arguments do not
//! compile.

use std::collections::BTreeSet;

use super::params::kind_name;
use super::shaping::Shaping;
use crate::shape::context::Types;
use crate::shape::model::{Body, BodyContent, Param, Place, Type};

/// The expressions that an argument accepts if it has no type of its own.
enum Accepts {
    /// `&str`, `String` or `&String`.
    Text,
    /// A number or a boolean by value.
    Number,
    /// A value that converts to bytes, such as a `String`.
    Bytes,
    /// A multipart body.
    Parts,
    /// A reference to a value of a type, with aliases resolved.
    Reference(Type),
}

impl Accepts {
    fn of(types: &mut Types<'_>, param: &Param) -> Self {
        match &param.kind {
            Some((_, Type::String)) => Self::Text,
            Some(_) => Self::Number,
            None => Self::Reference(resolved(types, &param.ty, 0)),
        }
    }

    fn of_body(types: &mut Types<'_>, content: &BodyContent) -> Self {
        match content {
            BodyContent::Json(ty, _) | BodyContent::Form(ty, _) => Self::Reference(resolved(types, ty, 0)),
            BodyContent::Multipart(..) => Self::Parts,
            BodyContent::Raw(_) => Self::Bytes,
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text | Self::Number, Self::Text | Self::Number) => true,
            (Self::Text, Self::Bytes) | (Self::Bytes, Self::Text) => true,
            (Self::Text, Self::Reference(ty)) | (Self::Reference(ty), Self::Text) => *ty == Type::String,
            (Self::Reference(one), Self::Reference(another)) => one == another,
            _ => false,
        }
    }
}

/// The maximum depth to which aliases are resolved. A list that contains itself has no end. It becomes a type of its
/// own later.
const DEEPEST: usize = 16;

/// A type without aliases.
fn resolved(types: &mut Types<'_>, ty: &Type, depth: usize) -> Type {
    match types.alias(ty) {
        Type::Array(item) if depth < DEEPEST => Type::Array(Box::new(resolved(types, &item, depth + 1))),
        Type::Map(value) if depth < DEEPEST => Type::Map(Box::new(resolved(types, &value, depth + 1))),
        other => other,
    }
}

impl Shaping<'_, '_> {
    /// Assigns a type of its own to each required parameter that accepts the same expressions as another argument of a
    /// method. Each media type of the body has its own method, which is checked alone. A new media type therefore does
    /// not change the existing methods.
    pub(super) fn tell_apart(&mut self, params: &mut [Param], body: Option<&Body>) {
        let required: Vec<usize> = (0..params.len()).filter(|index| params[*index].required).collect();
        let of_params: Vec<Accepts> = required.iter().map(|index| Accepts::of(self.types, &params[*index])).collect();
        let body = body.filter(|body| body.required);
        let contents = body
            .into_iter()
            .flat_map(|body| std::iter::once(&body.content).chain(body.others.iter().map(|(_, it)| it)));
        let mut methods: Vec<Option<Accepts>> = contents.map(|it| Some(Accepts::of_body(self.types, it))).collect();
        if methods.is_empty() {
            methods.push(None);
        }
        for (place, index) in required.iter().enumerate() {
            let own = &of_params[place];
            let others = of_params.iter().enumerate().filter(|(other, _)| *other != place);
            let by_params = others.into_iter().any(|(_, other)| own.overlaps(other));
            let overlaps = |body: &Option<Accepts>| by_params || body.as_ref().is_some_and(|body| own.overlaps(body));
            let param = &mut params[*index];
            param.own = methods.iter().map(overlaps).collect();
            if param.own.contains(&true) && param.kind.is_none() {
                param.kind = Some((kind_name(&param.wire, param.place, self.path), param.ty.clone()));
            }
        }
        // Two parameters in different places may have the same name.
        let mut taken = BTreeSet::new();
        for param in params {
            let Some((name, _)) = &mut param.kind else { continue };
            while !taken.insert(name.clone()) {
                name.push_str(match param.place {
                    Place::Path => "Path",
                    Place::Query | Place::QueryString => "Query",
                    Place::Header => "Header",
                    Place::Cookie => "Cookie",
                });
            }
        }
    }
}
