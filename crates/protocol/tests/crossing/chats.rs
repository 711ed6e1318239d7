//! Conversations of what at least two formats can say.

use std::borrow::Cow;

use paceway_domain::Tokens;
use paceway_protocol::neutral::{
    Chat, Effort, Image, Json, Media, Part, PartBody, Reasoning, ReasoningMode, Role, Sampling, Text, Tool,
    ToolCall, ToolChoice, ToolKind, ToolResult, Turn,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::value::RawValue;

/// Names of tools: short, with a dot, and longer than any format but Anthropic's allows.
pub(crate) const TOOLS: [&str; 3] = [
    "read_file",
    "files.open",
    "a_very_long_name_of_a_tool_that_is_longer_than_the_sixty_four_bytes_most_allow",
];

const ARGUMENTS: [&str; 3] =
    ["{}", r#"{"z":1,"a":[null,2.5,"é\n\"x\""]}"#, r#"{"path":"a/b","deep":{"y":{},"x":[[]]}}"#];

const SCHEMAS: [&str; 2] = [
    r#"{"type":"object","properties":{"z":{"type":"string","enum":["b","a"]},"a":{"type":["integer","null"]}},"required":["z"]}"#,
    r#"{"type":"object","properties":{"deep":{"type":"object","properties":{"y":{"type":"number"}}}}}"#,
];

pub(crate) fn words() -> impl Strategy<Value = String> {
    "[a-zA-Zé🌍\"\\\\{}<>&]{1,8}( [a-z]{1,5}|\n[a-z]){0,3}".prop_map(|text| format!("{text}."))
}

fn part(body: PartBody<'static>) -> Part<'static> {
    Part::new(body)
}

fn image() -> impl Strategy<Value = Part<'static>> {
    (select(vec!["image/png", "image/jpeg"]), select(vec!["aGk=", "AAAA", "+/+/"])).prop_map(
        |(kind, data)| {
            let media = Media::Base64 { media_type: kind.into(), data: data.into() };
            part(PartBody::Image(Image { media, detail: None }))
        },
    )
}

/// What a human says: words, perhaps with a picture.
fn asked() -> impl Strategy<Value = Turn<'static>> {
    (words(), option::of(image())).prop_map(|(text, image)| {
        let parts = [Part::text(text)].into_iter().chain(image).collect();
        Turn { role: Role::User, name: None, parts }
    })
}

/// Calls of tools in one turn, and their results in the next, perhaps with words behind them.
fn round() -> impl Strategy<Value = Vec<Turn<'static>>> {
    let call = (0..TOOLS.len(), select(ARGUMENTS.to_vec()), words(), any::<bool>());
    (option::of(words()), vec(call, 1..3), option::of(words())).prop_map(|(said, calls, more)| {
        let mut parts: Vec<_> = said.map(Part::text).into_iter().collect();
        let mut results = Vec::new();
        for (tool, arguments, result, is_error) in calls {
            parts.push(part(PartBody::ToolCall(ToolCall {
                id: "".into(),
                name: TOOLS[tool].into(),
                namespace: None,
                arguments: arguments.into(),
                is_custom: false,
                seal: None,
            })));
            results.push(part(PartBody::ToolResult(ToolResult {
                call_id: "".into(),
                name: Some(TOOLS[tool].into()),
                content: vec![Part::text(result)],
                is_error,
                is_custom: false,
            })));
        }
        results.extend(more.map(Part::text));
        let turn = |role, parts| Turn { role, name: None, parts };
        vec![turn(Role::Assistant, parts), turn(Role::User, results)]
    })
}

/// A question and its answer in words; perhaps instructions in between.
fn talk() -> impl Strategy<Value = Vec<Turn<'static>>> {
    (words(), option::weighted(0.2, words())).prop_map(|(answer, instructions)| {
        let turn = |role, text| Turn { role, name: None, parts: vec![Part::text(text)] };
        let instructions = instructions.map(|text| turn(Role::System, text));
        [turn(Role::Assistant, answer)].into_iter().chain(instructions).collect()
    })
}

fn choice() -> impl Strategy<Value = Option<ToolChoice<'static>>> {
    select(vec![
        None,
        Some(ToolChoice::Auto),
        Some(ToolChoice::None),
        Some(ToolChoice::Any),
        Some(ToolChoice::Named(TOOLS[0].into())),
    ])
}

/// A conversation with its settings.
pub(crate) fn chat() -> impl Strategy<Value = Chat<'static>> {
    let middle = prop_oneof![
        round(),
        (talk(), asked()).prop_map(|(mut turns, asked)| {
            turns.push(asked);
            turns
        })
    ];
    let settings = (
        choice(),
        option::of(0_u8..4),
        option::of(select(vec![Effort::Low, Effort::Medium, Effort::High])),
        vec(words(), 0..2),
    );
    (option::of(words()), asked(), vec(middle, 0..4), settings).prop_map(
        |(system, first, middle, settings)| {
            let (tool_choice, quarters, effort, stop) = settings;
            let system =
                system.map(|text| Turn { role: Role::System, name: None, parts: vec![Part::text(text)] });
            let mut turns: Vec<_> =
                system.into_iter().chain([first]).chain(middle.into_iter().flatten()).collect();
            number(&mut turns);
            Chat {
                turns,
                tools: tools(),
                tool_choice,
                reasoning: effort.map(|effort| Reasoning {
                    mode: ReasoningMode::On,
                    effort: Some(effort),
                    budget: None,
                    is_shown: None,
                }),
                sampling: Sampling {
                    temperature: quarters.map(|count| f64::from(count) / 4.0),
                    ..Sampling::default()
                },
                max_output: Some(Tokens(20_000)),
                stop: stop.into_iter().map(Text::from).collect(),
                ..Chat::default()
            }
        },
    )
}

/// Gives every call an id of its own, and its result the same.
fn number(turns: &mut [Turn<'static>]) {
    let (mut calls, mut results) = (0, 0);
    for part in turns.iter_mut().flat_map(|turn| &mut turn.parts) {
        match &mut part.body {
            PartBody::ToolCall(call) => {
                call.id = format!("call_{calls}").into();
                calls += 1;
            }
            PartBody::ToolResult(result) => {
                result.call_id = format!("call_{results}").into();
                results += 1;
            }
            _ => {}
        }
    }
}

/// The bytes of a picture, in base64.
pub(crate) const PICTURE: &str = "iVBORw0KGgoPICTURE==";

/// A tool that was called and gave a picture.
pub(crate) fn with_picture_in_result() -> Chat<'static> {
    let media = Media::Base64 { media_type: "image/png".into(), data: PICTURE.into() };
    let picture = part(PartBody::Image(Image { media, detail: None }));
    let call = ToolCall {
        id: "call_0".into(),
        name: TOOLS[0].into(),
        namespace: None,
        arguments: "{}".into(),
        is_custom: false,
        seal: None,
    };
    let result = ToolResult {
        call_id: "call_0".into(),
        name: Some(TOOLS[0].into()),
        content: vec![Part::text("Here."), picture],
        is_error: false,
        is_custom: false,
    };
    let turn = |role, body| Turn { role, name: None, parts: vec![part(body)] };
    let asked = Turn { role: Role::User, name: None, parts: vec![Part::text("Look.")] };
    let turns = vec![
        asked,
        turn(Role::Assistant, PartBody::ToolCall(call)),
        turn(Role::User, PartBody::ToolResult(result)),
    ];
    Chat { turns, tools: tools(), max_output: Some(Tokens(9_000)), ..Chat::default() }
}

fn tools() -> Vec<Tool<'static>> {
    let schema = |place: usize| -> Json<'static> {
        Cow::Owned(RawValue::from_string(SCHEMAS[place % SCHEMAS.len()].to_owned()).unwrap())
    };
    let tool = |(place, name): (usize, &'static str)| Tool {
        name: name.into(),
        namespace: None,
        description: Some(format!("Does {place}.").into()),
        kind: ToolKind::Function { schema: Some(schema(place)), strict: None },
        cache: None,
    };
    TOOLS.into_iter().enumerate().map(tool).collect()
}
