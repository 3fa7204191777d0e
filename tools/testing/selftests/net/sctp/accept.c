// SPDX-License-Identifier: GPL-2.0
/*
 * accept(): the queue of a listening one-to-one socket, its length and order,
 * waiting for it, and what the new socket has from the old. RFC 6458 sections
 * 4.1.4 and 3.1.4 (there is no accept() for the other style).
 */
#include "sctp_util.h"

FIXTURE(accept) {
	int fd;
	union test_addr addr;
};

SCTP_FIXTURE_VARIANT(accept);
SCTP_VARIANTS_ONE_TO_ONE(accept);

FIXTURE_SETUP(accept)
{
	enter_netns(_metadata);
	self->fd = listening_socket(_metadata, &variant->fl, &self->addr);
}

FIXTURE_TEARDOWN(accept)
{
}

/* A new socket, bound to loopback and connected to the listener. */
static int new_client(struct __test_metadata *_metadata,
		      const struct flavour *fl, const union test_addr *to,
		      union test_addr *own)
{
	int fd = bound_socket(_metadata, fl, own);

	ASSERT_EQ(0, connect(fd, &to->sa, addr_len(to)))
		TH_LOG("connect: %s", strerror(errno));
	return fd;
}

TEST_F(accept, names)
{
	union test_addr own, peer, name;
	socklen_t len = sizeof(peer);
	int client, fd;

	client = new_client(_metadata, &variant->fl, &self->addr, &own);
	wait_for(_metadata, self->fd, POLLIN);
	fd = accept(self->fd, &peer.sa, &len);
	ASSERT_LE(0, fd);
	EXPECT_EQ(addr_len(&own), len);
	EXPECT_TRUE(same_addr(&own, &peer));

	len = sizeof(name);
	ASSERT_EQ(0, getsockname(fd, &name.sa, &len));
	EXPECT_EQ(port_of(&self->addr), port_of(&name));
	len = sizeof(name);
	ASSERT_EQ(0, getpeername(fd, &name.sa, &len));
	EXPECT_TRUE(same_addr(&own, &name));
	close(fd);
	close(client);
}

TEST_F(accept, nothing_there)
{
	set_nonblock(_metadata, self->fd, true);
	EXPECT_EQ(0, poll_fd(self->fd, POLLIN, 0));
	EXPECT_EQ(-1, accept(self->fd, NULL, NULL));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(accept, flags)
{
	union test_addr own;
	int client, fd;

	set_nonblock(_metadata, self->fd, true);
	client = new_client(_metadata, &variant->fl, &self->addr, &own);
	wait_for(_metadata, self->fd, POLLIN);
	fd = accept(self->fd, NULL, NULL);
	ASSERT_LE(0, fd);
	/* Not inherited, on Linux. */
	EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
	close(client);

	client = new_client(_metadata, &variant->fl, &self->addr, &own);
	wait_for(_metadata, self->fd, POLLIN);
	fd = accept4(self->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_NE(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_NE(0, fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	close(client);
}

static int accept_and_echo(int listener)
{
	char buf[16];
	ssize_t n;
	int fd;

	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		return errno;
	n = recv(fd, buf, sizeof(buf), 0);
	return n > 0 && send(fd, buf, n, 0) == n ? 0 : 255;
}

TEST_F(accept, blocking)
{
	union test_addr own;
	char buf[16];
	int client;
	pid_t pid;

	pid = start_child(accept_and_echo(self->fd));
	wait_until(is_sleeping(pid));
	client = new_client(_metadata, &variant->fl, &self->addr, &own);
	ASSERT_EQ(4, send(client, "echo", 4, 0));
	wait_for(_metadata, client, POLLIN);
	EXPECT_EQ(4, recv(client, buf, sizeof(buf), 0));
	EXPECT_EQ(0, end_child(_metadata, pid));
	close(client);
}

TEST_F(accept, timeout)
{
	long long start = now_ms();

	set_timeout(_metadata, self->fd, SO_RCVTIMEO, 200);
	EXPECT_EQ(-1, accept(self->fd, NULL, NULL));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_TIMEOUT(200, now_ms() - start);
}

static void on_signal(int sig)
{
}

static int interrupted_accept(int fd)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &sa, NULL);
	return CHILD_ERRNO(accept(fd, NULL, NULL));
}

TEST_F(accept, interrupted)
{
	pid_t pid = start_child(interrupted_accept(self->fd));

	wait_until(is_sleeping(pid));
	kill(pid, SIGUSR1);
	EXPECT_EQ(EINTR, end_child(_metadata, pid));
}

TEST_F(accept, woken_by_shutdown)
{
	pid_t pid = start_child(CHILD_ERRNO(accept(self->fd, NULL, NULL)));

	wait_until(is_sleeping(pid));
	EXPECT_EQ(0, shutdown(self->fd, SHUT_RD));
	EXPECT_EQ(EINVAL, end_child(_metadata, pid));
}

TEST_F(accept, in_order)
{
	union test_addr own[8], peer;
	socklen_t len;
	int client[8], fd, i;

	for (i = 0; i < 8; i++)
		client[i] = new_client(_metadata, &variant->fl, &self->addr,
				       &own[i]);
	for (i = 0; i < 8; i++) {
		wait_for(_metadata, self->fd, POLLIN);
		len = sizeof(peer);
		fd = accept(self->fd, &peer.sa, &len);
		ASSERT_LE(0, fd);
		EXPECT_TRUE(same_addr(&own[i], &peer));
		close(fd);
		close(client[i]);
	}
}

/* A full queue refuses; room in it accepts again. */
TEST_F(accept, backlog)
{
	int client, fd, n, err = 0;

	ASSERT_EQ(0, listen(self->fd, 2));
	for (n = 0; n < 10; n++) {
		client = open_socket(_metadata, &variant->fl);
		err = CHILD_ERRNO(connect(client, &self->addr.sa,
					  addr_len(&self->addr)));
		if (err)
			break;
	}
	EXPECT_EQ(ECONNREFUSED, err);
	/* One more than it says is what all protocols of Linux take. */
	EXPECT_LE(2, n);
	EXPECT_GE(3, n);

	fd = accept(self->fd, NULL, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, connect(client, &self->addr.sa, addr_len(&self->addr)));
	close(fd);
}

TEST_F(accept, data_before_accept)
{
	struct end end = { 0 };
	union test_addr own;
	int fd, i;

	end.fd = new_client(_metadata, &variant->fl, &self->addr, &own);
	for (i = 0; i < 10; i++)
		send_pattern(_metadata, &end, 100 + i, i % 3, i);
	wait_for(_metadata, self->fd, POLLIN);
	fd = accept(self->fd, NULL, NULL);
	ASSERT_LE(0, fd);
	recv_in_turn(_metadata, fd, 3, 10, 100, 1);
	expect_nothing(_metadata, fd);
	close(fd);
	close(end.fd);
}

/* What came and went before anyone looked is accepted, read, and at its end. */
TEST_F(accept, closed_before_accept)
{
	struct end end = { 0 };
	union test_addr own, peer;
	socklen_t len = sizeof(peer);
	char buf[16];
	int fd;

	end.fd = new_client(_metadata, &variant->fl, &self->addr, &own);
	send_pattern(_metadata, &end, 100, 0, 1);
	close(end.fd);
	wait_for(_metadata, self->fd, POLLIN);
	fd = accept(self->fd, &peer.sa, &len);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(same_addr(&own, &peer));
	recv_pattern(_metadata, fd, 100, 1, NULL);
	wait_for(_metadata, fd, POLLIN);
	EXPECT_EQ(0, recv(fd, buf, sizeof(buf), 0));
	close(fd);
}

TEST_F(accept, outlives_the_listener)
{
	struct pair p;

	pair_open(_metadata, &variant->fl, &p);
	close(p.listener);
	send_pattern(_metadata, &p.client, 1000, 0, 1);
	recv_pattern(_metadata, p.server.fd, 1000, 1, NULL);
	send_pattern(_metadata, &p.server, 1000, 0, 2);
	recv_pattern(_metadata, p.client.fd, 1000, 2, NULL);
}

/* Those that nobody accepted end with the listener. */
TEST_F(accept, listener_closed)
{
	union test_addr own;
	char buf[16];
	int client;

	client = new_client(_metadata, &variant->fl, &self->addr, &own);
	wait_for(_metadata, self->fd, POLLIN);
	close(self->fd);
	wait_for(_metadata, client, POLLIN);
	EXPECT_GE(0, recv(client, buf, sizeof(buf), 0));
	close(client);
}

TEST_F(accept, inherits)
{
	struct sctp_event_subscribe ev = { 0 };
	socklen_t len = sizeof(ev);
	struct sctp_initmsg init;
	union test_addr own;
	int client, fd;

	set_int(_metadata, self->fd, SOL_SCTP, SCTP_NODELAY, 1);
	set_int(_metadata, self->fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	set_events(_metadata, self->fd, EV_SHUTDOWN);
	set_initmsg(_metadata, self->fd, 7, 9, 3, 2000);
	set_int(_metadata, self->fd, SOL_SOCKET, SO_RCVBUF, 30000);
	client = new_client(_metadata, &variant->fl, &self->addr, &own);
	wait_for(_metadata, self->fd, POLLIN);
	fd = accept(self->fd, NULL, NULL);
	ASSERT_LE(0, fd);

	EXPECT_EQ(1, get_int(_metadata, fd, SOL_SCTP, SCTP_NODELAY));
	EXPECT_EQ(1, get_int(_metadata, fd, SOL_SCTP, SCTP_RECVRCVINFO));
	EXPECT_EQ(60000, get_int(_metadata, fd, SOL_SOCKET, SO_RCVBUF));
	EXPECT_EQ(0, get_int(_metadata, fd, SOL_SOCKET, SO_ACCEPTCONN));
	ASSERT_EQ(0, getsockopt(fd, SOL_SCTP, SCTP_EVENTS, &ev, &len));
	EXPECT_EQ(1, ev.sctp_shutdown_event);
	EXPECT_EQ(0, ev.sctp_association_event);
	len = sizeof(init);
	ASSERT_EQ(0, getsockopt(fd, SOL_SCTP, SCTP_INITMSG, &init, &len));
	EXPECT_EQ(7, init.sinit_num_ostreams);
	EXPECT_EQ(9, init.sinit_max_instreams);
	EXPECT_EQ(3, init.sinit_max_attempts);
	EXPECT_EQ(2000, init.sinit_max_init_timeo);
	close(fd);
	close(client);
}

TEST_F(accept, not_listening)
{
	int fd = open_socket(_metadata, &variant->fl);

	EXPECT_EQ(-1, accept(fd, NULL, NULL));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
}

TEST_F(accept, bad_pointers)
{
	union test_addr own, peer;
	socklen_t len = -1;
	int client;

	client = new_client(_metadata, &variant->fl, &self->addr, &own);
	wait_for(_metadata, self->fd, POLLIN);
	EXPECT_EQ(-1, accept(self->fd, &peer.sa, &len));
	EXPECT_EQ(EINVAL, errno);
	close(client);
}

FIXTURE(accept_many) {
	int fd;
};

SCTP_FIXTURE_VARIANT(accept_many);
SCTP_VARIANTS_ONE_TO_MANY(accept_many);

FIXTURE_SETUP(accept_many)
{
	union test_addr addr;

	enter_netns(_metadata);
	self->fd = listening_socket(_metadata, &variant->fl, &addr);
}

FIXTURE_TEARDOWN(accept_many)
{
}

TEST_F(accept_many, not_supported)
{
	EXPECT_EQ(-1, accept(self->fd, NULL, NULL));
	EXPECT_EQ(EOPNOTSUPP, errno);
}

TEST_HARNESS_MAIN
