// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_flood: making packets. Randomness that a seed repeats, the CRC32c of
 * RFC 9260 appendix A, a template of every chunk type (section 3.3 and the
 * extensions'), and the ways to alter them.
 */
#include <string.h>
#include "sctp_flood.h"

static const uint8_t all_types[] = {
	DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT, SHUTDOWN,
	SHUTDOWN_ACK, ERROR, COOKIE_ECHO, COOKIE_ACK, ECNE, CWR,
	SHUTDOWN_COMPLETE, AUTH, I_DATA, ASCONF_ACK, RECONF, PAD, FORWARD_TSN,
	ASCONF, I_FORWARD_TSN,
	/* One that nobody knows for each of the four ways to treat it. */
	0x3e, 0x7e, 0xbe, 0xfe,
};

/* Randomness that the seed repeats. */
uint32_t rnd(void)
{
	static uint64_t state;

	if (!state)
		state = opt.seed * 0x9e3779b97f4a7c15ull | 1;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 32;
}

uint32_t below(uint32_t n)
{
	return rnd() % n;
}

bool chance(unsigned int percent)
{
	return below(100) < percent;
}

void noise(uint8_t *p, size_t n)
{
	while (n--)
		*p++ = rnd();
}

uint16_t ip_checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (; n > 1; n -= 2, p += 2)
		sum += get16(p);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

void start_packet(struct packet *p, const struct peer *peer, uint32_t tag)
{
	set16(p->buf, peer->port);
	set16(p->buf + 2, peer->to ? peer->to : opt.port);
	set32(p->buf + 4, tag);
	p->len = SCTP_HEADER;
}

/* Appends a chunk; returns where its value goes. */
uint8_t *add_chunk(struct packet *p, uint8_t type, uint8_t flags,
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

uint8_t any_type(void)
{
	return all_types[below(sizeof(all_types))];
}

void add_template(struct packet *p, const struct peer *peer, uint8_t type)
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
void mutate(struct packet *p)
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
			p->buf[SCTP_HEADER] = any_type();
		}
	}
}
