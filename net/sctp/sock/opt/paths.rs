// SPDX-License-Identifier: GPL-2.0

//! Settings of paths: SCTP_PEER_ADDR_PARAMS (RFC 6458, 8.1.12), SCTP_PEER_ADDR_THLDS and its second
//! version (RFC 7829, 7.2), and Linux's own SCTP_PLPMTUD_PROBE_INTERVAL.
//!
//! They are for one address of the peer, or without an address for all of an association and those
//! that it will learn of, or without an association for those that come later.

use super::scope;
use crate::{
    association::{Assoc, AssocId, Engine},
    engine::{
        assoc::PathError,
        config::{Config, PathConfig, MAX_SACK_DELAY},
        cx::Cx,
        path::{Path, PathId},
        time::Duration,
    },
    sock::addr,
    sys::{
        bindings, ip,
        sock::Sk,
        user::{Abi, OptionIn, OptionOut},
    },
};
use core::mem::{offset_of, size_of};
use kernel::{prelude::*, sync::Arc};

/// Whose paths an option is for.
pub(super) enum Whose {
    /// One path.
    One(Arc<Assoc>, PathId),
    /// All of an association.
    All(Arc<Assoc>),
    /// All of later associations.
    Later,
}

/// `unknown` is for an address that no peer has.
pub(super) fn whose(sk: &Sk, id: AssocId, address: &[u8], unknown: Error) -> Result<Whose> {
    if !addr::is_wildcard(sk, address) {
        let (assoc, peer) = scope::with_peer(sk, id, address).map_err(|_| unknown)?;
        let index = {
            let locked = assoc.lock();
            let paths = locked.inner.engine.paths();
            paths.iter().position(|p| p.addr == peer.addr)
        };
        let index = index.and_then(|i| u8::try_from(i).ok()).ok_or(unknown)?;
        return Ok(Whose::One(assoc, PathId(index)));
    }
    Ok(match scope::one(sk, id)? {
        Some(assoc) => Whose::All(assoc),
        None => Whose::Later,
    })
}

fn path_error(error: PathError) -> Error {
    match error {
        PathError::Unknown | PathError::Invalid | PathError::BadState => EINVAL,
    }
}

fn path_ids(engine: &Engine) -> impl Iterator<Item = PathId> {
    (0..u8::try_from(engine.paths().len()).unwrap_or(u8::MAX)).map(PathId)
}

/// Changes some settings of a path, and leaves the others as they are.
fn configure_path(
    engine: &mut Engine,
    cx: &mut Cx<'_>,
    id: PathId,
    change: impl Fn(&mut PathConfig),
) -> Result<(), PathError> {
    let path = engine.paths().get(id.index());
    let mut config = path.ok_or(PathError::Unknown)?.config;
    change(&mut config);
    engine.configure_path(cx, id, config)
}

impl Whose {
    /// Changes the settings of the paths that are meant.
    fn configure(&self, sk: &Sk, change: impl Fn(&mut PathConfig)) -> Result {
        match self {
            Self::One(assoc, id) => assoc
                .lock()
                .with(|engine, cx| configure_path(engine, cx, *id, &change)),
            Self::All(assoc) => assoc.lock().with(|engine, cx| {
                let mut later = engine.config().path;
                change(&mut later);
                for id in path_ids(engine) {
                    configure_path(engine, cx, id, &change)?;
                }
                engine.config_mut().path = later;
                Ok(())
            }),
            Self::Later => {
                let endpoint = sk.endpoint()?;
                let mut inner = endpoint.inner.lock();
                let mut config = inner.settings.config.path;
                change(&mut config);
                if !config.is_valid() {
                    return Err(EINVAL);
                }
                inner.settings.config.path = config;
                return Ok(());
            }
        }
        .ok_or(EINVAL)?
        .map_err(path_error)
    }

    /// Calls `read` with the settings, and with the path if it is one.
    fn read<R>(
        &self,
        sk: &Sk,
        read: impl FnOnce(&Config, &PathConfig, Option<&Path>) -> R,
    ) -> Result<R> {
        match self {
            Self::One(assoc, id) => {
                let locked = assoc.lock();
                let engine = &locked.inner.engine;
                let path = engine.paths().get(id.index()).ok_or(EINVAL)?;
                Ok(read(engine.config(), &path.config, Some(path)))
            }
            Self::All(assoc) => {
                let locked = assoc.lock();
                let engine = &locked.inner.engine;
                let primary = engine.paths().get(engine.primary().index());
                Ok(read(engine.config(), &engine.config().path, primary))
            }
            Self::Later => {
                let endpoint = sk.endpoint()?;
                let config = &endpoint.inner.lock().settings.config;
                Ok(read(config, &config.path, None))
            }
        }
    }
}

const HB_ENABLE: u32 = bindings::sctp_spp_flags_SPP_HB_ENABLE;
const HB_DISABLE: u32 = bindings::sctp_spp_flags_SPP_HB_DISABLE;
const HB_DEMAND: u32 = bindings::sctp_spp_flags_SPP_HB_DEMAND;
const HB_TIME_IS_ZERO: u32 = bindings::sctp_spp_flags_SPP_HB_TIME_IS_ZERO;
const PMTUD_ENABLE: u32 = bindings::sctp_spp_flags_SPP_PMTUD_ENABLE;
const PMTUD_DISABLE: u32 = bindings::sctp_spp_flags_SPP_PMTUD_DISABLE;
const SACKDELAY_ENABLE: u32 = bindings::sctp_spp_flags_SPP_SACKDELAY_ENABLE;
const SACKDELAY_DISABLE: u32 = bindings::sctp_spp_flags_SPP_SACKDELAY_DISABLE;
const IPV6_FLOWLABEL: u32 = bindings::sctp_spp_flags_SPP_IPV6_FLOWLABEL;
const DSCP: u32 = bindings::sctp_spp_flags_SPP_DSCP;

/// The structure without its last two members, as it once was.
const OLD_LEN: usize =
    offset_of!(bindings::sctp_paddrparams_bytes, spp_ipv6_flowlabel).next_multiple_of(4);

/// Least path MTU that the user may ask for.
const MIN_PATH_MTU: u32 = 512;

/// What of the traffic class is the user's, and all that there is of a flow label.
const DSCP_MASK: u8 = 0xfc;
const FLOW_LABEL_MASK: u32 = 0xf_ffff;

/// Refuses what contradicts itself, and what is out of range.
fn check_params(params: &bindings::sctp_paddrparams_bytes, is_old: bool) -> Result {
    let flags = u32::from_ne_bytes(params.spp_flags);
    let both = |a, b| flags & a != 0 && flags & b != 0;
    let contradicts = both(HB_ENABLE, HB_DISABLE)
        || both(PMTUD_ENABLE, PMTUD_DISABLE)
        || both(SACKDELAY_ENABLE, SACKDELAY_DISABLE)
        || (is_old && flags & (IPV6_FLOWLABEL | DSCP) != 0);
    let mtu = u32::from_ne_bytes(params.spp_pathmtu);
    let delay = u32::from_ne_bytes(params.spp_sackdelay);
    if contradicts || delay > MAX_SACK_DELAY.as_millis() || (mtu != 0 && mtu < MIN_PATH_MTU) {
        return Err(EINVAL);
    }
    Ok(())
}

pub(super) fn set_params(sk: &Sk, value: &OptionIn) -> Result {
    let is_old = value.len() == OLD_LEN;
    let params: bindings::sctp_paddrparams_bytes = if is_old {
        value.read_prefix()?
    } else {
        value.read_version()?
    };
    check_params(&params, is_old)?;
    let whose = whose(sk, params.spp_assoc_id, &params.spp_address, EINVAL)?;
    // An id has to be one even beside an address.
    scope::one(sk, params.spp_assoc_id)?;
    let flags = u32::from_ne_bytes(params.spp_flags);
    let delay = u32::from_ne_bytes(params.spp_sackdelay);
    let (interval, retrans) = (params.spp_hbinterval, params.spp_pathmaxrxt);
    let mtu = u32::from_ne_bytes(params.spp_pathmtu);
    let label = u32::from_ne_bytes(params.spp_ipv6_flowlabel) & FLOW_LABEL_MASK;
    let dscp = params.spp_dscp & DSCP_MASK;
    // A path knows by itself whether it has one.
    let has_label = !matches!(whose, Whose::Later) || sk.is_ipv6();
    if flags & HB_DEMAND != 0 {
        demand_heartbeat(&whose)?;
    }
    whose.configure(sk, |config| {
        if flags & HB_TIME_IS_ZERO != 0 && flags & HB_ENABLE != 0 {
            config.hb_interval = Duration::ZERO;
        } else if flags & HB_ENABLE != 0 && interval != 0 {
            config.hb_interval = Duration::from_millis(interval);
        }
        if flags & (HB_ENABLE | HB_DISABLE) != 0 {
            config.heartbeats = flags & HB_ENABLE != 0;
        }
        if retrans != 0 {
            config.path_max_retrans = u32::from(retrans);
        }
        if flags & PMTUD_ENABLE != 0 {
            (config.pmtud, config.fixed_mtu) = (true, 0);
        } else if flags & PMTUD_DISABLE != 0 {
            config.pmtud = false;
            if mtu != 0 {
                config.fixed_mtu = mtu;
            }
        }
        if flags & IPV6_FLOWLABEL != 0 && has_label {
            config.marks.flow_label = Some(label);
        }
        if flags & DSCP != 0 {
            config.marks.dscp = Some(dscp);
        }
    })?;
    let set_delay = |config: &mut Config| {
        if flags & SACKDELAY_ENABLE != 0 && delay != 0 {
            config.sack_delay = Duration::from_millis(delay);
        }
        if flags & (SACKDELAY_ENABLE | SACKDELAY_DISABLE) != 0 {
            config.delays_sacks = flags & SACKDELAY_ENABLE != 0;
        }
    };
    match &whose {
        // There is one SACK for all paths, so one delay.
        Whose::One(assoc, _) | Whose::All(assoc) => {
            set_delay(assoc.lock().inner.engine.config_mut());
        }
        Whose::Later => set_delay(&mut sk.endpoint()?.inner.lock().settings.config),
    }
    Ok(())
}

/// Sends a HEARTBEAT on one path, or on all where that is possible.
fn demand_heartbeat(whose: &Whose) -> Result {
    match whose {
        Whose::One(assoc, id) => assoc
            .lock()
            .with(|engine, _| engine.request_heartbeat(*id))
            .ok_or(EINVAL)?
            .map_err(path_error),
        Whose::All(assoc) => {
            let _ = assoc.lock().with(|engine, _| {
                for id in path_ids(engine) {
                    let _ = engine.request_heartbeat(id);
                }
            });
            Ok(())
        }
        Whose::Later => Err(EINVAL),
    }
}

pub(super) fn get_params(sk: &Sk, value: &OptionOut) -> Result {
    if value.len() < OLD_LEN {
        return Err(EINVAL);
    }
    let asked: bindings::sctp_paddrparams_bytes = value.read_prefix()?;
    let (id, address) = (asked.spp_assoc_id, asked.spp_address);
    let whose = whose(sk, id, &address, EINVAL)?;
    scope::one(sk, id)?;
    let mut params = bindings::sctp_paddrparams_bytes::zeroed();
    params.spp_assoc_id = id;
    params.spp_address = address;
    whose.read(sk, |config, path_config, path| {
        params.spp_hbinterval = path_config.hb_interval.as_millis();
        params.spp_pathmaxrxt = u16::try_from(path_config.path_max_retrans).unwrap_or(u16::MAX);
        // As everywhere, the user's path MTU is that of IP packets.
        let mtu = path.map_or(path_config.fixed_mtu, |path| {
            path.mtu().saturating_add(ip::header_len(path.addr.ip)) as u32
        });
        params.spp_pathmtu = mtu.to_ne_bytes();
        params.spp_sackdelay = config.sack_delay.as_millis().to_ne_bytes();
        let marks = &path_config.marks;
        let choose = |on, enable, disable| if on { enable } else { disable };
        let flags = choose(path_config.heartbeats, HB_ENABLE, HB_DISABLE)
            | choose(path_config.pmtud, PMTUD_ENABLE, PMTUD_DISABLE)
            | choose(config.delays_sacks, SACKDELAY_ENABLE, SACKDELAY_DISABLE)
            | marks.flow_label.map_or(0, |_| IPV6_FLOWLABEL)
            | marks.dscp.map_or(0, |_| DSCP);
        params.spp_ipv6_flowlabel = marks.flow_label.unwrap_or(0).to_ne_bytes();
        params.spp_dscp = marks.dscp.unwrap_or(0);
        params.spp_flags = flags.to_ne_bytes();
    })?;
    let len = if value.len() < size_of::<bindings::sctp_paddrparams_bytes>() {
        OLD_LEN
    } else {
        size_of::<bindings::sctp_paddrparams_bytes>()
    };
    value.write(params.bytes().get(..len).ok_or(EINVAL)?)
}

/// Sets thresholds; `switchover` is there in the second version only.
fn set_thresholds(
    sk: &Sk,
    id: AssocId,
    address: &[u8],
    (retrans, potentially_failed, switchover): (u16, u16, Option<u16>),
) -> Result {
    whose(sk, id, address, ENOENT)?.configure(sk, |config| {
        if retrans != 0 {
            config.path_max_retrans = u32::from(retrans);
        }
        config.pf_retrans = u32::from(potentially_failed);
        match switchover {
            Some(u16::MAX) => config.ps_retrans = PathConfig::NEVER,
            Some(n) => config.ps_retrans = u32::from(n),
            None => {}
        }
    })
}

fn thresholds(sk: &Sk, id: AssocId, address: &[u8]) -> Result<(u16, u16, u16)> {
    let short = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    whose(sk, id, address, ENOENT)?.read(sk, |_, config, _| {
        (
            short(config.path_max_retrans),
            short(config.pf_retrans),
            short(config.ps_retrans),
        )
    })
}

pub(super) fn set_thlds(sk: &Sk, value: &OptionIn) -> Result {
    let c: bindings::sctp_paddrthlds = value.read()?;
    let wanted = (c.spt_pathmaxrxt, c.spt_pathpfthld, None);
    set_thresholds(sk, c.spt_assoc_id, c.spt_address.bytes(), wanted)
}

pub(super) fn set_thlds_v2(sk: &Sk, value: &OptionIn) -> Result {
    let c: bindings::sctp_paddrthlds_v2 = value.read()?;
    if c.spt_pathpfthld > c.spt_pathcpthld {
        return Err(EINVAL);
    }
    let wanted = (c.spt_pathmaxrxt, c.spt_pathpfthld, Some(c.spt_pathcpthld));
    set_thresholds(sk, c.spt_assoc_id, c.spt_address.bytes(), wanted)
}

pub(super) fn get_thlds(sk: &Sk, value: &OptionOut) -> Result {
    let asked: bindings::sctp_paddrthlds = value.read()?;
    let mut c = bindings::sctp_paddrthlds::zeroed();
    (c.spt_assoc_id, c.spt_address) = (asked.spt_assoc_id, asked.spt_address);
    (c.spt_pathmaxrxt, c.spt_pathpfthld, _) =
        thresholds(sk, c.spt_assoc_id, c.spt_address.bytes())?;
    value.write_whole(&c)
}

pub(super) fn get_thlds_v2(sk: &Sk, value: &OptionOut) -> Result {
    let asked: bindings::sctp_paddrthlds_v2 = value.read()?;
    let mut c = bindings::sctp_paddrthlds_v2::zeroed();
    (c.spt_assoc_id, c.spt_address) = (asked.spt_assoc_id, asked.spt_address);
    (c.spt_pathmaxrxt, c.spt_pathpfthld, c.spt_pathcpthld) =
        thresholds(sk, c.spt_assoc_id, c.spt_address.bytes())?;
    value.write_whole(&c)
}

/// The least interval that the user may ask for, in milliseconds.
const MIN_PROBE_INTERVAL: u32 = 5000;

/// How often the path MTU is probed (RFC 8899); never if 0.
pub(super) fn set_probe_interval(sk: &Sk, value: &OptionIn) -> Result {
    let c: bindings::sctp_probeinterval = value.read_version()?;
    if c.spi_interval != 0 && c.spi_interval < MIN_PROBE_INTERVAL {
        return Err(EINVAL);
    }
    let interval = Duration::from_millis(c.spi_interval);
    let whose = whose(sk, c.spi_assoc_id, c.spi_address.bytes(), EINVAL)?;
    let done = match &whose {
        Whose::One(assoc, id) => assoc
            .lock()
            .with(|engine, cx| engine.set_probe_interval(cx, *id, interval)),
        Whose::All(assoc) => assoc.lock().with(|engine, cx| {
            for id in path_ids(engine) {
                engine.set_probe_interval(cx, id, interval);
            }
            engine.config_mut().probe_interval = interval;
        }),
        Whose::Later => {
            sk.endpoint()?.inner.lock().settings.config.probe_interval = interval;
            Some(())
        }
    };
    done.ok_or(EINVAL)
}

pub(super) fn get_probe_interval(sk: &Sk, value: &OptionOut) -> Result {
    let asked: bindings::sctp_probeinterval = value.read()?;
    let mut c = bindings::sctp_probeinterval::zeroed();
    (c.spi_assoc_id, c.spi_address) = (asked.spi_assoc_id, asked.spi_address);
    let whose = whose(sk, c.spi_assoc_id, c.spi_address.bytes(), EINVAL)?;
    let is_one = matches!(whose, Whose::One(..));
    let interval = whose.read(sk, |config, _, path| match path {
        Some(path) if is_one => path.pmtu.interval(),
        _ => config.probe_interval,
    })?;
    c.spi_interval = interval.as_millis();
    value.write_whole(&c)
}
