//! The resources that a piece of work has used.

use std::time::Instant;

use serde::Serialize;

/// The figures that the worker prints for the benchmark.
#[derive(Serialize)]
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    /// The CPU time of all threads, in user and system mode; `None` if the system does not report it.
    pub(crate) cpu_seconds: Option<f64>,
    /// The peak memory of this process so far.
    pub(crate) peak_kilobytes: Option<u64>,
}

/// A piece of work that has begun.
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

/// The peak memory of this process, in kilobytes. `getrusage` is not used: its value starts at the peak of the parent
/// process.
fn peak_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Raises the limit of this process on open files to the system's maximum, for more sockets.
#[cfg(unix)]
pub(crate) fn allow_many_sockets() -> crate::result::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn allow_many_sockets() -> crate::result::Result<()> {
    Ok(())
}
