// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_flood: hostile packets, as many as one likes. Several programs in one:
 *
 * sink: listens, takes every association and throws away what comes, so that
 * there is something to attack: one-to-many on the port, one-to-one on the next.
 * hold: the same, but never reads or accepts.
 * talk: the same, but sends as much as it can to all who come.
 *
 * attack: from a network device without addresses, plays clients that set up
 * associations with the sink. At each step, before the packet that is right, it
 * sends others: templates of every chunk type of RFC 9260, its extensions and
 * none at all, with the right verification tag or another, plausible numbers or
 * not, then altered by flipping bits, cutting, extending, repeating and lying
 * about lengths; checksums valid and not; and plain noise. In the end the sink
 * must still answer a handshake, take data and acknowledge it.
 *
 * squeeze: from such a device, makes the receiver hold as much memory as it will.
 * inits, crowd, deaf: the same by being many, see sctp_flood_crowd.c.
 *
 * fuzz: from such a device, the peer of a program that uses its sockets in all ways.
 *
 * replay: watches an association that passes through the device and sends
 * copies of its packets again which must do it no harm: altered, with a checksum
 * that does not fit (RFC 9260 section 6.8) or a verification tag that is not the
 * association's (section 8.5), and unaltered (section 6.2).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include "sctp_flood.h"

#define RING		64

struct options opt = {
	.port = 5002,
	.count = 100000,
	.seed = 1,
	.timeout = 300,
	.streams = 10,
};

unsigned long sent;
long long deadline;
int sock;
static volatile sig_atomic_t stop;

void fail(const char *fmt, ...)
{
	va_list ap;

	fputs("sctp_flood: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (after %lu packets, seed %llu)\n", sent,
		(unsigned long long)opt.seed);
	exit(1);
}

long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static struct {
	uint8_t frame[ETH_HLEN + MTU];
	size_t len, sctp;	/* length, where SCTP begins */
} ring[RING];

/* Takes the packets that go out of the device as they are. */
static unsigned int capture(unsigned int have)
{
	static uint8_t frame[70000];
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);
	size_t at;
	ssize_t n;
	int i;

	for (i = 0; i < 32; i++) {
		n = recvfrom(sock, frame, sizeof(frame), 0, (void *)&from,
			     &from_len);
		if (n < 0)
			break;
		if (from.sll_pkttype != PACKET_OUTGOING ||
		    (size_t)n > sizeof(ring[0].frame))
			continue;
		if (get16(frame + 12) == ETH_P_IP &&
		    frame[ETH_HLEN + 9] == IPPROTO_SCTP)
			at = ETH_HLEN + 20;
		else if (get16(frame + 12) == ETH_P_IPV6 &&
			 frame[ETH_HLEN + 6] == IPPROTO_SCTP)
			at = ETH_HLEN + 40;
		else
			continue;
		if ((size_t)n < at + SCTP_HEADER + 4)
			continue;
		/* Its own are in there too: they have this mark. */
		if (frame[ETH_ALEN] & 2 && frame[ETH_ALEN + 1] == 0xee)
			continue;
		memcpy(ring[have % RING].frame, frame, n);
		ring[have % RING].len = n;
		ring[have % RING].sctp = at;
		have++;
	}
	return have;
}

static void replay(void)
{
	unsigned int have = 0, valid;
	struct pollfd pfd;

	open_device();
	pfd.fd = sock;
	pfd.events = POLLIN;
	while (sent < opt.count) {
		uint8_t out[MAX_FRAME];
		struct packet p;
		uint32_t tag, sum;
		unsigned int i;
		size_t at;

		in_time();
		valid = have;
		have = capture(have);
		if (!have) {
			poll(&pfd, 1, 100);
			continue;
		}
		/* At the association's pace or nearly: some for each of it. */
		if (have == valid && chance(25)) {
			flush_frames();
			poll(&pfd, 1, 1);
		}
		i = below(have < RING ? have : RING);
		at = ring[i].sctp;
		p.len = ring[i].len - at;
		memcpy(p.buf, ring[i].frame + at, p.len);
		set_checksum(p.buf, p.len);
		sum = get32(p.buf + 8);
		tag = get32(p.buf + 4);
		switch (below(10)) {
		case 0:
			/* As it was. */
			break;
		case 1:
		case 2:
		case 3:
		case 4:
			/* A wrong tag, otherwise as it was or altered. */
			if (chance(50))
				mutate(&p);
			set32(p.buf + 4, chance(10) ? 0 : tag ^ (1 + below(~0u)));
			set_checksum(p.buf, p.len);
			break;
		default:
			/* Altered on the way. */
			mutate(&p);
			set_checksum(p.buf, p.len);
			/* It may have come out as it went in. */
			if (get32(p.buf + 8) == sum)
				continue;
			set32(p.buf + 8, sum);
		}
		if (p.len > MTU - (at - ETH_HLEN))
			continue;
		memcpy(out, ring[i].frame, at);
		memcpy(out + at, p.buf, p.len);
		out[ETH_ALEN] |= 2;
		out[ETH_ALEN + 1] = 0xee;
		/* IP's length and checksum go with the packet's. */
		if (get16(out + 12) == ETH_P_IP) {
			set16(out + ETH_HLEN + 2, 20 + p.len);
			set16(out + ETH_HLEN + 10, 0);
			set16(out + ETH_HLEN + 10,
			      ip_checksum(out + ETH_HLEN, 20));
		} else {
			set16(out + ETH_HLEN + 4, p.len);
		}
		send_frame(out, at + p.len);
	}
	flush_frames();
	printf("sctp_flood: %lu packets sent, made from %u of the association\n",
	       sent, have);
}

static void on_signal(int sig)
{
	stop = 1;
}

static int sink_socket(int type, uint16_t port)
{
	struct sockaddr_in6 addr = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
	};
	/* What is left of the associations at the end is aborted. */
	struct linger linger = { 1, 0 };
	int fd = socket(AF_INET6, type, IPPROTO_SCTP);

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) ||
	    bind(fd, (void *)&addr, sizeof(addr)) || listen(fd, 100) ||
	    fcntl(fd, F_SETFL, O_NONBLOCK))
		fail("sink: %s", strerror(errno));
	return fd;
}

#define MAX_FDS 200

/* As much as there is room for. */
static void talk_to(int fd, const struct sockaddr_in6 *to, socklen_t len)
{
	static const char text[1000];

	while (sendto(fd, text, sizeof(text), MSG_NOSIGNAL, (void *)to, len) > 0)
		;
}

static void sink(bool hold, bool talk)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct pollfd pfds[MAX_FDS];
	static char buf[65536];
	int n = 2, i, fd, next = 2;

	sigaction(SIGTERM, &sa, NULL);
	pfds[0].fd = sink_socket(SOCK_SEQPACKET, opt.port);
	pfds[1].fd = sink_socket(SOCK_STREAM, opt.port + 1);
	pfds[0].events = POLLIN;
	pfds[1].events = POLLIN;
	printf("sctp_flood: listening\n");
	fflush(stdout);
	while (hold && !stop)
		pause();
	while (!stop) {
		if (poll(pfds, n, 500) < 0 && errno != EINTR)
			fail("poll: %s", strerror(errno));
		for (;;) {
			struct sockaddr_in6 from;
			socklen_t len = sizeof(from);

			if (recvfrom(pfds[0].fd, buf, sizeof(buf), 0,
				     (void *)&from, &len) < 0)
				break;
			if (talk)
				talk_to(pfds[0].fd, &from, len);
		}
		while ((fd = accept(pfds[1].fd, NULL, NULL)) >= 0) {
			fcntl(fd, F_SETFL, O_NONBLOCK);
			/* The oldest makes room for the newest. */
			if (n < MAX_FDS) {
				i = n++;
			} else {
				i = next++;
				if (next == MAX_FDS)
					next = 2;
				close(pfds[i].fd);
			}
			pfds[i].fd = fd;
			pfds[i].events = POLLIN;
			pfds[i].revents = 0;
		}
		for (i = 2; i < n; i++) {
			ssize_t len;

			do {
				len = recv(pfds[i].fd, buf, sizeof(buf), 0);
			} while (len > 0);
			if (talk)
				talk_to(pfds[i].fd, NULL, 0);
			if (len == 0 || (errno != EAGAIN && errno != EINTR) ||
			    pfds[i].revents & (POLLERR | POLLHUP)) {
				close(pfds[i].fd);
				pfds[i--] = pfds[--n];
				if (next >= n)
					next = 2;
			}
		}
	}
	for (i = 0; i < n; i++)
		close(pfds[i].fd);
}

static void usage(void)
{
	fputs("usage: sctp_flood sink|hold|talk [-p PORT]\n"
	      "       sctp_flood attack -i DEVICE -m MAC -s SOURCE -d DESTINATION [options]\n"
	      "       sctp_flood squeeze|inits|crowd|deaf|fuzz, likewise\n"
	      "       sctp_flood replay -i DEVICE [options]\n"
	      "  -p PORT     of the sink (5002), one-to-one at the next\n"
	      "  -n COUNT    packets to send (100000)\n"
	      "  -S SEED     of all that is random (1)\n"
	      "  -t SECONDS  fail if it takes longer (300)\n"
	      "  -c CORPUS   files with chunks, for fuzz; more than once\n", stderr);
	exit(2);
}

/* Those that play clients. */
static void play(const char *name)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} modes[] = {
		{ "attack", attack }, { "squeeze", squeeze }, { "inits", inits },
		{ "crowd", crowd }, { "deaf", deaf }, { "fuzz", fuzz },
	};
	unsigned int i;

	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (strcmp(name, modes[i].name))
			continue;
		set_addresses();
		open_device();
		modes[i].run();
		flush_frames();
		return;
	}
	usage();
}

int main(int argc, char **argv)
{
	uint8_t *m = opt.mac;
	int c;

	if (argc < 2)
		usage();
	optind = 2;
	while ((c = getopt(argc, argv, "c:i:m:s:d:p:n:S:t:")) != -1) {
		switch (c) {
		case 'c':
			read_corpus(optarg);
			break;
		case 'i':
			opt.dev = optarg;
			break;
		case 'm':
			if (sscanf(optarg, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", m,
				   m + 1, m + 2, m + 3, m + 4, m + 5) != 6)
				usage();
			break;
		case 's':
			opt.src = optarg;
			break;
		case 'd':
			opt.dst = optarg;
			break;
		case 'p':
			opt.port = atoi(optarg);
			break;
		case 'n':
			opt.count = strtoul(optarg, NULL, 0);
			break;
		case 'S':
			opt.seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			opt.timeout = atoi(optarg);
			break;
		default:
			usage();
		}
	}
	deadline = now_ms() + opt.timeout * 1000LL;
	if (!strcmp(argv[1], "sink"))
		sink(false, false);
	else if (!strcmp(argv[1], "hold"))
		sink(true, false);
	else if (!strcmp(argv[1], "talk"))
		sink(false, true);
	else if (!strcmp(argv[1], "replay") && opt.dev)
		replay();
	else if (opt.dev && opt.src && opt.dst)
		play(argv[1]);
	else
		usage();
	return 0;
}
