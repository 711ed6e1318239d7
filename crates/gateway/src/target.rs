//! A target of one request: a model at a provider, what the request costs there, and the call once it is written.

use std::sync::Arc;

use paceway_domain::catalogue::Profile;
use paceway_domain::{Dialect, Failure, Refusal, Tokens, UnixMillis};
use paceway_policy::access::Caller;
use paceway_protocol::Envelope;
use paceway_scheduler::{Cost, PoolId};
use paceway_upstream::{Call, Upstream};

use crate::ask::Ask;
use crate::calibration::Subject;
use crate::crossing::{Crossed, Crossing};
use crate::deployment::Deployment;
use crate::lane::Lane;
use crate::outgoing::{self, Circumstances, Outgoing};
use crate::provider::Provider;
use crate::{Endpoint, Gateway, affinity};

/// So much of an answer that makes no sense is shown, in bytes.
const MOST_SHOWN: usize = 80;

/// Where a request may go, and what it costs there.
pub(crate) struct Target {
    pub(crate) provider: Arc<Provider>,
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) lane: Arc<Lane>,
    /// The model's name at the provider.
    pub(crate) model: String,
    /// What the model takes and can.
    pub(crate) profile: Profile,
    pub(crate) cost: Cost,
    /// The place of the lane's target that it prefers.
    pub(crate) preferred: u8,
}

impl Target {
    /// The target of a request that this provider's model is.
    pub(crate) fn of(
        gateway: &Gateway,
        (provider, model): (&Arc<Provider>, &str),
        caller: &Caller,
        ask: &Ask,
        envelope: Option<&Envelope<'_>>,
    ) -> Self {
        let lane = match ask.endpoint {
            // Counting has limits of its own at Anthropic, which are not configured.
            Endpoint::CountTokens => Arc::clone(provider.lanes.unlimited()),
            _ => provider.lane(model),
        };
        let subject = Subject { provider: provider.name(), model, caller: caller.number };
        let (input, likely) = gateway.calibration.expected(subject, ask.input);
        let max_output = ask.summary.max_output;
        let output = if ask.is_generation() { likely } else { Tokens::ZERO };
        let cost = Cost {
            input,
            output: max_output.map_or(output, |most| most.min(output)),
            max_output: max_output.unwrap_or_default(),
        };
        let preferred = match (lane.targets(), envelope) {
            (1, _) | (_, None) => 0,
            _ if !ask.is_generation() => 0,
            (targets, Some(envelope)) => affinity::preferred(envelope, targets),
        };
        let deployment = provider.deployments.of(model, &gateway.breaker);
        let profile = gateway.prices.profile(provider.product(model));
        let (provider, model) = (Arc::clone(provider), model.to_owned());
        Self { provider, deployment, lane, model, profile, cost, preferred }
    }

    /// `provider/model`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.provider.name(), self.model)
    }

    /// Writes the call.
    ///
    /// # Errors
    /// Why the request cannot be put so that the provider takes it.
    pub(crate) fn plan(
        self: &Arc<Self>,
        ask: &Ask,
        envelope: Option<&Envelope<'_>>,
        circumstances: Circumstances,
    ) -> Result<Plan, Refusal> {
        let Outgoing { call, dialect, crossing } = outgoing::write(
            &self.provider,
            ask,
            envelope,
            (&self.model, self.profile.max_output),
            circumstances,
        )?;
        let expects_json = !matches!(ask.endpoint, Endpoint::Transcription | Endpoint::Speech);
        Ok(Plan { target: Arc::clone(self), dialect, crossing, call, expects_json })
    }
}

/// Why a whole answer is of no use.
pub(crate) enum Unusable {
    /// It is nobody's answer: nothing was sold, and the next may be one.
    NoJson(String),
    /// It is the provider's own, which has to be paid for and would be so again.
    Unreadable(String),
}

/// A target and what is sent there.
pub(crate) struct Plan {
    pub(crate) target: Arc<Target>,
    /// The dialect in which the provider is asked and answers.
    pub(crate) dialect: Dialect,
    /// How the request crossed into the provider's dialect; `None` where both speak the same, so that bytes pass through.
    pub(crate) crossing: Option<Crossing>,
    call: Call,
    expects_json: bool,
}

impl Plan {
    /// What is sent.
    pub(crate) fn body(&self) -> &[u8] {
        &self.call.body
    }

    /// Looks at an answer that has come whole, and puts it into the caller's dialect where that is another. What is no JSON at all
    /// (a login page, a proxy's apology) is nobody's answer; what has to cross over and cannot be read is one that nobody can use.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn cross_back(&self, body: &[u8]) -> Result<Option<Crossed>, Unusable> {
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        if self.expects_json && !matches!(first, Some(b'{' | b'[')) {
            let begins = String::from_utf8_lossy(&body[..body.len().min(MOST_SHOWN)]).into_owned();
            return Err(Unusable::NoJson(format!("expected JSON, got `{begins}`")));
        }
        self.crossing.as_ref().map(|crossing| crossing.reply(body)).transpose().map_err(Unusable::Unreadable)
    }

    /// The call with a key of the pool whose turn it is.
    pub(crate) async fn call(
        &self,
        pool: PoolId,
        upstream: &Arc<dyn Upstream>,
        now: UnixMillis,
    ) -> Result<Call, Failure> {
        let mut call = self.call.clone();
        let target = &self.target;
        target.provider.credential(target.lane.key_for(pool)).authorize(&mut call, upstream, now).await?;
        Ok(call)
    }
}
