// SPDX-License-Identifier: GPL-2.0

//! The chunks that are sent, one function each: RFC 9260, 3.3. The formats are drawn where they
//! are parsed.

use super::{
    builder::{BuildError, ChunkWriter, PacketBuilder},
    cause::NewCause,
    chunk::{ChunkType, FLAG_T},
    forward_tsn::Skipped,
    init::{AddressTypes, InitFixed},
    param::ParamType,
    read,
    sack::GapBlock,
    tlv,
};
use crate::engine::{
    addr::{Address, IpAddr},
    cx::Payload,
    env::Flags,
    serial::Tsn,
    time::Duration,
};

/// The parameters of an INIT or INIT ACK. None of them has to be there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct InitParams<'a> {
    /// Our addresses; empty if there is only the one that the packet is sent from.
    pub(crate) addresses: &'a [Address],
    pub(crate) address_types: Option<AddressTypes>,
    /// How much longer the peer's cookie should live, after it was stale (RFC 9260, 5.2.6).
    pub(crate) preservative: Option<Duration>,
    /// FORWARD TSN may be used (RFC 3758, 3.1).
    pub(crate) forward_tsn_supported: bool,
    /// What our user is (RFC 5061, 4.2.6).
    pub(crate) adaptation_code_point: Option<u32>,
}

impl<B: Payload> PacketBuilder<B> {
    pub(crate) fn init(
        &mut self,
        gfp: Flags,
        fixed: &InitFixed,
        params: &InitParams<'_>,
    ) -> Result<(), BuildError> {
        let mut w = self.chunk(gfp, ChunkType::Init, 0)?;
        w.put_init_fixed(fixed)?;
        w.put_init_params(params)?;
        w.finish()
    }

    /// Appends an INIT ACK. Of the `unrecognized` parameters of the INIT as many are reported as
    /// fit into the packet and into `report_limit` bytes.
    pub(crate) fn init_ack<'p>(
        &mut self,
        gfp: Flags,
        fixed: &InitFixed,
        params: &InitParams<'_>,
        cookie: &[u8],
        unrecognized: impl IntoIterator<Item = &'p [u8]>,
        report_limit: usize,
    ) -> Result<(), BuildError> {
        let mut w = self.chunk(gfp, ChunkType::InitAck, 0)?;
        w.put_init_fixed(fixed)?;
        w.put_init_params(params)?;
        w.put_tlv(ParamType::StateCookie.to_u16(), &[cookie])?;
        let mut left = report_limit;
        for raw in unrecognized {
            let size = tlv::padded(tlv::HEADER_LEN.saturating_add(raw.len()));
            let Some(after) = left.checked_sub(size) else {
                break;
            };
            match w.put_tlv(ParamType::UnrecognizedParameter.to_u16(), &[raw]) {
                Ok(()) => left = after,
                Err(BuildError::NoRoom) => break,
                Err(BuildError::NoMemory) => return Err(BuildError::NoMemory),
            }
        }
        w.finish()
    }

    /// Appends a SACK with as many of the gap blocks as fit, then as many of the duplicates.
    pub(crate) fn sack(
        &mut self,
        gfp: Flags,
        cumulative_tsn_ack: Tsn,
        a_rwnd: u32,
        gaps: impl IntoIterator<Item = GapBlock>,
        duplicates: impl IntoIterator<Item = Tsn>,
    ) -> Result<(), BuildError> {
        /// Where the counts are in the chunk.
        const GAPS_AT: usize = 12;
        const DUPLICATES_AT: usize = 14;

        let mut w = self.chunk(gfp, ChunkType::Sack, 0)?;
        let [t0, t1, t2, t3] = cumulative_tsn_ack.0.to_be_bytes();
        let [w0, w1, w2, w3] = a_rwnd.to_be_bytes();
        w.put(&[t0, t1, t2, t3, w0, w1, w2, w3, 0, 0, 0, 0])?;
        let gaps = gaps.into_iter().map(|gap| {
            let [s0, s1] = gap.start.to_be_bytes();
            let [e0, e1] = gap.end.to_be_bytes();
            [s0, s1, e0, e1]
        });
        let n = w.put_what_fits(gaps)?;
        w.patch_u16(GAPS_AT, n);
        let n = w.put_what_fits(duplicates.into_iter().map(|tsn| tsn.0.to_be_bytes()))?;
        w.patch_u16(DUPLICATES_AT, n);
        w.finish()
    }

    /// Appends a HEARTBEAT. `info` comes back in the ACK, if the peer is there.
    pub(crate) fn heartbeat(&mut self, gfp: Flags, info: &[u8]) -> Result<(), BuildError> {
        let mut w = self.chunk(gfp, ChunkType::Heartbeat, 0)?;
        w.put_tlv(ParamType::HeartbeatInfo.to_u16(), &[info])?;
        w.finish()
    }

    /// Appends the answer to a HEARTBEAT with that `info`.
    pub(crate) fn heartbeat_ack(&mut self, gfp: Flags, info: &[u8]) -> Result<(), BuildError> {
        let mut w = self.chunk(gfp, ChunkType::HeartbeatAck, 0)?;
        w.put_tlv(ParamType::HeartbeatInfo.to_u16(), &[info])?;
        w.finish()
    }

    /// Appends an ABORT. `is_reflected` sets the T bit: the packet then has to carry the tag of
    /// the packet it answers (RFC 9260, 8.5.1). Causes that do not fit are cut or left out.
    pub(crate) fn abort(
        &mut self,
        gfp: Flags,
        is_reflected: bool,
        causes: &[NewCause<'_>],
    ) -> Result<(), BuildError> {
        let mut w = self.chunk(gfp, ChunkType::Abort, if is_reflected { FLAG_T } else { 0 })?;
        for cause in causes {
            match w.put_cause(cause) {
                Ok(()) => {}
                Err(BuildError::NoRoom) => break,
                Err(BuildError::NoMemory) => return Err(BuildError::NoMemory),
            }
        }
        w.finish()
    }

    /// Appends an ERROR with one cause, which is cut if it does not fit as a whole.
    pub(crate) fn error(&mut self, gfp: Flags, cause: &NewCause<'_>) -> Result<(), BuildError> {
        let mut w = self.chunk(gfp, ChunkType::Error, 0)?;
        w.put_cause(cause)?;
        w.finish()
    }

    pub(crate) fn shutdown(
        &mut self,
        gfp: Flags,
        cumulative_tsn_ack: Tsn,
    ) -> Result<(), BuildError> {
        let mut w = self.chunk(gfp, ChunkType::Shutdown, 0)?;
        w.put_u32(cumulative_tsn_ack.0)?;
        w.finish()
    }

    pub(crate) fn shutdown_ack(&mut self, gfp: Flags) -> Result<(), BuildError> {
        self.chunk(gfp, ChunkType::ShutdownAck, 0)?.finish()
    }

    /// Appends a SHUTDOWN COMPLETE. `is_reflected` as for [`abort`](Self::abort).
    pub(crate) fn shutdown_complete(
        &mut self,
        gfp: Flags,
        is_reflected: bool,
    ) -> Result<(), BuildError> {
        let flags = if is_reflected { FLAG_T } else { 0 };
        self.chunk(gfp, ChunkType::ShutdownComplete, flags)?
            .finish()
    }

    pub(crate) fn cookie_echo(&mut self, gfp: Flags, cookie: &[u8]) -> Result<(), BuildError> {
        let mut w = self.chunk(gfp, ChunkType::CookieEcho, 0)?;
        w.put(cookie)?;
        w.finish()
    }

    pub(crate) fn cookie_ack(&mut self, gfp: Flags) -> Result<(), BuildError> {
        self.chunk(gfp, ChunkType::CookieAck, 0)?.finish()
    }

    /// Appends a FORWARD TSN. All of `skipped` has to fit: what is left out would be waited for.
    pub(crate) fn forward_tsn(
        &mut self,
        gfp: Flags,
        new_cumulative_tsn: Tsn,
        skipped: impl IntoIterator<Item = Skipped>,
    ) -> Result<(), BuildError> {
        let mut w = self.chunk(gfp, ChunkType::ForwardTsn, 0)?;
        w.put_u32(new_cumulative_tsn.0)?;
        for skipped in skipped {
            w.put_u16(skipped.stream)?;
            w.put_u16(skipped.ssn.0)?;
        }
        w.finish()
    }
}

impl<B: Payload> ChunkWriter<'_, B> {
    fn put_init_fixed(&mut self, fixed: &InitFixed) -> Result<(), BuildError> {
        self.put_u32(fixed.tag)?;
        self.put_u32(fixed.a_rwnd)?;
        self.put_u16(fixed.out_streams)?;
        self.put_u16(fixed.in_streams)?;
        self.put_u32(fixed.initial_tsn.0)
    }

    fn put_init_params(&mut self, params: &InitParams<'_>) -> Result<(), BuildError> {
        self.put_addresses(params.addresses)?;
        if let Some(span) = params.preservative {
            let ms = span.as_millis().to_be_bytes();
            self.put_tlv(ParamType::CookiePreservative.to_u16(), &[&ms])?;
        }
        if let Some(types) = params.address_types {
            let ipv4 = ParamType::Ipv4Address.to_u16().to_be_bytes();
            let ipv6 = ParamType::Ipv6Address.to_u16().to_be_bytes();
            let parts: [&[u8]; 2] = [
                if types.ipv4 { &ipv4 } else { &[] },
                if types.ipv6 { &ipv6 } else { &[] },
            ];
            self.put_tlv(ParamType::SupportedAddressTypes.to_u16(), &parts)?;
        }
        if params.forward_tsn_supported {
            self.put_tlv(ParamType::ForwardTsnSupported.to_u16(), &[])?;
        }
        if let Some(code_point) = params.adaptation_code_point {
            let kind = ParamType::AdaptationLayerIndication.to_u16();
            self.put_tlv(kind, &[&code_point.to_be_bytes()])?;
        }
        Ok(())
    }

    fn put_addresses(&mut self, addresses: &[Address]) -> Result<(), BuildError> {
        for address in addresses {
            match address.ip {
                IpAddr::V4(a) => self.put_tlv(ParamType::Ipv4Address.to_u16(), &[&a.octets()])?,
                IpAddr::V6(a) => self.put_tlv(ParamType::Ipv6Address.to_u16(), &[&a.octets()])?,
            }
        }
        Ok(())
    }

    /// Appends items of 4 bytes until they or the room come to an end, and says how many.
    fn put_what_fits(&mut self, items: impl Iterator<Item = [u8; 4]>) -> Result<u16, BuildError> {
        let mut n = 0_u16;
        for item in items {
            let Some(next) = n.checked_add(1) else {
                break;
            };
            match self.put(&item) {
                Ok(()) => n = next,
                Err(BuildError::NoRoom) => break,
                Err(BuildError::NoMemory) => return Err(BuildError::NoMemory),
            }
        }
        Ok(n)
    }

    fn put_cause(&mut self, cause: &NewCause<'_>) -> Result<(), BuildError> {
        let code = cause.code();
        match cause {
            NewCause::InvalidStreamIdentifier(stream) => {
                self.put_tlv(code, &[&stream.to_be_bytes(), &[0; 2]])
            }
            NewCause::StaleCookie(microseconds) => {
                self.put_tlv(code, &[&microseconds.to_be_bytes()])
            }
            NewCause::NoUserData(tsn) => self.put_tlv(code, &[&tsn.0.to_be_bytes()]),
            NewCause::MissingMandatoryParameter(types) => {
                // One missing parameter is all that this side ever finds, and no list of them is
                // longer than the table of parameters.
                let mut list = [0_u8; 16];
                let mut len = 0_usize;
                let mut count = 0_u32;
                for (slot, kind) in list.chunks_exact_mut(2).zip(types.iter()) {
                    read::copy(slot, &kind.to_be_bytes());
                    len = len.saturating_add(2);
                    count = count.saturating_add(1);
                }
                let list = list.get(..len).unwrap_or(&[]);
                self.put_tlv(code, &[&count.to_be_bytes(), list])
            }
            NewCause::OutOfResource
            | NewCause::InvalidMandatoryParameter
            | NewCause::CookieWhileShuttingDown
            | NewCause::UnresolvableAddress(_)
            | NewCause::UnrecognizedChunkType(_)
            | NewCause::UnrecognizedParameters(_)
            | NewCause::RestartWithNewAddresses(_)
            | NewCause::UserInitiatedAbort(_)
            | NewCause::ProtocolViolation(_)
            | NewCause::Other(..) => {
                let padding = tlv::padded(self.len()).saturating_sub(self.len());
                let room = self
                    .room()
                    .saturating_sub(padding)
                    .saturating_sub(tlv::HEADER_LEN);
                let quote = cause.quote();
                let quote = quote.get(..room).unwrap_or(quote);
                self.put_tlv(code, &[quote])
            }
        }
    }
}
