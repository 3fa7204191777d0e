// SPDX-License-Identifier: GPL-2.0
/*
 * What goes with a message: SCTP_SNDINFO and SCTP_SNDRCV to the kernel,
 * SCTP_RCVINFO and SCTP_SNDRCV from it. RFC 6458 sections 5.3.2, 5.3.4, 5.3.5
 * and 8.1.29.
 */
#include "sctp_util.h"

FIXTURE(info) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(info);
SCTP_VARIANTS(info);

FIXTURE_SETUP(info)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(info)
{
}

TEST_F(info, none_unless_asked)
{
	struct rx rx;

	EXPECT_EQ(0, get_int(_metadata, self->p.server.fd, SOL_SCTP,
			     SCTP_RECVRCVINFO));
	send_pattern(_metadata, &self->p.client, 100, 1, 1);
	recv_pattern(_metadata, self->p.server.fd, 100, 1, &rx);
	EXPECT_EQ(0, rx.cmsgs);
	EXPECT_EQ(0, rx.control_len);
}

TEST_F(info, rcvinfo)
{
	struct sctp_sndinfo info = {
		.snd_sid = 3,
		.snd_ppid = htonl(0x12345678),
		.snd_context = 99,
		.snd_assoc_id = self->p.client.id,
	};
	uint32_t tsn = 0;
	char buf[10];
	struct rx rx;
	int i;

	set_int(_metadata, self->p.server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	EXPECT_EQ(1, get_int(_metadata, self->p.server.fd, SOL_SCTP,
			     SCTP_RECVRCVINFO));
	fill(buf, sizeof(buf), 1);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(10, send_sndinfo(self->p.client.fd, NULL, &info, buf,
					   sizeof(buf), 0));
		recv_pattern(_metadata, self->p.server.fd, 10, 1, &rx);
		EXPECT_EQ(1, rx.cmsgs);
		EXPECT_EQ(CMSG_SPACE(sizeof(struct sctp_rcvinfo)),
			  rx.control_len);
		ASSERT_TRUE(rx.has_rcvinfo);
		EXPECT_EQ(3, rx.rcvinfo.rcv_sid);
		EXPECT_EQ(i, rx.rcvinfo.rcv_ssn);
		EXPECT_EQ(0, rx.rcvinfo.rcv_flags);
		EXPECT_EQ(0x12345678, ntohl(rx.rcvinfo.rcv_ppid));
		/* The sender's context stays with the sender. */
		EXPECT_EQ(0, rx.rcvinfo.rcv_context);
		EXPECT_EQ(self->p.server.id, rx.rcvinfo.rcv_assoc_id);
		if (i)
			EXPECT_EQ(tsn + 1, rx.rcvinfo.rcv_tsn);
		tsn = rx.rcvinfo.rcv_tsn;
	}
	set_int(_metadata, self->p.server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 0);
	send_pattern(_metadata, &self->p.client, 10, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 10, 1, &rx);
	EXPECT_EQ(0, rx.cmsgs);
}

TEST_F(info, sndrcv)
{
	struct sctp_sndrcvinfo info = {
		.sinfo_stream = 4,
		.sinfo_ppid = htonl(46),
		.sinfo_context = 99,
		.sinfo_assoc_id = self->p.client.id,
	};
	uint32_t tsn = 0;
	char buf[10];
	struct rx rx;
	int i;

	set_events(_metadata, self->p.server.fd, EV_DATA_IO);
	fill(buf, sizeof(buf), 1);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(10, send_cmsg(self->p.client.fd, NULL, SCTP_SNDRCV,
					&info, sizeof(info), buf, sizeof(buf),
					0));
		recv_pattern(_metadata, self->p.server.fd, 10, 1, &rx);
		EXPECT_EQ(1, rx.cmsgs);
		ASSERT_TRUE(rx.has_sndrcv);
		EXPECT_EQ(4, rx.sndrcv.sinfo_stream);
		EXPECT_EQ(i, rx.sndrcv.sinfo_ssn);
		EXPECT_EQ(0, rx.sndrcv.sinfo_flags);
		EXPECT_EQ(46, ntohl(rx.sndrcv.sinfo_ppid));
		EXPECT_EQ(0, rx.sndrcv.sinfo_context);
		EXPECT_EQ(0, rx.sndrcv.sinfo_timetolive);
		EXPECT_EQ(self->p.server.id, rx.sndrcv.sinfo_assoc_id);
		if (i)
			EXPECT_EQ(tsn + 1, rx.sndrcv.sinfo_tsn);
		tsn = rx.sndrcv.sinfo_tsn;
	}
}

TEST_F(info, both)
{
	struct rx rx;

	set_int(_metadata, self->p.server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	set_events(_metadata, self->p.server.fd, EV_DATA_IO);
	send_pattern(_metadata, &self->p.client, 10, 2, 1);
	recv_pattern(_metadata, self->p.server.fd, 10, 1, &rx);
	EXPECT_EQ(2, rx.cmsgs);
	ASSERT_TRUE(rx.has_rcvinfo);
	ASSERT_TRUE(rx.has_sndrcv);
	EXPECT_EQ(2, rx.rcvinfo.rcv_sid);
	EXPECT_EQ(2, rx.sndrcv.sinfo_stream);
	EXPECT_EQ(rx.rcvinfo.rcv_tsn, rx.sndrcv.sinfo_tsn);
}

TEST_F(info, unordered)
{
	struct sctp_sndinfo info = {
		.snd_sid = 1,
		.snd_flags = SCTP_UNORDERED,
		.snd_assoc_id = self->p.client.id,
	};
	char buf[10];
	struct rx rx;

	set_int(_metadata, self->p.server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	set_events(_metadata, self->p.server.fd, EV_DATA_IO);
	fill(buf, sizeof(buf), 1);
	ASSERT_EQ(10, send_sndinfo(self->p.client.fd, NULL, &info, buf,
				   sizeof(buf), 0));
	recv_pattern(_metadata, self->p.server.fd, 10, 1, &rx);
	EXPECT_EQ(SCTP_UNORDERED, rx.rcvinfo.rcv_flags);
	EXPECT_EQ(SCTP_UNORDERED, rx.sndrcv.sinfo_flags);
	EXPECT_EQ(1, rx.rcvinfo.rcv_sid);
	/* It has used up no number of the stream. */
	send_pattern(_metadata, &self->p.client, 10, 1, 2);
	recv_pattern(_metadata, self->p.server.fd, 10, 2, &rx);
	EXPECT_EQ(0, rx.rcvinfo.rcv_ssn);
	EXPECT_EQ(0, rx.rcvinfo.rcv_flags);
}

/* The new structure counts if an old program's is there as well. */
TEST_F(info, sndinfo_over_sndrcv)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct sctp_sndinfo)) +
			 CMSG_SPACE(sizeof(struct sctp_sndrcvinfo))];
	} control;
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct sctp_sndrcvinfo old = {
		.sinfo_stream = 1,
		.sinfo_assoc_id = self->p.client.id,
	};
	struct sctp_sndinfo info = {
		.snd_sid = 2,
		.snd_assoc_id = self->p.client.id,
	};
	struct cmsghdr *cmsg;
	struct rx rx;
	char c;

	set_int(_metadata, self->p.server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	memset(&control, 0, sizeof(control));
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = IPPROTO_SCTP;
	cmsg->cmsg_type = SCTP_SNDINFO;
	cmsg->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
	cmsg = CMSG_NXTHDR(&msg, cmsg);
	cmsg->cmsg_level = IPPROTO_SCTP;
	cmsg->cmsg_type = SCTP_SNDRCV;
	cmsg->cmsg_len = CMSG_LEN(sizeof(old));
	memcpy(CMSG_DATA(cmsg), &old, sizeof(old));
	ASSERT_EQ(1, sendmsg(self->p.client.fd, &msg, 0));
	ASSERT_EQ(1, recv_wait(_metadata, self->p.server.fd, &c, 1, &rx));
	EXPECT_EQ(2, rx.rcvinfo.rcv_sid);
}

/* Ancillary data of other protocols is not ours to judge. */
TEST_F(info, other_levels_ignored)
{
	union {
		struct cmsghdr hdr;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = {
		.hdr = {
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = IPPROTO_UDP,
			.cmsg_type = 1,
		},
	};
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_name = &self->p.addr,
		.msg_namelen = addr_len(&self->p.addr),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct rx rx;
	char c;

	ASSERT_EQ(1, sendmsg(self->p.client.fd, &msg, 0));
	ASSERT_EQ(1, recv_wait(_metadata, self->p.server.fd, &c, 1, &rx));
}

/* No room for it: the message is whole, and MSG_CTRUNC says what is missing. */
TEST_F(info, no_room)
{
	char buf[100], control[CMSG_LEN(8)];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};

	set_int(_metadata, self->p.server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	wait_for(_metadata, self->p.server.fd, POLLIN);
	ASSERT_EQ(100, recvmsg(self->p.server.fd, &msg, 0));
	EXPECT_EQ(MSG_EOR | MSG_CTRUNC, msg.msg_flags);
	EXPECT_TRUE(intact(buf, 0, 100, 1));

	msg.msg_control = NULL;
	msg.msg_controllen = 0;
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	wait_for(_metadata, self->p.server.fd, POLLIN);
	ASSERT_EQ(100, recvmsg(self->p.server.fd, &msg, 0));
	EXPECT_EQ(MSG_EOR | MSG_CTRUNC, msg.msg_flags);
}

/* Every piece of a message says whose it is. */
TEST_F(info, with_every_piece)
{
	char buf[40];
	struct rx rx;
	int i;

	set_int(_metadata, self->p.server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	send_pattern(_metadata, &self->p.client, 100, 5, 1);
	for (i = 0; i < 3; i++) {
		ASSERT_LT(0, recv_wait(_metadata, self->p.server.fd, buf, 40,
				       &rx));
		ASSERT_TRUE(rx.has_rcvinfo);
		EXPECT_EQ(5, rx.rcvinfo.rcv_sid);
		EXPECT_EQ(0, rx.rcvinfo.rcv_ssn);
	}
	EXPECT_EQ(MSG_EOR, rx.flags);
}

TEST_F(info, sequence_numbers_are_the_streams_own)
{
	int i, next[3] = { 0 };
	char buf[20];
	struct rx rx;

	set_int(_metadata, self->p.server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	for (i = 0; i < 12; i++)
		send_pattern(_metadata, &self->p.client, 20, i % 3, i);
	for (i = 0; i < 12; i++) {
		int sid, ssn;

		ASSERT_EQ(20, recv_wait(_metadata, self->p.server.fd, buf, 20,
					&rx));
		sid = rx.rcvinfo.rcv_sid;
		ssn = rx.rcvinfo.rcv_ssn;
		ASSERT_GT(3, sid);
		EXPECT_EQ(next[sid]++, ssn);
		EXPECT_TRUE(intact(buf, 0, 20, 3 * ssn + sid));
	}
}

TEST_HARNESS_MAIN
