// SPDX-License-Identifier: GPL-2.0
/*
 * Options about what goes with messages: SCTP_DEFAULT_SNDINFO and
 * SCTP_DEFAULT_SEND_PARAM (RFC 6458 sections 8.1.31 and 8.1.13), SCTP_CONTEXT
 * (8.1.25), SCTP_RECVNXTINFO (8.1.30), SCTP_EVENT (6.2.2),
 * SCTP_I_WANT_MAPPED_V4_ADDR (8.1.15).
 */
#include "sctp_util.h"

FIXTURE(message) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(message);
SCTP_VARIANTS(message);

FIXTURE_SETUP(message)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
	set_int(_metadata, self->p.server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
}

FIXTURE_TEARDOWN(message)
{
}

/* A message without any ancillary data. */
static void send_plain(struct __test_metadata *_metadata, const struct pair *p,
		       const struct flavour *fl, const char *text)
{
	const struct sockaddr *to = one_to_one(fl) ? NULL : &p->addr.sa;
	socklen_t len = to ? addr_len(&p->addr) : 0;

	ASSERT_EQ((ssize_t)strlen(text), sendto(p->client.fd, text,
						strlen(text), 0, to, len))
		TH_LOG("sendto: %s", strerror(errno));
}

static struct rx receive(struct __test_metadata *_metadata, int fd,
			 const char *text)
{
	struct rx rx;
	char buf[64];

	ASSERT_EQ((ssize_t)strlen(text), recv_wait(_metadata, fd, buf,
						   sizeof(buf), &rx))
		TH_LOG("recvmsg: %s", strerror(errno));
	ASSERT_EQ(0, memcmp(text, buf, strlen(text)));
	return rx;
}

TEST_F(message, default_sndinfo)
{
	struct sctp_sndinfo info = {
		.snd_sid = 3,
		.snd_flags = SCTP_UNORDERED,
		.snd_ppid = htonl(0x12345678),
		.snd_context = 77,
		.snd_assoc_id = self->p.client.id,
	}, own = { .snd_sid = 1, .snd_assoc_id = self->p.client.id };
	struct rx rx;

	ASSERT_EQ(0, setsockopt(self->p.client.fd, SOL_SCTP,
				SCTP_DEFAULT_SNDINFO, &info, sizeof(info)));
	send_plain(_metadata, &self->p, &variant->fl, "default");
	rx = receive(_metadata, self->p.server.fd, "default");
	EXPECT_EQ(3, rx.rcvinfo.rcv_sid);
	EXPECT_EQ(SCTP_UNORDERED, rx.rcvinfo.rcv_flags);
	EXPECT_EQ(0x12345678, ntohl(rx.rcvinfo.rcv_ppid));

	/* Who says how to send says all of it. */
	ASSERT_EQ(3, send_sndinfo(self->p.client.fd, NULL, &own, "own", 3, 0));
	rx = receive(_metadata, self->p.server.fd, "own");
	EXPECT_EQ(1, rx.rcvinfo.rcv_sid);
	EXPECT_EQ(0, rx.rcvinfo.rcv_flags);
	EXPECT_EQ(0, rx.rcvinfo.rcv_ppid);
}

/* The older option and the newer one set the same thing. */
TEST_F(message, default_send_param)
{
	struct sctp_sndrcvinfo info = {
		.sinfo_stream = 4,
		.sinfo_flags = SCTP_UNORDERED,
		.sinfo_ppid = htonl(9),
		.sinfo_context = 8,
		.sinfo_assoc_id = self->p.client.id,
	};
	struct sctp_sndinfo now = { .snd_assoc_id = self->p.client.id };
	socklen_t len = sizeof(now);
	struct rx rx;

	ASSERT_EQ(0, setsockopt(self->p.client.fd, SOL_SCTP,
				SCTP_DEFAULT_SEND_PARAM, &info, sizeof(info)));
	ASSERT_EQ(0, getsockopt(self->p.client.fd, SOL_SCTP,
				SCTP_DEFAULT_SNDINFO, &now, &len));
	EXPECT_EQ(4, now.snd_sid);
	EXPECT_EQ(SCTP_UNORDERED, now.snd_flags);
	EXPECT_EQ(htonl(9), now.snd_ppid);
	EXPECT_EQ(8, now.snd_context);
	EXPECT_EQ(self->p.client.id, now.snd_assoc_id);
	send_plain(_metadata, &self->p, &variant->fl, "x");
	rx = receive(_metadata, self->p.server.fd, "x");
	EXPECT_EQ(4, rx.rcvinfo.rcv_sid);
	EXPECT_EQ(SCTP_UNORDERED, rx.rcvinfo.rcv_flags);
	EXPECT_EQ(htonl(9), rx.rcvinfo.rcv_ppid);
}

TEST_F(message, default_flags)
{
	static const int good[] = {
		0, SCTP_UNORDERED, SCTP_ADDR_OVER, SCTP_ABORT, SCTP_EOF,
	};
	static const int bad[] = {
		SCTP_SACK_IMMEDIATELY, SCTP_SENDALL, 0x10, 0x4000,
	};
	struct sctp_sndinfo info = { .snd_assoc_id = self->p.client.id };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		info.snd_flags = good[i];
		EXPECT_EQ(0, setsockopt(self->p.client.fd, SOL_SCTP,
					SCTP_DEFAULT_SNDINFO, &info,
					sizeof(info)));
		/* By default no association ends. */
		send_plain(_metadata, &self->p, &variant->fl, "x");
		receive(_metadata, self->p.server.fd, "x");
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		info.snd_flags = bad[i];
		EXPECT_EQ(-1, setsockopt(self->p.client.fd, SOL_SCTP,
					 SCTP_DEFAULT_SNDINFO, &info,
					 sizeof(info)));
		EXPECT_EQ(EINVAL, errno);
	}
}

/* A stream that there is not is found out when sending. */
TEST_F(message, default_stream_that_does_not_exist)
{
	struct sctp_sndinfo info = {
		.snd_sid = 500,
		.snd_assoc_id = self->p.client.id,
	};
	const union test_addr *to = one_to_one(&variant->fl) ? NULL
							     : &self->p.addr;

	ASSERT_EQ(0, setsockopt(self->p.client.fd, SOL_SCTP,
				SCTP_DEFAULT_SNDINFO, &info, sizeof(info)));
	EXPECT_EQ(-1, sendto(self->p.client.fd, "x", 1, MSG_NOSIGNAL, &to->sa,
			     to ? addr_len(to) : 0));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(message, context)
{
	struct sctp_assoc_value context = {
		.assoc_id = self->p.server.id,
		.assoc_value = 0xdeadbeef,
	};
	struct rx rx;

	set_events(_metadata, self->p.server.fd, EV_DATA_IO);
	send_plain(_metadata, &self->p, &variant->fl, "before");
	wait_for(_metadata, self->p.server.fd, POLLIN);
	ASSERT_EQ(0, setsockopt(self->p.server.fd, SOL_SCTP, SCTP_CONTEXT,
				&context, sizeof(context)));
	/* What counts is when it is read. */
	rx = receive(_metadata, self->p.server.fd, "before");
	EXPECT_EQ(0xdeadbeef, rx.rcvinfo.rcv_context);
	EXPECT_EQ(0xdeadbeef, rx.sndrcv.sinfo_context);
	/* Nothing of it is the sender's. */
	send_plain(_metadata, &self->p, &variant->fl, "after");
	rx = receive(_metadata, self->p.server.fd, "after");
	EXPECT_EQ(0xdeadbeef, rx.rcvinfo.rcv_context);
}

/* Also of an association that is no more. */
TEST_F(message, context_after_the_end)
{
	struct sctp_assoc_value context = {
		.assoc_id = self->p.server.id,
		.assoc_value = 5,
	};
	struct rx rx;

	set_events(_metadata, self->p.client.fd, EV_ASSOC);
	ASSERT_EQ(0, setsockopt(self->p.server.fd, SOL_SCTP, SCTP_CONTEXT,
				&context, sizeof(context)));
	send_plain(_metadata, &self->p, &variant->fl, "last");
	if (one_to_one(&variant->fl)) {
		ASSERT_EQ(0, shutdown(self->p.client.fd, SHUT_WR));
	} else {
		struct sctp_sndinfo eof = {
			.snd_flags = SCTP_EOF,
			.snd_assoc_id = self->p.client.id,
		};

		ASSERT_EQ(0, send_sndinfo(self->p.client.fd, NULL, &eof, "", 0,
					  0));
	}
	recv_assoc_change(_metadata, self->p.client.fd, SCTP_SHUTDOWN_COMP);
	rx = receive(_metadata, self->p.server.fd, "last");
	EXPECT_EQ(5, rx.rcvinfo.rcv_context);
}

TEST_F(message, nxtinfo)
{
	struct sctp_sndinfo info = {
		.snd_sid = 2,
		.snd_flags = SCTP_UNORDERED,
		.snd_ppid = htonl(0xabcd),
		.snd_assoc_id = self->p.client.id,
	};
	struct pair *p = &self->p;
	struct rx rx;
	int pending;

	set_int(_metadata, p->server.fd, SOL_SCTP, SCTP_RECVNXTINFO, 1);
	send_plain(_metadata, p, &variant->fl, "one");
	rx = receive(_metadata, p->server.fd, "one");
	EXPECT_FALSE(rx.has_nxtinfo);
	EXPECT_TRUE(rx.has_rcvinfo);

	ASSERT_EQ(5, send_end(&p->client, "first", 5, 2, 0));
	ASSERT_EQ(6, send_sndinfo(p->client.fd, NULL, &info, "second", 6, 0));
	/* Both have come when the sender has nothing unacknowledged. */
	wait_until((pending = get_status(_metadata, &p->client)
				      .sstat_unackdata) == 0);
	rx = receive(_metadata, p->server.fd, "first");
	ASSERT_TRUE(rx.has_nxtinfo);
	EXPECT_EQ(2, rx.cmsgs);
	EXPECT_EQ(2, rx.nxtinfo.nxt_sid);
	EXPECT_EQ(SCTP_UNORDERED, rx.nxtinfo.nxt_flags);
	EXPECT_EQ(htonl(0xabcd), rx.nxtinfo.nxt_ppid);
	EXPECT_EQ(6, rx.nxtinfo.nxt_length);
	if (!one_to_one(&variant->fl))
		EXPECT_EQ(p->server.id, rx.nxtinfo.nxt_assoc_id);
	rx = receive(_metadata, p->server.fd, "second");
	EXPECT_FALSE(rx.has_nxtinfo);
}

/* A notification may be next, too. */
TEST_F(message, nxtinfo_of_a_notification)
{
	struct pair *p = &self->p;
	struct rx rx;

	set_int(_metadata, p->server.fd, SOL_SCTP, SCTP_RECVNXTINFO, 1);
	set_events(_metadata, p->server.fd, EV_SHUTDOWN | EV_ASSOC);
	set_events(_metadata, p->client.fd, EV_ASSOC);
	send_plain(_metadata, p, &variant->fl, "data");
	close(p->client.fd);
	/* All has come when the association is gone. */
	if (one_to_one(&variant->fl))
		wait_for(_metadata, p->server.fd, POLLRDHUP);
	else
		wait_until(CHILD_ERRNO(send_end(&p->server, "x", 1, 0, 0)));
	rx = receive(_metadata, p->server.fd, "data");
	ASSERT_TRUE(rx.has_nxtinfo);
	EXPECT_EQ(SCTP_NOTIFICATION, rx.nxtinfo.nxt_flags);
	EXPECT_EQ(sizeof(struct sctp_shutdown_event), rx.nxtinfo.nxt_length);
}

static int set_event(int fd, int id, int type, int on)
{
	struct sctp_event event = {
		.se_assoc_id = id,
		.se_type = type,
		.se_on = on,
	};

	return CHILD_ERRNO(setsockopt(fd, SOL_SCTP, SCTP_EVENT, &event,
				      sizeof(event)));
}

static int get_event(int fd, int id, int type)
{
	struct sctp_event event = { .se_assoc_id = id, .se_type = type };
	socklen_t len = sizeof(event);

	if (getsockopt(fd, SOL_SCTP, SCTP_EVENT, &event, &len))
		return -errno;
	return event.se_on;
}

TEST_F(message, event_types)
{
	int fd = self->p.client.fd, id = self->p.client.id, type;

	for (type = SCTP_SN_TYPE_BASE; type <= SCTP_SN_TYPE_MAX; type++) {
		/* This one comes at once, if nothing is on its way. */
		if (type == SCTP_SENDER_DRY_EVENT)
			continue;
		EXPECT_EQ(0, get_event(fd, id, type));
		EXPECT_EQ(0, set_event(fd, id, type, 7));
		EXPECT_EQ(1, get_event(fd, id, type));
		EXPECT_EQ(0, set_event(fd, id, type, 0));
		EXPECT_EQ(0, get_event(fd, id, type));
	}
	EXPECT_EQ(EINVAL, set_event(fd, id, SCTP_SN_TYPE_BASE - 1, 1));
	EXPECT_EQ(EINVAL, set_event(fd, id, SCTP_SN_TYPE_MAX + 1, 1));
	EXPECT_EQ(EINVAL, set_event(fd, id, 0, 1));
	EXPECT_EQ(-EINVAL, get_event(fd, id, SCTP_SN_TYPE_BASE - 1));
	EXPECT_EQ(-EINVAL, get_event(fd, id, SCTP_SN_TYPE_MAX + 1));
}

TEST_F(message, event_has_an_effect)
{
	struct pair *p = &self->p;

	ASSERT_EQ(0, set_event(p->server.fd, p->server.id, SCTP_SHUTDOWN_EVENT,
			       1));
	close(p->client.fd);
	recv_shutdown_event(_metadata, p->server.fd, p->server.id);
}

/* SCTP_EVENTS is for the socket and all that it has. */
TEST_F(message, events_and_event)
{
	struct pair *p = &self->p;

	set_events(_metadata, p->server.fd, EV_SHUTDOWN);
	EXPECT_EQ(1, get_event(p->server.fd, p->server.id,
			       SCTP_SHUTDOWN_EVENT));
	EXPECT_EQ(0, set_event(p->server.fd, p->server.id, SCTP_SHUTDOWN_EVENT,
			       0));
	EXPECT_EQ(0, get_event(p->server.fd, p->server.id,
			       SCTP_SHUTDOWN_EVENT));
	if (!one_to_one(&variant->fl))
		EXPECT_EQ(1, get_event(p->server.fd, SCTP_FUTURE_ASSOC,
				       SCTP_SHUTDOWN_EVENT));
	set_events(_metadata, p->server.fd, EV_SHUTDOWN);
	EXPECT_EQ(1, get_event(p->server.fd, p->server.id,
			       SCTP_SHUTDOWN_EVENT));
}

TEST_F(message, event_scope)
{
	int fd = self->p.client.fd, id = self->p.client.id;
	int type = SCTP_PEER_ADDR_CHANGE;

	if (one_to_one(&variant->fl))
		return;
	EXPECT_EQ(0, set_event(fd, SCTP_FUTURE_ASSOC, type, 1));
	EXPECT_EQ(1, get_event(fd, SCTP_FUTURE_ASSOC, type));
	EXPECT_EQ(0, get_event(fd, id, type));
	EXPECT_EQ(0, set_event(fd, SCTP_CURRENT_ASSOC, type, 1));
	EXPECT_EQ(1, get_event(fd, id, type));
	EXPECT_EQ(0, set_event(fd, SCTP_ALL_ASSOC, type, 0));
	EXPECT_EQ(0, get_event(fd, SCTP_FUTURE_ASSOC, type));
	EXPECT_EQ(0, get_event(fd, id, type));
	EXPECT_EQ(EINVAL, set_event(fd, id + 1000, type, 1));
	EXPECT_EQ(-EINVAL, get_event(fd, id + 1000, type));
	EXPECT_EQ(-EINVAL, get_event(fd, SCTP_ALL_ASSOC, type));
}

TEST_F(message, mapped_addresses)
{
	bool mapped = variant->fl.family == TEST_MAPPED;
	struct pair *p = &self->p;
	struct sctp_status st;
	struct rx rx;

	set_int(_metadata, p->server.fd, SOL_SCTP, SCTP_I_WANT_MAPPED_V4_ADDR,
		0);
	send_plain(_metadata, p, &variant->fl, "x");
	rx = receive(_metadata, p->server.fd, "x");
	EXPECT_EQ(mapped ? AF_INET : domain_of(&variant->fl),
		  rx.from.sa.sa_family);
	EXPECT_EQ(addr_len(&rx.from), rx.from_len);
	st = get_status(_metadata, &p->server);
	EXPECT_EQ(rx.from.sa.sa_family,
		  st.sstat_primary.spinfo_address.ss_family);
	/* Such an address is taken as well. */
	if (!one_to_one(&variant->fl))
		EXPECT_EQ(1, sendto(p->server.fd, "y", 1, 0, &rx.from.sa,
				    rx.from_len));

	set_int(_metadata, p->server.fd, SOL_SCTP, SCTP_I_WANT_MAPPED_V4_ADDR,
		1);
	send_plain(_metadata, p, &variant->fl, "x");
	rx = receive(_metadata, p->server.fd, "x");
	EXPECT_EQ(domain_of(&variant->fl), rx.from.sa.sa_family);
}

TEST_F(message, mapped_names)
{
	bool mapped = variant->fl.family == TEST_MAPPED;
	int family = mapped ? AF_INET : domain_of(&variant->fl);
	struct pair *p = &self->p;
	union test_addr name;
	socklen_t len = sizeof(name);

	set_int(_metadata, p->listener, SOL_SCTP, SCTP_I_WANT_MAPPED_V4_ADDR,
		0);
	ASSERT_EQ(0, getsockname(p->listener, &name.sa, &len));
	EXPECT_EQ(family, name.sa.sa_family);
	EXPECT_EQ(addr_len(&name), len);
	EXPECT_EQ(port_of(&p->addr), port_of(&name));
	if (!one_to_one(&variant->fl))
		return;
	set_int(_metadata, p->client.fd, SOL_SCTP, SCTP_I_WANT_MAPPED_V4_ADDR,
		0);
	len = sizeof(name);
	ASSERT_EQ(0, getpeername(p->client.fd, &name.sa, &len));
	EXPECT_EQ(family, name.sa.sa_family);
	EXPECT_EQ(addr_len(&name), len);
	EXPECT_EQ(port_of(&p->addr), port_of(&name));
}

TEST_HARNESS_MAIN
