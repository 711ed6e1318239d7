//! Whom keys let in: all of them, for look-ups.

use std::collections::HashMap;
use std::sync::Arc;

use paceway_domain::{KeyId, Owner, Refusal, UnixMillis};

use super::{Grant, KeyHash, VirtualKey};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key used.
    pub key: KeyId,
    /// The name that its owner gave it.
    pub name: Arc<str>,
    /// The key's id as the first 48 bits of a number: as good a name, and shorter.
    pub number: u64,
    /// To whom the key belongs.
    pub owner: Arc<Owner>,
    /// What the key may do.
    pub grant: Arc<Grant>,
}

/// All virtual keys, for look-ups. Never changed in place: a new one replaces it.
#[derive(Debug, Default)]
pub struct Keyring {
    secrets: HashMap<KeyHash, Entry>,
}

#[derive(Debug)]
struct Entry {
    caller: Caller,
    expires_at: Option<UnixMillis>,
    /// For a secret that another one has replaced: until when it lets in.
    until: Option<UnixMillis>,
    is_revoked: bool,
}

impl Keyring {
    /// A ring of these keys.
    pub fn new(keys: impl IntoIterator<Item = VirtualKey>) -> Self {
        let mut secrets = HashMap::new();
        for key in keys {
            let caller = Caller {
                number: number(&key.id),
                key: key.id,
                name: key.name.into(),
                owner: Arc::new(key.owner),
                grant: Arc::new(key.grant),
            };
            let entry = |until| Entry {
                caller: caller.clone(),
                expires_at: key.expires_at,
                until,
                is_revoked: key.revoked_at.is_some(),
            };
            if let Some(previous) = key.previous {
                secrets.insert(previous.hash, entry(Some(previous.until)));
            }
            secrets.insert(key.hash, entry(None));
        }
        Self { secrets }
    }

    /// The names of all keys, revoked ones too.
    pub fn names(&self) -> impl Iterator<Item = (&KeyId, &Arc<str>)> {
        self.secrets.values().map(|entry| (&entry.caller.key, &entry.caller.name))
    }

    /// Who sends this key at `now`.
    ///
    /// # Errors
    /// [`Refusal::MissingKey`], [`Refusal::UnknownKey`], [`Refusal::RevokedKey`], [`Refusal::ExpiredKey`] or
    /// [`Refusal::RotatedKey`].
    pub fn find(&self, key: Option<&str>, now: UnixMillis) -> Result<Caller, Refusal> {
        let key = key.filter(|key| !key.is_empty()).ok_or(Refusal::MissingKey)?;
        let entry = self.secrets.get(&KeyHash::of(key)).ok_or(Refusal::UnknownKey)?;
        let is_over = |end: Option<UnixMillis>| end.is_some_and(|end| end <= now);
        if entry.is_revoked {
            Err(Refusal::RevokedKey)
        } else if is_over(entry.until) {
            Err(Refusal::RotatedKey)
        } else if is_over(entry.expires_at) {
            Err(Refusal::ExpiredKey)
        } else {
            Ok(entry.caller.clone())
        }
    }

    /// The caller whose key has this name and is in use at `now`; of several, any one.
    pub fn named(&self, name: &str, now: UnixMillis) -> Option<Caller> {
        let is_to_come = |end: Option<UnixMillis>| end.is_none_or(|end| end > now);
        let in_use = |entry: &&Entry| !entry.is_revoked && is_to_come(entry.expires_at);
        let mut entries = self.secrets.values().filter(in_use);
        entries.find(|entry| &*entry.caller.name == name).map(|entry| entry.caller.clone())
    }
}

/// Ids are twelve hex digits. What is none has no number, which only makes it share the turns of others like it.
fn number(id: &KeyId) -> u64 {
    u64::from_str_radix(&id.0, 16).unwrap_or_default() << 16
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::super::mint;
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000);

    fn key(text: &str) -> VirtualKey {
        VirtualKey::new(KeyHash::of(text), "test", Owner::default(), UnixMillis(0))
    }

    #[test]
    fn a_known_key_lets_its_owner_in_and_every_other_is_told_why_not() {
        let secret = mint(&[7; 32]);
        let ring = Keyring::new([key(secret.reveal())]);
        let caller = ring.find(Some(secret.reveal()), NOW).unwrap();
        assert_eq!(caller.key, KeyHash::of(secret.reveal()).id());
        assert_eq!(format!("{:016x}", caller.number), format!("{}0000", caller.key));
        assert_eq!(ring.find(None, NOW), Err(Refusal::MissingKey));
        assert_eq!(ring.find(Some(""), NOW), Err(Refusal::MissingKey));
        assert_eq!(ring.find(Some("sk-ant-other"), NOW), Err(Refusal::UnknownKey));
        let revoked = Keyring::new([VirtualKey { revoked_at: Some(NOW), ..key(secret.reveal()) }]);
        assert_eq!(revoked.find(Some(secret.reveal()), NOW), Err(Refusal::RevokedKey));
    }

    #[test]
    fn a_key_that_shares_all_but_its_last_character_is_unknown() {
        let secret = mint(&[7; 32]);
        let almost = format!("{}2", &secret.reveal()[..54]);
        assert_ne!(almost, secret.reveal());
        assert_eq!(Keyring::new([key(secret.reveal())]).find(Some(&almost), NOW), Err(Refusal::UnknownKey));
    }

    #[test]
    fn a_key_lets_its_owner_in_until_the_moment_it_expires() {
        let ring = Keyring::new([VirtualKey { expires_at: Some(NOW), ..key("pw_1") }]);
        assert!(ring.find(Some("pw_1"), UnixMillis(999)).is_ok());
        assert_eq!(ring.find(Some("pw_1"), NOW), Err(Refusal::ExpiredKey));
    }

    #[test]
    fn a_key_is_found_by_its_name_while_it_is_in_use() {
        let ring = Keyring::new([VirtualKey { expires_at: Some(NOW), ..key("pw_1") }]);
        assert!(ring.named("test", UnixMillis(999)).is_some());
        assert_eq!(ring.named("test", NOW), None);
        assert_eq!(ring.named("other", UnixMillis(0)), None);
    }

    #[test]
    fn both_secrets_of_a_rotated_key_let_the_same_caller_in_until_the_overlap_ends() {
        let rotated = key("pw_1").rotated(KeyHash::of("pw_2"), NOW, Duration::from_secs(1)).unwrap();
        let ring = Keyring::new([rotated]);
        let last = UnixMillis(1_999);
        assert_eq!(ring.find(Some("pw_1"), last), ring.find(Some("pw_2"), last));
        assert!(ring.find(Some("pw_2"), UnixMillis(2_000)).is_ok());
        assert_eq!(ring.find(Some("pw_1"), UnixMillis(2_000)), Err(Refusal::RotatedKey));
    }

    #[test]
    fn a_revocation_ends_both_secrets_of_a_key_that_is_rotating() {
        let rotated = key("pw_1").rotated(KeyHash::of("pw_2"), NOW, Duration::from_secs(1)).unwrap();
        let ring = Keyring::new([VirtualKey { revoked_at: Some(NOW), ..rotated }]);
        assert_eq!(ring.find(Some("pw_1"), NOW), Err(Refusal::RevokedKey));
        assert_eq!(ring.find(Some("pw_2"), NOW), Err(Refusal::RevokedKey));
    }
}
