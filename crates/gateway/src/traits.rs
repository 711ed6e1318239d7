//! What the ledger keeps of a request so that waste shows later: hashes, counts and a look at how hard it is.
//!
//! Gathered before it goes out; what its answer shows is added by the bill. No text is kept, and nothing is concluded here:
//! `policy::insights` does that.

use paceway_domain::Tokens;
use paceway_policy::complexity;
use paceway_protocol::fingerprint::fingerprint_of_bytes;
use paceway_protocol::wants::last_words;
use paceway_protocol::{Envelope, Fingerprint, fingerprint};
use paceway_scheduler::Priority;
use paceway_store::ledger::Traits;

use crate::ask::Ask;

/// Prompts up to so many tokens are looked at for how hard they are: of longer ones nobody says that they are a small model's work.
const SHORT: Tokens = Tokens(1_000);
/// One in so many of these is looked at, chosen by its hash: a look takes longer than all hashes.
const ONE_IN: u64 = 8;

/// The traits of a request. `judged` is how hard its prompt looks, from 0 to 1, where routing has asked that already.
pub(crate) fn of(
    ask: &Ask,
    envelope: Option<&Envelope<'_>>,
    priority: Priority,
    judged: Option<f64>,
) -> Traits {
    let sent = Traits {
        max_tokens: ask.summary.max_output.map(Tokens::get),
        is_patient: priority == Priority::Batch,
        ..Traits::default()
    };
    let Some(envelope) = envelope else {
        return Traits { request_hash: Some(fingerprint_of_bytes(&ask.original)), ..sent };
    };
    let Fingerprint { request, head, shape, head_bytes, tools_bytes, tools } =
        fingerprint(ask.dialect, &ask.summary.model, envelope);
    let is_looked_at = ask.is_generation() && ask.input <= SHORT && request.is_multiple_of(ONE_IN);
    let look = || last_words(envelope).map(|words| complexity::score(&words));
    let score = judged.or_else(|| is_looked_at.then(look).flatten());
    Traits {
        request_hash: Some(request),
        head_hash: head,
        head_shape: shape,
        head_tokens: head.map(|_| share(ask.input, head_bytes, ask.body.len())),
        tools_tokens: (tools > 0).then(|| share(ask.input, tools_bytes, ask.body.len())),
        tools_offered: tools,
        complexity: score.map(percent),
        ..sent
    }
}

/// The tokens of a part of the body, as if they were spread evenly.
fn share(tokens: Tokens, part: usize, whole: usize) -> u64 {
    let (part, whole) = (part as u64, whole.max(1) as u64);
    tokens.get().saturating_mul(part) / whole
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Between 0 and 100.
fn percent(score: f64) -> u8 {
    (score.clamp(0.0, 1.0) * 100.0).round() as u8
}
