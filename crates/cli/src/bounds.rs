//! Bounds, timeouts and retries as configured, in the terms of who keeps to them.

use std::time::Duration;

use paceway_gateway::waiting::SignsOfLife;
use paceway_gateway::{Bounds, RetryRules};
use paceway_policy::retry::{Backoff, BudgetRules};
use paceway_server::ServerBounds;
use paceway_upstream::{LowSpeed, Timeouts};

use crate::config::Config;

/// Of requests and answers.
pub(crate) fn bounds(config: &Config) -> Bounds {
    Bounds {
        max_wait: Duration::from_secs(config.queue.max_wait_s),
        max_overload: Duration::from_secs(config.queue.max_overload_s),
        max_sibling_wait: Duration::from_secs(config.queue.max_sibling_wait_s),
        signs_of_life: signs_of_life(config),
        max_answer_bytes: config.upstream.max_answer_bytes,
        max_attempts: config.queue.max_attempts,
        check_every: Duration::from_secs(config.breaker.check_every_s),
        drop_unsupported: config.translation.drop_unsupported,
        keeps_responses: config.responses.keep_days > 0 && config.responses.keep_at_most > 0,
    }
}

/// Of the queues.
pub(crate) fn queue_bounds(config: &Config) -> paceway_scheduler::Bounds {
    paceway_scheduler::Bounds {
        waiting: config.queue.max_waiting,
        waiting_per_caller: config.queue.max_waiting_per_key,
        ageing: Duration::from_secs(config.queue.ageing_s),
    }
}

fn signs_of_life(config: &Config) -> Option<SignsOfLife> {
    let every = Duration::from_secs(config.queue.sign_of_life_s);
    (!every.is_zero()).then_some(SignsOfLife { every, shows_place: config.queue.sign_shows_place })
}

/// Of the phases of calls.
pub(crate) fn timeouts(config: &Config) -> Timeouts {
    let upstream = &config.upstream;
    Timeouts {
        connect: Duration::from_secs(upstream.connect_timeout_s),
        headers: Duration::from_secs(upstream.headers_timeout_s),
        first_byte: Duration::from_secs(upstream.first_byte_timeout_s),
        idle: Duration::from_secs(upstream.idle_timeout_s),
        total: Duration::from_secs(upstream.total_timeout_s),
        low_speed: (upstream.low_speed_bytes_per_s > 0).then(|| LowSpeed {
            bytes_per_s: upstream.low_speed_bytes_per_s,
            during: Duration::from_secs(upstream.low_speed_s),
        }),
    }
}

/// When a call is made again.
pub(crate) fn retry_rules(config: &Config) -> RetryRules {
    let retry = &config.retry;
    RetryRules {
        max_retries: retry.max_retries,
        backoff: Backoff {
            base: Duration::from_millis(retry.first_wait_ms),
            most: Duration::from_millis(retry.longest_wait_ms),
        },
        budget: BudgetRules {
            share: f64::from(retry.budget_percent) / 100.0,
            per_second: f64::from(retry.budget_per_second),
        },
    }
}

/// Of connections.
pub(crate) fn server_bounds(config: &Config) -> ServerBounds {
    let server = &config.server;
    ServerBounds {
        max_body_bytes: server.max_body_bytes,
        body_timeout: Duration::from_secs(server.body_timeout_s),
        header_timeout: Duration::from_secs(server.header_timeout_s),
        max_connections: server.max_connections,
        drain: Duration::from_secs(server.drain_s),
    }
}
