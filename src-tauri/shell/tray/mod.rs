//! The tray icon: follows the engine's events, and draws what `menu` makes of them.

mod follow;
mod menu;
mod words;

use tauri::image::Image;
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Wry};

pub use follow::follow;
use menu::{Action, Entry, Icon, TrayState};

const ID: &str = "main";

/// The tray icon with its menu. Items stay, and change their texts, while their order does.
struct Tray {
    app: AppHandle,
    icon: TrayIcon<Wry>,
    shown: Vec<Entry>,
    items: Vec<Option<MenuItem<Wry>>>,
    form: Icon,
}

impl Tray {
    fn new(app: &AppHandle, state: &TrayState) -> tauri::Result<Self> {
        let (menu, shown, items) = build(app, state)?;
        let form = menu::icon(state);
        let icon = TrayIconBuilder::with_id(ID)
            .icon(image(form)?)
            .icon_as_template(cfg!(target_os = "macos"))
            .tooltip("Tidings")
            .menu(&menu)
            .on_menu_event(|app, event| {
                if let Some(action) = Action::from_id(event.id().as_ref()) {
                    follow::act(app, action);
                }
            })
            .build(app)?;
        Ok(Self {
            app: app.clone(),
            icon,
            shown,
            items,
            form,
        })
    }

    /// Draws a state, touching only what differs.
    fn draw(&mut self, state: &TrayState) -> tauri::Result<()> {
        let form = menu::icon(state);
        if form != self.form {
            self.icon.set_icon(Some(image(form)?))?;
            self.form = form;
        }
        let entries = menu::entries(state);
        if entries == self.shown {
            return Ok(());
        }
        if same_order(&entries, &self.shown) {
            for ((entry, shown), item) in entries.iter().zip(&self.shown).zip(&self.items) {
                if let (true, Some(item), Some(label)) = (entry != shown, item, label(entry)) {
                    item.set_text(label)?;
                }
            }
            self.shown = entries;
            return Ok(());
        }
        let (menu, shown, items) = build(&self.app, state)?;
        self.icon.set_menu(Some(menu))?;
        self.shown = shown;
        self.items = items;
        Ok(())
    }
}

type Built = (Menu<Wry>, Vec<Entry>, Vec<Option<MenuItem<Wry>>>);

fn build(app: &AppHandle, state: &TrayState) -> tauri::Result<Built> {
    let entries = menu::entries(state);
    let menu = Menu::new(app)?;
    let mut items = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        let item = match entry {
            Entry::Separator => {
                menu.append(&PredefinedMenuItem::separator(app)?)?;
                None
            }
            Entry::Text(label) => Some(MenuItem::with_id(
                app,
                format!("text/{place}"),
                label,
                false,
                None::<&str>,
            )?),
            Entry::Item { action, label } => Some(MenuItem::with_id(
                app,
                action.id(),
                label,
                true,
                None::<&str>,
            )?),
        };
        if let Some(item) = &item {
            menu.append(item)?;
        }
        items.push(item);
    }
    Ok((menu, entries, items))
}

fn same_order(a: &[Entry], b: &[Entry]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|pair| match pair {
            (Entry::Separator, Entry::Separator) | (Entry::Text(_), Entry::Text(_)) => true,
            (Entry::Item { action: a, .. }, Entry::Item { action: b, .. }) => a == b,
            _ => false,
        })
}

fn label(entry: &Entry) -> Option<&str> {
    match entry {
        Entry::Item { label, .. } | Entry::Text(label) => Some(label),
        Entry::Separator => None,
    }
}

/// Panels are dark on most desktops; macOS colours its template itself.
fn image(form: Icon) -> tauri::Result<Image<'static>> {
    macro_rules! drawing {
        ($name:literal) => {
            if cfg!(target_os = "macos") {
                &include_bytes!(concat!("../../../icons/tray/", $name, "-template@2x.png"))[..]
            } else {
                &include_bytes!(concat!("../../../icons/tray/", $name, "-light@2x.png"))[..]
            }
        };
    }
    Image::from_bytes(match form {
        Icon::Plain => drawing!("plain"),
        Icon::Unread => drawing!("unread"),
        Icon::Offline => drawing!("offline"),
        Icon::Paused => drawing!("paused"),
    })
}
