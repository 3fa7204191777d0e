// SPDX-License-Identifier: GPL-2.0
/*
 * Where packets go and come from, what socket options do to them, and what can
 * be learnt of them on receipt: the destination that a sender chooses (RFC 6458
 * sections 5.3.4 and 9.12), DSCP, flow label and MTU of a path (8.1.12),
 * msg_name, options and ancillary data of SOL_SOCKET and IP, SO_RCVLOWAT,
 * SIOCINQ and SIOCOUTQ.
 */
#include "sctp_util.h"
#include <linux/errqueue.h>
#include <linux/if_ether.h>
#include <linux/net_tstamp.h>
#include <netpacket/packet.h>

#ifndef SO_RCVMARK
#define SO_RCVMARK	75
#endif
#ifndef SO_RCVPRIORITY
#define SO_RCVPRIORITY	82
#endif

/* Both ends of an association have two addresses of loopback each. */
FIXTURE(packet) {
	struct pair p;
	union test_addr server[2], client[2];
	int sniffer;
};

SCTP_FIXTURE_VARIANT(packet);
SCTP_VARIANTS(packet);

/* One that is seen on its way in. */
struct seen {
	union test_addr src, dst;
	int tos, ttl, label;
	size_t len;	/* with the IP header */
	bool df;	/* IPv6: always */
	__u32 vtag;
	__u32 tsn;	/* of the first DATA, if that was asked for */
};

static void bind_both(struct __test_metadata *_metadata, int fd,
		      const union test_addr *addr)
{
	char list[2 * sizeof(*addr)];
	socklen_t len = addr_len(addr);

	memcpy(list, &addr[0], len);
	memcpy(list + len, &addr[1], len);
	ASSERT_EQ(0, setsockopt(fd, SOL_SCTP, 100, list, 2 * len));
}

static int path_state(struct __test_metadata *_metadata, const struct end *end,
		      const union test_addr *addr)
{
	struct sctp_paddrinfo info = { .spinfo_assoc_id = end->id };
	socklen_t len = sizeof(info);

	memcpy(&info.spinfo_address, addr, addr_len(addr));
	ASSERT_EQ(0, getsockopt(end->fd, SOL_SCTP, SCTP_GET_PEER_ADDR_INFO,
				&info, &len));
	return info.spinfo_state;
}

FIXTURE_SETUP(packet)
{
	static const char *const v4[] = { "127.0.0.1", "127.0.0.2",
					  "127.0.0.3", "127.0.0.4" };
	static const char *const v6[] = { "2001:db8::1", "2001:db8::2",
					  "2001:db8::3", "2001:db8::4" };
	int i;

	enter_netns(_metadata);
	for (i = 0; i < 4 && variant->fl.family == TEST_IPV6; i++)
		add_address(_metadata, v6[i]);
	for (i = 0; i < 2; i++) {
		self->server[i] = make_addr(&variant->fl, v4[i], v6[i], 5001);
		self->client[i] = make_addr(&variant->fl, v4[2 + i], v6[2 + i],
					    5002);
	}
	self->p.addr = self->server[0];
	self->p.listener = open_socket(_metadata, &variant->fl);
	/* The sniffer is to see each packet. */
	set_offload(_metadata, "lo", ETHTOOL_SGSO, false);
	self->p.client.fd = open_socket(_metadata, &variant->fl);
	bind_both(_metadata, self->p.listener, self->server);
	bind_both(_metadata, self->p.client.fd, self->client);
	ASSERT_EQ(0, listen(self->p.listener, 5));
	pair_join(_metadata, &variant->fl, &self->p);
	self->sniffer = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	ASSERT_LE(0, self->sniffer);
}

FIXTURE_TEARDOWN(packet)
{
}

static __u32 be32_at(const unsigned char *at)
{
	return (__u32)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static const unsigned char *find_chunk(const unsigned char *sctp, ssize_t len,
				       int type)
{
	const unsigned char *at = sctp + 12, *end = sctp + len;

	while (at + 4 <= end) {
		int size = at[2] << 8 | at[3];

		if (at[0] == type)
			return at;
		at += size < 4 ? 4 : (size + 3) & ~3;
	}
	return NULL;
}

/*
 * The next packet that has a chunk of this type. IPv4 addresses are in the
 * variant's form.
 */
static struct seen next_packet(struct __test_metadata *_metadata,
			       const struct flavour *fl, int sniffer, int type)
{
	unsigned char buf[2048], *sctp;
	const unsigned char *chunk;
	struct sockaddr_ll from;
	struct seen seen;
	socklen_t len;
	ssize_t n;

	do {
		wait_for(_metadata, sniffer, POLLIN);
		len = sizeof(from);
		n = recvfrom(sniffer, buf, sizeof(buf), 0, (void *)&from, &len);
		ASSERT_LT(0, n);
		sctp = buf + (buf[0] >> 4 == 4 ? 20 : 40);
		chunk = find_chunk(sctp, buf + n - sctp, type);
	} while (from.sll_pkttype == PACKET_OUTGOING || !chunk ||
		 buf[buf[0] >> 4 == 4 ? 9 : 6] != IPPROTO_SCTP);
	if (buf[0] >> 4 == 4) {
		char src[INET_ADDRSTRLEN], dst[INET_ADDRSTRLEN];

		inet_ntop(AF_INET, buf + 12, src, sizeof(src));
		inet_ntop(AF_INET, buf + 16, dst, sizeof(dst));
		seen.src = make_addr(fl, src, "", sctp[0] << 8 | sctp[1]);
		seen.dst = make_addr(fl, dst, "", sctp[2] << 8 | sctp[3]);
		seen.tos = buf[1];
		seen.ttl = buf[8];
		seen.label = 0;
		seen.df = buf[6] & 0x40;
	} else {
		memset(&seen, 0, sizeof(seen));
		seen.src.sa.sa_family = AF_INET6;
		seen.src.v6.sin6_port = htons(sctp[0] << 8 | sctp[1]);
		memcpy(&seen.src.v6.sin6_addr, buf + 8, 16);
		seen.dst.sa.sa_family = AF_INET6;
		seen.dst.v6.sin6_port = htons(sctp[2] << 8 | sctp[3]);
		memcpy(&seen.dst.v6.sin6_addr, buf + 24, 16);
		seen.tos = (buf[0] << 4 | buf[1] >> 4) & 0xff;
		seen.ttl = buf[7];
		seen.label = (buf[1] & 15) << 16 | buf[2] << 8 | buf[3];
		seen.df = true;
	}
	seen.len = n;
	seen.vtag = be32_at(sctp + 4);
	seen.tsn = be32_at(chunk + 4);
	return seen;
}

/*
 * The next packet whose DATA was not seen before: on a busy machine an answer
 * comes late enough for a tail loss probe, which looks like what it repeats.
 */
static struct seen next_data(struct __test_metadata *_metadata,
			     const struct flavour *fl, int sniffer)
{
	/* Of each direction of each association, whose tags are not 0. */
	static struct { __u32 vtag, tsn; } last[8];
	struct seen seen;
	size_t i;

	for (;;) {
		seen = next_packet(_metadata, fl, sniffer, 0);
		for (i = 0; i < ARRAY_SIZE(last) && last[i].vtag; i++)
			if (last[i].vtag == seen.vtag)
				break;
		ASSERT_GT(ARRAY_SIZE(last), i);
		if (last[i].vtag && (__s32)(seen.tsn - last[i].tsn) <= 0)
			continue;
		last[i].vtag = seen.vtag;
		last[i].tsn = seen.tsn;
		return seen;
	}
}

/* Sends a message from the client: how its DATA looks. */
static struct seen send_seen(struct __test_metadata *_metadata,
			     const struct pair *p, int sniffer, const struct flavour *fl,
			     const union test_addr *to, int flags)
{
	struct sctp_sndinfo info = {
		.snd_flags = flags,
		.snd_assoc_id = p->client.id,
	};
	struct seen seen;
	char buf[100];

	fill(buf, sizeof(buf), 3);
	ASSERT_EQ(100, send_cmsg(p->client.fd, to, SCTP_SNDINFO, &info,
				 sizeof(info), buf, sizeof(buf), 0));
	seen = next_data(_metadata, fl, sniffer);
	recv_pattern(_metadata, p->server.fd, 100, 3, NULL);
	return seen;
}

TEST_F(packet, destination)
{
	union test_addr *server = self->server;
	struct seen seen;

	wait_until(path_state(_metadata, &self->p.client, &server[1]) ==
		   SCTP_ACTIVE);
	seen = send_seen(_metadata, &self->p, self->sniffer, &variant->fl, &server[1],
			 SCTP_ADDR_OVER);
	EXPECT_TRUE(same_addr(&server[1], &seen.dst));
	seen = send_seen(_metadata, &self->p, self->sniffer, &variant->fl, NULL, 0);
	EXPECT_TRUE(same_addr(&server[0], &seen.dst));
	/* On a one-to-one socket the address has no other meaning. */
	seen = send_seen(_metadata, &self->p, self->sniffer, &variant->fl, &server[1], 0);
	EXPECT_TRUE(same_addr(&server[one_to_one(&variant->fl)], &seen.dst));
	seen = send_seen(_metadata, &self->p, self->sniffer, &variant->fl, &server[0],
			 SCTP_ADDR_OVER);
	EXPECT_TRUE(same_addr(&server[0], &seen.dst));
}

TEST_F(packet, primary)
{
	struct sctp_prim prim = { .ssp_assoc_id = self->p.client.id };
	union test_addr *server = self->server;
	struct seen seen;

	wait_until(path_state(_metadata, &self->p.client, &server[1]) ==
		   SCTP_ACTIVE);
	memcpy(&prim.ssp_addr, &server[1], addr_len(&server[1]));
	ASSERT_EQ(0, setsockopt(self->p.client.fd, SOL_SCTP, SCTP_PRIMARY_ADDR,
				&prim, sizeof(prim)));
	seen = send_seen(_metadata, &self->p, self->sniffer, &variant->fl, NULL, 0);
	EXPECT_TRUE(same_addr(&server[1], &seen.dst));
}

/* The name of a message is where its DATA came from. */
TEST_F(packet, source)
{
	struct sctp_sndinfo info = { .snd_assoc_id = self->p.client.id };
	struct seen seen;
	struct rx rx;
	char buf[100];

	fill(buf, sizeof(buf), 3);
	ASSERT_EQ(100, send_cmsg(self->p.client.fd, NULL, SCTP_SNDINFO, &info,
				 sizeof(info), buf, sizeof(buf), 0));
	seen = next_data(_metadata, &variant->fl, self->sniffer);
	recv_pattern(_metadata, self->p.server.fd, 100, 3, &rx);
	EXPECT_TRUE(same_addr(&seen.src, &rx.from));
	EXPECT_TRUE(same_addr(&seen.src, &self->client[0]) ||
		    same_addr(&seen.src, &self->client[1]));
}

TEST_F(packet, tos_and_ttl)
{
	bool is_v6 = variant->fl.family == TEST_IPV6;
	int level = is_v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	struct seen seen;

	set_int(_metadata, self->p.client.fd, level,
		is_v6 ? IPV6_TCLASS : IP_TOS, 0x28);
	set_int(_metadata, self->p.client.fd, level,
		is_v6 ? IPV6_UNICAST_HOPS : IP_TTL, 33);
	seen = send_seen(_metadata, &self->p, self->sniffer, &variant->fl, NULL, 0);
	/* Without the bits of ECN, which are not the user's. */
	EXPECT_EQ(0x28, seen.tos & ~3);
	EXPECT_EQ(33, seen.ttl);
}

static void set_params(struct __test_metadata *_metadata, const struct end *end,
		       const union test_addr *addr,
		       struct sctp_paddrparams params)
{
	params.spp_assoc_id = end->id;
	if (addr)
		memcpy(&params.spp_address, addr, addr_len(addr));
	ASSERT_EQ(0, setsockopt(end->fd, SOL_SCTP, SCTP_PEER_ADDR_PARAMS,
				&params, sizeof(params)))
		TH_LOG("SCTP_PEER_ADDR_PARAMS: %s", strerror(errno));
}

TEST_F(packet, dscp)
{
	struct sctp_paddrparams params = {
		.spp_flags = SPP_DSCP,
		.spp_dscp = 0xbb,
	};
	bool is_v6 = variant->fl.family == TEST_IPV6;
	const struct end *client = &self->p.client;
	union test_addr *server = self->server;
	struct seen seen;

	set_int(_metadata, client->fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
		is_v6 ? IPV6_TCLASS : IP_TOS, 0x48);
	wait_until(path_state(_metadata, client, &server[1]) == SCTP_ACTIVE);
	/* Of one path: the other goes on as the socket has it. */
	set_params(_metadata, client, &server[1], params);
	seen = send_seen(_metadata, &self->p, self->sniffer, &variant->fl,
			 &server[1], SCTP_ADDR_OVER);
	EXPECT_EQ(0xb8, seen.tos & ~3);
	seen = send_seen(_metadata, &self->p, self->sniffer, &variant->fl,
			 &server[0], SCTP_ADDR_OVER);
	EXPECT_EQ(0x48, seen.tos & ~3);
	/* Of all. */
	params.spp_dscp = 0x28;
	set_params(_metadata, client, NULL, params);
	for (int i = 0; i < 2; i++) {
		seen = send_seen(_metadata, &self->p, self->sniffer,
				 &variant->fl, &server[i], SCTP_ADDR_OVER);
		EXPECT_EQ(0x28, seen.tos & ~3);
	}
	/* Zero is one, too. */
	params.spp_dscp = 0;
	set_params(_metadata, client, &server[0], params);
	seen = send_seen(_metadata, &self->p, self->sniffer, &variant->fl,
			 &server[0], SCTP_ADDR_OVER);
	EXPECT_EQ(0, seen.tos & ~3);
}

TEST_F(packet, flow_label)
{
	struct sctp_paddrparams params = {
		.spp_flags = SPP_IPV6_FLOWLABEL,
		.spp_ipv6_flowlabel = 0xff12345,
	};
	const struct end *client = &self->p.client;
	union test_addr *server = self->server;
	struct seen seen;

	/* There it has an effect when the route is looked up the next time. */
	if (is_c_module())
		SKIP(return, "the C module takes its time");
	wait_until(path_state(_metadata, client, &server[1]) == SCTP_ACTIVE);
	set_params(_metadata, client, NULL, params);
	params.spp_ipv6_flowlabel = 0x777;
	set_params(_metadata, client, &server[1], params);
	for (int i = 0; i < 2; i++) {
		int label = i ? 0x777 : 0x12345;

		seen = send_seen(_metadata, &self->p, self->sniffer,
				 &variant->fl, &server[i], SCTP_ADDR_OVER);
		if (variant->fl.family != TEST_IPV6)
			label = 0;
		EXPECT_EQ(label, seen.label);
	}
}

/* What sockets are set to is seen from the first packet on, and of both. */
TEST_F(packet, marks_of_later_associations)
{
	struct sctp_paddrparams params = {
		.spp_flags = SPP_DSCP | SPP_IPV6_FLOWLABEL,
		.spp_ipv6_flowlabel = 0x12345,
		.spp_dscp = 0x28,
	};
	bool is_v6 = variant->fl.family == TEST_IPV6;
	struct pair p = { 0 };
	struct end listener;
	struct seen seen;
	int sniffer = self->sniffer;

	p.listener = listening_socket(_metadata, &variant->fl, &p.addr);
	p.client.fd = open_socket(_metadata, &variant->fl);
	set_params(_metadata, &p.client, NULL, params);
	listener.fd = p.listener;
	listener.id = 0;
	params.spp_ipv6_flowlabel = 0x777;
	params.spp_dscp = 0xb8;
	set_params(_metadata, &listener, NULL, params);
	pair_join(_metadata, &variant->fl, &p);
	seen = next_packet(_metadata, &variant->fl, sniffer, 1);
	EXPECT_EQ(0x28, seen.tos & ~3);
	EXPECT_EQ(is_v6 ? 0x12345 : 0, seen.label);
	seen = next_packet(_metadata, &variant->fl, sniffer, 2);
	EXPECT_EQ(0xb8, seen.tos & ~3);
	EXPECT_EQ(is_v6 ? 0x777 : 0, seen.label);
	send_pattern(_metadata, &p.server, 100, 0, 1);
	seen = next_data(_metadata, &variant->fl, sniffer);
	EXPECT_EQ(0xb8, seen.tos & ~3);
	EXPECT_EQ(is_v6 ? 0x777 : 0, seen.label);
	recv_pattern(_metadata, p.client.fd, 100, 1, NULL);
	send_pattern(_metadata, &p.client, 100, 0, 2);
	seen = next_data(_metadata, &variant->fl, sniffer);
	EXPECT_EQ(0x28, seen.tos & ~3);
	EXPECT_EQ(is_v6 ? 0x12345 : 0, seen.label);
}

/* Sends a message to server[0]: how long the packets are that it takes. */
static size_t longest(struct __test_metadata *_metadata, const struct pair *p,
		      int sniffer, const struct flavour *fl, bool df)
{
	size_t headers = (fl->family == TEST_IPV6 ? 40 : 20) + 12 + 16;
	size_t longest = 0, sum = 0;
	struct seen seen;

	send_pattern(_metadata, &p->client, 5000, 0, 9);
	do {
		seen = next_data(_metadata, fl, sniffer);
		EXPECT_EQ(df, seen.df);
		sum += seen.len - headers;
		if (seen.len > longest)
			longest = seen.len;
	} while (sum < 5000);
	recv_pattern(_metadata, p->server.fd, 5000, 9, NULL);
	return longest;
}

TEST_F(packet, fixed_mtu)
{
	struct sctp_paddrparams params = { .spp_flags = SPP_PMTUD_DISABLE };
	const struct end *client = &self->p.client;
	bool is_v6 = variant->fl.family == TEST_IPV6;
	static const int sizes[] = { 512, 800, 1500 };
	size_t i, len;

	if (is_c_module())
		SKIP(return, "the C module has the device cut larger packets");
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		params.spp_pathmtu = sizes[i];
		/* By the address, and without one. */
		set_params(_metadata, client, i % 2 ? NULL : &self->server[0],
			   params);
		len = longest(_metadata, &self->p, self->sniffer, &variant->fl,
			      is_v6);
		EXPECT_GE(sizes[i], len);
		EXPECT_LT(sizes[i] - 4, len);
	}
	params.spp_flags = SPP_PMTUD_ENABLE;
	set_params(_metadata, client, NULL, params);
	len = longest(_metadata, &self->p, self->sniffer, &variant->fl, true);
	EXPECT_GE(1500, len);
	EXPECT_LE(1480, len);
}

/* What is larger than the link goes there in fragments of IP. */
TEST_F(packet, fixed_mtu_of_more_than_the_link)
{
	struct sctp_paddrparams params = {
		.spp_flags = SPP_PMTUD_DISABLE,
		.spp_pathmtu = 4000,
	};

	if (is_c_module())
		SKIP(return, "the C module's packets do not arrive");
	set_params(_metadata, &self->p.client, NULL, params);
	send_pattern(_metadata, &self->p.client, 3000, 0, 1);
	send_pattern(_metadata, &self->p.client, 20000, 0, 2);
	recv_pattern(_metadata, self->p.server.fd, 3000, 1, NULL);
	recv_pattern(_metadata, self->p.server.fd, 20000, 2, NULL);
}

/* A piece of ancillary data that comes with the next message, or nothing. */
static ssize_t recv_control(struct __test_metadata *_metadata, int fd, int level,
			    int type, void *data, size_t size)
{
	char buf[200], control[512];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	memset(data, 0, size);
	wait_for(_metadata, fd, POLLIN);
	ASSERT_LT(0, recvmsg(fd, &msg, 0));
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		size_t len = cmsg->cmsg_len - CMSG_LEN(0);

		if (cmsg->cmsg_level != level || cmsg->cmsg_type != type)
			continue;
		ASSERT_LE(len, size);
		memcpy(data, CMSG_DATA(cmsg), len);
		return len;
	}
	return -1;
}

static void send_some(struct __test_metadata *_metadata, const struct end *end,
		      size_t len)
{
	struct sctp_sndinfo info = { .snd_assoc_id = end->id };
	char buf[2000];

	fill(buf, len, 3);
	ASSERT_EQ((ssize_t)len, send_cmsg(end->fd, NULL, SCTP_SNDINFO, &info,
					  sizeof(info), buf, len, 0));
}

/* Is it of this minute? */
static bool is_now(long long seconds)
{
	long long now = time(NULL);

	return seconds > now - 60 && seconds < now + 60;
}

TEST_F(packet, timestamps)
{
	struct scm_timestamping many;
	struct timespec ns;
	struct timeval us;
	int fd = self->p.server.fd;

	set_int(_metadata, fd, SOL_SOCKET, SO_TIMESTAMP, 1);
	send_some(_metadata, &self->p.client, 100);
	EXPECT_EQ((ssize_t)sizeof(us),
		  recv_control(_metadata, fd, SOL_SOCKET, SCM_TIMESTAMP, &us,
			       sizeof(us)));
	EXPECT_TRUE(is_now(us.tv_sec));
	set_int(_metadata, fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	/* Two in a packet: the first one is small in it. */
	set_int(_metadata, self->p.client.fd, SOL_SCTP, SCTP_NODELAY, 0);
	send_some(_metadata, &self->p.client, 1);
	send_some(_metadata, &self->p.client, 1400);
	EXPECT_EQ((ssize_t)sizeof(ns),
		  recv_control(_metadata, fd, SOL_SOCKET, SCM_TIMESTAMPNS, &ns,
			       sizeof(ns)));
	EXPECT_TRUE(is_now(ns.tv_sec));
	recv_control(_metadata, fd, SOL_SOCKET, SCM_TIMESTAMPNS, &ns, sizeof(ns));
	set_int(_metadata, fd, SOL_SOCKET, SO_TIMESTAMPNS, 0);
	set_int(_metadata, fd, SOL_SOCKET, SO_TIMESTAMPING,
		SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
	send_some(_metadata, &self->p.client, 100);
	EXPECT_EQ((ssize_t)sizeof(many),
		  recv_control(_metadata, fd, SOL_SOCKET, SCM_TIMESTAMPING,
			       &many, sizeof(many)));
	EXPECT_TRUE(is_now(many.ts[0].tv_sec));
}

static void expect_control(struct __test_metadata *_metadata, int fd, int level,
			   int type, int expected)
{
	int value;

	EXPECT_EQ((ssize_t)sizeof(value),
		  recv_control(_metadata, fd, level, type, &value, sizeof(value)));
	EXPECT_EQ(expected, value);
}

TEST_F(packet, mark_and_priority)
{
	int fd = self->p.server.fd;
	unsigned int value;

	set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_MARK, 7);
	set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_PRIORITY, 5);
	set_int(_metadata, fd, SOL_SOCKET, SO_RCVMARK, 1);
	send_some(_metadata, &self->p.client, 100);
	expect_control(_metadata, fd, SOL_SOCKET, SO_MARK, 7);
	set_int(_metadata, fd, SOL_SOCKET, SO_RCVPRIORITY, 1);
	send_some(_metadata, &self->p.client, 100);
	expect_control(_metadata, fd, SOL_SOCKET, SO_PRIORITY, 5);
	/* Nothing has been dropped that could be told. */
	set_int(_metadata, fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	send_some(_metadata, &self->p.client, 100);
	EXPECT_EQ(-1, recv_control(_metadata, fd, SOL_SOCKET, SO_RXQ_OVFL,
				   &value, sizeof(value)));
}

/* The C module does not deliver any of these. */
TEST_F(packet, ip_control)
{
	bool is_v6 = variant->fl.family == TEST_IPV6;
	int fd = self->p.server.fd, value, lo = if_nametoindex("lo");
	const struct in6_addr *to6 = &self->server[0].v6.sin6_addr;
	struct in6_pktinfo info6;
	struct in_pktinfo info;

	if (is_c_module())
		return;
	if (domain_of(&variant->fl) == AF_INET6) {
		set_int(_metadata, fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
		send_some(_metadata, &self->p.client, 100);
		EXPECT_EQ((ssize_t)sizeof(info6),
			  recv_control(_metadata, fd, IPPROTO_IPV6, IPV6_PKTINFO,
				       &info6, sizeof(info6)));
		EXPECT_EQ(lo, info6.ipi6_ifindex);
		EXPECT_EQ(0, memcmp(to6, &info6.ipi6_addr, sizeof(*to6)));
	} else {
		set_int(_metadata, fd, IPPROTO_IP, IP_PKTINFO, 1);
		send_some(_metadata, &self->p.client, 100);
		EXPECT_EQ((ssize_t)sizeof(info),
			  recv_control(_metadata, fd, IPPROTO_IP, IP_PKTINFO,
				       &info, sizeof(info)));
		EXPECT_EQ(lo, info.ipi_ifindex);
		EXPECT_EQ(self->server[0].v4.sin_addr.s_addr,
			  info.ipi_addr.s_addr);
		EXPECT_EQ(info.ipi_addr.s_addr, info.ipi_spec_dst.s_addr);
	}
	if (is_v6) {
		set_int(_metadata, self->p.client.fd, IPPROTO_IPV6,
			IPV6_UNICAST_HOPS, 33);
		set_int(_metadata, self->p.client.fd, IPPROTO_IPV6, IPV6_TCLASS,
			0x28);
		set_int(_metadata, fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
		set_int(_metadata, fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	} else {
		set_int(_metadata, self->p.client.fd, IPPROTO_IP, IP_TTL, 33);
		set_int(_metadata, self->p.client.fd, IPPROTO_IP, IP_TOS, 0x28);
		set_int(_metadata, fd, IPPROTO_IP, IP_RECVTTL, 1);
		set_int(_metadata, fd, IPPROTO_IP, IP_RECVTOS, 1);
	}
	send_some(_metadata, &self->p.client, 100);
	expect_control(_metadata, fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
		       is_v6 ? IPV6_HOPLIMIT : IP_TTL, 33);
	/* A small one out of a large packet. */
	send_some(_metadata, &self->p.client, 1);
	send_some(_metadata, &self->p.client, 1400);
	EXPECT_EQ(is_v6 ? (ssize_t)sizeof(int) : 1,
		  recv_control(_metadata, fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
			       is_v6 ? IPV6_TCLASS : IP_TOS, &value,
			       sizeof(value)));
	EXPECT_EQ(0x28, value & ~3);
}

/* The C module knows SO_RCVLOWAT as little. */
TEST_F(packet, receive_low_water_mark)
{
	int fd = self->p.server.fd, pid;
	char buf[200];

	if (is_c_module())
		return;
	set_int(_metadata, fd, SOL_SOCKET, SO_RCVLOWAT, 150);
	send_some(_metadata, &self->p.client, 100);
	wait_until(recv(fd, buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT) == 100);
	EXPECT_EQ(0, poll_fd(fd, POLLIN, 50));
	pid = start_child(recv(fd, buf, sizeof(buf), 0) == 100 ? 0 : 1);
	wait_until(is_sleeping(pid));
	EXPECT_TRUE(is_stuck(pid));
	send_some(_metadata, &self->p.client, 100);
	EXPECT_EQ(0, end_child(_metadata, pid));
	/* Who asks for less waits for less, and who does not wait takes what comes. */
	EXPECT_EQ(100, recv(fd, buf, 100, 0));
	send_some(_metadata, &self->p.client, 100);
	wait_until(recv(fd, buf, sizeof(buf), MSG_DONTWAIT) == 100);
	/* The time is over. */
	send_some(_metadata, &self->p.client, 100);
	set_timeout(_metadata, fd, SO_RCVTIMEO, 100);
	wait_until(recv(fd, buf, sizeof(buf), 0) == 100);
	/* Nothing more will come. */
	send_some(_metadata, &self->p.client, 100);
	close(self->p.client.fd);
	set_timeout(_metadata, fd, SO_RCVTIMEO, 0);
	wait_for(_metadata, fd, POLLIN);
	EXPECT_EQ(100, recv(fd, buf, sizeof(buf), 0));
}

static int queued(struct __test_metadata *_metadata, int fd, unsigned int which)
{
	int value = -1;

	ASSERT_EQ(0, ioctl(fd, which, &value))
		TH_LOG("ioctl: %s", strerror(errno));
	return value;
}

TEST_F(packet, bytes_that_are_queued)
{
	int value;

	send_some(_metadata, &self->p.client, 100);
	send_some(_metadata, &self->p.client, 200);
	wait_until(queued(_metadata, self->p.server.fd, SIOCINQ) == 100);
	if (is_c_module())
		return;
	/* What was sent and not acknowledged, as for TCP. */
	wait_until(queued(_metadata, self->p.client.fd, SIOCOUTQ) == 0);
	/* Whose end nobody hears of is to come at once. */
	set_linger(_metadata, self->p.client.fd, 1, 0);
	set_linger(_metadata, self->p.server.fd, 1, 0);
	run_ip(_metadata, "link set lo down");
	send_some(_metadata, &self->p.client, 100);
	send_some(_metadata, &self->p.client, 2000);
	EXPECT_EQ(2100, queued(_metadata, self->p.client.fd, SIOCOUTQ));
	EXPECT_EQ(0, queued(_metadata, self->p.server.fd, SIOCOUTQ));
	if (one_to_one(&variant->fl)) {
		EXPECT_EQ(-1, ioctl(self->p.listener, SIOCOUTQ, &value));
		EXPECT_EQ(ENOTCONN, errno);
	}
}

TEST_HARNESS_MAIN
