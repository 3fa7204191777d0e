// SPDX-License-Identifier: GPL-2.0
/*
 * SCTP_GET_ASSOC_STATS, which is Linux's own: what one side counts as sent is
 * what the other side counts as received.
 */
#include "sctp_util.h"

FIXTURE(stats) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(stats);
SCTP_VARIANTS(stats);

FIXTURE_SETUP(stats)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(stats)
{
}

static struct sctp_assoc_stats get_stats(struct __test_metadata *_metadata,
					 const struct end *end)
{
	struct sctp_assoc_stats st;
	socklen_t len = sizeof(st);

	memset(&st, 0xa5, sizeof(st));
	st.sas_assoc_id = end->id;
	ASSERT_EQ(0, getsockopt(end->fd, SOL_SCTP, SCTP_GET_ASSOC_STATS, &st,
				&len))
		TH_LOG("SCTP_GET_ASSOC_STATS: %s", strerror(errno));
	ASSERT_EQ(sizeof(st), len);
	ASSERT_EQ(end->id, st.sas_assoc_id);
	return st;
}

static int try_stats(int fd, sctp_assoc_t id)
{
	struct sctp_assoc_stats st = { .sas_assoc_id = id };
	socklen_t len = sizeof(st);

	return CHILD_ERRNO(getsockopt(fd, SOL_SCTP, SCTP_GET_ASSOC_STATS, &st,
				      &len));
}

TEST_F(stats, of_no_association)
{
	int fd = open_socket(_metadata, &variant->fl);

	EXPECT_EQ(EINVAL, try_stats(fd, 0));
	close(fd);
	if (one_to_one(&variant->fl))
		return;
	EXPECT_EQ(EINVAL, try_stats(self->p.client.fd, SCTP_FUTURE_ASSOC));
	EXPECT_EQ(EINVAL, try_stats(self->p.client.fd, SCTP_ALL_ASSOC));
	EXPECT_EQ(EINVAL, try_stats(self->p.client.fd, -1));
	EXPECT_EQ(EINVAL, try_stats(self->p.client.fd,
				    self->p.client.id + 1000));
}

/* Who knows only the beginning of the structure gets no more than that. */
TEST_F(stats, short_structure)
{
	unsigned char buf[sizeof(struct sctp_assoc_stats) + 1];
	socklen_t len = 4 + sizeof(struct sockaddr_storage) + 4 + 8;

	memset(buf, 0xa5, sizeof(buf));
	memcpy(buf, &self->p.client.id, sizeof(self->p.client.id));
	ASSERT_EQ(0, getsockopt(self->p.client.fd, SOL_SCTP,
				SCTP_GET_ASSOC_STATS, buf, &len));
	EXPECT_EQ(144, len);
	EXPECT_EQ(0xa5, buf[144]);
	EXPECT_EQ(0, memcmp(buf, &self->p.client.id, 4));
}

/* @n messages, some of them unordered, and what is counted of them. */
static void send_messages(struct __test_metadata *_metadata,
			  const struct pair *p, int n)
{
	struct sctp_sndinfo info = { .snd_assoc_id = p->client.id };
	char buf[100] = { 0 };
	int i;

	for (i = 0; i < n; i++) {
		info.snd_flags = i % 3 ? 0 : SCTP_UNORDERED;
		ASSERT_EQ(sizeof(buf), send_sndinfo(p->client.fd, NULL, &info,
						    buf, sizeof(buf), 0));
	}
	for (i = 0; i < n; i++) {
		wait_for(_metadata, p->server.fd, POLLIN);
		ASSERT_EQ(sizeof(buf), recv(p->server.fd, buf, sizeof(buf),
					    0));
	}
	wait_until(get_status(_metadata, &p->client).sstat_unackdata == 0);
}

TEST_F(stats, both_sides_count_the_same)
{
	struct sctp_assoc_stats c0, s0, c, s;
	struct pair *p = &self->p;

	/* What sets up the association is behind us. */
	send_messages(_metadata, p, 1);
	c0 = get_stats(_metadata, &p->client);
	s0 = get_stats(_metadata, &p->server);
	send_messages(_metadata, p, 30);
	c = get_stats(_metadata, &p->client);
	s = get_stats(_metadata, &p->server);
#define DIFF(member) (c.member - c0.member)
#define DIFF_S(member) (s.member - s0.member)
	EXPECT_EQ(20, DIFF(sas_oodchunks));
	EXPECT_EQ(20, DIFF_S(sas_iodchunks));
	EXPECT_EQ(10, DIFF(sas_ouodchunks));
	EXPECT_EQ(10, DIFF_S(sas_iuodchunks));
	EXPECT_EQ(0, DIFF(sas_iodchunks) + DIFF(sas_iuodchunks));
	EXPECT_EQ(0, DIFF_S(sas_oodchunks) + DIFF_S(sas_ouodchunks));
	/* To the receiver of the C module several that were sent are one. */
	if (!is_c_module())
		EXPECT_EQ(DIFF_S(sas_ipackets), DIFF(sas_opackets));
	EXPECT_EQ(DIFF_S(sas_opackets), DIFF(sas_ipackets));
	EXPECT_LE(1, DIFF(sas_opackets));
	EXPECT_GE(30, DIFF(sas_opackets));
	EXPECT_EQ(DIFF_S(sas_osacks), DIFF(sas_isacks));
	EXPECT_LE(1, DIFF(sas_isacks));
	EXPECT_EQ(0, DIFF(sas_osacks));
	EXPECT_EQ(DIFF_S(sas_octrlchunks), DIFF(sas_ictrlchunks));
	EXPECT_EQ(DIFF(sas_octrlchunks), DIFF_S(sas_ictrlchunks));
	EXPECT_LE(DIFF(sas_isacks), DIFF(sas_ictrlchunks));
	/* Hardly any, but what a busy machine is late with is sent again. */
	EXPECT_EQ(s.sas_idupchunks, c.sas_rtxchunks);
	EXPECT_GT(10, c.sas_rtxchunks + c.sas_gapcnt + s.sas_outofseqtsns);
	EXPECT_EQ(0, c.sas_idupchunks + s.sas_gapcnt);
}

#define BAD_LINK \
	"tc qdisc add dev lo root netem delay 1ms loss 8% duplicate 8%"

/* What only a bad link makes. */
TEST_F(stats, losses)
{
	struct sctp_assoc_stats c, s;
	struct pair *p = &self->p;

	set_int(_metadata, p->client.fd, SOL_SCTP, SCTP_NODELAY, 1);
	ASSERT_EQ(0, system(BAD_LINK));
	do {
		send_messages(_metadata, p, 100);
		c = get_stats(_metadata, &p->client);
		s = get_stats(_metadata, &p->server);
	} while (!c.sas_gapcnt || !s.sas_idupchunks || !c.sas_rtxchunks);
	if (!is_c_module())
		EXPECT_LT(0, s.sas_outofseqtsns);
	EXPECT_LT(0, c.sas_maxrto);
	EXPECT_EQ(0, s.sas_rtxchunks);
}

TEST_F(stats, highest_rto)
{
	struct sctp_rtoinfo rto = {
		.srto_assoc_id = self->p.client.id,
		.srto_initial = 100,
		.srto_max = 400,
		.srto_min = 100,
	};
	struct sctp_assoc_stats st;
	struct pair *p = &self->p;
	unsigned long long min;
	union test_addr addr;

	ASSERT_EQ(0, setsockopt(p->client.fd, SOL_SCTP, SCTP_RTOINFO, &rto,
				sizeof(rto)));
	send_messages(_metadata, p, 1);
	get_stats(_metadata, &p->client);
	/* Once it was asked for, it is the least that there can be. */
	min = get_stats(_metadata, &p->client).sas_maxrto;
	/* The C module tells jiffies. */
	if (!is_c_module())
		EXPECT_EQ(100, min);
	ASSERT_EQ(0, system("tc qdisc add dev lo root netem loss 100%"));
	ASSERT_EQ(1, send_end(&p->client, "x", 1, 0, 0));
	wait_until(get_status(_metadata, &p->client).sstat_primary.spinfo_rto
		   >= 400);
	st = get_stats(_metadata, &p->client);
	EXPECT_EQ(4 * min, st.sas_maxrto);
	memcpy(&addr, &st.sas_obs_rto_ipaddr, sizeof(addr));
	/* For the C module IPv4 is IPv4 here, whatever the socket. */
	if (!is_c_module() || variant->fl.family != TEST_MAPPED)
		EXPECT_TRUE(same_addr(&p->addr, &addr));
	ASSERT_EQ(0, system("tc qdisc del dev lo root"));
	ASSERT_EQ(0, poll_fd(p->client.fd, POLLERR, 0));
	wait_for(_metadata, p->server.fd, POLLIN);
}

TEST_HARNESS_MAIN
