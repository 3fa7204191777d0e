#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""m3ua.py LOCAL SERVER COUNT: two application servers of SS7 over SCTP (M3UA, RFC 4666)
that register at a signalling transfer point, which passes messages on between them."""
import socket
import struct
import sys

SOL_SCTP = socket.IPPROTO_SCTP
SCTP_INITMSG, SCTP_EVENTS, SCTP_SNDRCV = 2, 11, 1
# struct sctp_sndrcvinfo: stream, ssn, flags, ppid, context, timetolive, tsn, cumtsn, assoc_id
SNDRCVINFO = "=HHH2xIIIIIi"
PPID = socket.htonl(3)
STREAMS = 4
# (class, type)
DATA = (1, 1)
ASPUP, ASPDN, BEAT, ASPUP_ACK, ASPDN_ACK, BEAT_ACK = ((3, n) for n in range(1, 7))
ASPAC, ASPIA, ASPAC_ACK, ASPIA_ACK = ((4, n) for n in range(1, 5))
REG_REQ, REG_RSP = (9, 1), (9, 2)
# Tags of parameters.
ROUTING_CONTEXT, HEARTBEAT_DATA, ASP_IDENTIFIER = 0x6, 0x9, 0x11
ROUTING_KEY, REGISTRATION_RESULT, LOCAL_RK_IDENTIFIER, DPC = 0x207, 0x208, 0x20A, 0x20B
PROTOCOL_DATA, REGISTRATION_STATUS = 0x210, 0x212


def param(tag, value):
    if isinstance(value, int):
        value = struct.pack("!I", value)
    return struct.pack("!HH", tag, 4 + len(value)) + value + bytes(-len(value) % 4)


def params(data):
    found = {}
    while data:
        tag, length = struct.unpack_from("!HH", data)
        found[tag] = data[4:length]
        data = data[length + -length % 4 :]
    return found


class Asp:
    """An application server process, of the point code `dpc`."""

    def __init__(self, local, server, dpc):
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        self.dpc = dpc
        self.sock = socket.socket(family, socket.SOCK_STREAM, SOL_SCTP)
        self.sock.settimeout(20)
        self.sock.setsockopt(SOL_SCTP, SCTP_INITMSG, struct.pack("=HHHH", STREAMS, STREAMS, 0, 0))
        self.sock.setsockopt(SOL_SCTP, SCTP_EVENTS, b"\1")
        self.sock.bind((local, 0))
        self.sock.connect((server, 2905))

    def send(self, kind, *args, stream=0):
        body = b"".join(args)
        message = struct.pack("!BBBBI", 1, 0, *kind, 8 + len(body)) + body
        info = struct.pack(SNDRCVINFO, stream, 0, 0, PPID, 0, 0, 0, 0, 0)
        assert self.sock.sendmsg([message], [(SOL_SCTP, SCTP_SNDRCV, info)]) == len(message)

    def receive(self, kind):
        """The parameters of the next message, which is of that kind."""
        while True:
            message, ancillary, flags, _ = self.sock.recvmsg(10000, 200)
            assert flags & socket.MSG_EOR and message, f"{flags:#x} {message!r}"
            (info,) = [data for _, what, data in ancillary if what == SCTP_SNDRCV]
            ppid = struct.unpack(SNDRCVINFO, info)[3]
            version, _, *got, length = struct.unpack_from("!BBBBI", message)
            assert (ppid, version, length) == (PPID, 1, len(message))
            # The state of this server (NTFY) and that of the other one (class 2) may be
            # told at any time.
            if tuple(got) != (0, 1) and got[0] != 2:
                assert tuple(got) == kind, f"{got} instead of {kind}: {message!r}"
                return params(message[8:])

    def ask(self, kind, answer, *args):
        self.send(kind, *args)
        return self.receive(answer)

    def start(self):
        self.ask(ASPUP, ASPUP_ACK, param(ASP_IDENTIFIER, self.dpc))
        key = param(LOCAL_RK_IDENTIFIER, self.dpc) + param(DPC, self.dpc)
        result = self.ask(REG_REQ, REG_RSP, param(ROUTING_KEY, key))[REGISTRATION_RESULT]
        result = params(result)
        assert result[REGISTRATION_STATUS] == bytes(4), result
        self.context = param(ROUTING_CONTEXT, result[ROUTING_CONTEXT])
        self.ask(ASPAC, ASPAC_ACK, self.context)
        print(f"{self.dpc}: active")

    def stop(self):
        self.ask(ASPIA, ASPIA_ACK, self.context)
        self.ask(ASPDN, ASPDN_ACK)
        self.sock.close()

    def beat(self, size):
        data = bytes(n & 0xFF for n in range(size))
        back = self.ask(BEAT, BEAT_ACK, param(HEARTBEAT_DATA, data))
        assert back[HEARTBEAT_DATA] == data

    def label(self, peer, sls):
        """OPC, DPC, service indicator (SCCP), network, priority, link."""
        return struct.pack("!IIBBBB", self.dpc, peer.dpc, 3, 2, 0, sls)


def pass_on(count, a, z):
    """Messages of one link stay in order."""
    sent = {}
    for n in range(count):
        sls = n % 7
        data = a.label(z, sls) + bytes((n + i) & 0xFF for i in range(n * 37 % 250 + 1))
        sent.setdefault(sls, []).append(data)
        a.send(DATA, a.context, param(PROTOCOL_DATA, data), stream=1 + sls % (STREAMS - 1))
    got = {}
    for _ in range(count):
        data = z.receive(DATA)[PROTOCOL_DATA]
        got.setdefault(data[11], []).append(data)
    assert got == sent


def main(local, server, count):
    a, z = Asp(local, server, 1), Asp(local, server, 2)
    for asp in a, z:
        asp.start()
    for size in 1, 100, 1400:
        a.beat(size)
    pass_on(count, a, z)
    pass_on(count, z, a)
    for asp in a, z:
        asp.stop()
    print("all was passed on")


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
