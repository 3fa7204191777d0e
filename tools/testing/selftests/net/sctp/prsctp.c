// SPDX-License-Identifier: GPL-2.0
/*
 * Partial reliability: how a program says that a message is worth only so much
 * (RFC 6458 sections 5.3.2, 5.3.7 and 8.1.32, RFC 7496 section 3), that others
 * come through nevertheless, and what is told of those that were given up:
 * SCTP_PR_STREAM_STATUS, SCTP_PR_ASSOC_STATUS, SCTP_PR_SUPPORTED (RFC 7496
 * sections 4.3 to 4.5).
 */
#include "sctp_util.h"

FIXTURE(prsctp) {
	struct pair p;	/* not connected */
};

SCTP_FIXTURE_VARIANT(prsctp);
SCTP_VARIANTS(prsctp);

FIXTURE_SETUP(prsctp)
{
	enter_netns(_metadata);
	self->p.listener = listening_socket(_metadata, &variant->fl,
					    &self->p.addr);
	self->p.client.fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(prsctp)
{
}

static int set_supported(int fd, int id, unsigned int on)
{
	struct sctp_assoc_value value = { id, on };

	return CHILD_ERRNO(setsockopt(fd, SOL_SCTP, SCTP_PR_SUPPORTED, &value,
				      sizeof(value)));
}

static int get_supported(int fd, int id)
{
	struct sctp_assoc_value value = { id, 7 };
	socklen_t len = sizeof(value);

	if (getsockopt(fd, SOL_SCTP, SCTP_PR_SUPPORTED, &value, &len))
		return -errno;
	return value.assoc_value;
}

static int set_default(int fd, int id, int policy, unsigned int value)
{
	struct sctp_default_prinfo info = {
		.pr_assoc_id = id,
		.pr_value = value,
		.pr_policy = policy,
	};

	return CHILD_ERRNO(setsockopt(fd, SOL_SCTP, SCTP_DEFAULT_PRINFO, &info,
				      sizeof(info)));
}

/* 0 or the errno of asking for a status; of the association if @stream < 0. */
static int get_status_of(const struct end *end, int stream, int policy,
			 struct sctp_prstatus *st)
{
	int name = stream < 0 ? SCTP_PR_ASSOC_STATUS : SCTP_PR_STREAM_STATUS;
	socklen_t len = sizeof(*st);

	memset(st, 0xa5, sizeof(*st));
	st->sprstat_assoc_id = end->id;
	st->sprstat_sid = stream < 0 ? 0 : stream;
	st->sprstat_policy = policy;
	return CHILD_ERRNO(getsockopt(end->fd, SOL_SCTP, name, st, &len));
}

/* How many messages were given up for a policy, sent and not sent. */
static int given_up(struct __test_metadata *_metadata, const struct end *end,
		    int stream, int policy)
{
	struct sctp_prstatus st;

	ASSERT_EQ(0, get_status_of(end, stream, policy, &st));
	return st.sprstat_abandoned_sent + st.sprstat_abandoned_unsent;
}

static int given_up_unsent(struct __test_metadata *_metadata,
			   const struct end *end, int policy)
{
	struct sctp_prstatus st;

	ASSERT_EQ(0, get_status_of(end, -1, policy, &st));
	return st.sprstat_abandoned_unsent;
}

/* By default both sides want it. */
TEST_F(prsctp, supported)
{
	struct pair *p = &self->p;

	EXPECT_EQ(1, get_supported(p->client.fd, SCTP_FUTURE_ASSOC));
	pair_join(_metadata, &variant->fl, p);
	EXPECT_EQ(1, get_supported(p->client.fd, p->client.id));
	EXPECT_EQ(1, get_supported(p->server.fd, p->server.id));
	/* What is agreed upon stays. */
	EXPECT_EQ(0, set_supported(p->client.fd, SCTP_FUTURE_ASSOC, 0));
	EXPECT_EQ(0, set_supported(p->client.fd, p->client.id, 0));
	EXPECT_EQ(1, get_supported(p->client.fd, p->client.id));
	if (one_to_one(&variant->fl))
		return;
	EXPECT_EQ(0, get_supported(p->client.fd, SCTP_FUTURE_ASSOC));
	EXPECT_EQ(0, set_supported(p->client.fd, SCTP_FUTURE_ASSOC, 9));
	EXPECT_EQ(1, get_supported(p->client.fd, SCTP_FUTURE_ASSOC));
	/* An association says no more than that the socket is meant. */
	EXPECT_EQ(0, set_supported(p->client.fd, p->client.id, 0));
	EXPECT_EQ(0, get_supported(p->client.fd, SCTP_FUTURE_ASSOC));
	EXPECT_EQ(EINVAL, set_supported(p->client.fd, SCTP_ALL_ASSOC, 1));
	EXPECT_EQ(EINVAL, set_supported(p->client.fd, p->client.id + 1000, 1));
	EXPECT_EQ(-EINVAL, get_supported(p->client.fd, SCTP_CURRENT_ASSOC));
	EXPECT_EQ(-EINVAL, get_supported(p->client.fd, p->client.id + 1000));
}

TEST_F(prsctp, supported_by_one_side_only)
{
	struct pair *p = &self->p;

	EXPECT_EQ(0, set_supported(p->listener, SCTP_FUTURE_ASSOC, 0));
	pair_join(_metadata, &variant->fl, p);
	EXPECT_EQ(0, get_supported(p->client.fd, p->client.id));
	EXPECT_EQ(0, get_supported(p->server.fd, p->server.id));
	/* A message with a policy is one like others then. */
	EXPECT_EQ(0, set_default(p->client.fd, p->client.id, SCTP_PR_SCTP_RTX,
				 0));
	send_pattern(_metadata, &p->client, 100, 0, 1);
	recv_pattern(_metadata, p->server.fd, 100, 1, NULL);
}

TEST_F(prsctp, default_prinfo)
{
	static const int good[] = {
		SCTP_PR_SCTP_TTL, SCTP_PR_SCTP_RTX, SCTP_PR_SCTP_PRIO,
	};
	static const int bad[] = { 1, 0x40, 0x80, 0x31, 0xff, 0xffff };
	struct sctp_default_prinfo info = { 0 };
	int fd = self->p.client.fd, i;
	socklen_t len = sizeof(info);

	ASSERT_EQ(12, sizeof(info));
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(0, set_default(fd, 0, good[i], 0xfffffff0 + i));
		ASSERT_EQ(0, getsockopt(fd, SOL_SCTP, SCTP_DEFAULT_PRINFO,
					&info, &len));
		EXPECT_EQ(good[i], info.pr_policy);
		EXPECT_EQ(0xfffffff0 + i, info.pr_value);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(EINVAL, set_default(fd, 0, bad[i], 1));
	ASSERT_EQ(0, getsockopt(fd, SOL_SCTP, SCTP_DEFAULT_PRINFO, &info,
				&len));
	EXPECT_EQ(SCTP_PR_SCTP_PRIO, info.pr_policy);
	/* No policy has no value. */
	EXPECT_EQ(0, set_default(fd, 0, SCTP_PR_SCTP_NONE, 7));
	ASSERT_EQ(0, getsockopt(fd, SOL_SCTP, SCTP_DEFAULT_PRINFO, &info,
				&len));
	EXPECT_EQ(SCTP_PR_SCTP_NONE, info.pr_policy);
	EXPECT_EQ(0, info.pr_value);
}

/* The older option has the value, too, and a policy only to read. */
TEST_F(prsctp, default_send_param)
{
	struct sctp_sndrcvinfo info = { .sinfo_timetolive = 4711 };
	struct sctp_default_prinfo now = { 0 };
	int fd = self->p.client.fd;
	socklen_t len = sizeof(info);

	EXPECT_EQ(0, set_default(fd, 0, SCTP_PR_SCTP_RTX, 5));
	ASSERT_EQ(0, getsockopt(fd, SOL_SCTP, SCTP_DEFAULT_SEND_PARAM, &info,
				&len));
	EXPECT_EQ(SCTP_PR_SCTP_RTX, info.sinfo_flags);
	EXPECT_EQ(5, info.sinfo_timetolive);
	EXPECT_EQ(EINVAL, CHILD_ERRNO(setsockopt(fd, SOL_SCTP,
						 SCTP_DEFAULT_SEND_PARAM,
						 &info, sizeof(info))));
	info.sinfo_flags = SCTP_UNORDERED;
	info.sinfo_timetolive = 4711;
	ASSERT_EQ(0, setsockopt(fd, SOL_SCTP, SCTP_DEFAULT_SEND_PARAM, &info,
				sizeof(info)));
	len = sizeof(now);
	ASSERT_EQ(0, getsockopt(fd, SOL_SCTP, SCTP_DEFAULT_PRINFO, &now, &len));
	EXPECT_EQ(SCTP_PR_SCTP_NONE, now.pr_policy);
	EXPECT_EQ(4711, now.pr_value);
}

TEST_F(prsctp, prinfo_cmsg)
{
	static const int bad[] = { 1, 0x40, 0x80, 0x31, 0xffff };
	struct sctp_prinfo info[2] = { { .pr_policy = SCTP_PR_SCTP_RTX } };
	struct pair *p = &self->p;
	int len, i;

	pair_join(_metadata, &variant->fl, p);
	ASSERT_EQ(8, sizeof(info[0]));
	for (len = 0; len <= sizeof(info); len++) {
		if (len == sizeof(info[0]))
			continue;
		EXPECT_EQ(-1, send_cmsg(p->client.fd, &p->addr, SCTP_PRINFO,
					info, len, "x", 1, 0));
		EXPECT_EQ(EINVAL, errno);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		info[0].pr_policy = bad[i];
		EXPECT_EQ(-1, send_cmsg(p->client.fd, &p->addr, SCTP_PRINFO,
					info, sizeof(info[0]), "x", 1, 0));
		EXPECT_EQ(EINVAL, errno);
	}
	for (i = SCTP_PR_SCTP_NONE; i <= SCTP_PR_SCTP_MAX; i += 0x10) {
		char buf[10];

		info[0].pr_policy = i;
		info[0].pr_value = 10000;
		fill(buf, sizeof(buf), i);
		EXPECT_EQ(10, send_cmsg(p->client.fd, &p->addr, SCTP_PRINFO,
					info, sizeof(info[0]), buf, 10, 0));
		recv_pattern(_metadata, p->server.fd, 10, i, NULL);
	}
	expect_nothing(_metadata, p->server.fd);
}

/* Flags that mean nothing are refused, whatever else is given. */
TEST_F(prsctp, unknown_flags)
{
	static const int bad[] = {
		SCTP_PR_SCTP_ALL, SCTP_NOTIFICATION, 0x100, 0x400, 0x4000,
	};
	struct pair *p = &self->p;
	struct sctp_sndrcvinfo sndrcv = { 0 };
	struct sctp_sndinfo info = { 0 };
	int i;

	pair_join(_metadata, &variant->fl, p);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		info.snd_flags = bad[i];
		EXPECT_EQ(-1, send_sndinfo(p->client.fd, &p->addr, &info, "x",
					   1, 0));
		EXPECT_EQ(EINVAL, errno);
		sndrcv.sinfo_flags = bad[i];
		EXPECT_EQ(-1, send_cmsg(p->client.fd, &p->addr, SCTP_SNDRCV,
					&sndrcv, sizeof(sndrcv), "x", 1, 0));
		EXPECT_EQ(EINVAL, errno);
	}
	expect_nothing(_metadata, p->server.fd);
}

TEST_F(prsctp, status)
{
	static const int good[] = {
		SCTP_PR_SCTP_TTL, SCTP_PR_SCTP_RTX, SCTP_PR_SCTP_PRIO,
		SCTP_PR_SCTP_ALL,
	};
	static const int bad[] = {
		SCTP_PR_SCTP_NONE, 1, 0x40, SCTP_PR_SCTP_ALL | SCTP_PR_SCTP_TTL,
		0x100, 0xffff,
	};
	struct pair *p = &self->p;
	struct sctp_prstatus st;
	int i, stream;
	struct end no;

	EXPECT_EQ(EINVAL, get_status_of(&p->client, -1, SCTP_PR_SCTP_ALL, &st));
	EXPECT_EQ(EINVAL, get_status_of(&p->client, 0, SCTP_PR_SCTP_ALL, &st));
	pair_join(_metadata, &variant->fl, p);
	for (stream = -1; stream < 10; stream++) {
		for (i = 0; i < ARRAY_SIZE(good); i++) {
			ASSERT_EQ(0, get_status_of(&p->client, stream, good[i],
						   &st));
			EXPECT_EQ(0, st.sprstat_abandoned_unsent);
			EXPECT_EQ(0, st.sprstat_abandoned_sent);
			EXPECT_EQ(good[i], st.sprstat_policy);
			EXPECT_EQ(stream < 0 ? 0 : stream, st.sprstat_sid);
			EXPECT_EQ(p->client.id, st.sprstat_assoc_id);
		}
		for (i = 0; i < ARRAY_SIZE(bad); i++)
			EXPECT_EQ(EINVAL, get_status_of(&p->client, stream,
							bad[i], &st));
	}
	EXPECT_EQ(EINVAL, get_status_of(&p->client, 10, SCTP_PR_SCTP_TTL, &st));
	EXPECT_EQ(EINVAL, get_status_of(&p->client, 65535, SCTP_PR_SCTP_TTL,
					&st));
	no = p->client;
	no.id = SCTP_FUTURE_ASSOC;
	EXPECT_EQ(one_to_one(&variant->fl) ? 0 : EINVAL,
		  get_status_of(&no, -1, SCTP_PR_SCTP_TTL, &st));
	no.id = p->client.id + 1000;
	EXPECT_EQ(one_to_one(&variant->fl) ? 0 : EINVAL,
		  get_status_of(&no, 0, SCTP_PR_SCTP_TTL, &st));
}

/* All the ways to say how long a message is worth it. */
enum way {
	BY_PRINFO,
	BY_SNDRCV,
	BY_SNDRCV_WITHOUT_POLICY,
	BY_SNDINFO_AND_DEFAULT,
	BY_DEFAULT_PRINFO,
	BY_DEFAULT_SEND_PARAM,
	WAYS,
};

/* Sends a message that lives for @ms. */
static void send_mortal(struct __test_metadata *_metadata, const struct pair *p,
			enum way way, int ms)
{
	struct sctp_sndrcvinfo sndrcv = {
		.sinfo_timetolive = ms,
		.sinfo_assoc_id = p->client.id,
	};
	struct sctp_prinfo prinfo = { SCTP_PR_SCTP_TTL, ms };
	struct sctp_sndinfo sndinfo = { .snd_flags = SCTP_PR_SCTP_TTL };
	int fd = p->client.fd, id = p->client.id;
	char buf[200] = { 0 };
	ssize_t sent = -1;

	switch (way) {
	case BY_PRINFO:
		sent = send_cmsg(fd, &p->addr, SCTP_PRINFO, &prinfo,
				 sizeof(prinfo), buf, sizeof(buf), 0);
		break;
	case BY_SNDRCV:
		sndrcv.sinfo_flags = SCTP_PR_SCTP_TTL;
		/* fallthrough */
	case BY_SNDRCV_WITHOUT_POLICY:
		sent = send_cmsg(fd, &p->addr, SCTP_SNDRCV, &sndrcv,
				 sizeof(sndrcv), buf, sizeof(buf), 0);
		break;
	case BY_SNDINFO_AND_DEFAULT:
		ASSERT_EQ(0, set_default(fd, id, SCTP_PR_SCTP_RTX, ms));
		sent = send_sndinfo(fd, &p->addr, &sndinfo, buf, sizeof(buf),
				    0);
		break;
	case BY_DEFAULT_PRINFO:
		ASSERT_EQ(0, set_default(fd, id, SCTP_PR_SCTP_TTL, ms));
		sent = send_cmsg(fd, &p->addr, 0, NULL, 0, buf, sizeof(buf), 0);
		break;
	case BY_DEFAULT_SEND_PARAM:
		ASSERT_EQ(0, setsockopt(fd, SOL_SCTP, SCTP_DEFAULT_SEND_PARAM,
					&sndrcv, sizeof(sndrcv)));
		sent = send_cmsg(fd, &p->addr, 0, NULL, 0, buf, sizeof(buf), 0);
		break;
	case WAYS:
		break;
	}
	ASSERT_EQ(sizeof(buf), sent)
		TH_LOG("way %d: %s", way, strerror(errno));
	ASSERT_EQ(0, set_default(fd, id, SCTP_PR_SCTP_NONE, 0));
}

#define FILLING 40

/* The peer does not read, and its window is closed. */
static void close_window(struct __test_metadata *_metadata,
			 const struct flavour *fl, struct pair *p)
{
	int i;

	set_int(_metadata, p->listener, SOL_SOCKET, SO_RCVBUF, 10000);
	pair_join(_metadata, fl, p);
	for (i = 0; i < FILLING; i++)
		send_pattern(_metadata, &p->client, 1000, 0, i);
	wait_until(get_status(_metadata, &p->client).sstat_rwnd < 1000);
}

static void read_filling(struct __test_metadata *_metadata, struct pair *p)
{
	int i;

	for (i = 0; i < FILLING; i++)
		recv_pattern(_metadata, p->server.fd, 1000, i, NULL);
}

TEST_F(prsctp, what_waits_too_long_is_not_sent)
{
	struct pair *p = &self->p;
	enum way way;

	close_window(_metadata, &variant->fl, p);
	for (way = 0; way < WAYS; way++)
		send_mortal(_metadata, p, way, 30);
	send_pattern(_metadata, &p->client, 300, 0, 99);
	usleep(100 * 1000);
	read_filling(_metadata, p);
	recv_pattern(_metadata, p->server.fd, 300, 99, NULL);
	expect_nothing(_metadata, p->server.fd);
	/* The C module does not count those that have no policy. */
	EXPECT_EQ(is_c_module() ? WAYS - 2 : WAYS,
		  given_up_unsent(_metadata, &p->client, SCTP_PR_SCTP_TTL));
	EXPECT_EQ(is_c_module() ? WAYS - 2 : WAYS,
		  given_up(_metadata, &p->client, 0, SCTP_PR_SCTP_ALL));
	EXPECT_EQ(0, given_up(_metadata, &p->client, 1, SCTP_PR_SCTP_ALL));
	EXPECT_EQ(0, given_up(_metadata, &p->client, -1, SCTP_PR_SCTP_RTX));
}

TEST_F(prsctp, what_does_not_wait_too_long_is_sent)
{
	struct pair *p = &self->p;
	enum way way;
	char buf[300];

	close_window(_metadata, &variant->fl, p);
	for (way = 0; way < WAYS; way++)
		send_mortal(_metadata, p, way, 60000);
	read_filling(_metadata, p);
	for (way = 0; way < WAYS; way++) {
		wait_for(_metadata, p->server.fd, POLLIN);
		EXPECT_EQ(200, recv(p->server.fd, buf, sizeof(buf), 0));
	}
	EXPECT_EQ(0, given_up(_metadata, &p->client, -1, SCTP_PR_SCTP_ALL));
}

/* Sends 1000 bytes of a priority if there is room; they tell their number. */
static int send_priority(const struct pair *p, int policy, int priority, int n)
{
	struct sctp_prinfo info = { policy, priority };
	char buf[1000];

	fill(buf, sizeof(buf), n);
	return CHILD_ERRNO(send_cmsg(p->client.fd, &p->addr, SCTP_PRINFO, &info,
				     sizeof(info), buf, sizeof(buf),
				     MSG_DONTWAIT));
}

/*
 * The C module gives up what was sent first, and that takes its room until a
 * SACK comes: it may say several times that there is none.
 */
static int send_important(const struct pair *p, int policy, int priority, int n)
{
	int tries = is_c_module() ? 20 : 1, ret;

	do {
		ret = send_priority(p, policy, priority, n);
	} while (ret == EAGAIN && --tries);
	return ret;
}

/*
 * When the send buffer is full, messages that are less important make room for
 * those that are more, and only for those.
 */
TEST_F(prsctp, more_important_messages_find_room)
{
	int i, n = 0, least = 0, got = 0, important = 0;
	struct pair *p = &self->p;
	char buf[2000];

	set_int(_metadata, p->listener, SOL_SOCKET, SO_RCVBUF, 10000);
	set_int(_metadata, p->client.fd, SOL_SOCKET, SO_SNDBUF, 60000);
	pair_join(_metadata, &variant->fl, p);
	while (!send_priority(p, SCTP_PR_SCTP_PRIO, 100, least))
		ASSERT_GT(1000, ++least);
	ASSERT_EQ(EAGAIN, errno);
	EXPECT_EQ(EAGAIN, send_priority(p, SCTP_PR_SCTP_PRIO, 100, 0));
	EXPECT_EQ(EAGAIN, send_priority(p, SCTP_PR_SCTP_PRIO, 101, 0));
	EXPECT_EQ(0, given_up(_metadata, &p->client, -1, SCTP_PR_SCTP_ALL));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(0, send_important(p, SCTP_PR_SCTP_PRIO, 99 - i,
					    1000 + n++));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(0, send_important(p, SCTP_PR_SCTP_NONE, 0,
					    1000 + n++));
	i = given_up(_metadata, &p->client, 0, SCTP_PR_SCTP_PRIO);
	EXPECT_LE(1, i);
	if (!is_c_module())
		EXPECT_GE(2 * n, i);
	EXPECT_EQ(0, given_up(_metadata, &p->client, 1, SCTP_PR_SCTP_ALL));
	/* All the others come, and in order. */
	send_pattern(_metadata, &p->client, 1500, 0, 7);
	for (;;) {
		wait_for(_metadata, p->server.fd, POLLIN);
		i = recv(p->server.fd, buf, sizeof(buf), 0);
		if (i != 1000)
			break;
		got++;
		if (intact(buf, 0, 1000, 1000 + important))
			important++;
	}
	EXPECT_EQ(1500, i);
	EXPECT_EQ(n, important);
	/* What arrived may be given up as well. */
	i = least + n - given_up(_metadata, &p->client, 0, SCTP_PR_SCTP_PRIO);
	EXPECT_LE(i, got);
	EXPECT_GE(i + 5, got);
}

/* What is over makes room for others, though the peer takes nothing. */
TEST_F(prsctp, what_is_over_makes_room)
{
	struct sctp_prinfo info = { SCTP_PR_SCTP_TTL, 300 };
	struct pair *p = &self->p;
	char buf[1000] = { 0 };
	long long start;
	int n = 0;

	close_window(_metadata, &variant->fl, p);
	while (send_cmsg(p->client.fd, &p->addr, SCTP_PRINFO, &info,
			 sizeof(info), buf, sizeof(buf), MSG_DONTWAIT) > 0)
		ASSERT_GT(100000, ++n);
	ASSERT_EQ(EAGAIN, errno);
	/* The C module looks at them when the peer does something. */
	if (!is_c_module()) {
		start = now_ms();
		EXPECT_EQ(1000, send_cmsg(p->client.fd, &p->addr, 0, NULL, 0,
					  buf, sizeof(buf), 0));
		EXPECT_GT(WAIT_MS, now_ms() - start);
		wait_until(given_up_unsent(_metadata, &p->client,
					   SCTP_PR_SCTP_TTL) == n);
	}
	read_filling(_metadata, p);
}

static void run_tc(struct __test_metadata *_metadata, const char *what)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "tc qdisc %s dev lo root netem %s",
		 *what ? "replace" : "del", what);
	ASSERT_EQ(0, system(cmd))
		TH_LOG("%s failed", cmd);
}

/* Quick, and patient with a machine that takes seconds to run tc(8). */
static void set_timers(struct __test_metadata *_metadata, const struct end *end)
{
	struct sctp_assocparams assoc = {
		.sasoc_assoc_id = end->id,
		.sasoc_asocmaxrxt = 1000,
	};
	struct sctp_rtoinfo rto = {
		.srto_assoc_id = end->id,
		.srto_initial = 60,
		.srto_max = 120,
		.srto_min = 60,
	};

	ASSERT_EQ(0, setsockopt(end->fd, SOL_SCTP, SCTP_RTOINFO, &rto,
				sizeof(rto)));
	ASSERT_EQ(0, setsockopt(end->fd, SOL_SCTP, SCTP_ASSOCINFO, &assoc,
				sizeof(assoc)));
}

/* Nothing gets through for a while; what was given up then holds up nothing. */
TEST_F(prsctp, what_is_lost_is_given_up)
{
	static const struct sctp_prinfo infos[] = {
		{ SCTP_PR_SCTP_RTX, 0 },
		{ SCTP_PR_SCTP_RTX, 1 },
		{ SCTP_PR_SCTP_TTL, 40 },
	};
	struct pair *p = &self->p;
	char buf[5000];
	int i;

	pair_join(_metadata, &variant->fl, p);
	set_timers(_metadata, &p->client);
	send_pattern(_metadata, &p->client, 100, 0, 1);
	recv_pattern(_metadata, p->server.fd, 100, 1, NULL);
	for (i = 0; i < ARRAY_SIZE(infos); i++) {
		int before = given_up(_metadata, &p->client, -1,
				      infos[i].pr_policy);

		run_tc(_metadata, "loss 100%");
		/* One that fits into a packet, and one that does not. */
		ASSERT_EQ(100, send_cmsg(p->client.fd, &p->addr, SCTP_PRINFO,
					 &infos[i], sizeof(infos[i]), buf, 100,
					 0));
		ASSERT_EQ(2900, send_cmsg(p->client.fd, &p->addr, SCTP_PRINFO,
					  &infos[i], sizeof(infos[i]), buf,
					  2900, 0));
		wait_until(given_up(_metadata, &p->client, -1,
				    infos[i].pr_policy) == before + 2);
		EXPECT_EQ(0, given_up_unsent(_metadata, &p->client,
					     infos[i].pr_policy));
		run_tc(_metadata, "");
		send_pattern(_metadata, &p->client, 200, 0, i);
		recv_pattern(_metadata, p->server.fd, 200, i, NULL);
	}
	EXPECT_EQ(6, given_up(_metadata, &p->client, -1, SCTP_PR_SCTP_ALL));
	EXPECT_EQ(6, given_up(_metadata, &p->client, 0, SCTP_PR_SCTP_ALL));
	/* All is in order again, also in the other streams. */
	wait_until(get_status(_metadata, &p->client).sstat_unackdata == 0);
	send_pattern(_metadata, &p->client, 20000, 3, 5);
	recv_pattern(_metadata, p->server.fd, 20000, 5, NULL);
	send_pattern(_metadata, &p->server, 20000, 3, 6);
	recv_pattern(_metadata, p->client.fd, 20000, 6, NULL);
}

#define MESSAGES 200

/* A bad link: what does not come was given up, and all else comes in order. */
TEST_F(prsctp, over_a_bad_link)
{
	struct sctp_prinfo info = { SCTP_PR_SCTP_RTX, 0 };
	struct pair *p = &self->p;
	int i, got = 0, next = 0, lost;
	char buf[64];
	struct rx rx;

	pair_join(_metadata, &variant->fl, p);
	set_timers(_metadata, &p->client);
	set_int(_metadata, p->client.fd, SOL_SCTP, SCTP_NODELAY, 1);
	run_tc(_metadata, "limit 1000 delay 1ms loss 15%");
	for (i = 0; i < MESSAGES; i++) {
		memcpy(buf, &i, sizeof(i));
		ASSERT_EQ(sizeof(buf), send_cmsg(p->client.fd, &p->addr,
						 SCTP_PRINFO, &info,
						 sizeof(info), buf,
						 sizeof(buf), 0));
		/* In packets of their own, some of them. */
		if (i % 4 == 0)
			usleep(1000);
	}
	/* The last one has to come. */
	memcpy(buf, &i, sizeof(i));
	ASSERT_EQ(sizeof(buf), send_end(&p->client, buf, sizeof(buf), 0, 0));
	do {
		ASSERT_EQ(sizeof(buf), recv_wait(_metadata, p->server.fd, buf,
						 sizeof(buf), &rx));
		memcpy(&i, buf, sizeof(i));
		ASSERT_LE(next, i);
		next = i + 1;
		got++;
	} while (next <= MESSAGES);
	lost = MESSAGES + 1 - got;
	EXPECT_LT(0, lost);
	EXPECT_LT(MESSAGES / 4, got);
	/* What arrived may be given up as well, if its SACK was lost. */
	EXPECT_LE(lost, given_up(_metadata, &p->client, 0, SCTP_PR_SCTP_RTX));
	expect_nothing(_metadata, p->server.fd);
}

TEST_HARNESS_MAIN
