//! Uploads to a Local FS connector: streamed, within the server's limits, and never sent twice.

mod support;

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use connectors::pipeshub::types::LocalFsFileEvent;
use connectors_fake::Fault;
use serde_json::json;
use support::pipeshub::setup;

/// An empty directory for one test's files.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("connectors-{name}-{}", std::process::id()));
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[tokio::test]
async fn files_are_sent_as_they_are_read() {
    let s = setup().await;
    let connector = s.ph.connector("local-01");
    let folder = folder("upload");
    let (large, empty) = (folder.join("large \"1\".bin"), folder.join("empty"));
    let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(&large, &content).unwrap();
    fs::write(&empty, "").unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let mut moved = LocalFsFileEvent::new(false, "b/notes.txt".to_owned(), 7, "MOVED".to_owned());
    moved.old_path = Some("a/notes.txt".to_owned());
    moved.mime_type = Some("text/plain".to_owned());
    let upload = connector
        .upload("batch-1")
        .file("a/large \"1\".bin", &large)
        .file("empty", empty.clone())
        .event_with_bytes(moved, "some notes")
        .deleted("gone.txt")
        .on_progress(move |progress| heard.lock().unwrap().push((progress.sent, progress.total)));
    let uploaded = upload.await.unwrap();
    assert_eq!((uploaded.processed(), uploaded.deleted()), (3, 1));
    assert_eq!(uploaded.responses().iter().map(|it| it.batch_id.as_str()).collect::<Vec<_>>(), ["batch-1"]);

    let uploads = s.instance.uploads("local-01");
    let files = &uploads[0].files;
    let fields: Vec<&str> = files.iter().map(|file| file.field.as_str()).collect();
    assert_eq!(fields, ["file_0", "file_1", "file_2"]);
    assert!(files[0].content() == content && files[1].content().is_empty() && files[2].content() == b"some notes");
    let events = &uploads[0].events;
    assert_eq!((&events[0]["contentField"], &events[0]["size"]), (&json!("file_0"), &json!(content.len())));
    assert_eq!(events[0]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!((&events[2]["oldPath"], &events[3]["type"]), (&json!("a/notes.txt"), &json!("DELETED")));
    assert!(events[3].get("contentField").is_none());
    let request = s.instance.requests().pop().unwrap();
    let length = request.header("content-length").unwrap().parse::<u64>().unwrap();
    let told = told.lock().unwrap().clone();
    assert_eq!(told.last(), Some(&(length, length)));
    assert!(told.len() > 10 && told.windows(2).all(|pair| pair[0].0 < pair[1].0), "it was not read in pieces");

    // Nothing is sent if a file cannot be read, or if there is nothing to send; and nothing is sent twice.
    s.instance.clear_requests();
    let missing = connector.upload("b").bytes("a", "x").file("c", folder.join("nothing")).await.unwrap_err();
    assert!(missing.is_invalid_argument() && missing.to_string().contains("nothing"), "{missing:?}");
    assert!(connector.upload("b").await.unwrap_err().is_invalid_argument());
    assert!(s.instance.requests().is_empty());
    s.instance.fault(Fault::status(503).on("submitConnectorFileEventUploads"));
    let error = connector.upload("b").bytes("a", "x").await.unwrap_err();
    assert!(error.may_have_happened(), "{error:?}");
    assert_eq!(s.reached("submitConnectorFileEventUploads"), 1);
    let error = s.ph.connector("s3-01").upload("b").bytes("a", "x").await.unwrap_err();
    assert!(error.is_bad_request() && error.message().contains("Local FS"), "{error:?}");
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_sent_is_an_error_with_a_certain_outcome() {
    let s = setup().await;
    let folder = folder("changing");
    let write = |path: &Path| File::options().write(true).open(path).unwrap();
    let whole = vec![b'a'; 1_200_000];
    // The change of the file, and the part of the body that was read before.
    type Change = fn(&File, &Path);
    let changes: [(&str, u64, Change); 4] = [
        ("gone", 0, |_, path| fs::remove_file(path).unwrap()),
        ("cut", 0, |file, _| file.set_len(10).unwrap()),
        ("shorter", 300_000, |file, _| file.set_len(300_000).unwrap()),
        ("other", 300_000, |mut file, _| {
            file.seek(SeekFrom::End(-1)).unwrap();
            file.write_all(b"b").unwrap();
        }),
    ];
    for (name, after, change) in changes {
        let path = folder.join(name);
        fs::write(&path, &whole).unwrap();
        let (file, on_disk, done) = (write(&path), path.clone(), AtomicBool::new(false));
        let upload = s.ph.connector("local-01").upload("b").bytes("before", "x").file(name, &path);
        let upload = upload.bytes("after", "y").on_progress(move |progress| {
            if progress.sent > after && !done.swap(true, Ordering::Relaxed) {
                change(&file, &on_disk);
            }
        });
        let error = upload.await.unwrap_err();
        assert!(error.is_invalid_argument() && !error.may_have_happened(), "{name}: {error:?}");
        assert!(error.to_string().contains(&format!("{}`", path.display())), "{name}: {error}");
        assert!(s.instance.uploads("local-01").is_empty(), "{name}");
    }

    // Appended bytes are left for the next upload.
    let path = folder.join("longer");
    fs::write(&path, &whole).unwrap();
    let (file, done) = (File::options().append(true).open(&path).unwrap(), AtomicBool::new(false));
    let upload = s.ph.connector("local-01").upload("b").file("longer", &path).on_progress(move |_| {
        if !done.swap(true, Ordering::Relaxed) {
            (&file).write_all(b"more").unwrap();
        }
    });
    upload.await.unwrap();
    assert!(s.instance.uploads("local-01")[0].files[0].content() == whole);
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn files_that_the_service_would_reject_are_not_sent() {
    let s = setup().await;
    let folder = folder("limits");
    let upload = || s.ph.connector("local-01").upload("b").bytes("before", "x");
    // It has no bytes on disk, and is not read for its length.
    let large = folder.join("large");
    File::create(&large).unwrap().set_len(30 * 1024 * 1024 + 1).unwrap();
    let error = upload().file("large", &large).await.unwrap_err();
    assert!(error.is_invalid_argument() && error.to_string().contains("31457281 bytes"), "{error}");
    let error = upload().bytes("a", vec![0_u8; 11]).largest_file(10).await.unwrap_err();
    assert!(error.is_invalid_argument() && error.to_string().contains("11 bytes"), "{error}");
    for path in ["/a", "a//b", "./a", "a/../b", "a\\..\\b", "a/", ""] {
        let error = upload().bytes(path, "x").await.unwrap_err();
        assert!(error.is_invalid_argument() && error.to_string().contains("relative"), "{path}: {error}");
    }
    let error = upload().deleted("x".repeat(1024 * 1024)).await.unwrap_err();
    assert!(error.is_invalid_argument() && error.to_string().contains("1 MiB"), "{}", error.message().len());
    let error = upload().file("folder", &folder).await.unwrap_err();
    assert!(error.is_invalid_argument() && error.to_string().contains("regular file"), "{error}");
    assert!(s.instance.requests().is_empty());
    upload().bytes("a", vec![0_u8; 11]).largest_file(11).await.unwrap();
    fs::remove_dir_all(&folder).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_is_rejected_and_does_not_block() {
    let s = setup().await;
    let folder = folder("pipe");
    let pipe = folder.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe.as_path(), Path::new("/dev/zero")] {
        let error = s.ph.connector("local-01").upload("b").file("a", path).await.unwrap_err();
        assert!(error.is_invalid_argument() && error.to_string().contains("regular file"), "{error}");
    }
    assert!(s.instance.requests().is_empty());
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn an_upload_beyond_the_limits_of_a_request_is_split() {
    let s = setup().await;
    let upload = || s.ph.connector("local-01").upload("b").reset_before_apply(true);
    // 1,000 files a request, 5,000 events, 1 MiB of manifest.
    let files = (0..1001).fold(upload(), |upload, number| upload.bytes(format!("{number}"), "x"));
    let uploaded = files.await.unwrap();
    assert_eq!((uploaded.processed(), uploaded.responses().len()), (1001, 2));
    let batches = s.instance.uploads("local-01");
    let told: Vec<_> = batches.iter().map(|batch| (batch.batch_id.as_str(), batch.files.len())).collect();
    assert_eq!(told, [("b-1", 1000), ("b-2", 1)]);
    let events = (0..5001).fold(upload(), |upload, number| upload.deleted(format!("{number}")));
    assert_eq!(events.await.unwrap().responses().len(), 2);
    let long = |number: usize| format!("{number}/{}", "x".repeat(300_000));
    let manifest = (0..4).fold(upload(), |upload, number| upload.deleted(long(number)));
    let uploaded = manifest.await.unwrap();
    assert_eq!((uploaded.deleted(), uploaded.responses().len()), (4, 2));

    // The error reports that earlier requests were accepted.
    let progress = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&progress);
    let files = (0..1001).fold(upload(), |upload, number| upload.bytes(format!("{number}"), "x"));
    let files =
        files.on_progress(move |now| seen.lock().unwrap().push((now.request, now.requests, now.sent == now.total)));
    s.instance.fault(Fault::status(500).on("submitConnectorFileEventUploads").after(1));
    let error = files.await.unwrap_err();
    assert!(error.is_partial() && error.may_have_happened() && error.message().contains("request 2 of 2"), "{error:?}");
    let progress = progress.lock().unwrap();
    assert!(progress.contains(&(1, 2, true)) && progress.last().is_some_and(|last| last.0 == 2), "{progress:?}");
}

#[tokio::test]
async fn the_server_accepts_the_largest_requests_of_the_client() {
    // At the limits: the server rejects none of it.
    let s = setup().await;
    let upload = s.ph.connector("local-01").upload("b").bytes("large", vec![0_u8; 30 * 1024 * 1024]);
    upload.await.unwrap();
    let first = s.ph.connector("local-01").upload("c").deleted(format!("1/{}", "x".repeat(500_000)));
    let both = first.deleted(format!("2/{}", "x".repeat(500_000)));
    assert_eq!(both.await.unwrap().responses().len(), 1);
}
