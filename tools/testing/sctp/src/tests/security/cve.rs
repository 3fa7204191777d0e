// SPDX-License-Identifier: GPL-2.0

//! The shapes of published vulnerabilities of SCTP stacks, each under its number. Where an
//! extension is not there, its chunk has to be refused as one that is not known, whatever is in
//! it.

use kernel::fault;

use crate::engine::{assoc::State, path::MAX_PATHS, time::Duration, wire::cause};
use crate::tests::{
    script::*,
    sim::{address, pattern, A, Z},
    wire::samples,
};

const ASCONF: u8 = 0xc1;
const RE_CONFIG: u8 = 0x82;
const AUTH: u8 = 0x0f;
const FORWARD_TSN: u8 = 0xc0;

/// A parameter.
fn tlv(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut out = kind.to_be_bytes().to_vec();
    out.extend((4 + value.len() as u16).to_be_bytes());
    out.extend(value);
    while out.len() % 4 != 0 {
        out.push(0);
    }
    out
}

fn ipv4(n: u8) -> Vec<u8> {
    tlv(5, &[10, n, 0, 2])
}

/// An ASCONF from the peer's address, with one request.
fn asconf(serial: u32, request: u16, address: &[u8]) -> Item {
    let mut value = serial.to_be_bytes().to_vec();
    value.extend(ipv4(0));
    let mut param = serial.to_be_bytes().to_vec();
    param.extend(address);
    value.extend(tlv(request, &param));
    chunk(ASCONF, 0, &value)
}

const ADD_IP: u16 = 0xc001;
const DEL_IP: u16 = 0xc002;
const SET_PRIMARY: u16 = 0xc004;

/// The engine refuses a chunk as unknown, and all goes on as before.
fn refuses(x: &mut Script, what: Item) {
    let kind = what.kind();
    let before = (x.assoc().paths().len(), x.assoc().out_streams());
    x.sends([what]);
    if kind & 0x40 != 0 {
        x.expects([error(cause::UNRECOGNIZED_CHUNK_TYPE)]);
    }
    x.is_in(State::Established);
    assert_eq!((x.assoc().paths().len(), x.assoc().out_streams()), before);
    x.quiet();
}

fn still_works(x: &mut Script) {
    x.sends([heartbeat().info(b"still there?")]);
    x.expects([heartbeat_ack(b"still there?")]);
    x.user_sends(0, b"yes");
    x.expects_first(data(0));
    x.sends([sack(0)]);
}

/// "sctphantom": DELETE IP of the address that the packet came from, then of all addresses.
#[test]
fn cve_2026_64564_deleting_the_path_in_use() {
    up(|x| {
        refuses(x, asconf(1, DEL_IP, &ipv4(0)));
        refuses(x, asconf(2, DEL_IP, &tlv(5, &[0; 4])));
        let both = chunk(
            ASCONF,
            0,
            &[
                &[0, 0, 0, 3][..],
                &ipv4(0),
                &tlv(DEL_IP, &[&[0; 4][..], &ipv4(0)].concat()),
                &tlv(DEL_IP, &[&[0; 4][..], &tlv(5, &[0; 4])].concat()),
            ]
            .concat(),
        );
        refuses(x, both);
        still_works(x);
    });
}

/// More addresses than a counter of 16 bits holds, in INIT, INIT ACK and ASCONF.
#[test]
fn cve_2026_74469_very_many_addresses() {
    let many = |mut item: Item| {
        for i in 0..8000_u32 {
            item = item.param(5, &(0x0b00_0001 + i).to_be_bytes());
        }
        item
    };
    connecting(|x| {
        x.sends([many(init_ack())]);
        x.expects([cookie_echo()]);
        assert!(x.assoc().paths().len() <= MAX_PATHS);
        x.sends([cookie_ack()]);
        // One HEARTBEAT per RTO for all of them.
        assert!(x.ignores_the_rest().len() <= 1);
        x.is_in(State::Established);
    });
    listening(|x| {
        x.sends([many(init())]);
        let answer = x.expects([init_ack()]);
        assert!(answer.bytes.len() < 500);
        x.sends([cookie_echo()]);
        assert!(x.ignores_the_rest().len() <= 2);
        x.is_in(State::Established);
        assert!(x.assoc().paths().len() <= MAX_PATHS);
    });
    up(|x| {
        for i in 0..100_u8 {
            refuses(x, asconf(u32::from(i), ADD_IP, &ipv4(i)));
        }
    });
}

/// An address parameter that says to be longer than the parameter around it.
#[test]
fn cve_2026_74287_a_length_within_a_length() {
    for request in [ADD_IP, DEL_IP, SET_PRIMARY] {
        for length in [0, 3, 4, 5, 9, 200, u16::MAX] {
            up(|x| {
                let mut inner = ipv4(1);
                inner[2..4].copy_from_slice(&length.to_be_bytes());
                refuses(x, asconf(1, request, &inner));
                still_works(x);
            });
        }
    }
}

/// An ASCONF that is cut off within its address, with and without an association.
#[test]
fn cve_2026_53225_a_truncated_address() {
    for len in 0..28 {
        let mut value = [&[0, 0, 0, 1][..], &tlv(6, &[0xfd; 16]), &[0; 4]].concat();
        value.truncate(len);
        up(|x| refuses(x, chunk(ASCONF, 0, &value)));
        listening(|x| {
            x.sends_under(7, [chunk(ASCONF, 0, &value)]);
            x.expects([abort().reflected()]);
        });
    }
}

/// Bad ASCONFs, the same one twice, and many in one packet (CVE-2014-3673, -3687, -3688, -7841).
#[test]
fn cve_2014_3687_and_others_bad_and_repeated_asconf() {
    up(|x| {
        refuses(x, asconf(1, ADD_IP, &[]));
        refuses(x, chunk(ASCONF, 0, &[0, 0, 0, 1]));
        for _ in 0..3 {
            refuses(x, asconf(7, ADD_IP, &ipv4(3)));
        }
        let live = fault::live();
        x.sends(vec![asconf(8, ADD_IP, &ipv4(3)); 50]);
        x.expects_first(error(cause::UNRECOGNIZED_CHUNK_TYPE));
        x.quiet();
        assert!(fault::live() <= live + 2, "the answer's own memory at most");
        still_works(x);
    });
}

/// A request whose answer does not fit a chunk.
#[test]
fn cve_2026_68315_a_reset_of_all_streams() {
    up(|x| {
        let streams: Vec<u8> = (0..32_000_u16).flat_map(u16::to_be_bytes).collect();
        let value = tlv(14, &[&[0; 4][..], &streams[..60_000]].concat());
        refuses(x, chunk(RE_CONFIG, 0, &value));
        still_works(x);
    });
}

/// Streams are asked for, and not granted.
#[test]
fn cve_2026_52929_adding_streams() {
    up(|x| {
        for kind in [17, 18] {
            for n in [1_u16, 1000, u16::MAX] {
                let value = [&[0; 4][..], &n.to_be_bytes(), &[0; 2]].concat();
                refuses(x, chunk(RE_CONFIG, 0, &tlv(kind, &value)));
            }
        }
        still_works(x);
    });
}

/// A stream identifier in a FORWARD TSN as an index.
#[test]
fn cve_2009_0065_any_stream_in_a_forward_tsn() {
    up(|x| {
        for stream in [0, 10, u16::MAX] {
            let mut value = x.peer_tsn.plus(5).0.to_be_bytes().to_vec();
            value.extend(stream.to_be_bytes());
            value.extend([0xff, 0xff]);
            refuses(x, chunk(FORWARD_TSN, 0, &value));
        }
        // The cumulative TSN did not move.
        x.sends([data(0)]);
        x.expects([sack(0)]);
        still_works(x);
    });
}

/// Lists of algorithms and chunks longer than what they are copied to (CVE-2026-68376, -68320,
/// CVE-2010-3705), or without what has to come with them.
#[test]
fn cve_2026_68376_and_others_long_lists_for_authentication() {
    const RANDOM: u16 = 0x8002;
    const CHUNKS: u16 = 0x8003;
    const HMACS: u16 = 0x8004;
    for with in [&[RANDOM][..], &[CHUNKS], &[HMACS], &[RANDOM, CHUNKS, HMACS]] {
        for len in [0, 1, 16, 18, 20, 32, 300, 10_000] {
            let full = |mut item: Item| {
                for kind in with {
                    item = item.param(*kind, &vec![0xc1; len]);
                }
                item
            };
            listening(|x| {
                x.sends([full(init())]);
                let answer = x.expects([init_ack()]);
                assert!(answer.bytes.len() < 500);
                x.sends([cookie_echo()]);
                x.expects([cookie_ack()]);
            });
            connecting(|x| {
                x.sends([full(init_ack())]);
                x.expects([cookie_echo()]);
            });
        }
    }
}

/// An AUTH chunk in front of a cookie, or none where there should be one, with and without
/// memory (CVE-2026-68300, CVE-2025-40187).
#[test]
fn cve_2026_68300_authentication_without_memory() {
    for n in 1..20 {
        listening(|x| {
            x.sends([init()]);
            x.expects([init_ack()]);
            let auth = chunk(AUTH, 0, &[0; 24]);
            let bytes = x.packet(x.tag, &[auth, cookie_echo(), data(0)]);
            let plan = fault::fail_nth(n);
            x.injects_on(0, bytes);
            drop(plan);
            // AUTH means nothing here, and what comes after it is not looked at.
            x.ignores_the_rest();
            assert!(x.host().assoc.is_none());
            assert!(x.got().is_empty());
        });
    }
}

/// Memory runs out while a cookie becomes an association: there is one or there is none.
#[test]
fn cve_2025_40187_half_an_association() {
    for n in 1..30 {
        with(|_| ()).listening(|x| {
            x.sends([init().address(address(Z, 1)).address(address(Z, 2))]);
            x.expects([init_ack()]);
            let plan = fault::fail_nth(n);
            x.sends([cookie_echo(), data(0)]);
            drop(plan);
            x.ignores_the_rest();
            // The peer tries again, and now it goes well.
            x.sends([cookie_echo(), data(0)]);
            x.ignores_the_rest();
            x.is_in(State::Established);
            assert_eq!(x.assoc().paths().len(), 3);
            assert_eq!(x.got().len(), 1);
            x.let_pass(11);
        });
    }
}

/// Memory runs out after the timer of the COOKIE ECHO was started: no DATA leaves before the
/// association is complete.
#[test]
fn cve_2026_23125_data_of_half_an_association() {
    for n in 1..30 {
        connecting(|x| {
            x.user_sends(0, b"early");
            let plan = fault::fail_nth(n);
            x.sends([init_ack()]);
            drop(plan);
            for packet in x.let_pass(3_100) {
                let kinds = packet.kinds();
                let is_first = |k: u8| kinds[0].to_u8() == k;
                assert!(is_first(10) || is_first(1), "{kinds:?}");
            }
            if x.host().state() == State::CookieWait {
                x.sends([init_ack()]);
                x.ignores_the_rest();
            }
            x.sends([cookie_ack(), sack(0)]);
            x.is_in(State::Established);
        });
    }
}

/// A COOKIE ECHO with an INIT in it in place of a cookie, as the C module's cookies have one.
#[test]
fn cve_2026_72398_a_cookie_that_nobody_signed() {
    listening(|x| {
        x.sends([init()]);
        x.expects([init_ack()]);
        let real = x.cookie.clone();
        let forged = samples::packet(&[samples::INIT]);
        for cookie in [&forged[12..], &[0; 200], &vec![0; 60_000], b""] {
            x.cookie = cookie.to_vec();
            x.sends([cookie_echo()]);
            // Also where the MAC of a real one is.
            let mac = real.len() - 32;
            x.cookie = [cookie, &real[mac..]].concat();
            x.sends([cookie_echo()]);
        }
        assert!(x.host().assoc.is_none());
    });
}

/// A cookie cut anywhere, or with more behind it (CVE-2026-53246, -53224).
#[test]
fn cve_2026_53224_a_cookie_of_any_length() {
    listening(|x| {
        x.sends([init()]);
        x.expects([init_ack()]);
        let real = x.cookie.clone();
        for len in 0..real.len() {
            x.cookie = real[..len].to_vec();
            x.sends([cookie_echo()]);
        }
        for more in [1, 4, 100, 60_000] {
            x.cookie = [&real[..], &vec![0; more]].concat();
            x.sends([cookie_echo()]);
        }
        assert!(x.host().assoc.is_none());
        x.cookie = real;
        x.sends([cookie_echo()]);
        x.expects([cookie_ack()]);
    });
}

/// A measure of staleness that is not all there must not be read from what lies behind it.
#[test]
fn cve_2026_64551_a_stale_cookie_without_its_measure() {
    for len in 0..4 {
        connecting(|x| {
            x.sends([init_ack()]);
            x.expects([cookie_echo()]);
            let report = error(cause::STALE_COOKIE).info(&[0xff; 4][..len]);
            // What lies behind it.
            x.sends([report, chunk(0xbf, 0, &[0xff; 8])]);
            x.expects([init().param(9, &[0; 4])]);
        });
    }
}

/// A stale cookie after DATA was sent: what was negotiated with the first INIT ACK is gone.
#[test]
fn cve_2026_52924_a_stale_cookie_after_data() {
    connecting(|x| {
        x.user_sends(9, &pattern(0, 3000));
        x.user_sends(0, b"small");
        x.sends([init_ack()]);
        x.expects_first(cookie_echo());
        x.ignores_the_rest();
        x.sends([error(cause::STALE_COOKIE).info(&[0, 0, 1, 0])]);
        x.expects([init()]);
        // The second time there are fewer streams.
        x.sends([init_ack().streams(10, 1)]);
        x.expects_first(cookie_echo());
        x.ignores_the_rest();
        x.sends([cookie_ack()]);
        x.is_in(State::Established);
        assert_eq!(x.assoc().out_streams(), 1);
        x.ignores_the_rest();
    });
}

/// An INIT whose errors are reported leaves nothing behind, also if memory runs out (also
/// CVE-2010-1173, CVE-2018-5803, CVE-2022-0322: reports longer than their packet).
#[test]
fn cve_2026_72413_reports_of_an_init() {
    listening(|x| {
        let before = fault::live();
        let mut bad = init();
        for i in 0..200_u16 {
            bad = bad.param(0xc100 + i, &vec![0xaa; usize::from(i)]);
        }
        for n in 1..12 {
            let bytes = x.packet(0, &[bad.clone()]);
            let len = bytes.len();
            let plan = fault::fail_nth(n);
            x.injects_on(0, bytes);
            drop(plan);
            for answer in x.ignores_the_rest() {
                assert!(answer.bytes.len() < len.min(1480));
            }
        }
        x.sends([bad.param(11, b"a host name")]);
        x.expects_first(abort().cause(cause::UNRESOLVABLE_ADDRESS));
        // The builder keeps its one buffer.
        assert!(fault::live() <= before + 1);
    });
}

/// Packets out of the blue that are cut anywhere (CVE-2016-9555, CVE-2024-50299).
#[test]
fn cve_2024_50299_lengths_out_of_the_blue() {
    for packet in samples::all() {
        for len in 0..=packet.len() {
            listening(|x| {
                let mut bytes = packet[..len].to_vec();
                // To the right ports, so that it gets as far as it can.
                let header = x.packet(7, &[]);
                let n = len.min(4);
                bytes[..n].copy_from_slice(&header[..n]);
                x.injects_on(0, bytes);
                assert!(x.ignores_the_rest().len() <= 1);
                assert!(x.host().assoc.is_none());
            });
        }
    }
}

/// usrsctp: who verified the parameters and who used them disagreed about the last one.
#[test]
fn cve_2019_20503_a_partial_last_parameter() {
    for cut in 1..8 {
        listening(|x| {
            let mut bytes = x.packet(0, &[init().address(address(Z, 1))]);
            bytes.truncate(bytes.len() - cut);
            // The chunk says to be as long as it is.
            let len = (bytes.len() - 12) as u16;
            bytes[14..16].copy_from_slice(&len.to_be_bytes());
            x.injects_on(0, bytes);
            // Less than a header is no parameter at all, and what is cut is malformed.
            for _ in x.ignores_the_rest() {
                x.sends([cookie_echo()]);
                x.ignores_the_rest();
                assert_eq!(x.assoc().paths().len(), 1);
            }
        });
    }
}

/// HEARTBEAT ACK with lengths that are not true.
#[test]
fn cve_2006_1857_heartbeat_ack_lengths() {
    up(|x| {
        for length in (0..20).chain([200, u16::MAX]) {
            let mut value = vec![0, 1];
            value.extend(length.to_be_bytes());
            value.extend([0xff; 12]);
            x.sends([chunk(5, 0, &value)]);
            x.sends([chunk(5, 0, &value[..usize::from(length).min(8)])]);
        }
        still_works(x);
    });
}

/// An RTO of any size.
#[test]
fn cve_2025_40281_extreme_settings() {
    let max = Duration(u64::MAX);
    for (initial, min, high) in [
        (max, max, max),
        (Duration(0), Duration(0), Duration(0)),
        (max, Duration(0), Duration(1)),
    ] {
        with(move |c| {
            c.rto_initial = initial;
            c.rto_min = min;
            c.rto_max = high;
            c.path.hb_interval = max;
            c.valid_cookie_life = max;
            c.sack_delay = max;
            c.max_init_timeo = max;
        })
        .connecting(|x| {
            x.sends([init_ack()]);
            x.expects_first(cookie_echo());
            x.sends([cookie_ack()]);
            x.user_sends(0, b"x");
            x.expects_first(data(0));
            x.sends([sack(0), data(0)]);
            x.ignores_the_rest();
            assert_eq!(x.net.hosts[A].got.len(), 1);
        });
    }
}
