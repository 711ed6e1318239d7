//! Words and names of the format: why an answer ended, how answers and calls are called.
//!
//! No JSON is read or written here.

use std::borrow::Cow;

use crate::neutral::Finish;

/// The longest id of a call that OpenAI takes: `Invalid 'messages[2].tool_calls[0].id': string too long. Expected a string
/// with maximum length 40` (github.com/vercel/ai/issues/5171).
const MAX_CALL_ID: usize = 40;
/// How much of a longer id is kept before its fingerprint of 16 digits.
const KEPT_OF_ID: usize = 23;

/// How an answer ended, by the word that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// As it should.
    Well(Finish<'static>),
    /// The provider broke it off; whether for want of room.
    Badly { is_overloaded: bool },
}

/// What a `finish_reason` means. The first of each line is OpenAI's word, the others are those of providers that follow it.
pub(super) fn ended(reason: &str) -> Ended {
    Ended::Well(match reason {
        "length" | "max_tokens" | "model_length" | "MAX_TOKENS" => Finish::Length,
        "tool_calls" | "function_call" | "tool_call" | "tool_use" => Finish::ToolCalls,
        "content_filter" | "content_filtered" | "refusal" | "safety" | "SAFETY" => Finish::Refused,
        "stop_sequence" => Finish::StopSequence(None),
        // DeepSeek says so when its machines are overloaded (api-docs.deepseek.com, create-chat-completion).
        "insufficient_system_resource" => return Ended::Badly { is_overloaded: true },
        "error" => return Ended::Badly { is_overloaded: false },
        // "stop", "eos", "eos_token", "end_turn", "COMPLETE", …
        _ => Finish::Done,
    })
}

/// The `finish_reason` of an answer. One that declines in words ends with `stop`; `content_filter` is for one that was cut.
pub(super) fn finish_reason(finish: &Finish<'_>, has_calls: bool, has_refusal: bool) -> &'static str {
    match finish {
        Finish::Length => "length",
        Finish::Refused if !has_refusal => "content_filter",
        Finish::ToolCalls => "tool_calls",
        Finish::Done if has_calls => "tool_calls",
        Finish::Done | Finish::StopSequence(_) | Finish::Paused | Finish::Refused => "stop",
    }
}

/// OpenAI's ids begin with `chatcmpl-`; another provider's id keeps its own text behind that.
pub(super) fn completion_id<'i>(id: &'i str, request_id: &str) -> Cow<'i, str> {
    match id {
        "" => Cow::Owned(format!("chatcmpl-{request_id}")),
        _ if id.starts_with("chatcmpl-") => Cow::Borrowed(id),
        _ => Cow::Owned(format!("chatcmpl-{id}")),
    }
}

/// An id for a call whose provider gave none: the same on every reading of the same answer, another for every answer.
/// `answer` is what is particular to it: its id and the time at which it was made.
pub(super) fn made_up_call_id(answer: &str, place: usize) -> String {
    let answer = answer.strip_prefix("chatcmpl-").unwrap_or(answer);
    let plain: String = answer.chars().filter(char::is_ascii_alphanumeric).take(26).collect();
    if plain.is_empty() { format!("call_{place}") } else { format!("call_{plain}_{place}") }
}

/// A call's id as OpenAI takes it; the same for a call and its result.
pub(super) fn short_call_id(id: &str) -> Cow<'_, str> {
    if id.chars().count() <= MAX_CALL_ID {
        return Cow::Borrowed(id);
    }
    let kept: String = id.chars().take(KEPT_OF_ID).collect();
    // FNV-1a: the same in every process, so that later turns name the call alike.
    let print = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    Cow::Owned(format!("{kept}_{print:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_id_becomes_the_same_short_one_every_time() {
        let long = "toolu_".repeat(12);
        let short = short_call_id(&long);
        assert_eq!(short, short_call_id(&long));
        assert_eq!(short.len(), 40);
        assert_ne!(short, short_call_id(&format!("{long}x")));
        assert_eq!(short_call_id("call_abc"), "call_abc");
    }

    #[test]
    fn a_call_without_id_gets_one_from_its_answer_and_place() {
        assert_eq!(made_up_call_id("chatcmpl-Ab.9", 2), "call_Ab9_2");
        assert_eq!(made_up_call_id("", 0), "call_0");
    }
}
