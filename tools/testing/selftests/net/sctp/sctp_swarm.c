// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_swarm: one of two programs that do everything with each other's sockets
 * that programs may do, in no sensible order, until they are killed: connect,
 * send, read or not, branch off, set options, close at once, later or never. It
 * is the traffic of the tests that end it abruptly, or take memory away from it.
 *
 * Any system call may fail. What must not happen is a message that was not sent
 * like that: each begins with its length and a key, from which its bytes follow.
 * Exit code 1 says that one was wrong, 2 that the program cannot work.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <linux/sctp.h>
#include "kselftest.h"

#define MAX_SOCKETS	256
#define MAX_ADDRS	8
#define MAX_LEN		20000

struct message {
	uint32_t len;
	uint32_t key;
	unsigned char bytes[MAX_LEN];
};

struct slot {
	int fd;
	bool many;
	/* In the middle of a message, whose beginning was read before. */
	bool partial;
};

static struct slot slots[MAX_SOCKETS];
static int n_slots = 50, listeners[2] = { -1, -1 };
/* SCTP comes and goes: nothing listens, and there are times without a socket. */
static bool fleeting;
/* The peer sends anything. */
static bool credulous;
static struct sockaddr_storage addrs[MAX_ADDRS];
static int n_addrs;
static uint16_t port = 6000;
static uint64_t random_state = 1;
static struct message out;
static unsigned char in[2 * sizeof(out)];

static uint32_t draw(uint32_t below)
{
	random_state += 0x9e3779b97f4a7c15ull;
	uint64_t x = random_state;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return (uint32_t)(x >> 32) % below;
}

static void die(const char *what)
{
	fprintf(stderr, "sctp_swarm: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void fill(struct message *m, uint32_t len, uint32_t key)
{
	uint32_t i, x = key | 1;

	m->len = len;
	m->key = key;
	for (i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		m->bytes[i] = x >> 24;
	}
}

static void check(const unsigned char *buf, size_t n)
{
	static struct message expected;
	const size_t head = offsetof(struct message, bytes);
	uint32_t len, key;

	if (credulous)
		return;
	if (n >= head) {
		memcpy(&len, buf, sizeof(len));
		memcpy(&key, buf + sizeof(len), sizeof(key));
		if (len <= MAX_LEN && n == head + len) {
			fill(&expected, len, key);
			if (!memcmp(buf, &expected, n))
				return;
		}
	}
	fprintf(stderr, "sctp_swarm: a message of %zu bytes that nobody sent\n", n);
	exit(1);
}

/* Everything that may be read, or some of it. */
static void pull(struct slot *s)
{
	struct iovec iov = { in, sizeof(in) };
	int i, rounds = 1 + draw(20);

	for (i = 0; i < rounds; i++) {
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
		ssize_t n;

		/* Some messages in pieces. */
		iov.iov_len = draw(8) ? sizeof(in) : 1 + draw(5000);
		n = recvmsg(s->fd, &msg, MSG_DONTWAIT);
		if (n <= 0)
			return;
		if (msg.msg_flags & MSG_NOTIFICATION)
			continue;
		/* Of a one-to-many socket, pieces of several may mix. */
		if (!s->many && !s->partial && (msg.msg_flags & MSG_EOR))
			check(in, n);
		s->partial = !(msg.msg_flags & MSG_EOR);
	}
}

static void push(struct slot *s, bool to_new_peer)
{
	struct sctp_sndrcvinfo info = {
		.sinfo_stream = draw(10),
		.sinfo_flags = draw(4) ? 0 : SCTP_UNORDERED,
	};
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(info))];
	} control = {};
	struct iovec iov = { &out, 0 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct sockaddr_storage *to = &addrs[draw(n_addrs)];
	int i, rounds = 1 + draw(20);

	if (to_new_peer) {
		msg.msg_name = to;
		msg.msg_namelen = sizeof(*to);
	}
	if (!draw(20)) {
		info.sinfo_flags |= SCTP_PR_SCTP_TTL;
		info.sinfo_timetolive = draw(100);
	}
	if (!draw(50))
		info.sinfo_flags |= draw(2) ? SCTP_EOF : SCTP_ABORT;
	control.align.cmsg_level = IPPROTO_SCTP;
	control.align.cmsg_type = SCTP_SNDRCV;
	control.align.cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(&control.align), &info, sizeof(info));
	fill(&out, draw(4) ? draw(300) : draw(MAX_LEN), draw(1u << 31));
	iov.iov_len = offsetof(struct message, bytes) + out.len;
	/* With the end, nothing may be sent. */
	if (info.sinfo_flags & SCTP_EOF)
		iov.iov_len = 0;
	for (i = 0; i < rounds; i++)
		if (sendmsg(s->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return;
}

/* Who is gone is to be missed within seconds. */
static void hurry(int fd)
{
	struct sctp_rtoinfo rto = {
		.srto_initial = 100, .srto_min = 50, .srto_max = 200,
	};
	struct sctp_assocparams assoc = { .sasoc_asocmaxrxt = 5 };
	struct sctp_initmsg init = {
		.sinit_num_ostreams = 10, .sinit_max_attempts = 4,
	};

	setsockopt(fd, IPPROTO_SCTP, SCTP_RTOINFO, &rto, sizeof(rto));
	setsockopt(fd, IPPROTO_SCTP, SCTP_ASSOCINFO, &assoc, sizeof(assoc));
	setsockopt(fd, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof(init));
}

static void options(struct slot *s)
{
	static const int names[] = {
		SCTP_RTOINFO, SCTP_ASSOCINFO, SCTP_NODELAY, SCTP_STATUS,
		SCTP_GET_PEER_ADDR_INFO, SCTP_PEER_ADDR_PARAMS, SCTP_EVENTS,
		SCTP_MAXSEG, SCTP_GET_ASSOC_STATS, SCTP_GET_ASSOC_ID_LIST,
		SCTP_GET_PEER_ADDRS, SCTP_GET_LOCAL_ADDRS, SCTP_DELAYED_SACK,
		SCTP_MAX_BURST, SCTP_CONTEXT, SCTP_PRIMARY_ADDR,
	};
	int name = names[draw(ARRAY_SIZE(names))];
	static unsigned char value[2048];
	socklen_t len = sizeof(value);
	int size = 2000 + draw(100000);

	switch (draw(4)) {
	case 0:
		setsockopt(s->fd, SOL_SOCKET, draw(2) ? SO_RCVBUF : SO_SNDBUF,
			   &size, sizeof(size));
		break;
	case 1:
		memset(value, 0, sizeof(value));
		value[draw(64)] = draw(256);
		setsockopt(s->fd, IPPROTO_SCTP, name, value, draw(200));
		/* Two hundred retransmissions are no hurry. */
		hurry(s->fd);
		break;
	default:
		getsockopt(s->fd, IPPROTO_SCTP, name, value, &len);
	}
}

static void end(struct slot *s)
{
	struct linger now = { 1, 0 };

	if (!draw(3))
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(s->fd);
	*s = (struct slot){ .fd = -1 };
	if (fleeting)
		usleep(draw(100000));
}

static void begin(struct slot *s)
{
	struct sockaddr_storage *to = &addrs[draw(n_addrs)];

	s->many = draw(2);
	s->partial = false;
	s->fd = socket(to->ss_family,
		       (s->many ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_NONBLOCK,
		       IPPROTO_SCTP);
	if (s->fd < 0)
		return;
	hurry(s->fd);
	if (s->many && draw(2))
		push(s, true);
	else
		connect(s->fd, (void *)to, sizeof(*to));
}

/* A new association, of a listener or branched off from one. */
static void take(struct slot *s)
{
	int fd;

	if (draw(4)) {
		fd = accept4(listeners[0], NULL, NULL, SOCK_NONBLOCK);
	} else {
		uint32_t ids[1 + 64];
		socklen_t len = sizeof(ids);
		sctp_peeloff_arg_t arg = {};

		if (getsockopt(listeners[1], IPPROTO_SCTP,
			       SCTP_GET_ASSOC_ID_LIST, ids, &len) || !ids[0])
			return;
		arg.associd = ids[1 + draw(ids[0] < 64 ? ids[0] : 64)];
		len = sizeof(arg);
		if (getsockopt(listeners[1], IPPROTO_SCTP, SCTP_SOCKOPT_PEELOFF,
			       &arg, &len) < 0)
			return;
		fd = arg.sd;
	}
	/* One that was branched off may begin in a message. */
	if (fd >= 0)
		*s = (struct slot){ .fd = fd, .partial = true };
}

static void step(void)
{
	struct slot *s = &slots[draw(n_slots)];
	struct slot many = { .fd = listeners[1], .many = true };

	if (s->fd < 0) {
		if (draw(2))
			begin(s);
		else
			take(s);
		return;
	}
	switch (draw(fleeting ? 12 : 40)) {
	case 0:
		end(s);
		break;
	case 1:
		shutdown(s->fd, draw(3));
		break;
	case 2 ... 5:
		options(s);
		break;
	case 6:
		push(s, true);
		break;
	case 7 ... 10:
		pull(&many);
		break;
	case 11 ... 24:
		pull(s);
		break;
	default:
		push(s, false);
	}
}

static void listen_on(int i)
{
	struct sockaddr_in6 any = {
		.sin6_family = AF_INET6, .sin6_port = htons(port),
	};

	/* Without memory it may take a few times. */
	for (;;) {
		listeners[i] = socket(AF_INET6, SOCK_NONBLOCK |
				      (i ? SOCK_SEQPACKET : SOCK_STREAM),
				      IPPROTO_SCTP);
		any.sin6_port = htons(port + i);
		hurry(listeners[i]);
		if (listeners[i] >= 0 &&
		    !bind(listeners[i], (void *)&any, sizeof(any)) &&
		    !listen(listeners[i], 64))
			return;
		if (errno != ENOMEM && errno != ENOBUFS)
			die("listener");
		if (listeners[i] >= 0)
			close(listeners[i]);
	}
}

static void add_address(const char *text, int i)
{
	struct sockaddr_storage *ss = &addrs[n_addrs++];
	struct sockaddr_in6 *sin6 = (void *)ss;
	struct sockaddr_in *sin = (void *)ss;

	if (inet_pton(AF_INET6, text, &sin6->sin6_addr) == 1) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(port + i);
	} else if (inet_pton(AF_INET, text, &sin->sin_addr) == 1) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons(port + i);
	} else {
		die(text);
	}
}

int main(int argc, char **argv)
{
	time_t until = 0;
	int c, i;

	while ((c = getopt(argc, argv, "cfn:p:S:t:")) != -1) {
		switch (c) {
		case 'c':
			credulous = true;
			break;
		case 'f':
			fleeting = true;
			break;
		case 'n':
			n_slots = atoi(optarg);
			break;
		case 'p':
			port = atoi(optarg);
			break;
		case 'S':
			random_state = strtoull(optarg, NULL, 0);
			break;
		case 't':
			until = time(NULL) + atoi(optarg);
			break;
		default:
			optind = argc;
		}
	}
	if (optind == argc || argc - optind > MAX_ADDRS / 2 ||
	    n_slots < 1 || n_slots > MAX_SOCKETS) {
		fprintf(stderr,
			"usage: sctp_swarm [-c] [-f] [-n SOCKETS] [-p PORT] [-S SEED] [-t SECONDS] PEER...\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	for (; optind < argc; optind++)
		for (i = 0; i < 2; i++)
			add_address(argv[optind], i);
	for (i = 0; i < n_slots; i++)
		slots[i].fd = -1;
	for (i = 0; i < 2 && !fleeting; i++)
		listen_on(i);
	puts("sctp_swarm: listening");
	fflush(stdout);
	while (!until || time(NULL) < until)
		step();
	return 0;
}
