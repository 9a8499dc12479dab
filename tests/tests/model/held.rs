//! What was written long ago: it waits until its user says that it is still meant.

use std::collections::BTreeSet;

use tidings_contract::{self as api, ApiError, MessageRow, OutboxChange, OutboxRow, SendState};

use crate::ledger::Who;
use crate::oracle;
use crate::world::World;

/// How long ago, in seconds: longer than a client sends without a word, and longer than a month,
/// for which messages are kept where somebody wants it so.
const LONG_AGO: i64 = 60 * 86_400;

impl World {
    /// A computer without a network, whose program was started and written with so long ago.
    pub async fn wrote_long_ago(&mut self, who: usize, session: usize) -> Result<(), String> {
        let client = &mut self.clients[who];
        client.stop().await;
        client.proxy.go_offline();
        let off = client.clock.set(-LONG_AGO);
        client.start().await?;
        let sent = self.send(who, session).await?;
        self.clients[who].clock.set(off);
        if matches!(sent, Some(Ok(()))) {
            self.ledger.newest_asks();
        }
        Ok(())
    }

    /// The user's word on all that is held.
    pub async fn answer_held(
        &mut self,
        who: usize,
        send: bool,
    ) -> Result<Result<(), ApiError>, String> {
        let held = |rows: &[OutboxRow]| -> BTreeSet<String> {
            let held = rows.iter().filter(|row| is_held(row));
            held.filter_map(|row| row.message.clone()).collect()
        };
        let before = held(&oracle::outbox(&self.clients[who]).await?);
        if let Err(error) = self.clients[who].call(api::AnswerHeld { send }).await {
            return Ok(Err(error));
        }
        let after = held(&oracle::outbox(&self.clients[who]).await?);
        // What came to be held meanwhile may have been answered as well.
        let live = self.clients[who].is_live().await;
        for (id, entry) in &mut self.ledger.messages {
            let certain = before.contains(id);
            let maybe = live && entry.asks && !after.contains(id);
            if entry.by == Who::Client(who) && (certain || maybe) {
                entry.asks = false;
                entry.given_up = certain && !send;
                entry.touched |= !send;
            }
        }
        Ok(Ok(()))
    }
}

/// Has every client's user say what becomes of what is held, once nothing else waits. Returns
/// whether there was such.
pub async fn answer_all(world: &mut World) -> Result<bool, String> {
    let there: BTreeSet<String> = world
        .server
        .messages()
        .await
        .into_iter()
        .map(|row| row.id)
        .collect();
    let mut asked = world.ledger.messages.iter().filter(|(_, entry)| entry.asks);
    if let Some((id, entry)) = asked.find(|(id, _)| there.contains(*id)) {
        return Err(format!("sent {id} without a word: {entry:?}"));
    }
    let mut any = false;
    for who in 0..world.clients.len() {
        if !oracle::outbox(&world.clients[who])
            .await?
            .iter()
            .any(is_held)
        {
            continue;
        }
        any = true;
        let answered = world.answer_held(who, world.cast.sends_held).await?;
        answered.map_err(|error| format!("client {who} takes no word: {error:?}"))?;
    }
    Ok(any)
}

fn is_held(row: &OutboxRow) -> bool {
    matches!(row.state, SendState::Held { .. })
}

/// Of an outbox what is about to be sent: not what failed, what is held, and what follows that in
/// its session.
pub fn waiting(outbox: &[OutboxRow]) -> Option<&OutboxRow> {
    outbox.iter().find(|row| {
        let follows =
            |held: &OutboxRow| is_held(held) && held.session == row.session && held.seq < row.seq;
        let rests = is_held(row) || matches!(row.state, SendState::Failed { .. });
        !rests && !outbox.iter().any(follows)
    })
}

/// Whether a message that was not sent says why: it failed, is held, or comes behind what is held.
pub fn rests(row: &MessageRow, outbox: &[OutboxRow]) -> bool {
    let own = outbox
        .iter()
        .find(|own| own.change == OutboxChange::Send && own.message.as_ref() == Some(&row.id));
    match row.state {
        SendState::Failed { .. } | SendState::Held { .. } => true,
        SendState::Queued => own.is_some_and(|own| {
            let mut others = outbox.iter();
            others.any(|held| is_held(held) && held.session == own.session && held.seq < own.seq)
        }),
        _ => false,
    }
}
