// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_crowd: a one-to-many socket with many associations, whose peers say
 * something in turn, two messages of 64 bytes each time: what one of them takes of
 * the kernel's memory (kB) after the first time and a minute later, and how many
 * thousand messages a second one processor sends and receives (k/s). usage:
 *
 *	sctp_crowd SECONDS ASSOCIATIONS
 */
#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>
#include "sctp_bench.h"

#define AT_ONCE		2
#define BYTES		64
/* With less, what is measured is the size of pages. */
#define ENOUGH		100
/* Two heartbeats, seconds. */
#define REST		70

static int server, count, *clients;

/* kB that the kernel has in objects. */
static long memory(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	long sum = 0, kb;
	char name[32];

	if (!f)
		fail("/proc/meminfo");
	while (fscanf(f, "%31s %ld%*[^\n]", name, &kb) == 2)
		if (!strcmp(name, "Slab:") || !strcmp(name, "Percpu:") ||
		    !strcmp(name, "VmallocUsed:"))
			sum += kb;
	fclose(f);
	return sum;
}

static void turn(int client)
{
	static char buf[BYTES];
	int i;

	for (i = 0; i < AT_ONCE; i++)
		if (send(client, buf, sizeof(buf), 0) < 0)
			fail("send");
	for (i = 0; i < AT_ONCE; i++)
		if (recv(server, buf, sizeof(buf), 0) != sizeof(buf))
			fail("recv");
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr, any;
	struct rlimit limit;
	unsigned long turns = 0;
	double start, seconds;
	long before;
	int i;

	if (argc == 3)
		count = atoi(argv[2]);
	if (count < 1) {
		fputs("usage: sctp_crowd SECONDS ASSOCIATIONS\n", stderr);
		return 2;
	}
	seconds = atof(argv[1]);
	limit.rlim_cur = limit.rlim_max = count + 100;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		fail("setrlimit");
	clients = calloc(count, sizeof(*clients));
	if (!clients)
		fail("calloc");
	server = new_sctp_socket(SOCK_SEQPACKET);
	bind_loopback(server, &addr);
	if (listen(server, 1))
		fail("listen");
	for (i = 0; i < count; i++) {
		clients[i] = new_sctp_socket(SOCK_STREAM);
		bind_loopback(clients[i], &any);
	}

	before = memory();
	for (i = 0; i < count; i++) {
		if (connect(clients[i], (void *)&addr, sizeof(addr)))
			fail("connect");
		turn(clients[i]);
	}
	if (count >= ENOUGH) {
		/* Until everything is acknowledged, and what was freed is free. */
		sleep(1);
		printf("%.2f kB memory\n", (memory() - before) / 2.0 / count);
		sleep(REST);
		printf("%.2f kB idle\n", (memory() - before) / 2.0 / count);
	}

	start = start_clock();
	while (now() < start + seconds)
		turn(clients[turns++ % count]);
	seconds = stop_clock(start);
	printf("%.3f k/s\n", turns * AT_ONCE / seconds / 1000);
	/* They end as quickly as they may. */
	for (i = 0; i < count; i++) {
		struct linger abort = { 1, 0 };

		setsockopt(clients[i], SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
	}
	return 0;
}
