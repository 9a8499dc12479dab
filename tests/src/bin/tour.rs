//! Drives the real window through the main job and leaves a picture of each step.
//!
//! `tour --out DIR`, inside a desktop session of its own (`cargo xtask tour` makes one).

use std::env;
use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::json;
use tidings_model::{Clock as _, SystemClock};
use tidings_testkit::{DEADLINE, alice, bob, scratch, wait_for};
use tidings_tests::dbus::{Bus, Notifications, Tray};
use tidings_tests::peer::{Peer, Room};
use tidings_tests::project::Project;
use tidings_tests::tidings::Tidings;

/// Prices a day old and newer, one every five minutes.
const HISTORY: i64 = 288;
const BETWEEN_MS: i64 = 5 * 60 * 1000;

/// Numbers the pictures.
struct Album {
    folder: PathBuf,
    taken: u32,
}

impl Album {
    async fn take(&mut self, tidings: &Tidings, name: &str) -> Result<()> {
        self.taken += 1;
        let picture = self.folder.join(format!("{:02}-{name}.png", self.taken));
        tidings.settled().await?;
        tidings.window.screenshot(&picture).await?;
        println!("{}", picture.display());
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1);
    let folder = match (arguments.next(), arguments.next(), arguments.next()) {
        (Some(flag), Some(folder), None) if flag == "--out" => PathBuf::from(folder),
        _ => bail!("usage: tour --out DIR"),
    };
    if let Some(reason) = tidings_tests::display::lacking() {
        bail!("{reason}; `cargo xtask tour` makes a screen in memory");
    }
    let mut album = Album { folder, taken: 0 };
    local(&mut album).await?;
    project(&mut album).await
}

/// The welcome screen and the local workspace.
async fn local(album: &mut Album) -> Result<()> {
    let data = scratch()?;
    let tidings = Tidings::open(data.path()).await?;
    tidings.window.wait("welcome").await?;
    album.take(&tidings, "welcome").await?;
    tidings.enter_local().await?;
    tidings.window.wait("ticker-price").await?;
    tidings.say("/help").await?;
    tidings.message("/price").await?;
    album.take(&tidings, "local-workspace").await?;
    tidings.window.close().await
}

/// A project of one's own, with a second client at it.
async fn project(album: &mut Album) -> Result<()> {
    let bus = Bus::session()?;
    let (desktop, tray) = (Notifications::start(&bus).await?, Tray::start(&bus).await?);
    let project = Project::start().await;
    prices(&project).await?;
    let guest = project.newcomer(&bob()).await;
    let data = scratch()?;
    let tidings = Tidings::open(data.path()).await?;
    tidings
        .fill_in(&project.proxy.url(), &project.key())
        .await?;
    album.take(&tidings, "connect").await?;
    tidings.go_on().await?;
    tidings.sign_up(&alice()).await?;
    for title in ["Reading list", "Trip to Lisbon", "Launch plan"] {
        tidings.new_session(title).await?;
    }
    let talk = Talk {
        project: &project,
        guest: &guest,
        session: session(&project, "Launch plan").await?,
    };
    converse(&talk, &tidings).await?;
    let mut room = talk.enter().await?;
    talk.types(&mut room).await?;
    tidings.typing("Bob").await?;
    album.take(&tidings, "conversation").await?;

    tidings.tab("market").await?;
    tidings.ticker("BTC", "69,").await?;
    tidings.window.click("watch-row").await?;
    tidings.chart().await?;
    album.take(&tidings, "ticker").await?;

    tidings.draft_alert("BTC", "70000").await?;
    album.take(&tidings, "alert").await?;
    tidings.save_alert().await?;
    // With the window in front the window itself would say it.
    tidings.press_close().await?;
    hidden(&tidings, true).await?;
    project.price("BTC", "70012.60").await;
    let notice = desktop
        .wait("the alert", DEADLINE, |n| n.summary.contains("70,000"))
        .await?;
    println!("notification: {}: {}", notice.summary, notice.body);
    let menu = tray.wait_item(DEADLINE).await?.menu().await?;
    println!("tray: {}", menu.labels().join(" | "));
    desktop.click(&notice, "open_chart").await?;
    hidden(&tidings, false).await?;
    tidings.tab("alerts").await?;
    tidings.window.wait("alert-history-row").await?;
    album.take(&tidings, "alert-fired").await?;

    project.proxy.go_offline();
    tidings.banner("offline").await?;
    tidings
        .say("I am on the train, this one goes out later.")
        .await?;
    tidings.message_state("on the train", "queued").await?;
    album.take(&tidings, "offline").await?;
    project.proxy.heal();
    tidings.window.click("try-now").await?;
    tidings.message_state("on the train", "delivered").await?;
    tidings.theme("dark").await?;
    album.take(&tidings, "dark").await?;
    tidings.theme("light").await?;
    album.take(&tidings, "light").await?;
    tidings.window.close().await
}

/// Waits until the window is in the tray, or back from there.
async fn hidden(tidings: &Tidings, wanted: bool) -> Result<()> {
    wait_for("the window", DEADLINE, async || {
        let visible = tidings.visible().await.ok()?;
        (visible != wanted).then_some(())
    })
    .await?;
    Ok(())
}

/// What is said in the pictures.
async fn converse(talk: &Talk<'_>, tidings: &Tidings) -> Result<()> {
    tidings
        .say("Morning! Are we still on for Thursday?")
        .await?;
    tidings.message_state("Thursday", "delivered").await?;
    talk.answer(
        "user",
        "Yes. The release notes are **done**, the pictures are not.",
    )
    .await?;
    tidings.message("release notes").await?;
    tidings
        .say("I'll take the pictures. What does the price table look like?")
        .await?;
    tidings.message_state("price table", "delivered").await?;
    let table = "Two columns matter:\n\n```sql\nselect symbol, price\nfrom crypto_prices\norder by \
                 last_updated desc;\n```";
    talk.answer("assistant", table).await?;
    tidings.message("Two columns").await?;
    tidings
        .say("Good. I set an alert at 70,000 so that we notice.")
        .await?;
    tidings.message_state("70,000", "delivered").await
}

struct Talk<'a> {
    project: &'a Project,
    guest: &'a Peer,
    session: String,
}

impl Talk<'_> {
    /// Somebody else writes in the session.
    async fn answer(&self, role: &str, content: &str) -> Result<()> {
        let person = role == "user";
        let row = json!({
            "session_id": self.session,
            "role": role,
            "content": content,
            "user_id": person.then(|| self.guest.user()),
            "metadata": if person { json!({"user_name": "Bob"}) } else { json!({}) },
        });
        self.project.service().insert("chat_messages", row).await?;
        Ok(())
    }

    async fn enter(&self) -> Result<Room> {
        let config = json!({"presence": {"enabled": true, "key": self.guest.user()}});
        let mut room = self
            .guest
            .join(&format!("session:{}", self.session), config)
            .await?;
        let meta = json!({"user_id": self.guest.user(), "user_name": "Bob", "status": "online"});
        room.track(meta).await?;
        Ok(room)
    }

    async fn types(&self, room: &mut Room) -> Result<()> {
        let typing = json!({"user_id": self.guest.user(), "user_name": "Bob", "typing": true});
        room.broadcast("typing", typing).await
    }
}

/// The id of a session by its title, once the project has it.
async fn session(project: &Project, title: &str) -> Result<String> {
    let query = format!("title=eq.{}", title.replace(' ', "%20"));
    let service = project.service();
    wait_for("the session at the project", DEADLINE, async || {
        let rows = service.select("chat_sessions", &query).await.ok()?;
        Some(rows.first()?["id"].as_str()?.to_owned())
    })
    .await
}

/// A day of prices in whole cents: a slow wave and a little noise, the same each time.
async fn prices(project: &Project) -> Result<()> {
    let now = SystemClock.now().as_millis();
    let mut rows = Vec::new();
    for (symbol, last, change) in [
        ("BTC", 6_934_025, "1.24"),
        ("ETH", 352_480, "-0.42"),
        ("SOL", 15_840, "3.10"),
    ] {
        let mut noise: i64 = last;
        for back in (0..HISTORY).rev() {
            noise = (noise * 1_103_515_245 + 12_345).rem_euclid(2_147_483_648);
            let wave = ((back + 48) % 96 - 48).abs() - back / 8;
            let cents = last + wave * last / 4_000 + noise % (last / 1_600);
            let at = tidings_model::Timestamp::from_millis(now - back * BETWEEN_MS);
            rows.push(json!({
                "symbol": symbol,
                "price": format!("{}.{:02}", cents / 100, cents % 100),
                "change_percentage_24h": change,
                "last_updated": at.to_string(),
            }));
        }
    }
    project
        .service()
        .insert("crypto_prices", json!(rows))
        .await?;
    Ok(())
}
