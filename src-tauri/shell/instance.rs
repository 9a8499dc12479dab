//! One program for each data directory: a second start hands over to the one that runs.

use std::ffi::OsString;
use std::path::Path;

use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager as _, Wry};
use tidings_contract::StartLocal;

use crate::arguments::{Arguments, Parsed};
use crate::run::Engine;
use crate::window;

/// What finds the program that has the same data, and ends this start in its favour.
///
/// None where the system's way to find it knows one program alone and this one has data of its own:
/// then the lock of the directory keeps two programs from it.
#[cfg_attr(
    target_os = "linux",
    allow(clippy::unnecessary_wraps, reason = "elsewhere there is none")
)]
pub fn plugin(data_dir: Option<&Path>) -> Option<TauriPlugin<Wry>> {
    let plugin = tauri_plugin_single_instance::Builder::new();
    #[cfg(target_os = "linux")]
    let plugin = match data_dir {
        Some(directory) if !name::is_usual(directory) => plugin.dbus_id(name::of(directory)),
        _ => plugin,
    };
    #[cfg(not(target_os = "linux"))]
    if data_dir.is_some() {
        return None;
    }
    let plugin = plugin.callback(|app, arguments, _| started_again(app, arguments));
    Some(plugin.build())
}

/// Does what a second start was asked for.
fn started_again(app: &AppHandle, arguments: Vec<String>) {
    // It has read them itself before it handed over.
    let arguments = arguments.into_iter().skip(1).map(OsString::from);
    let Ok(Parsed::Run(wanted)) = Arguments::parse(arguments) else {
        return;
    };
    if !wanted.hidden {
        window::show(app);
    }
    if wanted.local {
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            let opened = match app.state::<Engine>().ready().await {
                Ok(engine) => engine.call(StartLocal {}.into()).await.map(drop),
                Err(error) => Err(error),
            };
            if let Err(error) = opened {
                tracing::warn!(?error, "the local workspace was not opened");
            }
        });
    }
}

/// Names of programs on the bus.
#[cfg(target_os = "linux")]
mod name {
    use std::path::{Path, PathBuf};

    use crate::run::SERVICE;

    /// The name of the program that has the data of a directory.
    pub fn of(directory: &Path) -> String {
        // FNV-1a: the same in every version of the program.
        let spelling = real(directory).into_os_string().into_encoded_bytes();
        let digest = spelling
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
                (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            });
        format!("{SERVICE}.data_{digest:016x}")
    }

    /// Whether it is the directory that is used when none is named.
    pub fn is_usual(directory: &Path) -> bool {
        let named = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
        let usual = named
            .filter(|path| path.is_absolute())
            .or_else(|| Some(std::env::home_dir()?.join(".local/share")));
        usual.is_some_and(|usual| real(&usual.join(SERVICE)) == real(directory))
    }

    /// A directory in one spelling, whether it is there yet or not.
    fn real(directory: &Path) -> PathBuf {
        let known = directory.ancestors().find_map(|part| {
            let rest = directory.strip_prefix(part).ok()?;
            Some(part.canonicalize().ok()?.join(rest))
        });
        let known = known.unwrap_or_else(|| directory.to_path_buf());
        // Without a slash at its end.
        known.components().collect()
    }

    #[cfg(test)]
    mod tests {
        #![allow(clippy::unwrap_used)]
        use super::*;

        #[test]
        fn a_directory_has_one_name_however_it_is_spelt() {
            let base = tempfile::tempdir().unwrap();
            let (one, other) = (base.path().join("one"), base.path().join("other"));
            let before = of(&one);
            assert_ne!(before, of(&other));
            // Made meanwhile, it is the same.
            std::fs::create_dir(&one).unwrap();
            assert_eq!(of(&one), before);
            assert_eq!(of(&one.join("")), before);
            let link = base.path().join("link");
            std::os::unix::fs::symlink(&one, &link).unwrap();
            assert_eq!(of(&link), before);
            assert_eq!(
                of(Path::new("/")),
                "app.tidings.desktop.data_af63a24c860189fe"
            );
        }
    }
}
