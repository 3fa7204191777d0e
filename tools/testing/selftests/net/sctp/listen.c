// SPDX-License-Identifier: GPL-2.0
/*
 * listen(): who may, what it binds to, switching it off again, and that only a
 * listening socket answers. RFC 6458 sections 3.1.3 and 4.1.3.
 */
#include "sctp_util.h"

FIXTURE(listen) {
	int fd;
	int client;
};

SCTP_FIXTURE_VARIANT(listen);
SCTP_VARIANTS(listen);

FIXTURE_SETUP(listen)
{
	enter_netns(_metadata);
	self->fd = open_socket(_metadata, &variant->fl);
	self->client = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(listen)
{
}

static int try_connect(int fd, const union test_addr *addr)
{
	return CHILD_ERRNO(connect(fd, &addr->sa, addr_len(addr)));
}

TEST_F(listen, unbound)
{
	union test_addr addr, want = wildcard(&variant->fl, 0);
	socklen_t len = sizeof(addr);

	ASSERT_EQ(0, listen(self->fd, 5));
	EXPECT_EQ(1, get_int(_metadata, self->fd, SOL_SOCKET, SO_ACCEPTCONN));
	ASSERT_EQ(0, getsockname(self->fd, &addr.sa, &len));
	EXPECT_TRUE(same_host(&want, &addr));
	EXPECT_LE(1024, port_of(&addr));
	addr = loopback(&variant->fl, port_of(&addr));
	EXPECT_EQ(0, try_connect(self->client, &addr));
}

TEST_F(listen, bound)
{
	union test_addr addr;

	close(self->fd);
	self->fd = bound_socket(_metadata, &variant->fl, &addr);
	EXPECT_EQ(0, get_int(_metadata, self->fd, SOL_SOCKET, SO_ACCEPTCONN));
	EXPECT_EQ(ECONNREFUSED, try_connect(self->client, &addr));
	ASSERT_EQ(0, listen(self->fd, 5));
	EXPECT_EQ(1, get_int(_metadata, self->fd, SOL_SOCKET, SO_ACCEPTCONN));
	EXPECT_EQ(0, try_connect(self->client, &addr));
}

TEST_F(listen, again)
{
	ASSERT_EQ(0, listen(self->fd, 5));
	EXPECT_EQ(0, listen(self->fd, 10));
	EXPECT_EQ(1, get_int(_metadata, self->fd, SOL_SOCKET, SO_ACCEPTCONN));
}

/* A backlog of zero ends listening: RFC 6458 section 3.1.3. */
TEST_F(listen, off)
{
	union test_addr addr;

	close(self->fd);
	self->fd = listening_socket(_metadata, &variant->fl, &addr);
	ASSERT_EQ(0, listen(self->fd, 0));
	EXPECT_EQ(0, get_int(_metadata, self->fd, SOL_SOCKET, SO_ACCEPTCONN));
	EXPECT_EQ(ECONNREFUSED, try_connect(self->client, &addr));
	ASSERT_EQ(0, listen(self->fd, 5));
	EXPECT_EQ(0, try_connect(self->client, &addr));
}

TEST_F(listen, off_when_it_was_not_on)
{
	EXPECT_EQ(-1, listen(self->fd, 0));
	EXPECT_EQ(EINVAL, errno);
}

/*
 * Two that share a port with SO_REUSEADDR may be bound, but only one of them
 * may listen.
 */
TEST_F(listen, shared_port)
{
	union test_addr addr = loopback(&variant->fl, 5001);
	int other = open_socket(_metadata, &variant->fl);

	set_int(_metadata, self->fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set_int(_metadata, other, SOL_SOCKET, SO_REUSEADDR, 1);
	ASSERT_EQ(0, bind(self->fd, &addr.sa, addr_len(&addr)));
	ASSERT_EQ(0, bind(other, &addr.sa, addr_len(&addr)));
	ASSERT_EQ(0, listen(self->fd, 5));
	EXPECT_EQ(-1, listen(other, 5));
	EXPECT_EQ(EADDRINUSE, errno);
	close(self->fd);
	EXPECT_EQ(0, listen(other, 5));
	close(other);
}

TEST_F(listen, other_port_refused)
{
	union test_addr addr = free_addr(_metadata, &variant->fl);

	ASSERT_EQ(0, listen(self->fd, 5));
	EXPECT_EQ(ECONNREFUSED, try_connect(self->client, &addr));
}

TEST_F(listen, other_address_refused)
{
	union test_addr addr;
	uint16_t port;

	if (variant->fl.family == TEST_IPV6)
		run_ip(_metadata, "-6 addr add 2001:db8::1/128 dev lo nodad");
	close(self->fd);
	self->fd = listening_socket(_metadata, &variant->fl, &addr);
	port = port_of(&addr);
	addr = make_addr(&variant->fl, "127.0.0.2", "2001:db8::1", port);
	EXPECT_EQ(ECONNREFUSED, try_connect(self->client, &addr));
	addr = loopback(&variant->fl, port);
	EXPECT_EQ(0, try_connect(self->client, &addr));
}

TEST_F(listen, gone_after_close)
{
	union test_addr addr;
	int fd = listening_socket(_metadata, &variant->fl, &addr);

	close(fd);
	EXPECT_EQ(ECONNREFUSED, try_connect(self->client, &addr));
}

FIXTURE(listen_one) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(listen_one);
SCTP_VARIANTS_ONE_TO_ONE(listen_one);

FIXTURE_SETUP(listen_one)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(listen_one)
{
}

TEST_F(listen_one, connected_socket)
{
	EXPECT_EQ(-1, listen(self->p.client.fd, 5));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, listen(self->p.server.fd, 5));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(listen_one, listening_socket_does_not_connect)
{
	union test_addr addr;
	int fd = listening_socket(_metadata, &variant->fl, &addr);

	EXPECT_EQ(EISCONN, try_connect(fd, &self->p.addr));
	EXPECT_EQ(-1, send(fd, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_EQ(-1, recv(fd, &addr, 1, MSG_DONTWAIT));
	EXPECT_EQ(ENOTCONN, errno);
	close(fd);
}

TEST_HARNESS_MAIN
