// SPDX-License-Identifier: GPL-2.0

//! How messages are cut: SCTP_DISABLE_FRAGMENTS (RFC 6458, 8.1.11), SCTP_MAXSEG (8.1.16).

use super::scope;
use crate::{
    engine::wire::{data::DataHeader, packet::Header},
    sock::addr,
    sys::{
        ip,
        sock::Sk,
        user::{OptionIn, OptionOut},
    },
};
use kernel::prelude::*;

/// Applies to all associations of the socket, present and future.
pub(super) fn set_disable_fragments(sk: &Sk, value: &OptionIn) -> Result {
    let on: i32 = value.read()?;
    let endpoint = sk.endpoint()?;
    let assocs = endpoint.all_assocs()?;
    endpoint.inner.lock().settings.config.may_fragment = on == 0;
    for assoc in &assocs {
        assoc.lock().inner.engine.config_mut().may_fragment = on == 0;
    }
    Ok(())
}

pub(super) fn get_disable_fragments(sk: &Sk, value: &OptionOut) -> Result {
    let may_fragment = sk.endpoint()?.inner.lock().settings.config.may_fragment;
    value.write_whole(&i32::from(!may_fragment))
}

/// What a packet may at least be long, IP header included, so that smaller segments are no use.
const MIN_PACKET: usize = 512;
/// Longest DATA chunk.
const MAX_CHUNK: usize = u16::MAX as usize & !3;

pub(super) fn set_maxseg(sk: &Sk, value: &OptionIn) -> Result {
    let (id, bytes) = scope::read_value(value)?;
    let assoc = scope::one(sk, id)?;
    if bytes != 0 {
        let headers = ip::header_len(addr::wildcard(sk).ip) + Header::LEN + DataHeader::LEN;
        let allowed = MIN_PACKET - headers..=MAX_CHUNK - DataHeader::LEN;
        if !allowed.contains(&(bytes as usize)) {
            return Err(EINVAL);
        }
    }
    match assoc {
        Some(assoc) => assoc.lock().inner.engine.config_mut().max_segment = bytes,
        None => sk.endpoint()?.inner.lock().settings.config.max_segment = bytes,
    }
    Ok(())
}

/// Of an association, what messages are cut into at the moment.
pub(super) fn get_maxseg(sk: &Sk, value: &OptionOut) -> Result {
    scope::answer_value(value, |id| {
        Ok(match scope::one(sk, id)? {
            Some(assoc) => assoc.lock().inner.engine.frag_point() as u32,
            None => sk.endpoint()?.inner.lock().settings.config.max_segment,
        })
    })
}
