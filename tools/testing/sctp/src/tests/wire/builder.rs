// SPDX-License-Identifier: GPL-2.0

//! The builder: never too long, never half a chunk, padding zero, whatever fails.

use proptest::prelude::*;

use kernel::{alloc::flags::GFP_ATOMIC, fault};

use super::examine::{examine, flatten};
use crate::{
    engine::{
        serial::{Ssn, Tsn},
        wire::{
            builder::{BuildError, PacketBuilder},
            cause::NewCause,
            chunk::ChunkType,
            data::DataHeader,
            emit::InitParams,
            forward_tsn::Skipped,
            init::InitFixed,
            sack::GapBlock,
        },
    },
    tests::support::{cases, payload::Bytes},
};

const HEADER: DataHeader = DataHeader {
    tsn: Tsn(1),
    stream: 2,
    ssn: Ssn(3),
    ppid: [4; 4],
    unordered: false,
    begin: true,
    end: true,
    immediate: false,
};

const FIXED: InitFixed = InitFixed {
    tag: 1,
    a_rwnd: 2,
    out_streams: 3,
    in_streams: 4,
    initial_tsn: Tsn(5),
};

fn started(mtu: usize) -> PacketBuilder<Bytes> {
    let mut out = PacketBuilder::new();
    out.start(1, 2, 3, mtu, GFP_ATOMIC).unwrap();
    out
}

/// One call of the builder.
#[derive(Clone, Debug)]
enum Step {
    Data(usize),
    Sack(usize, usize),
    Init,
    InitAck(usize, usize),
    Heartbeat(usize),
    HeartbeatAck(usize),
    Abort(usize),
    Error(usize),
    Shutdown,
    ShutdownAck,
    ShutdownComplete,
    CookieEcho(usize),
    CookieAck,
    /// To a packet so much longer.
    Pad(usize),
    ForwardTsn(usize),
}

impl Step {
    fn kind(&self) -> ChunkType {
        match self {
            Self::Data(_) => ChunkType::Data,
            Self::Sack(..) => ChunkType::Sack,
            Self::Init => ChunkType::Init,
            Self::InitAck(..) => ChunkType::InitAck,
            Self::Heartbeat(_) => ChunkType::Heartbeat,
            Self::HeartbeatAck(_) => ChunkType::HeartbeatAck,
            Self::Abort(_) => ChunkType::Abort,
            Self::Error(_) => ChunkType::Error,
            Self::Shutdown => ChunkType::Shutdown,
            Self::ShutdownAck => ChunkType::ShutdownAck,
            Self::ShutdownComplete => ChunkType::ShutdownComplete,
            Self::CookieEcho(_) => ChunkType::CookieEcho,
            Self::CookieAck => ChunkType::CookieAck,
            Self::Pad(_) => ChunkType::Pad,
            Self::ForwardTsn(_) => ChunkType::ForwardTsn,
        }
    }

    fn apply(&self, out: &mut PacketBuilder<Bytes>) -> Result<(), BuildError> {
        let gfp = GFP_ATOMIC;
        let filler = [0xee; 3000];
        match *self {
            Self::Data(n) => out.data(gfp, &HEADER, Bytes::new(&filler[..n])),
            Self::Sack(gaps, duplicates) => out.sack(
                gfp,
                Tsn(9),
                9,
                (0..gaps).map(|n| GapBlock {
                    start: n as u16,
                    end: n as u16,
                }),
                (0..duplicates).map(|n| Tsn(n as u32)),
            ),
            Self::Init => out.init(gfp, &FIXED, &InitParams::default()),
            Self::InitAck(cookie, n) => {
                let unknown = [0xc1, 0x23, 0, 5, 0xaa];
                let unknown = (0..n).map(|_| &unknown[..]);
                out.init_ack(
                    gfp,
                    &FIXED,
                    &InitParams::default(),
                    &filler[..cookie],
                    unknown,
                    400,
                )
            }
            Self::Heartbeat(n) => out.heartbeat(gfp, &filler[..n]),
            Self::HeartbeatAck(n) => out.heartbeat_ack(gfp, &filler[..n]),
            Self::Abort(n) => {
                let causes = [
                    NewCause::NoUserData(Tsn(1)),
                    NewCause::ProtocolViolation(&filler[..n]),
                    NewCause::OutOfResource,
                ];
                out.abort(gfp, false, &causes)
            }
            Self::Error(n) => out.error(gfp, &NewCause::UnrecognizedChunkType(&filler[..n])),
            Self::Shutdown => out.shutdown(gfp, Tsn(1)),
            Self::ShutdownAck => out.shutdown_ack(gfp),
            Self::ShutdownComplete => out.shutdown_complete(gfp, true),
            Self::CookieEcho(n) => out.cookie_echo(gfp, &filler[..n]),
            Self::CookieAck => out.cookie_ack(gfp),
            Self::Pad(n) => out.pad_to(gfp, out.len() + n),
            Self::ForwardTsn(n) => {
                let skipped = (0..n as u16).map(|n| Skipped {
                    stream: n,
                    ssn: Ssn(n),
                });
                out.forward_tsn(gfp, Tsn(1), skipped)
            }
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let n = || prop_oneof![4 => 0..40_usize, 1 => 0..1500_usize];
    prop_oneof![
        n().prop_map(|n| Step::Data(n + 1)),
        (n(), n()).prop_map(|(a, b)| Step::Sack(a, b)),
        Just(Step::Init),
        (n(), n()).prop_map(|(a, b)| Step::InitAck(a, b)),
        n().prop_map(Step::Heartbeat),
        n().prop_map(Step::HeartbeatAck),
        n().prop_map(Step::Abort),
        n().prop_map(Step::Error),
        Just(Step::Shutdown),
        Just(Step::ShutdownAck),
        Just(Step::ShutdownComplete),
        n().prop_map(Step::CookieEcho),
        Just(Step::CookieAck),
        n().prop_map(Step::Pad),
        n().prop_map(Step::ForwardTsn),
    ]
}

/// Applies `steps` and checks after each. Returns the types of the chunks that are in the packet.
fn run(out: &mut PacketBuilder<Bytes>, mtu: usize, steps: &[Step]) -> Vec<ChunkType> {
    let mut kinds = Vec::new();
    for step in steps {
        let before = flatten(out);
        let room = out.room();
        let result = step.apply(out);
        let after = flatten(out);
        match result {
            Ok(()) => {
                kinds.push(step.kind());
                assert!(after.starts_with(&before));
                assert!(after.len() <= before.len() + room);
            }
            Err(_) => assert_eq!(before, after),
        }
        assert!(after.len() <= mtu);
        assert_eq!(after.len() % 4, 0);
        if !out.is_empty() {
            assert_eq!(examine(&after).unwrap(), kinds);
        }
        let zeroed = zero_padding(&after);
        assert_eq!(after, zeroed);
    }
    kinds
}

/// The packet with the padding of its chunks set to zero.
fn zero_padding(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut at = 12;
    while at < bytes.len() {
        let length = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
        let end = length.next_multiple_of(4);
        bytes[at + length..at + end].fill(0);
        at += end;
    }
    bytes
}

#[test]
fn before_a_start_there_is_no_room() {
    let mut out = PacketBuilder::<Bytes>::new();
    assert_eq!(out.room(), 0);
    assert_eq!(out.cookie_ack(GFP_ATOMIC), Err(BuildError::NoRoom));
    assert_eq!(
        out.data(GFP_ATOMIC, &HEADER, Bytes::new(b"x")),
        Err(BuildError::NoRoom)
    );
}

#[test]
fn a_start_drops_the_packet_before_it_and_its_payload() {
    let mut out = started(1500);
    let payload = Bytes::new(b"abc");
    out.data(GFP_ATOMIC, &HEADER, payload).unwrap();
    assert!(out.has_data());
    out.start(7, 8, 9, 100, GFP_ATOMIC).unwrap();
    assert!(!out.has_data());
    assert!(out.is_empty());
    assert_eq!(flatten(&out), [0, 7, 0, 8, 0, 0, 0, 9, 0, 0, 0, 0]);
}

#[test]
fn a_chunk_of_exactly_the_room_fits_and_one_byte_more_does_not() {
    for mtu in 500..508 {
        let mut out = started(mtu);
        let room = out.room();
        assert_eq!(room % 4, 0);
        let filler = [1; 600];
        let result = out.data(GFP_ATOMIC, &HEADER, Bytes::new(&filler[..room - 15]));
        assert_eq!(result, Err(BuildError::NoRoom));
        out.data(GFP_ATOMIC, &HEADER, Bytes::new(&filler[..room - 16]))
            .unwrap();
        assert_eq!(out.room(), 0);

        let mut out = started(mtu);
        let result = out.cookie_echo(GFP_ATOMIC, &filler[..room - 3]);
        assert_eq!(result, Err(BuildError::NoRoom));
        out.cookie_echo(GFP_ATOMIC, &filler[..room - 4]).unwrap();
        assert_eq!(out.room(), 0);
    }
}

#[test]
fn no_chunk_is_longer_than_its_length_field_can_say() {
    // CVE-2018-5803, CVE-2026-68315: the packet has room, the 16 bits have not.
    let filler = vec![0; 70_000];
    let mut out = started(200_000);
    for n in [65_520, 65_536, 70_000] {
        let payload = Bytes::new(&filler[..n]);
        assert_eq!(
            out.data(GFP_ATOMIC, &HEADER, payload),
            Err(BuildError::NoRoom)
        );
    }
    for n in [65_529, 65_532, 65_536, 70_000] {
        assert_eq!(
            out.cookie_echo(GFP_ATOMIC, &filler[..n]),
            Err(BuildError::NoRoom)
        );
    }
    let payload = Bytes::new(&filler[..65_519]);
    out.data(GFP_ATOMIC, &HEADER, payload).unwrap();
    out.cookie_echo(GFP_ATOMIC, &filler[..65_528]).unwrap();
    let gaps = (0..u16::MAX).map(|n| GapBlock { start: n, end: n });
    out.sack(GFP_ATOMIC, Tsn(1), 1, gaps, []).unwrap();
    assert_eq!(examine(&flatten(&out)).unwrap().len(), 3);
}

#[test]
fn an_unfinished_chunk_leaves_nothing() {
    let mut out = started(1500);
    out.cookie_ack(GFP_ATOMIC).unwrap();
    let before = flatten(&out);
    let mut w = out.chunk(GFP_ATOMIC, ChunkType::Error, 0).unwrap();
    w.put(&[1, 2, 3]).unwrap();
    drop(w);
    assert_eq!(flatten(&out), before);
}

#[test]
fn a_sack_has_the_gaps_that_fit_and_duplicates_only_after_all_of_them() {
    let gaps = || (1..100_u16).map(|n| GapBlock { start: n, end: n });
    let duplicates = || (1..100).map(Tsn);
    let mut out = started(12 + 16 + 4 * 40 + 3);
    out.sack(GFP_ATOMIC, Tsn(1), 1, gaps(), duplicates())
        .unwrap();
    assert_eq!(flatten(&out)[24..28], [0, 40, 0, 0]);

    let mut out = started(12 + 16 + 4 * 110);
    out.sack(GFP_ATOMIC, Tsn(1), 1, gaps(), duplicates())
        .unwrap();
    assert_eq!(flatten(&out)[24..28], [0, 99, 0, 11]);

    let mut out = started(12 + 12);
    assert_eq!(
        out.sack(GFP_ATOMIC, Tsn(1), 1, gaps(), duplicates()),
        Err(BuildError::NoRoom)
    );
}

#[test]
fn a_quote_that_is_too_long_is_cut_to_the_packet() {
    // Whatever a peer sends is not sent back in a packet that is too long.
    let quote = [7; 65_000];
    let mut out = started(512);
    out.error(GFP_ATOMIC, &NewCause::UnrecognizedChunkType(&quote))
        .unwrap();
    let bytes = flatten(&out);
    assert_eq!(bytes.len(), 512);
    assert_eq!(bytes[12..20], [9, 0, 1, 0xf4, 0, 6, 1, 0xf0]);

    let mut out = started(512);
    let causes = [
        NewCause::UserInitiatedAbort(&quote),
        NewCause::ProtocolViolation(b"no room for this one"),
    ];
    out.abort(GFP_ATOMIC, false, &causes).unwrap();
    let bytes = flatten(&out);
    assert_eq!(bytes.len(), 512);
    assert_eq!(examine(&bytes).unwrap(), [ChunkType::Abort]);
}

#[test]
fn reports_in_an_init_ack_stay_within_their_limit() {
    // CVE-2010-1173: an INIT with thousands of unknown parameters.
    let unknown = [0xc1, 0x23, 0, 4];
    let mut out = started(65_000);
    let unknown = (0..10_000).map(|_| &unknown[..]);
    let params = InitParams::default();
    out.init_ack(GFP_ATOMIC, &FIXED, &params, &[1; 100], unknown, 100)
        .unwrap();
    assert_eq!(out.len(), 12 + 20 + 104 + 96);
}

#[test]
fn padding_fills_the_packet_and_is_its_end() {
    for (size, padded) in [(100, 100), (101, 100), (103, 100), (44, 44)] {
        let mut out = started(1000);
        out.heartbeat(GFP_ATOMIC, &[1; 8]).unwrap();
        out.pad_to(GFP_ATOMIC, size).unwrap();
        assert_eq!(out.zeroes(), padded - 12 - 16 - 4);
        let bytes = flatten(&out);
        assert_eq!(bytes.len(), padded);
        assert_eq!(
            examine(&bytes).unwrap(),
            [ChunkType::Heartbeat, ChunkType::Pad]
        );
        assert_eq!(out.room(), 0);
        assert_eq!(out.cookie_ack(GFP_ATOMIC), Err(BuildError::NoRoom));
        out.clear();
        assert_eq!(out.zeroes(), 0);
    }
    // No room for a chunk, more than the packet's room, more than a length can say.
    for size in [0, 27, 31, 1004, 70_000] {
        let mut out = started(if size > 65_535 { 100_000 } else { 1000 });
        out.heartbeat(GFP_ATOMIC, &[1; 8]).unwrap();
        let before = flatten(&out);
        assert_eq!(out.pad_to(GFP_ATOMIC, size), Err(BuildError::NoRoom));
        assert_eq!(flatten(&out), before);
    }
}

#[test]
fn each_failing_allocation_leaves_a_valid_packet_and_nothing_leaks() {
    let steps = [
        Step::Sack(30, 30),
        Step::InitAck(120, 20),
        Step::Heartbeat(77),
        Step::Abort(300),
        Step::Data(13),
        Step::Data(500),
        Step::Data(1),
        Step::Data(2),
        Step::Pad(200),
    ];
    let live = fault::live();
    for n in 1.. {
        let plan = fault::fail_nth(n);
        let mut out = PacketBuilder::new();
        let started = out.start(1, 2, 3, 3000, GFP_ATOMIC);
        let mut complete = false;
        if started.is_ok() {
            complete = run(&mut out, 3000, &steps).len() == steps.len();
        }
        drop(out);
        assert_eq!(fault::live(), live);
        assert_eq!(complete, !plan.has_failed());
        if complete {
            assert!(n > 4, "some allocations were made to fail");
            break;
        }
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn any_sequence_of_chunks_is_a_valid_packet_within_its_mtu(
        mtu in 12..3000_usize,
        steps in prop::collection::vec(step(), 0..20),
    ) {
        let mut out = started(mtu);
        run(&mut out, mtu, &steps);
    }

    #[test]
    fn so_it_is_when_memory_runs_out(
        n in 1..12_u64,
        steps in prop::collection::vec(step(), 0..20),
    ) {
        let mut out = started(2000);
        let _plan = fault::fail_from(n);
        run(&mut out, 2000, &steps);
    }
}
