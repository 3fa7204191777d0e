// SPDX-License-Identifier: GPL-2.0
/*
 * What sockets hold is charged to the memory cgroup of who made them, and a group
 * that is at its limit harms nobody else. The tests make their sockets from inside
 * of a group and then leave it, so that it has nothing but these.
 */
#include "sctp_util.h"
#include <sys/mount.h>
#include <sys/stat.h>

#define ROOT "/sys/fs/cgroup"

FIXTURE(memcg) {
	struct pair p;
	char group[64];
};

SCTP_FIXTURE_VARIANT(memcg);
SCTP_VARIANTS(memcg);

static void write_group(struct __test_metadata *_metadata, const char *group,
			const char *file, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", group, file);
	write_sysctl(_metadata, path, value);
}

/* Everything made from now on is this group's. */
static void join(struct __test_metadata *_metadata, const char *group)
{
	write_group(_metadata, group, "cgroup.procs", "0");
}

static void leave(struct __test_metadata *_metadata)
{
	join(_metadata, ROOT);
}

static bool has_memory_controller(void)
{
	char line[256] = "";
	FILE *f = fopen(ROOT "/cgroup.controllers", "r");

	if (!f)
		return false;
	fgets(line, sizeof(line), f);
	fclose(f);
	return strstr(line, "memory");
}

FIXTURE_SETUP(memcg)
{
	enter_netns(_metadata);
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	if (access(ROOT "/cgroup.controllers", F_OK))
		mount("none", ROOT, "cgroup2", 0, NULL);
	if (!has_memory_controller())
		SKIP(return, "no memory controller");
	write_group(_metadata, ROOT, "cgroup.subtree_control", "+memory");
	snprintf(self->group, sizeof(self->group), ROOT "/sctp-%d", getpid());
	ASSERT_EQ(0, mkdir(self->group, 0755));
}

FIXTURE_TEARDOWN(memcg)
{
	leave(_metadata);
	rmdir(self->group);
}

/* The memory of sockets that the group is charged for, as of a moment ago. */
static long charged(struct __test_metadata *_metadata, const char *group)
{
	char path[128], line[128];
	long bytes = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/memory.stat", group);
	f = fopen(path, "r");
	ASSERT_NE(NULL, f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "sock %ld", &bytes) == 1)
			break;
	fclose(f);
	ASSERT_LE(0, bytes);
	return bytes;
}

#define SIZE	10000
#define COUNT	200

/* What is held of @bytes of user data: at least that, and not many times as much. */
#define expect_charged(group, bytes) do {				\
	wait_until(charged(_metadata, group) >= (bytes));		\
	EXPECT_GE(4 * (bytes), charged(_metadata, group));		\
} while (0)

static void open_listener(struct __test_metadata *_metadata,
			  const struct flavour *fl, struct pair *p)
{
	p->listener = listening_socket(_metadata, fl, &p->addr);
	set_int(_metadata, p->listener, SOL_SOCKET, SO_RCVBUFFORCE, 8 * SIZE * COUNT);
}

static void open_client(struct __test_metadata *_metadata,
			const struct flavour *fl, struct pair *p)
{
	p->client.fd = open_socket(_metadata, fl);
	set_int(_metadata, p->client.fd, SOL_SOCKET, SO_SNDBUFFORCE, 8 * SIZE * COUNT);
}

static void send_all(struct __test_metadata *_metadata, const struct pair *p)
{
	int i;

	for (i = 0; i < COUNT; i++)
		send_pattern(_metadata, &p->client, SIZE, 0, i);
}

static void recv_all(struct __test_metadata *_metadata, const struct pair *p)
{
	int i;

	for (i = 0; i < COUNT; i++)
		recv_parts(_metadata, p->server.fd, 0, SIZE, i, SIZE);
}

static void close_all(const struct pair *p)
{
	close(p->client.fd);
	if (p->server.fd != p->listener)
		close(p->server.fd);
	close(p->listener);
}

/* What is there is read and sent once more, and goes with the sockets. */
static void read_send_close(struct __test_metadata *_metadata,
			    const struct pair *p, const char *group)
{
	recv_all(_metadata, p);
	wait_until(charged(_metadata, group) < SIZE * COUNT / 2);
	send_all(_metadata, p);
	expect_charged(group, SIZE * COUNT);
	close_all(p);
	wait_until(!charged(_metadata, group));
}

/* What was not read, until it is. */
TEST_F(memcg, received)
{
	struct pair *p = &self->p;

	open_client(_metadata, &variant->fl, p);
	join(_metadata, self->group);
	open_listener(_metadata, &variant->fl, p);
	pair_join(_metadata, &variant->fl, p);
	leave(_metadata);
	send_all(_metadata, p);
	expect_charged(self->group, SIZE * COUNT);
	read_send_close(_metadata, p, self->group);
}

/* What was not acknowledged. */
TEST_F(memcg, sent)
{
	struct pair *p = &self->p;

	p->listener = listening_socket(_metadata, &variant->fl, &p->addr);
	set_int(_metadata, p->listener, SOL_SOCKET, SO_RCVBUF, SIZE * COUNT / 10);
	join(_metadata, self->group);
	open_client(_metadata, &variant->fl, p);
	leave(_metadata);
	pair_join(_metadata, &variant->fl, p);
	send_all(_metadata, p);
	expect_charged(self->group, SIZE * COUNT / 2);
	recv_all(_metadata, p);
	wait_until(charged(_metadata, self->group) < SIZE * COUNT / 4);
	close_all(p);
	wait_until(!charged(_metadata, self->group));
}

/* A socket is of who accepts it or peels it off, with what it has by then. */
TEST_F(memcg, new_socket_for_an_association)
{
	struct pair *p = &self->p;

	open_listener(_metadata, &variant->fl, p);
	open_client(_metadata, &variant->fl, p);
	if (one_to_one(&variant->fl)) {
		ASSERT_EQ(0, connect(p->client.fd, &p->addr.sa, addr_len(&p->addr)));
		send_all(_metadata, p);
		wait_for(_metadata, p->listener, POLLIN);
		join(_metadata, self->group);
		p->server.fd = accept(p->listener, NULL, NULL);
	} else {
		pair_join(_metadata, &variant->fl, p);
		send_all(_metadata, p);
		join(_metadata, self->group);
		p->server.fd = peel_off(_metadata, &p->server);
	}
	ASSERT_LE(0, p->server.fd);
	leave(_metadata);
	/* With the C module it is the old socket's, as long as it is held. */
	if (!is_c_module())
		expect_charged(self->group, SIZE * COUNT);
	read_send_close(_metadata, p, self->group);
}

/* Sends until it is refused, and says how much was taken. */
static long send_until_refused(struct __test_metadata *_metadata,
			       const struct pair *p, long most)
{
	static unsigned char buf[SIZE];
	long sent = 0;

	while (sent < most && send_end(&p->client, buf, SIZE, 0, MSG_DONTWAIT) > 0)
		sent += SIZE;
	return sent;
}

#define LIMIT (2 << 20)

/*
 * At its limit a group can send no more until something of it was acknowledged,
 * while others can.
 */
TEST_F(memcg, limit)
{
	struct pair *p = &self->p, other;
	static unsigned char buf[SIZE];
	char value[32];
	struct rx rx;
	long sent;

	if (is_c_module())
		SKIP(return, "it has the OOM killer look for somebody");
	pair_open(_metadata, &variant->fl, &other);
	p->listener = listening_socket(_metadata, &variant->fl, &p->addr);
	set_int(_metadata, p->listener, SOL_SOCKET, SO_RCVBUF, SIZE);
	join(_metadata, self->group);
	p->client.fd = open_socket(_metadata, &variant->fl);
	leave(_metadata);
	pair_join(_metadata, &variant->fl, p);
	set_int(_metadata, p->client.fd, SOL_SOCKET, SO_SNDBUFFORCE, 8 * LIMIT);
	snprintf(value, sizeof(value), "%d", LIMIT);
	write_group(_metadata, self->group, "memory.max", value);

	sent = send_until_refused(_metadata, p, 4 * LIMIT);
	EXPECT_TRUE(errno == ENOBUFS || errno == EAGAIN);
	EXPECT_LE(LIMIT / 4, sent);
	EXPECT_GT(2 * LIMIT, sent);

	send_pattern(_metadata, &other.client, SIZE, 0, 1);
	recv_pattern(_metadata, other.server.fd, SIZE, 1, NULL);

	for (; sent; sent -= rx.len)
		ASSERT_LT(0, recv_wait(_metadata, p->server.fd, buf, SIZE, &rx));
	wait_until(send_until_refused(_metadata, p, SIZE) == SIZE);
	close_all(&other);
	close_all(p);
	wait_until(!charged(_metadata, self->group));
}

/* Who cannot take more has its peer wait, and goes on when it has read. */
TEST_F(memcg, limit_of_the_receiver)
{
	struct pair *p = &self->p;
	static unsigned char buf[SIZE];
	char value[32];
	long sent, rest;
	struct rx rx;

	open_client(_metadata, &variant->fl, p);
	join(_metadata, self->group);
	open_listener(_metadata, &variant->fl, p);
	pair_join(_metadata, &variant->fl, p);
	leave(_metadata);
	snprintf(value, sizeof(value), "%d", LIMIT / 2);
	write_group(_metadata, self->group, "memory.max", value);
	sent = send_until_refused(_metadata, p, SIZE * COUNT);
	ASSERT_EQ(SIZE * COUNT, sent);
	wait_until(charged(_metadata, self->group) >= LIMIT / 4);
	for (rest = sent; rest; rest -= rx.len) {
		ASSERT_LT(0, recv_wait(_metadata, p->server.fd, buf, SIZE, &rx));
		/* The C module takes all that the socket has room for. */
		if (!is_c_module())
			ASSERT_GT(LIMIT, charged(_metadata, self->group));
	}
	close_all(p);
	wait_until(!charged(_metadata, self->group));
}

TEST_HARNESS_MAIN
