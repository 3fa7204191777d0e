// SPDX-License-Identifier: GPL-2.0

//! What goes over the wire, for people.

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

/// One packet, as a line.
pub(super) fn line(now: Time, from: usize, packet: &Flying, lost: bool) -> String {
    let arrow = if lost { "--X " } else { "--> " };
    let (left, right) = (name(from), name(packet.to));
    let chunks = packet
        .with(|pkt| {
            pkt.chunks()
                .map(|c| c.map_or_else(|_| "malformed".into(), |c| chunk(&c)))
                .collect::<Vec<_>>()
                .join(", ")
        })
        .unwrap_or_else(|| "no packet".into());
    let clock = now.0 / 1000 % 1_000_000_000;
    format!("{clock:>12} {left} {arrow}{right}  {chunks}")
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
        | ChunkType::ShutdownComplete
        | ChunkType::Unrecognized(_) => format!("{:?}", chunk.kind),
    }
}
