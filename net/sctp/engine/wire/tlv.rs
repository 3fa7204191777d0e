// SPDX-License-Identifier: GPL-2.0

//! The one walker of lists of elements with a length: chunks in a packet (RFC 9260, 3.2),
//! parameters in a chunk (3.2.1), causes in an ABORT or ERROR (3.3.10).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +---------------+---------------+-------------------------------+
//! |      type, or type and flags  |  length: these 4 and the value|
//! +---------------+---------------+-------------------------------+
//! |  value …              padding to a multiple of 4, not counted |
//! ```
//!
//! Invariant: every slice handed out lies within the list and within the element's own length. An
//! element whose length is less than 4 or more than what is left ends the list with an error, as
//! do one to three bytes left over. The padding of the last element may be missing: in a list of
//! parameters it has to be, for the chunk's length does not count it.
//!
//! Of a packet's last chunk the end need not be at hand ([`Packet::new`](super::packet::Packet)):
//! then its slices are what there is of it.

use super::Malformed;

/// Size of an element's header.
pub(crate) const HEADER_LEN: usize = 4;

/// `len` with its padding.
pub(crate) const fn padded(len: usize) -> usize {
    len.saturating_add(3) & !3
}

/// One element of a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Element<'a> {
    /// The first two bytes: type and flags, or a type of two bytes.
    pub(crate) head: [u8; 2],
    /// What comes after the header, without padding.
    pub(crate) value: &'a [u8],
    /// Header and value, without padding.
    pub(crate) raw: &'a [u8],
    /// Where the header begins, counted from where the list's owner began to count.
    pub(crate) offset: usize,
    /// How many bytes of the value are not at hand.
    pub(crate) beyond: usize,
}

/// A list that is walked.
#[derive(Clone, Debug)]
pub(crate) struct Elements<'a> {
    rest: &'a [u8],
    offset: usize,
    /// Bytes of the list after `rest`, which are not at hand.
    beyond: usize,
}

impl<'a> Elements<'a> {
    /// The elements in `bytes`, which begin at `offset` of something larger.
    pub(crate) const fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self::cut(bytes, offset, 0)
    }

    /// The same, of a list that goes on for `beyond` bytes after these.
    pub(crate) const fn cut(bytes: &'a [u8], offset: usize, beyond: usize) -> Self {
        Self {
            rest: bytes,
            offset,
            beyond,
        }
    }

    /// Splits the first element from the list.
    fn split(&self) -> Option<(Element<'a>, &'a [u8])> {
        let (&[a, b, high, low], _) = self.rest.split_first_chunk::<HEADER_LEN>()?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let at_hand = length.min(self.rest.len());
        let beyond = length.saturating_sub(at_hand);
        if beyond > self.beyond {
            return None;
        }
        let raw = self.rest.get(..at_hand)?;
        let value = raw.get(HEADER_LEN..)?;
        let element = Element {
            head: [a, b],
            value,
            raw,
            offset: self.offset,
            beyond,
        };
        Some((element, self.rest.get(padded(length)..).unwrap_or(&[])))
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let Some((element, rest)) = self.split() else {
            self.rest = &[];
            return Some(Err(Malformed));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(padded(element.raw.len()));
        Some(Ok(element))
    }
}
