// SPDX-License-Identifier: GPL-2.0

//! Notifications as the user reads them (RFC 6458, 6.1).

use super::addr::Shown;
use crate::{
    association::AssocId,
    engine::{
        cx::Payload,
        event::{Abandoned, SendFailed},
        wire::tlv::padded,
    },
    sys::{bindings, skb::SkbRange, user::Abi},
};
use core::mem::size_of;
use kernel::prelude::*;

fn to_vec(value: &impl Abi) -> Result<KVec<u8>> {
    let bytes = value.bytes();
    let mut vec = KVec::with_capacity(bytes.len(), GFP_ATOMIC)?;
    vec.extend_from_slice(bytes, GFP_ATOMIC)?;
    Ok(vec)
}

/// SCTP_ASSOC_CHANGE. `error` is an error cause, or 0; `info` the causes of a received ABORT.
pub(crate) fn assoc_change(
    id: AssocId,
    state: u16,
    error: u16,
    (out_streams, in_streams): (u16, u16),
    info: &[u8],
) -> Result<KVec<u8>> {
    let mut sac = bindings::sctp_assoc_change::zeroed();
    sac.sac_type = bindings::sctp_sn_type_SCTP_ASSOC_CHANGE as u16;
    let len = size_of::<bindings::sctp_assoc_change>().saturating_add(info.len());
    sac.sac_length = u32::try_from(len).map_err(|_| EINVAL)?;
    sac.sac_state = state;
    // Error causes are in network byte order here, as RFC 6458 has it.
    sac.sac_error = error.to_be();
    sac.sac_outbound_streams = out_streams;
    sac.sac_inbound_streams = in_streams;
    sac.sac_assoc_id = id;
    let mut vec = to_vec(&sac)?;
    vec.extend_from_slice(info, GFP_ATOMIC)?;
    Ok(vec)
}

/// SCTP_PEER_ADDR_CHANGE. `error` is a number of `enum sctp_sn_error`.
pub(crate) fn peer_addr_change(
    id: AssocId,
    addr: &Shown,
    state: u32,
    error: u32,
) -> Result<KVec<u8>> {
    let mut spc = bindings::sctp_paddr_change::zeroed();
    spc.spc_type = bindings::sctp_sn_type_SCTP_PEER_ADDR_CHANGE as u16;
    spc.spc_length = size_of::<bindings::sctp_paddr_change>() as u32;
    spc.spc_aaddr = addr.storage();
    spc.spc_state = state as i32;
    spc.spc_error = error as i32;
    spc.spc_assoc_id = id;
    to_vec(&spc)
}

/// SCTP_REMOTE_ERROR about an error cause. As in the C module, its header is not repeated, and
/// what it holds is padded as on the wire.
pub(crate) fn remote_error(id: AssocId, code: u16, info: &[u8]) -> Result<KVec<u8>> {
    let mut sre = bindings::sctp_remote_error::zeroed();
    let len = size_of::<bindings::sctp_remote_error>().saturating_add(padded(info.len()));
    sre.sre_type = bindings::sctp_sn_type_SCTP_REMOTE_ERROR as u16;
    sre.sre_length = u32::try_from(len).map_err(|_| EINVAL)?;
    sre.sre_error = code.to_be();
    sre.sre_assoc_id = id;
    let mut vec = to_vec(&sre)?;
    vec.extend_from_slice(info, GFP_ATOMIC)?;
    let padding = len.saturating_sub(vec.len());
    vec.extend_from_slice([0; 3].get(..padding).unwrap_or_default(), GFP_ATOMIC)?;
    Ok(vec)
}

/// SCTP_SHUTDOWN_EVENT.
pub(crate) fn shutdown(id: AssocId) -> Result<KVec<u8>> {
    let mut sse = bindings::sctp_shutdown_event::zeroed();
    sse.sse_type = bindings::sctp_sn_type_SCTP_SHUTDOWN_EVENT as u16;
    sse.sse_length = size_of::<bindings::sctp_shutdown_event>() as u32;
    sse.sse_assoc_id = id;
    to_vec(&sse)
}

/// SCTP_PARTIAL_DELIVERY_EVENT: the rest of a message will not come.
pub(crate) fn partial_delivery_aborted(id: AssocId, message: &Abandoned) -> Result<KVec<u8>> {
    let mut pdapi = bindings::sctp_pdapi_event::zeroed();
    pdapi.pdapi_type = bindings::sctp_sn_type_SCTP_PARTIAL_DELIVERY_EVENT as u16;
    pdapi.pdapi_length = size_of::<bindings::sctp_pdapi_event>() as u32;
    pdapi.pdapi_indication = bindings::SCTP_PARTIAL_DELIVERY_ABORTED;
    pdapi.pdapi_stream = u32::from(message.stream);
    pdapi.pdapi_seq = u32::from(message.ssn.0);
    pdapi.pdapi_assoc_id = id;
    to_vec(&pdapi)
}

/// SCTP_ADAPTATION_INDICATION: what the peer says that its user is.
pub(crate) fn adaptation(id: AssocId, code_point: u32) -> Result<KVec<u8>> {
    let mut sai = bindings::sctp_adaptation_event::zeroed();
    sai.sai_type = bindings::sctp_sn_type_SCTP_ADAPTATION_INDICATION as u16;
    sai.sai_length = size_of::<bindings::sctp_adaptation_event>() as u32;
    sai.sai_adaptation_ind = code_point;
    sai.sai_assoc_id = id;
    to_vec(&sai)
}

/// SCTP_AUTHENTICATION_EVENT: chunks are not authenticated.
pub(crate) fn no_auth(id: AssocId) -> Result<KVec<u8>> {
    let mut auth = bindings::sctp_authkey_event::zeroed();
    auth.auth_type = bindings::sctp_sn_type_SCTP_AUTHENTICATION_EVENT as u16;
    auth.auth_length = size_of::<bindings::sctp_authkey_event>() as u32;
    auth.auth_indication = bindings::SCTP_AUTH_NO_AUTH;
    auth.auth_assoc_id = id;
    to_vec(&auth)
}

/// The flags and the error of SCTP_SEND_FAILED and SCTP_SEND_FAILED_EVENT.
fn failure(failed: &SendFailed<SkbRange>) -> (u16, u32) {
    let flags = if failed.was_sent {
        bindings::sctp_ssf_flags_SCTP_DATA_SENT
    } else {
        bindings::sctp_ssf_flags_SCTP_DATA_UNSENT
    };
    // As an error cause in SCTP_ASSOC_CHANGE.
    (flags as u16, failed.why.cause().to_be().into())
}

/// Which part of its message it is, as in the flags of a DATA chunk.
fn fragment(failed: &SendFailed<SkbRange>) -> u16 {
    let flags = [
        (failed.end, bindings::SCTP_DATA_LAST_FRAG),
        (failed.begin, bindings::SCTP_DATA_FIRST_FRAG),
        (failed.unordered, bindings::SCTP_DATA_UNORDERED),
    ];
    let set = flags.iter().filter(|(is_set, _)| *is_set);
    set.fold(0, |all, (_, flag)| all | *flag as u16)
}

/// A notification with the data behind it. `len` is where it has its length.
fn with_data<T: Abi>(
    mut value: T,
    failed: &SendFailed<SkbRange>,
    len: impl FnOnce(&mut T) -> &mut u32,
) -> Result<KVec<u8>> {
    let header = size_of::<T>();
    let total = header.saturating_add(failed.payload.len());
    *len(&mut value) = u32::try_from(total).map_err(|_| EINVAL)?;
    let mut vec = KVec::with_capacity(total, GFP_ATOMIC)?;
    vec.extend_from_slice(value.bytes(), GFP_ATOMIC)?;
    vec.extend_with(failed.payload.len(), 0, GFP_ATOMIC)?;
    let data = vec.get_mut(header..).unwrap_or_default();
    failed.payload.copy_to(data)?;
    Ok(vec)
}

/// SCTP_SEND_FAILED.
pub(crate) fn send_failed(id: AssocId, failed: &SendFailed<SkbRange>) -> Result<KVec<u8>> {
    let mut ssf = bindings::sctp_send_failed::zeroed();
    ssf.ssf_type = bindings::sctp_sn_type_SCTP_SEND_FAILED as u16;
    (ssf.ssf_flags, ssf.ssf_error) = failure(failed);
    ssf.ssf_info.sinfo_stream = failed.stream;
    ssf.ssf_info.sinfo_flags = fragment(failed);
    ssf.ssf_info.sinfo_ppid = u32::from_ne_bytes(failed.ppid);
    ssf.ssf_info.sinfo_context = failed.context;
    ssf.ssf_info.sinfo_assoc_id = id;
    ssf.ssf_assoc_id = id;
    with_data(ssf, failed, |ssf| &mut ssf.ssf_length)
}

/// SCTP_SEND_FAILED_EVENT.
pub(crate) fn send_failed_event(id: AssocId, failed: &SendFailed<SkbRange>) -> Result<KVec<u8>> {
    let mut ssf = bindings::sctp_send_failed_event::zeroed();
    ssf.ssf_type = bindings::sctp_sn_type_SCTP_SEND_FAILED_EVENT as u16;
    (ssf.ssf_flags, ssf.ssf_error) = failure(failed);
    ssf.ssfe_info.snd_sid = failed.stream;
    ssf.ssfe_info.snd_flags = fragment(failed);
    ssf.ssfe_info.snd_ppid = u32::from_ne_bytes(failed.ppid);
    ssf.ssfe_info.snd_context = failed.context;
    ssf.ssfe_info.snd_assoc_id = id;
    ssf.ssf_assoc_id = id;
    with_data(ssf, failed, |ssf| &mut ssf.ssf_length)
}

/// SCTP_SENDER_DRY_EVENT.
pub(crate) fn sender_dry(id: AssocId) -> Result<KVec<u8>> {
    let mut dry = bindings::sctp_sender_dry_event::zeroed();
    dry.sender_dry_type = bindings::sctp_sn_type_SCTP_SENDER_DRY_EVENT as u16;
    dry.sender_dry_length = size_of::<bindings::sctp_sender_dry_event>() as u32;
    dry.sender_dry_assoc_id = id;
    to_vec(&dry)
}
