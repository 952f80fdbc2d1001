//! Checks an overlay by itself: whether each action is valid and has an effect.

use crate::diagnostic::Diagnostic;
use crate::document::Node;

use super::actions::actions;
use super::path::parse;

/// All mistakes in an overlay that do not depend on a document.
pub(crate) fn lint(overlay: &Node) -> Vec<Diagnostic> {
    let list = match actions(overlay) {
        Ok(list) => list,
        Err(error) => return error.diagnostics().to_vec(),
    };
    let mut found = Vec::new();
    let info = overlay.get("info");
    for key in ["title", "version"] {
        if info.and_then(|info| info.str(key)).is_none() {
            let node = info.unwrap_or(overlay);
            let message = format!("the overlay has no `info.{key}`, which the specification requires");
            found.push(Diagnostic::new(message).at(&node.span));
        }
    }
    for (index, action) in list.into_iter().enumerate() {
        let wrong = |message: String, node: &Node| {
            Diagnostic::new(format!("overlay action {}: {message}", index + 1)).at(&node.span)
        };
        let action = match action {
            Ok(action) => action,
            Err(diagnostic) => {
                found.push(diagnostic);
                continue;
            }
        };
        match action.get("target").map(|target| (target, target.as_str())) {
            None => found.push(wrong("it has no `target`".to_owned(), &action)),
            Some((target, None)) => found.push(wrong("its `target` is not a string".to_owned(), target)),
            Some((target, Some(path))) => {
                if let Err(error) = parse(path) {
                    let help = "RFC 9535 is the syntax: quote names with dots, as in $.paths['/a.b']";
                    found.push(wrong(format!("`{path}` is not a JSONPath: {error}"), target).help(help));
                }
            }
        }
        let has = ["update", "copy"].map(|key| action.get(key));
        match (has, action.is_true("remove")) {
            ([None, None], false) => {
                found.push(wrong("it has neither `update`, `copy` nor `remove: true`".to_owned(), &action));
            }
            ([Some(update), _] | [None, Some(update)], true) => {
                found.push(wrong("it has `remove: true`, so the members beside it have no effect".to_owned(), update));
            }
            ([Some(_), Some(copy)], false) => {
                let message = "it has both `update` and `copy`, so neither has an effect".to_owned();
                found.push(wrong(message, copy).help("write two actions, in the intended order"));
            }
            _ => {}
        }
        for (key, node) in action.as_object().into_iter().flatten() {
            let known = ["target", "description", "update", "copy", "remove"].contains(&key.as_str());
            if !known && !key.starts_with("x-") {
                found.push(wrong(format!("an action has no `{key}`"), node));
            }
        }
    }
    found
}
