// SPDX-License-Identifier: GPL-2.0

//! Parameters of the protocol: SCTP_RTOINFO (RFC 6458, 8.1.1), SCTP_ASSOCINFO (8.1.2), SCTP_INITMSG
//! (8.1.3), SCTP_NODELAY (8.1.5), SCTP_AUTOCLOSE (8.1.8), SCTP_ADAPTATION_LAYER (8.1.10),
//! SCTP_DELAYED_SACK (8.1.19), SCTP_MAX_BURST (8.1.24), SCTP_REUSE_PORT (8.1.27).
//!
//! Zeroes mostly mean that a value is to stay.

use super::{event, scope};
use crate::{
    association::AssocId,
    endpoint::Style,
    engine::{
        config::{Config, MAX_SACK_DELAY},
        time::Duration,
    },
    sock::connect,
    sys::{
        bindings,
        sock::Sk,
        user::{Abi, OptionIn, OptionOut},
    },
};
use core::mem::size_of;
use kernel::prelude::*;

/// The user's value, or what there is if that is zero.
fn or_time(milliseconds: u32, now: Duration) -> Duration {
    match milliseconds {
        0 => now,
        ms => Duration::from_millis(ms),
    }
}

pub(super) fn set_rtoinfo(sk: &Sk, value: &OptionIn) -> Result {
    let wanted: bindings::sctp_rtoinfo = value.read_version()?;
    let bounds = |config: &Config| {
        let min = or_time(wanted.srto_min, config.rto_min);
        let max = or_time(wanted.srto_max, config.rto_max);
        let initial = or_time(wanted.srto_initial, config.rto_initial);
        if min > max {
            Err(EINVAL)
        } else {
            Ok((initial, min, max))
        }
    };
    if let Some(assoc) = scope::one(sk, wanted.srto_assoc_id)? {
        let mut locked = assoc.lock();
        let engine = &mut locked.inner.engine;
        let (initial, min, max) = bounds(engine.config())?;
        engine.set_rto(initial, min, max);
        return Ok(());
    }
    let endpoint = sk.endpoint()?;
    let config = &mut endpoint.inner.lock().settings.config;
    (config.rto_initial, config.rto_min, config.rto_max) = bounds(config)?;
    Ok(())
}

pub(super) fn get_rtoinfo(sk: &Sk, value: &OptionOut) -> Result {
    let mut info: bindings::sctp_rtoinfo = value.read()?;
    scope::config(sk, info.srto_assoc_id, |config| {
        info.srto_initial = config.rto_initial.as_millis();
        info.srto_min = config.rto_min.as_millis();
        info.srto_max = config.rto_max.as_millis();
    })?;
    value.write_whole(&info)
}

pub(super) fn set_associnfo(sk: &Sk, value: &OptionIn) -> Result {
    let wanted: bindings::sctp_assocparams = value.read_version()?;
    let retrans = u32::from(wanted.sasoc_asocmaxrxt);
    let apply = |config: &mut Config| {
        if retrans != 0 {
            config.association_max_retrans = retrans;
        }
        config.valid_cookie_life = or_time(wanted.sasoc_cookie_life, config.valid_cookie_life);
    };
    if let Some(assoc) = scope::one(sk, wanted.sasoc_assoc_id)? {
        let mut locked = assoc.lock();
        let engine = &mut locked.inner.engine;
        // With one path, that path's limit does not count as the association's, too.
        if engine.paths().len() > 1 && u64::from(retrans) > engine.max_retrans_of_paths() {
            return Err(EINVAL);
        }
        apply(engine.config_mut());
        return Ok(());
    }
    apply(&mut sk.endpoint()?.inner.lock().settings.config);
    Ok(())
}

pub(super) fn get_associnfo(sk: &Sk, value: &OptionOut) -> Result {
    let asked: bindings::sctp_assocparams = value.read()?;
    let mut info = bindings::sctp_assocparams::zeroed();
    info.sasoc_assoc_id = asked.sasoc_assoc_id;
    let mut fill = |config: &Config| {
        let retrans = config.association_max_retrans;
        info.sasoc_asocmaxrxt = u16::try_from(retrans).unwrap_or(u16::MAX);
        info.sasoc_cookie_life = config.valid_cookie_life.as_millis();
    };
    if let Some(assoc) = scope::one(sk, asked.sasoc_assoc_id)? {
        let locked = assoc.lock();
        let engine = &locked.inner.engine;
        fill(engine.config());
        info.sasoc_number_peer_destinations =
            u16::try_from(engine.paths().len()).unwrap_or(u16::MAX);
        info.sasoc_peer_rwnd = engine.peer_rwnd();
        info.sasoc_local_rwnd = engine.local_rwnd();
    } else {
        fill(&sk.endpoint()?.inner.lock().settings.config);
    }
    value.write_whole(&info)
}

pub(super) fn set_initmsg(sk: &Sk, value: &OptionIn) -> Result {
    let init: bindings::sctp_initmsg = value.read_version()?;
    connect::apply(&mut sk.endpoint()?.inner.lock().settings.config, &init);
    Ok(())
}

pub(super) fn get_initmsg(sk: &Sk, value: &OptionOut) -> Result {
    let mut init = bindings::sctp_initmsg::zeroed();
    {
        let endpoint = sk.endpoint()?;
        let config = &endpoint.inner.lock().settings.config;
        init.sinit_num_ostreams = config.out_streams;
        init.sinit_max_instreams = config.max_in_streams;
        init.sinit_max_attempts = u16::try_from(config.max_init_retransmits).unwrap_or(u16::MAX);
        let timeo = if config.max_init_timeo.0 != 0 {
            config.max_init_timeo
        } else {
            config.rto_max
        };
        init.sinit_max_init_timeo = u16::try_from(timeo.as_millis()).unwrap_or(u16::MAX);
    }
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

/// Applies to later associations. Nothing is told of 0, as the C module does not.
pub(super) fn set_adaptation_layer(sk: &Sk, value: &OptionIn) -> Result {
    let given: bindings::sctp_setadaptation = value.read_version()?;
    let code_point = Some(given.ssb_adaptation_ind).filter(|code_point| *code_point != 0);
    let endpoint = sk.endpoint()?;
    endpoint.inner.lock().settings.config.adaptation_code_point = code_point;
    Ok(())
}

pub(super) fn get_adaptation_layer(sk: &Sk, value: &OptionOut) -> Result {
    let code_point = (sk.endpoint()?.inner.lock().settings.config).adaptation_code_point;
    let mut answer = bindings::sctp_setadaptation::zeroed();
    answer.ssb_adaptation_ind = code_point.unwrap_or(0);
    value.write_whole(&answer)
}

pub(super) fn set_delayed_sack(sk: &Sk, value: &OptionIn) -> Result {
    let (id, delay, frequency) = read_sack_info(value)?;
    if delay == 0 && frequency == 0 {
        return Ok(());
    }
    if delay > MAX_SACK_DELAY.as_millis() {
        return Err(EINVAL);
    }
    scope::set_config(sk, id, |config| {
        if delay != 0 {
            config.sack_delay = Duration::from_millis(delay);
            config.delays_sacks = true;
        }
        match frequency {
            0 => {}
            1 => config.delays_sacks = false,
            n => {
                config.sack_freq = n;
                config.delays_sacks = true;
            }
        }
    })
}

/// The structure of RFC 6458, or the older one without a frequency: no delay is no delaying.
fn read_sack_info(value: &OptionIn) -> Result<(AssocId, u32, u32)> {
    if value.len() == size_of::<bindings::sctp_assoc_value>() {
        let (id, delay) = scope::read_value(value)?;
        return Ok((id, delay, u32::from(delay == 0)));
    }
    let info: bindings::sctp_sack_info = value.read_version()?;
    Ok((info.sack_assoc_id, info.sack_delay, info.sack_freq))
}

pub(super) fn get_delayed_sack(sk: &Sk, value: &OptionOut) -> Result {
    let read = |config: &Config| {
        if config.delays_sacks {
            (config.sack_delay.as_millis(), config.sack_freq)
        } else {
            (0, 1)
        }
    };
    if value.len() == size_of::<bindings::sctp_assoc_value>() {
        return scope::answer_value(value, |id| Ok(scope::config(sk, id, read)?.0));
    }
    let mut info: bindings::sctp_sack_info = value.read()?;
    (info.sack_delay, info.sack_freq) = scope::config(sk, info.sack_assoc_id, read)?;
    value.write_whole(&info)
}

pub(super) fn set_max_burst(sk: &Sk, value: &OptionIn) -> Result {
    let (id, packets) = scope::read_value(value)?;
    scope::set_config(sk, id, |config| config.max_burst = packets)
}

pub(super) fn get_max_burst(sk: &Sk, value: &OptionOut) -> Result {
    scope::answer_value(value, |id| scope::config(sk, id, |config| config.max_burst))
}

/// Applies to later associations of a one-to-many socket.
pub(super) fn set_autoclose(sk: &Sk, value: &OptionIn) -> Result {
    let endpoint = sk.endpoint()?;
    if endpoint.style != Style::OneToMany {
        return Err(EOPNOTSUPP);
    }
    let seconds: u32 = value.read_version()?;
    let seconds = seconds.min(endpoint.pernet.sysctls.max_autoclose());
    endpoint.inner.lock().settings.config.autoclose = Duration::from_secs(seconds);
    Ok(())
}

pub(super) fn get_autoclose(sk: &Sk, value: &OptionOut) -> Result {
    let endpoint = sk.endpoint()?;
    if endpoint.style != Style::OneToMany {
        return Err(EOPNOTSUPP);
    }
    let idle = endpoint.inner.lock().settings.config.autoclose;
    value.write_whole(&(idle.as_millis() / 1000))
}

/// Whether the port may be shared, as with SO_REUSEADDR. Not after it was bound.
pub(super) fn set_reuse_port(sk: &Sk, value: &OptionIn) -> Result {
    let endpoint = sk.endpoint()?;
    if endpoint.style != Style::OneToOne {
        return Err(EOPNOTSUPP);
    }
    let _guard = sk.lock();
    if endpoint.inner.lock().binding.is_some() {
        return Err(EFAULT);
    }
    event::set_switch(sk, value, |settings| &mut settings.reuse_port)
}
