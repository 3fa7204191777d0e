// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP errors as errors of a socket: for who asks (IP_RECVERR, IPV6_RECVERR) and,
 * without waking anybody, in SO_ERROR. They come as if from a router that had seen
 * a packet of the server.
 */
#include "sctp_raw.h"
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

FIXTURE(icmp) {
	struct pair p;
	struct raw raw;
	int fd;
};

SCTP_FIXTURE_VARIANT(icmp);
SCTP_VARIANTS(icmp);

FIXTURE_SETUP(icmp)
{
	bool is_v6 = variant->fl.family == TEST_IPV6;

	enter_netns(_metadata);
	raw_open(_metadata, &variant->fl, &self->raw);
	pair_open(_metadata, &variant->fl, &self->p);
	raw_learn(_metadata, &self->raw, &self->p);
	self->fd = is_v6 ? socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6) :
			   socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(icmp)
{
}

static uint16_t checksum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (; len > 1; len -= 2, bytes += 2)
		sum += get16(bytes);
	sum = (sum >> 16) + (sum & 0xffff);
	return ~(sum + (sum >> 16));
}

/* "No route to host" about a packet with this tag. */
static void send_unreachable(struct __test_metadata *_metadata, int fd,
			     const struct raw *raw, uint32_t tag)
{
	bool is_v6 = raw->client.sa.sa_family == AF_INET6;
	uint8_t message[128] = { 0 }, *ip = message + 8, *sctp = ip + (is_v6 ? 40 : 20);
	size_t len = sctp + 8 - message;

	message[0] = is_v6 ? ICMP6_DST_UNREACH : ICMP_DEST_UNREACH;
	message[1] = is_v6 ? ICMP6_DST_UNREACH_ADDR : ICMP_HOST_UNREACH;
	/* Both are loopback. */
	if (is_v6) {
		ip[0] = 0x60;
		set16(ip + 4, 100);
		ip[6] = IPPROTO_SCTP;
		ip[7] = 64;
		memcpy(ip + 8, &raw->client.v6.sin6_addr, 16);
		memcpy(ip + 24, &raw->client.v6.sin6_addr, 16);
	} else {
		ip[0] = 0x45;
		set16(ip + 2, 120);
		ip[8] = 64;
		ip[9] = IPPROTO_SCTP;
		memcpy(ip + 12, &raw->client.v4.sin_addr, 4);
		memcpy(ip + 16, &raw->client.v4.sin_addr, 4);
		set16(ip + 10, checksum(ip, 20));
	}
	set16(sctp, raw->from);
	set16(sctp + 2, raw->to);
	set32(sctp + 4, tag);
	/* That of ICMPv6 the kernel fills in. */
	if (!is_v6)
		set16(message + 2, checksum(message, len));
	ASSERT_EQ((ssize_t)len, sendto(fd, message, len, 0, &raw->client.sa,
				       addr_len(&raw->client)))
		TH_LOG("ICMP: %s", strerror(errno));
}

static int socket_error(struct __test_metadata *_metadata, int fd)
{
	return get_int(_metadata, fd, SOL_SOCKET, SO_ERROR);
}

static void expect_unharmed(struct __test_metadata *_metadata, const struct pair *p)
{
	send_pattern(_metadata, &p->server, 1000, 0, 1);
	recv_pattern(_metadata, p->client.fd, 1000, 1, NULL);
	send_pattern(_metadata, &p->client, 1000, 0, 2);
	recv_pattern(_metadata, p->server.fd, 1000, 2, NULL);
}

/* The socket says what was the matter, if it is asked. */
TEST_F(icmp, not_asked_for)
{
	int fd = self->p.server.fd;

	send_unreachable(_metadata, self->fd, &self->raw, self->raw.tag);
	EXPECT_EQ(0, poll_fd(fd, POLLIN | POLLERR, 0));
	expect_nothing(_metadata, fd);
	EXPECT_EQ(EHOSTUNREACH, socket_error(_metadata, fd));
	EXPECT_EQ(0, socket_error(_metadata, fd));
	EXPECT_EQ(0, socket_error(_metadata, self->p.client.fd));
	expect_unharmed(_metadata, &self->p);
}

TEST_F(icmp, asked_for)
{
	bool is_v6 = variant->fl.family == TEST_IPV6;
	int fd = self->p.server.fd;
	char c;

	set_int(_metadata, fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
		is_v6 ? IPV6_RECVERR : IP_RECVERR, 1);
	send_unreachable(_metadata, self->fd, &self->raw, self->raw.tag);
	EXPECT_EQ(POLLERR, POLLERR & wait_for(_metadata, fd, POLLERR));
	EXPECT_EQ(-1, recv(fd, &c, 1, MSG_DONTWAIT));
	EXPECT_EQ(EHOSTUNREACH, errno);
	expect_nothing(_metadata, fd);
	EXPECT_EQ(0, socket_error(_metadata, fd));
	expect_unharmed(_metadata, &self->p);
}

/* Anybody can say that. Who has not seen a packet is not believed. */
TEST_F(icmp, wrong_tag)
{
	bool is_v6 = variant->fl.family == TEST_IPV6;
	int fd = self->p.server.fd;

	set_int(_metadata, fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
		is_v6 ? IPV6_RECVERR : IP_RECVERR, 1);
	send_unreachable(_metadata, self->fd, &self->raw, self->raw.tag ^ 1);
	EXPECT_EQ(0, poll_fd(fd, POLLIN | POLLERR, 0));
	EXPECT_EQ(0, socket_error(_metadata, fd));
	expect_unharmed(_metadata, &self->p);
}

TEST_HARNESS_MAIN
