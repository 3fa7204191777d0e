// SPDX-License-Identifier: GPL-2.0
/*
 * recvmsg(), recvfrom() and read(): whole messages and pieces of one with
 * MSG_EOR on the last, peeking, waiting and not waiting, and the sender's
 * address. RFC 6458 sections 3.1.4, 4.1.8, 5.1 and 5.2.
 */
#include <sys/uio.h>
#include "sctp_util.h"

FIXTURE(recv) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(recv);
SCTP_VARIANTS(recv);

FIXTURE_SETUP(recv)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(recv)
{
}

TEST_F(recv, whole_message)
{
	send_pattern(_metadata, &self->p.client, 1000, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 1000, 1, NULL);
	expect_nothing(_metadata, self->p.server.fd);
	send_pattern(_metadata, &self->p.server, 999, 0, 2);
	recv_pattern(_metadata, self->p.client.fd, 999, 2, NULL);
}

/* A message is never joined with the next, however large the buffer. */
TEST_F(recv, message_boundaries)
{
	char buf[4096];
	struct rx rx;
	int i;

	for (i = 1; i <= 20; i++)
		send_pattern(_metadata, &self->p.client, i, 0, i);
	for (i = 1; i <= 20; i++) {
		ASSERT_EQ(i, recv_wait(_metadata, self->p.server.fd, buf,
				       sizeof(buf), &rx));
		EXPECT_EQ(MSG_EOR, rx.flags);
		EXPECT_TRUE(intact(buf, 0, i, i));
	}
	expect_nothing(_metadata, self->p.server.fd);
}

TEST_F(recv, in_pieces)
{
	char buf[30];
	struct rx rx;
	int from;

	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	send_pattern(_metadata, &self->p.client, 10, 0, 2);
	for (from = 0; from < 90; from += 30) {
		ASSERT_EQ(30, recv_wait(_metadata, self->p.server.fd, buf, 30,
					&rx));
		EXPECT_EQ(0, rx.flags);
		EXPECT_TRUE(intact(buf, from, 30, 1));
	}
	ASSERT_EQ(10, recv_wait(_metadata, self->p.server.fd, buf, 30, &rx));
	EXPECT_EQ(MSG_EOR, rx.flags);
	EXPECT_TRUE(intact(buf, 90, 10, 1));
	recv_pattern(_metadata, self->p.server.fd, 10, 2, NULL);
}

/* A buffer of just the size holds the whole message. */
TEST_F(recv, exact_size)
{
	char buf[100];
	struct rx rx;

	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	ASSERT_EQ(100, recv_wait(_metadata, self->p.server.fd, buf, 100, &rx));
	EXPECT_EQ(MSG_EOR, rx.flags);
	expect_nothing(_metadata, self->p.server.fd);
}

TEST_F(recv, byte_by_byte)
{
	struct rx rx;
	char c;
	int i;

	send_pattern(_metadata, &self->p.client, 64, 0, 1);
	for (i = 0; i < 64; i++) {
		ASSERT_EQ(1, recv_wait(_metadata, self->p.server.fd, &c, 1, &rx));
		EXPECT_EQ(i == 63 ? MSG_EOR : 0, rx.flags);
		EXPECT_TRUE(intact(&c, i, 1, 1));
	}
}

TEST_F(recv, read)
{
	char buf[64];

	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	wait_for(_metadata, self->p.server.fd, POLLIN);
	EXPECT_EQ(64, read(self->p.server.fd, buf, 64));
	EXPECT_TRUE(intact(buf, 0, 64, 1));
	EXPECT_EQ(36, read(self->p.server.fd, buf, 64));
	EXPECT_TRUE(intact(buf, 64, 36, 1));
}

TEST_F(recv, scattered)
{
	char a[10], b[1], c[200];
	struct iovec iov[] = { { a, 10 }, { NULL, 0 }, { b, 1 }, { c, 200 } };

	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	wait_for(_metadata, self->p.server.fd, POLLIN);
	ASSERT_EQ(100, readv(self->p.server.fd, iov, 4));
	EXPECT_TRUE(intact(a, 0, 10, 1));
	EXPECT_TRUE(intact(b, 10, 1, 1));
	EXPECT_TRUE(intact(c, 11, 89, 1));
}

TEST_F(recv, multiple)
{
	char buf[4][64];
	struct iovec iov[4];
	struct mmsghdr msg[4] = { 0 };
	int i;

	for (i = 0; i < 4; i++) {
		iov[i].iov_base = buf[i];
		iov[i].iov_len = 64;
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	for (i = 0; i < 3; i++)
		send_pattern(_metadata, &self->p.client, 50 + i, 0, i);
	/* They are all there when the sender knows that they arrived. */
	wait_until(!get_status(_metadata, &self->p.client).sstat_unackdata);
	ASSERT_EQ(3, recvmmsg(self->p.server.fd, msg, 4, MSG_DONTWAIT, NULL));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(50 + i, msg[i].msg_len);
		EXPECT_TRUE(intact(buf[i], 0, 50 + i, i));
		EXPECT_EQ(MSG_EOR, msg[i].msg_hdr.msg_flags);
	}
}

TEST_F(recv, peek)
{
	char buf[200];
	struct rx rx;
	int i;

	set_int(_metadata, self->p.server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	send_pattern(_metadata, &self->p.client, 100, 3, 1);
	wait_for(_metadata, self->p.server.fd, POLLIN);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(100, recv_rx(self->p.server.fd, buf, sizeof(buf),
				       MSG_PEEK | MSG_DONTWAIT, &rx));
		EXPECT_EQ(MSG_EOR, rx.flags);
		EXPECT_TRUE(intact(buf, 0, 100, 1));
		ASSERT_TRUE(rx.has_rcvinfo);
		EXPECT_EQ(3, rx.rcvinfo.rcv_sid);
	}
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
	EXPECT_EQ(-1, recv(self->p.server.fd, buf, 1, MSG_PEEK | MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
}

/*
 * Those of streams have no effect: nobody waits for more than a message, nothing
 * is urgent, and what was cut off is not lost.
 */
TEST_F(recv, other_flags)
{
	static const int flags[] = { MSG_WAITALL, MSG_TRUNC, MSG_OOB, MSG_CMSG_CLOEXEC };
	unsigned char buf[200];
	struct rx rx;
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		send_pattern(_metadata, &self->p.client, 100, 0, i);
		wait_for(_metadata, self->p.server.fd, POLLIN);
		ASSERT_EQ(60, recv_rx(self->p.server.fd, buf, 60, flags[i], &rx));
		EXPECT_EQ(0, rx.flags & (MSG_EOR | MSG_TRUNC | MSG_OOB));
		EXPECT_TRUE(intact(buf, 0, 60, i));
		ASSERT_EQ(40, recv_rx(self->p.server.fd, buf, sizeof(buf), flags[i], &rx));
		EXPECT_EQ(MSG_EOR, rx.flags & (MSG_EOR | MSG_TRUNC | MSG_OOB));
		EXPECT_TRUE(intact(buf, 60, 40, i));
	}
	/* Nothing is in the queue of errors. */
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	wait_for(_metadata, self->p.server.fd, POLLIN);
	EXPECT_EQ(-1, recv(self->p.server.fd, buf, sizeof(buf), MSG_ERRQUEUE));
	EXPECT_EQ(EAGAIN, errno);
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
}

/* Peeking at a part takes nothing away. */
TEST_F(recv, peek_at_a_part)
{
	char buf[40];
	struct rx rx;

	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	wait_for(_metadata, self->p.server.fd, POLLIN);
	ASSERT_EQ(40, recv_rx(self->p.server.fd, buf, 40, MSG_PEEK, &rx));
	EXPECT_EQ(0, rx.flags);
	EXPECT_TRUE(intact(buf, 0, 40, 1));
	ASSERT_EQ(40, recv_rx(self->p.server.fd, buf, 40, 0, &rx));
	EXPECT_TRUE(intact(buf, 0, 40, 1));
	ASSERT_EQ(40, recv_rx(self->p.server.fd, buf, 40, MSG_PEEK, &rx));
	EXPECT_TRUE(intact(buf, 40, 40, 1));
	ASSERT_EQ(40, recv_rx(self->p.server.fd, buf, 40, 0, &rx));
	ASSERT_EQ(20, recv_rx(self->p.server.fd, buf, 40, MSG_PEEK, &rx));
	EXPECT_EQ(MSG_EOR, rx.flags);
	ASSERT_EQ(20, recv_rx(self->p.server.fd, buf, 40, 0, &rx));
	EXPECT_EQ(MSG_EOR, rx.flags);
	EXPECT_TRUE(intact(buf, 80, 20, 1));
}

TEST_F(recv, nothing_there)
{
	char c;

	expect_nothing(_metadata, self->p.server.fd);
	set_nonblock(_metadata, self->p.server.fd, true);
	EXPECT_EQ(-1, read(self->p.server.fd, &c, 1));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(recv, timeout)
{
	long long start = now_ms();
	char c;

	set_timeout(_metadata, self->p.server.fd, SO_RCVTIMEO, 200);
	EXPECT_EQ(-1, recv(self->p.server.fd, &c, 1, 0));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_TIMEOUT(200, now_ms() - start);
}

static int blocking_recv(int fd)
{
	char buf[200];

	return recv(fd, buf, sizeof(buf), 0) == 100 && intact(buf, 0, 100, 1) ?
	       0 : 255;
}

TEST_F(recv, blocking)
{
	pid_t pid = start_child(blocking_recv(self->p.server.fd));

	wait_until(is_sleeping(pid));
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	EXPECT_EQ(0, end_child(_metadata, pid));
}

TEST_F(recv, address)
{
	union test_addr own, want;
	socklen_t len = sizeof(own);
	char buf[16];
	struct rx rx;

	ASSERT_EQ(0, getsockname(self->p.client.fd, &own.sa, &len));
	send_pattern(_metadata, &self->p.client, 5, 0, 1);
	ASSERT_EQ(5, recv_wait(_metadata, self->p.server.fd, buf, 16, &rx));
	want = loopback(&variant->fl, port_of(&own));
	EXPECT_EQ(addr_len(&want), rx.from_len);
	EXPECT_TRUE(same_addr(&want, &rx.from));

	send_pattern(_metadata, &self->p.server, 5, 0, 1);
	ASSERT_EQ(5, recv_wait(_metadata, self->p.client.fd, buf, 16, &rx));
	EXPECT_EQ(addr_len(&want), rx.from_len);
	EXPECT_TRUE(same_addr(&self->p.addr, &rx.from));
}

TEST_F(recv, address_of_recvfrom)
{
	union test_addr from;
	socklen_t len = sizeof(from);
	char buf[16];

	send_pattern(_metadata, &self->p.server, 5, 0, 1);
	wait_for(_metadata, self->p.client.fd, POLLIN);
	ASSERT_EQ(5, recvfrom(self->p.client.fd, buf, sizeof(buf), 0, &from.sa,
			      &len));
	EXPECT_EQ(addr_len(&self->p.addr), len);
	EXPECT_TRUE(same_addr(&self->p.addr, &from));
}

/* Room of zero takes nothing of a message. */
TEST_F(recv, no_room)
{
	char buf[8];
	struct rx rx;

	send_pattern(_metadata, &self->p.client, 5, 0, 1);
	wait_for(_metadata, self->p.server.fd, POLLIN);
	EXPECT_EQ(0, recv_rx(self->p.server.fd, buf, 0, 0, &rx));
	EXPECT_EQ(0, rx.flags & MSG_EOR);
	recv_pattern(_metadata, self->p.server.fd, 5, 1, NULL);
}

TEST_F(recv, both_directions_at_once)
{
	int i;

	for (i = 0; i < 30; i++) {
		send_pattern(_metadata, &self->p.client, 700, 0, i);
		send_pattern(_metadata, &self->p.server, 900, 0, 100 + i);
	}
	for (i = 0; i < 30; i++) {
		recv_pattern(_metadata, self->p.server.fd, 700, i, NULL);
		recv_pattern(_metadata, self->p.client.fd, 900, 100 + i, NULL);
	}
}

TEST_F(recv, unconnected)
{
	int fd = open_socket(_metadata, &variant->fl);
	char c;

	set_nonblock(_metadata, fd, true);
	EXPECT_EQ(-1, recv(fd, &c, 1, 0));
	/* A one-to-many socket waits for whoever comes. */
	if (!one_to_one(&variant->fl))
		EXPECT_EQ(EAGAIN, errno);
	close(fd);
}

FIXTURE(recv_one) {
	int fd;
};

SCTP_FIXTURE_VARIANT(recv_one);
SCTP_VARIANTS_ONE_TO_ONE(recv_one);

FIXTURE_SETUP(recv_one)
{
	enter_netns(_metadata);
	self->fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(recv_one)
{
}

TEST_F(recv_one, unconnected)
{
	char c;

	EXPECT_EQ(-1, recv(self->fd, &c, 1, 0));
	EXPECT_EQ(ENOTCONN, errno);
}

TEST_HARNESS_MAIN
