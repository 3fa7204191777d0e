// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets that share a port: SO_REUSEPORT, SO_BINDTODEVICE, link-local
 * addresses of several interfaces; IP_FREEBIND and SO_ATTACH_FILTER, which also
 * decide about what a socket gets.
 */
#include "sctp_util.h"
#include <linux/filter.h>

#define LISTENERS	4

FIXTURE(share) {
	int unused;
};

SCTP_FIXTURE_VARIANT(share);
SCTP_VARIANTS(share);

FIXTURE_SETUP(share)
{
	enter_netns(_metadata);
}

FIXTURE_TEARDOWN(share)
{
}

/* 0 or the errno. */
static int try_bind(int fd, union test_addr addr)
{
	return CHILD_ERRNO(bind(fd, &addr.sa, addr_len(&addr)));
}

static int reuseport_socket(struct __test_metadata *_metadata,
			    const struct flavour *fl)
{
	int fd = open_socket(_metadata, fl);

	set_int(_metadata, fd, SOL_SOCKET, SO_REUSEPORT, 1);
	return fd;
}

TEST_F(share, reuseport)
{
	union test_addr addr = loopback(&variant->fl, 5001);
	int a = reuseport_socket(_metadata, &variant->fl);
	int b = reuseport_socket(_metadata, &variant->fl);
	int c = open_socket(_metadata, &variant->fl);

	ASSERT_EQ(0, try_bind(a, addr));
	ASSERT_EQ(0, listen(a, 5));
	/* All of them have to want it. */
	EXPECT_EQ(EADDRINUSE, try_bind(c, addr));
	ASSERT_EQ(0, try_bind(b, addr));
	EXPECT_EQ(0, listen(b, 5));
	close(a);
	close(b);
	EXPECT_EQ(0, try_bind(c, addr));
}

/* Who lets the system choose gets a port for itself, none that is reserved. */
TEST_F(share, ephemeral_port)
{
	int a = reuseport_socket(_metadata, &variant->fl);
	int b = reuseport_socket(_metadata, &variant->fl);
	int c = reuseport_socket(_metadata, &variant->fl);
	union test_addr addr;
	socklen_t len = sizeof(addr);

	write_sysctl(_metadata, "/proc/sys/net/ipv4/ip_local_port_range",
		     "40000 40002");
	write_sysctl(_metadata, "/proc/sys/net/ipv4/ip_local_reserved_ports",
		     "40001");
	ASSERT_EQ(0, try_bind(a, loopback(&variant->fl, 0)));
	ASSERT_EQ(0, try_bind(b, loopback(&variant->fl, 0)));
	EXPECT_EQ(EADDRINUSE, try_bind(c, loopback(&variant->fl, 0)));
	ASSERT_EQ(0, getsockname(a, &addr.sa, &len));
	EXPECT_NE(40001, port_of(&addr));
}

static int bind_as_nobody(const struct flavour *fl, union test_addr addr)
{
	int fd, on = 1;

	if (setresuid(65534, 65534, 65534))
		return 255;
	fd = socket(domain_of(fl), fl->type, IPPROTO_SCTP);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)))
		return 254;
	return try_bind(fd, addr);
}

TEST_F(share, reuseport_of_another_user)
{
	union test_addr addr = loopback(&variant->fl, 5001);
	int fd = reuseport_socket(_metadata, &variant->fl);

	ASSERT_EQ(0, try_bind(fd, addr));
	EXPECT_EQ(EADDRINUSE,
		  end_child(_metadata,
			    start_child(bind_as_nobody(&variant->fl, addr))));
}

/* Associations are spread over all that listen. */
TEST_F(share, reuseport_spreads)
{
	union test_addr addr = loopback(&variant->fl, 5001);
	int fd[LISTENERS], client[40], i, used = 0;

	for (i = 0; i < LISTENERS; i++) {
		fd[i] = reuseport_socket(_metadata, &variant->fl);
		ASSERT_EQ(0, try_bind(fd[i], addr));
		ASSERT_EQ(0, listen(fd[i], 40));
		set_events(_metadata, fd[i], EV_ASSOC);
	}
	for (i = 0; i < 40; i++) {
		client[i] = open_socket(_metadata, &variant->fl);
		ASSERT_EQ(0, connect(client[i], &addr.sa, addr_len(&addr)));
	}
	for (i = 0; i < LISTENERS; i++)
		used += !!poll_fd(fd[i], POLLIN, 0);
	EXPECT_LE(2, used);
	/* Who stops listening gets no more. */
	for (i = 1; i < LISTENERS; i++)
		close(fd[i]);
	for (i = 0; i < 5; i++) {
		close(client[i]);
		client[i] = open_socket(_metadata, &variant->fl);
		EXPECT_EQ(0, connect(client[i], &addr.sa, addr_len(&addr)));
	}
}

static void attach_program(struct __test_metadata *_metadata, int fd, int index)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, index);
	struct sock_fprog program = { 1, &code };

	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF,
				&program, sizeof(program)));
}

static void connect_some(struct __test_metadata *_metadata,
			 const struct flavour *fl, const union test_addr *addr)
{
	int i;

	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, connect(open_socket(_metadata, fl), &addr->sa,
				     addr_len(addr)));
}

/* Who gets an association is for a program to say, if there is one. */
TEST_F(share, program_chooses)
{
	union test_addr addr = loopback(&variant->fl, 5001);
	int fd[3], i;

	for (i = 0; i < 3; i++) {
		fd[i] = reuseport_socket(_metadata, &variant->fl);
		ASSERT_EQ(0, try_bind(fd[i], addr));
		/* Before there are others, too. */
		if (i == 0)
			attach_program(_metadata, fd[0], 1);
		ASSERT_EQ(0, listen(fd[i], 40));
		set_events(_metadata, fd[i], EV_ASSOC);
	}
	connect_some(_metadata, &variant->fl, &addr);
	EXPECT_EQ(0, poll_fd(fd[0], POLLIN, 0));
	EXPECT_EQ(POLLIN, poll_fd(fd[1], POLLIN, 0));
	EXPECT_EQ(0, poll_fd(fd[2], POLLIN, 0));
	/* The last one takes the place of who has left. */
	close(fd[1]);
	connect_some(_metadata, &variant->fl, &addr);
	EXPECT_EQ(0, poll_fd(fd[0], POLLIN, 0));
	EXPECT_EQ(POLLIN, poll_fd(fd[2], POLLIN, 0));
	attach_program(_metadata, fd[2], 0);
	connect_some(_metadata, &variant->fl, &addr);
	EXPECT_EQ(POLLIN, poll_fd(fd[0], POLLIN, 0));
	/* Without a socket of that number somebody else gets them. */
	attach_program(_metadata, fd[2], 7);
	connect_some(_metadata, &variant->fl, &addr);
}

static void bind_to_device(struct __test_metadata *_metadata, int fd,
			   const char *device)
{
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device,
				strlen(device) + 1));
}

TEST_F(share, devices)
{
	union test_addr addr = loopback(&variant->fl, 5001), any;
	int on_lo = open_socket(_metadata, &variant->fl);
	int on_hole = open_socket(_metadata, &variant->fl);
	int fd = open_socket(_metadata, &variant->fl);

	add_black_hole(_metadata);
	any = wildcard(&variant->fl, 5001);
	bind_to_device(_metadata, on_lo, "lo");
	bind_to_device(_metadata, on_hole, "hole");
	ASSERT_EQ(0, try_bind(on_lo, any));
	EXPECT_EQ(EADDRINUSE, try_bind(fd, any));
	ASSERT_EQ(0, try_bind(on_hole, any));
	ASSERT_EQ(0, listen(on_hole, 5));
	/* Nobody listens where this comes in. */
	EXPECT_EQ(ECONNREFUSED, CHILD_ERRNO(connect(fd, &addr.sa,
						    addr_len(&addr))));
	ASSERT_EQ(0, listen(on_lo, 5));
	EXPECT_EQ(0, CHILD_ERRNO(connect(fd, &addr.sa, addr_len(&addr))));
}

/* An address that this host does not have. */
TEST_F(share, freebind)
{
	union test_addr addr = make_addr(&variant->fl, "203.0.113.1",
					 "2001:db8:9::1", 5001);
	int fd = open_socket(_metadata, &variant->fl);
	bool is_v6 = variant->fl.family == TEST_IPV6;

	EXPECT_EQ(EADDRNOTAVAIL, try_bind(fd, addr));
	set_int(_metadata, fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
		is_v6 ? IPV6_FREEBIND : IP_FREEBIND, 1);
	EXPECT_EQ(0, try_bind(fd, addr));
}

/* A filter decides by the type of the first chunk. */
TEST_F(share, filter)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
	};
	struct sock_fprog filter = { 4, code };
	struct pair p;
	struct sctp_sndinfo info = { 0 };
	char buf[10];
	int off = 0;

	pair_open(_metadata, &variant->fl, &p);
	info.snd_assoc_id = p.client.id;
	ASSERT_EQ(0, setsockopt(p.server.fd, SOL_SOCKET, SO_ATTACH_FILTER,
				&filter, sizeof(filter)));
	fill(buf, sizeof(buf), 1);
	ASSERT_EQ(10, send_cmsg(p.client.fd, NULL, SCTP_SNDINFO,
				&info, sizeof(info), buf, sizeof(buf), 0));
	EXPECT_EQ(0, poll_fd(p.server.fd, POLLIN, 100));
	ASSERT_EQ(0, setsockopt(p.server.fd, SOL_SOCKET, SO_DETACH_FILTER, &off,
				sizeof(off)));
	/* It is sent again. */
	recv_pattern(_metadata, p.server.fd, 10, 1, NULL);
}

FIXTURE(link_local) {
	union test_addr addr[2];
};

FIXTURE_VARIANT(link_local) {
	struct flavour fl;
};

FIXTURE_VARIANT_ADD(link_local, one_to_one) { .fl = { TEST_IPV6, SOCK_STREAM } };
FIXTURE_VARIANT_ADD(link_local, one_to_many) { .fl = { TEST_IPV6, SOCK_SEQPACKET } };

FIXTURE_SETUP(link_local)
{
	static const char *const name[] = { "d0", "d1" };
	int i;

	enter_netns(_metadata);
	for (i = 0; i < 2; i++) {
		char args[80];

		snprintf(args, sizeof(args), "link add %s type dummy", name[i]);
		run_ip(_metadata, args);
		snprintf(args, sizeof(args), "link set %s addrgenmode none up",
			 name[i]);
		run_ip(_metadata, args);
		snprintf(args, sizeof(args), "addr add fe80::1/64 dev %s nodad",
			 name[i]);
		run_ip(_metadata, args);
		self->addr[i] = make_addr(&variant->fl, "", "fe80::1", 5001);
		self->addr[i].v6.sin6_scope_id = if_nametoindex(name[i]);
	}
}

FIXTURE_TEARDOWN(link_local)
{
}

/* The same address on two interfaces is two addresses. */
TEST_F(link_local, two_interfaces)
{
	int a = open_socket(_metadata, &variant->fl);
	int b = open_socket(_metadata, &variant->fl);
	union test_addr bare = self->addr[0];
	int fd;

	bare.v6.sin6_scope_id = 0;
	EXPECT_EQ(EADDRNOTAVAIL, try_bind(a, bare));
	EXPECT_EQ(EINVAL, CHILD_ERRNO(connect(a, &bare.sa, addr_len(&bare))));
	ASSERT_EQ(0, try_bind(a, self->addr[0]));
	ASSERT_EQ(0, try_bind(b, self->addr[1]));
	/* The C module forgets about the scope here. */
	if (is_c_module())
		return;
	ASSERT_EQ(0, listen(b, 5));
	fd = open_socket(_metadata, &variant->fl);
	EXPECT_EQ(0, CHILD_ERRNO(connect(fd, &self->addr[1].sa,
					 addr_len(&self->addr[1]))));
	close(fd);
	fd = open_socket(_metadata, &variant->fl);
	EXPECT_EQ(ECONNREFUSED,
		  CHILD_ERRNO(connect(fd, &self->addr[0].sa,
				      addr_len(&self->addr[0]))));
	close(fd);
}

TEST_HARNESS_MAIN
