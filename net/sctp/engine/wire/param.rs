// SPDX-License-Identifier: GPL-2.0

//! Parameters of chunks: RFC 9260, 3.2.1 and 3.3.2.1 ff.
//!
//! ```text
//! +-------------------------------+-------------------------------+
//! |             type              |            length             |
//! +-------------------------------+-------------------------------+
//! |  value …                                                      |
//! ```

use super::{
    tlv::{Element, Elements},
    Malformed, OnUnrecognized,
};

/// The type of a parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ParamType {
    HeartbeatInfo,
    Ipv4Address,
    Ipv6Address,
    StateCookie,
    UnrecognizedParameter,
    CookiePreservative,
    /// Obsolete: whoever sends one is refused (RFC 9260, 3.3.2.1.4).
    HostNameAddress,
    SupportedAddressTypes,
    /// Reserved for congestion notification (RFC 9260, 3.3.2).
    EcnCapable,
    /// RFC 4820, 4: makes an INIT larger, and is otherwise nothing.
    Padding,
    /// RFC 5061, 4.2.7.
    SupportedExtensions,
    /// RFC 3758, 3.1.
    ForwardTsnSupported,
    /// RFC 5061, 4.2.6.
    AdaptationLayerIndication,
    /// None of the above. Never holds a number that has a name.
    Unrecognized(u16),
}

impl ParamType {
    pub(crate) const fn from_u16(kind: u16) -> Self {
        match kind {
            1 => Self::HeartbeatInfo,
            5 => Self::Ipv4Address,
            6 => Self::Ipv6Address,
            7 => Self::StateCookie,
            8 => Self::UnrecognizedParameter,
            9 => Self::CookiePreservative,
            11 => Self::HostNameAddress,
            12 => Self::SupportedAddressTypes,
            0x8000 => Self::EcnCapable,
            0x8005 => Self::Padding,
            0x8008 => Self::SupportedExtensions,
            0xc000 => Self::ForwardTsnSupported,
            0xc006 => Self::AdaptationLayerIndication,
            other => Self::Unrecognized(other),
        }
    }

    pub(crate) const fn to_u16(self) -> u16 {
        match self {
            Self::HeartbeatInfo => 1,
            Self::Ipv4Address => 5,
            Self::Ipv6Address => 6,
            Self::StateCookie => 7,
            Self::UnrecognizedParameter => 8,
            Self::CookiePreservative => 9,
            Self::HostNameAddress => 11,
            Self::SupportedAddressTypes => 12,
            Self::EcnCapable => 0x8000,
            Self::Padding => 0x8005,
            Self::SupportedExtensions => 0x8008,
            Self::ForwardTsnSupported => 0xc000,
            Self::AdaptationLayerIndication => 0xc006,
            Self::Unrecognized(other) => other,
        }
    }

    /// What its number asks of those who do not know it.
    pub(crate) const fn on_unrecognized(self) -> OnUnrecognized {
        let [high, _] = self.to_u16().to_be_bytes();
        OnUnrecognized::from_octet(high)
    }
}

/// A parameter of a received chunk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Param<'a> {
    pub(crate) kind: ParamType,
    /// Without header and padding.
    pub(crate) value: &'a [u8],
    /// With the header, without padding: what a report quotes.
    pub(crate) raw: &'a [u8],
    /// Where the parameter begins in the list.
    offset: usize,
}

impl<'a> Param<'a> {
    fn from_element(element: Element<'a>) -> Self {
        Self {
            kind: ParamType::from_u16(u16::from_be_bytes(element.head)),
            value: element.value,
            raw: element.raw,
            offset: element.offset,
        }
    }

    /// How much of the list this parameter and all before it take, without its padding.
    pub(super) const fn end(&self) -> usize {
        self.offset.saturating_add(self.raw.len())
    }
}

/// The parameters in a chunk or in another parameter, in order. An error is the last item.
#[derive(Clone, Debug)]
pub(crate) struct Params<'a> {
    elements: Elements<'a>,
}

impl<'a> Params<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            elements: Elements::new(bytes, 0),
        }
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = Result<Param<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.elements.next()?.map(Param::from_element))
    }
}
