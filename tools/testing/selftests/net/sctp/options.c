// SPDX-License-Identifier: GPL-2.0
/*
 * Socket options: values, defaults, lengths that are too short, too long and
 * wrong, and options that do not exist. RFC 6458 sections 8.1.3 (SCTP_INITMSG),
 * 8.1.5 (SCTP_NODELAY), 6.2.1 (SCTP_EVENTS), 8.1.29 (SCTP_RECVRCVINFO), 8.2.1
 * (SCTP_STATUS) and 8.1.4 (SO_LINGER).
 */
#include <sys/mman.h>
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

TEST_F(options, recvrcvinfo)
{
	int on = 1;

	EXPECT_EQ(0, get_int(_metadata, self->fd, SOL_SCTP, SCTP_RECVRCVINFO));
	set_int(_metadata, self->fd, SOL_SCTP, SCTP_RECVRCVINFO, 5);
	EXPECT_EQ(1, get_int(_metadata, self->fd, SOL_SCTP, SCTP_RECVRCVINFO));
	set_int(_metadata, self->fd, SOL_SCTP, SCTP_RECVRCVINFO, 0);
	EXPECT_EQ(0, get_int(_metadata, self->fd, SOL_SCTP, SCTP_RECVRCVINFO));
	EXPECT_EQ(EINVAL, try_set(self->fd, SCTP_RECVRCVINFO, &on, 3));
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
	};
	socklen_t len;
	char buf[64];
	int i;

	for (i = 0; i < 4; i++) {
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

/*
 * Whatever length is asked for: an error, or an answer that is no longer than
 * that. The buffer ends where the page ends, so that one byte more would fault.
 */
TEST_F(options_pair, every_length)
{
	static const struct {
		int name;
		socklen_t size;
		socklen_t min;
	} opts[] = {
		{ SCTP_INITMSG, sizeof(struct sctp_initmsg),
		  sizeof(struct sctp_initmsg) },
		{ SCTP_NODELAY, sizeof(int), sizeof(int) },
		{ SCTP_RECVRCVINFO, sizeof(int), sizeof(int) },
		{ SCTP_EVENTS, sizeof(struct sctp_event_subscribe), 1 },
		{ SCTP_STATUS, sizeof(struct sctp_status),
		  sizeof(struct sctp_status) },
	};
	long page = sysconf(_SC_PAGESIZE);
	socklen_t len, room;
	char *map, *buf;
	size_t i;

	map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, munmap(map + page, page));
	for (i = 0; i < ARRAY_SIZE(opts); i++) {
		for (room = 0; room <= opts[i].size + 8; room++) {
			buf = map + page - room;
			memset(buf, 0, room);
			if (room >= sizeof(sctp_assoc_t))
				memcpy(buf, &self->p.client.id,
				       sizeof(sctp_assoc_t));
			len = room;
			if (getsockopt(self->p.client.fd, SOL_SCTP,
				       opts[i].name, buf, &len)) {
				EXPECT_EQ(EINVAL, errno);
				EXPECT_GT(opts[i].min, room);
				continue;
			}
			EXPECT_LE(opts[i].min, room);
			EXPECT_GE(room, len);
			EXPECT_GE(opts[i].size, len);
		}
	}
}

TEST_HARNESS_MAIN
