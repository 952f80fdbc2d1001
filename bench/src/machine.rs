//! Processes, and the resources that they use: time, CPU time, memory, instructions.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;
use std::{env, fs};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan::{Result, progress, root};

/// The resources that a process has used.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: Option<f64>,
    pub(crate) peak_kilobytes: Option<u64>,
}

impl Measured {
    pub(crate) fn cpu(&self) -> Result<f64> {
        self.cpu_seconds.ok_or_else(|| "error: this system does not report CPU time".into())
    }

    /// The peak memory, in megabytes.
    pub(crate) fn peak(&self) -> Result<f64> {
        let kilobytes = self.peak_kilobytes.ok_or("error: this system does not report peak memory")?;
        Ok(kilobytes as f64 / 1024.0)
    }

    /// The lower value of each.
    fn least(self, other: Self) -> Self {
        Self {
            seconds: self.seconds.min(other.seconds),
            cpu_seconds: self.cpu_seconds.zip(other.cpu_seconds).map(|(one, two)| one.min(two)),
            peak_kilobytes: self.peak_kilobytes.zip(other.peak_kilobytes).map(|(one, two)| one.min(two)),
        }
    }
}

/// Measures two things alternately, several times. Disturbances only make a run slower, so the lowest value of each
/// counts.
pub(crate) fn in_turn(
    rounds: usize,
    ours: impl Fn() -> Result<Measured>,
    reference: impl Fn() -> Result<Measured>,
) -> Result<(Measured, Measured)> {
    let all: [&dyn Fn() -> Result<Measured>; 2] = [&ours, &reference];
    match all_in_turn(rounds, &all)?.as_slice() {
        [ours, reference] => Ok((*ours, *reference)),
        _ => Err("error: one of two measurements is missing".into()),
    }
}

/// The same for any number of things.
pub(crate) fn all_in_turn(rounds: usize, all: &[&dyn Fn() -> Result<Measured>]) -> Result<Vec<Measured>> {
    let round = || all.iter().map(|measure| measure()).collect::<Result<Vec<Measured>>>();
    let mut least = round()?;
    for _ in 1..rounds {
        least = least.into_iter().zip(round()?).map(|(one, other)| one.least(other)).collect();
    }
    Ok(least)
}

/// Checks that a revision of this repository exists.
pub(crate) fn known(revision: &str) -> Result<()> {
    let mut command = Command::new("git");
    command.current_dir(root()).args(["rev-parse", "--quiet", "--verify", "--end-of-options"]);
    finished(command.arg(format!("{revision}^{{commit}}")))
        .map_err(|_| format!("error: this repository has no revision `{revision}`"))?;
    Ok(())
}

/// A copy of this repository at another revision, in the folder for temporary files.
pub(crate) struct Revision(PathBuf);

impl Revision {
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }
}

impl Drop for Revision {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Writes such a copy.
pub(crate) fn revision(of: &str) -> Result<Revision> {
    let to = folder()?.join("against");
    drop(fs::remove_dir_all(&to));
    fs::create_dir_all(&to)?;
    let archive = to.join("archive.tar");
    let mut command = Command::new("git");
    finished(command.current_dir(root()).args(["archive", "--format=tar", "--output"]).arg(&archive).arg(of))?;
    finished(Command::new("tar").current_dir(&to).arg("-xf").arg(&archive))?;
    fs::remove_file(&archive)?;
    // Missing crates are fetched now, not while a build is measured.
    if finished(&mut cargo_in(&to, &["fetch", "--locked", "--offline"])).is_err() {
        finished(&mut cargo_in(&to, &["fetch", "--locked"]))?;
    }
    Ok(Revision(to))
}

/// The first argument that makes this program only measure a command.
pub(crate) const SPENT: &str = "spent";

/// Runs a command and prints the resources that it and its children have used.
///
/// This needs its own process, because the system counts all children that a process ever had.
pub(crate) fn spent(command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().ok_or("error: there is no command to measure")?;
    let start = Instant::now();
    let status = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    let seconds = start.elapsed().as_secs_f64();
    if !status.success() {
        return Err(format!("error: `{}` failed: {status}", command.join(" ")).into());
    }
    let (cpu_seconds, peak_kilobytes) = of_children().unzip();
    println!("{}", serde_json::to_string(&Measured { seconds, cpu_seconds, peak_kilobytes })?);
    Ok(())
}

/// Seconds of CPU time, and the kilobytes of the largest process.
#[cfg(unix)]
fn of_children() -> Option<(f64, u64)> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    let largest = u64::try_from(usage.max_rss()).ok()?;
    // macOS counts bytes.
    let kilobytes = if cfg!(target_os = "macos") { largest / 1024 } else { largest };
    Some((microseconds as f64 / 1e6, kilobytes))
}

#[cfg(not(unix))]
fn of_children() -> Option<(f64, u64)> {
    None
}

/// Measures a command, which `set_up` prepares.
pub(crate) fn cost(program: &OsStr, set_up: impl FnOnce(&mut Command)) -> Result<Measured> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(SPENT).arg(program);
    set_up(&mut command);
    Ok(serde_json::from_slice(&finished(&mut command)?.stdout)?)
}

/// The output of a command that has to succeed.
pub(crate) fn finished(command: &mut Command) -> Result<Output> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("error: {command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    // The reason is at the end.
    let lines: Vec<&str> = said.lines().collect();
    let end = lines.len().saturating_sub(30);
    Err(format!("{}\n{command:?} failed", lines[end..].join("\n")).into())
}

pub(crate) fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// A cargo command in a folder, without a compiler cache that other builds share.
pub(crate) fn cargo_in(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo());
    command.args(arguments).current_dir(folder);
    plainly(&mut command);
    command
}

/// Removes the variables that would change how cargo builds.
pub(crate) fn plainly(command: &mut Command) {
    command.env("RUSTC_WRAPPER", "").env("RUSTC_WORKSPACE_WRAPPER", "").env_remove("CARGO_TARGET_DIR");
    // With the variables of this package, build scripts that read them would run again.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
}

/// The JSON messages of cargo about the parts of a build.
pub(crate) fn messages(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The measured program, in a release build.
pub(crate) struct Worker(PathBuf);

impl Worker {
    pub(crate) fn build() -> Result<Self> {
        progress("building the measured program");
        let arguments = ["build", "--release", "--package", "connectors-bench-worker", "--message-format=json"];
        let output = finished(Command::new(cargo()).args(arguments).current_dir(root()))?;
        let messages = messages(&output);
        let ours = |message: &&Value| message["target"]["name"] == "connectors-bench-worker";
        let program = messages.iter().filter(ours).find_map(|message| message["executable"].as_str());
        Ok(Self(PathBuf::from(program.ok_or("error: cargo does not report the path of the program")?)))
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Measured> {
        measured(Command::new(&self.0).args(arguments))
    }

    /// The same, while the allocator keeps what is freed. By default glibc returns memory to the system when its last block
    /// is free, which depends on the sizes and the order of all blocks: then one of two programs pays a page fault for each
    /// page of each round, and the other does not. Other allocators ignore these variables.
    pub(crate) fn run_keeping_memory(&self, arguments: &[&str]) -> Result<Measured> {
        let mut command = Command::new(&self.0);
        for name in ["MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"] {
            command.env(name, (1 << 28).to_string());
        }
        measured(command.args(arguments))
    }

    pub(crate) fn instructions(&self, arguments: &[&str]) -> Result<f64> {
        instructions(&self.0, arguments)
    }

    pub(crate) fn serve(&self) -> Result<Server> {
        let mut command = Command::new(&self.0);
        let mut child = command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or("error: the server has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let server = Server { child, url: line.trim().to_owned() };
        if server.url.is_empty() { Err("error: the server did not start".into()) } else { Ok(server) }
    }
}

/// The number of instructions of a run of a program, by valgrind's callgrind.
pub(crate) fn instructions(program: &Path, arguments: &[&str]) -> Result<f64> {
    let counts = folder()?.join("callgrind.out");
    let mut option = std::ffi::OsString::from("--callgrind-out-file=");
    option.push(&counts);
    let mut command = Command::new("valgrind");
    command.arg("--tool=callgrind").arg(option).arg(program).args(arguments);
    finished(&mut command)?;
    let text = fs::read_to_string(&counts)?;
    fs::remove_file(&counts)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals:"));
    Ok(total.ok_or("error: callgrind did not count")?.trim().parse()?)
}

fn measured(command: &mut Command) -> Result<Measured> {
    Ok(serde_json::from_slice(&finished(command)?.stdout)?)
}

/// A server in its own process, so that its work is not counted.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends when its standard input is closed.
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

/// Why a row is left out.
pub(crate) const NO_VALGRIND: &str = "valgrind is not installed";

pub(crate) fn has_valgrind() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// A folder for temporary files.
pub(crate) fn folder() -> Result<PathBuf> {
    let folder = root().join("target").join("bench");
    fs::create_dir_all(&folder).map_err(|error| format!("error: cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}

/// A description of the machine.
pub(crate) fn described() -> String {
    let version = Command::new("rustc").arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    format!("{version}; {cores} cores; {} on {}.", env::consts::OS, env::consts::ARCH)
}

/// The peak memory of this process in MB, if the system reports it.
pub(crate) fn own_peak() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
}
