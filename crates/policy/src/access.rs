//! Who may ask, and who may administer: secrets and their hashes, virtual keys, the tree that they belong to, roles.
//!
//! A key has 256 bits of chance, so a plain SHA-256 of it cannot be reversed or guessed, and looking it up by that hash
//! tells an attacker nothing through timing. The key itself is never stored.

mod admin;
mod grant;
mod key;
mod keyring;
mod place;
mod role;

use paceway_domain::{KeyId, Secret};
use sha2::{Digest, Sha256};

pub use admin::{Admin, AdminRing};
pub use grant::{Grant, OwnLimits};
pub use key::{KeyState, Overlapping, Previous, VirtualKey};
pub use keyring::{Caller, Keyring};
pub use place::{Kind, Place, Unit};
pub use role::{Action, Role, may};

/// What every virtual key begins with, so that people and secret scanners recognise one.
pub const KEY_PREFIX: &str = "pw_";
/// What every admin token begins with.
pub const ADMIN_PREFIX: &str = "pwadmin_";

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A new key from 32 random bytes: [`KEY_PREFIX`] and 52 letters and digits (base 32, RFC 4648, lower case).
pub fn mint(random: &[u8; 32]) -> Secret {
    minted(KEY_PREFIX, random)
}

/// A new admin token, likewise.
pub fn mint_admin(random: &[u8; 32]) -> Secret {
    minted(ADMIN_PREFIX, random)
}

fn minted(prefix: &str, random: &[u8; 32]) -> Secret {
    let mut text = String::from(prefix);
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

    /// The id of the key that is new with this hash: the first twelve hex digits. A key that is rotated keeps its id.
    pub fn id(&self) -> KeyId {
        let mut head = [0; 8];
        head[2..].copy_from_slice(&self.0[..6]);
        KeyId(format!("{:012x}", u64::from_be_bytes(head)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_key_holds_all_of_its_chance() {
        assert_eq!(mint(&[0; 32]).reveal(), format!("pw_{}", "a".repeat(52)));
        assert_eq!(mint(&[0xff; 32]).reveal(), format!("pw_{}q", "7".repeat(51)));
        let mut low = [0; 32];
        low[31] = 1;
        assert_ne!(mint(&low), mint(&[0; 32]));
    }

    #[test]
    fn an_admin_token_is_told_from_a_key_at_a_glance() {
        assert_eq!(mint_admin(&[0; 32]).reveal(), format!("pwadmin_{}", "a".repeat(52)));
    }
}
