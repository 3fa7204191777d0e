// SPDX-License-Identifier: GPL-2.0
/*
 * Options of extensions that are switched off, as authentication, changes of
 * addresses and of streams, interleaving and UDP encapsulation are by default:
 * what they answer then. RFC 6458 sections 8.1.17, 8.1.18, 8.1.23 and 8.3, RFC
 * 6525 section 6.3, RFC 8260 section 4.3.1, RFC 6951.
 */
#include "sctp_util.h"

FIXTURE(absent) {
	struct pair p;
	int fd;		/* not connected */
};

SCTP_FIXTURE_VARIANT(absent);
SCTP_VARIANTS(absent);

FIXTURE_SETUP(absent)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
	self->fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(absent)
{
}

/* What the C module lets a program switch on. */
#define NOT_HERE (is_c_module() ? 0 : EOPNOTSUPP)

TEST_F(absent, supported)
{
	static const int names[] = {
		SCTP_AUTH_SUPPORTED, SCTP_ASCONF_SUPPORTED,
		SCTP_RECONFIG_SUPPORTED, SCTP_ECN_SUPPORTED,
	};
	int fd = self->p.client.fd, id = self->p.client.id, i, name, by_default;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		name = names[i];
		/* The C module has that. */
		by_default = is_c_module() && name == SCTP_ECN_SUPPORTED;
		EXPECT_EQ(by_default, get_value(fd, name, id));
		EXPECT_EQ(by_default, get_value(fd, name, SCTP_FUTURE_ASSOC));
		EXPECT_EQ(NOT_HERE, set_value(fd, name, SCTP_FUTURE_ASSOC, 1));
		EXPECT_EQ(NOT_HERE, set_value(fd, name, id, 7));
		EXPECT_EQ(0, set_value(fd, name, id, 0));
		if (one_to_one(&variant->fl))
			continue;
		EXPECT_EQ(EINVAL, set_value(fd, name, SCTP_ALL_ASSOC, 0));
		EXPECT_EQ(EINVAL, set_value(fd, name, id + 1000, 1));
		EXPECT_EQ(-EINVAL, get_value(fd, name, SCTP_CURRENT_ASSOC));
		EXPECT_EQ(-EINVAL, get_value(fd, name, id + 1000));
	}
}

TEST_F(absent, interleaving)
{
	int fd = self->p.client.fd, id = self->p.client.id;
	int name = SCTP_INTERLEAVING_SUPPORTED;

	EXPECT_EQ(0, get_value(fd, name, id));
	EXPECT_EQ(0, get_value(fd, name, SCTP_FUTURE_ASSOC));
	EXPECT_EQ(EPERM, set_value(fd, name, id, 1));
	EXPECT_EQ(EPERM, set_value(fd, name, SCTP_FUTURE_ASSOC, 0));
	if (!one_to_one(&variant->fl)) {
		EXPECT_EQ(EINVAL, set_value(fd, name, SCTP_ALL_ASSOC, 1));
		EXPECT_EQ(-EINVAL, get_value(fd, name, id + 1000));
	}
}

TEST_F(absent, stream_reset)
{
	int fd = self->p.client.fd, id = self->p.client.id, no = id + 1000;
	int name = SCTP_ENABLE_STREAM_RESET;
	struct {
		struct sctp_reset_streams head;
		__u16 streams[3];
	} reset = { .head = { .srs_assoc_id = id } };
	struct sctp_add_streams add = { .sas_assoc_id = id };

	EXPECT_EQ(0, get_value(fd, name, id));
	EXPECT_EQ(EINVAL, set_value(fd, name, id, 8));
	EXPECT_EQ(NOT_HERE, set_value(fd, name, id, 7));
	EXPECT_EQ(NOT_HERE, set_value(fd, name, SCTP_FUTURE_ASSOC, 1));
	EXPECT_EQ(0, set_value(fd, name, id, 0));

	EXPECT_EQ(ENOPROTOOPT, ERR_SET(fd, SCTP_RESET_STREAMS, reset));
	EXPECT_EQ(ENOPROTOOPT, ERR_SET(fd, SCTP_RESET_STREAMS, reset.head));
	EXPECT_EQ(ENOPROTOOPT, ERR_SET(fd, SCTP_RESET_ASSOC, id));
	EXPECT_EQ(ENOPROTOOPT, ERR_SET(fd, SCTP_ADD_STREAMS, add));
	/* More streams than there are in the list. */
	reset.head.srs_number_streams = 5;
	EXPECT_EQ(EINVAL, ERR_SET(fd, SCTP_RESET_STREAMS, reset));
	EXPECT_EQ(EINVAL, CHILD_ERRNO(setsockopt(fd, SOL_SCTP,
						 SCTP_RESET_STREAMS, &reset,
						 sizeof(reset.head) - 1)));
	/* There is nothing to reset without an association. */
	EXPECT_EQ(EINVAL, ERR_SET(self->fd, SCTP_RESET_ASSOC, id));
	EXPECT_EQ(EINVAL, ERR_SET(self->fd, SCTP_ADD_STREAMS, add));
	EXPECT_EQ(EINVAL, ERR_SET(self->fd, SCTP_RESET_STREAMS, reset.head));
	EXPECT_EQ(ENOPROTOOPT, ERR_GET(fd, SCTP_RESET_STREAMS, reset));
	EXPECT_EQ(ENOPROTOOPT, ERR_GET(fd, SCTP_ADD_STREAMS, add));
	EXPECT_EQ(ENOPROTOOPT, ERR_GET(fd, SCTP_RESET_ASSOC, id));
	if (one_to_one(&variant->fl))
		return;
	EXPECT_EQ(0, set_value(fd, name, SCTP_ALL_ASSOC, 0));
	EXPECT_EQ(EINVAL, set_value(fd, name, no, 0));
	EXPECT_EQ(EINVAL, ERR_SET(fd, SCTP_RESET_ASSOC, no));
}

TEST_F(absent, keys)
{
	static const int names[] = {
		SCTP_AUTH_ACTIVE_KEY, SCTP_AUTH_DELETE_KEY,
		SCTP_AUTH_DEACTIVATE_KEY,
	};
	int fd = self->p.client.fd, id = self->p.client.id, i;
	struct {
		struct sctp_authkey head;
		char key[4];
	} key = { .head = { .sca_assoc_id = id, .sca_keylength = 4 } };
	struct sctp_authkeyid key_id = { .scact_assoc_id = id };

	EXPECT_EQ(EACCES, ERR_SET(fd, SCTP_AUTH_KEY, key));
	EXPECT_EQ(EINVAL, ERR_SET(fd, SCTP_AUTH_KEY, key.head));
	key.head.sca_keylength = 5;
	EXPECT_EQ(EINVAL, ERR_SET(fd, SCTP_AUTH_KEY, key));
	EXPECT_EQ(EOPNOTSUPP, ERR_GET(fd, SCTP_AUTH_KEY, key));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		key_id.scact_assoc_id = id;
		EXPECT_EQ(EACCES, ERR_SET(fd, names[i], key_id));
		EXPECT_EQ(names[i] == SCTP_AUTH_ACTIVE_KEY ? EACCES
							   : EOPNOTSUPP,
			  ERR_GET(fd, names[i], key_id));
		key_id.scact_assoc_id = SCTP_FUTURE_ASSOC;
		EXPECT_EQ(EACCES, ERR_SET(self->fd, names[i], key_id));
		if (one_to_one(&variant->fl))
			continue;
		key_id.scact_assoc_id = SCTP_ALL_ASSOC;
		EXPECT_EQ(EACCES, ERR_SET(fd, names[i], key_id));
		key_id.scact_assoc_id = SCTP_CURRENT_ASSOC;
		EXPECT_EQ(EACCES, ERR_SET(fd, names[i], key_id));
		/* There is nobody to set it for. */
		EXPECT_EQ(0, ERR_SET(self->fd, names[i], key_id));
		key_id.scact_assoc_id = id + 1000;
		EXPECT_EQ(EINVAL, ERR_SET(fd, names[i], key_id));
	}
}

TEST_F(absent, authenticated_chunks)
{
	int fd = self->p.client.fd, id = self->p.client.id;
	struct sctp_authchunks chunks = { .gauth_assoc_id = id };
	struct sctp_authchunk chunk = { 0 };
	struct sctp_hmacalgo algo = { 1 };

	EXPECT_EQ(EACCES, ERR_SET(fd, SCTP_AUTH_CHUNK, chunk));
	EXPECT_EQ(EACCES, CHILD_ERRNO(setsockopt(fd, SOL_SCTP, SCTP_AUTH_CHUNK,
						 NULL, 0)));
	EXPECT_EQ(EOPNOTSUPP, ERR_GET(fd, SCTP_AUTH_CHUNK, chunk));
	EXPECT_EQ(EACCES, ERR_SET(fd, SCTP_HMAC_IDENT, algo));
	EXPECT_EQ(EACCES, ERR_GET(fd, SCTP_HMAC_IDENT, algo));
	EXPECT_EQ(EACCES, ERR_GET(fd, SCTP_PEER_AUTH_CHUNKS, chunks));
	EXPECT_EQ(EACCES, ERR_GET(fd, SCTP_LOCAL_AUTH_CHUNKS, chunks));
	EXPECT_EQ(ENOPROTOOPT, ERR_SET(fd, SCTP_PEER_AUTH_CHUNKS, chunks));
	EXPECT_EQ(ENOPROTOOPT, ERR_SET(fd, SCTP_LOCAL_AUTH_CHUNKS, chunks));
	chunks.gauth_assoc_id = SCTP_FUTURE_ASSOC;
	EXPECT_EQ(EINVAL, ERR_GET(self->fd, SCTP_PEER_AUTH_CHUNKS, chunks));
	EXPECT_EQ(EACCES, ERR_GET(self->fd, SCTP_LOCAL_AUTH_CHUNKS, chunks));
	if (one_to_one(&variant->fl))
		return;
	chunks.gauth_assoc_id = id + 1000;
	EXPECT_EQ(EINVAL, ERR_GET(fd, SCTP_PEER_AUTH_CHUNKS, chunks));
	EXPECT_EQ(EINVAL, ERR_GET(fd, SCTP_LOCAL_AUTH_CHUNKS, chunks));
}

/* A key's number is taken and means nothing. */
TEST_F(absent, authinfo_cmsg)
{
	struct sctp_authinfo info[2] = { { 9 }, { 9 } };
	struct pair *p = &self->p;
	char buf[10];

	fill(buf, sizeof(buf), 1);
	EXPECT_EQ(10, send_cmsg(p->client.fd, &p->addr, SCTP_AUTHINFO, info,
				sizeof(info[0]), buf, 10, 0));
	recv_pattern(_metadata, p->server.fd, 10, 1, NULL);
	EXPECT_EQ(-1, send_cmsg(p->client.fd, &p->addr, SCTP_AUTHINFO, info,
				sizeof(info), buf, 10, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, send_cmsg(p->client.fd, &p->addr, SCTP_AUTHINFO, info,
				1, buf, 10, 0));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(absent, changes_of_addresses)
{
	struct sctp_setpeerprim prim = { .sspp_assoc_id = self->p.client.id };
	union test_addr any = wildcard(&variant->fl, 0);
	int on = 1;

	EXPECT_EQ(EPERM, ERR_SET(self->p.client.fd, SCTP_SET_PEER_PRIMARY_ADDR,
			     prim));
	EXPECT_EQ(EPERM, ERR_SET(self->fd, SCTP_SET_PEER_PRIMARY_ADDR, on));
	EXPECT_EQ(ENOPROTOOPT, ERR_GET(self->fd, SCTP_SET_PEER_PRIMARY_ADDR, prim));
	EXPECT_EQ(0, get_int(_metadata, self->fd, SOL_SCTP, SCTP_AUTO_ASCONF));
	/* It is for sockets that are bound to all addresses. */
	EXPECT_EQ(EINVAL, ERR_SET(self->fd, SCTP_AUTO_ASCONF, on));
	EXPECT_EQ(EINVAL, ERR_SET(self->p.listener, SCTP_AUTO_ASCONF, on));
	ASSERT_EQ(0, bind(self->fd, &any.sa, addr_len(&any)));
	set_int(_metadata, self->fd, SOL_SCTP, SCTP_AUTO_ASCONF, 2);
	EXPECT_EQ(1, get_int(_metadata, self->fd, SOL_SCTP, SCTP_AUTO_ASCONF));
	set_int(_metadata, self->fd, SOL_SCTP, SCTP_AUTO_ASCONF, 0);
	EXPECT_EQ(0, get_int(_metadata, self->fd, SOL_SCTP, SCTP_AUTO_ASCONF));
}

TEST_F(absent, udp_encapsulation)
{
	int fd = self->p.client.fd, id = self->p.client.id;
	struct sctp_udpencaps encaps = { .sue_assoc_id = id };
	union test_addr other = black_hole(&variant->fl, 5);

	encaps.sue_port = 0xa5a5;
	EXPECT_EQ(0, ERR_GET(fd, SCTP_REMOTE_UDP_ENCAPS_PORT, encaps));
	EXPECT_EQ(0, encaps.sue_port);
	EXPECT_EQ(0, ERR_SET(fd, SCTP_REMOTE_UDP_ENCAPS_PORT, encaps));
	memcpy(&encaps.sue_address, &self->p.addr, sizeof(self->p.addr));
	EXPECT_EQ(0, ERR_GET(fd, SCTP_REMOTE_UDP_ENCAPS_PORT, encaps));
	EXPECT_EQ(0, encaps.sue_port);
	EXPECT_EQ(0, ERR_SET(fd, SCTP_REMOTE_UDP_ENCAPS_PORT, encaps));
	encaps.sue_port = htons(9899);
	EXPECT_EQ(NOT_HERE, ERR_SET(fd, SCTP_REMOTE_UDP_ENCAPS_PORT, encaps));
	memcpy(&encaps.sue_address, &other, sizeof(other));
	EXPECT_EQ(EINVAL, ERR_SET(fd, SCTP_REMOTE_UDP_ENCAPS_PORT, encaps));
	EXPECT_EQ(EINVAL, ERR_GET(fd, SCTP_REMOTE_UDP_ENCAPS_PORT, encaps));
}

TEST_HARNESS_MAIN
