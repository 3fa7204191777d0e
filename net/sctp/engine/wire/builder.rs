// SPDX-License-Identifier: GPL-2.0

//! A packet under construction.
//!
//! Headers and control chunks are bytes of the builder's own; user data is not copied but stands
//! in line as a reference ([`Segment::Payload`]). What the chunks look like is in
//! [`emit`](super::emit).
//!
//! Invariants: the packet never grows beyond the room that [`PacketBuilder::start`] was given; it
//! is a valid packet after every call, also after one that failed, for a chunk is either in it as
//! a whole or not at all; padding is zero.

use super::{
    chunk::ChunkType,
    data::DataHeader,
    packet::Header,
    read,
    tlv::{self, padded},
};
use crate::engine::{
    cx::Payload,
    env::{AllocError, Flags, KVec},
    stats::Reason,
};

/// Why something is not in the packet. The packet is as it was before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BuildError {
    /// It does not fit. It may fit the next packet.
    NoRoom,
    NoMemory,
}

impl From<AllocError> for BuildError {
    fn from(_: AllocError) -> Self {
        Self::NoMemory
    }
}

impl From<BuildError> for Reason {
    fn from(error: BuildError) -> Self {
        match error {
            // No chunk was bound to fit: the caller gave too small a packet.
            BuildError::NoRoom => Self::Unexpected,
            BuildError::NoMemory => Self::NoMemory,
        }
    }
}

/// For callers that have asked for `PacketBuilder::room` before, so that only memory
/// can be lacking.
impl From<BuildError> for AllocError {
    fn from(_: BuildError) -> Self {
        AllocError
    }
}

/// User data in line.
#[derive(Debug)]
struct PayloadRef<B> {
    /// It comes before this byte of the builder's own.
    at: usize,
    payload: B,
}

/// A packet under construction. Its memory is kept from one packet to the next.
#[derive(Debug)]
pub(crate) struct PacketBuilder<B> {
    /// Common header, chunk headers, control chunks, padding. At most the size of a packet.
    bytes: KVec<u8>,
    /// At most one for each 20 bytes of a packet.
    refs: KVec<PayloadRef<B>>,
    /// Bytes of all of `refs`.
    payload_len: usize,
    /// Zero bytes at the end, all there is in a PAD chunk: no memory is spent on them.
    zeroes: usize,
    /// How long the packet may become.
    mtu: usize,
}

/// A part of a finished packet.
#[derive(Debug)]
pub(crate) enum Segment<'a, B> {
    Bytes(&'a [u8]),
    Payload(&'a B),
    /// So many zero bytes: the last part.
    Zeroes(usize),
}

impl<B: Payload> PacketBuilder<B> {
    /// A builder that holds nothing and has no room: see [`start`](Self::start).
    pub(crate) const fn new() -> Self {
        Self {
            bytes: KVec::new(),
            refs: KVec::new(),
            payload_len: 0,
            zeroes: 0,
            mtu: 0,
        }
    }

    /// Drops what is in it, payload references too. It has no room until the next start.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.refs.clear();
        self.payload_len = 0;
        self.zeroes = 0;
        self.mtu = 0;
    }

    /// Begins a packet of at most `mtu` bytes, the IP header not counted.
    pub(crate) fn start(
        &mut self,
        source_port: u16,
        destination_port: u16,
        tag: u32,
        mtu: usize,
        gfp: Flags,
    ) -> Result<(), AllocError> {
        self.clear();
        // Enough for the header and a few control chunks: what most packets need.
        self.bytes.reserve(256, gfp)?;
        self.bytes
            .extend_from_slice(&source_port.to_be_bytes(), gfp)?;
        self.bytes
            .extend_from_slice(&destination_port.to_be_bytes(), gfp)?;
        self.bytes.extend_from_slice(&tag.to_be_bytes(), gfp)?;
        self.bytes.extend_from_slice(&[0; 4], gfp)?;
        self.mtu = mtu;
        Ok(())
    }

    /// Size of the largest chunk that still fits, header and padding included.
    pub(crate) fn room(&self) -> usize {
        self.mtu.saturating_sub(self.len()) & !3
    }

    /// Size of the packet so far, user data and padding included.
    pub(crate) fn len(&self) -> usize {
        self.bytes
            .len()
            .saturating_add(self.payload_len)
            .saturating_add(self.zeroes)
    }

    /// Whether there is no chunk in it yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.len() <= Header::LEN
    }

    /// Whether there is a DATA chunk in it. Control chunks have to come before the first one
    /// (RFC 9260, 6.10).
    pub(crate) fn has_data(&self) -> bool {
        !self.refs.is_empty()
    }

    /// Appends a DATA chunk.
    pub(crate) fn data(
        &mut self,
        gfp: Flags,
        header: &DataHeader,
        payload: B,
    ) -> Result<(), BuildError> {
        let len = payload.len();
        let emitted = header.emit(len).ok_or(BuildError::NoRoom)?;
        let size = DataHeader::LEN.saturating_add(len);
        if padded(size) > self.room() {
            return Err(BuildError::NoRoom);
        }
        let padding = padded(size).saturating_sub(size);
        self.bytes.reserve(DataHeader::LEN + 3, gfp)?;
        self.refs.reserve(1, gfp)?;

        self.bytes.extend_from_slice(&emitted, gfp)?;
        let at = self.bytes.len();
        self.bytes
            .extend_from_slice([0; 3].get(..padding).unwrap_or(&[]), gfp)?;
        self.refs.push(PayloadRef { at, payload }, gfp)?;
        self.payload_len = self.payload_len.saturating_add(len);
        Ok(())
    }

    /// Appends a PAD chunk (RFC 4820, 3) that makes the packet `size` bytes long, in whole words:
    /// the last chunk.
    pub(crate) fn pad_to(&mut self, gfp: Flags, size: usize) -> Result<(), BuildError> {
        let size = size & !3;
        let chunk = size.checked_sub(self.len()).ok_or(BuildError::NoRoom)?;
        let zeroes = chunk
            .checked_sub(tlv::HEADER_LEN)
            .ok_or(BuildError::NoRoom)?;
        let length = u16::try_from(chunk).map_err(|_| BuildError::NoRoom)?;
        if chunk > self.room() {
            return Err(BuildError::NoRoom);
        }
        let [high, low] = length.to_be_bytes();
        self.bytes
            .extend_from_slice(&[ChunkType::Pad.to_u8(), 0, high, low], gfp)?;
        self.zeroes = zeroes;
        // Nothing comes after it.
        self.mtu = self.len();
        Ok(())
    }

    /// Bytes that [padding](Self::pad_to) has added. A packet with padding is there to find out
    /// whether packets of its size arrive, so it must not be fragmented.
    pub(crate) fn zeroes(&self) -> usize {
        self.zeroes
    }

    /// Begins a control chunk, which is in the packet once it is
    /// [finished](ChunkWriter::finish).
    pub(crate) fn chunk(
        &mut self,
        gfp: Flags,
        kind: ChunkType,
        flags: u8,
    ) -> Result<ChunkWriter<'_, B>, BuildError> {
        // A chunk's length is a number of 16 bits.
        let limit = self.room().min(usize::from(u16::MAX) & !3);
        let start = self.bytes.len();
        let mut writer = ChunkWriter {
            builder: self,
            gfp,
            start,
            limit,
            is_finished: false,
        };
        writer.put(&[kind.to_u8(), flags, 0, 0])?;
        Ok(writer)
    }

    /// The last user data, and how many bytes follow it, which are its padding.
    pub(crate) fn last_payload(&self) -> Option<(&B, usize)> {
        let last = self.refs.last()?;
        let padding = self.bytes.len().saturating_sub(last.at);
        Some((&last.payload, padding))
    }

    /// The packet, in order. The checksum is zero: whoever sends it fills it in.
    pub(crate) fn segments(&self) -> impl Iterator<Item = Segment<'_, B>> {
        let mut rest = self.bytes.as_slice();
        let mut taken = 0_usize;
        let mut refs = self.refs.iter().peekable();
        let mut zeroes = self.zeroes;
        core::iter::from_fn(move || {
            let until = match refs.peek() {
                Some(next) => next.at.saturating_sub(taken).min(rest.len()),
                None => rest.len(),
            };
            if until == 0 {
                if let Some(next) = refs.next() {
                    return Some(Segment::Payload(&next.payload));
                }
                let zeroes = core::mem::take(&mut zeroes);
                return (zeroes != 0).then_some(Segment::Zeroes(zeroes));
            }
            let (bytes, left) = rest.split_at_checked(until)?;
            rest = left;
            taken = taken.saturating_add(until);
            Some(Segment::Bytes(bytes))
        })
    }
}

impl<B: Payload> Default for PacketBuilder<B> {
    fn default() -> Self {
        Self::new()
    }
}

/// A control chunk under construction. Unless it is finished, nothing of it stays in the packet.
#[must_use = "a chunk that is not finished is not sent"]
pub(crate) struct ChunkWriter<'b, B: Payload> {
    builder: &'b mut PacketBuilder<B>,
    gfp: Flags,
    /// Where the chunk begins in the builder's bytes.
    start: usize,
    /// How long it may become, with padding.
    limit: usize,
    is_finished: bool,
}

impl<B: Payload> ChunkWriter<'_, B> {
    /// Bytes of the chunk so far, header included.
    pub(crate) fn len(&self) -> usize {
        self.builder.bytes.len().saturating_sub(self.start)
    }

    /// How many bytes more the chunk can hold.
    pub(crate) fn room(&self) -> usize {
        self.limit.saturating_sub(self.len())
    }

    /// Appends bytes; on an error, none of them.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), BuildError> {
        if bytes.len() > self.room() {
            return Err(BuildError::NoRoom);
        }
        // Also for the padding, so that finishing needs no memory.
        self.builder
            .bytes
            .reserve(bytes.len().saturating_add(3), self.gfp)?;
        self.builder.bytes.extend_from_slice(bytes, self.gfp)?;
        Ok(())
    }

    pub(crate) fn put_u16(&mut self, n: u16) -> Result<(), BuildError> {
        self.put(&n.to_be_bytes())
    }

    pub(crate) fn put_u32(&mut self, n: u32) -> Result<(), BuildError> {
        self.put(&n.to_be_bytes())
    }

    /// Overwrites two bytes at `at`, counted from the chunk's header: counts that are known last.
    pub(crate) fn patch_u16(&mut self, at: usize, n: u16) {
        let at = self.start.saturating_add(at);
        let slot = self.builder.bytes.get_mut(at..at.saturating_add(2));
        if let Some(slot) = slot {
            read::copy(slot, &n.to_be_bytes());
        }
    }

    /// Appends a parameter or cause whose value is `parts` one after the other; on an error,
    /// nothing of it, apart from the padding of what came before.
    pub(crate) fn put_tlv(&mut self, kind: u16, parts: &[&[u8]]) -> Result<(), BuildError> {
        let len = parts
            .iter()
            .fold(tlv::HEADER_LEN, |sum, part| sum.saturating_add(part.len()));
        let padding = padded(self.len()).saturating_sub(self.len());
        if len.saturating_add(padding) > self.room() {
            return Err(BuildError::NoRoom);
        }
        let length = u16::try_from(len).map_err(|_| BuildError::NoRoom)?;
        // After this, nothing can fail any more.
        let needed = len.saturating_add(padding).saturating_add(3);
        self.builder.bytes.reserve(needed, self.gfp)?;
        self.pad()?;
        self.put_u16(kind)?;
        self.put_u16(length)?;
        for part in parts {
            self.put(part)?;
        }
        Ok(())
    }

    fn pad(&mut self) -> Result<(), BuildError> {
        let padding = padded(self.len()).saturating_sub(self.len());
        self.put([0; 3].get(..padding).unwrap_or(&[]))
    }

    /// Completes the chunk: its length, which does not count the padding at its end, and that.
    pub(crate) fn finish(mut self) -> Result<(), BuildError> {
        let length = u16::try_from(self.len()).map_err(|_| BuildError::NoRoom)?;
        self.patch_u16(2, length);
        self.pad()?;
        self.is_finished = true;
        Ok(())
    }
}

impl<B: Payload> Drop for ChunkWriter<'_, B> {
    fn drop(&mut self) {
        if !self.is_finished {
            self.builder.bytes.truncate(self.start);
        }
    }
}
