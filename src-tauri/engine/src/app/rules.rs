//! Alert rules as a file: `docs/alerts.md`, "Rules as a file".

use std::io::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tidings_contract as api;
use tidings_model::Timestamp;

use super::App;
use super::downloads::Whole;
use super::import::{Kind, Piece, Upload};
use crate::error::{EngineError, Result};
use crate::workspace::Portable;

/// Name of the files, before the time.
const STEM: &str = "tidings-alerts";
/// What the first member of such a file says.
const FORMAT: &str = "tidings-alerts";
/// The newest version that is known here.
const VERSION: u64 = 1;

#[derive(Serialize)]
struct Written<'a> {
    format: &'static str,
    version: u64,
    program: &'a str,
    exported_at: Timestamp,
    rules: &'a [Portable],
}

#[derive(Deserialize)]
struct Read<'a> {
    format: Option<String>,
    version: Option<u64>,
    #[serde(borrow, default)]
    rules: Vec<&'a RawValue>,
}

impl App {
    pub(super) async fn export_rules(&self) -> Result<api::ExportedRules> {
        let options = &self.0.options;
        let now = options.clock.now();
        let core = self.front_core().await?;
        let rules = core.portable_rules().await;
        let written = Written {
            format: FORMAT,
            version: VERSION,
            program: &options.version,
            exported_at: now,
            rules: &rules,
        };
        let mut text = serde_json::to_vec_pretty(&written)
            .map_err(|error| EngineError::Invalid(error.to_string()))?;
        text.push(b'\n');
        let directory = self.downloads();
        let path = tokio::task::spawn_blocking(move || {
            let (whole, mut file) = Whole::create(&directory, STEM, "json", now)?;
            let path = whole.path().to_path_buf();
            file.write_all(&text).map_err(|source| EngineError::File {
                path: path.clone(),
                source,
            })?;
            whole.finish(&file)?;
            Ok::<_, EngineError>(path)
        });
        let path = path
            .await
            .map_err(|error| EngineError::Task(error.to_string()))??;
        Ok(api::ExportedRules {
            path: path.display().to_string(),
            rules: rules.len() as u64,
        })
    }

    pub(super) async fn import_rules(
        &self,
        args: api::ImportRules,
    ) -> Result<api::ImportRulesReply> {
        let (workspace, core) = {
            let running = self.0.running.lock().await;
            let (id, opened) = self.front(&running)?;
            (id, opened.workspace.core().clone())
        };
        let mut held = self.0.rules_upload.lock().await;
        let piece = Piece {
            number: args.piece,
            text: &args.text,
            last: args.last,
        };
        let Some(text) = Upload::take(&mut held, Kind::Rules, workspace, piece)? else {
            return Ok(api::ImportRulesReply { imported: None });
        };
        let imported = core.take_rules(read(&text)?).await?;
        Ok(api::ImportRulesReply {
            imported: Some(imported),
        })
    }
}

/// Reads a file from its first character to its last.
fn read(text: &str) -> Result<Vec<Portable>> {
    let file: Read<'_> = serde_json::from_str(text).map_err(|error| {
        EngineError::Invalid(format!(
            "The file is damaged, or holds no alerts: {error}. Nothing was imported; export them \
             once more, or choose another file."
        ))
    })?;
    let version = file
        .version
        .filter(|_| file.format.as_deref() == Some(FORMAT));
    match version {
        Some(1..=VERSION) => {}
        Some(version) if version > VERSION => {
            return Err(EngineError::Invalid(format!(
                "These alerts were exported by a newer Tidings (version {version} of the format, \
                 this one knows {VERSION}). Nothing was imported; update Tidings to import them."
            )));
        }
        _ => {
            return Err(EngineError::Invalid(
                "This is no file of alerts that Tidings exported. Nothing was imported.".to_owned(),
            ));
        }
    }
    let rules = file.rules.iter().zip(1_u32..);
    rules
        .map(|(raw, number)| {
            serde_json::from_str(raw.get()).map_err(|error| refused(raw, number, &error))
        })
        .collect()
}

/// Says which rule it is, as far as it says that itself.
fn refused(raw: &RawValue, number: u32, error: &serde_json::Error) -> EngineError {
    #[derive(Deserialize)]
    struct Named {
        rule: Symbol,
    }
    #[derive(Deserialize)]
    struct Symbol {
        symbol: String,
    }
    // Its line and column are counted from the beginning of the rule.
    let place = format!(" at line {} column {}", error.line(), error.column());
    let said = error.to_string();
    let problem = said.strip_suffix(&place).unwrap_or(&said);
    let named: Option<Named> = serde_json::from_str(raw.get()).ok();
    let which = named.map_or_else(
        || format!("Alert {number} of the file"),
        |named| format!("Alert {number} of the file ({})", named.rule.symbol),
    );
    EngineError::Invalid(format!("{which}: {problem}. Nothing was imported."))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const BITCOIN: &str = r#"{"rule":{"symbol":"BTC","condition":{"kind":"above","price":"7"}}}"#;

    fn file(head: &str, rules: &str) -> Result<Vec<Portable>, String> {
        read(&format!("{{{head},\"rules\":[{rules}]}}")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_refusal_says_which_alert_it_is_and_why() {
        let ours = r#""format":"tidings-alerts","version":1"#;
        assert_eq!(file(ours, BITCOIN).map(|rules| rules.len()), Ok(1));
        let bad = BITCOIN.replace("\"7\"", "\"-7\"");
        let both = format!("{BITCOIN},\n {bad}");
        assert_eq!(
            file(ours, &both).unwrap_err(),
            "Alert 2 of the file (BTC): the price has to be more than 0. Nothing was imported."
        );
        let unknown = file(
            ours,
            r#"{"rule":{"symbol":"BTC","condition":{"kind":"full_moon"}}}"#,
        );
        let unknown = unknown.unwrap_err();
        assert!(unknown.starts_with("Alert 1 of the file (BTC): unknown variant `full_moon`"));
        assert!(!unknown.contains("line"), "{unknown}");
    }

    #[test]
    fn other_files_and_newer_ones_are_refused() {
        for head in [
            r#""format":"tidings-export","version":1"#,
            r#""version":1"#,
            r#""format":"tidings-alerts""#,
        ] {
            let said = file(head, BITCOIN).unwrap_err();
            assert!(said.starts_with("This is no file of alerts"), "{said}");
        }
        let newer = file(r#""format":"tidings-alerts","version":2"#, BITCOIN).unwrap_err();
        assert!(newer.contains("newer Tidings (version 2"), "{newer}");
        assert!(read("[").is_err_and(|error| error.to_string().contains("damaged")));
    }
}
