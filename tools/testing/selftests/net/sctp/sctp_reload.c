// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_reload FILE NAME SECONDS: loads a module and removes it as soon as it can be
 * removed, over and over, as fast as the system calls go. Says how often it was
 * removed, and how often that was refused. On a busy machine it goes on until both have
 * happened, for PATIENCE seconds at most.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE	60

int main(int argc, char **argv)
{
	unsigned long removed = 0, refused = 0;
	time_t end;
	int fd;

	if (argc != 4) {
		fputs("usage: sctp_reload FILE NAME SECONDS\n", stderr);
		return 2;
	}
	fd = open(argv[1], O_RDONLY);
	if (fd < 0) {
		perror(argv[1]);
		return 2;
	}
	end = time(NULL) + atoi(argv[3]);
	while (time(NULL) < end ||
	       (!(removed && refused) && time(NULL) < end + PATIENCE)) {
		if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST) {
			perror("finit_module");
			return 1;
		}
		if (!syscall(SYS_delete_module, argv[2], O_NONBLOCK)) {
			removed++;
		} else if (errno == EWOULDBLOCK || errno == EBUSY) {
			refused++;
			usleep(100);
		} else {
			perror("delete_module");
			return 1;
		}
	}
	printf("removed %lu times, refused %lu times\n", removed, refused);
	return !(removed && refused);
}
