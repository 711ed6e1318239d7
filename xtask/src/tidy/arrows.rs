//! Crates import each other as the table in ARCHITECTURE.md says, and only downwards.
//!
//! The table's rows are `| floor | crate | imports |`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

struct Row {
    floor: u32,
    imports: Vec<String>,
}

pub(super) fn problems(root: &Path) -> Vec<String> {
    let table = table(&fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap_or_default());
    let mut problems = Vec::new();
    for name in super::crates(root) {
        let Some(row) = table.get(&name) else {
            problems.push(format!("crate `{name}` is missing in the table of ARCHITECTURE.md"));
            continue;
        };
        let real = imports(&root.join("crates").join(&name).join("Cargo.toml"));
        if real != row.imports {
            let (real, told) = (real.join(" "), row.imports.join(" "));
            problems.push(format!("crate `{name}` imports `{real}`; ARCHITECTURE.md says `{told}`"));
        }
        for import in &real {
            if table.get(import).is_some_and(|imported| imported.floor > row.floor) {
                problems.push(format!("crate `{name}` imports `{import}`, which is on a higher floor"));
            }
        }
    }
    problems
}

fn table(text: &str) -> BTreeMap<String, Row> {
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let &[_, floor, name, imports, ..] = cells.as_slice() else { return None };
        let imports = imports.split_whitespace().map(|import| import.trim_matches('`').to_owned());
        let row =
            Row { floor: floor.parse().ok()?, imports: imports.filter(|import| import != "–").collect() };
        Some((name.trim_matches('`').to_owned(), row))
    });
    rows.collect()
}

/// The crates of the house that a manifest names under `[dependencies]`, in order.
fn imports(manifest: &Path) -> Vec<String> {
    let text = fs::read_to_string(manifest).unwrap_or_default();
    let manifest: toml::Table = toml::from_str(&text).unwrap_or_default();
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    let names = dependencies.into_iter().flat_map(toml::Table::keys);
    let mut imports: Vec<_> =
        names.filter_map(|name| name.strip_prefix("paceway-")).map(str::to_owned).collect();
    imports.sort();
    imports
}
