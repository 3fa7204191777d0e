// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_flood: the network device. Frames are written and read many at a time: in
 * User Mode Linux a system call costs as much as a packet.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/if_packet.h>
#include "sctp_flood.h"

#define BATCH	32

struct batch {
	uint8_t frames[BATCH][MAX_FRAME];
	struct sockaddr_ll from[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr msgs[BATCH];
	unsigned int n;
};

static struct batch out, in;
static unsigned int next;	/* of those that came in */

void open_device(void)
{
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};
	unsigned int i;

	sock = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
	if (sock < 0)
		fail("packet socket: %s", strerror(errno));
	sll.sll_ifindex = if_nametoindex(opt.dev);
	if (!sll.sll_ifindex || bind(sock, (void *)&sll, sizeof(sll)))
		fail("%s: %s", opt.dev, strerror(errno));
	for (i = 0; i < BATCH; i++) {
		out.iov[i].iov_base = out.frames[i];
		out.msgs[i].msg_hdr.msg_iov = &out.iov[i];
		out.msgs[i].msg_hdr.msg_iovlen = 1;
		in.iov[i].iov_base = in.frames[i];
		in.iov[i].iov_len = MAX_FRAME;
		in.msgs[i].msg_hdr.msg_iov = &in.iov[i];
		in.msgs[i].msg_hdr.msg_iovlen = 1;
		in.msgs[i].msg_hdr.msg_name = &in.from[i];
	}
}

/* Fails if time is up. */
void in_time(void)
{
	if (now_ms() > deadline)
		fail("not done after %d s", opt.timeout);
}

/* Sends what waits for others. */
void flush_frames(void)
{
	unsigned int done = 0;

	while (done < out.n) {
		struct pollfd pfd = { .fd = sock, .events = POLLOUT };
		int n = sendmmsg(sock, out.msgs + done, out.n - done, 0);

		if (n > 0) {
			done += n;
			continue;
		}
		if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			fail("send of %zu bytes: %s", out.iov[done].iov_len,
			     strerror(errno));
		poll(&pfd, 1, 10);
		in_time();
	}
	out.n = 0;
	in_time();
}

/* With others, at the latest when something is to be read. */
void send_frame(const uint8_t *frame, size_t len)
{
	memcpy(out.frames[out.n], frame, len);
	out.iov[out.n].iov_len = len;
	out.n++;
	sent++;
	if (out.n == BATCH)
		flush_frames();
}

/* Reads what has come in since, if what was read before is used up. */
static bool receive(void)
{
	unsigned int i;
	int n;

	flush_frames();
	for (i = 0; i < BATCH; i++)
		in.msgs[i].msg_hdr.msg_namelen = sizeof(in.from[i]);
	n = recvmmsg(sock, in.msgs, BATCH, 0, NULL);
	in.n = n > 0 ? n : 0;
	next = 0;
	return in.n;
}

/* The next packet from the sink: its SCTP header, or NULL after @ms. */
const uint8_t *next_packet(size_t *len, int ms)
{
	size_t header = ETH_HLEN + (opt.v6 ? 40 : 20);
	struct pollfd pfd = { .fd = sock, .events = POLLIN };

	for (;;) {
		while (next < in.n) {
			unsigned int i = next++;
			const uint8_t *frame = in.frames[i];

			if (in.from[i].sll_pkttype == PACKET_OUTGOING ||
			    in.msgs[i].msg_len < header + SCTP_HEADER + 4 ||
			    frame[ETH_HLEN + (opt.v6 ? 6 : 9)] != IPPROTO_SCTP)
				continue;
			*len = in.msgs[i].msg_len - header;
			return frame + header;
		}
		if (!receive() && (!ms || poll(&pfd, 1, ms) <= 0))
			return NULL;
	}
}

/* Throws away what has come, so that answers are not those of long ago. */
unsigned long drain(void)
{
	unsigned long n = in.n - next;

	while (receive())
		n += in.n;
	return n;
}
