// SPDX-License-Identifier: GPL-2.0
/*
 * close(): the graceful end that delivers all that was sent, the abortive one
 * of SO_LINGER {1, 0} and of unread data, waiting with SO_LINGER {1, n}, and
 * what the end of a process does. RFC 6458 sections 3.1.5, 4.1.6 and 8.1.4.
 */
#include "sctp_util.h"

FIXTURE(close) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(close);
SCTP_VARIANTS(close);

FIXTURE_SETUP(close)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(close)
{
}

/* @fd must tell that its association ended by the SHUTDOWN exchange. */
static void expect_graceful_end(struct __test_metadata *_metadata,
				const struct flavour *fl, int fd)
{
	char c;

	if (one_to_one(fl)) {
		wait_for(_metadata, fd, POLLIN);
		EXPECT_EQ(0, recv(fd, &c, 1, MSG_DONTWAIT));
		EXPECT_EQ(0, recv(fd, &c, 1, MSG_DONTWAIT));
	} else {
		recv_assoc_change(_metadata, fd, SCTP_SHUTDOWN_COMP);
		expect_nothing(_metadata, fd);
	}
}

/* ... by ABORT. */
static void expect_abort(struct __test_metadata *_metadata,
			 const struct flavour *fl, int fd)
{
	char c;

	if (one_to_one(fl)) {
		wait_for(_metadata, fd, POLLERR);
		EXPECT_EQ(-1, recv(fd, &c, 1, MSG_DONTWAIT));
		EXPECT_EQ(ECONNRESET, errno);
		/* Told once. Then it is the end, or, in C, EAGAIN for ever. */
		EXPECT_GE(0, recv(fd, &c, 1, MSG_DONTWAIT));
		EXPECT_EQ(0, get_int(_metadata, fd, SOL_SOCKET, SO_ERROR));
	} else {
		recv_assoc_change(_metadata, fd, SCTP_COMM_LOST);
		expect_nothing(_metadata, fd);
	}
}

/* One-to-many: both ends of an association are told by notifications. */
static void watch(struct __test_metadata *_metadata, const struct flavour *fl,
		  int fd)
{
	if (!one_to_one(fl))
		set_events(_metadata, fd, EV_ASSOC);
}

TEST_F(close, client)
{
	watch(_metadata, &variant->fl, self->p.server.fd);
	ASSERT_EQ(0, close(self->p.client.fd));
	expect_graceful_end(_metadata, &variant->fl, self->p.server.fd);
}

TEST_F(close, server)
{
	watch(_metadata, &variant->fl, self->p.client.fd);
	ASSERT_EQ(0, close(self->p.server.fd));
	expect_graceful_end(_metadata, &variant->fl, self->p.client.fd);
}

TEST_F(close, delivers_what_was_sent)
{
	int i;

	watch(_metadata, &variant->fl, self->p.server.fd);
	for (i = 0; i < 40; i++)
		send_pattern(_metadata, &self->p.client, 2000 + i, i % 5, i);
	ASSERT_EQ(0, close(self->p.client.fd));
	recv_in_turn(_metadata, self->p.server.fd, 5, 40, 2000, 1);
	expect_graceful_end(_metadata, &variant->fl, self->p.server.fd);
}

/* More than the peer has room for: close() does not wait, the stack goes on. */
TEST_F(close, delivers_what_the_window_held_back)
{
	struct end *from = &self->p.client;
	int fd = self->p.server.fd;
	unsigned char buf[1500];
	int sent = 0, i;

	watch(_metadata, &variant->fl, fd);
	set_nonblock(_metadata, from->fd, true);
	for (;;) {
		fill(buf, 1000, sent);
		if (send_end(from, buf, 1000, 0, 0) < 0)
			break;
		sent++;
		ASSERT_GT(100000, sent);
	}
	ASSERT_EQ(EAGAIN, errno);
	ASSERT_EQ(0, close(from->fd));
	for (i = 0; i < sent; i++)
		recv_pattern(_metadata, fd, 1000, i, NULL);
	expect_graceful_end(_metadata, &variant->fl, fd);
}

TEST_F(close, linger_zero_aborts)
{
	watch(_metadata, &variant->fl, self->p.server.fd);
	set_linger(_metadata, self->p.client.fd, 1, 0);
	ASSERT_EQ(0, close(self->p.client.fd));
	expect_abort(_metadata, &variant->fl, self->p.server.fd);
}

TEST_F(close, linger_zero_of_the_server)
{
	watch(_metadata, &variant->fl, self->p.client.fd);
	set_linger(_metadata, self->p.server.fd, 1, 0);
	ASSERT_EQ(0, close(self->p.server.fd));
	expect_abort(_metadata, &variant->fl, self->p.client.fd);
}

/* As TCP does, and the C implementation: nobody will ever read it. */
TEST_F(close, unread_data_aborts)
{
	watch(_metadata, &variant->fl, self->p.client.fd);
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	wait_for(_metadata, self->p.server.fd, POLLIN);
	ASSERT_EQ(0, close(self->p.server.fd));
	expect_abort(_metadata, &variant->fl, self->p.client.fd);
}

TEST_F(close, port_is_free_after_abort)
{
	union test_addr addr = self->p.addr;
	int fd;

	set_linger(_metadata, self->p.server.fd, 1, 0);
	close(self->p.server.fd);
	if (one_to_one(&variant->fl))
		close(self->p.listener);
	fd = open_socket(_metadata, &variant->fl);
	EXPECT_EQ(0, bind(fd, &addr.sa, addr_len(&addr)))
		TH_LOG("bind: %s", strerror(errno));
	close(fd);
}

TEST_F(close, duplicate_descriptor)
{
	int fd = dup(self->p.client.fd);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, close(self->p.client.fd));
	self->p.client.fd = fd;
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
	expect_nothing(_metadata, self->p.server.fd);
}

/* The end of a process closes its sockets as close() does. */
TEST_F(close, exit_of_the_process)
{
	int pid;

	watch(_metadata, &variant->fl, self->p.server.fd);
	pid = start_child((send_end(&self->p.client, "last", 4, 0, 0),
			   close(self->p.server.fd), pause(), 0));
	close(self->p.client.fd);
	wait_for(_metadata, self->p.server.fd, POLLIN);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	{
		char buf[8];
		struct rx rx;

		ASSERT_EQ(4, recv_wait(_metadata, self->p.server.fd, buf,
				       sizeof(buf), &rx));
	}
	expect_graceful_end(_metadata, &variant->fl, self->p.server.fd);
}

/* Both at once: SHUTDOWNs that cross. Nobody is left over. */
TEST_F(close, both)
{
	union test_addr addr = self->p.addr;
	int fd;

	ASSERT_EQ(0, close(self->p.client.fd));
	ASSERT_EQ(0, close(self->p.server.fd));
	if (one_to_one(&variant->fl))
		ASSERT_EQ(0, close(self->p.listener));
	fd = open_socket(_metadata, &variant->fl);
	wait_until(!bind(fd, &addr.sa, addr_len(&addr)));
	close(fd);
}

TEST_F(close, many_times)
{
	struct pair p;
	int i;

	for (i = 0; i < 50; i++) {
		p = self->p;
		p.client.fd = open_socket(_metadata, &variant->fl);
		pair_join(_metadata, &variant->fl, &p);
		send_pattern(_metadata, &p.client, 100, 0, i);
		recv_pattern(_metadata, p.server.fd, 100, i, NULL);
		if (i % 2)
			set_linger(_metadata, p.client.fd, 1, 0);
		ASSERT_EQ(0, close(p.client.fd));
		if (one_to_one(&variant->fl))
			ASSERT_EQ(0, close(p.server.fd));
	}
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
}

FIXTURE(close_one) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(close_one);
SCTP_VARIANTS_ONE_TO_ONE(close_one);

FIXTURE_SETUP(close_one)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(close_one)
{
}

static long long timed_close(int fd)
{
	long long start = now_ms();

	return close(fd) ? -1 : now_ms() - start;
}

/*
 * The peer has no room and does not read: the shutdown cannot complete, and
 * close() waits for the linger time, no longer.
 */
TEST_F(close_one, linger_waits)
{
	char buf[1000] = { 0 };
	long long took;

	set_nonblock(_metadata, self->p.client.fd, true);
	while (send_end(&self->p.client, buf, sizeof(buf), 0, 0) > 0)
		;
	ASSERT_EQ(EAGAIN, errno);
	set_nonblock(_metadata, self->p.client.fd, false);
	set_linger(_metadata, self->p.client.fd, 1, 1);
	took = timed_close(self->p.client.fd);
	EXPECT_TIMEOUT(1000, took);
	EXPECT_GE(6000, took);
}

/* Nothing is in the way of the shutdown: close() returns when it is done. */
TEST_F(close_one, linger_completes)
{
	union test_addr own;
	socklen_t len = sizeof(own);
	long long took;
	int fd;

	ASSERT_EQ(0, getsockname(self->p.client.fd, &own.sa, &len));
	set_linger(_metadata, self->p.client.fd, 1, 20);
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	took = timed_close(self->p.client.fd);
	EXPECT_LE(0, took);
	EXPECT_GT(10000, took);
	/* Done means that the port is free at once. */
	fd = open_socket(_metadata, &variant->fl);
	EXPECT_EQ(0, bind(fd, &own.sa, addr_len(&own)))
		TH_LOG("bind: %s", strerror(errno));
	close(fd);
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
}

/* A reader is told of the ABORT although data came first and is unread. */
TEST_F(close_one, abort_behind_data)
{
	char buf[200];
	ssize_t n;

	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	wait_for(_metadata, self->p.server.fd, POLLIN);
	set_linger(_metadata, self->p.client.fd, 1, 0);
	ASSERT_EQ(0, close(self->p.client.fd));
	wait_for(_metadata, self->p.server.fd, POLLERR);
	/* What was received may be read, before or after the error. */
	n = recv(self->p.server.fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n < 0) {
		EXPECT_EQ(ECONNRESET, errno);
		n = recv(self->p.server.fd, buf, sizeof(buf), MSG_DONTWAIT);
		EXPECT_EQ(100, n);
	} else {
		EXPECT_EQ(100, n);
		EXPECT_EQ(ECONNRESET, get_int(_metadata, self->p.server.fd,
					      SOL_SOCKET, SO_ERROR));
	}
	EXPECT_GE(0, recv(self->p.server.fd, buf, sizeof(buf), MSG_DONTWAIT));
}

TEST_F(close_one, send_after_abort)
{
	set_linger(_metadata, self->p.client.fd, 1, 0);
	ASSERT_EQ(0, close(self->p.client.fd));
	wait_for(_metadata, self->p.server.fd, POLLERR);
	EXPECT_EQ(-1, send_end(&self->p.server, "x", 1, 0, 0));
	EXPECT_EQ(ECONNRESET, errno);
	EXPECT_EQ(-1, send_end(&self->p.server, "x", 1, 0, 0));
	EXPECT_EQ(EPIPE, errno);
}

FIXTURE(close_many) {
	struct pair p;
	int other;
};

SCTP_FIXTURE_VARIANT(close_many);
SCTP_VARIANTS_ONE_TO_MANY(close_many);

FIXTURE_SETUP(close_many)
{
	struct pair p;

	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
	p = self->p;
	p.client.fd = open_socket(_metadata, &variant->fl);
	pair_join(_metadata, &variant->fl, &p);
	self->other = p.client.fd;
}

FIXTURE_TEARDOWN(close_many)
{
}

TEST_F(close_many, ends_all_associations)
{
	set_events(_metadata, self->p.client.fd, EV_ASSOC);
	set_events(_metadata, self->other, EV_ASSOC);
	ASSERT_EQ(0, close(self->p.server.fd));
	recv_assoc_change(_metadata, self->p.client.fd, SCTP_SHUTDOWN_COMP);
	recv_assoc_change(_metadata, self->other, SCTP_SHUTDOWN_COMP);
}

TEST_F(close_many, aborts_all_associations)
{
	set_events(_metadata, self->p.client.fd, EV_ASSOC);
	set_events(_metadata, self->other, EV_ASSOC);
	set_linger(_metadata, self->p.server.fd, 1, 0);
	ASSERT_EQ(0, close(self->p.server.fd));
	recv_assoc_change(_metadata, self->p.client.fd, SCTP_COMM_LOST);
	recv_assoc_change(_metadata, self->other, SCTP_COMM_LOST);
}

/* One client's end is nothing to the others. */
TEST_F(close_many, leaves_the_others)
{
	set_linger(_metadata, self->other, 1, 0);
	ASSERT_EQ(0, close(self->other));
	send_pattern(_metadata, &self->p.client, 1000, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 1000, 1, NULL);
	send_pattern(_metadata, &self->p.server, 1000, 0, 2);
	recv_pattern(_metadata, self->p.client.fd, 1000, 2, NULL);
}

TEST_HARNESS_MAIN
