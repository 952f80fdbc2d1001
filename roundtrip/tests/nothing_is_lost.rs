//! Any JSON that a document allows is the same after it was read and written with the generated type.
//!
//! `ROUNDTRIP_CORPUS` (when building) selects the documents, `ROUNDTRIP_INSTANCES` sets the number of instances for
//! each schema, `ROUNDTRIP_SEED` the seed. To see the output of a successful run, add `--nocapture`.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, thread};

use roundtrip::{DOCUMENTS, Prepared, component};

/// Schemas that may lose something: document, schema, and the reason, which is also in a note of the pipeline.
///
/// An entry whose schema loses nothing is an error.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// Unions whose values may be read as a variant for which they are not valid: document, type, and the reason.
const WRONG_VARIANTS: &[(&str, &str, &str)] =
    &[("schemas", "CircularB", "for a circle of unions, validators differ about the allowed values")];

/// Further failures are only counted.
const SHOWN: usize = 20;

fn setting<T: FromStr>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is `{text}`, which is not a number")))
}

#[test]
fn nothing_is_lost() {
    let instances = setting("ROUNDTRIP_INSTANCES").unwrap_or(200);
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| u64::from(it.subsec_nanos()));
    let seed = setting("ROUNDTRIP_SEED").unwrap_or_else(clock);
    println!("ROUNDTRIP_SEED={seed} ROUNDTRIP_INSTANCES={instances}");

    let prepared: Vec<Prepared> = DOCUMENTS.iter().map(|it| Prepared::new(it).unwrap()).collect();
    let mut jobs = Vec::new();
    for (registered, prepared) in DOCUMENTS.iter().zip(&prepared) {
        jobs.extend(prepared.types().map(|(ty, pointer)| (registered.name, prepared, ty, pointer)));
    }
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    let work = || {
        while let Some((document, prepared, ty, pointer)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = prepared.examine(ty, pointer, seed, instances);
            outcomes.lock().unwrap().push((*document, *ty, *pointer, outcome));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            // Nested unions need large stack frames at each level in a debug build.
            thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, work).unwrap();
        }
    });

    let mut outcomes = outcomes.into_inner().unwrap();
    outcomes.sort_by_key(|(document, ty, ..)| (*document, *ty));
    for registered in DOCUMENTS {
        let name = registered.name;
        let own = || outcomes.iter().filter(move |(document, ..)| *document == name).map(|(.., outcome)| outcome);
        let valid: usize = own().map(|outcome| outcome.valid).sum();
        let discarded: usize = own().map(|outcome| outcome.discarded).sum();
        println!("{name}: {} types, {valid} instances, {discarded} attempts discarded", own().count());
    }
    for (document, ty, _, outcome) in &outcomes {
        if let Some(remark) = &outcome.remark {
            println!("{document}: {ty}: {remark}");
        }
    }

    let mut used = BTreeSet::new();
    let mut failures = Vec::new();
    for (document, _, pointer, outcome) in outcomes {
        let Some(failure) = outcome.failure else { continue };
        let schema = component(pointer).unwrap_or_default();
        match EXCEPTIONS.iter().position(|(at, name, _)| *at == document && *name == schema) {
            Some(index) => drop(used.insert(index)),
            None => failures.push(failure),
        }
    }
    // The shortest one probably shows the reason of the others.
    failures.sort_by_key(String::len);
    let count = failures.len();
    failures.truncate(SHOWN);
    for (index, (document, schema, reason)) in EXCEPTIONS.iter().enumerate() {
        if !used.contains(&index) && DOCUMENTS.iter().any(|it| it.name == *document) {
            failures.push(format!("{document}: {schema} no longer loses anything; remove the exception ({reason})"));
        }
    }
    assert!(
        failures.is_empty(),
        "{count} types lose something (ROUNDTRIP_SEED={seed} for the same again):\n\n{}\n",
        failures.join("\n\n")
    );
}

#[test]
fn a_value_is_read_as_the_right_variant() {
    let instances = setting("ROUNDTRIP_INSTANCES").unwrap_or(200);
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| u64::from(it.subsec_nanos()));
    let seed = setting("ROUNDTRIP_SEED").unwrap_or_else(clock);
    let (mut unions, mut valid, mut failures) = (0, 0, Vec::new());
    // Debug builds have large frames.
    let work = || {
        for registered in DOCUMENTS {
            let prepared = Prepared::new(registered).unwrap();
            for (ty, pointer) in prepared.unions() {
                let outcome = prepared.examine_variants(ty, pointer, seed, instances);
                unions += 1;
                valid += outcome.valid;
                let known = WRONG_VARIANTS.iter().any(|(at, name, _)| *at == registered.name && *name == ty);
                failures.extend(outcome.failure.filter(|_| !known));
                if let Some(remark) = outcome.remark {
                    println!("{}: {ty}: {remark}", registered.name);
                }
            }
        }
    };
    thread::scope(|scope| thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, work).unwrap().join())
        .unwrap();
    println!("{unions} unions, {valid} instances");
    assert!(unions > 10 && valid > 1000, "{unions} unions, {valid} instances");
    failures.sort_by_key(String::len);
    let count = failures.len();
    failures.truncate(SHOWN);
    assert!(failures.is_empty(), "{count} unions (ROUNDTRIP_SEED={seed}):\n\n{}\n", failures.join("\n\n"));
}
