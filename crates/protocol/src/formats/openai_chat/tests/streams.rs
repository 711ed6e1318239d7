//! Streams of many providers, read.

use super::{deltas, pieces, stream};

/// The pieces of a whole stream, one a line; the same wherever it is cut.
fn read(bytes: &[u8]) -> String {
    let whole = pieces([bytes]);
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        assert_eq!(pieces([head, tail]), whole, "cut at {cut}");
    }
    for end in 0..bytes.len() {
        let _unfinished = pieces([&bytes[..end]]);
    }
    whole.join("\n")
}

#[test]
fn a_text_ends_with_the_usage_that_comes_after_its_finish() {
    let bytes = stream(&[
        r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-5-nano-2025-08-07","service_tier":"default","system_fingerprint":null,"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"Ab"}"#,
        r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-5-nano-2025-08-07","choices":[{"index":0,"delta":{"content":"Hé"},"logprobs":null,"finish_reason":null}],"usage":null}"#,
        r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-5-nano-2025-08-07","choices":[{"index":0,"delta":{"content":"llo\n"},"logprobs":null,"finish_reason":null}],"usage":null}"#,
        r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-5-nano-2025-08-07","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}"#,
        r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-5-nano-2025-08-07","choices":[],"usage":{"prompt_tokens":1200,"completion_tokens":80,"total_tokens":1280,"prompt_tokens_details":{"cached_tokens":1024,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":64,"accepted_prediction_tokens":0}}}"#,
    ]);
    insta::assert_snapshot!(read(&bytes), @r#"
    begin chatcmpl-1 gpt-5-nano-2025-08-07
    open text
      "Hé"
      "llo\n"
    close
    end Done [176, 1024, 0, 80, 64]
    "#);
}

#[test]
fn parallel_calls_come_out_one_after_the_other() {
    let bytes = deltas(
        &[
            r#"{"role":"assistant","content":null}"#,
            r#"{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"weather","arguments":""}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"\"Bonn}\"}"}}]}"#,
            r#"{"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"time","arguments":""}}]}"#,
            r#"{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}"#,
        ],
        "tool_calls",
    );
    insta::assert_snapshot!(read(&bytes), @r#"
    begin chatcmpl-1 m
    open call call_a weather
      "{\"city\":"
      "\"Bonn}\"}"
    close
    open call call_b time
      "{}"
    close
    end ToolCalls [9, 0, 0, 4, 0]
    "#);
}

#[test]
fn calls_whose_pieces_interleave_are_held_until_their_turn() {
    let bytes = deltas(
        &[
            r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}},{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y"}}]}"#,
            r#"{"tool_calls":[{"index":1,"function":{"arguments":"\":2}"}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":":1"}}]}"#,
            r#"{"content":"words between"}"#,
            r#"{"tool_calls":[{"index":2,"id":"c","function":{"name":"h","arguments":""}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}"#,
            r#"{"content":"words behind"}"#,
        ],
        "tool_calls",
    );
    insta::assert_snapshot!(read(&bytes), @r#"
    begin chatcmpl-1 m
    open call a f
      "{\"x\""
      ":1"
      "}"
    close
    open call b g
      "{\"y\":2}"
    close
    open text
      "words between"
    close
    open call c h
    close
    open text
      "words behind"
    close
    end ToolCalls [9, 0, 0, 4, 0]
    "#);
}

#[test]
fn text_after_calls_and_calls_without_arguments_come_out_right() {
    let bytes = deltas(
        &[
            r#"{"content":"Let me see."}"#,
            r#"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"now"}}]}"#,
            r#"{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"here","arguments":""}}]}"#,
            r#"{"content":"Done."}"#,
        ],
        "stop",
    );
    insta::assert_snapshot!(read(&bytes), @r#"
    begin chatcmpl-1 m
    open text
      "Let me see."
    close
    open call a now
    close
    open call b here
    close
    open text
      "Done."
    close
    end ToolCalls [9, 0, 0, 4, 0]
    "#);
}

#[test]
fn whole_calls_are_told_apart_without_places_and_without_ids() {
    let google = deltas(
        &[
            r#"{"tool_calls":[{"index":0,"id":"fc-1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"},"extra_content":{"google":{"thought_signature":"CiQ="}}},{"index":0,"id":"fc-2","type":"function","function":{"name":"f","arguments":"{\"a\":2}"}}]}"#,
        ],
        "tool_calls",
    );
    insta::assert_snapshot!(read(&google), @r#"
    begin chatcmpl-1 m
    open call fc-1 f openai:CiQ=
      "{\"a\":1}"
    close
    open call fc-2 f
      "{\"a\":2}"
    close
    end ToolCalls [9, 0, 0, 4, 0]
    "#);
    let bare = deltas(
        &[
            r#"{"tool_calls":[{"function":{"name":"f","arguments":"{\"a\":1}"}}]}"#,
            r#"{"tool_calls":[{"function":{"name":"f","arguments":{"a":2}}}]}"#,
        ],
        "stop",
    );
    insta::assert_snapshot!(read(&bare), @r#"
    begin chatcmpl-1 m
    open call call_1_0 f
      "{\"a\":1}"
    close
    open call call_1_1 f
      "{\"a\":2}"
    close
    end ToolCalls [9, 0, 0, 4, 0]
    "#);
}

#[test]
fn a_call_whose_id_changes_with_every_delta_stays_one() {
    let bytes = deltas(
        &[
            r#"{"tool_calls":[{"index":0,"id":"t-1","type":"function","function":{"name":"f"}}]}"#,
            r#"{"tool_calls":[{"index":0,"id":"t-2","type":"function","function":{"arguments":"{\"a\":"}}]}"#,
            r#"{"tool_calls":[{"index":0,"id":"t-3","type":"function","function":{"name":"","arguments":"1}"}}]}"#,
        ],
        "tool_calls",
    );
    insta::assert_snapshot!(read(&bytes), @r#"
    begin chatcmpl-1 m
    open call t-1 f
      "{\"a\":"
      "1}"
    close
    end ToolCalls [9, 0, 0, 4, 0]
    "#);
}

#[test]
fn a_custom_call_streams_its_plain_text() {
    let bytes = deltas(
        &[
            r#"{"tool_calls":[{"index":0,"id":"a","type":"custom","custom":{"name":"patch","input":""}}]}"#,
            r#"{"tool_calls":[{"index":0,"custom":{"input":"*** {}"}}]}"#,
            r#"{"tool_calls":[{"index":0,"custom":{"input":" more"}}]}"#,
        ],
        "tool_calls",
    );
    insta::assert_snapshot!(read(&bytes), @r#"
    begin chatcmpl-1 m
    open custom call a patch
      "*** {}"
      " more"
    close
    end ToolCalls [9, 0, 0, 4, 0]
    "#);
}

#[test]
fn the_deprecated_function_call_is_a_call() {
    let bytes = deltas(
        &[
            r#"{"role":"assistant","content":null,"function_call":{"name":"f","arguments":""}}"#,
            r#"{"function_call":{"arguments":"{\"a\":1}"}}"#,
        ],
        "function_call",
    );
    insta::assert_snapshot!(read(&bytes), @r#"
    begin chatcmpl-1 m
    open call call_1_0 f
      "{\"a\":1}"
    close
    end ToolCalls [9, 0, 0, 4, 0]
    "#);
}

#[test]
fn thoughts_of_deepseek_and_vllm_come_before_the_words() {
    let deepseek = deltas(
        &[
            r#"{"role":"assistant","content":null,"reasoning_content":""}"#,
            r#"{"content":null,"reasoning_content":"Hm"}"#,
            r#"{"content":null,"reasoning_content":", yes"}"#,
            r#"{"content":"Yes","reasoning_content":null}"#,
        ],
        "stop",
    );
    insta::assert_snapshot!(read(&deepseek), @r#"
    begin chatcmpl-1 m
    open thinking
      "Hm"
      ", yes"
    close
    open text
      "Yes"
    close
    end Done [9, 0, 0, 4, 0]
    "#);
    let both = deltas(&[r#"{"reasoning":"Hm","reasoning_content":"Hm"}"#, r#"{"content":"Yes"}"#], "eos");
    insta::assert_snapshot!(read(&both), @r#"
    begin chatcmpl-1 m
    open thinking
      "Hm"
    close
    open text
      "Yes"
    close
    end Done [9, 0, 0, 4, 0]
    "#);
}

#[test]
fn details_win_over_plain_thoughts_and_carry_their_seals() {
    let bytes = deltas(
        &[
            r#"{"reasoning":"Let","reasoning_details":[{"type":"reasoning.text","text":"Let","format":"anthropic-claude-v1","index":0}]}"#,
            r#"{"reasoning":" me","reasoning_details":[{"type":"reasoning.text","text":" me","format":"anthropic-claude-v1","index":0}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.text","signature":"EqQB","format":"anthropic-claude-v1","index":0}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.encrypted","data":"EuYB","format":"anthropic-claude-v1","index":1}]}"#,
            r#"{"content":"Hi"}"#,
        ],
        "end_turn",
    );
    insta::assert_snapshot!(read(&bytes), @r#"
    begin chatcmpl-1 m
    open thinking
      "Let"
      " me"
      seal anthropic:EqQB
    close
    open redacted anthropic:EuYB
    close
    open text
      "Hi"
    close
    end Done [9, 0, 0, 4, 0]
    "#);
}

#[test]
fn the_seal_behind_a_summary_is_its_own_and_one_with_a_calls_id_is_the_calls() {
    let openai = deltas(
        &[
            r#"{"reasoning_details":[{"type":"reasoning.summary","summary":"**Plan**","format":"openai-responses-v1","index":0}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.encrypted","data":"gAAA","id":"rs_1","format":"openai-responses-v1","index":0}]}"#,
        ],
        "stop",
    );
    insta::assert_snapshot!(read(&openai), @r#"
    begin chatcmpl-1 m
    open thinking
      "**Plan**"
      seal openai_responses:gAAA
    close
    end Done [9, 0, 0, 4, 0]
    "#);
    let google = deltas(
        &[
            r#"{"reasoning_details":[{"type":"reasoning.encrypted","data":"CiQ=","id":"call_a","format":"google-gemini-v1","index":0}],"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"f","arguments":"{}"}}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.encrypted","data":"CiR=","id":"call_z","format":"google-gemini-v1","index":1}]}"#,
        ],
        "tool_calls",
    );
    insta::assert_snapshot!(read(&google), @r#"
    begin chatcmpl-1 m
    open call call_a f gemini:CiQ=
      "{}"
    close
    open redacted gemini:CiR=
    close
    end ToolCalls [9, 0, 0, 4, 0]
    "#);
}

#[test]
fn litellms_blocks_and_mistrals_content_are_thoughts() {
    let litellm = deltas(
        &[
            r#"{"reasoning_content":"Hm","thinking_blocks":[{"type":"thinking","thinking":"Hm","signature":""}]}"#,
            r#"{"reasoning_content":"","thinking_blocks":[{"type":"thinking","thinking":"","signature":"EqQB"}]}"#,
            r#"{"content":"Yes"}"#,
        ],
        "stop",
    );
    insta::assert_snapshot!(read(&litellm), @r#"
    begin chatcmpl-1 m
    open thinking
      "Hm"
      seal anthropic:EqQB
    close
    open text
      "Yes"
    close
    end Done [9, 0, 0, 4, 0]
    "#);
    let mistral = deltas(
        &[
            r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]}]}"#,
            r#"{"content":[{"type":"text","text":"Yes"}]}"#,
        ],
        "stop",
    );
    insta::assert_snapshot!(read(&mistral), @r#"
    begin chatcmpl-1 m
    open thinking
      "Hm"
    close
    open text
      "Yes"
    close
    end Done [9, 0, 0, 4, 0]
    "#);
}

#[test]
fn a_refusal_is_a_part_of_its_own_and_the_reason_of_the_end() {
    let bytes = deltas(&[r#"{"refusal":"I "}"#, r#"{"refusal":"cannot."}"#], "stop");
    insta::assert_snapshot!(read(&bytes), @r#"
    begin chatcmpl-1 m
    open refusal
      "I "
      "cannot."
    close
    end Refused [9, 0, 0, 4, 0]
    "#);
}

#[test]
fn sources_and_logprobs_go_to_the_open_text() {
    let bytes = stream(&[
        r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"Yes"},"logprobs":{"content":[{"token":"Yes","logprob":-0.1,"bytes":null,"top_logprobs":[]}],"refusal":null},"finish_reason":null}]}"#,
        r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"annotations":[{"type":"url_citation","url_citation":{"start_index":0,"end_index":3,"title":"T","url":"https://a.example","content":"found"}}]},"finish_reason":"stop"}]}"#,
    ]);
    insta::assert_snapshot!(read(&bytes), @r#"
    begin 1 m
    open text
      "Yes"
      logprobs [{"token":"Yes","logprob":-0.1,"bytes":null,"top_logprobs":[]}]
      cites Some("https://a.example") Some("T") Some("found") Some((0, 3))
    close
    end Done [0, 0, 0, 0, 0]
    "#);
}

#[test]
fn pictures_are_parts() {
    let bytes = deltas(
        &[
            r#"{"content":"Here:"}"#,
            r#"{"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"},"index":0}]}"#,
        ],
        "stop",
    );
    insta::assert_snapshot!(read(&bytes), @r#"
    begin chatcmpl-1 m
    open text
      "Here:"
    close
    open image image/png AAAA
    close
    end Done [9, 0, 0, 4, 0]
    "#);
}

#[test]
fn usage_is_found_wherever_it_stands() {
    let groq = stream(&[
        r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#,
        r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"r","usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9,"queue_time":0.1}}}"#,
    ]);
    insta::assert_snapshot!(read(&groq), @r#"
    begin 1 m
    open text
      "a"
    close
    end Done [7, 0, 0, 2, 0]
    "#);
    let on_the_choice = stream(&[
        r#"{"id":"1","model":"m","choices":[{"delta":{"content":"a"},"finish_reason":"length"}],"usage":{"prompt_tokens":7,"completion_tokens":2}}"#,
    ]);
    insta::assert_snapshot!(read(&on_the_choice), @r#"
    begin 1 m
    open text
      "a"
    close
    end Length [7, 0, 0, 2, 0]
    "#);
}

#[test]
fn a_stream_without_spaces_done_or_last_empty_line_is_whole() {
    let bytes = b"data:{\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\r\n\r\n: hm\n\ndata:{\"choices\":[],\
                  \"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n";
    insta::assert_snapshot!(pieces([&bytes[..]]).join("\n"), @r#"
    begin 1 
    open text
      "a"
    close
    end Done [3, 0, 0, 1, 0]
    "#);
}

#[test]
fn a_stream_that_is_cut_before_its_finish_has_no_end() {
    let bytes = deltas(&[r#"{"content":"Hal"}"#], "stop");
    let cut = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap() + 2;
    insta::assert_snapshot!(pieces([&bytes[..cut]]).join("\n"), @r#"
    begin chatcmpl-1 m
    open text
      "Hal"
    "#);
}

#[test]
fn a_stop_sequence_is_told_where_the_provider_tells_it() {
    let bytes = stream(&[
        r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop","stop_reason":"END"}]}"#,
    ]);
    insta::assert_snapshot!(read(&bytes), @r#"
    begin 1 m
    open text
      "a"
    close
    end StopSequence(Some("END")) [0, 0, 0, 0, 0]
    "#);
}

#[test]
fn azures_first_chunk_and_other_choices_do_not_begin_the_answer() {
    let bytes = stream(&[
        r#"{"id":"","model":"","choices":[],"prompt_filter_results":[{"prompt_index":0}]}"#,
        r#"{"id":"chatcmpl-9","model":"gpt-x","choices":[{"index":1,"delta":{"content":"no"}},{"index":0,"delta":{"content":"yes"},"finish_reason":null}]}"#,
        r#"{"id":"chatcmpl-9","model":"gpt-x","choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}"#,
    ]);
    insta::assert_snapshot!(read(&bytes), @r#"
    begin chatcmpl-9 gpt-x
    open text
      "yes"
    close
    end Refused [0, 0, 0, 0, 0]
    "#);
}

#[test]
fn errors_in_mid_stream_end_it_in_every_shape() {
    let of = |chunk: &str| {
        let begin = r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"a"}}]}"#;
        read(&stream(&[begin, chunk])).lines().skip(3).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(of(r#"{"error":{"message":"Overloaded.","type":"server_error","param":null,"code":"overloaded"}}"#), @r#"error Overloaded None Some("overloaded") Overloaded."#);
    insta::assert_snapshot!(of(r#"{"id":"1","error":{"code":429,"message":"Slow down"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}"#), @r#"error RateLimit None None Slow down"#);
    insta::assert_snapshot!(of(r#"{"error":"it broke"}"#), @r#"error Server None None it broke"#);
    insta::assert_snapshot!(of(r#"{"object":"error","message":"too long","type":"BadRequestError","param":"messages","code":400}"#), @r#"error InvalidRequest Some("messages") None too long"#);
    insta::assert_snapshot!(of(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}"#), @r#"error Server None None the provider broke off its answer"#);
    insta::assert_snapshot!(of(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"error","error":{"code":502,"message":"bad gateway"}}]}"#), @r#"error Server None None bad gateway"#);
    insta::assert_snapshot!(of(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"insufficient_system_resource"}]}"#), @r#"error Overloaded None None the provider broke off its answer"#);
}

#[test]
fn a_chunk_that_is_no_json_is_told() {
    let mut splitter = crate::sse::Splitter::default();
    let mut reader = crate::formats::Format::reader(&super::OpenAiChat);
    let mut told = String::new();
    splitter.push(b"data: <html>\n\n", |event| told = reader.event(event, &mut |_| ()).unwrap_err()).unwrap();
    assert!(told.starts_with("a chunk is not what the dialect allows: "), "{told}");
}

#[test]
fn calls_of_two_answers_without_ids_never_share_an_id() {
    let id = |created: u64| {
        let chunk = format!(
            r#"{{"created":{created},"choices":[{{"delta":{{"tool_calls":[{{"function":{{"name":"f","arguments":"{{}}"}}}}]}}}}]}}"#
        );
        pieces([&stream(&[&chunk])[..]])[1].clone()
    };
    assert_eq!(id(1_800_000_000), "open call call_1800000000_0 f");
    assert_ne!(id(1_800_000_000), id(1_800_000_007));
}

#[test]
fn sources_of_words_that_are_held_wait_with_them() {
    let bytes = deltas(
        &[
            r#"{"tool_calls":[{"index":0,"id":"a","type":"custom","custom":{"name":"patch","input":"x"}}]}"#,
            r#"{"content":"Yes"}"#,
            r#"{"annotations":[{"type":"url_citation","url_citation":{"start_index":0,"end_index":3,"title":"T","url":"https://a.example"}}]}"#,
        ],
        "stop",
    );
    insta::assert_snapshot!(read(&bytes), @r#"
    begin chatcmpl-1 m
    open custom call a patch
      "x"
    close
    open text
      "Yes"
      cites Some("https://a.example") Some("T") None Some((0, 3))
    close
    end ToolCalls [9, 0, 0, 4, 0]
    "#);
}
