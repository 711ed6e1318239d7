//! Every test that `docs/lessons.md` names exists, and every lesson there names one.

use std::fs;
use std::path::Path;

use super::Source;

pub(super) fn problems(root: &Path, sources: &[Source]) -> Vec<String> {
    let text = fs::read_to_string(root.join("docs/lessons.md")).unwrap_or_default();
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let &[_, lesson, tests, _] = cells.as_slice() else { return None };
        let is_head = tests == "tests" || tests.starts_with("---");
        (!is_head).then(|| {
            (lesson.to_owned(), tests.split(", ").map(|test| test.trim_matches('`')).collect::<Vec<_>>())
        })
    });
    let mut problems = Vec::new();
    let mut count = 0;
    for (lesson, tests) in rows {
        count += 1;
        let exists = |test: &&str| {
            let definition = format!("fn {test}(");
            !test.is_empty() && sources.iter().any(|source| source.text.contains(&definition))
        };
        problems.extend(
            tests
                .iter()
                .filter(|test| !exists(test))
                .map(|test| format!("docs/lessons.md: no test `{test}` for: {lesson}")),
        );
    }
    if count == 0 {
        problems.push("docs/lessons.md holds no lessons: tell tidy where they are".into());
    }
    problems
}
