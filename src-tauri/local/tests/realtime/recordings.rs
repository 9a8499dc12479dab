//! The recorded server as the judge: what its clients sent is sent again, and the answers
//! must be the same frames. References that a server invents, row ids and times are named
//! by the order of their first appearance.
//!
//! Frames that the recorded server sends when its own processes get round to it (`system`
//! and presence) may come in another place; all others come in the recorded order.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use tidings_local::LocalServer;
use tidings_local::realtime::{Access, PrivateRule, RealtimeBehaviour};
use tidings_model::{ManualClock, Timestamp};

use crate::client::*;

#[derive(Deserialize)]
struct Line {
    t_ms: f64,
    client: Option<String>,
    dir: String,
    opcode: String,
    text: Option<String>,
    base64: Option<String>,
    params: Option<Vec<String>>,
    headers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    truncated_for_capture: bool,
}

#[derive(Default)]
struct Peer {
    client: Option<Client>,
    expected: Vec<Value>,
    actual: Vec<Value>,
}

impl Peer {
    /// Takes frames until there are as many as in the recording so far.
    async fn catch_up(&mut self, what: &str) {
        while self.actual.len() < self.expected.len() {
            let Some(client) = &mut self.client else {
                return;
            };
            let missing = &self.expected[self.actual.len()..];
            let Ok(frame) = tokio::time::timeout(DEADLINE / 2, client.next()).await else {
                panic!("{what}: these did not come: {missing:#?}");
            };
            self.actual.push(frame);
        }
    }
}

fn behaviour() -> RealtimeBehaviour {
    let rule = |_: &tidings_local::auth::Claims, name: &str| match name {
        "forbidden" => Access::NONE,
        _ => Access::FULL,
    };
    RealtimeBehaviour {
        private: PrivateRule::Custom(Arc::new(rule)),
        ..quick()
    }
}

async fn replay(name: &str, behaviour: RealtimeBehaviour) {
    for version in ["v1", "v2"] {
        let path = Path::new("../../tests/fixtures/captures")
            .join(version)
            .join(format!("{name}.jsonl"));
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Line> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        run(&format!("{version}/{name}"), &lines, behaviour.clone()).await;
    }
}

async fn run(what: &str, lines: &[Line], behaviour: RealtimeBehaviour) {
    let began = lines
        .iter()
        .find_map(|line| line.headers.as_ref()?.get("date"))
        .map(|date| Timestamp::from_http_date(date).unwrap())
        .unwrap();
    let clock = Arc::new(ManualClock::at(began));
    let server = start_at(behaviour, clock.clone()).await;
    let cut_short: Vec<&String> = lines
        .iter()
        .filter(|line| line.truncated_for_capture)
        .filter_map(|line| line.client.as_ref())
        .collect();
    let mut peers: BTreeMap<String, Peer> = BTreeMap::new();
    for line in lines {
        if line.text.as_deref() == Some("end of the scenario; the recorder drops its sockets") {
            break;
        }
        if line
            .client
            .as_ref()
            .is_some_and(|it| cut_short.contains(&it))
        {
            continue;
        }
        #[allow(clippy::cast_possible_truncation)]
        clock.set(Timestamp::from_micros(
            began.as_micros() + (line.t_ms * 1000.0) as i64,
        ));
        if line.dir == "in" {
            let frame = match (line.opcode.as_str(), &line.text, &line.base64) {
                ("text", Some(text), _) => read_text(text),
                ("binary", _, Some(bytes)) => read_binary(&STANDARD.decode(bytes).unwrap()),
                _ => continue,
            };
            // Whether a successor hears its predecessor leave is a race of the recorded
            // server: its two recordings differ. Here it never does.
            if what.ends_with("21_duplicate_join") && frame[4]["leaves"]["me"].is_object() {
                continue;
            }
            let peer = peers.get_mut(line.client.as_ref().unwrap()).unwrap();
            peer.expected.push(frame);
            continue;
        }
        for peer in peers.values_mut() {
            peer.catch_up(what).await;
        }
        if line.dir == "note" && line.opcode == "sql" {
            sql(&server, line).await;
        } else if line.dir == "out" {
            let peer = peers.entry(line.client.clone().unwrap()).or_default();
            send(&server, peer, line).await;
        }
    }
    for (name, peer) in &mut peers {
        peer.catch_up(what).await;
        if let Some(client) = &mut peer.client {
            peer.actual.extend(client.drain().await);
        }
        let what = format!("{what}, client {name}");
        compare(&what, &peer.expected, &peer.actual);
    }
}

async fn send(server: &LocalServer, peer: &mut Peer, line: &Line) {
    match line.opcode.as_str() {
        "open" => {
            let path = line.text.as_ref().unwrap();
            let query = path.split_once('?').unwrap().1;
            let query = query.split('"').next().unwrap();
            peer.client = Some(Client::connect_with(server, query).await.unwrap());
        }
        "text" => {
            let text = line.text.as_deref().unwrap_or_default();
            peer.client.as_mut().unwrap().send_text(text).await;
        }
        "binary" => {
            let bytes = STANDARD.decode(line.base64.as_ref().unwrap()).unwrap();
            peer.client.as_mut().unwrap().send_binary(&bytes).await;
        }
        "tcp_abort" => peer.client = None,
        "close" => {
            if let Some(client) = peer.client.take() {
                client.close().await;
            }
        }
        _ => {}
    }
}

/// The two statements that these recordings hold.
async fn sql(server: &LocalServer, line: &Line) {
    let text = line.text.as_ref().unwrap();
    if let Some(rest) =
        text.strip_prefix("insert into chat_messages(session_id,user_id,content,role) values('")
    {
        let values: Vec<&str> = rest.split('\'').collect();
        let user = &line.params.as_ref().unwrap()[0];
        session(server, values[0], user).await;
        message(server, values[0], user, values[2]).await;
    } else if text == "delete from chat_messages" {
        let table = tidings_local::store::schema::table("chat_messages").unwrap();
        write(server, move |tx| {
            let keys: Vec<String> = {
                let mut statement = tx.connection().prepare("SELECT id FROM chat_messages")?;
                let keys = statement.query_map([], |row| row.get(0))?;
                keys.collect::<Result<_, _>>()?
            };
            for key in keys {
                let key = tidings_local::store::Value::Uuid(key.parse().unwrap());
                if let Some(row) = tx.find(table, &key)? {
                    tx.delete(row)?;
                }
            }
            Ok(())
        })
        .await;
    } else {
        panic!("unknown statement: {text}");
    }
}

fn compare(what: &str, expected: &[Value], actual: &[Value]) {
    let floats = |frame: &Value| {
        frame[3] == "system"
            || frame[3]
                .as_str()
                .is_some_and(|it| it.starts_with("presence_"))
    };
    let sides = [expected, actual].map(|frames| {
        let mut names = Names::default();
        let mut fixed = Vec::new();
        let mut floating = Vec::new();
        for frame in frames {
            let told = names.normalise(frame.clone());
            if floats(frame) {
                floating.push(told.to_string());
            } else {
                fixed.push(told);
            }
        }
        floating.sort();
        (fixed, floating)
    });
    let [expected, actual] = sides;
    assert_eq!(actual.0, expected.0, "{what}: in the recorded order");
    assert_eq!(actual.1, expected.1, "{what}: in any order");
}

/// Names for what every server invents anew.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn normalise(&mut self, mut frame: Value) -> Value {
        // A number as reference comes back as text.
        if let Some(number) = frame[1].as_u64() {
            frame[1] = json!(number.to_string());
        }
        frame[4] = self.value("", frame[4].take());
        frame
    }

    fn value(&mut self, name: &str, value: Value) -> Value {
        match value {
            Value::Object(map) => map
                .into_iter()
                .map(|(key, value)| {
                    let key = if uuid::Uuid::parse_str(&key).is_ok() && name != "record" {
                        self.name("key", &key)
                    } else {
                        key
                    };
                    let value = self.value(&key, value);
                    (key, value)
                })
                .collect(),
            Value::Array(items) => items
                .into_iter()
                .map(|item| self.value(name, item))
                .collect(),
            Value::Number(id) if matches!(name, "id" | "ids") => {
                json!(self.name("id", &id.to_string()))
            }
            Value::String(text) => json!(match name {
                "phx_ref" | "phx_ref_prev" => self.name("ref", &text),
                "id" => self.name("row", &text),
                "commit_timestamp" | "created_at" | "updated_at" => "(time)".to_owned(),
                "message" | "reason" => sentence(&text),
                _ => text,
            }),
            other => other,
        }
    }

    fn name(&mut self, kind: &str, text: &str) -> String {
        let count = self.0.len();
        let name = self.0.entry(text.to_owned());
        name.or_insert_with(|| format!("{kind} {count}")).clone()
    }
}

/// Without white space, and without the number of seconds: recorded times are rounded.
fn sentence(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join("");
    match text.split_once("Tokenhasexpired") {
        Some((before, _)) => format!("{before}Tokenhasexpired"),
        None => text,
    }
}

#[tokio::test]
async fn a_join_with_changes_and_a_leave() {
    replay("01_join_pg_one", behaviour()).await;
}

#[tokio::test]
async fn heartbeats() {
    replay("10_heartbeat", behaviour()).await;
}

#[tokio::test]
async fn refused_joins() {
    replay("12_join_errors", behaviour()).await;
}

#[tokio::test]
async fn bad_bindings() {
    replay("13_bad_postgres_bindings", behaviour()).await;
}

#[tokio::test]
async fn refreshed_tokens() {
    replay("14_access_token_refresh", behaviour()).await;
}

#[tokio::test]
async fn presence() {
    replay("16_presence", behaviour()).await;
}

#[tokio::test]
async fn presence_errors_and_limits() {
    replay("16b_presence_errors_and_limits", behaviour()).await;
}

#[tokio::test]
async fn leaving() {
    replay("20_leave_and_close", behaviour()).await;
}

#[tokio::test]
async fn a_second_join() {
    replay("21_duplicate_join", behaviour()).await;
}

#[tokio::test]
async fn too_many_channels() {
    let behaviour = RealtimeBehaviour {
        channels_per_socket: 3,
        ..behaviour()
    };
    replay("24_rate_limit_channels", behaviour).await;
}

#[tokio::test]
async fn malformed_frames() {
    replay("29_malformed_frames", behaviour()).await;
}

#[tokio::test]
async fn a_join_without_config() {
    replay("33_legacy_join_without_config", behaviour()).await;
}
