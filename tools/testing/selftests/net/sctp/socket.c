// SPDX-License-Identifier: GPL-2.0
/*
 * Creation of SCTP sockets: which domains, types and protocol numbers there
 * are, and the errors for those that there are not. RFC 6458 sections 3.1.1
 * (one-to-many) and 4.1.1 (one-to-one).
 */
#include "sctp_util.h"

FIXTURE(socket) {
	int domain;
};

SCTP_FIXTURE_VARIANT(socket);
SCTP_VARIANTS(socket);

FIXTURE_SETUP(socket)
{
	self->domain = domain_of(&variant->fl);
	enter_netns(_metadata);
}

FIXTURE_TEARDOWN(socket)
{
}

TEST_F(socket, create)
{
	int fd = socket(self->domain, variant->fl.type, IPPROTO_SCTP);

	ASSERT_LE(0, fd);
	EXPECT_EQ(self->domain, get_int(_metadata, fd, SOL_SOCKET, SO_DOMAIN));
	EXPECT_EQ(variant->fl.type, get_int(_metadata, fd, SOL_SOCKET, SO_TYPE));
	EXPECT_EQ(IPPROTO_SCTP, get_int(_metadata, fd, SOL_SOCKET, SO_PROTOCOL));
	EXPECT_EQ(0, get_int(_metadata, fd, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(0, get_int(_metadata, fd, SOL_SOCKET, SO_ACCEPTCONN));
	EXPECT_EQ(0, close(fd));
}

TEST_F(socket, flags)
{
	int fd = socket(self->domain,
			variant->fl.type | SOCK_NONBLOCK | SOCK_CLOEXEC,
			IPPROTO_SCTP);

	ASSERT_LE(0, fd);
	EXPECT_NE(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_NE(0, fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

/* SCTP is the only protocol of the one type, TCP stays first for the other. */
TEST_F(socket, default_protocol)
{
	int fd = socket(self->domain, variant->fl.type, 0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(one_to_one(&variant->fl) ? IPPROTO_TCP : IPPROTO_SCTP,
		  get_int(_metadata, fd, SOL_SOCKET, SO_PROTOCOL));
	close(fd);
}

TEST_F(socket, wrong_type)
{
	EXPECT_EQ(-1, socket(self->domain, SOCK_DGRAM, IPPROTO_SCTP));
	EXPECT_EQ(EPROTONOSUPPORT, errno);
	EXPECT_EQ(-1, socket(self->domain, SOCK_RDM, IPPROTO_SCTP));
	EXPECT_EQ(ESOCKTNOSUPPORT, errno);
	EXPECT_EQ(-1, socket(self->domain, SOCK_SEQPACKET, IPPROTO_TCP));
	EXPECT_EQ(EPROTONOSUPPORT, errno);
	EXPECT_EQ(-1, socket(self->domain, SOCK_SEQPACKET, IPPROTO_UDP));
	EXPECT_EQ(EPROTONOSUPPORT, errno);
}

TEST_F(socket, socketpair)
{
	int fds[2];

	EXPECT_EQ(-1, socketpair(self->domain, variant->fl.type, IPPROTO_SCTP,
				 fds));
	EXPECT_EQ(EOPNOTSUPP, errno);
}

/* Sockets come and go without leaving anything behind that stops the next. */
TEST_F(socket, many)
{
	int fds[256], round, i;

	for (round = 0; round < 4; round++) {
		for (i = 0; i < 256; i++)
			fds[i] = open_socket(_metadata, &variant->fl);
		for (i = 0; i < 256; i++)
			ASSERT_EQ(0, close(fds[i]));
	}
}

/* The protocol's table shows where sockets are counted. */
TEST_F(socket, counted)
{
	const char *name = self->domain == AF_INET ? "SCTP " : "SCTPv6 ";
	int fd = open_socket(_metadata, &variant->fl);
	char line[256];
	int size, sockets = -1;
	FILE *f;

	f = fopen("/proc/net/protocols", "r");
	if (!f)
		SKIP(goto out, "no /proc/net/protocols");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			ASSERT_EQ(2, sscanf(line, "%*s %d %d", &size, &sockets));
	fclose(f);
	EXPECT_LE(1, sockets);
out:
	close(fd);
}

TEST_HARNESS_MAIN
