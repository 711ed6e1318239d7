//! Requests of a wrong shape: each refusal names the place, what is expected and what came.

use super::*;

fn why(body: &str) -> String {
    read(body).unwrap_err().to_string()
}

#[test]
fn wrong_shapes_at_the_top_are_told() {
    let told = [
        r#"{"input":"Q"}"#,
        r#"{"model":"m"}"#,
        r#"{"model":"m","input":7}"#,
        r#"{"model":"m","input":"  "}"#,
        r#"{"model":"m","input":[]}"#,
        r#"{"model":"m","input":"Q","stream":"yes"}"#,
        r#"{"model":"m","input":"Q","max_output_tokens":-1}"#,
        r#"{"model":"m","input":"Q","instructions":["a"]}"#,
        r#"{"model":"m","input":"Q","temperature":"hot"}"#,
        r#"{"model":"m","input":"Q","text":{"format":{"type":"xml"}}}"#,
        r#"{"model":"m","input":"Q","text":{"format":{"type":"json_schema"}}}"#,
        r#"{"model":"m","input":"Q","reasoning":{"effort":"utmost"}}"#,
        r#"{"model":"m","input":"Q","reasoning":"high"}"#,
        r#"{"model":"m","input":"Q","include":"all"}"#,
        r#"{"model":"m","input":"Q","tool_choice":"maybe"}"#,
        r#"{"model":"m","input":"Q","tool_choice":{"type":"allowed_tools","mode":"x","tools":[]}}"#,
        r#"{"model":"m","input":"Q","tools":{}}"#,
        r#"{"model":"m","input":"Q","tools":[{"type":"function"}]}"#,
        r#"{"model":"m","input":"Q","tools":[{"name":"f"}]}"#,
        r#"{"model":"m","input":"Q","tools":[{"type":"namespace","name":"n","tools":[{"type":"function","name":1}]}]}"#,
    ]
    .map(why);
    insta::assert_snapshot!(told.join("\n"), @r#"
    model: this field is required: send a model's name as a string
    input: expected a text or items that are not blank
    input: expected a string or an array of items, got 7
    input: expected a text or items that are not blank
    input: expected a text or items that are not blank
    stream: expected true or false, got "yes"
    max_output_tokens: expected a positive integer, got -1
    instructions: expected a string, got ["a"]
    temperature: expected a number from 0 to 2, got "hot"
    text.format.type: expected `text`, `json_object` or `json_schema`, got `xml`
    text.format.schema: this field is required: send a JSON schema
    reasoning.effort: expected `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`, got `utmost`
    reasoning: expected an object, got "high"
    include: expected an array of strings, got "all"
    tool_choice: expected `auto`, `none`, `required` or an object, got `maybe`
    tool_choice.mode: expected `auto` or `required`, got `x`
    tools: expected an array of tools, got {}
    tools.0.name: this field is required: send a string
    tools.0.type: this field is required: send a string
    tools.0.tools.0.name: expected a string, got 1
    "#);
}

#[test]
fn wrong_shapes_of_items_are_told() {
    let told = [
        "[7]",
        r#"[{"content":"x"}]"#,
        r#"[{"role":"robot","content":"x"}]"#,
        r#"[{"role":"user"}]"#,
        r#"[{"role":"user","content":7}]"#,
        r#"[{"role":"user","content":["x"]}]"#,
        r#"[{"role":"user","content":[{"text":"x"}]}]"#,
        r#"[{"role":"user","content":[{"type":"input_text"}]}]"#,
        r#"[{"role":"user","content":[{"type":"input_image"}]}]"#,
        r#"[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png,x"}]}]"#,
        r#"[{"role":"user","content":[{"type":"input_image","image_url":"https://a","detail":"fine"}]}]"#,
        r#"[{"role":"user","content":[{"type":"input_file","filename":"a"}]}]"#,
        r#"[{"type":"function_call","call_id":"c","name":"f","arguments":{}}]"#,
        r#"[{"type":"function_call","name":"f","arguments":""}]"#,
        r#"[{"type":"function_call_output","call_id":"c"}]"#,
        r#"[{"type":"function_call_output","call_id":"c","output":{}}]"#,
        r#"[{"type":"reasoning","summary":"x"}]"#,
        r#"[{"type":"reasoning","summary":[{"text":1}]}]"#,
    ]
    .map(|input| why(&with_input(input)));
    insta::assert_snapshot!(told.join("\n"), @r#"
    input.0: expected an object, got 7
    input.0.type: this field is required: send a string
    input.0.role: expected `user`, `assistant`, `system` or `developer`, got `robot`
    input.0.content: this field is required: send a string or an array of content parts
    input.0.content: expected a string or an array of content parts, got 7
    input.0.content.0: expected an object, got "x"
    input.0.content.0.type: this field is required: send a string
    input.0.content.0.text: this field is required: send a string
    input.0.content.0: send `image_url` or `file_id`
    input.0.content.0.image_url: expected `data:<media type>;base64,<data>`, got `data:image/png,x`
    input.0.content.0.detail: expected `low`, `high`, `original` or `auto`, got `fine`
    input.0.content.0: send `file_data`, `file_url` or `file_id`
    input.0.arguments: expected a string, got {}
    input.0.call_id: this field is required: send a string
    input.0.output: this field is required: send a string or an array of content parts
    input.0.output: expected a string or an array of content parts, got {}
    input.0.summary: expected an array of texts, got "x"
    input.0.summary.0.text: expected a string, got 1
    "#);
}

#[test]
fn references_that_nobody_resolved_are_refused_with_what_to_do() {
    let told = [
        r#"{"model":"m","input":"Q","previous_response_id":"resp_1"}"#,
        r#"{"model":"m","input":"Q","conversation":{"id":"conv_1"}}"#,
        r#"{"model":"m","input":[{"type":"item_reference","id":"msg_1"}]}"#,
        r#"{"model":"m","input":[{"id":"msg_1"}]}"#,
    ]
    .map(why);
    insta::assert_snapshot!(told.join("\n"), @r#"
    previous_response_id: the response that it names is not to be found here: send the whole conversation in `input`, or choose a model of OpenAI's own API
    conversation: conversations are kept by OpenAI's own API only: send the conversation in `input`, or choose a model of that API
    input.0: the item that it names is not to be found here: send the item itself, or choose a model of OpenAI's own API
    input.0: the item that it names is not to be found here: send the item itself, or choose a model of OpenAI's own API
    "#);
}
