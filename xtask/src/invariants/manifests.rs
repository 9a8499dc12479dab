//! Which package may depend on what.

use std::collections::{BTreeMap, BTreeSet};

use super::Rule;
use crate::workspace::{APP, Dependency, Package, Workspace};

type Graph<'a> = BTreeMap<&'a str, &'a [Dependency]>;

pub fn check(workspace: &Workspace) -> Vec<Rule> {
    let graph: Graph<'_> = workspace
        .packages
        .iter()
        .map(|package| (package.name.as_str(), package.dependencies.as_slice()))
        .collect();
    let never = |from: &[&str], to: &[&str]| -> Vec<String> {
        from.iter()
            .flat_map(|from| unwanted(&graph, from, to))
            .collect()
    };
    vec![
        (
            "only the root package depends on tauri",
            tauri_elsewhere(&graph),
        ),
        (
            "realtime and supabase know no chat",
            never(
                &["tidings-realtime", "tidings-supabase"],
                &[
                    "tidings-model",
                    "tidings-cache",
                    "tidings-engine",
                    "tidings-contract",
                ],
            ),
        ),
        (
            "alerts and the model do no I/O",
            never(
                &["tidings-alerts", "tidings-model"],
                &[
                    "tokio",
                    "rusqlite",
                    "reqwest",
                    "tokio-tungstenite",
                    "tidings-cache",
                ],
            ),
        ),
        (
            "the cache and the engine know no window",
            never(
                &["tidings-cache", "tidings-engine"],
                &[APP, "tidings-serve"],
            ),
        ),
        (
            "nothing shipped has the disk that fails on request",
            never(&[APP, "tidings-serve", "tidings-local"], &["tidings-disk"]),
        ),
        (
            "every package takes the workspace's lints",
            without_lints(&workspace.packages),
        ),
    ]
}

/// What a package reaches through packages of the workspace, tests aside.
fn reach<'a>(graph: &Graph<'a>, from: &'a str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        for dependency in graph.get(next).copied().unwrap_or_default() {
            let counts = dependency.kind.as_deref() != Some("dev");
            if counts && found.insert(dependency.name.as_str()) {
                open.push(&dependency.name);
            }
        }
    }
    found
}

fn unwanted<'a>(graph: &Graph<'a>, from: &'a str, to: &[&str]) -> Vec<String> {
    if !graph.contains_key(from) {
        return vec![format!("there is no package {from}")];
    }
    reach(graph, from)
        .into_iter()
        .filter(|name| to.contains(name))
        .map(|name| format!("{from} depends on {name}"))
        .collect()
}

fn tauri_elsewhere(graph: &Graph<'_>) -> Vec<String> {
    graph
        .iter()
        .filter(|(package, _)| **package != APP)
        .flat_map(|(package, dependencies)| {
            dependencies
                .iter()
                .filter(|own| {
                    own.name == "tauri" || own.name.starts_with("tauri-") || own.name == APP
                })
                .map(move |own| format!("{package} depends on {}", own.name))
        })
        .collect()
}

/// The packages with lints of their own: SQLite takes a disk as a table of C functions, and the
/// allocator is asked through C.
const OWN_LINTS: [&str; 2] = ["tidings-disk", "tidings-memory"];

fn without_lints(packages: &[Package]) -> Vec<String> {
    packages
        .iter()
        .filter(|package| !OWN_LINTS.contains(&package.name.as_str()))
        .filter(|package| {
            let manifest = std::fs::read_to_string(&package.manifest_path).unwrap_or_default();
            !manifest
                .replace(char::is_whitespace, "")
                .contains("[lints]workspace=true")
        })
        .map(|package| format!("{} does not", package.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dependency(name: &str, kind: Option<&str>) -> Dependency {
        Dependency {
            name: name.to_owned(),
            kind: kind.map(str::to_owned),
        }
    }

    #[test]
    fn a_dependency_is_found_through_others_but_not_through_tests() {
        let alerts = [
            dependency("model", None),
            dependency("testkit", Some("dev")),
        ];
        let model = [dependency("serde", None), dependency("tokio", None)];
        let testkit = [dependency("rusqlite", None)];
        let graph: Graph<'_> = [
            ("alerts", &alerts[..]),
            ("model", &model),
            ("testkit", &testkit),
        ]
        .into();
        let found = unwanted(&graph, "alerts", &["tokio", "rusqlite"]);
        assert_eq!(found, ["alerts depends on tokio"]);
        assert_eq!(unwanted(&graph, "gone", &[]).len(), 1);
    }

    #[test]
    fn tauri_is_for_the_root_alone() {
        let root = [dependency("tauri", None)];
        let engine = [dependency("tauri-plugin-opener", None)];
        let tests = [dependency("tidings", Some("dev"))];
        let graph: Graph<'_> = [(APP, &root[..]), ("engine", &engine), ("tests", &tests)].into();
        assert_eq!(tauri_elsewhere(&graph).len(), 2);
    }
}
