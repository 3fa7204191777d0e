// SPDX-License-Identifier: GPL-2.0
/*
 * What sctp_bindx() and sctp_getladdrs() of libsctp are made of:
 * SCTP_SOCKOPT_BINDX_ADD, _REM and SCTP_GET_LOCAL_ADDRS. RFC 6458 sections
 * 9.1 and 9.5.
 */
#include "sctp_util.h"

#define BINDX_ADD	100
#define BINDX_REM	101

/* What SCTP_GET_LOCAL_ADDRS or SCTP_GET_PEER_ADDRS says. */
struct list {
	struct sctp_getaddrs head;
	char room[1024];
};

FIXTURE(bindx) {
	int fd;
	/* Four addresses of this host. */
	union test_addr addr[4];
};

SCTP_FIXTURE_VARIANT(bindx);
SCTP_VARIANTS(bindx);

static const char *const v4[] = { "198.51.100.1", "198.51.100.2",
				  "198.51.100.3", "198.51.100.4" };
static const char *const v6[] = { "2001:db8::1", "2001:db8::2",
				  "2001:db8::3", "2001:db8::4" };

/* Gives loopback all of these. */
static void add_addresses(struct __test_metadata *_metadata)
{
	int i;

	for (i = 0; i < 4; i++) {
		add_address(_metadata, v4[i]);
		add_address(_metadata, v6[i]);
	}
}

FIXTURE_SETUP(bindx)
{
	int i;

	enter_netns(_metadata);
	add_addresses(_metadata);
	for (i = 0; i < 4; i++)
		self->addr[i] = make_addr(&variant->fl, v4[i], v6[i], 5001);
	self->fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(bindx)
{
}

/* Puts @n addresses one behind the other: their length. */
static socklen_t pack(char *list, const union test_addr *addr, int n)
{
	socklen_t len = 0;
	int i;

	for (i = 0; i < n; i++) {
		memcpy(list + len, &addr[i], addr_len(&addr[i]));
		len += addr_len(&addr[i]);
	}
	return len;
}

/* Adds or removes @n addresses: 0 or the errno. */
static int bindx(int fd, int how, const union test_addr *addr, int n)
{
	char list[8 * sizeof(*addr)];

	return CHILD_ERRNO(setsockopt(fd, SOL_SCTP, how, list,
				      pack(list, addr, n)));
}

static union test_addr with_port(union test_addr addr, uint16_t port)
{
	if (addr.sa.sa_family == AF_INET)
		addr.v4.sin_port = htons(port);
	else
		addr.v6.sin6_port = htons(port);
	return addr;
}

/* The addresses of a socket, or of an association. */
static struct list get_list(struct __test_metadata *_metadata, int fd, int name,
			    sctp_assoc_t id)
{
	struct list list = { .head.assoc_id = id };
	socklen_t len = sizeof(list);

	ASSERT_EQ(0, getsockopt(fd, SOL_SCTP, name, &list, &len))
		TH_LOG("option %d: %s", name, strerror(errno));
	ASSERT_EQ(id, list.head.assoc_id);
	return list;
}

/* Is it these, in whatever order? */
static bool lists(const struct list *list, const union test_addr *addr, int n)
{
	const char *at = list->room;
	int i, j, found = 0;

	for (i = 0; i < (int)list->head.addr_num; i++) {
		const union test_addr *one = (const void *)at;

		for (j = 0; j < n; j++)
			found += same_addr(one, &addr[j]);
		at += addr_len(one);
	}
	return found == n && (int)list->head.addr_num == n;
}

#define expect_list(fd, name, id, addr, n) do {				\
	struct list __list = get_list(_metadata, fd, name, id);		\
									\
	EXPECT_TRUE(lists(&__list, addr, n))				\
		TH_LOG("%d addresses", __list.head.addr_num);		\
} while (0)

#define expect_bound(fd, addr, n)					\
	expect_list(fd, SCTP_GET_LOCAL_ADDRS, 0, addr, n)
#define expect_locals(end, addr, n)					\
	expect_list((end).fd, SCTP_GET_LOCAL_ADDRS, (end).id, addr, n)
#define expect_peers(end, addr, n)					\
	expect_list((end).fd, SCTP_GET_PEER_ADDRS, (end).id, addr, n)

TEST_F(bindx, without_bind)
{
	union test_addr name;
	socklen_t len = sizeof(name);

	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, self->addr, 3));
	expect_bound(self->fd, self->addr, 3);
	/* The last one names the socket. */
	ASSERT_EQ(0, getsockname(self->fd, &name.sa, &len));
	EXPECT_TRUE(same_addr(&self->addr[2], &name));
	EXPECT_EQ(-1, bind(self->fd, &self->addr[3].sa,
			   addr_len(&self->addr[3])));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(bindx, after_bind)
{
	union test_addr *addr = self->addr;

	ASSERT_EQ(0, bind(self->fd, &addr[0].sa, addr_len(&addr[0])));
	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, addr + 1, 1));
	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, addr + 2, 2));
	expect_bound(self->fd, addr, 4);
	ASSERT_EQ(0, bindx(self->fd, BINDX_REM, addr, 2));
	expect_bound(self->fd, addr + 2, 2);
	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, addr, 1));
	EXPECT_EQ(0, bindx(self->fd, BINDX_REM, addr + 2, 2));
	expect_bound(self->fd, addr, 1);
}

TEST_F(bindx, ephemeral_port)
{
	union test_addr addr[3], name;
	socklen_t len = sizeof(name);
	int i;

	for (i = 0; i < 3; i++)
		addr[i] = with_port(self->addr[i], 0);
	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, addr, 2));
	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, addr + 2, 1));
	ASSERT_EQ(0, getsockname(self->fd, &name.sa, &len));
	EXPECT_LE(1024, port_of(&name));
	for (i = 0; i < 3; i++)
		addr[i] = with_port(addr[i], port_of(&name));
	expect_bound(self->fd, addr, 3);
	addr[0] = with_port(addr[0], 0);
	EXPECT_EQ(0, bindx(self->fd, BINDX_REM, addr, 1));
	expect_bound(self->fd, addr + 1, 2);
}

TEST_F(bindx, one_port)
{
	union test_addr addr[2] = { self->addr[0], with_port(self->addr[1], 5002) };

	ASSERT_EQ(0, bind(self->fd, &addr[0].sa, addr_len(&addr[0])));
	EXPECT_EQ(EINVAL, bindx(self->fd, BINDX_ADD, addr + 1, 1));
	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, self->addr + 1, 1));
	EXPECT_EQ(EINVAL, bindx(self->fd, BINDX_REM, addr + 1, 1));
	expect_bound(self->fd, self->addr, 2);
}

/* Nothing of a list is done if something of it cannot be done. */
TEST_F(bindx, all_or_nothing)
{
	union test_addr foreign = make_addr(&variant->fl, "203.0.113.1",
					    "2001:db8:2::1", 5001);
	union test_addr *addr = self->addr, try[2];

	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, addr, 2));
	try[0] = addr[2];
	try[1] = foreign;
	EXPECT_EQ(EADDRNOTAVAIL, bindx(self->fd, BINDX_ADD, try, 2));
	expect_bound(self->fd, addr, 2);
	/* One that it has already. */
	try[1] = addr[0];
	EXPECT_EQ(EINVAL, bindx(self->fd, BINDX_ADD, try, 2));
	expect_bound(self->fd, addr, 2);
	/* One that it has not. */
	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, addr + 2, 1));
	try[0] = addr[0];
	try[1] = addr[3];
	EXPECT_EQ(EINVAL, bindx(self->fd, BINDX_REM, try, 2));
	expect_bound(self->fd, addr, 3);
}

TEST_F(bindx, one_is_left)
{
	EXPECT_EQ(EBUSY, bindx(self->fd, BINDX_REM, self->addr, 1));
	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, self->addr, 2));
	EXPECT_EQ(EBUSY, bindx(self->fd, BINDX_REM, self->addr, 2));
	expect_bound(self->fd, self->addr, 2);
	EXPECT_EQ(0, bindx(self->fd, BINDX_REM, self->addr, 1));
	EXPECT_EQ(EBUSY, bindx(self->fd, BINDX_REM, self->addr + 1, 1));
	expect_bound(self->fd, self->addr + 1, 1);
}

TEST_F(bindx, wildcard_is_alone)
{
	union test_addr any = wildcard(&variant->fl, 5001);
	int fd = open_socket(_metadata, &variant->fl), i;
	struct list list;

	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, &any, 1));
	EXPECT_EQ(EINVAL, bindx(self->fd, BINDX_ADD, self->addr, 1));
	EXPECT_EQ(EBUSY, bindx(self->fd, BINDX_REM, &any, 1));
	/* It stands for all that the host has. */
	list = get_list(_metadata, self->fd, SCTP_GET_LOCAL_ADDRS, 0);
	EXPECT_EQ(variant->fl.family == TEST_IPV4 ? 5 : 10, list.head.addr_num);

	any = with_port(any, 5002);
	for (i = 0; i < 2; i++) {
		union test_addr addr = with_port(self->addr[i], 5002);

		ASSERT_EQ(0, bindx(fd, BINDX_ADD, &addr, 1));
		EXPECT_EQ(EINVAL, bindx(fd, BINDX_ADD, &any, 1));
	}
	EXPECT_EQ(EADDRNOTAVAIL, bindx(fd, BINDX_REM, &any, 1));
	close(fd);
}

TEST_F(bindx, address_in_use)
{
	int other = open_socket(_metadata, &variant->fl);
	union test_addr any = wildcard(&variant->fl, 5001), try[2];

	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, self->addr, 2));
	EXPECT_EQ(EADDRINUSE, bindx(other, BINDX_ADD, self->addr + 1, 1));
	EXPECT_EQ(EADDRINUSE, bindx(other, BINDX_ADD, &any, 1));
	ASSERT_EQ(0, bindx(other, BINDX_ADD, self->addr + 2, 1));
	try[0] = self->addr[3];
	try[1] = self->addr[1];
	EXPECT_EQ(EADDRINUSE, bindx(other, BINDX_ADD, try, 2));
	expect_bound(other, self->addr + 2, 1);
	/* It is free once it is removed. */
	ASSERT_EQ(0, bindx(self->fd, BINDX_REM, self->addr + 1, 1));
	EXPECT_EQ(0, bindx(other, BINDX_ADD, self->addr + 1, 1));
	expect_bound(other, self->addr + 1, 2);
	EXPECT_EQ(EADDRINUSE, bindx(self->fd, BINDX_ADD, self->addr + 1, 1));
	close(other);
	EXPECT_EQ(0, bindx(self->fd, BINDX_ADD, self->addr + 1, 3));
}

TEST_F(bindx, privileged_port)
{
	union test_addr addr = with_port(self->addr[0], 1023);
	int pid = start_child(setresuid(65534, 65534, 65534) ? 255 :
			      bindx(self->fd, BINDX_ADD, &addr, 1));

	EXPECT_EQ(EACCES, end_child(_metadata, pid));
	EXPECT_EQ(0, bindx(self->fd, BINDX_ADD, &addr, 1));
}

TEST_F(bindx, malformed)
{
	socklen_t one = addr_len(&self->addr[0]), len;
	char list[3 * sizeof(union test_addr)];
	union test_addr *second;

	for (len = 0; len < 2 * one; len++) {
		pack(list, self->addr, 2);
		if (len == one)
			continue;
		EXPECT_EQ(-1, setsockopt(self->fd, SOL_SCTP, BINDX_ADD, list, len))
			TH_LOG("length %d was taken", len);
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(-1, setsockopt(self->fd, SOL_SCTP, BINDX_REM, list, len));
		EXPECT_EQ(EINVAL, errno);
	}
	pack(list, self->addr, 2);
	second = (union test_addr *)(list + one);
	second->sa.sa_family = AF_UNIX;
	EXPECT_EQ(-1, setsockopt(self->fd, SOL_SCTP, BINDX_ADD, list, 2 * one));
	EXPECT_EQ(EINVAL, errno);
	second->sa.sa_family = AF_UNSPEC;
	EXPECT_EQ(-1, setsockopt(self->fd, SOL_SCTP, BINDX_ADD, list, 2 * one));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, setsockopt(self->fd, SOL_SCTP, BINDX_ADD, NULL, one));
	EXPECT_EQ(EFAULT, errno);
	len = sizeof(list);
	EXPECT_EQ(-1, getsockopt(self->fd, SOL_SCTP, BINDX_ADD, list, &len));
	EXPECT_EQ(ENOPROTOOPT, errno);
	/* The socket is not bound. */
	EXPECT_EQ(0, bindx(self->fd, BINDX_ADD, self->addr, 2));
}

TEST_F(bindx, local_addrs)
{
	socklen_t one = addr_len(&self->addr[0]), full, len;
	struct list list = { 0 };

	len = sizeof(list);
	ASSERT_EQ(0, getsockopt(self->fd, SOL_SCTP, SCTP_GET_LOCAL_ADDRS, &list,
				&len));
	EXPECT_EQ(0, list.head.addr_num);
	EXPECT_EQ(0, len);
	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, self->addr, 2));
	full = sizeof(list.head) + 2 * one;
	for (len = 0; len <= full + 8; len++) {
		socklen_t got = len;
		int err;

		memset(&list, 0, sizeof(list));
		err = CHILD_ERRNO(getsockopt(self->fd, SOL_SCTP,
					     SCTP_GET_LOCAL_ADDRS, &list, &got));
		EXPECT_EQ(len < sizeof(list.head) ? EINVAL :
			  len < full ? ENOMEM : 0, err);
		if (err)
			continue;
		/* Without the header. */
		EXPECT_EQ(2 * one, got);
		EXPECT_TRUE(lists(&list, self->addr, 2));
	}
	list.head.assoc_id = 77;
	len = sizeof(list);
	EXPECT_EQ(-1, getsockopt(self->fd, SOL_SCTP, SCTP_GET_LOCAL_ADDRS,
				 &list, &len));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, setsockopt(self->fd, SOL_SCTP, SCTP_GET_LOCAL_ADDRS,
				 &list, sizeof(list)));
	EXPECT_EQ(ENOPROTOOPT, errno);
}

/*
 * Both sides of an association have the addresses that were bound then, each
 * end is told the other's, and what is bound later is for later ones.
 */
TEST_F(bindx, associations)
{
	union test_addr *addr = self->addr, own[2];
	struct pair p = { .addr = addr[0] };
	int i;

	for (i = 0; i < 2; i++)
		own[i] = with_port(addr[2 + i], 5002);
	p.listener = self->fd;
	ASSERT_EQ(0, bindx(p.listener, BINDX_ADD, addr, 2));
	ASSERT_EQ(0, listen(p.listener, 5));
	p.client.fd = open_socket(_metadata, &variant->fl);
	ASSERT_EQ(0, bindx(p.client.fd, BINDX_ADD, own, 2));
	pair_join(_metadata, &variant->fl, &p);

	for (i = 0; i < 2; i++) {
		expect_locals(p.client, own, 2);
		expect_peers(p.client, addr, 2);
		expect_locals(p.server, addr, 2);
		expect_peers(p.server, own, 2);
		if (i)
			break;
		/* What changes now is for later ones. */
		ASSERT_EQ(0, bindx(p.listener, BINDX_ADD, addr + 2, 1));
		ASSERT_EQ(0, bindx(p.listener, BINDX_REM, addr, 1));
		expect_bound(p.listener, addr + 1, 2);
		ASSERT_EQ(0, bindx(p.client.fd, BINDX_REM, own, 1));
		expect_bound(p.client.fd, own + 1, 1);
	}

	/* No one listens at the first address any more, but at the third. */
	p.client.fd = open_socket(_metadata, &variant->fl);
	EXPECT_EQ(ECONNREFUSED, CHILD_ERRNO(connect(p.client.fd, &addr[0].sa,
						    addr_len(&addr[0]))));
	close(p.client.fd);
	p.addr = addr[2];
	p.client.fd = open_socket(_metadata, &variant->fl);
	own[0] = with_port(addr[3], 0);
	ASSERT_EQ(0, bindx(p.client.fd, BINDX_ADD, own, 1));
	if (one_to_one(&variant->fl))
		close(p.server.fd);
	pair_join(_metadata, &variant->fl, &p);
	expect_peers(p.client, addr + 1, 2);
}

/* An accepted socket has its listener's addresses as its own. */
TEST_F(bindx, accepted)
{
	union test_addr *addr = self->addr;
	struct pair p = { .addr = addr[0], .listener = self->fd };
	int fd;

	if (!one_to_one(&variant->fl))
		return;
	ASSERT_EQ(0, bindx(p.listener, BINDX_ADD, addr, 2));
	ASSERT_EQ(0, listen(p.listener, 5));
	p.client.fd = open_socket(_metadata, &variant->fl);
	pair_join(_metadata, &variant->fl, &p);
	expect_bound(p.server.fd, addr, 2);
	ASSERT_EQ(0, bindx(p.server.fd, BINDX_ADD, addr + 2, 1));
	ASSERT_EQ(0, bindx(p.server.fd, BINDX_REM, addr + 1, 1));
	expect_bound(p.listener, addr, 2);
	close(p.listener);

	/* It keeps them for itself, and no others. */
	fd = open_socket(_metadata, &variant->fl);
	EXPECT_EQ(EADDRINUSE, bindx(fd, BINDX_ADD, addr, 1));
	EXPECT_EQ(EADDRINUSE, bindx(fd, BINDX_ADD, addr + 2, 1));
	EXPECT_EQ(0, bindx(fd, BINDX_ADD, addr + 1, 1));
	EXPECT_EQ(0, bindx(fd, BINDX_ADD, addr + 3, 1));
}

FIXTURE(mixed) {
	int fd;
	union test_addr v4[4], v6[4];
};

FIXTURE_VARIANT(mixed) {
	struct flavour fl;
};

FIXTURE_VARIANT_ADD(mixed, one_to_one) { .fl = { TEST_IPV6, SOCK_STREAM } };
FIXTURE_VARIANT_ADD(mixed, one_to_many) { .fl = { TEST_IPV6, SOCK_SEQPACKET } };

FIXTURE_SETUP(mixed)
{
	static const struct flavour ipv4 = { TEST_IPV4 };
	int i;

	enter_netns(_metadata);
	add_addresses(_metadata);
	for (i = 0; i < 4; i++) {
		self->v4[i] = make_addr(&ipv4, v4[i], "", 5001);
		self->v6[i] = make_addr(&variant->fl, "", v6[i], 5001);
	}
	self->fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(mixed)
{
}

TEST_F(mixed, both_families)
{
	union test_addr addr[] = { self->v6[0], self->v4[0], self->v6[1] };
	union test_addr own[] = { with_port(self->v6[3], 0),
				  with_port(self->v4[3], 0) };
	struct pair p = { .addr = self->v6[0], .listener = self->fd };

	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, addr, 3));
	set_int(_metadata, self->fd, SOL_SCTP, SCTP_I_WANT_MAPPED_V4_ADDR, 0);
	expect_bound(self->fd, addr, 3);
	ASSERT_EQ(0, listen(self->fd, 5));
	p.client.fd = open_socket(_metadata, &variant->fl);
	set_int(_metadata, p.client.fd, SOL_SCTP, SCTP_I_WANT_MAPPED_V4_ADDR, 0);
	ASSERT_EQ(0, bindx(p.client.fd, BINDX_ADD, own, 2));
	pair_join(_metadata, &variant->fl, &p);
	expect_peers(p.client, addr, 3);
	ASSERT_EQ(0, bindx(self->fd, BINDX_REM, addr, 2));
	expect_bound(self->fd, addr + 2, 1);
}

/* Mapped addresses and plain ones are the same. */
TEST_F(mixed, mapped)
{
	static const struct flavour mapped = { TEST_MAPPED };
	union test_addr addr[] = {
		self->v4[0], make_addr(&mapped, v4[1], "", 5001),
		make_addr(&mapped, v4[0], "", 5001), self->v4[1],
	};

	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, addr, 2));
	EXPECT_EQ(EINVAL, bindx(self->fd, BINDX_ADD, addr + 2, 1));
	expect_bound(self->fd, addr + 1, 2);
	EXPECT_EQ(0, bindx(self->fd, BINDX_REM, addr + 2, 1));
	EXPECT_EQ(EBUSY, bindx(self->fd, BINDX_REM, addr + 3, 1));
}

TEST_F(mixed, v6only)
{
	set_int(_metadata, self->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	ASSERT_EQ(0, bindx(self->fd, BINDX_ADD, self->v6, 2));
	EXPECT_EQ(EINVAL, bindx(self->fd, BINDX_ADD, self->v4, 1));
	expect_bound(self->fd, self->v6, 2);
}

TEST_F(mixed, v4_socket_takes_no_v6_address)
{
	struct flavour ipv4 = { TEST_IPV4, variant->fl.type };
	int fd = open_socket(_metadata, &ipv4);

	ASSERT_EQ(0, bindx(fd, BINDX_ADD, self->v4, 2));
	EXPECT_EQ(EINVAL, bindx(fd, BINDX_ADD, self->v6, 1));
	EXPECT_EQ(EINVAL, bindx(fd, BINDX_REM, self->v6, 1));
	expect_bound(fd, self->v4, 2);
	/* The two families do not get in each other's way. */
	EXPECT_EQ(0, bindx(self->fd, BINDX_ADD, self->v6, 2));
	EXPECT_EQ(EADDRINUSE, bindx(self->fd, BINDX_ADD, self->v4, 1));
	EXPECT_EQ(0, bindx(self->fd, BINDX_ADD, self->v4 + 2, 1));
}

TEST_HARNESS_MAIN
