// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_xfer: sends numbered messages of random length over an association and
 * verifies at the other end that each arrived once, in the order of its stream,
 * with every byte as it was sent, and that the association then ended by the
 * SHUTDOWN exchange. Its exit code is 0 only if all of that is so.
 *
 * It is the traffic of the tests over lossy links, between two guests, and
 * under attack. Both socket styles of RFC 6458 (sections 3 and 4), ancillary
 * data by SCTP_SNDINFO and SCTP_RCVINFO (sections 5.3.4, 5.3.5), the end of a
 * one-to-many association by SCTP_EOF and its notifications (section 6.1).
 *
 * A message is known by its stream and, in the payload protocol identifier, its
 * number. Its length and bytes follow from these and the seed of the run; it
 * also begins with them, as far as its length allows. The sender says hello
 * first, with the seed and the range of lengths, and is answered; it ends each
 * stream with the count of its messages. With -B the other side sends as well.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
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

static struct {
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
} opt = {
	.family = AF_UNSPEC,
	.port = "5001",
	.streams = 4,
	.bytes = 10 << 20,
	.min = 1,
	.max = 8000,
	.seed = 1,
	.timeout = 300,
	.assocs = 1,
};

static struct conn *conns[MAX_ASSOCS];
static unsigned int n_conns;
static unsigned char expected[MAX_MESSAGE], buffer[MAX_MESSAGE];
static long long started, deadline;
static volatile sig_atomic_t stop;

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

__attribute__((format(printf, 1, 2), noreturn))
static void fail(const char *fmt, ...)
{
	unsigned int i;
	va_list ap;

	fprintf(stderr, "sctp_xfer: %s: ", opt.server ? "server" : "client");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	for (i = 0; i < n_conns; i++) {
		const struct conn *c = conns[i];

		fprintf(stderr,
			"  association %d: sent %llu bytes in %llu messages (%u streams ended), received %llu in %llu (%u ended), done %d/%d%s\n",
			c->id, (unsigned long long)c->out_bytes,
			(unsigned long long)c->out_messages, c->out_ended,
			(unsigned long long)c->in_bytes,
			(unsigned long long)c->in_messages, c->in_ended,
			c->done_sent, c->done_received,
			c->over ? ", over" : "");
	}
	exit(1);
}

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static uint64_t key_of(uint32_t seed, uint16_t stream, uint32_t number)
{
	return mix(((uint64_t)seed << 32 | number) ^ (uint64_t)stream << 48);
}

static uint32_t length_of(const struct hello *h, uint16_t stream, uint32_t number)
{
	return h->min + key_of(h->seed, stream, number) % (h->max - h->min + 1);
}

/* Makes message @number of @stream; returns its length. */
static uint32_t make(const struct hello *h, uint16_t stream, uint32_t number,
		     unsigned char *buf)
{
	uint32_t len = length_of(h, stream, number), i;
	uint64_t key = key_of(h->seed, stream, number), word;
	struct head head = {
		.seed = htonl(h->seed),
		.number = htonl(number),
		.length = htonl(len),
		.stream = htons(stream),
	};

	for (i = 0; i < len; i += sizeof(word)) {
		word = mix(key ^ i);
		memcpy(buf + i, &word,
		       len - i < sizeof(word) ? len - i : sizeof(word));
	}
	memcpy(buf, &head, len < sizeof(head) ? len : sizeof(head));
	return len;
}

static void set_option(int fd, int level, int name, const void *val,
		       socklen_t len)
{
	if (setsockopt(fd, level, name, val, len))
		fail("setsockopt(%d, %d): %s", level, name, strerror(errno));
}

static int new_socket(int family)
{
	struct sctp_initmsg init = {
		.sinit_num_ostreams = opt.streams,
		.sinit_max_instreams = 65535,
	};
	struct sctp_event_subscribe ev = {
		.sctp_association_event = 1,
		.sctp_shutdown_event = 1,
	};
	int fd, on = 1;

	fd = socket(family, opt.many ? SOCK_SEQPACKET : SOCK_STREAM,
		    IPPROTO_SCTP);
	if (fd < 0)
		fail("socket: %s", strerror(errno));
	set_option(fd, SOL_SCTP, SCTP_INITMSG, &init, sizeof(init));
	set_option(fd, SOL_SCTP, SCTP_EVENTS, &ev, sizeof(ev));
	set_option(fd, SOL_SCTP, SCTP_RECVRCVINFO, &on, sizeof(on));
	if (opt.nodelay)
		set_option(fd, SOL_SCTP, SCTP_NODELAY, &on, sizeof(on));
	if (opt.sndbuf)
		set_option(fd, SOL_SOCKET, SO_SNDBUF, &opt.sndbuf,
			   sizeof(opt.sndbuf));
	if (opt.rcvbuf)
		set_option(fd, SOL_SOCKET, SO_RCVBUF, &opt.rcvbuf,
			   sizeof(opt.rcvbuf));
	return fd;
}

static void set_nonblock(int fd)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		fail("fcntl: %s", strerror(errno));
}

static struct addrinfo *resolve(const char *host, const char *port, int flags)
{
	struct addrinfo hints = {
		.ai_family = opt.family,
		.ai_flags = flags | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *ai;
	int err = getaddrinfo(host, port, &hints, &ai);

	if (err)
		fail("%s: %s", host ? host : "any address", gai_strerror(err));
	return ai;
}

static struct conn *new_conn(int fd, sctp_assoc_t id)
{
	struct conn *c;

	if (n_conns == opt.assocs)
		fail("more than %u associations", opt.assocs);
	c = calloc(1, sizeof(*c));
	if (!c)
		fail("out of memory");
	c->msg = malloc(MAX_MESSAGE);
	if (!c->msg)
		fail("out of memory");
	c->fd = fd;
	c->id = id;
	conns[n_conns++] = c;
	return c;
}

static struct conn *find_conn(int fd, sctp_assoc_t id)
{
	unsigned int i;

	for (i = 0; i < n_conns; i++)
		if (conns[i]->fd == fd && (!opt.many || conns[i]->id == id) &&
		    !conns[i]->over)
			return conns[i];
	return NULL;
}

/* The kernel's send call: true if the message was taken, false if it is full. */
static bool try_send(struct conn *c, const void *buf, size_t len,
		     uint16_t stream, uint32_t ppid, uint16_t flags)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(struct sctp_sndinfo))];
	} control;
	struct sctp_sndinfo info = {
		.snd_sid = stream,
		.snd_flags = flags,
		.snd_ppid = htonl(ppid),
		.snd_assoc_id = c->id,
	};
	struct iovec iov = { (void *)buf, len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	ssize_t n;

	memset(&control, 0, sizeof(control));
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = IPPROTO_SCTP;
	cmsg->cmsg_type = SCTP_SNDINFO;
	cmsg->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
	n = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n != (ssize_t)len)
		fail("sendmsg of %zu bytes on stream %u: %zd, %s", len, stream,
		     n, n < 0 ? strerror(errno) : "short");
	return true;
}

static void set_pending(struct conn *c, const void *buf, uint32_t len,
			uint16_t stream, uint32_t ppid)
{
	if (buf)
		memcpy(c->msg, buf, len);
	c->msg_len = len;
	c->msg_stream = stream;
	c->msg_ppid = ppid;
	c->msg_pending = true;
}

static void start_sending(struct conn *c, uint32_t seed)
{
	struct hello *h = &c->out;

	h->seed = seed;
	if (opt.server) {
		/* As much as, and like, what comes from the client. */
		h->min = c->in.min;
		h->max = c->in.max;
		h->streams = c->in.streams;
		h->bytes = c->in.bytes;
		h->both_ways = 1;
	} else {
		h->min = opt.min;
		h->max = opt.max;
		h->streams = opt.streams;
		h->bytes = opt.bytes;
		h->both_ways = opt.both_ways;
	}
	c->sending = true;
	c->random = mix(seed);
	c->out_streams = calloc(h->streams, sizeof(*c->out_streams));
	if (!c->out_streams)
		fail("out of memory");
}

/* Hello: the way it is on the wire. */
static struct hello wire_hello(const struct hello *h)
{
	return (struct hello){
		.magic = htonl(MAGIC),
		.seed = htonl(h->seed),
		.min = htonl(h->min),
		.max = htonl(h->max),
		.streams = htons(h->streams),
		.both_ways = htons(h->both_ways),
		.bytes = htobe64(h->bytes),
	};
}

/* Makes the next message that this side has to send, if it has one. */
static bool next_message(struct conn *c)
{
	struct out_stream *s;
	uint16_t stream;
	struct end end;

	if (!c->greeted || !c->sending)
		return false;
	if (c->out.bytes ? c->out_bytes < c->out.bytes : !stop) {
		c->random = mix(c->random);
		stream = c->random % c->out.streams;
		s = &c->out_streams[stream];
		set_pending(c, NULL, make(&c->out, stream, s->next, c->msg),
			    stream, s->next);
		s->next++;
		s->bytes += c->msg_len;
		c->out_bytes += c->msg_len;
		c->out_messages++;
		return true;
	}
	if (c->out_ended < c->out.streams) {
		stream = c->out_ended++;
		s = &c->out_streams[stream];
		end.magic = htonl(MAGIC);
		end.messages = htonl(s->next);
		end.bytes = htobe64(s->bytes);
		set_pending(c, &end, sizeof(end), stream, PPID_END);
		return true;
	}
	return false;
}

enum room { NOTHING_TO_SEND, FULL, FULL_AT_ONCE };

/* Sends what there is room for. */
static enum room push(struct conn *c)
{
	int i;

	/* Not for ever, to read in between. */
	for (i = 0; i < 64; i++) {
		if (!c->msg_pending && c->receiving && !c->done_sent &&
		    c->in_ended == c->in.streams) {
			uint32_t magic = htonl(MAGIC);

			set_pending(c, &magic, sizeof(magic), 0, PPID_DONE);
			c->done_sent = true;
		}
		if (!c->msg_pending && !next_message(c))
			return NOTHING_TO_SEND;
		if (!try_send(c, c->msg, c->msg_len, c->msg_stream,
			      c->msg_ppid, 0))
			return i ? FULL : FULL_AT_ONCE;
		c->msg_pending = false;
	}
	return FULL;
}

static void on_hello(struct conn *c, const struct hello *h)
{
	if (ntohl(h->magic) != MAGIC)
		fail("a hello that is none");
	if (c->receiving)
		fail("a second hello");
	c->in.seed = ntohl(h->seed);
	c->in.min = ntohl(h->min);
	c->in.max = ntohl(h->max);
	c->in.streams = ntohs(h->streams);
	c->in.bytes = be64toh(h->bytes);
	if (!c->in.streams || c->in.min < 1 || c->in.max < c->in.min ||
	    c->in.max > MAX_MESSAGE)
		fail("a hello that makes no sense");
	c->in_streams = calloc(c->in.streams, sizeof(*c->in_streams));
	if (!c->in_streams)
		fail("out of memory");
	c->receiving = true;
	if (opt.server) {
		struct hello answer = { .magic = htonl(MAGIC) };

		if (ntohs(h->both_ways)) {
			start_sending(c, c->in.seed + 1);
			answer = wire_hello(&c->out);
		}
		set_pending(c, &answer, sizeof(answer), 0, PPID_HELLO);
		c->greeted = true;
	}
}

static void on_answer(struct conn *c, const struct hello *h)
{
	if (ntohl(h->magic) != MAGIC || c->greeted)
		fail("an answer that is none");
	c->greeted = true;
	if (opt.both_ways)
		on_hello(c, h);
}

static void on_end(struct conn *c, uint16_t stream, const struct end *e)
{
	struct in_stream *s = &c->in_streams[stream];

	if (ntohl(e->magic) != MAGIC || s->ended)
		fail("a wrong end of stream %u", stream);
	if (ntohl(e->messages) != s->next || be64toh(e->bytes) != s->bytes)
		fail("stream %u ended at message %u with %llu bytes, but %u with %llu were sent",
		     stream, s->next, (unsigned long long)s->bytes,
		     ntohl(e->messages),
		     (unsigned long long)be64toh(e->bytes));
	if (s->offset)
		fail("stream %u ended in the middle of a message", stream);
	s->ended = true;
	c->in_ended++;
}

/* A piece of a control message; acts when it is whole. */
static void on_control(struct conn *c, uint16_t stream, uint32_t ppid,
		       const unsigned char *buf, size_t len, bool eor)
{
	size_t want;

	if (len > sizeof(c->control) - c->control_len)
		fail("a control message that is too long");
	memcpy(c->control + c->control_len, buf, len);
	c->control_len += len;
	if (!eor)
		return;
	switch (ppid) {
	case PPID_HELLO:
		want = sizeof(struct hello);
		break;
	case PPID_END:
		want = sizeof(struct end);
		break;
	default:
		want = sizeof(uint32_t);
	}
	if (c->control_len != want)
		fail("a control message of %u bytes, not %zu", c->control_len,
		     want);
	c->control_len = 0;
	switch (ppid) {
	case PPID_HELLO:
		if (opt.server)
			on_hello(c, (const void *)c->control);
		else
			on_answer(c, (const void *)c->control);
		break;
	case PPID_END:
		on_end(c, stream, (const void *)c->control);
		break;
	default:
		if (c->done_received || !c->sending ||
		    c->out_ended < c->out.streams)
			fail("done, before it was");
		c->done_received = true;
	}
}

static void on_data(struct conn *c, const struct sctp_rcvinfo *info,
		    const unsigned char *buf, size_t len, bool eor)
{
	uint32_t ppid = ntohl(info->rcv_ppid), want;
	uint16_t stream = info->rcv_sid;
	struct in_stream *s;

	if (info->rcv_flags & SCTP_UNORDERED)
		fail("an unordered message");
	if (c->receiving && ppid == PPID_END && stream >= c->in.streams)
		fail("an end on stream %u of %u", stream, c->in.streams);
	if (ppid >= PPID_DONE) {
		if (ppid == PPID_END && !c->receiving)
			fail("an end without a hello");
		on_control(c, stream, ppid, buf, len, eor);
		return;
	}
	if (!c->receiving)
		fail("data without a hello");
	if (stream >= c->in.streams)
		fail("data on stream %u of %u", stream, c->in.streams);
	s = &c->in_streams[stream];
	if (s->ended)
		fail("message %u behind the end of stream %u", ppid, stream);
	if (ppid != s->next)
		fail("message %u on stream %u, not %u", ppid, stream, s->next);
	want = make(&c->in, stream, ppid, expected);
	if (s->offset + len > want || (eor && s->offset + len != want))
		fail("message %u on stream %u has %zu bytes%s, not %u", ppid,
		     stream, s->offset + len, eor ? "" : " or more", want);
	if (memcmp(buf, expected + s->offset, len)) {
		size_t i = 0;

		while (buf[i] == expected[s->offset + i])
			i++;
		fail("message %u on stream %u (%u bytes): byte %zu is %#x, not %#x",
		     ppid, stream, want, s->offset + i, buf[i],
		     expected[s->offset + i]);
	}
	s->offset += len;
	s->bytes += len;
	c->in_bytes += len;
	if (eor) {
		s->offset = 0;
		s->next++;
		c->in_messages++;
	}
}

static bool all_done(const struct conn *c)
{
	return c->greeted && !c->msg_pending &&
	       (!c->receiving || c->done_sent) &&
	       (!c->sending || c->done_received);
}

static void on_over(struct conn *c)
{
	if (!all_done(c))
		fail("association %d ended before all was done", c->id);
	c->over = true;
}

static void on_notification(int fd, const union sctp_notification *sn,
			    size_t len)
{
	const struct sctp_assoc_change *sac = &sn->sn_assoc_change;
	struct conn *c;

	if (len != sn->sn_header.sn_length)
		fail("a notification of %zu bytes that says %u", len,
		     sn->sn_header.sn_length);
	if (sn->sn_header.sn_type == SCTP_SHUTDOWN_EVENT) {
		c = find_conn(fd, sn->sn_shutdown_event.sse_assoc_id);
		if (!c || !all_done(c))
			fail("SHUTDOWN before all was done");
		return;
	}
	if (sn->sn_header.sn_type != SCTP_ASSOC_CHANGE)
		fail("notification %#x", sn->sn_header.sn_type);
	c = find_conn(fd, sac->sac_assoc_id);
	switch (sac->sac_state) {
	case SCTP_COMM_UP:
		if (!c)
			c = new_conn(fd, sac->sac_assoc_id);
		c->id = sac->sac_assoc_id;
		if (sac->sac_outbound_streams < opt.streams && !opt.server)
			fail("%u streams, not %u", sac->sac_outbound_streams,
			     opt.streams);
		break;
	case SCTP_SHUTDOWN_COMP:
		if (!c)
			fail("the end of an unknown association");
		on_over(c);
		break;
	default:
		fail("association %d: state %u, error %#x", sac->sac_assoc_id,
		     sac->sac_state, ntohs(sac->sac_error));
	}
}

/* Reads all there is. False at the end of a one-to-one association. */
static bool pull(int fd)
{
	union {
		struct cmsghdr align;
		char space[256];
	} control;
	struct iovec iov = { buffer, sizeof(buffer) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	const struct sctp_rcvinfo *info;
	struct cmsghdr *cmsg;
	struct conn *c;
	ssize_t n;
	int i;

	for (i = 0; i < 64; i++) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		n = recvmsg(fd, &msg, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n < 0)
			fail("recvmsg: %s", strerror(errno));
		if (!n)
			return false;
		if (msg.msg_flags & MSG_NOTIFICATION) {
			on_notification(fd, (void *)buffer, n);
			continue;
		}
		info = NULL;
		for (cmsg = CMSG_FIRSTHDR(&msg); cmsg;
		     cmsg = CMSG_NXTHDR(&msg, cmsg))
			if (cmsg->cmsg_level == IPPROTO_SCTP &&
			    cmsg->cmsg_type == SCTP_RCVINFO)
				info = (void *)CMSG_DATA(cmsg);
		if (!info)
			fail("a message without SCTP_RCVINFO");
		c = find_conn(fd, info->rcv_assoc_id);
		if (!c)
			fail("data of unknown association %d",
			     info->rcv_assoc_id);
		on_data(c, info, buffer, n, msg.msg_flags & MSG_EOR);
	}
	return true;
}

/*
 * The client ends it when all is done. On a one-to-one socket its own side may
 * be told by the end of file, by SHUTDOWN_COMP, or both.
 */
static void shut_down(struct conn *c)
{
	if (opt.many) {
		if (!try_send(c, NULL, 0, 0, 0, SCTP_EOF))
			return;
	} else if (shutdown(c->fd, SHUT_WR)) {
		fail("shutdown: %s", strerror(errno));
	}
	c->shutting_down = true;
}

static void report(void)
{
	uint64_t in = 0, out = 0, in_messages = 0, out_messages = 0;
	double seconds = (now_ms() - started) / 1000.0;
	unsigned int i;

	for (i = 0; i < n_conns; i++) {
		in += conns[i]->in_bytes;
		out += conns[i]->out_bytes;
		in_messages += conns[i]->in_messages;
		out_messages += conns[i]->out_messages;
	}
	printf("sctp_xfer: %s: received %llu bytes in %llu messages, sent %llu in %llu, %u streams, %.1f s, %.1f Mbit/s: intact\n",
	       opt.server ? "server" : "client", (unsigned long long)in,
	       (unsigned long long)in_messages, (unsigned long long)out,
	       (unsigned long long)out_messages, opt.streams, seconds,
	       (in + out) * 8 / 1e6 / (seconds > 0 ? seconds : 1));
	fflush(stdout);
}

static bool finished(void)
{
	unsigned int i;

	if (n_conns < opt.assocs)
		return false;
	for (i = 0; i < n_conns; i++)
		if (!conns[i]->over)
			return false;
	return true;
}

static void on_signal(int sig)
{
	stop = 1;
}

static void run(int listener)
{
	static struct pollfd pfds[MAX_ASSOCS + 1];
	long long next_line = now_ms() + 5000;
	enum room room[MAX_ASSOCS];
	unsigned int i, n;
	int wait;

	while (!finished()) {
		/* Data that came with the set-up counts from there. */
		if (!started && n_conns)
			started = now_ms();
		if (now_ms() > deadline)
			fail("not done after %d s", opt.timeout);
		if (opt.verbose && now_ms() > next_line && n_conns) {
			next_line += 5000;
			printf("sctp_xfer: %s: %.1f s: received %llu, sent %llu bytes\n",
			       opt.server ? "server" : "client",
			       (now_ms() - started) / 1000.0,
			       (unsigned long long)conns[0]->in_bytes,
			       (unsigned long long)conns[0]->out_bytes);
			fflush(stdout);
		}
		for (i = 0; i < n_conns; i++) {
			struct conn *c = conns[i];

			room[i] = c->over ? NOTHING_TO_SEND : push(c);
			if (!opt.server && !c->shutting_down && all_done(c))
				shut_down(c);
		}
		n = 0;
		wait = 500;
		if (listener >= 0) {
			pfds[n].fd = listener;
			pfds[n++].events = POLLIN;
		}
		for (i = 0; i < n_conns; i++) {
			if (opt.many) {
				/* All share one socket, the listener's too. */
				if (!n) {
					pfds[n].fd = conns[i]->fd;
					pfds[n++].events = POLLIN;
				}
				/*
				 * The socket may have room when this
				 * association has none: then ask again soon.
				 */
				if (room[i] == FULL)
					pfds[0].events |= POLLOUT;
				if (room[i] == FULL_AT_ONCE)
					wait = 10;
				continue;
			}
			if (conns[i]->over)
				continue;
			pfds[n].fd = conns[i]->fd;
			pfds[n++].events = POLLIN;
			if (room[i] != NOTHING_TO_SEND)
				pfds[n - 1].events |= POLLOUT;
		}
		if (poll(pfds, n, wait) < 0 && errno != EINTR)
			fail("poll: %s", strerror(errno));
		if (opt.many) {
			pull(pfds[0].fd);
			continue;
		}
		if (listener >= 0 && pfds[0].revents) {
			int fd = accept(listener, NULL, NULL);

			if (fd < 0)
				fail("accept: %s", strerror(errno));
			set_nonblock(fd);
			new_conn(fd, 0);
		}
		for (i = 0; i < n_conns; i++)
			if (!conns[i]->over && !pull(conns[i]->fd) &&
			    !conns[i]->over)
				on_over(conns[i]);
	}
}

static int listen_on(void)
{
	struct addrinfo *ai = resolve(opt.local, opt.port, AI_PASSIVE);
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	char host[64], port[16];
	int fd, on = 1;

	fd = new_socket(ai->ai_family);
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen))
		fail("bind: %s", strerror(errno));
	if (listen(fd, opt.assocs + 8))
		fail("listen: %s", strerror(errno));
	freeaddrinfo(ai);
	set_nonblock(fd);
	if (getsockname(fd, (void *)&addr, &len) ||
	    getnameinfo((void *)&addr, len, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		fail("getsockname failed");
	printf("sctp_xfer: listening on %s port %s\n", host, port);
	fflush(stdout);
	return fd;
}

static void connect_to(void)
{
	struct addrinfo *ai = resolve(opt.host, opt.port, 0), *local;
	long long give_up = now_ms() + opt.retry * 1000LL;
	struct hello h;
	struct conn *c;
	int fd;

	for (;;) {
		fd = new_socket(ai->ai_family);
		if (opt.local) {
			local = resolve(opt.local, NULL, 0);
			if (bind(fd, local->ai_addr, local->ai_addrlen))
				fail("bind: %s", strerror(errno));
			freeaddrinfo(local);
		}
		if (!connect(fd, ai->ai_addr, ai->ai_addrlen))
			break;
		if (now_ms() > give_up)
			fail("connect: %s", strerror(errno));
		close(fd);
		usleep(100000);
	}
	freeaddrinfo(ai);
	set_nonblock(fd);
	if (!opt.many)
		new_conn(fd, 0);
	/* COMM_UP tells the id before there is anything to send. */
	while (!n_conns || !conns[0]->id) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };

		if (poll(&pfd, 1, 1000) < 0 && errno != EINTR)
			fail("poll: %s", strerror(errno));
		if (!pull(fd))
			fail("the end, before the beginning");
		if (now_ms() > deadline)
			fail("no COMM_UP");
	}
	c = conns[0];
	start_sending(c, opt.seed);
	h = wire_hello(&c->out);
	set_pending(c, &h, sizeof(h), 0, PPID_HELLO);
}

static uint64_t parse_size(const char *s)
{
	char *end;
	uint64_t n = strtoull(s, &end, 0);

	switch (*end) {
	case 'G':
		n <<= 10;
		/* fall through */
	case 'M':
		n <<= 10;
		/* fall through */
	case 'k':
	case 'K':
		n <<= 10;
		end++;
	}
	if (*end || end == s)
		fail("%s is no size", s);
	return n;
}

static void usage(void)
{
	fputs("usage: sctp_xfer server [options]\n"
	      "       sctp_xfer client [options] HOST\n"
	      "  -4, -6        address family\n"
	      "  -m            one-to-many sockets (default: one-to-one)\n"
	      "  -p PORT       port (5001)\n"
	      "  -a ADDRESS    local address\n"
	      "  -s STREAMS    streams (4); the server's with -B: at least as many\n"
	      "  -b BYTES      how much to send, K, M, G (10M); 0: until SIGTERM\n"
	      "  -l MIN:MAX    range of the message lengths (1:8000)\n"
	      "  -S SEED       of lengths, streams and bytes (1)\n"
	      "  -B            the server sends as much as the client\n"
	      "  -n            SCTP_NODELAY\n"
	      "  -W SIZE       SO_SNDBUF\n"
	      "  -R SIZE       SO_RCVBUF\n"
	      "  -t SECONDS    fail if it takes longer (300)\n"
	      "  -w SECONDS    go on trying to connect for so long (0)\n"
	      "  -c COUNT      associations that the server serves (1)\n"
	      "  -v            a line every five seconds\n", stderr);
	exit(2);
}

static void parse_options(int argc, char **argv)
{
	char *colon;
	int c;

	if (argc < 2)
		usage();
	if (!strcmp(argv[1], "server"))
		opt.server = true;
	else if (strcmp(argv[1], "client"))
		usage();
	optind = 2;
	while ((c = getopt(argc, argv, "46mp:a:s:b:l:S:BnW:R:t:w:c:v")) != -1) {
		switch (c) {
		case '4':
			opt.family = AF_INET;
			break;
		case '6':
			opt.family = AF_INET6;
			break;
		case 'm':
			opt.many = true;
			break;
		case 'p':
			opt.port = optarg;
			break;
		case 'a':
			opt.local = optarg;
			break;
		case 's':
			opt.streams = atoi(optarg);
			break;
		case 'b':
			opt.bytes = parse_size(optarg);
			break;
		case 'l':
			colon = strchr(optarg, ':');
			if (!colon)
				usage();
			*colon = 0;
			opt.min = parse_size(optarg);
			opt.max = parse_size(colon + 1);
			break;
		case 'S':
			opt.seed = strtoul(optarg, NULL, 0);
			break;
		case 'B':
			opt.both_ways = true;
			break;
		case 'n':
			opt.nodelay = true;
			break;
		case 'W':
			opt.sndbuf = parse_size(optarg);
			break;
		case 'R':
			opt.rcvbuf = parse_size(optarg);
			break;
		case 't':
			opt.timeout = atoi(optarg);
			break;
		case 'w':
			opt.retry = atoi(optarg);
			break;
		case 'c':
			opt.assocs = atoi(optarg);
			break;
		case 'v':
			opt.verbose = true;
			break;
		default:
			usage();
		}
	}
	if (opt.min < 1 || opt.max < opt.min || opt.max > MAX_MESSAGE ||
	    opt.streams < 1 || opt.streams > 65535 || opt.timeout < 1 ||
	    opt.assocs < 1 || opt.assocs > MAX_ASSOCS)
		usage();
	if (!opt.server) {
		if (optind != argc - 1)
			usage();
		opt.host = argv[optind];
		opt.assocs = 1;
	}
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int listener = -1;
	unsigned int i;

	parse_options(argc, argv);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	deadline = now_ms() + opt.timeout * 1000LL;
	if (opt.server)
		listener = listen_on();
	else
		connect_to();
	run(listener);
	report();
	for (i = 0; i < n_conns; i++)
		if (!opt.many)
			close(conns[i]->fd);
	if (listener >= 0)
		close(listener);
	return 0;
}
