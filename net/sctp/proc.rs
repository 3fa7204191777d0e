// SPDX-License-Identifier: GPL-2.0

//! `/proc/net/sctp`, in the C module's format, which programs parse: the counters of RFC 3873,
//! sockets that listen, associations, and addresses of their peers.
//!
//! Each association is shown under its own lock. Times are in jiffies there.

use crate::{
    association::{Assoc, AssocId},
    endpoint::{Endpoint, Style},
    engine::{
        addr::{Address, IpAddr},
        path::PathState,
        stats::Counter,
        time::Duration,
    },
    sock::{opt::status, peeloff},
    sys::{
        bindings,
        net::Net,
        proc_fs::{List, Output, Page, ProcFolder},
        sock::Sk,
    },
};
use kernel::{
    prelude::*,
    sync::{atomic::Relaxed, Arc, ArcBorrow},
};

/// The files of a namespace.
pub(crate) fn folder(net: &Net) -> Result<ProcFolder> {
    let folder = ProcFolder::new(net, c"sctp")?;
    folder.add_page::<Snmp>(c"snmp")?;
    folder.add_list::<Endpoints>(c"eps")?;
    folder.add_list::<Assocs>(c"assocs")?;
    folder.add_list::<RemoteAddresses>(c"remaddr")?;
    Ok(folder)
}

/// The counters.
struct Snmp;

impl Page for Snmp {
    fn show(net: &Net, out: &Output) {
        /// What there is none of here.
        const NONE: Option<Counter> = None;
        const COUNTERS: [(&str, Option<Counter>); 31] = [
            ("SctpActiveEstabs", Some(Counter::ActiveEstabs)),
            ("SctpPassiveEstabs", Some(Counter::PassiveEstabs)),
            ("SctpAborteds", Some(Counter::Aborteds)),
            ("SctpShutdowns", Some(Counter::Shutdowns)),
            ("SctpOutOfBlues", Some(Counter::OutOfBlues)),
            ("SctpChecksumErrors", Some(Counter::ChecksumErrors)),
            ("SctpOutCtrlChunks", Some(Counter::OutCtrlChunks)),
            ("SctpOutOrderChunks", Some(Counter::OutOrderChunks)),
            ("SctpOutUnorderChunks", Some(Counter::OutUnorderChunks)),
            ("SctpInCtrlChunks", Some(Counter::InCtrlChunks)),
            ("SctpInOrderChunks", Some(Counter::InOrderChunks)),
            ("SctpInUnorderChunks", Some(Counter::InUnorderChunks)),
            ("SctpFragUsrMsgs", Some(Counter::FragUsrMsgs)),
            ("SctpReasmUsrMsgs", Some(Counter::ReasmUsrMsgs)),
            ("SctpOutSCTPPacks", Some(Counter::OutPackets)),
            ("SctpInSCTPPacks", Some(Counter::InPackets)),
            ("SctpT1InitExpireds", Some(Counter::T1InitExpireds)),
            ("SctpT1CookieExpireds", Some(Counter::T1CookieExpireds)),
            ("SctpT2ShutdownExpireds", Some(Counter::T2ShutdownExpireds)),
            ("SctpT3RtxExpireds", Some(Counter::T3RtxExpireds)),
            ("SctpT4RtoExpireds", NONE),
            (
                "SctpT5ShutdownGuardExpireds",
                Some(Counter::T5ShutdownGuardExpireds),
            ),
            ("SctpDelaySackExpireds", Some(Counter::DelaySackExpireds)),
            ("SctpAutocloseExpireds", Some(Counter::AutocloseExpireds)),
            ("SctpT3Retransmits", Some(Counter::T3Retransmits)),
            ("SctpPmtudRetransmits", NONE),
            ("SctpFastRetransmits", Some(Counter::FastRetransmits)),
            // Packets never wait for a socket.
            ("SctpInPktSoftirq", Some(Counter::InPackets)),
            ("SctpInPktBacklog", NONE),
            ("SctpInPktDiscards", Some(Counter::InPacketDiscards)),
            (
                "SctpInDataChunkDiscards",
                Some(Counter::InDataChunkDiscards),
            ),
        ];
        let Some(pernet) = net.state() else { return };
        let show = |name, value| out.print(fmt!("{name:<32}\t{value}\n"));
        show("SctpCurrEstab", pernet.established.load(Relaxed));
        for (name, counter) in COUNTERS {
            show(name, counter.map_or(0, |counter| pernet.mib.read(counter)));
        }
    }
}

/// An address as the C side has it: of IPv6 with all its digits.
fn print_address(address: &Address, out: &Output) {
    match address.ip {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            out.print(fmt!("{a}.{b}.{c}.{d} "));
        }
        IpAddr::V6(v6) => {
            let [a, b, c, d, e, f, g, h] = v6.segments();
            out.print(fmt!(
                "{a:04x}:{b:04x}:{c:04x}:{d:04x}:{e:04x}:{f:04x}:{g:04x}:{h:04x} "
            ));
        }
    }
}

/// Addresses, of which one is marked.
fn print_addresses<'a>(
    addresses: impl IntoIterator<Item = &'a Address>,
    marked: Option<Address>,
    out: &Output,
) {
    for address in addresses {
        if marked == Some(*address) {
            out.print(fmt!("*"));
        }
        print_address(address, out);
    }
}

/// The C module's numbers of the styles.
fn style(endpoint: &Endpoint, sk: &Sk) -> u32 {
    match endpoint.style {
        Style::OneToMany => 0,
        Style::OneToOne if peeloff::is_peeled_off(sk, endpoint) => 1,
        Style::OneToOne => 2,
    }
}

/// Sockets that listen.
struct Endpoints;

impl List for Endpoints {
    type Subject = Endpoint;
    /// The serial number of the next one.
    type Position = u64;

    const HEADER: &'static str = " ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS";

    fn next(net: &Net, at: &mut u64) -> Option<Arc<Endpoint>> {
        let pernet = net.state()?;
        loop {
            let endpoint = pernet.endpoints.lock().next(*at)?;
            *at = endpoint.serial.saturating_add(1);
            if endpoint.is_listening() {
                return Some(endpoint);
            }
        }
    }

    fn show(endpoint: ArcBorrow<'_, Endpoint>, out: &Output) {
        let sk = endpoint.inner.lock().sk.clone();
        let (Some(sk), Some(binding)) = (sk, endpoint.binding()) else {
            return;
        };
        out.print_pointers(&raw const *endpoint, sk.as_ptr());
        let (style, state, port) = (style(&endpoint, &sk), sk.raw_state(), binding.port);
        let (uid, ino) = (out.uid(&sk), sk.ino());
        out.print(fmt!(
            "{style:<3} {state:<3} {:<4} {port:<5} {uid:>5} {ino:>5} ",
            0
        ));
        print_addresses(binding.addrs.iter(), None, out);
        out.print(fmt!("\n"));
    }
}

/// How far associations were shown.
#[derive(Clone, Copy, Zeroable)]
#[repr(C)]
struct Position {
    /// The serial number of an endpoint.
    endpoint: u64,
    /// The last of its associations that was shown.
    assoc: AssocId,
}

fn next_assoc(net: &Net, at: &mut Position) -> Option<Arc<Assoc>> {
    let pernet = net.state()?;
    loop {
        let endpoint = pernet.endpoints.lock().next(at.endpoint)?;
        if endpoint.serial != at.endpoint {
            (at.endpoint, at.assoc) = (endpoint.serial, 0);
        }
        if let Some(assoc) = endpoint.assoc_after(at.assoc) {
            at.assoc = assoc.id;
            return Some(assoc);
        }
        (at.endpoint, at.assoc) = (endpoint.serial.saturating_add(1), 0);
    }
}

fn jiffies(duration: Duration) -> u64 {
    let ms = u64::from(duration.as_millis());
    ms.saturating_mul(u64::from(bindings::HZ)) / 1000
}

/// Associations.
struct Assocs;

impl List for Assocs {
    type Subject = Assoc;
    type Position = Position;

    const HEADER: &'static str =
        " ASSOC     SOCK   STY SST ST HBKT ASSOC-ID TX_QUEUE RX_QUEUE UID INODE LPORT RPORT \
             LADDRS <-> RADDRS HBINT INS OUTS MAXRT T1X T2X RTXC wmema wmemq sndbuf rcvbuf";

    fn next(net: &Net, at: &mut Position) -> Option<Arc<Assoc>> {
        next_assoc(net, at)
    }

    fn show(assoc: ArcBorrow<'_, Assoc>, out: &Output) {
        let assoc: Arc<Assoc> = assoc.into();
        let locked = assoc.lock();
        let engine = &locked.inner.engine;
        let primary = engine.paths().get(engine.primary().index());
        let (false, Some(primary)) = (locked.is_gone(), primary) else {
            return;
        };
        let (sk, id) = (&locked.inner.sk, assoc.id);
        let style = style(locked.endpoint(), sk);
        let (sk_state, state) = (sk.raw_state(), status::state(engine.state()) - 1);
        let (tx_queue, rx_queue) = (engine.unacked_bytes(), locked.held());
        let (uid, ino) = (out.uid(sk), sk.ino());
        let (local_port, peer_port) = (engine.local_port(), engine.peer_port());
        out.print_pointers(&raw const *assoc, sk.as_ptr());
        out.print(fmt!(
            "{style:<3} {sk_state:<3} {state:<2} {:<4} {id:>4} {tx_queue:>8} {rx_queue:>8} \
             {uid:>7} {ino:>5} {local_port:<5} {peer_port:>5}  ",
            0
        ));
        print_addresses(engine.locals().as_slice(), primary.local, out);
        out.print(fmt!("<-> "));
        let peers = engine.paths().iter().map(|path| &path.addr);
        print_addresses(peers, Some(primary.addr), out);
        let config = engine.config();
        let hb_interval = jiffies(config.path.hb_interval);
        let (ins, outs) = (engine.in_streams(), engine.out_streams());
        let max_retrans = config.association_max_retrans;
        let count = |counter| assoc.counters.read(counter);
        let t1 = count(Counter::T1InitExpireds).saturating_add(count(Counter::T1CookieExpireds));
        let t2 = count(Counter::T2ShutdownExpireds);
        let rtx = count(Counter::T3Retransmits);
        let (sent, queued) = (sk.wmem_alloc(), sk.wmem_queued());
        let (sndbuf, rcvbuf) = (sk.sndbuf(), sk.rcvbuf());
        out.print(fmt!(
            "\t{hb_interval:>8} {ins:>5} {outs:>5} {max_retrans:>4} {t1:>4} {t2:>4} {rtx:>8} \
             {sent:>8} {queued:>8} {sndbuf:>8} {rcvbuf:>8}\n"
        ));
    }
}

/// Addresses of peers. The last two numbers before the state are always 0 with the C module.
struct RemoteAddresses;

impl List for RemoteAddresses {
    type Subject = Assoc;
    type Position = Position;

    const HEADER: &'static str = "ADDR ASSOC_ID HB_ACT RTO MAX_PATH_RTX REM_ADDR_RTX START STATE";

    fn next(net: &Net, at: &mut Position) -> Option<Arc<Assoc>> {
        next_assoc(net, at)
    }

    fn show(assoc: ArcBorrow<'_, Assoc>, out: &Output) {
        let assoc: Arc<Assoc> = assoc.into();
        let locked = assoc.lock();
        if locked.is_gone() {
            return;
        }
        for path in locked.inner.engine.paths() {
            print_address(&path.addr, out);
            let (id, rto) = (assoc.id, jiffies(path.rto.get()));
            let heartbeats = u8::from(path.heartbeat.is_some());
            let max_retrans = path.config.path_max_retrans;
            let state = match path.state {
                PathState::Inactive => bindings::sctp_spinfo_state_SCTP_INACTIVE,
                PathState::PotentiallyFailed => bindings::sctp_spinfo_state_SCTP_PF,
                PathState::Active => bindings::sctp_spinfo_state_SCTP_ACTIVE,
                PathState::Unconfirmed => bindings::sctp_spinfo_state_SCTP_UNCONFIRMED,
            };
            out.print(fmt!("{id} {heartbeats} {rto} {max_retrans} 0 0 {state}\n"));
        }
    }
}
