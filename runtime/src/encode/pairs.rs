//! Names and values for a query, a form or a cookie.

use serde::Serialize;

use super::parameter::{Parameter, Place, Style};
use super::percent::{Keep, encode};
use super::value::{Fault, Node, write_scalar};

/// Appends a value by the rules of its parameter. The name may differ from the parameter's.
pub(super) fn write(
    out: &mut String,
    rules: &Parameter,
    name: &str,
    value: &(impl Serialize + ?Sized),
) -> Result<(), Fault> {
    let mut pairs = Pairs::new(out, rules);
    if rules.has_media_type() {
        return content(rules, value)?.map_or(Ok(()), |text| pairs.pair(name, &text));
    }
    match write_scalar(value, &mut |text| pairs.pair(name, text)) {
        Err(Fault::NotScalar) => pairs.node(name, Node::of(value)?),
        written => written,
    }
}

/// Appends a value that is the whole query string.
pub(super) fn write_whole(
    out: &mut String,
    rules: &Parameter,
    encoding: &[Parameter],
    value: &(impl Serialize + ?Sized),
) -> Result<(), Fault> {
    let text = if rules.has_media_type() {
        content(rules, value)?
    } else {
        match Node::of(value)? {
            Node::Null => None,
            Node::Object(members) => {
                let members = members.into_iter().filter(|(_, member)| !member.is_null());
                return members.into_iter().try_for_each(|(key, member)| {
                    write_member(out, encoding.iter().find(|rules| rules.name() == key), &key, member)
                });
            }
            scalar => Some(scalar.into_text()),
        }
    };
    if let Some(text) = text {
        if !out.is_empty() {
            out.push('&');
        }
        encode(out, &text, if rules.reserved { Keep::Reserved } else { Keep::Unreserved });
    }
    Ok(())
}

/// The text of a value by the media type of its parameter, JSON or a form; `None` for null.
pub(super) fn content(rules: &Parameter, value: &(impl Serialize + ?Sized)) -> Result<Option<String>, Fault> {
    let Some(encoding) = rules.form else {
        let json = serde_json::to_string(value).map_err(|error| Fault::Bad(error.to_string()))?;
        return Ok(Some(json).filter(|json| json != "null"));
    };
    let members = match Node::of(value)? {
        Node::Null => return Ok(None),
        Node::Object(members) => members,
        _ => return Err(Fault::bad("it is not an object, and a form is one")),
    };
    let mut text = String::new();
    for (key, member) in members.into_iter().filter(|(_, member)| !member.is_null()) {
        write_member(&mut text, encoding.iter().find(|rules| rules.name() == key), &key, member)?;
    }
    Ok(Some(text))
}

/// Appends the member of a form: by its rules, or without rules lists item by item and objects as JSON.
pub(super) fn write_member(out: &mut String, rules: Option<&Parameter>, key: &str, node: Node) -> Result<(), Fault> {
    const PLAIN: Parameter = Parameter::query("");
    let mut pairs = Pairs::new(out, rules.unwrap_or(&PLAIN));
    match rules {
        Some(rules) if rules.json => {
            let json = node.into_json();
            pairs.pair(key, &json)
        }
        Some(_) => pairs.node(key, node),
        None => pairs.member(key, node),
    }
}

struct Pairs<'a> {
    out: &'a mut String,
    rules: &'a Parameter,
    /// The separator of two pairs.
    and: &'static str,
    keep: Keep,
}

impl<'a> Pairs<'a> {
    fn new(out: &'a mut String, rules: &'a Parameter) -> Self {
        let in_cookie = rules.place == Place::Cookie;
        let keep = match (rules.reserved, in_cookie) {
            (false, _) => Keep::Unreserved,
            (true, false) => Keep::Reserved,
            (true, true) => Keep::ReservedInCookie,
        };
        Self { out, rules, and: if in_cookie { "; " } else { "&" }, keep }
    }

    fn begin(&mut self, name: &str) {
        if !self.out.is_empty() {
            self.out.push_str(self.and);
        }
        match self.rules.place {
            // The name is the document's, and this is not a URL.
            Place::Cookie if name == self.rules.name() => self.out.push_str(name),
            Place::Cookie => encode(self.out, name, Keep::Unreserved),
            _ => encode(self.out, name, Keep::Name),
        }
        self.out.push('=');
    }

    fn text(&mut self, text: &str) -> Result<(), Fault> {
        if self.rules.style != Style::Cookie {
            encode(self.out, text, self.keep);
            return Ok(());
        }
        // RFC 6265, section 4.1.1.
        let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\');
        if !text.bytes().all(fits) {
            return Err(Fault::bad("it has a character that a cookie cannot have"));
        }
        self.out.push_str(text);
        Ok(())
    }

    fn pair(&mut self, name: &str, text: &str) -> Result<(), Fault> {
        self.begin(name);
        self.text(text)
    }

    fn node(&mut self, name: &str, node: Node) -> Result<(), Fault> {
        if self.rules.style == Style::DeepObject {
            return self.deep(name, node);
        }
        match node {
            Node::Null => Ok(()),
            Node::List(items) if self.rules.explodes() => self.each(name, items),
            Node::Object(members) if self.rules.explodes() => {
                members.into_iter().try_for_each(|(key, member)| self.member(&key, member))
            }
            Node::List(items) => self.joined(name, items.into_iter().filter(|item| !item.is_null())),
            Node::Object(members) => {
                let members = members.into_iter().filter(|(_, member)| !member.is_null());
                self.joined(name, members.flat_map(|(key, member)| [Node::Text(key), member]))
            }
            scalar => self.pair(name, &scalar.into_text()),
        }
    }

    /// A member that is sent as its own pair.
    fn member(&mut self, key: &str, node: Node) -> Result<(), Fault> {
        match node {
            Node::Null => Ok(()),
            Node::List(items) => self.each(key, items),
            other => self.pair(key, &other.into_text()),
        }
    }

    fn each(&mut self, name: &str, items: Vec<Node>) -> Result<(), Fault> {
        let items = items.into_iter().filter(|item| !item.is_null());
        items.map(Node::into_text).try_for_each(|text| self.pair(name, &text))
    }

    /// Sends all items in one value. An empty value is not sent.
    fn joined(&mut self, name: &str, items: impl Iterator<Item = Node>) -> Result<(), Fault> {
        let (delimiter, separator) = match self.rules.style {
            Style::SpaceDelimited => (Some(' '), "%20"),
            Style::PipeDelimited => (Some('|'), "%7C"),
            // The commas of an item are percent-encoded, unless reserved characters are kept.
            _ if self.rules.reserved || self.rules.style == Style::Cookie => (Some(','), ","),
            _ => (None, ","),
        };
        let mut begun = false;
        for text in items.map(Node::into_text) {
            if let Some(delimiter) = delimiter.filter(|delimiter| text.contains(*delimiter)) {
                return Err(Fault::Bad(format!("an item has `{delimiter}`, which separates items")));
            }
            if begun {
                self.out.push_str(separator);
            } else {
                self.begin(name);
                begun = true;
            }
            self.text(&text)?;
        }
        Ok(())
    }

    fn deep(&mut self, name: &str, node: Node) -> Result<(), Fault> {
        match node {
            Node::Null => Ok(()),
            Node::Object(members) => {
                members.into_iter().try_for_each(|(key, member)| self.deep(&format!("{name}[{key}]"), member))
            }
            Node::List(items) => {
                let bare = name.strip_suffix("[]").unwrap_or(name);
                let nested = items.iter().any(|item| matches!(item, Node::List(_) | Node::Object(_)));
                let items = items.into_iter().filter(|item| !item.is_null()).enumerate();
                for (index, item) in items {
                    let name = if nested { format!("{bare}[{index}]") } else { format!("{bare}[]") };
                    self.deep(&name, item)?;
                }
                Ok(())
            }
            scalar => self.pair(name, &scalar.into_text()),
        }
    }
}
