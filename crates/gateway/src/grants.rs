//! Asking providers what our limits are, where an administration key allows it: at the start, every few minutes,
//! and when another configuration is loaded.
//!
//! Responses say the same and more; this is how a limit is known that no response has shown yet, and followed while nobody
//! asks.

use std::sync::Arc;
use std::time::Duration;

use paceway_protocol::limits::organization;

use crate::provider::Provider;
use crate::{Current, Gateway};

/// How often.
const EVERY: Duration = Duration::from_mins(5);
/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 4 << 20;

/// Follows what providers grant. Runs without end: its owner spawns it once and aborts it.
pub async fn follow(current: Arc<Current>) {
    loop {
        // Before the gateway is looked at, so that no replacement is missed.
        let replaced = current.replaced();
        let gateway = current.gateway();
        for provider in gateway.fleet.administered() {
            if let Err(why) = ask(&gateway, provider).await {
                tracing::warn!(
                    provider = provider.name(),
                    why,
                    "the provider did not say what our limits are"
                );
            }
        }
        drop(gateway);
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = replaced => {}
        }
    }
}

async fn ask(gateway: &Gateway, provider: &Provider) -> Result<(), String> {
    let (mut call, credential) = provider.limits_call().ok_or("there is no address or key to ask with")?;
    let now = gateway.clock.wall();
    credential.authorize(&mut call, &gateway.upstream, now).await.map_err(|failure| failure.to_string())?;
    let answer = gateway.upstream.call(call).await.map_err(|failure| failure.to_string())?;
    let status = answer.status;
    let body = answer.body.collect(MAX_ANSWER).await.map_err(|failure| failure.to_string())?;
    if !status.is_success() {
        return Err(format!("it answered with {status}"));
    }
    provider.tell(organization::granted(&body)?);
    Ok(())
}
