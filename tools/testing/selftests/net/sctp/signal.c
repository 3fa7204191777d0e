// SPDX-License-Identifier: GPL-2.0
/*
 * Signals: EINTR out of a call that waits, its restart with SA_RESTART, and
 * SIGPIPE. signal(7), RFC 6458 section 4.1.8 (EPIPE, MSG_NOSIGNAL).
 */
#include "sctp_util.h"

FIXTURE(signal) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(signal);
SCTP_VARIANTS(signal);

FIXTURE_SETUP(signal)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(signal)
{
}

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught++;
}

static void catch_signal(int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	sigaction(SIGUSR1, &sa, NULL);
}

static int recv_with_signal(int fd, int flags)
{
	char buf[16];
	ssize_t n;

	catch_signal(flags);
	n = recv(fd, buf, sizeof(buf), 0);
	if (n < 0)
		return errno;
	return caught == 1 && n == 5 ? 0 : 255;
}

TEST_F(signal, recv_interrupted)
{
	pid_t pid = start_child(recv_with_signal(self->p.server.fd, 0));

	wait_until(is_sleeping(pid));
	kill(pid, SIGUSR1);
	EXPECT_EQ(EINTR, end_child(_metadata, pid));
}

TEST_F(signal, recv_restarted)
{
	pid_t pid = start_child(recv_with_signal(self->p.server.fd, SA_RESTART));

	wait_until(is_sleeping(pid));
	kill(pid, SIGUSR1);
	/* Asleep before and after: it must have been taken in between. */
	wait_until(is_stuck(pid));
	send_pattern(_metadata, &self->p.client, 5, 0, 1);
	EXPECT_EQ(0, end_child(_metadata, pid));
}

/* With a time-out set a call is not restarted: signal(7). */
TEST_F(signal, recv_with_timeout)
{
	pid_t pid;

	set_timeout(_metadata, self->p.server.fd, SO_RCVTIMEO, WAIT_MS);
	pid = start_child(recv_with_signal(self->p.server.fd, SA_RESTART));
	wait_until(is_sleeping(pid));
	kill(pid, SIGUSR1);
	EXPECT_EQ(EINTR, end_child(_metadata, pid));
}

static int send_with_signal(const struct end *end, int flags)
{
	char buf[1000] = { 0 };

	catch_signal(flags);
	while (send_end(end, buf, sizeof(buf), 0, 0) > 0)
		;
	return errno;
}

TEST_F(signal, send_interrupted)
{
	pid_t pid = start_child(send_with_signal(&self->p.client, 0));
	int status;

	wait_until(is_stuck(pid));
	/* More than once: it may have been given room just then. */
	wait_until(!kill(pid, SIGUSR1) && waitpid(pid, &status, WNOHANG) == pid);
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(EINTR, WEXITSTATUS(status));
}

TEST_F(signal, killed_in_recv)
{
	char c;
	pid_t pid = start_child(recv(self->p.server.fd, &c, 1, 0));
	int status;

	wait_until(is_sleeping(pid));
	kill(pid, SIGKILL);
	wait_until(waitpid(pid, &status, WNOHANG) == pid);
	EXPECT_TRUE(WIFSIGNALED(status));
	/* It had taken nothing. */
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
}

TEST_F(signal, killed_in_send)
{
	pid_t pid = start_child(send_with_signal(&self->p.client, 0));
	char buf[1000];
	int status;

	wait_until(is_stuck(pid));
	kill(pid, SIGKILL);
	wait_until(waitpid(pid, &status, WNOHANG) == pid);
	EXPECT_TRUE(WIFSIGNALED(status));
	/* The association goes on, room comes back. */
	while (send_end(&self->p.client, "last", 4, 0, MSG_DONTWAIT) < 0) {
		ASSERT_EQ(EAGAIN, errno);
		wait_for(_metadata, self->p.server.fd, POLLIN);
		recv(self->p.server.fd, buf, sizeof(buf), MSG_DONTWAIT);
	}
	do {
		wait_for(_metadata, self->p.server.fd, POLLIN);
	} while (recv(self->p.server.fd, buf, sizeof(buf), MSG_DONTWAIT) != 4);
	EXPECT_EQ(0, memcmp(buf, "last", 4));
}

static int send_nowhere(int fd)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGPIPE, &sa, NULL);
	if (send(fd, "x", 1, MSG_NOSIGNAL) >= 0 || errno != EPIPE || caught)
		return 254;
	if (send(fd, "x", 1, 0) >= 0 || errno != EPIPE)
		return 253;
	return caught;
}

/* A new socket has no association, whatever its style. */
TEST_F(signal, sigpipe)
{
	int fd = open_socket(_metadata, &variant->fl);
	pid_t pid = start_child(send_nowhere(fd));

	EXPECT_EQ(1, end_child(_metadata, pid));
	close(fd);
}

TEST_F(signal, sigpipe_kills)
{
	int fd = open_socket(_metadata, &variant->fl);
	int status;
	pid_t pid;

	pid = start_child((signal(SIGPIPE, SIG_DFL), send(fd, "x", 1, 0)));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGPIPE, WTERMSIG(status));
	close(fd);
}

TEST_HARNESS_MAIN
