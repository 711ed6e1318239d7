//! What an operator may ask of the configuration: `POST /admin/reload` and `GET /admin/config`. What loading it means is the
//! binary's to know.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use paceway_domain::UnixMillis;
use serde_json::{Value, json};

use crate::House;
use crate::admin::not_let_in;

/// The way to the configuration of this process.
pub trait Configuration: Send + Sync {
    /// Loads it again because an operator asks. It reads files: not for a task that others wait behind.
    fn reload(&self) -> Attempt;

    /// What is in force.
    fn status(&self) -> Status;
}

/// An attempt to load the configuration again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub at: UnixMillis,
    /// Because of what: `file`, `signal` or `admin`.
    pub trigger: &'static str,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in force.
    Applied,
    /// It says what was in force already.
    Unchanged,
    /// It has these mistakes, each with its key, its value and what is allowed, and has changed nothing.
    Rejected(Vec<String>),
}

impl Outcome {
    /// Its name in answers and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Rejected(_) => "rejected",
        }
    }
}

/// The configuration in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its number: 1 at the start, one more with each that is applied.
    pub generation: u64,
    /// When it was loaded.
    pub loaded_at: UnixMillis,
    /// The file that it is read from, if there is one.
    pub file: Option<String>,
    /// Sentences on what of it comes into force at the next start only.
    pub needs_restart: Vec<String>,
    /// The last attempt to load it again.
    pub last: Option<Attempt>,
}

/// `POST /admin/reload`: loads the configuration again and says what came of it; with mistakes, status 422.
pub(crate) async fn reload(State(house): State<House>, headers: HeaderMap) -> Response {
    let configuration = match found(&house, &headers) {
        Ok(configuration) => Arc::clone(configuration),
        Err(refused) => return *refused,
    };
    let trying = tokio::task::spawn_blocking(move || {
        let attempt = configuration.reload();
        (attempt, configuration.status())
    });
    let Ok((attempt, status)) = trying.await else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "the configuration could not be loaded\n")
            .into_response();
    };
    let mut told = shape(&status);
    told["result"] = json!(attempt.outcome.name());
    let Outcome::Rejected(problems) = &attempt.outcome else { return Json(told).into_response() };
    told["problems"] = json!(problems);
    told["error"] = json!({
        "type": "invalid_configuration",
        "message": format!("the configuration has mistakes, so the one in force stays: {}", problems.join("; ")),
    });
    (StatusCode::UNPROCESSABLE_ENTITY, Json(told)).into_response()
}

/// `GET /admin/config`: which configuration is in force, and what came of the last attempt to load another.
pub(crate) async fn status(State(house): State<House>, headers: HeaderMap) -> Response {
    match found(&house, &headers) {
        Ok(configuration) => Json(shape(&configuration.status())).into_response(),
        Err(refused) => *refused,
    }
}

fn found<'h>(house: &'h House, headers: &HeaderMap) -> Result<&'h Arc<dyn Configuration>, Box<Response>> {
    if let Some(refused) = not_let_in(house, headers) {
        return Err(Box::new(refused));
    }
    let none =
        || Box::new((StatusCode::NOT_FOUND, "this process has a fixed configuration\n").into_response());
    house.configuration.as_ref().ok_or_else(none)
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
