// SPDX-License-Identifier: GPL-2.0

//! Ancillary data of `sendmsg()` and `recvmsg()` (RFC 6458, 5.3).

use crate::{
    association::AssocId,
    endpoint::{Settings, Subscription},
    engine::event::Received,
    sys::{
        bindings,
        msg::{ControlMessage, Message},
        skb::SkbRange,
        user::Abi,
    },
};
use core::mem::size_of;
use kernel::prelude::*;

/// How a message is to be sent.
#[derive(Clone, Copy, Default)]
pub(crate) struct SendInfo {
    pub(crate) stream: u16,
    /// SCTP_UNORDERED and its like.
    pub(crate) flags: u32,
    /// As the user gave it: it goes out like that.
    pub(crate) ppid: [u8; 4],
    pub(crate) assoc: AssocId,
    /// What an association that this call creates is to ask for.
    pub(crate) init: Option<bindings::sctp_initmsg>,
}

impl SendInfo {
    /// Reads all ancillary data. Of several of a kind the last one counts, and SCTP_SNDINFO more
    /// than SCTP_SNDRCV, as with the C module.
    pub(crate) fn parse(msg: &Message<'_>) -> Result<Self> {
        let mut info = Self::default();
        let mut sndinfo = None;
        msg.for_each_control(|c| {
            if c.level != bindings::IPPROTO_SCTP as c_int {
                return Ok(());
            }
            match c.kind as u32 {
                bindings::sctp_cmsg_type_SCTP_INIT => {
                    info.init = Some(exact::<bindings::sctp_initmsg>(&c)?);
                }
                bindings::sctp_cmsg_type_SCTP_SNDRCV => {
                    let c = exact::<bindings::sctp_sndrcvinfo>(&c)?;
                    if c.sinfo_timetolive != 0 {
                        return Err(EOPNOTSUPP);
                    }
                    info.stream = c.sinfo_stream;
                    info.flags = u32::from(c.sinfo_flags);
                    info.ppid = c.sinfo_ppid.to_ne_bytes();
                    info.assoc = c.sinfo_assoc_id;
                }
                bindings::sctp_cmsg_type_SCTP_SNDINFO => {
                    sndinfo = Some(exact::<bindings::sctp_sndinfo>(&c)?);
                }
                bindings::sctp_cmsg_type_SCTP_PRINFO
                | bindings::sctp_cmsg_type_SCTP_AUTHINFO
                | bindings::sctp_cmsg_type_SCTP_DSTADDRV4
                | bindings::sctp_cmsg_type_SCTP_DSTADDRV6 => return Err(EOPNOTSUPP),
                _ => return Err(EINVAL),
            }
            Ok(())
        })?;
        if let Some(c) = sndinfo {
            info.stream = c.snd_sid;
            info.flags = u32::from(c.snd_flags);
            info.ppid = c.snd_ppid.to_ne_bytes();
            info.assoc = c.snd_assoc_id;
        }
        Ok(info)
    }

    pub(crate) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

/// Reads a structure that must have just its size.
fn exact<T: Abi>(c: &ControlMessage<'_>) -> Result<T> {
    if c.data.len() != size_of::<T>() {
        return Err(EINVAL);
    }
    Ok(T::from_prefix(c.data))
}

/// Tells the user about a message, in the order of the C module: SCTP_RCVINFO, SCTP_SNDRCV.
pub(crate) fn put(
    msg: &mut Message<'_>,
    settings: &Settings,
    assoc: AssocId,
    received: &Received<SkbRange>,
) {
    let level = bindings::IPPROTO_SCTP as c_int;
    let unordered = if received.unordered {
        bindings::sctp_sinfo_flags_SCTP_UNORDERED as u16
    } else {
        0
    };
    let ppid = u32::from_ne_bytes(received.ppid);
    if settings.rcvinfo {
        let mut c = bindings::sctp_rcvinfo::zeroed();
        c.rcv_sid = received.stream;
        c.rcv_ssn = received.ssn.0;
        c.rcv_flags = unordered;
        c.rcv_ppid = ppid;
        c.rcv_tsn = received.tsn.0;
        c.rcv_cumtsn = received.cumulative_tsn.0;
        c.rcv_assoc_id = assoc;
        let kind = bindings::sctp_cmsg_type_SCTP_RCVINFO as c_int;
        msg.put_control(level, kind, c.bytes());
    }
    if settings.subscribed(Subscription::DataIo) {
        let mut c = bindings::sctp_sndrcvinfo::zeroed();
        c.sinfo_stream = received.stream;
        c.sinfo_ssn = received.ssn.0;
        c.sinfo_flags = unordered;
        c.sinfo_ppid = ppid;
        c.sinfo_tsn = received.tsn.0;
        c.sinfo_cumtsn = received.cumulative_tsn.0;
        c.sinfo_assoc_id = assoc;
        let kind = bindings::sctp_cmsg_type_SCTP_SNDRCV as c_int;
        msg.put_control(level, kind, c.bytes());
    }
}
