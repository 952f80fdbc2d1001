//! Profiles: a tenant, an instance, and their credentials. They are stored in a file with mode 0600, and the secrets
//! in the platform's keyring if there is one.

use std::path::PathBuf;

use connectors::{c1, pipeshub};
use toml_edit::{DocumentMut, Item, Table, value};

use crate::fail::{Failure, Kind, Result};
use crate::{keyring, private};

/// The profile that is used by default.
pub const DEFAULT: &str = "default";

/// The variables of each service: the first that is set means that the environment has credentials.
const C1_VARIABLES: [&str; 3] = ["CONDUCTORONE_ACCESS_TOKEN", "CONDUCTORONE_OIDC_TOKEN", "CONDUCTORONE_CLIENT_ID"];
const PIPESHUB_VARIABLES: [&str; 2] = ["PIPESHUB_BEARER_AUTH", "PIPESHUB_CLIENT_ID"];

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Service {
    C1,
    Pipeshub,
}

impl Service {
    pub fn name(self) -> &'static str {
        match self {
            Self::C1 => "c1",
            Self::Pipeshub => "pipeshub",
        }
    }
}

/// Where a profile's secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Store {
    /// The platform's keyring
    Keyring,
    /// The profiles' file, which only its owner can read
    File,
}

impl Store {
    pub fn name(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::File => "file",
        }
    }
}

/// The fields of secrets.
const SECRETS: [&str; 2] = ["client_secret", "token"];

/// The profiles' file.
pub struct Profiles {
    path: PathBuf,
    document: DocumentMut,
}

/// `CONNECTORS_CONFIG`, or `connectors/profiles.toml` in this platform's folder for settings, as an absolute path.
pub fn path() -> Result<PathBuf> {
    let path = named()?;
    std::path::absolute(&path).map_err(Failure::of_file(&path))
}

fn named() -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = set("CONNECTORS_CONFIG") {
        return Ok(path);
    }
    let folder = set("XDG_CONFIG_HOME").or_else(|| set("APPDATA")).or_else(|| Some(set("HOME")?.join(".config")));
    let folder = folder.ok_or_else(|| Failure::usage("no folder for settings: set CONNECTORS_CONFIG to a file"))?;
    Ok(folder.join("connectors").join("profiles.toml"))
}

impl Profiles {
    pub fn read() -> Result<Self> {
        let path = path()?;
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Failure::of_file(&path)(error)),
        };
        // Without the parser's message: it quotes the line, which may contain a secret.
        let wrong = |_| Failure::usage(format!("{}: it is not TOML", path.display()));
        let document = text.parse().map_err(wrong)?;
        Ok(Self { path, document })
    }

    /// The profiles with their services.
    pub fn list(&self) -> Vec<(String, Vec<String>)> {
        let names = |table: &Item| {
            let table = table.as_table_like();
            table.map(|it| it.iter().map(|(name, _)| name.to_owned()).collect()).unwrap_or_default()
        };
        self.document.iter().map(|(name, services)| (name.to_owned(), names(services))).collect()
    }

    pub fn get(&self, profile: &str, service: Service, field: &str) -> Option<&str> {
        self.document.get(profile)?.get(service.name())?.get(field)?.as_str().filter(|text| !text.is_empty())
    }

    pub fn has(&self, profile: &str, service: Service) -> bool {
        self.document.get(profile).is_some_and(|it| it.get(service.name()).is_some())
    }

    /// Sets a profile's fields for a service, and replaces the previous ones.
    pub fn set(&mut self, profile: &str, service: Service, fields: &[(&str, Option<&str>)]) -> Result {
        let mut table = Table::new();
        for (name, text) in fields {
            if let Some(text) = text {
                table.insert(name, value(*text));
            }
        }
        let services = self.document.entry(profile).or_insert_with(|| Item::Table(Table::new()));
        let services = services.as_table_mut().ok_or_else(|| Failure::usage(format!("profile {profile}: no table")))?;
        services.set_implicit(true);
        services.insert(service.name(), Item::Table(table));
        Ok(())
    }

    /// Removes a profile's fields for a service, and its secret from the keyring. Returns whether there were any, and
    /// why the keyring cannot be used, if the profile does not say that the secret is there.
    pub async fn remove(&mut self, profile: &str, service: Service) -> Result<(bool, Option<keyring::Unusable>)> {
        let store = self.store(profile, service)?;
        let account = self.account(profile, service);
        // A login with another store may have left an entry. A keyring without one shows no prompt.
        let kept = match store {
            Some(Store::Keyring) => keyring::remove(&account).await,
            Some(Store::File) | None => keyring::remove_soon(&account).await,
        };
        let removed =
            self.document.get_mut(profile).and_then(Item::as_table_mut).and_then(|it| it.remove(service.name()));
        self.save()?;
        match kept {
            Ok(kept) => Ok((removed.is_some() || kept, None)),
            Err(why) if store == Some(Store::Keyring) => {
                let rest = format!("the entry `{account}` is still in the keyring: {why}");
                Err(Failure::of_keyring(format!("the profile is removed from the file, and {rest}")))
            }
            Err(why) => Ok((removed.is_some(), Some(why))),
        }
    }

    /// Where a profile says that its secret is.
    pub fn store(&self, profile: &str, service: Service) -> Result<Option<Store>> {
        match self.get(profile, service, "store") {
            None => Ok(None),
            Some("keyring") => Ok(Some(Store::Keyring)),
            Some("file") => Ok(Some(Store::File)),
            Some(_) => Err(Failure::usage(format!("profile {profile}: `store` is neither \"keyring\" nor \"file\""))),
        }
    }

    /// Puts a profile's secret where it belongs: into the keyring, or where that cannot be used and was not chosen,
    /// into the file. Returns where, and why it is not in the keyring.
    pub async fn keep(
        &mut self,
        profile: &str,
        service: Service,
        chosen: Option<Store>,
    ) -> Result<(Store, Option<keyring::Unusable>)> {
        let secret = SECRETS.into_iter().find_map(|field| self.get(profile, service, field));
        let kept = match secret {
            Some(secret) if chosen != Some(Store::File) => {
                // The entry names the server too: the secret is for no other.
                let entry = format!("{}\n{secret}", self.server(profile, service));
                Some(keyring::set(&self.account(profile, service), &entry).await)
            }
            _ => None,
        };
        let (store, why) = match kept {
            None => (Store::File, None),
            Some(Ok(())) => (Store::Keyring, None),
            Some(Err(why)) if chosen.is_none() => (Store::File, Some(why)),
            Some(Err(why)) => {
                let message = format!("the keyring cannot be used: {why}; `--store file` stores the secret in a file");
                return Err(Failure::of_keyring(message));
            }
        };
        let table = self.document.get_mut(profile).and_then(|it| it.get_mut(service.name()));
        if let Some(table) = table.and_then(Item::as_table_like_mut) {
            if store == Store::Keyring {
                SECRETS.iter().for_each(|field| drop(table.remove(field)));
            }
            // A file that is there only because there was no keyring is not a choice for the next login.
            if store == Store::Keyring || chosen == Some(Store::File) {
                table.insert("store", value(store.name()));
            }
        }
        Ok((store, why))
    }

    /// Reads a profile's secret from the keyring, if the profile says that it is there.
    async fn kept(&self, profile: &str, service: Service) -> Result<Option<String>> {
        if self.store(profile, service)? != Some(Store::Keyring) {
            return Ok(None);
        }
        let entry = keyring::get(&self.account(profile, service)).await.map_err(|why| {
            let message =
                format!("the keyring, which has the secret of the profile `{profile}`, cannot be used: {why}");
            Failure::of_keyring(message)
        })?;
        let Some(entry) = entry else { return Ok(None) };
        let secret = entry.strip_prefix(self.server(profile, service)).and_then(|rest| rest.strip_prefix('\n'));
        let name = service.name();
        let message = format!(
            "the secret of the profile `{profile}` in the keyring is for another server than the profile names; run \
             `connectors login {name}`"
        );
        secret.map(|secret| Some(secret.to_owned())).ok_or_else(|| Failure::new(Kind::Auth, message))
    }

    /// What names the server in a profile; empty for the default one. The client ids of C1 name one.
    fn server(&self, profile: &str, service: Service) -> &str {
        let get = |field| self.get(profile, service, field);
        let named = match service {
            Service::C1 => get("tenant").or_else(|| get("client_id")),
            Service::Pipeshub => get("instance"),
        };
        named.unwrap_or_default()
    }

    /// The name of a profile's entry in the keyring. Each file of profiles has entries of its own.
    pub fn account(&self, profile: &str, service: Service) -> String {
        format!("{} {profile} ({})", service.name(), self.path.display())
    }

    /// Writes the file.
    pub fn save(&self) -> Result {
        let failed = |error| Failure::usage(format!("{}: {error}", self.path.display()));
        private::replace(&self.path, self.document.to_string().as_bytes()).map_err(failed)
    }
}

/// The profile for a service; `None` if the environment has credentials and no profile is named.
fn chosen<'a>(named: Option<&'a str>, variables: &[&str]) -> Option<&'a str> {
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match named {
        Some(named) => Some(named),
        None if variables.iter().any(is_set) => None,
        None => Some(DEFAULT),
    }
}

/// Whether there are credentials for a service.
fn is_set_up(named: Option<&str>, service: Service) -> Result<bool> {
    let variables: &[&str] = if service == Service::C1 { &C1_VARIABLES } else { &PIPESHUB_VARIABLES };
    match chosen(named, variables) {
        Some(profile) => Ok(Profiles::read()?.has(profile, service)),
        None => Ok(true),
    }
}

/// The services to read from: the chosen one, or each with credentials.
pub fn services(named: Option<&str>, chosen: Option<Service>) -> Result<Vec<Service>> {
    if let Some(service) = chosen {
        return Ok(vec![service]);
    }
    let mut services = Vec::new();
    for service in [Service::C1, Service::Pipeshub] {
        if is_set_up(named, service)? {
            services.push(service);
        }
    }
    if services.is_empty() {
        return Err(Failure::new(Kind::Auth, "no credentials for any service; run `connectors login`"));
    }
    Ok(services)
}

fn nothing(profile: &str, service: Service) -> Failure {
    let name = service.name();
    let message = format!("no credentials for {name}: the profile `{profile}` has none; run `connectors login {name}`");
    Failure::new(Kind::Auth, message)
}

/// The credentials for C1.
pub async fn c1(named: Option<&str>) -> Result<c1::Credentials> {
    let Some(profile) = chosen(named, &C1_VARIABLES) else { return Ok(c1::Credentials::from_env()?) };
    Profiles::read()?.c1(profile).await
}

/// The credentials for PipesHub.
pub async fn pipeshub(named: Option<&str>) -> Result<pipeshub::Credentials> {
    let Some(profile) = chosen(named, &PIPESHUB_VARIABLES) else { return Ok(pipeshub::Credentials::from_env()?) };
    Profiles::read()?.pipeshub(profile).await
}

impl Profiles {
    /// A profile's credentials for C1.
    pub async fn c1(&self, profile: &str) -> Result<c1::Credentials> {
        let get = |field| self.get(profile, Service::C1, field);
        let (id, secret, token) = (get("client_id"), get("client_secret"), get("token"));
        let kept = if secret.or(token).is_none() { self.kept(profile, Service::C1).await? } else { None };
        let kept = kept.as_deref();
        let credentials = match (id, secret.or(kept), token.or(kept)) {
            (Some(id), Some(secret), _) => c1::Credentials::client(id, secret),
            (_, _, Some(token)) => {
                if get("expires_at")
                    .and_then(|at| at.parse::<jiff::Timestamp>().ok())
                    .is_some_and(|at| at <= jiff::Timestamp::now())
                {
                    let message =
                        format!("the login of the profile `{profile}` has expired; run `connectors login c1`");
                    return Err(Failure::new(Kind::Auth, message));
                }
                c1::Credentials::token(token)
            }
            _ => return Err(nothing(profile, Service::C1)),
        };
        Ok(match get("tenant") {
            Some(tenant) => credentials.tenant(tenant),
            None => credentials,
        })
    }

    /// A profile's credentials for PipesHub.
    pub async fn pipeshub(&self, profile: &str) -> Result<pipeshub::Credentials> {
        let get = |field| self.get(profile, Service::Pipeshub, field);
        let (id, secret, token) = (get("client_id"), get("client_secret"), get("token"));
        let kept = if secret.or(token).is_none() { self.kept(profile, Service::Pipeshub).await? } else { None };
        let kept = kept.as_deref();
        let credentials = match (id, secret.or(kept), token.or(kept)) {
            (Some(id), Some(secret), _) => pipeshub::Credentials::client(id, secret),
            (_, _, Some(token)) => pipeshub::Credentials::token(token),
            _ => return Err(nothing(profile, Service::Pipeshub)),
        };
        Ok(match get("instance") {
            Some(instance) => credentials.instance(instance),
            None => credentials,
        })
    }
}
