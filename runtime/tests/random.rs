//! Random data from a server: event streams, JSON lines, multipart forms, `Link` headers and JSON text. Each is
//! compared with another implementation for the same bytes: a simple one, or a library.
//!
//! `FUZZ_SECONDS` sets the duration of each test (default: a fixed number of rounds); `FUZZ_SEED` sets the seed, which
//! a failure prints.

use std::env;
use std::time::{Duration, Instant};

use bytes::Bytes;
use connectors_runtime::encode::{Event, EventDecoder, File, Multipart, RecordDecoder, split_parts};
use connectors_runtime::{Page, object};
use http::header::{HeaderMap, HeaderValue, LINK};
use http_body_util::BodyExt;
use serde_json::Value;
use url::Url;

/// Random numbers (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 33) as usize % end.max(1)
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// A text of some pieces.
    fn text(&mut self, pieces: &[&str], most: usize) -> String {
        (0..self.below(most)).map(|_| *self.one(pieces)).collect()
    }

    /// The same bytes in chunks.
    fn chunks<'a>(&mut self, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let mut chunks = Vec::new();
        let most = 1 + self.below(40);
        while !bytes.is_empty() {
            let (chunk, rest) = bytes.split_at((1 + self.below(most)).min(bytes.len()));
            chunks.push(chunk);
            bytes = rest;
        }
        chunks
    }
}

/// Repeats a check with other random numbers.
fn repeat(rounds: u32, mut check: impl FnMut(&mut Random)) {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("FUZZ_SEED").unwrap_or(1);
    let until = number("FUZZ_SECONDS").map(|seconds| (Instant::now(), Duration::from_secs(seconds)));
    let mut round = 0;
    while until.map_or(round < u64::from(rounds), |(start, limit)| start.elapsed() < limit) {
        let seed = seed + round;
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            check(&mut Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1));
        }));
        if let Err(panic) = caught {
            eprintln!("FUZZ_SEED={seed} fails");
            std::panic::resume_unwind(panic);
        }
        round += 1;
    }
}

const STREAM: &[&str] = &[
    "data",
    "event",
    "id",
    "retry",
    ":",
    ":",
    ": ",
    " ",
    "\n",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "a",
    "é",
    "\u{1F600}",
    "\0",
    "7",
    "{\"a\":1}",
    "\u{feff}",
    "data: x\n",
    "id: 1\n",
    "event: ping\n",
    "[DONE]",
    "datum: y\n",
];

/// The events of a whole stream, as the specification describes them (HTML, section 9.2.6).
fn events_of(bytes: &[u8]) -> Vec<(String, String, Option<String>)> {
    let text = String::from_utf8_lossy(bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)).into_owned();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    // The text after the last line end is not a line yet.
    lines.pop();
    let (mut events, mut event, mut data, mut id) = (Vec::new(), String::new(), String::new(), String::new());
    for line in lines {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "" if line.is_empty() => {
                let event = std::mem::take(&mut event);
                if !data.is_empty() {
                    let mut data = std::mem::take(&mut data);
                    data.pop();
                    let event = if event.is_empty() { "message".to_owned() } else { event };
                    events.push((event, data, Some(id.clone()).filter(|id| !id.is_empty())));
                }
            }
            "event" => event = value.to_owned(),
            "data" => data += &format!("{value}\n"),
            "id" if !value.contains('\0') => id = value.to_owned(),
            _ => {}
        }
    }
    events
}

#[test]
fn event_streams_are_read_by_the_specification_for_any_chunks() {
    repeat(3_000, |random| {
        let mut stream = random.text(STREAM, 60).into_bytes();
        if random.below(4) == 0 && !stream.is_empty() {
            let at = random.below(stream.len());
            stream[at] = random.next() as u8;
        }
        let mut decoder = EventDecoder::new(1 << 20);
        let mut seen = Vec::new();
        for chunk in random.chunks(&stream) {
            decoder.push(chunk);
            while let Some(event) = decoder.pop() {
                let Event { event, data, id, .. } = event.unwrap();
                seen.push((event, data, id));
            }
        }
        assert_eq!(seen, events_of(&stream), "{:?}", String::from_utf8_lossy(&stream));

        // With a limit, nothing larger is kept, and nothing follows an error.
        let limit = random.below(50);
        let mut decoder = EventDecoder::new(limit);
        let mut failed = false;
        for chunk in random.chunks(&stream) {
            decoder.push(chunk);
            assert!(decoder.unfinished().is_none_or(|data| data.len() <= 3 * limit), "a replaced byte has three");
            while let Some(event) = decoder.pop() {
                assert!(!failed, "nothing follows an error");
                match event {
                    Ok(event) => assert!(event.data.len() <= 3 * limit),
                    Err(_) => failed = true,
                }
            }
        }
    });
}

#[test]
fn records_are_the_same_for_any_chunks() {
    const PIECES: &[&str] = &[
        "{\"a\":1}",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "\\",
        "\n",
        "\n",
        "\r\n",
        "\u{1e}",
        "\u{1e}",
        "1",
        "true",
        " ",
        "é",
        "\u{feff}",
    ];
    repeat(3_000, |random| {
        let stream = random.text(PIECES, 40).into_bytes();
        let sequence = random.below(2) == 0;
        let new = || if sequence { RecordDecoder::sequence(1 << 20) } else { RecordDecoder::lines(1 << 20) };
        let read = |chunks: &[&[u8]]| {
            let mut decoder = new();
            let mut seen: Vec<Option<Bytes>> = Vec::new();
            for chunk in chunks {
                decoder.push(chunk);
                while let Some(record) = decoder.pop() {
                    seen.push(record.ok());
                }
            }
            decoder.finish();
            while let Some(record) = decoder.pop() {
                seen.push(record.ok());
            }
            seen
        };
        let whole = read(&[&stream]);
        assert_eq!(read(&random.chunks(&stream)), whole, "{:?}", String::from_utf8_lossy(&stream));
        if !sequence {
            let text = String::from_utf8(stream).unwrap();
            let lines = text.strip_prefix('\u{feff}').unwrap_or(&text).split('\n');
            let lines = lines.map(str::as_bytes).map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
            assert_eq!(whole, lines.map(|line| Some(Bytes::copy_from_slice(line))).collect::<Vec<_>>());
        }
    });
}

#[test]
fn a_library_reads_the_parts_that_are_sent() {
    const NAMES: &[&str] = &["a", "\"", "é", " ", "\u{1F600}", ";", "=", "b", "%", "\r\n", "\\"];
    const CONTENT: &[&str] = &["\r\n", "--", "x", "\0", "Content-Type: a", "\r\n--", "é", "\n"];
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    repeat(600, |random| {
        let (mut sent, mut sent_escaped) = (Vec::new(), Vec::new());
        let mut form = Multipart::new();
        for index in 0..random.below(5) {
            let name = format!("{}{index}", random.text(NAMES, 5));
            let content = random.text(CONTENT, 30);
            // A backslash before the closing quote escapes it for some readers, but not for browsers.
            let file = (random.below(2) == 0).then(|| format!("f{}.txt", random.text(NAMES, 4)));
            form = match &file {
                Some(file) => form.file(&name, File::bytes(content.clone()).name(file.clone())),
                None => form.text(&name, content.clone()),
            };
            // The escapes are those of HTML (4.10.22.8).
            let escaped = |text: &str| text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
            sent_escaped.push((escaped(&name), file.as_deref().map(escaped), content.clone()));
            sent.push((name, file, content));
        }
        let Ok(body) = form.finish() else {
            assert!(sent.is_empty(), "{sent:?}");
            return;
        };
        let boundary = multer::parse_boundary(body.content_type().to_str().unwrap()).unwrap();
        let length = body.length();
        let received = runtime.block_on(async {
            let bytes = body.body().unwrap().collect().await.unwrap().to_bytes();
            assert!(length.is_none_or(|length| length == bytes.len() as u64));
            let content_type = body.content_type().to_str().unwrap();
            let ours = split_parts(content_type, bytes.clone()).unwrap().into_iter().map(|part| {
                (part.name().unwrap(), part.file_name(), String::from_utf8(part.content.to_vec()).unwrap())
            });
            assert_eq!(ours.collect::<Vec<_>>(), sent);
            // What is cut off is not a shorter body.
            let cut = bytes.slice(..random.below(bytes.len().saturating_sub(2)));
            assert!(split_parts(content_type, cut).is_err());
            let once = futures::stream::iter([Ok::<_, std::io::Error>(bytes)]);
            let mut parts = multer::Multipart::new(once, boundary);
            let mut received = Vec::new();
            while let Some(part) = parts.next_field().await.unwrap() {
                let (name, file) = (part.name().map(str::to_owned), part.file_name().map(str::to_owned));
                received.push((name.unwrap(), file, part.text().await.unwrap()));
            }
            received
        });
        assert_eq!(received, sent_escaped);
    });
}

#[test]
fn links_lead_to_the_host_of_the_request_or_nowhere() {
    const PIECES: &[&str] = &[
        "<",
        ">",
        ";",
        ",",
        "rel",
        "=",
        "next",
        "\"",
        "\\",
        " ",
        "rel=next",
        "rel=\"next\"",
        "/x?a=1",
        "https://a.example/2",
        "//b.example/",
        "https://",
        "http://a.example/",
        "anchor=\"#\"",
        "é",
        "@",
        ":8080",
        "..",
        "#",
        "?",
    ];
    let url = Url::parse("https://a.example/v1/pets?page=1").unwrap();
    repeat(5_000, |random| {
        let mut headers = HeaderMap::new();
        for _ in 0..=random.below(2) {
            if let Ok(value) = HeaderValue::from_bytes(random.text(PIECES, 25).as_bytes()) {
                headers.append(LINK, value);
            }
        }
        if let Ok(page) = Page::<()>::by_link(Vec::new(), &headers, &url)
            && let Some(next) = page.next
        {
            assert_eq!(next.to_url(&url).unwrap().origin(), url.origin(), "{headers:?}");
        }

        // A well-formed one is found behind any others.
        let target = format!("/v1/pets?page={}", random.below(1000));
        let (quote, space) = (*random.one(&["", "\""]), *random.one(&["", " ", "  "]));
        let other = *random.one(&[
            "</o>; rel=prev",
            "</o>; title=\"a, <b>; rel=next\"",
            "</o>; rel=next; anchor=\"x\"",
            "</o>",
        ]);
        let line = format!("{other},{space}<{target}>{space};{space}title=\"x\"; rel={quote}next{quote}");
        let mut headers = HeaderMap::new();
        headers.insert(LINK, line.parse().unwrap());
        let found = Page::<()>::by_link(Vec::new(), &headers, &url).unwrap().next.unwrap();
        assert_eq!(found.to_url(&url).unwrap().as_str(), format!("https://a.example{target}"), "{line}");
    });
}

#[test]
fn json_is_read_as_serde_json_reads_it() {
    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"b\":",
        "1",
        "-",
        "0",
        ".5",
        "e9",
        "null",
        "true",
        "false",
        " ",
        "\n",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\\ud83d",
        "\\n",
        "é",
        "\u{1}",
        "1.0",
        "18446744073709551616",
        "{\"a\":[1,{\"b\":null}]}",
    ];
    repeat(20_000, |random| {
        let text = random.text(PIECES, 14);
        let ours = object::from_slice::<Value>(text.as_bytes(), 1 << 20);
        let theirs = serde_json::from_str::<Value>(&text);
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{text:?}"),
            (Ok(_), Err(error)) => assert!(error.to_string().contains("out of range"), "{text:?}: {error}"),
            // serde_json rounds a number that a `Value` cannot hold.
            (Err(error), Ok(_)) => assert!(error.to_string().contains("would be rounded"), "{text:?}: {error}"),
            (Err(_), Err(_)) => {}
        }
    });
}

/// A struct as the generator writes it.
#[derive(Default)]
struct Item {
    first: Option<i64>,
    second_key: Option<i64>,
    third: Option<i64>,
    extra: serde_json::Map<String, Value>,
}

object! {
    Item "first second_key=secondKey third=dri%C3%A9 ..extra" Default::default();
    first second_key third extra;
    ;
    first first(value: i64) Some(value);
    second_key second_key(value: i64) Some(value);
    third third(value: i64) Some(value);
    + extra with_extra Value;
}

#[test]
fn members_are_read_in_any_order_and_whether_or_not_the_text_is_broken() {
    const KEYS: &[&str] = &["\"first\"", "\"secondKey\"", "\"drié\"", "\"dri\\u00e9\"", "\"second\"", "\"x\"", "\"\""];
    const SPACES: &[&str] = &["", "", "", " ", "\n\t"];
    repeat(20_000, |random| {
        let mut text = String::from("{");
        for index in 0..random.below(7) {
            text.push_str(if index == 0 { "" } else { "," });
            for part in [*random.one(KEYS), ":", *random.one(&["1", "20"])] {
                text.push_str(random.one::<&str>(SPACES));
                text.push_str(part);
            }
            text.push_str(random.one::<&str>(SPACES));
        }
        text.push('}');
        if random.below(3) == 0 {
            let at = random.below(text.len());
            text.remove((0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0));
        }
        let ours = object::from_str::<Item>(&text).map(|item| serde_json::to_value(&item).unwrap());
        match (ours, serde_json::from_str::<Value>(&text)) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{text:?}"),
            (Err(_), Err(_)) => {}
            (ours, theirs) => panic!("{text:?}: {ours:?}, {theirs:?}"),
        }
    });
}
