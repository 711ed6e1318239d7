//! `paceway organisations …`, `paceway teams …` and `paceway projects …`, which differ in nothing but where they are.

use anyhow::{Result, bail};
use clap::Subcommand;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use paceway_gateway::Administration;
use paceway_gateway::administration::{Kind, NewUnit, Place};

use super::place::place;
use super::span::moment;
use super::{Common, say};
use crate::house;

#[derive(Debug, Clone, Subcommand)]
pub(super) enum Command {
    /// Make one
    Create {
        /// Its name, for people
        name: String,
        /// Its id, which never changes; made of the name if it is not said
        #[arg(long)]
        id: Option<String>,
        /// Id of the organisation that it is to be in [default: default]
        #[arg(long, value_name = "ID")]
        organisation: Option<String>,
        /// Id of the team that it is to be in [default: default]
        #[arg(long, value_name = "ID")]
        team: Option<String>,
    },
    /// List them
    List {
        /// Of this organisation only
        #[arg(long, value_name = "ID")]
        organisation: Option<String>,
        /// Of this team of it only
        #[arg(long, value_name = "ID")]
        team: Option<String>,
    },
    /// Give one another name; its id stays
    Rename {
        /// Ids with slashes between them, as the list shows them
        place: String,
        /// The name from now on
        name: String,
    },
    /// Delete one in which nothing is
    Delete {
        /// Ids with slashes between them, as the list shows them
        place: String,
    },
}

pub(super) fn run(common: &Common, kind: Kind, command: &Command) -> Result<()> {
    let store = common.administer()?;
    let (administration, me) = (house::administration(&store), Administration::command_line());
    match command {
        Command::Create { name, id, organisation, team } => {
            let parent = parent(kind, organisation.as_deref(), team.as_deref())?;
            let new = NewUnit { name: name.clone(), id: id.clone() };
            let unit = administration.create_unit(&me, &parent, &new)?;
            say(format_args!("Made the {} `{}` ({}).", kind.name(), unit.place, unit.name));
        }
        Command::List { organisation, team } => {
            let within = place(organisation.as_deref(), team.as_deref(), None)?;
            let mut table = Table::new();
            table.load_style(NOTHING).set_header(["ID", "NAME", "MADE"]);
            for unit in administration.units(&me, &within, kind)? {
                table.add_row([unit.place.to_string(), unit.name, moment(unit.created_at)]);
            }
            say(table);
        }
        Command::Rename { place, name } => {
            let unit = administration.rename_unit(&me, &read(kind, place)?, name)?;
            say(format_args!("`{}` is `{}` now.", unit.place, unit.name));
        }
        Command::Delete { place } => {
            let unit = administration.remove_unit(&me, &read(kind, place)?)?;
            say(format_args!("Deleted the {} `{}`.", kind.name(), unit.place));
        }
    }
    Ok(())
}

/// Where a new one is to be.
fn parent(kind: Kind, organisation: Option<&str>, team: Option<&str>) -> Result<Place> {
    match kind {
        Kind::Whole | Kind::Organisation if organisation.or(team).is_some() => {
            bail!("an organisation is in nothing: leave --organisation and --team out")
        }
        Kind::Whole | Kind::Organisation => Ok(Place::whole()),
        Kind::Team if team.is_some() => {
            bail!("a team is in an organisation, not in a team: leave --team out")
        }
        Kind::Team => place(organisation.or(Some("default")), None, None),
        Kind::Project => place(organisation, team.or(Some("default")), None),
    }
}

fn read(kind: Kind, text: &str) -> Result<Place> {
    match Place::read(text) {
        Some(place) if place.kind() == kind => Ok(place),
        _ => bail!("`{text}` names no {}: `paceway {}s list` shows them", kind.name(), kind.name()),
    }
}
