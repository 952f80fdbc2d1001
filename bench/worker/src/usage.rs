//! What a stretch of work has used.

use std::time::Instant;

use serde::Serialize;

/// What is printed for the benchmark to read.
#[derive(Serialize)]
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    /// Of all threads, in the program and in the system for it; none where the system does not tell.
    pub(crate) cpu_seconds: Option<f64>,
    /// The most memory that this process has held so far.
    pub(crate) peak_kilobytes: Option<u64>,
}

/// A stretch of work that has begun.
pub(crate) struct Meter {
    start: Instant,
    cpu_seconds: Option<f64>,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), cpu_seconds: cpu_seconds() }
    }

    pub(crate) fn stop(&self) -> Measured {
        let seconds = self.start.elapsed().as_secs_f64();
        let cpu_seconds = cpu_seconds().zip(self.cpu_seconds).map(|(now, before)| now - before);
        Measured { seconds, cpu_seconds, peak_kilobytes: peak_kilobytes() }
    }
}

#[cfg(unix)]
fn cpu_seconds() -> Option<f64> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;

    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Some(microseconds as f64 / 1e6)
}

#[cfg(not(unix))]
fn cpu_seconds() -> Option<f64> {
    None
}

/// Not by `getrusage`: what that tells begins with what the parent held.
fn peak_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Allows this process as many sockets as the system lets it have.
#[cfg(unix)]
pub(crate) fn allow_many_sockets() -> crate::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn allow_many_sockets() -> crate::Result<()> {
    Ok(())
}
