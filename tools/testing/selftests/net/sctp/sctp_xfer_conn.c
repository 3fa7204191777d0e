// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_xfer: one association. Making, sending, receiving and verifying its
 * messages (RFC 6458 sections 5.3.4 and 5.3.5), its notifications (section 6.1)
 * and its end (SCTP_EOF, or shutdown() of a one-to-one socket).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sctp_xfer.h"

static unsigned char expected[MAX_MESSAGE], buffer[MAX_MESSAGE];

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

struct conn *new_conn(int fd, sctp_assoc_t id)
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

/* The client's first word. */
void greet(struct conn *c)
{
	struct hello h;

	start_sending(c, opt.seed);
	h = wire_hello(&c->out);
	set_pending(c, &h, sizeof(h), 0, PPID_HELLO);
}

/* Makes the next message that this side has to send, if it has one. */
static bool next_message(struct conn *c)
{
	struct out_stream *s;
	uint16_t stream;
	struct end end;

	if (!c->greeted || !c->sending)
		return false;
	if (c->out.bytes ? c->out_bytes < c->out.bytes : !opt.stop) {
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

/* Sends what there is room for. */
enum room push(struct conn *c)
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

bool all_done(const struct conn *c)
{
	return c->greeted && !c->msg_pending &&
	       (!c->receiving || c->done_sent) &&
	       (!c->sending || c->done_received);
}

void on_over(struct conn *c)
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
bool pull(int fd)
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
		/* The end that this side began, after SHUTDOWN_COMP or instead. */
		if (n < 0 && errno == ENOTCONN && !opt.many)
			return false;
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
 * be told by ENOTCONN or the end of file, by SHUTDOWN_COMP, or both.
 */
void shut_down(struct conn *c)
{
	if (opt.many) {
		if (!try_send(c, NULL, 0, 0, 0, SCTP_EOF))
			return;
	} else if (shutdown(c->fd, SHUT_WR)) {
		fail("shutdown: %s", strerror(errno));
	}
	c->shutting_down = true;
}
