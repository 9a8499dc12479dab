//! What users ask of their clients, and what the ledger keeps of what was accepted.

use tidings_contract::{self as api, ApiError, ErrorCode, SendState};

use crate::ledger::Who;
use crate::oracle;
use crate::program::Act;
use crate::world::World;

/// What became of a command; none when there is nothing that it could be about.
type Done = Result<Option<Result<(), ApiError>>, String>;

impl World {
    pub async fn act(&mut self, who: usize, act: Act) -> Result<(), String> {
        if !self.clients[who].runs() {
            return Ok(());
        }
        let done = match act {
            Act::Send { session } => self.send(who, session).await?,
            Act::Edit { message } => self.edit(who, message).await,
            Act::Delete { message } => self.delete(who, message).await,
            Act::CreateSession
            | Act::Title { .. }
            | Act::Archive { .. }
            | Act::DeleteSession { .. }
            | Act::Open { .. }
            | Act::ReadAll { .. } => self.of_session(who, act).await?,
            Act::Retry { change } => match self.failed(who, change).await? {
                Some(message) => {
                    let args = api::RetryMessage { message };
                    Some(self.clients[who].call(args).await.map(drop))
                }
                None => None,
            },
            Act::Discard { change } => match self.failed(who, change).await? {
                Some(message) => {
                    let args = api::DiscardMessage { message };
                    Some(self.clients[who].call(args).await.map(drop))
                }
                None => None,
            },
            Act::Disconnect => {
                self.clients[who].in_trouble();
                let disconnected = self.clients[who].call(api::Disconnect {}).await;
                Some(disconnected.map(drop))
            }
            Act::Connect => Some(self.clients[who].call(api::Connect {}).await.map(drop)),
        };
        match done {
            // Refused at once and in words: deleted meanwhile, not here, without access.
            Some(Err(error)) if !expected(&error) => {
                Err(format!("client {who} was asked {act:?}: {error:?}"))
            }
            _ => Ok(()),
        }
    }

    async fn send(&mut self, who: usize, session: usize) -> Done {
        let Some(session) = self.session(who, session).await? else {
            return Ok(None);
        };
        let (by, content) = (Who::Client(who), self.ledger.text(Who::Client(who)));
        let args = api::SendMessage {
            session: session.clone(),
            content: content.clone(),
            reply_to: None,
        };
        let sent = self.clients[who].call(args).await;
        Ok(Some(sent.map(|row| {
            let user = &self.clients[who].user;
            self.ledger.add(row.id, &session, by, user, &content);
        })))
    }

    async fn edit(&mut self, who: usize, message: usize) -> Option<Result<(), ApiError>> {
        let message = self.own_message(who, message)?;
        let content = self.ledger.new_text(&message, Who::Client(who));
        let args = api::EditMessage {
            message: message.clone(),
            content: content.clone(),
        };
        let edited = self.clients[who].call(args).await;
        Some(edited.map(|_| self.ledger.edited(&message, Who::Client(who), content)))
    }

    async fn delete(&mut self, who: usize, message: usize) -> Option<Result<(), ApiError>> {
        let message = self.own_message(who, message)?;
        let args = api::DeleteMessage {
            message: message.clone(),
        };
        let deleted = self.clients[who].call(args).await;
        Some(deleted.map(|_| self.ledger.deleted(&message, Who::Client(who))))
    }

    async fn of_session(&mut self, who: usize, act: Act) -> Done {
        let (Act::Title { session: number }
        | Act::Archive { session: number }
        | Act::DeleteSession { session: number }
        | Act::Open { session: number }
        | Act::ReadAll { session: number }) = act
        else {
            let title = Some(self.ledger.text(Who::Client(who)));
            let made = self.clients[who].call(api::CreateSession { title }).await;
            return Ok(Some(made.map(drop)));
        };
        let Some(session) = self.session(who, number).await? else {
            return Ok(None);
        };
        let client = &self.clients[who];
        let done = match act {
            Act::Title { .. } => {
                let title = Some(self.ledger.text(Who::Client(who)));
                let args = api::UpdateSession {
                    session,
                    title,
                    status: None,
                };
                client.call(args).await.map(drop)
            }
            Act::Archive { .. } => {
                let args = api::UpdateSession {
                    session,
                    title: None,
                    status: Some(api::SessionStatusName::Archived),
                };
                client.call(args).await.map(drop)
            }
            Act::DeleteSession { .. } => {
                let args = api::DeleteSession {
                    session: session.clone(),
                };
                let deleted = client.call(args).await;
                deleted.map(|_| {
                    self.ledger.session_deleted(session, Who::Client(who));
                })
            }
            Act::Open { .. } => client.call(api::OpenSession { session }).await.map(drop),
            _ => oracle::pages(client, &session).await.map(drop),
        };
        Ok(Some(done))
    }

    /// One of the sessions that a client shows.
    async fn session(&self, who: usize, number: usize) -> Result<Option<String>, String> {
        let listed = self.clients[who].call(api::ListSessions {}).await;
        let mut rows = listed.map_err(|error| format!("client {who} lists nothing: {error:?}"))?;
        // In an order that a program can rely on.
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(rows
            .get(number % rows.len().max(1))
            .map(|row| row.id.clone()))
    }

    fn own_message(&self, who: usize, number: usize) -> Option<String> {
        self.ledger.pick(number, Some(&self.clients[who].user))
    }

    /// The message of one of the changes that failed, about to be decided by hand.
    async fn failed(&mut self, who: usize, number: usize) -> Result<Option<String>, String> {
        let listed = self.clients[who].call(api::ListOutbox {}).await;
        let rows = listed.map_err(|error| format!("client {who} has no outbox: {error:?}"))?;
        let failed: Vec<String> = rows
            .into_iter()
            .filter(|row| matches!(row.state, SendState::Failed { .. }))
            .filter_map(|row| row.message)
            .collect();
        let message = failed.get(number % failed.len().max(1)).cloned();
        if let Some(message) = &message {
            self.ledger.touched(message);
        }
        Ok(message)
    }
}

/// What a user may be told of what cannot be done.
fn expected(error: &ApiError) -> bool {
    matches!(
        error.code,
        ErrorCode::NotFound | ErrorCode::Invalid | ErrorCode::Offline
    )
}
