//! The tray icon: follows the engine's events, and draws what `menu` makes of them.

mod follow;
mod menu;
mod prices;
mod words;

use tauri::image::Image;
use tauri::menu::{CheckMenuItem, Menu, MenuItem, PredefinedMenuItem};
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
    items: Vec<Drawn>,
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
        self.tell_price(&entries)?;
        if same_order(&entries, &self.shown) {
            for ((entry, shown), item) in entries.iter().zip(&self.shown).zip(&self.items) {
                item.redraw(entry, entry != shown)?;
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

impl Tray {
    /// Says the first price beside the icon (macOS) or when it is pointed at (Windows). Panels of
    /// Linux have room for the icon alone.
    fn tell_price(&self, entries: &[Entry]) -> tauri::Result<()> {
        let price = entries.iter().find_map(|entry| match entry {
            Entry::Item {
                action: Action::Chart(_),
                label,
            } => Some(label.as_str()),
            _ => None,
        });
        if cfg!(target_os = "macos") {
            self.icon.set_title(price)?;
        } else if cfg!(windows) {
            self.icon.set_tooltip(Some(price.unwrap_or("Tidings")))?;
        }
        Ok(())
    }
}

/// An entry as the desktop has it.
enum Drawn {
    Separator,
    Line(MenuItem<Wry>),
    Choice(CheckMenuItem<Wry>),
}

impl Drawn {
    /// Draws an entry of the same kind; `changed`: it says something else than before.
    fn redraw(&self, entry: &Entry, changed: bool) -> tauri::Result<()> {
        match (self, entry) {
            (Self::Line(item), Entry::Item { label, .. } | Entry::Text(label)) if changed => {
                item.set_text(label)
            }
            (Self::Choice(item), Entry::Choice { label, chosen, .. }) => {
                if changed {
                    item.set_text(label)?;
                }
                // A click turns it by itself, also that on the one that is chosen.
                if item.is_checked()? == *chosen {
                    return Ok(());
                }
                item.set_checked(*chosen)
            }
            _ => Ok(()),
        }
    }
}

type Built = (Menu<Wry>, Vec<Entry>, Vec<Drawn>);

fn build(app: &AppHandle, state: &TrayState) -> tauri::Result<Built> {
    let entries = menu::entries(state);
    let menu = Menu::new(app)?;
    let mut items = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        items.push(match entry {
            Entry::Separator => {
                menu.append(&PredefinedMenuItem::separator(app)?)?;
                Drawn::Separator
            }
            Entry::Text(label) => {
                let id = format!("text/{place}");
                let item = MenuItem::with_id(app, id, label, false, None::<&str>)?;
                menu.append(&item)?;
                Drawn::Line(item)
            }
            Entry::Item { action, label } => {
                let item = MenuItem::with_id(app, action.id(), label, true, None::<&str>)?;
                menu.append(&item)?;
                Drawn::Line(item)
            }
            Entry::Choice {
                action,
                label,
                chosen,
            } => {
                let id = action.id();
                let item = CheckMenuItem::with_id(app, id, label, true, *chosen, None::<&str>)?;
                menu.append(&item)?;
                Drawn::Choice(item)
            }
        });
    }
    Ok((menu, entries, items))
}

fn same_order(a: &[Entry], b: &[Entry]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|pair| match pair {
            (Entry::Separator, Entry::Separator) | (Entry::Text(_), Entry::Text(_)) => true,
            (Entry::Item { action: a, .. }, Entry::Item { action: b, .. })
            | (Entry::Choice { action: a, .. }, Entry::Choice { action: b, .. }) => a == b,
            _ => false,
        })
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
