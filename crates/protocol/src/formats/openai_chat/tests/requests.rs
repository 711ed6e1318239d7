//! Requests, read and written.

use paceway_domain::{Dialect, Tokens};

use super::{OpenAiChat, TARGET, read, refusal, with_field, with_message, write};
use crate::changes::Changes;
use crate::formats::{Format, Target};
use crate::neutral::{
    CacheMark, Chat, Citation, Document, DocumentSource, Image, Media, Part, PartBody, Reasoning,
    ReasoningMode, Role, Sampling, Seal, Text, Tool, ToolCall, ToolChoice, ToolKind, ToolResult, Turn,
    WebSearch,
};

/// The parts of a conversation, one a line.
fn shown(chat: &Chat<'_>) -> String {
    let mut lines = Vec::new();
    for turn in &chat.turns {
        let name = turn.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
        lines.push(format!("{:?}{name}", turn.role));
        lines.extend(turn.parts.iter().map(|part| {
            let mark = part.cache.map(|mark| format!(" {mark:?}")).unwrap_or_default();
            format!("  {:?}{mark}", part.body)
        }));
    }
    lines.join("\n")
}

fn read_turns(body: &str) -> String {
    let (chat, notes) = read(body);
    assert_eq!(notes, [""; 0]);
    shown(&chat)
}

#[test]
fn a_conversation_with_every_role_is_read() {
    let body = r#"{"model":"m","messages":[
        {"role":"system","content":"Be brief."},
        {"role":"developer","content":[{"type":"text","text":"Be kind."},{"type":"text","text":" "}],"name":"ops"},
        {"role":"user","content":"Weather?","name":"Ann"},
        {"role":"user","content":[{"type":"text","text":"In Bonn."}]},
        {"role":"assistant","content":null,"refusal":null,"annotations":[],"tool_calls":[
            {"id":"call_a","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Bonn\"}"}},
            {"id":"call_b","type":"custom","custom":{"name":"note","input":"Bonn"}}]},
        {"role":"tool","tool_call_id":"call_a","content":"12 °C"},
        {"role":"tool","tool_call_id":"call_b","content":[{"type":"text","text":"noted"}],"name":"note"},
        {"role":"assistant","content":"It is 12 °C.","function_call":{"name":"old","arguments":"{}"}},
        {"role":"function","name":"old","content":"done"},
        {"role":"assistant","content":[{"type":"refusal","refusal":"No."}]},
        {"role":"user","content":""}]}"#;
    insta::assert_snapshot!(read_turns(body), @r#"
    System
      Text { text: "Be brief.", citations: [] }
    System ops
      Text { text: "Be kind.", citations: [] }
    User Ann
      Text { text: "Weather?", citations: [] }
    User
      Text { text: "In Bonn.", citations: [] }
    Assistant
      ToolCall(ToolCall { id: "call_a", name: "weather", namespace: None, arguments: "{\"city\":\"Bonn\"}", is_custom: false, seal: None })
      ToolCall(ToolCall { id: "call_b", name: "note", namespace: None, arguments: "Bonn", is_custom: true, seal: None })
    User
      ToolResult(ToolResult { call_id: "call_a", name: None, content: [Part { body: Text { text: "12 °C", citations: [] }, cache: None }], is_error: false, is_custom: false })
      ToolResult(ToolResult { call_id: "call_b", name: Some("note"), content: [Part { body: Text { text: "noted", citations: [] }, cache: None }], is_error: false, is_custom: true })
    Assistant
      Text { text: "It is 12 °C.", citations: [] }
      ToolCall(ToolCall { id: "function_7", name: "old", namespace: None, arguments: "{}", is_custom: false, seal: None })
    User
      ToolResult(ToolResult { call_id: "function_7", name: Some("old"), content: [Part { body: Text { text: "done", citations: [] }, cache: None }], is_error: false, is_custom: false })
    Assistant
      Refusal("No.")
    "#);
}

#[test]
fn pictures_recordings_documents_and_films_are_read() {
    let body = with_message(
        r#"{"role":"user","content":[
        {"type":"image_url","image_url":{"url":"data:image/JPG;base64,/9j/","detail":"low"}},
        {"type":"image_url","image_url":{"url":"https://a.example/b.png","detail":"auto"}},
        {"type":"image_url","image_url":{"url":"data:application/pdf;base64,JVBE"}},
        {"type":"image_url","image_url":"https://a.example/c.png"},
        {"type":"input_audio","input_audio":{"data":"SUQz","format":"mp3"}},
        {"type":"file","file":{"file_data":"data:application/pdf;base64,JVBE","filename":"a.pdf"}},
        {"type":"file","file":{"file_data":"SGk=","filename":"a.txt"}},
        {"type":"file","file":{"file_id":"file-1"}},
        {"type":"file","file":{"file_data":"https://a.example/d.pdf","filename":"d.pdf"}},
        {"type":"video_url","video_url":{"url":"https://a.example/e.mp4"}}]}"#,
    );
    insta::assert_snapshot!(read_turns(&body), @r#"
    User
      Text { text: "Hi", citations: [] }
    User
      Image(Image { media: Base64 { media_type: "image/jpeg", data: "/9j/" }, detail: Some(Low) })
      Image(Image { media: Url { url: "https://a.example/b.png", media_type: None }, detail: Some(Auto) })
      Document(Document { source: Media(Base64 { media_type: "application/pdf", data: "JVBE" }), title: None, context: None, wants_citations: false })
      Image(Image { media: Url { url: "https://a.example/c.png", media_type: None }, detail: None })
      Audio(Base64 { media_type: "audio/mpeg", data: "SUQz" })
      Document(Document { source: Media(Base64 { media_type: "application/pdf", data: "JVBE" }), title: Some("a.pdf"), context: None, wants_citations: false })
      Document(Document { source: Media(Base64 { media_type: "text/plain", data: "SGk=" }), title: Some("a.txt"), context: None, wants_citations: false })
      Document(Document { source: Media(File { at: OpenAi, id: "file-1" }), title: None, context: None, wants_citations: false })
      Document(Document { source: Media(Url { url: "https://a.example/d.pdf", media_type: None }), title: Some("d.pdf"), context: None, wants_citations: false })
      Video(Url { url: "https://a.example/e.mp4", media_type: None })
    "#);
}

#[test]
fn thoughts_are_read_in_all_their_places() {
    let details = with_message(
        r#"{"role":"assistant","content":"Hi","reasoning_content":"Let me think","reasoning_details":[
        {"type":"reasoning.text","text":"Let me","index":0},
        {"type":"reasoning.text","text":" think","index":0},
        {"type":"reasoning.text","signature":"EqQB","format":"anthropic-claude-v1","index":0},
        {"type":"reasoning.encrypted","data":"EuYB","format":"anthropic-claude-v1","index":1},
        {"type":"reasoning.text","text":"Next","signature":"paceway.converse.Sig","format":"unknown","index":2},
        {"type":"reasoning.summary","summary":"Sum","format":"openai-responses-v1","index":3},
        {"type":"reasoning.encrypted","data":"gAAA","format":"openai-responses-v1","id":"rs_1","index":3},
        {"type":"reasoning.encrypted","data":"CiQ=","format":"google-gemini-v1","id":"call_a","index":4}],
        "tool_calls":[{"id":"call_a","type":"function","function":{"name":"f","arguments":"{}"}}]}"#,
    );
    insta::assert_snapshot!(read_turns(&details), @r#"
    User
      Text { text: "Hi", citations: [] }
    Assistant
      Thinking { text: "Let me think", seal: Some(Seal { by: Anthropic, data: "EqQB" }) }
      Redacted(Seal { by: Anthropic, data: "EuYB" })
      Thinking { text: "Next", seal: Some(Seal { by: Converse, data: "Sig" }) }
      Thinking { text: "Sum", seal: Some(Seal { by: Responses, data: "gAAA" }) }
      Text { text: "Hi", citations: [] }
      ToolCall(ToolCall { id: "call_a", name: "f", namespace: None, arguments: "{}", is_custom: false, seal: Some(Seal { by: Gemini, data: "CiQ=" }) })
    "#);
    let blocks = with_message(
        r#"{"role":"assistant","content":"Hi","reasoning_content":"Hm","thinking_blocks":[
        {"type":"thinking","thinking":"Hm","signature":"EqQB"},{"type":"redacted_thinking","data":"EuYB"}]}"#,
    );
    insta::assert_snapshot!(read_turns(&blocks), @r#"
    User
      Text { text: "Hi", citations: [] }
    Assistant
      Thinking { text: "Hm", seal: Some(Seal { by: Anthropic, data: "EqQB" }) }
      Redacted(Seal { by: Anthropic, data: "EuYB" })
      Text { text: "Hi", citations: [] }
    "#);
    let plain = with_message(r#"{"role":"assistant","content":"Hi","reasoning_content":"Hm"}"#);
    insta::assert_snapshot!(read_turns(&plain), @r#"
    User
      Text { text: "Hi", citations: [] }
    Assistant
      Thinking { text: "Hm", seal: None }
      Text { text: "Hi", citations: [] }
    "#);
}

#[test]
fn the_seal_of_a_call_is_taken_out_of_ids_and_of_googles_place() {
    let seal = Seal { by: Dialect::Gemini, data: "CiQ=".into() };
    let id = crate::seals::id_with("call_1", Some(&seal)).into_owned();
    let body = with_message(&format!(
        r#"{{"role":"assistant","tool_calls":[
            {{"id":"{id}","type":"function","function":{{"name":"f","arguments":""}}}},
            {{"id":"call_2","type":"function","function":{{"name":"f"}},"extra_content":{{"google":{{"thought_signature":"CiR="}}}}}}]}},
        {{"role":"tool","tool_call_id":"{id}","content":""}}"#
    ));
    insta::assert_snapshot!(read_turns(&body), @r#"
    User
      Text { text: "Hi", citations: [] }
    Assistant
      ToolCall(ToolCall { id: "call_1", name: "f", namespace: None, arguments: "", is_custom: false, seal: Some(Seal { by: Gemini, data: "CiQ=" }) })
      ToolCall(ToolCall { id: "call_2", name: "f", namespace: None, arguments: "", is_custom: false, seal: Some(Seal { by: OpenAi, data: "CiR=" }) })
    User
      ToolResult(ToolResult { call_id: "call_1", name: None, content: [], is_error: false, is_custom: false })
    "#);
}

#[test]
fn marks_for_the_cache_are_read_on_parts_messages_and_tools() {
    let body = r#"{"model":"m","messages":[
        {"role":"system","content":"a","cache_control":{"type":"ephemeral"}},
        {"role":"user","content":[{"type":"text","text":"b","cache_control":{"type":"ephemeral","ttl":"1h"}},
            {"type":"text","text":"c"}]}],
        "tools":[{"type":"function","function":{"name":"f"},"cache_control":{"type":"ephemeral"}}]}"#;
    insta::assert_snapshot!(read_turns(body), @r#"
    System
      Text { text: "a", citations: [] } FiveMinutes
    User
      Text { text: "b", citations: [] } OneHour
      Text { text: "c", citations: [] }
    "#);
    assert_eq!(read(body).0.tools[0].cache, Some(CacheMark::FiveMinutes));
}

#[test]
fn sources_of_an_answer_that_comes_back_belong_to_its_text() {
    let body = with_message(
        r#"{"role":"assistant","content":"Yes","annotations":[{"type":"url_citation","url_citation":
        {"start_index":0,"end_index":3,"title":"T","url":"https://a.example"}}]}"#,
    );
    insta::assert_snapshot!(read_turns(&body), @r#"
    User
      Text { text: "Hi", citations: [] }
    Assistant
      Text { text: "Yes", citations: [Citation { url: Some("https://a.example"), title: Some("T"), quoted: None, place: Some((0, 3)) }] }
    "#);
}

#[test]
fn what_an_sdk_adds_to_an_answer_and_sends_back_is_no_hindrance() {
    let body = with_message(
        r#"{"role": "assistant", "content": null, "parsed": {}, "tool_calls": [{"id": "call_1", "type": "function",
        "index": 0, "function": {"name": "read", "arguments": "{}", "parsed_arguments": {}}}]}"#,
    );
    let (_, notes) = read(&body);
    assert_eq!(notes.iter().filter(|note| note.starts_with("Lost")).count(), 0, "{notes:?}");
}

#[test]
fn every_field_beside_the_conversation_is_read() {
    let body = with_field(
        r#""max_completion_tokens":100,"max_tokens":50,"temperature":0.5,"top_p":0.9,"top_k":40,"presence_penalty":1,
        "frequency_penalty":0,"seed":-3,"stop":["a","b"],"n":1,"logprobs":true,"top_logprobs":5,"logit_bias":{"50256":-100},
        "reasoning_effort":"xhigh","verbosity":"low","user":"u","safety_identifier":"s","prompt_cache_key":"k",
        "service_tier":"flex","parallel_tool_calls":false,"response_format":{"type":"json_object"},"store":false,
        "modalities":["text"],"stream_options":{"include_usage":true},"tools":[],"metadata":null"#,
    );
    let (chat, notes) = read(&body);
    assert_eq!(notes, [""; 0]);
    insta::assert_snapshot!(format!("{chat:?}"), @r#"Chat { turns: [Turn { role: User, name: None, parts: [Part { body: Text { text: "Hi", citations: [] }, cache: None }] }], tools: [], tool_choice: None, parallel_tools: Some(false), form: Json, reasoning: Some(Reasoning { mode: On, effort: Some(ExtraHigh), budget: None, is_shown: None }), sampling: Sampling { temperature: Some(0.5), top_p: Some(0.9), top_k: Some(40), presence_penalty: Some(1.0), frequency_penalty: None, seed: Some(-3), logit_bias: Some(RawValue({"50256":-100})), logprobs: Some(Logprobs { top: 5 }) }, max_output: Some(Tokens(100)), stop: ["a", "b"], answers: None, verbosity: Some("low"), user: Some("s"), cache_key: Some("k"), service_tier: Some(Flex), stream: false }"#);
}

#[test]
fn what_has_no_counterpart_is_noted() {
    let body = with_field(
        r#""store":true,"metadata":{"a":"b"},"prediction":{"type":"content","content":"x"},"modalities":["text","audio"],
        "audio":{"voice":"alloy","format":"wav"},"service_tier":"scale","prompt_cache_retention":"24h","min_p":0.1,
        "provider":{"order":["x"]}"#,
    );
    insta::assert_snapshot!(read(&body).1.join("\n"), @r#"
    Hint service_tier: no other API has this tier
    Lost modalities: another provider's API answers in text only
    Hint store: it has no counterpart
    Hint metadata: it has no counterpart
    Hint prediction: it has no counterpart
    Lost audio: it cannot be carried over to another provider's API
    Hint prompt_cache_retention: it has no counterpart
    Lost min_p: it cannot be carried over to another provider's API
    Hint provider: it has no counterpart
    "#);
    let body = with_message(
        r#"{"role":"assistant","content":"x","audio":{"id":"a"},"prefix":true,"id":"1"},
        {"role":"user","content":[{"type":"text","text":"x","odd":1}]}"#,
    );
    insta::assert_snapshot!(read(&body).1.join("\n"), @r#"
    Lost messages.1.audio: only OpenAI has the recording
    Lost messages.1.prefix: it cannot be carried over to another provider's API
    Hint messages.1.id: it has no counterpart
    Lost messages.2.content.0.odd: it cannot be carried over to another provider's API
    "#);
}

#[test]
fn every_way_to_ask_for_thought_is_read() {
    let reasoning = |field: &str| {
        let body = with_field(field);
        let (chat, _) = read(&body);
        chat.reasoning
            .map(|r| format!("{:?} {:?} {:?} {:?}", r.mode, r.effort, r.budget.map(|b| b.0), r.is_shown))
    };
    let all = [
        r#""reasoning_effort":"none""#,
        r#""reasoning_effort":"minimal""#,
        r#""reasoning_effort":"default""#,
        r#""reasoning":{"effort":"high","exclude":true}"#,
        r#""reasoning":{"max_tokens":2000}"#,
        r#""reasoning":{"enabled":true}"#,
        r#""reasoning":{"enabled":false}"#,
        r#""thinking":{"type":"enabled","budget_tokens":1024}"#,
        r#""thinking":{"type":"disabled"},"reasoning_effort":"low""#,
        r#""thinking":{"type":"adaptive"},"reasoning_effort":"low""#,
    ];
    let told: Vec<_> = all.iter().map(|field| reasoning(field).unwrap_or_default()).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    Off None None None
    On Some(Minimal) None None

    On Some(High) None Some(false)
    On None Some(2000) None
    On None None None
    Off None None None
    On None Some(1024) None
    Off None None None
    Adaptive Some(Low) None None
    "#);
}

#[test]
fn tools_and_the_choice_among_them_are_read() {
    let body = with_field(
        r#""tools":[
        {"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},
        {"type":"function","name":"flat","parameters":{}},
        {"type":"custom","custom":{"name":"c","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start: \"a\""}}}},
        {"type":"custom","custom":{"name":"t","format":{"type":"text"}}},
        {"type":"web_search"}],
        "functions":[{"name":"old","parameters":{"type":"object","properties":{}}}],
        "web_search_options":{"search_context_size":"low","user_location":{"type":"approximate","approximate":{"city":"Bonn","country":"DE"}}}"#,
    );
    let (chat, notes) = read(&body);
    let tools: Vec<_> = chat.tools.iter().map(|tool| format!("{} {:?}", tool.name, tool.kind)).collect();
    insta::assert_snapshot!(tools.join("\n"), @r#"
    f Function { schema: Some(RawValue({"type":"object"})), strict: Some(true) }
    flat Function { schema: Some(RawValue({})), strict: None }
    c Custom { format: Some(RawValue({"type":"grammar","syntax":"lark","definition":"start: \"a\""})) }
    t Custom { format: None }
    web_search Hosted { kind: "web_search" }
    old Function { schema: Some(RawValue({"type":"object","properties":{}})), strict: None }
    web_search WebSearch(WebSearch { max_uses: None, allowed_domains: [], blocked_domains: [], user_location: Some(RawValue({"type":"approximate","city":"Bonn","country":"DE"})) })
    "#);
    insta::assert_snapshot!(notes.join("\n"), @r#"
    Adapted functions: read as tools; calls come as tool_calls
    Hint web_search_options.search_context_size: it has no counterpart
    "#);
    let choice = |json: &str| format!("{:?}", read(&with_field(json)).0.tool_choice.unwrap());
    let all = [
        r#""tool_choice":"none""#,
        r#""tool_choice":"auto""#,
        r#""tool_choice":"required""#,
        r#""tool_choice":{"type":"function","function":{"name":"f"}}"#,
        r#""tool_choice":{"type":"custom","custom":{"name":"c"}}"#,
        r#""tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"c"}}]}}"#,
        r#""function_call":{"name":"old"}"#,
        r#""function_call":"auto""#,
    ];
    insta::assert_snapshot!(all.map(choice).join("\n"), @r#"
    None
    Auto
    Any
    Named("f")
    Named("c")
    Among { names: ["f", "c"], is_required: true }
    Named("old")
    Auto
    "#);
}

#[test]
fn schemas_are_read() {
    let form = |json: &str| format!("{:?}", read(&with_field(json)).0.form);
    let all = [
        r#""response_format":{"type":"text"}"#,
        r#""response_format":{"type":"json_object"}"#,
        r#""response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":{"b":1,"a":2},"strict":true}}"#,
        r#""response_format":{"type":"json_object","schema":{"type":"object"}}"#,
    ];
    insta::assert_snapshot!(all.map(form).join("\n"), @r#"
    Text
    Json
    Schema(Schema { name: Some("n"), description: Some("d"), schema: RawValue({"b":1,"a":2}), strict: Some(true) })
    Schema(Schema { name: None, description: None, schema: RawValue({"type":"object"}), strict: None })
    "#);
}

#[test]
fn a_bad_field_is_told_with_its_path_what_was_expected_and_what_came() {
    let fields = [
        r#""max_tokens":"many""#,
        r#""temperature":"hot""#,
        r#""n":-1"#,
        r#""n":0"#,
        r#""stop":{"a":1}"#,
        r#""stop":["a",2]"#,
        r#""seed":1.5"#,
        r#""logit_bias":[1]"#,
        r#""top_logprobs":21"#,
        r#""verbosity":"chatty""#,
        r#""reasoning_effort":"extreme""#,
        r#""thinking":{"type":"maybe"}"#,
        r#""response_format":"json""#,
        r#""response_format":{"type":"xml"}"#,
        r#""response_format":{"type":"json_schema","json_schema":{"name":"n"}}"#,
        r#""parallel_tool_calls":"no""#,
        r#""tools":{"a":1}"#,
        r#""tools":[{"type":"function"}]"#,
        r#""tools":[{"type":"function","function":{"description":"x"}}]"#,
        r#""tools":[{"type":"function","function":{"name":"f","parameters":[]}}]"#,
        r#""tools":[{"type":"custom","custom":{"name":"c","format":{"type":"x"}}}]"#,
        r#""tool_choice":"sometimes""#,
        r#""tool_choice":{"type":"hosted"}"#,
        r#""tool_choice":{"type":"function","function":{}}"#,
        r#""tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"x","tools":[]}}"#,
        r#""modalities":"text""#,
        r#""service_tier":1"#,
        r#""stream_options":7"#,
    ];
    insta::assert_snapshot!(fields.map(|field| refusal(&with_field(field))).join("\n"), @r#"
    max_tokens: expected a positive integer, got "many"
    temperature: expected a number from 0 to 2, got "hot"
    n: expected a positive integer, got -1
    n: expected a positive integer, got 0
    stop: expected a string or an array of strings, got {"a":1}
    stop.1: expected a string, got 2
    seed: expected an integer, got 1.5
    logit_bias: expected an object of token ids and biases, got [1]
    top_logprobs: expected an integer from 0 to 20, got more
    verbosity: expected one of low, medium, high, got chatty
    reasoning_effort: expected none, minimal, low, medium, high or xhigh, got extreme
    thinking.type: expected enabled, disabled or adaptive, got maybe
    response_format: expected an object, got "json"
    response_format.type: expected text, json_object or json_schema, got xml
    response_format.json_schema.schema: this field is required: send a JSON schema
    parallel_tool_calls: expected true or false, got "no"
    tools: expected an array of tools, got {"a":1}
    tools.0.function: this field is required: send an object
    tools.0.function.name: this field is required: send a string
    tools.0.function.parameters: expected a JSON schema as an object, got []
    tools.0.custom.format.type: expected text or grammar, got x
    tool_choice: expected auto, none, required or an object, got sometimes
    tool_choice.type: expected function, custom or allowed_tools, got hosted
    tool_choice.function.name: this field is required: send a string
    tool_choice.allowed_tools.mode: expected auto or required, got x
    modalities: expected an array of `text` and `audio`, got "text"
    service_tier: expected a string, got 1
    stream_options: expected an object, got 7
    "#);
}

#[test]
fn a_bad_message_is_told_with_its_path_what_was_expected_and_what_came() {
    let messages = [
        "7",
        r#"{"content":"x"}"#,
        r#"{"role":"alien","content":"x"}"#,
        r#"{"role":"user","content":7}"#,
        r#"{"role":"user","content":["x"]}"#,
        r#"{"role":"user","content":[{"text":"x"}]}"#,
        r#"{"role":"user","content":[{"type":"hologram"}]}"#,
        r#"{"role":"user","content":[{"type":"text","text":null}]}"#,
        r#"{"role":"user","content":[{"type":"image_url"}]}"#,
        r#"{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png,xyz"}}]}"#,
        r#"{"role":"user","content":[{"type":"image_url","image_url":{"url":"u","detail":"huge"}}]}"#,
        r#"{"role":"user","content":[{"type":"input_audio","input_audio":{"format":"mp3"}}]}"#,
        r#"{"role":"user","content":[{"type":"file","file":{}}]}"#,
        r#"{"role":"tool","content":"x"}"#,
        r#"{"role":"assistant","tool_calls":[{"type":"function","function":{"name":"f"}}]}"#,
        r#"{"role":"assistant","tool_calls":[{"id":"a","type":"function"}]}"#,
        r#"{"role":"assistant","tool_calls":[{"id":"a","type":"custom","custom":{"name":"f","input":1}}]}"#,
        r#"{"role":"assistant","reasoning_details":"x"}"#,
        r#"{"role":"assistant","reasoning_content":7}"#,
        r#"{"role":"assistant","content":"x","content":"y"}"#,
    ];
    insta::assert_snapshot!(messages.map(|message| refusal(&with_message(message))).join("\n"), @r#"
    messages.1: expected an object, got 7
    messages.1.role: this field is required: send a string
    messages.1.role: expected system, developer, user, assistant, tool or function, got alien
    messages.1.content: expected a string or an array of parts, got 7
    messages.1.content.0: expected an object, got "x"
    messages.1.content.0.type: this field is required: send a string
    messages.1.content.0.type: expected one of text, refusal, image_url, input_audio, file or video_url, got hologram
    messages.1.content.0.text: this field is required: send a string
    messages.1.content.0.image_url: this field is required: send an object with `url`
    messages.1.content.0.image_url.url: expected a URL or `data:<media type>;base64,<data>`, got data:image/png,xyz
    messages.1.content.0.image_url.detail: expected auto, low, high or original, got huge
    messages.1.content.0.input_audio.data: this field is required: send a string
    messages.1.content.0.file: expected `file_data` or `file_id`, got neither
    messages.1.tool_call_id: this field is required: send a string
    messages.1.tool_calls.0.id: this field is required: send a string
    messages.1.tool_calls.0.function: this field is required: send an object with the tool's name
    messages.1.tool_calls.0.custom.input: expected a string, got 1
    messages.1.reasoning_details: expected an array of thoughts, got "x"
    messages.1.reasoning_content: expected a string, got 7
    messages.1: field `content` is given twice at line 1 column 43
    "#);
}

fn turn(role: Role, parts: Vec<Part<'_>>) -> Turn<'_> {
    Turn { role, name: None, parts }
}

fn call<'a>(id: &'a str, arguments: &'a str, is_custom: bool, seal: Option<Seal<'a>>) -> Part<'a> {
    let (id, arguments) = (Text::from(id), Text::from(arguments));
    Part::new(PartBody::ToolCall(ToolCall {
        id,
        name: "f".into(),
        namespace: None,
        arguments,
        is_custom,
        seal,
    }))
}

fn result<'a>(id: &'a str, content: Vec<Part<'a>>, is_error: bool) -> Part<'a> {
    let call_id = Text::from(id);
    Part::new(PartBody::ToolResult(ToolResult { call_id, name: None, content, is_error, is_custom: false }))
}

fn asking<'a>() -> Chat<'a> {
    Chat { turns: vec![turn(Role::User, vec![Part::text("Hi")])], ..Chat::default() }
}

fn tool<'a>(name: &'a str, kind: ToolKind<'a>) -> Tool<'a> {
    Tool { name: name.into(), namespace: None, description: None, kind, cache: None }
}

fn json(text: &str) -> crate::neutral::Json<'_> {
    std::borrow::Cow::Borrowed(serde_json::from_str(text).unwrap())
}

#[test]
fn a_conversation_from_another_format_is_written() {
    let thought = Part::new(PartBody::Thinking {
        text: "Hm".into(),
        seal: Some(Seal { by: Dialect::Anthropic, data: "EqQB".into() }),
    });
    let cited = Part::new(PartBody::Text {
        text: "the answer.".into(),
        citations: vec![Citation { url: Some("https://a.example".into()), ..Citation::default() }],
    });
    let marked = Part { cache: Some(CacheMark::OneHour), ..Part::text("Be kind.") };
    let chat = Chat {
        turns: vec![
            turn(Role::System, vec![Part::text("Be brief."), marked]),
            turn(Role::User, vec![Part::text("Look.")]),
            turn(
                Role::Assistant,
                vec![
                    thought,
                    Part::text("I see "),
                    cited,
                    call("toolu_1", "", false, None),
                    call("toolu_2", "*** patch", true, Some(Seal { by: Dialect::Gemini, data: "x".into() })),
                    call(
                        "toolu_3",
                        "{\"b\": 1.0}",
                        false,
                        Some(Seal { by: Dialect::OpenAi, data: "CiQ=".into() }),
                    ),
                ],
            ),
            turn(
                Role::User,
                vec![
                    Part::text("And?"),
                    result("toolu_1", vec![Part::text("no such file")], true),
                    result("toolu_2", vec![], true),
                    result("toolu_3", vec![Part::text("Error: x"), Part::text("y")], true),
                ],
            ),
            turn(Role::System, vec![Part::text("Hurry.")]),
            turn(Role::Assistant, vec![Part::new(PartBody::Refusal("No.".into()))]),
            turn(
                Role::Assistant,
                vec![Part::new(PartBody::Redacted(Seal { by: Dialect::Anthropic, data: "x".into() }))],
            ),
        ],
        ..Chat::default()
    };
    let (body, notes) = write(&chat, TARGET);
    insta::assert_snapshot!(body.replace(",{\"role\"", ",\n{\"role\""), @r#"
    {"model":"gpt-x","messages":[{"role":"system","content":"Be brief.\n\nBe kind."},
    {"role":"user","content":"Look."},
    {"role":"assistant","content":"I see the answer.","tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"toolu_2","type":"custom","custom":{"name":"f","input":"*** patch"}},{"id":"toolu_3","type":"function","function":{"name":"f","arguments":"{\"b\": 1.0}"},"extra_content":{"google":{"thought_signature":"CiQ="}}}]},
    {"role":"tool","tool_call_id":"toolu_1","content":"Error: no such file"},
    {"role":"tool","tool_call_id":"toolu_2","content":"Error"},
    {"role":"tool","tool_call_id":"toolu_3","content":"Error: x\n\ny"},
    {"role":"user","content":"And?"},
    {"role":"system","content":"Hurry."},
    {"role":"assistant","content":null,"refusal":"No."}]}
    "#);
    insta::assert_snapshot!(notes.join("\n"), @r#"
    Hint cache_control: this API caches on its own
    Hint thinking: this API takes no thoughts back
    Hint citations: this API does not take them back
    Adapted messages.3.content.1.is_error: said in words
    Adapted messages.3.content.2.is_error: said in words
    "#);
}

#[test]
fn media_are_written_where_this_api_takes_them_and_noted_where_not() {
    let base64 = |media_type: &'static str, data: &'static str| Media::Base64 {
        media_type: media_type.into(),
        data: data.into(),
    };
    let url = |url: &'static str| Media::Url { url: url.into(), media_type: None };
    let document = |source, title: Option<&'static str>| {
        let title = title.map(Text::from);
        Part::new(PartBody::Document(Document { source, title, context: None, wants_citations: true }))
    };
    let image =
        |media| Part::new(PartBody::Image(Image { media, detail: Some(crate::neutral::Detail::Original) }));
    let chat = Chat {
        turns: vec![turn(
            Role::User,
            vec![
                image(base64("image/png", "AAAA")),
                image(url("https://a.example/b.png")),
                image(url("gs://bucket/b.png")),
                image(Media::File { at: Dialect::Anthropic, id: "file_1".into() }),
                Part::new(PartBody::Audio(base64("audio/mpeg", "SUQz"))),
                Part::new(PartBody::Audio(base64("audio/ogg", "T2dn"))),
                Part::new(PartBody::Video(url("https://a.example/v.mp4"))),
                document(DocumentSource::Media(base64("application/pdf", "JVBE")), Some("a.pdf")),
                document(DocumentSource::Media(base64("text/plain", "SGk=")), Some("a.txt")),
                document(DocumentSource::Text("words".into()), None),
                document(DocumentSource::Media(url("https://a.example/d.pdf")), None),
                document(
                    DocumentSource::Media(Media::File { at: Dialect::OpenAi, id: "file-1".into() }),
                    None,
                ),
                document(DocumentSource::Media(Media::File { at: Dialect::Anthropic, id: "f".into() }), None),
                document(DocumentSource::Parts(vec![Part::text("part")]), None),
            ],
        )],
        ..Chat::default()
    };
    let (body, notes) = write(&chat, TARGET);
    insta::assert_snapshot!(body.replace(",{\"type\"", ",\n{\"type\""), @r#"
    {"model":"gpt-x","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"high"}},
    {"type":"image_url","image_url":{"url":"https://a.example/b.png","detail":"high"}},
    {"type":"input_audio","input_audio":{"data":"SUQz","format":"mp3"}},
    {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}},
    {"type":"text","text":"a.txt\n\nHi"},
    {"type":"text","text":"words"},
    {"type":"file","file":{"file_id":"file-1"}},
    {"type":"text","text":"part"}]}]}
    "#);
    insta::assert_snapshot!(notes.join("\n"), @r#"
    Adapted messages.0.content.0.detail: sent as high
    Adapted messages.0.content.1.detail: sent as high
    Lost messages.0.content.2: this API fetches pictures from http and https only
    Lost messages.0.content.3: this API takes no uploaded pictures: send an address or bytes
    Lost messages.0.content.5: this API takes recordings only as bytes of WAV or MP3
    Lost messages.0.content.6: this API takes no films
    Lost messages.0.content.7.citations: this API does not cite documents
    Lost messages.0.content.8.citations: this API does not cite documents
    Adapted messages.0.content.8: sent as text
    Lost messages.0.content.9.citations: this API does not cite documents
    Adapted messages.0.content.9: sent as text
    Lost messages.0.content.10.citations: this API does not cite documents
    Lost messages.0.content.10: this API does not fetch documents: send their bytes
    Lost messages.0.content.11.citations: this API does not cite documents
    Lost messages.0.content.12.citations: this API does not cite documents
    Lost messages.0.content.12: the file lies at another provider: send its bytes
    Lost messages.0.content.13.citations: this API does not cite documents
    "#);
}

#[test]
fn everything_beside_the_conversation_is_written() {
    let body = with_field(
        r#""max_tokens":50,"temperature":0.5,"top_p":0.9,"presence_penalty":1,"frequency_penalty":-1,"seed":-3,
        "stop":["a","b"],"logprobs":true,"top_logprobs":5,"logit_bias":{"50256":-100},"reasoning_effort":"low",
        "verbosity":"low","user":"u","prompt_cache_key":"k","service_tier":"default","parallel_tool_calls":false,
        "response_format":{"type":"json_schema","json_schema":{"name":"my schema","schema":{"b":1,"a":2},"strict":true}},
        "stream":true,"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}},
        {"type":"custom","custom":{"name":"c","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start"}}}}],
        "tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}},
        {"type":"custom","custom":{"name":"c"}}]}}"#,
    );
    let (chat, _) = read(&body);
    let (body, notes) = write(&chat, TARGET);
    assert_eq!(notes, [""; 0]);
    insta::assert_snapshot!(body, @r#"{"model":"gpt-x","tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"properties":{},"type":"object"}}},{"type":"custom","custom":{"name":"c","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start"}}}}],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"c"}}]}},"parallel_tool_calls":false,"response_format":{"type":"json_schema","json_schema":{"name":"my_schema","schema":{"b":1,"a":2},"strict":true}},"prompt_cache_key":"k","messages":[{"role":"user","content":"Hi"}],"reasoning_effort":"low","temperature":0.5,"top_p":0.9,"presence_penalty":1.0,"frequency_penalty":-1.0,"seed":-3,"logit_bias":{"50256":-100},"logprobs":true,"top_logprobs":5,"max_completion_tokens":50,"stop":["a","b"],"verbosity":"low","user":"u","service_tier":"default","stream":true,"stream_options":{"include_usage":true}}"#);
    let (older, notes) = write(&chat, Target { only_max_tokens: true, ..TARGET });
    assert!(older.contains("\"max_tokens\":50") && !older.contains("max_completion_tokens"));
    insta::assert_snapshot!(notes.join("\n"), @r#"
    Hint cache_key: this provider may not know it
    Hint user: this provider may not know it
    "#);
}

#[test]
fn what_openai_cannot_do_is_noted() {
    let chat = Chat {
        answers: Some(3),
        sampling: Sampling {
            top_k: Some(5),
            temperature: Some(3.0),
            top_p: Some(0.5),
            ..Sampling::default()
        },
        tools: vec![
            tool("web_search", ToolKind::WebSearch(WebSearch::default())),
            tool("code", ToolKind::Hosted { kind: "code_execution_20250825".into() }),
        ],
        tool_choice: Some(ToolChoice::Any),
        parallel_tools: Some(false),
        reasoning: Some(Reasoning {
            mode: ReasoningMode::On,
            effort: None,
            budget: Some(Tokens(2_000)),
            is_shown: Some(true),
        }),
        ..asking()
    };
    let (body, notes) = write(&chat, TARGET);
    insta::assert_snapshot!(body, @r#"{"model":"gpt-x","messages":[{"role":"user","content":"Hi"}],"reasoning_effort":"low","temperature":2.0,"top_p":0.5}"#);
    insta::assert_snapshot!(notes.join("\n"), @r#"
    Lost tools.0: of this API's models only those for search search the web
    Lost tools.1: this API has no tool `code_execution_20250825`
    Hint reasoning.is_shown: this API cannot be asked for thoughts
    Adapted reasoning.budget: sent as an effort
    Adapted temperature: moved into 0 to 2
    Lost top_k: this API has none
    Lost answers: an answer that is translated has one choice
    "#);
}

#[test]
fn a_search_model_searches() {
    let location = json(r#"{"type":"approximate","city":"Bonn","timezone":"Europe/Berlin"}"#);
    let search = WebSearch { max_uses: Some(3), user_location: Some(location), ..WebSearch::default() };
    let chat = Chat { tools: vec![tool("web_search", ToolKind::WebSearch(search))], ..asking() };
    let (body, notes) = write(&chat, Target { model: "gpt-5-search-api", ..TARGET });
    insta::assert_snapshot!(body, @r#"{"model":"gpt-5-search-api","web_search_options":{"user_location":{"type":"approximate","approximate":{"city":"Bonn","timezone":"Europe/Berlin"}}},"messages":[{"role":"user","content":"Hi"}]}"#);
    insta::assert_snapshot!(notes.join("\n"), @r#"Lost tools.0.max_uses: this API has no such bound"#);
}

#[test]
fn schemas_of_tools_are_made_whole() {
    let function =
        |schema: Option<&'static str>| ToolKind::Function { schema: schema.map(json), strict: None };
    let parameters = |schema| {
        let (body, _) = write(&Chat { tools: vec![tool("f", function(schema))], ..asking() }, TARGET);
        let (_, rest) = body.split_once("\"parameters\":").unwrap();
        rest.split_once("}}],\"messages\"").unwrap().0.to_owned()
    };
    let all = [
        None,
        Some("{}"),
        Some(r#"{"type":"object"}"#),
        Some(r#"{"properties":{"a":{}}}"#),
        Some(r#"{"description":null}"#),
        Some(r#"{"required":[],"properties":{},"type":"object"}"#),
        Some(r##"{"$ref":"#/$defs/a"}"##),
    ];
    insta::assert_snapshot!(all.map(parameters).join("\n"), @r##"
    {"type":"object","properties":{},"additionalProperties":false}
    {"type":"object","properties":{}}
    {"properties":{},"type":"object"}
    {"type":"object","properties":{"a":{}}}
    {"type":"object","properties":{},"description":null}
    {"required":[],"properties":{},"type":"object"}
    {"$ref":"#/$defs/a"}
    "##);
}

#[test]
fn the_choice_names_the_kind_of_the_tool() {
    let tools = vec![
        tool("f", ToolKind::Function { schema: None, strict: None }),
        tool("c", ToolKind::Custom { format: None }),
    ];
    let choice = |choice: ToolChoice<'static>| {
        let chat = Chat { tools: tools.clone(), tool_choice: Some(choice), ..asking() };
        let (body, notes) = write(&chat, TARGET);
        let (before, _) = body.split_once(",\"messages\"").unwrap();
        format!("{} {notes:?}", before.split_once("\"tool_choice\":").map_or("", |(_, rest)| rest))
    };
    let all = [
        ToolChoice::Auto,
        ToolChoice::None,
        ToolChoice::Any,
        ToolChoice::Named("f".into()),
        ToolChoice::Named("c".into()),
        ToolChoice::Named("x".into()),
        ToolChoice::Among { names: vec!["c".into(), "x".into()], is_required: true },
    ];
    insta::assert_snapshot!(all.map(choice).join("\n"), @r#"
    "auto" []
    "none" []
    "required" []
    {"type":"function","function":{"name":"f"}} []
    {"type":"custom","custom":{"name":"c"}} []
     ["Lost tool_choice: this API has no tool `x`"]
    {"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"custom","custom":{"name":"c"}}]}} []
    "#);
}

#[test]
fn a_request_with_nothing_to_send_or_too_many_stops_is_refused() {
    let why = |chat: &Chat<'_>| {
        OpenAiChat.write_chat(chat, TARGET, &mut Changes::default()).unwrap_err().to_string()
    };
    let thought = Part::new(PartBody::Thinking { text: "Hm".into(), seal: None });
    let empty = Chat { turns: vec![turn(Role::Assistant, vec![thought])], ..Chat::default() };
    insta::assert_snapshot!(why(&empty), @r#"messages: no message is left that this API can take: send at least one with text"#);
    let stops = Chat { stop: ["a", "b", "c", "d", "e"].map(Text::from).to_vec(), ..asking() };
    insta::assert_snapshot!(why(&stops), @r#"stop: models of OpenAI's API take at most 4, got 5"#);
}

#[test]
fn ids_that_are_too_long_are_shortened_alike_in_call_and_result() {
    let id = "a-very-long-id-of-a-call-that-some-other-provider-made-up";
    let chat = Chat {
        turns: vec![
            turn(Role::Assistant, vec![call(id, "{}", false, None)]),
            turn(Role::User, vec![result(id, vec![], false)]),
        ],
        ..asking()
    };
    let (body, _) = write(&chat, TARGET);
    let short = super::super::words::short_call_id(id);
    assert_eq!(body.matches(&*short).count(), 2, "{body}");
}

#[test]
fn a_large_picture_is_written_into_a_body_that_does_not_grow() {
    let data = "A".repeat(1 << 20);
    let media = Media::Base64 { media_type: "image/png".into(), data: data.as_str().into() };
    let image = Part::new(PartBody::Image(Image { media, detail: None }));
    let chat = Chat { turns: vec![turn(Role::User, vec![image])], ..Chat::default() };
    assert!(super::super::write::size(&chat) >= data.len());
    let (body, notes) = write(&chat, TARGET);
    assert!(body.contains(&format!("data:image/png;base64,{data}\"")));
    assert_eq!(notes, [""; 0]);
}

#[test]
fn thoughts_within_the_content_are_read() {
    let body = with_message(
        r#"{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]},
        {"type":"thinking","thinking":"So","signature":"EqQB"},{"type":"text","text":"Yes"}]}"#,
    );
    insta::assert_snapshot!(read_turns(&body), @r#"
    User
      Text { text: "Hi", citations: [] }
    Assistant
      Thinking { text: "Hm", seal: None }
      Thinking { text: "So", seal: Some(Seal { by: Anthropic, data: "EqQB" }) }
      Text { text: "Yes", citations: [] }
    "#);
}
