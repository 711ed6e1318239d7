//! What a whole answer says was sold, and its way onto the bill.
//!
//! It knows no prices: the bill has them.

use paceway_domain::Sold;
use paceway_protocol::{Envelope, apart, format_of, rerank};

use crate::Endpoint;
use crate::ask::Ask;
use crate::bill::Bill;
use crate::crossing::sold_by;
use crate::target::Plan;

/// What an answer says was sold.
pub(crate) fn sold_in(ask: &Ask, plan: &Plan, body: &[u8]) -> Option<Sold> {
    let is_passthrough = plan.crossing.is_none();
    match ask.endpoint {
        Endpoint::Generate => format_of(plan.dialect).sold(body),
        // Its usage has the shape of the dialect where it passes through.
        Endpoint::Embeddings if is_passthrough => format_of(plan.dialect).sold(body),
        Endpoint::Rerank if is_passthrough => rerank::read_answer(body).ok().as_ref().map(sold_by),
        Endpoint::Images => apart::images(plan.dialect, body),
        Endpoint::Transcription => apart::transcription(body),
        Endpoint::Speech => Envelope::parse(&ask.body).ok().as_ref().and_then(apart::speech),
        Endpoint::CountTokens | Endpoint::Embeddings | Endpoint::Rerank => None,
    }
}

/// A whole answer has to be paid for, whatever becomes of it.
pub(crate) fn charge_whole(ask: &Ask, plan: &Plan, body: &[u8], bill: &mut Bill) {
    charge(ask, sold_in(ask, plan, body), body.len(), bill);
}

/// What was used goes onto the bill: as told, or else as an answer of this length in bytes is likely to have used.
pub(crate) fn charge(ask: &Ask, used: Option<Sold>, length: usize, bill: &mut Bill) {
    match used {
        _ if ask.endpoint == Endpoint::CountTokens => {}
        Some(sold) => bill.used(sold),
        None if ask.is_generation() => bill.used_unknown(length),
        None => bill.used_unknown(0),
    }
}
