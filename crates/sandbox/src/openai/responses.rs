//! OpenAI's Responses. Requests are read and answers written in the files below; what is stored is on the shelf.

mod check;
mod items;
mod stream;
mod write;

use std::sync::Arc;

use serde_json::{Value, json};

use super::tools;
use crate::ask::{Ask, Format};
use crate::exchange::{Chunk, Exchange, Facts, Wrong};
use crate::shelf::{Shelf, Stored};
use crate::tokens;

/// A request for a response.
pub(crate) struct Responses {
    ask: Ask,
    told: Told,
    shelf: Arc<Shelf>,
    key: String,
    /// What this request put in, and that with all that came before it.
    input: Vec<Value>,
    conversation: Vec<Value>,
}

/// What only the writer needs to know.
struct Told {
    /// The request, whose settings the response repeats.
    body: Value,
    summarizes: bool,
    encrypts: bool,
    /// How many alternatives of each token are told, if tokens are told with their likelihoods.
    logprobs: Option<u64>,
}

/// Reads a body that came with this key; `key` is empty if none came, upon which nothing is found on the shelf.
/// `deployment` is the model where the body names it otherwise.
pub(crate) fn read(
    body: &[u8],
    deployment: Option<&str>,
    shelf: &Arc<Shelf>,
    key: &str,
) -> Result<Responses, Wrong> {
    let mut body = super::parse(body)?;
    if let Some(model) = deployment {
        body["model"] = model.into();
    }
    check::body(&body)?;
    let input = items::list(&body["input"])?;
    let before = match body["previous_response_id"].as_str() {
        Some(id) => shelf.find(key, id).ok_or_else(|| check::no_previous(id))?.conversation,
        None => Vec::new(),
    };
    let conversation = [before, items::resolved(input.clone(), shelf, key)?].concat();
    let talk = items::read(&conversation)?;
    let (tools, choice) =
        tools::chosen(tools::read(&body["tools"], tools::Shape::Flat), &body["tool_choice"]);
    let tool_tokens = body.get("tools").map_or(0, |tools| tokens::count(&tools.to_string()));
    let includes =
        |what: &str| body["include"].as_array().is_some_and(|all| all.iter().any(|one| one == what));
    let kinds = body["tools"].as_array().into_iter().flatten().filter_map(|tool| tool["type"].as_str());
    let thinks = body["reasoning"].is_object() && body["reasoning"]["effort"] != "none";
    let ask = Ask {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        stream: body["stream"] == true,
        max_tokens: body["max_output_tokens"].as_u64(),
        input_tokens: talk.tokens
            + tool_tokens
            + tokens::count(body["instructions"].as_str().unwrap_or_default()),
        question: talk.question,
        results: talk.results,
        media: talk.media,
        tools,
        choice,
        one_call: body["parallel_tool_calls"] == false,
        format: match body["text"]["format"]["type"].as_str() {
            Some("json_object") => Format::Json,
            Some("json_schema") => Format::Schema(body["text"]["format"]["schema"].clone()),
            _ => Format::Prose,
        },
        thinking: thinks.then_some(u64::MAX),
        search: kinds.into_iter().any(|kind| kind.starts_with("web_search")),
        ..Ask::default()
    };
    let told = Told {
        summarizes: body["reasoning"]["summary"].is_string(),
        encrypts: includes("reasoning.encrypted_content"),
        logprobs: includes("message.output_text.logprobs")
            .then(|| body["top_logprobs"].as_u64().unwrap_or(0)),
        body,
    };
    Ok(Responses { ask, told, shelf: Arc::clone(shelf), key: key.to_owned(), input, conversation })
}

impl Exchange for Responses {
    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn whole(&self, facts: &Facts<'_>) -> Value {
        write::finished(facts, &self.told)
    }

    fn chunks(&self, facts: &Facts<'_>) -> Vec<Chunk> {
        stream::chunks(facts, &self.told)
    }

    fn broken(&self, facts: &Facts<'_>, sent: usize) -> Chunk {
        stream::failed(facts, &self.told, sent)
    }

    /// Source: the errors that github.com/openai/codex knows (`context_length_exceeded`).
    fn too_long(&self, _: u64) -> Option<Wrong> {
        let message =
            "Your input exceeds the context window of this model. Please adjust your input and try again.";
        Some(super::wrong_parameter("input", Some("context_length_exceeded"), message))
    }

    fn admitted(&self, facts: &Facts<'_>) {
        if self.told.body["store"] == false {
            return;
        }
        let response = write::finished(facts, &self.told);
        let output = response["output"].as_array().cloned().unwrap_or_default();
        let conversation = [self.conversation.clone(), output].concat();
        let (key, id) = (self.key.clone(), write::id(facts));
        self.shelf.put(Stored { key, id, response, input: self.input.clone(), conversation });
    }
}

/// What is done with a response that was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Get,
    Delete,
    Cancel,
    ListInput,
}

/// Does it.
pub(crate) fn stored(shelf: &Shelf, key: &str, id: &str, deed: Deed) -> Result<Value, Wrong> {
    let Some(stored) = shelf.find(key, id) else {
        return Err(Wrong {
            details: json!({"code": null}),
            ..Wrong::new(404, format!("Response with id '{id}' not found."))
        });
    };
    match deed {
        Deed::Get => Ok(stored.response),
        Deed::Delete => {
            shelf.remove(key, id);
            Ok(json!({"id": id, "object": "response", "deleted": true}))
        }
        Deed::Cancel if stored.response["background"] == true => Ok(stored.response),
        Deed::Cancel => Err(Wrong::invalid("Cannot cancel a synchronous response.")),
        Deed::ListInput => {
            let id = |item: Option<&Value>| item.map(|item| item["id"].clone());
            let (first, last) = (id(stored.input.first()), id(stored.input.last()));
            Ok(
                json!({"object": "list", "data": stored.input, "first_id": first, "last_id": last, "has_more": false}),
            )
        }
    }
}
