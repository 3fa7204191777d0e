// SPDX-License-Identifier: GPL-2.0
/*
 * Many threads and processes at one socket: nothing lost, nothing twice, and
 * nobody left waiting when the association ends under them. RFC 6458 says
 * nothing about it; programs do it all the same.
 */
#include <pthread.h>
#include "sctp_util.h"

#define THREADS		4
#define MESSAGES	500

FIXTURE(threads) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(threads);
SCTP_VARIANTS(threads);

FIXTURE_SETUP(threads)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(threads)
{
}

struct job {
	pthread_t thread;
	struct end end;
	int stream;
	int count;
	int err;	/* the errno that ended it, 0 if it did all */
	int *taken;	/* readers: how often each message was seen */
};

/* One packet each, so that no message is delivered in parts. */
static size_t msg_len(int n)
{
	return 4 + n % 3 * 600;
}

/* Message @n of a stream carries its number in front. */
static void *writer(void *arg)
{
	unsigned char buf[4000];
	struct job *job = arg;
	int i;

	for (i = 0; i < job->count; i++) {
		fill(buf, sizeof(buf), i);
		memcpy(buf, &i, sizeof(i));
		if (send_end(&job->end, buf, msg_len(i), job->stream, 0) < 0) {
			job->err = errno;
			return NULL;
		}
	}
	return NULL;
}

static void start_jobs(struct __test_metadata *_metadata, struct job *jobs,
		       int n, void *(*fn)(void *))
{
	int i;

	for (i = 0; i < n; i++)
		ASSERT_EQ(0, pthread_create(&jobs[i].thread, NULL, fn,
					    &jobs[i]));
}

/* Joins them, within the time that the harness gives the test. */
static void end_jobs(struct job *jobs, int n)
{
	int i;

	for (i = 0; i < n; i++)
		pthread_join(jobs[i].thread, NULL);
}

/* Several write to one socket, each on its stream. */
TEST_F(threads, writers)
{
	struct job jobs[THREADS] = { 0 };
	int next[THREADS] = { 0 };
	unsigned char buf[4000];
	struct rx rx;
	int i, n, sid;

	set_int(_metadata, self->p.server.fd, SOL_SCTP, SCTP_RECVRCVINFO, 1);
	for (i = 0; i < THREADS; i++) {
		jobs[i].end = self->p.client;
		jobs[i].stream = i;
		jobs[i].count = MESSAGES;
	}
	start_jobs(_metadata, jobs, THREADS, writer);
	for (i = 0; i < THREADS * MESSAGES; i++) {
		ASSERT_LT(0, recv_wait(_metadata, self->p.server.fd, buf,
				       sizeof(buf), &rx));
		ASSERT_EQ(MSG_EOR, rx.flags);
		sid = rx.rcvinfo.rcv_sid;
		ASSERT_GT(THREADS, sid);
		memcpy(&n, buf, sizeof(n));
		ASSERT_EQ(next[sid], n);
		ASSERT_EQ(msg_len(n), rx.len);
		ASSERT_TRUE(intact(buf + 4, 4, rx.len - 4, n));
		next[sid]++;
	}
	end_jobs(jobs, THREADS);
	for (i = 0; i < THREADS; i++)
		EXPECT_EQ(0, jobs[i].err);
	expect_nothing(_metadata, self->p.server.fd);
}

static void *reader(void *arg)
{
	unsigned char buf[4000];
	struct job *job = arg;
	struct rx rx;
	int n;

	for (;;) {
		if (recv_rx(job->end.fd, buf, sizeof(buf), 0, &rx) < 4) {
			job->err = rx.len < 0 ? errno : 255;
			return NULL;
		}
		memcpy(&n, buf, sizeof(n));
		/* The last ones, a reader each, say that it is over. */
		if (n < 0)
			return NULL;
		if (n >= MESSAGES || rx.flags != MSG_EOR ||
		    !intact(buf + 4, 4, rx.len - 4, n)) {
			job->err = 254;
			return NULL;
		}
		__atomic_add_fetch(&job->taken[n], 1, __ATOMIC_RELAXED);
	}
}

/* Several read from one socket: each message goes to one of them. */
TEST_F(threads, readers)
{
	struct job jobs[THREADS] = { 0 };
	int taken[MESSAGES] = { 0 };
	struct job w = { .end = self->p.client, .count = MESSAGES };
	int i, stop = -1;

	for (i = 0; i < THREADS; i++) {
		jobs[i].end = self->p.server;
		jobs[i].taken = taken;
	}
	start_jobs(_metadata, jobs, THREADS, reader);
	writer(&w);
	EXPECT_EQ(0, w.err);
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(4, send_end(&self->p.client, &stop, 4, 0, 0));
	end_jobs(jobs, THREADS);
	for (i = 0; i < THREADS; i++)
		EXPECT_EQ(0, jobs[i].err);
	for (i = 0; i < MESSAGES; i++)
		EXPECT_EQ(1, taken[i]);
}

/* Both ends write and read at the same time. */
TEST_F(threads, both_ways)
{
	struct job w[2] = { 0 }, r[2] = { 0 };
	int taken[2][MESSAGES] = { 0 };
	int i, j, stop = -1;

	w[0].end = self->p.client;
	r[1].end = self->p.client;
	w[1].end = self->p.server;
	r[0].end = self->p.server;
	for (i = 0; i < 2; i++) {
		w[i].count = MESSAGES;
		r[i].taken = taken[i];
	}
	start_jobs(_metadata, r, 2, reader);
	start_jobs(_metadata, w, 2, writer);
	end_jobs(w, 2);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, w[i].err);
		ASSERT_EQ(4, send_end(&w[i].end, &stop, 4, 0, 0));
	}
	end_jobs(r, 2);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, r[i].err);
		for (j = 0; j < MESSAGES; j++)
			EXPECT_EQ(1, taken[i][j]);
	}
}

/*
 * The peer aborts while several wait for room: each of them learns of it. The
 * C implementation wakes only one, the others sleep until a signal comes.
 */
TEST_F(threads, abort_under_writers)
{
	struct job jobs[THREADS] = { 0 };
	int i, round;

	if (is_c_module())
		SKIP(return, "hangs in the C implementation");
	for (round = 0; round < 5; round++) {
		for (i = 0; i < THREADS; i++) {
			jobs[i] = (struct job){ .end = self->p.client };
			jobs[i].count = 1000000;
		}
		start_jobs(_metadata, jobs, THREADS, writer);
		/* Until the way is full, or soon is. */
		wait_for(_metadata, self->p.server.fd, POLLIN);
		wait_until(get_status(_metadata, &self->p.client).sstat_rwnd <
			   4000);
		set_linger(_metadata, self->p.server.fd, 1, 0);
		close(self->p.server.fd);
		end_jobs(jobs, THREADS);
		for (i = 0; i < THREADS; i++)
			EXPECT_NE(0, jobs[i].err);

		close(self->p.client.fd);
		if (one_to_one(&variant->fl))
			close(self->p.listener);
		pair_open(_metadata, &variant->fl, &self->p);
	}
}

static int come_and_go(const struct flavour *fl, const union test_addr *addr,
		       int count)
{
	struct linger linger = { 1, 0 };
	unsigned char buf[100];
	int fd, i;

	for (i = 0; i < count; i++) {
		fd = socket(domain_of(fl), fl->type, IPPROTO_SCTP);
		if (fd < 0)
			return errno;
		fill(buf, sizeof(buf), i);
		if (connect(fd, &addr->sa, addr_len(addr)))
			return errno;
		/* An accepted one-to-one socket may be closed again already. */
		if (sendto(fd, buf, sizeof(buf), MSG_NOSIGNAL, &addr->sa,
			   addr_len(addr)) < 0 && fl->type == SOCK_SEQPACKET)
			return errno;
		if (i % 2)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger,
				   sizeof(linger));
		close(fd);
	}
	return 0;
}

/* Processes that connect, send, close or abort, all at once. */
TEST_F(threads, coming_and_going)
{
	int i, left = THREADS, status, got = 0;
	unsigned char buf[200];
	pid_t pids[THREADS];
	struct rx rx;

	ASSERT_EQ(0, listen(self->p.listener, 128));
	for (i = 0; i < THREADS; i++)
		pids[i] = start_child(come_and_go(&variant->fl, &self->p.addr,
						  30));
	set_nonblock(_metadata, self->p.listener, true);
	while (left) {
		if (one_to_one(&variant->fl)) {
			int fd = accept(self->p.listener, NULL, NULL);

			if (fd >= 0)
				close(fd);
		} else if (recv_rx(self->p.server.fd, buf, sizeof(buf),
				   MSG_DONTWAIT, &rx) > 0) {
			EXPECT_EQ(100, rx.len);
			got++;
		}
		for (i = 0; i < THREADS; i++) {
			if (!pids[i] || waitpid(pids[i], &status, WNOHANG) <= 0)
				continue;
			EXPECT_EQ(0, status);
			pids[i] = 0;
			left--;
		}
		poll_fd(self->p.listener, POLLIN, 10);
	}
	if (!one_to_one(&variant->fl)) {
		while (recv_rx(self->p.server.fd, buf, sizeof(buf),
			       MSG_DONTWAIT, &rx) > 0)
			got++;
		/* Those that were not aborted are delivered for certain. */
		EXPECT_LE(THREADS * 15, got);
	}
	set_nonblock(_metadata, self->p.listener, false);
	/* Who was there before is there still. */
	send_pattern(_metadata, &self->p.client, 1000, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 1000, 1, NULL);
}

TEST_HARNESS_MAIN
