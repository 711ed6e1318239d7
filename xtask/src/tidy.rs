//! The rules of the house that no compiler checks. Each rule is a file here.

mod arrows;
mod circles;
mod documented;
mod lessons;
mod shape;

use std::fs;
use std::path::{Path, PathBuf};

/// Everything that is not as the documents say.
pub(crate) fn problems(root: &Path) -> Vec<String> {
    let sources = sources(root);
    let mut problems = arrows::problems(root);
    problems.extend(circles::problems(root));
    problems.extend(documented::problems(root));
    problems.extend(lessons::problems(root, &sources));
    problems.extend(sources.iter().flat_map(shape::problems));
    problems
}

/// A Rust file.
struct Source {
    /// Its path from the root.
    path: PathBuf,
    text: String,
}

impl Source {
    /// The lines before its test module.
    fn lines_without_tests(&self) -> impl Iterator<Item = &str> {
        let is_test_file = self.path.components().any(|part| part.as_os_str() == "tests");
        self.text.lines().take_while(move |line| is_test_file || *line != "#[cfg(test)]")
    }
}

/// Every Rust file of the workspace, in order.
fn sources(root: &Path) -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in ["crates", "bench", "fuzz", "xtask"] {
        collect(&root.join(folder), &mut paths);
    }
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).ok()?;
        Some(Source { path: path.strip_prefix(root).map(Path::to_owned).unwrap_or(path), text })
    };
    paths.into_iter().filter_map(read).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// The folders under `crates`, by name.
fn crates(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root.join("crates")).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}
