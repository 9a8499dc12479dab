//! The rules of ARCHITECTURE.md and STYLE.md that a command can check.

mod failures;
mod manifests;
mod source;
mod sources;

use crate::workspace::Workspace;

/// A rule and the places that break it.
pub type Rule = (&'static str, Vec<String>);

/// Every rule with what breaks it: nothing where it holds.
pub fn check(workspace: &Workspace) -> Vec<Rule> {
    let tree = sources::Tree::read(&workspace.root);
    let mut rules = manifests::check(workspace);
    rules.extend(sources::check(&tree));
    rules.extend(failures::check(&tree.texts().collect::<Vec<_>>()));
    rules.push((
        "ARCHITECTURE.md names every package",
        unnamed_packages(workspace),
    ));
    rules
}

fn unnamed_packages(workspace: &Workspace) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(workspace.root.join("ARCHITECTURE.md")) else {
        return vec!["there is no ARCHITECTURE.md".to_owned()];
    };
    workspace
        .packages
        .iter()
        .filter(|package| {
            let folder = package
                .dir()
                .strip_prefix(&workspace.root)
                .unwrap_or(package.dir());
            let folder = folder.to_string_lossy().replace('\\', "/");
            let by_folder = !folder.is_empty() && text.contains(&folder);
            !by_folder && !text.contains(&format!("`{}`", package.name))
        })
        .map(|package| format!("{} is not named", package.name))
        .collect()
}
