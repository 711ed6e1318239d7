//! The second half of `just bench translate`: CPU time of the real process per whole request, passing through beside
//! crossing over.
//!
//! One Paceway for each provider, with the same client in front of both, by turns; the median of the rounds' ratios counts.
//! Translation alone, without sockets, scheduler and ledger, is measured in [`crate::translate`].

use anyhow::Result;
use paceway_protocol::neutral::Chat;

use crate::load::{self, Request};
use crate::median;
use crate::targets::{self, Paceway, Target};
use crate::translate::{body_in, conversation};
use crate::upstream::{Dialect, Kind};

const ROUNDS: usize = 9;
/// Bytes of the conversation to which a whole answer comes.
const LONG: usize = 100_000;
/// Bytes of the conversation to which a stream comes, so that its chunks are most of what is measured.
const SHORT: usize = 1_000;

/// Measures both clients with whole answers and with streams.
pub(crate) async fn crossings() -> Result<()> {
    println!("\n{:<56}{:>10}{:>10}{:>8}", "a whole request, in µs of CPU", "passes", "crosses", "ratio");
    for (ours, theirs) in [(Dialect::OpenAi, Dialect::Anthropic), (Dialect::Anthropic, Dialect::OpenAi)] {
        for (kind, bytes) in [(Kind::Whole, LONG), (Kind::Paced, SHORT)] {
            crossing(ours, theirs, kind, bytes).await?;
        }
    }
    Ok(())
}

async fn crossing(ours: Dialect, theirs: Dialect, kind: Kind, bytes: usize) -> Result<()> {
    let (count, connections) = if kind == Kind::Whole { (1_500, 16) } else { (1_000, 64) };
    let mut houses = Vec::new();
    for provider in [ours, theirs] {
        let upstream = targets::start_upstream(kind, provider).await?;
        let paceway = Paceway::start(upstream.address).await?;
        let body = body_of(ours, provider, kind, bytes);
        let request = Request::with_body(paceway.address(), paceway.key(), ours, kind, &body);
        houses.push((upstream, paceway, request));
    }
    let mut measured = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for ((_, paceway, request), measured) in houses.iter().zip(&mut measured) {
            let before = paceway.cpu()?;
            load::closed(request, count, connections).await?;
            let spent = paceway.cpu()?.saturating_sub(before);
            // The first round only warms up.
            if round > 0 {
                measured.push(spent.as_secs_f64() * 1e6 / f64::from(count));
            }
        }
    }
    let ratios = measured[1].iter().zip(&measured[0]).map(|(crosses, passes)| crosses / passes).collect();
    let [passes, crosses] = measured.map(median);
    let length = body_of(ours, theirs, kind, bytes).len() / 1_000;
    let name = format!("{} to {}, {length} KB: {}", ours.name(), theirs.name(), kind.told());
    println!("{name:<56}{passes:>10.1}{crosses:>10.1}{:>8.2}", median(ratios));
    Ok(())
}

/// The client's body, for a model of this provider's.
fn body_of(ours: Dialect, provider: Dialect, kind: Kind, bytes: usize) -> Vec<u8> {
    let chat = Chat { stream: kind != Kind::Whole, ..conversation(bytes) };
    let dialect = match ours {
        Dialect::Anthropic => paceway_domain::Dialect::Anthropic,
        Dialect::OpenAi => paceway_domain::Dialect::OpenAi,
    };
    body_in(dialect, provider.model(), &chat).to_vec()
}
