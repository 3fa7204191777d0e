// SPDX-License-Identifier: GPL-2.0
/*
 * SCTP_STREAM_SCHEDULER and SCTP_STREAM_SCHEDULER_VALUE (RFC 8260 sections
 * 4.3.2 and 4.3.3): whose message is sent next.
 */
#include "sctp_util.h"

/* Older headers do not have all of them. */
#define SS_FC	3
#define SS_WFQ	4

FIXTURE(schedule) {
	struct pair p;
	int fd;		/* not connected */
};

SCTP_FIXTURE_VARIANT(schedule);
SCTP_VARIANTS(schedule);

FIXTURE_SETUP(schedule)
{
	struct pair *p = &self->p;

	enter_netns(_metadata);
	p->listener = listening_socket(_metadata, &variant->fl, &p->addr);
	p->client.fd = open_socket(_metadata, &variant->fl);
	self->fd = open_socket(_metadata, &variant->fl);
	/* Of what is sent, little is taken before it is read. */
	set_int(_metadata, p->listener, SOL_SOCKET, SO_RCVBUF, 8000);
	set_int(_metadata, p->client.fd, SOL_SOCKET, SO_SNDBUF, 400000);
	pair_join(_metadata, &variant->fl, p);
}

FIXTURE_TEARDOWN(schedule)
{
}

static int set_stream(int fd, int id, int stream, int v)
{
	struct sctp_stream_value value = { id, stream, v };

	return ERR_SET(fd, SCTP_STREAM_SCHEDULER_VALUE, value);
}

static int get_stream(int fd, int id, int stream)
{
	struct sctp_stream_value value = { id, stream, 0xa5a5 };
	int err = ERR_GET(fd, SCTP_STREAM_SCHEDULER_VALUE, value);

	return err ? -err : value.stream_value;
}

TEST_F(schedule, chosen)
{
	int fd = self->p.client.fd, id = self->p.client.id, i;
	int name = SCTP_STREAM_SCHEDULER;

	EXPECT_EQ(SCTP_SS_FCFS, get_value(fd, name, id));
	for (i = SCTP_SS_FCFS; i <= SS_WFQ; i++) {
		EXPECT_EQ(0, set_value(fd, name, id, i));
		EXPECT_EQ(i, get_value(fd, name, id));
	}
	EXPECT_EQ(EINVAL, set_value(fd, name, id, SS_WFQ + 1));
	EXPECT_EQ(EINVAL, set_value(fd, name, id, ~0u));
	EXPECT_EQ(SS_WFQ, get_value(fd, name, id));

	/* What later associations begin with. */
	EXPECT_EQ(SCTP_SS_FCFS, get_value(self->fd, name, SCTP_FUTURE_ASSOC));
	EXPECT_EQ(0, set_value(self->fd, name, SCTP_FUTURE_ASSOC, SCTP_SS_RR));
	EXPECT_EQ(SCTP_SS_RR, get_value(self->fd, name, SCTP_FUTURE_ASSOC));
	if (one_to_one(&variant->fl))
		return;
	EXPECT_EQ(EINVAL, set_value(fd, name, id + 1000, SCTP_SS_RR));
	EXPECT_EQ(-EINVAL, get_value(fd, name, id + 1000));
	EXPECT_EQ(-EINVAL, get_value(fd, name, SCTP_CURRENT_ASSOC));
	EXPECT_EQ(0, set_value(fd, name, SCTP_FUTURE_ASSOC, SCTP_SS_PRIO));
	EXPECT_EQ(SS_WFQ, get_value(fd, name, id));
	EXPECT_EQ(0, set_value(fd, name, SCTP_CURRENT_ASSOC, SS_FC));
	EXPECT_EQ(SS_FC, get_value(fd, name, id));
	EXPECT_EQ(SCTP_SS_PRIO, get_value(fd, name, SCTP_FUTURE_ASSOC));
	EXPECT_EQ(0, set_value(fd, name, SCTP_ALL_ASSOC, SCTP_SS_RR));
	EXPECT_EQ(SCTP_SS_RR, get_value(fd, name, id));
	EXPECT_EQ(SCTP_SS_RR, get_value(fd, name, SCTP_FUTURE_ASSOC));
}

TEST_F(schedule, inherited)
{
	struct pair *p = &self->p;
	int name = SCTP_STREAM_SCHEDULER;

	ASSERT_EQ(0, set_value(self->fd, name, SCTP_FUTURE_ASSOC,
			       SCTP_SS_PRIO));
	p->client.fd = self->fd;
	pair_join(_metadata, &variant->fl, p);
	EXPECT_EQ(SCTP_SS_PRIO, get_value(p->client.fd, name, p->client.id));
	EXPECT_EQ(SCTP_SS_FCFS, get_value(p->server.fd, name, p->server.id));
}

TEST_F(schedule, values)
{
	int fd = self->p.client.fd, id = self->p.client.id;
	int name = SCTP_STREAM_SCHEDULER;

	/* Nobody comes before others then, whatever is wished for. */
	EXPECT_EQ(0, set_stream(fd, id, 3, 7));
	ASSERT_EQ(0, set_value(fd, name, id, SCTP_SS_PRIO));
	EXPECT_EQ(0, get_stream(fd, id, 3));
	EXPECT_EQ(0, set_stream(fd, id, 3, 7));
	EXPECT_EQ(7, get_stream(fd, id, 3));
	/* The C module does not answer for a stream that was never used. */
	EXPECT_TRUE(get_stream(fd, id, 4) == 0 || is_c_module());
	/* A choice that is none forgets nothing, another one does. */
	ASSERT_EQ(0, set_value(fd, name, id, SCTP_SS_PRIO));
	EXPECT_EQ(7, get_stream(fd, id, 3));
	ASSERT_EQ(0, set_value(fd, name, id, SS_WFQ));
	EXPECT_EQ(EINVAL, set_stream(fd, id, 3, 0));
	EXPECT_EQ(0, set_stream(fd, id, 3, 9));
	EXPECT_EQ(9, get_stream(fd, id, 3));

	EXPECT_EQ(EINVAL, set_stream(fd, id, 10, 1));
	EXPECT_EQ(-EINVAL, get_stream(fd, id, 10));
	EXPECT_EQ(-EINVAL, get_stream(self->fd, SCTP_FUTURE_ASSOC, 0));
	if (one_to_one(&variant->fl))
		return;
	EXPECT_EQ(EINVAL, set_stream(fd, SCTP_FUTURE_ASSOC, 0, 1));
	EXPECT_EQ(-EINVAL, get_stream(fd, SCTP_FUTURE_ASSOC, 0));
	EXPECT_EQ(0, set_stream(fd, SCTP_CURRENT_ASSOC, 3, 5));
	EXPECT_EQ(5, get_stream(fd, id, 3));
	EXPECT_EQ(EINVAL, set_stream(fd, SCTP_CURRENT_ASSOC, 3, 0));
	EXPECT_EQ(EINVAL, set_stream(fd, SCTP_CURRENT_ASSOC, 10, 1));
	EXPECT_EQ(-EINVAL, get_stream(fd, SCTP_CURRENT_ASSOC, 3));
	EXPECT_EQ(EINVAL, set_stream(fd, id + 1000, 0, 1));
}

#define COUNT	60

/* Fills the peer's window, and more, with large messages of stream 1. */
static void send_large(struct __test_metadata *_metadata, const struct pair *p)
{
	int i;

	for (i = 0; i < COUNT; i++)
		send_pattern(_metadata, &p->client, 1200, 1, i);
}

/* Receives @count messages and says which were of @stream, as a sum of places. */
static void places_of(struct __test_metadata *_metadata, const struct pair *p,
		      int count, int stream, int *places)
{
	char buf[2000];
	struct rx rx;
	int i;

	for (i = 0; i < count; i++) {
		ASSERT_LT(0, recv_wait(_metadata, p->server.fd, buf,
				       sizeof(buf), &rx));
		ASSERT_TRUE(rx.has_rcvinfo);
		if (rx.rcvinfo.rcv_sid == stream)
			*places++ = i;
	}
}

TEST_F(schedule, priority)
{
	struct pair *p = &self->p;
	int fd = p->client.fd, id = p->client.id, at[3];

	set_int(_metadata, p->server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	ASSERT_EQ(0, set_value(fd, SCTP_STREAM_SCHEDULER, id, SCTP_SS_PRIO));
	ASSERT_EQ(0, set_stream(fd, id, 1, 1));
	send_large(_metadata, p);
	send_pattern(_metadata, &p->client, 10, 0, 1);
	send_pattern(_metadata, &p->client, 10, 2, 1);
	send_pattern(_metadata, &p->client, 10, 0, 1);
	places_of(_metadata, p, COUNT + 3, 0, at);
	/*
	 * Behind what had been sent already, and taking turns. A SACK may come
	 * before the last of them was handed in, and let a large message go;
	 * with the C module, several come in between.
	 */
	EXPECT_GT(COUNT / 2, at[0]);
	EXPECT_LE(at[0] + 2, at[1]);
	EXPECT_TRUE(at[1] <= at[0] + 3 || is_c_module());
	EXPECT_GT(COUNT / 2, at[1]);
}

TEST_F(schedule, round_robin)
{
	struct pair *p = &self->p;
	int fd = p->client.fd, id = p->client.id, at[3], i;

	set_int(_metadata, p->server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	ASSERT_EQ(0, set_value(fd, SCTP_STREAM_SCHEDULER, id, SCTP_SS_RR));
	send_large(_metadata, p);
	for (i = 0; i < 3; i++)
		send_pattern(_metadata, &p->client, 10, 0, 1);
	places_of(_metadata, p, COUNT + 3, 0, at);
	EXPECT_GT(COUNT / 2, at[0]);
	EXPECT_EQ(at[0] + 2, at[1]);
	EXPECT_EQ(at[1] + 2, at[2]);
}

TEST_F(schedule, first_come)
{
	struct pair *p = &self->p;
	int at[1];

	set_int(_metadata, p->server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	send_large(_metadata, p);
	send_pattern(_metadata, &p->client, 10, 0, 1);
	places_of(_metadata, p, COUNT + 1, 0, at);
	EXPECT_EQ(COUNT, at[0]);
}

TEST_HARNESS_MAIN
