// SPDX-License-Identifier: GPL-2.0

//! What can happen to a packet on its way in one direction of one network.

use crate::{
    engine::{
        cx::Rng,
        time::{Duration, Time},
    },
    tests::support::world::SplitMix,
};

/// A rate, and the queue in front of it. What does not fit into the queue is lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Rate {
    /// Bytes per second, headers included.
    pub(crate) bytes: u64,
    /// What may wait, in bytes.
    pub(crate) queue: u64,
}

/// Losses that come together, after Gilbert and Elliott: the link is good or bad, and with each
/// packet it may change. Shares are per 1000.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Burst {
    pub(crate) becomes_bad: u32,
    pub(crate) becomes_good: u32,
    /// Of packets while it is bad.
    pub(crate) loss: u32,
}

/// How packets are treated. Shares are per 1000. The default delays them by 10 ms.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) delay: Duration,
    /// Up to so much is added to the delay, which reorders packets.
    pub(crate) jitter: Duration,
    pub(crate) loss: u32,
    pub(crate) burst: Option<Burst>,
    pub(crate) duplicate: u32,
    /// The share that is held up by `reorder_by`, and overtaken meanwhile.
    pub(crate) reorder: u32,
    pub(crate) reorder_by: Duration,
    /// The share of which a few bits are flipped.
    pub(crate) corrupt: u32,
    pub(crate) rate: Option<Rate>,
    /// The longest SCTP packet, or fragment of one, that passes.
    pub(crate) mtu: usize,
    /// From when to when nothing passes.
    pub(crate) down: Vec<(Time, Time)>,
    pub(crate) state: State,
}

/// How a link is at the moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    is_bad: bool,
    /// When the last packet in the queue will have left.
    busy_until: Time,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(10),
            jitter: Duration::ZERO,
            loss: 0,
            burst: None,
            duplicate: 0,
            reorder: 0,
            reorder_by: Duration::ZERO,
            corrupt: 0,
            rate: None,
            mtu: usize::MAX,
            down: Vec::new(),
            state: State::default(),
        }
    }
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Passage {
    Lost,
    /// Longer than what passes, which is this.
    TooBig(usize),
    /// So much later it is there, and perhaps a second time.
    Arrives {
        after: Duration,
        again: Option<Duration>,
        /// A few of its bits have changed.
        corrupt: bool,
    },
}

impl Link {
    pub(crate) fn is_down(&self, now: Time) -> bool {
        self.down
            .iter()
            .any(|&(from, until)| from <= now && now < until)
    }

    /// Decides about a packet of `len` bytes that is not too long.
    pub(crate) fn carry(&mut self, now: Time, len: usize, rng: &mut SplitMix) -> Passage {
        let by_chance = chance(rng, self.loss);
        if by_chance || self.is_in_burst(rng) || self.is_down(now) {
            return Passage::Lost;
        }
        let Some(wait) = self.queue(now, len) else {
            return Passage::Lost;
        };
        let is_repeated = chance(rng, self.duplicate);
        let mut after = Duration(self.delay(rng).0 + wait.0);
        let again = is_repeated.then(|| self.delay(rng));
        if chance(rng, self.reorder) {
            after.0 += self.reorder_by.0;
        }
        Passage::Arrives {
            after,
            again: again.map(|again| Duration(again.0 + wait.0)),
            corrupt: chance(rng, self.corrupt),
        }
    }

    fn delay(&self, rng: &mut SplitMix) -> Duration {
        let jitter = match self.jitter.0 {
            0 => 0,
            jitter => rng.next_u64() % jitter,
        };
        Duration(self.delay.0 + jitter)
    }

    fn is_in_burst(&mut self, rng: &mut SplitMix) -> bool {
        let Some(burst) = self.burst else {
            return false;
        };
        let change = match self.state.is_bad {
            true => burst.becomes_good,
            false => burst.becomes_bad,
        };
        self.state.is_bad ^= chance(rng, change);
        self.state.is_bad && chance(rng, burst.loss)
    }

    /// How long the packet takes to get onto the wire; `None` if the queue is full.
    fn queue(&mut self, now: Time, len: usize) -> Option<Duration> {
        let Some(rate) = self.rate else {
            return Some(Duration::ZERO);
        };
        let waits = self.state.busy_until.since(now);
        if waits.0.saturating_mul(rate.bytes) / 1_000_000_000 > rate.queue {
            return None;
        }
        // With an IP header of 20 bytes.
        let takes = (len as u64 + 20) * 1_000_000_000 / rate.bytes;
        self.state.busy_until = now.plus(Duration(waits.0 + takes));
        Some(self.state.busy_until.since(now))
    }
}

/// Whether something happens whose share is per 1000. What never happens draws no number.
pub(crate) fn chance(rng: &mut SplitMix, share: u32) -> bool {
    share > 0 && rng.next_u32() % 1000 < share
}

/// Flips one to three bits, which a CRC32c cannot miss.
pub(crate) fn flip(bytes: &mut [u8], rng: &mut SplitMix) {
    let bits = bytes.len() as u64 * 8;
    let mut flipped = Vec::new();
    for _ in 0..1 + rng.next_u32() % 3 {
        let bit = (rng.next_u64() % bits) as usize;
        if !flipped.contains(&bit) {
            bytes[bit / 8] ^= 1 << (bit % 8);
            flipped.push(bit);
        }
    }
}

/// Fills in the checksum of a packet, as the shell does when it sends.
pub(crate) fn seal(bytes: &mut [u8]) {
    bytes[8..12].fill(0);
    let crc = crc32c::crc32c(bytes);
    bytes[8..12].copy_from_slice(&crc.to_le_bytes());
}

/// Whether the checksum of a packet is right, as the shell asks before it looks at one.
pub(crate) fn is_sealed(bytes: &[u8]) -> bool {
    if bytes.len() < 12 {
        return false;
    }
    let crc = crc32c::crc32c(&bytes[..8]);
    let crc = crc32c::crc32c_append(crc, &[0; 4]);
    let crc = crc32c::crc32c_append(crc, &bytes[12..]);
    crc.to_le_bytes() == bytes[8..12]
}
