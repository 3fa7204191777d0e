// SPDX-License-Identifier: GPL-2.0
/*
 * What sctp_connectx() of libsctp is made of: SCTP_SOCKOPT_CONNECTX, _OLD and
 * _CONNECTX3. RFC 6458 section 9.9.
 */
#include <stddef.h>
#include <sys/mman.h>

#include "sctp_util.h"

#define CONNECTX_OLD	107
#define CONNECTX	110
#define CONNECTX3	111

FIXTURE(connectx) {
	int listener;
	int fd;
	union test_addr addr;
};

SCTP_FIXTURE_VARIANT(connectx);
SCTP_VARIANTS(connectx);

FIXTURE_SETUP(connectx)
{
	enter_netns(_metadata);
	self->listener = listening_socket(_metadata, &variant->fl,
					  &self->addr);
	self->fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(connectx)
{
}

/* The id, or minus the errno. */
static int connectx(int fd, const void *addrs, socklen_t len)
{
	int ret = setsockopt(fd, SOL_SCTP, CONNECTX, addrs, len);

	return ret < 0 ? -errno : ret;
}

/* 0 or the errno; the id, whatever came of it. */
static int connectx3(int fd, const void *addrs, int size, sctp_assoc_t *id)
{
	struct sctp_getaddrs_old arg = {
		.addr_num = size,
		.addrs = (struct sockaddr *)addrs,
	};
	socklen_t len = sizeof(arg);
	int err = CHILD_ERRNO(getsockopt(fd, SOL_SCTP, CONNECTX3, &arg, &len));

	*id = arg.assoc_id;
	if (arg.assoc_id && len != sizeof(*id))
		err = EOVERFLOW;
	return err;
}

TEST_F(connectx, returns_the_id)
{
	struct end end = { .fd = self->fd };

	set_events(_metadata, self->fd, EV_ASSOC);
	end.id = connectx(self->fd, &self->addr, addr_len(&self->addr));
	ASSERT_LT(0, end.id);
	EXPECT_EQ(end.id, recv_assoc_change(_metadata, self->fd, SCTP_COMM_UP)
				  .sac_assoc_id);
	EXPECT_EQ(SCTP_ESTABLISHED, get_status(_metadata, &end).sstat_state);
	EXPECT_EQ(-EISCONN, connectx(self->fd, &self->addr,
				     addr_len(&self->addr)));
}

TEST_F(connectx, old)
{
	EXPECT_EQ(0, setsockopt(self->fd, SOL_SCTP, CONNECTX_OLD, &self->addr,
				addr_len(&self->addr)));
	EXPECT_EQ(-1, setsockopt(self->fd, SOL_SCTP, CONNECTX_OLD, &self->addr,
				 addr_len(&self->addr)));
	EXPECT_EQ(EISCONN, errno);
}

TEST_F(connectx, writes_the_id)
{
	sctp_assoc_t id = 0;

	set_events(_metadata, self->fd, EV_ASSOC);
	ASSERT_EQ(0, connectx3(self->fd, &self->addr, addr_len(&self->addr),
			       &id));
	EXPECT_EQ(id, recv_assoc_change(_metadata, self->fd, SCTP_COMM_UP)
			      .sac_assoc_id);
}

/* Also when it does not wait. */
TEST_F(connectx, without_waiting)
{
	union test_addr addr = black_hole(&variant->fl, 5000);
	int fd = open_socket(_metadata, &variant->fl);
	sctp_assoc_t id = 0;

	add_black_hole(_metadata);
	set_nonblock(_metadata, self->fd, true);
	EXPECT_EQ(EINPROGRESS, connectx3(self->fd, &addr, addr_len(&addr),
					 &id));
	EXPECT_LT(0, id);
	EXPECT_EQ(EALREADY, connectx3(self->fd, &addr, addr_len(&addr), &id));
	EXPECT_EQ(0, id);
	set_nonblock(_metadata, fd, true);
	EXPECT_EQ(-EINPROGRESS, connectx(fd, &addr, addr_len(&addr)));
	EXPECT_EQ(-EALREADY, connectx(fd, &addr, addr_len(&addr)));
	close(fd);
}

TEST_F(connectx, refused)
{
	union test_addr addr = free_addr(_metadata, &variant->fl);
	sctp_assoc_t id = 0;

	EXPECT_EQ(-ECONNREFUSED, connectx(self->fd, &addr, addr_len(&addr)));
	EXPECT_EQ(ECONNREFUSED, connectx3(self->fd, &addr, addr_len(&addr),
					  &id));
	EXPECT_EQ(0, id);
	/* The socket is fit for another try. */
	EXPECT_LT(0, connectx(self->fd, &self->addr, addr_len(&self->addr)));
}

/* Two addresses of one peer, one behind the other. */
TEST_F(connectx, several_addresses)
{
	union test_addr any = wildcard(&variant->fl, 0);
	int listener = open_socket(_metadata, &variant->fl);
	socklen_t len = sizeof(any), one;
	char list[2 * sizeof(any)];
	union test_addr addr;

	if (variant->fl.family == TEST_IPV6)
		run_ip(_metadata, "-6 addr add 2001:db8::1/128 dev lo nodad");
	ASSERT_EQ(0, bind(listener, &any.sa, addr_len(&any)));
	ASSERT_EQ(0, listen(listener, 5));
	ASSERT_EQ(0, getsockname(listener, &any.sa, &len));
	addr = loopback(&variant->fl, port_of(&any));
	one = addr_len(&addr);
	memcpy(list, &addr, one);
	addr = make_addr(&variant->fl, "127.0.0.2", "2001:db8::1",
			 port_of(&any));
	memcpy(list + one, &addr, one);
	EXPECT_LT(0, connectx(self->fd, list, 2 * one));
	EXPECT_EQ(-EISCONN, connectx(self->fd, list, one));
	close(listener);
}

/*
 * A listener at an address of global scope, and the address of a host that does
 * not answer. T1-init of @fd does not take long.
 */
static union test_addr one_of_two(struct __test_metadata *_metadata,
				  const struct flavour *fl, int fd,
				  union test_addr *hole)
{
	struct sctp_rtoinfo rto = { 0, 200, 1000, 100 };
	union test_addr addr = make_addr(fl, "192.0.2.1", "2001:db8::1", 5001);
	int listener = open_socket(_metadata, fl);

	add_black_hole(_metadata);
	*hole = black_hole(fl, 5001);
	ASSERT_EQ(0, bind(listener, &addr.sa, addr_len(&addr)));
	ASSERT_EQ(0, listen(listener, 5));
	ASSERT_EQ(0, setsockopt(fd, SOL_SCTP, SCTP_RTOINFO, &rto, sizeof(rto)));
	return addr;
}

/* The peer of the only association has just this address. */
static void expect_peer(struct __test_metadata *_metadata, int fd,
			sctp_assoc_t id, const union test_addr *addr)
{
	struct {
		struct sctp_getaddrs head;
		char room[256];
	} list = { .head.assoc_id = id };
	socklen_t len = sizeof(list);

	ASSERT_EQ(0, getsockopt(fd, SOL_SCTP, SCTP_GET_PEER_ADDRS, &list, &len));
	EXPECT_EQ(1, list.head.addr_num);
	EXPECT_TRUE(same_addr(addr, (void *)list.room));
}

/* The first address does not answer: the second one does, and is the only one. */
TEST_F(connectx, second_address_answers)
{
	union test_addr hole, addr, other;
	sctp_assoc_t id = 0;
	socklen_t len;
	char list[64];

	addr = one_of_two(_metadata, &variant->fl, self->fd, &hole);
	len = addr_len(&addr);
	memcpy(list, &hole, len);
	memcpy(list + len, &addr, len);
	ASSERT_EQ(0, connectx3(self->fd, list, 2 * len, &id));
	expect_peer(_metadata, self->fd, id, &addr);

	/* Nothing is known of the other address any more. */
	if (one_to_one(&variant->fl))
		return;
	other = hole;
	set_nonblock(_metadata, self->fd, true);
	EXPECT_EQ(-EISCONN, connectx(self->fd, list + len, len));
	EXPECT_EQ(-EINPROGRESS, connectx(self->fd, &other, len));
	/* A list with one that is a peer's already. */
	hole.v4.sin_addr.s_addr ^= hole.sa.sa_family == AF_INET ? htonl(7) : 0;
	hole.v6.sin6_addr.s6_addr[15] ^= hole.sa.sa_family == AF_INET ? 0 : 7;
	memcpy(list, &hole, len);
	EXPECT_EQ(-EISCONN, connectx(self->fd, list, 2 * len));
	memcpy(list + len, &other, len);
	EXPECT_EQ(-EALREADY, connectx(self->fd, list, 2 * len));
}

/* Appends the address in the form of ancillary data. */
static ssize_t send_to_both(int fd, const union test_addr *to,
			    const union test_addr *other, int cut)
{
	struct in6_addr v6 = other->v6.sin6_addr;
	bool is_v6 = other->sa.sa_family == AF_INET6 &&
		     !IN6_IS_ADDR_V4MAPPED(&v6);
	const void *v4 = other->sa.sa_family == AF_INET ?
			 (const void *)&other->v4.sin_addr :
			 (const void *)&v6.s6_addr[12];
	char buf[100];

	fill(buf, sizeof(buf), 1);
	if (is_v6)
		return send_cmsg(fd, to, SCTP_DSTADDRV6, &v6, sizeof(v6) - cut,
				 buf, sizeof(buf), 0);
	return send_cmsg(fd, to, SCTP_DSTADDRV4, v4, 4 - cut, buf, sizeof(buf), 0);
}

/* What sctp_sendv() makes of several addresses. */
TEST_F(connectx, send_to_several)
{
	union test_addr hole, addr;
	struct end end = { .fd = self->fd };

	set_events(_metadata, self->fd, EV_ASSOC);
	addr = one_of_two(_metadata, &variant->fl, self->fd, &hole);
	EXPECT_EQ(-1, send_to_both(self->fd, &hole, &addr, 1));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(100, send_to_both(self->fd, &hole, &addr, 0));
	end.id = recv_assoc_change(_metadata, self->fd, SCTP_COMM_UP).sac_assoc_id;
	expect_peer(_metadata, self->fd, end.id, &addr);
	/* Of no interest once there is an association. */
	EXPECT_EQ(100, send_to_both(self->fd, &addr, &hole, 1));
	wait_until(get_status(_metadata, &end).sstat_unackdata == 0);
	expect_peer(_metadata, self->fd, end.id, &addr);
}

TEST_F(connectx, malformed)
{
	socklen_t one = addr_len(&self->addr), len;
	union test_addr other = self->addr;
	char list[3 * sizeof(other)];
	sctp_assoc_t id = 0;

	memset(list, 0, sizeof(list));
	memcpy(list, &self->addr, one);
	for (len = 0; len < one; len++) {
		EXPECT_EQ(-EINVAL, connectx(self->fd, list, len));
		EXPECT_EQ(EINVAL, connectx3(self->fd, list, len, &id));
	}
	/* A second one that is not whole, of no family, of another port. */
	memcpy(list + one, &self->addr, one);
	for (len = one + 1; len < 2 * one; len++)
		EXPECT_EQ(-EINVAL, connectx(self->fd, list, len));
	memset(list + one, 0, one);
	EXPECT_EQ(-EINVAL, connectx(self->fd, list, 2 * one));
	other = make_addr(&variant->fl, "127.0.0.2", "::1",
			  port_of(&self->addr) ^ 1);
	memcpy(list + one, &other, one);
	EXPECT_EQ(-EINVAL, connectx(self->fd, list, 2 * one));
	EXPECT_EQ(EINVAL, connectx3(self->fd, list, 2 * one, &id));
	/* No association has come of that. */
	EXPECT_LT(0, connectx(self->fd, list, one));
}

TEST_F(connectx, bad_pointers)
{
	struct sctp_getaddrs_old arg = { .addr_num = 100 };
	socklen_t len;

	EXPECT_EQ(-EFAULT, connectx(self->fd, NULL, 16));
	for (len = 0; len < sizeof(arg); len++) {
		socklen_t got = len;

		EXPECT_EQ(-1, getsockopt(self->fd, SOL_SCTP, CONNECTX3, &arg,
					 &got));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(-1, getsockopt(self->fd, SOL_SCTP, CONNECTX3, &arg, &len));
	EXPECT_EQ(EFAULT, errno);
}

#ifdef __x86_64__
/* A system call as 32-bit programs make it, by its number there. */
static long call32(long nr, long a, long b, long c, long d, long e)
{
	asm volatile("int $0x80"
		     : "+a"(nr)
		     : "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
		     : "memory", "r8", "r9", "r10", "r11");
	return nr;
}

/* Without such calls the kernel ends who makes one, or takes it for another. */
static bool have_call32(void)
{
	const int getpid32 = 20;
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(call32(getpid32, -1, 0, 0, 0, -1) == getpid() ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* struct sctp_getaddrs_old of a 32-bit program, and what belongs to it. */
struct low {
	__u32 assoc_id, addr_num, addrs;
	socklen_t len;
	union test_addr addr;
};

/* 0 or minus the errno, with an option of @len bytes. */
static long connectx3_32(int fd, struct low *low, socklen_t len)
{
	const int getsockopt32 = 365;

	low->len = len;
	return call32(getsockopt32, fd, SOL_SCTP, CONNECTX3, (long)low,
		      (long)&low->len);
}

/* What sctp_connectx() of a 32-bit program is made of. */
TEST_F(connectx, of_a_32_bit_program)
{
	const socklen_t size = offsetof(struct low, len);
	struct low *low;

	if (!have_call32())
		SKIP(return, "the kernel has no 32-bit calls");
	low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	ASSERT_NE(MAP_FAILED, low);
	low->addr = self->addr;
	low->addr_num = addr_len(&self->addr);
	low->addrs = (long)&low->addr;

	set_events(_metadata, self->fd, EV_ASSOC);
	EXPECT_EQ(-EINVAL, connectx3_32(self->fd, low, size - 1));
	ASSERT_EQ(0, connectx3_32(self->fd, low, size));
	EXPECT_EQ(sizeof(low->assoc_id), low->len);
	EXPECT_EQ(low->assoc_id,
		  recv_assoc_change(_metadata, self->fd, SCTP_COMM_UP)
			  .sac_assoc_id);
	EXPECT_EQ(-EISCONN, connectx3_32(self->fd, low, size));
	low->addrs = 0;
	EXPECT_EQ(-EFAULT, connectx3_32(self->fd, low, size));
}
#endif

TEST_HARNESS_MAIN
