//! The cases of the probe: the server's responses, and the judgement of each client.

use serde_json::{Value, json};

use crate::server::{Reply, Request};

/// How well a client did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grade {
    No,
    Partly,
    Yes,
}

/// A grade, and a short observation.
pub(crate) type Verdict = (Grade, String);

/// A case: its name for the probe programs, its row in the table, and its judge.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) row: &'static str,
    /// Judges what the program printed and what the server received.
    judge: fn(&Value, &[Request]) -> Verdict,
}

impl Case {
    /// Judges a run. A program that cannot be written is judged by the reason that it prints.
    pub(crate) fn judge(&self, printed: &Value, requests: &[Request]) -> Verdict {
        if printed["untyped"].as_bool() == Some(true) {
            return (Grade::Partly, "the whole body without a type".to_owned());
        }
        if let Some(reason) = printed["cannot"].as_str() {
            return (Grade::No, reason.to_owned());
        }
        let (grade, observed) = (self.judge)(printed, requests);
        // A remark about the observation.
        let but = printed["but"].as_str().map(|but| format!(", {but}")).unwrap_or_default();
        (grade, observed + &but)
    }
}

const fn case(name: &'static str, row: &'static str, judge: fn(&Value, &[Request]) -> Verdict) -> Case {
    Case { name, row, judge }
}

/// The cases, in the order of the table.
pub(crate) static CASES: [Case; 25] = [
    case("unknown-key", "an unknown key, read and sent back", unknown_key),
    case("unknown-value", "an unknown enum value, read and sent back", |printed, requests| {
        echoed(printed, requests, "/state", &json!("drifting"))
    }),
    case("variant", "a union with a discriminator, read and sent back", |printed, requests| {
        echoed(printed, requests, "/cargo", &json!({"kind": "fish", "tons": 3}))
    }),
    case("unknown-variant", "an unknown variant of that union", |printed, requests| {
        echoed(printed, requests, "/cargo", &json!({"kind": "grain", "bags": 12}))
    }),
    case("null-read", "a null that the document does not allow, read", |printed, _| match error(printed) {
        Some(_) => (Grade::No, "error".to_owned()),
        None => (Grade::Yes, "read".to_owned()),
    }),
    case("null-sent", "null and absent, sent as two things", null_sent),
    case("read-only", "`readOnly` properties in a request", read_only),
    case("date-text", "the text of a date-time with an offset, read and sent back", date_text),
    case("date-type", "a date-time as a type of a date library", date_type),
    case("doubles", "1000 doubles, read and sent back", doubles),
    case("wide", "integers beyond 2^53 and 2^63", |printed, requests| {
        let wide = json!({"name": "Emma", "mmsi": 9_007_199_254_740_993_u64, "counter": u64::MAX});
        echoed(printed, requests, "", &wide)
    }),
    case("error-declared", "a declared failure: status, typed body, header", |printed, _| {
        parts(printed, &[("status", json!(404)), ("code", json!("none")), ("header", json!(5))])
    }),
    case("error-unreadable", "a failure with a page of HTML: status, header, text", |printed, _| {
        parts(printed, &[("status", json!(404)), ("header", json!(5)), ("body", json!(PAGE))])
    }),
    case("error-undeclared", "an undeclared failure: status, header, text", |printed, _| {
        parts(printed, &[("status", json!(409)), ("header", json!(5)), ("body", json!(HELD))])
    }),
    case("header", "a response header, as its type", |printed, _| match (&printed["header"], &printed["text"]) {
        (header, _) if *header == json!(7) => (Grade::Yes, "typed".to_owned()),
        (_, text) if *text == json!("7") => (Grade::Partly, "text".to_owned()),
        _ => (Grade::No, "lost".to_owned()),
    }),
    case("events", "an event stream, as typed items", |printed, _| numbers(printed, &[1, 2])),
    case("events-bad", "an event stream, past an event that cannot be read", |printed, _| numbers(printed, &[1, 3])),
    case("events-broken", "an event stream whose connection breaks, resumed by `Last-Event-ID`", resumed),
    case("events-ended", "an event stream that the server ends, resumed by `Last-Event-ID`", resumed),
    case("multipart", "multipart: a file with its name, a JSON part, a text", multipart),
    case("lists", "lists in a query, by `explode`", lists),
    case("auth", "each operation's own credential, and none where none is required", auth),
    case("debug", "secrets in the `Debug` text of the client", debug),
    case("servers", "a server with variables, filled in by setters", |printed, requests| {
        match (requests.first(), printed["by_hand"].as_bool()) {
            (Some(request), None) if request.path.starts_with("/v2/") => (Grade::Yes, "setters".to_owned()),
            (Some(request), _) if request.path.starts_with("/v2/") => (Grade::Partly, "a URL by hand".to_owned()),
            _ => failed(printed),
        }
    }),
    case("retry", "a GET after a 503", |printed, requests| match error(printed) {
        None if requests.len() > 1 => (Grade::Yes, "retried".to_owned()),
        _ => (Grade::No, "not retried".to_owned()),
    }),
];

const PAGE: &str = "<html>gone</html>";
const HELD: &str = r#"{"code": "held"}"#;

/// The server's responses.
pub(crate) fn script(case: &str, request: &Request, earlier: usize) -> Reply {
    // The first segment is the version.
    let path = request.path.trim_start_matches('/').split_once('/').map_or("", |(_, rest)| rest);
    match (request.method.as_str(), path) {
        ("GET", "boats") | ("PUT" | "PATCH" | "POST", _) => Reply::empty(),
        ("GET", "account") => Reply::json(200, r#"{"id": "a1", "email": "a@b.example", "opened": "2026-01-01"}"#),
        ("GET", "log") => log(case, request),
        ("GET", _) => boat(path.trim_start_matches("boats/"), earlier),
        _ => Reply::json(405, "{}"),
    }
}

fn boat(id: &str, earlier: usize) -> Reply {
    let members = match id {
        "unknown-key" => r#""flag": "NL", "berth": {"pier": 7}"#.to_owned(),
        "unknown-value" => r#""state": "drifting""#.to_owned(),
        "variant" => r#""cargo": {"kind": "fish", "tons": 3}"#.to_owned(),
        "unknown-variant" => r#""cargo": {"kind": "grain", "bags": 12}"#.to_owned(),
        "null-read" => r#""state": null, "cargo": null, "mmsi": null, "positions": null"#.to_owned(),
        "date-text" | "date-type" => format!(r#""built": "1987-04-05", "arrived": "{ARRIVED}""#),
        "doubles" => format!(
            r#""positions": [{}]"#,
            samples().map(|number| format!("{number:?}")).collect::<Vec<_>>().join(", ")
        ),
        "wide" => format!(r#""mmsi": 9007199254740993, "counter": {}"#, u64::MAX),
        "header" => return Reply::json(200, r#"{"name": "Emma"}"#).header("X-Berths-Left", "7"),
        "error-declared" => return Reply::json(404, r#"{"code": "none"}"#).header("X-Berths-Left", "5"),
        "error-unreadable" => return Reply::new(404, "text/html", PAGE).header("X-Berths-Left", "5"),
        "error-undeclared" => return Reply::json(409, HELD).header("X-Berths-Left", "5"),
        "retry" if earlier == 0 => return Reply::json(503, "{}").header("Retry-After", "0"),
        _ => return Reply::json(200, r#"{"name": "Emma"}"#),
    };
    Reply::json(200, &format!(r#"{{"name": "Emma", {members}}}"#))
}

fn log(case: &str, request: &Request) -> Reply {
    let events = match (case, request.header("last-event-id")) {
        ("events-bad", _) => "data: {\"number\": 1}\n\ndata: {\"number\": \"?\"}\n\ndata: {\"number\": 3}\n\n",
        ("events-broken" | "events-ended", "b") => "id: c\ndata: {\"number\": 3}\n\n",
        _ => {
            "retry: 10\n\nid: a\ndata: {\"number\": 1}\n\n: a comment\nid: b\ndata: {\"number\": 2,\ndata: \"text\": \"two\"}\n\n"
        }
    };
    let reply = Reply::new(200, "text/event-stream", events);
    if case == "events-broken" && request.header("last-event-id").is_empty() { reply.cut() } else { reply }
}

/// A date-time whose offset and last digit are easy to lose.
const ARRIVED: &str = "2026-11-28T10:00:00.120+02:00";

/// Doubles of many magnitudes, whose shortest texts have 15 to 17 digits.
fn samples() -> impl Iterator<Item = f64> {
    // A linear congruence: the same numbers in each run.
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Exponents from 2^-60 to 2^60, and any fraction.
        let exponent = 1023 - 60 + (state >> 33) % 121;
        Some(f64::from_bits((exponent << 52) | (state >> 12)))
    };
    std::iter::from_fn(next).take(1000)
}

/// The text of the failure, if there was one.
fn error(printed: &Value) -> Option<&str> {
    match (&printed["error"], printed.is_null()) {
        (Value::String(text), _) => Some(text),
        (_, true) => Some("no output"),
        _ => None,
    }
}

fn failed(printed: &Value) -> Verdict {
    (Grade::No, if error(printed).is_some() { "error" } else { "lost" }.to_owned())
}

/// The body of the last request that had one.
fn body(requests: &[Request]) -> Option<Value> {
    requests.iter().rev().find(|request| request.method != "GET").map(Request::json)
}

/// Whether the value that was read was sent back, at a place in the body.
fn echoed(printed: &Value, requests: &[Request], pointer: &str, expected: &Value) -> Verdict {
    match body(requests).filter(|_| error(printed).is_none()) {
        Some(body) if body.pointer(pointer) == Some(expected) => (Grade::Yes, "kept".to_owned()),
        Some(body) if body.pointer(pointer).is_none() => (Grade::No, "dropped".to_owned()),
        Some(_) => (Grade::No, "changed".to_owned()),
        None => failed(printed),
    }
}

fn unknown_key(printed: &Value, requests: &[Request]) -> Verdict {
    let whole = json!({"name": "Emma", "flag": "NL", "berth": {"pier": 7}});
    match echoed(printed, requests, "", &whole) {
        // The whole body is compared: a missing key was dropped.
        (grade, text) if text == "changed" => (grade, "dropped".to_owned()),
        verdict => verdict,
    }
}

fn null_sent(printed: &Value, requests: &[Request]) -> Verdict {
    let bodies: Vec<Value> = requests.iter().filter(|request| request.method == "PATCH").map(Request::json).collect();
    match (bodies.contains(&json!({"owner": null})), bodies.contains(&json!({}))) {
        (true, true) => (Grade::Yes, "both".to_owned()),
        (true, false) => (Grade::No, "null only".to_owned()),
        (false, true) => (Grade::No, "absent only".to_owned()),
        (false, false) => failed(printed),
    }
}

fn read_only(printed: &Value, requests: &[Request]) -> Verdict {
    match body(requests) {
        Some(body) if body == json!({"email": "new@b.example"}) => (Grade::Yes, "not sent".to_owned()),
        Some(body) if body["email"] == "new@b.example" => (Grade::No, "sent".to_owned()),
        _ => failed(printed),
    }
}

fn date_text(printed: &Value, requests: &[Request]) -> Verdict {
    let Some(body) = body(requests) else { return failed(printed) };
    let text = body["arrived"].as_str().unwrap_or_default();
    let instant = |text: &str| text.parse::<jiff::Timestamp>().ok();
    match text {
        ARRIVED if body["built"] == "1987-04-05" => (Grade::Yes, "kept".to_owned()),
        _ if !text.is_empty() && instant(text) == instant(ARRIVED) && text.contains("+02:00") => {
            (Grade::Partly, "same offset, other digits".to_owned())
        }
        _ if !text.is_empty() && instant(text) == instant(ARRIVED) => (Grade::No, "the offset is lost".to_owned()),
        _ => failed(printed),
    }
}

fn date_type(printed: &Value, _: &[Request]) -> Verdict {
    let name = printed["type"].as_str().unwrap_or_default();
    match ["chrono", "jiff", "time"].iter().find(|library| name.contains(&format!("{library}::"))) {
        Some(library) => (Grade::Yes, format!("`{library}`")),
        None if name.contains("String") => (Grade::No, "text".to_owned()),
        None => failed(printed),
    }
}

fn doubles(printed: &Value, requests: &[Request]) -> Verdict {
    let Some(body) = body(requests) else { return failed(printed) };
    let Some(numbers) = body["positions"].as_array() else { return failed(printed) };
    let same = |(number, sample): (&Value, f64)| number.as_f64().map(f64::to_bits) == Some(sample.to_bits());
    let wrong = 1000 - numbers.iter().zip(samples()).filter(|pair| same(*pair)).count();
    match wrong {
        0 => (Grade::Yes, "exact".to_owned()),
        _ => (Grade::No, format!("{wrong} are wrong")),
    }
}

/// Which of several parts a program could read.
fn parts(printed: &Value, expected: &[(&str, Value)]) -> Verdict {
    let is_read = |(name, value): &&(&str, Value)| {
        // A header's number may be read as text.
        let number = printed[*name].as_str().and_then(|text| text.parse::<i64>().ok());
        printed[*name] == *value || number.is_some_and(|number| *value == json!(number))
    };
    let read: Vec<&str> = expected.iter().filter(is_read).map(|(name, _)| *name).collect();
    let name = |part: &str| {
        match part {
            "code" => "typed body",
            "body" => "text",
            _ => part,
        }
        .to_owned()
    };
    let names = read.iter().map(|part| name(part)).collect::<Vec<_>>().join(", ");
    match read.len() {
        0 => (Grade::No, "none of it".to_owned()),
        count if count == expected.len() => (Grade::Yes, "all".to_owned()),
        _ => (if read.contains(&"status") { Grade::Partly } else { Grade::No }, format!("only {names}")),
    }
}

/// Whether the events have these numbers.
fn numbers(printed: &Value, expected: &[i64]) -> Verdict {
    match printed["numbers"].as_array() {
        Some(numbers) if *numbers == expected.iter().map(|number| json!(number)).collect::<Vec<_>>() => {
            (Grade::Yes, "all events".to_owned())
        }
        Some(numbers) if !numbers.is_empty() => {
            (Grade::No, format!("{} of {} events", numbers.len().min(expected.len()), expected.len()))
        }
        _ if printed["bytes"].as_bool() == Some(true) => (Grade::Partly, "bytes".to_owned()),
        _ => failed(printed),
    }
}

fn resumed(printed: &Value, requests: &[Request]) -> Verdict {
    let is_resumed = requests.iter().any(|request| request.header("last-event-id") == "b");
    match numbers(printed, &[1, 2, 3]) {
        (Grade::Yes, _) if is_resumed => (Grade::Yes, "resumed".to_owned()),
        (_, text) => (Grade::No, text),
    }
}

fn multipart(printed: &Value, requests: &[Request]) -> Verdict {
    let Some(request) = requests.last() else { return failed(printed) };
    let Some((_, boundary)) = request.header("content-type").split_once("boundary=") else { return failed(printed) };
    let body = String::from_utf8_lossy(&request.body);
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    let part = |name: &str| {
        let part = body.split(&delimiter).find(|part| part.contains(&format!("name=\"{name}\"")));
        part.and_then(|part| part.split_once("\r\n\r\n"))
    };
    let ends = |name: &str, text: &str| part(name).is_some_and(|(_, body)| body.trim_end() == text);
    let named = part("file").is_some_and(|(head, _)| head.contains("filename=\"log.txt\""));
    let about = part("about").is_some_and(|(head, body)| {
        let value: Value = serde_json::from_str(body.trim_end()).unwrap_or_default();
        head.to_ascii_lowercase().contains("content-type: application/json") && value == json!({"title": "the log"})
    });
    let found =
        [(ends("file", "FILE"), "the file"), (named, "the name"), (about, "JSON"), (ends("note", "a note"), "text")];
    let missing: Vec<&str> = found.iter().filter(|(is_there, _)| !is_there).map(|(_, name)| *name).collect();
    match missing.len() {
        0 => (Grade::Yes, "all".to_owned()),
        4 => failed(printed),
        _ => (Grade::Partly, format!("without {}", missing.join(", "))),
    }
}

fn lists(printed: &Value, requests: &[Request]) -> Verdict {
    let Some(request) = requests.first() else { return failed(printed) };
    let query = request.query.replace("%20", "+").replace("%2c", "%2C");
    let names = query.contains("name=a+b&name=c%2Cd") || query.contains("name=a+b&name=c,d");
    let flags = query.contains("flag=NL,DE") || query.contains("flag=NL%2CDE");
    match (names, flags) {
        (true, true) => (Grade::Yes, "both forms".to_owned()),
        (true, false) => (Grade::Partly, "`explode: false` is ignored".to_owned()),
        (false, true) => (Grade::Partly, "`explode: true` is ignored".to_owned()),
        (false, false) => failed(printed),
    }
}

fn auth(printed: &Value, requests: &[Request]) -> Verdict {
    let sent = |path: &str, method: &str| {
        let request = requests.iter().find(|request| request.method == method && request.path.ends_with(path))?;
        Some((request.header("authorization").to_owned(), request.header("x-harbour-key").to_owned()))
    };
    let (token, key) = (sent("/account", "GET"), sent("/account", "PUT"));
    let none = sent("/boats/plain", "GET");
    let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
    if (&token, &key, &none) == (&pair("Bearer token-1", ""), &pair("", "key-1"), &pair("", "")) {
        return (Grade::Yes, "each its own".to_owned());
    }
    let has = |sent: &Option<(String, String)>| {
        (sent.iter().any(|(token, _)| token == "Bearer token-1"), sent.iter().any(|(_, key)| key == "key-1"))
    };
    match (has(&token), has(&key), has(&none)) {
        ((true, _), (_, true), _) => (Grade::Partly, "more than is required".to_owned()),
        ((true, _), _, _) => (Grade::Partly, "the token only".to_owned()),
        (_, (_, true), _) => (Grade::Partly, "the key only".to_owned()),
        _ => failed(printed),
    }
}

fn debug(printed: &Value, _: &[Request]) -> Verdict {
    match printed["debug"].as_str() {
        Some("") => (Grade::Yes, "no `Debug`".to_owned()),
        Some(text) if text.contains("token-1") || text.contains("key-1") => (Grade::No, "shown".to_owned()),
        Some(_) => (Grade::Yes, "hidden".to_owned()),
        None => failed(printed),
    }
}
