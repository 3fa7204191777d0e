// SPDX-License-Identifier: GPL-2.0
/*
 * When heartbeats leave (RFC 9260 section 8.3). Those of a crowd that has begun
 * at the same time are to be spread: in one burst they find no room in queues,
 * and each one that is lost counts as an error of its path.
 */
#include "sctp_util.h"
#include <linux/if_ether.h>
#include <netpacket/packet.h>

#define CROWD		200
/*
 * Seconds. A heartbeat comes after the interval and 0.5 to 1.5 RTO: within eight
 * seconds, of which a kernel with a HZ of 250 makes four moments.
 */
#define INTERVAL	21
#define RTO		8
/* What may leave within so many milliseconds; 7 or 8 are to be expected. */
#define BURST		30
#define WITHIN		300

static const struct flavour fl = { TEST_IPV4, SOCK_STREAM };

static void set_times(struct __test_metadata *_metadata, int fd, bool heartbeats)
{
	struct sctp_rtoinfo rto = {
		.srto_initial = RTO * 1000, .srto_min = RTO * 1000,
	};
	struct sctp_paddrparams params = {
		.spp_flags = heartbeats ? SPP_HB_ENABLE : SPP_HB_DISABLE,
		.spp_hbinterval = heartbeats ? INTERVAL * 1000 : 0,
	};

	ASSERT_EQ(0, setsockopt(fd, SOL_SCTP, SCTP_RTOINFO, &rto, sizeof(rto)));
	ASSERT_EQ(0, setsockopt(fd, SOL_SCTP, SCTP_PEER_ADDR_PARAMS, &params,
				sizeof(params)));
}

/* When the next heartbeat came in, in milliseconds. */
static long long next_heartbeat(struct __test_metadata *_metadata, int sniffer)
{
	unsigned char buf[2048], control[CMSG_SPACE(sizeof(struct timespec))];
	struct sockaddr_ll from;
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
	};
	struct timespec when;

	do {
		ASSERT_NE(0, poll_fd(sniffer, POLLIN,
				     (INTERVAL + 2 * RTO) * 1000 + WAIT_MS));
		msg.msg_namelen = sizeof(from);
		msg.msg_controllen = sizeof(control);
		ASSERT_LT(0, recvmsg(sniffer, &msg, 0));
		/* HEARTBEAT, behind the headers of IP and SCTP. */
	} while (from.sll_pkttype == PACKET_OUTGOING ||
		 buf[9] != IPPROTO_SCTP || buf[32] != 4);
	memcpy(&when, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(when));
	return when.tv_sec * 1000LL + when.tv_nsec / 1000000;
}

static int by_time(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

/* How many of a crowd's next heartbeats come at once. */
static int longest_burst(struct __test_metadata *_metadata, int sniffer,
			 long long since)
{
	long long times[CROWD];
	int i, first = 0, most = 0;

	for (i = 0; i < CROWD; ) {
		times[i] = next_heartbeat(_metadata, sniffer);
		if (times[i] >= since)
			i++;
	}
	qsort(times, CROWD, sizeof(times[0]), by_time);
	for (i = 0; i < CROWD; i++) {
		while (times[i] - times[first] >= WITHIN)
			first++;
		if (i - first + 1 > most)
			most = i - first + 1;
	}
	TH_LOG("%d in %lld ms, at most %d in %d ms", CROWD,
	       times[CROWD - 1] - times[0], most, WITHIN);
	return most;
}

FIXTURE(heartbeat) {
};

FIXTURE_SETUP(heartbeat)
{
	enter_netns(_metadata);
}

FIXTURE_TEARDOWN(heartbeat)
{
}

TEST_F_TIMEOUT(heartbeat, those_of_a_crowd_are_spread, 200)
{
	int listener, sniffer, fds[CROWD], i, most, rounds = 0;
	union test_addr addr;
	struct timespec now;

	listener = listening_socket(_metadata, &fl, &addr);
	ASSERT_EQ(0, listen(listener, CROWD));
	set_times(_metadata, listener, false);
	for (i = 0; i < CROWD; i++) {
		fds[i] = open_socket(_metadata, &fl);
		set_times(_metadata, fds[i], true);
		ASSERT_EQ(0, connect(fds[i], &addr.sa, addr_len(&addr)));
	}
	sniffer = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
	ASSERT_LE(0, sniffer);
	set_int(_metadata, sniffer, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	/* At first they look for the MTU. */
	ASSERT_EQ(0, clock_gettime(CLOCK_REALTIME, &now));
	now.tv_sec += RTO;
	/*
	 * A processor that a busy host takes away for a second makes a burst,
	 * too, but not each time.
	 */
	do {
		most = longest_burst(_metadata, sniffer, now.tv_sec * 1000LL);
	} while (most > BURST && ++rounds < 3);
	if (is_c_module())
		SKIP(return, "the C module's leave when the kernel's timers let them");
	EXPECT_GE(BURST, most);
	for (i = 0; i < CROWD; i++)
		close(fds[i]);
}

TEST_HARNESS_MAIN
