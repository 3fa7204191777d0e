// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever option there may be at the level of SCTP, RFC 6458 section 8: no
 * byte of an answer is what happened to be there before, none is written
 * beyond the length that is told, and no value or length that is set does harm.
 */
#include <stddef.h>
#include <linux/rust_sctp.h>
#include "sctp_util.h"

/* The last one is this module's own. */
#define OPTIONS 257
#define OPTION(i) ((i) < OPTIONS - 1 ? (i) : SCTP_EXPLICIT_EOR)

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
	int fd = self->p.client.fd, n, name, i, ret[2], known = 0;
	char buf[2][ROOM], asked[ROOM];
	socklen_t room, most, len[2];

	for (n = 0; n < OPTIONS; n++) {
		name = OPTION(n);
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

/*
 * Asks with poison behind the question, in every length. It is done only once, in
 * the end, and of the answer @said bytes are told.
 */
static int ask_once(struct __test_metadata *_metadata, int fd, int name,
		    const void *question, socklen_t size, socklen_t said, void *answer)
{
	unsigned char buf[ROOM], expected[ROOM];
	socklen_t room, len;
	int ret;

	for (room = 0; room <= size; room++) {
		memset(buf, 0xa5, ROOM);
		memcpy(buf, question, size);
		memcpy(expected, buf, ROOM);
		len = room < size ? room : size + 8;
		ret = getsockopt(fd, SOL_SCTP, name, buf, &len);
		if (room == size)
			break;
		EXPECT_EQ(-1, ret);
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(0, memcmp(buf, expected, ROOM));
	}
	ASSERT_LE(0, ret)
		TH_LOG("option %d: %s", name, strerror(errno));
	EXPECT_EQ(said, len);
	EXPECT_EQ(0, memcmp(buf + said, expected + said, ROOM - said));
	memcpy(answer, buf, said);
	return ret;
}

/* Those that do something tell what they have made. */
TEST_F(any, no_byte_of_a_result_is_left_over)
{
	struct pair *p = &self->p;
	struct sctp_getaddrs_old list = {
		.addr_num = addr_len(&p->addr),
		.addrs = &p->addr.sa,
	};
	sctp_peeloff_flags_arg_t flags = { { p->server.id, -1 }, SOCK_CLOEXEC };
	sctp_peeloff_arg_t peel = { p->client.id, -1 };
	int fd = open_socket(_metadata, &variant->fl);
	sctp_assoc_t id = -1;

	EXPECT_EQ(0, ask_once(_metadata, fd, SCTP_SOCKOPT_CONNECTX3, &list, sizeof(list),
			      sizeof(id), &id));
	EXPECT_LT(SCTP_ALL_ASSOC, id);
	if (one_to_one(&variant->fl))
		return;
	EXPECT_LE(0, ask_once(_metadata, p->client.fd, SCTP_SOCKOPT_PEELOFF, &peel,
			      sizeof(peel), sizeof(peel), &peel));
	EXPECT_EQ(p->client.id, peel.associd);
	EXPECT_LE(0, fcntl(peel.sd, F_GETFL));
	EXPECT_LE(0, ask_once(_metadata, p->server.fd, SCTP_SOCKOPT_PEELOFF_FLAGS, &flags,
			      sizeof(flags), sizeof(flags), &flags));
	EXPECT_EQ(p->server.id, flags.p_arg.associd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(flags.p_arg.sd, F_GETFD));
	EXPECT_EQ(SOCK_CLOEXEC, flags.flags);
}

/* Ancillary data, without what is about the next message. */
static void expect_same_control(struct __test_metadata *_metadata, struct msghdr *a,
				struct msghdr *b)
{
	struct cmsghdr *ca = CMSG_FIRSTHDR(a), *cb = CMSG_FIRSTHDR(b);

	for (; ca && cb; ca = CMSG_NXTHDR(a, ca), cb = CMSG_NXTHDR(b, cb)) {
		if (ca->cmsg_level == IPPROTO_SCTP && ca->cmsg_type == SCTP_NXTINFO)
			ca = CMSG_NXTHDR(a, ca);
		if (cb->cmsg_level == IPPROTO_SCTP && cb->cmsg_type == SCTP_NXTINFO)
			cb = CMSG_NXTHDR(b, cb);
		if (!ca || !cb)
			break;
		ASSERT_EQ(ca->cmsg_len, cb->cmsg_len);
		EXPECT_EQ(0, memcmp(ca, cb, ca->cmsg_len))
			TH_LOG("level %d, type %d", ca->cmsg_level, ca->cmsg_type);
	}
	EXPECT_EQ(ca, NULL);
	EXPECT_EQ(cb, NULL);
}

/* Whatever there is to be asked for with a message. */
static void want_control(int fd)
{
	static const struct {
		int level, name;
	} wanted[] = {
		{ SOL_SCTP, SCTP_RECVRCVINFO }, { SOL_SCTP, SCTP_RECVNXTINFO },
		{ SOL_SOCKET, SO_TIMESTAMPNS }, { SOL_SOCKET, SO_RXQ_OVFL },
		{ IPPROTO_IP, IP_PKTINFO }, { IPPROTO_IP, IP_RECVTTL },
		{ IPPROTO_IP, IP_RECVTOS }, { IPPROTO_IPV6, IPV6_RECVPKTINFO },
		{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT }, { IPPROTO_IPV6, IPV6_RECVTCLASS },
	};
	int i, on = 1;

	for (i = 0; i < ARRAY_SIZE(wanted); i++)
		setsockopt(fd, wanted[i].level, wanted[i].name, &on, sizeof(on));
}

/* Notifications and ancillary data, too. */
TEST_F(any, no_byte_of_a_message_is_left_over)
{
	static const int poison[2] = { 0xa5, 0x5a };
	char buf[2][ROOM], control[2][ROOM];
	struct pair *p = &self->p;
	struct msghdr msg[2] = { 0 };
	struct iovec iov[2];
	ssize_t got[2];
	int i, round;

	want_control(p->server.fd);
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
			iov[i].iov_base = buf[i];
			iov[i].iov_len = ROOM;
			msg[i].msg_iov = &iov[i];
			msg[i].msg_iovlen = 1;
			msg[i].msg_control = control[i];
			msg[i].msg_controllen = ROOM;
			got[i] = recvmsg(p->server.fd, &msg[i],
					 i ? 0 : MSG_PEEK);
			ASSERT_LT(0, got[i]);
			EXPECT_TRUE(only_poison(buf[i], got[i], poison[i]));
			EXPECT_TRUE(only_poison(control[i], msg[i].msg_controllen,
						poison[i]));
			/* What is next depends on whether this is read. */
			if (round == 2)
				EXPECT_NE(0, msg[i].msg_flags & MSG_NOTIFICATION);
		}
		ASSERT_EQ(got[0], got[1]);
		expect_same_control(_metadata, &msg[0], &msg[1]);
		EXPECT_EQ(0, memcmp(buf[0], buf[1], got[0]));
	}
}

/* Whatever is set, in every length up to 8 more than the longest has, and in some longer ones. */
TEST_F(any, nothing_that_is_set_does_harm)
{
	static const int fills[] = { 0, 1, 0x7f, 0x80, 0xa5, 0xff };
	static const int long_ones[] = { 255, 256, 264, 1000, 4096, 65535, 65536 };
	int most = sizeof(struct sctp_paddrparams) + 8;
	int n, name, i, j, len, end = most + 1 + ARRAY_SIZE(long_ones), known = 0;
	char *buf = malloc(65536);
	struct pair p = self->p;
	int with_id;

	ASSERT_NE(NULL, buf);
	for (n = 0; n < OPTIONS; n++) {
		name = OPTION(n);
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
					len = j <= most ? j : long_ones[j - most - 1];
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
