//! Every metric and every setting is described where people look for it.

use std::fs;
use std::path::Path;

pub(super) fn problems(root: &Path) -> Vec<String> {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let mut problems = Vec::new();
    let metrics = read("crates/gateway/src/metrics.rs");
    let described = read("docs/metrics.md");
    for name in between(&metrics, "register(\"", '"') {
        if !described.contains(&format!("`paceway_{name}")) {
            problems.push(format!("metric `paceway_{name}` is not in docs/metrics.md"));
        }
    }
    let settings = read("crates/cli/src/config/model.rs");
    let defaults = read("config/default.toml");
    for name in between(&settings, "    pub ", ':') {
        if !defaults.contains(name) {
            problems.push(format!("setting `{name}` is not in config/default.toml"));
        }
    }
    if problems.is_empty() && (metrics.is_empty() || settings.is_empty()) {
        problems.push("the metrics or the settings have moved: tell tidy where".into());
    }
    problems
}

/// What stands between each `start` and the next `end`, where it is a name.
fn between<'a>(text: &'a str, start: &'a str, end: char) -> impl Iterator<Item = &'a str> {
    let pieces = text.split(start).skip(1).filter_map(move |rest| Some(rest.split_once(end)?.0));
    pieces.filter(|name| name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_'))
}
