// SPDX-License-Identifier: GPL-2.0

//! Chunks as a script writes them. The same notation is for chunks that the peer sends, where
//! what is not said is something sensible, and for chunks that are expected, where what is not
//! said may be anything.

use super::Script;
use crate::engine::{
    addr::{Address, IpAddr},
    serial::Tsn,
    wire::{
        chunk::{Chunk, ChunkType},
        control,
        data::Data,
        init::Init,
        param::Params,
        sack::Sack,
    },
};

/// A chunk. Numbers of TSNs count from the first one of the side whose DATA they are about; -1 is
/// what is acknowledged before that came.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    kind: u8,
    flags: Option<u8>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    /// Empty, or anything.
    Any,
    Bytes(Vec<u8>),
    Data {
        tsn: i64,
        stream: Option<u16>,
        ssn: Option<u16>,
        ppid: Option<u32>,
        payload: Option<Vec<u8>>,
        len: Option<usize>,
    },
    Sack {
        cumulative: i64,
        rwnd: Option<u32>,
        gaps: Vec<(u16, u16)>,
        duplicates: Vec<i64>,
    },
    /// SHUTDOWN.
    Cumulative(i64),
    Init {
        tag: Option<u32>,
        tsn: Option<i64>,
        rwnd: Option<u32>,
        streams: Option<(u16, u16)>,
        /// Each sent, or each expected among others.
        params: Vec<(u16, Vec<u8>)>,
        /// Of an INIT ACK.
        has_cookie: bool,
    },
    /// COOKIE ECHO with the cookie that the engine has given, or with any.
    Cookie,
    /// All causes, with their information if it matters.
    Causes(Vec<(u16, Option<Vec<u8>>)>),
    HeartbeatInfo(Option<Vec<u8>>),
}

const END: u8 = 1;
const BEGIN: u8 = 2;
const UNORDERED: u8 = 4;
const IMMEDIATE: u8 = 8;

fn item(kind: ChunkType, body: Body) -> Item {
    Item {
        kind: kind.to_u8(),
        flags: None,
        body,
    }
}

/// A DATA chunk with a whole message.
pub(crate) fn data(tsn: i64) -> Item {
    let body = Body::Data {
        tsn,
        stream: None,
        ssn: None,
        ppid: None,
        payload: None,
        len: None,
    };
    item(ChunkType::Data, body)
}

pub(crate) fn sack(cumulative: i64) -> Item {
    let body = Body::Sack {
        cumulative,
        rwnd: None,
        gaps: Vec::new(),
        duplicates: Vec::new(),
    };
    item(ChunkType::Sack, body)
}

pub(crate) fn shutdown(cumulative: i64) -> Item {
    item(ChunkType::Shutdown, Body::Cumulative(cumulative))
}

fn any_init(kind: ChunkType, has_cookie: bool) -> Item {
    let body = Body::Init {
        tag: None,
        tsn: None,
        rwnd: None,
        streams: None,
        params: Vec::new(),
        has_cookie,
    };
    item(kind, body)
}

pub(crate) fn init() -> Item {
    any_init(ChunkType::Init, false)
}

pub(crate) fn init_ack() -> Item {
    any_init(ChunkType::InitAck, true)
}

pub(crate) fn cookie_echo() -> Item {
    item(ChunkType::CookieEcho, Body::Cookie)
}

pub(crate) fn cookie_ack() -> Item {
    item(ChunkType::CookieAck, Body::Any)
}

pub(crate) fn shutdown_ack() -> Item {
    item(ChunkType::ShutdownAck, Body::Any)
}

/// A SHUTDOWN COMPLETE without T bit.
pub(crate) fn shutdown_complete() -> Item {
    item(ChunkType::ShutdownComplete, Body::Any).flags(0)
}

/// A HEARTBEAT, with any information.
pub(crate) fn heartbeat() -> Item {
    item(ChunkType::Heartbeat, Body::HeartbeatInfo(None))
}

pub(crate) fn heartbeat_ack(info: &[u8]) -> Item {
    let body = Body::HeartbeatInfo(Some(info.to_vec()));
    item(ChunkType::HeartbeatAck, body)
}

/// An ABORT with no causes, without T bit.
pub(crate) fn abort() -> Item {
    item(ChunkType::Abort, Body::Causes(Vec::new())).flags(0)
}

pub(crate) fn error(code: u16) -> Item {
    item(ChunkType::Error, Body::Causes(Vec::new())).cause(code)
}

/// Any chunk, by its bytes.
pub(crate) fn chunk(kind: u8, flags: u8, value: &[u8]) -> Item {
    Item {
        kind,
        flags: Some(flags),
        body: Body::Bytes(value.to_vec()),
    }
}

impl Item {
    pub(crate) fn kind(&self) -> u8 {
        self.kind
    }

    pub(super) fn is_init(&self) -> bool {
        self.kind == ChunkType::Init.to_u8()
    }

    pub(crate) fn flags(mut self, flags: u8) -> Self {
        self.flags = Some(flags);
        self
    }

    /// With the T bit.
    pub(crate) fn reflected(self) -> Self {
        self.flags(1)
    }

    // DATA

    fn add_flags(self, on: u8, off: u8) -> Self {
        let flags = self.flags.unwrap_or(BEGIN | END);
        self.flags(flags & !off | on)
    }

    /// The first fragment of a message.
    pub(crate) fn first(self) -> Self {
        self.add_flags(BEGIN, END)
    }

    pub(crate) fn middle(self) -> Self {
        self.add_flags(0, BEGIN | END)
    }

    pub(crate) fn last(self) -> Self {
        self.add_flags(END, BEGIN)
    }

    pub(crate) fn unordered(self) -> Self {
        self.add_flags(UNORDERED, 0)
    }

    pub(crate) fn immediate(self) -> Self {
        self.add_flags(IMMEDIATE, 0)
    }

    pub(crate) fn on_stream(mut self, n: u16) -> Self {
        if let Body::Data { stream, .. } = &mut self.body {
            *stream = Some(n);
        }
        self
    }

    pub(crate) fn ssn(mut self, n: u16) -> Self {
        if let Body::Data { ssn, .. } = &mut self.body {
            *ssn = Some(n);
        }
        self
    }

    pub(crate) fn ppid(mut self, n: u32) -> Self {
        if let Body::Data { ppid, .. } = &mut self.body {
            *ppid = Some(n);
        }
        self
    }

    pub(crate) fn payload(mut self, bytes: &[u8]) -> Self {
        if let Body::Data { payload, .. } = &mut self.body {
            *payload = Some(bytes.to_vec());
        }
        self
    }

    /// So many bytes of payload.
    pub(crate) fn len(mut self, n: usize) -> Self {
        if let Body::Data { len, .. } = &mut self.body {
            *len = Some(n);
        }
        self
    }

    // SACK, INIT

    pub(crate) fn gap(mut self, start: u16, end: u16) -> Self {
        if let Body::Sack { gaps, .. } = &mut self.body {
            gaps.push((start, end));
        }
        self
    }

    pub(crate) fn duplicate(mut self, tsn: i64) -> Self {
        if let Body::Sack { duplicates, .. } = &mut self.body {
            duplicates.push(tsn);
        }
        self
    }

    pub(crate) fn rwnd(mut self, n: u32) -> Self {
        if let Body::Sack { rwnd, .. } | Body::Init { rwnd, .. } = &mut self.body {
            *rwnd = Some(n);
        }
        self
    }

    pub(crate) fn streams(mut self, out: u16, inwards: u16) -> Self {
        if let Body::Init { streams, .. } = &mut self.body {
            *streams = Some((out, inwards));
        }
        self
    }

    pub(crate) fn tag(mut self, n: u32) -> Self {
        if let Body::Init { tag, .. } = &mut self.body {
            *tag = Some(n);
        }
        self
    }

    /// The initial TSN, counted from the first one of its side.
    pub(crate) fn tsn(mut self, n: i64) -> Self {
        if let Body::Init { tsn, .. } = &mut self.body {
            *tsn = Some(n);
        }
        self
    }

    pub(crate) fn param(mut self, kind: u16, value: &[u8]) -> Self {
        if let Body::Init { params, .. } = &mut self.body {
            params.push((kind, value.to_vec()));
        }
        self
    }

    pub(crate) fn address(self, address: Address) -> Self {
        match address.ip {
            IpAddr::V4(ip) => self.param(5, &ip.octets()),
            IpAddr::V6(ip) => self.param(6, &ip.octets()),
        }
    }

    pub(crate) fn no_cookie(mut self) -> Self {
        if let Body::Init { has_cookie, .. } = &mut self.body {
            *has_cookie = false;
        }
        self
    }

    // ABORT, ERROR

    pub(crate) fn cause(mut self, code: u16) -> Self {
        if let Body::Causes(causes) = &mut self.body {
            causes.push((code, None));
        }
        self
    }

    pub(crate) fn cause_with(mut self, code: u16, info: &[u8]) -> Self {
        if let Body::Causes(causes) = &mut self.body {
            causes.push((code, Some(info.to_vec())));
        }
        self
    }

    /// The information of the last cause.
    pub(crate) fn info(mut self, bytes: &[u8]) -> Self {
        match &mut self.body {
            Body::Causes(causes) => {
                if let Some((_, info)) = causes.last_mut() {
                    *info = Some(bytes.to_vec());
                }
            }
            Body::HeartbeatInfo(info) => *info = Some(bytes.to_vec()),
            _ => {}
        }
        self
    }

    /// Appends the chunk, as the peer sends it.
    pub(super) fn put(&self, out: &mut Vec<u8>, x: &Script) {
        let mut value = Vec::new();
        let mut flags = self.flags.unwrap_or(0);
        match &self.body {
            Body::Any => {}
            Body::Bytes(bytes) => value.extend(bytes),
            Body::Data {
                tsn,
                stream,
                ssn,
                ppid,
                payload,
                len,
            } => {
                flags = self.flags.unwrap_or(BEGIN | END);
                value.extend(at(x.peer_tsn, *tsn).0.to_be_bytes());
                value.extend(stream.unwrap_or(0).to_be_bytes());
                value.extend(ssn.unwrap_or(0).to_be_bytes());
                value.extend(ppid.unwrap_or(0).to_be_bytes());
                match payload {
                    Some(bytes) => value.extend(bytes),
                    None => value.extend(vec![b'z'; len.unwrap_or(4)]),
                }
            }
            Body::Sack {
                cumulative,
                rwnd,
                gaps,
                duplicates,
            } => {
                value.extend(at(x.tsn, *cumulative).0.to_be_bytes());
                value.extend(rwnd.unwrap_or(100_000).to_be_bytes());
                value.extend((gaps.len() as u16).to_be_bytes());
                value.extend((duplicates.len() as u16).to_be_bytes());
                for (start, end) in gaps {
                    value.extend(start.to_be_bytes());
                    value.extend(end.to_be_bytes());
                }
                for tsn in duplicates {
                    value.extend(at(x.tsn, *tsn).0.to_be_bytes());
                }
            }
            Body::Cumulative(tsn) => value.extend(at(x.tsn, *tsn).0.to_be_bytes()),
            Body::Init {
                tag,
                tsn,
                rwnd,
                streams,
                params,
                has_cookie,
            } => {
                let (outwards, inwards) = streams.unwrap_or((10, 10));
                value.extend(tag.unwrap_or(x.peer_tag).to_be_bytes());
                value.extend(rwnd.unwrap_or(100_000).to_be_bytes());
                value.extend(outwards.to_be_bytes());
                value.extend(inwards.to_be_bytes());
                value.extend(at(x.peer_tsn, tsn.unwrap_or(0)).0.to_be_bytes());
                if *has_cookie {
                    tlv(&mut value, 7, b"a cookie of the peer");
                }
                for (kind, bytes) in params {
                    tlv(&mut value, *kind, bytes);
                }
            }
            Body::Cookie => value.extend(&x.cookie),
            Body::Causes(causes) => {
                for (code, info) in causes {
                    tlv(&mut value, *code, info.as_deref().unwrap_or(&[]));
                }
            }
            Body::HeartbeatInfo(info) => {
                tlv(&mut value, 1, info.as_deref().unwrap_or(b"heartbeat"));
            }
        }
        pad(out);
        out.extend([self.kind, flags]);
        out.extend((4 + value.len() as u16).to_be_bytes());
        out.extend(value);
        pad(out);
    }

    /// Whether a chunk of the engine is as expected.
    pub(super) fn matches(&self, chunk: &Chunk<'_>, x: &Script) -> bool {
        if chunk.kind.to_u8() != self.kind || self.flags.is_some_and(|f| f != chunk.flags) {
            return false;
        }
        match &self.body {
            Body::Any | Body::Cookie => true,
            Body::Bytes(bytes) => chunk.value == bytes,
            Body::Data {
                tsn,
                stream,
                ssn,
                ppid,
                payload,
                len,
            } => {
                let (Ok(data), Some(bytes)) = (Data::parse(chunk), chunk.value.get(12..)) else {
                    return false;
                };
                let h = data.header;
                h.tsn == at(x.tsn, *tsn)
                    && is(stream, &h.stream)
                    && is(ssn, &h.ssn.0)
                    && is(ppid, &u32::from_be_bytes(h.ppid))
                    && payload.as_ref().is_none_or(|p| p == bytes)
                    && is(len, &bytes.len())
            }
            Body::Sack {
                cumulative,
                rwnd,
                gaps,
                duplicates,
            } => {
                let Ok(sack) = Sack::parse(chunk) else {
                    return false;
                };
                let got: Vec<_> = sack.gaps().map(|g| (g.start, g.end)).collect();
                let dups: Vec<_> = sack.duplicates().collect();
                let wanted: Vec<_> = duplicates.iter().map(|n| at(x.peer_tsn, *n)).collect();
                sack.cumulative_tsn_ack == at(x.peer_tsn, *cumulative)
                    && is(rwnd, &sack.a_rwnd)
                    && got == *gaps
                    && dups == wanted
            }
            Body::Cumulative(tsn) => {
                control::shutdown_tsn(chunk).is_ok_and(|t| t == at(x.peer_tsn, *tsn))
            }
            Body::Init {
                tag,
                tsn,
                rwnd,
                streams,
                params,
                has_cookie,
            } => {
                let Ok(init) = Init::parse(chunk) else {
                    return false;
                };
                let f = init.fixed;
                let has = |kind: u16, bytes: &[u8]| {
                    Params::new(&chunk.value[16..])
                        .flatten()
                        .any(|p| p.kind.to_u16() == kind && p.value == bytes)
                };
                is(tag, &f.tag)
                    && tsn.is_none_or(|n| f.initial_tsn == at(x.tsn, n))
                    && is(rwnd, &f.a_rwnd)
                    && streams.is_none_or(|s| s == (f.out_streams, f.in_streams))
                    && init.cookie.is_some() == *has_cookie
                    && params.iter().all(|(kind, bytes)| has(*kind, bytes))
            }
            Body::Causes(causes) => {
                let got: Vec<_> = control::causes(chunk).flatten().collect();
                got.len() == causes.len()
                    && got.iter().zip(causes).all(|(got, (code, info))| {
                        got.code == *code && info.as_ref().is_none_or(|i| i == got.value)
                    })
            }
            Body::HeartbeatInfo(info) => {
                control::heartbeat_info(chunk).is_ok_and(|i| info.as_ref().is_none_or(|w| w == i))
            }
        }
    }
}

fn is<T: PartialEq>(wanted: &Option<T>, got: &T) -> bool {
    wanted.as_ref().is_none_or(|wanted| wanted == got)
}

fn at(first: Tsn, n: i64) -> Tsn {
    first.plus(n as u32)
}

/// Appends a parameter or cause, padded where another one follows.
fn tlv(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    pad(out);
    out.extend(kind.to_be_bytes());
    out.extend((4 + value.len() as u16).to_be_bytes());
    out.extend(value);
}

fn pad(out: &mut Vec<u8>) {
    while out.len() % 4 != 0 {
        out.push(0);
    }
}
