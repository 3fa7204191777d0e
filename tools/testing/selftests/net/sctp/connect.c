// SPDX-License-Identifier: GPL-2.0
/*
 * connect(): blocking and not, refused, timed out, interrupted, repeated, and
 * to addresses that make no sense. RFC 6458 sections 3.1.6 and 4.1.5, the
 * error for a second attempt from connect(2).
 */
#include "sctp_util.h"

FIXTURE(connect) {
	int listener;
	int fd;
	union test_addr addr;
};

SCTP_FIXTURE_VARIANT(connect);
SCTP_VARIANTS(connect);

FIXTURE_SETUP(connect)
{
	enter_netns(_metadata);
	self->listener = listening_socket(_metadata, &variant->fl, &self->addr);
	self->fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(connect)
{
}

static int try_connect(int fd, const union test_addr *addr)
{
	return CHILD_ERRNO(connect(fd, &addr->sa, addr_len(addr)));
}

TEST_F(connect, blocking)
{
	union test_addr addr;
	socklen_t len = sizeof(addr);

	ASSERT_EQ(0, try_connect(self->fd, &self->addr));
	EXPECT_EQ(0, get_int(_metadata, self->fd, SOL_SOCKET, SO_ERROR));
	EXPECT_NE(0, poll_fd(self->fd, POLLOUT, 0) & POLLOUT);
	ASSERT_EQ(0, getsockname(self->fd, &addr.sa, &len));
	EXPECT_LE(1024, port_of(&addr));
}

TEST_F(connect, bound_socket_keeps_its_port)
{
	union test_addr before, after;
	socklen_t len = sizeof(after);
	int fd = bound_socket(_metadata, &variant->fl, &before);

	ASSERT_EQ(0, try_connect(fd, &self->addr));
	ASSERT_EQ(0, getsockname(fd, &after.sa, &len));
	EXPECT_TRUE(same_addr(&before, &after));
	close(fd);
}

TEST_F(connect, again)
{
	ASSERT_EQ(0, try_connect(self->fd, &self->addr));
	EXPECT_EQ(EISCONN, try_connect(self->fd, &self->addr));
}

/* A one-to-many socket has as many associations as it likes. */
TEST_F(connect, second_peer)
{
	union test_addr addr;
	int other = listening_socket(_metadata, &variant->fl, &addr);

	ASSERT_EQ(0, try_connect(self->fd, &self->addr));
	EXPECT_EQ(one_to_one(&variant->fl) ? EISCONN : 0,
		  try_connect(self->fd, &addr));
	close(other);
}

TEST_F(connect, nonblocking)
{
	set_nonblock(_metadata, self->fd, true);
	set_events(_metadata, self->fd, EV_ASSOC);
	ASSERT_EQ(EINPROGRESS, try_connect(self->fd, &self->addr));
	if (one_to_one(&variant->fl))
		wait_for(_metadata, self->fd, POLLOUT);
	recv_assoc_change(_metadata, self->fd, SCTP_COMM_UP);
	EXPECT_EQ(0, get_int(_metadata, self->fd, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(EISCONN, try_connect(self->fd, &self->addr));
}

TEST_F(connect, refused)
{
	union test_addr addr = free_addr(_metadata, &variant->fl);

	ASSERT_EQ(ECONNREFUSED, try_connect(self->fd, &addr));
	/*
	 * The C implementation leaves the error that it has just returned in
	 * SO_ERROR, to be read once more; that need not be so.
	 */
	get_int(_metadata, self->fd, SOL_SOCKET, SO_ERROR);
	EXPECT_EQ(0, get_int(_metadata, self->fd, SOL_SOCKET, SO_ERROR));
	/* The socket is as good as new. */
	EXPECT_EQ(ECONNREFUSED, try_connect(self->fd, &addr));
	EXPECT_EQ(0, try_connect(self->fd, &self->addr));
}

TEST_F(connect, in_progress)
{
	union test_addr addr = black_hole(&variant->fl, 5001);

	add_black_hole(_metadata);
	set_nonblock(_metadata, self->fd, true);
	ASSERT_EQ(EINPROGRESS, try_connect(self->fd, &addr));
	EXPECT_EQ(EALREADY, try_connect(self->fd, &addr));
	EXPECT_EQ(EALREADY, try_connect(self->fd, &addr));
	if (one_to_one(&variant->fl))
		EXPECT_EQ(0, poll_fd(self->fd, POLLIN | POLLOUT, 0));
	EXPECT_EQ(0, close(self->fd));
}

TEST_F(connect, timeout)
{
	union test_addr addr = black_hole(&variant->fl, 5001);
	long long start;

	add_black_hole(_metadata);
	set_initmsg(_metadata, self->fd, 0, 0, 2, 100);
	start = now_ms();
	EXPECT_EQ(ETIMEDOUT, try_connect(self->fd, &addr));
	/* Two attempts, each of which is given 100 ms at least. */
	EXPECT_LE(150, now_ms() - start);
	EXPECT_GT(WAIT_MS, now_ms() - start);
	EXPECT_EQ(0, try_connect(self->fd, &self->addr));
}

/*
 * The way to a peer that does not answer is looked for again with each attempt:
 * IPv6 does not say of a route in use that there is a better one in another
 * table now, here that of this host's own addresses.
 */
TEST_F(connect, route_comes_late)
{
	union test_addr wild = wildcard(&variant->fl, 0), to;
	int fd = open_socket(_metadata, &variant->fl), error;
	socklen_t len = sizeof(wild);

	ASSERT_EQ(0, bind(fd, &wild.sa, addr_len(&wild)));
	ASSERT_EQ(0, listen(fd, 1));
	ASSERT_EQ(0, getsockname(fd, &wild.sa, &len));
	to = black_hole(&variant->fl, port_of(&wild));
	add_black_hole(_metadata);
	/* Ten seconds: an emulated processor takes some for ip(8). */
	set_initmsg(_metadata, self->fd, 0, 0, 100, 100);
	set_nonblock(_metadata, self->fd, true);
	ASSERT_EQ(EINPROGRESS, try_connect(self->fd, &to));
	run_ip(_metadata, "addr add 192.0.2.2/24 dev hole");
	run_ip(_metadata, "-6 addr add 2001:db8::2/64 dev hole nodad");
	wait_until((error = try_connect(self->fd, &to)) != EALREADY);
	/* The C module keeps its route. */
	if (variant->fl.family != TEST_IPV6 || !is_c_module())
		EXPECT_EQ(EISCONN, error);
	close(fd);
}

TEST_F(connect, send_timeout)
{
	union test_addr addr = black_hole(&variant->fl, 5001);
	long long start;

	add_black_hole(_metadata);
	set_timeout(_metadata, self->fd, SO_SNDTIMEO, 200);
	start = now_ms();
	EXPECT_EQ(EINPROGRESS, try_connect(self->fd, &addr));
	EXPECT_TIMEOUT(200, now_ms() - start);
	EXPECT_EQ(EALREADY, try_connect(self->fd, &addr));
}

static void on_signal(int sig)
{
}

static int interrupted_connect(int fd, const union test_addr *addr)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &sa, NULL);
	return try_connect(fd, addr);
}

TEST_F(connect, interrupted)
{
	union test_addr addr = black_hole(&variant->fl, 5001);
	pid_t pid;

	add_black_hole(_metadata);
	pid = start_child(interrupted_connect(self->fd, &addr));
	wait_until(is_sleeping(pid));
	kill(pid, SIGUSR1);
	EXPECT_EQ(EINTR, end_child(_metadata, pid));
	/* The attempt itself goes on. */
	EXPECT_EQ(EALREADY, try_connect(self->fd, &addr));
}

TEST_F(connect, killed)
{
	union test_addr addr = black_hole(&variant->fl, 5001);
	int status;
	pid_t pid;

	add_black_hole(_metadata);
	pid = start_child(try_connect(self->fd, &addr));
	wait_until(is_sleeping(pid));
	kill(pid, SIGKILL);
	wait_until(waitpid(pid, &status, WNOHANG) == pid);
	EXPECT_TRUE(WIFSIGNALED(status));
}

TEST_F(connect, length)
{
	int full = addr_len(&self->addr), len;

	for (len = 0; len < (full == 16 ? 16 : 24); len++) {
		EXPECT_EQ(-1, connect(self->fd, &self->addr.sa, len))
			TH_LOG("length %d was taken", len);
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(-1, connect(self->fd, &self->addr.sa, -1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, connect(self->fd, NULL, full));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, connect(self->fd, &self->addr.sa, full));
}

TEST_F(connect, no_address)
{
	union test_addr addr = self->addr;

	addr.sa.sa_family = AF_UNSPEC;
	EXPECT_EQ(EOPNOTSUPP,
		  CHILD_ERRNO(connect(self->fd, &addr.sa, sizeof(addr))));
	addr.sa.sa_family = AF_UNIX;
	EXPECT_EQ(EINVAL,
		  CHILD_ERRNO(connect(self->fd, &addr.sa, sizeof(addr))));
	addr = loopback(&variant->fl, 0);
	EXPECT_NE(0, try_connect(self->fd, &addr));
}

/* An association is between two hosts. */
TEST_F(connect, not_unicast)
{
	union test_addr addr = make_addr(&variant->fl, "224.0.0.1", "ff02::1",
					 port_of(&self->addr));

	EXPECT_EQ(EINVAL, try_connect(self->fd, &addr));
	addr = make_addr(&variant->fl, "255.255.255.255", "ff05::2",
			 port_of(&self->addr));
	EXPECT_EQ(EINVAL, try_connect(self->fd, &addr));
}

TEST_F(connect, unreachable)
{
	union test_addr addr = black_hole(&variant->fl, 5001);

	EXPECT_EQ(ENETUNREACH, try_connect(self->fd, &addr));
	EXPECT_EQ(0, try_connect(self->fd, &self->addr));
}

TEST_F(connect, wildcard_is_this_host)
{
	union test_addr addr = wildcard(&variant->fl, 0);
	socklen_t len = sizeof(addr);
	int fd = open_socket(_metadata, &variant->fl);

	ASSERT_EQ(0, bind(fd, &addr.sa, addr_len(&addr)));
	ASSERT_EQ(0, listen(fd, 1));
	ASSERT_EQ(0, getsockname(fd, &addr.sa, &len));
	addr = loopback(&variant->fl, port_of(&addr));
	EXPECT_EQ(0, try_connect(self->fd, &addr));
	close(fd);
}

/* Closing in the middle of the handshake leaves no association behind. */
TEST_F(connect, closed_in_progress)
{
	union test_addr addr = black_hole(&variant->fl, 5001);
	union test_addr own, again;
	socklen_t len = sizeof(own);

	add_black_hole(_metadata);
	set_nonblock(_metadata, self->fd, true);
	ASSERT_EQ(EINPROGRESS, try_connect(self->fd, &addr));
	ASSERT_EQ(0, getsockname(self->fd, &own.sa, &len));
	close(self->fd);
	self->fd = open_socket(_metadata, &variant->fl);
	again = wildcard(&variant->fl, port_of(&own));
	EXPECT_EQ(0, bind(self->fd, &again.sa, addr_len(&again)));
}

FIXTURE(connect_one) {
	int listener;
	int fd;
	union test_addr addr;
};

SCTP_FIXTURE_VARIANT(connect_one);
SCTP_VARIANTS_ONE_TO_ONE(connect_one);

FIXTURE_SETUP(connect_one)
{
	enter_netns(_metadata);
	self->listener = listening_socket(_metadata, &variant->fl, &self->addr);
	self->fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(connect_one)
{
}

/*
 * The socket is closed while the association is about to come up. That it was
 * established then, and taken apart so, would be in the kernel's log.
 */
TEST_F(connect_one, closed_before_the_answer)
{
	char c;
	int fd;

	ASSERT_EQ(0, system("tc qdisc add dev lo root netem delay 100ms"));
	set_nonblock(_metadata, self->fd, true);
	ASSERT_EQ(EINPROGRESS, try_connect(self->fd, &self->addr));
	/* The COOKIE ECHO is there, and its answer on the way. */
	wait_for(_metadata, self->listener, POLLIN);
	ASSERT_EQ(0, close(self->fd));
	fd = accept(self->listener, NULL, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, recv(fd, &c, 1, 0));
	close(fd);
}

TEST_F(connect_one, nonblocking_refused)
{
	union test_addr addr = free_addr(_metadata, &variant->fl);

	set_nonblock(_metadata, self->fd, true);
	ASSERT_EQ(EINPROGRESS, try_connect(self->fd, &addr));
	wait_for(_metadata, self->fd, POLLERR);
	EXPECT_EQ(ECONNREFUSED, get_int(_metadata, self->fd, SOL_SOCKET,
					SO_ERROR));
	EXPECT_EQ(0, get_int(_metadata, self->fd, SOL_SOCKET, SO_ERROR));
}

TEST_F(connect_one, nonblocking_timeout)
{
	union test_addr addr = black_hole(&variant->fl, 5001);

	add_black_hole(_metadata);
	set_initmsg(_metadata, self->fd, 0, 0, 1, 100);
	set_nonblock(_metadata, self->fd, true);
	ASSERT_EQ(EINPROGRESS, try_connect(self->fd, &addr));
	wait_for(_metadata, self->fd, POLLERR);
	EXPECT_EQ(ETIMEDOUT, get_int(_metadata, self->fd, SOL_SOCKET,
				     SO_ERROR));
}

/* Data may be queued before the association is there. */
TEST_F(connect_one, send_while_connecting)
{
	struct end end = { .fd = self->fd };
	int fd;

	set_nonblock(_metadata, self->fd, true);
	ASSERT_EQ(EINPROGRESS, try_connect(self->fd, &self->addr));
	send_pattern(_metadata, &end, 500, 0, 1);
	send_pattern(_metadata, &end, 700, 1, 2);
	wait_for(_metadata, self->listener, POLLIN);
	fd = accept(self->listener, NULL, NULL);
	ASSERT_LE(0, fd);
	recv_pattern(_metadata, fd, 500, 1, NULL);
	recv_pattern(_metadata, fd, 700, 2, NULL);
	close(fd);
}

/* sendto() with an address connects a one-to-one socket too, on Linux. */
TEST_F(connect_one, implicit)
{
	char buf[8];
	int fd;

	ASSERT_EQ(5, sendto(self->fd, "hello", 5, 0, &self->addr.sa,
			    addr_len(&self->addr)));
	wait_for(_metadata, self->listener, POLLIN);
	fd = accept(self->listener, NULL, NULL);
	ASSERT_LE(0, fd);
	wait_for(_metadata, fd, POLLIN);
	EXPECT_EQ(5, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(EISCONN, try_connect(self->fd, &self->addr));
	close(fd);
}

TEST_HARNESS_MAIN
