// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_pair: a one-to-many socket whose associations are driven by a process each,
 * on a processor each, next to who receives it: how many thousand messages of 1452
 * bytes a second arrive in all. Threads of one process would not do: in User Mode
 * Linux only one of them runs at a time. usage:
 *
 *	sctp_pair SECONDS ASSOCIATIONS
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#include "sctp_bench.h"

#define BYTES	1452
#define MAX	16

/* Each receiver counts in a cache line of its own. */
struct counter {
	volatile unsigned long received;
	char rest[64 - sizeof(unsigned long)];
};

static struct counter *counters;
static struct sockaddr_in addrs[MAX];

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % sysconf(_SC_NPROCESSORS_ONLN), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity");
}

static void receive(int listener, int i)
{
	static char buf[BYTES];
	int conn;

	pin(i);
	conn = accept(listener, NULL, NULL);
	if (conn < 0)
		fail("accept");
	while (recv(conn, buf, sizeof(buf), 0) > 0)
		counters[i].received++;
	exit(0);
}

static void drive(int fd, int i)
{
	static const char buf[BYTES];

	pin(i);
	for (;;)
		if (sendto(fd, buf, sizeof(buf), 0, (void *)&addrs[i],
			   sizeof(addrs[i])) < 0)
			fail("sendto");
}

static unsigned long received(int count)
{
	unsigned long sum = 0;

	while (count--)
		sum += counters[count].received;
	return sum;
}

int main(int argc, char **argv)
{
	pid_t receivers[MAX], drivers[MAX];
	unsigned long before;
	double start, seconds;
	int count = 0, fd, i;

	if (argc == 3)
		count = atoi(argv[2]);
	if (count < 1 || count > MAX) {
		fputs("usage: sctp_pair SECONDS ASSOCIATIONS\n", stderr);
		return 2;
	}
	seconds = atof(argv[1]);
	counters = mmap(NULL, sizeof(*counters) * MAX, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counters == MAP_FAILED)
		fail("mmap");
	for (i = 0; i < count; i++) {
		int listener = new_sctp_socket(SOCK_STREAM);

		bind_loopback(listener, &addrs[i]);
		if (listen(listener, 1))
			fail("listen");
		receivers[i] = new_child();
		if (!receivers[i])
			receive(listener, i);
		close(listener);
	}
	fd = new_sctp_socket(SOCK_SEQPACKET);
	for (i = 0; i < count; i++) {
		if (connect(fd, (void *)&addrs[i], sizeof(addrs[i])))
			fail("connect");
		drivers[i] = new_child();
		if (!drivers[i])
			drive(fd, i);
	}
	/* Until the windows are open. */
	usleep(200000);
	before = received(count);
	start = start_clock();
	usleep(seconds * 1e6);
	seconds = stop_clock(start);
	printf("%.3f k/s\n", (received(count) - before) / seconds / 1000);
	/* Before drivers find that nobody is there any more. */
	for (i = 0; i < count; i++)
		kill(drivers[i], SIGKILL);
	for (i = 0; i < count; i++)
		kill(receivers[i], SIGKILL);
	return 0;
}
