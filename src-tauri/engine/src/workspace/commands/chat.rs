//! Sessions, messages, drafts.

use tidings_cache::{Anchor, MessageKey, NewMessage, NewSession, Notify, Page, SessionChange};
use tidings_contract as api;
use tidings_model::{Json, MessageId, MessageKind, SessionId};

use super::{MAX_PAGE, caught, history, invalid, message_id, no_message, no_session, session_id};
use crate::error::{EngineError, Result};
use crate::workspace::catch_up::server_now;
use crate::workspace::{Core, announce, catch_up, dates, people, rows};

const FIRST_PAGE: u32 = 60;

impl Core {
    pub async fn sessions(&self) -> Result<Vec<api::SessionRow>> {
        let viewer = self.viewer();
        Ok(self
            .cache
            .sessions()
            .await?
            .iter()
            .map(|row| viewer.session(row))
            .collect())
    }

    pub(super) async fn session_row(&self, id: &SessionId) -> Result<api::SessionRow> {
        let summary = self
            .cache
            .session(id.clone())
            .await?
            .ok_or_else(no_session)?;
        Ok(self.viewer().session(&summary))
    }

    pub async fn open_session(&self, args: api::OpenSession) -> Result<api::OpenedSession> {
        let id = session_id(&args.session)?;
        let session = self.session_row(&id).await?;
        let first_unread = self.cache.first_unread(id.clone()).await?;
        // What was taken off this computer is wanted again, by somebody who looks.
        self.cache.wanted_again(id.clone()).await?;
        people::enter(self, id.clone()).await;
        if self.state.is_up() && self.part().is_installed() {
            // Nothing tells live what people are called.
            let members = self.cache.members(id.clone()).await?;
            self.sync
                .names(members.into_iter().map(|member| member.user));
        }
        *self
            .last_session
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(id.clone());
        (self.session_opened)(Some(id.clone()));
        let newest = Page {
            anchor: Anchor::Latest,
            limit: FIRST_PAGE as usize,
        };
        let page = self.cache.messages(id.clone(), newest).await?;
        if self.state.is_up() && page.missing_within(newest.limit).is_some() {
            // Shown at once as it is; what is missing is told when it is there.
            self.sync.fill(id.clone());
        }
        let page = self.told(&page, None).await?;
        Ok(api::OpenedSession {
            session,
            page,
            first_unread: first_unread.map(|key| key.id.to_string()),
            people: people::here(self).await,
        })
    }

    pub async fn close_session(&self, args: &api::CloseSession) -> Result<api::Nothing> {
        let id = session_id(&args.session)?;
        people::left(self, &id).await;
        Ok(api::Nothing {})
    }

    pub async fn create_session(&self, args: api::CreateSession) -> Result<api::SessionRow> {
        let user_id = self.user().ok_or(tidings_cache::CacheError::NoAccount)?;
        let id = SessionId::new(uuid::Uuid::now_v7().to_string()).map_err(invalid)?;
        let title = args
            .title
            .map(|t| t.trim().to_owned())
            .filter(|title| !title.is_empty());
        let session = NewSession {
            id: id.clone(),
            user_id,
            title,
            metadata: Json::empty(),
        };
        self.cache
            .enqueue_session_create(session, server_now(self))
            .await?;
        self.session_row(&id).await
    }

    pub async fn update_session(&self, args: api::UpdateSession) -> Result<api::SessionRow> {
        let id = session_id(&args.session)?;
        let title = args.title.map(|title| {
            let title = title.trim().to_owned();
            (!title.is_empty()).then_some(title)
        });
        let change = SessionChange {
            title,
            status: args.status.map(rows::model_status),
        };
        self.cache
            .enqueue_session_update(id.clone(), change, server_now(self))
            .await?;
        self.session_row(&id).await
    }

    pub async fn delete_session(&self, args: &api::DeleteSession) -> Result<api::Nothing> {
        let id = session_id(&args.session)?;
        let known = self
            .cache
            .session(id.clone())
            .await?
            .ok_or_else(no_session)?;
        if known.no_access {
            self.cache.remove_session(id).await?;
        } else {
            self.cache
                .enqueue_session_delete(id, server_now(self))
                .await?;
        }
        Ok(api::Nothing {})
    }

    pub async fn pin_session(&self, args: &api::PinSession) -> Result<api::Nothing> {
        self.cache
            .set_pinned(session_id(&args.session)?, args.pinned)
            .await?;
        Ok(api::Nothing {})
    }

    pub async fn notify_session(&self, args: &api::NotifySession) -> Result<api::Nothing> {
        let notify = match args.notify {
            api::SessionNotify::All => Notify::All,
            api::SessionNotify::Mentions => Notify::Mentions,
            api::SessionNotify::Muted => Notify::Muted,
        };
        self.cache
            .set_notify(session_id(&args.session)?, notify)
            .await?;
        Ok(api::Nothing {})
    }

    pub async fn details(&self, args: &api::GetDetails) -> Result<api::SessionDetails> {
        let id = session_id(&args.session)?;
        let summary = self
            .cache
            .session(id.clone())
            .await?
            .ok_or_else(no_session)?;
        let gaps = self.cache.gaps(id.clone()).await?;
        let verified = self.cache.verified_ranges(id.clone()).await?;
        let followed = self.cache.followed().await?;
        let history = history::parts(&verified, &gaps, followed.as_ref());
        let messages = self.cache.messages_here(id.clone()).await?;
        let open = self
            .open
            .lock()
            .await
            .as_ref()
            .is_some_and(|open| open.id == id);
        Ok(api::SessionDetails {
            created_at: summary.session.created_at.as_millis(),
            session: self.viewer().session(&summary),
            messages,
            gaps: u32::try_from(gaps.len()).unwrap_or(u32::MAX),
            complete: verified.iter().any(|range| range.older.is_none()),
            verified_at: history.iter().rev().find_map(|part| part.verified_at),
            history,
            people: if open {
                people::here(self).await
            } else {
                Vec::new()
            },
        })
    }

    pub async fn messages(&self, args: api::GetMessages) -> Result<api::MessagePage> {
        let session = session_id(&args.session)?;
        let limit = args.limit.clamp(1, MAX_PAGE);
        let anchor = match &args.at {
            api::PageAt::Latest => Anchor::Latest,
            api::PageAt::Before { message } => Anchor::Before(self.key_of(message).await?),
            api::PageAt::After { message } => Anchor::After(self.key_of(message).await?),
            api::PageAt::Around { message } | api::PageAt::AroundHere { message } => {
                Anchor::Around(self.key_of(message).await?)
            }
        };
        let wanted = Page {
            anchor,
            limit: limit as usize,
        };
        let mut page = self.cache.messages(session.clone(), wanted).await?;
        // What is missing is fetched from where the newest gap begins; what is far more than a
        // page is fetched as far as the page goes.
        let fetches = !matches!(args.at, api::PageAt::AroundHere { .. });
        let mut from = None;
        while let Some(gap) = page.missing_within(wanted.limit)
            && fetches
            && self.state.is_up()
            && from != Some(gap.before)
        {
            self.cache.wanted_again(session.clone()).await?;
            if let Err(error) = catch_up::fetch_older(self, &session, gap.before, MAX_PAGE).await {
                tracing::info!(%error, "older messages were not fetched");
                break;
            }
            from = Some(gap.before);
            page = self.cache.messages(session.clone(), wanted).await?;
        }
        let asked = match args.at {
            api::PageAt::Before { message } => Some(message),
            _ => None,
        };
        self.told(&page, asked).await
    }

    pub async fn find_date(&self, args: &api::FindDate) -> Result<api::DateFound> {
        let session = session_id(&args.session)?;
        let from = tidings_model::Timestamp::from_millis(args.at);
        dates::find(self, &session, from).await.map_err(told)
    }

    /// A page in the contract's words. `asked`: the message that it comes before.
    async fn told(
        &self,
        page: &tidings_cache::MessagePage,
        asked: Option<String>,
    ) -> Result<api::MessagePage> {
        let outbox = self.cache.outbox_list().await?;
        let rows = self.viewer().messages(page.rows.iter(), &outbox);
        let before = |placed: &tidings_cache::PlacedGap| match rows.get(placed.before_row) {
            Some(row) => Some(row.id.clone()),
            None => asked.clone(),
        };
        Ok(api::MessagePage {
            gaps: page.gaps.iter().filter_map(before).collect(),
            before: rows::before(page),
            after: rows::after(page),
            rows,
        })
    }

    async fn key_of(&self, message: &str) -> Result<MessageKey> {
        let id = message_id(message)?;
        if let Some(cached) = self.cache.message(id).await? {
            return Ok(MessageKey::from(&cached.message));
        }
        if self.state.is_up() {
            catch_up::fetch_one(self, id).await.map_err(caught)?;
        }
        let cached = self.cache.message(id).await?.ok_or_else(no_message)?;
        Ok(MessageKey::from(&cached.message))
    }

    async fn message_row(&self, id: MessageId) -> Result<api::MessageRow> {
        let cached = self.cache.message(id).await?.ok_or_else(no_message)?;
        let outbox = self.cache.outbox_list().await?;
        Ok(self
            .viewer()
            .message(&cached, announce::change_of(&outbox, id)))
    }

    pub async fn send_message(&self, args: api::SendMessage) -> Result<api::MessageRow> {
        #[derive(serde::Serialize)]
        struct Metadata<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            user_name: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            reply_to: Option<String>,
        }
        let session = session_id(&args.session)?;
        let user_id = self.user().ok_or(tidings_cache::CacheError::NoAccount)?;
        let account = self.account();
        let reply_to = args.reply_to.as_deref().map(message_id).transpose()?;
        let names = self.names();
        let called = account.as_ref().map(|account| account.name.as_str());
        let metadata = Metadata {
            user_name: called.or_else(|| names.of(&user_id)),
            reply_to: reply_to.map(|id| id.to_string()),
        };
        let text = serde_json::to_string(&metadata).map_err(invalid)?;
        let message = NewMessage {
            session,
            user_id,
            content: args.content,
            kind: MessageKind::Text,
            metadata: Json::new(text).map_err(invalid)?,
        };
        let cached = self
            .cache
            .enqueue_message(message, server_now(self))
            .await?;
        Ok(self.viewer().message(&cached, None))
    }

    pub async fn edit_message(&self, args: api::EditMessage) -> Result<api::MessageRow> {
        let id = message_id(&args.message)?;
        self.own_message(id).await?;
        self.cache
            .enqueue_edit(id, args.content, server_now(self))
            .await?;
        self.message_row(id).await
    }

    pub async fn delete_message(&self, args: &api::DeleteMessage) -> Result<api::Nothing> {
        let id = message_id(&args.message)?;
        self.deletable(id).await?;
        self.cache.enqueue_delete(id, server_now(self)).await?;
        Ok(api::Nothing {})
    }

    async fn own_message(&self, id: MessageId) -> Result<()> {
        let cached = self.cache.message(id).await?.ok_or_else(no_message)?;
        if cached.message.user_id.is_some() && cached.message.user_id == self.user() {
            return Ok(());
        }
        Err(EngineError::Invalid(
            "Only your own messages can be changed.".to_owned(),
        ))
    }

    /// One's own, and any in a shared session of one's own.
    async fn deletable(&self, id: MessageId) -> Result<()> {
        let cached = self.cache.message(id).await?.ok_or_else(no_message)?;
        let session = self.session_row(&cached.message.session_id).await;
        if session.is_ok_and(|row| row.role == Some(api::MemberRoleName::Owner)) {
            return Ok(());
        }
        self.own_message(id).await
    }

    pub async fn mark_read(&self, args: &api::MarkRead) -> Result<api::Nothing> {
        let session = session_id(&args.session)?;
        let key = self.key_of(&args.message).await?;
        self.cache.mark_read(session, key).await?;
        Ok(api::Nothing {})
    }

    pub async fn set_draft(&self, args: api::SetDraft) -> Result<api::Nothing> {
        let text = (!args.text.is_empty()).then_some(args.text);
        self.cache
            .set_draft(session_id(&args.session)?, text, server_now(self))
            .await?;
        Ok(api::Nothing {})
    }

    /// Puts text behind what is being written in a session, and tells the window.
    pub async fn add_to_draft(&self, session: &str, text: &str) -> Result<()> {
        let id = session_id(session)?;
        let draft = self.cache.draft(id.clone()).await?;
        let whole = match draft {
            Some(draft) => format!("{draft}\n{text}"),
            None => text.to_owned(),
        };
        self.cache
            .set_draft(id, Some(whole), server_now(self))
            .await?;
        self.emit(api::Event::Draft {
            session: session.to_owned(),
            text: text.to_owned(),
        });
        Ok(())
    }

    pub async fn typing(&self, args: &api::Typing) -> Result<api::Nothing> {
        people::typing(self, &session_id(&args.session)?, args.typing).await;
        Ok(api::Nothing {})
    }
}

fn told(error: catch_up::Error) -> EngineError {
    match error {
        catch_up::Error::Server(error) => EngineError::Server(error),
        catch_up::Error::Cache(error) => EngineError::Cache(error),
    }
}
