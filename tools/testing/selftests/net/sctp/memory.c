// SPDX-License-Identifier: GPL-2.0
/*
 * What sockets hold is charged to them and to the protocol, and given back; and
 * buffers that the user has not set grow with what goes through them.
 */
#include "sctp_util.h"

FIXTURE(memory) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(memory);
SCTP_VARIANTS(memory);

FIXTURE_SETUP(memory)
{
	enter_netns(_metadata);
	self->p.listener = listening_socket(_metadata, &variant->fl,
					    &self->p.addr);
	self->p.client.fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(memory)
{
}

#define SIZE 1000

static unsigned int received(struct __test_metadata *_metadata, int fd)
{
	return meminfo(_metadata, fd, SK_MEMINFO_RMEM_ALLOC);
}

static void send_many(struct __test_metadata *_metadata, const struct end *end,
		      int count)
{
	int i;

	for (i = 0; i < count; i++)
		send_pattern(_metadata, end, SIZE, 0, i);
}

static void recv_many(struct __test_metadata *_metadata, const struct end *end,
		      int count)
{
	int i;

	for (i = 0; i < count; i++)
		recv_pattern(_metadata, end->fd, SIZE, i, NULL);
}

/* Sends until there is no room. */
static int fill_up(struct __test_metadata *_metadata, const struct end *end)
{
	unsigned char buf[SIZE];
	int sent = 0;

	for (;; sent++) {
		fill(buf, SIZE, sent);
		if (send_end(end, buf, SIZE, 0, MSG_DONTWAIT) < 0)
			break;
	}
	ASSERT_EQ(EAGAIN, errno);
	return sent;
}

/* What is not read is charged, as memory, and no more than a little remains. */
TEST_F(memory, received)
{
	int count = 50, little = 8192;

	pair_join(_metadata, &variant->fl, &self->p);
	send_many(_metadata, &self->p.client, count);
	wait_until(received(_metadata, self->p.server.fd) > SIZE * count);
	recv_many(_metadata, &self->p.server, count);
	EXPECT_GE(little, received(_metadata, self->p.server.fd));
}

/* Also when the association has ended meanwhile. */
TEST_F(memory, received_of_an_association_that_has_ended)
{
	int count = 50;

	pair_join(_metadata, &variant->fl, &self->p);
	send_many(_metadata, &self->p.client, count);
	wait_until(received(_metadata, self->p.server.fd) > SIZE * count);
	close(self->p.client.fd);
	/* The other end has answered, and gone. */
	poll_fd(self->p.server.fd, POLLHUP, 300);
	EXPECT_LT(SIZE * count, received(_metadata, self->p.server.fd));
	recv_many(_metadata, &self->p.server, count);
	wait_until(!received(_metadata, self->p.server.fd));
}

/* Asks for SCTP_PEER_ADDR_CHANGE: there is one each time. */
static void set_primary(struct __test_metadata *_metadata, struct pair *p)
{
	struct sctp_prim prim = { .ssp_assoc_id = p->client.id };

	memcpy(&prim.ssp_addr, &p->addr, addr_len(&p->addr));
	ASSERT_EQ(0, setsockopt(p->client.fd, SOL_SCTP, SCTP_PRIMARY_ADDR,
				&prim, sizeof(prim)));
}

static void recv_primary(struct __test_metadata *_metadata, int fd)
{
	union sctp_notification sn;

	recv_notification(_metadata, fd, SCTP_PEER_ADDR_CHANGE, &sn,
			  sizeof(sn));
}

/* So are notifications, and what is left of them by an association that ends. */
TEST_F(memory, notifications)
{
	int fd = self->p.client.fd, count = 50, little = 8192, i;
	int least = count * sizeof(struct sctp_paddr_change);
	struct sctp_status st = { 0 };
	socklen_t len = sizeof(st);

	pair_join(_metadata, &variant->fl, &self->p);
	set_events(_metadata, fd, EV_ADDRESS);
	for (i = 0; i < count; i++)
		set_primary(_metadata, &self->p);
	EXPECT_LT(least, received(_metadata, fd));
	for (i = 0; i < count; i++)
		recv_primary(_metadata, fd);
	EXPECT_GE(little, received(_metadata, fd));

	for (i = 0; i < count; i++)
		set_primary(_metadata, &self->p);
	set_linger(_metadata, self->p.server.fd, 1, 0);
	close(self->p.server.fd);
	st.sstat_assoc_id = self->p.client.id;
	wait_until(getsockopt(fd, SOL_SCTP, SCTP_STATUS, &st, &len));
	EXPECT_LT(least, received(_metadata, fd));
	for (i = 0; i < count; i++)
		recv_primary(_metadata, fd);
	wait_until(!received(_metadata, fd));
}

/*
 * What is more than the receive buffer is lost, and the user may know how many
 * that were. The C module takes all.
 */
TEST_F(memory, lost_notifications)
{
	int fd = self->p.client.fd, size = 10000, sent, read = 0;
	unsigned int lost = 0, told = 0;
	union sctp_notification sn;
	char control[CMSG_SPACE(sizeof(told))];
	struct iovec iov = { &sn, sizeof(sn) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (is_c_module())
		return;
	set_int(_metadata, fd, SOL_SOCKET, SO_RCVBUF, size);
	pair_join(_metadata, &variant->fl, &self->p);
	set_events(_metadata, fd, EV_ADDRESS);
	set_int(_metadata, fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	for (sent = 0; lost < 7; sent++) {
		ASSERT_GT(1000, sent);
		set_primary(_metadata, &self->p);
		lost = meminfo(_metadata, fd, SK_MEMINFO_DROPS);
	}
	EXPECT_GE(2 * size, received(_metadata, fd));
	for (;; read++) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		if (recvmsg(fd, &msg, MSG_DONTWAIT) < 0)
			break;
		ASSERT_EQ(SCTP_PEER_ADDR_CHANGE, sn.sn_header.sn_type);
		ASSERT_NE(NULL, CMSG_FIRSTHDR(&msg));
		ASSERT_EQ(SO_RXQ_OVFL, CMSG_FIRSTHDR(&msg)->cmsg_type);
		memcpy(&told, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(told));
		EXPECT_EQ(lost, told);
	}
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(sent, read + lost);
	/* There is room again. */
	set_primary(_metadata, &self->p);
	EXPECT_EQ(lost, meminfo(_metadata, fd, SK_MEMINFO_DROPS));
}

/* Who waits for room to send is woken for a third of the buffer, not for a bit. */
TEST_F(memory, writable)
{
	unsigned int used, size;
	int i, sent;

	pair_join(_metadata, &variant->fl, &self->p);
	sent = fill_up(_metadata, &self->p.client);
	for (i = 0; i < sent && !poll_fd(self->p.client.fd, POLLOUT, 0); i++)
		recv_pattern(_metadata, self->p.server.fd, SIZE, i, NULL);
	wait_for(_metadata, self->p.client.fd, POLLOUT);
	used = meminfo(_metadata, self->p.client.fd, SK_MEMINFO_WMEM_ALLOC);
	size = meminfo(_metadata, self->p.client.fd, SK_MEMINFO_SNDBUF);
	EXPECT_GE(is_c_module() ? size : size / 3 * 2, used);
}

/* Whether both buffers grow by half while the reader takes all as it comes. */
static bool grow(struct __test_metadata *_metadata, const struct pair *p, int rounds)
{
	int sndbuf = get_int(_metadata, p->client.fd, SOL_SOCKET, SO_SNDBUF);
	uint32_t rwnd = get_status(_metadata, &p->client).sstat_rwnd;
	static unsigned char buf[16000];
	struct rx rx;
	int in_flight;

	while (rounds--) {
		for (in_flight = 0;; in_flight++)
			if (send_end(&p->client, buf, sizeof(buf), 0, MSG_DONTWAIT) < 0)
				break;
		ASSERT_EQ(EAGAIN, errno);
		while (in_flight) {
			ASSERT_LT(0, recv_wait(_metadata, p->server.fd, buf,
					       sizeof(buf), &rx));
			if (rx.flags & MSG_EOR)
				in_flight--;
		}
		if (get_status(_metadata, &p->client).sstat_rwnd > rwnd / 2 * 3 &&
		    get_int(_metadata, p->client.fd, SOL_SOCKET, SO_SNDBUF) > sndbuf / 2 * 3)
			return true;
	}
	return false;
}

/*
 * A path that has much on its way, or else the send buffer is never what is short,
 * and slow enough for the reader to keep up on a busy machine.
 */
static void delay(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, system("tc qdisc add dev lo root netem delay 50ms limit 10000"));
}

TEST_F(memory, buffers_grow)
{
	delay(_metadata);
	if (is_c_module())
		SKIP(return, "they do not");
	pair_join(_metadata, &variant->fl, &self->p);
	EXPECT_TRUE(grow(_metadata, &self->p, 100));
}

TEST_F(memory, buffers_stay_as_they_were_set)
{
	int size;

	delay(_metadata);
	set_int(_metadata, self->p.listener, SOL_SOCKET, SO_RCVBUF, 50000);
	set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_SNDBUF, 50000);
	size = get_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_SNDBUF);
	pair_join(_metadata, &variant->fl, &self->p);
	EXPECT_FALSE(grow(_metadata, &self->p, 10));
	EXPECT_EQ(size, get_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_SNDBUF));
}

/* SO_RCVBUF has its effect on associations that there are, too. */
TEST_F(memory, receive_buffer_is_set_later)
{
	if (is_c_module())
		SKIP(return, "only on later ones");
	pair_join(_metadata, &variant->fl, &self->p);
	fill_up(_metadata, &self->p.client);
	set_int(_metadata, self->p.server.fd, SOL_SOCKET, SO_RCVBUFFORCE, 4000000);
	/* The peer learns of it with its next probe. */
	wait_for(_metadata, self->p.client.fd, POLLOUT);
}

/* The protocol's account has what its sockets have, and no more. */
static int pages(struct __test_metadata *_metadata, const struct flavour *fl)
{
	const char *name = domain_of(fl) == AF_INET ? "SCTP " : "SCTPv6 ";
	FILE *f = fopen("/proc/net/protocols", "r");
	char line[256];
	int pages = -1;

	ASSERT_NE(NULL, f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			ASSERT_EQ(1, sscanf(line, "%*s %*d %*d %d", &pages));
	fclose(f);
	return pages;
}

/* Each processor keeps so many of them for itself, or has given as many too few. */
#define RESERVE	(2 * (1 << 20) / getpagesize())

TEST_F(memory, account)
{
	int before = pages(_metadata, &variant->fl);
	static char buf[50000];
	int i, count = 100;

	set_int(_metadata, self->p.listener, SOL_SOCKET, SO_RCVBUFFORCE, 10000000);
	set_int(_metadata, self->p.client.fd, SOL_SOCKET, SO_SNDBUFFORCE, 10000000);
	pair_join(_metadata, &variant->fl, &self->p);
	for (i = 0; i < count; i++)
		ASSERT_EQ(sizeof(buf), send_end(&self->p.client, buf, sizeof(buf), 0, 0));
	EXPECT_LT(before + RESERVE, pages(_metadata, &variant->fl));
	close(self->p.client.fd);
	if (self->p.server.fd != self->p.listener)
		close(self->p.server.fd);
	close(self->p.listener);
	wait_until(pages(_metadata, &variant->fl) <= before + RESERVE);
}

TEST_HARNESS_MAIN
