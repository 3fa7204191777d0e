// SPDX-License-Identifier: GPL-2.0

//! What a user wants to be told, and how: SCTP_EVENTS (RFC 6458, 6.2.1), SCTP_EVENT (6.2.2),
//! SCTP_I_WANT_MAPPED_V4_ADDR (8.1.15), SCTP_CONTEXT (8.1.25), SCTP_RECVRCVINFO (8.1.29),
//! SCTP_RECVNXTINFO (8.1.30), SCTP_EXPOSE_POTENTIALLY_FAILED_STATE (RFC 7829, 7.3).

use super::scope;
use crate::{
    settings::{PfExposure, Settings, Subscription, Subscriptions},
    sys::{
        bindings,
        sock::Sk,
        user::{Abi, OptionIn, OptionOut},
    },
};
use core::mem::size_of;
use kernel::prelude::*;

const EVENTS_LEN: usize = size_of::<bindings::sctp_event_subscribe>();

/// Each byte that the user gives switches one kind of notification; those beyond stay. What is set
/// for the socket is from then on set for each of its associations.
pub(super) fn set_events(sk: &Sk, value: &OptionIn) -> Result {
    let events: bindings::sctp_event_subscribe = if value.len() < EVENTS_LEN {
        value.read_prefix()?
    } else {
        value.read_version()?
    };
    let endpoint = sk.endpoint()?;
    let assocs = endpoint.all_assocs()?;
    let now = {
        let mut inner = endpoint.inner.lock();
        let subscriptions = &mut inner.settings.assoc.subscriptions;
        for (bit, &on) in events.bytes().iter().take(value.len()).enumerate() {
            subscriptions.set(bit, on != 0);
        }
        *subscriptions
    };
    for assoc in &assocs {
        assoc.lock().subscribe(|subscriptions| *subscriptions = now);
    }
    // As in the C module, whatever was changed, and on a one-to-one socket alone.
    match scope::one(sk, scope::FUTURE)? {
        Some(assoc) if now.has(Subscription::SenderDry) => assoc.lock().tell_if_dry(),
        _ => Ok(()),
    }
}

pub(super) fn get_events(sk: &Sk, value: &OptionOut) -> Result {
    if value.len() == 0 {
        return Err(EINVAL);
    }
    let subscriptions = sk.endpoint()?.inner.lock().settings.assoc.subscriptions;
    let mut bytes = [0; EVENTS_LEN];
    for (bit, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from(subscriptions.is_set(bit));
    }
    value.write(&bytes)
}

/// Which byte of `struct sctp_event_subscribe` a type of notification has.
fn bit_of(kind: u16) -> Result<usize> {
    let first = bindings::sctp_sn_type_SCTP_DATA_IO_EVENT;
    let bit = u32::from(kind).checked_sub(first).ok_or(EINVAL)? as usize;
    if bit < EVENTS_LEN {
        Ok(bit)
    } else {
        Err(EINVAL)
    }
}

pub(super) fn set_event(sk: &Sk, value: &OptionIn) -> Result {
    let event: bindings::sctp_event = value.read()?;
    let bit = bit_of(event.se_type)?;
    let on = event.se_on != 0;
    let tells_dry = on && bit == Subscription::SenderDry as usize;
    let mut result = Ok(());
    scope::set(
        sk,
        event.se_assoc_id,
        |settings| settings.assoc.subscriptions.set(bit, on),
        |assoc| {
            let mut locked = assoc.lock();
            locked.subscribe(|subscriptions| subscriptions.set(bit, on));
            if tells_dry && result.is_ok() {
                result = locked.tell_if_dry();
            }
        },
    )?;
    result
}

pub(super) fn get_event(sk: &Sk, value: &OptionOut) -> Result {
    let asked: bindings::sctp_event = value.read()?;
    let bit = bit_of(asked.se_type)?;
    let subscriptions: Subscriptions = scope::settings(sk, asked.se_assoc_id)?.subscriptions;
    let mut event = bindings::sctp_event::zeroed();
    event.se_assoc_id = asked.se_assoc_id;
    event.se_type = asked.se_type;
    event.se_on = u8::from(subscriptions.is_set(bit));
    value.write_whole(&event)
}

pub(super) fn set_context(sk: &Sk, value: &OptionIn) -> Result {
    let given: bindings::sctp_assoc_value = value.read_version()?;
    scope::set_settings(sk, given.assoc_id, |settings| {
        settings.context = given.assoc_value;
    })
}

pub(super) fn get_context(sk: &Sk, value: &OptionOut) -> Result {
    let mut answer: bindings::sctp_assoc_value = value.read()?;
    answer.assoc_value = scope::settings(sk, answer.assoc_id)?.context;
    value.write_whole(&answer)
}

pub(super) fn set_pf_exposure(sk: &Sk, value: &OptionIn) -> Result {
    const ALL: [PfExposure; 3] = [PfExposure::Unset, PfExposure::Disabled, PfExposure::Enabled];
    let given: bindings::sctp_assoc_value = value.read_version()?;
    let is_given = |exposure: &PfExposure| *exposure as u32 == given.assoc_value;
    let exposure = ALL.into_iter().find(is_given).ok_or(EINVAL)?;
    scope::set_settings_of_one(sk, given.assoc_id, |settings| {
        settings.pf_exposure = exposure;
    })
}

pub(super) fn get_pf_exposure(sk: &Sk, value: &OptionOut) -> Result {
    let mut answer: bindings::sctp_assoc_value = value.read()?;
    answer.assoc_value = scope::settings(sk, answer.assoc_id)?.pf_exposure as u32;
    value.write_whole(&answer)
}

/// Sets a switch of the socket.
pub(super) fn set_switch(
    sk: &Sk,
    value: &OptionIn,
    switch: impl FnOnce(&mut Settings) -> &mut bool,
) -> Result {
    let on: i32 = value.read()?;
    *switch(&mut sk.endpoint()?.inner.lock().settings) = on != 0;
    Ok(())
}

/// Tells how a switch of the socket is set.
pub(super) fn get_switch(
    sk: &Sk,
    value: &OptionOut,
    switch: impl FnOnce(&Settings) -> bool,
) -> Result {
    let on = switch(&sk.endpoint()?.inner.lock().settings);
    value.write_whole(&i32::from(on))
}
