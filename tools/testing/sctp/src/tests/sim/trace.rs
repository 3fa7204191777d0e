// SPDX-License-Identifier: GPL-2.0

//! What goes over the wire, for people.

use std::{
    fmt::{self, Write},
    fs,
    path::PathBuf,
};

use super::{message, name, network, pattern, Flying, Link, Net, A, Z};
use crate::engine::{
    addr::IpAddr,
    assoc::Policy,
    time::{Duration, Time},
    wire::{
        chunk::{Chunk, ChunkType},
        control,
        data::Data,
        forward_tsn::ForwardTsn,
        sack::Sack,
    },
};

/// One line of the log. It becomes text only if someone wants to read it.
pub(super) enum Entry {
    /// A packet that was sent.
    Packet { packet: Flying, remark: Remark },
    /// What a host did, was told or told its user.
    Said { at: Time, who: usize, what: String },
}

/// What is special about a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Remark {
    None,
    Lost,
    TooBig,
    Corrupt,
    Forged,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Packet { packet, remark } => {
                // With the number of the network, but for the first one.
                let (from, to) = (name(1 - packet.to), name(packet.to));
                let number = match network(packet.dst) {
                    0 => String::new(),
                    n => n.to_string(),
                };
                let (arrow, end) = match remark {
                    Remark::None => ("-->", ""),
                    Remark::Lost => ("--X", ""),
                    Remark::TooBig => ("--X", "   (too big)"),
                    Remark::Corrupt => ("--X", "   (corrupt)"),
                    Remark::Forged => ("-->", "   (forged)"),
                };
                let chunks = packet
                    .with(|pkt| {
                        pkt.chunks()
                            .map(|c| c.map_or_else(|_| "malformed".into(), |c| chunk(&c)))
                            .collect::<Vec<_>>()
                            .join(", ")
                    })
                    .unwrap_or_else(|| "no packet".into());
                write!(
                    f,
                    "{:>12} {from} {arrow} {to}{number:2} {chunks}{end}",
                    clock(packet.at)
                )
            }
            Entry::Said { at, who, what } => write!(f, "{:>12} {} {what}", clock(*at), name(*who)),
        }
    }
}

/// Microseconds, without those digits that never change in a test.
fn clock(at: Time) -> u64 {
    at.nanos() / 1000 % 1_000_000_000
}

fn chunk(chunk: &Chunk<'_>) -> String {
    match chunk.kind {
        ChunkType::Data => match Data::parse(chunk) {
            Ok(data) => {
                let h = data.header;
                let flag = |set, c| if set { c } else { '-' };
                format!(
                    "DATA({} s{}#{} {}{}{}{} {}B)",
                    h.tsn.0,
                    h.stream,
                    h.ssn.0,
                    flag(h.immediate, 'I'),
                    flag(h.unordered, 'U'),
                    flag(h.begin, 'B'),
                    flag(h.end, 'E'),
                    data.payload.len()
                )
            }
            Err(_) => "DATA(?)".into(),
        },
        ChunkType::Sack => match Sack::parse(chunk) {
            Ok(sack) => {
                let gaps: Vec<String> = sack
                    .gaps()
                    .map(|g| format!(" {}-{}", g.start, g.end))
                    .collect();
                let dups = sack.duplicates().count();
                let dups = if dups > 0 {
                    format!(" dup {dups}")
                } else {
                    String::new()
                };
                format!(
                    "SACK({} w{}{}{dups})",
                    sack.cumulative_tsn_ack.0,
                    sack.a_rwnd,
                    gaps.concat()
                )
            }
            Err(_) => "SACK(?)".into(),
        },
        ChunkType::Abort | ChunkType::Error => {
            let causes: Vec<u16> = control::causes(chunk).flatten().map(|c| c.code).collect();
            format!("{:?}(flags {} {causes:?})", chunk.kind, chunk.flags)
        }
        ChunkType::Shutdown => {
            let tsn = control::shutdown_tsn(chunk).map_or(0, |t| t.0);
            format!("SHUTDOWN({tsn})")
        }
        ChunkType::ForwardTsn => match ForwardTsn::parse(chunk) {
            Ok(forward) => {
                let skipped: Vec<String> = forward
                    .skipped()
                    .map(|s| format!(" s{}#{}", s.stream, s.ssn.0))
                    .collect();
                let tsn = forward.new_cumulative_tsn.0;
                format!("FORWARD-TSN({tsn}{})", skipped.concat())
            }
            Err(_) => "FORWARD-TSN(?)".into(),
        },
        ChunkType::Init
        | ChunkType::InitAck
        | ChunkType::Heartbeat
        | ChunkType::HeartbeatAck
        | ChunkType::ShutdownAck
        | ChunkType::CookieEcho
        | ChunkType::CookieAck
        | ChunkType::Ecne
        | ChunkType::Cwr
        | ChunkType::Pad
        | ChunkType::ShutdownComplete
        | ChunkType::Unrecognized(_) => format!("{:?}", chunk.kind),
    }
}

/// What went over the wire, as text2pcap reads it: an IPv4 packet with its direction, its time and
/// its bytes in hexadecimal digits; all else is comments. `head` is said first.
pub(super) fn for_text2pcap(log: &[Entry], head: &str) -> String {
    let mut out = String::new();
    let file = "text2pcap -D -t %H:%M:%S. -l 101 IN OUT.pcap";
    writeln!(out, "# {file}: outbound is what A sends.").unwrap();
    for line in head.lines() {
        writeln!(out, "# {line}").unwrap();
    }
    for entry in log {
        writeln!(out, "# {entry}").unwrap();
        let Entry::Packet { packet, .. } = entry else {
            continue;
        };
        let (IpAddr::V4(src), IpAddr::V4(dst)) = (packet.src.ip, packet.dst.ip) else {
            continue;
        };
        let mut bytes = vec![0x45, 0];
        bytes.extend((packet.bytes.len() as u16).saturating_add(20).to_be_bytes());
        let df = if packet.cut.is_some() { 0 } else { 0x40 };
        bytes.extend([0, 0, df, 0, 64, 132, 0, 0]);
        bytes.extend(src.octets());
        bytes.extend(dst.octets());
        let sum: u32 = bytes
            .chunks(2)
            .map(|c| u32::from(u16::from_be_bytes([c[0], c[1]])))
            .sum();
        let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
        bytes[10..12].copy_from_slice(&sum.to_be_bytes());
        bytes.extend(&packet.bytes);
        let direction = if packet.to == A { 'I' } else { 'O' };
        let us = clock(packet.at);
        let (s, us) = (us / 1_000_000, us % 1_000_000);
        let (h, m, s) = (s / 3600 % 24, s / 60 % 60, s % 60);
        writeln!(out, "{direction} {h:02}:{m:02}:{s:02}.{us:06}").unwrap();
        for (i, row) in bytes.chunks(16).enumerate() {
            write!(out, "{:06x}", i * 16).unwrap();
            for byte in row {
                write!(out, " {byte:02x}").unwrap();
            }
            out.push('\n');
        }
    }
    out
}

/// What `tools/sctp/sim.sh trace` has tshark read: a transfer over two networks, with all chunks
/// that the engine sends.
#[test]
#[ignore = "it writes a file"]
fn trace() {
    let mut net = Net::multihomed(1, 2);
    for host in &mut net.hosts {
        host.config.probe_from_base = true;
    }
    for n in 0..2 {
        let link = Link {
            loss: 30,
            duplicate: 20,
            ..Link::default()
        };
        net.links.insert((n, A), link.clone());
        net.links.insert((n, Z), link);
    }
    net.open();
    let cut = [2, 40].map(|s| net.now.plus(Duration::from_secs(s)));
    let link = net.links.get_mut(&(0, Z)).unwrap();
    link.down.push((cut[0], cut[1]));
    for n in 0..300_u16 {
        for who in [A, Z] {
            let len = usize::from(n % 7) * 900 + 1;
            let mut message = message(n % 3, n % 5 == 0, &pattern(n.into(), len));
            if n % 4 == 0 {
                message.policy = Policy::Retransmissions(0);
            }
            net.with(who, |assoc, cx| assoc.send(cx, message)).unwrap();
        }
        net.run_for(Duration::from_millis(20));
    }
    net.run_for(Duration::from_secs(60));
    net.finish(A);
    // And an end of the other sort.
    net.hosts.iter_mut().for_each(|host| host.seen.clear());
    net.open();
    net.with(A, |assoc, cx| assoc.abort(cx, 12, b"enough"));
    net.settle();
    let mut missing = vec![
        ChunkType::Init,
        ChunkType::InitAck,
        ChunkType::CookieEcho,
        ChunkType::CookieAck,
        ChunkType::Data,
        ChunkType::Sack,
        ChunkType::Heartbeat,
        ChunkType::HeartbeatAck,
        ChunkType::Pad,
        ChunkType::ForwardTsn,
        ChunkType::Shutdown,
        ChunkType::ShutdownAck,
        ChunkType::ShutdownComplete,
        ChunkType::Abort,
    ];
    missing.retain(|kind| !net.sent.iter().any(|packet| packet.has(*kind)));
    assert_eq!(missing, [], "not in the trace");
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../build/sim");
    fs::create_dir_all(&dir).unwrap();
    fs::write(
        dir.join("trace.txt"),
        net.trace("a transfer over two networks"),
    )
    .unwrap();
}
