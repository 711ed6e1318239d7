//! Streams that break off at any event and are continued on another target, for every pair of providers' dialects and every
//! client's, or ended with an error where they cannot be.
//!
//! What the client gets is judged twice: by its dialect's own reader, and event by event, since readers forgive much.

#![allow(clippy::unwrap_used)]

mod any;
mod cuts;
mod judged;
mod relayed;
mod streams;

use paceway_domain::Dialect;
use paceway_protocol::formats::Frame;

/// Every two providers and a client.
fn triples() -> impl Iterator<Item = [Dialect; 3]> {
    let all = || Dialect::ALL.into_iter();
    all().flat_map(move |one| all().flat_map(move |two| all().map(move |client| [one, two, client])))
}

fn frame() -> Frame {
    Frame {
        created: 1,
        request_id: "req_pw_1".into(),
        model: "m".into(),
        wants_usage: true,
        ..Frame::default()
    }
}
