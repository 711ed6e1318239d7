//! `paceway admins …`: who may use the admin API, besides the owner of the file `admin.token`.

use anyhow::{Result, anyhow};
use clap::Subcommand;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use paceway_domain::KeyId;
use paceway_gateway::Administration;
use paceway_gateway::administration::{NewAdmin, Role};

use super::place::place;
use super::span::moment;
use super::{Common, say};
use crate::house;

#[derive(Debug, Clone, Subcommand)]
pub(super) enum Command {
    /// Make an admin and print the token, once
    Create {
        /// Who it is
        #[arg(long)]
        name: String,
        /// viewer (sees), member (manages keys), admin (manages everything but admins) or owner
        #[arg(long)]
        role: String,
        /// Within this organisation only
        #[arg(long, value_name = "ID")]
        organisation: Option<String>,
        /// Within this team of it only
        #[arg(long, value_name = "ID")]
        team: Option<String>,
    },
    /// List all admins by id; tokens are not kept
    List,
    /// Revoke an admin for good
    Revoke {
        /// Its id, as `paceway admins list` shows it
        id: String,
    },
}

pub(super) fn run(common: &Common, command: &Command) -> Result<()> {
    let store = common.administer()?;
    let (administration, me) = (house::administration(&store), Administration::command_line());
    match command {
        Command::Create { name, role, organisation, team } => {
            let known = Role::ALL.map(Role::name).join(", ");
            let role =
                Role::named(role).ok_or_else(|| anyhow!("--role: expected one of {known}, got `{role}`"))?;
            let place = place(organisation.as_deref(), team.as_deref(), None)?;
            let (admin, token) =
                administration.create_admin(&me, NewAdmin { name: name.clone(), role, place })?;
            // The token alone goes to standard output, so that a script can take it from there.
            eprintln!("A new admin `{}` with the id {}; the token is shown this once:", admin.name, admin.id);
            say(token.reveal());
        }
        Command::List => {
            let mut table = Table::new();
            table.load_style(NOTHING).set_header(["ID", "NAME", "ROLE", "WITHIN", "MADE", "STATE"]);
            for admin in administration.admins(&me)? {
                let within = admin.place.to_string();
                table.add_row([
                    admin.id.to_string(),
                    admin.name,
                    admin.role.name().to_owned(),
                    if within.is_empty() { "everything".to_owned() } else { within },
                    moment(admin.created_at),
                    if admin.revoked_at.is_some() { "revoked".to_owned() } else { "active".to_owned() },
                ]);
            }
            say(table);
        }
        Command::Revoke { id } => {
            administration.revoke_admin(&me, &KeyId(id.clone()))?;
            say(format_args!("Revoked {id}. A running gateway follows within a second."));
        }
    }
    Ok(())
}
