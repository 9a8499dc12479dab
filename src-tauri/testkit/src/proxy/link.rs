//! One connection through the proxy.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::faults::{Answer, Direction, Faults, Flow, Greeting};
use super::stream::Stream;
use super::{Counts, Shared, locked};

const PIECE: usize = 16 * 1024;
/// A request head longer than this goes to the server unread.
const LONGEST_HEAD: usize = 64 * 1024;
/// How often a slow direction passes something.
const SLOW_STEP: Duration = Duration::from_millis(20);

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) counts: Counts,
}

/// How a connection ends before both sides have said all they had to say.
enum Broken {
    /// As if a cable was pulled.
    Reset,
    /// Closed in the middle, with everything before it delivered.
    Truncated,
}

pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>, end: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = end.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((client, _)) = accepted else { continue };
        let _ = client.set_nodelay(true);
        take(Stream::Tcp(client), &shared);
    }
}

/// Sees to a new connection, beside the caller.
pub(super) fn take(client: Stream, shared: &Arc<Shared>) {
    // Taken here: what is cut is what was made before the cut.
    let line = locked(&shared.line).clone();
    shared.count(|counts| counts.made += 1);
    tokio::spawn(greet(client, Arc::clone(shared), line));
}

impl Shared {
    fn count(&self, change: impl FnOnce(&mut Counts)) {
        self.tally.send_modify(|tally| change(&mut tally.counts));
    }
}

async fn greet(mut client: Stream, shared: Arc<Shared>, line: CancellationToken) {
    let greeting = shared.faults.borrow().greeting.clone();
    let mut read = Vec::new();
    match greeting {
        Greeting::Server => {}
        Greeting::Reset => {
            shared.count(|counts| counts.refused += 1);
            client.reset();
            return;
        }
        Greeting::Silence => {
            line.cancelled().await;
            client.reset();
            return;
        }
        Greeting::Answer(answer) => {
            let answered = async {
                if !is_meant(&mut client, &answer, &mut read).await? {
                    return Ok(false);
                }
                shared.count(|counts| counts.answered += 1);
                give(&mut client, &answer).await.map(|()| true)
            };
            let answered: io::Result<bool> = tokio::select! {
                () = line.cancelled() => Err(io::ErrorKind::ConnectionReset.into()),
                answered = answered => answered,
            };
            match answered {
                Ok(true) => return,
                Ok(false) => {}
                Err(_) => {
                    client.reset();
                    return;
                }
            }
        }
    }
    let upstream = locked(&shared.upstream).clone();
    let Ok(mut server) = upstream.connect().await else {
        shared.count(|counts| counts.refused += 1);
        client.reset();
        return;
    };
    if server.write_all(&read).await.is_err() {
        client.reset();
        return;
    }
    shared.count(|counts| counts.open += 1);
    join(client, server, &shared, &line).await;
    shared.count(|counts| counts.open -= 1);
}

/// Reads one request head into `read` and says whether the answer is for it.
async fn is_meant(client: &mut Stream, answer: &Answer, read: &mut Vec<u8>) -> io::Result<bool> {
    while !read.windows(4).any(|end| end == b"\r\n\r\n") {
        if read.len() > LONGEST_HEAD || client.read_buf(read).await? == 0 {
            return Ok(false);
        }
    }
    Ok(answer.is_for(read))
}

async fn give(client: &mut Stream, answer: &Answer) -> io::Result<()> {
    client.write_all(&answer.bytes()).await?;
    client.shutdown().await?;
    // Read to the end, or closing would reset the connection before the answer is read.
    let mut rest = vec![0; PIECE];
    while client.read(&mut rest).await? > 0 {}
    Ok(())
}

async fn join(client: Stream, server: Stream, shared: &Shared, line: &CancellationToken) {
    let (client_read, client_write) = tokio::io::split(client);
    let (server_read, server_write) = tokio::io::split(server);
    let mut up = Pump {
        from: client_read,
        to: server_write,
        direction: Direction::Up,
        faults: shared.faults.subscribe(),
        line: line.clone(),
        passed: 0,
        budget_number: 0,
    };
    let mut down = Pump {
        from: server_read,
        to: client_write,
        direction: Direction::Down,
        faults: shared.faults.subscribe(),
        line: line.clone(),
        passed: 0,
        budget_number: 0,
    };
    let broken = tokio::select! {
        () = line.cancelled() => Err(Broken::Reset),
        ended = async { tokio::try_join!(up.run(shared), down.run(shared)) } => ended.map(|_| ()),
    };
    if let Err(Broken::Reset) = broken {
        up.from.unsplit(down.to).reset();
        down.from.unsplit(up.to).reset();
    }
}

/// One direction of one connection.
struct Pump {
    from: ReadHalf<Stream>,
    to: WriteHalf<Stream>,
    direction: Direction,
    faults: watch::Receiver<Faults>,
    line: CancellationToken,
    /// Bytes passed since the budget was set.
    passed: u64,
    budget_number: u64,
}

impl Pump {
    async fn run(&mut self, shared: &Shared) -> Result<(), Broken> {
        let mut piece = vec![0; PIECE];
        loop {
            self.flowing().await?;
            let read = tokio::select! {
                read = self.from.read(&mut piece) => read?,
                changed = self.faults.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return Err(Broken::Reset),
                },
            };
            if read == 0 {
                self.to.shutdown().await?;
                return Ok(());
            }
            // On a busy machine this may run before the cut is noticed elsewhere: what was sent after
            // it goes nowhere.
            if self.line.is_cancelled() {
                return Err(Broken::Reset);
            }
            self.pass(&piece[..read], shared).await?;
        }
    }

    /// Passes a piece on as the faults have it.
    async fn pass(&mut self, piece: &[u8], shared: &Shared) -> Result<(), Broken> {
        let delay = self.flow(|flow| flow.delay);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let mut rest = piece;
        while !rest.is_empty() {
            let flow = self.flowing().await?;
            if flow.lost {
                shared.count(|counts| counts.lost += rest.len() as u64);
                return Ok(());
            }
            if flow.budget_number != self.budget_number {
                self.budget_number = flow.budget_number;
                self.passed = 0;
            }
            let mut length = rest.len();
            if let Some(speed) = flow.bytes_per_second {
                tokio::time::sleep(SLOW_STEP).await;
                let a_step = speed / 50;
                length = length.min(usize::try_from(a_step).unwrap_or(usize::MAX).max(1));
            }
            if let Some(budget) = flow.budget {
                let left = budget.saturating_sub(self.passed);
                length = length.min(usize::try_from(left).unwrap_or(usize::MAX));
                if length == 0 {
                    return Err(Broken::Truncated);
                }
            }
            let (now, later) = rest.split_at(length);
            self.to.write_all(now).await?;
            rest = later;
            self.passed += now.len() as u64;
            shared.count(|counts| match self.direction {
                Direction::Up => counts.up += now.len() as u64,
                Direction::Down => counts.down += now.len() as u64,
            });
        }
        let used_up = self.flow(|flow| flow.budget.is_some_and(|budget| self.passed >= budget));
        if used_up {
            return Err(Broken::Truncated);
        }
        Ok(())
    }

    /// The faults of this direction, once it is not frozen.
    async fn flowing(&mut self) -> Result<Flow, Broken> {
        let direction = self.direction;
        let faults = self
            .faults
            .wait_for(|faults| !faults.flow_of(direction).frozen)
            .await
            .map_err(|_| Broken::Reset)?;
        Ok(faults.flow_of(direction).clone())
    }

    fn flow<T>(&self, read: impl FnOnce(&Flow) -> T) -> T {
        read(self.faults.borrow().flow_of(self.direction))
    }
}

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Self::Reset
    }
}
