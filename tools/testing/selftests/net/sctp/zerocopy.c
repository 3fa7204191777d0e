// SPDX-License-Identifier: GPL-2.0
/*
 * MSG_ZEROCOPY and SO_ZEROCOPY: memory that a user lends, and the notifications that
 * it is the user's own again (Documentation/networking/msg_zerocopy.rst). The C module
 * has neither; here the flag has no effect there either, and so these are skipped.
 */
#include <sys/mman.h>
#include <sys/uio.h>
#include <linux/errqueue.h>
#include <linux/rust_sctp.h>
#include "sctp_util.h"

FIXTURE(zerocopy) {
	struct pair p;
	/* What the notifications have said so far. */
	uint32_t next;		/* the number of the first call that is not known of */
	int count;		/* of notifications */
	int copied;		/* of those that said so */
	size_t size;
	unsigned char *buf;	/* memory to be lent */
};

SCTP_FIXTURE_VARIANT(zerocopy);
SCTP_VARIANTS(zerocopy);

/* A network, and an association in it. An MTU of 0 is that of loopback. */
#define begin(mtu) do {							\
	enter_netns_mtu(_metadata, mtu);				\
	pair_open(_metadata, &variant->fl, &self->p);			\
	set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_ZEROCOPY, 1); \
	self->next = self->count = self->copied = 0;			\
} while (0)

FIXTURE_SETUP(zerocopy)
{
	if (is_c_module())
		SKIP(return, "has no MSG_ZEROCOPY");
	self->size = 1 << 20;
	self->buf = mmap(NULL, self->size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->buf);
}

FIXTURE_TEARDOWN(zerocopy)
{
}

/* Takes one notification; false if there is none. */
static bool get_range(struct __test_metadata *_metadata, int fd, uint32_t *from,
		      uint32_t *to, bool *copied)
{
	struct sock_extended_err *err;
	char control[256];
	struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg;

	if (recvmsg(fd, &msg, MSG_ERRQUEUE) < 0) {
		EXPECT_EQ(EAGAIN, errno);
		return false;
	}
	EXPECT_NE(0, msg.msg_flags & MSG_ERRQUEUE);
	cmsg = CMSG_FIRSTHDR(&msg);
	ASSERT_NE(NULL, cmsg);
	EXPECT_TRUE((cmsg->cmsg_level == SOL_IP && cmsg->cmsg_type == IP_RECVERR) ||
		    (cmsg->cmsg_level == SOL_IPV6 && cmsg->cmsg_type == IPV6_RECVERR));
	err = (struct sock_extended_err *)CMSG_DATA(cmsg);
	EXPECT_EQ(SO_EE_ORIGIN_ZEROCOPY, err->ee_origin);
	EXPECT_EQ(0, err->ee_errno);
	*from = err->ee_info;
	*to = err->ee_data;
	*copied = err->ee_code & SO_EE_CODE_ZEROCOPY_COPIED;
	return true;
}

/* Takes notifications, which come in order, until @calls are told of. */
#define take_notifications(calls) do {					\
	uint32_t __from, __to;						\
	bool __copied;							\
									\
	while (self->next < (calls)) {					\
		EXPECT_NE(0, wait_for(_metadata, self->p.client.fd, POLLERR) & POLLERR); \
		ASSERT_TRUE(get_range(_metadata, self->p.client.fd, &__from, \
				      &__to, &__copied));		\
		ASSERT_EQ(self->next, __from);				\
		ASSERT_GE(__to, __from);				\
		self->next = __to + 1;					\
		self->count++;						\
		self->copied += __copied;				\
	}								\
	ASSERT_EQ((uint32_t)(calls), self->next);			\
} while (0)

static void expect_no_notification(struct __test_metadata *_metadata, int fd)
{
	uint32_t from, to;
	bool copied;

	EXPECT_EQ(0, poll_fd(fd, 0, 0) & POLLERR);
	EXPECT_FALSE(get_range(_metadata, fd, &from, &to, &copied));
}

/* Small packets are made of copies of the pages, large ones of the pages. */
static const int mtus[] = { 1500, 9000, 0 };

#define for_each_mtu(i) for (i = 0; i < 3; i++)

TEST_F(zerocopy, option)
{
	int fd, value;

	begin(1500);
	fd = open_socket(_metadata, &variant->fl);
	EXPECT_EQ(0, get_int(_metadata, fd, SOL_SOCKET, SO_ZEROCOPY));
	set_int(_metadata, fd, SOL_SOCKET, SO_ZEROCOPY, 1);
	EXPECT_EQ(1, get_int(_metadata, fd, SOL_SOCKET, SO_ZEROCOPY));
	for (value = -1; value < 4; value += 3) {
		EXPECT_EQ(-1, setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &value,
					 sizeof(value)));
		EXPECT_EQ(EINVAL, errno);
	}
	value = 0;
	EXPECT_EQ(-1, setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &value, 3));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, (void *)1, sizeof(value)));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(1, get_int(_metadata, fd, SOL_SOCKET, SO_ZEROCOPY));
	set_int(_metadata, fd, SOL_SOCKET, SO_ZEROCOPY, 0);
	EXPECT_EQ(0, get_int(_metadata, fd, SOL_SOCKET, SO_ZEROCOPY));
	/* The others of this level are what they were. */
	EXPECT_EQ(-1, setsockopt(fd, SOL_SOCKET, 9999, &value, sizeof(value)));
	EXPECT_EQ(ENOPROTOOPT, errno);
	set_int(_metadata, fd, SOL_SOCKET, SO_PRIORITY, 3);
	EXPECT_EQ(3, get_int(_metadata, fd, SOL_SOCKET, SO_PRIORITY));
}

/* An accepted socket, or one that was peeled off, has what its parent has, and may set it. */
TEST_F(zerocopy, inherited)
{
	int fd, on;

	for (on = 0; on < 2; on++) {
		enter_netns(_metadata);
		self->p.listener = listening_socket(_metadata, &variant->fl,
						    &self->p.addr);
		set_int(_metadata, self->p.listener, SOL_SOCKET, SO_ZEROCOPY, on);
		self->p.client.fd = open_socket(_metadata, &variant->fl);
		pair_join(_metadata, &variant->fl, &self->p);
		fd = self->p.server.fd;
		if (!one_to_one(&variant->fl))
			fd = peel_off(_metadata, &self->p.server);
		EXPECT_EQ(on, get_int(_metadata, fd, SOL_SOCKET, SO_ZEROCOPY));
		set_int(_metadata, fd, SOL_SOCKET, SO_ZEROCOPY, !on);
		EXPECT_EQ(!on, get_int(_metadata, fd, SOL_SOCKET, SO_ZEROCOPY));
	}
}

/* Who has not set the option may set the flag by mistake. */
TEST_F(zerocopy, without_the_option)
{
	begin(1500);
	set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_ZEROCOPY, 0);
	fill(self->buf, 10000, 1);
	ASSERT_EQ(10000, send_end(&self->p.client, self->buf, 10000, 0, MSG_ZEROCOPY));
	recv_pattern(_metadata, self->p.server.fd, 10000, 1, NULL);
	wait_paid_back(_metadata, self->p.client.fd);
	expect_no_notification(_metadata, self->p.client.fd);
}

/*
 * Whatever the length and wherever it begins, it arrives as it was, and is told of.
 * A receiver on the same host gets a copy: what is written to the memory then does
 * not reach it.
 */
TEST_F(zerocopy, lengths)
{
	static const size_t lens[] = { 1, 1500, 1501, 4096, 20000, 65536, 65537, 150000 };
	size_t i, j, at;

	for_each_mtu(i) {
		begin(mtus[i]);
		set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_SNDBUF, 200000);
		set_int(_metadata, self->p.server.fd, SOL_SOCKET, SO_RCVBUF, 1000000);
		for (j = 0; j < 8; j++) {
			at = j * 333;
			fill(self->buf + at, lens[j], j);
			ASSERT_EQ(lens[j], send_end(&self->p.client, self->buf + at,
						    lens[j], 0, MSG_ZEROCOPY));
			take_notifications(j + 1);
			memset(self->buf, 0, at + lens[j]);
			recv_parts(_metadata, self->p.server.fd, 0, lens[j], j,
				   lens[j]);
		}
		EXPECT_EQ(8, self->copied);
		EXPECT_EQ(8, self->count);
		expect_no_notification(_metadata, self->p.client.fd);
		wait_paid_back(_metadata, self->p.client.fd);
	}
}

/* Consecutive ones become one. */
TEST_F(zerocopy, coalesced)
{
	int i, count = 30;

	begin(1500);
	fill(self->buf, 5000, 1);
	for (i = 0; i < count; i++) {
		ASSERT_EQ(5000, send_end(&self->p.client, self->buf, 5000, 0,
					 MSG_ZEROCOPY));
		/* Other messages are not counted. */
		send_pattern(_metadata, &self->p.client, 100, 0, i);
		recv_pattern(_metadata, self->p.server.fd, 5000, 1, NULL);
		recv_pattern(_metadata, self->p.server.fd, 100, i, NULL);
	}
	wait_until(meminfo(_metadata, self->p.client.fd, SK_MEMINFO_WMEM_ALLOC) == 0);
	take_notifications(count);
	EXPECT_EQ(1, self->count);
}

/* It is no error: what is sent and received meanwhile does not mind. */
TEST_F(zerocopy, no_error)
{
	begin(1500);
	fill(self->buf, 5000, 1);
	ASSERT_EQ(5000, send_end(&self->p.client, self->buf, 5000, 0, MSG_ZEROCOPY));
	recv_pattern(_metadata, self->p.server.fd, 5000, 1, NULL);
	wait_for(_metadata, self->p.client.fd, POLLERR);
	EXPECT_EQ(0, get_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_ERROR));
	send_pattern(_metadata, &self->p.client, 100, 0, 2);
	recv_pattern(_metadata, self->p.server.fd, 100, 2, NULL);
	send_pattern(_metadata, &self->p.server, 100, 0, 3);
	recv_pattern(_metadata, self->p.client.fd, 100, 3, NULL);
	EXPECT_NE(0, poll_fd(self->p.client.fd, 0, 0) & POLLERR);
	take_notifications(1);
	expect_no_notification(_metadata, self->p.client.fd);
}

/* From several pieces of memory. */
TEST_F(zerocopy, gathered)
{
	struct sctp_status st;
	struct iovec iov[20];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 20 };
	size_t i, j, len = 20 * 3001;

	for_each_mtu(i) {
		begin(mtus[i]);
		msg.msg_name = &self->p.addr;
		msg.msg_namelen = addr_len(&self->p.addr);
		fill(self->buf, len, i);
		for (j = 0; j < 20; j++)
			iov[j] = (struct iovec){ self->buf + j * 3001, 3001 };
		ASSERT_EQ(len, sendmsg(self->p.client.fd, &msg, MSG_ZEROCOPY));
		recv_parts(_metadata, self->p.server.fd, 0, len, i, len);
		take_notifications(1);
		wait_paid_back(_metadata, self->p.client.fd);
		st = get_status(_metadata, &self->p.client);
		EXPECT_EQ(SCTP_ESTABLISHED, st.sstat_state);
	}
}

/*
 * Two messages to who does not read and has little room: what comes after them is not
 * sent.
 */
static void use_up_window(struct __test_metadata *_metadata, const struct end *end)
{
	send_pattern(_metadata, end, 50000, 0, 1);
	send_pattern(_metadata, end, 50000, 0, 1);
}

/* A message that was never sent was not copied, and is told of when it is given up. */
TEST_F(zerocopy, given_up)
{
	int i;

	for_each_mtu(i) {
		begin(mtus[i]);
		set_int(_metadata, self->p.server.fd, SOL_SOCKET, SO_RCVBUF, 4096);
		fill(self->buf, 50000, 1);
		use_up_window(_metadata, &self->p.client);
		ASSERT_EQ(50000, send_end(&self->p.client, self->buf, 50000, 0,
					  MSG_ZEROCOPY));
		/* It is still needed. */
		EXPECT_EQ(0, poll_fd(self->p.client.fd, 0, 50) & POLLERR);
		expect_no_notification(_metadata, self->p.client.fd);
		set_linger(_metadata, self->p.server.fd, 1, 0);
		close(self->p.server.fd);
		if (self->p.server.fd != self->p.listener)
			close(self->p.listener);
		take_notifications(1);
		EXPECT_EQ(0, self->copied);
		wait_paid_back(_metadata, self->p.client.fd);
	}
}

/* Nobody is told any more, but everything is given back. */
TEST_F(zerocopy, closed)
{
	int i, linger;

	for (linger = 0; linger < 2; linger++) {
		for_each_mtu(i) {
			begin(mtus[i]);
			set_int(_metadata, self->p.server.fd, SOL_SOCKET, SO_RCVBUF,
				4096);
			fill(self->buf, 50000, 1);
			ASSERT_EQ(50000, send_end(&self->p.client, self->buf, 50000,
						  0, MSG_ZEROCOPY));
			if (linger)
				set_linger(_metadata, self->p.client.fd, 1, 0);
			close(self->p.client.fd);
			if (!linger) {
				set_int(_metadata, self->p.server.fd, SOL_SOCKET,
					SO_RCVBUF, 100000);
				recv_parts(_metadata, self->p.server.fd, 0, 50000, 1,
					   50000);
			}
			close(self->p.server.fd);
		}
	}
}

/* What fails has no number, and is not told of. */
TEST_F(zerocopy, failed)
{
	int sent = 0, i;

	begin(1500);
	EXPECT_EQ(-1, send_end(&self->p.client, (void *)4096, 10000, 0, MSG_ZEROCOPY));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, send_end(&self->p.client, (void *)4096, 10, 0, MSG_ZEROCOPY));
	EXPECT_EQ(EFAULT, errno);
	/* Half of it is there. */
	munmap(self->buf + 40960, self->size - 40960);
	EXPECT_EQ(-1, send_end(&self->p.client, self->buf + 30960, 20000, 0,
			       MSG_ZEROCOPY));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, send_end(&self->p.client, self->buf, 10000, 65535, MSG_ZEROCOPY));
	EXPECT_EQ(EINVAL, errno);
	wait_paid_back(_metadata, self->p.client.fd);
	expect_no_notification(_metadata, self->p.client.fd);
	fill(self->buf, 10000, 1);
	while (send_end(&self->p.client, self->buf, 10000, 0,
			MSG_ZEROCOPY | MSG_DONTWAIT) == 10000)
		sent++;
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(-1, send_end(&self->p.client, self->buf, 10000, 0,
			       MSG_ZEROCOPY | MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	for (i = 0; i < sent; i++)
		recv_pattern(_metadata, self->p.server.fd, 10000, 1, NULL);
	take_notifications(sent);
	wait_paid_back(_metadata, self->p.client.fd);
	expect_no_notification(_metadata, self->p.client.fd);
}

/* Notifications that nobody takes have a limit. */
TEST_F(zerocopy, no_memory)
{
	begin(1500);
	write_sysctl(_metadata, "/proc/sys/net/core/optmem_max", "1");
	EXPECT_EQ(-1, send_end(&self->p.client, self->buf, 10000, 0, MSG_ZEROCOPY));
	EXPECT_EQ(ENOBUFS, errno);
	wait_paid_back(_metadata, self->p.client.fd);
	expect_no_notification(_metadata, self->p.client.fd);
	write_sysctl(_metadata, "/proc/sys/net/core/optmem_max", "20000");
	fill(self->buf, 10000, 1);
	ASSERT_EQ(10000, send_end(&self->p.client, self->buf, 10000, 0, MSG_ZEROCOPY));
	recv_pattern(_metadata, self->p.server.fd, 10000, 1, NULL);
	take_notifications(1);
}

/* A call of which only parts find room at a time is one call. */
TEST_F(zerocopy, parts)
{
	size_t len = 300000;
	pid_t child;
	int i;

	for_each_mtu(i) {
		begin(mtus[i]);
		set_int(_metadata, self->p.client.fd, SOL_SCTP, SCTP_EXPLICIT_EOR, 1);
		set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_SNDBUF, 20000);
		fill(self->buf, len, i);
		child = start_child(send_end(&self->p.client, self->buf, len, 0,
					     MSG_ZEROCOPY | MSG_EOR) == len ? 0 : 1);
		recv_parts(_metadata, self->p.server.fd, 0, len, i, 65536);
		EXPECT_EQ(0, end_child(_metadata, child));
		take_notifications(1);
		EXPECT_EQ(1, self->count);
		wait_paid_back(_metadata, self->p.client.fd);
		expect_no_notification(_metadata, self->p.client.fd);
	}
}

/* Calls that are made at the same time have different numbers, also if others fail. */
static int send_many(const struct end *end, unsigned char *buf, int count)
{
	while (count) {
		if (send_end(end, (void *)4096, 5000, 0, MSG_ZEROCOPY) >= 0)
			return 1;
		if (send_end(end, buf, 5000, 0, MSG_ZEROCOPY) != 5000)
			return 1;
		count--;
	}
	return 0;
}

TEST_F(zerocopy, at_the_same_time)
{
	uint32_t from, to, told = 0;
	bool seen[60] = {}, copied;
	pid_t a, b;
	int i;

	begin(1500);
	fill(self->buf, 5000, 1);
	a = start_child(send_many(&self->p.client, self->buf, 30));
	b = start_child(send_many(&self->p.client, self->buf, 30));
	for (i = 0; i < 60; i++)
		recv_pattern(_metadata, self->p.server.fd, 5000, 1, NULL);
	EXPECT_EQ(0, end_child(_metadata, a));
	EXPECT_EQ(0, end_child(_metadata, b));
	while (told < 60) {
		wait_for(_metadata, self->p.client.fd, POLLERR);
		ASSERT_TRUE(get_range(_metadata, self->p.client.fd, &from, &to, &copied));
		for (; from <= to; from++, told++) {
			ASSERT_GT(60, from);
			ASSERT_FALSE(seen[from]);
			seen[from] = true;
		}
	}
	expect_no_notification(_metadata, self->p.client.fd);
}

/* What is sent to several associations is counted together, and done when it is done. */
TEST_F(zerocopy, one_to_many)
{
	struct sctp_sndinfo info = { .snd_flags = SCTP_SENDALL };
	struct pair other;
	struct end slow, fast;
	uint32_t from, to;
	bool copied;
	int i, j, fd;

	if (one_to_one(&variant->fl))
		return;
	for_each_mtu(i) {
		begin(mtus[i]);
		set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_RCVBUF, 4096);
		other = self->p;
		other.client.fd = open_socket(_metadata, &variant->fl);
		pair_join(_metadata, &variant->fl, &other);
		slow = self->p.server;
		fast = other.server;
		fd = slow.fd;
		set_int(_metadata, fd, SOL_SOCKET, SO_ZEROCOPY, 1);
		fill(self->buf, 50000, 1);
		use_up_window(_metadata, &slow);
		ASSERT_EQ(50000, send_end(&slow, self->buf, 50000, 0, MSG_ZEROCOPY));
		ASSERT_EQ(50000, send_end(&fast, self->buf, 50000, 0, MSG_ZEROCOPY));
		wait_for(_metadata, fd, POLLERR);
		ASSERT_TRUE(get_range(_metadata, fd, &from, &to, &copied));
		EXPECT_EQ(1, from);
		EXPECT_EQ(1, to);
		expect_no_notification(_metadata, fd);
		recv_pattern(_metadata, other.client.fd, 50000, 1, NULL);
		set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_RCVBUF, 100000);
		for (j = 0; j < 3; j++)
			recv_parts(_metadata, self->p.client.fd, 0, 50000, 1, 50000);
		wait_for(_metadata, fd, POLLERR);
		ASSERT_TRUE(get_range(_metadata, fd, &from, &to, &copied));
		EXPECT_EQ(0, from);
		EXPECT_EQ(0, to);
		/* It is copied for all. */
		fill(self->buf, 3000, 2);
		ASSERT_EQ(3000, send_sndinfo(fd, NULL, &info, self->buf, 3000,
					     MSG_ZEROCOPY));
		wait_for(_metadata, fd, POLLERR);
		ASSERT_TRUE(get_range(_metadata, fd, &from, &to, &copied));
		EXPECT_EQ(2, from);
		EXPECT_EQ(2, to);
		EXPECT_TRUE(copied);
		recv_pattern(_metadata, other.client.fd, 3000, 2, NULL);
		recv_pattern(_metadata, self->p.client.fd, 3000, 2, NULL);
		wait_paid_back(_metadata, fd);
	}
}

/* The first message makes the association. */
TEST_F(zerocopy, opens)
{
	begin(1500);
	self->p.client.fd = open_socket(_metadata, &variant->fl);
	set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_ZEROCOPY, 1);
	fill(self->buf, 20000, 1);
	ASSERT_EQ(20000, sendto(self->p.client.fd, self->buf, 20000, MSG_ZEROCOPY,
				&self->p.addr.sa, addr_len(&self->p.addr)));
	if (one_to_one(&variant->fl)) {
		wait_for(_metadata, self->p.listener, POLLIN);
		self->p.server.fd = accept(self->p.listener, NULL, NULL);
	}
	recv_pattern(_metadata, self->p.server.fd, 20000, 1, NULL);
	take_notifications(1);
	wait_paid_back(_metadata, self->p.client.fd);
}

TEST_HARNESS_MAIN
