//! Requests, read and written.

use paceway_domain::{Dialect, Tokens};

use super::support::{PLANNING, THINKING, read, write, written};
use crate::envelope::Envelope;
use crate::formats::cohere::Cohere;
use crate::formats::converse::tests::any::json;
use crate::formats::converse::tests::support::told;
use crate::formats::{Address, Format};
use crate::neutral::{
    AnswerForm, CacheMark, Chat, Detail, Document, DocumentSource, Effort, Image, Logprobs, Media, Part,
    PartBody, Reasoning, ReasoningMode, Role, Schema, Seal, ServiceTier, Tool, ToolCall, ToolChoice,
    ToolKind, ToolResult, Turn, WebSearch,
};

const FULL: &str = r#"{
    "model": "command-a-reasoning-08-2025",
    "stream": true,
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [
            {"type": "text", "text": "Look."},
            {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,aGk=", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}
        ]},
        {"role": "assistant", "tool_plan": "I look it up.", "tool_calls": [
            {"id": "find_1", "type": "function", "function": {"name": "find", "arguments": "{\"q\": 1}"}},
            {"id": "find_2", "type": "function", "function": {"name": "find", "arguments": ""}}
        ]},
        {"role": "tool", "tool_call_id": "find_1", "content": "found"},
        {"role": "tool", "tool_call_id": "find_2", "content": [
            {"type": "document", "document": {"id": "1", "data": {"title": "T", "n": 1}}},
            {"type": "document", "document": {"data": "words"}},
            {"type": "text", "text": "more"}
        ]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Seven."}],
            "citations": [{"start": 0, "end": 5, "text": "Seven"}]},
        {"role": "user", "content": "Go on."}
    ],
    "tools": [{"type": "function", "function": {"name": "find", "description": "Finds.", "parameters": {"type": "object"}}}],
    "strict_tools": true,
    "tool_choice": "REQUIRED",
    "thinking": {"type": "enabled", "token_budget": 500},
    "max_tokens": 1000, "temperature": 0.3, "p": 0.75, "k": 40, "seed": 7, "frequency_penalty": 0.5,
    "presence_penalty": 0.0, "stop_sequences": ["END"], "logprobs": true,
    "safety_mode": "STRICT", "priority": 3, "citation_options": {"mode": "FAST"}
}"#;

#[test]
fn a_full_request_is_read_in_every_part() {
    use Role::{Assistant, System, User};
    let (chat, changes) = read(FULL).unwrap();
    let roles: Vec<_> = chat.turns.iter().map(|turn| turn.role).collect();
    assert_eq!(roles, [System, User, Assistant, User, Assistant, User]);
    let PartBody::Image(image) = &chat.turns[1].parts[1].body else { panic!() };
    assert_eq!(image.media, Media::Base64 { media_type: "image/jpeg".into(), data: "aGk=".into() });
    assert_eq!(image.detail, Some(Detail::Low));
    assert!(
        matches!(&chat.turns[2].parts[0].body, PartBody::Thinking { text, .. } if text == "I look it up.")
    );
    assert_eq!(chat.turns[3].parts.len(), 2);
    let PartBody::ToolResult(result) = &chat.turns[3].parts[1].body else { panic!() };
    assert_eq!(
        format!("{:?}", result.content[0].body),
        r#"Text { text: "{\"title\": \"T\", \"n\": 1}", citations: [] }"#
    );
    assert!(matches!(chat.tools[0].kind, ToolKind::Function { strict: Some(true), .. }));
    assert_eq!(chat.tool_choice, Some(ToolChoice::Any));
    assert_eq!(chat.reasoning.unwrap().budget, Some(Tokens(500)));
    assert_eq!(
        (chat.sampling.top_p, chat.sampling.top_k, chat.sampling.seed),
        (Some(0.75), Some(40), Some(7))
    );
    assert!(chat.stream);
    insta::assert_snapshot!(told("", &[&changes]), @r"
    hint safety_mode: it has no counterpart
    hint priority: it has no counterpart
    hint citation_options: it has no counterpart
    ");
}

#[test]
fn a_full_request_comes_out_as_it_went_in() {
    let (chat, _) = read(FULL).unwrap();
    insta::assert_snapshot!(written(&chat, THINKING), @r#"{"model":"command-a-reasoning-08-2025","stream":true,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Look."},{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,aGk=","detail":"low"}},{"type":"image_url","image_url":{"url":"https://a.example/b.png"}}]},{"role":"assistant","content":[{"type":"thinking","thinking":"I look it up."}],"tool_calls":[{"id":"find_1","type":"function","function":{"name":"find","arguments":"{\"q\": 1}"}},{"id":"find_2","type":"function","function":{"name":"find","arguments":"{}"}}]},{"role":"tool","tool_call_id":"find_1","content":"found"},{"role":"tool","tool_call_id":"find_2","content":[{"type":"text","text":"{\"title\": \"T\", \"n\": 1}"},{"type":"text","text":"words"},{"type":"text","text":"more"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"Hm."},{"type":"text","text":"Seven."}]},{"role":"user","content":"Go on."}],"tools":[{"type":"function","function":{"name":"find","description":"Finds.","parameters":{"type": "object"}}}],"strict_tools":true,"tool_choice":"REQUIRED","thinking":{"type":"enabled","token_budget":500},"temperature":0.3,"p":0.75,"presence_penalty":0.0,"frequency_penalty":0.5,"k":40,"seed":7,"logprobs":true,"max_tokens":1000,"stop_sequences":["END"]}"#);
}

#[test]
fn texts_and_files_are_borrowed_from_the_body() {
    let (chat, _) = read(FULL).unwrap();
    let PartBody::Image(image) = &chat.turns[1].parts[1].body else { panic!() };
    let Media::Base64 { data, .. } = &image.media else { panic!() };
    assert_eq!(data.lent(), Some("aGk="));
}

#[test]
fn what_no_other_provider_has_is_noted_and_defaults_are_not() {
    let (chat, changes) = read(
        r#"{"model":"m","messages":[{"role":"user","content":"x"},{"role":"user","content":" "}],"documents":["d"],
            "unheard":1,"raw_prompting":null,"tools":[],"k":0,"logprobs":false,"response_format":{"type":"text"}}"#,
    )
    .unwrap();
    assert_eq!(chat.turns.len(), 1);
    assert_eq!(chat.sampling.top_k, None);
    insta::assert_snapshot!(told("", &[&changes]), @r"
    LOST documents: no other provider takes documents beside the conversation
    LOST unheard: it cannot be carried over to another provider's API
    ");
}

#[test]
fn forms_of_answers_are_read() {
    let form = |format: &str| {
        let body = format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],"response_format":{format}}}"#
        );
        format!("{:?}", read(&body).unwrap().0.form)
    };
    assert_eq!(form(r#"{"type":"json_object"}"#), "Json");
    assert!(form(r#"{"type":"json_object","json_schema":{"type":"object"}}"#).starts_with("Schema"));
    assert!(form(r#"{"type":"json_object","schema":{"type":"object"}}"#).starts_with("Schema"));
}

#[test]
fn another_models_name_is_spliced_in_and_nothing_else() {
    let body = bytes::Bytes::from_static(br#"{"model":"a", "messages":[1], "unheard": {"x":  1}}"#);
    let envelope = Envelope::parse(&body).unwrap();
    let summary = Cohere.summary(&envelope, &Address::default()).unwrap();
    assert_eq!(Cohere.forward(&envelope, &summary, &body, "a"), body);
    assert_eq!(
        Cohere.forward(&envelope, &summary, &body, "b\""),
        &br#"{"model":"b\"", "messages":[1], "unheard": {"x":  1}}"#[..]
    );
}

fn turn(role: Role, parts: Vec<Part<'_>>) -> Turn<'_> {
    Turn { role, name: None, parts }
}

fn user(text: &str) -> Turn<'_> {
    turn(Role::User, vec![Part::text(text)])
}

fn call(id: &'static str, arguments: &'static str) -> Part<'static> {
    Part::new(PartBody::ToolCall(ToolCall {
        id: id.into(),
        name: "find".into(),
        namespace: None,
        arguments: arguments.into(),
        is_custom: false,
        seal: None,
    }))
}

fn result<'a>(id: &'static str, content: Vec<Part<'a>>, is_error: bool) -> Part<'a> {
    let result = ToolResult { call_id: id.into(), name: None, content, is_error, is_custom: false };
    Part::new(PartBody::ToolResult(result))
}

fn tool(name: &'static str, strict: Option<bool>) -> Tool<'static> {
    let kind = ToolKind::Function { schema: None, strict };
    Tool { name: name.into(), namespace: None, description: Some(" ".into()), kind, cache: None }
}

fn thought(text: &'static str, seal: Option<Seal<'static>>) -> Part<'static> {
    Part::new(PartBody::Thinking { text: text.into(), seal })
}

#[test]
fn results_are_messages_of_their_own_before_the_words() {
    let chat = Chat {
        turns: vec![
            turn(Role::Assistant, vec![call("a", ""), call("b", "{}")]),
            turn(
                Role::User,
                vec![
                    Part::text("Meanwhile"),
                    result("a", vec![], false),
                    result("b", vec![Part::text("x")], true),
                ],
            ),
        ],
        ..Chat::default()
    };
    insta::assert_snapshot!(written(&chat, PLANNING), @r#"
    {"model":"command-a-03-2025","stream":false,"messages":[{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"find","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"find","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"(empty)"},{"role":"tool","tool_call_id":"b","content":[{"type":"text","text":"The tool failed."},{"type":"text","text":"x"}]},{"role":"user","content":"Meanwhile"}]}
    adapted messages.1.content.1: an empty result is said in words
    adapted messages.1.content.2: that the tool failed is said in words
    "#);
}

#[test]
fn thoughts_are_told_as_each_model_takes_them() {
    let foreign = Seal { by: Dialect::Anthropic, data: "c2ln".into() };
    let chat = Chat {
        turns: vec![
            user("x"),
            turn(
                Role::Assistant,
                vec![thought("One.", None), Part::text("Hm."), thought("Two.", None), call("a", "")],
            ),
            turn(Role::User, vec![result("a", vec![Part::text("y")], false)]),
            turn(
                Role::Assistant,
                vec![thought("Three.", None), thought("F", Some(foreign)), Part::text("z")],
            ),
            turn(Role::Assistant, vec![thought("Alone.", None)]),
        ],
        ..Chat::default()
    };
    insta::assert_snapshot!(written(&chat, THINKING), @r#"
    {"model":"command-a-reasoning-08-2025","stream":false,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"One."},{"type":"text","text":"Hm."},{"type":"thinking","thinking":"Two."}],"tool_calls":[{"id":"a","type":"function","function":{"name":"find","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"y"},{"role":"assistant","content":[{"type":"thinking","thinking":"Three."},{"type":"text","text":"z"}]}]}
    hint messages.3.content.1: a thought goes back only to the model that had it
    "#);
    insta::assert_snapshot!(written(&chat, PLANNING), @r#"
    {"model":"command-a-03-2025","stream":false,"messages":[{"role":"user","content":"x"},{"role":"assistant","tool_plan":"One.\nTwo.","content":"Hm.","tool_calls":[{"id":"a","type":"function","function":{"name":"find","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"y"},{"role":"assistant","content":"z"}]}
    hint messages.3.content.1: a thought goes back only to the model that had it
    hint messages.3.content: this model takes no thoughts back
    hint messages.4.content: this model takes no thoughts back
    "#);
}

#[test]
fn files_are_sent_as_pictures_or_words() {
    let document = |source, title: Option<&'static str>| {
        Part::new(PartBody::Document(Document {
            source,
            title: title.map(Into::into),
            context: None,
            wants_citations: title.is_some(),
        }))
    };
    let base64 =
        |media_type: &'static str| Media::Base64 { media_type: media_type.into(), data: "aGk=".into() };
    let image = |media| Part::new(PartBody::Image(Image { media, detail: Some(Detail::Original) }));
    let chat = Chat {
        turns: vec![turn(
            Role::User,
            vec![
                image(base64("image/png")),
                image(Media::Url { url: "s3://a/b".into(), media_type: None }),
                document(DocumentSource::Text("words".into()), Some("Title")),
                document(DocumentSource::Media(base64("text/plain")), None),
                document(DocumentSource::Media(base64("application/pdf")), None),
                Part::new(PartBody::Audio(base64("audio/wav"))),
            ],
        )],
        ..Chat::default()
    };
    insta::assert_snapshot!(written(&chat, PLANNING), @r#"
    {"model":"command-a-03-2025","stream":false,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk=","detail":"high"}},{"type":"text","text":"Title\n\nwords"},{"type":"text","text":"hi"}]}]}
    adapted messages.0.content.0.detail: high is the most
    LOST messages.0.content.1: Cohere fetches pictures only from the web
    LOST messages.0.content.2.citations: Cohere cites no documents of a conversation
    adapted messages.0.content.2: sent as a text
    adapted messages.0.content.3: sent as a text
    LOST messages.0.content.4: Cohere takes documents only as texts
    LOST messages.0.content.5: Cohere takes no recordings and no films
    "#);
}

#[test]
fn a_document_with_pictures_is_sent_as_its_words_and_pictures() {
    let media = Media::Base64 { media_type: "image/png".into(), data: "aGk=".into() };
    let parts = vec![
        Part::text("before"),
        Part::new(PartBody::Image(Image { media: media.clone(), detail: None })),
        Part::new(PartBody::Audio(media)),
    ];
    let document = Document {
        source: DocumentSource::Parts(parts),
        title: Some("Title".into()),
        context: None,
        wants_citations: true,
    };
    let chat = Chat {
        turns: vec![turn(Role::User, vec![Part::new(PartBody::Document(document))])],
        ..Chat::default()
    };
    let written = written(&chat, PLANNING);
    let (title, words) = (r#"{"type":"text","text":"Title"}"#, r#"{"type":"text","text":"before"}"#);
    assert!(written.contains(&format!("{title},{words},{{\"type\":\"image_url\"")), "{written}");
    assert!(written.contains("LOST messages.0.content.0.citations"), "{written}");
    assert!(written.contains("adapted messages.0.content.0: sent as texts and pictures"), "{written}");
    assert!(written.contains("LOST messages.0.content.0: Cohere takes documents only as"), "{written}");
}

/// What a body says behind its messages, and what changed.
fn said(chat: &Chat<'_>, model: &str) -> String {
    let (body, changes) = write(chat, model).unwrap();
    told(body.split_once("}],").map_or("}", |(_, rest)| rest), &[&changes])
}

#[test]
fn tools_are_chosen_by_declaring_no_others() {
    let chat = |tool_choice, stricts: [Option<bool>; 2]| Chat {
        turns: vec![user("x")],
        tools: vec![tool("find", stricts[0]), tool("look", stricts[1])],
        tool_choice: Some(tool_choice),
        ..Chat::default()
    };
    let none = [None, None];
    let among = |is_required| ToolChoice::Among { names: vec!["look".into()], is_required };
    let all = [
        said(&chat(ToolChoice::Auto, [Some(true), None]), PLANNING),
        said(&chat(ToolChoice::Any, [Some(true), Some(true)]), PLANNING),
        said(&chat(ToolChoice::None, none), PLANNING),
        said(&chat(ToolChoice::Named("find".into()), none), PLANNING),
        said(&chat(among(false), none), PLANNING),
        said(&chat(among(true), none), PLANNING),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    "tools":[{"type":"function","function":{"name":"find","parameters":{"type":"object","properties":{}}}},{"type":"function","function":{"name":"look","parameters":{"type":"object","properties":{}}}}]}
    hint tools.strict: Cohere is strict with all tools or with none
    "tools":[{"type":"function","function":{"name":"find","parameters":{"type":"object","properties":{}}}},{"type":"function","function":{"name":"look","parameters":{"type":"object","properties":{}}}}],"strict_tools":true,"tool_choice":"REQUIRED"}
    "tools":[{"type":"function","function":{"name":"find","parameters":{"type":"object","properties":{}}}},{"type":"function","function":{"name":"look","parameters":{"type":"object","properties":{}}}}],"tool_choice":"NONE"}
    "tools":[{"type":"function","function":{"name":"find","parameters":{"type":"object","properties":{}}}}],"tool_choice":"REQUIRED"}
    adapted tool_choice: only the tools that are allowed are declared
    "tools":[{"type":"function","function":{"name":"look","parameters":{"type":"object","properties":{}}}}]}
    adapted tool_choice: only the tools that are allowed are declared
    "tools":[{"type":"function","function":{"name":"look","parameters":{"type":"object","properties":{}}}}],"tool_choice":"REQUIRED"}
    adapted tool_choice: only the tools that are allowed are declared
    "#);
}

#[test]
fn thinking_has_a_budget_where_a_model_thinks() {
    use ReasoningMode::{Adaptive, Off, On};
    let chat = |mode, effort, budget: Option<u64>, max_output: Option<u64>| Chat {
        turns: vec![user("x")],
        reasoning: Some(Reasoning { mode, effort, budget: budget.map(Tokens), is_shown: None }),
        max_output: max_output.map(Tokens),
        ..Chat::default()
    };
    let all = [
        said(&chat(On, None, None, None), THINKING).replace("}]", ""),
        said(&chat(Adaptive, Some(Effort::Medium), None, None), THINKING),
        said(&chat(On, None, Some(5000), Some(2000)), THINKING),
        said(&chat(Off, None, None, Some(9)), THINKING),
        said(&chat(On, Some(Effort::Low), None, Some(9)), PLANNING),
        said(&chat(Off, None, None, Some(9)), PLANNING),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    "thinking":{"type":"enabled"}}
    "thinking":{"type":"enabled","token_budget":4096}}
    "thinking":{"type":"enabled","token_budget":1999},"max_tokens":2000}
    adapted reasoning.budget: at least 1 and less than the output bound
    "thinking":{"type":"disabled"},"max_tokens":9}
    "max_tokens":9}
    LOST reasoning: this model does not think
    "max_tokens":9}
    "#);
}

#[test]
fn numbers_are_moved_into_their_ranges() {
    let mut chat = Chat { turns: vec![user("x")], ..Chat::default() };
    chat.sampling.temperature = Some(1.5);
    chat.sampling.top_p = Some(1.0);
    chat.sampling.top_k = Some(900);
    chat.sampling.presence_penalty = Some(-0.5);
    chat.sampling.frequency_penalty = Some(0.5);
    chat.sampling.seed = Some(-7);
    chat.sampling.logprobs = Some(Logprobs { top: 5 });
    insta::assert_snapshot!(said(&chat, PLANNING), @r#"
    "temperature":1.5,"p":0.99,"presence_penalty":0.0,"frequency_penalty":0.5,"k":500,"seed":7,"logprobs":true}
    adapted top_p: 0.99 in place of 1
    adapted presence_penalty: 0 in place of -0.5
    adapted top_k: 500 in place of 900
    adapted seed: without its sign
    LOST top_logprobs: Cohere tells no alternatives
    "#);
}

#[test]
fn a_form_is_sent_where_there_are_no_tools() {
    let schema = Schema {
        name: Some("out".into()),
        description: None,
        schema: json(r#"{"type":"object"}"#),
        strict: Some(true),
    };
    let mut chat = Chat { turns: vec![user("x")], form: AnswerForm::Schema(schema), ..Chat::default() };
    let format = r#""response_format":{"type":"json_object","json_schema":{"type":"object"}}}"#;
    assert_eq!(said(&chat, PLANNING), format);
    chat.tools = vec![tool("find", None)];
    assert!(said(&chat, PLANNING).ends_with("\nLOST response_format: Cohere takes none beside tools"));
    chat.tools.clear();
    chat.form = AnswerForm::Json;
    assert_eq!(said(&chat, PLANNING), r#""response_format":{"type":"json_object"}}"#);
}

#[test]
fn what_has_no_place_is_lost_or_a_hint_and_defaults_are_neither() {
    let mut chat = Chat { turns: vec![user("x")], ..Chat::default() };
    chat.answers = Some(1);
    chat.service_tier = Some(ServiceTier::Auto);
    assert_eq!(said(&chat, PLANNING), "}");
    chat.answers = Some(2);
    chat.verbosity = Some("low".into());
    chat.user = Some("u".into());
    chat.cache_key = Some("k".into());
    chat.service_tier = Some(ServiceTier::Flex);
    chat.sampling.logit_bias = Some(json("{}"));
    chat.turns[0].name = Some("Ann".into());
    chat.turns[0].parts[0].cache = Some(CacheMark::OneHour);
    chat.parallel_tools = Some(false);
    chat.tools = vec![
        tool("find", None),
        Tool { kind: ToolKind::WebSearch(WebSearch::default()), ..tool("search", None) },
        Tool { kind: ToolKind::Hosted { kind: "code".into() }, ..tool("code", None) },
    ];
    insta::assert_snapshot!(said(&chat, PLANNING), @r#"
    "tools":[{"type":"function","function":{"name":"find","parameters":{"type":"object","properties":{}}}}]}
    LOST messages.0.name: Cohere has no names of speakers
    hint cache_control: Cohere caches of its own accord
    LOST tools.1: Cohere has no search of the web
    LOST tools.2: Cohere does not run `code`
    LOST parallel_tools: Cohere cannot be told to call one tool at a time
    LOST logit_bias: Cohere has none
    LOST answers: Cohere has none
    LOST verbosity: Cohere has none
    hint user: Cohere has none
    hint cache_key: Cohere has none
    hint service_tier: Cohere has none
    "#);
}

#[test]
fn what_cannot_be_sent_at_all_is_refused() {
    let why = |chat: &Chat<'_>| write(chat, PLANNING).unwrap_err().to_string();
    let system = Chat { turns: vec![turn(Role::System, vec![Part::text("x")])], ..Chat::default() };
    assert!(why(&system).starts_with("messages: Cohere needs at least one message"));
    let stop = ["a", "b", "c", "d", "e", "f"].map(Into::into).to_vec();
    let chat = Chat { turns: vec![user("x")], stop, ..Chat::default() };
    assert_eq!(why(&chat), "stop: Cohere takes at most 5 stop sequences");
}
