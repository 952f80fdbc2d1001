//! `Debug` of the types of `codegen/tests/documents/secrets.yaml` prints no secret, whichever way it is declared.

use connectors_runtime::object::Json;
use roundtrip::document_secrets::{errors, params, responses, types, webhooks};
use serde::de::DeserializeOwned;

/// The text of every secret here.
const PLANTED: &str = "PLANTED";

fn read<T: DeserializeOwned + Json>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn secrets_under_keywords_without_a_type_are_not_printed() {
    for member in [
        r#""matched":{"k1":"PLANTED"}"#,
        r#""deep":{"k1":{"inner":"PLANTED"}}"#,
        r#""every":{"x":"PLANTED"}"#,
        r#""rest":{"x":"PLANTED"}"#,
        r#""among":[1,"PLANTED"]"#,
        r#""tail":[1,"PLANTED"]"#,
        r#""declared":{"key_a":"PLANTED","shown":"SHOWN"}"#,
        r#""declared":{"key_b":"PLANTED"}"#,
        r#""when":{"kind":"SHOWN","word":"PLANTED"}"#,
        r#""depends":{"kind":"a","word":"PLANTED"}"#,
        r#""either":{"inner":"PLANTED"}"#,
        r#""sent":{"shown":"SHOWN","word":"PLANTED"}"#,
        r#""listed":{"k1":"PLANTED"}"#,
    ] {
        let text = format!("{{{member}}}");
        let vault: types::Vault = read(&text);
        let shown = format!("{vault:?} {vault:#?}");
        assert!(!shown.contains(PLANTED), "{text}: {shown}");
        // The value is there.
        assert_eq!(serde_json::to_value(&vault).unwrap(), serde_json::from_str::<serde_json::Value>(&text).unwrap());
    }
}

#[test]
fn what_is_beside_a_secret_is_printed() {
    let declared: types::Declared = read(r#"{"key_a":"PLANTED","shown":"SHOWN"}"#);
    let when: types::When = read(r#"{"kind":"SHOWN","word":"PLANTED"}"#);
    let sent: types::Sent = read(r#"{"shown":"SHOWN","word":"PLANTED"}"#);
    for shown in [format!("{declared:?}"), format!("{when:?}"), format!("{sent:?}")] {
        assert!(shown.contains("SHOWN") && !shown.contains(PLANTED), "{shown}");
    }
}

#[test]
fn secrets_of_responses_failures_and_webhooks_are_not_printed() {
    let response = responses::Login::Status200(PLANTED.to_owned());
    let failure = errors::Login::Status400(vec![PLANTED.to_owned()]);
    let webhook = webhooks::parse("rotated", br#""PLANTED""#).unwrap();
    for shown in [format!("{response:?}"), format!("{failure:?}"), format!("{webhook:?}")] {
        assert!(shown.contains("[redacted]") && !shown.contains(PLANTED), "{shown}");
    }
    assert_eq!(format!("{:?}", responses::Login::Status201(7)), "Status201(7)");
    let webhook = format!("{:?}", webhooks::parse("renamed", br#""SHOWN""#).unwrap());
    assert!(webhook.contains("SHOWN"), "{webhook}");
}

#[test]
fn secret_parameters_are_not_printed() {
    let code: params::Code = params::Code::new(PLANTED);
    let proof: params::XProof = params::XProof::new(PLANTED);
    assert_eq!(format!("{code:?} {proof:?}"), "[redacted] [redacted]");
    assert_eq!(format!("{:?}", params::Pin::<i64>::new(1234)), "[redacted]");
    let trace: params::Trace = params::Trace::new("SHOWN");
    assert!(format!("{trace:?}").contains("SHOWN"));
}
