// SPDX-License-Identifier: GPL-2.0
/*
 * sendmsg(), sendto(), send() and write(): the ways to name the association,
 * and every error that does not depend on how full the buffer is. RFC 6458
 * sections 3.1.4, 4.1.8 and 5.3.
 */
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include "sctp_util.h"

FIXTURE(send) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(send);
SCTP_VARIANTS(send);

FIXTURE_SETUP(send)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(send)
{
}

/* After an error: the association works and nothing of the attempt arrived. */
static void expect_unharmed(struct __test_metadata *_metadata, struct pair *p)
{
	send_pattern(_metadata, &p->client, 321, 0, 77);
	recv_pattern(_metadata, p->server.fd, 321, 77, NULL);
	expect_nothing(_metadata, p->server.fd);
}

TEST_F(send, to_address)
{
	char buf[100];

	fill(buf, sizeof(buf), 1);
	ASSERT_EQ(100, sendto(self->p.client.fd, buf, sizeof(buf), 0,
			      &self->p.addr.sa, addr_len(&self->p.addr)));
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
}

TEST_F(send, to_assoc_id)
{
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
	send_pattern(_metadata, &self->p.server, 100, 0, 1);
	recv_pattern(_metadata, self->p.client.fd, 100, 1, NULL);
}

/* However many pieces it comes from, it is one message. */
TEST_F(send, gathered)
{
	char a[10], b[1], c[200];
	struct iovec iov[] = { { a, 10 }, { NULL, 0 }, { b, 1 }, { c, 200 } };
	struct msghdr msg = {
		.msg_name = &self->p.addr,
		.msg_namelen = addr_len(&self->p.addr),
		.msg_iov = iov,
		.msg_iovlen = 4,
	};
	char all[211];

	fill(all, sizeof(all), 1);
	memcpy(a, all, 10);
	memcpy(b, all + 10, 1);
	memcpy(c, all + 11, 200);
	ASSERT_EQ(211, sendmsg(self->p.client.fd, &msg, 0));
	recv_pattern(_metadata, self->p.server.fd, 211, 1, NULL);
	expect_nothing(_metadata, self->p.server.fd);
}

TEST_F(send, multiple)
{
	char buf[3][100];
	struct mmsghdr msg[3] = { 0 };
	struct iovec iov[3];
	int i;

	for (i = 0; i < 3; i++) {
		fill(buf[i], 90 + i, i);
		iov[i].iov_base = buf[i];
		iov[i].iov_len = 90 + i;
		msg[i].msg_hdr.msg_name = &self->p.addr;
		msg[i].msg_hdr.msg_namelen = addr_len(&self->p.addr);
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	ASSERT_EQ(3, sendmmsg(self->p.client.fd, msg, 3, 0));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(90 + i, msg[i].msg_len);
		recv_pattern(_metadata, self->p.server.fd, 90 + i, i, NULL);
	}
}

/* There is no message without a byte (RFC 9260: No User Data). */
TEST_F(send, empty)
{
	EXPECT_EQ(-1, sendto(self->p.client.fd, "", 0, 0, &self->p.addr.sa,
			     addr_len(&self->p.addr)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, send_end(&self->p.client, "", 0, 0, 0));
	EXPECT_EQ(EINVAL, errno);
	expect_unharmed(_metadata, &self->p);
}

TEST_F(send, one_byte)
{
	send_pattern(_metadata, &self->p.client, 1, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 1, 1, NULL);
}

TEST_F(send, too_long)
{
	int sndbuf;
	char *buf;

	set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_SNDBUF, 20000);
	sndbuf = get_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_SNDBUF);
	EXPECT_EQ(40000, sndbuf);
	buf = calloc(1, sndbuf + 1);
	EXPECT_EQ(-1, send_end(&self->p.client, buf, sndbuf + 1, 0, 0));
	EXPECT_EQ(EMSGSIZE, errno);
	free(buf);
	expect_unharmed(_metadata, &self->p);
	/* The longest that fits is taken. */
	send_pattern(_metadata, &self->p.client, sndbuf, 0, 2);
	recv_pattern(_metadata, self->p.server.fd, sndbuf, 2, NULL);
}

TEST_F(send, far_too_long)
{
	EXPECT_EQ(-1, send_end(&self->p.client, NULL, 0x7ffff000, 0, 0));
	EXPECT_EQ(EMSGSIZE, errno);
	expect_unharmed(_metadata, &self->p);
}

TEST_F(send, bad_stream)
{
	struct sctp_status st = get_status(_metadata, &self->p.client);

	EXPECT_EQ(-1, send_end(&self->p.client, "x", 1, st.sstat_outstrms, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, send_end(&self->p.client, "x", 1, 65535, 0));
	EXPECT_EQ(EINVAL, errno);
	expect_unharmed(_metadata, &self->p);
	send_pattern(_metadata, &self->p.client, 10, st.sstat_outstrms - 1, 1);
	recv_pattern(_metadata, self->p.server.fd, 10, 1, NULL);
}

TEST_F(send, bad_address_of_data)
{
	EXPECT_EQ(-1, send_end(&self->p.client, NULL, 100, 0, 0));
	EXPECT_EQ(EFAULT, errno);
	expect_unharmed(_metadata, &self->p);
}

/* The fault comes in the middle of a message of several packets. */
TEST_F(send, fault_in_the_middle)
{
	long page = sysconf(_SC_PAGESIZE);
	char *map;

	map = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, munmap(map + 2 * page, page));
	EXPECT_EQ(-1, send_end(&self->p.client, map, 3 * page, 0, 0));
	EXPECT_EQ(EFAULT, errno);
	expect_unharmed(_metadata, &self->p);
}

TEST_F(send, bad_cmsg_length)
{
	struct sctp_sndrcvinfo sndrcv = { .sinfo_assoc_id = self->p.client.id };
	struct sctp_sndinfo info = { .snd_assoc_id = self->p.client.id };
	int fd = self->p.client.fd;

	EXPECT_EQ(-1, send_cmsg(fd, NULL, SCTP_SNDINFO, &info,
				sizeof(info) - 1, "x", 1, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, send_cmsg(fd, NULL, SCTP_SNDRCV, &sndrcv,
				sizeof(sndrcv) - 4, "x", 1, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, send_cmsg(fd, NULL, SCTP_SNDINFO, &sndrcv,
				sizeof(info) + 4, "x", 1, 0));
	EXPECT_EQ(EINVAL, errno);
	expect_unharmed(_metadata, &self->p);
}

TEST_F(send, unknown_cmsg)
{
	struct sctp_sndinfo info = { .snd_assoc_id = self->p.client.id };

	EXPECT_EQ(-1, send_cmsg(self->p.client.fd, &self->p.addr, 200, &info,
				sizeof(info), "x", 1, 0));
	EXPECT_EQ(EINVAL, errno);
	expect_unharmed(_metadata, &self->p);
}

/* A control message that runs past the end of the control buffer. */
TEST_F(send, truncated_cmsg)
{
	struct {
		struct cmsghdr hdr;
		char space[64];
	} control = {
		.hdr = {
			.cmsg_len = 1000,
			.cmsg_level = IPPROTO_SCTP,
			.cmsg_type = SCTP_SNDINFO,
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

	EXPECT_EQ(-1, sendmsg(self->p.client.fd, &msg, 0));
	EXPECT_EQ(EINVAL, errno);
	control.hdr.cmsg_len = 1;
	EXPECT_EQ(-1, sendmsg(self->p.client.fd, &msg, 0));
	EXPECT_EQ(EINVAL, errno);
	expect_unharmed(_metadata, &self->p);
}

TEST_F(send, eof_with_data)
{
	struct sctp_sndinfo info = {
		.snd_flags = SCTP_EOF,
		.snd_assoc_id = self->p.client.id,
	};

	EXPECT_EQ(-1, send_sndinfo(self->p.client.fd, NULL, &info, "x", 1, 0));
	EXPECT_EQ(EINVAL, errno);
	expect_unharmed(_metadata, &self->p);
}

TEST_F(send, bad_destination)
{
	union test_addr addr = self->p.addr;
	int fd = self->p.client.fd;

	addr.sa.sa_family = AF_UNIX;
	EXPECT_EQ(-1, sendto(fd, "x", 1, 0, &addr.sa, sizeof(addr)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, sendto(fd, "x", 1, 0, &self->p.addr.sa, 4));
	EXPECT_EQ(EINVAL, errno);
	expect_unharmed(_metadata, &self->p);
}

/* Flags of other protocols have no effect, nor one that needs an option. */
TEST_F(send, other_flags)
{
	static const int flags[] = { MSG_OOB, MSG_DONTROUTE, MSG_CONFIRM, MSG_FASTOPEN,
				     MSG_ZEROCOPY, MSG_EOR };
	unsigned char buf[100];
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		fill(buf, sizeof(buf), i);
		ASSERT_EQ(100, send_end(&self->p.client, buf, sizeof(buf), 0, flags[i]));
		recv_pattern(_metadata, self->p.server.fd, 100, i, NULL);
	}
}

/* What is sent with MSG_MORE waits for what follows, with and without Nagle. */
TEST_F(send, more)
{
	int fd = self->p.server.fd, nodelay;
	char buf[100];

	for (nodelay = 0; nodelay < 2; nodelay++) {
		set_int(_metadata, self->p.client.fd, SOL_SCTP, SCTP_NODELAY,
			nodelay);
		fill(buf, sizeof(buf), 1);
		ASSERT_EQ(100, send_end(&self->p.client, buf, sizeof(buf), 0,
					MSG_MORE));
		EXPECT_EQ(0, poll_fd(fd, POLLIN, 50));
		fill(buf, sizeof(buf), 2);
		ASSERT_EQ(100, send_end(&self->p.client, buf, sizeof(buf), 1,
					MSG_MORE));
		EXPECT_EQ(0, poll_fd(fd, POLLIN, 50));
		send_pattern(_metadata, &self->p.client, 100, 0, 3);
		recv_pattern(_metadata, fd, 100, 1, NULL);
		recv_pattern(_metadata, fd, 100, 2, NULL);
		recv_pattern(_metadata, fd, 100, 3, NULL);
	}
}

TEST_F(send, more_than_a_packet)
{
	char buf[500];
	int i;

	for (i = 0; i < 10; i++) {
		fill(buf, sizeof(buf), i);
		ASSERT_EQ(500, send_end(&self->p.client, buf, sizeof(buf), 0,
					MSG_MORE));
	}
	/* Two in a packet: the last one or two may still wait. */
	for (i = 0; i < 8; i++)
		recv_pattern(_metadata, self->p.server.fd, 500, i, NULL);
	send_pattern(_metadata, &self->p.client, 500, 0, 10);
	for (i = 8; i < 11; i++)
		recv_pattern(_metadata, self->p.server.fd, 500, i, NULL);
}

/* Nothing will follow. */
TEST_F(send, more_and_close)
{
	char buf[100];

	fill(buf, sizeof(buf), 1);
	ASSERT_EQ(100, send_end(&self->p.client, buf, sizeof(buf), 0, MSG_MORE));
	close(self->p.client.fd);
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
	if (!one_to_one(&variant->fl))
		return;
	wait_for(_metadata, self->p.server.fd, POLLIN);
	EXPECT_EQ(0, recv(self->p.server.fd, buf, sizeof(buf), 0));
}

/* Who waits for room in the send buffer does not wait for what waits in it. */
TEST_F(send, more_than_the_send_buffer)
{
	int fd = self->p.client.fd, i, sent = 0;
	char c = 'x';

	if (is_c_module())
		SKIP(return, "the C module waits for ever");
	set_int(_metadata, fd, SOL_SOCKET, SO_SNDBUF, 1);
	for (i = 0; i < 30; i++) {
		wait_for(_metadata, fd, POLLOUT);
		if (send_end(&self->p.client, &c, 1, 0,
			     MSG_MORE | MSG_DONTWAIT) == 1)
			sent++;
	}
	for (i = 0; i < 30; i++)
		ASSERT_EQ(1, send_end(&self->p.client, &c, 1, 0, MSG_MORE));
	ASSERT_EQ(1, send_end(&self->p.client, &c, 1, 0, 0));
	for (i = 0; i < sent + 31; i++) {
		wait_for(_metadata, self->p.server.fd, POLLIN);
		ASSERT_EQ(1, recv(self->p.server.fd, &c, 1, 0));
	}
}

FIXTURE(send_one) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(send_one);
SCTP_VARIANTS_ONE_TO_ONE(send_one);

FIXTURE_SETUP(send_one)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(send_one)
{
}

TEST_F(send_one, plain_send_and_write)
{
	char buf[100];

	fill(buf, sizeof(buf), 1);
	ASSERT_EQ(100, send(self->p.client.fd, buf, sizeof(buf), 0));
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
	ASSERT_EQ(100, write(self->p.server.fd, buf, sizeof(buf)));
	recv_pattern(_metadata, self->p.client.fd, 100, 1, NULL);
}

/* A file is one message or several, but nothing else. */
TEST_F(send_one, sendfile)
{
	static unsigned char buf[5000];
	int file = memfd_create("message", 0);
	off_t at = 0;
	struct rx rx;
	ssize_t n;

	ASSERT_LE(0, file);
	fill(buf, sizeof(buf), 1);
	ASSERT_EQ(sizeof(buf), write(file, buf, sizeof(buf)));
	ASSERT_EQ(sizeof(buf), sendfile(self->p.client.fd, file, &at, sizeof(buf)));
	for (at = 0; at < sizeof(buf); at += n) {
		n = recv_wait(_metadata, self->p.server.fd, buf, sizeof(buf), &rx);
		ASSERT_LT(0, n);
		EXPECT_EQ(MSG_EOR, rx.flags);
		EXPECT_TRUE(intact(buf, at, n, 1));
	}
	expect_nothing(_metadata, self->p.server.fd);
	close(file);
}

/* The style has shutdown() and SO_LINGER for these. */
TEST_F(send_one, eof_and_abort_flags)
{
	struct sctp_sndinfo info = { .snd_flags = SCTP_EOF };

	EXPECT_EQ(-1, send_sndinfo(self->p.client.fd, NULL, &info, "", 0, 0));
	EXPECT_EQ(EINVAL, errno);
	info.snd_flags = SCTP_ABORT;
	EXPECT_EQ(-1, send_sndinfo(self->p.client.fd, NULL, &info, "", 0, 0));
	EXPECT_EQ(EINVAL, errno);
	expect_unharmed(_metadata, &self->p);
}

TEST_F(send_one, unconnected)
{
	int fd = open_socket(_metadata, &variant->fl);

	EXPECT_EQ(-1, send(fd, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(EPIPE, errno);
	close(fd);
}

/* Another peer is not to be had over a connected socket. */
TEST_F(send_one, to_another_address)
{
	union test_addr addr;
	int other = listening_socket(_metadata, &variant->fl, &addr);

	EXPECT_EQ(-1, sendto(self->p.client.fd, "x", 1, MSG_NOSIGNAL, &addr.sa,
			     addr_len(&addr)));
	EXPECT_EQ(EADDRNOTAVAIL, errno);
	expect_unharmed(_metadata, &self->p);
	close(other);
}

FIXTURE(send_many) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(send_many);
SCTP_VARIANTS_ONE_TO_MANY(send_many);

FIXTURE_SETUP(send_many)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(send_many)
{
}

TEST_F(send_many, to_nobody)
{
	EXPECT_EQ(-1, send(self->p.client.fd, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(EPIPE, errno);
	expect_unharmed(_metadata, &self->p);
}

TEST_F(send_many, to_unknown_assoc_id)
{
	struct end end = self->p.client;

	end.id += 1000;
	EXPECT_EQ(-1, send_end(&end, "x", 1, 0, 0));
	EXPECT_EQ(EPIPE, errno);
	/* The other side's number is of no use here either. */
	end.id = -1;
	EXPECT_EQ(-1, send_end(&end, "x", 1, 0, 0));
	EXPECT_EQ(EPIPE, errno);
	expect_unharmed(_metadata, &self->p);
}

/* An id is valid on the socket that has the association, on no other. */
TEST_F(send_many, to_foreign_assoc_id)
{
	struct end end = self->p.client;

	end.fd = open_socket(_metadata, &variant->fl);
	EXPECT_EQ(-1, send_end(&end, "x", 1, 0, 0));
	EXPECT_EQ(EPIPE, errno);
	expect_nothing(_metadata, self->p.server.fd);
	close(end.fd);
}

TEST_HARNESS_MAIN
