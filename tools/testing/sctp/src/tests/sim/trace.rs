// SPDX-License-Identifier: GPL-2.0

//! What goes over the wire, for people.

use std::fmt;

use super::{name, Flying};
use crate::engine::{
    time::Time,
    wire::{
        chunk::{Chunk, ChunkType},
        control,
        data::Data,
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
    Forged,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Packet { packet, remark } => {
                let (from, to) = (name(1 - packet.to), name(packet.to));
                let (arrow, end) = match remark {
                    Remark::None => ("-->", ""),
                    Remark::Lost => ("--X", ""),
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
                    "{:>12} {from} {arrow} {to}  {chunks}{end}",
                    clock(packet.at)
                )
            }
            Entry::Said { at, who, what } => write!(f, "{:>12} {} {what}", clock(*at), name(*who)),
        }
    }
}

/// Microseconds, without those digits that never change in a test.
fn clock(at: Time) -> u64 {
    at.0 / 1000 % 1_000_000_000
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
