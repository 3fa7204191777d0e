// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_flood: a client of many associations that sends what costs the receiver more
 * memory than it looks like: single bytes with gaps between their TSNs, beginnings
 * of messages that never end, one message on each stream, one without an end. It
 * takes no notice of the receive window.
 */
#include <stdio.h>
#include "sctp_flood.h"

#define ASSOCIATIONS	16
#define CHUNK		(4 + 12 + 1)

enum way { GAPS, BEGINNINGS, STREAMS, ENDLESS, BACKWARDS, WAYS };

/* Number @n of one association's chunks. */
static void add(struct packet *p, struct peer *peer, enum way way, uint32_t n)
{
	static const uint8_t flags[WAYS] = {
		[GAPS] = 3, [BEGINNINGS] = 2, [STREAMS] = 3, [BACKWARDS] = 3,
	};
	uint32_t tsn = peer->tsn + 1;
	uint8_t bits = flags[way];
	uint8_t *v;

	switch (way) {
	case GAPS:
	case BEGINNINGS:
		tsn += 1 + 2 * n;
		break;
	case BACKWARDS:
		/* Row by row, each from its end to its beginning. */
		tsn += n / 4000 * 4000 + 4000 - n % 4000;
		break;
	case ENDLESS:
		if (!n)
			bits = 2;
		/* fall through */
	default:
		tsn += n;
	}
	v = add_chunk(p, DATA, bits, CHUNK - 4);
	set32(v, tsn);
	set16(v + 4, way == STREAMS ? n : n & 1);
	set16(v + 6, way == STREAMS || way == ENDLESS ? 0 : n / 2);
	v[12] = n;
}

void squeeze(void)
{
	static struct peer peers[ASSOCIATIONS];
	uint32_t next[ASSOCIATIONS] = {};
	unsigned int i;

	opt.streams = 65535;
	for (i = 0; i < ASSOCIATIONS; i++)
		set_up(&peers[i]);
	printf("sctp_flood: %d associations\n", ASSOCIATIONS);
	fflush(stdout);
	while (sent < opt.count) {
		struct packet p;

		i = below(ASSOCIATIONS);
		start_packet(&p, &peers[i], peers[i].peer_tag);
		while (p.len + CHUNK + 3 < MTU - 40)
			add(&p, &peers[i], i % WAYS, next[i]++);
		set_checksum(p.buf, p.len);
		send_packet(&p);
		if (chance(5))
			drain();
	}
	printf("sctp_flood: %lu packets sent\n", sent);
}
