//! How each kind of parameter is sent.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::{File, Multipart, Parameter, Parameters, Style, check_segment, split_parts};

fn pushed(parameter: &Parameter, value: &(impl Serialize + ?Sized)) -> Result<Parameters, crate::Error> {
    let mut parameters = Parameters::default();
    parameters.push(parameter, value).map(|()| parameters)
}

fn query(parameter: Parameter, value: &Value) -> String {
    pushed(&parameter, value).unwrap().query().to_owned()
}

fn path(parameter: Parameter, value: &Value) -> Result<String, crate::Error> {
    pushed(&parameter, value).map(|pushed| pushed.path_value("p").unwrap().replace('\u{fdd0}', "\\"))
}

fn header(parameter: Parameter, value: &Value) -> Option<String> {
    let pushed = pushed(&parameter, value).unwrap();
    pushed.headers().find(|(name, _)| *name == "x-p").map(|(_, value)| value.to_str().unwrap().to_owned())
}

fn cookie(parameter: Parameter, value: &Value) -> String {
    pushed(&parameter, value).unwrap().cookies().to_owned()
}

const Q: Parameter = Parameter::query("p");
const P: Parameter = Parameter::path("p");
const H: Parameter = Parameter::header("X-P");
const C: Parameter = Parameter::cookie("p");

#[test]
fn a_query_is_written_by_its_style() {
    let (list, object) = (json!(["a,b", null, 2]), json!({"a": 1, "b c": "x&y", "none": null}));
    for (parameter, value, right) in [
        (Q, &list, "p=a%2Cb&p=2"),
        (Q, &object, "a=1&b%20c=x%26y"),
        (Q.explode(false), &list, "p=a%2Cb,2"),
        (Q.explode(false), &object, "p=a,1,b%20c,x%26y"),
        (Q.style(Style::SpaceDelimited), &list, "p=a%2Cb%202"),
        (Q.style(Style::PipeDelimited), &list, "p=a%2Cb%7C2"),
        (Q.style(Style::PipeDelimited).explode(true), &list, "p=a%2Cb&p=2"),
        (Q.style(Style::PipeDelimited), &json!({"a": 1, "b": 2}), "p=a%7C1%7Cb%7C2"),
        (Q.json(), &json!({"a": [1, null]}), "p=%7B%22a%22%3A%5B1%2Cnull%5D%7D"),
        (Q, &json!("x y"), "p=x%20y"),
        (Q, &json!(""), "p="),
        (Q, &json!(true), "p=true"),
        (Q, &json!(null), ""),
        (Q.json(), &json!(null), ""),
        (Q, &json!([]), ""),
        (Q.explode(false), &json!([null]), ""),
        (Q, &json!({}), ""),
        (Parameter::query("$top"), &json!(5), "$top=5"),
        (Parameter::query("ids[]"), &json!([1, 2]), "ids%5B%5D=1&ids%5B%5D=2"),
    ] {
        assert_eq!(query(parameter, value), right, "{parameter:?} {value}");
    }
}

#[test]
fn a_form_is_sent_in_one_value() {
    static ENCODING: [Parameter; 1] = [Parameter::query("l").explode(false)];
    let value = json!({"a": "x&y", "l": [1, 2], "none": null});
    assert_eq!(header(H.form(&ENCODING), &value).unwrap(), "a=x%26y&l=1,2");
    assert_eq!(query(Q.form(&ENCODING), &value), "p=a%3Dx%2526y%26l%3D1%2C2");
    assert_eq!(path(Parameter::path("p").form(&[]), &json!({"a": 1})).unwrap(), "a=1");
    assert_eq!(query(Q.form(&[]), &json!(null)), "");
    assert!(pushed(&Q.form(&[]), &json!([1])).unwrap_err().is_invalid_argument());
}

#[test]
fn the_query_of_a_path_has_its_values() {
    let mut parameters = Parameters::default();
    parameters.push(&Parameter::path("a"), "x&{b}").unwrap();
    parameters.push(&Parameter::path("b"), "y").unwrap();
    assert_eq!(parameters.fill_query("action={a}&b={b}{"), "action=x%26%7Bb%7D&b=y{");
}

#[test]
fn deep_objects_nest() {
    let deep = Q.style(Style::DeepObject);
    for (value, right) in [
        (json!({"gt": 1, "lt": null}), "p[gt]=1"),
        (json!({"a": {"b": {"c": "x"}}, "d": true}), "p[a][b][c]=x&p[d]=true"),
        (json!(["a", "b"]), "p[]=a&p[]=b"),
        (json!({"ids": [1, 2], "tags[]": ["x"]}), "p[ids][]=1&p[ids][]=2&p[tags[]][]=x"),
        (json!([{"a": 1}, {"a": [2]}]), "p[0][a]=1&p[1][a][]=2"),
        (json!("x"), "p=x"),
        (json!({}), ""),
        (json!(null), ""),
    ] {
        let right = right.replace('[', "%5B").replace(']', "%5D");
        assert_eq!(query(deep, &value), right, "{value}");
    }
    let named = Parameter::query("ids[]").style(Style::DeepObject);
    assert_eq!(query(named, &json!([1])), "ids%5B%5D=1");
}

#[test]
fn free_objects_with_nested_values_are_sent() {
    let value = json!({"a": "v", "deep": {"a": {"b": 1}}, "list": [1, [2]]});
    assert_eq!(query(Q, &value), "a=v&deep=%7B%22a%22%3A%7B%22b%22%3A1%7D%7D&list=1&list=%5B2%5D");
    assert_eq!(query(Q, &json!([{"a": 1}])), "p=%7B%22a%22%3A1%7D");
    assert_eq!(query(Q.explode(false), &json!({"a": {"b": 1}})), "p=a,%7B%22b%22%3A1%7D");
}

#[test]
fn reserved_characters_are_kept_if_the_document_allows_them() {
    let text = json!("a/b:c@d?e=f[g] h#i&j+k%2F");
    assert_eq!(query(Q.allow_reserved(), &text), "p=a/b:c@d?e=f[g]%20h%23i%26j%2Bk%2F");
    assert_eq!(query(Q, &json!("a/b%2F")), "p=a%2Fb%252F");
    let fields = Q.allow_reserved().explode(false);
    assert_eq!(query(fields, &json!(["a/b", "c:d"])), "p=a/b,c:d");
    assert!(pushed(&fields, &["a,b"]).unwrap_err().is_invalid_argument());
}

#[test]
fn several_parameters_make_one_query() {
    let mut parameters = Parameters::default();
    parameters.push(&Q, "a").unwrap();
    parameters.push(&Parameter::query("q"), &None::<&str>).unwrap();
    parameters.push(&Parameter::query("r"), &[1, 2]).unwrap();
    // A value that fails leaves no trace.
    let piped = Parameter::query("s").style(Style::PipeDelimited);
    parameters.push(&piped, &["x", "y|"]).unwrap_err();
    parameters.push(&C, &1).unwrap();
    parameters.push(&Parameter::cookie("d"), &2).unwrap();
    assert_eq!(parameters.query(), "p=a&r=1&r=2");
    assert_eq!(parameters.cookies(), "p=1; d=2");
}

#[test]
fn a_path_is_written_by_its_style() {
    let (list, object) = (json!([1, "b"]), json!({"a": 1, "b": "x"}));
    let (label, matrix) = (P.style(Style::Label), P.style(Style::Matrix));
    for (parameter, value, right) in [
        (P, &json!("x,y;z"), "x,y;z"),
        (P, &list, "1,b"),
        (P, &object, "a,1,b,x"),
        (P.explode(true), &list, "1,b"),
        (P.explode(true), &object, "a=1,b=x"),
        (label, &json!("x"), ".x"),
        (label, &list, ".1,b"),
        (label.explode(true), &list, ".1.b"),
        (label.explode(true), &object, ".a=1.b=x"),
        (matrix, &json!("x"), ";p=x"),
        (matrix, &json!(""), ";p"),
        (matrix, &list, ";p=1,b"),
        (matrix.explode(true), &list, ";p=1;p=b"),
        (matrix, &object, ";p=a,1,b,x"),
        (matrix.explode(true), &object, ";a=1;b=x"),
        (P.json(), &object, r#"{"a":1,"b":"x"}"#),
    ] {
        assert_eq!(path(parameter, value).unwrap(), right, "{parameter:?} {value}");
    }
}

#[test]
fn a_path_value_stays_one_segment() {
    for bad in ["", ".", "..", "a/b", "a\\..\\b", "..\\", "/", "a\n", "\u{7f}", "a\u{0}", "\u{fdd0}"] {
        let error = check_segment("id", bad).unwrap_err();
        assert!(error.is_invalid_argument() && error.to_string().contains("`id`"), "{bad:?}: {error}");
        assert!(path(P, &json!(bad)).unwrap_err().is_invalid_argument(), "{bad:?}");
    }
    for good in ["...", ".a", "a..b", "a b", "%2e%2e", "é", "7.json", "x:archive", "a\\b", "\\"] {
        check_segment("id", good).unwrap();
        assert_eq!(path(P, &json!(good)).unwrap(), good);
    }
    for empty in [json!(null), json!([]), json!({}), json!([null])] {
        assert!(path(P, &empty).unwrap_err().is_invalid_argument(), "{empty}");
    }
    assert!(path(P.style(Style::Label), &json!("")).unwrap_err().is_invalid_argument());
    assert!(path(P.style(Style::Label), &json!(".")).unwrap_err().is_invalid_argument());
    // If the document allows reserved characters, a path may have several segments, but none of them may be `..`.
    assert_eq!(path(P.allow_reserved(), &json!("a/b")).unwrap(), "a/b");
    assert!(path(P.allow_reserved(), &json!("a/../b")).unwrap_err().is_invalid_argument());
}

#[test]
fn a_value_with_a_separator_is_rejected() {
    for (parameter, value) in [
        (P, json!(["a,b"])),
        (P.style(Style::Label).explode(true), json!(["a.b"])),
        (P.style(Style::Matrix).explode(true), json!(["a;b"])),
        (P.explode(true), json!({"a=b": 1})),
        (H, json!(["a,b"])),
        (Q.style(Style::PipeDelimited), json!(["a|b"])),
        (Q.style(Style::SpaceDelimited), json!(["a b"])),
    ] {
        let error = pushed(&parameter, &value).unwrap_err();
        assert!(error.is_invalid_argument(), "{error}");
        assert!(error.to_string().contains(&format!("`{}`", parameter.name())), "{error}");
        assert!(!error.to_string().contains("a,b"), "{error}");
    }
}

#[test]
fn headers_are_not_percent_encoded() {
    assert_eq!(header(H, &json!("a b/c,d%")).unwrap(), "a b/c,d%");
    assert_eq!(header(H, &json!(["a", 2])).unwrap(), "a,2");
    assert_eq!(header(H, &json!({"a": 1})).unwrap(), "a,1");
    assert_eq!(header(H.explode(true), &json!({"a": 1})).unwrap(), "a=1");
    assert_eq!(header(H.json(), &json!({"a": 1})).unwrap(), r#"{"a":1}"#);
    assert_eq!(header(H, &json!("")).unwrap(), "");
    assert_eq!(header(H, &json!(null)), None);
    assert_eq!(header(H, &json!([])), None);
    assert_eq!(pushed(&H, "é").unwrap().headers().next().unwrap().1, "é".as_bytes());
    for bad in ["a\r\nb: c", "\u{0}"] {
        let error = pushed(&H, &bad).unwrap_err();
        assert!(error.is_invalid_argument() && error.to_string().contains("X-P"), "{error}");
    }
    assert!(pushed(&Parameter::header("a b"), &1).unwrap_err().is_invalid_argument());
}

#[test]
fn cookies_are_written_by_their_style() {
    assert_eq!(cookie(C, &json!("a;b c,d")), "p=a%3Bb%20c%2Cd");
    assert_eq!(cookie(C, &json!([1, 2])), "p=1; p=2");
    assert_eq!(cookie(C.explode(false), &json!([1, 2])), "p=1,2");
    assert_eq!(cookie(C, &json!({"a;": 1})), "a%3B=1");
    assert_eq!(cookie(C.allow_reserved(), &json!("a/b;c")), "p=a/b%3Bc");
    assert_eq!(cookie(C.style(Style::Cookie), &json!("a/b=%")), "p=a/b=%");
    for bad in ["a;b", "a b", "é", "\n"] {
        assert!(pushed(&C.style(Style::Cookie), &bad).unwrap_err().is_invalid_argument(), "{bad}");
    }
    assert!(pushed(&Parameter::cookie("a=b"), &1).unwrap_err().is_invalid_argument());
}

#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[test]
fn unions_are_written_by_their_branch() {
    let (one, many) = (OneOrMany::One("a".to_owned()), OneOrMany::Many(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(pushed(&Q, &one).unwrap().query(), "p=a");
    assert_eq!(pushed(&Q, &many).unwrap().query(), "p=a&p=b");
}

#[test]
fn numbers_are_sent_to_the_last_digit() {
    assert_eq!(pushed(&Q, &i64::MIN).unwrap().query(), "p=-9223372036854775808");
    assert_eq!(pushed(&Q, &u64::MAX).unwrap().query(), "p=18446744073709551615");
    assert_eq!(pushed(&Q, &0.1).unwrap().query(), "p=0.1");
    assert_eq!(pushed(&Q, &[9_007_199_254_740_993_u64]).unwrap().query(), "p=9007199254740993");
    assert!(pushed(&Q, &f64::INFINITY).unwrap_err().is_invalid_argument());
    assert!(pushed(&Q, &BTreeMap::from([("a", f64::NAN)])).unwrap_err().is_invalid_argument());
}

#[test]
fn debug_shows_no_values() {
    let mut parameters = Parameters::default();
    for parameter in [Q, P, H.sensitive(), C, Q.json()] {
        parameters.push(&parameter, "hunter2").unwrap();
    }
    let shown = format!("{parameters:?}");
    assert!(!shown.contains("hunter2") && shown.contains("x-p"), "{shown}");
    assert!(parameters.headers().any(|(name, value)| name == "x-p" && value.is_sensitive()));
}

#[test]
fn setting_a_parameter_again_replaces_it() {
    let (a, b, c) = (Parameter::query("a"), Parameter::query("b"), Parameter::query("c"));
    let mut parameters = Parameters::default();
    for (parameter, value) in [(&a, "1"), (&b, "2"), (&c, "3"), (&a, "4"), (&b, "5"), (&c, "6"), (&b, "7")] {
        parameters.push(parameter, value).unwrap();
    }
    let (id, other) = (Parameter::path("id"), Parameter::path("other"));
    for (parameter, value) in [(&id, "é\\1"), (&other, "2"), (&id, "33"), (&other, "4\\4"), (&id, "5")] {
        parameters.push(parameter, value).unwrap();
        assert!(parameters.push(parameter, "").is_err() && parameters.path_value(parameter.name()).is_none());
        parameters.push(parameter, value).unwrap();
    }
    assert_eq!((parameters.path_value("id"), parameters.path_value("other")), (Some("5"), Some("4\u{fdd0}4")));
    let mut pairs: Vec<&str> = parameters.query().split('&').collect();
    pairs.sort_unstable();
    assert_eq!(pairs, ["a=4", "b=7", "c=6"]);
    let (session, other, header) = (Parameter::cookie("session"), Parameter::cookie("other"), Parameter::header("x"));
    for value in ["one", "two"] {
        parameters.push(&session, value).unwrap();
        parameters.push(&header, value).unwrap();
    }
    parameters.push(&other, "o").unwrap();
    parameters.push(&session, "three").unwrap();
    assert_eq!(parameters.cookies(), "other=o; session=three");
    assert_eq!(parameters.headers().map(|(_, value)| value).collect::<Vec<_>>(), ["two"]);
}

#[test]
fn a_folded_header_of_a_part_is_one_header() {
    let body = "--b\r\nContent-Type: text/plain;\r\n charset=utf-8\r\nX-A: 1\n\t2\r\n\r\nhi\r\n--b--";
    let parts = split_parts("multipart/mixed; boundary=b", body.into()).unwrap();
    assert_eq!(parts[0].content_type(), Some("text/plain; charset=utf-8"));
    assert_eq!((&parts[0].headers["x-a"], &parts[0].content[..]), (&"1 2".parse().unwrap(), &b"hi"[..]));
}

#[test]
fn the_names_of_a_part_are_read_as_servers_write_them() {
    for (disposition, name, file) in [
        (r#"filename="C:\dir\"; name="x""#, Some("x"), Some(r"C:\dir\")),
        (r#"name="x"; filename="C:\dir\""#, Some("x"), Some(r"C:\dir\")),
        (r#"name="say \"hi\""; filename=a"#, Some("say \"hi\""), Some("a")),
        (r#"filename="e.txt"; filename*=UTF-8''%e2%82%ac%20a.txt"#, None, Some("€ a.txt")),
        (r#"filename="e.txt"; filename*=latin1''%e9"#, None, Some("e.txt")),
    ] {
        let body = format!("--b\r\nContent-Disposition: attachment; {disposition}\r\n\r\n\r\n--b--");
        let parts = split_parts("multipart/mixed; boundary=b", body.into()).unwrap();
        assert_eq!((parts[0].name().as_deref(), parts[0].file_name().as_deref()), (name, file), "{disposition}");
    }
}

#[test]
fn a_single_part_after_an_absent_one_is_refused() {
    let form = Multipart::new().next_files("text/plain", []).next(File::bytes("a"));
    assert!(form.finish_as("multipart/mixed").unwrap_err().is_invalid_argument());
}
