// SPDX-License-Identifier: GPL-2.0
/*
 * sock_diag(7), by which ss(8) shows sockets: those that listen, associations,
 * and what is told of them.
 */
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <sys/stat.h>

#include "sctp_util.h"

/* Of sockets, and of associations. */
#define STATE_CLOSE		7
#define STATE_LISTEN		10
#define STATE_ASSOC_ESTABLISHED	3

#define ALL_STATES	(~0U)
#define LISTEN_STATES	((1 << STATE_LISTEN) | (1 << STATE_CLOSE))
#define EXT(attr)	(1 << ((attr) - 1))

/* A message of an answer. */
struct shown {
	struct inet_diag_msg msg;
	struct sctp_info info;
	struct sockaddr_storage locals[16], peers[16];
	int info_len, locals_num, peers_num, shutdown, mem_len;
	char cong[20];
};

#define MAX_SHOWN 1000

struct answer {
	int err, num, parts;
	struct shown shown[MAX_SHOWN];
};

static size_t at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

static void take_attrs(struct shown *shown, struct rtattr *attr, int len)
{
	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len)) {
		size_t size = RTA_PAYLOAD(attr);
		void *data = RTA_DATA(attr);

		switch (attr->rta_type) {
		case INET_DIAG_INFO:
			shown->info_len = size;
			memcpy(&shown->info, data, at_most(size, sizeof(shown->info)));
			break;
		case INET_DIAG_LOCALS:
			shown->locals_num = size / sizeof(shown->locals[0]);
			memcpy(shown->locals, data, at_most(size, sizeof(shown->locals)));
			break;
		case INET_DIAG_PEERS:
			shown->peers_num = size / sizeof(shown->peers[0]);
			memcpy(shown->peers, data, at_most(size, sizeof(shown->peers)));
			break;
		case INET_DIAG_SKMEMINFO:
			shown->mem_len = size;
			break;
		case INET_DIAG_CONG:
			snprintf(shown->cong, sizeof(shown->cong), "%s", (char *)data);
			break;
		case INET_DIAG_SHUTDOWN:
			shown->shutdown = *(unsigned char *)data;
			break;
		}
	}
}

/* Asks, and takes the whole answer, at most @room bytes at a time. */
static void ask(struct __test_metadata *_metadata,
		const struct inet_diag_req_v2 *req, int flags, size_t room,
		struct answer *answer)
{
	struct {
		struct nlmsghdr nlh;
		struct inet_diag_req_v2 req;
	} question = {
		.nlh = {
			.nlmsg_len = sizeof(question),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | flags,
			.nlmsg_seq = 7,
		},
		.req = *req,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
	static char buf[32768];
	bool done = false;

	memset(answer, 0, sizeof(*answer));
	ASSERT_LE(0, fd);
	ASSERT_EQ(sizeof(question), send(fd, &question, sizeof(question), 0));
	while (!done) {
		ssize_t len = recv(fd, buf, room, 0);
		struct nlmsghdr *nlh = (struct nlmsghdr *)buf;

		ASSERT_LT(0, len);
		answer->parts++;
		for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
			struct shown *shown = &answer->shown[answer->num];
			struct inet_diag_msg *msg = NLMSG_DATA(nlh);

			if (nlh->nlmsg_type == NLMSG_DONE ||
			    nlh->nlmsg_type == NLMSG_ERROR) {
				answer->err = -*(int *)NLMSG_DATA(nlh);
				done = true;
				break;
			}
			ASSERT_EQ(SOCK_DIAG_BY_FAMILY, nlh->nlmsg_type);
			ASSERT_EQ(7, nlh->nlmsg_seq);
			ASSERT_GT(MAX_SHOWN, answer->num);
			shown->msg = *msg;
			take_attrs(shown, (struct rtattr *)(msg + 1),
				   nlh->nlmsg_len - NLMSG_LENGTH(sizeof(*msg)));
			answer->num++;
			done = !(flags & NLM_F_DUMP);
		}
	}
	close(fd);
}

static struct inet_diag_req_v2 request(int family, unsigned int states)
{
	return (struct inet_diag_req_v2) {
		.sdiag_family = family,
		.sdiag_protocol = IPPROTO_SCTP,
		.idiag_ext = EXT(INET_DIAG_INFO) | EXT(INET_DIAG_SKMEMINFO) |
			     EXT(INET_DIAG_CONG),
		.idiag_states = states,
	};
}

/* The message about an association with these ports, or about a socket. */
static struct shown *find(struct answer *answer, int state, uint16_t sport,
			  uint16_t dport)
{
	int i;

	for (i = 0; i < answer->num; i++) {
		struct inet_diag_msg *msg = &answer->shown[i].msg;

		if (msg->idiag_state == state && msg->id.idiag_sport == htons(sport) &&
		    msg->id.idiag_dport == htons(dport))
			return &answer->shown[i];
	}
	return NULL;
}

FIXTURE(diag) {
	struct answer answer;
	struct pair p;
	int listener;
	uint16_t sport, cport;
};

SCTP_FIXTURE_VARIANT(diag);
SCTP_VARIANTS(diag);

FIXTURE_SETUP(diag)
{
	union test_addr addr;

	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
	self->sport = port_of_socket(_metadata, self->p.server.fd);
	self->cport = port_of_socket(_metadata, self->p.client.fd);
	self->listener = listening_socket(_metadata, &variant->fl, &addr);
}

FIXTURE_TEARDOWN(diag)
{
}

/*
 * @id and one of @hosts are loopback. The C module does not tell mapped addresses
 * in @id, and with IPv6 it may tell any other of its addresses there.
 */
static void expect_host(struct __test_metadata *_metadata,
			const struct flavour *fl, const __be32 *id,
			const struct sockaddr_storage *hosts, int num, uint16_t port)
{
	struct flavour plain = *fl;
	union test_addr addr;
	bool found = false;
	int i;

	if (fl->family == TEST_IPV4 || !is_c_module()) {
		addr = loopback(fl, port);
		EXPECT_EQ(0, fl->family == TEST_IPV4 ?
			     memcmp(&addr.v4.sin_addr, id, 4) :
			     memcmp(&addr.v6.sin6_addr, id, 16));
	}
	/* IPv4 is told as such in the lists, whatever the socket is. */
	if (fl->family == TEST_MAPPED)
		plain.family = TEST_IPV4;
	addr = loopback(&plain, port);
	for (i = 0; i < num; i++) {
		union test_addr host;

		memcpy(&host, &hosts[i], sizeof(host));
		EXPECT_EQ(port, port_of(&host));
		if (same_host(&host, &addr))
			found = true;
	}
	EXPECT_TRUE(found);
}

TEST_F(diag, association)
{
	struct inet_diag_req_v2 req = request(domain_of(&variant->fl), ALL_STATES);
	const struct flavour *fl = &variant->fl;
	struct shown *assoc;
	struct stat st;

	send_pattern(_metadata, &self->p.client, 100, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 100, 1, NULL);
	wait_until(get_status(_metadata, &self->p.client).sstat_unackdata == 0);
	ask(_metadata, &req, NLM_F_DUMP, 32768, &self->answer);
	EXPECT_EQ(0, self->answer.err);
	assoc = find(&self->answer, STATE_ASSOC_ESTABLISHED, self->cport, self->sport);
	ASSERT_NE(NULL, assoc);
	EXPECT_EQ(domain_of(fl), assoc->msg.idiag_family);
	ASSERT_EQ(0, fstat(self->p.client.fd, &st));
	EXPECT_EQ(st.st_ino, assoc->msg.idiag_inode);
	EXPECT_EQ(getuid(), assoc->msg.idiag_uid);
	EXPECT_EQ(0, assoc->msg.idiag_rqueue);
	EXPECT_EQ(0, assoc->msg.idiag_wqueue);
	EXPECT_LE(1, assoc->locals_num);
	EXPECT_LE(1, assoc->peers_num);
	expect_host(_metadata, fl, assoc->msg.id.idiag_src, assoc->locals,
		    assoc->locals_num, self->cport);
	expect_host(_metadata, fl, assoc->msg.id.idiag_dst, assoc->peers,
		    assoc->peers_num, self->sport);
	EXPECT_EQ(9 * sizeof(uint32_t), assoc->mem_len);
	EXPECT_STREQ(is_c_module() ? "reno" : "cubic", assoc->cong);

	ASSERT_EQ(sizeof(assoc->info), assoc->info_len);
	EXPECT_EQ(STATE_ASSOC_ESTABLISHED, assoc->info.sctpi_state);
	EXPECT_NE(0, assoc->info.sctpi_tag);
	EXPECT_NE(0, assoc->info.sctpi_peer_tag);
	EXPECT_LE(1, assoc->info.sctpi_outstrms);
	EXPECT_LE(1, assoc->info.sctpi_oodchunks);
	EXPECT_LE(1, assoc->info.sctpi_isacks);
	EXPECT_EQ(0, assoc->info.sctpi_unackdata);
	EXPECT_EQ(4, assoc->info.sctpi_max_burst);
	EXPECT_LT(0, assoc->info.sctpi_p_cwnd);
	EXPECT_EQ(SCTP_ACTIVE, assoc->info.sctpi_p_state);
	EXPECT_EQ(5, assoc->info.sctpi_p_pathmaxrxt);

	/* The socket itself comes just before it. */
	ASSERT_LT(0, assoc - self->answer.shown);
	EXPECT_EQ(st.st_ino, assoc[-1].msg.idiag_inode);
	EXPECT_EQ(0, assoc[-1].peers_num);
	EXPECT_EQ(fl->type == SOCK_STREAM ? 2 : 0, assoc[-1].info.sctpi_s_type);
	/* And the other end is there, too. */
	EXPECT_NE(NULL, find(&self->answer, STATE_ASSOC_ESTABLISHED, self->sport, self->cport));
}

/* Chunks that are still to be sent, and for how long nobody has answered. */
TEST_F(diag, silence)
{
	struct inet_diag_req_v2 req = request(domain_of(&variant->fl), ALL_STATES);
	struct sctp_rtoinfo rto = { self->p.client.id, 20, 20, 10 };
	struct sctp_assocparams params = { self->p.client.id, 1000 };
	int i, count = 50;
	struct shown *assoc;

	/* Nobody is to wait for an answer after the end of the test. */
	set_linger(_metadata, self->p.client.fd, 1, 0);
	set_linger(_metadata, self->p.server.fd, 1, 0);
	ASSERT_EQ(0, ERR_SET(self->p.client.fd, SCTP_ASSOCINFO, params));
	ASSERT_EQ(0, ERR_SET(self->p.client.fd, SCTP_RTOINFO, rto));
	ASSERT_EQ(0, system("tc qdisc add dev lo root netem loss 100%"));
	for (i = 0; i < count; i++)
		send_pattern(_metadata, &self->p.client, 1000, 0, i);
	/* A dump of the C module may miss one. */
	wait_until(({
		ask(_metadata, &req, NLM_F_DUMP, 32768, &self->answer);
		assoc = find(&self->answer, STATE_ASSOC_ESTABLISHED, self->cport,
			     self->sport);
		assoc && assoc->info.sctpi_overall_error;
	}));
	EXPECT_GE(1000, assoc->info.sctpi_overall_error);
	EXPECT_LT(0, assoc->info.sctpi_outqueue);
	EXPECT_EQ(count, assoc->info.sctpi_outqueue + assoc->info.sctpi_unackdata);
}

TEST_F(diag, listener)
{
	struct inet_diag_req_v2 req = request(domain_of(&variant->fl), LISTEN_STATES);
	uint16_t port = port_of_socket(_metadata, self->listener);
	struct shown *listener;
	struct stat st;

	ask(_metadata, &req, NLM_F_DUMP, 32768, &self->answer);
	EXPECT_EQ(0, self->answer.err);
	listener = find(&self->answer, STATE_LISTEN, port, 0);
	ASSERT_NE(NULL, listener);
	ASSERT_EQ(0, fstat(self->listener, &st));
	EXPECT_EQ(st.st_ino, listener->msg.idiag_inode);
	EXPECT_EQ(domain_of(&variant->fl), listener->msg.idiag_family);
	EXPECT_EQ(0, listener->msg.idiag_rqueue);
	EXPECT_EQ(16, listener->msg.idiag_wqueue);
	EXPECT_EQ(1, listener->locals_num);
	EXPECT_EQ(0, listener->peers_num);
	EXPECT_EQ(1, listener->info.sctpi_s_v4mapped);
	EXPECT_EQ(NULL, find(&self->answer, STATE_ASSOC_ESTABLISHED, self->cport, self->sport));

	/* It is bound to lo, which is told. */
	ASSERT_EQ(0, setsockopt(self->listener, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	ask(_metadata, &req, NLM_F_DUMP, 32768, &self->answer);
	listener = find(&self->answer, STATE_LISTEN, port, 0);
	ASSERT_NE(NULL, listener);
	EXPECT_EQ(1, listener->msg.id.idiag_if);

	close(self->listener);
	ask(_metadata, &req, NLM_F_DUMP, 32768, &self->answer);
	EXPECT_EQ(NULL, find(&self->answer, STATE_LISTEN, port, 0));
}

/* What is not asked for is not told. */
TEST_F(diag, filters)
{
	int other = domain_of(&variant->fl) == AF_INET ? AF_INET6 : AF_INET;
	struct inet_diag_req_v2 req = request(other, ALL_STATES);
	int i;

	ask(_metadata, &req, NLM_F_DUMP, 32768, &self->answer);
	EXPECT_EQ(0, self->answer.num);
	req.sdiag_family = domain_of(&variant->fl);
	req.id.idiag_sport = htons(self->cport);
	req.id.idiag_dport = htons(self->sport);
	ask(_metadata, &req, NLM_F_DUMP, 32768, &self->answer);
	EXPECT_NE(NULL, find(&self->answer, STATE_ASSOC_ESTABLISHED, self->cport, self->sport));
	for (i = 0; i < self->answer.num; i++)
		EXPECT_EQ(htons(self->cport), self->answer.shown[i].msg.id.idiag_sport);

	enter_netns(_metadata);
	req = request(domain_of(&variant->fl), ALL_STATES);
	ask(_metadata, &req, NLM_F_DUMP, 32768, &self->answer);
	EXPECT_EQ(0, self->answer.num);
}

/* One association by its ends; its socket has a cookie. */
TEST_F(diag, one)
{
	struct inet_diag_req_v2 req = request(domain_of(&variant->fl), ALL_STATES);
	struct shown *assoc;

	if (variant->fl.family == TEST_MAPPED && is_c_module())
		SKIP(return, "the C module cannot find such");
	ask(_metadata, &req, NLM_F_DUMP, 32768, &self->answer);
	assoc = find(&self->answer, STATE_ASSOC_ESTABLISHED, self->cport, self->sport);
	ASSERT_NE(NULL, assoc);
	req.sdiag_family = domain_of(&variant->fl);
	req.id = assoc->msg.id;
	ask(_metadata, &req, 0, 32768, &self->answer);
	EXPECT_EQ(0, self->answer.err);
	ASSERT_EQ(1, self->answer.num);
	EXPECT_EQ(0, memcmp(&req.id, &self->answer.shown[0].msg.id, sizeof(req.id)));
	EXPECT_LE(1, self->answer.shown[0].peers_num);
	EXPECT_EQ(sizeof(struct sctp_info), self->answer.shown[0].info_len);

	req.id.idiag_cookie[0] ^= 1;
	ask(_metadata, &req, 0, 32768, &self->answer);
	EXPECT_EQ(ESTALE, self->answer.err);
	req.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	req.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	ask(_metadata, &req, 0, 32768, &self->answer);
	EXPECT_EQ(0, self->answer.err);
	EXPECT_EQ(1, self->answer.num);
	req.id.idiag_dport = htons(1);
	ask(_metadata, &req, 0, 32768, &self->answer);
	EXPECT_EQ(ENOENT, self->answer.err);
}

/* An answer that comes in many parts has everything once. */
TEST_F(diag, parts)
{
	enum { NUM = 60 };
	struct inet_diag_req_v2 req = request(domain_of(&variant->fl), ALL_STATES);
	struct end clients[NUM];
	union test_addr addr;
	int i, j, fd, found;

	fd = listening_socket(_metadata, &variant->fl, &addr);
	for (i = 0; i < NUM; i++) {
		clients[i].fd = open_socket(_metadata, &variant->fl);
		ASSERT_EQ(0, connect(clients[i].fd, &addr.sa, addr_len(&addr)));
		if (one_to_one(&variant->fl))
			ASSERT_LE(0, accept(fd, NULL, NULL));
	}
	ask(_metadata, &req, NLM_F_DUMP, 4096, &self->answer);
	EXPECT_EQ(0, self->answer.err);
	EXPECT_LT(10, self->answer.parts);
	for (i = 0; i < NUM; i++) {
		uint16_t port = port_of_socket(_metadata, clients[i].fd);

		found = 0;
		for (j = 0; j < self->answer.num; j++) {
			struct inet_diag_msg *msg = &self->answer.shown[j].msg;

			if (self->answer.shown[j].peers_num &&
			    msg->id.idiag_sport == htons(port) &&
			    msg->id.idiag_dport == htons(port_of(&addr)))
				found++;
		}
		EXPECT_EQ(1, found);
		found = 0;
		for (j = 0; j < self->answer.num; j++) {
			struct inet_diag_msg *msg = &self->answer.shown[j].msg;

			if (self->answer.shown[j].peers_num &&
			    msg->id.idiag_sport == htons(port_of(&addr)) &&
			    msg->id.idiag_dport == htons(port))
				found++;
		}
		EXPECT_EQ(1, found);
	}
}

/* Associations that nobody has accepted yet are those of the listener. */
TEST_F(diag, not_accepted)
{
	struct inet_diag_req_v2 req = request(domain_of(&variant->fl), ALL_STATES);
	union test_addr addr;
	struct shown *assoc;
	struct stat st;
	int fd, client;

	if (!one_to_one(&variant->fl))
		return;
	fd = listening_socket(_metadata, &variant->fl, &addr);
	client = open_socket(_metadata, &variant->fl);
	ASSERT_EQ(0, connect(client, &addr.sa, addr_len(&addr)));
	ASSERT_EQ(1, wait_for(_metadata, fd, POLLIN));
	ASSERT_EQ(0, fstat(fd, &st));
	ask(_metadata, &req, NLM_F_DUMP, 32768, &self->answer);
	assoc = find(&self->answer, STATE_ASSOC_ESTABLISHED, port_of(&addr),
		     port_of_socket(_metadata, client));
	ASSERT_NE(NULL, assoc);
	EXPECT_EQ(st.st_ino, assoc->msg.idiag_inode);
	EXPECT_EQ(STATE_LISTEN, assoc[-1].msg.idiag_state);
	EXPECT_EQ(1, assoc[-1].msg.idiag_rqueue);
}

TEST_HARNESS_MAIN
