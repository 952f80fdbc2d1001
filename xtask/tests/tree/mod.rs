//! A copy of the files that the commands read and write, and the output of a command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A copy of the workspace's files, with C1 as the only service.
pub struct Tree(pub PathBuf);

impl Tree {
    pub fn new(name: &str) -> Self {
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("trees").join(name);
        drop(fs::remove_dir_all(&root));
        for file in [
            "Cargo.toml",
            "README.md",
            "build.rs",
            "docs/diff-rules.md",
            "src/lib.rs",
            "codegen/README.md",
            "codegen/src/lib.rs",
            "fake/README.md",
            "fake/src/lib.rs",
            "mock/README.md",
            "mock/src/lib.rs",
            "runtime/README.md",
            "runtime/src/lib.rs",
            "tests/third/src/lib.rs",
            "spec/c1/api.txt",
            "spec/c1/losses.lock",
            "spec/c1/names.lock",
            "spec/c1/openapi.yaml",
            "spec/c1/overlay.yaml",
            "spec/c1/service.toml",
        ] {
            let place = root.join(file);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::copy(workspace().join(file), &place).unwrap_or_else(|error| panic!("{file}: {error}"));
        }
        let copy = Self(root);
        // The tests concern one service; the state of the others must not matter.
        copy.edit("build.rs", |text| {
            let start = text.find("const SERVICES").unwrap();
            let end = start + text[start..].find("\"];").unwrap() + 3;
            format!("{}const SERVICES: [&str; 1] = [\"c1\"];{}", &text[..start], &text[end..])
        });
        copy
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap()
    }

    pub fn write(&self, file: &str, text: &str) -> PathBuf {
        let place = self.0.join(file);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(&place, text).unwrap();
        place
    }

    pub fn edit(&self, file: &str, change: impl FnOnce(String) -> String) {
        self.write(file, &change(self.read(file)));
    }

    pub fn replace(&self, file: &str, old: &str, new: &str) {
        let text = self.read(file);
        assert!(text.contains(old), "{file} has no {old}: {text}");
        self.write(file, &text.replacen(old, new, 1));
    }

    pub fn xtask(&self, arguments: &[&str]) -> Told {
        Told::of(&self.command(arguments).output().unwrap())
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("--root").arg(&self.0).args(arguments).env("GIT_CEILING_DIRECTORIES", self.0.parent().unwrap());
        command
    }

    /// Every file and folder below one, files with their text.
    pub fn snapshot(&self) -> Vec<(PathBuf, Option<String>)> {
        fn walk(folder: &Path, found: &mut Vec<(PathBuf, Option<String>)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.file_name().is_some_and(|name| name == ".git") {
                    continue;
                }
                if path.is_dir() {
                    found.push((path.clone(), None));
                    walk(&path, found);
                } else {
                    found.push((path.clone(), Some(fs::read_to_string(&path).unwrap())));
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.0, &mut found);
        found.sort();
        found
    }
}

/// The exit status and the output of a command.
pub struct Told {
    pub code: Option<i32>,
    pub out: String,
    pub error: String,
}

impl Told {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code(), out: text(&output.stdout), error: text(&output.stderr) }
    }

    #[track_caller]
    pub fn fails_with(&self, expected: &[&str]) {
        assert_eq!(self.code, Some(1), "{}{}", self.out, self.error);
        for expected in expected {
            assert!(self.error.contains(expected), "no {expected:?} in: {}", self.error);
        }
    }

    #[track_caller]
    pub fn says(&self, expected: &[&str]) {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.error);
        for expected in expected {
            assert!(self.out.contains(expected), "no {expected:?} in: {}{}", self.out, self.error);
        }
    }

    #[track_caller]
    pub fn warns(&self, expected: &[&str]) {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.error);
        for expected in expected {
            assert!(self.error.contains(expected), "no {expected:?} in: {}", self.error);
        }
    }
}
