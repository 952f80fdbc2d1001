//! The built command against a tenant and an instance in this process.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use connectors_fake::c1::{Seed, Tenant};
use connectors_fake::pipeshub::Instance;
use serde_json::Value;
use tokio::process::{Child, Command};

/// A part of every secret's value.
pub const PLANTED: &str = "PLANTED";

/// A tenant, an instance, and a folder to run in.
pub struct World {
    pub tenant: Tenant,
    pub instance: Instance,
    pub folder: PathBuf,
}

/// The result of a command.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The rows that a command prints without a terminal.
    pub fn rows(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
    }

    /// One field of all rows.
    pub fn column(&self, field: &str) -> Vec<String> {
        let text = |row: &Value| row[field].as_str().map_or_else(|| row[field].to_string(), str::to_owned);
        self.rows().iter().map(text).collect()
    }
}

impl World {
    pub async fn start() -> Self {
        Self::with(Seed::demo()).await
    }

    pub async fn with(seed: Seed) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let tenant = Tenant::builder().seed(seed).start().await.unwrap();
        let instance = Instance::start().await.unwrap();
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self { tenant, instance, folder }
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let path = std::env::var("PATH").unwrap_or_default();
        vec![
            ("PATH", format!("{}:{path}", Path::new(env!("CARGO_BIN_EXE_connectors")).parent().unwrap().display())),
            ("HOME", self.folder.display().to_string()),
            ("TERM", "dumb".to_owned()),
            // Not the keyring of the person who runs the tests.
            ("CONNECTORS_STORE", "file".to_owned()),
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/at/all".to_owned()),
            ("CONNECTORS_CONFIG", self.path("profiles.toml").display().to_string()),
            ("CONDUCTORONE_CLIENT_ID", self.tenant.client_id().to_owned()),
            ("CONDUCTORONE_CLIENT_SECRET", self.tenant.client_secret().to_owned()),
            ("PIPESHUB_INSTANCE_URL", self.instance.url().to_owned()),
            ("PIPESHUB_CLIENT_ID", self.instance.client_id().to_owned()),
            ("PIPESHUB_CLIENT_SECRET", self.instance.client_secret().to_owned()),
            ("C1_SECRET", self.tenant.client_secret().to_owned()),
            ("GITHUB_TOKEN", format!("{PLANTED}-github")),
            ("S3_SECRET", format!("{PLANTED}-s3")),
        ]
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The command with these arguments, quoted by `'` as in a shell, and these additional variables.
    pub fn command(&self, line: &str, variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_connectors"));
        command.args(words(line)).env_clear().envs(self.variables()).envs(variables.iter().copied());
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        command
    }

    pub async fn run(&self, line: &str) -> Ran {
        self.run_with(line, &[]).await
    }

    pub async fn run_with(&self, line: &str, variables: &[(&str, &str)]) -> Ran {
        self.end(self.command(line, variables).spawn().unwrap(), line).await
    }

    /// Waits for a command that was spawned.
    pub async fn end(&self, child: Child, line: &str) -> Ran {
        let done = child.wait_with_output().await.unwrap();
        let text = |bytes: Vec<u8>| self.normal(&String::from_utf8(bytes).unwrap());
        let ran = Ran { code: done.status.code().unwrap_or(-1), out: text(done.stdout), err: text(done.stderr) };
        if !line.contains("--reveal") {
            self.check(&format!("{}{}", ran.out, ran.err), line);
        }
        ran
    }

    /// Runs a line in a pseudo-terminal: both outputs in order, without colours by default.
    pub async fn on_terminal(&self, line: &str, colours: bool) -> (i32, String) {
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--flush", "--command", line, "/dev/null"]);
        script.env_clear().envs(self.variables()).env("COLUMNS", "200").current_dir(&self.folder).stdin(Stdio::null());
        // Without the colour scheme of the machine that runs the test.
        if colours {
            script.env("TERM", "xterm").env("CLICOLOR_FORCE", "1")
        } else {
            script.env("NO_COLOR", "1")
        };
        let done = script.output().await.unwrap();
        let text = String::from_utf8(done.stdout).unwrap().replace("\r\n", "\n").replace("\u{4}\u{8}\u{8}", "");
        self.check(&text, line);
        (done.status.code().unwrap_or(-1), self.normal(&text.replace("^D\u{8}\u{8}", "")))
    }

    /// Panics if a text contains a secret of this world.
    pub fn check(&self, text: &str, line: &str) {
        let secrets = [
            PLANTED,
            self.tenant.client_secret(),
            self.instance.client_secret(),
            "a-secret-that-no-read-returns",
            "fake-secret-key",
            "fake-client-secret",
        ];
        for secret in secrets {
            assert!(!text.contains(secret), "`{line}` printed a secret:\n{text}");
        }
    }

    /// Panics if a file of this world contains a secret, except files that are made for secrets.
    pub fn check_files(&self) {
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("profiles.toml") && path.extension().is_none_or(|it| it != "secret") {
                    self.check(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()), &path.display().to_string());
                }
            }
        }
    }

    /// A text without the parts that differ between runs: ports, times, the folder.
    pub fn normal(&self, text: &str) -> String {
        let text = text.replace(self.tenant.host(), "127.0.0.1:8765").replace(self.instance.host(), "127.0.0.1:8766");
        let text = text.replace(&self.folder.display().to_string(), "/home/ada");
        let mut normal = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find("T").filter(|_| !rest.is_empty()) {
            let is_time = at >= 10
                && rest.get(at - 10..at + 3).is_some_and(|it| {
                    it.char_indices().all(|(i, c)| matches!((i, c), (4 | 7, '-') | (10, 'T')) || c.is_ascii_digit())
                });
            if !is_time {
                let (head, tail) = rest.split_at(at + 1);
                normal.push_str(head);
                rest = tail;
                continue;
            }
            let (head, tail) = rest.split_at(at - 10);
            normal.push_str(head);
            let end = tail.find('Z').map_or(tail.len(), |end| end + 1);
            let (time, tail) = tail.split_at(end);
            normal.push_str("2026-01-01T00:00:00");
            normal.extend(time.chars().skip(19).map(|c| if c.is_ascii_digit() { '0' } else { c }));
            rest = tail;
        }
        normal.push_str(rest);
        normal
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The arguments in a line, quoted by `'`.
pub fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// A fixed sequence of pseudo-random numbers.
pub struct Numbers(u64);

impl Numbers {
    pub fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

/// The number of connectors or kills. To change them: `CONNECTORS=500 KILLS=200`.
pub fn setting(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
