// SPDX-License-Identifier: GPL-2.0

//! Options of associations: SCTP_INITMSG (RFC 6458, 8.1.3), SCTP_NODELAY (8.1.5), SCTP_STATUS
//! (8.2.1).

use crate::{
    endpoint::Style,
    engine::{assoc::State as Phase, path::PathState},
    sock::{addr::Shown, connect},
    sys::{
        bindings, ip,
        sock::Sk,
        user::{Abi, OptionIn, OptionOut},
    },
};
use core::mem::size_of;
use kernel::prelude::*;

pub(super) fn set_initmsg(sk: &Sk, value: &OptionIn) -> Result {
    if value.len() != size_of::<bindings::sctp_initmsg>() {
        return Err(EINVAL);
    }
    let init: bindings::sctp_initmsg = value.read()?;
    connect::apply(&mut sk.endpoint()?.inner.lock().settings.config, &init);
    Ok(())
}

pub(super) fn get_initmsg(sk: &Sk, value: &OptionOut) -> Result {
    let config = sk.endpoint()?.settings().config;
    let mut init = bindings::sctp_initmsg::zeroed();
    init.sinit_num_ostreams = config.out_streams;
    init.sinit_max_instreams = config.max_in_streams;
    init.sinit_max_attempts = u16::try_from(config.max_init_retransmits).unwrap_or(u16::MAX);
    let timeo = if config.max_init_timeo.0 != 0 {
        config.max_init_timeo
    } else {
        config.rto_max
    };
    init.sinit_max_init_timeo = u16::try_from(timeo.as_millis()).unwrap_or(u16::MAX);
    value.write_whole(&init)
}

/// Applies to all associations of the socket, present and future.
pub(super) fn set_nodelay(sk: &Sk, value: &OptionIn) -> Result {
    let on: i32 = value.read()?;
    let endpoint = sk.endpoint()?;
    endpoint.inner.lock().settings.config.nodelay = on != 0;
    for assoc in &endpoint.all_assocs()? {
        let _ = assoc.lock().with(|engine, _| engine.set_nodelay(on != 0));
    }
    Ok(())
}

pub(super) fn get_nodelay(sk: &Sk, value: &OptionOut) -> Result {
    let on = sk.endpoint()?.inner.lock().settings.config.nodelay;
    value.write_whole(&i32::from(on))
}

pub(super) fn get_status(sk: &Sk, value: &OptionOut) -> Result {
    if value.len() < size_of::<bindings::sctp_status>() {
        return Err(EINVAL);
    }
    let asked: bindings::sctp_status = value.read_prefix()?;
    let endpoint = sk.endpoint()?;
    let assoc = match endpoint.style {
        Style::OneToOne => endpoint.only_assoc(),
        Style::OneToMany => endpoint.assoc(asked.sstat_assoc_id),
    }
    .ok_or(EINVAL)?;
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
        let primary = &mut status.sstat_primary;
        primary.spinfo_assoc_id = assoc.id;
        if let Some(path) = engine.paths().get(engine.primary().index()) {
            let shown = Shown::new(sk, &path.addr, engine.peer_port());
            primary.spinfo_address = shown.storage();
            primary.spinfo_state = match path.state {
                PathState::Inactive => bindings::sctp_spinfo_state_SCTP_INACTIVE,
                PathState::PotentiallyFailed => bindings::sctp_spinfo_state_SCTP_PF,
                // The C module shows an unconfirmed primary as active, too.
                PathState::Active | PathState::Unconfirmed => {
                    bindings::sctp_spinfo_state_SCTP_ACTIVE
                }
            } as i32;
            primary.spinfo_cwnd = u32::try_from(path.cc.cwnd()).unwrap_or(u32::MAX);
            // Milliseconds, as RFC 6458 has it; the C module shows jiffies.
            primary.spinfo_srtt = path.rto.srtt().as_millis();
            primary.spinfo_rto = path.rto.get().as_millis();
            // The user's path MTU is that of IP packets.
            primary.spinfo_mtu = path.mtu.saturating_add(ip::header_len(path.addr.ip)) as u32;
        }
    }
    value.write_whole(&status)
}

/// The state in the numbers of `enum sctp_sstat_state`.
fn state(phase: Phase) -> i32 {
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
