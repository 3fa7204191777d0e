// SPDX-License-Identifier: GPL-2.0

//! Sequence numbers that wrap (RFC 1982; RFC 9260, 1.6).
//!
//! None of these types has `Ord`: "less" is not transitive around a circle, and a sort by it
//! would be a bug. [`Tsn::is_before`] and its kin are the only comparisons, and all arithmetic
//! wraps by construction.

macro_rules! serial {
    ($(#[$doc:meta])* $name:ident, $int:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
        pub(crate) struct $name(pub(crate) $int);

        #[allow(dead_code)]
        impl $name {
            /// The number `n` steps further on.
            pub(crate) const fn plus(self, n: $int) -> Self {
                Self(self.0.wrapping_add(n))
            }

            /// The number `n` steps back.
            pub(crate) const fn minus(self, n: $int) -> Self {
                Self(self.0.wrapping_sub(n))
            }

            /// The number that follows.
            pub(crate) const fn next(self) -> Self {
                self.plus(1)
            }

            /// How many steps lead from `earlier` to this one, going forward around the circle.
            pub(crate) const fn since(self, earlier: Self) -> $int {
                self.0.wrapping_sub(earlier.0)
            }

            /// Whether this number comes before `other`. Two numbers exactly half the circle
            /// apart are before each other in neither direction (RFC 1982, 3.2).
            pub(crate) const fn is_before(self, other: Self) -> bool {
                let distance = other.since(self);
                distance != 0 && distance < 1 << (<$int>::BITS - 1)
            }

            /// Whether this number comes after `other`.
            pub(crate) const fn is_after(self, other: Self) -> bool {
                other.is_before(self)
            }
        }
    };
}

serial!(
    /// Transmission Sequence Number: numbers every DATA chunk of one direction.
    Tsn,
    u32
);
serial!(
    /// Stream Sequence Number: numbers the ordered messages of one stream.
    Ssn,
    u16
);
