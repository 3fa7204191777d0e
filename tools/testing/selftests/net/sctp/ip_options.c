// SPDX-License-Identifier: GPL-2.0
/*
 * IP options of a socket (IP_OPTIONS, IPV6_DSTOPTS): sockets for its associations
 * have them, too, and they count in the size of packets.
 */
#include "sctp_util.h"

FIXTURE(ip_options) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(ip_options);
SCTP_VARIANTS(ip_options);

FIXTURE_SETUP(ip_options)
{
	enter_netns(_metadata);
}

FIXTURE_TEARDOWN(ip_options)
{
}

/* Some that say nothing. */
static const unsigned char options[2][8] = {
	{ 1, 1, 1, 0 },			/* three NOPs and an end */
	{ 0, 0, 1, 4, 0, 0, 0, 0 },	/* PadN of 4 bytes in a header */
};

static void set_options(struct __test_metadata *_metadata,
				  const struct flavour *fl, int fd)
{
	bool is_v6 = domain_of(fl) == AF_INET6;

	ASSERT_EQ(0, setsockopt(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
				is_v6 ? IPV6_DSTOPTS : IP_OPTIONS,
				options[is_v6], is_v6 ? 8 : 4));
}

static void expect_options(struct __test_metadata *_metadata,
				     const struct flavour *fl, int fd)
{
	bool is_v6 = domain_of(fl) == AF_INET6;
	unsigned char got[40];
	socklen_t len = sizeof(got);

	ASSERT_EQ(0, is_v6 ? getsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, got, &len) :
			     getsockopt(fd, IPPROTO_IP, IP_OPTIONS, got, &len));
	ASSERT_EQ(is_v6 ? 8 : 4, len);
	EXPECT_EQ(0, memcmp(got, options[is_v6], len));
}

/* Several packets, which the C module makes too large. */
static void expect_to_work(struct __test_metadata *_metadata, struct pair *p)
{
	size_t len = is_c_module() ? 1000 : 50000;

	send_pattern(_metadata, &p->server, len, 0, 1);
	recv_pattern(_metadata, p->client.fd, len, 1, NULL);
	send_pattern(_metadata, &p->client, len, 0, 2);
	recv_pattern(_metadata, p->server.fd, len, 2, NULL);
}

TEST_F(ip_options, own)
{
	struct pair *p = &self->p;

	p->listener = listening_socket(_metadata, &variant->fl, &p->addr);
	p->client.fd = open_socket(_metadata, &variant->fl);
	set_options(_metadata, &variant->fl, p->client.fd);
	pair_join(_metadata, &variant->fl, p);
	expect_to_work(_metadata, p);
}

/* What was accepted or peeled off. */
TEST_F(ip_options, of_new_sockets)
{
	struct pair *p = &self->p;

	p->listener = listening_socket(_metadata, &variant->fl, &p->addr);
	set_options(_metadata, &variant->fl, p->listener);
	p->client.fd = open_socket(_metadata, &variant->fl);
	pair_join(_metadata, &variant->fl, p);
	if (!one_to_one(&variant->fl))
		p->server.fd = peel_off(_metadata, &p->server);
	expect_options(_metadata, &variant->fl, p->server.fd);
	expect_to_work(_metadata, p);
}

TEST_HARNESS_MAIN
