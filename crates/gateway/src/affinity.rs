//! Which of several keys a request prefers: the one to which others with the same cacheable beginning have gone.
//!
//! Providers keep prompt caches by organisation, so a prefix that was written with one key cannot be read with another's. It
//! is a preference only: what does not fit there goes elsewhere. Nothing is remembered; the prefix itself chooses.

use std::hash::{DefaultHasher, Hash, Hasher};

use paceway_protocol::Envelope;

/// Shorter beginnings than these many bytes are cached nowhere (the least is 512 tokens; see the catalogue of providers).
const LEAST_BYTES: usize = 1_500;

/// The place among so many targets that a request prefers; 0 where it has nothing that is worth caching.
pub(crate) fn preferred(envelope: &Envelope<'_>, targets: usize) -> u8 {
    let chosen = envelope.raw("prompt_cache_key").map(|key| key.get().as_bytes());
    let prefix =
        ["tools", "system"].into_iter().filter_map(|name| Some(envelope.raw(name)?.get().as_bytes()));
    let pieces: Vec<&[u8]> = chosen.map_or_else(|| prefix.collect(), |key| vec![key]);
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    if chosen.is_none() && length < LEAST_BYTES {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    pieces.hash(&mut hasher);
    u8::try_from(hasher.finish() % targets as u64).unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(system: &str, question: &str) -> u8 {
        let body = serde_json::json!({"model": "m", "system": system, "messages": [{"role": "user", "content": question}]});
        let body = body.to_string();
        preferred(&Envelope::parse(body.as_bytes()).unwrap(), 60)
    }

    #[test]
    fn the_same_beginning_prefers_the_same_key_and_others_spread() {
        let long = "You are a careful assistant. ".repeat(100);
        assert_eq!(of(&long, "one"), of(&long, "two"));
        let spread: std::collections::HashSet<u8> =
            (0..40).map(|number| of(&format!("{number}{long}"), "one")).collect();
        assert!(spread.len() > 10, "{spread:?}");
    }

    #[test]
    fn what_is_too_short_to_be_cached_prefers_nothing() {
        assert_eq!((of("Be brief.", "one"), of("Be kind.", "one")), (0, 0));
    }
}
