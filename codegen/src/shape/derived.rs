//! Names that follow from those of operations: of methods for other media types, and of methods for links. They are
//! chosen after the lock has named the operations.

use std::collections::BTreeSet;

use super::model::{Api, Operation};
use super::names;

/// The names of the methods in each group that are in use, without the `_` of a keyword.
type Taken = BTreeSet<(Option<String>, String)>;

/// Makes the names for other media types and for links unique among the methods of the group, and the names for media
/// types unique among the setters of the request.
pub(super) fn name(api: &mut Api) {
    let groups = api.operations.iter().filter_map(|operation| operation.group.clone());
    let mut taken: Taken = groups.map(|group| (None, group)).collect();
    taken.extend(api.operations.iter().map(|operation| (operation.group.clone(), stem(operation).to_owned())));
    // The order does not depend on the order in the document.
    let mut operations: Vec<&mut Operation> = api.operations.iter_mut().collect();
    operations.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
    for operation in &mut operations {
        name_media(operation, &mut taken);
    }
    for operation in &mut operations {
        name_links(operation, &mut taken);
    }
}

fn stem(operation: &Operation) -> &str {
    operation.name.trim_end_matches('_')
}

fn name_media(operation: &mut Operation, taken: &mut Taken) {
    let (group, method) = (operation.group.clone(), &operation.name);
    let mut setters: BTreeSet<String> = operation.params.iter().map(|param| param.name.clone()).collect();
    for (suffix, _) in operation.body.iter_mut().flat_map(|body| &mut body.others) {
        while !(setters.insert(format!("body_{suffix}"))
            & taken.insert((group.clone(), names::for_media(method, suffix))))
        {
            suffix.push_str("_body");
        }
    }
    let readings = operation.readings.iter_mut().map(|reading| &mut reading.name);
    for name in readings.chain(operation.streams.iter_mut().map(|stream| &mut stream.name)) {
        while !setters.insert(name.clone()) {
            name.push_str("_response");
        }
    }
}

fn name_links(operation: &mut Operation, taken: &mut Taken) {
    let (group, stem) = (operation.group.clone(), stem(operation).to_owned());
    for link in &mut operation.links {
        // The name of a link may begin with an underscore, in place of a letter.
        link.name = format!("{stem}_then_{}", link.name.trim_start_matches('_'));
        while !taken.insert((group.clone(), link.name.trim_end_matches('_').to_owned())) {
            link.name = format!("{}_link", link.name.trim_end_matches('_'));
        }
    }
}
