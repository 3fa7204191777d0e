// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of every size, up to more than the receiver has room for at once
 * (partial delivery), and very many of them. RFC 9260 section 6.9
 * (fragmentation and reassembly), RFC 6458 sections 3.1.4 and 8.1.22.
 */
#include "sctp_util.h"

FIXTURE(large) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(large);
SCTP_VARIANTS(large);

FIXTURE_SETUP(large)
{
	enter_netns_mtu(_metadata, 0);
	self->p.listener = listening_socket(_metadata, &variant->fl,
					    &self->p.addr);
	self->p.client.fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(large)
{
}

static void set_mtu(struct __test_metadata *_metadata, int mtu)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_mtu = mtu };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ASSERT_EQ(0, ioctl(fd, SIOCSIFMTU, &ifr));
	close(fd);
}

/* Around every multiple of what goes into one packet. */
static void sizes(struct __test_metadata *_metadata, const struct flavour *fl,
		  struct pair *p, int mtu, int most)
{
	int point, n, d;

	set_mtu(_metadata, mtu);
	pair_join(_metadata, fl, p);
	point = get_status(_metadata, &p->client).sstat_fragmentation_point;
	ASSERT_LT(0, point);
	ASSERT_GT(mtu, point);
	for (n = 1; n <= 8; n++) {
		send_pattern(_metadata, &p->client, n, 0, n);
		recv_parts(_metadata, p->server.fd, 0, n, n, 70000);
	}
	for (n = 1; n <= most; n++) {
		for (d = -5; d <= 5; d++) {
			send_pattern(_metadata, &p->client, n * point + d, 0,
				     n + d);
			recv_parts(_metadata, p->server.fd, 0, n * point + d,
				   n + d, 70000);
		}
	}
}

TEST_F(large, sizes_mtu_1280)
{
	sizes(_metadata, &variant->fl, &self->p, 1280, 4);
}

TEST_F(large, sizes_mtu_1500)
{
	sizes(_metadata, &variant->fl, &self->p, 1500, 4);
}

TEST_F(large, sizes_mtu_9000)
{
	sizes(_metadata, &variant->fl, &self->p, 9000, 2);
}

/* The MTU that loopback has by default. */
TEST_F(large, sizes_mtu_65536)
{
	sizes(_metadata, &variant->fl, &self->p, 65536, 1);
}

TEST_F(large, each_size_once)
{
	int len, end = 0;

	set_mtu(_metadata, 1500);
	pair_join(_metadata, &variant->fl, &self->p);
	/*
	 * In lots, so that messages of many sizes share packets. Those of one
	 * lot are of one stream, which keeps them in order.
	 */
	for (len = 1; len <= 1500; len++) {
		send_pattern(_metadata, &self->p.client, len, (len - 1) / 25 % 10,
			     len);
		if (len % 25)
			continue;
		while (end < len) {
			end++;
			recv_parts(_metadata, self->p.server.fd, 0, end, end, 2000);
		}
	}
}

TEST_F(large, one_of_64k)
{
	int i;

	set_mtu(_metadata, 1500);
	pair_join(_metadata, &variant->fl, &self->p);
	for (i = 0; i < 4; i++) {
		send_pattern(_metadata, &self->p.client, 65536, i, i);
		recv_parts(_metadata, self->p.server.fd, 0, 65536, i, 70000);
		send_pattern(_metadata, &self->p.server, 65535, i, i);
		recv_parts(_metadata, self->p.client.fd, 0, 65535, i, 1000);
	}
}

static int send_one(const struct end *end, size_t len, unsigned int seed)
{
	unsigned char *buf = malloc(len);

	fill(buf, len, seed);
	return CHILD_ERRNO(send_end(end, buf, len, 0, 0));
}

/*
 * Longer than the receive buffer: it cannot be put together first, so it is
 * delivered in part, and what comes behind it waits for its end.
 */
TEST_F(large, more_than_the_receive_buffer)
{
	size_t len = 300000;
	pid_t pid;

	set_mtu(_metadata, 1500);
	set_int(_metadata, self->p.listener, SOL_SOCKET, SO_RCVBUF, 20000);
	set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_SNDBUFFORCE,
		1000000);
	pair_join(_metadata, &variant->fl, &self->p);
	pid = start_child(send_one(&self->p.client, len, 1));
	EXPECT_EQ(0, end_child(_metadata, pid));
	send_pattern(_metadata, &self->p.client, 100, 1, 2);
	recv_parts(_metadata, self->p.server.fd, 0, len, 1, 4000);
	recv_parts(_metadata, self->p.server.fd, 0, 100, 2, 4000);
	expect_nothing(_metadata, self->p.server.fd);
}

TEST_F(large, megabytes)
{
	size_t len = 3000000;

	set_mtu(_metadata, 9000);
	set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_SNDBUFFORCE,
		8000000);
	pair_join(_metadata, &variant->fl, &self->p);
	ASSERT_EQ(0, send_one(&self->p.client, len, 1));
	recv_parts(_metadata, self->p.server.fd, 0, len, 1, 100000);
	expect_nothing(_metadata, self->p.server.fd);
}

/* The sender ends while its message is on the way: all of it arrives. */
TEST_F(large, closed_behind_it)
{
	size_t len = 200000;

	set_mtu(_metadata, 1500);
	set_int(_metadata, self->p.listener, SOL_SOCKET, SO_RCVBUF, 20000);
	set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_SNDBUFFORCE,
		1000000);
	pair_join(_metadata, &variant->fl, &self->p);
	ASSERT_EQ(0, send_one(&self->p.client, len, 1));
	close(self->p.client.fd);
	recv_parts(_metadata, self->p.server.fd, 0, len, 1, 10000);
}

TEST_F(large, unordered)
{
	struct sctp_sndinfo info = { .snd_flags = SCTP_UNORDERED };
	unsigned char buf[20000];
	bool seen[8] = { false };
	struct rx rx;
	int i, n;

	set_mtu(_metadata, 1500);
	pair_join(_metadata, &variant->fl, &self->p);
	set_int(_metadata, self->p.server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	info.snd_assoc_id = self->p.client.id;
	for (i = 0; i < 8; i++) {
		info.snd_ppid = htonl(i);
		fill(buf, 5000 + i, i);
		ASSERT_EQ(5000 + i, send_sndinfo(self->p.client.fd, NULL, &info,
						 buf, 5000 + i, 0));
	}
	for (i = 0; i < 8; i++) {
		ASSERT_LT(0, recv_wait(_metadata, self->p.server.fd, buf,
				       sizeof(buf), &rx));
		ASSERT_EQ(MSG_EOR, rx.flags);
		n = ntohl(rx.rcvinfo.rcv_ppid);
		ASSERT_GT(8, n);
		EXPECT_FALSE(seen[n]);
		seen[n] = true;
		EXPECT_EQ(5000 + n, rx.len);
		EXPECT_TRUE(intact(buf, 0, rx.len, n));
	}
}

static int send_many(const struct end *end, int count)
{
	unsigned char buf[300];
	int i, len;

	for (i = 0; i < count; i++) {
		len = 1 + i % 300;
		fill(buf, len, i);
		if (send_end(end, buf, len, i % 10, 0) != len)
			return errno;
	}
	return 0;
}

TEST_F(large, very_many_small_ones)
{
	unsigned int next[10] = { 0 };
	int i, sid, count = 10000;
	unsigned char buf[400];
	struct rx rx;
	pid_t pid;

	set_mtu(_metadata, 1500);
	pair_join(_metadata, &variant->fl, &self->p);
	set_int(_metadata, self->p.server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	pid = start_child(send_many(&self->p.client, count));
	for (i = 0; i < count; i++) {
		ASSERT_LT(0, recv_wait(_metadata, self->p.server.fd, buf,
				       sizeof(buf), &rx));
		ASSERT_EQ(MSG_EOR, rx.flags);
		sid = rx.rcvinfo.rcv_sid;
		ASSERT_GT(10, sid);
		ASSERT_EQ(next[sid] & 0xffff, rx.rcvinfo.rcv_ssn);
		ASSERT_TRUE(intact(buf, 0, rx.len, next[sid] * 10 + sid));
		next[sid]++;
	}
	EXPECT_EQ(0, end_child(_metadata, pid));
	expect_nothing(_metadata, self->p.server.fd);
}

TEST_F(large, ping_pong)
{
	int i;

	set_mtu(_metadata, 1500);
	pair_join(_metadata, &variant->fl, &self->p);
	for (i = 0; i < 300; i++) {
		send_pattern(_metadata, &self->p.client, 1 + i * 7, 0, i);
		recv_parts(_metadata, self->p.server.fd, 0, 1 + i * 7, i, 4000);
		send_pattern(_metadata, &self->p.server, 1 + i * 5, 0, i);
		recv_parts(_metadata, self->p.client.fd, 0, 1 + i * 5, i, 4000);
	}
}

TEST_HARNESS_MAIN
