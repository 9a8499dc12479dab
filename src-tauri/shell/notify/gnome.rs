//! GNOME: what keeps notifications back is a setting there, no property of the service
//! (gnome-shell, `messageTray.js`, `NotificationGenericPolicy` and `NotificationApplicationPolicy`).

use gio::prelude::SettingsExt as _;
use gio::{Settings, SettingsBackend, SettingsSchemaSource};
use tidings_contract::NotificationService;

/// The name of GNOME's service. The schema alone says nothing: other desktops have it as well.
pub const SERVICE: &str = "gnome-shell";

/// Settings of all notifications.
const ALL: &str = "org.gnome.desktop.notifications";
/// Settings of one program's notifications; its id stands in their path.
const PROGRAM: &str = "org.gnome.desktop.notifications.application";
const OWN_PATH: &str = "/org/gnome/desktop/notifications/application/tidings/";
const SHOW_BANNERS: &str = "show-banners";
const ENABLE: &str = "enable";

/// Whether GNOME lets notifications through. Reads the user's settings from the disk.
pub fn service() -> NotificationService {
    match SettingsSchemaSource::default() {
        Some(schemas) => let_through(&schemas, None),
        None => NotificationService::Available,
    }
}

fn let_through(
    schemas: &SettingsSchemaSource,
    backend: Option<&SettingsBackend>,
) -> NotificationService {
    // To ask for a schema or a key that is not there would end the program.
    let is_off = |schema: &str, path: Option<&str>, key: &str| {
        let schema = schemas.lookup(schema, true);
        let known = schema.filter(|schema| schema.has_key(key));
        known.is_some_and(|schema| !Settings::new_full(&schema, backend, path).boolean(key))
    };
    let own = |key| is_off(PROGRAM, Some(OWN_PATH), key);
    if own(ENABLE) || own(SHOW_BANNERS) {
        NotificationService::Missing
    } else if is_off(ALL, None, SHOW_BANNERS) {
        NotificationService::Inhibited
    } else {
        NotificationService::Available
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;
    use std::process::Command;

    use super::*;

    /// The keys that are read, as `gsettings-desktop-schemas` has them.
    const SCHEMAS: &str = r#"<schemalist>
        <schema id="org.gnome.desktop.notifications" path="/org/gnome/desktop/notifications/">
            <key name="show-banners" type="b"><default>true</default></key>
        </schema>
        <schema id="org.gnome.desktop.notifications.application">
            <key name="enable" type="b"><default>true</default></key>
            <key name="show-banners" type="b"><default>true</default></key>
        </schema>
    </schemalist>"#;

    fn compiled(folder: &Path, schemas: &str) -> SettingsSchemaSource {
        std::fs::write(folder.join("own.gschema.xml"), schemas).unwrap();
        let compiler = Command::new("glib-compile-schemas").arg(folder).status();
        assert!(compiler.unwrap().success());
        SettingsSchemaSource::from_directory(folder, None, true).unwrap()
    }

    fn set(
        schemas: &SettingsSchemaSource,
        backend: &SettingsBackend,
        (schema, path, key): (&str, Option<&str>, &str),
        on: bool,
    ) {
        let schema = schemas.lookup(schema, false).unwrap();
        let settings = Settings::new_full(&schema, Some(backend), path);
        settings.set_boolean(key, on).unwrap();
    }

    #[test]
    fn do_not_disturb_and_what_is_off_for_the_program_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let schemas = compiled(folder.path(), SCHEMAS);
        let file = folder.path().join("settings");
        let backend = gio::keyfile_settings_backend_new(file.to_str().unwrap(), "/", None);
        let now = || let_through(&schemas, Some(&backend));
        let other = "/org/gnome/desktop/notifications/application/other/";
        assert_eq!(now(), NotificationService::Available);
        for (key, said) in [
            ((ALL, None, SHOW_BANNERS), NotificationService::Inhibited),
            (
                (PROGRAM, Some(OWN_PATH), ENABLE),
                NotificationService::Missing,
            ),
            (
                (PROGRAM, Some(OWN_PATH), SHOW_BANNERS),
                NotificationService::Missing,
            ),
            (
                (PROGRAM, Some(other), ENABLE),
                NotificationService::Available,
            ),
        ] {
            set(&schemas, &backend, key, false);
            assert_eq!(now(), said, "{key:?}");
            set(&schemas, &backend, key, true);
            assert_eq!(now(), NotificationService::Available, "{key:?}");
        }
    }

    #[test]
    fn a_desktop_without_these_settings_keeps_nothing_back() {
        let folder = tempfile::tempdir().unwrap();
        let other = r#"<schemalist><schema id="org.example.other" path="/org/example/">
            <key name="key" type="b"><default>false</default></key></schema>
            <schema id="org.gnome.desktop.notifications" path="/org/gnome/desktop/notifications/">
            <key name="of-another-version" type="b"><default>false</default></key></schema>
            </schemalist>"#;
        let schemas = compiled(folder.path(), other);
        let backend = gio::memory_settings_backend_new();
        assert_eq!(
            let_through(&schemas, Some(&backend)),
            NotificationService::Available
        );
    }
}
