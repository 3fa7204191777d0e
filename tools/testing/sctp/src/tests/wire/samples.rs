// SPDX-License-Identifier: GPL-2.0

//! One packet of every kind, written by hand from RFC 9260, section 3.

use crate::tests::support::hex::hex;

/// Source port 5000, destination port 5001, tag 0x11223344, no checksum.
pub(crate) const HEADER: &str = "1388 1389 11223344 00000000\n";

/// The same with the tag that an INIT has to have.
pub(crate) const HEADER_TAG_0: &str = "1388 1389 00000000 00000000\n";

/// U clear, B, E and I set; three bytes of data and one of padding.
pub(crate) const DATA: &str = "
    00 0b 0013          # DATA, I B E, 16 + 3 bytes
    fffffffe            # TSN
    0007 0102           # stream, SSN
    0000002f            # payload protocol identifier
    616263 00           # abc, padding
";

/// Every parameter there is, and unknown ones of all four sorts.
pub(crate) const INIT: &str = "
    01 00 0074          # INIT, 116 bytes
    a1a2a3a4            # initiate tag
    0001a000            # a_rwnd 106496
    000a 0800           # 10 streams out, 2048 in
    b1b2b3b4            # initial TSN
    0005 0008 c0000202  # IPv4 192.0.2.2
    0006 0014 20010db8 00000000 00000000 00000002
    000c 0008 0005 0006 # supported address types: both
    0009 0008 00001388  # cookie preservative: 5 s
    8000 0004           # ECN capable
    c000 0004           # forward TSN supported
    c006 0008 e1e2e3e4  # adaptation layer indication
    8008 0006 c082 0000 # supported extensions: FORWARD TSN, RE-CONFIG
    c123 0005 aa 000000 # unknown: skip and report
    8abc 0004           # unknown: skip
    4001 0008 deadbeef  # unknown: stop and report
    0005 0008 c6336401  # 198.51.100.1, after the stop
";

/// The last parameter's padding is not in the chunk's length.
pub(crate) const INIT_ACK: &str = "
    02 00 0029          # INIT ACK, 41 bytes
    c1c2c3c4            # initiate tag
    00020000            # a_rwnd 131072
    0005 0006           # 5 streams out, 6 in
    d1d2d3d4            # initial TSN
    0007 000b           # cookie, 7 bytes
    01020304 050607 00
    0008 0009           # unrecognized parameter
    c123 0005 aa 000000
";

pub(crate) const SACK: &str = "
    03 00 001c          # SACK, 28 bytes
    fffffff0            # cumulative TSN ack
    00001000            # a_rwnd 4096
    0002 0001           # two gap ack blocks, one duplicate
    0002 0003
    0006 0009
    ffffffef
";

pub(crate) const HEARTBEAT: &str = "
    04 00 000d          # HEARTBEAT
    0001 0009 0102030405 000000
";

pub(crate) const HEARTBEAT_ACK: &str = "
    05 00 000c
    0001 0008 01020304
";

pub(crate) const ABORT: &str = "
    06 01 000f          # ABORT, T
    0007 0004           # invalid mandatory parameter
    000c 0007 627965 00 # the user said bye
";

pub(crate) const SHUTDOWN: &str = "07 00 0008 12345678";

pub(crate) const SHUTDOWN_ACK: &str = "08 00 0004";

pub(crate) const ERROR_STALE_COOKIE: &str = "
    09 00 000c          # ERROR
    0003 0008 000f4240  # stale cookie, by a second
";

pub(crate) const COOKIE_ECHO: &str = "0a 00 0007 cafeba 00";

pub(crate) const COOKIE_ACK: &str = "0b 00 0004";

pub(crate) const ECNE: &str = "0c 00 0008 00000001";

pub(crate) const CWR: &str = "0d 00 0008 00000001";

pub(crate) const SHUTDOWN_COMPLETE: &str = "0e 01 0004";

/// RFC 4820, 3; made of zeroes as this side makes it.
pub(crate) const PAD: &str = "84 00 000c 0000000000000000";

pub(crate) const FORWARD_TSN: &str = "
    c0 00 0010          # FORWARD TSN, 16 bytes
    fffffff2            # new cumulative TSN
    0007 ffff           # stream 7 up to SSN 65535
    0100 0002
";

/// One unknown chunk of each of the four sorts.
pub(crate) const UNKNOWN: [&str; 4] = [
    "3f 00 0004",
    "7f 00 0005 aa 000000",
    "bf 00 0008 00000000",
    "ff ff 0004",
];

/// A packet of these chunks.
pub(crate) fn packet(chunks: &[&str]) -> Vec<u8> {
    hex(&(HEADER.to_owned() + &chunks.join("\n")))
}

/// A packet of these chunks with the tag 0.
pub(crate) fn packet_tag_0(chunks: &[&str]) -> Vec<u8> {
    hex(&(HEADER_TAG_0.to_owned() + &chunks.join("\n")))
}

/// One packet of each kind, and some with several chunks.
pub(crate) fn all() -> Vec<Vec<u8>> {
    let mut all = vec![packet_tag_0(&[INIT])];
    for chunk in [
        DATA,
        INIT_ACK,
        SACK,
        HEARTBEAT,
        HEARTBEAT_ACK,
        ABORT,
        SHUTDOWN,
        SHUTDOWN_ACK,
        ERROR_STALE_COOKIE,
        COOKIE_ECHO,
        COOKIE_ACK,
        ECNE,
        CWR,
        SHUTDOWN_COMPLETE,
        PAD,
        FORWARD_TSN,
    ] {
        all.push(packet(&[chunk]));
    }
    all.push(packet(&UNKNOWN));
    all.push(packet(&[SACK, FORWARD_TSN, DATA, DATA]));
    all.push(packet(&[COOKIE_ECHO, DATA, HEARTBEAT]));
    all.push(packet(&[ERROR_STALE_COOKIE, ABORT]));
    all.push(packet(&[HEARTBEAT, PAD]));
    all
}
