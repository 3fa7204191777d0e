// SPDX-License-Identifier: GPL-2.0

//! What is counted, in the terms of the SCTP-MIB (RFC 3873) and of `/proc/net/sctp/snmp`, and what
//! SCTP_GET_ASSOC_STATS tells besides.

/// A counter that the engine increments through [`Cx`](super::cx::Cx).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(usize)]
#[allow(dead_code)]
pub(crate) enum Counter {
    // Those that each association has, too: there may be many, so these are all.
    OutCtrlChunks,
    OutOrderChunks,
    OutUnorderChunks,
    InCtrlChunks,
    InOrderChunks,
    InUnorderChunks,
    OutPackets,
    InPackets,
    T1InitExpireds,
    T1CookieExpireds,
    T2ShutdownExpireds,
    T3Retransmits,
    InSacks,
    OutSacks,
    /// Gap ack blocks in SACKs that came.
    InGapAckBlocks,
    InDuplicateTsns,
    /// DATA that came before another TSN.
    InOutOfOrderTsns,

    // Those of a namespace alone.
    ActiveEstabs,
    PassiveEstabs,
    Aborteds,
    Shutdowns,
    OutOfBlues,
    ChecksumErrors,
    FragUsrMsgs,
    ReasmUsrMsgs,
    T3RtxExpireds,
    T5ShutdownGuardExpireds,
    DelaySackExpireds,
    AutocloseExpireds,
    FastRetransmits,
    InPacketDiscards,
    InDataChunkDiscards,
}

impl Counter {
    /// How many counters an association has.
    pub(crate) const OF_ASSOCIATION: usize = Counter::InOutOfOrderTsns as usize + 1;

    /// How many counters there are.
    pub(crate) const COUNT: usize = Counter::InDataChunkDiscards as usize + 1;
}

/// Why a packet, or the rest of one, was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reason {
    /// Shorter than its headers say, or a length that cannot be.
    Malformed,
    /// A verification tag that RFC 9260, 8.5 does not allow here.
    BadTag,
    /// From an address that is not the peer's.
    BadAddress,
    /// A cookie that this host did not make, or that is too old.
    BadCookie,
    /// Nothing here is meant, and no answer is due (RFC 9260, 8.4).
    OutOfTheBlue,
    /// No memory.
    NoMemory,
    /// Not valid in the association's state.
    Unexpected,
}
