use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::*;

const MB: usize = 1024 * 1024;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Page {
    list: Vec<Row>,
    next: Option<String>,
    #[serde(default)]
    by_name: BTreeMap<String, Row>,
    #[serde(default)]
    shape: Option<Shape>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
struct Row {
    id: u64,
    status: String,
    nested: Option<Box<Row>>,
    pair: Option<(u8, u8)>,
    status_is: Status,
    #[serde(flatten)]
    extra: BTreeMap<String, Value>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    #[default]
    On,
    Off,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Shape {
    Square { side: u8 },
    Round(u8),
}

fn read(text: &str) -> Result<Page, DecodeError> {
    from_slice(text.as_bytes(), MB)
}

fn fault(text: &str) -> (String, String) {
    let error = read(text).unwrap_err();
    assert!(!error.is_too_large());
    for secret in ["hunter2", "4711"] {
        assert!(!error.to_string().contains(secret) && !format!("{error:?}").contains(secret), "{error}");
    }
    (error.path().to_owned(), error.message().to_owned())
}

#[test]
fn it_reads_what_serde_json_reads() {
    let text = r#"{"list":[{"id":1,"status":"a\n","nested":{"id":2,"nested":{}},"pair":[1,2],"statusIs":"x","status_is":"off",
        "more":{"a":[1,2.5,null,true,"x"]}}],"next":null,"byName":{"a":{},"b\u0041":{"id":3}},"shape":{"square":{"side":4}},
        "unknown":[{"deep":[[]]}]}"#;
    let right: Page = serde_json::from_str(text).unwrap();
    assert_eq!(read(text).unwrap(), right);
    let right: Value = serde_json::from_str(text).unwrap();
    assert_eq!(from_slice::<Value>(text.as_bytes(), MB).unwrap(), right);
    assert_eq!(from_slice::<BTreeMap<u8, Status>>(br#"{"1":"on"}"#, MB).unwrap(), BTreeMap::from([(1, Status::On)]));
    assert_eq!(from_slice::<Vec<u8>>(b" [1, 2] ", MB).unwrap(), [1, 2]);
}

#[test]
fn the_fault_has_its_path_and_no_value() {
    for (text, path, message) in [
        (r#"{"list":[{},{"id":"hunter2"}]}"#, "list[1].id", "expected u64"),
        (r#"{"list":[{"nested":{"nested":{"status":4711}}}]}"#, "list[0].nested.nested.status", "expected a string"),
        (r#"{"list":[{"pair":[1,"hunter2"]}]}"#, "list[0].pair[1]", "expected u8"),
        (r#"{"list":[{"status_is":"hunter2"}]}"#, "list[0].status_is", "expected `on` or `off`"),
        (r#"{"list":[],"byName":{"a":{},"b.c":{"id":-4711}}}"#, r#"byName["b.c"].id"#, "expected u64"),
        (r#"{"list":[],"byName":{"\u0041":{"id":true}}}"#, "byName.A.id", "expected u64"),
        (r#"{"list":[],"shape":{"square":{"side":"hunter2"}}}"#, "shape.square.side", "expected u8"),
        (r#"{"list":[],"shape":{"round":4711}}"#, "shape.round", "expected u8"),
        (r#"{"list":[],"shape":{"square":{}}}"#, "shape.square", "missing field `side`"),
        (r#"{"next":"hunter2"}"#, "", "missing field `list`"),
        (r#""hunter2""#, "", "expected struct Page"),
        (r#"{"list":[{"id":1},"#, "list[1]", "it ends too early"),
        (r#"{"list":[{"id":1},hunter2]}"#, "list[1]", "it is not JSON"),
        (r#"{"list":[]} hunter2"#, "", "there is something after its end"),
        ("", "", "it ends too early"),
    ] {
        let (found, words) = fault(text);
        assert_eq!(found, path, "{text}: {words}");
        assert!(words.starts_with(message), "{text}: {words}");
    }
    let error = read(r#"{"list":[{"id":null}]}"#).unwrap_err();
    assert_eq!(error.to_string(), "`list[0].id`: expected u64 (line 1 column 19)");
}

#[test]
fn one_fault_says_nothing_of_another() {
    assert_eq!(fault(r#"{"list":[{"id":""}]}"#).0, "list[0].id");
    assert_eq!(fault("[").0, "[0]");
    read(r#"{"list":[]}"#).unwrap();
}

/// Fails with a text that is not shown.
#[derive(Debug)]
struct Odd;

impl<'de> Deserialize<'de> for Odd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "noted" {
            note("inner[2]", "expected a number, found a string");
        }
        Err(D::Error::custom(text))
    }
}

#[test]
fn errors_of_other_code_are_not_shown_unless_they_are_noted() {
    let error = from_slice::<Vec<Odd>>(br#"["hunter2"]"#, MB).unwrap_err();
    assert_eq!(error.to_string(), "`[0]`: a value of the wrong kind (line 1 column 11)");
    let error = from_slice::<BTreeMap<String, Odd>>(br#"{"a":"noted"}"#, MB).unwrap_err();
    assert_eq!(error.to_string(), "`a.inner[2]`: expected a number, found a string");
}

/// The first that it can be, as a union without a tag is read.
#[derive(Debug)]
struct Tried(Row);

impl<'de> Deserialize<'de> for Tried {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        for candidate in [&value["first"], &value["second"]] {
            if let Ok(row) = attempt(|| Row::deserialize(Counted(candidate))) {
                return Ok(Self(row));
            }
        }
        Err(D::Error::custom("neither"))
    }
}

#[test]
fn what_was_tried_in_vain_is_forgotten() {
    let good = br#"[{"first":{"nested":{"id":""}},"second":{"id":7}}]"#;
    assert_eq!(from_slice::<Vec<Tried>>(good, MB).unwrap()[0].0.id, 7);
    let bad = br#"[{"first":{"nested":{"id":""}},"second":{"id":7}},{}]"#;
    let error = from_slice::<Vec<Tried>>(bad, MB).unwrap_err();
    assert_eq!(error.path(), "[1]");
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Large {
    numbers: [u64; 32],
    more: [u64; 32],
    texts: Vec<String>,
    inner: Option<Box<Large>>,
}

#[derive(Deserialize)]
struct LargePage {
    #[serde(default)]
    list: Vec<Large>,
    #[serde(default)]
    map: BTreeMap<String, Large>,
    #[serde(default)]
    any: Option<Value>,
}

fn limited(text: &str, limit: usize) -> Result<LargePage, DecodeError> {
    from_slice(text.as_bytes(), limit)
}

#[test]
fn small_text_does_not_become_large_memory() {
    let many = |item: &str, count: usize| vec![item; count].join(",");
    let list = format!(r#"{{"list":[{}]}}"#, many("{}", 10_000));
    let error = limited(&list, 4 * MB).err().unwrap();
    assert!(error.is_too_large());
    assert_eq!(error.message(), "decoding it would take more than 4194304 bytes");
    // 10,000 of 540 bytes each, in a list that has room for up to twice as many.
    assert_eq!(limited(&list, 24 * MB).unwrap().list.len(), 10_000);

    let boxed = format!(r#"{{"list":[{}]}}"#, many(r#"{"inner":{"inner":{"inner":{}}}}"#, 1000));
    assert!(limited(&boxed, MB).err().unwrap().is_too_large());
    assert_eq!(limited(&boxed, 8 * MB).unwrap().list.len(), 1000);

    let entries: Vec<String> = (0..1000).map(|index| format!(r#""{index}":{{}}"#)).collect();
    let map = format!(r#"{{"map":{{{}}}}}"#, entries.join(","));
    let error = limited(&map, MB).err().unwrap();
    assert!(error.is_too_large() && error.path().starts_with("map"), "{error}");
    assert_eq!(limited(&map, 8 * MB).unwrap().map.len(), 1000);

    let any = format!(r#"{{"any":[{}]}}"#, many(r#"{"a":0}"#, 10_000));
    assert!(limited(&any, MB).err().unwrap().is_too_large());
    assert!(limited(&any, 16 * MB).unwrap().any.is_some());
}

#[test]
fn texts_count_by_their_length() {
    let text = format!(r#"{{"list":[{{"texts":["{}"]}}]}}"#, "x".repeat(100_000));
    assert!(limited(&text, 90_000).err().unwrap().is_too_large());
    assert_eq!(limited(&text, 110_000).unwrap().list[0].texts[0].len(), 100_000);
}

#[test]
fn what_is_skipped_counts_nothing() {
    let skipped = format!(r#"{{"unknown":["{}",[[[{{}}]]]],"list":[]}}"#, "x".repeat(100_000));
    assert!(limited(&skipped, 10_000).is_ok());
}

#[test]
fn what_is_read_by_other_means_counts_too() {
    struct Counting;
    impl<'de> Deserialize<'de> for Counting {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            charge(usize::try_from(u64::deserialize(deserializer)?).unwrap()).map_err(D::Error::custom)?;
            Ok(Self)
        }
    }
    assert!(from_slice::<Vec<Counting>>(b"[10,20]", 30).is_ok());
    assert!(from_slice::<Vec<Counting>>(b"[10,20,1]", 30).err().unwrap().is_too_large());
    // The limit ends with what it was for.
    assert_eq!(charge(usize::MAX / 2), Ok(()));
}

#[test]
fn one_decoding_within_another_has_its_own_limit() {
    struct Inner;
    impl<'de> Deserialize<'de> for Inner {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            from_slice::<Value>(text.as_bytes(), MB).map_err(D::Error::custom)?;
            Ok(Self)
        }
    }
    assert!(from_slice::<Vec<Inner>>(br#"["[1,2,3,4,5,6,7,8]"]"#, 30).is_ok());
}

#[test]
fn what_nests_too_deep_is_refused() {
    let error = from_slice::<Value>("[".repeat(100_000).as_bytes(), MB).unwrap_err();
    assert!(error.message().starts_with("it nests too deep"), "{error}");
}

#[test]
fn bodies_are_written_as_json() {
    assert_eq!(to_vec(&BTreeMap::from([("a", 1)])).unwrap(), r#"{"a":1}"#);
    assert!(to_vec(&BTreeMap::from([([1], 1)])).unwrap_err().is_invalid_argument());
}
