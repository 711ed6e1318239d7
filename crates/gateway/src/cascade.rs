//! A cascade: the answer of the first target, which is the cheap one, is judged, and where it looks wrong a stronger one is asked.
//!
//! Only whole answers are judged: of a stream the client has the beginning before its end is there. The cheap answer is paid for and
//! kept: it is handed on if no other target serves.

use bytes::Bytes;
use paceway_policy::complexity;
use paceway_policy::fallback::Reason;
use paceway_protocol::format_of;
use paceway_protocol::neutral::{Reply, ReplyPart};
use paceway_upstream::Answer;

use crate::bill::Bill;
use crate::journey::{Failed, Journey};
use crate::upstream_error::ErrorAnswer;

/// Why an answer does not serve yet; `None` if it does.
pub(crate) fn doubted(
    journey: &Journey,
    place: usize,
    answer: &Answer,
    whole: Option<&[u8]>,
    bill: &mut Bill,
) -> Option<Failed> {
    let (question, threshold) = journey.judges(place)?;
    let body = whole?;
    let plan = journey.legs[place].plan();
    let format = format_of(plan.dialect);
    let reply = format.read_reply(body).ok()?;
    let words = words(&reply)?;
    let doubt = complexity::explain_doubt(question, &words);
    let signs: Vec<&str> = doubt.signs.iter().take(3).map(|found| found.sign.told()).collect();
    let said =
        format!("doubt {:.2} (wrong from {threshold}): the answer {}", doubt.score, signs.join(", it "));
    bill.notes(if doubt.score < threshold { "judged" } else { "doubted" }, said);
    if doubt.score < threshold {
        return None;
    }
    if let Some(sold) = format.sold(body) {
        bill.used(sold);
    }
    bill.part_ends("escalated", None);
    let kept = ErrorAnswer {
        status: answer.status,
        headers: answer.headers.clone(),
        body: Bytes::copy_from_slice(body),
    };
    Some(Failed { reason: Reason::Doubt, what: Ok(kept), may_pass: false })
}

/// The words of an answer; `None` if it calls tools, which are not judged.
fn words(reply: &Reply<'_>) -> Option<String> {
    let mut words = String::new();
    for part in &reply.parts {
        match part {
            ReplyPart::Text { text, .. } => words.push_str(text),
            ReplyPart::ToolCall(_) => return None,
            _ => {}
        }
    }
    Some(words)
}
