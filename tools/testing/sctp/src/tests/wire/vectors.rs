// SPDX-License-Identifier: GPL-2.0

//! Packets written by hand are read as RFC 9260 says, and emitted ones are those same bytes.

use kernel::alloc::flags::GFP_ATOMIC;

use super::{
    examine::{flatten, DST, SRC},
    samples::{self, packet, packet_tag_0},
};
use crate::{
    engine::{
        addr::{Address, IpAddr, Ipv4Addr, Ipv6Addr},
        serial::{Ssn, Tsn},
        stats::Reason,
        time::Duration,
        wire::{
            builder::{BuildError, PacketBuilder},
            cause::{self, NewCause},
            chunk::{Chunk, ChunkType},
            control,
            data::{Data, DataHeader},
            emit::InitParams,
            forward_tsn::{ForwardTsn, Skipped},
            init::{AddressTypes, Init, InitFault, InitFixed},
            packet::{Header, Packet},
            sack::{GapBlock, Sack},
            Malformed, OnUnrecognized,
        },
    },
    tests::support::{hex::hex, payload::Bytes},
};

/// Hands the only chunk of a packet to `f`.
fn with_chunk<R>(bytes: &[u8], f: impl FnOnce(&Packet<'_, Bytes>, &Chunk<'_>) -> R) -> R {
    let buf = Bytes::new(bytes);
    let pkt = Packet::new(bytes, &buf, SRC, DST).unwrap();
    let mut chunks = pkt.chunks();
    let chunk = chunks.next().unwrap().unwrap();
    assert!(chunks.next().is_none());
    f(&pkt, &chunk)
}

/// What `f` puts into a packet with the header of the samples.
fn emitted(f: impl FnOnce(&mut PacketBuilder<Bytes>)) -> Vec<u8> {
    let mut out = PacketBuilder::new();
    out.start(5000, 5001, 0x1122_3344, 1500, GFP_ATOMIC)
        .unwrap();
    assert!(out.is_empty());
    f(&mut out);
    assert!(!out.is_empty());
    flatten(&out)
}

#[test]
fn common_header_has_ports_tag_and_checksum() {
    let bytes = hex("1388 1389 11223344 a0b0c0d0 0b000004");
    let header = Header::parse(&bytes).unwrap();
    assert_eq!(header.source_port, 5000);
    assert_eq!(header.destination_port, 5001);
    assert_eq!(header.verification_tag, 0x1122_3344);
    assert_eq!(header.checksum, [0xa0, 0xb0, 0xc0, 0xd0]);
    assert_eq!(Header::parse(&bytes[..11]), None);
}

#[test]
fn packet_without_a_chunk_header_is_malformed() {
    let bytes = packet(&[samples::COOKIE_ACK]);
    let buf = Bytes::new(&bytes);
    for len in 0..16 {
        let result = Packet::new(&bytes[..len], &buf, SRC, DST);
        assert_eq!(result.err(), Some(Reason::Malformed));
    }
    assert!(Packet::new(&bytes, &buf, SRC, DST).is_ok());
}

#[test]
fn port_0_is_malformed() {
    for text in [
        "0000 1389 11223344 00000000 0b000004",
        "1388 0000 11223344 00000000 0b000004",
    ] {
        let bytes = hex(text);
        let result = Packet::new(&bytes, &Bytes::new(&bytes), SRC, DST).err();
        assert_eq!(result, Some(Reason::Malformed));
    }
}

#[test]
fn all_chunk_types_keep_their_number() {
    for n in 0..=u8::MAX {
        assert_eq!(ChunkType::from_u8(n).to_u8(), n);
    }
}

#[test]
fn two_highest_bits_of_an_unknown_type_say_what_to_do() {
    let buf = packet(&samples::UNKNOWN);
    let bytes = Bytes::new(&buf);
    let pkt = Packet::new(&buf, &bytes, SRC, DST).unwrap();
    let actions: Vec<_> = pkt
        .chunks()
        .map(|chunk| chunk.unwrap().kind.on_unrecognized())
        .collect();
    assert_eq!(
        actions,
        [
            OnUnrecognized::Stop,
            OnUnrecognized::StopAndReport,
            OnUnrecognized::Skip,
            OnUnrecognized::SkipAndReport,
        ]
    );
    assert_eq!(
        actions.map_flags(),
        [(true, false), (true, true), (false, false), (false, true)]
    );
}

trait MapFlags {
    fn map_flags(&self) -> Vec<(bool, bool)>;
}

impl MapFlags for Vec<OnUnrecognized> {
    fn map_flags(&self) -> Vec<(bool, bool)> {
        self.iter().map(|a| (a.is_stop(), a.is_report())).collect()
    }
}

#[test]
fn data_is_read_and_emitted() {
    let bytes = packet(&[samples::DATA]);
    let header = DataHeader {
        tsn: Tsn(0xffff_fffe),
        stream: 7,
        ssn: Ssn(0x0102),
        ppid: [0, 0, 0, 0x2f],
        unordered: false,
        begin: true,
        end: true,
        immediate: true,
    };
    with_chunk(&bytes, |pkt, chunk| {
        let data = Data::parse(chunk).unwrap();
        assert_eq!(data.header, header);
        let payload = pkt.payload(data.payload).unwrap();
        assert_eq!(payload.as_slice(), b"abc");
    });
    let sent = emitted(|out| out.data(GFP_ATOMIC, &header, Bytes::new(b"abc")).unwrap());
    assert_eq!(sent, bytes);
}

#[test]
fn each_flag_of_data_has_its_bit() {
    for (flags, expected) in [
        (0x01, (false, false, true, false)),
        (0x02, (false, true, false, false)),
        (0x04, (true, false, false, false)),
        (0x08, (false, false, false, true)),
    ] {
        let mut bytes = packet(&[samples::DATA]);
        bytes[13] = flags;
        with_chunk(&bytes, |_, chunk| {
            let h = Data::parse(chunk).unwrap().header;
            assert_eq!((h.unordered, h.begin, h.end, h.immediate), expected);
        });
    }
}

#[test]
fn data_without_user_data_is_readable_for_its_tsn() {
    let bytes = packet(&["00 03 0010 00000001 0000 0000 00000000"]);
    with_chunk(&bytes, |_, chunk| {
        assert!(Data::parse(chunk).unwrap().payload.is_empty());
    });
}

#[test]
fn init_is_read_up_to_the_parameter_that_stops_it() {
    let bytes = packet_tag_0(&[samples::INIT]);
    with_chunk(&bytes, |_, chunk| {
        let init = Init::parse(chunk).unwrap();
        assert_eq!(
            init.fixed,
            InitFixed {
                tag: 0xa1a2_a3a4,
                a_rwnd: 106_496,
                out_streams: 10,
                in_streams: 2048,
                initial_tsn: Tsn(0xb1b2_b3b4),
            }
        );
        assert_eq!(init.fault(), None);
        assert_eq!(init.cookie, None);
        assert_eq!(init.preservative, Some(Duration::from_secs(5)));
        assert_eq!(
            init.address_types,
            Some(AddressTypes {
                ipv4: true,
                ipv6: true
            })
        );
        assert!(init.is_ecn_capable);
        assert!(init.is_forward_tsn_supported);
        assert_eq!(init.adaptation_code_point, Some(0xe1e2_e3e4));
        assert_eq!(init.extensions, [0xc0, 0x82]);
        let addresses: Vec<_> = init.addresses(SRC).map(|a| a.ip).collect();
        let v4 = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
        let v6 = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2));
        assert_eq!(addresses, [v4, v6], "198.51.100.1 comes after the stop");
        let reported: Vec<_> = init.unrecognized().collect();
        assert_eq!(reported, [hex("c1230005aa"), hex("40010008deadbeef")]);
    });
}

#[test]
fn padding_in_an_init_is_nothing() {
    let bytes = packet_tag_0(&["
        01 00 0020  a1a2a3a4 00010000 0001 0001 00000000
        8005 0006 ffff 0000     # padding (RFC 4820, 4)
        8000 0004               # ECN capable
    "]);
    with_chunk(&bytes, |_, chunk| {
        let init = Init::parse(chunk).unwrap();
        assert!(init.is_ecn_capable);
        assert_eq!(init.unrecognized().count(), 0);
    });
}

#[test]
fn unknown_parameter_that_stops_without_report_is_not_reported() {
    let bytes = packet_tag_0(&["
        01 00 0020  a1a2a3a4 00010000 0001 0001 00000000
        3fff 0004
        0005 0008 c6336401
    "]);
    with_chunk(&bytes, |_, chunk| {
        let init = Init::parse(chunk).unwrap();
        assert_eq!(init.unrecognized().count(), 0);
        assert_eq!(init.addresses(SRC).count(), 0);
    });
}

#[test]
fn init_ack_has_a_cookie_and_may_end_without_padding() {
    for padding in 0..=3 {
        let mut bytes = packet(&[samples::INIT_ACK]);
        bytes.truncate(bytes.len() - padding);
        with_chunk(&bytes, |_, chunk| {
            assert_eq!(chunk.kind, ChunkType::InitAck);
            let init = Init::parse(chunk).unwrap();
            assert_eq!(init.cookie, Some(&[1, 2, 3, 4, 5, 6, 7][..]));
            assert_eq!(init.unrecognized().count(), 0);
        });
    }
}

#[test]
fn of_a_parameter_that_comes_twice_the_first_counts() {
    let bytes = packet(&["
        02 00 0034  a1a2a3a4 00010000 0001 0001 00000000
        0007 0005 11 000000
        0007 0005 22 000000
        0009 0008 00000001
        0009 0008 00000002
    "]);
    with_chunk(&bytes, |_, chunk| {
        let init = Init::parse(chunk).unwrap();
        assert_eq!(init.cookie, Some(&[0x11][..]));
        assert_eq!(init.preservative, Some(Duration::from_millis(1)));
    });
}

#[test]
fn addresses_that_no_packet_may_be_sent_to_are_left_out() {
    let bytes = packet_tag_0(&["
        01 00 0094  a1a2a3a4 00010000 0001 0001 00000000
        0005 0008 00000000  # unspecified
        0005 0008 e0000001  # multicast
        0005 0008 ffffffff  # broadcast
        0006 0014 00000000 00000000 00000000 00000000  # unspecified
        0006 0014 ff020000 00000000 00000000 00000001  # multicast
        0006 0014 00000000 00000000 0000ffff c0000203  # IPv4 in disguise
        0006 0014 fe800000 00000000 00000000 00000003  # link-local
        0005 0008 c0000203
        0009 0008 00000000
        000c 0008 0005 0000
    "]);
    let v4 = Address::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 3)));
    let mut link_local = Address::new(IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 3)));
    with_chunk(&bytes, |_, chunk| {
        let init = Init::parse(chunk).unwrap();
        let from = Address {
            scope_id: 7,
            ..link_local
        };
        link_local.scope_id = 7;
        let addresses: Vec<_> = init.addresses(from).collect();
        assert_eq!(addresses, [link_local, v4]);
    });
}

#[test]
fn parameters_of_a_wrong_length_make_the_init_malformed() {
    for param in [
        "0005 0007 c00002 00", // IPv4 address of three bytes
        "0005 0009 c000020101 000000",
        "0006 0008 20010db8", // IPv6 address of four
        "0009 0006 0000 0000",
        "c006 0006 0000 0000",
        "c006 000c 00000000 00000000",
        "0005 0003 00000000", // shorter than its own header
        "0005 0000 00000000",
        "c123 00ff 00000000", // longer than the chunk
        "c123 0009 00000000", // by one byte
    ] {
        let bytes = packet_tag_0(&[
            "01 00 LLLL a1a2a3a4 00010000 0001 0001 00000000"
                .replace("LLLL", &format!("{:04x}", 20 + hex(param).len()))
                .as_str(),
            param,
        ]);
        with_chunk(&bytes, |_, chunk| {
            assert!(Init::parse(chunk).is_err(), "{param}");
        });
    }
}

#[test]
fn one_to_three_bytes_after_the_last_parameter_are_malformed() {
    for extra in 1..=3 {
        let bytes = packet_tag_0(&[&format!(
            "01 00 {:04x} a1a2a3a4 00010000 0001 0001 00000000 80000004 {}",
            24 + extra,
            "00".repeat(extra),
        )]);
        with_chunk(&bytes, |_, chunk| assert!(Init::parse(chunk).is_err()));
    }
}

#[test]
fn init_that_asks_for_the_impossible_has_a_fault() {
    let fault = |fixed: &str, params: &str| {
        let params = hex(params);
        let mut bytes = packet_tag_0(&[&format!("01 00 {:04x} {fixed}", 20 + params.len())]);
        bytes.extend(params);
        with_chunk(&bytes, |_, chunk| {
            match Init::parse(chunk).unwrap().fault() {
                None => "none".to_owned(),
                Some(InitFault::ZeroTag) => "tag".to_owned(),
                Some(InitFault::InvalidMandatoryParameter) => "mandatory".to_owned(),
                Some(InitFault::HostName(raw)) => format!("host {}", raw.len()),
            }
        })
    };
    assert_eq!(fault("00000001 000005dc 0001 0001 00000000", ""), "none");
    assert_eq!(fault("00000000 000005dc 0000 0001 00000000", ""), "tag");
    assert_eq!(
        fault("00000001 000005dc 0000 0001 00000000", ""),
        "mandatory"
    );
    assert_eq!(
        fault("00000001 000005dc 0001 0000 00000000", ""),
        "mandatory"
    );
    assert_eq!(
        fault("00000001 000005db 0001 0001 00000000", ""),
        "mandatory"
    );
    assert_eq!(
        fault(
            "00000001 000005dc 0001 0001 00000000",
            "000b 0006 6100 0000"
        ),
        "host 6"
    );
}

#[test]
fn init_is_emitted() {
    let fixed = InitFixed {
        tag: 0xa1a2_a3a4,
        a_rwnd: 0x0001_a000,
        out_streams: 10,
        in_streams: 2048,
        initial_tsn: Tsn(0xb1b2_b3b4),
    };
    let sent = emitted(|out| {
        out.init(GFP_ATOMIC, &fixed, &InitParams::default())
            .unwrap()
    });
    let bare = "01 00 0014 a1a2a3a4 0001a000 000a 0800 b1b2b3b4";
    assert_eq!(sent, packet(&[bare]));

    let sent = emitted(|out| {
        let params = InitParams {
            addresses: &[SRC],
            address_types: Some(AddressTypes {
                ipv4: true,
                ipv6: false,
            }),
            preservative: Some(Duration::from_secs(5)),
            forward_tsn_supported: true,
            adaptation_code_point: Some(0),
        };
        out.init(GFP_ATOMIC, &fixed, &params).unwrap();
    });
    assert_eq!(
        sent,
        packet(&["
            01 00 0038 a1a2a3a4 0001a000 000a 0800 b1b2b3b4
            0005 0008 c0000201
            0009 0008 00001388
            000c 0006 0005 0000
            c000 0004
            c006 0008 00000000
        "])
    );
}

#[test]
fn init_ack_is_emitted() {
    let fixed = InitFixed {
        tag: 0xc1c2_c3c4,
        a_rwnd: 0x0002_0000,
        out_streams: 5,
        in_streams: 6,
        initial_tsn: Tsn(0xd1d2_d3d4),
    };
    let sent = emitted(|out| {
        let unknown = hex("c123 0005 aa");
        let cookie = [1, 2, 3, 4, 5, 6, 7];
        let params = InitParams::default();
        out.init_ack(GFP_ATOMIC, &fixed, &params, &cookie, [&unknown[..]], 100)
            .unwrap();
    });
    assert_eq!(sent, packet(&[samples::INIT_ACK]));
}

#[test]
fn sack_is_read_and_emitted() {
    let bytes = packet(&[samples::SACK]);
    let gaps = [GapBlock { start: 2, end: 3 }, GapBlock { start: 6, end: 9 }];
    let duplicates = [Tsn(0xffff_ffef)];
    with_chunk(&bytes, |_, chunk| {
        let sack = Sack::parse(chunk).unwrap();
        assert_eq!(sack.cumulative_tsn_ack, Tsn(0xffff_fff0));
        assert_eq!(sack.a_rwnd, 4096);
        assert_eq!(sack.gaps().collect::<Vec<_>>(), gaps);
        assert_eq!(sack.duplicates().collect::<Vec<_>>(), duplicates);
    });
    let sent = emitted(|out| {
        out.sack(GFP_ATOMIC, Tsn(0xffff_fff0), 4096, gaps, duplicates)
            .unwrap();
    });
    assert_eq!(sent, bytes);
}

#[test]
fn sack_whose_counts_exceed_it_is_malformed() {
    for counts in [
        "0003 0001",
        "0002 0002",
        "0004 0000",
        "ffff 0000",
        "0000 ffff",
        "ffff ffff",
    ] {
        let text = samples::SACK.replace("0002 0001", counts);
        with_chunk(&packet(&[&text]), |_, chunk| {
            assert!(Sack::parse(chunk).is_err(), "{counts}");
        });
    }
}

#[test]
fn forward_tsn_is_read_and_emitted() {
    let bytes = packet(&[samples::FORWARD_TSN]);
    let skipped = [(7, 0xffff), (256, 2)].map(|(stream, ssn)| Skipped {
        stream,
        ssn: Ssn(ssn),
    });
    with_chunk(&bytes, |_, chunk| {
        assert_eq!(chunk.kind, ChunkType::ForwardTsn);
        let forward = ForwardTsn::parse(chunk).unwrap();
        assert_eq!(forward.new_cumulative_tsn, Tsn(0xffff_fff2));
        assert_eq!(forward.skipped().collect::<Vec<_>>(), skipped);
    });
    let sent = emitted(|out| {
        out.forward_tsn(GFP_ATOMIC, Tsn(0xffff_fff2), skipped)
            .unwrap();
    });
    assert_eq!(sent, bytes);
}

#[test]
fn cve_2023_53372_a_skipped_stream_that_is_cut_by_the_end_of_its_chunk_is_not_read() {
    for length in 4..0x10 {
        let text = samples::FORWARD_TSN.replace("0010 ", &format!("{length:04x} "));
        let bytes = packet(&[&text]);
        let buf = Bytes::new(&bytes);
        let pkt = Packet::new(&bytes, &buf, SRC, DST).unwrap();
        let chunk = pkt.chunks().next().unwrap().unwrap();
        let forward = ForwardTsn::parse(&chunk);
        match length {
            8 | 12 => {
                let count = forward.unwrap().skipped().count();
                assert_eq!(count, (length - 8) / 4);
            }
            _ => assert_eq!(forward, Err(Malformed), "{length}"),
        }
    }
}

#[test]
fn a_forward_tsn_without_room_for_all_its_streams_is_not_begun() {
    let mut out = PacketBuilder::<Bytes>::new();
    out.start(5000, 5001, 1, 12 + 8 + 4 * 9 + 3, GFP_ATOMIC)
        .unwrap();
    let skipped = |n| {
        (0..n).map(|stream| Skipped {
            stream,
            ssn: Ssn(1),
        })
    };
    let result = out.forward_tsn(GFP_ATOMIC, Tsn(1), skipped(10));
    assert_eq!(result, Err(BuildError::NoRoom));
    assert!(out.is_empty());
    out.forward_tsn(GFP_ATOMIC, Tsn(1), skipped(9)).unwrap();
}

#[test]
fn forward_tsn_may_be_announced_in_the_list_of_extensions() {
    for (extensions, expected) in [
        ("c0820000", true),
        ("82 c00000", true),
        ("82 0f0000", false),
    ] {
        let bytes = packet_tag_0(&[
            "01 00 001a a1a2a3a4 00010000 0001 0001 00000000 8008 0006",
            extensions,
        ]);
        with_chunk(&bytes, |_, chunk| {
            let init = Init::parse(chunk).unwrap();
            assert_eq!(init.is_forward_tsn_supported, expected);
        });
    }
}

#[test]
fn heartbeat_is_read_and_emitted() {
    let bytes = packet(&[samples::HEARTBEAT]);
    with_chunk(&bytes, |_, chunk| {
        assert_eq!(chunk.kind, ChunkType::Heartbeat);
        assert_eq!(control::heartbeat_info(chunk), Ok(&[1, 2, 3, 4, 5][..]));
    });
    let sent = emitted(|out| out.heartbeat(GFP_ATOMIC, &[1, 2, 3, 4, 5]).unwrap());
    assert_eq!(sent, bytes);
    let sent = emitted(|out| out.heartbeat_ack(GFP_ATOMIC, &[1, 2, 3, 4]).unwrap());
    assert_eq!(sent, packet(&[samples::HEARTBEAT_ACK]));
}

#[test]
fn padding_is_emitted() {
    let sent = emitted(|out| {
        out.heartbeat(GFP_ATOMIC, &[1, 2, 3, 4, 5]).unwrap();
        out.pad_to(GFP_ATOMIC, 12 + 16 + 12).unwrap();
    });
    assert_eq!(sent, packet(&[samples::HEARTBEAT, samples::PAD]));
}

#[test]
fn heartbeat_info_longer_than_its_chunk_is_malformed() {
    // CVE-2006-1857
    for text in [
        "05 00 0004",
        "05 00 0008 0001 0003",
        "05 00 000c 0001 0009 01020304",
        "05 00 000c 0001 ffff 01020304",
        "05 00 000c 0002 0008 01020304", // another parameter
    ] {
        with_chunk(&packet(&[text]), |_, chunk| {
            assert!(control::heartbeat_info(chunk).is_err(), "{text}");
        });
    }
}

#[test]
fn abort_is_read_and_emitted() {
    let bytes = packet(&[samples::ABORT]);
    with_chunk(&bytes, |_, chunk| {
        assert!(chunk.is_reflected());
        let causes: Vec<_> = control::causes(chunk).map(|c| c.unwrap()).collect();
        assert_eq!(causes[0].code, cause::INVALID_MANDATORY_PARAMETER);
        assert_eq!(causes[0].value, b"");
        assert_eq!(causes[1].code, cause::USER_INITIATED_ABORT);
        assert_eq!(causes[1].value, b"bye");
        assert_eq!(causes.len(), 2);
        assert_eq!(control::first_cause(chunk), Some(causes[0]));
    });
    let sent = emitted(|out| {
        let causes = [
            NewCause::InvalidMandatoryParameter,
            NewCause::UserInitiatedAbort(b"bye"),
        ];
        out.abort(GFP_ATOMIC, true, &causes).unwrap();
    });
    assert_eq!(sent, bytes);
}

#[test]
fn staleness_is_read_only_where_it_is() {
    // CVE-2026-64551
    for (text, expected) in [
        ("09 00 000c 0003 0008 000f4240", Some(1_000_000)),
        ("09 00 0008 0003 0004", None),
        ("09 00 000b 0003 0007 000f42 00", None),
        ("09 00 000c 0004 0008 000f4240", None),
    ] {
        with_chunk(&packet(&[text]), |_, chunk| {
            assert_eq!(control::first_cause(chunk).unwrap().staleness(), expected);
        });
    }
}

#[test]
fn each_cause_has_its_format() {
    for (cause, text) in [
        (NewCause::InvalidStreamIdentifier(7), "0001 0008 0007 0000"),
        (
            NewCause::MissingMandatoryParameter(&[7]),
            "0002 000a 00000001 0007 0000",
        ),
        (
            NewCause::MissingMandatoryParameter(&[7, 9]),
            "0002 000c 00000002 0007 0009",
        ),
        (NewCause::StaleCookie(0x0102), "0003 0008 00000102"),
        (NewCause::OutOfResource, "0004 0004"),
        (
            NewCause::UnresolvableAddress(&[0, 5, 0, 8, 1, 2, 3, 4]),
            "0005 000c 0005 0008 01020304",
        ),
        (
            NewCause::UnrecognizedChunkType(&[0xff, 0, 0, 4]),
            "0006 0008 ff 00 0004",
        ),
        (NewCause::InvalidMandatoryParameter, "0007 0004"),
        (
            NewCause::UnrecognizedParameters(&[0xc1, 0x23, 0, 4]),
            "0008 0008 c123 0004",
        ),
        (NewCause::NoUserData(Tsn(3)), "0009 0008 00000003"),
        (NewCause::CookieWhileShuttingDown, "000a 0004"),
        (
            NewCause::RestartWithNewAddresses(&[0, 5, 0, 8, 1, 2, 3, 4]),
            "000b 000c 0005 0008 01020304",
        ),
        (NewCause::UserInitiatedAbort(b"x"), "000c 0005 78 000000"),
        (NewCause::ProtocolViolation(b"xy"), "000d 0006 7879 0000"),
        (NewCause::Other(0x00b0, b"xyz"), "00b0 0007 78797a 00"),
    ] {
        let cause_bytes = hex(text);
        let length = u16::from_be_bytes([cause_bytes[2], cause_bytes[3]]) + 4;
        let expected = packet(&[&format!("09 00 {length:04x} {text}")]);
        let sent = emitted(|out| out.error(GFP_ATOMIC, &cause).unwrap());
        assert_eq!(sent, expected, "{cause:?}");
    }
}

#[test]
fn chunks_without_much_in_them_are_emitted() {
    type Emit = fn(&mut PacketBuilder<Bytes>);
    let cases: [(Emit, &str); 8] = [
        (
            |o| o.shutdown(GFP_ATOMIC, Tsn(0x1234_5678)).unwrap(),
            samples::SHUTDOWN,
        ),
        (
            |o| o.shutdown_ack(GFP_ATOMIC).unwrap(),
            samples::SHUTDOWN_ACK,
        ),
        (
            |o| o.shutdown_complete(GFP_ATOMIC, true).unwrap(),
            samples::SHUTDOWN_COMPLETE,
        ),
        (
            |o| o.shutdown_complete(GFP_ATOMIC, false).unwrap(),
            "0e 00 0004",
        ),
        (|o| o.cookie_ack(GFP_ATOMIC).unwrap(), samples::COOKIE_ACK),
        (
            |o| o.cookie_echo(GFP_ATOMIC, &[0xca, 0xfe, 0xba]).unwrap(),
            samples::COOKIE_ECHO,
        ),
        (|o| o.abort(GFP_ATOMIC, false, &[]).unwrap(), "06 00 0004"),
        (|o| o.abort(GFP_ATOMIC, true, &[]).unwrap(), "06 01 0004"),
    ];
    for (emit, text) in cases {
        assert_eq!(emitted(emit), packet(&[text]));
    }
}

#[test]
fn shutdown_says_what_was_received() {
    with_chunk(&packet(&[samples::SHUTDOWN]), |_, chunk| {
        assert_eq!(control::shutdown_tsn(chunk), Ok(Tsn(0x1234_5678)));
    });
    with_chunk(&packet(&["07 00 0007 123456 00"]), |_, chunk| {
        assert!(control::shutdown_tsn(chunk).is_err());
    });
}
