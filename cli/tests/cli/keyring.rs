//! Logins in a keyring: a Secret Service of the tests' own, on a message bus that has nothing else.

use std::collections::HashMap;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use zbus::blocking::connection::Builder;
use zbus::interface;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use tokio::process::Command;

use crate::support::{PLANTED, Ran, World};

const ROOT: &str = "/org/freedesktop/secrets";
/// How many entries the keyring has room for.
const ENTRIES: usize = 4;

type Attributes = HashMap<String, String>;
/// The session, the initialization vector, the encrypted secret, and its media type.
type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

fn path(end: &str) -> OwnedObjectPath {
    OwnedObjectPath::try_from(format!("{ROOT}{end}")).unwrap()
}

fn nothing() -> OwnedObjectPath {
    OwnedObjectPath::try_from("/").unwrap()
}

#[derive(Default)]
struct State {
    entries: Mutex<[Option<(Attributes, Secret)>; ENTRIES]>,
    is_locked: AtomicBool,
}

/// The part of a message bus that a client cannot do without.
struct Bus;

#[interface(name = "org.freedesktop.DBus")]
impl Bus {
    fn hello(&self) -> String {
        ":1.1".to_owned()
    }

    fn add_match(&self, _rule: String) {}

    fn remove_match(&self, _rule: String) {}

    fn get_name_owner(&self, _name: String) -> String {
        ":1.0".to_owned()
    }
}

struct Service(Arc<State>);

#[interface(name = "org.freedesktop.Secret.Service")]
impl Service {
    /// With 1 as the public key of one side, the key of each session is the same: what one process has encrypted, the next
    /// can decrypt, and the keyring never does.
    fn open_session(&self, _algorithm: String, _input: OwnedValue) -> (OwnedValue, OwnedObjectPath) {
        (OwnedValue::try_from(Value::from(vec![1_u8])).unwrap(), path("/session/1"))
    }

    fn search_items(&self, attributes: Attributes) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
        let entries = self.0.entries.lock().unwrap();
        let fits = |has: &Attributes| attributes.iter().all(|(key, value)| has.get(key) == Some(value));
        let found = entries.iter().enumerate().filter(|(_, it)| it.as_ref().is_some_and(|it| fits(&it.0)));
        let found = found.map(|(number, _)| path(&format!("/collection/login/{number}"))).collect();
        if self.0.is_locked.load(Ordering::Relaxed) { (Vec::new(), found) } else { (found, Vec::new()) }
    }

    /// Asks a person, who is not there.
    fn unlock(&self, _objects: Vec<OwnedObjectPath>) -> (Vec<OwnedObjectPath>, OwnedObjectPath) {
        (Vec::new(), path("/prompt/1"))
    }

    fn read_alias(&self, _name: String) -> OwnedObjectPath {
        path("/collection/login")
    }
}

struct Collection(Arc<State>);

#[interface(name = "org.freedesktop.Secret.Collection")]
impl Collection {
    fn create_item(
        &self,
        properties: HashMap<String, OwnedValue>,
        secret: Secret,
        _replace: bool,
    ) -> (OwnedObjectPath, OwnedObjectPath) {
        let attributes = properties["org.freedesktop.Secret.Item.Attributes"].try_clone().unwrap();
        let mut entries = self.0.entries.lock().unwrap();
        let free = entries.iter().position(Option::is_none).unwrap();
        entries[free] = Some((Attributes::try_from(attributes).unwrap(), secret));
        (path(&format!("/collection/login/{free}")), nothing())
    }

    #[zbus(property)]
    fn locked(&self) -> bool {
        self.0.is_locked.load(Ordering::Relaxed)
    }
}

struct Item(Arc<State>, usize);

#[interface(name = "org.freedesktop.Secret.Item")]
impl Item {
    fn get_secret(&self, _session: OwnedObjectPath) -> (Secret,) {
        (self.0.entries.lock().unwrap()[self.1].clone().unwrap().1,)
    }

    fn set_secret(&self, secret: Secret) {
        self.0.entries.lock().unwrap()[self.1].as_mut().unwrap().1 = secret;
    }

    fn delete(&self) -> OwnedObjectPath {
        self.0.entries.lock().unwrap()[self.1] = None;
        nothing()
    }

    #[zbus(property)]
    fn locked(&self) -> bool {
        self.0.is_locked.load(Ordering::Relaxed)
    }
}

struct Prompt;

#[interface(name = "org.freedesktop.Secret.Prompt")]
impl Prompt {
    fn prompt(&self, _window: String) {}
}

/// A keyring on a socket.
struct Keyring {
    state: Arc<State>,
    socket: PathBuf,
}

impl Keyring {
    fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("keyring-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // The paths of sockets are short.
        let socket = std::env::temp_dir().join(name);
        let listener = UnixListener::bind(&socket).unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            let mut connections = Vec::new();
            for stream in listener.incoming() {
                let mut builder =
                    Builder::async_io_unix_stream(stream.unwrap()).server(zbus::Guid::generate()).unwrap().p2p();
                builder = builder.serve_at("/org/freedesktop/DBus", Bus).unwrap();
                builder = builder.serve_at(ROOT, Service(Arc::clone(&shared))).unwrap();
                builder = builder.serve_at(path("/collection/login"), Collection(Arc::clone(&shared))).unwrap();
                for number in 0..ENTRIES {
                    let at = path(&format!("/collection/login/{number}"));
                    builder = builder.serve_at(at, Item(Arc::clone(&shared), number)).unwrap();
                }
                builder = builder.serve_at(path("/prompt/1"), Prompt).unwrap();
                connections.extend(builder.build());
            }
        });
        Self { state, socket }
    }

    fn address(&self) -> String {
        format!("unix:path={}", self.socket.display())
    }

    /// The `username` of each entry.
    fn accounts(&self) -> Vec<String> {
        let entries = self.state.entries.lock().unwrap();
        entries.iter().flatten().map(|(attributes, _)| attributes["username"].clone()).collect()
    }

    fn lock(&self, is_locked: bool) {
        self.state.is_locked.store(is_locked, Ordering::Relaxed);
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// A line with nothing in the environment but this message bus.
fn command(world: &World, bus: &str, line: &str, token: &str) -> Command {
    let none = [("CONDUCTORONE_CLIENT_ID", ""), ("PIPESHUB_CLIENT_ID", "")];
    let variables = [none[0], none[1], ("DBUS_SESSION_BUS_ADDRESS", bus), ("TOKEN", token)];
    let mut command = world.command(line, &variables);
    command.env_remove("CONNECTORS_STORE");
    command
}

async fn run(world: &World, bus: &str, line: &str, token: &str) -> Ran {
    world.end(command(world, bus, line, token).spawn().unwrap(), line).await
}

/// Runs a line in another folder, with the profiles' file of this name there.
async fn run_in(world: &World, folder: &str, bus: &str, line: &str, token: &str) -> Ran {
    let mut command = command(world, bus, line, token);
    command.env("CONNECTORS_CONFIG", "p.toml").current_dir(world.path(folder));
    world.end(command.spawn().unwrap(), line).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_in_the_keyring_if_one_responds() {
    let world = World::start().await;
    let keyring = Keyring::start();
    let bus = keyring.address();
    let token = world.instance.personal_access_token();
    let login = format!("login pipeshub --instance {} --token env:TOKEN --check", world.instance.url());
    let ran = run(&world, &bus, &login, &token).await;
    assert_eq!((ran.code, ran.column("store")), (0, vec!["keyring".to_owned()]), "{ran:?}");
    let file = world.read("profiles.toml");
    assert!(!file.contains(&token) && file.contains("store = \"keyring\""), "{file}");
    let account = format!("pipeshub default ({})", world.path("profiles.toml").display());
    assert_eq!(keyring.accounts(), [account.as_str()]);
    assert_eq!(run(&world, &bus, "pipeshub list", "").await.code, 0);
    assert_eq!(run(&world, &bus, "profiles", "").await.column("store"), ["keyring"]);
    // A client's secret, in another profile, replaced by another.
    for secret in [PLANTED, world.instance.client_secret()] {
        let line = format!(
            "login pipeshub --instance {} --client-id {} --client-secret env:TOKEN --profile robot",
            world.instance.url(),
            world.instance.client_id()
        );
        assert_eq!(run(&world, &bus, &line, secret).await.code, 0);
    }
    assert_eq!(keyring.accounts().len(), 2);
    assert_eq!(run(&world, &bus, "pipeshub list --profile robot", "").await.code, 0);
    world.check(&world.read("profiles.toml"), "login");
    // Logging out leaves nothing.
    assert_eq!(run(&world, &bus, "logout pipeshub --profile robot", "").await.code, 0);
    assert_eq!(keyring.accounts(), [account]);
    assert_eq!(run(&world, &bus, "pipeshub list --profile robot", "").await.code, 3);
    // The file, where it is chosen; the keyring has it no longer.
    let ran = run(&world, &bus, &format!("{login} --store file"), &token).await;
    assert_eq!((ran.code, ran.column("store")), (0, vec!["file".to_owned()]), "{ran:?}");
    assert!(world.read("profiles.toml").contains(&token) && keyring.accounts().is_empty());
    // The profile has chosen, until something else is said.
    assert_eq!(run(&world, &bus, &login, &token).await.column("store"), ["file"]);
    assert_eq!(run(&world, &bus, &format!("{login} --store keyring"), &token).await.column("store"), ["keyring"]);
    assert!(!world.read("profiles.toml").contains(&token));
    assert_eq!(run(&world, &bus, "logout pipeshub", "").await.code, 0);
    assert!(keyring.accounts().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_the_keyring_is_used_only_for_its_profile_and_server() {
    let (world, other) = (World::start().await, World::start().await);
    let keyring = Keyring::start();
    let bus = keyring.address();
    // The same name of a file in two folders.
    for (folder, at) in [("one", &world), ("two", &other)] {
        world.write(&format!("{folder}/p.toml"), "");
        let line = format!("login pipeshub --instance {} --token env:TOKEN", at.instance.url());
        let ran = run_in(&world, folder, &bus, &line, &at.instance.personal_access_token()).await;
        assert_eq!((ran.code, ran.column("store")), (0, vec!["keyring".to_owned()]), "{ran:?}");
    }
    assert_eq!(keyring.accounts().len(), 2);
    for folder in ["one", "two"] {
        let ran = run_in(&world, folder, &bus, "pipeshub list", "").await;
        assert_eq!(ran.code, 0, "{folder}: {ran:?}");
    }
    // A profile that names another server than at the login.
    let file = world.read("one/p.toml").replace(world.instance.url(), other.instance.url());
    world.write("one/p.toml", &file);
    let before = other.instance.requests().len();
    let ran = run_in(&world, "one", &bus, "pipeshub list", "").await;
    assert!(ran.code == 3 && ran.err.contains("for another server"), "{ran:?}");
    assert_eq!(other.instance.requests().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_a_login_is_in_the_file() {
    let world = World::start().await;
    let token = world.instance.personal_access_token();
    let none = "unix:path=/nowhere/at/all";
    let login = format!("login pipeshub --instance {} --token env:TOKEN", world.instance.url());
    let ran = run(&world, none, &login, &token).await;
    assert_eq!((ran.code, ran.column("store")), (0, vec!["file".to_owned()]), "{ran:?}");
    assert!(ran.err.contains("the keyring cannot be used"), "{}", ran.err);
    assert_eq!(run(&world, none, "pipeshub list", "").await.code, 0);
    // That was no choice: a keyring that is there at the next login is used.
    let keyring = Keyring::start();
    assert_eq!(run(&world, &keyring.address(), &login, &token).await.column("store"), ["keyring"]);
    // Where a keyring is asked for, nothing is written without one.
    let before = world.read("profiles.toml");
    let refused = run(&world, none, &login, &token).await;
    assert!(refused.code == 3 && refused.err.contains("--store file"), "{refused:?}");
    assert_eq!(world.read("profiles.toml"), before);
    assert_eq!(run(&world, none, "pipeshub list", "").await.code, 3);
    let out = run(&world, none, "logout pipeshub", "").await;
    assert!(out.code == 3 && out.err.contains("still in the keyring"), "{out:?}");
    assert_eq!(world.read("profiles.toml"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_removes_what_a_change_of_the_store_left_in_the_keyring() {
    let world = World::start().await;
    let keyring = Keyring::start();
    let (bus, none) = (keyring.address(), "unix:path=/nowhere/at/all");
    let token = world.instance.personal_access_token();
    let login = format!("login pipeshub --instance {} --token env:TOKEN", world.instance.url());
    let to_file = format!("{login} --store file");
    assert_eq!(run(&world, &bus, &login, &token).await.column("store"), ["keyring"]);
    let ran = run(&world, none, &to_file, &token).await;
    assert!(ran.code == 0 && ran.err.contains("still in the keyring"), "{ran:?}");
    assert_eq!(keyring.accounts().len(), 1);
    assert_eq!(run(&world, &bus, "logout pipeshub", "").await.code, 0);
    assert!(keyring.accounts().is_empty());
    // Without a keyring, the file's secret is removed.
    assert_eq!(run(&world, none, &to_file, &token).await.code, 0);
    let ran = run(&world, none, "logout pipeshub", "").await;
    assert!(ran.code == 0 && ran.err.contains("the keyring cannot be used"), "{ran:?}");
    assert_eq!(world.read("profiles.toml"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keyring_is_a_finding_and_not_a_hang() {
    let world = World::start().await;
    let keyring = Keyring::start();
    let bus = keyring.address();
    let token = world.instance.personal_access_token();
    let login = format!("login pipeshub --instance {} --token env:TOKEN", world.instance.url());
    assert_eq!(run(&world, &bus, &login, &token).await.column("store"), ["keyring"]);
    let login = format!("login c1 --tenant {} --store file", world.tenant.url());
    assert_eq!(run(&world, &bus, &login, "").await.code, 0);
    assert!(world.tenant.set_connector_field("app-github", "github-04", "/userIds", serde_json::json!([])));
    keyring.lock(true);
    let began = Instant::now();
    let status = run(&world, &bus, "status", "").await;
    assert!(began.elapsed() < Duration::from_secs(30));
    assert_eq!(status.code, 1, "{status:?}");
    // What is known of the other service is said as well.
    let found: Vec<(String, String)> = status.column("service").into_iter().zip(status.column("finding")).collect();
    assert!(found.iter().any(|(service, _)| service == "c1"), "{found:?}");
    assert!(found.contains(&("pipeshub".to_owned(), "keyring".to_owned())), "{found:?}");
    keyring.lock(false);
    assert_eq!(run(&world, &bus, "pipeshub list", "").await.code, 0);
}
