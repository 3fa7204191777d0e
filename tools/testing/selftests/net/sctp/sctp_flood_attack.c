// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_flood: clients that set up associations (RFC 9260 section 5.1) and send
 * what they should not before each step and afterwards.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "sctp_flood.h"

static unsigned long answered;
static uint8_t src_addr[16], dst_addr[16];

/* Puts the link's and IP's headers in front. */
void send_packet(const struct packet *p)
{
	uint8_t frame[MAX_FRAME] = { 0 };
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
		add_template(&p, peer, any_type());
	if (chance(60))
		mutate(&p);
	if (chance(90))
		set_checksum(p.buf, p.len);
	else
		noise(p.buf + 8, 4);
	send_packet(&p);
}

/* One of the 65536 addresses that have the same beginning. */
void set_source(uint16_t n)
{
	set16(src_addr + (opt.v6 ? 14 : 2), n);
}

/* What the sink says to @peer: finds the chunk, returns its value. */
static const uint8_t *await(const struct peer *peer, uint8_t type, size_t *len,
			    int ms)
{
	long long end = now_ms() + ms;
	size_t n, at, chunk_len;
	const uint8_t *packet;

	while ((packet = next_packet(&n, ms))) {
		ms = end - now_ms();
		if (ms < 0)
			ms = 0;
		if (get16(packet + 2) != peer->port ||
		    get32(packet + 4) != peer->tag)
			continue;
		for (at = SCTP_HEADER; at + 4 <= n; at += (chunk_len + 3) & ~3) {
			chunk_len = get16(packet + at + 2);
			if (chunk_len < 4 || at + chunk_len > n)
				break;
			if (packet[at] == type) {
				*len = chunk_len - 4;
				return packet + at + 4;
			}
		}
	}
	return NULL;
}

void send_init(struct peer *peer)
{
	struct packet p;
	uint8_t *v;

	start_packet(&p, peer, 0);
	v = add_chunk(&p, INIT, 0, 16);
	set32(v, peer->tag);
	set32(v + 4, 100000);
	set16(v + 8, opt.streams);
	set16(v + 10, 10);
	set32(v + 12, peer->tsn);
	set_checksum(p.buf, p.len);
	send_packet(&p);
}

/* Takes what is needed from the value of an INIT ACK. */
bool read_init_ack(struct peer *peer, const uint8_t *v, size_t len)
{
	size_t at, param;

	if (len < 16)
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

bool take_init_ack(struct peer *peer, int ms)
{
	size_t len;
	const uint8_t *v = await(peer, INIT_ACK, &len, ms);

	return v && read_init_ack(peer, v, len);
}

void send_one(const struct peer *peer, uint8_t type)
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

void new_peer(struct peer *peer)
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
	answered += drain();
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

/* Sets up an association, over which a message passes. */
void set_up(struct peer *peer)
{
	long long end = now_ms() + 20000;
	const uint8_t *v;
	size_t len;

	for (;;) {
		if (now_ms() > end)
			fail("the listener does not answer any more");
		drain();
		new_peer(peer);
		send_init(peer);
		if (!take_init_ack(peer, 2000))
			continue;
		send_one(peer, COOKIE_ECHO);
		if (!await(peer, COOKIE_ACK, &len, 2000))
			continue;
		send_one(peer, DATA);
		v = await(peer, SACK, &len, 2000);
		if (v && get32(v) == peer->tsn)
			return;
	}
}

/* The sink must be as good as before. */
static void check_alive(void)
{
	struct peer peer;

	set_up(&peer);
	send_one(&peer, ABORT);
}

void set_addresses(void)
{
	int family = strchr(opt.dst, ':') ? AF_INET6 : AF_INET;

	opt.v6 = family == AF_INET6;
	if (inet_pton(family, opt.src, src_addr) != 1 ||
	    inet_pton(family, opt.dst, dst_addr) != 1)
		fail("bad address");
}

void attack(void)
{
	check_alive();
	while (sent < opt.count)
		attack_once();
	check_alive();
	printf("sctp_flood: %lu packets sent, %lu answers, the listener is alive\n",
	       sent, answered);
}
