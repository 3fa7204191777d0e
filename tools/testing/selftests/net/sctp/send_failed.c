// SPDX-License-Identifier: GPL-2.0
/*
 * What could not be sent comes back: SCTP_SEND_FAILED (RFC 6458 section 6.1.4)
 * and SCTP_SEND_FAILED_EVENT (6.1.11), for messages whose lifetime is over,
 * for those that are left when an association ends, and for those of one that
 * never comes up; with the context that each was sent with. And that nothing is
 * left to be sent: SCTP_SENDER_DRY_EVENT (6.1.9).
 */
#include <linux/rust_sctp.h>
#include <stddef.h>

#include "sctp_util.h"

#define LEN	1000	/* of a message */
#define PPID	0x12345678

/* The U bit of a DATA chunk. */
#define UNORDERED	4

FIXTURE(send_failed) {
	struct pair p;	/* not connected */
};

SCTP_FIXTURE_VARIANT(send_failed);
SCTP_VARIANTS(send_failed);

FIXTURE_SETUP(send_failed)
{
	enter_netns(_metadata);
	self->p.listener = listening_socket(_metadata, &variant->fl,
					    &self->p.addr);
	self->p.client.fd = open_socket(_metadata, &variant->fl);
	/* The peer cannot take much. */
	set_int(_metadata, self->p.listener, SOL_SOCKET, SO_RCVBUF, 5000);
}

FIXTURE_TEARDOWN(send_failed)
{
}

/* One notification of either type. */
struct failure {
	__u16 flags;
	__u32 error;
	__u16 stream;
	__u16 part;	/* which one of its message, and whether unordered */
	__u32 ppid;
	__u32 context;
	sctp_assoc_t id;
	size_t len;
	unsigned char data[4 * LEN];
};

static void recv_failure(struct __test_metadata *_metadata, int fd, int type,
			 struct failure *f)
{
	union {
		union sctp_notification sn;
		char space[8 * LEN];
	} u;
	struct sctp_send_failed_event *event = &u.sn.sn_send_failed_event;
	struct sctp_send_failed *old = &u.sn.sn_send_failed;
	const void *data;

	recv_notification(_metadata, fd, type, &u.sn, sizeof(u));
	memset(f, 0, sizeof(*f));
	if (type == SCTP_SEND_FAILED) {
		f->flags = old->ssf_flags;
		f->error = old->ssf_error;
		f->stream = old->ssf_info.sinfo_stream;
		f->part = old->ssf_info.sinfo_flags;
		f->ppid = old->ssf_info.sinfo_ppid;
		f->context = old->ssf_info.sinfo_context;
		f->id = old->ssf_assoc_id;
		f->len = old->ssf_length - sizeof(*old);
		data = old->ssf_data;
	} else {
		f->flags = event->ssf_flags;
		f->error = event->ssf_error;
		f->stream = event->ssfe_info.snd_sid;
		f->part = event->ssfe_info.snd_flags;
		f->ppid = event->ssfe_info.snd_ppid;
		f->context = event->ssfe_info.snd_context;
		f->id = event->ssf_assoc_id;
		f->len = event->ssf_length - sizeof(*event);
		data = event->ssf_data;
	}
	ASSERT_LE(f->len, sizeof(f->data));
	memcpy(f->data, data, f->len);
}

static ssize_t send_message(const struct end *end, size_t len, int flags,
			    int lifetime, __u32 context)
{
	struct sctp_sndrcvinfo info = {
		.sinfo_stream = 1,
		.sinfo_flags = flags,
		.sinfo_ppid = PPID,
		.sinfo_context = context,
		.sinfo_timetolive = lifetime,
		.sinfo_assoc_id = end->id,
	};
	unsigned char buf[4 * LEN];

	fill(buf, len, context);
	return send_cmsg(end->fd, NULL, SCTP_SNDRCV, &info, sizeof(info), buf,
			 len, MSG_DONTWAIT);
}

/* Sends so many messages that most of them cannot leave. */
static int fill_peer(struct __test_metadata *_metadata, const struct end *end)
{
	int n;

	for (n = 0; n < 60; n++)
		ASSERT_EQ(LEN, send_message(end, LEN, 0, 0, n))
			TH_LOG("message %d: %s", n, strerror(errno));
	return n;
}

/*
 * The messages up to @n are told of, in order and whole, those that were sent
 * first. Which ones had arrived is not known.
 */
static void recv_left(struct __test_metadata *_metadata, const struct end *end,
		      int type, __u32 error, __u32 n)
{
	struct failure f;
	__u16 sent = SCTP_DATA_SENT;
	__u32 next = 0;

	do {
		recv_failure(_metadata, end->fd, type, &f);
		if (next)
			ASSERT_EQ(next, f.context);
		next = f.context + 1;
		ASSERT_EQ(error, f.error);
		ASSERT_EQ(1, f.stream);
		ASSERT_EQ(3, f.part);
		ASSERT_EQ(PPID, f.ppid);
		ASSERT_EQ(end->id, f.id);
		ASSERT_EQ(LEN, f.len);
		ASSERT_TRUE(intact(f.data, 0, LEN, f.context));
		/* Once one was not sent, all after it were not. */
		ASSERT_LE(f.flags, sent);
		sent = f.flags;
	} while (next < n);
	EXPECT_EQ(SCTP_DATA_UNSENT, sent);
}

TEST_F(send_failed, layout)
{
	EXPECT_EQ(48, sizeof(struct sctp_send_failed));
	EXPECT_EQ(12, offsetof(struct sctp_send_failed, ssf_info));
	EXPECT_EQ(32, sizeof(struct sctp_send_failed_event));
	EXPECT_EQ(12, offsetof(struct sctp_send_failed_event, ssfe_info));
	EXPECT_EQ(12, sizeof(struct sctp_sender_dry_event));
	EXPECT_EQ(0x8003, SCTP_SEND_FAILED);
	EXPECT_EQ(0x8009, SCTP_SENDER_DRY_EVENT);
	EXPECT_EQ(0x800d, SCTP_SEND_FAILED_EVENT);
	EXPECT_EQ(0, SCTP_DATA_UNSENT);
	EXPECT_EQ(1, SCTP_DATA_SENT);
}

/* First that the association is lost, then what with it. */
static void peer_aborts(struct __test_metadata *_metadata,
			const struct flavour *fl, struct pair *p, int event,
			int type)
{
	struct sctp_assoc_change ac;
	int n;

	pair_join(_metadata, fl, p);
	n = fill_peer(_metadata, &p->client);
	set_events(_metadata, p->client.fd, EV_ASSOC | event);
	/* With data that nobody has read. */
	wait_for(_metadata, p->server.fd, POLLIN);
	close(p->server.fd);
	ac = recv_assoc_change(_metadata, p->client.fd, SCTP_COMM_LOST);
	recv_left(_metadata, &p->client, type, ac.sac_error, n);
}

TEST_F(send_failed, peer_aborts_old)
{
	peer_aborts(_metadata, &variant->fl, &self->p, EV_SEND_FAILURE,
		    SCTP_SEND_FAILED);
}

TEST_F(send_failed, peer_aborts_new)
{
	peer_aborts(_metadata, &variant->fl, &self->p, EV_SEND_FAILURE_EVENT,
		    SCTP_SEND_FAILED_EVENT);
}

TEST_F(send_failed, own_abort)
{
	struct pair *p = &self->p;
	struct sctp_assoc_change ac;
	int n;

	if (one_to_one(&variant->fl))
		SKIP(return, "a one-to-one socket has no SCTP_ABORT");
	pair_join(_metadata, &variant->fl, p);
	n = fill_peer(_metadata, &p->client);
	set_events(_metadata, p->client.fd, EV_ASSOC | EV_SEND_FAILURE);
	ASSERT_LE(0, send_message(&p->client, 1, SCTP_ABORT, 0, 0));
	ac = recv_assoc_change(_metadata, p->client.fd, SCTP_COMM_LOST);
	EXPECT_EQ(htons(12), ac.sac_error);
	recv_left(_metadata, &p->client, SCTP_SEND_FAILED, htons(12), n);
	expect_nothing(_metadata, p->client.fd);
}

TEST_F(send_failed, none_unless_asked)
{
	struct pair *p = &self->p;

	pair_join(_metadata, &variant->fl, p);
	fill_peer(_metadata, &p->client);
	set_events(_metadata, p->client.fd, EV_ASSOC);
	wait_for(_metadata, p->server.fd, POLLIN);
	close(p->server.fd);
	recv_assoc_change(_metadata, p->client.fd, SCTP_COMM_LOST);
	if (!one_to_one(&variant->fl))
		expect_nothing(_metadata, p->client.fd);
}

/* The context is what the user gave with the message, or beforehand. */
TEST_F(send_failed, never_up)
{
	struct sctp_sndrcvinfo old = { .sinfo_context = 1 };
	struct sctp_sndinfo info = { .snd_context = 2 };
	union test_addr to = black_hole(&variant->fl, 1234);
	int fd = self->p.client.fd;
	struct failure f;
	__u32 n;

	add_black_hole(_metadata);
	set_initmsg(_metadata, fd, 10, 10, 1, 1000);
	set_events(_metadata, fd, EV_ASSOC | EV_SEND_FAILURE_EVENT);
	set_nonblock(_metadata, fd, true);
	ASSERT_EQ(1, send_cmsg(fd, &to, SCTP_SNDRCV, &old, sizeof(old), "1", 1,
			       0));
	ASSERT_EQ(1, send_sndinfo(fd, &to, &info, "2", 1, 0));
	info.snd_context = 3;
	info.snd_assoc_id = SCTP_ALL_ASSOC;
	ASSERT_EQ(0, setsockopt(fd, SOL_SCTP, SCTP_DEFAULT_SNDINFO, &info,
				sizeof(info)));
	/* Which is of no use to one whose association is not up. */
	if (!one_to_one(&variant->fl))
		ASSERT_EQ(1, send_cmsg(fd, &to, 0, NULL, 0, "3", 1, 0));
	recv_assoc_change(_metadata, fd, SCTP_CANT_STR_ASSOC);
	for (n = 1; n <= (one_to_one(&variant->fl) ? 2 : 3); n++) {
		recv_failure(_metadata, fd, SCTP_SEND_FAILED_EVENT, &f);
		EXPECT_EQ(n, f.context);
		EXPECT_EQ(SCTP_DATA_UNSENT, f.flags);
		EXPECT_EQ(0, f.error);
		EXPECT_EQ(3, f.part);
		ASSERT_EQ(1, f.len);
		EXPECT_EQ('0' + n, (__u32)f.data[0]);
	}
}

TEST_F(send_failed, default_context)
{
	struct pair *p = &self->p;
	struct sctp_sndrcvinfo old = { .sinfo_context = 7 };
	struct sctp_sndinfo info = { .snd_context = 8 };
	struct failure f;
	int n;

	pair_join(_metadata, &variant->fl, p);
	n = fill_peer(_metadata, &p->client);
	old.sinfo_assoc_id = info.snd_assoc_id = p->client.id;
	ASSERT_EQ(0, setsockopt(p->client.fd, SOL_SCTP, SCTP_DEFAULT_SEND_PARAM,
				&old, sizeof(old)));
	ASSERT_EQ(1, sendto(p->client.fd, "7", 1, 0, &p->addr.sa,
			    addr_len(&p->addr)));
	ASSERT_EQ(0, setsockopt(p->client.fd, SOL_SCTP, SCTP_DEFAULT_SNDINFO,
				&info, sizeof(info)));
	ASSERT_EQ(1, sendto(p->client.fd, "8", 1, 0, &p->addr.sa,
			    addr_len(&p->addr)));
	set_events(_metadata, p->client.fd, EV_SEND_FAILURE);
	wait_for(_metadata, p->server.fd, POLLIN);
	close(p->server.fd);
	do {
		recv_failure(_metadata, p->client.fd, SCTP_SEND_FAILED, &f);
	} while ((int)f.context != n - 1);
	for (n = 7; n <= 8; n++) {
		recv_failure(_metadata, p->client.fd, SCTP_SEND_FAILED, &f);
		EXPECT_EQ(n, (int)f.context);
		EXPECT_EQ(p->client.id, f.id);
		EXPECT_EQ('0' + n, f.data[0]);
	}
}

/* A message whose time is over comes back in the pieces that it was cut into. */
TEST_F(send_failed, lifetime)
{
	static const int parts[] = { 2, 0, 1 };
	struct pair *p = &self->p;
	struct failure f, event;
	unsigned char buf[LEN];
	size_t i, from = 0;
	struct rx rx;
	int n = 0;

	set_int(_metadata, p->client.fd, SOL_SCTP, SCTP_MAXSEG, 500);
	pair_join(_metadata, &variant->fl, p);
	fill_peer(_metadata, &p->client);
	set_events(_metadata, p->client.fd,
		   EV_SEND_FAILURE | EV_SEND_FAILURE_EVENT);
	ASSERT_EQ(100, send_message(&p->client, 100, SCTP_UNORDERED, 1, 100));
	ASSERT_EQ(1300, send_message(&p->client, 1300, 0, 1, 200));
	ASSERT_EQ(100, send_message(&p->client, 100, 0, 0, 300));
	/* The C module looks when it could send them. */
	poll_fd(p->client.fd, POLLIN, 50);
	do {
		recv_wait(_metadata, p->server.fd, buf, sizeof(buf), &rx);
		ASSERT_LT(0, rx.len);
		n += !!(rx.flags & MSG_EOR);
	} while (n < 61);
	ASSERT_EQ(100, rx.len);
	EXPECT_TRUE(intact(buf, 0, 100, 300));
	expect_nothing(_metadata, p->server.fd);

	recv_failure(_metadata, p->client.fd, SCTP_SEND_FAILED, &f);
	recv_failure(_metadata, p->client.fd, SCTP_SEND_FAILED_EVENT, &event);
	EXPECT_EQ(0, memcmp(&f, &event, sizeof(f)));
	EXPECT_EQ(SCTP_DATA_UNSENT, f.flags);
	EXPECT_EQ(0, f.error);
	EXPECT_EQ(3 | UNORDERED, f.part);
	EXPECT_EQ(100, f.context);
	EXPECT_EQ(100, f.len);
	EXPECT_TRUE(intact(f.data, 0, 100, 100));
	for (i = 0; i < 3; i++) {
		recv_failure(_metadata, p->client.fd, SCTP_SEND_FAILED, &f);
		recv_failure(_metadata, p->client.fd, SCTP_SEND_FAILED_EVENT,
			     &event);
		EXPECT_EQ(0, memcmp(&f, &event, sizeof(f)));
		EXPECT_EQ(parts[i], f.part);
		EXPECT_EQ(200, f.context);
		EXPECT_EQ(i < 2 ? 500 : 300, f.len);
		EXPECT_TRUE(intact(f.data, from, f.len, 200));
		from += f.len;
	}
	expect_nothing(_metadata, p->client.fd);
}

static void recv_dry(struct __test_metadata *_metadata, const struct end *end)
{
	union sctp_notification sn;

	recv_notification(_metadata, end->fd, SCTP_SENDER_DRY_EVENT, &sn,
			  sizeof(sn));
	EXPECT_EQ(sizeof(sn.sn_sender_dry_event), sn.sn_header.sn_length);
	EXPECT_EQ(0, sn.sn_header.sn_flags);
	EXPECT_EQ(end->id, sn.sn_sender_dry_event.sender_dry_assoc_id);
}

static void set_dry(struct __test_metadata *_metadata, int fd, sctp_assoc_t id,
		    bool on)
{
	struct sctp_event event = { id, SCTP_SENDER_DRY_EVENT, on };

	ASSERT_EQ(0, setsockopt(fd, SOL_SCTP, SCTP_EVENT, &event,
				sizeof(event)));
}

/* Told after what was sent, and not because an association begins. */
TEST_F(send_failed, dry)
{
	struct pair *p = &self->p;
	int n;

	pair_join(_metadata, &variant->fl, p);
	set_dry(_metadata, p->client.fd, p->client.id, true);
	recv_dry(_metadata, &p->client);
	for (n = 0; n < 3; n++) {
		send_pattern(_metadata, &p->client, 100, 0, n);
		recv_pattern(_metadata, p->server.fd, 100, n, NULL);
		recv_dry(_metadata, &p->client);
	}
	expect_nothing(_metadata, p->client.fd);
	set_dry(_metadata, p->client.fd, p->client.id, false);
	send_pattern(_metadata, &p->client, 100, 0, n);
	recv_pattern(_metadata, p->server.fd, 100, n, NULL);
	send_pattern(_metadata, &p->server, 100, 0, n);
	recv_pattern(_metadata, p->client.fd, 100, n, NULL);
	expect_nothing(_metadata, p->client.fd);
}

TEST_F(send_failed, dry_not_at_the_beginning)
{
	struct pair *p = &self->p;

	set_dry(_metadata, p->client.fd, SCTP_FUTURE_ASSOC, true);
	set_dry(_metadata, p->listener, SCTP_FUTURE_ASSOC, true);
	ASSERT_EQ(0, connect(p->client.fd, &p->addr.sa, addr_len(&p->addr)));
	p->server.fd = p->listener;
	if (one_to_one(&variant->fl)) {
		wait_for(_metadata, p->listener, POLLIN);
		p->server.fd = accept(p->listener, NULL, NULL);
		ASSERT_LE(0, p->server.fd);
	}
	expect_nothing(_metadata, p->client.fd);
	expect_nothing(_metadata, p->server.fd);
}

/* Who subscribes is told at once, unless there is something to be sent. */
TEST_F(send_failed, dry_on_subscription)
{
	struct pair *p = &self->p;
	bool single = one_to_one(&variant->fl);
	char buf[LEN];
	struct rx rx;
	int n, all;

	pair_join(_metadata, &variant->fl, p);
	/* This way those with several associations are not told. */
	set_events(_metadata, p->client.fd, EV_SENDER_DRY);
	if (single)
		recv_dry(_metadata, &p->client);
	expect_nothing(_metadata, p->client.fd);
	set_dry(_metadata, p->client.fd, p->client.id, false);
	set_dry(_metadata, p->client.fd, p->client.id, true);
	recv_dry(_metadata, &p->client);
	if (!single) {
		set_dry(_metadata, p->client.fd, SCTP_FUTURE_ASSOC, true);
		expect_nothing(_metadata, p->client.fd);
		set_dry(_metadata, p->client.fd, SCTP_CURRENT_ASSOC, true);
		recv_dry(_metadata, &p->client);
		set_dry(_metadata, p->client.fd, SCTP_ALL_ASSOC, true);
		recv_dry(_metadata, &p->client);
	}
	set_dry(_metadata, p->client.fd, p->client.id, false);

	all = fill_peer(_metadata, &p->client);
	set_dry(_metadata, p->client.fd, p->client.id, true);
	expect_nothing(_metadata, p->client.fd);
	for (n = 0; n < all; n += !!(rx.flags & MSG_EOR)) {
		recv_wait(_metadata, p->server.fd, buf, sizeof(buf), &rx);
		ASSERT_LT(0, rx.len);
	}
	recv_dry(_metadata, &p->client);
}

/* A message that was not finished: what was handed in of it, and no end. */
TEST_F(send_failed, unfinished)
{
	struct sctp_sndinfo info = { .snd_sid = 1 };
	union test_addr to = black_hole(&variant->fl, 1234);
	int fd = self->p.client.fd;
	struct failure f;
	int i;

	if (is_c_module())
		SKIP(return, "the C module has no SCTP_EXPLICIT_EOR");
	add_black_hole(_metadata);
	set_initmsg(_metadata, fd, 10, 10, 1, 1000);
	set_events(_metadata, fd, EV_ASSOC | EV_SEND_FAILURE_EVENT);
	set_nonblock(_metadata, fd, true);
	set_int(_metadata, fd, SOL_SCTP, SCTP_EXPLICIT_EOR, 1);
	for (i = 1; i <= 2; i++) {
		info.snd_context = i;
		ASSERT_EQ(1, send_sndinfo(fd, &to, &info, "x", 1, 0));
	}
	recv_assoc_change(_metadata, fd, SCTP_CANT_STR_ASSOC);
	for (i = 1; i <= 2; i++) {
		recv_failure(_metadata, fd, SCTP_SEND_FAILED_EVENT, &f);
		EXPECT_EQ(i, f.context);
		EXPECT_EQ(i == 1 ? 2 : 0, f.part);
		EXPECT_EQ(1, f.len);
	}
}

/* What is still to come of a message that was given up comes back, too. */
TEST_F(send_failed, rest_of_a_message)
{
	struct end *client = &self->p.client;
	struct failure f;
	int i;

	if (is_c_module())
		SKIP(return, "the C module has no SCTP_EXPLICIT_EOR");
	pair_join(_metadata, &variant->fl, &self->p);
	fill_peer(_metadata, client);
	set_events(_metadata, client->fd, EV_SEND_FAILURE_EVENT);
	set_int(_metadata, client->fd, SOL_SCTP, SCTP_EXPLICIT_EOR, 1);
	ASSERT_EQ(10, send_message(client, 10, 0, 20, 0));
	recv_failure(_metadata, client->fd, SCTP_SEND_FAILED_EVENT, &f);
	EXPECT_EQ(2, f.part);
	for (i = 1; i <= 2; i++) {
		ASSERT_EQ(10, send_message(client, 10, i == 2 ? SCTP_EOR : 0, 0,
					   i));
		recv_failure(_metadata, client->fd, SCTP_SEND_FAILED_EVENT, &f);
		EXPECT_EQ(i, f.context);
		EXPECT_EQ(i == 2 ? 1 : 0, f.part);
		EXPECT_EQ(SCTP_DATA_UNSENT, f.flags);
		EXPECT_TRUE(intact(f.data, 0, 10, i));
	}
	/* The next one is another message. */
	ASSERT_EQ(10, send_message(client, 10, SCTP_EOR, 0, 3));
	expect_nothing(_metadata, client->fd);
}

TEST_HARNESS_MAIN
