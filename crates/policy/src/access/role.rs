//! The table of roles: who may do what, within a place.

/// What an admin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees everything there.
    Viewer,
    /// Manages keys, too.
    Member,
    /// Manages everything but admins.
    Admin,
    /// Manages admins, too.
    Owner,
}

impl Role {
    /// All of them, from the least to the most.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Member, Self::Admin, Self::Owner];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// What an admin may want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// See what is there: units, keys without secrets, admins, the audit log, usage.
    Read,
    /// See what concerns everyone: limits, decisions, the configuration in force.
    Observe,
    /// Make, change, rotate and revoke keys.
    ManageKeys,
    /// Make, rename and delete organisations, teams and projects.
    ManageUnits,
    /// Load the configuration again.
    Operate,
    /// Make and revoke admins.
    ManageAdmins,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Read, Self::Observe, Self::ManageKeys, Self::ManageUnits, Self::Operate, Self::ManageAdmins];

    /// What it is, in the infinitive.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Observe => "observe",
            Self::ManageKeys => "manage keys",
            Self::ManageUnits => "manage organisations, teams and projects",
            Self::Operate => "reload the configuration",
            Self::ManageAdmins => "manage admins",
        }
    }

    /// Whether it concerns everyone, so that who has a part only may not do it.
    pub const fn needs_the_whole(self) -> bool {
        matches!(self, Self::Observe | Self::Operate)
    }
}

/// Whether a role may do this within its place.
pub const fn may(role: Role, action: Action) -> bool {
    match action {
        Action::Read | Action::Observe => true,
        Action::ManageKeys => matches!(role, Role::Member | Role::Admin | Role::Owner),
        Action::ManageUnits | Action::Operate => matches!(role, Role::Admin | Role::Owner),
        Action::ManageAdmins => matches!(role, Role::Owner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_the_one_below_it_may_and_more() {
        let allowed = Role::ALL.map(|role| Action::ALL.map(|action| may(role, action)));
        let expected = [
            [true, true, false, false, false, false],
            [true, true, true, false, false, false],
            [true, true, true, true, true, false],
            [true, true, true, true, true, true],
        ];
        assert_eq!(allowed, expected);
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        assert!(Role::ALL.into_iter().all(|role| Role::named(role.name()) == Some(role)));
        assert_eq!(Role::named("root"), None);
    }
}
