// SPDX-License-Identifier: GPL-2.0

//! Which associations an option is for (RFC 6458, 8): `sctp_assoc_t` as a user gives it.
//!
//! On a one-to-one socket the id has no meaning: once connected its association is meant, before
//! that what it will begin with. On a one-to-many socket an id names an association, and three
//! small numbers those that come later, those there are, or both.

use crate::{
    association::{Assoc, AssocId},
    endpoint::{Style, TransportAddr},
    engine::config::Config,
    settings::{AssocSettings, Settings},
    sock::addr,
    sys::{
        bindings,
        sock::{Sk, State},
        user::{OptionIn, OptionOut},
    },
};
use core::mem::size_of;
use kernel::{prelude::*, sync::Arc};

pub(super) const FUTURE: AssocId = bindings::SCTP_FUTURE_ASSOC as AssocId;
pub(super) const CURRENT: AssocId = bindings::SCTP_CURRENT_ASSOC as AssocId;
const ALL: AssocId = bindings::SCTP_ALL_ASSOC as AssocId;

/// The association that an id names on this socket.
fn named(sk: &Sk, id: AssocId) -> Result<Option<Arc<Assoc>>> {
    let endpoint = sk.endpoint()?;
    Ok(match endpoint.style {
        Style::OneToMany => endpoint.assoc(id),
        Style::OneToOne => match sk.state() {
            State::Established | State::Closing => endpoint.only_assoc(),
            State::Closed | State::Establishing | State::Listening => None,
        },
    })
}

/// An association for what makes no sense without one.
pub(super) fn association(sk: &Sk, id: AssocId) -> Result<Arc<Assoc>> {
    named(sk, id)?.ok_or(EINVAL)
}

/// The association that has an address as its peer's, which must be the one that the id names if
/// it names one.
pub(super) fn with_peer(
    sk: &Sk,
    id: AssocId,
    address: &[u8],
) -> Result<(Arc<Assoc>, TransportAddr)> {
    let peer = addr::parse(sk, address)?;
    let assoc = sk.endpoint()?.assoc_with(&peer).ok_or(EINVAL)?;
    match named(sk, id)? {
        Some(other) if other.id != assoc.id => Err(EINVAL),
        _ => Ok((assoc, peer)),
    }
}

/// One association, or `None` for what later ones begin with.
pub(super) fn one(sk: &Sk, id: AssocId) -> Result<Option<Arc<Assoc>>> {
    let assoc = named(sk, id)?;
    if assoc.is_some() || id == FUTURE || sk.endpoint()?.style == Style::OneToOne {
        Ok(assoc)
    } else {
        Err(EINVAL)
    }
}

/// Changes an option that may be set for all associations at once: `default` gets what later ones
/// begin with, `each` those there are, as far as they are meant.
pub(super) fn set(
    sk: &Sk,
    id: AssocId,
    default: impl FnOnce(&mut Settings),
    mut each: impl FnMut(&Arc<Assoc>),
) -> Result {
    let endpoint = sk.endpoint()?;
    if let Some(assoc) = named(sk, id)? {
        each(&assoc);
        return Ok(());
    }
    let id = match endpoint.style {
        Style::OneToOne => FUTURE,
        Style::OneToMany => id,
    };
    if !matches!(id, FUTURE | CURRENT | ALL) {
        return Err(EINVAL);
    }
    // The memory for this walk is all that can fail, so it comes first.
    let all = match id {
        FUTURE => KVec::new(),
        _ => endpoint.all_assocs()?,
    };
    if id != CURRENT {
        default(&mut endpoint.inner.lock().settings);
    }
    all.iter().for_each(each);
    Ok(())
}

/// [`set()`] for what the engine need not know.
pub(super) fn set_settings(sk: &Sk, id: AssocId, change: impl Fn(&mut AssocSettings)) -> Result {
    set(
        sk,
        id,
        |settings| change(&mut settings.assoc),
        |assoc| change(&mut assoc.settings.lock()),
    )
}

/// Changes an option that may be set for one association, or for those that come later.
pub(super) fn set_settings_of_one(
    sk: &Sk,
    id: AssocId,
    change: impl FnOnce(&mut AssocSettings),
) -> Result {
    match one(sk, id)? {
        Some(assoc) => change(&mut assoc.settings.lock()),
        None => change(&mut sk.endpoint()?.inner.lock().settings.assoc),
    }
    Ok(())
}

/// [`set()`] for what the engine looks up when it needs it.
pub(super) fn set_config(sk: &Sk, id: AssocId, change: impl Fn(&mut Config)) -> Result {
    set(
        sk,
        id,
        |settings| change(&mut settings.config),
        |assoc| change(assoc.lock().inner.engine.config_mut()),
    )
}

/// What [`set_settings()`] and [`set_settings_of_one()`] set.
pub(super) fn settings(sk: &Sk, id: AssocId) -> Result<AssocSettings> {
    Ok(match one(sk, id)? {
        Some(assoc) => *assoc.settings.lock(),
        None => sk.endpoint()?.inner.lock().settings.assoc,
    })
}

/// What [`set_config()`] sets.
pub(super) fn config<R>(sk: &Sk, id: AssocId, read: impl FnOnce(&Config) -> R) -> Result<R> {
    Ok(match one(sk, id)? {
        Some(assoc) => read(assoc.lock().inner.engine.config()),
        None => read(&sk.endpoint()?.inner.lock().settings.config),
    })
}

/// Reads a `struct sctp_assoc_value` or what it has replaced, a number for later associations.
pub(super) fn read_value(value: &OptionIn) -> Result<(AssocId, u32)> {
    if value.len() == size_of::<u32>() {
        return Ok((FUTURE, value.read()?));
    }
    let given: bindings::sctp_assoc_value = value.read_version()?;
    Ok((given.assoc_id, given.assoc_value))
}

/// Answers in the form in which [`read_value()`] reads.
pub(super) fn answer_value(value: &OptionOut, read: impl FnOnce(AssocId) -> Result<u32>) -> Result {
    if value.len() == size_of::<u32>() {
        return value.write_whole(&read(FUTURE)?);
    }
    let mut answer: bindings::sctp_assoc_value = value.read()?;
    answer.assoc_value = read(answer.assoc_id)?;
    value.write_whole(&answer)
}
