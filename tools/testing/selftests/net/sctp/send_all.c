// SPDX-License-Identifier: GPL-2.0
/*
 * SCTP_SENDALL: one message to all associations of a one-to-many socket, or
 * their end. RFC 6458 sections 5.3.2 and 5.3.4.
 */
#include "sctp_util.h"

#define CLIENTS	3

FIXTURE(send_all) {
	int fd;
	union test_addr addr;
	struct end client[CLIENTS];
	sctp_assoc_t id[CLIENTS];
};

SCTP_FIXTURE_VARIANT(send_all);
SCTP_VARIANTS_ONE_TO_MANY(send_all);

FIXTURE_SETUP(send_all)
{
	int i;

	enter_netns(_metadata);
	self->fd = listening_socket(_metadata, &variant->fl, &self->addr);
	set_events(_metadata, self->fd, EV_ASSOC);
	for (i = 0; i < CLIENTS; i++) {
		struct end *end = &self->client[i];

		end->fd = open_socket(_metadata, &variant->fl);
		set_events(_metadata, end->fd, EV_ASSOC);
		ASSERT_EQ(0, connect(end->fd, &self->addr.sa,
				     addr_len(&self->addr)));
		end->id = recv_assoc_change(_metadata, end->fd, SCTP_COMM_UP)
				  .sac_assoc_id;
		self->id[i] = recv_assoc_change(_metadata, self->fd,
						SCTP_COMM_UP).sac_assoc_id;
	}
}

FIXTURE_TEARDOWN(send_all)
{
}

static ssize_t send_all(int fd, int flags, const void *buf, size_t len)
{
	struct sctp_sndinfo info = {
		.snd_sid = 2,
		.snd_flags = SCTP_SENDALL | flags,
		.snd_ppid = htonl(7),
	};

	return send_sndinfo(fd, NULL, &info, buf, len, 0);
}

TEST_F(send_all, to_each)
{
	unsigned char buf[20000];
	struct rx rx;
	int i;

	fill(buf, sizeof(buf), 1);
	for (i = 0; i < CLIENTS; i++)
		set_int(_metadata, self->client[i].fd, SOL_SCTP,
			SCTP_RECVRCVINFO, 1);
	ASSERT_EQ(sizeof(buf), send_all(self->fd, 0, buf, sizeof(buf)));
	for (i = 0; i < CLIENTS; i++) {
		recv_pattern(_metadata, self->client[i].fd, sizeof(buf), 1,
			     &rx);
		EXPECT_EQ(2, rx.rcvinfo.rcv_sid);
		EXPECT_EQ(htonl(7), rx.rcvinfo.rcv_ppid);
		expect_nothing(_metadata, self->client[i].fd);
	}
}

TEST_F(send_all, no_data)
{
	EXPECT_EQ(-1, send_all(self->fd, 0, "", 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, send_all(self->fd, SCTP_EOF, "x", 1));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(send_all, to_nobody)
{
	int fd = open_socket(_metadata, &variant->fl);

	EXPECT_EQ(0, send_all(fd, 0, "x", 1));
	close(fd);
}

TEST_F(send_all, eof)
{
	int i;

	ASSERT_EQ(0, send_all(self->fd, SCTP_EOF, "", 0));
	for (i = 0; i < CLIENTS; i++)
		recv_assoc_change(_metadata, self->client[i].fd,
				  SCTP_SHUTDOWN_COMP);
	for (i = 0; i < CLIENTS; i++)
		recv_assoc_change(_metadata, self->fd, SCTP_SHUTDOWN_COMP);
}

TEST_F(send_all, abort)
{
	int i;

	ASSERT_EQ(0, send_all(self->fd, SCTP_ABORT, "why", 3));
	for (i = 0; i < CLIENTS; i++)
		recv_assoc_change(_metadata, self->client[i].fd,
				  SCTP_COMM_LOST);
}

TEST_HARNESS_MAIN
