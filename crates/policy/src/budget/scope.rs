//! Whose spending a budget counts, and which of its accounts a request falls into.

use paceway_domain::{KeyId, Owner, Tags};

use crate::routing::matches;

/// At which level a budget counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Level {
    /// All requests.
    Everyone,
    /// By the organisation of the key.
    Organisation,
    /// By its team.
    Team,
    /// By its project.
    Project,
    /// By the key itself: its id or its name.
    Key,
    /// By the value of this tag, which the client sends.
    Tag(String),
}

/// Whose spending a budget counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// At which level.
    pub level: Level,
    /// Which of that level; `*` stands for any text. A team or project of one organisation alone is `ORGANISATION/TEAM` or
    /// `ORGANISATION/TEAM/PROJECT`.
    pub pattern: String,
    /// Whether each that matches has the whole amount for itself; if not, they share it.
    pub is_each: bool,
}

/// Who asks, as far as budgets look.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// The key.
    pub key: &'a KeyId,
    /// Its name.
    pub name: &'a str,
    /// To whom it belongs.
    pub owner: &'a Owner,
    /// What the client says of the request.
    pub tags: &'a Tags,
}

impl Scope {
    /// Everybody together.
    pub fn everyone() -> Self {
        Self { level: Level::Everyone, pattern: "*".into(), is_each: false }
    }

    /// The account of this budget that a request falls into: a name, which is empty for the one that all share. `None`: the budget
    /// does not count it.
    pub(super) fn account(&self, whose: &Whose<'_>) -> Option<String> {
        let Owner { organisation, team, project } = whose.owner;
        let fits = |text: &str| matches(&self.pattern, text);
        let path = |parts: &[&str]| parts.join("/");
        let (is_ours, name) = match &self.level {
            Level::Everyone => (true, String::new()),
            Level::Organisation => (fits(organisation), organisation.clone()),
            Level::Team => {
                let path = path(&[organisation, team]);
                (fits(team) || fits(&path), path)
            }
            Level::Project => {
                let path = path(&[organisation, team, project]);
                (fits(project) || fits(&path), path)
            }
            Level::Key => (fits(&whose.key.0) || fits(whose.name), whose.key.0.clone()),
            Level::Tag(tag) => {
                let value = whose.tags.get(tag)?;
                (fits(value), value.to_owned())
            }
        };
        is_ours.then(|| if self.is_each { name } else { String::new() })
    }

    /// In words: `each team eng/*`.
    pub fn told(&self) -> String {
        let level = match &self.level {
            Level::Everyone => return "everyone".to_owned(),
            Level::Organisation => "organisation",
            Level::Team => "team",
            Level::Project => "project",
            Level::Key => "key",
            Level::Tag(tag) => return format!("{}tag {tag} = {}", self.each(), self.pattern),
        };
        format!("{}{level} {}", self.each(), self.pattern)
    }

    const fn each(&self) -> &'static str {
        if self.is_each { "each " } else { "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(level: Level, pattern: &str, is_each: bool) -> Option<String> {
        let owner = Owner { organisation: "acme".into(), team: "search".into(), project: "web".into() };
        let mut tags = Tags::default();
        tags.set("feature", "chat");
        let whose = Whose { key: &KeyId("abc123".into()), name: "laptop", owner: &owner, tags: &tags };
        Scope { level, pattern: pattern.into(), is_each }.account(&whose)
    }

    #[test]
    fn those_that_match_share_one_account_or_have_one_each() {
        assert_eq!(account(Level::Team, "search", false).as_deref(), Some(""));
        assert_eq!(account(Level::Team, "*", true).as_deref(), Some("acme/search"));
        assert_eq!(account(Level::Project, "acme/*/web", true).as_deref(), Some("acme/search/web"));
        assert_eq!(account(Level::Tag("feature".into()), "*", true).as_deref(), Some("chat"));
        assert_eq!(account(Level::Everyone, "*", false).as_deref(), Some(""));
    }

    #[test]
    fn a_key_is_meant_by_its_id_or_its_name() {
        assert!(account(Level::Key, "abc123", false).is_some());
        assert!(account(Level::Key, "lap*", false).is_some());
        assert_eq!(account(Level::Key, "desk*", false), None);
    }

    #[test]
    fn others_are_not_counted() {
        assert_eq!(account(Level::Organisation, "umbrella", false), None);
        assert_eq!(account(Level::Team, "umbrella/search", false), None);
        assert_eq!(account(Level::Tag("customer".into()), "*", true), None);
    }
}
