// SPDX-License-Identifier: GPL-2.0

//! Partial reliability: SCTP_DEFAULT_PRINFO (RFC 6458, 8.1.32), SCTP_PR_STREAM_STATUS (RFC 7496,
//! 4.3), SCTP_PR_ASSOC_STATUS (4.4), SCTP_PR_SUPPORTED (4.5).

use super::scope;
use crate::{
    engine::tx::abandoned::{Count, PerPolicy},
    settings::SendLimit,
    sys::{
        bindings,
        sock::Sk,
        user::{Abi, OptionIn, OptionOut},
    },
};
use kernel::prelude::*;

/// For later associations, also if one is named.
pub(super) fn set_supported(sk: &Sk, value: &OptionIn) -> Result {
    let given: bindings::sctp_assoc_value = value.read_version()?;
    scope::one(sk, given.assoc_id)?;
    let endpoint = sk.endpoint()?;
    endpoint.inner.lock().settings.config.prsctp_enabled = given.assoc_value != 0;
    Ok(())
}

/// Of an association, whether both sides want it.
pub(super) fn get_supported(sk: &Sk, value: &OptionOut) -> Result {
    let mut answer: bindings::sctp_assoc_value = value.read()?;
    let supported = match scope::one(sk, answer.assoc_id)? {
        Some(assoc) => assoc.lock().inner.engine.is_forward_tsn_supported(),
        None => sk.endpoint()?.inner.lock().settings.config.prsctp_enabled,
    };
    answer.assoc_value = u32::from(supported);
    value.write_whole(&answer)
}

pub(super) fn set_default(sk: &Sk, value: &OptionIn) -> Result {
    let given: bindings::sctp_default_prinfo = value.read_version()?;
    let limit = SendLimit::new(given.pr_policy, given.pr_value)?;
    scope::set_settings(sk, given.pr_assoc_id, |settings| {
        settings.send.limit = limit;
    })
}

pub(super) fn get_default(sk: &Sk, value: &OptionOut) -> Result {
    let asked: bindings::sctp_default_prinfo = value.read()?;
    let limit = scope::settings(sk, asked.pr_assoc_id)?.send.limit;
    let mut answer = bindings::sctp_default_prinfo::zeroed();
    answer.pr_assoc_id = asked.pr_assoc_id;
    answer.pr_policy = limit.policy;
    answer.pr_value = limit.value;
    value.write_whole(&answer)
}

/// What was given up for one policy, or for all of them.
fn count(counts: &PerPolicy, policy: u16) -> Result<Count> {
    match u32::from(policy) {
        bindings::SCTP_PR_SCTP_TTL => Ok(counts.timed),
        bindings::SCTP_PR_SCTP_RTX => Ok(counts.retransmissions),
        bindings::SCTP_PR_SCTP_PRIO => Ok(counts.priority),
        bindings::sctp_sinfo_flags_SCTP_PR_SCTP_ALL => Ok(counts.sum()),
        _ => Err(EINVAL),
    }
}

fn answer(value: &OptionOut, mut status: bindings::sctp_prstatus, counts: &PerPolicy) -> Result {
    let count = count(counts, status.sprstat_policy)?;
    status.sprstat_abandoned_unsent = count.unsent;
    status.sprstat_abandoned_sent = count.sent;
    value.write_whole(&status)
}

pub(super) fn get_assoc_status(sk: &Sk, value: &OptionOut) -> Result {
    let status: bindings::sctp_prstatus = value.read()?;
    let assoc = scope::association(sk, status.sprstat_assoc_id)?;
    let counts = assoc.lock().inner.engine.abandoned().total();
    answer(value, status, &counts)
}

pub(super) fn get_stream_status(sk: &Sk, value: &OptionOut) -> Result {
    let status: bindings::sctp_prstatus = value.read()?;
    let assoc = scope::association(sk, status.sprstat_assoc_id)?;
    let counts = {
        let locked = assoc.lock();
        let engine = &locked.inner.engine;
        if status.sprstat_sid >= engine.out_streams() {
            return Err(EINVAL);
        }
        engine.abandoned().stream(status.sprstat_sid)
    };
    answer(value, status, &counts)
}
