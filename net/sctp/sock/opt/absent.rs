// SPDX-License-Identifier: GPL-2.0

//! Options of extensions that are not there: authentication (RFC 4895; RFC 6458, 8.1.17, 8.1.18,
//! 8.2.3, 8.2.4, 8.3), changes of addresses (RFC 5061; RFC 6458, 8.1.23, 8.3.1), of streams
//! (RFC 6525, 6.3), interleaving (RFC 8260, 4.3.1), ECN, UDP encapsulation (RFC 6951).
//!
//! They answer what the C module answers while its sysctls have such an extension switched off.
//! Where that one lets a program switch it on nevertheless, this says `EOPNOTSUPP`.

use super::{event, paths, scope};
use crate::{
    association::AssocId,
    sys::{
        bindings,
        sock::Sk,
        user::{Abi, OptionIn, OptionOut},
    },
};
use core::{cell::Cell, mem::size_of};
use kernel::prelude::*;

/// To switch off what is off is no error.
fn only_off(value: u32) -> Result {
    if value == 0 {
        Ok(())
    } else {
        Err(EOPNOTSUPP)
    }
}

/// SCTP_AUTH_SUPPORTED and its like, which are for later associations.
pub(super) fn set_supported(sk: &Sk, value: &OptionIn) -> Result {
    let given: bindings::sctp_assoc_value = value.read_version()?;
    scope::one(sk, given.assoc_id)?;
    only_off(given.assoc_value)
}

/// For all that is told by a `struct sctp_assoc_value`.
pub(super) fn get_none(sk: &Sk, value: &OptionOut) -> Result {
    let mut answer: bindings::sctp_assoc_value = value.read()?;
    scope::one(sk, answer.assoc_id)?;
    answer.assoc_value = 0;
    value.write_whole(&answer)
}

/// SCTP_INTERLEAVING_SUPPORTED. The administrator has to allow it first.
pub(super) fn set_interleaving(sk: &Sk, value: &OptionIn) -> Result {
    let given: bindings::sctp_assoc_value = value.read()?;
    scope::one(sk, given.assoc_id)?;
    Err(EPERM)
}

/// Whether an id means anything that a setting would be for.
fn is_meant(sk: &Sk, id: AssocId) -> Result<bool> {
    let found = Cell::new(false);
    scope::set_settings(sk, id, |_| found.set(true))?;
    Ok(found.get())
}

/// SCTP_ENABLE_STREAM_RESET.
pub(super) fn set_stream_reset(sk: &Sk, value: &OptionIn) -> Result {
    let given: bindings::sctp_assoc_value = value.read_version()?;
    if given.assoc_value & !bindings::SCTP_ENABLE_STRRESET_MASK != 0 {
        return Err(EINVAL);
    }
    is_meant(sk, given.assoc_id)?;
    only_off(given.assoc_value)
}

/// The peer does not know how to change streams.
fn cannot_reset(sk: &Sk, id: AssocId) -> Result {
    scope::association(sk, id)?;
    Err(ENOPROTOOPT)
}

/// SCTP_RESET_STREAMS: a structure with a list of streams behind it.
pub(super) fn reset_streams(sk: &Sk, value: &OptionIn) -> Result {
    let given: bindings::sctp_reset_streams = value.read()?;
    let listed = usize::from(given.srs_number_streams).saturating_mul(size_of::<u16>());
    if listed > value.len() - size_of::<bindings::sctp_reset_streams>() {
        return Err(EINVAL);
    }
    cannot_reset(sk, given.srs_assoc_id)
}

/// SCTP_RESET_ASSOC.
pub(super) fn reset_assoc(sk: &Sk, value: &OptionIn) -> Result {
    cannot_reset(sk, value.read_version()?)
}

/// SCTP_ADD_STREAMS.
pub(super) fn add_streams(sk: &Sk, value: &OptionIn) -> Result {
    let given: bindings::sctp_add_streams = value.read_version()?;
    cannot_reset(sk, given.sas_assoc_id)
}

/// Keys are for whoever supports authentication.
fn no_auth(sk: &Sk, id: AssocId) -> Result {
    if is_meant(sk, id)? {
        Err(EACCES)
    } else {
        Ok(())
    }
}

/// SCTP_AUTH_KEY: a structure with the key behind it.
pub(super) fn set_key(sk: &Sk, value: &OptionIn) -> Result {
    let key: bindings::sctp_authkey = value.read()?;
    let room = value.len() - size_of::<bindings::sctp_authkey>();
    if room == 0 || usize::from(key.sca_keylength) > room {
        return Err(EINVAL);
    }
    no_auth(sk, key.sca_assoc_id)
}

/// SCTP_AUTH_ACTIVE_KEY, SCTP_AUTH_DELETE_KEY, SCTP_AUTH_DEACTIVATE_KEY.
pub(super) fn set_key_id(sk: &Sk, value: &OptionIn) -> Result {
    let key: bindings::sctp_authkeyid = value.read_version()?;
    no_auth(sk, key.scact_assoc_id)
}

/// SCTP_AUTH_ACTIVE_KEY.
pub(super) fn get_key_id(sk: &Sk, value: &OptionOut) -> Result {
    let key: bindings::sctp_authkeyid = value.read()?;
    scope::one(sk, key.scact_assoc_id)?;
    Err(EACCES)
}

/// SCTP_PEER_AUTH_CHUNKS.
pub(super) fn get_peer_chunks(sk: &Sk, value: &OptionOut) -> Result {
    let asked: bindings::sctp_authchunks = value.read()?;
    scope::association(sk, asked.gauth_assoc_id)?;
    Err(EACCES)
}

/// SCTP_LOCAL_AUTH_CHUNKS.
pub(super) fn get_local_chunks(sk: &Sk, value: &OptionOut) -> Result {
    let asked: bindings::sctp_authchunks = value.read()?;
    scope::one(sk, asked.gauth_assoc_id)?;
    Err(EACCES)
}

/// SCTP_AUTO_ASCONF is for sockets that are bound to all addresses. It is about associations with
/// peers that know ASCONF, of which there are none, and may be on nevertheless: programs insist on
/// it, as there it is with the C module, where ASCONF is off unless the administrator wants it.
pub(super) fn set_auto_asconf(sk: &Sk, value: &OptionIn) -> Result {
    let on: u32 = value.read()?;
    let binding = sk.endpoint()?.binding();
    if on != 0 && binding.is_none_or(|binding| !binding.named().is_empty()) {
        return Err(EINVAL);
    }
    event::set_switch(sk, value, |s| &mut s.auto_asconf)
}

/// SCTP_REMOTE_UDP_ENCAPS_PORT: without encapsulation the port is 0.
pub(super) fn set_encaps_port(sk: &Sk, value: &OptionIn) -> Result {
    let given: bindings::sctp_udpencaps = value.read_version()?;
    paths::whose(sk, given.sue_assoc_id, given.sue_address.bytes(), EINVAL)?;
    only_off(u32::from(given.sue_port))
}

pub(super) fn get_encaps_port(sk: &Sk, value: &OptionOut) -> Result {
    let asked: bindings::sctp_udpencaps = value.read()?;
    let (id, address) = (asked.sue_assoc_id, asked.sue_address);
    paths::whose(sk, id, address.bytes(), EINVAL)?;
    let mut answer = bindings::sctp_udpencaps::zeroed();
    (answer.sue_assoc_id, answer.sue_address) = (id, address);
    value.write_whole(&answer)
}
