// SPDX-License-Identifier: GPL-2.0

//! What is shown of sockets and associations to who watches the system: a picture of a moment,
//! taken under the locks and shown without them.

use crate::{
    association::{Assoc, Engine},
    endpoint::{Endpoint, Style},
    engine::{
        addr::{Address, Addresses, IpAddr},
        cc::Algorithm,
        path::Path,
        time::Duration,
    },
    sock::{addr::Shown, opt::status},
    sys::{bindings, clock, sock::Sk, user::Abi},
};
use kernel::sync::{aref::ARef, Arc};

/// An association.
pub(crate) struct AssocView {
    /// Its socket; before `accept()` the listener's.
    pub(crate) sk: ARef<Sk>,
    /// In the numbers that `ss` knows: those of `SCTP_STATUS`, less one.
    pub(crate) state: u8,
    pub(crate) local_port: u16,
    pub(crate) peer_port: u16,
    pub(crate) locals: Addresses,
    pub(crate) peers: Addresses,
    pub(crate) primary: Address,
    /// By which packets leave for the primary address, or 0.
    pub(crate) ifindex: u32,
    /// Memory that is held of what was received.
    pub(crate) held: usize,
    /// Bytes of the user that are not acknowledged.
    pub(crate) unacked: usize,
    /// When T3-rtx of the primary path expires.
    pub(crate) t3_rtx: Option<Duration>,
    pub(crate) congestion_control: Algorithm,
    pub(crate) info: bindings::sctp_info,
}

impl AssocView {
    /// `None` if it has ended.
    pub(crate) fn of(assoc: &Arc<Assoc>) -> Option<Self> {
        let locked = assoc.lock();
        if locked.is_gone() {
            return None;
        }
        let engine = &locked.inner.engine;
        let mut paths = engine.paths().iter().map(|path| path.addr);
        let mut peers = Addresses::new(paths.next()?);
        paths.for_each(|addr| peers.insert(addr));
        let primary = engine.paths().get(engine.primary().index())?;
        let now = clock::now();
        Some(Self {
            sk: locked.inner.sk.clone(),
            state: state(engine),
            local_port: engine.local_port(),
            peer_port: engine.peer_port(),
            locals: engine.locals().get(),
            peers,
            primary: primary.addr,
            ifindex: locked.ifindex(),
            held: locked.held(),
            unacked: engine.unacked_bytes(),
            t3_rtx: primary.t3_rtx.map(|at| at.since(now)),
            congestion_control: engine.config().congestion_control,
            info: assoc_info(assoc, engine, primary),
        })
    }

    /// How many retransmissions there were.
    pub(crate) fn retransmissions(&self) -> u64 {
        self.info.sctpi_rtxchunks
    }
}

fn state(engine: &Engine) -> u8 {
    let state = status::state(engine.state()).saturating_sub(1);
    u8::try_from(state).unwrap_or(0)
}

fn short(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

fn word(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Bits of `sctpi_peer_capable`.
const PEER_CAN_PRSCTP: u8 = 1 << 1;
const PEER_HAS_IPV6: u8 = 1 << 4;
const PEER_HAS_IPV4: u8 = 1 << 5;

fn assoc_info(assoc: &Assoc, engine: &Engine, primary: &Path) -> bindings::sctp_info {
    let mut info = bindings::sctp_info::zeroed();
    let config = engine.config();
    info.sctpi_tag = engine.local_tag();
    info.sctpi_state = u32::from(state(engine));
    info.sctpi_rwnd = engine.local_rwnd();
    info.sctpi_unackdata = short(engine.unacked_chunks());
    info.sctpi_penddata = short(engine.pending_chunks());
    info.sctpi_instrms = engine.in_streams();
    info.sctpi_outstrms = engine.out_streams();
    info.sctpi_outqueue = word(engine.unsent_chunks());
    info.sctpi_overall_error = engine.errors();
    info.sctpi_max_burst = config.max_burst;
    info.sctpi_fragmentation_point = word(engine.frag_point());
    info.sctpi_maxseg = info.sctpi_fragmentation_point;
    info.sctpi_peer_rwnd = engine.peer_rwnd();
    info.sctpi_peer_tag = engine.peer_tag();
    for path in engine.paths() {
        info.sctpi_peer_capable |= match path.addr.ip {
            IpAddr::V4(_) => PEER_HAS_IPV4,
            IpAddr::V6(_) => PEER_HAS_IPV6,
        };
    }
    if engine.is_forward_tsn_supported() {
        info.sctpi_peer_capable |= PEER_CAN_PRSCTP;
    }
    info.sctpi_p_address = Shown::plain(&primary.addr, engine.peer_port()).storage();
    info.sctpi_p_state = status::path_state(primary);
    info.sctpi_p_cwnd = word(primary.cc.cwnd());
    info.sctpi_p_srtt = primary.rto.srtt().as_millis();
    info.sctpi_p_rto = primary.rto.get().as_millis();
    info.sctpi_p_hbinterval = primary.config.hb_interval.as_millis();
    info.sctpi_p_pathmaxrxt = primary.config.path_max_retrans;
    info.sctpi_p_sackdelay = config.sack_delay.as_millis();
    info.sctpi_p_sackfreq = config.sack_freq;
    info.sctpi_p_ssthresh = word(primary.cc.ssthresh());
    info.sctpi_p_partial_bytes_acked = word(primary.cc.partial_bytes_acked());
    info.sctpi_p_flight_size = word(primary.flight);
    info.sctpi_p_error = u16::try_from(primary.errors).unwrap_or(u16::MAX);

    status::count!(info, sctpi, assoc.counters);
    info
}

/// What `struct sctp_info` has of a socket.
pub(crate) fn socket_info(endpoint: &Endpoint) -> bindings::sctp_info {
    let mut info = bindings::sctp_info::zeroed();
    let settings = endpoint.settings();
    let config = &settings.config;
    info.sctpi_s_autoclose = config.autoclose.as_millis() / 1000;
    info.sctpi_s_adaptation_ind = config.adaptation_code_point.unwrap_or(0);
    info.sctpi_s_pd_point = config.partial_delivery_point;
    info.sctpi_s_nodelay = u8::from(config.nodelay);
    info.sctpi_s_disable_fragments = u8::from(!config.may_fragment);
    info.sctpi_s_v4mapped = u8::from(settings.v4_mapped);
    info.sctpi_s_frag_interleave = u8::from(settings.interleaves_fragments);
    // The C module's numbers of the two styles; 1 is not in use.
    info.sctpi_s_type = match endpoint.style {
        Style::OneToMany => 0,
        Style::OneToOne => 2,
    };
    info
}
