//! What of a provider stays when its settings are replaced.

use std::time::Duration;

use http::HeaderName;
use paceway_domain::Secret;
use paceway_scheduler::{Bounds, Limits};

use super::*;
use crate::clock::RuntimeClock;

fn settings() -> ProviderSettings {
    let key = Credential::Header(HeaderName::from_static("x-api-key"), Secret::new("sk-1"));
    ProviderSettings {
        candidate: Candidate { name: "p".into(), catalogue: "p".into(), serves: vec!["a-*".into()] },
        ways: vec![Way { dialect: Dialect::OpenAi, base_url: "http://one.test".parse().unwrap() }],
        platform: Platform::Direct,
        keys: vec![KeySettings { name: "main".into(), credential: key, quota_group: "main".into() }],
        charging: Charging::Reserved,
        only_max_tokens: false,
        rerank: None,
        region: None,
        is_simulated: false,
        pools: Vec::new(),
        tier: None,
        admin: None,
    }
}

/// Whether the provider is the same after this change, and whether its lanes and its deployments are.
fn kept(change: impl FnOnce(&mut ProviderSettings)) -> (bool, bool, bool) {
    let bounds = Bounds { waiting: 1, waiting_per_caller: 1, ageing: Duration::from_secs(1) };
    let turnstile = Arc::new(Turnstile::new(Arc::new(RuntimeClock::new()), bounds));
    let before = Arc::new(Provider::new(settings(), &turnstile));
    let mut changed = settings();
    change(&mut changed);
    let after = before.succeeded_by(changed.clone(), &turnstile);
    assert!(*after.settings() == changed);
    let same =
        (Arc::ptr_eq(&before.lanes, &after.lanes), Arc::ptr_eq(&before.deployments, &after.deployments));
    (Arc::ptr_eq(&before, &after), same.0, same.1)
}

#[test]
fn a_provider_that_is_configured_as_before_is_the_same() {
    assert_eq!(kept(|_| {}), (true, true, true));
}

#[test]
fn what_was_learned_stays_when_only_the_models_or_the_writing_change() {
    assert_eq!(kept(|settings| settings.candidate.serves.push("b-*".into())), (false, true, true));
    assert_eq!(kept(|settings| settings.only_max_tokens = true), (false, true, true));
    assert_eq!(kept(|settings| settings.rerank = Some(Shape::Jina)), (false, true, true));
}

#[test]
fn what_was_learned_goes_when_it_is_another_service_or_another_account() {
    let key = |secret| Credential::Header(HeaderName::from_static("x-api-key"), Secret::new(secret));
    let gone = (false, false, false);
    assert_eq!(kept(|settings| settings.keys[0].credential = key("sk-2")), gone);
    assert_eq!(kept(|settings| settings.ways[0].base_url = "http://two.test".parse().unwrap()), gone);
    assert_eq!(kept(|settings| settings.tier = Some("start".into())), gone);
    let declared = PoolSettings { models: vec!["*".into()], limits: Limits::none() };
    assert_eq!(kept(|settings| settings.pools.push(declared)), gone);
}

#[test]
fn the_pools_of_a_provider_that_a_reload_changed_make_room_when_its_last_request_has_ended() {
    let bounds = Bounds { waiting: 1, waiting_per_caller: 1, ageing: Duration::from_secs(1) };
    let turnstile = Arc::new(Turnstile::new(Arc::new(RuntimeClock::new()), bounds));
    let before = Arc::new(Provider::new(settings(), &turnstile));
    let lane = before.lane("a-1");
    let pool = lane.pools().next().unwrap().1;
    let mut changed = settings();
    changed.tier = Some("start".into());
    let after = before.succeeded_by(changed, &turnstile);
    drop(before);
    let kept = after.lane("a-1").pools().next().unwrap().1;
    assert_ne!(kept, pool, "a request still has it");
    drop(lane);
    let made = [turnstile.add_pool(&Limits::none()), turnstile.add_pool(&Limits::none())];
    assert!(made.contains(&pool), "{made:?}");
}
