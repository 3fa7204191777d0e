/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets that no socket would send, as if they came from the server of a pair:
 * a raw socket learns the client's verification tag from those that do.
 */
#ifndef SCTP_RAW_H
#define SCTP_RAW_H

#include "sctp_packet.h"
#include "sctp_util.h"

struct raw {
	int fd;
	union test_addr client;
	uint16_t from, to;
	uint32_t tag;
};

/* Before the pair is connected. */
static inline void raw_open(struct __test_metadata *_metadata,
			    const struct flavour *fl, struct raw *raw)
{
	int domain = fl->family == TEST_IPV6 ? AF_INET6 : AF_INET;

	memset(raw, 0, sizeof(*raw));
	raw->fd = socket(domain, SOCK_RAW, IPPROTO_SCTP);
	ASSERT_LE(0, raw->fd);
}

/* After that: looks for a packet from the server. */
static inline void raw_learn(struct __test_metadata *_metadata,
			     struct raw *raw, const struct pair *p)
{
	socklen_t len = sizeof(raw->client);
	uint8_t buf[2048], *packet = buf;
	uint16_t client;

	ASSERT_EQ(0, getsockname(p->client.fd, &raw->client.sa, &len));
	client = port_of(&raw->client);
	do {
		wait_for(_metadata, raw->fd, POLLIN);
		len = sizeof(raw->client);
		ASSERT_LT(0, recvfrom(raw->fd, buf, sizeof(buf), 0,
				      &raw->client.sa, &len));
		/* With its header if it is IPv4. */
		if (raw->client.sa.sa_family == AF_INET)
			packet = buf + (buf[0] & 15) * 4;
		raw->from = get16(packet);
		raw->to = get16(packet + 2);
		raw->tag = get32(packet + 4);
	} while (raw->from != port_of(&p->addr) || raw->to != client);
	/* On loopback the two have the same address; a raw one has no port. */
	if (raw->client.sa.sa_family == AF_INET)
		raw->client.v4.sin_port = 0;
	else
		raw->client.v6.sin6_port = 0;
}

/* Sends one chunk; @len without padding. */
static inline void raw_send(struct __test_metadata *_metadata,
			    const struct raw *raw, int type, int flags,
			    const void *value, size_t len)
{
	uint8_t packet[2048] = { 0 };
	size_t size = SCTP_HEADER + 4 + (len + 3) / 4 * 4;

	ASSERT_GE(sizeof(packet), size);
	set16(packet, raw->from);
	set16(packet + 2, raw->to);
	set32(packet + 4, raw->tag);
	packet[12] = type;
	packet[13] = flags;
	set16(packet + 14, 4 + len);
	memcpy(packet + 16, value, len);
	set_checksum(packet, size);
	ASSERT_EQ((ssize_t)size, sendto(raw->fd, packet, size, 0,
					&raw->client.sa,
					addr_len(&raw->client)))
		TH_LOG("raw packet: %s", strerror(errno));
}

#endif /* SCTP_RAW_H */
