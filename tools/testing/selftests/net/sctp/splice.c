// SPDX-License-Identifier: GPL-2.0
/*
 * sendfile() and splice() to a socket: where messages end, what is in them, and
 * what becomes of the pages meanwhile. The C module copies them.
 */
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <linux/rust_sctp.h>
#include "sctp_util.h"

FIXTURE(splice) {
	struct pair p;
	struct end out;		/* a one-to-one socket, or one that was peeled off */
	long page;
	long most;		/* the longest message that the kernel makes of pages */
};

SCTP_FIXTURE_VARIANT(splice);
SCTP_VARIANTS(splice);

/* A network, and an association in it. An MTU of 0 is that of loopback. */
#define begin(mtu) do {							\
	enter_netns_mtu(_metadata, mtu);				\
	pair_open(_metadata, &variant->fl, &self->p);			\
	self->out = self->p.client;					\
	if (!one_to_one(&variant->fl))					\
		self->out.fd = peel_off(_metadata, &self->p.client);	\
} while (0)

FIXTURE_SETUP(splice)
{
	self->page = sysconf(_SC_PAGESIZE);
	self->most = 16 * self->page;
	signal(SIGPIPE, SIG_IGN);
}

FIXTURE_TEARDOWN(splice)
{
}

/* A file of @len bytes of the pattern of @seed. */
static int make_file(struct __test_metadata *_metadata, size_t len, int seed)
{
	int file = memfd_create("message", 0);
	unsigned char *buf = malloc(len);

	ASSERT_LE(0, file);
	ASSERT_NE(NULL, buf);
	fill(buf, len, seed);
	ASSERT_EQ((ssize_t)len, write(file, buf, len));
	free(buf);
	return file;
}

/* A message of @len bytes of the pattern of @seed, from byte @from on. */
static void recv_part(struct __test_metadata *_metadata, int fd, size_t from,
		      size_t len, int seed)
{
	unsigned char *buf = malloc(len);
	size_t got = 0;
	struct rx rx;

	ASSERT_NE(NULL, buf);
	do {
		ASSERT_LT(0, recv_wait(_metadata, fd, buf, len, &rx));
		ASSERT_GE(len, got + rx.len);
		ASSERT_TRUE(intact(buf, from + got, rx.len, seed))
			TH_LOG("after %zu bytes, and %zu of the message", from, got);
		got += rx.len;
	} while (!(rx.flags & MSG_EOR));
	ASSERT_EQ(len, got);
	free(buf);
}

/* All messages of the bytes of a file from @from to @to. */
static void recv_file(struct __test_metadata *_metadata, int fd, size_t from,
		      size_t to, long page, int seed)
{
	size_t len;

	for (; from < to; from += len) {
		/* Pages, and the first one has what is left of it. */
		len = 16 * page - from % page;
		if (len > to - from)
			len = to - from;
		recv_part(_metadata, fd, from, len, seed);
	}
	expect_nothing(_metadata, fd);
}

/*
 * Small packets are made of copies of the pages, large ones of the pages. With large
 * ones the C module waits for its delayed SACKs all the time.
 */
static const int mtus[] = { 1500, 9000, 0 };

#define for_each_mtu(i) for (i = 0; i < (is_c_module() ? 1 : 3); i++)

TEST_F(splice, sendfile)
{
	/* Whole pages, parts of pages at either end, and less than a page. */
	size_t from[] = { 0, 100, self->page - 1, 5, self->page };
	size_t to[] = { 2 * self->most, self->most + 1000, 3 * self->page + 1, 1600,
			self->page + 1 };
	size_t i, j;

	for_each_mtu(i) {
		begin(mtus[i]);
		for (j = 0; j < 5; j++) {
			int file = make_file(_metadata, to[j], j);
			off_t at = from[j];

			ASSERT_EQ(to[j] - from[j],
				  sendfile(self->out.fd, file, &at, to[j] - from[j]));
			ASSERT_EQ(to[j], at);
			close(file);
			recv_file(_metadata, self->p.server.fd, from[j], to[j],
				  self->page, j);
		}
		wait_paid_back(_metadata, self->out.fd);
	}
}

/* What is in a pipe becomes one message. */
TEST_F(splice, pipe)
{
	static unsigned char buf[5000];
	int pipes[2], i;

	for_each_mtu(i) {
		begin(mtus[i]);
		ASSERT_EQ(0, pipe(pipes));
		fill(buf, sizeof(buf), i);
		ASSERT_EQ(1000, write(pipes[1], buf, 1000));
		ASSERT_EQ(4000, write(pipes[1], buf + 1000, 4000));
		ASSERT_EQ(5000, splice(pipes[0], NULL, self->out.fd, NULL, 1 << 20, 0));
		recv_pattern(_metadata, self->p.server.fd, 5000, i, NULL);
		/* As much as it is told to take. */
		ASSERT_EQ(5000, write(pipes[1], buf, 5000));
		ASSERT_EQ(4500, splice(pipes[0], NULL, self->out.fd, NULL, 4500, 0));
		recv_part(_metadata, self->p.server.fd, 0, 4500, i);
		ASSERT_EQ(500, splice(pipes[0], NULL, self->out.fd, NULL, 4500, 0));
		recv_part(_metadata, self->p.server.fd, 4500, 500, i);
		expect_nothing(_metadata, self->p.server.fd);
		wait_paid_back(_metadata, self->out.fd);
	}
}

/* Many pieces, in which the ends of packets are where they like. */
static void send_pieces(struct __test_metadata *_metadata, int out, int in,
			  size_t size, int count)
{
	unsigned char *buf = mmap(NULL, size * count, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct iovec iov;
	int pipes[2], i;

	ASSERT_NE(MAP_FAILED, buf);
	ASSERT_EQ(0, pipe(pipes));
	fill(buf, size * count, size);
	for (i = 0; i < count; i++) {
		iov = (struct iovec){ buf + i * size, size };
		ASSERT_EQ(size, vmsplice(pipes[1], &iov, 1, 0));
	}
	ASSERT_EQ(size * count, splice(pipes[0], NULL, out, NULL, size * count, 0));
	recv_part(_metadata, in, 0, size * count, size);
	expect_nothing(_metadata, in);
	munmap(buf, size * count);
	close(pipes[0]);
	close(pipes[1]);
}

TEST_F(splice, pieces)
{
	static const size_t sizes[] = { 1, 100, 128, 511, 512, 600, 1501, 2000 };
	size_t i, j;

	for_each_mtu(i) {
		begin(mtus[i]);
		for (j = 0; j < 8; j++) {
			send_pieces(_metadata, self->out.fd, self->p.server.fd,
				    sizes[j], 7);
		}
		wait_paid_back(_metadata, self->out.fd);
	}
}

/* As many bytes as the reader makes room for, while nothing else is sent. */
TEST_F(splice, larger_than_the_send_buffer)
{
	size_t len = 1 << 20;
	int i, file = make_file(_metadata, len, 1);
	pid_t child;

	for_each_mtu(i) {
		begin(mtus[i]);
		child = start_child(sendfile(self->out.fd, file, &(off_t){ 0 }, len) == len
				    ? 0 : 1);
		recv_file(_metadata, self->p.server.fd, 0, len, self->page, 1);
		EXPECT_EQ(0, end_child(_metadata, child));
		wait_paid_back(_metadata, self->out.fd);
	}
}

TEST_F(splice, nonblocking)
{
	size_t len = 4 << 20;
	int i, file = make_file(_metadata, len, 1);
	ssize_t sent, more;

	for_each_mtu(i) {
		off_t at = 0;

		begin(mtus[i]);
		set_nonblock(_metadata, self->out.fd, true);
		sent = sendfile(self->out.fd, file, &at, len);
		ASSERT_LT(0, sent);
		ASSERT_GT(len, sent);
		ASSERT_EQ(sent, at);
		EXPECT_EQ(0, sent % self->most);
		/* There may be room again soon, but not for ever. */
		while ((more = sendfile(self->out.fd, file, &at, len - at)) > 0)
			sent += more;
		EXPECT_EQ(EAGAIN, errno);
		EXPECT_EQ(sent, at);
		recv_file(_metadata, self->p.server.fd, 0, sent, self->page, 1);
		wait_paid_back(_metadata, self->out.fd);
		set_nonblock(_metadata, self->out.fd, false);
	}
}

/* What is spliced is charged, as if it had been copied. */
TEST_F(splice, charged)
{
	int i, file = make_file(_metadata, self->most, 1);

	for_each_mtu(i) {
		begin(mtus[i]);
		set_int(_metadata, self->p.server.fd, SOL_SOCKET, SO_RCVBUF, 4096);
		set_nonblock(_metadata, self->out.fd, true);
		while (sendfile(self->out.fd, file, &(off_t){ 0 }, self->most) > 0)
			;
		EXPECT_EQ(EAGAIN, errno);
		EXPECT_LE(get_int(_metadata, self->out.fd, SOL_SOCKET, SO_SNDBUF),
			  meminfo(_metadata, self->out.fd, SK_MEMINFO_WMEM_ALLOC));
		EXPECT_LE(self->most,
			  meminfo(_metadata, self->out.fd, SK_MEMINFO_WMEM_QUEUED));
	}
}

/* Nor is there a way around the limit of a message. */
TEST_F(splice, too_long)
{
	int file, len;

	begin(1500);
	set_int(_metadata, self->out.fd, SOL_SOCKET, SO_SNDBUF, 4000);
	len = get_int(_metadata, self->out.fd, SOL_SOCKET, SO_SNDBUF);
	file = make_file(_metadata, len + 1, 1);
	EXPECT_EQ(-1, sendfile(self->out.fd, file, &(off_t){ 0 }, len + 1));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(len, sendfile(self->out.fd, file, &(off_t){ 0 }, len));
	recv_part(_metadata, self->p.server.fd, 0, len, 1);
	expect_nothing(_metadata, self->p.server.fd);
}

/* The file may be gone before it has arrived. */
TEST_F(splice, file_that_ends)
{
	int i, file;

	for_each_mtu(i) {
		begin(mtus[i]);
		file = make_file(_metadata, self->most, 1);
		ASSERT_EQ(self->most, sendfile(self->out.fd, file, &(off_t){ 0 },
					       self->most));
		ASSERT_EQ(0, ftruncate(file, 0));
		close(file);
		recv_file(_metadata, self->p.server.fd, 0, self->most, self->page, 1);
	}
}

/*
 * What is written to the file meanwhile is sent if it has not left yet, and may be read
 * if it has. Each byte is one or the other, none is lost, and the association does not
 * mind. Without a copy there is no way for the last one not to be new.
 */
TEST_F(splice, file_that_changes)
{
	unsigned char *map, *buf = malloc(self->most);
	int i, file = memfd_create("message", 0);
	ssize_t at, n, end;
	struct rx rx;

	ASSERT_EQ(0, ftruncate(file, self->most));
	map = mmap(NULL, self->most, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_NE(MAP_FAILED, map);
	for_each_mtu(i) {
		begin(mtus[i]);
		memset(map, 'a', self->most);
		/* There is no window for the end. */
		set_int(_metadata, self->p.server.fd, SOL_SOCKET, SO_RCVBUF, 4096);
		ASSERT_EQ(self->most, sendfile(self->out.fd, file, &(off_t){ 0 },
					       self->most));
		memset(map, 'b', self->most);
		for (at = 0; at < self->most; at += n) {
			n = recv_wait(_metadata, self->p.server.fd, buf, self->most, &rx);
			ASSERT_LT(0, n);
			for (end = 0; end < n; end++)
				ASSERT_TRUE(buf[end] == 'a' || buf[end] == 'b');
		}
		EXPECT_EQ(MSG_EOR, rx.flags);
		EXPECT_EQ(is_c_module() ? 'a' : 'b', buf[n - 1]);
		send_pattern(_metadata, &self->p.server, 100, 0, 1);
		recv_pattern(_metadata, self->out.fd, 100, 1, NULL);
		wait_paid_back(_metadata, self->out.fd);
	}
}

/*
 * Until the end of what it is to send, sendfile() says that there is more; at the
 * end of the file it is wrong about that. The C module waits for the rest.
 */
TEST_F(splice, end_of_file)
{
	int file = make_file(_metadata, 700, 1);

	if (is_c_module())
		SKIP(return, "waits for more");
	begin(1500);
	ASSERT_EQ(700, sendfile(self->out.fd, file, &(off_t){ 0 }, 10000));
	recv_pattern(_metadata, self->p.server.fd, 700, 1, NULL);
}

/* Where messages do not end by themselves, neither does one of a file. */
TEST_F(splice, parts)
{
	size_t len = self->most + 1000;
	int i, file = make_file(_metadata, len, 1);
	unsigned char *buf = malloc(len + 100);

	if (is_c_module())
		SKIP(return, "has no SCTP_EXPLICIT_EOR");
	fill(buf, len + 100, 1);
	for_each_mtu(i) {
		begin(mtus[i]);
		set_int(_metadata, self->out.fd, SOL_SCTP, SCTP_EXPLICIT_EOR, 1);
		/* In parts that are less than a page. */
		set_int(_metadata, self->out.fd, SOL_SOCKET, SO_SNDBUF, len / 2);
		ASSERT_EQ(len, sendfile(self->out.fd, file, &(off_t){ 0 }, len));
		ASSERT_EQ(100, send_end(&self->out, buf + len, 100, 0, MSG_EOR));
		recv_part(_metadata, self->p.server.fd, 0, len + 100, 1);
		expect_nothing(_metadata, self->p.server.fd);
		wait_paid_back(_metadata, self->out.fd);
	}
}

/* An association that ends takes nothing any more, and gives everything back. */
TEST_F(splice, after_the_end)
{
	int i, file = make_file(_metadata, self->most, 1);

	for_each_mtu(i) {
		begin(mtus[i]);
		ASSERT_EQ(self->most, sendfile(self->out.fd, file, &(off_t){ 0 },
					       self->most));
		set_linger(_metadata, self->p.server.fd, 1, 0);
		close(self->p.server.fd);
		if (self->p.server.fd != self->p.listener)
			close(self->p.listener);
		wait_for(_metadata, self->out.fd, POLLHUP | POLLERR | POLLRDHUP);
		while (sendfile(self->out.fd, file, &(off_t){ 0 }, self->most) > 0)
			;
		EXPECT_TRUE(errno == EPIPE || errno == ECONNRESET);
		wait_paid_back(_metadata, self->out.fd);
	}
}

/* There is no way to say for which association it is. */
TEST_F(splice, one_to_many)
{
	int file = make_file(_metadata, 5000, 1);

	if (one_to_one(&variant->fl))
		return;
	begin(1500);
	EXPECT_EQ(-1, sendfile(self->p.server.fd, file, &(off_t){ 0 }, 5000));
	EXPECT_EQ(EPIPE, errno);
	expect_nothing(_metadata, self->out.fd);
}

TEST_F(splice, unconnected)
{
	int file = make_file(_metadata, 5000, 1), fd;

	enter_netns(_metadata);
	fd = open_socket(_metadata, &variant->fl);
	EXPECT_EQ(-1, sendfile(fd, file, &(off_t){ 0 }, 5000));
	EXPECT_EQ(EPIPE, errno);
}

TEST_HARNESS_MAIN
