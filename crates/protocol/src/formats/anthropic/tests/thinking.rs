//! Thinking, worded for each generation of models.

use insta::assert_snapshot;
use paceway_domain::{Dialect, Tokens};

use super::{told, write};
use crate::changes::Changes;
use crate::neutral::{
    Chat, Effort, Part, PartBody, Reasoning, ReasoningMode, Role, Sampling, Seal, Tool, ToolCall, ToolChoice,
    ToolKind, Turn,
};

fn chat(mode: ReasoningMode, effort: Option<Effort>, budget: Option<u64>) -> Chat<'static> {
    Chat {
        turns: vec![Turn { role: Role::User, name: None, parts: vec![Part::text("x")] }],
        reasoning: Some(Reasoning { mode, effort, budget: budget.map(Tokens), is_shown: None }),
        max_output: Some(Tokens(10_000)),
        ..Chat::default()
    }
}

/// What is said of thinking, and the changes.
fn said(chat: &Chat<'_>, model: &str) -> String {
    let mut changes = Changes::default();
    let body = write(chat, model, &mut changes).unwrap();
    format!("{} {}\n{}", body["thinking"], body["output_config"], told(&changes))
}

#[test]
fn an_effort_is_a_budget_for_an_old_model_and_an_effort_for_a_new_one() {
    let chat = chat(ReasoningMode::On, Some(Effort::ExtraHigh), None);
    assert_snapshot!(said(&chat, "claude-sonnet-4-5"), @r#"
    {"type":"enabled","budget_tokens":9500} null
    adapted reasoning.effort: sent as a budget of 9500 tokens
    "#);
    assert_snapshot!(said(&chat, "claude-opus-4-6"), @r#"
    {"type":"adaptive"} {"effort":"max"}
    adapted reasoning.effort: sent as `max`, which is next above `high` for this model
    "#);
    assert_snapshot!(said(&chat, "claude-opus-5"), @r#"{"type":"adaptive"} {"effort":"xhigh"}"#);
}

#[test]
fn a_budget_is_kept_within_the_bounds_or_becomes_an_effort() {
    assert_snapshot!(said(&chat(ReasoningMode::On, None, Some(2048)), "claude-sonnet-4-5"), @r#"{"type":"enabled","budget_tokens":2048} null"#);
    assert_snapshot!(said(&chat(ReasoningMode::On, None, Some(50_000)), "claude-sonnet-4-5"), @r#"
    {"type":"enabled","budget_tokens":9999} null
    adapted reasoning.budget: 9999: at least 1024 and less than the output limit
    "#);
    assert_snapshot!(said(&chat(ReasoningMode::On, None, Some(500)), "claude-opus-4-8"), @r#"
    {"type":"adaptive"} {"effort":"low"}
    adapted reasoning.budget: sent as an effort: this model has no budgets
    adapted reasoning.effort: sent as `low`, the least that Claude knows
    "#);
    let short = Chat { max_output: Some(Tokens(1000)), ..chat(ReasoningMode::On, None, Some(2048)) };
    assert_snapshot!(said(&short, "claude-sonnet-4-5"), @r#"
    null null
    adapted reasoning: turned off for this request: the output limit leaves no room for the least budget of 1024 tokens
    "#);
}

#[test]
fn thinking_is_turned_off_in_the_words_of_each_model() {
    let chat = chat(ReasoningMode::Off, Some(Effort::Max), None);
    assert_snapshot!(said(&chat, "claude-sonnet-4-5"), @"null null");
    assert_snapshot!(said(&chat, "claude-opus-5"), @r#"
    {"type":"disabled"} {"effort":"high"}
    adapted reasoning.effort: sent as `high`, the most without thinking
    "#);
    assert_snapshot!(said(&chat, "claude-sonnet-5-5"), @r#"
    {"type":"between_tools"} {"effort":"high"}
    adapted reasoning.effort: sent as `high`, the most without thinking
    "#);
    assert_snapshot!(said(&chat, "claude-opus-5-5"), @r#"
    null {"effort":"low"}
    adapted reasoning: sent as the lowest effort: this model always thinks
    "#);
}

#[test]
fn whether_thoughts_are_shown_is_said() {
    let mut chat = chat(ReasoningMode::Adaptive, None, None);
    chat.reasoning.as_mut().unwrap().is_shown = Some(true);
    assert_snapshot!(said(&chat, "claude-opus-5"), @r#"{"type":"adaptive","display":"summarized"} null"#);
    chat.reasoning.as_mut().unwrap().is_shown = Some(false);
    assert_snapshot!(said(&chat, "claude-opus-5"), @r#"{"type":"adaptive","display":"omitted"} null"#);
}

#[test]
fn a_forced_tool_turns_thinking_off() {
    let kind = ToolKind::Function { schema: None, strict: None };
    let tool = Tool { name: "f".into(), namespace: None, description: None, kind, cache: None };
    let chat = Chat {
        tools: vec![tool],
        tool_choice: Some(ToolChoice::Any),
        ..chat(ReasoningMode::On, Some(Effort::Low), None)
    };
    assert_snapshot!(said(&chat, "claude-sonnet-4-5"), @r#"
    null null
    adapted reasoning: turned off for this request: Claude does not think when it has to call a tool
    "#);
    assert_snapshot!(said(&chat, "claude-opus-5"), @r#"
    {"type":"disabled"} {"effort":"low"}
    adapted reasoning: turned off for this request: Claude does not think when it has to call a tool
    "#);
    // It is told in words, and goes on thinking.
    assert_snapshot!(said(&chat, "claude-opus-5-5"), @r#"
    {"type":"adaptive"} {"effort":"low"}
    adapted tool_choice: said in the system prompt: this model cannot be forced to call a tool
    "#);
}

#[test]
fn calls_without_claudes_own_thought_turn_thinking_off_for_an_old_model() {
    let call = Part::new(PartBody::ToolCall(ToolCall {
        id: "c".into(),
        name: "f".into(),
        namespace: None,
        arguments: "{}".into(),
        is_custom: false,
        seal: None,
    }));
    let thought =
        |by| Part::new(PartBody::Thinking { text: "t".into(), seal: Some(Seal { by, data: "s".into() }) });
    let with = |parts: Vec<Part<'static>>| {
        let mut chat = chat(ReasoningMode::On, Some(Effort::Low), None);
        chat.turns.push(Turn { role: Role::Assistant, name: None, parts });
        chat
    };
    assert_snapshot!(said(&with(vec![call.clone()]), "claude-sonnet-4-5"), @r#"
    null null
    adapted reasoning: turned off for this request: the last calls of tools come without Claude's own thoughts before them
    "#);
    assert_snapshot!(said(&with(vec![thought(Dialect::Gemini), call.clone()]), "claude-sonnet-4-5"), @r#"
    null null
    adapted reasoning: turned off for this request: the last calls of tools come without Claude's own thoughts before them
    hint messages.1.content.0: a thought that Claude has not sealed is of no use to it
    "#);
    assert_snapshot!(said(&with(vec![thought(Dialect::Anthropic), call.clone()]), "claude-sonnet-4-5"), @r#"
    {"type":"enabled","budget_tokens":2000} null
    adapted reasoning.effort: sent as a budget of 2000 tokens
    "#);
    assert_snapshot!(said(&with(vec![call]), "claude-opus-5"), @r#"{"type":"adaptive"} {"effort":"low"}"#);
    assert_snapshot!(said(&with(vec![Part::text("words")]), "claude-sonnet-4-5"), @r#"
    {"type":"enabled","budget_tokens":2000} null
    adapted reasoning.effort: sent as a budget of 2000 tokens
    "#);
}

#[test]
fn sampling_is_left_out_while_a_model_thinks() {
    let sampling =
        Sampling { temperature: Some(0.2), top_p: Some(0.5), top_k: Some(3), ..Sampling::default() };
    let chat = Chat { sampling, ..chat(ReasoningMode::On, None, Some(2048)) };
    let mut changes = Changes::default();
    let body = write(&chat, "claude-sonnet-4-5", &mut changes).unwrap();
    assert_eq!((body.get("temperature"), body.get("top_p"), body.get("top_k")), (None, None, None));
    assert_snapshot!(told(&changes), @r#"
    adapted temperature: left out: Claude models do not take it while they think
    adapted top_p: left out: Claude models do not take it while they think
    adapted top_k: left out: Claude models do not take it while they think
    "#);
    let quiet = Chat { reasoning: None, ..chat };
    let body = write(&quiet, "claude-sonnet-4-5", &mut Changes::default()).unwrap();
    assert_eq!((&body["temperature"], &body["top_k"]), (&0.2.into(), &3.into()));
}
