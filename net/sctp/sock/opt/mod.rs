// SPDX-License-Identifier: GPL-2.0

//! Socket options of level SOL_SCTP (RFC 6458, 8): which function knows which.
//!
//! Options that are not there yet say what the C module says of one that it does not know.

mod absent;
mod addrs;
mod bindx;
mod connectx;
mod delivery;
mod event;
mod fragment;
mod params;
mod paths;
mod peeloff;
mod prsctp;
mod schedule;
mod scope;
mod send;
pub(crate) mod status;

use crate::sys::{
    bindings,
    sock::Sk,
    user::{OptionIn, OptionOut},
};
use kernel::prelude::*;

/// `setsockopt()`. Returns what the call is to return, which mostly is 0.
pub(crate) fn set(sk: &Sk, name: u32, value: &OptionIn) -> Result<usize> {
    match name {
        bindings::SCTP_SOCKOPT_BINDX_ADD => bindx::add(sk, value),
        bindings::SCTP_SOCKOPT_BINDX_REM => bindx::remove(sk, value),
        bindings::SCTP_SOCKOPT_CONNECTX => return connectx::connectx(sk, value),
        bindings::SCTP_SOCKOPT_CONNECTX_OLD => connectx::old(sk, value),
        bindings::SCTP_PRIMARY_ADDR => addrs::set_primary_addr(sk, value),
        bindings::SCTP_PEER_ADDR_PARAMS => paths::set_params(sk, value),
        bindings::SCTP_PEER_ADDR_THLDS => paths::set_thlds(sk, value),
        bindings::SCTP_PEER_ADDR_THLDS_V2 => paths::set_thlds_v2(sk, value),
        bindings::SCTP_PLPMTUD_PROBE_INTERVAL => paths::set_probe_interval(sk, value),
        bindings::SCTP_AUTOCLOSE => params::set_autoclose(sk, value),
        bindings::SCTP_REUSE_PORT => params::set_reuse_port(sk, value),
        bindings::SCTP_RTOINFO => params::set_rtoinfo(sk, value),
        bindings::SCTP_ASSOCINFO => params::set_associnfo(sk, value),
        bindings::SCTP_INITMSG => params::set_initmsg(sk, value),
        bindings::SCTP_ADAPTATION_LAYER => params::set_adaptation_layer(sk, value),
        bindings::SCTP_NODELAY => params::set_nodelay(sk, value),
        bindings::SCTP_DELAYED_SACK => params::set_delayed_sack(sk, value),
        bindings::SCTP_MAX_BURST => params::set_max_burst(sk, value),
        bindings::SCTP_DISABLE_FRAGMENTS => fragment::set_disable_fragments(sk, value),
        bindings::SCTP_MAXSEG => fragment::set_maxseg(sk, value),
        bindings::SCTP_PARTIAL_DELIVERY_POINT => delivery::set_point(sk, value),
        bindings::SCTP_FRAGMENT_INTERLEAVE => delivery::set_interleave(sk, value),
        bindings::SCTP_DEFAULT_SEND_PARAM => send::set_send_param(sk, value),
        bindings::SCTP_DEFAULT_SNDINFO => send::set_sndinfo(sk, value),
        bindings::SCTP_PR_SUPPORTED => prsctp::set_supported(sk, value),
        bindings::SCTP_DEFAULT_PRINFO => prsctp::set_default(sk, value),
        bindings::SCTP_EVENTS => event::set_events(sk, value),
        bindings::SCTP_EVENT => event::set_event(sk, value),
        bindings::SCTP_CONTEXT => event::set_context(sk, value),
        bindings::SCTP_EXPOSE_POTENTIALLY_FAILED_STATE => event::set_pf_exposure(sk, value),
        bindings::SCTP_RECVRCVINFO => event::set_switch(sk, value, |s| &mut s.rcvinfo),
        bindings::SCTP_RECVNXTINFO => event::set_switch(sk, value, |s| &mut s.nxtinfo),
        bindings::SCTP_I_WANT_MAPPED_V4_ADDR => event::set_switch(sk, value, |s| &mut s.v4_mapped),
        bindings::SCTP_EXPLICIT_EOR => event::set_switch(sk, value, |s| &mut s.explicit_eor),
        bindings::SCTP_AUTH_SUPPORTED
        | bindings::SCTP_ASCONF_SUPPORTED
        | bindings::SCTP_RECONFIG_SUPPORTED
        | bindings::SCTP_ECN_SUPPORTED => absent::set_supported(sk, value),
        bindings::SCTP_INTERLEAVING_SUPPORTED => absent::set_interleaving(sk, value),
        bindings::SCTP_ENABLE_STREAM_RESET => absent::set_stream_reset(sk, value),
        bindings::SCTP_RESET_STREAMS => absent::reset_streams(sk, value),
        bindings::SCTP_RESET_ASSOC => absent::reset_assoc(sk, value),
        bindings::SCTP_ADD_STREAMS => absent::add_streams(sk, value),
        bindings::SCTP_STREAM_SCHEDULER => schedule::set_scheduler(sk, value),
        bindings::SCTP_STREAM_SCHEDULER_VALUE => schedule::set_value(sk, value),
        bindings::SCTP_AUTH_CHUNK | bindings::SCTP_HMAC_IDENT => Err(EACCES),
        bindings::SCTP_AUTH_KEY => absent::set_key(sk, value),
        bindings::SCTP_AUTH_ACTIVE_KEY
        | bindings::SCTP_AUTH_DELETE_KEY
        | bindings::SCTP_AUTH_DEACTIVATE_KEY => absent::set_key_id(sk, value),
        bindings::SCTP_SET_PEER_PRIMARY_ADDR => Err(EPERM),
        bindings::SCTP_AUTO_ASCONF => absent::set_auto_asconf(sk, value),
        bindings::SCTP_REMOTE_UDP_ENCAPS_PORT => absent::set_encaps_port(sk, value),
        _ => Err(ENOPROTOOPT),
    }
    .map(|()| 0)
}

/// SO_ZEROCOPY, the only option of level SOL_SOCKET that is not the same for all protocols: the
/// kernel knows those that have it by name.
pub(crate) fn set_zerocopy(sk: &Sk, value: &OptionIn) -> Result {
    let on = match value.read::<i32>()? {
        0 => false,
        1 => true,
        _ => return Err(EINVAL),
    };
    sk.set_may_lend(on);
    Ok(())
}

/// `getsockopt()`. Returns what the call is to return, which mostly is 0.
pub(crate) fn get(sk: &Sk, name: u32, value: &OptionOut) -> Result<usize> {
    match name {
        bindings::SCTP_SOCKOPT_PEELOFF => return peeloff::peeloff(sk, value),
        bindings::SCTP_SOCKOPT_PEELOFF_FLAGS => return peeloff::peeloff_flags(sk, value),
        bindings::SCTP_RTOINFO => params::get_rtoinfo(sk, value),
        bindings::SCTP_ASSOCINFO => params::get_associnfo(sk, value),
        bindings::SCTP_INITMSG => params::get_initmsg(sk, value),
        bindings::SCTP_ADAPTATION_LAYER => params::get_adaptation_layer(sk, value),
        bindings::SCTP_NODELAY => params::get_nodelay(sk, value),
        bindings::SCTP_DELAYED_SACK => params::get_delayed_sack(sk, value),
        bindings::SCTP_MAX_BURST => params::get_max_burst(sk, value),
        bindings::SCTP_DISABLE_FRAGMENTS => fragment::get_disable_fragments(sk, value),
        bindings::SCTP_MAXSEG => fragment::get_maxseg(sk, value),
        bindings::SCTP_PARTIAL_DELIVERY_POINT => delivery::get_point(sk, value),
        bindings::SCTP_FRAGMENT_INTERLEAVE => {
            event::get_switch(sk, value, |s| s.interleaves_fragments)
        }
        bindings::SCTP_DEFAULT_SEND_PARAM => send::get_send_param(sk, value),
        bindings::SCTP_DEFAULT_SNDINFO => send::get_sndinfo(sk, value),
        bindings::SCTP_SOCKOPT_CONNECTX3 => connectx::connectx3(sk, value),
        bindings::SCTP_GET_LOCAL_ADDRS => addrs::get_local_addrs(sk, value),
        bindings::SCTP_GET_PEER_ADDRS => addrs::get_peer_addrs(sk, value),
        bindings::SCTP_PRIMARY_ADDR => addrs::get_primary_addr(sk, value),
        bindings::SCTP_PEER_ADDR_PARAMS => paths::get_params(sk, value),
        bindings::SCTP_PEER_ADDR_THLDS => paths::get_thlds(sk, value),
        bindings::SCTP_PEER_ADDR_THLDS_V2 => paths::get_thlds_v2(sk, value),
        bindings::SCTP_PLPMTUD_PROBE_INTERVAL => paths::get_probe_interval(sk, value),
        bindings::SCTP_AUTOCLOSE => params::get_autoclose(sk, value),
        bindings::SCTP_REUSE_PORT => event::get_switch(sk, value, |s| s.reuse_port),
        bindings::SCTP_STATUS => status::get_status(sk, value),
        bindings::SCTP_GET_ASSOC_STATS => status::get_assoc_stats(sk, value),
        bindings::SCTP_GET_PEER_ADDR_INFO => status::get_peer_addr_info(sk, value),
        bindings::SCTP_GET_ASSOC_NUMBER => status::get_assoc_number(sk, value),
        bindings::SCTP_GET_ASSOC_ID_LIST => status::get_assoc_ids(sk, value),
        bindings::SCTP_PR_SUPPORTED => prsctp::get_supported(sk, value),
        bindings::SCTP_DEFAULT_PRINFO => prsctp::get_default(sk, value),
        bindings::SCTP_PR_ASSOC_STATUS => prsctp::get_assoc_status(sk, value),
        bindings::SCTP_PR_STREAM_STATUS => prsctp::get_stream_status(sk, value),
        bindings::SCTP_EVENTS => event::get_events(sk, value),
        bindings::SCTP_EVENT => event::get_event(sk, value),
        bindings::SCTP_CONTEXT => event::get_context(sk, value),
        bindings::SCTP_EXPOSE_POTENTIALLY_FAILED_STATE => event::get_pf_exposure(sk, value),
        bindings::SCTP_RECVRCVINFO => event::get_switch(sk, value, |s| s.rcvinfo),
        bindings::SCTP_RECVNXTINFO => event::get_switch(sk, value, |s| s.nxtinfo),
        bindings::SCTP_I_WANT_MAPPED_V4_ADDR => event::get_switch(sk, value, |s| s.v4_mapped),
        bindings::SCTP_EXPLICIT_EOR => event::get_switch(sk, value, |s| s.explicit_eor),
        bindings::SCTP_AUTH_SUPPORTED
        | bindings::SCTP_ASCONF_SUPPORTED
        | bindings::SCTP_RECONFIG_SUPPORTED
        | bindings::SCTP_ECN_SUPPORTED
        | bindings::SCTP_INTERLEAVING_SUPPORTED
        | bindings::SCTP_ENABLE_STREAM_RESET => absent::get_none(sk, value),
        bindings::SCTP_STREAM_SCHEDULER => schedule::get_scheduler(sk, value),
        bindings::SCTP_STREAM_SCHEDULER_VALUE => schedule::get_value(sk, value),
        bindings::SCTP_HMAC_IDENT => Err(EACCES),
        bindings::SCTP_AUTH_CHUNK
        | bindings::SCTP_AUTH_KEY
        | bindings::SCTP_AUTH_DELETE_KEY
        | bindings::SCTP_AUTH_DEACTIVATE_KEY => Err(EOPNOTSUPP),
        bindings::SCTP_AUTH_ACTIVE_KEY => absent::get_key_id(sk, value),
        bindings::SCTP_PEER_AUTH_CHUNKS => absent::get_peer_chunks(sk, value),
        bindings::SCTP_LOCAL_AUTH_CHUNKS => absent::get_local_chunks(sk, value),
        bindings::SCTP_AUTO_ASCONF => event::get_switch(sk, value, |s| s.auto_asconf),
        bindings::SCTP_REMOTE_UDP_ENCAPS_PORT => absent::get_encaps_port(sk, value),
        _ => Err(ENOPROTOOPT),
    }
    .map(|()| 0)
}
