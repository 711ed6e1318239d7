//! Requests of clients, read.

use super::*;
use crate::neutral::{ReasoningMode, Role};

#[test]
fn a_text_alone_is_one_turn_of_the_user() {
    let body = r#"{"model":"m","input":"Hello","instructions":"Be brief."}"#;
    let (chat, changes) = read(body).unwrap();
    insta::assert_snapshot!(lines(&chat.turns), @r#"
    Turn { role: System, name: None, parts: [Part { body: Text { text: "Be brief.", citations: [] }, cache: None }] }
    Turn { role: User, name: None, parts: [Part { body: Text { text: "Hello", citations: [] }, cache: None }] }
    "#);
    assert!(changes.is_empty(), "{changes}");
}

#[test]
fn what_the_model_did_in_one_go_is_one_turn_and_so_are_results() {
    let body = with_input(
        r#"[
        {"role":"user","content":"Weather in Oslo and Rome?"},
        {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Two"},{"type":"summary_text","text":"calls"}],"encrypted_content":"gAAA=="},
        {"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Looking.","annotations":[],"logprobs":[]}]},
        {"type":"function_call","id":"fc_1","call_id":"call_1","name":"weather","arguments":"{\"city\":\"Oslo\"}","status":"completed"},
        {"type":"function_call","id":"fc_2","call_id":"call_2","name":"weather","namespace":"geo","arguments":"{}"},
        {"type":"custom_tool_call","id":"ctc_3","call_id":"call_3","name":"shell","input":"ls"},
        {"type":"function_call_output","call_id":"call_1","output":"3 °C"},
        {"type":"function_call_output","call_id":"call_2","output":[{"type":"input_text","text":"20 °C"},{"type":"input_image","image_url":"data:image/jpg;base64,AAAA","detail":"low"}]},
        {"type":"custom_tool_call_output","call_id":"call_3","output":""},
        {"role":"user","content":"And tomorrow?"}
    ]"#,
    );
    let (chat, changes) = read(&body).unwrap();
    insta::assert_snapshot!(lines(&chat.turns), @r#"
    Turn { role: User, name: None, parts: [Part { body: Text { text: "Weather in Oslo and Rome?", citations: [] }, cache: None }] }
    Turn { role: Assistant, name: None, parts: [Part { body: Thinking { text: "Two\n\ncalls", seal: Some(Seal { by: Responses, data: "rs_1|gAAA==" }) }, cache: None }, Part { body: Text { text: "Looking.", citations: [] }, cache: None }, Part { body: ToolCall(ToolCall { id: "call_1", name: "weather", namespace: None, arguments: "{\"city\":\"Oslo\"}", is_custom: false, seal: None }), cache: None }, Part { body: ToolCall(ToolCall { id: "call_2", name: "weather", namespace: Some("geo"), arguments: "{}", is_custom: false, seal: None }), cache: None }, Part { body: ToolCall(ToolCall { id: "call_3", name: "shell", namespace: None, arguments: "ls", is_custom: true, seal: None }), cache: None }] }
    Turn { role: User, name: None, parts: [Part { body: ToolResult(ToolResult { call_id: "call_1", name: None, content: [Part { body: Text { text: "3 °C", citations: [] }, cache: None }], is_error: false, is_custom: false }), cache: None }, Part { body: ToolResult(ToolResult { call_id: "call_2", name: None, content: [Part { body: Text { text: "20 °C", citations: [] }, cache: None }, Part { body: Image(Image { media: Base64 { media_type: "image/jpeg", data: "AAAA" }, detail: Some(Low) }), cache: None }], is_error: false, is_custom: false }), cache: None }, Part { body: ToolResult(ToolResult { call_id: "call_3", name: None, content: [], is_error: false, is_custom: true }), cache: None }] }
    Turn { role: User, name: None, parts: [Part { body: Text { text: "And tomorrow?", citations: [] }, cache: None }] }
    "#);
    assert!(changes.is_empty(), "{changes}");
}

#[test]
fn what_sdks_add_to_an_answer_and_send_back_is_no_hindrance() {
    let body = with_input(
        r#"[
        {"type":"message","role":"assistant","content":[{"type":"output_text","text":"{}","annotations":[],"parsed":{}}]},
        {"type":"function_call","call_id":"call_1","name":"read","arguments":"{}","parsed_arguments":{}},
        {"type":"function_call_output","call_id":"call_1","output":"3 °C"}
    ]"#,
    );
    let (_, changes) = read(&body).unwrap();
    assert!(changes.check(false).is_ok(), "{changes}");
}

#[test]
fn a_message_may_hold_every_kind_of_content() {
    let body = with_input(
        r#"[{"type":"message","role":"user","content":[
        {"type":"input_text","text":"Compare","prompt_cache_breakpoint":{"mode":"explicit","ttl":"12h"}},
        {"type":"input_text","text":"  "},
        {"type":"input_image","image_url":"https://example.org/a.png","detail":"original"},
        {"type":"input_image","file_id":"file-1","detail":"auto"},
        {"type":"input_file","filename":"a.pdf","file_data":"data:application/PDF;name=x;base64,JVBERi0="},
        {"type":"input_file","filename":"b.csv","file_data":"YSxi"},
        {"type":"input_file","file_url":"https://example.org/c.pdf"},
        {"type":"input_file","file_id":"file-2"},
        {"type":"input_audio","input_audio":{"data":"AAAA","format":"mp3"}}
    ]},
    {"role":"assistant","phase":"final_answer","content":[
        {"type":"output_text","text":"Done","annotations":[
            {"type":"url_citation","start_index":0,"end_index":4,"title":"T","url":"https://example.org"},
            {"type":"file_citation","file_id":"file-3","filename":"n.txt","index":2},
            {"type":"file_path","file_id":"file-4","index":1}]},
        {"type":"refusal","refusal":"No more."}
    ]}]"#,
    );
    let (chat, changes) = read(&body).unwrap();
    insta::assert_snapshot!(lines(&chat.turns.iter().flat_map(|turn| &turn.parts).collect::<Vec<_>>()), @r#"
    Part { body: Text { text: "Compare", citations: [] }, cache: Some(OneHour) }
    Part { body: Image(Image { media: Url { url: "https://example.org/a.png", media_type: None }, detail: Some(Original) }), cache: None }
    Part { body: Image(Image { media: File { at: Responses, id: "file-1" }, detail: Some(Auto) }), cache: None }
    Part { body: Document(Document { source: Media(Base64 { media_type: "application/pdf", data: "JVBERi0=" }), title: Some("a.pdf"), context: None, wants_citations: false }), cache: None }
    Part { body: Document(Document { source: Media(Base64 { media_type: "text/csv", data: "YSxi" }), title: Some("b.csv"), context: None, wants_citations: false }), cache: None }
    Part { body: Document(Document { source: Media(Url { url: "https://example.org/c.pdf", media_type: None }), title: None, context: None, wants_citations: false }), cache: None }
    Part { body: Document(Document { source: Media(File { at: Responses, id: "file-2" }), title: None, context: None, wants_citations: false }), cache: None }
    Part { body: Audio(Base64 { media_type: "audio/mpeg", data: "AAAA" }), cache: None }
    Part { body: Text { text: "Done", citations: [Citation { url: Some("https://example.org"), title: Some("T"), quoted: None, place: Some((0, 4)) }, Citation { url: None, title: Some("n.txt"), quoted: None, place: None }] }, cache: None }
    Part { body: Refusal("No more."), cache: None }
    "#);
    insta::assert_snapshot!(told(&changes), @"Hint input.phase: it has no counterpart");
}

#[test]
fn developers_speak_for_the_system_wherever_they_stand() {
    let body = with_input(
        r#"[{"role":"developer","content":"A"},{"role":"user","content":"B"},{"role":"system","content":"C"}]"#,
    );
    let (chat, _) = read(&body).unwrap();
    let roles: Vec<_> = chat.turns.iter().map(|turn| turn.role).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::System]);
}

#[test]
fn a_thought_of_another_provider_comes_back_as_its_own() {
    let body = with_input(
        r#"[{"role":"user","content":"Q"},
        {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Hm"}],"encrypted_content":"paceway.anthropic.SIG"},
        {"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"paceway.anthropic.EMPTY"},
        {"type":"reasoning","id":"rs_3","summary":[],"encrypted_content":"redacted.paceway.anthropic.HIDDEN"},
        {"type":"reasoning","id":"rs_4","summary":[],"encrypted_content":"gAAAOWN"},
        {"type":"reasoning","id":"rs_5","summary":[],"content":[{"type":"reasoning_text","text":"aloud"}],"encrypted_content":null},
        {"type":"reasoning","id":"rs_6","summary":[]},
        {"type":"function_call","call_id":"call_1__pw_Z2VtaW5pLlNJRw","name":"f","arguments":""},
        {"type":"function_call_output","call_id":"call_1__pw_Z2VtaW5pLlNJRw","output":"ok"}]"#,
    );
    let (chat, _) = read(&body).unwrap();
    insta::assert_snapshot!(lines(&chat.turns.iter().flat_map(|turn| &turn.parts).collect::<Vec<_>>()), @r#"
    Part { body: Text { text: "Q", citations: [] }, cache: None }
    Part { body: Thinking { text: "Hm", seal: Some(Seal { by: Anthropic, data: "SIG" }) }, cache: None }
    Part { body: Thinking { text: "", seal: Some(Seal { by: Anthropic, data: "EMPTY" }) }, cache: None }
    Part { body: Redacted(Seal { by: Anthropic, data: "HIDDEN" }), cache: None }
    Part { body: Redacted(Seal { by: Responses, data: "rs_4|gAAAOWN" }), cache: None }
    Part { body: Thinking { text: "aloud", seal: None }, cache: None }
    Part { body: ToolCall(ToolCall { id: "call_1", name: "f", namespace: None, arguments: "", is_custom: false, seal: Some(Seal { by: Gemini, data: "SIG" }) }), cache: None }
    Part { body: ToolResult(ToolResult { call_id: "call_1", name: None, content: [Part { body: Text { text: "ok", citations: [] }, cache: None }], is_error: false, is_custom: false }), cache: None }
    "#);
}

#[test]
fn tools_of_every_kind_are_read() {
    let body = r#"{"model":"m","input":"Q","tools":[
        {"type":"function","name":"f","description":"F","parameters":{"type":"object","properties":{}},"strict":true,"defer_loading":true},
        {"type":"function","name":"g","parameters":null},
        {"type":"custom","name":"patch","format":{"type":"grammar","syntax":"lark","definition":"start: \"text\""}},
        {"type":"custom","name":"note","format":{"type":"text"}},
        {"type":"namespace","name":"mcp__git","description":"Git","tools":[{"type":"function","name":"log","parameters":{}},{"type":"custom","name":"f"}]},
        {"type":"web_search","external_web_access":false,"search_context_size":"low","filters":{"allowed_domains":["a.org"]},"user_location":{"type":"approximate","city":"Oslo"}},
        {"type":"file_search","vector_store_ids":["vs_1"]},
        {"type":"mcp","server_label":"x","server_url":"https://example.org"}
    ],"tool_choice":"required","parallel_tool_calls":false}"#;
    let (chat, changes) = read(body).unwrap();
    insta::assert_snapshot!(lines(&chat.tools), @r#"
    Tool { name: "f", namespace: None, description: Some("F"), kind: Function { schema: Some(RawValue({"type":"object","properties":{}})), strict: Some(true) }, cache: None }
    Tool { name: "g", namespace: None, description: None, kind: Function { schema: None, strict: None }, cache: None }
    Tool { name: "patch", namespace: None, description: None, kind: Custom { format: Some(RawValue({"type":"grammar","syntax":"lark","definition":"start: \"text\""})) }, cache: None }
    Tool { name: "note", namespace: None, description: None, kind: Custom { format: None }, cache: None }
    Tool { name: "log", namespace: Some("mcp__git"), description: None, kind: Function { schema: Some(RawValue({})), strict: None }, cache: None }
    Tool { name: "f", namespace: Some("mcp__git"), description: None, kind: Custom { format: None }, cache: None }
    Tool { name: "web_search", namespace: None, description: None, kind: WebSearch(WebSearch { max_uses: None, allowed_domains: ["a.org"], blocked_domains: [], user_location: Some(RawValue({"type":"approximate","city":"Oslo"})) }), cache: None }
    Tool { name: "file_search", namespace: None, description: None, kind: Hosted { kind: "file_search" }, cache: None }
    Tool { name: "x", namespace: None, description: None, kind: Hosted { kind: "mcp" }, cache: None }
    "#);
    insta::assert_snapshot!(told(&changes), @r#"
    Hint tools.0.defer_loading: it has no counterpart
    Hint tools.4.description: it has no counterpart
    Hint tools.5.external_web_access: it has no counterpart
    Hint tools.5.search_context_size: it has no counterpart
    "#);
    assert_eq!((chat.parallel_tools, format!("{:?}", chat.tool_choice)), (Some(false), "Some(Any)".into()));
}

#[test]
fn tools_among_the_items_are_tools_from_the_beginning() {
    let body = r#"{"model":"m","tools":[{"type":"function","name":"f","parameters":{}}],"input":[
        {"role":"user","content":"Q"},
        {"type":"tool_search_call","id":"ts_1","arguments":{"q":"git"},"execution":"client"},
        {"type":"tool_search_output","tools":[{"type":"function","name":"f","parameters":{}},{"type":"function","name":"g","parameters":{}}]},
        {"type":"additional_tools","role":"developer","tools":[{"type":"custom","name":"h"}]}]}"#;
    let (chat, changes) = read(body).unwrap();
    let names: Vec<_> = chat.tools.iter().map(|tool| tool.name.as_ref()).collect();
    assert_eq!(names, ["f", "g", "h"]);
    insta::assert_snapshot!(told(&changes), @r#"
    Hint input.1: `tool_search_call` is a tool's doing that only OpenAI has
    Adapted input.2: its tools are sent from the beginning
    Adapted input.3: its tools are sent from the beginning
    "#);
}

#[test]
fn a_choice_of_tools_has_many_forms() {
    let choices = [
        r#""auto""#,
        r#""none""#,
        r#"{"type":"function","name":"f"}"#,
        r#"{"type":"custom","name":"c"}"#,
        r#"{"type":"web_search_preview"}"#,
        r#"{"type":"file_search"}"#,
        r#"{"type":"mcp","server_label":"s","name":"t"}"#,
        r#"{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"},{"type":"web_search"}]}"#,
    ];
    let read: Vec<_> = choices
        .map(|choice| format!(r#"{{"model":"m","input":"Q","tool_choice":{choice}}}"#))
        .iter()
        .map(|body| read(body).unwrap().0.tool_choice.map(|choice| format!("{choice:?}")))
        .collect();
    insta::assert_snapshot!(lines(&read), @r#"
    Some("Auto")
    Some("None")
    Some("Named(\"f\")")
    Some("Named(\"c\")")
    Some("Named(\"web_search\")")
    Some("Named(\"file_search\")")
    Some("Named(\"s\")")
    Some("Among { names: [\"f\", \"web_search\"], is_required: true }")
    "#);
}

#[test]
// tidy: long because it holds a snapshot
fn settings_are_read_and_what_has_no_counterpart_is_noted() {
    let body = r#"{"model":"m","input":"Q","stream":true,"max_output_tokens":100,"temperature":0.5,"top_p":0.9,
        "top_logprobs":3,"include":["message.output_text.logprobs","reasoning.encrypted_content","file_search_call.results"],
        "text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true,"description":"d"},"verbosity":"low"},
        "reasoning":{"effort":"xhigh","summary":"auto","context":"auto","mode":"pro"},
        "user":"u","safety_identifier":"s","prompt_cache_key":"k","service_tier":"flex","truncation":"auto","background":true,
        "store":true,"metadata":{"a":"b"},"max_tool_calls":3,"stream_options":{"include_obfuscation":false},
        "client_metadata":{"x":"y"},"prompt":{"id":"p"},"never_heard_of":1,"previous_response_id":null}"#;
    let (chat, changes) = read(body).unwrap();
    insta::assert_snapshot!(format!("{:#?}", Chat { turns: Vec::new(), ..chat }), @r#"
    Chat {
        turns: [],
        tools: [],
        tool_choice: None,
        parallel_tools: None,
        form: Schema(
            Schema {
                name: Some(
                    "n",
                ),
                description: Some(
                    "d",
                ),
                schema: RawValue(
                    {"type":"object"},
                ),
                strict: Some(
                    true,
                ),
            },
        ),
        reasoning: Some(
            Reasoning {
                mode: On,
                effort: Some(
                    ExtraHigh,
                ),
                budget: None,
                is_shown: Some(
                    true,
                ),
            },
        ),
        sampling: Sampling {
            temperature: Some(
                0.5,
            ),
            top_p: Some(
                0.9,
            ),
            top_k: None,
            presence_penalty: None,
            frequency_penalty: None,
            seed: None,
            logit_bias: None,
            logprobs: Some(
                Logprobs {
                    top: 3,
                },
            ),
        },
        max_output: Some(
            Tokens(
                100,
            ),
        ),
        stop: [],
        answers: None,
        verbosity: Some(
            "low",
        ),
        user: Some(
            "u",
        ),
        cache_key: Some(
            "k",
        ),
        service_tier: Some(
            Flex,
        ),
        stream: true,
    }
    "#);
    insta::assert_snapshot!(told(&changes), @r#"
    Hint include.2: it tells more of tools that only OpenAI has
    Lost reasoning.mode: other APIs have one mode
    Hint reasoning.context: it has no counterpart
    Lost truncation: other APIs do not shorten a conversation
    Lost background: other APIs answer only while the caller waits
    Hint store: other APIs keep no answers
    Hint safety_identifier: it has no counterpart
    Hint metadata: it has no counterpart
    Hint max_tool_calls: it has no counterpart
    Hint stream_options: it has no counterpart
    Hint client_metadata: it has no counterpart
    Lost prompt: it cannot be carried over to another provider's API
    Lost never_heard_of: it cannot be carried over to another provider's API
    "#);
}

#[test]
fn defaults_say_nothing() {
    let body = r#"{"model":"m","input":"Q","tools":[],"store":false,"background":false,"truncation":"disabled","include":[],
        "text":{"format":{"type":"text"}},"reasoning":{"effort":null,"summary":null},"top_logprobs":0,"metadata":null}"#;
    let (chat, changes) = read(body).unwrap();
    assert!(changes.is_empty(), "{changes}");
    assert!(chat.reasoning.is_none() && chat.sampling.logprobs.is_none());
}

#[test]
fn an_effort_says_whether_the_model_thinks_at_all() {
    let mode = |reasoning: &str| {
        let body = format!(r#"{{"model":"m","input":"Q","reasoning":{reasoning}}}"#);
        read(&body).unwrap().0.reasoning.map(|reasoning| (reasoning.mode, reasoning.is_shown))
    };
    assert_eq!(mode(r#"{"effort":"none"}"#), Some((ReasoningMode::Off, None)));
    assert_eq!(mode(r#"{"effort":"low"}"#), Some((ReasoningMode::On, None)));
    assert_eq!(mode(r#"{"generate_summary":"concise"}"#), Some((ReasoningMode::Adaptive, Some(true))));
}

#[test]
fn what_tools_of_openai_did_is_a_hint_and_what_cannot_be_replaced_is_lost() {
    let body = with_input(
        r#"[{"role":"user","content":"Q"},
        {"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}},
        {"type":"compaction","id":"cmp_1","encrypted_content":"gAAA"},
        {"type":"shell_call_output","call_id":"c","output":[]},
        {"role":"assistant","content":[{"type":"output_hologram","x":1}]}]"#,
    );
    let (chat, changes) = read(&body).unwrap();
    assert_eq!(chat.turns.len(), 1);
    insta::assert_snapshot!(told(&changes), @r#"
    Hint input.1: `web_search_call` is a tool's doing that only OpenAI has
    Lost input.2: `compaction` has no counterpart in other APIs
    Lost input.3: `shell_call_output` has no counterpart in other APIs
    Lost input.4.content.0: `output_hologram` has no counterpart in other APIs
    "#);
}

#[test]
fn a_request_of_codex_is_read_without_loss() {
    let body = r#"{"model":"gpt-6-sol","instructions":"You are Codex.","input":[
        {"type":"message","role":"developer","content":[{"type":"input_text","text":"<permissions/>"}]},
        {"type":"message","role":"user","content":[{"type":"input_text","text":"<environment/>"}]},
        {"type":"message","role":"user","content":[{"type":"input_text","text":"List files"}]}],
        "tools":[{"type":"function","name":"exec_command","description":"Run","strict":false,"parameters":{"type":"object","properties":{"cmd":{"type":"string"}},"required":["cmd"],"additionalProperties":false}},
        {"type":"namespace","name":"collab","description":"Agents","tools":[{"type":"function","name":"spawn","description":"S","strict":false,"parameters":{"type":"object","properties":{}}}]},
        {"type":"web_search","external_web_access":true}],
        "tool_choice":"auto","parallel_tool_calls":true,"reasoning":{"effort":"medium","summary":"auto"},"store":false,"stream":true,
        "include":["reasoning.encrypted_content"],"prompt_cache_key":"t-1","text":{"verbosity":"low"},"client_metadata":{"x-codex-installation-id":"i"}}"#;
    let (_, changes) = read(body).unwrap();
    changes.check(false).unwrap();
    insta::assert_snapshot!(told(&changes), @r#"
    Hint tools.1.description: it has no counterpart
    Hint tools.2.external_web_access: it has no counterpart
    Hint client_metadata: it has no counterpart
    "#);
}

#[test]
fn a_request_of_the_same_format_is_passed_on_with_only_the_model_changed() {
    let body = r#"{ "model":"a", "input":"Q", "unknown":[1, null] }"#;
    let envelope = Envelope::parse(body.as_bytes()).unwrap();
    let summary = OpenAiResponses.summary(&envelope, &Address::default()).unwrap();
    let forward =
        |model| OpenAiResponses.forward(&envelope, &summary, &Bytes::from_static(body.as_bytes()), model);
    assert_eq!(forward("a"), body);
    assert_eq!(forward("b"), r#"{ "model":"b", "input":"Q", "unknown":[1, null] }"#);
}
