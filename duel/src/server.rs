//! The scripted server of the probe: HTTP/1.1 on loopback, one response for each path, and a record of the requests.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The server's timeout for the rest of a request.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest body of a request, in bytes.
const MOST: usize = 4 * 1024 * 1024;

/// A received request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path, without the query.
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body as JSON; null if it is not JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A response.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Whether the connection breaks before the body has ended.
    is_cut: bool,
}

impl Reply {
    pub(crate) fn new(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type", media_type.to_owned())], body: body.into(), is_cut: false }
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::new(status, "application/json", body)
    }

    pub(crate) fn empty() -> Self {
        Self { status: 204, headers: Vec::new(), body: Vec::new(), is_cut: false }
    }

    /// Closes the connection while the client still expects more of the body.
    pub(crate) fn cut(self) -> Self {
        Self { is_cut: true, ..self }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// Returns the response to a request, by the number of earlier requests with the same method and path.
pub(crate) type Script = fn(&str, &Request, usize) -> Reply;

/// A running server. It stops when it is dropped.
pub(crate) struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    stopped: Arc<AtomicBool>,
}

impl Server {
    /// Starts a server for a case on a free port of loopback.
    pub(crate) fn start(case: &'static str, script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stopped = Arc::new(AtomicBool::new(false));
        let (record, end) = (Arc::clone(&requests), Arc::clone(&stopped));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                let record = Arc::clone(&record);
                // A client that breaks its connection is a result of the probe, not a failure of the server.
                thread::spawn(move || drop(respond(&stream, case, script, &record)));
            }
        });
        Ok(Self { port, requests, stopped })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Returns the requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts connections.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

fn respond(stream: &TcpStream, case: &str, script: Script, record: &Mutex<Vec<Request>>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let Some(request) = read(&mut BufReader::new(stream))? else { return Ok(()) };
    let earlier = {
        let mut requests = record.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |other: &&Request| (&other.method, &other.path) == (&request.method, &request.path);
        let earlier = requests.iter().filter(same).count();
        requests.push(request.clone());
        earlier
    };
    let reply = script(case, &request, earlier);
    let mut head = format!("HTTP/1.1 {} Probe\r\nConnection: close\r\n", reply.status);
    if reply.status != 204 {
        head.push_str(&format!("Content-Length: {}\r\n", reply.body.len() + usize::from(reply.is_cut)));
    }
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = stream;
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    stream.write_all(&reply.body)?;
    stream.flush()
}

/// Reads a request; `None` if the connection was closed before one.
fn read(from: &mut impl BufRead) -> io::Result<Option<Request>> {
    let Some(first) = line(from)? else { return Ok(None) };
    let mut words = first.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut request = Request { method, path: path.to_owned(), query: query.to_owned(), ..Request::default() };
    while let Some(line) = line(from)?.filter(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(':') {
            request.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    if request.header("transfer-encoding").eq_ignore_ascii_case("chunked") {
        while let Some(size) = line(from)? {
            let size = usize::from_str_radix(&size, 16).map_err(io::Error::other)?;
            fill(from, size, &mut request.body)?;
            line(from)?;
            if size == 0 {
                break;
            }
        }
    } else if let Ok(size) = request.header("content-length").parse() {
        fill(from, size, &mut request.body)?;
    }
    Ok(Some(request))
}

fn fill(from: &mut impl BufRead, size: usize, body: &mut Vec<u8>) -> io::Result<()> {
    if size > MOST.saturating_sub(body.len()) {
        return Err(io::Error::other("the body is too large"));
    }
    let start = body.len();
    body.resize(start + size, 0);
    from.read_exact(&mut body[start..])
}

/// A line without its end; `None` at the end of the connection.
fn line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = from.take(64 * 1024).read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim_end().to_owned()))
}
