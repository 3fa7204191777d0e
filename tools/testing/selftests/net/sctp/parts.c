// SPDX-License-Identifier: GPL-2.0
/*
 * Messages that are delivered in parts: from which length on, what is told when
 * one is broken off, and whether others may come in between. RFC 6458 sections
 * 6.1.7, 8.1.20 and 8.1.21.
 */
#include "sctp_util.h"

FIXTURE(parts) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(parts);
SCTP_VARIANTS(parts);

FIXTURE_SETUP(parts)
{
	enter_netns(_metadata);
	self->p.listener = listening_socket(_metadata, &variant->fl,
					    &self->p.addr);
	self->p.client.fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(parts)
{
}

static void set_point(struct __test_metadata *_metadata, int fd, int bytes)
{
	set_int(_metadata, fd, SOL_SCTP, SCTP_PARTIAL_DELIVERY_POINT, bytes);
}

static int get_point(struct __test_metadata *_metadata, int fd)
{
	return get_int(_metadata, fd, SOL_SCTP, SCTP_PARTIAL_DELIVERY_POINT);
}

/* At most as much as a window that takes half of the buffer. */
TEST_F(parts, point_limits)
{
	int fd = self->p.client.fd, most;

	EXPECT_EQ(0, get_point(_metadata, fd));
	most = get_int(_metadata, fd, SOL_SOCKET, SO_RCVBUF) / 2;
	set_point(_metadata, fd, most);
	most++;
	EXPECT_EQ(-1, setsockopt(fd, SOL_SCTP, SCTP_PARTIAL_DELIVERY_POINT,
				 &most, sizeof(most)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(most - 1, get_point(_metadata, fd));
	set_point(_metadata, self->p.listener, 1234);
	pair_join(_metadata, &variant->fl, &self->p);
	EXPECT_EQ(1234, get_point(_metadata, self->p.server.fd));
}

/* It counts for associations that there are, and for later ones. */
TEST_F(parts, from_the_point_on)
{
	unsigned char buf[20000];
	struct rx rx;
	int i;

	set_point(_metadata, self->p.listener, 3000);
	pair_join(_metadata, &variant->fl, &self->p);
	for (i = 0; i < 2; i++) {
		send_pattern(_metadata, &self->p.client, 10000, 0, i);
		recv_wait(_metadata, self->p.server.fd, buf, sizeof(buf), &rx);
		EXPECT_EQ(0, rx.flags);
		EXPECT_LE(3000, rx.len);
		/* Packets that have come together count together. */
		EXPECT_GT(10000, rx.len);
		EXPECT_TRUE(intact(buf, 0, rx.len, i));
		recv_parts(_metadata, self->p.server.fd, rx.len, 10000, i,
			   sizeof(buf));
		/* What is not so long comes as a whole. */
		send_pattern(_metadata, &self->p.client, 2900, 0, i);
		recv_pattern(_metadata, self->p.server.fd, 2900, i, NULL);
		set_point(_metadata, self->p.server.fd, 0);
		send_pattern(_metadata, &self->p.client, 10000, 0, i);
		recv_pattern(_metadata, self->p.server.fd, 10000, i, NULL);
		set_point(_metadata, self->p.server.fd, 3000);
	}
}

#define HUGE 100000
#define STREAM 3

/*
 * Sends a message that the receiver has no room for, the second one of a
 * stream, and reads what comes of it. Says how much that was.
 */
static size_t begin(struct __test_metadata *_metadata, const struct flavour *fl,
		    struct pair *p, int events)
{
	unsigned char *buf = malloc(HUGE);
	struct rx rx;

	set_int(_metadata, p->client.fd, SOL_SOCKET, SO_SNDBUF, 2 * HUGE);
	set_int(_metadata, p->listener, SOL_SOCKET, SO_RCVBUF, 20000);
	set_point(_metadata, p->listener, 1000);
	pair_join(_metadata, fl, p);
	set_events(_metadata, p->server.fd, events);
	send_pattern(_metadata, &p->client, 500, STREAM, 1);
	recv_pattern(_metadata, p->server.fd, 500, 1, NULL);

	send_pattern(_metadata, &p->client, HUGE, STREAM, 2);
	ASSERT_LT(0, recv_wait(_metadata, p->server.fd, buf, HUGE, &rx));
	ASSERT_EQ(0, rx.flags);
	ASSERT_TRUE(intact(buf, 0, rx.len, 2));
	free(buf);
	return rx.len;
}

/* Reads what is left of the parts, and then that this is all. */
static void expect_broken_off(struct __test_metadata *_metadata, struct pair *p,
			      size_t from)
{
	union {
		union sctp_notification sn;
		unsigned char buf[HUGE];
	} u;
	struct sctp_pdapi_event *pdapi = &u.sn.sn_pdapi_event;
	struct rx rx;

	for (;; from += rx.len) {
		recv_wait(_metadata, p->server.fd, &u, sizeof(u), &rx);
		ASSERT_LT(0, rx.len);
		if (rx.flags)
			break;
		ASSERT_GT(HUGE, from + rx.len);
		ASSERT_TRUE(intact(u.buf, from, rx.len, 2));
	}
	ASSERT_EQ(MSG_NOTIFICATION | MSG_EOR, rx.flags);
	ASSERT_EQ(24, sizeof(*pdapi));
	ASSERT_EQ((ssize_t)sizeof(*pdapi), rx.len);
	EXPECT_EQ(SCTP_PARTIAL_DELIVERY_EVENT, pdapi->pdapi_type);
	EXPECT_EQ(0, pdapi->pdapi_flags);
	EXPECT_EQ(sizeof(*pdapi), pdapi->pdapi_length);
	EXPECT_EQ(SCTP_PARTIAL_DELIVERY_ABORTED, pdapi->pdapi_indication);
	EXPECT_EQ(p->server.id, pdapi->pdapi_assoc_id);
	/* The C module does not say which. */
	EXPECT_EQ(is_c_module() ? 0 : STREAM, pdapi->pdapi_stream);
	EXPECT_EQ(is_c_module() ? 0 : 1, pdapi->pdapi_seq);
}

TEST_F(parts, broken_off_by_an_abort)
{
	size_t got = begin(_metadata, &variant->fl, &self->p,
			   EV_PARTIAL_DELIVERY | EV_ASSOC);

	set_linger(_metadata, self->p.client.fd, 1, 0);
	close(self->p.client.fd);
	expect_broken_off(_metadata, &self->p, got);
	recv_assoc_change(_metadata, self->p.server.fd, SCTP_COMM_LOST);
}

/*
 * The peer gives the message up after a while, and sends the next one. The C
 * module does not tell its peer if all that it sent had arrived.
 */
TEST_F(parts, broken_off_by_the_peer)
{
	struct sctp_default_prinfo mortal = {
		.pr_policy = SCTP_PR_SCTP_TTL,
		.pr_value = 200,
	};
	struct sctp_prstatus st = { .sprstat_policy = SCTP_PR_SCTP_TTL };
	int client = self->p.client.fd, server;
	socklen_t len = sizeof(st);
	size_t got;

	if (is_c_module())
		return;
	ASSERT_EQ(0, setsockopt(client, SOL_SCTP, SCTP_DEFAULT_PRINFO, &mortal,
				sizeof(mortal)));
	got = begin(_metadata, &variant->fl, &self->p, EV_PARTIAL_DELIVERY);
	server = self->p.server.fd;
	st.sprstat_assoc_id = self->p.client.id;
	wait_until(!getsockopt(client, SOL_SCTP, SCTP_PR_ASSOC_STATUS, &st,
			       &len) &&
		   st.sprstat_abandoned_sent + st.sprstat_abandoned_unsent);
	mortal.pr_assoc_id = self->p.client.id;
	mortal.pr_value = 60000;
	ASSERT_EQ(0, setsockopt(client, SOL_SCTP, SCTP_DEFAULT_PRINFO, &mortal,
				sizeof(mortal)));
	send_pattern(_metadata, &self->p.client, 300, STREAM, 3);
	expect_broken_off(_metadata, &self->p, got);
	recv_pattern(_metadata, server, 300, 3, NULL);
	expect_nothing(_metadata, server);
}

TEST_F(parts, interleave_levels)
{
	int fd = self->p.client.fd, level;

	EXPECT_EQ(0, get_int(_metadata, fd, SOL_SCTP, SCTP_FRAGMENT_INTERLEAVE));
	/* Level 2 is for interleaved streams, which there are not. */
	for (level = 3; level >= 0; level--) {
		set_int(_metadata, fd, SOL_SCTP, SCTP_FRAGMENT_INTERLEAVE,
			level);
		EXPECT_EQ(!!level, get_int(_metadata, fd, SOL_SCTP,
					   SCTP_FRAGMENT_INTERLEAVE));
	}
	set_int(_metadata, self->p.listener, SOL_SCTP, SCTP_FRAGMENT_INTERLEAVE,
		1);
	pair_join(_metadata, &variant->fl, &self->p);
	EXPECT_EQ(1, get_int(_metadata, self->p.server.fd, SOL_SCTP,
			     SCTP_FRAGMENT_INTERLEAVE));
}

#define SMALL 300

/* Another association to the socket that reads. */
static struct end connected_end(struct __test_metadata *_metadata,
				const struct flavour *fl, const struct pair *p)
{
	struct end end = { open_socket(_metadata, fl) };

	set_events(_metadata, end.fd, EV_ASSOC);
	ASSERT_EQ(0, connect(end.fd, &p->addr.sa, addr_len(&p->addr)));
	end.id = recv_assoc_change(_metadata, end.fd, SCTP_COMM_UP)
			 .sac_assoc_id;
	return end;
}

/* One that brings a small message. */
static void send_by_another(struct __test_metadata *_metadata,
			    const struct flavour *fl, const struct pair *p)
{
	struct end other = connected_end(_metadata, fl, p);

	send_pattern(_metadata, &other, SMALL, 0, 3);
	wait_until(get_status(_metadata, &other).sstat_unackdata == 0);
}

TEST_F(parts, not_interrupted_by_others)
{
	size_t got;
	int i;

	if (one_to_one(&variant->fl))
		return;
	got = begin(_metadata, &variant->fl, &self->p, 0);
	for (i = 0; i < 3; i++)
		send_by_another(_metadata, &variant->fl, &self->p);
	recv_parts(_metadata, self->p.server.fd, got, HUGE, 2, HUGE);
	for (i = 0; i < 3; i++)
		recv_pattern(_metadata, self->p.server.fd, SMALL, 3, NULL);
	expect_nothing(_metadata, self->p.server.fd);
}

/* Even if it was not allowed when the message began. */
TEST_F(parts, interrupted_by_others_if_that_is_allowed)
{
	int server = self->p.listener;
	unsigned char buf[HUGE];
	size_t got, others = 0;
	struct rx rx;

	if (one_to_one(&variant->fl))
		return;
	got = begin(_metadata, &variant->fl, &self->p, 0);
	set_int(_metadata, server, SOL_SCTP, SCTP_FRAGMENT_INTERLEAVE, 1);
	send_by_another(_metadata, &variant->fl, &self->p);
	while (got < HUGE) {
		recv_wait(_metadata, server, buf, HUGE, &rx);
		ASSERT_LT(0, rx.len);
		if (rx.len == SMALL && intact(buf, 0, SMALL, 3)) {
			EXPECT_EQ(MSG_EOR, rx.flags);
			others++;
			continue;
		}
		ASSERT_TRUE(intact(buf, got, rx.len, 2));
		got += rx.len;
		EXPECT_EQ(got == HUGE ? MSG_EOR : 0, rx.flags);
	}
	EXPECT_EQ(1, others);
	expect_nothing(_metadata, server);
}

/* Who had to wait comes when there is nothing more to wait for. */
TEST_F(parts, others_come_when_it_is_broken_off)
{
	size_t got;

	if (one_to_one(&variant->fl))
		return;
	got = begin(_metadata, &variant->fl, &self->p, EV_PARTIAL_DELIVERY);
	send_by_another(_metadata, &variant->fl, &self->p);
	set_linger(_metadata, self->p.client.fd, 1, 0);
	close(self->p.client.fd);
	expect_broken_off(_metadata, &self->p, got);
	recv_pattern(_metadata, self->p.server.fd, SMALL, 3, NULL);
}

/* Also to who reads a little at a time, and is told nothing. */
TEST_F(parts, others_come_though_a_part_is_read_in_pieces)
{
	unsigned char buf[100];
	size_t got, at = 0;
	struct rx rx;

	if (one_to_one(&variant->fl))
		return;
	got = begin(_metadata, &variant->fl, &self->p, 0);
	send_by_another(_metadata, &variant->fl, &self->p);
	set_linger(_metadata, self->p.client.fd, 1, 0);
	close(self->p.client.fd);
	while (at < SMALL) {
		ASSERT_LT(0, recv_wait(_metadata, self->p.server.fd, buf,
				       sizeof(buf), &rx));
		if (!at && intact(buf, got, rx.len, 2)) {
			got += rx.len;
			continue;
		}
		ASSERT_TRUE(intact(buf, at, rx.len, 3));
		at += rx.len;
		EXPECT_EQ(at == SMALL ? MSG_EOR : 0, rx.flags);
	}
}

/* Or if the association that is in their way gets a socket of its own. */
TEST_F(parts, others_come_when_it_is_peeled_off)
{
	size_t got;
	int fd;

	if (one_to_one(&variant->fl))
		return;
	got = begin(_metadata, &variant->fl, &self->p, 0);
	send_by_another(_metadata, &variant->fl, &self->p);
	fd = peel_off(_metadata, &self->p.server);
	recv_pattern(_metadata, self->p.server.fd, SMALL, 3, NULL);
	recv_parts(_metadata, fd, got, HUGE, 2, HUGE);
}

#define SENDERS 4
#define MESSAGES 10

/* Every other message is larger than what may come as a whole. */
static size_t size_of(int sender, int message)
{
	return message % 2 ? SMALL : 20000 + 3000 * sender;
}

static unsigned int seed_of(int sender, int message)
{
	return sender * MESSAGES + message;
}

/* Several send at once, and each message comes in one piece, so to speak. */
TEST_F(parts, of_many_senders)
{
	static unsigned char buf[20000 + 3000 * SENDERS];
	int i, n, reading = -1, left = SENDERS * MESSAGES;
	int sent[SENDERS] = { 0 }, got[SENDERS] = { 0 };
	int server = self->p.listener;
	union test_addr from[SENDERS];
	struct end end[SENDERS];
	size_t size, at = 0;
	struct rx rx;
	socklen_t len;

	if (one_to_one(&variant->fl))
		return;
	/*
	 * All associations share it in the C module, where those that wait may
	 * not leave the room that the one needs that they wait for.
	 */
	if (!is_c_module())
		set_int(_metadata, server, SOL_SOCKET, SO_RCVBUF, 30000);
	set_point(_metadata, server, 1000);
	for (i = 0; i < SENDERS; i++) {
		end[i] = connected_end(_metadata, &variant->fl, &self->p);
		len = sizeof(from[i]);
		ASSERT_EQ(0, getsockname(end[i].fd, &from[i].sa, &len));
	}
	while (left) {
		for (i = 0; i < SENDERS; i++) {
			if (sent[i] == MESSAGES)
				continue;
			size = size_of(i, sent[i]);
			fill(buf, size, seed_of(i, sent[i]));
			if (send_end(&end[i], buf, size, 0, MSG_DONTWAIT) >= 0)
				sent[i]++;
			else
				ASSERT_EQ(EAGAIN, errno);
		}
		wait_for(_metadata, server, POLLIN);
		for (n = 0; n < 20; n++) {
			if (recv_rx(server, buf, 1000, MSG_DONTWAIT, &rx) < 0)
				break;
			for (i = 0; i < SENDERS; i++)
				if (port_of(&from[i]) == port_of(&rx.from))
					break;
			ASSERT_GT(SENDERS, i);
			if (reading >= 0)
				ASSERT_EQ(reading, i);
			size = size_of(i, got[i]);
			ASSERT_GE(size, at + rx.len);
			ASSERT_TRUE(intact(buf, at, rx.len, seed_of(i, got[i])));
			at += rx.len;
			reading = i;
			if (!(rx.flags & MSG_EOR))
				continue;
			ASSERT_EQ(size, at);
			reading = -1;
			at = 0;
			got[i]++;
			left--;
		}
	}
	expect_nothing(_metadata, server);
}

TEST_HARNESS_MAIN
