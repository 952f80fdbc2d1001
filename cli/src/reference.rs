//! References to secrets: `env:NAME`, `file:PATH` or `cmd:COMMAND`. The secret itself is in no file and no command
//! line.

use std::collections::BTreeMap;
use std::fmt;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::fail::{Failure, Result};
use crate::redact::{holds_secret, redacted};

/// The place of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    Env(String),
    File(String),
    Command(String),
}

impl std::str::FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let known = text.split_once(':').filter(|(_, rest)| !rest.trim().is_empty());
        match known {
            Some(("env", name)) => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) => Ok(Self::File(path.to_owned())),
            Some(("cmd", command)) => Ok(Self::Command(command.to_owned())),
            // The error omits the text: it may be the secret itself.
            _ => Err("pass a secret as env:NAME, file:PATH or cmd:COMMAND".to_owned()),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Command(command) => write!(f, "cmd:{command}"),
        }
    }
}

impl Reference {
    /// Reads the secret, without a line break at its end.
    pub fn resolve(&self) -> Result<String> {
        let failed = |why: String| Failure::usage(format!("the secret {self} cannot be read: {why}"));
        let text = match self {
            Self::Env(name) => std::env::var(name).map_err(|error| failed(error.to_string()))?,
            Self::File(path) => std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?,
            Self::Command(command) => {
                let shell = if cfg!(windows) { ["cmd", "/C"] } else { ["sh", "-c"] };
                let mut run = Command::new(shell[0]);
                run.args([shell[1], command]).stdin(Stdio::null()).stderr(Stdio::inherit());
                let done = run.output().map_err(|error| failed(error.to_string()))?;
                if !done.status.success() {
                    return Err(failed(format!("the command ended with {}", done.status)));
                }
                String::from_utf8(done.stdout).map_err(|_| failed("it is not UTF-8".to_owned()))?
            }
        };
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(failed("it is empty".to_owned()));
        }
        Ok(text.to_owned())
    }
}

/// Secrets that were read together, each once.
#[derive(Default)]
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// Reads all of them, or names every one that cannot be read.
    pub fn read<'a>(references: impl IntoIterator<Item = &'a Reference>) -> Result<Self> {
        let mut secrets = Self::default();
        let mut problems = Vec::new();
        for reference in references {
            let name = reference.to_string();
            if secrets.0.contains_key(&name) {
                continue;
            }
            match reference.resolve() {
                Ok(secret) => drop(secrets.0.insert(name, secret)),
                Err(failure) if problems.contains(&failure.message) => {}
                Err(failure) => problems.push(failure.message),
            }
        }
        if problems.is_empty() { Ok(secrets) } else { Err(Failure::usage(problems.join("; "))) }
    }

    pub fn get(&self, reference: &Reference) -> Result<&str> {
        let missing = || Failure::usage(format!("the secret {reference} was not read"));
        self.0.get(&reference.to_string()).map(String::as_str).ok_or_else(missing)
    }
}

/// Refuses these keys as plain values: a command line is visible to others, and is stored.
pub fn plain_secrets<'a>(keys: impl Iterator<Item = &'a str>) -> Result {
    let problems: Vec<String> = keys
        .map(|key| format!("{key} is a secret: pass it with --secret {key}=env:NAME, file:PATH or cmd:COMMAND"))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure::usage(problems.join("; "))) }
}

/// Refuses JSON of a command line that contains a secret.
pub fn json_without_secret(argument: &str, value: impl Into<Value>) -> Result {
    if holds_secret(&value.into()) {
        let message = format!(
            "{argument} contains a secret: pass it with `api --body @FILE`, or with `--body -` on standard input"
        );
        return Err(Failure::usage(message));
    }
    Ok(())
}

/// Values and secrets of a command line as a dry run shows them: the secrets as their places.
pub fn shown(values: &[(String, String)], secrets: &[(String, Reference)]) -> Map<String, Value> {
    let values: Map<String, Value> = values.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    let Value::Object(mut shown) = redacted(values) else { return Map::new() };
    shown.extend(secrets.iter().map(|(key, place)| (key.clone(), json!({"from": place.to_string()}))));
    shown
}

/// Parses `KEY=VALUE`.
pub fn pair(text: &str) -> std::result::Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Parses `KEY=REFERENCE`.
pub fn secret_pair(text: &str) -> std::result::Result<(String, Reference), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=env:NAME, KEY=file:PATH or KEY=cmd:COMMAND")?;
    Ok((key.to_owned(), value.parse()?))
}
