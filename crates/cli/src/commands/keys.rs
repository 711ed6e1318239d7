//! `paceway keys …`: also beside a running gateway, which follows within a second.

use anyhow::{Result, bail};
use clap::Subcommand;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use paceway_domain::KeyId;
use paceway_policy::access::KeyHash;

use super::{Common, say};
use crate::house;

#[derive(Debug, Clone, Subcommand)]
pub(super) enum Command {
    /// Make a key and print it, once
    Create {
        /// What it is for
        #[arg(long, default_value = "unnamed")]
        name: String,
    },
    /// List all keys by id; the keys themselves are not kept
    List,
    /// Revoke a key for good
    Revoke {
        /// Its id, as `paceway keys list` shows it
        id: String,
    },
}

pub(super) fn run(common: &Common, command: &Command) -> Result<()> {
    let keys = common.administer()?.keys;
    match command {
        Command::Create { name } => {
            let key = house::create_key(keys.as_ref(), name, house::wall_clock())?;
            // The key alone goes to standard output, so that a script can take it from there.
            let id = KeyHash::of(key.reveal()).id();
            eprintln!("A new key `{name}` with the id {id}; the key is shown this once:");
            say(key.reveal());
        }
        Command::List => {
            let mut table = Table::new();
            table.load_style(NOTHING).set_header(["ID", "NAME", "STATE"]);
            for key in keys.all()? {
                let state = if key.is_revoked { "revoked" } else { "active" };
                table.add_row([key.hash.id().to_string(), key.name, state.to_owned()]);
            }
            say(table);
        }
        Command::Revoke { id } => {
            if !keys.revoke(&KeyId(id.clone()), house::wall_clock())? {
                bail!("there is no active key with the id `{id}`: `paceway keys list` shows them");
            }
            say(format_args!("Revoked {id}. A running gateway follows within a second."));
        }
    }
    Ok(())
}
