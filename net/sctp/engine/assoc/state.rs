// SPDX-License-Identifier: GPL-2.0

//! The states of an association (RFC 9260, 4) and what can be pending in them.
//!
//! ```text
//!  connect ──► CookieWait ──INIT ACK──► CookieEchoed ──COOKIE ACK──► Established
//!  COOKIE ECHO, by way of `ootb` ──────────────────────────────────► Established
//!
//!  Established ──shutdown()──► ShutdownPending ──all acknowledged──► ShutdownSent
//!       │                            │                                │      │
//!       └──────── SHUTDOWN ──────────┴─► ShutdownReceived             │  SHUTDOWN ACK
//!                                            │ all acknowledged   SHUTDOWN   │
//!                                            ▼                        ▼      ▼
//!                                        ShutdownAckSent ◄────────────┘    Closed
//!                                            └──SHUTDOWN COMPLETE, SHUTDOWN ACK──► Closed
//! ```
//!
//! ABORT, and a peer that does not answer, lead from every state to `Closed`.

use crate::engine::{
    env::KVec,
    event::{Closed, PathChange},
    path::{PathId, MAX_PATHS},
    serial::Tsn,
    time::Time,
    wire::{
        cause::{self, NewCause},
        param::ParamType,
    },
};

/// Where an association is in its life.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    CookieWait,
    CookieEchoed,
    Established,
    ShutdownPending,
    ShutdownSent,
    ShutdownReceived,
    ShutdownAckSent,
    Closed,
}

impl State {
    /// Whether the peer is not known to have agreed yet.
    pub(crate) fn is_setup(self) -> bool {
        match self {
            Self::CookieWait | Self::CookieEchoed => true,
            Self::Established
            | Self::ShutdownPending
            | Self::ShutdownSent
            | Self::ShutdownReceived
            | Self::ShutdownAckSent
            | Self::Closed => false,
        }
    }

    /// Whether there will be no more DATA than there is now.
    pub(crate) fn is_ending(self) -> bool {
        match self {
            Self::ShutdownPending
            | Self::ShutdownSent
            | Self::ShutdownReceived
            | Self::ShutdownAckSent
            | Self::Closed => true,
            Self::CookieWait | Self::CookieEchoed | Self::Established => false,
        }
    }

    /// Whether DATA may be sent.
    pub(crate) fn may_send_data(self) -> bool {
        match self {
            Self::Established | Self::ShutdownPending | Self::ShutdownReceived => true,
            Self::CookieWait
            | Self::CookieEchoed
            | Self::ShutdownSent
            | Self::ShutdownAckSent
            | Self::Closed => false,
        }
    }

    /// Whether HEARTBEATs are sent (8.3).
    pub(crate) fn has_heartbeats(self) -> bool {
        match self {
            Self::Established | Self::ShutdownPending | Self::ShutdownReceived => true,
            Self::CookieWait
            | Self::CookieEchoed
            | Self::ShutdownSent
            | Self::ShutdownAckSent
            | Self::Closed => false,
        }
    }

    /// Whether the user may hand in messages.
    pub(crate) fn takes_messages(self) -> bool {
        match self {
            Self::CookieWait | Self::CookieEchoed | Self::Established => true,
            Self::ShutdownPending
            | Self::ShutdownSent
            | Self::ShutdownReceived
            | Self::ShutdownAckSent
            | Self::Closed => false,
        }
    }
}

/// The timers that an association has one of. Those of a path are in the path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(usize)]
pub(crate) enum Timer {
    T1Init,
    T1Cookie,
    T2Shutdown,
    T5ShutdownGuard,
    /// A SACK is being delayed.
    Sack,
    /// The peer's window is closed, and nothing is in flight that would tell when it opens.
    WindowProbe,
    /// What Nagle's algorithm holds back has waited for long enough.
    Nagle,
    /// There may have been no user data for long (SCTP_AUTOCLOSE).
    Autoclose,
    /// A FORWARD TSN is to be acknowledged: its T3-rtx (RFC 3758, 3.5).
    ForwardTsn,
    /// The time of a message that waits to be sent is over.
    Lifetime,
    /// A packet could not be built for lack of memory.
    Retry,
}

impl Timer {
    pub(crate) const ALL: [Self; 11] = [
        Self::T1Init,
        Self::T1Cookie,
        Self::T2Shutdown,
        Self::T5ShutdownGuard,
        Self::Sack,
        Self::WindowProbe,
        Self::Nagle,
        Self::Autoclose,
        Self::ForwardTsn,
        Self::Lifetime,
        Self::Retry,
    ];
}

/// When the association's timers expire.
#[derive(Debug)]
pub(crate) struct Timers {
    /// [`Time::NEVER`] if it does not run.
    due: [Time; Timer::ALL.len()],
}

impl Timers {
    pub(crate) const NONE: Self = Self {
        due: [Time::NEVER; Timer::ALL.len()],
    };

    pub(crate) fn get(&self, timer: Timer) -> Option<Time> {
        let at = self.due.get(timer as usize).copied();
        at.filter(|at| *at != Time::NEVER)
    }

    pub(crate) fn set(&mut self, timer: Timer, at: Time) {
        if let Some(slot) = self.due.get_mut(timer as usize) {
            // What runs until the end of time runs.
            *slot = at.min(Time::LAST);
        }
    }

    pub(crate) fn stop(&mut self, timer: Timer) {
        if let Some(slot) = self.due.get_mut(timer as usize) {
            *slot = Time::NEVER;
        }
    }

    pub(crate) fn stop_all(&mut self) {
        *self = Self::NONE;
    }

    /// Stops a timer if it has expired, and says whether it has.
    pub(crate) fn expired(&mut self, timer: Timer, now: Time) -> bool {
        let expired = self.get(timer).is_some_and(|at| at <= now);
        if expired {
            self.stop(timer);
        }
        expired
    }

    /// When the first of them expires, or [`Time::NEVER`].
    pub(crate) fn next(&self) -> Time {
        self.due.iter().copied().fold(Time::NEVER, Time::min)
    }
}

/// Control chunks that are to be sent. What they contain is made up when they are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pending {
    pub(crate) init: bool,
    pub(crate) cookie_echo: bool,
    pub(crate) cookie_ack: bool,
    pub(crate) shutdown: bool,
    pub(crate) shutdown_ack: bool,
    /// The last packet of an association, as is an ABORT.
    pub(crate) shutdown_complete: bool,
}

impl Pending {
    pub(crate) const NONE: Self = Self {
        init: false,
        cookie_echo: false,
        cookie_ack: false,
        shutdown: false,
        shutdown_ack: false,
        shutdown_complete: false,
    };

    pub(crate) fn any(&self) -> bool {
        let Self {
            init,
            cookie_echo,
            cookie_ack,
            shutdown,
            shutdown_ack,
            shutdown_complete,
        } = *self;
        init || cookie_echo || cookie_ack || shutdown || shutdown_ack || shutdown_complete
    }
}

/// Why an ABORT is sent, in a form that can wait.
#[derive(Debug)]
pub(crate) enum AbortCause {
    /// There is nothing to say about it.
    None,
    /// Any code, with information from the user or from a packet.
    Other(u16, KVec<u8>),
    NoUserData(Tsn),
    MissingStateCookie,
    ProtocolViolation(&'static str),
}

/// Events that the user was not told of yet. Messages are not among them: they wait where they
/// were received, and come after `up`, `restarted` and `paths` and before the rest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Notices {
    pub(crate) up: bool,
    pub(crate) restarted: bool,
    pub(crate) paths: PathNotices,
    pub(crate) peer_shutdown: bool,
    pub(crate) closed: Option<Closed>,
}

impl Notices {
    pub(crate) fn any(&self) -> bool {
        let Self {
            up,
            restarted,
            paths,
            peer_shutdown,
            closed,
        } = self;
        *up || *restarted || !paths.is_empty() || *peer_shutdown || closed.is_some()
    }
}

/// What has changed about the peer's addresses, in order. Of two changes of one address that were
/// not fetched in between the user sees the second one, in the place of the first: that bounds
/// them.
///
/// Invariant: the free places are the last ones.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PathNotices([Option<(PathId, PathChange)>; MAX_PATHS]);

impl PathNotices {
    fn is_empty(&self) -> bool {
        matches!(self.0.first(), None | Some(None))
    }

    pub(crate) fn push(&mut self, id: PathId, change: PathChange) {
        let is_fit = |place: &&mut Option<(PathId, PathChange)>| match place {
            Some((other, _)) => *other == id,
            None => true,
        };
        if let Some(place) = self.0.iter_mut().find(is_fit) {
            *place = Some((id, change));
        }
    }

    pub(crate) fn pop(&mut self) -> Option<(PathId, PathChange)> {
        let first = self.0.first_mut()?.take()?;
        self.0.rotate_left(1);
        Some(first)
    }

    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants(&self) {
        let used = self.0.iter().take_while(|place| place.is_some()).count();
        assert!(self.0.iter().skip(used).all(|place| place.is_none()));
    }
}

impl AbortCause {
    pub(super) fn code(&self) -> u16 {
        match self {
            Self::None => 0,
            Self::Other(code, _) => *code,
            Self::NoUserData(_) => cause::NO_USER_DATA,
            Self::MissingStateCookie => cause::MISSING_MANDATORY_PARAMETER,
            Self::ProtocolViolation(_) => cause::PROTOCOL_VIOLATION,
        }
    }

    /// The cause as it goes into the chunk.
    pub(super) fn as_cause(&self) -> Option<NewCause<'_>> {
        /// What is missing, if it is the cookie.
        const MISSING: [u16; 1] = [ParamType::StateCookie.to_u16()];
        match self {
            Self::None => None,
            Self::Other(code, info) => Some(NewCause::Other(*code, info)),
            Self::NoUserData(tsn) => Some(NewCause::NoUserData(*tsn)),
            Self::MissingStateCookie => Some(NewCause::MissingMandatoryParameter(&MISSING)),
            Self::ProtocolViolation(what) => Some(NewCause::ProtocolViolation(what.as_bytes())),
        }
    }
}
