//! Decodes and encodes a large response in the way of a call.

use std::hint::black_box;
use std::time::{Duration, Instant};

use connectors::c1::types;
use connectors_runtime::object;

use crate::result::Result;
use crate::usage::{Measured, Meter};
use crate::{plain, sample};

/// The size of the response.
const BYTES: usize = 10_000_000;
/// The limit on the memory for decoding it.
const ROOM: usize = 1 << 30;

/// Decodes several times, and returns the fastest run.
pub(crate) fn decode(who: &str, times: usize) -> Result<Measured> {
    let (text, connectors) = sample::list(BYTES);
    let text = text.as_bytes();
    let ours = || Ok(object::from_slice::<types::ConnectorServiceListResponse>(black_box(text), ROOM)?);
    let plain = || Ok(serde_json::from_slice::<plain::ListAnswer>(black_box(text))?);
    match who {
        "ours" => fastest(times, ours, |it| it.list.as_ref().map(Vec::len) == Some(connectors)),
        "plain" => fastest(times, plain, |it| it.list.as_ref().map(Vec::len) == Some(connectors)),
        other => Err(format!("there is no client `{other}`").into()),
    }
}

/// Encodes several times, and returns the fastest run.
pub(crate) fn encode(who: &str, times: usize) -> Result<Measured> {
    let (text, _) = sample::list(BYTES);
    let is_whole = |bytes: usize| bytes == text.len();
    match who {
        "ours" => {
            let value: types::ConnectorServiceListResponse = object::from_slice(text.as_bytes(), ROOM)?;
            fastest(times, || Ok(object::to_vec(black_box(&value))?), |bytes| is_whole(bytes.len()))
        }
        "plain" => {
            let value: plain::ListAnswer = serde_json::from_slice(text.as_bytes())?;
            fastest(times, || Ok(serde_json::to_vec(black_box(&value))?), |bytes| is_whole(bytes.len()))
        }
        other => Err(format!("there is no client `{other}`").into()),
    }
}

fn fastest<T>(times: usize, work: impl Fn() -> Result<T>, is_right: impl Fn(&T) -> bool) -> Result<Measured> {
    let meter = Meter::start();
    let mut best = Duration::MAX;
    for _ in 0..times {
        let start = Instant::now();
        let made = work()?;
        best = best.min(start.elapsed());
        if !is_right(black_box(&made)) {
            return Err("something is missing".into());
        }
    }
    Ok(Measured { seconds: best.as_secs_f64(), ..meter.stop() })
}
