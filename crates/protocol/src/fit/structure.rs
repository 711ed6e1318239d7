//! Answers of a schema where the format has none: the model is made to call a tool whose arguments are the answer.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::changes::Changes;
use crate::formats::Abilities;
use crate::neutral::{AnswerForm, Chat, Json, Schema, Tool, ToolChoice, ToolKind};

/// The tool's name, unless the caller has one of this name.
const NAME: &str = "final_answer";

/// Puts the tool in the place of the form; returns its name.
pub(super) fn fit(chat: &mut Chat<'_>, abilities: Abilities, changes: &mut Changes) -> Option<String> {
    // Who has to call a tool answers in no form.
    let has_to_call = match &chat.tool_choice {
        Some(ToolChoice::Named(_) | ToolChoice::Any) => true,
        Some(ToolChoice::Among { is_required, .. }) => *is_required,
        Some(ToolChoice::Auto | ToolChoice::None) | None => false,
    };
    let schema = match std::mem::take(&mut chat.form) {
        AnswerForm::Text => return None,
        AnswerForm::Json if abilities.json => {
            chat.form = AnswerForm::Json;
            return None;
        }
        AnswerForm::Schema(schema) if abilities.schema => {
            chat.form = AnswerForm::Schema(schema);
            return None;
        }
        AnswerForm::Json | AnswerForm::Schema(_) if has_to_call && !chat.tools.is_empty() => return None,
        AnswerForm::Schema(schema) => schema,
        AnswerForm::Json => Schema { name: None, description: None, schema: any_object(), strict: None },
    };
    if chat.tool_choice == Some(ToolChoice::None) {
        chat.tools.clear();
    }
    let mut name = NAME.to_owned();
    while chat.tools.iter().any(|tool| tool.name == name) {
        name.push('_');
    }
    chat.tool_choice = Some(match chat.tool_choice.take() {
        _ if chat.tools.is_empty() => ToolChoice::Named(name.clone().into()),
        Some(ToolChoice::Among { mut names, .. }) => {
            names.push(name.clone().into());
            ToolChoice::Among { names, is_required: true }
        }
        _ => ToolChoice::Any,
    });
    chat.parallel_tools = Some(false);
    let told = "Gives the final answer to the user, in the form that was asked for. Call it exactly once, when nothing \
                else has to be called first.";
    let description = match &schema.description {
        Some(theirs) => Cow::Owned(format!("{told} {theirs}")),
        None => Cow::Borrowed(told),
    };
    chat.tools.push(Tool {
        name: name.clone().into(),
        namespace: None,
        description: Some(description.into()),
        kind: ToolKind::Function { schema: Some(schema.schema), strict: None },
        cache: None,
    });
    changes.adapted("response_format", "this API has none: asked for as the arguments of a tool");
    Some(name)
}

fn any_object() -> Json<'static> {
    Cow::Owned(RawValue::from_string(r#"{"type":"object"}"#.to_owned()).expect("it is JSON"))
}
