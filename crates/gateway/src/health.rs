//! Active health checks: a provider with a deployment that is left alone is asked for its models, which costs nothing, and when it
//! answers again after it did not, the next request may probe that deployment.
//!
//! Health is otherwise seen passively, by what comes of requests. A check closes no breaker: that a provider lists its models does not
//! say that they answer. So one that lists them all the time, while a model fails, ends no time early. Providers on clouds have no
//! such address and are not checked.

use std::sync::Arc;
use std::time::Duration;

use paceway_policy::breaker::{Fault, State};

use crate::provider::Provider;
use crate::{Current, Gateway};

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 8 << 20;
/// How long a check may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Checks providers that are left alone. Runs without end: its owner spawns it once and aborts it.
pub async fn follow(current: Arc<Current>) {
    loop {
        let replaced = current.replaced();
        let every = current.gateway().bounds.check_every;
        if every.is_zero() {
            replaced.await;
            continue;
        }
        tokio::time::sleep(every).await;
        check(&current.gateway()).await;
    }
}

/// One round of checks, all at once.
async fn check(gateway: &Gateway) {
    let ill = gateway.fleet.providers().filter(|provider| is_left_alone(gateway, provider));
    futures_util::future::join_all(ill.map(|provider| check_one(gateway, provider))).await;
}

/// Whether the provider is not asked for a model because it does not answer. One that rejects us would still reject us.
fn is_left_alone(gateway: &Gateway, provider: &Provider) -> bool {
    let now = gateway.clock.now();
    provider.deployments.all().iter().any(|(_, deployment)| {
        let (state, because, _) = deployment.state(&gateway.breaker, now);
        state == State::Open && because != Some(Fault::Rejected)
    })
}

async fn check_one(gateway: &Gateway, provider: &Provider) {
    let Some((mut call, credential)) = provider.models_call() else { return };
    let asking = async {
        credential.authorize(&mut call, &gateway.upstream, gateway.clock.wall()).await.ok()?;
        let answer = gateway.upstream.call(call).await.ok()?;
        let is_well = answer.status.is_success();
        answer.body.collect(MAX_ANSWER).await.ok()?;
        is_well.then_some(())
    };
    let is_well = tokio::time::timeout(PATIENCE, asking).await.ok().flatten().is_some();
    gateway.metrics.checked(provider.name(), if is_well { "well" } else { "ill" });
    let was_well = provider.deployments.answers_checks(is_well);
    if was_well && !is_well {
        tracing::info!(
            provider = provider.name(),
            "a provider that is left alone does not list its models either"
        );
    }
    if is_well && !was_well {
        tracing::info!(provider = provider.name(), "a provider that was left alone answers again");
        let now = gateway.clock.now();
        for (_, deployment) in provider.deployments.all() {
            deployment.may_be_probed(now);
        }
    }
}
