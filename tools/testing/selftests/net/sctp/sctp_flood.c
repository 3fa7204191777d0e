// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_flood: hostile packets, as many as one likes. Three programs in one:
 *
 * sink: listens, takes every association and throws away what comes, so that
 * there is something to attack: one-to-many on the port, one-to-one on the next.
 *
 * attack: from a network device without addresses, plays clients that set up
 * associations with the sink. At each step, before the packet that is right, it
 * sends others: templates of every chunk type of RFC 9260, its extensions and
 * none at all, with the right verification tag or another, plausible numbers or
 * not, then altered by flipping bits, cutting, extending, repeating and lying
 * about lengths; checksums valid and not; and plain noise. In the end the sink
 * must still answer a handshake, take data and acknowledge it.
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

#define MTU		1500
#define SCTP_HEADER	12
#define MAX_COOKIE	1200
#define RING		64

enum chunk_type {
	DATA = 0, INIT = 1, INIT_ACK = 2, SACK = 3, HEARTBEAT = 4,
	HEARTBEAT_ACK = 5, ABORT = 6, SHUTDOWN = 7, SHUTDOWN_ACK = 8, ERROR = 9,
	COOKIE_ECHO = 10, COOKIE_ACK = 11, ECNE = 12, CWR = 13,
	SHUTDOWN_COMPLETE = 14, AUTH = 15, I_DATA = 64, ASCONF_ACK = 0x80,
	RECONF = 0x82, PAD = 0x84, FORWARD_TSN = 0xc0, ASCONF = 0xc1,
	I_FORWARD_TSN = 0xc2,
};

static const uint8_t all_types[] = {
	DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT, SHUTDOWN,
	SHUTDOWN_ACK, ERROR, COOKIE_ECHO, COOKIE_ACK, ECNE, CWR,
	SHUTDOWN_COMPLETE, AUTH, I_DATA, ASCONF_ACK, RECONF, PAD, FORWARD_TSN,
	ASCONF, I_FORWARD_TSN,
	/* One that nobody knows for each of the four ways to treat it. */
	0x3e, 0x7e, 0xbe, 0xfe,
};

/* A packet under construction, from the SCTP header on. */
struct packet {
	uint8_t buf[2048];
	size_t len;
};

/* The client's side of an association that is attacked. */
struct peer {
	uint16_t port;
	uint32_t tag;		/* what must be in packets to us */
	uint32_t peer_tag;	/* ... in ours */
	uint32_t tsn;
	uint32_t peer_tsn;
	uint8_t cookie[MAX_COOKIE];
	size_t cookie_len;
};

static struct {
	const char *dev;
	const char *src, *dst;
	uint8_t mac[ETH_ALEN];
	uint16_t port;
	unsigned long count;
	uint64_t seed;
	int timeout;
	bool v6;
} opt = {
	.port = 5002,
	.count = 100000,
	.seed = 1,
	.timeout = 300,
};

static unsigned long sent;
static unsigned long answered;
static long long deadline;
static int sock;
static int ifindex;
static uint8_t src_addr[16], dst_addr[16];
static volatile sig_atomic_t stop;

__attribute__((format(printf, 1, 2), noreturn))
static void fail(const char *fmt, ...)
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

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Randomness that the seed repeats. */
static uint32_t rnd(void)
{
	static uint64_t state;

	if (!state)
		state = opt.seed * 0x9e3779b97f4a7c15ull | 1;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 32;
}

static uint32_t below(uint32_t n)
{
	return rnd() % n;
}

static bool chance(unsigned int percent)
{
	return below(100) < percent;
}

static void noise(uint8_t *p, size_t n)
{
	while (n--)
		*p++ = rnd();
}

static uint32_t crc32c(const uint8_t *p, size_t n)
{
	static uint32_t table[256];
	uint32_t crc = ~0u, i, j;

	if (!table[1]) {
		for (i = 0; i < 256; i++) {
			uint32_t c = i;

			for (j = 0; j < 8; j++)
				c = c & 1 ? c >> 1 ^ 0x82f63b78 : c >> 1;
			table[i] = c;
		}
	}
	while (n--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 255];
	return ~crc;
}

static void set16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void set32(uint8_t *p, uint32_t v)
{
	set16(p, v >> 16);
	set16(p + 2, v);
}

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* The checksum is little-endian, unlike all else. */
static void set_checksum(uint8_t *sctp, size_t len)
{
	uint32_t crc;

	if (len < SCTP_HEADER)
		return;
	memset(sctp + 8, 0, 4);
	crc = crc32c(sctp, len);
	sctp[8] = crc;
	sctp[9] = crc >> 8;
	sctp[10] = crc >> 16;
	sctp[11] = crc >> 24;
}

static uint16_t ip_checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (; n > 1; n -= 2, p += 2)
		sum += get16(p);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void open_device(void)
{
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};

	sock = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (sock < 0)
		fail("packet socket: %s", strerror(errno));
	ifindex = if_nametoindex(opt.dev);
	sll.sll_ifindex = ifindex;
	if (!ifindex || bind(sock, (void *)&sll, sizeof(sll)))
		fail("%s: %s", opt.dev, strerror(errno));
	if (fcntl(sock, F_SETFL, O_NONBLOCK))
		fail("fcntl: %s", strerror(errno));
}

static void send_frame(const uint8_t *frame, size_t len)
{
	while (send(sock, frame, len, 0) < 0) {
		struct pollfd pfd = { .fd = sock, .events = POLLOUT };

		if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			fail("send of %zu bytes: %s", len, strerror(errno));
		poll(&pfd, 1, 10);
		if (now_ms() > deadline)
			fail("not done after %d s", opt.timeout);
	}
	sent++;
}

/* Puts the link's and IP's headers in front. */
static void send_packet(const struct packet *p)
{
	uint8_t frame[ETH_HLEN + 40 + sizeof(p->buf)] = { 0 };
	size_t len = p->len, header = opt.v6 ? 40 : 20;
	uint8_t *ip = frame + ETH_HLEN;

	if (len > MTU - header)
		len = MTU - header;
	memcpy(frame, opt.mac, ETH_ALEN);
	frame[ETH_ALEN] = 2;
	set16(frame + 12, opt.v6 ? ETH_P_IPV6 : ETH_P_IP);
	if (opt.v6) {
		ip[0] = 0x60;
		set16(ip + 4, len);
		ip[6] = IPPROTO_SCTP;
		ip[7] = 64;
		memcpy(ip + 8, src_addr, 16);
		memcpy(ip + 24, dst_addr, 16);
	} else {
		ip[0] = 0x45;
		set16(ip + 2, header + len);
		set16(ip + 4, rnd());
		ip[8] = 64;
		ip[9] = IPPROTO_SCTP;
		memcpy(ip + 12, src_addr, 4);
		memcpy(ip + 16, dst_addr, 4);
		set16(ip + 10, ip_checksum(ip, 20));
	}
	memcpy(ip + header, p->buf, len);
	send_frame(frame, ETH_HLEN + header + len);
}

static void start_packet(struct packet *p, const struct peer *peer, uint32_t tag)
{
	set16(p->buf, peer->port);
	set16(p->buf + 2, opt.port);
	set32(p->buf + 4, tag);
	p->len = SCTP_HEADER;
}

/* Appends a chunk; returns where its value goes. */
static uint8_t *add_chunk(struct packet *p, uint8_t type, uint8_t flags,
			  size_t len)
{
	uint8_t *chunk = p->buf + p->len;
	size_t padded = (4 + len + 3) & ~3;

	if (p->len + padded > MTU - 40)
		return NULL;
	memset(chunk, 0, padded);
	chunk[0] = type;
	chunk[1] = flags;
	set16(chunk + 2, 4 + len);
	p->len += padded;
	return chunk + 4;
}

/* A number near the one that counts, or anywhere. */
static uint32_t near(uint32_t n)
{
	switch (below(8)) {
	case 0:
		return rnd();
	case 1:
		return n + 0x7fffffff + below(3);
	case 2:
		return n - 1 - below(100);
	case 3:
		return n + below(5000);
	default:
		return n + below(8);
	}
}

/* Parameters or causes: what is in INIT, ASCONF, ERROR and others. */
static size_t add_tlvs(uint8_t *p, size_t room)
{
	static const uint16_t types[] = {
		1, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 0x8000,
		0x8001, 0x8002, 0x8003, 0x8004, 0x8008, 0xc000, 0xc001, 0xc002,
		0xc003, 0xc004, 0xc005, 0xc006, 0x3fff, 0x7fff, 0xbfff, 0xffff,
	};
	size_t used = 0, len, n = below(6);

	while (n--) {
		switch (below(4)) {
		case 0:
			len = 4;
			break;
		case 1:
			len = 16;
			break;
		default:
			len = below(60);
		}
		if (used + 4 + ((len + 3) & ~3) > room)
			break;
		set16(p + used, types[below(sizeof(types) / sizeof(*types))]);
		/* Mostly the truth. */
		set16(p + used + 2, chance(85) ? 4 + len : rnd() & 0x3f);
		noise(p + used + 4, len);
		used += 4 + ((len + 3) & ~3);
	}
	return used;
}

static void add_template(struct packet *p, const struct peer *peer, uint8_t type)
{
	uint8_t tlvs[400];
	size_t len;
	uint8_t *v;

	switch (type) {
	case DATA:
		len = 1 + below(chance(10) ? 1200 : 60);
		v = add_chunk(p, type, below(8) | (chance(20) ? 8 : 0), 12 + len);
		if (!v)
			return;
		set32(v, near(peer->tsn));
		set16(v + 4, below(12));
		set16(v + 6, chance(50) ? below(4) : rnd());
		set32(v + 8, rnd());
		noise(v + 12, len);
		break;
	case I_DATA:
		len = 1 + below(60);
		v = add_chunk(p, type, below(16), 16 + len);
		if (!v)
			return;
		set32(v, near(peer->tsn));
		set16(v + 4, below(12));
		set32(v + 8, below(4));
		set32(v + 12, below(4));
		break;
	case INIT:
	case INIT_ACK:
		len = add_tlvs(tlvs, sizeof(tlvs));
		v = add_chunk(p, type, 0, 16 + len);
		if (!v)
			return;
		set32(v, chance(90) ? rnd() : 0);
		set32(v + 4, chance(70) ? 65536 : rnd() & 0xffff);
		set16(v + 8, chance(90) ? 1 + below(20) : below(65536));
		set16(v + 10, chance(90) ? 1 + below(20) : below(65536));
		set32(v + 12, rnd());
		memcpy(v + 16, tlvs, len);
		break;
	case SACK: {
		unsigned int gaps = chance(50) ? 0 : below(60);
		unsigned int dups = chance(70) ? 0 : below(40), i;

		v = add_chunk(p, type, 0, 12 + 4 * (gaps + dups));
		if (!v)
			return;
		set32(v, near(peer->peer_tsn - 1));
		set32(v + 4, chance(50) ? 65536 : rnd() & 0x3ffff);
		set16(v + 8, chance(90) ? gaps : rnd());
		set16(v + 10, chance(90) ? dups : rnd());
		for (i = 0; i < gaps + dups; i++) {
			set16(v + 12 + 4 * i, chance(80) ? 2 + 3 * i : rnd());
			set16(v + 14 + 4 * i, chance(80) ? 3 + 3 * i : rnd());
		}
		break;
	}
	case SHUTDOWN:
	case ECNE:
	case CWR:
		v = add_chunk(p, type, 0, 4);
		if (v)
			set32(v, near(peer->peer_tsn - 1));
		break;
	case COOKIE_ECHO:
		v = add_chunk(p, type, 0, peer->cookie_len);
		if (v)
			memcpy(v, peer->cookie, peer->cookie_len);
		break;
	case FORWARD_TSN:
	case I_FORWARD_TSN:
		len = 4 + 4 * below(20);
		v = add_chunk(p, type, 0, len);
		if (!v)
			return;
		noise(v, len);
		set32(v, near(peer->tsn));
		break;
	case RECONF:
	case ERROR:
	case ABORT:
	case HEARTBEAT:
	case HEARTBEAT_ACK:
	case ASCONF:
	case ASCONF_ACK:
		len = add_tlvs(tlvs, sizeof(tlvs));
		/* Those two begin with a serial number. */
		v = add_chunk(p, type, below(4) == 0,
			      len + (type == ASCONF || type == ASCONF_ACK ? 4 : 0));
		if (!v)
			return;
		if (type == ASCONF || type == ASCONF_ACK) {
			set32(v, near(peer->tsn));
			v += 4;
		}
		memcpy(v, tlvs, len);
		break;
	case SHUTDOWN_ACK:
	case COOKIE_ACK:
	case SHUTDOWN_COMPLETE:
		add_chunk(p, type, below(4) == 0, 0);
		break;
	default:
		len = below(100);
		v = add_chunk(p, type, rnd(), len);
		if (v)
			noise(v, len);
	}
}

/* Alters a packet behind its common header, in one to four ways. */
static void mutate(struct packet *p)
{
	size_t at, n, body;
	int times = 1 + below(4);

	while (times--) {
		if (p->len <= SCTP_HEADER + 4)
			return;
		body = p->len - SCTP_HEADER;
		at = SCTP_HEADER + below(body);
		switch (below(9)) {
		case 0:
			p->buf[at] ^= 1 << below(8);
			break;
		case 1:
			p->buf[at] = rnd();
			break;
		case 2:
			p->buf[at] = chance(50) ? 0 : 0xff;
			break;
		case 3:
			/* The first chunk's length. */
			set16(p->buf + SCTP_HEADER + 2,
			      chance(50) ? below(40) : rnd());
			break;
		case 4:
			/* Some length further on, they come at multiples of 4. */
			at = (at & ~3) + 2;
			if (at + 2 <= p->len)
				set16(p->buf + at,
				      chance(50) ? below(80) : rnd());
			break;
		case 5:
			p->len -= below(body);
			break;
		case 6:
			n = 1 + below(100);
			if (p->len + n > MTU - 40)
				break;
			noise(p->buf + p->len, n);
			p->len += n;
			break;
		case 7:
			/* A part of it twice. */
			n = p->len - at;
			if (p->len + n > MTU - 40)
				break;
			memmove(p->buf + at + n, p->buf + at, n);
			p->len += n;
			break;
		default:
			p->buf[SCTP_HEADER] =
				all_types[below(sizeof(all_types))];
		}
	}
}

static void send_hostile(const struct peer *peer)
{
	struct packet p;
	int n;

	if (chance(8)) {
		/* Noise, with ports that fit or not, too short or not. */
		p.len = below(chance(50) ? 40 : MTU - 40);
		noise(p.buf, p.len);
		if (chance(70) && p.len >= 4) {
			set16(p.buf, peer->port);
			set16(p.buf + 2, opt.port);
		}
		if (chance(70))
			set_checksum(p.buf, p.len);
		send_packet(&p);
		return;
	}
	start_packet(&p, peer, chance(85) ? peer->peer_tag :
		     chance(50) ? 0 : rnd());
	for (n = chance(70) ? 1 : 1 + below(6); n; n--)
		add_template(&p, peer, all_types[below(sizeof(all_types))]);
	if (chance(60))
		mutate(&p);
	if (chance(90))
		set_checksum(p.buf, p.len);
	else
		noise(p.buf + 8, 4);
	send_packet(&p);
}

/* What the sink says to @peer: finds the chunk, returns its value. */
static const uint8_t *await(const struct peer *peer, uint8_t type, size_t *len,
			    int ms)
{
	static uint8_t frame[70000];
	long long end = now_ms() + ms;
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	size_t header = ETH_HLEN + (opt.v6 ? 40 : 20), at, chunk_len;
	ssize_t n;

	for (;;) {
		struct sockaddr_ll from;
		socklen_t from_len = sizeof(from);

		n = recvfrom(sock, frame, sizeof(frame), 0, (void *)&from,
			     &from_len);
		if (n < 0) {
			ms = end - now_ms();
			if (ms <= 0)
				return NULL;
			poll(&pfd, 1, ms);
			continue;
		}
		if (from.sll_pkttype == PACKET_OUTGOING ||
		    (size_t)n < header + SCTP_HEADER + 4 ||
		    frame[ETH_HLEN + (opt.v6 ? 6 : 9)] != IPPROTO_SCTP ||
		    get16(frame + header + 2) != peer->port ||
		    get32(frame + header + 4) != peer->tag)
			continue;
		for (at = header + SCTP_HEADER; at + 4 <= (size_t)n;
		     at += (chunk_len + 3) & ~3) {
			chunk_len = get16(frame + at + 2);
			if (chunk_len < 4 || at + chunk_len > (size_t)n)
				break;
			if (frame[at] == type) {
				*len = chunk_len - 4;
				return frame + at + 4;
			}
		}
	}
}

/* Reads away what has come, so that answers are not those of long ago. */
static void drain(void)
{
	char buf[64];

	while (recv(sock, buf, sizeof(buf), MSG_TRUNC) >= 0)
		answered++;
}

static void send_init(struct peer *peer)
{
	struct packet p;
	uint8_t *v;

	start_packet(&p, peer, 0);
	v = add_chunk(&p, INIT, 0, 16);
	set32(v, peer->tag);
	set32(v + 4, 100000);
	set16(v + 8, 10);
	set16(v + 10, 10);
	set32(v + 12, peer->tsn);
	set_checksum(p.buf, p.len);
	send_packet(&p);
}

static bool take_init_ack(struct peer *peer, int ms)
{
	size_t len, at, param;
	const uint8_t *v = await(peer, INIT_ACK, &len, ms);

	if (!v || len < 16)
		return false;
	peer->peer_tag = get32(v);
	peer->peer_tsn = get32(v + 12);
	for (at = 16; at + 4 <= len; at += (param + 3) & ~3) {
		param = get16(v + at + 2);
		if (param < 4 || at + param > len)
			return false;
		if (get16(v + at) == 7 && param - 4 <= MAX_COOKIE) {
			peer->cookie_len = param - 4;
			memcpy(peer->cookie, v + at + 4, param - 4);
			return true;
		}
	}
	return false;
}

static void send_one(const struct peer *peer, uint8_t type)
{
	struct packet p;
	uint8_t *v;

	start_packet(&p, peer, peer->peer_tag);
	if (type == DATA) {
		v = add_chunk(&p, DATA, 3, 16);
		set32(v, peer->tsn);
		memcpy(v + 12, "data", 4);
	} else if (type == COOKIE_ECHO) {
		v = add_chunk(&p, type, 0, peer->cookie_len);
		memcpy(v, peer->cookie, peer->cookie_len);
	} else {
		add_chunk(&p, type, 0, 0);
	}
	set_checksum(p.buf, p.len);
	send_packet(&p);
}

static void new_peer(struct peer *peer)
{
	memset(peer, 0, sizeof(*peer));
	peer->port = 1024 + below(60000);
	peer->tag = rnd() | 1;
	peer->tsn = chance(20) ? 0 - below(10) : rnd();
}

/* One client, from its first packet to what it likes to leave behind. */
static void attack_once(void)
{
	struct peer peer;
	size_t len;
	int n;

	new_peer(&peer);
	drain();
	for (n = below(6); n; n--)
		send_hostile(&peer);
	send_init(&peer);
	if (!take_init_ack(&peer, 200))
		return;
	for (n = below(6); n; n--)
		send_hostile(&peer);
	/* The cookie, altered: it must be recognised as such. */
	for (n = below(4); n; n--) {
		struct packet p;
		uint8_t *v;

		start_packet(&p, &peer, peer.peer_tag);
		v = add_chunk(&p, COOKIE_ECHO, 0, peer.cookie_len);
		memcpy(v, peer.cookie, peer.cookie_len);
		if (chance(50))
			v[below(peer.cookie_len)] ^= 1 << below(8);
		else
			mutate(&p);
		set_checksum(p.buf, p.len);
		send_packet(&p);
	}
	send_one(&peer, COOKIE_ECHO);
	await(&peer, COOKIE_ACK, &len, 100);
	for (n = 20 + below(60); n; n--) {
		send_hostile(&peer);
		if (chance(20)) {
			send_one(&peer, DATA);
			peer.tsn++;
		}
	}
	if (chance(80))
		send_one(&peer, ABORT);
}

/* The sink must be as good as before. */
static void check_alive(void)
{
	long long end = now_ms() + 20000;
	const uint8_t *v;
	struct peer peer;
	size_t len;

	for (;;) {
		if (now_ms() > end)
			fail("the listener does not answer any more");
		drain();
		new_peer(&peer);
		send_init(&peer);
		if (!take_init_ack(&peer, 2000))
			continue;
		send_one(&peer, COOKIE_ECHO);
		if (!await(&peer, COOKIE_ACK, &len, 2000))
			continue;
		send_one(&peer, DATA);
		v = await(&peer, SACK, &len, 2000);
		if (v && get32(v) == peer.tsn)
			break;
	}
	send_one(&peer, ABORT);
}

static void attack(void)
{
	int family = strchr(opt.dst, ':') ? AF_INET6 : AF_INET;

	opt.v6 = family == AF_INET6;
	if (inet_pton(family, opt.src, src_addr) != 1 ||
	    inet_pton(family, opt.dst, dst_addr) != 1)
		fail("bad address");
	open_device();
	check_alive();
	while (sent < opt.count) {
		attack_once();
		if (now_ms() > deadline)
			fail("not done after %d s", opt.timeout);
	}
	check_alive();
	printf("sctp_flood: %lu packets sent, %lu answers, the listener is alive\n",
	       sent, answered);
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
		uint8_t out[ETH_HLEN + 40 + sizeof(((struct packet *)0)->buf)];
		struct packet p;
		uint32_t tag, sum;
		unsigned int i;
		size_t at;

		if (now_ms() > deadline)
			fail("not done after %d s", opt.timeout);
		valid = have;
		have = capture(have);
		if (!have) {
			poll(&pfd, 1, 100);
			continue;
		}
		/* At the association's pace or nearly: some for each of it. */
		if (have == valid && chance(25))
			poll(&pfd, 1, 1);
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

static void sink(void)
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
	while (!stop) {
		if (poll(pfds, n, 500) < 0 && errno != EINTR)
			fail("poll: %s", strerror(errno));
		while (recv(pfds[0].fd, buf, sizeof(buf), 0) >= 0)
			;
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
	fputs("usage: sctp_flood sink   [-p PORT]\n"
	      "       sctp_flood attack -i DEVICE -m MAC -s SOURCE -d DESTINATION [options]\n"
	      "       sctp_flood replay -i DEVICE [options]\n"
	      "  -p PORT     of the sink (5002), one-to-one at the next\n"
	      "  -n COUNT    packets to send (100000)\n"
	      "  -S SEED     of all that is random (1)\n"
	      "  -t SECONDS  fail if it takes longer (300)\n", stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	uint8_t *m = opt.mac;
	int c;

	if (argc < 2)
		usage();
	optind = 2;
	while ((c = getopt(argc, argv, "i:m:s:d:p:n:S:t:")) != -1) {
		switch (c) {
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
		sink();
	else if (!strcmp(argv[1], "attack") && opt.dev && opt.src && opt.dst)
		attack();
	else if (!strcmp(argv[1], "replay") && opt.dev)
		replay();
	else
		usage();
	return 0;
}
