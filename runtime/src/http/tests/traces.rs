//! The data of a call that hooks and `tracing` get.

use std::collections::BTreeMap;
use std::fmt;

use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use super::*;

/// The fields of this thread's spans, in order. For a field that was recorded twice, the last value.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<Span>>>);

type Span = (Id, BTreeMap<String, String>);

impl<S: Subscriber> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        self.0.lock().unwrap().push((id.clone(), fields.0));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut spans = self.0.lock().unwrap();
        // An id is used again after its span has ended.
        let (_, known) = spans.iter_mut().rev().find(|(known, _)| known == id).unwrap();
        let mut fields = Fields(std::mem::take(known));
        values.record(&mut fields);
        *known = fields.0;
    }
}

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

#[tokio::test]
async fn a_call_is_a_span_by_the_conventions_of_open_telemetry() {
    let spans = Spans::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(spans.clone()));
    let url = Url::parse("https://pets.example.com:8443/pets/PLANTED").unwrap();
    let post = || {
        let mut call = Call::post(url.as_str());
        call.span = CallSpan::of_operation(&CREATE, || Some(url.clone()));
        call
    };
    let broken = || Err(SendError::broken("x"));
    let script = Scripted::default().returns(429, "").returns(201, "").returns(404, "").then(broken());
    let (exchange, _) = script.exchange(|it| it);
    post().send(&exchange).await.unwrap();
    post().send(&exchange).await.unwrap_err();
    post().send(&exchange).await.unwrap_err();

    let spans: Vec<_> = spans.0.lock().unwrap().iter().map(|(_, fields)| fields.clone()).collect();
    let spans: Vec<_> = spans.into_iter().filter(|fields| fields["otel.name"] == "POST /pets").collect();
    let get = |name: &str| spans.iter().map(|it| it.get(name).map(String::as_str)).collect::<Vec<_>>();
    assert_eq!(get("otel.kind"), [Some("client"); 3]);
    assert_eq!(get("http.request.method"), [Some("POST"); 3]);
    assert_eq!(get("url.template"), [Some("/pets"); 3]);
    assert_eq!(get("server.address"), [Some("pets.example.com"); 3]);
    assert_eq!(get("server.port"), [Some("8443"); 3]);
    assert_eq!(get("http.response.status_code"), [Some("201"), Some("404"), None]);
    assert_eq!(get("http.request.resend_count"), [Some("1"), None, None]);
    assert_eq!(get("error.type"), [None, Some("404"), Some("broken")]);
    assert!(!format!("{spans:?}").contains("PLANTED"));
}

#[tokio::test]
async fn on_attempt_sees_each_attempt_and_headers_with_adds_headers_to_it() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&seen);
    let script = Scripted::default().returns(503, "").then(Err(SendError::broken("x"))).returns(200, "");
    let (exchange, _) = script.exchange(|connection| {
        connection
            .on_attempt(move |attempt| {
                let (operation, error) = (attempt.operation().map(Operation::id), attempt.error().map(Error::kind));
                let (number, status, wait) = (attempt.number(), attempt.status(), attempt.wait());
                log.lock().unwrap().push(format!("{operation:?} {number} {status:?} {error:?} {wait:?}"));
            })
            .headers_with(|operation| {
                let name = http::HeaderName::from_static("x-operation");
                [(name, operation.id().parse().unwrap())].into_iter().collect()
            })
    });
    Call::post(URL).options(CallOptions::new().idempotent(true)).send(&exchange).await.unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            r#"Some("Pets.Create") 1 Some(503) Some(Status) Some(500ms)"#,
            r#"Some("Pets.Create") 2 None Some(Broken) Some(1s)"#,
            r#"Some("Pets.Create") 3 Some(200) None None"#,
        ]
    );
    assert!((0..3).all(|request| script.header(request, "x-operation").as_deref() == Some("Pets.Create")));
}
