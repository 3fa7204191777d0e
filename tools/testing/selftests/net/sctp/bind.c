// SPDX-License-Identifier: GPL-2.0
/*
 * bind(): ephemeral and privileged ports, addresses that are taken, not ours
 * or of the wrong form, and the second bind of a socket. RFC 6458 sections
 * 3.1.2 and 4.1.2.
 */
#include "sctp_util.h"

FIXTURE(bind) {
	int fd;
};

SCTP_FIXTURE_VARIANT(bind);
SCTP_VARIANTS(bind);

FIXTURE_SETUP(bind)
{
	enter_netns(_metadata);
	self->fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(bind)
{
}

/* Binds @fd to @addr: 0 or the errno. */
static int try_bind(int fd, union test_addr addr)
{
	return CHILD_ERRNO(bind(fd, &addr.sa, addr_len(&addr)));
}

TEST_F(bind, ephemeral_port)
{
	union test_addr want = loopback(&variant->fl, 0), got, other;
	socklen_t len = sizeof(got);
	int fd;

	ASSERT_EQ(0, try_bind(self->fd, want));
	ASSERT_EQ(0, getsockname(self->fd, &got.sa, &len));
	EXPECT_EQ(addr_len(&want), len);
	EXPECT_TRUE(same_host(&want, &got));
	EXPECT_LE(1024, port_of(&got));

	fd = bound_socket(_metadata, &variant->fl, &other);
	EXPECT_NE(port_of(&got), port_of(&other));
	close(fd);
}

TEST_F(bind, given_port)
{
	union test_addr want = loopback(&variant->fl, 5001), got;
	socklen_t len = sizeof(got);

	ASSERT_EQ(0, try_bind(self->fd, want));
	ASSERT_EQ(0, getsockname(self->fd, &got.sa, &len));
	EXPECT_TRUE(same_addr(&want, &got));
}

TEST_F(bind, wildcard)
{
	union test_addr want = wildcard(&variant->fl, 5001), got;
	socklen_t len = sizeof(got);

	ASSERT_EQ(0, try_bind(self->fd, want));
	ASSERT_EQ(0, getsockname(self->fd, &got.sa, &len));
	EXPECT_TRUE(same_addr(&want, &got));
}

TEST_F(bind, twice)
{
	ASSERT_EQ(0, try_bind(self->fd, loopback(&variant->fl, 5001)));
	EXPECT_EQ(EINVAL, try_bind(self->fd, loopback(&variant->fl, 5001)));
	EXPECT_EQ(EINVAL, try_bind(self->fd, loopback(&variant->fl, 5002)));
	EXPECT_EQ(EINVAL, try_bind(self->fd, loopback(&variant->fl, 0)));
}

TEST_F(bind, address_in_use)
{
	int other = open_socket(_metadata, &variant->fl);

	ASSERT_EQ(0, try_bind(self->fd, loopback(&variant->fl, 5001)));
	EXPECT_EQ(EADDRINUSE, try_bind(other, loopback(&variant->fl, 5001)));
	EXPECT_EQ(EADDRINUSE, try_bind(other, wildcard(&variant->fl, 5001)));
	/* The failures left the socket free to be bound. */
	EXPECT_EQ(0, try_bind(other, loopback(&variant->fl, 5002)));
	close(other);
}

TEST_F(bind, wildcard_in_use)
{
	int other = open_socket(_metadata, &variant->fl);

	ASSERT_EQ(0, try_bind(self->fd, wildcard(&variant->fl, 5001)));
	EXPECT_EQ(EADDRINUSE, try_bind(other, loopback(&variant->fl, 5001)));
	EXPECT_EQ(EADDRINUSE, try_bind(other, wildcard(&variant->fl, 5001)));
	close(other);
}

/* Both styles share the one space of ports. */
TEST_F(bind, in_use_by_the_other_style)
{
	struct flavour fl = variant->fl;
	int other;

	fl.type = one_to_one(&fl) ? SOCK_SEQPACKET : SOCK_STREAM;
	other = open_socket(_metadata, &fl);
	ASSERT_EQ(0, try_bind(self->fd, loopback(&variant->fl, 5001)));
	EXPECT_EQ(EADDRINUSE, try_bind(other, loopback(&fl, 5001)));
	close(other);
}

/* But TCP and UDP have theirs. */
TEST_F(bind, other_protocols)
{
	union test_addr addr = loopback(&variant->fl, 5001);
	int tcp = socket(domain_of(&variant->fl), SOCK_STREAM, 0);

	ASSERT_LE(0, tcp);
	ASSERT_EQ(0, try_bind(tcp, addr));
	EXPECT_EQ(0, try_bind(self->fd, addr));
	close(tcp);
}

TEST_F(bind, different_addresses_of_one_port)
{
	int other = open_socket(_metadata, &variant->fl);

	if (variant->fl.family == TEST_IPV6)
		run_ip(_metadata, "-6 addr add 2001:db8::1/128 dev lo nodad");
	ASSERT_EQ(0, try_bind(self->fd, loopback(&variant->fl, 5001)));
	EXPECT_EQ(0, try_bind(other, make_addr(&variant->fl, "127.0.0.2",
					       "2001:db8::1", 5001)));
	close(other);
}

TEST_F(bind, free_after_close)
{
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, try_bind(self->fd, loopback(&variant->fl, 5001)));
		close(self->fd);
		self->fd = open_socket(_metadata, &variant->fl);
	}
}

TEST_F(bind, not_our_address)
{
	EXPECT_EQ(EADDRNOTAVAIL,
		  try_bind(self->fd, make_addr(&variant->fl, "192.0.2.1",
					       "2001:db8::1", 5001)));
	EXPECT_EQ(0, try_bind(self->fd, loopback(&variant->fl, 5001)));
}

static int bind_as_nobody(int fd, union test_addr addr)
{
	if (setresuid(65534, 65534, 65534))
		return 255;
	return try_bind(fd, addr);
}

TEST_F(bind, privileged_port)
{
	int pid = start_child(bind_as_nobody(self->fd,
					     loopback(&variant->fl, 1023)));

	EXPECT_EQ(EACCES, end_child(_metadata, pid));
	EXPECT_EQ(0, try_bind(self->fd, loopback(&variant->fl, 1023)));
}

TEST_F(bind, unprivileged_port)
{
	int pid = start_child(bind_as_nobody(self->fd,
					     loopback(&variant->fl, 1024)));

	EXPECT_EQ(0, end_child(_metadata, pid));
}

TEST_F(bind, length)
{
	union test_addr addr = loopback(&variant->fl, 5001);
	int len;

	/* A sockaddr_in6 without the scope id, as RFC 2133 had it, will do. */
	for (len = 0; len < (addr.sa.sa_family == AF_INET ? 16 : 24); len++) {
		EXPECT_EQ(-1, bind(self->fd, &addr.sa, len))
			TH_LOG("length %d was taken", len);
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(-1, bind(self->fd, &addr.sa, -1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, bind(self->fd, NULL, addr_len(&addr)));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, bind(self->fd, &addr.sa, addr_len(&addr)));
}

TEST_F(bind, wrong_family)
{
	union test_addr addr = loopback(&variant->fl, 5001);

	addr.sa.sa_family = AF_UNIX;
	EXPECT_EQ(-1, bind(self->fd, &addr.sa, sizeof(addr)));
	EXPECT_EQ(EINVAL, errno);
	addr.sa.sa_family = AF_UNSPEC;
	EXPECT_EQ(-1, bind(self->fd, &addr.sa, sizeof(addr)));
	EXPECT_EQ(EINVAL, errno);
}

FIXTURE(bind_v6) {
	int v6;
	int v4;
};

FIXTURE_VARIANT(bind_v6) {
	int type;
};

FIXTURE_VARIANT_ADD(bind_v6, one_to_one) { .type = SOCK_STREAM };
FIXTURE_VARIANT_ADD(bind_v6, one_to_many) { .type = SOCK_SEQPACKET };

FIXTURE_SETUP(bind_v6)
{
	struct flavour v6 = { TEST_IPV6, variant->type };
	struct flavour v4 = { TEST_IPV4, variant->type };

	enter_netns(_metadata);
	self->v6 = open_socket(_metadata, &v6);
	self->v4 = open_socket(_metadata, &v4);
}

FIXTURE_TEARDOWN(bind_v6)
{
}

static const struct flavour ipv4 = { TEST_IPV4 };
static const struct flavour ipv6 = { TEST_IPV6 };
static const struct flavour mapped = { TEST_MAPPED };

TEST_F(bind_v6, v4_socket_takes_no_v6_address)
{
	EXPECT_EQ(EINVAL, try_bind(self->v4, loopback(&ipv6, 5001)));
	EXPECT_EQ(EINVAL, try_bind(self->v4, loopback(&mapped, 5001)));
}

TEST_F(bind_v6, v6_socket_takes_v4_address)
{
	EXPECT_EQ(0, try_bind(self->v6, loopback(&ipv4, 5001)));
	EXPECT_EQ(EADDRINUSE, try_bind(self->v4, loopback(&ipv4, 5001)));
}

TEST_F(bind_v6, v6only_takes_no_v4_address)
{
	set_int(_metadata, self->v6, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	EXPECT_EQ(EINVAL, try_bind(self->v6, loopback(&ipv4, 5001)));
	EXPECT_EQ(EINVAL, try_bind(self->v6, loopback(&mapped, 5001)));
	EXPECT_EQ(0, try_bind(self->v6, loopback(&ipv6, 5001)));
}

TEST_F(bind_v6, wildcard_covers_v4)
{
	ASSERT_EQ(0, try_bind(self->v6, wildcard(&ipv6, 5001)));
	EXPECT_EQ(EADDRINUSE, try_bind(self->v4, wildcard(&ipv4, 5001)));
	EXPECT_EQ(EADDRINUSE, try_bind(self->v4, loopback(&ipv4, 5001)));
}

TEST_F(bind_v6, v6only_wildcard_leaves_v4)
{
	set_int(_metadata, self->v6, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	ASSERT_EQ(0, try_bind(self->v6, wildcard(&ipv6, 5001)));
	EXPECT_EQ(0, try_bind(self->v4, wildcard(&ipv4, 5001)));
}

TEST_F(bind_v6, mapped_and_v4_are_one_address)
{
	ASSERT_EQ(0, try_bind(self->v6, loopback(&mapped, 5001)));
	EXPECT_EQ(EADDRINUSE, try_bind(self->v4, loopback(&ipv4, 5001)));
}

TEST_HARNESS_MAIN
