//! Budgets that can be read and make no sense: names, amounts, whose they are, and what happens on their rungs.

use std::collections::BTreeSet;

use super::super::model::{ActionConfig, BudgetConfig, RungConfig};
use super::Check;

/// Budgets at once. Each that counts a request is looked at for it.
const MOST_BUDGETS: usize = 64;
/// Rungs of one budget.
const MOST_RUNGS: usize = 16;

impl Check {
    pub(super) fn budgets(&mut self, budgets: &[BudgetConfig]) {
        if budgets.len() > MOST_BUDGETS {
            self.say("budgets", format_args!("expected at most {MOST_BUDGETS}, got {}", budgets.len()));
        }
        let mut names = BTreeSet::new();
        for (index, budget) in budgets.iter().enumerate() {
            let key = format!("budgets[{index}]");
            if !names.insert(&budget.name) {
                self.say(&format!("{key}.name"), format_args!("`{}` is there already", budget.name));
            }
            self.budget(&key, budget);
        }
    }

    fn budget(&mut self, key: &str, budget: &BudgetConfig) {
        let is_name = (1..=64).contains(&budget.name.len())
            && budget.name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
        if !is_name {
            self.say(
                &format!("{key}.name"),
                format_args!("expected 1 to 64 visible ASCII characters without `;`, got `{}`", budget.name),
            );
        }
        self.range(&format!("{key}.amount_usd"), budget.amount_usd, 0.000_001..=1e9);
        if let Some(minutes) = budget.utc_offset_minutes {
            self.range(&format!("{key}.utc_offset_minutes"), minutes, -1_439..=1_439);
        }
        let levels = [
            ("organisation", &budget.organisation),
            ("team", &budget.team),
            ("project", &budget.project),
            ("key", &budget.key),
            ("tag", &budget.tag),
        ];
        let said: Vec<_> = levels.iter().filter(|(_, pattern)| pattern.is_some()).collect();
        if said.len() > 1 {
            let names: Vec<_> = said.iter().map(|(name, _)| format!("`{name}`")).collect();
            self.say(key, format_args!("expected one of {}: make a budget for each", names.join(", ")));
        }
        if let Some((name, _)) = said.iter().find(|(_, pattern)| pattern.as_deref() == Some("")) {
            self.say(&format!("{key}.{name}"), "expected a name or a pattern; \"*\" stands for all");
        }
        if let Some(tag) =
            budget.tag.as_deref().filter(|tag| tag.bytes().any(|byte| byte.is_ascii_uppercase()))
        {
            let small = tag.to_ascii_lowercase();
            self.say(
                &format!("{key}.tag"),
                format_args!("names of headers have no capital letters: write `{small}`, got `{tag}`"),
            );
        }
        if budget.value.is_some() && budget.tag.is_none() {
            self.say(&format!("{key}.value"), "is the value of a tag: say which with `tag`");
        }
        if budget.each && said.is_empty() {
            self.say(
                &format!("{key}.each"),
                "each of what? Say `organisation`, `team`, `project`, `key` or `tag`",
            );
        }
        self.ladder(key, budget.ladder.as_deref().unwrap_or_default());
    }

    fn ladder(&mut self, key: &str, ladder: &[RungConfig]) {
        if ladder.len() > MOST_RUNGS {
            self.say(
                &format!("{key}.ladder"),
                format_args!("expected at most {MOST_RUNGS} rungs, got {}", ladder.len()),
            );
        }
        let is_line = |rung: &&RungConfig| matches!(rung.action, ActionConfig::Refuse | ActionConfig::Pause);
        if ladder.iter().filter(is_line).count() > 1 {
            self.say(&format!("{key}.ladder"), "expected one of `refuse` and `pause`, once");
        }
        for (index, rung) in ladder.iter().enumerate() {
            let key = format!("{key}.ladder[{index}]");
            self.range(&format!("{key}.at_percent"), rung.at_percent, 1..=1_000);
            match (rung.action, rung.tokens) {
                (ActionConfig::CapOutput, None) => {
                    self.say(&format!("{key}.tokens"), "`cap_output` needs it: the most tokens of an answer");
                }
                (ActionConfig::CapOutput, Some(tokens)) => {
                    self.range(&format!("{key}.tokens"), tokens, 1..=10_000_000);
                }
                (_, Some(_)) => {
                    self.say(&format!("{key}.tokens"), "only `cap_output` has it");
                }
                _ => {}
            }
            if rung.to.is_some() && rung.action != ActionConfig::Cheaper {
                self.say(&format!("{key}.to"), "only `cheaper` has it");
            }
            if rung.to.as_deref() == Some("") {
                self.say(&format!("{key}.to"), "expected the name of an alias or a model, such as \"cheap\"");
            }
        }
    }
}
