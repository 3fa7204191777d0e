// SPDX-License-Identifier: GPL-2.0
/*
 * getsockname() and getpeername(), with lengths that are too small, too large
 * and wrong. RFC 6458 sections 3.1 and 4.1.9 (a one-to-many socket has no one
 * peer to name).
 */
#include "sctp_util.h"

FIXTURE(name) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(name);
SCTP_VARIANTS(name);

FIXTURE_SETUP(name)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(name)
{
}

TEST_F(name, new_socket)
{
	union test_addr addr, want = wildcard(&variant->fl, 0);
	socklen_t len = sizeof(addr);
	int fd = open_socket(_metadata, &variant->fl);

	memset(&addr, 0xff, sizeof(addr));
	ASSERT_EQ(0, getsockname(fd, &addr.sa, &len));
	EXPECT_EQ(addr_len(&want), len);
	EXPECT_TRUE(same_addr(&want, &addr));
	EXPECT_EQ(-1, getpeername(fd, &addr.sa, &len));
	EXPECT_EQ(ENOTCONN, errno);
	close(fd);
}

TEST_F(name, listener)
{
	union test_addr addr;
	socklen_t len = sizeof(addr);

	ASSERT_EQ(0, getsockname(self->p.listener, &addr.sa, &len));
	EXPECT_TRUE(same_addr(&self->p.addr, &addr));
}

TEST_F(name, connected)
{
	union test_addr addr, own;
	socklen_t len = sizeof(own);

	ASSERT_EQ(0, getsockname(self->p.client.fd, &own.sa, &len));
	EXPECT_NE(0, port_of(&own));
	len = sizeof(addr);
	if (!one_to_one(&variant->fl)) {
		EXPECT_EQ(-1, getpeername(self->p.client.fd, &addr.sa, &len));
		EXPECT_EQ(ENOTCONN, errno);
		return;
	}
	memset(&addr, 0xff, sizeof(addr));
	ASSERT_EQ(0, getpeername(self->p.client.fd, &addr.sa, &len));
	EXPECT_EQ(addr_len(&self->p.addr), len);
	EXPECT_TRUE(same_addr(&self->p.addr, &addr));

	len = sizeof(addr);
	ASSERT_EQ(0, getpeername(self->p.server.fd, &addr.sa, &len));
	EXPECT_EQ(port_of(&own), port_of(&addr));
	len = sizeof(addr);
	ASSERT_EQ(0, getsockname(self->p.server.fd, &addr.sa, &len));
	EXPECT_EQ(port_of(&self->p.addr), port_of(&addr));
}

/* Bound to all addresses, both ends say the ones they use. */
TEST_F(name, of_the_wildcard)
{
	union test_addr any = wildcard(&variant->fl, 0), own, peer;
	socklen_t len = sizeof(own);
	struct pair p = { 0 };

	if (!one_to_one(&variant->fl))
		return;
	p.listener = open_socket(_metadata, &variant->fl);
	ASSERT_EQ(0, bind(p.listener, &any.sa, addr_len(&any)));
	ASSERT_EQ(0, listen(p.listener, 1));
	ASSERT_EQ(0, getsockname(p.listener, &own.sa, &len));
	p.addr = loopback(&variant->fl, port_of(&own));
	p.client.fd = open_socket(_metadata, &variant->fl);
	pair_join(_metadata, &variant->fl, &p);

	len = sizeof(peer);
	ASSERT_EQ(0, getpeername(p.client.fd, &peer.sa, &len));
	EXPECT_TRUE(same_addr(&p.addr, &peer));
	len = sizeof(own);
	ASSERT_EQ(0, getsockname(p.server.fd, &own.sa, &len));
	EXPECT_TRUE(same_addr(&p.addr, &own));
	len = sizeof(peer);
	ASSERT_EQ(0, getpeername(p.server.fd, &peer.sa, &len));
	len = sizeof(own);
	ASSERT_EQ(0, getsockname(p.client.fd, &own.sa, &len));
	EXPECT_TRUE(same_addr(&own, &peer));
}

/* The answer is cut to the room there is, the length says what it needs. */
TEST_F(name, short_length)
{
	unsigned char buf[sizeof(union test_addr)];
	socklen_t full = addr_len(&self->p.addr), len, room;

	for (room = 0; room <= full; room++) {
		memset(buf, 0xa5, sizeof(buf));
		len = room;
		ASSERT_EQ(0, getsockname(self->p.listener, (void *)buf, &len));
		EXPECT_EQ(full, len);
		EXPECT_EQ(0, memcmp(buf, &self->p.addr, room));
		if (room < full)
			EXPECT_EQ(0xa5, buf[room]);
	}
}

TEST_F(name, bad_length)
{
	union test_addr addr;
	socklen_t len = -1;

	EXPECT_EQ(-1, getsockname(self->p.listener, &addr.sa, &len));
	EXPECT_EQ(EINVAL, errno);
	len = sizeof(addr);
	EXPECT_EQ(-1, getsockname(self->p.listener, NULL, &len));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, getsockname(self->p.listener, &addr.sa, NULL));
	EXPECT_EQ(EFAULT, errno);
}

TEST_HARNESS_MAIN
