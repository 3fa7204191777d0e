// SPDX-License-Identifier: GPL-2.0

//! The sysctls `net.sctp` of a namespace: what its sockets begin with, and a few that count at
//! once. Those for the memory of all namespaces are in `sys::memory`.
//!
//! Names, units and bounds are the C module's. Of what this module does in one way only, or not
//! yet, there is a sysctl that says so, and takes no other value.

use crate::{
    engine::{
        config::{Config, PathConfig, MAX_SACK_DELAY},
        scope::ScopePolicy,
        time::Duration,
    },
    pernet::Pernet,
    settings::{PfExposure, Settings},
    sys::{
        bindings,
        lock::{new_spinlock_bh, SpinLockBh},
        sysctl::Numbers,
    },
};
use core::{ffi::CStr, ops::RangeInclusive};
use kernel::{
    prelude::*,
    sync::atomic::{Atomic, Relaxed},
};

/// What the sysctls have set.
#[pin_data]
pub(crate) struct Sysctls {
    #[pin]
    values: SpinLockBh<Values>,
    /// [`Values::l3mdev_accept`], for each packet.
    l3mdev_accept: Atomic<bool>,
}

struct Values {
    /// What sockets begin with.
    socket: Settings,
    /// The longest that SCTP_AUTOCLOSE takes, in seconds.
    max_autoclose: u32,
    /// Whether sockets that are bound to no interface get what comes in by way of a VRF.
    l3mdev_accept: bool,
}

impl Sysctls {
    pub(crate) fn new() -> impl PinInit<Self> {
        let values = Values {
            socket: Settings::default(),
            max_autoclose: i32::MAX as u32 / bindings::HZ,
            l3mdev_accept: true,
        };
        pin_init!(Self {
            l3mdev_accept: Atomic::new(values.l3mdev_accept),
            values <- new_spinlock_bh!(values, "sctp_sysctls"),
        })
    }

    pub(crate) fn settings(&self) -> Settings {
        self.values.lock().socket.clone()
    }

    pub(crate) fn max_autoclose(&self) -> u32 {
        self.values.lock().max_autoclose
    }

    pub(crate) fn l3mdev_accept(&self) -> bool {
        self.l3mdev_accept.load(Relaxed)
    }
}

impl Numbers for Pernet {
    fn name(index: usize) -> Option<&'static CStr> {
        Some(TABLE.get(index)?.name)
    }

    fn read(&self, index: usize) -> u32 {
        let values = self.sysctls.values.lock();
        TABLE.get(index).map_or(0, |entry| (entry.get)(&values))
    }

    fn write(&self, index: usize, value: u32) -> Result {
        let entry = TABLE.get(index).ok_or(EINVAL)?;
        let mut values = self.sysctls.values.lock();
        (entry.set)(&mut values, value)?;
        let accepts = values.l3mdev_accept;
        self.sysctls.l3mdev_accept.store(accepts, Relaxed);
        Ok(())
    }
}

struct Entry {
    name: &'static CStr,
    get: fn(&Values) -> u32,
    /// Refuses what is out of bounds.
    set: fn(&mut Values, u32) -> Result,
}

/// A number, how it is read, and how it is set.
macro_rules! entry {
    ($name:literal, |$v:ident| $get:expr, |$now:ident, $n:ident| $set:expr) => {
        Entry {
            name: $name,
            get: |$v| $get,
            set: |$now, $n| {
                $set;
                Ok(())
            },
        }
    };
}

/// A number in [`Values`].
macro_rules! number {
    ($name:literal, $($field:ident).+, $range:expr) => {
        entry!($name, |v| v.$($field).+, |v, n| v.$($field).+ = within(n, $range)?)
    };
}

/// A [`Duration`] in [`Values`], in milliseconds.
macro_rules! time {
    ($name:literal, $($field:ident).+, $range:expr) => {
        entry!($name, |v| v.$($field).+.as_millis(), |v, n| v.$($field).+ = millis(n, $range)?)
    };
}

/// Whether something is on, in [`Values`].
macro_rules! toggle {
    ($name:literal, $($field:ident).+) => {
        entry!($name, |v| u32::from(v.$($field).+), |v, n| v.$($field).+ = switch(n)?)
    };
}

/// A number of which there is one, and nothing else is taken.
macro_rules! fixed {
    ($name:literal, $value:literal) => {
        entry!($name, |_v| $value, |_v, n| within(n, $value..=$value)?)
    };
}

fn within(n: u32, range: RangeInclusive<u32>) -> Result<u32> {
    if range.contains(&n) {
        Ok(n)
    } else {
        Err(EINVAL)
    }
}

fn millis(n: u32, range: RangeInclusive<u32>) -> Result<Duration> {
    Ok(Duration::from_millis(within(n, range)?))
}

fn switch(n: u32) -> Result<bool> {
    Ok(within(n, 0..=1)? != 0)
}

/// The value of that number, of `N` ones in their order.
fn choice<T: Copy, const N: usize>(n: u32, values: [T; N]) -> Result<T> {
    let value = usize::try_from(n).ok().and_then(|n| values.get(n));
    value.copied().ok_or(EINVAL)
}

/// A day, in milliseconds.
const DAY: u32 = 86_400_000;

const INT_MAX: u32 = i32::MAX as u32;

/// RFC 8899, 5.1.1 has more than 15 s for a default; the C module takes no less than this.
const MIN_PROBE_INTERVAL: u32 = 5000;

/// Stands for [`PathConfig::NEVER`].
const NO_SWITCHOVER: u32 = 0xffff;

fn ps_retrans(config: &PathConfig) -> u32 {
    config.ps_retrans.min(NO_SWITCHOVER)
}

fn set_ps_retrans(config: &mut PathConfig, n: u32) -> Result {
    config.ps_retrans = match within(n, config.pf_retrans..=NO_SWITCHOVER)? {
        NO_SWITCHOVER => PathConfig::NEVER,
        n => n,
    };
    Ok(())
}

fn set_probe_interval(config: &mut Config, n: u32) -> Result {
    config.probe_interval = match n {
        0 => Duration::ZERO,
        n => millis(n, MIN_PROBE_INTERVAL..=INT_MAX)?,
    };
    Ok(())
}

const TABLE: &[Entry] = &[
    // RFC 9260, 6.3.1.
    time!(c"rto_initial", socket.config.rto_initial, 1..=DAY),
    entry!(
        c"rto_min",
        |v| v.socket.config.rto_min.as_millis(),
        |v, n| {
            let config = &mut v.socket.config;
            config.rto_min = millis(n, 1..=config.rto_max.as_millis())?;
        }
    ),
    entry!(
        c"rto_max",
        |v| v.socket.config.rto_max.as_millis(),
        |v, n| {
            let config = &mut v.socket.config;
            config.rto_max = millis(n, config.rto_min.as_millis()..=DAY)?;
        }
    ),
    fixed!(c"rto_alpha_exp_divisor", 3),
    fixed!(c"rto_beta_exp_divisor", 2),
    number!(c"max_burst", socket.config.max_burst, 0..=INT_MAX),
    // RFC 9260, 5.2.6.
    fixed!(c"cookie_preserve_enable", 1),
    time!(
        c"valid_cookie_life",
        socket.config.valid_cookie_life,
        1..=DAY
    ),
    time!(
        c"sack_timeout",
        socket.config.sack_delay,
        1..=MAX_SACK_DELAY.as_millis()
    ),
    time!(c"hb_interval", socket.config.path.hb_interval, 1..=DAY),
    number!(
        c"association_max_retrans",
        socket.config.association_max_retrans,
        1..=INT_MAX
    ),
    number!(
        c"path_max_retrans",
        socket.config.path.path_max_retrans,
        1..=INT_MAX
    ),
    number!(
        c"max_init_retransmits",
        socket.config.max_init_retransmits,
        1..=INT_MAX
    ),
    // RFC 7829.
    toggle!(c"pf_enable", socket.config.path.pf_enabled),
    entry!(
        c"pf_expose",
        |v| v.socket.assoc.pf_exposure as u32,
        |v, n| {
            use PfExposure::{Disabled, Enabled, Unset};
            v.socket.assoc.pf_exposure = choice(n, [Unset, Disabled, Enabled])?;
        }
    ),
    entry!(
        c"pf_retrans",
        |v| v.socket.config.path.pf_retrans,
        |v, n| {
            let config = &mut v.socket.config.path;
            config.pf_retrans = within(n, 0..=ps_retrans(config))?;
        }
    ),
    entry!(
        c"ps_retrans",
        |v| ps_retrans(&v.socket.config.path),
        |v, n| set_ps_retrans(&mut v.socket.config.path, n)?
    ),
    entry!(
        c"plpmtud_probe_interval",
        |v| v.socket.config.probe_interval.as_millis(),
        |v, n| set_probe_interval(&mut v.socket.config, n)?
    ),
    entry!(
        c"addr_scope_policy",
        |v| v.socket.config.scope_policy as u32,
        |v, n| {
            use ScopePolicy::{LinkLocalToo, Off, PrivateToo, Strict};
            let policies = [Off, Strict, PrivateToo, LinkLocalToo];
            v.socket.config.scope_policy = choice(n, policies)?;
        }
    ),
    toggle!(c"prsctp_enable", socket.config.prsctp_enabled),
    number!(c"max_autoclose", max_autoclose, 0..=u32::MAX),
    #[cfg(CONFIG_NET_L3_MASTER_DEV)]
    toggle!(c"l3mdev_accept", l3mdev_accept),
    // A socket's associations share its send buffer, and each has a receive buffer of its own.
    fixed!(c"sndbuf_policy", 0),
    fixed!(c"rcvbuf_policy", 1),
    // What there is not yet.
    fixed!(c"addip_enable", 0),
    fixed!(c"addip_noauth_enable", 0),
    fixed!(c"auth_enable", 0),
    fixed!(c"default_auto_asconf", 0),
    fixed!(c"ecn_enable", 0),
    fixed!(c"encap_port", 0),
    fixed!(c"intl_enable", 0),
    fixed!(c"reconf_enable", 0),
    fixed!(c"udp_port", 0),
];
