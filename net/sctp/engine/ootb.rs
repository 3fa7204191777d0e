// SPDX-License-Identifier: GPL-2.0

//! Packets that no association claims: RFC 9260, 8.4 (out of the blue), and the stateless half of
//! 5.1 (answering INIT, accepting COOKIE ECHO).
//!
//! Invariants: at most one packet goes out for one that comes in, and it goes to where that came
//! from; nothing that could be an answer to such an answer is answered; nothing is kept until a
//! cookie of ours has come back.

use super::{
    addr::Addresses,
    assoc::Association,
    config::Config,
    cookie::{Cookie, Stale, TieTags},
    cx::{Cx, Payload, Rng},
    env::KBox,
    serial::Tsn,
    stats::{Counter, Reason},
    wire::{
        builder::PacketBuilder,
        cause::{self, NewCause},
        chunk::{Chunk, ChunkType},
        control,
        emit::InitParams,
        init::{Init, InitFault, InitFixed, MIN_A_RWND},
        packet::Packet,
    },
};

/// An endpoint that accepts associations.
#[derive(Clone, Copy)]
pub(crate) struct Listener<'a> {
    pub(crate) config: &'a Config,
    /// Its addresses that the sender of the packet in question may know of, that packet's
    /// destination first.
    pub(crate) locals: &'a Addresses,
}

/// What became of a packet.
pub(crate) enum Verdict<B: Payload> {
    /// Nothing is to be done.
    Drop(Reason),
    /// There is a packet to be sent to where this one came from.
    Reply,
    /// A new association; poll it.
    Accept(KBox<Association<B>>),
}

/// Handles a packet for which there is no association.
///
/// `listener` is there if an endpoint accepts associations on the port. After [`Verdict::Reply`],
/// `out` holds one packet of at most `mtu` bytes, to be sent from `pkt.dst` to `pkt.src`. Counts
/// what 8.4 is about as out of the blue; a packet that is dropped is the caller's to count.
pub(crate) fn handle<B: Payload>(
    cx: &mut Cx<'_>,
    listener: Option<Listener<'_>>,
    pkt: &Packet<'_, B>,
    mtu: usize,
    out: &mut PacketBuilder<B>,
) -> Verdict<B> {
    match answer(cx, listener, pkt, mtu, out) {
        Ok(verdict) => verdict,
        Err(reason) => {
            out.clear();
            Verdict::Drop(reason)
        }
    }
}

fn answer<B: Payload>(
    cx: &mut Cx<'_>,
    listener: Option<Listener<'_>>,
    pkt: &Packet<'_, B>,
    mtu: usize,
    out: &mut PacketBuilder<B>,
) -> Result<Verdict<B>, Reason> {
    match rule(pkt)? {
        Rule::Discard => {
            cx.stats.count(Counter::OutOfBlues);
            Err(Reason::OutOfTheBlue)
        }
        Rule::Init => answer_init(cx, listener, pkt, mtu, out),
        Rule::CookieEcho => match listener {
            Some(listener) => answer_cookie_echo(cx, listener, pkt, mtu, out),
            None => reflect(cx, pkt, mtu, out, Reflection::Abort),
        },
        Rule::Reflect(reflection) => reflect(cx, pkt, mtu, out, reflection),
    }
}

/// Which of the rules of RFC 9260, 8.4 a packet falls under.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rule {
    /// 1, 2, 6, 7, and what 8.5.1 forbids.
    Discard,
    /// 3
    Init,
    /// 4
    CookieEcho,
    /// 5 and 8
    Reflect(Reflection),
}

/// What is answered under the tag of the packet that it answers, with the T bit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reflection {
    Abort,
    ShutdownComplete,
}

/// Applies the rules in their order. A packet that is malformed anywhere falls under none.
pub(crate) fn rule<B: Payload>(pkt: &Packet<'_, B>) -> Result<Rule, Reason> {
    let found = Found::in_packet(pkt)?;
    let is_first = |kind| pkt.first_kind() == kind;

    if !pkt.src.is_unicast() || !pkt.dst.is_unicast() || found.abort {
        return Ok(Rule::Discard);
    }
    if pkt.verification_tag() == 0 {
        // Only an INIT may have that tag, and nothing may come with it (8.5.1 A, 6.10).
        let is_init = is_first(ChunkType::Init) && found.count == 1;
        return Ok(if is_init { Rule::Init } else { Rule::Discard });
    }
    if is_first(ChunkType::CookieEcho) {
        return Ok(Rule::CookieEcho);
    }
    if found.shutdown_ack {
        return Ok(Rule::Reflect(Reflection::ShutdownComplete));
    }
    if found.shutdown_complete || found.cookie_ack || found.stale_cookie {
        return Ok(Rule::Discard);
    }
    Ok(Rule::Reflect(Reflection::Abort))
}

/// What the rules ask for.
#[derive(Default)]
struct Found {
    count: usize,
    abort: bool,
    shutdown_ack: bool,
    shutdown_complete: bool,
    cookie_ack: bool,
    stale_cookie: bool,
}

impl Found {
    fn in_packet<B: Payload>(pkt: &Packet<'_, B>) -> Result<Self, Reason> {
        let mut found = Self::default();
        for chunk in pkt.chunks() {
            let chunk = chunk?;
            found.count = found.count.saturating_add(1);
            match chunk.kind {
                ChunkType::Abort => found.abort = true,
                ChunkType::ShutdownAck => found.shutdown_ack = true,
                ChunkType::ShutdownComplete => found.shutdown_complete = true,
                ChunkType::CookieAck => found.cookie_ack = true,
                ChunkType::Error => found.stale_cookie |= is_stale_cookie(&chunk),
                ChunkType::Data
                | ChunkType::Init
                | ChunkType::InitAck
                | ChunkType::Sack
                | ChunkType::Heartbeat
                | ChunkType::HeartbeatAck
                | ChunkType::Shutdown
                | ChunkType::CookieEcho
                | ChunkType::Ecne
                | ChunkType::Cwr
                | ChunkType::Pad
                | ChunkType::ForwardTsn
                | ChunkType::Unrecognized(_) => {}
            }
        }
        Ok(found)
    }
}

fn is_stale_cookie(chunk: &Chunk<'_>) -> bool {
    control::causes(chunk).any(|cause| cause.is_ok_and(|cause| cause.code == cause::STALE_COOKIE))
}

fn reflect<B: Payload>(
    cx: &mut Cx<'_>,
    pkt: &Packet<'_, B>,
    mtu: usize,
    out: &mut PacketBuilder<B>,
    reflection: Reflection,
) -> Result<Verdict<B>, Reason> {
    cx.stats.count(Counter::OutOfBlues);
    start_reply(cx, pkt, pkt.verification_tag(), mtu, out)?;
    match reflection {
        Reflection::Abort => out.abort(cx.gfp, true, &[])?,
        Reflection::ShutdownComplete => out.shutdown_complete(cx.gfp, true)?,
    }
    cx.stats.count(Counter::OutCtrlChunks);
    Ok(Verdict::Reply)
}

fn start_reply<B: Payload>(
    cx: &Cx<'_>,
    pkt: &Packet<'_, B>,
    tag: u32,
    mtu: usize,
    out: &mut PacketBuilder<B>,
) -> Result<(), Reason> {
    let from = pkt.destination_port();
    let to = pkt.source_port();
    out.start(from, to, tag, mtu, cx.gfp)
        .map_err(|_| Reason::NoMemory)
}

/// The INIT in a packet that has nothing else in it and the tag 0 (RFC 9260, 8.5.1 A and 6.10),
/// wherever it may be meant for.
pub(crate) fn lone_init<'a, B: Payload>(pkt: &Packet<'a, B>) -> Result<Init<'a>, Reason> {
    let mut chunks = pkt.chunks();
    let init = chunks.next().ok_or(Reason::Malformed)??;
    if init.kind != ChunkType::Init || chunks.next().is_some() {
        return Err(Reason::Unexpected);
    }
    if pkt.verification_tag() != 0 {
        return Err(Reason::BadTag);
    }
    Ok(Init::parse(&init)?)
}

fn answer_init<B: Payload>(
    cx: &mut Cx<'_>,
    listener: Option<Listener<'_>>,
    pkt: &Packet<'_, B>,
    mtu: usize,
    out: &mut PacketBuilder<B>,
) -> Result<Verdict<B>, Reason> {
    let init = lone_init(pkt)?;
    cx.stats.count(Counter::InCtrlChunks);
    if let Some(fault) = init.fault() {
        refuse_fault(cx, pkt, &init, fault, mtu, out)?;
        return Ok(Verdict::Reply);
    }
    match listener {
        None => {
            cx.stats.count(Counter::OutOfBlues);
            refuse_init(cx, pkt, &init, &[], mtu, out)?;
        }
        Some(listener) => {
            let ours = Answer {
                tag: random_tag(cx.rng),
                initial_tsn: Tsn(cx.rng.next_u32()),
                tie_tags: TieTags::NONE,
            };
            init_ack(cx, listener, pkt, &init, &ours, mtu, out)?;
        }
    }
    Ok(Verdict::Reply)
}

/// Answers an INIT that asks for something that cannot be (RFC 9260, 3.3.2, 3.3.2.1.4, 5.1.2).
/// An INIT without a tag gets no answer, and an error here.
pub(crate) fn refuse_fault<B: Payload>(
    cx: &mut Cx<'_>,
    pkt: &Packet<'_, B>,
    init: &Init<'_>,
    fault: InitFault<'_>,
    mtu: usize,
    out: &mut PacketBuilder<B>,
) -> Result<(), Reason> {
    let cause = match fault {
        InitFault::ZeroTag => return Err(Reason::Malformed),
        InitFault::InvalidMandatoryParameter => NewCause::InvalidMandatoryParameter,
        InitFault::HostName(param) => NewCause::UnresolvableAddress(param),
    };
    refuse_init(cx, pkt, init, &[cause], mtu, out)
}

/// Answers an INIT with an ABORT under the tag that the INIT gives (RFC 9260, 8.4 rule 3). Leaves
/// the packet in `out`, which is no longer than the one that it answers, or than 20 bytes.
pub(crate) fn refuse_init<B: Payload>(
    cx: &mut Cx<'_>,
    pkt: &Packet<'_, B>,
    init: &Init<'_>,
    causes: &[NewCause<'_>],
    mtu: usize,
    out: &mut PacketBuilder<B>,
) -> Result<(), Reason> {
    let mtu = mtu.min(pkt.len().max(20));
    start_reply(cx, pkt, init.fixed.tag, mtu, out)?;
    out.abort(cx.gfp, false, causes)?;
    cx.stats.count(Counter::OutCtrlChunks);
    Ok(())
}

/// What an INIT ACK says that is not in the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    /// The tag that the peer is to use: fresh, but for a COOKIE-WAIT or COOKIE-ECHOED association,
    /// which has named it in its own INIT (RFC 9260, 5.2.1).
    pub(crate) tag: u32,
    /// As for the tag.
    pub(crate) initial_tsn: Tsn,
    /// Those of the association that exists, if it is beyond COOKIE-WAIT.
    pub(crate) tie_tags: TieTags,
}

/// Answers an INIT that has no [`fault`](Init::fault) with an INIT ACK (RFC 9260, 5.1 B), whether
/// or not there is an association already (5.2.1, 5.2.2). Leaves the packet in `out`, to be sent
/// from `pkt.dst`.
///
/// A forged INIT must not make us send a lot to its victim (RFC 5062, 9). What is reported of
/// unknown parameters takes no more room than the INIT took. The cookie and our addresses cannot
/// be had for less, since the peer has no other chance to learn them and must be able to get at
/// us after the INIT's path has failed; but both are bounded by [`MAX_ADDRESSES`], and ours, 160
/// bytes at most, by what the INIT's scope and types of addresses let us tell: nothing that a
/// sender of INITs can make longer, and nothing at all from a host with one address.
///
/// [`MAX_ADDRESSES`]: super::addr::MAX_ADDRESSES
pub(crate) fn init_ack<B: Payload>(
    cx: &mut Cx<'_>,
    listener: Listener<'_>,
    pkt: &Packet<'_, B>,
    init: &Init<'_>,
    ours: &Answer,
    mtu: usize,
    out: &mut PacketBuilder<B>,
) -> Result<(), Reason> {
    let Listener { config, locals } = listener;
    let theirs = &init.fixed;
    let fixed = InitFixed {
        tag: ours.tag,
        a_rwnd: initial_a_rwnd(config),
        // No more than the peer can take: what is in here is already negotiated.
        out_streams: config.out_streams.min(theirs.in_streams),
        in_streams: config.max_in_streams,
        initial_tsn: ours.initial_tsn,
    };
    let policy = config.scope_policy;
    // Both sides or neither (RFC 3758, 3.3.1).
    let is_forward_tsn_supported = config.prsctp_enabled && init.is_forward_tsn_supported;
    let cookie = Cookie {
        made: cx.now,
        lifetime: Cookie::lifetime(config, init.preservative),
        local_tag: ours.tag,
        peer_tag: theirs.tag,
        local_initial_tsn: ours.initial_tsn,
        peer_initial_tsn: theirs.initial_tsn,
        peer_rwnd: theirs.a_rwnd,
        out_streams: fixed.out_streams,
        in_streams: config.max_in_streams.min(theirs.out_streams),
        tie_tags: ours.tie_tags,
        local_port: pkt.destination_port(),
        peer_port: pkt.source_port(),
        is_ecn_capable: init.is_ecn_capable,
        is_forward_tsn_supported,
        adaptation_code_point: init.adaptation_code_point,
        local: pkt.dst,
        peers: policy.claimed(init, pkt.src, locals),
    };
    let cookie = cookie.seal(cx).ok_or(Reason::NoMemory)?;
    let told = policy.told(locals, &pkt.dst, &pkt.src, init.address_types);

    start_reply(cx, pkt, theirs.tag, mtu, out)?;
    out.init_ack(
        cx.gfp,
        &fixed,
        &InitParams {
            addresses: told.as_ref().map_or(&[], Addresses::as_slice),
            forward_tsn_supported: is_forward_tsn_supported,
            adaptation_code_point: config.adaptation_code_point,
            ..Default::default()
        },
        cookie.as_bytes(),
        init.unrecognized(),
        pkt.len(),
    )?;
    cx.stats.count(Counter::OutCtrlChunks);
    Ok(())
}

/// Makes an association of the first chunk of `pkt`, a COOKIE ECHO (RFC 9260, 5.1.5).
///
/// Our addresses are not in the cookie: they are asked for again, which makes an INIT ACK that
/// much shorter.
///
/// The association is on the stack for a moment; other packets need not have room for it.
#[inline(never)]
fn answer_cookie_echo<B: Payload>(
    cx: &mut Cx<'_>,
    listener: Listener<'_>,
    pkt: &Packet<'_, B>,
    mtu: usize,
    out: &mut PacketBuilder<B>,
) -> Result<Verdict<B>, Reason> {
    let chunk = pkt.chunks().next().ok_or(Reason::Malformed)??;
    cx.stats.count(Counter::InCtrlChunks);
    match Cookie::open(cx, chunk.value, pkt, listener.locals)?.fresh(cx.now) {
        Ok(cookie) => Ok(Verdict::Accept(Association::accept(
            cx, listener, &cookie, pkt, mtu,
        )?)),
        Err(stale) => {
            stale_cookie(cx, pkt, &stale, mtu, out)?;
            Ok(Verdict::Reply)
        }
    }
}

/// Answers a COOKIE ECHO that comes too late with an ERROR that says by how much (RFC 9260, 5.1.5
/// item 4). Leaves the packet in `out`.
pub(crate) fn stale_cookie<B: Payload>(
    cx: &mut Cx<'_>,
    pkt: &Packet<'_, B>,
    stale: &Stale,
    mtu: usize,
    out: &mut PacketBuilder<B>,
) -> Result<(), Reason> {
    start_reply(cx, pkt, stale.peer_tag, mtu, out)?;
    out.error(cx.gfp, &NewCause::StaleCookie(stale.microseconds))?;
    cx.stats.count(Counter::OutCtrlChunks);
    Ok(())
}

/// A verification tag that nobody can guess; never 0 (RFC 9260, 5.3.1).
pub(crate) fn random_tag(rng: &mut dyn Rng) -> u32 {
    rng.next_u32().max(1)
}

/// The window that an INIT or INIT ACK advertises: half of the receive buffer, for the buffer
/// counts memory and the window counts user data.
pub(crate) fn initial_a_rwnd(config: &Config) -> u32 {
    (config.rcvbuf / 2).max(MIN_A_RWND)
}
