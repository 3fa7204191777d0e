// SPDX-License-Identifier: GPL-2.0
/*
 * Socket options: values, defaults, lengths that are too short, too long and
 * wrong, and options that do not exist. RFC 6458 sections 8.1.3 (SCTP_INITMSG),
 * 8.1.5 (SCTP_NODELAY), 6.2.1 (SCTP_EVENTS), 8.2.1 (SCTP_STATUS) and 8.1.4
 * (SO_LINGER); the lengths of all others, too.
 */
#include <sys/mman.h>
#include <linux/rust_sctp.h>

#include "sctp_util.h"

FIXTURE(options) {
	int fd;
};

SCTP_FIXTURE_VARIANT(options);
SCTP_VARIANTS(options);

FIXTURE_SETUP(options)
{
	enter_netns(_metadata);
	self->fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(options)
{
}

/* 0 or the errno of a setsockopt(). */
static int try_set(int fd, int name, const void *val, socklen_t len)
{
	return CHILD_ERRNO(setsockopt(fd, SOL_SCTP, name, val, len));
}

TEST_F(options, unknown)
{
	static const int names[] = { 200, 999, 9999, -1, 0x7fffffff };
	char buf[64] = { 0 };
	socklen_t len;
	int i;

	for (i = 0; i < 5; i++) {
		EXPECT_EQ(ENOPROTOOPT, try_set(self->fd, names[i], buf, 4));
		len = sizeof(buf);
		EXPECT_EQ(-1, getsockopt(self->fd, SOL_SCTP, names[i], buf,
					 &len));
		EXPECT_EQ(ENOPROTOOPT, errno);
	}
	EXPECT_EQ(ENOPROTOOPT, try_set(self->fd, SCTP_STATUS, buf, 64));
}

TEST_F(options, initmsg)
{
	struct sctp_initmsg init = { 0 }, zero = { 0 };
	socklen_t len = sizeof(init);

	ASSERT_EQ(0, getsockopt(self->fd, SOL_SCTP, SCTP_INITMSG, &init, &len));
	EXPECT_EQ(8, len);
	EXPECT_EQ(10, init.sinit_num_ostreams);
	EXPECT_EQ(65535, init.sinit_max_instreams);
	EXPECT_EQ(8, init.sinit_max_attempts);
	EXPECT_EQ(60000, init.sinit_max_init_timeo);

	set_initmsg(_metadata, self->fd, 1, 2, 3, 4);
	ASSERT_EQ(0, getsockopt(self->fd, SOL_SCTP, SCTP_INITMSG, &init, &len));
	EXPECT_EQ(1, init.sinit_num_ostreams);
	EXPECT_EQ(2, init.sinit_max_instreams);
	EXPECT_EQ(3, init.sinit_max_attempts);
	EXPECT_EQ(4, init.sinit_max_init_timeo);

	/* Zero leaves a member as it is. */
	EXPECT_EQ(0, try_set(self->fd, SCTP_INITMSG, &zero, sizeof(zero)));
	set_initmsg(_metadata, self->fd, 0, 20, 0, 0);
	ASSERT_EQ(0, getsockopt(self->fd, SOL_SCTP, SCTP_INITMSG, &init, &len));
	EXPECT_EQ(1, init.sinit_num_ostreams);
	EXPECT_EQ(20, init.sinit_max_instreams);
	EXPECT_EQ(3, init.sinit_max_attempts);
	EXPECT_EQ(4, init.sinit_max_init_timeo);

	EXPECT_EQ(EINVAL, try_set(self->fd, SCTP_INITMSG, &init, 7));
	EXPECT_EQ(EINVAL, try_set(self->fd, SCTP_INITMSG, &init, 0));
}

TEST_F(options, nodelay)
{
	int values[] = { 1, 0, 7, 0, -1 }, i;
	long long wide = 1;

	EXPECT_EQ(0, get_int(_metadata, self->fd, SOL_SCTP, SCTP_NODELAY));
	for (i = 0; i < 5; i++) {
		set_int(_metadata, self->fd, SOL_SCTP, SCTP_NODELAY, values[i]);
		EXPECT_EQ(!!values[i], get_int(_metadata, self->fd, SOL_SCTP,
					       SCTP_NODELAY));
	}
	EXPECT_EQ(EINVAL, try_set(self->fd, SCTP_NODELAY, values, 3));
	EXPECT_EQ(EINVAL, try_set(self->fd, SCTP_NODELAY, values, 0));
	EXPECT_EQ(0, try_set(self->fd, SCTP_NODELAY, &wide, sizeof(wide)));
}

TEST_F(options, switches)
{
	static const struct {
		int name;
		int by_default;
	} switches[] = {
		{ SCTP_RECVRCVINFO, 0 },
		{ SCTP_RECVNXTINFO, 0 },
		{ SCTP_DISABLE_FRAGMENTS, 0 },
		{ SCTP_I_WANT_MAPPED_V4_ADDR, 1 },
	};
	int i, name, on = 1;

	for (i = 0; i < ARRAY_SIZE(switches); i++) {
		name = switches[i].name;
		EXPECT_EQ(switches[i].by_default,
			  get_int(_metadata, self->fd, SOL_SCTP, name));
		set_int(_metadata, self->fd, SOL_SCTP, name, 5);
		EXPECT_EQ(1, get_int(_metadata, self->fd, SOL_SCTP, name));
		set_int(_metadata, self->fd, SOL_SCTP, name, 0);
		EXPECT_EQ(0, get_int(_metadata, self->fd, SOL_SCTP, name));
		EXPECT_EQ(EINVAL, try_set(self->fd, name, &on, 3));
	}
}

/*
 * The structure has grown over the years, so programs come with shorter ones:
 * they set and get the members they know.
 */
TEST_F(options, events)
{
	struct sctp_event_subscribe ev, zero = { 0 };
	unsigned char got[sizeof(ev) + 8];
	socklen_t len = sizeof(ev), i;

	ASSERT_EQ(14, sizeof(ev));
	memset(&ev, 0xff, sizeof(ev));
	ASSERT_EQ(0, getsockopt(self->fd, SOL_SCTP, SCTP_EVENTS, &ev, &len));
	EXPECT_EQ(sizeof(ev), len);
	EXPECT_EQ(0, memcmp(&ev, &zero, sizeof(ev)));

	for (i = 1; i <= 8; i++) {
		memset(&ev, 0, sizeof(ev));
		EXPECT_EQ(0, try_set(self->fd, SCTP_EVENTS, &ev, sizeof(ev)));
		memset(&ev, 9, i);
		EXPECT_EQ(0, try_set(self->fd, SCTP_EVENTS, &ev, i));
		len = i;
		memset(got, 0xa5, sizeof(got));
		ASSERT_EQ(0, getsockopt(self->fd, SOL_SCTP, SCTP_EVENTS, got,
					&len));
		EXPECT_EQ(i, len);
		EXPECT_EQ(1, got[i - 1]);
		EXPECT_EQ(0xa5, got[i]);
		len = sizeof(got);
		ASSERT_EQ(0, getsockopt(self->fd, SOL_SCTP, SCTP_EVENTS, got,
					&len));
		EXPECT_EQ(sizeof(ev), len);
		EXPECT_EQ(1, got[i - 1]);
		EXPECT_EQ(0, got[i]);
		EXPECT_EQ(0xa5, got[sizeof(ev)]);
	}
	memset(got, 1, sizeof(got));
	EXPECT_EQ(EINVAL, try_set(self->fd, SCTP_EVENTS, got, sizeof(ev) + 1));
	len = 0;
	EXPECT_EQ(-1, getsockopt(self->fd, SOL_SCTP, SCTP_EVENTS, got, &len));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(options, linger)
{
	struct linger linger = { 0 };
	socklen_t len = sizeof(linger);

	ASSERT_EQ(0, getsockopt(self->fd, SOL_SOCKET, SO_LINGER, &linger,
				&len));
	EXPECT_EQ(0, linger.l_onoff);
	set_linger(_metadata, self->fd, 1, 7);
	ASSERT_EQ(0, getsockopt(self->fd, SOL_SOCKET, SO_LINGER, &linger,
				&len));
	EXPECT_EQ(1, linger.l_onoff);
	EXPECT_EQ(7, linger.l_linger);
}

/* What belongs to IP goes to IP. */
TEST_F(options, ip)
{
	bool v4 = domain_of(&variant->fl) == AF_INET;
	int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
	int name = v4 ? IP_TOS : IPV6_TCLASS;

	set_int(_metadata, self->fd, level, name, 0x28);
	EXPECT_EQ(0x28, get_int(_metadata, self->fd, level, name));
}

TEST_F(options, bad_pointers)
{
	static const int names[] = {
		SCTP_INITMSG, SCTP_NODELAY, SCTP_EVENTS, SCTP_RECVRCVINFO,
		SCTP_RECVNXTINFO, SCTP_DISABLE_FRAGMENTS,
		SCTP_I_WANT_MAPPED_V4_ADDR, SCTP_EVENT, SCTP_CONTEXT,
		SCTP_MAXSEG, SCTP_MAX_BURST,
	};
	socklen_t len;
	char buf[64];
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(EFAULT, try_set(self->fd, names[i], NULL, 8));
		len = 64;
		EXPECT_EQ(-1, getsockopt(self->fd, SOL_SCTP, names[i], NULL,
					 &len));
		EXPECT_EQ(EFAULT, errno);
		EXPECT_EQ(-1, getsockopt(self->fd, SOL_SCTP, names[i], buf,
					 NULL));
		EXPECT_EQ(EFAULT, errno);
		len = -1;
		EXPECT_EQ(-1, getsockopt(self->fd, SOL_SCTP, names[i], buf,
					 &len));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(EINVAL, try_set(self->fd, names[i], buf, -1));
	}
}

FIXTURE(options_pair) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(options_pair);
SCTP_VARIANTS(options_pair);

FIXTURE_SETUP(options_pair)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(options_pair)
{
}

TEST_F(options_pair, status)
{
	struct sctp_status st = get_status(_metadata, &self->p.client);
	union test_addr addr;

	EXPECT_EQ(SCTP_ESTABLISHED, st.sstat_state);
	if (!one_to_one(&variant->fl))
		EXPECT_EQ(self->p.client.id, st.sstat_assoc_id);
	EXPECT_LE(1500, st.sstat_rwnd);
	EXPECT_EQ(0, st.sstat_unackdata);
	EXPECT_EQ(0, st.sstat_penddata);
	EXPECT_EQ(10, st.sstat_instrms);
	EXPECT_EQ(10, st.sstat_outstrms);
	/* The MTU of 1500 less the headers of IP, SCTP and DATA. */
	EXPECT_LE(1400, st.sstat_fragmentation_point);
	EXPECT_GE(1452, st.sstat_fragmentation_point);
	EXPECT_EQ(st.sstat_assoc_id, st.sstat_primary.spinfo_assoc_id);
	EXPECT_EQ(SCTP_ACTIVE, st.sstat_primary.spinfo_state);
	EXPECT_LE(3000, st.sstat_primary.spinfo_cwnd);
	EXPECT_LT(0, st.sstat_primary.spinfo_rto);
	EXPECT_LE(1480, st.sstat_primary.spinfo_mtu);
	EXPECT_GE(1500, st.sstat_primary.spinfo_mtu);
	memcpy(&addr, &st.sstat_primary.spinfo_address, sizeof(addr));
	EXPECT_TRUE(same_addr(&self->p.addr, &addr));

	st = get_status(_metadata, &self->p.server);
	EXPECT_EQ(SCTP_ESTABLISHED, st.sstat_state);
}

TEST_F(options_pair, status_of_no_association)
{
	int fd = open_socket(_metadata, &variant->fl);
	struct sctp_status st = { 0 };
	socklen_t len = sizeof(st);

	EXPECT_EQ(-1, getsockopt(fd, SOL_SCTP, SCTP_STATUS, &st, &len));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
	if (one_to_one(&variant->fl))
		return;
	st.sstat_assoc_id = self->p.client.id + 1000;
	EXPECT_EQ(-1, getsockopt(self->p.client.fd, SOL_SCTP, SCTP_STATUS, &st,
				 &len));
	EXPECT_EQ(EINVAL, errno);
	st.sstat_assoc_id = -1;
	EXPECT_EQ(-1, getsockopt(self->p.client.fd, SOL_SCTP, SCTP_STATUS, &st,
				 &len));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(options_pair, status_counts_unacknowledged)
{
	unsigned char buf[1000] = { 0 };

	while (send_end(&self->p.client, buf, sizeof(buf), 0, MSG_DONTWAIT) > 0)
		;
	ASSERT_EQ(EAGAIN, errno);
	/* The reader does not read, so not all can be acknowledged. */
	wait_until(get_status(_metadata, &self->p.client).sstat_rwnd < 2000);
	EXPECT_EQ(SCTP_ESTABLISHED,
		  get_status(_metadata, &self->p.client).sstat_state);
}

/* Which lengths setsockopt() takes. */
enum set_length {
	NOT,		/* cannot be set */
	EXACT,		/* that of the structure */
	AT_LEAST,	/* and longer ones */
	UP_TO,		/* and shorter ones */
};

static const struct option_case {
	int name;
	socklen_t size;		/* of the structure */
	socklen_t min;		/* least that getsockopt() answers to */
	socklen_t old;		/* length of an older form, or 0 */
	enum set_length set;
} cases[] = {
	{ SCTP_RTOINFO, sizeof(struct sctp_rtoinfo),
	  sizeof(struct sctp_rtoinfo), 0, EXACT },
	{ SCTP_ASSOCINFO, sizeof(struct sctp_assocparams),
	  sizeof(struct sctp_assocparams), 0, EXACT },
	{ SCTP_INITMSG, sizeof(struct sctp_initmsg),
	  sizeof(struct sctp_initmsg), 0, EXACT },
	{ SCTP_NODELAY, sizeof(int), sizeof(int), 0, AT_LEAST },
	{ SCTP_ADAPTATION_LAYER, sizeof(struct sctp_setadaptation),
	  sizeof(struct sctp_setadaptation), 0, EXACT },
	{ SCTP_DISABLE_FRAGMENTS, sizeof(int), sizeof(int), 0, AT_LEAST },
	{ SCTP_PARTIAL_DELIVERY_POINT, sizeof(int), sizeof(int), 0, EXACT },
	{ SCTP_FRAGMENT_INTERLEAVE, sizeof(int), sizeof(int), 0, EXACT },
	{ SCTP_DEFAULT_SEND_PARAM, sizeof(struct sctp_sndrcvinfo),
	  sizeof(struct sctp_sndrcvinfo), 0, EXACT },
	{ SCTP_EVENTS, sizeof(struct sctp_event_subscribe), 1, 0, UP_TO },
	{ SCTP_I_WANT_MAPPED_V4_ADDR, sizeof(int), sizeof(int), 0, AT_LEAST },
	{ SCTP_MAXSEG, sizeof(struct sctp_assoc_value),
	  sizeof(struct sctp_assoc_value), sizeof(int), EXACT },
	{ SCTP_STATUS, sizeof(struct sctp_status),
	  sizeof(struct sctp_status), 0, NOT },
	{ SCTP_DELAYED_SACK, sizeof(struct sctp_sack_info),
	  sizeof(struct sctp_sack_info), sizeof(struct sctp_assoc_value),
	  EXACT },
	{ SCTP_CONTEXT, sizeof(struct sctp_assoc_value),
	  sizeof(struct sctp_assoc_value), 0, EXACT },
	{ SCTP_MAX_BURST, sizeof(struct sctp_assoc_value),
	  sizeof(struct sctp_assoc_value), sizeof(int), EXACT },
	{ SCTP_RECVRCVINFO, sizeof(int), sizeof(int), 0, AT_LEAST },
	{ SCTP_RECVNXTINFO, sizeof(int), sizeof(int), 0, AT_LEAST },
	{ SCTP_DEFAULT_SNDINFO, sizeof(struct sctp_sndinfo),
	  sizeof(struct sctp_sndinfo), 0, EXACT },
	{ SCTP_PR_SUPPORTED, sizeof(struct sctp_assoc_value),
	  sizeof(struct sctp_assoc_value), 0, EXACT },
	{ SCTP_DEFAULT_PRINFO, sizeof(struct sctp_default_prinfo),
	  sizeof(struct sctp_default_prinfo), 0, EXACT },
	{ SCTP_PR_ASSOC_STATUS, sizeof(struct sctp_prstatus),
	  sizeof(struct sctp_prstatus), 0, NOT },
	{ SCTP_PR_STREAM_STATUS, sizeof(struct sctp_prstatus),
	  sizeof(struct sctp_prstatus), 0, NOT },
	{ SCTP_GET_ASSOC_STATS, sizeof(struct sctp_assoc_stats),
	  sizeof(sctp_assoc_t), 0, NOT },
	{ SCTP_AUTH_SUPPORTED, sizeof(struct sctp_assoc_value),
	  sizeof(struct sctp_assoc_value), 0, EXACT },
	{ SCTP_ASCONF_SUPPORTED, sizeof(struct sctp_assoc_value),
	  sizeof(struct sctp_assoc_value), 0, EXACT },
	{ SCTP_RECONFIG_SUPPORTED, sizeof(struct sctp_assoc_value),
	  sizeof(struct sctp_assoc_value), 0, EXACT },
	{ SCTP_ECN_SUPPORTED, sizeof(struct sctp_assoc_value),
	  sizeof(struct sctp_assoc_value), 0, EXACT },
	{ SCTP_ENABLE_STREAM_RESET, sizeof(struct sctp_assoc_value),
	  sizeof(struct sctp_assoc_value), 0, EXACT },
	{ SCTP_STREAM_SCHEDULER, sizeof(struct sctp_assoc_value),
	  sizeof(struct sctp_assoc_value), 0, AT_LEAST },
	{ SCTP_STREAM_SCHEDULER_VALUE, sizeof(struct sctp_stream_value),
	  sizeof(struct sctp_stream_value), 0, AT_LEAST },
	{ SCTP_REMOTE_UDP_ENCAPS_PORT, sizeof(struct sctp_udpencaps),
	  sizeof(struct sctp_udpencaps), 0, EXACT },
	{ SCTP_PLPMTUD_PROBE_INTERVAL, sizeof(struct sctp_probeinterval),
	  sizeof(struct sctp_probeinterval), 0, EXACT },
	{ SCTP_AUTO_ASCONF, sizeof(int), sizeof(int), 0, AT_LEAST },
	{ SCTP_EXPLICIT_EOR, sizeof(int), sizeof(int), 0, AT_LEAST },
	{ SCTP_EVENT, sizeof(struct sctp_event), sizeof(struct sctp_event), 0,
	  AT_LEAST },
};

/* The C module has those of <linux/sctp.h>. */
static bool is_known(const struct option_case *c)
{
	return !is_c_module() || c->name != SCTP_EXPLICIT_EOR;
}

/* What an option is to be asked with: the association, where it is named. */
static void fill_question(const struct option_case *c, sctp_assoc_t id,
			  void *buf, socklen_t len)
{
	union {
		struct sctp_sndinfo snd;
		struct sctp_sndrcvinfo sndrcv;
		struct sctp_event event;
		struct sctp_prstatus pr;
		sctp_assoc_t id;
		char space[256];
	} question;

	memset(&question, 0, sizeof(question));
	switch (c->name) {
	case SCTP_DEFAULT_SNDINFO:
		question.snd.snd_assoc_id = id;
		break;
	case SCTP_DEFAULT_SEND_PARAM:
		question.sndrcv.sinfo_assoc_id = id;
		break;
	case SCTP_EVENT:
		question.event.se_assoc_id = id;
		question.event.se_type = SCTP_SHUTDOWN_EVENT;
		break;
	case SCTP_PR_ASSOC_STATUS:
	case SCTP_PR_STREAM_STATUS:
		question.pr.sprstat_assoc_id = id;
		question.pr.sprstat_policy = SCTP_PR_SCTP_ALL;
		break;
	default:
		if (c->size > sizeof(int))
			question.id = id;
	}
	memcpy(buf, &question, len);
}

/* @len bytes at the end of a page, where one byte more would fault. */
static void *at_end_of_page(struct __test_metadata *_metadata, socklen_t len)
{
	static char *end;
	long page = sysconf(_SC_PAGESIZE);
	char *map;

	if (!end) {
		map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ASSERT_NE(MAP_FAILED, map);
		ASSERT_EQ(0, munmap(map + page, page));
		end = map + page;
	}
	return end - len;
}

/* Whatever length is asked for: an error, or an answer no longer than that. */
TEST_F(options_pair, every_length)
{
	const struct option_case *c;
	socklen_t len, room, most;
	char *buf;

	for (c = cases; c < cases + ARRAY_SIZE(cases); c++) {
		if (!is_known(c))
			continue;
		TH_LOG("option %d", c->name);
		for (room = 0; room <= c->size + 8; room++) {
			buf = at_end_of_page(_metadata, room);
			fill_question(c, self->p.client.id, buf, room);
			len = room;
			most = room >= c->min ? c->size : c->old;
			if (getsockopt(self->p.client.fd, SOL_SCTP, c->name,
				       buf, &len)) {
				EXPECT_EQ(EINVAL, errno);
				EXPECT_GT(c->min, room);
				EXPECT_NE(c->old ?: -1, room);
				continue;
			}
			EXPECT_TRUE(c->min <= room || c->old == room);
			EXPECT_GE(room, len);
			/* The C module forgets to say the length of this. */
			if (!is_c_module() || c->name != SCTP_MAX_BURST)
				EXPECT_GE(most, len);
		}
	}
}

/* What was got can be set again, in the lengths that are right. */
TEST_F(options_pair, every_length_to_set)
{
	const struct option_case *c;
	char value[256], *buf;
	socklen_t len, size;
	int ret;
	bool ok;

	for (c = cases; c < cases + ARRAY_SIZE(cases); c++) {
		if (!is_known(c))
			continue;
		TH_LOG("option %d", c->name);
		if (c->set == NOT) {
			EXPECT_EQ(ENOPROTOOPT, try_set(self->p.client.fd,
						       c->name, value, 64));
			continue;
		}
		memset(value, 0, sizeof(value));
		fill_question(c, self->p.client.id, value, sizeof(value));
		size = sizeof(value);
		ASSERT_EQ(0, getsockopt(self->p.client.fd, SOL_SCTP, c->name,
					value, &size));
		for (len = 0; len <= c->size + 8; len++) {
			buf = at_end_of_page(_metadata, len);
			memcpy(buf, value, len);
			if (c->old && len == c->old && c->old == sizeof(int))
				memset(buf, 0, len);
			ok = len == c->size || (c->old && len == c->old) ||
			     (c->set == AT_LEAST && len > c->size) ||
			     (c->set == UP_TO && len < c->size);
			if (len > c->size)
				memset(buf + c->size, 0, len - c->size);
			ret = try_set(self->p.client.fd, c->name, buf, len);
			EXPECT_EQ(ok || takes_longer(len, c->size) ? 0 : EINVAL, ret)
				TH_LOG("length %u", len);
			if (len <= c->size)
				continue;
			buf[len - 1] = 1;
			ret = try_set(self->p.client.fd, c->name, buf, len);
			EXPECT_EQ(ok ? 0 : EINVAL, ret)
				TH_LOG("length %u", len);
		}
	}
}

/* Padding tells nothing, and what the caller had in it goes nowhere. */
TEST_F(options_pair, padding_is_zero)
{
	struct sctp_event event;
	socklen_t len = sizeof(event);

	memset(&event, 0xa5, sizeof(event));
	event.se_assoc_id = self->p.client.id;
	event.se_type = SCTP_SHUTDOWN_EVENT;
	ASSERT_EQ(0, getsockopt(self->p.client.fd, SOL_SCTP, SCTP_EVENT, &event,
				&len));
	ASSERT_EQ(8, sizeof(event));
	EXPECT_EQ(0, event.se_on);
	/* The C module gives back what it was given. */
	if (!is_c_module())
		EXPECT_EQ(0, ((unsigned char *)&event)[7]);
}

TEST_HARNESS_MAIN
