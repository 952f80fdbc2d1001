//! A large response, from text to types: what `progenitor_client::ResponseValue` does with a body.

use std::hint::black_box;
use std::time::{Duration, Instant};

use connectors::c1::types;
use serde::de::DeserializeOwned;

use crate::usage::{Measured, Meter};
use crate::{Result, plain, sample};

/// The size of the response.
const BYTES: usize = 10_000_000;

/// The fastest of several times.
pub(crate) fn decode(who: &str, times: usize) -> Result<Measured> {
    match who {
        "ours" => fastest(times, |answer: &types::ConnectorServiceListResponse| answer.list.as_ref().map(Vec::len)),
        "plain" => fastest(times, |answer: &plain::ListAnswer| answer.list.as_ref().map(Vec::len)),
        other => Err(format!("there is no client `{other}`").into()),
    }
}

fn fastest<T: DeserializeOwned>(times: usize, count: impl Fn(&T) -> Option<usize>) -> Result<Measured> {
    let (text, connectors) = sample::list(BYTES);
    let meter = Meter::start();
    let mut best = Duration::MAX;
    for _ in 0..times {
        let start = Instant::now();
        let answer: T = serde_json::from_slice(black_box(text.as_bytes()))?;
        best = best.min(start.elapsed());
        if count(black_box(&answer)) != Some(connectors) {
            return Err("connectors are missing".into());
        }
    }
    Ok(Measured { seconds: best.as_secs_f64(), ..meter.stop() })
}
