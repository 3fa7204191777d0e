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

/*
 * What threads do to the same sockets all at once. Any of it may fail: what
 * counts is that all of them come to their end, and the kernel with them.
 */
#define STORM_THREADS	6
#define STORM_SOCKETS	5

struct storm {
	const struct flavour *fl;
	union test_addr addr;		/* of the socket that always listens */
	union test_addr more;		/* another address of this host */
	int fds[STORM_SOCKETS];		/* the first is that socket */
	long long end;
	unsigned long done;
};

struct stormer {
	pthread_t thread;
	struct storm *storm;
	unsigned int seed;
};

/* Puts a socket in a place: whoever was there is closed under its users. */
static void replace(struct storm *s, int slot, int fd, bool abort)
{
	struct linger linger = { 1, 0 };
	int old;

	if (fd < 0)
		return;
	old = __atomic_exchange_n(&s->fds[slot], fd, __ATOMIC_RELAXED);
	if (abort)
		setsockopt(old, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(old);
}

/*
 * Nobody waits for long: who waits last waits for somebody who is not there any
 * more. What is accepted and peeled off has this from where it comes from.
 */
static void hurry(int fd)
{
	struct timeval tv = { .tv_usec = 20000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

static int new_socket(const struct flavour *fl)
{
	int fd = socket(domain_of(fl), fl->type, IPPROTO_SCTP);

	hurry(fd);
	return fd;
}

/* An association of a one-to-many socket, or 0. */
static sctp_assoc_t any_assoc(int fd, unsigned int random)
{
	union {
		struct sctp_assoc_ids ids;
		char space[4096];
	} u;
	socklen_t len = sizeof(u);

	if (getsockopt(fd, SOL_SCTP, SCTP_GET_ASSOC_ID_LIST, &u, &len) ||
	    !u.ids.gaids_number_of_ids)
		return 0;
	return u.ids.gaids_assoc_id[random % u.ids.gaids_number_of_ids];
}

static void storm_send(const struct storm *s, int fd, unsigned int random)
{
	struct end end = { fd, any_assoc(fd, random) };
	const union test_addr *to = random % 8 ? NULL : &s->addr;
	struct sctp_sndinfo info = {
		.snd_sid = random % 10,
		.snd_assoc_id = end.id,
	};
	char buf[3000];

	fill(buf, sizeof(buf), random);
	if (random % 64 == 1)
		info.snd_flags = SCTP_ABORT;
	else if (random % 64 == 2)
		info.snd_flags = SCTP_ABORT | SCTP_SENDALL;
	send_sndinfo(fd, to, &info, buf, 1 + random % sizeof(buf),
		     random % 3 ? MSG_DONTWAIT : 0);
}

static void storm_peeloff(struct storm *s, int slot, int fd, unsigned int random)
{
	sctp_peeloff_arg_t arg = { .associd = any_assoc(fd, random) };
	socklen_t len = sizeof(arg);

	if (!getsockopt(fd, SOL_SCTP, SCTP_SOCKOPT_PEELOFF, &arg, &len))
		replace(s, slot, arg.sd, random % 2);
}

static void storm_step(struct storm *s, unsigned int *seed)
{
	int slot = rand_r(seed) % STORM_SOCKETS, other;
	unsigned int random = rand_r(seed);
	char buf[4000];
	int fd, on = 1;
	struct rx rx;

	fd = __atomic_load_n(&s->fds[slot], __ATOMIC_RELAXED);
	other = 1 + random % (STORM_SOCKETS - 1);
	switch (rand_r(seed) % 16) {
	case 0:
		replace(s, other, new_socket(s->fl), random % 2);
		break;
	case 1:
		setsockopt(fd, SOL_SCTP, SCTP_SOCKOPT_BINDX_ADD, &s->more,
			   addr_len(&s->more));
		break;
	case 2:
		setsockopt(fd, SOL_SCTP, SCTP_SOCKOPT_BINDX_REM, &s->more,
			   addr_len(&s->more));
		break;
	case 3:
		setsockopt(fd, SOL_SCTP, SCTP_NODELAY, &on, sizeof(on));
		listen(fd, random % 8);
		break;
	case 4:
	case 5:
		connect(fd, &s->addr.sa, addr_len(&s->addr));
		break;
	case 6:
	case 7:
		if (one_to_one(s->fl))
			replace(s, other, accept(s->fds[0], NULL, NULL),
				random % 2);
		else
			storm_peeloff(s, other, fd, random);
		break;
	case 8:
		if (slot)
			shutdown(fd, random % 3);
		break;
	case 9:
	case 10:
	case 11:
		recv_rx(fd, buf, sizeof(buf), random % 4 ? MSG_DONTWAIT : 0,
			&rx);
		break;
	default:
		storm_send(s, fd, random);
	}
}

static void *stormer(void *arg)
{
	struct stormer *me = arg;

	while (now_ms() < me->storm->end) {
		storm_step(me->storm, &me->seed);
		__atomic_add_fetch(&me->storm->done, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST_F_TIMEOUT(threads, against_each_other, 120)
{
	struct storm storm = { .fl = &variant->fl, .addr = self->p.addr };
	struct stormer stormers[STORM_THREADS];
	struct pair p;
	int i;

	if (variant->fl.family == TEST_IPV6)
		add_address(_metadata, "2001:db8::1");
	storm.more = make_addr(&variant->fl, "127.0.0.2", "2001:db8::1",
			       port_of(&self->p.addr));
	storm.fds[0] = self->p.listener;
	hurry(self->p.listener);
	for (i = 1; i < STORM_SOCKETS; i++)
		storm.fds[i] = new_socket(&variant->fl);
	storm.end = now_ms() + (getenv("FULL") ? 60000 : 1500);
	for (i = 0; i < STORM_THREADS; i++) {
		stormers[i].storm = &storm;
		stormers[i].seed = i + 1;
		ASSERT_EQ(0, pthread_create(&stormers[i].thread, NULL, stormer,
					    &stormers[i]));
	}
	for (i = 0; i < STORM_THREADS; i++)
		ASSERT_EQ(0, pthread_join(stormers[i].thread, NULL));
	TH_LOG("%lu calls", storm.done);
	EXPECT_LT(STORM_THREADS, storm.done);
	for (i = 0; i < STORM_SOCKETS; i++)
		close(storm.fds[i]);
	pair_open(_metadata, &variant->fl, &p);
	send_pattern(_metadata, &p.client, 1000, 0, 1);
	recv_pattern(_metadata, p.server.fd, 1000, 1, NULL);
}

TEST_HARNESS_MAIN
