//! What the program `replay` prints, to the byte.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where Cargo puts the example: it is built with the tests.
fn replay(prices: &Path, rules: &Path) -> Output {
    let this = std::env::current_exe().unwrap();
    let built = this.parent().and_then(Path::parent).unwrap();
    let program = built
        .join("examples/replay")
        .with_extension(std::env::consts::EXE_EXTENSION);
    Command::new(&program)
        .args([prices, rules])
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

fn printed(prices: &Path, rules: &Path) -> String {
    let output = replay(prices, rules);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Files of a test's own.
struct Files(tempfile::TempDir);

impl Files {
    fn new(prices: &str, rules: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("prices.csv"), prices).unwrap();
        fs::write(dir.path().join("rules.json"), rules).unwrap();
        Self(dir)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

#[test]
fn rules_are_printed_as_they_were_written_with_the_times_of_their_firings() {
    let files = Files::new(
        "last_updated,symbol,price\r\n\
         2026-03-01T10:00:00Z,BTC,69000\r\n\
         2026-03-01T10:01:00Z,BTC,70000.0\r\n\
         2026-03-01T10:02:00Z,BTC,69000\r\n\
         2026-03-01T10:02:30Z,ETH,3500\r\n\
         2026-03-01T10:03:00.5Z,BTC,70001\r\n",
        r#"[
            {"id": "up", "symbol": "BTC", "repeat": "every",
             "condition": {"kind": "above", "price": "70000.0"}},
            {"id": "never", "symbol": "ETH", "condition": {"kind": "below", "price": "3000"}}
        ]"#,
    );
    let expected = r#"[
 {
  "id": "up",
  "symbol": "BTC",
  "condition": {
   "kind": "above",
   "price": "70000.0"
  },
  "repeat": "every",
  "fired": [
   "2026-03-01T10:01:00Z"
  ],
  "suppressed": [
   "2026-03-01T10:03:00.5Z"
  ]
 },
 {
  "id": "never",
  "symbol": "ETH",
  "condition": {
   "kind": "below",
   "price": "3000"
  },
  "fired": [],
  "suppressed": []
 }
]
"#;
    assert_eq!(
        printed(&files.at("prices.csv"), &files.at("rules.json")),
        expected
    );
}

#[test]
fn a_row_and_a_rule_that_cannot_be_read_are_named() {
    let rule = r#"[{"id": "up", "symbol": "BTC", "condition": {"kind": "above", "price": "-1"}}]"#;
    let good = r#"[{"id": "up", "symbol": "BTC", "condition": {"kind": "above", "price": "1"}}]"#;
    let prices = "last_updated,symbol,price\n2026-03-01T10:00:00Z,BTC,many\n";
    for (rules, name) in [(rule, "up:"), (good, "row 2:")] {
        let files = Files::new(prices, rules);
        let output = replay(&files.at("prices.csv"), &files.at("rules.json"));
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(name), "{said}");
    }
}

#[test]
fn the_recorded_prices_give_the_expected_file() {
    let dir = std::env::var_os("TIDINGS_MARKET_DIR")
        .map_or_else(|| "../../../shared/market".into(), PathBuf::from);
    let Ok(expected) = fs::read_to_string(dir.join("expected-alerts.json")) else {
        println!(
            "SKIPPED: market data: no expected-alerts.json in {}",
            dir.display()
        );
        return;
    };
    let prices = dir.join("prices-2023-03-01_11.csv");
    let found = printed(&prices, &dir.join("rules.json"));
    assert!(found.trim_end() == expected.trim_end(), "the files differ");
}
