//! Finds the parts of a document without a description. A person has to write these descriptions, in the overlay.

use crate::document::{Node, Pointer};
use crate::grammar::{self, Object};

/// Operations without a summary, and parameters, component schemas and properties without a description. Each is one
/// line, in the order of the document.
///
/// ```
/// use connectors_codegen::{Node, undocumented};
///
/// # fn main() -> Result<(), connectors_codegen::Error> {
/// let document = Node::parse("pets.yaml", "
/// openapi: 3.1.0
/// info: {title: Pets, version: '1'}
/// paths: {/pets: {get: {operationId: listPets, responses: {'200': {description: ok}}}}}
/// components: {schemas: {Pet: {type: object, description: A pet., properties: {name: {type: string}}}}}
/// ")?;
/// assert_eq!(undocumented(&document), ["the operation `listPets` has no summary", "`Pet`.`name` has no description"]);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn undocumented(document: &Node) -> Vec<String> {
    let mut found = Vec::new();
    Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, pointer| {
        let silent = |key: &str| node.str(key).is_none_or(|text| text.trim().is_empty());
        match kind {
            Object::Operation if silent("summary") => {
                let id = node.str("operationId").map_or_else(|| pointer.as_str().to_owned(), str::to_owned);
                found.push(format!("the operation `{id}` has no summary"));
            }
            Object::Parameter if silent("description") && grammar::reference(node).is_none() => {
                let name = node.str("name").unwrap_or_default();
                found.push(format!("the parameter `{name}` has no description ({})", owner(document, pointer)));
            }
            Object::Schema if silent("description") => {
                if let Some(name) = schema_name(pointer) {
                    found.push(format!("{name} has no description"));
                }
            }
            _ => {}
        }
    });
    found
}

/// The operation of a parameter, or the parameter's place.
fn owner(document: &Node, pointer: &Pointer) -> String {
    let operation = pointer.as_str().rsplit_once("/parameters/").map(|(operation, _)| operation);
    let id = operation.and_then(|operation| document.pointer(operation)).and_then(|node| node.str("operationId"));
    id.map_or_else(|| pointer.to_string(), |id| format!("`{id}`"))
}

/// The name of a component or a property. The schema at any other place is named after the one around it.
fn schema_name(pointer: &Pointer) -> Option<String> {
    let tokens = Pointer::split(pointer.as_str())?;
    let (name, before) = tokens.split_last()?;
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    match before {
        [components, schemas] if components == "components" && schemas == "schemas" => {
            Some(format!("`{}`", last(name)))
        }
        [.., properties] if properties == "properties" => {
            let owner = match before {
                [components, schemas, component, ..] if components == "components" && schemas == "schemas" => {
                    last(component)
                }
                _ => pointer.as_str().rsplit_once("/properties/").map_or_else(String::new, |(at, _)| at.to_owned()),
            };
            Some(format!("`{owner}`.`{name}`"))
        }
        _ => None,
    }
}
