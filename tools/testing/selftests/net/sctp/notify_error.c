// SPDX-License-Identifier: GPL-2.0
/*
 * SCTP_REMOTE_ERROR: what the peer reports in ERROR chunks. RFC 6458 section
 * 6.1.3.
 */
#include "sctp_raw.h"

#define ERROR	9

FIXTURE(error) {
	struct pair p;
	struct raw raw;
};

SCTP_FIXTURE_VARIANT(error);
SCTP_VARIANTS(error);

FIXTURE_SETUP(error)
{
	enter_netns(_metadata);
	raw_open(_metadata, &variant->fl, &self->raw);
	pair_open(_metadata, &variant->fl, &self->p);
	raw_learn(_metadata, &self->raw, &self->p);
}

FIXTURE_TEARDOWN(error)
{
}

static void expect_error(struct __test_metadata *_metadata,
			 const struct end *end, int code, const void *data,
			 size_t len)
{
	struct {
		struct sctp_remote_error sre;
		unsigned char data[100];
	} u;

	recv_notification(_metadata, end->fd, SCTP_REMOTE_ERROR,
			  (union sctp_notification *)&u, sizeof(u));
	EXPECT_EQ(sizeof(u.sre) + len, u.sre.sre_length);
	EXPECT_EQ(0, u.sre.sre_flags);
	/* As it is on the wire. */
	EXPECT_EQ(htons(code), u.sre.sre_error);
	EXPECT_EQ(end->id, u.sre.sre_assoc_id);
	EXPECT_EQ(0, memcmp(u.data, data, len));
}

/*
 * What a cause holds comes without its header, which RFC 6458 would have
 * repeated, and with its padding: so it has always been on Linux.
 */
TEST_F(error, one_for_each_cause)
{
	static const char causes[] = "\0\6\0\12\77\0\0\6\1\2\0\0"
				     "\22\64\0\4";

	EXPECT_EQ(16, sizeof(struct sctp_remote_error));
	set_events(_metadata, self->p.client.fd, EV_PEER_ERROR);
	raw_send(_metadata, &self->raw, ERROR, 0, causes, sizeof(causes) - 1);
	expect_error(_metadata, &self->p.client, 6, "\77\0\0\6\1\2\0\0", 8);
	expect_error(_metadata, &self->p.client, 0x1234, "", 0);
	expect_nothing(_metadata, self->p.client.fd);
}

TEST_F(error, only_if_asked)
{
	raw_send(_metadata, &self->raw, ERROR, 0, "\22\64\0\4", 4);
	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
	expect_nothing(_metadata, self->p.client.fd);
}

TEST_HARNESS_MAIN
