//! Programs: what three clients, others and the network do, made from a seed.

use std::fmt;

/// One step. Numbers choose among what there is at that moment, so that any part of a program is
/// a program too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// A client does something that its user asks for.
    Client(usize, Act),
    /// Something happens to a client, its computer or its network.
    Befalls(usize, Fate),
    /// Somebody else writes into the project.
    Others(Write),
    /// Something happens to the server.
    Server(Fault),
    /// So many milliseconds pass.
    Wait(u64),
}

/// What a user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Send {
        session: usize,
    },
    Edit {
        message: usize,
    },
    Delete {
        message: usize,
    },
    CreateSession,
    Title {
        session: usize,
    },
    Archive {
        session: usize,
    },
    DeleteSession {
        session: usize,
    },
    Open {
        session: usize,
    },
    ReadAll {
        session: usize,
    },
    /// Has seen everything up to one of the messages shown, mostly up to the newest.
    MarkRead {
        session: usize,
        up_to: usize,
    },
    Retry {
        change: usize,
    },
    Discard {
        change: usize,
    },
    Disconnect,
    Connect,
    SignOut,
    SignIn,
    /// Somebody else tries to sign in where this user's messages are kept.
    OtherSignsIn,
    Share(Sharing),
    /// Says whether what is held because it is old is sent, or given up.
    AnswerHeld {
        send: bool,
    },
    /// Has everything kept on this computer, or the last month alone.
    Keep {
        all: bool,
    },
    RemoveFromDevice {
        session: usize,
    },
}

/// What becomes of who takes part in a session, where a project has the members part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Makes an invitation.
    Invite {
        session: usize,
        writes: bool,
    },
    /// Redeems one.
    Join {
        invite: usize,
    },
    Leave {
        session: usize,
    },
    /// Sends the guests away.
    Remove {
        session: usize,
    },
    /// Has the guests write, or only read.
    Role {
        session: usize,
        writes: bool,
    },
}

/// What happens to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// No network.
    Offline,
    /// The network is back, and faultless.
    Online,
    /// Its connections are reset.
    Cut,
    /// Open connections stay, new ones are reset, or made and left in silence: the socket lives,
    /// and no request gets through.
    Refused,
    Hangs,
    /// Something before the server answers requests for rows with this status.
    Answered(u16),
    /// Requests arrive and are carried out; their answers are lost.
    LosesAnswers,
    /// Nothing flows any more, and nothing is closed.
    FrozenUp,
    FrozenDown,
    /// Connections close after so many bytes from the server.
    Truncated(u64),
    /// Everything takes so many milliseconds longer, each way.
    Slow(u64),
    /// The program ends without a goodbye.
    Killed,
    /// The program ends in order.
    Stopped,
    Started,
    /// The computer's clock is so many seconds off.
    Clock(i64),
    NetworkChanged,
    /// It is without a network, and its user wrote something weeks ago.
    WroteLongAgo {
        session: usize,
    },
}

/// What others write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// So many messages, whose time is so many seconds ago: late commits.
    Messages {
        session: usize,
        count: usize,
        late: i64,
        /// Whether they bear Alice's name, or nobody's.
        alices: bool,
    },
    /// The text so many times, one right after the other.
    Edit {
        message: usize,
        times: usize,
    },
    Delete {
        message: usize,
    },
    Session,
    Title {
        session: usize,
    },
    DeleteSession {
        session: usize,
    },
}

/// What happens to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Restart,
    /// Tokens issued from now on live for so many seconds.
    ShortTokens(u64),
    EndChannels,
    CrashChannels,
    CloseSockets,
    Abort,
    RepeatSubscribed,
    /// The next changes are told twice, or in another order, or all later.
    Duplicate(usize),
    Swap(usize),
    DelayChanges(u64),
}

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cast {
    /// Which optional parts the project has.
    pub parts: Project,
    /// Whether the third client is somebody else's.
    pub bob: bool,
    /// How many messages each session has before anybody comes, a part of them weeks old; with
    /// none there is no session either.
    pub filled: usize,
    /// Whether what is held in the end is sent, or given up.
    pub sends_held: bool,
    /// How long bytes take each way, in milliseconds.
    pub latency: u64,
    /// How far off the clocks are, in seconds.
    pub clocks: [i64; CLIENTS],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Project {
    Plain,
    Sync,
    All,
}

pub const CLIENTS: usize = 3;
const DAY: u64 = 86_400;

/// A cast and what they do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    pub seed: u64,
    pub cast: Cast,
    pub ops: Vec<Op>,
}

impl Program {
    /// The program of a seed.
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut clock = || match dice.below(3) {
            0 => 0,
            _ => i64::try_from(dice.below(2 * DAY + 1)).unwrap() - i64::try_from(DAY).unwrap(),
        };
        let clocks = [clock(), clock(), clock()];
        let parts = [Project::Plain, Project::Sync, Project::All][dice.pick(3)];
        let shares = parts == Project::All;
        let cast = Cast {
            parts,
            bob: dice.below(if shares { 2 } else { 4 }) == 0,
            filled: [0, 0, 4, 8, 24][dice.pick(5)],
            sends_held: dice.below(2) == 0,
            latency: [0, 5, 40, 200][dice.pick(4)],
            clocks,
        };
        let length = 8 + dice.pick(40);
        let (mut ops, mut who) = (Vec::new(), 0);
        if cast.bob && shares && cast.filled > 0 {
            let (session, writes) = (dice.pick(1 << 16), dice.below(3) > 0);
            let invite = Sharing::Invite { session, writes };
            ops.push(Op::Client(0, Act::Share(invite)));
            let join = Sharing::Join { invite: 0 };
            ops.push(Op::Client(CLIENTS - 1, Act::Share(join)));
        }
        while ops.len() < length {
            // Much happens to the same client one after the other.
            if dice.below(2) == 0 {
                who = dice.pick(CLIENTS);
            }
            let op = if cast.bob && shares && dice.below(6) == 0 {
                Op::Client(who, Act::Share(sharing(&mut dice, who)))
            } else {
                op(&mut dice, who)
            };
            ops.push(op);
            if matches!(op, Op::Client(_, Act::Send { .. } | Act::Edit { .. }))
                && dice.below(3) == 0
            {
                // While it is on its way.
                ops.push(Op::Wait(dice.below(200)));
                let fate = match dice.below(6) {
                    0 | 1 => Fate::Killed,
                    2 => Fate::Cut,
                    3 => Fate::LosesAnswers,
                    _ => fate(&mut dice),
                };
                ops.push(Op::Befalls(who, fate));
            }
        }
        Self { seed, cast, ops }
    }

    /// Whether it needs rows that outlive the server.
    pub fn restarts(&self) -> bool {
        self.ops.contains(&Op::Server(Fault::Restart))
    }
}

fn op(dice: &mut Dice, who: usize) -> Op {
    match dice.below(100) {
        0..40 => Op::Client(who, act(dice)),
        40..58 => Op::Befalls(who, fate(dice)),
        58..72 => Op::Others(write(dice)),
        72..78 => Op::Server(fault(dice)),
        78..94 => Op::Wait(dice.below(60) * dice.below(60)),
        94..98 => Op::Wait(5_000 + dice.below(30_000)),
        98 => Op::Wait(60_000 + dice.below(240_000)),
        // Longer than a token lives.
        _ => Op::Wait(600_000 + dice.below(300_000)),
    }
}

fn act(dice: &mut Dice) -> Act {
    let any = dice.pick(1 << 16);
    match dice.below(56) {
        0..14 => Act::Send { session: any },
        14..19 => Act::Edit { message: any },
        19..23 => Act::Delete { message: any },
        23..26 => Act::CreateSession,
        26..28 => Act::Title { session: any },
        28 => Act::Archive { session: any },
        29 => Act::DeleteSession { session: any },
        30..33 => Act::Open { session: any },
        33..35 => Act::ReadAll { session: any },
        35 => Act::Retry { change: any },
        36 => Act::Discard { change: any },
        37 => Act::Disconnect,
        38..43 => Act::MarkRead {
            session: any,
            up_to: dice.pick(8),
        },
        43 => Act::SignOut,
        44..47 => Act::SignIn,
        47 => Act::OtherSignsIn,
        48..50 => Act::Connect,
        50..52 => Act::Keep {
            all: dice.below(3) == 0,
        },
        52..54 => Act::RemoveFromDevice { session: any },
        _ => Act::AnswerHeld {
            send: dice.below(2) == 0,
        },
    }
}

fn sharing(dice: &mut Dice, who: usize) -> Sharing {
    let (session, writes) = (dice.pick(1 << 16), dice.below(3) > 0);
    let guest = who == CLIENTS - 1;
    match dice.below(8) {
        0..6 if guest => Sharing::Join { invite: session },
        0..4 => Sharing::Invite { session, writes },
        4 => Sharing::Role { session, writes },
        6 if guest => Sharing::Leave { session },
        _ => Sharing::Remove { session },
    }
}

fn fate(dice: &mut Dice) -> Fate {
    match dice.below(45) {
        0..4 => Fate::Offline,
        4..11 => Fate::Online,
        11..14 => Fate::Cut,
        14..18 => Fate::LosesAnswers,
        18 => Fate::FrozenUp,
        19 => Fate::FrozenDown,
        20..22 => Fate::Truncated(dice.below(6_000)),
        22 => Fate::Slow(dice.below(3_000)),
        23..26 => Fate::Killed,
        26 => Fate::Stopped,
        27..31 => Fate::Started,
        31 => {
            Fate::Clock(i64::try_from(dice.below(2 * DAY)).unwrap() - i64::try_from(DAY).unwrap())
        }
        32..35 => Fate::Refused,
        35 => Fate::Hangs,
        36..40 => Fate::Answered([429, 500, 502, 503, 504, 401][dice.pick(6)]),
        40..42 => Fate::NetworkChanged,
        _ => Fate::WroteLongAgo {
            session: dice.pick(1 << 16),
        },
    }
}

fn write(dice: &mut Dice) -> Write {
    let any = dice.pick(1 << 16);
    match dice.below(20) {
        0..9 => Write::Messages {
            session: any,
            count: [1, 1, 1, 2, 7, 120][dice.pick(6)],
            late: [0, 0, 1, 20, 100, 600][dice.pick(6)],
            alices: dice.below(2) == 0,
        },
        9..13 => Write::Edit {
            message: any,
            times: 1 + dice.pick(3),
        },
        13..16 => Write::Delete { message: any },
        16 => Write::Session,
        17..19 => Write::Title { session: any },
        _ => Write::DeleteSession { session: any },
    }
}

fn fault(dice: &mut Dice) -> Fault {
    match dice.below(12) {
        0..2 => Fault::Restart,
        2 => Fault::ShortTokens(5 + dice.below(120)),
        3 => Fault::EndChannels,
        4 => Fault::CrashChannels,
        5 => Fault::CloseSockets,
        6 => Fault::Abort,
        7 => Fault::RepeatSubscribed,
        8 => Fault::Duplicate(1 + dice.pick(3)),
        9..11 => Fault::Swap(1 + dice.pick(3)),
        _ => Fault::DelayChanges(dice.below(1_500)),
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {:?}", self.seed, self.cast)?;
        for (number, op) in self.ops.iter().enumerate() {
            writeln!(f, "  {number:>2}  {op}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(who, act) => write!(f, "client {who} asks: {act:?}"),
            Self::Befalls(who, fate) => write!(f, "client {who} is struck: {fate:?}"),
            Self::Others(write) => write!(f, "others write: {write:?}"),
            Self::Server(fault) => write!(f, "the server: {fault:?}"),
            Self::Wait(millis) => write!(f, "{millis} ms pass"),
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): a seed means the same program with every version of
/// every library.
pub struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn pick(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(limit as u64)).unwrap()
    }
}
