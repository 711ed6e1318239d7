//! `paceway reload`: a running Paceway reads its configuration again, and says what came of it.

use anyhow::{Context, Result, bail, ensure};
use http::{Method, StatusCode};
use serde_json::Value;

use super::{Common, runtime, say};
use crate::{admin, house};

pub(super) fn run(common: &Common) -> Result<()> {
    let config = common
        .load()
        .context("a running Paceway keeps the configuration that it has; mend this one and reload again")?;
    let directory = house::data_dir(common.data_dir.as_deref(), &config)?;
    let asking = admin::ask(
        &directory,
        config.server.listen,
        house::timeouts(&config),
        (Method::POST, "/admin/reload"),
        Vec::new(),
    );
    let (status, answer) = runtime()?.block_on(asking)?;
    let is_told = status.is_success() || status == StatusCode::UNPROCESSABLE_ENTITY;
    ensure!(is_told, "Paceway answered with {status}: is it this data directory's?");
    let told: Value = serde_json::from_slice(&answer)?;
    let generation = &told["generation"];
    let sentences = |name: &str| {
        let all = told[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        all.flat_map(|sentence| ["\n  ", sentence]).collect::<String>()
    };
    if status == StatusCode::UNPROCESSABLE_ENTITY {
        bail!(
            "the configuration has mistakes, so number {generation} stays in force:{}",
            sentences("problems")
        );
    }
    if told["result"] == "unchanged" {
        say(format_args!("Nothing has changed: configuration {generation} is in force."));
    } else {
        say(format_args!("Configuration {generation} is in force.{}", sentences("needs_restart")));
    }
    Ok(())
}
