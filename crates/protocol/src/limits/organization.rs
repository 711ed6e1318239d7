//! Anthropic's Rate Limits API: what an organisation is granted, as data.
//!
//! Source: platform.claude.com/docs/en/manage-claude/rate-limits-api, read 2026-11: `GET /v1/organizations/rate_limits` answers
//! with a page of entries, each with `models` and `limits` of `type` and `value`. Types that are not known here are left out.

use paceway_domain::{Counted, Dimension};
use serde::Deserialize;

/// What models that share a limit are granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The models, aliases included.
    pub models: Vec<String>,
    /// Their limits.
    pub limits: Vec<(Dimension, u64)>,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    models: Option<Vec<String>>,
    #[serde(default)]
    limits: Vec<Limit>,
}

#[derive(Deserialize)]
struct Limit {
    #[serde(rename = "type")]
    kind: String,
    value: u64,
}

/// The grants of one page; entries without models (batches, files) are left out.
///
/// # Errors
/// What is wrong with the body, as a sentence.
pub fn granted(body: &[u8]) -> Result<Vec<Granted>, String> {
    let page: Page = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let grant = |entry: Entry| {
        let limits = entry.limits.iter().filter_map(|limit| Some((dimension(&limit.kind)?, limit.value)));
        let granted =
            Granted { models: entry.models?, limits: limits.filter(|(_, value)| *value > 0).collect() };
        (!granted.limits.is_empty()).then_some(granted)
    };
    Ok(page.data.into_iter().filter_map(grant).collect())
}

fn dimension(kind: &str) -> Option<Dimension> {
    let counted = match kind {
        "requests_per_minute" => Counted::Requests,
        "input_tokens_per_minute" | "input_tokens_per_minute_cache_aware" => Counted::Input,
        "output_tokens_per_minute" => Counted::Output,
        _ => return None,
    };
    Some(Dimension::per_minute(counted))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_grants_is_read_and_what_is_not_known_is_left_out() {
        let body = br#"{"data":[
            {"type":"rate_limit","group_type":"model_group","models":["claude-opus-5-5","claude-opus-5-5-latest"],"limits":[
              {"type":"requests_per_minute","value":4000},{"type":"input_tokens_per_minute_cache_aware","value":2000000},
              {"type":"output_tokens_per_minute","value":400000},{"type":"unheard_of","value":1}]},
            {"type":"rate_limit","group_type":"batch","models":null,"limits":[{"type":"enqueued_batch_requests","value":5}]}
          ],"next_page":null}"#;
        let [granted] = granted(body).unwrap().try_into().unwrap();
        assert_eq!(granted.models.len(), 2);
        assert_eq!(granted.limits.len(), 3);
        assert_eq!(granted.limits[1], (Dimension::per_minute(Counted::Input), 2_000_000));
    }

    #[test]
    fn another_body_is_told_and_not_a_panic() {
        assert!(granted(b"<html>").is_err());
        assert_eq!(granted(br#"{"data":[]}"#), Ok(Vec::new()));
    }
}
