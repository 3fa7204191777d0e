// SPDX-License-Identifier: GPL-2.0
/*
 * One-to-many sockets: associations set up by sending, several on one socket,
 * and their end one by one with SCTP_EOF and SCTP_ABORT. RFC 6458 sections 3.1
 * to 3.3 and 5.3.2.
 */
#include "sctp_util.h"

FIXTURE(many) {
	struct pair p;	/* listener and client; not connected */
};

SCTP_FIXTURE_VARIANT(many);
SCTP_VARIANTS_ONE_TO_MANY(many);

FIXTURE_SETUP(many)
{
	enter_netns(_metadata);
	self->p.listener = listening_socket(_metadata, &variant->fl,
					    &self->p.addr);
	self->p.server.fd = self->p.listener;
	self->p.client.fd = open_socket(_metadata, &variant->fl);
	set_events(_metadata, self->p.client.fd, EV_ASSOC | EV_SHUTDOWN);
	set_events(_metadata, self->p.server.fd, EV_ASSOC | EV_SHUTDOWN);
}

FIXTURE_TEARDOWN(many)
{
}

static void send_to(struct __test_metadata *_metadata, int fd,
		    const union test_addr *to, size_t len, unsigned int seed)
{
	unsigned char *buf = malloc(len);

	fill(buf, len, seed);
	ASSERT_EQ((ssize_t)len, sendto(fd, buf, len, 0, &to->sa, addr_len(to)))
		TH_LOG("sendto: %s", strerror(errno));
	free(buf);
}

static ssize_t send_flags(const struct end *end, int flags, const void *buf,
			  size_t len)
{
	struct sctp_sndinfo info = {
		.snd_flags = flags,
		.snd_assoc_id = end->id,
	};

	return send_sndinfo(end->fd, NULL, &info, buf, len, 0);
}

static void expect_comm_up(struct __test_metadata *_metadata, struct end *end)
{
	end->id = recv_assoc_change(_metadata, end->fd,
				    SCTP_COMM_UP).sac_assoc_id;
}

/* The first message makes the association, the second finds it. */
TEST_F(many, set_up_by_sending)
{
	struct pair *p = &self->p;

	send_to(_metadata, p->client.fd, &p->addr, 100, 1);
	expect_comm_up(_metadata, &p->client);
	expect_comm_up(_metadata, &p->server);
	recv_pattern(_metadata, p->server.fd, 100, 1, NULL);
	send_to(_metadata, p->client.fd, &p->addr, 200, 2);
	recv_pattern(_metadata, p->server.fd, 200, 2, NULL);
	/* And the way back, to the id and to the address. */
	send_pattern(_metadata, &p->server, 300, 0, 3);
	recv_pattern(_metadata, p->client.fd, 300, 3, NULL);
	expect_nothing(_metadata, p->client.fd);
	expect_nothing(_metadata, p->server.fd);
}

TEST_F(many, set_up_without_waiting)
{
	struct pair *p = &self->p;
	char buf[100];
	int i;

	for (i = 0; i < 5; i++) {
		fill(buf, sizeof(buf), i);
		ASSERT_EQ(100, sendto(p->client.fd, buf, sizeof(buf),
				      MSG_DONTWAIT, &p->addr.sa,
				      addr_len(&p->addr)));
	}
	expect_comm_up(_metadata, &p->client);
	expect_comm_up(_metadata, &p->server);
	for (i = 0; i < 5; i++)
		recv_pattern(_metadata, p->server.fd, 100, i, NULL);
}

/* The first message may be of many packets. */
TEST_F(many, set_up_with_a_long_message)
{
	struct pair *p = &self->p;

	send_to(_metadata, p->client.fd, &p->addr, 30000, 1);
	expect_comm_up(_metadata, &p->server);
	recv_pattern(_metadata, p->server.fd, 30000, 1, NULL);
}

TEST_F(many, reply_to_the_address)
{
	struct pair *p = &self->p;
	struct rx rx;

	send_to(_metadata, p->client.fd, &p->addr, 100, 1);
	expect_comm_up(_metadata, &p->client);
	expect_comm_up(_metadata, &p->server);
	recv_pattern(_metadata, p->server.fd, 100, 1, &rx);
	send_to(_metadata, p->server.fd, &rx.from, 100, 2);
	recv_pattern(_metadata, p->client.fd, 100, 2, NULL);
	expect_nothing(_metadata, p->server.fd);
}

TEST_F(many, to_nobody)
{
	union test_addr addr = free_addr(_metadata, &variant->fl);
	struct sctp_assoc_change sac;

	/* The message is taken, what became of it comes later. */
	EXPECT_EQ(1, sendto(self->p.client.fd, "x", 1, MSG_NOSIGNAL, &addr.sa,
			    addr_len(&addr)));
	sac = recv_assoc_change(_metadata, self->p.client.fd,
				SCTP_CANT_STR_ASSOC);
	EXPECT_LE(sizeof(struct sctp_assoc_change), sac.sac_length);
	/* The socket is fit for others. */
	send_to(_metadata, self->p.client.fd, &self->p.addr, 100, 1);
	expect_comm_up(_metadata, &self->p.client);
}

/* Many clients, each with an association of its own and its own messages. */
TEST_F(many, many_clients)
{
	struct pair *p = &self->p;
	union test_addr addr[20];
	struct end end[20];
	sctp_assoc_t id[20];
	struct rx rx;
	int i, j;

	set_int(_metadata, p->server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	for (i = 0; i < 20; i++) {
		end[i].fd = bound_socket(_metadata, &variant->fl, &addr[i]);
		set_events(_metadata, end[i].fd, EV_ASSOC);
		send_to(_metadata, end[i].fd, &p->addr, 100 + i, i);
		expect_comm_up(_metadata, &end[i]);
		expect_comm_up(_metadata, &p->server);
		id[i] = p->server.id;
		for (j = 0; j < i; j++)
			EXPECT_NE(id[j], id[i]);
		recv_pattern(_metadata, p->server.fd, 100 + i, i, &rx);
		EXPECT_EQ(id[i], rx.rcvinfo.rcv_assoc_id);
		EXPECT_TRUE(same_addr(&addr[i], &rx.from));
	}
	/* Answered in another order. */
	for (i = 19; i >= 0; i--) {
		p->server.id = id[i];
		send_pattern(_metadata, &p->server, 50 + i, i % 5, i);
	}
	for (i = 0; i < 20; i++) {
		recv_pattern(_metadata, end[i].fd, 50 + i, i, NULL);
		expect_nothing(_metadata, end[i].fd);
		close(end[i].fd);
	}
}

/* One client with many servers. */
TEST_F(many, many_servers)
{
	struct end client[10], server[10];
	union test_addr addr[10];
	int i;

	for (i = 0; i < 10; i++) {
		server[i].fd = listening_socket(_metadata, &variant->fl,
						&addr[i]);
		send_to(_metadata, self->p.client.fd, &addr[i], 100, i);
		client[i].fd = self->p.client.fd;
		expect_comm_up(_metadata, &client[i]);
		recv_pattern(_metadata, server[i].fd, 100, i, NULL);
	}
	for (i = 9; i >= 0; i--)
		send_pattern(_metadata, &client[i], 200, 0, i);
	for (i = 0; i < 10; i++)
		recv_pattern(_metadata, server[i].fd, 200, i, NULL);
}

/* A socket that does not listen starts associations, and takes none. */
TEST_F(many, takes_none_unless_listening)
{
	union test_addr addr;
	int fd = bound_socket(_metadata, &variant->fl, &addr);

	send_to(_metadata, fd, &self->p.addr, 100, 1);
	expect_comm_up(_metadata, &self->p.server);
	EXPECT_EQ(-1, connect(self->p.client.fd, &addr.sa, addr_len(&addr)));
	EXPECT_EQ(ECONNREFUSED, errno);
	close(fd);
}

TEST_F(many, eof)
{
	struct pair *p = &self->p;
	int i;

	send_to(_metadata, p->client.fd, &p->addr, 100, 0);
	expect_comm_up(_metadata, &p->client);
	expect_comm_up(_metadata, &p->server);
	for (i = 1; i < 10; i++)
		send_pattern(_metadata, &p->client, 100, i, i);
	ASSERT_EQ(0, send_flags(&p->client, SCTP_EOF, NULL, 0));
	/* All that was sent before it arrives, then it is the end. */
	for (i = 0; i < 10; i++)
		recv_pattern(_metadata, p->server.fd, 100, i, NULL);
	recv_shutdown_event(_metadata, p->server.fd, p->server.id);
	recv_assoc_change(_metadata, p->server.fd, SCTP_SHUTDOWN_COMP);
	recv_assoc_change(_metadata, p->client.fd, SCTP_SHUTDOWN_COMP);
	expect_nothing(_metadata, p->client.fd);
	expect_nothing(_metadata, p->server.fd);
	/* The id is gone. */
	EXPECT_EQ(-1, send_end(&p->client, "x", 1, 0, 0));
	EXPECT_EQ(EPIPE, errno);
}

TEST_F(many, eof_by_address)
{
	struct sctp_sndinfo info = { .snd_flags = SCTP_EOF };
	struct pair *p = &self->p;

	send_to(_metadata, p->client.fd, &p->addr, 100, 0);
	expect_comm_up(_metadata, &p->client);
	ASSERT_EQ(0, send_sndinfo(p->client.fd, &p->addr, &info, NULL, 0, 0));
	recv_assoc_change(_metadata, p->client.fd, SCTP_SHUTDOWN_COMP);
}

/* No more can be sent behind it. */
TEST_F(many, eof_then_data)
{
	unsigned char buf[1000] = { 0 };
	struct pair *p = &self->p;

	send_to(_metadata, p->client.fd, &p->addr, 100, 0);
	expect_comm_up(_metadata, &p->client);
	expect_comm_up(_metadata, &p->server);
	/* Keep the shutdown waiting for room at the other end. */
	while (send_end(&p->client, buf, sizeof(buf), 0, MSG_DONTWAIT) > 0)
		;
	ASSERT_EQ(EAGAIN, errno);
	ASSERT_EQ(0, send_flags(&p->client, SCTP_EOF, NULL, 0));
	EXPECT_EQ(-1, send_end(&p->client, "x", 1, 0, 0));
	EXPECT_TRUE(errno == EPIPE || errno == ESHUTDOWN)
		TH_LOG("errno %d", errno);
}

TEST_F(many, eof_for_nobody)
{
	struct sctp_sndinfo info = { .snd_flags = SCTP_EOF };

	EXPECT_EQ(-1, send_sndinfo(self->p.client.fd, &self->p.addr, &info,
				   NULL, 0, 0));
	EXPECT_EQ(EINVAL, errno);
	info.snd_flags = SCTP_ABORT;
	EXPECT_EQ(-1, send_sndinfo(self->p.client.fd, &self->p.addr, &info,
				   NULL, 0, 0));
	EXPECT_EQ(EINVAL, errno);
	expect_nothing(_metadata, self->p.server.fd);
}

TEST_F(many, again_after_eof)
{
	struct pair *p = &self->p;
	sctp_assoc_t last = 0;
	int i;

	for (i = 0; i < 10; i++) {
		send_to(_metadata, p->client.fd, &p->addr, 100, i);
		expect_comm_up(_metadata, &p->client);
		expect_comm_up(_metadata, &p->server);
		EXPECT_NE(last, p->client.id);
		last = p->client.id;
		recv_pattern(_metadata, p->server.fd, 100, i, NULL);
		ASSERT_EQ(0, send_flags(&p->client, SCTP_EOF, NULL, 0));
		recv_shutdown_event(_metadata, p->server.fd, p->server.id);
		recv_assoc_change(_metadata, p->server.fd, SCTP_SHUTDOWN_COMP);
		recv_assoc_change(_metadata, p->client.fd, SCTP_SHUTDOWN_COMP);
	}
}

TEST_F(many, abort)
{
	struct pair *p = &self->p;
	struct sctp_assoc_change sac;

	send_to(_metadata, p->client.fd, &p->addr, 100, 0);
	expect_comm_up(_metadata, &p->client);
	expect_comm_up(_metadata, &p->server);
	recv_pattern(_metadata, p->server.fd, 100, 0, NULL);
	ASSERT_EQ(0, send_flags(&p->client, SCTP_ABORT, NULL, 0));
	sac = recv_assoc_change(_metadata, p->server.fd, SCTP_COMM_LOST);
	EXPECT_EQ(p->server.id, sac.sac_assoc_id);
	sac = recv_assoc_change(_metadata, p->client.fd, SCTP_COMM_LOST);
	EXPECT_EQ(p->client.id, sac.sac_assoc_id);
	EXPECT_EQ(-1, send_end(&p->client, "x", 1, 0, 0));
	EXPECT_EQ(EPIPE, errno);
	expect_nothing(_metadata, p->client.fd);
	expect_nothing(_metadata, p->server.fd);
}

/* The data of an abort is its reason, as cause 12 of RFC 9260 (3.3.10.12). */
TEST_F(many, abort_with_reason)
{
	struct {
		struct sctp_assoc_change sac;
		unsigned char info[100];
	} u;
	struct pair *p = &self->p;

	send_to(_metadata, p->client.fd, &p->addr, 100, 0);
	expect_comm_up(_metadata, &p->client);
	expect_comm_up(_metadata, &p->server);
	recv_pattern(_metadata, p->server.fd, 100, 0, NULL);
	EXPECT_LE(0, send_flags(&p->client, SCTP_ABORT, "enough", 6));
	recv_notification(_metadata, p->server.fd, SCTP_ASSOC_CHANGE,
			  (union sctp_notification *)&u, sizeof(u));
	EXPECT_EQ(SCTP_COMM_LOST, u.sac.sac_state);
	EXPECT_EQ(htons(12), u.sac.sac_error);
	/* The causes of the ABORT: one, with its header and without padding. */
	ASSERT_EQ(sizeof(u.sac) + 4 + 6, u.sac.sac_length);
	EXPECT_EQ(0, memcmp(u.info, "\0\14\0\12enough", 10));
}

/* The end of one association is nothing to the others of the socket. */
TEST_F(many, others_go_on)
{
	struct pair *p = &self->p, q;

	q = *p;
	q.client.fd = open_socket(_metadata, &variant->fl);
	set_events(_metadata, q.client.fd, EV_ASSOC);
	send_to(_metadata, p->client.fd, &p->addr, 100, 0);
	expect_comm_up(_metadata, &p->client);
	expect_comm_up(_metadata, &p->server);
	recv_pattern(_metadata, p->server.fd, 100, 0, NULL);
	send_to(_metadata, q.client.fd, &p->addr, 100, 1);
	expect_comm_up(_metadata, &q.client);
	expect_comm_up(_metadata, &q.server);
	recv_pattern(_metadata, p->server.fd, 100, 1, NULL);

	ASSERT_EQ(0, send_flags(&p->server, SCTP_ABORT, NULL, 0));
	recv_assoc_change(_metadata, p->client.fd, SCTP_COMM_LOST);
	recv_assoc_change(_metadata, p->server.fd, SCTP_COMM_LOST);
	send_pattern(_metadata, &q.client, 500, 0, 2);
	recv_pattern(_metadata, q.server.fd, 500, 2, NULL);
	send_pattern(_metadata, &q.server, 500, 0, 3);
	recv_pattern(_metadata, q.client.fd, 500, 3, NULL);
	close(q.client.fd);
}

/* Both styles speak the same protocol. */
TEST_F(many, one_to_one_client)
{
	struct flavour fl = { variant->fl.family, SOCK_STREAM };
	struct end end = { .fd = open_socket(_metadata, &fl) };
	struct pair *p = &self->p;
	char c;

	ASSERT_EQ(0, connect(end.fd, &p->addr.sa, addr_len(&p->addr)));
	expect_comm_up(_metadata, &p->server);
	send_pattern(_metadata, &end, 1000, 1, 1);
	recv_pattern(_metadata, p->server.fd, 1000, 1, NULL);
	send_pattern(_metadata, &p->server, 1000, 1, 2);
	recv_pattern(_metadata, end.fd, 1000, 2, NULL);
	ASSERT_EQ(0, send_flags(&p->server, SCTP_EOF, NULL, 0));
	wait_for(_metadata, end.fd, POLLIN);
	EXPECT_EQ(0, recv(end.fd, &c, 1, 0));
	recv_assoc_change(_metadata, p->server.fd, SCTP_SHUTDOWN_COMP);
	close(end.fd);
}

TEST_F(many, one_to_one_server)
{
	struct flavour fl = { variant->fl.family, SOCK_STREAM };
	struct pair *p = &self->p;
	struct end end = { 0 };
	union test_addr addr;
	int listener;

	listener = listening_socket(_metadata, &fl, &addr);
	send_to(_metadata, p->client.fd, &addr, 100, 1);
	wait_for(_metadata, listener, POLLIN);
	end.fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, end.fd);
	recv_pattern(_metadata, end.fd, 100, 1, NULL);
	expect_comm_up(_metadata, &p->client);
	send_pattern(_metadata, &end, 1000, 1, 2);
	recv_pattern(_metadata, p->client.fd, 1000, 2, NULL);
	close(end.fd);
	recv_shutdown_event(_metadata, p->client.fd, p->client.id);
	recv_assoc_change(_metadata, p->client.fd, SCTP_SHUTDOWN_COMP);
	close(listener);
}

/* An AF_INET6 listener that is not IPV6_V6ONLY serves IPv4 too. */
TEST_F(many, wildcard_serves_all)
{
	static const struct flavour v4 = { TEST_IPV4, SOCK_SEQPACKET };
	union test_addr any = wildcard(&variant->fl, 0);
	socklen_t len = sizeof(any);
	int server, client;
	struct rx rx;

	server = open_socket(_metadata, &variant->fl);
	ASSERT_EQ(0, bind(server, &any.sa, addr_len(&any)));
	ASSERT_EQ(0, listen(server, 1));
	ASSERT_EQ(0, getsockname(server, &any.sa, &len));
	client = open_socket(_metadata, &v4);
	any = loopback(&v4, port_of(&any));
	send_to(_metadata, client, &any, 100, 1);
	recv_pattern(_metadata, server, 100, 1, &rx);
	EXPECT_EQ(domain_of(&variant->fl), rx.from.sa.sa_family);
	if (rx.from.sa.sa_family == AF_INET6)
		EXPECT_TRUE(IN6_IS_ADDR_V4MAPPED(&rx.from.v6.sin6_addr));
	send_to(_metadata, server, &rx.from, 200, 2);
	recv_pattern(_metadata, client, 200, 2, NULL);
	close(client);
	close(server);
}

TEST_HARNESS_MAIN
