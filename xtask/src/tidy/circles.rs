//! No circle of files inside a crate.
//!
//! An edge is a path that begins with `crate::` or `super::`. A parent's use of its own children is wiring and not an
//! edge: `foo.rs` may list and call what is in `foo/`, as `lib.rs` may list and re-export what is beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Source;

/// A module's path within its crate, outermost first; empty for `lib.rs` and `main.rs`.
type Module = Vec<String>;

pub(super) fn problems(root: &Path) -> Vec<String> {
    let sources = super::sources(root);
    let folders = super::crates(root)
        .into_iter()
        .map(|name| format!("crates/{name}"))
        .chain(["bench".into(), "fuzz".into()]);
    folders.flat_map(|folder| circles(&folder, &sources)).collect()
}

fn circles(folder: &str, sources: &[Source]) -> Vec<String> {
    let base = Path::new(folder).join("src");
    let files: BTreeMap<Module, &Source> = sources
        .iter()
        .filter_map(|source| Some((module(source.path.strip_prefix(&base).ok()?), source)))
        .collect();
    let exports = files.get(&Vec::new()).map(|lib| re_exports(lib)).unwrap_or_default();
    let edges: BTreeMap<&Module, BTreeSet<Module>> =
        files.iter().map(|(module, source)| (module, edges(module, source, &files, &exports))).collect();
    let reaches_itself = |start: &&Module| {
        let mut seen = BTreeSet::new();
        let mut ahead: Vec<&Module> = edges[*start].iter().collect();
        while let Some(next) = ahead.pop() {
            if next == *start {
                return true;
            }
            if seen.insert(next) {
                ahead.extend(edges.get(next).into_iter().flatten());
            }
        }
        false
    };
    let circular: Vec<_> =
        edges.keys().copied().filter(reaches_itself).map(|module| module.join("::")).collect();
    if circular.is_empty() {
        Vec::new()
    } else {
        vec![format!("{folder}: files in a circle: {}", circular.join(", "))]
    }
}

fn module(path: &Path) -> Module {
    let text = path.with_extension("");
    let parts: Module =
        text.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if parts == ["lib"] || parts == ["main"] { Vec::new() } else { parts }
}

/// Names that the crate's root re-exports, with the module that they come from.
fn re_exports(lib: &Source) -> BTreeMap<String, Module> {
    let text = statements(lib, "pub use ");
    let paths = text.iter().flat_map(|statement| expand(statement.trim_start_matches("crate::")));
    paths
        .filter_map(|mut path| {
            let name = path.pop()?;
            Some((name, path))
        })
        .collect()
}

fn edges(
    from: &Module,
    source: &Source,
    files: &BTreeMap<Module, &Source>,
    exports: &BTreeMap<String, Module>,
) -> BTreeSet<Module> {
    let mut edges = BTreeSet::new();
    for path in paths(from, source) {
        let is_file = |length: &usize| files.contains_key(&path[..*length]);
        let mut target = path[..(0..=path.len()).rev().find(is_file).unwrap_or(0)].to_vec();
        if target.is_empty()
            && let Some(exported) = path.first().and_then(|name| exports.get(name))
        {
            target.clone_from(exported);
        }
        let is_own_child = target.starts_with(from);
        if !is_own_child && !target.is_empty() {
            edges.insert(target);
        }
    }
    edges
}

/// Every path of the crate that a file names.
fn paths(from: &Module, source: &Source) -> Vec<Vec<String>> {
    let code: Vec<_> =
        source.lines_without_tests().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let parent = &from[..from.len().saturating_sub(1)];
    let mut found = Vec::new();
    for (prefix, base) in [("crate::", &[][..]), ("super::", parent)] {
        for (at, _) in code.match_indices(prefix) {
            let is_word_start = !code[..at]
                .ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':');
            if is_word_start {
                let rest = &code[at + prefix.len()..];
                found.extend(expand(path_text(rest)).map(|path| [base, &path].concat()));
            }
        }
    }
    found
}

/// The text of a path, up to its end or the end of its group.
fn path_text(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth <= 1 => return &text[..at + depth],
            '}' => depth -= 1,
            ':' | '_' => {}
            _ if character.is_alphanumeric() || depth > 0 => {}
            _ => return &text[..at],
        }
    }
    text
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn expand(text: &str) -> impl Iterator<Item = Vec<String>> + use<> {
    let mut found = Vec::new();
    walk(&mut Vec::new(), text.trim().trim_end_matches(';'), &mut found);
    found.into_iter()
}

fn walk(prefix: &mut Vec<String>, text: &str, found: &mut Vec<Vec<String>>) {
    let depth = prefix.len();
    let mut rest = text.trim();
    while let Some((head, tail)) = rest.split_once("::").filter(|(head, _)| !head.contains('{')) {
        prefix.push(head.trim().to_owned());
        rest = tail.trim();
    }
    match rest.strip_prefix('{').and_then(|group| group.strip_suffix('}')) {
        Some(group) => split_group(group).into_iter().for_each(|part| walk(prefix, part, found)),
        None => {
            let name = rest.split_whitespace().next().unwrap_or_default();
            found.push(prefix.iter().cloned().chain([name.to_owned()]).collect());
        }
    }
    prefix.truncate(depth);
}

/// The parts of a group, at commas that are in no inner group.
fn split_group(group: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[start..]);
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
}

/// The statements of a file that begin so, without that beginning.
fn statements(source: &Source, beginning: &str) -> Vec<String> {
    let text = source.text.as_str();
    let starts = text.match_indices(beginning).map(|(at, _)| at + beginning.len());
    starts.filter_map(|start| Some(text[start..].split_once(';')?.0.to_owned())).collect()
}
