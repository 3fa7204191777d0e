/* SPDX-License-Identifier: GPL-2.0 */
/* What programs that measure for "make bench" share. They are no tests. */
#ifndef SCTP_BENCH_H
#define SCTP_BENCH_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <linux/sctp.h>

__attribute__((noreturn))
static inline void fail(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
		strerror(errno));
	exit(1);
}

static inline double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/*
 * Does nothing, but tools/sctp/bench/profile.c knows this instruction: its
 * displacement reads "SCTP".
 */
static inline void mark_profile(void)
{
#ifdef __x86_64__
	asm volatile("nopl 0x50544353(%rax)");
#endif
}

/* What is measured is between the two; a profile is told where it is. */
static inline double start_clock(void)
{
	puts("begin");
	fflush(stdout);
	mark_profile();
	return now();
}

static inline double stop_clock(double start)
{
	double seconds = now() - start;

	mark_profile();
	puts("end");
	fflush(stdout);
	return seconds;
}

/* A child that does not outlive its parent; 0 in the child. */
static inline pid_t new_child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Any port of loopback, which is in @addr then. */
static inline void bind_loopback(int fd, struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);

	*addr = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (bind(fd, (void *)addr, len) || getsockname(fd, (void *)addr, &len))
		fail("bind");
}

/* Of SCTP; messages leave at once. */
static inline int new_sctp_socket(int type)
{
	int fd = socket(AF_INET, type, IPPROTO_SCTP), on = 1;

	if (fd < 0 ||
	    setsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof(on)))
		fail("socket");
	return fd;
}

#endif /* SCTP_BENCH_H */
