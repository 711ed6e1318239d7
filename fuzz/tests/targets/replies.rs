//! Whole answers and errors of every format: read, written in every other, and read again there.

use paceway_domain::Dialect;
use paceway_fuzz::case::Input;
use paceway_fuzz::order::Order;
use paceway_fuzz::{FORMATS, bounds, seeds};
use paceway_protocol::formats::{Ending, format_of};
use paceway_protocol::sse::Splitter;
use serde_json::Value;

use crate::target;

target!(replies_anthropic, seeds::replies(Dialect::Anthropic), |input| reply(Dialect::Anthropic, input));
target!(replies_openai, seeds::replies(Dialect::OpenAi), |input| reply(Dialect::OpenAi, input));
target!(replies_responses, seeds::replies(Dialect::Responses), |input| reply(Dialect::Responses, input));
target!(replies_gemini, seeds::replies(Dialect::Gemini), |input| reply(Dialect::Gemini, input));
target!(replies_converse, seeds::replies(Dialect::Converse), |input| reply(Dialect::Converse, input));
target!(replies_cohere, seeds::replies(Dialect::Cohere), |input| reply(Dialect::Cohere, input));
target!(errors, FORMATS.into_iter().flat_map(errors_of).collect(), error);

fn reply(dialect: Dialect, input: &Input) {
    let body = &input.bytes;
    bounds::keep(body.len(), 64, || {
        let format = format_of(dialect);
        let usage = format.usage(body);
        let Ok(reply) = format.read_reply(body) else { return };
        if let Some(usage) = usage {
            assert_eq!(usage, reply.usage, "what is billed is what is told");
        }
        for other in FORMATS {
            let written = format_of(other).write_reply(&reply, &seeds::frame());
            let told = || String::from_utf8_lossy(&written);
            format_of(other).read_reply(&written).unwrap_or_else(|why| panic!("{other}: {why}: {}", told()));
        }
    });
}

fn errors_of(dialect: Dialect) -> Vec<Vec<u8>> {
    let report =
        format_of(dialect).read_error(429, br#"{"error":{"message":"slow down","code":"x","param":"y"}}"#);
    let mut event = Vec::new();
    format_of(dialect).write_stream_error(&report, &mut event);
    vec![format_of(dialect).write_error(&report, 429, "req_pw_1").to_vec(), event]
}

fn error(input: &Input) {
    let body = &input.bytes;
    let status = 400 + input.choice % 200;
    bounds::keep(body.len(), 64, || {
        for dialect in FORMATS {
            let report = format_of(dialect).read_error(status, body);
            for other in FORMATS {
                let written = format_of(other).write_error(&report, status, "req_pw_1");
                let _json: Value = serde_json::from_slice(&written).expect("an error is JSON");
                let mut event = Vec::new();
                format_of(other).write_stream_error(&report, &mut event);
                let (mut reader, mut watch, mut order) =
                    (format_of(other).reader(), format_of(other).watch(false), Order::default());
                let mut splitter = Splitter::default();
                let split = splitter.push(&event, |event| {
                    watch.event(event);
                    reader.event(event, &mut |piece| order.piece(&piece)).expect("an error is read");
                });
                split.expect("it is short");
                assert!(order.has_failed, "{other} does not read its own error");
                assert_eq!(watch.seen().ending, Ending::Failed, "{other}");
            }
        }
    });
}
