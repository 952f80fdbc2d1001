//! Values of any type that are secret by their component.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Type, TypeDef, TypeKind};

/// The most aliases that lead to a type.
const LONGEST: usize = 64;

/// Hides the values of these aliases wherever a type holds them: an alias of any value has no `Debug` of its own.
pub(super) fn hide(defs: &mut BTreeMap<String, TypeDef>, secret: &BTreeSet<String>) {
    let is_plain = |name: &str| {
        let mut name = name;
        for _ in 0..LONGEST {
            let Some(TypeKind::Alias(ty)) = defs.get(name).map(|def| &def.kind) else { return false };
            let Some(next) = ty.innermost() else { return true };
            name = next;
        }
        false
    };
    let hidden: BTreeSet<String> = secret.iter().filter(|name| is_plain(name)).cloned().collect();
    if hidden.is_empty() {
        return;
    }
    let holds = |ty: &Type| ty.innermost().is_some_and(|name| hidden.contains(name));
    for def in defs.values_mut() {
        match &mut def.kind {
            TypeKind::Struct(it) => {
                it.fields.iter_mut().for_each(|field| field.sensitive |= holds(&field.ty));
                it.sensitive |= it.extra.as_ref().is_some_and(|(_, ty)| holds(ty));
            }
            TypeKind::Union(it) => it.variants.iter_mut().for_each(|variant| variant.sensitive |= holds(&variant.ty)),
            TypeKind::Tuple(it) => {
                it.items.iter_mut().for_each(|item| item.sensitive |= holds(&item.ty));
                it.sensitive |= it.rest.as_ref().is_some_and(holds);
            }
            TypeKind::Alias(_) | TypeKind::Wrapper(_) | TypeKind::Enum(_) => {}
        }
    }
}
