// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_echo_server: one socket for all clients. Every message goes back to the
 * association and on the stream that it came from.
 *
 * It is a one-to-many socket (SOCK_SEQPACKET, RFC 6458 section 3): no accept(),
 * no descriptor for each client. sctp_recvv() tells with each message whose it is
 * (SCTP_RCVINFO, section 5.3.5), sctp_sendv() says where to (SCTP_SNDINFO,
 * section 5.3.4), and what becomes of the associations comes as notifications
 * among the messages (section 6.1).
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
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void usage(void)
{
	fputs("usage: sctp_echo_server [-4|-6] [-a ADDRESS] [-p PORT] [-c COUNT]\n"
	      "  -4, -6      address family (-6: IPv4 clients too)\n"
	      "  -a ADDRESS  where to listen (everywhere)\n"
	      "  -p PORT     (7)\n"
	      "  -c COUNT    exit after so many associations (never)\n", stderr);
	exit(2);
}

static int listen_on(int family, const char *address, const char *port)
{
	/* getaddrinfo() knows no SOCK_SEQPACKET, the addresses are the same. */
	struct addrinfo hints = {
		.ai_family = family,
		.ai_flags = AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct sctp_event_subscribe events = {
		.sctp_association_event = 1,
		.sctp_shutdown_event = 1,
	};
	/*
	 * As many streams back as the client has there: the number that counts
	 * is the lesser of this and what the client takes.
	 */
	struct sctp_initmsg init = { .sinit_num_ostreams = 65535 };
	struct addrinfo *ai;
	int fd, err, on = 1;

	err = getaddrinfo(address, port, &hints, &ai);
	if (err) {
		fprintf(stderr, "%s: %s\n", address ? address : port,
			gai_strerror(err));
		exit(1);
	}
	fd = socket(ai->ai_family, SOCK_SEQPACKET, IPPROTO_SCTP);
	if (fd < 0)
		die("socket");
	if (setsockopt(fd, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof(init)))
		die("SCTP_INITMSG");
	if (setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, &events, sizeof(events)))
		die("SCTP_EVENTS");
	if (setsockopt(fd, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof(on)))
		die("SCTP_RECVRCVINFO");
	if (bind(fd, ai->ai_addr, ai->ai_addrlen))
		die("bind");
	/* From here on associations are accepted without further ado. */
	if (listen(fd, 10))
		die("listen");
	freeaddrinfo(ai);
	return fd;
}

static const char *name_of(const struct sockaddr *addr, socklen_t len)
{
	static char text[NI_MAXHOST + NI_MAXSERV + 8];
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getnameinfo(addr, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		return "?";
	snprintf(text, sizeof(text), "%s port %s", host, port);
	return text;
}

/* True if it says that an association is over. */
static bool notified(const union sctp_notification *sn, const char *peer)
{
	const struct sctp_assoc_change *change = &sn->sn_assoc_change;

	switch (sn->sn_header.sn_type) {
	case SCTP_ASSOC_CHANGE:
		switch (change->sac_state) {
		case SCTP_COMM_UP:
			printf("association %d with %s: %u streams in, %u out\n",
			       change->sac_assoc_id, peer,
			       change->sac_inbound_streams,
			       change->sac_outbound_streams);
			return false;
		case SCTP_SHUTDOWN_COMP:
			printf("association %d: closed\n", change->sac_assoc_id);
			return true;
		case SCTP_COMM_LOST:
			printf("association %d: lost, error %u\n",
			       change->sac_assoc_id, ntohs(change->sac_error));
			return true;
		default:
			printf("association %d: state %u\n",
			       change->sac_assoc_id, change->sac_state);
			return false;
		}
	case SCTP_SHUTDOWN_EVENT:
		printf("association %d: the peer is done\n",
		       sn->sn_shutdown_event.sse_assoc_id);
		return false;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	const char *address = NULL, *port = "7";
	int family = AF_UNSPEC, fd, c;
	static char buf[1 << 18];
	long left = -1;

	while ((c = getopt(argc, argv, "46a:p:c:")) != -1) {
		switch (c) {
		case '4':
			family = AF_INET;
			break;
		case '6':
			family = AF_INET6;
			break;
		case 'a':
			address = optarg;
			break;
		case 'p':
			port = optarg;
			break;
		case 'c':
			left = atol(optarg);
			break;
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = listen_on(family, address, port);
	printf("sctp_echo_server: listening on port %s\n", port);

	while (left) {
		struct iovec iov = { buf, sizeof(buf) };
		struct sockaddr_storage from;
		socklen_t from_len = sizeof(from);
		struct sctp_rcvinfo in = { 0 };
		socklen_t in_len = sizeof(in);
		struct sctp_sndinfo out = { 0 };
		unsigned int info_type = 0;
		int flags = 0;
		ssize_t n;

		n = sctp_recvv(fd, &iov, 1, (struct sockaddr *)&from, &from_len,
			       &in, &in_len, &info_type, &flags);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			die("sctp_recvv");
		}
		if (flags & MSG_NOTIFICATION) {
			if (notified((union sctp_notification *)buf,
				     name_of((struct sockaddr *)&from,
					     from_len)) && left > 0)
				left--;
			continue;
		}
		if (info_type != SCTP_RECVV_RCVINFO)
			continue;
		/*
		 * Without MSG_EOR it was a part of a message that is longer than
		 * the buffer: the parts go back as messages of their own.
		 */
		out.snd_sid = in.rcv_sid;
		out.snd_flags = in.rcv_flags & SCTP_UNORDERED;
		out.snd_ppid = in.rcv_ppid;
		out.snd_assoc_id = in.rcv_assoc_id;
		iov.iov_len = n;
		/* A client may be gone before its answer: no reason to end. */
		if (sctp_sendv(fd, &iov, 1, NULL, 0, &out, sizeof(out),
			       SCTP_SENDV_SNDINFO, MSG_NOSIGNAL) < 0)
			fprintf(stderr, "association %d: %s\n", in.rcv_assoc_id,
				strerror(errno));
	}
	close(fd);
	return 0;
}
