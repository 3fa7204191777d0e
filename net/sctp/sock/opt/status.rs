// SPDX-License-Identifier: GPL-2.0

//! What there is and how it is doing: SCTP_STATUS (RFC 6458, 8.2.1), SCTP_GET_PEER_ADDR_INFO
//! (8.2.2), SCTP_GET_ASSOC_NUMBER (8.2.5), SCTP_GET_ASSOC_ID_LIST (8.2.6), and Linux's own
//! SCTP_GET_ASSOC_STATS.

use super::scope;
use crate::{
    association::AssocId,
    endpoint::Style,
    engine::{
        assoc::State as Phase,
        path::{Path, PathState},
        time::Duration,
    },
    settings::PfExposure,
    sock::addr::Shown,
    sys::{
        bindings, ip,
        sock::Sk,
        user::{Abi, OptionOut},
    },
};
use core::mem::size_of;
use kernel::prelude::*;

/// Fills in what `struct sctp_assoc_stats` and `struct sctp_info` both count, under names that differ
/// in their beginning.
macro_rules! count {
    ($into:ident, $prefix:ident, $counters:expr) => {
        ::kernel::macros::paste! {
            let read = |counter| $counters.read(counter);
            $into.[<$prefix _isacks>] = read($crate::engine::stats::Counter::InSacks);
            $into.[<$prefix _osacks>] = read($crate::engine::stats::Counter::OutSacks);
            $into.[<$prefix _opackets>] = read($crate::engine::stats::Counter::OutPackets);
            $into.[<$prefix _ipackets>] = read($crate::engine::stats::Counter::InPackets);
            $into.[<$prefix _rtxchunks>] = read($crate::engine::stats::Counter::T3Retransmits);
            $into.[<$prefix _outofseqtsns>] = read($crate::engine::stats::Counter::InOutOfOrderTsns);
            $into.[<$prefix _idupchunks>] = read($crate::engine::stats::Counter::InDuplicateTsns);
            $into.[<$prefix _gapcnt>] = read($crate::engine::stats::Counter::InGapAckBlocks);
            $into.[<$prefix _ouodchunks>] = read($crate::engine::stats::Counter::OutUnorderChunks);
            $into.[<$prefix _iuodchunks>] = read($crate::engine::stats::Counter::InUnorderChunks);
            $into.[<$prefix _oodchunks>] = read($crate::engine::stats::Counter::OutOrderChunks);
            $into.[<$prefix _iodchunks>] = read($crate::engine::stats::Counter::InOrderChunks);
            $into.[<$prefix _octrlchunks>] = read($crate::engine::stats::Counter::OutCtrlChunks);
            $into.[<$prefix _ictrlchunks>] = read($crate::engine::stats::Counter::InCtrlChunks);
        }
    };
}
pub(crate) use count;

pub(super) fn get_status(sk: &Sk, value: &OptionOut) -> Result {
    let asked: bindings::sctp_status = value.read()?;
    let assoc = scope::association(sk, asked.sstat_assoc_id)?;
    let mut status = bindings::sctp_status::zeroed();
    {
        let locked = assoc.lock();
        let engine = &locked.inner.engine;
        status.sstat_assoc_id = assoc.id;
        status.sstat_state = state(engine.state());
        status.sstat_rwnd = engine.peer_rwnd();
        status.sstat_unackdata = u16::try_from(engine.unacked_chunks()).unwrap_or(u16::MAX);
        status.sstat_penddata = u16::try_from(engine.pending_chunks()).unwrap_or(u16::MAX);
        status.sstat_instrms = engine.in_streams();
        status.sstat_outstrms = engine.out_streams();
        status.sstat_fragmentation_point = engine.frag_point() as u32;
        if let Some(path) = engine.paths().get(engine.primary().index()) {
            let shown = Shown::new(sk, &path.addr, engine.peer_port());
            status.sstat_primary = path_info(assoc.id, path, &shown);
        }
    }
    value.write_whole(&status)
}

pub(super) fn get_peer_addr_info(sk: &Sk, value: &OptionOut) -> Result {
    let asked: bindings::sctp_paddrinfo = value.read()?;
    // A copy, since the structure is packed.
    let address = asked.spinfo_address;
    let (assoc, peer) = scope::with_peer(sk, asked.spinfo_assoc_id, address.bytes())?;
    let exposure = assoc.settings.lock().pf_exposure;
    let info = {
        let locked = assoc.lock();
        let paths = locked.inner.engine.paths();
        let path = paths.iter().find(|p| p.addr == peer.addr).ok_or(EINVAL)?;
        if path.state == PathState::PotentiallyFailed && exposure == PfExposure::Disabled {
            return Err(EACCES);
        }
        path_info(assoc.id, path, &Shown::new(sk, &peer.addr, peer.port))
    };
    value.write_whole(&info)
}

/// What is known about a path.
fn path_info(id: AssocId, path: &Path, shown: &Shown) -> bindings::sctp_paddrinfo {
    let mut info = bindings::sctp_paddrinfo::zeroed();
    info.spinfo_assoc_id = id;
    info.spinfo_address = shown.storage();
    info.spinfo_state = path_state(path);
    info.spinfo_cwnd = u32::try_from(path.cc.cwnd()).unwrap_or(u32::MAX);
    // Milliseconds, as RFC 6458 has it; the C module shows jiffies.
    info.spinfo_srtt = path.rto.srtt().as_millis();
    info.spinfo_rto = path.rto.get().as_millis();
    // The user's path MTU is that of IP packets.
    info.spinfo_mtu = path.mtu().saturating_add(ip::header_len(path.addr.ip)) as u32;
    info
}

/// The state in the numbers of `enum sctp_spinfo_state`.
pub(crate) fn path_state(path: &Path) -> i32 {
    (match path.state {
        PathState::Inactive => bindings::sctp_spinfo_state_SCTP_INACTIVE,
        PathState::PotentiallyFailed => bindings::sctp_spinfo_state_SCTP_PF,
        // The C module shows an unconfirmed primary as active, too.
        PathState::Active | PathState::Unconfirmed => bindings::sctp_spinfo_state_SCTP_ACTIVE,
    }) as i32
}

/// The state in the numbers of `enum sctp_sstat_state`.
pub(crate) fn state(phase: Phase) -> i32 {
    (match phase {
        Phase::Closed => bindings::sctp_sstat_state_SCTP_CLOSED,
        Phase::CookieWait => bindings::sctp_sstat_state_SCTP_COOKIE_WAIT,
        Phase::CookieEchoed => bindings::sctp_sstat_state_SCTP_COOKIE_ECHOED,
        Phase::Established => bindings::sctp_sstat_state_SCTP_ESTABLISHED,
        Phase::ShutdownPending => bindings::sctp_sstat_state_SCTP_SHUTDOWN_PENDING,
        Phase::ShutdownSent => bindings::sctp_sstat_state_SCTP_SHUTDOWN_SENT,
        Phase::ShutdownReceived => bindings::sctp_sstat_state_SCTP_SHUTDOWN_RECEIVED,
        Phase::ShutdownAckSent => bindings::sctp_sstat_state_SCTP_SHUTDOWN_ACK_SENT,
    }) as i32
}

/// What was counted since the association began, and the highest RTO since the last call. Who knows
/// only the beginning of the structure gets that.
pub(super) fn get_assoc_stats(sk: &Sk, value: &OptionOut) -> Result {
    let id: AssocId = value.read()?;
    let assoc = scope::association(sk, id)?;
    let mut stats = bindings::sctp_assoc_stats::zeroed();
    stats.sas_assoc_id = id;
    {
        let mut locked = assoc.lock();
        let engine = &mut locked.inner.engine;
        let (rto, path) = engine.take_highest_rto();
        stats.sas_maxrto = u64::from(rto.as_millis());
        if let Some(path) = engine.paths().get(path.index()) {
            if rto != Duration::ZERO {
                let shown = Shown::new(sk, &path.addr, engine.peer_port());
                stats.sas_obs_rto_ipaddr = shown.storage();
            }
        }
    }
    count!(stats, sas, assoc.counters);
    value.write(stats.bytes())
}

/// The ids of all associations of a one-to-many socket.
fn ids(sk: &Sk) -> Result<KVec<AssocId>> {
    let endpoint = sk.endpoint()?;
    if endpoint.style != Style::OneToMany {
        return Err(EOPNOTSUPP);
    }
    let assocs = endpoint.all_assocs()?;
    let mut ids = KVec::with_capacity(assocs.len(), GFP_KERNEL)?;
    for assoc in &assocs {
        ids.push(assoc.id, GFP_KERNEL)?;
    }
    Ok(ids)
}

pub(super) fn get_assoc_number(sk: &Sk, value: &OptionOut) -> Result {
    let number = ids(sk)?.len();
    value.write_whole(&u32::try_from(number).map_err(|_| EOVERFLOW)?)
}

/// A `struct sctp_assoc_ids`: the number of ids, and those.
pub(super) fn get_assoc_ids(sk: &Sk, value: &OptionOut) -> Result {
    let ids = ids(sk)?;
    let number = u32::try_from(ids.len()).map_err(|_| EOVERFLOW)?;
    let mut bytes = KVec::new();
    bytes.extend_from_slice(number.bytes(), GFP_KERNEL)?;
    for id in &ids {
        bytes.extend_from_slice(id.bytes(), GFP_KERNEL)?;
    }
    if value.len() < bytes.len().max(size_of::<bindings::sctp_assoc_ids>()) {
        return Err(EINVAL);
    }
    value.write(&bytes)
}
