//! Which of a name's targets may serve a request, and in which order they are asked.
//!
//! Capabilities, rules, regions and the caller's wishes leave targets out; strategies order the others by what is known of them;
//! a session or a cached prefix keeps its home while that is worth it. The decisions themselves are `policy::routing`'s: here the
//! facts are gathered, as far as somebody asks for them, and the reasons are noted. Waits and breakers are not looked at here:
//! they change while a request is on its way (`journey`).

mod runner;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use paceway_domain::{CacheLifetime, MicroUsd, Refusal, Tokens};
use paceway_policy::access::Caller;
use paceway_policy::complexity::{self, Complexity};
use paceway_policy::pricing;
use paceway_policy::prompt_cache::saved_by_reading;
use paceway_policy::routing::capability::{self, Needs};
use paceway_policy::routing::cost::{self, expected_cost};
use paceway_policy::routing::facts::Facts;
use paceway_policy::routing::rank::{Ranked, put_first, rank};
use paceway_policy::routing::region;
use paceway_policy::routing::sticky::{self, Offer, Verdict};
use paceway_policy::routing::strategy::Strategy;
use paceway_protocol::wants::{Wants, last_words};
use paceway_protocol::{Envelope, cacheable_in};
use paceway_scheduler::{Ask as Wish, Cost, MeterState};

use crate::ask::Ask;
use crate::explain::{Considered, Decision};
use crate::fleet::{Chain, ChainRules, EscalationBy, Sticky};
use crate::journey::Cascade;
use crate::overrides::Overrides;
use crate::target::Target;
use crate::{Gateway, rule_facts, session, wish};

use self::runner::Runner;

/// The attribute of rules that costs a look at the prompt.
const COMPLEXITY: &str = "complexity";

/// The targets of a request, best first, and how they came to be.
pub(crate) struct Choice {
    pub(crate) targets: Vec<(Arc<Target>, Wish)>,
    /// The beginning that its provider will cache, if somebody asked.
    pub(crate) prefix: Option<HeldPrefix>,
    /// How hard the prompt looks, from 0 to 1, if somebody asked.
    pub(crate) complexity: Option<f64>,
}

/// The beginning of a prompt, as deployments remember that they hold it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeldPrefix {
    pub(crate) fingerprint: u64,
    pub(crate) lifetime: CacheLifetime,
    tokens: Tokens,
}

/// The targets of a chain for one request. What was considered is noted, also if nothing comes of it.
///
/// # Errors
/// [`Refusal::NoFit`] if none of them may serve it.
pub(crate) fn order(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    (ask, envelope): (&Ask, Option<&Envelope<'_>>),
    (chain, overrides): (Chain<'_>, &Overrides),
    decision: &mut Decision,
) -> Result<Choice, Refusal> {
    let Chain { stops, rules } = chain;
    let is_plain = stops.len() == 1
        && overrides.is_none()
        && rules.asks_nothing()
        && stops.iter().all(|stop| stop.when.is_none());
    let mut runners: Vec<Runner<'_>> = stops
        .into_iter()
        .enumerate()
        .map(|(place, stop)| {
            let target = Target::of(gateway, (stop.provider, &stop.model), caller, ask, envelope);
            let wish = wish::of(gateway, caller, ask, &target);
            Runner::new(target, wish, stop, place == 0)
        })
        .collect();
    if is_plain {
        let only = runners.remove(0);
        decision.candidates = vec![only.told(gateway, "the only target".to_owned())];
        return Ok(Choice { targets: vec![(only.target, only.wish)], prefix: None, complexity: None });
    }
    let strategies = overrides.strategy.as_ref().map_or(rules.strategies.as_slice(), std::slice::from_ref);
    let size = runners[0].target.cost;
    let mut inquiry =
        Inquiry { gateway, caller, ask, envelope, rules, strategies, overrides, size, complexity: None };
    inquiry.judge_prompt(&runners);
    inquiry.leave_out(&mut runners);
    let prefix = inquiry.prefix();
    inquiry.gather(&mut runners, prefix.as_ref());
    inquiry.leave_out_the_dear(&mut runners);
    inquiry.ranked(runners, prefix, decision)
}

/// How the answer of the first target, the cheap one, is judged; `None` if it is not.
pub(crate) fn cascade(
    ask: &Ask,
    envelope: Option<&Envelope<'_>>,
    rules: &ChainRules,
    cheap: Option<String>,
) -> Option<Cascade> {
    let escalation = rules.escalation.filter(|escalation| escalation.by == EscalationBy::Answer)?;
    if !ask.is_generation() || ask.is_streamed() {
        return None;
    }
    let question = last_words(envelope?).unwrap_or_default();
    Some(Cascade { question, threshold: escalation.threshold, cheap: cheap? })
}

/// What one request asks about its targets.
struct Inquiry<'i, 'e> {
    gateway: &'i Gateway,
    caller: &'i Caller,
    ask: &'i Ask,
    envelope: Option<&'i Envelope<'e>>,
    rules: &'i ChainRules,
    strategies: &'i [Strategy],
    overrides: &'i Overrides,
    /// How large the request is, as the first target counts.
    size: Cost,
    /// How hard the prompt looks, if anybody asks.
    complexity: Option<Complexity>,
}

impl Inquiry<'_, '_> {
    fn judge_prompt(&mut self, runners: &[Runner<'_>]) {
        let is_asked = self.rules.escalation.is_some_and(|escalation| escalation.by == EscalationBy::Prompt);
        let is_in_a_rule = runners
            .iter()
            .any(|runner| runner.stop.when.is_some_and(|rule| rule.text().contains(COMPLEXITY)));
        if is_asked || is_in_a_rule {
            let words = self.envelope.and_then(last_words).unwrap_or_default();
            self.complexity = Some(complexity::explain(&words));
        }
    }

    fn asks_price(&self) -> bool {
        self.strategies.contains(&Strategy::Cheapest)
            || self.rules.sticky != Sticky::Off
            || self.overrides.max_price.is_some()
    }

    /// Leaves out those that may not serve.
    fn leave_out(&self, runners: &mut [Runner<'_>]) {
        let wants = self.envelope.map(Wants::of).unwrap_or_default();
        let headers = rule_facts::tags(&self.ask.headers);
        for runner in runners.iter_mut() {
            let target = &runner.target;
            let unruly = || {
                let complexity = self.complexity.as_ref().map_or(0.0, |complexity| complexity.score);
                let facts = rule_facts::attributes(
                    self.ask,
                    self.caller,
                    runner.wish.priority,
                    (&wants, complexity, &headers),
                    self.gateway.clock.wall(),
                );
                rule_facts::speaks_against(runner.stop.when?, &facts)
            };
            let (catalogue, model) = (target.provider.catalogue(), target.model.as_str());
            let needs = Needs {
                vision: wants.images > 0,
                documents: wants.documents > 0,
                audio: wants.audio > 0,
                tools: wants.tools > 0,
                structured_output: wants.structured,
                input: target.cost.input,
                max_output: self.ask.summary.max_output,
            };
            let lacks = || {
                capability::can_serve(catalogue, &target.profile, &needs).err().map(|lack| lack.to_string())
            };
            let unwanted =
                || self.overrides.speaks_against(target.provider.name(), model, &self.offer(target));
            runner.left_out = unruly().or_else(|| self.abroad(target)).or_else(unwanted).or_else(lacks);
        }
    }

    fn offer<'t>(&'t self, target: &'t Target) -> pricing::Offer<'t> {
        self.gateway.prices.offer(target.provider.product(&target.model), self.gateway.clock.wall())
    }

    /// Why a target may not be asked for where it is.
    fn abroad(&self, target: &Target) -> Option<String> {
        let region = target.provider.settings().region.as_deref();
        region::may_serve(region, &self.rules.regions).err().map(|outside| outside.to_string())
    }

    /// The beginning that will be cached, if anybody asks.
    fn prefix(&self) -> Option<HeldPrefix> {
        if !self.asks_price() {
            return None;
        }
        let cached = cacheable_in(self.ask.dialect, self.envelope?)?;
        let mut hasher = DefaultHasher::new();
        cached.parts.hash(&mut hasher);
        Some(HeldPrefix { fingerprint: hasher.finish(), lifetime: cached.lifetime, tokens: cached.tokens() })
    }

    /// Gathers what is asked of those that are left.
    fn gather(&self, runners: &mut [Runner<'_>], prefix: Option<&HeldPrefix>) {
        let now = self.gateway.clock.now();
        let (asks_price, asks_headroom) =
            (self.asks_price(), self.strategies.contains(&Strategy::MostHeadroom));
        for runner in runners.iter_mut().filter(|runner| runner.left_out.is_none()) {
            let target = &runner.target;
            runner.pulse = Some(target.deployment.pulse(now, self.ask.is_streamed()));
            if asks_price {
                let holds = prefix.is_some_and(|prefix| target.deployment.holds(now, prefix.fingerprint));
                runner.price = price(&self.offer(target), self.size, prefix, holds);
            }
            if asks_headroom {
                runner.headroom = Some(self.headroom(target));
            }
        }
    }

    /// The smallest free share of any limit, of the quota group that has most.
    fn headroom(&self, target: &Target) -> f64 {
        let of_pool = |(_, pool)| {
            let state = self.gateway.turnstile.state(pool);
            let of_meter =
                |meter: &MeterState| meter.free.max(0) as f64 / (meter.burst as f64).max(f64::MIN_POSITIVE);
            let in_flight =
                state.most_in_flight.map(|most| 1.0 - f64::from(state.in_flight) / f64::from(most.max(1)));
            let least = state.meters.iter().map(of_meter).chain(in_flight).fold(1.0, f64::min);
            if state.closed.is_some() { 0.0 } else { least }
        };
        target.lane.pools().map(of_pool).fold(0.0, f64::max).clamp(0.0, 1.0)
    }

    fn leave_out_the_dear(&self, runners: &mut [Runner<'_>]) {
        for runner in runners.iter_mut().filter(|runner| runner.left_out.is_none()) {
            runner.left_out = self.overrides.is_too_dear(runner.price);
        }
    }

    fn ranked(
        &self,
        runners: Vec<Runner<'_>>,
        prefix: Option<HeldPrefix>,
        decision: &mut Decision,
    ) -> Result<Choice, Refusal> {
        decision.notes.extend(self.told_complexity());
        let (left, out): (Vec<_>, Vec<_>) = runners.into_iter().partition(|runner| runner.left_out.is_none());
        let out_for = |runner: &Runner<'_>| {
            let why = runner.left_out.clone().unwrap_or_default();
            Considered { is_left_out: true, ..runner.told(self.gateway, why) }
        };
        if left.is_empty() {
            decision.candidates = out.iter().map(out_for).collect();
            let whys = out.iter().map(|runner| {
                format!("{}: {}", runner.target.name(), runner.left_out.as_deref().unwrap_or_default())
            });
            return Err(Refusal::NoFit { model: self.ask.summary.model.clone(), why: whys.collect() });
        }
        let waits: Vec<_> = left.iter().map(|runner| self.gateway.turnstile.expected(&runner.wish)).collect();
        let facts: Vec<Facts<'_>> =
            left.iter().zip(&waits).map(|(runner, wait)| runner.facts(*wait)).collect();
        let mut ranked = rank(&facts, self.strategies, &mut fastrand::f64);
        self.keep_at_home(&left, &waits, prefix.as_ref(), &mut ranked);
        self.preferred_first(&left, &mut ranked);
        self.escalate(&left, &mut ranked);
        if self.overrides.stays_first {
            ranked.truncate(1);
        }
        let mut targets = Vec::new();
        for ranked in &ranked {
            let runner = &left[ranked.place];
            let mut told = runner.told(self.gateway, ranked.why.to_string());
            told.known.wait_ms = Some(millis(waits[ranked.place]));
            decision.candidates.push(told);
            targets.push((Arc::clone(&runner.target), runner.wish));
        }
        decision.candidates.extend(out.iter().map(out_for));
        let complexity = self.complexity.as_ref().map(|complexity| complexity.score);
        Ok(Choice { targets, prefix, complexity })
    }

    /// A prompt that looks hard goes to the first target, the cheap one, only if no other serves.
    fn escalate(&self, left: &[Runner<'_>], ranked: &mut Vec<Ranked>) {
        let (Some(escalation), Some(complexity)) = (self.rules.escalation, &self.complexity) else { return };
        let cheap = ranked.iter().position(|ranked| left[ranked.place].is_first);
        if let Some(cheap) = cheap.filter(|_| complexity.score >= escalation.threshold) {
            let cheap = ranked.remove(cheap);
            ranked.push(cheap);
        }
    }

    /// What the prompt's complexity has to do with the order, for the record.
    fn told_complexity(&self) -> Option<String> {
        let complexity = self.complexity.as_ref()?;
        let because: Vec<&str> = complexity.reasons.iter().take(3).map(|reason| reason.told).collect();
        let threshold =
            self.rules.escalation.map(|escalation| format!(" (hard from {})", escalation.threshold));
        Some(format!(
            "complexity {:.2}{}, because of {}",
            complexity.score,
            threshold.unwrap_or_default(),
            because.join(", ")
        ))
    }

    /// The caller's order of providers goes before what is configured; strategies order those of which it says the same.
    fn preferred_first(&self, left: &[Runner<'_>], ranked: &mut [Ranked]) {
        let order = &self.overrides.order;
        let place = |ranked: &Ranked| {
            let provider = left[ranked.place].target.provider.name();
            order.iter().position(|name| name == provider).unwrap_or(order.len())
        };
        ranked.sort_by_key(place);
    }

    /// A session or prefix stays where it is at home while that is worth it.
    fn keep_at_home(
        &self,
        left: &[Runner<'_>],
        waits: &[Duration],
        prefix: Option<&HeldPrefix>,
        ranked: &mut Vec<Ranked>,
    ) {
        let key = match self.rules.sticky {
            Sticky::Off => None,
            Sticky::Prefix => prefix.map(|prefix| prefix.fingerprint),
            Sticky::Session => session::key(self.ask, self.envelope),
        };
        let numbers: Vec<_> = left
            .iter()
            .map(|runner| (sticky::number_of(&runner.target.name()), runner.stop.weight))
            .collect();
        let Some(home) = key.and_then(|key| sticky::home(key, &numbers)) else { return };
        let Some(other) = ranked.iter().map(|ranked| ranked.place).find(|place| *place != home) else {
            return;
        };
        let now = self.gateway.clock.now();
        let target = &left[home].target;
        let held = prefix.filter(|prefix| target.deployment.holds(now, prefix.fingerprint));
        let cached_value = held.and_then(|prefix| {
            saved_by_reading(&self.offer(target), self.size.input, prefix.tokens, prefix.lifetime)
        });
        let offer = |place: usize| Offer {
            uncached_price: price(&self.offer(&left[place].target), self.size, None, false),
            wait: waits[place],
        };
        let patience = self.rules.fallback.patience;
        let verdict =
            sticky::judge(offer(home), offer(other), cached_value.unwrap_or(MicroUsd::ZERO), patience);
        if let Verdict::Stay(stay) = verdict {
            put_first(ranked, home, stay);
        }
    }
}

/// What a request of this size is expected to cost at a target. The size is the same for all targets that are compared: estimates of
/// those that are known better would make the others look dearer than they are.
fn price(
    offer: &pricing::Offer<'_>,
    size: Cost,
    prefix: Option<&HeldPrefix>,
    holds: bool,
) -> Option<MicroUsd> {
    let ask = cost::Ask {
        prompt: size.input,
        prefix: prefix.map_or(Tokens::ZERO, |prefix| prefix.tokens),
        lifetime: prefix.map(|prefix| prefix.lifetime),
        output: size.output,
    };
    expected_cost(offer, &ask, holds)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
