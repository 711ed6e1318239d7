//! `paceway audit`: what admins have done.

use anyhow::Result;
use clap::Args;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use paceway_gateway::Administration;
use serde_json::Value;

use super::span::moment;
use super::{Common, say};
use crate::house;

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// So many of the latest, 1 to 10000
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    last: u32,
}

pub(super) fn run(common: &Common, options: &Options) -> Result<()> {
    let store = common.administer()?;
    let entries = house::administration(&store).audit(&Administration::command_line(), None, options.last)?;
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["NUMBER", "WHEN (UTC)", "WHO", "WHAT", "SUBJECT", "CHANGED"]);
    for entry in entries {
        let note = entry.note;
        table.add_row([
            entry.number.to_string(),
            moment(note.at),
            note.actor,
            note.action,
            note.subject,
            changed(note.before.as_ref(), note.after.as_ref()),
        ]);
    }
    say(table);
    Ok(())
}

/// The fields that are not what they were, as they are now.
fn changed(before: Option<&Value>, after: Option<&Value>) -> String {
    let fields = after.and_then(Value::as_object).into_iter().flatten();
    let other = fields.filter(|(name, value)| before.is_none_or(|before| before[name.as_str()] != **value));
    let told = other.filter(|(_, value)| !value.is_null()).map(|(name, value)| format!("{name}: {value}"));
    told.collect::<Vec<_>>().join(", ")
}
