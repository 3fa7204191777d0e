// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_rate: how many thousand times a second (k/s) one process and its child
 *
 *	rr	exchange a message each way, one at a time, over loopback;
 *	setup	make an association or connection and end it in good order.
 *
 * It is a measurement for "make bench", no test. usage:
 *
 *	sctp_rate sctp|tcp|udp rr SECONDS BYTES
 *	sctp_rate sctp|tcp setup SECONDS
 */
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sctp_bench.h"

#define MAX_BYTES 65536

static int new_socket(const char *protocol, struct sockaddr_in *addr)
{
	int fd;

	if (!strcmp(protocol, "udp"))
		fd = socket(AF_INET, SOCK_DGRAM, 0);
	else
		fd = socket(AF_INET, SOCK_STREAM,
			    strcmp(protocol, "tcp") ? IPPROTO_SCTP : 0);
	if (fd < 0)
		fail("socket");
	if (!strcmp(protocol, "tcp")) {
		int on = 1;

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	if (!addr->sin_family)
		bind_loopback(fd, addr);
	return fd;
}

/* A message of TCP may come in several pieces. 0 if there is none any more. */
static size_t receive(int fd, char *buf, size_t bytes)
{
	size_t got = 0;

	while (got < bytes) {
		ssize_t n = recv(fd, buf + got, bytes - got, 0);

		if (n < 0)
			fail("recv");
		if (!n)
			return 0;
		got += n;
	}
	return got;
}

static void echo(int fd, bool udp, size_t bytes)
{
	static char buf[MAX_BYTES];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);

	if (udp && (recvfrom(fd, buf, bytes, MSG_PEEK, (void *)&from, &len) < 0 ||
		    connect(fd, (void *)&from, len)))
		fail("connect");
	while (receive(fd, buf, bytes))
		if (send(fd, buf, bytes, MSG_NOSIGNAL) < 0)
			fail("send");
}

static void serve(const char *protocol, int fd, size_t bytes)
{
	if (!strcmp(protocol, "udp"))
		echo(fd, true, bytes);
	for (;;) {
		int conn = accept(fd, NULL, NULL);
		char c;

		if (conn < 0)
			fail("accept");
		if (bytes)
			echo(conn, false, bytes);
		else if (recv(conn, &c, 1, 0) < 0 && errno != ENOTCONN)
			fail("recv");
		close(conn);
	}
}

static void exchange(int fd, size_t bytes)
{
	static char buf[MAX_BYTES];

	if (send(fd, buf, bytes, 0) < 0)
		fail("send");
	if (!receive(fd, buf, bytes))
		fail("the end of the other side");
}

static int open_to(const char *protocol, const struct sockaddr_in *to)
{
	int fd = new_socket(protocol, &(struct sockaddr_in){ .sin_family = AF_INET });

	if (connect(fd, (void *)to, sizeof(*to)))
		fail("connect");
	return fd;
}

/*
 * Waits for the other side to end it, too. For SCTP the association may be gone
 * by then, and the socket be one that has none.
 */
static void end(int fd)
{
	char c;

	shutdown(fd, SHUT_WR);
	if (recv(fd, &c, 1, 0) < 0 && errno != ENOTCONN)
		fail("recv");
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = {};
	unsigned long count = 0;
	double start, seconds;
	size_t bytes = 0;
	bool udp, rr;
	int fd = -1;
	pid_t child;

	rr = argc > 2 && !strcmp(argv[2], "rr");
	if (argc < (rr ? 5 : 4)) {
		fputs("usage: sctp_rate sctp|tcp|udp rr|setup SECONDS [BYTES]\n",
		      stderr);
		return 2;
	}
	udp = !strcmp(argv[1], "udp");
	seconds = atof(argv[3]);
	if (rr)
		bytes = atoi(argv[4]);
	if (bytes > MAX_BYTES || (rr && !bytes) || (udp && !rr))
		return 2;

	fd = new_socket(argv[1], &addr);
	if (!udp && listen(fd, 128))
		fail("listen");
	child = new_child();
	if (!child)
		serve(argv[1], fd, bytes);
	close(fd);
	if (rr)
		fd = open_to(argv[1], &addr);
	start = start_clock();
	while (now() < start + seconds) {
		if (rr)
			exchange(fd, bytes);
		else
			end(open_to(argv[1], &addr));
		count++;
	}
	seconds = stop_clock(start);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	printf("%.3f k/s\n", count / seconds / 1000);
	return 0;
}
