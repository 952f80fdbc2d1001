use std::collections::BTreeMap;

use serde_json::json;

use super::*;

fn scalar(value: &impl Serialize) -> Result<String, Fault> {
    let mut out = String::new();
    write_scalar(value, &mut |text| {
        out.push_str(text);
        Ok(())
    })?;
    Ok(out)
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Shape {
    FlatRound,
    Named { width: u8 },
    Pair(u8, u8),
    One(u8),
}

#[test]
fn scalars_are_exact_and_without_quotes() {
    assert_eq!(scalar(&i64::MIN).unwrap(), "-9223372036854775808");
    assert_eq!(scalar(&u64::MAX).unwrap(), "18446744073709551615");
    assert_eq!(scalar(&i128::MIN).unwrap(), "-170141183460469231731687303715884105728");
    for (value, right) in [(3.0, "3"), (-0.5, "-0.5"), (0.1, "0.1"), (1e300, "1e300"), (5e-324, "5e-324")] {
        assert_eq!(scalar(&value).unwrap(), right);
        assert_eq!(Node::of(&value).unwrap(), Node::Plain(right.to_owned()));
    }
    assert_eq!(scalar(&0.1_f32).unwrap(), "0.1");
    assert_eq!(scalar(&9_007_199_254_740_993_i64).unwrap(), "9007199254740993");
    assert_eq!(scalar(&"a\"b").unwrap(), "a\"b");
    assert_eq!(scalar(&Some(true)).unwrap(), "true");
    assert_eq!(scalar(&Shape::FlatRound).unwrap(), "flat-round");
    assert_eq!(scalar(&None::<u8>).unwrap(), "");
    assert_eq!(scalar(&json!("x")).unwrap(), "x");
    assert!(matches!(scalar(&f64::NAN), Err(Fault::Bad(_))));
    assert!(matches!(scalar(&[1]), Err(Fault::NotScalar)));
    assert!(matches!(scalar(&json!({})), Err(Fault::NotScalar)));
}

#[test]
fn a_tree_writes_the_json_that_serde_json_writes() {
    for value in
        [json!({"a": [1, -2, 1.5, "x\n\"", null, true], "b": {"c": {}, "d": []}}), json!([[], {}, ""]), json!(null)]
    {
        assert_eq!(Node::of(&value).unwrap().into_text(), value.to_string());
    }
    for shape in [Shape::Named { width: 1 }, Shape::Pair(1, 2), Shape::One(3)] {
        assert_eq!(Node::of(&shape).unwrap().into_text(), serde_json::to_string(&shape).unwrap());
    }
}

#[test]
fn keys_are_texts() {
    let numbers = BTreeMap::from([(7, "x"), (8, "y")]);
    assert_eq!(Node::of(&numbers).unwrap().into_text(), r#"{"7":"x","8":"y"}"#);
    assert!(Node::of(&BTreeMap::from([([1], "x")])).is_err());
}

/// A value that serializes like serde_json's `RawValue`.
struct Raw(&'static str);

impl Serialize for Raw {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use ser::SerializeStruct;
        let mut raw = serializer.serialize_struct("$serde_json::private::RawValue", 1)?;
        raw.serialize_field("$serde_json::private::RawValue", self.0)?;
        raw.end()
    }
}

#[test]
fn raw_json_is_sent_unchanged() {
    let number = "123456789012345678901234567890.10";
    assert_eq!(Node::of(&Raw(number)).unwrap(), Node::Plain(number.to_owned()));
    assert_eq!(Node::of(&Raw(r#" "a\n" "#)).unwrap(), Node::Text("a\n".to_owned()));
    assert_eq!(Node::of(&Raw(r#"{"a":[1]}"#)).unwrap().into_text(), r#"{"a":[1]}"#);
    assert!(Node::of(&Raw("{")).is_err());
}
