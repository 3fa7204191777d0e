// SPDX-License-Identifier: GPL-2.0
/*
 * Streams: how many there are after negotiation, order within each, and none
 * between them. RFC 9260 sections 5.1.1 and 6.5, RFC 6458 section 8.1.3.
 */
#include "sctp_util.h"

FIXTURE(streams) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(streams);
SCTP_VARIANTS(streams);

FIXTURE_SETUP(streams)
{
	enter_netns(_metadata);
	self->p.listener = listening_socket(_metadata, &variant->fl,
					    &self->p.addr);
	self->p.client.fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(streams)
{
}

static void expect_streams(struct __test_metadata *_metadata,
			   const struct pair *p, int up, int down)
{
	struct sctp_status st = get_status(_metadata, &p->client);

	EXPECT_EQ(up, st.sstat_outstrms);
	EXPECT_EQ(down, st.sstat_instrms);
	st = get_status(_metadata, &p->server);
	EXPECT_EQ(down, st.sstat_outstrms);
	EXPECT_EQ(up, st.sstat_instrms);
}

TEST_F(streams, defaults)
{
	pair_join(_metadata, &variant->fl, &self->p);
	expect_streams(_metadata, &self->p, 10, 10);
}

/* Each direction has the lesser of what one offers and the other takes. */
TEST_F(streams, negotiated)
{
	set_initmsg(_metadata, self->p.client.fd, 20, 7, 0, 0);
	set_initmsg(_metadata, self->p.listener, 30, 5, 0, 0);
	pair_join(_metadata, &variant->fl, &self->p);
	expect_streams(_metadata, &self->p, 5, 7);

	EXPECT_EQ(-1, send_end(&self->p.client, "x", 1, 5, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, send_end(&self->p.server, "x", 1, 7, 0));
	EXPECT_EQ(EINVAL, errno);
	send_pattern(_metadata, &self->p.client, 10, 4, 1);
	recv_pattern(_metadata, self->p.server.fd, 10, 1, NULL);
	send_pattern(_metadata, &self->p.server, 10, 6, 1);
	recv_pattern(_metadata, self->p.client.fd, 10, 1, NULL);
}

TEST_F(streams, single)
{
	set_initmsg(_metadata, self->p.client.fd, 1, 1, 0, 0);
	pair_join(_metadata, &variant->fl, &self->p);
	expect_streams(_metadata, &self->p, 1, 1);
	EXPECT_EQ(-1, send_end(&self->p.client, "x", 1, 1, 0));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(streams, most)
{
	struct rx rx;

	set_initmsg(_metadata, self->p.client.fd, 65535, 65535, 0, 0);
	set_initmsg(_metadata, self->p.listener, 65535, 65535, 0, 0);
	pair_join(_metadata, &variant->fl, &self->p);
	expect_streams(_metadata, &self->p, 65535, 65535);
	set_int(_metadata, self->p.server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	send_pattern(_metadata, &self->p.client, 10, 65534, 1);
	recv_pattern(_metadata, self->p.server.fd, 10, 1, &rx);
	EXPECT_EQ(65534, rx.rcvinfo.rcv_sid);
	send_pattern(_metadata, &self->p.client, 10, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 10, 1, &rx);
	EXPECT_EQ(0, rx.rcvinfo.rcv_sid);
}

static size_t order_len(int i)
{
	return 1 + i * 131 % 3900;
}

/* Reads a message: the next of its stream, whole, wherever it is cut. */
static void take_in_order(struct __test_metadata *_metadata, int fd,
			  unsigned int *next)
{
	unsigned char buf[4000];
	size_t from = 0;
	struct rx rx;
	int sid, i;

	do {
		ASSERT_LT(0, recv_wait(_metadata, fd, buf, sizeof(buf), &rx));
		ASSERT_TRUE(rx.has_rcvinfo);
		sid = rx.rcvinfo.rcv_sid;
		ASSERT_GT(8, sid);
		ASSERT_EQ(next[sid], rx.rcvinfo.rcv_ssn);
		/* The seed of the n-th message on a stream is known. */
		i = next[sid] * 8 + sid * 7 % 8;
		ASSERT_TRUE(intact(buf, from, rx.len, i));
		from += rx.len;
	} while (!(rx.flags & MSG_EOR));
	ASSERT_EQ(order_len(i), from);
	next[sid]++;
}

/* Messages of many sizes on eight streams: each stream's in its order. */
TEST_F(streams, order)
{
	int fd, i, sent = 0, taken = 0;
	unsigned int next[8] = { 0 };
	unsigned char buf[4000];

	pair_join(_metadata, &variant->fl, &self->p);
	fd = self->p.server.fd;
	set_int(_metadata, fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	while (sent < 400) {
		fill(buf, order_len(sent), sent);
		if (send_end(&self->p.client, buf, order_len(sent),
			     sent * 7 % 8, MSG_DONTWAIT) > 0) {
			sent++;
			continue;
		}
		/* Full: make room at the other end. */
		ASSERT_EQ(EAGAIN, errno);
		take_in_order(_metadata, fd, next);
		taken++;
	}
	for (; taken < 400; taken++)
		take_in_order(_metadata, fd, next);
	for (i = 0; i < 8; i++)
		EXPECT_EQ(50, next[i]);
	expect_nothing(_metadata, fd);
}

TEST_F(streams, ordered_and_unordered)
{
	struct sctp_sndinfo info = { 0 };
	bool seen[60] = { false };
	unsigned char buf[2000];
	int i, last = -1;
	struct rx rx;

	pair_join(_metadata, &variant->fl, &self->p);
	set_int(_metadata, self->p.server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	info.snd_assoc_id = self->p.client.id;
	for (i = 0; i < 60; i++) {
		info.snd_flags = i % 3 ? SCTP_UNORDERED : 0;
		info.snd_ppid = htonl(i);
		fill(buf, 100 + i * 30, i);
		ASSERT_EQ(100 + i * 30,
			  send_sndinfo(self->p.client.fd, NULL, &info, buf,
				       100 + i * 30, 0));
	}
	for (i = 0; i < 60; i++) {
		int n;

		ASSERT_LT(0, recv_wait(_metadata, self->p.server.fd, buf,
				       sizeof(buf), &rx));
		ASSERT_TRUE(rx.has_rcvinfo);
		n = ntohl(rx.rcvinfo.rcv_ppid);
		ASSERT_GT(60, n);
		ASSERT_FALSE(seen[n]);
		seen[n] = true;
		ASSERT_EQ(100 + n * 30, rx.len);
		ASSERT_TRUE(intact(buf, 0, rx.len, n));
		EXPECT_EQ(n % 3 ? SCTP_UNORDERED : 0, rx.rcvinfo.rcv_flags);
		if (n % 3 == 0) {
			EXPECT_LT(last, n);
			last = n;
		}
	}
}

TEST_HARNESS_MAIN
