// SPDX-License-Identifier: GPL-2.0

//! What is emitted is read as what it was.

use proptest::prelude::*;

use kernel::alloc::flags::GFP_ATOMIC;

use super::examine::{flatten, DST, SRC};
use crate::{
    engine::{
        addr::{Address, IpAddr},
        serial::{Ssn, Tsn},
        time::Duration,
        wire::{
            builder::PacketBuilder,
            cause::NewCause,
            chunk::Chunk,
            control,
            data::{Data, DataHeader},
            emit::InitParams,
            forward_tsn::{ForwardTsn, Skipped},
            init::{AddressTypes, Init, InitFixed},
            packet::Packet,
            sack::{GapBlock, Sack},
        },
    },
    tests::support::{cases, payload::Bytes},
};

/// Emits a packet and hands it to `check`, with its only chunk.
fn roundtrip(
    emit: impl FnOnce(&mut PacketBuilder<Bytes>),
    check: impl FnOnce(&Packet<'_, Bytes>, &Chunk<'_>),
) {
    let mut out = PacketBuilder::new();
    out.start(3, 4, 5, 65_000, GFP_ATOMIC).unwrap();
    emit(&mut out);
    let bytes = flatten(&out);
    let buf = Bytes::new(&bytes);
    let pkt = Packet::new(&bytes, &buf, SRC, DST).unwrap();
    assert_eq!(pkt.source_port(), 3);
    assert_eq!(pkt.destination_port(), 4);
    assert_eq!(pkt.verification_tag(), 5);
    let mut chunks = pkt.chunks();
    let chunk = chunks.next().unwrap().unwrap();
    assert_eq!(chunk.kind, pkt.first_kind());
    check(&pkt, &chunk);
    assert!(chunks.next().is_none());
}

fn data_header() -> impl Strategy<Value = DataHeader> {
    (any::<(u32, u16, u16, [u8; 4])>(), any::<[bool; 4]>()).prop_map(|(n, flags)| DataHeader {
        tsn: Tsn(n.0),
        stream: n.1,
        ssn: Ssn(n.2),
        ppid: n.3,
        unordered: flags[0],
        begin: flags[1],
        end: flags[2],
        immediate: flags[3],
    })
}

fn init_fixed() -> impl Strategy<Value = InitFixed> {
    any::<(u32, u32, u16, u16, u32)>().prop_map(|n| InitFixed {
        tag: n.0,
        a_rwnd: n.1,
        out_streams: n.2,
        in_streams: n.3,
        initial_tsn: Tsn(n.4),
    })
}

/// Addresses that are not left out when they are read.
fn addresses() -> impl Strategy<Value = Vec<Address>> {
    let v4 = (1..120_u8, any::<[u8; 3]>())
        .prop_map(|(a, b)| Address::new(IpAddr::from([a, b[0], b[1], b[2]])));
    let v6 = any::<[u8; 14]>().prop_map(|tail| {
        let mut ip = [0x20, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        ip[2..].copy_from_slice(&tail);
        Address::new(IpAddr::from(ip))
    });
    prop::collection::vec(prop_oneof![v4, v6], 0..20)
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn data(header in data_header(), payload in prop::collection::vec(any::<u8>(), 1..2000)) {
        roundtrip(
            |out| out.data(GFP_ATOMIC, &header, Bytes::new(&payload)).unwrap(),
            |pkt, chunk| {
                let data = Data::parse(chunk).unwrap();
                assert_eq!(data.header, header);
                assert_eq!(pkt.payload(data.payload).unwrap().as_slice(), payload);
            },
        );
    }

    #[test]
    fn init(
        fixed in init_fixed(),
        addresses in addresses(),
        ms in any::<Option<u32>>(),
        types in any::<Option<(bool, bool)>>(),
        forward_tsn_supported in any::<bool>(),
        adaptation_code_point in any::<Option<u32>>(),
    ) {
        let params = InitParams {
            addresses: &addresses,
            address_types: types.map(|(ipv4, ipv6)| AddressTypes { ipv4, ipv6 }),
            preservative: ms.map(Duration::from_millis),
            forward_tsn_supported,
            adaptation_code_point,
        };
        roundtrip(
            |out| out.init(GFP_ATOMIC, &fixed, &params).unwrap(),
            |_, chunk| {
                let init = Init::parse(chunk).unwrap();
                assert_eq!(init.fixed, fixed);
                assert_eq!(init.addresses(SRC).collect::<Vec<_>>(), addresses);
                assert_eq!(init.preservative, params.preservative);
                assert_eq!(init.address_types, params.address_types);
                assert_eq!(init.is_forward_tsn_supported, forward_tsn_supported);
                assert_eq!(init.adaptation_code_point, adaptation_code_point);
                assert_eq!(init.cookie, None);
            },
        );
    }

    #[test]
    fn init_ack(
        fixed in init_fixed(),
        addresses in addresses(),
        cookie in prop::collection::vec(any::<u8>(), 0..300),
        forward_tsn_supported in any::<bool>(),
        adaptation_code_point in any::<Option<u32>>(),
    ) {
        let params = InitParams {
            addresses: &addresses,
            forward_tsn_supported,
            adaptation_code_point,
            ..Default::default()
        };
        roundtrip(
            |out| {
                out.init_ack(GFP_ATOMIC, &fixed, &params, &cookie, [], 0)
                    .unwrap();
            },
            |_, chunk| {
                let init = Init::parse(chunk).unwrap();
                assert_eq!(init.fixed, fixed);
                assert_eq!(init.cookie, Some(&cookie[..]));
                assert_eq!(init.is_forward_tsn_supported, forward_tsn_supported);
                assert_eq!(init.adaptation_code_point, adaptation_code_point);
                assert_eq!(init.addresses(SRC).collect::<Vec<_>>(), addresses);
            },
        );
    }

    #[test]
    fn sack(
        tsn in any::<u32>(),
        a_rwnd in any::<u32>(),
        gaps in prop::collection::vec(any::<(u16, u16)>(), 0..300),
        duplicates in prop::collection::vec(any::<u32>(), 0..300),
    ) {
        let gaps: Vec<_> = gaps
            .into_iter()
            .map(|(start, end)| GapBlock { start, end })
            .collect();
        let duplicates: Vec<_> = duplicates.into_iter().map(Tsn).collect();
        roundtrip(
            |out| {
                let gaps = gaps.iter().copied();
                let duplicates = duplicates.iter().copied();
                out.sack(GFP_ATOMIC, Tsn(tsn), a_rwnd, gaps, duplicates)
                    .unwrap();
            },
            |_, chunk| {
                let sack = Sack::parse(chunk).unwrap();
                assert_eq!(sack.cumulative_tsn_ack, Tsn(tsn));
                assert_eq!(sack.a_rwnd, a_rwnd);
                assert_eq!(sack.gaps().collect::<Vec<_>>(), gaps);
                assert_eq!(sack.duplicates().collect::<Vec<_>>(), duplicates);
            },
        );
    }

    #[test]
    fn forward_tsn(
        tsn in any::<u32>(),
        skipped in prop::collection::vec(any::<(u16, u16)>(), 0..300),
    ) {
        let skipped: Vec<_> = skipped
            .into_iter()
            .map(|(stream, ssn)| Skipped { stream, ssn: Ssn(ssn) })
            .collect();
        roundtrip(
            |out| {
                let skipped = skipped.iter().copied();
                out.forward_tsn(GFP_ATOMIC, Tsn(tsn), skipped).unwrap();
            },
            |_, chunk| {
                let forward = ForwardTsn::parse(chunk).unwrap();
                assert_eq!(forward.new_cumulative_tsn, Tsn(tsn));
                assert_eq!(forward.skipped().collect::<Vec<_>>(), skipped);
            },
        );
    }

    #[test]
    fn heartbeat(info in prop::collection::vec(any::<u8>(), 0..100)) {
        let check = |_: &Packet<'_, Bytes>, chunk: &Chunk<'_>| {
            assert_eq!(control::heartbeat_info(chunk), Ok(&info[..]));
        };
        roundtrip(|out| out.heartbeat(GFP_ATOMIC, &info).unwrap(), check);
        roundtrip(|out| out.heartbeat_ack(GFP_ATOMIC, &info).unwrap(), check);
    }

    #[test]
    fn causes(
        code in any::<u16>(),
        value in prop::collection::vec(any::<u8>(), 0..100),
        is_reflected in any::<bool>(),
    ) {
        roundtrip(
            |out| {
                let causes = [NewCause::Other(code, &value), NewCause::OutOfResource];
                out.abort(GFP_ATOMIC, is_reflected, &causes).unwrap();
            },
            |_, chunk| {
                assert_eq!(chunk.is_reflected(), is_reflected);
                let causes: Vec<_> = control::causes(chunk).map(|c| c.unwrap()).collect();
                assert_eq!(causes.len(), 2);
                assert_eq!((causes[0].code, causes[0].value), (code, &value[..]));
            },
        );
    }
}
