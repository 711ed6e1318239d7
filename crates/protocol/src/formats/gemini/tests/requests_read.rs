//! Requests, read.

use super::*;

#[test]
fn an_address_says_the_model_and_whether_to_stream() {
    let body = br#"{"contents":[{"parts":[{"text":"hi"}]}],"generation_config":{"max_output_tokens":99}}"#;
    let envelope = Envelope::parse(body).unwrap();
    let address = Address { model: Some("gemini-3.5-flash".into()), stream: Some(true) };
    let summary = Gemini.summary(&envelope, &address).unwrap();
    assert_eq!(summary.model, "gemini-3.5-flash");
    assert!(summary.stream && summary.wants_stream_usage);
    assert_eq!(summary.max_output, Some(Tokens(99)));
    let nowhere = Gemini.summary(&envelope, &Address::default()).unwrap_err().to_string();
    assert!(nowhere.starts_with("model: this field is required"), "{nowhere}");
}

#[test]
fn a_request_of_the_same_dialect_is_passed_on_as_it_is() {
    let model_in = |body: &'static str, model: &str| {
        let envelope = Envelope::parse(body.as_bytes()).unwrap();
        let summary = Gemini.summary(&envelope, &address()).unwrap();
        Gemini.forward(&envelope, &summary, &bytes::Bytes::from_static(body.as_bytes()), model)
    };
    let body = r#"{ "contents" : [{"parts":[{"text":"hi"}]}], "new": {"x": [1, 2.50]} }"#;
    assert_eq!(model_in(body, "gemini-2.5-pro"), body);
    let body = r#"{"model":"models/a","contents":[{}]}"#;
    assert_eq!(model_in(body, "a"), body);
    assert_eq!(model_in(body, "b"), r#"{"model":"models/b","contents":[{}]}"#);
}

#[test]
fn both_spellings_of_fields_are_one() {
    let camel = r#"{"systemInstruction":{"parts":[{"text":"Be brief."}]},
        "contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/jpg","data":"AAAA"}}]}],
        "generationConfig":{"maxOutputTokens":5,"topP":0.5,"topK":40,"stopSequences":["x"],"candidateCount":2,
            "responseMimeType":"application/json","responseJsonSchema":{"type":"object"},"responseLogprobs":true,
            "logprobs":3,"thinkingConfig":{"thinkingBudget":2048,"includeThoughts":true}},
        "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},
        "safetySettings":[{}]}"#;
    let snake = r#"{"system_instruction":{"parts":{"text":"Be brief."}},
        "contents":{"role":"user","parts":{"inline_data":{"mime_type":"image/jpg","data":"AAAA"}}},
        "generation_config":{"max_output_tokens":5,"top_p":0.5,"top_k":40.0,"stop_sequences":["x"],
            "candidate_count":2,"response_mime_type":"application/json","response_json_schema":{"type":"object"},
            "response_logprobs":true,"logprobs":3,"thinking_config":{"thinking_budget":2048,"include_thoughts":true}},
        "tool_config":{"function_calling_config":{"mode":"any","allowed_function_names":["f"]}},
        "safety_settings":[{}]}"#;
    let [camel, snake] =
        [camel, snake].map(|body| with_chat(body, |chat, noted| (format!("{chat:?}"), noted)));
    assert_eq!(camel.0, snake.0);
    assert_eq!(camel.1, "safetySettings dropped (it has no counterpart)");
    assert_eq!(snake.1, "safety_settings dropped (it has no counterpart)");
    assert!(camel.0.contains("image/jpeg"));
}

#[test]
fn a_conversation_with_calls_without_ids_is_tied_together_by_names_and_order() {
    let body = r#"{"contents":[
        {"role":"user","parts":[{"text":"Weather in Rome and Oslo?"}]},
        {"role":"model","parts":[
            {"functionCall":{"name":"weather","args":{"city":"Rome"}},"thoughtSignature":"c2lnbmVk"},
            {"functionCall":{"name":"weather","args":{"city":"Oslo"}}},
            {"functionCall":{"id":"own","name":"time"}}]},
        {"role":"user","parts":[
            {"functionResponse":{"name":"weather","response":{"result":"warm"}}},
            {"functionResponse":{"name":"weather","response":{"error":"no such city"}}},
            {"functionResponse":{"id":"own","name":"time","response":{"hour":7,"minute":30},
                "parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}}]}]}"#;
    with_chat(body, |chat, noted| {
        insta::assert_snapshot!(show(&chat.turns), @r#"
User text "Weather in Rome and Oslo?"
Assistant call call_1_0 weather {"city":"Rome"} sealed by gemini c2lnbmVk
Assistant call call_1_1 weather {"city":"Oslo"} unsealed
Assistant call own time {} unsealed
User result call_1_0 Some("weather") ["text \"warm\""]
User result call_1_1 Some("weather") error ["text \"no such city\""]
User result own Some("time") ["text \"{\\\"hour\\\":7,\\\"minute\\\":30}\"", "Image(Image { media: Base64 { media_type: \"image/png\", data: \"AAAA\" }, detail: None })"]
"#);
        assert_eq!(noted, "");
    });
}

#[test]
fn what_an_sdk_kept_of_a_stream_is_put_together_again() {
    let body = r#"{"contents":[
        {"role":"user","parts":[{"text":"Hi"}]},
        {"role":"model","parts":[{"text":"Let me ","thought":true}]},
        {"role":"model","parts":[{"text":"think.","thought":true}]},
        {"role":"model","parts":[{"text":"","thought":true,"thoughtSignature":"cGFjZXdheS5hbnRocm9waWMuRXFRQkNnSVlBaElN"}]},
        {"role":"model","parts":[{"text":"Hel"}]},
        {"role":"model","parts":[{"text":"lo."},{"text":" "}]},
        {"role":"model","parts":[{"thought":true,"thoughtSignature":"cGFjZXdheS5hbnRocm9waWMuaGlkZGVu"}]},
        {"role":"model","parts":[{"text":"","thoughtSignature":"c2lnbmVk"}]},
        {"role":"model","parts":[{"text":""}]},
        {"role":"user","parts":[{"text":"And?"}]}]}"#;
    with_chat(body, |chat, _| {
        insta::assert_snapshot!(show(&chat.turns), @r#"
User text "Hi"
Assistant thinking "Let me think." sealed by anthropic EqQBCgIYAhIM
Assistant text "Hello. "
Assistant redacted sealed by anthropic hidden
Assistant thinking "" sealed by gemini c2lnbmVk
User text "And?"
"#);
    });
}

#[test]
fn base64_in_the_other_alphabet_is_put_into_the_standard_one() {
    let body = r#"{"contents":[{"role":"model","parts":[
        {"inlineData":{"mimeType":"IMAGE/PNG; x=1","data":"-_-_AA"}},
        {"functionCall":{"name":"f"},"thoughtSignature":"-_-_AA=="},
        {"functionCall":{"name":"f"},"thoughtSignature":"skip_thought_signature_validator"},
        {"functionCall":{"name":"f"},"thoughtSignature":"c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I"}]}]}"#;
    with_chat(body, |chat, _| {
        insta::assert_snapshot!(show(&chat.turns), @r#"
Assistant Image(Image { media: Base64 { media_type: "image/png", data: "+/+/AA==" }, detail: None })
Assistant call call_0_1 f {} sealed by gemini +/+/AA==
Assistant call call_0_2 f {} unsealed
Assistant call call_0_3 f {} unsealed
"#);
    });
}

#[test]
fn files_are_told_by_their_kind_and_by_where_they_are() {
    let body = r#"{"contents":[{"parts":[
        {"fileData":{"fileUri":"https://example.com/cat.PNG?x=1"}},
        {"fileData":{"mimeType":"application/pdf","fileUri":"https://example.com/a"}},
        {"fileData":{"fileUri":"https://www.youtube.com/watch?v=1"},"videoMetadata":{"fps":1}},
        {"fileData":{"mimeType":"audio/wav","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/f1"}},
        {"fileData":{"mimeType":"image/png","fileUri":"gs://bucket/a.png"}},
        {"inlineData":{"mimeType":"text/plain","data":"AAAA","displayName":"notes.txt"}},
        {"executableCode":{"language":"PYTHON","code":"1"}},
        {"text":"ok"}]}]}"#;
    with_chat(body, |chat, noted| {
        insta::assert_snapshot!(show(&chat.turns), @r#"
User Image(Image { media: Url { url: "https://example.com/cat.PNG?x=1", media_type: None }, detail: None })
User Document(Document { source: Media(Url { url: "https://example.com/a", media_type: Some("application/pdf") }), title: None, context: None, wants_citations: false })
User Video(Url { url: "https://www.youtube.com/watch?v=1", media_type: None })
User Audio(File { at: Gemini, id: "https://generativelanguage.googleapis.com/v1beta/files/f1" })
User Image(Image { media: File { at: Gemini, id: "gs://bucket/a.png" }, detail: None })
User Document(Document { source: Media(Base64 { media_type: "text/plain", data: "AAAA" }), title: Some("notes.txt"), context: None, wants_citations: false })
User text "ok"
"#);
        insta::assert_snapshot!(noted, @"contents.0.parts.2.videoMetadata dropped (it cannot be carried over to another provider's API); contents.0.parts.6.executableCode dropped (another provider's model did not run it)");
    });
}

#[test]
fn googles_schemas_become_json_schemas() {
    let body = r##"{"contents":[{"parts":[{"text":"hi"}]}],"tools":[
        {"functionDeclarations":[
            {"name":"a","description":"does a","parameters":{"type":"OBJECT","properties":{
                "s":{"type":"STRING","nullable":true,"enum":["x","y"],"format":"enum"},
                "n":{"type":"INTEGER","format":"int32","minimum":1,"max_items":"3"},
                "l":{"type":"ARRAY","items":{"type":"NUMBER"},"minItems":"1"},
                "any":{"anyOf":[{"type":"STRING"},{"type":"BOOLEAN"}],"nullable":true,"example":"e"},
                "type":{"ref":"#/defs/T"}},
                "required":["s"],"propertyOrdering":["s","n"],"defs":{"T":{"type":"STRING"}}},
             "response":{"type":"STRING"}},
            {"name":"b","parametersJsonSchema":{"type":"object","$schema":"x","properties":{}}},
            {"name":"c"}]},
        {"googleSearch":{"excludeDomains":["a.com"],"timeRangeFilter":{}}},
        {"codeExecution":{},"urlContext":{}}]}"##;
    with_chat(body, |chat, noted| {
        let tools: Vec<_> =
            chat.tools.iter().map(|tool| format!("{} {:?}\n", tool.name, tool.kind)).collect();
        insta::assert_snapshot!(tools.concat(), @r##"
a Function { schema: Some(RawValue({"type":"object","properties":{"s":{"type":["string","null"],"enum":["x","y",null]},"n":{"type":"integer","format":"int32","minimum":1,"maxItems":3},"l":{"type":"array","items":{"type":"number"},"minItems":1},"any":{"anyOf":[{"type":"string"},{"type":"boolean"},{"type":"null"}],"examples":["e"]},"type":{"$ref":"#/$defs/T"}},"required":["s"],"$defs":{"T":{"type":"string"}}})), strict: None }
b Function { schema: Some(RawValue({"type":"object","$schema":"x","properties":{}})), strict: None }
c Function { schema: None, strict: None }
web_search WebSearch(WebSearch { max_uses: None, allowed_domains: [], blocked_domains: ["a.com"], user_location: None })
codeExecution Hosted { kind: "codeExecution" }
urlContext Hosted { kind: "urlContext" }
"##);
        insta::assert_snapshot!(noted, @"tools.0.functionDeclarations.0.response dropped (it has no counterpart); tools.1.googleSearch.timeRangeFilter dropped (it cannot be carried over to another provider's API)");
    });
}

#[test]
fn a_schema_that_is_nested_without_end_is_read_to_a_depth_and_no_deeper() {
    let depth = 5_000;
    let schema =
        format!("{}{}", r#"{"type":"ARRAY","items":"#.repeat(depth), "{}".to_owned() + &"}".repeat(depth));
    let body = format!(
        r#"{{"contents":[{{"parts":[{{"text":"hi"}}]}}],"tools":[{{"functionDeclarations":[{{"name":"a","parameters":{schema}}}]}}]}}"#
    );
    with_chat(&body, |chat, _| assert_eq!(chat.tools.len(), 1));
}

#[test]
fn modes_of_calling_become_choices() {
    let choice = |config: &str| {
        let body = format!(
            r#"{{"contents":[{{"parts":[{{"text":"hi"}}]}}],"toolConfig":{{"functionCallingConfig":{config}}}}}"#
        );
        with_chat(&body, |chat, _| format!("{:?}", chat.tool_choice))
    };
    assert_eq!(choice(r#"{"mode":"AUTO"}"#), "Some(Auto)");
    assert_eq!(choice(r#"{"mode":"NONE"}"#), "Some(None)");
    assert_eq!(choice(r#"{"mode":"ANY"}"#), "Some(Any)");
    assert_eq!(choice(r#"{"mode":"ANY","allowedFunctionNames":["a"]}"#), r#"Some(Named("a"))"#);
    assert_eq!(
        choice(r#"{"mode":"ANY","allowedFunctionNames":["a","b"]}"#),
        r#"Some(Among { names: ["a", "b"], is_required: true })"#
    );
    assert_eq!(
        choice(r#"{"mode":"VALIDATED","allowedFunctionNames":["a"]}"#),
        r#"Some(Among { names: ["a"], is_required: false })"#
    );
    assert_eq!(choice(r#"{"mode":"VALIDATED"}"#), "Some(Auto)");
    assert_eq!(choice("{}"), "None");
}

#[test]
fn how_much_is_thought_is_read_from_budget_and_level() {
    let reasoning = |config: &str| {
        let body = format!(
            r#"{{"contents":[{{"parts":[{{"text":"hi"}}]}}],"generationConfig":{{"thinkingConfig":{config}}}}}"#
        );
        with_chat(&body, |chat, _| format!("{:?}", chat.reasoning.unwrap()))
    };
    insta::assert_snapshot!(reasoning(r#"{"thinkingBudget":0}"#), @"Reasoning { mode: Off, effort: None, budget: None, is_shown: None }");
    insta::assert_snapshot!(reasoning(r#"{"thinkingBudget":-1,"includeThoughts":true}"#), @"Reasoning { mode: Adaptive, effort: None, budget: None, is_shown: Some(true) }");
    insta::assert_snapshot!(reasoning(r#"{"thinkingBudget":512}"#), @"Reasoning { mode: On, effort: None, budget: Some(Tokens(512)), is_shown: None }");
    insta::assert_snapshot!(reasoning(r#"{"thinkingLevel":"high"}"#), @"Reasoning { mode: On, effort: Some(High), budget: None, is_shown: None }");
    insta::assert_snapshot!(reasoning(r#"{"thinkingLevel":"XHIGH"}"#), @"Reasoning { mode: On, effort: Some(ExtraHigh), budget: None, is_shown: None }");
}

#[test]
fn what_says_nothing_is_not_noted_and_what_is_lost_is() {
    let body = r#"{"contents":[{"parts":[{"text":"hi"}]}],"store":false,"cachedContent":"cachedContents/x",
        "labels":{"a":"b"},"serviceTier":"flex","generationConfig":{"candidateCount":1,"presencePenalty":0,
        "frequencyPenalty":0.0,"responseMimeType":"text/plain","responseLogprobs":false,
        "responseModalities":["TEXT","AUDIO"],"speechConfig":{},"mediaResolution":"MEDIA_RESOLUTION_LOW"},
        "toolConfig":{"retrievalConfig":{"latLng":{}}}}"#;
    with_chat(body, |chat, noted| {
        assert_eq!(chat.answers, None);
        assert_eq!(chat.sampling.presence_penalty, None);
        assert_eq!(chat.service_tier, Some(crate::neutral::ServiceTier::Flex));
        insta::assert_snapshot!(noted, @"generationConfig.responseModalities.1 dropped (other providers' APIs answer in text); generationConfig.speechConfig dropped (it cannot be carried over to another provider's API); generationConfig.mediaResolution dropped (it has no counterpart); toolConfig.retrievalConfig dropped (it cannot be carried over to another provider's API); store dropped (it has no counterpart); cachedContent dropped (it cannot be carried over to another provider's API); labels dropped (it has no counterpart)");
    });
}

#[test]
fn what_is_wrong_is_told_with_its_place_what_was_expected_and_what_came() {
    insta::assert_snapshot!(refusal(r#"{"contents":[]}"#), @"contents: at least one content is required");
    insta::assert_snapshot!(refusal(r#"{"contents":"hi"}"#), @r#"contents: expected an array of contents, got "hi""#);
    insta::assert_snapshot!(refusal(r#"{"contents":[{"parts":[{"text":" "}]}]}"#), @"contents: at least one content with a part is required");
    insta::assert_snapshot!(refusal(r#"{"contents":[{"role":"assistant","parts":[]}]}"#), @"contents.0.role: expected `user` or `model`, got `assistant`");
    insta::assert_snapshot!(refusal(r#"{"contents":[{"parts":[{"text":7}]}]}"#), @"contents.0.parts.0.text: expected a string, got 7");
    insta::assert_snapshot!(refusal(r#"{"contents":[{"parts":7}]}"#), @"contents.0.parts: expected an array of parts, got 7");
    insta::assert_snapshot!(refusal(r#"{"contents":[{"parts":[{"inline_data":{"data":"A"}}]}]}"#), @"contents.0.parts.0.inlineData.mimeType: this field is required: send a string");
    insta::assert_snapshot!(refusal(r#"{"contents":[{"parts":[{"functionCall":{"args":{}}}]}]}"#), @"contents.0.parts.0.functionCall.name: this field is required: send a string");
    insta::assert_snapshot!(refusal(r#"{"contents":[{"parts":[{"functionCall":{"name":"f","args":[]}}]}]}"#), @"contents.0.parts.0.functionCall.args: expected an object, got []");
    insta::assert_snapshot!(refusal(r#"{"contents":[{"parts":[{"functionResponse":{"response":"x"}}]}]}"#), @r#"contents.0.parts.0.functionResponse.response: expected an object, got "x""#);
    let config = |config: &str| {
        refusal(&format!(r#"{{"contents":[{{"parts":[{{"text":"hi"}}]}}],"generationConfig":{config}}}"#))
    };
    insta::assert_snapshot!(config(r#"{"maxOutputTokens":0}"#), @"generationConfig.maxOutputTokens: expected a positive integer, got 0");
    insta::assert_snapshot!(config(r#"{"max_output_tokens":"many"}"#), @r#"generationConfig.max_output_tokens: expected a positive integer, got "many""#);
    insta::assert_snapshot!(config(r#"{"topK":0.5}"#), @"generationConfig.topK: expected a positive integer, got 0.5");
    insta::assert_snapshot!(config(r#"{"stopSequences":"x"}"#), @r#"generationConfig.stopSequences: expected an array of strings, got "x""#);
    insta::assert_snapshot!(config(r#"{"thinkingConfig":{"thinkingLevel":"LOTS"}}"#), @"generationConfig.thinkingConfig.thinkingLevel: expected MINIMAL, LOW, MEDIUM, HIGH or XHIGH, got LOTS");
    insta::assert_snapshot!(config(r#"{"responseModalities":[1]}"#), @"generationConfig.responseModalities.0: expected a string, got 1");
    let tools = |tools: &str| refusal(&format!(r#"{{"contents":[{{"parts":[{{"text":"hi"}}]}}],{tools}}}"#));
    insta::assert_snapshot!(tools(r#""tools":[{"functionDeclarations":[{}]}]"#), @"tools.0.functionDeclarations.0.name: this field is required: send a string");
    insta::assert_snapshot!(tools(r#""tools":[{"functionDeclarations":[{"name":"a","parameters":{"type":7}}]}]"#), @"tools.0.functionDeclarations.0.parameters.type: expected a type's name, got 7");
    insta::assert_snapshot!(tools(r#""toolConfig":{"functionCallingConfig":{"mode":"SOME"}}"#), @"toolConfig.functionCallingConfig.mode: expected AUTO, ANY, NONE or VALIDATED, got SOME");
}
