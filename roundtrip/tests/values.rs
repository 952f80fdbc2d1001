//! How values are represented in Rust and on the wire: `codegen/tests/documents/values.yaml`, typed.

use connectors_runtime::object::{self, Base64, Input, Json, JsonText, Number};
use roundtrip::document_values::types::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn written<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

/// Checks that a value is read and written without a change; null and absent differ.
fn stays<T: DeserializeOwned + Serialize>(text: &str) {
    let (before, after): (Value, Value) = (read(text), read(&written(&read::<T>(text))));
    assert_eq!(before, after, "{text}");
}

fn steps<T: Json>(text: &str) -> usize {
    let mut input = Input::text(text);
    object::read::<T>(&mut input).unwrap();
    input.steps()
}

fn rule(depth: usize) -> String {
    let ops = ["every", "some"];
    (0..depth).fold(r#"{"op":"test","field":"f"}"#.to_owned(), |inner, level| {
        format!(r#"{{"op":"{}","of":[{inner}]}}"#, ops[level % 2])
    })
}

fn query(depth: usize) -> String {
    (0..depth).fold(r#"{"match":{"a":1}}"#.to_owned(), |inner, level| match level % 3 {
        0 => format!(r#"{{"both":[{inner}]}}"#),
        1 => format!(r#"{{"not":{inner}}}"#),
        _ => format!(r#"{{"either":[{inner}]}}"#),
    })
}

fn twin(depth: usize) -> String {
    (0..depth).fold("1".to_owned(), |inner, _| format!(r#"{{"next":{inner}}}"#))
}

#[test]
fn the_steps_to_read_a_union_grow_linearly_with_its_size() {
    let check = |name: &str, steps: &dyn Fn(usize) -> usize| {
        let (small, large) = (steps(8), steps(64));
        assert!(large < 9 * small, "{name}: {small} steps for 8 levels, {large} for 64");
    };
    check("tagged", &|depth| steps::<Rule>(&rule(depth)));
    check("untagged", &|depth| steps::<Query>(&query(depth)));
    check("distinguished at the bottom only", &|depth| steps::<Twin>(&twin(depth)));
}

#[test]
fn the_variant_that_declares_a_key_is_read_however_large_its_value_is() {
    let large: Value = (0..20).map(|key| (format!("k{key}"), json!({"deep": [key, {"x": key}]}))).collect();
    for inner in [json!({"a": 1}), json!({"a": 1, "b": 2}), json!({"a": 1, "b": 2, "c": 3, "d": null}), large] {
        let text = json!({"match": inner}).to_string();
        assert!(matches!(read::<Query>(&text), Query::Match(_)), "{text}");
        let text = json!({"either": [{"match": inner}, {"match": inner}]}).to_string();
        assert!(matches!(read::<Query>(&text), Query::Either(_)), "{text}");
        let text = json!({"not": {"match": inner}}).to_string();
        assert!(matches!(read::<Query>(&text), Query::Not(_)), "{text}");
        stays::<Query>(&text);
    }
}

#[test]
fn other_keys_may_hold_values_of_the_type_itself() {
    stays::<Branch>(r#"{"a":"1","b":{"a":"2","c":{}}}"#);
    assert!(serde_json::from_str::<Branch>(r#"{"b":{"a":2}}"#).is_err());
    // Each first read of a type waits for the other threads that read it for the first time, but for no other type.
    let ladder = std::thread::spawn(|| stays::<Ladder>(r#"{"a":"1","x":{"b":"2","y":[{"a":"3"},{}]}}"#));
    stays::<Rungs>(r#"{"b":"1","x":[{"a":"2","y":{"b":"3"}}]}"#);
    ladder.join().unwrap();
}

#[test]
fn strings_with_bytes_or_json_in_them_keep_their_text() {
    let text = r#"{"file":"UE5H","old":"not base64!","url":"-_8","picture":"UE\n5H","arguments":" {\"kind\":\"disc\",\"radius\":1.50}",
        "loose":"[1,","parts":["","QQ==","QQ"],"secret":"{\"user\":\"u\",\"direct\":\"PLANTED\",\"token\":\"t\"}","key":"UExBTlRFRA==",
        "either":"QQ==","both":"{}"}"#;
    let contents: Contents = read(text);
    stays::<Contents>(text);
    assert_eq!(contents.file.bytes().as_deref(), Some(&b"PNG"[..]));
    assert_eq!(contents.old.as_ref().unwrap().bytes(), None);
    assert_eq!(contents.old.as_ref().unwrap().as_str(), "not base64!");
    assert_eq!(contents.url.as_ref().unwrap().bytes().unwrap(), [0xfb, 0xff]);
    assert_eq!(contents.picture.as_ref().unwrap().bytes().unwrap(), b"PNG");
    let arguments = contents.arguments.as_ref().unwrap();
    assert!(written(&arguments.value().unwrap()).starts_with(r#"{"kind":"disc","#));
    assert_eq!(arguments.as_str(), r#" {"kind":"disc","radius":1.50}"#);
    assert!(contents.loose.as_ref().unwrap().value().is_err());
    let parts: Vec<_> = contents.parts.iter().flatten().map(|part| part.bytes().unwrap()).collect();
    assert_eq!(parts, [&b""[..], b"A", b"A"]);
    assert!(
        matches!(&contents.either, Some(ContentsEither::String(bytes)) if bytes.bytes().as_deref() == Some(&b"A"[..]))
    );
    assert_eq!(contents.both.as_deref(), Some("{}"));
    // A secret in the JSON of a string stays out of `Debug`, and so does one that cannot be read.
    for secret in [contents.clone(), contents.secret(JsonText::from_text("{\"direct\": \"PLANTED"))] {
        let shown = format!("{secret:?}");
        assert!(
            !shown.contains("PLANTED") && !shown.contains("UExBTlRFRA") && shown.contains("JsonText(30 bytes)"),
            "{shown}"
        );
    }
    // What is made here, in any format of serde.
    let made = Contents::new(Base64::new(b"PNG")).url(&[0xfb_u8, 0xff]).loose(JsonText::new(&json!([1])).unwrap());
    let value = serde_json::to_value(&made).unwrap();
    assert_eq!(value, json!({"file": "UE5H", "url": "-_8=", "loose": "[1]"}));
    assert_eq!(serde_json::from_value::<Contents>(value).unwrap(), made);
    assert!(serde_json::from_str::<Contents>(r#"{"file": 7}"#).is_err());
}

#[test]
fn deep_unions_are_read_as_the_right_variants() {
    assert_eq!(written(&read::<Rule>(&rule(64))), rule(64));
    assert_eq!(written(&read::<Query>(&query(64))), query(64));
    assert_eq!(written(&read::<Twin>(&twin(64))), twin(64));
    let Rule::Some(outer) = read::<Rule>(&rule(64)) else { panic!("the outermost is `some`") };
    assert!(matches!(outer.of[0], Rule::Every(_)));
    assert!(matches!(read::<Query>(&query(3)), Query::Either(_)));
    assert!(matches!(read::<Twin>(r#"{"next":1}"#), Twin::Right(_)));
    assert!(matches!(read::<Twin>(r#"{"next":"t"}"#), Twin::Left(_)));
}

#[test]
fn an_alternative_that_the_document_does_not_know_is_unknown() {
    for key in ["figure", "plain"] {
        let text = format!(r#"{{"{key}":{{"kind":"star","points":5}}}}"#);
        let drawing: Drawing = read(&text);
        let debug = format!("{drawing:?}");
        assert!(debug.contains("Unknown(") && !debug.contains("Disc("), "{debug}");
        stays::<Drawing>(&text);
    }
    let drawing: Drawing = read(r#"{"figure":{"kind":"crate","radius":1},"plain":{"kind":"disc","side":2}}"#);
    assert!(matches!(drawing.figure, Some(Figure::Crate(_))), "the tag decides, not the other keys");
    assert!(matches!(drawing.plain, Some(PlainFigure::Disc(_))));
    // Without a mapping, the tag's values are the names of components and their constants.
    let drawing: Drawing = read(r#"{"clip":{"kind":"Frame","width":1}}"#);
    assert!(format!("{drawing:?}").contains("Frame("));
    let drawing: Drawing = read(r#"{"clip":{"kind":"disc"}}"#);
    assert!(format!("{drawing:?}").contains("Disc("));
}

#[test]
fn tags_need_not_be_text_and_closed_alternatives_accept_no_other_keys() {
    let second = r#"{"edition":2,"text":"x"}"#;
    for key in ["edition", "mapped", "implied"] {
        let text = format!(r#"{{"{key}":{second}}}"#);
        assert!(format!("{:?}", read::<Paper>(&text)).contains("Second("), "{key}");
        stays::<Paper>(&text);
    }
    assert!(format!("{:?}", read::<Paper>(r#"{"implied":{"edition":3,"text":"x"}}"#)).contains("Unknown("));
    assert!(format!("{:?}", read::<Paper>(r#"{"result":{"passed":false,"note":"n"}}"#)).contains("Failed("));
    assert!(format!("{:?}", read::<Paper>(r#"{"bounds":{"a":"x","more":1}}"#)).contains("Loose("));
    assert!(format!("{:?}", read::<Paper>(r#"{"bounds":{"a":"x"}}"#)).contains("Strict("));
}

#[test]
fn a_tag_that_a_branch_does_not_declare_is_written() {
    let animal = Animal::from(Horse::default().name("Star"));
    assert_eq!(serde_json::to_value(&animal).unwrap(), json!({"species": "horse", "name": "Star"}));
    for text in [r#"{"species":"mule","name":"t"}"#, r#"{"species":"pony","name":"t"}"#] {
        stays::<Animal>(text);
    }
    assert!(matches!(read::<Animal>(r#"{"species":"mule"}"#), Animal::Mule(_)));
    assert!(matches!(read::<Animal>(r#"{"species":"pony"}"#), Animal::Horse(_)));
    assert!(matches!(read::<Animal>(r#"{"species":"cow"}"#), Animal::Unknown(_)));
}

#[test]
fn a_whole_number_may_be_written_with_a_fraction() {
    let amounts: Amounts = read(r#"{"count":30.0,"level":2.0,"small":7.0,"unsigned":1e2}"#);
    assert_eq!((amounts.count, amounts.small, amounts.unsigned), (30, Some(7), Some(100)));
    assert_eq!(amounts.level.as_ref().map(|it| it.get()), Some(2));
    assert!(serde_json::from_str::<Amounts>(r#"{"count":30.5}"#).is_err());
}

#[test]
fn numbers_are_written_as_they_were_read() {
    for text in [
        r#"{"count":18446744073709551615}"#,
        r#"{"count":-9223372036854775808,"unsigned":18446744073709551615}"#,
        r#"{"count":1,"share":3}"#,
        r#"{"count":1,"share":9007199254740993,"shares":[1234567890123456789,2.5,0.1]}"#,
        r#"{"count":1,"wide":340282366920938463463374607431768211455}"#,
        r#"{"count":1,"share":0.1234567890123456789012345}"#,
        r#"{"count":1,"share":-0}"#,
        r#"{"count":1,"ratio":3}"#,
        r#"{"count":1,"any":7}"#,
    ] {
        assert_eq!(written(&read::<Amounts>(text)), text);
    }
    // Nothing is rounded: a number that cannot be represented exactly is an error.
    for text in [r#"{"count":1,"ratio":9007199254740993}"#, r#"{"count":1,"unnamed":123456789012345678901234567890}"#] {
        assert!(serde_json::from_str::<Amounts>(text).is_err(), "{text}");
    }
    // Some services write doubles with all their digits.
    assert!(serde_json::from_str::<Amounts>(r#"{"count":1,"any":0.10000000000000001}"#).is_ok());
    // From a `Value`, which was parsed before.
    let amounts: Amounts = serde_json::from_value(json!({"count": u64::MAX, "share": 3})).unwrap();
    assert_eq!(written(&amounts), r#"{"count":18446744073709551615,"share":3}"#);
    assert_eq!(written(&Amounts::new(2).share(3).ratio(0.5)), r#"{"count":2,"share":3,"ratio":0.5}"#);
    assert_eq!(Amounts::new(2).share(2.5).share.as_ref().map(Number::as_f64), Some(2.5));
}

#[test]
fn null_absent_and_a_value_are_three_states_if_the_document_has_three() {
    assert_eq!(written(&Change::default()), "{}");
    assert_eq!(written(&Change::default().name_null()), r#"{"name":null}"#);
    assert_eq!(written(&Change::default().name("n").age(3)), r#"{"name":"n","age":3}"#);
    assert_eq!(written(&Change::default().home_null()), r#"{"home":null}"#);
    for (text, state) in
        [("{}", None), (r#"{"name":null}"#, Some(None)), (r#"{"name":"n"}"#, Some(Some("n".to_owned())))]
    {
        let change: Change = read(text);
        assert_eq!(change.name, state);
        assert_eq!(written(&change), text);
    }
    let age: Option<i128> = read::<Change>(r#"{"age":null}"#).age;
    assert_eq!(age, None, "two states");
    let nick: Option<String> = read::<Account>(r#"{"nick":null}"#).nick;
    assert_eq!(nick, None, "it is never sent");
}

#[test]
fn tuples_have_a_type_for_each_place() {
    let position: Position = read(r#"{"point":[1.5,2,"m"],"old":[1,null],"sized":["a",1]}"#);
    assert_eq!((&position.point.0, position.point.2.as_str()), (&Number::from(1.5), "m"));
    assert_eq!(position.sized.as_ref().map(|it| (it.0.as_str(), it.1)), Some(("a", 1)));
    let point = PositionPoint::from((Number::from(1), Number::from(2.5), "m".to_owned()));
    assert_eq!(written(&Position::new(point)), r#"{"point":[1,2.5,"m"]}"#);
    for text in [
        r#"{"point":[1.5,2.5,"m"],"label":["k",{"a":1,"b":2},true,false],"open":["v1",null,{"x":1},3],"old":[1,null]}"#,
        r#"{"point":[1,2,"m"],"open":[],"old":[1]}"#,
        r#"{"point":[1,2,"m"],"nested":[[],[[]]],"deep":{"a":{"b":{}}},"either":["x"]}"#,
        r#"{"point":[1,2,"m"],"either":"x"}"#,
    ] {
        assert_eq!(written(&read::<Position>(text)), text);
    }
    for text in [r#"{"point":[1.5,2.5]}"#, r#"{"point":[1,2,"m",4]}"#, r#"{"point":["m",1,2]}"#] {
        assert!(serde_json::from_str::<Position>(text).is_err(), "{text}");
    }
    let nest: Nest = read("[[],[[]]]");
    assert_eq!(nest.len(), 2);
    assert_eq!(nest[1][0], Nest(Vec::new()));
}

#[test]
fn constants_are_set_from_the_start() {
    assert_eq!(written(&Disc::default().radius(2)), r#"{"kind":"disc","radius":2}"#);
    assert_eq!(written(&First::new("t".to_owned())), r#"{"edition":1,"text":"t"}"#);
    assert_eq!(written(&Failed::default()), r#"{"passed":false}"#);
}

#[test]
fn no_secret_is_printed_however_the_document_declares_it() {
    let text = r#"{"user":"u","direct":"s3cret-1","token":"s3cret-2","wrapped":"s3cret-3","several":["s3cret-4"],
        "by_name":{"k":"s3cret-5"},"maybe":"s3cret-6","either":{"key":"s3cret-7"},"others":{"a":"x","b":"s3cret-8"},
        "pair":["a","s3cret-9"]}"#;
    let debug = format!("{:?}", read::<SignIn>(text));
    assert!(!debug.contains("s3cret") && debug.contains("\"u\""), "{debug}");
    for either in [r#""s3cret-1""#, r#"{"key":"s3cret-2"}"#, "[\"s3cret-3\"]"] {
        let text = format!(r#"{{"user":"u","direct":"s3cret","token":"s3cret","either":{either}}}"#);
        let sign_in: SignIn = read(&text);
        assert!(!format!("{sign_in:?} {:?}", sign_in.either).contains("s3cret"), "{sign_in:?}");
        stays::<SignIn>(&text);
    }
    let error = serde_json::from_str::<SignIn>(r#"{"user":["s3cret"],"direct":"s3cret","token":"t"}"#).unwrap_err();
    assert_eq!(error.to_string(), "user: expected a string, found an array");
}

#[test]
fn a_base_keeps_its_own_properties_and_those_of_every_variant() {
    for text in [
        r#"{"labels":["p"],"sort":"made","id":"a","enabled":true,"pattern":{"regex":"x","y":1}}"#,
        r#"{"labels":[],"size":3,"sort":"found","id":7,"words":["w"],"pattern":"p"}"#,
        r#"{"labels":[],"cells":[[1,2],[]],"z":null}"#,
    ] {
        stays::<Entry>(text);
    }
    let entry: Entry = read(r#"{"labels":[],"cells":[[1,2]],"words":["w"]}"#);
    assert_eq!((entry.cells, entry.words), (Some(vec![vec![1, 2]]), Some(vec!["w".to_owned()])));
}

#[test]
fn an_anchor_belongs_to_the_resource_around_it() {
    let text: Option<String> = read::<Here>(r#"{"n":"x"}"#).n;
    let number: Option<i128> = read::<There>(r#"{"n":1}"#).n;
    assert_eq!((text.as_deref(), number), (Some("x"), Some(1)));
}

#[test]
fn an_error_names_the_place_of_the_wrong_value() {
    let error = serde_json::from_str::<Position>(r#"{"point":[1,"s3cret","m"]}"#).unwrap_err();
    assert_eq!(error.to_string(), "point[1]: expected a number, found a string");
    let error = serde_json::from_str::<Disc>("{}").unwrap_err();
    assert_eq!(error.to_string(), "`kind` is missing");
}

#[test]
fn variants_are_converted_from_their_types() {
    let figure: Figure = Disc::default().radius(1).into();
    assert!(matches!(figure, Figure::Disc(_)));
    let either: PositionEither = "x".into();
    assert!(matches!(either, PositionEither::String(_)));
    assert!(matches!(PositionEither::from(vec!["x".to_owned()]), PositionEither::Array(_)));
}

#[test]
fn values_that_serde_buffers_are_read_as_well() {
    #[derive(serde::Deserialize)]
    struct Page {
        #[serde(flatten)]
        amounts: Amounts,
    }
    let page: Page = read(r#"{"count":18446744073709551615,"share":2.5}"#);
    assert_eq!((page.amounts.count, page.amounts.share), (i128::from(u64::MAX), Some(Number::from(2.5))));
}

/// Reads a value from several formats, and writes it to them.
fn passes_every_format<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(text: &str) {
    let value: T = read(text);
    assert_eq!(serde_json::from_slice::<T>(text.as_bytes()).unwrap(), value);
    assert_eq!(serde_json::from_reader::<_, T>(text.as_bytes()).unwrap(), value);
    assert_eq!(serde_json::from_value::<T>(read(text)).unwrap(), value);
    assert_eq!(serde_json::to_value(&value).unwrap(), read::<Value>(text));
    let yaml = serde_yaml::to_string(&value).unwrap();
    assert_eq!(serde_yaml::from_str::<T>(&yaml).unwrap(), value, "{yaml}");
    let mut cbor = Vec::new();
    ciborium::into_writer(&value, &mut cbor).unwrap();
    assert_eq!(ciborium::from_reader::<T, _>(cbor.as_slice()).unwrap(), value);
}

#[test]
fn types_pass_every_format() {
    passes_every_format::<Rule>(&rule(3));
    passes_every_format::<Twin>(&twin(3));
    passes_every_format::<Paper>(
        r#"{"edition":{"edition":2,"text":"t\u00e9\ud83e\udd80\n"},"result":{"passed":false,"more":[null,{}]}}"#,
    );
    passes_every_format::<Amounts>(
        r#"{"count":-3,"level":2,"unsigned":18446744073709551615,"share":0.5,"extra":1.25}"#,
    );
    passes_every_format::<Change>(r#"{"name":null,"home":{"name":"h"}}"#);
    passes_every_format::<Position>(r#"{"point":[1,2.5,"x"],"label":["a",{"a":1},true,false],"nested":[[],[[]]]}"#);
}

#[test]
fn a_wrapper_of_a_deserializer_adds_the_place() {
    let text = r#"[{"count":1},{"count":"x"}]"#;
    let deserializer = &mut serde_json::Deserializer::from_str(text);
    let error = serde_path_to_error::deserialize::<_, Vec<Amounts>>(deserializer).unwrap_err();
    assert_eq!(error.path().to_string(), "[1]");
    assert!(error.inner().to_string().contains("count: expected an integer"), "{error}");
}

#[test]
fn the_last_value_of_a_repeated_key_counts() {
    let amounts: Amounts = read(r#"{"count":"x","share":[1],"count":7,"share":2,"more":1,"share":null,"more":[2]}"#);
    assert_eq!((amounts.count, amounts.share), (7, None));
    assert_eq!(amounts.extra["more"], json!([2]));
    let every: Every = read(r#"{"op":"every","of":[{"op":"test"}],"of":[]}"#);
    assert!(every.of.is_empty());
    let failed = serde_json::from_str::<Amounts>(r#"{"count":1,"shares":[1,{"a":[]},"x"],"count":"y"}"#).unwrap_err();
    assert!(failed.to_string().starts_with("shares[1]: expected a number, found an object"), "{failed}");
    // If the text is not JSON, that is the error.
    let failed = serde_json::from_str::<Amounts>(r#"{"count":"x","more":[}"#).unwrap_err();
    assert!(!failed.to_string().contains("count"), "{failed}");
}

#[test]
fn a_missing_key_is_named() {
    for (text, key) in [("{}", "count"), (r#"{"share":1}"#, "count")] {
        let failed = object::from_str::<Amounts>(text).unwrap_err();
        assert_eq!(failed.to_string(), format!("`{key}` is missing"));
    }
    let failed = object::from_str::<Position>(r#"{"point":[1,"x","y"]}"#).unwrap_err().to_string();
    assert!(failed.starts_with("point[1]: expected a number"), "{failed}");
}

#[test]
fn a_type_that_contains_itself_can_end() {
    let chain: Chain = read(r#"{"name":"a","next":{"name":"b"}}"#);
    assert_eq!(chain.next.as_ref().map(|next| next.name.as_str()), Some("b"));
    assert_eq!(
        written(&Chain::new("c".to_owned()).with_next(chain)),
        r#"{"name":"c","next":{"name":"a","next":{"name":"b"}}}"#
    );
}

#[test]
fn a_body_is_written_as_serde_writes_it() {
    fn same<T: Json + Serialize + DeserializeOwned>(text: &str) {
        let value: T = read(text);
        assert_eq!(object::to_vec(&value).unwrap(), serde_json::to_vec(&value).unwrap());
    }
    same::<Rule>(&rule(5));
    same::<Amounts>(
        r#"{"count":1,"share":1e400,"ratio":-0.0,"wide":340282366920938463463374607431768211455,"k\"\u0001":"\u001f/"}"#,
    );
    same::<Position>(r#"{"point":[1,2.5,"x"],"open":["v2",null],"old":[1]}"#);
    same::<Animal>(r#"{"name":"x"}"#);
    let mut amounts: Amounts = read(r#"{"count":1}"#);
    amounts.ratio = Some(f64::NAN);
    assert!(object::to_vec(&amounts).unwrap_err().is_invalid_argument());
}
