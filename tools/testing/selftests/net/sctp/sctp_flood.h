/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of sctp_flood share; sctp_flood.c says what it is. */
#ifndef SCTP_FLOOD_H
#define SCTP_FLOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/if_ether.h>

#include "sctp_packet.h"

#define MTU		1500
#define MAX_COOKIE	1200
#define MAX_PACKET	2048
#define MAX_FRAME	(ETH_HLEN + 40 + MAX_PACKET)

enum chunk_type {
	DATA = 0, INIT = 1, INIT_ACK = 2, SACK = 3, HEARTBEAT = 4,
	HEARTBEAT_ACK = 5, ABORT = 6, SHUTDOWN = 7, SHUTDOWN_ACK = 8, ERROR = 9,
	COOKIE_ECHO = 10, COOKIE_ACK = 11, ECNE = 12, CWR = 13,
	SHUTDOWN_COMPLETE = 14, AUTH = 15, I_DATA = 64, ASCONF_ACK = 0x80,
	RECONF = 0x82, PAD = 0x84, FORWARD_TSN = 0xc0, ASCONF = 0xc1,
	I_FORWARD_TSN = 0xc2,
};

/* A packet under construction, from the SCTP header on. */
struct packet {
	uint8_t buf[MAX_PACKET];
	size_t len;
};

/* The client's side of an association that is attacked. */
struct peer {
	uint16_t port;
	uint16_t to;		/* another port than the one attacked, if not 0 */
	uint32_t tag;		/* what must be in packets to us */
	uint32_t peer_tag;	/* ... in ours */
	uint32_t tsn;
	uint32_t peer_tsn;
	uint8_t cookie[MAX_COOKIE];
	size_t cookie_len;
};

struct options {
	const char *dev;
	const char *src, *dst;
	uint8_t mac[ETH_ALEN];
	uint16_t port;
	unsigned long count;
	uint64_t seed;
	int timeout;
	uint16_t streams;
	bool v6;
};

/* sctp_flood.c */
extern struct options opt;
extern unsigned long sent;
extern long long deadline;
extern int sock;

__attribute__((format(printf, 1, 2), noreturn))
void fail(const char *fmt, ...);
long long now_ms(void);

/* sctp_flood_device.c */
void open_device(void);
void in_time(void);
void flush_frames(void);
void send_frame(const uint8_t *frame, size_t len);
const uint8_t *next_packet(size_t *len, int ms);
unsigned long drain(void);

/* sctp_flood_packet.c */
uint32_t rnd(void);
uint32_t below(uint32_t n);
bool chance(unsigned int percent);
void noise(uint8_t *p, size_t n);
uint16_t ip_checksum(const uint8_t *p, size_t n);
void start_packet(struct packet *p, const struct peer *peer, uint32_t tag);
uint8_t *add_chunk(struct packet *p, uint8_t type, uint8_t flags, size_t len);
uint8_t any_type(void);
void add_template(struct packet *p, const struct peer *peer, uint8_t type);
void mutate(struct packet *p);

/* sctp_flood_attack.c */
void send_packet(const struct packet *p);
void new_peer(struct peer *peer);
void send_init(struct peer *peer);
bool read_init_ack(struct peer *peer, const uint8_t *v, size_t len);
bool take_init_ack(struct peer *peer, int ms);
void send_one(const struct peer *peer, uint8_t type);
void set_up(struct peer *peer);
void set_source(uint16_t n);
void set_addresses(void);
void attack(void);

/* sctp_flood_crowd.c */
void inits(void);
void crowd(void);
void deaf(void);

/* sctp_flood_fuzz.c */
void read_corpus(const char *name);
void fuzz(void);

/* sctp_flood_squeeze.c */
void squeeze(void);

#endif /* SCTP_FLOOD_H */
