//! Secrets kept by whoever started the program, and asked for over a Unix socket: for tests that
//! kill the program and start it again on the same directory, where no key store runs.
//!
//! Each question is a line of JSON, `{"get": name}`, `{"set": name, "value": text}` or
//! `{"delete": name}`; each answer is one, `{"value": text or null}` or `{"error": text}`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tidings_engine::{Secrets, SecretsError};
use zeroize::Zeroizing;

/// The other end of the socket.
pub struct Keeper(Mutex<BufReader<UnixStream>>);

#[derive(Serialize)]
#[serde(untagged)]
enum Question<'a> {
    Get { get: &'a str },
    Set { set: &'a str, value: &'a str },
    Delete { delete: &'a str },
}

#[derive(Deserialize)]
struct Answer {
    value: Option<String>,
    error: Option<String>,
}

impl Keeper {
    /// Connects to the socket, which lies in a directory that only its owner may enter.
    pub fn connect(socket: &Path) -> std::io::Result<Self> {
        Ok(Self(Mutex::new(BufReader::new(UnixStream::connect(
            socket,
        )?))))
    }

    fn ask(&self, question: &Question<'_>) -> Result<Option<Zeroizing<String>>, SecretsError> {
        let broken = |error: std::io::Error| SecretsError(format!("its keeper is gone: {error}"));
        let mut line = Zeroizing::new(
            serde_json::to_string(question).map_err(|error| SecretsError(error.to_string()))?,
        );
        line.push('\n');
        let mut socket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        socket
            .get_mut()
            .write_all(line.as_bytes())
            .map_err(broken)?;
        let mut answer = Zeroizing::new(String::new());
        socket.read_line(&mut answer).map_err(broken)?;
        let answer: Answer = serde_json::from_str(&answer)
            .map_err(|error| SecretsError(format!("its keeper answers in riddles: {error}")))?;
        match answer.error {
            Some(error) => Err(SecretsError(error)),
            None => Ok(answer.value.map(Zeroizing::new)),
        }
    }
}

impl Secrets for Keeper {
    fn get(&self, name: &str) -> Result<Option<Zeroizing<String>>, SecretsError> {
        self.ask(&Question::Get { get: name })
    }

    fn set(&self, name: &str, value: &str) -> Result<(), SecretsError> {
        self.ask(&Question::Set { set: name, value }).map(drop)
    }

    fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.ask(&Question::Delete { delete: name }).map(drop)
    }

    fn durable(&self) -> bool {
        true
    }
}
