//! Requests of clients, read.

use insta::assert_snapshot;

use super::{read, told};
use crate::changes::Changes;
use crate::neutral::{AnswerForm, Role};

fn lines(body: &str) -> (String, String) {
    let mut changes = Changes::default();
    let chat = read(body.as_bytes(), &mut changes).unwrap_or_else(|refusal| panic!("{refusal}"));
    let line = |turn: &crate::neutral::Turn<'_>| {
        let parts: Vec<_> = turn
            .parts
            .iter()
            .map(|part| match part.cache {
                Some(cache) => format!("  {:?} {cache:?}", part.body),
                None => format!("  {:?}", part.body),
            })
            .collect();
        format!("{:?}\n{}", turn.role, parts.join("\n"))
    };
    (chat.turns.iter().map(line).collect::<Vec<_>>().join("\n"), told(&changes))
}

#[test]
fn a_coding_clients_request_is_read_whole() {
    let body = r#"{
        "model": "claude-opus-5", "max_tokens": 64000, "stream": true,
        "system": [
            {"type": "text", "text": "You are helpful."},
            {"type": "text", "text": "Project notes.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
        ],
        "messages": [
            {"role": "user", "content": "List the files."},
            {"role": "system", "content": "Agents: one, two."},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "I look.", "signature": "Eq1"},
                {"type": "redacted_thinking", "data": "Emw"},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "toolu_1", "name": "ls", "input": {"z": null, "a": 1.50}, "caller": {"type": "direct"}}
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "a.rs"}], "is_error": true},
                {"type": "text", "text": "And?", "cache_control": {"type": "ephemeral"}}
            ]}
        ],
        "tools": [{"name": "ls", "description": "Lists.", "input_schema": {"type": "object"}, "eager_input_streaming": true}],
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {"effort": "xhigh"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "metadata": {"user_id": "{\"device\":\"d\"}"}
    }"#;
    let (turns, changes) = lines(body);
    assert_snapshot!(turns, @r#"
    System
      Text { text: "You are helpful.", citations: [] }
      Text { text: "Project notes.", citations: [] } OneHour
    User
      Text { text: "List the files.", citations: [] }
    System
      Text { text: "Agents: one, two.", citations: [] }
    Assistant
      Thinking { text: "I look.", seal: Some(Seal { by: Anthropic, data: "Eq1" }) }
      Redacted(Seal { by: Anthropic, data: "Emw" })
      Text { text: "I look.", citations: [] }
      ToolCall(ToolCall { id: "toolu_1", name: "ls", namespace: None, arguments: "{\"z\": null, \"a\": 1.50}", is_custom: false, seal: None })
    User
      ToolResult(ToolResult { call_id: "toolu_1", name: None, content: [Part { body: Text { text: "a.rs", citations: [] }, cache: None }], is_error: true, is_custom: false })
      Text { text: "And?", citations: [] } FiveMinutes
    "#);
    assert_snapshot!(changes, @r#"
    hint tools.0.eager_input_streaming: it has no counterpart
    hint context_management: it has no counterpart
    "#);
    let mut changes = Changes::default();
    let chat = read(body.as_bytes(), &mut changes).unwrap();
    let rest = format!("{:?}\n{:?} {:?} {}", chat.reasoning, chat.user, chat.max_output, chat.stream);
    assert_snapshot!(rest, @r#"
    Some(Reasoning { mode: Adaptive, effort: Some(ExtraHigh), budget: None, is_shown: Some(true) })
    Some("{\"device\":\"d\"}") Some(Tokens(64000)) true
    "#);
}

#[test]
fn images_and_documents_of_every_source_are_read() {
    let (turns, changes) = lines(
        r#"{"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/JPG", "data": "AA=="}},
            {"type": "image", "source": {"type": "url", "url": "https://e.x/a.png"}},
            {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
            {"type": "image", "source": {"type": "hologram", "id": 7}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
             "title": "T", "context": "C", "citations": {"enabled": true}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "one"}]}},
            {"type": "document", "source": {"type": "content", "content": "two"}},
            {"type": "document", "source": {"type": "url", "url": "https://e.x/a.pdf"}},
            {"type": "search_result", "source": "https://e.x", "title": "Found",
             "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "citations": {"enabled": true}}
        ]}]}"#,
    );
    assert_snapshot!(turns, @r#"
    User
      Image(Image { media: Base64 { media_type: "image/jpeg", data: "AA==" }, detail: None })
      Image(Image { media: Url { url: "https://e.x/a.png", media_type: None }, detail: None })
      Image(Image { media: File { at: Anthropic, id: "file_1" }, detail: None })
      Document(Document { source: Media(Base64 { media_type: "application/pdf", data: "JVBE" }), title: Some("T"), context: Some("C"), wants_citations: true })
      Document(Document { source: Text("words"), title: None, context: None, wants_citations: false })
      Document(Document { source: Parts([Part { body: Text { text: "one", citations: [] }, cache: None }]), title: None, context: None, wants_citations: false })
      Document(Document { source: Parts([Part { body: Text { text: "two", citations: [] }, cache: None }]), title: None, context: None, wants_citations: false })
      Document(Document { source: Media(Url { url: "https://e.x/a.pdf", media_type: None }), title: None, context: None, wants_citations: false })
      Document(Document { source: Text("a\n\nb"), title: Some("Found"), context: Some("https://e.x"), wants_citations: true })
    "#);
    assert_snapshot!(changes, @r#"
    lost messages.0.content.3.source: sources of type `hologram` are Anthropic's alone
    adapted messages.0.content.9: sent as a text document
    "#);
}

#[test]
fn records_of_the_providers_own_tools_are_left_out_as_hints() {
    let (turns, changes) = lines(
        r#"{"model": "m", "max_tokens": 1, "messages": [
            {"role": "user", "content": "News?"},
            {"role": "assistant", "content": [
                {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "news"}},
                {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
                {"type": "text", "text": "None.", "citations": [{"type": "web_search_result_location",
                 "url": "https://e.x", "title": "E", "cited_text": "none", "encrypted_index": "abc"}]}
            ]},
            {"role": "assistant", "content": [{"type": "mcp_tool_use", "id": "m", "name": "n", "input": {}}]},
            {"role": "user", "content": [{"type": "container_upload", "file_id": "file_1"}, {"type": "text", "text": "x"}]}
        ]}"#,
    );
    assert_snapshot!(turns, @r#"
    User
      Text { text: "News?", citations: [] }
    Assistant
      Text { text: "None.", citations: [Citation { url: Some("https://e.x"), title: Some("E"), quoted: Some("none"), place: None }] }
    User
      Text { text: "x", citations: [] }
    "#);
    assert_snapshot!(changes, @r#"
    hint messages.1.content.0: it records what Anthropic's own tool did
    hint messages.1.content.1: it records what Anthropic's own tool did
    hint messages.2.content.0: it records what Anthropic's own tool did
    lost messages.3.content.0: blocks of type `container_upload` are Anthropic's alone
    "#);
}

#[test]
fn tools_of_every_kind_and_the_choice_among_them_are_read() {
    let mut changes = Changes::default();
    let body = br#"{"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}], "tools": [
            {"type": "custom", "name": "a", "input_schema": {"type": "object"}, "strict": true,
             "cache_control": {"type": "ephemeral"}},
            {"type": "web_search_20260318", "name": "web_search", "max_uses": 3, "allowed_domains": ["e.x"],
             "user_location": {"type": "approximate", "city": "Bern"}, "response_inclusion": "full"},
            {"type": "code_execution_20260521", "name": "code_execution"},
            {"type": "mcp_toolset", "mcp_server_name": "files"}
        ], "tool_choice": {"type": "tool", "name": "a", "disable_parallel_tool_use": true}}"#;
    let chat = read(body, &mut changes).unwrap();
    let tools: Vec<_> = chat.tools.iter().map(|tool| format!("{tool:?}")).collect();
    let choice = format!("{:?} {:?}", chat.tool_choice, chat.parallel_tools);
    assert_snapshot!(format!("{}\n{choice}", tools.join("\n")), @r#"
    Tool { name: "a", namespace: None, description: None, kind: Function { schema: Some(RawValue({"type": "object"})), strict: Some(true) }, cache: Some(FiveMinutes) }
    Tool { name: "web_search", namespace: None, description: None, kind: WebSearch(WebSearch { max_uses: Some(3), allowed_domains: ["e.x"], blocked_domains: [], user_location: Some(RawValue({"type": "approximate", "city": "Bern"})) }), cache: None }
    Tool { name: "code_execution", namespace: None, description: None, kind: Hosted { kind: "code_execution_20260521" }, cache: None }
    Tool { name: "files", namespace: None, description: None, kind: Hosted { kind: "mcp_toolset" }, cache: None }
    Some(Named("a")) Some(false)
    "#);
    assert_snapshot!(told(&changes), @"hint tools.1.response_inclusion: it has no counterpart");
}

#[test]
fn both_spellings_of_a_schema_are_read() {
    for field in [
        r#""output_config": {"format": {"type": "json_schema", "schema": {"b": 1, "a": 2}}}"#,
        r#""output_format": {"type": "json_schema", "schema": {"b": 1, "a": 2}}"#,
    ] {
        let body =
            format!(r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":"x"}}],{field}}}"#);
        let mut changes = Changes::default();
        let chat = read(body.as_bytes(), &mut changes).unwrap();
        let AnswerForm::Schema(schema) = chat.form else { panic!("{field}") };
        assert_eq!((schema.schema.get(), schema.strict), (r#"{"b": 1, "a": 2}"#, Some(true)));
        assert!(changes.is_empty());
    }
}

#[test]
fn what_has_no_place_is_noted_and_what_says_nothing_is_not() {
    let (_, changes) = lines(
        r#"{"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}],
            "tools": [], "stop_sequences": [], "mcp_servers": [], "container": null, "stream": false,
            "speed": "fast", "inference_geo": "us", "diagnostics": {}, "workspace_id": "w", "betas": ["b"],
            "cache_control": {"type": "ephemeral"}, "metadata": {"user_id": null, "trace": 1}, "invented": true}"#,
    );
    assert_snapshot!(changes, @r#"
    hint metadata.trace: it has no counterpart
    hint speed: it has no counterpart
    hint inference_geo: it has no counterpart
    hint diagnostics: it has no counterpart
    hint workspace_id: it has no counterpart
    hint betas: it has no counterpart
    hint cache_control: it has no counterpart
    lost invented: it cannot be carried over to another provider's API
    "#);
    let (_, changes) = lines(
        r#"{"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}],
            "mcp_servers": [{"type": "url"}], "container": "c"}"#,
    );
    assert_snapshot!(changes, @r#"
    lost mcp_servers: only Anthropic's API calls MCP servers of its own accord
    lost container: it cannot be carried over to another provider's API
    "#);
}

#[test]
fn blank_texts_and_empty_turns_are_left_out() {
    let mut changes = Changes::default();
    let body = br#"{"model": "m", "max_tokens": 1, "system": " ", "messages": [
        {"role": "user", "content": [{"type": "text", "text": "  "}]},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "x"}]}"#;
    let chat = read(body, &mut changes).unwrap();
    assert_eq!(chat.turns.len(), 1);
    assert!(changes.is_empty());
}

#[test]
fn instructions_inside_a_message_become_a_turn_of_their_own() {
    let (turns, _) = lines(
        r#"{"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": [
            {"type": "text", "text": "x"},
            {"type": "mid_conv_system", "content": [{"type": "text", "text": "Be brief."}], "cache_control": {"type": "ephemeral"}}
        ]}]}"#,
    );
    assert_snapshot!(turns, @r#"
    User
      Text { text: "x", citations: [] }
    System
      Text { text: "Be brief.", citations: [] } FiveMinutes
    "#);
}

#[test]
fn a_foreign_seal_comes_back_out_of_an_id_and_a_signature() {
    let id = crate::seals::id_with(
        "call_1",
        Some(&crate::neutral::Seal { by: paceway_domain::Dialect::Gemini, data: "sig".into() }),
    )
    .into_owned();
    let body = format!(
        r#"{{"model": "m", "max_tokens": 1, "messages": [
            {{"role": "assistant", "content": [
                {{"type": "thinking", "thinking": "", "signature": "paceway.openai_responses.gAAA"}},
                {{"type": "tool_use", "id": "{id}", "name": "f", "input": {{}}}}]}},
            {{"role": "user", "content": [{{"type": "tool_result", "tool_use_id": "{id}"}}]}}]}}"#
    );
    let (turns, _) = lines(&body);
    assert_snapshot!(turns, @r#"
    Assistant
      Thinking { text: "", seal: Some(Seal { by: Responses, data: "gAAA" }) }
      ToolCall(ToolCall { id: "call_1", name: "f", namespace: None, arguments: "{}", is_custom: false, seal: Some(Seal { by: Gemini, data: "sig" }) })
    User
      ToolResult(ToolResult { call_id: "call_1", name: None, content: [], is_error: false, is_custom: false })
    "#);
    let mut changes = Changes::default();
    let chat = read(body.as_bytes(), &mut changes).unwrap();
    assert_eq!(chat.turns[0].role, Role::Assistant);
}
