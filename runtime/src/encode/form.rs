//! Bodies of `application/x-www-form-urlencoded`.

use bytes::Bytes;
use serde::Serialize;

use super::pairs::write_member;
use super::parameter::Parameter;
use super::value::{Fault, Node};
use crate::error::{Error, Kind};

/// Serializes a body of `application/x-www-form-urlencoded`: each property by the parameter in `encoding` with its
/// name.
///
/// A property without an encoding is serialized by OpenAPI's defaults: a list item by item, `ids=1&ids=2`, an object as
/// JSON. Null is not sent. A space is sent as `%20`.
///
/// # Errors
/// [`Error::is_invalid_argument`] if the value is not an object, or a property cannot be serialized.
pub fn form(value: &(impl Serialize + ?Sized), encoding: &[Parameter]) -> Result<Bytes, Error> {
    let refuse = |words: String| Error::new(Kind::Argument, format!("the form cannot be sent: {words}"));
    let members = match Node::of(value).map_err(|fault| refuse(fault.to_string()))? {
        Node::Null => Vec::new(),
        Node::Object(members) => members,
        _ => return Err(refuse("it is not an object".to_owned())),
    };
    let mut out = String::new();
    for (key, member) in members.into_iter().filter(|(_, member)| !member.is_null()) {
        let rules = encoding.iter().find(|rules| rules.name() == key);
        write_member(&mut out, rules, &key, member).map_err(|fault: Fault| refuse(format!("`{key}`: {fault}")))?;
    }
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::encode::Style;

    fn written(value: &impl Serialize, encoding: &[Parameter]) -> String {
        String::from_utf8(form(value, encoding).unwrap().to_vec()).unwrap()
    }

    #[derive(Serialize)]
    enum Grant {
        #[serde(rename = "client_credentials")]
        ClientCredentials,
    }

    #[derive(Serialize)]
    struct Login {
        grant_type: Grant,
        scope: Option<&'static str>,
        retry: bool,
        n: f64,
        #[serde(flatten)]
        extra: serde_json::Map<String, serde_json::Value>,
    }

    #[test]
    fn properties_are_sent_by_their_names_on_the_wire() {
        let extra = serde_json::Map::from_iter([("a b".to_owned(), json!("c&d"))]);
        let login = Login { grant_type: Grant::ClientCredentials, scope: None, retry: false, n: 2.0, extra };
        assert_eq!(written(&login, &[]), "grant_type=client_credentials&retry=false&n=2&a%20b=c%26d");
    }

    #[test]
    fn lists_and_objects_follow_their_encoding() {
        let value = json!({"empty": [], "ids": [1, 2], "text": "", "where": {"a": [1]}});
        assert_eq!(written(&value, &[]), "ids=1&ids=2&text=&where=%7B%22a%22%3A%5B1%5D%7D");
        let encoding =
            [Parameter::query("ids").style(Style::PipeDelimited), Parameter::query("where").style(Style::DeepObject)];
        assert_eq!(written(&value, &encoding), "ids=1%7C2&text=&where%5Ba%5D%5B%5D=1");
        let encoding = [Parameter::query("ids").json(), Parameter::query("where")];
        assert_eq!(written(&value, &encoding), "ids=%5B1%2C2%5D&text=&a=1");
        assert_eq!(written(&json!({"ids": "a"}), &[Parameter::query("ids").json()]), "ids=%22a%22");
    }

    #[test]
    fn only_objects_are_forms() {
        assert_eq!(written(&None::<u8>, &[]), "");
        let error = form(&[1], &[]).unwrap_err();
        assert!(error.is_invalid_argument());
        let encoding = [Parameter::query("ids").style(Style::PipeDelimited)];
        let error = form(&json!({"ids": ["secret|", "b"]}), &encoding).unwrap_err();
        assert!(error.is_invalid_argument() && error.to_string().contains("`ids`"), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
