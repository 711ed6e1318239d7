//! A body read into the neutral form. Messages are read by their own file.

use paceway_domain::{Refusal, Tokens};

use super::messages;
use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::formats::Summary;
use crate::neutral::{
    AnswerForm, Chat, Logprobs, Reasoning, ReasoningMode, Schema, Tool, ToolChoice, ToolKind,
};
use crate::object::{self, Object, Path};

/// What tells nothing that bears on what is answered.
const HINTS: &[&str] = &["priority", "safety_mode", "citation_options"];

pub(crate) fn read<'a>(
    envelope: &Envelope<'a>,
    summary: &Summary,
    changes: &mut Changes,
) -> Result<Chat<'a>, Refusal> {
    let mut body = envelope.object();
    for known in ["model", "stream"] {
        body.take(known);
    }
    let mut chat = Chat { stream: summary.stream, ..Chat::default() };
    let raw = body.need("messages", "an array of messages")?;
    let path = Path::root("messages");
    for (place, raw) in object::array(raw, &path, "an array of messages")?.into_iter().enumerate() {
        messages::read(Object::read(raw, path.index(place))?, &mut chat.turns, changes)?;
    }
    read_tools(&mut body, &mut chat, changes)?;
    read_form(&mut body, &mut chat, changes)?;
    read_thinking(&mut body, &mut chat, changes)?;
    read_sampling(&mut body, &mut chat)?;
    chat.max_output = body.count("max_tokens")?.map(Tokens);
    if let Some(raw) = body.take("stop_sequences") {
        let path = Path::root("stop_sequences");
        for (place, raw) in object::array(raw, &path, "an array of strings")?.into_iter().enumerate() {
            chat.stop.push(object::text(raw, &path.index(place))?);
        }
    }
    if let Some(raw) = body.take("documents") {
        let path = Path::root("documents");
        if !object::array(raw, &path, "an array of documents")?.is_empty() {
            changes.lost("documents", "no other provider takes documents beside the conversation");
        }
    }
    body.note_unread(HINTS, changes);
    Ok(chat)
}

fn read_tools<'a>(
    body: &mut Object<'a, '_>,
    chat: &mut Chat<'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let strict: Option<bool> = body.value("strict_tools", "true or false")?;
    if let Some(raw) = body.take("tools") {
        let path = Path::root("tools");
        for (place, raw) in object::array(raw, &path, "an array of tools")?.into_iter().enumerate() {
            chat.tools.push(read_tool(Object::read(raw, path.index(place))?, strict, changes)?);
        }
    }
    if let Some(choice) = body.text("tool_choice")? {
        chat.tool_choice = Some(match &*choice {
            "REQUIRED" => ToolChoice::Any,
            "NONE" => ToolChoice::None,
            other => {
                let expected = format!("expected \"REQUIRED\" or \"NONE\", got \"{other}\"");
                return Err(Path::root("tool_choice").invalid(expected));
            }
        });
    }
    Ok(())
}

fn read_tool<'a>(
    mut tool: Object<'a, '_>,
    strict: Option<bool>,
    changes: &mut Changes,
) -> Result<Tool<'a>, Refusal> {
    let kind = tool.need_text("type")?;
    if kind != "function" {
        return Err(tool.path.name("type").invalid(format!("expected \"function\", got \"{kind}\"")));
    }
    let raw = tool.need("function", "an object with a name")?;
    let mut function = Object::read(raw, tool.path.name("function"))?;
    let name = function.need_text("name")?;
    let description = function.text("description")?;
    let kind = ToolKind::Function { schema: function.schema("parameters")?, strict };
    function.note_unread(&[], changes);
    tool.note_unread(&[], changes);
    Ok(Tool { name, namespace: None, description, kind, cache: None })
}

fn read_form<'a>(
    body: &mut Object<'a, '_>,
    chat: &mut Chat<'a>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let Some(raw) = body.take("response_format") else { return Ok(()) };
    let mut format = Object::read(raw, Path::root("response_format"))?;
    let kind = format.need_text("type")?;
    // `schema` is what it was called before.
    let schema = match format.schema("json_schema")? {
        Some(schema) => Some(schema),
        None => format.schema("schema")?,
    };
    chat.form = match (&*kind, schema) {
        ("text", _) => AnswerForm::Text,
        ("json_object", None) => AnswerForm::Json,
        ("json_object", Some(schema)) => {
            AnswerForm::Schema(Schema { name: None, description: None, schema, strict: None })
        }
        (other, _) => {
            let expected = format!("expected \"text\" or \"json_object\", got \"{other}\"");
            return Err(format.path.name("type").invalid(expected));
        }
    };
    format.note_unread(&[], changes);
    Ok(())
}

fn read_thinking(
    body: &mut Object<'_, '_>,
    chat: &mut Chat<'_>,
    changes: &mut Changes,
) -> Result<(), Refusal> {
    let Some(raw) = body.take("thinking") else { return Ok(()) };
    let mut thinking = Object::read(raw, Path::root("thinking"))?;
    let mode = match &*thinking.need_text("type")? {
        "enabled" => ReasoningMode::On,
        "disabled" => ReasoningMode::Off,
        other => {
            let expected = format!("expected \"enabled\" or \"disabled\", got \"{other}\"");
            return Err(thinking.path.name("type").invalid(expected));
        }
    };
    let budget = thinking.count("token_budget")?.map(Tokens);
    chat.reasoning = Some(Reasoning { mode, effort: None, budget, is_shown: None });
    thinking.note_unread(&[], changes);
    Ok(())
}

fn read_sampling(body: &mut Object<'_, '_>, chat: &mut Chat<'_>) -> Result<(), Refusal> {
    let sampling = &mut chat.sampling;
    sampling.temperature = body.value("temperature", "a number, not negative")?;
    sampling.top_p = body.value("p", "a number from 0.01 to 0.99")?;
    // Zero switches it off.
    sampling.top_k = body.value("k", "an integer from 0 to 500")?.filter(|top_k| *top_k > 0);
    sampling.seed = body.value("seed", "an integer")?;
    sampling.frequency_penalty = body.value("frequency_penalty", "a number from 0 to 1")?;
    sampling.presence_penalty = body.value("presence_penalty", "a number from 0 to 1")?;
    let logprobs: Option<bool> = body.value("logprobs", "true or false")?;
    sampling.logprobs = (logprobs == Some(true)).then_some(Logprobs { top: 0 });
    Ok(())
}
