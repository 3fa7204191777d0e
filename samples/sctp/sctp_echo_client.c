// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_echo_client: sends numbered messages to an echo server, on all streams in
 * turn, and checks that each comes back on its stream, in its order.
 *
 * The first message sets up the association (one-to-many socket, RFC 6458
 * section 3.2), SCTP_INITMSG asks for the streams (section 8.1.3), SCTP_EOF ends
 * the association in good order (section 5.3.4). The exit code tells whether all
 * went well.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/sctp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* Messages that are on their way at a time. */
#define WINDOW 64

static int streams = 4;
static int messages = 12;
static bool quiet;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void usage(void)
{
	fputs("usage: sctp_echo_client [-4|-6] [-p PORT] [-s STREAMS] [-n MESSAGES] [-q] HOST\n"
	      "  -4, -6       address family\n"
	      "  -p PORT      of the server (7)\n"
	      "  -s STREAMS   to use (4)\n"
	      "  -n MESSAGES  to send (12)\n"
	      "  -q           do not show them\n", stderr);
	exit(2);
}

/* Message @n: the same text for who sends and who checks. */
static int text_of(int n, char *buf, size_t size)
{
	return snprintf(buf, size, "message %d on stream %d", n / streams + 1,
			n % streams);
}

static void send_message(int fd, const struct addrinfo *to, int n)
{
	struct sctp_sndinfo info = { .snd_sid = n % streams };
	char buf[64];
	struct iovec iov = { buf, text_of(n, buf, sizeof(buf)) };

	/* The address finds the association, or starts it. */
	if (sctp_sendv(fd, &iov, 1, to->ai_addr, 1, &info, sizeof(info),
		       SCTP_SENDV_SNDINFO, 0) < 0)
		die("sctp_sendv");
	if (!quiet)
		printf("-> stream %d: %s\n", n % streams, buf);
}

/*
 * Waits for an echo, which must be the next of its stream, or for the end.
 * Returns false at the end.
 */
static bool receive(int fd, int *next, sctp_assoc_t *id)
{
	union {
		union sctp_notification sn;
		char text[2048];
	} buf;
	struct iovec iov = { &buf, sizeof(buf) };
	struct sctp_rcvinfo info = { 0 };
	socklen_t info_len = sizeof(info);
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	unsigned int info_type = 0;
	char want[64];
	int flags = 0;
	ssize_t n;
	int len;

	n = sctp_recvv(fd, &iov, 1, (struct sockaddr *)&from, &from_len, &info,
		       &info_len, &info_type, &flags);
	if (n < 0)
		die(errno == EAGAIN ? "no answer" : "sctp_recvv");
	if (flags & MSG_NOTIFICATION) {
		const struct sctp_assoc_change *change = &buf.sn.sn_assoc_change;

		if (buf.sn.sn_header.sn_type != SCTP_ASSOC_CHANGE)
			return true;
		if (change->sac_state == SCTP_SHUTDOWN_COMP)
			return false;
		if (change->sac_state != SCTP_COMM_UP) {
			fputs("the association could not be set up, or was lost\n",
			      stderr);
			exit(1);
		}
		*id = change->sac_assoc_id;
		if (change->sac_outbound_streams < streams) {
			fprintf(stderr, "the server takes %u streams only\n",
				change->sac_outbound_streams);
			exit(1);
		}
		if (!quiet)
			printf("association %d, %u streams out, %u in\n", *id,
			       change->sac_outbound_streams,
			       change->sac_inbound_streams);
		return true;
	}
	if (info_type != SCTP_RECVV_RCVINFO || info.rcv_sid >= streams) {
		fputs("a message of no stream of ours\n", stderr);
		exit(1);
	}
	len = text_of(next[info.rcv_sid], want, sizeof(want));
	if (n != len || memcmp(buf.text, want, len) || !(flags & MSG_EOR)) {
		fprintf(stderr, "stream %u: \"%.*s\" came back, not \"%s\"\n",
			info.rcv_sid, (int)n, buf.text, want);
		exit(1);
	}
	next[info.rcv_sid] += streams;
	if (!quiet)
		printf("<- stream %u: %s\n", info.rcv_sid, want);
	return true;
}

int main(int argc, char **argv)
{
	struct sctp_event_subscribe events = { .sctp_association_event = 1 };
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *ai;
	struct sctp_sndinfo eof = { .snd_flags = SCTP_EOF };
	struct timeval limit = { .tv_sec = 30 };
	int fd, c, i, err, sent = 0, back, *next, on = 1;
	struct sctp_initmsg init = { 0 };
	const char *port = "7";
	sctp_assoc_t id = 0;

	while ((c = getopt(argc, argv, "46p:s:n:q")) != -1) {
		switch (c) {
		case '4':
			hints.ai_family = AF_INET;
			break;
		case '6':
			hints.ai_family = AF_INET6;
			break;
		case 'p':
			port = optarg;
			break;
		case 's':
			streams = atoi(optarg);
			break;
		case 'n':
			messages = atoi(optarg);
			break;
		case 'q':
			quiet = true;
			break;
		default:
			usage();
		}
	}
	if (optind != argc - 1 || streams < 1 || streams > 65535 || messages < 1)
		usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	err = getaddrinfo(argv[optind], port, &hints, &ai);
	if (err) {
		fprintf(stderr, "%s: %s\n", argv[optind], gai_strerror(err));
		return 1;
	}
	fd = socket(ai->ai_family, SOCK_SEQPACKET, IPPROTO_SCTP);
	if (fd < 0)
		die("socket");
	init.sinit_num_ostreams = streams;
	init.sinit_max_instreams = streams;
	if (setsockopt(fd, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof(init)))
		die("SCTP_INITMSG");
	if (setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, &events, sizeof(events)))
		die("SCTP_EVENTS");
	if (setsockopt(fd, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof(on)))
		die("SCTP_RECVRCVINFO");
	/* Small messages at once, each in its packet if need be. */
	if (setsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof(on)))
		die("SCTP_NODELAY");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		die("SO_RCVTIMEO");

	next = calloc(streams, sizeof(*next));
	if (!next)
		die("calloc");
	for (i = 0; i < streams; i++)
		next[i] = i;
	for (;;) {
		for (back = 0, i = 0; i < streams; i++)
			back += (next[i] - i) / streams;
		if (back == messages)
			break;
		if (sent < messages && sent - back < WINDOW)
			send_message(fd, ai, sent++);
		else if (!receive(fd, next, &id))
			break;
	}
	if (back < messages) {
		fprintf(stderr, "the server ended after %d messages\n", back);
		return 1;
	}
	/* All that was sent has arrived: RFC 9260 calls this SHUTDOWN. */
	eof.snd_assoc_id = id;
	if (sctp_sendv(fd, NULL, 0, NULL, 0, &eof, sizeof(eof),
		       SCTP_SENDV_SNDINFO, 0) < 0)
		die("SCTP_EOF");
	while (receive(fd, next, &id))
		;
	printf("%d messages on %d streams came back, association %d closed\n",
	       back, streams, id);
	free(next);
	freeaddrinfo(ai);
	close(fd);
	return 0;
}
