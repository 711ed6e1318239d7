//! Whose requests belong together: those of one key at one model. Bounded.

use std::collections::HashMap;

use paceway_domain::{KeyId, MicroUsd};

use super::observed::Observed;

/// Groups that are told apart. Rows of further ones are counted and not looked at.
pub const MOST_GROUPS: usize = 4_096;

/// A group's place.
pub(super) type GroupId = usize;

/// Whom a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// The team.
    pub team: String,
    /// The virtual key.
    pub key: KeyId,
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
}

/// What all requests of a group came to.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) subject: Subject,
    pub(super) requests: u64,
    pub(super) spent: MicroUsd,
}

#[derive(Debug, Default)]
pub(super) struct Groups {
    ids: HashMap<Subject, GroupId>,
    all: Vec<Group>,
    left_out: u64,
}

impl Groups {
    /// The group of a row, which is counted in it; `None` if there is no room for another.
    pub(super) fn note(&mut self, row: &Observed) -> Option<GroupId> {
        let subject = Subject {
            team: row.team.clone(),
            key: row.key.clone(),
            provider: row.provider.clone(),
            model: row.model.clone(),
        };
        let id = match self.ids.get(&subject) {
            Some(id) => *id,
            None if self.all.len() >= MOST_GROUPS => {
                self.left_out += 1;
                return None;
            }
            None => {
                let id = self.all.len();
                self.all.push(Group { subject: subject.clone(), requests: 0, spent: MicroUsd::ZERO });
                self.ids.insert(subject, id);
                id
            }
        };
        let group = &mut self.all[id];
        group.requests += u64::from(row.part == 0);
        group.spent += row.cost.unwrap_or_default();
        Some(id)
    }

    pub(super) fn get(&self, id: GroupId) -> &Group {
        &self.all[id]
    }

    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }
}
