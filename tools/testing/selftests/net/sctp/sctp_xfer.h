/* SPDX-License-Identifier: GPL-2.0 */
/* What the two halves of sctp_xfer share; sctp_xfer.c says what it is. */
#ifndef SCTP_XFER_H
#define SCTP_XFER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <linux/sctp.h>

#ifndef SOL_SCTP
#define SOL_SCTP IPPROTO_SCTP
#endif

#define MAGIC		0x53435458	/* "SCTX" */
#define PPID_HELLO	0xffffffffu
#define PPID_END	0xfffffffeu
#define PPID_DONE	0xfffffffdu
#define MAX_MESSAGE	(1 << 20)
#define MAX_ASSOCS	1024

struct hello {
	uint32_t magic;
	uint32_t seed;
	uint32_t min;
	uint32_t max;
	uint16_t streams;
	uint16_t both_ways;
	uint64_t bytes;		/* 0: until the sender is told to stop */
};

/* The end of a stream: how much there was of it. */
struct end {
	uint32_t magic;
	uint32_t messages;
	uint64_t bytes;
};

/* What a message begins with. */
struct head {
	uint32_t seed;
	uint32_t number;
	uint32_t length;
	uint16_t stream;
	uint16_t zero;
};

struct in_stream {
	uint32_t next;		/* number of the message that must come */
	uint32_t offset;	/* bytes of it that have come already */
	uint64_t bytes;
	bool ended;
};

struct out_stream {
	uint32_t next;
	uint64_t bytes;
};

/* One association. */
struct conn {
	int fd;
	sctp_assoc_t id;
	bool greeted;		/* hello sent or answered */
	bool sending;		/* this side has messages to send */
	bool receiving;
	struct hello in, out;	/* what each direction is made of */
	struct in_stream *in_streams;
	struct out_stream *out_streams;
	unsigned int in_ended;
	unsigned int out_ended;	/* streams whose end was sent */
	bool done_sent;		/* "all of yours has arrived" */
	bool done_received;
	bool shutting_down;
	bool over;
	uint64_t in_bytes, out_bytes;
	uint64_t in_messages, out_messages;
	uint64_t random;
	/* The message under way: made, but not taken by the kernel. */
	unsigned char *msg;
	uint32_t msg_len, msg_ppid;
	uint16_t msg_stream;
	bool msg_pending;
	/* A control message, put together from its pieces. */
	unsigned char control[64];
	uint32_t control_len;
};

struct options {
	bool server;
	bool many;
	bool verbose;
	int family;
	const char *host;
	const char *local;
	const char *port;
	unsigned int streams;
	uint64_t bytes;
	uint32_t min, max;
	uint32_t seed;
	bool both_ways;
	bool nodelay;
	int timeout;
	int retry;
	unsigned int assocs;
	int sndbuf, rcvbuf;
	/* Set by SIGTERM: enough has been sent. */
	volatile sig_atomic_t stop;
};

/* sctp_xfer.c */
extern struct options opt;
extern struct conn *conns[MAX_ASSOCS];
extern unsigned int n_conns;

__attribute__((format(printf, 1, 2), noreturn))
void fail(const char *fmt, ...);

/* sctp_xfer_conn.c */
enum room { NOTHING_TO_SEND, FULL, FULL_AT_ONCE };

struct conn *new_conn(int fd, sctp_assoc_t id);
void greet(struct conn *c);
enum room push(struct conn *c);
bool pull(int fd);
bool all_done(const struct conn *c);
void on_over(struct conn *c);
void shut_down(struct conn *c);

#endif /* SCTP_XFER_H */
