// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_echo_stream: an echo server and its client as one would write them for
 * TCP, with IPPROTO_SCTP in place of 0 and nothing else (one-to-one socket,
 * RFC 6458 section 4). What one gets without any change: messages keep their
 * boundaries.
 *
 *	sctp_echo_stream -l [PORT]		serves, one client after the other
 *	sctp_echo_stream HOST [PORT]		sends its input, line by line
 */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT "7"

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct addrinfo *resolve(const char *host, const char *port)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = host ? 0 : AI_PASSIVE,
	};
	struct addrinfo *ai;
	int err = getaddrinfo(host, port, &hints, &ai);

	if (err) {
		fprintf(stderr, "%s: %s\n", host ? host : port,
			gai_strerror(err));
		exit(1);
	}
	return ai;
}

static int new_socket(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_STREAM, IPPROTO_SCTP);

	if (fd < 0)
		die("socket");
	return fd;
}

static void serve(const char *port)
{
	struct addrinfo *ai = resolve(NULL, port);
	int listener = new_socket(ai), fd;
	static char buf[65536];
	ssize_t n;

	if (bind(listener, ai->ai_addr, ai->ai_addrlen))
		die("bind");
	if (listen(listener, 10))
		die("listen");
	printf("sctp_echo_stream: listening on port %s\n", port);
	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			die("accept");
		/* One read() is one message, if the buffer is large enough. */
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			if (send(fd, buf, n, MSG_NOSIGNAL) < 0)
				break;
		if (n < 0)
			perror("read");
		close(fd);
	}
}

static int talk(const char *host, const char *port)
{
	struct addrinfo *ai = resolve(host, port);
	char line[4096], back[4096];
	int fd = new_socket(ai);
	ssize_t len, n;

	if (connect(fd, ai->ai_addr, ai->ai_addrlen))
		die("connect");
	while (fgets(line, sizeof(line), stdin)) {
		len = strlen(line);
		if (write(fd, line, len) != len)
			die("write");
		n = read(fd, back, sizeof(back));
		if (n < 0)
			die("read");
		if (n != len || memcmp(line, back, len)) {
			fputs("something else came back\n", stderr);
			return 1;
		}
		fwrite(back, 1, n, stdout);
	}
	close(fd);
	freeaddrinfo(ai);
	return 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2 || argc > 3) {
		fputs("usage: sctp_echo_stream -l [PORT]\n"
		      "       sctp_echo_stream HOST [PORT]\n", stderr);
		return 2;
	}
	if (!strcmp(argv[1], "-l"))
		serve(argc > 2 ? argv[2] : PORT);
	return talk(argv[1], argc > 2 ? argv[2] : PORT);
}
