// SPDX-License-Identifier: GPL-2.0

//! The only way in: what every mutating call of the engine is handed.
//!
//! Time, randomness, keys, allocation policy and counters come through [`Cx`]; payload comes
//! through [`Payload`]. Whoever provides them decides whether the engine runs under a spinlock in
//! a kernel or in a test with virtual time.

use core::ops::Range;

use super::{env::Flags, stats::Counter, time::Time};

/// The surroundings of one call into the engine.
pub(crate) struct Cx<'a> {
    /// The time of this call. Never goes back between two calls on one association.
    pub(crate) now: Time,
    /// How this call may allocate: the engine runs under a spinlock, so this is atomic in the
    /// kernel; it is a parameter so that tests can make any allocation fail.
    pub(crate) gfp: Flags,
    /// Unpredictable numbers: tags, initial TSNs, nonces, jitter.
    pub(crate) rng: &'a mut dyn Rng,
    /// The secret under which cookies are authenticated.
    pub(crate) keys: &'a dyn CookieKeys,
    /// Where events are counted.
    pub(crate) stats: &'a dyn Stats,
}

/// A source of numbers that a peer cannot predict.
pub(crate) trait Rng {
    fn next_u32(&mut self) -> u32;

    fn next_u64(&mut self) -> u64 {
        (u64::from(self.next_u32()) << 32) | u64::from(self.next_u32())
    }
}

/// Length of a cookie's MAC in bytes (HMAC-SHA256).
pub(crate) const MAC_LEN: usize = 32;

/// Keyed message authentication for state cookies (RFC 9260, 5.1.3).
///
/// The owner rotates its secrets: `epoch` names the one that is to be used, cookies carry it, and
/// a secret too old is simply no longer known.
pub(crate) trait CookieKeys {
    /// The epoch under which a cookie made at `now` is to be signed.
    fn epoch(&self, now: Time) -> u32;

    /// HMAC-SHA256 of `data` under the secret of `epoch`; `None` if that secret is gone at `now`.
    fn mac(&self, now: Time, epoch: u32, data: &[u8]) -> Option<[u8; MAC_LEN]>;

    /// Whether two MACs are equal, in a time that does not depend on their contents.
    fn mac_eq(&self, a: &[u8; MAC_LEN], b: &[u8]) -> bool;
}

/// Where the engine counts what happens.
pub(crate) trait Stats {
    fn add(&self, counter: Counter, n: u64);

    fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }
}

/// A reference to user data, all that the engine knows about it.
///
/// In the kernel this is a counted reference to a range of an skb's memory, in user space one to a
/// range of an `Arc<[u8]>`. Cloning a range copies no data and cannot fail.
pub(crate) trait Payload: Sized {
    /// Number of bytes; never 0 for data that a user sent.
    fn len(&self) -> usize;

    /// Bytes of memory that this reference keeps alive on its own account: what a receive buffer
    /// is charged with. At least `len()`.
    fn truesize(&self) -> usize;

    /// Another reference, to bytes `range` of this one; `None` if `range` is not within it.
    fn slice(&self, range: Range<usize>) -> Option<Self>;
}
