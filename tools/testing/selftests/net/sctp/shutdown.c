// SPDX-License-Identifier: GPL-2.0
/*
 * shutdown() of a one-to-one socket: SHUT_WR starts the SHUTDOWN exchange once
 * all is delivered, the peer reads to the end, and neither sends any more.
 * RFC 6458 section 4.1.7; RFC 9260 section 9.2 (no half-closed state). For a
 * one-to-many socket there is SCTP_EOF instead.
 */
#include "sctp_util.h"

FIXTURE(shutdown) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(shutdown);
SCTP_VARIANTS_ONE_TO_ONE(shutdown);

FIXTURE_SETUP(shutdown)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(shutdown)
{
}

static void expect_eof(struct __test_metadata *_metadata, int fd)
{
	char c;

	wait_for(_metadata, fd, POLLIN);
	EXPECT_EQ(0, recv(fd, &c, 1, MSG_DONTWAIT));
	EXPECT_EQ(0, recv(fd, &c, 1, MSG_DONTWAIT));
}

static void expect_no_assoc(struct __test_metadata *_metadata, int fd)
{
	struct sctp_status st = { 0 };
	socklen_t len = sizeof(st);

	wait_until(getsockopt(fd, SOL_SCTP, SCTP_STATUS, &st, &len));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, get_int(_metadata, fd, SOL_SOCKET, SO_ERROR));
}

/*
 * The association of @fd, whose side began the shutdown, comes to its end. That
 * is not the end of what the peer sends: recv() does not say so, and whoever
 * polls is not led into an error.
 */
static void expect_over(struct __test_metadata *_metadata, int fd)
{
	char c;

	expect_no_assoc(_metadata, fd);
	EXPECT_EQ(0, poll_fd(fd, POLLIN | POLLRDHUP, 0) & ~POLLOUT);
	expect_nothing(_metadata, fd);
	EXPECT_EQ(-1, recv(fd, &c, 1, 0));
	EXPECT_EQ(ENOTCONN, errno);
}

TEST_F(shutdown, write_side)
{
	ASSERT_EQ(0, shutdown(self->p.client.fd, SHUT_WR));
	expect_eof(_metadata, self->p.server.fd);
	/* The association is over, so the other direction is at its end too. */
	expect_over(_metadata, self->p.client.fd);
	EXPECT_EQ(0, get_int(_metadata, self->p.server.fd, SOL_SOCKET, SO_ERROR));
}

TEST_F(shutdown, of_the_server)
{
	ASSERT_EQ(0, shutdown(self->p.server.fd, SHUT_WR));
	expect_eof(_metadata, self->p.client.fd);
	expect_over(_metadata, self->p.server.fd);
}

TEST_F(shutdown, no_more_sending)
{
	ASSERT_EQ(0, shutdown(self->p.client.fd, SHUT_WR));
	EXPECT_EQ(-1, send_end(&self->p.client, "x", 1, 0, 0));
	EXPECT_EQ(EPIPE, errno);
	expect_eof(_metadata, self->p.server.fd);
	EXPECT_EQ(-1, send_end(&self->p.server, "x", 1, 0, 0));
	EXPECT_EQ(EPIPE, errno);
}

TEST_F(shutdown, after_data)
{
	int i;

	for (i = 0; i < 30; i++)
		send_pattern(_metadata, &self->p.client, 3000, i % 4, i);
	ASSERT_EQ(0, shutdown(self->p.client.fd, SHUT_WR));
	recv_in_turn(_metadata, self->p.server.fd, 4, 30, 3000, 0);
	expect_eof(_metadata, self->p.server.fd);
}

/* What the receiver's window held back is delivered before the end. */
TEST_F(shutdown, after_held_back_data)
{
	unsigned char buf[1000];
	int sent = 0, i;

	set_nonblock(_metadata, self->p.client.fd, true);
	for (;;) {
		fill(buf, sizeof(buf), sent);
		if (send_end(&self->p.client, buf, sizeof(buf), 0, 0) < 0)
			break;
		sent++;
		ASSERT_GT(100000, sent);
	}
	ASSERT_EQ(EAGAIN, errno);
	set_nonblock(_metadata, self->p.client.fd, false);
	ASSERT_EQ(0, shutdown(self->p.client.fd, SHUT_WR));
	for (i = 0; i < sent; i++)
		recv_pattern(_metadata, self->p.server.fd, sizeof(buf), i, NULL);
	expect_eof(_metadata, self->p.server.fd);
	expect_over(_metadata, self->p.client.fd);
}

/*
 * What the peer has in flight when the SHUTDOWN comes still arrives: RFC 9260
 * section 9.2, SHUTDOWN-RECEIVED. (What it had sent is acknowledged here
 * already, the reader just has not looked.)
 */
TEST_F(shutdown, data_of_the_other_direction)
{
	int i;

	for (i = 0; i < 10; i++)
		send_pattern(_metadata, &self->p.server, 500, 0, i);
	wait_for(_metadata, self->p.client.fd, POLLIN);
	ASSERT_EQ(0, shutdown(self->p.client.fd, SHUT_WR));
	for (i = 0; i < 10; i++)
		recv_pattern(_metadata, self->p.client.fd, 500, i, NULL);
	expect_over(_metadata, self->p.client.fd);
	expect_eof(_metadata, self->p.server.fd);
}

TEST_F(shutdown, both_sides)
{
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	ASSERT_EQ(0, shutdown(self->p.client.fd, SHUT_RDWR));
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
	expect_eof(_metadata, self->p.server.fd);
	expect_eof(_metadata, self->p.client.fd);
	EXPECT_EQ(-1, send_end(&self->p.client, "x", 1, 0, 0));
	EXPECT_EQ(EPIPE, errno);
}

/*
 * The read side alone is local: nothing is sent, the reader sees the end, and
 * what comes is thrown away.
 */
TEST_F(shutdown, read_side)
{
	char c;
	int i;

	ASSERT_EQ(0, shutdown(self->p.client.fd, SHUT_RD));
	EXPECT_EQ(0, recv(self->p.client.fd, &c, 1, MSG_DONTWAIT));
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
	expect_nothing(_metadata, self->p.server.fd);
	/* More than there would be room for. */
	for (i = 0; i < 200; i++)
		send_pattern(_metadata, &self->p.server, 4000, 0, i);
	EXPECT_EQ(0, recv(self->p.client.fd, &c, 1, 0));
}

TEST_F(shutdown, crossing)
{
	ASSERT_EQ(0, shutdown(self->p.client.fd, SHUT_WR));
	EXPECT_GE(0, shutdown(self->p.server.fd, SHUT_WR));
	expect_no_assoc(_metadata, self->p.server.fd);
	expect_no_assoc(_metadata, self->p.client.fd);
}

TEST_F(shutdown, twice)
{
	ASSERT_EQ(0, shutdown(self->p.client.fd, SHUT_WR));
	expect_eof(_metadata, self->p.server.fd);
	expect_over(_metadata, self->p.client.fd);
	/* Nothing is left to shut down, which the C implementation ignores. */
	if (shutdown(self->p.client.fd, SHUT_WR))
		EXPECT_EQ(ENOTCONN, errno);
}

TEST_F(shutdown, bad_argument)
{
	EXPECT_EQ(-1, shutdown(self->p.client.fd, 3));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, shutdown(self->p.client.fd, -1));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(shutdown, unconnected)
{
	int fd = open_socket(_metadata, &variant->fl);

	EXPECT_EQ(-1, shutdown(fd, SHUT_WR));
	EXPECT_EQ(ENOTCONN, errno);
	close(fd);
}

TEST_F(shutdown, wakes_a_reader)
{
	char c;
	pid_t pid = start_child(recv(self->p.server.fd, &c, 1, 0) ? 255 : 0);

	wait_until(is_sleeping(pid));
	ASSERT_EQ(0, shutdown(self->p.client.fd, SHUT_WR));
	EXPECT_EQ(0, end_child(_metadata, pid));
}

/* A writer that waits for room learns that there will be none. */
static int send_until_error(const struct pair *p)
{
	char buf[1000] = { 0 };

	/* Not to keep the peer alive. */
	close(p->server.fd);
	while (send_end(&p->client, buf, sizeof(buf), 0, 0) > 0)
		;
	return errno;
}

TEST_F(shutdown, wakes_a_writer)
{
	pid_t pid;

	pid = start_child(send_until_error(&self->p));
	wait_until(is_stuck(pid));
	set_linger(_metadata, self->p.server.fd, 1, 0);
	ASSERT_EQ(0, close(self->p.server.fd));
	EXPECT_NE(0, end_child(_metadata, pid));
}

/* The accepted socket can start it as well, and the listener goes on. */
TEST_F(shutdown, listener_unharmed)
{
	struct pair p = self->p;

	ASSERT_EQ(0, shutdown(p.server.fd, SHUT_RDWR));
	expect_eof(_metadata, p.client.fd);
	p.client.fd = open_socket(_metadata, &variant->fl);
	pair_join(_metadata, &variant->fl, &p);
	send_pattern(_metadata, &p.client, 100, 0, 1);
	recv_pattern(_metadata, p.server.fd, 100, 1, NULL);
}

FIXTURE(shutdown_many) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(shutdown_many);
SCTP_VARIANTS_ONE_TO_MANY(shutdown_many);

FIXTURE_SETUP(shutdown_many)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(shutdown_many)
{
}

/* Not a connection, so there is none to shut down. */
TEST_F(shutdown_many, not_connected)
{
	EXPECT_EQ(-1, shutdown(self->p.client.fd, SHUT_WR));
	EXPECT_EQ(ENOTCONN, errno);
	/* The associations do not care. */
	send_pattern(_metadata, &self->p.server, 100, 0, 1);
	wait_for(_metadata, self->p.client.fd, POLLIN);
}

TEST_HARNESS_MAIN
