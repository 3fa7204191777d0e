// SPDX-License-Identifier: GPL-2.0

//! The surroundings of an engine call: virtual time, seeded randomness, real MACs, counters.

use std::cell::{Cell, RefCell};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use kernel::alloc::flags::GFP_ATOMIC;

use crate::engine::{
    cx::{CookieKeys, Cx, Rng, Stats, MAC_LEN},
    secrets::{self, Secrets},
    stats::Counter,
    time::{Duration, Time},
};

/// All that a [`Cx`] refers to.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Time,
    pub(crate) rng: SplitMix,
    pub(crate) keys: Keys,
    pub(crate) stats: Counters,
}

impl World {
    /// A world whose random numbers are determined by `seed`. It does not begin at time 0.
    pub(crate) fn new(seed: u64) -> Self {
        let now = Time::from_nanos(1_000_000_000_000_000);
        Self {
            now,
            rng: SplitMix(seed),
            keys: Keys::new(seed, now),
            stats: Counters::default(),
        }
    }

    pub(crate) fn cx(&mut self) -> Cx<'_> {
        Cx {
            now: self.now,
            gfp: GFP_ATOMIC,
            rng: &mut self.rng,
            keys: &self.keys,
            stats: &self.stats,
        }
    }

    pub(crate) fn advance(&mut self, span: Duration) {
        self.now = self.now.plus(span);
    }
}

/// Steele, Lea and Flood's SplitMix64: small, and good enough to look random.
#[derive(Clone, Debug)]
pub(crate) struct SplitMix(pub(crate) u64);

impl SplitMix {
    fn step(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = self.0;
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl SplitMix {
    /// A generator whose second number is `second`: the output function run backwards.
    pub(crate) fn with_second(second: u32, low: u32) -> Self {
        let mut z = (u64::from(second) << 32) | u64::from(low);
        z = unshift(z, 31).wrapping_mul(inverse(0x94d0_49bb_1331_11eb));
        z = unshift(z, 27).wrapping_mul(inverse(0xbf58_476d_1ce4_e5b9));
        z = unshift(z, 30);
        let state = z.wrapping_sub(0x9e37_79b9_7f4a_7c15u64.wrapping_mul(2));
        let mut check = Self(state);
        check.next_u32();
        assert_eq!(check.next_u32(), second);
        Self(state)
    }
}

/// Solves `x ^ (x >> n) == z`.
fn unshift(z: u64, n: u32) -> u64 {
    let mut x = z;
    for _ in 0..64 / n {
        x = z ^ (x >> n);
    }
    x
}

/// The inverse of an odd number modulo 2^64, by Newton's iteration.
fn inverse(odd: u64) -> u64 {
    (0..6).fold(odd, |x, _| {
        x.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(x)))
    })
}

impl Rng for SplitMix {
    fn next_u32(&mut self) -> u32 {
        (self.step() >> 32) as u32
    }
}

/// Secrets that are drawn from a seed.
#[derive(Debug)]
pub(crate) struct Keys {
    secrets: RefCell<Secrets<[u8; MAC_LEN]>>,
    draws: RefCell<SplitMix>,
    /// How many MACs were computed.
    pub(crate) macs: Cell<u64>,
}

impl Keys {
    fn new(seed: u64, now: Time) -> Self {
        let draws = RefCell::new(SplitMix(seed ^ 0x5ec4_e700));
        Self {
            secrets: RefCell::new(Secrets::new(now, || draw(&draws))),
            draws,
            macs: Cell::new(0),
        }
    }
}

fn draw(draws: &RefCell<SplitMix>) -> [u8; MAC_LEN] {
    let mut secret = [0; MAC_LEN];
    for word in secret.chunks_mut(8) {
        word.copy_from_slice(&draws.borrow_mut().step().to_be_bytes());
    }
    secret
}

impl CookieKeys for Keys {
    fn epoch(&self, now: Time) -> u32 {
        secrets::epoch_at(now)
    }

    fn mac(&self, now: Time, epoch: u32, data: &[u8]) -> Option<[u8; MAC_LEN]> {
        let mut secrets = self.secrets.borrow_mut();
        let secret = secrets.get(now, epoch, || draw(&self.draws))?;
        self.macs.set(self.macs.get() + 1);
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
        mac.update(data);
        Some(mac.finalize().into_bytes().into())
    }

    fn mac_eq(&self, a: &[u8; MAC_LEN], b: &[u8]) -> bool {
        a.as_slice() == b
    }
}

/// What was counted.
#[derive(Debug)]
pub(crate) struct Counters([Cell<u64>; Counter::COUNT]);

impl Counters {
    pub(crate) fn get(&self, counter: Counter) -> u64 {
        self.0[counter as usize].get()
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self([const { Cell::new(0) }; Counter::COUNT])
    }
}

impl Stats for Counters {
    fn add(&self, counter: Counter, n: u64) {
        let cell = &self.0[counter as usize];
        cell.set(cell.get() + n);
    }
}
