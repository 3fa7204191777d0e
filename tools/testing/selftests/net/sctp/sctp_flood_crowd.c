// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_flood: many peers, each of which would be harmless alone.
 *
 * inits: INITs from random addresses, whose answers nobody reads. In the end the
 * listener must still answer.
 *
 * crowd: an INIT each, then, once all cookies are there, a COOKIE ECHO and a
 * message each, then nothing ever again. It stops itself (SIGSTOP) in between and
 * at the end, for somebody to look at what the listener keeps.
 *
 * deaf: associations with somebody who sends (sctp_flood talk). Half of them
 * acknowledge all and have no room for more, the others say nothing.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <linux/if_packet.h>
#include "sctp_flood.h"

/* Clients of one address: their ports are their numbers, and so their address. */
#define PORTS		50000
#define FIRST_PORT	1024
#define DEAF		100
/* So many at a time. */
#define CLIENTS		32

void inits(void)
{
	struct peer peer;

	while (sent < opt.count) {
		new_peer(&peer);
		set_source(rnd());
		send_init(&peer);
		if (sent % CLIENTS == 0)
			drain();
	}
	set_source(1);
	set_up(&peer);
	send_one(&peer, ABORT);
	printf("sctp_flood: %lu INITs, the listener is alive\n", opt.count);
}

static void choose(struct peer *peers, unsigned int i)
{
	set_source(1 + i / PORTS);
	peers[i].port = FIRST_PORT + i % PORTS;
}

static void look(const char *what, unsigned long n)
{
	printf("sctp_flood: %lu %s\n", n, what);
	fflush(stdout);
	raise(SIGSTOP);
}

/* COOKIE ACKs that are there by now, or within @ms. */
static unsigned long cookie_acks(int ms)
{
	const uint8_t *packet;
	unsigned long n = 0;
	size_t len;

	while ((packet = next_packet(&len, ms)))
		n += packet[SCTP_HEADER] == COOKIE_ACK;
	return n;
}

/* INITs of some peers, again for those that get no answer. */
static void take_cookies(struct peer *peers, unsigned int from, unsigned int to)
{
	unsigned int i, missing = to - from;
	const uint8_t *packet;
	size_t len;

	while (missing) {
		for (i = from; i < to; i++) {
			if (peers[i].cookie_len)
				continue;
			choose(peers, i);
			send_init(&peers[i]);
		}
		while (missing && (packet = next_packet(&len, 1000))) {
			for (i = from; i < to; i++)
				if (peers[i].tag == get32(packet + 4))
					break;
			if (i < to && !peers[i].cookie_len &&
			    packet[SCTP_HEADER] == INIT_ACK &&
			    read_init_ack(&peers[i], packet + SCTP_HEADER + 4,
					  len - SCTP_HEADER - 4))
				missing--;
		}
	}
}

void crowd(void)
{
	struct peer *peers = calloc(opt.count, sizeof(*peers));
	unsigned long done = 0;
	unsigned int i;

	if (!peers)
		fail("no memory");
	for (i = 0; i < opt.count; i++)
		new_peer(&peers[i]);
	for (i = 0; i < opt.count; i += CLIENTS)
		take_cookies(peers, i, i + CLIENTS < opt.count ? i + CLIENTS : opt.count);
	look("cookies", opt.count);
	for (i = 0; i < opt.count; i++) {
		choose(peers, i);
		send_one(&peers[i], COOKIE_ECHO);
		send_one(&peers[i], DATA);
		if (i % CLIENTS == 0)
			done += cookie_acks(0);
	}
	done += cookie_acks(500);
	look("associations", done);
	free(peers);
}

/* All that has come, and no room. */
static void send_sack(const struct peer *peer)
{
	struct packet p;
	uint8_t *v;

	start_packet(&p, peer, peer->peer_tag);
	v = add_chunk(&p, SACK, 0, 12);
	set32(v, peer->peer_tsn - 1);
	set_checksum(p.buf, p.len);
	send_packet(&p);
}

void deaf(void)
{
	static struct peer peers[DEAF];
	unsigned long heard = 0;
	const uint8_t *packet;
	size_t len;
	int i;

	for (i = 0; i < DEAF; i++) {
		new_peer(&peers[i]);
		peers[i].port = FIRST_PORT + i;
		do {
			send_init(&peers[i]);
		} while (!take_init_ack(&peers[i], 1000));
		send_one(&peers[i], COOKIE_ECHO);
		send_one(&peers[i], DATA);
	}
	while (heard < opt.count) {
		packet = next_packet(&len, 100);
		if (!packet)
			continue;
		heard++;
		i = get16(packet + 2) - FIRST_PORT;
		if (i < 0 || i >= DEAF || i % 2 || packet[SCTP_HEADER] != DATA ||
		    len < SCTP_HEADER + 8)
			continue;
		if (get32(packet + SCTP_HEADER + 4) == peers[i].peer_tsn)
			peers[i].peer_tsn++;
		send_sack(&peers[i]);
	}
	printf("sctp_flood: %d deaf peers heard %lu packets\n", DEAF, heard);
}
