//! Paceway's configuration for one run.

use std::net::SocketAddr;

use super::scenario::Scenario;
use crate::upstream::Dialect;

/// The configuration: waits have no bound, limits are those of the provider or none at all.
pub(crate) fn config(scenario: &Scenario, provider: SocketAddr, is_declared: bool) -> String {
    let (name, path) = match scenario.dialect {
        Dialect::Anthropic => ("anthropic", ""),
        Dialect::OpenAi => ("openai", "/v1"),
    };
    let mut lines = vec![
        "[log]\nlevel = \"error\"\n[queue]\nmax_wait_s = 3600\nmax_waiting = 100000".to_owned(),
        format!("[providers.{name}]\nbase_url = \"http://{provider}{path}\"\napi_key = \"bench\""),
    ];
    if is_declared {
        lines.push(format!("[[providers.{name}.limits]]\nmodels = [\"*\"]\nburst_s = {}", scenario.burst_s));
        lines.push(format!("requests_per_minute = {}", Scenario::REQUESTS_PER_MINUTE));
        match scenario.dialect {
            Dialect::Anthropic => {
                lines.push(format!("input_tokens_per_minute = {}", Scenario::INPUT_PER_MINUTE));
                lines.push(format!("output_tokens_per_minute = {}", Scenario::OUTPUT_PER_MINUTE));
            }
            Dialect::OpenAi => lines.push(format!("tokens_per_minute = {}", Scenario::TOKENS_PER_MINUTE)),
        }
        if scenario.concurrency > 0 {
            lines.push(format!("concurrency = {}", scenario.concurrency));
        }
    }
    lines.join("\n") + "\n"
}
