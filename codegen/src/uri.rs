//! References to documents and to places within them, by URI (RFC 3986).

use crate::document::{Map, Node, Pointer, percent_decode};
use crate::grammar::Object;

/// Turns references that use the document's own URI (`$self`, OpenAPI 3.2) into references within the document.
pub(crate) fn localise(document: &mut Node) {
    let Some(own) = document.str("$self").map(|uri| resolve("", uri)).filter(|uri| !uri.is_empty()) else { return };
    let local = |text: &str| {
        let (base, fragment) = text.split_once('#').unwrap_or((text, ""));
        (!base.is_empty() && resolve(&own, base) == own).then(|| format!("#{fragment}"))
    };
    Object::OpenApi.walk_mut(document, &Pointer::root(), &mut |kind, node, _| {
        let Some(map) = node.as_object_mut() else { return };
        let mut targets: Vec<&mut Node> = Vec::new();
        for (key, member) in map {
            match key.as_str() {
                "$ref" => targets.push(member),
                "discriminator" if kind == Object::Schema => {
                    for (key, member) in member.as_object_mut().into_iter().flatten() {
                        match key.as_str() {
                            "mapping" => targets.extend(member.as_object_mut().into_iter().flat_map(Map::values_mut)),
                            "defaultMapping" => targets.push(member),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        for target in targets {
            if let Some(text) = target.as_str().and_then(local) {
                target.value = text.into();
            }
        }
    });
}

/// Resolves a reference against a base (RFC 3986, 5.2). `.`, `..` and percent-encoding are removed, so that each URI
/// has one spelling.
pub(crate) fn resolve(base: &str, reference: &str) -> String {
    let absolute = if scheme(reference).is_some() || base.is_empty() {
        reference.to_owned()
    } else if reference.is_empty() {
        base.to_owned()
    } else if let Some(before) = scheme(base).filter(|_| reference.starts_with("//")) {
        format!("{before}:{reference}")
    } else if reference.starts_with('/') {
        format!("{}{reference}", &base[..base.len() - path(base).len()])
    } else if scheme(base).is_some() && !path(base).starts_with('/') && !base.contains("://") {
        // A `urn:` cannot be a base.
        reference.to_owned()
    } else {
        let folder = path(base).rsplit_once('/').map(|(folder, _)| folder);
        let rooted = base.contains("://") && folder.is_none();
        let before = &base[..base.len() - path(base).len()];
        format!(
            "{before}{}{}{reference}",
            folder.unwrap_or_default(),
            if folder.is_some() || rooted { "/" } else { "" }
        )
    };
    let path = path(&absolute);
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "." => {}
            ".." if segments.last().is_some_and(|last| !last.is_empty()) => drop(segments.pop()),
            ".." => {}
            other => segments.push(other),
        }
    }
    percent_decode(&format!("{}{}", &absolute[..absolute.len() - path.len()], segments.join("/")))
}

/// The scheme of a URI; `None` for a relative reference.
pub(crate) fn scheme(uri: &str) -> Option<&str> {
    let (scheme, _) = uri.split_once(':')?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    (scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(fits)).then_some(scheme)
}

/// The path of a URI, with its query and fragment.
fn path(uri: &str) -> &str {
    let rest = scheme(uri).map_or(uri, |scheme| &uri[scheme.len() + 1..]);
    match rest.strip_prefix("//") {
        Some(after) => &after[after.find('/').unwrap_or(after.len())..],
        None => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn a_reference_is_relative_to_the_resource_around_it() {
        for (base, reference, expected) in [
            ("https://x.yz/a/b", "c", "https://x.yz/a/c"),
            ("https://x.yz/a/b", "../c", "https://x.yz/c"),
            ("https://x.yz/a/b", "/c", "https://x.yz/c"),
            ("https://x.yz", "c", "https://x.yz/c"),
            ("https://x.yz/a", "//y.yz/c", "https://y.yz/c"),
            ("https://x.yz/a", "https://x.yz/b/./c/../d", "https://x.yz/b/d"),
            ("https://x.yz/a", "../../c", "https://x.yz/c"),
            ("https://x.yz/a", "urn:c", "urn:c"),
            ("urn:a", "c", "c"),
            ("", "c%20d", "c d"),
            ("a/b", "c", "a/c"),
        ] {
            assert_eq!(resolve(base, reference), expected, "{reference} in {base}");
        }
    }
}
