//! The memory for decoding a response is limited, for every structure of it.

use std::collections::BTreeMap;

use connectors_runtime::crates::serde_json::Value;
use connectors_runtime::object::{Json, from_slice};

/// The lowest limit with which a text can be read.
fn least<T: Json>(text: &str) -> usize {
    let (mut too_small, mut enough) = (0, 1 << 40);
    while too_small + 1 < enough {
        let limit = too_small + (enough - too_small) / 2;
        match from_slice::<T>(text.as_bytes(), limit) {
            Ok(_) => enough = limit,
            Err(error) => {
                assert!(error.is_too_large(), "{error}");
                too_small = limit;
            }
        }
    }
    enough
}

/// The minimum for lists and maps: a slot for each value.
#[test]
fn the_limit_counts_what_is_allocated() {
    const MANY: usize = 2000;
    let list = |item: &str| format!("[{}]", vec![item; MANY].join(","));
    let value = size_of::<Value>();
    // A list with one item has room for four. A map with one entry has a node for eleven.
    assert!(least::<Vec<Value>>(&list("0")) >= MANY * value);
    let map = 11 * (size_of::<String>() + value);
    assert!(least::<Vec<Value>>(&list(r#"{"a":1}"#)) >= MANY * map);
    assert!(least::<Vec<BTreeMap<String, i64>>>(&list(r#"{"a":1}"#)) >= MANY * 11 * (size_of::<String>() + 8));
    // An empty object of 2 bytes needs the memory of its struct, however large that is.
    assert!(least::<Vec<BTreeMap<String, i64>>>(&list("{}")) >= MANY * size_of::<BTreeMap<String, i64>>());
    assert!(least::<String>(&format!("\"{}\"", "x".repeat(1 << 20))) >= 1 << 20);
}

#[test]
fn beyond_the_limit_a_response_is_too_large_and_no_more_is_read() {
    let text = format!("[{}]", vec!["{}"; 1 << 20].join(","));
    let error = from_slice::<Vec<Value>>(text.as_bytes(), 1 << 20).unwrap_err();
    assert!(error.is_too_large(), "{error}");
    assert!(!from_slice::<Vec<Value>>(b"[{}", 1 << 20).unwrap_err().is_too_large());
}

/// A figure of this process in `/proc/self/status`, in bytes.
#[cfg(target_os = "linux")]
fn memory(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// Decodes a text that needs most of the limit, and returns the peak of this process above what it had before.
#[cfg(target_os = "linux")]
fn peak<T: Json>(text: &str, limit: usize) -> usize {
    assert!(from_slice::<T>(text.as_bytes(), limit / 2).unwrap_err().is_too_large());
    let before = memory("VmRSS");
    let value = from_slice::<T>(text.as_bytes(), limit).unwrap();
    let peak = memory("VmHWM").saturating_sub(before);
    drop(value);
    peak
}

/// The other tests of this file take a few MB at the same time.
#[cfg(target_os = "linux")]
#[test]
fn the_memory_of_decoding_stays_within_the_documented_factor() {
    const LIMIT: usize = 64 << 20;
    let list = |item: &str, many: usize| format!("[{}]", vec![item; many].join(","));
    let text = format!("\"{}\"", "x".repeat(1000));
    for (shape, peak) in [
        ("empty maps", peak::<Vec<BTreeMap<String, i64>>>(&list("{}", 1 << 21), LIMIT)),
        ("objects", peak::<Vec<Value>>(&list(r#"{"a":1}"#, 80_000), LIMIT)),
        ("texts", peak::<Vec<String>>(&list(&text, 60_000), LIMIT)),
        ("escaped texts", peak::<Vec<Value>>(&list(&text.replacen('x', "\\n", 1), 55_000), LIMIT)),
    ] {
        assert!(peak < LIMIT + LIMIT / 2 + (8 << 20), "{shape}: {peak}");
    }
}
