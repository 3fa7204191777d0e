// SPDX-License-Identifier: GPL-2.0

//! How to send when the sender does not say: SCTP_DEFAULT_SEND_PARAM (RFC 6458, 8.1.13),
//! SCTP_DEFAULT_SNDINFO (8.1.31).

use super::scope;
use crate::{
    association::AssocId,
    settings::{SendDefaults, SendLimit},
    sys::{
        bindings,
        sock::Sk,
        user::{Abi, OptionIn, OptionOut},
    },
};
use kernel::prelude::*;

/// `None` as the limit leaves it as it is.
fn set(sk: &Sk, id: AssocId, send: SendDefaults, limit: Option<SendLimit>) -> Result {
    const KNOWN: u32 = bindings::sctp_sinfo_flags_SCTP_UNORDERED
        | bindings::sctp_sinfo_flags_SCTP_ADDR_OVER
        | bindings::sctp_sinfo_flags_SCTP_ABORT
        | bindings::sctp_sinfo_flags_SCTP_EOF;
    if u32::from(send.flags) & !KNOWN != 0 {
        return Err(EINVAL);
    }
    scope::set_settings(sk, id, |settings| {
        settings.send = SendDefaults {
            limit: limit.unwrap_or(settings.send.limit),
            ..send
        };
    })
}

pub(super) fn set_send_param(sk: &Sk, value: &OptionIn) -> Result {
    let info: bindings::sctp_sndrcvinfo = value.read_version()?;
    let send = SendDefaults {
        stream: info.sinfo_stream,
        flags: info.sinfo_flags,
        ppid: info.sinfo_ppid,
        context: info.sinfo_context,
        ..SendDefaults::default()
    };
    let limit = SendLimit {
        value: info.sinfo_timetolive,
        ..SendLimit::default()
    };
    set(sk, info.sinfo_assoc_id, send, Some(limit))
}

pub(super) fn get_send_param(sk: &Sk, value: &OptionOut) -> Result {
    let asked: bindings::sctp_sndrcvinfo = value.read()?;
    let send = scope::settings(sk, asked.sinfo_assoc_id)?.send;
    let mut info = bindings::sctp_sndrcvinfo::zeroed();
    info.sinfo_assoc_id = asked.sinfo_assoc_id;
    info.sinfo_stream = send.stream;
    info.sinfo_flags = send.flags | send.limit.policy;
    info.sinfo_timetolive = send.limit.value;
    info.sinfo_ppid = send.ppid;
    info.sinfo_context = send.context;
    value.write_whole(&info)
}

pub(super) fn set_sndinfo(sk: &Sk, value: &OptionIn) -> Result {
    let info: bindings::sctp_sndinfo = value.read_version()?;
    let send = SendDefaults {
        stream: info.snd_sid,
        flags: info.snd_flags,
        ppid: info.snd_ppid,
        context: info.snd_context,
        ..SendDefaults::default()
    };
    set(sk, info.snd_assoc_id, send, None)
}

pub(super) fn get_sndinfo(sk: &Sk, value: &OptionOut) -> Result {
    let mut info: bindings::sctp_sndinfo = value.read()?;
    let send = scope::settings(sk, info.snd_assoc_id)?.send;
    info.snd_sid = send.stream;
    info.snd_flags = send.flags;
    info.snd_ppid = send.ppid;
    info.snd_context = send.context;
    value.write_whole(&info)
}
