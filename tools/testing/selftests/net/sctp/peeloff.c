// SPDX-License-Identifier: GPL-2.0
/*
 * What sctp_peeloff() of libsctp is made of: SCTP_SOCKOPT_PEELOFF and
 * SCTP_SOCKOPT_PEELOFF_FLAGS. RFC 6458 section 9.2.
 */
#include <sys/mman.h>
#include "sctp_util.h"

#define PEELOFF		102
#define PEELOFF_FLAGS	122

FIXTURE(peeloff) {
	struct pair p;
	struct end other;	/* a second client, and its id at the server */
	sctp_assoc_t other_id;
};

SCTP_FIXTURE_VARIANT(peeloff);
SCTP_VARIANTS_ONE_TO_MANY(peeloff);

FIXTURE_SETUP(peeloff)
{
	struct pair *p = &self->p;

	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, p);
	self->other.fd = open_socket(_metadata, &variant->fl);
	set_events(_metadata, p->listener, EV_ASSOC);
	set_events(_metadata, self->other.fd, EV_ASSOC);
	ASSERT_EQ(0, connect(self->other.fd, &p->addr.sa, addr_len(&p->addr)));
	self->other.id = recv_assoc_change(_metadata, self->other.fd,
					   SCTP_COMM_UP).sac_assoc_id;
	self->other_id = recv_assoc_change(_metadata, p->listener,
					   SCTP_COMM_UP).sac_assoc_id;
	set_events(_metadata, p->listener, 0);
	set_events(_metadata, self->other.fd, 0);
}

FIXTURE_TEARDOWN(peeloff)
{
}

/* The new descriptor, or minus the errno. */
static int peel(int fd, sctp_assoc_t id)
{
	sctp_peeloff_arg_t arg = { .associd = id, .sd = -1 };
	socklen_t len = sizeof(arg);
	int ret = getsockopt(fd, SOL_SCTP, PEELOFF, &arg, &len);

	if (ret < 0)
		return -errno;
	return ret == arg.sd && len == sizeof(arg) ? ret : -EOVERFLOW;
}

static int peel_flags(int fd, sctp_assoc_t id, int flags)
{
	sctp_peeloff_flags_arg_t arg = {
		.p_arg = { .associd = id, .sd = -1 },
		.flags = flags,
	};
	socklen_t len = sizeof(arg);
	int ret = getsockopt(fd, SOL_SCTP, PEELOFF_FLAGS, &arg, &len);

	if (ret < 0)
		return -errno;
	return ret == arg.p_arg.sd && len == sizeof(arg) ? ret : -EOVERFLOW;
}

/* Everything that @end sent has been received. */
static void settle(struct __test_metadata *_metadata, const struct end *end)
{
	wait_until(get_status(_metadata, end).sstat_unackdata == 0);
}

TEST_F(peeloff, both_ways)
{
	struct pair *p = &self->p;
	struct end own = { .fd = peel(p->server.fd, p->server.id) };

	ASSERT_LE(0, own.fd);
	send_pattern(_metadata, &p->client, 5000, 1, 1);
	recv_pattern(_metadata, own.fd, 5000, 1, NULL);
	/* The id has no meaning. */
	send_pattern(_metadata, &own, 5000, 1, 2);
	recv_pattern(_metadata, p->client.fd, 5000, 2, NULL);
	ASSERT_EQ(4, send(own.fd, "more", 4, 0));
	/* The other association stays. */
	send_pattern(_metadata, &self->other, 100, 0, 3);
	recv_pattern(_metadata, p->server.fd, 100, 3, NULL);
	expect_nothing(_metadata, own.fd);
	EXPECT_EQ(SCTP_ESTABLISHED, get_status(_metadata, &own).sstat_state);
	close(own.fd);
}

/* The old socket knows nothing of it any more. */
TEST_F(peeloff, gone_from_the_old_socket)
{
	struct sctp_status st = { .sstat_assoc_id = self->p.server.id };
	struct pair *p = &self->p;
	socklen_t len = sizeof(st);
	int fd = peel(p->server.fd, p->server.id);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, getsockopt(p->server.fd, SOL_SCTP, SCTP_STATUS, &st,
				 &len));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, send_end(&p->server, "x", 1, 0, 0));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_EQ(-EINVAL, peel(p->server.fd, p->server.id));
	EXPECT_EQ(1, get_int(_metadata, p->server.fd, SOL_SCTP,
			     SCTP_GET_ASSOC_NUMBER));
	close(fd);
}

/* What was received before goes along, in order; the rest does not. */
TEST_F(peeloff, unread_messages)
{
	struct pair *p = &self->p;
	int fd, i;

	for (i = 0; i < 40; i++) {
		send_pattern(_metadata, &p->client, 100 + i, 0, i);
		send_pattern(_metadata, &self->other, 200 + i, 0, 100 + i);
	}
	settle(_metadata, &p->client);
	settle(_metadata, &self->other);
	fd = peel(p->server.fd, p->server.id);
	ASSERT_LE(0, fd);
	send_pattern(_metadata, &p->client, 100 + i, 0, i);
	for (i = 0; i <= 40; i++)
		recv_pattern(_metadata, fd, 100 + i, i, NULL);
	for (i = 0; i < 40; i++)
		recv_pattern(_metadata, p->server.fd, 200 + i, 100 + i, NULL);
	expect_nothing(_metadata, fd);
	expect_nothing(_metadata, p->server.fd);
	close(fd);
}

TEST_F(peeloff, half_read_message)
{
	struct pair *p = &self->p;
	unsigned char buf[1000];
	struct rx rx;
	int fd;

	send_pattern(_metadata, &p->client, 1000, 0, 1);
	ASSERT_EQ(300, recv_wait(_metadata, p->server.fd, buf, 300, &rx));
	EXPECT_EQ(0, rx.flags & MSG_EOR);
	fd = peel(p->server.fd, p->server.id);
	ASSERT_LE(0, fd);
	expect_nothing(_metadata, p->server.fd);
	ASSERT_EQ(700, recv_wait(_metadata, fd, buf, 1000, &rx));
	EXPECT_TRUE(intact(buf, 300, 700, 1));
	EXPECT_EQ(MSG_EOR, rx.flags & MSG_EOR);
	close(fd);
}

TEST_F(peeloff, unread_notification)
{
	struct pair *p = &self->p;
	sctp_assoc_t id;
	int fd, client = open_socket(_metadata, &variant->fl);

	set_events(_metadata, p->server.fd, EV_ASSOC);
	set_events(_metadata, client, EV_ASSOC);
	ASSERT_EQ(0, connect(client, &p->addr.sa, addr_len(&p->addr)));
	wait_for(_metadata, p->server.fd, POLLIN);
	{
		union sctp_notification sn;

		ASSERT_LT(0, recv(p->server.fd, &sn, sizeof(sn), MSG_PEEK));
		id = sn.sn_assoc_change.sac_assoc_id;
	}
	fd = peel(p->server.fd, id);
	ASSERT_LE(0, fd);
	EXPECT_EQ(id, recv_assoc_change(_metadata, fd, SCTP_COMM_UP)
			      .sac_assoc_id);
	expect_nothing(_metadata, p->server.fd);
	close(client);
	recv_assoc_change(_metadata, fd, SCTP_SHUTDOWN_COMP);
	close(fd);
}

TEST_F(peeloff, names)
{
	struct pair *p = &self->p;
	union test_addr name, from;
	socklen_t len = sizeof(name);
	struct rx rx;
	int fd = peel(p->server.fd, p->server.id);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, getsockname(fd, &name.sa, &len));
	EXPECT_EQ(port_of(&p->addr), port_of(&name));
	send_pattern(_metadata, &p->client, 10, 0, 1);
	recv_pattern(_metadata, fd, 10, 1, &rx);
	from = rx.from;
	len = sizeof(name);
	ASSERT_EQ(0, getpeername(fd, &name.sa, &len));
	EXPECT_TRUE(same_addr(&from, &name));
	close(fd);
}

/* The peer learns of the end, and the other association does not. */
TEST_F(peeloff, close_of_the_new_socket)
{
	struct pair *p = &self->p;
	int fd = peel(p->server.fd, p->server.id);

	ASSERT_LE(0, fd);
	set_events(_metadata, p->client.fd, EV_ASSOC);
	close(fd);
	recv_assoc_change(_metadata, p->client.fd, SCTP_SHUTDOWN_COMP);
	send_pattern(_metadata, &self->other, 100, 0, 3);
	recv_pattern(_metadata, p->server.fd, 100, 3, NULL);
}

TEST_F(peeloff, close_of_the_old_socket)
{
	struct pair *p = &self->p;
	int fd = peel(p->server.fd, p->server.id);

	ASSERT_LE(0, fd);
	set_events(_metadata, self->other.fd, EV_ASSOC);
	close(p->server.fd);
	recv_assoc_change(_metadata, self->other.fd, SCTP_SHUTDOWN_COMP);
	send_pattern(_metadata, &p->client, 100, 0, 3);
	recv_pattern(_metadata, fd, 100, 3, NULL);
	close(fd);
}

TEST_F(peeloff, abort_by_linger)
{
	struct pair *p = &self->p;
	int fd = peel(p->server.fd, p->server.id);

	ASSERT_LE(0, fd);
	set_events(_metadata, p->client.fd, EV_ASSOC);
	set_linger(_metadata, fd, 1, 0);
	close(fd);
	recv_assoc_change(_metadata, p->client.fd, SCTP_COMM_LOST);
}

/* The C module has no shutdown() for these. */
TEST_F(peeloff, shutdown)
{
	struct pair *p = &self->p;
	int fd = peel(p->server.fd, p->server.id);
	char c;

	ASSERT_LE(0, fd);
	if (is_c_module())
		SKIP(return, "the C module does nothing then");
	set_events(_metadata, p->client.fd, EV_ASSOC);
	ASSERT_EQ(0, shutdown(fd, SHUT_WR));
	recv_assoc_change(_metadata, p->client.fd, SCTP_SHUTDOWN_COMP);
	EXPECT_EQ(-1, recv(fd, &c, 1, 0));
	EXPECT_EQ(ENOTCONN, errno);
	close(fd);
}

TEST_F(peeloff, eof)
{
	struct sctp_sndinfo eof = { .snd_flags = SCTP_EOF };
	struct pair *p = &self->p;
	int fd = peel(p->server.fd, p->server.id);

	ASSERT_LE(0, fd);
	set_events(_metadata, p->client.fd, EV_ASSOC);
	EXPECT_EQ(0, send_sndinfo(fd, NULL, &eof, "", 0, 0));
	recv_assoc_change(_metadata, p->client.fd, SCTP_SHUTDOWN_COMP);
	close(fd);
}

TEST_F(peeloff, what_it_cannot_do)
{
	struct pair *p = &self->p;
	int fd = peel(p->server.fd, p->server.id);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, listen(fd, 5));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, accept(fd, NULL, NULL));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, connect(fd, &p->addr.sa, addr_len(&p->addr)));
	EXPECT_EQ(EISCONN, errno);
	EXPECT_EQ(-EINVAL, peel(fd, p->server.id));
	EXPECT_EQ(-EINVAL, peel(fd, self->other_id));
	/* An address means nothing. */
	EXPECT_EQ(1, sendto(fd, "x", 1, 0, &p->addr.sa, addr_len(&p->addr)));
	close(fd);
}

TEST_F(peeloff, flags)
{
	struct pair *p = &self->p;
	int fd = peel(p->server.fd, p->server.id);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(0, fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	fd = peel_flags(p->server.fd, self->other_id,
			SOCK_NONBLOCK | SOCK_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_NE(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_NE(0, fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

TEST_F(peeloff, errors)
{
	sctp_peeloff_flags_arg_t arg = { 0 };
	struct flavour fl = variant->fl;
	struct pair *p = &self->p;
	socklen_t len;
	int fd;

	EXPECT_EQ(-EINVAL, peel(p->server.fd, p->server.id + 1000));
	EXPECT_EQ(-EINVAL, peel(p->server.fd, 0));
	EXPECT_EQ(-EINVAL, peel(p->server.fd, -1));
	/* Another socket's. */
	EXPECT_EQ(-EINVAL, peel(p->server.fd, p->client.id));
	for (len = 0; len < sizeof(arg); len++) {
		socklen_t got = len;

		EXPECT_EQ(-1, getsockopt(p->server.fd, SOL_SCTP, PEELOFF_FLAGS,
					 &arg, &got));
		EXPECT_EQ(EINVAL, errno);
		got = len;
		if (len >= sizeof(arg.p_arg))
			continue;
		EXPECT_EQ(-1, getsockopt(p->server.fd, SOL_SCTP, PEELOFF,
					 &arg, &got));
		EXPECT_EQ(EINVAL, errno);
	}
	len = sizeof(arg);
	EXPECT_EQ(-1, getsockopt(p->server.fd, SOL_SCTP, PEELOFF, NULL, &len));
	EXPECT_EQ(EFAULT, errno);
	fl.type = SOCK_STREAM;
	fd = open_socket(_metadata, &fl);
	EXPECT_EQ(-EINVAL, peel(fd, p->server.id));
	close(fd);
	/* Sockets do not get into another namespace like that. */
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	EXPECT_EQ(-EINVAL, peel(p->server.fd, p->server.id));
}

/*
 * The descriptor cannot be told: nothing has happened, and the call can be
 * repeated. The C module ends the association then, for nobody has it.
 */
TEST_F(peeloff, result_that_cannot_be_written)
{
	struct pair *p = &self->p;
	sctp_peeloff_arg_t *arg;
	socklen_t len = sizeof(*arg);

	arg = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, arg);
	arg->associd = p->server.id;
	ASSERT_EQ(0, mprotect(arg, 4096, PROT_READ));
	set_events(_metadata, p->client.fd, EV_ASSOC);
	EXPECT_EQ(-1, getsockopt(p->server.fd, SOL_SCTP, PEELOFF, arg, &len));
	EXPECT_EQ(EFAULT, errno);
	if (is_c_module()) {
		recv_assoc_change(_metadata, p->client.fd, SCTP_SHUTDOWN_COMP);
		return;
	}
	ASSERT_EQ(0, mprotect(arg, 4096, PROT_READ | PROT_WRITE));
	ASSERT_LT(0, getsockopt(p->server.fd, SOL_SCTP, PEELOFF, arg, &len));
	send_pattern(_metadata, &p->client, 100, 0, 1);
	recv_pattern(_metadata, arg->sd, 100, 1, NULL);
	close(arg->sd);
	recv_assoc_change(_metadata, p->client.fd, SCTP_SHUTDOWN_COMP);
}

TEST_HARNESS_MAIN
