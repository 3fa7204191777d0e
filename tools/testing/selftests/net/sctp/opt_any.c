// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever option there may be at the level of SCTP, RFC 6458 section 8: no
 * byte of an answer is what happened to be there before, none is written
 * beyond the length that is told, and no value or length that is set does harm.
 */
#include <stddef.h>
#include "sctp_util.h"

#define OPTIONS 256
#define ROOM 512

FIXTURE(any) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(any);
SCTP_VARIANTS(any);

FIXTURE_SETUP(any)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(any)
{
}

/* What the caller has to fill in, where that is not an id at the beginning. */
static const struct question {
	int name;
	int id;		/* where the id is */
	int address;	/* where the address of the peer is, or 0 */
	int end;	/* of all that */
} questions[] = {
	{ SCTP_PRIMARY_ADDR, 0, 4, 132 },
	{ SCTP_PEER_ADDR_PARAMS, 0, 4, 132 },
	{ SCTP_GET_PEER_ADDR_INFO, 0, 4, 132 },
	{ SCTP_PEER_ADDR_THLDS, 0, 8, 136 },
	{ SCTP_PEER_ADDR_THLDS_V2, 0, 8, 136 },
	{ SCTP_REMOTE_UDP_ENCAPS_PORT, 0, 8, 136 },
	{ SCTP_PLPMTUD_PROBE_INTERVAL, 0, 8, 136 },
	{ SCTP_DEFAULT_SEND_PARAM, offsetof(struct sctp_sndrcvinfo,
					    sinfo_assoc_id), 0, 0 },
	{ SCTP_DEFAULT_SNDINFO, offsetof(struct sctp_sndinfo, snd_assoc_id), 0,
	  0 },
	{ SCTP_EVENT, 0, 0, 6 },
	{ SCTP_PR_ASSOC_STATUS, 0, 0, 8 },
	{ SCTP_PR_STREAM_STATUS, 0, 0, 8 },
	{ SCTP_STREAM_SCHEDULER_VALUE, 0, 0, 6 },
};

/* Fills @buf with @poison but for what option @name is to be asked with. */
static void ask(const struct pair *p, int name, int poison, char *buf)
{
	const struct question *q = NULL;
	int i, id = 0, end;

	for (i = 0; i < ARRAY_SIZE(questions); i++)
		if (questions[i].name == name)
			q = &questions[i];
	memset(buf, poison, ROOM);
	if (q)
		id = q->id;
	end = q && q->end ? q->end : id + sizeof(p->client.id);
	memset(buf + id, 0, end - id);
	memcpy(buf + id, &p->client.id, sizeof(p->client.id));
	if (q && q->address)
		memcpy(buf + q->address, &p->addr, sizeof(p->addr));
	if (name == SCTP_EVENT)
		((struct sctp_event *)buf)->se_type = SCTP_SHUTDOWN_EVENT;
	if (name == SCTP_PR_ASSOC_STATUS || name == SCTP_PR_STREAM_STATUS)
		((struct sctp_prstatus *)buf)->sprstat_policy =
			SCTP_PR_SCTP_ALL;
}

/* Options that make a new socket or association of what they are asked with. */
static bool does_something(int name)
{
	return name == SCTP_SOCKOPT_PEELOFF ||
	       name == SCTP_SOCKOPT_PEELOFF_FLAGS ||
	       name == SCTP_SOCKOPT_CONNECTX3;
}

static bool only_poison(const char *buf, size_t from, int poison)
{
	size_t i;

	for (i = from; i < ROOM; i++)
		if (buf[i] != (char)poison)
			return false;
	return true;
}

TEST_F(any, no_byte_of_an_answer_is_left_over)
{
	static const int poison[2] = { 0xa5, 0x5a };
	int fd = self->p.client.fd, name, i, ret[2], known = 0;
	char buf[2][ROOM], asked[ROOM];
	socklen_t room, most, len[2];

	for (name = 0; name < OPTIONS; name++) {
		if (does_something(name))
			continue;
		ask(&self->p, name, 0, buf[0]);
		most = ROOM / 2;
		if (getsockopt(fd, SOL_SCTP, name, buf[0], &most))
			most = 16;
		else
			known++;
		for (room = 0; room <= most + 8; room++) {
			for (i = 0; i < 2; i++) {
				ask(&self->p, name, poison[i], buf[i]);
				len[i] = room;
				ret[i] = getsockopt(fd, SOL_SCTP, name, buf[i],
						    &len[i]);
				if (ret[i]) {
					ask(&self->p, name, poison[i], asked);
					EXPECT_EQ(0, memcmp(asked, buf[i],
							    ROOM));
					continue;
				}
				/* The length is that of the list behind it. */
				if (name == SCTP_GET_LOCAL_ADDRS)
					len[i] += sizeof(struct sctp_getaddrs);
				ASSERT_GE(room, len[i])
					TH_LOG("option %d", name);
				/* A question may reach further. */
				ask(&self->p, name, poison[i], asked);
				EXPECT_EQ(0, memcmp(asked + len[i],
						    buf[i] + len[i],
						    ROOM - len[i]))
					TH_LOG("option %d, room %u", name,
					       room);
			}
			ASSERT_EQ(ret[0], ret[1]);
			if (ret[0])
				continue;
			ASSERT_EQ(len[0], len[1]);
			/* The C module leaves padding as it got it. */
			if (!is_c_module())
				EXPECT_EQ(0, memcmp(buf[0], buf[1], len[0]))
					TH_LOG("option %d, room %u", name,
					       room);
		}
	}
	/* Or this has asked in the wrong way. */
	EXPECT_LE(35, known);
}

/* Notifications and ancillary data, too. */
TEST_F(any, no_byte_of_a_message_is_left_over)
{
	static const int poison[2] = { 0xa5, 0x5a };
	char buf[2][ROOM], control[2][ROOM];
	struct pair *p = &self->p;
	struct msghdr msg = { 0 };
	struct iovec iov;
	ssize_t got[2];
	int i, round;

	set_int(_metadata, p->server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	set_int(_metadata, p->server.fd, SOL_SCTP, SCTP_RECVNXTINFO, 1);
	set_events(_metadata, p->server.fd, EV_DATA_IO | EV_ASSOC |
		   EV_SHUTDOWN);
	send_pattern(_metadata, &p->client, 100, 0, 1);
	send_pattern(_metadata, &p->client, 100, 0, 2);
	wait_until(get_status(_metadata, &p->client).sstat_unackdata == 0);
	close(p->client.fd);
	/* Two messages, and at least one notification of the end. */
	for (round = 0; round < 3; round++) {
		wait_for(_metadata, p->server.fd, POLLIN);
		for (i = 0; i < 2; i++) {
			memset(buf[i], poison[i], ROOM);
			memset(control[i], poison[i], ROOM);
			iov.iov_base = buf[i];
			iov.iov_len = ROOM;
			msg.msg_iov = &iov;
			msg.msg_iovlen = 1;
			msg.msg_control = control[i];
			msg.msg_controllen = ROOM;
			got[i] = recvmsg(p->server.fd, &msg,
					 i ? 0 : MSG_PEEK);
			ASSERT_LT(0, got[i]);
			EXPECT_TRUE(only_poison(buf[i], got[i], poison[i]));
			EXPECT_TRUE(only_poison(control[i], msg.msg_controllen,
						poison[i]));
			/* What is next depends on whether this is read. */
			if (round == 2)
				EXPECT_NE(0, msg.msg_flags & MSG_NOTIFICATION);
		}
		ASSERT_EQ(got[0], got[1]);
		EXPECT_EQ(0, memcmp(buf[0], buf[1], got[0]));
	}
}

/* Whatever is set, in whatever length. */
TEST_F(any, nothing_that_is_set_does_harm)
{
	static const int fills[] = { 0, 1, 0x7f, 0x80, 0xa5, 0xff };
	static const int long_ones[] = {
		127, 128, 132, 136, 140, 144, 148, 152, 160, 255, 256, 264,
		1000, 4096, 65535, 65536,
	};
	int name, i, j, len, end = 40 + ARRAY_SIZE(long_ones), known = 0;
	char *buf = malloc(65536);
	struct pair p = self->p;
	int with_id;

	ASSERT_NE(NULL, buf);
	for (name = 0; name < OPTIONS; name++) {
		memset(buf, 0, 64);
		if (setsockopt(p.client.fd, SOL_SCTP, name, buf, 64) &&
		    errno == ENOPROTOOPT && name != SCTP_RESET_STREAMS)
			continue;
		known++;
		for (i = 0; i < ARRAY_SIZE(fills); i++) {
			for (with_id = 0; with_id < 2; with_id++) {
				memset(buf, fills[i], 65536);
				if (with_id)
					memcpy(buf, &p.client.id, 4);
				for (j = 0; j < end; j++) {
					len = j < 40 ? j : long_ones[j - 40];
					setsockopt(p.client.fd, SOL_SCTP, name,
						   buf, len);
				}
			}
		}
	}
	EXPECT_LE(40, known);
	free(buf);
	close(p.client.fd);
	/* Others have not noticed. */
	p.client.fd = open_socket(_metadata, &variant->fl);
	p.listener = listening_socket(_metadata, &variant->fl, &p.addr);
	pair_join(_metadata, &variant->fl, &p);
	send_pattern(_metadata, &p.client, 10000, 0, 1);
	recv_pattern(_metadata, p.server.fd, 10000, 1, NULL);
}

TEST_HARNESS_MAIN
