// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_xfer: sends numbered messages of random length over an association and
 * verifies at the other end that each arrived once, in the order of its stream,
 * with every byte as it was sent, and that the association then ended by the
 * SHUTDOWN exchange. Its exit code is 0 only if all of that is so.
 *
 * It is the traffic of the tests over lossy links, between two guests, and
 * under attack. Both socket styles of RFC 6458 (sections 3 and 4), ancillary
 * data by SCTP_SNDINFO and SCTP_RCVINFO (sections 5.3.4, 5.3.5), the end of a
 * one-to-many association by SCTP_EOF and its notifications (section 6.1).
 *
 * A message is known by its stream and, in the payload protocol identifier, its
 * number. Its length and bytes follow from these and the seed of the run; it
 * also begins with them, as far as its length allows. The sender says hello
 * first, with the seed and the range of lengths, and is answered; it ends each
 * stream with the count of its messages. With -B the other side sends as well.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "sctp_xfer.h"

struct options opt = {
	.family = AF_UNSPEC,
	.port = "5001",
	.streams = 4,
	.bytes = 10 << 20,
	.min = 1,
	.max = 8000,
	.seed = 1,
	.timeout = 300,
	.assocs = 1,
};

struct conn *conns[MAX_ASSOCS];
unsigned int n_conns;
static long long started, deadline;

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

void fail(const char *fmt, ...)
{
	unsigned int i;
	va_list ap;

	fprintf(stderr, "sctp_xfer: %s: ", opt.server ? "server" : "client");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	for (i = 0; i < n_conns; i++) {
		const struct conn *c = conns[i];

		fprintf(stderr,
			"  association %d: sent %llu bytes in %llu messages (%u streams ended), received %llu in %llu (%u ended), done %d/%d%s\n",
			c->id, (unsigned long long)c->out_bytes,
			(unsigned long long)c->out_messages, c->out_ended,
			(unsigned long long)c->in_bytes,
			(unsigned long long)c->in_messages, c->in_ended,
			c->done_sent, c->done_received,
			c->over ? ", over" : "");
	}
	exit(1);
}

static void set_option(int fd, int level, int name, const void *val,
		       socklen_t len)
{
	if (setsockopt(fd, level, name, val, len))
		fail("setsockopt(%d, %d): %s", level, name, strerror(errno));
}

static int new_socket(int family)
{
	struct sctp_initmsg init = {
		.sinit_num_ostreams = opt.streams,
		.sinit_max_instreams = 65535,
	};
	struct sctp_event_subscribe ev = {
		.sctp_association_event = 1,
		.sctp_shutdown_event = 1,
	};
	int fd, on = 1;

	fd = socket(family, opt.many ? SOCK_SEQPACKET : SOCK_STREAM,
		    IPPROTO_SCTP);
	if (fd < 0)
		fail("socket: %s", strerror(errno));
	set_option(fd, SOL_SCTP, SCTP_INITMSG, &init, sizeof(init));
	set_option(fd, SOL_SCTP, SCTP_EVENTS, &ev, sizeof(ev));
	set_option(fd, SOL_SCTP, SCTP_RECVRCVINFO, &on, sizeof(on));
	if (opt.nodelay)
		set_option(fd, SOL_SCTP, SCTP_NODELAY, &on, sizeof(on));
	if (opt.sndbuf)
		set_option(fd, SOL_SOCKET, SO_SNDBUF, &opt.sndbuf,
			   sizeof(opt.sndbuf));
	if (opt.rcvbuf)
		set_option(fd, SOL_SOCKET, SO_RCVBUF, &opt.rcvbuf,
			   sizeof(opt.rcvbuf));
	return fd;
}

static void set_nonblock(int fd)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		fail("fcntl: %s", strerror(errno));
}

static struct addrinfo *resolve(const char *host, const char *port, int flags)
{
	struct addrinfo hints = {
		.ai_family = opt.family,
		.ai_flags = flags | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *ai;
	int err = getaddrinfo(host, port, &hints, &ai);

	if (err)
		fail("%s: %s", host ? host : "any address", gai_strerror(err));
	return ai;
}

static void report(void)
{
	uint64_t in = 0, out = 0, in_messages = 0, out_messages = 0;
	double seconds = (now_ms() - started) / 1000.0;
	unsigned int i;

	for (i = 0; i < n_conns; i++) {
		in += conns[i]->in_bytes;
		out += conns[i]->out_bytes;
		in_messages += conns[i]->in_messages;
		out_messages += conns[i]->out_messages;
	}
	printf("sctp_xfer: %s: received %llu bytes in %llu messages, sent %llu in %llu, %u streams, %.1f s, %.1f Mbit/s: intact\n",
	       opt.server ? "server" : "client", (unsigned long long)in,
	       (unsigned long long)in_messages, (unsigned long long)out,
	       (unsigned long long)out_messages, opt.streams, seconds,
	       (in + out) * 8 / 1e6 / (seconds > 0 ? seconds : 1));
	fflush(stdout);
}

static bool finished(void)
{
	unsigned int i;

	if (n_conns < opt.assocs)
		return false;
	for (i = 0; i < n_conns; i++)
		if (!conns[i]->over)
			return false;
	return true;
}

static void on_signal(int sig)
{
	opt.stop = 1;
}

static void run(int listener)
{
	static struct pollfd pfds[MAX_ASSOCS + 1];
	long long next_line = now_ms() + 5000;
	enum room room[MAX_ASSOCS];
	unsigned int i, n;
	int wait;

	while (!finished()) {
		/* Data that came with the set-up counts from there. */
		if (!started && n_conns)
			started = now_ms();
		if (now_ms() > deadline)
			fail("not done after %d s", opt.timeout);
		if (opt.verbose && now_ms() > next_line && n_conns) {
			next_line += 5000;
			printf("sctp_xfer: %s: %.1f s: received %llu, sent %llu bytes\n",
			       opt.server ? "server" : "client",
			       (now_ms() - started) / 1000.0,
			       (unsigned long long)conns[0]->in_bytes,
			       (unsigned long long)conns[0]->out_bytes);
			fflush(stdout);
		}
		for (i = 0; i < n_conns; i++) {
			struct conn *c = conns[i];

			room[i] = c->over ? NOTHING_TO_SEND : push(c);
			if (!opt.server && !c->shutting_down && all_done(c))
				shut_down(c);
		}
		n = 0;
		wait = 500;
		if (listener >= 0) {
			pfds[n].fd = listener;
			pfds[n++].events = POLLIN;
		}
		for (i = 0; i < n_conns; i++) {
			if (opt.many) {
				/* All share one socket, the listener's too. */
				if (!n) {
					pfds[n].fd = conns[i]->fd;
					pfds[n++].events = POLLIN;
				}
				/*
				 * The socket may have room when this
				 * association has none: then ask again soon.
				 */
				if (room[i] == FULL)
					pfds[0].events |= POLLOUT;
				if (room[i] == FULL_AT_ONCE)
					wait = 10;
				continue;
			}
			if (conns[i]->over)
				continue;
			pfds[n].fd = conns[i]->fd;
			pfds[n++].events = POLLIN;
			if (room[i] != NOTHING_TO_SEND)
				pfds[n - 1].events |= POLLOUT;
		}
		if (poll(pfds, n, wait) < 0 && errno != EINTR)
			fail("poll: %s", strerror(errno));
		if (opt.many) {
			pull(pfds[0].fd);
			continue;
		}
		if (listener >= 0 && pfds[0].revents) {
			int fd = accept(listener, NULL, NULL);

			if (fd < 0)
				fail("accept: %s", strerror(errno));
			set_nonblock(fd);
			new_conn(fd, 0);
		}
		for (i = 0; i < n_conns; i++)
			if (!conns[i]->over && !pull(conns[i]->fd) &&
			    !conns[i]->over)
				on_over(conns[i]);
	}
}

static int listen_on(void)
{
	struct addrinfo *ai = resolve(opt.local, opt.port, AI_PASSIVE);
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	char host[64], port[16];
	int fd, on = 1;

	fd = new_socket(ai->ai_family);
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen))
		fail("bind: %s", strerror(errno));
	if (listen(fd, opt.assocs + 8))
		fail("listen: %s", strerror(errno));
	freeaddrinfo(ai);
	set_nonblock(fd);
	if (getsockname(fd, (void *)&addr, &len) ||
	    getnameinfo((void *)&addr, len, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		fail("getsockname failed");
	printf("sctp_xfer: listening on %s port %s\n", host, port);
	fflush(stdout);
	return fd;
}

static void connect_to(void)
{
	struct addrinfo *ai = resolve(opt.host, opt.port, 0), *local;
	long long give_up = now_ms() + opt.retry * 1000LL;
	int fd;

	for (;;) {
		fd = new_socket(ai->ai_family);
		if (opt.local) {
			local = resolve(opt.local, NULL, 0);
			if (bind(fd, local->ai_addr, local->ai_addrlen))
				fail("bind: %s", strerror(errno));
			freeaddrinfo(local);
		}
		if (!connect(fd, ai->ai_addr, ai->ai_addrlen))
			break;
		if (now_ms() > give_up)
			fail("connect: %s", strerror(errno));
		close(fd);
		usleep(100000);
	}
	freeaddrinfo(ai);
	set_nonblock(fd);
	if (!opt.many)
		new_conn(fd, 0);
	/* COMM_UP tells the id before there is anything to send. */
	while (!n_conns || !conns[0]->id) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };

		if (poll(&pfd, 1, 1000) < 0 && errno != EINTR)
			fail("poll: %s", strerror(errno));
		if (!pull(fd))
			fail("the end, before the beginning");
		if (now_ms() > deadline)
			fail("no COMM_UP");
	}
	greet(conns[0]);
}

static uint64_t parse_size(const char *s)
{
	char *end;
	uint64_t n = strtoull(s, &end, 0);

	switch (*end) {
	case 'G':
		n <<= 10;
		/* fall through */
	case 'M':
		n <<= 10;
		/* fall through */
	case 'k':
	case 'K':
		n <<= 10;
		end++;
	}
	if (*end || end == s)
		fail("%s is no size", s);
	return n;
}

static void usage(void)
{
	fputs("usage: sctp_xfer server [options]\n"
	      "       sctp_xfer client [options] HOST\n"
	      "  -4, -6        address family\n"
	      "  -m            one-to-many sockets (default: one-to-one)\n"
	      "  -p PORT       port (5001)\n"
	      "  -a ADDRESS    local address\n"
	      "  -s STREAMS    streams (4); the server's with -B: at least as many\n"
	      "  -b BYTES      how much to send, K, M, G (10M); 0: until SIGTERM\n"
	      "  -l MIN:MAX    range of the message lengths (1:8000)\n"
	      "  -S SEED       of lengths, streams and bytes (1)\n"
	      "  -B            the server sends as much as the client\n"
	      "  -n            SCTP_NODELAY\n"
	      "  -W SIZE       SO_SNDBUF\n"
	      "  -R SIZE       SO_RCVBUF\n"
	      "  -t SECONDS    fail if it takes longer (300)\n"
	      "  -w SECONDS    go on trying to connect for so long (0)\n"
	      "  -c COUNT      associations that the server serves (1)\n"
	      "  -v            a line every five seconds\n", stderr);
	exit(2);
}

static void parse_options(int argc, char **argv)
{
	char *colon;
	int c;

	if (argc < 2)
		usage();
	if (!strcmp(argv[1], "server"))
		opt.server = true;
	else if (strcmp(argv[1], "client"))
		usage();
	optind = 2;
	while ((c = getopt(argc, argv, "46mp:a:s:b:l:S:BnW:R:t:w:c:v")) != -1) {
		switch (c) {
		case '4':
			opt.family = AF_INET;
			break;
		case '6':
			opt.family = AF_INET6;
			break;
		case 'm':
			opt.many = true;
			break;
		case 'p':
			opt.port = optarg;
			break;
		case 'a':
			opt.local = optarg;
			break;
		case 's':
			opt.streams = atoi(optarg);
			break;
		case 'b':
			opt.bytes = parse_size(optarg);
			break;
		case 'l':
			colon = strchr(optarg, ':');
			if (!colon)
				usage();
			*colon = 0;
			opt.min = parse_size(optarg);
			opt.max = parse_size(colon + 1);
			break;
		case 'S':
			opt.seed = strtoul(optarg, NULL, 0);
			break;
		case 'B':
			opt.both_ways = true;
			break;
		case 'n':
			opt.nodelay = true;
			break;
		case 'W':
			opt.sndbuf = parse_size(optarg);
			break;
		case 'R':
			opt.rcvbuf = parse_size(optarg);
			break;
		case 't':
			opt.timeout = atoi(optarg);
			break;
		case 'w':
			opt.retry = atoi(optarg);
			break;
		case 'c':
			opt.assocs = atoi(optarg);
			break;
		case 'v':
			opt.verbose = true;
			break;
		default:
			usage();
		}
	}
	if (opt.min < 1 || opt.max < opt.min || opt.max > MAX_MESSAGE ||
	    opt.streams < 1 || opt.streams > 65535 || opt.timeout < 1 ||
	    opt.assocs < 1 || opt.assocs > MAX_ASSOCS)
		usage();
	if (!opt.server) {
		if (optind != argc - 1)
			usage();
		opt.host = argv[optind];
		opt.assocs = 1;
	}
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int listener = -1;
	unsigned int i;

	parse_options(argc, argv);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	deadline = now_ms() + opt.timeout * 1000LL;
	if (opt.server)
		listener = listen_on();
	else
		connect_to();
	run(listener);
	report();
	for (i = 0; i < n_conns; i++)
		if (!opt.many)
			close(conns[i]->fd);
	if (listener >= 0)
		close(listener);
	return 0;
}
