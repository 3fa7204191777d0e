// SPDX-License-Identifier: GPL-2.0

//! INIT and INIT ACK: RFC 9260, 3.3.2 and 3.3.3.
//!
//! ```text
//! +---------------+---------------+-------------------------------+
//! |   type 1, 2   |     flags     |            length             |
//! +---------------+---------------+-------------------------------+
//! |                         initiate tag                          |
//! +---------------------------------------------------------------+
//! |                            a_rwnd                             |
//! +-------------------------------+-------------------------------+
//! |  number of outbound streams   |   number of inbound streams   |
//! +-------------------------------+-------------------------------+
//! |                          initial TSN                          |
//! +---------------------------------------------------------------+
//! |  parameters: addresses, cookie (INIT ACK), what is supported … |
//! ```

use super::{
    chunk::{Chunk, ChunkType},
    param::{Param, ParamType, Params},
    read::Reader,
    Malformed,
};
use crate::engine::{
    addr::{Address, IpAddr, Ipv4Addr, Ipv6Addr},
    serial::Tsn,
    time::Duration,
};

/// The least a_rwnd that may be advertised in an INIT (RFC 9260, 3.3.2).
pub(crate) const MIN_A_RWND: u32 = 1500;

/// The fixed part, both as received and to be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct InitFixed {
    pub(crate) tag: u32,
    pub(crate) a_rwnd: u32,
    pub(crate) out_streams: u16,
    pub(crate) in_streams: u16,
    pub(crate) initial_tsn: Tsn,
}

/// Which kinds of addresses the sender can use (RFC 9260, 3.3.2.1.6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct AddressTypes {
    pub(crate) ipv4: bool,
    pub(crate) ipv6: bool,
}

impl AddressTypes {
    /// Whether the type of `address` is one of them.
    pub(crate) fn have(&self, address: &Address) -> bool {
        match address.ip {
            IpAddr::V4(_) => self.ipv4,
            IpAddr::V6(_) => self.ipv6,
        }
    }
}

/// What is wrong with an INIT or INIT ACK that can be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum InitFault<'a> {
    /// The initiate tag is 0: no answer is possible.
    ZeroTag,
    /// No stream in one direction, or hardly any window: "Invalid Mandatory Parameter".
    InvalidMandatoryParameter,
    /// There is a host name, the parameter is given: "Unresolvable Address".
    HostName(&'a [u8]),
}

/// A received INIT or INIT ACK.
///
/// All parameters are well formed, up to the one that ends the processing of the chunk because it
/// is not known and says so (RFC 9260, 3.2.1); what comes after that one is not looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Init<'a> {
    pub(crate) fixed: InitFixed,
    /// State Cookie, mandatory in an INIT ACK.
    pub(crate) cookie: Option<&'a [u8]>,
    /// Cookie Preservative: how much longer the peer wants its cookie to live.
    pub(crate) preservative: Option<Duration>,
    pub(crate) address_types: Option<AddressTypes>,
    pub(crate) is_ecn_capable: bool,
    pub(crate) is_forward_tsn_supported: bool,
    /// Adaptation Layer Indication: what the peer's user is, in a number that the users know.
    pub(crate) adaptation_code_point: Option<u32>,
    /// Chunk types that the peer supports (RFC 5061), one per byte.
    pub(crate) extensions: &'a [u8],
    host_name: Option<&'a [u8]>,
    params: &'a [u8],
}

impl<'a> Init<'a> {
    /// Size without parameters, chunk header included.
    pub(crate) const MIN_LEN: usize = 20;

    pub(crate) fn parse(chunk: &Chunk<'a>) -> Result<Self, Malformed> {
        let mut r = Reader::new(chunk.value);
        let fixed = Self::parse_fixed(&mut r).ok_or(Malformed)?;
        let mut init = Self {
            fixed,
            cookie: None,
            preservative: None,
            address_types: None,
            is_ecn_capable: false,
            is_forward_tsn_supported: false,
            adaptation_code_point: None,
            extensions: &[],
            host_name: None,
            params: r.rest(),
        };
        for param in Params::new(r.rest()) {
            let param = param?;
            let stops = init.note(&param)?;
            if stops {
                init.params = r.rest().get(..param.end()).ok_or(Malformed)?;
                break;
            }
        }
        Ok(init)
    }

    fn parse_fixed(r: &mut Reader<'a>) -> Option<InitFixed> {
        Some(InitFixed {
            tag: r.u32()?,
            a_rwnd: r.u32()?,
            out_streams: r.u16()?,
            in_streams: r.u16()?,
            initial_tsn: Tsn(r.u32()?),
        })
    }

    /// Takes in one parameter and says whether it is to be the last one. Of a parameter that comes
    /// twice the first one counts.
    fn note(&mut self, param: &Param<'a>) -> Result<bool, Malformed> {
        let value = param.value;
        match param.kind {
            ParamType::Ipv4Address | ParamType::Ipv6Address => {
                address(param).ok_or(Malformed)?;
            }
            ParamType::StateCookie => {
                self.cookie.get_or_insert(value);
            }
            ParamType::CookiePreservative => {
                let ms = Reader::new(value).u32().ok_or(Malformed)?;
                self.preservative.get_or_insert(Duration::from_millis(ms));
            }
            ParamType::HostNameAddress => {
                self.host_name.get_or_insert(param.raw);
            }
            ParamType::SupportedAddressTypes => {
                self.address_types.get_or_insert(address_types(value));
            }
            ParamType::EcnCapable => self.is_ecn_capable = true,
            ParamType::ForwardTsnSupported => self.is_forward_tsn_supported = true,
            ParamType::AdaptationLayerIndication => {
                let octets: [u8; 4] = value.try_into().map_err(|_| Malformed)?;
                let code_point = u32::from_be_bytes(octets);
                self.adaptation_code_point.get_or_insert(code_point);
            }
            ParamType::SupportedExtensions => {
                if self.extensions.is_empty() {
                    self.extensions = value;
                }
                // Some peers announce it by this alone.
                self.is_forward_tsn_supported |= value.contains(&ChunkType::ForwardTsn.to_u8());
            }
            // What the peer did not understand of our INIT needs no action: nothing was enabled
            // by sending it.
            ParamType::UnrecognizedParameter => {}
            // Known, but of no meaning here.
            ParamType::HeartbeatInfo | ParamType::Padding => {}
            ParamType::Unrecognized(_) => return Ok(param.kind.on_unrecognized().is_stop()),
        }
        Ok(false)
    }

    /// What forbids to set up an association with this, if anything.
    pub(crate) fn fault(&self) -> Option<InitFault<'a>> {
        let fixed = &self.fixed;
        if fixed.tag == 0 {
            return Some(InitFault::ZeroTag);
        }
        if fixed.out_streams == 0 || fixed.in_streams == 0 || fixed.a_rwnd < MIN_A_RWND {
            return Some(InitFault::InvalidMandatoryParameter);
        }
        self.host_name.map(InitFault::HostName)
    }

    /// The addresses that the sender lists; it has sent the chunk `from` there.
    ///
    /// Left out are addresses that are not unicast, and IPv4 ones in the clothes of IPv6 (two
    /// names for one path). Link-local ones are on the interface of `from`. The list is as long
    /// as the peer makes it, and nobody has asked yet whether these addresses are the peer's to
    /// name: [`ScopePolicy::claimed`](crate::engine::scope::ScopePolicy::claimed) does.
    pub(crate) fn addresses(&self, from: Address) -> impl Iterator<Item = Address> + 'a {
        Params::new(self.params)
            .filter_map(|param| address(&param.ok()?))
            .filter_map(move |ip| usable(ip, from))
    }

    /// Parameters that are to be reported to the sender (RFC 9260, 3.2.1), with their headers.
    pub(crate) fn unrecognized(&self) -> impl Iterator<Item = &'a [u8]> + 'a {
        Params::new(self.params).filter_map(|param| {
            let param = param.ok()?;
            let ParamType::Unrecognized(_) = param.kind else {
                return None;
            };
            let is_report = param.kind.on_unrecognized().is_report();
            is_report.then_some(param.raw)
        })
    }
}

/// The address in an address parameter; `None` for other parameters and wrong lengths.
fn address(param: &Param<'_>) -> Option<IpAddr> {
    if param.kind == ParamType::Ipv4Address {
        let bytes: [u8; 4] = param.value.try_into().ok()?;
        return Some(IpAddr::V4(Ipv4Addr::from(bytes)));
    }
    if param.kind == ParamType::Ipv6Address {
        let bytes: [u8; 16] = param.value.try_into().ok()?;
        return Some(IpAddr::V6(Ipv6Addr::from(bytes)));
    }
    None
}

fn usable(ip: IpAddr, from: Address) -> Option<Address> {
    let mut address = Address::new(ip);
    match ip {
        IpAddr::V4(_) => {}
        IpAddr::V6(v6) => {
            if v6.to_ipv4_mapped().is_some() {
                return None;
            }
            if v6.is_unicast_link_local() {
                address.scope_id = from.scope_id;
            }
        }
    }
    address.is_unicast().then_some(address)
}

/// Types that are not known are not of interest.
fn address_types(value: &[u8]) -> AddressTypes {
    let mut types = AddressTypes {
        ipv4: false,
        ipv6: false,
    };
    let mut r = Reader::new(value);
    while let Some(kind) = r.u16() {
        let kind = ParamType::from_u16(kind);
        types.ipv4 |= kind == ParamType::Ipv4Address;
        types.ipv6 |= kind == ParamType::Ipv6Address;
    }
    types
}
