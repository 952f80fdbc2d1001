//! The table of commands: the effect of each, and an example for its help, which the tests run.

use clap::Command;

/// The effect of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only reads from a service.
    Reads,
    /// It writes local files, and at most reads from a service.
    Local,
    /// It changes something. Running it again changes nothing more.
    Sets,
    /// It changes something each time.
    Acts,
    /// It removes something.
    Deletes,
}

impl Effect {
    pub fn name(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Local => "local",
            Self::Sets => "sets",
            Self::Acts => "acts",
            Self::Deletes => "deletes",
        }
    }

    /// Whether a program may run it again after a failure.
    pub fn is_repeatable(self) -> bool {
        self != Self::Acts
    }
}

/// A command.
pub struct Row {
    pub command: &'static str,
    pub effect: Effect,
    pub example: &'static str,
}

const fn it(command: &'static str, effect: Effect, example: &'static str) -> Row {
    Row { command, effect, example }
}

/// Every command.
pub const COMMANDS: &[Row] = &[
    it("c1 apps", Effect::Reads, "c1 apps"),
    it("c1 list", Effect::Reads, "c1 list app-github"),
    it("c1 show", Effect::Reads, "c1 show app-github/github-01"),
    it("c1 schema", Effect::Reads, "c1 schema app-github catalog-github"),
    it(
        "c1 create",
        Effect::Acts,
        "c1 create app-github catalog-github --name 'GitHub, new' --set GITHUB_ORGANIZATION=example --secret GITHUB_TOKEN=env:GITHUB_TOKEN",
    ),
    it(
        "c1 set",
        Effect::Sets,
        "c1 set app-github/github-01 --set SYNC_ARCHIVED=true --secret GITHUB_TOKEN=env:GITHUB_TOKEN",
    ),
    it("c1 rename", Effect::Sets, "c1 rename app-github/github-01 'GitHub, production' --description 'of all teams'"),
    it("c1 owners", Effect::Sets, "c1 owners app-github/github-01 --add user-grace --add app-okta/admins"),
    it("c1 sync", Effect::Acts, "c1 sync app-github/github-01 --watch"),
    it("c1 confirm", Effect::Acts, "c1 confirm app-github/github-02 github-02-sync-1 --yes"),
    it("c1 pause", Effect::Sets, "c1 pause app-github/github-03"),
    it("c1 resume", Effect::Sets, "c1 resume app-github/github-03"),
    it("c1 schedule", Effect::Sets, "c1 schedule app-github/github-01 '0 3 * * *' --timezone Europe/Berlin"),
    it("c1 rotate", Effect::Acts, "c1 rotate app-github/github-01 --secret-file github.secret"),
    it("c1 revoke", Effect::Deletes, "c1 revoke app-github/github-01 credential-0001 --yes"),
    it("c1 download", Effect::Local, "c1 download app-github/github-01 github-01-sync-1 --to github.c1z"),
    it("c1 delete", Effect::Deletes, "c1 delete app-github/github-13 --yes"),
    it("c1 api", Effect::Acts, "c1 api connectors.get -p app_id=app-github -p id=github-01"),
    it("pipeshub registry", Effect::Reads, "pipeshub registry"),
    it("pipeshub list", Effect::Reads, "pipeshub list"),
    it("pipeshub show", Effect::Reads, "pipeshub show s3-01"),
    it(
        "pipeshub create",
        Effect::Sets,
        "pipeshub create S3 Reports --set accessKey=AKIA-EXAMPLE --set bucket=reports --secret secretKey=env:S3_SECRET",
    ),
    it("pipeshub set", Effect::Sets, "pipeshub set drive-01 --name 'Drive of the company'"),
    it("pipeshub auth", Effect::Acts, "pipeshub auth drive-01"),
    it("pipeshub filters", Effect::Sets, "pipeshub filters s3-01 buckets --search log"),
    it("pipeshub sync on", Effect::Sets, "pipeshub sync on s3-01"),
    it("pipeshub sync off", Effect::Sets, "pipeshub sync off s3-01"),
    it("pipeshub sync run", Effect::Acts, "pipeshub sync run s3-01"),
    it("pipeshub sync wait", Effect::Reads, "pipeshub sync wait s3-01"),
    it("pipeshub index wait", Effect::Reads, "pipeshub index wait s3-01"),
    it("pipeshub resync", Effect::Acts, "pipeshub resync s3-01 --full"),
    it("pipeshub reindex", Effect::Acts, "pipeshub reindex s3-01 --status FAILED"),
    it("pipeshub upload", Effect::Acts, "pipeshub upload local-01 reports --root ."),
    it("pipeshub doctor", Effect::Sets, "pipeshub doctor"),
    it("pipeshub delete", Effect::Deletes, "pipeshub delete drive-01 --yes --wait"),
    it("pipeshub api", Effect::Acts, "pipeshub api connectors.get -p connectorId=s3-01"),
    it("status", Effect::Reads, "status --max-age 7d"),
    it("probe", Effect::Reads, "probe c1 --yes"),
    it("cassette test", Effect::Local, "cassette test probe.json --to replay.rs"),
    it("export", Effect::Local, "export c1 --to connectors.toml"),
    it("plan", Effect::Reads, "plan connectors.toml"),
    it("apply", Effect::Sets, "apply connectors.toml"),
    it(
        "login",
        Effect::Local,
        "login c1 --client-id robot@example.conductor.one/spc --client-secret env:C1_SECRET --profile robot",
    ),
    it("logout", Effect::Local, "logout c1 --profile robot"),
    it("profiles", Effect::Local, "profiles"),
    it("completions", Effect::Local, "completions bash"),
    it("man", Effect::Local, "man manual"),
    it("agents", Effect::Local, "agents"),
];

/// The row of a command.
pub fn row(command: &str) -> Option<&'static Row> {
    COMMANDS.iter().find(|row| row.command == command)
}

/// The command line with each example in the help of its command.
pub fn with_examples(mut root: Command) -> Command {
    for row in COMMANDS {
        root = add(root, &row.command.split(' ').collect::<Vec<_>>(), row.example);
    }
    root
}

fn add(command: Command, path: &[&str], example: &str) -> Command {
    match path.split_first() {
        Some((first, rest)) => command.mut_subcommand(first, |next| add(next, rest, example)),
        // A wrapped line could not be pasted.
        None if example.len() > 80 => {
            command.after_help(format!("Example:\n  connectors {}", example.replace(" --", " \\\n    --")))
        }
        None => command.after_help(format!("Example:\n  connectors {example}")),
    }
}
