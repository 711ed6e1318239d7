//! Virtual keys: how they look, how they are kept, and whom they let in.
//!
//! A key has 256 bits of chance, so a plain SHA-256 of it cannot be reversed or guessed, and looking it up by that hash
//! tells an attacker nothing through timing. The key itself is never stored.

use std::collections::HashMap;
use std::sync::Arc;

use paceway_domain::{KeyId, Owner, Refusal, Secret};
use sha2::{Digest, Sha256};

/// What every virtual key begins with, so that people and secret scanners recognise one.
pub const KEY_PREFIX: &str = "pw_";

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A new key from 32 random bytes: [`KEY_PREFIX`] and 52 letters and digits (base 32, RFC 4648, lower case).
pub fn mint(random: &[u8; 32]) -> Secret {
    let mut text = String::from(KEY_PREFIX);
    let (mut buffer, mut bits) = (0u32, 0u32);
    for &byte in random {
        buffer = (buffer << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[((buffer >> bits) & 31) as usize]));
        }
        buffer &= (1 << bits) - 1;
    }
    text.push(char::from(ALPHABET[((buffer << (5 - bits)) & 31) as usize]));
    Secret::new(text)
}

/// A key's SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
    /// The hash of a key as a client sends it.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    fn number(&self) -> u64 {
        let mut head = [0; 8];
        head.copy_from_slice(&self.0[..8]);
        u64::from_be_bytes(head)
    }

    /// The id by which the key is shown: the first twelve hex digits.
    pub fn id(&self) -> KeyId {
        let mut head = [0; 8];
        head[2..].copy_from_slice(&self.0[..6]);
        KeyId(format!("{:012x}", u64::from_be_bytes(head)))
    }
}

/// A virtual key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualKey {
    /// Its hash.
    pub hash: KeyHash,
    /// The name its owner gave it.
    pub name: String,
    /// To whom it belongs.
    pub owner: Owner,
    /// Whether it lets nobody in any more.
    pub is_revoked: bool,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key used.
    pub key: KeyId,
    /// The name that its owner gave it.
    pub name: Arc<str>,
    /// The first 64 bits of the key's hash: as good a name as its id, and shorter.
    pub number: u64,
    /// To whom the key belongs.
    pub owner: Arc<Owner>,
}

/// All virtual keys, for look-ups. Never changed in place: a new one replaces it.
#[derive(Debug, Default)]
pub struct Keyring {
    keys: HashMap<KeyHash, (Caller, bool)>,
}

impl Keyring {
    /// A ring of these keys.
    pub fn new(keys: impl IntoIterator<Item = VirtualKey>) -> Self {
        let entry = |key: VirtualKey| {
            let caller = Caller {
                key: key.hash.id(),
                name: key.name.into(),
                number: key.hash.number(),
                owner: Arc::new(key.owner),
            };
            (key.hash, (caller, key.is_revoked))
        };
        Self { keys: keys.into_iter().map(entry).collect() }
    }

    /// Who sends this key.
    ///
    /// # Errors
    /// [`Refusal::MissingKey`], [`Refusal::UnknownKey`] or [`Refusal::RevokedKey`].
    pub fn find(&self, key: Option<&str>) -> Result<Caller, Refusal> {
        let key = key.filter(|key| !key.is_empty()).ok_or(Refusal::MissingKey)?;
        match self.keys.get(&KeyHash::of(key)) {
            None => Err(Refusal::UnknownKey),
            Some((_, true)) => Err(Refusal::RevokedKey),
            Some((caller, false)) => Ok(caller.clone()),
        }
    }

    /// The caller whose key has this name and is in use; of several, any one.
    pub fn named(&self, name: &str) -> Option<Caller> {
        let in_use = self.keys.values().filter(|(_, is_revoked)| !is_revoked);
        in_use.map(|(caller, _)| caller).find(|caller| &*caller.name == name).cloned()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ring(key: &str, is_revoked: bool) -> Keyring {
        Keyring::new([VirtualKey {
            hash: KeyHash::of(key),
            name: "test".into(),
            owner: Owner::default(),
            is_revoked,
        }])
    }

    #[test]
    fn a_minted_key_holds_all_of_its_chance() {
        assert_eq!(mint(&[0; 32]).reveal(), format!("pw_{}", "a".repeat(52)));
        assert_eq!(mint(&[0xff; 32]).reveal(), format!("pw_{}q", "7".repeat(51)));
        let mut low = [0; 32];
        low[31] = 1;
        assert_ne!(mint(&low), mint(&[0; 32]));
    }

    #[test]
    fn a_known_key_lets_its_owner_in_and_every_other_is_told_why_not() {
        let key = mint(&[7; 32]);
        let ring_of_one = ring(key.reveal(), false);
        assert_eq!(ring_of_one.find(Some(key.reveal())).unwrap().key, KeyHash::of(key.reveal()).id());
        assert_eq!(ring_of_one.find(None), Err(Refusal::MissingKey));
        assert_eq!(ring_of_one.find(Some("")), Err(Refusal::MissingKey));
        assert_eq!(ring_of_one.find(Some("sk-ant-other")), Err(Refusal::UnknownKey));
        assert_eq!(ring(key.reveal(), true).find(Some(key.reveal())), Err(Refusal::RevokedKey));
    }

    #[test]
    fn a_key_that_shares_all_but_its_last_character_is_unknown() {
        let key = mint(&[7; 32]);
        let almost = format!("{}2", &key.reveal()[..54]);
        assert_ne!(almost, key.reveal());
        assert_eq!(ring(key.reveal(), false).find(Some(&almost)), Err(Refusal::UnknownKey));
    }
}
