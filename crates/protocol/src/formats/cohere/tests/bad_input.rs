//! Wrong shapes: each is told with its path, what was expected and what came.

use super::support::read;

fn why(body: &str) -> String {
    read(body).map(|(chat, _)| chat.turns.len()).unwrap_err().to_string()
}

fn of_message(message: &str) -> String {
    why(&format!(r#"{{"model":"m","messages":[{message}]}}"#))
}

fn of_field(field: &str) -> String {
    why(&format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],{field}}}"#))
}

#[test]
fn wrong_messages_are_told_by_their_path() {
    let told = [
        why(r#"{"messages":[1]}"#),
        why(r#"{"model":"m"}"#),
        why(r#"{"model":"m","messages":[]}"#),
        why(r#"{"model":"m","messages":"x"}"#),
        of_message("7"),
        of_message(r#"{"content":"x"}"#),
        of_message(r#"{"role":"developer","content":"x"}"#),
        of_message(r#"{"role":"user"}"#),
        of_message(r#"{"role":"user","content":{}}"#),
        of_message(r#"{"role":"user","content":["x"]}"#),
        of_message(r#"{"role":"user","content":[{"text":"x"}]}"#),
        of_message(r#"{"role":"user","content":[{"type":"audio"}]}"#),
        of_message(r#"{"role":"user","content":[{"type":"image_url","image_url":"x"}]}"#),
        of_message(
            r#"{"role":"user","content":[{"type":"image_url","image_url":{"url":"x","detail":"most"}}]}"#,
        ),
        of_message(r#"{"role":"assistant","tool_calls":[{"id":"a"}]}"#),
        of_message(
            r#"{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":{}}}]}"#,
        ),
        of_message(r#"{"role":"tool","content":"x"}"#),
        of_message(r#"{"role":"tool","tool_call_id":"a","content":[{"type":"document","document":{}}]}"#),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    model: this field is required: send a model's name as a string
    messages: this field is required: send an array of messages
    messages: at least one message is required
    messages: expected an array of messages, got "x"
    messages.0: expected an object, got 7
    messages.0.role: this field is required: send a string
    messages.0.role: expected "system", "user", "assistant" or "tool", got "developer"
    messages.0.content: this field is required: send a string or an array of content blocks
    messages.0.content: expected a string or an array of content blocks, got {}
    messages.0.content.0: expected an object, got "x"
    messages.0.content.0.type: this field is required: send a string
    messages.0.content.0.type: expected "text", "image_url", "thinking" or "document", got "audio"
    messages.0.content.0.image_url: expected an object, got "x"
    messages.0.content.0.image_url.detail: expected "auto", "low" or "high", got "most"
    messages.0.tool_calls.0.function: this field is required: send an object with a name and arguments
    messages.0.tool_calls.0.function.arguments: expected a string, got {}
    messages.0.tool_call_id: this field is required: send a string
    messages.0.content.0.document.data: this field is required: send a string or an object
    "#);
}

#[test]
fn wrong_settings_are_told_by_their_path() {
    let told = [
        of_field(r#""stream":"yes""#),
        of_field(r#""max_tokens":"many""#),
        of_field(r#""temperature":"hot""#),
        of_field(r#""k":-1"#),
        of_field(r#""stop_sequences":["a",1]"#),
        of_field(r#""tools":[{"type":"web"}]"#),
        of_field(r#""tools":[{"type":"function","function":{}}]"#),
        of_field(r#""tool_choice":"auto""#),
        of_field(r#""strict_tools":1"#),
        of_field(r#""response_format":{"type":"xml"}"#),
        of_field(r#""thinking":{"type":"maybe"}"#),
        of_field(r#""thinking":{"type":"enabled","token_budget":-1}"#),
        of_field(r#""documents":{}"#),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    stream: expected true or false, got "yes"
    max_tokens: expected a positive integer, got "many"
    temperature: expected a number, not negative, got "hot"
    k: expected an integer from 0 to 500, got -1
    stop_sequences.1: expected a string, got 1
    tools.0.type: expected "function", got "web"
    tools.0.function.name: this field is required: send a string
    tool_choice: expected "REQUIRED" or "NONE", got "auto"
    strict_tools: expected true or false, got 1
    response_format.type: expected "text" or "json_object", got "xml"
    thinking.type: expected "enabled" or "disabled", got "maybe"
    thinking.token_budget: expected a positive integer, got -1
    documents: expected an array of documents, got {}
    "#);
}
