// SPDX-License-Identifier: GPL-2.0
/*
 * Messages that end where the user says so: SCTP_EXPLICIT_EOR and SCTP_EOR
 * (RFC 6458 section 8.1.26), whose numbers are in <linux/rust_sctp.h>. What
 * comes back of those that are not finished is in send_failed.c, the lengths of
 * the option in options.c.
 */
#include <linux/rust_sctp.h>

#include "sctp_util.h"

#define STREAM 3

FIXTURE(explicit_eor) {
	struct pair p;	/* not connected */
};

SCTP_FIXTURE_VARIANT(explicit_eor);
SCTP_VARIANTS(explicit_eor);

FIXTURE_SETUP(explicit_eor)
{
	if (is_c_module())
		SKIP(return, "the C module has no SCTP_EXPLICIT_EOR");
	enter_netns(_metadata);
	self->p.listener = listening_socket(_metadata, &variant->fl,
					    &self->p.addr);
	self->p.client.fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(explicit_eor)
{
}

static void set_explicit(struct __test_metadata *_metadata, int fd, int on)
{
	set_int(_metadata, fd, SOL_SCTP, SCTP_EXPLICIT_EOR, on);
}

static void join(struct __test_metadata *_metadata, const struct flavour *fl,
		 struct pair *p)
{
	set_explicit(_metadata, p->client.fd, 1);
	pair_join(_metadata, fl, p);
}

/* Bytes @from to @to of a message; @flags are those of SCTP_SNDINFO. */
static ssize_t send_part(const struct end *end, size_t from, size_t to,
			 unsigned int seed, int flags, int msg_flags)
{
	struct sctp_sndinfo info = {
		.snd_sid = STREAM,
		.snd_flags = flags,
		.snd_assoc_id = end->id,
	};
	unsigned char *buf = malloc(to);
	ssize_t ret;

	if (!buf)
		return -1;
	fill(buf, to, seed);
	ret = send_sndinfo(end->fd, NULL, &info, buf + from, to - from,
			   msg_flags);
	free(buf);
	return ret;
}

TEST_F(explicit_eor, option)
{
	int fd = self->p.client.fd;

	EXPECT_EQ(0, get_int(_metadata, fd, SOL_SCTP, SCTP_EXPLICIT_EOR));
	set_explicit(_metadata, fd, 5);
	EXPECT_EQ(1, get_int(_metadata, fd, SOL_SCTP, SCTP_EXPLICIT_EOR));
	set_explicit(_metadata, fd, 0);
	EXPECT_EQ(0, get_int(_metadata, fd, SOL_SCTP, SCTP_EXPLICIT_EOR));
	set_explicit(_metadata, self->p.listener, 1);
	pair_join(_metadata, &variant->fl, &self->p);
	EXPECT_EQ(1, get_int(_metadata, self->p.server.fd, SOL_SCTP,
			     SCTP_EXPLICIT_EOR));
}

/* By either flag; without the option neither has a meaning. */
TEST_F(explicit_eor, message_in_parts)
{
	struct pair *p = &self->p;
	struct rx rx;
	int i, flags;

	join(_metadata, &variant->fl, p);
	for (i = 0; i < 4; i++) {
		/* The stream and its order are those of the message. */
		flags = i & 2 ? SCTP_UNORDERED : 0;
		ASSERT_EQ(1, send_part(&p->client, 0, 1, i, flags, 0));
		ASSERT_EQ(5000, send_part(&p->client, 1, 5001, i, flags, 0));
		EXPECT_EQ(0, poll_fd(p->server.fd, POLLIN, 50));
		ASSERT_EQ(99, i & 1 ?
			  send_part(&p->client, 5001, 5100, i, flags, MSG_EOR) :
			  send_part(&p->client, 5001, 5100, i,
				    flags | SCTP_EOR, 0));
		recv_pattern(_metadata, p->server.fd, 5100, i, &rx);
	}
	set_explicit(_metadata, p->client.fd, 0);
	for (i = 0; i < 2; i++) {
		flags = i ? SCTP_EOR : 0;
		ASSERT_EQ(10, send_part(&p->client, 0, 10, i, flags, MSG_EOR));
		recv_pattern(_metadata, p->server.fd, 10, i, NULL);
	}
}

/* Each call is the end of a message again. */
TEST_F(explicit_eor, switched_off_amid_a_message)
{
	struct pair *p = &self->p;

	join(_metadata, &variant->fl, p);
	ASSERT_EQ(10, send_part(&p->client, 0, 10, 1, 0, 0));
	set_explicit(_metadata, p->client.fd, 0);
	ASSERT_EQ(10, send_part(&p->client, 10, 20, 1, 0, 0));
	recv_pattern(_metadata, p->server.fd, 20, 1, NULL);
}

/* Only what goes on with the message, and there is no empty end of it. */
TEST_F(explicit_eor, nothing_else_before_the_end)
{
	struct pair *p = &self->p;
	struct sctp_sndinfo info = { .snd_assoc_id = 0 };
	int i;

	join(_metadata, &variant->fl, p);
	ASSERT_EQ(10, send_part(&p->client, 0, 10, 1, 0, 0));
	for (i = 0; i < 4; i++) {
		info = (struct sctp_sndinfo) {
			.snd_sid = i == 0 ? STREAM - 1 : STREAM,
			.snd_ppid = i == 1,
			.snd_flags = (i == 2 ? SCTP_UNORDERED : 0) | SCTP_EOR,
			.snd_assoc_id = p->client.id,
		};
		EXPECT_EQ(-1, send_sndinfo(p->client.fd, NULL, &info, "other",
					   i == 3 ? 0 : 5, 0));
		EXPECT_EQ(EINVAL, errno);
	}
	/* Without SCTP_SNDINFO it is the default stream. */
	EXPECT_EQ(-1, send(p->client.fd, "other", 5, MSG_NOSIGNAL));
	EXPECT_EQ(one_to_one(&variant->fl) ? EINVAL : EPIPE, errno);
	ASSERT_EQ(10, send_part(&p->client, 10, 20, 1, SCTP_EOR, 0));
	recv_pattern(_metadata, p->server.fd, 20, 1, NULL);
	expect_nothing(_metadata, p->server.fd);
}

/* The call that makes the association need not end the message. */
TEST_F(explicit_eor, first_part_connects)
{
	struct pair *p = &self->p;
	union test_addr *to = &p->addr;
	int fd = p->client.fd;

	set_explicit(_metadata, fd, 1);
	ASSERT_EQ(3, send_cmsg(fd, to, 0, NULL, 0, "one", 3, 0));
	ASSERT_EQ(3, send_cmsg(fd, to, 0, NULL, 0, "two", 3, MSG_EOR));
	p->server.fd = p->listener;
	if (one_to_one(&variant->fl)) {
		wait_for(_metadata, p->listener, POLLIN);
		p->server.fd = accept(p->listener, NULL, NULL);
		ASSERT_LE(0, p->server.fd);
	}
	{
		char buf[10] = "";
		struct rx rx;

		ASSERT_EQ(6, recv_wait(_metadata, p->server.fd, buf,
				       sizeof(buf), &rx));
		EXPECT_EQ(MSG_EOR, rx.flags);
		EXPECT_STREQ("onetwo", buf);
	}
}

/* Ten times as long as the send buffer, in calls of @part bytes. */
static size_t prepare(struct __test_metadata *_metadata,
		      const struct flavour *fl, struct pair *p)
{
	set_int(_metadata, p->client.fd, SOL_SOCKET, SO_SNDBUF, 20000);
	join(_metadata, fl, p);
	return 10 * get_int(_metadata, p->client.fd, SOL_SOCKET, SO_SNDBUF);
}

static int send_parts(const struct end *end, size_t total, size_t part)
{
	size_t from, to;

	for (from = 0; from < total; from = to) {
		to = from + part < total ? from + part : total;
		if (send_part(end, from, to, 7, to == total ? SCTP_EOR : 0, 0) !=
		    (ssize_t)(to - from))
			return errno ?: EIO;
	}
	return 0;
}

static void longer_than_the_send_buffer(struct __test_metadata *_metadata,
					const struct flavour *fl, struct pair *p,
					int calls)
{
	size_t total = prepare(_metadata, fl, p);
	pid_t child = start_child(send_parts(&p->client, total, total / calls));

	recv_parts(_metadata, p->server.fd, 0, total, 7, 65536);
	EXPECT_EQ(0, end_child(_metadata, child));
	/* And it is over. */
	ASSERT_EQ(10, send_part(&p->client, 0, 10, 1, SCTP_EOR, 0));
	recv_pattern(_metadata, p->server.fd, 10, 1, NULL);
}

TEST_F(explicit_eor, longer_than_the_send_buffer)
{
	longer_than_the_send_buffer(_metadata, &variant->fl, &self->p, 50);
}

/* As is one call, which the C library's sctp_send() makes of it. */
TEST_F(explicit_eor, longer_than_the_send_buffer_in_one_call)
{
	longer_than_the_send_buffer(_metadata, &variant->fl, &self->p, 1);
}

/* A call that may not wait says how much it has taken, if anything. */
static void without_waiting(struct __test_metadata *_metadata,
			    const struct flavour *fl, struct pair *p, size_t most)
{
	size_t total = prepare(_metadata, fl, p), sent = 0, got = 0, to;
	unsigned char buf[65536];
	int refused = 0;
	struct rx rx;
	ssize_t ret;

	while (got < total) {
		to = sent + most < total ? sent + most : total;
		ret = sent == total ? -1 :
		      send_part(&p->client, sent, to, 7,
				to == total ? SCTP_EOR : 0, MSG_DONTWAIT);
		if (ret > 0) {
			sent += ret;
			continue;
		}
		if (sent < total) {
			ASSERT_EQ(EAGAIN, errno);
			refused++;
		}
		/* What has come makes room, at the latest when it is read. */
		if (poll_fd(p->server.fd, POLLIN, 10)) {
			ret = recv_rx(p->server.fd, buf, sizeof(buf),
				      MSG_DONTWAIT, &rx);
			ASSERT_LT(0, ret);
			ASSERT_TRUE(intact(buf, got, ret, 7));
			got += ret;
			ASSERT_EQ(got == total ? MSG_EOR : 0, rx.flags);
		}
	}
	EXPECT_LT(0, refused);
}

TEST_F(explicit_eor, without_waiting)
{
	without_waiting(_metadata, &variant->fl, &self->p, 3000);
}

TEST_F(explicit_eor, without_waiting_as_much_as_goes)
{
	without_waiting(_metadata, &variant->fl, &self->p, 1 << 30);
}

/* Without the option that is an error, as ever. */
TEST_F(explicit_eor, longer_than_the_send_buffer_in_a_message)
{
	size_t total = prepare(_metadata, &variant->fl, &self->p);

	set_explicit(_metadata, self->p.client.fd, 0);
	EXPECT_EQ(-1, send_part(&self->p.client, 0, total, 7, SCTP_EOR, 0));
	EXPECT_EQ(EMSGSIZE, errno);
}

/* It cannot be finished any more: its reader is told so, and nobody waits. */
TEST_F(explicit_eor, shutdown_amid_a_message)
{
	struct sctp_sndinfo eof = { .snd_flags = SCTP_EOF };
	struct pair *p = &self->p;
	unsigned char buf[10000];
	union sctp_notification sn;
	struct rx rx;

	set_int(_metadata, p->listener, SOL_SCTP, SCTP_PARTIAL_DELIVERY_POINT,
		1000);
	join(_metadata, &variant->fl, p);
	set_events(_metadata, p->server.fd, EV_PARTIAL_DELIVERY | EV_SHUTDOWN);
	set_events(_metadata, p->client.fd, EV_ASSOC);
	ASSERT_EQ(5000, send_part(&p->client, 0, 5000, 1, 0, 0));
	ASSERT_LT(0, recv_wait(_metadata, p->server.fd, buf, 500, &rx));
	EXPECT_EQ(0, rx.flags);
	if (one_to_one(&variant->fl)) {
		ASSERT_EQ(0, shutdown(p->client.fd, SHUT_WR));
	} else {
		eof.snd_assoc_id = p->client.id;
		ASSERT_EQ(0, send_sndinfo(p->client.fd, NULL, &eof, NULL, 0, 0));
	}
	EXPECT_EQ(-1, send_part(&p->client, 5000, 5010, 1, SCTP_EOR, 0));
	/* What has come of it is there. */
	do {
		ASSERT_LT(0, recv_wait(_metadata, p->server.fd, buf,
				       sizeof(buf), &rx));
	} while (!(rx.flags & MSG_NOTIFICATION));
	memcpy(&sn, buf, sizeof(sn));
	EXPECT_EQ(SCTP_PARTIAL_DELIVERY_EVENT, sn.sn_header.sn_type);
	EXPECT_EQ(STREAM, sn.sn_pdapi_event.pdapi_stream);
	recv_shutdown_event(_metadata, p->server.fd, p->server.id);
	recv_assoc_change(_metadata, p->client.fd, SCTP_SHUTDOWN_COMP);
}

TEST_HARNESS_MAIN
