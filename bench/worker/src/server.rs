//! A minimal server, so that mostly the client is measured: HTTP/1.1, keep-alive, with prepared responses.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{self, Runtime};

use crate::result::Result;
use crate::sample::{self, PAGE};
use crate::usage::allow_many_sockets;

/// Serves until its standard input is closed. The process that started it holds the other end, so the server ends with
/// it.
pub(crate) fn serve() -> Result<()> {
    let (runtime, url) = start()?;
    println!("{url}");
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    runtime.shutdown_background();
    Ok(())
}

/// A server on a port of its own, and its URL. It ends with the runtime.
pub(crate) fn start() -> Result<(Runtime, String)> {
    allow_many_sockets()?;
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let url = format!("http://{}", listener.local_addr()?);
    runtime.spawn(accept(listener));
    Ok((runtime, url))
}

/// The parts of a response that are always the same.
struct Answers {
    /// One connector, with the head before it.
    one: Vec<u8>,
    /// The connectors of a page.
    page: String,
}

async fn accept(listener: TcpListener) {
    let answers = Arc::new(Answers { one: answer("200 OK", &sample::one()), page: sample::page() });
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let answers = Arc::clone(&answers);
            tokio::spawn(async move {
                // Every connection ends when the client closes it.
                drop(connection(stream, &answers).await);
            });
        }
    }
}

async fn connection(mut stream: TcpStream, answers: &Answers) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut read = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = read.windows(4).position(|it| it == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        };
        let asked = std::str::from_utf8(&read[..end]).ok().and_then(Asked::read);
        // No measured request has a body.
        read.drain(..end);
        match asked {
            Some(Asked::One) => stream.write_all(&answers.one).await?,
            Some(Asked::Page { number, last, latency }) => {
                if !latency.is_zero() {
                    tokio::time::sleep(latency).await;
                }
                let next = if last { String::new() } else { (number + 1).to_string() };
                let body = format!(r#"{{"expanded":[],"list":[{}],"nextPageToken":"{next}"}}"#, answers.page);
                stream.write_all(&answer("200 OK", &body)).await?;
            }
            None => {
                let body = r#"{"code":3,"message":"the benchmark does not ask for this"}"#;
                stream.write_all(&answer("400 Bad Request", body)).await?;
            }
        }
    }
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
    [head.as_bytes(), body.as_bytes()].concat()
}

/// The target of a request.
enum Asked {
    One,
    /// A page of a list. The id of the app sets the length of the list and the time for a page: `list-100000-20` has
    /// 100,000 connectors, and each page takes 20 ms.
    Page {
        number: usize,
        last: bool,
        latency: Duration,
    },
}

impl Asked {
    fn read(head: &str) -> Option<Self> {
        let target = head.strip_prefix("GET ")?.split(' ').next()?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut segments = path.strip_prefix("/api/v1/apps/")?.split('/');
        let app = segments.next()?;
        segments.next().filter(|segment| *segment == "connectors")?;
        if segments.next().is_some() {
            return Some(Self::One);
        }
        let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        value("page_size").filter(|size| size.parse::<usize>().is_ok_and(|size| size == PAGE))?;
        let number: usize = value("page_token").unwrap_or("0").parse().ok()?;
        let (connectors, latency) = app.strip_prefix("list-")?.split_once('-')?;
        let connectors: usize = connectors.parse().ok()?;
        let latency = Duration::from_millis(latency.parse().ok()?);
        Some(Self::Page { number, last: (number + 1) * PAGE >= connectors, latency })
    }
}
