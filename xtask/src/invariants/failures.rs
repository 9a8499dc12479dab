//! What `docs/failures.md` says: each known failure with the tests that keep it away.

use std::path::Path;

use super::{Rule, source};

const PAGE: &str = "docs/failures.md";

/// How a row begins that needs no test, or has none.
const WITHOUT: [&str; 2] = ["Does not apply: ", "Not covered yet: "];

/// Looks at the page among the repository's files: paths from the root, and texts.
pub fn check(files: &[(&str, &str)]) -> Vec<Rule> {
    let Some((_, page)) = files.iter().find(|(path, _)| *path == PAGE) else {
        let missing = vec![format!("there is no {PAGE}")];
        return vec![("every known failure says what holds here", missing)];
    };
    let (mut silent, mut unknown) = (Vec::new(), Vec::new());
    for (number, answer) in answers(page) {
        let place = format!("{PAGE}:{number}");
        let tests: Vec<Test<'_>> = answer
            .split('`')
            .skip(1)
            .step_by(2)
            .filter_map(test)
            .collect();
        if tests.is_empty() && !WITHOUT.iter().any(|start| answer.starts_with(start)) {
            silent.push(place.clone());
        }
        let missing = tests.iter().filter(|test| !exists(files, test));
        unknown.extend(missing.map(|test| format!("{place}: {}: {}", test.place, test.name)));
    }
    vec![
        ("every known failure says what holds here", silent),
        ("the tests named in docs/failures.md exist", unknown),
    ]
}

/// The last cell of each row, with the number of its line.
fn answers(page: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..)
        .zip(page.lines())
        .filter(|(_, line)| {
            let head = ["| report |", "| --- |"]
                .iter()
                .any(|start| line.starts_with(start));
            line.starts_with('|') && !head
        })
        .map(|(number, line)| {
            let cells = line.trim_end().trim_end_matches('|');
            let answer = cells.rsplit('|').next().unwrap_or_default();
            (number, answer.trim())
        })
}

/// A test as the page names it.
struct Test<'a> {
    /// A folder or a file, below the root or below `src-tauri`.
    place: &'a str,
    /// Modules and a function, or a title.
    name: &'a str,
}

/// `place: name`; anything else that is written as code is no test.
fn test(text: &str) -> Option<Test<'_>> {
    let (place, name) = text.split_once(": ")?;
    Some(Test { place, name })
}

fn exists(files: &[(&str, &str)], test: &Test<'_>) -> bool {
    files.iter().any(|(path, text)| {
        let path = [Some(*path), path.strip_prefix("src-tauri/")]
            .into_iter()
            .flatten()
            .find_map(|path| path.strip_prefix(test.place))
            .filter(|below| below.is_empty() || below.starts_with('/'))
            .map(|_| Path::new(path));
        match path.map(|path| (path, path.extension().and_then(|it| it.to_str()))) {
            Some((path, Some("rs"))) => has_function(path, text, test.name),
            Some((_, Some("mjs" | "ts"))) => ["it(\"", "test(\""]
                .iter()
                .any(|call| text.contains(&format!("{call}{}\"", test.name))),
            _ => false,
        }
    })
}

/// Whether a Rust file has this function, in modules that it is or holds.
fn has_function(path: &Path, text: &str, name: &str) -> bool {
    let (modules, function) = name.rsplit_once("::").unwrap_or(("", name));
    let function = format!("fn {function}(");
    if !text.contains(&function) {
        return false;
    }
    // Not in a comment or a text.
    let code = source::code(text);
    let is_in = |module: &str| {
        let in_path = path
            .with_extension("")
            .iter()
            .any(|part| part.to_str() == Some(module));
        in_path || code.contains(&format!("mod {module} {{"))
    };
    let mut modules = modules.split("::").filter(|module| !module.is_empty());
    code.contains(&function) && modules.all(is_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many rows break each rule, with these rows and a few tests.
    fn broken(rows: &[&str]) -> (usize, usize) {
        let head = "# Failures\n\n| report | what goes wrong | here |\n| --- | --- | --- |\n";
        let page = format!("{head}{}\n", rows.join("\n"));
        let rust = "#[test]\nfn holds() {}\n// fn said() {}\nmod inner { fn deep() {} }\n";
        let files = [
            (PAGE, page.as_str()),
            ("src-tauri/cache/tests/disk.rs", rust),
            ("tests/tests/sync/chat.rs", rust),
            (
                "tests/page.test.mjs",
                "test(\"a page has its order\", () => {});",
            ),
        ];
        let rules = check(&files);
        (rules[0].1.len(), rules[1].1.len())
    }

    #[test]
    fn tests_that_exist_are_found() {
        let rows = [
            "| a#1 | it breaks | `cache/tests: disk::holds` |",
            "| a#2 | it breaks | `cache/tests/disk.rs: holds`, `tests/tests/sync: inner::deep` |",
            "| a#3 | `it` breaks | `tests/page.test.mjs: a page has its order`: in its order |",
        ];
        assert_eq!(broken(&rows), (0, 0));
    }

    #[test]
    fn tests_that_do_not_exist_are_told() {
        let rows = [
            "| a#1 | it breaks | `cache/tests: disk::hold` |",
            "| a#2 | it breaks | `cache/tests: chat::holds` |",
            "| a#3 | it breaks | `cache/tests: disk::said` |",
            "| a#4 | it breaks | `cache/test: disk::holds` |",
            "| a#5 | it breaks | `tests/page.test.mjs: a page`, `cache/tests: disk::holds` |",
        ];
        assert_eq!(broken(&rows), (0, 5));
    }

    #[test]
    fn a_row_says_why_it_names_no_test() {
        let rows = [
            "| a#1 | it breaks | Does not apply: there is none |",
            "| a#2 | it breaks | Not covered yet: a second device |",
            "| a#3 | it breaks | never |",
            "| a#4 | it breaks | |",
            "| a#5 | `cache/tests: disk::holds` | `holds` |",
        ];
        assert_eq!(broken(&rows), (3, 0));
        assert_eq!(check(&[])[0].1.len(), 1);
    }
}
