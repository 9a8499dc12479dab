//! The desktop's tray: the watcher that items register with (StatusNotifierItem), and their
//! menus (com.canonical.dbusmenu).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use tidings_testkit::wait_for;
use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::{OwnedVariant, Variant, interface};

use super::Bus;
use super::plain::plain;

const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// The tray, played by the test; it ends when dropped.
#[derive(Debug)]
pub struct Tray {
    connection: zbus::Connection,
    items: Arc<Mutex<Vec<Place>>>,
}

/// Where an item is on the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    service: String,
    path: String,
}

/// One program's icon in the tray.
#[derive(Debug, Clone)]
pub struct TrayItem {
    connection: zbus::Connection,
    place: Place,
}

/// An entry of a menu as it travels: number, properties, entries that open from it.
type Node = (i32, HashMap<String, OwnedVariant>, Vec<OwnedVariant>);

/// An entry of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuItem {
    /// Its number in the menu; the root is 0.
    pub id: i32,
    /// What it says, without the marks of access keys. Empty for the root and for separators.
    pub label: String,
    /// Whether it is a line between others.
    pub separator: bool,
    /// Whether it can be chosen.
    pub enabled: bool,
    /// Whether it is shown.
    pub visible: bool,
    /// For an entry that can be ticked: whether it is.
    pub checked: Option<bool>,
    /// What opens from it.
    pub children: Vec<MenuItem>,
}

struct Watcher {
    items: Arc<Mutex<Vec<Place>>>,
}

impl Tray {
    /// Takes the watcher's name on the bus.
    pub async fn start(bus: &Bus) -> Result<Self> {
        let items = Arc::default();
        let connection = bus
            .builder()
            .name("org.kde.StatusNotifierWatcher")
            .serve_at(
                "/StatusNotifierWatcher",
                Watcher {
                    items: Arc::clone(&items),
                },
            )
            .build()
            .await
            .context("could not be the tray")?;
        Ok(Self { connection, items })
    }

    /// The items of programs that are still there, in the order they came.
    pub async fn items(&self) -> Result<Vec<TrayItem>> {
        let places = locked(&self.items).clone();
        let mut items = Vec::new();
        for place in places {
            let bus = Some("org.freedesktop.DBus");
            let answer = self.connection.call_method(
                bus,
                "/org/freedesktop/DBus",
                bus,
                "NameHasOwner",
                &place.service,
            );
            if answer.await?.body().deserialize::<bool>()? {
                items.push(TrayItem {
                    connection: self.connection.clone(),
                    place,
                });
            }
        }
        Ok(items)
    }

    /// Waits for the first item.
    pub async fn wait_item(&self, deadline: Duration) -> Result<TrayItem> {
        wait_for("an item in the tray", deadline, async || {
            self.items().await.ok()?.into_iter().next()
        })
        .await
    }
}

impl TrayItem {
    /// A property of the item, such as `Title`, `IconName`, `Status`.
    pub async fn property(&self, name: &str) -> Result<Value> {
        let answer = self
            .call(
                &self.place.path,
                "org.freedesktop.DBus.Properties",
                "Get",
                &(ITEM, name),
            )
            .await
            .with_context(|| format!("property {name} of the tray item"))?;
        Ok(plain(&answer.body().deserialize::<Variant<'_>>()?))
    }

    /// A click on the icon itself.
    pub async fn activate(&self) -> Result<()> {
        self.call(&self.place.path, ITEM, "Activate", &(0_i32, 0_i32))
            .await?;
        Ok(())
    }

    /// The whole menu, as it is now.
    pub async fn menu(&self) -> Result<MenuItem> {
        let path = self.menu_path().await?;
        // A menu may be filled only when it is about to be shown.
        let _ = self.call(&path, MENU, "AboutToShow", &0_i32).await;
        let everything: &[&str] = &[];
        let answer = self
            .call(&path, MENU, "GetLayout", &(0_i32, -1_i32, everything))
            .await?;
        let body = answer.body();
        let (_revision, (id, properties, children)): (u32, Node) = body.deserialize()?;
        let properties: serde_json::Map<String, Value> = properties
            .iter()
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect();
        let children: Vec<Value> = children.iter().map(|child| plain(child)).collect();
        MenuItem::read(&Value::Array(vec![
            id.into(),
            properties.into(),
            children.into(),
        ]))
        .context("not a menu")
    }

    /// Waits until the menu is as asked; `what` is for the error message.
    pub async fn wait_menu(
        &self,
        what: &str,
        deadline: Duration,
        is_it: impl Fn(&MenuItem) -> bool,
    ) -> Result<MenuItem> {
        let mut last = None;
        let found = wait_for(what, deadline, async || {
            let menu = self.menu().await;
            match menu {
                Ok(menu) if is_it(&menu) => Some(menu),
                other => {
                    last = Some(other);
                    None
                }
            }
        })
        .await;
        found.map_err(|error| match last {
            Some(Ok(menu)) => error.context(format!("the menu says {:?}", menu.labels())),
            Some(Err(reason)) => error.context(reason),
            None => error,
        })
    }

    /// Chooses the entry with a label.
    pub async fn click(&self, label: &str) -> Result<()> {
        let menu = self.menu().await?;
        let entry = menu
            .find(label)
            .ok_or_else(|| anyhow!("no {label:?} in {:?}", menu.labels()))?;
        let path = self.menu_path().await?;
        let nothing = Variant::I32(0);
        self.call(&path, MENU, "Event", &(entry.id, "clicked", nothing, 0_u32))
            .await?;
        Ok(())
    }

    async fn menu_path(&self) -> Result<String> {
        let path = self.property("Menu").await?;
        let path = path.as_str().context("the tray item has no menu")?;
        Ok(path.to_owned())
    }

    async fn call<B>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<zbus::Message>
    where
        B: serde::Serialize + zbus::wire::DynamicType + Sync,
    {
        let service = Some(self.place.service.as_str());
        let called = self
            .connection
            .call_method(service, path, Some(interface), method, body);
        called
            .await
            .with_context(|| format!("{interface}.{method} at {}{path}", self.place.service))
    }
}

impl MenuItem {
    /// The first entry with a label, wherever it is.
    pub fn find(&self, label: &str) -> Option<&Self> {
        if self.label == label {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(label))
    }

    /// The labels of all visible entries, top to bottom, those that open from others after
    /// them. Separators are `-`.
    pub fn labels(&self) -> Vec<&str> {
        let mut labels = Vec::new();
        for child in self.children.iter().filter(|child| child.visible) {
            labels.push(if child.separator { "-" } else { &child.label });
            labels.extend(child.labels());
        }
        labels
    }

    fn read(node: &Value) -> Option<Self> {
        let [id, properties, children] = node.as_array()?.as_slice() else {
            return None;
        };
        let flag = |name| properties.get(name).and_then(Value::as_bool);
        let text = |name| properties.get(name).and_then(Value::as_str);
        let ticked = properties.get("toggle-state").and_then(Value::as_i64);
        let can_be_ticked = text("toggle-type").is_some_and(|kind| !kind.is_empty());
        Some(Self {
            id: i32::try_from(id.as_i64()?).ok()?,
            label: without_access_keys(text("label").unwrap_or_default()),
            separator: text("type") == Some("separator"),
            enabled: flag("enabled").unwrap_or(true),
            visible: flag("visible").unwrap_or(true),
            checked: can_be_ticked.then_some(ticked == Some(1)),
            children: children
                .as_array()?
                .iter()
                .map(Self::read)
                .collect::<Option<_>>()?,
        })
    }
}

/// `_Quit` is `Quit`; two underscores are one.
fn without_access_keys(label: &str) -> String {
    let mut plain = String::with_capacity(label.len());
    let mut letters = label.chars();
    while let Some(letter) = letters.next() {
        if letter == '_' {
            plain.extend(letters.next());
        } else {
            plain.push(letter);
        }
    }
    plain
}

// The bus calls methods, also where the answer is always the same.
#[allow(clippy::unused_self)]
#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    /// Programs name their object, or their service and keep to the usual path.
    async fn register_status_notifier_item(
        &self,
        service: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        let sender = header.sender().map(ToString::to_string);
        let place = if service.starts_with('/') {
            Place {
                service: sender.unwrap_or_default(),
                path: service,
            }
        } else {
            Place {
                service,
                path: "/StatusNotifierItem".to_owned(),
            }
        };
        let name = format!("{}{}", place.service, place.path);
        {
            let mut items = locked(&self.items);
            if !items.contains(&place) {
                items.push(place);
            }
        }
        Self::status_notifier_item_registered(&emitter, &name).await?;
        Ok(())
    }

    async fn register_status_notifier_host(
        &self,
        service: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        // The test is the host; another one changes nothing for the items.
        drop(service);
        Self::status_notifier_host_registered(&emitter).await?;
        Ok(())
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        locked(&self.items)
            .iter()
            .map(|place| format!("{}{}", place.service, place.path))
            .collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(signal)]
    async fn status_notifier_item_registered(
        emitter: &SignalEmitter<'_>,
        service: &str,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn status_notifier_host_registered(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
}

fn locked(items: &Mutex<Vec<Place>>) -> std::sync::MutexGuard<'_, Vec<Place>> {
    items.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_menu_is_read_with_its_marks_and_submenus() {
        let root = json!([0, {"children-display": "submenu"}, [
            [1, {"label": "_Show a__b"}, []],
            [2, {"type": "separator"}, []],
            [3, {"label": "Pause", "enabled": false}, [
                [4, {"label": "1 h", "toggle-type": "checkmark", "toggle-state": 1}, []],
                [5, {"label": "Never", "visible": false}, []]
            ]]
        ]]);
        let menu = MenuItem::read(&root).unwrap();
        assert_eq!(menu.labels(), ["Show a_b", "-", "Pause", "1 h"]);
        assert_eq!(menu.find("1 h").unwrap().checked, Some(true));
        assert!(!menu.find("Pause").unwrap().enabled);
        assert_eq!(MenuItem::read(&json!([1])), None);
    }
}
