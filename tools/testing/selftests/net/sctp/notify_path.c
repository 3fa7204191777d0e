// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of the peer's addresses: SCTP_PEER_ADDR_CHANGE in the states that
 * there are without ASCONF (RFC 6458 section 6.1.2), and what
 * SCTP_EXPOSE_POTENTIALLY_FAILED_STATE adds to it (RFC 7829 section 7.3).
 *
 * The server has two addresses. One of them fails when it is taken away from the
 * host: no route leads to it any more.
 */
#include <stddef.h>

#include "sctp_util.h"

FIXTURE(path) {
	struct pair p;
	union test_addr other;	/* the server's second one */
};

SCTP_FIXTURE_VARIANT(path);
SCTP_VARIANTS(path);

static union test_addr address(const struct flavour *fl, int n, uint16_t port)
{
	char v4[32], v6[32];

	snprintf(v4, sizeof(v4), "192.0.2.%d", n);
	snprintf(v6, sizeof(v6), "2001:db8::%d", n);
	return make_addr(fl, v4, v6, port);
}

/* Gives the host its address @n ("add"), or takes it away ("del"). */
static void change_addresses(struct __test_metadata *_metadata, const char *how,
			     int n)
{
	char args[128];

	snprintf(args, sizeof(args), "addr %s 192.0.2.%d/32 dev lo", how, n);
	run_ip(_metadata, args);
	snprintf(args, sizeof(args), "-6 addr %s 2001:db8::%d/128 dev lo %s",
		 how, n, strcmp(how, "add") ? "" : "nodad");
	run_ip(_metadata, args);
}

/* Short timeouts, but such that a guest keeps to them, and heartbeats all the time. */
static void be_quick(struct __test_metadata *_metadata, int fd)
{
	struct sctp_rtoinfo rto = {
		.srto_initial = 200, .srto_min = 200, .srto_max = 200,
	};
	struct sctp_paddrparams params = {
		.spp_hbinterval = 20,
		.spp_flags = SPP_HB_ENABLE,
	};

	ASSERT_EQ(0, setsockopt(fd, SOL_SCTP, SCTP_RTOINFO, &rto, sizeof(rto)));
	ASSERT_EQ(0, setsockopt(fd, SOL_SCTP, SCTP_PEER_ADDR_PARAMS, &params,
				sizeof(params)));
}

static void set_thresholds(struct __test_metadata *_metadata, int fd,
			   int retrans, int pf)
{
	struct sctp_paddrthlds t = {
		.spt_pathmaxrxt = retrans,
		.spt_pathpfthld = pf,
	};

	ASSERT_EQ(0, setsockopt(fd, SOL_SCTP, SCTP_PEER_ADDR_THLDS, &t,
				sizeof(t)));
}

static int set_exposure(int fd, int id, unsigned int value)
{
	struct sctp_assoc_value v = { .assoc_id = id, .assoc_value = value };

	return CHILD_ERRNO(setsockopt(fd, SOL_SCTP,
				      SCTP_EXPOSE_POTENTIALLY_FAILED_STATE, &v,
				      sizeof(v)));
}

FIXTURE_SETUP(path)
{
	union test_addr client = address(&variant->fl, 3, 5003);
	struct pair *p = &self->p;

	enter_netns(_metadata);
	change_addresses(_metadata, "add", 1);
	change_addresses(_metadata, "add", 2);
	change_addresses(_metadata, "add", 3);
	p->addr = address(&variant->fl, 1, 5001);
	self->other = address(&variant->fl, 2, 5001);
	p->listener = open_socket(_metadata, &variant->fl);
	p->client.fd = open_socket(_metadata, &variant->fl);
	ASSERT_EQ(0, bind(p->listener, &p->addr.sa, addr_len(&p->addr)));
	ASSERT_EQ(0, setsockopt(p->listener, SOL_SCTP, SCTP_SOCKOPT_BINDX_ADD,
				&self->other, addr_len(&self->other)));
	ASSERT_EQ(0, listen(p->listener, 5));
	ASSERT_EQ(0, bind(p->client.fd, &client.sa, addr_len(&client)));
	be_quick(_metadata, p->client.fd);
}

FIXTURE_TEARDOWN(path)
{
}

/*
 * Whether a change is that of a path which goes on working, on a host that was
 * busy for longer than the time-out.
 */
static bool is_hiccup(const struct sctp_paddr_change *spc, bool is_about_it)
{
	return !is_about_it && (spc->spc_state == SCTP_ADDR_POTENTIALLY_FAILED ||
				spc->spc_state == SCTP_ADDR_AVAILABLE);
}

static void expect_change(struct __test_metadata *_metadata, struct pair *p,
			  const union test_addr *addr, int state, int error)
{
	union sctp_notification sn;
	struct sctp_paddr_change *spc = &sn.sn_paddr_change;
	union test_addr about;

	do {
		recv_notification(_metadata, p->client.fd,
				  SCTP_PEER_ADDR_CHANGE, &sn, sizeof(sn));
		memcpy(&about, &spc->spc_aaddr, sizeof(about));
	} while (is_hiccup(spc, same_addr(addr, &about)));
	ASSERT_EQ(state, spc->spc_state);
	EXPECT_EQ(148, spc->spc_length);
	EXPECT_EQ(0, spc->spc_flags);
	EXPECT_EQ(error, spc->spc_error);
	EXPECT_EQ(p->client.id, spc->spc_assoc_id);
	EXPECT_TRUE(same_addr(addr, &about));
}

/* Connects, and waits until both addresses are known to work. */
static void join(struct __test_metadata *_metadata, struct pair *p,
		 const union test_addr *other)
{
	set_events(_metadata, p->client.fd, EV_ASSOC | EV_ADDRESS);
	ASSERT_EQ(0, connect(p->client.fd, &p->addr.sa, addr_len(&p->addr)));
	p->client.id = recv_assoc_change(_metadata, p->client.fd,
					 SCTP_COMM_UP).sac_assoc_id;
	expect_change(_metadata, p, other, SCTP_ADDR_CONFIRMED,
		      SCTP_HEARTBEAT_SUCCESS);
}

static int state_of(const struct pair *p, const union test_addr *addr)
{
	struct sctp_paddrinfo info = { .spinfo_assoc_id = p->client.id };
	socklen_t len = sizeof(info);

	memcpy(&info.spinfo_address, addr, addr_len(addr));
	if (getsockopt(p->client.fd, SOL_SCTP, SCTP_GET_PEER_ADDR_INFO, &info,
		       &len))
		return -errno;
	return info.spinfo_state;
}

TEST_F(path, layout)
{
	EXPECT_EQ(148, sizeof(struct sctp_paddr_change));
	EXPECT_EQ(8, offsetof(struct sctp_paddr_change, spc_aaddr));
	EXPECT_EQ(136, offsetof(struct sctp_paddr_change, spc_state));
	EXPECT_EQ(0x8002, SCTP_PEER_ADDR_CHANGE);
	EXPECT_EQ(131, SCTP_EXPOSE_POTENTIALLY_FAILED_STATE);
}

TEST_F(path, fails_and_recovers)
{
	struct pair *p = &self->p;

	set_thresholds(_metadata, p->client.fd, 2, 0);
	join(_metadata, p, &self->other);
	change_addresses(_metadata, "del", 2);
	/* That it is potentially failed before nobody has asked for. */
	expect_change(_metadata, p, &self->other, SCTP_ADDR_UNREACHABLE,
		      SCTP_FAILED_THRESHOLD);
	EXPECT_EQ(SCTP_INACTIVE, state_of(p, &self->other));
	change_addresses(_metadata, "add", 2);
	expect_change(_metadata, p, &self->other, SCTP_ADDR_AVAILABLE,
		      SCTP_HEARTBEAT_SUCCESS);
	EXPECT_EQ(SCTP_ACTIVE, state_of(p, &self->other));
	expect_nothing(_metadata, p->client.fd);
}

TEST_F(path, becomes_the_primary_one)
{
	struct pair *p = &self->p;
	struct sctp_prim prim = { 0 };
	int i;

	join(_metadata, p, &self->other);
	prim.ssp_assoc_id = p->client.id;
	memcpy(&prim.ssp_addr, &self->other, addr_len(&self->other));
	/* It may be so already. */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, setsockopt(p->client.fd, SOL_SCTP,
					SCTP_PRIMARY_ADDR, &prim,
					sizeof(prim)));
		expect_change(_metadata, p, &self->other, SCTP_ADDR_MADE_PRIM,
			      0);
	}
}

TEST_F(path, potentially_failed)
{
	struct pair *p = &self->p;

	set_thresholds(_metadata, p->client.fd, 4, 0);
	ASSERT_EQ(0, set_exposure(p->client.fd, 0, 2));
	join(_metadata, p, &self->other);
	change_addresses(_metadata, "del", 2);
	expect_change(_metadata, p, &self->other, SCTP_ADDR_POTENTIALLY_FAILED,
		      0);
	expect_change(_metadata, p, &self->other, SCTP_ADDR_UNREACHABLE,
		      SCTP_FAILED_THRESHOLD);
	change_addresses(_metadata, "add", 2);
	expect_change(_metadata, p, &self->other, SCTP_ADDR_AVAILABLE,
		      SCTP_HEARTBEAT_SUCCESS);
}

TEST_F(path, potentially_failed_only)
{
	struct pair *p = &self->p;

	set_thresholds(_metadata, p->client.fd, 1000, 0);
	ASSERT_EQ(0, set_exposure(p->client.fd, 0, 2));
	join(_metadata, p, &self->other);
	change_addresses(_metadata, "del", 2);
	expect_change(_metadata, p, &self->other, SCTP_ADDR_POTENTIALLY_FAILED,
		      0);
	EXPECT_EQ(SCTP_PF, state_of(p, &self->other));
	change_addresses(_metadata, "add", 2);
	expect_change(_metadata, p, &self->other, SCTP_ADDR_AVAILABLE,
		      SCTP_HEARTBEAT_SUCCESS);
}

/* Unless it is asked for there is no notification, and none to be asked. */
TEST_F(path, potentially_failed_and_not_shown)
{
	struct pair *p = &self->p;

	set_thresholds(_metadata, p->client.fd, 1000, 0);
	join(_metadata, p, &self->other);
	change_addresses(_metadata, "del", 2);
	wait_until(state_of(p, &self->other) == SCTP_PF);
	ASSERT_EQ(0, set_exposure(p->client.fd, p->client.id, 1));
	EXPECT_EQ(-EACCES, state_of(p, &self->other));
	EXPECT_EQ(SCTP_ACTIVE, state_of(p, &p->addr));
	change_addresses(_metadata, "add", 2);
	wait_until(state_of(p, &self->other) == SCTP_ACTIVE);
	expect_nothing(_metadata, p->client.fd);
}

/* Nothing is told of an association that does not come about. */
TEST_F(path, not_before_it_is_up)
{
	union test_addr addr = address(&variant->fl, 9, 5001);
	int fd = self->p.client.fd;

	run_ip(_metadata, "link add hole type dummy");
	run_ip(_metadata, "link set hole up");
	run_ip(_metadata, "route add 192.0.2.9 dev hole");
	run_ip(_metadata, "-6 route add 2001:db8::9 dev hole");
	set_initmsg(_metadata, fd, 0, 0, 3, 50);
	set_events(_metadata, fd, EV_ASSOC | EV_ADDRESS);
	EXPECT_EQ(-1, connect(fd, &addr.sa, addr_len(&addr)));
	recv_assoc_change(_metadata, fd, SCTP_CANT_STR_ASSOC);
	/* The C module leaves a second error there. */
	get_int(_metadata, fd, SOL_SOCKET, SO_ERROR);
	expect_nothing(_metadata, fd);
}

TEST_F(path, shown_as_ipv4)
{
	struct flavour v4 = { TEST_IPV4, variant->fl.type };
	struct pair *p = &self->p;
	union test_addr other;

	if (variant->fl.family != TEST_MAPPED)
		return;
	set_int(_metadata, p->client.fd, SOL_SCTP, SCTP_I_WANT_MAPPED_V4_ADDR,
		0);
	other = address(&v4, 2, port_of(&p->addr));
	join(_metadata, p, &other);
}

TEST_F(path, exposure_lengths_and_values)
{
	struct sctp_assoc_value v = { 0 };
	char buf[sizeof(v) + 8] = { 0 };
	int fd = self->p.client.fd;
	const int name = SCTP_EXPOSE_POTENTIALLY_FAILED_STATE;
	socklen_t len, got = sizeof(v);

	ASSERT_EQ(0, getsockopt(fd, SOL_SCTP, name, &v, &got));
	EXPECT_EQ(0, v.assoc_value);
	for (len = 0; len <= sizeof(buf); len++) {
		EXPECT_EQ(len == sizeof(v) || takes_longer(len, sizeof(v)) ? 0 : EINVAL,
			  CHILD_ERRNO(setsockopt(fd, SOL_SCTP, name, buf, len)));
		got = len;
		EXPECT_EQ(len < sizeof(v) ? EINVAL : 0,
			  CHILD_ERRNO(getsockopt(fd, SOL_SCTP, name, buf,
						 &got)));
		EXPECT_EQ(len < sizeof(v) ? len : sizeof(v), got);
	}
	EXPECT_EQ(EINVAL, set_exposure(fd, 0, 3));
	EXPECT_EQ(EINVAL, set_exposure(fd, 0, -1));
}

TEST_HARNESS_MAIN
