// SPDX-License-Identifier: GPL-2.0
/*
 * Options about addresses and lists: SCTP_AUTOCLOSE (RFC 6458 section 8.1.8),
 * SCTP_PRIMARY_ADDR (8.1.9), SCTP_REUSE_PORT (8.1.27), SCTP_GET_PEER_ADDR_INFO
 * (8.2.2), SCTP_GET_ASSOC_NUMBER (8.2.5), SCTP_GET_ASSOC_ID_LIST (8.2.6), and
 * SCTP_GET_PEER_ADDRS, of which sctp_getpaddrs() is made (9.3).
 */
#include "sctp_util.h"

FIXTURE(addr) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(addr);
SCTP_VARIANTS(addr);

FIXTURE_SETUP(addr)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(addr)
{
}

/* 0 or the errno of a getsockopt(). */
static int try_get(int fd, int name, void *value, socklen_t *len)
{
	return CHILD_ERRNO(getsockopt(fd, SOL_SCTP, name, value, len));
}

TEST_F(addr, peer_addrs)
{
	struct sctp_getaddrs *list;
	char buf[512];
	socklen_t len, i, most = sizeof(buf), one = addr_len(&self->p.addr);
	bool found = false;

	list = (struct sctp_getaddrs *)buf;
	memset(buf, 0, sizeof(buf));
	list->assoc_id = self->p.client.id;
	len = most;
	ASSERT_EQ(0, try_get(self->p.client.fd, SCTP_GET_PEER_ADDRS, buf,
			     &len));
	ASSERT_LE(1, list->addr_num);
	EXPECT_EQ(sizeof(*list) + list->addr_num * one, len);
	for (i = 0; i < list->addr_num; i++)
		found |= same_addr((union test_addr *)(list->addrs + i * one),
				   &self->p.addr);
	EXPECT_TRUE(found);

	/* Without room for all of them. */
	most = len;
	for (len = 0; len < most; len++) {
		socklen_t got = len;

		EXPECT_EQ(len < sizeof(*list) ? EINVAL : ENOMEM,
			  try_get(self->p.client.fd, SCTP_GET_PEER_ADDRS, buf,
				  &got));
	}
	list->assoc_id = self->p.client.id + 1000;
	len = sizeof(buf);
	EXPECT_EQ(one_to_one(&variant->fl) ? 0 : EINVAL,
		  try_get(self->p.client.fd, SCTP_GET_PEER_ADDRS, buf, &len));
	EXPECT_EQ(ENOPROTOOPT, CHILD_ERRNO(setsockopt(self->p.client.fd,
						      SOL_SCTP,
						      SCTP_GET_PEER_ADDRS, buf,
						      sizeof(buf))));
}

TEST_F(addr, peer_addrs_of_no_association)
{
	int fd = open_socket(_metadata, &variant->fl);
	struct sctp_getaddrs list = { 0 };
	socklen_t len = sizeof(list);

	EXPECT_EQ(EINVAL, try_get(fd, SCTP_GET_PEER_ADDRS, &list, &len));
	close(fd);
}

static int peer_info(int fd, int id, const union test_addr *addr,
		     struct sctp_paddrinfo *info, socklen_t len)
{
	memset(info, 0, sizeof(*info));
	info->spinfo_assoc_id = id;
	memcpy(&info->spinfo_address, addr, addr_len(addr));
	return try_get(fd, SCTP_GET_PEER_ADDR_INFO, info, &len) ?:
	       len == sizeof(*info) ? 0 : EOVERFLOW;
}

TEST_F(addr, peer_addr_info)
{
	struct pair *p = &self->p;
	struct sctp_paddrinfo info;
	union test_addr other;
	socklen_t len;

	ASSERT_EQ(0, peer_info(p->client.fd, p->client.id, &p->addr, &info,
			       sizeof(info)));
	if (!one_to_one(&variant->fl))
		EXPECT_EQ(p->client.id, info.spinfo_assoc_id);
	EXPECT_TRUE(same_addr((union test_addr *)&info.spinfo_address,
			      &p->addr));
	EXPECT_EQ(SCTP_ACTIVE, info.spinfo_state);
	EXPECT_LE(3000, info.spinfo_cwnd);
	EXPECT_LT(0, info.spinfo_rto);
	EXPECT_LE(1480, info.spinfo_mtu);
	EXPECT_GE(1500, info.spinfo_mtu);
	/* The address says enough. */
	EXPECT_EQ(0, peer_info(p->client.fd, 0, &p->addr, &info,
			       sizeof(info)));

	other = make_addr(&variant->fl, "127.0.0.9", "::9",
			  port_of(&p->addr));
	EXPECT_EQ(EINVAL, peer_info(p->client.fd, p->client.id, &other, &info,
				    sizeof(info)));
	other = loopback(&variant->fl, port_of(&p->addr) ^ 1);
	EXPECT_EQ(EINVAL, peer_info(p->client.fd, p->client.id, &other, &info,
				    sizeof(info)));
	for (len = 0; len < sizeof(info); len++)
		EXPECT_EQ(EINVAL, peer_info(p->client.fd, p->client.id,
					    &p->addr, &info, len));
	EXPECT_EQ(0, peer_info(p->client.fd, p->client.id, &p->addr, &info,
			       sizeof(info) + 8));
}

TEST_F(addr, primary_addr)
{
	struct sctp_prim prim = { .ssp_assoc_id = self->p.client.id };
	int fd = self->p.client.fd;
	socklen_t len = sizeof(prim);
	char longer[sizeof(prim) + 8] = { 0 };
	union test_addr other;

	ASSERT_EQ(0, try_get(fd, SCTP_PRIMARY_ADDR, &prim, &len));
	EXPECT_EQ(sizeof(prim), len);
	EXPECT_TRUE(same_addr((union test_addr *)&prim.ssp_addr,
			      &self->p.addr));
	EXPECT_EQ(0, setsockopt(fd, SOL_SCTP, SCTP_PRIMARY_ADDR, &prim,
				sizeof(prim)));
	memcpy(longer, &prim, sizeof(prim));
	for (len = 0; len <= sizeof(longer); len++) {
		bool ok = len == sizeof(prim) || takes_longer(len, sizeof(prim));

		EXPECT_EQ(ok ? 0 : EINVAL,
			  CHILD_ERRNO(setsockopt(fd, SOL_SCTP, SCTP_PRIMARY_ADDR,
						 longer, len)));
	}
	other = make_addr(&variant->fl, "127.0.0.9", "::9",
			  port_of(&self->p.addr));
	memcpy(&prim.ssp_addr, &other, addr_len(&other));
	EXPECT_EQ(-1, setsockopt(fd, SOL_SCTP, SCTP_PRIMARY_ADDR, &prim,
				 sizeof(prim)));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(addr, reuse_port)
{
	int a = open_socket(_metadata, &variant->fl);
	int b = open_socket(_metadata, &variant->fl);
	union test_addr addr = free_addr(_metadata, &variant->fl);
	int on = 1;

	if (!one_to_one(&variant->fl)) {
		EXPECT_EQ(-1, setsockopt(a, SOL_SCTP, SCTP_REUSE_PORT, &on,
					 sizeof(on)));
		EXPECT_EQ(EOPNOTSUPP, errno);
		EXPECT_EQ(0, get_int(_metadata, a, SOL_SCTP, SCTP_REUSE_PORT));
		return;
	}
	EXPECT_EQ(0, get_int(_metadata, a, SOL_SCTP, SCTP_REUSE_PORT));
	EXPECT_EQ(-1, setsockopt(a, SOL_SCTP, SCTP_REUSE_PORT, &on, 3));
	EXPECT_EQ(EINVAL, errno);
	set_int(_metadata, a, SOL_SCTP, SCTP_REUSE_PORT, 7);
	EXPECT_EQ(1, get_int(_metadata, a, SOL_SCTP, SCTP_REUSE_PORT));
	ASSERT_EQ(0, bind(a, &addr.sa, addr_len(&addr)));
	/* Both have to want it. */
	EXPECT_EQ(-1, bind(b, &addr.sa, addr_len(&addr)));
	EXPECT_EQ(EADDRINUSE, errno);
	set_int(_metadata, b, SOL_SCTP, SCTP_REUSE_PORT, 1);
	EXPECT_EQ(0, bind(b, &addr.sa, addr_len(&addr)));
	/* Too late. */
	EXPECT_EQ(-1, setsockopt(a, SOL_SCTP, SCTP_REUSE_PORT, &on,
				 sizeof(on)));
	EXPECT_EQ(EFAULT, errno);
	close(a);
	close(b);
}

TEST_F(addr, assoc_ids)
{
	struct {
		struct sctp_assoc_ids ids;
		sctp_assoc_t id[4];
	} list = { 0 };
	int fd = self->p.client.fd;
	socklen_t len = sizeof(list);
	union test_addr addr;
	int listener;

	if (one_to_one(&variant->fl)) {
		EXPECT_EQ(EOPNOTSUPP, try_get(fd, SCTP_GET_ASSOC_ID_LIST,
					      &list, &len));
		EXPECT_EQ(EOPNOTSUPP, try_get(fd, SCTP_GET_ASSOC_NUMBER, &list,
					      &len));
		return;
	}
	EXPECT_EQ(1, get_int(_metadata, fd, SOL_SCTP, SCTP_GET_ASSOC_NUMBER));
	ASSERT_EQ(0, try_get(fd, SCTP_GET_ASSOC_ID_LIST, &list, &len));
	EXPECT_EQ(8, len);
	EXPECT_EQ(1, list.ids.gaids_number_of_ids);
	EXPECT_EQ(self->p.client.id, list.id[0]);

	listener = listening_socket(_metadata, &variant->fl, &addr);
	ASSERT_EQ(0, connect(fd, &addr.sa, addr_len(&addr)));
	EXPECT_EQ(2, get_int(_metadata, fd, SOL_SCTP, SCTP_GET_ASSOC_NUMBER));
	for (len = 0; len <= sizeof(list); len++) {
		socklen_t got = len;

		memset(&list, 0, sizeof(list));
		EXPECT_EQ(len < 12 ? EINVAL : 0,
			  try_get(fd, SCTP_GET_ASSOC_ID_LIST, &list, &got));
		if (len < 12)
			continue;
		EXPECT_EQ(12, got);
		EXPECT_EQ(2, list.ids.gaids_number_of_ids);
		EXPECT_NE(list.id[0], list.id[1]);
	}
	for (len = 0; len < 4; len++) {
		socklen_t got = len;

		EXPECT_EQ(EINVAL, try_get(fd, SCTP_GET_ASSOC_NUMBER, &list,
					  &got));
	}
	close(listener);
	fd = open_socket(_metadata, &variant->fl);
	EXPECT_EQ(0, get_int(_metadata, fd, SOL_SCTP, SCTP_GET_ASSOC_NUMBER));
	close(fd);
}

TEST_F(addr, autoclose)
{
	int fd = open_socket(_metadata, &variant->fl), seconds = 1;
	long long start = now_ms();
	socklen_t len = sizeof(seconds);
	char buf[12] = { 0 };

	if (one_to_one(&variant->fl)) {
		EXPECT_EQ(-1, setsockopt(fd, SOL_SCTP, SCTP_AUTOCLOSE, &seconds,
					 sizeof(seconds)));
		EXPECT_EQ(EOPNOTSUPP, errno);
		EXPECT_EQ(EOPNOTSUPP, try_get(fd, SCTP_AUTOCLOSE, &seconds,
					      &len));
		return;
	}
	EXPECT_EQ(0, get_int(_metadata, fd, SOL_SCTP, SCTP_AUTOCLOSE));
	for (len = 0; len <= sizeof(buf); len++)
		EXPECT_EQ(len == sizeof(int) || takes_longer(len, sizeof(int)) ? 0 : EINVAL,
			  CHILD_ERRNO(setsockopt(fd, SOL_SCTP, SCTP_AUTOCLOSE,
						 buf, len)));
	set_int(_metadata, fd, SOL_SCTP, SCTP_AUTOCLOSE, 1);
	EXPECT_EQ(1, get_int(_metadata, fd, SOL_SCTP, SCTP_AUTOCLOSE));
	set_events(_metadata, fd, EV_ASSOC);
	ASSERT_EQ(0, connect(fd, &self->p.addr.sa, addr_len(&self->p.addr)));
	recv_assoc_change(_metadata, fd, SCTP_COMM_UP);
	recv_assoc_change(_metadata, fd, SCTP_SHUTDOWN_COMP);
	EXPECT_LE(1000, now_ms() - start);
	/* The other one has not been told to. */
	EXPECT_EQ(SCTP_ESTABLISHED,
		  get_status(_metadata, &self->p.client).sstat_state);
	close(fd);
}

TEST_HARNESS_MAIN
