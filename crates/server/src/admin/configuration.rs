//! The configuration: what is in force, and loading it again.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::wire::ErrorBody;
use super::{Asked, Denied, Reply};
use crate::{Configuration, Outcome, Status};

/// Load the configuration again and say what came of it; one with mistakes changes nothing
#[utoipa::path(
    post,
    path = "/admin/reload",
    tag = "configuration",
    responses(
        (status = 200, description = "It is in force, or was already", body = Value),
        (status = 422, description = "It has mistakes, which are told", body = ErrorBody),
        (status = "4XX", body = ErrorBody),
    ),
)]
pub(crate) fn reload(asked: &Asked) -> Result<Reply, Denied> {
    let configuration = found(asked)?;
    let attempt = configuration.reload();
    asked.house.administration.note(&asked.actor, "configuration.reload", attempt.outcome.name())?;
    let mut told = shape(&configuration.status());
    told["result"] = json!(attempt.outcome.name());
    let Outcome::Rejected(problems) = &attempt.outcome else { return Reply::ok(told) };
    told["problems"] = json!(problems);
    told["error"] = json!({
        "type": "invalid_configuration",
        "message": format!("the configuration has mistakes, so the one in force stays: {}", problems.join("; ")),
    });
    Reply::with(StatusCode::UNPROCESSABLE_ENTITY, told)
}

/// Say which configuration is in force, and what came of the last attempt to load another
#[utoipa::path(
    get,
    path = "/admin/config",
    tag = "configuration",
    responses((status = 200, body = Value), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn status(asked: &Asked) -> Result<Reply, Denied> {
    Reply::ok(shape(&found(asked)?.status()))
}

fn found(asked: &Asked) -> Result<&dyn Configuration, Denied> {
    let fixed = || Denied::NotFound("this process has a fixed configuration".to_owned());
    asked.house.configuration.as_deref().ok_or_else(fixed)
}

fn shape(status: &Status) -> Value {
    let last = status.last.as_ref().map(|attempt| {
        let problems = match &attempt.outcome {
            Outcome::Rejected(problems) => problems.as_slice(),
            Outcome::Applied | Outcome::Unchanged => &[],
        };
        json!({
            "at": attempt.at.0,
            "trigger": attempt.trigger,
            "result": attempt.outcome.name(),
            "problems": problems,
        })
    });
    json!({
        "generation": status.generation,
        "loaded_at": status.loaded_at.0,
        "file": status.file,
        "needs_restart": status.needs_restart,
        "last_reload": last,
    })
}
