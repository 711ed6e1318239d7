//! Wrong shapes: each is told with its path, what was expected and what came.

use super::support::read;
use crate::envelope::Envelope;
use crate::formats::converse::Converse;
use crate::formats::{Address, Format};

fn why(body: &str) -> String {
    read(body).map(|(chat, _)| chat.turns.len()).unwrap_err().to_string()
}

fn of_block(block: &str) -> String {
    why(&format!(r#"{{"messages":[{{"role":"user","content":[{{"text":"x"}},{block}]}}]}}"#))
}

fn of_field(field: &str) -> String {
    why(&format!(r#"{{"messages":[{{"role":"user","content":[{{"text":"x"}}]}}],{field}}}"#))
}

#[test]
fn wrong_messages_are_told_by_their_path() {
    let told = [
        why("{}"),
        why(r#"{"messages":{}}"#),
        why(r#"{"messages":[7]}"#),
        why(r#"{"messages":[{"content":[]}]}"#),
        why(r#"{"messages":[{"role":"tool","content":[]}]}"#),
        why(r#"{"messages":[{"role":"user"}]}"#),
        why(r#"{"messages":[{"role":"user","content":"hello"}]}"#),
        why(r#"{"messages":[{"role":"user","content":["hello"]}]}"#),
        why(r#"{"messages":[],"system":"hello"}"#),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    messages: this field is required: send an array of messages
    messages: expected an array of messages, got {}
    messages.0: expected an object, got 7
    messages.0.role: this field is required: send a string
    messages.0.role: expected "user", "assistant" or "system", got "tool"
    messages.0.content: this field is required: send an array of content blocks
    messages.0.content: expected an array of content blocks, got "hello"
    messages.0.content.0: expected an object, got "hello"
    system: expected an array of system blocks, got "hello"
    "#);
}

#[test]
fn wrong_blocks_are_told_by_their_path() {
    let told = [
        of_block(r#"{"text":7}"#),
        of_block(r#"{"image":{"source":{"bytes":"aGk="}}}"#),
        of_block(r#"{"image":{"format":"tiff","source":{"bytes":"aGk="}}}"#),
        of_block(r#"{"image":{"format":"png"}}"#),
        of_block(r#"{"image":{"format":"png","source":{}}}"#),
        of_block(r#"{"image":{"format":"png","source":{"bytes":[1]}}}"#),
        of_block(r#"{"video":{"format":"mp4","source":{"s3Location":{}}}}"#),
        of_block(r#"{"document":{"format":"pdf","name":"a"}}"#),
        of_block(r#"{"document":{"name":"a","source":{"bytes":"aGk="}}}"#),
        of_block(r#"{"toolUse":{"name":"f","input":{}}}"#),
        of_block(r#"{"toolUse":{"toolUseId":"a","name":"f"}}"#),
        of_block(r#"{"toolResult":{"toolUseId":"a","content":"x"}}"#),
        of_block(r#"{"toolResult":{"toolUseId":"a","content":[{"text":7}]}}"#),
        of_block(r#"{"reasoningContent":{}}"#),
        of_block(r#"{"reasoningContent":{"reasoningText":{"text":[]}}}"#),
        of_block(r#"{"guardContent":{}}"#),
        of_block(r#"{"citationsContent":{"content":{}}}"#),
        of_block(r#"{"searchResult":{"title":"a"}}"#),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    messages.0.content.1.text: expected a string, got 7
    messages.0.content.1.image.format: this field is required: send the format of the bytes
    messages.0.content.1.image.format: expected a format of image, got "tiff"
    messages.0.content.1.image.source: this field is required: send an object with `bytes` or `s3Location`
    messages.0.content.1.image.source.bytes: this field is required: send a string
    messages.0.content.1.image.source.bytes: expected a string, got [1]
    messages.0.content.1.video.source.s3Location.uri: this field is required: send a string
    messages.0.content.1.document.source: this field is required: send an object with `bytes`, `text`, `content` or `s3Location`
    messages.0.content.1.document.format: this field is required: send the format of the bytes
    messages.0.content.1.toolUse.toolUseId: this field is required: send a string
    messages.0.content.1.toolUse.input: this field is required: send the arguments as an object
    messages.0.content.1.toolResult.content: expected an array of content blocks, got "x"
    messages.0.content.1.toolResult.content.0.text: expected a string, got 7
    messages.0.content.1.reasoningContent.reasoningText: this field is required: send an object with `text`, or `redactedContent` in its place
    messages.0.content.1.reasoningContent.reasoningText.text: expected a string, got []
    messages.0.content.1.guardContent.image: this field is required: send an object with `text` or `image`
    messages.0.content.1.citationsContent.content: expected an array of texts, got {}
    messages.0.content.1.searchResult.content: this field is required: send an array of texts
    "#);
}

#[test]
fn wrong_settings_are_told_by_their_path() {
    let told = [
        of_field(r#""inferenceConfig":7"#),
        of_field(r#""inferenceConfig":{"maxTokens":"many"}"#),
        of_field(r#""inferenceConfig":{"temperature":"hot"}"#),
        of_field(r#""inferenceConfig":{"stopSequences":["a",1]}"#),
        of_field(r#""toolConfig":{}"#),
        of_field(r#""toolConfig":{"tools":[{"toolSpec":{"name":"f"}}]}"#),
        of_field(r#""toolConfig":{"tools":[],"toolChoice":{"none":{}}}"#),
        of_field(r#""outputConfig":{"effort":"huge"}"#),
        of_field(r#""outputConfig":{"textFormat":{"type":"json_schema"}}"#),
        of_field(
            r#""outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{"}}}}"#,
        ),
        of_field(r#""additionalModelRequestFields":{"thinking":{"type":"maybe"}}"#),
        of_field(r#""additionalModelRequestFields":{"top_k":-1}"#),
        of_field(r#""serviceTier":"flex""#),
        of_field(r#""additionalModelResponseFieldPaths":"/a""#),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    inferenceConfig: expected an object, got 7
    inferenceConfig.maxTokens: expected a positive integer, got "many"
    inferenceConfig.temperature: expected a number from 0 to 1, got "hot"
    inferenceConfig.stopSequences.1: expected a string, got 1
    toolConfig.tools: this field is required: send an array of tools
    toolConfig.tools.0.toolSpec.inputSchema: this field is required: send an object with `json`
    toolConfig.toolChoice: expected an object with `auto`, `any` or `tool`
    outputConfig.effort: expected "low", "medium", "high", "xhigh" or "max", got "huge"
    outputConfig.textFormat.structure: this field is required: send an object with `jsonSchema`
    outputConfig.textFormat.structure.jsonSchema.schema: expected JSON in a string: EOF while parsing an object at line 1 column 1
    additionalModelRequestFields.thinking.type: expected "enabled", "adaptive" or "disabled", got "maybe"
    additionalModelRequestFields.top_k: expected a positive integer, got -1
    serviceTier: expected an object, got "flex"
    additionalModelResponseFieldPaths: expected an array of JSON pointers, got "/a"
    "#);
}

#[test]
fn an_address_without_a_model_is_refused() {
    let envelope = Envelope::parse(b"{}").unwrap();
    let refusal = Converse.summary(&envelope, &Address::default()).unwrap_err().to_string();
    assert!(refusal.starts_with("modelId: the address names no model"), "{refusal}");
}
