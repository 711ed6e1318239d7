//! The one file that reads environment variables.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;

use paceway_domain::Secret;
use toml::{Table, Value};

use super::{Auth, Config};

/// Variables that set settings begin so; two underscores stand for the dot between a table and its key.
const PREFIX: &str = "PACEWAY_";

/// The environment, as far as it is text.
#[derive(Debug, Default)]
pub(super) struct Variables(pub(super) BTreeMap<String, String>);

#[allow(clippy::disallowed_methods)] // This is where the environment is read.
pub(super) fn read() -> Variables {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    Variables(env::vars_os().filter_map(text).collect())
}

/// `$XDG_DATA_HOME`, or `~/.local/share` (XDG Base Directory Specification 0.8).
#[allow(clippy::disallowed_methods)] // This is where the environment is read.
pub(crate) fn data_home() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
}

impl Variables {
    /// The settings in `PACEWAY_…` variables, each with the type that the default has.
    pub(super) fn settings(&self, defaults: &Table) -> Table {
        let mut settings = Table::new();
        for (name, text) in &self.0 {
            let Some(path) = name.strip_prefix(PREFIX).filter(|path| path.contains("__")) else { continue };
            let keys: Vec<String> = path.split("__").map(str::to_lowercase).collect();
            insert(&mut settings, defaults, &keys, text);
        }
        settings
    }

    /// Looks up the keys that name a variable and are not given themselves.
    pub(super) fn fill_keys(&self, config: &mut Config) {
        let look_up = |key: &mut Option<Secret>, variable: Option<&String>| {
            if key.is_none() {
                *key = variable.and_then(|name| self.0.get(name)).map(|key| Secret::new(key.trim_end()));
            }
        };
        for provider in config.providers.values_mut() {
            look_up(&mut provider.api_key, provider.api_key_env.as_ref());
            if provider.api_key.is_none() && provider.auth == Some(Auth::Aws) {
                provider.api_key = self.aws_keys();
            }
            look_up(&mut provider.admin_key, provider.admin_key_env.as_ref());
            for key in &mut provider.keys {
                look_up(&mut key.key, key.env.as_ref());
            }
        }
        for notify in config.notify.values_mut() {
            look_up(&mut notify.url, notify.url_env.as_ref());
            look_up(&mut notify.secret, notify.secret_env.as_ref());
            look_up(&mut notify.password, notify.password_env.as_ref());
        }
    }
}

impl Variables {
    /// The keys that AWS's own tools take from the environment, in the form that `auth = "aws"` wants.
    fn aws_keys(&self) -> Option<Secret> {
        let value = |name: &str| self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        let (id, key) = (value("AWS_ACCESS_KEY_ID")?, value("AWS_SECRET_ACCESS_KEY")?);
        let token = value("AWS_SESSION_TOKEN").map(|token| format!(":{token}")).unwrap_or_default();
        Some(Secret::new(format!("{id}:{key}{token}")))
    }
}

fn insert(settings: &mut Table, defaults: &Table, keys: &[String], text: &str) {
    let Some((key, rest)) = keys.split_first() else { return };
    let default = defaults.get(key);
    if rest.is_empty() {
        settings.insert(key.clone(), typed(text, default));
        return;
    }
    let empty = Table::new();
    let deeper_defaults = default.and_then(Value::as_table).unwrap_or(&empty);
    let deeper = settings.entry(key.clone()).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(deeper) = deeper {
        insert(deeper, deeper_defaults, rest, text);
    }
}

/// A text where the default is one; otherwise what TOML makes of it, so that numbers and arrays can be given.
fn typed(text: &str, default: Option<&Value>) -> Value {
    let as_text = || Value::String(text.to_owned());
    match default {
        Some(Value::String(_)) => as_text(),
        _ => toml::from_str::<Table>(&format!("v = {text}"))
            .ok()
            .and_then(|mut table| table.remove("v"))
            .unwrap_or_else(as_text),
    }
}
