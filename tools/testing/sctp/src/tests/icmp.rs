// SPDX-License-Identifier: GPL-2.0

//! Which ICMP errors there are and which are believed: RFC 9260, 10, as tables.

use crate::{
    engine::icmp::{Quote, Quoted, Report},
    tests::{
        support::hex::hex,
        wire::samples::{packet, packet_tag_0, DATA, INIT},
    },
};

#[test]
fn icmp_messages_and_what_they_say() {
    for (kind, code, info, expected) in [
        (3, 0, 0, Some(Report::Unreachable)),
        (3, 1, 0, Some(Report::Unreachable)),
        (3, 2, 0, Some(Report::ProtocolUnreachable)),
        (3, 3, 0, Some(Report::Unreachable)),
        (3, 4, 1400, Some(Report::TooBig(1400))),
        (3, 4, 0xaaaa_0000, Some(Report::TooBig(0))),
        (3, 13, 0, Some(Report::Unreachable)),
        (11, 0, 0, Some(Report::Unreachable)),
        (12, 0, 0, Some(Report::Unreachable)),
        // Echo reply, source quench, redirect, echo, timestamp.
        (0, 0, 0, None),
        (4, 0, 0, None),
        (5, 1, 0, None),
        (8, 0, 0, None),
        (13, 2, 0, None),
    ] {
        assert_eq!(Report::from_v4(kind, code, info), expected, "{kind} {code}");
    }
    for (kind, code, info, expected) in [
        (1, 0, 0, Some(Report::Unreachable)),
        (1, 4, 0, Some(Report::Unreachable)),
        (2, 0, 1280, Some(Report::TooBig(1280))),
        (2, 7, u32::MAX, Some(Report::TooBig(u32::MAX))),
        (3, 0, 0, Some(Report::Unreachable)),
        (4, 0, 0, Some(Report::Unreachable)),
        (4, 1, 0, Some(Report::ProtocolUnreachable)),
        // Echo, redirect.
        (128, 0, 0, None),
        (137, 0, 0, None),
    ] {
        assert_eq!(Report::from_v6(kind, code, info), expected, "{kind} {code}");
    }
}

#[test]
fn a_quote_shows_that_its_sender_has_seen_a_packet() {
    const TAG: u32 = 0x1122_3344;
    const INITIATE: u32 = 0xa1a2_a3a4;
    let data = packet(&[DATA]);
    let init = packet_tag_0(&[INIT]);
    // An INIT with a tag, and something else without one.
    let odd = packet(&[INIT]);
    let tag_0 = packet_tag_0(&[DATA]);
    for (bytes, len, local, peer, expected) in [
        (&data, 8, 1, TAG, Quoted::Packet),
        (&data, data.len(), 1, TAG, Quoted::Packet),
        (&data, 8, TAG, 1, Quoted::Other),
        (&data, 8, 1, 0, Quoted::Other),
        (&init, 20, INITIATE, TAG, Quoted::Init),
        (&init, init.len(), INITIATE, 0, Quoted::Init),
        (&init, 20, INITIATE + 1, INITIATE, Quoted::Other),
        // Too short for the initiate tag.
        (&init, 19, INITIATE, TAG, Quoted::Other),
        (&init, 8, INITIATE, 0, Quoted::Other),
        (&odd, 20, INITIATE, 1, Quoted::Other),
        (&odd, 20, INITIATE, TAG, Quoted::Packet),
        (&tag_0, tag_0.len(), 0xffff_fffe, 0, Quoted::Other),
        (&tag_0, tag_0.len(), 0xffff_fffe, TAG, Quoted::Other),
    ] {
        let quote = Quote::parse(&bytes[..len]).unwrap();
        assert_eq!((quote.source_port, quote.destination_port), (5000, 5001));
        assert_eq!(quote.check(local, peer), expected, "{len} of {bytes:02x?}");
    }
}

#[test]
fn a_quote_of_less_than_ports_and_tag_is_none() {
    let bytes = hex("1388 1389 11223344");
    assert!(Quote::parse(&bytes).is_some());
    for len in 0..8 {
        assert_eq!(Quote::parse(&bytes[..len]), None);
    }
}
