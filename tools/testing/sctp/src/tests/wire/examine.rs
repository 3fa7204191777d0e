// SPDX-License-Identifier: GPL-2.0

//! Reads all that can be read of a packet and checks what has to hold for any bytes whatsoever.

use crate::{
    engine::{
        addr::{Address, IpAddr, Ipv4Addr},
        cx::Payload,
        stats::Reason,
        wire::{
            builder::{PacketBuilder, Segment},
            chunk::{Chunk, ChunkType},
            control,
            data::Data,
            forward_tsn::ForwardTsn,
            init::Init,
            packet::{visible_len, Header, Packet},
            param::Params,
            sack::Sack,
            Malformed,
        },
    },
    tests::support::payload::Bytes,
};

pub(crate) const SRC: Address = Address::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
pub(crate) const DST: Address = Address::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)));

/// The packet in `out` as it would be sent, without a checksum.
pub(crate) fn flatten(out: &PacketBuilder<Bytes>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for segment in out.segments() {
        match segment {
            Segment::Bytes(part) => {
                assert!(!part.is_empty());
                bytes.extend_from_slice(part);
            }
            Segment::Payload(part) => bytes.extend_from_slice(part.as_slice()),
            Segment::Zeroes(n) => bytes.resize(bytes.len() + n, 0),
        }
    }
    assert_eq!(bytes.len(), out.len());
    bytes
}

/// Whether `part` lies in `whole`, as memory.
fn lies_in(part: &[u8], whole: &[u8]) -> bool {
    let part = part.as_ptr_range();
    let whole = whole.as_ptr_range();
    part.start == part.end || (whole.start <= part.start && part.end <= whole.end)
}

/// What a list of chunks is, in another way than the engine has it: offsets and lengths of the
/// chunks, and whether all bytes are accounted for.
fn reference_walk(bytes: &[u8]) -> (Vec<(usize, usize)>, bool) {
    let mut at = Header::LEN;
    let mut chunks = Vec::new();
    while at < bytes.len() {
        if bytes.len() - at < 4 {
            return (chunks, false);
        }
        let length = usize::from(bytes[at + 2]) * 256 + usize::from(bytes[at + 3]);
        if length < 4 || at + length > bytes.len() {
            return (chunks, false);
        }
        chunks.push((at, length));
        at += length.next_multiple_of(4);
    }
    (chunks, true)
}

/// Reads everything in `bytes`. Returns the chunks' types, up to a malformed one.
pub(crate) fn examine(bytes: &[u8]) -> Result<Vec<ChunkType>, Reason> {
    let buf = Bytes::new(bytes);
    let pkt = Packet::new(bytes, &buf, SRC, DST)?;
    let (expected, is_whole) = reference_walk(bytes);
    let mut kinds = Vec::new();
    let mut items = pkt.chunks();
    for (at, length) in expected {
        let chunk = items.next().unwrap().unwrap();
        assert_eq!(chunk.raw, &bytes[at..at + length]);
        assert_eq!(chunk.value, &bytes[at + 4..at + length]);
        assert_eq!(chunk.offset, at + 4);
        assert_eq!(chunk.kind.to_u8(), bytes[at]);
        assert_eq!(chunk.flags, bytes[at + 1]);
        assert!(lies_in(chunk.raw, bytes));
        kinds.push(chunk.kind);
        examine_chunk(&pkt, &chunk, bytes);
    }
    assert_eq!(items.next().is_some_and(|item| item.is_err()), !is_whole);
    assert!(items.next().is_none(), "nothing comes after an error");
    if let Some(first) = kinds.first() {
        assert_eq!(*first, pkt.first_kind());
    }
    examine_cut(&pkt, bytes, &buf);
    Ok(kinds)
}

/// A packet that is cut where it may be is understood as the whole one is.
fn examine_cut(pkt: &Packet<'_, Bytes>, bytes: &[u8], buf: &Bytes) {
    let seen = visible_len(bytes.len(), |at| bytes.get(at..at + 4)?.try_into().ok());
    let cut = Packet::new(&bytes[..seen], buf, SRC, DST).unwrap();
    assert_eq!(cut.len(), pkt.len());
    assert_eq!(cut.first_kind(), pkt.first_kind());
    let mut chunks = cut.chunks();
    for whole in pkt.chunks() {
        let Ok(whole) = whole else {
            assert!(chunks.next().unwrap().is_err());
            break;
        };
        let chunk = chunks.next().unwrap().unwrap();
        assert_eq!((chunk.kind, chunk.flags), (whole.kind, whole.flags));
        assert_eq!(chunk.len(), whole.len());
        if chunk.kind == ChunkType::Data {
            assert_eq!(Data::parse(&chunk), Data::parse(&whole));
        } else {
            assert_eq!(chunk.value, whole.value);
        }
    }
    assert!(chunks.next().is_none());
}

/// Every view on every chunk: those that are not meant for it have to survive it, too.
fn examine_chunk(pkt: &Packet<'_, Bytes>, chunk: &Chunk<'_>, bytes: &[u8]) {
    let value = chunk.value;
    if let Ok(data) = Data::parse(chunk) {
        let payload = pkt.payload(data.payload.clone()).unwrap();
        assert_eq!(payload.as_slice(), &value[12..]);
        assert_eq!(payload.len(), data.payload.len());
    } else {
        assert!(value.len() < 12);
    }
    if let Ok(sack) = Sack::parse(chunk) {
        assert_eq!(sack.gaps().count(), sack.gap_count());
        let n = sack.gap_count() + sack.duplicates().count();
        assert!(12 + 4 * n <= value.len());
    }
    match ForwardTsn::parse(chunk) {
        Ok(forward) => assert_eq!(4 + 4 * forward.skipped().count(), value.len()),
        Err(Malformed) => assert!(value.len() < 4 || value.len() % 4 != 0),
    }
    if let Ok(init) = Init::parse(chunk) {
        assert!(value.len() >= 16);
        for address in init.addresses(SRC) {
            assert!(address.is_unicast());
        }
        for raw in init.unrecognized() {
            assert!(lies_in(raw, value));
            assert!(raw.len() >= 4);
        }
        assert!(lies_in(init.extensions, value));
        assert!(lies_in(init.cookie.unwrap_or(&[]), value));
    }
    if let Ok(info) = control::heartbeat_info(chunk) {
        assert!(lies_in(info, value));
    }
    assert_eq!(control::shutdown_tsn(chunk).is_ok(), value.len() >= 4);
    for cause in control::causes(chunk).flatten() {
        assert!(lies_in(cause.value, value));
        if cause.staleness().is_some() {
            assert!(cause.value.len() >= 4);
        }
    }
    for param in Params::new(value).flatten() {
        assert!(lies_in(param.raw, value));
        assert!(lies_in(param.value, param.raw));
    }
    assert!(lies_in(value, bytes));
}
