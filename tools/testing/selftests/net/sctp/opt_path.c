// SPDX-License-Identifier: GPL-2.0
/*
 * Settings of paths: SCTP_PEER_ADDR_PARAMS (RFC 6458 section 8.1.12),
 * SCTP_PEER_ADDR_THLDS and its second version (RFC 7829 section 7.2), and
 * SCTP_PLPMTUD_PROBE_INTERVAL, which is Linux's own (RFC 8899).
 */
#include "sctp_util.h"

/* All but the last two members, and padding. */
#define PARAMS_OLD	(sizeof(struct sctp_paddrparams) - 4)

FIXTURE(path) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(path);
SCTP_VARIANTS(path);

FIXTURE_SETUP(path)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(path)
{
}

/* Without an address if @addr is NULL. */
static struct sctp_paddrparams params_of(int id, const union test_addr *addr)
{
	struct sctp_paddrparams params = { .spp_assoc_id = id };

	if (addr)
		memcpy(&params.spp_address, addr, addr_len(addr));
	return params;
}

static int get_params(int fd, struct sctp_paddrparams *params)
{
	socklen_t len = sizeof(*params);

	if (getsockopt(fd, SOL_SCTP, SCTP_PEER_ADDR_PARAMS, params, &len))
		return errno;
	return len == sizeof(*params) ? 0 : EOVERFLOW;
}

static int set_params(int fd, const struct sctp_paddrparams *params)
{
	return CHILD_ERRNO(setsockopt(fd, SOL_SCTP, SCTP_PEER_ADDR_PARAMS,
				      params, sizeof(*params)));
}

TEST_F(path, defaults)
{
	const union test_addr *addrs[] = { NULL, &self->p.addr };
	int fd = self->p.client.fd, id = self->p.client.id;
	struct sctp_paddrparams params;
	size_t i;

	for (i = 0; i < 2; i++) {
		params = params_of(id, addrs[i]);
		ASSERT_EQ(0, get_params(fd, &params));
		EXPECT_EQ(30000, params.spp_hbinterval);
		EXPECT_EQ(5, params.spp_pathmaxrxt);
		EXPECT_LE(1480, params.spp_pathmtu);
		EXPECT_GE(1500, params.spp_pathmtu);
		EXPECT_EQ(200, params.spp_sackdelay);
		EXPECT_EQ(SPP_HB_ENABLE | SPP_PMTUD_ENABLE |
			  SPP_SACKDELAY_ENABLE, params.spp_flags);
	}
}

TEST_F(path, set_one_or_all)
{
	const union test_addr *addrs[] = { NULL, &self->p.addr };
	int fd = self->p.client.fd, id = self->p.client.id;
	struct sctp_paddrparams params;
	size_t i;

	for (i = 0; i < 2; i++) {
		params = params_of(id, addrs[i]);
		params.spp_flags = SPP_HB_ENABLE | SPP_SACKDELAY_ENABLE;
		params.spp_hbinterval = 1000 * (i + 1);
		params.spp_pathmaxrxt = 7 + i;
		params.spp_sackdelay = 100 + 10 * i;
		ASSERT_EQ(0, set_params(fd, &params));
		/* What is zero stays as it is, and an interval that comes alone. */
		params = params_of(id, addrs[i]);
		params.spp_hbinterval = 5;
		params.spp_sackdelay = 5;
		ASSERT_EQ(0, set_params(fd, &params));
		/* Both ask for what is in use on the path. */
		params = params_of(id, &self->p.addr);
		ASSERT_EQ(0, get_params(fd, &params));
		EXPECT_EQ(1000 * (i + 1), params.spp_hbinterval);
		EXPECT_EQ(7 + i, params.spp_pathmaxrxt);
		EXPECT_EQ(100 + 10 * i, params.spp_sackdelay);
	}
	params = params_of(id, NULL);
	params.spp_flags = SPP_HB_DISABLE | SPP_SACKDELAY_DISABLE;
	ASSERT_EQ(0, set_params(fd, &params));
	params = params_of(id, &self->p.addr);
	ASSERT_EQ(0, get_params(fd, &params));
	EXPECT_EQ(SPP_HB_DISABLE | SPP_PMTUD_ENABLE | SPP_SACKDELAY_DISABLE,
		  params.spp_flags);
	EXPECT_EQ(2000, params.spp_hbinterval);

	params = params_of(id, NULL);
	params.spp_flags = SPP_HB_ENABLE | SPP_HB_TIME_IS_ZERO;
	params.spp_hbinterval = 77;
	ASSERT_EQ(0, set_params(fd, &params));
	params = params_of(id, &self->p.addr);
	ASSERT_EQ(0, get_params(fd, &params));
	EXPECT_EQ(0, params.spp_hbinterval);
}

TEST_F(path, of_later_associations)
{
	struct sctp_paddrparams params = params_of(0, NULL);
	int fd = open_socket(_metadata, &variant->fl);

	ASSERT_EQ(0, get_params(fd, &params));
	EXPECT_EQ(0, params.spp_pathmtu);
	params = params_of(0, NULL);
	params.spp_flags = SPP_HB_ENABLE;
	params.spp_hbinterval = 4000;
	params.spp_pathmaxrxt = 9;
	ASSERT_EQ(0, set_params(fd, &params));
	/* There is nobody to send one to. */
	params.spp_flags = SPP_HB_DEMAND;
	EXPECT_EQ(EINVAL, set_params(fd, &params));
	ASSERT_EQ(0, connect(fd, &self->p.addr.sa, addr_len(&self->p.addr)));
	params = params_of(0, &self->p.addr);
	ASSERT_EQ(0, get_params(fd, &params));
	EXPECT_EQ(4000, params.spp_hbinterval);
	EXPECT_EQ(9, params.spp_pathmaxrxt);
	close(fd);
}

TEST_F(path, demand)
{
	struct sctp_paddrparams params = params_of(self->p.client.id, NULL);

	params.spp_flags = SPP_HB_DEMAND;
	EXPECT_EQ(0, set_params(self->p.client.fd, &params));
	params = params_of(self->p.client.id, &self->p.addr);
	params.spp_flags = SPP_HB_DEMAND;
	EXPECT_EQ(0, set_params(self->p.client.fd, &params));
}

TEST_F(path, bad_params)
{
	int fd = self->p.client.fd, id = self->p.client.id;
	struct sctp_paddrparams params, good = params_of(id, NULL);
	union test_addr other = make_addr(&variant->fl, "127.0.0.9", "::9",
					  port_of(&self->p.addr));

#define EXPECT_BAD(member, value) ({					\
	params = good;							\
	params.member = value;						\
	EXPECT_EQ(EINVAL, set_params(fd, &params));			\
})
	EXPECT_BAD(spp_flags, SPP_HB_ENABLE | SPP_HB_DISABLE);
	EXPECT_BAD(spp_flags, SPP_PMTUD_ENABLE | SPP_PMTUD_DISABLE);
	EXPECT_BAD(spp_flags, SPP_SACKDELAY_ENABLE | SPP_SACKDELAY_DISABLE);
	EXPECT_BAD(spp_sackdelay, 501);
	EXPECT_BAD(spp_pathmtu, 511);
	params = params_of(id, &other);
	EXPECT_EQ(EINVAL, set_params(fd, &params));
	EXPECT_EQ(EINVAL, get_params(fd, &params));
	if (one_to_one(&variant->fl))
		return;
	params = params_of(id + 1000, NULL);
	EXPECT_EQ(EINVAL, set_params(fd, &params));
	EXPECT_EQ(EINVAL, get_params(fd, &params));
	params = params_of(id + 1000, &self->p.addr);
	EXPECT_EQ(EINVAL, set_params(fd, &params));
	EXPECT_EQ(EINVAL, get_params(fd, &params));
	params = params_of(SCTP_ALL_ASSOC, NULL);
	EXPECT_EQ(EINVAL, set_params(fd, &params));
}

#define PMTUD		(SPP_PMTUD_ENABLE | SPP_PMTUD_DISABLE)

/* What they do to packets is seen in packet.c. */
TEST_F(path, fixed_mtu)
{
	int fd = self->p.client.fd, id = self->p.client.id;
	struct sctp_paddrparams params = params_of(id, &self->p.addr);

	/* Alone it means nothing. */
	params.spp_pathmtu = 600;
	ASSERT_EQ(0, set_params(fd, &params));
	ASSERT_EQ(0, get_params(fd, &params));
	EXPECT_EQ(SPP_PMTUD_ENABLE, params.spp_flags & PMTUD);
	EXPECT_LE(1480, params.spp_pathmtu);
	params = params_of(id, &self->p.addr);
	params.spp_flags = SPP_PMTUD_DISABLE;
	params.spp_pathmtu = 600;
	ASSERT_EQ(0, set_params(fd, &params));
	params.spp_pathmtu = 0;
	ASSERT_EQ(0, set_params(fd, &params));
	ASSERT_EQ(0, get_params(fd, &params));
	EXPECT_EQ(SPP_PMTUD_DISABLE, params.spp_flags & PMTUD);
	EXPECT_EQ(600, params.spp_pathmtu);
	params = params_of(id, NULL);
	params.spp_flags = SPP_PMTUD_DISABLE;
	params.spp_pathmtu = 512;
	ASSERT_EQ(0, set_params(fd, &params));
	ASSERT_EQ(0, get_params(fd, &params));
	EXPECT_EQ(SPP_PMTUD_DISABLE, params.spp_flags & PMTUD);
	EXPECT_EQ(512, params.spp_pathmtu);
	params = params_of(id, &self->p.addr);
	params.spp_flags = SPP_PMTUD_ENABLE;
	ASSERT_EQ(0, set_params(fd, &params));
	ASSERT_EQ(0, get_params(fd, &params));
	EXPECT_EQ(SPP_PMTUD_ENABLE, params.spp_flags & PMTUD);
	EXPECT_EQ(1500, params.spp_pathmtu);
	/* It is forgotten what it was then. */
	params = params_of(id, &self->p.addr);
	params.spp_flags = SPP_PMTUD_DISABLE;
	ASSERT_EQ(0, set_params(fd, &params));
	ASSERT_EQ(0, get_params(fd, &params));
	EXPECT_EQ(SPP_PMTUD_DISABLE, params.spp_flags & PMTUD);
	EXPECT_EQ(1500, params.spp_pathmtu);
}

TEST_F(path, marks)
{
	const int both = SPP_DSCP | SPP_IPV6_FLOWLABEL;
	bool is_v6 = variant->fl.family == TEST_IPV6;
	int fd = self->p.client.fd, id = self->p.client.id;
	struct sctp_paddrparams params = params_of(id, NULL);

	/* As far as they are valid values, for no other is refused. */
	params.spp_flags = both;
	params.spp_dscp = 0xff;
	params.spp_ipv6_flowlabel = 0xffffffff;
	ASSERT_EQ(0, set_params(fd, &params));
	params = params_of(id, NULL);
	ASSERT_EQ(0, get_params(fd, &params));
	EXPECT_EQ(both, params.spp_flags & both);
	EXPECT_EQ(0xfc, params.spp_dscp);
	EXPECT_EQ(0xfffff, params.spp_ipv6_flowlabel);
	/* An IPv4 address has no flow label. */
	params = params_of(id, &self->p.addr);
	ASSERT_EQ(0, get_params(fd, &params));
	EXPECT_EQ(is_v6 ? both : SPP_DSCP, params.spp_flags & both);
	EXPECT_EQ(0xfc, params.spp_dscp);
	if (is_v6)
		EXPECT_EQ(0xfffff, params.spp_ipv6_flowlabel);
	/* Without the flags nothing changes. */
	params = params_of(id, &self->p.addr);
	params.spp_dscp = 0x28;
	params.spp_ipv6_flowlabel = 1;
	ASSERT_EQ(0, set_params(fd, &params));
	params = params_of(id, &self->p.addr);
	ASSERT_EQ(0, get_params(fd, &params));
	EXPECT_EQ(0xfc, params.spp_dscp);
}

TEST_F(path, marks_and_mtu_of_later_associations)
{
	const int all = SPP_DSCP | SPP_IPV6_FLOWLABEL | PMTUD;
	struct sctp_paddrparams params = params_of(0, NULL);
	int fd = open_socket(_metadata, &variant->fl), labels = 0;

	if (variant->fl.family != TEST_IPV4)
		labels = SPP_IPV6_FLOWLABEL;
	params.spp_flags = SPP_DSCP | SPP_IPV6_FLOWLABEL | SPP_PMTUD_DISABLE;
	params.spp_pathmtu = 1000;
	params.spp_dscp = 0x28;
	params.spp_ipv6_flowlabel = 0x777;
	ASSERT_EQ(0, set_params(fd, &params));
	params = params_of(0, NULL);
	ASSERT_EQ(0, get_params(fd, &params));
	EXPECT_EQ(SPP_DSCP | SPP_PMTUD_DISABLE | labels, params.spp_flags & all);
	EXPECT_EQ(1000, params.spp_pathmtu);
	EXPECT_EQ(0x28, params.spp_dscp);
	if (labels)
		EXPECT_EQ(0x777, params.spp_ipv6_flowlabel);
	ASSERT_EQ(0, connect(fd, &self->p.addr.sa, addr_len(&self->p.addr)));
	params = params_of(0, &self->p.addr);
	ASSERT_EQ(0, get_params(fd, &params));
	if (variant->fl.family == TEST_MAPPED)
		labels = 0;
	EXPECT_EQ(SPP_DSCP | SPP_PMTUD_DISABLE | labels, params.spp_flags & all);
	EXPECT_EQ(1000, params.spp_pathmtu);
	EXPECT_EQ(0x28, params.spp_dscp);
	close(fd);
}

/* The structure has once been shorter. */
TEST_F(path, every_length)
{
	struct sctp_paddrparams params = params_of(self->p.client.id, NULL);
	char buf[sizeof(params) + 8];
	int fd = self->p.client.fd;
	socklen_t len, got;
	bool ok;

	for (len = 0; len <= sizeof(buf); len++) {
		memset(buf, 0, sizeof(buf));
		memcpy(buf, &params, sizeof(params));
		ok = len == PARAMS_OLD || len == sizeof(params) ||
		     takes_longer(len, sizeof(params));
		EXPECT_EQ(ok ? 0 : EINVAL,
			  CHILD_ERRNO(setsockopt(fd, SOL_SCTP,
						 SCTP_PEER_ADDR_PARAMS, buf,
						 len)))
			TH_LOG("length %u", len);
		memset(buf + sizeof(params), 0xa5, 8);
		got = len;
		ok = len >= PARAMS_OLD;
		EXPECT_EQ(ok ? 0 : EINVAL,
			  CHILD_ERRNO(getsockopt(fd, SOL_SCTP,
						 SCTP_PEER_ADDR_PARAMS, buf,
						 &got)));
		if (!ok)
			continue;
		EXPECT_EQ(len < sizeof(params) ? PARAMS_OLD : sizeof(params),
			  got);
		EXPECT_EQ(0xa5, (unsigned char)buf[sizeof(params)]);
	}
	params.spp_flags = SPP_DSCP;
	EXPECT_EQ(-1, setsockopt(fd, SOL_SCTP, SCTP_PEER_ADDR_PARAMS, &params,
				 PARAMS_OLD));
	EXPECT_EQ(EINVAL, errno);
}

static int thresholds(int fd, int id, const union test_addr *addr,
		      struct sctp_paddrthlds_v2 *thlds)
{
	socklen_t len = sizeof(*thlds);

	memset(thlds, 0, sizeof(*thlds));
	thlds->spt_assoc_id = id;
	if (addr)
		memcpy(&thlds->spt_address, addr, addr_len(addr));
	return CHILD_ERRNO(getsockopt(fd, SOL_SCTP, SCTP_PEER_ADDR_THLDS_V2,
				      thlds, &len));
}

TEST_F(path, thresholds)
{
	int fd = self->p.client.fd, id = self->p.client.id;
	struct sctp_paddrthlds_v2 thlds;
	struct sctp_paddrthlds old;
	union test_addr other;
	socklen_t len;

	ASSERT_EQ(0, thresholds(fd, id, NULL, &thlds));
	EXPECT_EQ(5, thlds.spt_pathmaxrxt);
	EXPECT_EQ(0, thlds.spt_pathpfthld);
	EXPECT_EQ(0xffff, thlds.spt_pathcpthld);

	thlds.spt_pathmaxrxt = 0;
	thlds.spt_pathpfthld = 2;
	thlds.spt_pathcpthld = 3;
	ASSERT_EQ(0, setsockopt(fd, SOL_SCTP, SCTP_PEER_ADDR_THLDS_V2, &thlds,
				sizeof(thlds)));
	ASSERT_EQ(0, thresholds(fd, id, &self->p.addr, &thlds));
	EXPECT_EQ(5, thlds.spt_pathmaxrxt);
	EXPECT_EQ(2, thlds.spt_pathpfthld);
	EXPECT_EQ(3, thlds.spt_pathcpthld);

	/* The first version knows two of the three. */
	memset(&old, 0, sizeof(old));
	old.spt_assoc_id = id;
	memcpy(&old.spt_address, &self->p.addr, addr_len(&self->p.addr));
	old.spt_pathmaxrxt = 8;
	old.spt_pathpfthld = 1;
	ASSERT_EQ(0, setsockopt(fd, SOL_SCTP, SCTP_PEER_ADDR_THLDS, &old,
				sizeof(old)));
	len = sizeof(old);
	ASSERT_EQ(0, getsockopt(fd, SOL_SCTP, SCTP_PEER_ADDR_THLDS, &old,
				&len));
	EXPECT_EQ(sizeof(old), len);
	EXPECT_EQ(8, old.spt_pathmaxrxt);
	EXPECT_EQ(1, old.spt_pathpfthld);
	ASSERT_EQ(0, thresholds(fd, id, &self->p.addr, &thlds));
	EXPECT_EQ(3, thlds.spt_pathcpthld);

	thlds.spt_pathpfthld = 4;
	EXPECT_EQ(-1, setsockopt(fd, SOL_SCTP, SCTP_PEER_ADDR_THLDS_V2, &thlds,
				 sizeof(thlds)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, setsockopt(fd, SOL_SCTP, SCTP_PEER_ADDR_THLDS_V2, &thlds,
				 sizeof(thlds) - 1));
	EXPECT_EQ(EINVAL, errno);
	other = make_addr(&variant->fl, "127.0.0.9", "::9",
			  port_of(&self->p.addr));
	EXPECT_EQ(ENOENT, thresholds(fd, id, &other, &thlds));
}

static int set_interval(int fd, int id, const union test_addr *addr,
			unsigned int ms)
{
	struct sctp_probeinterval probe = {
		.spi_assoc_id = id,
		.spi_interval = ms,
	};

	if (addr)
		memcpy(&probe.spi_address, addr, addr_len(addr));
	return CHILD_ERRNO(setsockopt(fd, SOL_SCTP, SCTP_PLPMTUD_PROBE_INTERVAL,
				      &probe, sizeof(probe)));
}

static int get_interval(int fd, int id, const union test_addr *addr)
{
	struct sctp_probeinterval probe = { .spi_assoc_id = id };
	socklen_t len = sizeof(probe);

	if (addr)
		memcpy(&probe.spi_address, addr, addr_len(addr));
	if (getsockopt(fd, SOL_SCTP, SCTP_PLPMTUD_PROBE_INTERVAL, &probe, &len))
		return -errno;
	return len == sizeof(probe) ? (int)probe.spi_interval : -EOVERFLOW;
}

TEST_F(path, probe_interval)
{
	/* By default the C module does not probe. */
	int def = is_c_module() ? 0 : 20000;
	int fd = self->p.client.fd, id = self->p.client.id;
	union test_addr other = make_addr(&variant->fl, "127.0.0.9", "::9",
					  port_of(&self->p.addr));

	EXPECT_EQ(def, get_interval(fd, id, NULL));
	EXPECT_EQ(def, get_interval(fd, id, &self->p.addr));
	EXPECT_EQ(0, set_interval(fd, id, &self->p.addr, 5000));
	EXPECT_EQ(5000, get_interval(fd, id, &self->p.addr));
	EXPECT_EQ(def, get_interval(fd, id, NULL));
	EXPECT_EQ(0, set_interval(fd, id, NULL, 60000));
	EXPECT_EQ(60000, get_interval(fd, id, &self->p.addr));
	EXPECT_EQ(60000, get_interval(fd, id, NULL));
	/* What is too short to be good for the network. */
	EXPECT_EQ(EINVAL, set_interval(fd, id, NULL, 4999));
	EXPECT_EQ(EINVAL, set_interval(fd, id, &self->p.addr, 1));
	EXPECT_EQ(0, set_interval(fd, id, NULL, 0));
	EXPECT_EQ(0, get_interval(fd, id, &self->p.addr));
	EXPECT_EQ(EINVAL, set_interval(fd, id, &other, 5000));
	EXPECT_EQ(-EINVAL, get_interval(fd, id, &other));
	send_pattern(_metadata, &self->p.client, 20000, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 20000, 1, NULL);
	if (one_to_one(&variant->fl))
		return;
	EXPECT_EQ(0, set_interval(fd, SCTP_FUTURE_ASSOC, NULL, 7000));
	EXPECT_EQ(7000, get_interval(fd, SCTP_FUTURE_ASSOC, NULL));
	EXPECT_EQ(0, get_interval(fd, id, NULL));
	EXPECT_EQ(EINVAL, set_interval(fd, SCTP_ALL_ASSOC, NULL, 7000));
	EXPECT_EQ(-EINVAL, get_interval(fd, id + 1000, NULL));
}

TEST_HARNESS_MAIN
