// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_flood: the peer of a program that does everything with its sockets
 * (sctp_swarm), from both sides: it sets up associations with its listeners and
 * answers those that it sets up. Most of the time it does what it should, so that
 * the associations come into every state; in between, with the right tags and
 * checksums, it sends chunks made at random, and those of the corpora with which
 * the engine was fuzzed in user space.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/if_packet.h>
#include "sctp_flood.h"

#define PEERS		64
#define BURST		16
#define ROOM		(MTU - 40 - SCTP_HEADER)
#define MAX_INPUTS	2000

static struct peer peers[PEERS];	/* tag 0: none */
static struct { uint8_t bytes[ROOM]; size_t len; } *inputs;
static unsigned int n_inputs;

/* Chunks that the fuzzers have found worth keeping. */
void read_corpus(const char *name)
{
	DIR *dir = opendir(name);
	struct dirent *entry;

	if (!inputs)
		inputs = calloc(MAX_INPUTS, sizeof(*inputs));
	if (!dir || !inputs)
		fail("%s: %s", name, strerror(errno));
	while (n_inputs < MAX_INPUTS && (entry = readdir(dir))) {
		int fd = openat(dirfd(dir), entry->d_name, O_RDONLY);
		ssize_t n = fd < 0 ? -1 : read(fd, inputs[n_inputs].bytes, ROOM);

		if (n > 0)
			inputs[n_inputs++].len = n;
		if (fd >= 0)
			close(fd);
	}
	closedir(dir);
}

/* One of these inputs as the chunks of a packet. */
static void add_input(struct packet *p)
{
	unsigned int i = below(n_inputs);
	size_t skip = 0, n = inputs[i].len;

	/* Some begin with a byte and a header that tells nothing here. */
	if (n > 1 + SCTP_HEADER && chance(50))
		skip = 1 + SCTP_HEADER;
	n -= skip;
	memcpy(p->buf + p->len, inputs[i].bytes + skip, n);
	p->len += n;
}

static void finish(struct packet *p)
{
	set_checksum(p->buf, p->len);
	send_packet(p);
}

static void send_random(const struct peer *peer)
{
	struct packet p;
	int n;

	start_packet(&p, peer, peer->peer_tag);
	if (n_inputs && chance(40)) {
		add_input(&p);
		if (chance(30))
			mutate(&p);
	} else {
		for (n = chance(60) ? 1 : 1 + below(6); n; n--)
			add_template(&p, peer, any_type());
		if (chance(50))
			mutate(&p);
	}
	finish(&p);
}

static void send_init_ack(const struct peer *peer)
{
	size_t cookie = 4 + below(100);
	struct packet p;
	uint8_t *v;

	start_packet(&p, peer, peer->peer_tag);
	v = add_chunk(&p, INIT_ACK, 0, 16 + 4 + cookie);
	set32(v, peer->tag);
	set32(v + 4, chance(80) ? 100000 : 1500);
	set16(v + 8, 1 + below(20));
	set16(v + 10, 1 + below(20));
	set32(v + 12, peer->tsn);
	set16(v + 16, 7);
	set16(v + 18, 4 + cookie);
	noise(v + 20, cookie);
	finish(&p);
}

static void send_sack(const struct peer *peer)
{
	struct packet p;
	uint8_t *v;

	start_packet(&p, peer, peer->peer_tag);
	v = add_chunk(&p, SACK, 0, 12);
	set32(v, peer->peer_tsn - 1);
	set32(v + 4, chance(80) ? 100000 : 0);
	finish(&p);
}

static void send_data(struct peer *peer)
{
	struct packet p;
	uint8_t *v;

	start_packet(&p, peer, peer->peer_tag);
	v = add_chunk(&p, DATA, chance(80) ? 3 : below(8), 12 + 1 + below(100));
	set32(v, peer->tsn++);
	finish(&p);
}

static void send_heartbeat_ack(const struct peer *peer, const uint8_t *value, size_t len)
{
	struct packet p;
	uint8_t *v;

	start_packet(&p, peer, peer->peer_tag);
	v = add_chunk(&p, HEARTBEAT_ACK, 0, len);
	if (!v)
		return;
	memcpy(v, value, len);
	finish(&p);
}

static void send_shutdown(const struct peer *peer)
{
	struct packet p;

	start_packet(&p, peer, peer->peer_tag);
	set32(add_chunk(&p, SHUTDOWN, 0, 4), peer->peer_tsn - 1);
	finish(&p);
}

/* The answer that is due to a chunk. */
static void answer(struct peer *peer, uint8_t type, const uint8_t *v, size_t len)
{
	switch (type) {
	case INIT_ACK:
		if (read_init_ack(peer, v, len))
			send_one(peer, COOKIE_ECHO);
		break;
	case COOKIE_ECHO:
		send_one(peer, COOKIE_ACK);
		break;
	case DATA:
		if (len >= 4 && get32(v) == peer->peer_tsn)
			peer->peer_tsn++;
		if (chance(70))
			send_sack(peer);
		break;
	case HEARTBEAT:
		send_heartbeat_ack(peer, v, len);
		break;
	case SHUTDOWN:
		send_one(peer, SHUTDOWN_ACK);
		break;
	case SHUTDOWN_ACK:
		send_one(peer, SHUTDOWN_COMPLETE);
		break;
	case ABORT:
		peer->tag = 0;
		break;
	default:
		break;
	}
}

/* Of an INIT, from which a new peer comes. */
static void take_init(const uint8_t *packet, const uint8_t *v, size_t len)
{
	struct peer *peer = &peers[below(PEERS)];

	if (len < 16)
		return;
	new_peer(peer);
	peer->port = get16(packet + 2);
	peer->to = get16(packet);
	peer->peer_tag = get32(v);
	peer->peer_tsn = get32(v + 12);
	if (chance(30))
		send_random(peer);
	send_init_ack(peer);
}

static void hear(const uint8_t *packet, size_t n)
{
	struct peer *peer = NULL;
	size_t at, len;
	int i;

	for (i = 0; i < PEERS; i++)
		if (peers[i].tag && peers[i].tag == get32(packet + 4) &&
		    peers[i].port == get16(packet + 2))
			peer = &peers[i];
	for (at = SCTP_HEADER; at + 4 <= n; at += (len + 3) & ~3) {
		len = get16(packet + at + 2);
		if (len < 4 || at + len > n)
			return;
		if (packet[at] == INIT)
			take_init(packet, packet + at + 4, len - 4);
		/* Now and then it gets lost, or comes later. */
		else if (peer && peer->tag && chance(85))
			answer(peer, packet[at], packet + at + 4, len - 4);
	}
}

static void send_something(void)
{
	struct peer *peer = &peers[below(PEERS)];

	if (!peer->tag || chance(1)) {
		new_peer(peer);
		peer->to = opt.port + below(2);
		send_init(peer);
	} else if (!peer->peer_tag || chance(70)) {
		send_random(peer);
	} else if (chance(90)) {
		send_data(peer);
	} else {
		send_shutdown(peer);
	}
}

void fuzz(void)
{
	unsigned long heard = 0, ms;
	long long began = now_ms();
	const uint8_t *packet;
	size_t len;
	int n;

	while (sent < opt.count) {
		/* Some before it hears what became of them. */
		for (n = 1 + below(BURST); n; n--)
			send_something();
		while ((packet = next_packet(&len, 0))) {
			hear(packet, len);
			heard++;
		}
	}
	ms = now_ms() - began + 1;
	printf("sctp_flood: %lu packets sent, %lu a second, %u inputs, %lu packets heard\n",
	       sent, sent * 1000 / ms, n_inputs, heard);
}
