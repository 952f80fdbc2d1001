//! Types that lead to each other through many steps: they compile, also in a task, and are read and written as others are.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use connectors_runtime::crates::{http, reqwest};
use connectors_runtime::object::{self, Json, Link};
use roundtrip::document_far::{Client, Credentials, types::*};
use serde_json::{Value, json};

/// Objects in objects, each the `next` of the one around it.
fn nested(depth: usize) -> Value {
    (0..depth).rev().fold(json!({"id": "end"}), |inner, at| json!({"id": at.to_string(), "next": inner}))
}

/// A client whose server returns each body unchanged.
fn client() -> Client {
    let sender = |request: reqwest::Request| {
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default().to_vec();
        let response = http::Response::builder().header("content-type", "application/json").body(body).unwrap();
        async move { Ok::<reqwest::Response, connectors_runtime::SendError>(response.into()) }
    };
    Client::builder("https://far.example", Credentials::new()).sender(sender).build().unwrap()
}

fn read<T: Json>(value: &Value) -> T {
    object::from_str(&value.to_string()).unwrap()
}

fn written<T: Json>(value: &T) -> Value {
    serde_json::from_slice(&object::to_vec(value).unwrap()).unwrap()
}

#[tokio::test]
async fn they_are_sent_and_received_in_a_task() {
    let client = Arc::new(client());
    let all = tokio::spawn(async move {
        let circle = client.send_circle(&read(&nested(60))).await?;
        let chain = client.send_chain(&read(&nested(90))).await?;
        let group = client.send_group(&read(&json!({"to3": {"to3": {"to7": {"id": "end"}}}}))).await?;
        let payment = json!({"next": {"all": ["a", {"id": "b", "next": "c"}]}});
        let payment = client.send_payment(&read(&payment)).await?;
        let listed = client.send_listed(&read(&json!({"next": [{"by": {"k": {"id": "end"}}}]}))).await?;
        Ok::<_, connectors_runtime::Error>((circle, chain, group, payment, listed))
    });
    let (circle, chain, group, payment, listed) = all.await.unwrap().unwrap();
    assert_eq!(written(&circle), nested(60));
    assert_eq!(written(&chain), nested(90));
    assert_eq!(group.to3.unwrap().to3.as_ref().unwrap().to7.as_ref().unwrap().id.as_deref(), Some("end"));
    assert_eq!(written(&payment), json!({"next": {"all": ["a", {"id": "b", "next": "c"}]}}));
    assert_eq!(written(&listed), json!({"next": [{"by": {"k": {"id": "end"}}}]}));
}

#[derive(Debug)]
struct Failed(Circle0);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed")
    }
}

impl Error for Failed {}

#[test]
fn they_pass_a_thread_a_panic_and_an_error() {
    let circle: Circle0 = read(&nested(50));
    let other = circle.clone();
    assert_eq!(std::panic::catch_unwind(|| other).unwrap(), circle);
    let other = circle.clone();
    assert_eq!(std::thread::spawn(move || other).join().unwrap(), circle);
    let error: Box<dyn Error + Send + Sync> = Box::new(Failed(circle.clone()));
    assert_eq!(error.downcast::<Failed>().unwrap().0, circle);
}

#[test]
fn a_link_is_used_like_a_box() {
    let mut circle = Circle0::default().id("a").with_next(Circle1::default().id("b"));
    let next: &mut Link<Circle1> = circle.next.as_mut().unwrap();
    assert_eq!(next.id.as_deref(), Some("b"));
    next.id = Some("c".to_owned());
    assert_eq!(format!("{:?}", next.id), r#"Some("c")"#);
    let copy = circle.clone();
    assert_eq!(copy, circle);
    assert_ne!(copy, Circle0::default().id("a").with_next(Circle1::default()));
    assert!(format!("{copy:?}").contains("Circle1 { id: Some(\"c\")"), "{copy:?}");
    assert_eq!(circle.next.take().unwrap().into_inner(), Circle1::default().id("c"));
    let link: Link<Circle1> = serde_json::from_value(nested(1)).unwrap();
    assert_eq!(serde_json::to_value(&link).unwrap(), nested(1));
    let error = object::from_str::<Circle0>(r#"{"next": {"next": 1}}"#).unwrap_err();
    assert!(error.to_string().contains("next"), "{error}");
}

#[test]
fn a_deep_value_is_dropped() {
    let deep = std::thread::Builder::new().stack_size(64 << 20).spawn(|| {
        let mut value = Group0::default();
        for _ in 0..10_000 {
            value = Group0::default().to0(value);
        }
        drop(value);
    });
    deep.unwrap().join().unwrap();
}
