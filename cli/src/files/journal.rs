//! The journal of creations: after a run was killed, the next run does not create anything twice.
//!
//! A creation is recorded on disk before its request is sent. If a run finds one that was recorded but not completed,
//! that request may still be in flight. The run waits until it cannot be, and only then lists the connectors.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fail::{Failure, Kind, Result};

/// The journal of one run. Two runs cannot have it at the same time.
pub struct Journal {
    path: PathBuf,
    file: Mutex<File>,
    /// The creations that earlier runs started and did not complete, with their times.
    open: BTreeMap<String, Timestamp>,
}

impl Journal {
    pub fn open(path: &Path) -> Result<Self> {
        let at = Failure::of_file(path);
        let mut file = OpenOptions::new().create(true).append(true).read(true).open(path).map_err(at)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(Failure::new(Kind::Conflict, format!("{}: another apply is running", path.display())));
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(at(error)),
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(at)?;
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n").map_err(at)?;
        }
        let mut open = BTreeMap::new();
        // After an incomplete last line no request was sent.
        for line in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let began = line["began"].as_str().zip(line["at"].as_str().and_then(|at| at.parse().ok()));
            if let Some((key, at)) = began {
                open.insert(key.to_owned(), at);
            }
            if let Some(key) = line["ended"].as_str() {
                open.remove(key);
            }
        }
        Ok(Self { path: path.to_owned(), file: Mutex::new(file), open })
    }

    /// How long a request of an earlier run may still be in flight.
    pub fn in_flight(&self, patience: Duration) -> Option<Duration> {
        let last = self.open.values().max()?;
        let age = Timestamp::now().duration_since(*last).unsigned_abs();
        patience.checked_sub(age).filter(|left| !left.is_zero())
    }

    pub fn begin(&self, key: &str) -> Result {
        self.line(&json!({"began": key, "at": Timestamp::now().to_string()}))
    }

    pub fn end(&self, key: &str) -> Result {
        self.line(&json!({"ended": key}))
    }

    fn line(&self, line: &Value) -> Result {
        let mut file = self.locked();
        file.write_all(format!("{line}\n").as_bytes())?;
        Ok(file.sync_data()?)
    }

    /// Records that no creation is incomplete.
    pub fn clear(&self) -> Result {
        Ok(self.locked().set_len(0)?)
    }

    fn locked(&self) -> MutexGuard<'_, File> {
        // A line is written completely or cut off at its end. The next run skips an incomplete line.
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if self.locked().metadata().is_ok_and(|it| it.len() == 0) {
            // An empty file that stays is harmless.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
