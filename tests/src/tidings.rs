//! The app in its window, used as a person uses it.

use std::path::Path;

use anyhow::{Context, Result};
use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::{Value, json};
use tidings_testkit::{Actor, DEADLINE, wait_for};

use crate::webdriver::{App, Window};

/// The open window of the app.
#[derive(Debug)]
pub struct Tidings {
    /// The window, for what has no word here.
    pub window: Window,
}

impl Tidings {
    /// Starts the app, which keeps all it knows in a folder.
    pub async fn open(data: &Path) -> Result<Self> {
        Self::open_with(App::tidings()?, data).await
    }

    /// Starts a prepared app, which keeps all it knows in a folder.
    pub async fn open_with(app: App, data: &Path) -> Result<Self> {
        let data = data.to_str().context("an odd folder")?;
        let window = app.arg("--data-dir").arg(data).open().await?;
        Ok(Self { window })
    }

    /// From the welcome screen into the local workspace.
    pub async fn enter_local(&self) -> Result<()> {
        self.window.wait("welcome").await?;
        self.window.click("welcome-local").await?;
        self.entered().await
    }

    /// From the welcome screen to a project's sign-in form.
    pub async fn connect(&self, url: &str, key: &str) -> Result<()> {
        self.fill_in(url, key).await?;
        self.go_on().await
    }

    /// Fills in the connect form, until the project is found to be good.
    pub async fn fill_in(&self, url: &str, key: &str) -> Result<()> {
        self.window.wait("welcome").await?;
        self.window.click("welcome-connect").await?;
        self.window.fill("connect-url", url).await?;
        self.window.fill("connect-key", key).await?;
        self.enabled("connect-submit").await
    }

    /// From the connect form, filled in, to the sign-in form.
    pub async fn go_on(&self) -> Result<()> {
        self.window.click("connect-submit").await?;
        self.window.wait("signin-email").await?;
        Ok(())
    }

    /// Makes an account in the sign-in form.
    pub async fn sign_up(&self, actor: &Actor) -> Result<()> {
        self.window.click("signin-turn").await?;
        self.sign_in(actor).await
    }

    /// Fills in the sign-in form.
    pub async fn sign_in(&self, actor: &Actor) -> Result<()> {
        self.window.fill("signin-email", actor.email).await?;
        self.window.fill("signin-password", actor.password).await?;
        self.enabled("signin-submit").await?;
        self.window.click("signin-submit").await?;
        self.window.wait("new-session").await?;
        Ok(())
    }

    /// Waits until a conversation is open.
    pub async fn entered(&self) -> Result<()> {
        self.window.wait("composer").await?;
        Ok(())
    }

    /// Makes a session and opens it.
    pub async fn new_session(&self, title: &str) -> Result<()> {
        self.window.click("new-session").await?;
        self.window.fill("session-name", title).await?;
        self.window.click("session-create").await?;
        self.entered().await
    }

    /// Writes a message and sends it.
    pub async fn say(&self, text: &str) -> Result<()> {
        let enter = char::from(Key::Enter);
        self.window
            .type_into("composer", &format!("{text}{enter}"))
            .await
    }

    /// Waits until a message that holds a text is shown.
    pub async fn message(&self, text: &str) -> Result<String> {
        self.window
            .wait_text("message", |shown| shown.contains(text))
            .await
    }

    /// Waits until no message holds a text.
    pub async fn message_gone(&self, text: &str) -> Result<()> {
        wait_for(&format!("the end of {text:?}"), DEADLINE, async || {
            let shown = self.window.texts("message").await.ok()?;
            (!shown.iter().any(|shown| shown.contains(text))).then_some(())
        })
        .await
    }

    /// Waits until the own message that holds a text is in a state, say `delivered`.
    pub async fn message_state(&self, text: &str, state: &str) -> Result<()> {
        let css = format!("[data-testid=\"message\"][data-state=\"{state}\"]");
        wait_for(&format!("{text:?} {state}"), DEADLINE, async || {
            for found in self
                .window
                .client()
                .find_all(Locator::Css(&css))
                .await
                .ok()?
            {
                if found.text().await.ok()?.contains(text) {
                    return Some(());
                }
            }
            None
        })
        .await
    }

    /// Asks the engine as the page does, whether the window is shown or not.
    pub async fn ask(&self, command: &str, arguments: Value) -> Result<Value> {
        const ASK: &str = "const [command, args] = arguments; \
            return window.__TAURI_INTERNALS__.invoke('call', { command, args })";
        let asked = self.window.run(ASK, vec![json!(command), arguments]);
        asked
            .await
            .with_context(|| format!("{command} was refused"))
    }

    /// Makes a rule that tells when a symbol rises to a price.
    pub async fn alert_above(&self, symbol: &str, price: &str) -> Result<()> {
        self.draft_alert(symbol, price).await?;
        self.save_alert().await
    }

    /// Fills in the editor for such a rule.
    pub async fn draft_alert(&self, symbol: &str, price: &str) -> Result<()> {
        self.tab("alerts").await?;
        self.window.click("alert-new").await?;
        let chosen = self.window.wait("alert-symbol").await?;
        if chosen.attr("data-value").await?.as_deref() != Some(symbol) {
            self.choose("alert-symbol", symbol).await?;
        }
        self.window.fill("alert-price", price).await?;
        self.enabled("alert-create").await
    }

    /// Saves the rule in the editor.
    pub async fn save_alert(&self) -> Result<()> {
        self.window.click("alert-create").await?;
        if let Err(error) = self.window.wait_gone("alert-editor").await {
            let editor = self.window.texts("alert-editor").await?;
            let toasts = self.window.texts("toast").await?;
            return Err(error.context(format!("it says {editor:?}, beside it {toasts:?}")));
        }
        self.window.wait("alert-row").await?;
        Ok(())
    }

    /// Waits until the open chart has its line: a canvas on which something is drawn.
    pub async fn chart(&self) -> Result<()> {
        const PAINTED: &str = "
            const canvases = [...document.querySelectorAll('[data-testid=chart] canvas')];
            return canvases.some((canvas) => {
                const { width, height } = canvas;
                const picture = canvas.getContext('2d').getImageData(0, 0, width, height);
                return picture.data.some((part) => part > 0);
            })";
        self.window.wait("chart").await?;
        wait_for("the line of the chart", DEADLINE, async || {
            let painted = self.window.run(PAINTED, Vec::new()).await.ok()?;
            (painted == true).then_some(())
        })
        .await
    }

    /// Chooses `light`, `dark` or `system` in the settings.
    pub async fn theme(&self, name: &str) -> Result<()> {
        self.window.click("settings-open").await?;
        self.window.click(&format!("theme-{name}")).await?;
        self.window.click("settings-close").await?;
        self.entered().await
    }

    /// Waits until nothing on the page moves, and two frames have been drawn.
    pub async fn settled(&self) -> Result<()> {
        let moving = "return document.getAnimations().filter((each) => \
                      each.playState === 'running' && \
                      each.effect?.getComputedTiming().iterations !== Infinity).length";
        wait_for("a page at rest", DEADLINE, async || {
            (self.window.run(moving, Vec::new()).await.ok()? == 0).then_some(())
        })
        .await?;
        let frames = "return new Promise((done) => requestAnimationFrame(() => \
                      requestAnimationFrame(() => done(true))))";
        self.window.run(frames, Vec::new()).await?;
        Ok(())
    }

    /// Shows a tab of the panel: `market`, `alerts` or `details`.
    pub async fn tab(&self, name: &str) -> Result<()> {
        // Whether it is open says its switch: just after a start an open panel is not drawn yet.
        let toggle = self.window.wait("panel-toggle").await?;
        if toggle.attr("aria-expanded").await?.as_deref() != Some("true") {
            self.window.click("panel-toggle").await?;
        }
        self.window.click(&format!("tab-{name}")).await
    }

    /// Chooses in the menu of a choice, by its value.
    pub async fn choose(&self, testid: &str, value: &str) -> Result<()> {
        self.window.click(testid).await?;
        let option = format!("[data-testid=\"{testid}-option\"][data-value=\"{value}\"]");
        let what = format!("{value} of {testid}");
        wait_for(&what, DEADLINE, async || {
            let found = self.window.client().find(Locator::Css(&option)).await;
            found.ok()?.click().await.ok()
        })
        .await
    }

    /// Waits until somebody is shown to be typing.
    pub async fn typing(&self, who: &str) -> Result<()> {
        self.cut_text("typing", who).await
    }

    /// Waits until an element with a test id says a text that may be cut short on the screen.
    /// Asked of the page: for such elements the driver gives no text.
    pub async fn cut_text(&self, testid: &str, text: &str) -> Result<()> {
        let script = "return [...document.querySelectorAll(`[data-testid=\"${arguments[0]}\"]`)]\
                      .some((each) => each.innerText.includes(arguments[1]))";
        wait_for(&format!("{text:?} in {testid}"), DEADLINE, async || {
            let said = self
                .window
                .run(script, vec![testid.into(), text.into()])
                .await
                .ok()?;
            (said == true).then_some(())
        })
        .await
    }

    /// Waits until the ticker shows a price for a symbol.
    pub async fn ticker(&self, symbol: &str, price: &str) -> Result<()> {
        self.window
            .wait_text("ticker-symbol", |shown| {
                shown.contains(symbol) && shown.contains(price)
            })
            .await?;
        Ok(())
    }

    /// Waits for the banner of a name, say `offline`.
    pub async fn banner(&self, name: &str) -> Result<String> {
        let css = format!("[data-testid=\"banner\"][data-kind=\"{name}\"]");
        wait_for(&format!("the banner {name}"), DEADLINE, async || {
            let banner = self.window.client().find(Locator::Css(&css)).await.ok()?;
            banner.text().await.ok()
        })
        .await
    }

    /// Closes the window to the tray, and returns once it is hidden.
    pub async fn close_to_tray(&self) -> Result<()> {
        self.press_close().await?;
        wait_for("a hidden window", DEADLINE, async || {
            (!self.visible().await.ok()?).then_some(())
        })
        .await
    }

    /// Waits until the window is shown.
    pub async fn shown(&self) -> Result<()> {
        wait_for("a window that is shown", DEADLINE, async || {
            self.visible().await.ok()?.then_some(())
        })
        .await
    }

    /// Presses the window's own close button.
    pub async fn press_close(&self) -> Result<()> {
        let button = Locator::Css(".controls button:last-child");
        Ok(self.window.client().find(button).await?.click().await?)
    }

    /// Whether the page is shown on the screen, as the page is told.
    pub async fn visible(&self) -> Result<bool> {
        let state = self
            .window
            .run("return document.visibilityState", Vec::new())
            .await?;
        Ok(state == "visible")
    }

    /// Waits until something can be used.
    pub async fn enabled(&self, testid: &str) -> Result<()> {
        wait_for(&format!("{testid} enabled"), DEADLINE, async || {
            let element = self.window.wait(testid).await.ok()?;
            element.is_enabled().await.ok()?.then_some(())
        })
        .await
    }
}
