//! What a key may do, as options of the command line.

use std::str::FromStr;

use anyhow::{Result, anyhow};
use clap::Args;
use paceway_domain::{Endpoint, Priority};
use paceway_gateway::administration::{Grant, OwnLimits};

/// The word for no restriction, where a key has one.
const ALL: &str = "all";
/// The word for a limit or a priority that a key has no more.
const NONE: &str = "none";

/// What a key is to have, or that it is to have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OrNone<T>(pub(super) Option<T>);

impl<T: FromStr> FromStr for OrNone<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == NONE {
            return Ok(Self(None));
        }
        let number =
            text.parse().map_err(|_| format!("expected a whole number, or `{NONE}` for no limit"))?;
        Ok(Self(Some(number)))
    }
}

impl<T> OrNone<T> {
    /// What is said, or else what was before.
    fn over(said: Option<Self>, before: Option<T>) -> Option<T> {
        said.map_or(before, |Self(limit)| limit)
    }
}

#[derive(Debug, Clone, Args)]
pub(super) struct GrantOptions {
    /// Models and aliases that it may name, with commas between them; `*` stands for any text, `all` for all
    #[arg(long, value_delimiter = ',', value_name = "PATTERNS")]
    models: Option<Vec<String>>,
    /// What it may have done, with commas between them: generate, count_tokens, embeddings, rerank, images, transcription,
    /// speech; or `all`
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    endpoints: Option<Vec<String>>,
    /// high, normal, low or batch; `none`: what the rules for callers say
    #[arg(long)]
    priority: Option<String>,
    /// Its requests in a minute; as with all limits, `none` for no limit
    #[arg(long, value_name = "NUMBER|none")]
    requests_per_minute: Option<OrNone<u64>>,
    /// Its input tokens in a minute
    #[arg(long, value_name = "NUMBER|none")]
    input_tokens_per_minute: Option<OrNone<u64>>,
    /// Its output tokens in a minute
    #[arg(long, value_name = "NUMBER|none")]
    output_tokens_per_minute: Option<OrNone<u64>>,
    /// Its tokens in a minute
    #[arg(long, value_name = "NUMBER|none")]
    tokens_per_minute: Option<OrNone<u64>>,
    /// Its requests in a day
    #[arg(long, value_name = "NUMBER|none")]
    requests_per_day: Option<OrNone<u64>>,
    /// Its tokens in a day
    #[arg(long, value_name = "NUMBER|none")]
    tokens_per_day: Option<OrNone<u64>>,
    /// Its requests at once
    #[arg(long, value_name = "NUMBER|none")]
    concurrency: Option<OrNone<u32>>,
    /// Seconds of a minute's limit that may be used at once; 1 to 60
    #[arg(long, value_name = "NUMBER|none")]
    burst_s: Option<OrNone<u64>>,
}

impl GrantOptions {
    /// The whole, where what is not said is not restricted.
    pub(super) fn granted(&self) -> Result<Grant> {
        Ok(Grant {
            models: self.models().unwrap_or_default(),
            endpoints: self.endpoints()?.unwrap_or_default(),
            priority: self.priority()?.and_then(|OrNone(priority)| priority),
            limits: self.limits_over(OwnLimits::default()),
        })
    }

    pub(super) fn models(&self) -> Option<Vec<String>> {
        let models = self.models.as_ref()?;
        Some(if *models == [ALL] { Vec::new() } else { models.clone() })
    }

    pub(super) fn endpoints(&self) -> Result<Option<Vec<Endpoint>>> {
        let Some(names) = &self.endpoints else { return Ok(None) };
        if *names == [ALL] {
            return Ok(Some(Vec::new()));
        }
        let named = |name: &String| {
            let known = Endpoint::ALL.map(Endpoint::name).join(", ");
            Endpoint::named(name)
                .ok_or_else(|| anyhow!("--endpoints: expected any of {known}, or {ALL}, got `{name}`"))
        };
        names.iter().map(named).collect::<Result<_>>().map(Some)
    }

    /// What is said of it: one of them, or none.
    pub(super) fn priority(&self) -> Result<Option<OrNone<Priority>>> {
        let named = |name: &String| {
            if name == NONE {
                return Ok(OrNone(None));
            }
            let known = Priority::ALL.map(Priority::name).join(", ");
            let wrong = || anyhow!("--priority: expected one of {known}, or {NONE}, got `{name}`");
            Priority::named(name).map(|priority| OrNone(Some(priority))).ok_or_else(wrong)
        };
        self.priority.as_ref().map(named).transpose()
    }

    /// These limits, and for what is not said those.
    pub(super) fn limits_over(&self, before: OwnLimits) -> OwnLimits {
        OwnLimits {
            requests_per_minute: OrNone::over(self.requests_per_minute, before.requests_per_minute),
            input_tokens_per_minute: OrNone::over(
                self.input_tokens_per_minute,
                before.input_tokens_per_minute,
            ),
            output_tokens_per_minute: OrNone::over(
                self.output_tokens_per_minute,
                before.output_tokens_per_minute,
            ),
            tokens_per_minute: OrNone::over(self.tokens_per_minute, before.tokens_per_minute),
            requests_per_day: OrNone::over(self.requests_per_day, before.requests_per_day),
            tokens_per_day: OrNone::over(self.tokens_per_day, before.tokens_per_day),
            concurrency: OrNone::over(self.concurrency, before.concurrency),
            burst_s: OrNone::over(self.burst_s, before.burst_s),
        }
    }
}

/// Limits in words.
pub(super) fn told(limits: &OwnLimits) -> String {
    let stated = [
        (limits.requests_per_minute, "requests per minute"),
        (limits.input_tokens_per_minute, "input tokens per minute"),
        (limits.output_tokens_per_minute, "output tokens per minute"),
        (limits.tokens_per_minute, "tokens per minute"),
        (limits.requests_per_day, "requests per day"),
        (limits.tokens_per_day, "tokens per day"),
        (limits.concurrency.map(u64::from), "requests at once"),
    ];
    let told: Vec<String> =
        stated.into_iter().filter_map(|(limit, what)| Some(format!("{} {what}", limit?))).collect();
    if told.is_empty() { "none of its own".to_owned() } else { told.join(", ") }
}
