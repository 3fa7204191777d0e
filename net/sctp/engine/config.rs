// SPDX-License-Identifier: GPL-2.0

//! Everything that can be tuned, with the defaults of RFC 9260, section 16, where it names one.

use super::{
    addr::IpAddr, cc::Algorithm, scope::ScopePolicy, time::Duration, tx::schedule::Scheduler,
};

/// What IP is to mark packets with, in place of what it does by itself.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Marks {
    /// The traffic class; its two bits of ECN are not the user's, and 0.
    pub(crate) dscp: Option<u8>,
    /// IPv6 only.
    pub(crate) flow_label: Option<u32>,
}

/// Settings of one path, copied from its association when it is added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathConfig {
    /// Path.Max.Retrans. RFC 9260: 5.
    pub(crate) path_max_retrans: u32,
    /// PotentiallyFailed.Max.Retrans. RFC 7829: 0. Nothing is potentially failed if this is not
    /// less than Path.Max.Retrans.
    pub(crate) pf_retrans: u32,
    /// Whether a path is ever potentially failed (RFC 7829).
    pub(crate) pf_enabled: bool,
    /// Primary.Switchover.Max.Retrans; [`NEVER`](Self::NEVER) leaves the choice of the primary
    /// path to the user. As large as `pf_retrans` it makes every failover permanent.
    pub(crate) ps_retrans: u32,
    /// HB.interval. RFC 9260: 30 s.
    pub(crate) hb_interval: Duration,
    /// Whether HEARTBEATs are sent by themselves.
    pub(crate) heartbeats: bool,
    /// Follow the path MTU: the route's, packets too big, and probes (SPP_PMTUD_ENABLE).
    pub(crate) pmtud: bool,
    /// What the path MTU is if it is not followed, IP header included. If 0, it stays what it was,
    /// which at first is the route's.
    pub(crate) fixed_mtu: u32,
    pub(crate) marks: Marks,
}

impl PathConfig {
    /// A number of failures that is never reached.
    pub(crate) const NEVER: u32 = u32::MAX;

    /// Whether the thresholds go together: RFC 7829, 5, wants PSMR to be no less than PFMR.
    pub(crate) fn is_valid(&self) -> bool {
        self.ps_retrans >= self.pf_retrans
    }

    /// As far as it has a meaning for this address.
    pub(crate) fn of(mut self, ip: IpAddr) -> Self {
        if ip.is_ipv4() {
            self.marks.flow_label = None;
        }
        self
    }
}

impl Default for PathConfig {
    fn default() -> Self {
        Self {
            path_max_retrans: 5,
            pf_retrans: 0,
            pf_enabled: true,
            ps_retrans: Self::NEVER,
            hb_interval: Duration::from_secs(30),
            heartbeats: true,
            pmtud: true,
            fixed_mtu: 0,
            marks: Marks::default(),
        }
    }
}

/// The longest that SACKs may be delayed (RFC 9260, 6.2).
pub(crate) const MAX_SACK_DELAY: Duration = Duration::from_millis(500);

/// Every so many packets with DATA are acknowledged, unless the user wants something else (6.2).
pub(crate) const SACK_FREQ: u32 = 2;

/// How lost DATA is found before T3-rtx expires.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LossDetection {
    /// RFC 9260, 7.2.4 to the letter.
    MissingReports,
    /// RFC 8985: by times, and with tail loss probes.
    Rack,
}

/// Settings of one association, copied from its endpoint when it is created.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// RTO.Initial. RFC 9260: 1 s.
    pub(crate) rto_initial: Duration,
    /// RTO.Min. RFC 9260: 1 s.
    pub(crate) rto_min: Duration,
    /// RTO.Max. RFC 9260: 60 s.
    pub(crate) rto_max: Duration,
    /// Max.Burst, in packets; 0 is unlimited. RFC 9260: 4. With CUBIC, a SACK may be followed by as
    /// many bytes more as it acknowledges.
    pub(crate) max_burst: u32,
    /// How congestion windows move. RFC 9260: Reno.
    pub(crate) congestion_control: Algorithm,
    /// RFC 9260: missing reports.
    pub(crate) loss_detection: LossDetection,
    /// Association.Max.Retrans. RFC 9260: 10.
    pub(crate) association_max_retrans: u32,
    /// What each path begins with.
    pub(crate) path: PathConfig,
    /// Max.Init.Retransmits. RFC 9260: 8.
    pub(crate) max_init_retransmits: u32,
    /// Upper bound of T1-init's back-off (`sinit_max_init_timeo`); RTO.Max if zero.
    pub(crate) max_init_timeo: Duration,
    /// Valid.Cookie.Life. RFC 9260: 60 s.
    pub(crate) valid_cookie_life: Duration,
    /// SACK.Delay, at most [`MAX_SACK_DELAY`]. RFC 9260: 200 ms.
    pub(crate) sack_delay: Duration,
    /// Send a SACK at the latest for every n-th packet with DATA. RFC 9260, 6.2: 2.
    pub(crate) sack_freq: u32,
    /// Whether SACKs are delayed at all.
    pub(crate) delays_sacks: bool,
    /// Outbound streams to ask for.
    pub(crate) out_streams: u16,
    /// Inbound streams to allow.
    pub(crate) max_in_streams: u16,
    /// An association without user data for so long is shut down (SCTP_AUTOCLOSE); never if zero.
    pub(crate) autoclose: Duration,
    /// Receive buffer in bytes (`sk_rcvbuf`): what may be held for the user, as memory.
    pub(crate) rcvbuf: u32,
    /// What the receive buffer may grow to while the user reads as fast as the peer may send. It
    /// does not grow if this is not more than `rcvbuf`.
    pub(crate) rcvbuf_max: u32,
    /// PROBE_TIMER; zero is no probing. RFC 8899, 5.1.1: more than 15 s. 30 of them are its
    /// PMTU_RAISE_TIMER of 600 s.
    pub(crate) probe_interval: Duration,
    /// Send no packet of a size that was not probed before (see `pmtu.rs`).
    pub(crate) probe_from_base: bool,
    /// Send every message at once, however small (SCTP_NODELAY).
    pub(crate) nodelay: bool,
    /// Whose message is sent next (SCTP_STREAM_SCHEDULER).
    pub(crate) scheduler: Scheduler,
    /// Most bytes of a message in one DATA chunk (SCTP_MAXSEG); only the path MTU counts if 0.
    pub(crate) max_segment: u32,
    /// Whether a message may be cut up to be sent (SCTP_DISABLE_FRAGMENTS).
    pub(crate) may_fragment: bool,
    /// Which addresses are told to a peer and taken from it.
    pub(crate) scope_policy: ScopePolicy,
    /// Offer and accept partial reliability (RFC 3758).
    pub(crate) prsctp_enabled: bool,
    /// How much of a message makes it be delivered in parts (SCTP_PARTIAL_DELIVERY_POINT); if 0,
    /// only what could not be held as a whole is.
    pub(crate) partial_delivery_point: u32,
    /// What the peer is told that the user is (SCTP_ADAPTATION_LAYER).
    pub(crate) adaptation_code_point: Option<u32>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rto_initial: Duration::from_secs(1),
            rto_min: Duration::from_secs(1),
            rto_max: Duration::from_secs(60),
            max_burst: 4,
            congestion_control: Algorithm::Cubic,
            loss_detection: LossDetection::Rack,
            association_max_retrans: 10,
            path: PathConfig::default(),
            max_init_retransmits: 8,
            max_init_timeo: Duration::ZERO,
            valid_cookie_life: Duration::from_secs(60),
            sack_delay: Duration::from_millis(200),
            sack_freq: SACK_FREQ,
            delays_sacks: true,
            out_streams: 10,
            max_in_streams: u16::MAX,
            autoclose: Duration::ZERO,
            rcvbuf: 212_992,
            rcvbuf_max: 0,
            probe_interval: Duration::from_secs(20),
            probe_from_base: false,
            nodelay: false,
            scheduler: Scheduler::FirstCome,
            max_segment: 0,
            may_fragment: true,
            scope_policy: ScopePolicy::default(),
            prsctp_enabled: true,
            partial_delivery_point: 0,
            adaptation_code_point: None,
        }
    }
}
