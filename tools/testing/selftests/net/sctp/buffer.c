// SPDX-License-Identifier: GPL-2.0
/*
 * SO_SNDBUF and SO_RCVBUF: their values, a full send buffer with and without
 * waiting, and flow control towards a slow or small reader. RFC 6458 sections
 * 4.1.8 and 8.2, RFC 9260 section 6.2 (a_rwnd).
 */
#include "sctp_util.h"

FIXTURE(buffer) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(buffer);
SCTP_VARIANTS(buffer);

FIXTURE_SETUP(buffer)
{
	enter_netns(_metadata);
	self->p.listener = listening_socket(_metadata, &variant->fl,
					    &self->p.addr);
	self->p.client.fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(buffer)
{
}

#define SIZE 1000

/* Sends until there is no room; @sent goes on counting. */
static void send_all_there_is_room_for(struct __test_metadata *_metadata,
				       const struct end *end, int *sent)
{
	unsigned char buf[SIZE];

	for (;;) {
		fill(buf, SIZE, *sent);
		if (send_end(end, buf, SIZE, 0, MSG_DONTWAIT) < 0)
			break;
		++*sent;
		ASSERT_GT(100000, *sent);
	}
	ASSERT_EQ(EAGAIN, errno);
}

TEST_F(buffer, values)
{
	int fd = self->p.client.fd;
	int def = get_int(_metadata, fd, SOL_SOCKET, SO_SNDBUF);

	EXPECT_LT(4096, def);
	/* Doubled, for the kernel's own needs, as for every socket of Linux. */
	set_int(_metadata, fd, SOL_SOCKET, SO_SNDBUF, 30000);
	EXPECT_EQ(60000, get_int(_metadata, fd, SOL_SOCKET, SO_SNDBUF));
	set_int(_metadata, fd, SOL_SOCKET, SO_RCVBUF, 40000);
	EXPECT_EQ(80000, get_int(_metadata, fd, SOL_SOCKET, SO_RCVBUF));
	set_int(_metadata, fd, SOL_SOCKET, SO_SNDBUF, 1);
	EXPECT_LT(1, get_int(_metadata, fd, SOL_SOCKET, SO_SNDBUF));
	EXPECT_GT(8192, get_int(_metadata, fd, SOL_SOCKET, SO_SNDBUF));
	set_int(_metadata, fd, SOL_SOCKET, SO_RCVBUF, 1);
	EXPECT_LT(1, get_int(_metadata, fd, SOL_SOCKET, SO_RCVBUF));
	EXPECT_GT(8192, get_int(_metadata, fd, SOL_SOCKET, SO_RCVBUF));
	set_int(_metadata, fd, SOL_SOCKET, SO_SNDBUFFORCE, 10000000);
	EXPECT_EQ(20000000, get_int(_metadata, fd, SOL_SOCKET, SO_SNDBUF));
}

TEST_F(buffer, full)
{
	int sent = 0, i;
	char c;

	pair_join(_metadata, &variant->fl, &self->p);
	send_all_there_is_room_for(_metadata, &self->p.client, &sent);
	EXPECT_LT(10, sent);
	/* Without MSG_DONTWAIT, but the descriptor does not block. */
	set_nonblock(_metadata, self->p.client.fd, true);
	while (send_end(&self->p.client, "x", 1, 0, 0) > 0)
		ASSERT_EQ(0, poll_fd(self->p.server.fd, POLLERR, 0));
	EXPECT_EQ(EAGAIN, errno);
	for (i = 0; i < sent; i++)
		recv_pattern(_metadata, self->p.server.fd, SIZE, i, NULL);
	wait_for(_metadata, self->p.server.fd, POLLIN | POLLOUT);
	while (recv(self->p.server.fd, &c, 1, MSG_DONTWAIT) == 1)
		EXPECT_EQ('x', c);
}

/* The larger the buffers the more is taken. */
TEST_F(buffer, size_matters)
{
	int small = 0, large = 0;
	struct pair p;

	set_int(_metadata, self->p.listener, SOL_SOCKET, SO_RCVBUF, 10000);
	set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_SNDBUF, 10000);
	p = self->p;
	pair_join(_metadata, &variant->fl, &self->p);
	p.client.fd = open_socket(_metadata, &variant->fl);
	set_int(_metadata, p.client.fd, SOL_SOCKET, SO_SNDBUF, 100000);
	pair_join(_metadata, &variant->fl, &p);

	send_all_there_is_room_for(_metadata, &self->p.client, &small);
	send_all_there_is_room_for(_metadata, &p.client, &large);
	EXPECT_LT(2 * small, large);
}

/*
 * A receiver that does not read takes no more than its buffer, and the sender
 * holds no more than its own. (The data is less than what is accounted.)
 */
TEST_F(buffer, bounded)
{
	int sent = 0, limit;

	set_int(_metadata, self->p.listener, SOL_SOCKET, SO_RCVBUF, 20000);
	set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_SNDBUF, 20000);
	limit = get_int(_metadata, self->p.listener, SOL_SOCKET, SO_RCVBUF) +
		get_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_SNDBUF);
	pair_join(_metadata, &variant->fl, &self->p);
	do {
		send_all_there_is_room_for(_metadata, &self->p.client, &sent);
		ASSERT_GT(limit + 2 * SIZE, sent * SIZE);
	} while (poll_fd(self->p.client.fd, POLLOUT, 1000));
}

TEST_F(buffer, send_timeout)
{
	long long start;
	int sent = 0;

	pair_join(_metadata, &variant->fl, &self->p);
	set_timeout(_metadata, self->p.client.fd, SO_SNDTIMEO, 300);
	do {
		send_all_there_is_room_for(_metadata, &self->p.client, &sent);
		start = now_ms();
	} while (send_end(&self->p.client, "xxxx", 4, 0, 0) > 0);
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_TIMEOUT(300, now_ms() - start);
}

static int send_some(const struct end *end, int from, int count)
{
	unsigned char buf[SIZE];
	int i;

	for (i = from; i < from + count; i++) {
		fill(buf, SIZE, i);
		if (send_end(end, buf, SIZE, 0, 0) != SIZE)
			return errno;
	}
	return 0;
}

/* A writer that waits goes on as the reader makes room, and loses nothing. */
TEST_F(buffer, blocking_writer)
{
	int i, count = 2000;
	pid_t pid;

	pair_join(_metadata, &variant->fl, &self->p);
	pid = start_child(send_some(&self->p.client, 0, count));
	wait_until(is_stuck(pid));
	for (i = 0; i < count; i++)
		recv_pattern(_metadata, self->p.server.fd, SIZE, i, NULL);
	EXPECT_EQ(0, end_child(_metadata, pid));
	expect_nothing(_metadata, self->p.server.fd);
}

/*
 * Down to windows of a few messages it still is all delivered. (Few, because
 * the C implementation takes 200 ms for each.)
 */
TEST_F(buffer, tiny_receiver)
{
	int i, count = 20;
	pid_t pid;

	set_int(_metadata, self->p.listener, SOL_SOCKET, SO_RCVBUF, 1);
	pair_join(_metadata, &variant->fl, &self->p);
	pid = start_child(send_some(&self->p.client, 0, count));
	for (i = 0; i < count; i++) {
		unsigned char buf[SIZE];
		size_t from = 0;
		struct rx rx;

		do {
			ASSERT_LT(0, recv_wait(_metadata, self->p.server.fd,
					       buf, SIZE, &rx));
			ASSERT_TRUE(intact(buf, from, rx.len, i));
			from += rx.len;
		} while (!(rx.flags & MSG_EOR));
		ASSERT_EQ(SIZE, from);
	}
	EXPECT_EQ(0, end_child(_metadata, pid));
}

TEST_F(buffer, tiny_sender)
{
	int i, count = 20;
	pid_t pid;

	set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_SNDBUF, 1);
	pair_join(_metadata, &variant->fl, &self->p);
	pid = start_child(send_some(&self->p.client, 0, count));
	for (i = 0; i < count; i++)
		recv_pattern(_metadata, self->p.server.fd, SIZE, i, NULL);
	EXPECT_EQ(0, end_child(_metadata, pid));
}

/* The reader stops for a while, so that the window closes, then goes on. */
TEST_F(buffer, window_closes_and_opens)
{
	int round, i, sent, next = 0;

	pair_join(_metadata, &variant->fl, &self->p);
	for (round = 0; round < 3; round++) {
		sent = next;
		send_all_there_is_room_for(_metadata, &self->p.client, &sent);
		/* It does stay closed. */
		poll_fd(self->p.client.fd, 0, 300);
		send_all_there_is_room_for(_metadata, &self->p.client, &sent);
		for (i = next; i < sent; i++)
			recv_pattern(_metadata, self->p.server.fd, SIZE, i,
				     NULL);
		next = sent;
	}
	expect_nothing(_metadata, self->p.server.fd);
}

TEST_F(buffer, rwnd_in_status)
{
	struct sctp_status st;
	uint32_t before;

	pair_join(_metadata, &variant->fl, &self->p);
	before = get_status(_metadata, &self->p.client).sstat_rwnd;
	EXPECT_LE(1500, before);
	send_pattern(_metadata, &self->p.client, 1000, 0, 1);
	wait_until(!get_status(_metadata, &self->p.client).sstat_unackdata);
	st = get_status(_metadata, &self->p.client);
	EXPECT_GT(before, st.sstat_rwnd);
}

TEST_HARNESS_MAIN
