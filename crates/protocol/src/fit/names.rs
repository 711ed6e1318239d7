//! Names of tools: short enough, of the characters that are allowed, in one space, and each for one tool only.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::value::RawValue;

use crate::changes::Changes;
use crate::compose;
use crate::formats::Abilities;
use crate::neutral::{Chat, PartBody, Text, Tool, ToolCall, ToolChoice, ToolKind};

/// What stands between a namespace and a name.
const JOINT: &str = "__";
/// The one argument of a tool that was given plain text.
pub(super) const INPUT: &str = "input";

/// What a name that was written stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Original {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) is_custom: bool,
}

/// From the name that was written to what it stands for; only where the two differ.
pub(super) type Originals = HashMap<String, Original>;

/// Gives every tool, choice, call and result the name that can be written.
pub(super) fn fit(chat: &mut Chat<'_>, abilities: Abilities, changes: &mut Changes) -> Originals {
    let mut originals = Originals::new();
    for (place, tool) in chat.tools.iter_mut().enumerate() {
        let is_custom = matches!(tool.kind, ToolKind::Custom { .. }) && !abilities.custom_tools;
        if !matches!(tool.kind, ToolKind::Function { .. } | ToolKind::Custom { .. }) {
            continue;
        }
        let written = written(tool.namespace.as_deref(), &tool.name, abilities);
        let field = format!("tools.{place}");
        if is_custom {
            custom_to_function(&mut tool.kind, &mut tool.description);
            changes.adapted(field.clone(), "a tool of plain text: sent as a function with one argument");
        }
        if is_custom || *written != *tool.name || (tool.namespace.is_some() && !abilities.namespaces) {
            if !is_custom {
                changes.adapted(format!("{field}.name"), format!("sent as `{written}`"));
            }
            let original = Original {
                namespace: tool.namespace.as_deref().map(str::to_owned),
                name: tool.name.to_string(),
                is_custom,
            };
            originals.insert(written.to_string(), original);
        }
        tool.name = written.into_owned().into();
        if !abilities.namespaces {
            tool.namespace = None;
        }
    }
    if let Some(choice) = &mut chat.tool_choice {
        rename_choice(choice, &chat.tools, &originals, abilities);
    }
    for part in chat.turns.iter_mut().flat_map(|turn| &mut turn.parts) {
        match &mut part.body {
            PartBody::ToolCall(call) => rename_call(call, abilities),
            PartBody::ToolResult(result) => {
                if let Some(name) = &mut result.name {
                    rewrite(name, None, abilities);
                }
                result.is_custom &= abilities.custom_tools;
            }
            _ => {}
        }
    }
    originals
}

/// A choice names a tool without its group: it means the tool that was written for that name, of several one that is in no group,
/// or else the first.
fn rename_choice(
    choice: &mut ToolChoice<'_>,
    tools: &[Tool<'_>],
    originals: &Originals,
    abilities: Abilities,
) {
    let rename = |name: &mut Text<'_>| {
        let known = tools.iter().filter_map(|tool| match originals.get(&*tool.name) {
            Some(original) => (original.name == **name).then_some((original.namespace.is_some(), tool)),
            None => (tool.name == *name).then_some((tool.namespace.is_some(), tool)),
        });
        *name = match known.min_by_key(|(is_grouped, _)| *is_grouped) {
            Some((_, tool)) => tool.name.to_string().into(),
            None => written(None, name, abilities).into_owned().into(),
        };
    };
    match choice {
        ToolChoice::Named(name) => rename(name),
        ToolChoice::Among { names, .. } => names.iter_mut().for_each(rename),
        ToolChoice::Auto | ToolChoice::None | ToolChoice::Any => {}
    }
}

fn rename_call(call: &mut ToolCall<'_>, abilities: Abilities) {
    rewrite(&mut call.name, call.namespace.as_deref(), abilities);
    if !abilities.namespaces {
        call.namespace = None;
    }
    if call.is_custom && !abilities.custom_tools {
        let mut json = Vec::with_capacity(call.arguments.len() + 16);
        compose::object(&mut json, |object| {
            object.field(INPUT, &call.arguments);
        });
        call.arguments = String::from_utf8(json).expect("JSON of texts is text").into();
        call.is_custom = false;
    }
}

fn custom_to_function(kind: &mut ToolKind<'_>, description: &mut Option<Text<'_>>) {
    if let ToolKind::Custom { format: Some(format) } = kind {
        let told = description.as_deref().unwrap_or_default();
        let told = format!("{told}\n\n`{INPUT}` has to follow this format: {}", format.get());
        *description = Some(told.trim().to_owned().into());
    }
    let schema = format!(
        r#"{{"type":"object","properties":{{"{INPUT}":{{"type":"string"}}}},"required":["{INPUT}"],"additionalProperties":false}}"#
    );
    let schema = RawValue::from_string(schema).expect("it is JSON");
    *kind = ToolKind::Function { schema: Some(Cow::Owned(schema)), strict: None };
}

/// Puts the name to write in the place of another.
fn rewrite(name: &mut Text<'_>, namespace: Option<&str>, abilities: Abilities) {
    if let Cow::Owned(written) = written(namespace, name, abilities) {
        *name = written.into();
    }
}

/// The name to write. It depends on nothing but the name, so that a call in the history gets that of its tool.
fn written<'n>(namespace: Option<&str>, name: &'n str, abilities: Abilities) -> Cow<'n, str> {
    let flat = match namespace.filter(|_| !abilities.namespaces) {
        Some(namespace) => Cow::Owned(format!("{namespace}{JOINT}{name}")),
        None => Cow::Borrowed(name),
    };
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if flat.len() <= abilities.tool_name_length && flat.chars().all(is_allowed) && !flat.is_empty() {
        return flat;
    }
    let mut hasher = DefaultHasher::new();
    flat.hash(&mut hasher);
    let mark = format!("_{:08x}", hasher.finish() & 0xffff_ffff);
    let kept = flat.chars().take(abilities.tool_name_length - mark.len());
    let clean: String = kept.map(|c| if is_allowed(c) { c } else { '_' }).collect();
    Cow::Owned(clean + &mark)
}
