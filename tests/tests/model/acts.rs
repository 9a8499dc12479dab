//! What users ask of their clients, and what the ledger keeps of what was accepted.

use tidings_contract::{self as api, ApiError, ErrorCode, SendState};

use crate::ledger::Who;
use crate::oracle;
use crate::program::{Act, CLIENTS};
use crate::world::{ALICE, BOB, World};

/// What became of a command; none when there is nothing that it could be about.
pub type Done = Result<Option<Result<(), ApiError>>, String>;

impl World {
    pub async fn act(&mut self, who: usize, act: Act) -> Result<(), String> {
        if !self.clients[who].runs() {
            return Ok(());
        }
        let guest = self.cast.bob && who == CLIENTS - 1;
        let done = match act {
            Act::Send { session } => self.send(who, session).await?,
            Act::Edit { message } => self.edit(who, message).await,
            Act::Delete { message } => self.delete(who, message).await,
            Act::CreateSession
            | Act::Title { .. }
            | Act::Archive { .. }
            | Act::DeleteSession { .. }
            | Act::Open { .. }
            | Act::ReadAll { .. }
            | Act::MarkRead { .. }
            | Act::RemoveFromDevice { .. } => self.of_session(who, act).await?,
            Act::Retry { change } => match self.failed(who, change).await? {
                Some(message) => {
                    self.ledger.answered(&message);
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
            Act::Share(sharing) => self.share(who, sharing).await?,
            Act::Connect => Some(self.clients[who].call(api::Connect {}).await.map(drop)),
            Act::SignOut => {
                self.clients[who].in_trouble();
                let scope = api::SignOutScope::ThisDevice;
                let signed_out = self.clients[who].call(api::SignOut { scope }).await;
                Some(signed_out.map(drop))
            }
            Act::SignIn => {
                self.clients[who].in_trouble();
                // Without a network it fails; in the end it has to succeed.
                let tried = self.clients[who].sign_in().await;
                tried.is_ok().then_some(Ok(()))
            }
            Act::AnswerHeld { send } => Some(self.answer_held(who, send).await?),
            Act::Keep { all } => Some(self.keep(who, all).await),
            Act::OtherSignsIn => {
                let other = self.other(who);
                let code = self.clients[who].enter_code(&other).await;
                if code.is_ok() {
                    return Err(format!("client {who} let somebody else in"));
                }
                None
            }
        };
        match done {
            // Refused at once and in words: deleted meanwhile, not here, without access.
            Some(Err(error))
                if !(expected(&error) || guest && error.code == ErrorCode::NotOwner) =>
            {
                Err(format!("client {who} was asked {act:?}: {error:?}"))
            }
            _ => Ok(()),
        }
    }

    pub async fn send(&mut self, who: usize, session: usize) -> Done {
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
        | Act::ReadAll { session: number }
        | Act::RemoveFromDevice { session: number }
        | Act::MarkRead {
            session: number, ..
        }) = act
        else {
            let title = Some(self.ledger.text(Who::Client(who)));
            let made = self.clients[who].call(api::CreateSession { title }).await;
            return Ok(Some(made.map(drop)));
        };
        let Some(session) = self.session(who, number).await? else {
            return Ok(None);
        };
        if let Act::MarkRead { up_to, .. } = act {
            return self.mark_read(who, session, up_to).await;
        }
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
            Act::RemoveFromDevice { .. } => {
                let args = api::RemoveFromDevice { session };
                client.call(args).await.map(drop)
            }
            _ => oracle::pages(client, &session).await.map(drop),
        };
        Ok(Some(done))
    }

    /// Marks what the window would: messages that the project has.
    async fn mark_read(&mut self, who: usize, session: String, up_to: usize) -> Done {
        let shown = match oracle::pages(&self.clients[who], &session).await {
            Ok(rows) => rows,
            Err(error) => return Ok(Some(Err(error))),
        };
        let stored = |row: &&api::MessageRow| !row.own || row.state == SendState::Delivered;
        let known: Vec<_> = shown.iter().filter(stored).collect();
        // Of four, three times the newest.
        let back = if up_to < 6 { 0 } else { known.len() / 2 };
        let Some(row) = known.iter().rev().nth(back) else {
            return Ok(None);
        };
        let args = api::MarkRead {
            session: session.clone(),
            message: row.id.clone(),
        };
        let Some(came) = self.server.arrived().get(&row.id).copied() else {
            return Err(format!("client {who} shows {row:?}, which never came"));
        };
        let marked = self.clients[who].call(args).await;
        Ok(Some(marked.map(|_| {
            let place = (came.at, row.id.clone());
            self.ledger.marked_read(who, session, place);
        })))
    }

    /// One of the sessions that a client shows.
    pub async fn session(&self, who: usize, number: usize) -> Result<Option<String>, String> {
        let listed = self.clients[who].call(api::ListSessions {}).await;
        let mut rows = listed.map_err(|error| format!("client {who} lists nothing: {error:?}"))?;
        // In an order that a program can rely on.
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(rows
            .get(number % rows.len().max(1))
            .map(|row| row.id.clone()))
    }

    /// Whose client it is not.
    fn other(&self, who: usize) -> String {
        let own = &self.clients[who].email;
        let other = [ALICE, BOB].into_iter().find(|email| email != own);
        other.unwrap_or_default().to_owned()
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
        ErrorCode::NotFound | ErrorCode::Invalid | ErrorCode::Offline | ErrorCode::SignedOut
    )
}
