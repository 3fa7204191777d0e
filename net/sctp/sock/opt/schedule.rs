// SPDX-License-Identifier: GPL-2.0

//! Whose message is sent next: SCTP_STREAM_SCHEDULER and SCTP_STREAM_SCHEDULER_VALUE (RFC 8260,
//! 4.3.2 and 4.3.3).

use super::scope;
use crate::{
    association::Assoc,
    endpoint::Style,
    engine::tx::schedule::Scheduler,
    sys::{
        bindings,
        sock::Sk,
        user::{OptionIn, OptionOut},
    },
};
use kernel::{alloc::flags::GFP_ATOMIC, prelude::*, sync::Arc};

fn from_number(number: u32) -> Result<Scheduler> {
    Ok(match number {
        bindings::sctp_sched_type_SCTP_SS_FCFS => Scheduler::FirstCome,
        bindings::sctp_sched_type_SCTP_SS_PRIO => Scheduler::Priority,
        bindings::sctp_sched_type_SCTP_SS_RR => Scheduler::RoundRobin,
        bindings::sctp_sched_type_SCTP_SS_FC => Scheduler::FairCapacity,
        bindings::sctp_sched_type_SCTP_SS_WFQ => Scheduler::WeightedFair,
        _ => return Err(EINVAL),
    })
}

fn number_of(scheduler: Scheduler) -> u32 {
    match scheduler {
        Scheduler::FirstCome => bindings::sctp_sched_type_SCTP_SS_FCFS,
        Scheduler::Priority => bindings::sctp_sched_type_SCTP_SS_PRIO,
        Scheduler::RoundRobin => bindings::sctp_sched_type_SCTP_SS_RR,
        Scheduler::FairCapacity => bindings::sctp_sched_type_SCTP_SS_FC,
        Scheduler::WeightedFair => bindings::sctp_sched_type_SCTP_SS_WFQ,
    }
}

/// Of several associations, those that there was memory for have the new one.
pub(super) fn set_scheduler(sk: &Sk, value: &OptionIn) -> Result {
    let given: bindings::sctp_assoc_value = value.read()?;
    let scheduler = from_number(given.assoc_value)?;
    let mut result = Ok(());
    scope::set(
        sk,
        given.assoc_id,
        |settings| settings.config.scheduler = scheduler,
        |assoc| {
            let mut assoc = assoc.lock();
            let done = assoc.inner.engine.set_scheduler(scheduler, GFP_ATOMIC);
            if done.is_err() {
                result = Err(ENOMEM);
            }
        },
    )?;
    result
}

pub(super) fn get_scheduler(sk: &Sk, value: &OptionOut) -> Result {
    let mut answer: bindings::sctp_assoc_value = value.read()?;
    let scheduler = scope::config(sk, answer.assoc_id, |config| config.scheduler)?;
    answer.assoc_value = number_of(scheduler);
    value.write_whole(&answer)
}

fn set_value_of(assoc: &Arc<Assoc>, given: &bindings::sctp_stream_value) -> Result {
    let mut assoc = assoc.lock();
    let engine = &mut assoc.inner.engine;
    let is_valid = given.stream_id < engine.out_streams()
        && engine.config().scheduler.takes(given.stream_value);
    if !is_valid {
        return Err(EINVAL);
    }
    engine.set_stream_value(given.stream_id, given.stream_value, GFP_ATOMIC)?;
    Ok(())
}

/// The first error of several associations is answered; the others are set nevertheless.
pub(super) fn set_value(sk: &Sk, value: &OptionIn) -> Result {
    let given: bindings::sctp_stream_value = value.read()?;
    let endpoint = sk.endpoint()?;
    if endpoint.style == Style::OneToMany && given.assoc_id != scope::CURRENT {
        return set_value_of(&scope::association(sk, given.assoc_id)?, &given);
    }
    let mut result = Ok(());
    for assoc in &endpoint.all_assocs()? {
        result = result.and(set_value_of(assoc, &given));
    }
    result
}

pub(super) fn get_value(sk: &Sk, value: &OptionOut) -> Result {
    let mut answer: bindings::sctp_stream_value = value.read()?;
    let assoc = scope::association(sk, answer.assoc_id)?;
    let assoc = assoc.lock();
    let engine = &assoc.inner.engine;
    if answer.stream_id >= engine.out_streams() {
        return Err(EINVAL);
    }
    answer.stream_value = engine.stream_value(answer.stream_id);
    drop(assoc);
    value.write_whole(&answer)
}
