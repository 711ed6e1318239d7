//! Values that have the right type and make no sense. The bounds are those that `config/default.toml` states.

mod aliases;
mod budgets;

use std::fmt::Display;
use std::ops::RangeInclusive;

use http::{HeaderValue, Uri};

use paceway_policy::fallback::Reason;

use super::alerting;
use super::model::Breaker;
use super::{Auth, CallerConfig, Config, Platform, ProviderConfig, Rates};

/// Keys of a provider, `api_key` included: the scheduler tells them apart by a bit each.
const MAX_KEYS: usize = 64;

/// Tiers whose limits are published.
const TIERS: [&str; 2] = ["start", "scale"];

/// What stands in the rows of known providers for what only their user knows, and what to write there.
const PLACEHOLDERS: [(&str, &str); 4] = [
    ("ACCOUNT", "the id of your account there"),
    ("PROJECT", "the id of your Google Cloud project"),
    ("RESOURCE", "the name of your Azure resource"),
    ("WORKSPACE", "the name of your workspace, as its pages' address has it"),
];

/// A sentence for each mistake.
pub(super) fn problems(config: &Config) -> Vec<String> {
    check(config).problems
}

/// A sentence for each setting that is allowed and changes nothing where it stands.
pub(super) fn warnings(config: &Config) -> Vec<String> {
    check(config).warnings
}

fn check(config: &Config) -> Check {
    let mut check = Check::default();
    let Config { server, queue, retry, upstream, .. } = config;
    check.range("server.max_body_bytes", server.max_body_bytes, 1_024..=1 << 30);
    check.range("server.body_timeout_s", server.body_timeout_s, 1..=3_600);
    check.range("server.header_timeout_s", server.header_timeout_s, 1..=600);
    check.range("server.max_connections", server.max_connections, 1..=1_000_000);
    check.range("server.drain_s", server.drain_s, 0..=3_600);
    if let Some(problem) = config.admin.problem() {
        check.say("admin.listen", problem);
    }
    check.range("queue.max_wait_s", queue.max_wait_s, 0..=86_400);
    check.range("queue.max_overload_s", queue.max_overload_s, 0..=86_400);
    check.range("queue.max_sibling_wait_s", queue.max_sibling_wait_s, 0..=600);
    check.range("queue.max_waiting", queue.max_waiting, 0..=1_000_000);
    check.range("queue.max_waiting_per_key", queue.max_waiting_per_key, 0..=1_000_000);
    check.range("queue.ageing_s", queue.ageing_s, 1..=86_400);
    check.range("queue.sign_of_life_s", queue.sign_of_life_s, 0..=3_600);
    check.range("queue.max_attempts", queue.max_attempts, 1..=1_000);
    check.range("retry.max_retries", retry.max_retries, 0..=10);
    check.range("retry.first_wait_ms", retry.first_wait_ms, 1..=60_000);
    check.range("retry.longest_wait_ms", retry.longest_wait_ms, 1..=600_000);
    check.range("retry.budget_percent", retry.budget_percent, 0..=100);
    check.range("retry.budget_per_second", retry.budget_per_second, 0..=1_000);
    check.range("upstream.connect_timeout_s", upstream.connect_timeout_s, 1..=600);
    check.range("upstream.headers_timeout_s", upstream.headers_timeout_s, 1..=3_600);
    check.range("upstream.first_byte_timeout_s", upstream.first_byte_timeout_s, 1..=3_600);
    check.range("upstream.idle_timeout_s", upstream.idle_timeout_s, 1..=3_600);
    check.range("upstream.total_timeout_s", upstream.total_timeout_s, 1..=86_400);
    check.range("upstream.low_speed_bytes_per_s", upstream.low_speed_bytes_per_s, 0..=1_000_000_000);
    check.range("upstream.low_speed_s", upstream.low_speed_s, 1..=3_600);
    check.range("upstream.max_answer_bytes", upstream.max_answer_bytes, 1_024..=1 << 30);
    check.problems.extend(config.storage.problem());
    if let Err(error) = tracing_subscriber::EnvFilter::try_new(&config.log.level) {
        check.say("log.level", format!("`{}` is not a level or filter: {error}", config.log.level));
    }
    for (name, provider) in &config.providers {
        check.provider(&format!("providers.{name}"), name, provider);
    }
    let in_use = config.providers_in_use().map(|(name, provider, _)| (name, provider));
    let left_alone = config.providers.iter().filter(|(_, provider)| provider.is_left_alone);
    for (name, provider) in in_use.chain(left_alone.map(|(name, provider)| (name.as_str(), provider))) {
        check.placeholders(&format!("providers.{name}"), provider);
    }
    check.range("explain.keep", config.explain.keep, 0..=1_000_000);
    check.range("admin.audit_keep_days", config.admin.audit_keep_days, 0..=36_500);
    check.range("responses.keep_days", config.responses.keep_days, 0..=3_650);
    check.range("responses.keep_at_most", config.responses.keep_at_most, 0..=100_000_000);
    check.reasons("fallback.on", &config.fallback.on);
    check.range("fallback.patience_s", config.fallback.patience_s, 0..=86_400);
    check.breaker(&config.breaker);
    for (name, alias) in &config.aliases {
        check.alias(&format!("aliases.{name}"), &alias.rules(), config);
    }
    check.budgets(&config.budgets);
    for (index, caller) in config.callers.iter().enumerate() {
        check.caller(&format!("callers[{index}]"), caller);
    }
    for (key, what) in alerting::problems(config) {
        check.say(&key, what);
    }
    check
}

/// Whether a part of the provider's address is still to be filled in.
pub(super) fn has_placeholder(provider: &ProviderConfig) -> bool {
    placeholders_of(provider).next().is_some()
}

/// The settings that hold a placeholder: name, value, placeholder and what is to be written there.
fn placeholders_of(
    provider: &ProviderConfig,
) -> impl Iterator<Item = (&'static str, &str, &'static str, &'static str)> {
    let fields = [("base_url", Some(&provider.base_url)), ("project", provider.project.as_ref())];
    fields.into_iter().filter_map(|(name, value)| {
        let value = value?;
        let mut parts = value.split(['/', '.']);
        let (placeholder, meaning) =
            parts.find_map(|part| PLACEHOLDERS.into_iter().find(|(placeholder, _)| *placeholder == part))?;
        Some((name, value.as_str(), placeholder, meaning))
    })
}

#[derive(Default)]
struct Check {
    problems: Vec<String>,
    warnings: Vec<String>,
}

impl Check {
    fn say(&mut self, key: &str, what: impl Display) {
        self.problems.push(format!("{key}: {what}"));
    }

    fn warn(&mut self, key: &str, what: impl Display) {
        self.warnings.push(format!("{key}: {what}"));
    }

    fn range<T: PartialOrd + Display + Copy>(&mut self, key: &str, value: T, range: RangeInclusive<T>) {
        if !range.contains(&value) {
            self.say(key, format_args!("expected {} to {}, got {value}", range.start(), range.end()));
        }
    }

    fn reasons(&mut self, key: &str, reasons: &[String]) {
        for reason in reasons.iter().filter(|reason| Reason::of_name(reason).is_none()) {
            let names: Vec<&str> = Reason::ALL.into_iter().map(Reason::name).collect();
            self.say(key, format_args!("expected some of {}, got `{reason}`", names.join(", ")));
        }
    }

    fn breaker(&mut self, breaker: &Breaker) {
        self.range("breaker.consecutive", breaker.consecutive, 1..=1_000);
        self.range("breaker.share_percent", breaker.share_percent, 1..=100);
        self.range("breaker.window_s", breaker.window_s, 1..=3_600);
        self.range("breaker.least_calls", breaker.least_calls, 1..=100_000);
        self.range("breaker.open_s", breaker.open_s, 1..=3_600);
        self.range("breaker.longest_open_s", breaker.longest_open_s, 1..=86_400);
        self.range("breaker.probes", breaker.probes, 1..=100);
        self.range("breaker.ramp_s", breaker.ramp_s, 0..=3_600);
        self.range("breaker.check_every_s", breaker.check_every_s, 0..=3_600);
        if breaker.longest_open_s < breaker.open_s {
            self.say(
                "breaker.longest_open_s",
                format_args!("expected no less than `open_s` = {}", breaker.open_s),
            );
        }
    }

    fn provider(&mut self, key: &str, name: &str, provider: &ProviderConfig) {
        if name.is_empty() || name.contains('/') || HeaderValue::from_str(name).is_err() {
            self.say(key, "a provider's name is made of visible characters and has no slash");
        }
        self.addresses(key, provider);
        // A key is a secret, so a wrong one is not shown.
        let is_google = provider.auth == Some(Auth::Google)
            || (provider.auth.is_none() && provider.platform == Platform::Vertex);
        let can_be_sent = |text: &str| is_google || HeaderValue::from_str(text).is_ok();
        if let Some(tier) = provider.tier.as_deref().filter(|tier| !TIERS.contains(tier)) {
            self.say(&format!("{key}.tier"), format_args!("expected {}, got `{tier}`", TIERS.join(" or ")));
        }
        let keys = [&provider.api_key, &provider.admin_key];
        if keys.into_iter().flatten().any(|secret| !can_be_sent(secret.reveal())) {
            self.say(key, "the key holds characters that cannot be sent in a header: copy it again");
        }
        if provider.keys.len() >= MAX_KEYS {
            self.say(&format!("{key}.keys"), format_args!("expected fewer than {MAX_KEYS} keys"));
        }
        for (index, extra) in provider.keys.iter().enumerate() {
            let key = format!("{key}.keys[{index}]");
            if extra.name.is_empty() || extra.name == "main" {
                self.say(&key, "expected a name of its own: `main` is that of `api_key`");
            }
            if extra.env.is_none() && extra.key.is_none() {
                self.say(&key, "expected `env` (the variable that holds the key) or `key`");
            }
            if extra.key.as_ref().is_some_and(|secret| !can_be_sent(secret.reveal())) {
                self.say(&key, "the key holds characters that cannot be sent in a header: copy it again");
            }
        }
        for (index, limit) in provider.limits.iter().enumerate() {
            let key = format!("{key}.limits[{index}]");
            self.patterns(&format!("{key}.models"), &limit.models, "models");
            self.rates(&key, &limit.rates);
        }
    }

    fn addresses(&mut self, key: &str, provider: &ProviderConfig) {
        let is_cloud = matches!(provider.platform, Platform::Bedrock | Platform::Vertex);
        let own = Some((format!("{key}.base_url"), &provider.base_url));
        let own = own.filter(|(_, base)| !(is_cloud && base.is_empty()));
        let also = provider.also.iter().map(|(dialect, base)| (format!("{key}.also.{dialect:?}"), base));
        for (key, base) in own.into_iter().chain(also) {
            let is_address = base.parse::<Uri>().is_ok_and(|uri| {
                matches!(uri.scheme_str(), Some("http" | "https"))
                    && uri.host().is_some()
                    && uri.query().is_none()
            });
            if !is_address {
                self.say(&key, format_args!("expected an http:// or https:// address, got `{base}`"));
            }
        }
        let needed: &[(&str, &Option<String>)] = match provider.platform {
            Platform::Direct | Platform::Azure => &[],
            Platform::Bedrock => &[("region", &provider.region)],
            Platform::Vertex => &[("project", &provider.project), ("location", &provider.location)],
        };
        for (name, value) in needed {
            if value.as_deref().is_none_or(str::is_empty) {
                self.say(&format!("{key}.{name}"), "this platform needs it");
            }
        }
    }

    /// A provider that has a key and an address that nobody has filled in would fail at its first request only.
    fn placeholders(&mut self, key: &str, provider: &ProviderConfig) {
        let variable = provider.api_key_env.as_deref().unwrap_or("api_key");
        for (name, value, placeholder, meaning) in placeholders_of(provider) {
            let key = format!("{key}.{name}");
            let write = format!(
                "write {meaning} in place of {placeholder} in `{value}`; or `enabled = false` if the key"
            );
            if provider.is_left_alone {
                let there = format!("not used, although its key ({variable}) is there");
                self.warn(&key, format_args!("{there}: {write} is meant for something else"));
            } else {
                self.say(&key, format_args!("{write} ({variable}) is meant for something else"));
            }
        }
    }

    fn caller(&mut self, key: &str, caller: &CallerConfig) {
        self.patterns(&format!("{key}.keys"), &caller.keys, "keys");
        if let Some(models) = &caller.models {
            self.patterns(&format!("{key}.models"), models, "models");
        }
        if let Some(weight) = caller.weight {
            self.range(&format!("{key}.weight"), weight, 1..=1_000);
        }
        self.rates(key, &caller.rates);
    }

    fn patterns(&mut self, key: &str, patterns: &[String], what: &str) {
        if patterns.is_empty() {
            self.say(key, format_args!("expected at least one pattern; [\"*\"] stands for all {what}"));
        }
    }

    fn rates(&mut self, key: &str, limits: &Rates) {
        let rates = [
            ("requests_per_minute", limits.requests_per_minute),
            ("input_tokens_per_minute", limits.input_tokens_per_minute),
            ("output_tokens_per_minute", limits.output_tokens_per_minute),
            ("tokens_per_minute", limits.tokens_per_minute),
            ("requests_per_day", limits.requests_per_day),
            ("tokens_per_day", limits.tokens_per_day),
        ];
        for (name, rate) in rates {
            if let Some(rate) = rate {
                self.range(&format!("{key}.{name}"), rate, 1..=10_000_000_000);
            }
        }
        for (minute, day) in [(0, 4), (3, 5)] {
            if let (Some(a_minute), Some(a_day)) = (rates[minute].1, rates[day].1)
                && a_minute > a_day
            {
                let (minute, day) = (rates[minute].0, rates[day].0);
                self.say(
                    key,
                    format_args!("`{minute}` = {a_minute} contradicts `{day}` = {a_day}: a day allows less than a minute"),
                );
            }
        }
        if let Some(concurrency) = limits.concurrency {
            self.range(&format!("{key}.concurrency"), concurrency, 1..=100_000);
        }
        if let Some(burst) = limits.burst_s {
            self.range(&format!("{key}.burst_s"), burst, 1..=60);
        }
    }
}
