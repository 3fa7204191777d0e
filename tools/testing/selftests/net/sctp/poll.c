// SPDX-License-Identifier: GPL-2.0
/*
 * poll() and epoll: readable, writable, the end and errors, and waking those
 * that wait. RFC 6458 sections 3.3 and 4.1 (as for other sockets).
 */
#include <sys/epoll.h>
#include "sctp_util.h"

FIXTURE(poll) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(poll);
SCTP_VARIANTS(poll);

FIXTURE_SETUP(poll)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(poll)
{
}

#define ALL (POLLIN | POLLOUT | POLLPRI | POLLRDHUP)

/* Fills the way from client to server until it stays full. */
static int fill_up(struct __test_metadata *_metadata, struct pair *p)
{
	unsigned char buf[1000];
	int sent = 0;

	do {
		fill(buf, sizeof(buf), sent);
		while (send_end(&p->client, buf, sizeof(buf), 0,
				MSG_DONTWAIT) > 0)
			fill(buf, sizeof(buf), ++sent);
		ASSERT_EQ(EAGAIN, errno);
		ASSERT_GT(100000, sent);
		/* Is it full still when the last SACK has come? */
	} while (poll_fd(p->client.fd, POLLOUT, 500));
	return sent;
}

TEST_F(poll, idle)
{
	EXPECT_EQ(POLLOUT, poll_fd(self->p.client.fd, ALL, 0));
	EXPECT_EQ(POLLOUT, poll_fd(self->p.server.fd, ALL, 0));
}

TEST_F(poll, new_socket)
{
	int fd = open_socket(_metadata, &variant->fl);

	/* A one-to-many socket can start an association by sending. */
	EXPECT_EQ(one_to_one(&variant->fl) ? 0 : POLLOUT,
		  poll_fd(fd, POLLIN | POLLOUT, 0) & ~POLLHUP);
	close(fd);
}

TEST_F(poll, readable)
{
	int i;

	for (i = 0; i < 3; i++)
		send_pattern(_metadata, &self->p.client, 100, 0, i);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(POLLIN | POLLOUT,
			  wait_for(_metadata, self->p.server.fd, POLLIN) |
			  poll_fd(self->p.server.fd, ALL, 0));
		recv_pattern(_metadata, self->p.server.fd, 100, i, NULL);
	}
	EXPECT_EQ(POLLOUT, poll_fd(self->p.server.fd, ALL, 0));
}

TEST_F(poll, readable_until_all_is_read)
{
	char buf[30];

	send_pattern(_metadata, &self->p.client, 50, 0, 1);
	wait_for(_metadata, self->p.server.fd, POLLIN);
	ASSERT_EQ(30, recv(self->p.server.fd, buf, 30, 0));
	EXPECT_EQ(POLLIN, poll_fd(self->p.server.fd, POLLIN, 0));
	ASSERT_EQ(20, recv(self->p.server.fd, buf, 30, 0));
	EXPECT_EQ(0, poll_fd(self->p.server.fd, POLLIN, 0));
}

/* Not writable when full, again when the reader has made room. */
TEST_F(poll, writable)
{
	int sent = fill_up(_metadata, &self->p), i;

	EXPECT_EQ(0, poll_fd(self->p.client.fd, POLLOUT, 0));
	for (i = 0; i < sent; i++)
		recv_pattern(_metadata, self->p.server.fd, 1000, i, NULL);
	wait_for(_metadata, self->p.client.fd, POLLOUT);
	send_pattern(_metadata, &self->p.client, 1000, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 1000, 1, NULL);
}

TEST_F(poll, wakes_a_reader)
{
	pid_t pid;

	pid = start_child(poll_fd(self->p.server.fd, POLLIN, WAIT_MS) != POLLIN);
	wait_until(is_sleeping(pid));
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	EXPECT_EQ(0, end_child(_metadata, pid));
}

TEST_F(poll, wakes_a_writer)
{
	int sent = fill_up(_metadata, &self->p), i;
	pid_t pid;

	pid = start_child(poll_fd(self->p.client.fd, POLLOUT, WAIT_MS) !=
			  POLLOUT);
	wait_until(is_sleeping(pid));
	for (i = 0; i < sent; i++)
		recv_pattern(_metadata, self->p.server.fd, 1000, i, NULL);
	EXPECT_EQ(0, end_child(_metadata, pid));
}

TEST_F(poll, notification_is_readable)
{
	set_events(_metadata, self->p.server.fd, EV_ASSOC | EV_SHUTDOWN);
	close(self->p.client.fd);
	wait_for(_metadata, self->p.server.fd, POLLIN);
	recv_shutdown_event(_metadata, self->p.server.fd, self->p.server.id);
	recv_assoc_change(_metadata, self->p.server.fd, SCTP_SHUTDOWN_COMP);
}

static volatile sig_atomic_t signals;

static void count_signal(int sig)
{
	signals++;
}

/* Who wants a signal instead. */
TEST_F(poll, signal_driven)
{
	int fd = self->p.server.fd, before;

	ASSERT_NE(SIG_ERR, signal(SIGIO, count_signal));
	ASSERT_EQ(0, fcntl(fd, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_ASYNC));
	before = signals;
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	wait_until(signals > before);
	recv_pattern(_metadata, fd, 100, 1, NULL);
	before = signals;
	set_linger(_metadata, self->p.client.fd, 1, 0);
	set_events(_metadata, fd, EV_ASSOC);
	close(self->p.client.fd);
	wait_until(signals > before);
}

TEST_F(poll, level_triggered_epoll)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0), i;

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->p.server.fd, &ev));
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(1, epoll_wait(ep, &ev, 1, WAIT_MS));
		EXPECT_EQ(EPOLLIN, ev.events);
	}
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
	close(ep);
}

/* Each arrival is told once, and none is forgotten. */
TEST_F(poll, edge_triggered_epoll)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int ep = epoll_create1(0), i;

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->p.server.fd, &ev));
	for (i = 0; i < 5; i++) {
		send_pattern(_metadata, &self->p.client, 100, 0, i);
		ASSERT_EQ(1, epoll_wait(ep, &ev, 1, WAIT_MS));
		EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
	}
	for (i = 0; i < 5; i++)
		recv_pattern(_metadata, self->p.server.fd, 100, i, NULL);
	close(ep);
}

FIXTURE(poll_one) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(poll_one);
SCTP_VARIANTS_ONE_TO_ONE(poll_one);

FIXTURE_SETUP(poll_one)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(poll_one)
{
}

TEST_F(poll_one, listener)
{
	int fd, other;

	EXPECT_EQ(0, poll_fd(self->p.listener, ALL, 0));
	other = open_socket(_metadata, &variant->fl);
	ASSERT_EQ(0, connect(other, &self->p.addr.sa, addr_len(&self->p.addr)));
	EXPECT_EQ(POLLIN, wait_for(_metadata, self->p.listener, POLLIN));
	fd = accept(self->p.listener, NULL, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, poll_fd(self->p.listener, ALL, 0));
	close(fd);
	close(other);
}

TEST_F(poll_one, end)
{
	ASSERT_EQ(0, shutdown(self->p.client.fd, SHUT_WR));
	wait_for(_metadata, self->p.server.fd, POLLRDHUP);
	EXPECT_NE(0, poll_fd(self->p.server.fd, ALL, 0) & POLLIN);
	EXPECT_EQ(0, poll_fd(self->p.server.fd, ALL, 0) & POLLERR);
}

TEST_F(poll_one, own_shutdown)
{
	ASSERT_EQ(0, shutdown(self->p.client.fd, SHUT_RDWR));
	EXPECT_EQ(POLLIN | POLLRDHUP | POLLHUP,
		  poll_fd(self->p.client.fd, ALL, WAIT_MS) &
		  (POLLIN | POLLRDHUP | POLLHUP));
}

TEST_F(poll_one, abort)
{
	set_linger(_metadata, self->p.client.fd, 1, 0);
	close(self->p.client.fd);
	wait_for(_metadata, self->p.server.fd, POLLERR);
	EXPECT_EQ(ECONNRESET, get_int(_metadata, self->p.server.fd, SOL_SOCKET,
				      SO_ERROR));
	EXPECT_EQ(0, poll_fd(self->p.server.fd, ALL, 0) & POLLERR);
}

TEST_F(poll_one, wakes_on_abort)
{
	pid_t pid;

	pid = start_child((close(self->p.client.fd),
			   !(poll_fd(self->p.server.fd, POLLIN, WAIT_MS) &
			     POLLERR)));
	wait_until(is_sleeping(pid));
	set_linger(_metadata, self->p.client.fd, 1, 0);
	close(self->p.client.fd);
	EXPECT_EQ(0, end_child(_metadata, pid));
}

static int open_netns(struct __test_metadata *_metadata)
{
	int fd = open("/proc/self/ns/net", O_RDONLY);

	ASSERT_LE(0, fd);
	return fd;
}

/*
 * Another namespace, with a link to this one. What comes there does so by way of NAPI, as
 * from a card: if there may be something for GRO to do, that is what veth has it for.
 */
static void enter_second_netns(struct __test_metadata *_metadata)
{
	int first = open_netns(_metadata), second;
	char args[80];

	enter_netns(_metadata);
	second = open_netns(_metadata);
	ASSERT_EQ(0, setns(first, CLONE_NEWNET));
	snprintf(args, sizeof(args),
		 "link add v0 type veth peer name v1 netns /proc/%d/fd/%d",
		 getpid(), second);
	run_ip(_metadata, args);
	run_ip(_metadata, "addr add 198.51.100.1/24 dev v0");
	run_ip(_metadata, "-6 addr add 2001:db8:51::1/64 dev v0 nodad");
	run_ip(_metadata, "link set v0 up");
	set_offload(_metadata, "v0", ETHTOOL_STSO, false);
	ASSERT_EQ(0, setns(second, CLONE_NEWNET));
	run_ip(_metadata, "addr add 198.51.100.2/24 dev v1");
	run_ip(_metadata, "-6 addr add 2001:db8:51::2/64 dev v1 nodad");
	run_ip(_metadata, "link set v1 up");
	set_offload(_metadata, "v1", ETHTOOL_SGRO, true);
	close(first);
	close(second);
}

/* Who polls the queue of a device has to know which one it is. */
TEST_F(poll, busy)
{
	union test_addr addr = make_addr(&variant->fl, "198.51.100.2",
					 "2001:db8:51::2", 5003);
	struct flavour to_one = { variant->fl.family, SOCK_STREAM };
	int client = open_socket(_metadata, &to_one), listener, server, i;

	enter_second_netns(_metadata);
	listener = open_socket(_metadata, &to_one);
	ASSERT_EQ(0, bind(listener, &addr.sa, addr_len(&addr)));
	ASSERT_EQ(0, listen(listener, 5));
	ASSERT_EQ(0, connect(client, &addr.sa, addr_len(&addr)));
	server = accept(listener, NULL, NULL);
	ASSERT_LE(0, server);
	set_int(_metadata, server, SOL_SOCKET, SO_BUSY_POLL, 50);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(1, send(client, "x", 1, 0));
		ASSERT_EQ(1, recv(server, &(char){ 0 }, 1, 0));
		EXPECT_NE(0, get_int(_metadata, server, SOL_SOCKET,
				     SO_INCOMING_NAPI_ID));
	}
	EXPECT_EQ(-1, recv(server, &(char){ 0 }, 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_HARNESS_MAIN
