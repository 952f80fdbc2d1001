//! Reads YAML 1.2 text into a tree, by the core schema. Anchors, aliases and merge keys are resolved.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use serde_json::Number;

use super::layout::{Layout, Place};
use super::{MAX_COPIED, MAX_DEPTH, MAX_NODES, Map, Node, Source, Span, Value};
use crate::diagnostic::{Diagnostic, Error};

pub(super) fn parse(source: &Arc<Source>) -> Result<Node, Error> {
    let mut layout = Layout::of(&source.text);
    let mut first = None;
    loop {
        let (moved, line, error) = match read(source, &layout) {
            Ok(node) => return Ok(node),
            Err(Refusal::Other(error)) => return Err(error),
            Err(Refusal::Syntax { line, error }) => (false, line, error),
            Err(Refusal::Brackets { opens, line, error }) => (layout.shift_brackets(opens, line), line, error),
            Err(Refusal::Quotes { opens, error }) => (layout.shift_quotes(opens), opens.0, error),
        };
        if !moved {
            // An error among moved lines may come from the move, so the first error is reported.
            return Err(first.filter(|_| layout.reaches(line)).unwrap_or(error));
        }
        first.get_or_insert(error);
    }
}

/// The reason why a text cannot be read.
enum Refusal {
    /// A line inside brackets has too little indentation.
    Brackets { opens: Option<Place>, line: usize, error: Error },
    /// A line of a quoted text has too little indentation.
    Quotes { opens: Place, error: Error },
    /// Other invalid YAML.
    Syntax { line: usize, error: Error },
    /// Valid YAML that cannot be a document.
    Other(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

fn read(source: &Arc<Source>, layout: &Layout<'_>) -> Result<Node, Refusal> {
    let mut reader =
        Reader { source, stack: Vec::new(), anchors: HashMap::new(), nodes: 0, copied: 0, kept: 0, root: None };
    let place = |marker: &Marker| Span::new(source, marker.line(), layout.column(marker.line(), marker.col()) + 1);
    let mut open = Vec::new();
    for item in Parser::new_from_str(layout.text()) {
        let (event, span) = item.map_err(|error| {
            let (marker, told) = (error.marker(), error.info());
            let line = marker.line();
            let error = Diagnostic::new(format!("not YAML: {told}")).at(&place(marker)).into();
            match told {
                "invalid indentation in quoted scalar" => Refusal::Quotes { opens: (line, marker.col()), error },
                "invalid indentation" | "invalid indentation in flow construct" => {
                    Refusal::Brackets { opens: open.iter().find_map(|at| layout.bracket(*at)), line, error }
                }
                _ => Refusal::Syntax { line, error },
            }
        })?;
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => open.push((span.start.line(), span.start.col())),
            Event::SequenceEnd | Event::MappingEnd => drop(open.pop()),
            _ => {}
        }
        reader.event(event, place(&span.start))?;
    }
    let root =
        reader.root.ok_or_else(|| Error::from(Diagnostic::new("the document is empty").at(&Span::new(source, 1, 1))));
    Ok(root?)
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    stack: Vec<Open>,
    anchors: HashMap<usize, Anchor>,
    nodes: usize,
    /// Bytes that aliases have added or that anchors hold for later aliases.
    copied: usize,
    kept: usize,
    root: Option<Node>,
}

/// A collection that is still open.
struct Open {
    node: Node,
    anchor: usize,
    /// A key without its value so far.
    key: Option<(String, Span)>,
    nodes_before: usize,
    /// The levels below this node so far. An alias can nest a tree deeper than its text.
    height: usize,
    /// The mappings of `<<`. The mapping's own keys win.
    merges: Vec<(Node, Span)>,
}

/// A node that an alias can repeat, with its numbers of nodes, bytes and levels.
struct Anchor {
    node: Node,
    nodes: usize,
    weight: usize,
    height: usize,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Error> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if let Some(Open { node: Node { value: Value::Object(_), .. }, key: key @ None, .. }) =
                    self.stack.last_mut()
                {
                    // The text of a key is its name: `200:` and `"200":` are the same member.
                    *key = Some((text.into_owned(), span));
                    return Ok(());
                }
                let node = Node { value: scalar(&text, style, tag.as_ref()), span };
                self.count(1, &node.span)?;
                self.keep(anchor, &node, 1, 0)?;
                self.add(node, 0)
            }
            Event::SequenceStart(anchor, _) => self.open(Value::Array(Vec::new()), anchor, span),
            Event::MappingStart(anchor, _) => self.open(Value::Object(Map::new()), anchor, span),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(mut open) = self.stack.pop() else { return Ok(()) };
                for (from, at) in std::mem::take(&mut open.merges) {
                    if let Value::Object(map) = &mut open.node.value {
                        merge(map, from, &at)?;
                    }
                }
                self.keep(open.anchor, &open.node, self.nodes - open.nodes_before, open.height)?;
                self.add(open.node, open.height)
            }
            Event::Alias(id) => {
                let Some(Anchor { node, nodes, weight, height }) = self.anchors.get(&id) else {
                    return Err(Diagnostic::new("an alias refers to an anchor that is not closed yet")
                        .at(&span)
                        .into());
                };
                self.copied += weight;
                if self.copied > MAX_COPIED {
                    let message = format!("too large: aliases add more than {} MB", MAX_COPIED >> 20);
                    return Err(Diagnostic::new(message).at(&span).into());
                }
                let (node, nodes, height) = (node.clone(), *nodes, *height);
                if let Some(Open { node: Node { value: Value::Object(_), .. }, key: key @ None, .. }) =
                    self.stack.last_mut()
                {
                    let Value::String(text) = node.value else {
                        return Err(Diagnostic::new("a key must be a scalar, written as text").at(&span).into());
                    };
                    *key = Some((text, span));
                    return Ok(());
                }
                self.count(nodes, &span)?;
                self.add(node, height)
            }
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(Diagnostic::new("a second YAML document starts here; a file has one document").at(&span).into())
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, value: Value, anchor: usize, span: Span) -> Result<(), Error> {
        if let Some(Open { node: Node { value: Value::Object(_), .. }, key: None, .. }) = self.stack.last() {
            return Err(Diagnostic::new("a key must be a scalar").at(&span).into());
        }
        if self.stack.len() > MAX_DEPTH {
            return Err(Diagnostic::new(format!("nested deeper than {MAX_DEPTH} levels")).at(&span).into());
        }
        self.count(1, &span)?;
        self.stack.push(Open {
            node: Node { value, span },
            anchor,
            key: None,
            nodes_before: self.nodes - 1,
            height: 0,
            merges: Vec::new(),
        });
        Ok(())
    }

    fn keep(&mut self, anchor: usize, node: &Node, nodes: usize, height: usize) -> Result<(), Error> {
        if anchor > 0 {
            let weight = node.weight();
            self.kept += weight;
            if self.kept > MAX_COPIED {
                let message = format!("too large: the copies of anchors need more than {} MB", MAX_COPIED >> 20);
                return Err(Diagnostic::new(message).at(&node.span).into());
            }
            self.anchors.insert(anchor, Anchor { node: node.clone(), nodes, weight, height });
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, span: &Span) -> Result<(), Error> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(Diagnostic::new(format!("too large: more than {MAX_NODES} values once aliases are expanded"))
                .at(span)
                .into());
        }
        Ok(())
    }

    fn add(&mut self, node: Node, height: usize) -> Result<(), Error> {
        if self.stack.len() + height > MAX_DEPTH + 1 {
            return Err(Diagnostic::new(format!("nested deeper than {MAX_DEPTH} levels")).at(&node.span).into());
        }
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.height = open.height.max(height + 1);
        match (&mut open.node.value, open.key.take()) {
            (Value::Array(items), _) => items.push(node),
            (Value::Object(_), Some((key, at))) if key == "<<" && !node_is_plain(&node) => open.merges.push((node, at)),
            (Value::Object(map), Some((key, at))) => {
                if map.contains_key(&key) {
                    return Err(Diagnostic::new(format!("a mapping has the key `{key}` twice")).at(&at).into());
                }
                map.insert(key, node);
            }
            _ => return Err(Diagnostic::new("a key must be a scalar").at(&Span::new(self.source, 1, 1)).into()),
        }
        Ok(())
    }
}

fn node_is_plain(node: &Node) -> bool {
    !matches!(node.value, Value::Object(_) | Value::Array(_))
}

/// The merge key `<<`: adds members of the other mapping that this one does not have.
fn merge(map: &mut Map, from: Node, at: &Span) -> Result<(), Error> {
    match from.value {
        Value::Object(other) => {
            for (key, node) in other {
                map.entry(key).or_insert(node);
            }
            Ok(())
        }
        Value::Array(items) => items.into_iter().try_for_each(|item| merge(map, item, at)),
        _ => Err(Diagnostic::new("`<<` needs a mapping or a list of mappings").at(at).into()),
    }
}

/// A scalar by the YAML 1.2 core schema.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Cow<'_, Tag>>) -> Value {
    if style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str") {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => match number(text) {
            Some(Ok(number)) => Value::Number(number),
            // A number beyond a double stays as its text. `lower` leaves out the keyword that needs a number.
            Some(Err(())) | None => Value::String(text.to_owned()),
        },
    }
}

fn number(text: &str) -> Option<Result<Number, ()>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let radix = |digits: &str, radix| u64::from_str_radix(digits, radix).map(Number::from).map_err(drop);
    if let Some(digits) = unsigned.strip_prefix("0x") {
        return (unsigned.len() == text.len() && digits.bytes().all(|b| b.is_ascii_hexdigit()) && !digits.is_empty())
            .then(|| radix(digits, 16));
    }
    if let Some(digits) = unsigned.strip_prefix("0o") {
        return (unsigned.len() == text.len()
            && digits.bytes().all(|b| (b'0'..b'8').contains(&b))
            && !digits.is_empty())
        .then(|| radix(digits, 8));
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let well_formed = digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent));
    if !well_formed {
        return None;
    }
    let plain = text.strip_prefix('+').unwrap_or(text);
    if exponent.is_none() && !mantissa.contains('.') {
        if let Ok(value) = plain.parse::<i64>() {
            return Some(Ok(value.into()));
        }
        if let Ok(value) = plain.parse::<u64>() {
            return Some(Ok(value.into()));
        }
    }
    Some(plain.parse::<f64>().ok().and_then(Number::from_f64).ok_or(()))
}
