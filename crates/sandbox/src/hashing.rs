//! Hashes for seeds, cache keys, ids and signatures; not for security.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A hash that is the same in every run.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// The signature of a thought: two hashes, the first of itself and so good for a thought that is not shown.
pub(crate) fn sign(thought: &str) -> String {
    let nonce = hash(thought.as_bytes());
    let whole = [nonce, hash(&nonce.to_be_bytes()), hash(format!("signed {thought}").as_bytes())];
    STANDARD.encode(whole.map(u64::to_be_bytes).concat())
}

/// Whether this is what [`sign`] gave for the thought, or for one whose text was left out.
pub(crate) fn is_signed(thought: &str, signature: &str) -> bool {
    if !thought.is_empty() {
        return signature == sign(thought);
    }
    let bytes = STANDARD.decode(signature).unwrap_or_default();
    bytes.len() == 24 && bytes[8..16] == hash(&bytes[..8]).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_thought_shown_or_not_and_for_no_other() {
        let signature = sign("a thought");
        assert!(is_signed("a thought", &signature));
        assert!(is_signed("", &signature));
        assert!(!is_signed("another", &signature));
        assert!(!is_signed("", &signature.replace(&signature[..4], "AAAA")));
    }
}
