// SPDX-License-Identifier: GPL-2.0
/*
 * Defaults, limits and effects of SCTP_RTOINFO (RFC 6458 section 8.1.1),
 * SCTP_ASSOCINFO (8.1.2), SCTP_DISABLE_FRAGMENTS (8.1.11), SCTP_MAXSEG
 * (8.1.16), SCTP_DELAYED_SACK (8.1.19), SCTP_MAX_BURST (8.1.24).
 */
#include "sctp_util.h"

FIXTURE(values) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(values);
SCTP_VARIANTS(values);

FIXTURE_SETUP(values)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(values)
{
}

#define GET(fd, name, value) ({						\
	socklen_t __len = sizeof(value);				\
									\
	ASSERT_EQ(0, getsockopt(fd, SOL_SCTP, name, &(value), &__len))	\
		TH_LOG("getsockopt(%d): %s", name, strerror(errno));	\
	ASSERT_EQ(sizeof(value), __len);				\
})

TEST_F(values, rtoinfo)
{
	struct sctp_rtoinfo rto = { .srto_assoc_id = self->p.client.id };
	int fd = self->p.client.fd;

	GET(fd, SCTP_RTOINFO, rto);
	/* RFC 9260 has 1 s, the C module what RFC 4960 had. */
	EXPECT_EQ(is_c_module() ? 3000 : 1000, rto.srto_initial);
	EXPECT_EQ(1000, rto.srto_min);
	EXPECT_EQ(60000, rto.srto_max);

	rto.srto_initial = 500;
	rto.srto_min = 100;
	rto.srto_max = 2000;
	EXPECT_EQ(0, ERR_SET(fd, SCTP_RTOINFO, rto));
	/* Zero is no change. */
	rto.srto_initial = 0;
	rto.srto_min = 0;
	rto.srto_max = 0;
	EXPECT_EQ(0, ERR_SET(fd, SCTP_RTOINFO, rto));
	GET(fd, SCTP_RTOINFO, rto);
	EXPECT_EQ(500, rto.srto_initial);
	EXPECT_EQ(100, rto.srto_min);
	EXPECT_EQ(2000, rto.srto_max);
	EXPECT_EQ(self->p.client.id, rto.srto_assoc_id);

	/* The lower bound stays below the upper one, whichever is new. */
	rto.srto_min = 2010;
	EXPECT_EQ(EINVAL, ERR_SET(fd, SCTP_RTOINFO, rto));
	rto.srto_min = 0;
	rto.srto_max = 90;
	EXPECT_EQ(EINVAL, ERR_SET(fd, SCTP_RTOINFO, rto));
	GET(fd, SCTP_RTOINFO, rto);
	EXPECT_EQ(500, rto.srto_initial);
	EXPECT_EQ(100, rto.srto_min);
	EXPECT_EQ(2000, rto.srto_max);
}

/* A round trip of loopback brings the timeout down to its lower bound. */
TEST_F(values, rto_min_has_an_effect)
{
	struct sctp_rtoinfo rto = {
		.srto_assoc_id = self->p.client.id,
		.srto_min = 50,
	};

	ASSERT_EQ(0, ERR_SET(self->p.client.fd, SCTP_RTOINFO, rto));
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
	send_pattern(_metadata, &self->p.client, 100, 0, 2);
	recv_pattern(_metadata, self->p.server.fd, 100, 2, NULL);
	wait_until(get_status(_metadata, &self->p.client).sstat_unackdata == 0);
	/* The C module takes until the SRTT has come down. */
	if (!is_c_module())
		EXPECT_GE(500, get_status(_metadata, &self->p.client)
				       .sstat_primary.spinfo_rto);
}

TEST_F(values, associnfo)
{
	struct sctp_assocparams info = { .sasoc_assoc_id = self->p.client.id };
	int fd = self->p.client.fd;

	GET(fd, SCTP_ASSOCINFO, info);
	EXPECT_EQ(10, info.sasoc_asocmaxrxt);
	EXPECT_LE(1, info.sasoc_number_peer_destinations);
	EXPECT_LE(1500, info.sasoc_peer_rwnd);
	EXPECT_LE(1500, info.sasoc_local_rwnd);
	EXPECT_EQ(60000, info.sasoc_cookie_life);

	/* What can only be read does not matter when written. */
	info.sasoc_asocmaxrxt = 3;
	info.sasoc_number_peer_destinations = 77;
	info.sasoc_peer_rwnd = 1;
	info.sasoc_local_rwnd = 1;
	info.sasoc_cookie_life = 10000;
	EXPECT_EQ(0, ERR_SET(fd, SCTP_ASSOCINFO, info));
	info.sasoc_asocmaxrxt = 0;
	info.sasoc_cookie_life = 0;
	EXPECT_EQ(0, ERR_SET(fd, SCTP_ASSOCINFO, info));
	GET(fd, SCTP_ASSOCINFO, info);
	EXPECT_EQ(3, info.sasoc_asocmaxrxt);
	EXPECT_NE(77, info.sasoc_number_peer_destinations);
	EXPECT_LE(1500, info.sasoc_peer_rwnd);
	EXPECT_LE(1500, info.sasoc_local_rwnd);
	EXPECT_EQ(10000, info.sasoc_cookie_life);
}

TEST_F(values, associnfo_of_no_association)
{
	struct sctp_assocparams info = { 0 };
	int fd = open_socket(_metadata, &variant->fl);

	info.sasoc_peer_rwnd = 9;
	GET(fd, SCTP_ASSOCINFO, info);
	EXPECT_EQ(10, info.sasoc_asocmaxrxt);
	EXPECT_EQ(0, info.sasoc_number_peer_destinations);
	EXPECT_EQ(0, info.sasoc_peer_rwnd);
	EXPECT_EQ(0, info.sasoc_local_rwnd);
	EXPECT_EQ(60000, info.sasoc_cookie_life);
	close(fd);
}

TEST_F(values, delayed_sack)
{
	struct sctp_sack_info sack = { .sack_assoc_id = self->p.client.id };
	struct sctp_assoc_value old = { .assoc_id = self->p.client.id };
	int fd = self->p.client.fd;

	GET(fd, SCTP_DELAYED_SACK, sack);
	EXPECT_EQ(200, sack.sack_delay);
	EXPECT_EQ(2, sack.sack_freq);

	sack.sack_delay = 500;
	sack.sack_freq = 0;
	EXPECT_EQ(0, ERR_SET(fd, SCTP_DELAYED_SACK, sack));
	sack.sack_delay = 0;
	sack.sack_freq = 7;
	EXPECT_EQ(0, ERR_SET(fd, SCTP_DELAYED_SACK, sack));
	GET(fd, SCTP_DELAYED_SACK, sack);
	EXPECT_EQ(500, sack.sack_delay);
	EXPECT_EQ(7, sack.sack_freq);
	sack.sack_delay = 501;
	EXPECT_EQ(EINVAL, ERR_SET(fd, SCTP_DELAYED_SACK, sack));

	/* A frequency of 1 is no delay; the rest is remembered. */
	sack.sack_delay = 0;
	sack.sack_freq = 1;
	EXPECT_EQ(0, ERR_SET(fd, SCTP_DELAYED_SACK, sack));
	GET(fd, SCTP_DELAYED_SACK, sack);
	EXPECT_EQ(0, sack.sack_delay);
	EXPECT_EQ(1, sack.sack_freq);
	sack.sack_freq = 0;
	EXPECT_EQ(0, ERR_SET(fd, SCTP_DELAYED_SACK, sack));
	GET(fd, SCTP_DELAYED_SACK, sack);
	EXPECT_EQ(1, sack.sack_freq);
	sack.sack_freq = 3;
	EXPECT_EQ(0, ERR_SET(fd, SCTP_DELAYED_SACK, sack));
	GET(fd, SCTP_DELAYED_SACK, sack);
	EXPECT_EQ(500, sack.sack_delay);
	EXPECT_EQ(3, sack.sack_freq);

	/* The older structure: the delay alone, 0 for none. */
	old.assoc_value = 300;
	EXPECT_EQ(0, ERR_SET(fd, SCTP_DELAYED_SACK, old));
	old.assoc_value = 1;
	GET(fd, SCTP_DELAYED_SACK, old);
	EXPECT_EQ(300, old.assoc_value);
	old.assoc_value = 501;
	EXPECT_EQ(EINVAL, ERR_SET(fd, SCTP_DELAYED_SACK, old));
	old.assoc_value = 0;
	EXPECT_EQ(0, ERR_SET(fd, SCTP_DELAYED_SACK, old));
	GET(fd, SCTP_DELAYED_SACK, sack);
	EXPECT_EQ(0, sack.sack_delay);
	EXPECT_EQ(1, sack.sack_freq);
}

TEST_F(values, max_burst)
{
	struct sctp_assoc_value burst = { .assoc_id = self->p.client.id };
	int fd = open_socket(_metadata, &variant->fl), old = 6;

	GET(self->p.client.fd, SCTP_MAX_BURST, burst);
	EXPECT_EQ(4, burst.assoc_value);
	/* 0 is without limit. */
	burst.assoc_value = 0;
	EXPECT_EQ(0, ERR_SET(self->p.client.fd, SCTP_MAX_BURST, burst));
	burst.assoc_value = 1;
	GET(self->p.client.fd, SCTP_MAX_BURST, burst);
	EXPECT_EQ(0, burst.assoc_value);
	send_pattern(_metadata, &self->p.client, 30000, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 30000, 1, NULL);

	/* The older form is a number, for later associations. */
	EXPECT_EQ(0, ERR_SET(fd, SCTP_MAX_BURST, old));
	burst.assoc_id = SCTP_FUTURE_ASSOC;
	GET(fd, SCTP_MAX_BURST, burst);
	EXPECT_EQ(6, burst.assoc_value);
	old = 0;
	GET(fd, SCTP_MAX_BURST, old);
	EXPECT_EQ(6, old);
	close(fd);
}

TEST_F(values, maxseg_limits)
{
	struct sctp_assoc_value seg = { 0 };
	int fd = open_socket(_metadata, &variant->fl), old;
	/* 512 less the headers of IP, SCTP and DATA. */
	int min = domain_of(&variant->fl) == AF_INET ? 464 : 444;
	static const int good[] = { 0, 1000, 65516 };
	int bad[] = { 1, min - 1, 65517, 0x7fffffff, -1 };
	size_t i;

	GET(fd, SCTP_MAXSEG, seg);
	EXPECT_EQ(0, seg.assoc_value);
	seg.assoc_value = min;
	EXPECT_EQ(0, ERR_SET(fd, SCTP_MAXSEG, seg));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		seg.assoc_value = bad[i];
		EXPECT_EQ(EINVAL, ERR_SET(fd, SCTP_MAXSEG, seg));
		EXPECT_EQ(EINVAL, ERR_SET(fd, SCTP_MAXSEG, bad[i]));
		GET(fd, SCTP_MAXSEG, seg);
		EXPECT_EQ(min, seg.assoc_value);
	}
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(0, ERR_SET(fd, SCTP_MAXSEG, good[i]));
		GET(fd, SCTP_MAXSEG, old);
		EXPECT_EQ(good[i], old);
	}
	close(fd);
}

TEST_F(values, maxseg_has_an_effect)
{
	struct sctp_assoc_value seg = {
		.assoc_id = self->p.client.id,
		.assoc_value = 503,
	};
	int fd = self->p.client.fd;

	ASSERT_EQ(0, ERR_SET(fd, SCTP_MAXSEG, seg));
	GET(fd, SCTP_MAXSEG, seg);
	EXPECT_EQ(500, seg.assoc_value);
	EXPECT_EQ(500, get_status(_metadata, &self->p.client)
			       .sstat_fragmentation_point);
	send_pattern(_metadata, &self->p.client, 20001, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 20001, 1, NULL);
	/* What is more than a packet holds is no limit. */
	seg.assoc_value = 60000;
	ASSERT_EQ(0, ERR_SET(fd, SCTP_MAXSEG, seg));
	GET(fd, SCTP_MAXSEG, seg);
	EXPECT_LE(1400, seg.assoc_value);
	EXPECT_GE(1452, seg.assoc_value);
}

TEST_F(values, disable_fragments)
{
	int fd = self->p.client.fd;
	unsigned char buf[2000];
	int room;

	EXPECT_EQ(0, get_int(_metadata, fd, SOL_SCTP, SCTP_DISABLE_FRAGMENTS));
	set_int(_metadata, fd, SOL_SCTP, SCTP_DISABLE_FRAGMENTS, 5);
	EXPECT_EQ(1, get_int(_metadata, fd, SOL_SCTP, SCTP_DISABLE_FRAGMENTS));
	room = get_status(_metadata, &self->p.client).sstat_fragmentation_point;
	fill(buf, sizeof(buf), 1);
	EXPECT_EQ(-1, send_end(&self->p.client, buf, room + 1, 0, 0));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(room, send_end(&self->p.client, buf, room, 0, 0));
	recv_pattern(_metadata, self->p.server.fd, room, 1, NULL);
	set_int(_metadata, fd, SOL_SCTP, SCTP_DISABLE_FRAGMENTS, 0);
	EXPECT_EQ(2000, send_end(&self->p.client, buf, 2000, 0, 0));
	recv_pattern(_metadata, self->p.server.fd, 2000, 1, NULL);
}

/* Not even in the message that sets up its association. */
TEST_F(values, disable_fragments_first_message)
{
	int fd = open_socket(_metadata, &variant->fl);
	unsigned char buf[2000] = { 0 };
	union test_addr addr;
	int listener = listening_socket(_metadata, &variant->fl, &addr);

	set_int(_metadata, fd, SOL_SCTP, SCTP_DISABLE_FRAGMENTS, 1);
	EXPECT_EQ(-1, sendto(fd, buf, sizeof(buf), 0, &addr.sa,
			     addr_len(&addr)));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(1000, sendto(fd, buf, 1000, 0, &addr.sa, addr_len(&addr)));
	close(fd);
	close(listener);
}

TEST_HARNESS_MAIN
