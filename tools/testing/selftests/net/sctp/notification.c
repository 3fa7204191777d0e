// SPDX-License-Identifier: GPL-2.0
/*
 * Notifications: SCTP_ASSOC_CHANGE in its states, SCTP_SHUTDOWN_EVENT, and
 * SCTP_ADAPTATION_INDICATION and SCTP_AUTHENTICATION_EVENT at the beginning;
 * each member of them, their lengths and their place among the data. RFC 6458
 * sections 6.1.1, 6.1.5, 6.1.6, 6.1.8, 6.2.1 and 8.1.10.
 */
#include "sctp_util.h"

FIXTURE(notification) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(notification);
SCTP_VARIANTS(notification);

FIXTURE_SETUP(notification)
{
	enter_netns(_metadata);
	self->p.listener = listening_socket(_metadata, &variant->fl,
					    &self->p.addr);
	self->p.client.fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(notification)
{
}

/* Connects; the listener and client are subscribed as the test wants it. */
static void join(struct __test_metadata *_metadata, const struct flavour *fl,
		 struct pair *p)
{
	ASSERT_EQ(0, connect(p->client.fd, &p->addr.sa, addr_len(&p->addr)));
	p->server.fd = p->listener;
	if (!one_to_one(fl))
		return;
	wait_for(_metadata, p->listener, POLLIN);
	p->server.fd = accept(p->listener, NULL, NULL);
	ASSERT_LE(0, p->server.fd);
}

static void send_to_server(struct __test_metadata *_metadata, struct pair *p,
			   size_t len, unsigned int seed)
{
	unsigned char *buf = malloc(len);

	fill(buf, len, seed);
	ASSERT_EQ((ssize_t)len, sendto(p->client.fd, buf, len, 0, &p->addr.sa,
				       addr_len(&p->addr)));
	free(buf);
}

static void expect_end(struct __test_metadata *_metadata,
		       const struct flavour *fl, int fd)
{
	char c;

	if (!one_to_one(fl)) {
		expect_nothing(_metadata, fd);
		return;
	}
	wait_for(_metadata, fd, POLLIN);
	EXPECT_EQ(0, recv(fd, &c, 1, MSG_DONTWAIT));
}

TEST_F(notification, layout)
{
	EXPECT_EQ(20, sizeof(struct sctp_assoc_change));
	EXPECT_EQ(12, sizeof(struct sctp_shutdown_event));
	EXPECT_EQ(16, sizeof(struct sctp_adaptation_event));
	EXPECT_EQ(20, sizeof(struct sctp_authkey_event));
	EXPECT_EQ(0x8000, MSG_NOTIFICATION);
	EXPECT_EQ(0x8001, SCTP_ASSOC_CHANGE);
	EXPECT_EQ(0x8005, SCTP_SHUTDOWN_EVENT);
	EXPECT_EQ(0x8007, SCTP_ADAPTATION_INDICATION);
	EXPECT_EQ(0x8008, SCTP_AUTHENTICATION_EVENT);
}

TEST_F(notification, comm_up)
{
	struct sctp_assoc_change c, s;

	set_initmsg(_metadata, self->p.client.fd, 3, 4, 0, 0);
	set_events(_metadata, self->p.client.fd, EV_ASSOC);
	set_events(_metadata, self->p.listener, EV_ASSOC);
	join(_metadata, &variant->fl, &self->p);
	c = recv_assoc_change(_metadata, self->p.client.fd, SCTP_COMM_UP);
	s = recv_assoc_change(_metadata, self->p.server.fd, SCTP_COMM_UP);
	EXPECT_EQ(sizeof(c), c.sac_length);
	EXPECT_EQ(0, c.sac_flags);
	EXPECT_EQ(0, c.sac_error);
	EXPECT_EQ(3, c.sac_outbound_streams);
	EXPECT_EQ(4, c.sac_inbound_streams);
	EXPECT_LE(3, c.sac_assoc_id);
	EXPECT_EQ(sizeof(s), s.sac_length);
	EXPECT_EQ(0, s.sac_flags);
	EXPECT_EQ(0, s.sac_error);
	EXPECT_EQ(4, s.sac_outbound_streams);
	EXPECT_EQ(3, s.sac_inbound_streams);
	EXPECT_LE(3, s.sac_assoc_id);
	EXPECT_NE(c.sac_assoc_id, s.sac_assoc_id);
	expect_nothing(_metadata, self->p.client.fd);
	expect_nothing(_metadata, self->p.server.fd);
}

TEST_F(notification, none_unless_asked)
{
	join(_metadata, &variant->fl, &self->p);
	send_to_server(_metadata, &self->p, 100, 1);
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
	close(self->p.client.fd);
	expect_end(_metadata, &variant->fl, self->p.server.fd);
}

/* What happened before one subscribed is not told afterwards. */
TEST_F(notification, not_in_retrospect)
{
	join(_metadata, &variant->fl, &self->p);
	set_events(_metadata, self->p.client.fd, EV_ASSOC);
	set_events(_metadata, self->p.server.fd, EV_ASSOC);
	expect_nothing(_metadata, self->p.client.fd);
	expect_nothing(_metadata, self->p.server.fd);
}

/* First that the association is there, then what came over it. */
TEST_F(notification, comm_up_before_data)
{
	unsigned char buf[500];

	set_events(_metadata, self->p.listener, EV_ASSOC);
	fill(buf, sizeof(buf), 1);
	ASSERT_EQ(500, sendto(self->p.client.fd, buf, sizeof(buf), 0,
			      &self->p.addr.sa, addr_len(&self->p.addr)));
	self->p.server.fd = self->p.listener;
	if (one_to_one(&variant->fl)) {
		wait_for(_metadata, self->p.listener, POLLIN);
		self->p.server.fd = accept(self->p.listener, NULL, NULL);
		ASSERT_LE(0, self->p.server.fd);
	}
	recv_assoc_change(_metadata, self->p.server.fd, SCTP_COMM_UP);
	recv_pattern(_metadata, self->p.server.fd, 500, 1, NULL);
}

static void set_adaptation(struct __test_metadata *_metadata, int fd,
			   __u32 value)
{
	set_int(_metadata, fd, SOL_SCTP, SCTP_ADAPTATION_LAYER, value);
}

static void recv_adaptation(struct __test_metadata *_metadata, int fd,
			    sctp_assoc_t id, __u32 value)
{
	union sctp_notification sn;

	recv_notification(_metadata, fd, SCTP_ADAPTATION_INDICATION, &sn,
			  sizeof(sn));
	EXPECT_EQ(sizeof(struct sctp_adaptation_event), sn.sn_header.sn_length);
	EXPECT_EQ(0, sn.sn_adaptation_event.sai_flags);
	EXPECT_EQ(value, sn.sn_adaptation_event.sai_adaptation_ind);
	EXPECT_EQ(id, sn.sn_adaptation_event.sai_assoc_id);
}

static void recv_no_auth(struct __test_metadata *_metadata, int fd,
			 sctp_assoc_t id)
{
	union sctp_notification sn;

	recv_notification(_metadata, fd, SCTP_AUTHENTICATION_EVENT, &sn,
			  sizeof(sn));
	EXPECT_EQ(sizeof(struct sctp_authkey_event), sn.sn_header.sn_length);
	EXPECT_EQ(0, sn.sn_authkey_event.auth_flags);
	EXPECT_EQ(0, sn.sn_authkey_event.auth_keynumber);
	EXPECT_EQ(0, sn.sn_authkey_event.auth_altkeynumber);
	EXPECT_EQ(SCTP_AUTH_NO_AUTH, sn.sn_authkey_event.auth_indication);
	EXPECT_EQ(id, sn.sn_authkey_event.auth_assoc_id);
}

/* What there is to be told of the peer follows at once. */
TEST_F(notification, adaptation_and_no_auth)
{
	int events = EV_ASSOC | EV_ADAPTATION | EV_AUTHENTICATION;
	struct sctp_assoc_change up;

	set_adaptation(_metadata, self->p.client.fd, 7);
	set_adaptation(_metadata, self->p.listener, 0x80000001);
	set_events(_metadata, self->p.client.fd, events);
	set_events(_metadata, self->p.listener, events);
	join(_metadata, &variant->fl, &self->p);
	send_to_server(_metadata, &self->p, 500, 1);

	up = recv_assoc_change(_metadata, self->p.client.fd, SCTP_COMM_UP);
	recv_adaptation(_metadata, self->p.client.fd, up.sac_assoc_id,
			0x80000001);
	recv_no_auth(_metadata, self->p.client.fd, up.sac_assoc_id);
	expect_nothing(_metadata, self->p.client.fd);

	up = recv_assoc_change(_metadata, self->p.server.fd, SCTP_COMM_UP);
	recv_adaptation(_metadata, self->p.server.fd, up.sac_assoc_id, 7);
	recv_no_auth(_metadata, self->p.server.fd, up.sac_assoc_id);
	recv_pattern(_metadata, self->p.server.fd, 500, 1, NULL);
	EXPECT_EQ(0x80000001, get_int(_metadata, self->p.server.fd, SOL_SCTP,
				      SCTP_ADAPTATION_LAYER));
}

/* 0 is none: it takes back what was set before. */
TEST_F(notification, no_adaptation)
{
	set_adaptation(_metadata, self->p.client.fd, 7);
	set_adaptation(_metadata, self->p.client.fd, 0);
	set_events(_metadata, self->p.client.fd, EV_ADAPTATION);
	set_events(_metadata, self->p.listener, EV_ADAPTATION);
	join(_metadata, &variant->fl, &self->p);
	send_to_server(_metadata, &self->p, 500, 1);
	expect_nothing(_metadata, self->p.client.fd);
	recv_pattern(_metadata, self->p.server.fd, 500, 1, NULL);
}

TEST_F(notification, graceful_end)
{
	struct sctp_assoc_change up, comp;
	int i;

	set_events(_metadata, self->p.listener, EV_ASSOC | EV_SHUTDOWN);
	join(_metadata, &variant->fl, &self->p);
	up = recv_assoc_change(_metadata, self->p.server.fd, SCTP_COMM_UP);
	for (i = 0; i < 5; i++)
		send_to_server(_metadata, &self->p, 2000, i);
	close(self->p.client.fd);

	/* The data, then that there will be no more, then that it is over. */
	for (i = 0; i < 5; i++)
		recv_pattern(_metadata, self->p.server.fd, 2000, i, NULL);
	recv_shutdown_event(_metadata, self->p.server.fd, up.sac_assoc_id);
	comp = recv_assoc_change(_metadata, self->p.server.fd,
				 SCTP_SHUTDOWN_COMP);
	EXPECT_EQ(sizeof(comp), comp.sac_length);
	EXPECT_EQ(0, comp.sac_error);
	EXPECT_EQ(up.sac_assoc_id, comp.sac_assoc_id);
	expect_end(_metadata, &variant->fl, self->p.server.fd);
}

/* The side that began it has no SHUTDOWN to be told of. */
TEST_F(notification, own_end)
{
	struct sctp_assoc_change up;

	set_events(_metadata, self->p.client.fd, EV_ASSOC | EV_SHUTDOWN);
	join(_metadata, &variant->fl, &self->p);
	up = recv_assoc_change(_metadata, self->p.client.fd, SCTP_COMM_UP);
	if (one_to_one(&variant->fl)) {
		ASSERT_EQ(0, shutdown(self->p.client.fd, SHUT_WR));
	} else {
		struct sctp_sndinfo info = { .snd_flags = SCTP_EOF };

		info.snd_assoc_id = up.sac_assoc_id;
		ASSERT_EQ(0, send_sndinfo(self->p.client.fd, NULL, &info, NULL,
					  0, 0));
	}
	recv_assoc_change(_metadata, self->p.client.fd, SCTP_SHUTDOWN_COMP);
}

TEST_F(notification, shutdown_alone)
{
	union sctp_notification sn;

	set_events(_metadata, self->p.listener, EV_SHUTDOWN);
	join(_metadata, &variant->fl, &self->p);
	close(self->p.client.fd);
	recv_notification(_metadata, self->p.server.fd, SCTP_SHUTDOWN_EVENT,
			  &sn, sizeof(sn));
	EXPECT_EQ(12, sn.sn_shutdown_event.sse_length);
	EXPECT_EQ(0, sn.sn_shutdown_event.sse_flags);
	expect_end(_metadata, &variant->fl, self->p.server.fd);
}

/*
 * What the ABORT chunk held is in it. RFC 6458 section 6.1.1 would have the
 * whole chunk, but its header has always been left out on Linux, and programs
 * look for the causes where they are.
 */
TEST_F(notification, comm_lost)
{
	struct {
		struct sctp_assoc_change sac;
		unsigned char info[100];
	} u;
	struct sctp_assoc_change up;

	set_events(_metadata, self->p.listener, EV_ASSOC | EV_SHUTDOWN);
	join(_metadata, &variant->fl, &self->p);
	up = recv_assoc_change(_metadata, self->p.server.fd, SCTP_COMM_UP);
	set_linger(_metadata, self->p.client.fd, 1, 0);
	close(self->p.client.fd);
	recv_notification(_metadata, self->p.server.fd, SCTP_ASSOC_CHANGE,
			  (union sctp_notification *)&u, sizeof(u));
	EXPECT_EQ(SCTP_COMM_LOST, u.sac.sac_state);
	EXPECT_EQ(up.sac_assoc_id, u.sac.sac_assoc_id);
	EXPECT_EQ(0, u.sac.sac_outbound_streams);
	EXPECT_EQ(0, u.sac.sac_inbound_streams);
	/* Cause 12, User-Initiated Abort; as it is on the wire. */
	EXPECT_EQ(htons(12), u.sac.sac_error);
	ASSERT_EQ(sizeof(u.sac) + 4, u.sac.sac_length);
	EXPECT_EQ(0, memcmp(u.info, "\0\14\0\4", 4));
}

TEST_F(notification, cant_start)
{
	union test_addr addr = free_addr(_metadata, &variant->fl);
	struct sctp_assoc_change sac;

	set_events(_metadata, self->p.client.fd, EV_ASSOC);
	EXPECT_EQ(-1, connect(self->p.client.fd, &addr.sa, addr_len(&addr)));
	EXPECT_EQ(ECONNREFUSED, errno);
	sac = recv_assoc_change(_metadata, self->p.client.fd,
				SCTP_CANT_STR_ASSOC);
	EXPECT_LE(sizeof(sac), sac.sac_length);
}

TEST_F(notification, cant_start_for_silence)
{
	union test_addr addr = black_hole(&variant->fl, 5001);
	struct sctp_assoc_change sac;

	add_black_hole(_metadata);
	set_initmsg(_metadata, self->p.client.fd, 0, 0, 1, 100);
	set_events(_metadata, self->p.client.fd, EV_ASSOC);
	EXPECT_EQ(-1, connect(self->p.client.fd, &addr.sa, addr_len(&addr)));
	EXPECT_EQ(ETIMEDOUT, errno);
	sac = recv_assoc_change(_metadata, self->p.client.fd,
				SCTP_CANT_STR_ASSOC);
	/* Nothing was received that could be told. */
	EXPECT_EQ(sizeof(sac), sac.sac_length);
}

/* With room for a part only, the rest comes next, marked all the same. */
TEST_F(notification, in_pieces)
{
	struct sctp_assoc_change sac = { 0 };
	unsigned char *buf = (void *)&sac;
	struct rx rx;

	set_events(_metadata, self->p.client.fd, EV_ASSOC);
	join(_metadata, &variant->fl, &self->p);
	ASSERT_EQ(8, recv_wait(_metadata, self->p.client.fd, buf, 8, &rx));
	EXPECT_EQ(MSG_NOTIFICATION, rx.flags);
	ASSERT_EQ(12, recv_wait(_metadata, self->p.client.fd, buf + 8, 100,
				&rx));
	EXPECT_EQ(MSG_NOTIFICATION | MSG_EOR, rx.flags);
	EXPECT_EQ(SCTP_ASSOC_CHANGE, sac.sac_type);
	EXPECT_EQ(SCTP_COMM_UP, sac.sac_state);
	EXPECT_EQ(20, sac.sac_length);
}

TEST_F(notification, peek)
{
	struct sctp_assoc_change sac;
	struct rx rx;

	set_events(_metadata, self->p.client.fd, EV_ASSOC);
	join(_metadata, &variant->fl, &self->p);
	wait_for(_metadata, self->p.client.fd, POLLIN);
	ASSERT_EQ(20, recv_rx(self->p.client.fd, &sac, sizeof(sac), MSG_PEEK,
			      &rx));
	EXPECT_EQ(MSG_NOTIFICATION | MSG_EOR, rx.flags);
	recv_assoc_change(_metadata, self->p.client.fd, SCTP_COMM_UP);
	expect_nothing(_metadata, self->p.client.fd);
}

/* Neither kind of ancillary data goes with it, but the peer's address does. */
TEST_F(notification, ancillary_data)
{
	struct sctp_assoc_change sac;
	struct rx rx;

	set_events(_metadata, self->p.client.fd, EV_ASSOC | EV_DATA_IO);
	set_int(_metadata, self->p.client.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	join(_metadata, &variant->fl, &self->p);
	ASSERT_EQ(20, recv_wait(_metadata, self->p.client.fd, &sac, sizeof(sac),
				&rx));
	EXPECT_EQ(0, rx.cmsgs);
	EXPECT_EQ(addr_len(&self->p.addr), rx.from_len);
	EXPECT_TRUE(same_addr(&self->p.addr, &rx.from));
}

TEST_HARNESS_MAIN
