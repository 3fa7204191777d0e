// SPDX-License-Identifier: GPL-2.0

//! When to acknowledge (RFC 9260, 6.2; RFC 7053).
//!
//! The RFC allows to delay a SACK for a second packet or 200 ms. That is right while DATA flows,
//! and 200 ms of silence whenever the sender waits for this very SACK. So it is sent at once when
//! there is a sign that it helps:
//!
//! - the sender asks for it (I bit), or something is amiss (a gap, a duplicate, a full buffer);
//! - a large part of the window was used up: the sender may have no more;
//! - the user has read everything, the last packet was short and no answer is on its way: the
//!   sender may be holding the next short one back (Nagle). Whether the user answers by itself,
//!   and the SACK could travel along, is learned as TCP learns it. A sender that goes on writing is
//!   not to be answered for each message, so that this comes once in a [`SPACING`] at most.
//!
//! Short packets that would fit one together are acknowledged by the fourth instead of the second,
//! as TCP counts full segments (RFC 5681, 4.2). A peer that has several of them on their way does
//! not hold short ones back (Nagle), so it does not wait for the SACK, and they use up no window.
//! Not where RFC 9260 is followed to the letter, nor if the user has chosen how many.

use crate::engine::{
    cc::Algorithm,
    config::{Config, SACK_FREQ},
    time::{Duration, Time},
    wire::data::DataHeader,
};

/// After a delay turned out to be for nothing, so many packets are not bet on an answer.
const DISTRUST: u8 = 16;

/// A SACK that nothing but an idle user gives rise to is sent this long after the last one.
const SPACING: Duration = Duration::from_millis(1);

/// Whether a SACK is owed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Owed {
    Nothing,
    /// With the next DATA or when the timer expires.
    Soon,
    Now,
}

/// What a packet with DATA gave rise to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Signs {
    /// Something new was accepted.
    pub(crate) accepted: bool,
    /// A duplicate came, something was dropped, there is or was a gap.
    pub(crate) amiss: bool,
    /// The I bit was set.
    pub(crate) immediate: bool,
    /// The packet was not filled: nothing more was to be sent, or could be.
    pub(crate) short: bool,
    /// How long a packet is that is.
    pub(crate) full: usize,
}

#[derive(Debug)]
pub(crate) struct SackState {
    owed: Owed,
    /// Packets and payload bytes since the last SACK.
    packets: u32,
    bytes: usize,
    /// What the peer believes the window to be.
    advertised: u32,
    /// Whether the last packet was short, and whether all since the last SACK were.
    short: bool,
    all_short: bool,
    /// When DATA last came.
    last: Option<Time>,
    /// A SACK that nothing but an idle user gives rise to is not sent before.
    not_before: Time,
    /// The delay was made shorter, so that its end says nothing.
    hurried: bool,
    /// DATA was sent soon after DATA had come: the user answers.
    answers: bool,
    distrust: u8,
}

#[allow(dead_code)]
impl SackState {
    pub(crate) const fn new() -> Self {
        Self {
            owed: Owed::Nothing,
            // The very first packet is acknowledged at once: the peer measures its first
            // round-trip time with it, and its window is at its smallest.
            packets: u32::MAX,
            bytes: 0,
            advertised: 0,
            short: false,
            all_short: true,
            last: None,
            not_before: Time::START,
            hurried: false,
            answers: false,
            distrust: 0,
        }
    }

    pub(crate) fn owed(&self) -> Owed {
        self.owed
    }

    pub(crate) fn owe_now(&mut self) {
        self.owed = Owed::Now;
    }

    /// Payload was accepted: the peer's idea of the window shrinks by it.
    pub(crate) fn accepted(&mut self, len: usize) {
        self.bytes = self.bytes.saturating_add(len);
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        self.advertised = self.advertised.saturating_sub(len);
    }

    /// A packet with DATA was taken in.
    pub(crate) fn packet(&mut self, now: Time, signs: Signs, config: &Config, limit: usize) {
        self.packets = self.packets.saturating_add(1);
        self.short = signs.short;
        self.all_short &= signs.short;
        self.last = Some(now);
        self.distrust = self.distrust.saturating_sub(1);
        let most = self.most_packets(signs.full, config);
        let enough = self.packets >= most || self.bytes >= limit / 4;
        let decision = decide(signs, enough, config);
        self.owed = match (self.owed, decision) {
            (Owed::Now, _) | (_, Owed::Now) => Owed::Now,
            (Owed::Soon, _) | (_, Owed::Soon) => Owed::Soon,
            (Owed::Nothing, Owed::Nothing) => Owed::Nothing,
        };
    }

    /// So many packets since the last SACK are acknowledged at once.
    fn most_packets(&self, full: usize, config: &Config) -> u32 {
        let headers = DataHeader::LEN.saturating_mul(self.packets as usize);
        let is_little = self.all_short && self.bytes.saturating_add(headers) < full;
        match config.congestion_control {
            Algorithm::Cubic if is_little && config.sack_freq == SACK_FREQ => 2 * SACK_FREQ,
            Algorithm::Cubic | Algorithm::Reno => config.sack_freq,
        }
    }

    /// The user consumed something: whether that is a reason for a SACK. Gives the time of one that
    /// is to be sent sooner than it would be, but not now.
    pub(crate) fn consumed(
        &mut self,
        now: Time,
        drained: bool,
        window: u32,
        limit: usize,
        mtu: usize,
    ) -> Option<Time> {
        if is_update_due(self.advertised, window, limit, mtu) {
            self.owed = Owed::Now;
        }
        let waits = match self.owed {
            Owed::Soon => drained && self.short && (!self.answers || self.distrust > 0),
            Owed::Nothing | Owed::Now => false,
        };
        if !waits {
            return None;
        }
        if self.not_before > now {
            self.hurried = true;
            return Some(self.not_before);
        }
        self.owed = Owed::Now;
        None
    }

    /// The user has read all there is: the window will not open further by itself. A peer that
    /// waits at one without room for a packet is told of any that is larger, however little.
    pub(crate) fn all_read(&mut self, window: u32, mtu: usize) {
        if (self.advertised as usize) < mtu && window > self.advertised {
            self.owed = Owed::Now;
        }
    }

    /// The delay is over, and no DATA took the SACK along. Whether that was a delay to learn from.
    pub(crate) fn expired(&mut self) -> bool {
        match self.owed {
            Owed::Soon => {
                self.owed = Owed::Now;
                if !self.hurried {
                    self.answers = false;
                    self.distrust = DISTRUST;
                }
                !self.hurried
            }
            Owed::Nothing | Owed::Now => false,
        }
    }

    /// New DATA was sent.
    pub(crate) fn data_sent(&mut self, now: Time, delay: Duration) {
        if let Some(last) = self.last {
            if now.since(last) < delay {
                self.answers = true;
            }
        }
    }

    /// A SACK, or an INIT or INIT ACK, told the peer this window.
    pub(crate) fn sent(&mut self, now: Time, window: u32) {
        self.owed = Owed::Nothing;
        self.not_before = now.plus(SPACING);
        self.hurried = false;
        self.packets = 0;
        self.all_short = true;
        self.bytes = 0;
        self.advertised = window;
    }

    /// The window in an INIT or INIT ACK, which are not SACKs.
    pub(crate) fn advertise(&mut self, window: u32) {
        self.advertised = window;
    }
}

/// Whether to acknowledge, after a packet with DATA.
fn decide(signs: Signs, enough: bool, config: &Config) -> Owed {
    if signs.amiss || signs.immediate {
        return Owed::Now;
    }
    if !signs.accepted {
        return Owed::Nothing;
    }
    if enough || !config.delays_sacks {
        Owed::Now
    } else {
        Owed::Soon
    }
}

/// Whether the window opened so far that the peer has to be told (RFC 1122, 4.2.3.3): by a quarter
/// of it, or by two packets if the peer believes that it has hardly room for one.
fn is_update_due(advertised: u32, window: u32, limit: usize, mtu: usize) -> bool {
    let opened = window.saturating_sub(advertised) as usize;
    let quarter = limit / 4;
    let packets = mtu.saturating_mul(2);
    opened >= quarter.max(1) || ((advertised as usize) < packets && opened >= packets)
}
