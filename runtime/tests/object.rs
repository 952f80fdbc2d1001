//! Reading and writing values without a document: numbers, texts, keys, and invalid JSON.

use std::collections::BTreeMap;

use connectors_runtime::object::{self, Number, Written};
use serde_json::{Value, json};

fn number(text: &str) -> Number {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_number_is_written_unchanged() {
    for text in [
        "0",
        "-1",
        "3",
        "3.0",
        "2.5",
        "0.1",
        "1e400",
        "-0.0",
        "9007199254740993",
        "18446744073709551616",
        "340282366920938463463374607431768211455",
        "0.1234567890123456789",
        "12345678901234567890.5",
    ] {
        assert_eq!(number(text).to_string(), text);
        assert_eq!(serde_json::to_string(&number(text)).unwrap(), text);
        assert_eq!(serde_json::from_str::<Number>(text).unwrap(), number(text));
    }
    for text in ["", "x", "1.", ".5", "01", "+1", "NaN", "1 ", " 1", "0x1", "--1", "1e"] {
        assert!(text.parse::<Number>().is_err(), "{text}");
    }
}

#[test]
fn numbers_are_equal_by_value() {
    assert_eq!(number("3.0"), number("3"));
    assert_eq!(number("3e2"), 300);
    assert_eq!(number("2.5"), 2.5);
    assert_ne!(number("9007199254740993"), number("9007199254740992"));
    assert!(number("9007199254740993") > number("9007199254740992.5"));
    assert_eq!(number("1e2").as_i64(), Some(100));
    assert_eq!((number("2.5").as_i64(), number("-1").as_u64()), (None, None));
    assert_eq!(Number::from(3.0).to_string(), "3");
    assert_eq!(serde_json::to_value(Number::from(2.5)).unwrap(), json!(2.5));
    assert!(serde_json::to_string(&Number::from(f64::NAN)).is_err(), "JSON has no such number");
}

#[test]
fn whole_doubles_are_written_without_a_fraction() {
    let written = |value: f64| serde_json::to_string(&Written(&value)).unwrap();
    assert_eq!((written(3.0), written(2.5), written(-0.0)), ("3".into(), "2.5".into(), "-0.0".into()));
    assert_eq!(written(1e300).parse(), Ok(1e300));
}

#[test]
fn the_last_value_of_a_repeated_key_counts() {
    let read = object::from_str::<BTreeMap<String, i64>>(r#"{"a":1,"b":2,"a":3}"#).unwrap();
    assert_eq!(read, BTreeMap::from([("a".to_owned(), 3), ("b".to_owned(), 2)]));
    let many: String = (0..50).map(|n| format!(r#""k{}":{n},"#, n % 25)).collect();
    let read = object::from_str::<BTreeMap<String, i64>>(&format!("{{{many}\"z\":0}}")).unwrap();
    assert_eq!((read.len(), read["k0"], read["k24"]), (26, 25, 49));
}

#[test]
fn texts_are_read_like_serde_json_does() {
    for text in [r#""""#, r#""a\n\"\\\u00e9\ud83e\udd80""#, r#""漢字 🦀""#, r#""\/""#] {
        assert_eq!(object::from_str::<String>(text).unwrap(), serde_json::from_str::<String>(text).unwrap());
    }
    for text in [r#""\ud800""#, r#""\x""#, "\"a\nb\"", "\"a", r#""\"#] {
        assert!(object::from_str::<String>(text).is_err(), "{text}");
    }
}

#[test]
fn invalid_json_is_an_error_with_its_place() {
    for (text, place) in [
        ("", "expected a value at line 1, column 1"),
        ("[1,\n 2,]", "expected a value at line 2, column 4"),
        ("{\"a\" 1}", "expected `:` at line 1, column 6"),
        ("[1] x", "expected the end at line 1, column 5"),
        ("{\"é\":tru}", "expected a value at line 1, column 6"),
    ] {
        let error = object::from_str::<Value>(text).unwrap_err().to_string();
        assert!(error.ends_with(place), "{text}: {error}");
    }
    assert!(object::from_slice::<Value>(b"\"\xff\"", usize::MAX).is_err());
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(object::from_str::<Value>(&nested(256)).is_ok());
    assert!(object::from_str::<Value>(&nested(257)).unwrap_err().to_string().contains("256 levels"));
    // Far more than any stack allows.
    assert!(object::from_str::<Value>(&nested(5_000_000)).is_err());
}

#[test]
fn a_mismatch_names_the_place_and_not_the_value() {
    let error = object::from_str::<BTreeMap<String, Vec<i64>>>(r#"{"a":[1,"s3cret"]}"#).unwrap_err();
    assert_eq!(error.to_string(), "a[1]: expected an integer of 64 bits, found a string");
}

#[test]
fn the_text_in_a_string_has_the_default_limit_and_debug_does_not_read_it() {
    use connectors_runtime::object::JsonText;

    // An empty text takes 3 bytes, and its value 24.
    let large: JsonText<Vec<String>> = JsonText::from_text(format!("[\"\"{}]", ",\"\"".repeat(6_000_000)));
    assert!(large.value().unwrap_err().is_too_large());
    assert_eq!(format!("{large:?}"), format!("JsonText({} bytes)", large.as_str().len()));
}
