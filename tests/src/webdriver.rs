//! The app's real window, driven through WebDriver.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Debug;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use fantoccini::actions::{InputSource as _, MouseActions, PointerAction};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tidings_testkit::{DEADLINE, Program, Running, binary, find_on_path, wait_for};

use crate::process::Process;

/// A free port may be taken by somebody else before the driver takes it.
const PORT_TRIES: usize = 3;
/// A window opens slowly on a busy machine.
const OPENING: Duration = Duration::from_mins(1);

/// A picture of a page that paints.
const PICTURE: Duration = Duration::from_secs(30);
const BEGIN_PAINTING: &str = "
    const dot = document.createElement('div');
    dot.id = 'painting';
    dot.style.cssText = 'position:fixed;inset:0 auto auto 0;width:1px;height:1px;pointer-events:none';
    document.body.append(dot);
    let turn = 0;
    dot.dataset.timer = setInterval(() => {
      turn = 1 - turn;
      dot.style.background = `rgba(128, 128, 128, ${0.001 + turn / 1000})`;
    }, 20);";
const END_PAINTING: &str = "
    const dot = document.getElementById('painting');
    clearInterval(Number(dot.dataset.timer));
    dot.remove();";

/// A program with a webview, about to be opened.
#[derive(Debug, Clone)]
pub struct App {
    application: PathBuf,
    args: Vec<String>,
    env: Vec<(OsString, OsString)>,
}

/// The open window. Dropping it ends the program and its driver.
#[derive(Debug)]
pub struct Window {
    application: PathBuf,
    client: Client,
    driver: Running,
}

impl App {
    /// Tidings: `TIDINGS_APP`, else the program as built.
    pub fn tidings() -> Result<Self> {
        let application = match env::var_os("TIDINGS_APP") {
            Some(path) => path.into(),
            None => binary("tidings")?,
        };
        Ok(Self::at(application))
    }

    /// Any other program.
    pub fn at(application: impl Into<PathBuf>) -> Self {
        Self {
            application: application.into(),
            args: Vec::new(),
            env: Vec::new(),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.application
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let pair = (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.env.push(pair);
        self
    }

    /// Starts it without a driver.
    pub fn start(&self) -> Result<Running> {
        let program = Program::new(&self.application).args(&self.args);
        let started = self
            .env
            .iter()
            .fold(program, |program, (name, value)| program.env(name, value));
        started.with_children().start()
    }

    /// Starts it and waits for its window.
    pub async fn open(&self) -> Result<Window> {
        let mut capabilities = Capabilities::new();
        // No browserName: the driver would compare it with what the program calls itself.
        capabilities.insert(
            "tauri:options".to_owned(),
            json!({ "application": self.application, "args": self.args }),
        );
        let (driver, url) = self.driver().await?;
        let mut client = ClientBuilder::new(HttpConnector::new());
        client.capabilities(capabilities);
        let connected = tokio::time::timeout(OPENING, client.connect(&url)).await;
        let problem = match connected {
            Ok(Ok(client)) => {
                return Ok(Window {
                    application: self.application.clone(),
                    client,
                    driver,
                });
            }
            Ok(Err(error)) => anyhow!(error),
            Err(late) => anyhow!(late),
        };
        Err(problem.context(format!(
            "no window of {}; its driver said: {}",
            self.application.display(),
            driver.said()
        )))
    }

    async fn driver(&self) -> Result<(Running, String)> {
        let program = tauri_driver()?;
        let mut problem = anyhow!("no driver");
        for _ in 0..PORT_TRIES {
            let [port, native_port] = free_ports()?;
            let mut driver = Program::new(&program)
                .args(["--port", &port.to_string()])
                .args(["--native-port", &native_port.to_string()])
                .with_children();
            for (name, value) in &self.env {
                driver = driver.env(name, value);
            }
            let mut driver = driver.start()?;
            let url = format!("http://127.0.0.1:{port}/");
            match ready(&mut driver, [port, native_port]).await {
                Ok(()) => return Ok((driver, url)),
                Err(error) => problem = error.context(driver.said()),
            }
        }
        Err(problem.context(format!("{} does not start", program.display())))
    }
}

impl Window {
    /// The driver's client, for what has no helper here.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What the app and its driver said last.
    pub fn said(&self) -> String {
        self.driver.said()
    }

    /// The element with a test id, once it is there.
    pub async fn wait(&self, testid: &str) -> Result<Element> {
        self.until(&format!("an element {testid}"), async || {
            self.client.find(Locator::Css(&by_testid(testid))).await
        })
        .await
    }

    /// Waits until no element has a test id.
    pub async fn wait_gone(&self, testid: &str) -> Result<()> {
        wait_for(&format!("{testid} gone"), DEADLINE, async || {
            (self.all(testid).await.ok()?.is_empty()).then_some(())
        })
        .await
    }

    /// All elements with a test id, in the page's order, as they are now.
    pub async fn all(&self, testid: &str) -> Result<Vec<Element>> {
        let css = by_testid(testid);
        Ok(self.client.find_all(Locator::Css(&css)).await?)
    }

    /// The texts of all elements with a test id, as they are now.
    pub async fn texts(&self, testid: &str) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for element in self.all(testid).await? {
            texts.push(element.text().await?);
        }
        Ok(texts)
    }

    /// The text of the element with a test id, once it is there.
    pub async fn text(&self, testid: &str) -> Result<String> {
        self.until(&format!("the text of {testid}"), async || {
            let css = by_testid(testid);
            self.client.find(Locator::Css(&css)).await?.text().await
        })
        .await
    }

    /// Waits until some element with a test id has a text as asked, and returns the text.
    pub async fn wait_text(&self, testid: &str, is_it: impl Fn(&str) -> bool) -> Result<String> {
        let mut last = Vec::new();
        let found = wait_for(&format!("the text of {testid}"), DEADLINE, async || {
            last = self.texts(testid).await.ok()?;
            last.iter().find(|text| is_it(text)).cloned()
        })
        .await;
        found.with_context(|| format!("the texts were {last:?}"))
    }

    /// Clicks the element with a test id, once it is there and can be clicked.
    pub async fn click(&self, testid: &str) -> Result<()> {
        self.until(&format!("a click on {testid}"), async || {
            let css = by_testid(testid);
            self.client.find(Locator::Css(&css)).await?.click().await
        })
        .await
    }

    /// Puts a text in the place of what a field holds.
    pub async fn fill(&self, testid: &str, text: &str) -> Result<()> {
        self.until(&format!("a text in {testid}"), async || {
            let css = by_testid(testid);
            let field = self.client.find(Locator::Css(&css)).await?;
            field.clear().await?;
            field.send_keys(text).await
        })
        .await
    }

    /// Types at the end of what a field holds. A field that the page takes away before the first key
    /// has another in its place.
    pub async fn type_into(&self, testid: &str, text: &str) -> Result<()> {
        self.until(&format!("keys for {testid}"), async || {
            let css = by_testid(testid);
            self.client
                .find(Locator::Css(&css))
                .await?
                .send_keys(text)
                .await
        })
        .await
    }

    /// Presses a key wherever the focus is.
    pub async fn press(&self, key: Key) -> Result<()> {
        let focused = self.client.active_element().await?;
        Ok(focused.send_keys(&char::from(key).to_string()).await?)
    }

    /// Holds the middle of the element with a test id, moves it down by so many pixels, and lets go.
    pub async fn drag(&self, testid: &str, down: f64) -> Result<()> {
        let element = self.wait(testid).await?;
        let step = Duration::from_millis(100);
        let hand = MouseActions::new("hand".to_owned())
            .then(PointerAction::MoveToElement {
                element,
                duration: Some(step),
                x: 0.0,
                y: 0.0,
            })
            .then(PointerAction::Down { button: 0 })
            .then(PointerAction::MoveBy {
                duration: Some(step),
                x: 0.0,
                y: down,
            })
            .then(PointerAction::Up { button: 0 });
        self.client.perform_actions(hand).await?;
        Ok(self.client.release_actions().await?)
    }

    /// Runs a script in the page; `return` gives its value.
    pub async fn run(&self, script: &str, args: Vec<Value>) -> Result<Value> {
        Ok(self.client.execute(script, args).await?)
    }

    /// Takes a picture of the page. WebKit takes it after the next time that it paints, which on a
    /// page at rest never comes: so a dot that nobody can see has it paint.
    pub async fn screenshot(&self, png: &Path) -> Result<()> {
        self.run(BEGIN_PAINTING, Vec::new()).await?;
        let picture = tokio::time::timeout(PICTURE, self.client.screenshot()).await;
        self.run(END_PAINTING, Vec::new()).await?;
        let picture = picture.context("the page was not painted")??;
        tokio::fs::write(png, picture)
            .await
            .with_context(|| format!("could not write {}", png.display()))
    }

    /// Closes the session, and with it the program, ends the driver, and waits until no program of
    /// this kind runs any more.
    pub async fn close(self) -> Result<()> {
        let closed = tokio::time::timeout(OPENING, self.client.close()).await;
        self.driver.stop().await?;
        // One that is started while it ends would find its name on the bus, and then nobody.
        wait_for("the end of the program", OPENING, async || {
            Process::running(&self.application).is_err().then_some(())
        })
        .await?;
        Ok(closed.context("the window does not close")??)
    }

    /// Tries until it succeeds. The last failure is told when it never does.
    async fn until<T: Debug>(
        &self,
        what: &str,
        mut action: impl AsyncFnMut() -> Result<T, CmdError>,
    ) -> Result<T> {
        let mut last = None;
        let done = wait_for(what, DEADLINE, async || match action().await {
            Ok(done) => Some(done),
            Err(error) => {
                last = Some(error);
                None
            }
        })
        .await;
        done.map_err(|error| match last {
            Some(reason) => error.context(reason),
            None => error,
        })
    }
}

fn by_testid(testid: &str) -> String {
    format!("[data-testid=\"{testid}\"]")
}

/// `TIDINGS_TAURI_DRIVER`, else on the `PATH`, else where Cargo installs it.
fn tauri_driver() -> Result<PathBuf> {
    if let Some(path) = env::var_os("TIDINGS_TAURI_DRIVER") {
        return Ok(path.into());
    }
    if let Ok(path) = find_on_path("tauri-driver") {
        return Ok(path);
    }
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| {
        let home = env::var_os("HOME")?;
        Some(Path::new(&home).join(".cargo"))
    });
    home.map(|home| home.join("bin/tauri-driver"))
        .filter(|path| path.is_file())
        .context("no tauri-driver (cargo install tauri-driver --version '^2' --locked)")
}

/// Two different ports that are free now.
fn free_ports() -> Result<[u16; 2]> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let second = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok([first.local_addr()?.port(), second.local_addr()?.port()])
}

/// Waits until both the driver and the one below it take connections.
async fn ready(driver: &mut Running, ports: [u16; 2]) -> Result<()> {
    let up = wait_for("the driver", OPENING, async || {
        if !driver.is_running() {
            return Some(false);
        }
        for port in ports {
            let there = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port));
            there.await.ok()?;
        }
        Some(true)
    });
    if up.await? {
        Ok(())
    } else {
        Err(anyhow!("the driver ended"))
    }
}
