//! `paceway keys …`: also beside a running gateway, which follows within a second.

mod grant;

use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use paceway_domain::{KeyId, Owner, Priority, Secret};
use paceway_gateway::Administration;
use paceway_gateway::administration::{KeyChange, NewKey, VirtualKey};

use super::place::Within;
use super::span::{after, moment, span};
use super::{Common, say};
use crate::house;

use grant::{GrantOptions, OrNone};

#[derive(Debug, Clone, Subcommand)]
pub(super) enum Command {
    /// Make a key and print it, once
    Create(Box<Create>),
    /// List all keys by id; the keys themselves are not kept
    List {
        #[command(flatten)]
        within: Within,
    },
    /// Show what a key may do
    Show {
        /// Its id, as `paceway keys list` shows it
        id: String,
    },
    /// Change what a key may do; what is not said stays as it is
    Update(Box<Update>),
    /// Give a key another secret and print it, once; the key stays what it is
    Rotate {
        /// Its id, as `paceway keys list` shows it
        id: String,
        /// How long the present secret works beside the new one, such as 1d; 0 to 90d
        #[arg(long, value_name = "TIME", value_parser = span, default_value = "0")]
        overlap: Duration,
    },
    /// Revoke a key for good
    Revoke {
        /// Its id, as `paceway keys list` shows it
        id: String,
    },
}

#[derive(Debug, Clone, Args)]
pub(super) struct Create {
    /// What it is for; rules for callers know it by this
    #[arg(long, default_value = "unnamed")]
    name: String,
    #[command(flatten)]
    within: Within,
    /// For how long it works, such as 30d; for ever if it is not said
    #[arg(long, value_name = "TIME", value_parser = span)]
    expires: Option<Duration>,
    #[command(flatten)]
    grant: GrantOptions,
}

#[derive(Debug, Clone, Args)]
pub(super) struct Update {
    /// Its id, as `paceway keys list` shows it
    id: String,
    /// Another name
    #[arg(long)]
    name: Option<String>,
    /// For how long it works from now on, such as 30d
    #[arg(long, value_name = "TIME", value_parser = span)]
    expires: Option<Duration>,
    /// Let it work for ever
    #[arg(long, conflicts_with = "expires")]
    never_expires: bool,
    #[command(flatten)]
    grant: GrantOptions,
}

pub(super) fn run(common: &Common, command: &Command) -> Result<()> {
    let store = common.administer()?;
    let (administration, me) = (house::administration(&store), Administration::command_line());
    let key_id = |id: &String| KeyId(id.clone());
    match command {
        Command::Create(options) => create(&administration, options)?,
        Command::List { within } => list(&administration.keys(&me, &within.place()?)?),
        Command::Show { id } => show(&administration.key(&me, &key_id(id))?),
        Command::Update(options) => update(&administration, options)?,
        Command::Rotate { id, overlap } => {
            let (key, secret) = administration.rotate_key(&me, &key_id(id), *overlap)?;
            let former = match key.previous {
                Some(previous) if !overlap.is_zero() => {
                    format!("the former one works until {} UTC", moment(previous.until))
                }
                _ => "the former one works no more".to_owned(),
            };
            print_once(&format!("A new secret of `{}` ({id}); {former}", key.name), &secret);
        }
        Command::Revoke { id } => {
            administration.revoke_key(&me, &key_id(id))?;
            say(format_args!("Revoked {id}. A running gateway follows within a second."));
        }
    }
    Ok(())
}

fn create(administration: &Administration, options: &Create) -> Result<()> {
    let now = house::wall_clock();
    let new = NewKey {
        name: options.name.clone(),
        owner: options.within.owner()?,
        expires_at: options.expires.map(|span| after(now, span)),
        grant: options.grant.granted()?,
    };
    let (key, secret) = administration.create_key(&Administration::command_line(), new)?;
    print_once(&format!("A new key `{}` with the id {}", key.name, key.id), &secret);
    Ok(())
}

fn update(administration: &Administration, options: &Update) -> Result<()> {
    let me = Administration::command_line();
    let id = KeyId(options.id.clone());
    let before = administration.key(&me, &id)?;
    let now = house::wall_clock();
    let limits = options.grant.limits_over(before.grant.limits);
    let change = KeyChange {
        name: options.name.clone(),
        expires_at: match options.expires {
            None => options.never_expires.then_some(None),
            Some(span) => Some(Some(after(now, span))),
        },
        models: options.grant.models(),
        endpoints: options.grant.endpoints()?,
        priority: options.grant.priority()?.map(|OrNone(priority)| priority),
        limits: (limits != before.grant.limits).then_some(limits),
    };
    show(&administration.update_key(&me, &id, &change)?);
    Ok(())
}

/// The secret alone goes to standard output, so that a script can take it from there.
fn print_once(told: &str, secret: &Secret) {
    eprintln!("{told}; it is shown this once:");
    say(secret.reveal());
}

fn list(keys: &[VirtualKey]) {
    let now = house::wall_clock();
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["ID", "NAME", "STATE", "PROJECT", "EXPIRES"]);
    for key in keys {
        let expires = key.expires_at.map_or_else(|| "never".to_owned(), moment);
        let Owner { organisation, team, project } = &key.owner;
        table.add_row([
            key.id.to_string(),
            key.name.clone(),
            key.state(now).name().to_owned(),
            format!("{organisation}/{team}/{project}"),
            expires,
        ]);
    }
    say(table);
}

fn show(key: &VirtualKey) {
    let all = |names: Vec<String>| if names.is_empty() { "all".to_owned() } else { names.join(", ") };
    let endpoints = key.grant.endpoints.iter().map(ToString::to_string).collect();
    let date = |at: Option<_>| at.map_or_else(|| "-".to_owned(), moment);
    let Owner { organisation, team, project } = &key.owner;
    let mut table = Table::new();
    table.load_style(NOTHING);
    let rows = [
        ("id", key.id.to_string()),
        ("name", key.name.clone()),
        ("state", key.state(house::wall_clock()).name().to_owned()),
        ("project", format!("{organisation}/{team}/{project}")),
        ("created", moment(key.created_at)),
        ("expires", date(key.expires_at)),
        ("revoked", date(key.revoked_at)),
        ("former secret until", date(key.previous.map(|previous| previous.until))),
        ("models", all(key.grant.models.clone())),
        ("endpoints", all(endpoints)),
        ("priority", key.grant.priority.map_or("as rules for callers say", Priority::name).to_owned()),
        ("limits", grant::told(&key.grant.limits)),
    ];
    for (name, value) in rows {
        table.add_row([name.to_owned(), value]);
    }
    say(table);
}
