use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::stream;
use http_body::Body as _;
use serde_json::json;

use super::*;

/// The bytes that a body sends, and the length that it announces.
async fn sent(body: reqwest::Body) -> (Result<String, reqwest::Error>, Option<u64>) {
    let mut body = Box::pin(body);
    let announced = body.size_hint().exact();
    let mut whole = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        match frame {
            Ok(frame) => whole.extend_from_slice(&frame.into_data().unwrap()),
            Err(error) => return (Err(error), announced),
        }
    }
    (Ok(String::from_utf8(whole).unwrap()), announced)
}

async fn text(body: &MultipartBody) -> String {
    let (text, announced) = sent(body.body().unwrap()).await;
    let text = text.unwrap();
    assert_eq!(announced, body.length());
    if let Some(length) = announced {
        assert_eq!(length, text.len() as u64);
    }
    let content_type = body.content_type().to_str().unwrap();
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    text.replace(boundary, "B")
}

fn chunks(parts: &'static [&'static str]) -> impl Stream<Item = Result<&'static str, Infallible>> + Send {
    stream::iter(parts.iter().map(|part| Ok(*part)))
}

/// A file with this content, which is deleted when the test ends.
struct OnDisk(PathBuf);

impl OnDisk {
    fn new(name: &str, content: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("connectors-multipart-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), content).unwrap();
        Self(folder.join(name))
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        let _ = self.0.parent().map(std::fs::remove_dir_all);
    }
}

#[tokio::test]
async fn parts_are_written_with_their_names_and_types() {
    let form = Multipart::new()
        .text("title", "Ünï\r\n--x")
        .json("meta", &json!({"a": [1]}))
        .unwrap()
        .bytes("raw", "image/png", vec![b'p', b'n', b'g'])
        .file("file", File::bytes("hello").name("a.txt").media_type("text/plain"))
        .file("other", File::bytes(""));
    let body = form.finish().unwrap();
    let right = "--B\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nÜnï\r\n--x\r\n\
        --B\r\nContent-Disposition: form-data; name=\"meta\"\r\nContent-Type: application/json\r\n\r\n{\"a\":[1]}\r\n\
        --B\r\nContent-Disposition: form-data; name=\"raw\"\r\nContent-Type: image/png\r\n\r\npng\r\n\
        --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n\
        --B\r\nContent-Disposition: form-data; name=\"other\"; filename=\"other\"\r\n\
        Content-Type: application/octet-stream\r\n\r\n\r\n\
        --B--\r\n";
    assert_eq!(text(&body).await, right);
    // It can be retried, and the second body is the same.
    assert!(body.is_repeatable());
    assert_eq!(text(&body).await, right);
    assert_eq!(text(&Multipart::new().finish().unwrap()).await, "--B--\r\n");
}

#[tokio::test]
async fn values_are_written_by_their_kind() {
    let value = |value| Multipart::new().value("v", &value).unwrap().finish().unwrap();
    let part = |text: &str| format!("--B\r\nContent-Disposition: form-data; name=\"v\"\r\n\r\n{text}\r\n");
    let as_json = |text: &str| part(text).replace("\"v\"", "\"v\"\r\nContent-Type: application/json");
    for (sent, right) in [
        (json!("x"), part("x")),
        (json!(7), part("7")),
        (json!([1, null, "a"]), part("1") + &part("a")),
        (json!([{"a": 1}]), as_json("{\"a\":1}")),
        (json!({"a": "b"}), as_json("{\"a\":\"b\"}")),
        (json!(null), String::new()),
    ] {
        assert_eq!(text(&value(sent)).await, right + "--B--\r\n");
    }
    assert!(Multipart::new().value("v", &f64::NAN).unwrap_err().is_invalid_argument());
}

#[tokio::test]
async fn names_cannot_end_their_header() {
    let file = File::bytes("").name("a\"b\r\nX: y\0ü.txt");
    let written = text(&Multipart::new().file("f\"\n", file).finish().unwrap()).await;
    assert!(written.contains("name=\"f%22%0A\"; filename=\"a%22b%0D%0AX: y%00ü.txt\"\r\n"), "{written}");
    for bad in ["text/plain\r\nX: y", "text", "", "te\0xt/plain"] {
        let error = Multipart::new().file("f", File::bytes("").media_type(bad)).finish().unwrap_err();
        assert!(error.is_invalid_argument() && error.to_string().contains("`f`"), "{error}");
    }
}

#[tokio::test]
async fn each_body_has_its_own_boundary() {
    let boundary = || Multipart::new().finish().unwrap().content_type().clone();
    assert_ne!(boundary(), boundary());
}

#[tokio::test]
async fn files_are_read_as_they_are_sent() {
    let content = "0123456789abcdef".repeat(10_000);
    let disk = OnDisk::new("b.txt", &content);
    let body = Multipart::new().file("f", File::path(&disk.0).await.unwrap()).finish().unwrap();
    assert!(body.is_repeatable());
    let first = text(&body).await;
    assert!(first.contains("filename=\"b.txt\"") && first.contains(&content));
    // Content that was added after opening is not sent.
    std::fs::write(&disk.0, content.clone() + "more").unwrap();
    assert_eq!(text(&body).await, first);
    // A file that became shorter cannot be sent.
    std::fs::write(&disk.0, "0123").unwrap();
    let (cut_off, _) = sent(body.body().unwrap()).await;
    assert!(cut_off.is_err());
    let fault = body.take_fault().unwrap();
    assert!(fault.is_invalid_argument() && fault.to_string().contains("became shorter"), "{fault}");
    assert!(body.take_fault().is_none());
}

#[tokio::test]
async fn only_regular_files_are_sent() {
    let missing = File::path(std::env::temp_dir().join("connectors-no-such-file")).await.unwrap_err();
    assert!(missing.is_invalid_argument() && missing.to_string().contains("connectors-no-such-file"), "{missing}");
    assert!(File::path(std::env::temp_dir()).await.unwrap_err().is_invalid_argument());
}

#[tokio::test]
async fn streams_are_sent_once() {
    let form = |length| Multipart::new().file("f", File::stream(chunks(&["ab", "", "c"]), length));
    let known = form(Some(3)).finish().unwrap();
    assert!(known.length().is_some() && !known.is_repeatable());
    assert!(text(&known).await.contains("\r\n\r\nabc\r\n"));
    let again = known.body().unwrap_err();
    assert!(again.is_invalid_argument() && again.to_string().contains("`f`"), "{again}");

    let unknown = form(None).finish().unwrap();
    assert_eq!(unknown.length(), None);
    assert!(text(&unknown).await.contains("\r\n\r\nabc\r\n"));

    for wrong in [2, 4] {
        let body = form(Some(wrong)).finish().unwrap();
        assert!(sent(body.body().unwrap()).await.0.is_err());
        assert!(body.take_fault().unwrap().to_string().contains("than its declared length"));
    }
}

#[tokio::test]
async fn a_failed_stream_is_the_source_of_the_error() {
    let broken = stream::iter([Ok("a"), Err(io::Error::other("the disk is gone"))]);
    let body = Multipart::new().file("f", File::stream(broken, None)).finish().unwrap();
    assert!(sent(body.body().unwrap()).await.0.is_err());
    let fault = body.take_fault().unwrap();
    assert_eq!(std::error::Error::source(&fault).unwrap().to_string(), "the disk is gone");
}

#[tokio::test]
async fn progress_goes_to_the_end() {
    let seen = Arc::new(AtomicU64::new(0));
    let told = seen.clone();
    let form = Multipart::new().text("a", "b").on_progress(move |sent, total| {
        assert!(total.is_some_and(|total| sent <= total));
        told.store(sent, Ordering::Relaxed);
    });
    let body = form.finish().unwrap();
    text(&body).await;
    assert_eq!(Some(seen.load(Ordering::Relaxed)), body.length());
}

#[tokio::test]
async fn other_kinds_have_parts_without_names_and_with_their_own_headers() {
    let root = File::bytes("{}").media_type("application/json").header("Content-ID", "<root>");
    let body = Multipart::new().next(root).next(File::bytes("x").name("x.bin"));
    let body = body.finish_as("multipart/related; type=\"application/json\"").unwrap();
    let content_type = body.content_type().to_str().unwrap().to_owned();
    let (_, boundary) = content_type.split_once("multipart/related; type=\"application/json\"; boundary=").unwrap();
    let (sent, _) = sent(body.body().unwrap()).await;
    assert_eq!(
        sent.unwrap().replace(boundary, "B"),
        "--B\r\nContent-Type: application/json\r\nContent-ID: <root>\r\n\r\n{}\r\n--B\r\nContent-Disposition: attachment; \
         filename=\"x.bin\"\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n--B--\r\n"
    );
    for file in [File::bytes("").header("a b", "c"), File::bytes("").header("a", "b\nc")] {
        assert!(Multipart::new().next(file).finish().unwrap_err().is_invalid_argument());
    }
    assert!(Multipart::new().finish_as("multipart/\n").unwrap_err().is_invalid_argument());
}

#[tokio::test]
async fn values_are_written_by_their_encoding() {
    let rules = Parameter::query("ids").explode(false);
    let form = Multipart::new()
        .add("ids", &[1, 2])
        .add_as("about", "application/ld+json", &json!({"a": 1}))
        .add_as("note", "text/markdown", &Some("*x*"))
        .add_as("none", "text/markdown", &None::<&str>)
        .add_styled(&rules, &["a b", "c&d"])
        .files("f", "image/png", [File::bytes("x"), File::bytes("y").media_type("image/gif")]);
    let text = text(&form.finish().unwrap()).await;
    let parts: Vec<&str> = text.split("--B").map(|part| part.trim_matches(['-', '\r', '\n'])).collect();
    let heads: Vec<String> =
        parts.iter().map(|part| part.replace("Content-Disposition: form-data; name=", "")).collect();
    assert_eq!(heads[1..=2], ["\"ids\"\r\n\r\n1", "\"ids\"\r\n\r\n2"]);
    assert_eq!(heads[3], "\"about\"\r\nContent-Type: application/ld+json\r\n\r\n{\"a\":1}");
    assert_eq!(heads[4..=5], ["\"note\"\r\nContent-Type: text/markdown\r\n\r\n*x*", "\"ids\"\r\n\r\na b,c&d"]);
    assert!(heads[6].contains("Content-Type: image/png") && heads[7].contains("Content-Type: image/gif"));
    assert_eq!(heads.len(), 9);
    let failing = Multipart::new().add("bad", &std::collections::BTreeMap::from([((1, 2), 3)]));
    assert!(failing.finish().unwrap_err().is_invalid_argument());
}

#[test]
fn debug_shows_no_content() {
    let form = Multipart::new().text("password", "hunter2").file("f", File::bytes("hunter2"));
    assert_eq!(format!("{form:?}"), r#"["password", "f"]"#);
    assert!(!format!("{:?} {:?}", File::bytes("hunter2"), form.finish().unwrap()).contains("hunter2"));
}

#[tokio::test]
async fn a_header_is_added_to_a_part_that_is_there() {
    let form = Multipart::new().add_as("meta", "application/json", &json!({})).text("note", "n");
    let body = form.header("meta", "Content-ID", "<a>").header_at(1, "X-Seq", "1").finish().unwrap();
    let text = text(&body).await;
    assert!(text.contains("Content-Type: application/json\r\nContent-ID: <a>\r\n\r\n{}"), "{text}");
    assert!(text.contains("name=\"note\"\r\nX-Seq: 1\r\n\r\nn"), "{text}");
    for form in
        [Multipart::new().text("a", "").header("b", "X", "1"), Multipart::new().text("a", "").header_at(1, "X", "1")]
    {
        assert!(form.finish().unwrap_err().is_invalid_argument());
    }
}

#[test]
fn a_part_with_parts_of_its_own_needs_their_boundary() {
    let nested =
        |media_type: &str| Multipart::new().file("nested", File::bytes("--b--").media_type(media_type)).finish();
    for media_type in ["multipart/mixed", "Multipart/Mixed; charset=utf-8"] {
        let error = nested(media_type).unwrap_err();
        assert!(error.is_invalid_argument() && error.to_string().contains("`nested` has parts of its own"), "{error}");
    }
    assert!(nested("multipart/mixed; boundary=b").is_ok());
}
