//! `paceway explain REQUEST_ID` and `paceway route --dry-run FILE`: why a request went where it went, and where one would go.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use http::Method;
use serde_json::Value;

use super::{Common, counted, runtime, say};
use crate::{admin, house};

/// Which request.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The request's id, from the response header x-paceway-request-id
    request_id: String,
    /// Print the record as JSON
    #[arg(long)]
    json: bool,
}

/// A request that is not sent.
#[derive(Debug, Args)]
pub(super) struct Route {
    /// Tell without sending; there is no other way of using this command
    #[arg(long, required = true)]
    dry_run: bool,
    /// The body of the request (JSON)
    file: PathBuf,
    /// Its dialect: openai, anthropic or responses
    #[arg(long, default_value = "openai")]
    dialect: String,
    /// The name of the key that would send it, for rules that look at it
    #[arg(long)]
    key: Option<String>,
    /// Print the record as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn explain(common: &Common, options: &Explain) -> Result<()> {
    let id = escaped(&options.request_id);
    let told = ask(common, (Method::GET, &format!("/admin/requests/{id}")), Vec::new())?;
    show(&told, options.json);
    Ok(())
}

pub(super) fn route(common: &Common, options: &Route) -> Result<()> {
    let file = &options.file;
    let body = std::fs::read(file).with_context(|| file.display().to_string())?;
    let key = options.key.as_deref().map(|key| format!("&key={}", escaped(key))).unwrap_or_default();
    let path = format!("/admin/route?dialect={}{key}", escaped(&options.dialect));
    let told = ask(common, (Method::POST, &path), body)?;
    show(&told, options.json);
    Ok(())
}

fn ask(common: &Common, call: (Method, &str), body: Vec<u8>) -> Result<Value> {
    let config = common.load()?;
    let directory = house::data_dir(common.data_dir.as_deref(), &config)?;
    let asking = admin::ask(&directory, &config, call, body);
    let (status, answer) = runtime()?.block_on(asking)?;
    let told: Value = serde_json::from_slice(&answer).unwrap_or_default();
    if status.is_success() {
        return Ok(told);
    }
    match told["error"]["message"].as_str() {
        Some(message) => bail!("{message}"),
        None => bail!("Paceway answered with {status}: is it this data directory's?"),
    }
}

/// As a part of an address.
fn escaped(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    let write =
        |byte: u8| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(write).collect()
}

fn show(told: &Value, as_json: bool) {
    if as_json {
        say(format_args!("{told:#}"));
        return;
    }
    if told["decision"].is_object() {
        show_decision(&told["decision"]);
        return;
    }
    let row = &told["ledger"][0];
    say(format_args!(
        "Its record has made room for newer ones. The ledger knows: {} was served by {}/{} with {}, outcome {}.",
        text(&row["model_asked"]),
        text(&row["provider"]),
        text(&row["model"]),
        counted(row["attempts"].as_u64().unwrap_or(0), "attempt"),
        text(&row["outcome"]),
    ));
}

fn show_decision(decision: &Value) {
    say(format_args!("{} asked for `{}`.", text(&decision["request_id"]), text(&decision["model_asked"])));
    for (what, name) in [("The caller wished", "asked"), ("Noted", "notes")] {
        for sentence in list(&decision[name]) {
            say(format_args!("{what}: {}", text(sentence)));
        }
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header([
        "",
        "TARGET",
        "BREAKER",
        "PRICE",
        "WAIT",
        "FIRST BYTE",
        "IN HAND",
        "FREE",
        "WHY",
    ]);
    let mut place = 0;
    for candidate in list(&decision["candidates"]) {
        let is_left_out = candidate["is_left_out"] == true;
        place += u32::from(!is_left_out);
        let number = |name: &str| candidate[name].as_f64();
        let shown = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        table.add_row([
            if is_left_out { "out".to_owned() } else { place.to_string() },
            format!("{}/{}", text(&candidate["provider"]), text(&candidate["model"])),
            text(&candidate["breaker"]),
            shown(number("price_microusd").map(|price| format!("${:.6}", price / 1e6))),
            shown(number("wait_ms").map(|wait| format!("{wait} ms"))),
            shown(number("first_byte_ms").map(|time| format!("{time} ms"))),
            shown(number("in_flight").map(|calls| calls.to_string())),
            shown(number("headroom").map(|share| format!("{:.0} %", share * 100.0))),
            text(&candidate["why"]),
        ]);
    }
    say(table);
    for attempt in list(&decision["attempts"]) {
        let said = attempt["said"].as_str().map(|said| format!(": {said}")).unwrap_or_default();
        say(format_args!(
            "{:>7} ms  {}  {}{said}",
            // A JSON value would not heed the width.
            text(&attempt["after_ms"]),
            text(&attempt["target"]),
            text(&attempt["result"])
        ));
    }
    say(format_args!("Outcome: {} after {} ms.", text(&decision["outcome"]), decision["total_ms"]));
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
