// SPDX-License-Identifier: GPL-2.0

//! State cookies: RFC 9260, 5.1.3 to 5.1.5 and 5.2.4.
//!
//! Whoever answers an INIT keeps nothing of it: all that it takes to make the association goes out
//! in the cookie and comes back in the COOKIE ECHO. The format is this host's own business:
//!
//! ```text
//! epoch (4)       which secret the MAC was made with
//! made (8)        monotonic clock, ns
//! lifetime (4)    ms
//! local tag (4)   peer tag (4)   local TSN (4)   peer TSN (4)   peer a_rwnd (4)
//! out streams (2) in streams (2) tie tags (8)    local port (2) peer port (2)
//! flags (1)       number of peer addresses (1)        adaptation code point (4)
//! local address, peer addresses:  4, IPv4 (4)  |  6, IPv6 (16)  |  7, IPv6 (16), interface (4)
//! MAC (32)        over all of the above
//! ```
//!
//! Invariants: nothing but the epoch is looked at before the MAC is found to be right, and there
//! is no way to switch that off. The packet that brings a cookie has to have the ports, the
//! verification tag and the addresses that are in it (RFC 5062, 6 and 7). Tie tags are random
//! numbers that are used for nothing else, so that reading a cookie gives nobody the tags of an
//! association that exists (RFC 5062, 3).

use super::{
    addr::{Address, Addresses, IpAddr, Ipv4Addr, Ipv6Addr, MAX_ADDRESSES},
    config::Config,
    cx::{Cx, Payload, Rng, MAC_LEN},
    serial::Tsn,
    stats::Reason,
    time::{Duration, Time},
    wire::{
        packet::Packet,
        read::{self, Reader},
    },
};

/// What a Cookie Preservative may add to a cookie's life at most (RFC 9260, 5.2.6 leaves that to
/// us): a stolen cookie must not be of use for longer (RFC 5062, 6).
const MAX_INCREMENT: Duration = Duration::from_secs(60);

/// Bytes before the addresses.
const FIXED_LEN: usize = 4 + 8 + 4 + 5 * 4 + 2 * 2 + 8 + 2 * 2 + 2 + 4;
const MAX_ADDRESS_LEN: usize = 1 + 16 + 4;

/// Size of the largest cookie.
pub(crate) const MAX_LEN: usize = FIXED_LEN + (1 + MAX_ADDRESSES) * MAX_ADDRESS_LEN + MAC_LEN;

const FLAG_ECN: u8 = 0x01;
const FLAG_FORWARD_TSN: u8 = 0x02;
const FLAG_ADAPTATION: u8 = 0x04;

const ADDRESS_V4: u8 = 4;
const ADDRESS_V6: u8 = 6;
const ADDRESS_V6_SCOPED: u8 = 7;

/// What ties a cookie to the association that existed when it was made (RFC 9260, 5.2.2). A nonce
/// of the association's, drawn when that is created; in a cookie it may be none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TieTags(u64);

impl TieTags {
    /// There was no association, or it was not beyond COOKIE-WAIT (RFC 9260, 5.2.1).
    pub(crate) const NONE: Self = Self(0);

    /// The nonce of a new association.
    pub(crate) fn random(rng: &mut dyn Rng) -> Self {
        Self(rng.next_u64() | 1)
    }

    fn matches(self, other: Self) -> bool {
        self != Self::NONE && self == other
    }
}

/// All that it takes to make an association.
#[derive(Clone, Debug)]
pub(crate) struct Cookie {
    pub(crate) made: Time,
    /// How long it is good for; sent in milliseconds.
    pub(crate) lifetime: Duration,
    /// The tag that the peer has to put into its packets.
    pub(crate) local_tag: u32,
    pub(crate) peer_tag: u32,
    pub(crate) local_initial_tsn: Tsn,
    pub(crate) peer_initial_tsn: Tsn,
    /// The window that the peer's INIT advertised.
    pub(crate) peer_rwnd: u32,
    /// As negotiated.
    pub(crate) out_streams: u16,
    /// As negotiated.
    pub(crate) in_streams: u16,
    pub(crate) tie_tags: TieTags,
    pub(crate) local_port: u16,
    pub(crate) peer_port: u16,
    pub(crate) is_ecn_capable: bool,
    pub(crate) is_forward_tsn_supported: bool,
    /// The peer's.
    pub(crate) adaptation_code_point: Option<u32>,
    /// The address that the INIT was sent to.
    pub(crate) local: Address,
    /// The peer's, as far as they can be used; the first is where the INIT came from.
    pub(crate) peers: Addresses,
}

/// A cookie in the form in which it travels.
#[derive(Debug)]
pub(crate) struct Sealed {
    bytes: [u8; MAX_LEN],
    len: usize,
}

impl Sealed {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    /// `None` if it is full, which [`MAX_LEN`] excludes.
    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.len.checked_add(bytes.len())?;
        read::copy(self.bytes.get_mut(self.len..end)?, bytes);
        self.len = end;
        Some(())
    }

    fn put_address(&mut self, address: &Address) -> Option<()> {
        match address.ip {
            IpAddr::V4(ip) => {
                self.put(&[ADDRESS_V4])?;
                self.put(&ip.octets())
            }
            IpAddr::V6(ip) if address.scope_id == 0 => {
                self.put(&[ADDRESS_V6])?;
                self.put(&ip.octets())
            }
            IpAddr::V6(ip) => {
                self.put(&[ADDRESS_V6_SCOPED])?;
                self.put(&ip.octets())?;
                self.put(&address.scope_id.to_be_bytes())
            }
        }
    }
}

/// A cookie that this host made, brought by a packet that fits it. Whether it is too old depends
/// on what it is for (RFC 9260, 5.2.4 item 3), so that is asked separately.
#[derive(Clone, Debug)]
#[must_use]
pub(crate) struct Opened(Cookie);

/// A cookie was too old.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stale {
    /// By how much, for the error cause.
    pub(crate) microseconds: u32,
    /// The tag for the packet that says so.
    pub(crate) peer_tag: u32,
}

impl Opened {
    /// The cookie, if it is not too old.
    pub(crate) fn fresh(self, now: Time) -> Result<Cookie, Stale> {
        let expiry = self.0.made.plus(self.0.lifetime);
        if now <= expiry {
            return Ok(self.0);
        }
        let microseconds = now.since(expiry).0 / 1_000;
        Err(Stale {
            microseconds: u32::try_from(microseconds).unwrap_or(u32::MAX),
            peer_tag: self.0.peer_tag,
        })
    }

    /// The cookie however old it is, for comparing it with an association that exists.
    pub(crate) fn whatever_age(&self) -> &Cookie {
        &self.0
    }
}

impl Cookie {
    /// How long a cookie is to live: as configured, and somewhat longer if the peer's INIT asks
    /// for it.
    pub(crate) fn lifetime(config: &Config, preservative: Option<Duration>) -> Duration {
        let more = preservative.unwrap_or(Duration::ZERO).min(MAX_INCREMENT);
        Duration(config.valid_cookie_life.0.saturating_add(more.0))
    }

    /// The cookie with its MAC; `None` if the secret for it is missing.
    pub(crate) fn seal(&self, cx: &Cx<'_>) -> Option<Sealed> {
        let epoch = cx.keys.epoch(cx.now);
        let mut flags = 0;
        if self.is_ecn_capable {
            flags |= FLAG_ECN;
        }
        if self.is_forward_tsn_supported {
            flags |= FLAG_FORWARD_TSN;
        }
        if self.adaptation_code_point.is_some() {
            flags |= FLAG_ADAPTATION;
        }
        let count = u8::try_from(self.peers.as_slice().len()).ok()?;

        let mut out = Sealed {
            bytes: [0; MAX_LEN],
            len: 0,
        };
        out.put(&epoch.to_be_bytes())?;
        out.put(&self.made.nanos().to_be_bytes())?;
        out.put(&self.lifetime.as_millis().to_be_bytes())?;
        out.put(&self.local_tag.to_be_bytes())?;
        out.put(&self.peer_tag.to_be_bytes())?;
        out.put(&self.local_initial_tsn.0.to_be_bytes())?;
        out.put(&self.peer_initial_tsn.0.to_be_bytes())?;
        out.put(&self.peer_rwnd.to_be_bytes())?;
        out.put(&self.out_streams.to_be_bytes())?;
        out.put(&self.in_streams.to_be_bytes())?;
        out.put(&self.tie_tags.0.to_be_bytes())?;
        out.put(&self.local_port.to_be_bytes())?;
        out.put(&self.peer_port.to_be_bytes())?;
        out.put(&[flags, count])?;
        out.put(&self.adaptation_code_point.unwrap_or(0).to_be_bytes())?;
        out.put_address(&self.local)?;
        for address in self.peers.as_slice() {
            out.put_address(address)?;
        }
        let mac = cx.keys.mac(cx.now, epoch, out.as_bytes())?;
        out.put(&mac)?;
        Some(out)
    }

    /// The cookie in a COOKIE ECHO of `pkt`, if this host made it and it was made for the sender
    /// of that packet (RFC 9260, 5.1.5 items 1 to 3). That may have come from any address of the
    /// peer to any of `locals`, of which the one that the INIT went to has to be one, too.
    pub(crate) fn open<B: Payload>(
        cx: &Cx<'_>,
        bytes: &[u8],
        pkt: &Packet<'_, B>,
        locals: &Addresses,
    ) -> Result<Opened, Reason> {
        let body = authentic(cx, bytes).ok_or(Reason::BadCookie)?;
        let cookie = Self::parse(body).ok_or(Reason::BadCookie)?;
        if cookie.local_tag != pkt.verification_tag() {
            return Err(Reason::BadTag);
        }
        if cookie.local_port != pkt.destination_port()
            || cookie.peer_port != pkt.source_port()
            || !locals.contains(&cookie.local)
            || !locals.contains(&pkt.dst)
            || !cookie.peers.contains(&pkt.src)
        {
            return Err(Reason::BadCookie);
        }
        Ok(Opened(cookie))
    }

    /// Reads what [`seal`](Self::seal) wrote, after the MAC has been checked. All of it has to be
    /// used up.
    fn parse(body: &[u8]) -> Option<Self> {
        let mut r = Reader::new(body);
        let _epoch = r.u32()?;
        let made = Time::from_nanos(r.u64()?);
        let lifetime = Duration::from_millis(r.u32()?);
        let local_tag = r.u32()?;
        let peer_tag = r.u32()?;
        let local_initial_tsn = Tsn(r.u32()?);
        let peer_initial_tsn = Tsn(r.u32()?);
        let peer_rwnd = r.u32()?;
        let out_streams = r.u16()?;
        let in_streams = r.u16()?;
        let tie_tags = TieTags(r.u64()?);
        let local_port = r.u16()?;
        let peer_port = r.u16()?;
        let flags = r.u8()?;
        let count = r.u8()?;
        let adaptation_code_point = r.u32()?;
        let local = parse_address(&mut r)?;
        let mut peers = Addresses::new(parse_address(&mut r)?);
        for _ in 1..count {
            peers.insert(parse_address(&mut r)?);
        }
        r.rest().is_empty().then_some(Self {
            made,
            lifetime,
            local_tag,
            peer_tag,
            local_initial_tsn,
            peer_initial_tsn,
            peer_rwnd,
            out_streams,
            in_streams,
            tie_tags,
            local_port,
            peer_port,
            is_ecn_capable: flags & FLAG_ECN != 0,
            is_forward_tsn_supported: flags & FLAG_FORWARD_TSN != 0,
            adaptation_code_point: (flags & FLAG_ADAPTATION != 0).then_some(adaptation_code_point),
            local,
            peers,
        })
    }
}

/// `bytes` without the MAC, if that is right. Nothing that could not be a cookie of ours is hashed.
fn authentic<'a>(cx: &Cx<'_>, bytes: &'a [u8]) -> Option<&'a [u8]> {
    if bytes.len() > MAX_LEN {
        return None;
    }
    let (body, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC_LEN)?)?;
    if body.len() < FIXED_LEN {
        return None;
    }
    let epoch = Reader::new(body).u32()?;
    let expected = cx.keys.mac(cx.now, epoch, body)?;
    cx.keys.mac_eq(&expected, mac).then_some(body)
}

fn parse_address(r: &mut Reader<'_>) -> Option<Address> {
    let kind = r.u8()?;
    if kind == ADDRESS_V4 {
        return Some(Address::new(IpAddr::V4(Ipv4Addr::from(r.array::<4>()?))));
    }
    if kind != ADDRESS_V6 && kind != ADDRESS_V6_SCOPED {
        return None;
    }
    let ip = IpAddr::V6(Ipv6Addr::from(r.array::<16>()?));
    let scope_id = if kind == ADDRESS_V6_SCOPED {
        r.u32()?
    } else {
        0
    };
    Some(Address { ip, scope_id })
}

/// What a COOKIE ECHO means to an association that exists: the table of RFC 9260, 5.2.4.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CookieResolution {
    /// Action A: the peer restarted.
    Restart,
    /// Action B: both sides began at the same time, or the peer's tag was not known yet. The
    /// peer's tag, initial TSN and window are those of the cookie.
    Collision,
    /// Action D: it is the cookie of this very association; its age does not matter. Establish it
    /// if it is not, and send COOKIE ACK.
    Duplicate,
    /// Action C, a cookie that comes late, and all that the table does not have.
    Discard,
}

/// Compares `cookie` with an association: its tags (`peer_tag` is 0 as long as it is not known)
/// and its nonce.
pub(crate) fn resolve(
    cookie: &Cookie,
    local_tag: u32,
    peer_tag: u32,
    tie_tags: TieTags,
) -> CookieResolution {
    let is_local = cookie.local_tag == local_tag;
    let is_peer = cookie.peer_tag == peer_tag;
    let is_tied = cookie.tie_tags.matches(tie_tags);
    match (is_local, is_peer, is_tied) {
        (true, true, true | false) => CookieResolution::Duplicate,
        (true, false, true | false) => CookieResolution::Collision,
        (false, false, true) => CookieResolution::Restart,
        (false, true, true | false) | (false, false, false) => CookieResolution::Discard,
    }
}
