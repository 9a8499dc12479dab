//! What the repository's files must not hold.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Rule, source};
use crate::command;

/// No file of one concept is longer.
const LINES: usize = 500;
/// Larger than anything written by hand or worth keeping.
const BYTES: usize = 1_500_000;

/// Floats in the code that counts prices, each with the reason why it holds none.
const FLOATS: [(&str, &str); 0] = [];

/// The repository's text files.
pub struct Tree {
    files: Vec<File>,
}

struct File {
    /// Relative to the root, with slashes.
    path: String,
    text: String,
    /// For Rust: the code alone, without its tests.
    code: String,
}

pub fn check(tree: &Tree) -> Vec<Rule> {
    let replace = concat!("INSERT OR ", "REPLACE");
    vec![
        (
            "no unwrap outside tests",
            code(tree, is_product, &[".unwrap()", ".unwrap_err()"]),
        ),
        ("no float holds a price", floats(tree)),
        ("alerts and the model read no clock", clocks(tree)),
        (
            "no row is replaced",
            lines(tree, &["rs", "sql"], |line| {
                line.to_uppercase().contains(replace)
            }),
        ),
        ("no machine paths", lines(tree, &[], names_machine_path)),
        (
            "lock files name the public registries only",
            foreign_registries(tree),
        ),
        ("no market data", market_data(tree)),
        ("no file over 500 lines", long_files(tree)),
    ]
}

impl Tree {
    pub fn read(root: &Path) -> Self {
        let mut paths = listed(root).unwrap_or_else(|| walked(root));
        paths.sort();
        let files = paths
            .into_iter()
            .filter_map(|path| {
                let text = fs::read_to_string(root.join(&path)).ok()?;
                Some(File::new(path, text))
            })
            .collect();
        Self { files }
    }

    /// Each file's path from the root, with slashes, and its text.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .map(|file| (file.path.as_str(), file.text.as_str()))
    }
}

impl File {
    fn new(path: String, text: String) -> Self {
        let rust = Path::new(&path)
            .extension()
            .is_some_and(|extension| extension == "rs");
        let code = if rust {
            source::without_tests(&source::code(&text))
        } else {
            String::new()
        };
        Self { path, text, code }
    }

    fn has_extension(&self, wanted: &[&str]) -> bool {
        let own = Path::new(&self.path).extension().unwrap_or_default();
        wanted.iter().any(|extension| own == *extension)
    }
}

/// Code that is shipped or runs unattended: not the tests, nor what only they use.
fn is_product(path: &str) -> bool {
    let of_tests = ["tests/", "src-tauri/testkit/"]
        .iter()
        .any(|start| path.starts_with(start));
    let tests_file = path.ends_with("/tests.rs") || path.ends_with("_tests.rs");
    !of_tests && !path.contains("/tests/") && !tests_file
}

/// Code that counts prices and judges rules.
fn is_exact(path: &str) -> bool {
    is_product(path)
        && ["src-tauri/alerts/", "src-tauri/model/"]
            .iter()
            .any(|start| path.starts_with(start))
}

/// The places in the code of chosen files where one of these stands.
fn code(tree: &Tree, chosen: fn(&str) -> bool, unwanted: &[&str]) -> Vec<String> {
    tree.files
        .iter()
        .filter(|file| chosen(&file.path))
        .flat_map(|file| {
            file.code
                .lines()
                .enumerate()
                .filter_map(move |(index, line)| {
                    let found = unwanted.iter().find(|text| line.contains(**text));
                    found.map(|text| format!("{}:{}: {text}", file.path, index + 1))
                })
        })
        .collect()
}

fn floats(tree: &Tree) -> Vec<String> {
    let mut found = code(tree, is_exact, &["f64", "f32"]);
    found.retain(|place| {
        !FLOATS
            .iter()
            .any(|(path, reason)| !reason.is_empty() && place.starts_with(path))
    });
    found
}

fn clocks(tree: &Tree) -> Vec<String> {
    // The model's own clock is the one place that may; an example may time itself.
    let mut found = code(
        tree,
        is_exact,
        &["SystemTime::now", "Instant::now", "Timestamp::now"],
    );
    found.retain(|place| {
        !place.starts_with("src-tauri/model/src/clock.rs") && !place.contains("/examples/")
    });
    found
}

fn lines(tree: &Tree, extensions: &[&str], unwanted: impl Fn(&str) -> bool) -> Vec<String> {
    tree.files
        .iter()
        .filter(|file| extensions.is_empty() || file.has_extension(extensions))
        .flat_map(|file| {
            let unwanted = &unwanted;
            file.text
                .lines()
                .enumerate()
                .filter(move |(_, line)| unwanted(line))
                .map(move |(index, _)| format!("{}:{}", file.path, index + 1))
        })
        .collect()
}

/// A path that only one machine has; people in examples are the named actors.
fn names_machine_path(line: &str) -> bool {
    const PEOPLE: [&str; 3] = ["alice", "bob", "mallory"];
    let rooted = |start: usize| {
        let before = line[..start].chars().next_back();
        before.is_none_or(|character| !character.is_alphanumeric() && !".}$~".contains(character))
    };
    let anywhere = [concat!("/ro", "ot/"), concat!("/wo", "rk/")]
        .iter()
        .any(|path| line.match_indices(path).any(|(start, _)| rooted(start)));
    let home = [
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("\\Us", "ers\\"),
    ];
    anywhere
        || home.iter().any(|path| {
            line.match_indices(path).any(|(start, _)| {
                let name: String = line[start + path.len()..]
                    .chars()
                    .take_while(|character| character.is_alphanumeric())
                    .collect();
                rooted(start) && !name.is_empty() && !PEOPLE.contains(&name.as_str())
            })
        })
}

fn foreign_registries(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for file in &tree.files {
        let (mark, home) = if file.path.ends_with("package-lock.json") {
            ("\"resolved\": \"", "https://registry.npmjs.org/")
        } else if file.path.ends_with("Cargo.lock") {
            (
                "source = \"",
                "registry+https://github.com/rust-lang/crates.io-index",
            )
        } else {
            continue;
        };
        for (index, line) in file.text.lines().enumerate() {
            let foreign = line
                .split_once(mark)
                .is_some_and(|(_, rest)| !rest.starts_with(home));
            if foreign {
                found.push(format!("{}:{}", file.path, index + 1));
            }
        }
    }
    found
}

fn market_data(tree: &Tree) -> Vec<String> {
    tree.files
        .iter()
        .filter(|file| {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            let prices = name.starts_with("prices-") || file.text.len() > 100_000;
            file.text.len() > BYTES || file.has_extension(&["csv"]) && prices
        })
        .map(|file| file.path.clone())
        .collect()
}

fn long_files(tree: &Tree) -> Vec<String> {
    tree.files
        .iter()
        .filter(|file| file.has_extension(&["rs", "ts", "svelte", "css", "mjs", "js", "sql"]))
        // Generated, or a plain list.
        .filter(|file| {
            !["/bindings/", "/i18n/"]
                .iter()
                .any(|part| file.path.contains(part))
        })
        .filter_map(|file| {
            let lines = file.text.lines().count();
            (lines > LINES).then(|| format!("{}: {lines} lines", file.path))
        })
        .collect()
}

/// What Git would commit; nothing without Git, as in an unpacked archive.
fn listed(root: &Path) -> Option<Vec<String>> {
    let mut list = Command::new("git");
    list.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ])
    .current_dir(root);
    let text = command::capture(&mut list).ok()?;
    Some(
        text.split('\0')
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

fn walked(root: &Path) -> Vec<String> {
    const BUILT: [&str; 5] = [".git", "target", "node_modules", "dist", "gen"];
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let built = path
                .file_name()
                .is_some_and(|own| BUILT.iter().any(|name| own == *name));
            if path.is_dir() && !built {
                open.push(path);
            } else if path.is_file()
                && let Ok(own) = path.strip_prefix(root)
            {
                found.push(own.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(files: &[(&str, &str)]) -> Vec<(&'static str, usize)> {
        let files = files
            .iter()
            .map(|(path, text)| File::new((*path).into(), (*text).into()));
        let rules = check(&Tree {
            files: files.collect(),
        });
        rules
            .into_iter()
            .filter(|(_, found)| !found.is_empty())
            .map(|(name, found)| (name, found.len()))
            .collect()
    }

    #[test]
    fn unwrap_is_for_tests() {
        let text =
            "fn a() { b().unwrap(); }\n#[cfg(test)]\nmod tests { fn c() { d().unwrap(); } }\n";
        let files = [
            ("src-tauri/cache/src/lib.rs", text),
            ("src-tauri/cache/tests/all.rs", text),
            ("src-tauri/testkit/src/lib.rs", text),
        ];
        assert_eq!(broken(&files), [("no unwrap outside tests", 1)]);
    }

    #[test]
    fn floats_and_clocks_stay_out_of_exact_code() {
        let text = "fn a(price: f64) { Instant::now(); }\n";
        let found = broken(&[
            ("src-tauri/alerts/src/a.rs", text),
            ("src-tauri/engine/src/a.rs", text),
        ]);
        assert_eq!(
            found,
            [
                ("no float holds a price", 1),
                ("alerts and the model read no clock", 1)
            ]
        );
    }

    #[test]
    fn machine_paths_are_found_and_examples_are_not() {
        for bad in [
            "cd /ro-ot/x",
            "\"/ho-me/jane/.config\"",
            "C:\\Us-ers\\jane",
            "at /wo-rk/main",
        ] {
            assert!(names_machine_path(&bad.replace('-', "")), "{bad}");
        }
        for good in [
            "/ho-me/alice/x",
            "~/wo-rk/x",
            "$HOME/x",
            "net/wo-rk/x",
            "/ho-me/",
            "a/ro-ot/b",
        ] {
            assert!(!names_machine_path(&good.replace('-', "")), "{good}");
        }
    }

    #[test]
    fn files_that_do_not_belong_are_found() {
        let long = "x\n".repeat(501);
        let sql = format!("insert or {} into t", "replace");
        let lock = "\"resolved\": \"https://mirror.example/npm/x.tgz\"";
        let found = broken(&[
            ("ui/src/a.ts", &long),
            ("ui/src/lib/bindings/B.ts", &long),
            ("migrations/0001.sql", &sql),
            ("ui/package-lock.json", lock),
            ("tests/fixtures/prices-2023.csv", "t,p\n"),
        ]);
        let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            [
                "no row is replaced",
                "lock files name the public registries only",
                "no market data",
                "no file over 500 lines"
            ]
        );
    }
}
