//! JSON text to a tree, strictly by RFC 8259.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use jsonc_parser::ast;
use jsonc_parser::common::Range;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{MAX_DEPTH, Map, Node, Repeat, Source, Span, Value};
use crate::diagnostic::{Diagnostic, Error};

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(super) fn parse(source: &Arc<Source>) -> Result<Node, Error> {
    let reader = Reader::new(source);
    let parsed = parse_to_ast(&source.text, &CollectOptions::default(), &STRICT).map_err(|error| {
        Diagnostic::new(format!("not JSON: {}", error.kind())).at(&reader.span(error.range().start))
    })?;
    let read = parsed.value.map(|value| reader.node(value, 0));
    let repeats = reader.repeats.into_inner();
    if !repeats.is_empty() {
        // A source is read once, so the cell is empty.
        drop(source.repeats.set(repeats));
    }
    match read {
        Some(read) => read,
        None => Err(Diagnostic::new("the document is empty").at(&Span::new(source, 1, 1)).into()),
    }
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    /// The byte offset at which each line starts.
    lines: Vec<usize>,
    /// An offset whose column is known, and the number of characters before it on its line.
    counted: Cell<(usize, usize)>,
    repeats: RefCell<HashMap<(u32, u32), Repeat>>,
}

impl<'a> Reader<'a> {
    fn new(source: &'a Arc<Source>) -> Self {
        let starts = source.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self {
            source,
            lines: std::iter::once(0).chain(starts).collect(),
            counted: Cell::new((0, 0)),
            repeats: RefCell::default(),
        }
    }

    fn span(&self, offset: usize) -> Span {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        // Counting continues from the last offset, so a document on one line is not counted again for each node.
        let (known, columns) = self.counted.get();
        let (from, before) = if (start..=offset).contains(&known) { (known, columns) } else { (start, 0) };
        let columns = before + self.source.text.get(from..offset).map_or(offset - from, |text| text.chars().count());
        self.counted.set((offset, columns));
        Span::new(self.source, line, columns + 1)
    }

    fn node(&self, value: ast::Value<'_>, depth: usize) -> Result<Node, Error> {
        let range = range(&value);
        let span = self.span(range.start);
        if depth > MAX_DEPTH {
            return Err(Diagnostic::new(format!("nested deeper than {MAX_DEPTH} levels")).at(&span).into());
        }
        let value = match value {
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
            ast::Value::StringLit(literal) => Value::String(literal.value.into_owned()),
            // A number beyond a double stays as its text. `lower` leaves out the keyword that needs a number.
            ast::Value::NumberLit(literal) => {
                literal.value.parse().map_or_else(|_| Value::String(literal.value.to_owned()), Value::Number)
            }
            ast::Value::Array(array) => {
                let items = array.elements.into_iter().map(|item| self.node(item, depth + 1));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            ast::Value::Object(object) => {
                let mut map = Map::with_capacity(object.properties.len());
                for property in object.properties {
                    let key = property.name.as_str().to_owned();
                    let node = self.node(property.value, depth + 1)?;
                    let place = (node.span.line(), node.span.column());
                    // The last value is used. RFC 8259 does not decide this, but nearly all readers do the same.
                    if let Some(before) = map.insert(key.clone(), node) {
                        let first = (before.span.line(), before.span.column());
                        self.repeats.borrow_mut().insert(place, Repeat { key, first });
                    }
                }
                Value::Object(map)
            }
        };
        Ok(Node { value, span })
    }
}

fn range(value: &ast::Value<'_>) -> Range {
    use jsonc_parser::common::Ranged;
    value.range()
}
