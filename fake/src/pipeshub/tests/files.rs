//! File events, in JSON and with files.

use super::*;

fn event(kind: &str, path: &str, more: Value) -> Value {
    let mut event = json!({"type": kind, "path": path, "timestamp": 1, "isDirectory": false});
    for (name, value) in more.as_object().into_iter().flatten() {
        event[name] = value.clone();
    }
    event
}

#[tokio::test]
async fn file_events_in_json() {
    let instance = Instance::start().await.expect("an instance");
    let path = format!("{LIST}/local-01/file-events");
    let events = json!([event("CREATED", "a.txt", json!({})), event("DELETED", "b.txt", json!({}))]);
    let batch = json!({"batchId": "b1", "events": events, "timestamp": 2});
    let taken = ok(&instance, "POST", &path, batch).await;
    assert_eq!((&taken["batchId"], &taken["stats"]), (&json!("b1"), &json!({"processed": 1, "deleted": 1})));
    assert_eq!(ok(&instance, "POST", &path, events).await["batchId"], "batch-generated");
    assert_eq!(instance.uploads("local-01").len(), 2);
    assert_eq!(instance.uploads("local-01")[0].events.len(), 2);

    // An error of the service behind the gateway arrives as text.
    let missing = call(&instance, "POST", &path, json!({})).await;
    let told: Value = serde_json::from_str(missing.json()["error"]["message"].as_str().unwrap()).unwrap();
    assert_eq!((missing.status, &told[0]["loc"]), (400, &json!(["body", "batchId"])));
    let rootless = instance.seed_connector(json!({"type": "Local FS", "name": "No root", "scope": "personal"}));
    let rootless = format!("{LIST}/{rootless}/file-events");
    assert_eq!(refused(&instance, "POST", &rootless, json!([])).await, error(400, "HTTP_BAD_REQUEST"));
    let outside = json!([event("CREATED", "../a.txt", json!({}))]);
    assert_eq!(refused(&instance, "POST", &path, outside).await, error(400, "HTTP_BAD_REQUEST"));
    let elsewhere = format!("{FIRST}/file-events");
    assert_eq!(refused(&instance, "POST", &elsewhere, json!([])).await, error(400, "HTTP_BAD_REQUEST"));
    let large = json!({"batchId": "x".repeat(10 * 1024 * 1024), "events": [], "timestamp": 1});
    assert_eq!(refused(&instance, "POST", &path, large).await, error(500, "INTERNAL_ERROR"));
}

async fn upload(instance: &Instance, id: &str, parts: &[(&str, &[u8])]) -> Reply {
    let mut body = Vec::new();
    for (name, content) in parts {
        let file_name = if *name == "manifest" { "" } else { "; filename=\"f\"" };
        let head = format!("--limit\r\ncontent-disposition: form-data; name=\"{name}\"{file_name}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--limit--\r\n");
    let headers = format!("{}content-type: Multipart/Form-Data; boundary=limit\r\n", bearer(&instance.issue_token()));
    let path = format!("{LIST}/{id}/file-events/upload");
    Wire::open(instance.host()).await.send("POST", &path, &headers, body).await.expect("an answer")
}

fn manifest(events: Value) -> Vec<u8> {
    json!({"batchId": "b1", "events": events, "timestamp": 2}).to_string().into_bytes()
}

#[tokio::test]
async fn files_are_uploaded_and_counted() {
    let instance = Instance::start().await.expect("an instance");
    // Larger than a JSON body may be, and with something like a boundary at its end.
    let mut large = vec![0; 11 * 1024 * 1024];
    large.extend_from_slice(b"\r\n--limi\r\n");
    let digest: String = Sha256::digest(b"small").iter().map(|byte| format!("{byte:02x}")).collect();
    let events = json!([
        event("CREATED", "large.bin", json!({"contentField": "file_0", "size": large.len()})),
        event("MODIFIED", "small.txt", json!({"contentField": "file_1", "sha256": digest, "size": 5})),
        event("DELETED", "gone.txt", json!({})),
    ]);
    let manifest = manifest(events);
    let parts = [("manifest", &manifest[..]), ("file_0", &large[..]), ("file_1", b"small".as_slice())];
    let reply = upload(&instance, "local-01", &parts).await;
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    assert_eq!(reply.json()["stats"], json!({"processed": 2, "deleted": 1}));
    let batch = instance.uploads("local-01").remove(0);
    let files: Vec<(&str, &str, usize)> =
        batch.files.iter().map(|file| (file.field.as_str(), file.path.as_str(), file.bytes)).collect();
    assert_eq!(files, [("file_0", "large.bin", large.len()), ("file_1", "small.txt", 5)]);
    assert!(batch.files[0].content() == large);
}

#[tokio::test]
async fn files_beyond_the_limits_of_an_upload_are_skipped_without_an_error() {
    let instance = Instance::start().await.expect("an instance");
    let one = |kind: &str, more: Value| manifest(json!([event(kind, "a.txt", more)]));
    let named = one("CREATED", json!({"contentField": "file_0"}));
    let wrong_size = one("CREATED", json!({"contentField": "file_0", "size": 2}));
    let wrong_digest = one("CREATED", json!({"contentField": "file_0", "sha256": "00"}));
    let lower = one("created", json!({"contentField": "file_0"}));
    let folder = one("CREATED", json!({"contentField": "file_0", "isDirectory": true}));
    let wrapped = json!({"manifest": {"events": [event("CREATED", "a.txt", json!({"contentField": "file_0"}))]}});
    let wrapped = wrapped.to_string().into_bytes();
    let file: (&str, &[u8]) = ("file_0", b"a");
    let other: (&str, &[u8]) = ("file_1", b"b");
    for (parts, processed) in [
        (vec![("manifest", &named[..]), file], 1),
        (vec![("manifest", &named[..]), file, other], 1),
        (vec![("manifest", &wrapped[..]), file], 1),
        (vec![("manifest", &named[..])], 0),
        (vec![("manifest", &wrong_size[..]), file], 0),
        (vec![("manifest", &wrong_digest[..]), file], 0),
        (vec![("manifest", &lower[..]), file], 0),
        (vec![("manifest", &folder[..]), file], 0),
    ] {
        let reply = upload(&instance, "local-01", &parts).await;
        assert_eq!((reply.status, reply.json()["stats"]["processed"].as_u64()), (200, Some(processed)));
    }
    assert_eq!(instance.uploads("local-01").len(), 8);
    for (id, parts, status) in [
        ("local-01", vec![file], 422),
        ("local-01", vec![("manifest", b"{".as_slice())], 422),
        ("s3-01", vec![("manifest", &named[..]), file], 400),
        ("nobody", vec![("manifest", &named[..]), file], 404),
    ] {
        let reply = upload(&instance, id, &parts).await;
        assert_eq!((reply.status, reply.json()["detail"].is_string()), (status, true));
    }
    for path in ["./a", "a//b"] {
        let outside = manifest(json!([event("CREATED", path, json!({"contentField": "file_0"}))]));
        assert_eq!(upload(&instance, "local-01", &[("manifest", &outside[..]), file]).await.status, 400, "{path}");
    }
    instance.fault(Fault::status(500).on("submitConnectorFileEventUploads"));
    assert_eq!(upload(&instance, "local-01", &[]).await.json(), json!({"detail": "scripted"}));
}

#[tokio::test]
async fn renamed_and_reset_files_count_as_deleted() {
    let instance = Instance::start().await.expect("an instance");
    let stats = async |batch: Value| {
        let batch = batch.to_string().into_bytes();
        let parts = [("manifest", &batch[..]), ("file_0", b"a".as_slice())];
        upload(&instance, "local-01", &parts).await.json()["stats"].clone()
    };
    let named = |path: &str| event("CREATED", path, json!({"contentField": "file_0"}));
    let two = json!({"events": [named("a.txt"), named("b.txt")]});
    assert_eq!(stats(two).await, json!({"processed": 2, "deleted": 0}));
    let renamed = event("RENAMED", "c.txt", json!({"oldPath": "b.txt", "contentField": "file_0"}));
    assert_eq!(stats(json!({"events": [renamed]})).await, json!({"processed": 1, "deleted": 1}));
    let again = json!({"events": [named("a.txt")], "resetBeforeApply": true});
    assert_eq!(stats(again).await, json!({"processed": 1, "deleted": 2}));
}

#[tokio::test]
async fn uploads_beyond_the_limits_fail_and_do_nothing() {
    let instance = Instance::start().await.expect("an instance");
    let named = manifest(json!([event("CREATED", "a.txt", json!({"contentField": "file_0"}))]));
    let large = vec![0; 30 * 1024 * 1024 + 1];
    let long = manifest(json!([event("DELETED", &"x".repeat(1024 * 1024), json!({}))]));
    let many: Vec<(&str, &[u8])> =
        std::iter::once(("manifest", &named[..])).chain(vec![("f", &b"x"[..]); 1001]).collect();
    for parts in [vec![("manifest", &named[..]), ("file_0", &large[..])], vec![("manifest", &long[..])], many] {
        assert_eq!(upload(&instance, "local-01", &parts).await.status, 500);
    }
    assert!(instance.uploads("local-01").is_empty());
}
