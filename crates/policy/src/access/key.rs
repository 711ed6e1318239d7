//! A virtual key as it is kept: whose it is, what it may do, until when it lets in whom.
//!
//! It has an id that stays and a secret that can be replaced: what is counted, kept and limited by key goes on when a secret is
//! rotated.

use std::time::Duration;

use paceway_domain::{KeyId, Owner, UnixMillis};

use super::{Grant, KeyHash};

/// A virtual key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualKey {
    /// Its id.
    pub id: KeyId,
    /// The hash of its secret.
    pub hash: KeyHash,
    /// The secret before it, since it was rotated.
    pub previous: Option<Previous>,
    /// The name its owner gave it.
    pub name: String,
    /// To whom it belongs.
    pub owner: Owner,
    /// When it was made.
    pub created_at: UnixMillis,
    /// From when on it lets nobody in; `None`: never.
    pub expires_at: Option<UnixMillis>,
    /// Since when it lets nobody in any more, for good.
    pub revoked_at: Option<UnixMillis>,
    /// What it may do.
    pub grant: Grant,
    /// How often it was changed: a change names the revision that it is of, so that none is lost.
    pub revision: u64,
}

/// The secret that a key had before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Previous {
    /// Its hash.
    pub hash: KeyHash,
    /// Until when it lets its owner in too.
    pub until: UnixMillis,
}

/// How a key stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It lets its owner in.
    Active,
    /// So do its secret and the one before.
    Rotating,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
}

impl KeyState {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Rotating => "rotating",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// A key is being rotated already, so that another overlap would end the first too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlapping {
    /// When that is over.
    pub until: UnixMillis,
}

impl VirtualKey {
    /// A key that is new with this secret, lets its owner in for ever and may do everything.
    pub fn new(hash: KeyHash, name: &str, owner: Owner, created_at: UnixMillis) -> Self {
        Self {
            id: hash.id(),
            hash,
            previous: None,
            name: name.to_owned(),
            owner,
            created_at,
            expires_at: None,
            revoked_at: None,
            grant: Grant::default(),
            revision: 0,
        }
    }

    /// How it stands at `now`.
    pub fn state(&self, now: UnixMillis) -> KeyState {
        if self.revoked_at.is_some() {
            KeyState::Revoked
        } else if self.expires_at.is_some_and(|end| end <= now) {
            KeyState::Expired
        } else if self.previous.is_some_and(|previous| previous.until > now) {
            KeyState::Rotating
        } else {
            KeyState::Active
        }
    }

    /// The key with another secret. The one that it has now lets its owner in for `overlap` more.
    ///
    /// # Errors
    /// [`Overlapping`] if an overlap is asked for while another one lasts: a key has two secrets at most. Without one, both
    /// secrets end at once.
    pub fn rotated(&self, hash: KeyHash, now: UnixMillis, overlap: Duration) -> Result<Self, Overlapping> {
        if let Some(previous) = self.previous
            && previous.until > now
            && !overlap.is_zero()
        {
            return Err(Overlapping { until: previous.until });
        }
        let overlap_ms = u64::try_from(overlap.as_millis()).unwrap_or(u64::MAX);
        let until = UnixMillis(now.0.saturating_add(overlap_ms));
        Ok(Self { hash, previous: Some(Previous { hash: self.hash, until }), ..self.clone() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn key() -> VirtualKey {
        VirtualKey::new(KeyHash::of("pw_1"), "one", Owner::default(), UnixMillis(0))
    }

    #[test]
    fn a_key_stands_as_its_dates_say_and_a_revocation_is_for_good() {
        let key = VirtualKey { expires_at: Some(UnixMillis(10)), ..key() };
        assert_eq!(key.state(UnixMillis(9)), KeyState::Active);
        assert_eq!(key.state(UnixMillis(10)), KeyState::Expired);
        let revoked = VirtualKey { revoked_at: Some(UnixMillis(5)), ..key };
        assert_eq!(revoked.state(UnixMillis(9)), KeyState::Revoked);
    }

    #[test]
    fn a_rotated_key_stays_what_it_is_and_has_another_secret() {
        let key = key();
        let rotated = key.rotated(KeyHash::of("pw_2"), UnixMillis(1_000), DAY).unwrap();
        assert_eq!((&rotated.id, rotated.hash), (&key.id, KeyHash::of("pw_2")));
        let until = UnixMillis(86_401_000);
        assert_eq!(rotated.previous, Some(Previous { hash: key.hash, until }));
        assert_eq!(rotated.state(UnixMillis(86_400_999)), KeyState::Rotating);
        assert_eq!(rotated.state(until), KeyState::Active);
    }

    #[test]
    fn a_second_overlap_waits_for_the_first_but_both_secrets_can_be_ended_at_once() {
        let rotated = key().rotated(KeyHash::of("pw_2"), UnixMillis(0), DAY).unwrap();
        let again = rotated.rotated(KeyHash::of("pw_3"), UnixMillis(1), DAY);
        assert_eq!(again, Err(Overlapping { until: UnixMillis(86_400_000) }));
        let ended = rotated.rotated(KeyHash::of("pw_3"), UnixMillis(1), Duration::ZERO).unwrap();
        assert_eq!(ended.previous, Some(Previous { hash: KeyHash::of("pw_2"), until: UnixMillis(1) }));
        assert!(rotated.rotated(KeyHash::of("pw_3"), UnixMillis(86_400_000), DAY).is_ok());
    }
}
