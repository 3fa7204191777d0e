/* SPDX-License-Identifier: GPL-2.0 */
/* Flavours of sockets, and addresses in the form that each takes. */
#ifndef SCTP_ADDR_H
#define SCTP_ADDR_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "kselftest_harness.h"

enum test_family {
	TEST_IPV4,
	TEST_IPV6,
	TEST_MAPPED,	/* AF_INET6 sockets that use v4-mapped addresses */
};

struct flavour {
	enum test_family family;
	int type;	/* SOCK_STREAM: one-to-one, SOCK_SEQPACKET: one-to-many */
};

union test_addr {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static inline int domain_of(const struct flavour *fl)
{
	return fl->family == TEST_IPV4 ? AF_INET : AF_INET6;
}

static inline socklen_t addr_len(const union test_addr *addr)
{
	return addr->sa.sa_family == AF_INET ? sizeof(addr->v4)
					     : sizeof(addr->v6);
}

/* @v4 or @v6 (both in text) in the form the variant's sockets take. */
static inline union test_addr make_addr(const struct flavour *fl,
					const char *v4, const char *v6,
					uint16_t port)
{
	union test_addr addr;
	char mapped[64];

	memset(&addr, 0, sizeof(addr));
	addr.sa.sa_family = domain_of(fl);
	if (fl->family == TEST_IPV4) {
		addr.v4.sin_port = htons(port);
		inet_pton(AF_INET, v4, &addr.v4.sin_addr);
		return addr;
	}
	addr.v6.sin6_port = htons(port);
	if (fl->family == TEST_MAPPED) {
		snprintf(mapped, sizeof(mapped), "::ffff:%s", v4);
		v6 = mapped;
	}
	inet_pton(AF_INET6, v6, &addr.v6.sin6_addr);
	return addr;
}

static inline union test_addr loopback(const struct flavour *fl, uint16_t port)
{
	return make_addr(fl, "127.0.0.1", "::1", port);
}

static inline union test_addr wildcard(const struct flavour *fl, uint16_t port)
{
	union test_addr addr;

	/* Not ::ffff:0.0.0.0: an AF_INET6 program binds to :: */
	memset(&addr, 0, sizeof(addr));
	addr.sa.sa_family = domain_of(fl);
	if (addr.sa.sa_family == AF_INET)
		addr.v4.sin_port = htons(port);
	else
		addr.v6.sin6_port = htons(port);
	return addr;
}

static inline uint16_t port_of(const union test_addr *addr)
{
	return ntohs(addr->sa.sa_family == AF_INET ? addr->v4.sin_port
						   : addr->v6.sin6_port);
}

static inline uint16_t port_of_socket(struct __test_metadata *_metadata, int fd)
{
	union test_addr addr;
	socklen_t len = sizeof(addr);

	ASSERT_EQ(0, getsockname(fd, &addr.sa, &len));
	return port_of(&addr);
}

/* Same family and same address, whatever the port. */
static inline bool same_host(const union test_addr *a, const union test_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return !memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr,
		       sizeof(a->v6.sin6_addr));
}

static inline bool same_addr(const union test_addr *a, const union test_addr *b)
{
	return same_host(a, b) && port_of(a) == port_of(b);
}

#endif /* SCTP_ADDR_H */
