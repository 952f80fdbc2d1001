//! Runs other programs within a time limit, and returns their output and CPU time.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The result of a step. Its error is a message for the person who runs it.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The result of a program.
pub(crate) struct Ran {
    /// `None` if it was stopped at the time limit.
    status: Option<ExitStatus>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Seconds of CPU time in user mode, of the program and all its child processes.
    pub(crate) cpu_seconds: f64,
}

impl Ran {
    pub(crate) fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    pub(crate) fn timed_out(&self) -> bool {
        self.status.is_none()
    }
}

/// Runs a program. At the time limit, stops it and all its child processes. Its output is written to files in `folder`.
pub(crate) fn run(command: &mut Command, folder: &Path, limit: Duration) -> Result<Ran> {
    fs::create_dir_all(folder)?;
    let (out, err) = (folder.join("stdout.log"), folder.join("stderr.log"));
    command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(File::create(&err)?);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let before = cpu_of_children();
    let child = command.spawn().map_err(|error| format!("{}: {error}", command.get_program().to_string_lossy()))?;
    let status = wait(child, limit)?;
    let text = |path: &PathBuf| -> Result<String> { Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned()) };
    Ok(Ran { status, stdout: text(&out)?, stderr: text(&err)?, cpu_seconds: cpu_of_children() - before })
}

fn wait(mut child: Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > limit {
            stop(&mut child)?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Stops a program and all its child processes.
fn stop(child: &mut Child) -> Result<()> {
    #[cfg(unix)]
    if let Ok(id) = i32::try_from(child.id()) {
        let group = nix::unistd::Pid::from_raw(id);
        // A group that has just ended is no error.
        let _ended = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
    }
    drop(child.kill());
    child.wait()?;
    Ok(())
}

#[cfg(unix)]
fn cpu_of_children() -> f64 {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok();
    usage.map_or(0.0, |usage| usage.user_time().num_microseconds() as f64 / 1e6)
}

#[cfg(not(unix))]
fn cpu_of_children() -> f64 {
    0.0
}

/// The cargo that runs this program, or the one that `CARGO` names.
pub(crate) fn cargo(folder: &Path, target: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(folder).env("CARGO_TARGET_DIR", target).env("CARGO_TERM_COLOR", "never");
    // The costs of builds are compared, so all use the same profile, without incremental compilation.
    command.env("CARGO_INCREMENTAL", "0").env("CARGO_PROFILE_DEV_DEBUG", "false").env_remove("RUSTFLAGS");
    command
}
