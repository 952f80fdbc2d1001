//! Profiles: a tenant, an instance, and their credentials. They are stored in a file with mode 0600.

use std::path::PathBuf;

use connectors::{c1, pipeshub};
use toml_edit::{DocumentMut, Item, Table, value};

use crate::fail::{Failure, Kind, Result};
use crate::private;

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

/// The profiles' file.
pub struct Profiles {
    path: PathBuf,
    document: DocumentMut,
}

/// `CONNECTORS_CONFIG`, or `connectors/profiles.toml` in this platform's folder for settings.
pub fn path() -> Result<PathBuf> {
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

    fn has(&self, profile: &str, service: Service) -> bool {
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

    /// Removes a profile's fields for a service. Returns whether there were any.
    pub fn remove(&mut self, profile: &str, service: Service) -> Result<bool> {
        let removed =
            self.document.get_mut(profile).and_then(Item::as_table_mut).and_then(|it| it.remove(service.name()));
        self.save()?;
        Ok(removed.is_some())
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
pub fn is_set_up(named: Option<&str>, service: Service) -> Result<bool> {
    let variables: &[&str] = if service == Service::C1 { &C1_VARIABLES } else { &PIPESHUB_VARIABLES };
    match chosen(named, variables) {
        Some(profile) => Ok(Profiles::read()?.has(profile, service)),
        None => Ok(true),
    }
}

fn nothing(profile: &str, service: Service) -> Failure {
    let name = service.name();
    let message = format!("no credentials for {name}: the profile `{profile}` has none; run `connectors login {name}`");
    Failure::new(Kind::Auth, message)
}

/// The credentials for C1.
pub fn c1(named: Option<&str>) -> Result<c1::Credentials> {
    let Some(profile) = chosen(named, &C1_VARIABLES) else { return Ok(c1::Credentials::from_env()?) };
    Profiles::read()?.c1(profile)
}

/// The credentials for PipesHub.
pub fn pipeshub(named: Option<&str>) -> Result<pipeshub::Credentials> {
    let Some(profile) = chosen(named, &PIPESHUB_VARIABLES) else { return Ok(pipeshub::Credentials::from_env()?) };
    Profiles::read()?.pipeshub(profile)
}

impl Profiles {
    /// A profile's credentials for C1.
    pub fn c1(&self, profile: &str) -> Result<c1::Credentials> {
        let get = |field| self.get(profile, Service::C1, field);
        let credentials = match (get("client_id"), get("client_secret"), get("token")) {
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
    pub fn pipeshub(&self, profile: &str) -> Result<pipeshub::Credentials> {
        let get = |field| self.get(profile, Service::Pipeshub, field);
        let credentials = match (get("client_id"), get("client_secret"), get("token")) {
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
